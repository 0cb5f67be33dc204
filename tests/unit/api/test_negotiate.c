/* Ways it fails: a quality misread, a coding sent that was excluded, a tag
 * taken for another, a date of another century. */
#include <string.h>

#include "api/negotiate.h"
#include "unit/api/suites.h"

static const char *const page[] = {
    "text/plain; charset=utf-8", "text/html; charset=utf-8"};
static const char *const json[] = {"application/json"};

static int
pick_page(const char *accept)
{
	return api__accept_pick(accept, page, 2);
}

static int
pick_json(const char *accept)
{
	return api__accept_pick(accept, json, 1);
}

START_TEST(prefers_by_quality)
{
	ck_assert_int_eq(pick_page(NULL), 0);
	ck_assert_int_eq(pick_page(""), 0);
	ck_assert_int_eq(pick_page("*/*"), 0);
	ck_assert_int_eq(pick_page("text/html"), 1);
	ck_assert_int_eq(pick_page("text/*"), 0);
	ck_assert_int_eq(pick_page("text/html,application/xhtml+xml,"
				   "application/xml;q=0.9,*/*;q=0.8"),
	    1);
	ck_assert_int_eq(pick_page("text/html;q=0.5, text/plain"), 0);
	ck_assert_int_eq(pick_page("text/html;q=0.5,text/plain;q=0.4"), 1);
	ck_assert_int_eq(pick_page("text/*, text/plain;q=0"), 1);
}
END_TEST

START_TEST(takes_the_closest_range)
{
	ck_assert_int_eq(pick_json("*/*;q=0, application/json"), 0);
	ck_assert_int_eq(pick_json("application/*;q=0, application/json"), 0);
	ck_assert_int_eq(pick_json("application/json;q=0, */*"), -1);
	ck_assert_int_eq(pick_json("APPLICATION/JSON"), 0);
	ck_assert_int_eq(pick_json("application/json; charset=utf-8"), 0);
	ck_assert_int_eq(pick_json("application/json;q=0.001"), 0);
	ck_assert_int_eq(pick_json("application/json ; q=1.000"), 0);
	ck_assert_int_eq(pick_json("text/html"), -1);
	ck_assert_int_eq(pick_json("application/jsonx"), -1);
	ck_assert_int_eq(pick_json("application/jso"), -1);
	ck_assert_int_eq(pick_json("application"), -1);
}
END_TEST

START_TEST(ignores_malformed_elements)
{
	ck_assert_int_eq(pick_json("application/json;q=2"), -1);
	ck_assert_int_eq(pick_json("application/json;q=1.001"), -1);
	ck_assert_int_eq(pick_json("application/json;q=0.1234"), -1);
	ck_assert_int_eq(pick_json("application/json;q="), -1);
	ck_assert_int_eq(pick_json("application/json;q=-1"), -1);
	ck_assert_int_eq(pick_json("application/json;q=x, */*;q=0.1"), 0);
	ck_assert_int_eq(pick_json(",,application/json,"), 0);
	ck_assert_int_eq(pick_json("text/html;x=\"a,application/json\""), -1);
	ck_assert_int_eq(pick_json("text/html;x=\"a\\\",b\", */*"), 0);
	ck_assert_int_eq(pick_json("\"application/json"), -1);
}
END_TEST

/* The coding's name, or "none" when all are excluded. */
static const char *
coding(const char *header)
{
	enum sst_coding c;

	return api__coding_pick(header, &c) ? sst_coding_name(c) : "none";
}

START_TEST(picks_codings)
{
	ck_assert_str_eq(coding(NULL), "identity");
	ck_assert_str_eq(coding(""), "identity");
	ck_assert_str_eq(coding("gzip"), "gzip");
	ck_assert_str_eq(coding("x-gzip"), "gzip");
	ck_assert_str_eq(coding("GZIP"), "gzip");
	ck_assert_str_eq(coding("zstd"), "zstd");
	ck_assert_str_eq(coding("gzip, deflate, br, zstd"), "zstd");
	ck_assert_str_eq(coding("gzip;q=0.9, zstd;q=0.5"), "gzip");
	ck_assert_str_eq(coding("identity;q=1, gzip;q=0.5"), "identity");
	ck_assert_str_eq(coding("gzip;q=0.5"), "gzip");
	ck_assert_str_eq(coding("gzip;q=0"), "identity");
	ck_assert_str_eq(coding("br"), "identity");
	ck_assert_str_eq(coding("*"), "gzip");
	ck_assert_str_eq(coding("*, gzip;q=0"), "identity");
	ck_assert_str_eq(coding("gzip;q=7, zstd"), "zstd");
}
END_TEST

