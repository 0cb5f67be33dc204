/*
 * The store of revisions: what was put in comes out, byte for byte, and is
 * found by revision, time and in lists; also after a new start.
 */
#include "test_history.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

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

static void
check_all(uint64_t first, uint64_t last)
{
	uint64_t i;

	for (i = last; i >= first; i--)
		ck_assert_msg(store_read(&s, i) == SST_OK, "%llu: %s",
		    (unsigned long long)i, s.err.text);
	for (i = first; i <= last; i++)
		ck_assert_int_eq(store_read(&s, i), SST_OK);
}

START_TEST(hundreds_of_revisions_come_back)
{
	struct sst_history_figures f;

	store_open(&s);
	ck_assert_uint_eq(s.start.revision, 0);
	ck_assert_str_eq(s.start.set_aside, "");
	store_fill(&s, 1, 450, 1000);
	check_all(1, 450);
	f = store_figures(&s);
	ck_assert_uint_eq(f.revisions, 450);
	ck_assert_uint_eq(f.oldest, 1);
	ck_assert_uint_eq(f.newest, 450);
	ck_assert_uint_eq(f.appended_total, 450);
	/* most are a small part of the whole */
	ck_assert_uint_lt(f.stored_bytes * 4, f.document_bytes);
	ck_assert_uint_ge(f.bytes, f.stored_bytes);
}
END_TEST

START_TEST(batches_are_stored_like_single_ones)
{
	struct sst_history_record r[40];
	size_t i;

	store_open(&s);
	for (i = 0; i < 40; i++)
		r[i] = store_record(i + 1, store_now(&s));
	ck_assert_int_eq(sst_history_append(s.history, r, 0, &s.err), SST_OK);
	ck_assert_int_eq(sst_history_append(s.history, r, 7, &s.err), SST_OK);
	ck_assert_int_eq(
	    sst_history_append(s.history, r + 7, 33, &s.err), SST_OK);
	check_all(1, 40);
	for (i = 0; i < 40; i++)
		free((void *)(uintptr_t)r[i].document);
}
END_TEST

/* By whom the document before is told, rightly or not, is no matter. */
START_TEST(a_forgotten_document_is_told_or_read_again)
{
	char *right, *wrong;
	size_t len, wrong_len;
	uint64_t i;

	store_open(&s);
	for (i = 1; i <= 30; i++) {
		ck_assert_int_eq(store_append(&s, i, store_now(&s)), SST_OK);
		sst_history_forget(s.history);
		right = store_document(i, &len);
		wrong = store_document(i + 1, &wrong_len);
		if (i % 3 == 1)
			sst_history_remember(s.history, i, right, len);
		if (i % 3 == 2) {
			sst_history_remember(s.history, i, wrong, wrong_len);
			sst_history_remember(s.history, i + 1, right, len);
			sst_history_remember(s.history, i, right, 0);
		}
		free(right);
		free(wrong);
	}
	for (i = 1; i <= 30; i++)
		ck_assert_int_eq(store_read(&s, i), SST_OK);
}
END_TEST

START_TEST(order_of_revisions_is_enforced)
{
	struct sst_history_record r[2];

	store_open(&s);
	store_fill(&s, 5, 6, 1000);
	ck_assert_int_eq(store_append(&s, 6, 0), SST_INVALID);
	ck_assert_ptr_nonnull(strstr(s.err.text, "revision 6"));
	ck_assert_int_eq(store_append(&s, 0, 0), SST_INVALID);
	ck_assert_int_eq(store_append(&s, UINT64_MAX, 0), SST_INVALID);
	r[0] = store_record(7, 0);
	r[1] = store_record(7, 0);
	ck_assert_int_eq(
	    sst_history_append(s.history, r, 2, &s.err), SST_INVALID);
	/* all or nothing, and it goes on */
	ck_assert_int_eq(store_read(&s, 7), SST_NOT_FOUND);
	ck_assert_int_eq(store_append(&s, 9, store_now(&s)), SST_OK);
	ck_assert_int_eq(store_read(&s, 9), SST_OK);
	ck_assert_int_eq(store_read(&s, 8), SST_GONE);
	r[0].document_len = (size_t)2 << 30;
	r[0].revision = 10;
	ck_assert_int_eq(
	    sst_history_append(s.history, r, 1, &s.err), SST_INVALID);
	free((void *)(uintptr_t)r[0].document);
	free((void *)(uintptr_t)r[1].document);
}
END_TEST

