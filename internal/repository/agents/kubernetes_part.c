/* What a reflector brings goes into the store, on the reflector's thread. */
#include "repository/agents/kubernetes_priv.h"

#define PART_GROUP "/apis/apps/v1"
#define PART_MISSING "the agents among them"

static const struct sst_kube_resource part_resources[] = {
    [AGENTKUBE_DEPLOYMENTS] =
	{
	    .name = "deployments",
	    .group = PART_GROUP,
	    .missing = PART_MISSING,
	},
    [AGENTKUBE_STATEFULSETS] =
	{
	    .name = "statefulsets",
	    .group = PART_GROUP,
	    .missing = PART_MISSING,
	},
    [AGENTKUBE_DAEMONSETS] =
	{
	    .name = "daemonsets",
	    .group = PART_GROUP,
	    .missing = PART_MISSING,
	},
};

static void
part_begin(void *ctx)
{
	struct agentkube_store *store = ctx;

	store->list++;
}

static int
part_object(void *ctx, const struct sst_kube_object *got, bool *changed,
    struct sst_error *err)
{
	struct agentkube_record *record = NULL;
	struct agentkube_store *store = ctx;
	struct agentkube_object object = {
	    .kind = store->kind,
	    .prefix = store->settings->prefix,
	    .all = store->settings->all,
	    .json = got->json,
	    .len = got->len,
	};
	int code = agentkube__parse(&object, &record, err);

	if (code != SST_OK)
		return code;
	sst_lock_acquire(&store->cluster->lock);
	if (got->event == SST_KUBE_DELETED) {
		*changed = agentkube__store_drop(store, record);
		agentkube__record_release(&record);
	} else {
		code = agentkube__store_put(store, record, changed, err);
	}
	sst_lock_release(&store->cluster->lock);
	return code;
}

static bool
part_synced(void *ctx)
{
	agentkube__store_sweep(ctx);
	return true;
}

static void
part_forget(void *ctx)
{
	agentkube__store_clear(ctx);
}

int
agentkube__part_open(struct agentkube *k, size_t index, struct sst_error *err)
{
	struct agentkube_store *store = &k->stores[index];
	struct sst_kube_part_settings settings = {
	    .labels = k->settings.selector,
	    .sink = {part_begin, part_synced, part_forget, part_object, store},
	};

	agentkube__store_clear(store);
	store->settings = &k->settings;
	store->cluster = &k->cluster;
	store->kind = (enum agentkube_kind)(index / k->cluster.namespace_count);
	settings.resource = &part_resources[store->kind];
	return sst_kube_part_open(&k->cluster, index, &settings, err);
}
