/* RQ's queues in a real server: what is told of them, and what of faults. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/poll.h"
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

/* counts.txt of the recording, but for ids that are there twice: low-0 ...
 * twice in a list, boom-noretry both ready and failed. */
START_TEST(the_recorded_key_space)
{
	rq_rig_seed(&rig);
	rq_rig_open(&rig, NULL);
	rq_rig_collect(&rig);
	ck_assert_str_eq(rq_rig_flaw(&rig), "");
	ck_assert_uint_eq(json_array_size(rig.tree), 4);
	DEPTH("agent-default",
	    "{\"ready\": 9, \"running\": 1, \"delayed\": 0, \"blocked\": 2, "
	    "\"failed\": 0, \"total\": 12}");
	DEPTH("agent-low",
	    "{\"ready\": 3, \"running\": 0, \"delayed\": 1, \"total\": 4}");
	DEPTH("agent-orphan", "{\"ready\": 20, \"total\": 20}");
	QUEUE("agent-default",
	    "{\"system\": \"rq\", \"consumers\": 1, \"tasks_total\": 12, "
	    "\"tasks_omitted\": 0, \"tasks_detail\": \"full\", "
	    "\"oldest_submitted_at\": \"2026-11-21T02:49:45Z\"}");
	QUEUE("agent-low", "{\"consumers\": 0}");
	TASK("agent-default", "plan-0",
	    "{\"status\": \"running\", \"type\": \"plan goal 0\", "
	    "\"assigned_to\": \"rqworker-A\", "
	    "\"started_at\": \"2026-11-21T02:49:45Z\", \"attempts\": null, "
	    "\"orphaned\": null}");
	TASK("agent-default", "plan-1",
	    "{\"status\": \"queued\", \"submitted_at\": "
	    "\"2026-11-21T02:49:45Z\", \"priority\": {\"level\": \"low\", "
	    "\"raw\": 1, \"scheme\": \"place of the queue in its workers' "
	    "queues, lower first\", \"position\": 0}}");
	TASK("agent-default", "dep-on-6-7",
	    "{\"status\": \"blocked\", \"type\": \"jobs.quick\", "
	    "\"deadlocked\": null, \"blocked_by\": ["
	    "{\"id\": \"plan-6\", \"queue\": \"agent-default\", "
	    "\"status\": \"queued\"}, {\"id\": \"plan-7\", \"queue\": "
	    "\"agent-default\", \"status\": \"queued\"}]}");
	TASK("agent-default", "dep-2",
	    "{\"blocked_by\": [{\"id\": \"dep-on-6-7\", \"queue\": "
	    "\"agent-default\", \"status\": \"blocked\"}]}");
	TASK("agent-low", "sched-1",
	    "{\"status\": \"scheduled\", "
	    "\"not_before\": \"2026-11-21T03:39:45Z\"}");
}
END_TEST

START_TEST(queues_come_and_go)
{
	rq_rig_open(&rig, NULL);
	rq_rig_collect(&rig);
	ck_assert_uint_eq(json_array_size(rig.tree), 0);
	ck_assert_str_eq(rq_rig_flaw(&rig), "");
	rq_rig_job(&rig, "b", "1");
	rq_rig_job(&rig, "a", "2");
	rq_rig_collect(&rig);
	ck_assert_uint_eq(json_array_size(rig.tree), 2);
	TASK("a", "2", "{\"status\": \"queued\"}");
	TASK("b", "1", "{\"status\": \"queued\"}");
	rq_rig_job(&rig, "aa", "3");
	rq_rig_do(&rig, "SREM rq:queues rq:queue:b");
	rq_rig_collect(&rig);
	ck_assert_uint_eq(json_array_size(rig.tree), 2);
	TASK("aa", "3", "{\"status\": \"queued\"}");
	/* an empty queue stays */
	rq_rig_do(&rig, "DEL rq:queue:a");
	rq_rig_collect(&rig);
	DEPTH("a", "{\"ready\": 0, \"running\": 0, \"total\": 0}");
}
END_TEST

