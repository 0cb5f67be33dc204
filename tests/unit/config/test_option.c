/*
 * Tables of options over a struct, as source adapters use them. Ways to fail:
 * a value of the wrong type or range taken, a key overlooked, a complaint
 * without place or remedy, secrets shown, memory lost on the way out.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/option.h"
#include "unit/base/run.h"

struct item {
	char *name;
	int64_t weight;
};

struct target {
	bool flag;
	int64_t count;
	double ratio;
	int64_t wait_ms;
	char *url;
	struct sst_secret password;
	int mode;
	struct sst_option_list tags;
	struct sst_option_list roles;
	const struct sst_config_node *labels;
	struct sst_option_items items;
	char *user;
};

static const char *const mode_names[] = {"fast", "safe", NULL};
static const char *const role_names[] = {"a", "b", NULL};

static bool
is_url(const char *text)
{
	return strncmp(text, "http://", 7) == 0;
}

static bool
is_plain(const char *text)
{
	return strpbrk(text, "[]") == NULL;
}

static const struct sst_option item_table[] = {
    {.name = "name",
	.type = SST_OPTION_STRING,
	.required = true,
	.help = "Name.",
	.offset = offsetof(struct item, name)},
    {.name = "weight",
	.type = SST_OPTION_INT,
	.fallback = "1",
	.min = -5,
	.max = 5,
	.help = "Weight.",
	.offset = offsetof(struct item, weight)},
};

static const struct sst_option table[] = {
    {.name = "flag",
	.type = SST_OPTION_BOOL,
	.help = "Flag.",
	.offset = offsetof(struct target, flag)},
    {.name = "count",
	.type = SST_OPTION_INT,
	.fallback = "7",
	.min = -10,
	.max = 1000,
	.unit = "things",
	.env = "COUNT",
	.flag = "--count",
	.help = "How many | of them.",
	.offset = offsetof(struct target, count)},
    {.name = "ratio",
	.type = SST_OPTION_REAL,
	.min = 0.5,
	.max = 2,
	.help = "Ratio.",
	.offset = offsetof(struct target, ratio)},
    {.name = "wait_seconds",
	.type = SST_OPTION_DURATION,
	.fallback = "1500ms",
	.min = 0.1,
	.max = 7200,
	.reloadable = true,
	.help = "Wait.",
	.offset = offsetof(struct target, wait_ms)},
    {.name = "net.url",
	.type = SST_OPTION_STRING,
	.valid = is_url,
	.form = "an http URL",
	.help = "Where.",
	.offset = offsetof(struct target, url)},
    {.name = "net.auth.password",
	.type = SST_OPTION_SECRET,
	.help = "Secret.",
	.offset = offsetof(struct target, password)},
    {.name = "net.auth.user",
	.type = SST_OPTION_STRING,
	.help = "User.",
	.offset = offsetof(struct target, user)},
    {.name = "mode",
	.type = SST_OPTION_ENUM,
	.fallback = "safe",
	.names = mode_names,
	.help = "Mode.",
	.offset = offsetof(struct target, mode)},
    {.name = "tags",
	.type = SST_OPTION_LIST,
	.max = 3,
	.help = "Tags.",
	.offset = offsetof(struct target, tags)},
    {.name = "roles",
	.type = SST_OPTION_LIST,
	.fallback = "a,b",
	.names = role_names,
	.help = "Roles.",
	.offset = offsetof(struct target, roles)},
    {.name = "labels",
	.type = SST_OPTION_MAP,
	.help = "Labels.",
	.offset = offsetof(struct target, labels)},
    {.name = "items",
	.type = SST_OPTION_ITEMS,
	.max = 3,
	.items = item_table,
	.item_count = SST_OPTION_COUNT(item_table),
	.item_size = sizeof(struct item),
	.help = "Items.",
	.offset = offsetof(struct target, items)},
};

#define TABLE table, SST_OPTION_COUNT(table)

static struct sst_config_doc *doc;
static struct target t;
static struct sst_error err;
static struct sst_buf out;

static void
setup(void)
{
	memset(&t, 0xa5, sizeof(t)); /* parse overwrites whatever is there */
	ck_assert_int_eq(sst_options_parse(TABLE, NULL, &t, &err), SST_OK);
	sst_buf_init(&out);
}

