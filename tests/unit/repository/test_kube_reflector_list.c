/* Lists: pages, what expires, what fails, and taking turns. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_kube_reflector.h"
#include "test_kube_reflector_support.h"

static void
put_pods(unsigned count)
{
	char name[32];
	unsigned i;

	for (i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "pod-%02u", i);
		rig_put(name);
	}
}

START_TEST(a_list_in_pages)
{
	char head[4096];

	put_pods(5);
	rig.settings.page_size = 2;
	rig_watch();
	ck_assert_uint_eq(kube_api_calls(rig.api, PODS "?limit=2"), 3);
	ck_assert_uint_eq(
	    kube_api_calls(rig.api, PODS "?limit=2&continue="), 2);
	/* encoded, and never with a position */
	kube_api_last_request(
	    rig.api, PODS "?limit=2&continue=", head, sizeof(head));
	ck_assert_ptr_nonnull(strstr(head, "&continue=eyJ2%2B1%2F4%3D%3D "));
	ck_assert_ptr_null(strstr(head, "resourceVersion"));
	ck_assert_ptr_nonnull(strstr(head, "\r\nAccept-Encoding: gzip\r\n"));
	ck_assert_ptr_nonnull(strstr(head, "\r\nAccept: application/json\r\n"));
	ck_assert_ptr_nonnull(strstr(head, "\r\nUser-Agent: systate/"));
	ck_assert_uint_eq(rig_count(), 5);
	ck_assert_uint_eq(rig_told(&rig.sink.listed), 5);
	ck_assert_uint_eq(rig_told(&rig.sink.synced), 1);
	ck_assert_uint_eq(rig_told(&rig.sink.abandoned), 0);
	ck_assert_uint_eq(rig_view().lists, 1);
	ck_assert(rig_view().synced);
	ck_assert_int_eq(rig_view().error.code, SST_OK);
	ck_assert_str_eq(rig_view().resource_version, "1005");
}
END_TEST

/* An object that is changed between two pages comes by the watch. */
START_TEST(the_position_is_that_of_the_first_page)
{
	struct kube_api_fault hold = {.kind = KUBE_API_HOLD};
	uint64_t version;

	put_pods(3);
	rig.settings.page_size = 2;
	kube_api_misbehave(rig.api, PODS "?limit=2&continue=", &hold);
	rig_start();
	ck_assert(kube_api_wait_calls(rig.api, PODS "?limit=2&continue=", 1));
	ck_assert(!rig_view().synced);
	ck_assert_int_eq(rig_view().state, SST_KUBE_STARTING);
	version = kube_api_touch(rig.api, PODS, "agents", "pod-00");
	kube_api_release(rig.api);
	rig_wait_version(version);
	ck_assert_uint_eq(rig_told(&rig.sink.modified), 1);
	ck_assert_uint_eq(
	    kube_api_calls(rig.api, PODS_WATCH "=1&resourceVersion=1003&"), 1);
}
END_TEST

START_TEST(nothing_is_a_list_too)
{
	rig_watch();
	ck_assert(rig_view().synced);
	ck_assert_uint_eq(rig_told(&rig.sink.begun), 1);
	ck_assert_uint_eq(rig_told(&rig.sink.synced), 1);
	ck_assert_uint_eq(rig_count(), 0);
	ck_assert_uint_eq(kube_api_calls(rig.api, PODS "?limit=500"), 1);
}
END_TEST

