/* What can happen to tasks. */
#include "base/time.h"
#include "repository/scenario/ops.h"

#include <string.h>

static int
task_due(
    struct sst_engine *engine, struct scn_moment *moment, const json_t *args)
{
	struct scn_task *task =
	    scenario__find_task(&engine->world, scenario__text(args, "task"));
	const char *when;

	(void)moment;
	if (task == NULL || task->agent != NULL)
		return 0;
	when = scenario__text(task->tree, "not_before");
	if (when == NULL || strcmp(when, scenario__text(args, "when")) != 0)
		return 0;
	json_object_del(task->tree, "not_before");
	scenario__touch_task(&engine->world, task);
	if (json_object_get(task->tree, "blocked_by") != NULL)
		return 0;
	return scenario__put(task->tree, "status", json_string("queued"));
}

static const struct scn_op due_op = {"task.due", NULL, NULL, task_due, false};

/* Scenario ms from the moment to a wall time; <= 0: not ahead. */
static int64_t
task_ahead(const struct scn_moment *moment, const char *when)
{
	int64_t ms;

	if (when == NULL || sst_time_parse(when, strlen(when), &ms) != 0)
		return 0;
	return (int64_t)((double)(ms - moment->wall_ms) * moment->speed);
}

int
scenario__plan_due(struct sst_engine *engine, const struct scn_moment *moment,
    const struct scn_task *task)
{
	const char *when = scenario__text(task->tree, "not_before");
	int64_t ahead = task_ahead(moment, when);

	if (ahead <= 0 || task->agent != NULL)
		return 0;
	return scenario__later(engine, moment, ahead, &due_op,
	    json_pack("{s:s,s:s}", "task", task->id, "when", when));
}

/* Not before delay_ms from now; status is scheduled or retrying. */
static int
task_delay(struct sst_engine *engine, const struct scn_moment *moment,
    struct scn_task *task, int64_t delay_ms, const char *status)
{
	char when[SST_TIME_TEXT];
	int bad;

	sst_time_format_utc(scenario__wall(moment, delay_ms), false, when);
	bad = scenario__put(task->tree, "not_before", json_string(when));
	bad |= scenario__put(task->tree, "status", json_string(status));
	if (bad != 0)
		return SST_NOMEM;
	scenario__touch_task(&engine->world, task);
	return scenario__later(engine, moment, delay_ms, &due_op,
	    json_pack("{s:s,s:s}", "task", task->id, "when", when));
}

int
scenario__submit(
    struct sst_engine *engine, struct scn_entity *queue, json_t *tree)
{
	struct scn_task *task;
	json_t *blockers;
	int rc;

	if (scenario__find_task(&engine->world, scenario__text(tree, "id")) !=
	    NULL) {
		json_decref(tree);
		return 0;
	}
	blockers = json_incref(json_object_get(tree, "blocked_by"));
	json_object_del(tree, "blocked_by");
	rc = scenario__add_task(&engine->world, tree, queue, &task);
	if (rc == 0 && blockers != NULL)
		scenario__block_task(&engine->world, task, blockers);
	if (rc == 0)
		scenario__touch_task(&engine->world, task);
	json_decref(blockers);
	/* a full world takes no more: bounded, and the same for everybody */
	return rc == SST_LIMIT ? 0 : rc;
}

static json_t *
submit_tree(const json_t *args, const struct scn_moment *moment)
{
	static const char *const kept[] = {"id", "type", "attempts",
	    "max_attempts", "blocked_by", "submitted_at", "priority"};
	char now[SST_TIME_TEXT];
	json_t *tree, *value;
	size_t i;

	sst_time_format_utc(moment->wall_ms, false, now);
	tree = json_pack("{s:s,s:{s:s},s:s}", "submitted_at", now, "priority",
	    "level", "normal", "status", "queued");
	for (i = 0; tree != NULL && i < sizeof(kept) / sizeof(kept[0]); i++) {
		value = json_object_get(args, kept[i]);
		if (value != NULL && json_object_set(tree, kept[i], value)) {
			json_decref(tree);
			return NULL;
		}
	}
	return tree;
}