static void
teardown(void)
{
	sst_options_fini(TABLE, &t);
	sst_config_doc_free(&doc);
	sst_buf_fini(&out);
}

static int
parse(const char *text)
{
	sst_options_fini(TABLE, &t);
	sst_config_doc_free(&doc);
	ck_assert_int_eq(
	    sst_config_doc_parse("f", text, strlen(text), &doc, &err), 0);
	return sst_options_parse(TABLE, sst_config_doc_root(doc), &t, &err);
}

START_TEST(defaults)
{
	ck_assert(!t.flag);
	ck_assert_int_eq(t.count, 7);
	ck_assert(t.ratio == 0);
	ck_assert_int_eq(t.wait_ms, 1500);
	ck_assert_ptr_null(t.url);
	ck_assert(!sst_secret_given(&t.password));
	ck_assert_int_eq(t.mode, 1);
	ck_assert_uint_eq(t.tags.count, 0);
	ck_assert_uint_eq(t.roles.count, 2);
	ck_assert_str_eq(t.roles.items[1], "b");
	ck_assert_ptr_null(t.labels);
	ck_assert_uint_eq(t.items.count, 0);
}
END_TEST

START_TEST(nulls_are_defaults)
{
	ck_assert_int_eq(
	    parse("flag:\ncount: ~\nnet:\nitems: null\ntags:\n"), 0);
	ck_assert_int_eq(t.count, 7);
	ck_assert_int_eq(parse("~"), 0);
	ck_assert_int_eq(t.count, 7);
}
END_TEST

START_TEST(every_type)
{
	const struct item *items;

	ck_assert_int_eq(parse("flag: true\ncount: -3\nratio: 1.25\n"
			       "wait_seconds: 1m\n"
			       "net: {url: 'http://x', auth: {user: u, "
			       "password_env: PW}}\n"
			       "mode: fast\ntags: [x, 'y, z']\nroles: []\n"
			       "labels: {k: [1]}\n"
			       "items: [{name: n1}, {name: '2', weight: -5}]"),
	    0);
	ck_assert(t.flag);
	ck_assert_int_eq(t.count, -3);
	ck_assert(t.ratio == 1.25);
	ck_assert_int_eq(t.wait_ms, 60000);
	ck_assert_str_eq(t.url, "http://x");
	ck_assert_str_eq(t.password.env, "PW");
	ck_assert_str_eq(t.user, "u");
	ck_assert_int_eq(t.mode, 0);
	ck_assert_uint_eq(t.tags.count, 2);
	ck_assert_str_eq(t.tags.items[1], "y, z");
	ck_assert_uint_eq(t.roles.count, 0);
	ck_assert_uint_eq(t.labels->count, 1);
	ck_assert_uint_eq(t.items.count, 2);
	items = t.items.items;
	ck_assert_str_eq(items[1].name, "2");
	ck_assert_int_eq(items[0].weight, 1);
	ck_assert_int_eq(items[1].weight, -5);
}
END_TEST

START_TEST(durations)
{
	static const struct {
		const char *text;
		int64_t ms;
	} rows[] = {{"5", 5000}, {"0.1", 100}, {"5s", 5000}, {"250ms", 250},
	    {"1m", 60000}, {"2h", 7200000}, {"1.5m", 90000}, {"'90'", 90000},
	    {"\"7s\"", 7000}, {"0.2500s", 250}};
	char text[64];

	snprintf(text, sizeof(text), "wait_seconds: %s\n", rows[_i].text);
	ck_assert_int_eq(parse(text), 0);
	ck_assert_int_eq(t.wait_ms, rows[_i].ms);
}
END_TEST

