#include "support.h"

#include <string.h>

json_t *
parse(const char *text)
{
	json_error_t error;
	json_t *json =
	    json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);

	ck_assert_msg(json != NULL, "%s: %s", error.text, text);
	return json;
}

static int
compile_text(const char *text, bool formats, struct sst_schema **out,
    struct sst_error *err)
{
	struct sst_schema_set *set = NULL;
	json_t *doc = parse(text);
	int rc;

	sst_error_clear(err);
	ck_assert_int_eq(sst_schema_set_new(&set, err), SST_OK);
	sst_schema_set_formats(set, formats);
	rc = sst_schema_set_add(set, TEST_URI, doc, err);
	if (rc == SST_OK)
		rc = sst_schema_compile(set, TEST_URI, out, err);
	sst_schema_set_free(&set);
	json_decref(doc);
	return rc;
}

struct sst_schema *
compile(const char *text)
{
	struct sst_schema *schema = NULL;
	struct sst_error err;

	ck_assert_msg(compile_text(text, false, &schema, &err) == SST_OK,
	    "%s: %s", text, err.text);
	return schema;
}

struct sst_schema *
compile_formats(const char *text)
{
	struct sst_schema *schema = NULL;
	struct sst_error err;

	ck_assert_msg(compile_text(text, true, &schema, &err) == SST_OK,
	    "%s: %s", text, err.text);
	return schema;
}

int
compile_error(const char *text, struct sst_error *err)
{
	struct sst_schema *schema = NULL;
	int rc = compile_text(text, false, &schema, err);

	sst_schema_free(&schema);
	return rc;
}

void
expect_all(const char *text, const char *values, bool valid)
{
	struct sst_schema *schema = compile_formats(text);
	json_t *list = parse(values), *value;
	struct sst_report report;
	struct sst_error err;
	size_t i;
	int rc;

	ck_assert(json_array_size(list) > 0);
	json_array_foreach(list, i, value)
	{
		ck_assert_msg(sst_schema_valid(schema, value) == valid,
		    "%s: item %zu of %s is %svalid", text, i, values,
		    valid ? "not " : "");
		sst_error_clear(&err);
		rc = sst_schema_explain(schema, value, 9, &report, &err);
		ck_assert_msg((rc == SST_OK) == valid, "%s: %s: %zu: %s", text,
		    values, i, err.text);
		ck_assert_int_eq(report.count > 0, !valid);
		sst_report_fini(&report);
	}
	json_decref(list);
	sst_schema_free(&schema);
}

void
expect_bad_schema(const char *schema, int code, const char *part)
{
	struct sst_error err;
	int rc = compile_error(schema, &err);

	ck_assert_msg(
	    rc == code, "%s: %s (%s)", schema, sst_code_name(rc), err.text);
	ck_assert_int_eq(err.code, code);
	ck_assert_msg(strstr(err.text, part) != NULL, "\"%s\" not in \"%s\"",
	    part, err.text);
}

void
expect_failure(const char *text, const char *value, const struct expected *want)
{
	struct sst_schema *schema = compile_formats(text);
	json_t *json = parse(value);
	struct sst_report report;
	struct sst_error err;

	ck_assert_int_ne(
	    sst_schema_explain(schema, json, 9, &report, &err), SST_OK);
	ck_assert_msg(report.count == 1, "%zu failures of %s, first: %s",
	    report.count, value, err.text);
	ck_assert_str_eq(report.failures[0].instance, want->instance);
	ck_assert_str_eq(report.failures[0].schema, want->schema);
	ck_assert_str_eq(report.failures[0].keyword, want->keyword);
	ck_assert_str_eq(report.failures[0].message, want->message);
	sst_report_fini(&report);
	json_decref(json);
	sst_schema_free(&schema);
}
