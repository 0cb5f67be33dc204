#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "option.h"
#include "rows.h"

const char *const cli_colour_names[] = {"auto", "always", "never", NULL};
const char *const cli_view_names[] = {"full", "keyed", "base", NULL};

static const struct cli_command *const cli_table[] = {
    &cli_get,
    &cli_diff,
    &cli_watch,
    &cli_history,
    &cli_sources,
    &cli_validate,
    &cli_apply,
};

const char *
cli_view_name(int view)
{
	return cli_view_names[view];
}

const struct cli_command *const *
cli_commands(size_t *count_out)
{
	*count_out = CLI_ROW_COUNT(cli_table);
	return cli_table;
}

const struct cli_command *
cli_command_find(const char *name)
{
	size_t i;

	for (i = 0; i < CLI_ROW_COUNT(cli_table); i++) {
		if (strcmp(cli_table[i]->name, name) == 0)
			return cli_table[i];
	}
	return NULL;
}

/* A write that fails here can be told to nobody. */
static void
cli_say(const struct cli *cli, const char *text)
{
	struct sst_buf line = SST_BUF_INIT;
	ssize_t n;

	sst_buf_adds(&line, "systate");
	if (cli->command != NULL)
		sst_buf_addf(&line, " %s", cli->command->name);
	sst_buf_adds(&line, ": ");
	sst_text_clean(text, strlen(text), 0, &line);
	sst_buf_addc(&line, '\n');
	if (!sst_buf_failed(&line)) {
		n = write(STDERR_FILENO, line.data, line.len);
		(void)n;
	}
	sst_buf_fini(&line);
}

int
cli_fail(const struct cli *cli, int status, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	cli_say(cli, text);
	return status;
}

void
cli_note(const struct cli *cli, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	cli_say(cli, text);
}

static int
cli_status_of(const struct sst_error *err)
{
	switch (err->code) {
	case SST_INVALID:
		return err->detail == CLI_ERROR_USAGE ? CLI_USAGE : CLI_UNKNOWN;
	case SST_UNREACHABLE:
	case SST_TIMEOUT:
	case SST_TLS:
		return CLI_UNREACHABLE;
	default:
		return CLI_UNKNOWN;
	}
}

int
cli_fail_error(const struct cli *cli, const struct sst_error *err)
{
	return cli_fail(cli, cli_status_of(err), "%s", err->text);
}

/* What was written must have arrived; that nobody reads it is no error. */
static int
cli_finish(struct cli *cli, int status)
{
	cli_out_flush(&cli->out);
	if (cli->out.nomem)
		status = cli_fail(cli, CLI_UNKNOWN, "out of memory");
	else if (cli->out.error != 0 && cli->out.error != EPIPE)
		status = cli_fail(cli, CLI_UNKNOWN, "standard output: %s",
		    strerrordesc_np(cli->out.error));
	return status;
}

static int
cli_print(struct cli *cli, struct sst_buf *text)
{
	if (sst_buf_failed(text))
		cli->out.nomem = true;
	else
		cli_out_add(&cli->out, text->data, text->len);
	sst_buf_fini(text);
	return CLI_OK;
}

static int
cli_help(struct cli *cli, const struct cli_command *command)
{
	struct sst_buf text = SST_BUF_INIT;

	if (command == NULL)
		cli_help_program(&text);
	else
		cli_help_command(command, &text);
	return cli_print(cli, &text);
}

static int
cli_unknown(struct cli *cli, const char *name)
{
	const char *best = NULL;
	size_t i, d, least = 3;

	if (name[0] == '-')
		return cli_fail(cli, CLI_USAGE,
		    "%.60s: options stand behind the subcommand, such as "
		    "systate get %.60s; systate --help lists them",
		    name, name);
	for (i = 0; i < CLI_ROW_COUNT(cli_table); i++) {
		d = cli_distance(name, cli_table[i]->name);
		if (d < least) {
			least = d;
			best = cli_table[i]->name;
		}
	}
	return cli_fail(cli, CLI_USAGE,
	    "%.60s: no such subcommand%s%s; systate --help lists them", name,
	    best != NULL ? "; did you mean " : "", best != NULL ? best : "");
}

static bool
cli_asks_help(int argc, char *const *argv)
{
	int i;

	for (i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--help") == 0 ||
		    strcmp(argv[i], "-h") == 0)
			return true;
	}
	return false;
}

static int
cli_run(struct cli *cli, int argc, char *const *argv)
{
	struct sst_error err = {0};

	if (cli_asks_help(argc, argv))
		return cli_help(cli, cli->command);
	if (cli_args_parse(cli->command, argc, argv, &cli->args, &err) !=
	    SST_OK)
		return cli_fail(cli, CLI_USAGE, "%s", err.text);
	if (cli->args.colour != CLI_COLOUR_AUTO)
		cli->out.colour = cli->args.colour == CLI_COLOUR_ALWAYS;
	return cli->command->run(cli);
}

static int
cli_dispatch(struct cli *cli, int argc, char *const *argv)
{
	const char *word = argc > 1 ? argv[1] : NULL;

	if (word == NULL)
		return cli_fail(cli, CLI_USAGE,
		    "a subcommand is missing; systate --help lists them");
	if (strcmp(word, "--version") == 0) {
		cli_out_adds(&cli->out, "systate " SST_VERSION "\n");
		return CLI_OK;
	}
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
		return cli_help(cli, NULL);
	if (strcmp(word, "help") == 0 && argc <= 2)
		return cli_help(cli, NULL);
	if (strcmp(word, "help") == 0 && cli_command_find(argv[2]) != NULL)
		return cli_help(cli, cli_command_find(argv[2]));
	if (strcmp(word, "help") == 0)
		return cli_unknown(cli, argv[2]);
	cli->command = cli_command_find(word);
	if (cli->command == NULL)
		return cli_unknown(cli, word);
	return cli_run(cli, argc - 2, argv + 2);
}

int
cli_main(int argc, char *const *argv)
{
	struct cli cli = {.clock = sst_clock_real()};
	int status;

	cli_args_init(&cli.args);
	cli_out_init(&cli.out, STDOUT_FILENO);
	status = cli_finish(&cli, cli_dispatch(&cli, argc, argv));
	cli_out_fini(&cli.out);
	return status;
}
