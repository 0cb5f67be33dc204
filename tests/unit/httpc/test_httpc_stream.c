/*
 * The HTTP client's streams, and headers both ways: pieces as they come, no
 * bound on all of it, an end to silence.
 */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "httpc/client.h"
#include "support/fake_clock.h"
#include "support/upstream.h"

enum { MAX_BYTES = 1024 * 1024, LONG_MS = 20000 };

static struct upstream *up;
static struct sst_httpc *client;
static struct sst_httpc_response answer;
static struct sst_error err;

static void
setup(void)
{
	struct sst_httpc_options options = {0};

	ck_assert(upstream_start(&up));
	ck_assert(upstream_answer_text(
	    up, "/api/queues?page=1", 200, "[{\"name\":\"agent.tasks\"}]"));
	ck_assert_int_eq(
	    sst_httpc_new(&options, sst_clock_real(), &client, &err), SST_OK);
	memset(&answer, 0, sizeof(answer));
}

static void
teardown(void)
{
	sst_httpc_response_fini(&answer);
	sst_httpc_free(&client);
	upstream_stop(&up);
}

static int
get(void)
{
	struct sst_httpc_request request = {
	    .max_bytes = MAX_BYTES, .deadline = SST_MONO_NEVER};
	char url[128];

	snprintf(url, sizeof(url), "%s/api/queues?page=1", upstream_url(up));
	request.url = url;
	sst_httpc_response_fini(&answer);
	sst_error_clear(&err);
	return sst_httpc_get(client, &request, &answer, &err);
}

struct runner {
	struct sst_httpc *client;
	char url[128];
	struct sst_mono deadline, until;
	int64_t idle_ms;
	int code;
	struct sst_error err;
};

START_TEST(more_headers_are_sent)
{
	static const char *const more[] = {
	    "If-None-Match: \"abc\"", "Last-Event-ID: 0f:41", NULL};
	static const char *const two_in_one[] = {"A: b\r\nC: d", NULL};
	struct sst_httpc_request request = {.max_bytes = MAX_BYTES,
	    .deadline = SST_MONO_NEVER,
	    .accept = "text/event-stream",
	    .headers = more};
	char url[128], head[4096];

	snprintf(url, sizeof(url), "%s/api/queues?page=1", upstream_url(up));
	request.url = url;
	ck_assert_int_eq(
	    sst_httpc_get(client, &request, &answer, &err), SST_OK);
	upstream_last_request(up, head, sizeof(head));
	ck_assert_ptr_nonnull(strstr(head, "If-None-Match: \"abc\"\r\n"));
	ck_assert_ptr_nonnull(strstr(head, "Last-Event-ID: 0f:41\r\n"));
	ck_assert_ptr_nonnull(strstr(head, "Accept: text/event-stream\r\n"));
	/* and not by the next one */
	ck_assert_int_eq(get(), SST_OK);
	upstream_last_request(up, head, sizeof(head));
	ck_assert_ptr_null(strstr(head, "Last-Event-ID"));
	sst_httpc_response_fini(&answer);
	request.headers = two_in_one;
	ck_assert_int_eq(
	    sst_httpc_get(client, &request, &answer, &err), SST_INVALID);
	ck_assert_ptr_nonnull(strstr(err.text, "control character"));
}
END_TEST

START_TEST(headers_of_the_answer)
{
	ck_assert_ptr_null(sst_httpc_header(client, "Server"));
	ck_assert_int_eq(get(), SST_OK);
	ck_assert_str_eq(sst_httpc_header(client, "server"), "test double");
	ck_assert_str_eq(
	    sst_httpc_header(client, "Content-Type"), "application/json");
	ck_assert_ptr_null(sst_httpc_header(client, "ETag"));
}
END_TEST

/* What a stream gave, and when it is to end. */
struct reader {
	size_t bytes, pieces, most; /* most: bytes after which it has enough */
	unsigned opened;
	char first[16];
};

static void
reader_opened(void *ctx)
{
	struct reader *r = ctx;

	ck_assert_uint_eq(r->pieces, 0);
	r->opened++;
}

static bool
reader_piece(const char *bytes, size_t len, void *ctx)
{
	struct reader *r = ctx;

	ck_assert_ptr_nonnull(sst_httpc_header(client, "Server"));
	ck_assert_uint_eq(r->opened, 1);
	if (r->pieces++ == 0)
		snprintf(r->first, sizeof(r->first), "%.*s",
		    len < 15 ? (int)len : 15, bytes);
	r->bytes += len;
	return r->most == 0 || r->bytes < r->most;
}

static int
stream(struct reader *r, struct sst_mono deadline)
{
	struct sst_httpc_stream s = {.opened = reader_opened,
	    .piece = reader_piece,
	    .ctx = r,
	    .idle_ms = LONG_MS,
	    .request = {.max_bytes = MAX_BYTES, .deadline = deadline}};
	char url[128];

	snprintf(url, sizeof(url), "%s/api/queues?page=1", upstream_url(up));
	s.request.url = url;
	sst_httpc_response_fini(&answer);
	sst_error_clear(&err);
	return sst_httpc_stream(client, &s, &answer, &err);
}

