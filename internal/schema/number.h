/*
 * JSON numbers: jansson holds int64 or double; comparison between the two is
 * exact, and so is divisibility (of the shortest decimal form of a double).
 */
#ifndef SST_SCHEMA_NUMBER_H
#define SST_SCHEMA_NUMBER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Less than, equal to, greater than 0 as a is less than, equal to, more than
 * b. Both must be numbers. */
int schema__number_compare(const json_t *a, const json_t *b);
/* Whether value has no fractional part. */
bool schema__number_integral(const json_t *value);
/* Whether value / divisor is an integer; divisor > 0. */
bool schema__number_multiple(const json_t *value, const json_t *divisor);
/* The value as int64 when it is one, be it written 3 or 3.0. */
bool schema__number_int(const json_t *value, int64_t *out);
/* Text for messages, at most 31 bytes. */
void schema__number_text(const json_t *value, char out[32]);

#endif
