/*
 * The source and an API server: which workloads become agents, what changes,
 * what is refused, and that nothing is called fresh without an answer.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "repository/agents/agents.h"
#include "support/kube_rig.h"
#include "unit/base/run.h"
#include "unit/repository/kube_source.h"

#define DEPLOYMENTS "/apis/apps/v1/deployments"
#define STATEFULSETS "/apis/apps/v1/statefulsets"
#define DAEMONSETS "/apis/apps/v1/daemonsets"
#define WATCHES 3

static struct kube_rig rig;

static void
setup(void)
{
	kube_rig_init(&rig, &sst_agents_kubernetes_ops);
}

static void
teardown(void)
{
	kube_rig_fini(&rig);
}

static bool
look(void)
{
	return kube_rig_look(&rig);
}

#define UNTIL(expression)                                           \
	ck_assert_msg(POLL_UNTIL(look() && (expression)), "%s: %s", \
	    #expression, names())

/* "a=running b=offline" */
static const char *
names(void)
{
	static char text[1024];
	const json_t *agent;
	size_t i, len = 0;

	text[0] = '\0';
	json_array_foreach(rig.entities, i, agent)
	{
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%s%s=%s", i > 0 ? " " : "",
		    json_string_value(json_object_get(agent, "name")),
		    json_string_value(json_object_get(agent, "status")));
	}
	return text;
}

static bool
named(const char *text)
{
	return strcmp(names(), text) == 0;
}

static const char *
part(const char *name, const char *member)
{
	return kube_rig_part(&rig, name, member);
}

/* A workload of that namespace and name; notes: its annotations. */
static void
put(const char *collection, const char *namespace, const char *name,
    const char *notes)
{
	char json[1024];

	snprintf(json, sizeof(json),
	    "{\"metadata\":{\"name\":\"%s\",\"namespace\":\"%s\","
	    "\"annotations\":{%s}},\"spec\":{\"replicas\":1},\"status\":{"
	    "\"observedGeneration\":1,\"readyReplicas\":1,"
	    "\"desiredNumberScheduled\":1,\"numberReady\":1}}",
	    name, namespace, notes);
	ck_assert_uint_gt(kube_api_put(rig.api, collection, json), 0);
}

#define AGENT(name) "\"systate.io/agent\":\"" name "\""

static void
await_watched(void)
{
	kube_rig_await(&rig, SST_OK);
	UNTIL(kube_rig_all_ok(&rig));
	ck_assert(kube_api_wait_watchers(rig.api, "", WATCHES));
	kube_rig_await(&rig, SST_OK);
}

static void
await_settled(void)
{
	await_watched();
	UNTIL(json_is_string(json_object_get(rig.upstream, "version")));
}

/* --- what is there ---------------------------------------------------- */

START_TEST(marked_workloads_are_agents)
{
	const json_t *a;

	put(DEPLOYMENTS, "agents", "one", AGENT("true"));
	put(STATEFULSETS, "agents", "two", AGENT("memory"));
	put(DAEMONSETS, "agents", "three", AGENT("true"));
	put(DEPLOYMENTS, "agents", "database", "");
	put(DEPLOYMENTS, "agents", "old", AGENT("false"));
	kube_rig_open(&rig, "");
	await_watched();
	ck_assert_str_eq(names(), "memory=running one=running three=running");
	ck_assert_int_eq(rig.subject.harvest->flaw.code, SST_OK);
	ck_assert_uint_eq(rig.subject.harvest->rejected, 0);
	a = json_array_get(rig.entities, 0);
	ck_assert_str_eq(
	    json_string_value(json_object_get(a, "deployment_name")), "two");
	ck_assert_str_eq(
	    json_string_value(json_object_get(a, "namespace")), "agents");
	ck_assert_str_eq(
	    json_string_value(json_object_get(rig.upstream, "status")), "ok");
	UNTIL(json_is_string(json_object_get(rig.upstream, "version")));
}
END_TEST

START_TEST(nothing_is_said_before_all_is_listed)
{
	const struct kube_api_fault hold = {.kind = KUBE_API_HOLD};

	put(DEPLOYMENTS, "agents", "one", AGENT("true"));
	kube_api_misbehave(rig.api, DAEMONSETS, &hold);
	kube_rig_open(&rig, "");
	ck_assert(kube_api_wait_calls(rig.api, DAEMONSETS, 1));
	ck_assert_int_eq(subject_collect(&rig.subject), SST_NODATA);
	kube_api_misbehave(rig.api, DAEMONSETS, NULL);
	kube_api_release(rig.api);
	await_watched();
	ck_assert_str_eq(names(), "one=running");
}
END_TEST

