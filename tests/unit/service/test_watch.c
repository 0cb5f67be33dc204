/* What a watcher is told first, wherever it stands. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watched.h"

START_TEST(nothing_to_watch_before_the_first_snapshot)
{
	struct watch_hub_settings s = rig_settings(&rig);
	struct sst_watch_settings w = {.sections = AGENTS, .wake = eye_wake};
	struct sst_watch *watch = NULL;

	watch__hub_free(&rig.hub);
	sst_snapshot_release(&rig.current);
	rig_open(&rig, &s);
	ck_assert_int_eq(
	    watch__hub_open(rig.hub, &w, &watch, &rig.err), SST_NODATA);
	ck_assert_ptr_null(watch);
	rig_round(&rig);
}
END_TEST

START_TEST(what_cannot_be_watched_is_said)
{
	static const char *const keys[] = {"", "%", "%4", "a%zz"};
	struct sst_watch_settings w = {.sections = 0, .wake = eye_wake};
	struct sst_watch *watch = NULL;
	size_t i;

	ck_assert_int_eq(
	    watch__hub_open(rig.hub, &w, &watch, &rig.err), SST_INVALID);
	w.sections = AGENTS;
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		w.key = keys[i];
		w.key_len = strlen(keys[i]);
		ck_assert_int_eq(watch__hub_open(rig.hub, &w, &watch, &rig.err),
		    SST_INVALID);
	}
	ck_assert_ptr_null(watch);
}
END_TEST

START_TEST(without_resume_the_state_comes_first)
{
	eye_open(&rig, &eye, AGENTS, NULL, NULL);
	eye_wants(&eye, SST_WATCH_STATE, 1);
	ck_assert_str_eq(eye.event.epoch, rig.epoch);
	ck_assert(watched_body_has("\"agents\":[{\"name\":\"a0\""));
	ck_assert(!watched_body_has("\"queues\":["));
	eye_wants_none(&eye, 0);
	rig_set_agent(&rig, 0, 2);
	watched_next();
	eye_wants(&eye, SST_WATCH_CHANGE, 2);
	ck_assert_uint_eq(eye_from(&eye), 1);
	eye_wants_none(&eye, 1);
}
END_TEST

START_TEST(resume_at_the_present_says_nothing)
{
	eye_open(&rig, &eye, AGENTS, NULL, rig_at(&rig, 1));
	eye_wants_none(&eye, 0);
	rig_due(&rig, 16000);
	eye_wants(&eye, SST_WATCH_HEARTBEAT, 1);
}
END_TEST

START_TEST(resume_in_the_past_leads_to_the_present)
{
	rig_set_agent(&rig, 0, 2);
	watched_next();
	rig.tasks[0][0] = 2;
	watched_next();
	eye_open(&rig, &eye, AGENTS, NULL, rig_at(&rig, 1));
	eye_wants(&eye, SST_WATCH_CHANGE, 3);
	ck_assert_uint_eq(eye_from(&eye), 1);
	ck_assert_uint_eq(eye_changes(&eye), 1);
	eye_wants_none(&eye, 0);
}
END_TEST

START_TEST(resume_before_changes_of_others_is_a_bookmark_later)
{
	rig.tasks[0][0] = 2;
	watched_next();
	eye_open(&rig, &eye, AGENTS, NULL, rig_at(&rig, 1));
	eye_wants_none(&eye, 0);
	rig_due(&rig, 16000);
	eye_wants(&eye, SST_WATCH_BOOKMARK, 2);
	eye_wants_none(&eye, 1);
	rig_due(&rig, 16000);
	eye_wants(&eye, SST_WATCH_HEARTBEAT, 2);
	eye_wants_none(&eye, 2);
}
END_TEST

START_TEST(another_epoch_starts_over)
{
	rig.epoch = "00000000000000e2";
	rig_publish(&rig);
	rig_round(&rig);
	eye_open(&rig, &eye, AGENTS, NULL, rig_at(&rig, 1));
	eye_wants(&eye, SST_WATCH_STATE, 2);
	ck_assert_str_eq(eye.event.epoch, rig.epoch);
	eye_wants_none(&eye, 0);
}
END_TEST

START_TEST(an_epoch_that_begins_now_starts_all_over)
{
	eye_open(&rig, &eye, AGENTS, NULL, rig_at(&rig, 1));
	eye_open(&rig, &other, AGENTS, "a0", rig_at(&rig, 1));
	eye_wants_none(&eye, 0);
	eye_wants_none(&other, 0);
	rig.epoch = "00000000000000e2";
	rig.revision = 0;
	sst_snapshot_release(&rig.kept[1]);
	watched_next();
	eye_wants(&eye, SST_WATCH_STATE, 1);
	ck_assert_str_eq(eye.event.epoch, rig.epoch);
	eye_wants(&other, SST_WATCH_STATE, 1);
	ck_assert_int_eq(other.event.body->bytes[0], '{');
}
END_TEST

/* A client read the current revision before the hub came to it. */
START_TEST(resume_ahead_of_the_hub_never_leads_back)
{
	rig_round(&rig);
	rig_set_agent(&rig, 0, 2);
	rig_publish(&rig);
	eye_open(&rig, &eye, AGENTS, NULL, rig_at(&rig, 2));
	eye_wants_none(&eye, 0);
	rig_due(&rig, 16000);
	eye_wants(&eye, SST_WATCH_HEARTBEAT, 2);
	eye_wants_none(&eye, 1);
	rig_round(&rig);
	eye_wants_none(&eye, 1);
	rig_set_agent(&rig, 0, 3);
	watched_next();
	eye_wants(&eye, SST_WATCH_CHANGE, 3);
	ck_assert_uint_eq(eye_from(&eye), 2);
	eye_wants_none(&eye, 2);
}
END_TEST

