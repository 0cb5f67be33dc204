/*
 * Times as text, RFC 3339. Pure functions of their arguments, no clock and no
 * time zone data; safe from any thread.
 */
#ifndef SST_BASE_TIME_H
#define SST_BASE_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for "2026-07-01T12:00:00.123Z" and its NUL. */
enum { SST_TIME_TEXT = 25 };

/*
 * Writes ms (milliseconds since 1970-01-01T00:00:00Z, may be negative) as UTC
 * with Z, floored to whole seconds unless with_ms. Times outside of the years
 * 0000 to 9999 are clamped to the nearest time inside.
 */
void sst_time_format_utc(int64_t ms, bool with_ms, char out[static 25]);

/*
 * Reads an RFC 3339 date-time: T, t or a space between date and time, any
 * number of fraction digits (cut to ms), Z, z or an offset up to 23:59. A leap
 * second (23:59:60 UTC) becomes the last ms before it. Returns SST_INVALID for
 * everything else, incl. days that do not exist; *ms_out is then untouched.
 */
int sst_time_parse(const char *text, size_t len, int64_t *ms_out);

#endif
