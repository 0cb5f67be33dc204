/* The shipped worlds: what each promises to show. */
#include "test_scenario_support.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
    "demo", "calm", "overload", "deadlock", "crashloop", "rate-limit"};
enum { NAMES = sizeof(names) / sizeof(names[0]), DAY_MS = 86400000 };

START_TEST(test_promises_hold)
{
	uint64_t seen = UINT64_MAX;
	struct world w;
	json_t *doc;
	int64_t ms;

	world_open(&w, names[_i], 0);
	for (ms = 0; ms <= 600000; ms += 1000) {
		world_to(&w, ms);
		if (sst_engine_version(w.engine) == seen)
			continue;
		seen = sst_engine_version(w.engine);
		doc = world_json(&w);
		world_check(doc);
		json_decref(doc);
	}
	world_to(&w, DAY_MS);
	doc = world_json(&w);
	world_check(doc);
	json_decref(doc);
	world_close(&w);
}
END_TEST

/* Two days later it is no larger than it was within the first hour. */
START_TEST(test_no_growth)
{
	struct world w;
	size_t most = 0, len;
	int64_t ms;
	char *text;

	world_open(&w, names[_i], 0);
	for (ms = 0; ms <= 3600000; ms += 60000) {
		world_to(&w, ms);
		text = world_text(&w);
		len = strlen(text);
		most = len > most ? len : most;
		free(text);
	}
	world_to(&w, 2 * (int64_t)DAY_MS);
	text = world_text(&w);
	ck_assert_uint_lt(strlen(text), most + most / 4);
	free(text);
	world_close(&w);
}
END_TEST

/* What Telemetron's demo shows: the members of the base view. */
static const char demo_base[] =
    "{\"agents\":[{\"name\":\"agent-1\",\"description\":"
    "\"Data processing agent\",\"max_parallel_invocations\":5,"
    "\"deployment_name\":\"agent-deployment-1\",\"models\":"
    "[\"gpt-3.5-turbo\",\"gpt-4\"],\"activity\":{\"active_task_ids\":[]}},"
    "{\"name\":\"agent-2\",\"description\":\"Analytics agent\","
    "\"max_parallel_invocations\":3,\"deployment_name\":"
    "\"agent-deployment-2\",\"models\":[\"gpt-4\"],\"activity\":"
    "{\"active_task_ids\":[]}}],"
    "\"workload\":[{\"deployment_name\":\"agent-deployment-1\","
    "\"max_pods\":10,\"pod_max_ram\":\"2Gi\",\"pod_max_cpu\":\"1000m\","
    "\"live\":{\"active_pods\":3},\"pods\":["
    "{\"pod_id\":\"pod-1\",\"cpu\":0.5,\"memory\":1024,"
    "\"status\":\"Running\"},"
    "{\"pod_id\":\"pod-2\",\"cpu\":0.3,\"memory\":512,"
    "\"status\":\"Running\"},"
    "{\"pod_id\":\"pod-3\",\"cpu\":0.2,\"memory\":256,"
    "\"status\":\"Running\"}]}],"
    "\"queues\":[{\"name\":\"default\",\"tasks\":["
    "{\"id\":\"task-1\",\"priority\":{\"level\":\"high\"},"
    "\"submitted_at\":\"2025-12-31T23:55:00Z\"},"
    "{\"id\":\"task-2\",\"priority\":{\"level\":\"normal\"},"
    "\"submitted_at\":\"2025-12-31T23:58:00Z\"}]},"
    "{\"name\":\"priority\",\"tasks\":["
    "{\"id\":\"task-3\",\"priority\":{\"level\":\"high\"},"
    "\"submitted_at\":\"2025-12-31T23:59:00Z\"}]}],"
    "\"litellm\":[{\"model\":\"gpt-4\",\"provider\":\"openai\","
    "\"tpm\":45000,\"rpm\":200,\"tpm_max\":90000,\"rpm_max\":3500,"
    "\"payment_type\":\"pay-per-request\"},"
    "{\"model\":\"gpt-3.5-turbo\",\"provider\":\"openai\","
    "\"tpm\":120000,\"rpm\":3400,\"tpm_max\":240000,\"rpm_max\":3500,"
    "\"payment_type\":\"pay-per-request\"},"
    "{\"model\":\"claude-3-opus\",\"provider\":\"anthropic\","
    "\"tpm\":30000,\"rpm\":150,\"tpm_max\":80000,\"rpm_max\":3000,"
    "\"payment_type\":\"pay-per-request\"}]}";

/* Every member of want is in have, with the same value. */
static void
check_within(const json_t *want, const json_t *have, const char *where)
{
	void *it;
	size_t i;

	if (json_is_array(want)) {
		ck_assert_msg(json_array_size(want) <= json_array_size(have),
		    "%s: too few", where);
		for (i = 0; i < json_array_size(want); i++)
			check_within(json_array_get(want, i),
			    json_array_get(have, i), where);
		return;
	}
	if (!json_is_object(want)) {
		ck_assert_msg(json_equal(want, have), "%s differs", where);
		return;
	}
	it = json_object_iter((json_t *)(uintptr_t)want);
	for (; it != NULL;
	     it = json_object_iter_next((json_t *)(uintptr_t)want, it))
		check_within(json_object_iter_value(it),
		    json_object_get(have, json_object_iter_key(it)),
		    json_object_iter_key(it));
}

