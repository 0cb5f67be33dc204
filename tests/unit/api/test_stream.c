/*
 * Streams. Ways it fails: a wake that is lost because it comes before the
 * connection is suspended, or one too many; a peer that goes away, or reads
 * slowly and holds up others; a stop that finds suspended connections; many
 * that are woken at once.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "support/poll.h"
#include "unit/api/fake_service.h"
#include "unit/api/fake_watch.h"
#include "unit/api/suites.h"
#include "unit/api/wire.h"

static const char path[] = "/system/state/watch";

static struct sst_service *service;
static struct sst_api *api;
static unsigned port;

static void
setup(void)
{
	struct sst_api_settings settings = {.threads = 1};
	struct sst_error err;

	settings.limits.connections = 2000;
	service = fake_service_new(sst_clock_real());
	fake_service_publish(service, fake_snapshot(9, 0));
	ck_assert_msg(sst_api_start(&settings, service, &api, &err) == SST_OK,
	    "%s", err.text);
	port = sst_api_port(api);
}

static void
teardown(void)
{
	sst_api_stop(&api, 5000);
	fake_service_free(service);
}

/* A stream that has said hello, and waits. */
static void
stream_open(struct wire *w, unsigned waiting)
{
	wire_open(w, port);
	wire_get(w, path, "");
	wire_expect(w, "retry: 1000\n\n");
	fake_watch_await_waiting(service, waiting);
}

START_TEST(sends_its_head_at_once)
{
	struct wire w;

	wire_open(&w, port);
	wire_get(&w, path, "");
	wire_expect(&w, "HTTP/1.1 200 OK\r\n");
	wire_expect(&w, "Content-Type: text/event-stream; charset=utf-8\r\n");
	wire_expect(&w, "Transfer-Encoding: chunked\r\n");
	wire_expect(&w, "\r\nD\r\nretry: 1000\n\n\r\n");
	fake_watch_send(service, SST_WATCH_BOOKMARK, 4, NULL);
	wire_expect(&w, "id: 0123456789abcdef:4\n");
	wire_close(&w);
}
END_TEST

START_TEST(sends_bodies_of_any_size)
{
	enum { LARGE = 3000000 };
	char *body = malloc(LARGE + 1);
	struct wire w;

	ck_assert_ptr_nonnull(body);
	memset(body, 'x', LARGE);
	memcpy(body + LARGE - 8, "\"the end", 9);
	stream_open(&w, 1);
	fake_watch_send(service, SST_WATCH_STATE, 4, body);
	wire_expect(&w, "\"the end\n\n");
	fake_watch_send(service, SST_WATCH_BOOKMARK, 5, NULL);
	wire_expect(&w, "id: 0123456789abcdef:5\n");
	wire_close(&w);
	free(body);
}
END_TEST

START_TEST(does_not_lose_an_early_wake)
{
	struct wire w;

	fake_watch_hurry(service, SST_WATCH_BOOKMARK, 1000);
	wire_open(&w, port);
	wire_get(&w, path, "");
	wire_expect(&w, "\"revision\":1000}");
	wire_expect(&w, "\"revision\":1}");
	fake_watch_await_waiting(service, 1);
	fake_watch_send(service, SST_WATCH_BOOKMARK, 7777, NULL);
	wire_expect(&w, "\"revision\":7777}");
	wire_close(&w);
}
END_TEST

START_TEST(bears_a_needless_wake)
{
	struct wire w;
	int i;

	stream_open(&w, 1);
	for (i = 0; i < 100; i++) {
		fake_watch_disturb(service);
		fake_watch_await_waiting(service, 1);
	}
	fake_watch_send(service, SST_WATCH_BOOKMARK, 4, NULL);
	wire_expect(&w, "\"revision\":4}");
	wire_close(&w);
}
END_TEST

enum { CYCLES = 10000 };

/* The client answers each event by letting the next one be sent. */
START_TEST(is_woken_ten_thousand_times)
{
	char want[32];
	struct wire w;
	int i;

	stream_open(&w, 1);
	for (i = 1; i <= CYCLES; i++) {
		fake_watch_send(service, SST_WATCH_BOOKMARK, (uint64_t)i, NULL);
		snprintf(want, sizeof(want), "abcdef:%d\n", i);
		wire_expect(&w, want);
	}
	wire_close(&w);
}
END_TEST

