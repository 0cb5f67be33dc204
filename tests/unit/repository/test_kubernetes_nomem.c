/*
 * Lets each allocation on the way from bytes to an entity fail once: what was
 * known stays, and the next attempt is as good as if nothing had been.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/draft.h"
#include "repository/harvest.h"
#include "support/starve.h"
#include "unit/repository/kubernetes_world.h"
#include "unit/base/run.h"

static struct kubernetes_world world;

static const char replicaset[] =
    "{\"metadata\":{\"name\":\"web-1a\",\"namespace\":\"n\",\"uid\":\"r\","
    "\"ownerReferences\":[{\"controller\":true,\"apiVersion\":\"apps/v1\","
    "\"kind\":\"Deployment\",\"name\":\"web\",\"uid\":\"d\"}]}}";
static const char deployment[] =
    "{\"metadata\":{\"name\":\"web\",\"namespace\":\"n\",\"uid\":\"d\"},"
    "\"spec\":{\"replicas\":2,\"template\":{\"spec\":{\"containers\":["
    "{\"name\":\"c\",\"image\":\"x:1\"}]}}},\"status\":{\"replicas\":1}}";
static const char hpa[] =
    "{\"metadata\":{\"name\":\"h\",\"namespace\":\"n\",\"uid\":\"h\"},"
    "\"spec\":{\"maxReplicas\":7,\"scaleTargetRef\":{\"kind\":\"Deployment\","
    "\"name\":\"web\",\"apiVersion\":\"apps/v1\"}}}";
static const char pod[] =
    "{\"metadata\":{\"name\":\"web-1a-x\",\"namespace\":\"n\",\"uid\":\"p\","
    "\"ownerReferences\":[{\"controller\":true,\"apiVersion\":\"apps/v1\","
    "\"kind\":\"ReplicaSet\",\"name\":\"web-1a\",\"uid\":\"r\"}]},"
    "\"spec\":{\"nodeName\":\"node\",\"containers\":[{\"name\":\"c\"}]},"
    "\"status\":{\"phase\":\"Running\",\"startTime\":\"2026-11-21T03:00:00Z\","
    "\"containerStatuses\":[{\"name\":\"c\",\"restartCount\":4,\"state\":"
    "{\"waiting\":{\"reason\":\"CrashLoopBackOff\",\"message\":\"wait\"}},"
    "\"lastState\":{\"terminated\":{\"exitCode\":137,\"reason\":"
    "\"OOMKilled\"}}}]}}";

/* In an order in which the pod moves to its Deployment at the end. */
static const struct {
	enum kubernetes_resource resource;
	const char *json;
} steps[] = {
    {KUBERNETES_PODS, pod},
    {KUBERNETES_HPAS, hpa},
    {KUBERNETES_REPLICASETS, replicaset},
    {KUBERNETES_DEPLOYMENTS, deployment},
};

enum { STEPS = (int)(sizeof(steps) / sizeof(steps[0])) };

static void
setup(void)
{
	kubernetes_world_init(&world, NULL, 0);
	kubernetes_world_know_all(&world);
}

static void
teardown(void)
{
	kubernetes_world_fini(&world);
}

static int
take(int step)
{
	struct kubernetes_record *record = NULL;
	int code = kubernetes__parse(steps[step].resource, steps[step].json,
	    strlen(steps[step].json), &record, &world.err);

	if (code == SST_OK)
		code = kubernetes__store_put(&world.store,
		    kubernetes__store_feed(0, steps[step].resource), record,
		    &world.err);
	return code;
}

/* Everything with the n-th allocation failing; what failed is done again.
 * False: there are fewer. */
static bool
take_starved(long n)
{
	bool starved;
	int i, code;

	starve_after(n);
	for (i = 0; i < STEPS; i++) {
		code = take(i);
		if (code == SST_OK)
			continue;
		ck_assert_int_eq(code, SST_NOMEM);
		ck_assert_int_eq(take(i), SST_OK);
	}
	code = kubernetes__store_settle(&world.store, &world.err);
	if (code != SST_OK) {
		ck_assert_int_eq(code, SST_NOMEM);
		ck_assert_int_eq(
		    kubernetes__store_settle(&world.store, &world.err), SST_OK);
	}
	starved = starve_end();
	return starved;
}

static char *
result(void)
{
	json_t *entities = kubernetes_world_entities(&world);
	char *text = json_dumps(entities, JSON_SORT_KEYS);

	json_decref(entities);
	return text;
}

START_TEST(the_store_survives)
{
	char *want, *got;
	bool more = true;
	long n;
	int i;

	for (i = 0; i < STEPS; i++)
		ck_assert_int_eq(take(i), SST_OK);
	want = result();
	for (n = 0; more; n++) {
		teardown();
		setup();
		more = take_starved(n);
		got = result();
		ck_assert_str_eq(got, want);
		free(got);
	}
	ck_assert_int_gt(n, 20);
	free(want);
}
END_TEST

START_TEST(an_entity_is_whole_or_none)
{
	const struct kubernetes_workload *w = NULL;
	json_t *want, *got;
	bool more = true;
	size_t i;
	long n;

	for (i = 0; i < STEPS; i++)
		ck_assert_int_eq(take((int)i), SST_OK);
	ck_assert_int_eq(
	    kubernetes__store_settle(&world.store, &world.err), SST_OK);
	for (i = 0; i < world.store.workload_count; i++) {
		if (kubernetes__workload_exists(world.store.workloads[i]))
			w = world.store.workloads[i];
	}
	want = kubernetes__entity(&world.store, w);
	for (n = 0; more; n++) {
		starve_after(n);
		got = kubernetes__entity(&world.store, w);
		more = starve_end();
		/* jansson makes some of its failures good itself */
		ck_assert(more || got != NULL);
		ck_assert(got == NULL || json_equal(got, want));
		json_decref(got);
	}
	ck_assert_int_gt(n, 50);
	json_decref(want);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("kubernetes without memory");
	TCase *tc = tcase_create("nomem");

	starve_init();
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_store_survives);
	tcase_add_test(tc, an_entity_is_whole_or_none);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
