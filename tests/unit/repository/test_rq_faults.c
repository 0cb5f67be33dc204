/* RQ's Redis in trouble: rights, types, sizes and bytes that are not as they
 * should be. What they concern is unknown, and nothing else. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/suite.h"
#include "test_rq_support.h"

static struct rq_rig rig;

static void
setup(void)
{
	rq_rig_init(&rig);
}

static void
teardown(void)
{
	rq_rig_fini(&rig);
}

/* The form of a key is that of somebody else's. */
START_TEST(a_key_of_the_wrong_type)
{
	rq_rig_job(&rig, "good", "1");
	rq_rig_job(&rig, "bad", "2");
	rq_rig_do(&rig, "DEL rq:queue:bad");
	rq_rig_do(&rig, "SET rq:queue:bad x");
	rq_rig_do(&rig, "ZADD rq:failed:bad 1 3");
	rq_rig_do(&rig, "HSET rq:job:3 created_at 2026-01-01T00:00:00Z");
	rq_rig_open(&rig, NULL);
	rq_rig_collect(&rig);
	ck_assert_int_eq(rig.subject.harvest->flaw.code, SST_TYPE);
	ck_assert_ptr_nonnull(
	    strstr(rq_rig_flaw(&rig), "ready: rq:queue:bad: WRONGTYPE"));
	DEPTH("bad", "{\"ready\": null, \"failed\": 1, \"total\": null}");
	QUEUE("bad", "{\"tasks_total\": null, \"tasks_omitted\": null}");
	TASK("bad", "3", "{\"status\": \"dead\"}");
	TASK("good", "1", "{\"status\": \"queued\"}");
	DEPTH("good", "{\"ready\": 1, \"total\": 1}");
	rq_rig_expect(rq_rig_part(&rig, "ready"), "{\"state\": \"failing\"}");
	rq_rig_expect(rq_rig_part(&rig, "failed"), "{\"state\": \"ok\"}");
}
END_TEST

START_TEST(a_job_of_the_wrong_type)
{
	rq_rig_job(&rig, "q", "1");
	rq_rig_job(&rig, "q", "2");
	rq_rig_do(&rig, "DEL rq:job:1");
	rq_rig_do(&rig, "RPUSH rq:job:1 x");
	rq_rig_open(&rig, NULL);
	rq_rig_collect(&rig);
	ck_assert_ptr_nonnull(
	    strstr(rq_rig_flaw(&rig), "jobs: HMGET rq:job:1: WRONGTYPE"));
	TASK("q", "1", "{\"status\": \"queued\", \"submitted_at\": null}");
	TASK("q", "2",
	    "{\"status\": \"queued\", "
	    "\"submitted_at\": \"2026-01-01T00:00:00Z\"}");
	DEPTH("q", "{\"ready\": 2, \"total\": 2}");
}
END_TEST

/* Without one right after the other: what it gives alone is unknown. */
static const struct {
	const char *right, *part;
	const char *depth, *task;
	bool all; /* nothing can be told without */
} rights[] = {
    {"-llen", "ready", "{\"ready\": null, \"total\": null, \"failed\": 1}",
	"{\"status\": \"running\"}", false},
    {"-lrange", "ready", "{\"ready\": 1, \"total\": 3}",
	"{\"status\": \"running\"}", false},
    {"-zcard", "started", "{\"running\": null, \"total\": null, \"ready\": 1}",
	"{\"status\": \"running\"}", false},
    {"-hmget", "jobs", "{\"running\": 1, \"total\": 3}",
	"{\"status\": \"running\", \"submitted_at\": null}", false},
    {"-xrevrange", "errors", "{\"running\": 1, \"total\": 3}",
	"{\"status\": \"running\"}", false},
    {"-scan", "discovery", "{\"running\": 1, \"total\": 3}",
	"{\"status\": \"running\"}", false},
    {"-multi", NULL, "{\"running\": 1, \"total\": 3}",
	"{\"status\": \"running\"}", false},
    {"-exec", NULL, "{\"running\": 1, \"total\": 3}",
	"{\"status\": \"running\"}", false},
    {"-info -time -client", NULL, "{\"running\": 1, \"total\": 3}",
	"{\"status\": \"running\"}", false},
    {"-smembers", NULL, NULL, NULL, true},
};

START_TEST(a_right_that_is_missing)
{
	char user[300];

	rq_rig_job(&rig, "q", "wait");
	rq_rig_job(&rig, "q", "run");
	rq_rig_do(&rig, "LREM rq:queue:q 0 run");
	rq_rig_do(&rig, "ZADD rq:wip:q 1 run");
	rq_rig_do(&rig, "ZADD rq:failed:q 1 bad");
	rq_rig_do(&rig, "HSET rq:job:bad created_at 2026-01-01T00:00:00Z");
	snprintf(user, sizeof(user),
	    "ACL SETUSER snap on >pw ~rq:* resetchannels +ping +info +time "
	    "+client|setname +multi +exec +smembers +scan +llen +lrange +zcard "
	    "+zrange +hmget +xrevrange %s",
	    rights[_i].right);
	rq_rig_do(&rig, user);
	rq_rig_open(&rig, "username: snap, password: pw");
	if (rights[_i].all) {
		ck_assert_int_eq(subject_collect(&rig.subject), SST_FORBIDDEN);
		ck_assert_ptr_nonnull(
		    strstr(rig.subject.err.text, "SMEMBERS rq:queues: NOPERM"));
		return;
	}
	rq_rig_collect(&rig);
	DEPTH("q", rights[_i].depth);
	TASK("q", "run", rights[_i].task);
	if (rights[_i].part == NULL) {
		ck_assert_str_eq(rq_rig_flaw(&rig), "");
		return;
	}
	ck_assert_int_eq(rig.subject.harvest->flaw.code, SST_FORBIDDEN);
	ck_assert_ptr_nonnull(strstr(rq_rig_flaw(&rig), "NOPERM"));
	rq_rig_expect(
	    rq_rig_part(&rig, rights[_i].part), "{\"state\": \"forbidden\"}");
}
END_TEST

