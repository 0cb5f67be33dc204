/*
 * The HTTP client against a server that misbehaves: every failure has its own
 * code and a text that stays the same, and none outlasts its deadline.
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
	struct sst_httpc_options options = {
	    .username = "guest", .password = "s3cret"};

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
get_until(const char *url, struct sst_mono deadline)
{
	struct sst_httpc_request request = {
	    .url = url, .max_bytes = MAX_BYTES, .deadline = deadline};

	sst_httpc_response_fini(&answer);
	sst_error_clear(&err);
	return sst_httpc_get(client, &request, &answer, &err);
}

static int
get_url(const char *url)
{
	return get_until(
	    url, sst_mono_add_ms(sst_clock_mono(sst_clock_real()), LONG_MS));
}

static int
get(const char *target)
{
	char url[256];

	snprintf(url, sizeof(url), "%s%s", upstream_url(up), target);
	return get_url(url);
}

static int
get_status(void)
{
	int code = get("/api/queues?page=1");

	if (code == SST_OK)
		code = sst_httpc_status(&answer, "http://x/api?q=1", &err);
	return code;
}

START_TEST(a_whole_answer)
{
	char head[4096];

	ck_assert_int_eq(get("/api/queues?page=1"), SST_OK);
	ck_assert_int_eq(answer.status, 200);
	ck_assert_str_eq(answer.body, "[{\"name\":\"agent.tasks\"}]");
	ck_assert_uint_eq(answer.len, strlen(answer.body));
	ck_assert_str_eq(answer.content_type, "application/json");
	ck_assert_int_eq(answer.retry_after_ms, -1);
	upstream_last_request(up, head, sizeof(head));
	ck_assert_ptr_nonnull(
	    strstr(head, "Authorization: Basic Z3Vlc3Q6czNjcmV0\r\n"));
	ck_assert_ptr_nonnull(strstr(head, "Accept: application/json\r\n"));
	ck_assert_ptr_nonnull(strstr(head, "User-Agent: systate/"));
	ck_assert_ptr_nonnull(strstr(head, "gzip"));
}
END_TEST

START_TEST(the_connection_is_kept)
{
	int i;

	for (i = 0; i < 5; i++)
		ck_assert_int_eq(get_status(), SST_OK);
	ck_assert_uint_eq(upstream_calls(up, "/api"), 5);
	ck_assert_uint_eq(upstream_connections(up), 1);
	/* and made anew when the other side has dropped it meanwhile */
	ck_assert(upstream_refuse(up, true));
	ck_assert_int_eq(get_status(), SST_UNREACHABLE);
	ck_assert(upstream_refuse(up, false));
	ck_assert_int_eq(get_status(), SST_OK);
}
END_TEST

START_TEST(paths_are_sent_as_they_are)
{
	ck_assert(upstream_answer_text(
	    up, "/api/queues/%2F/agent%2Fplan%20%C3%A9/../x", 200, "[]"));
	ck_assert_int_eq(
	    get("/api/queues/%2F/agent%2Fplan%20%C3%A9/../x"), SST_OK);
	ck_assert_int_eq(answer.status, 200);
}
END_TEST

struct fault_case {
	struct upstream_fault fault;
	int code;
	const char *text; /* part of it */
};

static const struct fault_case fault_cases[] = {
    {{.kind = UPSTREAM_CUT}, SST_TRUNCATED, "closed before the announced end"},
    {{.kind = UPSTREAM_CUT_CHUNK}, SST_TRUNCATED, "before the announced end"},
    {{.kind = UPSTREAM_RESET}, SST_TRUNCATED, "before the announced end"},
    {{.kind = UPSTREAM_LENGTH_LONG}, SST_TRUNCATED, "announced end"},
    {{.kind = UPSTREAM_LENGTH_SHORT}, SST_PROTOCOL, "longer than its headers"},
    {{.kind = UPSTREAM_BAD_CHUNK}, SST_PROTOCOL, "not chunked as"},
    {{.kind = UPSTREAM_HUGE, .size = 100000000}, SST_TOO_LARGE,
	"over the bound of 1048576 bytes"},
    {{.kind = UPSTREAM_HUGE_CHUNKED, .size = 100000000}, SST_TOO_LARGE,
	"over the bound of 1048576 bytes"},
    {{.kind = UPSTREAM_GZIP_BOMB, .size = 100000000}, SST_TOO_LARGE,
	"over the bound of 1048576 bytes"},
    {{.kind = UPSTREAM_BAD_GZIP}, SST_PROTOCOL, "not encoded as"},
    {{.kind = UPSTREAM_CLOSE}, SST_TRUNCATED, "closed without an answer"},
    {{.kind = UPSTREAM_GARBAGE}, SST_PROTOCOL, "not HTTP/1.1"},
    {{.kind = UPSTREAM_HEADERS}, SST_PROTOCOL, "the headers have no end"},
    {{.kind = UPSTREAM_REDIRECT}, SST_PROTOCOL, "answered 302"},
    {{.kind = UPSTREAM_STATUS, .status = 401}, SST_UNAUTHORIZED, "ered 401"},
    {{.kind = UPSTREAM_STATUS, .status = 403}, SST_FORBIDDEN, "answered 403"},
    {{.kind = UPSTREAM_STATUS, .status = 404}, SST_NOT_FOUND, "answered 404"},
    {{.kind = UPSTREAM_STATUS, .status = 405}, SST_PROTOCOL, "answered 405"},
    {{.kind = UPSTREAM_STATUS, .status = 429}, SST_RATE_LIMITED, "red 429"},
    {{.kind = UPSTREAM_STATUS, .status = 500}, SST_UPSTREAM, "answered 500"},
    {{.kind = UPSTREAM_STATUS, .status = 503}, SST_UPSTREAM, "answered 503"},
};

