/* Sources of the section `agents`. */
#ifndef SST_REPOSITORY_AGENTS_AGENTS_H
#define SST_REPOSITORY_AGENTS_AGENTS_H

#include "repository/source.h"

/* Agents of a scenario; settings: struct sst_mock_settings. */
extern const struct sst_source_ops sst_agents_mock_ops;
/* Agents there should be, by a YAML file. */
extern const struct sst_source_ops sst_agents_registry_ops;
/* Agents by their A2A cards and tasks. */
extern const struct sst_source_ops sst_agents_a2a_ops;
/* Kubernetes workloads that are marked as agents. */
extern const struct sst_source_ops sst_agents_kubernetes_ops;

#endif