START_TEST(test_demo_begins_as_telemetron)
{
	json_t *want = json_loads(demo_base, 0, NULL), *doc;
	struct world w;

	ck_assert_ptr_nonnull(want);
	world_open(&w, "demo", 0);
	world_to(&w, 4999);
	doc = world_json(&w);
	check_within(want, doc, "document");
	ck_assert_uint_eq(json_array_size(world_at(doc, "agents")), 2);
	ck_assert_uint_eq(json_array_size(world_at(doc, "workload")), 2);
	ck_assert_uint_eq(json_array_size(world_at(doc, "queues")), 2);
	ck_assert_uint_eq(json_array_size(world_at(doc, "litellm")), 3);
	ck_assert_str_eq(
	    world_str(doc, "queues.0.tasks.1.priority.raw"), "medium");
	ck_assert_ptr_null(world_at(doc, "queues.0.updated_at"));
	json_decref(doc);
	json_decref(want);
	world_close(&w);
}
END_TEST

/* Something happens in every 12 s; tasks start, finish, fail, arrive. */
START_TEST(test_demo_lives)
{
	size_t least = 99, most = 0, n, queued, retried = 0, waited = 0;
	struct world w;
	uint64_t before;
	json_t *doc;
	int64_t ms;

	world_open(&w, "demo", 0);
	for (ms = 0; ms < 3600000; ms += 12000) {
		world_to(&w, ms);
		before = sst_engine_version(w.engine);
		world_to(&w, ms + 12000);
		ck_assert_uint_gt(sst_engine_version(w.engine), before);
		doc = world_json(&w);
		n = json_array_size(
		    world_at(doc, "agents.0.activity.active_task_ids"));
		ck_assert_uint_le(n, 5);
		queued = (size_t)(world_int(doc, "queues.0.depth.total") +
				  world_int(doc, "queues.1.depth.total"));
		least = queued < least ? queued : least;
		most = queued > most ? queued : most;
		retried += (size_t)world_int(doc, "queues.0.depth.delayed");
		waited += (size_t)world_int(doc, "queues.1.depth.blocked");
		json_decref(doc);
	}
	/* drains and refills */
	ck_assert_uint_le(least, 1);
	ck_assert_uint_ge(most, 6);
	ck_assert_uint_gt(retried, 0);
	ck_assert_uint_gt(waited, 0);
	world_close(&w);
}
END_TEST

START_TEST(test_calm_stays)
{
	struct world w;
	uint64_t version;
	char *first, *last;
	int64_t ms;

	world_open(&w, "calm", 0);
	world_to(&w, 0);
	first = world_text(&w);
	version = sst_engine_version(w.engine);
	for (ms = 0; ms <= 3600000; ms += 1000)
		world_to(&w, ms);
	last = world_text(&w);
	ck_assert_str_eq(first, last);
	ck_assert_uint_eq(sst_engine_version(w.engine), version);
	ck_assert_int_eq(sst_engine_next(w.engine), -1);
	free(first);
	free(last);
	world_close(&w);
}
END_TEST

START_TEST(test_overload_shows)
{
	struct world w;
	json_t *doc, *pod;
	int64_t ms;
	size_t i;

	world_open(&w, "overload", 0);
	for (ms = 0; ms <= 3600000; ms += 30000) {
		world_to(&w, ms);
		doc = world_json(&w);
		ck_assert_int_gt((long long)json_array_size(world_at(
				     doc, "agents.0.activity.active_task_ids")),
		    world_int(doc, "agents.0.max_parallel_invocations"));
		ck_assert_int_gt(world_int(doc, "litellm.0.tpm"), 88000);
		ck_assert_int_eq(world_int(doc, "workload.0.live.active_pods"),
		    world_int(doc, "workload.0.max_pods"));
		json_array_foreach(world_at(doc, "workload.0.pods"), i, pod)
		    ck_assert_int_gt(world_int(pod, "memory"), 1950);
		if (ms >= 600000)
			ck_assert_int_ge(
			    world_int(doc, "queues.0.depth.total"), 55);
		ck_assert_int_le(world_int(doc, "queues.0.depth.total"), 70);
		json_decref(doc);
	}
	world_close(&w);
}
END_TEST

/* The task of that id in any queue, or NULL. */
static const json_t *
find_task(const json_t *doc, const char *id)
{
	json_t *queue, *task;
	size_t i, k;

	json_array_foreach(json_object_get(doc, "queues"), i, queue)
	{
		json_array_foreach(json_object_get(queue, "tasks"), k, task)
		{
			if (strcmp(world_str(task, "id"), id) == 0)
				return task;
		}
	}
	return NULL;
}