START_TEST(one_namespace_and_a_selector)
{
	char head[4096];

	rig_put("a1");
	rig_put("b1");
	kube_api_put(rig.api, PODS,
	    "{\"metadata\":{\"name\":\"a2\",\"namespace\":\"other\","
	    "\"labels\":{\"app\":\"a\"}}}");
	rig.settings.namespace = "agents";
	rig.settings.labels = "app=a";
	rig_watch();
	ck_assert_uint_eq(rig_count(), 1);
	ck_assert(rig_has("a1"));
	kube_api_last_request(rig.api, "/api/v1/namespaces/agents/pods?watch=1",
	    head, sizeof(head));
	ck_assert_ptr_nonnull(strstr(head, "&labelSelector=app%3Da "));
	ck_assert_uint_eq(
	    kube_api_calls(rig.api, "/api/v1/namespaces/agents/pods?limit=500&"
				    "labelSelector=app%3Da"),
	    1);
	rig_put("a3");
	rig_put("b3");
	kube_api_delete(rig.api, PODS, "agents", "a1");
	ck_assert(POLL_UNTIL(rig_has("a3") && !rig_has("a1")));
	ck_assert_uint_eq(rig_count(), 1);
}
END_TEST

START_TEST(names_are_encoded)
{
	rig.settings.namespace = "a/b?c";
	rig.settings.labels = "x in (a,b)&limit=1";
	rig_start();
	ck_assert(kube_api_wait_calls(rig.api,
	    "/api/v1/namespaces/a%2Fb%3Fc/pods?limit=500&labelSelector="
	    "x%20in%20%28a%2Cb%29%26limit%3D1",
	    1));
}
END_TEST

START_TEST(only_metadata)
{
	char head[4096];

	kube_api_ignore_accept(rig.api, _i == 1);
	rig_put("a");
	rig.settings.metadata_only = true;
	rig_watch();
	kube_api_last_request(rig.api, PODS_LIST, head, sizeof(head));
	ck_assert_ptr_nonnull(strstr(head,
	    "\r\nAccept: application/json;as=PartialObjectMetadataList;v=v1;"
	    "g=meta.k8s.io,application/json\r\n"));
	kube_api_last_request(rig.api, PODS_WATCH, head, sizeof(head));
	ck_assert_ptr_nonnull(strstr(head,
	    "\r\nAccept: application/json;as=PartialObjectMetadata;v=v1;"
	    "g=meta.k8s.io,application/json\r\n"));
	rig_wait_version(rig_put("b"));
	ck_assert_uint_eq(rig_count(), 2);
	ck_assert_int_eq(rig.sink.whole, _i == 1);
}
END_TEST

/* The token dies in the middle of a list: from the start, without a word. */
START_TEST(pages_that_expire)
{
	struct kube_api_fault hold = {.kind = KUBE_API_HOLD, .times = 1};

	put_pods(5);
	rig.settings.page_size = 2;
	kube_api_misbehave(rig.api, PODS "?limit=2&continue=", &hold);
	rig_start();
	ck_assert(kube_api_wait_calls(rig.api, PODS "?limit=2&continue=", 1));
	kube_api_delete(rig.api, PODS, "agents", "pod-00");
	kube_api_compact(rig.api, false);
	kube_api_release(rig.api);
	ck_assert_int_ge(rig_delay(), 800);
	ck_assert_int_eq(rig_view().state, SST_KUBE_STARTING);
	ck_assert_int_eq(rig_view().error.code, SST_OK);
	ck_assert_uint_eq(rig_told(&rig.sink.abandoned), 1);
	rig_retry();
	rig_wait_state(SST_KUBE_WATCHING);
	ck_assert_uint_eq(rig_count(), 4);
	ck_assert_uint_eq(rig_view().lists, 2);
	/* the token that the 410 offers was not taken */
	ck_assert_uint_eq(
	    kube_api_calls(rig.api, PODS "?limit=2&continue=eyJpbmNvbnNpc3"),
	    0);
}
END_TEST

