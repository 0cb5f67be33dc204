/*
 * Lets each allocation fail once: nobody loses an event without being told,
 * and the hub goes on.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "support/starve.h"
#include "watch_rig.h"

static struct rig rig;

static void
setup(void)
{
	struct watch_hub_settings s;

	rig_init(&rig);
	s = rig_settings(&rig);
	rig_open(&rig, &s);
	rig_publish(&rig);
}

static void
teardown(void)
{
	rig_fini(&rig);
}

static void
next_revision(void)
{
	rig_set_agent(&rig, 0, (int)rig.revision + 1);
	rig_publish(&rig);
}

START_TEST(hub_new_starves)
{
	struct watch_hub_settings s = rig_settings(&rig);
	struct watch_hub *hub = NULL;
	int rc = SST_NOMEM;
	long n;

	for (n = 0; rc != SST_OK; n++) {
		starve_after(n);
		rc = watch__hub_new(&s, &hub, &rig.err);
		starve_end();
		ck_assert(rc == SST_OK || (rc == SST_NOMEM && hub == NULL));
	}
	ck_assert_int_gt(n, 3);
	watch__hub_free(&hub);
}
END_TEST

START_TEST(open_starves)
{
	struct sst_watch_settings w = {.sections = AGENTS, .key = "a0",
	    .key_len = 2, .resume = rig_at(&rig, 1), .wake = eye_wake};
	struct sst_watch *watch = NULL;
	struct sst_watch_figures f;
	int rc = SST_NOMEM;
	long n;

	for (n = 0; rc != SST_OK; n++) {
		starve_after(n);
		rc = watch__hub_open(rig.hub, &w, &watch, &rig.err);
		starve_end();
		ck_assert(rc == SST_OK || (rc == SST_NOMEM && watch == NULL));
		watch__hub_figures(rig.hub, &f);
		ck_assert_uint_eq(f.open, rc == SST_OK);
		ck_assert_uint_eq(f.projections, rc == SST_OK);
	}
	ck_assert_int_gt(n, 3);
	sst_watch_close(&watch);
}
END_TEST

/* The first event in want of memory: it comes, or SLOW and none after it. */
static bool
first_event(struct eye *eye, long n, enum sst_watch_event_kind want)
{
	struct sst_watch_event e, none;
	uint64_t told = eye->watch->told;
	bool failed;
	int rc;

	starve_after(n);
	rc = sst_watch_next(eye->watch, &e);
	failed = starve_end();
	ck_assert_int_eq(rc, SST_OK);
	if (e.kind == want) {
		ck_assert_uint_eq(e.revision, rig.revision);
	} else {
		ck_assert_int_eq(e.kind, SST_WATCH_SLOW);
		ck_assert_uint_eq(e.revision, told);
		ck_assert(failed);
		ck_assert_int_eq(
		    sst_watch_next(eye->watch, &none), SST_CANCELED);
	}
	sst_watch_event_fini(&e);
	return failed;
}

static void
starve_first(const char *key, bool resume, enum sst_watch_event_kind want)
{
	struct eye eye;
	bool failed = true;
	long n;

	for (n = 0; failed; n++) {
		next_revision();
		rig_round(&rig);
		eye_open(&rig, &eye, AGENTS, key,
		    resume ? rig_at(&rig, rig.revision - 1) : NULL);
		failed = first_event(&eye, n, want);
		eye_close(&eye);
	}
	ck_assert_int_gt(n, 2);
	ck_assert_uint_eq(rig.hub->group_count, 0);
}

START_TEST(first_event_starves)
{
	starve_first(NULL, false, SST_WATCH_STATE);
	starve_first("a0", false, SST_WATCH_STATE);
	starve_first("a9", false, SST_WATCH_STATE);
	starve_first(NULL, true, SST_WATCH_CHANGE);
	starve_first("a0", true, SST_WATCH_CHANGE);
	ck_assert_uint_gt(rig.hub->figures.dropped_total, 10);
}
END_TEST

/* Reads what a round without enough memory left for it, and reconnects. */
static void
after_round(struct eye *eye, const char *key)
{
	struct sst_watch_event e;
	uint64_t told = eye->watch->told;

	ck_assert_int_eq(atomic_load(&eye->wakes), 1);
	ck_assert_int_eq(sst_watch_next(eye->watch, &e), SST_OK);
	if (e.kind == SST_WATCH_SLOW) {
		ck_assert_uint_eq(e.revision, told);
		eye_close(eye);
		eye_open(&rig, eye, AGENTS, key, rig_at(&rig, told));
		ck_assert_int_eq(sst_watch_next(eye->watch, &e), SST_OK);
	}
	ck_assert_int_eq(e.kind, SST_WATCH_CHANGE);
	ck_assert_uint_eq(e.revision, rig.revision);
	sst_watch_event_fini(&e);
	eye_wants_none(eye, atomic_load(&eye->wakes));
	atomic_store(&eye->wakes, 0);
}

START_TEST(round_starves)
{
	struct eye all, one, poll;
	bool failed = true;
	long n;

	eye_open(&rig, &all, AGENTS, NULL, rig_at(&rig, 1));
	eye_open(&rig, &one, AGENTS, "a0", rig_at(&rig, 1));
	eye_wants_none(&all, 0);
	eye_wants_none(&one, 0);
	for (n = 0; failed; n++) {
		eye_poll(&rig, &poll, AGENTS, rig_at(&rig, rig.revision), 9);
		eye_wants_none(&poll, 0);
		next_revision();
		starve_after(n);
		rig_round(&rig);
		failed = starve_end();
		after_round(&all, NULL);
		after_round(&one, "a0");
		eye_wants(&poll, SST_WATCH_CHANGE, rig.revision);
		eye_close(&poll);
	}
	ck_assert_int_gt(n, 8);
	ck_assert_uint_gt(rig.hub->figures.dropped_total, 8);
	eye_close(&all);
	eye_close(&one);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("watch without memory");
	TCase *t = tcase_create("starve");
	SRunner *runner = srunner_create(s);
	int failed;

	starve_init();
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, hub_new_starves);
	tcase_add_test(t, open_starves);
	tcase_add_test(t, first_event_starves);
	tcase_add_test(t, round_starves);
	suite_add_tcase(s, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
