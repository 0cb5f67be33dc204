/*
 * A LiteLLM proxy as the document has it: with a database (answers written
 * after its documentation) and without (recorded), and what happens as time
 * goes by.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_litellm_support.h"

START_TEST(limits_prices_and_payment)
{
	litellm_open("payment_types: {claude: subscription, azure: invoice}");
	litellm_whole();
	ck_assert_uint_eq(json_array_size(world.models), 5);
	ck_assert_str_eq(litellm_text("dep-east", "provider", NULL), "azure");
	ck_assert_double_eq(litellm_number("dep-east", "tpm_max", NULL), 1e5);
	ck_assert_double_eq(litellm_number("dep-west", "tpm_max", NULL), 5e4);
	ck_assert_double_eq(litellm_number("dep-west", "rpm_max", NULL), 300);
	ck_assert_double_eq(litellm_number(CLAUDE, "tpm_max", NULL), 20000);
	ck_assert_double_eq(litellm_number(CLAUDE, "rpm_max", NULL), 50);
	ck_assert_double_eq(
	    litellm_number(CLAUDE, "input_tpm_max", NULL), 40000);
	ck_assert_double_eq(
	    litellm_number(CLAUDE, "output_tpm_max", NULL), 8000);
	/* masked, and a word; the gauge knows */
	ck_assert_double_eq(litellm_number("dep-embed", "tpm_max", NULL), -1);
	ck_assert_double_eq(litellm_number("dep-embed", "rpm_max", NULL), 30);
	/* from litellm_params.model; from the group */
	ck_assert_str_eq(litellm_text(CLAUDE, "provider", NULL), "anthropic");
	ck_assert_str_eq(
	    litellm_text("dep-embed", "provider", NULL), "hosted_vllm");
	ck_assert_double_eq(
	    litellm_number(CLAUDE, "price", "output_usd_per_token"), 4e-06);
	ck_assert_str_eq(litellm_text("dep-byok", "model", NULL), "team-mini");
	ck_assert_str_eq(
	    litellm_text(CLAUDE, "payment_type", NULL), "subscription");
	ck_assert_str_eq(
	    litellm_text("dep-east", "payment_type", NULL), "invoice");
	ck_assert(json_is_false(
	    litellm_of("dep-east", "payment_type_inferred", NULL)));
	ck_assert_str_eq(
	    litellm_text("dep-embed", "payment_type", NULL), "subscription");
	ck_assert_str_eq(
	    litellm_text("dep-west", "payment_type", NULL), "subscription");
	ck_assert(json_is_true(
	    litellm_of("dep-west", "payment_type_inferred", NULL)));
	ck_assert_str_eq(
	    litellm_text("dep-byok", "payment_type", NULL), "free");
}
END_TEST

START_TEST(use_is_null_before_two_samples)
{
	litellm_open("tolerance: 0");
	litellm_whole();
	ck_assert(json_is_null(litellm_of("dep-east", "tpm", NULL)));
	ck_assert(json_is_null(litellm_of("dep-east", "rpm", NULL)));
	ck_assert(json_is_null(litellm_of("dep-east", "window_seconds", NULL)));
	ck_assert_ptr_null(litellm_of("dep-east", "usage_quality", NULL));
	/* the same instant again is no second sample */
	litellm_whole();
	ck_assert(json_is_null(litellm_of("dep-east", "tpm", NULL)));
	litellm_later(60);
	ck_assert(upstream_answer_file(
	    world.up, "/metrics/", 200, LITELLM_MOCKS "db/metrics_later.txt"));
	litellm_whole();
	ck_assert_double_eq(litellm_number("dep-east", "rpm", NULL), 30);
	ck_assert_double_eq(litellm_number("dep-east", "tpm", NULL), 3000);
	ck_assert_double_eq(litellm_number("dep-west", "rpm", NULL), 2);
	ck_assert_double_eq(
	    litellm_number("dep-west", "failures_per_minute", NULL), 1);
	ck_assert_double_eq(litellm_number(CLAUDE, "rpm", NULL), 0);
	ck_assert_double_eq(
	    litellm_number("dep-east", "window_seconds", NULL), 60);
	ck_assert_str_eq(litellm_text("dep-east", "usage_quality", NULL), "ok");
}
END_TEST

