/* Ways it fails: a revision on two pages or on none, a bound that moves, a
 * damaged note that spoils the list, a cursor of another epoch. */
#include <stdio.h>
#include <string.h>

#include "unit/api/ask.h"
#include "unit/api/fake_past.h"
#include "unit/api/suites.h"

#define HISTORY "/system/state/history"

/* Revisions 1 to 11 are held, 12 is current. */
static void
setup(void)
{
	uint64_t i;

	ask_setup();
	for (i = 1; i <= 11; i++)
		fake_past_hold(ask_service(), fake_snapshot(i, 10));
	fake_service_publish(ask_service(), fake_snapshot(12, 10));
}

static json_int_t
revision_at(size_t i)
{
	const json_t *rows = json_object_get(ask_json(), "revisions");

	return json_integer_value(
	    json_object_get(json_array_get(rows, i), "revision"));
}

static size_t
rows(void)
{
	return json_array_size(json_object_get(ask_json(), "revisions"));
}

START_TEST(lists_newest_first)
{
	const json_t *row;

	ck_assert_int_eq(ask("GET", HISTORY), 200);
	ck_assert_str_eq(ask_header("Content-Type"), "application/json");
	ck_assert_str_eq(ask_header("Cache-Control"), "no-cache");
	ck_assert_str_eq(ask_text("epoch"), "0123456789abcdef");
	ck_assert_int_eq(json_integer_value(json_object_get(
			     ask_json(), "oldest_revision")),
	    1);
	ck_assert_int_eq(json_integer_value(json_object_get(
			     ask_json(), "newest_revision")),
	    12);
	ck_assert(json_is_null(json_object_get(ask_json(), "next")));
	ck_assert_uint_eq(rows(), 12);
	ck_assert_int_eq(revision_at(0), 12);
	ck_assert_int_eq(revision_at(11), 1);
	row = json_array_get(json_object_get(ask_json(), "revisions"), 0);
	ck_assert_uint_eq(json_object_size(row), 5);
	ck_assert_str_eq(
	    json_string_value(json_object_get(row, "captured_at")),
	    "2026-07-01T12:00:12.123Z");
	ck_assert_int_eq(
	    json_integer_value(json_object_get(row, "bytes")), 1012);
	ck_assert_int_eq(json_integer_value(json_object_get(
			     json_object_get(row, "summary"), "changed")),
	    1);
	ck_assert_uint_eq(
	    json_array_size(json_object_get(row, "cause")), 1);
}
END_TEST

/* Follows next, while a revision appears with each page. */
static void
walk(const char *first, json_int_t newest, json_int_t oldest)
{
	char uri[256];
	json_int_t want = newest;
	uint64_t published = 12;
	size_t i;

	snprintf(uri, sizeof(uri), "%s", first);
	while (uri[0] != '\0') {
		ck_assert_msg(ask("GET", uri) == 200, "%s", uri);
		ck_assert_uint_gt(rows(), 0);
		for (i = 0; i < rows(); i++)
			ck_assert_int_eq(revision_at(i), want--);
		snprintf(uri, sizeof(uri), "%s", ask_text("next"));
		fake_past_hold(ask_service(), fake_snapshot(published, 10));
		fake_service_publish(
		    ask_service(), fake_snapshot(++published, 10));
	}
	ck_assert_int_eq(want, oldest - 1);
}

START_TEST(walks_every_revision_once)
{
	walk(HISTORY "?limit=5", 12, 1);
}
END_TEST

START_TEST(walks_within_bounds)
{
	walk(HISTORY "?limit=1&from=3&to=9&pretty=1", 9, 3);
}
END_TEST

START_TEST(walks_between_times)
{
	walk(HISTORY "?limit=4&from=2026-07-01T12:00:02.123Z"
		     "&to=@1782907211", 10, 2);
}
END_TEST

START_TEST(stops_at_the_last_page)
{
	ck_assert_int_eq(ask("GET", HISTORY "?limit=12"), 200);
	ck_assert(json_is_null(json_object_get(ask_json(), "next")));
	ck_assert_int_eq(ask("GET", HISTORY "?limit=11"), 200);
	ck_assert_str_eq(ask_text("next"),
	    HISTORY "?limit=11&cursor=0123456789abcdef-2");
	ck_assert_int_eq(ask("GET", HISTORY "?from=13"), 200);
	ck_assert_uint_eq(rows(), 0);
	ck_assert(json_is_null(json_object_get(ask_json(), "next")));
	ck_assert_int_eq(
	    ask("GET", HISTORY "?cursor=0123456789abcdef-1"), 200);
	ck_assert_uint_eq(rows(), 0);
	/* From now on: nothing yet. */
	ck_assert_int_eq(ask("GET", HISTORY "?from=2999-01-01T00:00:00Z"),
	    200);
	ck_assert_uint_eq(rows(), 0);
	ck_assert_int_eq(ask("GET", HISTORY "?to=now&from=12"), 200);
	ck_assert_uint_eq(rows(), 1);
}
END_TEST

START_TEST(pins_durations)
{
	/* Far enough back, whatever the clock of this machine says. */
	ck_assert_int_eq(ask("GET", HISTORY "?from=-520w&limit=1"), 200);
	if (rows() == 0)
		return;
	ck_assert_ptr_null(strstr(ask_text("next"), "-520w"));
	ck_assert_ptr_nonnull(strstr(ask_text("next"), "from=20"));
	ck_assert_ptr_nonnull(strstr(ask_text("next"), "Z&limit=1&cursor="));
}
END_TEST

