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

/*
 * Appends the keyed view of such a value: all members, but every array whose
 * items have an identity is an object, in the order of the array. A name is
 * the key as sst_entity_key_text() writes it; items keep their own identity
 * members. Among items that may share a key (tasks that one waits for) the
 * second of a name gets "#2", the third "#3".
 */
void sst_project_keyed(const struct sst_shape *shape, const char *json,
    size_t len, struct sst_buf *out);

/* Appends the same JSON indented by two spaces, with a final newline. */
void sst_project_pretty(const char *json, size_t len, struct sst_buf *out);

#endif
