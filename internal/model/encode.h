/* From a jansson tree to bytes, members in schema order. Pure functions. */
#ifndef SST_MODEL_ENCODE_H
#define SST_MODEL_ENCODE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "model/shape.h"

/* What the encoder met on the way; offsets into the bytes it wrote. */
struct sst_encoding {
	size_t hole;    /* inside the empty child array; 0: none */
	size_t stamp;   /* first byte of the changed-at text; 0: none */
	size_t unknown; /* members the shape does not have, left out */
};

/*
 * Appends the value (an object of that shape) as compact JSON. Of a children
 * array only `[]` is written. Offsets count from the first byte written.
 * Memory trouble latches in out.
 */
void sst_encode_object(const struct sst_shape *shape, const json_t *object,
    struct sst_buf *out, struct sst_encoding *encoding);

/* Any value without a shape: members in insertion order. */
void sst_encode_value(const json_t *value, struct sst_buf *out);

#endif
