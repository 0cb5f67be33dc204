/* What can happen to pods. */
#include "base/time.h"
#include "repository/scenario/ops.h"

#include <stdio.h>
#include <string.h>

static struct scn_entity *
pod_workload(const struct sst_engine *engine, const json_t *args)
{
	return scenario__find(&engine->world, SST_SECTION_WORKLOAD,
	    scenario__text(args, "deployment"));
}

/* Sets a pod running as of the moment. */
int
scenario__run_pod(struct sst_engine *engine, struct scn_entity *workload,
    json_t *pod, const struct scn_moment *moment)
{
	char now[SST_TIME_TEXT];
	int bad;

	sst_time_format_utc(moment->wall_ms, false, now);
	json_object_del(pod, "containers");
	json_object_del(pod, "reason");
	json_object_del(pod, "message");
	bad = scenario__put(pod, "status", json_string("Running"));
	bad |= scenario__put(pod, "phase", json_string("Running"));
	bad |= scenario__put(pod, "ready", json_true());
	bad |= scenario__put(pod, "started_at", json_string(now));
	scenario__touch(&engine->world, SST_SECTION_WORKLOAD, workload);
	return bad != 0 ? SST_NOMEM : 0;
}

static int
pod_run(
    struct sst_engine *engine, struct scn_moment *moment, const json_t *args)
{
	static const char *const kept[] = {"cpu", "memory"};
	struct scn_entity *workload = pod_workload(engine, args);
	json_t *pod, *value;
	size_t i;

	if (workload == NULL)
		return 0;
	pod = scenario__find_pod(workload, scenario__text(args, "pod"));
	if (pod == NULL)
		return 0;
	for (i = 0; i < 2; i++) {
		value = json_object_get(args, kept[i]);
		if (value != NULL && json_object_set(pod, kept[i], value) != 0)
			return SST_NOMEM;
	}
	return scenario__run_pod(engine, workload, pod, moment);
}

static const struct scn_op run_op = {"pod.run", NULL, NULL, pod_run, false};

/* A new pod; it runs after delay_ms, at once when that is 0. */
static int
pod_add(struct sst_engine *engine, const struct scn_moment *moment,
    struct scn_entity *workload, json_t *pod, int64_t delay_ms)
{
	json_t *pods = json_object_get(workload->tree, "pods");
	int bad = 0;

	if (pod == NULL)
		return SST_NOMEM;
	if (json_array_size(pods) >= SCN_PODS_MAX) {
		json_decref(pod);
		return 0;
	}
	if (json_array_append_new(pods, pod) != 0)
		return SST_NOMEM;
	if (delay_ms == 0)
		return scenario__run_pod(engine, workload, pod, moment);
	bad |= scenario__put(pod, "status", json_string("ContainerCreating"));
	bad |= scenario__put(pod, "phase", json_string("Pending"));
	bad |= scenario__put(pod, "ready", json_false());
	scenario__touch(&engine->world, SST_SECTION_WORKLOAD, workload);
	if (bad != 0)
		return SST_NOMEM;
	return scenario__later(engine, moment, delay_ms, &run_op,
	    json_pack("{s:O,s:O}", "deployment",
		json_object_get(workload->tree, "deployment_name"), "pod",
		json_object_get(pod, "pod_id")));
}

static int
pod_start(
    struct sst_engine *engine, struct scn_moment *moment, const json_t *args)
{
	static const char *const kept[] = {"cpu", "memory", "node", "restarts"};
	struct scn_entity *workload = pod_workload(engine, args);
	json_t *pod, *value;
	size_t i;

	if (workload == NULL ||
	    scenario__find_pod(workload, scenario__text(args, "pod")) != NULL)
		return 0;
	pod = json_pack("{s:O,s:n,s:n}", "pod_id", json_object_get(args, "pod"),
	    "cpu", "memory");
	for (i = 0; pod != NULL && i < sizeof(kept) / sizeof(kept[0]); i++) {
		value = json_object_get(args, kept[i]);
		if (value != NULL)
			json_object_set(pod, kept[i], value);
	}
	return pod_add(engine, moment, workload, pod,
	    scenario__int(args, "ready_after", 0));
}

