/*
 * The cutter: every split of a body gives the same objects, managedFields goes
 * where it is meant and nowhere else, and no byte derails it.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_kube_cutter.h"
#include "unit/base/run.h"

/* The text is cut whole and byte by byte; both give want. */
static void
check_cut(
    enum sst_kube_cut form, const char *text, size_t len, const char *want)
{
	struct cut c;

	cut_open(&c, form, MAX_BYTES);
	ck_assert_msg(
	    cut_feed(&c, text, len, len) == SST_OK, "%s: %s", text, c.err.text);
	ck_assert_str_eq(cut_text(&c), want);
	cut_again(&c);
	ck_assert_int_eq(cut_feed(&c, text, len, 1), SST_OK);
	ck_assert_str_eq(cut_text(&c), want);
	cut_close(&c);
}

static void
check_list(const char *text, const char *want)
{
	check_cut(SST_KUBE_CUT_LIST, text, strlen(text), want);
}

static void
check_watch(const char *text, const char *want)
{
	check_cut(SST_KUBE_CUT_WATCH, text, strlen(text), want);
}

static void
check_refused(enum sst_kube_cut form, const char *text, int code)
{
	struct cut c;
	size_t piece;

	for (piece = 1; piece <= strlen(text); piece += strlen(text) - 1) {
		cut_open(&c, form, MAX_BYTES);
		ck_assert_msg(cut_feed(&c, text, strlen(text), piece) == code,
		    "%s: %s", text, c.err.text);
		ck_assert_int_eq(c.err.code, code);
		ck_assert_str_ne(c.err.text, "");
		cut_close(&c);
		if (strlen(text) < 2)
			break;
	}
}

START_TEST(items_of_a_list)
{
	check_list("{\"items\":[]}", "");
	check_list("{\"items\":null}", "");
	check_list(" \r\n\t{ \"items\" : [ ] } \n", "");
	check_list("{\"items\":[{}]}", "{}\n");
	check_list("{\"items\":[{\"a\":1},{\"b\":{\"c\":[1,{}]}}]}",
	    "{\"a\":1}\n{\"b\":{\"c\":[1,{}]}}\n");
	check_list("{\"items\" : [ {\"a\" : 1 , \"b\" : [ 1 ] } , { } ] }",
	    "{\"a\":1,\"b\":[ 1 ]}\n{}\n");
	/* what is no object is not for us to judge */
	check_list("{\"items\":[1,\"}\",null,[{}] ,-2.5e3 ]}",
	    "1\n\"}\"\nnull\n[{}]\n-2.5e3\n");
	/* names with escapes are the same names */
	check_list("{\"\\u0069te\\u006Ds\":[{\"a\":1}]}", "{\"a\":1}\n");
	check_list("{\"items\":[],\"items2\":[{}],\"item\":[{}],\"\":[{}],"
		   "\"itemsitemsitems"
		   "items\":[{}],\"\\u0169tems\":[{}]}",
	    "");
}
END_TEST

START_TEST(unknown_members_are_skipped)
{
	check_list("{\"kind\":\"a]}{[\\\"\",\"x\":{\"items\":[{\"no\":1}]},"
		   "\"y\":[[{\"items\":[1]}]],\"z\":-1.5,\"t\":true,\"items\":"
		   "[{\"yes\":1}],\"after\":{\"items\":[2]}}",
	    "{\"yes\":1}\n");
}
END_TEST

START_TEST(metadata_of_a_list)
{
	static const char *const lists[] = {
	    "{\"metadata\":{\"continue\":\"a}b\"},\"items\":[{\"a\":1}]}",
	    "{\"items\":[{\"a\":1}],\"metadata\":{\"continue\":\"a}b\"}}",
	    ("{\"metadata\":{\"x\":1},\"items\":[{\"a\":1}],"
	     "\"metadata\" : {\"continue\":\"a}b\"} }")};
	const char *metadata;
	struct cut c;
	size_t len, i, piece;

	for (i = 0; i < 3; i++) {
		for (piece = 1; piece < 9; piece++) {
			cut_open(&c, SST_KUBE_CUT_LIST, MAX_BYTES);
			ck_assert_ptr_null(
			    sst_kube_cutter_metadata(c.cutter, &len));
			ck_assert_int_eq(
			    cut_feed(&c, lists[i], strlen(lists[i]), piece),
			    SST_OK);
			metadata = sst_kube_cutter_metadata(c.cutter, &len);
			ck_assert_str_eq(metadata, "{\"continue\":\"a}b\"}");
			ck_assert_uint_eq(len, strlen(metadata));
			cut_again(&c);
			ck_assert_ptr_null(
			    sst_kube_cutter_metadata(c.cutter, &len));
			cut_close(&c);
		}
	}
}
END_TEST