START_TEST(refuses_wrong_bounds)
{
	char example[128];

	ck_assert_int_eq(ask("GET", HISTORY "?from=5&to=4"), 400);
	ck_assert_str_eq(ask_text("parameter"), "from");
	ck_assert_int_eq(ask("GET", HISTORY "?from=-15m&to=-1h"), 400);
	snprintf(example, sizeof(example), "%s", ask_text("example"));
	ck_assert_int_eq(ask("GET", example), 200);
	ck_assert_int_eq(ask("GET", HISTORY "?from=5&to=5"), 200);
	ck_assert_int_eq(ask("GET", HISTORY "?limit=0"), 400);
	ck_assert_int_eq(ask("GET", HISTORY "?limit=10001"), 400);
	ck_assert_int_eq(ask("GET", HISTORY "?limit=10000"), 200);
	ck_assert_int_eq(ask("GET", HISTORY "?cursor=7"), 400);
	ck_assert_int_eq(ask("GET", HISTORY "?since=7"), 400);
	ck_assert_int_eq(ask("GET", HISTORY "?from=soon"), 400);
	ck_assert_int_eq(ask("GET", HISTORY "?sections=agents"), 400);
	ck_assert_int_eq(ask("POST", HISTORY), 405);
	ask_headers.accept = "text/plain";
	ck_assert_int_eq(ask("GET", HISTORY), 406);
}
END_TEST

START_TEST(refuses_other_epochs)
{
	ck_assert_int_eq(
	    ask("GET", HISTORY "?cursor=fedcba9876543210-5"), 410);
	ck_assert_str_eq(ask_text("parameter"), "cursor");
	ck_assert_str_eq(ask_text("epoch"), "0123456789abcdef");
	ck_assert_str_eq(ask_text("example"), HISTORY);
	ck_assert_int_eq(ask("GET", HISTORY "?from=fedcba9876543210:5"), 410);
	ck_assert_str_eq(ask_text("parameter"), "from");
	ck_assert_str_eq(ask_text("example"), HISTORY "?from=1");
	ck_assert_int_eq(ask("GET", HISTORY "?to=fedcba9876543210:5"), 410);
	ck_assert_int_eq(ask("GET", HISTORY "?to=0123456789abcdef:5"), 200);
	ck_assert_int_eq(revision_at(0), 5);
}
END_TEST

START_TEST(bears_damaged_notes)
{
	static const char *const notes[] = {NULL, "", "{", "[]", "{}",
	    "{\"summary\":{},\"cause\":[]", "{\"summary\":{},\"cause\":{}}",
	    "{\"summary\":{}}", "{\"summary\":{},\"cause\":[],\"x\":1}",
	    " {\"summary\":{},\"cause\":[]}", "\xff"};
	const json_t *row;
	size_t i;

	for (i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
		fake_past_note(ask_service(), notes[i]);
		ck_assert_int_eq(ask("GET", HISTORY "?pretty=1"), 200);
		ck_assert_uint_eq(rows(), 12);
		row = json_array_get(
		    json_object_get(ask_json(), "revisions"), 3);
		ck_assert(json_is_null(json_object_get(row, "summary")));
		ck_assert(json_is_null(json_object_get(row, "cause")));
	}
}
END_TEST

START_TEST(is_revalidated)
{
	char tag[64];

	ck_assert_int_eq(ask("GET", HISTORY), 200);
	snprintf(tag, sizeof(tag), "%s", ask_header("ETag"));
	ask_headers.if_none_match = tag;
	ck_assert_int_eq(ask("GET", HISTORY), 304);
	ask_headers.if_none_match = tag;
	ck_assert_int_eq(ask("HEAD", HISTORY "?limit=2"), 200);
	ask_headers.accept_encoding = "zstd";
	ck_assert_int_eq(ask("GET", HISTORY), 200);
	ck_assert_str_eq(ask_header("Content-Encoding"), "zstd");
	fake_past_hold(ask_service(), fake_snapshot(12, 10));
	fake_service_publish(ask_service(), fake_snapshot(13, 10));
	ask_headers.if_none_match = tag;
	ck_assert_int_eq(ask("GET", HISTORY), 200);
}
END_TEST

START_TEST(reports_failures_below)
{
	fake_past_fail_reading(ask_service(), SST_IO);
	ck_assert_int_eq(ask("GET", HISTORY), 500);
	ck_assert_str_eq(ask_text("type"), "/problems/internal");
	fake_past_fail_reading(ask_service(), SST_OK);
	fake_service_publish(ask_service(), NULL);
	ck_assert_int_eq(ask("GET", HISTORY), 503);
	ck_assert_str_eq(ask_text("type"), "/problems/not-ready");
}
END_TEST

TCase *
api_history_case(void)
{
	TCase *tc = tcase_create("history");

	tcase_add_checked_fixture(tc, setup, ask_teardown);
	tcase_add_test(tc, lists_newest_first);
	tcase_add_test(tc, walks_every_revision_once);
	tcase_add_test(tc, walks_within_bounds);
	tcase_add_test(tc, walks_between_times);
	tcase_add_test(tc, stops_at_the_last_page);
	tcase_add_test(tc, pins_durations);
	tcase_add_test(tc, refuses_wrong_bounds);
	tcase_add_test(tc, refuses_other_epochs);
	tcase_add_test(tc, bears_damaged_notes);
	tcase_add_test(tc, is_revalidated);
	tcase_add_test(tc, reports_failures_below);
	return tc;
}
