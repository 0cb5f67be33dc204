/* Sources of the section `litellm`. */
#ifndef SST_REPOSITORY_LITELLM_LITELLM_H
#define SST_REPOSITORY_LITELLM_LITELLM_H

#include "repository/source.h"

/* Model deployments of a scenario; settings: struct sst_mock_settings. */
extern const struct sst_source_ops sst_litellm_mock_ops;

/* A LiteLLM proxy through its HTTP interface. */
extern const struct sst_source_ops sst_litellm_proxy_ops;

#endif
