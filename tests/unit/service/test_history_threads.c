/* One thread stores and thins, others read: nobody waits, nobody is wrong. */
#include "test_history.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { READERS = 3, ROUNDS = 600 };

static struct store s;
static atomic_bool done;
static atomic_ullong newest;
static atomic_int wrong;
static atomic_int reads;
static atomic_bool quiet;

static void
setup(void)
{
	store_init(&s);
	store_open(&s);
	atomic_store(&done, false);
	atomic_store(&newest, 0);
	atomic_store(&wrong, 0);
	atomic_store(&reads, 0);
	atomic_store(&quiet, false);
}

static void
teardown(void)
{
	store_fini(&s);
}

static void
complain(const char *text)
{
	atomic_fetch_add(&wrong, 1);
	if (!atomic_load(&quiet))
		fprintf(stderr, "%s\n", text);
}

/* No assertions in threads: check is not made for them. */
static void
read_one(struct sst_history_reader *reader, uint64_t revision)
{
	struct sst_error err;
	size_t len, want_len;
	char *bytes, *want;
	int rc = sst_history_read(reader, revision, &bytes, &len, &err);

	if (rc == SST_OK) {
		want = store_document(revision, &want_len);
		if (len != want_len || memcmp(bytes, want, len) != 0)
			atomic_fetch_add(&wrong, 1);
		free(want);
		free(bytes);
		atomic_fetch_add(&reads, 1);
	} else if (rc != SST_GONE && rc != SST_NOT_FOUND) {
		complain(err.text);
	}
}

static void
list_some(struct sst_history_reader *reader, uint64_t below)
{
	const struct sst_history_query q = {below, {INT64_MIN}, {INT64_MAX}, 9};
	struct sst_history_figures f;
	struct sst_history_row *rows;
	struct sst_error err;
	uint64_t found;
	size_t count;
	int rc;

	if (sst_history_list(reader, &q, &rows, &count, &err) == SST_OK) {
		sst_history_rows_free(rows, count);
	} else {
		complain(err.text);
	}
	rc = sst_history_find(
	    reader, (struct sst_wall){INT64_MAX}, &found, &err);
	if (rc != SST_OK && rc != SST_GONE)
		atomic_fetch_add(&wrong, 1);
	sst_history_figures(s.history, &f);
	if (f.newest > atomic_load(&newest) + 1)
		atomic_fetch_add(&wrong, 1);
}

static void *
read_all_the_time(void *arg)
{
	struct sst_history_reader *reader = NULL;
	uint64_t seed = (uint64_t)(uintptr_t)arg, last;
	struct sst_error err;

	if (sst_history_reader_open(s.history, &reader, &err) != SST_OK) {
		atomic_fetch_add(&wrong, 1);
		return NULL;
	}
	while (!atomic_load(&done)) {
		seed = seed * UINT64_C(6364136223846793005) + 1;
		last = atomic_load(&newest);
		read_one(reader, 1 + (seed >> 33) % (last + 1));
		read_one(reader, last);
		list_some(reader, 1 + (seed >> 33) % (last + 1));
	}
	sst_history_reader_close(&reader);
	return NULL;
}

static void
write_all_the_time(void (*disturb)(void))
{
	pthread_t threads[READERS];
	bool more;
	int i;

	for (i = 0; i < READERS; i++)
		ck_assert_int_eq(
		    pthread_create(&threads[i], NULL, read_all_the_time,
			(void *)(uintptr_t)(i + 1)),
		    0);
	for (i = 1; i <= ROUNDS; i++) {
		ck_assert_msg(
		    store_append(&s, (uint64_t)i, store_now(&s)) == SST_OK,
		    "%s", s.err.text);
		atomic_store(&newest, (unsigned long long)i);
		fake_clock_advance(&s.hands, 20000);
		ck_assert_msg(
		    sst_history_thin(s.history, &more, &s.err) == SST_OK, "%s",
		    s.err.text);
		if (disturb != NULL && i == ROUNDS / 2)
			disturb();
	}
	atomic_store(&done, true);
	for (i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_gt(atomic_load(&reads), 0);
}

START_TEST(readers_are_never_wrong)
{
	write_all_the_time(NULL);
	ck_assert_int_eq(atomic_load(&wrong), 0);
	ck_assert_uint_gt(store_figures(&s).thinned_total, 0);
}
END_TEST

static void
drop_table(void)
{
	char path[256];
	sqlite3 *sql;

	snprintf(path, sizeof(path), "%s", store_path(&s, "history.db"));
	ck_assert_int_eq(sqlite3_open(path, &sql), SQLITE_OK);
	sqlite3_busy_timeout(sql, 5000);
	ck_assert_msg(
	    sqlite3_exec(sql, "DROP TABLE body", NULL, NULL, NULL) == SQLITE_OK,
	    "%s", sqlite3_errmsg(sql));
	sqlite3_close(sql);
}

/* They may fail while it happens, and then go on with the new file. */
START_TEST(readers_follow_to_a_new_file)
{
	atomic_store(&quiet, true);
	write_all_the_time(drop_table);
	ck_assert_uint_eq(store_figures(&s).set_aside_total, 1);
	ck_assert_int_eq(store_read(&s, ROUNDS), SST_OK);
	ck_assert_int_eq(store_read(&s, 5), SST_GONE);
}
END_TEST

TCase *
test_history_threads(void)
{
	TCase *t = tcase_create("threads");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, readers_are_never_wrong);
	tcase_add_test(t, readers_follow_to_a_new_file);
	return t;
}
