/*
 * YAML into a tree. Ways to fail: places that are off, aliases that explode,
 * depth, size, bytes that are no text, what YAML allows and we do not.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/node.h"
#include "unit/base/run.h"

static struct sst_config_doc *doc;
static struct sst_error err;

static void
teardown(void)
{
	sst_config_doc_free(&doc);
}

static int
parse(const char *text)
{
	sst_config_doc_free(&doc);
	return sst_config_doc_parse("f", text, strlen(text), &doc, &err);
}

static const struct sst_config_node *
at(const char *path)
{
	return sst_config_node_find(sst_config_doc_root(doc), path);
}

START_TEST(values_know_their_place)
{
	static const struct {
		const char *path, *place, *text;
	} rows[] = {
	    {"a", "f:1:4", "1"},
	    {"b.c[0]", "f:4:7", "x"},
	    {"b.c[1].d", "f:5:9", "y z"},
	    {"b.e", "f:6:6", ""},
	    {"u", "f:7:13", "v"},
	};
	const struct sst_config_node *n;
	char place[64], path[64], cut[6];

	ck_assert_int_eq(parse("a: 1\n# note\nb:\n  c: [x,\n   { d: 'y z' }]\n"
			       "  e: \n\"u\" :       v\n"),
	    0);
	n = at(rows[_i].path);
	ck_assert_ptr_nonnull(n);
	ck_assert_str_eq(n->text, rows[_i].text);
	sst_config_node_path(n, path, sizeof(path));
	ck_assert_str_eq(path, rows[_i].path);
	if (_i != 3) {
		sst_config_node_place(n, place, sizeof(place));
		ck_assert_str_eq(place, rows[_i].place);
	}
	sst_config_node_path(n, cut, sizeof(cut));
	ck_assert(strncmp(cut, rows[_i].path, 5) == 0);
}
END_TEST

START_TEST(columns_count_characters)
{
	char place[64];

	ck_assert_int_eq(parse("{\"\xe2\x82\xac\xe2\x82\xac\": 1, b: 2}"), 0);
	sst_config_node_place(at("b"), place, sizeof(place));
	ck_assert_str_eq(place, "f:1:14");
	ck_assert_uint_eq(at("b")->key_column, 11);
}
END_TEST

START_TEST(nothing_is_no_root)
{
	ck_assert_int_eq(parse(""), 0);
	ck_assert_ptr_null(sst_config_doc_root(doc));
	ck_assert_int_eq(parse("# only a note\n"), 0);
	ck_assert_ptr_null(sst_config_doc_root(doc));
	ck_assert_int_eq(parse("---\n"), 0);
	ck_assert(sst_config_node_is_null(sst_config_doc_root(doc)));
}
END_TEST

START_TEST(nulls)
{
	static const char *const yes[] = {"a", "b", "c", "nosuch"};
	static const char *const no[] = {"d", "e", "f", "g"};
	size_t i;

	ck_assert_int_eq(parse("a:\nb: ~\nc: null\nd: ''\ne: 'null'\nf: []\n"
			       "g: nil\n"),
	    0);
	for (i = 0; i < 4; i++) {
		ck_assert(sst_config_node_is_null(at(yes[i])));
		ck_assert(!sst_config_node_is_null(at(no[i])));
	}
}
END_TEST

START_TEST(aliases_are_copies)
{
	char path[64], place[64];

	ck_assert_int_eq(
	    parse("a: &x {b: [1, 2]}\nc: *x\nd: &x 5\ne: *x\n"), 0);
	ck_assert_str_eq(at("c.b[1]")->text, "2");
	sst_config_node_path(at("c.b[1]"), path, sizeof(path));
	ck_assert_str_eq(path, "c.b[1]");
	sst_config_node_place(at("c"), place, sizeof(place));
	ck_assert_str_eq(place, "f:2:4");
	sst_config_node_place(at("c.b[1]"), place, sizeof(place));
	ck_assert_str_eq(place, "f:1:15");
	ck_assert_str_eq(at("e")->text, "5");
	ck_assert(sst_config_node_equal(at("a"), at("c")));
	ck_assert(!sst_config_node_equal(at("a"), at("e")));
}
END_TEST

static const struct {
	const char *yaml;
	int code;
	const char *text;
} bad[] = {
    {"a: 1\na: 2\n", SST_INVALID,
	"f:2:1: \"a\" is given twice, first at line 1"},
    {"x: {k: 1, 'k': 2}\n", SST_INVALID,
	"f:1:11: \"k\" is given twice, first at line 1"},
    {"a: *b\n", SST_SYNTAX,
	"f:1:4: alias of \"b\", which nothing before is named"},
    {"a: &b [*b]\n", SST_INVALID,
	"f:1:8: an alias inside of what it stands for"},
    {"a: &b\n  c: {d: *b}\n", SST_INVALID,
	"f:2:10: an alias inside of what it stands for"},
    {"a: !!str 1\n", SST_UNSUPPORTED, "f:1:4: tags (!name) are not supported"},
    {"a: !x [1]\n", SST_UNSUPPORTED, "f:1:4: tags (!name) are not supported"},
    {"!x\na: 1\n", SST_UNSUPPORTED, "f:1:1: tags (!name) are not supported"},
    {"a: 1\n---\nb: 2\n", SST_UNSUPPORTED, "f:2:1: more than one document"},
    {"[a]: 1\n", SST_UNSUPPORTED, "f:1:1: a key must be a plain text"},
    {"a: &x k\n*x : 1\n", SST_UNSUPPORTED, "f:2:1: a key must be a plain text"},
    {"a:\n\tb: 1\n", SST_SYNTAX, "f:2:1: not YAML: "},
    {"a: [1, 2\n", SST_SYNTAX, "f:2:1: not YAML: "},
    {"a: 'x\n", SST_SYNTAX, "f:2:1: not YAML: "},
    {"a: b: c\n", SST_SYNTAX, "f:1:5: not YAML: "},
    {"a: @x\n", SST_SYNTAX, "f:1:4: not YAML: "},
    {"a: \"\\q\"\n", SST_SYNTAX, "f:1:5: not YAML: "},
    {" a: 1\nb: 2\n", SST_SYNTAX, "f:2:1: not YAML: "},
    {"a: \"x\\0y\"\n", SST_NUL, "f:1:4: a NUL in a text"},
    {"\"k\\0\": 1\n", SST_NUL, "f:1:1: a NUL in a text"},
    {"a: \"\\e[31m\"\n", SST_INVALID,
	"f:1:4: a control or invisible character in a text"},
    {"a: \"\\u202e\"\n", SST_INVALID,
	"f:1:4: a control or invisible character in a text"},
    {"a: \"\\uFFFE\"\n", SST_INVALID, "f:1:4: a character that is none"},
    {"a: \x01\n", SST_SYNTAX, "f:1:1: not YAML: "},
    {"a: ok\nb: x\xff\n", SST_ENCODING, "f:2:5: not valid UTF-8"},
    {"\xff\xfe"
     "a",
	SST_ENCODING, "f:1:1: not valid UTF-8"},
    {"a: \xed\xa0\x80\n", SST_ENCODING, "f:1:4: not valid UTF-8"},
};

enum { BAD = sizeof(bad) / sizeof(bad[0]) };

START_TEST(refuses)
{
	int code = parse(bad[_i].yaml);

	ck_assert_msg(code == bad[_i].code, "%d %s", code, err.text);
	ck_assert_int_eq(err.code, code);
	if (bad[_i].code == SST_SYNTAX)
		ck_assert_msg(
		    strncmp(err.text, bad[_i].text, strlen(bad[_i].text)) == 0,
		    "%s", err.text);
	else
		ck_assert_str_eq(err.text, bad[_i].text);
	ck_assert_ptr_null(doc);
}
END_TEST

START_TEST(nul_byte_is_named)
{
	ck_assert_int_eq(
	    sst_config_doc_parse("f", "a: 1\nb\0", 7, &doc, &err), SST_NUL);
	ck_assert_str_eq(err.text, "f:2:2: a NUL byte: this is no text file");
}
END_TEST

/* size bytes: head, then unit again and again. */
static char *
repeat(const char *head, const char *unit, size_t size)
{
	size_t i, n = strlen(head), m = strlen(unit);
	char *text = malloc(size + 1);

	ck_assert_ptr_nonnull(text);
	memcpy(text, head, n);
	for (i = n; i < size; i++)
		text[i] = unit[(i - n) % m];
	text[size] = '\0';
	return text;
}