START_TEST(without_the_keys_of_workers)
{
	rq_rig_job(&rig, "q", "1");
	rq_rig_do(&rig,
	    "ACL SETUSER snap on >pw ~rq:queue* ~rq:job:* ~rq:wip:* "
	    "~rq:scheduled:* ~rq:deferred:* ~rq:failed:* +@all");
	rq_rig_open(&rig, "username: snap, password: pw");
	rq_rig_collect(&rig);
	QUEUE("q", "{\"consumers\": null}");
	TASK("q", "1", "{\"status\": \"queued\"}");
	rq_rig_expect(
	    rq_rig_part(&rig, "workers"), "{\"state\": \"forbidden\"}");
}
END_TEST

START_TEST(a_wrong_password)
{
	rq_rig_do(&rig, "ACL SETUSER snap on >pw ~* +@all");
	rq_rig_open(&rig, "username: snap, password: wrong");
	ck_assert_int_eq(subject_collect(&rig.subject), SST_UNAUTHORIZED);
	ck_assert_ptr_nonnull(strstr(rig.subject.err.text, "WRONGPASS"));
}
END_TEST

/* A description holds the arguments, of whatever size. */
START_TEST(a_gigantic_job)
{
	rq_rig_job(&rig, "q", "1");
	rq_rig_job(&rig, "q", "big");
	rq_rig_job(&rig, "q", "3");
	rq_rig_do(&rig, "HSET rq:job:big data x");
	rq_rig_do(&rig, "SETRANGE filler 100000000 x");
	rq_rig_do(&rig, "EVAL %s 0",
	    "redis.call('HSET', 'rq:job:big', 'description', "
	    "redis.call('GET', 'filler'))");
	rq_rig_open(&rig, NULL);
	rq_rig_collect(&rig);
	ck_assert_int_eq(rig.subject.harvest->flaw.code, SST_TOO_LARGE);
	TASK("q", "1", "{\"type\": \"jobs.1\"}");
	TASK("q", "big",
	    "{\"status\": \"queued\", \"type\": null, "
	    "\"submitted_at\": \"2026-01-01T00:00:00Z\"}");
	TASK("q", "3", "{\"type\": \"jobs.3\"}");
	DEPTH("q", "{\"ready\": 3, \"total\": 3}");
	/* not asked for again each time */
	rq_rig_collect(&rig);
	ck_assert_str_eq(rq_rig_flaw(&rig), "");
	TASK("q", "big", "{\"type\": null}");
}
END_TEST

START_TEST(a_gigantic_id)
{
	rq_rig_job(&rig, "good", "1");
	rq_rig_job(&rig, "q", "2");
	rq_rig_do(&rig, "SETRANGE filler 100000000 x");
	rq_rig_do(&rig, "EVAL %s 0",
	    "redis.call('RPUSH', 'rq:queue:q', redis.call('GET', 'filler'))");
	rq_rig_open(&rig, NULL);
	rq_rig_collect(&rig);
	ck_assert_int_eq(rig.subject.harvest->flaw.code, SST_TOO_LARGE);
	QUEUE("q", "{\"tasks_detail\": \"unavailable\", \"tasks_total\": 2}");
	TASK("good", "1", "{\"status\": \"queued\"}");
	rq_rig_do(&rig, "RPOP rq:queue:q");
	fake_clock_advance(&rig.subject.hands, 1000);
}
END_TEST

START_TEST(binary_names)
{
	static const char id[] = "a\xff\x01\x00"
				 "b";
	char long_id[2000];

	memset(long_id, 'x', sizeof(long_id));
	rq_rig_do(&rig, "SADD rq:queues %b", "rq:queue:q\xff\n", (size_t)12);
	rq_rig_do(&rig, "RPUSH %b %b", "rq:queue:q\xff\n", (size_t)12, id,
	    sizeof(id) - 1);
	rq_rig_do(&rig, "RPUSH %b %b", "rq:queue:q\xff\n", (size_t)12, long_id,
	    sizeof(long_id));
	rq_rig_do(&rig, "HSET %b created_at 2026-01-01T00:00:00Z",
	    "rq:job:a\xff\x01\x00"
	    "b",
	    (size_t)12);
	rq_rig_do(&rig, "SADD rq:queues odd");
	rq_rig_open(&rig, NULL);
	rq_rig_collect(&rig);
	ck_assert_uint_eq(json_array_size(rig.tree), 1);
	ck_assert_uint_eq(rig.subject.harvest->rejected, 2);
	rq_rig_collect(&rig);
	ck_assert_uint_eq(json_array_size(rig.tree), 1);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_test(tc, a_key_of_the_wrong_type);
	tcase_add_test(tc, a_job_of_the_wrong_type);
	tcase_add_loop_test(tc, a_right_that_is_missing, 0,
	    (int)(sizeof(rights) / sizeof(rights[0])));
	tcase_add_test(tc, without_the_keys_of_workers);
	tcase_add_test(tc, a_wrong_password);
	tcase_add_test(tc, a_gigantic_job);
	tcase_add_test(tc, a_gigantic_id);
	tcase_add_test(tc, binary_names);
}

int
main(void)
{
	const struct suite_plan plan = {.name = "rq_faults",
	    .add = add,
	    .setup = setup,
	    .teardown = teardown,
	    .timeout_seconds = 60};

	return redis_rig_has("redis-server") ? suite_run(&plan) : EXIT_SUCCESS;
}
