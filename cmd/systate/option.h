/*
 * Options as tables: one a subcommand, from which its words are parsed and its
 * help is written, and with which a test compares completions and man page.
 */
#ifndef CMD_SYSTATE_OPTION_H
#define CMD_SYSTATE_OPTION_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "cli.h"

enum cli_option_type {
	CLI_OPTION_FLAG,     /* bool: set */
	CLI_OPTION_SET,      /* int: set to `set`; those of one offset exclude
			      * each other */
	CLI_OPTION_TEXT,     /* const char *: any that is not empty */
	CLI_OPTION_FILE,     /* the same, a path */
	CLI_OPTION_MOMENT,   /* the same, see service/moment.h */
	CLI_OPTION_DURATION, /* int64_t, milliseconds */
	CLI_OPTION_COUNT,    /* uint64_t */
	CLI_OPTION_SECTIONS, /* unsigned: names with commas */
	CLI_OPTION_CHOICE    /* int: index into choices */
};

struct cli_option {
	const char *name; /* "--sections" */
	enum cli_option_type type;
	const char *value; /* "LIST": what it takes, for help; NULL: nothing */
	const char *help;
	size_t offset; /* of the value in struct cli_args */
	int set;
	/* COUNT: range; DURATION: milliseconds */
	uint64_t min, max;
	const char *const *choices; /* NULL ends */
	size_t given;               /* offset of a bool that says so; 0: none */
};

/* One subcommand. */
struct cli_command {
	const char *name;
	const char *operands; /* "[PATH]", for help; "" when there are none */
	const char *summary;  /* half a line */
	const char *text;     /* paragraphs for help */
	/* Pairs of a command line and what it does; NULL ends. */
	const char *const *examples;
	const struct cli_option *options;
	size_t option_count;
	size_t operands_min, operands_max;
	bool files; /* operands may be files: for completion */
	int (*run)(struct cli *cli);
};

/* All of them; static. */
const struct cli_command *const *cli_commands(size_t *count_out);
const struct cli_command *cli_command_find(const char *name);

/* sst_text_distance() of two words. */
size_t cli_distance(const char *a, const char *b);

/* The values before any word is parsed: defaults and environment. */
void cli_args_init(struct cli_args *args);

/*
 * Parses words (argc of them, without program and subcommand) into *args.
 * SST_INVALID: the text names what was received and what is allowed.
 */
int cli_args_parse(const struct cli_command *command, int argc,
    char *const *argv, struct cli_args *args, struct sst_error *err);

/* Help on the program, and on one subcommand. */
void cli_help_program(struct sst_buf *out);
void cli_help_command(const struct cli_command *command, struct sst_buf *out);
/* "usage: systate diff [OPTION...] FROM [TO]", without a newline. */
void cli_usage(const struct cli_command *command, struct sst_buf *out);

#endif
