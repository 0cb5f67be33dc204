/*
 * Long polls over sockets, from the thread of a connection (since is the
 * current revision) and from a worker (it is an older one that looks the
 * same). Ways it fails: a wake that is lost or needless, a peer that goes
 * away, a stop meanwhile.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "support/poll.h"
#include "unit/api/fake_past.h"
#include "unit/api/fake_service.h"
#include "unit/api/fake_watch.h"
#include "unit/api/suites.h"
#include "unit/api/wire.h"

static const char now[] = "/system/state?since=6&wait=30s";
static const char older[] = "/system/state?since=5&wait=30s";

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
	fake_past_hold(service, fake_snapshot(5, 200));
	fake_service_publish(service, fake_snapshot(6, 200));
	ck_assert_msg(sst_api_start(&settings, service, &api, &err) == SST_OK,
	    "%s", err.text);
	port = sst_api_port(api);
}

static void
teardown(void)
{
	sst_api_stop(&api, 5000);
	ck_assert_uint_eq(fake_watch_open_count(service), 0);
	fake_service_free(service);
}

static void
wait_open(struct wire *w, const char *path, unsigned waiting)
{
	wire_open(w, port);
	wire_get(w, path, "");
	fake_watch_await_waiting(service, waiting);
}

START_TEST(answers_when_woken)
{
	struct wire w;

	wait_open(&w, now, 1);
	ck_assert(!wire_has(&w, "HTTP"));
	fake_watch_send(service, SST_WATCH_TIME_OUT, 6, NULL);
	wire_expect(&w, "HTTP/1.1 304 Not Modified\r\n");
	wire_expect(&w, "\r\n\r\n");
	/* The same connection waits again, this time from a worker. */
	wire_get(&w, older, "");
	fake_watch_await_waiting(service, 1);
	fake_service_publish(service, fake_snapshot(7, 300));
	fake_watch_send(service, SST_WATCH_CHANGE, 7, NULL);
	wire_expect(&w, "HTTP/1.1 200 OK\r\n");
	wire_expect(&w, "Systate-Revision: 7\r\n");
	wire_close(&w);
}
END_TEST

START_TEST(does_not_lose_an_early_wake)
{
	struct wire w;
	int i;

	wire_open(&w, port);
	for (i = 0; i < 100; i++) {
		fake_watch_hurry(service, SST_WATCH_TIME_OUT, 1);
		wire_get(&w, i % 2 == 0 ? now : older, "");
		wire_expect(&w, "HTTP/1.1 304 Not Modified\r\n");
		wire_expect(&w, "\r\n\r\n");
	}
	wire_close(&w);
}
END_TEST

START_TEST(waits_on_after_a_needless_wake)
{
	struct wire w;
	int i;

	wait_open(&w, older, 1);
	for (i = 0; i < 100; i++) {
		fake_watch_disturb(service);
		fake_watch_await_waiting(service, 1);
	}
	ck_assert(!wire_has(&w, "HTTP"));
	fake_watch_send(service, SST_WATCH_TIME_OUT, 6, NULL);
	wire_expect(&w, "HTTP/1.1 304 Not Modified\r\n");
	wire_close(&w);
}
END_TEST

START_TEST(bears_a_peer_that_goes_away)
{
	struct wire w[4];
	int i;

	for (i = 0; i < 4; i++)
		wait_open(&w[i], i % 2 == 0 ? now : older, (unsigned)i + 1);
	for (i = 0; i < 4; i++)
		if (i < 2)
			wire_vanish(&w[i]);
		else
			wire_close(&w[i]);
	fake_watch_send(service, SST_WATCH_TIME_OUT, 6, NULL);
	fake_watch_await_open(service, 0);
}
END_TEST

START_TEST(answers_when_it_stops)
{
	struct wire w[4];
	int i;

	for (i = 0; i < 4; i++)
		wait_open(&w[i], i % 2 == 0 ? now : older, (unsigned)i + 1);
	sst_api_stop(&api, 20000);
	for (i = 0; i < 4; i++) {
		wire_expect(&w[i], "HTTP/1.1 304 Not Modified\r\n");
		wire_expect(&w[i], "Connection: close\r\n");
		ck_assert(wire_ended(&w[i]));
		wire_close(&w[i]);
	}
}
END_TEST

START_TEST(answers_a_thousand_at_once)
{
	enum { MANY = 1000 };
	struct wire *w = calloc(MANY, sizeof(*w));
	int i;

	ck_assert_ptr_nonnull(w);
	for (i = 0; i < MANY; i++)
		wait_open(&w[i], now, (unsigned)i + 1);
	fake_watch_send(service, SST_WATCH_TIME_OUT, 6, NULL);
	for (i = 0; i < MANY; i++) {
		wire_expect(&w[i], "HTTP/1.1 304 Not Modified\r\n");
		wire_close(&w[i]);
	}
	free(w);
}
END_TEST

TCase *
api_wait_case(void)
{
	TCase *tc = tcase_create("wait");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, answers_when_woken);
	tcase_add_test(tc, does_not_lose_an_early_wake);
	tcase_add_test(tc, waits_on_after_a_needless_wake);
	tcase_add_test(tc, bears_a_peer_that_goes_away);
	tcase_add_test(tc, answers_when_it_stops);
	tcase_add_test(tc, answers_a_thousand_at_once);
	return tc;
}
