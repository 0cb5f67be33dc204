/*
 * A source whose answers the test sets: counts calls, fails with a chosen code,
 * stands still at a barrier.
 */
#ifndef TESTS_SUPPORT_FAKE_SOURCE_H
#define TESTS_SUPPORT_FAKE_SOURCE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "repository/source.h"

/* Shared between the test and the source; the option of fake_source_ops is a
 * pointer to it (struct fake_options). */
struct fake_world {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	/* guarded by mutex */
	int fail;        /* code collect returns; SST_OK: succeed */
	int number;      /* shows in the entity's content */
	int upstream;    /* not 0: told as a version of the other side */
	bool bad_entity; /* adds one that does not conform */
	bool hold;       /* collect waits until it is false or interrupted */
	long next_in_ms; /* >= 0: given to sst_draft_next_in() */
	bool interrupted;
	int init_calls, start_calls, collect_calls, stop_calls, fini_calls;
	int collected; /* finished */
	int interrupts;
	const struct sst_source_env *env;
	struct sst_mono last_now;
};

struct fake_options {
	struct fake_world *world;
};

void fake_world_init(struct fake_world *world);
void fake_world_fini(struct fake_world *world);
/* Sets one field under the mutex and wakes a held collect. */
void fake_world_set(struct fake_world *world, int *field, int value);
void fake_world_release(struct fake_world *world);

/* An agents and a queues source over one world; kinds "fake". */
extern const struct sst_source_ops fake_agents_ops;
extern const struct sst_source_ops fake_queues_ops;

/* Heap copy for sst_instance_settings.options. */
void *fake_options_new(struct fake_world *world);

#endif
