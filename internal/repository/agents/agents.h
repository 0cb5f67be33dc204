/* Sources of the section `agents`. */
#ifndef SST_REPOSITORY_AGENTS_AGENTS_H
#define SST_REPOSITORY_AGENTS_AGENTS_H

#include "repository/source.h"

/* Agents of a scenario; settings: struct sst_mock_settings. */
extern const struct sst_source_ops sst_agents_mock_ops;
/* Agents there should be, by a YAML file. */
extern const struct sst_source_ops sst_agents_registry_ops;

#endif