#define INT_WANT "expected a whole number from -10 to 1000 things (default 7)"
#define TIME_WANT                                                             \
	"expected a duration from 0.1 to 7200 s (5, 5s, 250ms, 1m) (default " \
	"1500ms)"
#define TOP                                                                  \
	"flag, count, ratio, wait_seconds, net, mode, tags, roles, labels, " \
	"items"

static const struct {
	const char *yaml;
	int code;
	const char *text;
} bad[] = {
    {"[1]", SST_TYPE, "f:1:1: got a list of 1; expected a map"},
    {"5", SST_TYPE, "f:1:1: got \"5\"; expected a map"},
    {"cuont: 1", SST_INVALID,
	"f:1:1: cuont: no such option; did you mean count? Allowed here: " TOP},
    {"url: 1", SST_INVALID,
	"f:1:1: url: no such option; did you mean net.url? Allowed here: " TOP},
    {"zzzzzzzz: 1", SST_INVALID,
	"f:1:1: zzzzzzzz: no such option; allowed here: " TOP},
    {"'': 1", SST_INVALID, "f:1:1: : no such option; allowed here: " TOP},
    {"<<: {count: 1}", SST_INVALID,
	"f:1:1: <<: no such option; allowed here: " TOP},
    {"net.url: x", SST_INVALID,
	"f:1:1: net.url: no such option, a dot does not nest maps; did you "
	"mean net.url? Allowed here: " TOP},
    {"net:\n  auth:\n    pasword: x", SST_INVALID,
	"f:3:5: net.auth.pasword: no such option; did you mean "
	"net.auth.password? Allowed here: password, password_file, "
	"password_env, user"},
    {"net:\n  auth: x", SST_TYPE, "f:2:9: net.auth: got \"x\"; expected a map"},
    {"net: [url]", SST_TYPE, "f:1:6: net: got a list of 1; expected a map"},
    {"flag: yes", SST_TYPE, "f:1:7: flag: got \"yes\"; expected true or false"},
    {"flag: 1", SST_TYPE, "f:1:7: flag: got \"1\"; expected true or false"},
    {"flag: 'true'", SST_TYPE,
	"f:1:7: flag: got the text \"true\"; expected true or false"},
    {"flag: {}", SST_TYPE, "f:1:7: flag: got a map; expected true or false"},
    {"count: 1001", SST_INVALID, "f:1:8: count: got \"1001\"; " INT_WANT},
    {"count: -11", SST_INVALID, "f:1:8: count: got \"-11\"; " INT_WANT},
    {"count: 99999999999999999999999999", SST_INVALID,
	"f:1:8: count: got \"99999999999999999999999999\"; " INT_WANT},
    {"count: 1.0", SST_TYPE, "f:1:8: count: got \"1.0\"; " INT_WANT},
    {"count: 0x10", SST_TYPE, "f:1:8: count: got \"0x10\"; " INT_WANT},
    {"count: 1_000", SST_TYPE, "f:1:8: count: got \"1_000\"; " INT_WANT},
    {"count: '5'", SST_TYPE, "f:1:8: count: got the text \"5\"; " INT_WANT},
    {"ratio: 0.4", SST_INVALID,
	"f:1:8: ratio: got \"0.4\"; expected a number from 0.5 to 2"},
    {"ratio: .inf", SST_TYPE,
	"f:1:8: ratio: got \".inf\"; expected a number from 0.5 to 2"},
    {"ratio: 1e0", SST_TYPE,
	"f:1:8: ratio: got \"1e0\"; expected a number from 0.5 to 2"},
    {"wait_seconds: 50ms", SST_INVALID,
	"f:1:15: wait_seconds: got \"50ms\"; " TIME_WANT},
    {"wait_seconds: 3h", SST_INVALID,
	"f:1:15: wait_seconds: got \"3h\"; " TIME_WANT},
    {"wait_seconds: 5 s", SST_TYPE,
	"f:1:15: wait_seconds: got \"5 s\"; " TIME_WANT},
    {"wait_seconds: -5", SST_TYPE,
	"f:1:15: wait_seconds: got \"-5\"; " TIME_WANT},
    {"wait_seconds: 1d", SST_TYPE,
	"f:1:15: wait_seconds: got \"1d\"; " TIME_WANT},
    {"wait_seconds: 1111111111111111111", SST_TYPE,
	"f:1:15: wait_seconds: got \"1111111111111111111\"; " TIME_WANT},
    {"net: {url: ftp}", SST_INVALID,
	"f:1:12: net.url: got \"ftp\"; expected an http URL"},
    {"net: {url: 'http:/u:pw@x http://u:pw@h'}", SST_INVALID,
	"f:1:12: net.url: got the text \"http:/u:pw@x http://u:[redacted]@h\"; "
	"expected an http URL"},
    {"net: {auth: {user: 5}}", SST_TYPE,
	"f:1:20: net.auth.user: got \"5\"; expected a text; put it in quotes"},
    {"net: {auth: {user: true}}", SST_TYPE,
	"f:1:20: net.auth.user: got \"true\"; expected a text; put it in "
	"quotes"},
    {"net: {auth: {password: 12345}}", SST_TYPE,
	"f:1:24: net.auth.password: got a value not shown; expected a text; "
	"put it in quotes"},
    {"net: {auth: {password_env: 'A B'}}", SST_INVALID,
	"f:1:28: net.auth.password_env: got a value not shown; expected the "
	"name of an environment variable"},
    {"net: {auth: {password: a, password_file: b}}", SST_INVALID,
	"f:1:42: password and password_file exclude each other: one says "
	"where the secret is"},
    {"mode: Fast", SST_INVALID,
	"f:1:7: mode: got \"Fast\"; expected one of fast, safe (default safe)"},
    {"tags: x", SST_TYPE,
	"f:1:7: tags: got \"x\"; expected a list (0 to 3 items) of texts"},
    {"tags: [a, b, c, d]", SST_INVALID,
	"f:1:7: tags: got a list of 4; expected a list (0 to 3 items) of "
	"texts"},
    {"tags: [a, 5]", SST_TYPE,
	"f:1:11: tags[1]: got \"5\"; expected a list (0 to 3 items) of texts"},
    {"tags: [a, [b]]", SST_TYPE,
	"f:1:11: tags[1]: got a list of 1; expected a list (0 to 3 items) of "
	"texts"},
    {"roles: [a, c]", SST_INVALID,
	"f:1:12: roles[1]: got \"c\"; expected a list of a, b (default a,b)"},
    {"labels: [1]", SST_TYPE, "f:1:9: labels: got a list of 1; expected a map"},
    {"items: {}", SST_TYPE,
	"f:1:8: items: got a map; expected a list of maps (0 to 3)"},
    {"items: [{name: a}, {name: b}, {name: c}, {name: d}]", SST_INVALID,
	"f:1:8: items: got a list of 4; expected a list of maps (0 to 3)"},
    {"items: [{name: a}, 5]", SST_TYPE,
	"f:1:20: items[1]: got \"5\"; expected a map"},
    {"items:\n- name: a\n- weight: 3\n", SST_INVALID,
	"f:3:3: items[1].name is missing; expected a text"},
    {"items: [{name: a}, {name: b, wait: 3}]", SST_INVALID,
	"f:1:30: items[1].wait: no such option; allowed here: name, weight"},
    {"items: [{name: a}, {name: b, wight: 3}]", SST_INVALID,
	"f:1:30: items[1].wight: no such option; did you mean weight? Allowed "
	"here: name, weight"},
    {"items: [{name: a}, {name: b, weight: 9}]", SST_INVALID,
	"f:1:38: items[1].weight: got \"9\"; expected a whole number from -5 "
	"to 5 (default 1)"},
    {"count: "
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	SST_TYPE,
	"f:1:8: count: got \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	"aaaaaaaaaa\xe2\x80\xa6\"; " INT_WANT},
};

