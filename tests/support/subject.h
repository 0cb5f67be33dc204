/*
 * One source instance under test, without the framework around it: settings
 * from YAML, a fake clock, a draft on the shipped schema for each collection.
 */
#ifndef TESTS_SUPPORT_SUBJECT_H
#define TESTS_SUPPORT_SUBJECT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "repository/contract.h"
#include "repository/harvest.h"
#include "repository/source.h"
#include "support/fake_clock.h"

enum { SUBJECT_MAX_BYTES = 1024 * 1024, SUBJECT_DEADLINE_MS = 5000 };

struct subject {
	const struct sst_source_ops *ops;
	struct fake_clock hands;
	struct sst_contract *contract;
	struct sst_source_env env;
	void *settings;
	void *state;
	atomic_uint notified;
	/* of the last collection */
	struct sst_harvest *harvest; /* NULL when it failed */
	struct sst_error err;
	long next_ms; /* what it asked for; -1 */
	/* of a collection in a thread */
	pthread_t thread;
	bool running;     /* begun and not joined */
	atomic_bool over; /* it has nothing to do any more */
	int code;
};

/* Ready to be opened: asserts (libcheck) that nothing fails. */
void subject_init(struct subject *s, const struct sst_source_ops *ops);
/* Closes when open; joins a collection that a failed test left behind: what
 * holds it has to be let go before. */
void subject_fini(struct subject *s);

/* Parses the options and calls init and start; their code. On failure fini was
 * called, as the framework does. */
int subject_open(struct subject *s, const char *yaml);
/* Stop and fini. */
void subject_close(struct subject *s);

/* One collection that may take SUBJECT_DEADLINE_MS of the fake clock. */
int subject_collect(struct subject *s);
/* The same in a thread; join returns its code. It has to come to an end by
 * itself: asserts that it did within 20 s. */
void subject_begin(struct subject *s);
int subject_join(struct subject *s);
/* Whether there is nothing to wait for. */
bool subject_over(struct subject *s);

/* The entities of the last collection as a JSON array; the caller's. */
char *subject_json(struct subject *s);
json_t *subject_tree(struct subject *s);

#endif
