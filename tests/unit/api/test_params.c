/* Ways it fails: unknown, not of this path, repeated, valueless, bad value. */
#include <stdio.h>
#include <string.h>

#include "api/params.h"
#include "unit/api/suites.h"

enum { ALL = (1 << API_PARAM_COUNT) - 1 };

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

/* The key, if one was given, is moved to memory of the test. */
static char key_text[256];

static struct api_params
good(const char *query)
{
	struct api_params p;
	struct api_problem problem;

	ck_assert_msg(parse(query, ALL, &p, &problem) == API_NO_PROBLEM,
	    "%s: %s", query, problem.detail);
	snprintf(key_text, sizeof(key_text), "%s", p.key == NULL ? "" : p.key);
	ck_assert_uint_eq(p.key == NULL ? 0 : p.key_len, strlen(key_text));
	api__params_fini(&p);
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
	ck_assert_uint_eq(p.given, API_PARAM_SECTIONS | API_PARAM_VIEW |
				       API_PARAM_PRETTY | API_PARAM_MAX_AGE);
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

START_TEST(reads_moments)
{
	struct api_params p = good("at=41");

	ck_assert_int_eq(p.at.kind, SST_MOMENT_REVISION);
	ck_assert_uint_eq(p.at.revision, 41);
	p = good("at=0123456789abcdef%3A7");
	ck_assert_str_eq(p.at.epoch, "0123456789abcdef");
	ck_assert_uint_eq(p.at.revision, 7);
	p = good("at=2026-01-01T01:00:00%2B01:00");
	ck_assert_int_eq(p.at.kind, SST_MOMENT_TIME);
	ck_assert_int_eq(p.at.at.ms, INT64_C(1767225600000));
	ck_assert_int_eq(good("at=2026-01-01T01:00:00+01:00").at.at.ms,
	    INT64_C(1767225600000));
	ck_assert_int_eq(good("at=@1767225600").at.at.ms,
	    INT64_C(1767225600000));
	p = good("from=-15m&to=now");
	ck_assert_int_eq(p.from.kind, SST_MOMENT_AGO);
	ck_assert_int_eq(p.from.ago_ms, 900000);
	ck_assert_int_eq(p.to.kind, SST_MOMENT_NOW);
	bad("at=0", "at", "EPOCH:REVISION", "?at=-15m");
	bad("at=-1", "at", "\"-1\"", "?at=-15m");
	bad("at=yesterday", "at", "\"yesterday\"", "?at=-15m");
	bad("at=2026-02-30T00:00:00Z", "at", "2026-02-30", "?at=-15m");
	bad("at=0123456789ABCDEF:7", "at", "a revision (41)", "?at=-15m");
	bad("at=99999999999999999999", "at", "a revision (41)", "?at=-15m");
	bad("from=15m", "from", "a duration back from now (-15m)", "?from=");
	bad("to=", "to", "without a value; it must be a revision", "?to=now");
	bad("at=1&at=1", "at", "more than once", "?at=-15m");
}
END_TEST

START_TEST(reads_waits)
{
	struct api_params p = good("since=41");

	ck_assert_uint_eq(p.since.revision, 41);
	ck_assert_int_eq(p.wait_ms, 30000);
	ck_assert_int_eq(good("since=41&wait=0s").wait_ms, 0);
	ck_assert_int_eq(good("wait=5m&since=41").wait_ms, 300000);
	ck_assert_int_eq(good("since=41&wait=1500ms").wait_ms, 1500);
	ck_assert_str_eq(
	    good("since=0123456789abcdef:41").since.epoch, "0123456789abcdef");
	bad("since=now", "since", "a revision (41) or EPOCH", "?since=41");
	bad("since=-15m", "since", "a revision (41) or EPOCH", "?since=41");
	bad("since=0", "since", "\"0\"", "?since=41");
	bad("since=41&wait=301s", "wait", "0s to 5m", "?since=41&wait=30s");
	bad("since=41&wait=-1s", "wait", "\"-1s\"", "?since=41&wait=30s");
	bad("since=41&wait=30", "wait", "\"30\"", "?since=41&wait=30s");
	bad("since=41&wait=", "wait", "without a value", "?since=41&wait=30s");
}
END_TEST

START_TEST(reads_limits_and_cursors)
{
	struct api_cursor c = {"0123456789abcdef", UINT64_C(1) << 62}, *read;
	struct api_params p;
	char text[API_CURSOR_TEXT], query[64];

	ck_assert_uint_eq(good("limit=1").limit, 1);
	ck_assert_uint_eq(good("limit=10000").limit, 10000);
	ck_assert_uint_eq(good("").limit, 0);
	bad("limit=0", "limit", "from 1 to 10000", "?limit=100");
	bad("limit=10001", "limit", "from 1 to 10000", "?limit=100");
	bad("limit=-5", "limit", "\"-5\"", "?limit=100");
	bad("limit=1e3", "limit", "\"1e3\"", "?limit=100");
	bad("limit=999999999999", "limit", "from 1 to", "?limit=100");
	api__cursor_text(&c, text);
	snprintf(query, sizeof(query), "cursor=%s", text);
	p = good(query);
	read = &p.cursor;
	ck_assert_str_eq(read->epoch, c.epoch);
	ck_assert_uint_eq(read->below, c.below);
	bad("cursor=41", "cursor", "next of the page before", "?cursor=");
	bad("cursor=0123456789abcdef:41", "cursor", "next", "?cursor=");
	bad("cursor=0123456789abcdef-", "cursor", "next", "?cursor=");
	bad("cursor=0123456789abcdef-0", "cursor", "next", "?cursor=");
	bad("cursor=0123456789abcdef-41x", "cursor", "next", "?cursor=");
	bad("cursor=0123456789abcde-41", "cursor", "next", "?cursor=");
}
END_TEST

START_TEST(reads_keys)
{
	good("key=mock/agent.tasks/tasks/t1");
	ck_assert_str_eq(key_text, "mock/agent.tasks/tasks/t1");
	good("key=mock%2Fagent.tasks");
	ck_assert_str_eq(key_text, "mock/agent.tasks");
	/* A slash in a name is encoded twice: in the key, in the query. */
	good("key=rabbitmq/with%252Fslash");
	ck_assert_str_eq(key_text, "rabbitmq/with%2Fslash");
	/* What need not be encoded, or was not, comes out the same. */
	good("key=a%2541%252fb");
	ck_assert_str_eq(key_text, "aA%2Fb");
	good("key=two%20words");
	ck_assert_str_eq(key_text, "two%20words");
	good("key=%C3%A9");
	ck_assert_str_eq(key_text, "%C3%A9");
	bad("key=/agent-1", "key", "\"/agent-1\"", "?key=mock/agent.tasks");
	bad("key=agent-1/", "key", "\"agent-1/\"", "?key=mock/agent.tasks");
	bad("key=a//b", "key", "joined by '/'", "?key=mock/agent.tasks");
	bad("key=100%25", "key", "\"100%\"", "?key=mock/agent.tasks");
	bad("key=%25ff", "key", "\"%ff\"", "?key=mock/agent.tasks");
	bad("key=a%251fb", "key", "joined by '/'", "?key=mock/agent.tasks");
	bad("key=%ff", "key", "UTF-8", "?key=mock/agent.tasks");
	/* What was read is given back when what follows is wrong. */
	bad("key=a&limit=x", "limit", "\"x\"", "?limit=100");
	bad("key=a&key=b", "key", "more than once", "?key=");
}
END_TEST

START_TEST(refuses_contradictions)
{
	struct api_params p;
	struct api_problem problem;

	bad("at=1&max_age=5s", "max_age", "together with at", "?at=-15m");
	bad("max_age=5s&at=now", "max_age", "together with at", "?at=-15m");
	bad("at=1&since=1", "since", "together with at", "?since=41&wait=30s");
	bad("wait=5s", "wait", "needs since", "?since=41&wait=30s");
	ck_assert_int_eq(parse("to=now", ALL | API_PARAM_NEEDS_FROM, &p,
			     &problem),
	    API_INVALID_PARAMETER);
	ck_assert_str_eq(problem.parameter, "from");
	ck_assert_str_eq(problem.example, "/system/state?from=-15m");
	api__problem_fini(&problem);
	ck_assert_int_eq(parse("", ALL | API_PARAM_NEEDS_FROM, &p, &problem),
	    API_INVALID_PARAMETER);
	api__problem_fini(&problem);
	ck_assert_int_eq(parse("from=-1h&limit=x", ALL | API_PARAM_NEEDS_FROM,
			     &p, &problem),
	    API_INVALID_PARAMETER);
	ck_assert_str_eq(
	    problem.example, "/system/state?from=-15m&limit=100");
	api__problem_fini(&problem);
	ck_assert_int_eq(parse("from=-1h", ALL | API_PARAM_NEEDS_FROM, &p,
			     &problem),
	    API_NO_PROBLEM);
	api__params_fini(&p);
	api__problem_fini(&problem);
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
	tcase_add_test(tc, reads_moments);
	tcase_add_test(tc, reads_waits);
	tcase_add_test(tc, reads_limits_and_cursors);
	tcase_add_test(tc, reads_keys);
	tcase_add_test(tc, refuses_contradictions);
	tcase_add_test(tc, refuses_bad_values);
	tcase_add_test(tc, refuses_unknown_and_doubled);
	tcase_add_test(tc, refuses_what_the_path_does_not_take);
	tcase_add_test(tc, shows_received_text_harmlessly);
	tcase_add_test(tc, measures_distance);
	return tc;
}
