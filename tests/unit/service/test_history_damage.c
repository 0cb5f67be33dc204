/*
 * Damaged files. Whatever is wrong with one: a revision gives the bytes that
 * were stored, or says that it cannot; storing goes on; what is given up is
 * kept under another name.
 */
#include "test_history.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REVISIONS = 250, PAGE = 4096 };

static struct store s;
static char *good;
static size_t good_len;
static char epoch[17];

static void
setup(void)
{
	store_init(&s);
	store_open(&s);
	store_fill(&s, 1, REVISIONS, 1000);
	memcpy(epoch, s.start.epoch, sizeof(epoch));
	store_close(&s);
	good = file_read(store_path(&s, "history.db"), &good_len);
}

static void
teardown(void)
{
	free(good);
	store_fini(&s);
}

static void
run_sql(const char *text)
{
	sqlite3 *sql;

	ck_assert_int_eq(
	    sqlite3_open(store_path(&s, "history.db"), &sql), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(sql, text, NULL, NULL, NULL) == SQLITE_OK,
	    "%s", sqlite3_errmsg(sql));
	ck_assert_int_eq(sqlite3_close(sql), SQLITE_OK);
}

static void
list_and_find(void)
{
	const struct sst_history_query q = {0, {INT64_MIN}, {INT64_MAX}, 1000};
	struct sst_history_row *rows;
	uint64_t revision;
	size_t count;
	int rc;

	rc = sst_history_list(s.reader, &q, &rows, &count, &s.err);
	ck_assert_msg(rc == SST_OK || rc == SST_IO, "%s", s.err.text);
	if (rc == SST_OK)
		sst_history_rows_free(rows, count);
	rc = sst_history_find(
	    s.reader, (struct sst_wall){store_now(&s)}, &revision, &s.err);
	ck_assert_msg(
	    rc == SST_OK || rc == SST_IO || rc == SST_GONE, "%s", s.err.text);
}

/* Everything once, on a file of which nothing is known; how many of its
 * revisions can be read. */
static int
use_damaged(const char *bytes, size_t len)
{
	bool more = true;
	uint64_t i;
	int rc, fine = 0, calls;

	file_write(store_path(&s, "history.db"), bytes, len);
	store_open(&s);
	if (s.start.set_aside[0] != '\0') {
		ck_assert_str_ne(s.start.reason, "");
		ck_assert_str_ne(s.start.epoch, epoch);
		ck_assert_uint_eq(s.start.revision, 0);
	} else {
		ck_assert_str_eq(s.start.epoch, epoch);
		ck_assert_uint_eq(s.start.revision, REVISIONS);
		for (i = 1; i <= REVISIONS; i++) {
			rc = store_read(&s, i);
			ck_assert(
			    rc == SST_OK || rc == SST_IO || rc == SST_GONE);
			fine += rc == SST_OK;
		}
		list_and_find();
	}
	ck_assert_msg(store_append(&s, REVISIONS + 1, store_now(&s)) == SST_OK,
	    "%s", s.err.text);
	ck_assert_msg(
	    store_read(&s, REVISIONS + 1) == SST_OK, "%s", s.err.text);
	fake_clock_advance(&s.hands, 3 * STORE_HOUR);
	for (calls = 0; more && calls < 1000; calls++)
		ck_assert_msg(
		    sst_history_thin(s.history, &more, &s.err) == SST_OK, "%s",
		    s.err.text);
	ck_assert_int_lt(calls, 1000);
	ck_assert_int_eq(
	    store_append(&s, REVISIONS + 2, store_now(&s)), SST_OK);
	ck_assert_int_eq(store_read(&s, REVISIONS + 2), SST_OK);
	store_close(&s);
	return fine;
}

static void
remove_asides(void)
{
	char name[600];

	if (s.start.set_aside[0] == '\0')
		return;
	(void)unlink(s.start.set_aside);
	snprintf(name, sizeof(name), "%s-wal", s.start.set_aside);
	(void)unlink(name);
	snprintf(name, sizeof(name), "%s-shm", s.start.set_aside);
	(void)unlink(name);
}

/* 0: one bit; 1: some bytes; 2: noise; 3: zeros. */
static void
damage(char *page, int how, uint64_t seed)
{
	int i;

	if (how == 3)
		memset(page, 0, PAGE);
	for (i = 0; how < 3 && i < (how == 0 ? 1 : how == 1 ? 16 : PAGE); i++) {
		seed = seed * UINT64_C(6364136223846793005) + 1;
		if (how == 0)
			page[(seed >> 33) % PAGE] ^= (char)(1 << (seed >> 61));
		else if (how == 1)
			page[(seed >> 33) % PAGE] = (char)(seed >> 50);
		else
			page[i] = (char)(seed >> 50);
	}
}

