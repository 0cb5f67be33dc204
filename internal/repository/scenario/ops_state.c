/* What can happen to agents, queues and model deployments. */
#include "base/time.h"
#include "repository/scenario/ops.h"

#include <string.h>

/* Its tasks go back to their queues, as if nobody had taken them. */
static void
agent_requeue(struct sst_engine *engine, const struct scn_entity *agent)
{
	struct scn_task *task;
	size_t i = 0;

	while (i < engine->world.task_count) {
		task = engine->world.tasks[i];
		if (task->agent != agent) {
			i++;
			continue;
		}
		if (task->queue == NULL) {
			scenario__drop_task(&engine->world, task);
			continue;
		}
		scenario__touch_task(&engine->world, task);
		task->agent = NULL;
		i++;
	}
}

static int
agent_status(
    struct sst_engine *engine, struct scn_moment *moment, const json_t *args)
{
	struct scn_entity *agent = scenario__find(
	    &engine->world, SST_SECTION_AGENTS, scenario__text(args, "agent"));
	const char *status = scenario__text(args, "status");

	(void)moment;
	if (agent == NULL)
		return 0;
	scenario__touch(&engine->world, SST_SECTION_AGENTS, agent);
	if (json_is_true(json_object_get(args, "requeue")))
		agent_requeue(engine, agent);
	if (strcmp(status, "auto") == 0) {
		json_object_del(agent->tree, "status");
		return 0;
	}
	return scenario__put(agent->tree, "status", json_string(status));
}

static int
queue_consumers(
    struct sst_engine *engine, struct scn_moment *moment, const json_t *args)
{
	struct scn_entity *queue = scenario__find(
	    &engine->world, SST_SECTION_QUEUES, scenario__text(args, "queue"));

	(void)moment;
	if (queue == NULL)
		return 0;
	scenario__touch(&engine->world, SST_SECTION_QUEUES, queue);
	return scenario__put(queue->tree, "consumers",
	    json_incref(json_object_get(args, "consumers")));
}

static struct scn_entity *
model_named(const struct sst_engine *engine, const json_t *args)
{
	return scenario__find(
	    &engine->world, SST_SECTION_LITELLM, scenario__text(args, "model"));
}

static int
model_usage(
    struct sst_engine *engine, struct scn_moment *moment, const json_t *args)
{
	static const char *const kept[] = {
	    "tpm", "rpm", "spend_usd_today", "remaining"};
	struct scn_entity *model = model_named(engine, args);
	json_t *value;
	size_t i;

	(void)moment;
	if (model == NULL)
		return 0;
	for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		value = json_object_get(args, kept[i]);
		if (value != NULL &&
		    json_object_set(model->tree, kept[i], value) != 0)
			return SST_NOMEM;
	}
	scenario__touch(&engine->world, SST_SECTION_LITELLM, model);
	return 0;
}

/* Ends a cool-down, unless a later one has begun. */
static int
model_recover(
    struct sst_engine *engine, struct scn_moment *moment, const json_t *args)
{
	struct scn_entity *model = model_named(engine, args);
	const char *until;
	int bad;

	(void)moment;
	if (model == NULL)
		return 0;
	until =
	    scenario__text(json_object_get(model->tree, "cooldown"), "until");
	if (until == NULL || strcmp(until, scenario__text(args, "until")) != 0)
		return 0;
	bad = scenario__put(model->tree, "status", json_string("healthy"));
	bad |= scenario__put(model->tree, "cooldown", json_null());
	scenario__touch(&engine->world, SST_SECTION_LITELLM, model);
	return bad != 0 ? SST_NOMEM : 0;
}

static const struct scn_op recover_op = {
    "model.recover", NULL, NULL, model_recover, false};

int
scenario__plan_recover(struct sst_engine *engine,
    const struct scn_moment *moment, const struct scn_entity *model)
{
	const char *until =
	    scenario__text(json_object_get(model->tree, "cooldown"), "until");
	int64_t ms;

	if (until == NULL || sst_time_parse(until, strlen(until), &ms) != 0 ||
	    ms <= moment->wall_ms)
		return 0;
	ms = (int64_t)((double)(ms - moment->wall_ms) * moment->speed);
	return scenario__later(engine, moment, ms, &recover_op,
	    json_pack("{s:O,s:s}", "model",
		json_object_get(model->tree, "deployment_id"), "until", until));
}

