/* Generators: what keeps a world alive without writing out each event. Every
 * draw depends on the seed, the event and its occurrence only. */
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "repository/scenario/ops.h"

enum {
	DEAD_KEPT_MS = 300000, /* a task that failed for good stays this long */
	RETRY_MS = 10000
};

static const char *
generate_pick(struct scn_moment *moment, const json_t *names)
{
	int64_t n = (int64_t)json_array_size(names);

	if (n == 0)
		return NULL;
	return json_string_value(json_array_get(
	    names, (size_t)scenario__draw_int(&moment->stream, 0, n - 1)));
}

static double
generate_real(struct scn_moment *moment, const json_t *range)
{
	double low = json_real_value(json_array_get(range, 0));
	double high = json_real_value(json_array_get(range, 1));

	return low + (high - low) * scenario__draw_ratio(&moment->stream);
}

static int64_t
generate_int(struct scn_moment *moment, const json_t *range)
{
	return scenario__draw_int(&moment->stream,
	    (int64_t)json_real_value(json_array_get(range, 0)),
	    (int64_t)json_real_value(json_array_get(range, 1)));
}

static int64_t
generate_ms(struct scn_moment *moment, const json_t *args, const char *key,
    int64_t other)
{
	const json_t *range = json_object_get(args, key);

	return range == NULL ? other
			     : (int64_t)(generate_real(moment, range) * 1000.0);
}

static size_t
generate_queued(const struct scn_world *world, const struct scn_entity *queue)
{
	size_t i, n = 0;

	for (i = 0; i < world->task_count; i++)
		n += world->tasks[i]->queue == queue &&
		     world->tasks[i]->agent == NULL;
	return n;
}

static json_t *
generate_task_tree(struct scn_moment *moment, const json_t *args)
{
	const char *raw =
	    generate_pick(moment, json_object_get(args, "priorities"));
	const char *type =
	    generate_pick(moment, json_object_get(args, "types"));
	char now[SST_TIME_TEXT];
	json_t *tree;

	sst_time_format_utc(moment->wall_ms, false, now);
	if (raw == NULL)
		raw = "normal";
	tree = json_pack("{s:O,s:{s:s,s:s},s:s,s:s,s:i,s:O?}", "id",
	    json_object_get(args, "id"), "priority", "level",
	    strcmp(raw, "medium") == 0 ? "normal" : raw, "raw", raw,
	    "submitted_at", now, "status", "queued", "attempts", 0,
	    "max_attempts", json_object_get(args, "max_attempts"));
	if (tree != NULL && type != NULL)
		json_object_set_new(tree, "type", json_string(type));
	return tree;
}

static int
generate_tasks(
    struct sst_engine *engine, struct scn_moment *moment, const json_t *args)
{
	const char *name =
	    generate_pick(moment, json_object_get(args, "queues"));
	struct scn_entity *queue =
	    scenario__find(&engine->world, SST_SECTION_QUEUES, name);
	int64_t most = scenario__int(args, "max_queued", 20);
	json_t *tree;

	if (queue == NULL ||
	    (int64_t)generate_queued(&engine->world, queue) >= most)
		return 0;
	tree = generate_task_tree(moment, args);
	return tree == NULL ? SST_NOMEM : scenario__submit(engine, queue, tree);
}

static bool
generate_is_one_of(const struct scn_entity *queue, const json_t *names)
{
	json_t *name;
	size_t i;

	json_array_foreach(names, i, name)
	{
		if (scenario__is_called(SST_SECTION_QUEUES, queue->tree,
			json_string_value(name)))
			return true;
	}
	return false;
}

static int
generate_rank(const struct scn_task *task)
{
	const char *level =
	    scenario__text(json_object_get(task->tree, "priority"), "level");

	return level == NULL     ? 4
	       : level[0] == 'c' ? 0
	       : level[0] == 'h' ? 1
	       : level[0] == 'n' ? 2
				 : 3;
}

static bool
generate_before(const struct scn_task *a, const struct scn_task *b)
{
	const char *x = scenario__text(a->tree, "submitted_at");
	const char *y = scenario__text(b->tree, "submitted_at");
	int d = generate_rank(a) - generate_rank(b);

	if (d == 0)
		d = strcmp(x == NULL ? "" : x, y == NULL ? "" : y);
	return d != 0 ? d < 0 : strcmp(a->id, b->id) < 0;
}

