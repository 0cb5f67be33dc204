/* Sources of the section `workload`. */
#ifndef SST_REPOSITORY_WORKLOAD_WORKLOAD_H
#define SST_REPOSITORY_WORKLOAD_WORKLOAD_H

#include "repository/source.h"

/* Deployments and pods of a scenario; settings: struct sst_mock_settings. */
extern const struct sst_source_ops sst_workload_mock_ops;

/* Processes of this host, grouped by rules. */
extern const struct sst_source_ops sst_process_ops;

/* Deployments and pods of a Kubernetes cluster. */
extern const struct sst_source_ops sst_kubernetes_ops;

#endif
