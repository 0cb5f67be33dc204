/*
 * What pods use: of the pod that runs now, unknown when it is not told, and
 * silent about small moves.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/base/run.h"
#include "unit/repository/kubernetes_case.h"

#define put(resource, ...) kubernetes_world_putf(&world, resource, __VA_ARGS__)
#define META "'metadata':{'name':'%s','namespace':'n','uid':'%s'"
#define RUNS "'status':{'phase':'Running','startTime':'2026-11-21T03:00:00Z'}"

static void
measure(const char *name, const char *at, const char *cpu, const char *memory)
{
	char json[512];

	snprintf(json, sizeof(json),
	    "{\"metadata\":{\"name\":\"%s\",\"namespace\":\"n\"},"
	    "\"timestamp\":\"%s\",\"containers\":[{\"name\":\"c\","
	    "\"usage\":{\"cpu\":\"%s\",\"memory\":\"%s\"}}]}",
	    name, at, cpu, memory);
	kubernetes__store_usage_begin(&world.store);
	kubernetes_world_usage(&world, json);
	kubernetes__store_usage_end(&world.store, NULL);
	look();
}

static const json_t *
shown(const char *name, const char *what)
{
	return json_object_get(kubernetes_world_pod(entities, name), what);
}

#define EARLY "2026-11-21T02:59:59Z"
#define LATE "2026-11-21T03:05:00Z"

START_TEST(usage_is_of_the_pod_that_runs_now)
{
	kubernetes_world_know_all(&world);
	put(KUBERNETES_PODS, "{" META "}," RUNS "}", "db-0", "1");
	measure("db-0", EARLY, "100m", "64Mi");
	ck_assert(json_is_null(shown("db-0", "cpu")));
	measure("db-0", LATE, "100m", "64Mi");
	ck_assert(json_number_value(shown("db-0", "cpu")) == 0.1);
	ck_assert(json_number_value(shown("db-0", "memory")) == 64);
	ck_assert_int_eq(
	    json_integer_value(shown("db-0", "memory_bytes")), 67108864);
	/* a row that cannot be read, and none at all */
	measure("db-0", LATE, "100mi", "64Mi");
	ck_assert_uint_eq(world.rejected, 1);
	world.rejected = 0;
	ck_assert(json_is_null(shown("db-0", "cpu")));
	measure("db-0", LATE, "0", "64Mi");
	ck_assert(json_number_value(shown("db-0", "cpu")) == 0);
	/* another pod of that name */
	put(KUBERNETES_PODS, "{" META "}," RUNS "}", "db-0", "2");
	look();
	ck_assert(json_is_null(shown("db-0", "cpu")));
	/* one that has not begun */
	put(KUBERNETES_PODS, "{" META "},'status':{'phase':'Pending'}}", "db-0",
	    "3");
	measure("db-0", LATE, "1", "64Mi");
	ck_assert(json_is_null(shown("db-0", "cpu")));
}
END_TEST

START_TEST(small_moves_are_not_told)
{
	kubernetes_world_know_all(&world);
	world.store.tolerance_percent = 5;
	put(KUBERNETES_PODS, "{" META "}," RUNS "}", "a", "1");
	measure("a", LATE, "1000m", "1000Mi");
	world.store.changed = false;
	measure("a", LATE, "1050m", "1050Mi");
	ck_assert(!world.store.changed);
	ck_assert(json_number_value(shown("a", "cpu")) == 1);
	measure("a", LATE, "1051m", "1000Mi");
	ck_assert(world.store.changed);
	ck_assert(json_number_value(shown("a", "cpu")) == 1.051);
	/* less than the floor is no news either */
	measure("a", LATE, "10m", "10Mi");
	measure("a", LATE, "15m", "14Mi");
	ck_assert(json_number_value(shown("a", "cpu")) == 0.01);
	measure("a", LATE, "15001u", "10Mi");
	ck_assert(json_number_value(shown("a", "cpu")) == 0.015001);
	world.store.tolerance_percent = 0;
	measure("a", LATE, "15002u", "10Mi");
	ck_assert(json_number_value(shown("a", "cpu")) == 0.015002);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("kubernetes usage");
	TCase *tc = tcase_create("usage");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, usage_is_of_the_pod_that_runs_now);
	tcase_add_test(tc, small_moves_are_not_told);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
