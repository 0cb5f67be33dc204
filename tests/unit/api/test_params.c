/* Ways it fails: unknown, not of this path, repeated, valueless, bad value. */
#include <stdio.h>
#include <string.h>

#include "api/params.h"
#include "unit/api/suites.h"

enum {
	ALL = API_PARAM_SECTIONS | API_PARAM_VIEW | API_PARAM_PRETTY |
	      API_PARAM_MAX_AGE
};

/* Parses the query; the caller ends the problem. */
static enum api_problem_kind
parse(const char *query, unsigned allowed, struct api_params *out,
    struct api_problem *problem)
{
	struct api_target t;
	struct sst_error err;
	enum api_problem_kind kind;
	char uri[512];

	snprintf(uri, sizeof(uri), "/system/state?%s", query);
	ck_assert_msg(
	    api__target_parse(uri, &t, &err) == SST_OK, "%s", err.text);
	api__problem_init(problem);
	kind = api__params_parse(&t, allowed, out, problem);
	api__target_fini(&t);
	return kind;
}

static struct api_params
good(const char *query)
{
	struct api_params p;
	struct api_problem problem;

	ck_assert_msg(parse(query, ALL, &p, &problem) == API_NO_PROBLEM,
	    "%s: %s", query, problem.detail);
	api__problem_fini(&problem);
	return p;
}

static void
bad(const char *query, const char *parameter, const char *says,
    const char *example)
{
	struct api_params p;
	struct api_problem problem;

	ck_assert_msg(parse(query, ALL, &p, &problem) == API_INVALID_PARAMETER,
	    "%s was taken", query);
	ck_assert_str_eq(problem.parameter, parameter);
	ck_assert_msg(strstr(problem.detail, says) != NULL, "%s: %s", query,
	    problem.detail);
	ck_assert_msg(strstr(problem.example, example) != NULL, "%s: %s", query,
	    problem.example);
	api__problem_fini(&problem);
}

START_TEST(gives_defaults)
{
	struct api_params p = good("");

	ck_assert_uint_eq(p.given, 0);
	ck_assert_uint_eq(p.sections, SST_SECTIONS_ALL);
	ck_assert_int_eq(p.view, SST_VIEW_FULL);
	ck_assert(!p.pretty);
}
END_TEST

START_TEST(reads_every_parameter)
{
	struct api_params p =
	    good("sections=agents,queues&view=base&pretty=true&max_age=1500ms");

	ck_assert_uint_eq(
	    p.sections, 1u << SST_SECTION_AGENTS | 1u << SST_SECTION_QUEUES);
	ck_assert_int_eq(p.view, SST_VIEW_BASE);
	ck_assert(p.pretty);
	ck_assert_int_eq(p.max_age_ms, 1500);
	ck_assert_uint_eq(p.given, ALL);
	ck_assert(!good("pretty=0").pretty);
	ck_assert(!good("pretty=false").pretty);
	ck_assert_uint_eq(good("sections=agents%2Cqueues").sections,
	    1u << SST_SECTION_AGENTS | 1u << SST_SECTION_QUEUES);
}
END_TEST

START_TEST(reads_durations)
{
	ck_assert_int_eq(good("max_age=0s").max_age_ms, 0);
	ck_assert_int_eq(good("max_age=5s").max_age_ms, 5000);
	ck_assert_int_eq(good("max_age=2m").max_age_ms, 120000);
	ck_assert_int_eq(good("max_age=24h").max_age_ms, 86400000);
	bad("max_age=25h", "max_age", "from 0s to 24h", "max_age=5s");
	bad("max_age=5", "max_age", "\"5\"", "max_age=5s");
	bad("max_age=-5s", "max_age", "\"-5s\"", "max_age=5s");
	bad("max_age=s", "max_age", "\"s\"", "max_age=5s");
	bad("max_age=1.5s", "max_age", "\"1.5s\"", "max_age=5s");
	bad("max_age=9999999999s", "max_age", "24h", "max_age=5s");
	bad("max_age=5sec", "max_age", "\"5sec\"", "max_age=5s");
}
END_TEST