static void *
send_main(void *arg)
{
	int i;

	(void)arg;
	for (i = 1; i <= CYCLES; i++)
		fake_watch_send(service, SST_WATCH_BOOKMARK, (uint64_t)i, NULL);
	return NULL;
}

/*
 * Nobody waits for anybody: a wake may come at any point of a suspension. With
 * HTTP/1.0, so that no chunk ends within the text that is looked for.
 */
START_TEST(keeps_the_order_when_events_race)
{
	pthread_t sender;
	char want[48];
	struct wire w;
	int i;

	wire_open(&w, port);
	wire_say(&w, "GET /system/state/watch HTTP/1.0\r\n\r\n");
	wire_expect(&w, "retry: 1000\n\n");
	fake_watch_await_waiting(service, 1);
	ck_assert_int_eq(pthread_create(&sender, NULL, send_main, NULL), 0);
	for (i = 1; i <= CYCLES; i++) {
		snprintf(want, sizeof(want), "id: 0123456789abcdef:%d\n", i);
		wire_expect(&w, want);
	}
	pthread_join(sender, NULL);
	wire_close(&w);
}
END_TEST

static bool
is_noticed(void)
{
	fake_watch_send(service, SST_WATCH_HEARTBEAT, 1, NULL);
	return fake_watch_open_count(service) == 0;
}

START_TEST(notices_a_peer_that_goes_away)
{
	struct wire w;

	stream_open(&w, 1);
	wire_vanish(&w);
	ck_assert(POLL_UNTIL(is_noticed()));
	stream_open(&w, 1);
	wire_close(&w);
	ck_assert(POLL_UNTIL(is_noticed()));
}
END_TEST

START_TEST(does_not_wait_for_a_slow_reader)
{
	enum { LARGE = 100000, EVENTS = 100 };
	char *body = malloc(LARGE + 1), want[48];
	struct wire slow, quick;
	int i;

	ck_assert_ptr_nonnull(body);
	memset(body, 'x', LARGE);
	body[LARGE] = '\0';
	wire_open_narrow(&slow, port);
	wire_get(&slow, path, "");
	wire_expect(&slow, "retry: 1000\n\n");
	stream_open(&quick, 2);
	/* 10 MB: more than any buffer on the way. */
	for (i = 1; i <= EVENTS; i++) {
		fake_watch_send(service, SST_WATCH_CHANGE, (uint64_t)i, body);
		snprintf(want, sizeof(want), "\nid: 0123456789abcdef:%d\n", i);
		wire_expect(&quick, want);
	}
	wire_expect(&slow, "\nid: 0123456789abcdef:1\n");
	ck_assert(!wire_has(&slow, "\nid: 0123456789abcdef:100\n"));
	wire_vanish(&slow);
	fake_watch_await_open(service, 1);
	wire_close(&quick);
	free(body);
}
END_TEST

START_TEST(tells_its_peers_when_it_stops)
{
	struct wire w[3];
	int i;

	for (i = 0; i < 3; i++)
		stream_open(&w[i], (unsigned)i + 1);
	sst_api_stop(&api, 20000);
	for (i = 0; i < 3; i++) {
		wire_expect(&w[i], "event: end\ndata: {\"reason\":"
				   "\"shutdown\"}\n\n\r\n0\r\n\r\n");
		ck_assert(wire_ended(&w[i]));
		wire_close(&w[i]);
	}
}
END_TEST

START_TEST(stops_with_a_reader_that_does_not_read)
{
	char *body = malloc(8000001);
	struct wire w;

	ck_assert_ptr_nonnull(body);
	memset(body, 'x', 8000000);
	body[8000000] = '\0';
	wire_open_narrow(&w, port);
	wire_get(&w, path, "");
	wire_expect(&w, "retry: 1000\n\n");
	fake_watch_await_waiting(service, 1);
	fake_watch_send(service, SST_WATCH_STATE, 1, body);
	sst_api_stop(&api, 100);
	ck_assert_uint_eq(fake_watch_open_count(service), 0);
	wire_close(&w);
	free(body);
}
END_TEST

