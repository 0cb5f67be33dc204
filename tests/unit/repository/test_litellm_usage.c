/*
 * Counters of /metrics to use in the last minute: unknown before there are two
 * samples, right after resets, silent about what several workers tell; and
 * whose a series is, in builds with and without model_id.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/litellm/proxy_usage.h"

static struct proxy_deployment rows[] = {
    {.id = "dep-a", .model = "one", .backend = "openai/gpt"},
    {.id = "dep-b", .model = "two", .backend = "azure/gpt-b"},
    {.id = "dep-c", .model = "two", .backend = "local"},
};
static struct proxy_deployments list = {.rows = rows, .count = 3};
static struct proxy_usage usage;
static struct sst_error err;
static struct sst_mono now;
static struct sst_wall wall;

static void
setup(void)
{
	memset(&usage, 0, sizeof(usage));
	now.ns = 1;
	wall.ms = INT64_C(1767225600000);
	ck_assert_int_eq(proxy__usage_list(&usage, &list, &err), SST_OK);
}

static void
teardown(void)
{
	proxy__usage_fini(&usage);
}

static void
later(int64_t seconds)
{
	now = sst_mono_add_ms(now, seconds * 1000);
	wall.ms += seconds * 1000;
}

static void
feed(const char *text)
{
	struct sst_prometheus_text *t = NULL;
	struct sst_prometheus_stats stats;
	struct sst_prometheus_sink sink;

	proxy__usage_begin(&usage);
	proxy__usage_sink(&usage, &sink);
	ck_assert_int_eq(sst_prometheus_text_new(&sink, &t, &err), SST_OK);
	ck_assert_int_eq(
	    sst_prometheus_text_feed(t, text, strlen(text), &err), SST_OK);
	ck_assert_int_eq(sst_prometheus_text_end(t, &stats, &err), SST_OK);
	ck_assert_uint_eq(stats.bad, 0);
	sst_prometheus_text_free(&t);
}

static void
scrape(const char *text)
{
	feed(text);
	ck_assert_int_eq(proxy__usage_commit(&usage, now, wall, &err), SST_OK);
}

#define REQUESTS "litellm_deployment_total_requests_total"
#define TOKENS "litellm_total_tokens_metric_total"
#define SPEND "litellm_spend_metric_total"

/* dep-a with so many requests and tokens, of a process of that start. */
static void
scrape_a(double requests, double start)
{
	char text[512];

	snprintf(text, sizeof(text),
	    "process_start_time_seconds %.1f\n"
	    "# TYPE " TOKENS " counter\n" REQUESTS
	    "{model_id=\"dep-a\"} %g\n" SPEND "{model_id=\"dep-a\"} %g\n",
	    start, requests, requests / 100);
	scrape(text);
}

static double
rpm(size_t row)
{
	return proxy__usage_rate(&usage, row, PROXY_REQUESTS);
}

static double
tpm(size_t row)
{
	return proxy__usage_rate(&usage, row, PROXY_TOKENS);
}

START_TEST(one_sample_is_none)
{
	ck_assert_double_eq(rpm(0), -1);
	scrape_a(100, 1000);
	ck_assert_double_eq(rpm(0), -1);
	ck_assert_double_eq(tpm(0), -1);
	/* too near to the first one */
	later(5);
	scrape_a(101, 1000);
	ck_assert_double_eq(rpm(0), -1);
	later(10);
	scrape_a(103, 1000);
	ck_assert_double_eq_tol(rpm(0), 3 * 60.0 / 15, 1e-9);
	/* the family is there, without a series: none were counted */
	ck_assert_double_eq(tpm(0), 0);
	ck_assert_double_eq(rpm(1), 0);
	/* a family that is not there tells nothing */
	ck_assert_double_eq(proxy__usage_rate(&usage, 0, PROXY_FAILURES), -1);
}
END_TEST