static int
model_cooldown(
    struct sst_engine *engine, struct scn_moment *moment, const json_t *args)
{
	struct scn_entity *model = model_named(engine, args);
	int64_t span = scenario__int(args, "for", 0);
	char until[SST_TIME_TEXT];
	int bad;

	if (model == NULL)
		return 0;
	sst_time_format_utc(scenario__wall(moment, span), false, until);
	bad = scenario__put(model->tree, "status", json_string("cooldown"));
	bad |= scenario__put(model->tree, "cooldown",
	    json_pack("{s:s,s:s?}", "until", until, "reason",
		scenario__text(args, "reason")));
	scenario__touch(&engine->world, SST_SECTION_LITELLM, model);
	if (bad != 0)
		return SST_NOMEM;
	return scenario__later(engine, moment, span, &recover_op,
	    json_pack("{s:O,s:s}", "model",
		json_object_get(model->tree, "deployment_id"), "until", until));
}

static const char *const agent_words[] = {
    "running", "idle", "busy", "error", "offline", "unknown", "auto", NULL};

static const struct scn_field remaining_fields[] = {
    {"tokens", SCN_COUNT, SCN_REQUIRED | SCN_NULL, NULL, NULL, 0},
    {"requests", SCN_COUNT, SCN_REQUIRED | SCN_NULL, NULL, NULL, 0},
    {"resets_at", SCN_TIME, SCN_NULL, NULL, NULL, 0},
};
static const struct scn_shape remaining_shape = {
    "a remaining quota", SCN_FIELDS(remaining_fields)};

static const struct scn_field status_fields[] = {
    {"agent", SCN_NAME, SCN_REQUIRED | SCN_REF, NULL, NULL, SST_SECTION_AGENTS},
    {"status", SCN_WORD, SCN_REQUIRED, NULL, agent_words, 0},
    {"requeue", SCN_BOOL, 0, NULL, NULL, 0},
};
static const struct scn_field consumers_fields[] = {
    {"queue", SCN_NAME, SCN_REQUIRED | SCN_REF, NULL, NULL, SST_SECTION_QUEUES},
    {"consumers", SCN_COUNT, SCN_REQUIRED | SCN_NULL, NULL, NULL, 0},
};
static const struct scn_field usage_fields[] = {
    {"model", SCN_NAME, SCN_REQUIRED | SCN_REF, NULL, NULL,
	SST_SECTION_LITELLM},
    {"tpm", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
    {"rpm", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
    {"spend_usd_today", SCN_REAL, SCN_NULL, NULL, NULL, 0},
    {"remaining", SCN_OBJECT, SCN_NULL, &remaining_shape, NULL, 0},
};
static const struct scn_field cooldown_fields[] = {
    {"model", SCN_NAME, SCN_REQUIRED | SCN_REF, NULL, NULL,
	SST_SECTION_LITELLM},
    {"for", SCN_DURATION, SCN_REQUIRED, NULL, NULL, 0},
    {"reason", SCN_TEXT, 0, NULL, NULL, 0},
};

static const struct scn_shape status_shape = {
    "agent.status", SCN_FIELDS(status_fields)};
static const struct scn_shape consumers_shape = {
    "queue.consumers", SCN_FIELDS(consumers_fields)};
static const struct scn_shape usage_shape = {
    "model.usage", SCN_FIELDS(usage_fields)};
static const struct scn_shape cooldown_shape = {
    "model.cooldown", SCN_FIELDS(cooldown_fields)};

const struct scn_op scenario__state_ops[] = {
    {"agent.status", &status_shape, NULL, agent_status, false},
    {"queue.consumers", &consumers_shape, NULL, queue_consumers, false},
    {"model.usage", &usage_shape, NULL, model_usage, false},
    {"model.cooldown", &cooldown_shape, NULL, model_cooldown, false},
    {NULL, NULL, NULL, NULL, false},
};
