/* Moments and durations as people write them. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/moment.h"

static int
parse(const char *text, struct sst_moment *out)
{
	memset(out, 0x55, sizeof(*out));
	return sst_moment_parse(text, strlen(text), out);
}

START_TEST(every_form_is_read)
{
	struct sst_moment m;

	ck_assert_int_eq(parse("now", &m), SST_OK);
	ck_assert_int_eq(m.kind, SST_MOMENT_NOW);
	ck_assert_int_eq(parse("41", &m), SST_OK);
	ck_assert_int_eq(m.kind, SST_MOMENT_REVISION);
	ck_assert_uint_eq(m.revision, 41);
	ck_assert_str_eq(m.epoch, "");
	ck_assert_int_eq(parse("0f3a55d200c4e1b7:42", &m), SST_OK);
	ck_assert_int_eq(m.kind, SST_MOMENT_REVISION);
	ck_assert_uint_eq(m.revision, 42);
	ck_assert_str_eq(m.epoch, "0f3a55d200c4e1b7");
	ck_assert_int_eq(parse("2026-01-01T00:00:00.5Z", &m), SST_OK);
	ck_assert_int_eq(m.kind, SST_MOMENT_TIME);
	ck_assert_int_eq(m.at.ms, INT64_C(1767225600500));
	ck_assert_int_eq(parse("@1767225600", &m), SST_OK);
	ck_assert_int_eq(m.kind, SST_MOMENT_TIME);
	ck_assert_int_eq(m.at.ms, INT64_C(1767225600000));
	ck_assert_int_eq(parse("-15m", &m), SST_OK);
	ck_assert_int_eq(m.kind, SST_MOMENT_AGO);
	ck_assert_int_eq(m.ago_ms, 15 * 60 * 1000);
	ck_assert_int_eq(parse("9223372036854775807", &m), SST_OK);
	ck_assert_uint_eq(m.revision, INT64_MAX);
}
END_TEST

START_TEST(nothing_else_is_read)
{
	static const char *const bad[] = {"", " ", "0", "-", "-1", "-15x",
	    "+15m", "15m", "-m", "@", "@-1", "@99999999999999999", "NOW",
	    "now ", "9223372036854775808", "99999999999999999999",
	    "0f3a55d200c4e1b7:", "0f3a55d200c4e1b7:0", "0F3A55D200C4E1B7:1",
	    "0f3a55d200c4e1b:1", "2026-01-01", "2026-13-01T00:00:00Z",
	    "-999999w", "-1.5h", "1e3", "yesterday"};
	struct sst_moment m, before;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(&m, 0x55, sizeof(m));
		before = m;
		ck_assert_msg(
		    sst_moment_parse(bad[i], strlen(bad[i]), &m) == SST_INVALID,
		    "accepted: '%s'", bad[i]);
		ck_assert_mem_eq(&m, &before, sizeof(m));
	}
}
END_TEST

START_TEST(a_nul_is_no_digit)
{
	struct sst_moment m;

	ck_assert_int_eq(
	    sst_moment_parse("\0f3a55d200c4e1b7:41", 19, &m), SST_INVALID);
	ck_assert_int_eq(sst_moment_parse("4\0", 2, &m), SST_INVALID);
}
END_TEST

START_TEST(durations_have_units)
{
	int64_t ms = -1;

	ck_assert_int_eq(sst_duration_parse("1500ms", 6, &ms), SST_OK);
	ck_assert_int_eq(ms, 1500);
	ck_assert_int_eq(sst_duration_parse("0s", 2, &ms), SST_OK);
	ck_assert_int_eq(ms, 0);
	ck_assert_int_eq(sst_duration_parse("2w", 2, &ms), SST_OK);
	ck_assert_int_eq(ms, INT64_C(1209600000));
	ck_assert_int_eq(sst_duration_parse("5", 1, &ms), SST_INVALID);
	ck_assert_int_eq(sst_duration_parse("s", 1, &ms), SST_INVALID);
	ck_assert_int_eq(sst_duration_parse("5sec", 4, &ms), SST_INVALID);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("moment");
	TCase *tc = tcase_create("moment");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, every_form_is_read);
	tcase_add_test(tc, nothing_else_is_read);
	tcase_add_test(tc, a_nul_is_no_digit);
	tcase_add_test(tc, durations_have_units);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
