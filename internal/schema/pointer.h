/* JSON Pointers (RFC 6901), token by token. Pure functions. */
#ifndef SST_SCHEMA_POINTER_H
#define SST_SCHEMA_POINTER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Adds "/" and key, escaped, to a pointer being built. */
void sst_pointer_add(struct sst_buf *b, const char *key, size_t len);
void sst_pointer_index(struct sst_buf *b, size_t index);
/* Reads one reference token at *at (which points at '/'), unescapes it into
 * out (cleared first) and moves *at on; false when malformed. */
bool sst_pointer_token(const char **at, struct sst_buf *out);
/* The index that a token is: digits without a leading zero, at most nine. */
bool sst_pointer_number(const char *token, size_t len, size_t *out);
/* Member or item of json that a token names; NULL when there is none. */
json_t *sst_pointer_step(const json_t *json, const char *token, size_t len);

#endif
