/*
 * Byte buffers and JSON text. Ways to fail: growth that loses bytes, failure
 * that does not latch, escapes, numbers that read back as others.
 */
#include <check.h>
#include <jansson.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "unit/base/run.h"

START_TEST(grows_and_stays_terminated)
{
	struct sst_buf b = SST_BUF_INIT;
	size_t i;

	ck_assert_ptr_null(b.data);
	for (i = 0; i < 100000; i++) {
		sst_buf_addc(&b, (char)('a' + i % 26));
		ck_assert_uint_eq(b.len, i + 1);
	}
	ck_assert_int_eq(b.data[b.len], '\0');
	ck_assert_int_eq(b.data[99999], 'a' + 99999 % 26);
	sst_buf_clear(&b);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_str_eq(b.data, "");
	sst_buf_addf(&b, "%s-%d", "x", 42);
	sst_buf_adds(&b, "!");
	sst_buf_add(&b, "", 0);
	ck_assert_str_eq(b.data, "x-42!");
	sst_buf_fini(&b);
	ck_assert_ptr_null(b.data);
}
END_TEST

START_TEST(failure_latches_until_cleared)
{
	struct sst_buf b = SST_BUF_INIT;

	sst_buf_adds(&b, "kept");
	ck_assert(!sst_buf_reserve(&b, SIZE_MAX - 2));
	ck_assert(sst_buf_failed(&b));
	sst_buf_adds(&b, "lost");
	sst_buf_addf(&b, "%d", 1);
	sst_buf_json_string(&b, "lost", 4);
	ck_assert_str_eq(b.data, "kept");
	ck_assert_ptr_null(sst_buf_take(&b, NULL));
	ck_assert(!sst_buf_failed(&b));
	sst_buf_adds(&b, "new");
	sst_buf_clear(&b);
	ck_assert(!sst_buf_failed(&b));
	sst_buf_fini(&b);
}
END_TEST

START_TEST(take_hands_over)
{
	struct sst_buf b = SST_BUF_INIT;
	size_t len = 7;
	char *text;

	ck_assert_ptr_null(sst_buf_take(&b, &len));
	ck_assert_uint_eq(len, 0);
	sst_buf_add(&b, "a\0b", 3);
	text = sst_buf_take(&b, &len);
	ck_assert_uint_eq(len, 3);
	ck_assert_mem_eq(text, "a\0b", 4);
	ck_assert_ptr_null(b.data);
	free(text);
}
END_TEST

/* Each byte at each place of a word, so that both paths of the scan meet it. */
START_TEST(json_strings_read_back)
{
	char text[20];
	json_t *back;
	struct sst_buf b = SST_BUF_INIT;
	unsigned at;
	int c;

	for (c = 0; c < 128; c++) {
		for (at = 0; at < sizeof(text); at++) {
			memset(text, '~', sizeof(text));
			text[at] = (char)c;
			sst_buf_clear(&b);
			sst_buf_json_string(&b, text, sizeof(text));
			back = json_loadb(b.data, b.len,
			    JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
			ck_assert_ptr_nonnull(back);
			ck_assert_uint_eq(
			    json_string_length(back), sizeof(text));
			ck_assert_mem_eq(
			    json_string_value(back), text, sizeof(text));
			json_decref(back);
		}
	}
	sst_buf_clear(&b);
	sst_buf_json_string(&b, "\xc3\xa9\"\\\n\x01", 6);
	ck_assert_str_eq(b.data, "\"\xc3\xa9\\\"\\\\\\n\\u0001\"");
	sst_buf_clear(&b);
	sst_buf_json_string(&b, "", 0);
	ck_assert_str_eq(b.data, "\"\"");
	sst_buf_fini(&b);
}
END_TEST

START_TEST(json_integers)
{
	static const struct {
		int64_t value;
		const char *want;
	} rows[] = {{0, "0"}, {-1, "-1"}, {INT64_MAX, "9223372036854775807"},
	    {INT64_MIN, "-9223372036854775808"}, {1000, "1000"}};
	struct sst_buf b = SST_BUF_INIT;

	sst_buf_json_int(&b, rows[_i].value);
	ck_assert_str_eq(b.data, rows[_i].want);
	sst_buf_fini(&b);
}
END_TEST

START_TEST(json_reals_read_back)
{
	static const double rows[] = {0.1, 1.0 / 3, 1e21, 5e-324, 1.5, -0.0,
	    123456789.125, 0.1 + 0.2, 1.7976931348623157e308};
	struct sst_buf b = SST_BUF_INIT;
	json_t *back;

	sst_buf_json_real(&b, rows[_i]);
	back = json_loadb(b.data, b.len, JSON_DECODE_ANY, NULL);
	ck_assert(json_is_real(back));
	ck_assert(json_real_value(back) == rows[_i]);
	json_decref(back);
	sst_buf_fini(&b);
}
END_TEST

START_TEST(json_reals_that_are_none)
{
	struct sst_buf b = SST_BUF_INIT;

	sst_buf_json_real(&b, NAN);
	sst_buf_json_real(&b, INFINITY);
	sst_buf_json_real(&b, 1.0);
	sst_buf_json_real(&b, 0.1);
	ck_assert_str_eq(b.data, "nullnull1.00.1");
	sst_buf_fini(&b);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("buf");
	TCase *tc = tcase_create("buf");

	tcase_add_test(tc, grows_and_stays_terminated);
	tcase_add_test(tc, failure_latches_until_cleared);
	tcase_add_test(tc, take_hands_over);
	tcase_add_test(tc, json_strings_read_back);
	tcase_add_loop_test(tc, json_integers, 0, 5);
	tcase_add_loop_test(tc, json_reals_read_back, 0, 9);
	tcase_add_test(tc, json_reals_that_are_none);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