START_TEST(the_window_is_a_minute)
{
	int i;

	for (i = 0; i < 12; i++) {
		scrape_a(i < 4 ? 100 + i * 10 : 130, 1000);
		later(15);
	}
	/* 60 s of nothing */
	ck_assert_double_eq(rpm(0), 0);
	scrape_a(136, 1000);
	ck_assert_double_eq_tol(rpm(0), 6, 1e-9);
	/* jitter of polls is scaled away */
	later(16);
	scrape_a(136, 1000);
	ck_assert_double_eq_tol(rpm(0), 6 * 60.0 / 61, 1e-9);
}
END_TEST

START_TEST(rare_samples_are_scaled_and_old_ones_dropped)
{
	scrape_a(100, 1000);
	later(300);
	scrape_a(200, 1000);
	ck_assert_double_eq_tol(rpm(0), 20, 1e-9);
	later(331);
	scrape_a(300, 1000);
	ck_assert_double_eq(rpm(0), -1);
}
END_TEST

START_TEST(a_restart_begins_anew)
{
	scrape_a(100, (double)wall.ms / 1000 - 500);
	later(30);
	scrape_a(110, (double)wall.ms / 1000 - 530);
	later(30);
	/* started again 10 s ago */
	scrape_a(4, (double)wall.ms / 1000 - 10);
	ck_assert_double_eq_tol(rpm(0), 14, 1e-9);
	ck_assert(!proxy__usage_unreliable(&usage));
	ck_assert_double_eq_tol(usage.rows[0].sum[PROXY_SPEND], 0.14, 1e-12);
}
END_TEST

START_TEST(a_restart_of_a_process_that_tells_no_start)
{
	scrape(REQUESTS "{model_id=\"dep-a\"} 100\n");
	later(30);
	scrape(REQUESTS "{model_id=\"dep-a\"} 3\n");
	ck_assert_double_eq_tol(rpm(0), 6, 1e-9);
	ck_assert(!proxy__usage_unreliable(&usage));
}
END_TEST

/* Two workers without a common store: now the one answers, now the other. */
START_TEST(workers_in_turn_are_unreliable)
{
	int i;

	for (i = 0; i < 8; i++) {
		scrape(i % 2 == 0 ? REQUESTS "{model_id=\"dep-a\"} 1000\n"
				  : REQUESTS "{model_id=\"dep-a\"} 900\n");
		later(15);
	}
	ck_assert(proxy__usage_unreliable(&usage));
	ck_assert_double_eq(rpm(0), -1);
	ck_assert_int_eq(usage.rows[0].spend_since_ms, -1);
	/* and in the end only one is left */
	for (i = 0; i < PROXY_BACK_SCRAPES + 2; i++) {
		scrape(REQUESTS "{model_id=\"dep-a\"} 1000\n");
		later(15);
	}
	ck_assert(!proxy__usage_unreliable(&usage));
	ck_assert_double_eq(rpm(0), 0);
}
END_TEST

/* The other worker was there already: no restart, however it looks. */
START_TEST(another_worker_is_known_by_its_start)
{
	double began = (double)wall.ms / 1000;

	scrape_a(1000, began - 1000);
	later(15);
	scrape_a(900, began - 999);
	ck_assert(proxy__usage_unreliable(&usage));
	ck_assert_double_eq(rpm(0), -1);
	later(15);
	scrape_a(1001, began - 1000);
	ck_assert(proxy__usage_unreliable(&usage));
}
END_TEST

START_TEST(a_scrape_that_broke_off_never_was)
{
	scrape_a(100, 1000);
	later(15);
	feed(REQUESTS "{model_id=\"dep-a\"} 500\n"
		      "litellm_in_flight_requests 9\n"
		      "process_start_time_seconds 1\n");
	scrape_a(115, 1000);
	ck_assert_double_eq_tol(rpm(0), 60, 1e-9);
	ck_assert(!proxy__usage_unreliable(&usage));
	ck_assert_double_eq(usage.in_flight, -1);
}
END_TEST

