/* Pieces of output that several subcommands have in common. */
#ifndef CMD_SYSTATE_FORM_H
#define CMD_SYSTATE_FORM_H

#include <jansson.h>

#include "out.h"

/* Compact JSON and a newline. */
void cli_out_json_line(struct cli_out *out, const json_t *value);
/* A line for each item. */
void cli_out_json_lines(struct cli_out *out, const json_t *array);

/* Bytes as they are, and a newline unless they end in one. */
void cli_out_whole_lines(struct cli_out *out, const char *bytes, size_t len);
/* The text form of a diff as the server sends it, in colour where there is
 * colour; without control characters. */
void cli_out_diff_text(struct cli_out *out, const char *text, size_t len);
/* The colour of a mark: + - ~ >; plain for another character. */
enum cli_paint cli_mark_paint(char mark);

/* The colour of a status word of a source, agent, model or task. */
enum cli_paint cli_status_paint(const char *status);

/* "850ms", "12.3s", "4m10s", "2h05m", "3d04h". */
void cli_seconds_text(double seconds, char out[32]);

/* Appends "code: message" of an error of a source; "-" for none. */
void cli_error_text(const json_t *error, struct sst_buf *out);

#endif
