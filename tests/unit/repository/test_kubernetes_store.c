/*
 * Which workload an object belongs to, also when part of the chain may not be
 * read or is not there yet; autoscalers; limits.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/base/run.h"
#include "unit/repository/kubernetes_case.h"

#define put(resource, ...) kubernetes_world_putf(&world, resource, __VA_ARGS__)
#define drop(resource, ...) \
	kubernetes_world_dropf(&world, resource, __VA_ARGS__)

static const json_t *
workload(const char *kind, const char *name)
{
	return kubernetes_world_find(entities, kind, name);
}

static size_t
pods_of(const char *kind, const char *name)
{
	const json_t *e = workload(kind, name);

	ck_assert_msg(e != NULL, "no %s %s", kind, name);
	return json_array_size(json_object_get(e, "pods"));
}

static const json_t *
member(const char *kind, const char *name, const char *a, const char *b)
{
	const json_t *e = json_object_get(workload(kind, name), a);

	return b == NULL ? e : json_object_get(e, b);
}

static const char *
text(const char *kind, const char *name, const char *a, const char *b)
{
	const char *value = json_string_value(member(kind, name, a, b));

	ck_assert_msg(value != NULL, "%s %s: no %s", kind, name, a);
	return value;
}

static long
number(const char *kind, const char *name, const char *a, const char *b)
{
	const json_t *value = member(kind, name, a, b);

	if (json_is_null(value))
		return -1;
	ck_assert_msg(json_is_integer(value), "%s %s: no %s", kind, name, a);
	return (long)json_integer_value(value);
}

#define META "'metadata':{'name':'%s','namespace':'n','uid':'%s'"
#define OWNED                                                       \
	",'ownerReferences':[{'controller':true,'apiVersion':'%s'," \
	"'kind':'%s','name':'%s','uid':'%s'}]"
#define RUNS "'status':{'phase':'Running','startTime':'2026-11-21T03:00:00Z'}"

static void
put_pod(const char *name, const char *group, const char *kind,
    const char *owner, const char *uid)
{
	const char *dash = strrchr(owner, '-');

	put(KUBERNETES_PODS,
	    "{" META ",'labels':{'pod-template-hash':'%s'}" OWNED "}," RUNS "}",
	    name, name, dash == NULL ? "" : dash + 1, group, kind, owner, uid);
}

static void
put_replicaset(const char *name, const char *owner_kind, const char *owner)
{
	put(KUBERNETES_REPLICASETS,
	    "{" META ",'creationTimestamp':'2026-11-21T03:00:00Z'"
	    ",'annotations':{'deployment.kubernetes.io/revision':'4'}" OWNED
	    "}}",
	    name, name,
	    strcmp(owner_kind, "Deployment") == 0 ? "apps/v1"
						  : "argoproj.io/v1alpha1",
	    owner_kind, owner, owner);
}

static void
put_deployment(const char *name)
{
	put(KUBERNETES_DEPLOYMENTS,
	    "{" META ",'generation':2},'spec':{'replicas':2},"
	    "'status':{'observedGeneration':2,'replicas':1}}",
	    name, name);
}

/* --- ownership -------------------------------------------------------- */

START_TEST(owners_are_followed)
{
	kubernetes_world_know_all(&world);
	put_deployment("web");
	put_replicaset("web-1a", "Deployment", "web");
	put_pod("web-1a-x", "apps/v1", "ReplicaSet", "web-1a", "web-1a");
	put_replicaset("roll-2b", "Rollout", "roll");
	put_pod("roll-2b-x", "apps/v1", "ReplicaSet", "roll-2b", "roll-2b");
	put_pod("rc-x", "v1", "ReplicationController", "rc", "u");
	put_pod("db-0", "apps/v1", "StatefulSet", "db", "u");
	put(KUBERNETES_JOBS, "{" META OWNED "}}", "nightly-27", "j", "batch/v1",
	    "CronJob", "nightly", "c");
	put_pod("nightly-27-x", "batch/v1", "Job", "nightly-27", "j");
	put(KUBERNETES_PODS, "{" META "}," RUNS "}", "alone", "a");
	look();
	ck_assert_uint_eq(pods_of("Deployment", "web"), 1);
	ck_assert_uint_eq(pods_of("Rollout", "roll"), 1);
	ck_assert_uint_eq(pods_of("ReplicationController", "rc"), 1);
	ck_assert_uint_eq(pods_of("StatefulSet", "db"), 1);
	ck_assert_uint_eq(pods_of("CronJob", "nightly"), 1);
	ck_assert_uint_eq(pods_of("Pod", "alone"), 1);
	ck_assert_uint_eq(json_array_size(entities), 6);
	ck_assert_str_eq(text("Pod", "alone", "uid", NULL), "a");
	ck_assert_str_eq(
	    text("Rollout", "roll", "max_pods_source", NULL), "unknown");
	ck_assert_int_eq(number("Rollout", "roll", "max_pods", NULL), -1);
}
END_TEST

