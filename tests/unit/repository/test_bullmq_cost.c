/*
 * What a collection of 100 queues of 1,000 jobs costs: time and processor time
 * with nothing changed, and with every job another one. Prints figures; only
 * what was read is asserted.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "test_bullmq_support.h"

enum { QUEUES = 100, JOBS = 1000, ROUNDS = 5 };

static struct bull bull;

static double
seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void
drain(size_t count)
{
	void *reply;

	for (; count > 0; count--) {
		ck_assert_int_eq(
		    redisGetReply(bull.redis, &reply), REDIS_OK);
		freeReplyObject(reply);
	}
}

static size_t
job(int queue, int i, int round)
{
	redisAppendCommand(bull.redis,
	    "HSET bull:q%d:job-%d name work data %s opts "
	    "{\"attempts\":3,\"jobId\":\"job-%d\",\"backoff\":{\"delay\":1}} "
	    "timestamp %lld delay 0 priority 0 atm %d",
	    queue, i, "{\"payload\":\"................................\"}", i,
	    1795226728021LL + i, round);
	return 1;
}

/* Jobs wait; each round `jobs` of each queue become others but for their ids. */
static void
fill(int round, int jobs)
{
	size_t sent;
	int q, i;

	for (q = 0; q < QUEUES; q++) {
		sent = 2;
		for (i = 0; i < jobs; i++) {
			sent += job(q, i, round);
			if (round > 0)
				continue;
			redisAppendCommand(bull.redis,
			    "LPUSH bull:q%d:wait job-%d", q, i);
			sent++;
		}
		redisAppendCommand(bull.redis,
		    "HSET bull:q%d:meta version bullmq:6.7.0", q);
		redisAppendCommand(
		    bull.redis, "XADD bull:q%d:events * event waiting", q);
		drain(sent);
	}
}

static void
measure(const char *what)
{
	double wall, cpu;
	size_t i, tasks = 0;

	wall = seconds(CLOCK_MONOTONIC);
	cpu = seconds(CLOCK_THREAD_CPUTIME_ID);
	ck_assert_msg(bull_collect_bare(&bull) == SST_OK, "%s",
	    bull.subject.err.text);
	cpu = seconds(CLOCK_THREAD_CPUTIME_ID) - cpu;
	wall = seconds(CLOCK_MONOTONIC) - wall;
	for (i = 0; i < bull.last->count; i++)
		tasks += bull.last->entities[i]->child_count;
	ck_assert_uint_eq(bull.last->count, QUEUES);
	ck_assert_uint_eq(tasks, QUEUES * JOBS);
	printf("%-24s %6.0f ms, %6.0f ms of processor\n", what, wall * 1e3,
	    cpu * 1e3);
}

START_TEST(cost)
{
	int i;

	bull.subject.env.max_upstream_bytes = 64 * 1024 * 1024;
	fill(0, JOBS);
	bull_open(&bull, "");
	measure("first");
	for (i = 0; i < ROUNDS; i++)
		measure("nothing changed");
	for (i = 1; i <= ROUNDS; i++) {
		fill(i, 1);
		measure("one job of each changed");
	}
	for (i = 1; i <= ROUNDS; i++) {
		fill(ROUNDS + i, JOBS);
		measure("all jobs changed");
	}
}
END_TEST

static void
setup(void)
{
	bull_init(&bull, NULL);
}

static void
teardown(void)
{
	bull_fini(&bull);
}

int
main(void)
{
	Suite *s = suite_create("bullmq_cost");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	if (!bull_can())
		return EXIT_SUCCESS;
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, cost);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
