/* BullMQ's keys in a real Redis, and what the document says of them. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_bullmq_support.h"

static struct bull bull;

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

#define OF(queue, path, want) \
	ck_assert_str_eq(bull_of(&bull, queue, path), want)
#define TOLD(queue, id, member, want) \
	ck_assert_str_eq(bull_told(&bull, queue, id, member), want)

/* A queue of BullMQ 6 with jobs that wait, head first. */
static void
make(const char *queue, int jobs)
{
	int i;

	bull_do(&bull, "HSET bull:%s:meta version bullmq:6.7.0 "
		       "opts.maxLenEvents 10000", queue);
	for (i = 0; i < jobs; i++) {
		bull_do(&bull,
		    "HSET bull:%s:%d name work data {} opts {\"attempts\":3} "
		    "timestamp %lld priority 0 delay 0",
		    queue, i, 1795226728000LL + i * 1000);
		bull_do(&bull, "LPUSH bull:%s:wait %d", queue, i);
	}
}

static void
event(const char *queue)
{
	bull_do(&bull, "XADD bull:%s:events * event waiting", queue);
}

/* Like recordings/bullmq/README says of BullMQ 6.7.0. */
START_TEST(recorded_world)
{
	bull_play(&bull, "seed_v6.resp");
	bull_open(&bull, "");
	bull_collect_whole(&bull);
	ck_assert_uint_eq(json_array_size(bull.tree), 6);
	OF("agent-tools", "depth",
	    "{\"ready\":7,\"running\":4,\"delayed\":8,\"blocked\":0,"
	    "\"failed\":2,\"total\":21}");
	OF("agent-tools", "tasks_detail", "full");
	OF("agent-tools", "consumers", "0");
	OF("agent-tools", "type", "bullmq");
	OF("agent-paused", "state", "paused");
	OF("agent-paused", "depth.ready", "2");
	OF("agent-quick", "depth.total", "0");
	TOLD("agent-tools", "flaky-0", "status", "retrying");
	TOLD("agent-tools", "flaky-0", "error", "429 rate limited");
	TOLD("agent-tools", "boom-0", "status", "dead");
	TOLD("agent-tools", "25", "status", "scheduled");
	TOLD("agent-tools", "25", "not_before", "2026-11-21T03:05:28Z");
	TOLD("agent-tools", "search-b", "status", "running");
	TOLD("agent-tools", "search-b", "assigned_to", "tool-worker-1");
	TOLD("agent-plan", "report-1", "blocked_by",
	    "[{\"id\":\"research-1\",\"queue\":\"agent-plan\","
	    "\"status\":\"blocked\"}]");
	TOLD("agent-sched", "repeat:nightly:1795226728060", "status",
	    "queued");
	ck_assert_str_eq(bull_part(&bull, "discovery"), "ok");
	ck_assert_str_eq(bull_part(&bull, "workers"), "ok");
}
END_TEST

/* Bull 4: priorities among those that wait, the unset ones last. */
START_TEST(recorded_legacy)
{
	bull_play(&bull, "seed_bull4_legacy.resp");
	bull_open(&bull, "");
	bull_collect_whole(&bull);
	OF("legacy", "type", "bull");
	OF("legacy", "state", "paused");
	OF("legacy", "depth.ready", "3");
	OF("legacy", "priorities",
	    "[{\"raw\":\"2\",\"level\":\"high\",\"ready\":1},"
	    "{\"raw\":\"0\",\"level\":\"low\",\"ready\":2}]");
	TOLD("legacy", "1", "priority",
	    "{\"level\":\"high\",\"raw\":2,\"scheme\":"
	    "\"lower first, 0 is unset and after all\",\"position\":0}");
	TOLD("legacy", "3", "status", "scheduled");
}
END_TEST

/* Without meta: it is only there while a queue of Bull is paused. */
START_TEST(legacy_without_meta)
{
	bull_play(&bull, "seed_bull4_legacy.resp");
	bull_do(&bull, "DEL bull:legacy:meta bull:legacy:meta-paused");
	bull_do(&bull, "RENAME bull:legacy:paused bull:legacy:wait");
	/* a job called id is no queue */
	bull_do(&bull, "HSET bull:other:id name x");
	bull_open(&bull, "");
	bull_collect_whole(&bull);
	ck_assert_uint_eq(json_array_size(bull.tree), 1);
	OF("legacy", "state", "running");
	OF("legacy", "type", "bull");
	bull_do(&bull, "HSET bull:legacy:2 attemptsMade 2");
	bull_collect_whole(&bull);
	TOLD("legacy", "2", "attempts", "2");
}
END_TEST

