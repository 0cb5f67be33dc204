/* Polling with a deadline: tests never sleep for a guessed time. */
#ifndef TESTS_SUPPORT_POLL_H
#define TESTS_SUPPORT_POLL_H

#include <sched.h>
#include <stdbool.h>
#include <time.h>

static inline bool
poll_expired(time_t end)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec >= end;
}

static inline time_t
poll_end(int seconds)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + seconds;
}

/* True as soon as the expression is, false after 20 s. */
#define POLL_UNTIL(expression)                                                 \
	__extension__({                                                        \
		time_t poll_end_ = poll_end(20);                               \
		bool poll_met_;                                                \
		while (!(poll_met_ = (expression)) && !poll_expired(poll_end_)) \
			sched_yield();                                         \
		poll_met_;                                                     \
	})

#endif