static json_t *
crash_container(const json_t *how, int64_t restarts, bool waiting)
{
	const char *name = scenario__text(how, "container");
	const char *reason = scenario__text(how, "reason");
	const char *message = scenario__text(how, "message");

	return json_pack("{s:s,s:s,s:s,s:s?,s:I,s:b,s:I}", "name",
	    name == NULL ? "main" : name, "state",
	    waiting ? "waiting" : "terminated", "reason",
	    waiting          ? "CrashLoopBackOff"
	    : reason == NULL ? "Error"
			     : reason,
	    "message", message, "exit_code",
	    (json_int_t)scenario__int(how, "exit_code", 1), "ready", 0,
	    "restarts", (json_int_t)restarts);
}

/* The container ends; unless back_off is false the pod waits for its turn. */
int
scenario__crash_pod(struct sst_engine *engine, struct scn_entity *workload,
    json_t *pod, const json_t *how)
{
	bool waiting = !json_is_false(json_object_get(how, "back_off"));
	int64_t restarts = scenario__int(pod, "restarts", 0) + 1;
	const char *reason = scenario__text(how, "reason");
	const char *message = scenario__text(how, "message");
	int bad;

	if (reason == NULL)
		reason = "Error";
	bad = scenario__put(
	    pod, "status", json_string(waiting ? "CrashLoopBackOff" : reason));
	bad |= scenario__put(pod, "phase", json_string("Running"));
	bad |= scenario__put(pod, "reason", json_string(reason));
	if (message != NULL)
		bad |= scenario__put(pod, "message", json_string(message));
	bad |= scenario__put(pod, "ready", json_false());
	bad |= scenario__put(pod, "restarts", json_integer(restarts));
	/* nobody measures a container that does not run */
	bad |= scenario__put(pod, "cpu", json_null());
	bad |= scenario__put(pod, "memory", json_null());
	bad |= scenario__put(pod, "containers",
	    json_pack("[o]", crash_container(how, restarts, waiting)));
	scenario__touch(&engine->world, SST_SECTION_WORKLOAD, workload);
	return bad != 0 ? SST_NOMEM : 0;
}

static int
pod_crash(
    struct sst_engine *engine, struct scn_moment *moment, const json_t *args)
{
	struct scn_entity *workload = pod_workload(engine, args);
	json_t *pod;

	(void)moment;
	if (workload == NULL)
		return 0;
	pod = scenario__find_pod(workload, scenario__text(args, "pod"));
	return pod == NULL ? 0
			   : scenario__crash_pod(engine, workload, pod, args);
}

static int
pod_delete(
    struct sst_engine *engine, struct scn_moment *moment, const json_t *args)
{
	struct scn_entity *workload = pod_workload(engine, args);
	json_t *pods, *pod;
	size_t i;

	(void)moment;
	if (workload == NULL)
		return 0;
	pods = json_object_get(workload->tree, "pods");
	pod = scenario__find_pod(workload, scenario__text(args, "pod"));
	for (i = 0; pod != NULL && i < json_array_size(pods); i++) {
		if (json_array_get(pods, i) != pod)
			continue;
		json_array_remove(pods, i);
		scenario__touch(&engine->world, SST_SECTION_WORKLOAD, workload);
		break;
	}
	return 0;
}

/* A new pod like the first one, under a name of its own. */
static json_t *
scale_pod(struct scn_entity *workload, struct scn_moment *moment)
{
	static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
	const json_t *pods = json_object_get(workload->tree, "pods");
	const json_t *first = json_array_get(pods, 0);
	char id[600], tail[6];
	size_t i;

	do {
		for (i = 0; i < 5; i++)
			tail[i] = letters[scenario__draw_int(
			    &moment->stream, 0, sizeof(letters) - 2)];
		tail[5] = '\0';
		snprintf(id, sizeof(id), "%.500s-%s",
		    scenario__text(workload->tree, "deployment_name"), tail);
	} while (scenario__find_pod(workload, id) != NULL);
	return json_pack("{s:s,s:O?,s:O?}", "pod_id", id, "cpu",
	    json_object_get(first, "cpu"), "memory",
	    json_object_get(first, "memory"));
}

