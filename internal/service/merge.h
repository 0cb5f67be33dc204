/*
 * One agent that several sources know: its slices made into one entity.
 *
 * The slices have an order: that of the rank of their kind (registry,
 * kubernetes, a2a, mock), then that of the names of the sources. A member is
 * taken from the first slice that knows it (not null, not empty). What the
 * agent works on, `activity`, is that of the slice whose content changed last,
 * slices of sources that are fresh before those of sources that are not; its
 * status is told by the same slice, or else by the first that knows one.
 */
#ifndef SST_SERVICE_MERGE_H
#define SST_SERVICE_MERGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "model/entity.h"
#include "model/section.h"
#include "repository/contract.h"

struct sst_merge_slice {
	const struct sst_entity *entity;
	const char *source; /* its name */
	bool fresh;         /* the source is ok or degraded */
};

/* What was merged last time from which slices; all zero: nothing yet. One
 * thread. */
struct sst_merge_memory {
	struct sst_merge_known *rows; /* in order of `from` */
	size_t count;
	size_t cap;
};

void sst_merge_memory_fini(struct sst_merge_memory *memory);

/*
 * One round: begin, then sst_merge for each agent, then end, which forgets what
 * was not asked for in this round.
 */
struct sst_merge_round {
	const struct sst_contract *contract;
	const struct sst_section *previous; /* agents last published, or NULL */
	const struct sst_merge_memory *known;
	struct sst_merge_memory next;
};

void sst_merge_begin(struct sst_merge_round *round,
    const struct sst_contract *contract, const struct sst_section *previous,
    const struct sst_merge_memory *known);
/*
 * The entity made of count (two or more) slices in their order. The caller
 * releases *out. The last published one when its content is the same.
 * SST_NOMEM; SST_INTERNAL: a slice is not what a source may give.
 */
int
sst_merge(struct sst_merge_round *round, const struct sst_merge_slice *slices,
    size_t count, struct sst_entity **out, struct sst_error *err);
/* Puts what was learned into memory, or drops it when memory is NULL. */
void
sst_merge_end(struct sst_merge_round *round, struct sst_merge_memory *memory);

#endif
