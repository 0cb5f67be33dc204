/* What wakes a watcher, and what it is told then. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watched.h"

START_TEST(only_the_section_that_changed_wakes)
{
	eye_open(&rig, &eye, AGENTS, NULL, rig_at(&rig, 1));
	eye_open(&rig, &other, QUEUES | WORKLOAD, NULL, rig_at(&rig, 1));
	eye_wants_none(&eye, 0);
	eye_wants_none(&other, 0);
	rig.tasks[0][0] = 2;
	watched_next();
	ck_assert_int_eq(atomic_load(&eye.wakes), 0);
	eye_wants(&other, SST_WATCH_CHANGE, 2);
	eye_wants_none(&other, 1);
	rig_set_agent(&rig, 2, 1);
	watched_next();
	eye_wants(&eye, SST_WATCH_CHANGE, 3);
	/* from where the hub was: nothing of agents changed before */
	ck_assert_uint_eq(eye_from(&eye), 2);
	ck_assert_int_eq(atomic_load(&other.wakes), 1);
}
END_TEST

START_TEST(rows_of_sources_wake_the_section_they_feed)
{
	eye_open(&rig, &eye, AGENTS, NULL, rig_at(&rig, 1));
	eye_open(&rig, &other, QUEUES, NULL, rig_at(&rig, 1));
	eye_wants_none(&eye, 0);
	eye_wants_none(&other, 0);
	rig.status[1] = 2;
	watched_next();
	ck_assert_int_eq(atomic_load(&eye.wakes), 0);
	eye_wants(&other, SST_WATCH_CHANGE, 2);
	rig.status[0] = 2;
	watched_next();
	eye_wants(&eye, SST_WATCH_CHANGE, 3);
	eye_wants_none(&other, 1);
}
END_TEST

START_TEST(only_the_entity_of_the_key_wakes)
{
	eye_open(&rig, &eye, SST_SECTIONS_ALL, "a0", rig_at(&rig, 1));
	eye_wants_none(&eye, 0);
	rig_set_agent(&rig, 1, 2);
	rig.tasks[0][0] = 2;
	rig.status[0] = 2;
	watched_next();
	ck_assert_int_eq(atomic_load(&eye.wakes), 0);
	rig_set_agent(&rig, 0, 2);
	watched_next();
	eye_wants(&eye, SST_WATCH_CHANGE, 3);
	ck_assert_uint_eq(eye_changes(&eye), 1);
	eye_wants_none(&eye, 1);
	rig_set_agent(&rig, 0, 0);
	watched_next();
	eye_wants(&eye, SST_WATCH_CHANGE, 4);
	ck_assert(watched_body_has("\"op\":\"removed\""));
	eye_wants_none(&eye, 2);
	rig_set_agent(&rig, 0, 1);
	watched_next();
	eye_wants(&eye, SST_WATCH_CHANGE, 5);
	ck_assert(watched_body_has("\"op\":\"added\""));
}
END_TEST

START_TEST(only_the_child_of_the_key_wakes)
{
	eye_open(&rig, &eye, QUEUES, "mock/q0/tasks/t1", rig_at(&rig, 1));
	eye_open(&rig, &other, QUEUES, "mock/q0", rig_at(&rig, 1));
	eye_wants_none(&eye, 0);
	eye_wants_none(&other, 0);
	rig.tasks[0][0] = 0; /* t1 stands elsewhere now */
	watched_next();
	ck_assert_int_eq(atomic_load(&eye.wakes), 0);
	eye_wants(&other, SST_WATCH_CHANGE, 2);
	eye_wants_none(&other, 1);
	rig.tasks[0][1] = 2;
	watched_next();
	eye_wants(&eye, SST_WATCH_CHANGE, 3);
	eye_wants(&other, SST_WATCH_CHANGE, 3);
	eye_wants_none(&eye, 1);
	rig.tasks[1][1] = 2; /* it moves */
	rig.tasks[0][1] = 0;
	watched_next();
	eye_wants(&eye, SST_WATCH_CHANGE, 4);
	ck_assert(watched_body_has("\"op\":\"moved\""));
}
END_TEST

