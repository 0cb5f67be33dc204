/* Between the files that work on option tables. */
#ifndef SST_CONFIG_OPTION_PRIV_H
#define SST_CONFIG_OPTION_PRIV_H

#include "config/option.h"

/* How a plain YAML scalar reads (core schema of YAML 1.2). */
enum option_look { LOOK_TEXT, LOOK_INT, LOOK_REAL, LOOK_BOOL, LOOK_NULL };
enum option_look config__look(const char *text);

/* The field of a row in its struct. */
static inline void *
option_field(const struct sst_option *row, void *target)
{
	return (char *)target + row->offset;
}

static inline const void *
option_field_const(const struct sst_option *row, const void *target)
{
	return (const char *)target + row->offset;
}

/* Bytes of the field of a row. */
size_t config__field_size(const struct sst_option *row);

/* Reads node (not null) as the value of row into its zeroed field; secrets
 * and ITEMS are read elsewhere. On failure the field owns nothing. */
int config__value_read(const struct sst_option *row,
    const struct sst_config_node *node, void *field, struct sst_error *err);

/* "a whole number from 0 to 65535"; the text is appended. */
void config__describe(const struct sst_option *row, struct sst_buf *out);
/* "boolean", "integer", "list of texts", ... */
const char *config__type_name(const struct sst_option *row);

/* "PLACE: PATH: got X; expected DESCRIPTION"; why may be NULL. Returns code. */
int config__value_refuse(const struct sst_option *row,
    const struct sst_config_node *node, int code, const char *why,
    struct sst_error *err);

/* The complaint about a key that no row has; SST_INVALID. prefix: "listen." */
int config__unknown_key(const struct sst_option *table, size_t count,
    const char *prefix, const struct sst_config_node *node,
    struct sst_error *err);

/* Appends a text as a YAML scalar that reads back as the same text. */
void config__print_text(const char *text, struct sst_buf *out);

/* sst_text_distance() of two names. */
size_t config__distance(const char *a, const char *b);

#endif
