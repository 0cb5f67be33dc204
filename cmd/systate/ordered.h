/* Documents written as the service writes them. */
#ifndef CMD_SYSTATE_ORDERED_H
#define CMD_SYSTATE_ORDERED_H

#include <jansson.h>

#include "base/buf.h"
#include "model/shape.h"

/*
 * Appends compact JSON, members of objects in the order of the schema and what
 * it does not know behind them. Where the schema has an array and the value is
 * an object (the keyed view), its members are items. Memory latches in out.
 */
void cli_encode_ordered(
    const struct sst_shape *shape, const json_t *value, struct sst_buf *out);

#endif