static struct scn_task *
generate_next_task(const struct scn_world *world, const json_t *queues)
{
	struct scn_task *task, *best = NULL;
	size_t i;

	for (i = 0; i < world->task_count; i++) {
		task = world->tasks[i];
		if (!scenario__can_start(task) || task->queue == NULL ||
		    !generate_is_one_of(task->queue, queues))
			continue;
		if (best == NULL || generate_before(task, best))
			best = task;
	}
	return best;
}

static int
generate_expire(
    struct sst_engine *engine, struct scn_moment *moment, const json_t *args)
{
	struct scn_task *task =
	    scenario__find_task(&engine->world, scenario__text(args, "task"));

	(void)moment;
	if (task != NULL && strcmp(scenario__task_status(task), "dead") == 0)
		scenario__drop_task(&engine->world, task);
	return 0;
}

/* The attempt failed: another one later, or dead and kept for a while. */
static int
generate_failure(struct sst_engine *engine, struct scn_moment *moment,
    struct scn_task *task, const char *error)
{
	static const struct scn_op expire_op = {
	    "task.expire", NULL, NULL, generate_expire, false};
	int64_t tried = scenario__int(task->tree, "attempts", 0) + 1;
	int64_t most = scenario__int(task->tree, "max_attempts", 3);
	int rc;

	if (tried < most || task->queue == NULL)
		return scenario__retry_task(
		    engine, moment, task, RETRY_MS, error);
	rc = scenario__fail_task(engine, task, error);
	if (rc == 0)
		rc = scenario__put(task->tree, "status", json_string("dead"));
	if (rc != 0)
		return rc;
	return scenario__later(engine, moment, DEAD_KEPT_MS, &expire_op,
	    json_pack("{s:s}", "task", task->id));
}

static int
generate_end(
    struct sst_engine *engine, struct scn_moment *moment, const json_t *args)
{
	struct scn_task *task =
	    scenario__find_task(&engine->world, scenario__text(args, "task"));
	const char *error = scenario__text(args, "error");

	if (task == NULL || task->agent == NULL ||
	    (int64_t)task->run != scenario__int(args, "run", -1))
		return 0;
	if (error != NULL)
		return generate_failure(engine, moment, task, error);
	scenario__drop_task(&engine->world, task);
	return 0;
}

static int
generate_work(struct sst_engine *engine, struct scn_moment *moment,
    struct scn_entity *agent, const json_t *args)
{
	static const struct scn_op end_op = {
	    "task.end", NULL, NULL, generate_end, false};
	struct scn_task *task =
	    generate_next_task(&engine->world, json_object_get(args, "queues"));
	double fail_ratio =
	    json_number_value(json_object_get(args, "fail_ratio"));
	const char *error = NULL;
	char now[SST_TIME_TEXT];
	int64_t span;

	if (task == NULL)
		return 0;
	span = generate_ms(moment, args, "duration_seconds", 10000);
	if (scenario__draw_ratio(&moment->stream) < fail_ratio) {
		error = generate_pick(moment, json_object_get(args, "errors"));
		if (error == NULL)
			error = "task failed";
	}
	sst_time_format_utc(moment->wall_ms, false, now);
	scenario__start_task(&engine->world, task, agent, now);
	return scenario__later(engine, moment, span, &end_op,
	    json_pack("{s:s,s:I,s:s?}", "task", task->id, "run",
		(json_int_t)task->run, "error", error));
}

static bool
generate_agent_free(const struct sst_engine *engine,
    const struct scn_entity *agent, const json_t *args)
{
	const char *status = scenario__text(agent->tree, "status");
	int64_t most = scenario__int(args, "limit",
	    scenario__int(agent->tree, "max_parallel_invocations", 1));

	if (status != NULL &&
	    (strcmp(status, "offline") == 0 || strcmp(status, "error") == 0))
		return false;
	return (int64_t)scenario__count_active(&engine->world, agent) < most;
}

/* Each agent that has room takes the next task. */
static int
generate_workers(
    struct sst_engine *engine, struct scn_moment *moment, const json_t *args)
{
	json_t *agents = json_object_get(args, "agents"), *name;
	struct scn_entity *agent;
	size_t i;
	int rc = 0;

	json_array_foreach(agents, i, name)
	{
		agent = scenario__find(&engine->world, SST_SECTION_AGENTS,
		    json_string_value(name));
		if (agent == NULL || !generate_agent_free(engine, agent, args))
			continue;
		rc = generate_work(engine, moment, agent, args);
		if (rc != 0)
			break;
	}
	return rc;
}

