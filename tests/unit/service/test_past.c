/*
 * A service that remembers: restarts go on where the last process ended, and
 * every revision can be had again, from memory or from disk, byte for byte.
 */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "service/past.h"
#include "service/service_priv.h"
#include "support/fake_clock.h"
#include "support/fake_source.h"
#include "support/fault_vfs.h"
#include "support/poll.h"

enum { THREADS = 4, DOCUMENTS = 64 }; /* two sources, composer, history */

static struct fake_clock hands;
static struct fake_world agents, queues;
static struct sst_service *service;
static struct sst_past *past;
static struct sst_error err;
static char dir[64];
static const char *vfs;
/* What each revision was when it was current. */
static char *documents[DOCUMENTS];

static char *
bytes_of(struct sst_snapshot *s)
{
	const struct sst_projection full = {
	    SST_VIEW_FULL, SST_SECTIONS_ALL, false, SST_CODING_IDENTITY};
	struct sst_body *body = NULL;
	char *copy;

	ck_assert_int_eq(sst_snapshot_body(s, &full, &body, &err), SST_OK);
	copy = strndup(body->bytes, body->len);
	sst_body_release(&body);
	return copy;
}

static uint64_t
revision(void)
{
	struct sst_service_figures f;

	sst_service_figures(service, &f);
	return f.revision;
}

static bool
settled(void)
{
	return fake_clock_waiting(&hands) == THREADS;
}

static bool
all_stored(void)
{
	struct sst_service_history h;

	sst_service_history_figures(service, &h);
	return h.pending == 0;
}

static void
pass(int64_t ms)
{
	int64_t step;

	for (; ms > 0; ms -= step) {
		step = ms < 100 ? ms : 100;
		fake_clock_advance(&hands, step);
		ck_assert(POLL_UNTIL(settled()));
	}
}

static void
add(const char *name, const struct sst_source_ops *ops, struct fake_world *w)
{
	struct sst_instance_settings s = {.name = name,
	    .ops = ops,
	    .options = fake_options_new(w),
	    .enabled = true};

	ck_assert_msg(sst_repository_add(
			  sst_service_sources_of(service), &s, &err) == SST_OK,
	    "%s", err.text);
}

static void
make(const char *in, size_t recent)
{
	struct sst_service_settings s = {.id = "test",
	    .clock = &hands.clock,
	    .recent_revisions = recent,
	    .recent_bytes = 1 << 20,
	    .need_history = true};

	/* left over from the end of the last service */
	agents.interrupted = false;
	queues.interrupted = false;
	s.history = (struct sst_history_settings){.dir = in,
	    .retention = {3600000, 86400000, 2592000000, 1 << 30},
	    .vfs = vfs};
	ck_assert_msg(
	    sst_service_new(&s, &service, &err) == SST_OK, "%s", err.text);
	add("agents/fake", &fake_agents_ops, &agents);
	add("queues/fake", &fake_queues_ops, &queues);
}

static void
note_current(void)
{
	struct sst_snapshot *s = sst_service_snapshot(service);

	ck_assert_ptr_nonnull(s);
	ck_assert_uint_lt(s->revision, DOCUMENTS);
	free(documents[s->revision]);
	documents[s->revision] = bytes_of(s);
	sst_snapshot_release(&s);
}

static void
start(uint64_t first)
{
	ck_assert_msg(
	    sst_service_start(service, &err) == SST_OK, "%s", err.text);
	ck_assert(POLL_UNTIL(revision() == first && settled()));
	note_current();
	ck_assert_int_eq(sst_past_open(service, &past, &err), SST_OK);
}

static void
stop(void)
{
	sst_past_close(&past);
	sst_service_free(&service);
}

/* Makes the agent say another number, as a revision of its own. */
static void
change(int number)
{
	uint64_t before = revision();

	fake_world_set(&agents, &agents.number, number);
	pass(1100);
	ck_assert(POLL_UNTIL(revision() == before + 1 && settled()));
	note_current();
}