START_TEST(spend_is_counted_since_we_look)
{
	int64_t since = wall.ms;

	scrape_a(100, 1000);
	later(15);
	scrape_a(110, 1000);
	ck_assert_double_eq_tol(usage.rows[0].sum[PROXY_SPEND], 0.1, 1e-12);
	ck_assert_int_eq(usage.rows[0].spend_since_ms, since);
	ck_assert_double_eq(usage.rows[1].sum[PROXY_SPEND], 0);
	ck_assert_int_eq(usage.rows[1].spend_since_ms, since);
}
END_TEST

/* A sum in another order is no reset. */
START_TEST(the_last_bit_is_no_decrease)
{
	scrape(SPEND "{model_id=\"dep-a\"} 0.30000000000000004\n" REQUESTS
		     "{model_id=\"dep-a\"} 1\n");
	later(15);
	scrape(SPEND "{model_id=\"dep-a\"} 0.3\n" REQUESTS
		     "{model_id=\"dep-a\"} 1\n");
	ck_assert_double_lt(usage.rows[0].sum[PROXY_SPEND], 1e-12);
}
END_TEST

struct owner_case {
	const char *labels;
	int row; /* -1: nobody's */
};

static const struct owner_case owners[] = {
    {"model_id=\"dep-b\",requested_model=\"one\",model=\"gpt\"", 1},
    /* health checks, and what was refused before routing */
    {"model_id=\"\",model=\"gpt\",requested_model=\"one\"", -1},
    {"model_id=\"None\",model=\"gpt\"", -1},
    {"model_id=\"gone\",requested_model=\"one\"", -1},
    /* builds without it */
    {"requested_model=\"one\",model=\"gpt-b\"", 0},
    {"requested_model=\"other\",model=\"gpt\"", -1},
    {"requested_model=\"None\",model=\"gpt-b\"", 1},
    {"requested_model=\"\",model=\"azure/gpt-b\"", 1},
    {"model=\"local\"", 2},
    {"litellm_model_name=\"gpt\"", 0},
    {"model=\"nobody\"", -1},
    {"team=\"t\"", -1},
    {"hashed_api_key=\"litellm-internal-health-check\",model=\"gpt\"", -1},
};

START_TEST(a_series_belongs_to_somebody)
{
	const struct owner_case *c = &owners[_i];
	char text[512];
	int i;

	for (i = 0; i < 2; i++) {
		/* two series of one deployment are added up */
		snprintf(text, sizeof(text),
		    TOKENS "{%s,k=\"1\"} %d\n" TOKENS "{%s,k=\"2\"} %d\n",
		    c->labels, 100 + i * 5, c->labels, 200 + i * 10);
		scrape(text);
		later(60);
	}
	for (i = 0; i < 3; i++)
		ck_assert_double_eq_tol(
		    tpm((size_t)i), i == c->row ? 15 : 0, 1e-9);
}
END_TEST

/* Two deployments of one model, and no telling which. */
START_TEST(what_belongs_to_one_of_two_is_unknown_for_both)
{
	int i;

	for (i = 0; i < 2; i++) {
		scrape(TOKENS "{requested_model=\"two\"} 5\n" TOKENS
			      "{requested_model=\"one\"} 5\n");
		later(60);
	}
	ck_assert_double_eq(tpm(0), 0);
	ck_assert_double_eq(tpm(1), -1);
	ck_assert_double_eq(tpm(2), -1);
}
END_TEST

static double
gauge(size_t row, enum proxy_gauge which)
{
	return usage.rows[row].gauges.value[which];
}