START_TEST(remaining_quota_is_told_or_null)
{
	litellm_open("tolerance: 0");
	litellm_whole();
	ck_assert(json_is_null(litellm_of("dep-east", "remaining", NULL)));
	ck_assert_double_eq(
	    litellm_number("dep-west", "remaining", "tokens"), 4990);
	ck_assert_double_eq(
	    litellm_number("dep-west", "remaining", "requests"), 57);
}
END_TEST

START_TEST(small_changes_are_not_told)
{
	static const char text[] =
	    "litellm_remaining_tokens_metric{model_id=\"dep-west\"} %d\n";
	static const int told[][2] = {{1000, 1000}, {981, 1000}, {979, 979},
	    {985, 979}, {5, 5}, {0, 0}, {1, 1}};
	char body[128];
	size_t i;

	litellm_open("tolerance: 0.02");
	for (i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		snprintf(body, sizeof(body), text, told[i][0]);
		litellm_answer("/metrics/", 200, body);
		litellm_whole();
		ck_assert_double_eq(
		    litellm_number("dep-west", "remaining", "tokens"),
		    told[i][1]);
		litellm_later(15);
	}
}
END_TEST

/* A group's spend is told once; it is not that of each of its deployments. */
START_TEST(spend_of_a_group_is_not_multiplied)
{
	litellm_open("");
	litellm_whole();
	/* two deployments of gpt-4o: by their back ends */
	ck_assert_double_eq(
	    litellm_number("dep-east", "spend_usd_today", NULL), 0.5);
	ck_assert_double_eq(
	    litellm_number("dep-west", "spend_usd_today", NULL), 0.25);
	ck_assert_double_eq(
	    litellm_number("dep-west", "tokens_today", NULL), 300);
	/* one of claude: the group's */
	ck_assert_double_eq(
	    litellm_number(CLAUDE, "spend_usd_today", NULL), 0.75);
	ck_assert_double_eq(litellm_number(CLAUDE, "requests_today", NULL), 17);
	/* of a group that is not there nothing was spent */
	ck_assert_double_eq(
	    litellm_number("dep-embed", "spend_usd_today", NULL), 0);
	ck_assert_ptr_null(litellm_of(CLAUDE, "spend_usd_observed", NULL));
}
END_TEST

START_TEST(spend_of_twins_is_unknown)
{
	litellm_answer("/model/info", 200,
	    "{\"data\":[{\"model_name\":\"g\",\"litellm_params\":{\"model\":"
	    "\"openai/x\"},\"model_info\":{\"id\":\"1\"}},{\"model_name\":"
	    "\"g\",\"litellm_params\":{\"model\":\"azure/x\"},"
	    "\"model_info\":{\"id\":\"2\"}}]}");
	litellm_answer(DAY_1, 200,
	    "{\"results\":[{\"date\":\"2026-01-01\",\"breakdown\":{"
	    "\"models\":{\"x\":{\"metrics\":{\"spend\":1}}},"
	    "\"model_groups\":{\"g\":{\"metrics\":{\"spend\":1}}}}}]}");
	litellm_answer("/metrics/", 200,
	    "litellm_spend_metric_total{model_id=\"1\"} 0.25\n");
	litellm_open("");
	litellm_whole();
	ck_assert_double_eq(litellm_number("1", "spend_usd_today", NULL), -1);
	litellm_answer("/metrics/", 200,
	    "litellm_spend_metric_total{model_id=\"1\"} 0.75\n");
	litellm_later(15);
	litellm_whole();
	ck_assert_double_eq(
	    litellm_number("1", "spend_usd_observed", NULL), 0.5);
	ck_assert_double_eq(litellm_number("2", "spend_usd_observed", NULL), 0);
	ck_assert_str_eq(litellm_text("1", "spend_observed_since", NULL),
	    "2026-01-01T00:00:00Z");
}
END_TEST

/* Yesterday's spend is not shown as today's, not even for one poll. */
START_TEST(the_day_turns)
{
	litellm_open("");
	litellm_later(24 * 3600 - 10);
	litellm_whole();
	ck_assert_double_eq(
	    litellm_number(CLAUDE, "spend_usd_today", NULL), 0.75);
	litellm_later(15);
	litellm_whole();
	ck_assert_uint_eq(upstream_calls(world.up, DAY_2), 1);
	ck_assert_double_eq(litellm_number(CLAUDE, "spend_usd_today", NULL), 0);
	ck_assert_double_eq(litellm_number(CLAUDE, "tokens_today", NULL), 0);
	ck_assert_double_eq(
	    litellm_number("dep-east", "spend_usd_today", NULL), 0);
}
END_TEST

