/*
 * Several threads with one access: one of them runs the plugin, the others
 * wait for it, share what it gives or how it fails, and each can be ended. The
 * plugin waits at a pipe ("gate") until the test lets it go.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kube_access_support.h"
#include "support/poll.h"
#include "unit/base/run.h"

enum { THREADS = 6, ROUNDS = 40 };

#define V1 "client.authentication.k8s.io/v1"
#define SAY(status)                                                            \
	"printf %s '{\"apiVersion\":\"" V1                                     \
	"\",\"kind\":\"ExecCredential\",\"status\":{" status "}}'\n"

static struct kube_bench b;

struct asker {
	struct sst_kube_http *http;
	pthread_t thread;
	struct sst_mono deadline;
	unsigned rounds;
	int result; /* a status or a code, of the last one */
	unsigned good;
	atomic_bool ended;
	struct sst_error err;
};

static struct asker askers[THREADS];

static void
setup(void)
{
	size_t i;

	kube_bench_init(&b);
	kube_bench_copy(&b, "tls/ca.crt", "ca.crt");
	kube_bench_write(&b, "config",
	    "current-context: x\n"
	    "contexts: [{name: x, context: {cluster: c, user: u}}]\n"
	    "clusters: [{name: c, cluster: {server: 'https://127.0.0.1:$PORT',"
	    " certificate-authority: ca.crt}}]\n"
	    "users: [{name: u, user: {exec: {apiVersion: " V1
	    ", interactiveMode: Never, command: ./plugin}}}]\n");
	kube_bench_open(&b);
	memset(askers, 0, sizeof(askers));
	for (i = 0; i < THREADS; i++) {
		askers[i].deadline = SST_MONO_NEVER;
		askers[i].rounds = 1;
		ck_assert_int_eq(sst_kube_http_new(
				     b.access, &askers[i].http, &b.err),
		    SST_OK);
	}
}

static void
teardown(void)
{
	size_t i;

	for (i = 0; i < THREADS; i++)
		sst_kube_http_free(&askers[i].http);
	kube_bench_fini(&b);
}

static void *
asker_main(void *ctx)
{
	struct asker *a = ctx;
	const struct sst_kube_request request = {.path = "/api/v1/pods",
	    .max_bytes = 65536,
	    .deadline = a->deadline};
	struct sst_httpc_response answer;
	unsigned i;

	for (i = 0; i < a->rounds; i++) {
		memset(&answer, 0, sizeof(answer));
		a->result =
		    sst_kube_get(a->http, &request, &answer, &a->err);
		if (a->result == SST_OK)
			a->result = (int)answer.status;
		a->good += a->result == 200;
		sst_httpc_response_fini(&answer);
	}
	atomic_store(&a->ended, true);
	return NULL;
}

static void
begin(size_t i)
{
	atomic_store(&askers[i].ended, false);
	ck_assert_int_eq(pthread_create(&askers[i].thread, NULL, asker_main,
			     &askers[i]),
	    0);
}

static void
join(size_t i)
{
	ck_assert_int_eq(pthread_join(askers[i].thread, NULL), 0);
}

static void
gate_path(char *out, size_t size)
{
	snprintf(out, size, "%s/gate", b.dir);
}

/* A plugin that waits at the gate, then does what lines say. */
static void
gated_plugin(const char *lines)
{
	char text[1024], path[128];

	gate_path(path, sizeof(path));
	ck_assert(mkfifo(path, 0600) == 0 || errno == EEXIST);
	snprintf(text, sizeof(text), "read x <\"$DIR/gate\"\n%s", lines);
	kube_bench_plugin(&b, text);
}

static void
open_gate(void)
{
	char path[128];
	int fd;

	gate_path(path, sizeof(path));
	fd = open(path, O_WRONLY | O_CLOEXEC); /* waits for the plugin */
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "go\n", 3), 3);
	close(fd);
}

