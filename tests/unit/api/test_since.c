/* Ways it fails: waits for what is there already, answers what did not change,
 * compares what cannot be compared, forgets a watch. */
#include <stdio.h>
#include <string.h>

#include "unit/api/ask.h"
#include "unit/api/fake_past.h"
#include "unit/api/fake_watch.h"
#include "unit/api/suites.h"

/* Revisions 4 and 5 differ in the workload, 5 and 6 in nothing; 6 is now. */
static void
setup(void)
{
	ask_setup();
	fake_past_hold(ask_service(), fake_snapshot(4, 100));
	fake_past_hold(ask_service(), fake_snapshot(5, 200));
	fake_service_publish(ask_service(), fake_snapshot(6, 200));
}

static void
teardown(void)
{
	ck_assert_uint_eq(fake_watch_open_count(ask_service()), 0);
	ask_teardown();
}

static void
on_time_out(void)
{
	fake_watch_send(ask_service(), SST_WATCH_TIME_OUT, 6, NULL);
}

static void
on_change(void)
{
	fake_service_publish(ask_service(), fake_snapshot(7, 300));
	fake_watch_send(ask_service(), SST_WATCH_CHANGE, 7, NULL);
}

static void
on_stop(void)
{
	fake_watch_send(ask_service(), SST_WATCH_STOPPED, 6, NULL);
}

/* Published while the last event was fetched. */
static void
on_time_out_and_change(void)
{
	fake_service_publish(ask_service(), fake_snapshot(7, 300));
	fake_watch_send(ask_service(), SST_WATCH_TIME_OUT, 6, NULL);
}

static void
on_stop_and_change(void)
{
	fake_service_publish(ask_service(), fake_snapshot(7, 300));
	fake_watch_send(ask_service(), SST_WATCH_STOPPED, 6, NULL);
}

static void
on_slow(void)
{
	fake_watch_send(ask_service(), SST_WATCH_SLOW, 6, NULL);
}

/* Woken for nothing first. */
static void
on_second_thought(void)
{
	fake_watch_disturb(ask_service());
	ask_waiting = on_change;
}

START_TEST(asks_without_waiting)
{
	ck_assert_int_eq(ask("GET", "/system/state?since=6&wait=0s"), 304);
	ck_assert_str_eq(ask_header("Systate-Revision"), "6");
	ck_assert_str_eq(ask_header("Systate-Epoch"), "0123456789abcdef");
	ck_assert_str_eq(ask_header("Cache-Control"), "no-cache");
	ck_assert_ptr_nonnull(ask_header("ETag"));
	ck_assert_ptr_nonnull(ask_header("Vary"));
	ck_assert_ptr_null(ask_header("Content-Type"));
	ck_assert_int_eq(ask("HEAD", "/system/state?since=5&wait=0s"), 304);
	ck_assert_int_eq(ask("GET", "/system/state?since=4&wait=0s"), 200);
	ck_assert_str_eq(ask_header("Systate-Revision"), "6");
	ck_assert_int_eq(
	    ask("GET", "/system/state?since=4&wait=0s&sections=agents"), 304);
	ck_assert_int_eq(
	    ask("GET", "/system/state?since=0123456789abcdef:6&wait=0s"), 304);
}
END_TEST

START_TEST(answers_at_once_what_differs)
{
	/* No handler may wait: ask_waiting is not set. */
	ck_assert_int_eq(ask("GET", "/system/state?since=4"), 200);
	ck_assert_int_eq(
	    json_integer_value(json_object_get(ask_json(), "revision")), 6);
	ck_assert_int_eq(
	    ask("GET", "/system/state?since=4&sections=workload&view=base"),
	    200);
	ck_assert_ptr_null(json_object_get(ask_json(), "agents"));
}
END_TEST

START_TEST(starts_over_where_nothing_can_be_compared)
{
	ck_assert_int_eq(
	    ask("GET", "/system/state?since=fedcba9876543210:6"), 200);
	ck_assert_str_eq(ask_text("epoch"), "0123456789abcdef");
	ck_assert_int_eq(ask("GET", "/system/state?since=7"), 200);
	ck_assert_int_eq(ask("GET", "/system/state?since=3"), 200);
	fake_past_fail_reading(ask_service(), SST_IO);
	ck_assert_int_eq(ask("GET", "/system/state?since=5"), 200);
	fake_service_publish(ask_service(), NULL);
	ck_assert_int_eq(ask("GET", "/system/state?since=5"), 503);
	ck_assert_str_eq(ask_text("type"), "/problems/not-ready");
}
END_TEST

START_TEST(waits_until_it_changes)
{
	struct fake_watch_asked asked;

	ask_waiting = on_change;
	ck_assert_int_eq(
	    ask("GET", "/system/state?since=6&wait=5s&sections=queues"), 200);
	ck_assert_str_eq(ask_header("Systate-Revision"), "7");
	fake_watch_asked(ask_service(), &asked);
	ck_assert_uint_eq(asked.sections, 1u << SST_SECTION_QUEUES);
	ck_assert_str_eq(asked.key, "");
	ck_assert_uint_eq(asked.resume, 6);
	ck_assert_int_eq(asked.wait_ms, 5000);
	ask_waiting = on_second_thought;
	ck_assert_int_eq(ask("GET", "/system/state?since=7"), 200);
	fake_watch_asked(ask_service(), &asked);
	ck_assert_int_eq(asked.wait_ms, 30000);
	ck_assert_uint_eq(asked.sections, SST_SECTIONS_ALL);
}
END_TEST

