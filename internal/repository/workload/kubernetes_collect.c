/*
 * One result: what the reflectors have brought. Only workloads that changed
 * since the last one are made anew.
 */
#include <string.h>

#include "repository/kube/tell.h"
#include "repository/workload/kubernetes_entity.h"
#include "repository/workload/kubernetes_priv.h"

/* A workload while the lock is not held: its texts live on until the next
 * collection. */
struct item {
	const char *parts[3];
	json_t *entity; /* NULL: as it was */
	bool exists;
};

/* False: there is no such workload. With entity NULL and dirty left set there
 * was no memory. */
static bool
collect_item(struct kubernetes *k, size_t i, bool anew, struct item *out)
{
	struct kubernetes_workload *w = NULL;

	memset(out, 0, sizeof(*out));
	sst_lock_acquire(&k->cluster.lock);
	if (i < k->store.workload_count)
		w = k->store.workloads[i];
	if (w != NULL && kubernetes__workload_exists(w)) {
		out->exists = true;
		out->parts[0] = w->namespace;
		out->parts[1] = w->kind;
		out->parts[2] = w->name;
		if (w->dirty || anew) {
			out->entity = kubernetes__entity(&k->store, w);
			w->dirty = out->entity == NULL;
		}
	}
	sst_lock_release(&k->cluster.lock);
	return w != NULL;
}

static int
collect_add(struct kubernetes *k, size_t i, struct item *item,
    struct sst_draft *out, struct sst_error *err)
{
	struct sst_error none;
	int code;

	if (item->entity == NULL) {
		code = sst_draft_keep(out, item->parts, 3, &none);
		if (code != SST_OK && code != SST_NOT_FOUND)
			*err = none;
		if (code != SST_NOT_FOUND)
			return code;
		/* left out the last time, or never made */
		collect_item(k, i, true, item);
		if (!item->exists)
			return SST_OK;
	}
	return sst_draft_add(out, item->entity, err);
}

static int
collect_entities(
    struct kubernetes *k, struct sst_draft *out, struct sst_error *err)
{
	struct item item;
	size_t i;
	int code;

	sst_lock_acquire(&k->cluster.lock);
	code = kubernetes__store_settle(&k->store, err);
	k->store.changed = false;
	sst_lock_release(&k->cluster.lock);
	for (i = 0; code == SST_OK && collect_item(k, i, false, &item); i++) {
		if (item.exists)
			code = collect_add(k, i, &item, out, err);
	}
	if (code != SST_OK && code != SST_LIMIT) {
		/* dropped with the draft: all of it is to be made again */
		sst_lock_acquire(&k->cluster.lock);
		kubernetes__store_touch_all(&k->store);
		sst_lock_release(&k->cluster.lock);
	}
	return code;
}

static void
collect_tell_gauge(
    struct kubernetes *k, size_t index, struct sst_kube_tell *tell)
{
	const struct kubernetes_gauge *gauge = &k->meter.gauges[index];
	char name[SST_KUBE_PART_NAME];
	struct sst_error err;
	bool polled;

	sst_kube_part_name(
	    "podmetrics", sst_kube_cluster_namespace(&k->cluster, index), name);
	if (!k->settings.metrics) {
		sst_kube_tell_add(tell, name, "disabled");
		return;
	}
	sst_lock_acquire(&k->cluster.lock);
	polled = gauge->polled;
	err = gauge->error;
	sst_lock_release(&k->cluster.lock);
	if (polled && err.code != SST_OK)
		sst_kube_tell_bad(tell, name, "cpu and memory in use", &err);
	else
		sst_kube_tell_add(tell, name, polled ? "ok" : "syncing");
}

static int
collect_tell(struct kubernetes *k, struct sst_draft *out, struct sst_error *err)
{
	struct sst_kube_tell tell;
	size_t i;

	sst_kube_tell_init(&tell, &k->cluster, out);
	for (i = 0; i < k->cluster.namespace_count; i++)
		collect_tell_gauge(k, i, &tell);
	return sst_kube_tell_end(&tell, err);
}

int
kubernetes__collect(struct kubernetes *k, const struct sst_collect *req,
    struct sst_draft *out, struct sst_error *err)
{
	int code, told;

	code = sst_kube_cluster_look(&k->cluster, req, err);
	if (code == SST_OK)
		code = collect_entities(k, out, err);
	if (code != SST_OK && code != SST_LIMIT)
		return code;
	told = collect_tell(k, out, err);
	k->cluster.delivered = true;
	return told != SST_OK ? told : code;
}