START_TEST(order_of_taking)
{
	make("q", 3);
	bull_do(&bull, "ZADD bull:q:prioritized %lld a %lld b",
	    5LL * 4294967296 + 1, 1LL * 4294967296 + 2);
	bull_do(&bull, "HSET bull:q:a name a timestamp 5 priority 5");
	bull_do(&bull, "HSET bull:q:b name b timestamp 5 priority 1");
	bull_open(&bull, "");
	bull_collect_whole(&bull);
	TOLD("q", "0", "priority",
	    "{\"level\":\"high\",\"raw\":0,\"scheme\":"
	    "\"lower first, 0 is unset and before all\",\"position\":0}");
	ck_assert_ptr_nonnull(strstr(
	    bull_told(&bull, "q", "2", "priority"), "\"position\":2"));
	ck_assert_ptr_nonnull(strstr(bull_told(&bull, "q", "b", "priority"),
	    "{\"level\":\"critical\",\"raw\":1,"));
	ck_assert_ptr_nonnull(strstr(
	    bull_told(&bull, "q", "b", "priority"), "\"position\":3"));
	ck_assert_ptr_nonnull(strstr(
	    bull_told(&bull, "q", "a", "priority"), "\"position\":4"));
	OF("q", "priorities",
	    "[{\"raw\":\"0\",\"level\":\"high\",\"ready\":3},"
	    "{\"raw\":\"1\",\"level\":\"critical\",\"ready\":1},"
	    "{\"raw\":\"5\",\"level\":\"high\",\"ready\":1}]");
	OF("q", "oldest_submitted_at", "1970-01-01T00:00:00Z");
}
END_TEST

/* The last level of the window is counted, those behind it are found. */
START_TEST(levels_behind_the_window)
{
	static const int levels[] = {1, 2, 7, 7000, 2097152};
	int i, k;

	make("q", 0);
	for (i = 0; i < 5; i++) {
		for (k = 0; k <= i; k++)
			bull_do(&bull, "ZADD bull:q:prioritized %lld j%d-%d",
			    levels[i] * 4294967296LL + k, i, k);
	}
	bull_open(&bull, "max_tasks_per_queue: 2");
	for (i = 0; i < 2; i++) {
		bull_collect_whole(&bull);
		OF("q", "priorities",
		    "[{\"raw\":\"0\",\"level\":\"high\",\"ready\":0},"
		    "{\"raw\":\"1\",\"level\":\"critical\",\"ready\":1},"
		    "{\"raw\":\"2\",\"level\":\"high\",\"ready\":2},"
		    "{\"raw\":\"7\",\"level\":\"normal\",\"ready\":3},"
		    "{\"raw\":\"7000\",\"level\":\"low\",\"ready\":4},"
		    "{\"raw\":\"2097152\",\"level\":\"low\",\"ready\":5}]");
	}
	/* one goes, one comes */
	bull_do(&bull, "ZREMRANGEBYSCORE bull:q:prioritized %lld %lld",
	    7LL * 4294967296, 7LL * 4294967296 + 9);
	bull_do(&bull, "ZADD bull:q:prioritized %lld x", 50LL * 4294967296);
	bull_collect_whole(&bull);
	OF("q", "priorities",
	    "[{\"raw\":\"0\",\"level\":\"high\",\"ready\":0},"
	    "{\"raw\":\"1\",\"level\":\"critical\",\"ready\":1},"
	    "{\"raw\":\"2\",\"level\":\"high\",\"ready\":2},"
	    "{\"raw\":\"50\",\"level\":\"low\",\"ready\":1},"
	    "{\"raw\":\"7000\",\"level\":\"low\",\"ready\":4},"
	    "{\"raw\":\"2097152\",\"level\":\"low\",\"ready\":5}]");
}
END_TEST

