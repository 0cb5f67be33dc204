/*
 * A clock whose hands the test turns. Threads that wait on it wake when it is
 * advanced past their time or when their condition is signalled.
 */
#ifndef TESTS_SUPPORT_FAKE_CLOCK_H
#define TESTS_SUPPORT_FAKE_CLOCK_H

#include <pthread.h>

#include "base/clock.h"

enum { FAKE_CLOCK_WAITERS = 64 };

struct fake_waiter {
	struct sst_mono until;
	pthread_cond_t *cond;
	pthread_mutex_t *mutex;
};

struct fake_clock {
	struct sst_clock clock; /* give this one to the code under test */
	pthread_mutex_t mutex;
	int64_t ms; /* both hands; wall time starts at start_wall_ms */
	int64_t start_wall_ms;
	struct fake_waiter waiters[FAKE_CLOCK_WAITERS];
	size_t waiter_count;
};

/* 2026-01-01T00:00:00Z on the wall. */
void fake_clock_init(struct fake_clock *clock);
void fake_clock_fini(struct fake_clock *clock);
void fake_clock_advance(struct fake_clock *clock, int64_t ms);
/* How many threads wait for a time that has not come (one that was signalled
 * may still be counted for a moment). */
size_t fake_clock_waiting(struct fake_clock *clock);
/* From now to the earliest time that is waited for; INT64_MAX: none. */
int64_t fake_clock_next_ms(struct fake_clock *clock);

#endif
