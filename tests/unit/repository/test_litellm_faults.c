/*
 * A LiteLLM proxy that is slow, refuses, lies or is gone: what that takes away,
 * what stays, what is said about it, and when it is asked again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_litellm_support.h"

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

struct part_case {
	const char *name;
	const char *target; /* prefix */
	bool database;
};

static const struct part_case parts[] = {
    {"readiness", "/health/readiness", false},
    {"metrics", "/metrics/", false},
    {"backlog", "/health/backlog", false},
    {"groups", "/model_group/info", false},
    {"router", "/router/settings", false},
    {"provider_budgets", "/provider/budgets", false},
    {"health", "/health/latest", true},
    {"spend", DAY, true},
    {"teams", "/v2/team/list", true},
    {"keys", "/key/list", true},
};

struct fault_case {
	enum upstream_fault_kind kind;
	int status;
	const char *state;
};

static const struct fault_case faults[] = {
    {UPSTREAM_STATUS, 500, "failing"},
    {UPSTREAM_STATUS, 429, "failing"},
    {UPSTREAM_STATUS, 422, "failing"},
    {UPSTREAM_STATUS, 403, "forbidden"},
    {UPSTREAM_STATUS, 401, "forbidden"},
    {UPSTREAM_STATUS, 405, "unsupported"},
    {UPSTREAM_CUT, 0, "failing"},
    {UPSTREAM_HTML, 0, "failing"},
    {UPSTREAM_WRONG_TYPE, 0, "failing"},
    {UPSTREAM_EMPTY, 0, "failing"},
    {UPSTREAM_DEEP, 0, "failing"},
    {UPSTREAM_HUGE, 0, "failing"},
    {UPSTREAM_CLOSE, 0, "failing"},
    {UPSTREAM_GARBAGE, 0, "failing"},
    {UPSTREAM_REDIRECT, 0, "failing"},
};

/* Each part with each fault: that part alone, with a reason that does not
 * change; and all is well when it is well. */
START_TEST(a_fault_takes_its_own_facts_only)
{
	const struct part_case *p = &parts[_i];
	const struct sst_error *flaw;
	char reason[600];
	int i, k;

	for (i = 0; i < COUNT(faults); i++) {
		const struct fault_case *f = &faults[i];

		/* it has another place, see old_builds_tell_the_router */
		if (strcmp(p->name, "router") == 0 && f->status == 405)
			continue;
		litellm_open("");
		litellm_misbehave(p->target, f->kind, f->status);
		flaw = litellm_collect();
		ck_assert_uint_eq(json_array_size(world.models), 5);
		ck_assert_msg(strcmp(litellm_part(p->name), f->state) == 0,
		    "%s, fault %d: %s: %s", p->name, i, litellm_part(p->name),
		    litellm_reason(p->name));
		ck_assert_str_ne(litellm_reason(p->name), "");
		/* what a proxy does not have is no fault */
		ck_assert((flaw->code == SST_OK) ==
			  (strcmp(f->state, "unsupported") == 0));
		if (flaw->code != SST_OK)
			ck_assert_int_eq(
			    strncmp(flaw->text, p->name, strlen(p->name)), 0);
		for (k = 0; k < COUNT(parts); k++) {
			if (k != _i)
				ck_assert_msg(
				    strcmp(litellm_part(parts[k].name), "ok") ==
					0,
				    "%s with %s", parts[k].name, p->name);
		}
		snprintf(reason, sizeof(reason), "%s", litellm_reason(p->name));
		litellm_later(15);
		litellm_collect();
		ck_assert_str_eq(reason, litellm_reason(p->name));
		upstream_misbehave(world.up, "", NULL);
		litellm_later(900);
		litellm_whole();
		ck_assert_str_eq(litellm_part(p->name), "ok");
		ck_assert_str_eq(litellm_reason(p->name), "");
	}
}
END_TEST

/* readiness: 503 is an answer */
START_TEST(a_database_that_is_down)
{
	litellm_answer("/health/readiness", 503,
	    "{\"status\":\"unhealthy\",\"db\":\"disconnected\"}");
	litellm_open("");
	litellm_whole();
	ck_assert_str_eq(litellm_upstream("database"), "disconnected");
	ck_assert_str_eq(litellm_upstream("status"), "degraded");
	ck_assert_str_eq(litellm_part("readiness"), "ok");
}
END_TEST

