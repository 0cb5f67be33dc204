/* Patches: the official suites, what they leave out, and how they fail. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/schema.h"
#include "service/patch.h"
#include "support/starve.h"
#include "unit/base/run.h"

static struct sst_error err;

static json_t *
tree(const char *text)
{
	json_t *out = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

	ck_assert_msg(out != NULL, "%s", text);
	return out;
}

/* Order of members included. */
static bool
is_text(const json_t *value, const char *want)
{
	char *got = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	bool same = strcmp(got, want) == 0;

	if (!same)
		printf("got  %s\nwant %s\n", got, want);
	free(got);
	return same;
}

/* Applies; what fails must leave the document as it was. */
static int
apply(json_t **document, const json_t *patch)
{
	json_t *before = json_deep_copy(*document), *same = *document;
	int rc = sst_patch_apply(document, patch, &err);

	if (rc != SST_OK) {
		ck_assert_ptr_eq(*document, same);
		ck_assert(json_equal(*document, before));
		ck_assert_int_eq(rc, err.code);
		ck_assert_str_ne(err.text, "");
	}
	json_decref(before);
	return rc;
}

/* 0 when the case goes as the suite says. */
static int
suite_case(const json_t *c)
{
	json_t *doc = json_deep_copy(json_object_get(c, "doc"));
	const json_t *want = json_object_get(c, "expected");
	int rc = apply(&doc, json_object_get(c, "patch"));
	bool right;

	if (json_object_get(c, "error") != NULL)
		right = rc != SST_OK;
	else
		right = rc == SST_OK &&
			(want == NULL || sst_schema_equal(doc, want));
	if (!right)
		printf("not as expected: %s: %s\n",
		    json_string_value(json_object_get(c, "comment")),
		    rc == SST_OK ? "no error" : err.text);
	json_decref(doc);
	return right ? 0 : 1;
}

static const struct {
	const char *name;
	size_t active;
} suites[] = {{"tests.json", 92}, {"spec_tests.json", 16}};

START_TEST(official_suites)
{
	char path[512];
	json_t *suite, *c;
	size_t i, active = 0;
	int wrong = 0;

	snprintf(path, sizeof(path),
	    SST_SOURCE_DIR "/../shared/suites/json-patch-tests/%s",
	    suites[_i].name);
	suite = json_load_file(path, 0, NULL);
	if (suite == NULL) {
		printf("SKIP: no json-patch-tests at %s\n", path);
		return;
	}
	json_array_foreach (suite, i, c) {
		if (json_is_true(json_object_get(c, "disabled")))
			continue;
		active++;
		wrong += suite_case(c);
	}
	printf("%s: %zu cases, %d wrong\n", suites[_i].name, active, wrong);
	ck_assert_uint_eq(active, suites[_i].active);
	ck_assert_int_eq(wrong, 0);
	json_decref(suite);
}
END_TEST

/* What goes well; compared with the order of members. */
static const char *const applied[][3] = {
    {"{\"a\":1,\"b\":2}",
	"[{\"op\":\"replace\",\"path\":\"/a\",\"value\":{\"x\":0}}]",
	"{\"a\":{\"x\":0},\"b\":2}"},
    {"{\"a\":1,\"b\":2}", "[{\"op\":\"add\",\"path\":\"/a\",\"value\":3}]",
	"{\"a\":3,\"b\":2}"},
    {"{\"a\":1,\"b\":2}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/c\"}]",
	"{\"b\":2,\"c\":1}"},
    {"{\"a\":1,\"b\":2}", "[{\"op\":\"move\",\"from\":\"/b\",\"path\":\"/b\"}]",
	"{\"a\":1,\"b\":2}"},
    {"[1]", "[{\"op\":\"move\",\"from\":\"\",\"path\":\"\"}]", "[1]"},
    {"[1,2,3]", "[{\"op\":\"move\",\"from\":\"/0\",\"path\":\"/2\"}]",
	"[2,3,1]"},
    {"[1,2,3]", "[{\"op\":\"move\",\"from\":\"/0\",\"path\":\"/-\"}]",
	"[2,3,1]"},
    {"{\"a\":[1]}",
	"[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/a/0\"},"
	"{\"op\":\"add\",\"path\":\"/a/0/-\",\"value\":2}]",
	"{\"a\":[[1,2],1]}"},
    {"{\"a\":[1]}",
	"[{\"op\":\"copy\",\"from\":\"\",\"path\":\"/a/-\"}]",
	"{\"a\":[1,{\"a\":[1]}]}"},
    {"{\"~1\":1,\"/\":2,\"\":3}",
	"[{\"op\":\"remove\",\"path\":\"/~01\"},"
	"{\"op\":\"replace\",\"path\":\"/~1\",\"value\":4},"
	"{\"op\":\"test\",\"path\":\"/\",\"value\":3}]",
	"{\"/\":4,\"\":3}"},
    {"{\"a\":[1,{\"b\":2,\"c\":3}]}",
	"[{\"op\":\"test\",\"path\":\"/a\",\"value\":"
	"[1.0,{\"c\":3,\"b\":2}]}]",
	"{\"a\":[1,{\"b\":2,\"c\":3}]}"},
    {"null", "[{\"op\":\"test\",\"path\":\"\",\"value\":null}]", "null"},
    {"{}", "[{\"op\":\"replace\",\"path\":\"\",\"value\":7,\"more\":1}]", "7"},
    {"{\"a\":null}", "[{\"op\":\"replace\",\"path\":\"/a\",\"value\":null}]",
	"{\"a\":null}"},
    {"{\"0\":1}", "[{\"op\":\"add\",\"path\":\"/00\",\"value\":2},"
		  "{\"op\":\"add\",\"path\":\"/-\",\"value\":3}]",
	"{\"0\":1,\"00\":2,\"-\":3}"},
    {"[]", "[]", "[]"},
};

