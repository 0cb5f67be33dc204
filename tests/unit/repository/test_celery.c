/* What is told of Celery's queues, from keys in a real redis-server. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/suite.h"
#include "test_celery_support.h"

static struct bull bull;

static void
setup(void)
{
	celery_init(&bull, NULL);
}

static void
teardown(void)
{
	bull_fini(&bull);
}

#define OF(queue, path, want) \
	ck_assert_str_eq(bull_of(&bull, queue, path), want)
#define TOLD(id, member, want) \
	ck_assert_str_eq(bull_told(&bull, "agent.a", id, member), want)
#define SUBMIT(...) celery_submit(&bull, &(struct celery_task){__VA_ARGS__})
#define TAKE(ago, ...) \
	celery_take(&bull, &(struct celery_task){__VA_ARGS__}, ago)

static size_t
listed(const char *queue)
{
	return json_array_size(
	    json_object_get(bull_queue(&bull, queue), "tasks"));
}

START_TEST(recorded)
{
	bull_play(&bull, "../celery/broker.resp");
	bull_do(&bull, "SELECT 1");
	bull_play(&bull, "../celery/results.resp");
	bull_do(&bull, "SELECT 0");
	bull_do(&bull, "SREM _kombu.binding.agent.a %s %s",
	    "agent.a\x06\x16\x06\x16"
	    "agent.a",
	    "agent.a\x06\x16\x06\x16"
	    "agent.b");
	celery_open(&bull, "priority_steps: '0,1,2,3,4,5,6,7,8,9'");
	bull_collect_whole(&bull);
	/* remote control and events are no queues */
	ck_assert_uint_eq(json_array_size(bull.tree), 3);
	OF("agent.embed", "depth.total", "0");
	OF("agent.embed", "tasks_detail", "full");
	OF("agent.plan", "depth.ready", "16");
	OF("agent.plan", "depth.total", "29");
	OF("agent.plan", "tasks_detail", "full");
	OF("agent.plan", "tasks_omitted", "0");
	OF("agent.plan", "consumers", "null");
	OF("agent.orphan", "depth.total", "92");
	ck_assert_uint_ge(listed("agent.orphan"), 92);
	ck_assert_uint_ge(listed("agent.plan"), 29);
	/* what priority_steps does not have is not lost in silence */
	celery_open(&bull, "");
	ck_assert_int_eq(bull_collect(&bull), SST_OK);
	OF("agent.orphan", "depth.ready", "80");
	ck_assert_int_eq(bull.last->flaw.code, SST_INVALID);
	ck_assert_ptr_nonnull(
	    strstr(bull.last->flaw.text, "agent.orphan: has tasks of"));
	ck_assert_int_eq(bull_collect(&bull), SST_OK);
	ck_assert_int_eq(bull.last->flaw.code, SST_INVALID);
}
END_TEST

START_TEST(order)
{
	char id[16];
	int i;

	for (i = 0; i < 4; i++) {
		snprintf(id, sizeof(id), "n%d", i);
		SUBMIT(.id = id);
	}
	celery_open(&bull, "");
	bull_collect_whole(&bull);
	OF("agent.a", "depth.ready", "4");
	OF("agent.a", "priorities", "absent");
	TOLD("n0", "priority",
	    "{\"level\":\"normal\",\"raw\":0,\"scheme\":\"lower first, 0 is "
	    "unset\",\"position\":0}");
	TOLD("n0", "submitted_at", "null");
	TOLD("n0", "type", "agents.step");
	TOLD("n0", "attempts", "0");
	SUBMIT(.id = "low", .priority = 9);
	SUBMIT(.id = "mid", .priority = 6);
	SUBMIT(.id = "high", .priority = 4);
	bull_collect_whole(&bull);
	TOLD("n3", "priority",
	    "{\"level\":\"critical\",\"raw\":0,\"scheme\":\"lower first, 0 is "
	    "unset\",\"position\":3}");
	TOLD("high", "priority",
	    "{\"level\":\"high\",\"raw\":3,\"scheme\":\"lower first, 0 is "
	    "unset\",\"position\":4}");
	TOLD("mid", "priority",
	    "{\"level\":\"normal\",\"raw\":6,\"scheme\":\"lower first, 0 is "
	    "unset\",\"position\":5}");
	TOLD("low", "priority",
	    "{\"level\":\"low\",\"raw\":9,\"scheme\":\"lower first, 0 is "
	    "unset\",\"position\":6}");
	OF("agent.a", "depth.total", "7");
	OF("agent.a", "priorities",
	    "[{\"raw\":\"0\",\"level\":\"critical\",\"ready\":4},"
	    "{\"raw\":\"3\",\"level\":\"high\",\"ready\":1},"
	    "{\"raw\":\"6\",\"level\":\"normal\",\"ready\":1},"
	    "{\"raw\":\"9\",\"level\":\"low\",\"ready\":1}]");
}
END_TEST