static int
task_submit(
    struct sst_engine *engine, struct scn_moment *moment, const json_t *args)
{
	struct scn_entity *queue = scenario__find(
	    &engine->world, SST_SECTION_QUEUES, scenario__text(args, "queue"));
	int64_t delay = scenario__int(args, "delay", 0);
	struct scn_task *task;
	json_t *tree;
	int rc;

	if (queue == NULL)
		return 0;
	tree = submit_tree(args, moment);
	if (tree == NULL)
		return SST_NOMEM;
	rc = scenario__submit(engine, queue, tree);
	if (rc != 0 || delay == 0)
		return rc;
	task = scenario__find_task(&engine->world, scenario__text(args, "id"));
	if (task == NULL || !scenario__can_start(task))
		return 0;
	return task_delay(engine, moment, task, delay, "scheduled");
}

bool
scenario__can_start(const struct scn_task *task)
{
	const char *status = scenario__task_status(task);

	return task->agent == NULL &&
	       json_object_get(task->tree, "blocked_by") == NULL &&
	       (strcmp(status, "queued") == 0 ||
		   strcmp(status, "reserved") == 0);
}

static int
task_start(
    struct sst_engine *engine, struct scn_moment *moment, const json_t *args)
{
	struct scn_task *task =
	    scenario__find_task(&engine->world, scenario__text(args, "task"));
	struct scn_entity *agent = scenario__find(
	    &engine->world, SST_SECTION_AGENTS, scenario__text(args, "agent"));
	char now[SST_TIME_TEXT];

	if (task == NULL || agent == NULL || !scenario__can_start(task))
		return 0;
	sst_time_format_utc(moment->wall_ms, false, now);
	scenario__start_task(&engine->world, task, agent, now);
	return 0;
}

static int
task_finish(
    struct sst_engine *engine, struct scn_moment *moment, const json_t *args)
{
	struct scn_task *task =
	    scenario__find_task(&engine->world, scenario__text(args, "task"));

	(void)moment;
	if (task != NULL)
		scenario__drop_task(&engine->world, task);
	return 0;
}

/* Takes it from its agent and counts the attempt; false: it had no queue to
 * go back to, and is gone. */
static bool
task_give_up(
    struct sst_engine *engine, struct scn_task *task, const char *error)
{
	int64_t attempts = scenario__int(task->tree, "attempts", 0);

	if (task->queue == NULL) {
		scenario__drop_task(&engine->world, task);
		return false;
	}
	scenario__touch_task(&engine->world, task);
	if (task->agent != NULL)
		json_object_set_new(
		    task->tree, "attempts", json_integer(attempts + 1));
	task->agent = NULL;
	if (error != NULL)
		json_object_set_new(task->tree, "error", json_string(error));
	return true;
}

int
scenario__fail_task(
    struct sst_engine *engine, struct scn_task *task, const char *error)
{
	if (!task_give_up(engine, task, error))
		return 0;
	json_object_del(task->tree, "blocked_by");
	json_object_del(task->tree, "not_before");
	return scenario__put(task->tree, "status", json_string("failed"));
}

int
scenario__retry_task(struct sst_engine *engine, const struct scn_moment *moment,
    struct scn_task *task, int64_t delay_ms, const char *error)
{
	if (json_object_get(task->tree, "blocked_by") != NULL ||
	    !task_give_up(engine, task, error))
		return 0;
	return task_delay(engine, moment, task, delay_ms, "retrying");
}

static int
task_fail(
    struct sst_engine *engine, struct scn_moment *moment, const json_t *args)
{
	struct scn_task *task =
	    scenario__find_task(&engine->world, scenario__text(args, "task"));

	(void)moment;
	if (task == NULL)
		return 0;
	if (json_is_false(json_object_get(args, "keep"))) {
		scenario__drop_task(&engine->world, task);
		return 0;
	}
	return scenario__fail_task(engine, task, scenario__text(args, "error"));
}