/* All that there is in few rows: no kind hides behind a long list. */
START_TEST(window)
{
	int i;

	make("q", 40);
	for (i = 0; i < 20; i++) {
		bull_do(&bull, "ZADD bull:q:failed %d f%d", i, i);
		bull_do(&bull, "HSET bull:q:f%d name f timestamp 1 atm 1", i);
		bull_do(&bull, "ZADD bull:q:delayed %lld d%d",
		    1795226728000LL * 4096 + i, i);
		bull_do(&bull, "HSET bull:q:d%d name d timestamp 1", i);
	}
	bull_open(&bull, "max_tasks_per_queue: 16");
	bull_collect_whole(&bull);
	OF("q", "tasks_total", "80");
	OF("q", "tasks_omitted", "64");
	OF("q", "tasks_detail", "window");
	ck_assert_uint_eq(json_array_size(json_object_get(
			      bull_queue(&bull, "q"), "tasks")),
	    16);
	/* the head of those that wait, the next ones delayed, the last ones
	 * failed */
	TOLD("q", "0", "status", "queued");
	TOLD("q", "11", "status", "queued");
	TOLD("q", "12", "status", "no task");
	TOLD("q", "d1", "status", "scheduled");
	TOLD("q", "d2", "status", "no task");
	TOLD("q", "f19", "status", "failed");
	TOLD("q", "f17", "status", "no task");
	OF("q", "oldest_submitted_at", "2026-11-21T02:05:28Z");
	bull_open(&bull, "max_tasks_per_queue: 0");
	bull_collect_whole(&bull);
	OF("q", "tasks_detail", "counts_only");
	OF("q", "tasks_omitted", "80");
	OF("q", "depth.failed", "20");
}
END_TEST

START_TEST(stalled)
{
	make("q", 2);
	bull_do(&bull, "RPOPLPUSH bull:q:wait bull:q:active");
	bull_do(&bull, "HSET bull:q:0 processedOn 1795226729000 ats 1 pb w1");
	bull_do(&bull, "SET bull:q:0:lock token");
	event("q");
	bull_open(&bull, "");
	bull_collect_whole(&bull);
	TOLD("q", "0", "status", "running");
	TOLD("q", "0", "orphaned", "absent");
	TOLD("q", "0", "attempts", "1");
	TOLD("q", "0", "max_attempts", "3");
	TOLD("q", "0", "assigned_to", "w1");
	TOLD("q", "0", "started_at", "2026-11-21T02:05:29Z");
	/* its worker died: no event tells that */
	bull_do(&bull, "DEL bull:q:0:lock");
	bull_collect_whole(&bull);
	TOLD("q", "0", "orphaned", "true");
	bull_do(&bull, "SET bull:q:0:lock token");
	bull_collect_whole(&bull);
	TOLD("q", "0", "orphaned", "absent");
}
END_TEST

/* BullMQ 5 and Bull move what waits to another list. */
START_TEST(paused_in_the_old_way)
{
	make("q", 3);
	bull_do(&bull, "RENAME bull:q:wait bull:q:paused");
	bull_do(&bull, "HSET bull:q:meta paused 1");
	bull_open(&bull, "");
	bull_collect_whole(&bull);
	OF("q", "state", "paused");
	OF("q", "depth.ready", "3");
	TOLD("q", "0", "status", "queued");
	ck_assert_ptr_nonnull(strstr(
	    bull_told(&bull, "q", "2", "priority"), "\"position\":2"));
}
END_TEST

START_TEST(old_marker_is_no_job)
{
	make("q", 1);
	bull_do(&bull, "RPUSH bull:q:wait 0:1795226728000");
	bull_open(&bull, "");
	bull_collect_whole(&bull);
	OF("q", "depth.ready", "1");
	OF("q", "tasks_omitted", "0");
}
END_TEST

/* Moved while it was read, or evicted. */
START_TEST(jobs_that_are_gone)
{
	make("q", 2);
	bull_do(&bull, "DEL bull:q:0");
	bull_open(&bull, "");
	bull_collect_whole(&bull);
	TOLD("q", "0", "status", "no task");
	TOLD("q", "1", "status", "queued");
	OF("q", "tasks_omitted", "1");
}
END_TEST

START_TEST(an_id_twice)
{
	make("q", 1);
	bull_do(&bull, "LPUSH bull:q:wait 0");
	bull_open(&bull, "");
	bull_collect_whole(&bull);
	ck_assert_uint_eq(json_array_size(json_object_get(
			      bull_queue(&bull, "q"), "tasks")),
	    1);
}
END_TEST

