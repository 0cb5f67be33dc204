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
 * Threads and locks: see repository/kube/cluster.h.
 */
#include <stdlib.h>
#include <string.h>

#include "repository/agents/agents.h"
#include "repository/agents/kubernetes_priv.h"

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
    SST_KUBE_CLUSTER_OPTIONS(struct agentkube_settings, cluster, "three"),
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

static int
agentkube_copy(struct agentkube *k, const struct agentkube_settings *s,
    struct sst_error *err)
{
	if (s->prefix == NULL || !agentkube_valid_prefix(s->prefix))
		return sst_error_set(err, SST_INVALID,
		    "prefix: expected a name of DNS and a slash");
	return sst_options_copy(agentkube_options,
	    SST_OPTION_COUNT(agentkube_options), s, &k->settings, err);
}

static int
agentkube_init(void *state, const void *settings,
    const struct sst_source_env *env, struct sst_error *err)
{
	struct agentkube *k = state;
	int code = agentkube_copy(k, settings, err);

	if (code == SST_OK)
		code = sst_kube_cluster_init(&k->cluster, &k->settings.cluster,
		    AGENTKUBE_KINDS, env, err);
	if (code != SST_OK)
		return code;
	k->stores = calloc(k->cluster.part_count, sizeof(*k->stores));
	return k->stores != NULL ? SST_OK : sst_error_nomem(err);
}

/* Ends what was started, in whatever state it is. */
static void
agentkube_stop(void *state)
{
	struct agentkube *k = state;

	sst_kube_cluster_ask_stop(&k->cluster);
	sst_kube_cluster_join(&k->cluster);
}

static int
agentkube_start(void *state, struct sst_error *err)
{
	struct agentkube *k = state;
	int code = SST_OK;
	size_t i;

	for (i = 0; code == SST_OK && i < k->cluster.part_count; i++)
		code = agentkube__part_open(k, i, err);
	if (code == SST_OK)
		code = sst_kube_cluster_start(&k->cluster, err);
	if (code != SST_OK)
		agentkube_stop(k);
	return code;
}

static int
agentkube_collect(void *state, const struct sst_collect *req,
    struct sst_draft *out, struct sst_error *err)
{
	struct agentkube *k = state;
	int code = agentkube__collect(k, req, out, err);

	sst_kube_cluster_resume(&k->cluster);
	return code;
}

static void
agentkube_interrupt(void *state)
{
	struct agentkube *k = state;

	sst_kube_cluster_interrupt(&k->cluster);
}

static void
agentkube_fini(void *state)
{
	struct agentkube *k = state;
	size_t i;

	for (i = 0; k->stores != NULL && i < k->cluster.part_count; i++)
		agentkube__store_clear(&k->stores[i]);
	free(k->stores);
	sst_kube_cluster_fini(&k->cluster);
	sst_options_fini(agentkube_options, SST_OPTION_COUNT(agentkube_options),
	    &k->settings);
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
