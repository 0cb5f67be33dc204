/*
 * The source and an API server: what is listed and told, and that a result
 * is never called fresh without somebody having answered.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/poll.h"
#include "unit/repository/kube_source.h"
#include "unit/repository/kubernetes_rig.h"
#include "unit/base/run.h"

#define POD(name, phase)                                                \
	"{\"metadata\":{\"name\":\"" name "\",\"namespace\":\"agents\"" \
	"},\"spec\":{\"containers\":[{\"name\":\"c\"}]},\"status\":"    \
	"{\"phase\":\"" phase "\"}}"

/* What is known of the server as a whole is known: from now on only its life
 * is asked for. */
static void
await_settled(void)
{
	rig_await_watched();
	RIG_UNTIL(json_is_string(json_object_get(rig.upstream, "version")));
}

/* --- what is there ---------------------------------------------------- */

START_TEST(a_cluster_comes_in)
{
	rig_load();
	rig_open("");
	rig_await_watched();
	ck_assert_uint_eq(json_array_size(rig.entities), 7);
	ck_assert_str_eq(
	    rig_status("agent-coder-6cc645b565-bl2c5"), "CrashLoopBackOff");
	ck_assert_int_eq(rig_flaw()->code, SST_OK);
	ck_assert_str_eq(
	    json_string_value(json_object_get(rig.upstream, "status")), "ok");
	RIG_UNTIL(json_is_string(json_object_get(rig.upstream, "version")));
	ck_assert_uint_eq(
	    json_array_size(json_object_get(rig.upstream, "parts")), 9);
	RIG_UNTIL(
	    json_is_real(json_object_get(rig_pod("agent-memory-0"), "cpu")));
}
END_TEST

START_TEST(an_empty_cluster_is_empty)
{
	rig_open("");
	rig_await_watched();
	ck_assert_uint_eq(json_array_size(rig.entities), 0);
	ck_assert_int_eq(rig_flaw()->code, SST_OK);
}
END_TEST

START_TEST(nothing_is_said_before_all_is_listed)
{
	const struct kube_api_fault hold = {.kind = KUBE_API_HOLD};

	rig_load();
	kube_api_misbehave(rig.api, "/apis/batch/v1/jobs", &hold);
	rig_open("");
	ck_assert(kube_api_wait_calls(rig.api, "/apis/batch/v1/jobs", 1));
	ck_assert_int_eq(subject_collect(&rig.subject), SST_NODATA);
	kube_api_misbehave(rig.api, "/apis/batch/v1/jobs", NULL);
	kube_api_release(rig.api);
	rig_await_watched();
	ck_assert_uint_eq(json_array_size(rig.entities), 7);
}
END_TEST

START_TEST(an_event_is_told_at_once)
{
	unsigned before;

	rig_load();
	rig_open("");
	rig_await_watched();
	before = atomic_load(&rig.subject.notified);
	ck_assert_uint_gt(
	    kube_api_put(rig.api, KUBE_PODS, POD("new", "Running")), 0);
	ck_assert(POLL_UNTIL(atomic_load(&rig.subject.notified) > before));
	RIG_UNTIL(strcmp(rig_status("new"), "Running") == 0);
	kube_api_put(rig.api, KUBE_PODS, POD("new", "Failed"));
	RIG_UNTIL(strcmp(rig_status("new"), "Failed") == 0);
	kube_api_delete(rig.api, KUBE_PODS, "agents", "new");
	RIG_UNTIL(rig_pod("new") == NULL);
}
END_TEST

/* What a server sends again without a change wakes nobody. */
START_TEST(an_event_without_news_is_not_told)
{
	unsigned before, i;

	rig_load();
	rig_open("");
	rig_await_watched();
	before = atomic_load(&rig.subject.notified);
	for (i = 0; i < 100; i++)
		kube_api_touch(rig.api, KUBE_PODS, "agents", "agent-memory-0");
	/* whatever is told behind them was told before this one came */
	kube_api_put(rig.api, KUBE_PODS, POD("last", "Running"));
	RIG_UNTIL(rig_pod("last") != NULL);
	/* the last one, usage, and what watches told of themselves meanwhile */
	ck_assert_uint_le(atomic_load(&rig.subject.notified), before + 12);
}
END_TEST

