/*
 * URI references (RFC 3986) and JSON Pointers (RFC 6901): the two address
 * forms of a schema. Pure functions; results are malloc'd, NULL when memory
 * ran out.
 */
#ifndef SST_SCHEMA_URI_H
#define SST_SCHEMA_URI_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* ref resolved against base, as RFC 3986 section 5.2 says, without fragment. */
char *schema__uri_resolve(const char *base, const char *ref);
/* The bytes after '#', percent-decoded; "" when there is none. NULL also for
 * a broken percent sign: tell by checking `*bad`. */
char *schema__uri_fragment(const char *ref, bool *bad);
/* Whether text has a scheme ("name:"). */
bool schema__uri_absolute(const char *text);

/* Adds "/" and key, escaped, to a pointer being built. */
void schema__pointer_add(struct sst_buf *b, const char *key, size_t len);
void schema__pointer_index(struct sst_buf *b, size_t index);
/* Reads one reference token at *at (which points at '/'), unescapes it into
 * out (cleared first) and moves *at on; false when malformed. */
bool schema__pointer_token(const char **at, struct sst_buf *out);
/* Member or item of json that a token names; NULL when there is none. */
json_t *schema__pointer_step(const json_t *json, const char *token, size_t len);

#endif
