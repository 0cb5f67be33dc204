/* Bad schemas: each gives its code and names the place. */
#include <stdio.h>

#include "support.h"

struct bad {
	const char *schema, *part;
};

static const struct bad bads[] = {
    {"{\"type\":\"float\"}", "/type: must be"},
    {"{\"type\":[]}", "/type: must be"},
    {"{\"type\":[\"string\",4]}", "/type: must be"},
    {"{\"properties\":{\"a/b\":{\"type\":1}}}", "/properties/a~1b/type: "},
    {"{\"properties\":[]}", "/properties: must be an object"},
    {"{\"properties\":{\"a\":1}}", "/properties/a: a schema must be"},
    {"{\"items\":[true]}", "/items: a schema must be"},
    {"{\"prefixItems\":[]}", "/prefixItems: must be an array"},
    {"{\"allOf\":{}}", "/allOf: must be an array"},
    {"{\"anyOf\":[1]}", "/anyOf/0: a schema must be"},
    {"{\"required\":\"a\"}", "/required: must be an array of strings"},
    {"{\"required\":[1]}", "/required: must be an array of strings"},
    {"{\"dependentRequired\":{\"a\":[1]}}", "/dependentRequired: must be"},
    {"{\"enum\":1}", "/enum: must be an array"},
    {"{\"minimum\":\"1\"}", "/minimum: must be a number"},
    {"{\"multipleOf\":0}", "/multipleOf: must be a number > 0"},
    {"{\"minLength\":-1}", "/minLength: must be a whole number"},
    {"{\"maxItems\":1.5}", "/maxItems: must be a whole number"},
    {"{\"uniqueItems\":1}", "/uniqueItems: must be true or false"},
    {"{\"pattern\":1}", "/pattern: must be a string"},
    {"{\"pattern\":\"(\"}", "/pattern: not a regular expression"},
    {"{\"patternProperties\":{\"[\":true}}", "/patternProperties: not a"},
    {"{\"$ref\":1}", "/$ref: must be a string"},
    {"{\"$ref\":\"a\\u0000b\"}", "/$ref: must be a string"},
    {"{\"$ref\":\"#/title\",\"title\":\"x\"}", "/$ref: \"#/title\" leads to"},
    {"{\"$id\":7}", "/$id: must be a string"},
    {"{\"$id\":\"a#b\"}", "/$id: \"a#b\" has a fragment"},
    {"{\"$defs\":{\"x\":{\"$anchor\":\"1\"}}}", "/$defs/x/$anchor: must be"},
    {"{\"$dynamicAnchor\":\"\"}", "/$dynamicAnchor: must be"},
    {"{\"$defs\":[]}", "/$defs: must be an object"},
    {"{\"$defs\":{\"unused\":{\"not\":3}}}", "/$defs/unused/not: a schema"},
    {"5", "a schema is an object or a boolean"},
    {"\"x\"", "a schema is an object or a boolean"},
};

START_TEST(test_bad)
{
	expect_bad_schema(bads[_i].schema, SST_INVALID, bads[_i].part);
}
END_TEST

START_TEST(test_not_found)
{
	expect_bad_schema("{\"not\":{\"$ref\":\"#/$defs/x\"}}", SST_NOT_FOUND,
	    "/not/$ref: \"#/$defs/x\"");
	expect_bad_schema("{\"$ref\":\"#x\"}", SST_NOT_FOUND, "no anchor");
	expect_bad_schema("{\"$schema\":\"http://none.example/\"}",
	    SST_NOT_FOUND, "/$schema: ");
	expect_bad_schema(
	    "{\"items\":{\"$ref\":\"#/allOf/01\"},\"allOf\":[true,true]}",
	    SST_NOT_FOUND, "/items/$ref");
}
END_TEST

START_TEST(test_too_deep)
{
	json_t *schema = json_object(), *outer;
	struct sst_schema_set *set = NULL;
	struct sst_error err;
	int i;

	for (i = 0; i < SST_SCHEMA_DOC_DEPTH + 1; i++) {
		outer = json_object();
		json_object_set_new(outer, "not", schema);
		schema = outer;
	}
	ck_assert_int_eq(sst_schema_set_new(&set, &err), 0);
	ck_assert_int_eq(
	    sst_schema_set_add(set, TEST_URI, schema, &err), SST_TOO_DEEP);
	sst_schema_set_free(&set);
	json_decref(schema);
}
END_TEST

/* A chain of references that is long, but no cycle. */
START_TEST(test_long_chain)
{
	json_t *defs = json_object(), *schema = json_object(), *step;
	struct sst_schema_set *set = NULL;
	struct sst_schema *out = NULL;
	struct sst_error err;
	char name[32];
	int i;

	for (i = 0; i < 20000; i++) {
		step = json_object();
		snprintf(name, sizeof(name), "#/$defs/s%d", i + 1);
		json_object_set_new(step, "$ref", json_string(name));
		snprintf(name, sizeof(name), "s%d", i);
		json_object_set_new(defs, name, step);
	}
	json_object_set_new(defs, "s20000", json_true());
	json_object_set_new(schema, "$defs", defs);
	ck_assert_int_eq(sst_schema_set_new(&set, &err), 0);
	ck_assert_int_eq(sst_schema_set_add(set, TEST_URI, schema, &err), 0);
	ck_assert_int_eq(
	    sst_schema_compile(set, TEST_URI, &out, &err), SST_TOO_DEEP);
	sst_schema_set_free(&set);
	json_decref(schema);
}
END_TEST

START_TEST(test_free_nothing)
{
	struct sst_schema *schema = NULL;
	struct sst_schema_set *set = NULL;

	sst_schema_free(&schema);
	sst_schema_free(NULL);
	sst_schema_set_free(&set);
	sst_schema_set_free(NULL);
}
END_TEST

Suite *
suite_errors(void)
{
	Suite *s = suite_create("schema errors");
	TCase *t = tcase_create("errors");

	tcase_add_loop_test(
	    t, test_bad, 0, (int)(sizeof(bads) / sizeof(bads[0])));
	tcase_add_test(t, test_not_found);
	tcase_add_test(t, test_too_deep);
	tcase_add_test(t, test_long_chain);
	tcase_add_test(t, test_free_nothing);
	suite_add_tcase(s, t);
	return s;
}
