/* Ways it fails: bad escapes, bytes no URI holds, too many segments. */
#include <string.h>

#include "api/target.h"
#include "base/text.h"
#include "unit/api/suites.h"

static void
bad(const char *uri, const char *says)
{
	struct api_target t;
	struct sst_error err;

	ck_assert_int_eq(api__target_parse(uri, &t, &err), SST_INVALID);
	ck_assert_msg(strstr(err.text, says) != NULL, "%s: %s", uri, err.text);
}

static struct api_target
good(const char *uri)
{
	struct api_target t;
	struct sst_error err;

	ck_assert_msg(api__target_parse(uri, &t, &err) == SST_OK, "%s: %s", uri,
	    err.text);
	return t;
}

START_TEST(splits_path_and_query)
{
	struct api_target t = good("/system/state?view=base&pretty=1");

	ck_assert(api__span_is(t.path, "/system/state"));
	ck_assert(api__span_is(t.query, "view=base&pretty=1"));
	ck_assert_uint_eq(t.count, 2);
	ck_assert(api__span_is(t.segments[0], "system"));
	ck_assert(api__span_is(t.segments[1], "state"));
	ck_assert_ptr_null(t.decoded);
	api__target_fini(&t);
}
END_TEST

START_TEST(keeps_empty_segments)
{
	struct api_target t = good("/a//");

	ck_assert_uint_eq(t.count, 3);
	ck_assert_uint_eq(t.segments[1].len, 0);
	ck_assert_uint_eq(t.segments[2].len, 0);
	api__target_fini(&t);
	t = good("/");
	ck_assert_uint_eq(t.count, 1);
	api__target_fini(&t);
}
END_TEST

START_TEST(decodes_each_segment)
{
	struct api_target t = good("/a%2Fb/%C3%A9/c%20d");

	ck_assert_uint_eq(t.count, 3);
	ck_assert(api__span_is(t.segments[0], "a/b"));
	ck_assert(api__span_is(t.segments[1], "\xc3\xa9"));
	ck_assert(api__span_is(t.segments[2], "c d"));
	api__target_fini(&t);
}
END_TEST

START_TEST(counts_beyond_the_most_segments)
{
	struct api_target t = good("/1/2/3/4/5/6/7/8/9/10");

	ck_assert_uint_eq(t.count, API_SEGMENTS_MAX + 1);
	api__target_fini(&t);
	t = good("/1/2/3/4/5/6/7/8/%39/10");
	ck_assert_uint_eq(t.count, API_SEGMENTS_MAX + 1);
	ck_assert(api__span_is(t.segments[7], "8"));
	api__target_fini(&t);
	bad("/1/2/3/4/5/6/7/8/%zz", "two hex digits");
}
END_TEST

START_TEST(takes_absolute_form)
{
	struct api_target t = good("http://127.0.0.1:8080/healthz?x");

	ck_assert(api__span_is(t.authority, "127.0.0.1:8080"));
	ck_assert(api__span_is(t.path, "/healthz"));
	api__target_fini(&t);
	t = good("https://name");
	ck_assert(api__span_is(t.authority, "name"));
	ck_assert(api__span_is(t.path, "/"));
	ck_assert_uint_eq(t.count, 1);
	api__target_fini(&t);
}
END_TEST

START_TEST(refuses_bad_escapes)
{
	bad("/%", "two hex digits");
	bad("/%4", "two hex digits");
	bad("/%g0", "two hex digits");
	bad("/a%00b", "control characters");
	bad("/a%1Fb", "control characters");
	bad("/a%7f", "control characters");
	bad("/%ff", "not valid UTF-8");
	bad("/%C3/%A9", "not valid UTF-8");
	bad("/%ed%a0%80", "not valid UTF-8");
}
END_TEST

START_TEST(refuses_bytes_no_uri_holds)
{
	bad("/a b", "0x20");
	bad("/a\x01", "0x01");
	bad("/\xc3\xa9", "0xc3");
	bad("/a\"b", "0x22");
	bad("/a?b={}", "0x7b");
	bad("/a#b", "0x23");
	bad("", "must begin");
	bad("system/state", "must begin");
	bad("?view=base", "must begin");
	bad("ftp://name/", "must begin");
}
END_TEST

START_TEST(encodes_what_is_not_unreserved)
{
	struct sst_buf out = SST_BUF_INIT;
	static const char text[] = "a/b c%\xc3\xa9~-._";

	sst_text_percent_encode(text, sizeof(text) - 1, &out);
	ck_assert_str_eq(out.data, "a%2Fb%20c%25%C3%A9~-._");
	sst_buf_fini(&out);
}
END_TEST

TCase *
api_target_case(void)
{
	TCase *tc = tcase_create("target");

	tcase_add_test(tc, splits_path_and_query);
	tcase_add_test(tc, keeps_empty_segments);
	tcase_add_test(tc, decodes_each_segment);
	tcase_add_test(tc, counts_beyond_the_most_segments);
	tcase_add_test(tc, takes_absolute_form);
	tcase_add_test(tc, refuses_bad_escapes);
	tcase_add_test(tc, refuses_bytes_no_uri_holds);
	tcase_add_test(tc, encodes_what_is_not_unreserved);
	return tc;
}