START_TEST(window)
{
	char id[16];
	int i;

	for (i = 0; i < 30; i++) {
		snprintf(id, sizeof(id), "n%02d", i);
		SUBMIT(.id = id, .priority = i < 8 ? 0 : 3);
	}
	celery_open(&bull, "max_tasks_per_queue: 10");
	bull_collect_whole(&bull);
	OF("agent.a", "tasks_detail", "window");
	OF("agent.a", "tasks_total", "30");
	OF("agent.a", "tasks_omitted", "20");
	ck_assert_uint_eq(listed("agent.a"), 10);
	TOLD("n09", "status", "queued");
	TOLD("n10", "status", "no task");
	bull_open(&bull, "max_tasks_per_queue: 0");
	bull_collect_whole(&bull);
	OF("agent.a", "tasks_detail", "window");
	OF("agent.a", "tasks_omitted", "30");
}
END_TEST

START_TEST(other_names)
{
	celery_open(&bull, "key_prefix: 'app*:', separator: '|', "
			   "priority_steps: '5, 0', unacked_key: u, "
			   "unacked_index_key: ui, exclude: ['b*'], "
			   "queues: [extra]");
	bull_do(&bull, "SADD app*:_kombu.binding.x a||a a||b");
	bull_do(&bull, "SADD appX:_kombu.binding.x a||not-ours");
	bull_do(&bull, "LPUSH app*:a {\"headers\":{\"id\":\"one\"}}");
	bull_do(&bull, "LPUSH app*:a|5 {\"headers\":{\"id\":\"two\"}}");
	bull_do(&bull,
	    "HSET app*:u t [{\"headers\":{\"id\":\"three\"}},\"x\",\"a\"]");
	bull_do(&bull, "ZADD app*:ui 1 t");
	bull_collect_whole(&bull);
	ck_assert_uint_eq(json_array_size(bull.tree), 2);
	OF("a", "depth.total", "3");
	OF("extra", "depth.total", "0");
	ck_assert_uint_eq(listed("a"), 3);
	ck_assert_str_eq(bull_told(&bull, "a", "three", "orphaned"), "true");
}
END_TEST