START_TEST(idle_is_silent)
{
	const struct sst_entity *before;
	size_t asked, first;
	int i;

	make("q", 100);
	event("q");
	bull_open(&bull, "");
	bull_collect_whole(&bull);
	first = fault_proxy_asked(bull.proxy);
	before = bull.last->entities[0];
	for (i = 0; i < 5; i++) {
		bull_collect_whole(&bull);
		ck_assert_ptr_eq(bull.last->entities[0], before);
	}
	/* not one job was asked for again */
	asked = fault_proxy_asked(bull.proxy) - first;
	ck_assert_msg(asked < first, "%zu, first %zu", asked, first);
	/* without events (Bull): read, and found to be the same */
	bull_do(&bull, "DEL bull:q:events");
	bull_collect_whole(&bull);
	bull_collect_whole(&bull);
	ck_assert_ptr_eq(bull.last->entities[0], before);
	bull_do(&bull, "HSET bull:q:7 name other");
	bull_collect_whole(&bull);
	TOLD("q", "7", "type", "other");
}
END_TEST

/* An entity that is not in the last good result any more is made anew. */
START_TEST(nothing_is_kept_of_nothing)
{
	make("q", 3);
	event("q");
	bull_open(&bull, "");
	bull_collect_whole(&bull);
	sst_harvest_release(&bull.last);
	bull_collect_whole(&bull);
	TOLD("q", "2", "status", "queued");
}
END_TEST

START_TEST(each_move_is_seen)
{
	make("q", 1);
	event("q");
	bull_open(&bull, "");
	bull_collect_whole(&bull);
	TOLD("q", "0", "status", "queued");
	/* taken, failed, delayed, and in the same place as before */
	bull_do(&bull, "HSET bull:q:0 atm 1 failedReason no");
	event("q");
	bull_collect_whole(&bull);
	TOLD("q", "0", "attempts", "1");
	TOLD("q", "0", "error", "no");
	bull_do(&bull, "LREM bull:q:wait 0 0");
	bull_do(&bull, "ZADD bull:q:delayed %lld 0", 1795226788502LL * 4096);
	bull_collect_whole(&bull);
	TOLD("q", "0", "status", "retrying");
	TOLD("q", "0", "not_before", "2026-11-21T02:06:28Z");
	bull_do(&bull, "DEL bull:q:delayed");
	bull_do(&bull, "ZADD bull:q:failed 5 0");
	bull_do(&bull, "HSET bull:q:0 atm 3");
	bull_collect_whole(&bull);
	TOLD("q", "0", "status", "dead");
	OF("q", "depth.failed", "1");
}
END_TEST

START_TEST(discovery)
{
	make("a", 1);
	make("b:c", 1);
	bull_do(&bull, "HSET other:d:meta version x");
	bull_open(&bull, "exclude: [x*]");
	bull_collect_whole(&bull);
	ck_assert_uint_eq(json_array_size(bull.tree), 2);
	OF("b:c", "depth.total", "1");
	/* a new one is found by the next walk, not before */
	make("e", 1);
	make("x1", 1);
	bull_collect_whole(&bull);
	ck_assert_uint_eq(json_array_size(bull.tree), 2);
	fake_clock_advance(&bull.subject.hands, 60000);
	bull_collect_whole(&bull);
	ck_assert_uint_eq(json_array_size(bull.tree), 3);
	/* one that is gone is gone at once */
	bull_do(&bull, "DEL bull:a:meta bull:a:wait bull:a:0");
	bull_collect_whole(&bull);
	ck_assert_uint_eq(json_array_size(bull.tree), 2);
	OF("a", "depth.total", "no queue");
	OF("e", "depth.total", "1");
}
END_TEST

START_TEST(another_prefix)
{
	bull_do(&bull, "HSET {a*}:d:meta version x");
	bull_do(&bull, "HSET {ab}:e:meta version x");
	bull_do(&bull, "LPUSH {a*}:d:wait 1");
	bull_do(&bull, "HSET {a*}:d:1 name n");
	bull_open(&bull, "prefix: '{a*}', system: b2");
	bull_collect_whole(&bull);
	ck_assert_uint_eq(json_array_size(bull.tree), 1);
	OF("d", "system", "b2");
	TOLD("d", "1", "type", "n");
	TOLD("d", "1", "submitted_at", "null");
}
END_TEST

