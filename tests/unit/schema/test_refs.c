/* References: resolution among documents, anchors, dynamic scope, dialects. */
#include <string.h>

#include "support.h"

/* Compiles uri out of documents given as pairs of URI and text, NULL-ended. */
static int
compile_set(const char *const docs[], const char *uri, struct sst_schema **out,
    struct sst_error *err)
{
	struct sst_schema_set *set = NULL;
	json_t *doc;
	size_t i;
	int rc = SST_OK;

	sst_error_clear(err);
	ck_assert_int_eq(sst_schema_set_new(&set, err), SST_OK);
	for (i = 0; rc == SST_OK && docs[i] != NULL; i += 2) {
		doc = parse(docs[i + 1]);
		rc = sst_schema_set_add(set, docs[i], doc, err);
		json_decref(doc);
	}
	if (rc == SST_OK)
		rc = sst_schema_compile(set, uri, out, err);
	/* a compiled schema does not need its set */
	sst_schema_set_free(&set);
	return rc;
}

static bool
valid_text(const struct sst_schema *schema, const char *text)
{
	json_t *value = parse(text);
	bool ok = sst_schema_valid(schema, value);

	json_decref(value);
	return ok;
}

START_TEST(test_documents)
{
	static const char *const docs[] = {"http://a.example/x/main.json",
	    "{\"properties\":{\"p\":{\"$ref\":\"../types.json#/$defs/id\"},"
	    "\"q\":{\"$ref\":\"http://b.example/other#name\"}}}",
	    "http://a.example/types.json",
	    "{\"$defs\":{\"id\":{\"type\":\"integer\"}}}",
	    "file:///tmp/other.json",
	    "{\"$id\":\"http://b.example/other\",\"$defs\":{\"n\":{\"$anchor\":"
	    "\"name\",\"type\":\"string\"}}}",
	    NULL};
	struct sst_schema *schema = NULL;
	struct sst_error err;

	ck_assert_msg(
	    compile_set(docs, docs[0], &schema, &err) == 0, "%s", err.text);
	ck_assert(valid_text(schema, "{\"p\":1,\"q\":\"x\"}"));
	ck_assert(!valid_text(schema, "{\"p\":\"x\"}"));
	ck_assert(!valid_text(schema, "{\"q\":1}"));
	sst_schema_free(&schema);
	ck_assert_int_eq(
	    compile_set(
		docs, "http://a.example/types.json#/$defs/id", &schema, &err),
	    0);
	ck_assert(!valid_text(schema, "\"x\""));
	sst_schema_free(&schema);
	ck_assert_int_eq(
	    compile_set(docs, "file:///tmp/other.json#name", &schema, &err), 0);
	ck_assert(valid_text(schema, "\"x\""));
	sst_schema_free(&schema);
}
END_TEST

START_TEST(test_missing)
{
	static const char *const docs[] = {"http://a.example/main.json",
	    "{\"items\":{\"$ref\":\"gone.json\"}}", NULL};
	struct sst_schema *schema = NULL;
	struct sst_error err;

	ck_assert_int_eq(
	    compile_set(docs, docs[0], &schema, &err), SST_NOT_FOUND);
	ck_assert_ptr_null(schema);
	ck_assert_str_eq(err.text,
	    "/items/$ref: \"gone.json\": <http://a.example/gone.json> is not "
	    "among the documents given, and schemas are never fetched");
	ck_assert_int_eq(
	    compile_set(docs, "http://a.example/main.json#/not", &schema, &err),
	    SST_NOT_FOUND);
	ck_assert_int_eq(compile_set(docs, "http://a.example/", &schema, &err),
	    SST_NOT_FOUND);
	ck_assert_int_eq(
	    compile_set(docs, "http://a.example/main.json#x", &schema, &err),
	    SST_NOT_FOUND);
	ck_assert_int_eq(
	    compile_set(docs, "http://a.example/main.json#%zz", &schema, &err),
	    SST_INVALID);
}
END_TEST

START_TEST(test_taken)
{
	static const char *const twice[] = {
	    "http://a.example/1", "true", "http://a.example/1", "true", NULL};
	static const char *const ids[] = {"http://a.example/1",
	    "{\"$defs\":{\"a\":{\"$id\":\"x\"},\"b\":{\"$id\":\"x\"}}}", NULL};
	static const char *const anchors[] = {"http://a.example/1",
	    "{\"$defs\":{\"a\":{\"$anchor\":\"x\"},\"b\":{\"$anchor\":"
	    "\"x\"}}}",
	    NULL};
	static const char *const relative[] = {"schema.json", "true", NULL};
	struct sst_schema *schema = NULL;
	struct sst_error err;

	ck_assert_int_eq(
	    compile_set(twice, twice[0], &schema, &err), SST_EXISTS);
	ck_assert_int_eq(compile_set(ids, ids[0], &schema, &err), SST_EXISTS);
	ck_assert_ptr_nonnull(strstr(err.text, "/$defs/b/$id"));
	ck_assert_int_eq(
	    compile_set(anchors, anchors[0], &schema, &err), SST_EXISTS);
	ck_assert_ptr_nonnull(strstr(err.text, "/$defs/a"));
	ck_assert_int_eq(
	    compile_set(relative, relative[0], &schema, &err), SST_INVALID);
}
END_TEST

