#include "repository/workload/kubernetes_entity.h"

#include <string.h>

#include "base/time.h"

json_t *
kubernetes__entity_text(const struct kubernetes_record *record, uint32_t at)
{
	return at == 0 ? json_null()
		       : json_string(kubernetes__text(record, at));
}

json_t *
kubernetes__entity_count(int64_t value)
{
	return value == KUBERNETES_NONE ? json_null() : json_integer(value);
}

json_t *
kubernetes__entity_time(int64_t ms)
{
	char text[SST_TIME_TEXT];

	if (ms == KUBERNETES_NONE)
		return json_null();
	sst_time_format_utc(ms, false, text);
	return json_string(text);
}

static json_t *
entity_flag(int64_t value)
{
	return value == KUBERNETES_NONE ? json_null()
					: json_boolean(value != 0);
}

static json_t *
entity_end(const struct kubernetes_record *r, const struct kubernetes_end *end)
{
	if (end->exit_code == KUBERNETES_NONE)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o}", "reason",
	    kubernetes__entity_text(r, end->reason), "exit_code",
	    kubernetes__entity_count(end->exit_code), "signal",
	    kubernetes__entity_count(end->signal), "finished_at",
	    kubernetes__entity_time(end->finished_ms));
}

static json_t *
entity_container(
    const struct kubernetes_record *r, const struct kubernetes_container *c)
{
	static const char *const states[] = {
	    [KUBERNETES_WAITING] = "waiting",
	    [KUBERNETES_RUNNING] = "running",
	    [KUBERNETES_TERMINATED] = "terminated",
	};
	const struct kubernetes_end *end =
	    c->now.exit_code != KUBERNETES_NONE ? &c->now : &c->last;

	return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
	    "name", kubernetes__entity_text(r, c->name), "state",
	    states[c->state], "reason", kubernetes__entity_text(r, c->reason),
	    "message", kubernetes__entity_text(r, c->message), "exit_code",
	    kubernetes__entity_count(end->exit_code), "signal",
	    kubernetes__entity_count(end->signal), "ready",
	    entity_flag(c->ready), "restarts",
	    kubernetes__entity_count(c->restarts), "last",
	    entity_end(r, &c->last));
}

static bool
entity_add_containers(json_t *pod, const struct kubernetes_record *r)
{
	const struct kubernetes_container *list = kubernetes__containers(r);
	json_t *out;
	uint32_t i;

	if (r->container_count == 0)
		return true;
	out = json_array();
	if (json_object_set_new(pod, "containers", out) != 0)
		return false;
	for (i = 0; i < r->container_count; i++) {
		if (json_array_append_new(out, entity_container(r, &list[i])) !=
		    0)
			return false;
	}
	return true;
}

/* One of those that the schema knows. */
static bool
entity_add_phase(json_t *pod, const struct kubernetes_record *r)
{
	static const char *const phases[] = {
	    "Pending", "Running", "Succeeded", "Failed", "Unknown"};
	const char *text = kubernetes__text(r, r->pod.phase);
	size_t i;

	for (i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
		if (strcmp(phases[i], text) == 0)
			return json_object_set_new(
				   pod, "phase", json_string(text)) == 0;
	}
	return true;
}

static bool
entity_add_usage(json_t *pod, const struct kubernetes_object *o)
{
	json_t *cpu = json_null(), *memory = json_null();

	if (o->cpu_nano != KUBERNETES_NONE)
		cpu = json_real((double)o->cpu_nano / 1e9);
	if (o->memory_bytes != KUBERNETES_NONE)
		memory = json_real((double)o->memory_bytes / 1048576.0);
	return json_object_set_new(pod, "cpu", cpu) == 0 &&
	       json_object_set_new(pod, "memory", memory) == 0 &&
	       json_object_set_new(pod, "memory_bytes",
		   kubernetes__entity_count(o->memory_bytes)) == 0;
}

static json_t *
entity_pod_facts(const struct kubernetes_record *r)
{
	const struct kubernetes_pod *pod = &r->pod;

	return json_pack(
	    "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
	    "pod_id", kubernetes__entity_text(r, r->name), "status",
	    kubernetes__entity_text(r, pod->status), "uid",
	    r->uid == 0 ? json_string("") : kubernetes__entity_text(r, r->uid),
	    "node", kubernetes__entity_text(r, pod->node), "reason",
	    kubernetes__entity_text(r, pod->reason), "message",
	    kubernetes__entity_text(r, pod->message), "ready",
	    entity_flag(pod->ready), "containers_ready",
	    kubernetes__entity_count(pod->ready_containers), "containers_total",
	    kubernetes__entity_count(pod->total_containers), "restarts",
	    kubernetes__entity_count(pod->restarts), "last_restart_at",
	    kubernetes__entity_time(pod->last_restart_ms), "started_at",
	    kubernetes__entity_time(pod->started_ms));
}

json_t *
kubernetes__entity_pod(const struct kubernetes_object *pod)
{
	const struct kubernetes_record *r = pod->record;
	json_t *out = entity_pod_facts(r);

	if (out != NULL && entity_add_usage(out, pod) &&
	    entity_add_phase(out, r) && entity_add_containers(out, r))
		return out;
	json_decref(out);
	return NULL;
}
