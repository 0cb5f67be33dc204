/* Applying patches to JSON trees. Pure; any thread. */
#ifndef SST_SERVICE_PATCH_H
#define SST_SERVICE_PATCH_H

#include <jansson.h>

#include "base/error.h"

enum {
	/* Values that one patch may make in all: the copy of the document, what
	 * is added, copied or moved. Bounds time and memory, for a few lines
	 * that copy the whole into itself double it each time. */
	SST_PATCH_VALUES = 5000000,
	/* Deepest nesting of the result; what jansson reads at most. */
	SST_PATCH_DEPTH = 2048
};

/*
 * Applies an RFC 6902 patch (an array of operations), all of it or nothing:
 * *document is replaced by a new tree on success and untouched else. Values
 * are never shared between the two. SST_INVALID: the patch or an operation is
 * not well-formed, or a pointer leads nowhere; SST_TYPE: a test operation
 * failed; SST_LIMIT: over a bound above. The text names the operation by its
 * index, and its path. SST_NOMEM. err must not be NULL.
 */
int sst_patch_apply(
    json_t **document, const json_t *patch, struct sst_error *err);

/* Applies an RFC 7396 merge patch, in the same way. SST_LIMIT, SST_NOMEM. */
int sst_patch_merge(
    json_t **document, const json_t *patch, struct sst_error *err);

#endif