static void
expect(char *text, int code, const char *start)
{
	int got = parse(text);

	free(text);
	ck_assert_msg(got == code, "%d %s", got, err.text);
	ck_assert_msg(
	    strncmp(err.text, start, strlen(start)) == 0, "%s", err.text);
}

START_TEST(bounds)
{
	char text[2000];
	size_t i, len = 0;

	expect(repeat("a: ", "x", SST_CONFIG_FILE_MAX + 1), SST_TOO_LARGE,
	    "f: larger than the 1048576 bytes allowed");
	expect(repeat("", "#\n", 10 << 20), SST_TOO_LARGE, "f: larger");
	expect(repeat("a: ", "x", SST_CONFIG_SCALAR_MAX + 4), SST_TOO_LARGE,
	    "f:1:4: longer than the 65536 bytes allowed");
	ck_assert_int_eq(parse("a: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]"
			       "]]]]]]]]]]]]]]]]]]]]\n"),
	    0);
	expect(repeat("a: ", "[", 5000), SST_TOO_DEEP,
	    "f:1:35: nested deeper than the 32 levels allowed");
	expect(repeat("a: ", "{a: ", 5000), SST_TOO_DEEP, "f:1:");
	expect(repeat("", "- ", 5000), SST_TOO_DEEP, "f:1:");
	for (i = 0; i < 40; i++)
		len += (size_t)snprintf(
		    text + len, sizeof(text) - len, "%*sa:\n", (int)i, "");
	expect(strdup(text), SST_TOO_DEEP, "f:33:");
	expect(repeat("a: [", "1,", 2 * SST_CONFIG_NODES_MAX + 100), SST_LIMIT,
	    "f:1:");
	ck_assert_ptr_nonnull(strstr(err.text, "more than 50000 values"));
}
END_TEST