enum { BAD = sizeof(bad) / sizeof(bad[0]) };

START_TEST(refuses)
{
	struct target zero = {0};
	int code;

	sst_options_fini(TABLE, &t);
	memset(&t, 0, sizeof(t)); /* padding too, to be compared */
	code = parse(bad[_i].yaml);
	ck_assert_str_eq(err.text, bad[_i].text);
	ck_assert_int_eq(code, bad[_i].code);
	ck_assert_mem_eq(&t, &zero, sizeof(t)); /* owns nothing */
	ck_assert_int_eq(
	    sst_options_parse(TABLE, sst_config_doc_root(doc), &t, NULL),
	    bad[_i].code);
}
END_TEST

START_TEST(untyped_values_fit_all_types)
{
	ck_assert_int_eq(parse("count: 1\n"), 0);
	sst_options_fini(TABLE, &t);
	sst_config_doc_set(doc, "flag", "ON", "V", &err);
	sst_config_doc_set(doc, "count", "12", "V", &err);
	sst_config_doc_set(doc, "net.auth.user", "12", "V", &err);
	sst_config_doc_set(doc, "mode", "FAST", "V", &err);
	sst_config_doc_set(doc, "tags", "x, 2,z", "V", &err);
	ck_assert_int_eq(
	    sst_options_parse(TABLE, sst_config_doc_root(doc), &t, &err), 0);
	ck_assert(t.flag);
	ck_assert_int_eq(t.count, 12);
	ck_assert_str_eq(t.user, "12");
	ck_assert_int_eq(t.mode, 0);
	ck_assert_uint_eq(t.tags.count, 3);
	ck_assert_str_eq(t.tags.items[1], "2");
}
END_TEST

