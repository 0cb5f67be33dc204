#include "repository/workload/kubernetes_entity.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Pods of a workload, each in one of the three. */
struct tally {
	int64_t active, terminating, finished;
	int64_t ready; /* of the active ones */
};

/* All that goes into one entity. */
struct entity {
	const struct kubernetes_store *store;
	const struct kubernetes_workload *workload;
	const struct kubernetes_record *r;        /* of the control; NULL */
	const struct kubernetes_control *control; /* the same; NULL */
	bool pods_known;
	struct tally tally;
};

static bool
entity_known(const struct entity *e, enum kubernetes_resource resource)
{
	return kubernetes__store_known(
	    e->store, resource, e->workload->namespace);
}

static bool
entity_is(const struct entity *e, const char *kind)
{
	return strcmp(e->workload->kind, kind) == 0;
}

static bool
put(json_t *object, const char *member, json_t *value)
{
	return json_object_set_new(object, member, value) == 0;
}

static void
entity_tally(struct entity *e)
{
	const struct kubernetes_object *o;
	const struct kubernetes_pod *pod;

	for (o = e->workload->pods; o != NULL; o = o->next) {
		pod = &o->record->pod;
		if (pod->deleting) {
			e->tally.terminating++;
		} else if (pod->finished) {
			e->tally.finished++;
		} else {
			e->tally.active++;
			e->tally.ready += pod->ready == 1;
		}
	}
}

/* Of a CronJob: what its Jobs ask for together. */
static int64_t
entity_jobs_desired(const struct entity *e)
{
	const struct kubernetes_object *o;
	int64_t sum = 0;

	if (!entity_known(e, KUBERNETES_JOBS))
		return KUBERNETES_NONE;
	for (o = e->workload->others; o != NULL; o = o->next) {
		if (o->record->resource == KUBERNETES_JOBS)
			sum = kubernetes__sum(sum, o->record->control.desired);
	}
	return sum;
}

static int64_t
entity_active(const struct entity *e)
{
	if (e->pods_known)
		return e->tally.active;
	return e->control == NULL ? KUBERNETES_NONE : e->control->pods;
}

static int64_t
entity_ready(const struct entity *e)
{
	if (e->control != NULL && e->control->ready != KUBERNETES_NONE)
		return e->control->ready;
	return e->pods_known ? e->tally.ready : KUBERNETES_NONE;
}

static int64_t
entity_desired(const struct entity *e)
{
	if (entity_is(e, "CronJob"))
		return entity_jobs_desired(e);
	return e->control == NULL ? KUBERNETES_NONE : e->control->desired;
}

/* What these kinds have and others do not. */
static bool
entity_rolls(const struct entity *e)
{
	return entity_is(e, "Deployment") || entity_is(e, "StatefulSet") ||
	       entity_is(e, "DaemonSet");
}

static json_t *
entity_live(const struct entity *e)
{
	const struct kubernetes_control *c = e->control;
	json_t *live = json_object();
	bool good;

	good =
	    put(live, "active_pods",
		kubernetes__entity_count(entity_active(e))) &&
	    put(live, "ready_pods", kubernetes__entity_count(entity_ready(e)));
	if (!entity_is(e, "Pod"))
		good &= put(live, "desired_pods",
		    kubernetes__entity_count(entity_desired(e)));
	if (entity_rolls(e)) {
		good &= put(live, "available_pods",
		    kubernetes__entity_count(
			c == NULL ? KUBERNETES_NONE : c->available));
		good &= put(live, "updated_pods",
		    kubernetes__entity_count(
			c == NULL ? KUBERNETES_NONE : c->updated));
	}
	good &= put(live, "terminating_pods",
	    kubernetes__entity_count(
		e->pods_known ? e->tally.terminating : KUBERNETES_NONE));
	good &= put(live, "finished_pods",
	    kubernetes__entity_count(
		e->pods_known ? e->tally.finished : KUBERNETES_NONE));
	if (good)
		return live;
	json_decref(live);
	return NULL;
}