/* A document that could not be added leaves nothing behind. */
START_TEST(test_add_is_atomic)
{
	struct sst_schema_set *set = NULL;
	struct sst_schema *schema = NULL;
	struct sst_error err;
	json_t *bad = parse("{\"$defs\":{\"a\":{\"$id\":\"x\"},"
			    "\"b\":{\"$id\":5}}}");
	json_t *good = parse("{\"$id\":\"x\",\"type\":\"null\"}");

	ck_assert_int_eq(sst_schema_set_new(&set, &err), 0);
	ck_assert_int_eq(
	    sst_schema_set_add(set, "http://a.example/b", bad, &err),
	    SST_INVALID);
	ck_assert_int_eq(
	    sst_schema_set_add(set, "http://a.example/g", good, &err), 0);
	ck_assert_int_eq(
	    sst_schema_compile(set, "http://a.example/x", &schema, &err), 0);
	ck_assert(!valid_text(schema, "1"));
	sst_schema_free(&schema);
	sst_schema_set_free(&set);
	json_decref(bad);
	json_decref(good);
}
END_TEST

START_TEST(test_recursion)
{
	const char *tree =
	    "{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"integer\"},"
	    "\"next\":{\"$ref\":\"#\"}},\"additionalProperties\":false}";

	expect_all(tree, "[{\"n\":1,\"next\":{\"next\":{\"n\":2}}}]", true);
	expect_all(tree, "[{\"next\":{\"next\":{\"n\":\"x\"}}}]", false);
	expect_all("{\"$defs\":{\"a~b/c%d\":{\"type\":\"null\"}},"
		   "\"$ref\":\"#/$defs/a~0b~1c%25d\"}",
	    "[1]", false);
	expect_all(
	    "{\"$ref\":\"https://json-schema.org/draft/2020-12/schema\"}",
	    "[{\"minimum\":1}, true]", true);
	expect_all(
	    "{\"$ref\":\"https://json-schema.org/draft/2020-12/schema\"}",
	    "[{\"minimum\":\"1\"}, 1, {\"items\":{\"items\":{\"type\":3}}}]",
	    false);
}
END_TEST

START_TEST(test_dynamic)
{
	const char *schema =
	    "{\"$id\":\"http://d.example/root\",\"$ref\":\"list\",\"$defs\":{"
	    "\"foo\":{\"$dynamicAnchor\":\"items\",\"type\":\"string\"},"
	    "\"list\":{\"$id\":\"list\",\"items\":{\"$dynamicRef\":\"#items\"},"
	    "\"$defs\":{\"items\":{\"$dynamicAnchor\":\"items\"}}}}}";

	expect_all(schema, "[[\"a\"], []]", true);
	expect_all(schema, "[[1]]", false);
}
END_TEST

START_TEST(test_vocabulary)
{
	static const char *const docs[] = {"http://v.example/meta",
	    "{\"$vocabulary\":{\"https://json-schema.org/draft/2020-12/vocab/"
	    "core\":true,\"https://json-schema.org/draft/2020-12/vocab/"
	    "applicator\":true,\"http://v.example/extra\":false}}",
	    "http://v.example/strict",
	    "{\"$vocabulary\":{\"http://v.example/extra\":true}}",
	    "http://v.example/a",
	    "{\"$schema\":\"meta\",\"minimum\":5,\"properties\":{\"x\":false}}",
	    "http://v.example/b",
	    "{\"$schema\":\"http://v.example/meta\",\"minimum\":5,"
	    "\"properties\":{\"x\":false}}",
	    "http://v.example/c", "{\"$schema\":\"http://v.example/strict\"}",
	    "http://v.example/d",
	    "{\"$schema\":\"http://json-schema.org/draft-07/schema#\"}",
	    "http://v.example/e", "{\"$schema\":7}", NULL};
	struct sst_schema *schema = NULL;
	struct sst_error err;

	ck_assert_int_eq(compile_set(docs, "http://v.example/a", &schema, &err),
	    SST_NOT_FOUND);
	ck_assert_int_eq(
	    compile_set(docs, "http://v.example/b", &schema, &err), 0);
	ck_assert(valid_text(schema, "1"));
	ck_assert(!valid_text(schema, "{\"x\":1}"));
	sst_schema_free(&schema);
	ck_assert_int_eq(compile_set(docs, "http://v.example/c", &schema, &err),
	    SST_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(err.text, "http://v.example/extra"));
	ck_assert_int_eq(compile_set(docs, "http://v.example/d", &schema, &err),
	    SST_UNSUPPORTED);
	ck_assert_int_eq(compile_set(docs, "http://v.example/e", &schema, &err),
	    SST_INVALID);
}
END_TEST

START_TEST(test_cycles)
{
	expect_bad_schema("{\"$ref\":\"#\"}", SST_INVALID, "never end");
	expect_bad_schema("{\"$defs\":{\"a\":{\"$ref\":\"#/$defs/b\"},\"b\":"
			  "{\"allOf\":[{\"$ref\":\"#/$defs/a\"}]}}}",
	    SST_INVALID, "/$defs/");
	expect_bad_schema("{\"not\":{\"anyOf\":[true,{\"$ref\":\"#\"}]}}",
	    SST_INVALID, "never end");
	/* through a part of the value there is an end */
	expect_all("{\"items\":{\"$ref\":\"#\"}}", "[[[[]]]]", true);
}
END_TEST

Suite *
suite_refs(void)
{
	Suite *s = suite_create("schema references");
	TCase *t = tcase_create("references");

	tcase_add_test(t, test_documents);
	tcase_add_test(t, test_missing);
	tcase_add_test(t, test_taken);
	tcase_add_test(t, test_add_is_atomic);
	tcase_add_test(t, test_recursion);
	tcase_add_test(t, test_dynamic);
	tcase_add_test(t, test_vocabulary);
	tcase_add_test(t, test_cycles);
	suite_add_tcase(s, t);
	return s;
}