/* Those that RQ does not put into its set, or not yet. */
START_TEST(queues_that_are_in_no_set)
{
	rq_rig_do(&rig, "ZADD rq:deferred:later 1 1");
	rq_rig_do(&rig, "HSET rq:job:1 created_at 2026-01-01T00:00:00Z");
	rq_rig_do(&rig, "SADD rq:workers rq:worker:w");
	rq_rig_do(&rig, "HSET rq:worker:w queues idle,later birth x");
	rq_rig_open(&rig, NULL);
	rq_rig_collect(&rig);
	ck_assert_uint_eq(json_array_size(rig.tree), 1);
	TASK("later", "1", "{\"status\": \"blocked\"}");
	rq_rig_collect(&rig);
	ck_assert_uint_eq(json_array_size(rig.tree), 2);
	QUEUE("idle", "{\"consumers\": 1, \"tasks_total\": 0}");
	rq_rig_do(&rig, "DEL rq:worker:w rq:deferred:later");
	rq_rig_collect(&rig);
	rq_rig_collect(&rig);
	rq_rig_collect(&rig);
	ck_assert_uint_eq(json_array_size(rig.tree), 0);
	/* a step at each collection, until all keys were looked at */
	rq_rig_do(&rig, "EVAL %s 0",
	    "for i = 1, 5000 do redis.call('SET', 'other:' .. i, 'x') end");
	rq_rig_do(&rig, "ZADD rq:deferred:later 1 1");
	ck_assert(
	    POLL_UNTIL((rq_rig_collect(&rig), json_array_size(rig.tree) == 1)));
}
END_TEST

START_TEST(only_the_queues_that_are_wanted)
{
	rq_rig_seed(&rig);
	rq_rig_open(&rig, "include: ['agent-*'], exclude: ['*-low'], "
			  "system: rq-main");
	rq_rig_collect(&rig);
	ck_assert_uint_eq(json_array_size(rig.tree), 3);
	QUEUE("agent-high", "{\"system\": \"rq-main\"}");
	rq_rig_open(&rig, "queues: [agent-low, nothing-there]");
	rq_rig_collect(&rig);
	ck_assert_uint_eq(json_array_size(rig.tree), 2);
	DEPTH("nothing-there", "{\"ready\": 0, \"total\": 0}");
	rq_rig_expect(
	    rq_rig_part(&rig, "discovery"), "{\"state\": \"disabled\"}");
}
END_TEST

/* Each state of RQ 1 and 2, and the move from one to the next. */
START_TEST(a_job_is_followed)
{
	rq_rig_open(&rig, NULL);
	rq_rig_job(&rig, "q", "j");
	rq_rig_collect(&rig);
	TASK("q", "j",
	    "{\"status\": \"queued\", \"type\": \"jobs.j\", "
	    "\"submitted_at\": \"2026-01-01T00:00:00Z\"}");
	rq_rig_do(&rig, "LMOVE rq:queue:q rq:queue:q:intermediate LEFT RIGHT");
	rq_rig_collect(&rig);
	TASK("q", "j", "{\"status\": \"reserved\"}");
	DEPTH("q", "{\"ready\": 0, \"running\": 1, \"total\": 1}");
	/* in both for a moment */
	rq_rig_do(&rig,
	    "ZADD rq:wip:q 1795229500 j:0123456789abcdef0123456789abcdef");
	rq_rig_do(&rig,
	    "HSET rq:job:j started_at 2026-01-01T00:01:00Z worker_name w");
	rq_rig_collect(&rig);
	TASK("q", "j",
	    "{\"status\": \"running\", \"assigned_to\": \"w\", "
	    "\"started_at\": \"2026-01-01T00:01:00Z\", \"orphaned\": true}");
	DEPTH("q", "{\"ready\": 0, \"running\": 1, \"total\": 1}");
	rq_rig_do(&rig, "SADD rq:workers rq:worker:w");
	rq_rig_do(&rig, "HSET rq:worker:w queues a,q birth x state busy");
	rq_rig_collect(&rig);
	TASK("q", "j", "{\"status\": \"running\", \"orphaned\": null}");
	QUEUE("q", "{\"consumers\": 1}");
	rq_rig_do(&rig, "DEL rq:wip:q rq:queue:q:intermediate");
	rq_rig_do(&rig, "ZADD rq:scheduled:q 1767225720.5 j");
	rq_rig_do(&rig, "HSET rq:job:j retries_left 1 number_of_retries 1");
	rq_rig_collect(&rig);
	TASK("q", "j",
	    "{\"status\": \"retrying\", \"attempts\": 1, "
	    "\"max_attempts\": 3, \"not_before\": \"2026-01-01T00:02:00Z\"}");
	DEPTH("q", "{\"delayed\": 1, \"total\": 1}");
	rq_rig_do(&rig, "DEL rq:scheduled:q");
	rq_rig_do(&rig, "ZADD rq:failed:q 1826762820 j");
	rq_rig_do(&rig, "HSET rq:job:j retries_left 0 number_of_retries 2");
	rq_rig_collect(&rig);
	TASK("q", "j", "{\"status\": \"dead\", \"attempts\": 3}");
	DEPTH("q", "{\"failed\": 1, \"total\": 1}");
	rq_rig_do(&rig, "DEL rq:failed:q");
	rq_rig_do(&rig, "ZADD rq:finished:q 1826762820 j");
	rq_rig_collect(&rig);
	DEPTH("q", "{\"total\": 0}");
}
END_TEST

