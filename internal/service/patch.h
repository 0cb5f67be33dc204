/* Applying patches to JSON trees. Pure; any thread. */
#ifndef SST_SERVICE_PATCH_H
#define SST_SERVICE_PATCH_H

#include <jansson.h>

#include "base/error.h"

/*
 * Applies an RFC 6902 patch (an array of operations), all of it or nothing:
 * *document is replaced by a new tree on success and untouched else. Values
 * are never shared between the two. SST_INVALID: the patch or an operation is
 * not well-formed, or a pointer leads nowhere; SST_EXISTS never; SST_TYPE: a
 * test operation failed. The text names the operation by its index, and its
 * path. SST_NOMEM.
 */
int sst_patch_apply(
    json_t **document, const json_t *patch, struct sst_error *err);

/* Applies an RFC 7396 merge patch, in the same way. SST_NOMEM. */
int sst_patch_merge(
    json_t **document, const json_t *patch, struct sst_error *err);

#endif
