/* Tables of operations and generators, each ended by a row without a name.
 * Folder-private. */
#ifndef SST_REPOSITORY_SCENARIO_OPS_H
#define SST_REPOSITORY_SCENARIO_OPS_H

#include "repository/scenario/engine.h"
#include "repository/scenario/random.h"
#include "repository/scenario/span.h"

extern const struct scn_op scenario__task_ops[];
extern const struct scn_op scenario__pod_ops[];
extern const struct scn_op scenario__state_ops[];
extern const struct scn_op scenario__path_ops[];
extern const struct scn_op scenario__generators[];

#endif
