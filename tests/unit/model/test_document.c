/* Shape, encoding and projection: from a tree to the bytes that are served. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "model/encode.h"
#include "model/project.h"
#include "model/shape.h"

static const char schema_text[] =
    "{\"properties\":{"
    "\"id\":{\"type\":\"string\",\"x-base\":true},"
    "\"boxes\":{\"x-base\":true,\"type\":[\"array\",\"null\"],"
    "  \"items\":{\"$ref\":\"#/$defs/box\"},\"x-identity\":[\"ns\",\"name\"]}},"
    "\"$defs\":{"
    "\"time\":{\"type\":\"string\"},"
    "\"note\":{\"type\":\"string\",\"x-text\":8},"
    "\"box\":{\"properties\":{"
    "  \"name\":{\"x-base\":true},"
    "  \"live\":{\"x-base\":true,\"anyOf\":[{\"$ref\":\"#/$defs/live\"},"
    "    {\"type\":\"null\"}]},"
    "  \"toys\":{\"x-base\":true,\"type\":\"array\",\"x-children\":true,"
    "    \"items\":{\"$ref\":\"#/$defs/toy\"},\"x-identity\":[\"id\"]},"
    "  \"ns\":{},"
    "  \"waits\":{\"items\":{\"$ref\":\"#/$defs/wait\"},"
    "    \"x-identity\":[\"on\"]},"
    "  \"note\":{\"$ref\":\"#/$defs/note\"}}},"
    "\"live\":{\"properties\":{\"n\":{\"x-base\":true},"
    "  \"at\":{\"$ref\":\"#/$defs/time\",\"x-base\":true,"
    "    \"x-changed-at\":true},\"more\":{}}},"
    "\"wait\":{\"properties\":{\"at\":{},\"on\":{}}},"
    "\"toy\":{\"properties\":{\"id\":{\"x-base\":true},\"extra\":{}}}}}";

static struct sst_shape *shape;
static const struct sst_shape *box;
static struct sst_buf out;

static void
setup(void)
{
	json_t *schema = json_loads(schema_text, 0, NULL);
	struct sst_error err = {0};

	ck_assert_int_eq(sst_shape_new(schema, &shape, &err), SST_OK);
	json_decref(schema);
	box = sst_shape_find(shape, "boxes", 5)->shape;
	sst_buf_init(&out);
}

static void
teardown(void)
{
	sst_shape_free(&shape);
	sst_buf_fini(&out);
}

static void
encode(const char *text, struct sst_encoding *met)
{
	json_t *tree = json_loads(text, 0, NULL);

	ck_assert_ptr_nonnull(tree);
	sst_encode_object(box, tree, &out, met);
	json_decref(tree);
}

START_TEST(shape_knows_identity_base_children_and_text)
{
	ck_assert_uint_eq(box->identity_count, 2);
	ck_assert_str_eq(box->members[box->identity[0]].name, "ns");
	ck_assert_str_eq(box->members[box->identity[1]].name, "name");
	ck_assert_str_eq(box->pointer, "#/$defs/box");
	ck_assert(sst_shape_find(box, "toys", 4)->children);
	ck_assert(!sst_shape_find(box, "ns", 2)->base);
	ck_assert_int_eq(sst_shape_find(box, "note", 4)->text_max, 8);
	ck_assert_ptr_null(sst_shape_find(box, "nam", 3));
}
END_TEST

START_TEST(shape_refuses_what_it_does_not_understand)
{
	static const struct {
		const char *schema, *says;
	} cases[] = {
	    {"{}", "no properties"},
	    {"{\"properties\":{\"a\":{\"$ref\":\"http://x/y\"}}}",
		"http://x/y"},
	    {"{\"properties\":{\"a\":{\"$ref\":\"#/$defs/no\"}}}", "no"},
	    {"{\"properties\":{\"a\":{\"items\":{\"properties\":{}},"
	     "\"x-identity\":[\"b\"]}}}",
		"x-identity b"},
	};
	struct sst_error err;
	struct sst_shape *none = NULL;
	json_t *schema;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		schema = json_loads(cases[i].schema, 0, NULL);
		ck_assert_int_eq(
		    sst_shape_new(schema, &none, &err), SST_INVALID);
		ck_assert_ptr_nonnull(strstr(err.text, cases[i].says));
		json_decref(schema);
	}
}
END_TEST

START_TEST(members_come_out_in_schema_order)
{
	struct sst_encoding met;

	encode("{\"ns\":\"n\",\"toys\":[1,2],\"live\":{\"at\":\"2026\",\"n\":1},"
	       "\"name\":\"b\"}",
	    &met);
	ck_assert_str_eq(out.data,
	    "{\"name\":\"b\",\"live\":{\"n\":1,\"at\":\"2026\"},\"toys\":[],"
	    "\"ns\":\"n\"}");
	ck_assert_uint_eq(met.unknown, 0);
	ck_assert_int_eq(out.data[met.hole], ']');
	ck_assert_int_eq(out.data[met.hole - 1], '[');
	ck_assert_int_eq(strncmp(out.data + met.stamp, "2026\"", 5), 0);
}
END_TEST

START_TEST(unknown_members_are_counted_at_every_level)
{
	struct sst_encoding met;

	encode("{\"name\":\"b\",\"x\":1,\"live\":{\"y\":2,\"z\":3}}", &met);
	ck_assert_uint_eq(met.unknown, 3);
	ck_assert_str_eq(out.data, "{\"name\":\"b\",\"live\":{}}");
}
END_TEST

START_TEST(wrong_types_are_written_as_they_are)
{
	struct sst_encoding met;

	encode("{\"name\":{\"a\":[1.5,true,null]},\"live\":[],\"ns\":-3}", &met);
	ck_assert_str_eq(out.data,
	    "{\"name\":{\"a\":[1.5,true,null]},\"live\":[],\"ns\":-3}");
	ck_assert_uint_eq(met.stamp, 0);
	ck_assert_uint_eq(met.hole, 0);
}
END_TEST

START_TEST(strings_are_escaped_and_numbers_read_back)
{
	json_t *v = json_pack("[s, f, f, f, I]", "a\"\\\n\x01\xc3\xa9/", 0.1,
	    211.4378, 1e300, (json_int_t)INT64_MIN);

	sst_encode_value(v, &out);
	json_decref(v);
	ck_assert_str_eq(out.data,
	    "[\"a\\\"\\\\\\n\\u0001\xc3\xa9/\",0.1,211.4378,1e+300,"
	    "-9223372036854775808]");
	v = json_loads(out.data, 0, NULL);
	ck_assert_ptr_nonnull(v);
	json_decref(v);
}
END_TEST

START_TEST(base_view_drops_members_at_every_level)
{
	static const char full[] =
	    "[{\"name\":\"a\\\"},{[\",\"live\":{\"n\":[{\"k\":[]}],\"at\":\"t\","
	    "\"more\":{\"deep\":[1,{\"x\":\"]}\"}]}},\"toys\":[{\"id\":1,"
	    "\"extra\":\",\"},{\"id\":2}],\"ns\":\"n\"},{\"name\":null,"
	    "\"live\":null,\"toys\":[]}]";

	sst_project_base(box, full, strlen(full), &out);
	ck_assert_str_eq(out.data,
	    "[{\"name\":\"a\\\"},{[\",\"live\":{\"n\":[{\"k\":[]}],"
	    "\"at\":\"t\"},\"toys\":[{\"id\":1},{\"id\":2}]},"
	    "{\"name\":null,\"live\":null,\"toys\":[]}]");
}
END_TEST

/* A consumer of the base view takes every array for one. */
START_TEST(base_view_has_no_array_that_is_null)
{
	static const char full[] =
	    "[{\"name\":null,\"live\":null,\"toys\":null}]";

	sst_project_base(box, full, strlen(full), &out);
	ck_assert_str_eq(
	    out.data, "[{\"name\":null,\"live\":null,\"toys\":[]}]");
}
END_TEST

