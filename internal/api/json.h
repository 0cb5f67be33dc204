/* Writes JSON members into a buffer, with the commas where they belong. */
#ifndef SST_API_JSON_H
#define SST_API_JSON_H

#include <stdint.h>

#include "base/buf.h"

/* name NULL: an item of an array, or the document itself. */
void api__json_open(struct sst_buf *out, const char *name, char bracket);
void api__json_close(struct sst_buf *out, char bracket);
/* text NULL: null */
void api__json_text(struct sst_buf *out, const char *name, const char *text);
void api__json_span(
    struct sst_buf *out, const char *name, const char *text, size_t len);
void api__json_count(struct sst_buf *out, const char *name, uint64_t value);
/* Whole thousandths; below 0: null. */
void api__json_seconds(struct sst_buf *out, const char *name, double value);
/* A value that is JSON already; NULL: null. */
void api__json_raw(struct sst_buf *out, const char *name, const char *json);
/* Encoded items, copied as they are. */
void api__json_items(
    struct sst_buf *out, const char *name, const struct sst_buf *items);

#endif