START_TEST(managed_fields_are_left_out)
{
	check_list("{\"items\":[{\"metadata\":{\"managedFields\":[{\"a\":\"]}\""
		   "}],\"name\":\"a\"}}]}",
	    "{\"metadata\":{\"name\":\"a\"}}\n");
	check_list("{\"items\":[{\"metadata\":{\"name\":\"a\",\"managedFields\""
		   ":[{\"a\":{}}]}}]}",
	    "{\"metadata\":{\"name\":\"a\"}}\n");
	check_list("{\"items\":[{\"metadata\":{\"name\":\"a\",\"managedFields\""
		   ":[],\"uid\":\"u\"},\"spec\":{}}]}",
	    "{\"metadata\":{\"name\":\"a\",\"uid\":\"u\"},\"spec\":{}}\n");
	check_list("{\"items\":[{\"metadata\":{\"managedFields\":null}}]}",
	    "{\"metadata\":{}}\n");
	check_list("{\"items\":[{\"metadata\":{\"managedFields\":12}}]}",
	    "{\"metadata\":{}}\n");
	check_list("{ \"items\": [ {\n  \"metadata\" : {\n    \"name\": \"a\""
		   ",\n    \"managedFields\" : [\n      { }\n    ] ,\n    "
		   "\"uid\": 1\n  }\n } ]\n}\n",
	    "{\"metadata\":{\"name\":\"a\",\"uid\":1}}\n");
	check_list("{\"items\":[{\"metadata\":{\"a\":1,\"managed\\u0046ields\":"
		   "[1],\"managedFields\":[2],\"b\":2}}]}",
	    "{\"metadata\":{\"a\":1,\"b\":2}}\n");
	/* a name that is not quite it, or longer than is kept of it */
	check_list("{\"items\":[{\"metadata\":{\"managedField\":1,"
		   "\"managedFieldsX\":2,\"managedFieldsXXXXXXXX\":3}}]}",
	    "{\"metadata\":{\"managedField\":1,\"managedFieldsX\":2,"
	    "\"managedFieldsXXXXXXXX\":3}}\n");
}
END_TEST

START_TEST(managed_fields_elsewhere_stay)
{
	static const char *const kept[] = {
	    "{\"managedFields\":[1]}",
	    "{\"metadata\":{\"annotations\":{\"managedFields\":\"[1]\"}}}",
	    ("{\"metadata\":{\"annotations\":{\"x\":\"{\\\"metadata\\\":{"
	     "\\\"managedFields\\\":[1]}}\"}}}"),
	    "{\"spec\":{\"template\":{\"metadata\":{\"managedFields\":[1]}}}}",
	    "{\"spec\":{\"metadata\":{\"managedFields\":[1]}}}",
	    "{\"metadata\":[{\"managedFields\":[1]}]}",
	    "{\"metadata\":\"managedFields\"}",
	    "{\"metadata\":{\"name\":\"managedFields\"}}",
	};
	char text[512], want[512];
	size_t i;

	for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		snprintf(text, sizeof(text), "{\"items\":[%s]}", kept[i]);
		snprintf(want, sizeof(want), "%s\n", kept[i]);
		check_list(text, want);
		snprintf(text, sizeof(text), "{\"object\":%s}", kept[i]);
		snprintf(want, sizeof(want), "%s\n", text);
		check_watch(text, want);
	}
	/* of the list itself: not an object's */
	check_list("{\"metadata\":{\"managedFields\":[1]},\"items\":[]}", "");
}
END_TEST

START_TEST(events_of_a_watch)
{
	check_watch("", "");
	check_watch("\n\n", "");
	check_watch("{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":"
		    "\"a\",\"managedFields\":[{}]}}}\n{\"object\":{\"metadata\""
		    ":{\"managedFields\":[{}],\"name\":\"b\"}},\"type\":"
		    "\"DELETED\"}\n",
	    "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\"}}}\n"
	    "{\"object\":{\"metadata\":{\"name\":\"b\"}},\"type\":"
	    "\"DELETED\"}\n");
	/* without line feeds, and an object that is none */
	check_watch("{\"type\":\"X\"}{\"object\":null}{}",
	    "{\"type\":\"X\"}\n{\"object\":null}\n{}\n");
	/* outside of object it is nothing */
	check_watch("{\"metadata\":{\"managedFields\":[1]}}",
	    "{\"metadata\":{\"managedFields\":[1]}}\n");
	/* an event without its end is dropped */
	check_watch("{\"type\":\"A\"}\n{\"type\":\"B\",\"object\":{\"a",
	    "{\"type\":\"A\"}\n");
}
END_TEST