START_TEST(every_page_can_be_damaged)
{
	char *bytes = malloc(good_len);
	size_t page, pages = good_len / PAGE;
	int64_t hand = s.hands.ms;
	int asides = 0, perfect = 0, partial = 0, fine;

	ck_assert_ptr_nonnull(bytes);
	for (page = 0; page < pages; page++) {
		memcpy(bytes, good, good_len);
		damage(bytes + page * PAGE, _i, page);
		s.hands.ms = hand;
		fine = use_damaged(bytes, good_len);
		asides += s.start.set_aside[0] != '\0';
		perfect += fine == REVISIONS;
		partial += fine > 0 && fine < REVISIONS;
		remove_asides();
	}
	free(bytes);
	printf("damage %d: %zu pages, %d set aside, %d without effect, %d with "
	       "some revisions lost\n",
	    _i, pages, asides, perfect, partial);
	ck_assert_int_gt(asides, 0);
}
END_TEST

START_TEST(files_can_end_anywhere)
{
	size_t page, len;

	for (page = 1; page < good_len / PAGE; page++) {
		len = page * PAGE - (page % 3) * 100;
		(void)use_damaged(good, len);
		ck_assert_msg(s.start.set_aside[0] != '\0',
		    "%zu bytes were believed", len);
		remove_asides();
	}
}
END_TEST

static uint64_t
segment_of(uint64_t revision)
{
	const struct sst_history_query q = {
	    revision + 1, {INT64_MIN}, {INT64_MAX}, 1000};
	struct sst_history_row *rows;
	uint64_t segment = 0;
	size_t i, count;

	ck_assert_int_eq(
	    sst_history_list(s.reader, &q, &rows, &count, &s.err), SST_OK);
	for (i = 0; i < count && segment == 0; i++)
		segment = rows[i].keyframe ? rows[i].revision : 0;
	sst_history_rows_free(rows, count);
	return segment;
}

/* The frame of one revision is other bytes of the same length: it and those
 * that build on it are lost, and no others. */
static void
damage_frame(uint64_t revision)
{
	char text[128];
	uint64_t i, end;
	int rc;

	file_write(store_path(&s, "history.db"), good, good_len);
	snprintf(text, sizeof(text),
	    "UPDATE body SET data=randomblob(length(data)) WHERE revision=%d",
	    (int)revision);
	run_sql(text);
	store_open(&s);
	ck_assert_str_eq(s.start.set_aside, "");
	for (end = revision; segment_of(end) == segment_of(revision);)
		end++;
	for (i = 1; i <= REVISIONS; i++) {
		rc = store_read(&s, i);
		if (i < revision || i >= end) {
			ck_assert_msg(
			    rc == SST_OK, "%d: %s", (int)i, s.err.text);
			continue;
		}
		ck_assert_int_eq(rc, SST_IO);
		snprintf(text, sizeof(text), "revision %d is damaged",
		    (int)revision);
		ck_assert_msg(
		    strstr(s.err.text, text) != NULL, "%s", s.err.text);
		snprintf(text, sizeof(text), "revision %d:", (int)i);
		ck_assert_msg(
		    strstr(s.err.text, text) != NULL, "%s", s.err.text);
	}
	/* thinning leaves that segment to its end, and goes on */
	fake_clock_advance(&s.hands, 2 * STORE_HOUR);
	(void)store_thin(&s);
	ck_assert_int_eq(store_read(&s, revision), SST_IO);
	ck_assert_int_eq(store_append(&s, 999, store_now(&s)), SST_OK);
	fake_clock_advance(&s.hands, 40 * STORE_DAY);
	(void)store_thin(&s);
	ck_assert_int_eq(store_read(&s, revision), SST_GONE);
	ck_assert_int_eq(store_read(&s, 999), SST_OK);
	ck_assert_uint_eq(store_figures(&s).set_aside_total, 0);
	store_close(&s);
}

/* The 60th is the last of its minute, so its segment is not just dropped. */
static uint64_t
segment_of_minute(void)
{
	uint64_t segment;

	store_open(&s);
	segment = segment_of(60);
	store_close(&s);
	ck_assert_uint_lt(segment, 60);
	return segment;
}

START_TEST(a_damaged_keyframe_loses_its_segment)
{
	damage_frame(segment_of_minute());
}
END_TEST

START_TEST(a_damaged_delta_loses_what_builds_on_it)
{
	damage_frame(segment_of_minute() + 1);
}
END_TEST

