/* Watches: what they tell, how they end, and what comes then. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_kube_reflector.h"
#include "test_kube_reflector_support.h"

/* Requests of watches from that position. */
static unsigned
watches_from(uint64_t version)
{
	char prefix[128];

	snprintf(prefix, sizeof(prefix),
	    PODS_WATCH "=1&resourceVersion=%" PRIu64 "&", version);
	return kube_api_calls(rig.api, prefix);
}

static void
wait_watch_from(uint64_t version, unsigned count)
{
	ck_assert(POLL_UNTIL(watches_from(version) >= count));
	ck_assert_uint_eq(watches_from(version), count);
}

START_TEST(what_a_watch_tells)
{
	uint64_t version;
	char head[4096];
	unsigned seconds = 0;

	rig_watch_one();
	kube_api_last_request(rig.api, PODS_WATCH, head, sizeof(head));
	ck_assert_int_eq(sscanf(strstr(head, "&timeoutSeconds="),
			     "&timeoutSeconds=%u HTTP", &seconds),
	    1);
	ck_assert_uint_ge(seconds, 300);
	ck_assert_uint_le(seconds, 600);
	ck_assert_ptr_nonnull(strstr(head, "&allowWatchBookmarks=true&"));
	ck_assert_ptr_null(strstr(head, "Accept-Encoding"));
	rig_wait_version(rig_put("second"));
	ck_assert(rig_has("second"));
	ck_assert_uint_eq(rig_told(&rig.sink.added), 1);
	rig_wait_version(rig_put("second"));
	ck_assert_uint_eq(rig_told(&rig.sink.modified), 1);
	version = kube_api_delete(rig.api, PODS, "agents", "first");
	rig_wait_version(version);
	ck_assert(!rig_has("first"));
	ck_assert_uint_eq(rig_told(&rig.sink.deleted), 1);
	ck_assert_uint_eq(rig_view().events, 3);
	ck_assert_uint_eq(rig_view().lists, 1);
	ck_assert_uint_eq(rig_view().watches, 1);
}
END_TEST

START_TEST(bookmarks_move_the_position_only)
{
	uint64_t version;

	rig_watch_one();
	/* something else happened */
	version = kube_api_put(
	    rig.api, "/api/v1/nodes", "{\"metadata\":{\"name\":\"node-a\"}}");
	kube_api_bookmark(rig.api, PODS);
	rig_wait_version(version);
	ck_assert_uint_eq(rig_view().events, 0);
	ck_assert_uint_eq(rig_view().rejected, 0);
	ck_assert_uint_eq(rig_count(), 1);
	kube_api_end_watches(rig.api, PODS);
	wait_watch_from(version, 1);
	ck_assert_uint_eq(rig_view().lists, 1);
}
END_TEST

START_TEST(events_that_are_strange)
{
	static const char *const lines[] = {
	    ("{\"type\":\"DANCED\",\"object\":{\"metadata\":{\"name\":\"x\","
	     "\"resourceVersion\":\"9999\"}}}"),
	    "{\"object\":{\"metadata\":{\"resourceVersion\":\"9999\"}}}",
	    "{\"type\":17}", "{}", "{\"type\":\"ADDED\"}",
	    "{\"type\":\"ADDED\",\"object\":null}"};
	uint64_t version;
	size_t i;

	version = rig_watch_one();
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		kube_api_shout(rig.api, PODS, lines[i]);
		ck_assert(POLL_UNTIL(rig_view().rejected == i + 1));
	}
	ck_assert_str_eq(
	    rig_view().first_reject.text, "an event of an unknown type");
	rig_wait_version(version);
	kube_api_shout(rig.api, PODS,
	    "{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"Pod\"}}");
	/* without a position it is delivered, and the position stays */
	kube_api_shout(rig.api, PODS,
	    "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"n\","
	    "\"uid\":\"n\"}}}");
	ck_assert(POLL_UNTIL(rig_has("n")));
	rig_wait_version(version);
	ck_assert_uint_eq(rig_view().events, 1);
	ck_assert_int_eq(rig_view().state, SST_KUBE_WATCHING);
	ck_assert_uint_eq(rig_view().lists, 1);
}
END_TEST

