#include "repository/agents/kubernetes_record.h"

#include <stdlib.h>
#include <string.h>

const char *
agentkube__kind_name(enum agentkube_kind kind)
{
	static const char *const names[] = {
	    [AGENTKUBE_DEPLOYMENTS] = "Deployment",
	    [AGENTKUBE_STATEFULSETS] = "StatefulSet",
	    [AGENTKUBE_DAEMONSETS] = "DaemonSet",
	};

	return names[kind];
}

const char *
agentkube__note_name(enum agentkube_note note)
{
	static const char *const names[] = {
	    [AGENTKUBE_AGENT] = "agent",
	    [AGENTKUBE_DESCRIPTION] = "description",
	    [AGENTKUBE_MAX] = "max-parallel-invocations",
	    [AGENTKUBE_MODELS] = "models",
	};

	return names[note];
}

struct agentkube_record *
agentkube__record_acquire(struct agentkube_record *record)
{
	sst_ref_acquire(&record->ref);
	return record;
}

void
agentkube__record_release(struct agentkube_record **record)
{
	struct agentkube_record *r = *record;
	size_t i;

	*record = NULL;
	if (r == NULL || !sst_ref_release(&r->ref))
		return;
	for (i = 0; i < r->model_count; i++)
		free(r->models[i]);
	free(r->models);
	free(r->namespace);
	free(r->workload);
	free(r->name);
	free(r->description);
	free(r);
}

int
agentkube__record_compare(
    const struct agentkube_record *a, const struct agentkube_record *b)
{
	int c = strcmp(a->namespace, b->namespace);

	return c != 0 ? c : strcmp(a->workload, b->workload);
}

static bool
text_same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool
agentkube__record_same(
    const struct agentkube_record *a, const struct agentkube_record *b)
{
	size_t i;

	if (agentkube__record_compare(a, b) != 0 ||
	    !text_same(a->name, b->name) ||
	    !text_same(a->description, b->description) ||
	    a->max_parallel != b->max_parallel ||
	    a->model_count != b->model_count || a->status != b->status ||
	    memcmp(a->faults, b->faults, sizeof(a->faults)) != 0)
		return false;
	for (i = 0; i < a->model_count; i++) {
		if (strcmp(a->models[i], b->models[i]) != 0)
			return false;
	}
	return true;
}

json_t *
agentkube__entity(const struct agentkube_record *r)
{
	json_t *models = json_array();
	size_t i;

	for (i = 0; i < r->model_count; i++) {
		if (json_array_append_new(models, json_string(r->models[i])) !=
		    0) {
			json_decref(models);
			return NULL;
		}
	}
	return json_pack("{s:s, s:s, s:o, s:s, s:o, s:{s:n}, s:s, s:s}", "name",
	    r->name, "description",
	    r->description != NULL ? r->description : "",
	    "max_parallel_invocations",
	    r->max_parallel < 0 ? json_null() : json_integer(r->max_parallel),
	    "deployment_name", r->workload, "models", models, "activity",
	    "active_task_ids", "namespace", r->namespace, "status", r->status);
}
