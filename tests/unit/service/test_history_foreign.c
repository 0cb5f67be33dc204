/*
 * Files that are not ours, and places where there can be none: renamed, never
 * written to, or told, never taken for an empty history.
 */
#include "test_history.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct store s;

static void
setup(void)
{
	store_init(&s);
}

static void
teardown(void)
{
	store_fini(&s);
}

/* Opens; what was there was set aside so, for that reason, and a new history
 * works. Returns the path, valid until the next opening. */
static const char *
expect_aside(const char *kind, const char *reason)
{
	char begin[600];

	store_open(&s);
	snprintf(begin, sizeof(begin), "%s/history.db.%s-2026", s.dir, kind);
	ck_assert_msg(strncmp(s.start.set_aside, begin, strlen(begin)) == 0,
	    "%s is not %s", s.start.set_aside, begin);
	ck_assert_msg(
	    strstr(s.start.reason, reason) != NULL, "%s", s.start.reason);
	ck_assert_uint_eq(s.start.revision, 0);
	ck_assert_uint_eq(strlen(s.start.epoch), 16);
	ck_assert_uint_eq(store_figures(&s).set_aside_total, 1);
	store_fill(&s, 1, 3, 1000);
	ck_assert_int_eq(store_read(&s, 2), SST_OK);
	store_close(&s);
	return s.start.set_aside;
}

static void
check_file(const char *path, const void *bytes, size_t len)
{
	size_t got;
	char *now = file_read(path, &got);

	ck_assert_uint_eq(got, len);
	ck_assert(memcmp(now, bytes, len) == 0);
	free(now);
}

START_TEST(a_text_is_set_aside)
{
	static const char text[] = "my notes\n";

	file_write(store_path(&s, "history.db"), text, sizeof(text));
	check_file(
	    expect_aside("foreign", "no SQLite file"), text, sizeof(text));
	store_open(&s);
	ck_assert_uint_eq(s.start.revision, 3);
}
END_TEST

START_TEST(an_empty_file_is_set_aside)
{
	file_write(store_path(&s, "history.db"), "", 0);
	check_file(expect_aside("corrupt", "empty"), "", 0);
}
END_TEST

START_TEST(the_beginning_of_a_file_is_set_aside)
{
	file_write(store_path(&s, "history.db"), "SQLite format 3", 16);
	(void)expect_aside("corrupt", "cut short after 16 bytes");
}
END_TEST

START_TEST(a_directory_is_set_aside)
{
	struct stat st;

	ck_assert_int_eq(mkdir(store_path(&s, "history.db"), 0700), 0);
	ck_assert_int_eq(stat(expect_aside("foreign", "a directory"), &st), 0);
	ck_assert(S_ISDIR(st.st_mode));
}
END_TEST

START_TEST(pipes_and_links_are_set_aside)
{
	char target[256];

	ck_assert_int_eq(mkfifo(store_path(&s, "history.db"), 0600), 0);
	(void)expect_aside("foreign", "no regular file");

	snprintf(target, sizeof(target), "%s", store_path(&s, "elsewhere"));
	ck_assert_int_eq(unlink(store_path(&s, "history.db")), 0);
	file_write(target, "precious", 8);
	ck_assert_int_eq(symlink(target, store_path(&s, "history.db")), 0);
	(void)expect_aside("foreign", "no regular file");
	check_file(target, "precious", 8);
}
END_TEST

START_TEST(names_never_collide)
{
	int i;

	for (i = 0; i < 5; i++) {
		s.hands.ms = 0;
		(void)unlink(store_path(&s, "history.db"));
		file_write(store_path(&s, "history.db"), "x", 1);
		(void)expect_aside("foreign", "no SQLite file");
	}
	ck_assert_int_eq(store_count_names(&s, "history.db.foreign-"), 5);
	ck_assert_str_eq(strrchr(s.start.set_aside, '-'), "-5");
}
END_TEST

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

