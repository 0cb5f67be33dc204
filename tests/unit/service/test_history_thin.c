/*
 * Thinning: what must stay stays, what is due goes, at every border; and no
 * clock, however wrong, empties the history.
 */
#include "test_history.h"

#include <stdlib.h>
#include <string.h>

static struct store s;

/* When each revision was captured, by its number. */
enum { REVISIONS_MAX = 20000 };
static int64_t captured[REVISIONS_MAX];
static uint64_t newest;

static void
setup(void)
{
	store_init(&s);
	store_open(&s);
	newest = 0;
}

static void
teardown(void)
{
	store_fini(&s);
}

static void
put(void)
{
	newest++;
	ck_assert_uint_lt(newest, REVISIONS_MAX);
	captured[newest] = store_now(&s);
	ck_assert_msg(store_append(&s, newest, captured[newest]) == SST_OK,
	    "%s", s.err.text);
}

static void
put_each(int64_t step_ms, int64_t span_ms)
{
	for (; span_ms > 0; span_ms -= step_ms) {
		put();
		fake_clock_advance(&s.hands, step_ms);
	}
}

static void
thin(void)
{
	(void)store_thin(&s);
}

/* Which are held, by the list; what is in it must be readable. */
static bool *
held_now(void)
{
	const struct sst_history_query q = {
	    0, {INT64_MIN}, {INT64_MAX}, REVISIONS_MAX};
	bool *held = calloc(REVISIONS_MAX, sizeof(*held));
	struct sst_history_row *rows;
	size_t i, count;

	ck_assert_ptr_nonnull(held);
	ck_assert_int_eq(
	    sst_history_list(s.reader, &q, &rows, &count, &s.err), SST_OK);
	for (i = 0; i < count; i++) {
		ck_assert_int_eq(
		    rows[i].captured_at.ms, captured[rows[i].revision]);
		ck_assert_ptr_nonnull(rows[i].note);
		held[rows[i].revision] = true;
	}
	sst_history_rows_free(rows, count);
	ck_assert_uint_eq(count, store_figures(&s).revisions);
	return held;
}

static void
check_bytes(void)
{
	bool *held = held_now();
	uint64_t i;

	for (i = 1; i <= newest; i++)
		ck_assert_msg(
		    store_read(&s, i) == (held[i] ? SST_OK : SST_GONE),
		    "%llu: %s", (unsigned long long)i, s.err.text);
	free(held);
}

static bool
last_of(uint64_t i, int64_t unit)
{
	return i == newest || captured[i] / unit != captured[i + 1] / unit;
}

/* By the words of the retention; what is due may wait for its segment. */
static void
check_retention(void)
{
	const struct sst_history_retention *r = &s.settings.retention;
	bool *held = held_now(), must, may;
	int64_t age;
	uint64_t i;

	for (i = 1; i <= newest; i++) {
		age = store_now(&s) - captured[i];
		must = i == newest || age <= r->all_ms ||
		       (age <= r->minutely_ms && last_of(i, STORE_MINUTE)) ||
		       (age <= r->hourly_ms && last_of(i, STORE_HOUR));
		may = i == newest || age <= 2 * r->all_ms ||
		      (age <= r->minutely_ms + r->minutely_ms / 8 &&
			  last_of(i, STORE_MINUTE)) ||
		      (age <= r->hourly_ms + r->hourly_ms / 16 &&
			  last_of(i, STORE_HOUR));
		ck_assert_msg(held[i] || !must,
		    "%llu, of %lld s ago, was dropped", (unsigned long long)i,
		    (long long)age / 1000);
		ck_assert_msg(!held[i] || may,
		    "%llu, of %lld s ago, is still held", (unsigned long long)i,
		    (long long)age / 1000);
	}
	free(held);
}

/* What is counted on the way must be what is found at a new start. */
static void
check_figures(void)
{
	struct sst_history_figures a = store_figures(&s), b;

	store_close(&s);
	store_open(&s);
	b = store_figures(&s);
	ck_assert_uint_eq(a.revisions, b.revisions);
	ck_assert_uint_eq(a.oldest, b.oldest);
	ck_assert_uint_eq(a.newest, b.newest);
	ck_assert_uint_eq(a.document_bytes, b.document_bytes);
	ck_assert_uint_eq(a.stored_bytes, b.stored_bytes);
}

