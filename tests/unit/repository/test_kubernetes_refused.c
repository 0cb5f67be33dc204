/*
 * What a cluster does not let us read: each refusal takes one fact away and
 * nothing else, and says so.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/repository/kube_source.h"
#include "unit/repository/kubernetes_rig.h"
#include "unit/base/run.h"

#define POD(name, phase)                                                \
	"{\"metadata\":{\"name\":\"" name "\",\"namespace\":\"agents\"" \
	"},\"spec\":{\"containers\":[{\"name\":\"c\"}]},\"status\":"    \
	"{\"phase\":\"" phase "\"}}"

struct refusal {
	const char *prefix; /* of the list */
	const char *part;
	const char *missing; /* in the flaw */
};

static const struct refusal refusals[] = {
    {"/api/v1/pods", "pods", "counts are those of the controllers"},
    {"/apis/apps/v1/deployments", "deployments", "Deployments"},
    {"/apis/apps/v1/replicasets", "replicasets", "which pods are whose"},
    {"/apis/apps/v1/statefulsets", "statefulsets", "StatefulSets"},
    {"/apis/apps/v1/daemonsets", "daemonsets", "DaemonSets"},
    {"/apis/batch/v1/jobs", "jobs", "CronJob"},
    {"/apis/batch/v1", "jobs", "CronJob"},
    {"/apis/autoscaling", "horizontalpodautoscalers", "max_pods"},
    {"/apis/metrics.k8s.io", "podmetrics", "cpu and memory"},
};

static const struct {
	int status;
	int code;
	const char *state;
} statuses[] = {
    {403, SST_FORBIDDEN, "forbidden"},
    {404, SST_NOT_FOUND, "unsupported"},
    {503, SST_UPSTREAM, "failing"},
};

enum { REFUSALS = (int)(sizeof(refusals) / sizeof(refusals[0])) };

START_TEST(one_refusal_degrades_one_fact)
{
	const struct refusal *r = &refusals[_i / 3];
	const struct kube_api_fault fault = {
	    .kind = KUBE_API_STATUS, .status = statuses[_i % 3].status};
	const json_t *parts, *part;
	size_t i, bad = 0;

	rig_load();
	kube_api_misbehave(rig.api, r->prefix, &fault);
	rig_open("");
	rig_await(SST_OK);
	RIG_UNTIL(strcmp(rig_part(r->part), statuses[_i % 3].state) == 0);
	ck_assert_msg(rig_flaw()->code == statuses[_i % 3].code, "%s: %s",
	    r->part, rig_flaw()->text);
	ck_assert_ptr_nonnull(strstr(rig_flaw()->text, r->part));
	ck_assert_msg(strstr(rig_flaw()->text, r->missing) != NULL, "%s",
	    rig_flaw()->text);
	ck_assert_uint_gt(strlen(rig_part_reason(r->part)), 0);
	ck_assert_uint_ge(json_array_size(rig.entities), 4);
	parts = json_object_get(rig.upstream, "parts");
	json_array_foreach(parts, i, part)
	{
		const char *s =
		    json_string_value(json_object_get(part, "state"));

		bad += strcmp(s, "ok") != 0 && strcmp(s, "syncing") != 0;
	}
	/* the same prefix for two of them */
	ck_assert_uint_le(
	    bad, strcmp(r->prefix, "/apis/batch/v1") == 0 ? 2 : 1);
	ck_assert_str_eq(
	    json_string_value(json_object_get(rig.upstream, "status")),
	    "degraded");
}
END_TEST

START_TEST(without_pods_deployments_stay)
{
	const struct kube_api_fault fault = {
	    .kind = KUBE_API_STATUS, .status = 403};
	const json_t *e;

	rig_load();
	kube_api_misbehave(rig.api, KUBE_PODS, &fault);
	rig_open("");
	rig_await(SST_OK);
	e = rig_find("Deployment", "agent-planner");
	ck_assert_uint_eq(json_array_size(json_object_get(e, "pods")), 0);
	ck_assert_int_eq(json_integer_value(json_object_get(
			     json_object_get(e, "live"), "active_pods")),
	    3);
}
END_TEST

START_TEST(everything_refused_is_a_failure)
{
	const struct kube_api_fault fault = {
	    .kind = KUBE_API_STATUS, .status = 403};

	rig_load();
	kube_api_misbehave(rig.api, "", &fault);
	rig_open("");
	rig_await(SST_FORBIDDEN);
	ck_assert_uint_gt(strlen(rig.subject.err.text), 0);
}
END_TEST

