/*
 * A Kubernetes cluster: what makes pods, and the pods. Every resource is
 * listed once and then watched; usage is polled. Nothing is asked for when
 * something changes: it is told, and the document has it a moment later.
 *
 * Threads and locks: see repository/kube/cluster.h; one thread more polls
 * usage.
 */
#include <stdlib.h>
#include <string.h>

#include "repository/workload/kubernetes_priv.h"
#include "repository/workload/workload.h"

#define AT(member) offsetof(struct kubernetes_settings, member)

static const struct sst_option kubernetes_options[] = {
    SST_KUBE_CLUSTER_OPTIONS(struct kubernetes_settings, cluster, "eight"),
    {.name = "metrics",
	.type = SST_OPTION_BOOL,
	.fallback = "true",
	.help = "Ask metrics.k8s.io what pods use. Without a metrics server "
		"set it to false, or the source is degraded.",
	.offset = AT(metrics)},
    {.name = "metrics_interval",
	.type = SST_OPTION_DURATION,
	.fallback = "30s",
	.min = 5,
	.max = 600,
	.unit = "s",
	.help = "How often. A metrics server has new figures every 15 to "
		"60 s.",
	.offset = AT(metrics_interval)},
    {.name = "usage_tolerance_percent",
	.type = SST_OPTION_INT,
	.fallback = "5",
	.min = 0,
	.max = 100,
	.unit = "%",
	.help = "A new figure is shown when cpu or memory of the pod moved by "
		"more than this, and by more than 0.005 cores or 4 MiB: an "
		"idle cluster changes nothing. 0 shows every change.",
	.offset = AT(usage_tolerance_percent)},
};

static int
kubernetes_init(void *state, const void *settings,
    const struct sst_source_env *env, struct sst_error *err)
{
	struct kubernetes *k = state;
	const struct sst_option_list *namespaces =
	    &k->settings.cluster.namespaces;
	int code;

	code = sst_options_copy(kubernetes_options,
	    SST_OPTION_COUNT(kubernetes_options), settings, &k->settings, err);
	if (code == SST_OK)
		code = sst_kube_cluster_init(&k->cluster, &k->settings.cluster,
		    KUBERNETES_RESOURCES, env, err);
	if (code == SST_OK)
		code = kubernetes__meter_init(k, err);
	if (code == SST_OK)
		code = kubernetes__store_init(&k->store,
		    (const char *const *)namespaces->items, namespaces->count,
		    err);
	if (code != SST_OK)
		return code;
	k->store.tolerance_percent = k->settings.usage_tolerance_percent;
	k->sinks = calloc(k->cluster.part_count, sizeof(*k->sinks));
	return k->sinks != NULL ? SST_OK : sst_error_nomem(err);
}

/* Ends what was started, in whatever state it is. */
static void
kubernetes_stop(void *state)
{
	struct kubernetes *k = state;

	sst_kube_cluster_ask_stop(&k->cluster);
	kubernetes__meter_ask_stop(k);
	kubernetes__meter_join(k);
	sst_kube_cluster_join(&k->cluster);
}

static int
kubernetes_start(void *state, struct sst_error *err)
{
	struct kubernetes *k = state;
	int code = SST_OK;
	size_t i;

	for (i = 0; code == SST_OK && i < k->cluster.part_count; i++)
		code = kubernetes__part_open(k, i, err);
	if (code == SST_OK)
		code = sst_kube_cluster_start(&k->cluster, err);
	if (code == SST_OK)
		code = kubernetes__meter_start(k, err);
	if (code != SST_OK)
		kubernetes_stop(k);
	return code;
}

static int
kubernetes_collect(void *state, const struct sst_collect *req,
    struct sst_draft *out, struct sst_error *err)
{
	struct kubernetes *k = state;
	int code = kubernetes__collect(k, req, out, err);

	sst_kube_cluster_resume(&k->cluster);
	return code;
}

static void
kubernetes_interrupt(void *state)
{
	struct kubernetes *k = state;

	sst_kube_cluster_interrupt(&k->cluster);
}

static void
kubernetes_fini(void *state)
{
	struct kubernetes *k = state;

	kubernetes__store_fini(&k->store);
	kubernetes__meter_fini(k);
	free(k->sinks);
	sst_kube_cluster_fini(&k->cluster);
	sst_options_fini(kubernetes_options,
	    SST_OPTION_COUNT(kubernetes_options), &k->settings);
	memset(k, 0, sizeof(*k));
}

const struct sst_source_ops sst_kubernetes_ops = {
    .kind = "kubernetes",
    .section = SST_SECTION_WORKLOAD,
    .summary = "Kubernetes workloads and pods, watched",
    .options = kubernetes_options,
    .option_count = SST_OPTION_COUNT(kubernetes_options),
    .settings_size = sizeof(struct kubernetes_settings),
    .state_size = sizeof(struct kubernetes),
    .interval_ms = 10000,
    .deadline_ms = 5000,
    .max_age_ms = 30000,
    .init = kubernetes_init,
    .start = kubernetes_start,
    .collect = kubernetes_collect,
    .interrupt = kubernetes_interrupt,
    .stop = kubernetes_stop,
    .fini = kubernetes_fini,
};
