/* What a real API server sent: each recording with what has to be concluded
 * of it (mocks/upstreams/kubernetes/README.md). */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/kube_api_recording.h"
#include "test_kube_reflector.h"
#include "test_kube_reflector_support.h"

/* group/namespaces/agents/resource of the settings, with what comes then. */
static void
replay(const char *query, const char *name)
{
	char prefix[256], path[512];

	snprintf(prefix, sizeof(prefix), "%s%s%s/%s%s", rig.settings.group,
	    rig.settings.namespace != NULL ? "/namespaces/" : "",
	    rig.settings.namespace != NULL ? rig.settings.namespace : "",
	    rig.settings.resource, query);
	snprintf(path, sizeof(path), "%s%s.http", RECORDINGS, name);
	ck_assert_msg(kube_api_replay(rig.api, prefix, path), "%s", path);
}

static void
use(const char *group, const char *resource)
{
	rig.settings.group = group;
	rig.settings.resource = resource;
	rig.settings.namespace = "agents";
}

static bool
knows(const char *uid, const char *version)
{
	bool found = false;
	size_t i;

	pthread_mutex_lock(&rig.sink.mutex);
	for (i = 0; i < rig.sink.now.count; i++)
		found |= strcmp(rig.sink.now.objects[i].uid, uid) == 0 &&
			 strcmp(rig.sink.now.objects[i].version, version) == 0;
	pthread_mutex_unlock(&rig.sink.mutex);
	return found;
}

/* The sink holds exactly the recorded list, uid and resourceVersion. */
static void
check_same(const char *name)
{
	struct kube_recording r = {0};
	json_t *root, *items, *metadata;
	char path[512];
	size_t i;

	snprintf(path, sizeof(path), "%s%s.http", RECORDINGS, name);
	ck_assert(kube_recording_load(path, &r));
	root = json_loadb(r.body, r.body_len, JSON_ALLOW_NUL, NULL);
	items = json_object_get(root, "items");
	ck_assert_uint_eq(rig_count(), json_array_size(items));
	for (i = 0; i < json_array_size(items); i++) {
		metadata =
		    json_object_get(json_array_get(items, i), "metadata");
		ck_assert(
		    knows(json_string_value(json_object_get(metadata, "uid")),
			json_string_value(
			    json_object_get(metadata, "resourceVersion"))));
	}
	json_decref(root);
	kube_recording_fini(&r);
}

static const struct {
	const char *group, *resource, *from, *watch, *to;
	unsigned events;
	bool metadata_only;
} journeys[] = {
    {"/api/v1", "pods", "a_pods", "ab_watch_pods", "b_pods", 47, false},
    {"/apis/apps/v1", "deployments", "a_deployments", "ab_watch_deployments",
	"b_deployments", 18, false},
    {"/apis/apps/v1", "deployments", "a_deployments_pretty",
	"ab_watch_deployments", "b_deployments", 18, false},
    {"/apis/apps/v1", "replicasets", "a_replicasets", "ab_watch_replicasets",
	"b_replicasets", 16, false},
    {"/apis/apps/v1", "replicasets", "a_replicasets_partial_metadata",
	"ab_watch_replicasets_partial_metadata", "b_replicasets", 16, true},
    {"/apis/autoscaling/v1", "horizontalpodautoscalers",
	"a_horizontalpodautoscalers", "ab_watch_horizontalpodautoscalers",
	"b_horizontalpodautoscalers", 1, false},
    {"/apis/apps/v1", "statefulsets", "a_statefulsets", "ab_watch_statefulsets",
	"b_statefulsets", 1, false},
    {"/apis/batch/v1", "jobs", "a_jobs", "ab_watch_jobs", "b_jobs", 1, false},
};

enum { JOURNEYS = sizeof(journeys) / sizeof(journeys[0]) };

/* From A by the watch to B, and then on from the last bookmark. */
START_TEST(a_watch_leads_from_a_to_b)
{
	use(journeys[_i].group, journeys[_i].resource);
	rig.settings.metadata_only = journeys[_i].metadata_only;
	replay("?limit", journeys[_i].from);
	replay("?watch=1&resourceVersion=660&", journeys[_i].watch);
	rig_start();
	rig_wait_watches(2);
	rig_wait_state(SST_KUBE_WATCHING);
	check_same(journeys[_i].to);
	ck_assert_uint_eq(rig_view().events, journeys[_i].events);
	ck_assert_uint_eq(rig_view().rejected, 0);
	ck_assert_uint_eq(rig_view().lists, 1);
	ck_assert_int_eq(rig_view().error.code, SST_OK);
	ck_assert_str_ne(rig_view().resource_version, "660");
}
END_TEST

START_TEST(seven_pages)
{
	char name[32];
	int i;

	use("/api/v1", "pods");
	rig.settings.page_size = 2;
	for (i = 1; i <= 7; i++) {
		snprintf(name, sizeof(name), "a_pods_page_%d", i);
		replay("?limit=2", name);
	}
	rig_start();
	rig_wait_state(SST_KUBE_WATCHING);
	check_same("a_pods");
	ck_assert_str_eq(rig_view().resource_version, "660");
	ck_assert_uint_eq(kube_api_calls(rig.api,
			      "/api/v1/namespaces/agents/pods?limit=2&continue="
			      "eyJ2IjoibWV"),
	    6);
}
END_TEST

/* Throw the pages away and begin again; the new token is not for us. */
START_TEST(a_token_that_expired)
{
	use("/api/v1", "pods");
	rig.settings.page_size = 2;
	replay("?limit=2", "expired_continue_page1");
	replay("?limit=2",
	    _i == 0 ? "expired_continue_410" : "bad_request_continue_garbage");
	replay("?limit=2", "b_pods");
	rig_start();
	rig_retry();
	rig_wait_state(SST_KUBE_WATCHING);
	check_same("b_pods");
	ck_assert_uint_eq(rig_told(&rig.sink.abandoned), 1);
	ck_assert_uint_eq(
	    kube_api_calls(
		rig.api, "/api/v1/namespaces/agents/pods?limit=2&continue="),
	    1);
}
END_TEST