START_TEST(nothing_young_is_touched)
{
	put_each(1000, STORE_HOUR / 2);
	ck_assert_int_eq(store_thin(&s), 1);
	ck_assert_uint_eq(store_figures(&s).revisions, newest);
	ck_assert_uint_eq(store_figures(&s).thinned_total, 0);
}
END_TEST

START_TEST(one_a_minute_stays_after_an_hour)
{
	put_each(5000, 5 * STORE_HOUR);
	thin();
	check_retention();
	check_bytes();
	check_figures();
	ck_assert_uint_lt(store_figures(&s).revisions, newest * 2 / 3);
}
END_TEST

/* A month and a half: busy hours, then quiet weeks, thinned on the way. */
START_TEST(weeks_are_thinned_to_hours_and_end)
{
	int64_t until = store_now(&s) + 45 * STORE_DAY;
	int day = 0;

	while (store_now(&s) < until) {
		put_each(7000 + day * 1000, 20 * STORE_MINUTE);
		thin();
		put_each(9 * STORE_MINUTE, STORE_DAY - 20 * STORE_MINUTE);
		thin();
		if (++day % 9 == 0)
			check_retention();
	}
	check_retention();
	check_bytes();
	check_figures();
	ck_assert_int_lt(
	    captured[store_figures(&s).oldest], store_now(&s) - 29 * STORE_DAY);
}
END_TEST

/* Three of one minute, and a later one in a segment of its own. */
static void
put_three_and_one(int64_t later_ms)
{
	int i;

	for (i = 0; i < 3; i++) {
		put();
		fake_clock_advance(&s.hands, 1000);
	}
	fake_clock_advance(&s.hands, later_ms - 3000);
	put();
}

static void
expect_held(bool one, bool two, bool three, bool four)
{
	thin();
	ck_assert_int_eq(store_holds(&s, 1), one);
	ck_assert_int_eq(store_holds(&s, 2), two);
	ck_assert_int_eq(store_holds(&s, 3), three);
	ck_assert_int_eq(store_holds(&s, 4), four);
}

static void
advance_to_age(uint64_t revision, int64_t age)
{
	ck_assert_int_ge(captured[revision] + age, store_now(&s));
	fake_clock_advance(&s.hands, captured[revision] + age - store_now(&s));
}

START_TEST(the_first_border_is_exact)
{
	s.settings.retention.all_ms = 2 * (int64_t)STORE_HOUR;
	store_close(&s);
	store_open(&s);
	put();
	put();
	put();
	fake_clock_advance(&s.hands, 2 * STORE_HOUR - 1);
	put();
	advance_to_age(3, 2 * STORE_HOUR);
	expect_held(true, true, true, true);
	fake_clock_advance(&s.hands, 1);
	/* the fourth is in their segment, and young */
	expect_held(true, true, true, true);
	put();
	advance_to_age(4, 2 * STORE_HOUR);
	expect_held(true, true, true, true);
	fake_clock_advance(&s.hands, 1);
	expect_held(false, false, true, true);
}
END_TEST

START_TEST(the_second_border_is_exact)
{
	put_three_and_one(STORE_HOUR + 1);
	advance_to_age(3, STORE_HOUR);
	expect_held(true, true, true, true);
	advance_to_age(3, STORE_HOUR + 1);
	expect_held(false, false, true, true);
	fake_clock_advance(&s.hands, STORE_MINUTE);
	put();
	/* of that hour the third is the last */
	advance_to_age(3, STORE_DAY + 1);
	expect_held(false, false, true, true);
	ck_assert_uint_eq(store_figures(&s).thinned_total, 2);
}
END_TEST

