/*
 * The recordings of a real API server, against what the server itself printed
 * of the same objects (its Table) and what was reckoned from them apart
 * (mocks/upstreams/kubernetes/oracle_*.tsv), for every pod and Deployment.
 */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/base/run.h"
#include "unit/repository/kubernetes_case.h"
#include "unit/repository/kubernetes_oracle.h"

static const char *const names[] = {"pods", "deployments", "replicasets",
    "statefulsets", "daemonsets", "jobs", NULL, "horizontalpodautoscalers"};

static void
load_lists(char letter)
{
	char name[80];
	int i;

	for (i = 0; i < KUBERNETES_RESOURCES; i++) {
		if (names[i] == NULL) {
			kubernetes_world_know(
			    &world, (enum kubernetes_resource)i);
			continue;
		}
		snprintf(name, sizeof(name), "%c_%s", letter, names[i]);
		kubernetes_world_list(
		    &world, (enum kubernetes_resource)i, name);
	}
	snprintf(name, sizeof(name), "%c_podmetrics", letter);
	kubernetes_world_metrics(&world, name);
	ck_assert_uint_eq(world.rejected, 0);
	entities = kubernetes_world_entities(&world);
}

static const char *
text(const json_t *object, const char *member)
{
	const char *value = json_string_value(json_object_get(object, member));

	ck_assert_msg(value != NULL, "%s is no text", member);
	return value;
}

static int64_t
number(const json_t *object, const char *member)
{
	const json_t *value = json_object_get(object, member);

	ck_assert_msg(json_is_integer(value), "%s is no integer", member);
	return json_integer_value(value);
}

/* "0.151295045" as nanos; -1 for "-" and the like. */
static int64_t
nanos(const char *decimal)
{
	const char *dot = strchr(decimal, '.');
	int64_t value;
	size_t i;

	if (decimal[0] < '0' || decimal[0] > '9')
		return -1;
	value = strtoll(decimal, NULL, 10) * 1000000000;
	if (dot == NULL)
		return value;
	for (i = 1; dot[i] != '\0'; i++) {
		int64_t digit = dot[i] - '0';
		size_t k;

		for (k = i; k < 9; k++)
			digit *= 10;
		value += digit;
	}
	return value;
}

static int64_t
cpu_nanos(const json_t *pod)
{
	const json_t *value = json_object_get(pod, "cpu");

	if (json_is_null(value))
		return -1;
	return (int64_t)(json_number_value(value) * 1e9 + 0.5);
}

static int64_t
count_or_none(const json_t *object, const char *member)
{
	return json_is_null(json_object_get(object, member))
		   ? -1
		   : number(object, member);
}

/* The limits of one pod: in the store, the document has those of a workload. */
static void
check_limits(const struct kubernetes_oracle *o)
{
	const struct kubernetes_object *found =
	    kubernetes__store_find(&world.store, KUBERNETES_PODS,
		kubernetes_oracle_cell(o, "namespace"),
		kubernetes_oracle_cell(o, "name"));
	const struct kubernetes_limits *limits;
	const char *memory = kubernetes_oracle_cell(o, "limit_memory");

	ck_assert_ptr_nonnull(found);
	limits = &found->record->pod.limits;
	ck_assert_int_eq(
	    limits->cpu_nano == KUBERNETES_NONE ? -1 : limits->cpu_nano,
	    nanos(kubernetes_oracle_cell(o, "limit_cpu")));
	ck_assert_int_eq(
	    limits->memory_bytes == KUBERNETES_NONE ? -1 : limits->memory_bytes,
	    memory[0] == '-' ? -1 : strtoll(memory, NULL, 10));
}

static bool
has_pod(const json_t *workload, const json_t *pod)
{
	const json_t *other;
	size_t i;

	json_array_foreach(json_object_get(workload, "pods"), i, other)
	{
		if (other == pod)
			return true;
	}
	return false;
}