START_TEST(a_day_that_cannot_be_read_is_unknown)
{
	litellm_answer(DAY_2, 500, "{\"error\":{\"message\":\"x\"}}");
	litellm_open("");
	litellm_later(24 * 3600 - 10);
	litellm_whole();
	litellm_later(15);
	ck_assert_int_eq(litellm_collect()->code, SST_UPSTREAM);
	ck_assert_double_eq(
	    litellm_number(CLAUDE, "spend_usd_today", NULL), -1);
	ck_assert_str_eq(litellm_part("spend"), "failing");
}
END_TEST

START_TEST(health_is_told_by_checks)
{
	const char *error;

	litellm_open("");
	litellm_whole();
	ck_assert_str_eq(litellm_text("dep-east", "status", NULL), "healthy");
	ck_assert_double_eq(
	    litellm_number("dep-east", "health", "latency_ms"), 412.7);
	ck_assert_str_eq(litellm_text("dep-west", "status", NULL), "unhealthy");
	error = litellm_text("dep-west", "health", "error");
	ck_assert_ptr_nonnull(strstr(error, "Incorrect API key"));
	ck_assert_ptr_null(strstr(error, "MARK"));
	ck_assert_uint_lt(strlen(error), 205);
	ck_assert_str_eq(litellm_text("dep-west", "health", "checked_at"),
	    "2025-12-31T23:30:00Z");
	/* checked four hours ago, by name: the gauge knows better */
	ck_assert_str_eq(litellm_text(CLAUDE, "status", NULL), "degraded");
	ck_assert_str_eq(litellm_text(CLAUDE, "health", "checked_at"),
	    "2025-12-31T20:00:00Z");
	ck_assert(json_is_null(litellm_of(CLAUDE, "health", "error")));
	/* only the state of a background check */
	ck_assert_str_eq(
	    litellm_text("dep-embed", "status", NULL), "unhealthy");
	ck_assert(json_is_null(litellm_of("dep-embed", "health", NULL)));
	/* nobody ever looked */
	ck_assert_str_eq(litellm_text("dep-byok", "status", NULL), "unknown");
	/* two hours later nothing is known of any */
	litellm_answer("/metrics/", 200, "up 1\n# TYPE up gauge\n");
	litellm_later(2 * 3600 + 1);
	litellm_whole();
	ck_assert_str_eq(litellm_text("dep-east", "status", NULL), "unknown");
}
END_TEST

START_TEST(no_check_at_all_is_unknown)
{
	litellm_answer("/health/latest", 200,
	    "{\"latest_health_checks\":{},\"total_models\":0}");
	litellm_answer("/metrics/", 404, "{\"detail\":\"Not Found\"}");
	litellm_open("");
	litellm_whole();
	ck_assert_str_eq(litellm_text("dep-east", "status", NULL), "unknown");
	ck_assert_str_eq(litellm_part("metrics"), "unsupported");
	ck_assert_str_eq(litellm_part("health"), "ok");
	ck_assert(json_is_null(litellm_of("dep-east", "tpm", NULL)));
}
END_TEST

/* /health makes the proxy call every model. */
START_TEST(health_is_called_only_when_allowed)
{
	int i;

	litellm_routes("nodb/nodb.routes");
	litellm_answer("/health", 200,
	    "{\"healthy_endpoints\":[{\"model_id\":\"dep-a\"}],"
	    "\"unhealthy_endpoints\":[{\"model\":\"openai/local\","
	    "\"error\":\"no sk-x\"}]}");
	litellm_open("allow_health_call: true");
	for (i = 0; i < 41; i++) {
		litellm_whole();
		litellm_later(15);
	}
	/* 600 s */
	ck_assert_uint_eq(upstream_calls(world.up, "/health") -
			      upstream_calls(world.up, "/health/"),
	    3);
	ck_assert_str_eq(litellm_text("dep-a", "status", NULL), "healthy");
	ck_assert_str_eq(litellm_text("dep-b", "status", NULL), "unhealthy");
	ck_assert_str_eq(
	    litellm_text("dep-b", "health", "error"), "no [redacted]");
	ck_assert(json_is_null(litellm_of("dep-b", "health", "checked_at")));
}
END_TEST

