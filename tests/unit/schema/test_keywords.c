/* One test a group of keywords: what passes, what does not. */
#include <stdio.h>
#include <stdlib.h>

#include "support.h"

START_TEST(test_type)
{
	expect_all("{\"type\":\"integer\"}", "[1, 1.0, -0.0, 1e3]", true);
	expect_all("{\"type\":\"integer\"}", "[1.5, \"1\", null, true]", false);
	expect_all("{\"type\":\"number\"}", "[1, 1.5]", true);
	expect_all("{\"type\":[\"string\",\"null\"]}", "[\"\", null]", true);
	expect_all("{\"type\":[\"string\",\"null\"]}", "[0, false, {}]", false);
	expect_all("{\"type\":\"boolean\"}", "[true, false]", true);
	expect_all("true", "[1, null, {}]", true);
	expect_all("false", "[1, null, {}]", false);
	expect_all("{}", "[1, null, {}]", true);
}
END_TEST

START_TEST(test_values)
{
	expect_all("{\"enum\":[1, \"a\", null, [1], {\"x\":1, \"y\":2}]}",
	    "[1, 1.0, \"a\", null, [1.0], {\"y\":2, \"x\":1}]", true);
	expect_all("{\"enum\":[1, \"a\", null, [1], {\"x\":1}]}",
	    "[true, \"b\", \"\", \"ab\", [], [true], {\"x\":2}, {}]", false);
	expect_all("{\"enum\":[0]}", "[false, \"\", null]", false);
	expect_all("{\"enum\":[\"longer than eight\"]}",
	    "[\"longer than eighT\", \"longer thaN eight\"]", false);
	expect_all("{\"const\":\"a\\u0000b\"}", "[\"a\\u0000b\"]", true);
	expect_all(
	    "{\"const\":\"a\\u0000b\"}", "[\"a\\u0000c\", \"a\"]", false);
	expect_all("{\"enum\":[1,2],\"const\":2}", "[2]", true);
	expect_all("{\"enum\":[1,2],\"const\":2}", "[1]", false);
	expect_all("{\"enum\":[]}", "[1]", false);
}
END_TEST

START_TEST(test_numbers)
{
	expect_all("{\"minimum\":1.5,\"maximum\":3}", "[2, 1.5, 3.0]", true);
	expect_all("{\"minimum\":1.5,\"maximum\":3}", "[1, 4, 3.01]", false);
	expect_all(
	    "{\"exclusiveMinimum\":1,\"exclusiveMaximum\":2}", "[1.5]", true);
	expect_all("{\"exclusiveMinimum\":1,\"exclusiveMaximum\":2}",
	    "[1, 1.0, 2, 2.0]", false);
	/* 2^53 + 1 has no double of its own */
	expect_all(
	    "{\"maximum\":9007199254740992.0}", "[9007199254740993]", false);
	expect_all("{\"minimum\":9223372036854775807}", "[9223372036854775806]",
	    false);
	expect_all("{\"exclusiveMinimum\":9223372036854775807}",
	    "[9223372036854775807]", false);
	expect_all("{\"minimum\":1e300}", "[9223372036854775807]", false);
	expect_all("{\"maximum\":-1e300}", "[-9223372036854775808]", false);
	expect_all("{\"maximum\":1e300}", "[9223372036854775807]", true);
}
END_TEST

START_TEST(test_multiples)
{
	expect_all("{\"multipleOf\":3}", "[0, 9, -3, 3.0, 3e15]", true);
	expect_all("{\"multipleOf\":3}", "[1, 3.5, -4]", false);
	expect_all("{\"multipleOf\":0.01}", "[4.35, 19.99, 1, 0.0]", true);
	expect_all("{\"multipleOf\":0.01}", "[4.355, 0.001]", false);
	expect_all("{\"multipleOf\":0.0001}", "[0.0075]", true);
	expect_all("{\"multipleOf\":1e-8}", "[12391239123]", true);
	expect_all("{\"multipleOf\":0.123456789}", "[1e308]", false);
	expect_all("{\"multipleOf\":0.5}", "[1e308]", true);
}
END_TEST