START_TEST(an_expired_watch)
{
	use("/api/v1", "pods");
	replay("?limit", "a_pods");
	replay("?limit", "b_pods");
	replay("?watch=1&resourceVersion=660&", "watch_410_in_stream");
	rig_start();
	rig_delay();
	ck_assert_int_eq(rig_view().state, SST_KUBE_RESUMING);
	rig_retry();
	rig_wait_state(SST_KUBE_WATCHING);
	check_same("b_pods");
	ck_assert_uint_eq(rig_view().lists, 2);
	ck_assert_uint_eq(rig_view().events, 0);
}
END_TEST

/* No event and no bookmark: from the same position, without a list. */
START_TEST(a_quiet_watch)
{
	if (_i == 0) {
		use("/apis/apps/v1", "daemonsets");
		replay("?limit", "a_daemonsets");
		replay("?watch=1&resourceVersion=660&",
		    "ab_watch_daemonsets_idle");
	} else {
		use("/api/v1", "pods");
		replay("?limit", "a_pods");
		replay("?watch=1&resourceVersion=660&",
		    "watch_resume_ok_then_timeout");
	}
	rig_start();
	/* a replay does not last the second that a real one does */
	rig_delay();
	ck_assert_int_eq(rig_view().state, SST_KUBE_RESUMING);
	rig_retry();
	rig_delay();
	ck_assert_uint_eq(rig_view().watches, 2);
	ck_assert_uint_eq(rig_view().lists, 1);
	ck_assert_str_eq(rig_view().resource_version, "660");
	check_same(_i == 0 ? "a_daemonsets" : "a_pods");
}
END_TEST

START_TEST(events_cut_by_chunks)
{
	rig.settings.resource = "namespaces";
	replay("?limit", "burst_namespaces_list");
	replay("?watch=1&resourceVersion=918&",
	    "burst_namespaces_watch_events_cut_by_chunks");
	rig_start();
	rig_wait_watches(2);
	ck_assert_uint_eq(rig_view().events, 12);
	ck_assert_uint_eq(rig_view().rejected, 0);
	ck_assert_uint_eq(rig_view().lists, 1);
}
END_TEST

START_TEST(a_selector)
{
	use("/api/v1", "pods");
	rig.settings.labels = "app=agent-planner";
	replay("?limit", "a_pods");
	replay("?watch=1&resourceVersion=660&", "ab_watch_pods_selector");
	rig_start();
	rig_wait_watches(2);
	ck_assert_uint_eq(rig_view().events, 19);
	ck_assert(!rig_has("agent-planner-77bfd4f8d9-fkqc7"));
	ck_assert(rig_has("agent-planner-77bfd4f8d9-kl9dv"));
}
END_TEST

static const struct {
	const char *name;
	int code;
	const char *text;
	bool slow;
} refusals[] = {
    {"unauthorized_bad_token", SST_UNAUTHORIZED, "Unauthorized", false},
    {"forbidden_no_token_anonymous", SST_FORBIDDEN, "system:anonymous", true},
    {"forbidden_pods_cluster_scope", SST_FORBIDDEN,
	"cannot list resource \"pods\"", true},
    {"metrics_404_not_installed", SST_NOT_FOUND, "404 page not found", true},
    {"hpa_v2_404_missing_version", SST_NOT_FOUND,
	"could not find the requested resource", true},
};

enum { REFUSALS = sizeof(refusals) / sizeof(refusals[0]) };

START_TEST(a_list_that_is_refused)
{
	int64_t ms;

	replay("?limit", refusals[_i].name);
	rig_start();
	ms = rig_delay();
	ck_assert_int_eq(ms >= 30000, refusals[_i].slow);
	ck_assert_int_eq(rig_view().state, SST_KUBE_FAILING);
	ck_assert_int_eq(rig_view().error.code, refusals[_i].code);
	ck_assert_msg(strstr(rig_view().error.text, refusals[_i].text) != NULL,
	    "%s", rig_view().error.text);
	ck_assert_uint_eq(rig_told(&rig.sink.begun), 0);
}
END_TEST

/* An ordinary body before the stream began: no events. */
START_TEST(a_watch_that_is_refused)
{
	replay("?limit", "a_pods_all_namespaces");
	replay("?watch", "forbidden_watch_cluster_scope");
	rig_start();
	ck_assert_int_ge(rig_delay(), 30000);
	ck_assert_int_eq(rig_view().error.code, SST_FORBIDDEN);
	ck_assert_ptr_nonnull(
	    strstr(rig_view().error.text, "cannot watch resource"));
	ck_assert_uint_eq(rig_view().rejected, 0);
	check_same("a_pods_all_namespaces");
}
END_TEST

void
add_recorded_tests(TCase *tc)
{
	tcase_add_loop_test(tc, a_watch_leads_from_a_to_b, 0, JOURNEYS);
	tcase_add_test(tc, seven_pages);
	tcase_add_loop_test(tc, a_token_that_expired, 0, 2);
	tcase_add_test(tc, an_expired_watch);
	tcase_add_loop_test(tc, a_quiet_watch, 0, 2);
	tcase_add_test(tc, events_cut_by_chunks);
	tcase_add_test(tc, a_selector);
	tcase_add_loop_test(tc, a_list_that_is_refused, 0, REFUSALS);
	tcase_add_test(tc, a_watch_that_is_refused);
}
