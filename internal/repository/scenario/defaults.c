/* What a scenario may leave out, and how entities are named. */
#include "repository/scenario/plan.h"

#include <string.h>

#include "base/buf.h"

#define NOW "\001T0" /* the instant the world begins, see read.c */

bool
scenario__is_called(
    enum sst_section_id section, const json_t *entity, const char *name)
{
	static const char *const members[SST_SECTION_COUNT][2] = {
	    [SST_SECTION_AGENTS] = {"name", NULL},
	    [SST_SECTION_WORKLOAD] = {"deployment_name", "namespace"},
	    [SST_SECTION_QUEUES] = {"name", "system"},
	    [SST_SECTION_LITELLM] = {"deployment_id", NULL},
	};
	const char *own, *outer = NULL;
	size_t len;

	own = json_string_value(json_object_get(entity, members[section][0]));
	if (own == NULL)
		return false;
	if (strcmp(own, name) == 0)
		return true;
	if (members[section][1] != NULL)
		outer = json_string_value(
		    json_object_get(entity, members[section][1]));
	if (outer == NULL)
		return false;
	len = strlen(outer);
	return strncmp(name, outer, len) == 0 && name[len] == '/' &&
	       strcmp(name + len + 1, own) == 0;
}

/* Adds the member unless it is there; takes value over. */
static int
defaults_put(json_t *object, const char *key, json_t *value)
{
	if (json_object_get(object, key) == NULL)
		return json_object_set_new(object, key, value) == 0 ? 0
								    : SST_NOMEM;
	json_decref(value);
	return 0;
}

static int
defaults_agent(json_t *agent)
{
	json_t *activity, *task;
	size_t i;
	int bad = 0;

	bad |= defaults_put(agent, "description", json_string(""));
	bad |= defaults_put(agent, "max_parallel_invocations", json_null());
	bad |= defaults_put(agent, "deployment_name", json_null());
	bad |= defaults_put(agent, "models", json_array());
	bad |= defaults_put(agent, "activity", json_object());
	activity = json_object_get(agent, "activity");
	bad |= defaults_put(activity, "active_task_ids", json_array());
	activity = json_object_get(activity, "active_task_ids");
	for (i = 0; i < json_array_size(activity); i++) {
		task = json_array_get(activity, i);
		bad |= defaults_put(task, "started_on", json_string(NOW));
		bad |= defaults_put(task, "status", json_string("running"));
	}
	return bad != 0 ? SST_NOMEM : 0;
}

static int
defaults_workload(json_t *workload)
{
	json_t *pods, *pod;
	size_t i;
	int bad = 0;

	bad |= defaults_put(workload, "max_pods", json_null());
	bad |= defaults_put(workload, "pod_max_ram", json_null());
	bad |= defaults_put(workload, "pod_max_cpu", json_null());
	bad |= defaults_put(workload, "live", json_object());
	bad |= defaults_put(workload, "pods", json_array());
	bad |= defaults_put(workload, "namespace", json_string(""));
	bad |= defaults_put(workload, "kind", json_string("Deployment"));
	pods = json_object_get(workload, "pods");
	for (i = 0; i < json_array_size(pods); i++) {
		pod = json_array_get(pods, i);
		bad |= defaults_put(pod, "cpu", json_null());
		bad |= defaults_put(pod, "memory", json_null());
		bad |= defaults_put(pod, "status", json_string("Running"));
	}
	return bad != 0 ? SST_NOMEM : 0;
}

static int
defaults_queue(json_t *queue)
{
	json_t *tasks, *task;
	size_t i;
	int bad = 0;

	bad |= defaults_put(queue, "tasks", json_array());
	bad |= defaults_put(queue, "system", json_string("mock"));
	bad |= defaults_put(queue, "consumers", json_null());
	tasks = json_object_get(queue, "tasks");
	for (i = 0; i < json_array_size(tasks); i++) {
		task = json_array_get(tasks, i);
		bad |= defaults_put(
		    task, "priority", json_pack("{s:s}", "level", "normal"));
		bad |= defaults_put(task, "submitted_at", json_string(NOW));
		bad |= defaults_put(task, "status", json_string("queued"));
	}
	return bad != 0 ? SST_NOMEM : 0;
}

static int
defaults_model(json_t *model)
{
	static const char *const unknown[] = {
	    "tpm", "rpm", "tpm_max", "rpm_max"};
	size_t i;
	int bad = 0;

	for (i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		bad |= defaults_put(model, unknown[i], json_null());
	bad |= defaults_put(model, "payment_type", json_string("unknown"));
	bad |= defaults_put(model, "deployment_id",
	    json_incref(json_object_get(model, "model")));
	bad |= defaults_put(model, "status", json_string("unknown"));
	return bad != 0 ? SST_NOMEM : 0;
}

int
scenario__defaults(enum sst_section_id section, json_t *entity)
{
	switch (section) {
	case SST_SECTION_AGENTS:
		return defaults_agent(entity);
	case SST_SECTION_WORKLOAD:
		return defaults_workload(entity);
	case SST_SECTION_QUEUES:
		return defaults_queue(entity);
	default:
		return defaults_model(entity);
	}
}

char *
scenario__key(enum sst_section_id section, const json_t *entity)
{
	static const char *const members[SST_SECTION_COUNT][3] = {
	    [SST_SECTION_AGENTS] = {"name", NULL, NULL},
	    [SST_SECTION_WORKLOAD] = {"namespace", "kind", "deployment_name"},
	    [SST_SECTION_QUEUES] = {"system", "name", NULL},
	    [SST_SECTION_LITELLM] = {"deployment_id", NULL, NULL},
	};
	struct sst_buf key = SST_BUF_INIT;
	const char *part;
	size_t i;

	sst_buf_addf(&key, "\002%d", (int)section);
	for (i = 0; i < 3 && members[section][i] != NULL; i++) {
		part = json_string_value(
		    json_object_get(entity, members[section][i]));
		sst_buf_addf(&key, "\002%s", part == NULL ? "" : part);
	}
	return sst_buf_take(&key, NULL);
}
