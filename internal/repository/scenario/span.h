/* Durations, ranges and times as they are written in a scenario. Pure. */
#ifndef SST_REPOSITORY_SCENARIO_SPAN_H
#define SST_REPOSITORY_SCENARIO_SPAN_H

#include <stdbool.h>
#include <stdint.h>

/* Longest duration: ten years keeps every sum far from overflow. */
static const int64_t scenario_span_max = INT64_C(315360000000);

/* "-5m", "1h30m", "250ms", "0": to milliseconds; the whole text. */
bool scenario__duration(const char *text, int64_t *out_ms);

/* "20..60" or "20": reals, low <= high. */
bool scenario__range(const char *text, double *low_out, double *high_out);

/* A decimal number, the whole text; no hex, inf or nan. */
bool scenario__real(const char *text, double *out);
bool scenario__integer(const char *text, int64_t *out);

/* RFC 3339 UTC, whole seconds, of a day that exists. */
bool scenario__is_time(const char *text);

#endif