static const struct kube_source source = {&rig, "metrics: false", KUBE_PODS, 8};

START_TEST(no_chance_decides_which_failure_is_told)
{
	kube_source_tells_the_gravest(&source);
}
END_TEST

START_TEST(a_server_that_fails_is_told_at_once)
{
	kube_source_tells_of_the_server(&source);
}
END_TEST

START_TEST(a_permission_given_later_is_noticed)
{
	const struct kube_api_fault fault = {
	    .kind = KUBE_API_STATUS, .status = 403};

	rig_load();
	kube_api_misbehave(rig.api, KUBE_PODS, &fault);
	rig_open("");
	rig_await(SST_OK);
	kube_api_behave(rig.api);
	fake_clock_advance(&rig.subject.hands, 61000);
	RIG_UNTIL(rig_pod("agent-memory-0") != NULL);
	RIG_UNTIL(strcmp(rig_part("pods"), "ok") == 0);
}
END_TEST

START_TEST(without_metrics_nobody_is_asked)
{
	rig_load();
	rig_open("metrics: false");
	rig_await(SST_OK);
	ck_assert_str_eq(rig_part("podmetrics"), "disabled");
	ck_assert_int_eq(rig_flaw()->code, SST_OK);
	ck_assert_uint_eq(kube_api_calls(rig.api, KUBE_METRICS), 0);
	ck_assert(
	    json_is_null(json_object_get(rig_pod("agent-memory-0"), "cpu")));
}
END_TEST

/* A metrics server that hangs keeps no event waiting. */
START_TEST(slow_metrics_delay_nothing)
{
	const struct kube_api_fault hold = {.kind = KUBE_API_HOLD};

	rig_load();
	kube_api_misbehave(rig.api, KUBE_METRICS, &hold);
	rig_open("");
	rig_await(SST_OK);
	ck_assert(kube_api_wait_calls(rig.api, KUBE_METRICS, 1));
	kube_api_put(rig.api, KUBE_PODS, POD("new", "Running"));
	RIG_UNTIL(strcmp(rig_status("new"), "Running") == 0);
	ck_assert_str_eq(rig_part("podmetrics"), "syncing");
	fake_clock_advance(&rig.subject.hands, 11000);
	RIG_UNTIL(strcmp(rig_part("podmetrics"), "failing") == 0);
}
END_TEST

START_TEST(usage_that_is_refused_is_unknown_again)
{
	const struct kube_api_fault fault = {
	    .kind = KUBE_API_STATUS_TEXT, .status = 404};

	rig_load();
	rig_open("");
	rig_await_watched();
	RIG_UNTIL(
	    json_is_real(json_object_get(rig_pod("agent-memory-0"), "cpu")));
	kube_api_misbehave(rig.api, KUBE_METRICS, &fault);
	fake_clock_advance(&rig.subject.hands, 31000);
	RIG_UNTIL(
	    json_is_null(json_object_get(rig_pod("agent-memory-0"), "cpu")));
	ck_assert_str_eq(rig_part("podmetrics"), "unsupported");
}
END_TEST

/* batch/v1 has CronJobs since 1.21 only. */
START_TEST(cronjobs_of_older_servers_are_found)
{
	rig_load();
	kube_api_withdraw(rig.api, KUBE_CRONJOBS);
	ck_assert(kube_api_collection(
	    rig.api, "/apis/batch/v1beta1/cronjobs", "CronJob"));
	ck_assert_uint_gt(
	    kube_api_put(rig.api, "/apis/batch/v1beta1/cronjobs",
		"{\"metadata\":{\"name\":\"nightly\",\"namespace\":\"agents\"},"
		"\"spec\":{}}"),
	    0);
	rig_open("");
	rig_await(SST_OK);
	RIG_UNTIL(strcmp(rig_part("cronjobs"), "ok") == 0);
	ck_assert_ptr_nonnull(rig_find("CronJob", "nightly"));
	ck_assert_int_eq(rig_flaw()->code, SST_OK);
}
END_TEST