START_TEST(changes_are_told_at_once)
{
	unsigned before;

	put(DEPLOYMENTS, "agents", "one", AGENT("true"));
	kube_rig_open(&rig, "");
	await_watched();
	before = atomic_load(&rig.subject.notified);
	put(DEPLOYMENTS, "agents", "two", AGENT("true"));
	ck_assert(POLL_UNTIL(atomic_load(&rig.subject.notified) > before));
	UNTIL(named("one=running two=running"));
	/* the mark is taken off, and put on */
	put(DEPLOYMENTS, "agents", "one", "");
	UNTIL(named("two=running"));
	put(DEPLOYMENTS, "agents", "one", AGENT("uno"));
	UNTIL(named("two=running uno=running"));
	kube_api_delete(rig.api, DEPLOYMENTS, "agents", "two");
	UNTIL(named("uno=running"));
	ck_assert_int_eq(rig.subject.harvest->flaw.code, SST_OK);
}
END_TEST

/* The rest of the cluster may be busy: that is not our business. */
START_TEST(what_is_not_shown_wakes_nobody)
{
	unsigned before;
	int i;

	put(DEPLOYMENTS, "agents", "one", AGENT("true"));
	put(DEPLOYMENTS, "agents", "database", "");
	kube_rig_open(&rig, "");
	await_watched();
	before = atomic_load(&rig.subject.notified);
	for (i = 0; i < 50; i++) {
		kube_api_touch(rig.api, DEPLOYMENTS, "agents", "database");
		kube_api_touch(rig.api, DEPLOYMENTS, "agents", "one");
	}
	put(DEPLOYMENTS, "agents", "one", AGENT("true") ",\"x\":\"y\"");
	kube_api_delete(rig.api, DEPLOYMENTS, "agents", "database");
	/* whatever is told behind them was told before this one came */
	put(DEPLOYMENTS, "agents", "last", AGENT("true"));
	UNTIL(named("last=running one=running"));
	/* the last one, and what the watches told of themselves meanwhile */
	ck_assert_uint_le(atomic_load(&rig.subject.notified), before + 10);
}
END_TEST

START_TEST(what_went_while_nobody_watched_is_gone)
{
	put(DEPLOYMENTS, "agents", "one", AGENT("true"));
	put(DEPLOYMENTS, "agents", "two", AGENT("true"));
	kube_rig_open(&rig, "");
	await_watched();
	ck_assert(kube_api_refuse(rig.api, true));
	kube_api_delete(rig.api, DEPLOYMENTS, "agents", "one");
	put(DEPLOYMENTS, "agents", "three", AGENT("true"));
	kube_api_compact(rig.api, false);
	ck_assert(kube_api_refuse(rig.api, false));
	ck_assert(POLL_UNTIL((fake_clock_advance(&rig.subject.hands, 100),
	    look() && named("three=running two=running"))));
}
END_TEST

START_TEST(namespaces_are_followed_one_by_one)
{
	put(DEPLOYMENTS, "agents", "one", AGENT("true"));
	put(DEPLOYMENTS, "hidden", "two", AGENT("true"));
	put(STATEFULSETS, "more", "three", AGENT("true"));
	kube_rig_open(&rig, "namespaces: [agents, more]");
	kube_rig_await(&rig, SST_OK);
	UNTIL(named("one=running three=running"));
	ck_assert_str_eq(part("deployments (agents)", "state"), "ok");
	ck_assert_uint_eq(
	    json_array_size(json_object_get(rig.upstream, "parts")), 6);
	ck_assert_uint_eq(kube_api_calls(rig.api, DEPLOYMENTS), 0);
}
END_TEST

START_TEST(a_selector_is_sent)
{
	char head[4096];

	kube_rig_open(
	    &rig, "selector: 'systate.io/agent,tier!=test', prefix: a.b/");
	await_watched();
	/* none is none, not unknown */
	ck_assert_uint_eq(json_array_size(rig.entities), 0);
	ck_assert_int_eq(rig.subject.harvest->flaw.code, SST_OK);
	kube_api_last_request(rig.api, DEPLOYMENTS "?", head, sizeof(head));
	ck_assert_ptr_nonnull(
	    strstr(head, "labelSelector=systate.io%2Fagent%2Ctier%21%3Dtest"));
}
END_TEST

