/*
 * What of the cluster can be read and what cannot, with the reason: all of it
 * in sources[].upstream, the first of it as the flaw of the source, in the
 * order of how much depends on it.
 */
#include <stdio.h>
#include <string.h>

#include "repository/workload/kubernetes_priv.h"

enum { TELL_REASON = 300 }; /* bytes of a reason in the flaw */

/* What is not known when this is not read. */
static const char *const tell_missing[] = {
    [KUBERNETES_PODS] = "pods; live counts are those of the controllers",
    [KUBERNETES_DEPLOYMENTS] = "replicas, roll-outs and images of Deployments",
    [KUBERNETES_REPLICASETS] = "which pods are whose, but by name",
    [KUBERNETES_STATEFULSETS] = "replicas and roll-outs of StatefulSets",
    [KUBERNETES_DAEMONSETS] = "DaemonSets without pods, their roll-outs",
    [KUBERNETES_JOBS] = "which pods are of which CronJob, but by name",
    [KUBERNETES_CRONJOBS] = "CronJobs without Jobs",
    [KUBERNETES_HPAS] = "autoscalers; max_pods is spec.replicas",
};

/* Of one collection. */
struct tell {
	struct sst_draft *out;
	json_t *parts;
	struct sst_error first; /* the flaw; SST_OK: none */
	char first_name[300];
	const char *first_missing;
	size_t bad;
	bool failed; /* no memory */
};

static const char *
tell_state(const struct sst_error *err)
{
	switch (err->code) {
	case SST_FORBIDDEN:
	case SST_UNAUTHORIZED:
		return "forbidden";
	case SST_NOT_FOUND:
		return err->detail == 404 ? "unsupported" : "failing";
	default:
		return "failing";
	}
}

static void
tell_part(struct tell *t, const char *name, const char *state,
    const struct sst_error *err)
{
	json_t *part =
	    json_pack("{s:s, s:s, s:o}", "name", name, "state", state, "reason",
		err == NULL ? json_null() : json_string(err->text));

	if (json_array_append_new(t->parts, part) != 0)
		t->failed = true;
}

static void
tell_bad(struct tell *t, const char *name, const char *missing,
    const struct sst_error *err)
{
	tell_part(t, name, tell_state(err), err);
	if (t->bad++ > 0)
		return;
	t->first = *err;
	t->first_missing = missing;
	snprintf(t->first_name, sizeof(t->first_name), "%s", name);
}

static void
tell_reflector(struct tell *t, const struct kubernetes_part *part,
    const struct sst_kube_reflector_view *view)
{
	char name[300];

	kubernetes__part_name(
	    kubernetes__resource_name(part->resource), part->namespace, name);
	if (view->state == SST_KUBE_FAILING)
		tell_bad(t, name, tell_missing[part->resource], &view->error);
	else
		tell_part(t, name,
		    view->state == SST_KUBE_STARTING ? "syncing" : "ok", NULL);
}

static void
tell_gauge(struct tell *t, struct kubernetes *k, size_t index)
{
	const struct kubernetes_gauge *gauge = &k->meter.gauges[index];
	const char *namespace =
	    k->namespaces.count == 0 ? NULL : k->namespaces.items[index];
	struct sst_error err;
	char name[300];
	bool polled;

	kubernetes__part_name("podmetrics", namespace, name);
	if (!k->metrics) {
		tell_part(t, name, "disabled", NULL);
		return;
	}
	sst_lock_acquire(&k->lock);
	polled = gauge->polled;
	err = gauge->error;
	sst_lock_release(&k->lock);
	if (polled && err.code != SST_OK)
		tell_bad(t, name, "cpu and memory in use", &err);
	else
		tell_part(t, name, polled ? "ok" : "syncing", NULL);
}

/* Resource by resource, so that the first flaw is the gravest. */
static void
tell_all(struct tell *t, struct kubernetes *k)
{
	size_t r, i, n = k->store.namespace_count;

	for (r = 0; r < KUBERNETES_RESOURCES; r++) {
		for (i = r; i < k->part_count; i += KUBERNETES_RESOURCES)
			tell_reflector(t, &k->parts[i], &k->views[i]);
	}
	for (i = 0; i < n; i++)
		tell_gauge(t, k, i);
}

static void
tell_flaw(const struct tell *t)
{
	char more[64] = "";

	if (t->bad == 0)
		return;
	if (t->bad > 1)
		snprintf(more, sizeof(more),
		    "; and %zu more, see upstream.parts", t->bad - 1);
	sst_draft_degrade(t->out, t->first.code, "%s: %.*s; not known: %s%s",
	    t->first_name, TELL_REASON, t->first.text, t->first_missing, more);
}

/* Objects that are there and could not be read. */
static void
tell_rejected(struct kubernetes *k, struct sst_draft *out)
{
	struct kubernetes_part *part;
	struct sst_error first;
	size_t i, count;
	char name[300];

	for (i = 0; i < k->part_count; i++) {
		part = &k->parts[i];
		sst_lock_acquire(&k->lock);
		count = part->rejected;
		first = part->first_reject;
		sst_lock_release(&k->lock);
		kubernetes__part_name(kubernetes__resource_name(part->resource),
		    part->namespace, name);
		for (; count > 0; count--)
			sst_draft_reject(out, name, first.text);
	}
}

int
kubernetes__tell(
    struct kubernetes *k, struct sst_draft *out, struct sst_error *err)
{
	struct tell t = {.out = out, .parts = json_array()};
	json_t *upstream;

	if (t.parts == NULL)
		return sst_error_nomem(err);
	tell_all(&t, k);
	if (t.failed) {
		json_decref(t.parts);
		return sst_error_nomem(err);
	}
	tell_flaw(&t);
	tell_rejected(k, out);
	upstream = json_pack("{s:s, s:s?, s:o}", "status",
	    t.bad == 0 ? "ok" : "degraded", "version", k->version, "parts",
	    t.parts);
	if (upstream == NULL)
		return sst_error_nomem(err);
	return sst_draft_upstream(out, upstream, err);
}