START_TEST(a_watch_that_ends_goes_on)
{
	uint64_t version = rig_watch_one();

	if (_i == 0) {
		rig_end_in_order();
	} else {
		fake_clock_advance(&rig.clock, 1000);
		kube_api_cut_watches(rig.api, PODS);
	}
	wait_watch_from(version, 2);
	rig_wait_state(SST_KUBE_WATCHING);
	version = rig_put("second");
	rig_wait_version(version);
	/* and right after an event, without a second in between */
	if (_i == 0)
		kube_api_end_watches(rig.api, PODS);
	else
		kube_api_cut_watches(rig.api, PODS);
	wait_watch_from(version, 1);
	rig_wait_state(SST_KUBE_WATCHING);
	ck_assert_uint_eq(kube_api_calls(rig.api, PODS_LIST), 1);
	ck_assert_uint_eq(fake_clock_waiting(&rig.clock), 0);
	ck_assert_int_eq(rig_view().error.code, SST_OK);
}
END_TEST

START_TEST(an_event_that_is_cut_comes_again)
{
	struct kube_api_fault cut = {.kind = KUBE_API_CUT, .times = 1};
	uint64_t version = rig_put("first");

	kube_api_misbehave(rig.api, PODS_WATCH, &cut);
	rig_watch();
	ck_assert(kube_api_wait_watchers(rig.api, PODS_WATCH, 1));
	fake_clock_advance(&rig.clock, 1000);
	rig_put("second");
	wait_watch_from(version, 2);
	ck_assert(POLL_UNTIL(rig_has("second")));
	ck_assert_uint_eq(rig_told(&rig.sink.added), 1);
	ck_assert_uint_eq(kube_api_calls(rig.api, PODS_LIST), 1);
}
END_TEST

/* Missed: an object that went while nobody watched. */
START_TEST(a_position_that_expired)
{
	uint64_t version;

	rig_watch_one();
	rig_wait_version(rig_put("second"));
	kube_api_refuse(rig.api, true);
	rig_delay();
	kube_api_delete(rig.api, PODS, "agents", "first");
	version = rig_put("third");
	kube_api_compact(rig.api, _i == 1);
	kube_api_refuse(rig.api, false);
	rig_retry();
	/* told in the stream or in the status; a list after a back-off */
	ck_assert_int_ge(rig_delay(), 800);
	ck_assert_uint_eq(kube_api_calls(rig.api, PODS_LIST), 1);
	rig_retry();
	rig_wait_state(SST_KUBE_WATCHING);
	ck_assert_uint_eq(kube_api_calls(rig.api, PODS_LIST), 2);
	ck_assert(!rig_has("first") && rig_has("second") && rig_has("third"));
	wait_watch_from(version, 1);
	ck_assert_uint_eq(rig_told(&rig.sink.synced), 2);
	ck_assert_int_eq(rig_view().error.code, SST_OK);
}
END_TEST

START_TEST(one_that_expires_is_no_failure)
{
	struct kube_api_fault gone = {.kind = KUBE_API_ERROR_EVENT,
	    .status = 410,
	    .reason = _i == 0 ? "Expired" : "Gone",
	    .times = 1};

	rig_watch_one();
	kube_api_misbehave(rig.api, PODS_WATCH, &gone);
	rig_end_in_order();
	rig_delay();
	ck_assert_int_eq(rig_view().state, SST_KUBE_RESUMING);
	ck_assert_int_eq(rig_view().error.code, SST_OK);
	rig_retry();
	rig_wait_state(SST_KUBE_WATCHING);
	ck_assert_uint_eq(kube_api_calls(rig.api, PODS_LIST), 2);
}
END_TEST

/* Nothing was heard for a while, and what happened then is not told any more:
 * until it is listed, which is soon, that is not called well. */
