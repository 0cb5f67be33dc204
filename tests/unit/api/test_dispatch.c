/* Ways it fails: a check left out, the wrong one winning, a header missing. */
#include <gnutls/crypto.h>
#include <stdio.h>
#include <string.h>

#include "unit/api/ask.h"
#include "unit/api/suites.h"

START_TEST(answers_with_every_header)
{
	ck_assert_int_eq(ask("GET", "/system/state"), 200);
	ck_assert_str_eq(ask_header("Content-Type"), "application/json");
	ck_assert_str_eq(ask_header("Cache-Control"), "no-cache");
	ck_assert_str_eq(ask_header("Vary"), "Accept, Accept-Encoding");
	ck_assert_str_eq(ask_header("ETag"), ask_body()->etag);
	ck_assert_str_eq(
	    ask_header("Last-Modified"), "Wed, 01 Jul 2026 12:00:01 GMT");
	ck_assert_str_eq(ask_header("Systate-Revision"), "1");
	ck_assert_str_eq(ask_header("Systate-Epoch"), "0123456789abcdef");
	ck_assert_str_eq(ask_header("X-Content-Type-Options"), "nosniff");
	ck_assert_ptr_null(ask_header("Content-Encoding"));
	ck_assert_ptr_null(ask_header("Access-Control-Allow-Origin"));
}
END_TEST

START_TEST(refuses_unknown_paths)
{
	ck_assert_int_eq(ask("GET", "/system/stat"), 404);
	ck_assert_str_eq(ask_text("type"), "/problems/not-found");
	ck_assert_str_eq(ask_text("example"), "/system/state");
	ck_assert_ptr_nonnull(strstr(ask_text("detail"), "/system/stat"));
	ck_assert_int_eq(ask("GET", "/system/state/"), 404);
	ck_assert_int_eq(ask("GET", "//system/state"), 404);
	ck_assert_int_eq(ask("GET", "/system/../system/state"), 404);
	ck_assert_int_eq(ask("GET", "/System/State"), 404);
	ck_assert_int_eq(ask("GET", "/system/state/queue"), 404);
	ck_assert_int_eq(ask("GET", "/system/state/agents/"), 404);
	ck_assert_int_eq(ask("GET", "/1/2/3/4/5/6/7/8/9/10"), 404);
	ck_assert_int_eq(ask("GET", "/system/%73tate"), 200);
}
END_TEST

START_TEST(refuses_other_methods)
{
	static const char *const methods[] = {"POST", "PUT", "DELETE", "PATCH",
	    "OPTIONS", "TRACE", "CONNECT", "get", "FOO"};
	size_t i;

	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		ck_assert_int_eq(ask(methods[i], "/system/state"), 405);
		ck_assert_str_eq(ask_header("Allow"), "GET, HEAD");
	}
	ck_assert_int_eq(ask("POST", "/nothing"), 404);
}
END_TEST

START_TEST(refuses_bad_targets)
{
	ck_assert_int_eq(ask("GET", "/system/state%zz"), 400);
	ck_assert_str_eq(ask_text("type"), "/problems/invalid-path");
	ck_assert_int_eq(ask("GET", "/system/state?view=bas"), 400);
	ck_assert_str_eq(ask_text("parameter"), "view");
	ck_assert_str_eq(ask_text("example"), "/system/state?view=base");
	ck_assert_int_eq(ask("GET", "/healthz?pretty=1"), 400);
	ck_assert_int_eq(ask("GET", ""), 400);
}
END_TEST

START_TEST(bounds_sizes)
{
	char uri[600];

	memset(uri, 'a', sizeof(uri) - 1);
	uri[0] = '/';
	uri[sizeof(uri) - 1] = '\0';
	ck_assert_int_eq(ask("GET", uri), 414);
	ask_headers.bytes = 1025;
	ck_assert_int_eq(ask("GET", "/system/state"), 431);
	ask_headers.bytes = 1024;
	ck_assert_int_eq(ask("GET", "/system/state"), 200);
	ask_body_len = 2049;
	ck_assert_int_eq(ask("POST", "/system/state"), 413);
	ask_body_len = 2048;
	ck_assert_int_eq(ask("GET", "/system/state"), 400);
	ck_assert_str_eq(ask_text("type"), "/problems/unexpected-body");
}
END_TEST

START_TEST(checks_host_and_origin)
{
	ask_headers.host = "evil.example.com";
	ck_assert_int_eq(ask("GET", "/healthz"), 421);
	ask_headers.host = "localhost:8080";
	ask_headers.origin = "http://evil.example.com";
	ck_assert_int_eq(ask("GET", "/healthz"), 403);
	ask_headers.host = "localhost:8080";
	ask_headers.origin = "http://localhost:8080";
	ck_assert_int_eq(ask("GET", "/healthz"), 200);
	ask_headers.host = "localhost:8080";
	ck_assert_int_eq(ask("GET", "http://evil.example.com/healthz"), 421);
	ask_headers.host = "evil.example.com";
	ck_assert_int_eq(ask("GET", "http://127.0.0.1:8080/healthz"), 200);
	ask_headers.host = "localhost";
	ask_headers.repeated = "Host";
	ck_assert_int_eq(ask("GET", "/healthz"), 400);
}
END_TEST