START_TEST(wrong_values_are_told_and_the_agent_stays)
{
	const struct sst_error *flaw;

	put(DEPLOYMENTS, "agents", "one",
	    AGENT("true") ",\"systate.io/max-parallel-invocations\":\"many\","
			  "\"systate.io/models\":\"a,\\u0007\"");
	put(DEPLOYMENTS, "agents", "two", AGENT("true"));
	kube_rig_open(&rig, "");
	await_watched();
	ck_assert_str_eq(names(), "one=running two=running");
	flaw = &rig.subject.harvest->flaw;
	ck_assert_uint_eq(rig.subject.harvest->rejected, 2);
	ck_assert_msg(
	    strstr(flaw->text,
		"/metadata/annotations/systate.io~1max-parallel-invocations: "
		"not a whole number from 0 to 1000000 (Deployment "
		"agents/one)") != NULL,
	    "%s", flaw->text);
	put(DEPLOYMENTS, "agents", "one", AGENT("true"));
	UNTIL(rig.subject.harvest->flaw.code == SST_OK);
}
END_TEST

START_TEST(two_of_one_name_are_told)
{
	const struct sst_error *flaw;

	put(DEPLOYMENTS, "b", "one", AGENT("same"));
	put(STATEFULSETS, "a", "two", AGENT("same"));
	kube_rig_open(&rig, "");
	await_watched();
	ck_assert_uint_eq(json_array_size(rig.entities), 1);
	/* always the same one */
	ck_assert_str_eq(
	    json_string_value(json_object_get(
		json_array_get(rig.entities, 0), "deployment_name")),
	    "two");
	flaw = &rig.subject.harvest->flaw;
	ck_assert_msg(
	    strstr(flaw->text, "/agents/same: Deployment b/one claims "
			       "the name of StatefulSet a/two") != NULL,
	    "%s", flaw->text);
}
END_TEST

/* --- what is refused -------------------------------------------------- */

static const struct {
	int status, code;
	const char *state;
} refusals[] = {
    {403, SST_FORBIDDEN, "forbidden"},
    {404, SST_NOT_FOUND, "unsupported"},
    {503, SST_UPSTREAM, "failing"},
};

START_TEST(one_refusal_degrades_one_kind)
{
	const struct kube_api_fault fault = {
	    .kind = KUBE_API_STATUS, .status = refusals[_i].status};

	put(DEPLOYMENTS, "agents", "one", AGENT("true"));
	put(STATEFULSETS, "agents", "two", AGENT("true"));
	kube_api_misbehave(rig.api, STATEFULSETS, &fault);
	kube_rig_open(&rig, "");
	kube_rig_await(&rig, SST_OK);
	UNTIL(strcmp(part("statefulsets", "state"), refusals[_i].state) == 0);
	ck_assert_str_eq(names(), "one=running");
	ck_assert_int_eq(rig.subject.harvest->flaw.code, refusals[_i].code);
	ck_assert_ptr_eq(
	    strstr(rig.subject.harvest->flaw.text, "statefulsets: "),
	    rig.subject.harvest->flaw.text);
	ck_assert_str_ne(part("statefulsets", "reason"), "");
	ck_assert_str_eq(part("deployments", "state"), "ok");
	ck_assert_str_eq(
	    json_string_value(json_object_get(rig.upstream, "status")),
	    "degraded");
}
END_TEST

START_TEST(all_refused_is_a_failure)
{
	const struct kube_api_fault fault = {
	    .kind = KUBE_API_STATUS, .status = 403};

	kube_api_misbehave(rig.api, "/apis", &fault);
	kube_rig_open(&rig, "");
	kube_rig_await(&rig, SST_FORBIDDEN);
	ck_assert_str_ne(rig.subject.err.text, "");
}
END_TEST

static const struct kube_source source = {&rig, "", DEPLOYMENTS, WATCHES};

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

START_TEST(nobody_there_is_a_failure)
{
	ck_assert(kube_api_refuse(rig.api, true));
	kube_rig_open(&rig, "");
	kube_rig_await(&rig, SST_UNREACHABLE);
	ck_assert(kube_api_refuse(rig.api, false));
	ck_assert(
	    POLL_UNTIL((fake_clock_advance(&rig.subject.hands, 100), look())));
}
END_TEST

START_TEST(a_missing_kubeconfig_is_a_failure)
{
	unlink(rig.kubeconfig);
	kube_rig_open(&rig, "");
	kube_rig_await(&rig, SST_INVALID);
	ck_assert_ptr_nonnull(strstr(rig.subject.err.text, rig.kubeconfig));
}
END_TEST