START_TEST(one_that_expires_while_it_was_away)
{
	struct kube_api_fault gone = {.kind = KUBE_API_ERROR_EVENT,
	    .status = 410,
	    .reason = "Expired",
	    .times = 1};
	struct kube_api_fault away = {.kind = KUBE_API_STATUS, .status = 503};
	int64_t ms;
	int i;

	rig_watch_one();
	kube_api_misbehave(rig.api, PODS_WATCH, &away);
	rig_end_in_order();
	for (i = 0; i < 5; i++)
		rig_retry();
	ck_assert_int_ge(rig_delay(), 12800);
	ck_assert_int_eq(rig_view().state, SST_KUBE_FAILING);
	kube_api_misbehave(rig.api, PODS_WATCH, &gone);
	rig_retry();
	ms = rig_delay();
	ck_assert_int_ge(ms, 800);
	ck_assert_int_le(ms, 1600);
	ck_assert_int_eq(rig_view().state, SST_KUBE_FAILING);
	ck_assert_int_eq(rig_view().error.code, SST_GONE);
	rig_retry();
	rig_wait_state(SST_KUBE_WATCHING);
	ck_assert_uint_eq(kube_api_calls(rig.api, PODS_LIST), 2);
	ck_assert_int_eq(rig_view().error.code, SST_OK);
}
END_TEST

START_TEST(positions_that_always_expire)
{
	struct kube_api_fault gone = {.kind = KUBE_API_ERROR_EVENT,
	    .status = 410,
	    .message = "too old resource version: 1 (4711)"};
	unsigned changed;

	rig_watch_one();
	kube_api_misbehave(rig.api, PODS_WATCH, &gone);
	rig_end_in_order();
	rig_retry();
	rig_retry();
	rig_delay();
	rig_wait_state(SST_KUBE_FAILING);
	ck_assert_int_eq(rig_view().error.code, SST_GONE);
	ck_assert_str_eq(rig_view().error.text,
	    "GET " PODS ": the position of a new list is not known");
	changed = rig_told(&rig.sink.changed);
	rig_retry();
	rig_delay();
	ck_assert_uint_eq(rig_told(&rig.sink.changed), changed);
	kube_api_behave(rig.api);
	rig_retry();
	ck_assert(kube_api_wait_watchers(rig.api, PODS_WATCH, 1));
	/* it is believed once it has said something */
	ck_assert_int_eq(rig_view().state, SST_KUBE_FAILING);
	kube_api_bookmark(rig.api, PODS);
	rig_wait_state(SST_KUBE_WATCHING);
	ck_assert_int_eq(rig_view().error.code, SST_OK);
}
END_TEST

struct watch_fault {
	struct kube_api_fault fault;
	int code;
	int64_t least_ms, most_ms;
	int64_t turn_ms;
	bool lists; /* the next request is a list */
};

static const struct watch_fault watch_faults[] = {
    {{.kind = KUBE_API_ERROR_EVENT, .status = 429}, SST_RATE_LIMITED, 800, 1600,
	0, false},
    {{.kind = KUBE_API_ERROR_EVENT, .status = 500, .message = "at 4711"},
	SST_UPSTREAM, 800, 1600, 0, false},
    {{.kind = KUBE_API_STATUS_TEXT, .status = 429, .retry_after = 9},
	SST_RATE_LIMITED, 9000, 9000, 0, false},
    {{.kind = KUBE_API_STATUS, .status = 500, .message = "at 4711"},
	SST_UPSTREAM, 800, 1600, 0, false},
    {{.kind = KUBE_API_STATUS, .status = 503}, SST_UPSTREAM, 800, 1600, 0,
	false},
    {{.kind = KUBE_API_STATUS, .status = 401}, SST_UNAUTHORIZED, 800, 1600, 0,
	false},
    {{.kind = KUBE_API_STATUS, .status = 403}, SST_FORBIDDEN, 30000, 60000, 0,
	true},
    {{.kind = KUBE_API_STATUS, .status = 404}, SST_NOT_FOUND, 30000, 60000, 0,
	true},
    {{.kind = KUBE_API_STATUS, .status = 405}, SST_PROTOCOL, 30000, 60000, 0,
	true},
    {{.kind = KUBE_API_STATUS, .status = 400}, SST_PROTOCOL, 800, 1600, 0,
	false},
    {{.kind = KUBE_API_GARBAGE}, SST_SYNTAX, 800, 1600, 0, false},
    {{.kind = KUBE_API_WRONG_TYPE}, SST_SYNTAX, 800, 1600, 0, false},
    {{.kind = KUBE_API_HUGE, .size = RIG_MAX_BYTES}, SST_TOO_LARGE, 800, 1600,
	0, false},
    {{.kind = KUBE_API_CLOSE}, SST_TRUNCATED, 800, 1600, 0, false},
    {{.kind = KUBE_API_HOLD}, SST_TIMEOUT, 800, 1600, 30001, false},
};

