#include "repository/kube/cluster.h"

#include <stdlib.h>
#include <string.h>

#include "repository/kube/cluster_priv.h"

/* An object of etcd has 1.5 MB at most, unless somebody raised that. */
enum { CLUSTER_OBJECT_BYTES = 4 * 1024 * 1024 };

bool
sst_kube_namespace_valid(const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	size_t len = strlen(text);

	return len > 0 && len <= 63 && text[0] != '-' && text[len - 1] != '-' &&
	       strspn(text, plain) == len;
}

static int
cluster_check(const struct sst_option_list *namespaces, struct sst_error *err)
{
	size_t i, j;

	for (i = 0; i < namespaces->count; i++) {
		for (j = 0; j < i; j++) {
			if (strcmp(namespaces->items[i],
				namespaces->items[j]) == 0)
				return sst_error_set(err, SST_INVALID,
				    "namespaces: %s stands there twice",
				    namespaces->items[i]);
		}
	}
	return SST_OK;
}

static uint32_t
cluster_seed(const char *name)
{
	uint32_t seed = 2166136261u;

	for (; *name != '\0'; name++)
		seed = (seed ^ (unsigned char)*name) * 16777619u;
	return seed;
}

static void
cluster_set(struct sst_kube_cluster *cluster,
    const struct sst_kube_cluster_settings *settings,
    const struct sst_source_env *env)
{
	sst_lock_init(&cluster->lock, SST_LOCK_LEAF);
	cluster->made = true;
	atomic_init(&cluster->probing, false);
	atomic_init(&cluster->interrupted, false);
	cluster->clock = env->clock;
	cluster->notify = env->notify;
	cluster->notify_ctx = env->notify_ctx;
	cluster->max_object_bytes =
	    CLUSTER_OBJECT_BYTES < env->max_upstream_bytes
		? CLUSTER_OBJECT_BYTES
		: env->max_upstream_bytes;
	cluster->seed = cluster_seed(env->name);
	cluster->namespaces = &settings->namespaces;
	cluster->namespace_count =
	    settings->namespaces.count == 0 ? 1 : settings->namespaces.count;
}

int
sst_kube_cluster_init(struct sst_kube_cluster *cluster,
    const struct sst_kube_cluster_settings *settings, size_t resources,
    const struct sst_source_env *env, struct sst_error *err)
{
	struct sst_kube_config_where where = {
	    .path = settings->kubeconfig, .context = settings->context};
	int code = cluster_check(&settings->namespaces, err);

	if (code != SST_OK)
		return code;
	cluster_set(cluster, settings, env);
	cluster->parts = calloc(
	    resources * cluster->namespace_count, sizeof(*cluster->parts));
	if (cluster->parts == NULL)
		return sst_error_nomem(err);
	cluster->part_count = resources * cluster->namespace_count;
	code =
	    sst_kube_access_new(&where, cluster->clock, &cluster->access, err);
	if (code == SST_OK)
		code = sst_kube_turn_new(&cluster->turn, err);
	if (code == SST_OK)
		code = sst_kube_http_new(cluster->access, &cluster->probe, err);
	return code;
}

void
sst_kube_cluster_fini(struct sst_kube_cluster *cluster)
{
	sst_kube_http_free(&cluster->probe);
	sst_kube_turn_free(&cluster->turn);
	sst_kube_access_free(&cluster->access);
	free(cluster->parts);
	free(cluster->version);
	if (cluster->made)
		sst_lock_fini(&cluster->lock);
	memset(cluster, 0, sizeof(*cluster));
}

const char *
sst_kube_cluster_namespace(const struct sst_kube_cluster *cluster, size_t n)
{
	return n < cluster->namespaces->count ? cluster->namespaces->items[n]
					      : NULL;
}

int
sst_kube_cluster_start(struct sst_kube_cluster *cluster, struct sst_error *err)
{
	int code = SST_OK;
	size_t i;

	for (i = 0; code == SST_OK && i < cluster->part_count; i++)
		code = kube__part_start(&cluster->parts[i], err);
	cluster->running = code == SST_OK;
	return code;
}

void
sst_kube_cluster_ask_stop(struct sst_kube_cluster *cluster)
{
	size_t i;

	if (cluster->access == NULL)
		return;
	sst_kube_access_interrupt(cluster->access);
	for (i = 0; i < cluster->part_count; i++)
		kube__part_ask_stop(&cluster->parts[i]);
}

void
sst_kube_cluster_join(struct sst_kube_cluster *cluster)
{
	size_t i;

	if (cluster->access == NULL)
		return;
	for (i = 0; i < cluster->part_count; i++)
		kube__part_join(&cluster->parts[i]);
	sst_kube_access_resume(cluster->access);
	cluster->running = false;
}

void
sst_kube_cluster_wake(struct sst_kube_cluster *cluster)
{
	if (atomic_load(&cluster->probing))
		sst_kube_http_interrupt(cluster->probe);
	cluster->notify(cluster->notify_ctx);
}

void
sst_kube_cluster_interrupt(struct sst_kube_cluster *cluster)
{
	atomic_store(&cluster->interrupted, true);
	sst_kube_http_interrupt(cluster->probe);
}

void
sst_kube_cluster_resume(struct sst_kube_cluster *cluster)
{
	atomic_store(&cluster->interrupted, false);
	sst_kube_http_resume(cluster->probe);
}

bool
sst_kube_refused(const struct sst_error *err)
{
	/* a kubeconfig that is not there is another thing not found */
	return err->code == SST_FORBIDDEN ||
	       (err->code == SST_NOT_FOUND && err->detail == 404);
}