/* Another group may have a kind of that name: it is not ours. */
START_TEST(a_kind_of_another_group_is_another_kind)
{
	kubernetes_world_know_all(&world);
	put_deployment("web");
	put_pod("web-x", "example.com/v1", "Deployment", "web", "u");
	look();
	ck_assert_uint_eq(pods_of("Deployment", "web"), 0);
	ck_assert_uint_eq(pods_of("Deployment.example.com", "web"), 1);
}
END_TEST

/* replicasets: 403. */
START_TEST(the_hash_leads_to_the_deployment)
{
	kubernetes_world_know(&world, KUBERNETES_PODS);
	kubernetes_world_know(&world, KUBERNETES_DEPLOYMENTS);
	put_deployment("web");
	put_pod("web-1a-x", "apps/v1", "ReplicaSet", "web-1a", "u");
	put_pod("made-by-hand-x", "apps/v1", "ReplicaSet", "made-by", "u");
	look();
	ck_assert_uint_eq(pods_of("Deployment", "web"), 1);
	ck_assert_uint_eq(pods_of("ReplicaSet", "made-by"), 1);
	/* and no longer when the Deployment goes */
	drop(KUBERNETES_DEPLOYMENTS, "{" META "}}", "web", "web");
	look();
	ck_assert_ptr_null(workload("Deployment", "web"));
	ck_assert_uint_eq(pods_of("ReplicaSet", "web-1a"), 1);
}
END_TEST

/* deployments: 403, replicasets or not. */
START_TEST(pods_stay_together_without_deployments)
{
	kubernetes_world_know(&world, KUBERNETES_PODS);
	put_pod("web-1a-x", "apps/v1", "ReplicaSet", "web-1a", "web-1a");
	put_pod("web-2b-x", "apps/v1", "ReplicaSet", "web-2b", "u");
	look();
	ck_assert_uint_eq(pods_of("Deployment", "web"), 2);
	ck_assert_int_eq(number("Deployment", "web", "max_pods", NULL), -1);
	ck_assert_int_eq(
	    number("Deployment", "web", "live", "desired_pods"), -1);
	ck_assert_int_eq(number("Deployment", "web", "live", "active_pods"), 2);
	kubernetes_world_know(&world, KUBERNETES_REPLICASETS);
	put_replicaset("web-1a", "Deployment", "web");
	look();
	ck_assert_uint_eq(pods_of("Deployment", "web"), 2);
}
END_TEST

/* pods: 403. */
START_TEST(without_pods_the_controller_counts)
{
	kubernetes_world_know(&world, KUBERNETES_DEPLOYMENTS);
	put_deployment("web");
	look();
	ck_assert_uint_eq(pods_of("Deployment", "web"), 0);
	ck_assert_int_eq(number("Deployment", "web", "live", "active_pods"), 1);
	ck_assert_int_eq(
	    number("Deployment", "web", "live", "finished_pods"), -1);
	/* unknown is not "none" */
	ck_assert_ptr_null(member("Deployment", "web", "autoscaler", NULL));
	kubernetes_world_know(&world, KUBERNETES_HPAS);
	look();
	ck_assert(
	    json_is_null(member("Deployment", "web", "autoscaler", NULL)));
}
END_TEST