START_TEST(base_view_of_nothing)
{
	sst_project_base(box, "null", 4, &out);
	sst_project_base(box, "[]", 2, &out);
	sst_project_base(box, "{}", 2, &out);
	ck_assert_str_eq(out.data, "null[]{}");
}
END_TEST

static void
expect_keyed(const char *full, const char *want)
{
	sst_buf_clear(&out);
	sst_project_keyed(box, full, strlen(full), &out);
	ck_assert_str_eq(out.data, want);
}

START_TEST(keyed_view_has_objects_for_lists)
{
	expect_keyed(
	    "[{\"name\":\"a b\",\"live\":{\"n\":[{\"k\":[]}],\"at\":\"t\","
	    "\"more\":{\"deep\":[1,{\"x\":\"]}\"}]}},\"toys\":[{\"id\":\"z\","
	    "\"extra\":\",\"},{\"id\":\"y\"}],\"ns\":\"n/\"},"
	    "{\"name\":\"c\",\"live\":null,\"toys\":[],\"ns\":\"\"}]",
	    "{\"n%2F/a%20b\":{\"name\":\"a b\",\"live\":{\"n\":[{\"k\":[]}],"
	    "\"at\":\"t\",\"more\":{\"deep\":[1,{\"x\":\"]}\"}]}},\"toys\":{"
	    "\"z\":{\"id\":\"z\",\"extra\":\",\"},\"y\":{\"id\":\"y\"}},"
	    "\"ns\":\"n/\"},\"/c\":{\"name\":\"c\",\"live\":null,"
	    "\"toys\":{},\"ns\":\"\"}}");
}
END_TEST