START_TEST(negotiates)
{
	ask_headers.accept = "text/html";
	ck_assert_int_eq(ask("GET", "/system/state"), 406);
	ck_assert_str_eq(ask_text("parameter"), "Accept");
	ask_headers.accept_encoding = "br, identity;q=0";
	ck_assert_int_eq(ask("GET", "/system/state"), 406);
	ck_assert_str_eq(ask_text("parameter"), "Accept-Encoding");
	ask_headers.accept_encoding = "gzip";
	ck_assert_int_eq(ask("GET", "/system/state"), 200);
	ck_assert_str_eq(ask_header("Content-Encoding"), "gzip");
	ck_assert_ptr_nonnull(strstr(ask_header("ETag"), "-gzip\""));
	ask_headers.accept = "text/html";
	ck_assert_int_eq(ask("GET", "/"), 200);
	ck_assert_str_eq(
	    ask_header("Content-Type"), "text/html; charset=utf-8");
	ck_assert_int_eq(ask("GET", "/"), 200);
	ck_assert_str_eq(
	    ask_header("Content-Type"), "text/plain; charset=utf-8");
}
END_TEST

START_TEST(says_not_modified)
{
	char tag[64];

	ask("GET", "/system/state");
	snprintf(tag, sizeof(tag), "\"x\", W/%s", ask_header("ETag"));
	ask_headers.if_none_match = tag;
	ck_assert_int_eq(ask("GET", "/system/state"), 304);
	ck_assert_ptr_nonnull(ask_header("ETag"));
	ck_assert_ptr_nonnull(ask_header("Last-Modified"));
	ck_assert_ptr_nonnull(ask_header("Cache-Control"));
	ck_assert_ptr_nonnull(ask_header("Vary"));
	ck_assert_ptr_null(ask_header("Content-Type"));
	/* The tag wins over the date, also when it does not fit. */
	ask_headers.if_none_match = "\"x\"";
	ask_headers.if_modified_since = "Wed, 01 Jul 2026 12:00:01 GMT";
	ck_assert_int_eq(ask("GET", "/system/state"), 200);
	ask_headers.if_modified_since = "Wed, 01 Jul 2026 12:00:01 GMT";
	ck_assert_int_eq(ask("GET", "/system/state"), 304);
	ask_headers.if_modified_since = "Wed, 01 Jul 2026 12:00:00 GMT";
	ck_assert_int_eq(ask("GET", "/system/state"), 200);
	ask_headers.if_modified_since = "yesterday";
	ck_assert_int_eq(ask("GET", "/system/state"), 200);
	ask_headers.if_none_match = "*";
	ck_assert_int_eq(ask("HEAD", "/system/state"), 304);
	/* Another coding is another representation. */
	ask_headers.if_none_match = tag;
	ask_headers.accept_encoding = "zstd";
	ck_assert_int_eq(ask("GET", "/system/state"), 200);
}
END_TEST

static void
give_token(const char *text, unsigned scopes)
{
	struct sst_api_token t = {"ci", {0}, scopes};
	struct sst_error err;

	gnutls_hash_fast(GNUTLS_DIG_SHA256, text, strlen(text), t.sha256);
	api__guard_set_tokens(&ask_api()->guard, &t, 1, &err);
}

START_TEST(asks_for_tokens)
{
	give_token("secret", SST_API_READ);
	ck_assert_int_eq(ask("GET", "/system/state"), 401);
	ck_assert_str_eq(
	    ask_header("WWW-Authenticate"), "Bearer realm=\"systate\"");
	ask_headers.authorization = "Bearer wrong-one";
	ck_assert_int_eq(ask("GET", "/system/state"), 401);
	ck_assert_ptr_nonnull(
	    strstr(ask_header("WWW-Authenticate"), "invalid_token"));
	ck_assert_ptr_null(strstr(ask_body()->bytes, "wrong-one"));
	ask_headers.authorization = "Bearer secret";
	ck_assert_int_eq(ask("GET", "/system/state"), 200);
	ck_assert_int_eq(ask("GET", "/healthz"), 200);
	ck_assert_int_eq(ask("GET", "/readyz"), 200);
	ck_assert_int_eq(ask("GET", "/metrics"), 401);
	give_token("secret", SST_API_INGEST);
	ask_headers.authorization = "Bearer secret";
	ck_assert_int_eq(ask("GET", "/system/state"), 403);
	ck_assert_ptr_nonnull(strstr(ask_text("detail"), "read"));
}
END_TEST

START_TEST(lets_anonymous_read_when_told)
{
	give_token("secret", SST_API_INGEST);
	ask_api()->allow_anonymous = true;
	ck_assert_int_eq(ask("GET", "/system/state"), 200);
	ask_headers.authorization = "Bearer wrong";
	ck_assert_int_eq(ask("GET", "/system/state"), 401);
}
END_TEST

START_TEST(numbers_problems)
{
	char first[64];

	ask("GET", "/nothing");
	snprintf(first, sizeof(first), "%s", ask_text("instance"));
	ck_assert_str_eq(first, "test-0");
	ask("GET", "/nothing");
	ck_assert_str_ne(ask_text("instance"), first);
}
END_TEST

TCase *
api_dispatch_case(void)
{
	TCase *tc = tcase_create("dispatch");

	tcase_add_checked_fixture(tc, ask_setup, ask_teardown);
	tcase_add_test(tc, answers_with_every_header);
	tcase_add_test(tc, refuses_unknown_paths);
	tcase_add_test(tc, refuses_other_methods);
	tcase_add_test(tc, refuses_bad_targets);
	tcase_add_test(tc, bounds_sizes);
	tcase_add_test(tc, checks_host_and_origin);
	tcase_add_test(tc, negotiates);
	tcase_add_test(tc, says_not_modified);
	tcase_add_test(tc, asks_for_tokens);
	tcase_add_test(tc, lets_anonymous_read_when_told);
	tcase_add_test(tc, numbers_problems);
	return tc;
}
