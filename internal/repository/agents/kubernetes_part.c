/* What a reflector brings goes into the store, on the reflector's thread. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/agents/kubernetes_priv.h"

/* An object of etcd has 1.5 MB at most, unless somebody raised that. */
enum { PART_OBJECT_BYTES = 4 * 1024 * 1024 };

/* Ends a probe: somebody spoke. */
static void
part_wake(struct agentkube *k)
{
	if (atomic_load(&k->probing))
		sst_kube_http_interrupt(k->probe);
	k->notify(k->notify_ctx);
}

static void
part_on_begin(void *ctx)
{
	struct agentkube_part *part = ctx;

	sst_lock_acquire(&part->k->lock);
	part->listing = true;
	part->list++;
	part->rejected = 0;
	sst_lock_release(&part->k->lock);
}

static int
part_rejected(struct agentkube_part *part, const struct sst_error *err)
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
	struct agentkube_record *record = NULL;
	struct agentkube_part *part = ctx;
	struct agentkube *k = part->k;
	struct agentkube_object object = {
	    .kind = part->kind,
	    .prefix = k->prefix,
	    .all = k->all,
	    .json = json,
	    .len = len,
	};
	bool changed = false, known;
	int code = agentkube__parse(&object, &record, err);

	if (code != SST_OK)
		return part_rejected(part, err);
	sst_lock_acquire(&k->lock);
	if (event == SST_KUBE_DELETED) {
		changed = agentkube__store_drop(part, record);
		agentkube__record_release(&record);
	} else {
		code = agentkube__store_put(part, record, &changed, err);
	}
	known = part->known;
	sst_lock_release(&k->lock);
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
	struct agentkube_part *part = ctx;

	sst_lock_acquire(&part->k->lock);
	agentkube__store_sweep(part);
	part->known = true;
	part->listing = false;
	part->synced++;
	sst_lock_release(&part->k->lock);
	part_wake(part->k);
}

/* What was in the part of the list that came is as new as it can be; what was
 * not stays as it was. */
static void
part_on_abandoned(void *ctx)
{
	struct agentkube_part *part = ctx;

	sst_lock_acquire(&part->k->lock);
	part->listing = false;
	sst_lock_release(&part->k->lock);
}

static void
part_on_changed(void *ctx)
{
	struct agentkube_part *part = ctx;

	part_wake(part->k);
}

int
agentkube__part_open(struct agentkube *k, size_t index, struct sst_error *err)
{
	struct agentkube_part *part = &k->parts[index];
	size_t namespace = index / AGENTKUBE_KINDS;
	struct sst_kube_reflector_settings settings = {
	    .access = k->access,
	    .turn = k->turn,
	    .clock = k->clock,
	    .group = "/apis/apps/v1",
	    .labels = k->selector,
	    .max_object_bytes = PART_OBJECT_BYTES < k->max_bytes
				    ? PART_OBJECT_BYTES
				    : k->max_bytes,
	    .seed = k->seed + (uint32_t)index,
	    .sink = {part_on_begin, part_on_object, part_on_synced,
		part_on_abandoned, part_on_changed, part},
	};

	agentkube__store_clear(part);
	memset(part, 0, sizeof(*part));
	part->k = k;
	part->kind = (enum agentkube_kind)(index % AGENTKUBE_KINDS);
	if (namespace < k->namespaces.count)
		part->namespace = k->namespaces.items[namespace];
	settings.resource = agentkube__kind_resource(part->kind);
	settings.namespace = part->namespace;
	return sst_kube_reflector_new(&settings, &part->reflector, err);
}

void
agentkube__part_name(const struct agentkube_part *part, char out[static 128])
{
	const char *resource = agentkube__kind_resource(part->kind);

	if (part->namespace == NULL)
		snprintf(out, 128, "%s", resource);
	else
		snprintf(out, 128, "%s (%s)", resource, part->namespace);
}

bool
agentkube__refused(const struct sst_error *err)
{
	/* a kubeconfig that is not there is another thing not found */
	return err->code == SST_FORBIDDEN ||
	       (err->code == SST_NOT_FOUND && err->detail == 404);
}

void
agentkube__part_look(struct agentkube_part *part, struct sst_mono now)
{
	bool refused;

	sst_kube_reflector_read(part->reflector, &part->view);
	refused = part->view.state == SST_KUBE_FAILING &&
		  agentkube__refused(&part->view.error);
	sst_lock_acquire(&part->k->lock);
	if (!refused || !part->refused ||
	    part->refused_synced != part->synced) {
		part->refused = refused;
		part->refused_synced = part->synced;
		part->refused_at = now;
	} else if (!part->listing && part->known &&
		   sst_mono_diff_ms(now, part->refused_at) >=
		       AGENTKUBE_FORGET_MS) {
		agentkube__store_clear(part);
		part->known = false;
	}
	sst_lock_release(&part->k->lock);
}
