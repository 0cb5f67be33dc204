/*
 * The Kafka source without memory: each allocation of a collection fails once,
 * and the next collection is whole again.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "kafka_rig.h"
#include "support/starve.h"
#include "support/suite.h"

static struct kafka_rig rig;
static const char *const headers[] = {"id", "t-1", "after", "t-8", NULL};
static const char options[] =
    "groups: [planner], max_tasks_per_queue: 3, id_header: id,"
    " blocked_by_header: after, topics: ['agent.*']";

static void
setup(void)
{
	rig_init(&rig, 1);
	rig_topic(&rig, "agent.tasks", 1);
	rig_topic(&rig, "agent.tasks.dlq", 1);
	rig_produce(&rig, "agent.tasks", 0, 5, headers);
	rig_commit(&rig, "planner", "agent.tasks", 0, 1);
}

static void
teardown(void)
{
	rig_fini(&rig);
}

/* A fetch may do without, and is tried again. True: an allocation failed. */
static bool
collect_without(long n, struct sst_harvest **harvest)
{
	bool starved;
	int code;

	rig.starve_after = n + 1;
	code = rig_collect_after(&rig, harvest);
	starved = rig.starved;
	rig.starve_after = 0;
	ck_assert_msg(code == SST_NOMEM || code == SST_OK, "%ld: %s: %s", n,
	    sst_code_name(code), rig.subject.err.text);
	ck_assert_int_eq(rig_collect_after(&rig, harvest), SST_OK);
	ck_assert_int_eq((*harvest)->flaw.code, SST_OK);
	ck_assert_uint_eq((*harvest)->count, 2);
	ck_assert_uint_eq((*harvest)->rejected, 0);
	return starved;
}

/* 0: all is found, fetched and made; 1: most is kept. */
START_TEST(each_allocation_may_fail)
{
	struct sst_harvest *harvest = NULL;
	bool starved = true;
	long n;

	rig_open(&rig, options);
	for (n = 0; starved; n++) {
		if (_i == 0) {
			sst_harvest_release(&harvest);
			rig_open(&rig, options);
		}
		starved = collect_without(n, &harvest);
	}
	sst_harvest_release(&harvest);
	printf("%ld allocations\n", n - 1);
	ck_assert_int_gt(n, 20);
}
END_TEST

START_TEST(settings_may_not_fit)
{
	long n;
	int code;

	rig_open(&rig, options);
	for (n = 0;; n++) {
		starve_after(n);
		code = subject_open(&rig.subject, rig.options);
		if (!starve_end())
			break;
		ck_assert_int_ne(code, SST_OK);
	}
	ck_assert_int_eq(code, SST_OK);
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_loop_test(tc, each_allocation_may_fail, 0, 2);
	tcase_add_test(tc, settings_may_not_fit);
}

int
main(void)
{
	const struct suite_plan plan = {
	    "kafka nomem", add_tests, setup, teardown, 180};

	starve_init();
	return suite_run(&plan);
}
