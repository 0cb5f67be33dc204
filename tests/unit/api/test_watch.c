/*
 * Ways it fails: a stream that is not framed, an event that is torn or given
 * twice, a client that comes back and misses something or waits for a worker
 * that it does not need, a watch that stays open.
 */
#include <stdio.h>
#include <string.h>

#include "unit/api/ask.h"
#include "unit/api/fake_past.h"
#include "unit/api/fake_watch.h"
#include "unit/api/suites.h"

static const char path[] = "/system/state/watch";
static bool ended;

static void
expect(const char *want)
{
	ck_assert_str_eq(ask_stream(&ended), want);
}

static int
come_back(const char *id)
{
	ask_headers.last_event_id = id;
	return ask("GET", path);
}

static struct fake_watch_asked
asked(void)
{
	struct fake_watch_asked a;

	fake_watch_asked(ask_service(), &a);
	return a;
}

START_TEST(greets_at_once)
{
	ck_assert_int_eq(ask("GET", path), 200);
	ck_assert_str_eq(
	    ask_header("Content-Type"), "text/event-stream; charset=utf-8");
	ck_assert_str_eq(ask_header("Cache-Control"), "no-store");
	ck_assert_str_eq(ask_header("X-Accel-Buffering"), "no");
	ck_assert_ptr_null(ask_header("ETag"));
	expect("retry: 1000\n\n");
	ck_assert(!ended);
	ck_assert_uint_eq(asked().resume, 0);
	ck_assert_int_eq(asked().wait_ms, 0);
}
END_TEST

START_TEST(frames_every_kind)
{
	struct sst_service *s = ask_service();

	ask("GET", path);
	fake_watch_send(s, SST_WATCH_STATE, 7, "{\"revision\":7}");
	expect("retry: 1000\n\nevent: state\nid: 0123456789abcdef:7\n"
	       "data: {\"revision\":7}\n\n");
	fake_watch_send(s, SST_WATCH_CHANGE, 9, "{\"from\":7}");
	fake_watch_send(s, SST_WATCH_BOOKMARK, 11, NULL);
	fake_watch_send(s, SST_WATCH_HEARTBEAT, 11, NULL);
	expect("event: change\nid: 0123456789abcdef:9\ndata: {\"from\":7}\n\n"
	       "event: bookmark\nid: 0123456789abcdef:11\n"
	       "data: {\"epoch\":\"0123456789abcdef\",\"revision\":11}\n\n"
	       ": heartbeat\n\n");
	ck_assert(!ended);
	fake_watch_send(s, SST_WATCH_SLOW, 30, NULL);
	expect("event: dropped\n"
	       "data: {\"reason\":\"slow\",\"epoch\":\"0123456789abcdef\","
	       "\"revision\":11,\"resume\":\"0123456789abcdef:11\"}\n\n");
	ck_assert(ended);
}
END_TEST

START_TEST(says_why_it_ends)
{
	ask("GET", path);
	sst_watch_stop(ask_service());
	expect("retry: 1000\n\n"
	       "event: end\ndata: {\"reason\":\"shutdown\"}\n\n");
	ck_assert(ended);
	ck_assert_int_eq(ask("GET", path), 503);
	ck_assert_str_eq(ask_text("type"), "/problems/busy");
}
END_TEST

START_TEST(an_empty_body_is_still_an_event)
{
	ask("GET", path);
	fake_watch_send(ask_service(), SST_WATCH_CHANGE, 2, NULL);
	expect("retry: 1000\n\nevent: change\nid: 0123456789abcdef:2\n"
	       "data: \n\n");
}
END_TEST

START_TEST(selects_sections_and_key)
{
	ck_assert_int_eq(
	    ask("GET", "/system/state/watch?sections=queues"), 200);
	ck_assert_uint_eq(asked().sections, 1u << SST_SECTION_QUEUES);
	ck_assert_str_eq(asked().key, "");
	ck_assert_int_eq(
	    ask("GET", "/system/state/watch?sections=agents&key=agent-1"), 200);
	ck_assert_str_eq(asked().key, "agent-1");
	ck_assert_int_eq(ask("GET", "/system/state/watch?pretty=1"), 400);
	ck_assert_int_eq(ask("POST", path), 405);
}
END_TEST

START_TEST(negotiates)
{
	ask_headers.accept = "text/event-stream";
	ck_assert_int_eq(ask("GET", path), 200);
	ask_headers.accept = "*/*";
	ask_headers.accept_encoding = "gzip, zstd";
	ck_assert_int_eq(ask("GET", path), 200);
	ck_assert_ptr_null(ask_header("Content-Encoding"));
	ask_headers.accept = "application/json";
	ck_assert_int_eq(ask("GET", path), 406);
}
END_TEST