START_TEST(maps_are_bounded)
{
	size_t i, size = 40000, len = 0;
	char *text = malloc(size);

	ck_assert_ptr_nonnull(text);
	for (i = 0; i <= SST_CONFIG_MAP_MAX; i++)
		len += (size_t)snprintf(text + len, size - len, "k%zu: 1\n", i);
	expect(text, SST_LIMIT, "f:1025:1: more than 1024 keys in one map");
}
END_TEST

START_TEST(bombs_do_not_go_off)
{
	char text[4000];
	size_t len;
	int name;

	len = (size_t)snprintf(text, sizeof(text), "a: &a [x,x,x,x,x,x,x,x]\n");
	for (name = 'b'; name < 'p'; name++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", name, name,
		    name - 1, name - 1, name - 1, name - 1, name - 1, name - 1,
		    name - 1, name - 1);
	ck_assert_int_eq(parse(text), SST_LIMIT);
	ck_assert_ptr_nonnull(
	    strstr(err.text, "more than 50000 values, aliases unfolded"));
	/* deep by aliases alone */
	len = (size_t)snprintf(text, sizeof(text), "a0: &a0 [x]\n");
	for (int i = 1; i < 40; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "a%d: &a%d [*a%d]\n", i, i, i - 1);
	ck_assert_int_eq(parse(text), SST_TOO_DEEP);
}
END_TEST

START_TEST(anchors_are_bounded)
{
	size_t i, size = 60000, len = 0;
	char *text = malloc(size);

	ck_assert_ptr_nonnull(text);
	for (i = 0; i <= 1000; i++)
		len +=
		    (size_t)snprintf(text + len, size - len, "- &a%zu x\n", i);
	expect(text, SST_LIMIT, "f:1001:3: more than 1000 anchors");
}
END_TEST

START_TEST(set_replaces_and_makes)
{
	char place[64];

	ck_assert_int_eq(parse("a: 1\nl: [{k: 1}, {k: 2}]\nn:\n"), 0);
	ck_assert_int_eq(sst_config_doc_set(doc, "a", "2", "--a", &err), 0);
	ck_assert_int_eq(
	    sst_config_doc_set(doc, "b.c.d", "x: y", "env B", &err), 0);
	ck_assert_int_eq(
	    sst_config_doc_set(doc, "l[1].k", "[3, {z: 4}]", "--set", &err), 0);
	ck_assert_int_eq(sst_config_doc_set(doc, "n.m", "", "--n", &err), 0);
	ck_assert_str_eq(at("a")->text, "2");
	ck_assert_int_eq(at("a")->style, SST_CONFIG_UNTYPED);
	sst_config_node_place(at("a"), place, sizeof(place));
	ck_assert_str_eq(place, "--a");
	ck_assert_str_eq(at("b.c.d")->text, "x: y");
	ck_assert_str_eq(at("l[1].k[1].z")->text, "4");
	ck_assert_str_eq(at("l[0].k")->text, "1");
	ck_assert(sst_config_node_is_null(at("n.m")));
	sst_config_node_path(at("l[1].k[1].z"), place, sizeof(place));
	ck_assert_str_eq(place, "l[1].k[1].z");
}
END_TEST

