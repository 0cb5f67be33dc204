#include "repository/kube/part.h"

#include <string.h>

#include "repository/kube/cluster_priv.h"

/* Refused for so long, and not listed since: what we hold of it is a memory. A
 * cluster where only watching is refused is listed every minute. */
enum { PART_FORGET_MS = 90000 };

static void
part_on_begin(void *ctx)
{
	struct sst_kube_part *part = ctx;

	sst_lock_acquire(&part->cluster->lock);
	part->listing = true;
	part->rejected = 0;
	part->sink.begin(part->sink.ctx);
	sst_lock_release(&part->cluster->lock);
}

static int
part_on_object(enum sst_kube_event event, const char *json, size_t len,
    void *ctx, struct sst_error *err)
{
	const struct sst_kube_object object = {event, json, len};
	struct sst_kube_part *part = ctx;
	bool changed = false, known;
	int code = part->sink.object(part->sink.ctx, &object, &changed, err);

	sst_lock_acquire(&part->cluster->lock);
	known = part->known;
	if (code != SST_OK && part->rejected++ == 0)
		part->first_reject = *err;
	sst_lock_release(&part->cluster->lock);
	/* of a list when it is whole */
	if (changed && known && event != SST_KUBE_LISTED)
		sst_kube_cluster_wake(part->cluster);
	return code;
}

static void
part_on_synced(void *ctx)
{
	struct sst_kube_part *part = ctx;
	bool changed;

	sst_lock_acquire(&part->cluster->lock);
	changed = part->sink.synced(part->sink.ctx);
	part->known = true;
	part->listing = false;
	part->synced++;
	sst_lock_release(&part->cluster->lock);
	if (changed)
		sst_kube_cluster_wake(part->cluster);
}

/* What was in the part of the list that came is as new as it can be; what was
 * not stays as it was. */
static void
part_on_abandoned(void *ctx)
{
	struct sst_kube_part *part = ctx;

	sst_lock_acquire(&part->cluster->lock);
	part->listing = false;
	sst_lock_release(&part->cluster->lock);
}

static void
part_on_changed(void *ctx)
{
	struct sst_kube_part *part = ctx;

	sst_kube_cluster_wake(part->cluster);
}

static int
part_make(struct sst_kube_part *part, struct sst_error *err)
{
	const struct sst_kube_resource *resource = part->resource;
	struct sst_kube_cluster *cluster = part->cluster;
	const struct sst_kube_reflector_settings settings = {
	    .access = cluster->access,
	    .turn = cluster->turn,
	    .clock = cluster->clock,
	    .group = part->before ? resource->group_before : resource->group,
	    .resource = resource->name,
	    .namespace = part->namespace,
	    .labels = part->labels,
	    .metadata_only = resource->metadata_only,
	    .max_object_bytes = cluster->max_object_bytes,
	    .seed = cluster->seed + (uint32_t)(part - cluster->parts),
	    .sink = {part_on_begin, part_on_object, part_on_synced,
		part_on_abandoned, part_on_changed, part},
	};

	return sst_kube_reflector_new(&settings, &part->reflector, err);
}

int
sst_kube_part_open(struct sst_kube_cluster *cluster, size_t index,
    const struct sst_kube_part_settings *settings, struct sst_error *err)
{
	struct sst_kube_part *part = &cluster->parts[index];

	*part = (struct sst_kube_part){
	    .cluster = cluster,
	    .resource = settings->resource,
	    .namespace = sst_kube_cluster_namespace(
		cluster, index % cluster->namespace_count),
	    .labels = settings->labels,
	    .sink = settings->sink,
	};
	return part_make(part, err);
}

int
kube__part_start(struct sst_kube_part *part, struct sst_error *err)
{
	int code = SST_OK;

	if (part->reflector == NULL)
		code = part_make(part, err);
	if (code == SST_OK)
		code = sst_kube_reflector_start(part->reflector, err);
	/* tried again when it is looked at */
	if (code != SST_OK)
		sst_kube_reflector_free(&part->reflector);
	return code;
}

void
kube__part_ask_stop(struct sst_kube_part *part)
{
	if (part->reflector != NULL)
		sst_kube_reflector_ask_stop(part->reflector);
}

void
kube__part_join(struct sst_kube_part *part)
{
	if (part->reflector != NULL)
		sst_kube_reflector_join(part->reflector);
	sst_kube_reflector_free(&part->reflector);
}

static bool
part_unsupported(const struct sst_kube_part *part)
{
	return part->view.state == SST_KUBE_FAILING &&
	       part->view.error.code == SST_NOT_FOUND &&
	       part->view.error.detail == 404;
}

/* Joins a thread that waits for nothing. */
static void
part_adapt(struct sst_kube_part *part)
{
	if (part->resource->group_before == NULL || !part_unsupported(part))
		return;
	/* neither is there: the first one is asked for again by itself */
	if (!part->before && part->before_tried)
		return;
	kube__part_ask_stop(part);
	kube__part_join(part);
	part->before = !part->before;
	part->before_tried = true;
}

static void
part_age(struct sst_kube_part *part, struct sst_mono now)
{
	bool refused = part->view.state == SST_KUBE_FAILING &&
		       sst_kube_refused(&part->view.error);

	sst_lock_acquire(&part->cluster->lock);
	if (!refused || !part->refused ||
	    part->refused_synced != part->synced) {
		part->refused = refused;
		part->refused_synced = part->synced;
		part->refused_at = now;
	} else if (!part->listing && part->known &&
		   sst_mono_diff_ms(now, part->refused_at) >= PART_FORGET_MS) {
		part->sink.forget(part->sink.ctx);
		part->known = false;
	}
	sst_lock_release(&part->cluster->lock);
}

int
kube__part_look(
    struct sst_kube_part *part, struct sst_mono now, struct sst_error *err)
{
	int code;

	if (part->reflector != NULL) {
		sst_kube_reflector_read(part->reflector, &part->view);
		part_adapt(part);
	}
	if (part->reflector == NULL) {
		code = kube__part_start(part, err);
		if (code != SST_OK)
			return code;
		sst_kube_reflector_read(part->reflector, &part->view);
	}
	part_age(part, now);
	return SST_OK;
}