/* Twice: the text must not differ, it ends up in the document. */
START_TEST(each_fault_has_its_code)
{
	const struct fault_case *c = &fault_cases[_i];
	struct sst_error first;
	int code;

	upstream_misbehave(up, "", &c->fault);
	code = get_status();
	ck_assert_msg(code == c->code, "case %d: got %s (%s), expected %s", _i,
	    sst_code_name(code), err.text, sst_code_name(c->code));
	ck_assert_msg(strstr(err.text, c->text) != NULL, "%s", err.text);
	ck_assert_ptr_null(strstr(err.text, "page=1"));
	first = err;
	ck_assert_int_eq(get_status(), c->code);
	ck_assert_str_eq(first.text, err.text);
	upstream_misbehave(up, "", NULL);
	ck_assert_int_eq(get_status(), SST_OK);
	ck_assert_str_eq(answer.body, "[{\"name\":\"agent.tasks\"}]");
}
END_TEST

START_TEST(gzip_is_decoded)
{
	struct upstream_fault fault = {.kind = UPSTREAM_GZIP};

	upstream_misbehave(up, "", &fault);
	ck_assert_int_eq(get_status(), SST_OK);
	ck_assert_str_eq(answer.body, "[{\"name\":\"agent.tasks\"}]");
}
END_TEST

START_TEST(a_body_at_the_bound_is_taken)
{
	struct upstream_fault fault = {
	    .kind = UPSTREAM_HUGE, .size = MAX_BYTES};

	upstream_misbehave(up, "", &fault);
	ck_assert_int_eq(get_status(), SST_OK);
	ck_assert_uint_eq(answer.len, MAX_BYTES);
	fault.size++;
	upstream_misbehave(up, "", &fault);
	ck_assert_int_eq(get_status(), SST_TOO_LARGE);
	fault.kind = UPSTREAM_HUGE_CHUNKED;
	upstream_misbehave(up, "", &fault);
	ck_assert_int_eq(get_status(), SST_TOO_LARGE);
}
END_TEST

START_TEST(an_empty_body_is_no_null)
{
	struct upstream_fault fault = {.kind = UPSTREAM_EMPTY};

	upstream_misbehave(up, "", &fault);
	ck_assert_int_eq(get_status(), SST_OK);
	ck_assert_uint_eq(answer.len, 0);
	ck_assert_str_eq(answer.body, "");
}
END_TEST

START_TEST(retry_after_is_told)
{
	struct upstream_fault fault = {
	    .kind = UPSTREAM_STATUS, .status = 429, .retry_after = 7};

	upstream_misbehave(up, "", &fault);
	ck_assert_int_eq(get_status(), SST_RATE_LIMITED);
	ck_assert_int_eq(answer.retry_after_ms, 7000);
	fault.retry_after = 1000000;
	upstream_misbehave(up, "", &fault);
	ck_assert_int_eq(get_status(), SST_RATE_LIMITED);
	ck_assert_int_eq(answer.retry_after_ms, 3600 * 1000);
}
END_TEST

struct runner {
	struct sst_httpc *client;
	char url[128];
	struct sst_mono deadline;
	int code;
	struct sst_error err;
};

static void *
runner_main(void *ctx)
{
	struct runner *r = ctx;
	struct sst_httpc_response got = {0};
	struct sst_httpc_request request = {
	    .url = r->url, .max_bytes = MAX_BYTES, .deadline = r->deadline};

	r->code = sst_httpc_get(r->client, &request, &got, &r->err);
	sst_httpc_response_fini(&got);
	return NULL;
}

static void
runner_start(struct runner *r, pthread_t *thread)
{
	snprintf(
	    r->url, sizeof(r->url), "%s/api/queues?page=1", upstream_url(up));
	ck_assert_int_eq(pthread_create(thread, NULL, runner_main, r), 0);
	ck_assert(upstream_wait_calls(up, "/api", 1));
}

