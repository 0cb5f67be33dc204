/*
 * The option tables of systate: what they take and refuse, and that help, man
 * page and completions have exactly the options that are taken.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "option.h"
#include "rows.h"

static struct cli_args args;
static struct sst_error err;

static void
setup(void)
{
	unsetenv("SYSTATE_URL");
	unsetenv("SYSTATE_TOKEN_FILE");
	cli_args_init(&args);
	sst_error_clear(&err);
}

enum { WORDS = 12 };

/* Parses words (NULL ends) after a fresh start. */
static int
parse(const char *command, char *const *words)
{
	const struct cli_command *c = cli_command_find(command);
	int n = 0;

	ck_assert_ptr_nonnull(c);
	while (words[n] != NULL)
		n++;
	setup();
	return cli_args_parse(c, n, words, &args, &err);
}

#define PARSE(command, ...) parse(command, (char *[]){__VA_ARGS__, NULL})

START_TEST(tables_are_sound)
{
	const struct cli_command *const *commands;
	size_t count, i, k, j;

	commands = cli_commands(&count);
	ck_assert_uint_eq(count, 7);
	for (i = 0; i < count; i++) {
		const struct cli_command *c = commands[i];

		ck_assert_ptr_eq(cli_command_find(c->name), c);
		ck_assert(c->option_count <= 64);
		ck_assert(c->operands_max <= CLI_OPERANDS_MAX);
		ck_assert(c->operands_min <= c->operands_max);
		ck_assert_int_eq(c->operands_max > 0, c->operands[0] != '\0');
		ck_assert_ptr_nonnull(c->run);
		for (k = 0; k < c->option_count; k++) {
			const struct cli_option *o = &c->options[k];

			ck_assert(strncmp(o->name, "--", 2) == 0);
			ck_assert(o->help[0] != '\0');
			ck_assert(o->offset < sizeof(args));
			ck_assert_int_eq(
			    o->value == NULL, o->type == CLI_OPTION_FLAG ||
						  o->type == CLI_OPTION_SET);
			ck_assert_int_eq(
			    o->choices != NULL, o->type == CLI_OPTION_CHOICE);
			for (j = 0; j < k; j++)
				ck_assert_str_ne(o->name, c->options[j].name);
		}
	}
}
END_TEST

START_TEST(defaults_and_environment)
{
	ck_assert_str_eq(args.url, "http://127.0.0.1:8080");
	ck_assert_ptr_null(args.token_file);
	ck_assert_int_eq(args.timeout_ms, 30000);
	ck_assert_uint_eq(args.sections, 15);
	setenv("SYSTATE_URL", "http://there:1", 1);
	setenv("SYSTATE_TOKEN_FILE", "/t", 1);
	cli_args_init(&args);
	ck_assert_str_eq(args.url, "http://there:1");
	ck_assert_str_eq(args.token_file, "/t");
	setenv("SYSTATE_URL", "", 1);
	setenv("SYSTATE_TOKEN_FILE", "", 1);
	cli_args_init(&args);
	ck_assert_str_eq(args.url, "http://127.0.0.1:8080");
	ck_assert_ptr_null(args.token_file);
}
END_TEST

START_TEST(values_arrive)
{
	ck_assert_int_eq(
	    PARSE("get", "--sections", "queues,agents", "--url=u", "--timeout",
		"1500ms", "--pretty", "--json", "--at", "-15m", "--view=base",
		"--colour", "never"),
	    SST_OK);
	ck_assert_uint_eq(args.sections, 5);
	ck_assert(args.sections_given && args.view_given && args.pretty);
	ck_assert_str_eq(args.url, "u");
	ck_assert_int_eq(args.timeout_ms, 1500);
	ck_assert_int_eq(args.form, CLI_FORM_JSON);
	ck_assert_int_eq(args.view, CLI_VIEW_BASE);
	ck_assert_int_eq(args.colour, CLI_COLOUR_NEVER);
	ck_assert_str_eq(args.at, "-15m");
	ck_assert_int_eq(PARSE("watch", "--count", "3", "--until-change",
			     "--for=1h", "--give-up", "0s"),
	    SST_OK);
	ck_assert_uint_eq(args.count, 3);
	ck_assert(args.until_change);
	ck_assert_int_eq(args.for_ms, 3600000);
	ck_assert_int_eq(args.give_up_ms, 0);
}
END_TEST

