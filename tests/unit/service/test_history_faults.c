/*
 * Each call that SQLite makes to the system fails once, and for good, in every
 * way. Whatever happens then: what was stored before is there afterwards, the
 * epoch is the same, nothing is set aside, and storing works again.
 */
#include "test_history.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "support/fault_vfs.h"

enum {
	BASE = 30,  /* revisions of one minute before it begins */
	SINGLE = 4, /* appended one by one */
	BATCH = 5,  /* and together */
	WRITES = FAULT_WRITE | FAULT_SYNC | FAULT_TRUNCATE | FAULT_OPEN |
		 FAULT_DELETE | FAULT_SHM
};

static struct {
	unsigned calls;
	enum fault_kind kind;
	bool lasting;
	bool shrink; /* thinning leaves the newest only, and a short file */
} const modes[] = {
    {WRITES, FAULT_EIO, false, false},
    {WRITES, FAULT_ENOSPC, false, false},
    {WRITES, FAULT_SHORT, false, false},
    {WRITES, FAULT_EIO, true, false},
    {WRITES, FAULT_ENOSPC, true, false},
    {WRITES, FAULT_SHORT, true, false},
    {FAULT_READ, FAULT_EIO, false, false},
    {FAULT_READ, FAULT_EIO, true, false},
    {WRITES, FAULT_EIO, false, true},
    {WRITES, FAULT_SHORT, false, true},
    {WRITES, FAULT_ENOSPC, true, true},
};
enum { MODES = sizeof(modes) / sizeof(modes[0]) };

static struct store s;
static char *base;
static size_t base_len;
static char epoch[17];
static int64_t hand;    /* of the clock, when it begins */
static uint64_t stored; /* the newest whose append succeeded */

static void
setup(void)
{
	store_init(&s);
	s.settings.vfs = FAULT_VFS;
	store_open(&s);
	store_fill(&s, 1, BASE, 1900);
	memcpy(epoch, s.start.epoch, sizeof(epoch));
	store_close(&s);
	base = file_read(store_path(&s, "history.db"), &base_len);
	fake_clock_advance(&s.hands, 2 * STORE_HOUR);
	hand = s.hands.ms;
}

static void
teardown(void)
{
	fault_vfs_disarm();
	free(base);
	store_fini(&s);
}

static void
remove_files(void)
{
	static const char *const names[] = {
	    "history.db", "history.db-wal", "history.db-shm"};
	size_t i;

	for (i = 0; i < 3; i++)
		(void)unlink(store_path(&s, names[i]));
}

static void
check_error(int rc)
{
	ck_assert_msg(rc == SST_IO, "%d: %s", rc, s.err.text);
	ck_assert_msg(strstr(s.err.text, s.dir) != NULL, "%s", s.err.text);
}

/* Until it fails for good; once may be repeated. */
static int
store_some(uint64_t first, size_t count, int mode)
{
	struct sst_history_record r[BATCH];
	int rc = SST_OK, try;
	size_t i;

	for (i = 0; i < count; i++)
		r[i] = store_record(first + i, store_now(&s));
	for (try = 0; try < 2; try++) {
		rc = sst_history_append(s.history, r, count, &s.err);
		if (rc == SST_OK)
			break;
		check_error(rc);
	}
	ck_assert_msg(rc == SST_OK || modes[mode].lasting, "%s", s.err.text);
	if (rc == SST_OK)
		stored = first + count - 1;
	for (i = 0; i < count; i++)
		free((void *)(uintptr_t)r[i].document);
	return rc;
}

static void
live(int mode)
{
	bool more = true;
	uint64_t i;
	int rc;

	for (i = 0; i < SINGLE; i++) {
		if (store_some(BASE + 1 + i, 1, mode) != SST_OK)
			return;
	}
	if (store_some(BASE + 1 + SINGLE, BATCH, mode) != SST_OK)
		return;
	fake_clock_advance(&s.hands, 15 * STORE_MINUTE);
	for (i = 0; i < 20 && more; i++) {
		rc = sst_history_thin(s.history, &more, &s.err);
		if (rc != SST_OK)
			check_error(rc);
	}
	for (i = 0; i < SINGLE; i++) {
		if (store_some(stored + 1, 1, mode) != SST_OK)
			return;
	}
}