/* Answers of before are shown for two periods, and no longer. */
START_TEST(old_facts_go)
{
	litellm_open("");
	litellm_whole();
	litellm_misbehave("/health/latest", UPSTREAM_STATUS, 500);
	litellm_later(60);
	litellm_collect();
	ck_assert_str_eq(litellm_part("health"), "failing");
	ck_assert_str_eq(litellm_text("dep-east", "status", NULL), "healthy");
	ck_assert(json_is_object(litellm_of("dep-west", "health", NULL)));
	litellm_later(61);
	litellm_collect();
	ck_assert(json_is_null(litellm_of("dep-west", "health", NULL)));
	ck_assert_str_eq(litellm_text("dep-west", "status", NULL), "unknown");
}
END_TEST

/* Twice as long each time, up to ten minutes. */
START_TEST(a_failing_part_is_asked_less_and_less)
{
	static const unsigned calls[] = {1, 2, 2, 3, 3, 3, 3, 4};
	int i;

	litellm_misbehave("/model_group/info", UPSTREAM_STATUS, 500);
	litellm_open("");
	for (i = 0; i < COUNT(calls); i++) {
		litellm_collect();
		ck_assert_uint_eq(
		    upstream_calls(world.up, "/model_group/info"), calls[i]);
		litellm_later(60);
	}
	for (i = 0; i < 60; i++) {
		litellm_collect();
		litellm_later(60);
	}
	ck_assert_uint_le(upstream_calls(world.up, "/model_group/info"), 11);
	ck_assert_uint_ge(upstream_calls(world.up, "/model_group/info"), 8);
}
END_TEST

START_TEST(the_last_list_is_used_for_a_while)
{
	litellm_open("");
	litellm_whole();
	litellm_misbehave("/model/info", UPSTREAM_STATUS, 500);
	litellm_later(60);
	ck_assert_int_eq(litellm_collect()->code, SST_UPSTREAM);
	ck_assert_str_eq(litellm_part("models"), "failing");
	ck_assert_uint_eq(json_array_size(world.models), 5);
	litellm_later(60);
	litellm_collect();
	litellm_later(1);
	litellm_fails(SST_UPSTREAM);
	upstream_misbehave(world.up, "", NULL);
	litellm_whole();
}
END_TEST

START_TEST(a_withdrawn_key_is_not_shown_for_a_minute)
{
	unsigned models, all;

	litellm_open("");
	litellm_whole();
	/* the list is not due: another part meets the refusal */
	litellm_misbehave("", UPSTREAM_STATUS, 401);
	litellm_later(15);
	litellm_fails(SST_UNAUTHORIZED);
	ck_assert_ptr_nonnull(
	    strstr(world.subject.err.text, "/model/info: the key is refused"));
	models = upstream_calls(world.up, "/model/info");
	all = upstream_calls(world.up, "");
	litellm_later(30);
	litellm_fails(SST_UNAUTHORIZED);
	litellm_fails(SST_UNAUTHORIZED);
	ck_assert_uint_eq(upstream_calls(world.up, "/model/info"), models);
	/* the probe needs no key */
	ck_assert_uint_eq(upstream_calls(world.up, ""), all + 2);
	litellm_later(30);
	upstream_misbehave(world.up, "", NULL);
	litellm_whole();
	ck_assert_str_eq(litellm_part("metrics"), "ok");
}
END_TEST

START_TEST(a_wrong_key_without_a_database)
{
	ck_assert(upstream_answer_file(
	    world.up, "/model/info", 400, LITELLM_MOCKS "nodb/wrong_key.json"));
	litellm_open("");
	litellm_fails(SST_UNAUTHORIZED);
	ck_assert_ptr_nonnull(strstr(world.subject.err.text, "master key"));
	ck_assert_ptr_null(strstr(world.subject.err.text, "sk-"));
}
END_TEST

/* The right of one part only: asked again a quarter of an hour later. */
START_TEST(a_key_that_may_not_see_all)
{
	litellm_misbehave("/key/list", UPSTREAM_STATUS, 401);
	litellm_open("");
	ck_assert_int_eq(litellm_collect()->code, SST_UNAUTHORIZED);
	ck_assert_str_eq(litellm_part("keys"), "forbidden");
	ck_assert_str_eq(litellm_part("teams"), "ok");
	litellm_later(600);
	litellm_collect();
	ck_assert_uint_eq(upstream_calls(world.up, "/key/list"), 1);
	litellm_later(300);
	litellm_collect();
	ck_assert_uint_eq(upstream_calls(world.up, "/key/list"), 2);
}
END_TEST