START_TEST(a_stream_to_its_end)
{
	struct upstream_fault fault = {
	    .kind = UPSTREAM_HUGE_CHUNKED, .size = 4 * MAX_BYTES};
	struct reader r = {0};

	ck_assert_int_eq(stream(&r, SST_MONO_NEVER), SST_OK);
	ck_assert_int_eq(answer.status, 200);
	ck_assert_uint_eq(answer.len, 0);
	ck_assert_str_eq(r.first, "[{\"name\":\"agent");
	/* max_bytes is no bound of a stream, announced or not */
	upstream_misbehave(up, "", &fault);
	memset(&r, 0, sizeof(r));
	ck_assert_int_eq(stream(&r, SST_MONO_NEVER), SST_OK);
	ck_assert_uint_eq(r.bytes, 4 * MAX_BYTES);
	ck_assert_uint_gt(r.pieces, 1);
	fault.kind = UPSTREAM_HUGE;
	upstream_misbehave(up, "", &fault);
	memset(&r, 0, sizeof(r));
	ck_assert_int_eq(stream(&r, SST_MONO_NEVER), SST_OK);
	ck_assert_uint_eq(r.bytes, 4 * MAX_BYTES);
	/* and a whole body has its bound again */
	ck_assert_int_eq(get(), SST_TOO_LARGE);
}
END_TEST

START_TEST(a_reader_ends_a_stream)
{
	struct upstream_fault fault = {
	    .kind = UPSTREAM_HUGE, .size = 100000000};
	struct reader r = {.most = 100000};

	upstream_misbehave(up, "", &fault);
	ck_assert_int_eq(stream(&r, SST_MONO_NEVER), SST_CANCELED);
	ck_assert_uint_lt(r.bytes, MAX_BYTES);
	upstream_misbehave(up, "", NULL);
	ck_assert_int_eq(get(), SST_OK);
}
END_TEST

START_TEST(a_stream_that_is_cut)
{
	struct upstream_fault fault = {.kind = UPSTREAM_CUT_CHUNK};
	struct reader r = {0};

	upstream_misbehave(up, "", &fault);
	ck_assert_int_eq(stream(&r, SST_MONO_NEVER), SST_TRUNCATED);
	ck_assert_uint_gt(r.bytes, 0);
}
END_TEST

START_TEST(a_stream_that_is_refused)
{
	struct upstream_fault fault = {
	    .kind = UPSTREAM_STATUS, .status = 503, .retry_after = 7};
	struct reader r = {0};

	upstream_misbehave(up, "", &fault);
	ck_assert_int_eq(stream(&r, SST_MONO_NEVER), SST_OK);
	ck_assert_int_eq(answer.status, 503);
	ck_assert_int_eq(answer.retry_after_ms, 7000);
	ck_assert_str_eq(answer.body, "{\"error\":\"on order\"}");
	ck_assert_uint_eq(r.pieces, 0);
	ck_assert_uint_eq(r.opened, 0);
}
END_TEST

static void *
stream_main(void *ctx)
{
	struct runner *r = ctx;
	struct sst_httpc_response got = {0};
	struct reader reader = {0};
	struct sst_httpc_stream s = {.opened = reader_opened,
	    .piece = reader_piece,
	    .ctx = &reader,
	    .idle_ms = r->idle_ms,
	    .until = r->until,
	    .request = {.url = r->url,
		.max_bytes = MAX_BYTES,
		.deadline = r->deadline}};

	r->code = sst_httpc_stream(r->client, &s, &got, &r->err);
	sst_httpc_response_fini(&got);
	return NULL;
}

/* Held before the first header (its deadline is 2 s), and in the body: silent
 * for too long, and not silent but too old. */
START_TEST(a_stream_has_its_time)
{
	struct upstream_fault fault = {
	    .kind = _i == 0 ? UPSTREAM_HOLD : UPSTREAM_HOLD_BODY};
	struct sst_httpc_options options = {0};
	struct fake_clock hands;
	struct runner r = {0};
	pthread_t thread;
	char url[128];

	fake_clock_init(&hands);
	sst_httpc_free(&client);
	ck_assert_int_eq(
	    sst_httpc_new(&options, &hands.clock, &client, &err), SST_OK);
	upstream_misbehave(up, "", &fault);
	r.client = client;
	r.deadline = sst_mono_add_ms(sst_clock_mono(&hands.clock), 2000);
	r.idle_ms = _i == 1 ? 5000 : 1000000000;
	if (_i == 2)
		r.until = sst_mono_add_ms(r.deadline, 3000);
	snprintf(url, sizeof(url), "%s/api/queues?page=1", upstream_url(up));
	memcpy(r.url, url, sizeof(url));
	ck_assert_int_eq(pthread_create(&thread, NULL, stream_main, &r), 0);
	ck_assert(upstream_wait_calls(up, "/api", 1));
	/* in the second case the header may come before or after this */
	fake_clock_advance(&hands, _i == 0 ? 2001 : 1000);
	while (_i != 0 && pthread_tryjoin_np(thread, NULL) != 0)
		fake_clock_advance(&hands, 100);
	if (_i == 0)
		pthread_join(thread, NULL);
	ck_assert_int_eq(r.code, SST_TIMEOUT);
	upstream_release(up);
	fake_clock_fini(&hands);
}
END_TEST

static void
add_stream_tests(TCase *tc)
{
	tcase_add_test(tc, more_headers_are_sent);
	tcase_add_test(tc, headers_of_the_answer);
	tcase_add_test(tc, a_stream_to_its_end);
	tcase_add_test(tc, a_reader_ends_a_stream);
	tcase_add_test(tc, a_stream_that_is_cut);
	tcase_add_test(tc, a_stream_that_is_refused);
	tcase_add_loop_test(tc, a_stream_has_its_time, 0, 3);
}

int
main(void)
{
	Suite *s = suite_create("httpc_stream");
	TCase *tc = tcase_create("httpc_stream");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	add_stream_tests(tc);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