/* What was refused for long is no longer known to be there. */
START_TEST(what_is_refused_for_long_is_forgotten)
{
	const struct kube_api_fault fault = {
	    .kind = KUBE_API_STATUS, .status = 403};
	int i;

	put(DEPLOYMENTS, "agents", "one", AGENT("true"));
	put(STATEFULSETS, "agents", "two", AGENT("true"));
	kube_rig_open(&rig, "");
	await_watched();
	kube_api_misbehave(rig.api, STATEFULSETS, &fault);
	kube_api_end_watches(rig.api, STATEFULSETS);
	ck_assert(POLL_UNTIL((fake_clock_advance(&rig.subject.hands, 100),
	    look() &&
		strcmp(part("statefulsets", "state"), "forbidden") == 0)));
	ck_assert_str_eq(names(), "one=running two=running");
	for (i = 0; i < 100; i++) {
		fake_clock_advance(&rig.subject.hands, 1000);
		look();
	}
	ck_assert_str_eq(names(), "one=running");
	kube_api_behave(rig.api);
	ck_assert(POLL_UNTIL((fake_clock_advance(&rig.subject.hands, 1000),
	    look() && named("one=running two=running"))));
}
END_TEST

START_TEST(objects_that_are_none_are_told)
{
	put(DEPLOYMENTS, "agents", "one", AGENT("true"));
	kube_rig_open(&rig, "");
	await_watched();
	kube_api_shout(rig.api, DEPLOYMENTS,
	    "{\"type\":\"MODIFIED\",\"object\":{\"metadata\":{"
	    "\"resourceVersion\":\"5000\"}}}");
	UNTIL(rig.subject.harvest->rejected == 1);
	ck_assert_ptr_nonnull(
	    strstr(rig.subject.harvest->flaw.text, "deployments: /metadata"));
	ck_assert_str_eq(names(), "one=running");
}
END_TEST

/* --- freshness -------------------------------------------------------- */

START_TEST(a_silent_watch_proves_nothing)
{
	put(DEPLOYMENTS, "agents", "one", AGENT("true"));
	kube_rig_open(&rig, "");
	await_settled();
	kube_source_asks(&rig);
	kube_source_keeps_its_deadline(&rig);
}
END_TEST

START_TEST(an_event_ends_the_question)
{
	const struct kube_api_fault hold = {.kind = KUBE_API_HOLD};

	kube_rig_open(&rig, "");
	await_settled();
	kube_api_misbehave(rig.api, "/version", &hold);
	kube_rig_ask(&rig);
	put(DEPLOYMENTS, "agents", "one", AGENT("true"));
	ck_assert_int_eq(subject_join(&rig.subject), SST_OK);
	UNTIL(named("one=running"));
}
END_TEST

START_TEST(an_interrupt_ends_the_question)
{
	kube_rig_open(&rig, "");
	await_settled();
	kube_source_can_be_interrupted(&rig);
}
END_TEST

START_TEST(it_stops_whatever_hangs)
{
	const struct kube_api_fault hold = {.kind = KUBE_API_HOLD};

	kube_api_misbehave(rig.api, "", &hold);
	kube_rig_open(&rig, "");
	ck_assert(kube_api_wait_calls(rig.api, "", 1));
	subject_close(&rig.subject);
	kube_api_behave(rig.api);
	kube_api_release(rig.api);
	kube_rig_open(&rig, "");
	await_watched();
}
END_TEST

static void
add_there(Suite *s)
{
	TCase *tc = tcase_create("there");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, marked_workloads_are_agents);
	tcase_add_test(tc, nothing_is_said_before_all_is_listed);
	tcase_add_test(tc, changes_are_told_at_once);
	tcase_add_test(tc, what_is_not_shown_wakes_nobody);
	tcase_add_test(tc, what_went_while_nobody_watched_is_gone);
	tcase_add_test(tc, namespaces_are_followed_one_by_one);
	tcase_add_test(tc, a_selector_is_sent);
	tcase_add_test(tc, wrong_values_are_told_and_the_agent_stays);
	tcase_add_test(tc, two_of_one_name_are_told);
	suite_add_tcase(s, tc);
}

static void
add_refused(Suite *s)
{
	TCase *tc = tcase_create("refused");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, one_refusal_degrades_one_kind, 0, 3);
	tcase_add_test(tc, all_refused_is_a_failure);
	tcase_add_test(tc, no_chance_decides_which_failure_is_told);
	tcase_add_test(tc, a_server_that_fails_is_told_at_once);
	tcase_add_test(tc, nobody_there_is_a_failure);
	tcase_add_test(tc, a_missing_kubeconfig_is_a_failure);
	tcase_add_test(tc, what_is_refused_for_long_is_forgotten);
	tcase_add_test(tc, objects_that_are_none_are_told);
	tcase_add_test(tc, a_silent_watch_proves_nothing);
	tcase_add_test(tc, an_event_ends_the_question);
	tcase_add_test(tc, an_interrupt_ends_the_question);
	tcase_add_test(tc, it_stops_whatever_hangs);
	suite_add_tcase(s, tc);
}

int
main(void)
{
	Suite *s = suite_create("agents kubernetes");

	add_there(s);
	add_refused(s);
	return unit_run(s);
}
