/* Help, written from the tables. */
#include "option.h"

enum { HELP_COLUMN = 26, HELP_WIDTH = 79 };

void
cli_usage(const struct cli_command *command, struct sst_buf *out)
{
	sst_buf_addf(out, "usage: systate %s [OPTION...]%s%s", command->name,
	    command->operands[0] != '\0' ? " " : "", command->operands);
}

/* Words of text, from this column on, in lines of their own. */
static void
help_wrap(const char *text, size_t indent, struct sst_buf *out)
{
	size_t column = indent, len;

	while (*text != '\0') {
		len = strcspn(text, " ");
		if (column > indent && column + 1 + len > HELP_WIDTH) {
			sst_buf_addf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			sst_buf_addc(out, ' ');
			column++;
		}
		sst_buf_add(out, text, len);
		column += len;
		text += len;
		text += strspn(text, " ");
	}
	sst_buf_addc(out, '\n');
}

static void
help_row(const char *left, const char *right, struct sst_buf *out)
{
	size_t len = strlen(left);

	sst_buf_addf(out, "  %s", left);
	if (len + 4 > HELP_COLUMN)
		sst_buf_addf(out, "\n%*s", HELP_COLUMN, "");
	else
		sst_buf_addf(out, "%*s", (int)(HELP_COLUMN - 2 - len), "");
	help_wrap(right, HELP_COLUMN, out);
}

static void
help_options(const struct cli_command *command, struct sst_buf *out)
{
	struct sst_buf left = SST_BUF_INIT;
	size_t i;

	sst_buf_adds(out, "\nOptions:\n");
	for (i = 0; i < command->option_count; i++) {
		const struct cli_option *row = &command->options[i];

		sst_buf_clear(&left);
		sst_buf_addf(&left, "%s%s%s", row->name,
		    row->value != NULL ? " " : "",
		    row->value != NULL ? row->value : "");
		if (!sst_buf_failed(&left))
			help_row(left.data, row->help, out);
	}
	help_row("--help", "print this", out);
	sst_buf_fini(&left);
}

static const char help_exit[] =
    "\nExit status:\n"
    "  0  done; the same; valid\n"
    "  1  differs; not valid; a test of a patch failed\n"
    "  2  the command line is wrong\n"
    "  3  cannot tell: bad file, gone, error of the server\n"
    "  4  the server cannot be reached, or not in time\n";

void
cli_help_command(const struct cli_command *command, struct sst_buf *out)
{
	size_t i;

	cli_usage(command, out);
	sst_buf_addf(out, "\n\n%s\n", command->text);
	help_options(command, out);
	sst_buf_adds(out, "\nExamples:\n");
	for (i = 0; command->examples[i] != NULL; i += 2)
		sst_buf_addf(out, "  %s\n      %s\n", command->examples[i],
		    command->examples[i + 1]);
	sst_buf_adds(out, help_exit);
}

void
cli_help_program(struct sst_buf *out)
{
	const struct cli_command *const *commands;
	size_t i, count;

	sst_buf_adds(out,
	    "usage: systate SUBCOMMAND [OPTION...] [OPERAND...]\n\n"
	    "The state of a multi-agent AI system: what it is, what it was, "
	    "and what changed.\n\nSubcommands:\n");
	commands = cli_commands(&count);
	for (i = 0; i < count; i++)
		sst_buf_addf(out, "  %-10s%s\n", commands[i]->name,
		    commands[i]->summary);
	sst_buf_adds(out,
	    "\n  systate help SUBCOMMAND   its options and examples\n"
	    "  systate --version         the version\n"
	    "\nEnvironment:\n"
	    "  SYSTATE_URL         the server; http://127.0.0.1:8080\n"
	    "  SYSTATE_TOKEN_FILE  file that holds the token, if one is "
	    "needed\n"
	    "  NO_COLOR            not empty: no colour\n"
	    "\nExamples:\n"
	    "  systate get                    everything, as tables\n"
	    "  systate diff -15m              what changed in 15 minutes\n"
	    "  systate get --json >before.json; make deploy;\n"
	    "  systate diff before.json now   what a deployment changed\n"
	    "  systate watch                  each change as it comes\n");
	sst_buf_adds(out, help_exit);
}
