#include "repository/registry.h"

#include <string.h>

#include "repository/agents/agents.h"
#include "repository/litellm/litellm.h"
#include "repository/queues/queues.h"
#include "repository/workload/workload.h"

static const struct sst_source_ops *const registry[] = {
    &sst_agents_mock_ops,
    &sst_agents_registry_ops,
    &sst_agents_kubernetes_ops,
    &sst_agents_a2a_ops,
    &sst_workload_mock_ops,
    &sst_process_ops,
    &sst_kubernetes_ops,
    &sst_queues_mock_ops,
    &sst_rabbitmq_ops,
    &sst_celery_ops,
    &sst_bullmq_ops,
    &sst_rq_ops,
    &sst_pgboss_ops,
    &sst_graphile_ops,
    &sst_procrastinate_ops,
    &sst_sql_ops,
    &sst_nats_ops,
    &sst_kafka_ops,
    &sst_litellm_mock_ops,
    &sst_litellm_proxy_ops,
    NULL,
};

const struct sst_source_ops *const *
sst_registry_all(void)
{
	return registry;
}

const struct sst_source_ops *
sst_registry_find(enum sst_section_id section, const char *kind)
{
	size_t i;

	for (i = 0; registry[i] != NULL; i++) {
		if (registry[i]->section == section &&
		    strcmp(registry[i]->kind, kind) == 0)
			return registry[i];
	}
	return NULL;
}

void
sst_registry_kinds(enum sst_section_id section, struct sst_buf *out)
{
	const char *comma = "";
	size_t i;

	for (i = 0; registry[i] != NULL; i++) {
		if (registry[i]->section != section)
			continue;
		sst_buf_addf(out, "%s%s", comma, registry[i]->kind);
		comma = ", ";
	}
}

static const char *
registry_fault(const struct sst_source_ops *ops)
{
	if (ops->kind == NULL || ops->summary == NULL)
		return "has no kind or summary";
	if (ops->init == NULL || ops->collect == NULL || ops->fini == NULL)
		return "lacks init, collect or fini";
	if (ops->start != NULL && ops->stop == NULL)
		return "has start without stop";
	if (ops->interval_ms <= 0 || ops->deadline_ms <= 0 ||
	    ops->max_age_ms <= ops->interval_ms)
		return "has no usable interval, deadline or max age";
	if ((ops->options == NULL) != (ops->option_count == 0))
		return "has options without rows or rows without options";
	return NULL;
}

int
sst_registry_check(struct sst_error *err)
{
	const char *fault;
	size_t i;

	for (i = 0; registry[i] != NULL; i++) {
		fault = registry_fault(registry[i]);
		if (fault == NULL &&
		    sst_registry_find(registry[i]->section,
			registry[i]->kind) != registry[i])
			fault = "stands there twice";
		if (fault != NULL)
			return sst_error_set(err, SST_INTERNAL,
			    "source %s/%s %s",
			    sst_section_name(registry[i]->section),
			    registry[i]->kind == NULL ? "?"
						      : registry[i]->kind,
			    fault);
	}
	return SST_OK;
}