enum { WATCH_FAULTS = sizeof(watch_faults) / sizeof(watch_faults[0]) };

START_TEST(a_watch_that_fails)
{
	const struct watch_fault *f = &watch_faults[_i];
	struct sst_kube_reflector_view first;
	uint64_t version = rig_watch_one();
	int64_t ms;

	kube_api_misbehave(rig.api, PODS_WATCH, &f->fault);
	rig_end_in_order();
	if (f->turn_ms > 0) {
		ck_assert(POLL_UNTIL(watches_from(version) == 2));
		fake_clock_advance(&rig.clock, f->turn_ms);
	}
	ms = rig_delay();
	ck_assert_int_ge(ms, f->least_ms);
	ck_assert_int_le(ms, f->most_ms);
	first = rig_view();
	ck_assert_int_eq(first.state, SST_KUBE_FAILING);
	ck_assert_msg(first.error.code == f->code, "%d, not %d: %s",
	    first.error.code, f->code, first.error.text);
	ck_assert_ptr_nonnull(strstr(first.error.text, PODS));
	ck_assert_ptr_null(strstr(first.error.text, "4711"));
	ck_assert_ptr_null(strstr(first.error.text, "?"));
	ck_assert(first.synced);
	ck_assert_uint_eq(rig_count(), 1);
	kube_api_behave(rig.api);
	rig_retry();
	rig_wait_state(SST_KUBE_WATCHING);
	ck_assert_int_eq(rig_view().error.code, SST_OK);
	ck_assert_uint_eq(kube_api_calls(rig.api, PODS_LIST), f->lists ? 2 : 1);
	ck_assert_uint_ge(watches_from(version), 3);
}
END_TEST

/* The same trouble three times: perhaps it is our position. */
START_TEST(a_watch_that_fails_again_and_again)
{
	struct kube_api_fault fault = {
	    .kind = _i == 0 ? KUBE_API_ERROR_EVENT : KUBE_API_GARBAGE,
	    .status = 500};
	unsigned i;

	rig_watch_one();
	kube_api_misbehave(rig.api, PODS_WATCH, &fault);
	rig_end_in_order();
	for (i = 0; i < 2; i++)
		rig_retry();
	rig_delay();
	ck_assert_uint_eq(kube_api_calls(rig.api, PODS_LIST), 1);
	rig_retry();
	rig_delay();
	ck_assert_uint_eq(kube_api_calls(rig.api, PODS_LIST), 2);
	ck_assert_int_eq(rig_view().state, SST_KUBE_FAILING);
	kube_api_behave(rig.api);
	rig_retry();
	ck_assert(kube_api_wait_watchers(rig.api, PODS_WATCH, 1));
	rig_wait_version(rig_put("second"));
	rig_wait_state(SST_KUBE_WATCHING);
}
END_TEST

/* Opened and thrown out each time: one piece of news, not two for each. */
START_TEST(trouble_does_not_flicker)
{
	struct kube_api_fault fault = {
	    .kind = KUBE_API_ERROR_EVENT, .status = 429};
	unsigned changed, i;

	rig_watch_one();
	kube_api_misbehave(rig.api, PODS_WATCH, &fault);
	rig_end_in_order();
	rig_retry();
	rig_delay();
	changed = rig_told(&rig.sink.changed);
	for (i = 0; i < 5; i++) {
		rig_retry();
		rig_delay();
	}
	ck_assert_uint_eq(rig_told(&rig.sink.changed), changed);
	ck_assert_int_eq(rig_view().state, SST_KUBE_FAILING);
	ck_assert_uint_eq(kube_api_calls(rig.api, PODS_LIST), 1);
}
END_TEST

