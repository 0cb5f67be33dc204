/*
 * A Kubernetes cluster: what makes pods, and the pods. Every resource is
 * listed once and then watched; usage is polled. Nothing is asked for when
 * something changes: it is told, and the document has it a moment later.
 *
 * Threads: a reflector for each resource (and namespace), one for usage, and
 * the framework's that collects. They share the store, under one lock that is
 * held for a record, a workload or a poll of usage, never while anybody waits.
 */
#include <stdlib.h>
#include <string.h>

#include "repository/workload/kubernetes_priv.h"
#include "repository/workload/workload.h"

struct kubernetes_settings {
	char *kubeconfig;
	char *context;
	struct sst_option_list namespaces;
	bool metrics;
	int64_t metrics_interval;
	int64_t usage_tolerance_percent;
};

/* A label of DNS: also keeps anything odd out of URLs. */
static bool
kubernetes_valid_namespace(const char *text)
{
	size_t i, len = strlen(text);

	if (len == 0 || len > 63 || text[0] == '-' || text[len - 1] == '-')
		return false;
	for (i = 0; i < len; i++) {
		if (!(text[i] >= 'a' && text[i] <= 'z') &&
		    !(text[i] >= '0' && text[i] <= '9') && text[i] != '-')
			return false;
	}
	return true;
}

#define AT(member) offsetof(struct kubernetes_settings, member)

