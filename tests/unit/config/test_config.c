/*
 * The configuration as a whole: file, environment, flags, checks, reload. Ways
 * to fail: wrong precedence, a bad variable that silently means the default,
 * an open address by accident, a printed configuration that is another one.
 * Works in a folder of its own.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "unit/base/run.h"

#define HASH "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

/* NAME=value pairs that stand for the environment. */
static const char *const *vars;
static const char *const no_vars[] = {NULL};
static struct sst_config_args args;
static struct sst_config *config, *other;
static struct sst_error err;

static const char *
variable(void *ctx, const char *name)
{
	const char *const *v;
	size_t len = strlen(name);

	(void)ctx;
	for (v = vars; *v != NULL; v++) {
		if (strncmp(*v, name, len) == 0 && (*v)[len] == '=')
			return *v + len + 1;
	}
	return NULL;
}

static void
setup(void)
{
	vars = no_vars;
}

static void
teardown(void)
{
	sst_config_free(&config);
	sst_config_free(&other);
	sst_config_args_fini(&args);
}

static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

/* Flags are words up to NULL; loads into *out. */
static int
load_flags(char *const *words, struct sst_config **out)
{
	int argc = 0, code;

	while (words[argc] != NULL)
		argc++;
	sst_config_args_fini(&args);
	code = sst_config_args_parse(argc, words, &args, &err);
	if (code != SST_OK)
		return code;
	args.variable = variable;
	sst_config_free(out);
	return sst_config_load(&args, out, &err);
}

#define FLAGS(...) ((char *[]){"systated", __VA_ARGS__, NULL})

/* The text as the file c.yaml. */
static int
load(const char *yaml)
{
	write_file("c.yaml", yaml);
	return load_flags(FLAGS("--config", "c.yaml"), &config);
}

START_TEST(nothing_is_the_documented_default)
{
	size_t n = 7;

	ck_assert_int_eq(load_flags(FLAGS(NULL), &config), 0);
	ck_assert_str_eq(config->id, "system-1");
	ck_assert_str_eq(config->listen.address, "127.0.0.1");
	ck_assert_int_eq(config->listen.port, 8080);
	ck_assert(!config->listen.allow_anonymous);
	ck_assert_int_eq(config->log.level, SST_LOG_INFO);
	ck_assert_int_eq(config->log.format, SST_LOG_AUTO);
	ck_assert_int_eq(config->cache_ttl_ms, 300000);
	ck_assert(config->mock.enabled);
	ck_assert_str_eq(config->mock.scenario, "demo");
	ck_assert(config->mock.speed == 1);
	ck_assert_ptr_null(config->kubeconfig);
	ck_assert_ptr_null(sst_config_tokens(config, &n));
	ck_assert_uint_eq(n, 0);
	sst_config_sources(config, &n);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(sst_config_load(NULL, &other, &err), 0);
}
END_TEST

START_TEST(environment_of_telemetron)
{
	static const char *const set[] = {"SERVER_PORT=9000", "SYSTEM_ID=prod",
	    "LOG_LEVEL=DEBUG", "CACHE_TTL_SECONDS=60", "KUBECONFIG=/k",
	    "ENABLE_MOCK_DATA=0", NULL};

	vars = set;
	ck_assert_int_eq(load_flags(FLAGS(NULL), &config), 0);
	ck_assert_int_eq(config->listen.port, 9000);
	ck_assert_str_eq(config->id, "prod");
	ck_assert_int_eq(config->log.level, SST_LOG_DEBUG);
	ck_assert_int_eq(config->cache_ttl_ms, 60000);
	ck_assert_str_eq(config->kubeconfig, "/k");
	ck_assert(!config->mock.enabled);
}
END_TEST

START_TEST(empty_variables_are_not_given)
{
	static const char *const set[] = {
	    "SERVER_PORT=", "SYSTEM_ID=", "LOG_LEVEL=", "CACHE_TTL_SECONDS=",
	    "KUBECONFIG=", "ENABLE_MOCK_DATA=", NULL};

	vars = set;
	ck_assert_int_eq(load("listen: {port: 81}\n"), 0);
	ck_assert_int_eq(config->listen.port, 81);
	ck_assert_str_eq(config->id, "system-1");
	ck_assert(config->mock.enabled);
}
END_TEST

