/*
 * Requests that wait for a worker. Ways it fails: the peer goes away
 * meanwhile, the service stops meanwhile, too many wait, what comes behind on
 * the same connection is lost or comes first.
 *
 * The request is for a watch from an old revision: a worker looks for that,
 * and stands at the gate of the fake past. The watch is then refused, which is
 * an answer that ends.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "api/workers.h"
#include "support/poll.h"
#include "unit/api/fake_past.h"
#include "unit/api/fake_service.h"
#include "unit/api/fake_watch.h"
#include "unit/api/suites.h"
#include "unit/api/wire.h"

static const char path[] = "/system/state/watch";
static const char old_id[] = "Last-Event-ID: 0123456789abcdef:1\r\n";
static const char busy[] = "HTTP/1.1 503 Service Unavailable\r\n";

static struct sst_service *service;
static struct sst_api *api;
static unsigned port;

static void
setup(void)
{
	struct sst_api_settings settings = {.threads = 1};
	struct sst_error err;

	service = fake_service_new(sst_clock_real());
	fake_past_hold(service, fake_snapshot(1, 0));
	fake_service_publish(service, fake_snapshot(9, 0));
	fake_past_shut(service);
	fake_watch_limit(service, 0);
	ck_assert_msg(sst_api_start(&settings, service, &api, &err) == SST_OK,
	    "%s", err.text);
	port = sst_api_port(api);
}

static void
teardown(void)
{
	fake_past_unshut(service);
	sst_api_stop(&api, 5000);
	ck_assert_uint_eq(fake_past_open_count(service), 0);
	fake_service_free(service);
}

/* Whether /metrics has that line. */
static bool
metric_is(const char *line)
{
	char text[128];
	struct wire w;
	bool has;

	snprintf(text, sizeof(text), "\n%s\n", line);
	wire_open(&w, port);
	wire_say(&w, "GET /metrics HTTP/1.0\r\n\r\n");
	has = wire_find(&w, text);
	wire_close(&w);
	return has;
}

START_TEST(waits_without_blocking_others)
{
	struct wire parked, other;

	wire_open(&parked, port);
	wire_get(&parked, path, old_id);
	fake_past_await_readers(service, 1);
	/* There is one thread for connections. */
	wire_open(&other, port);
	wire_get(&other, "/healthz", "");
	wire_expect(&other, "{\"status\":\"ok\"}");
	ck_assert(metric_is("systate_http_requests_parked 1"));
	ck_assert(metric_is("systate_http_worker_jobs_total 1"));
	ck_assert(!wire_has(&parked, "HTTP"));
	fake_past_unshut(service);
	wire_expect(&parked, busy);
	wire_expect(&parked, "/problems/too-many-watchers");
	ck_assert(metric_is("systate_http_requests_parked 0"));
	wire_close(&parked);
	wire_close(&other);
}
END_TEST

START_TEST(keeps_the_connection_and_the_order)
{
	struct wire w;

	wire_open(&w, port);
	/* The second and third come in the same packet. */
	wire_say(&w, "GET /system/state/watch HTTP/1.1\r\nHost: localhost\r\n"
		     "Last-Event-ID: 0123456789abcdef:1\r\n\r\n"
		     "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
		     "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n");
	fake_past_await_readers(service, 1);
	ck_assert(!wire_has(&w, "HTTP"));
	fake_past_unshut(service);
	wire_expect(&w, busy);
	wire_expect(&w, "{\"status\":\"ok\"}");
	wire_expect(&w, "{\"status\":\"ready\"");
	/* And once more, parked again. */
	wire_get(&w, path, old_id);
	wire_expect(&w, busy);
	wire_close(&w);
}
END_TEST

START_TEST(bears_a_peer_that_goes_away)
{
	struct wire w;
	int i;

	for (i = 0; i < 2; i++) {
		fake_past_shut(service);
		fake_watch_limit(service, 10);
		wire_open(&w, port);
		wire_get(&w, path, old_id);
		fake_past_await_readers(service, 1);
		if (i == 0)
			wire_vanish(&w);
		else
			wire_close(&w);
		fake_past_unshut(service);
		/* The worker opened a watch; the end of the request closes
		 * it. */
		ck_assert(
		    POLL_UNTIL(metric_is("systate_http_requests_in_flight 1") &&
			       metric_is("systate_http_requests_parked 0")));
		ck_assert_uint_eq(fake_watch_open_count(service), 0);
	}
	ck_assert(metric_is("systate_http_worker_jobs_total 2"));
}
END_TEST

enum { RUNNING = API_WORKERS, QUEUED = API_WORKERS_QUEUE };