/* The first one runs the plugin, the others wait for it. */
static void
begin_all(unsigned runs_before)
{
	size_t i;

	begin(0);
	ck_assert(POLL_UNTIL(kube_bench_runs(&b) == runs_before + 1));
	for (i = 1; i < THREADS; i++)
		begin(i);
	ck_assert(POLL_UNTIL(fake_clock_waiting(&b.hands) == THREADS - 1));
}

START_TEST(one_plugin_for_all)
{
	size_t i;

	gated_plugin(SAY("\"token\":\"one\""));
	tls_upstream_expect(b.up, "Bearer one");
	begin_all(0);
	open_gate();
	for (i = 0; i < THREADS; i++) {
		join(i);
		ck_assert_msg(
		    askers[i].result == 200, "%s", askers[i].err.text);
	}
	ck_assert_uint_eq(kube_bench_runs(&b), 1);
}
END_TEST

START_TEST(one_failure_for_all)
{
	size_t i;

	gated_plugin("echo not today >&2\nexit 1\n");
	begin_all(0);
	open_gate();
	for (i = 0; i < THREADS; i++) {
		join(i);
		ck_assert_int_eq(askers[i].result, SST_UNAUTHORIZED);
		ck_assert_ptr_nonnull(
		    strstr(askers[i].err.text, "exit status 1: not today"));
	}
	ck_assert_uint_eq(kube_bench_runs(&b), 1);
}
END_TEST

/* Near its end the old credential serves those who did not come first. */
START_TEST(the_old_one_while_a_new_one_is_made)
{
	kube_bench_plugin(&b,
	    SAY("\"token\":\"one\",\"expirationTimestamp\":"
		"\"2026-01-01T00:10:00Z\""));
	begin(0);
	join(0);
	ck_assert_int_eq(askers[0].result, 200);
	gated_plugin(SAY("\"token\":\"two\""));
	fake_clock_advance(&b.hands, 590000);
	begin(0);
	ck_assert(POLL_UNTIL(kube_bench_runs(&b) == 2));
	tls_upstream_expect(b.up, "Bearer one");
	begin(1);
	join(1);
	ck_assert_msg(askers[1].result == 200, "%s", askers[1].err.text);
	tls_upstream_expect(b.up, "Bearer two");
	open_gate();
	join(0);
	ck_assert_int_eq(askers[0].result, 200);
	ck_assert_uint_eq(kube_bench_runs(&b), 2);
}
END_TEST

START_TEST(one_who_waits_is_interrupted)
{
	size_t i;

	gated_plugin(SAY("\"token\":\"one\""));
	begin_all(0);
	sst_kube_http_interrupt(askers[3].http);
	join(3);
	ck_assert_int_eq(askers[3].result, SST_CANCELED);
	ck_assert_uint_eq(kube_bench_runs(&b), 1);
	open_gate();
	for (i = 0; i < THREADS; i++) {
		if (i != 3)
			join(i);
		ck_assert_int_eq(
		    askers[i].result, i != 3 ? 200 : SST_CANCELED);
	}
	/* it was about that request alone */
	begin(3);
	join(3);
	ck_assert_int_eq(askers[3].result, 200);
}
END_TEST

/* Somebody else runs the plugin then: it was not theirs that was ended. */
START_TEST(the_one_who_runs_it_is_interrupted)
{
	size_t i;

	gated_plugin(SAY("\"token\":\"one\""));
	begin_all(0);
	sst_kube_http_interrupt(askers[0].http);
	join(0);
	ck_assert_int_eq(askers[0].result, SST_CANCELED);
	ck_assert(POLL_UNTIL(kube_bench_runs(&b) == 2));
	open_gate();
	for (i = 1; i < THREADS; i++) {
		join(i);
		ck_assert_msg(
		    askers[i].result == 200, "%s", askers[i].err.text);
	}
	ck_assert_uint_eq(kube_bench_runs(&b), 2);
}
END_TEST