START_TEST(a_new_start_goes_on)
{
	char epoch[17];
	uint64_t at;

	store_open(&s);
	memcpy(epoch, s.start.epoch, sizeof(epoch));
	ck_assert_uint_eq(strspn(epoch, "0123456789abcdef"), 16);
	for (at = 1; at < 300; at += 37) {
		store_fill(&s, at, at + 36, 1000);
		store_close(&s);
		store_open(&s);
		ck_assert_str_eq(s.start.epoch, epoch);
		ck_assert_uint_eq(s.start.revision, at + 36);
		ck_assert_str_eq(s.start.set_aside, "");
	}
	check_all(1, at - 1);
	ck_assert_uint_eq(store_figures(&s).revisions, at - 1);
	/* deltas go on across starts, too */
	ck_assert_uint_lt(store_figures(&s).stored_bytes * 4,
	    store_figures(&s).document_bytes);
}
END_TEST

START_TEST(files_are_private)
{
	static const char *const names[] = {
	    "history.db", "history.db-wal", "history.db-shm", "lock"};
	char sub[256];
	struct stat st;
	mode_t mask = umask(0);
	size_t i;

	snprintf(sub, sizeof(sub), "%s/a/b", s.dir);
	s.settings.dir = sub;
	store_open(&s);
	store_fill(&s, 1, 3, 1000);
	umask(mask);
	ck_assert_int_eq(stat(sub, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0700);
	for (i = 0; i < 4; i++) {
		snprintf(sub, sizeof(sub), "%s/a/b/%s", s.dir, names[i]);
		ck_assert_msg(stat(sub, &st) == 0, "%s", sub);
		ck_assert_uint_eq(st.st_mode & 0777, 0600);
	}
}
END_TEST

START_TEST(the_lock_names_its_holder)
{
	struct sst_history *other = NULL;
	struct sst_history_start start;
	char pid[32];

	store_open(&s);
	ck_assert_int_eq(
	    sst_history_open(&s.settings, &other, &start, &s.err), SST_EXISTS);
	ck_assert_ptr_null(other);
	snprintf(pid, sizeof(pid), "pid %ld", (long)getpid());
	ck_assert_msg(strstr(s.err.text, pid) != NULL, "%s", s.err.text);
	store_close(&s);
	store_open(&s);
}
END_TEST

START_TEST(unknown_revisions_are_told_apart)
{
	store_open(&s);
	ck_assert_int_eq(store_read(&s, 1), SST_NOT_FOUND);
	store_fill(&s, 10, 12, 1000);
	ck_assert_int_eq(store_read(&s, 13), SST_NOT_FOUND);
	ck_assert_int_eq(store_read(&s, UINT64_MAX), SST_NOT_FOUND);
	ck_assert_int_eq(store_read(&s, 9), SST_GONE);
	ck_assert_int_eq(store_read(&s, 0), SST_GONE);
	store_close(&s);
	store_open(&s);
	ck_assert_int_eq(store_read(&s, 13), SST_NOT_FOUND);
	ck_assert_int_eq(store_read(&s, 9), SST_GONE);
}
END_TEST

static void
check_find(int64_t at, int code, uint64_t revision)
{
	uint64_t found = 77;

	ck_assert_int_eq(
	    sst_history_find(s.reader, (struct sst_wall){at}, &found, &s.err),
	    code);
	ck_assert_uint_eq(found, revision);
}

START_TEST(times_find_the_newest_of_then)
{
	store_open(&s);
	check_find(1000, SST_GONE, 0);
	ck_assert_int_eq(store_append(&s, 3, 1000), SST_OK);
	ck_assert_int_eq(store_append(&s, 4, 1000), SST_OK);
	ck_assert_int_eq(store_append(&s, 5, 2000), SST_OK);
	/* the wall clock was set back */
	ck_assert_int_eq(store_append(&s, 6, 1500), SST_OK);
	ck_assert_int_eq(store_append(&s, 9, 3000), SST_OK);
	check_find(999, SST_GONE, 3);
	check_find(INT64_MIN, SST_GONE, 3);
	check_find(1000, SST_OK, 4);
	check_find(1499, SST_OK, 4);
	check_find(1500, SST_OK, 6);
	check_find(2500, SST_OK, 6);
	check_find(INT64_MAX, SST_OK, 9);
}
END_TEST

static size_t
check_list(uint64_t below, int64_t from, int64_t to, size_t limit,
    struct sst_history_row **rows)
{
	const struct sst_history_query q = {below, {from}, {to}, limit};
	size_t i, count = 0;

	ck_assert_msg(
	    sst_history_list(s.reader, &q, rows, &count, &s.err) == SST_OK,
	    "%s", s.err.text);
	for (i = 1; i < count; i++)
		ck_assert_uint_lt((*rows)[i].revision, (*rows)[i - 1].revision);
	return count;
}

START_TEST(lists_are_bounded_and_newest_first)
{
	struct sst_history_row *rows;
	size_t n, len;
	int64_t begin = store_now(&s);

	store_open(&s);
	n = check_list(0, INT64_MIN, INT64_MAX, 10, &rows);
	ck_assert_uint_eq(n, 0);
	sst_history_rows_free(rows, n);

	store_fill(&s, 1, 200, 1000);
	n = check_list(0, INT64_MIN, INT64_MAX, 1000, &rows);
	ck_assert_uint_eq(n, 200);
	ck_assert_uint_eq(rows[0].revision, 200);
	ck_assert_int_eq(rows[0].captured_at.ms, begin + 199000);
	ck_assert_str_eq(rows[0].note, "{\"summary\":null,\"cause\":[]}");
	free(store_document(200, &len));
	ck_assert_uint_eq(rows[0].document_bytes, len);
	ck_assert_uint_gt(rows[0].stored_bytes, 0);
	ck_assert(rows[199].keyframe);
	sst_history_rows_free(rows, n);

	n = check_list(150, begin + 100000, begin + 120000, 5, &rows);
	ck_assert_uint_eq(n, 5);
	ck_assert_uint_eq(rows[0].revision, 121);
	sst_history_rows_free(rows, n);

	n = check_list(102, begin + 100000, begin + 120000, 5, &rows);
	ck_assert_uint_eq(n, 1);
	sst_history_rows_free(rows, n);
	n = check_list(0, INT64_MIN, INT64_MAX, 0, &rows);
	ck_assert_uint_eq(n, 0);
	sst_history_rows_free(rows, n);
}
END_TEST

START_TEST(a_revision_without_a_note_has_none)
{
	struct sst_history_record r = store_record(1, 5);
	struct sst_history_row *rows;

	store_open(&s);
	r.note = NULL;
	r.note_len = 0;
	ck_assert_int_eq(sst_history_append(s.history, &r, 1, &s.err), SST_OK);
	ck_assert_uint_eq(check_list(0, INT64_MIN, INT64_MAX, 10, &rows), 1);
	ck_assert_ptr_null(rows[0].note);
	sst_history_rows_free(rows, 1);
	ck_assert_int_eq(store_read(&s, 1), SST_OK);
	free((void *)(uintptr_t)r.document);
}
END_TEST

/* Over a megabyte: long-distance matching, and overflow of many pages. */
START_TEST(large_documents_come_back)
{
	const size_t len = 3 << 20;
	char *doc = malloc(len), *bytes;
	struct sst_history_record r = {.document = doc, .document_len = len};
	uint64_t x = 88172645463325252u;
	size_t i, got;
	int k;

	ck_assert_ptr_nonnull(doc);
	for (i = 0; i < len; i++) {
		x = x * UINT64_C(6364136223846793005) + 1;
		doc[i] = "0123456789abcdef\",:{}"[(x >> 40) % 21];
	}
	store_open(&s);
	for (k = 1; k <= 8; k++) {
		for (i = 0; i < 300; i++) {
			x = x * UINT64_C(6364136223846793005) + 1;
			doc[(x >> 20) % len] = (char)(x >> 50);
		}
		/* longer than the window of a small one, and moved */
		memmove(doc + k * 1000, doc, len - (size_t)k * 1000);
		r.revision = (uint64_t)k;
		r.hash = sst_hash_bytes(doc, len);
		ck_assert_int_eq(
		    sst_history_append(s.history, &r, 1, &s.err), SST_OK);
		ck_assert_int_eq(sst_history_read(s.reader, r.revision, &bytes,
				     &got, &s.err),
		    SST_OK);
		ck_assert(got == len && memcmp(bytes, doc, len) == 0);
		free(bytes);
	}
	ck_assert_uint_lt(store_figures(&s).stored_bytes, 2 * (uint64_t)len);
	free(doc);
}
END_TEST

TCase *
test_history_store(void)
{
	TCase *t = tcase_create("store");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, hundreds_of_revisions_come_back);
	tcase_add_test(t, batches_are_stored_like_single_ones);
	tcase_add_test(t, a_forgotten_document_is_told_or_read_again);
	tcase_add_test(t, order_of_revisions_is_enforced);
	tcase_add_test(t, a_new_start_goes_on);
	tcase_add_test(t, files_are_private);
	tcase_add_test(t, the_lock_names_its_holder);
	tcase_add_test(t, unknown_revisions_are_told_apart);
	tcase_add_test(t, times_find_the_newest_of_then);
	tcase_add_test(t, lists_are_bounded_and_newest_first);
	tcase_add_test(t, a_revision_without_a_note_has_none);
	tcase_add_test(t, large_documents_come_back);
	return t;
}

int
main(void)
{
	Suite *suite = suite_create("history");
	SRunner *runner = srunner_create(suite);
	int failed, null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	/* damage is met on purpose, and would be told each time */
	sst_log_configure(SST_LOG_ERROR, SST_LOG_TEXT, null);

	suite_add_tcase(suite, test_history_store());
	suite_add_tcase(suite, test_history_thinning());
	suite_add_tcase(suite, test_history_foreign());
	suite_add_tcase(suite, test_history_damage());
	suite_add_tcase(suite, test_history_threads());
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	close(null);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