static int
generate_usage(
    struct sst_engine *engine, struct scn_moment *moment, const json_t *args)
{
	struct scn_entity *model = scenario__find(
	    &engine->world, SST_SECTION_LITELLM, scenario__text(args, "model"));
	static const char *const keys[] = {"tpm", "rpm"};
	const json_t *range;
	size_t i;
	int bad = 0;

	if (model == NULL)
		return 0;
	for (i = 0; i < 2; i++) {
		range = json_object_get(args, keys[i]);
		if (range != NULL)
			bad |= scenario__put(model->tree, keys[i],
			    json_integer(generate_int(moment, range)));
	}
	scenario__touch(&engine->world, SST_SECTION_LITELLM, model);
	return bad != 0 ? SST_NOMEM : 0;
}

/* One running pod after the other shows another load. */
static int
generate_load(
    struct sst_engine *engine, struct scn_moment *moment, const json_t *args)
{
	struct scn_entity *workload = scenario__find(&engine->world,
	    SST_SECTION_WORKLOAD, scenario__text(args, "deployment"));
	const json_t *cpu = json_object_get(args, "cpu");
	const json_t *memory = json_object_get(args, "memory");
	const json_t *pods;
	const char *status;
	json_t *pod;
	int bad = 0;

	if (workload == NULL)
		return 0;
	pods = json_object_get(workload->tree, "pods");
	if (json_array_size(pods) == 0)
		return 0;
	pod = json_array_get(pods, moment->n % json_array_size(pods));
	status = scenario__text(pod, "status");
	if (status == NULL || strcmp(status, "Running") != 0)
		return 0;
	/* millicores and whole MiB, as metrics-server gives them */
	if (cpu != NULL)
		bad |= scenario__put(pod, "cpu",
		    json_real(
			(double)(int64_t)(generate_real(moment, cpu) * 1000.0) /
			1000.0));
	if (memory != NULL)
		bad |= scenario__put(
		    pod, "memory", json_integer(generate_int(moment, memory)));
	scenario__touch(&engine->world, SST_SECTION_WORKLOAD, workload);
	return bad != 0 ? SST_NOMEM : 0;
}

static int generate_crashes(
    struct sst_engine *engine, struct scn_moment *moment, const json_t *args);

static const struct scn_op crash_op = {
    "pod.crashes", NULL, NULL, generate_crashes, false};

/* Back-off doubles from its low to its high bound. */
static int64_t
crash_back_off(const json_t *args, int64_t turn)
{
	const json_t *range = json_object_get(args, "back_off_seconds");
	double span =
	    range == NULL ? 10.0 : json_real_value(json_array_get(range, 0));
	double most =
	    range == NULL ? 300.0 : json_real_value(json_array_get(range, 1));

	for (; turn > 0 && span < most; turn--)
		span *= 2.0;
	return (int64_t)((span < most ? span : most) * 1000.0);
}

/* args: those of the generator, and "turn": even turns end in a crash, odd
 * ones in a new start. */
static int
generate_crashes(
    struct sst_engine *engine, struct scn_moment *moment, const json_t *args)
{
	struct scn_entity *workload = scenario__find(&engine->world,
	    SST_SECTION_WORKLOAD, scenario__text(args, "deployment"));
	int64_t turn = scenario__int(args, "turn", 0), delay;
	json_t *next, *pod;
	int rc;

	if (workload == NULL)
		return 0;
	pod = scenario__find_pod(workload, scenario__text(args, "pod"));
	if (pod == NULL)
		return 0;
	if (turn % 2 == 0) {
		rc = scenario__crash_pod(engine, workload, pod, args);
		delay = crash_back_off(args, turn / 2);
	} else {
		rc = scenario__run_pod(engine, workload, pod, moment);
		delay = generate_ms(moment, args, "run_seconds", 5000);
	}
	if (rc != 0)
		return rc;
	next = json_copy((json_t *)(uintptr_t)args);
	if (next != NULL)
		json_object_set_new(next, "turn", json_integer(turn + 1));
	return scenario__later(engine, moment, delay, &crash_op, next);
}

static int
check_tasks(
    const struct scn_reader *r, const struct scn_node *node, json_t *args)
{
	double rate =
	    json_number_value(json_object_get(args, "rate_per_minute"));

	if (rate < 0.01 || rate > 6000.0)
		return scenario__fail(r->doc,
		    scenario__member(node, "rate_per_minute"), r->err,
		    "expected a rate from 0.01 to 6000 a minute");
	if (json_array_size(json_object_get(args, "queues")) == 0)
		return scenario__fail(r->doc, scenario__member(node, "queues"),
		    r->err, "expected one queue or more");
	return 0;
}

