/* What the tests of the validator share. */
#ifndef TESTS_UNIT_SCHEMA_SUPPORT_H
#define TESTS_UNIT_SCHEMA_SUPPORT_H

#include <check.h>

#include "schema/schema.h"

#define TEST_URI "http://test.example/schema"

/* What a struct sst_failure should hold. */
struct expected {
	const char *instance, *schema, *keyword, *message;
};

/* Any JSON text; aborts the test when it does not parse. */
json_t *parse(const char *text);
/* Compiles or aborts the test. */
struct sst_schema *compile(const char *text);
/* Compiles with format asserted. */
struct sst_schema *compile_formats(const char *text);
/* Returns the code of the failure; text of it in err. */
int compile_error(const char *text, struct sst_error *err);
/* Asserts that both programs say `valid` about each value of a JSON array. */
void expect_all(const char *schema, const char *values, bool valid);
/* Asserts code and that the text holds `part`. */
void expect_bad_schema(const char *schema, int code, const char *part);
/* Asserts that the only failure of value has these members. */
void expect_failure(
    const char *schema, const char *value, const struct expected *want);

Suite *suite_keywords(void);
Suite *suite_refs(void);
Suite *suite_errors(void);
Suite *suite_explain(void);
Suite *suite_limits(void);
Suite *suite_regex(void);
Suite *suite_formats(void);

#endif