START_TEST(cronjobs_of_no_version_are_unsupported)
{
	rig_load();
	kube_api_withdraw(rig.api, KUBE_CRONJOBS);
	rig_open("");
	rig_await(SST_OK);
	RIG_UNTIL(strcmp(rig_part("cronjobs"), "unsupported") == 0);
	rig_pass(3);
	ck_assert_str_eq(rig_part("cronjobs"), "unsupported");
	ck_assert_uint_eq(json_array_size(rig.entities), 7);
}
END_TEST

/* Where only listing is allowed, lists are how changes are seen: nothing is
 * forgotten in between. */
START_TEST(a_refused_watch_takes_nothing_away)
{
	const struct kube_api_fault fault = {
	    .kind = KUBE_API_STATUS, .status = 403};
	size_t waiting;
	int i;

	rig_load();
	kube_api_misbehave(rig.api, KUBE_PODS "?watch", &fault);
	rig_open("");
	rig_await(SST_OK);
	RIG_UNTIL(strcmp(rig_part("pods"), "forbidden") == 0);
	waiting = fake_clock_waiting(&rig.subject.hands);
	for (i = 2; i < 6; i++) {
		/* the clock must not run on while its list is under way */
		while (
		    kube_api_calls(rig.api, KUBE_PODS "?watch") < (unsigned)i) {
			fake_clock_advance(&rig.subject.hands, 5000);
			ck_assert(POLL_UNTIL(
			    fake_clock_waiting(&rig.subject.hands) >= waiting));
			rig_look();
		}
		ck_assert_ptr_nonnull(rig_pod("agent-memory-0"));
	}
}
END_TEST

/* A permission that was taken away: what was known is a memory, some time. */
START_TEST(what_is_refused_for_long_is_forgotten)
{
	const struct kube_api_fault fault = {
	    .kind = KUBE_API_STATUS, .status = 403};

	rig_load();
	rig_open("");
	rig_await_watched();
	kube_api_misbehave(rig.api, KUBE_PODS, &fault);
	kube_api_end_watches(rig.api, KUBE_PODS);
	ck_assert(POLL_UNTIL((fake_clock_advance(&rig.subject.hands, 500),
	    rig_look() && strcmp(rig_part("pods"), "forbidden") == 0)));
	ck_assert_ptr_nonnull(rig_pod("agent-memory-0"));
	rig_pass(95);
	ck_assert_ptr_null(rig_pod("agent-memory-0"));
	ck_assert_ptr_nonnull(rig_find("StatefulSet", "agent-memory"));
}
END_TEST

START_TEST(an_object_that_cannot_be_read_is_counted)
{
	rig_load();
	kube_api_put(rig.api, KUBE_PODS,
	    "{\"metadata\":{\"name\":\"odd\\u0007\","
	    "\"namespace\":\"agents\"}}");
	rig_open("");
	rig_await_watched();
	ck_assert_uint_eq(rig.subject.harvest->rejected, 1);
	ck_assert_ptr_nonnull(strstr(rig_flaw()->text, "pods"));
	ck_assert_uint_eq(json_array_size(rig.entities), 7);
}
END_TEST

static void
add_tests(Suite *s)
{
	TCase *tc = tcase_create("refused");

	tcase_add_checked_fixture(tc, rig_setup, rig_teardown);
	tcase_add_loop_test(tc, one_refusal_degrades_one_fact, 0, REFUSALS * 3);
	tcase_add_test(tc, without_pods_deployments_stay);
	tcase_add_test(tc, everything_refused_is_a_failure);
	tcase_add_test(tc, no_chance_decides_which_failure_is_told);
	tcase_add_test(tc, a_server_that_fails_is_told_at_once);
	tcase_add_test(tc, a_permission_given_later_is_noticed);
	tcase_add_test(tc, without_metrics_nobody_is_asked);
	tcase_add_test(tc, slow_metrics_delay_nothing);
	tcase_add_test(tc, usage_that_is_refused_is_unknown_again);
	tcase_add_test(tc, cronjobs_of_older_servers_are_found);
	tcase_add_test(tc, cronjobs_of_no_version_are_unsupported);
	tcase_add_test(tc, a_refused_watch_takes_nothing_away);
	tcase_add_test(tc, what_is_refused_for_long_is_forgotten);
	tcase_add_test(tc, an_object_that_cannot_be_read_is_counted);
	suite_add_tcase(s, tc);
}

int
main(void)
{
	Suite *s = suite_create("kubernetes refusals");

	add_tests(s);
	return unit_run(s);
}