static const char *const priority_words[] = {
    "low", "normal", "medium", "high", "critical", NULL};

#define KIND_FIELD                                            \
	{                                                     \
		"kind", SCN_NAME, SCN_REQUIRED, NULL, NULL, 0 \
	}

static const struct scn_field tasks_fields[] = {
    KIND_FIELD,
    {"queues", SCN_NAMES, SCN_REQUIRED | SCN_REF, NULL, NULL,
	SST_SECTION_QUEUES},
    {"id", SCN_NAME, SCN_REQUIRED, NULL, NULL, 0},
    {"rate_per_minute", SCN_REAL, SCN_REQUIRED, NULL, NULL, 0},
    {"priorities", SCN_NAMES, 0, NULL, priority_words, 0},
    {"types", SCN_NAMES, 0, NULL, NULL, 0},
    {"max_queued", SCN_COUNT, 0, NULL, NULL, 0},
    {"max_attempts", SCN_COUNT, 0, NULL, NULL, 0},
};
static const struct scn_field workers_fields[] = {
    KIND_FIELD,
    {"queues", SCN_NAMES, SCN_REQUIRED | SCN_REF, NULL, NULL,
	SST_SECTION_QUEUES},
    {"agents", SCN_NAMES, SCN_REQUIRED | SCN_REF, NULL, NULL,
	SST_SECTION_AGENTS},
    {"duration_seconds", SCN_RANGE, SCN_REQUIRED, NULL, NULL, 0},
    {"limit", SCN_COUNT, 0, NULL, NULL, 0},
    {"fail_ratio", SCN_RATIO, 0, NULL, NULL, 0},
    {"errors", SCN_NAMES, 0, NULL, NULL, 0},
};
static const struct scn_field usage_fields[] = {
    KIND_FIELD,
    {"model", SCN_NAME, SCN_REQUIRED | SCN_REF, NULL, NULL,
	SST_SECTION_LITELLM},
    {"tpm", SCN_RANGE, 0, NULL, NULL, 0},
    {"rpm", SCN_RANGE, 0, NULL, NULL, 0},
};
static const struct scn_field load_fields[] = {
    KIND_FIELD,
    {"deployment", SCN_NAME, SCN_REQUIRED | SCN_REF, NULL, NULL,
	SST_SECTION_WORKLOAD},
    {"cpu", SCN_RANGE, 0, NULL, NULL, 0},
    {"memory", SCN_RANGE, 0, NULL, NULL, 0},
};
static const struct scn_field crashes_fields[] = {
    KIND_FIELD,
    {"deployment", SCN_NAME, SCN_REQUIRED | SCN_REF, NULL, NULL,
	SST_SECTION_WORKLOAD},
    {"pod", SCN_NAME, SCN_REQUIRED, NULL, NULL, 0},
    {"run_seconds", SCN_RANGE, 0, NULL, NULL, 0},
    {"back_off_seconds", SCN_RANGE, 0, NULL, NULL, 0},
    {"reason", SCN_TEXT, 0, NULL, NULL, 0},
    {"message", SCN_TEXT, 0, NULL, NULL, 0},
    {"exit_code", SCN_INTEGER, 0, NULL, NULL, 0},
    {"container", SCN_NAME, 0, NULL, NULL, 0},
};

static const struct scn_shape tasks_shape = {
    "generate tasks", SCN_FIELDS(tasks_fields)};
static const struct scn_shape workers_shape = {
    "generate workers", SCN_FIELDS(workers_fields)};
static const struct scn_shape usage_shape = {
    "generate usage", SCN_FIELDS(usage_fields)};
static const struct scn_shape load_shape = {
    "generate load", SCN_FIELDS(load_fields)};
static const struct scn_shape crashes_shape = {
    "generate crashes", SCN_FIELDS(crashes_fields)};

const struct scn_op scenario__generators[] = {
    {"tasks", &tasks_shape, check_tasks, generate_tasks, false},
    {"workers", &workers_shape, NULL, generate_workers, true},
    {"usage", &usage_shape, NULL, generate_usage, true},
    {"load", &load_shape, NULL, generate_load, true},
    {"crashes", &crashes_shape, NULL, generate_crashes, false},
    {NULL, NULL, NULL, NULL, false},
};