/* The autoscaler that lets it grow most, of several the first by name; how many
 * there are. */
static size_t
entity_autoscaler(const struct entity *e, const struct kubernetes_record **out)
{
	const struct kubernetes_object *o;
	const struct kubernetes_record *best = NULL, *r;
	size_t count = 0;

	for (o = e->workload->others; o != NULL; o = o->next) {
		r = o->record;
		if (r->resource != KUBERNETES_HPAS)
			continue;
		count++;
		if (best == NULL || r->hpa.max_pods > best->hpa.max_pods ||
		    (r->hpa.max_pods == best->hpa.max_pods &&
			strcmp(kubernetes__text(r, r->name),
			    kubernetes__text(best, best->name)) < 0))
			best = r;
	}
	*out = best;
	return count;
}

static bool
entity_add_autoscaler(json_t *out, const struct entity *e)
{
	const struct kubernetes_record *r;
	size_t count = entity_autoscaler(e, &r);
	json_t *hpa;

	if (count == 0) {
		/* others cannot have one; unknown is not none */
		if ((!entity_is(e, "Deployment") &&
			!entity_is(e, "StatefulSet")) ||
		    !entity_known(e, KUBERNETES_HPAS))
			return true;
		return put(out, "autoscaler", json_null());
	}
	hpa = json_pack("{s:o, s:o, s:o, s:o, s:o}", "name",
	    kubernetes__entity_text(r, r->name), "min_pods",
	    kubernetes__entity_count(r->hpa.min_pods), "max_pods",
	    kubernetes__entity_count(r->hpa.max_pods), "current_pods",
	    kubernetes__entity_count(r->hpa.current_pods), "desired_pods",
	    kubernetes__entity_count(r->hpa.desired_pods));
	if (count > 1 && !put(hpa, "conflicting", json_true())) {
		json_decref(hpa);
		return false;
	}
	return put(out, "autoscaler", hpa);
}

static const char *
entity_max_source(const struct entity *e)
{
	if (entity_is(e, "DaemonSet"))
		return "desired_number_scheduled";
	if (entity_is(e, "Job") || entity_is(e, "CronJob"))
		return "parallelism";
	return "replicas";
}

static bool
entity_add_max(json_t *out, const struct entity *e)
{
	const struct kubernetes_record *hpa;
	int64_t max = KUBERNETES_NONE;
	const char *source;

	if (entity_is(e, "Pod")) /* it is alone, and stays so */
		return put(out, "max_pods", json_integer(1));
	entity_autoscaler(e, &hpa);
	if (hpa != NULL && hpa->hpa.max_pods != KUBERNETES_NONE) {
		max = hpa->hpa.max_pods;
		source = "hpa";
	} else {
		if (e->control != NULL)
			max = e->control->max_pods;
		source =
		    max == KUBERNETES_NONE ? "unknown" : entity_max_source(e);
	}
	return put(out, "max_pods", kubernetes__entity_count(max)) &&
	       put(out, "max_pods_source", json_string(source));
}

/* Revision of the ReplicaSet that made the pod; KUBERNETES_NONE. */
static int64_t
entity_pod_revision(const struct entity *e, const struct kubernetes_record *pod)
{
	const struct kubernetes_object *o = kubernetes__store_find_uid(e->store,
	    KUBERNETES_REPLICASETS, kubernetes__text(pod, pod->owner_uid));
	const char *text;
	int64_t revision = 0;
	size_t i;

	if (o == NULL)
		return KUBERNETES_NONE;
	text = kubernetes__text(o->record, o->record->control.revision);
	for (i = 0; i < 18 && text[i] >= '0' && text[i] <= '9'; i++)
		revision = revision * 10 + (text[i] - '0');
	return i == 0 ? KUBERNETES_NONE : revision;
}

/* 2: works; 1: is being deleted; 0: has ended. */
static int
entity_pod_rank(const struct kubernetes_record *r)
{
	return r->pod.finished ? 0 : r->pod.deleting ? 1 : 2;
}

