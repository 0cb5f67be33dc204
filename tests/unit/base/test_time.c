/*
 * RFC 3339 times. Ways to fail: leap days and years, dates before 1970,
 * offsets that cross a day, leap seconds, fractions, nonsense accepted.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/time.h"
#include "unit/base/run.h"

static int
parse(const char *text, int64_t *out)
{
	return sst_time_parse(text, strlen(text), out);
}

START_TEST(formats_known_instants)
{
	static const struct {
		int64_t ms;
		const char *seconds, *millis;
	} rows[] = {
	    {0, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"},
	    {-1, "1969-12-31T23:59:59Z", "1969-12-31T23:59:59.999Z"},
	    {951782400000, "2000-02-29T00:00:00Z", "2000-02-29T00:00:00.000Z"},
	    {4107542399999, "2100-02-28T23:59:59Z", "2100-02-28T23:59:59.999Z"},
	    {1782907200123, "2026-07-01T12:00:00Z", "2026-07-01T12:00:00.123Z"},
	    {-62167219200000, "0000-01-01T00:00:00Z",
		"0000-01-01T00:00:00.000Z"},
	    {253402300799999, "9999-12-31T23:59:59Z",
		"9999-12-31T23:59:59.999Z"},
	    {INT64_MAX, "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999Z"},
	    {INT64_MIN, "0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z"},
	};
	char out[SST_TIME_TEXT];

	sst_time_format_utc(rows[_i].ms, false, out);
	ck_assert_str_eq(out, rows[_i].seconds);
	sst_time_format_utc(rows[_i].ms, true, out);
	ck_assert_str_eq(out, rows[_i].millis);
}
END_TEST

START_TEST(parses)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
	    {"2026-07-01T12:00:00Z", "2026-07-01T12:00:00.000Z"},
	    {"2026-07-01t12:00:00z", "2026-07-01T12:00:00.000Z"},
	    {"2026-07-01 12:00:00Z", "2026-07-01T12:00:00.000Z"},
	    {"2026-07-01T12:00:00.5Z", "2026-07-01T12:00:00.500Z"},
	    {"2026-07-01T12:00:00.123456789Z", "2026-07-01T12:00:00.123Z"},
	    {"2026-07-01T12:00:00+02:00", "2026-07-01T10:00:00.000Z"},
	    {"2026-01-01T00:30:00+05:45", "2025-12-31T18:45:00.000Z"},
	    {"2026-12-31T23:30:00-01:00", "2027-01-01T00:30:00.000Z"},
	    {"2026-07-01T12:00:00-00:00", "2026-07-01T12:00:00.000Z"},
	    {"2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"},
	    {"2000-02-29T00:00:00Z", "2000-02-29T00:00:00.000Z"},
	    {"1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"},
	    {"2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999Z"},
	    {"2017-01-01T01:59:60+02:00", "2016-12-31T23:59:59.999Z"},
	};
	char out[SST_TIME_TEXT];
	int64_t ms = 42;

	ck_assert_int_eq(parse(rows[_i].text, &ms), SST_OK);
	sst_time_format_utc(ms, true, out);
	ck_assert_str_eq(out, rows[_i].want);
}
END_TEST

START_TEST(refuses)
{
	static const char *const rows[] = {"", "2026", "2026-07-01",
	    "2026-07-01T12:00:00", "2026-07-01T12:00Z", "2023-02-29T00:00:00Z",
	    "2100-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
	    "2026-00-01T00:00:00Z", "2026-13-01T00:00:00Z",
	    "2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z",
	    "2026-01-01T00:60:00Z", "2026-01-01T12:00:60Z",
	    "2026-01-01T23:59:61Z", "2026-07-01T12:00:00.Z",
	    "2026-07-01T12:00:00,5Z", "2026-07-01T12:00:00+2:00",
	    "2026-07-01T12:00:00+0200", "2026-07-01T12:00:00+24:00",
	    "2026-07-01T12:00:00+02:60", "2026-07-01T12:00:00ZZ",
	    "2026-07-01T12:00:00Z ", " 2026-07-01T12:00:00Z",
	    "2026/07/01T12:00:00Z", "2026-07-01X12:00:00Z",
	    "+026-07-01T12:00:00Z", "2026-7-01T12:00:00Z ", "now", "-15m",
	    "1782907200000000000000", "0000-01-01T00:00:00+00:01",
	    "9999-12-31T23:59:59-00:01"};
	int64_t ms = 42;

	ck_assert_int_eq(parse(rows[_i], &ms), SST_INVALID);
	ck_assert_int_eq(ms, 42);
}
END_TEST

START_TEST(every_day_of_400_years_comes_back)
{
	char out[SST_TIME_TEXT], last[SST_TIME_TEXT] = "";
	int64_t day, ms, back = 0;

	for (day = -719528; day < -719528 + 146097 + 366; day++) {
		ms = day * 86400000 + day % 1000 + 1000;
		sst_time_format_utc(ms, true, out);
		ck_assert_str_gt(out, last);
		ck_assert_int_eq(parse(out, &back), SST_OK);
		ck_assert_int_eq(back, ms);
		memcpy(last, out, sizeof(last));
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("time");
	TCase *tc = tcase_create("time");

	tcase_add_loop_test(tc, formats_known_instants, 0, 9);
	tcase_add_loop_test(tc, parses, 0, 14);
	tcase_add_loop_test(tc, refuses, 0, 33);
	tcase_add_test(tc, every_day_of_400_years_comes_back);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