START_TEST(a_child_is_found_wherever_it_went)
{
	int i;

	for (i = 0; i < RIG_TASKS; i++)
		rig.tasks[0][i] = 1;
	watched_next();
	eye_open(&rig, &eye, QUEUES, "mock/q0/tasks/t2", rig_at(&rig, 2));
	eye_wants_none(&eye, 0);
	rig.tasks[0][0] = 2;
	watched_next(); /* it is looked for, and remembered as the third */
	rig.tasks[0][0] = 0;
	watched_next(); /* the second */
	rig.tasks[0][0] = rig.tasks[0][3] = 2;
	watched_next();
	rig.tasks[0][0] = 1;
	watched_next(); /* the third again */
	rig.tasks[0][0] = rig.tasks[0][1] = 0;
	watched_next(); /* the first */
	ck_assert_int_eq(atomic_load(&eye.wakes), 0);
	rig.tasks[0][2] = 2;
	watched_next();
	eye_wants(&eye, SST_WATCH_CHANGE, rig.revision);
	eye_wants_none(&eye, 1);
}
END_TEST

START_TEST(a_row_of_sources_can_be_the_key)
{
	eye_open(&rig, &eye, QUEUES, "queues%2fq", rig_at(&rig, 1));
	eye_open(&rig, &other, AGENTS, "queues%2Fq", rig_at(&rig, 1));
	eye_wants_none(&eye, 0);
	eye_wants_none(&other, 0);
	rig.tasks[0][0] = 2;
	watched_next();
	ck_assert_int_eq(atomic_load(&eye.wakes), 0);
	rig.status[1] = 3;
	watched_next();
	eye_wants(&eye, SST_WATCH_CHANGE, 3);
	ck_assert_uint_eq(eye_changes(&eye), 1);
	ck_assert_int_eq(atomic_load(&other.wakes), 0);
}
END_TEST

START_TEST(dates_alone_wake_nobody)
{
	eye_open(&rig, &eye, QUEUES, NULL, rig_at(&rig, 1));
	eye_poll(&rig, &other, QUEUES, rig_at(&rig, 1), 1000);
	eye_wants_none(&eye, 0);
	eye_wants_none(&other, 0);
	rig.stamp = 1;
	watched_next();
	ck_assert_int_eq(atomic_load(&eye.wakes), 0);
	/* but the bytes are others, which a long poll is about */
	eye_wants(&other, SST_WATCH_CHANGE, 2);
	rig_due(&rig, 16000);
	eye_wants(&eye, SST_WATCH_BOOKMARK, 2);
}
END_TEST

START_TEST(a_section_that_becomes_known_is_sent_whole)
{
	eye_open(&rig, &eye, WORKLOAD, NULL, rig_at(&rig, 1));
	eye_wants_none(&eye, 0);
	rig.workload = SST_UNKNOWN;
	watched_next();
	eye_wants(&eye, SST_WATCH_STATE, 2);
	eye_wants_none(&eye, 1);
	rig.workload = SST_KNOWN;
	watched_next();
	eye_wants(&eye, SST_WATCH_STATE, 3);
	ck_assert(watched_body_has("\"workload\":[]"));
	eye_open(&rig, &other, WORKLOAD, NULL, rig_at(&rig, 1));
	eye_wants(&other, SST_WATCH_STATE, 3);
}
END_TEST

START_TEST(more_changes_than_fit_are_a_state)
{
	size_t i;

	eye_open(&rig, &eye, AGENTS, NULL, rig_at(&rig, 1));
	eye_wants_none(&eye, 0);
	for (i = 2; i < 2 + WATCH_CHANGES_MAX; i++)
		rig_set_agent(&rig, i, 1);
	watched_next();
	eye_wants(&eye, SST_WATCH_CHANGE, 2);
	ck_assert_uint_eq(eye_changes(&eye), WATCH_CHANGES_MAX);
	ck_assert(watched_body_has("\"truncated\":false"));
	eye_wants_none(&eye, 1);
	for (i = 0; i <= WATCH_CHANGES_MAX; i++)
		rig_set_agent(&rig, i, 2);
	watched_next();
	eye_wants(&eye, SST_WATCH_STATE, 3);
	ck_assert(watched_body_has("\"agents\":[{\"name\":\"a0\""));
	eye_open(&rig, &other, AGENTS, NULL, rig_at(&rig, 2));
	eye_wants(&other, SST_WATCH_STATE, 3);
	eye_close(&other);
	eye_open(&rig, &other, AGENTS, NULL, rig_at(&rig, 1));
	eye_wants(&other, SST_WATCH_STATE, 3);
}
END_TEST

START_TEST(a_key_among_very_many_changes_is_a_state)
{
	size_t i;

	eye_open(&rig, &eye, AGENTS, "a0", rig_at(&rig, 1));
	eye_open(&rig, &other, AGENTS, "a1", rig_at(&rig, 1));
	eye_wants_none(&eye, 0);
	eye_wants_none(&other, 0);
	rig_set_agent(&rig, 0, 7);
	for (i = 2; i < 2 + WATCH_CHANGES_MAX; i++)
		rig_set_agent(&rig, i, 1);
	watched_next();
	eye_wants(&eye, SST_WATCH_STATE, 2);
	ck_assert(watched_body_is("{\"name\":\"a0\",\"description\":\"7\"}"));
	ck_assert_int_eq(atomic_load(&other.wakes), 0);
}
END_TEST