static void
check_pod(const struct kubernetes_oracle *o)
{
	const char *newer = kubernetes_oracle_cell(o, "newer"),
		   *memory = kubernetes_oracle_cell(o, "usage_memory");
	const json_t *owner = kubernetes_world_find(entities,
	    kubernetes_oracle_cell(o, "owner_kind"),
	    kubernetes_oracle_cell(o, "owner_name"));
	const json_t *pod =
	    kubernetes_world_pod(entities, kubernetes_oracle_cell(o, "name"));
	char ready[64];

	ck_assert_msg(
	    pod != NULL, "%s is not there", kubernetes_oracle_cell(o, "name"));
	ck_assert_msg(
	    owner != NULL, "%s: no owner", kubernetes_oracle_cell(o, "name"));
	ck_assert_str_eq(
	    text(owner, "namespace"), kubernetes_oracle_cell(o, "namespace"));
	ck_assert(has_pod(owner, pod));
	ck_assert_str_eq(text(pod, "status"),
	    strcmp(newer, "-") == 0 ? kubernetes_oracle_cell(o, "status")
				    : newer);
	snprintf(ready, sizeof(ready), "%" PRId64 "/%" PRId64,
	    number(pod, "containers_ready"), number(pod, "containers_total"));
	ck_assert_str_eq(ready, kubernetes_oracle_cell(o, "ready"));
	ck_assert_int_eq(number(pod, "restarts"),
	    strtoll(kubernetes_oracle_cell(o, "restarts"), NULL, 10));
	ck_assert_str_eq(text(pod, "uid"), kubernetes_oracle_cell(o, "uid"));
	ck_assert_str_eq(
	    text(pod, "phase"), kubernetes_oracle_cell(o, "phase"));
	ck_assert_str_eq(text(pod, "node"), kubernetes_oracle_cell(o, "node"));
	ck_assert_int_eq(
	    cpu_nanos(pod), nanos(kubernetes_oracle_cell(o, "usage_cpu")));
	ck_assert_int_eq(count_or_none(pod, "memory_bytes"),
	    memory[0] < '0' || memory[0] > '9' ? -1
					       : strtoll(memory, NULL, 10));
	check_limits(o);
}

static size_t
check_pods(const char *file)
{
	struct kubernetes_oracle o = {0};
	size_t rows = 0;

	kubernetes_oracle_open(&o, file);
	while (kubernetes_oracle_next(&o)) {
		check_pod(&o);
		rows++;
	}
	kubernetes_oracle_close(&o);
	return rows;
}

/* Active pods of each owner, counted from the oracle. */
static int64_t
oracle_active(const char *file, const char *kind, const char *name)
{
	struct kubernetes_oracle o = {0};
	int64_t active = 0;

	kubernetes_oracle_open(&o, file);
	while (kubernetes_oracle_next(&o)) {
		if (strcmp(kubernetes_oracle_cell(&o, "owner_kind"), kind) ==
			0 &&
		    strcmp(kubernetes_oracle_cell(&o, "owner_name"), name) == 0)
			active += strcmp(kubernetes_oracle_cell(&o, "active"),
				      "1") == 0;
	}
	kubernetes_oracle_close(&o);
	return active;
}

static void
check_images(const json_t *e, const char *want)
{
	const json_t *image;
	char all[1024] = "";
	size_t i;

	json_array_foreach(json_object_get(e, "images"), i, image)
	    snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s",
		i > 0 ? "," : "", json_string_value(image));
	ck_assert_str_eq(all, want);
}