START_TEST(damage_to_what_is_newest_ends_the_epoch)
{
	run_sql("UPDATE body SET data=randomblob(length(data)) "
		"WHERE revision=250");
	store_open(&s);
	ck_assert_str_ne(s.start.set_aside, "");
	ck_assert_str_eq(
	    strrchr(s.start.reason, ':'), ": revision 250 is damaged");
	ck_assert_str_ne(s.start.epoch, epoch);
}
END_TEST

START_TEST(lines_that_lie_are_noticed)
{
	static const char *const lies[] = {
	    "UPDATE revision SET hash=zeroblob(16) WHERE revision=20",
	    "UPDATE revision SET captured_at=0 WHERE revision=20",
	    "UPDATE revision SET document_len=1000000000 WHERE revision=20",
	    "UPDATE revision SET base=7 WHERE revision=20",
	    "UPDATE body SET note='{}' WHERE revision=20",
	    "DELETE FROM body WHERE revision=20",
	};
	size_t i;

	for (i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		file_write(store_path(&s, "history.db"), good, good_len);
		run_sql(lies[i]);
		store_open(&s);
		ck_assert_str_eq(s.start.set_aside, "");
		ck_assert_int_eq(store_read(&s, 20), SST_IO);
		ck_assert_int_eq(store_read(&s, 19), SST_OK);
		store_close(&s);
	}
	file_write(store_path(&s, "history.db"), good, good_len);
	run_sql("DELETE FROM revision WHERE revision=20");
	store_open(&s);
	ck_assert_int_eq(store_read(&s, 20), SST_GONE);
	ck_assert_int_eq(store_read(&s, 19), SST_OK);
	ck_assert_int_eq(store_read(&s, 21), SST_IO);
}
END_TEST

/* While it is open, seen by the next call that writes. */
START_TEST(damage_met_while_running_goes_on_in_a_new_file)
{
	uint64_t found;

	store_open(&s);
	ck_assert_int_eq(store_read(&s, 3), SST_OK);
	run_sql("DROP TABLE body");
	ck_assert_msg(store_append(&s, REVISIONS + 1, store_now(&s)) == SST_OK,
	    "%s", s.err.text);
	ck_assert_uint_eq(store_figures(&s).set_aside_total, 1);
	ck_assert_uint_eq(store_figures(&s).revisions, 1);
	ck_assert_int_eq(store_count_names(&s, "history.db.corrupt-"), 3);
	/* the reader follows */
	ck_assert_int_eq(store_read(&s, REVISIONS + 1), SST_OK);
	ck_assert_int_eq(store_read(&s, 3), SST_GONE);
	ck_assert_int_eq(store_read(&s, REVISIONS + 2), SST_NOT_FOUND);
	ck_assert_int_eq(sst_history_find(s.reader,
			     (struct sst_wall){store_now(&s)}, &found, &s.err),
	    SST_OK);
	ck_assert_uint_eq(found, REVISIONS + 1);
	ck_assert_int_eq(
	    store_append(&s, REVISIONS, store_now(&s)), SST_INVALID);
	store_fill(&s, REVISIONS + 2, REVISIONS + 20, 1000);
	store_close(&s);
	store_open(&s);
	ck_assert_str_eq(s.start.epoch, epoch);
	ck_assert_uint_eq(s.start.revision, REVISIONS + 20);
	ck_assert_int_eq(store_read(&s, REVISIONS + 1), SST_OK);
}
END_TEST

START_TEST(damage_met_while_thinning_goes_on_in_a_new_file)
{
	store_open(&s);
	fake_clock_advance(&s.hands, 2 * STORE_HOUR);
	run_sql("DROP TABLE body");
	(void)store_thin(&s);
	ck_assert_uint_eq(store_figures(&s).set_aside_total, 1);
	ck_assert_int_eq(store_read(&s, 3), SST_GONE);
	ck_assert_int_eq(
	    store_append(&s, REVISIONS + 1, store_now(&s)), SST_OK);
	ck_assert_int_eq(store_read(&s, REVISIONS + 1), SST_OK);
	store_close(&s);
	store_open(&s);
	ck_assert_str_eq(s.start.epoch, epoch);
}
END_TEST

TCase *
test_history_damage(void)
{
	TCase *t = tcase_create("damage");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, every_page_can_be_damaged, 0, 4);
	tcase_add_test(t, files_can_end_anywhere);
	tcase_add_test(t, a_damaged_keyframe_loses_its_segment);
	tcase_add_test(t, a_damaged_delta_loses_what_builds_on_it);
	tcase_add_test(t, damage_to_what_is_newest_ends_the_epoch);
	tcase_add_test(t, lines_that_lie_are_noticed);
	tcase_add_test(t, damage_met_while_running_goes_on_in_a_new_file);
	tcase_add_test(t, damage_met_while_thinning_goes_on_in_a_new_file);
	return t;
}