START_TEST(refuses_when_the_queue_is_full)
{
	struct wire w[RUNNING + QUEUED], over;
	int i;

	for (i = 0; i < RUNNING; i++) {
		wire_open(&w[i], port);
		wire_get(&w[i], path, old_id);
	}
	fake_past_await_readers(service, RUNNING);
	for (; i < RUNNING + QUEUED; i++) {
		wire_open(&w[i], port);
		wire_get(&w[i], path, old_id);
	}
	ck_assert(POLL_UNTIL(metric_is("systate_http_worker_queue 64")));
	wire_open(&over, port);
	wire_get(&over, path, old_id);
	wire_expect(&over, busy);
	wire_expect(&over, "Retry-After: 1\r\n");
	wire_expect(&over, "/problems/busy");
	/* The connection is as good as before. */
	wire_get(&over, "/healthz", "");
	wire_expect(&over, "{\"status\":\"ok\"}");
	wire_close(&over);
	ck_assert(metric_is("systate_http_worker_refused_total 1"));
	fake_past_unshut(service);
	for (i = 0; i < RUNNING + QUEUED; i++) {
		wire_expect(&w[i], "/problems/too-many-watchers");
		wire_close(&w[i]);
	}
	ck_assert(metric_is("systate_http_worker_queue 0"));
}
END_TEST

START_TEST(says_when_there_is_no_past)
{
	struct wire w;

	fake_past_fail(service, SST_IO);
	wire_open(&w, port);
	wire_get(&w, path, old_id);
	wire_expect(&w, "HTTP/1.1 500 ");
	/* It is tried again with the next request. */
	fake_past_fail(service, SST_OK);
	fake_past_unshut(service);
	wire_get(&w, path, old_id);
	wire_expect(&w, busy);
	wire_close(&w);
}
END_TEST

static void *
stop_main(void *arg)
{
	sst_api_stop(&api, *(int64_t *)arg);
	return NULL;
}

START_TEST(finishes_what_waits_when_it_stops)
{
	struct wire w[RUNNING + 3];
	int64_t deadline_ms = 20000;
	pthread_t stopper;
	int i;

	for (i = 0; i < RUNNING + 3; i++) {
		wire_open(&w[i], port);
		wire_get(&w[i], path, old_id);
	}
	fake_past_await_readers(service, RUNNING);
	ck_assert(POLL_UNTIL(metric_is("systate_http_worker_queue 3")));
	ck_assert_int_eq(
	    pthread_create(&stopper, NULL, stop_main, &deadline_ms), 0);
	fake_past_unshut(service);
	for (i = 0; i < RUNNING + 3; i++) {
		wire_expect(&w[i], busy);
		ck_assert(wire_ended(&w[i]));
		wire_close(&w[i]);
	}
	pthread_join(stopper, NULL);
}
END_TEST

START_TEST(refuses_what_waits_when_time_is_up)
{
	struct wire w[RUNNING + 3];
	int64_t deadline_ms = 400;
	pthread_t stopper;
	int i;

	for (i = 0; i < RUNNING; i++) {
		wire_open(&w[i], port);
		wire_get(&w[i], path, old_id);
	}
	fake_past_await_readers(service, RUNNING);
	for (; i < RUNNING + 3; i++) {
		wire_open(&w[i], port);
		wire_get(&w[i], path, old_id);
	}
	ck_assert(POLL_UNTIL(metric_is("systate_http_worker_queue 3")));
	ck_assert_int_eq(
	    pthread_create(&stopper, NULL, stop_main, &deadline_ms), 0);
	/* Those at the gate cannot be ended, those behind them can. */
	for (i = RUNNING; i < RUNNING + 3; i++) {
		wire_expect(&w[i], busy);
		wire_expect(&w[i], "Connection: close\r\n");
		wire_expect(&w[i], "The service is stopping.");
		wire_close(&w[i]);
	}
	fake_past_unshut(service);
	pthread_join(stopper, NULL);
	ck_assert_ptr_null(api);
	for (i = 0; i < RUNNING; i++)
		wire_close(&w[i]);
}
END_TEST

TCase *
api_exchange_case(void)
{
	TCase *tc = tcase_create("exchange");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, waits_without_blocking_others);
	tcase_add_test(tc, keeps_the_connection_and_the_order);
	tcase_add_test(tc, bears_a_peer_that_goes_away);
	tcase_add_test(tc, refuses_when_the_queue_is_full);
	tcase_add_test(tc, says_when_there_is_no_past);
	tcase_add_test(tc, finishes_what_waits_when_it_stops);
	tcase_add_test(tc, refuses_what_waits_when_time_is_up);
	return tc;
}