static void
last_header(const char *name, const char *value)
{
	char head[4096], line[256];

	upstream_last_request(world.up, head, sizeof(head));
	snprintf(line, sizeof(line), "\r\n%s: %s\r\n", name, value);
	ck_assert_msg(strstr(head, line) != NULL, "%s", head);
}

/* With the budgets off, the last request of a collection is the health. */
START_TEST(the_key_has_a_header)
{
	litellm_open("budgets: false, spend: false");
	litellm_whole();
	last_header("Authorization", "Bearer sk-secret");
	litellm_open("budgets: false, spend: false,"
		     " key_header: x-litellm-api-key");
	litellm_whole();
	last_header("x-litellm-api-key", "sk-secret");
}
END_TEST

START_TEST(the_key_stays_at_home)
{
	struct upstream *other = NULL;
	char options[256], head[4096];

	ck_assert(upstream_start(&other));
	ck_assert(upstream_answer_file(
	    other, "/metrics", 200, LITELLM_MOCKS "db/metrics.txt"));
	snprintf(options, sizeof(options), "metrics_url: '%s/metrics'",
	    upstream_url(other));
	litellm_open(options);
	litellm_whole();
	ck_assert_uint_eq(upstream_calls(other, ""), 1);
	ck_assert_uint_eq(upstream_calls(world.up, "/metrics"), 0);
	upstream_last_request(other, head, sizeof(head));
	ck_assert_ptr_null(strstr(head, "secret"));
	upstream_stop(&other);
}
END_TEST

/* A blocked event loop: the probe hangs, the rest answers. */
START_TEST(a_silent_probe_is_no_death)
{
	static const char *const status[] = {"degraded", "degraded", "down"};
	int i;

	litellm_open("");
	for (i = 0; i < 3; i++) {
		litellm_hold("/health/liveliness");
		ck_assert_int_eq(litellm_held(2001, false), SST_OK);
		ck_assert_str_eq(litellm_upstream("status"), status[i]);
		ck_assert_str_eq(litellm_part("liveliness"), "failing");
		ck_assert_uint_eq(json_array_size(world.models), 5);
		litellm_later(13);
	}
	litellm_whole();
	ck_assert_str_eq(litellm_upstream("status"), "ok");
}
END_TEST

START_TEST(a_proxy_that_goes_away)
{
	litellm_open("");
	litellm_whole();
	litellm_answer(
	    "/health/liveliness", 503, "{\"status\":\"shutting_down\"}");
	litellm_later(15);
	ck_assert_int_eq(litellm_collect()->code, SST_UPSTREAM);
	ck_assert_str_eq(litellm_upstream("status"), "degraded");
	ck_assert(upstream_refuse(world.up, true));
	litellm_later(15);
	litellm_fails(SST_UNREACHABLE);
	ck_assert(upstream_refuse(world.up, false));
	litellm_answer("/health/liveliness", 404, "{}");
	litellm_later(15);
	litellm_whole();
	/* old builds have another probe */
	ck_assert_str_eq(litellm_upstream("status"), "ok");
}
END_TEST

/* Nothing answers at all, not even with an error: no fresh result. */
START_TEST(silence_is_a_failure)
{
	litellm_open("");
	litellm_whole();
	litellm_later(15);
	litellm_hold("");
	litellm_hold_on("", 2001);
	ck_assert_int_eq(litellm_held(2001, false), SST_TIMEOUT);
	litellm_whole();
}
END_TEST

/* The database is slow: metrics are not kept waiting for it. */
START_TEST(what_is_slow_gets_a_round_of_its_own)
{
	unsigned metrics;

	litellm_open("");
	litellm_hold(DAY);
	ck_assert_int_eq(litellm_held(3001, false), SST_OK);
	ck_assert_int_eq(world.subject.harvest->flaw.code, SST_OK);
	ck_assert_str_eq(litellm_part("spend"), "syncing");
	ck_assert_str_eq(litellm_part("keys"), "syncing");
	ck_assert_int_eq(world.subject.next_ms, 0);
	metrics = upstream_calls(world.up, "/metrics/");
	/* at once, and now it may take its time */
	litellm_hold(DAY);
	ck_assert_int_eq(litellm_held(4000, true), SST_OK);
	ck_assert_str_eq(litellm_part("spend"), "ok");
	ck_assert_str_eq(litellm_part("keys"), "syncing");
	ck_assert_int_eq(world.subject.next_ms, 0);
	litellm_whole();
	ck_assert_str_eq(litellm_part("keys"), "ok");
	ck_assert_int_eq(world.subject.next_ms, -1);
	ck_assert_uint_eq(upstream_calls(world.up, "/metrics/"), metrics);
	ck_assert_double_eq(
	    litellm_number(CLAUDE, "spend_usd_today", NULL), 0.75);
}
END_TEST

