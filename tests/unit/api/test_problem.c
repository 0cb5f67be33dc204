/* Ways it fails: text that breaks the JSON, is too long, or is a secret. */
#include <jansson.h>
#include <string.h>

#include "api/problem.h"
#include "unit/api/suites.h"

static json_t *
written(const struct api_problem *problem)
{
	struct sst_buf out = SST_BUF_INIT;
	json_t *root;

	api__problem_write(problem, "id-1", &out);
	root = json_loadb(out.data, out.len, 0, NULL);
	ck_assert_msg(root != NULL, "%s", out.data);
	sst_buf_fini(&out);
	return root;
}

static const char *
text(const json_t *root, const char *name)
{
	return json_string_value(json_object_get(root, name));
}

START_TEST(writes_every_member)
{
	struct api_problem p;
	json_t *root;

	api__problem_init(&p);
	api__problem_set(&p, API_NOT_READY, "detail \"%d\"", 7);
	api__problem_parameter(&p, "max_age");
	api__problem_allow(&p, "one");
	api__problem_allow(&p, "t\"wo");
	api__problem_example(&p, "/x?y=%s", "z");
	p.retry_after = 3;
	root = written(&p);
	ck_assert_str_eq(text(root, "type"), "/problems/not-ready");
	ck_assert_str_eq(text(root, "title"), "No snapshot yet");
	ck_assert_str_eq(text(root, "detail"), "detail \"7\"");
	ck_assert_str_eq(text(root, "instance"), "id-1");
	ck_assert_str_eq(text(root, "parameter"), "max_age");
	ck_assert_str_eq(text(root, "example"), "/x?y=z");
	ck_assert_int_eq(
	    json_integer_value(json_object_get(root, "status")), 503);
	ck_assert_int_eq(
	    json_integer_value(json_object_get(root, "retry_after_seconds")),
	    3);
	ck_assert_uint_eq(json_array_size(json_object_get(root, "allowed")), 2);
	json_decref(root);
	api__problem_fini(&p);
}
END_TEST

START_TEST(says_what_is_held)
{
	struct api_problem p;
	json_t *root;

	api__problem_init(&p);
	api__problem_set(&p, API_GONE, "x");
	api__problem_held(&p, "0123456789abcdef", 7, 41);
	root = written(&p);
	ck_assert_int_eq(
	    json_integer_value(json_object_get(root, "status")), 410);
	ck_assert_int_eq(
	    json_integer_value(json_object_get(root, "oldest_revision")), 7);
	ck_assert_int_eq(
	    json_integer_value(json_object_get(root, "newest_revision")), 41);
	ck_assert_str_eq(text(root, "epoch"), "0123456789abcdef");
	json_decref(root);
	api__problem_set(&p, API_GONE, "x");
	root = written(&p);
	ck_assert_uint_eq(json_object_size(root), 5);
	json_decref(root);
	api__problem_fini(&p);
}
END_TEST

START_TEST(leaves_out_what_is_not_there)
{
	struct api_problem p;
	json_t *root;

	api__problem_init(&p);
	api__problem_set(&p, API_NOT_FOUND, "x");
	root = written(&p);
	ck_assert_uint_eq(json_object_size(root), 5);
	json_decref(root);
	api__problem_fini(&p);
}
END_TEST

START_TEST(forgets_the_problem_before)
{
	struct api_problem p;
	json_t *root;

	api__problem_init(&p);
	api__problem_set(&p, API_NOT_FOUND, "x");
	api__problem_allow(&p, "one");
	api__problem_example(&p, "two");
	api__problem_set(&p, API_INTERNAL, "y");
	root = written(&p);
	ck_assert_uint_eq(json_object_size(root), 5);
	json_decref(root);
	api__problem_fini(&p);
}
END_TEST

START_TEST(cuts_between_characters)
{
	struct api_problem p;
	char longer[1500];
	json_t *root;
	size_t i;

	for (i = 0; i + 1 < sizeof(longer); i += 2)
		memcpy(longer + i, "\xc3\xa9", 2);
	longer[sizeof(longer) - 2] = '\0';
	api__problem_init(&p);
	api__problem_set(&p, API_NOT_FOUND, "%s", longer);
	root = written(&p);
	ck_assert_uint_le(strlen(text(root, "detail")), API_DETAIL_BYTES);
	json_decref(root);
	api__problem_fini(&p);
}
END_TEST

START_TEST(quotes_harmlessly)
{
	char out[API_QUOTE], many[1000];

	ck_assert_str_eq(api__quote("a\x1b[31m\nb", 8, out), "\"a[31m b\"");
	ck_assert_str_eq(api__quote("", 0, out), "\"\"");
	ck_assert_ptr_null(
	    strstr(api__quote("token=abcdefghijkl", 18, out), "abcdefgh"));
	memset(many, 0xff, sizeof(many));
	ck_assert_uint_lt(
	    strlen(api__quote(many, sizeof(many), out)), API_QUOTE);
}
END_TEST

START_TEST(has_a_row_for_every_kind)
{
	int i;

	for (i = API_NO_PROBLEM + 1; i < API_PROBLEM_COUNT; i++) {
		const struct api_problem_row *row =
		    api__problem_row((enum api_problem_kind)i);

		ck_assert_ptr_nonnull(row->name);
		ck_assert_int_ge(row->status, 400);
		ck_assert_int_lt(row->status, 600);
		ck_assert_int_eq(
		    api__problem_by_name(row->name, strlen(row->name)), i);
	}
	ck_assert_int_eq(api__problem_by_name("nothing", 7), API_NO_PROBLEM);
}
END_TEST

TCase *
api_problem_case(void)
{
	TCase *tc = tcase_create("problem");

	tcase_add_test(tc, writes_every_member);
	tcase_add_test(tc, says_what_is_held);
	tcase_add_test(tc, leaves_out_what_is_not_there);
	tcase_add_test(tc, forgets_the_problem_before);
	tcase_add_test(tc, cuts_between_characters);
	tcase_add_test(tc, quotes_harmlessly);
	tcase_add_test(tc, has_a_row_for_every_kind);
	return tc;
}