START_TEST(operations_that_apply)
{
	json_t *doc = tree(applied[_i][0]), *patch = tree(applied[_i][1]);

	ck_assert_msg(apply(&doc, patch) == SST_OK, "%s", err.text);
	ck_assert(is_text(doc, applied[_i][2]));
	json_decref(patch);
	json_decref(doc);
}
END_TEST

/* On {"a":[1,2],"b":{"c":"x"}}: patch, code, what the text says. */
static const struct {
	const char *patch;
	int code;
	const char *says;
} refused[] = {
    {"{}", SST_INVALID, "array of operations"},
    {"[7]", SST_INVALID, "operation 0: it needs a member \"op\""},
    {"[{\"op\":\"add\"}]", SST_INVALID, "\"path\""},
    {"[{\"op\":\"Add\",\"path\":\"\",\"value\":1}]", SST_INVALID, "one of"},
    {"[{\"op\":\"add\",\"path\":7,\"value\":1}]", SST_INVALID, "\"path\""},
    {"[{\"op\":\"add\",\"path\":\"/d\"}]", SST_INVALID, "\"value\""},
    {"[{\"op\":\"test\",\"path\":\"/b/c\"}]", SST_INVALID, "\"value\""},
    {"[{\"op\":\"copy\",\"path\":\"/d\"}]", SST_INVALID, "\"from\""},
    {"[{\"op\":\"add\",\"path\":\"d\",\"value\":1}]", SST_INVALID,
	"operation 0, add \"d\": not a JSON Pointer"},
    {"[{\"op\":\"add\",\"path\":\"/~2\",\"value\":1}]", SST_INVALID, "~1"},
    {"[{\"op\":\"add\",\"path\":\"/~\",\"value\":1}]", SST_INVALID, "~1"},
    {"[{\"op\":\"add\",\"path\":\"/d\\u0000\",\"value\":1}]", SST_INVALID,
	"\"path\""},
    {"[{\"op\":\"add\",\"path\":\"/a/3\",\"value\":1}]", SST_INVALID, "0 to 2"},
    {"[{\"op\":\"add\",\"path\":\"/a/01\",\"value\":1}]", SST_INVALID,
	"0 to 2"},
    {"[{\"op\":\"add\",\"path\":\"/a/-1\",\"value\":1}]", SST_INVALID,
	"0 to 2"},
    {"[{\"op\":\"add\",\"path\":\"/a/\",\"value\":1}]", SST_INVALID, "0 to 2"},
    {"[{\"op\":\"add\",\"path\":\"/a/18446744073709551616\",\"value\":1}]",
	SST_INVALID, "0 to 2"},
    {"[{\"op\":\"add\",\"path\":\"/a/-/x\",\"value\":1}]", SST_INVALID,
	"nowhere"},
    {"[{\"op\":\"add\",\"path\":\"/d/e\",\"value\":1}]", SST_INVALID,
	"nowhere"},
    {"[{\"op\":\"add\",\"path\":\"/b/c/d\",\"value\":1}]", SST_INVALID,
	"nowhere"},
    {"[{\"op\":\"remove\",\"path\":\"/a/-\"}]", SST_INVALID, "nowhere"},
    {"[{\"op\":\"remove\",\"path\":\"/a/2\"}]", SST_INVALID, "nowhere"},
    {"[{\"op\":\"remove\",\"path\":\"\"}]", SST_INVALID, "whole document"},
    {"[{\"op\":\"replace\",\"path\":\"/a/2\",\"value\":1}]", SST_INVALID,
	"nowhere"},
    {"[{\"op\":\"replace\",\"path\":\"/d\",\"value\":1}]", SST_INVALID,
	"nowhere"},
    {"[{\"op\":\"move\",\"from\":\"/b\",\"path\":\"/b/c\"}]", SST_INVALID,
	"itself"},
    {"[{\"op\":\"move\",\"from\":\"\",\"path\":\"/b\"}]", SST_INVALID,
	"itself"},
    {"[{\"op\":\"move\",\"from\":\"/d\",\"path\":\"/d\"}]", SST_INVALID,
	"nowhere"},
    {"[{\"op\":\"move\",\"from\":\"/b\",\"path\":\"/x/y\"}]", SST_INVALID,
	"nowhere"},
    {"[{\"op\":\"test\",\"path\":\"/a\",\"value\":[2,1]}]", SST_TYPE,
	"operation 0, test \"/a\""},
    {"[{\"op\":\"test\",\"path\":\"/b/c\",\"value\":\"x\\u0000\"}]", SST_TYPE,
	"another value"},
    {"[{\"op\":\"remove\",\"path\":\"/a/0\"},"
     "{\"op\":\"add\",\"path\":\"/b/d\",\"value\":1},"
     "{\"op\":\"remove\",\"path\":\"/none\"}]",
	SST_INVALID, "operation 2, remove \"/none\""},
};

