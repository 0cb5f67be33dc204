/* What is bounded: depth, branches, hostile patterns. And threads. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

/* depth arrays inside each other. */
static json_t *
nested(int depth)
{
	json_t *value = json_array(), *outer;

	for (; depth > 1; depth--) {
		outer = json_array();
		json_array_append_new(outer, value);
		value = outer;
	}
	return value;
}

static void
expect_gave_up(const struct sst_schema *schema, const json_t *value,
    const char *keyword, const char *part)
{
	struct sst_report report;
	struct sst_error err;

	ck_assert(!sst_schema_valid(schema, value));
	ck_assert_int_eq(
	    sst_schema_explain(schema, value, 5, &report, &err), SST_INVALID);
	ck_assert_uint_eq(report.count, 1);
	ck_assert_str_eq(report.failures[0].keyword, keyword);
	ck_assert_msg(strstr(report.failures[0].message, part) != NULL, "%s",
	    report.failures[0].message);
	sst_report_fini(&report);
}

START_TEST(test_value_depth)
{
	struct sst_schema *schema =
	    compile("{\"type\":\"array\",\"items\":{\"$ref\":\"#\"}}");
	json_t *value = nested(SST_SCHEMA_EVAL_DEPTH);

	ck_assert(sst_schema_valid(schema, value));
	json_decref(value);
	value = nested(SST_SCHEMA_EVAL_DEPTH + 10);
	expect_gave_up(schema, value, "", "nested deeper than");
	json_decref(value);
	sst_schema_free(&schema);
}
END_TEST

/* The bounds hold for what a negation says, too. */
START_TEST(test_not_is_no_way_out)
{
	struct sst_schema *schema =
	    compile("{\"not\":{\"$ref\":\"#/$defs/a\"},\"$defs\":{\"a\":"
		    "{\"items\":{\"$ref\":\"#/$defs/a\"}}}}");
	json_t *value = nested(SST_SCHEMA_EVAL_DEPTH + 10);

	expect_gave_up(schema, value, "", "nested deeper than");
	json_decref(value);
	sst_schema_free(&schema);
	schema = compile("{\"not\":{\"pattern\":\"^(a+)+$\\\\b\"}}");
	value = json_string("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!");
	expect_gave_up(schema, value, "pattern", "too many steps");
	json_decref(value);
	sst_schema_free(&schema);
}
END_TEST

static const char *const explosive[] = {
    "{\"items\":{\"anyOf\":[{\"$ref\":\"#\"},{\"$ref\":\"#\"}]},"
    "\"maxItems\":1}",
    "{\"items\":{\"allOf\":[{\"$ref\":\"#\"},{\"$ref\":\"#\"}]}}",
    "{\"items\":{\"$ref\":\"#\"},\"contains\":{\"$ref\":\"#\"}}",
    "{\"unevaluatedItems\":{\"$ref\":\"#\"},\"contains\":{\"$ref\":\"#\"},"
    "\"minContains\":0,\"not\":{\"contains\":false}}",
};

START_TEST(test_branches)
{
	struct sst_schema *schema = compile(explosive[_i]);
	json_t *value = nested(200), *leaf = value;

	/* two items at the bottom: the anyOf never finds a branch that holds */
	while (json_array_size(leaf) > 0)
		leaf = json_array_get(leaf, 0);
	json_array_append_new(leaf, json_null());
	json_array_append_new(leaf, json_null());
	/* the answer matters less than that there is one */
	(void)sst_schema_valid(schema, value);
	json_decref(value);
	sst_schema_free(&schema);
}
END_TEST

static const char *const hostile[] = {
    "^(a+)+$\\\\b",
    "(x+x+)+y",
    "^(a|aa)+$",
    "^(.*a){20}$",
    "(a*)*b",
};