static void
setup(void)
{
	snprintf(dir, sizeof(dir), "/tmp/sst-past-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	fake_clock_init(&hands);
	fake_world_init(&agents);
	fake_world_init(&queues);
	past = NULL;
	vfs = NULL;
}

static void
remove_dir(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	char file[512];

	while (d != NULL && (e = readdir(d)) != NULL) {
		snprintf(file, sizeof(file), "%s/%s", path, e->d_name);
		unlink(file);
	}
	if (d != NULL)
		closedir(d);
	rmdir(path);
}

static void
teardown(void)
{
	size_t i;

	fake_world_release(&agents);
	fake_world_release(&queues);
	stop();
	fake_world_fini(&agents);
	fake_world_fini(&queues);
	fake_clock_fini(&hands);
	remove_dir(dir);
	for (i = 0; i < DOCUMENTS; i++) {
		free(documents[i]);
		documents[i] = NULL;
	}
}

static struct sst_moment
at(const char *text)
{
	struct sst_moment m;

	ck_assert_msg(sst_moment_parse(text, strlen(text), &m) == SST_OK,
	    "not a moment: %s", text);
	return m;
}

static void
check_held(uint64_t number)
{
	struct sst_moment m = {.kind = SST_MOMENT_REVISION, .revision = number};
	struct sst_snapshot *s = NULL;
	char *bytes;

	ck_assert_msg(sst_past_snapshot(past, &m, &s, &err) == SST_OK,
	    "revision %d: %s", (int)number, err.text);
	bytes = bytes_of(s);
	ck_assert_str_eq(bytes, documents[number]);
	free(bytes);
	sst_snapshot_release(&s);
}

static int
code_of(const char *moment)
{
	struct sst_moment m = at(moment);
	struct sst_snapshot *s = NULL;
	int rc = sst_past_snapshot(past, &m, &s, &err);

	sst_snapshot_release(&s);
	return rc;
}

static uint64_t
revision_at(const char *moment)
{
	struct sst_moment m = at(moment);
	struct sst_snapshot *s = NULL;
	uint64_t number;

	ck_assert_msg(sst_past_snapshot(past, &m, &s, &err) == SST_OK, "%s: %s",
	    moment, err.text);
	number = s->revision;
	sst_snapshot_release(&s);
	return number;
}

START_TEST(revisions_are_had_again_from_memory)
{
	uint64_t i;

	make(NULL, 16);
	start(1);
	for (i = 2; i <= 8; i++)
		change((int)i);
	for (i = 1; i <= 8; i++)
		check_held(i);
}
END_TEST

START_TEST(what_left_memory_comes_from_disk)
{
	uint64_t i;

	make(dir, 3);
	start(1);
	for (i = 2; i <= 12; i++) {
		change((int)i);
		ck_assert(POLL_UNTIL(all_stored()));
	}
	for (i = 1; i <= 12; i++)
		check_held(i);
}
END_TEST

START_TEST(without_a_disk_what_left_memory_is_gone)
{
	int i;

	make(NULL, 3);
	start(1);
	for (i = 2; i <= 6; i++)
		change(i);
	ck_assert_int_eq(code_of("3"), SST_GONE);
	ck_assert_int_eq(code_of("4"), SST_OK);
	ck_assert_int_eq(code_of("-1h"), SST_GONE);
}
END_TEST

START_TEST(a_restart_without_a_change_is_the_same_revision)
{
	char *before;

	make(dir, 8);
	start(1);
	change(2);
	change(3);
	before = strdup(documents[3]);
	stop();
	fake_clock_advance(&hands, 60000);
	make(dir, 8);
	start(3);
	ck_assert_str_eq(documents[3], before);
	free(before);
	check_held(1);
	check_held(2);
	/* and it is no news */
	pass(5000);
	ck_assert_uint_eq(revision(), 3);
}
END_TEST

START_TEST(a_restart_with_a_change_dates_only_what_changed)
{
	struct sst_snapshot *before, *after;

	make(dir, 8);
	start(1);
	change(2);
	before = sst_service_snapshot(service);
	stop();
	fake_clock_advance(&hands, 60000);
	fake_world_set(&agents, &agents.number, 3);
	make(dir, 8);
	start(3);
	after = sst_service_snapshot(service);
	ck_assert_str_eq(after->epoch, before->epoch);
	ck_assert(!sst_hash_equal(after->sections[SST_SECTION_AGENTS]->hash,
	    before->sections[SST_SECTION_AGENTS]->hash));
	ck_assert(sst_hash_equal(after->sections[SST_SECTION_QUEUES]->hash,
	    before->sections[SST_SECTION_QUEUES]->hash));
	sst_snapshot_release(&before);
	sst_snapshot_release(&after);
	change(4);
	check_held(2);
	check_held(3);
}
END_TEST

START_TEST(another_epoch_is_gone)
{
	make(dir, 8);
	start(1);
	change(2);
	ck_assert_int_eq(code_of("0123456789abcdef:1"), SST_GONE);
	ck_assert_int_eq(code_of("3"), SST_NOT_FOUND);
	ck_assert_int_eq(code_of("now"), SST_OK);
}
END_TEST

START_TEST(times_find_the_revision_of_then)
{
	make(dir, 2);
	start(1);  /* 00:00:00 */
	change(2); /* about 00:00:01 */
	ck_assert(POLL_UNTIL(all_stored()));
	pass(60000);
	change(3);
	ck_assert(POLL_UNTIL(all_stored()));
	pass(60000);
	change(4);
	ck_assert(POLL_UNTIL(all_stored()));
	ck_assert_uint_eq(revision_at("2026-01-01T00:00:30Z"), 2);
	ck_assert_uint_eq(revision_at("2026-01-01T00:01:30Z"), 3);
	ck_assert_uint_eq(revision_at("2027-01-01T00:00:00Z"), 4);
	ck_assert_uint_eq(revision_at("-1m"), 3);
	ck_assert_uint_eq(revision_at("-0s"), 4);
	ck_assert_int_eq(code_of("2025-12-31T23:59:59Z"), SST_GONE);
}
END_TEST

START_TEST(the_list_has_each_revision_once_newest_first)
{
	struct sst_past_query query = {.limit = 100};
	struct sst_past_row *rows = NULL;
	struct sst_past_bounds bounds;
	size_t i, count = 0;

	make(dir, 3);
	start(1);
	for (i = 2; i <= 9; i++)
		change((int)i);
	ck_assert(POLL_UNTIL(all_stored()));
	ck_assert_int_eq(
	    sst_past_list(past, &query, &rows, &count, &err), SST_OK);
	ck_assert_uint_eq(count, 9);
	for (i = 0; i < count; i++) {
		ck_assert_uint_eq(rows[i].revision, 9 - i);
		ck_assert_ptr_nonnull(rows[i].note);
		ck_assert_uint_gt(rows[i].bytes, 100);
	}
	ck_assert_ptr_nonnull(strstr(rows[0].note, "agents/fake"));
	ck_assert_ptr_null(strstr(rows[0].note, "queues/fake"));
	sst_past_rows_free(rows, count);
	query.from = at("3");
	query.to = at("6");
	query.limit = 3;
	ck_assert_int_eq(
	    sst_past_list(past, &query, &rows, &count, &err), SST_OK);
	ck_assert_uint_eq(count, 3);
	ck_assert_uint_eq(rows[0].revision, 6);
	query.below = rows[2].revision;
	sst_past_rows_free(rows, count);
	ck_assert_int_eq(
	    sst_past_list(past, &query, &rows, &count, &err), SST_OK);
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(rows[0].revision, 3);
	sst_past_rows_free(rows, count);
	sst_past_bounds(past, &bounds);
	ck_assert_uint_eq(bounds.oldest, 1);
	ck_assert_uint_eq(bounds.newest, 9);
	ck_assert_int_eq(bounds.oldest_at.ms, INT64_C(1767225600000));
}
END_TEST

START_TEST(a_data_folder_in_use_stops_the_start)
{
	struct sst_service *first;

	make(dir, 8);
	start(1);
	first = service;
	make(dir, 8);
	ck_assert_int_eq(sst_service_start(service, &err), SST_EXISTS);
	sst_service_free(&service);
	service = first;
}
END_TEST

START_TEST(a_data_folder_in_use_can_be_done_without)
{
	struct sst_service_settings s = {.id = "test",
	    .clock = &hands.clock,
	    .recent_revisions = 4,
	    .recent_bytes = 1 << 20,
	    .history = {.dir = "/dev/null/nowhere",
		.retention = {3600000, 86400000, 2592000000, 1 << 30}}};
	struct sst_service_history h;

	ck_assert_int_eq(sst_service_new(&s, &service, &err), SST_OK);
	add("agents/fake", &fake_agents_ops, &agents);
	add("queues/fake", &fake_queues_ops, &queues);
	ck_assert_int_eq(sst_service_start(service, &err), SST_OK);
	ck_assert(POLL_UNTIL(revision() == 1));
	sst_service_history_figures(service, &h);
	ck_assert_str_eq(h.status, "off");
	ck_assert_ptr_nonnull(strstr(h.error, "/dev/null/nowhere"));
}
END_TEST

START_TEST(a_damaged_history_is_set_aside_with_a_new_epoch)
{
	struct sst_snapshot *s;
	char path[128], epoch[17];
	FILE *f;

	make(dir, 8);
	start(1);
	change(2);
	s = sst_service_snapshot(service);
	memcpy(epoch, s->epoch, sizeof(epoch));
	sst_snapshot_release(&s);
	stop();
	snprintf(path, sizeof(path), "%s/history.db", dir);
	f = fopen(path, "r+e");
	ck_assert_ptr_nonnull(f);
	fwrite("no database any more", 1, 20, f);
	fclose(f);
	make(dir, 8);
	start(1);
	s = sst_service_snapshot(service);
	ck_assert_str_ne(s->epoch, epoch);
	sst_snapshot_release(&s);
}
END_TEST

static bool
history_is(const char *status)
{
	struct sst_service_history h;

	sst_service_history_figures(service, &h);
	return strcmp(h.status, status) == 0;
}

START_TEST(a_full_disk_pauses_the_history_and_nothing_else)
{
	struct sst_service_history h;
	int i;

	fault_vfs_register();
	vfs = FAULT_VFS;
	make(dir, 16);
	start(1);
	change(2);
	ck_assert(POLL_UNTIL(all_stored()));
	fault_vfs_arm(FAULT_WRITE | FAULT_SYNC, 0, FAULT_ENOSPC, true);
	for (i = 3; i <= 6; i++)
		change(i);
	ck_assert(POLL_UNTIL(history_is("paused")));
	sst_service_history_figures(service, &h);
	ck_assert_str_ne(h.error, "");
	ck_assert_uint_gt(h.pending, 0);
	ck_assert_uint_eq(h.lost_total, 0);
	/* what waits can be had as well as what is stored */
	for (i = 1; i <= 6; i++)
		check_held((uint64_t)i);
	ck_assert(fault_vfs_disarm());
	pass(31000); /* it tries again by itself */
	ck_assert(POLL_UNTIL(history_is("ok") && all_stored()));
	stop();
	make(dir, 16);
	start(6);
	for (i = 1; i <= 6; i++)
		check_held((uint64_t)i);
}
END_TEST

START_TEST(a_disk_that_stays_full_loses_the_oldest_in_sight)
{
	struct sst_service_history h;
	int i;

	fault_vfs_register();
	vfs = FAULT_VFS;
	make(dir, 3);
	start(1);
	ck_assert(POLL_UNTIL(all_stored()));
	fault_vfs_arm(FAULT_WRITE | FAULT_SYNC, 0, FAULT_EIO, true);
	for (i = 2; i <= 8; i++)
		change(i);
	ck_assert(POLL_UNTIL(history_is("paused")));
	sst_service_history_figures(service, &h);
	ck_assert_uint_eq(h.pending, 3);
	ck_assert_uint_eq(h.lost_total, 4);
	ck_assert_int_eq(code_of("3"), SST_GONE);
	ck_assert_int_eq(code_of("7"), SST_OK);
	ck_assert(fault_vfs_disarm());
	pass(31000);
	ck_assert(POLL_UNTIL(history_is("ok") && all_stored()));
	check_held(1);
	check_held(6);
}
END_TEST

START_TEST(a_restart_on_a_full_disk_gives_no_number_twice)
{
	fault_vfs_register();
	vfs = FAULT_VFS;
	make(dir, 16);
	start(1);
	fault_vfs_arm(FAULT_WRITE | FAULT_SYNC, 0, FAULT_ENOSPC, true);
	change(2);
	ck_assert(POLL_UNTIL(history_is("paused")));
	stop();
	ck_assert(fault_vfs_disarm());
	make(dir, 16);
	ck_assert_int_eq(sst_service_start(service, &err), SST_OK);
	ck_assert(POLL_UNTIL(revision() > 2 && settled()));
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
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, revisions_are_had_again_from_memory);
	tcase_add_test(tc, what_left_memory_comes_from_disk);
	tcase_add_test(tc, without_a_disk_what_left_memory_is_gone);
	tcase_add_test(tc, a_restart_without_a_change_is_the_same_revision);
	tcase_add_test(tc, a_restart_with_a_change_dates_only_what_changed);
	tcase_add_test(tc, another_epoch_is_gone);
	tcase_add_test(tc, times_find_the_revision_of_then);
	tcase_add_test(tc, the_list_has_each_revision_once_newest_first);
	tcase_add_test(tc, a_data_folder_in_use_stops_the_start);
	tcase_add_test(tc, a_data_folder_in_use_can_be_done_without);
	tcase_add_test(tc, a_damaged_history_is_set_aside_with_a_new_epoch);
	tcase_add_test(tc, a_full_disk_pauses_the_history_and_nothing_else);
	tcase_add_test(tc, a_disk_that_stays_full_loses_the_oldest_in_sight);
	tcase_add_test(tc, a_restart_on_a_full_disk_gives_no_number_twice);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
