/* Snapshots of the large worlds, made as the service makes them: by drafts. */
#ifndef SST_TESTS_SUPPORT_WORLD_H
#define SST_TESTS_SUPPORT_WORLD_H

#include <stdint.h>

#include "model/snapshot.h"
#include "repository/contract.h"

/*
 * "large-S", "large-M" or "large-L" at a step, with one source a section. The
 * caller releases it. churn: share that changes from step to step. Aborts when
 * it cannot be made.
 */
struct sst_snapshot *world_snapshot(const struct sst_contract *contract,
    const char *size, double churn, int64_t step);

#endif