/* After that, with a disk that works. */
static void
check_held(bool shrink)
{
	const uint64_t most = shrink ? stored : BASE;
	uint64_t i = 1;

	ck_assert_int_eq(store_figures(&s).set_aside_total, 0);
	/* thinned as far as it came, the oldest segment first */
	while (i < most && !store_holds(&s, i))
		i++;
	for (; i <= stored; i++)
		ck_assert_msg(store_read(&s, i) == SST_OK, "%llu: %s",
		    (unsigned long long)i, s.err.text);
}

static bool
attempt(int mode, long n)
{
	bool met;
	int rc;

	remove_files();
	file_write(store_path(&s, "history.db"), base, base_len);
	stored = BASE;
	s.hands.ms = hand;
	s.settings.retention.max_bytes =
	    modes[mode].shrink ? 1 : (uint64_t)1 << 30;
	fault_vfs_arm(
	    modes[mode].calls, n, modes[mode].kind, modes[mode].lasting);
	rc = sst_history_open(&s.settings, &s.history, &s.start, &s.err);
	if (rc == SST_OK)
		live(mode);
	else
		check_error(rc);
	met = fault_vfs_disarm();
	if (rc == SST_OK) {
		/* the same history goes on as soon as the disk does */
		ck_assert_msg(
		    store_append(&s, stored + 1, store_now(&s)) == SST_OK, "%s",
		    s.err.text);
		stored++;
	}
	ck_assert(met || rc == SST_OK);
	/* closing may meet it too */
	fault_vfs_arm(
	    modes[mode].calls, n % 7, modes[mode].kind, modes[mode].lasting);
	store_close(&s);
	fault_vfs_disarm();

	store_open(&s);
	ck_assert_str_eq(s.start.set_aside, "");
	ck_assert_str_eq(s.start.epoch, epoch);
	ck_assert_uint_eq(s.start.revision, stored);
	check_held(modes[mode].shrink);
	ck_assert_int_eq(store_append(&s, ++stored, store_now(&s)), SST_OK);
	ck_assert_int_eq(store_read(&s, stored), SST_OK);
	store_close(&s);
	return met;
}

START_TEST(no_fault_loses_what_was_stored)
{
	long n = 0;

	while (attempt(_i, n))
		n++;
	printf("mode %d: %ld faults\n", _i, n);
	ck_assert_int_gt(n, modes[_i].calls == FAULT_READ ? 5 : 40);
}
END_TEST

START_TEST(no_fault_spoils_the_beginning)
{
	bool met = true;
	long n;
	int rc;

	for (n = 0; met; n++) {
		remove_files();
		fault_vfs_arm(
		    modes[_i].calls, n, modes[_i].kind, modes[_i].lasting);
		rc =
		    sst_history_open(&s.settings, &s.history, &s.start, &s.err);
		met = fault_vfs_disarm();
		if (rc != SST_OK)
			check_error(rc);
		ck_assert(met || rc == SST_OK);
		store_close(&s);
		store_open(&s);
		ck_assert_str_eq(s.start.set_aside, "");
		store_fill(&s, 1, 2, 0);
		ck_assert_int_eq(store_read(&s, 2), SST_OK);
		store_close(&s);
	}
	printf("mode %d: %ld faults at the beginning\n", _i, n - 1);
	ck_assert_int_gt(n, 3);
}
END_TEST