START_TEST(pages_that_always_expire)
{
	struct kube_api_fault gone = {.kind = KUBE_API_STATUS,
	    .status = 410,
	    .message = "too old resource version: 17 (4711)"};
	unsigned i;

	put_pods(3);
	rig.settings.page_size = 2;
	kube_api_misbehave(rig.api, PODS "?limit=2&continue=", &gone);
	rig_start();
	for (i = 1; i < 3; i++) {
		rig_delay();
		ck_assert_int_eq(rig_view().state, SST_KUBE_STARTING);
		rig_retry();
	}
	rig_delay();
	rig_wait_state(SST_KUBE_FAILING);
	ck_assert_int_eq(rig_view().error.code, SST_GONE);
	ck_assert_str_eq(rig_view().error.text,
	    "GET " PODS ": lists expire before their last page");
	ck_assert_uint_eq(rig_told(&rig.sink.abandoned), 3);
	kube_api_behave(rig.api);
	rig_retry();
	rig_wait_state(SST_KUBE_WATCHING);
	ck_assert_int_eq(rig_view().error.code, SST_OK);
}
END_TEST

struct list_fault {
	struct kube_api_fault fault;
	int code;
	int64_t least_ms, most_ms; /* it waits so long, first */
	int64_t turn_ms;           /* for those that hang */
	const char *text;          /* the end of error.text; NULL: any */
};

static const struct list_fault list_faults[] = {
    {{.kind = KUBE_API_STATUS, .status = 401}, SST_UNAUTHORIZED, 800, 1600, 0,
	NULL},
    {{.kind = KUBE_API_STATUS,
	 .status = 403,
	 .message = "pods is forbidden: User \"x1\" cannot list"},
	SST_FORBIDDEN, 30000, 60000, 0, ": User \"x1\" cannot list"},
    {{.kind = KUBE_API_STATUS, .status = 404}, SST_NOT_FOUND, 30000, 60000, 0,
	NULL},
    {{.kind = KUBE_API_STATUS_TEXT,
	 .status = 404,
	 .message = "404 page not found\n"},
	SST_NOT_FOUND, 30000, 60000, 0, "404 page not found"},
    {{.kind = KUBE_API_STATUS, .status = 405}, SST_PROTOCOL, 30000, 60000, 0,
	NULL},
    {{.kind = KUBE_API_STATUS_TEXT,
	 .status = 429,
	 .retry_after = 7,
	 .message = "Too many requests, please try again later."},
	SST_RATE_LIMITED, 7000, 7000, 0, "please try again later."},
    {{.kind = KUBE_API_STATUS, .status = 429}, SST_RATE_LIMITED, 800, 1600, 0,
	NULL},
    {{.kind = KUBE_API_STATUS, .status = 500, .message = "rpc error at 4711"},
	SST_UPSTREAM, 800, 1600, 0, NULL},
    {{.kind = KUBE_API_STATUS_TEXT,
	 .status = 503,
	 .retry_after = 1,
	 .message = "upstream connect error"},
	SST_UPSTREAM, 1000, 1600, 0, "upstream connect error"},
    {{.kind = KUBE_API_GARBAGE}, SST_SYNTAX, 800, 1600, 0, NULL},
    {{.kind = KUBE_API_WRONG_TYPE}, SST_SYNTAX, 800, 1600, 0, NULL},
    {{.kind = KUBE_API_SHORT}, SST_TRUNCATED, 800, 1600, 0, NULL},
    {{.kind = KUBE_API_CUT}, SST_TRUNCATED, 800, 1600, 0, NULL},
    {{.kind = KUBE_API_CLOSE}, SST_TRUNCATED, 800, 1600, 0, NULL},
    {{.kind = KUBE_API_HUGE, .size = RIG_MAX_BYTES}, SST_TOO_LARGE, 800, 1600,
	0, "an object of more than 65536 bytes"},
    {{.kind = KUBE_API_HOLD}, SST_TIMEOUT, 800, 1600, 60001, NULL},
    {{.kind = KUBE_API_HOLD_BODY}, SST_TIMEOUT, 800, 1600, 120001, NULL},
};

enum { LIST_FAULTS = sizeof(list_faults) / sizeof(list_faults[0]) };

/* Waits for one more list, which fails as the fault says; the delay. */
static int64_t
fail_once(const struct list_fault *f, unsigned before)
{
	ck_assert(kube_api_wait_calls(rig.api, PODS_LIST, before + 1));
	if (f->turn_ms > 0)
		fake_clock_advance(&rig.clock, f->turn_ms);
	return rig_delay();
}

