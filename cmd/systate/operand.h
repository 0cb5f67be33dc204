/* Words that are a document: a moment of the server, or a saved one. */
#ifndef CMD_SYSTATE_OPERAND_H
#define CMD_SYSTATE_OPERAND_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"

/*
 * Says which it is. SST_INVALID: neither, or both; the text says what to write
 * instead.
 */
int
cli_operand_is_file(const char *word, bool *file_out, struct sst_error *err);

/*
 * Appends a path or key so that it can stand in a URL: percent-encoded but for
 * slashes, what is encoded already as the service would.
 */
void cli_key_canonical(const char *text, struct sst_buf *out);
/* The reverse, for people: %2F becomes a slash. */
void cli_key_plain(const char *text, struct sst_buf *out);

#endif
