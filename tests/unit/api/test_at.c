/* Ways it fails: other bytes than when it was current, a moment that is gone,
 * not there yet, of another epoch, or held and not readable. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/api/ask.h"
#include "unit/api/fake_past.h"
#include "unit/api/suites.h"

/* Revisions 1 to 5 are held, 6 is current; 4 and 5 have other workloads. */
static void
setup(void)
{
	uint64_t i;

	ask_setup();
	for (i = 1; i <= 5; i++)
		fake_past_hold(
		    ask_service(), fake_snapshot(i, i < 4 ? 100 : 100 + i));
	fake_service_publish(ask_service(), fake_snapshot(6, 106));
}

static void
check_held(void)
{
	const json_t *j = ask_json();

	ck_assert_int_eq(
	    json_integer_value(json_object_get(j, "oldest_revision")), 1);
	ck_assert_int_eq(
	    json_integer_value(json_object_get(j, "newest_revision")), 6);
	ck_assert_str_eq(ask_text("epoch"), "0123456789abcdef");
}

START_TEST(gives_the_bytes_that_were_current)
{
	static const char *const queries[] = {"/system/state?view=full",
	    "/system/state?view=base", "/system/state?view=keyed",
	    "/system/state?pretty=1", "/system/state?sections=queues,agents",
	    "/system/state/workload?view=base",
	    "/system/state/queues/rabbitmq/agent.tasks?pretty=1"};
	size_t i, j;

	for (i = 0; i < sizeof(queries) / sizeof(queries[0]); i++)
		for (j = 0; j < SST_CODING_COUNT; j++) {
			const char *coding =
			    sst_coding_name((enum sst_coding)j);
			char etag[64], uri[128];

			fake_service_publish(
			    ask_service(), fake_snapshot(4, 104));
			ask_headers.accept_encoding = coding;
			ck_assert_int_eq(ask("GET", queries[i]), 200);
			snprintf(etag, sizeof(etag), "%s", ask_header("ETag"));
			fake_service_publish(
			    ask_service(), fake_snapshot(6, 106));
			snprintf(uri, sizeof(uri), "%s&at=4", queries[i]);
			ask_headers.accept_encoding = coding;
			ck_assert_int_eq(ask("GET", uri), 200);
			ck_assert_str_eq(ask_header("ETag"), etag);
			ck_assert_str_eq(ask_body()->etag, etag);
			ck_assert_str_eq(ask_header("Systate-Revision"), "4");
			ask_headers.accept_encoding = coding;
			ask_headers.if_none_match = etag;
			ck_assert_int_eq(ask("HEAD", uri), 304);
		}
}
END_TEST

START_TEST(says_how_long_it_holds)
{
	ck_assert_int_eq(ask("GET", "/system/state?at=4"), 200);
	ck_assert_str_eq(ask_header("Cache-Control"), "no-cache");
	ck_assert_str_eq(
	    ask_header("Last-Modified"), "Wed, 01 Jul 2026 12:00:04 GMT");
	ck_assert_int_eq(
	    ask("GET", "/system/state?at=0123456789abcdef:4"), 200);
	ck_assert_str_eq(ask_header("Cache-Control"),
	    "private, max-age=31536000, immutable");
	ck_assert_str_eq(ask_header("Systate-Epoch"), "0123456789abcdef");
	ck_assert_int_eq(ask("GET", "/system/state?at=now"), 200);
	ck_assert_str_eq(ask_header("Systate-Revision"), "6");
	ck_assert_str_eq(ask_header("Cache-Control"), "no-cache");
	/* A problem is not kept for ever. */
	ck_assert_int_eq(
	    ask("GET", "/system/state?at=0123456789abcdef:99"), 404);
	ck_assert_str_eq(ask_header("Cache-Control"), "no-store");
}
END_TEST

static void
check_time(const char *at, const char *revision)
{
	char uri[128];

	snprintf(uri, sizeof(uri), "/system/state?at=%s", at);
	ck_assert_msg(ask("GET", uri) == 200, "%s", at);
	ck_assert_msg(strcmp(ask_header("Systate-Revision"), revision) == 0,
	    "%s: %s", at, ask_header("Systate-Revision"));
}

/* Revision n was captured at 12:00:00.123 and n seconds. */
START_TEST(finds_the_newest_that_was_there)
{
	check_time("2026-07-01T12:00:01.123Z", "1");
	check_time("2026-07-01T12:00:02.122Z", "1");
	check_time("2026-07-01T12:00:02.123Z", "2");
	check_time("2026-07-01T14:00:03.5%2B02:00", "3");
	check_time("@1782907204", "3");
	check_time("2026-07-01T12:00:06.123Z", "6");
	check_time("2026-07-01T12:00:06.122Z", "5");
	check_time("2999-01-01T00:00:00Z", "6");
	check_time("-0s", "6");
	ck_assert_int_eq(
	    ask("GET", "/system/state?at=2026-07-01T12:00:01.122Z"), 410);
}
END_TEST

