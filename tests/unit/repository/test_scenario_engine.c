/* The clockwork: purity, and what each operation does. */
#include "test_scenario_support.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
    "demo", "calm", "overload", "deadlock", "crashloop", "rate-limit"};
enum { NAMES = sizeof(names) / sizeof(names[0]) };

/* Small world for single operations. */
#define HEAD                                                      \
	"agents:\n"                                               \
	"  - {name: a1, max_parallel_invocations: 2}\n"           \
	"  - {name: a2}\n"                                        \
	"workload:\n"                                             \
	"  - deployment_name: d1\n"                               \
	"    pods:\n"                                             \
	"      - {pod_id: p1, cpu: 0.5, memory: 64}\n"            \
	"      - {pod_id: p2}\n"                                  \
	"queues:\n"                                               \
	"  - name: q1\n"                                          \
	"    consumers: 1\n"                                      \
	"    tasks:\n"                                            \
	"      - {id: t1, submitted_at: -3m}\n"                   \
	"      - {id: t2, submitted_at: -2m, blocked_by: [t1]}\n" \
	"      - {id: t3, submitted_at: -1m, priority: high}\n"   \
	"  - {name: q2}\n"                                        \
	"litellm:\n"                                              \
	"  - {model: m1, provider: openai, status: healthy}\n"    \
	"timeline:\n"

static void
same_text(struct world *a, struct world *b)
{
	char *x = world_text(a), *y = world_text(b);

	ck_assert_str_eq(x, y);
	free(x);
	free(y);
}

START_TEST(test_steps_and_jump_agree)
{
	struct world walker, jumper;
	int64_t ms;

	world_open(&walker, names[_i], 0);
	for (ms = 0; ms <= 400000; ms += 250) {
		world_to(&walker, ms);
		if (ms % 40000 != 0)
			continue;
		world_twin(&walker, 0, &jumper);
		world_to(&jumper, ms);
		same_text(&walker, &jumper);
		world_close(&jumper);
	}
	world_close(&walker);
}
END_TEST

START_TEST(test_random_instants_agree)
{
	struct world a, b;
	int64_t at_a = 0, at_b, end = 900000;
	unsigned r = 12345 + (unsigned)_i;

	world_open(&a, names[_i], 7);
	world_twin(&a, 7, &b);
	while (at_a < end) {
		at_b = at_a;
		r = r * 1103515245u + 12345u;
		at_a += (int64_t)(r >> 16) % 30000 + 1;
		while (at_b < at_a) {
			r = r * 1103515245u + 12345u;
			at_b += (int64_t)(r >> 16) % 7000 + 1;
			if (at_b > at_a)
				at_b = at_a;
			world_to(&b, at_b);
		}
		world_to(&a, at_a);
		same_text(&a, &b);
	}
	world_close(&b);
	world_close(&a);
}
END_TEST

START_TEST(test_back_in_time)
{
	struct world a, b;
	uint64_t version;

	world_open(&a, names[_i], 0);
	world_twin(&a, 0, &b);
	world_to(&a, 500000);
	version = sst_engine_version(a.engine);
	world_to(&a, 123456);
	world_to(&b, 123456);
	same_text(&a, &b);
	ck_assert_uint_gt(sst_engine_version(a.engine), version);
	world_close(&b);
	world_close(&a);
}
END_TEST

START_TEST(test_seed_matters)
{
	struct world a, b;
	char *x, *y;

	world_open(&a, "demo", 1);
	world_twin(&a, 2, &b);
	world_to(&a, 120000);
	world_to(&b, 120000);
	x = world_text(&a);
	y = world_text(&b);
	ck_assert_str_ne(x, y);
	free(x);
	free(y);
	world_close(&b);
	world_close(&a);
}
END_TEST

START_TEST(test_bounded_steps)
{
	struct sst_error err = {0};
	struct world a, b;
	int calls = 0, rc;

	world_open(&a, "demo", 0);
	world_twin(&a, 0, &b);
	do {
		rc = sst_engine_advance(a.engine, 600000, 10, &err);
		calls++;
	} while (rc == SST_LIMIT);
	ck_assert_int_eq(rc, 0);
	ck_assert_int_gt(calls, 10);
	world_to(&b, 600000);
	same_text(&a, &b);
	ck_assert_int_eq(sst_engine_advance(b.engine, 600000, 0, &err), 0);
	world_close(&b);
	world_close(&a);
}
END_TEST

