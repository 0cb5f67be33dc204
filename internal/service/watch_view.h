/*
 * What one group of watchers sees of a snapshot, and whether it differs between
 * two of them: by hashes only, nothing is compared that is shared. Pure; any
 * thread.
 */
#ifndef SST_SERVICE_WATCH_VIEW_H
#define SST_SERVICE_WATCH_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/snapshot.h"

/* Immutable. */
struct watch_projection {
	unsigned sections;
	/* The key as a diff writes it; NULL: all entities. */
	char *text;
	size_t text_len;
	/* Its parts, decoded, joined by SST_KEY_SEPARATOR. */
	char *path;
	size_t path_len;
};

/* The key is put in its canonical form. SST_NOMEM; SST_INVALID: no section, or
 * a key that no entity can have. */
int watch__projection_init(struct watch_projection *projection,
    unsigned sections, const char *key, size_t key_len, struct sst_error *err);
void watch__projection_fini(struct watch_projection *projection);
bool watch__projection_equal(
    const struct watch_projection *a, const struct watch_projection *b);

/* A snapshot with what makes comparing it cheap; borrows it. */
struct watch_view {
	const struct sst_snapshot *snapshot; /* NULL: none yet */
	/* of presence, entities and those rows of `sources` that feed it */
	struct sst_hash hash[SST_SECTION_COUNT];
};

void watch__view_init(
    struct watch_view *view, const struct sst_snapshot *snapshot);

/*
 * Whether the projection is not the same in both. near_out (may be NULL) is
 * kept by the caller between calls: where a child was found last.
 */
bool watch__differs(const struct watch_projection *projection,
    const struct watch_view *from, const struct watch_view *to,
    uint32_t *near_out);

/*
 * The entity, child or row of `sources` that the key names, in the first of the
 * selected sections that has one; entity NULL: there is none.
 */
struct sst_entity_ref watch__find(const struct watch_projection *projection,
    const struct sst_snapshot *snapshot);

#endif