static void
answer_cooled(int count)
{
	char text[256];

	snprintf(text, sizeof(text),
	    "litellm_deployment_cooled_down_total{model_id=\"dep-west\","
	    "exception_status=\"429\"} %d\n",
	    count);
	litellm_answer("/metrics/", 200, text);
}

START_TEST(a_cool_down_lasts_as_long_as_it_may)
{
	litellm_open("");
	answer_cooled(4);
	litellm_whole();
	ck_assert(json_is_null(litellm_of("dep-west", "cooldown", NULL)));
	litellm_later(15);
	answer_cooled(5);
	litellm_whole();
	ck_assert_str_eq(litellm_text("dep-west", "status", NULL), "cooldown");
	ck_assert_str_eq(litellm_text("dep-west", "cooldown", "until"),
	    "2026-01-01T00:00:20Z");
	ck_assert_str_eq(litellm_text("dep-west", "cooldown", "reason"),
	    "put into cool-down after failures, status 429");
	ck_assert(json_is_null(litellm_of("dep-east", "cooldown", NULL)));
	/* it ends before the next poll would come */
	ck_assert_int_eq(world.subject.next_ms, 5001);
	litellm_later(6);
	litellm_whole();
	ck_assert(json_is_null(litellm_of("dep-west", "cooldown", NULL)));
	ck_assert_str_eq(litellm_text("dep-west", "status", NULL), "unhealthy");
}
END_TEST

/* Without the policy nobody knows how long. */
START_TEST(no_cool_down_without_a_policy)
{
	litellm_answer("/router/settings", 403, "{\"detail\":\"no\"}");
	litellm_open("");
	answer_cooled(4);
	litellm_collect();
	litellm_later(15);
	answer_cooled(5);
	litellm_collect();
	ck_assert(json_is_null(litellm_of("dep-west", "cooldown", NULL)));
	ck_assert_ptr_null(litellm_of("dep-west", "fallbacks", NULL));
	ck_assert_str_eq(litellm_part("router"), "forbidden");
}
END_TEST

static void
check_fallbacks(const char *id, const char *want)
{
	char *got = json_dumps(litellm_of(id, "fallbacks", NULL), JSON_COMPACT);

	ck_assert_str_eq(got, want);
	free(got);
}

START_TEST(fallbacks_are_told_in_order)
{
	litellm_open("");
	litellm_whole();
	check_fallbacks("dep-east", "[\"claude\",\"embed\"]");
	check_fallbacks("dep-embed", "[\"claude\"]");
	ck_assert_double_eq(json_number_value(json_object_get(
				world.upstream, "cooldown_seconds")),
	    5);
	ck_assert_int_eq(json_integer_value(
			     json_object_get(world.upstream, "allowed_fails")),
	    3);
}
END_TEST

START_TEST(old_builds_tell_the_router_elsewhere)
{
	litellm_answer("/router/settings", 404, "{\"detail\":\"Not Found\"}");
	litellm_open("");
	litellm_whole();
	check_fallbacks("dep-east", "[\"claude\",\"embed\"]");
	ck_assert_str_eq(litellm_part("router"), "ok");
}
END_TEST