START_TEST(bad_variables_end_the_start)
{
	static const struct {
		const char *set, *text;
	} rows[] = {
	    {"SERVER_PORT=abc",
		"environment variable SERVER_PORT: listen.port: got \"abc\"; "
		"expected a whole number from 0 to 65535 (default 8080)"},
	    {"SERVER_PORT=70000",
		"environment variable SERVER_PORT: listen.port: got \"70000\"; "
		"expected a whole number from 0 to 65535 (default 8080)"},
	    {"SERVER_PORT=8080 ",
		"environment variable SERVER_PORT: listen.port: got \"8080 \"; "
		"expected a whole number from 0 to 65535 (default 8080)"},
	    {"LOG_LEVEL=loud",
		"environment variable LOG_LEVEL: log.level: got \"loud\"; "
		"expected one of error, warn, notice, info, debug (default "
		"info)"},
	    {"CACHE_TTL_SECONDS=0",
		"environment variable CACHE_TTL_SECONDS: cache_ttl_seconds: "
		"got \"0\"; expected a duration from 1 to 86400 s (5, 5s, "
		"250ms, 1m) (default 300)"},
	    {"ENABLE_MOCK_DATA=maybe",
		"environment variable ENABLE_MOCK_DATA: mock.enabled: got "
		"\"maybe\"; expected true or false"},
	    {"SYSTEM_ID=a\x1b[31m",
		"environment variable SYSTEM_ID: a control or invisible "
		"character in a text"},
	    {"SYSTEM_ID=\xff",
		"environment variable SYSTEM_ID: not valid UTF-8"},
	};
	const char *set[] = {rows[_i].set, NULL};

	vars = set;
	ck_assert_int_ne(load_flags(FLAGS(NULL), &config), 0);
	ck_assert_str_eq(err.text, rows[_i].text);
	ck_assert_ptr_null(config);
}
END_TEST

START_TEST(flag_over_environment_over_file)
{
	static const char *const set[] = {
	    "SERVER_PORT=2", "LOG_LEVEL=warn", NULL};

	ck_assert_int_eq(load("id: file\nlisten: {port: 1}\n"
			      "log: {level: error, format: json}\n"),
	    0);
	ck_assert_int_eq(config->listen.port, 1);
	ck_assert_int_eq(config->log.level, SST_LOG_ERROR);
	vars = set;
	ck_assert_int_eq(
	    load_flags(FLAGS("--config", "c.yaml", "--port", "3"), &config), 0);
	ck_assert_int_eq(config->listen.port, 3);
	ck_assert_int_eq(config->log.level, SST_LOG_WARN);
	ck_assert_int_eq(config->log.format, SST_LOG_JSON);
	ck_assert_str_eq(config->id, "file");
	ck_assert_int_eq(
	    load_flags(FLAGS("--port=4", "--config=c.yaml", "--set",
			   "listen.port=5", "--log-format=text"),
		&config),
	    0);
	ck_assert_int_eq(config->listen.port, 5);
	ck_assert_int_eq(config->log.format, SST_LOG_TEXT);
}
END_TEST

START_TEST(file_is_checked_also_where_it_is_hidden)
{
	write_file("c.yaml", "listen: {port: x}\n");
	ck_assert_int_eq(
	    load_flags(FLAGS("--config", "c.yaml", "--port", "3"), &config),
	    SST_TYPE);
	ck_assert(strncmp(err.text, "c.yaml:1:16: listen.port: ", 26) == 0);
}
END_TEST

static const char one_source[] =
    "sources: [{name: queues/a, kind: rabbitmq}]\n";

START_TEST(mock_data_unless_sources_are_configured)
{
	static const char *const wanted[] = {"ENABLE_MOCK_DATA=true", NULL};

	ck_assert_int_eq(load("sources: []\n"), 0);
	ck_assert(config->mock.enabled);
	ck_assert_int_eq(load(one_source), 0);
	ck_assert(!config->mock.enabled);
	ck_assert_int_eq(
	    load_flags(
		FLAGS("--config", "c.yaml", "--scenario", "calm"), &config),
	    0);
	ck_assert(config->mock.enabled);
	ck_assert_str_eq(config->mock.scenario, "calm");
	ck_assert_int_eq(
	    load_flags(FLAGS("--scenario", "calm", "--no-mock"), &config), 0);
	ck_assert(!config->mock.enabled);
	vars = wanted;
	ck_assert_int_eq(load(one_source), 0);
	ck_assert(config->mock.enabled);
	ck_assert_int_eq(load_flags(FLAGS("--no-mock"), &config), 0);
	ck_assert(!config->mock.enabled);
}
END_TEST

