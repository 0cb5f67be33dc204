/* Values and names as people read them; for diff_text.c only. */
#ifndef SST_SERVICE_DIFF_WORDS_H
#define SST_SERVICE_DIFF_WORDS_H

#include "service/diff_priv.h"

/* Appends text with nothing in it that a terminal would act upon; returns the
 * columns it takes, a character each. */
size_t words__text(const char *text, size_t len, struct sst_buf *out);
/* Columns of what was written so. */
size_t words__columns(const struct sst_buf *text);

/* "status: busy -> idle". */
void words__field(const struct sst_diff *diff, const struct diff_field *field,
    struct sst_buf *out);
/* All fields of a row, joined by ", ". */
void words__fields(const struct sst_diff *diff, const struct diff_row *row,
    struct sst_buf *out);
/* What a row tells besides: "3 tasks", "queues a/b -> agents c". */
void words__extent(const struct sst_diff *diff, const struct diff_row *row,
    struct sst_buf *out);

#endif