START_TEST(all_are_interrupted)
{
	size_t i;

	gated_plugin(SAY("\"token\":\"one\""));
	begin_all(0);
	sst_kube_access_interrupt(b.access);
	for (i = 0; i < THREADS; i++) {
		join(i);
		ck_assert_int_eq(askers[i].result, SST_CANCELED);
	}
	/* no other is started until resumed */
	begin(0);
	join(0);
	ck_assert_int_eq(askers[0].result, SST_CANCELED);
	ck_assert_uint_eq(kube_bench_runs(&b), 1);
	sst_kube_access_resume(b.access);
	begin(0);
	ck_assert(POLL_UNTIL(kube_bench_runs(&b) == 2));
	open_gate();
	join(0);
	ck_assert_int_eq(askers[0].result, 200);
}
END_TEST

START_TEST(a_deadline_while_it_runs)
{
	gated_plugin(SAY("\"token\":\"one\""));
	askers[1].deadline =
	    sst_mono_add_ms(sst_clock_mono(&b.hands.clock), 5000);
	begin_all(0);
	fake_clock_advance(&b.hands, 5000);
	join(1);
	ck_assert_int_eq(askers[1].result, SST_TIMEOUT);
	open_gate();
	join(0);
	ck_assert_int_eq(askers[0].result, 200);
	join(2);
	join(3);
	join(4);
	join(5);
}
END_TEST

START_TEST(an_interrupt_before_a_request)
{
	kube_bench_plugin(&b, SAY("\"token\":\"one\""));
	sst_kube_http_interrupt(askers[0].http);
	begin(0);
	join(0);
	ck_assert_int_eq(askers[0].result, SST_CANCELED);
	ck_assert_str_eq(
	    askers[0].err.text, "GET /api/v1/pods: interrupted");
	ck_assert_uint_eq(kube_bench_runs(&b), 0);
	begin(0);
	join(0);
	ck_assert_int_eq(askers[0].result, 200);
	sst_kube_http_interrupt(askers[0].http);
	sst_kube_http_resume(askers[0].http);
	begin(0);
	join(0);
	ck_assert_int_eq(askers[0].result, 200);
}
END_TEST

static bool
all_ended(void)
{
	size_t i;

	for (i = 0; i < THREADS; i++) {
		if (!atomic_load(&askers[i].ended))
			return false;
	}
	return true;
}

/* Credentials expire under many requests, and the server turns some down. */
START_TEST(expiry_under_load)
{
	size_t i;
	bool strict = false;

	/* as expired as can be: good for ten seconds each */
	kube_bench_plugin(&b,
	    SAY("\"token\":\"one\",\"expirationTimestamp\":"
		"\"2025-01-01T00:00:00Z\""));
	for (i = 0; i < THREADS; i++) {
		askers[i].rounds = ROUNDS;
		begin(i);
	}
	while (!all_ended()) {
		fake_clock_advance(&b.hands, 4000);
		strict = !strict;
		tls_upstream_expect(
		    b.up, strict ? "Bearer other" : "Bearer one");
		sched_yield();
	}
	for (i = 0; i < THREADS; i++) {
		join(i);
		ck_assert_msg(askers[i].result == 200 ||
				  askers[i].result == 401 ||
				  askers[i].result == SST_TIMEOUT,
		    "%d %s", askers[i].result, askers[i].err.text);
	}
	ck_assert_uint_ge(kube_bench_runs(&b), 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("kube_access_threads");
	TCase *tc = tcase_create("kube_access_threads");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, one_plugin_for_all);
	tcase_add_test(tc, one_failure_for_all);
	tcase_add_test(tc, the_old_one_while_a_new_one_is_made);
	tcase_add_test(tc, one_who_waits_is_interrupted);
	tcase_add_test(tc, the_one_who_runs_it_is_interrupted);
	tcase_add_test(tc, all_are_interrupted);
	tcase_add_test(tc, a_deadline_while_it_runs);
	tcase_add_test(tc, an_interrupt_before_a_request);
	tcase_add_test(tc, expiry_under_load);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