START_TEST(test_strings)
{
	expect_all("{\"minLength\":2,\"maxLength\":3}",
	    "[\"ab\", \"abc\", \"\\u00e4\\u00f6\", \"\\ud83d\\ude00xy\", 1]",
	    true);
	expect_all("{\"minLength\":2,\"maxLength\":3}",
	    "[\"a\", \"abcd\", \"\\ud83d\\ude00\", \"\"]", false);
	expect_all("{\"maxLength\":2.0}", "[\"a\\u0000\"]", true);
	expect_all("{\"maxLength\":2}", "[\"a\\u0000b\"]", false);
	expect_all("{\"maxLength\":1e30}", "[\"abc\"]", true);
	expect_all("{\"minLength\":1e30}", "[\"abc\"]", false);
}
END_TEST

START_TEST(test_arrays)
{
	expect_all("{\"items\":{\"type\":\"integer\"},\"minItems\":1,"
		   "\"maxItems\":2}",
	    "[[1], [1,2], {}]", true);
	expect_all("{\"items\":{\"type\":\"integer\"},\"minItems\":1,"
		   "\"maxItems\":2}",
	    "[[], [1,2,3], [\"a\"]]", false);
	expect_all("{\"prefixItems\":[{\"type\":\"integer\"},true],"
		   "\"items\":false}",
	    "[[], [1], [1,\"x\"]]", true);
	expect_all("{\"prefixItems\":[{\"type\":\"integer\"},true],"
		   "\"items\":false}",
	    "[[\"x\"], [1,2,3]]", false);
	expect_all("{\"contains\":{\"const\":1},\"maxContains\":2}",
	    "[[1], [0,1,1]]", true);
	expect_all("{\"contains\":{\"const\":1},\"maxContains\":2}",
	    "[[], [0], [1,1,1]]", false);
	expect_all(
	    "{\"contains\":{\"const\":1},\"minContains\":0}", "[[]]", true);
	expect_all("{\"contains\":{\"const\":1},\"minContains\":2}",
	    "[[1], []]", false);
	expect_all("{\"minContains\":2}", "[[]]", true);
}
END_TEST

START_TEST(test_unique)
{
	expect_all("{\"uniqueItems\":true}",
	    "[[1,true], [0,false], [{\"a\":1},{\"a\":2}], [[1],[\"1\"]], [],"
	    " [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,true,\"1\"]]",
	    true);
	expect_all("{\"uniqueItems\":true}",
	    "[[1,1.0], [{\"a\":1,\"b\":2},{\"b\":2.0,\"a\":1}],"
	    " [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,1.0],"
	    " [[1],[2],[3],[4],[5],[6],[7],[8],[9],[10],[11],[12],[13],[14],"
	    "[15],[16],[17],{\"a\":[],\"b\":{}},{\"b\":{},\"a\":[]}]]",
	    false);
	expect_all("{\"uniqueItems\":false}", "[[1,1]]", true);
}
END_TEST

START_TEST(test_objects)
{
	const char *closed =
	    "{\"properties\":{\"name\":{\"type\":\"string\"},\"n\":true},"
	    "\"required\":[\"name\"],\"additionalProperties\":false}";

	expect_all(
	    closed, "[{\"name\":\"a\"}, {\"n\":1,\"name\":\"a\"}, 1]", true);
	expect_all(closed,
	    "[{}, {\"n\":1}, {\"name\":1}, {\"name\":\"a\",\"x\":1},"
	    " {\"Name\":\"a\"}]",
	    false);
	expect_all("{\"required\":[\"a\"],\"additionalProperties\":"
		   "{\"type\":\"integer\"}}",
	    "[{\"a\":1}]", true);
	expect_all("{\"required\":[\"a\"],\"additionalProperties\":"
		   "{\"type\":\"integer\"}}",
	    "[{\"a\":\"x\"}, {}]", false);
	expect_all("{\"minProperties\":1,\"maxProperties\":2}",
	    "[{}, {\"a\":1,\"b\":2,\"c\":3}]", false);
	expect_all(
	    "{\"propertyNames\":{\"maxLength\":2}}", "[{\"ab\":1}, {}]", true);
	expect_all(
	    "{\"propertyNames\":{\"maxLength\":2}}", "[{\"abc\":1}]", false);
	expect_all("{\"patternProperties\":{\"^x-\":{\"type\":\"integer\"}},"
		   "\"additionalProperties\":false}",
	    "[{\"x-a\":1}, {}]", true);
	expect_all("{\"patternProperties\":{\"^x-\":{\"type\":\"integer\"}},"
		   "\"additionalProperties\":false}",
	    "[{\"x-a\":\"1\"}, {\"y\":1}]", false);
}
END_TEST