START_TEST(waits_from_where_the_client_stands)
{
	struct fake_watch_asked asked;

	ask_waiting = on_time_out;
	ck_assert_int_eq(ask("GET", "/system/state?since=5"), 304);
	fake_watch_asked(ask_service(), &asked);
	ck_assert_uint_eq(asked.resume, 5);
	ck_assert_int_eq(
	    ask("GET", "/system/state?since=4&sections=agents"), 304);
	fake_watch_asked(ask_service(), &asked);
	ck_assert_uint_eq(asked.resume, 4);
	ck_assert_uint_eq(asked.sections, 1u << SST_SECTION_AGENTS);
}
END_TEST

START_TEST(says_when_the_time_is_over)
{
	ask_waiting = on_time_out;
	ck_assert_int_eq(ask("GET", "/system/state?since=6&wait=1s"), 304);
	ck_assert_str_eq(ask_header("Systate-Revision"), "6");
	ck_assert_int_eq(ask("HEAD", "/system/state?since=6&wait=1s"), 304);
	ask_waiting = on_stop;
	ck_assert_int_eq(ask("GET", "/system/state?since=6&wait=1s"), 304);
	ask_waiting = on_slow;
	ck_assert_int_eq(ask("GET", "/system/state?since=6&wait=1s"), 200);
	/* Stopping: nobody can wait any more. */
	sst_watch_stop(ask_service());
	ck_assert_int_eq(ask("GET", "/system/state?since=6&wait=1s"), 200);
}
END_TEST

/* The revision of the answer is the next since: it must not be one that the
 * wait has not come to. */
START_TEST(hides_no_change_behind_the_end_of_the_wait)
{
	ask_waiting = on_time_out_and_change;
	ck_assert_int_eq(ask("GET", "/system/state?since=6&wait=1s"), 304);
	ck_assert_str_eq(ask_header("Systate-Revision"), "6");
	ck_assert_str_eq(ask_header("Systate-Epoch"), "0123456789abcdef");
	ck_assert_str_eq(ask_header("Cache-Control"), "no-cache");
	ck_assert_ptr_nonnull(ask_header("Vary"));
	/* that of revision 7 would not do, that of 6 is not at hand */
	ck_assert_ptr_null(ask_header("ETag"));
	ck_assert_ptr_null(ask_header("Content-Type"));
	fake_service_publish(ask_service(), fake_snapshot(6, 200));
	ask_waiting = on_stop_and_change;
	ck_assert_int_eq(ask("GET", "/system/state?since=6&wait=1s"), 304);
	ck_assert_str_eq(ask_header("Systate-Revision"), "6");
	fake_service_publish(ask_service(), fake_snapshot(6, 200));
	fake_service_set_age(ask_service(), 7);
	ck_assert_int_eq(
	    ask("GET", "/system/state?since=6&wait=1s&max_age=5s"), 503);
}
END_TEST

START_TEST(takes_what_the_watch_has_at_once)
{
	fake_watch_greet(ask_service(), SST_WATCH_CHANGE, 6, NULL);
	ck_assert_int_eq(ask("GET", "/system/state?since=6"), 200);
	fake_watch_greet(ask_service(), SST_WATCH_TIME_OUT, 6, NULL);
	ck_assert_int_eq(ask("GET", "/system/state?since=6"), 304);
}
END_TEST

START_TEST(refuses_one_too_many)
{
	fake_watch_limit(ask_service(), 0);
	ck_assert_int_eq(ask("GET", "/system/state?since=6"), 503);
	ck_assert_str_eq(ask_text("type"), "/problems/too-many-watchers");
	ck_assert_ptr_nonnull(ask_header("Retry-After"));
	ck_assert_int_eq(ask("GET", "/system/state?since=6&wait=0s"), 304);
	ck_assert_int_eq(ask("GET", "/system/state?since=4"), 200);
}
END_TEST

START_TEST(keeps_other_promises)
{
	char tag[64];

	fake_service_set_age(ask_service(), 7);
	ck_assert_int_eq(
	    ask("GET", "/system/state?since=6&wait=0s&max_age=5s"), 503);
	ck_assert_int_eq(
	    ask("GET", "/system/state?since=6&wait=0s&max_age=9s"), 304);
	/* Changed within the second of the date: still sent. */
	ask_headers.if_modified_since = "Wed, 01 Jul 2026 12:00:59 GMT";
	ck_assert_int_eq(ask("GET", "/system/state?since=4&wait=0s"), 200);
	/* The client says that it holds just this. */
	snprintf(tag, sizeof(tag), "%s", ask_header("ETag"));
	ask_headers.if_none_match = tag;
	ck_assert_int_eq(ask("GET", "/system/state?since=4&wait=0s"), 304);
	ask_headers.accept_encoding = "gzip";
	ck_assert_int_eq(ask("GET", "/system/state?since=4&wait=0s"), 200);
	ck_assert_str_eq(ask_header("Content-Encoding"), "gzip");
}
END_TEST

TCase *
api_since_case(void)
{
	TCase *tc = tcase_create("since");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, asks_without_waiting);
	tcase_add_test(tc, answers_at_once_what_differs);
	tcase_add_test(tc, starts_over_where_nothing_can_be_compared);
	tcase_add_test(tc, waits_until_it_changes);
	tcase_add_test(tc, waits_from_where_the_client_stands);
	tcase_add_test(tc, says_when_the_time_is_over);
	tcase_add_test(tc, hides_no_change_behind_the_end_of_the_wait);
	tcase_add_test(tc, takes_what_the_watch_has_at_once);
	tcase_add_test(tc, refuses_one_too_many);
	tcase_add_test(tc, keeps_other_promises);
	return tc;
}