START_TEST(publications_merge)
{
	eye_open(&rig, &eye, AGENTS, NULL, NULL);
	eye_wants(&eye, SST_WATCH_STATE, 1);
	eye_wants_none(&eye, 0);
	rig_set_agent(&rig, 0, 2);
	rig_publish(&rig);
	rig_set_agent(&rig, 0, 3);
	rig_publish(&rig);
	rig_set_agent(&rig, 1, 2);
	watched_next();
	eye_wants(&eye, SST_WATCH_CHANGE, 4);
	ck_assert_uint_eq(eye_from(&eye), 1);
	ck_assert_uint_eq(eye_changes(&eye), 2);
	eye_wants_none(&eye, 1);
}
END_TEST

START_TEST(there_and_back_is_no_change)
{
	eye_open(&rig, &eye, AGENTS, NULL, rig_at(&rig, 1));
	eye_wants_none(&eye, 0);
	rig_set_agent(&rig, 0, 2);
	rig_publish(&rig);
	rig_set_agent(&rig, 0, 1);
	watched_next();
	rig_round(&rig);
	ck_assert_int_eq(atomic_load(&eye.wakes), 0);
	rig_due(&rig, 16000);
	eye_wants(&eye, SST_WATCH_BOOKMARK, 3);
}
END_TEST

START_TEST(one_event_serves_a_whole_projection)
{
	eye_open(&rig, &eye, AGENTS, "a0", rig_at(&rig, 1));
	eye_open(&rig, &other, AGENTS, "%610", rig_at(&rig, 1));
	eye_wants_none(&eye, 0);
	eye_wants_none(&other, 0);
	rig_set_agent(&rig, 0, 2);
	watched_next();
	eye_wants(&eye, SST_WATCH_CHANGE, 2);
	eye_wants(&other, SST_WATCH_CHANGE, 2);
	ck_assert_ptr_eq(eye.event.body, other.event.body);
	ck_assert_ptr_null(eye.watch->group->head);
	ck_assert_ptr_eq(eye.watch->group, other.watch->group);
}
END_TEST

START_TEST(events_are_read_in_order_by_each_at_its_pace)
{
	uint64_t r;

	eye_open(&rig, &eye, AGENTS, NULL, rig_at(&rig, 1));
	eye_open(&rig, &other, AGENTS, NULL, rig_at(&rig, 1));
	eye_wants_none(&eye, 0);
	eye_wants_none(&other, 0);
	for (r = 2; r < 8; r++) {
		rig_set_agent(&rig, 0, (int)r);
		watched_next();
		eye_wants(&eye, SST_WATCH_CHANGE, r);
		eye_wants_none(&eye, (int)r - 1);
	}
	ck_assert_int_eq(atomic_load(&other.wakes), 1);
	for (r = 2; r < 8; r++) {
		eye_wants(&other, SST_WATCH_CHANGE, r);
		ck_assert_uint_eq(eye_from(&other), r - 1);
	}
	eye_wants_none(&other, 1);
	ck_assert_ptr_null(eye.watch->group->head);
}
END_TEST

Suite *
watch_wake_suite(void)
{
	Suite *s = suite_create("watch wakes");
	TCase *wake = tcase_create("wake");

	tcase_add_checked_fixture(wake, watched_setup, watched_teardown);
	tcase_add_test(wake, only_the_section_that_changed_wakes);
	tcase_add_test(wake, rows_of_sources_wake_the_section_they_feed);
	tcase_add_test(wake, only_the_entity_of_the_key_wakes);
	tcase_add_test(wake, only_the_child_of_the_key_wakes);
	tcase_add_test(wake, a_child_is_found_wherever_it_went);
	tcase_add_test(wake, a_row_of_sources_can_be_the_key);
	tcase_add_test(wake, dates_alone_wake_nobody);
	tcase_add_test(wake, a_section_that_becomes_known_is_sent_whole);
	tcase_add_test(wake, more_changes_than_fit_are_a_state);
	tcase_add_test(wake, a_key_among_very_many_changes_is_a_state);
	tcase_add_test(wake, publications_merge);
	tcase_add_test(wake, there_and_back_is_no_change);
	tcase_add_test(wake, one_event_serves_a_whole_projection);
	tcase_add_test(wake, events_are_read_in_order_by_each_at_its_pace);
	suite_add_tcase(s, wake);
	return s;
}
