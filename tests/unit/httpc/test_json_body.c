/* Every way in which a body can be wrong has its own code. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "httpc/json_body.h"

struct body_case {
	const char *bytes;
	size_t len;
	int code;
};

#define CASE(text, code)                     \
	{                                    \
		text, sizeof(text) - 1, code \
	}

static const struct body_case cases[] = {
    CASE("[]", SST_OK),
    CASE(" {\"a\":[1,2.5,\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"]}\n", SST_OK),
    CASE("42", SST_OK),
    CASE("\"a\\\"b\\\\\"", SST_OK),
    CASE("\"\\\\u0000\"", SST_OK),
    CASE("\"[[[{{{\"", SST_OK),
    CASE("", SST_TRUNCATED),
    CASE(" \r\n\t", SST_TRUNCATED),
    CASE("[", SST_TRUNCATED),
    CASE("[1,", SST_TRUNCATED),
    CASE("[1,tru", SST_TRUNCATED),
    CASE("{\"a\":\"b", SST_TRUNCATED),
    CASE("{\"a\":\"b\\", SST_TRUNCATED),
    CASE("{\"a\":\"b\\u12", SST_TRUNCATED),
    CASE("[\"\xc3", SST_TRUNCATED),
    CASE("[\"\xe2\x82", SST_TRUNCATED),
    CASE("[\"\xe0", SST_TRUNCATED),
    CASE("[\"\xed", SST_TRUNCATED),
    CASE("[\"\xf0\x9f\x98", SST_TRUNCATED),
    CASE("[\"\xff\"]", SST_ENCODING),
    CASE("[\"\xc3\"]", SST_ENCODING),
    CASE("[\"\xc0\x80\"]", SST_ENCODING),
    CASE("[\"\xed\xa0\x80\"]", SST_ENCODING),
    CASE("[\"\xf4\x90\x80\x80\"]", SST_ENCODING),
    CASE("[\xa0 1]", SST_ENCODING),
    CASE("[\"a\0b\"]", SST_NUL),
    CASE("[1]\0", SST_NUL),
    CASE("[\"a\\u0000b\"]", SST_NUL),
    CASE("{\"a\\u0000\":1}", SST_NUL),
    CASE("<html></html>", SST_SYNTAX),
    CASE("hello", SST_SYNTAX),
    CASE("[1 2]", SST_SYNTAX),
    CASE("[1]]", SST_SYNTAX),
    CASE("{\"a\":1}{\"b\":2}", SST_SYNTAX),
    CASE("{'a':1}", SST_SYNTAX),
    CASE("[\"a\tb\"]", SST_SYNTAX),
    CASE("[\"\\ud800\"]", SST_SYNTAX),
    CASE("\xef\xbb\xbf[]", SST_SYNTAX),
    CASE("[99999999999999999999]", SST_TYPE),
    CASE("[1e999]", SST_TYPE),
};

START_TEST(each_fault_has_its_code)
{
	const struct body_case *c = &cases[_i];
	struct sst_error err;
	json_t *tree = NULL;
	int code = sst_json_body_parse(c->bytes, c->len, &tree, &err);

	ck_assert_msg(code == c->code, "case %d: got %s (%s), expected %s", _i,
	    sst_code_name(code), code == SST_OK ? "" : err.text,
	    sst_code_name(c->code));
	ck_assert((code == SST_OK) == (tree != NULL));
	if (code != SST_OK)
		ck_assert_int_eq(err.code, code);
	json_decref(tree);
}
END_TEST

static int
parse_nested(size_t depth)
{
	char *text = malloc(2 * depth);
	struct sst_error err;
	json_t *tree = NULL;
	int code;

	ck_assert_ptr_nonnull(text);
	memset(text, '[', depth);
	memset(text + depth, ']', depth);
	code = sst_json_body_parse(text, 2 * depth, &tree, &err);
	json_decref(tree);
	free(text);
	return code;
}

START_TEST(depth_is_bounded)
{
	ck_assert_int_eq(parse_nested(SST_JSON_BODY_DEPTH), SST_OK);
	ck_assert_int_eq(parse_nested(SST_JSON_BODY_DEPTH + 1), SST_TOO_DEEP);
	ck_assert_int_eq(parse_nested(1000000), SST_TOO_DEEP);
}
END_TEST

/* Any prefix of a good body is cut off, nothing else. */
START_TEST(every_prefix_is_truncated)
{
	static const char text[] =
	    "[{\"name\":\"agent/plan \xc3\xa9\",\"n\":-12.5e3,\"ok\":true,"
	    "\"none\":null,\"esc\":\"\\u00e9\\n\\ud83d\\ude00\",\"a\":[[],{}]}"
	    "]";
	struct sst_error err;
	json_t *tree = NULL;
	size_t i;
	int code;

	for (i = 0; i < sizeof(text) - 1; i++) {
		code = sst_json_body_parse(text, i, &tree, &err);
		ck_assert_msg(code == SST_TRUNCATED, "%zu bytes: %s", i,
		    sst_code_name(code));
	}
	code = sst_json_body_parse(text, i, &tree, &err);
	ck_assert_int_eq(code, SST_OK);
	json_decref(tree);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("json_body");
	TCase *tc = tcase_create("json_body");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, each_fault_has_its_code, 0,
	    (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(tc, depth_is_bounded);
	tcase_add_test(tc, every_prefix_is_truncated);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