START_TEST(sources_keep_their_options)
{
	const struct sst_config_source *s;
	char place[64];
	size_t n;

	ck_assert_int_eq(load("sources:\n- name: queues/rabbitmq-main\n"
			      "  kind: rabbitmq\n  enabled: false\n"
			      "  interval_seconds: 250ms\n  group: g1\n"
			      "  options:\n    url: http://x\n"
			      "- {name: agents/b.c, kind: mock}\n"),
	    0);
	s = sst_config_sources(config, &n);
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(s[0].name, "queues/rabbitmq-main");
	ck_assert_str_eq(s[0].kind, "rabbitmq");
	ck_assert_str_eq(s[0].group, "g1");
	ck_assert(!s[0].enabled);
	ck_assert_int_eq(s[0].interval_ms, 250);
	ck_assert_int_eq(s[0].max_age_ms, 0);
	sst_config_node_place(
	    sst_config_node_member(s[0].options, "url"), place, sizeof(place));
	ck_assert_str_eq(place, "c.yaml:8:10");
	ck_assert(s[1].enabled);
	ck_assert_ptr_null(s[1].options);
}
END_TEST

START_TEST(tokens_inline_or_from_a_file)
{
	static const char list[] =
	    "- name: ci\n  sha256: " HASH "\n"
	    "- {name: ops, sha256: " HASH ", scopes: [ingest, admin]}\n";
	const struct sst_config_token *t;
	unsigned char hash[SST_CONFIG_TOKEN_HASH];
	char yaml[600];
	size_t n;

	write_file("t.yaml", list);
	snprintf(yaml, sizeof(yaml),
	    _i == 0 ? "auth:\n tokens:\n %s" : "auth: {tokens_file: t.yaml}\n",
	    "- name: ci\n   sha256: " HASH "\n - {name: ops, sha256: " HASH
	    ", scopes: [ingest, admin]}\n");
	ck_assert_msg(load(yaml) == 0, "%s", err.text);
	t = sst_config_tokens(config, &n);
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(t[0].name, "ci");
	ck_assert_uint_eq(sst_config_token_scopes(&t[0]), SST_CONFIG_READ);
	ck_assert_uint_eq(sst_config_token_scopes(&t[1]),
	    SST_CONFIG_INGEST | SST_CONFIG_ADMIN);
	sst_config_token_hash(&t[1], hash);
	ck_assert_uint_eq(hash[0], 0x9f);
	ck_assert_uint_eq(hash[31], 0x08);
}
END_TEST

#define OPEN                                                                   \
	"listen.address: other machines reach this address, and nothing says " \
	"who may ask. Three ways out: give auth.tokens or auth.tokens_file; "  \
	"give tls.client_ca_file, so that clients need a certificate; or set " \
	"listen.allow_anonymous: true to let everybody read"
#define TWO_SOURCES(rest) "sources:\n- {name: queues/a, kind: k" rest "}\n"