START_TEST(the_hub_may_leap_over_who_was_ahead)
{
	rig_round(&rig);
	rig_set_agent(&rig, 0, 2);
	rig_publish(&rig);
	eye_open(&rig, &eye, AGENTS, NULL, rig_at(&rig, 2));
	eye_open(&rig, &other, QUEUES, NULL, rig_at(&rig, 2));
	eye_wants_none(&eye, 0);
	eye_wants_none(&other, 0);
	rig_set_agent(&rig, 0, 3);
	rig_publish(&rig);
	rig_set_agent(&rig, 1, 7);
	watched_next();
	eye_wants(&eye, SST_WATCH_CHANGE, 4);
	ck_assert_uint_eq(eye_from(&eye), 2);
	ck_assert_uint_eq(eye_changes(&eye), 2);
	eye_wants_none(&eye, 1);
	eye_wants_none(&other, 0);
	rig_due(&rig, 16000);
	eye_wants(&other, SST_WATCH_BOOKMARK, 4);
}
END_TEST

/* Who opened the first watch may have seen more than a round that began. */
START_TEST(a_round_never_leads_back)
{
	struct sst_snapshot *later;

	rig_set_agent(&rig, 0, 2);
	rig_publish(&rig);
	eye_open(&rig, &eye, AGENTS, NULL, NULL);
	eye_wants(&eye, SST_WATCH_STATE, 2);
	eye_wants_none(&eye, 0);
	later = rig.current;
	rig.current = sst_snapshot_acquire(rig_at(&rig, 1));
	rig_round(&rig);
	sst_snapshot_release(&rig.current);
	rig.current = later;
	rig_round(&rig);
	ck_assert_int_eq(atomic_load(&eye.wakes), 0);
	ck_assert_uint_eq(rig.hub->last->revision, 2);
}
END_TEST

START_TEST(who_is_ahead_can_leave)
{
	rig_round(&rig);
	rig_publish(&rig);
	eye_open(&rig, &eye, AGENTS, NULL, rig_at(&rig, 2));
	eye_open(&rig, &other, AGENTS, NULL, rig_at(&rig, 2));
	eye_wants_none(&eye, 0);
	eye_wants_none(&other, 0);
	eye_close(&eye);
	rig_round(&rig);
	ck_assert_ptr_null(rig.hub->ahead);
}
END_TEST

START_TEST(state_of_a_key_is_that_entity)
{
	eye_open(&rig, &eye, SST_SECTIONS_ALL, "a1", NULL);
	eye_wants(&eye, SST_WATCH_STATE, 1);
	ck_assert(watched_body_is("{\"name\":\"a1\",\"description\":\"1\"}"));
	eye_close(&eye);
	eye_open(&rig, &eye, SST_SECTIONS_ALL, "mock/q0/tasks/t1", NULL);
	eye_wants(&eye, SST_WATCH_STATE, 1);
	ck_assert(watched_body_has("{\"id\":\"t1\",\"submitted_at\""));
	eye_close(&eye);
	eye_open(&rig, &eye, QUEUES, "mock/q1", NULL);
	eye_wants(&eye, SST_WATCH_STATE, 1);
	ck_assert(watched_body_has("\"tasks\":[{\"id\":\"t2\""));
	eye_close(&eye);
	eye_open(&rig, &eye, QUEUES, "queues%2Fq", NULL);
	eye_wants(&eye, SST_WATCH_STATE, 1);
	ck_assert(watched_body_has("{\"name\":\"queues/q\""));
}
END_TEST

START_TEST(state_of_a_key_nobody_has_is_null)
{
	static const char *const keys[] = {"a9", "mock/q9", "mock",
	    "mock/q0/tasks", "mock/q0/tasks/t9", "mock/q0/pods/t1", "a0/x/y",
	    "a0/active_task_ids/t1", "agents%2Fa", "/", "%00"};
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		eye_open(
		    &rig, &eye, QUEUES | (i == 8 ? 0 : AGENTS), keys[i], NULL);
		eye_wants(&eye, SST_WATCH_STATE, 1);
		ck_assert_msg(watched_body_is("null"), "%s", keys[i]);
		eye_close(&eye);
	}
}
END_TEST

static Suite *
first_suite(void)
{
	Suite *s = suite_create("watch");
	TCase *first = tcase_create("first");

	tcase_add_checked_fixture(first, watched_setup, watched_teardown);
	tcase_add_test(first, nothing_to_watch_before_the_first_snapshot);
	tcase_add_test(first, what_cannot_be_watched_is_said);
	tcase_add_test(first, without_resume_the_state_comes_first);
	tcase_add_test(first, resume_at_the_present_says_nothing);
	tcase_add_test(first, resume_in_the_past_leads_to_the_present);
	tcase_add_test(
	    first, resume_before_changes_of_others_is_a_bookmark_later);
	tcase_add_test(first, another_epoch_starts_over);
	tcase_add_test(first, an_epoch_that_begins_now_starts_all_over);
	tcase_add_test(first, resume_ahead_of_the_hub_never_leads_back);
	tcase_add_test(first, the_hub_may_leap_over_who_was_ahead);
	tcase_add_test(first, a_round_never_leads_back);
	tcase_add_test(first, who_is_ahead_can_leave);
	tcase_add_test(first, state_of_a_key_is_that_entity);
	tcase_add_test(first, state_of_a_key_nobody_has_is_null);
	suite_add_tcase(s, first);
	return s;
}

int
main(void)
{
	SRunner *runner = srunner_create(first_suite());
	int failed;

	srunner_add_suite(runner, watch_wake_suite());
	srunner_add_suite(runner, watch_limits_suite());
	srunner_add_suite(runner, watch_chain_suite());
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