START_TEST(the_file_of_another_program_is_set_aside)
{
	char *bytes;
	size_t len;

	run_sql("CREATE TABLE bookmarks(url); "
		"INSERT INTO bookmarks VALUES('http://example.org')");
	bytes = file_read(store_path(&s, "history.db"), &len);
	check_file(expect_aside("foreign", "another program"), bytes, len);
	free(bytes);
}
END_TEST

START_TEST(a_newer_format_is_set_aside)
{
	store_open(&s);
	store_fill(&s, 1, 5, 1000);
	store_close(&s);
	run_sql("PRAGMA user_version=2");
	(void)expect_aside("newer", "format is 2, not 1");
}
END_TEST

/* The number stands in the log only, where SQLite finds it. */
START_TEST(a_newer_format_in_the_log_is_set_aside)
{
	sqlite3 *sql;

	store_open(&s);
	store_fill(&s, 1, 5, 1000);
	store_close(&s);
	ck_assert_int_eq(
	    sqlite3_open(store_path(&s, "history.db"), &sql), SQLITE_OK);
	sqlite3_db_config(sql, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	ck_assert_int_eq(
	    sqlite3_exec(sql, "PRAGMA user_version=7", NULL, NULL, NULL),
	    SQLITE_OK);
	sqlite3_close(sql);
	ck_assert_int_eq(store_count_names(&s, "history.db-wal"), 1);
	(void)expect_aside("newer", "format is 7, not 1");
	/* its log went with it */
	ck_assert_int_eq(store_count_names(&s, "history.db.newer-"), 3);
}
END_TEST

START_TEST(tables_that_act_are_not_ours)
{
	store_open(&s);
	store_fill(&s, 1, 5, 1000);
	store_close(&s);
	run_sql("CREATE TRIGGER t AFTER INSERT ON body "
		"BEGIN DELETE FROM body; END");
	(void)expect_aside("corrupt", "its tables are not ours");
	run_sql("DROP TABLE body");
	(void)expect_aside("corrupt", "its tables are not ours");
	run_sql("DELETE FROM meta");
	(void)expect_aside("corrupt", "it has no epoch");
	run_sql("UPDATE meta SET epoch='0123456789ABCDEF'");
	(void)expect_aside("corrupt", "it has no epoch");
	run_sql("INSERT INTO revision VALUES(-1,0,-1,0,0,0,0,x'',0,0)");
	(void)expect_aside("corrupt", "impossible");
	run_sql("UPDATE revision SET document_len=9223372036854775807");
	(void)expect_aside("corrupt", "integer overflow");
	run_sql("UPDATE revision SET segment=2 WHERE revision=3");
	(void)expect_aside("corrupt", "does not follow");
}
END_TEST

/* SQLite would take it for a file that may only be read, for ever. */
START_TEST(a_header_that_forbids_writing_is_damage)
{
	char *bytes;
	size_t len;

	store_open(&s);
	store_fill(&s, 1, 5, 1000);
	store_close(&s);
	bytes = file_read(store_path(&s, "history.db"), &len);
	bytes[18] = '\x7f';
	file_write(store_path(&s, "history.db"), bytes, len);
	free(bytes);
	(void)expect_aside("corrupt", "header is damaged");
}
END_TEST

/* What a start that was killed in between leaves behind. */
START_TEST(a_log_without_its_file_is_set_aside)
{
	char epoch[17];
	char *log;
	size_t len;

	store_open(&s);
	store_fill(&s, 1, 5, 1000);
	memcpy(epoch, s.start.epoch, sizeof(epoch));
	log = file_read(store_path(&s, "history.db-wal"), &len);
	store_close(&s);
	ck_assert_int_eq(unlink(store_path(&s, "history.db")), 0);
	file_write(store_path(&s, "history.db-wal"), log, len);
	file_write(store_path(&s, "history.db.new"), log, len);
	(void)expect_aside("orphan", "without its file");
	ck_assert_str_ne(s.start.epoch, epoch);
	ck_assert_int_eq(store_count_names(&s, "history.db.new"), 0);
	free(log);
}
END_TEST

START_TEST(a_directory_that_is_none_is_told)
{
	file_write(store_path(&s, "file"), "x", 1);
	s.settings.dir = store_path(&s, "file/below");
	ck_assert_int_eq(
	    sst_history_open(&s.settings, &s.history, &s.start, &s.err),
	    SST_IO);
	s.settings.dir = store_path(&s, "file");
	ck_assert_int_eq(
	    sst_history_open(&s.settings, &s.history, &s.start, &s.err),
	    SST_IO);
	ck_assert_msg(
	    strstr(s.err.text, "not a directory") != NULL, "%s", s.err.text);
	ck_assert_ptr_null(s.history);
}
END_TEST

/* As somebody who may not write there. */
static int
open_as_nobody(void)
{
	bool root = geteuid() == 0;
	int rc;

	if (root)
		ck_assert_int_eq(seteuid(65534), 0);
	rc = sst_history_open(&s.settings, &s.history, &s.start, &s.err);
	if (root)
		ck_assert_int_eq(seteuid(0), 0);
	return rc;
}

START_TEST(a_directory_without_permission_is_told)
{
	ck_assert_int_eq(chmod(s.dir, 0555), 0);
	ck_assert_int_eq(open_as_nobody(), SST_IO);
	ck_assert_msg(strstr(s.err.text, s.dir) != NULL &&
			  strstr(s.err.text, "ermission denied") != NULL,
	    "%s", s.err.text);
	ck_assert_int_eq(chmod(s.dir, 0700), 0);
}
END_TEST

START_TEST(files_without_permission_are_not_set_aside)
{
	char epoch[17];

	store_open(&s);
	store_fill(&s, 1, 5, 1000);
	memcpy(epoch, s.start.epoch, sizeof(epoch));
	store_close(&s);
	ck_assert_int_eq(chmod(s.dir, 0777), 0);
	ck_assert_int_eq(chmod(store_path(&s, "lock"), 0666), 0);
	ck_assert_int_eq(chmod(store_path(&s, "history.db"), 0444), 0);
	ck_assert_int_eq(open_as_nobody(), SST_IO);
	ck_assert_msg(
	    strstr(s.err.text, "history.db") != NULL, "%s", s.err.text);
	ck_assert_int_eq(chmod(s.dir, 0555), 0);
	ck_assert_int_eq(chmod(store_path(&s, "history.db"), 0666), 0);
	ck_assert_int_eq(open_as_nobody(), SST_IO);
	ck_assert_int_eq(chmod(s.dir, 0700), 0);
	store_open(&s);
	ck_assert_str_eq(s.start.epoch, epoch);
	ck_assert_uint_eq(s.start.revision, 5);
}
END_TEST

TCase *
test_history_foreign(void)
{
	TCase *t = tcase_create("foreign");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_text_is_set_aside);
	tcase_add_test(t, an_empty_file_is_set_aside);
	tcase_add_test(t, the_beginning_of_a_file_is_set_aside);
	tcase_add_test(t, a_directory_is_set_aside);
	tcase_add_test(t, pipes_and_links_are_set_aside);
	tcase_add_test(t, names_never_collide);
	tcase_add_test(t, the_file_of_another_program_is_set_aside);
	tcase_add_test(t, a_newer_format_is_set_aside);
	tcase_add_test(t, a_newer_format_in_the_log_is_set_aside);
	tcase_add_test(t, tables_that_act_are_not_ours);
	tcase_add_test(t, a_header_that_forbids_writing_is_damage);
	tcase_add_test(t, a_log_without_its_file_is_set_aside);
	tcase_add_test(t, a_directory_that_is_none_is_told);
	tcase_add_test(t, a_directory_without_permission_is_told);
	tcase_add_test(t, files_without_permission_are_not_set_aside);
	return t;
}