START_TEST(what_is_too_slow_fails_alone)
{
	litellm_open("");
	litellm_hold(DAY);
	litellm_held(3001, false);
	litellm_hold(DAY);
	ck_assert_int_eq(litellm_held(5001, false), SST_OK);
	ck_assert_str_eq(litellm_part("spend"), "failing");
	ck_assert_int_eq(world.subject.harvest->flaw.code, SST_TIMEOUT);
	ck_assert(json_is_null(litellm_of(CLAUDE, "spend_usd_today", NULL)));
	ck_assert(json_is_null(litellm_of(CLAUDE, "tokens_today", NULL)));
	/* the others are in the round after */
	litellm_collect();
	ck_assert_str_eq(litellm_part("keys"), "ok");
}
END_TEST

START_TEST(rows_without_an_id_are_a_flaw)
{
	const struct sst_error *flaw;

	litellm_answer("/model/info", 200,
	    "{\"data\":[{\"model_name\":\"a\"},{\"model_name\":\"a\"},7]}");
	litellm_open("");
	flaw = litellm_collect();
	ck_assert_int_eq(flaw->code, SST_PROTOCOL);
	ck_assert_ptr_nonnull(strstr(flaw->text, "2 deployments without"));
	ck_assert_uint_eq(world.subject.harvest->rejected, 1);
	ck_assert_str_eq(litellm_text("a#2", "model", NULL), "a");
	ck_assert_str_eq(litellm_text("a#1", "provider", NULL), "unknown");
	ck_assert_str_eq(litellm_text("a#1", "payment_type", NULL), "unknown");
	ck_assert_ptr_null(litellm_of("a#1", "payment_type_inferred", NULL));
	ck_assert(json_is_null(litellm_of("a#1", "price", NULL)));
}
END_TEST

/* Workers in turn: nothing that could be taken for a figure. */
START_TEST(unreliable_counters_give_no_figures)
{
	int i;

	litellm_open("");
	for (i = 0; i < 8; i++) {
		ck_assert(upstream_answer_file(world.up, "/metrics/", 200,
		    i % 2 != 0 ? LITELLM_MOCKS "db/metrics.txt"
			       : LITELLM_MOCKS "db/metrics_later.txt"));
		litellm_whole();
		litellm_later(15);
	}
	ck_assert_str_eq(
	    litellm_text("dep-east", "usage_quality", NULL), "unreliable");
	ck_assert(json_is_null(litellm_of("dep-east", "tpm", NULL)));
	ck_assert(json_is_null(litellm_of("dep-east", "rpm", NULL)));
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_checked_fixture(tc, litellm_setup, litellm_teardown);
	tcase_add_loop_test(
	    tc, a_fault_takes_its_own_facts_only, 0, COUNT(parts));
	tcase_add_test(tc, a_database_that_is_down);
	tcase_add_test(tc, old_facts_go);
	tcase_add_test(tc, a_failing_part_is_asked_less_and_less);
	tcase_add_test(tc, the_last_list_is_used_for_a_while);
	tcase_add_test(tc, a_withdrawn_key_is_not_shown_for_a_minute);
	tcase_add_test(tc, a_wrong_key_without_a_database);
	tcase_add_test(tc, a_key_that_may_not_see_all);
	tcase_add_test(tc, the_key_has_a_header);
	tcase_add_test(tc, the_key_stays_at_home);
	tcase_add_test(tc, a_silent_probe_is_no_death);
	tcase_add_test(tc, a_proxy_that_goes_away);
	tcase_add_test(tc, silence_is_a_failure);
	tcase_add_test(tc, what_is_slow_gets_a_round_of_its_own);
	tcase_add_test(tc, what_is_too_slow_fails_alone);
	tcase_add_test(tc, rows_without_an_id_are_a_flaw);
	tcase_add_test(tc, unreliable_counters_give_no_figures);
}

int
main(void)
{
	Suite *s = suite_create("litellm_faults");
	TCase *tc = tcase_create("litellm_faults");
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
