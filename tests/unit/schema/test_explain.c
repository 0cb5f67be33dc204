/* What explanations say: pointers, keywords, sentences, counts. */
#include <stdio.h>
#include <string.h>

#include "support.h"

struct explained {
	const char *schema, *value;
	struct expected want;
};

static const struct explained cases[] = {
    {"{\"type\":\"string\"}", "5",
	{"", "/type", "type", "is an integer (5), but must be string"}},
    {"{\"type\":[\"integer\",\"null\"]}", "1.5",
	{"", "/type", "type",
	    "is a number (1.5), but must be integer or null"}},
    {"{\"items\":{\"$ref\":\"#/$defs/n\"},\"$defs\":{\"n\":{\"minimum\":3}}}",
	"[3,2]",
	{"/1", "/$defs/n/minimum", "minimum", "is 2, but must be at least 3"}},
    {"{\"properties\":{\"a/b~\":{\"enum\":[\"x\",1]}}}", "{\"a/b~\":\"y\"}",
	{"/a~1b~0", "/properties/a~1b~0/enum", "enum",
	    "is \"y\", but must be one of \"x\", 1"}},
    {"{\"const\":null}", "0",
	{"", "/const", "const", "is 0, but must be null"}},
    {"{\"required\":[\"id\"]}", "{}",
	{"", "/required", "required", "lacks the required member \"id\""}},
    {"{\"properties\":{\"a\":true},\"additionalProperties\":false}",
	"{\"b\":1}",
	{"/b", "/additionalProperties", "additionalProperties",
	    "is not a member known here; known are: \"a\""}},
    {"{\"maxLength\":2}", "\"abc\"",
	{"", "/maxLength", "maxLength",
	    "has 3 characters, but must have at most 2"}},
    {"{\"pattern\":\"^a+$\"}", "\"b\"",
	{"", "/pattern", "pattern",
	    "is \"b\", but must match the pattern ^a+$"}},
    {"{\"format\":\"ipv4\"}", "\"1.2.3\"",
	{"", "/format", "format",
	    "is \"1.2.3\", but must be an IPv4 address as 192.0.2.1"}},
    {"{\"uniqueItems\":true}", "[1,2,1.0]",
	{"", "/uniqueItems", "uniqueItems",
	    "has equal items at 0 and 2, but all must differ"}},
    {"{\"minItems\":2}", "[1]",
	{"", "/minItems", "minItems", "has 1 items, but must have at least 2"}},
    {"{\"contains\":{\"const\":1}}", "[2]",
	{"", "/contains", "contains",
	    "has 0 items of the kind wanted, but must have at least 1"}},
    {"{\"anyOf\":[{\"type\":\"null\"},{\"type\":\"string\",\"minLength\":1}]}",
	"\"\"",
	{"", "/anyOf/1/minLength", "minLength",
	    "has 0 characters, but must have at least 1"}},
    {"{\"anyOf\":[{\"minimum\":5},{\"maximum\":3}]}", "4",
	{"", "/anyOf", "anyOf",
	    "is an integer that fits none of the 2 alternatives"}},
    {"{\"oneOf\":[true,true,false]}", "4",
	{"", "/oneOf", "oneOf",
	    "fits 2 of the 3 alternatives, but must fit exactly one"}},
    {"{\"not\":{\"type\":\"null\"}}", "null",
	{"", "/not", "not", "is null of the kind that is not allowed here"}},
    {"{\"properties\":{\"x\":false}}", "{\"x\":1}",
	{"/x", "/properties/x", "",
	    "is an integer, but nothing is allowed here"}},
    {"{\"propertyNames\":{\"maxLength\":1}}", "{\"ab\":1}",
	{"", "/propertyNames", "propertyNames",
	    "has the member \"ab\", whose name is not allowed"}},
    {"{\"dependentRequired\":{\"a\":[\"b\"]}}", "{\"a\":1}",
	{"", "/dependentRequired", "dependentRequired",
	    "has the member \"a\" and so must have \"b\""}},
    {"{\"unevaluatedProperties\":false,\"allOf\":[{\"properties\":{\"a\":"
     "true}}]}",
	"{\"a\":1,\"b\":2}",
	{"/b", "/unevaluatedProperties", "unevaluatedProperties",
	    "is not known to any part of the schema that applies"}},
    {"{\"$ref\":\"https://json-schema.org/draft/2020-12/meta/"
     "validation#/$defs/simpleTypes\"}",
	"\"x\"",
	{"",
	    "https://json-schema.org/draft/2020-12/meta/validation#"
	    "/$defs/simpleTypes/enum",
	    "enum",
	    "is \"x\", but must be one of \"array\", \"boolean\", \"integer\", "
	    "\"null\", \"number\", \"object\", \"string\""}},
};