/* All names known, all required: checked by size and by asking for each. */
START_TEST(test_objects_exact)
{
	const char *exact =
	    "{\"properties\":{\"a\":{\"type\":\"integer\"},\"b\":true},"
	    "\"required\":[\"a\",\"b\"],\"additionalProperties\":false}";

	expect_all(exact, "[{\"a\":1,\"b\":2}, {\"b\":null,\"a\":1}]", true);
	expect_all(exact,
	    "[{\"a\":1}, {\"a\":1,\"c\":2}, {\"a\":1,\"b\":2,\"c\":3},"
	    " {\"a\":\"1\",\"b\":2}, {}]",
	    false);
	/* a name that is required but not declared cannot be there */
	expect_all("{\"properties\":{\"a\":true},\"required\":[\"a\",\"b\"],"
		   "\"additionalProperties\":false}",
	    "[{\"a\":1,\"b\":2}, {\"a\":1}]", false);
	expect_all("{\"properties\":{\"a\":true},\"required\":[\"a\"],"
		   "\"additionalProperties\":false,"
		   "\"patternProperties\":{\"^x\":true}}",
	    "[{\"a\":1,\"x\":2}]", true);
	expect_all("{\"properties\":{\"a\":true},\"required\":[\"a\"],"
		   "\"additionalProperties\":false,"
		   "\"unevaluatedProperties\":false}",
	    "[{\"a\":1}]", true);
}
END_TEST

/* Names that share length, first or last bytes; tables large enough to hash. */
START_TEST(test_object_tables)
{
	const char *schema =
	    "{\"properties\":{\"a\":{\"const\":0},\"b\":{\"const\":1},"
	    "\"ab\":{\"const\":2},\"abc\":{\"const\":3},"
	    "\"abcdefgh\":{\"const\":4},\"abcdefghi\":{\"const\":5},"
	    "\"abcdefghj\":{\"const\":6},\"abcdefghijklmnopq\":{\"const\":7},"
	    "\"abcdefghijklmnopr\":{\"const\":8},\"\":{\"const\":9},"
	    "\"abd\":{\"const\":10},\"axc\":{\"const\":11}},"
	    "\"additionalProperties\":false}";

	expect_all(schema,
	    "[{\"abcdefghijklmnopr\":8,\"\":9,\"axc\":11,\"a\":0,\"b\":1,"
	    "\"abcdefghj\":6,\"abcdefghi\":5,\"abcdefgh\":4,\"abc\":3,"
	    "\"abd\":10,\"ab\":2,\"abcdefghijklmnopq\":7}]",
	    true);
	expect_all(schema,
	    "[{\"abcdefghijklmnops\":8}, {\"c\":0}, {\"abe\":0},"
	    " {\"abcdefghk\":1}, {\"axc\":10}]",
	    false);
}
END_TEST

START_TEST(test_many_required)
{
	json_t *schema = json_object(), *names = json_array(),
	       *value = json_object();
	char name[16], *text;
	int i;

	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "m%d", i);
		json_array_append_new(names, json_string(name));
		json_object_set_new(value, name, json_integer(i));
	}
	json_object_set_new(schema, "required", names);
	text = json_dumps(schema, 0);
	struct sst_schema *compiled = compile(text);
	ck_assert(sst_schema_valid(compiled, value));
	json_object_del(value, "m99");
	ck_assert(!sst_schema_valid(compiled, value));
	sst_schema_free(&compiled);
	free(text);
	json_decref(schema);
	json_decref(value);
}
END_TEST

START_TEST(test_dependent)
{
	expect_all("{\"dependentRequired\":{\"a\":[\"b\"]}}",
	    "[{}, {\"b\":1}, {\"a\":1,\"b\":1}]", true);
	expect_all(
	    "{\"dependentRequired\":{\"a\":[\"b\"]}}", "[{\"a\":1}]", false);
	expect_all("{\"dependentSchemas\":{\"a\":{\"required\":[\"b\"]}}}",
	    "[{\"a\":1}]", false);
	expect_all("{\"dependencies\":{\"a\":[\"b\"],\"c\":false}}",
	    "[{\"a\":1}, {\"c\":1}]", false);
}
END_TEST