START_TEST(operations_that_are_refused)
{
	json_t *doc = tree("{\"a\":[1,2],\"b\":{\"c\":\"x\"}}");
	json_t *patch = tree(refused[_i].patch);

	ck_assert_int_eq(apply(&doc, patch), refused[_i].code);
	ck_assert_msg(strstr(err.text, refused[_i].says) != NULL, "%s: %s",
	    refused[_i].patch, err.text);
	json_decref(patch);
	json_decref(doc);
}
END_TEST

START_TEST(nothing_is_shared)
{
	json_t *doc = tree("{\"a\":{\"x\":1}}"), *before = json_incref(doc);
	json_t *patch = tree(
	    "[{\"op\":\"add\",\"path\":\"/b\",\"value\":[1]},"
	    "{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/c\"}]");

	ck_assert_int_eq(apply(&doc, patch), SST_OK);
	json_object_set_new(json_object_get(before, "a"), "x", json_null());
	json_array_clear(
	    json_object_get(json_array_get(patch, 0), "value"));
	json_object_clear(json_object_get(doc, "a"));
	ck_assert(is_text(doc, "{\"a\":{},\"b\":[1],\"c\":{\"x\":1}}"));
	json_decref(before);
	json_decref(patch);
	json_decref(doc);
}
END_TEST

/* The same operation n times. */
static json_t *
times(size_t n, const char *op)
{
	json_t *patch = json_array(), *one = tree(op);

	while (n-- > 0)
		json_array_append(patch, one);
	json_decref(one);
	return patch;
}

START_TEST(bombs_are_refused)
{
	static const char *const bombs[] = {
	    "{\"op\":\"copy\",\"from\":\"\",\"path\":\"/-\"}",
	    "{\"op\":\"copy\",\"from\":\"\",\"path\":\"/0\"}",
	    "{\"op\":\"replace\",\"path\":\"\",\"value\":[[[[[[[[]]]]]]]]}"};
	json_t *patch = times(_i == 2 ? 1000000 : 64, bombs[_i]);
	json_t *doc = tree("[1,[2]]");

	ck_assert_int_eq(apply(&doc, patch), SST_LIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "values would be made"));
	json_decref(patch);
	json_decref(doc);
}
END_TEST

/* "/0/0/0..." of n tokens. */
static json_t *
deep_path(const char *op, size_t n)
{
	json_t *patch = tree(op);
	char *path = malloc(2 * n + 1);
	size_t i;

	for (i = 0; i < n; i++)
		memcpy(path + 2 * i, "/0", 3);
	json_object_set_new(
	    json_array_get(patch, 0), "path", json_string(path));
	free(path);
	return patch;
}

/* An array in an array ... n of them. */
static json_t *
deep_array(size_t n)
{
	json_t *out = json_array(), *outer;

	while (--n > 0) {
		outer = json_array();
		json_array_append_new(outer, out);
		out = outer;
	}
	return out;
}

START_TEST(depth_is_bounded)
{
	static const char *const ops[] = {
	    "[{\"op\":\"add\",\"value\":[]}]",
	    "[{\"op\":\"copy\",\"from\":\"/0\"}]",
	    "[{\"op\":\"move\",\"from\":\"/1\"}]"};
	json_t *doc = deep_array(SST_PATCH_DEPTH + 1), *patch;

	if (_i == 2)
		json_array_append_new(doc, deep_array(1));
	patch = deep_path(ops[_i], SST_PATCH_DEPTH + 1);
	ck_assert_int_eq(apply(&doc, patch), SST_LIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "deeper than 2048"));
	json_decref(patch);
	patch = deep_path("[{\"op\":\"add\",\"value\":[]}]", SST_PATCH_DEPTH);
	ck_assert_int_eq(apply(&doc, patch), SST_OK);
	json_decref(patch);
	json_decref(doc);
}
END_TEST