/* jobs: 403. */
START_TEST(the_minute_leads_to_the_cronjob)
{
	kubernetes_world_know(&world, KUBERNETES_PODS);
	kubernetes_world_know(&world, KUBERNETES_CRONJOBS);
	put(KUBERNETES_CRONJOBS,
	    "{" META "},'spec':{'concurrencyPolicy':'Forbid','suspend':true,"
	    "'jobTemplate':{'spec':{'parallelism':3}}}}",
	    "nightly", "c");
	put_pod("nightly-271-x", "batch/v1", "Job", "nightly-271", "j");
	put_pod("other-12-x", "batch/v1", "Job", "other-12", "k");
	look();
	ck_assert_uint_eq(pods_of("CronJob", "nightly"), 1);
	ck_assert_uint_eq(pods_of("Job", "other-12"), 1);
	ck_assert_int_eq(number("CronJob", "nightly", "max_pods", NULL), 3);
	ck_assert_str_eq(
	    text("CronJob", "nightly", "rollout", "state"), "paused");
	ck_assert_int_eq(
	    number("CronJob", "nightly", "live", "desired_pods"), -1);
}
END_TEST

/* The event of a pod may be faster than that of its owner. */
START_TEST(a_late_owner_takes_its_pods)
{
	kubernetes_world_know_all(&world);
	put_pod("web-1a-x", "apps/v1", "ReplicaSet", "web-1a", "web-1a");
	look();
	ck_assert_uint_eq(pods_of("ReplicaSet", "web-1a"), 1);
	put_replicaset("web-1a", "Deployment", "web");
	look();
	ck_assert_uint_eq(pods_of("Deployment", "web"), 1);
	ck_assert_ptr_null(workload("ReplicaSet", "web-1a"));
	put_deployment("web");
	look();
	ck_assert_uint_eq(pods_of("Deployment", "web"), 1);
	ck_assert_int_eq(number("Deployment", "web", "max_pods", NULL), 2);
}
END_TEST

START_TEST(the_end_of_an_older_one_is_not_that_of_its_successor)
{
	kubernetes_world_know_all(&world);
	put(KUBERNETES_PODS, "{" META "}," RUNS "}", "db-0", "new");
	drop(KUBERNETES_PODS, "{" META "}}", "db-0", "old");
	look();
	ck_assert_uint_eq(pods_of("Pod", "db-0"), 1);
	drop(KUBERNETES_PODS, "{" META "}}", "db-0", "new");
	look();
	ck_assert_uint_eq(json_array_size(entities), 0);
	ck_assert_uint_eq(world.store.workload_count, 0);
}
END_TEST

/* --- autoscalers ------------------------------------------------------ */

#define HPA(max)                                                         \
	"{" META "},'spec':{'scaleTargetRef':{'kind':'%s','name':'web'," \
	"'apiVersion':'%s'},'minReplicas':1,'maxReplicas':" max          \
	"},'status':{'currentReplicas':2,'desiredReplicas':3}}"

START_TEST(the_autoscaler_says_how_far_it_goes)
{
	kubernetes_world_know_all(&world);
	put_deployment("web");
	put(KUBERNETES_HPAS, HPA("10"), "h1", "h1", "Deployment", "apps/v1");
	look();
	ck_assert_int_eq(number("Deployment", "web", "max_pods", NULL), 10);
	ck_assert_str_eq(
	    text("Deployment", "web", "max_pods_source", NULL), "hpa");
	ck_assert_str_eq(text("Deployment", "web", "autoscaler", "name"), "h1");
	ck_assert_ptr_null(
	    member("Deployment", "web", "autoscaler", "conflicting"));
	put(KUBERNETES_HPAS, HPA("20"), "h2", "h2", "Deployment",
	    "extensions/v1beta1");
	look();
	ck_assert_int_eq(number("Deployment", "web", "max_pods", NULL), 20);
	ck_assert_str_eq(text("Deployment", "web", "autoscaler", "name"), "h2");
	ck_assert(json_is_true(
	    member("Deployment", "web", "autoscaler", "conflicting")));
	drop(KUBERNETES_HPAS, "{" META "}}", "h2", "h2");
	look();
	ck_assert_int_eq(number("Deployment", "web", "max_pods", NULL), 10);
}
END_TEST