START_TEST(set_refuses)
{
	static const struct {
		const char *path, *value;
		int code;
		const char *text;
	} rows[] = {
	    {"", "x", SST_INVALID, "--f: : not the path of an option"},
	    {"a..b", "x", SST_INVALID, "--f: a..b: not the path of an option"},
	    {"a.", "x", SST_INVALID, "--f: a.: not the path of an option"},
	    {"l[", "x", SST_INVALID, "--f: l[: not the path of an option"},
	    {"l[]", "x", SST_INVALID, "--f: l[]: not the path of an option"},
	    {"l[x]", "x", SST_INVALID, "--f: l[x]: not the path of an option"},
	    {"l[99999999999]", "x", SST_INVALID,
		"--f: l[99999999999]: not the path of an option"},
	    {"a.b", "x", SST_INVALID, "--f: a.b: stands below a plain value"},
	    {"l[2]", "x", SST_INVALID, "--f: l[2]: there is no such place"},
	    {"l.x", "x", SST_INVALID, "--f: l.x: there is no such place"},
	    {"a", "[1", SST_SYNTAX,
		"--f:2:1: not YAML: did not find expected "
		"',' or ']' while parsing a flow sequence"},
	    {"a", "x\x1b", SST_INVALID,
		"--f: a control or invisible character in a text"},
	    {"a", "\xff", SST_ENCODING, "--f: not valid UTF-8"},
	};
	int code;

	ck_assert_int_eq(parse("a: 1\nl: [{k: 1}, {k: 2}]\n"), 0);
	code =
	    sst_config_doc_set(doc, rows[_i].path, rows[_i].value, "--f", &err);
	ck_assert_int_eq(code, rows[_i].code);
	ck_assert_str_eq(err.text, rows[_i].text);
	ck_assert_int_eq(
	    sst_config_doc_set(doc, rows[_i].path, rows[_i].value, "--f", NULL),
	    rows[_i].code);
}
END_TEST

START_TEST(bounds_can_be_chosen)
{
	struct sst_config_input input = {
	    .origin = "f",
	    .text = "[1, 2, 3]",
	    .len = 9,
	    .max_bytes = 9,
	    .max_values = 4,
	};

	ck_assert_int_eq(sst_config_doc_parse_bounded(&input, &doc, &err), 0);
	ck_assert_uint_eq(sst_config_doc_root(doc)->count, 3);
	sst_config_doc_free(&doc);
	input.max_values = 3;
	ck_assert_int_eq(
	    sst_config_doc_parse_bounded(&input, &doc, &err), SST_LIMIT);
	ck_assert_str_eq(
	    err.text, "f:1:8: more than 3 values, aliases unfolded");
	input.max_bytes = 8;
	ck_assert_int_eq(
	    sst_config_doc_parse_bounded(&input, &doc, &err), SST_TOO_LARGE);
	ck_assert_str_eq(err.text, "f: larger than the 8 bytes allowed");
}
END_TEST

START_TEST(read_says_what_is_wrong)
{
	ck_assert_int_eq(
	    sst_config_doc_read("/nonexistent", &doc, &err), SST_NOT_FOUND);
	ck_assert_str_eq(err.text, "/nonexistent: No such file or directory");
	ck_assert_int_eq(sst_config_doc_read("/", &doc, &err), SST_IO);
	ck_assert_str_eq(err.text, "/: Is a directory");
	ck_assert_int_eq(
	    sst_config_doc_read("/dev/zero", &doc, &err), SST_TOO_LARGE);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("node");
	TCase *tc = tcase_create("node");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_loop_test(tc, values_know_their_place, 0, 5);
	tcase_add_test(tc, columns_count_characters);
	tcase_add_test(tc, nothing_is_no_root);
	tcase_add_test(tc, nulls);
	tcase_add_test(tc, aliases_are_copies);
	tcase_add_loop_test(tc, refuses, 0, BAD);
	tcase_add_test(tc, nul_byte_is_named);
	tcase_add_test(tc, bounds);
	tcase_add_test(tc, maps_are_bounded);
	tcase_add_test(tc, bombs_do_not_go_off);
	tcase_add_test(tc, anchors_are_bounded);
	tcase_add_test(tc, set_replaces_and_makes);
	tcase_add_loop_test(tc, set_refuses, 0, 13);
	tcase_add_test(tc, bounds_can_be_chosen);
	tcase_add_test(tc, read_says_what_is_wrong);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