START_TEST(test_next)
{
	struct world w;

	world_parse(&w, HEAD "  - {at: 5s, every: 10s, times: 2, "
			     "queue.consumers: {queue: q1, consumers: 2}}\n");
	world_to(&w, 0);
	ck_assert_int_eq(sst_engine_next(w.engine), 5000);
	world_to(&w, 5000);
	ck_assert_int_eq(sst_engine_next(w.engine), 15000);
	world_to(&w, 15000);
	ck_assert_int_eq(sst_engine_next(w.engine), -1);
	world_close(&w);
}
END_TEST

START_TEST(test_rounds)
{
	struct world w;
	json_t *doc;

	world_parse(&w,
	    "loop: 10s\n" HEAD "  - {at: 4s, task.finish: {task: t3}}\n"
	    "  - {at: 5s, every: 2s, task.submit: "
	    "{queue: q2, id: 'r{round}-{n}'}}\n");
	world_to(&w, 9999);
	doc = world_json(&w);
	ck_assert_int_eq(world_int(doc, "queues.0.depth.total"), 2);
	ck_assert_str_eq(world_str(doc, "queues.1.tasks.2.id"), "r0-3");
	ck_assert_ptr_null(world_at(doc, "queues.1.tasks.3"));
	json_decref(doc);
	ck_assert_int_eq(sst_engine_next(w.engine), 10000);
	world_to(&w, 10000);
	doc = world_json(&w);
	ck_assert_int_eq(world_int(doc, "queues.0.depth.total"), 3);
	ck_assert_ptr_null(world_at(doc, "queues.1.tasks.0"));
	ck_assert_str_eq(world_str(doc, "queues.0.tasks.0.submitted_at"),
	    "2025-12-31T23:59:10Z");
	json_decref(doc);
	world_to(&w, 10000000005000);
	doc = world_json(&w);
	ck_assert_str_eq(
	    world_str(doc, "queues.1.tasks.0.id"), "r1000000000-1");
	json_decref(doc);
	world_close(&w);
}
END_TEST

START_TEST(test_speed)
{
	struct world w;
	json_t *doc;

	world_parse_at(&w,
	    HEAD "  - {at: 100s, task.retry: {task: t1, delay: 50s}}\n"
		 "  - {at: 100s, task.start: {task: t3, agent: a1}}\n",
	    10.0);
	world_to(&w, 100000);
	doc = world_json(&w);
	/* 100 s pass in 10 s; what lies ahead comes ten times as fast, what
	 * lies behind is as old as written */
	ck_assert_str_eq(
	    world_str(doc, "agents.0.activity.active_task_ids.0.started_on"),
	    "2026-01-01T00:00:10Z");
	ck_assert_str_eq(world_str(doc, "queues.0.tasks.0.not_before"),
	    "2026-01-01T00:00:15Z");
	ck_assert_str_eq(world_str(doc, "queues.0.tasks.0.submitted_at"),
	    "2025-12-31T23:57:00Z");
	json_decref(doc);
	world_close(&w);
}
END_TEST

/* Plays one line of a timeline and gives the world at 1 s, checked. */
static json_t *
play(struct world *w, const char *yaml)
{
	json_t *doc;

	world_parse(w, yaml);
	world_to(w, 1000);
	doc = world_json(w);
	world_check(doc);
	return doc;
}

