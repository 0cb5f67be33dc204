/* Texts for people: always valid UTF-8 on one line, whatever was cut. */
#ifndef SST_SCHEMA_TEXT_H
#define SST_SCHEMA_TEXT_H

#include "base/error.h"

/* Drops bytes that are no valid UTF-8 (left where a text was cut); control
 * characters become spaces. */
void schema__text_clean(char *text);
/* sst_error_set() with the text cleaned; err may be NULL. */
int schema__fail(struct sst_error *err, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