/* Whether a tells better what a pod may use: it lives, is of the newest
 * revision, was made last; then by name, so that it is always the same. */
static bool
entity_pod_better(const struct entity *e, const struct kubernetes_record *a,
    const struct kubernetes_record *b)
{
	int64_t x = entity_pod_rank(a), y = entity_pod_rank(b);

	if (x == y) {
		x = entity_pod_revision(e, a);
		y = entity_pod_revision(e, b);
	}
	if (x == y) {
		x = a->created_ms;
		y = b->created_ms;
	}
	if (x != y)
		return x > y;
	return strcmp(kubernetes__text(a, a->name),
		   kubernetes__text(b, b->name)) < 0;
}

static const struct kubernetes_record *
entity_newest_pod(const struct entity *e)
{
	const struct kubernetes_record *best = NULL;
	const struct kubernetes_object *o;

	for (o = e->workload->pods; o != NULL; o = o->next) {
		if (best == NULL || entity_pod_better(e, o->record, best))
			best = o->record;
	}
	return best;
}

static bool
entity_listed(const json_t *list, const char *text)
{
	size_t i;

	for (i = 0; i < json_array_size(list); i++) {
		if (strcmp(json_string_value(json_array_get(list, i)), text) ==
		    0)
			return true;
	}
	return false;
}

/* Each text once, whatever the server says: at most a hundred. */
static json_t *
entity_list(
    const struct kubernetes_record *r, const struct kubernetes_list *list)
{
	const char *text = kubernetes__text(r, list->at);
	json_t *out = json_array();
	uint32_t i;

	for (i = 0; i < list->count; i++) {
		if (!entity_listed(out, text) &&
		    json_array_append_new(out, json_string(text)) != 0) {
			json_decref(out);
			return NULL;
		}
		text += strlen(text) + 1;
	}
	return out;
}

static json_t *
entity_quantity(int64_t value, void (*form)(int64_t, char out[static 32]))
{
	char text[32];

	if (value == KUBERNETES_NONE)
		return json_null();
	form(value, text);
	return json_string(text);
}

/* A running pod knows what defaults and injected sidecars made of the
 * template. */
static bool
entity_add_limits(json_t *out, const struct entity *e)
{
	const struct kubernetes_record *pod = entity_newest_pod(e);
	const struct kubernetes_record *from = pod != NULL ? pod : e->r;
	const struct kubernetes_limits *limits;

	if (from == NULL)
		return put(out, "pod_max_ram", json_null()) &&
		       put(out, "pod_max_cpu", json_null());
	limits = pod != NULL ? &pod->pod.limits : &e->control->limits;
	if (limits->unlimited.count > 0 &&
	    !put(out, "unlimited_containers",
		entity_list(from, &limits->unlimited)))
		return false;
	return put(out, "pod_max_ram",
		   entity_quantity(
		       limits->memory_bytes, kubernetes__quantity_memory)) &&
	       put(out, "pod_max_cpu",
		   entity_quantity(
		       limits->cpu_nano, kubernetes__quantity_cpu)) &&
	       put(out, "pod_limits_source",
		   json_string(pod != NULL ? "pod" : "template"));
}

static int64_t
entity_newest_replicaset(const struct entity *e)
{
	const struct kubernetes_object *o;
	int64_t newest = KUBERNETES_NONE;

	for (o = e->workload->others; o != NULL; o = o->next) {
		if (o->record->resource == KUBERNETES_REPLICASETS &&
		    o->record->created_ms > newest)
			newest = o->record->created_ms;
	}
	return newest;
}

