/* Making of snapshots: for service/compose and service/document only. */
#ifndef SST_MODEL_SNAPSHOT_PRIV_H
#define SST_MODEL_SNAPSHOT_PRIV_H

#include "model/snapshot.h"

/*
 * An empty snapshot with one reference: every section absent, no sources; the
 * maker fills the fields before it shares it. id is copied.
 */
int sst_snapshot_new(const char *id, const struct sst_shape *shape,
    struct sst_snapshot **out, struct sst_error *err);

/*
 * The same snapshot without representations: for keeping many of them. Shares
 * everything else. SST_NOMEM.
 */
int sst_snapshot_bare(const struct sst_snapshot *snapshot,
    struct sst_snapshot **out, struct sst_error *err);

/* Computes the content hash, when all else is there. */
void sst_snapshot_seal(struct sst_snapshot *snapshot);

#endif
