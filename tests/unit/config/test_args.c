/*
 * The command line. Ways to fail: a flag misread or swallowed, a complaint that
 * does not name it, help that leaves something out.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "unit/base/run.h"

static struct sst_config_args args;
static struct sst_error err;

static void
teardown(void)
{
	sst_config_args_fini(&args);
}

static const char *
no_variable(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return NULL;
}

/* Words up to NULL, as the service would read them. */
static int
load(char *const *words)
{
	struct sst_config *config = NULL;
	int argc = 0, code;

	while (words[argc] != NULL)
		argc++;
	code = sst_config_args_parse(argc, words, &args, &err);
	if (code != SST_OK)
		return code;
	args.variable = no_variable;
	code = sst_config_load(&args, &config, &err);
	sst_config_free(&config);
	return code;
}

START_TEST(bad_flags)
{
	static const struct {
		const char *flag, *value, *text;
	} rows[] = {
	    {"--prot", "5",
		"--prot: no such flag; did you mean --port; --help lists them "
		"all"},
	    {"--completely-else", NULL,
		"--completely-else: no such flag; --help lists them all"},
	    {"c.yaml", NULL, "c.yaml: not a flag; --config FILE names a file"},
	    {"", NULL, ": not a flag; --config FILE names a file"},
	    {"-x", NULL, "-x: no such flag; --help lists them all"},
	    {"--port", NULL, "--port: expected a value"},
	    {"--port", "", "--port: expected a value"},
	    {"--config", "", "--config: expected the path of a file"},
	    {"--no-mock=1", NULL, "--no-mock: takes no value"},
	    {"--set", "x",
		"--set: got \"x\"; expected PATH=VALUE, such as "
		"listen.threads=4"},
	    {"--set", "=x",
		"--set: got \"=x\"; expected PATH=VALUE, such as "
		"listen.threads=4"},
	    {"--set", "listen.prot=1",
		"--set listen.prot: listen.prot: no such option; did you mean "
		"listen.port? Allowed here: address, port, allow_anonymous, "
		"allowed_hosts, allowed_origins, threads"},
	    {"--port", "x",
		"--port: listen.port: got \"x\"; expected a whole number from "
		"0 to 65535 (default 8080)"},
	    {"--address", "0.0.0.0",
		"--address: listen.address: other machines reach this address, "
		"and nothing says "
		"who may ask. Three ways out: give auth.tokens or "
		"auth.tokens_file; "
		"give tls.client_ca_file, so that clients need a certificate; "
		"or set "
		"listen.allow_anonymous: true to let everybody read"},
	    {"--config", "nosuch.yaml",
		"nosuch.yaml: No such file or directory"},
	};
	char flag[40], value[40];
	char *words[] = {"systated", flag, NULL, NULL};

	snprintf(flag, sizeof(flag), "%s", rows[_i].flag);
	if (rows[_i].value != NULL) {
		snprintf(value, sizeof(value), "%s", rows[_i].value);
		words[2] = value;
	}
	ck_assert_int_ne(load(words), SST_OK);
	ck_assert_str_eq(err.text, rows[_i].text);
}
END_TEST

START_TEST(actions)
{
	static const struct {
		char *words[5];
		int count;
		enum sst_config_action action;
	} rows[] = {
	    {{"s"}, 1, SST_CONFIG_RUN},
	    {{"s", "--check-config"}, 2, SST_CONFIG_CHECK},
	    {{"s", "--print-config", "--port", "1"}, 4, SST_CONFIG_PRINT},
	    {{"s", "--nonsense", "--help"}, 3, SST_CONFIG_HELP},
	    {{"s", "-h"}, 2, SST_CONFIG_HELP},
	    {{"s", "--kinds", "--nonsense"}, 3, SST_CONFIG_KINDS},
	    {{"s", "--port", "--version"}, 3, SST_CONFIG_VERSION},
	};

	ck_assert_int_eq(
	    sst_config_args_parse(rows[_i].count, rows[_i].words, &args, &err),
	    0);
	ck_assert_int_eq(args.action, rows[_i].action);
}
END_TEST

START_TEST(help_names_every_option_and_flag)
{
	const struct sst_option *table;
	struct sst_buf out = SST_BUF_INIT;
	size_t count, i;

	sst_config_print_help(&out);
	table = sst_config_options(&count);
	for (i = 0; i < count; i++) {
		ck_assert_ptr_nonnull(strstr(out.data, table[i].name));
		if (table[i].flag != NULL)
			ck_assert_ptr_nonnull(strstr(out.data, table[i].flag));
		if (table[i].env != NULL)
			ck_assert_ptr_nonnull(strstr(out.data, table[i].env));
	}
	ck_assert_ptr_nonnull(strstr(out.data, "--set PATH=VALUE"));
	sst_buf_fini(&out);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("args");
	TCase *tc = tcase_create("args");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_loop_test(tc, bad_flags, 0, 15);
	tcase_add_loop_test(tc, actions, 0, 6);
	tcase_add_test(tc, help_names_every_option_and_flag);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