START_TEST(an_autoscaler_of_something_else_does_not_count)
{
	kubernetes_world_know_all(&world);
	put_deployment("web");
	put(KUBERNETES_HPAS, HPA("10"), "h1", "h1", "Rollout",
	    "argoproj.io/v1alpha1");
	put(KUBERNETES_HPAS, HPA("10"), "h2", "h2", "Deployment",
	    "example.com/v1");
	put(KUBERNETES_HPAS, HPA("10"), "h3", "h3", "StatefulSet", "apps/v1");
	look();
	ck_assert_int_eq(number("Deployment", "web", "max_pods", NULL), 2);
	/* nor is there a workload that only an autoscaler speaks of */
	ck_assert_uint_eq(json_array_size(entities), 1);
}
END_TEST

/* --- what runs -------------------------------------------------------- */

START_TEST(pods_are_in_one_of_three)
{
	kubernetes_world_know_all(&world);
	put(KUBERNETES_PODS, "{" META OWNED "}," RUNS "}", "a", "a", "apps/v1",
	    "StatefulSet", "db", "u");
	put(KUBERNETES_PODS,
	    "{" META OWNED ",'deletionTimestamp':'2026-11-21T03:00:00Z'}," RUNS
	    "}",
	    "b", "b", "apps/v1", "StatefulSet", "db", "u");
	put(KUBERNETES_PODS, "{" META OWNED "},'status':{'phase':'Failed'}}",
	    "c", "c", "apps/v1", "StatefulSet", "db", "u");
	look();
	ck_assert_int_eq(number("StatefulSet", "db", "live", "active_pods"), 1);
	ck_assert_int_eq(
	    number("StatefulSet", "db", "live", "terminating_pods"), 1);
	ck_assert_int_eq(
	    number("StatefulSet", "db", "live", "finished_pods"), 1);
}
END_TEST

/* A pod says what it may use better than a template: LimitRange, sidecars. */
START_TEST(limits_come_from_the_newest_pod)
{
	static const char pod[] =
	    "{" META ",'creationTimestamp':'%s'" OWNED
	    "},'spec':{'containers':[{'name':'c','resources':{'limits':"
	    "{'cpu':'%s','memory':'1536Mi'}}}]}," RUNS "}";

	kubernetes_world_know_all(&world);
	put(KUBERNETES_STATEFULSETS,
	    "{" META "},'spec':{'replicas':1,'template':{'spec':"
	    "{'containers':[{'name':'c','image':'x:1'}]}}}}",
	    "db", "u");
	look();
	ck_assert(
	    json_is_null(member("StatefulSet", "db", "pod_max_cpu", NULL)));
	ck_assert_str_eq(
	    text("StatefulSet", "db", "pod_limits_source", NULL), "template");
	ck_assert_uint_eq(json_array_size(member("StatefulSet", "db",
			      "unlimited_containers", NULL)),
	    1);
	put(KUBERNETES_PODS, pod, "db-0", "0", "2026-11-21T03:00:00Z",
	    "apps/v1", "StatefulSet", "db", "u", "1");
	put(KUBERNETES_PODS, pod, "db-1", "1", "2026-11-21T04:00:00Z",
	    "apps/v1", "StatefulSet", "db", "u", "2100m");
	look();
	ck_assert_str_eq(
	    text("StatefulSet", "db", "pod_max_cpu", NULL), "2100m");
	ck_assert_str_eq(
	    text("StatefulSet", "db", "pod_max_ram", NULL), "1536Mi");
	ck_assert_str_eq(
	    text("StatefulSet", "db", "pod_limits_source", NULL), "pod");
	ck_assert_ptr_null(
	    member("StatefulSet", "db", "unlimited_containers", NULL));
}
END_TEST