START_TEST(says_what_is_gone)
{
	fake_past_forget(ask_service(), 3);
	ck_assert_int_eq(ask("GET", "/system/state?at=2"), 410);
	ck_assert_str_eq(ask_text("type"), "/problems/gone");
	ck_assert_str_eq(ask_text("parameter"), "at");
	ck_assert_int_eq(json_integer_value(json_object_get(
			     ask_json(), "oldest_revision")),
	    3);
	ck_assert_ptr_nonnull(
	    strstr(ask_text("detail"), "2026-07-01T12:00:03.123Z"));
	ck_assert_str_eq(ask_text("example"), "/system/state?at=3");
	ck_assert_int_eq(ask("GET", "/system/state?at=3"), 200);
	ck_assert_int_eq(ask("GET", "/system/state/queues?at=@1"), 410);
	ck_assert_str_eq(ask_text("example"), "/system/state/queues?at=3");
	ck_assert_int_eq(
	    ask("GET", "/system/state?at=fedcba9876543210:4"), 410);
	ck_assert_ptr_nonnull(strstr(ask_text("detail"), "fedcba9876543210"));
	ck_assert_ptr_null(strstr(ask_text("example"), "fedcba"));
}
END_TEST

START_TEST(says_what_is_not_there_yet)
{
	ck_assert_int_eq(ask("GET", "/system/state?at=7"), 404);
	ck_assert_str_eq(ask_text("type"), "/problems/revision-not-found");
	ck_assert_str_eq(ask_text("example"), "/system/state?at=6");
	check_held();
	ck_assert_int_eq(ask("GET", "/system/state/agents/agent-1?at=7"), 404);
	ck_assert_str_eq(ask_text("type"), "/problems/revision-not-found");
	ck_assert_str_eq(
	    ask_text("example"), "/system/state/agents/agent-1?at=6");
	ck_assert_int_eq(ask("GET", "/system/state?at=9223372036854775807"),
	    404);
}
END_TEST

START_TEST(says_what_cannot_be_read)
{
	fake_past_fail_reading(ask_service(), SST_IO);
	ck_assert_int_eq(ask("GET", "/system/state?at=4"), 500);
	ck_assert_str_eq(ask_text("type"), "/problems/internal");
	ck_assert_ptr_nonnull(strstr(ask_text("detail"), "Revision 4"));
	ck_assert_ptr_nonnull(
	    strstr(ask_text("detail"), ask_text("instance")));
	ck_assert_ptr_null(strstr(ask_text("detail"), "told to fail"));
	ck_assert_int_eq(ask("GET", "/system/state?at=-0s"), 500);
	ck_assert_str_eq(ask_text("parameter"), "at");
	ck_assert_int_eq(ask("GET", "/system/state?at=now"), 200);
	fake_past_fail_reading(ask_service(), SST_NOMEM);
	ck_assert_int_eq(ask("GET", "/system/state?at=4"), 500);
	ck_assert_str_eq(ask_text("type"), "/problems/internal");
}
END_TEST

START_TEST(knows_what_was_not_known)
{
	ck_assert_int_eq(ask("GET", "/system/state/litellm?at=2"), 404);
	ck_assert_str_eq(ask_text("type"), "/problems/not-found");
	ck_assert_ptr_nonnull(strstr(ask_text("detail"), "revision 2"));
	ck_assert_int_eq(ask("GET", "/system/state/litellm/dep-1?at=2"), 404);
	ck_assert_int_eq(ask("GET", "/system/state/litellm?at=3"), 404);
	ck_assert_str_eq(ask_text("type"), "/problems/not-configured");
	ck_assert_int_eq(ask("GET", "/system/state/litellm/dep-1?at=1"), 200);
	ck_assert_int_eq(ask("GET", "/system/state/agents/none?at=1"), 404);
	ck_assert_str_eq(ask_text("type"), "/problems/not-found");
	ck_assert_int_eq(ask("GET", "/system/state/queues/default?at=1"), 409);
}
END_TEST

START_TEST(refuses_contradictions)
{
	fake_service_publish(ask_service(), NULL);
	ck_assert_int_eq(ask("GET", "/system/state?at=1"), 503);
	ck_assert_str_eq(ask_text("type"), "/problems/not-ready");
	ck_assert_int_eq(ask("GET", "/system/state/agents?at=1"), 503);
	ck_assert_int_eq(ask("GET", "/system/state?at=1&max_age=5s"), 400);
	ck_assert_int_eq(ask("GET", "/system/state?at=1&since=1"), 400);
	ck_assert_int_eq(ask("GET", "/system/state/agents?since=1"), 400);
	ck_assert_int_eq(ask("GET", "/system/state?at=1&at=2"), 400);
	ck_assert_int_eq(ask("GET", "/system/sources?at=1"), 400);
}
END_TEST

TCase *
api_at_case(void)
{
	TCase *tc = tcase_create("at");

	tcase_add_checked_fixture(tc, setup, ask_teardown);
	tcase_add_test(tc, gives_the_bytes_that_were_current);
	tcase_add_test(tc, says_how_long_it_holds);
	tcase_add_test(tc, finds_the_newest_that_was_there);
	tcase_add_test(tc, says_what_is_gone);
	tcase_add_test(tc, says_what_is_not_there_yet);
	tcase_add_test(tc, says_what_cannot_be_read);
	tcase_add_test(tc, knows_what_was_not_known);
	tcase_add_test(tc, refuses_contradictions);
	return tc;
}
