/* Every row of the table of Kubernetes quantities, and what is around it. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "repository/kube/quantity.h"
#include "unit/base/run.h"

static struct sst_error err;

static const struct {
	const char *text;
	int64_t nano, whole;
} right[] = {
    {"0", 0, 0},
    {"1", 1000000000, 1},
    {"0.1", 100000000, 1},
    {"100m", 100000000, 1},
    {"1e-1", 100000000, 1},
    {"1E-1", 100000000, 1},
    {"1e3", 1000000000000, 1000},
    {"1E3", 1000000000000, 1000},
    {"1e+3", 1000000000000, 1000},
    {"1k", 1000000000000, 1000},
    {"1E", INT64_MAX, 1000000000000000000},
    {"1P", INT64_MAX, 1000000000000000},
    {"1T", INT64_MAX, 1000000000000},
    {"1G", 1000000000000000000, 1000000000},
    {"1M", 1000000000000000, 1000000},
    {"1u", 1000, 1},
    {"1Ki", 1024000000000, 1024},
    {"1Mi", 1048576000000000, 1048576},
    {"1Gi", 1073741824000000000, 1073741824},
    {"1Ti", INT64_MAX, 1099511627776},
    {"1Pi", INT64_MAX, 1125899906842624},
    {"1Ei", INT64_MAX, 1152921504606846976},
    {"1.5Gi", 1610612736000000000, 1610612736},
    {"1536Mi", 1610612736000000000, 1610612736},
    {"0.3Ki", 307200000000, 308},
    {"307200m", 307200000000, 308},
    {"12345678n", 12345678, 1},
    {"3.001n", 4, 1},
    {"0.1n", 1, 1},
    {"1e-400", 1, 1},
    {"9Ei", INT64_MAX, INT64_MAX},
    {"8Ei", INT64_MAX, INT64_MAX},
    {"7Ei", INT64_MAX, 8070450532247928832},
    {"9223372036854775807Ki", INT64_MAX, INT64_MAX},
    {"9223372036854775807", INT64_MAX, INT64_MAX},
    {"9223372036854775806", INT64_MAX, INT64_MAX - 1},
    {"9223372036854775806.5", INT64_MAX, INT64_MAX},
    {"9223372036.854775807", INT64_MAX, 9223372037},
    {"9223372036.8547758061", INT64_MAX, 9223372037},
    {"9223372036.8547758060", INT64_MAX - 1, 9223372037},
    {"12E", INT64_MAX, INT64_MAX},
    {"1e400", INT64_MAX, INT64_MAX},
    {"-1e400", INT64_MIN, INT64_MIN},
    {"-9223372036854775808", INT64_MIN, INT64_MIN},
    {"0e400", 0, 0},
    {".5", 500000000, 1},
    {"5.", 5000000000, 5},
    {"1.G", 1000000000000000000, 1000000000},
    {"+5", 5000000000, 5},
    {"00012", 12000000000, 12},
    {"-00012", -12000000000, -12},
    {".", 0, 0},
    {"-.", 0, 0},
    {"+.", 0, 0},
    {"+", 0, 0},
    {"-", 0, 0},
    {"Ki", 0, 0},
    {"-100m", -100000000, -1},
    {"-0.1n", -1, -1},
    {"-0", 0, 0},
    {"500000n", 500000, 1},
    {"16777216", 16777216000000000, 16777216},
    {"0.0000000000000000000000000000000000000000001Ki", 1, 1},
    {"1.00000000000000000000000000000000000000000000000000000000000000000000"
     "00000000000000000000000000000000000000000000000000000000000001",
	1000000001, 2},
    {"1.00000000000000000000000000000000000000000000000000000000000000000000"
     "00000000000000000000000000000000000000000000000000000000000000",
	1000000000, 1},
    {"1000000000000000000000000000000000000000000000000000000000000000000000"
     "000000000000000000000000000000000000000000000000000000000000e-129",
	1000000000, 1},
};

static const char *const wrong[] = {"", " ", " 1", "1 ", "1e", "1K", "1ki",
    "1kI", "1KI", "1GB", "1GiB", "1g", "1h", "1_000", "0x10", "NaN", "Inf",
    "1.1.M", "1i", "0.1mi", "-3.01e-", "1e+", "1e1.5", "1Eie3", "1e3Ki",
    "1e3k", "--1", "+-1", "1-", "1,5", "1mm", "1mKi", "1e99999999999999999999",
    "1\n", "\xc2\xb5", "null", "true"};

START_TEST(right_ones)
{
	int64_t value = -7;

	ck_assert_int_eq(sst_kube_quantity_nano(right[_i].text,
			     strlen(right[_i].text), &value, &err),
	    SST_OK);
	ck_assert_msg(value == right[_i].nano, "%s: %lld nano, not %lld",
	    right[_i].text, (long long)value, (long long)right[_i].nano);
	ck_assert_int_eq(sst_kube_quantity_whole(right[_i].text,
			     strlen(right[_i].text), &value, &err),
	    SST_OK);
	ck_assert_msg(value == right[_i].whole, "%s: %lld, not %lld",
	    right[_i].text, (long long)value, (long long)right[_i].whole);
}
END_TEST

START_TEST(wrong_ones)
{
	const char *text = wrong[_i];
	int64_t value = -7;

	sst_error_clear(&err);
	ck_assert_msg(sst_kube_quantity_nano(
			  text, strlen(text), &value, &err) == SST_SYNTAX,
	    "\"%s\" passed as %lld", text, (long long)value);
	ck_assert_ptr_nonnull(strstr(err.text, "is not a quantity"));
	ck_assert_int_eq(
	    sst_kube_quantity_whole(text, strlen(text), &value, &err),
	    SST_SYNTAX);
	ck_assert_int_eq(value, -7);
}
END_TEST

START_TEST(only_len_bytes_count)
{
	char text[300];
	int64_t value = -7;

	ck_assert_int_eq(sst_kube_quantity_whole("12Kiwi", 4, &value, &err), 0);
	ck_assert_int_eq(value, 12288);
	ck_assert_int_eq(
	    sst_kube_quantity_whole("1\0", 2, &value, &err), SST_SYNTAX);
	memset(text, '0', sizeof(text));
	ck_assert_int_eq(sst_kube_quantity_whole(text, 256, &value, &err), 0);
	ck_assert_int_eq(value, 0);
	ck_assert_int_eq(
	    sst_kube_quantity_whole(text, 257, &value, &err), SST_SYNTAX);
	ck_assert_int_eq(
	    sst_kube_quantity_whole("x", 1, &value, NULL), SST_SYNTAX);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("kube_quantity");
	TCase *tc = tcase_create("kube_quantity");

	tcase_add_loop_test(
	    tc, right_ones, 0, (int)(sizeof(right) / sizeof(right[0])));
	tcase_add_loop_test(
	    tc, wrong_ones, 0, (int)(sizeof(wrong) / sizeof(wrong[0])));
	tcase_add_test(tc, only_len_bytes_count);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