START_TEST(test_deadlock_shows)
{
	static const char *const stuck[] = {
	    "task-A", "task-B", "task-C", "task-D", "task-F"};
	struct world w;
	json_t *doc;
	int64_t ms;
	size_t i;

	world_open(&w, "deadlock", 0);
	for (ms = 0; ms <= 1800000; ms += 10000) {
		world_to(&w, ms);
		doc = world_json(&w);
		for (i = 0; i < 5; i++)
			ck_assert(json_is_true(
			    world_at(find_task(doc, stuck[i]), "deadlocked")));
		ck_assert_str_eq(
		    world_str(find_task(doc, "task-A"), "blocked_by.0.queue"),
		    "build");
		ck_assert_str_eq(
		    world_str(find_task(doc, "task-F"), "blocked_by.0.status"),
		    "failed");
		if (ms < 30000)
			ck_assert(json_is_false(
			    world_at(find_task(doc, "task-H"), "deadlocked")));
		json_decref(doc);
	}
	world_close(&w);
}
END_TEST

static const char crash_pod[] = "agent-deployment-1-6f9c-t4hbn";

static const json_t *
find_pod(const json_t *doc)
{
	json_t *pod;
	size_t i;

	json_array_foreach(world_at(doc, "workload.0.pods"), i, pod)
	{
		if (strcmp(world_str(pod, "pod_id"), crash_pod) == 0)
			return pod;
	}
	ck_abort_msg("the pod is gone");
}

START_TEST(test_crashloop_shows)
{
	long long restarts = 0, now, last_at = 0, gap = 0, longest = 0;
	struct world w;
	const json_t *pod;
	json_t *doc;
	int64_t ms;

	world_open(&w, "crashloop", 0);
	for (ms = 0; ms <= 3600000; ms += 2000) {
		world_to(&w, ms);
		doc = world_json(&w);
		pod = find_pod(doc);
		now = world_int(pod, "restarts");
		ck_assert_int_ge(now, restarts);
		if (now > restarts) {
			gap = ms - last_at;
			longest = gap > longest ? gap : longest;
			last_at = ms;
			restarts = now;
			ck_assert_str_eq(world_str(pod, "containers.0.reason"),
			    "CrashLoopBackOff");
			ck_assert_int_eq(
			    world_int(pod, "containers.0.exit_code"), 137);
		}
		if (ms >= 60000)
			ck_assert_str_eq(
			    world_str(doc, "workload.0.rollout.state"),
			    "stuck");
		json_decref(doc);
	}
	/* 10 s, 20 s, ... 300 s, each with 4 s of running in between */
	ck_assert_int_eq(longest, 304000);
	ck_assert_int_ge(restarts, 14);
	ck_assert_int_le(restarts, 18);
	world_close(&w);
}
END_TEST

START_TEST(test_rate_limit_shows)
{
	long long cooling = 0, empty = 0, full = 0, healthy = 0;
	struct world w;
	const json_t *model;
	json_t *doc;
	int64_t ms;

	world_open(&w, "rate-limit", 0);
	for (ms = 0; ms < 600000; ms += 1000) {
		world_to(&w, ms);
		doc = world_json(&w);
		model = world_at(doc, "litellm.0");
		full += world_int(model, "tpm") == world_int(model, "tpm_max");
		empty += world_int(model, "remaining.tokens") == 0;
		healthy += strcmp(world_str(model, "status"), "healthy") == 0;
		if (strcmp(world_str(model, "status"), "cooldown") == 0) {
			cooling++;
			ck_assert_str_ne(
			    world_str(model, "cooldown.until"), "(none)");
		} else {
			ck_assert(!json_is_object(world_at(model, "cooldown")));
		}
		ck_assert_str_eq(
		    world_str(model, "fallbacks.0"), "gpt-3.5-turbo");
		json_decref(doc);
	}
	/* 35 s of each minute */
	ck_assert_int_ge(cooling, 340);
	ck_assert_int_le(cooling, 360);
	ck_assert_int_eq(cooling + healthy, 600);
	ck_assert_int_ge(full, 390);
	ck_assert_int_ge(empty, 390);
	world_close(&w);
}
END_TEST

Suite *
scenario_worlds_suite(void)
{
	Suite *suite = suite_create("scenario worlds");
	TCase *tc = tcase_create("shipped");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, test_promises_hold, 0, NAMES);
	tcase_add_loop_test(tc, test_no_growth, 0, NAMES);
	tcase_add_test(tc, test_demo_begins_as_telemetron);
	tcase_add_test(tc, test_demo_lives);
	tcase_add_test(tc, test_calm_stays);
	tcase_add_test(tc, test_overload_shows);
	tcase_add_test(tc, test_deadlock_shows);
	tcase_add_test(tc, test_crashloop_shows);
	tcase_add_test(tc, test_rate_limit_shows);
	suite_add_tcase(suite, tc);
	return suite;
}