static int
task_retry(
    struct sst_engine *engine, struct scn_moment *moment, const json_t *args)
{
	struct scn_task *task =
	    scenario__find_task(&engine->world, scenario__text(args, "task"));

	if (task == NULL)
		return 0;
	return scenario__retry_task(engine, moment, task,
	    scenario__int(args, "delay", 10000), scenario__text(args, "error"));
}

static int
task_block(
    struct sst_engine *engine, struct scn_moment *moment, const json_t *args)
{
	struct scn_task *task =
	    scenario__find_task(&engine->world, scenario__text(args, "task"));

	(void)moment;
	if (task != NULL && task->agent == NULL && task->queue != NULL)
		scenario__block_task(
		    &engine->world, task, json_object_get(args, "by"));
	return 0;
}

static const struct scn_field submit_fields[] = {
    {"queue", SCN_NAME, SCN_REQUIRED | SCN_REF, NULL, NULL, SST_SECTION_QUEUES},
    {"id", SCN_NAME, SCN_REQUIRED, NULL, NULL, 0},
    {"priority", SCN_PRIORITY, 0, &scenario__priority_shape, NULL, 0},
    {"submitted_at", SCN_TIME, SCN_NULL, NULL, NULL, 0},
    {"type", SCN_TEXT, 0, NULL, NULL, 0},
    {"attempts", SCN_COUNT, 0, NULL, NULL, 0},
    {"max_attempts", SCN_COUNT, 0, NULL, NULL, 0},
    {"blocked_by", SCN_NAMES, 0, NULL, NULL, 0},
    {"delay", SCN_DURATION, 0, NULL, NULL, 0},
};
static const struct scn_field start_fields[] = {
    {"task", SCN_NAME, SCN_REQUIRED, NULL, NULL, 0},
    {"agent", SCN_NAME, SCN_REQUIRED | SCN_REF, NULL, NULL, SST_SECTION_AGENTS},
};
static const struct scn_field finish_fields[] = {
    {"task", SCN_NAME, SCN_REQUIRED, NULL, NULL, 0},
};
static const struct scn_field fail_fields[] = {
    {"task", SCN_NAME, SCN_REQUIRED, NULL, NULL, 0},
    {"error", SCN_TEXT, 0, NULL, NULL, 0},
    {"keep", SCN_BOOL, 0, NULL, NULL, 0},
};
static const struct scn_field retry_fields[] = {
    {"task", SCN_NAME, SCN_REQUIRED, NULL, NULL, 0},
    {"error", SCN_TEXT, 0, NULL, NULL, 0},
    {"delay", SCN_DURATION, 0, NULL, NULL, 0},
};
static const struct scn_field block_fields[] = {
    {"task", SCN_NAME, SCN_REQUIRED, NULL, NULL, 0},
    {"by", SCN_NAMES, SCN_REQUIRED, NULL, NULL, 0},
};

static const struct scn_shape submit_shape = {
    "task.submit", SCN_FIELDS(submit_fields)};
static const struct scn_shape start_shape = {
    "task.start", SCN_FIELDS(start_fields)};
static const struct scn_shape finish_shape = {
    "task.finish", SCN_FIELDS(finish_fields)};
static const struct scn_shape fail_shape = {
    "task.fail", SCN_FIELDS(fail_fields)};
static const struct scn_shape retry_shape = {
    "task.retry", SCN_FIELDS(retry_fields)};
static const struct scn_shape block_shape = {
    "task.block", SCN_FIELDS(block_fields)};

const struct scn_op scenario__task_ops[] = {
    {"task.submit", &submit_shape, NULL, task_submit, false},
    {"task.start", &start_shape, NULL, task_start, false},
    {"task.finish", &finish_shape, NULL, task_finish, false},
    {"task.fail", &fail_shape, NULL, task_fail, false},
    {"task.retry", &retry_shape, NULL, task_retry, false},
    {"task.block", &block_shape, NULL, task_block, false},
    {NULL, NULL, NULL, NULL, false},
};