START_TEST(test_task_start_and_finish)
{
	struct world w;
	json_t *doc =
	    play(&w, HEAD "  - {at: 1s, task.start: {task: t1, agent: a1}}\n"
			  "  - {at: 1s, task.start: {task: t2, agent: a1}}\n"
			  "  - {at: 1s, task.start: {task: t1, agent: a2}}\n"
			  "  - {at: 1s, task.start: {task: none, agent: a2}}\n"
			  "  - {at: 2s, task.start: {task: t3, agent: a1}}\n"
			  "  - {at: 3s, task.finish: {task: t1}}\n");

	ck_assert_str_eq(world_str(doc, "agents.0.status"), "running");
	ck_assert_str_eq(world_str(doc, "agents.1.status"), "idle");
	ck_assert_str_eq(
	    world_str(doc, "agents.0.activity.active_task_ids.0.id"), "t1");
	ck_assert_str_eq(
	    world_str(doc, "agents.0.activity.active_task_ids.0.started_on"),
	    "2026-01-01T00:00:01Z");
	ck_assert_ptr_null(
	    world_at(doc, "agents.0.activity.active_task_ids.1"));
	ck_assert_str_eq(world_str(doc, "queues.0.tasks.1.id"), "t2");
	ck_assert_str_eq(
	    world_str(doc, "queues.0.tasks.1.blocked_by.0.status"), "running");
	ck_assert(
	    json_is_null(world_at(doc, "queues.0.tasks.1.blocked_by.0.queue")));
	json_decref(doc);
	world_to(&w, 2000);
	doc = world_json(&w);
	ck_assert_str_eq(world_str(doc, "agents.0.status"), "busy");
	json_decref(doc);
	world_to(&w, 3000);
	doc = world_json(&w);
	world_check(doc);
	ck_assert_str_eq(world_str(doc, "queues.0.tasks.0.id"), "t2");
	ck_assert_str_eq(world_str(doc, "queues.0.tasks.0.status"), "queued");
	ck_assert_ptr_null(world_at(doc, "queues.0.tasks.0.blocked_by"));
	json_decref(doc);
	world_close(&w);
}
END_TEST

START_TEST(test_task_submit)
{
	struct world w;
	json_t *doc = play(&w,
	    HEAD "  - {at: 1s, task.submit: {queue: mock/q2, id: n1, priority: "
		 "{level: critical, raw: 9, scheme: 0..9}, type: x}}\n"
		 "  - {at: 1s, task.submit: {queue: q2, id: n2, delay: 5s}}\n"
		 "  - {at: 1s, task.submit: {queue: q2, id: n3, priority: low, "
		 "blocked_by: [n1, gone]}}\n"
		 "  - {at: 1s, task.submit: {queue: q2, id: t1}}\n");

	ck_assert_int_eq(world_int(doc, "queues.1.depth.ready"), 1);
	ck_assert_int_eq(world_int(doc, "queues.1.depth.delayed"), 1);
	ck_assert_int_eq(world_int(doc, "queues.1.depth.blocked"), 1);
	ck_assert_int_eq(world_int(doc, "queues.1.tasks.0.priority.raw"), 9);
	ck_assert_str_eq(
	    world_str(doc, "queues.1.tasks.1.status"), "scheduled");
	ck_assert_str_eq(world_str(doc, "queues.1.tasks.1.not_before"),
	    "2026-01-01T00:00:06Z");
	ck_assert_str_eq(
	    world_str(doc, "queues.1.tasks.2.blocked_by.0.queue"), "q2");
	ck_assert_ptr_null(world_at(doc, "queues.1.tasks.2.blocked_by.1"));
	json_decref(doc);
	world_to(&w, 6000);
	doc = world_json(&w);
	ck_assert_str_eq(world_str(doc, "queues.1.tasks.1.status"), "queued");
	json_decref(doc);
	world_close(&w);
}
END_TEST

START_TEST(test_task_fail_and_retry)
{
	struct world w;
	json_t *doc = play(&w, HEAD
	    "  - {task.start: {task: t1, agent: a1}}\n"
	    "  - {task.start: {task: t3, agent: a1}}\n"
	    "  - {at: 1s, task.fail: {task: t1, error: boom}}\n"
	    "  - {at: 1s, task.retry: {task: t3, error: busy, delay: 4s}}\n"
	    "  - {at: 6s, task.fail: {task: t1, keep: false}}\n");

	ck_assert_str_eq(world_str(doc, "agents.0.status"), "idle");
	ck_assert_str_eq(world_str(doc, "queues.0.tasks.0.id"), "t3");
	ck_assert_str_eq(world_str(doc, "queues.0.tasks.0.status"), "retrying");
	ck_assert_int_eq(world_int(doc, "queues.0.tasks.0.attempts"), 1);
	ck_assert_str_eq(world_str(doc, "queues.0.tasks.1.status"), "failed");
	ck_assert_str_eq(world_str(doc, "queues.0.tasks.1.error"), "boom");
	ck_assert(json_is_true(world_at(doc, "queues.0.tasks.2.deadlocked")));
	json_decref(doc);
	world_to(&w, 5000);
	doc = world_json(&w);
	ck_assert_str_eq(world_str(doc, "queues.0.tasks.0.status"), "queued");
	json_decref(doc);
	world_to(&w, 6000);
	doc = world_json(&w);
	world_check(doc);
	ck_assert_int_eq(world_int(doc, "queues.0.depth.total"), 2);
	ck_assert_int_eq(world_int(doc, "queues.0.depth.ready"), 2);
	json_decref(doc);
	world_close(&w);
}
END_TEST

