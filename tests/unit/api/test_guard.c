/* Ways it fails: a foreign name served, a token taken that is none. */
#include <gnutls/crypto.h>
#include <string.h>

#include "api/guard.h"
#include "unit/api/suites.h"

static struct api_guard guard;

static void
start(const char *address)
{
	static const char *const hosts[] = {
	    "state.example.com", "proxy.example.com:443"};
	static const char *const origins[] = {"https://ui.example.com"};
	struct sst_api_settings s = {0};
	struct sst_error err;

	s.address = address;
	s.port = 8080;
	s.allowed_hosts = hosts;
	s.allowed_host_count = 2;
	s.allowed_origins = origins;
	s.allowed_origin_count = 1;
	ck_assert_msg(
	    api__guard_init(&guard, &s, &err) == SST_OK, "%s", err.text);
}

static void
setup(void)
{
	start("127.0.0.1");
}

static void
teardown(void)
{
	api__guard_fini(&guard);
}

static bool
host(const char *text)
{
	return api__guard_host(&guard, (struct api_span){text, strlen(text)});
}

START_TEST(serves_its_own_names)
{
	ck_assert(host("localhost"));
	ck_assert(host("LocalHost:8080"));
	ck_assert(host("127.0.0.1:8080"));
	ck_assert(host("127.8.9.1"));
	ck_assert(host("[::1]:8080"));
	ck_assert(host("state.example.com"));
	ck_assert(host("STATE.example.com:8080"));
	ck_assert(host("proxy.example.com:443"));
}
END_TEST

START_TEST(refuses_other_names)
{
	ck_assert(!host("evil.example.com"));
	ck_assert(!host("localhost.evil.example.com"));
	ck_assert(!host("127.0.0.1.evil.example.com"));
	ck_assert(!host("localhost:8081"));
	ck_assert(!host("state.example.com:9"));
	ck_assert(!host("proxy.example.com"));
	ck_assert(!host("192.168.0.7:8080"));
	ck_assert(!host("0x7f000001"));
}
END_TEST

START_TEST(refuses_malformed_hosts)
{
	ck_assert(!host(""));
	ck_assert(!host(":8080"));
	ck_assert(!host("localhost:"));
	ck_assert(!host("localhost:0"));
	ck_assert(!host("localhost:80800"));
	ck_assert(!host("localhost:808080"));
	ck_assert(!host("localhost:80a"));
	ck_assert(!host("[::1"));
	ck_assert(!host("[::1]x"));
	ck_assert(!host("localhost,localhost"));
	ck_assert(!host("user@localhost"));
}
END_TEST

START_TEST(takes_literals_when_bound_to_all)
{
	api__guard_fini(&guard);
	start("0.0.0.0");
	ck_assert(host("192.168.0.7:8080"));
	ck_assert(host("[fe80::1]"));
	ck_assert(!host("192.168.0.7:1"));
	ck_assert(!host("evil.example.com:8080"));
}
END_TEST

static bool
origin(const char *text, const char *authority)
{
	return api__guard_origin(
	    &guard, text, (struct api_span){authority, strlen(authority)});
}

START_TEST(checks_origins)
{
	ck_assert(origin("http://localhost:8080", "localhost:8080"));
	ck_assert(origin("https://ui.example.com", "localhost:8080"));
	ck_assert(!origin("https://localhost:8080", "localhost:8080"));
	ck_assert(!origin("http://localhost:3000", "localhost:8080"));
	ck_assert(!origin("http://localhost", "localhost:8080"));
	ck_assert(!origin("http://evil.example.com", "localhost:8080"));
	ck_assert(!origin("null", "localhost:8080"));
	ck_assert(!origin("", "localhost:8080"));
}
END_TEST