static void
check_failed(const struct list_fault *f, int64_t ms)
{
	struct sst_kube_reflector_view view = rig_view();
	size_t len = strlen(view.error.text);

	ck_assert_int_ge(ms, f->least_ms);
	ck_assert_int_le(ms, f->most_ms);
	ck_assert_int_eq(view.state, SST_KUBE_FAILING);
	ck_assert_msg(view.error.code == f->code, "%d, not %d: %s",
	    view.error.code, f->code, view.error.text);
	ck_assert_ptr_nonnull(strstr(view.error.text, PODS));
	/* no position in it */
	ck_assert_ptr_null(strstr(view.error.text, "4711"));
	if (f->text != NULL)
		ck_assert_str_eq(
		    view.error.text + len - strlen(f->text), f->text);
}

START_TEST(a_list_that_fails)
{
	const struct list_fault *f = &list_faults[_i];
	struct sst_kube_reflector_view first;
	unsigned calls;

	put_pods(3);
	kube_api_misbehave(rig.api, PODS_LIST, &f->fault);
	rig_start();
	check_failed(f, fail_once(f, 0));
	first = rig_view();
	ck_assert(!first.synced);
	ck_assert_uint_eq(rig_told(&rig.sink.changed), 1);
	/* the same again is the same, and no news */
	calls = kube_api_calls(rig.api, PODS_LIST);
	rig_retry();
	fail_once(f, calls);
	ck_assert_str_eq(rig_view().error.text, first.error.text);
	ck_assert_uint_eq(rig_told(&rig.sink.changed), 1);
	ck_assert_uint_eq(rig_told(&rig.sink.synced), 0);
	ck_assert_uint_eq(
	    rig_told(&rig.sink.begun), rig_told(&rig.sink.abandoned));
	kube_api_behave(rig.api);
	rig_retry();
	rig_wait_state(SST_KUBE_WATCHING);
	ck_assert_int_eq(rig_view().error.code, SST_OK);
	ck_assert_uint_eq(rig_count(), 3);
}
END_TEST

/* It takes nothing away from what was known. */
START_TEST(a_list_that_fails_later)
{
	const struct list_fault *f = &list_faults[_i];
	struct kube_api_fault gone = {
	    .kind = KUBE_API_ERROR_EVENT, .status = 410, .times = 1};
	unsigned calls;

	put_pods(3);
	rig_watch();
	calls = kube_api_calls(rig.api, PODS_LIST);
	kube_api_misbehave(rig.api, PODS_LIST, &f->fault);
	kube_api_misbehave(rig.api, PODS_WATCH, &gone);
	fake_clock_advance(&rig.clock, 1000);
	kube_api_end_watches(rig.api, PODS);
	rig_retry();
	fail_once(f, calls);
	rig_wait_state(SST_KUBE_FAILING);
	ck_assert_int_eq(rig_view().error.code, f->code);
	ck_assert(rig_view().synced);
	ck_assert_uint_eq(rig_count(), 3);
	kube_api_behave(rig.api);
	rig_retry();
	rig_wait_state(SST_KUBE_WATCHING);
	ck_assert_uint_eq(rig_told(&rig.sink.synced), 2);
	ck_assert_int_eq(rig_view().error.code, SST_OK);
}
END_TEST

START_TEST(back_off_grows_and_is_forgotten)
{
	static const int64_t steps[] = {
	    800, 1600, 3200, 6400, 12800, 25600, 30000, 30000, 30000};
	bool other = false;
	int64_t ms;
	size_t i;

	ck_assert(kube_api_refuse(rig.api, true));
	rig_start();
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		ms = rig_retry();
		ck_assert_int_ge(ms, steps[i]);
		ck_assert_int_lt(ms, steps[i] * 2);
		other |= ms != steps[i];
		ck_assert_int_eq(rig_view().error.code, SST_UNREACHABLE);
	}
	ck_assert(other);
	rig_delay();
	ck_assert(kube_api_refuse(rig.api, false));
	rig_retry();
	rig_wait_state(SST_KUBE_WATCHING);
	fake_clock_advance(&rig.clock, 120001);
	ck_assert(kube_api_refuse(rig.api, true));
	ms = rig_delay();
	ck_assert_int_ge(ms, 800);
	ck_assert_int_lt(ms, 1600);
	ck_assert(kube_api_refuse(rig.api, false));
}
END_TEST