/* RFC 7396, appendix A: original, patch, result. */
static const char *const merges[][3] = {
    {"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
    {"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
    {"{\"a\":\"b\"}", "{\"a\":null}", "{}"},
    {"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
    {"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
    {"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
    {"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}",
	"{\"a\":{\"b\":\"d\"}}"},
    {"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
    {"[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]"},
    {"{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]"},
    {"{\"a\":\"foo\"}", "null", "null"},
    {"{\"a\":\"foo\"}", "\"bar\"", "\"bar\""},
    {"{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}"},
    {"[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}"},
    {"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"},
    /* and of our own */
    {"{\"a\":1,\"b\":2}", "{\"a\":{\"x\":[null,{\"y\":null}],\"z\":null}}",
	"{\"a\":{\"x\":[null,{\"y\":null}]},\"b\":2}"},
    {"{\"a\":1}", "{}", "{\"a\":1}"},
};

START_TEST(merge_patches)
{
	json_t *doc = tree(merges[_i][0]), *patch = tree(merges[_i][1]);
	json_t *kept = json_deep_copy(patch);

	ck_assert_int_eq(sst_patch_merge(&doc, patch, &err), SST_OK);
	ck_assert(is_text(doc, merges[_i][2]));
	ck_assert(json_equal(patch, kept));
	json_decref(kept);
	json_decref(patch);
	json_decref(doc);
}
END_TEST

START_TEST(merge_is_bounded)
{
	json_t *doc = json_object(), *patch = json_object(), *outer;
	size_t i;

	for (i = 0; i <= SST_PATCH_DEPTH; i++) {
		outer = json_object();
		json_object_set_new(outer, "a", patch);
		patch = outer;
	}
	ck_assert_int_eq(sst_patch_merge(&doc, patch, &err), SST_LIMIT);
	ck_assert(is_text(doc, "{}"));
	json_decref(patch);
	json_decref(doc);
}
END_TEST

/* One attempt with the n-th allocation failing; false: there was none. */
static bool
starved(long n, json_t **doc, const json_t *patch,
    int (*run)(json_t **, const json_t *, struct sst_error *))
{
	json_t *before = *doc;
	bool failed;
	int rc;

	starve_after(n);
	rc = run(doc, patch, &err);
	failed = starve_end();
	ck_assert_int_eq(rc, failed ? SST_NOMEM : SST_OK);
	if (failed)
		ck_assert_ptr_eq(*doc, before);
	return failed;
}

START_TEST(out_of_memory_changes_nothing)
{
	static const char text[] = "{\"a\":[1,{\"b\":\"c\"}],\"d\":2.5}";
	json_t *doc = tree(text);
	json_t *patch = tree(
	    "[{\"op\":\"move\",\"from\":\"/a/1\",\"path\":\"/e~1\"},"
	    "{\"op\":\"copy\",\"from\":\"/e~1\",\"path\":\"/a/-\"},"
	    "{\"op\":\"add\",\"path\":\"/f\",\"value\":[\"g\"]},"
	    "{\"op\":\"replace\",\"path\":\"/a/0\",\"value\":{}},"
	    "{\"op\":\"test\",\"path\":\"/d\",\"value\":2.5}]");
	json_t *merge = tree("{\"a\":{\"h\":null,\"i\":[1]},\"d\":{\"j\":3}}");
	long n = 0;

	for (; starved(n, &doc, patch, sst_patch_apply); n++)
		ck_assert(is_text(doc, text));
	ck_assert_int_gt(n, 20);
	for (n = 0; starved(n, &doc, merge, sst_patch_merge); n++)
		;
	ck_assert_int_gt(n, 10);
	json_decref(merge);
	json_decref(patch);
	json_decref(doc);
}
END_TEST

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

int
main(void)
{
	Suite *s = suite_create("patch");
	TCase *tc = tcase_create("patch");

	starve_init();
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, official_suites, 0, COUNT(suites));
	tcase_add_loop_test(tc, operations_that_apply, 0, COUNT(applied));
	tcase_add_loop_test(tc, operations_that_are_refused, 0, COUNT(refused));
	tcase_add_test(tc, nothing_is_shared);
	tcase_add_loop_test(tc, bombs_are_refused, 0, 3);
	tcase_add_loop_test(tc, depth_is_bounded, 0, 3);
	tcase_add_loop_test(tc, merge_patches, 0, COUNT(merges));
	tcase_add_test(tc, merge_is_bounded);
	tcase_add_test(tc, out_of_memory_changes_nothing);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