START_TEST(a_full_disk_is_called_that)
{
	file_write(store_path(&s, "history.db"), base, base_len);
	store_open(&s);
	fault_vfs_arm(FAULT_WRITE, 0, FAULT_ENOSPC, true);
	ck_assert_int_eq(store_append(&s, 99, store_now(&s)), SST_IO);
	ck_assert_msg(
	    strstr(s.err.text, "history.db: store: disk full") != NULL, "%s",
	    s.err.text);
	/* reading goes on */
	ck_assert_int_eq(store_read(&s, BASE), SST_OK);
	fault_vfs_arm(FAULT_WRITE, 0, FAULT_EIO, true);
	ck_assert_int_eq(store_append(&s, 99, store_now(&s)), SST_IO);
	ck_assert_msg(
	    strstr(s.err.text, "I/O error") != NULL, "%s", s.err.text);
	fault_vfs_disarm();
	ck_assert_int_eq(store_append(&s, 99, store_now(&s)), SST_OK);
}
END_TEST

START_TEST(a_reader_that_cannot_read_says_so)
{
	long n = 0;
	int rc;

	file_write(store_path(&s, "history.db"), base, base_len);
	for (;;) {
		store_open(&s);
		fault_vfs_arm(FAULT_READ, n++, FAULT_EIO, false);
		rc = store_read(&s, BASE);
		if (!fault_vfs_disarm())
			break;
		if (rc != SST_OK)
			check_error(rc);
		ck_assert_int_eq(store_read(&s, BASE), SST_OK);
		store_close(&s);
	}
	ck_assert_int_eq(rc, SST_OK);
	ck_assert_int_gt(n, 3);
}
END_TEST

static void
check_new_file(void)
{
	ck_assert_uint_eq(store_figures(&s).set_aside_total, 1);
	ck_assert_int_eq(store_count_names(&s, "history.db.corrupt-"), 3);
	ck_assert_int_eq(store_read(&s, 99), SST_OK);
	ck_assert_int_eq(store_read(&s, BASE), SST_GONE);
	store_close(&s);
	store_open(&s);
	ck_assert_str_eq(s.start.epoch, epoch);
	ck_assert_str_eq(s.start.set_aside, "");
	ck_assert_uint_eq(s.start.revision, 99);
}

START_TEST(damage_that_is_met_is_set_aside_at_once)
{
	file_write(store_path(&s, "history.db"), base, base_len);
	store_open(&s);
	fault_vfs_arm(FAULT_WRITE, 0, FAULT_CORRUPT, false);
	ck_assert_int_eq(store_append(&s, 99, store_now(&s)), SST_OK);
	ck_assert(fault_vfs_disarm());
	check_new_file();
}
END_TEST

/* Nor is the damaged file written over when there is no room for another. */
START_TEST(damage_without_room_for_a_new_file_waits)
{
	bool more;
	int i;

	file_write(store_path(&s, "history.db"), base, base_len);
	store_open(&s);
	fault_vfs_arm(FAULT_WRITE, 0, FAULT_CORRUPT, true);
	for (i = 0; i < 3; i++) {
		check_error(store_append(&s, 99, store_now(&s)));
		check_error(sst_history_thin(s.history, &more, &s.err));
	}
	ck_assert(fault_vfs_disarm());
	ck_assert_uint_eq(store_figures(&s).set_aside_total, 1);
	ck_assert_uint_eq(store_figures(&s).revisions, 0);
	ck_assert_int_eq(store_append(&s, 99, store_now(&s)), SST_OK);
	check_new_file();
}
END_TEST

int
main(void)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	Suite *suite = suite_create("history faults");
	TCase *t = tcase_create("faults");
	SRunner *runner = srunner_create(suite);
	int failed;

	fault_vfs_register();
	sst_log_configure(SST_LOG_ERROR, SST_LOG_TEXT, null);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 300);
	tcase_add_loop_test(t, no_fault_loses_what_was_stored, 0, MODES);
	tcase_add_loop_test(t, no_fault_spoils_the_beginning, 0, MODES);
	tcase_add_test(t, a_full_disk_is_called_that);
	tcase_add_test(t, damage_that_is_met_is_set_aside_at_once);
	tcase_add_test(t, damage_without_room_for_a_new_file_waits);
	tcase_add_test(t, a_reader_that_cannot_read_says_so);
	suite_add_tcase(suite, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	close(null);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