static bool
entity_add_rollout(json_t *out, const struct entity *e)
{
	static const char *const states[] = {
	    [KUBERNETES_ROLLOUT_COMPLETE] = "complete",
	    [KUBERNETES_ROLLOUT_PROGRESSING] = "progressing",
	    [KUBERNETES_ROLLOUT_STUCK] = "stuck",
	    [KUBERNETES_ROLLOUT_PAUSED] = "paused",
	    [KUBERNETES_ROLLOUT_UNKNOWN] = "unknown",
	};
	const struct kubernetes_control *c = e->control;
	int64_t changed;

	if (c == NULL || c->rollout == KUBERNETES_ROLLOUT_NONE)
		return true;
	changed = c->changed_ms != KUBERNETES_NONE
		      ? c->changed_ms
		      : entity_newest_replicaset(e);
	return put(out, "rollout",
	    json_pack("{s:s, s:o, s:o, s:o, s:o}", "state", states[c->rollout],
		"reason", kubernetes__entity_text(e->r, c->rollout_reason),
		"message", kubernetes__entity_text(e->r, c->rollout_message),
		"revision", kubernetes__entity_text(e->r, c->revision),
		"changed_at", kubernetes__entity_time(changed)));
}

static bool
entity_add_uid(json_t *out, const struct entity *e)
{
	const struct kubernetes_record *r = e->r;

	if (r == NULL && entity_is(e, "Pod") && e->workload->pods != NULL)
		r = e->workload->pods->record;
	if (r == NULL || r->uid == 0)
		return true;
	return put(out, "uid", kubernetes__entity_text(r, r->uid));
}

static bool
entity_add_pods(json_t *out, const struct entity *e)
{
	const struct kubernetes_object *o;
	json_t *pods = json_array();

	if (!put(out, "pods", pods))
		return false;
	for (o = e->workload->pods; o != NULL; o = o->next) {
		if (json_array_append_new(pods, kubernetes__entity_pod(o)) != 0)
			return false;
	}
	return true;
}

static bool
entity_fill(json_t *out, const struct entity *e)
{
	return put(out, "live", entity_live(e)) && entity_add_max(out, e) &&
	       entity_add_autoscaler(out, e) && entity_add_limits(out, e) &&
	       entity_add_rollout(out, e) && entity_add_uid(out, e) &&
	       (e->control == NULL ||
		   put(out, "images",
		       entity_list(e->r, &e->control->images))) &&
	       entity_add_pods(out, e);
}

json_t *
kubernetes__entity(const struct kubernetes_store *store,
    const struct kubernetes_workload *workload)
{
	struct entity e = {.store = store, .workload = workload};
	json_t *out;

	if (workload->control != NULL) {
		e.r = workload->control->record;
		e.control = &e.r->control;
	}
	e.pods_known = entity_known(&e, KUBERNETES_PODS);
	entity_tally(&e);
	out = json_pack("{s:s, s:s, s:s}", "deployment_name", workload->name,
	    "namespace", workload->namespace, "kind", workload->kind);
	if (out != NULL && entity_fill(out, &e))
		return out;
	json_decref(out);
	return NULL;
}

void
kubernetes__quantity_cpu(int64_t nano, char out[static 32])
{
	static const char *const suffixes[] = {
	    "n", "u", "m", "", "k", "M", "G"};
	size_t i = 0;

	while (nano != 0 && nano % 1000 == 0 &&
	       i + 1 < sizeof(suffixes) / sizeof(suffixes[0])) {
		nano /= 1000;
		i++;
	}
	snprintf(out, 32, "%" PRId64 "%s", nano, nano == 0 ? "" : suffixes[i]);
}

/* In powers of 1024 when it is whole so, else in those of 1000. */
void
kubernetes__quantity_memory(int64_t bytes, char out[static 32])
{
	static const char *const binary[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi"};
	static const char *const decimal[] = {"", "k", "M", "G", "T", "P"};
	const char *const *suffixes = bytes % 1024 == 0 ? binary : decimal;
	int64_t step = bytes % 1024 == 0 ? 1024 : 1000;
	size_t i = 0;

	while (bytes != 0 && bytes % step == 0 && i < 5) {
		bytes /= step;
		i++;
	}
	snprintf(out, 32, "%" PRId64 "%s", bytes, suffixes[i]);
}
