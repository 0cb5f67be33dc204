/*
 * Workloads of a Kubernetes cluster that say of themselves that they are
 * agents, by a label or an annotation:
 *
 *	systate.io/agent: "true"               # or the name of the agent
 *	systate.io/description: Reads papers.
 *	systate.io/max-parallel-invocations: "4"
 *	systate.io/models: gpt-4o-mini, gpt-4o
 *
 * Deployments, StatefulSets and DaemonSets are listed once and then watched.
 *
 * Threads: a reflector for each kind (and namespace), and the framework's that
 * collects. They share the stores, under one lock that is held for a record,
 * never while anybody waits.
 */
#include <stdlib.h>
#include <string.h>

#include "repository/agents/agents.h"
#include "repository/agents/kubernetes_priv.h"

struct agentkube_settings {
	char *kubeconfig;
	char *context;
	struct sst_option_list namespaces;
	char *prefix;
	char *selector;
	bool all;
};

/* A label of DNS: also keeps anything odd out of URLs. */
static bool
agentkube_valid_namespace(const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	size_t len = strlen(text);

	return len > 0 && len <= 63 && text[0] != '-' && text[len - 1] != '-' &&
	       strspn(text, plain) == len;
}

/* A name of DNS and a slash: what keys of labels and annotations begin with. */
static bool
agentkube_valid_prefix(const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";
	size_t len = strlen(text);

	return len > 1 && len <= AGENTKUBE_PREFIX_MAX &&
	       strspn(text, plain) == len - 1 && text[len - 1] == '/';
}

#define AT(member) offsetof(struct agentkube_settings, member)

static const struct sst_option agentkube_options[] = {
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
	.max = AGENTKUBE_NAMESPACES_MAX,
	.valid = agentkube_valid_namespace,
	.form = "the name of a namespace",
	.help = "Only these namespaces; empty: all, which needs a ClusterRole. "
		"Each one takes three watches, so no more than 20.",
	.offset = AT(namespaces)},
    {.name = "prefix",
	.type = SST_OPTION_STRING,
	.fallback = "systate.io/",
	.valid = agentkube_valid_prefix,
	.form = "a name of DNS and a slash, such as systate.io/",
	.help = "What the keys begin with: PREFIXagent (a label or an "
		"annotation: true, or the agent's name), and the annotations "
		"PREFIXdescription, PREFIXmax-parallel-invocations, "
		"PREFIXmodels.",
	.offset = AT(prefix)},
    {.name = "selector",
	.type = SST_OPTION_STRING,
	.min = 1,
	.max = 1024,
	.help = "Label selector: watches only workloads that it fits, such as "
		"systate.io/agent. Agents marked by an annotation need that "
		"label, too.",
	.offset = AT(selector)},
    {.name = "all",
	.type = SST_OPTION_BOOL,
	.fallback = "false",
	.help = "Takes every workload for an agent that is watched, also "
		"without a mark (but not with PREFIXagent: false); for a "
		"selector or namespaces that hold nothing else.",
	.offset = AT(all)},
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
agentkube_check(const struct agentkube_settings *s, struct sst_error *err)
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
	if (s->prefix == NULL || !agentkube_valid_prefix(s->prefix))
		return sst_error_set(err, SST_INVALID,
		    "prefix: expected a name of DNS and a slash");
	return SST_OK;
}

/* So that several instances do not come back in step. */
static uint32_t
agentkube_seed(const char *name)
{
	uint32_t seed = 2166136261u;

	for (; *name != '\0'; name++)
		seed = (seed ^ (unsigned char)*name) * 16777619u;
	return seed;
}

static int
agentkube_make(struct agentkube *k, struct sst_error *err)
{
	struct sst_kube_config_where where = {
	    .path = k->kubeconfig, .context = k->context};
	size_t namespaces = k->namespaces.count == 0 ? 1 : k->namespaces.count;
	int code;

	k->parts = calloc(namespaces * AGENTKUBE_KINDS, sizeof(*k->parts));
	if (k->parts == NULL)
		return sst_error_nomem(err);
	k->part_count = namespaces * AGENTKUBE_KINDS;
	code = sst_kube_access_new(&where, k->clock, &k->access, err);
	if (code == SST_OK)
		code = sst_kube_turn_new(&k->turn, err);
	if (code == SST_OK)
		code = sst_kube_http_new(k->access, &k->probe, err);
	return code;
}