START_TEST(test_task_block)
{
	struct world w;
	json_t *doc =
	    play(&w, HEAD "  - {at: 1s, task.block: {task: t1, by: [t2]}}\n"
			  "  - {at: 1s, task.block: {task: t3, by: [gone]}}\n"
			  "  - {at: 1s, task.start: {task: t1, agent: a1}}\n");

	ck_assert_str_eq(world_str(doc, "queues.0.tasks.0.status"), "queued");
	ck_assert(json_is_true(world_at(doc, "queues.0.tasks.1.deadlocked")));
	ck_assert(json_is_true(world_at(doc, "queues.0.tasks.2.deadlocked")));
	ck_assert_str_eq(world_str(doc, "agents.0.status"), "idle");
	json_decref(doc);
	world_close(&w);
}
END_TEST

START_TEST(test_first_world_due)
{
	struct world w;
	json_t *doc;

	world_parse(&w,
	    "agents:\n"
	    "  - {name: a1, status: offline, activity: "
	    "{active_task_ids: null, updated_at: -1h}}\n"
	    "queues:\n"
	    "  - {name: q1, updated_at: -1h, tasks: [{id: t1, status: "
	    "retrying, not_before: 20s}]}\n"
	    "  - {name: q2, system: rabbit, depth: {ready: 5, running: null, "
	    "total: 5}}\n"
	    "litellm:\n"
	    "  - {model: m1, provider: x, status: cooldown, cooldown: "
	    "{until: 20s}}\n");
	world_to(&w, 19999);
	doc = world_json(&w);
	ck_assert_str_eq(world_str(doc, "queues.0.tasks.0.status"), "retrying");
	ck_assert_str_eq(
	    world_str(doc, "queues.0.updated_at"), "2025-12-31T23:00:00Z");
	ck_assert_str_eq(world_str(doc, "agents.0.activity.updated_at"),
	    "2025-12-31T23:00:00Z");
	ck_assert(
	    json_is_null(world_at(doc, "agents.0.activity.active_task_ids")));
	ck_assert_str_eq(
	    world_str(doc, "queues.1.tasks_detail"), "counts_only");
	ck_assert_int_eq(world_int(doc, "queues.1.tasks_total"), 5);
	ck_assert_str_eq(world_str(doc, "litellm.0.status"), "cooldown");
	json_decref(doc);
	world_to(&w, 20000);
	doc = world_json(&w);
	ck_assert_str_eq(world_str(doc, "queues.0.tasks.0.status"), "queued");
	ck_assert_ptr_null(world_at(doc, "queues.0.updated_at"));
	ck_assert_str_eq(world_str(doc, "litellm.0.status"), "healthy");
	json_decref(doc);
	world_close(&w);
}
END_TEST

START_TEST(test_pods)
{
	struct world w;
	json_t *doc = play(&w, HEAD
	    "  - {at: 1s, pod.crash: {deployment: d1, pod: p1, reason: "
	    "OOMKilled, exit_code: 137, container: c}}\n"
	    "  - {at: 1s, pod.start: {deployment: d1, pod: p3, cpu: 1, "
	    "ready_after: 2s}}\n"
	    "  - {at: 1s, pod.start: {deployment: d1, pod: p2, cpu: 1}}\n"
	    "  - {at: 1s, pod.delete: {deployment: d1, pod: none}}\n"
	    "  - {at: 2s, pod.run: {deployment: d1, pod: p1, memory: 10}}\n"
	    "  - {at: 3s, pod.delete: {deployment: d1, pod: p2}}\n");

	ck_assert_int_eq(world_int(doc, "workload.0.live.active_pods"), 1);
	ck_assert_str_eq(
	    world_str(doc, "workload.0.pods.0.status"), "CrashLoopBackOff");
	ck_assert_int_eq(world_int(doc, "workload.0.pods.0.restarts"), 1);
	ck_assert_int_eq(
	    world_int(doc, "workload.0.pods.0.containers.0.exit_code"), 137);
	ck_assert(json_is_null(world_at(doc, "workload.0.pods.0.cpu")));
	ck_assert_str_eq(
	    world_str(doc, "workload.0.pods.2.status"), "ContainerCreating");
	json_decref(doc);
	world_to(&w, 3000);
	doc = world_json(&w);
	world_check(doc);
	ck_assert_int_eq(world_int(doc, "workload.0.live.active_pods"), 2);
	ck_assert_ptr_null(world_at(doc, "workload.0.pods.0.containers"));
	ck_assert_str_eq(world_str(doc, "workload.0.pods.1.pod_id"), "p3");
	json_decref(doc);
	world_close(&w);
}
END_TEST

