/* Pieces of output that several subcommands have in common. */
#ifndef CMD_SYSTATE_FORM_H
#define CMD_SYSTATE_FORM_H

#include <jansson.h>

#include "out.h"

/* Compact JSON and a newline. */
void cli_out_json_line(struct cli_out *out, const json_t *value);
/* A line for each item. */
void cli_out_json_lines(struct cli_out *out, const json_t *array);

/* The colour of a status word of a source, agent, model or task. */
enum cli_paint cli_status_paint(const char *status);

/* "850ms", "12.3s", "4m10s", "2h05m", "3d04h". */
void cli_seconds_text(double seconds, char out[32]);

/* Appends "code: message" of an error of a source; "-" for none. */
void cli_error_text(const json_t *error, struct sst_buf *out);

#endif