/* A duration back and standard input look like options and are none. */
START_TEST(operands)
{
	ck_assert_int_eq(PARSE("diff", "-15m", "-"), SST_OK);
	ck_assert_uint_eq(args.operand_count, 2);
	ck_assert_str_eq(args.operands[0], "-15m");
	ck_assert_str_eq(args.operands[1], "-");
	ck_assert_int_eq(PARSE("diff", "41", "--json", "42"), SST_OK);
	ck_assert_str_eq(args.operands[1], "42");
	ck_assert_int_eq(PARSE("diff", "--", "--json", "now"), SST_OK);
	ck_assert_str_eq(args.operands[0], "--json");
	ck_assert_int_eq(args.form, CLI_FORM_DEFAULT);
}
END_TEST

struct bad_case {
	const char *command;
	char *words[WORDS];
	const char *text; /* part of the message */
};

static const struct bad_case bad_cases[] = {
    {"get", {"--josn"}, "did you mean --json"},
    {"get", {"--nothing-like-it"}, "no such option; systate help get"},
    {"get", {"--json=1"}, "--json: takes no value"},
    {"get", {"--sections"}, "--sections: expected a value, LIST"},
    {"get", {"--sections="}, "names of agents, workload, queues, litellm"},
    {"get", {"--sections", "agents,"}, "got \"agents,\""},
    {"get", {"--sections", "agents,agents"}, "each at most once"},
    {"get", {"--sections", "sources"}, "got \"sources\""},
    {"get", {"--view", "summary"}, "expected one of full, keyed, base"},
    {"get", {"--at", "yesterday"}, "must be a revision (41)"},
    {"get", {"--at", ""}, "the value is empty"},
    {"get", {"--url", "a", "--url", "b"}, "--url: given more than once"},
    {"get", {"--json", "--text"}, "--json and --text exclude each other"},
    {"get", {"a", "b"}, "\"b\": one word too many; usage: systate get"},
    {"get", {""}, "an empty word"},
    {"get", {"--timeout", "5"}, "expected a duration such as"},
    {"get", {"--timeout", "0s"}, "at least 1ms"},
    {"get", {"--timeout", "2d"}, "expected a duration"},
    {"get", {"-x"}, "-x: no such option"},
    {"get", {"--colour", "red"}, "expected one of auto, always, never"},
    {"diff", {NULL}, "a word is missing; usage: systate diff"},
    {"diff", {"1", "--limit", "0"}, "expected a number from 1 to 10000"},
    {"diff", {"1", "--limit", "-1"}, "expected a number from 1 to 10000"},
    {"diff", {"1", "--limit", "10001"}, "from 1 to 10000"},
    {"diff", {"1", "--limit", "99999999999999999999"}, "from 1 to 10000"},
    {"diff", {"1", "--limit", "5x"}, "got \"5x\""},
    {"diff", {"1", "--view", "base"}, "expected one of full, keyed"},
    {"sources", {"x"}, "one word too many"},
    {"validate", {NULL}, "a word is missing"},
    {"apply", {NULL}, "a word is missing"},
    {"watch", {"--count", "0"}, "from 1 to"},
};

START_TEST(what_is_wrong_is_told)
{
	const struct bad_case *c = &bad_cases[_i];

	ck_assert_int_eq(parse(c->command, c->words), SST_INVALID);
	ck_assert_msg(strstr(err.text, c->text) != NULL, "%s", err.text);
}
END_TEST

START_TEST(distances)
{
	char longer[100];

	ck_assert_uint_eq(cli_distance("diff", "diff"), 0);
	ck_assert_uint_eq(cli_distance("dif", "diff"), 1);
	ck_assert_uint_eq(cli_distance("gte", "get"), 1);
	ck_assert_uint_eq(cli_distance("", "get"), 3);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	ck_assert_uint_gt(cli_distance(longer, "get"), 10);
}
END_TEST

/* The bytes of a file of the client's folder. */
static char *
read_file(const char *name)
{
	char path[512], *text;
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%s/cmd/systate/%s", SST_SOURCE_DIR, name);
	f = fopen(path, "rb");
	ck_assert_msg(f != NULL, "%s", path);
	text = calloc(1, 256 * 1024);
	ck_assert_ptr_nonnull(text);
	n = fread(text, 1, 256 * 1024 - 1, f);
	ck_assert_uint_gt(n, 0);
	fclose(f);
	return text;
}