/* Held before the first byte and in the middle of the body. */
START_TEST(the_deadline_ends_it)
{
	struct upstream_fault fault = {
	    .kind = _i == 0 ? UPSTREAM_HOLD : UPSTREAM_HOLD_BODY};
	struct sst_httpc_options options = {0};
	struct fake_clock hands;
	struct runner r = {0};
	pthread_t thread;

	fake_clock_init(&hands);
	sst_httpc_free(&client);
	ck_assert_int_eq(
	    sst_httpc_new(&options, &hands.clock, &client, &err), SST_OK);
	upstream_misbehave(up, "", &fault);
	r.client = client;
	r.deadline = sst_mono_add_ms(sst_clock_mono(&hands.clock), 5000);
	runner_start(&r, &thread);
	fake_clock_advance(&hands, 5001);
	pthread_join(thread, NULL);
	ck_assert_int_eq(r.code, SST_TIMEOUT);
	ck_assert_ptr_nonnull(strstr(r.err.text, "no whole answer in time"));
	upstream_release(up);
	fake_clock_fini(&hands);
}
END_TEST

START_TEST(a_deadline_that_passed_is_kept)
{
	struct sst_mono past =
	    sst_mono_add_ms(sst_clock_mono(sst_clock_real()), -1000);
	struct upstream_fault fault = {.kind = UPSTREAM_HOLD};
	char url[128];

	upstream_misbehave(up, "", &fault);
	snprintf(url, sizeof(url), "%s/api", upstream_url(up));
	ck_assert_int_eq(get_until(url, past), SST_TIMEOUT);
}
END_TEST

START_TEST(an_interrupt_ends_it)
{
	struct upstream_fault fault = {.kind = UPSTREAM_HOLD};
	struct runner r = {.client = client, .deadline = SST_MONO_NEVER};
	pthread_t thread;

	upstream_misbehave(up, "", &fault);
	runner_start(&r, &thread);
	sst_httpc_interrupt(client);
	pthread_join(thread, NULL);
	ck_assert_int_eq(r.code, SST_CANCELED);
	upstream_release(up);
	/* once */
	upstream_misbehave(up, "", NULL);
	ck_assert_int_eq(get_status(), SST_OK);
	/* between two requests it is for the next one */
	upstream_misbehave(up, "", &fault);
	sst_httpc_interrupt(client);
	ck_assert_int_eq(get_status(), SST_CANCELED);
	upstream_release(up);
	/* unless it is forgotten in time */
	upstream_misbehave(up, "", NULL);
	sst_httpc_interrupt(client);
	sst_httpc_resume(client);
	ck_assert_int_eq(get_status(), SST_OK);
}
END_TEST

/* A clock on which every look takes a millisecond. */
static struct sst_mono
looks_mono(void *ctx)
{
	int64_t *looks = ctx;

	return (struct sst_mono){++*looks * 1000000};
}

/*
 * curl does not come up for air while there is something to unpack: the 100 MB
 * of this bomb are some 6,000 reads, and hardly a wait between them.
 */
START_TEST(the_deadline_ends_a_flood)
{
	struct upstream_fault fault = {
	    .kind = UPSTREAM_GZIP_BOMB, .size = 100000000};
	static const struct sst_clock_ops ops = {.mono = looks_mono};
	int64_t looks = 0;
	struct sst_clock clock = {&ops, &looks};
	struct sst_httpc_request request = {
	    .max_bytes = 200000000, .deadline = {1000 * INT64_C(1000000)}};
	struct sst_httpc_options options = {0};
	char url[128];

	sst_httpc_free(&client);
	ck_assert_int_eq(
	    sst_httpc_new(&options, &clock, &client, &err), SST_OK);
	upstream_misbehave(up, "", &fault);
	snprintf(url, sizeof(url), "%s/api/queues?page=1", upstream_url(up));
	request.url = url;
	ck_assert_int_eq(
	    sst_httpc_get(client, &request, &answer, &err), SST_TIMEOUT);
	sst_httpc_free(&client);
}
END_TEST

START_TEST(refused_is_unreachable)
{
	struct sst_error first;

	ck_assert(upstream_refuse(up, true));
	ck_assert_int_eq(get_status(), SST_UNREACHABLE);
	ck_assert_ptr_nonnull(strstr(err.text, "Connection refused"));
	first = err;
	ck_assert_int_eq(get_status(), SST_UNREACHABLE);
	ck_assert_str_eq(first.text, err.text);
}
END_TEST

START_TEST(an_unknown_host_is_unreachable)
{
	ck_assert_int_eq(get_url("http://host.invalid:1/x"), SST_UNREACHABLE);
	ck_assert_str_eq(
	    err.text, "GET http://host.invalid:1/x: host name not found");
}
END_TEST