static const struct {
	const char *yaml, *text;
} bad[] = {
    {"listen: {address: 0.0.0.0}\n", "c.yaml:1:19: " OPEN},
    {"listen:\n  address: '::'\n", "c.yaml:2:12: " OPEN},
    {"listen: {address: 10.0.0.1}\ntls: {cert_file: c, key_file: k}\n",
	"c.yaml:1:19: " OPEN},
    {"tls: {cert_file: c}\n", "c.yaml:1:18: tls.cert_file: tls.key_file is "
			      "missing; HTTPS needs both"},
    {"tls: {key_file: c}\n", "c.yaml:1:17: tls.key_file: tls.cert_file is "
			     "missing; HTTPS needs both"},
    {"tls: {client_ca_file: c}\n",
	"c.yaml:1:23: tls.client_ca_file: tls.cert_file and tls.key_file are "
	"missing; client certificates exist over HTTPS only"},
    {"auth: {tokens: [{name: a, sha256: " HASH "}], tokens_file: t.yaml}\n",
	"c.yaml:1:116: auth.tokens_file: auth.tokens is given too; tokens "
	"come from one place"},
    {"auth:\n  tokens:\n  - {name: a, sha256: " HASH
     "}\n  - {name: a, sha256: " HASH "}\n",
	"c.yaml:4:12: auth.tokens[1].name: \"a\" is the name of another token "
	"already"},
    {"auth: {tokens_file: nosuch.yaml}\n",
	"auth.tokens_file: nosuch.yaml: No such file or directory"},
    {"auth: {tokens_file: bad.yaml}\n",
	"bad.yaml:1:10: [0].name: got the text \"-\"; expected 1 to 64 "
	"letters, digits, "
	"'.', '_', '-' and '@'"},
    {"auth: {tokens_file: map.yaml}\n",
	"map.yaml:1:1: tokens: got a map; expected a list of maps (0 to 256)"},
    {"limits: {max_watchers: 10, max_connections: 9}\n",
	"c.yaml:1:24: limits.max_watchers: more than limits.max_connections: a "
	"watcher is a connection"},
    {TWO_SOURCES("") "- {name: queues/a, kind: k}\n",
	"c.yaml:3:10: sources[1].name: \"queues/a\" is the name of sources[0] "
	"already"},
    {TWO_SOURCES(", interval_seconds: 9, max_age_seconds: 8"),
	"c.yaml:2:67: sources[0].max_age_seconds: less than interval_seconds: "
	"the source would be stale between any two collections"},
    {TWO_SOURCES(", down_after_seconds: 9, max_age_seconds: 10"),
	"c.yaml:2:49: sources[0].down_after_seconds: less than "
	"max_age_seconds: a source is stale before it is down"},
    {TWO_SOURCES(", interval: 9"),
	"c.yaml:2:29: sources[0].interval: no such option; did you mean "
	"interval_seconds? Allowed here: "
	"name, kind, enabled, interval_seconds, deadline_seconds, "
	"max_age_seconds, down_after_seconds, group, options"},
    {"sources: [{name: Queues/a, kind: k}]\n",
	"c.yaml:1:18: sources[0].name: got \"Queues/a\"; expected a section "
	"(agents, workload, queues, litellm), a slash and a name of lower-case "
	"letters, digits, '.', '_' and '-', a letter or digit first"},
    {"listen: {address: localhost}\n",
	"c.yaml:1:19: listen.address: got \"localhost\"; expected an IPv4 or "
	"IPv6 address (default 127.0.0.1)"},
    {"listen: {allowed_origins: ['https://a/b']}\n",
	"c.yaml:1:28: listen.allowed_origins[0]: got the text \"https://a/b\"; "
	"expected a list (0 to 64 items) of origins such as "
	"https://dash.example:3000"},
};

enum { BAD = sizeof(bad) / sizeof(bad[0]) };

START_TEST(refuses)
{
	write_file("bad.yaml", "[{name:  \"-\", sha256: x}]\n");
	write_file("map.yaml", "name: a\n");
	ck_assert_int_ne(load(bad[_i].yaml), SST_OK);
	ck_assert_str_eq(err.text, bad[_i].text);
	ck_assert_ptr_null(config);
}
END_TEST

#define ANY "listen: {address: 0.0.0.0}\n"

static const char tokens_way[] =
    ANY "auth: {tokens: [{name: a, sha256: " HASH "}]}\n";
static const char tls_way[] =
    ANY "tls: {cert_file: a, key_file: b, client_ca_file: c}\n";

START_TEST(ways_out_of_an_open_address)
{
	static const char *const rows[] = {tokens_way, tls_way,
	    "listen: {address: 0.0.0.0, allow_anonymous: true}\n",
	    "listen: {address: 127.8.9.10}\n", "listen: {address: '::1'}\n",
	    "listen: {address: '::ffff:127.0.0.1'}\n"};

	ck_assert_msg(load(rows[_i]) == 0, "%s", err.text);
}
END_TEST

START_TEST(an_empty_tokens_file_opens_nothing)
{
	write_file("t.yaml", "# none yet\n");
	ck_assert_int_eq(load("listen: {address: 0.0.0.0}\n"
			      "auth: {tokens_file: t.yaml}\n"),
	    SST_INVALID);
	ck_assert_str_eq(err.text, "c.yaml:1:19: " OPEN);
}
END_TEST

START_TEST(loopback)
{
	static const char *const no[] = {"0.0.0.0", "128.0.0.1", "::", "::2",
	    "::ffff:10.0.0.1", "localhost", "", "127.1"};
	size_t i;

	for (i = 0; i < 8; i++)
		ck_assert_msg(!sst_config_is_loopback(no[i]), "%s", no[i]);
	ck_assert(sst_config_is_loopback("127.255.0.1"));
}
END_TEST