static bool
takes(const struct cli_command *c, const char *name)
{
	size_t i;

	if (strcmp(name, "--help") == 0)
		return true;
	for (i = 0; i < c->option_count; i++) {
		if (strcmp(c->options[i].name, name) == 0)
			return true;
	}
	return false;
}

/* Whether text has name as a whole word. */
static bool
has_option(const char *text, const char *name)
{
	size_t len = strlen(name);
	const char *p;

	for (p = strstr(text, name); p != NULL; p = strstr(p + 1, name)) {
		if (strspn(p + len, "abcdefghijklmnopqrstuvwxyz-") == 0)
			return true;
	}
	return false;
}

/* Every option in text that begins so must be taken by the command. */
static void
check_options(const struct cli_command *c, const char *text, const char *where)
{
	char name[64];
	const char *p = text;
	size_t i, len;

	for (i = 0; i < c->option_count; i++)
		ck_assert_msg(has_option(text, c->options[i].name),
		    "%s: systate %s: %s is not there", where, c->name,
		    c->options[i].name);
	while ((p = strstr(p, "--")) != NULL) {
		len = 2 + strspn(p + 2, "abcdefghijklmnopqrstuvwxyz-");
		snprintf(name, sizeof(name), "%.*s", (int)len, p);
		/* "--" alone: the end of options */
		if (len > 2)
			ck_assert_msg(takes(c, name),
			    "%s: systate %s does not take %s", where, c->name,
			    name);
		p += len;
	}
}

/* From the line that begins with start to the one that begins with end. */
static char *
cut_out(const char *text, const char *start, const char *end)
{
	char line[64];
	const char *from, *to;
	char *part;

	snprintf(line, sizeof(line), "\n%s", start);
	from = strstr(text, line);
	ck_assert_msg(from != NULL, "no line \"%s\"", start);
	to = strstr(from + strlen(line), end);
	ck_assert_ptr_nonnull(to);
	part = strndup(from, (size_t)(to - from));
	ck_assert_ptr_nonnull(part);
	return part;
}

START_TEST(help_has_every_option)
{
	const struct cli_command *const *commands;
	struct sst_buf help = SST_BUF_INIT;
	char *part;
	size_t count;

	commands = cli_commands(&count);
	cli_help_command(commands[_i], &help);
	ck_assert(!sst_buf_failed(&help));
	part = cut_out(help.data, "Options:", "\nExamples:\n");
	check_options(commands[_i], part, "help");
	free(part);
	ck_assert_ptr_nonnull(strstr(help.data, "\nExit status:\n"));
	sst_buf_clear(&help);
	cli_help_program(&help);
	ck_assert_ptr_nonnull(strstr(help.data, commands[_i]->summary));
	sst_buf_fini(&help);
}
END_TEST

static void
check_width(const char *text)
{
	const char *end;

	for (; *text != '\0'; text = end + 1) {
		end = strchr(text, '\n');
		ck_assert_ptr_nonnull(end);
		ck_assert_msg(
		    end - text <= 100, "%.*s", (int)(end - text), text);
	}
}

START_TEST(help_fits_a_terminal)
{
	const struct cli_command *const *commands;
	struct sst_buf help = SST_BUF_INIT;
	size_t count;

	commands = cli_commands(&count);
	cli_help_command(commands[_i], &help);
	check_width(help.data);
	sst_buf_clear(&help);
	cli_help_program(&help);
	check_width(help.data);
	sst_buf_fini(&help);
}
END_TEST

/* The part of a completion for one subcommand, and what both have. */
START_TEST(bash_completes_every_option)
{
	const struct cli_command *const *commands;
	char *text = read_file("completion/systate.bash"), *part, start[32];
	char whole[4096];
	bool server;
	size_t count;

	commands = cli_commands(&count);
	snprintf(start, sizeof(start), "\t%s)", commands[_i]->name);
	part = cut_out(text, start, ";;");
	server = strstr(part, "server=") == NULL;
	snprintf(whole, sizeof(whole), "%s %s", part,
	    server ? "--url --token-file --ca-file --timeout --help" : "");
	check_options(commands[_i], whole, "bash");
	ck_assert_ptr_nonnull(strstr(
	    text, "server='--url --token-file --ca-file --timeout --help'"));
	ck_assert_ptr_nonnull(strstr(
	    text, "commands='get diff watch history sources validate apply'"));
	free(part);
	free(text);
}
END_TEST