START_TEST(named_queues)
{
	make("a", 1);
	make("b", 1);
	bull_open(&bull, "queues: [b, b, nowhere]");
	ck_assert_int_eq(bull_collect(&bull), SST_OK);
	ck_assert_uint_eq(json_array_size(bull.tree), 1);
	ck_assert_int_eq(bull.last->flaw.code, SST_NOT_FOUND);
	ck_assert_str_eq(bull.last->flaw.text, "there is no queue nowhere");
	ck_assert_str_eq(bull_part(&bull, "discovery"), "disabled");
	make("nowhere", 2);
	bull_collect_whole(&bull);
	OF("nowhere", "depth.total", "2");
}
END_TEST

START_TEST(many_keys_are_walked_in_steps)
{
	int i;

	for (i = 0; i < 3000; i++)
		bull_do(&bull, "SET key:%d x", i);
	make("q", 1);
	bull_open(&bull, "");
	bull_collect_whole(&bull);
	ck_assert_uint_eq(json_array_size(bull.tree), 1);
}
END_TEST

START_TEST(no_queue_at_all)
{
	bull_open(&bull, "");
	bull_collect_whole(&bull);
	ck_assert_uint_eq(json_array_size(bull.tree), 0);
}
END_TEST

START_TEST(workers)
{
	redisContext *worker = redisConnect("127.0.0.1", bull.server.port);
	redisReply *r;

	make("agent-tools", 1);
	make("idle", 1);
	r = redisCommand(worker,
	    "CLIENT SETNAME bull:YWdlbnQtdG9vbHM=:w:tool-worker-1");
	freeReplyObject(r);
	bull_open(&bull, "");
	bull_collect_whole(&bull);
	OF("agent-tools", "consumers", "1");
	OF("idle", "consumers", "0");
	redisFree(worker);
	ck_assert_int_eq(bull_collect(&bull), SST_OK);
	bull_open(&bull, "workers: false");
	bull_collect_whole(&bull);
	OF("agent-tools", "consumers", "null");
	ck_assert_str_eq(bull_part(&bull, "workers"), "disabled");
}
END_TEST

/* Nothing that a thousand polls could have changed. */
START_TEST(a_read_changes_nothing)
{
	char *before, *after;
	int i;

	bull_play(&bull, "seed_v6.resp");
	make("locked", 2);
	bull_do(&bull, "RPOPLPUSH bull:locked:wait bull:locked:active");
	bull_do(&bull, "SET bull:locked:0:lock token PX 100000000");
	before = bull_everything(&bull);
	bull_open(&bull, "max_tasks_per_queue: 5");
	for (i = 0; i < 1000; i++) {
		ck_assert_int_eq(bull_collect_bare(&bull), SST_OK);
		/* also after what makes it read all again */
		if (i % 100 == 0)
			fake_clock_advance(&bull.subject.hands, 60000);
		if (i % 50 == 0)
			sst_harvest_release(&bull.last);
	}
	after = bull_everything(&bull);
	for (i = 0; before[i] != '\0' && before[i] == after[i];)
		i++;
	ck_assert_msg(before[i] == after[i], "...%.200s\nnow %.200s",
	    before + (i > 60 ? i - 60 : 0), after + (i > 60 ? i - 60 : 0));
	free(before);
	free(after);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("bullmq");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	if (!bull_can())
		return EXIT_SUCCESS;
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, recorded_world);
	tcase_add_test(tc, recorded_legacy);
	tcase_add_test(tc, legacy_without_meta);
	tcase_add_test(tc, order_of_taking);
	tcase_add_test(tc, levels_behind_the_window);
	tcase_add_test(tc, window);
	tcase_add_test(tc, stalled);
	tcase_add_test(tc, paused_in_the_old_way);
	tcase_add_test(tc, old_marker_is_no_job);
	tcase_add_test(tc, jobs_that_are_gone);
	tcase_add_test(tc, an_id_twice);
	tcase_add_test(tc, idle_is_silent);
	tcase_add_test(tc, nothing_is_kept_of_nothing);
	tcase_add_test(tc, each_move_is_seen);
	tcase_add_test(tc, discovery);
	tcase_add_test(tc, another_prefix);
	tcase_add_test(tc, named_queues);
	tcase_add_test(tc, many_keys_are_walked_in_steps);
	tcase_add_test(tc, no_queue_at_all);
	tcase_add_test(tc, workers);
	tcase_add_test(tc, a_read_changes_nothing);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
