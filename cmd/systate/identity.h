/* What identifies an entity, read from the embedded schema. */
#ifndef CMD_SYSTATE_IDENTITY_H
#define CMD_SYSTATE_IDENTITY_H

#include <jansson.h>

#include "base/buf.h"
#include "base/error.h"
#include "model/shape.h"

/* The shape of the document; free with sst_shape_free(). */
int cli_shape_new(struct sst_shape **out, struct sst_error *err);

/* Appends the key of an item of an array of that shape, as in URLs and
 * changes: its identity with slashes between. Members that are not there are
 * left out, as in the base view. */
void cli_key_text(
    const struct sst_shape *shape, const json_t *entity, struct sst_buf *out);

#endif