START_TEST(zsh_completes_every_option)
{
	const struct cli_command *const *commands;
	char *text = read_file("completion/_systate"), *part, start[32];
	char whole[8192];
	size_t count;

	commands = cli_commands(&count);
	snprintf(start, sizeof(start), "\t%s)\n", commands[_i]->name);
	part = cut_out(text, start, ";;");
	snprintf(whole, sizeof(whole), "%s %s %s %s", part,
	    strstr(part, "$server") ? "--url --token-file --ca-file --timeout"
				    : "",
	    strstr(part, "$colour") ? "--colour --color" : "",
	    strstr(part, "$forms") ? "--text --json --ndjson" : "");
	check_options(commands[_i], whole, "zsh");
	snprintf(whole, sizeof(whole), "'%s:", commands[_i]->name);
	ck_assert_ptr_nonnull(strstr(text, whole));
	free(part);
	free(text);
}
END_TEST

/* "Fl Fl name" is how the man page writes an option. */
START_TEST(the_man_page_has_every_option)
{
	const struct cli_command *const *commands;
	char *text = read_file("systate.1"), flag[64], name[64];
	const char *p;
	size_t count, i;

	commands = cli_commands(&count);
	for (i = 0; i < commands[_i]->option_count; i++) {
		snprintf(flag, sizeof(flag), ".It Fl Fl %s",
		    commands[_i]->options[i].name + 2);
		if (has_option(text, flag))
			continue;
		snprintf(flag, sizeof(flag), ", Fl Fl %s",
		    commands[_i]->options[i].name + 2);
		ck_assert_msg(has_option(text, flag), "%s", flag);
	}
	snprintf(name, sizeof(name), ".It Cm %s", commands[_i]->name);
	p = strstr(text, name);
	ck_assert_msg(p != NULL, "%s", name);
	/* and what it says that this subcommand takes, it does */
	p = strstr(p, "Takes\n");
	ck_assert_ptr_nonnull(p);
	p += 6;
	while (strncmp(p, ".Fl Fl ", 7) == 0 || strncmp(p, "and", 3) == 0) {
		if (sscanf(p, ".Fl Fl %60[a-z-]", name) == 1) {
			snprintf(flag, sizeof(flag), "--%.60s", name);
			ck_assert_msg(takes(commands[_i], flag),
			    "systate %s: %s", commands[_i]->name, flag);
		}
		p = strchr(p, '\n') + 1;
	}
	free(text);
}
END_TEST

/* Nothing in the man page is an option that no subcommand takes. */
START_TEST(the_man_page_has_no_other)
{
	const struct cli_command *const *commands;
	char *text = read_file("systate.1"), name[64], flag[66];
	const char *p = text;
	size_t count, i;
	bool found;

	commands = cli_commands(&count);
	while ((p = strstr(p, "Fl Fl ")) != NULL) {
		p += 6;
		if (sscanf(p, "%60[a-z-]", name) != 1)
			continue;
		snprintf(flag, sizeof(flag), "--%s", name);
		found = strcmp(flag, "--version") == 0;
		for (i = 0; i < count; i++)
			found = found || takes(commands[i], flag);
		ck_assert_msg(found, "%s", flag);
	}
	free(text);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("cli_options");
	TCase *tc = tcase_create("cli_options");
	SRunner *sr;
	int failed, bad = sizeof(bad_cases) / sizeof(bad_cases[0]);

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, tables_are_sound);
	tcase_add_test(tc, defaults_and_environment);
	tcase_add_test(tc, values_arrive);
	tcase_add_test(tc, operands);
	tcase_add_loop_test(tc, what_is_wrong_is_told, 0, bad);
	tcase_add_test(tc, distances);
	tcase_add_loop_test(tc, help_has_every_option, 0, 7);
	tcase_add_loop_test(tc, help_fits_a_terminal, 0, 7);
	tcase_add_loop_test(tc, bash_completes_every_option, 0, 7);
	tcase_add_loop_test(tc, zsh_completes_every_option, 0, 7);
	tcase_add_loop_test(tc, the_man_page_has_every_option, 0, 7);
	tcase_add_test(tc, the_man_page_has_no_other);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
