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

static const char *
flaw(void)
{
	return rig.subject.harvest->flaw.text;
}

static json_t *
part(const char *name)
{
	json_t *parts, *row;
	size_t i;

	parts = json_object_get(rig.upstream, "parts");
	json_array_foreach(parts, i, row)
	{
		if (strcmp(json_string_value(json_object_get(row, "name")),
			name) == 0)
			return row;
	}
	ck_abort_msg("no part %s", name);
	return NULL;
}

#define DEPTH(queue, want) \
	rq_rig_expect(json_object_get(rq_rig_queue(&rig, queue), "depth"), want)
#define QUEUE(queue, want) rq_rig_expect(rq_rig_queue(&rig, queue), want)
#define TASK(queue, id, want) rq_rig_expect(rq_rig_task(&rig, queue, id), want)

/* counts.txt of the recording, but for ids that are there twice: low-0 ...
 * twice in a list, boom-noretry both ready and failed. */
START_TEST(the_recorded_key_space)
{
	rq_rig_seed(&rig);
	rq_rig_open(&rig, NULL);
	rq_rig_collect(&rig);
	ck_assert_str_eq(flaw(), "");
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
	ck_assert_str_eq(flaw(), "");
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
	rq_rig_expect(part("discovery"), "{\"state\": \"disabled\"}");
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
	ck_assert_str_eq(flaw(), "");
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
	ck_assert_ptr_nonnull(strstr(flaw(), "ready: rq:queue:bad: WRONGTYPE"));
	DEPTH("bad", "{\"ready\": null, \"failed\": 1, \"total\": null}");
	QUEUE("bad", "{\"tasks_total\": null, \"tasks_omitted\": null}");
	TASK("bad", "3", "{\"status\": \"dead\"}");
	TASK("good", "1", "{\"status\": \"queued\"}");
	DEPTH("good", "{\"ready\": 1, \"total\": 1}");
	rq_rig_expect(part("ready"), "{\"state\": \"failing\"}");
	rq_rig_expect(part("failed"), "{\"state\": \"ok\"}");
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
	    strstr(flaw(), "jobs: HMGET rq:job:1: WRONGTYPE"));
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
		ck_assert_str_eq(flaw(), "");
		return;
	}
	ck_assert_int_eq(rig.subject.harvest->flaw.code, SST_FORBIDDEN);
	ck_assert_ptr_nonnull(strstr(flaw(), "NOPERM"));
	rq_rig_expect(part(rights[_i].part), "{\"state\": \"forbidden\"}");
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
	rq_rig_expect(part("workers"), "{\"state\": \"forbidden\"}");
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
	ck_assert_str_eq(flaw(), "");
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
	tcase_add_test(tc, a_key_of_the_wrong_type);
	tcase_add_test(tc, a_job_of_the_wrong_type);
	tcase_add_loop_test(tc, a_right_that_is_missing, 0,
	    (int)(sizeof(rights) / sizeof(rights[0])));
	tcase_add_test(tc, without_the_keys_of_workers);
	tcase_add_test(tc, a_wrong_password);
	tcase_add_test(tc, a_gigantic_job);
	tcase_add_test(tc, a_gigantic_id);
	tcase_add_test(tc, binary_names);
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