START_TEST(strings_hide_brackets)
{
	check_list("{\"items\":[{\"a\":\"\\\\\"},{\"b\":\"\\\"}]\"},"
		   "{\"c\":\"\\\\\\\"{[\"},{\"\\\"}\":1},{\"d\":"
		   "\"\\u005c\\u0022}\"}]}",
	    "{\"a\":\"\\\\\"}\n{\"b\":\"\\\"}]\"}\n{\"c\":\"\\\\\\\"{[\"}\n"
	    "{\"\\\"}\":1}\n{\"d\":\"\\u005c\\u0022}\"}\n");
}
END_TEST

START_TEST(bytes_that_are_no_text)
{
	static const char nul[] =
	    "{\"x\":\"\0]\",\"items\":[{\"a\0\":\"\0\x01\x1f}\xff\",\"metadata"
	    "\":{\"managedFields\":[\"\0]\"],\"n\":\"\0\"}}],\"y\":\"\0\"}";
	static const char want[] = "{\"a\0\":\"\0\x01\x1f}\xff\",\"metadata"
				   "\":{\"n\":\"\0\"}}\n";
	struct cut c;

	cut_open(&c, SST_KUBE_CUT_LIST, MAX_BYTES);
	ck_assert_int_eq(cut_feed(&c, nul, sizeof(nul) - 1, 1), SST_OK);
	ck_assert_uint_eq(c.count, 1);
	ck_assert_uint_eq(c.objects.len, sizeof(want) - 1);
	ck_assert_int_eq(memcmp(c.objects.data, want, sizeof(want) - 1), 0);
	cut_close(&c);
	/* an escape that is none hides no quote, in names as in values */
	check_list("{\"x\\u\":1,\"items\":[{\"a\\u0\":\"\\u00\",\"b\":1}]}",
	    "{\"a\\u0\":\"\\u00\",\"b\":1}\n");
	check_list("{\"items\":[{\"a\":\"\x7f\xc3\xa9\xff\t\n\"}]}",
	    "{\"a\":\"\x7f\xc3\xa9\xff\t\n\"}\n");
}
END_TEST

START_TEST(what_is_no_list)
{
	static const char *const texts[] = {"[]", "42", "\"{}\"", "null",
	    "404 page not found", "{,}", "{\"items\":{}}", "{\"items\":1}",
	    "{\"items\":\"[]\"}", "{\"items\":[,]}", "{\"items\":[1,]}",
	    "{\"items\":[1 2]}", "{\"items\":[]]", "{\"items\":[}",
	    "{\"items\" []}", "{\"items\":}", "{items:[]}", "{\"a\":1 \"b\":2}",
	    "{\"a\":1,}", "{\"a\":[}]}", "{\"a\":{]}",
	    "{\"items\":[{\"a\":[1}]}]}", "{} {}", "{}x",
	    "{\"items\":[{\"metadata\":{,}}]}", "{\"items\":[{1}]}",
	    "<html></html>"};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		check_refused(SST_KUBE_CUT_LIST, texts[i], SST_SYNTAX);
	check_refused(SST_KUBE_CUT_LIST, "{}", SST_TYPE);
	check_refused(SST_KUBE_CUT_LIST,
	    "{\"kind\":\"Pod\",\"metadata\":{\"resourceVersion\":\"7\"}}",
	    SST_TYPE);
	check_refused(SST_KUBE_CUT_WATCH, "[1]", SST_SYNTAX);
	check_refused(SST_KUBE_CUT_WATCH, "{\"type\":\"A\"},{}", SST_SYNTAX);
	check_refused(SST_KUBE_CUT_WATCH, "internal error", SST_SYNTAX);
}
END_TEST

START_TEST(a_list_that_ends_early)
{
	static const char list[] =
	    "{\"kind\":\"L\",\"metadata\":{\"a\":1},\"items\":[{\"metadata\":{"
	    "\"managedFields\":[1],\"x\":\"y\"},\"s\":[1,{}]},{}],\"z\":1}";
	struct cut c;
	size_t len;

	for (len = 0; len < sizeof(list) - 1; len++) {
		cut_open(&c, SST_KUBE_CUT_LIST, MAX_BYTES);
		ck_assert_int_eq(cut_feed(&c, list, len, 7), SST_TRUNCATED);
		ck_assert_int_eq(c.err.code, SST_TRUNCATED);
		cut_close(&c);
	}
	check_list(list, "{\"metadata\":{\"x\":\"y\"},\"s\":[1,{}]}\n{}\n");
}
END_TEST