START_TEST(taken)
{
	SUBMIT(.id = "waits");
	SUBMIT(.id = "delayed", .eta_ms = 3600000);
	TAKE(9, .id = "reserved");
	TAKE(8, .id = "runs", .retries = 1);
	TAKE(7, .id = "scheduled", .eta_ms = 3600000);
	TAKE(6, .id = "retrying", .eta_ms = 3600000, .retries = 2);
	TAKE(5, .id = "failed");
	TAKE(7200, .id = "lost");
	TAKE(4, .id = "past", .eta_ms = -1000);
	celery_result(
	    &bull, "runs", "STARTED", "{\"pid\":1,\"hostname\":\"w@h\"}");
	celery_result(&bull, "retrying", "RETRY",
	    "{\"exc_type\":\"OSError\",\"exc_message\":[\"no\"]}");
	celery_result(&bull, "failed", "FAILURE",
	    "{\"exc_type\":\"E\",\"exc_message\":[\"a\\nMARK-2\"]}");
	celery_open(&bull, "");
	bull_collect_whole(&bull);
	OF("agent.a", "depth",
	    "{\"ready\":2,\"running\":5,\"delayed\":2,\"total\":9}");
	TOLD("waits", "status", "queued");
	TOLD("delayed", "status", "scheduled");
	TOLD("reserved", "status", "reserved");
	TOLD("reserved", "attempts", "0");
	ck_assert_str_ne(
	    bull_told(&bull, "agent.a", "reserved", "started_at"), "absent");
	TOLD("runs", "status", "running");
	TOLD("runs", "attempts", "2");
	TOLD("runs", "assigned_to", "w@h");
	TOLD("scheduled", "status", "scheduled");
	TOLD("scheduled", "started_at", "absent");
	TOLD("retrying", "status", "retrying");
	TOLD("retrying", "attempts", "2");
	TOLD("retrying", "error", "OSError: no");
	TOLD("failed", "status", "failed");
	TOLD("lost", "orphaned", "true");
	TOLD("reserved", "orphaned", "absent");
	TOLD("past", "status", "reserved");
	/* done */
	bull_do(&bull, "HDEL unacked tag-runs-1");
	bull_do(&bull, "ZREM unacked_index tag-runs-1");
	bull_collect_whole(&bull);
	TOLD("runs", "status", "no task");
	OF("agent.a", "depth.running", "4");
}
END_TEST

/* No mark of an argument, of a result, of a second line. */
START_TEST(secrets)
{
	char *text;

	SUBMIT(.id = "one");
	TAKE(1, .id = "failed");
	celery_result(&bull, "failed", "FAILURE",
	    "{\"exc_type\":\"E\",\"exc_message\":[\"no password=MARK-p\"]}");
	celery_open(&bull, "");
	bull_collect_whole(&bull);
	text = json_dumps(bull.tree, 0);
	ck_assert_ptr_null(strstr(text, "MARK"));
	free(text);
}
END_TEST

/* It was taken between two looks, or sent anew: one task. */
START_TEST(twins)
{
	SUBMIT(.id = "both");
	TAKE(1, .id = "both");
	TAKE(2, .id = "anew", .retries = 1);
	TAKE(1, .id = "anew", .retries = 2, .eta_ms = 3600000);
	SUBMIT(.id = "twice");
	SUBMIT(.id = "twice");
	celery_open(&bull, "");
	bull_collect_whole(&bull);
	TOLD("both", "status", "reserved");
	TOLD("anew", "status", "retrying");
	OF("agent.a", "depth.total", "6");
	OF("agent.a", "tasks_omitted", "3");
	ck_assert_uint_eq(listed("agent.a"), 3);
	bull_collect_whole(&bull);
	ck_assert_uint_eq(listed("agent.a"), 3);
}
END_TEST

#define SIG(id, more)                                                    \
	"{\"task\": \"agents." id "\", \"options\": {\"task_id\": \"" id \
	"\"" more "}}"