START_TEST(test_scale)
{
	struct world w;
	json_t *doc = play(&w,
	    HEAD "  - {at: 1s, workload.scale: {deployment: d1, pods: 4}}\n"
		 "  - {at: 9s, workload.scale: {deployment: d1, pods: 0}}\n");

	ck_assert_int_eq(world_int(doc, "workload.0.live.desired_pods"), 4);
	ck_assert_int_eq(world_int(doc, "workload.0.live.active_pods"), 2);
	ck_assert_uint_eq(json_array_size(world_at(doc, "workload.0.pods")), 4);
	json_decref(doc);
	world_to(&w, 4000);
	doc = world_json(&w);
	ck_assert_int_eq(world_int(doc, "workload.0.live.ready_pods"), 4);
	json_decref(doc);
	world_to(&w, 9000);
	doc = world_json(&w);
	ck_assert_uint_eq(json_array_size(world_at(doc, "workload.0.pods")), 0);
	json_decref(doc);
	world_close(&w);
}
END_TEST

START_TEST(test_states)
{
	struct world w;
	json_t *doc = play(&w, HEAD
	    "  - {task.start: {task: t1, agent: a1}}\n"
	    "  - {at: 1s, agent.status: {agent: a1, status: offline, "
	    "requeue: true}}\n"
	    "  - {at: 1s, queue.consumers: {queue: q1, consumers: null}}\n"
	    "  - {at: 1s, model.usage: {model: m1, tpm: 7, remaining: "
	    "{tokens: 0, requests: 0, resets_at: 5s}}}\n"
	    "  - {at: 1s, model.cooldown: {model: m1, for: 4s, reason: 429}}\n"
	    "  - {at: 2s, agent.status: {agent: a1, status: auto}}\n"
	    "  - {at: 3s, model.cooldown: {model: m1, for: 10s}}\n");

	ck_assert_str_eq(world_str(doc, "agents.0.status"), "offline");
	ck_assert_int_eq(world_int(doc, "queues.0.depth.total"), 3);
	ck_assert(json_is_null(world_at(doc, "queues.0.consumers")));
	ck_assert_int_eq(world_int(doc, "litellm.0.tpm"), 7);
	ck_assert_str_eq(world_str(doc, "litellm.0.remaining.resets_at"),
	    "2026-01-01T00:00:06Z");
	ck_assert_str_eq(world_str(doc, "litellm.0.status"), "cooldown");
	json_decref(doc);
	world_to(&w, 12999);
	doc = world_json(&w);
	ck_assert_str_eq(world_str(doc, "agents.0.status"), "idle");
	/* the end of the first cool-down does not end the second */
	ck_assert_str_eq(world_str(doc, "litellm.0.status"), "cooldown");
	json_decref(doc);
	world_to(&w, 13000);
	doc = world_json(&w);
	ck_assert_str_eq(world_str(doc, "litellm.0.status"), "healthy");
	ck_assert(json_is_null(world_at(doc, "litellm.0.cooldown")));
	json_decref(doc);
	world_close(&w);
}
END_TEST