static int
agentkube_init(void *state, const void *settings,
    const struct sst_source_env *env, struct sst_error *err)
{
	const struct agentkube_settings *s = settings;
	struct agentkube *k = state;
	int code = agentkube_check(s, err);

	if (code != SST_OK)
		return code;
	sst_lock_init(&k->lock, SST_LOCK_LEAF);
	k->made = true;
	if (!copy_text(s->kubeconfig, &k->kubeconfig) ||
	    !copy_text(s->context, &k->context) ||
	    !copy_text(s->prefix, &k->prefix) ||
	    !copy_text(s->selector, &k->selector) ||
	    !copy_list(&s->namespaces, &k->namespaces))
		return sst_error_nomem(err);
	k->all = s->all;
	k->max_bytes = env->max_upstream_bytes;
	k->seed = agentkube_seed(env->name);
	k->clock = env->clock;
	k->notify = env->notify;
	k->notify_ctx = env->notify_ctx;
	atomic_init(&k->probing, false);
	atomic_init(&k->interrupted, false);
	return agentkube_make(k, err);
}

/* Ends what was started, in whatever state it is. */
static void
agentkube_stop(void *state)
{
	struct agentkube *k = state;
	size_t i;

	if (k->access == NULL)
		return;
	sst_kube_access_interrupt(k->access);
	for (i = 0; i < k->part_count; i++) {
		if (k->parts[i].reflector != NULL)
			sst_kube_reflector_ask_stop(k->parts[i].reflector);
	}
	for (i = 0; i < k->part_count; i++) {
		if (k->parts[i].reflector != NULL)
			sst_kube_reflector_join(k->parts[i].reflector);
		sst_kube_reflector_free(&k->parts[i].reflector);
	}
	sst_kube_access_resume(k->access);
	k->running = false;
}

static int
agentkube_start(void *state, struct sst_error *err)
{
	struct agentkube *k = state;
	int code = SST_OK;
	size_t i;

	for (i = 0; code == SST_OK && i < k->part_count; i++)
		code = agentkube__part_open(k, i, err);
	for (i = 0; code == SST_OK && i < k->part_count; i++)
		code = sst_kube_reflector_start(k->parts[i].reflector, err);
	if (code == SST_OK)
		k->running = true;
	else
		agentkube_stop(k);
	return code;
}

static int
agentkube_collect(void *state, const struct sst_collect *req,
    struct sst_draft *out, struct sst_error *err)
{
	struct agentkube *k = state;
	int code = agentkube__collect(k, req, out, err);

	/* meant for this collection, not for the next one */
	atomic_store(&k->interrupted, false);
	sst_kube_http_resume(k->probe);
	return code;
}

static void
agentkube_interrupt(void *state)
{
	struct agentkube *k = state;

	atomic_store(&k->interrupted, true);
	sst_kube_http_interrupt(k->probe);
}

static void
agentkube_fini(void *state)
{
	struct agentkube *k = state;
	size_t i;

	for (i = 0; i < k->part_count; i++)
		agentkube__store_clear(&k->parts[i]);
	sst_kube_http_free(&k->probe);
	sst_kube_turn_free(&k->turn);
	sst_kube_access_free(&k->access);
	for (i = 0; i < k->namespaces.count; i++)
		free(k->namespaces.items[i]);
	free(k->namespaces.items);
	free(k->kubeconfig);
	free(k->context);
	free(k->prefix);
	free(k->selector);
	free(k->version);
	free(k->parts);
	if (k->made)
		sst_lock_fini(&k->lock);
	memset(k, 0, sizeof(*k));
}

const struct sst_source_ops sst_agents_kubernetes_ops = {
    .kind = "kubernetes",
    .section = SST_SECTION_AGENTS,
    .summary = "Kubernetes workloads marked as agents, watched",
    .rank = 20,
    .options = agentkube_options,
    .option_count = SST_OPTION_COUNT(agentkube_options),
    .settings_size = sizeof(struct agentkube_settings),
    .state_size = sizeof(struct agentkube),
    .interval_ms = 10000,
    .deadline_ms = 5000,
    .max_age_ms = 30000,
    .init = agentkube_init,
    .start = agentkube_start,
    .collect = agentkube_collect,
    .interrupt = agentkube_interrupt,
    .stop = agentkube_stop,
    .fini = agentkube_fini,
};