START_TEST(test_hostile)
{
	char text[128];
	struct sst_schema *schema;
	json_t *value;

	snprintf(text, sizeof(text), "{\"pattern\":\"%s\"}", hostile[_i]);
	schema = compile(text);
	value = json_string(
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx!");
	ck_assert(!sst_schema_valid(schema, value));
	json_decref(value);
	sst_schema_free(&schema);
}
END_TEST

START_TEST(test_hostile_names)
{
	struct sst_schema *schema =
	    compile("{\"patternProperties\":{\"^(a+)+$\\\\b\":false}}");
	json_t *value = parse("{\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\""
			      ":1}");

	expect_gave_up(schema, value, "pattern", "too many steps");
	json_decref(value);
	sst_schema_free(&schema);
}
END_TEST

/* A text so long that the JIT code needs more stack than it starts with. */
START_TEST(test_long_text)
{
	static char text[20001];
	struct sst_schema *schema = compile("{\"pattern\":\"^(a|b|ab)*c$\"}");
	json_t *value;

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 2] = 'c';
	value = json_string(text);
	ck_assert(sst_schema_valid(schema, value));
	json_decref(value);
	sst_schema_free(&schema);
}
END_TEST

START_TEST(test_pattern_size)
{
	char *text = malloc(SST_SCHEMA_PATTERN_BYTES + 64);

	memset(text, 'a', SST_SCHEMA_PATTERN_BYTES + 64);
	memcpy(text, "{\"pattern\":\"", 12);
	memcpy(text + SST_SCHEMA_PATTERN_BYTES + 60, "\"}", 3);
	expect_bad_schema(text, SST_LIMIT, "/pattern: ");
	free(text);
	expect_bad_schema("{\"pattern\":\"((a{1000}){1000}){1000}b?\"}",
	    SST_INVALID, "/pattern: ");
}
END_TEST

enum { THREADS = 4 };

struct job {
	pthread_t thread;
	const struct sst_schema *schema;
	json_t *good, *bad;
	int wrong;
};

static void *
run_job(void *ctx)
{
	struct job *job = ctx;
	struct sst_report report;
	struct sst_error err;
	int i;

	for (i = 0; i < 200; i++) {
		job->wrong += !sst_schema_valid(job->schema, job->good);
		job->wrong += sst_schema_valid(job->schema, job->bad);
		job->wrong += sst_schema_explain(
				  job->schema, job->bad, 3, &report, &err) == 0;
		sst_report_fini(&report);
	}
	return NULL;
}

START_TEST(test_threads)
{
	struct sst_schema *schema = compile_formats(
	    "{\"items\":{\"properties\":{\"p\":{\"pattern\":\"^(a|ab)*c$\"},"
	    "\"f\":{\"format\":\"regex\"},\"e\":{\"enum\":[1,\"x\",[2]]}},"
	    "\"unevaluatedProperties\":false},\"uniqueItems\":true}");
	struct job jobs[THREADS];
	int i, wrong = 0;

	for (i = 0; i < THREADS; i++) {
		jobs[i].schema = schema;
		jobs[i].wrong = 0;
		jobs[i].good = parse("[{\"p\":\"aababc\",\"e\":[2]},"
				     "{\"f\":\"^a\"},{}]");
		jobs[i].bad =
		    parse("[{\"p\":\"aababd\"},{\"e\":[3]},{\"z\":1}]");
		ck_assert_int_eq(
		    pthread_create(&jobs[i].thread, NULL, run_job, &jobs[i]),
		    0);
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(jobs[i].thread, NULL);
		json_decref(jobs[i].good);
		json_decref(jobs[i].bad);
		wrong += jobs[i].wrong;
	}
	ck_assert_int_eq(wrong, 0);
	sst_schema_free(&schema);
}
END_TEST

Suite *
suite_limits(void)
{
	Suite *s = suite_create("schema limits");
	TCase *t = tcase_create("limits");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, test_value_depth);
	tcase_add_test(t, test_not_is_no_way_out);
	tcase_add_loop_test(t, test_branches, 0,
	    (int)(sizeof(explosive) / sizeof(explosive[0])));
	tcase_add_loop_test(
	    t, test_hostile, 0, (int)(sizeof(hostile) / sizeof(hostile[0])));
	tcase_add_test(t, test_hostile_names);
	tcase_add_test(t, test_long_text);
	tcase_add_test(t, test_pattern_size);
	tcase_add_test(t, test_threads);
	suite_add_tcase(s, t);
	return s;
}