static int
workload_scale(
    struct sst_engine *engine, struct scn_moment *moment, const json_t *args)
{
	struct scn_entity *workload = pod_workload(engine, args);
	int64_t want = scenario__int(args, "pods", 0);
	json_t *pods;
	int rc;

	if (workload == NULL)
		return 0;
	pods = json_object_get(workload->tree, "pods");
	rc = scenario__put(json_object_get(workload->tree, "live"),
	    "desired_pods", json_integer(want));
	scenario__touch(&engine->world, SST_SECTION_WORKLOAD, workload);
	while (rc == 0 && (int64_t)json_array_size(pods) > want)
		json_array_remove(pods, json_array_size(pods) - 1);
	while (rc == 0 && (int64_t)json_array_size(pods) < want &&
	       json_array_size(pods) < SCN_PODS_MAX)
		rc = pod_add(engine, moment, workload,
		    scale_pod(workload, moment),
		    scenario__int(args, "ready_after", 3000));
	return rc;
}

#define POD_FIELDS                                                   \
	{"deployment", SCN_NAME, SCN_REQUIRED | SCN_REF, NULL, NULL, \
	    SST_SECTION_WORKLOAD},                                   \
	{                                                            \
		"pod", SCN_NAME, SCN_REQUIRED, NULL, NULL, 0         \
	}

static const struct scn_field start_fields[] = {
    POD_FIELDS,
    {"cpu", SCN_REAL, SCN_NULL, NULL, NULL, 0},
    {"memory", SCN_REAL, SCN_NULL, NULL, NULL, 0},
    {"node", SCN_TEXT, SCN_NULL, NULL, NULL, 0},
    {"restarts", SCN_COUNT, 0, NULL, NULL, 0},
    {"ready_after", SCN_DURATION, 0, NULL, NULL, 0},
};
static const struct scn_field run_fields[] = {
    POD_FIELDS,
    {"cpu", SCN_REAL, SCN_NULL, NULL, NULL, 0},
    {"memory", SCN_REAL, SCN_NULL, NULL, NULL, 0},
};
static const struct scn_field crash_fields[] = {
    POD_FIELDS,
    {"reason", SCN_TEXT, 0, NULL, NULL, 0},
    {"message", SCN_TEXT, 0, NULL, NULL, 0},
    {"exit_code", SCN_INTEGER, 0, NULL, NULL, 0},
    {"container", SCN_NAME, 0, NULL, NULL, 0},
    {"back_off", SCN_BOOL, 0, NULL, NULL, 0},
};
static const struct scn_field delete_fields[] = {POD_FIELDS};
static const struct scn_field scale_fields[] = {
    {"deployment", SCN_NAME, SCN_REQUIRED | SCN_REF, NULL, NULL,
	SST_SECTION_WORKLOAD},
    {"pods", SCN_COUNT, SCN_REQUIRED, NULL, NULL, 0},
    {"ready_after", SCN_DURATION, 0, NULL, NULL, 0},
};

static const struct scn_shape start_shape = {
    "pod.start", SCN_FIELDS(start_fields)};
static const struct scn_shape run_shape = {"pod.run", SCN_FIELDS(run_fields)};
static const struct scn_shape crash_shape = {
    "pod.crash", SCN_FIELDS(crash_fields)};
static const struct scn_shape delete_shape = {
    "pod.delete", SCN_FIELDS(delete_fields)};
static const struct scn_shape scale_shape = {
    "workload.scale", SCN_FIELDS(scale_fields)};

const struct scn_op scenario__pod_ops[] = {
    {"pod.start", &start_shape, NULL, pod_start, false},
    {"pod.run", &run_shape, NULL, pod_run, false},
    {"pod.crash", &crash_shape, NULL, pod_crash, false},
    {"pod.delete", &delete_shape, NULL, pod_delete, false},
    {"workload.scale", &scale_shape, NULL, workload_scale, false},
    {NULL, NULL, NULL, NULL, false},
};
