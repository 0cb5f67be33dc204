/* The same when the disk is in use, damaged, full, or another one. */
#include "past_disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "past_rig.h"
#include "support/fault_vfs.h"

START_TEST(a_data_folder_in_use_stops_the_start)
{
	struct sst_service *first;

	past_make(rig.dir, 8);
	past_start(1);
	first = rig.service;
	past_make(rig.dir, 8);
	ck_assert_int_eq(sst_service_start(rig.service, &rig.err), SST_EXISTS);
	sst_service_free(&rig.service);
	rig.service = first;
}
END_TEST

START_TEST(a_data_folder_in_use_can_be_done_without)
{
	struct sst_service_settings s = {.id = "test",
	    .clock = &rig.hands.clock,
	    .recent_revisions = 4,
	    .recent_bytes = 1 << 20,
	    .history = {.dir = "/dev/null/nowhere",
		.retention = {3600000, 86400000, 2592000000, 1 << 30}}};
	struct sst_service_history h;

	ck_assert_int_eq(sst_service_new(&s, &rig.service, &rig.err), SST_OK);
	past_add("agents/fake", &fake_agents_ops, &rig.agents);
	past_add("queues/fake", &fake_queues_ops, &rig.queues);
	ck_assert_int_eq(sst_service_start(rig.service, &rig.err), SST_OK);
	ck_assert(POLL_UNTIL(past_revision() == 1));
	sst_service_history_figures(rig.service, &h);
	ck_assert_str_eq(h.status, "off");
	ck_assert_ptr_nonnull(strstr(h.error, "/dev/null/nowhere"));
}
END_TEST

START_TEST(a_damaged_history_is_set_aside_with_a_new_epoch)
{
	struct sst_snapshot *s;
	char path[128], epoch[17];
	FILE *f;

	past_make(rig.dir, 8);
	past_start(1);
	past_change(2);
	s = sst_service_snapshot(rig.service);
	memcpy(epoch, s->epoch, sizeof(epoch));
	sst_snapshot_release(&s);
	past_stop();
	snprintf(path, sizeof(path), "%s/history.db", rig.dir);
	f = fopen(path, "r+e");
	ck_assert_ptr_nonnull(f);
	fwrite("no database any more", 1, 20, f);
	fclose(f);
	past_make(rig.dir, 8);
	past_start(1);
	s = sst_service_snapshot(rig.service);
	ck_assert_str_ne(s->epoch, epoch);
	sst_snapshot_release(&s);
}
END_TEST

START_TEST(a_full_disk_pauses_the_history_and_nothing_else)
{
	struct sst_service_history h;
	int i;

	fault_vfs_register();
	rig.vfs = FAULT_VFS;
	past_make(rig.dir, 16);
	past_start(1);
	past_change(2);
	ck_assert(POLL_UNTIL(past_all_stored()));
	fault_vfs_arm(FAULT_WRITE | FAULT_SYNC, 0, FAULT_ENOSPC, true);
	for (i = 3; i <= 6; i++)
		past_change(i);
	ck_assert(POLL_UNTIL(past_history_is("paused")));
	sst_service_history_figures(rig.service, &h);
	ck_assert_str_ne(h.error, "");
	ck_assert_uint_gt(h.pending, 0);
	ck_assert_uint_eq(h.lost_total, 0);
	/* what waits can be had as well as what is stored */
	for (i = 1; i <= 6; i++)
		past_check_held((uint64_t)i);
	ck_assert(fault_vfs_disarm());
	past_pass(31000); /* it tries again by itself */
	ck_assert(POLL_UNTIL(past_history_is("ok") && past_all_stored()));
	past_stop();
	past_make(rig.dir, 16);
	past_start(6);
	for (i = 1; i <= 6; i++)
		past_check_held((uint64_t)i);
}
END_TEST