/* Printed, read, printed: the same, and never a secret. */
START_TEST(print_reads_back)
{
	struct sst_buf again = SST_BUF_INIT;

	ck_assert_int_eq(
	    parse("count: 3\nratio: 0.75\nwait_seconds: 1250ms\n"
		  "net: {url: 'http://u:hunter2@x', auth: {password: hunter2}}"
		  "\ntags: ['amqp://u:hunter2@h', 'a: b', "
		  "\"q\\\"\\n\"]\nlabels: {a: 1, b: '1', "
		  "token: hunter2, c: {d: [~, {e: {}}, [[]], 'no']}, "
		  "tokens: [hunter2, {x: hunter2}], 'k: k': \"\xe2\x82\xac\"}\n"
		  "items: [{name: 'true'}, {name: ' '}]\n"),
	    0);
	sst_options_print(TABLE, &t, 0, &out);
	ck_assert(!sst_buf_failed(&out));
	ck_assert_ptr_null(strstr(out.data, "hunter2"));
	ck_assert_ptr_nonnull(strstr(out.data, "# user:"));
	ck_assert_ptr_nonnull(strstr(out.data, "password: \"[redacted]\"\n"));
	ck_assert_msg(parse(out.data) == 0, "%s\n%s", err.text, out.data);
	sst_options_print(TABLE, &t, 0, &again);
	ck_assert_str_eq(again.data, out.data);
	ck_assert_int_eq(t.wait_ms, 1250);
	ck_assert_str_eq(t.tags.items[2], "q\"\n");
	sst_buf_fini(&again);
}
END_TEST

/* A mask may be longer than what it hides, or of another form. */
START_TEST(print_stays_readable)
{
	static const struct sst_option rows[] = {
	    {.name = "short",
		.type = SST_OPTION_STRING,
		.min = 1,
		.max = 12,
		.help = "",
		.offset = offsetof(struct target, url)},
	    {.name = "slug",
		.type = SST_OPTION_STRING,
		.valid = is_plain,
		.form = "letters",
		.help = "",
		.offset = offsetof(struct target, user)},
	};
	struct target some = {0};
	char text[] = "a token=x", slug[] = "sk-1234";

	some.url = text;
	some.user = slug;
	sst_options_print(rows, 2, &some, 0, &out);
	ck_assert_str_eq(out.data, "short: \"[redacted]\"\nslug: sk-1234\n");
}
END_TEST

