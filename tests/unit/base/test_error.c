/*
 * Error records. Ways to fail: text that overruns or is cut inside of a
 * character, control characters in one-line texts, a NULL record, codes
 * without a name of their own.
 */
#include <check.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "unit/base/run.h"

START_TEST(set_writes_code_and_text)
{
	struct sst_error err = {.code = 1, .detail = 5, .text = "old"};

	ck_assert_int_eq(
	    sst_error_set(&err, SST_TYPE, "%s is %d", "x", 7), SST_TYPE);
	ck_assert_int_eq(err.code, SST_TYPE);
	ck_assert_int_eq(err.detail, 0);
	ck_assert_str_eq(err.text, "x is 7");
	sst_error_clear(&err);
	ck_assert_int_eq(err.code, SST_OK);
	ck_assert_str_eq(err.text, "");
}
END_TEST

START_TEST(null_record_is_fine)
{
	sst_error_clear(NULL);
	ck_assert_int_eq(sst_error_set(NULL, SST_GONE, "x"), SST_GONE);
	ck_assert_int_eq(sst_error_nomem(NULL), SST_NOMEM);
	ck_assert_int_ne(sst_error_prefix(NULL, "x"), SST_OK);
}
END_TEST

START_TEST(prefix_keeps_code_and_order)
{
	struct sst_error err;

	sst_error_nomem(&err);
	ck_assert_int_eq(sst_error_prefix(&err, "file %d", 3), SST_NOMEM);
	ck_assert_str_eq(err.text, "file 3: out of memory");
}
END_TEST

START_TEST(control_characters_become_blanks)
{
	struct sst_error err;

	sst_error_set(&err, SST_IO, "a\nb\tc\x7f\x1b[0m");
	ck_assert_str_eq(err.text, "a b c  [0m");
}
END_TEST

/* Every alignment of a long text of 2, 3 and 4 byte characters. */
START_TEST(long_text_is_cut_between_characters)
{
	static const char *const marks[] = {
	    "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
	struct sst_error err;
	char text[1200];
	size_t len, k;
	int pad;

	for (k = 0; k < 3; k++) {
		for (pad = 0; pad < 5; pad++) {
			memset(text, 'x', (size_t)pad);
			len = (size_t)pad;
			while (len + 5 < sizeof(text)) {
				memcpy(text + len, marks[k], strlen(marks[k]));
				len += strlen(marks[k]);
			}
			text[len] = '\0';
			sst_error_set(&err, SST_IO, "%s", text);
			len = strlen(err.text);
			ck_assert_uint_ge(len, SST_ERROR_TEXT - 5);
			ck_assert(sst_text_utf8_valid(err.text, len));
			sst_error_prefix(&err, "%.*s", pad, "abcd");
			ck_assert(
			    sst_text_utf8_valid(err.text, strlen(err.text)));
		}
	}
}
END_TEST

START_TEST(codes_have_names_of_their_own)
{
	int a, b;

	for (a = SST_EXISTS; a <= SST_OK; a++) {
		ck_assert_str_ne(sst_code_name(a), "unknown");
		for (b = SST_EXISTS; b < a; b++)
			ck_assert_str_ne(sst_code_name(a), sst_code_name(b));
	}
	ck_assert_str_eq(sst_code_name(1), "unknown");
	ck_assert_str_eq(sst_code_name(-1000), "unknown");
	ck_assert_str_eq(sst_code_name(SST_TIMEOUT), "timeout");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("error");
	TCase *tc = tcase_create("error");

	tcase_add_test(tc, set_writes_code_and_text);
	tcase_add_test(tc, null_record_is_fine);
	tcase_add_test(tc, prefix_keeps_code_and_order);
	tcase_add_test(tc, control_characters_become_blanks);
	tcase_add_test(tc, long_text_is_cut_between_characters);
	tcase_add_test(tc, codes_have_names_of_their_own);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