/* Our position survives a server that is away for long, or overloaded. */
START_TEST(a_server_that_is_away)
{
	struct kube_api_fault busy = {
	    .kind = KUBE_API_STATUS_TEXT, .status = 429};
	uint64_t version = rig_watch_one();
	unsigned i;

	if (_i == 0)
		kube_api_refuse(rig.api, true);
	else
		kube_api_misbehave(rig.api, PODS_WATCH, &busy);
	fake_clock_advance(&rig.clock, 1000);
	if (_i == 1)
		kube_api_end_watches(rig.api, PODS);
	for (i = 0; i < 8; i++) {
		rig_retry();
		ck_assert(rig_view().state == SST_KUBE_FAILING || i == 0);
	}
	rig_delay();
	ck_assert_int_eq(rig_view().error.code,
	    _i == 0 ? SST_UNREACHABLE : SST_RATE_LIMITED);
	rig_put("second");
	kube_api_behave(rig.api);
	kube_api_refuse(rig.api, false);
	rig_retry();
	ck_assert(POLL_UNTIL(rig_has("second")));
	rig_wait_state(SST_KUBE_WATCHING);
	ck_assert_uint_ge(watches_from(version), 2);
	ck_assert_uint_eq(kube_api_calls(rig.api, PODS_LIST), 1);
}
END_TEST

START_TEST(watches_that_are_too_short)
{
	struct kube_api_fault brief = {.kind = KUBE_API_SHORT};
	unsigned i;
	int64_t ms;

	rig_watch_one();
	kube_api_misbehave(rig.api, PODS_WATCH, &brief);
	rig_end_in_order();
	ms = rig_delay();
	ck_assert_int_ge(ms, 800);
	ck_assert_int_eq(rig_view().state, SST_KUBE_RESUMING);
	for (i = 0; i < 3; i++) {
		rig_retry();
		rig_delay();
		ck_assert_int_eq(rig_view().state, SST_KUBE_FAILING);
		ck_assert_str_eq(rig_view().error.text,
		    "GET " PODS
		    ": watches are closed as soon as they are open");
		ck_assert_uint_eq(kube_api_calls(rig.api, PODS_LIST), 1);
	}
	rig_retry();
	rig_delay();
	ck_assert_uint_eq(kube_api_calls(rig.api, PODS_LIST), 2);
	/* one that lasts is believed, though it says nothing */
	kube_api_behave(rig.api);
	rig_retry();
	ck_assert(kube_api_wait_watchers(rig.api, PODS_WATCH, 1));
	rig_end_in_order();
	rig_wait_state(SST_KUBE_WATCHING);
	ck_assert_int_eq(rig_view().error.code, SST_OK);
}
END_TEST

/* The server was restored: its positions are lower than ours. */
START_TEST(a_server_that_is_younger)
{
	struct kube_api_fault later = {.kind = KUBE_API_STATUS,
	    .status = 504,
	    .message = "Too large resource version: 4711, current: 900",
	    .times = 1};

	rig_watch_one();
	kube_api_restore(rig.api, 900);
	if (_i == 0) {
		/* seen by the watch that is open */
		rig_put("second");
	} else if (_i == 1) {
		kube_api_put(rig.api, "/api/v1/nodes",
		    "{\"metadata\":{\"name\":\"node-a\"}}");
		kube_api_bookmark(rig.api, PODS);
	} else {
		kube_api_misbehave(rig.api, PODS_WATCH, &later);
		rig_end_in_order();
	}
	rig_delay();
	ck_assert_int_eq(rig_view().state, SST_KUBE_RESUMING);
	rig_retry();
	rig_wait_state(SST_KUBE_WATCHING);
	ck_assert_uint_eq(kube_api_calls(rig.api, PODS_LIST), 2);
	rig_wait_version(_i == 2 ? 900 : 901);
	ck_assert(rig_same(PODS));
}
END_TEST

/* Silence is no failure; a watch has its time, and then there is another. */
START_TEST(a_watch_without_a_word)
{
	struct kube_api_fault silent = {.kind = KUBE_API_SILENT};
	uint64_t version = rig_put("first");

	kube_api_misbehave(rig.api, PODS_WATCH, &silent);
	rig_watch();
	fake_clock_advance(&rig.clock, 330000 - 1);
	ck_assert_int_eq(rig_view().state, SST_KUBE_WATCHING);
	fake_clock_advance(&rig.clock, 300002);
	wait_watch_from(version, 2);
	rig_wait_state(SST_KUBE_WATCHING);
	ck_assert_uint_eq(kube_api_calls(rig.api, PODS_LIST), 1);
	ck_assert_int_eq(rig_view().error.code, SST_OK);
}
END_TEST