START_TEST(test_logic)
{
	expect_all(
	    "{\"allOf\":[{\"minimum\":1},{\"maximum\":3}]}", "[1, 3]", true);
	expect_all(
	    "{\"allOf\":[{\"minimum\":1},{\"maximum\":3}]}", "[0, 4]", false);
	expect_all(
	    "{\"anyOf\":[{\"minimum\":5},{\"maximum\":3}]}", "[4]", false);
	expect_all(
	    "{\"oneOf\":[{\"minimum\":2},{\"maximum\":3}]}", "[1, 4]", true);
	expect_all(
	    "{\"oneOf\":[{\"minimum\":2},{\"maximum\":3}]}", "[2]", false);
	expect_all("{\"not\":{\"type\":\"string\"}}", "[\"a\"]", false);
	expect_all("{\"if\":{\"minimum\":5},\"then\":{\"multipleOf\":5},"
		   "\"else\":{\"multipleOf\":2}}",
	    "[10, 2]", true);
	expect_all("{\"if\":{\"minimum\":5},\"then\":{\"multipleOf\":5},"
		   "\"else\":{\"multipleOf\":2}}",
	    "[6, 3]", false);
	expect_all("{\"then\":false,\"else\":false}", "[1]", true);
}
END_TEST

START_TEST(test_unevaluated)
{
	const char *members =
	    "{\"properties\":{\"a\":true},\"anyOf\":[{\"properties\":"
	    "{\"b\":{\"const\":1}},\"required\":[\"b\"]},{\"required\":"
	    "[\"a\"]}],\"unevaluatedProperties\":false}";
	const char *items =
	    "{\"prefixItems\":[true],\"contains\":{\"const\":1},"
	    "\"minContains\":0,\"unevaluatedItems\":false}";

	expect_all(
	    members, "[{\"a\":1}, {\"b\":1}, {\"a\":1,\"b\":1}, 3]", true);
	expect_all(
	    members, "[{\"a\":1,\"b\":2}, {\"c\":1,\"a\":1}, {}]", false);
	expect_all(items, "[[], [7], [7,1,1]]", true);
	expect_all(items, "[[7,7], [7,1,2]]", false);
	/* a cousin's evaluations are not seen */
	expect_all("{\"allOf\":[{\"properties\":{\"a\":true}},"
		   "{\"unevaluatedProperties\":false}]}",
	    "[{\"a\":1}]", false);
}
END_TEST

/* More members than fit the bits inside struct marks. */
START_TEST(test_unevaluated_many)
{
	json_t *value = json_object();
	struct sst_schema *schema =
	    compile("{\"allOf\":[{\"patternProperties\":{\"^k[0-9]+$\":true}}],"
		    "\"unevaluatedProperties\":false}");
	char name[16];
	int i;

	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "k%d", i);
		json_object_set_new(value, name, json_null());
	}
	ck_assert(sst_schema_valid(schema, value));
	json_object_set_new(value, "kx", json_null());
	ck_assert(!sst_schema_valid(schema, value));
	json_decref(value);
	sst_schema_free(&schema);
}
END_TEST

Suite *
suite_keywords(void)
{
	Suite *s = suite_create("schema keywords");
	TCase *t = tcase_create("keywords");

	tcase_add_test(t, test_type);
	tcase_add_test(t, test_values);
	tcase_add_test(t, test_numbers);
	tcase_add_test(t, test_multiples);
	tcase_add_test(t, test_strings);
	tcase_add_test(t, test_arrays);
	tcase_add_test(t, test_unique);
	tcase_add_test(t, test_objects);
	tcase_add_test(t, test_objects_exact);
	tcase_add_test(t, test_object_tables);
	tcase_add_test(t, test_many_required);
	tcase_add_test(t, test_dependent);
	tcase_add_test(t, test_logic);
	tcase_add_test(t, test_unevaluated);
	tcase_add_test(t, test_unevaluated_many);
	suite_add_tcase(s, t);
	return s;
}