START_TEST(namespaces_are_followed_one_by_one)
{
	rig_load();
	rig_open("namespaces: [agents, other]");
	rig_await(SST_OK);
	RIG_UNTIL(strcmp(rig_part("podmetrics (other)"), "ok") == 0);
	ck_assert_uint_eq(json_array_size(rig.entities), 7);
	ck_assert_str_eq(rig_part("pods (agents)"), "ok");
	ck_assert_uint_eq(
	    json_array_size(json_object_get(rig.upstream, "parts")), 18);
	ck_assert_uint_eq(kube_api_calls(rig.api, "/api/v1/pods"), 0);
	ck_assert_uint_eq(
	    kube_api_calls(rig.api, "/api/v1/namespaces/other/pods?limit"), 1);
}
END_TEST

START_TEST(no_secret_comes_out)
{
	char *all;

	rig_load();
	rig_open("");
	rig_await_watched();
	all = json_dumps(rig.entities, 0);
	ck_assert_ptr_null(strstr(all, "env-value-must-never-be-printed"));
	free(all);
}
END_TEST

/* --- ends ------------------------------------------------------------- */

START_TEST(a_server_that_is_gone_is_a_failure)
{
	rig_load();
	rig_open("");
	rig_await_watched();
	ck_assert(kube_api_refuse(rig.api, true));
	ck_assert(POLL_UNTIL((fake_clock_advance(&rig.subject.hands, 500),
	    subject_collect(&rig.subject) == SST_UNREACHABLE)));
	ck_assert(kube_api_refuse(rig.api, false));
	ck_assert(
	    POLL_UNTIL((rig_skip(), rig_look() && rig_flaw()->code == SST_OK)));
	ck_assert_uint_eq(json_array_size(rig.entities), 7);
}
END_TEST

START_TEST(a_server_that_is_not_there_is_a_failure)
{
	ck_assert(kube_api_refuse(rig.api, true));
	rig_open("");
	rig_await(SST_UNREACHABLE);
	rig_load();
	ck_assert(kube_api_refuse(rig.api, false));
	ck_assert(POLL_UNTIL((rig_skip(), rig_look())));
}
END_TEST

START_TEST(a_kubeconfig_that_is_not_there_is_a_failure)
{
	unlink(rig.kubeconfig);
	rig_open("");
	ck_assert(POLL_UNTIL(subject_collect(&rig.subject) != SST_NODATA));
	ck_assert_int_ne(rig.subject.err.code, SST_OK);
	ck_assert_ptr_nonnull(strstr(rig.subject.err.text, rig.kubeconfig));
}
END_TEST

START_TEST(a_forgotten_past_is_listed_anew)
{
	rig_load();
	rig_open("");
	rig_await_watched();
	kube_api_compact(rig.api, false);
	kube_api_cut_watches(rig.api, KUBE_PODS);
	kube_api_put(rig.api, KUBE_PODS, POD("after", "Running"));
	kube_api_delete(rig.api, KUBE_PODS, "agents", "agent-shell");
	kube_api_compact(rig.api, false);
	ck_assert(
	    POLL_UNTIL((rig_skip(), rig_look() && rig_pod("after") != NULL)));
	RIG_UNTIL(rig_pod("agent-shell") == NULL);
}
END_TEST

/* --- alive ------------------------------------------------------------ */

START_TEST(a_quiet_server_is_asked_whether_it_lives)
{
	rig_load();
	rig_open("");
	await_settled();
	kube_source_asks(&rig);
	kube_source_keeps_its_deadline(&rig);
}
END_TEST

START_TEST(an_event_answers_the_question)
{
	const struct kube_api_fault hold = {.kind = KUBE_API_HOLD};

	rig_load();
	rig_open("");
	await_settled();
	kube_api_misbehave(rig.api, "/version", &hold);
	kube_rig_ask(&rig);
	kube_api_put(rig.api, KUBE_PODS, POD("new", "Running"));
	ck_assert_int_eq(subject_join(&rig.subject), SST_OK);
	RIG_UNTIL(rig_pod("new") != NULL);
}
END_TEST

