/*
 * A service that remembers: restarts go on where the last process ended, and
 * every revision can be had again, from memory or from disk, byte for byte.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "past_disk.h"
#include "past_rig.h"

START_TEST(revisions_are_had_again_from_memory)
{
	uint64_t i;

	past_make(NULL, 16);
	past_start(1);
	for (i = 2; i <= 8; i++)
		past_change((int)i);
	for (i = 1; i <= 8; i++)
		past_check_held(i);
}
END_TEST

START_TEST(what_left_memory_comes_from_disk)
{
	uint64_t i;

	past_make(rig.dir, 3);
	past_start(1);
	for (i = 2; i <= 12; i++) {
		past_change((int)i);
		ck_assert(POLL_UNTIL(past_all_stored()));
	}
	for (i = 1; i <= 12; i++)
		past_check_held(i);
}
END_TEST

START_TEST(without_a_disk_what_left_memory_is_gone)
{
	int i;

	past_make(NULL, 3);
	past_start(1);
	for (i = 2; i <= 6; i++)
		past_change(i);
	ck_assert_int_eq(past_code_of("3"), SST_GONE);
	ck_assert_int_eq(past_code_of("4"), SST_OK);
	ck_assert_int_eq(past_code_of("-1h"), SST_GONE);
}
END_TEST

START_TEST(a_restart_without_a_change_is_the_same_revision)
{
	char *before;

	past_make(rig.dir, 8);
	past_start(1);
	past_change(2);
	past_change(3);
	before = strdup(rig.documents[3]);
	past_stop();
	fake_clock_advance(&rig.hands, 60000);
	past_make(rig.dir, 8);
	past_start(3);
	ck_assert_str_eq(rig.documents[3], before);
	free(before);
	past_check_held(1);
	past_check_held(2);
	/* and it is no news */
	past_pass(5000);
	ck_assert_uint_eq(past_revision(), 3);
}
END_TEST

START_TEST(a_restart_knows_what_was_told_of_the_other_side)
{
	rig.agents.upstream = 7;
	past_make(rig.dir, 8);
	past_start(1);
	ck_assert_ptr_nonnull(
	    strstr(rig.documents[1], "\"upstream\":{\"status\":\"ok\","));
	past_stop();
	fake_clock_advance(&rig.hands, 60000);
	past_make(rig.dir, 8);
	past_start(1);
	past_pass(5000);
	ck_assert_uint_eq(past_revision(), 1);
}
END_TEST

START_TEST(a_restart_with_a_change_dates_only_what_changed)
{
	struct sst_snapshot *before, *after;

	past_make(rig.dir, 8);
	past_start(1);
	past_change(2);
	before = sst_service_snapshot(rig.service);
	past_stop();
	fake_clock_advance(&rig.hands, 60000);
	fake_world_set(&rig.agents, &rig.agents.number, 3);
	past_make(rig.dir, 8);
	past_start(3);
	after = sst_service_snapshot(rig.service);
	ck_assert_str_eq(after->epoch, before->epoch);
	ck_assert(!sst_hash_equal(after->sections[SST_SECTION_AGENTS]->hash,
	    before->sections[SST_SECTION_AGENTS]->hash));
	ck_assert(sst_hash_equal(after->sections[SST_SECTION_QUEUES]->hash,
	    before->sections[SST_SECTION_QUEUES]->hash));
	sst_snapshot_release(&before);
	sst_snapshot_release(&after);
	past_change(4);
	past_check_held(2);
	past_check_held(3);
}
END_TEST

START_TEST(another_epoch_is_gone)
{
	past_make(rig.dir, 8);
	past_start(1);
	past_change(2);
	ck_assert_int_eq(past_code_of("0123456789abcdef:1"), SST_GONE);
	ck_assert_int_eq(past_code_of("3"), SST_NOT_FOUND);
	ck_assert_int_eq(past_code_of("now"), SST_OK);
}
END_TEST