START_TEST(print_of_defaults)
{
	sst_options_print(TABLE, &t, 2, &out);
	ck_assert_str_eq(out.data, "  flag: false\n"
				   "  count: 7\n"
				   "  # ratio:\n"
				   "  wait_seconds: 1500ms\n"
				   "  net:\n"
				   "    # url:\n"
				   "    auth:\n"
				   "      # password:\n"
				   "      # user:\n"
				   "  mode: safe\n"
				   "  tags: []\n"
				   "  roles: [a, b]\n"
				   "  # labels:\n"
				   "  items: []\n");
}
END_TEST

START_TEST(equal_sees_every_type)
{
	static const char *const rows[] = {"flag: true", "count: 8", "ratio: 1",
	    "wait_seconds: 1501ms", "net: {url: 'http://'}",
	    "net: {auth: {password: x}}", "net: {auth: {user: x}}",
	    "mode: fast", "tags: [x]", "roles: [a]", "labels: {a: b}",
	    "items: [{name: x}]"};
	struct target other;
	size_t i;

	ck_assert_int_eq(sst_options_parse(TABLE, NULL, &other, &err), 0);
	ck_assert_int_eq(parse(rows[_i]), 0);
	for (i = 0; i < SST_OPTION_COUNT(table); i++) {
		ck_assert_msg(
		    sst_option_equal(&table[i], &t, &other) == ((int)i != _i),
		    "%s %s", rows[_i], table[i].name);
		ck_assert(sst_option_equal(&table[i], &t, &t));
	}
	sst_options_fini(TABLE, &other);
	/* and a copy has each of them, and owns it */
	ck_assert_int_eq(sst_options_copy(TABLE, &t, &other, &err), 0);
	for (i = 0; i < SST_OPTION_COUNT(table); i++)
		ck_assert(sst_option_equal(&table[i], &t, &other));
	if (t.tags.count > 0)
		ck_assert_ptr_ne(t.tags.items[0], other.tags.items[0]);
	sst_options_fini(TABLE, &other);
}
END_TEST

START_TEST(help_and_markdown)
{
	sst_options_print_help(TABLE, &out);
	ck_assert_ptr_nonnull(strstr(out.data,
	    "  count\n      How many | of them.\n      (a whole number from "
	    "-10 to 1000 things, default 7, flag --count,\n      environment "
	    "COUNT)\n"));
	ck_assert_ptr_nonnull(strstr(out.data, "  items[].weight\n"));
	ck_assert_ptr_nonnull(strstr(out.data, "net.auth.password_file"));
	sst_buf_clear(&out);
	sst_options_print_markdown(TABLE, &out);
	ck_assert_ptr_nonnull(strstr(out.data,
	    "\n| `count` | a whole number from -10 to 1000 things | `7` | "
	    "`--count` `COUNT` |  | How many \\| of them. |\n"));
	ck_assert_ptr_nonnull(strstr(out.data, "| `items[].name` | a text | "
					       "required |"));
	ck_assert_ptr_nonnull(strstr(out.data, "(5, 5s, 250ms, 1m) | `1500ms` "
					       "|  | yes | Wait. |\n"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("option");
	TCase *tc = tcase_create("option");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, defaults);
	tcase_add_test(tc, nulls_are_defaults);
	tcase_add_test(tc, every_type);
	tcase_add_loop_test(tc, durations, 0, 10);
	tcase_add_loop_test(tc, refuses, 0, BAD);
	tcase_add_test(tc, untyped_values_fit_all_types);
	tcase_add_test(tc, print_reads_back);
	tcase_add_test(tc, print_stays_readable);
	tcase_add_test(tc, print_of_defaults);
	tcase_add_loop_test(tc, equal_sees_every_type, 0, 12);
	tcase_add_test(tc, help_and_markdown);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