START_TEST(chains)
{
	SUBMIT(.id = "a", .embed = "{\"chain\": [" SIG(
			      "c", ", \"queue\": \"nowhere\"") ", " SIG("b",
			      ", \"queue\": \"agent.b\"") "]}");
	celery_open(&bull, "");
	bull_collect_whole(&bull);
	ck_assert_str_eq(bull_told(&bull, "agent.b", "b", "status"), "blocked");
	ck_assert_str_eq(bull_told(&bull, "agent.b", "b", "virtual"), "true");
	ck_assert_str_eq(bull_told(&bull, "agent.b", "b", "type"), "agents.b");
	ck_assert_str_eq(bull_told(&bull, "agent.b", "b", "blocked_by"),
	    "[{\"id\":\"a\",\"queue\":\"agent.a\",\"status\":\"queued\"}]");
	/* its queue is not known: where the one before it is */
	ck_assert_str_eq(bull_told(&bull, "agent.b", "c", "blocked_by"),
	    "[{\"id\":\"b\",\"queue\":\"agent.b\",\"status\":\"blocked\"}]");
	OF("agent.b", "depth.total", "0");
	OF("agent.b", "tasks_omitted", "0");
	OF("agent.b", "tasks_detail", "full");
	/* the next one was submitted, the first is not acknowledged yet */
	bull_do(&bull, "RPOP agent.a");
	TAKE(1, .id = "a",
	    .embed = "{\"chain\": [" SIG("c", "") ", " SIG(
		"b", ", \"queue\": \"agent.b\"") "]}");
	SUBMIT(.id = "b", .queue = "agent.b",
	    .embed = "{\"chain\": [" SIG("c", "") "]}");
	bull_collect_whole(&bull);
	ck_assert_str_eq(bull_told(&bull, "agent.b", "b", "status"), "queued");
	ck_assert_str_eq(bull_told(&bull, "agent.b", "b", "virtual"), "absent");
	ck_assert_str_eq(bull_told(&bull, "agent.b", "c", "blocked_by"),
	    "[{\"id\":\"b\",\"queue\":\"agent.b\",\"status\":\"queued\"}]");
}
END_TEST

START_TEST(chords)
{
	const char *embed = "{\"chain\": null, \"chord\": " SIG("s", "") "}";
	struct celery_task task = {.embed = embed};
	char id[16];
	int i;

	for (i = 0; i < 40; i++) {
		snprintf(id, sizeof(id), "m%02d", i);
		task.id = id;
		celery_submit(&bull, &task);
	}
	TAKE(1, .id = "bad", .embed = embed);
	celery_result(&bull, "bad", "FAILURE", "{}");
	celery_open(&bull, "");
	bull_collect_whole(&bull);
	TOLD("s", "status", "blocked");
	ck_assert_uint_eq(json_array_size(json_object_get(
			      bull_task(&bull, "agent.a", "s"), "blocked_by")),
	    32);
	TOLD("s", "deadlocked", "true");
	OF("agent.a", "depth.total", "41");
}
END_TEST

START_TEST(depends_on)
{
	SUBMIT(.id = "one");
	SUBMIT(.id = "two",
	    .headers = ", \"depends_on\": [\"one\", \"gone\", 42, \"\"]");
	SUBMIT(.id = "odd", .headers = ", \"depends_on\": \"one\"");
	celery_open(&bull, "depends_on_header: depends_on");
	bull_collect_whole(&bull);
	TOLD("two", "blocked_by",
	    "[{\"id\":\"gone\",\"queue\":null,\"status\":\"unknown\"},"
	    "{\"id\":\"one\",\"queue\":\"agent.a\",\"status\":\"queued\"}]");
	TOLD("two", "status", "queued");
	TOLD("odd", "blocked_by", "absent");
}
END_TEST

/* A new queue of a known exchange is seen at once, one that is gone leaves. */
START_TEST(queues_come_and_go)
{
	celery_open(&bull, "");
	bull_collect_whole(&bull);
	ck_assert_uint_eq(json_array_size(bull.tree), 2);
	bull_do(&bull, "SADD _kombu.binding.agent.a %s",
	    "agent.a\x06\x16\x06\x16"
	    "agent.c");
	bull_do(&bull, "SREM _kombu.binding.agent.a %s",
	    "agent.a\x06\x16\x06\x16"
	    "agent.b");
	bull_collect_whole(&bull);
	OF("agent.c", "depth.total", "0");
	OF("agent.b", "depth.total", "no queue");
	/* a queue that only a taken task tells of */
	TAKE(1, .id = "one", .queue = "agent.d");
	bull_collect_whole(&bull);
	OF("agent.d", "depth.running", "1");
	bull_do(&bull, "DEL unacked unacked_index");
	bull_collect_whole(&bull);
	bull_collect_whole(&bull);
	OF("agent.d", "depth.total", "no queue");
}
END_TEST