START_TEST(gauges_are_read_as_they_are)
{
	scrape(
	    "litellm_remaining_tokens_metric{model_id=\"dep-a\"} NaN\n"
	    "litellm_remaining_tokens_metric{model_id=\"dep-b\"} +Inf\n"
	    "litellm_remaining_tokens_metric{model_id=\"dep-c\"} 9.2e+18\n"
	    "litellm_remaining_requests_metric{model_id=\"dep-a\",k=\"1\"} 7\n"
	    "litellm_remaining_requests_metric{model_id=\"dep-a\",k=\"2\"} 5\n"
	    "litellm_remaining_requests_metric{model_id=\"dep-b\"} -3\n"
	    "litellm_remaining_requests_metric{model_id=\"None\"} 1\n"
	    "litellm_deployment_tpm_limit{model_id=\"dep-a\"} 1000\n"
	    "litellm_deployment_rpm_limit{model_id=\"dep-a\"} 10\n"
	    "litellm_in_flight_requests 3\n");
	ck_assert_double_eq(gauge(0, PROXY_LEFT_TOKENS), -1);
	ck_assert_double_eq(gauge(1, PROXY_LEFT_TOKENS), -1);
	ck_assert_double_eq(gauge(2, PROXY_LEFT_TOKENS), -1);
	ck_assert_double_eq(gauge(0, PROXY_LEFT_REQUESTS), 5);
	ck_assert_double_eq(gauge(1, PROXY_LEFT_REQUESTS), 0);
	ck_assert_double_eq(gauge(2, PROXY_LEFT_REQUESTS), -1);
	ck_assert_double_eq(gauge(0, PROXY_TPM_LIMIT), 1000);
	ck_assert_double_eq(gauge(0, PROXY_RPM_LIMIT), 10);
	ck_assert_double_eq(usage.in_flight, 3);
	scrape(REQUESTS "{model_id=\"dep-a\"} 1\n");
	ck_assert_double_eq(gauge(0, PROXY_LEFT_REQUESTS), -1);
	ck_assert_double_eq(usage.in_flight, -1);
}
END_TEST

/* An outage leaves a series of its own behind, for good. */
START_TEST(the_state_of_the_back_end_counts)
{
#define STATE "litellm_deployment_state"
	scrape(
	    STATE "{model_id=\"dep-a\",litellm_model_name=\"one\"} 2\n" STATE
		  "{model_id=\"dep-a\",litellm_model_name=\"gpt\"} 0\n" STATE
		  "{model_id=\"\",litellm_model_name=\"gpt\"} 1\n" STATE
		  "{model_id=\"None\",litellm_model_name=\"gpt-b\"} 1\n" STATE
		  "{model_id=\"dep-c\",litellm_model_name=\"two\"} 2\n" STATE
		  "{model_id=\"dep-c\",litellm_model_name=\"two\"} 7\n");
	ck_assert_double_eq(usage.rows[0].gauges.state, 0);
	ck_assert_double_eq(usage.rows[1].gauges.state, 1);
	ck_assert_double_eq(usage.rows[2].gauges.state, 2);
}
END_TEST

START_TEST(cool_downs_are_noticed_once)
{
#define COOLED "litellm_deployment_cooled_down_total"
	scrape(COOLED "{model_id=\"dep-a\",exception_status=\"429\"} 1\n");
	ck_assert(!usage.rows[0].cooled);
	later(15);
	scrape(COOLED "{model_id=\"dep-a\",exception_status=\"429\"} 2\n" COOLED
		      "{model_id=\"dep-b\",exception_status=\"429\"} 1\n" COOLED
		      "{model_id=\"dep-b\",exception_status=\"500\"} 1\n");
	ck_assert(usage.rows[0].cooled);
	ck_assert_str_eq(usage.rows[0].cooled_why, "429");
	ck_assert_int_eq(usage.rows[0].cooled_wall.ms, wall.ms);
	/* of two statuses nobody knows which was the last */
	ck_assert(usage.rows[1].cooled);
	ck_assert_str_eq(usage.rows[1].cooled_why, "");
	ck_assert(!usage.rows[2].cooled);
	later(15);
	scrape(COOLED "{model_id=\"dep-a\",exception_status=\"429\"} 2\n");
	ck_assert_int_lt(usage.rows[0].cooled_wall.ms, wall.ms);
}
END_TEST