/* Answers that are JSON, and no list. */
START_TEST(what_is_no_list)
{
	static const char *const bodies[] = {
	    "{\"kind\":\"Status\",\"metadata\":{},\"status\":\"Failure\"}",
	    "{\"kind\":\"Pod\",\"metadata\":{\"resourceVersion\":\"7\"}}",
	    "{\"kind\":\"PodList\",\"metadata\":{},\"items\":[]}",
	    ("{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":7},"
	     "\"items\":[]}"),
	    "{\"kind\":\"PodList\",\"items\":[]}"};
	struct kube_api_fault fault = {
	    .kind = KUBE_API_STATUS_TEXT, .status = 200, .message = bodies[_i]};

	kube_api_misbehave(rig.api, PODS_LIST, &fault);
	rig_start();
	rig_wait_state(SST_KUBE_FAILING);
	ck_assert_int_eq(rig_view().error.code, SST_TYPE);
	ck_assert_uint_eq(rig_told(&rig.sink.synced), 0);
}
END_TEST

START_TEST(pages_that_come_to_no_end)
{
	struct kube_api_fault fault = {.kind = KUBE_API_STATUS_TEXT,
	    .status = 200,
	    .message = "{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\""
		       ":\"7\",\"continue\":\"again\"},\"items\":[{\"metadata\""
		       ":{\"name\":\"a\",\"uid\":\"u\"}}]}"};

	kube_api_misbehave(rig.api, PODS_LIST, &fault);
	rig_start();
	rig_wait_state(SST_KUBE_FAILING);
	ck_assert_int_eq(rig_view().error.code, SST_PROTOCOL);
	ck_assert_uint_eq(kube_api_calls(rig.api, PODS_LIST), 2);
	ck_assert_uint_eq(rig_told(&rig.sink.abandoned), 1);
}
END_TEST

START_TEST(objects_that_are_refused)
{
	put_pods(2);
	kube_api_put(rig.api, PODS,
	    "{\"metadata\":{\"name\":\"x\",\"labels\":{\"refuse\":\"y\"}}}");
	rig_watch();
	ck_assert_uint_eq(rig_count(), 2);
	ck_assert_uint_eq(rig_view().rejected, 1);
	ck_assert_int_eq(rig_view().first_reject.code, SST_TYPE);
	ck_assert_str_eq(rig_view().first_reject.text, "/spec: refused");
	rig_wait_version(kube_api_touch(rig.api, PODS, "", "x"));
	ck_assert_uint_eq(rig_view().rejected, 2);
	ck_assert_uint_eq(rig_view().events, 1);
	ck_assert_int_eq(rig_view().state, SST_KUBE_WATCHING);
	ck_assert_int_eq(rig_view().error.code, SST_OK);
}
END_TEST

static struct sst_kube_reflector *
other_reflector(struct rig_sink *sink)
{
	struct sst_kube_reflector_settings settings = rig.settings;
	struct sst_kube_reflector *other;
	struct sst_error err;

	rig_sink_init(sink, &settings.sink);
	settings.group = "/apis/apps/v1";
	settings.resource = "deployments";
	ck_assert_int_eq(
	    sst_kube_reflector_new(&settings, &other, &err), SST_OK);
	ck_assert_int_eq(sst_kube_reflector_start(other, &err), SST_OK);
	return other;
}

static void
other_end(struct sst_kube_reflector *other, struct rig_sink *sink)
{
	sst_kube_reflector_ask_stop(other);
	sst_kube_reflector_join(other);
	sst_kube_reflector_free(&other);
	rig_sink_fini(sink);
}