START_TEST(tls_to_a_server_without_is_tls)
{
	char url[128];

	snprintf(url, sizeof(url), "https%s/", upstream_url(up) + 4);
	ck_assert_int_eq(get_url(url), SST_TLS);
	ck_assert_ptr_nonnull(strstr(err.text, "TLS handshake"));
}
END_TEST

START_TEST(a_missing_ca_file_is_tls)
{
	struct sst_httpc_options options = {.ca_file = "/nonexistent/ca.pem"};
	char url[128];

	sst_httpc_free(&client);
	ck_assert_int_eq(
	    sst_httpc_new(&options, sst_clock_real(), &client, &err), SST_OK);
	snprintf(url, sizeof(url), "https%s/", upstream_url(up) + 4);
	ck_assert_int_eq(get_url(url), SST_TLS);
}
END_TEST

/* The environment of the service says nothing about where sources are. */
START_TEST(no_proxy_from_the_environment)
{
	setenv("http_proxy", "http://127.0.0.1:1/", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1/", 1);
	ck_assert_int_eq(get_status(), SST_OK);
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
}
END_TEST

START_TEST(a_token_is_sent)
{
	struct sst_httpc_options options = {.bearer = "tok3n"};
	char head[4096];

	sst_httpc_free(&client);
	ck_assert_int_eq(
	    sst_httpc_new(&options, sst_clock_real(), &client, &err), SST_OK);
	ck_assert_int_eq(get_status(), SST_OK);
	upstream_last_request(up, head, sizeof(head));
	ck_assert_ptr_nonnull(strstr(head, "Authorization: Bearer tok3n\r\n"));
}
END_TEST

START_TEST(options_are_checked)
{
	static const struct sst_httpc_options bad[] = {
	    {.username = "a", .bearer = "b"},
	    {.username = "a:b"},
	    {.username = "a", .password = "b\r\nX: y"},
	    {.bearer = "b\n"},
	    {.ca_file = "a\tb"},
	};
	struct sst_httpc *other = NULL;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_int_eq(
		    sst_httpc_new(&bad[i], sst_clock_real(), &other, &err),
		    SST_INVALID);
		ck_assert_ptr_null(other);
	}
	sst_httpc_free(&other);
}
END_TEST

START_TEST(urls_are_checked)
{
	static const char *const good[] = {"http://127.0.0.1:15672",
	    "https://broker.example/rabbit/", "http://[::1]:15672/%2F"};
	static const char *const bad[] = {"", "broker", "127.0.0.1:15672",
	    "file:///etc/passwd", "ftp://x/", "gopher://x/", "http://",
	    "http://u:p4ss@x/", "http://u@x/", "http://x/#a", "http://x/a b",
	    "http://x/\r\nX: y", "http://x:99999/"};
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ck_assert_msg(sst_httpc_url_check(good[i], &err) == SST_OK,
		    "%s: %s", good[i], err.text);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_msg(sst_httpc_url_check(bad[i], &err) == SST_INVALID,
		    "%s", bad[i]);
		ck_assert_ptr_null(strstr(err.text, "p4ss"));
		ck_assert_int_eq(get_url(bad[i]), SST_INVALID);
	}
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_test(tc, a_whole_answer);
	tcase_add_test(tc, the_connection_is_kept);
	tcase_add_test(tc, paths_are_sent_as_they_are);
	tcase_add_loop_test(tc, each_fault_has_its_code, 0,
	    (int)(sizeof(fault_cases) / sizeof(fault_cases[0])));
	tcase_add_test(tc, gzip_is_decoded);
	tcase_add_test(tc, a_body_at_the_bound_is_taken);
	tcase_add_test(tc, an_empty_body_is_no_null);
	tcase_add_test(tc, retry_after_is_told);
	tcase_add_loop_test(tc, the_deadline_ends_it, 0, 2);
	tcase_add_test(tc, a_deadline_that_passed_is_kept);
	tcase_add_test(tc, an_interrupt_ends_it);
	tcase_add_test(tc, the_deadline_ends_a_flood);
	tcase_add_test(tc, refused_is_unreachable);
	tcase_add_test(tc, an_unknown_host_is_unreachable);
	tcase_add_test(tc, tls_to_a_server_without_is_tls);
	tcase_add_test(tc, a_missing_ca_file_is_tls);
	tcase_add_test(tc, no_proxy_from_the_environment);
	tcase_add_test(tc, a_token_is_sent);
	tcase_add_test(tc, options_are_checked);
	tcase_add_test(tc, urls_are_checked);
}

int
main(void)
{
	Suite *s = suite_create("httpc");
	TCase *tc = tcase_create("httpc");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	add_tests(tc);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
