/* Bytes from files and standard input, and JSON from bytes. */
#ifndef CMD_SYSTATE_INPUT_H
#define CMD_SYSTATE_INPUT_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"

/* The operand that is standard input. */
bool cli_is_stdin(const char *path);
/* "standard input" or the path, for messages. */
const char *cli_input_name(const char *path);

/*
 * Appends the whole file; "-" is standard input. SST_IO names the file and
 * what is wrong with it; SST_TOO_LARGE: over CLI_DOCUMENT_MAX; SST_NOMEM.
 */
int
cli_input_read(const char *path, struct sst_buf *out, struct sst_error *err);

/*
 * Bytes of that file as JSON; members twice in an object are refused.
 * SST_SYNTAX with line and column. The caller gives *out back with
 * json_decref().
 */
int cli_input_parse(const char *path, const struct sst_buf *bytes, json_t **out,
    struct sst_error *err);
/* Both. */
int cli_input_json(const char *path, json_t **out, struct sst_error *err);

#endif
