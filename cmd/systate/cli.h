/*
 * What the subcommands of systate share: the values of options, exit statuses,
 * one way to fail. One thread, but for the helper of `watch`.
 */
#ifndef CMD_SYSTATE_CLI_H
#define CMD_SYSTATE_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "out.h"

/* Documented in --help, the man page and the README. */
enum cli_exit {
	CLI_OK = 0,      /* done; the same; valid */
	CLI_DIFFERS = 1, /* differs; not valid; a test of a patch failed */
	CLI_USAGE = 2,   /* the command line is wrong */
	CLI_UNKNOWN = 3, /* cannot tell: bad file, gone, error of the server */
	CLI_UNREACHABLE = 4 /* no answer, or none in time */
};

/* Detail of an error whose cause is the command line, and HTTP's word for a
 * request that is wrong. */
enum { CLI_ERROR_USAGE = 400 };

/* How results are written. */
enum cli_form {
	CLI_FORM_DEFAULT,
	CLI_FORM_TEXT,
	CLI_FORM_JSON,
	CLI_FORM_NDJSON,
	CLI_FORM_JSON_PATCH,
	CLI_FORM_MERGE_PATCH
};

enum cli_colour { CLI_COLOUR_AUTO, CLI_COLOUR_ALWAYS, CLI_COLOUR_NEVER };

/* A merge patch is of one of the first two. */
enum cli_view { CLI_VIEW_FULL, CLI_VIEW_KEYED, CLI_VIEW_BASE };

enum {
	CLI_OPERANDS_MAX = 2,
	/* Of a file or an answer: ten times the largest system we know. */
	CLI_DOCUMENT_MAX = 256 * 1024 * 1024
};

/* Values of all options; texts are borrowed from argv or the environment. */
struct cli_args {
	const char *operands[CLI_OPERANDS_MAX];
	size_t operand_count;
	/* server */
	const char *url;
	const char *token_file;
	const char *ca_file;
	int64_t timeout_ms;
	/* output */
	int form;   /* enum cli_form */
	int colour; /* enum cli_colour */
	bool pretty;
	/* what of the state */
	unsigned sections; /* bit n: section n */
	bool sections_given;
	const char *key;
	const char *at;
	int view; /* enum cli_view */
	bool view_given;
	/* of single subcommands */
	const char *from;
	const char *to;
	uint64_t limit;
	bool limit_given;
	bool all;
	bool check;
	bool merge;
	bool no_validate;
	const char *since;
	uint64_t count; /* 0: no bound */
	bool until_change;
	int64_t for_ms;     /* <0: no bound */
	int64_t give_up_ms; /* of a server that is away */
};

/* "full", "keyed", "base". */
const char *cli_view_name(int view);

struct cli_command;

struct cli {
	const struct cli_command *command; /* NULL: none yet */
	struct cli_args args;
	struct cli_out out;
	const struct sst_clock *clock;
};

/* Writes "systate COMMAND: text" as one line to standard error, without
 * control characters; returns status. */
int cli_fail(const struct cli *cli, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same for an error record; the status follows from its code. */
int cli_fail_error(const struct cli *cli, const struct sst_error *err);
/* The same, and it is no failure. */
void cli_note(const struct cli *cli, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Parses the words behind the program's name and does what they say; returns
 * the exit status. Standard output is written to fd 1 and flushed. */
int cli_main(int argc, char *const *argv);

#endif