static const char full[] =
    "id: 'prod: 1'\n"
    "listen: {address: 0.0.0.0, port: 0, allowed_hosts: ['[::1]:80']}\n"
    "auth: {tokens: [{name: ci, sha256: " HASH ", scopes: [read, admin]}]}\n"
    "limits: {idle_timeout_seconds: 1500ms}\n"
    "log: {level: debug, format: json}\n"
    "mock: {speed: 0.5, scenario: 'no'}\n"
    "sources:\n"
    "- {name: queues/a, kind: rabbitmq, interval_seconds: 250ms, options: "
    "&o {url: 'http://u:hunter2@h', password: hunter2, ports: [1, '2'], "
    "deep: {a: [{b: c}, [d]], e: {}}}}\n"
    "- {name: queues/b, kind: rabbitmq, options: *o}\n";

START_TEST(printed_parses_back_to_itself)
{
	struct sst_buf one = SST_BUF_INIT, two = SST_BUF_INIT;
	const struct sst_option *table;
	size_t count, i;

	ck_assert_msg(load(_i == 0 ? full : "") == 0, "%s", err.text);
	sst_config_print(config, &one);
	ck_assert(!sst_buf_failed(&one));
	ck_assert_ptr_null(strstr(one.data, "hunter2"));
	write_file("p.yaml", one.data);
	ck_assert_msg(load_flags(FLAGS("--config", "p.yaml"), &other) == 0,
	    "%s\n%s", err.text, one.data);
	sst_config_print(other, &two);
	ck_assert_str_eq(two.data, one.data);
	table = sst_config_options(&count);
	for (i = 0; i < count; i++) {
		/* sources held secrets, masked now */
		if (strcmp(table[i].name, "sources") != 0)
			ck_assert_msg(
			    sst_option_equal(&table[i], config, other), "%s",
			    table[i].name);
	}
	sst_buf_fini(&one);
	sst_buf_fini(&two);
}
END_TEST

START_TEST(reload_takes_what_it_can)
{
	ck_assert_int_eq(load(""), 0);
	other = config;
	config = NULL;
	ck_assert_int_eq(load("log: {level: debug, format: json}\n"
			      "auth: {tokens: [{name: a, sha256: " HASH "}]}\n"
			      "mock: {scenario: calm}\n"),
	    0);
	ck_assert_int_eq(sst_config_reload_check(other, config, &err), 0);
	ck_assert_int_eq(load(full), 0);
	ck_assert_int_eq(
	    sst_config_reload_check(other, config, &err), SST_INVALID);
	ck_assert_str_eq(err.text,
	    "the new configuration changes what takes effect at a start only, "
	    "nothing of it is taken: id, listen.address, listen.port, "
	    "listen.allowed_hosts, limits.idle_timeout_seconds");
}
END_TEST

static void
add_load(Suite *s)
{
	TCase *tc = tcase_create("load");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, nothing_is_the_documented_default);
	tcase_add_test(tc, environment_of_telemetron);
	tcase_add_test(tc, empty_variables_are_not_given);
	tcase_add_loop_test(tc, bad_variables_end_the_start, 0, 8);
	tcase_add_test(tc, flag_over_environment_over_file);
	tcase_add_test(tc, file_is_checked_also_where_it_is_hidden);
	tcase_add_test(tc, mock_data_unless_sources_are_configured);
	tcase_add_test(tc, sources_keep_their_options);
	tcase_add_loop_test(tc, tokens_inline_or_from_a_file, 0, 2);
	suite_add_tcase(s, tc);
}

int
main(void)
{
	char folder[] = "/tmp/sst-config-XXXXXX";
	Suite *s = suite_create("config");
	TCase *tc = tcase_create("check");
	int status;

	if (mkdtemp(folder) == NULL || chdir(folder) != 0)
		return EXIT_FAILURE;
	add_load(s);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, refuses, 0, BAD);
	tcase_add_loop_test(tc, ways_out_of_an_open_address, 0, 6);
	tcase_add_test(tc, an_empty_tokens_file_opens_nothing);
	tcase_add_test(tc, loopback);
	tcase_add_loop_test(tc, printed_parses_back_to_itself, 0, 2);
	tcase_add_test(tc, reload_takes_what_it_can);
	suite_add_tcase(s, tc);
	status = unit_run(s);
	unlink("c.yaml");
	unlink("p.yaml");
	unlink("t.yaml");
	unlink("bad.yaml");
	unlink("map.yaml");
	return rmdir(folder) == 0 ? status : EXIT_FAILURE;
}