START_TEST(excludes_codings)
{
	ck_assert_str_eq(coding("identity;q=0"), "none");
	ck_assert_str_eq(coding("*;q=0"), "none");
	ck_assert_str_eq(coding("identity;q=0, gzip"), "gzip");
	ck_assert_str_eq(coding("*;q=0, zstd"), "zstd");
	ck_assert_str_eq(coding("*;q=0, identity;q=0.1"), "identity");
	ck_assert_str_eq(coding("identity;q=0, *"), "gzip");
	ck_assert_str_eq(coding("br, identity;q=0"), "none");
}
END_TEST

START_TEST(compares_tags_weakly)
{
	ck_assert(api__etag_matches("\"a\"", "\"a\""));
	ck_assert(api__etag_matches("W/\"a\"", "\"a\""));
	ck_assert(api__etag_matches("\"x\", \"a\"", "\"a\""));
	ck_assert(api__etag_matches("\"x\",W/\"a\" ,\"b\"", "\"a\""));
	ck_assert(api__etag_matches("*", "\"a\""));
	ck_assert(api__etag_matches(" * ", "\"a\""));
	ck_assert(api__etag_matches("\"x,y\", \"a\"", "\"a\""));
	ck_assert(!api__etag_matches("\"b\"", "\"a\""));
	ck_assert(!api__etag_matches("\"A\"", "\"a\""));
	ck_assert(!api__etag_matches("\"a-gzip\"", "\"a\""));
	ck_assert(!api__etag_matches("\"x,\"a\"\"", "\"b\""));
}
END_TEST

START_TEST(ignores_malformed_tags)
{
	ck_assert(!api__etag_matches("", "\"a\""));
	ck_assert(!api__etag_matches("a", "\"a\""));
	ck_assert(!api__etag_matches("\"a", "\"a\""));
	ck_assert(!api__etag_matches("w/\"a\"", "\"a\""));
	ck_assert(!api__etag_matches("**", "\"a\""));
	ck_assert(!api__etag_matches("W/", "\"a\""));
}
END_TEST

START_TEST(writes_dates)
{
	char text[API_DATE_TEXT];

	api__date_format(784111777, text);
	ck_assert_str_eq(text, "Sun, 06 Nov 1994 08:49:37 GMT");
	api__date_format(0, text);
	ck_assert_str_eq(text, "Thu, 01 Jan 1970 00:00:00 GMT");
	api__date_format(-1, text);
	ck_assert_str_eq(text, "Wed, 31 Dec 1969 23:59:59 GMT");
	api__date_format(951782400, text);
	ck_assert_str_eq(text, "Tue, 29 Feb 2000 00:00:00 GMT");
}
END_TEST

static int64_t
date(const char *text)
{
	int64_t seconds;

	return api__date_parse(text, &seconds) ? seconds : -1;
}

START_TEST(reads_dates)
{
	ck_assert_int_eq(date("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777);
	ck_assert_int_eq(date("Sunday, 06-Nov-94 08:49:37 GMT"), 784111777);
	ck_assert_int_eq(date("Sun Nov  6 08:49:37 1994"), 784111777);
	ck_assert_int_eq(date("Thursday, 01-Jan-26 00:00:00 GMT"), 1767225600);
	ck_assert_int_eq(date("Sun, 06 Nov 1994 08:49:37 UTC"), -1);
	ck_assert_int_eq(date("Sun, 31 Feb 1994 08:49:37 GMT"), -1);
	ck_assert_int_eq(date("Sun, 06 Xxx 1994 08:49:37 GMT"), -1);
	ck_assert_int_eq(date("Sun, 06 Nov 199x 08:49:37 GMT"), -1);
	ck_assert_int_eq(date("Sun, 06 Nov 1994 25:49:37 GMT"), -1);
	ck_assert_int_eq(date("1994-11-06T08:49:37Z"), -1);
	ck_assert_int_eq(date(""), -1);
	ck_assert_int_eq(date("Sun, 06 Nov 1994 08:49:37 GMT "), -1);
}
END_TEST

TCase *
api_negotiate_case(void)
{
	TCase *tc = tcase_create("negotiate");

	tcase_add_test(tc, prefers_by_quality);
	tcase_add_test(tc, takes_the_closest_range);
	tcase_add_test(tc, ignores_malformed_elements);
	tcase_add_test(tc, picks_codings);
	tcase_add_test(tc, excludes_codings);
	tcase_add_test(tc, compares_tags_weakly);
	tcase_add_test(tc, ignores_malformed_tags);
	tcase_add_test(tc, writes_dates);
	tcase_add_test(tc, reads_dates);
	return tc;
}
