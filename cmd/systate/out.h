/*
 * Standard output: buffered, errors latch, nothing from outside reaches a
 * terminal raw in text forms.
 */
#ifndef CMD_SYSTATE_OUT_H
#define CMD_SYSTATE_OUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum cli_paint {
	CLI_PLAIN,
	CLI_BOLD,
	CLI_DIM,
	CLI_RED,
	CLI_GREEN,
	CLI_YELLOW,
	CLI_CYAN,
	CLI_PAINT_COUNT
};

struct cli_out {
	int fd;
	struct sst_buf pending;
	int error;     /* errno of the first write that failed; 0 */
	bool nomem;    /* memory ran out; what follows is lost */
	bool terminal; /* fd is one */
	bool colour;
	unsigned width; /* columns of the terminal; 0: not bounded */
};

/* Looks at fd and at the environment (NO_COLOR, TERM, COLUMNS). */
void cli_out_init(struct cli_out *out, int fd);
void cli_out_fini(struct cli_out *out);

/* Bytes as they are; the rest for text of our own. */
void cli_out_add(struct cli_out *out, const char *bytes, size_t len);
void cli_out_adds(struct cli_out *out, const char *text);
void cli_out_addf(struct cli_out *out, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Text from outside: without control characters. */
void cli_out_clean(struct cli_out *out, const char *text, size_t len);
/* Starts a colour, or ends it with CLI_PLAIN; nothing without colour. */
void cli_out_paint(struct cli_out *out, enum cli_paint paint);

/* Writes what is pending; false once there was an error. */
bool cli_out_flush(struct cli_out *out);
/* True when nobody reads any more, or writing fails: time to stop. */
bool cli_out_broken(const struct cli_out *out);

/* Columns that a text takes; unknown characters count as one. */
size_t cli_columns(const char *text, size_t len);
/* Bytes of the longest part of text that fits into so many columns. */
size_t cli_columns_cut(const char *text, size_t len, size_t columns);

#endif
