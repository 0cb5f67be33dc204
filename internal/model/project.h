/*
 * Transformations of encoded documents, byte to byte. The input is compact
 * JSON that this service wrote itself: well-formed, names without escapes.
 * Pure functions.
 */
#ifndef SST_MODEL_PROJECT_H
#define SST_MODEL_PROJECT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "model/shape.h"

/*
 * Appends the base view of one value: an object of that shape, an array of
 * them, or null. Members without x-base are left out at every level.
 */
void sst_project_base(const struct sst_shape *shape, const char *json,
    size_t len, struct sst_buf *out);

/* Appends the same JSON indented by two spaces, with a final newline. */
void sst_project_pretty(const char *json, size_t len, struct sst_buf *out);

#endif