START_TEST(times_find_the_revision_of_then)
{
	past_make(rig.dir, 2);
	past_start(1);  /* 00:00:00 */
	past_change(2); /* about 00:00:01 */
	ck_assert(POLL_UNTIL(past_all_stored()));
	past_pass(60000);
	past_change(3);
	ck_assert(POLL_UNTIL(past_all_stored()));
	past_pass(60000);
	past_change(4);
	ck_assert(POLL_UNTIL(past_all_stored()));
	ck_assert_uint_eq(past_revision_at("2026-01-01T00:00:30Z"), 2);
	ck_assert_uint_eq(past_revision_at("2026-01-01T00:01:30Z"), 3);
	ck_assert_uint_eq(past_revision_at("2027-01-01T00:00:00Z"), 4);
	ck_assert_uint_eq(past_revision_at("-1m"), 3);
	ck_assert_uint_eq(past_revision_at("-0s"), 4);
	ck_assert_int_eq(past_code_of("2025-12-31T23:59:59Z"), SST_GONE);
}
END_TEST

START_TEST(the_list_has_each_revision_once_newest_first)
{
	struct sst_past_query query = {.limit = 100};
	struct sst_past_row *rows = NULL;
	struct sst_past_bounds bounds;
	size_t i, count = 0;

	past_make(rig.dir, 3);
	past_start(1);
	for (i = 2; i <= 9; i++) {
		past_change((int)i);
		/* a ring of three holds what waits no longer */
		ck_assert(POLL_UNTIL(past_all_stored()));
	}
	ck_assert_int_eq(
	    sst_past_list(rig.past, &query, &rows, &count, &rig.err), SST_OK);
	ck_assert_uint_eq(count, 9);
	for (i = 0; i < count; i++) {
		ck_assert_uint_eq(rows[i].revision, 9 - i);
		ck_assert_ptr_nonnull(rows[i].note);
		ck_assert_uint_gt(rows[i].bytes, 100);
	}
	ck_assert_ptr_nonnull(strstr(rows[0].note, "agents/fake"));
	ck_assert_ptr_null(strstr(rows[0].note, "queues/fake"));
	sst_past_rows_free(rows, count);
	query.from = past_at("3");
	query.to = past_at("6");
	query.limit = 3;
	ck_assert_int_eq(
	    sst_past_list(rig.past, &query, &rows, &count, &rig.err), SST_OK);
	ck_assert_uint_eq(count, 3);
	ck_assert_uint_eq(rows[0].revision, 6);
	query.below = rows[2].revision;
	sst_past_rows_free(rows, count);
	ck_assert_int_eq(
	    sst_past_list(rig.past, &query, &rows, &count, &rig.err), SST_OK);
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(rows[0].revision, 3);
	sst_past_rows_free(rows, count);
	sst_past_bounds(rig.past, &bounds);
	ck_assert_uint_eq(bounds.oldest, 1);
	ck_assert_uint_eq(bounds.newest, 9);
	ck_assert_int_eq(bounds.oldest_at.ms, INT64_C(1767225600000));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("past");
	TCase *tc = tcase_create("past");
	SRunner *runner;
	int failed;

	sst_log_configure(SST_LOG_ERROR, SST_LOG_TEXT, -1);
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, past_setup, past_teardown);
	tcase_add_test(tc, revisions_are_had_again_from_memory);
	tcase_add_test(tc, what_left_memory_comes_from_disk);
	tcase_add_test(tc, without_a_disk_what_left_memory_is_gone);
	tcase_add_test(tc, a_restart_without_a_change_is_the_same_revision);
	tcase_add_test(tc, a_restart_knows_what_was_told_of_the_other_side);
	tcase_add_test(tc, a_restart_with_a_change_dates_only_what_changed);
	tcase_add_test(tc, another_epoch_is_gone);
	tcase_add_test(tc, times_find_the_revision_of_then);
	tcase_add_test(tc, the_list_has_each_revision_once_newest_first);
	past_add_disk_tests(tc);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
