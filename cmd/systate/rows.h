/* Rows that the option tables of several subcommands have in common. */
#ifndef CMD_SYSTATE_ROWS_H
#define CMD_SYSTATE_ROWS_H

#include "option.h"

#define CLI_AT(member) offsetof(struct cli_args, member)
#define CLI_ROW_COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* NULL-terminated names, in the order of their enums. */
extern const char *const cli_colour_names[];
extern const char *const cli_view_names[];

#define CLI_ROW_FORM(flag, form_value, text)                            \
	{                                                               \
		.name = (flag), .type = CLI_OPTION_SET, .help = (text), \
		.offset = CLI_AT(form), .set = (form_value)             \
	}
#define CLI_ROW_TEXT CLI_ROW_FORM("--text", CLI_FORM_TEXT, "lines for people")
#define CLI_ROW_JSON CLI_ROW_FORM("--json", CLI_FORM_JSON, "JSON")
#define CLI_ROW_NDJSON(text) CLI_ROW_FORM("--ndjson", CLI_FORM_NDJSON, text)
#define CLI_ROW_PRETTY                                       \
	{                                                    \
		.name = "--pretty", .type = CLI_OPTION_FLAG, \
		.help = "JSON indented by two spaces",       \
		.offset = CLI_AT(pretty)                     \
	}

#define CLI_ROWS_COLOUR                                                        \
	{.name = "--colour",                                                   \
	    .type = CLI_OPTION_CHOICE,                                         \
	    .value = "WHEN",                                                   \
	    .choices = cli_colour_names,                                       \
	    .help = "colour of text: auto (on a terminal, unless NO_COLOR is " \
		    "set), always or never",                                   \
	    .offset = CLI_AT(colour)},                                         \
	{                                                                      \
		.name = "--color", .type = CLI_OPTION_CHOICE, .value = "WHEN", \
		.choices = cli_colour_names, .help = "the same",               \
		.offset = CLI_AT(colour)                                       \
	}

#define CLI_ROW_SECTIONS                                                    \
	{                                                                   \
		.name = "--sections", .type = CLI_OPTION_SECTIONS,          \
		.value = "LIST",                                            \
		.help = "only these: names of agents, workload, queues, "   \
			"litellm, with commas between them",                \
		.offset = CLI_AT(sections), .given = CLI_AT(sections_given) \
	}

#define CLI_ROW_KEY(text)                                                 \
	{                                                                 \
		.name = "--key", .type = CLI_OPTION_TEXT, .value = "KEY", \
		.help = (text), .offset = CLI_AT(key)                     \
	}

#define CLI_ROWS_SERVER                                                     \
	{.name = "--url",                                                   \
	    .type = CLI_OPTION_TEXT,                                        \
	    .value = "URL",                                                 \
	    .help = "the server; else SYSTATE_URL, else "                   \
		    "http://127.0.0.1:8080",                                \
	    .offset = CLI_AT(url)},                                         \
	    {.name = "--token-file",                                        \
		.type = CLI_OPTION_FILE,                                    \
		.value = "FILE",                                            \
		.help = "file that holds the token for the server; else "   \
			"SYSTATE_TOKEN_FILE",                               \
		.offset = CLI_AT(token_file)},                              \
	    {.name = "--ca-file",                                           \
		.type = CLI_OPTION_FILE,                                    \
		.value = "FILE",                                            \
		.help = "certificates (PEM) that are trusted instead of "   \
			"those of the system",                              \
		.offset = CLI_AT(ca_file)},                                 \
	{                                                                   \
		.name = "--timeout", .type = CLI_OPTION_DURATION,           \
		.value = "DURATION",                                        \
		.help = "wait so long for an answer, such as 500ms or 2m; " \
			"30s",                                              \
		.offset = CLI_AT(timeout_ms), .min = 1, .max = 86400000     \
	}

/* The subcommands, each in the file of its name. */
extern const struct cli_command cli_get;
extern const struct cli_command cli_diff;
extern const struct cli_command cli_watch;
extern const struct cli_command cli_history;
extern const struct cli_command cli_sources;
extern const struct cli_command cli_validate;
extern const struct cli_command cli_apply;

#endif
