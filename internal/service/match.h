/*
 * What two ordered lists of entities have in common, found by key and never
 * by position. Pure; any thread.
 */
#ifndef SST_SERVICE_MATCH_H
#define SST_SERVICE_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/entity.h"

#define SST_MATCH_NONE UINT32_MAX

/* Entities as in a section or among children: sorted with
 * sst_entity_compare(), keys unique. Borrowed. */
struct sst_match_list {
	struct sst_entity *const *entities;
	size_t count;
};

/* One entity that is not the same in both lists. */
struct sst_match {
	uint32_t from;  /* index, or SST_MATCH_NONE: added */
	uint32_t to;    /* index, or SST_MATCH_NONE: removed */
	bool reordered; /* in both, but its sort order is another */
};

struct sst_matches {
	struct sst_match *rows; /* by position in `to`, removed ones where
				 * they stood in `from` */
	size_t count;
};

/*
 * What is not the same in both. Entities of the same pointer or hash are left
 * out. Cost: one comparison of pointers an entity where both lists share them,
 * O(n) when they do not, O(k log k) for k that were added, removed or
 * reordered. SST_NOMEM. Free with sst_matches_fini(), also zeroed memory.
 */
int sst_match_entities(const struct sst_match_list *from,
    const struct sst_match_list *to, struct sst_matches *out,
    struct sst_error *err);
void sst_matches_fini(struct sst_matches *matches);

#endif