START_TEST(hours_are_kept_by_their_last)
{
	/* 00:00 and 00:30 of one hour, each in a segment of its own */
	s.settings.retention.all_ms = STORE_MINUTE;
	store_close(&s);
	store_open(&s);
	put();
	fake_clock_advance(&s.hands, STORE_HOUR / 2);
	put();
	fake_clock_advance(&s.hands, STORE_HOUR / 2);
	put();
	fake_clock_advance(&s.hands, 2 * STORE_MINUTE);
	put();
	expect_held(true, true, true, true);
	advance_to_age(4, STORE_DAY);
	thin();
	ck_assert(store_holds(&s, 2));
	advance_to_age(4, STORE_DAY + STORE_HOUR);
	put();
	expect_held(false, true, false, true);
}
END_TEST

START_TEST(the_last_border_is_exact)
{
	put_three_and_one(2 * STORE_DAY);
	advance_to_age(3, 30 * STORE_DAY);
	expect_held(false, false, true, true);
	fake_clock_advance(&s.hands, 1);
	expect_held(false, false, false, true);
}
END_TEST

START_TEST(the_newest_stays_for_ever)
{
	char epoch[17];

	memcpy(epoch, s.start.epoch, sizeof(epoch));
	put_each(1000, 150000);
	fake_clock_advance(&s.hands, 400 * STORE_DAY);
	thin();
	ck_assert_uint_eq(store_figures(&s).revisions, 1);
	ck_assert(store_holds(&s, newest));
	ck_assert_int_eq(store_thin(&s), 1);
	check_figures();
	ck_assert_str_eq(s.start.epoch, epoch);
	ck_assert_uint_eq(s.start.revision, newest);
	put();
	put();
	check_bytes();
	/* and goes when it is no longer that */
	fake_clock_advance(&s.hands, 1000);
	thin();
	ck_assert_uint_eq(store_figures(&s).oldest, newest - 1);
	check_figures();
}
END_TEST

/* An idle system: the segment that grows is due itself. */
START_TEST(revisions_come_while_their_segment_is_thinned)
{
	bool more = true;

	put_each(1000, 90000);
	fake_clock_advance(&s.hands, 2 * STORE_HOUR);
	while (more) {
		ck_assert_int_eq(
		    sst_history_thin(s.history, &more, &s.err), SST_OK);
		put();
	}
	thin();
	check_bytes();
	check_figures();
	put_each(1000, 20000);
	check_bytes();
}
END_TEST

START_TEST(pieces_are_bounded)
{
	const size_t len = 9 << 20;
	char *doc = calloc(1, len);
	struct sst_history_record r = {.document = doc, .document_len = len};
	int i;

	ck_assert_ptr_nonnull(doc);
	for (i = 1; i <= 50; i++) {
		doc[i * 7919] = (char)i;
		r.revision = (uint64_t)i;
		r.captured_at.ms = store_now(&s);
		r.hash = sst_hash_bytes(doc, len);
		ck_assert_int_eq(
		    sst_history_append(s.history, &r, 1, &s.err), SST_OK);
	}
	fake_clock_advance(&s.hands, STORE_HOUR + 1);
	/* of 50 times 9 MB no more than 64 MB are restored in one call */
	ck_assert_int_ge(store_thin(&s), 50 * 9 / 73);
	ck_assert_uint_eq(store_figures(&s).revisions, 1);
	free(doc);
}
END_TEST

START_TEST(a_clock_that_leaps_ahead_drops_little)
{
	put_each(10000, 2 * STORE_DAY);
	thin();
	check_retention();
	/* ten years, and ten minutes until somebody sets it right */
	s.hands.start_wall_ms += 3650 * STORE_DAY;
	thin();
	fake_clock_advance(&s.hands, 10 * STORE_MINUTE);
	thin();
	s.hands.start_wall_ms -= 3650 * STORE_DAY;
	thin();
	check_bytes();
	/* thinned as if an hour and forty minutes had passed */
	fake_clock_advance(&s.hands, 100 * STORE_MINUTE);
	check_retention();
}
END_TEST