static bool
other_synced(struct sst_kube_reflector *other)
{
	struct sst_kube_reflector_view view;

	sst_kube_reflector_read(other, &view);
	return view.synced;
}

START_TEST(lists_take_turns)
{
	struct kube_api_fault hold = {.kind = KUBE_API_HOLD, .times = 1};
	struct sst_kube_reflector *other;
	struct rig_sink sink;

	kube_api_misbehave(rig.api, PODS_LIST, &hold);
	rig_start();
	ck_assert(kube_api_wait_calls(rig.api, PODS_LIST, 1));
	/* one that waits for its turn can be stopped */
	other = other_reflector(&sink);
	other_end(other, &sink);
	ck_assert_uint_eq(kube_api_calls(rig.api, "/apis/"), 0);
	other = other_reflector(&sink);
	ck_assert_uint_eq(kube_api_calls(rig.api, "/apis/"), 0);
	if (_i == 0) {
		kube_api_release(rig.api);
	} else if (_i == 1) {
		/* one that hangs does not hold the others for ever */
		fake_clock_advance(&rig.clock, 60001);
	} else {
		rig_stop();
	}
	ck_assert(POLL_UNTIL(other_synced(other)));
	other_end(other, &sink);
}
END_TEST

START_TEST(a_list_that_is_packed)
{
	ck_assert(kube_api_replay(
	    rig.api, PODS_LIST, RECORDINGS "a_pods_all_namespaces_gzip.http"));
	rig_watch();
	ck_assert_uint_eq(rig_count(), 20);
	ck_assert_str_eq(rig_view().resource_version, "660");
}
END_TEST

/* 2,000 pods in four pages, twice. */
START_TEST(a_large_list)
{
	struct kube_api_world world = {.deployments = 20, .pods_each = 100};
	char head[4096];

	kube_api_populate(rig.api, &world);
	rig_watch();
	ck_assert_uint_eq(rig_count(), 2000);
	ck_assert_uint_eq(kube_api_calls(rig.api, PODS_LIST), 4);
	kube_api_last_request(rig.api, PODS_WATCH, head, sizeof(head));
	ck_assert_ptr_null(strstr(head, "Accept-Encoding"));
	rig_wait_version(kube_api_churn(rig.api, NULL, 0));
	kube_api_compact(rig.api, false);
	kube_api_refuse(rig.api, true);
	rig_delay();
	kube_api_restore(rig.api, 500000);
	kube_api_refuse(rig.api, false);
	rig_retry();
	rig_retry();
	ck_assert(POLL_UNTIL(rig_told(&rig.sink.synced) == 2));
	ck_assert_uint_eq(rig_count(), 2000);
}
END_TEST

void
add_list_tests(TCase *tc)
{
	tcase_add_test(tc, a_list_in_pages);
	tcase_add_test(tc, the_position_is_that_of_the_first_page);
	tcase_add_test(tc, nothing_is_a_list_too);
	tcase_add_test(tc, one_namespace_and_a_selector);
	tcase_add_test(tc, names_are_encoded);
	tcase_add_loop_test(tc, only_metadata, 0, 2);
	tcase_add_test(tc, pages_that_expire);
	tcase_add_test(tc, pages_that_always_expire);
	tcase_add_loop_test(tc, a_list_that_fails, 0, LIST_FAULTS);
	tcase_add_loop_test(tc, a_list_that_fails_later, 0, LIST_FAULTS);
	tcase_add_test(tc, back_off_grows_and_is_forgotten);
	tcase_add_loop_test(tc, what_is_no_list, 0, 5);
	tcase_add_test(tc, pages_that_come_to_no_end);
	tcase_add_test(tc, objects_that_are_refused);
	tcase_add_loop_test(tc, lists_take_turns, 0, 3);
	tcase_add_test(tc, a_list_that_is_packed);
	tcase_add_test(tc, a_large_list);
}