/* Recorded: what needs a database is not there, and that is no fault. */
START_TEST(without_a_database)
{
	static const char *const absent[] = {
	    "health", "spend", "keys", "teams"};
	size_t i;

	litellm_routes("nodb/nodb.routes");
	litellm_open("");
	litellm_whole();
	for (i = 0; i < 4; i++)
		ck_assert_str_eq(litellm_part(absent[i]), "unsupported");
	ck_assert_str_eq(
	    litellm_reason("health"), "answered 500: Database not initialized");
	ck_assert_str_eq(litellm_upstream("status"), "ok");
	ck_assert_str_eq(litellm_upstream("version"), "1.96.0");
	ck_assert_str_eq(litellm_upstream("database"), "not_configured");
	ck_assert_str_eq(litellm_text("dep-a", "status", NULL), "healthy");
	ck_assert_str_eq(
	    litellm_text("dep-a", "payment_type", NULL), "prepaid");
	check_fallbacks("dep-a", "[\"local-llm\"]");
	/* recorded after the outage, and after it was over */
	litellm_later(15);
	ck_assert(upstream_answer_file(world.up, "/metrics/", 200,
	    LITELLM_MOCKS "nodb/metrics_cooldown.txt"));
	litellm_whole();
	ck_assert_str_eq(litellm_text("dep-b", "status", NULL), "cooldown");
	ck_assert_double_eq(
	    litellm_number("dep-b", "failures_per_minute", NULL), 8);
	ck_assert_double_eq(litellm_number("dep-b", "rpm", NULL), 8);
	ck_assert_double_eq(litellm_number("dep-a", "rpm", NULL), 0);
	/* looked for again a quarter of an hour later, not before */
	litellm_later(800);
	litellm_whole();
	ck_assert_uint_eq(upstream_calls(world.up, "/health/latest"), 1);
	litellm_later(100);
	litellm_whole();
	ck_assert_uint_eq(upstream_calls(world.up, "/health/latest"), 2);
}
END_TEST

START_TEST(a_new_version_is_looked_at_anew)
{
	litellm_routes("nodb/nodb.routes");
	litellm_open("");
	litellm_whole();
	litellm_answer("/health/readiness/details", 200,
	    "{\"db\":\"connected\",\"litellm_version\":\"1.97.0\"}");
	litellm_later(60);
	litellm_whole();
	ck_assert_str_eq(litellm_upstream("version"), "1.97.0");
	ck_assert_uint_eq(upstream_calls(world.up, "/health/latest"), 2);
	ck_assert_uint_eq(upstream_calls(world.up, "/key/list"), 2);
}
END_TEST

/* The request that asks is one of them. */
START_TEST(requests_in_flight)
{
	const json_t *count;

	litellm_open("");
	litellm_whole();
	count = json_object_get(world.upstream, "in_flight_requests");
	ck_assert_int_eq(json_integer_value(count), 3);
	litellm_answer("/health/backlog", 404, "{\"detail\":\"Not Found\"}");
	litellm_later(15);
	litellm_whole();
	count = json_object_get(world.upstream, "in_flight_requests");
	ck_assert_int_eq(json_integer_value(count), 2);
}
END_TEST

/* Fifteen seconds of an idle proxy: the same bytes, of it and of the rest. */
START_TEST(an_idle_proxy_is_silent)
{
	char *before, *after;
	int i;

	for (i = 0; i < 2; i++) {
		litellm_routes(i == 0 ? "db/db.routes" : "nodb/nodb.routes");
		litellm_open("");
		litellm_whole();
		litellm_later(15);
		litellm_whole();
		before = litellm_everything();
		litellm_later(14);
		litellm_whole();
		after = litellm_everything();
		ck_assert_str_eq(before, after);
		free(before);
		litellm_later(46);
		litellm_whole();
		before = litellm_everything();
		ck_assert_str_eq(before, after);
		free(before);
		free(after);
	}
}
END_TEST

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* These and no others, whatever the proxy has. */
START_TEST(nothing_else_is_ever_asked_for)
{
	static const char *const targets[] = {"/health/liveliness",
	    "/health/readiness", "/health/readiness/details", "/health/backlog",
	    "/model/info", "/model_group/info", "/metrics/", "/router/settings",
	    "/provider/budgets", "/health/latest", DAY_1, KEYS("1"),
	    TEAMS("1")};
	static const char *const fallbacks[] = {
	    "/get/config/callbacks", "/team/list"};
	unsigned sum = 0;
	char head[2048];
	size_t i;
	int n;

	litellm_open("");
	for (n = 0; n < 300; n++) {
		litellm_whole();
		upstream_last_request(world.up, head, sizeof(head));
		ck_assert_int_eq(strncmp(head, "GET ", 4), 0);
		litellm_later(15);
		if (n == 200) {
			litellm_answer("/router/settings", 404, "{}");
			litellm_answer(TEAMS("1"), 404, "{}");
		}
	}
	for (i = 0; i < COUNT(targets); i++) {
		ck_assert_uint_gt(upstream_calls(world.up, targets[i]), 0);
		sum += upstream_calls(world.up, targets[i]);
	}
	for (i = 0; i < COUNT(fallbacks); i++) {
		ck_assert_uint_gt(upstream_calls(world.up, fallbacks[i]), 0);
		sum += upstream_calls(world.up, fallbacks[i]);
	}
	/* it stands in two of these */
	sum -= upstream_calls(world.up, "/health/readiness/details");
	ck_assert_uint_eq(upstream_calls(world.up, ""), sum);
}
END_TEST

