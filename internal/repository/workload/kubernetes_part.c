/* What a reflector brings goes into the store, on the reflector's thread. */
#include <stdlib.h>

#include "repository/workload/kubernetes_parse.h"
#include "repository/workload/kubernetes_priv.h"

static const struct sst_kube_resource part_resources[] = {
    [KUBERNETES_PODS] =
	{
	    .name = "pods",
	    .group = "/api/v1",
	    .missing = "pods; live counts are those of the controllers",
	},
    [KUBERNETES_DEPLOYMENTS] =
	{
	    .name = "deployments",
	    .group = "/apis/apps/v1",
	    .missing = "replicas, roll-outs and images of Deployments",
	},
    [KUBERNETES_REPLICASETS] =
	{
	    .name = "replicasets",
	    .group = "/apis/apps/v1",
	    .missing = "which pods are whose, but by name",
	    .metadata_only = true,
	    .aside = true,
	},
    [KUBERNETES_STATEFULSETS] =
	{
	    .name = "statefulsets",
	    .group = "/apis/apps/v1",
	    .missing = "replicas and roll-outs of StatefulSets",
	},
    [KUBERNETES_DAEMONSETS] =
	{
	    .name = "daemonsets",
	    .group = "/apis/apps/v1",
	    .missing = "DaemonSets without pods, their roll-outs",
	},
    [KUBERNETES_JOBS] =
	{
	    .name = "jobs",
	    .group = "/apis/batch/v1",
	    .missing = "which pods are of which CronJob, but by name",
	},
    [KUBERNETES_CRONJOBS] =
	{
	    .name = "cronjobs",
	    .group = "/apis/batch/v1",
	    .group_before = "/apis/batch/v1beta1", /* than 1.21 */
	    .missing = "CronJobs without Jobs",
	},
    [KUBERNETES_HPAS] =
	{
	    .name = "horizontalpodautoscalers",
	    .group = "/apis/autoscaling/v1",
	    .missing = "autoscalers; max_pods is spec.replicas",
	    .aside = true,
	},
};

static void
part_begin(void *ctx)
{
	struct kubernetes_sink *sink = ctx;

	kubernetes__store_begin(&sink->k->store, sink->feed);
}

static int
part_object(void *ctx, const struct sst_kube_object *object, bool *changed,
    struct sst_error *err)
{
	struct kubernetes_record *record = NULL;
	struct kubernetes_sink *sink = ctx;
	struct kubernetes *k = sink->k;
	int code = kubernetes__parse(
	    sink->resource, object->json, object->len, &record, err);

	if (code != SST_OK)
		return code;
	sst_lock_acquire(&k->cluster.lock);
	if (object->event == SST_KUBE_DELETED)
		kubernetes__store_drop(&k->store, record);
	else
		code =
		    kubernetes__store_put(&k->store, sink->feed, record, err);
	*changed = k->store.changed;
	sst_lock_release(&k->cluster.lock);
	if (object->event == SST_KUBE_DELETED)
		free(record);
	return code;
}

static bool
part_synced(void *ctx)
{
	struct kubernetes_sink *sink = ctx;

	kubernetes__store_synced(&sink->k->store, sink->feed);
	if (sink->resource == KUBERNETES_PODS)
		kubernetes__meter_want(sink->k);
	return sink->k->store.changed;
}

static void
part_forget(void *ctx)
{
	struct kubernetes_sink *sink = ctx;

	kubernetes__store_forget(&sink->k->store, sink->feed);
}

int
kubernetes__part_open(struct kubernetes *k, size_t index, struct sst_error *err)
{
	struct kubernetes_sink *sink = &k->sinks[index];
	struct sst_kube_part_settings settings = {
	    .sink = {part_begin, part_synced, part_forget, part_object, sink},
	};
	size_t namespaces = k->cluster.namespace_count;

	sink->k = k;
	sink->resource = (enum kubernetes_resource)(index / namespaces);
	sink->feed = kubernetes__store_feed(index % namespaces, sink->resource);
	settings.resource = &part_resources[sink->resource];
	return sst_kube_part_open(&k->cluster, index, &settings, err);
}
