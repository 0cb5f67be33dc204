/*
 * A service with two fake sources on a fake clock that keeps its past: shared
 * by the tests of what it remembers.
 */
#ifndef TESTS_UNIT_SERVICE_PAST_RIG_H
#define TESTS_UNIT_SERVICE_PAST_RIG_H

#include <check.h>
#include <stdbool.h>

#include "service/past.h"
#include "service/service_priv.h"
#include "support/fake_clock.h"
#include "support/fake_source.h"
#include "support/poll.h"

enum { PAST_DOCUMENTS = 64 };

extern struct past_rig {
	struct fake_clock hands;
	struct fake_world agents, queues;
	struct sst_service *service;
	struct sst_past *past;
	struct sst_error err;
	char dir[64];    /* for the history */
	const char *vfs; /* of SQLite */
	/* What each revision was when it was current. */
	char *documents[PAST_DOCUMENTS];
} rig;

void past_setup(void);
void past_teardown(void);

/* A service, not started, whose history is there; NULL: in memory only. */
void past_make(const char *in, size_t recent);
void past_add(
    const char *name, const struct sst_source_ops *ops, struct fake_world *w);
/* Its first snapshot must have that revision. */
void past_start(uint64_t first);
void past_stop(void);
void past_pass(int64_t ms);
/* Makes the agent say another number, as a revision of its own. */
void past_change(int number);

uint64_t past_revision(void);
bool past_settled(void);
bool past_all_stored(void);
bool past_history_is(const char *status);

struct sst_moment past_at(const char *text);
/* That the revision is had again as it was. */
void past_check_held(uint64_t number);
int past_code_of(const char *moment);
uint64_t past_revision_at(const char *moment);

#endif