static const struct sst_option kubernetes_options[] = {
    {.name = "kubeconfig",
	.type = SST_OPTION_STRING,
	.min = 1,
	.max = 4096,
	.help = "File that says where the cluster is and who we are. Without "
		"it: KUBECONFIG, ~/.kube/config, the service account of the "
		"pod.",
	.offset = AT(kubeconfig)},
    {.name = "context",
	.type = SST_OPTION_STRING,
	.min = 1,
	.max = 512,
	.help = "Context of the kubeconfig; without it the current one.",
	.offset = AT(context)},
    {.name = "namespaces",
	.type = SST_OPTION_LIST,
	.max = KUBERNETES_NAMESPACES_MAX,
	.valid = kubernetes_valid_namespace,
	.form = "the name of a namespace",
	.help = "Only these namespaces; empty: all, which needs a ClusterRole. "
		"Each one takes eight watches, so no more than 20.",
	.offset = AT(namespaces)},
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

static bool
copy_text(const char *from, char **to)
{
	if (from == NULL)
		return true;
	*to = strdup(from);
	return *to != NULL;
}

static bool
copy_list(const struct sst_option_list *from, struct sst_option_list *to)
{
	if (from->count == 0)
		return true;
	to->items = calloc(from->count, sizeof(*to->items));
	if (to->items == NULL)
		return false;
	for (; to->count < from->count; to->count++) {
		to->items[to->count] = strdup(from->items[to->count]);
		if (to->items[to->count] == NULL)
			return false;
	}
	return true;
}

static int
kubernetes_check(const struct kubernetes_settings *s, struct sst_error *err)
{
	size_t i, j;

	for (i = 0; i < s->namespaces.count; i++) {
		for (j = 0; j < i; j++) {
			if (strcmp(s->namespaces.items[i],
				s->namespaces.items[j]) == 0)
				return sst_error_set(err, SST_INVALID,
				    "namespaces: %s stands there twice",
				    s->namespaces.items[i]);
		}
	}
	return SST_OK;
}

/* So that several instances do not come back in step. */
static uint32_t
kubernetes_seed(const char *name)
{
	uint32_t seed = 2166136261u;

	for (; *name != '\0'; name++)
		seed = (seed ^ (unsigned char)*name) * 16777619u;
	return seed;
}

static int
kubernetes_make(struct kubernetes *k, struct sst_error *err)
{
	struct sst_kube_config_where where = {
	    .path = k->kubeconfig, .context = k->context};
	size_t namespaces = k->namespaces.count == 0 ? 1 : k->namespaces.count;
	int code;

	k->part_count = namespaces * KUBERNETES_RESOURCES;
	k->parts = calloc(k->part_count, sizeof(*k->parts));
	k->views = calloc(k->part_count, sizeof(*k->views));
	if (k->parts == NULL || k->views == NULL)
		return sst_error_nomem(err);
	code = sst_kube_access_new(&where, k->clock, &k->access, err);
	if (code == SST_OK)
		code = sst_kube_turn_new(&k->turn, err);
	if (code == SST_OK)
		code = sst_kube_http_new(k->access, &k->probe, err);
	if (code == SST_OK)
		code = sst_kube_http_new(k->access, &k->meter.http, err);
	return code;
}

static int
kubernetes_init(void *state, const void *settings,
    const struct sst_source_env *env, struct sst_error *err)
{
	const struct kubernetes_settings *s = settings;
	struct kubernetes *k = state;
	int code = kubernetes_check(s, err);

	if (code != SST_OK)
		return code;
	sst_lock_init(&k->lock, SST_LOCK_LEAF);
	pthread_cond_init(&k->meter.wake, NULL);
	k->made = true;
	if (!copy_text(s->kubeconfig, &k->kubeconfig) ||
	    !copy_text(s->context, &k->context) ||
	    !copy_list(&s->namespaces, &k->namespaces))
		return sst_error_nomem(err);
	k->metrics = s->metrics;
	k->metrics_ms = s->metrics_interval;
	k->max_bytes = env->max_upstream_bytes;
	k->seed = kubernetes_seed(env->name);
	k->clock = env->clock;
	k->notify = env->notify;
	k->notify_ctx = env->notify_ctx;
	code = kubernetes_make(k, err);
	if (code == SST_OK)
		code = kubernetes__store_init(&k->store,
		    (const char *const *)k->namespaces.items,
		    k->namespaces.count, err);
	k->store.tolerance_percent = s->usage_tolerance_percent;
	return code;
}

/* Ends what was started, in whatever state it is. */
static void
kubernetes_stop(void *state)
{
	struct kubernetes *k = state;
	size_t i;

	if (k->parts == NULL || k->access == NULL)
		return;
	sst_kube_access_interrupt(k->access);
	for (i = 0; i < k->part_count; i++) {
		if (k->parts[i].reflector != NULL)
			sst_kube_reflector_ask_stop(k->parts[i].reflector);
	}
	kubernetes__meter_ask_stop(k);
	for (i = 0; i < k->part_count; i++) {
		if (k->parts[i].reflector != NULL)
			sst_kube_reflector_join(k->parts[i].reflector);
		sst_kube_reflector_free(&k->parts[i].reflector);
	}
	kubernetes__meter_join(k);
	sst_kube_access_resume(k->access);
	k->running = false;
}

static int
kubernetes_start(void *state, struct sst_error *err)
{
	struct kubernetes *k = state;
	int code = SST_OK;
	size_t i;

	kubernetes__meter_open(k);
	for (i = 0; code == SST_OK && i < k->part_count; i++)
		code = kubernetes__part_open(k, i, err);
	for (i = 0; code == SST_OK && i < k->part_count; i++)
		code = sst_kube_reflector_start(k->parts[i].reflector, err);
	if (code == SST_OK && k->metrics)
		code = kubernetes__meter_start(k, err);
	if (code == SST_OK)
		k->running = true;
	else
		kubernetes_stop(k);
	return code;
}

static int
kubernetes_collect(void *state, const struct sst_collect *req,
    struct sst_draft *out, struct sst_error *err)
{
	struct kubernetes *k = state;
	int code = kubernetes__collect(k, req, out, err);

	/* meant for this collection, not for the next one */
	atomic_store(&k->interrupted, false);
	sst_kube_http_resume(k->probe);
	return code;
}

static void
kubernetes_interrupt(void *state)
{
	struct kubernetes *k = state;

	atomic_store(&k->interrupted, true);
	sst_kube_http_interrupt(k->probe);
}

static void
kubernetes_fini(void *state)
{
	struct kubernetes *k = state;
	size_t i;

	kubernetes__store_fini(&k->store);
	sst_kube_http_free(&k->probe);
	sst_kube_http_free(&k->meter.http);
	sst_kube_turn_free(&k->turn);
	sst_kube_access_free(&k->access);
	for (i = 0; i < k->namespaces.count; i++)
		free(k->namespaces.items[i]);
	free(k->namespaces.items);
	free(k->kubeconfig);
	free(k->context);
	free(k->version);
	free(k->parts);
	free(k->views);
	if (k->made) {
		pthread_cond_destroy(&k->meter.wake);
		sst_lock_fini(&k->lock);
	}
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