/* Whatever is done to a list, what is told is what one told who looks for the
 * first time. */
START_TEST(kept_windows_are_right)
{
	unsigned random = 12345, step, i, n = 0;
	struct celery_task task = {0};
	char id[16], *known;

	for (step = 0; step < 120; step++) {
		for (i = 0; i < 4; i++) {
			random = random * 1103515245u + 12345u;
			switch (random >> 16 & 7) {
			case 0:
			case 1:
			case 2:
				bull_do(&bull, "RPOP agent.a");
				break;
			case 3:
				bull_do(&bull, "RPOPLPUSH agent.a other");
				bull_do(&bull, "LMOVE other agent.a LEFT "
					       "RIGHT");
				break;
			default:
				snprintf(id, sizeof(id), "n%u", n++);
				task.id = id;
				task.priority = (int)(random >> 20 & 1) * 3;
				celery_submit(&bull, &task);
			}
		}
		if (step % 40 == 39)
			bull_do(&bull, "DEL agent.a");
		if (step == 0)
			celery_open(&bull, "max_tasks_per_queue: 12");
		bull_collect_whole(&bull);
		known = json_dumps(
		    json_object_get(bull_queue(&bull, "agent.a"), "tasks"), 0);
		if (step % 3 == 2) {
			char *fresh;

			subject_close(&bull.subject);
			celery_open(&bull, "max_tasks_per_queue: 12");
			bull_collect_whole(&bull);
			fresh = json_dumps(
			    json_object_get(
				bull_queue(&bull, "agent.a"), "tasks"),
			    0);
			ck_assert_str_eq(known, fresh);
			free(fresh);
		}
		free(known);
	}
}
END_TEST

START_TEST(wrong_options)
{
	static const struct {
		const char *yaml, *text;
	} rows[] = {
	    {"{}", "url"},
	    {"{url: 'http://x'}", "redis://"},
	    {"{url: 'redis://u:p@x'}", "credentials"},
	    {"{url: 'redis://x', priority_steps: '0,high'}", "0 to 255"},
	    {"{url: 'redis://x', priority_steps: '0,256'}", "0 to 255"},
	    {"{url: 'redis://x', separator: ''}", "separator"},
	    {"{url: 'redis://x', queues: ['']}", "queues"},
	    {"{url: 'redis://x', visibility_timeout: 0}", "visibility"},
	    {"{url: 'redis://x', password: p, results: {username: u}}",
		"results.url"},
	    {"{url: 'redis://x', results: {url: 'x'}}", "results.url"},
	    {"{url: 'redis://x', results: {url: 'redis://x', "
	     "sentinels: ['s']}}",
		"results: "},
	    {"{url: 'redis://x', max_tasks_per_queue: -1}", "max_tasks"},
	    {"{url: 'redis://x', colour: red}", "colour"},
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_msg(
		    subject_open(&bull.subject, rows[i].yaml) != SST_OK, "%s",
		    rows[i].yaml);
		ck_assert_msg(
		    strstr(bull.subject.err.text, rows[i].text) != NULL,
		    "%s: %s", rows[i].yaml, bull.subject.err.text);
	}
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_test(tc, recorded);
	tcase_add_test(tc, order);
	tcase_add_test(tc, window);
	tcase_add_test(tc, other_names);
	tcase_add_test(tc, taken);
	tcase_add_test(tc, secrets);
	tcase_add_test(tc, twins);
	tcase_add_test(tc, chains);
	tcase_add_test(tc, chords);
	tcase_add_test(tc, depends_on);
	tcase_add_test(tc, queues_come_and_go);
	tcase_add_test(tc, kept_windows_are_right);
	tcase_add_test(tc, wrong_options);
}

int
main(void)
{
	const struct suite_plan plan = {.name = "celery",
	    .add = add,
	    .setup = setup,
	    .teardown = teardown,
	    .timeout_seconds = 120};

	return bull_can() ? suite_run(&plan) : 0;
}