static void
check_deployment(const struct kubernetes_oracle *o)
{
	const json_t *e = kubernetes_world_find(
	    entities, "Deployment", kubernetes_oracle_cell(o, "name"));
	const json_t *live = json_object_get(e, "live");
	static const char *const columns[][2] = {
	    {"desired_pods", "desired"},
	    {"active_pods", "pods_active"},
	    {"terminating_pods", "pods_deleting"},
	    {"finished_pods", "pods_finished"},
	    {"ready_pods", "ready"},
	    {"available_pods", "available"},
	    {"updated_pods", "updated"},
	};
	size_t i;

	ck_assert_msg(
	    e != NULL, "%s is not there", kubernetes_oracle_cell(o, "name"));
	for (i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		ck_assert_msg(
		    number(live, columns[i][0]) ==
			strtoll(
			    kubernetes_oracle_cell(o, columns[i][1]), NULL, 10),
		    "%s: %s", kubernetes_oracle_cell(o, "name"), columns[i][0]);
	ck_assert_str_eq(text(e, "uid"), kubernetes_oracle_cell(o, "uid"));
	ck_assert_int_eq(number(e, "max_pods"),
	    strtoll(kubernetes_oracle_cell(o, "max_pods"), NULL, 10));
	ck_assert_str_eq(text(e, "max_pods_source"),
	    kubernetes_oracle_cell(o, "max_pods_source"));
	ck_assert_uint_eq(json_array_size(json_object_get(e, "pods")),
	    strtoull(kubernetes_oracle_cell(o, "pods_total"), NULL, 10));
	ck_assert_str_eq(text(json_object_get(e, "rollout"), "revision"),
	    kubernetes_oracle_cell(o, "revision"));
	check_images(e, kubernetes_oracle_cell(o, "images"));
}

static size_t
check_deployments(const char *file)
{
	struct kubernetes_oracle o = {0};
	size_t rows = 0;

	kubernetes_oracle_open(&o, file);
	while (kubernetes_oracle_next(&o)) {
		check_deployment(&o);
		rows++;
	}
	kubernetes_oracle_close(&o);
	return rows;
}

/* --- the tests -------------------------------------------------------- */

START_TEST(state_a_is_as_the_server_prints_it)
{
	load_lists('a');
	ck_assert_uint_eq(check_pods("oracle_a_pods.tsv"), 14);
	ck_assert_uint_eq(check_deployments("oracle_a_deployments.tsv"), 4);
	ck_assert_uint_eq(json_array_size(entities), 7);
}
END_TEST

START_TEST(state_b_is_as_the_server_prints_it)
{
	load_lists('b');
	ck_assert_uint_eq(check_pods("oracle_b_pods.tsv"), 18);
	ck_assert_uint_eq(check_deployments("oracle_b_deployments.tsv"), 4);
	ck_assert_uint_eq(json_array_size(entities), 6);
}
END_TEST

/* The other workloads: what they are at, and what holds them up. */
START_TEST(other_workloads_are_there)
{
	const json_t *e, *live;

	load_lists('a');
	e = kubernetes_world_find(entities, "StatefulSet", "agent-memory");
	live = json_object_get(e, "live");
	ck_assert_int_eq(number(live, "active_pods"),
	    oracle_active("oracle_a_pods.tsv", "StatefulSet", "agent-memory"));
	ck_assert_int_eq(number(live, "ready_pods"), 2);
	ck_assert(json_is_null(json_object_get(live, "available_pods")));
	ck_assert_str_eq(text(json_object_get(e, "rollout"), "message"),
	    "waiting for 1 pods to be ready");
	ck_assert_str_eq(
	    text(json_object_get(e, "rollout"), "revision"), "544f6cc9");
	e = kubernetes_world_find(entities, "Job", "agent-index");
	live = json_object_get(e, "live");
	ck_assert_int_eq(number(e, "max_pods"), 1);
	ck_assert_str_eq(text(e, "max_pods_source"), "parallelism");
	ck_assert_int_eq(number(live, "active_pods"), 1);
	ck_assert_int_eq(number(live, "finished_pods"), 1);
	e = kubernetes_world_find(entities, "Pod", "agent-shell");
	ck_assert_int_eq(number(e, "max_pods"), 1);
	ck_assert_int_eq(number(json_object_get(e, "live"), "active_pods"), 1);
}
END_TEST

/* `kubectl rollout status` of the same moment: a_kubectl.txt, b_kubectl.txt. */
START_TEST(roll_outs_are_as_kubectl_says)
{
	const json_t *rollout;

	load_lists('a');
	rollout = json_object_get(
	    kubernetes_world_find(entities, "Deployment", "agent-coder"),
	    "rollout");
	ck_assert_str_eq(text(rollout, "state"), "progressing");
	ck_assert_str_eq(
	    text(rollout, "message"), "1 of 2 updated replicas are available");
	ck_assert_str_eq(text(rollout, "reason"), "MinimumReplicasUnavailable");
	ck_assert_str_eq(text(rollout, "changed_at"), "2026-11-21T03:06:54Z");
	rollout = json_object_get(
	    kubernetes_world_find(entities, "Deployment", "agent-planner"),
	    "rollout");
	ck_assert_str_eq(text(rollout, "state"), "complete");
	json_decref(entities);
	load_lists('b');
	rollout = json_object_get(
	    kubernetes_world_find(entities, "Deployment", "agent-coder"),
	    "rollout");
	ck_assert_str_eq(text(rollout, "state"), "progressing");
	ck_assert_str_eq(text(rollout, "message"),
	    "1 out of 2 new replicas have been updated");
}
END_TEST

START_TEST(an_ill_pod_shows_its_containers)
{
	const json_t *pod, *containers, *coder;

	load_lists('a');
	pod = kubernetes_world_pod(entities, "agent-coder-6cc645b565-bl2c5");
	containers = json_object_get(pod, "containers");
	ck_assert_uint_eq(json_array_size(containers), 2);
	coder = json_array_get(containers, 0);
	ck_assert_str_eq(text(coder, "name"), "coder");
	ck_assert_str_eq(text(coder, "state"), "waiting");
	ck_assert_str_eq(text(coder, "reason"), "CrashLoopBackOff");
	ck_assert_int_eq(number(coder, "exit_code"), 137);
	ck_assert_str_eq(
	    text(json_object_get(coder, "last"), "reason"), "OOMKilled");
	ck_assert_str_eq(text(pod, "reason"), "CrashLoopBackOff");
	ck_assert_ptr_nonnull(strstr(text(pod, "message"), "back-off 2m40s"));
	ck_assert_str_eq(text(pod, "last_restart_at"), "2026-11-21T03:06:54Z");
	/* and nobody else */
	pod = kubernetes_world_pod(entities, "agent-coder-6cc645b565-9d785");
	ck_assert_ptr_null(json_object_get(pod, "containers"));
	ck_assert(json_is_null(json_object_get(pod, "reason")));
}
END_TEST

START_TEST(an_evicted_pod_says_why)
{
	const json_t *pod;

	load_lists('b');
	pod = kubernetes_world_pod(entities, "agent-search-dbc6bd559-cs5zc");
	ck_assert_str_eq(text(pod, "reason"), "Evicted");
	ck_assert_uint_gt(strlen(text(pod, "message")), 10);
}
END_TEST

/* What the watches tell, added to A, is B. */
START_TEST(the_watches_lead_from_a_to_b)
{
	json_t *want;
	char *got_text, *want_text, name[80];
	int i;

	load_lists('b');
	want = entities;
	kubernetes_world_fini(&world);
	kubernetes_world_init(&world, NULL, 0);
	load_lists('a');
	for (i = 0; i < KUBERNETES_RESOURCES; i++) {
		if (names[i] == NULL || i == KUBERNETES_DAEMONSETS)
			continue;
		snprintf(name, sizeof(name), "ab_watch_%s", names[i]);
		kubernetes_world_watch(
		    &world, (enum kubernetes_resource)i, name);
	}
	kubernetes_world_metrics(&world, "metrics_empty");
	kubernetes_world_metrics(&world, "b_podmetrics");
	json_decref(entities);
	entities = kubernetes_world_entities(&world);
	got_text = json_dumps(entities, JSON_SORT_KEYS | JSON_INDENT(1));
	want_text = json_dumps(want, JSON_SORT_KEYS | JSON_INDENT(1));
	ck_assert_str_eq(got_text, want_text);
	free(got_text);
	free(want_text);
	json_decref(want);
}
END_TEST

/* Metadata alone says as much of ReplicaSets. */
START_TEST(partial_metadata_is_enough)
{
	json_t *whole;

	load_lists('a');
	whole = entities;
	kubernetes_world_list(
	    &world, KUBERNETES_REPLICASETS, "a_replicasets_partial_metadata");
	entities = kubernetes_world_entities(&world);
	ck_assert(json_equal(whole, entities));
	json_decref(whole);
}
END_TEST

START_TEST(a_server_for_people_is_read_as_well)
{
	json_t *plain;

	load_lists('a');
	plain = entities;
	kubernetes_world_list(
	    &world, KUBERNETES_DEPLOYMENTS, "a_deployments_pretty");
	entities = kubernetes_world_entities(&world);
	ck_assert(json_equal(plain, entities));
	json_decref(plain);
}
END_TEST

/* No value of an environment, in no form. */
START_TEST(no_secret_comes_out)
{
	char *all;

	load_lists('a');
	all = json_dumps(entities, 0);
	ck_assert_ptr_null(strstr(all, "env-value-must-never-be-printed"));
	ck_assert_ptr_null(strstr(all, "BUILD_NOTE"));
	ck_assert_ptr_null(strstr(all, "model-credentials"));
	free(all);
}
END_TEST

/* Nothing of it is kept either: it could come out another time. */
START_TEST(no_secret_stays_in_memory)
{
	static const char marker[] = "env-value-must-never-be-printed";
	const struct kubernetes_object *o;
	size_t i;

	load_lists('a');
	for (i = 0; i < world.store.slots; i++) {
		for (o = world.store.by_name[i]; o != NULL; o = o->name_next)
			ck_assert_ptr_null(memmem(o->record, o->record->bytes,
			    marker, sizeof(marker) - 1));
	}
}
END_TEST

static size_t
list_all_namespaces(void)
{
	int i;

	for (i = 0; i < KUBERNETES_RESOURCES; i++)
		kubernetes_world_know(&world, (enum kubernetes_resource)i);
	kubernetes_world_list(&world, KUBERNETES_PODS, "a_pods_all_namespaces");
	kubernetes_world_list(
	    &world, KUBERNETES_DEPLOYMENTS, "a_deployments_all_namespaces");
	kubernetes_world_metrics(&world, "a_podmetrics_all_namespaces");
	entities = kubernetes_world_entities(&world);
	return json_array_size(entities);
}

/* Without ReplicaSets and Jobs: the hash of the template still leads to the
 * Deployment. */
START_TEST(all_namespaces_without_replicasets)
{
	const json_t *e;

	ck_assert_uint_gt(list_all_namespaces(), 8);
	e = kubernetes_world_find(entities, "Deployment", "coredns");
	ck_assert_ptr_nonnull(e);
	ck_assert_str_eq(text(e, "namespace"), "kube-system");
	ck_assert_uint_gt(json_array_size(json_object_get(e, "pods")), 0);
	ck_assert_ptr_nonnull(
	    kubernetes_world_find(entities, "DaemonSet", "kube-proxy"));
	e = kubernetes_world_find(entities, "Deployment", "agent-coder");
	ck_assert_uint_eq(json_array_size(json_object_get(e, "pods")), 2);
	ck_assert_ptr_null(
	    kubernetes_world_find(entities, "ReplicaSet", "agent-coder"));
}
END_TEST

/* Listed again and again: the same, and nothing is to be made anew. */
START_TEST(listing_again_changes_nothing)
{
	size_t i;

	load_lists('a');
	world.store.changed = false;
	kubernetes_world_list(&world, KUBERNETES_PODS, "a_pods");
	kubernetes_world_list(&world, KUBERNETES_DEPLOYMENTS, "a_deployments");
	kubernetes_world_metrics(&world, "a_podmetrics");
	ck_assert(!world.store.changed);
	for (i = 0; i < world.store.workload_count; i++)
		ck_assert(!world.store.workloads[i]->dirty);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("kubernetes recordings");
	TCase *tc = tcase_create("recorded");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, state_a_is_as_the_server_prints_it);
	tcase_add_test(tc, state_b_is_as_the_server_prints_it);
	tcase_add_test(tc, other_workloads_are_there);
	tcase_add_test(tc, roll_outs_are_as_kubectl_says);
	tcase_add_test(tc, an_ill_pod_shows_its_containers);
	tcase_add_test(tc, an_evicted_pod_says_why);
	tcase_add_test(tc, the_watches_lead_from_a_to_b);
	tcase_add_test(tc, partial_metadata_is_enough);
	tcase_add_test(tc, a_server_for_people_is_read_as_well);
	tcase_add_test(tc, no_secret_comes_out);
	tcase_add_test(tc, no_secret_stays_in_memory);
	tcase_add_test(tc, all_namespaces_without_replicasets);
	tcase_add_test(tc, listing_again_changes_nothing);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
