/* Lets each allocation fail once. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/schema.h"
#include "support/starve.h"

static const char schema_text[] =
    "{\"$id\":\"http://n.example/s\",\"type\":\"object\",\"properties\":{"
    "\"a\":{\"pattern\":\"^(a|ab)*c$\"},\"b\":{\"$ref\":\"#/$defs/b\"},"
    "\"c\":{\"$dynamicRef\":\"#d\"},\"u\":{\"uniqueItems\":true}},"
    "\"patternProperties\":{\"^x\":{\"enum\":[1,[2]]}},\"required\":[\"a\"],"
    "\"propertyNames\":{\"maxLength\":9},\"unevaluatedProperties\":false,"
    "\"anyOf\":[{\"required\":[\"b\"]},{\"required\":[\"a\"]}],"
    "\"$defs\":{\"b\":{\"pattern\":\"^[0-9]{2}$\",\"$anchor\":\"q\"},"
    "\"d\":{\"$dynamicAnchor\":\"d\",\"dependentRequired\":{\"a\":[\"b\"]}},"
    "\"m\":{\"$ref\":\"https://json-schema.org/draft/2020-12/meta/core\"}}}";
static const char good_text[] =
    "{\"a\":\"aabc\",\"b\":\"12\",\"x\":[2],\"c\":{},\"u\":[1,2,3,4,5,6,7,8,9,"
    "10,11,12,13,14,15,16,17,18]}";
static const char bad_text[] =
    "{\"a\":\"d\",\"b\":\"1\",\"x\":3,\"c\":{\"a\":1},\"z\":0,\"u\":[1,2,3,4,5,"
    "6,7,8,9,10,11,12,13,14,15,16,17,17]}";

/* What one attempt came to. */
struct outcome {
	int made, explained; /* codes */
	bool good, bad;      /* verdicts */
	struct sst_error err;
};

/* Everything once. No assertion in here: they allocate. */
static void
attempt(json_t *doc, const json_t *good, const json_t *bad, struct outcome *out)
{
	static const char uri[] = "http://n.example/s";
	struct sst_schema_set *set = NULL;
	struct sst_schema *schema = NULL;
	struct sst_report report;

	memset(out, 0, sizeof(*out));
	out->made = sst_schema_set_new(&set, &out->err);
	if (out->made == SST_OK)
		out->made = sst_schema_set_add(set, uri, doc, &out->err);
	if (out->made == SST_OK)
		out->made = sst_schema_compile(set, uri, &schema, &out->err);
	if (out->made == SST_OK) {
		out->good = sst_schema_valid(schema, good);
		out->bad = sst_schema_valid(schema, bad);
		out->explained =
		    sst_schema_explain(schema, bad, 20, &report, &out->err);
		sst_report_fini(&report);
	}
	sst_schema_free(&schema);
	sst_schema_set_free(&set);
}

/* Attempts with the n-th allocation failing; false when there was none. */
static bool
attempt_failing(long n, json_t *doc, const json_t *good, const json_t *bad)
{
	struct outcome got;
	bool failed;

	starve_after(n);
	attempt(doc, good, bad, &got);
	failed = starve_end();
	ck_assert_msg(got.made == SST_OK || got.made == SST_NOMEM,
	    "allocation %ld: %s", n, got.err.text);
	ck_assert(!got.bad);
	if (got.made == SST_OK)
		ck_assert_msg(
		    got.explained == SST_INVALID || got.explained == SST_NOMEM,
		    "allocation %ld: %d", n, got.explained);
	if (!failed)
		ck_assert(got.good && got.explained == SST_INVALID);
	return failed;
}

START_TEST(test_each_allocation)
{
	json_t *doc = json_loads(schema_text, 0, NULL);
	json_t *good = json_loads(good_text, 0, NULL);
	json_t *bad = json_loads(bad_text, 0, NULL);
	long n = 0;

	ck_assert_ptr_nonnull(doc);
	ck_assert_ptr_nonnull(good);
	ck_assert_ptr_nonnull(bad);
	while (attempt_failing(n, doc, good, bad))
		n++;
	ck_assert_int_gt(n, 50);
	printf("%ld allocations, each failed once\n", n);
	json_decref(doc);
	json_decref(good);
	json_decref(bad);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("schema out of memory");
	TCase *t = tcase_create("nomem");
	SRunner *runner = srunner_create(s);
	int failed;

	starve_init();
	json_object_seed(1);
	tcase_add_test(t, test_each_allocation);
	suite_add_tcase(s, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