START_TEST(a_collection_can_be_interrupted)
{
	rig_load();
	rig_open("");
	await_settled();
	kube_source_can_be_interrupted(&rig);
}
END_TEST

/* --- stopping --------------------------------------------------------- */

static const struct kube_api_fault stop_faults[] = {
    {.kind = KUBE_API_NONE},
    {.kind = KUBE_API_HOLD},
    {.kind = KUBE_API_HOLD_BODY},
    {.kind = KUBE_API_STATUS, .status = 500},
    {.kind = KUBE_API_STATUS, .status = 429, .retry_after = 60},
    {.kind = KUBE_API_SILENT},
    {.kind = KUBE_API_CLOSE},
};

enum { STOP_FAULTS = (int)(sizeof(stop_faults) / sizeof(stop_faults[0])) };

/* Nothing was ever listed: that is a failure with a reason, not data that is
 * still to come. */
START_TEST(a_server_that_hangs_from_the_start_is_a_failure)
{
	const struct kube_api_fault hang = {.kind = KUBE_API_HOLD};

	rig_load();
	kube_api_misbehave(rig.api, "", &hang);
	rig_open("");
	subject_begin(&rig.subject);
	ck_assert(kube_api_wait_calls(rig.api, "/version", 1));
	fake_clock_advance(&rig.subject.hands, SUBJECT_DEADLINE_MS + 1);
	ck_assert_int_eq(subject_join(&rig.subject), SST_TIMEOUT);
	ck_assert_ptr_nonnull(strstr(rig.subject.err.text, "/version"));
	kube_api_behave(rig.api);
	kube_api_release(rig.api);
}
END_TEST

/* In whatever it is about; the time limit of the test is the assertion. */
START_TEST(it_can_be_stopped_at_any_time)
{
	rig_load();
	if (stop_faults[_i].kind != KUBE_API_NONE)
		kube_api_misbehave(rig.api, "", &stop_faults[_i]);
	/* at once, before anything was asked */
	rig_open("");
	subject_close(&rig.subject);
	rig_open("");
	ck_assert(kube_api_wait_calls(rig.api, "", 1));
	subject_close(&rig.subject);
	rig_open("");
	/* one that hangs waits for a sign of life, as long as the clock stands
	 */
	subject_begin(&rig.subject);
	rig.subject.ops->interrupt(rig.subject.state);
	subject_join(&rig.subject);
	subject_close(&rig.subject);
	kube_api_behave(rig.api);
	kube_api_release(rig.api);
	rig_open("");
	rig_await(SST_OK);
}
END_TEST

static void
add_tests(Suite *s)
{
	TCase *tc = tcase_create("live");

	tcase_add_checked_fixture(tc, rig_setup, rig_teardown);
	tcase_add_test(tc, a_cluster_comes_in);
	tcase_add_test(tc, an_empty_cluster_is_empty);
	tcase_add_test(tc, nothing_is_said_before_all_is_listed);
	tcase_add_test(tc, an_event_is_told_at_once);
	tcase_add_test(tc, an_event_without_news_is_not_told);
	tcase_add_test(tc, namespaces_are_followed_one_by_one);
	tcase_add_test(tc, no_secret_comes_out);
	tcase_add_test(tc, a_server_that_is_gone_is_a_failure);
	tcase_add_test(tc, a_server_that_is_not_there_is_a_failure);
	tcase_add_test(tc, a_kubeconfig_that_is_not_there_is_a_failure);
	tcase_add_test(tc, a_forgotten_past_is_listed_anew);
	tcase_add_test(tc, a_quiet_server_is_asked_whether_it_lives);
	tcase_add_test(tc, an_event_answers_the_question);
	tcase_add_test(tc, a_server_that_hangs_from_the_start_is_a_failure);
	tcase_add_test(tc, a_collection_can_be_interrupted);
	tcase_add_loop_test(tc, it_can_be_stopped_at_any_time, 0, STOP_FAULTS);
	suite_add_tcase(s, tc);
}

int
main(void)
{
	Suite *s = suite_create("kubernetes live");

	add_tests(s);
	return unit_run(s);
}