START_TEST(test_case)
{
	expect_failure(cases[_i].schema, cases[_i].value, &cases[_i].want);
}
END_TEST

START_TEST(test_counts)
{
	struct sst_schema *schema =
	    compile("{\"items\":{\"type\":\"integer\"}}");
	json_t *value = parse("[\"a\",1,null,true]");
	struct sst_report report;
	struct sst_error err;

	ck_assert_int_eq(
	    sst_schema_explain(schema, value, 2, &report, &err), SST_TYPE);
	ck_assert_uint_eq(report.count, 2);
	ck_assert_uint_eq(report.omitted, 1);
	ck_assert_str_eq(report.failures[1].instance, "/2");
	ck_assert_str_eq(
	    err.text, "/0: is a string (\"a\"), but must be integer");
	sst_report_fini(&report);
	sst_report_fini(&report);
	ck_assert_int_eq(
	    sst_schema_explain(schema, value, 0, &report, NULL), SST_TYPE);
	ck_assert_uint_eq(report.count, 0);
	ck_assert_uint_eq(report.omitted, 3);
	sst_report_fini(&report);
	json_decref(value);
	sst_schema_free(&schema);
}
END_TEST

START_TEST(test_several)
{
	struct sst_schema *schema = compile(
	    "{\"properties\":{\"a\":{\"type\":\"string\",\"minLength\":2,"
	    "\"pattern\":\"^x\"}},\"required\":[\"b\",\"c\"]}");
	json_t *value = parse("{\"a\":\"y\"}");
	struct sst_report report;
	struct sst_error err;

	ck_assert_int_eq(
	    sst_schema_explain(schema, value, 9, &report, &err), SST_INVALID);
	ck_assert_uint_eq(report.count, 4);
	ck_assert_str_eq(
	    err.text, "the whole document: lacks the required member \"b\"");
	ck_assert_str_eq(report.failures[2].keyword, "minLength");
	ck_assert_str_eq(report.failures[3].schema, "/properties/a/pattern");
	sst_report_fini(&report);
	json_decref(value);
	sst_schema_free(&schema);
}
END_TEST

/* A text of four-byte characters after `shift` bytes, so that cuts fall on each
 * place inside a character. */
static void
fill_wide(char *text, size_t size, size_t shift)
{
	size_t i;

	memset(text, 'x', shift);
	for (i = shift; i + 4 < size; i += 4)
		memcpy(text + i, "\xf0\x9f\x98\x80", 4);
	text[i] = '\0';
}

static void
check_utf8(const char *text)
{
	json_t *json = json_string(text);

	ck_assert_msg(json != NULL, "not UTF-8: %s", text);
	json_decref(json);
}

START_TEST(test_cut_texts)
{
	struct sst_schema *schema;
	struct sst_report report;
	struct sst_error err;
	char name[1600], text[4096];
	json_t *value, *object;
	size_t i;

	fill_wide(name, sizeof(name), (size_t)_i);
	snprintf(text, sizeof(text),
	    "{\"type\":\"object\",\"pattern\":\"^%s\",\"required\":"
	    "[\"%s\"],\"additionalProperties\":false}",
	    name, name);
	schema = compile(text);
	object = json_object();
	json_object_set_new(object, name + _i + 4, json_null());
	value = json_string(name);
	ck_assert_int_ne(
	    sst_schema_explain(schema, object, 9, &report, &err), 0);
	ck_assert_uint_eq(report.count, 2);
	for (i = 0; i < report.count; i++)
		check_utf8(report.failures[i].message);
	check_utf8(err.text);
	sst_report_fini(&report);
	ck_assert_int_ne(
	    sst_schema_explain(schema, value, 9, &report, &err), 0);
	check_utf8(err.text);
	sst_report_fini(&report);
	json_decref(value);
	json_decref(object);
	sst_schema_free(&schema);
}
END_TEST

Suite *
suite_explain(void)
{
	Suite *s = suite_create("schema explanations");
	TCase *t = tcase_create("explanations");

	tcase_add_loop_test(
	    t, test_case, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(t, test_counts);
	tcase_add_test(t, test_several);
	tcase_add_loop_test(t, test_cut_texts, 0, 4);
	suite_add_tcase(s, t);
	return s;
}
