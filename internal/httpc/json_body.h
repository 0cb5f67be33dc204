/*
 * Bytes of an upstream answer to a jansson tree, with an error code for each
 * way in which they can be wrong. Pure: no I/O; any thread.
 */
#ifndef SST_HTTPC_JSON_BODY_H
#define SST_HTTPC_JSON_BODY_H

#include <jansson.h>
#include <stddef.h>

#include "base/error.h"

/* Deepest nesting accepted: no answer of a known upstream passes 12. */
enum { SST_JSON_BODY_DEPTH = 64 };

/*
 * Any JSON value is accepted, also a scalar. The caller gives *out back with
 * json_decref. SST_ENCODING: invalid UTF-8. SST_NUL: a NUL byte or \u0000.
 * SST_TOO_DEEP. SST_TRUNCATED: ends before the value does, or empty.
 * SST_TYPE: a number beyond 64 bits. SST_SYNTAX: not JSON. SST_NOMEM.
 * The text names no position: it must not differ between two polls.
 */
int sst_json_body_parse(
    const char *bytes, size_t len, json_t **out, struct sst_error *err);

#endif