START_TEST(refuses_bad_values)
{
	bad("view=ful", "view", "Did you mean full?", "?view=full");
	bad("view=FULL", "view", "\"FULL\"", "?view=");
	bad("pretty=yes", "pretty", "\"yes\"", "?pretty=1");
	bad("sections=agent", "sections", "Did you mean agents?",
	    "?sections=agents");
	bad("sections=agents,", "sections", "\"agents,\"", "?sections=");
	bad("sections=,agents", "sections", "\",agents\"", "?sections=");
	bad("sections=agents,agents", "sections", "at most once", "?sections=");
	bad("view=%ff", "view", "UTF-8", "?view=");
	bad("view=%2", "view", "percent-encoded", "?view=");
}
END_TEST

START_TEST(refuses_unknown_and_doubled)
{
	bad("veiw=base", "veiw", "Did you mean view?", "?view=base");
	bad("foo=1", "foo", "\"foo\" is no query parameter", "/system/state?");
	bad("View=base", "View", "Did you mean view?", "?view=base");
	bad("vie=base", "vie", "Did you mean view?", "?view=base");
	bad("=base", "", "\"\" is no query parameter", "/system/state?");
	bad("&", "", "\"\" is no query parameter", "/system/state?");
	bad("view=base&", "", "\"\" is no query parameter", "/system/state?");
	bad("view=base&view=base", "view", "more than once", "?view=base");
	bad("view", "view", "without a value", "?view=base");
	bad("view=", "view", "without a value", "?view=base");
	bad("foo%00=1", "foo%00", "is no query parameter", "/system/state?");
}
END_TEST

START_TEST(refuses_what_the_path_does_not_take)
{
	struct api_params p;
	struct api_problem problem;

	ck_assert_int_eq(
	    parse("view=base", 0, &p, &problem), API_INVALID_PARAMETER);
	ck_assert_ptr_nonnull(strstr(problem.detail, "it takes none"));
	ck_assert_str_eq(problem.example, "/system/state");
	api__problem_fini(&problem);
	ck_assert_int_eq(parse("sections=agents", API_PARAM_VIEW, &p, &problem),
	    API_INVALID_PARAMETER);
	ck_assert_str_eq(problem.allowed.data, "\"view\"");
	api__problem_fini(&problem);
}
END_TEST

START_TEST(shows_received_text_harmlessly)
{
	struct api_params p;
	struct api_problem problem;
	char query[400];

	memset(query, 'x', sizeof(query) - 1);
	query[sizeof(query) - 1] = '\0';
	ck_assert_int_eq(
	    parse(query, ALL, &p, &problem), API_INVALID_PARAMETER);
	ck_assert_uint_lt(strlen(problem.detail), 300);
	api__problem_fini(&problem);
	ck_assert_int_eq(parse("view=%1b%5b31mred", ALL, &p, &problem),
	    API_INVALID_PARAMETER);
	ck_assert_ptr_null(strchr(problem.detail, 0x1b));
	api__problem_fini(&problem);
}
END_TEST

START_TEST(measures_distance)
{
	struct api_span a = {"queue", 5}, b = {"queues", 6}, c = {"", 0};

	ck_assert_uint_eq(api__distance(a, b), 1);
	ck_assert_uint_eq(api__distance(a, a), 0);
	ck_assert_uint_eq(api__distance(a, c), 5);
	ck_assert_uint_eq(api__distance(c, b), 6);
}
END_TEST

TCase *
api_params_case(void)
{
	TCase *tc = tcase_create("params");

	tcase_add_test(tc, gives_defaults);
	tcase_add_test(tc, reads_every_parameter);
	tcase_add_test(tc, reads_durations);
	tcase_add_test(tc, refuses_bad_values);
	tcase_add_test(tc, refuses_unknown_and_doubled);
	tcase_add_test(tc, refuses_what_the_path_does_not_take);
	tcase_add_test(tc, shows_received_text_harmlessly);
	tcase_add_test(tc, measures_distance);
	return tc;
}