START_TEST(a_start_with_a_leap_drops_little)
{
	put_each(10000, STORE_DAY);
	thin();
	store_close(&s);
	s.hands.start_wall_ms += 3650 * STORE_DAY;
	store_open(&s);
	thin();
	store_close(&s);
	s.hands.start_wall_ms -= 3650 * STORE_DAY;
	store_open(&s);
	fake_clock_advance(&s.hands, 10 * STORE_MINUTE);
	thin();
	check_retention();
	check_bytes();
}
END_TEST

START_TEST(a_clock_set_back_drops_nothing)
{
	put_each(10000, 3 * STORE_HOUR);
	thin();
	check_retention();
	s.hands.start_wall_ms -= 10 * STORE_DAY;
	newest = store_figures(&s).newest;
	ck_assert_int_eq(store_thin(&s), 1);
	/* those ahead of the clock are as old as what came after them */
	put_each(10000, 4 * STORE_HOUR);
	thin();
	check_bytes();
	ck_assert_uint_lt(store_figures(&s).revisions, newest / 2);
	check_figures();
}
END_TEST

START_TEST(a_start_before_the_clock_is_set_is_made_good)
{
	const int64_t right = s.hands.start_wall_ms;

	store_close(&s);
	s.hands.start_wall_ms = 0;
	s.settings.dir = store_path(&s, "sub");
	store_open(&s);
	put_each(1000, 60000);
	s.hands.start_wall_ms = right;
	put_each(10000, 3 * STORE_HOUR);
	/* first to the time of the middle one, then faster than time */
	thin();
	fake_clock_advance(&s.hands, 10 * STORE_MINUTE);
	thin();
	check_retention();
	ck_assert(!store_holds(&s, 1));
	check_bytes();
}
END_TEST

START_TEST(the_bound_in_bytes_drops_the_oldest)
{
	uint64_t i, oldest;

	s.settings.retention.max_bytes = 600 * 1024;
	store_close(&s);
	store_open(&s);
	for (i = 0; i < 8; i++) {
		put_each(1000, 300000);
		thin();
		ck_assert_uint_le(store_figures(&s).bytes, 600 * 1024);
	}
	oldest = store_figures(&s).oldest;
	ck_assert_uint_gt(oldest, 1);
	/* what is held is all there, to the newest */
	ck_assert_uint_eq(store_figures(&s).revisions, newest - oldest + 1);
	ck_assert_uint_gt(newest - oldest, 200);
	check_bytes();
	check_figures();
	ck_assert_uint_eq(store_figures(&s).oldest, oldest);
}
END_TEST

START_TEST(a_bound_that_is_too_small_leaves_the_newest)
{
	s.settings.retention.max_bytes = 1;
	store_close(&s);
	store_open(&s);
	put_each(1000, 300000);
	thin();
	ck_assert_uint_eq(store_figures(&s).revisions, 1);
	put();
	check_bytes();
	thin();
	ck_assert_uint_eq(store_figures(&s).revisions, 1);
	check_bytes();
	check_figures();
}
END_TEST

TCase *
test_history_thinning(void)
{
	TCase *t = tcase_create("thin");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, nothing_young_is_touched);
	tcase_add_test(t, one_a_minute_stays_after_an_hour);
	tcase_add_test(t, weeks_are_thinned_to_hours_and_end);
	tcase_add_test(t, the_first_border_is_exact);
	tcase_add_test(t, the_second_border_is_exact);
	tcase_add_test(t, hours_are_kept_by_their_last);
	tcase_add_test(t, the_last_border_is_exact);
	tcase_add_test(t, the_newest_stays_for_ever);
	tcase_add_test(t, revisions_come_while_their_segment_is_thinned);
	tcase_add_test(t, pieces_are_bounded);
	tcase_add_test(t, a_clock_that_leaps_ahead_drops_little);
	tcase_add_test(t, a_start_with_a_leap_drops_little);
	tcase_add_test(t, a_clock_set_back_drops_nothing);
	tcase_add_test(t, a_start_before_the_clock_is_set_is_made_good);
	tcase_add_test(t, the_bound_in_bytes_drops_the_oldest);
	tcase_add_test(t, a_bound_that_is_too_small_leaves_the_newest);
	return t;
}