/* max_age_seconds holds for what changes slowly, too. */
START_TEST(nothing_grows_older_than_is_promised)
{
	world.subject.env.max_age_ms = 40000;
	litellm_open("refresh: 1000s");
	litellm_whole();
	ck_assert_uint_eq(upstream_calls(world.up, "/model/info"), 1);
	litellm_later(21);
	litellm_whole();
	ck_assert_uint_eq(upstream_calls(world.up, "/model/info"), 2);
}
END_TEST

START_TEST(what_is_not_wanted_is_not_asked_for)
{
	litellm_open("metrics: false, spend: false, budgets: false");
	litellm_whole();
	ck_assert_uint_eq(upstream_calls(world.up, "/metrics"), 0);
	ck_assert_uint_eq(upstream_calls(world.up, "/user"), 0);
	ck_assert_uint_eq(upstream_calls(world.up, "/key"), 0);
	ck_assert_uint_eq(upstream_calls(world.up, "/v2"), 0);
	ck_assert_uint_eq(upstream_calls(world.up, "/provider"), 0);
	ck_assert_str_eq(litellm_part("metrics"), "disabled");
	ck_assert_str_eq(litellm_part("spend"), "disabled");
	ck_assert_str_eq(litellm_part("keys"), "disabled");
	ck_assert_ptr_null(json_object_get(world.upstream, "budgets"));
}
END_TEST

START_TEST(nothing_secret_comes_through)
{
	char *all;
	int i;

	for (i = 0; i < 2; i++) {
		if (i == 1) {
			litellm_answer("/router/settings", 404, "{}");
			litellm_answer(TEAMS("1"), 404, "{}");
		}
		litellm_open("");
		litellm_whole();
		all = litellm_everything();
		ck_assert_ptr_null(strstr(all, "MARK"));
		ck_assert_ptr_null(strstr(all, "example"));
		ck_assert_ptr_null(strstr(all, "sk-"));
		ck_assert_ptr_null(strstr(all, "secret"));
		free(all);
	}
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_checked_fixture(tc, litellm_setup, litellm_teardown);
	tcase_add_test(tc, limits_prices_and_payment);
	tcase_add_test(tc, use_is_null_before_two_samples);
	tcase_add_test(tc, remaining_quota_is_told_or_null);
	tcase_add_test(tc, small_changes_are_not_told);
	tcase_add_test(tc, spend_of_a_group_is_not_multiplied);
	tcase_add_test(tc, spend_of_twins_is_unknown);
	tcase_add_test(tc, the_day_turns);
	tcase_add_test(tc, a_day_that_cannot_be_read_is_unknown);
	tcase_add_test(tc, health_is_told_by_checks);
	tcase_add_test(tc, no_check_at_all_is_unknown);
	tcase_add_test(tc, health_is_called_only_when_allowed);
	tcase_add_test(tc, a_cool_down_lasts_as_long_as_it_may);
	tcase_add_test(tc, no_cool_down_without_a_policy);
	tcase_add_test(tc, fallbacks_are_told_in_order);
	tcase_add_test(tc, old_builds_tell_the_router_elsewhere);
	tcase_add_test(tc, without_a_database);
	tcase_add_test(tc, a_new_version_is_looked_at_anew);
	tcase_add_test(tc, requests_in_flight);
	tcase_add_test(tc, an_idle_proxy_is_silent);
	tcase_add_test(tc, nothing_else_is_ever_asked_for);
	tcase_add_test(tc, nothing_grows_older_than_is_promised);
	tcase_add_test(tc, what_is_not_wanted_is_not_asked_for);
	tcase_add_test(tc, nothing_secret_comes_through);
}

int
main(void)
{
	Suite *s = suite_create("litellm");
	TCase *tc = tcase_create("litellm");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 60);
	add_tests(tc);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