START_TEST(after_hours_a_list_again)
{
	rig_watch_one();
	fake_clock_advance(&rig.clock, 6 * 3600 * 1000);
	ck_assert(POLL_UNTIL(rig_view().watches >= 2));
	rig_wait_state(SST_KUBE_WATCHING);
	ck_assert_uint_eq(kube_api_calls(rig.api, PODS_LIST), 1);
	fake_clock_advance(&rig.clock, 2 * 3600 * 1000);
	ck_assert(POLL_UNTIL(rig_view().lists == 2));
	rig_wait_state(SST_KUBE_WATCHING);
	ck_assert_uint_eq(rig_told(&rig.sink.synced), 2);
	ck_assert_int_eq(rig_view().error.code, SST_OK);
}
END_TEST

/* Whoever may list and not watch sees changes by lists, and the error. */
START_TEST(only_lists_are_allowed)
{
	struct kube_api_fault no = {.kind = KUBE_API_STATUS, .status = 403};
	unsigned changed;

	rig_put("first");
	kube_api_misbehave(rig.api, PODS_WATCH, &no);
	rig_start();
	rig_delay();
	ck_assert_int_eq(rig_view().state, SST_KUBE_FAILING);
	ck_assert_int_eq(rig_view().error.code, SST_FORBIDDEN);
	ck_assert(rig_view().synced);
	changed = rig_told(&rig.sink.changed);
	rig_put("second");
	rig_retry();
	rig_delay();
	ck_assert(rig_has("second"));
	ck_assert_int_eq(rig_view().state, SST_KUBE_FAILING);
	ck_assert_uint_eq(rig_told(&rig.sink.changed), changed);
	kube_api_behave(rig.api);
	rig_retry();
	rig_wait_state(SST_KUBE_WATCHING);
	ck_assert_int_eq(rig_view().error.code, SST_OK);
}
END_TEST

START_TEST(a_kind_that_is_taken_away)
{
	rig_watch_one();
	kube_api_withdraw(rig.api, PODS);
	ck_assert_int_ge(rig_delay(), 800);
	while (rig_view().error.code != SST_NOT_FOUND)
		rig_retry();
	ck_assert_int_ge(rig_delay(), 30000);
	ck_assert_uint_eq(rig_count(), 1);
}
END_TEST

START_TEST(the_last_byte_is_known)
{
	struct sst_mono before;

	rig_watch_one();
	before = rig_view().heard;
	fake_clock_advance(&rig.clock, 5000);
	ck_assert_int_eq(rig_view().heard.ns, before.ns);
	kube_api_bookmark(rig.api, PODS);
	ck_assert(
	    POLL_UNTIL(sst_mono_diff_ms(rig_view().heard, before) == 5000));
}
END_TEST

void
add_watch_tests(TCase *tc)
{
	tcase_add_test(tc, what_a_watch_tells);
	tcase_add_test(tc, bookmarks_move_the_position_only);
	tcase_add_test(tc, events_that_are_strange);
	tcase_add_loop_test(tc, a_watch_that_ends_goes_on, 0, 2);
	tcase_add_test(tc, an_event_that_is_cut_comes_again);
	tcase_add_loop_test(tc, a_position_that_expired, 0, 2);
	tcase_add_loop_test(tc, one_that_expires_is_no_failure, 0, 2);
	tcase_add_test(tc, one_that_expires_while_it_was_away);
	tcase_add_test(tc, positions_that_always_expire);
	tcase_add_loop_test(tc, a_watch_that_fails, 0, WATCH_FAULTS);
	tcase_add_loop_test(tc, a_watch_that_fails_again_and_again, 0, 2);
	tcase_add_test(tc, trouble_does_not_flicker);
	tcase_add_loop_test(tc, a_server_that_is_away, 0, 2);
	tcase_add_test(tc, watches_that_are_too_short);
	tcase_add_loop_test(tc, a_server_that_is_younger, 0, 3);
	tcase_add_test(tc, a_watch_without_a_word);
	tcase_add_test(tc, after_hours_a_list_again);
	tcase_add_test(tc, only_lists_are_allowed);
	tcase_add_test(tc, a_kind_that_is_taken_away);
	tcase_add_test(tc, the_last_byte_is_known);
}
