/* Formats, asserted; and that they are only annotations otherwise. */
#include <stdio.h>

#include "support.h"

struct format_sample {
	const char *name, *good, *bad;
};

static const struct format_sample samples[] = {
    {"date", "[\"2024-02-29\", \"2000-02-29\"]",
	"[\"2023-02-29\", \"1900-02-29\", \"2024-13-01\", \"2024-1-1\", \"\"]"},
    {"time", "[\"23:59:60Z\", \"01:29:60+01:30\", \"00:00:00.5z\"]",
	"[\"23:58:60Z\", \"24:00:00Z\", \"00:00:00\", \"00:00:00.Z\","
	" \"1:00:00Z\", \"00:00:00+24:00\"]"},
    {"date-time", "[\"2026-11-21T04:05:06Z\", \"2026-11-21t04:05:06.1-08:00\"]",
	"[\"2026-11-21 04:05:06Z\", \"2026-11-21T04:05:06\", \"x\"]"},
    {"duration", "[\"P1Y2M3DT4H5M6S\", \"P4W\", \"PT1S\", \"P1D\"]",
	"[\"P\", \"PT\", \"P1\", \"1D\", \"P1DT\", \"P1W1D\", \"P1S\","
	" \"P1Y1D\", \"PT1H1S\", \"P2D1Y\"]"},
    {"ipv4", "[\"127.0.0.1\", \"0.0.0.0\"]",
	"[\"256.1.1.1\", \"1.2.3\", \"01.2.3.4\", \"1.2.3.4.5\", \"1..2.3\"]"},
    {"ipv6", "[\"::1\", \"::\", \"1:2:3:4:5:6:7:8\", \"::ffff:1.2.3.4\"]",
	"[\":\", \"1::2::3\", \"12345::\", \"1:2:3:4:5:6:7\", \":1::\","
	" \"1:2:3:4:5:6:7:8:\", \"::1%eth0\", \"1:2:3:4:5:6:7::8::\"]"},
    {"uuid", "[\"123E4567-e89b-12d3-a456-426614174000\"]",
	"[\"123e4567e89b12d3a456426614174000\","
	" \"123e4567-e89b-12d3-a456-42661417400g\"]"},
    {"uri",
	"[\"http://a.example/x?y#z\", \"urn:x:y\", \"a:\","
	" \"http://[::1]:80/\"]",
	"[\"/x\", \"http://a b\", \"http://[::1\", \"a:%zz\", \"//x\","
	" \"http://a.example/\\u00e4\"]"},
    {"uri-reference", "[\"/x\", \"\", \"#f\", \"a/b:c\"]",
	"[\"\\\\\\\\x\", \"#a#b\", \":x\"]"},
    {"iri", "[\"http://a.example/\\u00e4\"]", "[\"\\u00e4\"]"},
    {"json-pointer", "[\"\", \"/a~0~1\"]", "[\"a\", \"/~\", \"/~2\"]"},
    {"relative-json-pointer", "[\"0\", \"1/a\", \"2#\"]",
	"[\"/a\", \"01\", \"-1\", \"0##\", \"\"]"},
    {"email", "[\"a.b@c.example\", \"\\\"a b\\\"@c.example\", \"a@[1.2.3.4]\"]",
	"[\"a\", \"@c\", \"a@\", \".a@b.c\", \"a..b@c.d\", \"a b@c.d\"]"},
    {"hostname", "[\"a.example\", \"a-b\", \"1\"]",
	"[\"-a\", \"a-\", \"a..b\", \"\", \"a_b\", \".\"]"},
    {"regex", "[\"^a$\", \"\\\\d\"]", "[\"(\", \"\\\\A\"]"},
    {"uri-template", "[\"/{a}/{?b*,c:3}\", \"\"]",
	"[\"{\", \"{a\", \"}\", \"{}\", \"{a:0}\", \"{=a}\"]"},
    {"not-a-format", "[\"anything\"]", NULL},
};

START_TEST(test_format)
{
	const struct format_sample *f = &samples[_i];
	char schema[64];

	snprintf(schema, sizeof(schema), "{\"format\":\"%s\"}", f->name);
	expect_all(schema, f->good, true);
	expect_all(schema, "[1, null, {}]", true);
	if (f->bad != NULL)
		expect_all(schema, f->bad, false);
}
END_TEST

START_TEST(test_annotation)
{
	struct sst_schema *schema = compile("{\"format\":\"ipv4\"}");
	json_t *value = json_string("no address");

	ck_assert(sst_schema_valid(schema, value));
	json_decref(value);
	sst_schema_free(&schema);
}
END_TEST

Suite *
suite_formats(void)
{
	Suite *s = suite_create("schema formats");
	TCase *t = tcase_create("formats");

	tcase_add_loop_test(
	    t, test_format, 0, (int)(sizeof(samples) / sizeof(samples[0])));
	tcase_add_test(t, test_annotation);
	suite_add_tcase(s, t);
	return s;
}
