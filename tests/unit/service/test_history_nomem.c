/*
 * Each allocation fails once, ours, those of SQLite and the contexts of zstd:
 * the call says so, and done again it works.
 */
#include "test_history.h"

#include <sqlite3.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "support/starve.h"

enum { BASE = 6 };

static struct store s;

/* SQLite asks for sizes, so each block begins with its own. */
static void *
sql_malloc(int n)
{
	size_t *p = malloc(sizeof(max_align_t) + (size_t)n);

	if (p == NULL)
		return NULL;
	*p = (size_t)n;
	return (char *)p + sizeof(max_align_t);
}

static void *
sql_block(void *p)
{
	return (char *)p - sizeof(max_align_t);
}

static void
sql_free(void *p)
{
	if (p != NULL)
		free(sql_block(p));
}

static int
sql_size(void *p)
{
	return p == NULL ? 0 : (int)*(size_t *)sql_block(p);
}

static void *
sql_realloc(void *p, int n)
{
	void *more = sql_malloc(n);
	int old = sql_size(p);

	if (more == NULL)
		return NULL;
	memcpy(more, p, (size_t)(old < n ? old : n));
	sql_free(p);
	return more;
}

static int
sql_round(int n)
{
	return (n + 7) & ~7;
}

static int
sql_init(void *arg)
{
	(void)arg;
	return SQLITE_OK;
}

static void
sql_end(void *arg)
{
	(void)arg;
}

ZSTD_CCtx *__real_ZSTD_createCCtx(void);
ZSTD_CCtx *__wrap_ZSTD_createCCtx(void);
ZSTD_DCtx *__real_ZSTD_createDCtx(void);
ZSTD_DCtx *__wrap_ZSTD_createDCtx(void);

static bool
starved(void)
{
	void *p = malloc(1);

	free(p);
	return p == NULL;
}

ZSTD_CCtx *
__wrap_ZSTD_createCCtx(void)
{
	return starved() ? NULL : __real_ZSTD_createCCtx();
}

ZSTD_DCtx *
__wrap_ZSTD_createDCtx(void)
{
	return starved() ? NULL : __real_ZSTD_createDCtx();
}

static void
setup(void)
{
	store_init(&s);
	store_open(&s);
	store_fill(&s, 1, BASE, 1000);
	store_close(&s);
}

static void
teardown(void)
{
	(void)starve_end();
	store_fini(&s);
}

static void
check_nomem(int rc)
{
	ck_assert_msg(
	    rc == SST_NOMEM || rc == SST_OK, "%d: %s", rc, s.err.text);
}

START_TEST(opening_without_memory_says_so)
{
	char epoch[17];
	bool met = true;
	long n;
	int rc;

	store_open(&s);
	memcpy(epoch, s.start.epoch, sizeof(epoch));
	store_close(&s);
	for (n = 0; met; n++) {
		starve_after(n);
		rc =
		    sst_history_open(&s.settings, &s.history, &s.start, &s.err);
		if (rc == SST_OK)
			rc = sst_history_reader_open(
			    s.history, &s.reader, &s.err);
		met = starve_end();
		check_nomem(rc);
		ck_assert(met || rc == SST_OK);
		store_close(&s);
	}
	printf("open: %ld allocations\n", n - 1);
	store_open(&s);
	ck_assert_str_eq(s.start.set_aside, "");
	ck_assert_str_eq(s.start.epoch, epoch);
	ck_assert_uint_eq(s.start.revision, BASE);
}
END_TEST

/* Of a history that was just opened, so that the newest is recalled too. */
START_TEST(storing_without_memory_can_be_repeated)
{
	struct sst_history_record r = store_record(BASE + 1, store_now(&s));
	bool met = true;
	long n;
	int rc;

	for (n = 0; met; n++) {
		store_open(&s);
		r.revision = s.start.revision + 1;
		starve_after(n);
		rc = sst_history_append(s.history, &r, 1, &s.err);
		met = starve_end();
		check_nomem(rc);
		if (rc != SST_OK)
			rc = sst_history_append(s.history, &r, 1, &s.err);
		ck_assert_msg(rc == SST_OK, "%s", s.err.text);
		store_close(&s);
	}
	printf("append: %ld allocations\n", n - 1);
	free((void *)(uintptr_t)r.document);
}
END_TEST

START_TEST(reading_without_memory_can_be_repeated)
{
	const struct sst_history_query q = {0, {INT64_MIN}, {INT64_MAX}, 100};
	struct sst_history_row *rows = NULL;
	char *bytes = NULL;
	size_t len, count = 0;
	bool met = true;
	long n;
	int rc;

	for (n = 0; met; n++) {
		store_open(&s);
		starve_after(n);
		rc = sst_history_read(s.reader, BASE, &bytes, &len, &s.err);
		if (rc == SST_OK) {
			free(bytes);
			rc = sst_history_list(
			    s.reader, &q, &rows, &count, &s.err);
		}
		met = starve_end();
		check_nomem(rc);
		if (rc == SST_OK)
			sst_history_rows_free(rows, count);
		ck_assert_int_eq(store_read(&s, BASE), SST_OK);
		store_close(&s);
	}
	printf("read and list: %ld allocations\n", n - 1);
}
END_TEST

START_TEST(thinning_without_memory_can_be_repeated)
{
	uint64_t at = BASE;
	bool met = true, more;
	long n;
	int rc;

	for (n = 0; met; n++) {
		store_open(&s);
		/* of two minutes, two stay: they are written anew */
		store_fill(&s, at + 1, at + 4, STORE_MINUTE / 2);
		at += 4;
		fake_clock_advance(&s.hands, 2 * STORE_HOUR);
		more = true;
		rc = SST_OK;
		starve_after(n);
		while (rc == SST_OK && more)
			rc = sst_history_thin(s.history, &more, &s.err);
		met = starve_end();
		check_nomem(rc);
		(void)store_thin(&s);
		ck_assert_int_eq(store_read(&s, at), SST_OK);
		store_close(&s);
	}
	printf("thin: %ld allocations\n", n - 1);
}
END_TEST

int
main(void)
{
	static sqlite3_mem_methods memory = {sql_malloc, sql_free, sql_realloc,
	    sql_size, sql_round, sql_init, sql_end, NULL};
	Suite *suite = suite_create("history nomem");
	TCase *t = tcase_create("nomem");
	SRunner *runner = srunner_create(suite);
	int failed;

	if (sqlite3_config(SQLITE_CONFIG_MALLOC, &memory) != SQLITE_OK)
		return EXIT_FAILURE;
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, opening_without_memory_says_so);
	tcase_add_test(t, storing_without_memory_can_be_repeated);
	tcase_add_test(t, reading_without_memory_can_be_repeated);
	tcase_add_test(t, thinning_without_memory_can_be_repeated);
	suite_add_tcase(suite, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