START_TEST(the_error_of_a_job)
{
	rq_rig_seed(&rig);
	rq_rig_do(&rig, "LREM rq:queue:agent-default 0 boom-noretry");
	rq_rig_do(&rig, "XADD rq:results:boom-noretry * type 2 exc_string %s",
	    /* base64 of zlib of "Traceback...\n  File...\nKeyError: 'no'\n" */
	    "eJwLKUpMTk1KTM7W0NDgUgACt8ycVD0lhWQQKzMFAAyqB8Q=");
	rq_rig_open(&rig, NULL);
	rq_rig_collect(&rig);
	/* the packed text above is broken: no error is told, nothing else */
	TASK("agent-default", "boom-noretry",
	    "{\"status\": \"dead\", \"error\": null}");
	ck_assert_str_eq(rq_rig_flaw(&rig), "");
	rq_rig_do(&rig, "HSET rq:job:boom-noretry exc_info %s",
	    "Traceback:\n  File x\nKeyError: token=abcdefghijkl");
	rq_rig_collect(&rig);
	TASK("agent-default", "boom-noretry",
	    "{\"error\": \"KeyError: token=[redacted]\"}");
}
END_TEST

START_TEST(dependencies_across_queues)
{
	rq_rig_open(&rig, NULL);
	rq_rig_job(&rig, "a", "first");
	rq_rig_job(&rig, "b", "second");
	rq_rig_do(&rig, "DEL rq:queue:b");
	rq_rig_do(&rig, "ZADD rq:deferred:b 1 second");
	rq_rig_do(&rig, "HSET rq:job:second dependency_ids %s",
	    "[\"first\",\"done\",\"lost\",\"stopped\"]");
	rq_rig_do(&rig, "HSET rq:job:done status finished origin a");
	rq_rig_do(&rig, "HSET rq:job:stopped status started origin c");
	rq_rig_collect(&rig);
	TASK("b", "second",
	    "{\"status\": \"blocked\", \"deadlocked\": null, \"blocked_by\": ["
	    "{\"id\": \"first\", \"queue\": \"a\", \"status\": \"queued\"},"
	    "{\"id\": \"lost\", \"queue\": null, \"status\": \"unknown\"},"
	    "{\"id\": \"stopped\", \"queue\": \"c\", "
	    "\"status\": \"running\"}]}");
	DEPTH("b", "{\"blocked\": 1, \"total\": 1}");
	/* nothing changed in queue b itself */
	rq_rig_do(&rig, "HSET rq:job:stopped status stopped");
	rq_rig_collect(&rig);
	TASK("b", "second", "{\"deadlocked\": true}");
	rq_rig_do(&rig, "HSET rq:job:stopped status started");
	rq_rig_do(&rig, "DEL rq:queue:a");
	rq_rig_do(&rig, "ZADD rq:failed:a 1 first");
	rq_rig_collect(&rig);
	TASK("b", "second", "{\"deadlocked\": true}");
	TASK("a", "first", "{\"status\": \"dead\"}");
	rq_rig_do(&rig, "HSET rq:job:second allow_dependency_failures 1");
	rq_rig_collect(&rig);
	TASK("b", "second", "{\"deadlocked\": null}");
}
END_TEST

/* c waits for b, which waits for a, which failed; x and y wait for each other,
 * z for itself; ok waits for something that runs. */
START_TEST(deadlocks)
{
	static const char *const rows[][2] = {{"b", "[\"a\"]"},
	    {"c", "[\"b\", \"ok\"]"}, {"x", "[\"y\"]"}, {"y", "[\"x\"]"},
	    {"z", "[\"z\"]"}, {"ok", "[\"run\"]"}, {"fine", "[\"ok\"]"}};
	size_t i;

	rq_rig_open(&rig, NULL);
	rq_rig_job(&rig, "q", "a");
	rq_rig_do(&rig, "DEL rq:queue:q");
	rq_rig_do(&rig, "ZADD rq:failed:q 1 a");
	rq_rig_job(&rig, "q", "run");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		rq_rig_do(&rig,
		    "HSET rq:job:%s created_at 2026-01-01T00:00:00Z "
		    "dependency_ids %s",
		    rows[i][0], rows[i][1]);
		rq_rig_do(&rig, "ZADD rq:deferred:q 1 %s", rows[i][0]);
	}
	rq_rig_collect(&rig);
	TASK("q", "b", "{\"deadlocked\": true}");
	TASK("q", "c", "{\"deadlocked\": true}");
	TASK("q", "x", "{\"deadlocked\": true}");
	TASK("q", "y", "{\"deadlocked\": true}");
	TASK("q", "z", "{\"deadlocked\": true}");
	TASK("q", "ok", "{\"deadlocked\": null}");
	TASK("q", "fine", "{\"deadlocked\": null}");
}
END_TEST