START_TEST(head_opens_nothing)
{
	ck_assert_int_eq(ask("HEAD", path), 200);
	ck_assert_str_eq(
	    ask_header("Content-Type"), "text/event-stream; charset=utf-8");
	ck_assert_uint_eq(fake_watch_open_count(ask_service()), 0);
	expect("retry: 1000\n\n");
	ck_assert(ended);
}
END_TEST

START_TEST(goes_on_where_the_client_stands)
{
	struct sst_service *s = ask_service();

	fake_past_hold(s, fake_snapshot(4, 0));
	fake_service_publish(s, fake_snapshot(9, 0));
	/* On a worker. */
	ck_assert_int_eq(come_back("0123456789abcdef:4"), 200);
	ck_assert_uint_eq(asked().resume, 4);
	fake_watch_send(s, SST_WATCH_SLOW, 9, NULL);
	expect("retry: 1000\n\nevent: dropped\n"
	       "data: {\"reason\":\"slow\",\"epoch\":\"0123456789abcdef\","
	       "\"revision\":4,\"resume\":\"0123456789abcdef:4\"}\n\n");
	ck_assert(ended);
}
END_TEST

START_TEST(needs_no_worker_for_most)
{
	struct sst_service *s = ask_service();

	/* A worker would fail. */
	fake_past_fail(s, SST_IO);
	fake_service_publish(s, fake_snapshot(9, 0));
	ck_assert_int_eq(come_back("0123456789abcdef:9"), 200);
	ck_assert_uint_eq(asked().resume, 9);
	ck_assert_int_eq(come_back("ffffffffffffffff:9"), 200);
	ck_assert_uint_eq(asked().resume, 0);
	ck_assert_int_eq(come_back(""), 200);
	ck_assert_uint_eq(asked().resume, 0);
}
END_TEST

START_TEST(starts_over_when_it_must)
{
	struct sst_service *s = ask_service();

	fake_service_publish(s, fake_snapshot(9, 0));
	/* No longer held; not there yet. */
	ck_assert_int_eq(come_back("0123456789abcdef:3"), 200);
	ck_assert_uint_eq(asked().resume, 0);
	ck_assert_int_eq(come_back("0123456789abcdef:10"), 200);
	ck_assert_uint_eq(asked().resume, 0);
	fake_watch_send(s, SST_WATCH_SLOW, 9, NULL);
	expect("retry: 1000\n\n"
	       "event: dropped\ndata: {\"reason\":\"slow\"}\n\n");
}
END_TEST

START_TEST(refuses_other_ids)
{
	static const char *const ids[] = {"41", "now", "-15m", "x",
	    "0123456789abcdef:", "0123456789abcdef:0", "0123456789abcdef:-1",
	    "0123456789abcdef:1 ", "0123456789abcde:1", "@1766300000",
	    "0123456789abcdef:99999999999999999999999"};
	size_t i;

	for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		ck_assert_msg(come_back(ids[i]) == 400, "%s", ids[i]);
		ck_assert_str_eq(ask_text("type"), "/problems/bad-request");
		ck_assert_ptr_nonnull(
		    strstr(ask_text("detail"), "EPOCH:REVISION"));
		ck_assert_str_eq(ask_text("parameter"), "Last-Event-ID");
		ck_assert_str_eq(ask_text("example"), "0123456789abcdef:1");
	}
	ck_assert_uint_eq(fake_watch_open_count(ask_service()), 0);
}
END_TEST

START_TEST(refuses_too_many)
{
	fake_watch_limit(ask_service(), 0);
	ck_assert_int_eq(ask("GET", path), 503);
	ck_assert_str_eq(ask_text("type"), "/problems/too-many-watchers");
	ck_assert_str_eq(ask_header("Retry-After"), "5");
	ck_assert_ptr_nonnull(
	    strstr(ask_text("detail"), "limits.max_watchers (0)"));
}
END_TEST

TCase *
api_watch_case(void)
{
	TCase *tc = tcase_create("watch");

	tcase_add_checked_fixture(tc, ask_setup, ask_teardown);
	tcase_add_test(tc, greets_at_once);
	tcase_add_test(tc, frames_every_kind);
	tcase_add_test(tc, says_why_it_ends);
	tcase_add_test(tc, an_empty_body_is_still_an_event);
	tcase_add_test(tc, selects_sections_and_key);
	tcase_add_test(tc, negotiates);
	tcase_add_test(tc, head_opens_nothing);
	tcase_add_test(tc, goes_on_where_the_client_stands);
	tcase_add_test(tc, needs_no_worker_for_most);
	tcase_add_test(tc, starts_over_when_it_must);
	tcase_add_test(tc, refuses_other_ids);
	tcase_add_test(tc, refuses_too_many);
	return tc;
}
