/*
 * What a collection of 100 queues of 1,000 jobs costs: time and processor time
 * with nothing changed, and with every job another one. Prints figures; only
 * what was read is asserted.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "support/suite.h"
#include "test_rq_support.h"

enum { QUEUES = 100, JOBS = 1000, ROUNDS = 5 };

static struct rq_rig rig;
static redisContext *redis;

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
		ck_assert_int_eq(redisGetReply(redis, &reply), REDIS_OK);
		freeReplyObject(reply);
	}
}

/* Jobs of each queue, in the usual mix; each round they become others but for
 * their ids. */
static void
fill(int round, int jobs)
{
	int q, i, sent;

	for (q = 0; q < QUEUES; q++) {
		redisAppendCommand(redis, "SADD rq:queues rq:queue:q%d", q);
		for (i = 0, sent = 1; i < jobs; i++, sent++)
			redisAppendCommand(redis,
			    "HSET rq:job:q%d-7e156c68-%d created_at "
			    "2026-01-01T00:00:00.123456Z description "
			    "jobs.plan(%d) origin q%d data x status queued "
			    "started_at %s worker_name %s dependency_ids %s",
			    q, i, round, q, "", "",
			    i % 10 == 0 ? "[\"q0-7e156c68-1\"]" : "[]");
		for (i = 0; round == 0 && i < jobs; i++, sent++) {
			if (i % 10 == 0)
				redisAppendCommand(redis,
				    "ZADD rq:deferred:q%d 1 q%d-7e156c68-%d", q,
				    q, i);
			else
				redisAppendCommand(redis,
				    "RPUSH rq:queue:q%d q%d-7e156c68-%d", q, q,
				    i);
		}
		drain((size_t)sent);
	}
}

static void
measure(const char *what)
{
	double wall = seconds(CLOCK_MONOTONIC);
	double cpu = seconds(CLOCK_THREAD_CPUTIME_ID);
	const struct sst_harvest *harvest;
	size_t i, tasks = 0;

	ck_assert_msg(
	    rq_rig_try_bare(&rig) == SST_OK, "%s", rig.subject.err.text);
	cpu = seconds(CLOCK_THREAD_CPUTIME_ID) - cpu;
	wall = seconds(CLOCK_MONOTONIC) - wall;
	harvest = rig.subject.harvest;
	ck_assert_str_eq(harvest->flaw.text, "");
	ck_assert_uint_eq(harvest->count, QUEUES);
	for (i = 0; i < harvest->count; i++)
		tasks += harvest->entities[i]->child_count;
	ck_assert_uint_eq(tasks, QUEUES * JOBS);
	printf("%-24s %6.0f ms, %6.0f ms of processor\n", what, wall * 1e3,
	    cpu * 1e3);
}

START_TEST(cost)
{
	int i;

	rig.subject.env.max_upstream_bytes = 64 * 1024 * 1024;
	fill(0, JOBS);
	rq_rig_open(&rig, NULL);
	measure("first");
	for (i = 0; i < ROUNDS; i++)
		measure("nothing changed");
	for (i = 1; i <= ROUNDS; i++) {
		fill(i, 1);
		measure("one job of each changed");
	}
	fill(ROUNDS + 1, JOBS);
	measure("all jobs changed");
}
END_TEST

static void
setup(void)
{
	rq_rig_init(&rig);
	redis = redisConnect("127.0.0.1", rig.redis.server.port);
	ck_assert(redis != NULL && redis->err == 0);
}

static void
teardown(void)
{
	redisFree(redis);
	rq_rig_fini(&rig);
}

static void
add(TCase *tc)
{
	tcase_add_test(tc, cost);
}

int
main(void)
{
	const struct suite_plan plan = {.name = "rq_cost",
	    .add = add,
	    .setup = setup,
	    .teardown = teardown,
	    .timeout_seconds = 120};

	return redis_rig_has("redis-server") ? suite_run(&plan) : EXIT_SUCCESS;
}