START_TEST(a_new_list_keeps_what_is_known)
{
	struct proxy_deployment other[] = {
	    {.id = "dep-new", .model = "one", .backend = "x"},
	    {.id = "dep-a", .model = "one", .backend = "openai/gpt"},
	};
	struct proxy_deployments fresh = {.rows = other, .count = 2};

	scrape_a(100, 1000);
	later(30);
	ck_assert_int_eq(proxy__usage_list(&usage, &fresh, &err), SST_OK);
	scrape_a(110, 1000);
	ck_assert_double_eq_tol(rpm(1), 20, 1e-9);
	ck_assert_double_eq(rpm(0), -1);
	later(30);
	scrape_a(110, 1000);
	ck_assert_double_eq(rpm(0), 0);
}
END_TEST

START_TEST(budgets_stand_in_gauges_too)
{
	const json_t *key;

	scrape("litellm_remaining_api_key_budget_metric{"
	       "api_key_alias=\"a\",hashed_api_key=\"h\"} 2.5\n"
	       "litellm_api_key_max_budget_metric{"
	       "api_key_alias=\"a\",hashed_api_key=\"h\"} 10\n"
	       "litellm_remaining_api_key_budget_metric{"
	       "api_key_alias=\"None\",hashed_api_key=\"0123456789\"} 1\n"
	       "litellm_remaining_team_budget_metric{team=\"t\"} +Inf\n"
	       "litellm_remaining_team_budget_metric{team=\"u\","
	       "team_alias=\"\xff\"} 1\n"
	       "litellm_provider_remaining_budget_metric{"
	       "api_provider=\"openai\"} 0.75\n");
	key = json_object_get(json_object_get(usage.budgets, "key"), "a");
	ck_assert_double_eq(
	    json_number_value(json_object_get(key, "left")), 2.5);
	ck_assert_double_eq(json_number_value(json_object_get(key, "max")), 10);
	ck_assert_ptr_nonnull(
	    json_object_get(json_object_get(usage.budgets, "key"), "01234567"));
	ck_assert_ptr_null(json_object_get(usage.budgets, "team"));
	ck_assert_ptr_nonnull(json_object_get(
	    json_object_get(usage.budgets, "provider"), "openai"));
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, one_sample_is_none);
	tcase_add_test(tc, the_window_is_a_minute);
	tcase_add_test(tc, rare_samples_are_scaled_and_old_ones_dropped);
	tcase_add_test(tc, a_restart_begins_anew);
	tcase_add_test(tc, a_restart_of_a_process_that_tells_no_start);
	tcase_add_test(tc, workers_in_turn_are_unreliable);
	tcase_add_test(tc, another_worker_is_known_by_its_start);
	tcase_add_test(tc, a_scrape_that_broke_off_never_was);
	tcase_add_test(tc, spend_is_counted_since_we_look);
	tcase_add_test(tc, the_last_bit_is_no_decrease);
	tcase_add_loop_test(tc, a_series_belongs_to_somebody, 0,
	    (int)(sizeof(owners) / sizeof(owners[0])));
	tcase_add_test(tc, what_belongs_to_one_of_two_is_unknown_for_both);
	tcase_add_test(tc, gauges_are_read_as_they_are);
	tcase_add_test(tc, the_state_of_the_back_end_counts);
	tcase_add_test(tc, cool_downs_are_noticed_once);
	tcase_add_test(tc, a_new_list_keeps_what_is_known);
	tcase_add_test(tc, budgets_stand_in_gauges_too);
}

int
main(void)
{
	Suite *s = suite_create("litellm_usage");
	TCase *tc = tcase_create("litellm_usage");
	SRunner *sr;
	int failed;

	add_tests(tc);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