/* managedFields of any size, and members that are skipped, do not count. */
START_TEST(one_object_is_bounded)
{
	struct sst_buf body = SST_BUF_INIT;
	struct cut c;
	int i;

	sst_buf_adds(&body, "{\"skipped\":[");
	for (i = 0; i < 20000; i++)
		sst_buf_adds(&body, "\"0123456789\",");
	sst_buf_adds(&body, "1],\"items\":[{\"metadata\":{\"managedFields\":[");
	for (i = 0; i < 20000; i++)
		sst_buf_adds(&body, "{\"a\":\"0123456789\"},");
	sst_buf_adds(&body, "1],\"name\":\"a\"}},{\"s\":\"");
	for (i = 0; i < 80; i++)
		sst_buf_addc(&body, 'x');
	sst_buf_adds(&body, "\"}]}");
	cut_open(&c, SST_KUBE_CUT_LIST, 88);
	ck_assert_int_eq(cut_feed(&c, body.data, body.len, 1000), SST_OK);
	ck_assert_uint_eq(c.count, 2);
	cut_close(&c);
	cut_open(&c, SST_KUBE_CUT_LIST, 87);
	ck_assert_int_eq(
	    cut_feed(&c, body.data, body.len, 1000), SST_TOO_LARGE);
	ck_assert_uint_eq(c.count, 1);
	ck_assert_str_eq(c.err.text, "an object of more than 87 bytes");
	cut_close(&c);
	sst_buf_fini(&body);
	cut_open(&c, SST_KUBE_CUT_WATCH, 20);
	ck_assert_int_eq(
	    cut_feed(&c, "{\"type\":\"aaaaaaaaaaaaaaaaaaaa\"}", 32, 1),
	    SST_TOO_LARGE);
	cut_close(&c);
}
END_TEST

START_TEST(nesting_is_bounded)
{
	struct sst_buf body = SST_BUF_INIT;
	struct cut c;
	int depth, i;

	for (depth = 1024; depth <= 1025; depth++) {
		sst_buf_clear(&body);
		sst_buf_adds(&body, "{\"items\":[{\"a\":");
		for (i = 0; i < depth; i++)
			sst_buf_adds(&body, i % 3 == 0 ? "{\"b\":" : "[");
		sst_buf_addc(&body, '1');
		for (i = depth - 1; i >= 0; i--)
			sst_buf_addc(&body, i % 3 == 0 ? '}' : ']');
		sst_buf_adds(&body, "}]}");
		cut_open(&c, SST_KUBE_CUT_LIST, MAX_BYTES);
		ck_assert_int_eq(cut_feed(&c, body.data, body.len, 100),
		    depth == 1024 ? SST_OK : SST_TOO_DEEP);
		cut_close(&c);
	}
	sst_buf_fini(&body);
}
END_TEST

START_TEST(an_owner_ends_it)
{
	static const char list[] = "{\"items\":[{\"a\":1},{\"b\":2},{}]}";
	struct cut c;

	cut_open(&c, SST_KUBE_CUT_LIST, MAX_BYTES);
	c.refuse_at = 2;
	ck_assert_int_eq(cut_feed(&c, list, strlen(list), 100), SST_TYPE);
	ck_assert_str_eq(c.err.text, "refused");
	ck_assert_uint_eq(c.count, 2);
	/* and it is as new after a reset */
	c.refuse_at = 0;
	cut_again(&c);
	ck_assert_int_eq(cut_feed(&c, list, strlen(list), 1), SST_OK);
	ck_assert_str_eq(cut_text(&c), "{\"a\":1}\n{\"b\":2}\n{}\n");
	cut_close(&c);
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_test(tc, items_of_a_list);
	tcase_add_test(tc, unknown_members_are_skipped);
	tcase_add_test(tc, metadata_of_a_list);
	tcase_add_test(tc, managed_fields_are_left_out);
	tcase_add_test(tc, managed_fields_elsewhere_stay);
	tcase_add_test(tc, events_of_a_watch);
	tcase_add_test(tc, strings_hide_brackets);
	tcase_add_test(tc, bytes_that_are_no_text);
	tcase_add_test(tc, what_is_no_list);
	tcase_add_test(tc, a_list_that_ends_early);
	tcase_add_test(tc, one_object_is_bounded);
	tcase_add_test(tc, nesting_is_bounded);
	tcase_add_test(tc, an_owner_ends_it);
}

int
main(void)
{
	Suite *s = suite_create("kube_cutter");
	TCase *tc = tcase_create("kube_cutter");

	tcase_set_timeout(tc, 60);
	add_tests(tc);
	add_recorded_cutter_tests(tc);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