START_TEST(quantities_are_written_as_the_server_does)
{
	char out[32];

	kubernetes__quantity_cpu(2100000000, out);
	ck_assert_str_eq(out, "2100m");
	kubernetes__quantity_cpu(2000000000, out);
	ck_assert_str_eq(out, "2");
	kubernetes__quantity_cpu(1500, out);
	ck_assert_str_eq(out, "1500n");
	kubernetes__quantity_cpu(0, out);
	ck_assert_str_eq(out, "0");
	kubernetes__quantity_cpu(INT64_C(2000000000000), out);
	ck_assert_str_eq(out, "2k");
	kubernetes__quantity_memory(INT64_C(2) << 30, out);
	ck_assert_str_eq(out, "2Gi");
	kubernetes__quantity_memory(1610612736, out);
	ck_assert_str_eq(out, "1536Mi");
	kubernetes__quantity_memory(128000001, out);
	ck_assert_str_eq(out, "128000001");
	kubernetes__quantity_memory(129000000, out);
	ck_assert_str_eq(out, "129M");
	kubernetes__quantity_memory(INT64_MAX, out);
	ck_assert_str_eq(out, "9223372036854775807");
}
END_TEST

/* --- one event, one workload ------------------------------------------ */

START_TEST(a_pod_marks_only_its_own)
{
	struct kubernetes_workload *w;
	size_t i, dirty = 0;

	kubernetes_world_know_all(&world);
	put_deployment("web");
	put_deployment("api");
	put_replicaset("web-1a", "Deployment", "web");
	put_pod("web-1a-x", "apps/v1", "ReplicaSet", "web-1a", "web-1a");
	look();
	world.store.changed = false;
	put(KUBERNETES_PODS, "{" META OWNED "},'status':{'phase':'Pending'}}",
	    "web-1a-x", "x", "apps/v1", "ReplicaSet", "web-1a", "web-1a");
	ck_assert(world.store.changed);
	ck_assert(!world.store.misplaced);
	for (i = 0; i < world.store.workload_count; i++) {
		w = world.store.workloads[i];
		dirty += w->dirty;
		ck_assert(!w->dirty || strcmp(w->name, "web") == 0);
	}
	ck_assert_uint_eq(dirty, 1);
}
END_TEST

START_TEST(what_is_refused_is_forgotten)
{
	kubernetes_world_know_all(&world);
	put_deployment("web");
	put(KUBERNETES_PODS, "{" META "}," RUNS "}", "a", "1");
	kubernetes__store_forget(
	    &world.store, kubernetes__store_feed(0, KUBERNETES_DEPLOYMENTS));
	look();
	ck_assert_uint_eq(json_array_size(entities), 1);
	ck_assert_ptr_null(workload("Deployment", "web"));
}
END_TEST

START_TEST(namespaces_are_known_one_by_one)
{
	static const char *const namespaces[] = {"m", "n"};

	kubernetes_world_fini(&world);
	kubernetes_world_init(&world, namespaces, 2);
	kubernetes_world_know(&world, KUBERNETES_PODS);
	ck_assert(kubernetes__store_known(&world.store, KUBERNETES_PODS, "m"));
	ck_assert(!kubernetes__store_known(&world.store, KUBERNETES_PODS, "n"));
	ck_assert(!kubernetes__store_known(&world.store, KUBERNETES_PODS, "x"));
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, owners_are_followed);
	tcase_add_test(tc, a_kind_of_another_group_is_another_kind);
	tcase_add_test(tc, the_hash_leads_to_the_deployment);
	tcase_add_test(tc, pods_stay_together_without_deployments);
	tcase_add_test(tc, without_pods_the_controller_counts);
	tcase_add_test(tc, the_minute_leads_to_the_cronjob);
	tcase_add_test(tc, a_late_owner_takes_its_pods);
	tcase_add_test(
	    tc, the_end_of_an_older_one_is_not_that_of_its_successor);
	tcase_add_test(tc, the_autoscaler_says_how_far_it_goes);
	tcase_add_test(tc, an_autoscaler_of_something_else_does_not_count);
	tcase_add_test(tc, pods_are_in_one_of_three);
	tcase_add_test(tc, limits_come_from_the_newest_pod);
	tcase_add_test(tc, quantities_are_written_as_the_server_does);
	tcase_add_test(tc, a_pod_marks_only_its_own);
	tcase_add_test(tc, what_is_refused_is_forgotten);
	tcase_add_test(tc, namespaces_are_known_one_by_one);
}

int
main(void)
{
	Suite *s = suite_create("kubernetes store");
	TCase *tc = tcase_create("store");

	add_tests(tc);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
