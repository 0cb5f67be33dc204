/* What a reflector brings goes into the store, on the reflector's thread. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/workload/kubernetes_parse.h"
#include "repository/workload/kubernetes_priv.h"

/* An object of etcd has 1.5 MB at most, unless somebody raised that. */
enum { PART_OBJECT_BYTES = 4 * 1024 * 1024 };

static const struct {
	const char *group;
	bool metadata_only;
} part_resources[] = {
    [KUBERNETES_PODS] = {"/api/v1", false},
    [KUBERNETES_DEPLOYMENTS] = {"/apis/apps/v1", false},
    [KUBERNETES_REPLICASETS] = {"/apis/apps/v1", true},
    [KUBERNETES_STATEFULSETS] = {"/apis/apps/v1", false},
    [KUBERNETES_DAEMONSETS] = {"/apis/apps/v1", false},
    [KUBERNETES_JOBS] = {"/apis/batch/v1", false},
    [KUBERNETES_CRONJOBS] = {"/apis/batch/v1", false},
    [KUBERNETES_HPAS] = {"/apis/autoscaling/v1", false},
};

/* Ends a probe: somebody spoke. */
static void
part_wake(struct kubernetes *k)
{
	if (atomic_load(&k->probing))
		sst_kube_http_interrupt(k->probe);
	k->notify(k->notify_ctx);
}

static void
part_on_begin(void *ctx)
{
	struct kubernetes_part *part = ctx;
	struct kubernetes *k = part->k;

	sst_lock_acquire(&k->lock);
	part->listing = true;
	part->rejected = 0;
	kubernetes__store_begin(&k->store, part->feed);
	sst_lock_release(&k->lock);
}

static int
part_rejected(struct kubernetes_part *part, const struct sst_error *err)
{
	sst_lock_acquire(&part->k->lock);
	if (part->rejected++ == 0)
		part->first_reject = *err;
	sst_lock_release(&part->k->lock);
	return err->code;
}

static int
part_on_object(enum sst_kube_event event, const char *json, size_t len,
    void *ctx, struct sst_error *err)
{
	struct kubernetes_record *record = NULL;
	struct kubernetes_part *part = ctx;
	struct kubernetes *k = part->k;
	bool changed, known;
	int code;

	code = kubernetes__parse(part->resource, json, len, &record, err);
	if (code != SST_OK)
		return part_rejected(part, err);
	sst_lock_acquire(&k->lock);
	if (event == SST_KUBE_DELETED)
		kubernetes__store_drop(&k->store, record);
	else
		code =
		    kubernetes__store_put(&k->store, part->feed, record, err);
	changed = k->store.changed;
	known = k->store.feeds[part->feed].known;
	sst_lock_release(&k->lock);
	if (event == SST_KUBE_DELETED)
		free(record);
	if (code != SST_OK)
		return part_rejected(part, err);
	/* of a list when it is whole */
	if (changed && known && event != SST_KUBE_LISTED)
		part_wake(k);
	return SST_OK;
}

static void
part_on_synced(void *ctx)
{
	struct kubernetes_part *part = ctx;
	struct kubernetes *k = part->k;
	bool changed;

	sst_lock_acquire(&k->lock);
	kubernetes__store_synced(&k->store, part->feed);
	part->listing = false;
	part->synced++;
	if (part->resource == KUBERNETES_PODS) {
		k->meter.wanted = true;
		pthread_cond_signal(&k->meter.wake);
	}
	changed = k->store.changed;
	sst_lock_release(&k->lock);
	if (changed)
		part_wake(k);
}

static void
part_on_abandoned(void *ctx)
{
	struct kubernetes_part *part = ctx;

	sst_lock_acquire(&part->k->lock);
	part->listing = false;
	sst_lock_release(&part->k->lock);
}

static void
part_on_changed(void *ctx)
{
	struct kubernetes_part *part = ctx;

	part_wake(part->k);
}

static int
part_make(struct kubernetes_part *part, struct sst_error *err)
{
	struct kubernetes *k = part->k;
	struct sst_kube_reflector_settings settings = {
	    .access = k->access,
	    .turn = k->turn,
	    .clock = k->clock,
	    .group = part_resources[part->resource].group,
	    .resource = kubernetes__resource_name(part->resource),
	    .namespace = part->namespace,
	    .metadata_only = part_resources[part->resource].metadata_only,
	    .max_object_bytes = PART_OBJECT_BYTES < k->max_bytes
				    ? PART_OBJECT_BYTES
				    : k->max_bytes,
	    .seed = k->seed + (uint32_t)part->feed,
	    .sink = {part_on_begin, part_on_object, part_on_synced,
		part_on_abandoned, part_on_changed, part},
	};

	if (part->beta)
		settings.group = "/apis/batch/v1beta1";
	return sst_kube_reflector_new(&settings, &part->reflector, err);
}

int
kubernetes__part_open(struct kubernetes *k, size_t index, struct sst_error *err)
{
	struct kubernetes_part *part = &k->parts[index];
	size_t namespace = index / KUBERNETES_RESOURCES;

	memset(part, 0, sizeof(*part));
	part->k = k;
	part->feed = index;
	part->resource =
	    (enum kubernetes_resource)(index % KUBERNETES_RESOURCES);
	if (namespace < k->namespaces.count)
		part->namespace = k->namespaces.items[namespace];
	return part_make(part, err);
}

void
kubernetes__part_name(
    const char *resource, const char *namespace, char out[static 300])
{
	if (namespace == NULL)
		snprintf(out, 300, "%s", resource);
	else
		snprintf(out, 300, "%s (%s)", resource, namespace);
}

bool
kubernetes__refused(const struct sst_error *err)
{
	/* a kubeconfig that is not there is another thing not found */
	return err->code == SST_FORBIDDEN ||
	       (err->code == SST_NOT_FOUND && err->detail == 404);
}

int
kubernetes__part_adapt(struct kubernetes_part *part,
    const struct sst_kube_reflector_view *view, struct sst_error *err)
{
	int code;

	if (part->resource != KUBERNETES_CRONJOBS ||
	    view->state != SST_KUBE_FAILING ||
	    view->error.code != SST_NOT_FOUND || view->error.detail != 404)
		return SST_OK;
	/* neither is there: the first one is asked for again by itself */
	if (!part->beta && part->beta_tried)
		return SST_OK;
	sst_kube_reflector_ask_stop(part->reflector);
	sst_kube_reflector_join(part->reflector);
	sst_kube_reflector_free(&part->reflector);
	part->beta = !part->beta;
	part->beta_tried = true;
	code = part_make(part, err);
	if (code == SST_OK)
		code = sst_kube_reflector_start(part->reflector, err);
	return code;
}

void
kubernetes__part_age(struct kubernetes_part *part,
    const struct sst_kube_reflector_view *view, struct sst_mono now)
{
	bool refused = view->state == SST_KUBE_FAILING &&
		       kubernetes__refused(&view->error);
	struct kubernetes *k = part->k;

	sst_lock_acquire(&k->lock);
	if (!refused || !part->refused_known ||
	    part->refused_synced != part->synced) {
		part->refused_known = refused;
		part->refused_synced = part->synced;
		part->refused = now;
	} else if (!part->listing && k->store.feeds[part->feed].known &&
		   sst_mono_diff_ms(now, part->refused) >=
		       KUBERNETES_FORGET_MS) {
		kubernetes__store_forget(&k->store, part->feed);
	}
	sst_lock_release(&k->lock);
}