START_TEST(answers_head_without_a_body)
{
	struct wire w;

	wire_open(&w, port);
	wire_say(&w, "HEAD /system/state/watch HTTP/1.1\r\n"
		     "Host: localhost\r\n\r\n"
		     "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
	wire_expect(&w, "HTTP/1.1 200 OK\r\n");
	wire_expect(&w, "text/event-stream");
	ck_assert(!wire_has(&w, "Content-Length: 0\r\n\r\n"));
	/* Nothing lies between the head and the next answer. */
	wire_expect(&w, "\r\n\r\nHTTP/1.1 200 OK\r\n");
	wire_expect(&w, "{\"status\":\"ok\"}");
	wire_close(&w);
}
END_TEST

START_TEST(serves_http_1_0)
{
	struct wire w;

	wire_open(&w, port);
	wire_say(&w, "GET /system/state/watch HTTP/1.0\r\n\r\n");
	wire_expect(&w, "\r\n\r\nretry: 1000\n\n");
	fake_watch_await_waiting(service, 1);
	fake_watch_send(service, SST_WATCH_BOOKMARK, 4, NULL);
	wire_expect(&w, "event: bookmark\n");
	sst_api_stop(&api, 20000);
	wire_expect(&w, "\n\nevent: end\n");
	ck_assert(wire_ended(&w));
	wire_close(&w);
}
END_TEST

START_TEST(serves_others_behind_a_stream_that_ended)
{
	struct wire w;

	stream_open(&w, 1);
	fake_watch_send(service, SST_WATCH_SLOW, 1, NULL);
	wire_expect(&w, "event: dropped\n");
	wire_expect(&w, "\r\n0\r\n\r\n");
	fake_watch_await_open(service, 0);
	wire_get(&w, "/healthz", "");
	wire_expect(&w, "{\"status\":\"ok\"}");
	wire_get(&w, path, "");
	wire_expect(&w, "retry: 1000\n\n");
	fake_watch_await_waiting(service, 1);
	wire_close(&w);
}
END_TEST

START_TEST(wakes_a_thousand_at_once)
{
	enum { MANY = 1000 };
	struct wire *w = calloc(MANY, sizeof(*w));
	int i;

	ck_assert_ptr_nonnull(w);
	for (i = 0; i < MANY; i++) {
		wire_open(&w[i], port);
		wire_get(&w[i], path, "");
	}
	fake_watch_await_waiting(service, MANY);
	fake_watch_send(service, SST_WATCH_BOOKMARK, 4, NULL);
	for (i = 0; i < MANY; i++)
		wire_expect(&w[i], "\"revision\":4}");
	fake_watch_await_waiting(service, MANY);
	sst_api_stop(&api, 20000);
	for (i = 0; i < MANY; i++) {
		wire_expect(&w[i], "event: end\n");
		wire_close(&w[i]);
	}
	free(w);
}
END_TEST

TCase *
api_stream_case(void)
{
	TCase *tc = tcase_create("stream");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, sends_its_head_at_once);
	tcase_add_test(tc, sends_bodies_of_any_size);
	tcase_add_test(tc, does_not_lose_an_early_wake);
	tcase_add_test(tc, bears_a_needless_wake);
	tcase_add_test(tc, is_woken_ten_thousand_times);
	tcase_add_test(tc, keeps_the_order_when_events_race);
	tcase_add_test(tc, notices_a_peer_that_goes_away);
	tcase_add_test(tc, does_not_wait_for_a_slow_reader);
	tcase_add_test(tc, tells_its_peers_when_it_stops);
	tcase_add_test(tc, stops_with_a_reader_that_does_not_read);
	tcase_add_test(tc, answers_head_without_a_body);
	tcase_add_test(tc, serves_http_1_0);
	tcase_add_test(tc, serves_others_behind_a_stream_that_ended);
	tcase_add_test(tc, wakes_a_thousand_at_once);
	return tc;
}