static void
many_jobs(const char *queue, int count)
{
	int i;
	char id[32];

	for (i = 0; i < count; i++) {
		snprintf(id, sizeof(id), "%s-%d", queue, i);
		rq_rig_job(&rig, queue, id);
	}
}

START_TEST(a_window_over_the_head)
{
	many_jobs("q", 30);
	rq_rig_do(&rig, "ZADD rq:failed:q 1 f1 2 f2 3 f3");
	rq_rig_do(&rig, "HSET rq:job:f3 created_at 2026-01-01T00:00:00Z");
	rq_rig_do(&rig, "HSET rq:job:f2 created_at 2026-01-01T00:00:00Z");
	rq_rig_open(&rig, "max_tasks_per_queue: 16");
	rq_rig_collect(&rig);
	rq_rig_collect(&rig);
	QUEUE("q", "{\"tasks_detail\": \"window\", \"tasks_total\": 33, "
		   "\"tasks_omitted\": 17}");
	ck_assert_uint_eq(
	    json_array_size(json_object_get(rq_rig_queue(&rig, "q"), "tasks")),
	    16);
	TASK("q", "q-0", "{\"status\": \"queued\"}");
	TASK("q", "q-13", "{\"status\": \"queued\"}");
	/* the newest of those that failed */
	TASK("q", "f3", "{\"status\": \"dead\"}");
	TASK("q", "f2", "{\"status\": \"dead\"}");
	DEPTH("q", "{\"ready\": 30, \"failed\": 3, \"total\": 33}");
	rq_rig_open(&rig, "max_tasks_per_queue: 0");
	rq_rig_collect(&rig);
	rq_rig_collect(&rig);
	QUEUE("q", "{\"tasks\": [], \"tasks_omitted\": 33}");
	/* what it can hold is not cut */
	rq_rig_open(&rig, "max_tasks_per_queue: 40");
	rq_rig_collect(&rig);
	rq_rig_do(&rig, "ZADD rq:deferred:q 1 d1 1 d2 1 d3 1 d4");
	rq_rig_do(&rig, "HSET rq:job:f1 created_at 2026-01-01T00:00:00Z");
	rq_rig_collect(&rig);
	/* d1 ... are not there any more */
	QUEUE("q", "{\"tasks_detail\": \"full\", \"tasks_total\": 33, "
		   "\"tasks_omitted\": 0}");
}
END_TEST

/* What is told the second time without having changed is what was told. */
START_TEST(an_idle_system_is_silent)
{
	char *first, *again;

	rq_rig_seed(&rig);
	rq_rig_open(&rig, NULL);
	rq_rig_collect(&rig);
	first = subject_json(&rig.subject);
	fake_clock_advance(&rig.subject.hands, 5000);
	rq_rig_collect(&rig);
	again = subject_json(&rig.subject);
	ck_assert(strcmp(first, again) == 0);
	free(again);
	rq_rig_do(&rig, "HSET rq:job:orp-7 description changed");
	rq_rig_collect(&rig);
	again = subject_json(&rig.subject);
	ck_assert(strcmp(first, again) != 0);
	TASK("agent-orphan", "orp-7", "{\"type\": \"changed\"}");
	free(first);
	free(again);
}
END_TEST

/* Two, once the names are known; and nothing else on the way. */
START_TEST(round_trips)
{
	size_t connections = fault_proxy_connections(rig.redis.proxy), asked;

	many_jobs("q", 50);
	many_jobs("r", 50);
	rq_rig_open(&rig, NULL);
	rq_rig_collect(&rig);
	asked = fault_proxy_asked(rig.redis.proxy);
	rq_rig_collect(&rig);
	ck_assert_uint_eq(
	    fault_proxy_connections(rig.redis.proxy), connections + 1);
	/* about 150 bytes a job */
	ck_assert_uint_lt(fault_proxy_asked(rig.redis.proxy) - asked, 20000);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_test(tc, the_recorded_key_space);
	tcase_add_test(tc, queues_come_and_go);
	tcase_add_test(tc, queues_that_are_in_no_set);
	tcase_add_test(tc, only_the_queues_that_are_wanted);
	tcase_add_test(tc, a_job_is_followed);
	tcase_add_test(tc, the_error_of_a_job);
	tcase_add_test(tc, dependencies_across_queues);
	tcase_add_test(tc, deadlocks);
	tcase_add_test(tc, a_window_over_the_head);
	tcase_add_test(tc, an_idle_system_is_silent);
	tcase_add_test(tc, round_trips);
}

int
main(void)
{
	const struct suite_plan plan = {.name = "rq",
	    .add = add,
	    .setup = setup,
	    .teardown = teardown,
	    .timeout_seconds = 60};

	return redis_rig_has("redis-server") ? suite_run(&plan) : EXIT_SUCCESS;
}