START_TEST(keyed_view_of_one_and_of_nothing)
{
	expect_keyed("{\"name\":\"a\",\"toys\":[{\"id\":\"t\"}]}",
	    "{\"name\":\"a\",\"toys\":{\"t\":{\"id\":\"t\"}}}");
	expect_keyed("null", "null");
	expect_keyed("[]", "{}");
	expect_keyed("{}", "{}");
}
END_TEST

START_TEST(keyed_names_are_what_the_text_means)
{
	expect_keyed("[{\"ns\":\"\\\"\\\\\",\"name\":\"\\u001f\\n\\t\\u000b\"}]",
	    "{\"%22%5C/%1F%0A%09%0B\":"
	    "{\"ns\":\"\\\"\\\\\",\"name\":\"\\u001f\\n\\t\\u000b\"}}");
	expect_keyed("[{\"ns\":\"\xc3\xa9~\",\"name\":null},{\"live\":1}]",
	    "{\"%C3%A9~/null\":{\"ns\":\"\xc3\xa9~\",\"name\":null},"
	    "\"/\":{\"live\":1}}");
}
END_TEST

START_TEST(keyed_names_repeat_with_a_number)
{
	expect_keyed("{\"waits\":[{\"on\":\"a\"},{\"at\":1,\"on\":\"b\"},"
		     "{\"on\":\"a\",\"at\":2},{\"on\":\"a#2\"},{\"on\":\"a\"}]}",
	    "{\"waits\":{\"a\":{\"on\":\"a\"},\"b\":{\"at\":1,\"on\":\"b\"},"
	    "\"a#2\":{\"on\":\"a\",\"at\":2},\"a%232\":{\"on\":\"a#2\"},"
	    "\"a#3\":{\"on\":\"a\"}}}");
}
END_TEST

/* Ten thousand, each name four times: no name may come twice. */
START_TEST(keyed_names_stay_unique_in_long_lists)
{
	struct sst_buf full = SST_BUF_INIT;
	json_t *tree, *waits;
	int i;

	sst_buf_adds(&full, "{\"waits\":[");
	for (i = 0; i < 10000; i++)
		sst_buf_addf(&full, "%s{\"on\":\"t%d\"}", i == 0 ? "" : ",",
		    i % 2500);
	sst_buf_adds(&full, "]}");
	sst_project_keyed(box, full.data, full.len, &out);
	tree = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
	ck_assert_ptr_nonnull(tree);
	waits = json_object_get(tree, "waits");
	ck_assert_uint_eq(json_object_size(waits), 10000);
	ck_assert_ptr_nonnull(json_object_get(waits, "t2499#4"));
	json_decref(tree);
	sst_buf_fini(&full);
}
END_TEST

START_TEST(pretty_is_the_same_document)
{
	static const char compact[] =
	    "{\"a\":[],\"b\":{},\"c\":[1,{\"d\":\"x,:{\\\"\"}],\"e\":-1.5}";
	json_t *want = json_loads(compact, 0, NULL), *got;

	sst_project_pretty(compact, strlen(compact), &out);
	got = json_loads(out.data, 0, NULL);
	ck_assert(json_equal(want, got));
	ck_assert_str_eq(out.data,
	    "{\n  \"a\": [],\n  \"b\": {},\n  \"c\": [\n    1,\n    {\n"
	    "      \"d\": \"x,:{\\\"\"\n    }\n  ],\n  \"e\": -1.5\n}\n");
	json_decref(want);
	json_decref(got);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("document");
	TCase *tc = tcase_create("document");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, shape_knows_identity_base_children_and_text);
	tcase_add_test(tc, shape_refuses_what_it_does_not_understand);
	tcase_add_test(tc, members_come_out_in_schema_order);
	tcase_add_test(tc, unknown_members_are_counted_at_every_level);
	tcase_add_test(tc, wrong_types_are_written_as_they_are);
	tcase_add_test(tc, strings_are_escaped_and_numbers_read_back);
	tcase_add_test(tc, base_view_drops_members_at_every_level);
	tcase_add_test(tc, base_view_has_no_array_that_is_null);
	tcase_add_test(tc, base_view_of_nothing);
	tcase_add_test(tc, keyed_view_has_objects_for_lists);
	tcase_add_test(tc, keyed_view_of_one_and_of_nothing);
	tcase_add_test(tc, keyed_names_are_what_the_text_means);
	tcase_add_test(tc, keyed_names_repeat_with_a_number);
	tcase_add_test(tc, keyed_names_stay_unique_in_long_lists);
	tcase_add_test(tc, pretty_is_the_same_document);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