START_TEST(knows_loopback)
{
	ck_assert(api__address_is_loopback("127.0.0.1"));
	ck_assert(api__address_is_loopback("127.255.0.1"));
	ck_assert(api__address_is_loopback("::1"));
	ck_assert(!api__address_is_loopback("0.0.0.0"));
	ck_assert(!api__address_is_loopback("::"));
	ck_assert(!api__address_is_loopback("10.0.0.1"));
	ck_assert(!api__address_is_loopback("localhost"));
}
END_TEST

static struct sst_api_token
token(const char *text, unsigned scopes)
{
	struct sst_api_token t = {"name", {0}, scopes};

	gnutls_hash_fast(GNUTLS_DIG_SHA256, text, strlen(text), t.sha256);
	return t;
}

START_TEST(gives_scopes_of_known_tokens)
{
	struct sst_api_token tokens[2] = {token("first", SST_API_READ),
	    token("second", SST_API_READ | SST_API_ADMIN)};
	struct sst_error err;

	ck_assert(!api__guard_has_tokens(&guard));
	ck_assert_int_eq(
	    api__guard_set_tokens(&guard, tokens, 2, &err), SST_OK);
	ck_assert(api__guard_has_tokens(&guard));
	ck_assert_uint_eq(
	    api__guard_scopes(&guard, "Bearer first"), SST_API_READ);
	ck_assert_uint_eq(api__guard_scopes(&guard, "bearer second"),
	    SST_API_READ | SST_API_ADMIN);
	ck_assert_uint_eq(api__guard_scopes(&guard, "Bearer third"), 0);
	ck_assert_uint_eq(api__guard_scopes(&guard, "Bearer firs"), 0);
	ck_assert_uint_eq(api__guard_scopes(&guard, "Bearer first "), 0);
	ck_assert_uint_eq(api__guard_scopes(&guard, "Bearer "), 0);
	ck_assert_uint_eq(api__guard_scopes(&guard, "Bearer"), 0);
	ck_assert_uint_eq(api__guard_scopes(&guard, "Basic Zmlyc3Q="), 0);
	ck_assert_uint_eq(api__guard_scopes(&guard, ""), 0);
}
END_TEST

START_TEST(replaces_tokens_whole)
{
	struct sst_api_token one = token("first", SST_API_READ);
	struct sst_api_token two = token("second", SST_API_READ);
	struct sst_error err;

	api__guard_set_tokens(&guard, &one, 1, &err);
	ck_assert_int_eq(
	    api__guard_set_tokens(&guard, &two, SST_API_TOKENS_MAX + 1, &err),
	    SST_INVALID);
	ck_assert_uint_ne(api__guard_scopes(&guard, "Bearer first"), 0);
	api__guard_set_tokens(&guard, &two, 1, &err);
	ck_assert_uint_eq(api__guard_scopes(&guard, "Bearer first"), 0);
	ck_assert_uint_ne(api__guard_scopes(&guard, "Bearer second"), 0);
	api__guard_set_tokens(&guard, NULL, 0, &err);
	ck_assert(!api__guard_has_tokens(&guard));
}
END_TEST

START_TEST(refuses_an_address_that_is_a_name)
{
	struct sst_api_settings s = {.address = "localhost"};
	struct sst_error err;

	api__guard_fini(&guard);
	ck_assert_int_eq(api__guard_init(&guard, &s, &err), SST_INVALID);
	ck_assert_ptr_nonnull(strstr(err.text, "\"localhost\""));
}
END_TEST

TCase *
api_guard_case(void)
{
	TCase *tc = tcase_create("guard");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, serves_its_own_names);
	tcase_add_test(tc, refuses_other_names);
	tcase_add_test(tc, refuses_malformed_hosts);
	tcase_add_test(tc, takes_literals_when_bound_to_all);
	tcase_add_test(tc, checks_origins);
	tcase_add_test(tc, knows_loopback);
	tcase_add_test(tc, gives_scopes_of_known_tokens);
	tcase_add_test(tc, replaces_tokens_whole);
	tcase_add_test(tc, refuses_an_address_that_is_a_name);
	return tc;
}