START_TEST(a_disk_that_stays_full_loses_the_oldest_in_sight)
{
	struct sst_service_history h;
	int i;

	fault_vfs_register();
	rig.vfs = FAULT_VFS;
	past_make(rig.dir, 3);
	past_start(1);
	ck_assert(POLL_UNTIL(past_all_stored()));
	fault_vfs_arm(FAULT_WRITE | FAULT_SYNC, 0, FAULT_EIO, true);
	for (i = 2; i <= 8; i++)
		past_change(i);
	ck_assert(POLL_UNTIL(past_history_is("paused")));
	sst_service_history_figures(rig.service, &h);
	ck_assert_uint_eq(h.pending, 3);
	ck_assert_uint_eq(h.lost_total, 4);
	ck_assert_int_eq(past_code_of("3"), SST_GONE);
	ck_assert_int_eq(past_code_of("7"), SST_OK);
	ck_assert(fault_vfs_disarm());
	past_pass(31000);
	ck_assert(POLL_UNTIL(past_history_is("ok") && past_all_stored()));
	past_check_held(1);
	past_check_held(6);
}
END_TEST

/* What kill -9 can do between the moment a revision is seen and that in which
 * it is stored. */
START_TEST(what_was_seen_but_not_stored_is_no_number_again)
{
	struct sst_history_settings s = {.dir = rig.dir,
	    .clock = &rig.hands.clock,
	    .retention = {3600000, 86400000, 2592000000, 1 << 30}};
	struct sst_history_start found;
	struct sst_history *history = NULL;

	past_make(rig.dir, 16);
	past_start(1);
	past_change(2);
	ck_assert(POLL_UNTIL(past_all_stored()));
	past_stop();
	ck_assert_int_eq(
	    sst_history_open(&s, &history, &found, &rig.err), SST_OK);
	ck_assert_uint_eq(found.published, 2);
	sst_history_published(history, 7);
	sst_history_close(&history);
	fake_world_set(&rig.agents, &rig.agents.number, 3);
	past_make(rig.dir, 16);
	past_start(8);
	past_check_held(2);
	ck_assert_int_eq(past_code_of("5"), SST_GONE);
}
END_TEST

START_TEST(a_restart_on_a_full_disk_gives_no_number_twice)
{
	fault_vfs_register();
	rig.vfs = FAULT_VFS;
	past_make(rig.dir, 16);
	past_start(1);
	fault_vfs_arm(FAULT_WRITE | FAULT_SYNC, 0, FAULT_ENOSPC, true);
	past_change(2);
	ck_assert(POLL_UNTIL(past_history_is("paused")));
	past_stop();
	ck_assert(fault_vfs_disarm());
	past_make(rig.dir, 16);
	ck_assert_int_eq(sst_service_start(rig.service, &rig.err), SST_OK);
	ck_assert(POLL_UNTIL(past_revision() == 3 && past_settled()));
}
END_TEST

START_TEST(a_file_that_was_moved_away_is_noticed)
{
	char from[128], to[128];
	char epoch[17];
	struct sst_snapshot *s;

	past_make(rig.dir, 3);
	past_start(1);
	past_change(2);
	ck_assert(POLL_UNTIL(past_all_stored()));
	s = sst_service_snapshot(rig.service);
	memcpy(epoch, s->epoch, sizeof(epoch));
	sst_snapshot_release(&s);
	snprintf(from, sizeof(from), "%s/history.db", rig.dir);
	snprintf(to, sizeof(to), "%s/kept-elsewhere", rig.dir);
	ck_assert_int_eq(rename(from, to), 0);
	past_change(3);
	past_change(4);
	ck_assert(POLL_UNTIL(past_all_stored()));
	ck_assert(past_history_is("ok"));
	/* a restart finds the new one, of the same epoch */
	past_stop();
	past_make(rig.dir, 3);
	past_start(4);
	s = sst_service_snapshot(rig.service);
	ck_assert_str_eq(s->epoch, epoch);
	sst_snapshot_release(&s);
	past_check_held(3);
}
END_TEST

void
past_add_disk_tests(TCase *tc)
{
	tcase_add_test(tc, a_file_that_was_moved_away_is_noticed);
	tcase_add_test(tc, a_data_folder_in_use_stops_the_start);
	tcase_add_test(tc, a_data_folder_in_use_can_be_done_without);
	tcase_add_test(tc, a_damaged_history_is_set_aside_with_a_new_epoch);
	tcase_add_test(tc, a_full_disk_pauses_the_history_and_nothing_else);
	tcase_add_test(tc, a_disk_that_stays_full_loses_the_oldest_in_sight);
	tcase_add_test(tc, a_restart_on_a_full_disk_gives_no_number_twice);
	tcase_add_test(tc, what_was_seen_but_not_stored_is_no_number_again);
}