START_TEST(test_set_and_remove)
{
	struct world w;
	json_t *doc = play(&w, HEAD
	    "  - {at: 1s, set: {path: /agents/a1/description, value: new}}\n"
	    "  - {at: 1s, set: {path: /workload/d1/rollout/state, value: "
	    "stuck}}\n"
	    "  - {at: 1s, set: {path: /workload/d1/pods/p1/node, value: n}}\n"
	    "  - {at: 1s, set: {path: /queues/mock~1q1/tasks/t1/type, "
	    "value: x}}\n"
	    "  - {at: 1s, set: {path: /agents/a3, value: {name: a3}}}\n"
	    "  - {at: 1s, set: {path: /agents/a2, value: {name: a2, "
	    "description: again}}}\n"
	    "  - {at: 2s, remove: {path: /queues/q1}}\n"
	    "  - {at: 2s, remove: {path: /agents/a3}}\n"
	    "  - {at: 2s, remove: {path: /workload/d1/rollout}}\n");

	ck_assert_str_eq(world_str(doc, "agents.0.description"), "new");
	ck_assert_str_eq(world_str(doc, "workload.0.rollout.state"), "stuck");
	ck_assert_str_eq(world_str(doc, "workload.0.pods.0.node"), "n");
	ck_assert_str_eq(world_str(doc, "queues.0.tasks.1.type"), "x");
	ck_assert_uint_eq(json_array_size(world_at(doc, "agents")), 3);
	json_decref(doc);
	world_to(&w, 2000);
	doc = world_json(&w);
	world_check(doc);
	ck_assert_uint_eq(json_array_size(world_at(doc, "queues")), 1);
	ck_assert_uint_eq(json_array_size(world_at(doc, "agents")), 2);
	ck_assert_ptr_null(world_at(doc, "workload.0.rollout"));
	json_decref(doc);
	world_close(&w);
}
END_TEST

/* A world that only takes in stays bounded. */
START_TEST(test_world_is_bounded)
{
	struct world w;
	json_t *doc;

	world_parse(&w, HEAD
	    "  - {every: 10ms, task.submit: {queue: q2, id: 'x{n}'}}\n"
	    "  - {every: 10ms, pod.start: {deployment: d1, pod: 'y{n}'}}\n");
	world_to(&w, 60000);
	doc = world_json(&w);
	ck_assert_int_eq(world_int(doc, "queues.1.depth.total"), 4997);
	ck_assert_uint_eq(
	    json_array_size(world_at(doc, "workload.0.pods")), 1000);
	json_decref(doc);
	world_close(&w);
}
END_TEST

START_TEST(test_drop_agent_with_tasks)
{
	struct world w;
	json_t *doc =
	    play(&w, HEAD "  - {task.start: {task: t1, agent: a1}}\n"
			  "  - {task.start: {task: t3, agent: a2}}\n"
			  "  - {at: 1s, remove: {path: /queues/q1}}\n"
			  "  - {at: 2s, task.retry: {task: t1}}\n"
			  "  - {at: 3s, remove: {path: /agents/a2}}\n");

	/* running ones go on without their queue, the waiting one is gone */
	ck_assert_str_eq(
	    world_str(doc, "agents.0.activity.active_task_ids.0.id"), "t1");
	json_decref(doc);
	world_to(&w, 3000);
	doc = world_json(&w);
	world_check(doc);
	ck_assert_ptr_null(
	    world_at(doc, "agents.0.activity.active_task_ids.0"));
	json_decref(doc);
	world_close(&w);
}
END_TEST

Suite *
scenario_engine_suite(void)
{
	Suite *suite = suite_create("scenario engine");
	TCase *tc = tcase_create("pure");

	tcase_add_loop_test(tc, test_steps_and_jump_agree, 0, NAMES);
	tcase_add_loop_test(tc, test_random_instants_agree, 0, NAMES);
	tcase_add_loop_test(tc, test_back_in_time, 0, NAMES);
	tcase_add_test(tc, test_seed_matters);
	tcase_add_test(tc, test_bounded_steps);
	tcase_add_test(tc, test_next);
	tcase_add_test(tc, test_rounds);
	tcase_add_test(tc, test_speed);
	suite_add_tcase(suite, tc);
	tc = tcase_create("operations");
	tcase_add_test(tc, test_task_start_and_finish);
	tcase_add_test(tc, test_task_submit);
	tcase_add_test(tc, test_task_fail_and_retry);
	tcase_add_test(tc, test_task_block);
	tcase_add_test(tc, test_first_world_due);
	tcase_add_test(tc, test_pods);
	tcase_add_test(tc, test_scale);
	tcase_add_test(tc, test_states);
	tcase_add_test(tc, test_set_and_remove);
	tcase_add_test(tc, test_world_is_bounded);
	tcase_add_test(tc, test_drop_agent_with_tasks);
	suite_add_tcase(suite, tc);
	return suite;
}
