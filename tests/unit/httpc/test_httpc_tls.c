/*
 * What the HTTP client says of itself to a server with TLS, whom it trusts,
 * and the proxies it goes through.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "httpc/client.h"
#include "support/tls_upstream.h"
#include "support/tunnel.h"
#include "support/upstream.h"

#define PEM(name) SST_SOURCE_DIR "/mocks/upstreams/kubeconfig/tls/" name

static struct tls_upstream *up;
static struct sst_httpc *client;
static struct sst_httpc_response answer;
static struct tls_upstream_seen seen;
static struct sst_error err;
static char ca[8192], cert[8192], key[8192];

static void
slurp(const char *path, char *out, size_t size)
{
	FILE *f = fopen(path, "re");
	size_t len;

	ck_assert_ptr_nonnull(f);
	len = fread(out, 1, size - 1, f);
	out[len] = '\0';
	fclose(f);
}

static void
setup(void)
{
	const struct tls_upstream_settings settings = {
	    .cert = PEM("server.crt"),
	    .key = PEM("server.key"),
	    .client_ca = PEM("client-ca.crt"),
	};

	slurp(PEM("ca.crt"), ca, sizeof(ca));
	slurp(PEM("client.crt"), cert, sizeof(cert));
	slurp(PEM("client.key"), key, sizeof(key));
	ck_assert(tls_upstream_start(&settings, &up));
}

static void
teardown(void)
{
	sst_httpc_response_fini(&answer);
	sst_httpc_free(&client);
	tls_upstream_stop(&up);
}

static int
get_url(const char *url, enum sst_httpc_coding coding)
{
	struct sst_httpc_request request = {.url = url,
	    .max_bytes = 65536,
	    .deadline = sst_mono_add_ms(
		sst_clock_mono(sst_clock_real()), 20000),
	    .coding = coding};
	int code;

	sst_httpc_response_fini(&answer);
	sst_error_clear(&err);
	code = sst_httpc_get(client, &request, &answer, &err);
	tls_upstream_see(up, &seen);
	return code;
}

/* One GET by a client of its own. */
static int
get(const struct sst_httpc_options *options)
{
	char url[128];

	sst_httpc_free(&client);
	ck_assert_msg(sst_httpc_new(options, sst_clock_real(), &client,
			  &err) == SST_OK,
	    "%s", err.text);
	snprintf(url, sizeof(url), "%s/api/v1/pods?limit=1",
	    tls_upstream_url(up));
	return get_url(url, SST_HTTPC_CODING_NONE);
}

START_TEST(a_private_ca_from_memory_and_from_a_file)
{
	const struct sst_httpc_options data = {.ca_data = ca};
	const struct sst_httpc_options file = {.ca_file = PEM("ca.crt")};

	ck_assert_msg(get(&data) == SST_OK, "%s", err.text);
	ck_assert_int_eq(answer.status, 200);
	ck_assert_str_eq(seen.sni, "");
	ck_assert_str_eq(seen.subject, "");
	ck_assert_msg(get(&file) == SST_OK, "%s", err.text);
	/* it is open, though its name is no file of a disk */
	ck_assert_msg(get(&data) == SST_OK, "%s", err.text);
}
END_TEST

START_TEST(who_is_not_trusted)
{
	const struct sst_httpc_options nobody = {0};
	const struct sst_httpc_options other = {.ca_file = PEM("ca2.crt")};
	const struct sst_httpc_options none = {.ca_data = "no PEM at all"};
	char want[256];

	snprintf(want, sizeof(want),
	    "GET %s/api/v1/pods: certificate not accepted: server certificate "
	    "verification failed.",
	    tls_upstream_url(up));
	ck_assert_int_eq(get(&nobody), SST_TLS);
	ck_assert_str_eq(err.text, want);
	ck_assert_int_eq(get(&other), SST_TLS);
	ck_assert_str_eq(err.text, want);
	ck_assert_int_eq(get(&none), SST_TLS);
	ck_assert_ptr_null(strstr(err.text, "/proc/"));
	ck_assert_uint_eq(seen.calls, 0);
}
END_TEST

START_TEST(everybody_is_trusted_when_asked_for)
{
	const struct sst_httpc_options options = {.insecure = true};

	ck_assert_msg(get(&options) == SST_OK, "%s", err.text);
}
END_TEST

/* 127.0.0.1 is in the certificate too: the name alone must count. */
START_TEST(another_name_in_the_handshake)
{
	const struct sst_httpc_options right = {
	    .ca_data = ca, .tls_server_name = "kubernetes.default.svc"};
	const struct sst_httpc_options wrong = {
	    .ca_data = ca, .tls_server_name = "kubernetes.example"};
	char host[64];

	ck_assert_msg(get(&right) == SST_OK, "%s", err.text);
	ck_assert_str_eq(seen.sni, "kubernetes.default.svc");
	ck_assert_str_eq(seen.target, "/api/v1/pods");
	snprintf(host, sizeof(host), "Host: 127.0.0.1:%u\n",
	    tls_upstream_port(up));
	ck_assert_ptr_nonnull(strstr(seen.headers, host));
	ck_assert_int_eq(get(&wrong), SST_TLS);
	ck_assert_ptr_nonnull(strstr(err.text, "kubernetes.example"));
	ck_assert_ptr_nonnull(strstr(err.text, tls_upstream_url(up)));
	ck_assert_uint_eq(seen.calls, 1);
}
END_TEST

START_TEST(an_address_as_the_name)
{
	const struct sst_httpc_options right = {
	    .ca_data = ca, .tls_server_name = "127.0.0.1"};
	const struct sst_httpc_options wrong = {
	    .ca_data = ca, .tls_server_name = "::1"};

	ck_assert_msg(get(&right) == SST_OK, "%s", err.text);
	ck_assert_str_eq(seen.sni, "");
	ck_assert_int_eq(get(&wrong), SST_TLS);
}
END_TEST

START_TEST(a_client_certificate)
{
	const struct sst_httpc_options data = {
	    .ca_data = ca, .cert_data = cert, .key_data = key};
	const struct sst_httpc_options files = {.ca_data = ca,
	    .cert_file = PEM("client.crt"),
	    .key_file = PEM("client.key")};
	const struct sst_httpc_options mixed = {
	    .ca_data = ca, .cert_data = cert, .key_file = PEM("server.key")};

	ck_assert_msg(get(&data) == SST_OK, "%s", err.text);
	ck_assert_ptr_nonnull(strstr(seen.subject, "throwaway-client"));
	ck_assert_msg(get(&files) == SST_OK, "%s", err.text);
	ck_assert_ptr_nonnull(strstr(seen.subject, "throwaway-client"));
	/* a key of something else */
	ck_assert_int_eq(get(&mixed), SST_TLS);
	ck_assert_uint_eq(seen.calls, 2);
}
END_TEST

START_TEST(a_token_that_changes)
{
	const struct sst_httpc_options options = {.ca_data = ca};
	unsigned connections;
	char url[128];

	ck_assert_int_eq(get(&options), SST_OK);
	ck_assert_ptr_null(strstr(seen.headers, "Authorization"));
	connections = seen.connections;
	snprintf(url, sizeof(url), "%s/x", tls_upstream_url(up));
	ck_assert_int_eq(sst_httpc_set_bearer(client, "one", &err), SST_OK);
	ck_assert_int_eq(get_url(url, SST_HTTPC_CODING_NONE), SST_OK);
	ck_assert_ptr_nonnull(
	    strstr(seen.headers, "Authorization: Bearer one\n"));
	ck_assert_int_eq(sst_httpc_set_bearer(client, "two", &err), SST_OK);
	ck_assert_int_eq(get_url(url, SST_HTTPC_CODING_NONE), SST_OK);
	ck_assert_ptr_nonnull(
	    strstr(seen.headers, "Authorization: Bearer two\n"));
	ck_assert_int_eq(
	    sst_httpc_set_bearer(client, "a\r\nb", &err), SST_INVALID);
	ck_assert_int_eq(sst_httpc_set_bearer(client, NULL, &err), SST_OK);
	ck_assert_int_eq(get_url(url, SST_HTTPC_CODING_NONE), SST_OK);
	ck_assert_ptr_null(strstr(seen.headers, "Authorization"));
	ck_assert_uint_eq(seen.connections, connections);
}
END_TEST

START_TEST(what_packing_is_asked_for)
{
	const struct sst_httpc_options options = {.ca_data = ca};
	char url[128];

	ck_assert_int_eq(get(&options), SST_OK);
	ck_assert_ptr_null(strstr(seen.headers, "Accept-Encoding"));
	ck_assert_ptr_nonnull(strstr(seen.headers, "User-Agent: systate/"));
	snprintf(url, sizeof(url), "%s/x", tls_upstream_url(up));
	ck_assert_int_eq(get_url(url, SST_HTTPC_CODING_GZIP), SST_OK);
	ck_assert_ptr_nonnull(strstr(seen.headers, "Accept-Encoding: gzip\n"));
	ck_assert_int_eq(get_url(url, SST_HTTPC_CODING_ANY), SST_OK);
	ck_assert_ptr_nonnull(strstr(seen.headers, "Accept-Encoding: "));
	ck_assert_int_eq(get_url(url, SST_HTTPC_CODING_NONE), SST_OK);
	ck_assert_ptr_null(strstr(seen.headers, "Accept-Encoding"));
}
END_TEST

struct collected {
	char text[256];
	size_t len;
};

static bool
collect(const char *bytes, size_t len, void *ctx)
{
	struct collected *c = ctx;

	if (len >= sizeof(c->text) - c->len)
		return false;
	memcpy(c->text + c->len, bytes, len);
	c->len += len;
	return true;
}

/* A list is read in pieces, packed or not. */
START_TEST(a_packed_stream)
{
	const struct sst_httpc_options options = {0};
	struct upstream_fault fault = {.kind = UPSTREAM_GZIP};
	struct upstream *plain = NULL;
	struct collected got = {0};
	struct sst_httpc_stream s = {.piece = collect,
	    .ctx = &got,
	    .idle_ms = 20000,
	    .request = {.max_bytes = 1000,
		.deadline = SST_MONO_NEVER,
		.coding = SST_HTTPC_CODING_GZIP}};
	char url[128];

	ck_assert(upstream_start(&plain));
	ck_assert(upstream_answer_text(plain, "/x", 200, "{\"items\":[1]}"));
	upstream_misbehave(plain, "", &fault);
	ck_assert_int_eq(
	    sst_httpc_new(&options, sst_clock_real(), &client, &err), SST_OK);
	snprintf(url, sizeof(url), "%s/x", upstream_url(plain));
	s.request.url = url;
	ck_assert_msg(sst_httpc_stream(client, &s, &answer, &err) == SST_OK,
	    "%s", err.text);
	ck_assert_str_eq(got.text, "{\"items\":[1]}");
	/* not asked for: as it came, whatever it is (a gzip header here) */
	memset(&got, 0, sizeof(got));
	s.request.coding = SST_HTTPC_CODING_NONE;
	sst_httpc_response_fini(&answer);
	ck_assert_int_eq(sst_httpc_stream(client, &s, &answer, &err), SST_OK);
	ck_assert_int_eq((unsigned char)got.text[0], 0x1f);
	ck_assert_int_eq((unsigned char)got.text[1], 0x8b);
	upstream_stop(&plain);
}
END_TEST

/* Each kind: what it was asked, and what is said when it says no. */
START_TEST(through_a_proxy)
{
	static const char *const schemes[] = {"http", "socks5"};
	struct tunnel *tunnel = NULL;
	char proxy[96], shown[96], asked[4096], want[128];
	struct sst_httpc_options options = {.ca_data = ca, .proxy = proxy};

	ck_assert(tunnel_start(&tunnel));
	tunnel_lead(tunnel, tls_upstream_port(up));
	snprintf(proxy, sizeof(proxy), "%s://us3r:p4ss@127.0.0.1:%u",
	    schemes[_i], tunnel_port(tunnel));
	snprintf(shown, sizeof(shown), "proxy %s://127.0.0.1:%u:", schemes[_i],
	    tunnel_port(tunnel));
	options.tls_server_name = "kubernetes";
	ck_assert_msg(get(&options) == SST_OK, "%s", err.text);
	ck_assert_str_eq(seen.sni, "kubernetes");
	tunnel_asked(tunnel, asked, sizeof(asked));
	snprintf(want, sizeof(want), _i == 0 ? "CONNECT 127.0.0.1:%u " : "%u",
	    tls_upstream_port(up));
	ck_assert_msg(strstr(asked, want) != NULL, "%s", asked);
	ck_assert_ptr_null(strstr(asked, "Impersonate"));
	sst_httpc_free(&client);
	tunnel_refuse(tunnel, 407);
	ck_assert_int_eq(get(&options), SST_UNREACHABLE);
	ck_assert_msg(strstr(err.text, shown) != NULL, "%s", err.text);
	ck_assert_ptr_null(strstr(err.text, "p4ss"));
	ck_assert_ptr_null(strstr(err.text, "us3r"));
	sst_httpc_free(&client);
	tunnel_stop(&tunnel);
	/* nobody there any more */
	ck_assert_int_eq(get(&options), SST_UNREACHABLE);
	ck_assert_msg(strstr(err.text, shown) != NULL, "%s", err.text);
	ck_assert_ptr_nonnull(strstr(err.text, "Connection refused"));
	ck_assert_ptr_null(strstr(err.text, "p4ss"));
}
END_TEST

/* A name goes to the proxy as it is: only it may know it. */
START_TEST(a_proxy_resolves_names)
{
	struct tunnel *tunnel = NULL;
	char proxy[64], url[128], asked[4096];
	const struct sst_httpc_options options = {
	    .insecure = true, .proxy = proxy};

	ck_assert(tunnel_start(&tunnel));
	tunnel_lead(tunnel, tls_upstream_port(up));
	snprintf(proxy, sizeof(proxy), "socks5://127.0.0.1:%u",
	    tunnel_port(tunnel));
	ck_assert_int_eq(
	    sst_httpc_new(&options, sst_clock_real(), &client, &err), SST_OK);
	snprintf(url, sizeof(url), "https://api.invalid:6443/x");
	ck_assert_msg(get_url(url, SST_HTTPC_CODING_NONE) == SST_OK, "%s",
	    err.text);
	tunnel_asked(tunnel, asked, sizeof(asked));
	ck_assert_str_eq(asked, "socks5 api.invalid:6443");
	sst_httpc_free(&client);
	tunnel_stop(&tunnel);
}
END_TEST

START_TEST(the_proxy_of_the_environment)
{
	const struct sst_httpc_options options = {
	    .insecure = true, .proxy_from_environment = true};
	const struct sst_httpc_options none = {.insecure = true, .ca_data = NULL};
	struct tunnel *tunnel = NULL;
	char proxy[64], asked[4096];

	ck_assert(tunnel_start(&tunnel));
	tunnel_lead(tunnel, tls_upstream_port(up));
	snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%u",
	    tunnel_port(tunnel));
	setenv("HTTPS_PROXY", proxy, 1);
	/* loopback never goes through it */
	ck_assert_msg(get(&options) == SST_OK, "%s", err.text);
	tunnel_asked(tunnel, asked, sizeof(asked));
	ck_assert_str_eq(asked, "");
	ck_assert_msg(get_url("https://api.invalid/x", SST_HTTPC_CODING_NONE) ==
			  SST_OK,
	    "%s", err.text);
	tunnel_asked(tunnel, asked, sizeof(asked));
	ck_assert_ptr_nonnull(strstr(asked, "CONNECT api.invalid:443 "));
	sst_httpc_free(&client);
	setenv("NO_PROXY", "elsewhere,.invalid", 1);
	ck_assert_int_eq(get(&options), SST_OK);
	ck_assert_int_eq(
	    get_url("https://api.invalid/x", SST_HTTPC_CODING_NONE),
	    SST_UNREACHABLE);
	sst_httpc_free(&client);
	unsetenv("NO_PROXY");
	/* and nobody is sent there without having asked for it */
	ck_assert_int_eq(get(&none), SST_OK);
	ck_assert_int_eq(
	    get_url("https://api.invalid/x", SST_HTTPC_CODING_NONE),
	    SST_UNREACHABLE);
	unsetenv("HTTPS_PROXY");
	sst_httpc_free(&client);
	tunnel_stop(&tunnel);
}
END_TEST

START_TEST(options_that_exclude_each_other)
{
	static const struct sst_httpc_options bad[] = {
	    {.ca_file = "a", .ca_data = "b"},
	    {.ca_file = "a", .insecure = true},
	    {.cert_file = "a"},
	    {.key_data = "a"},
	    {.cert_file = "a", .cert_data = "b", .key_file = "c"},
	    {.cert_file = "a", .key_data = "b", .key_file = "c"},
	    {.tls_server_name = "a\nb"},
	    {.proxy = "ftp://s3cret@x/"},
	    {.proxy = "http://s3cret:x@y:1:2/"},
	    {.proxy = "127.0.0.1:3128"},
	    {.proxy = "http://a\rb"},
	};
	struct sst_httpc *other = NULL;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		sst_error_clear(&err);
		ck_assert_int_eq(
		    sst_httpc_new(&bad[i], sst_clock_real(), &other, &err),
		    SST_INVALID);
		ck_assert_ptr_null(other);
		ck_assert_ptr_null(strstr(err.text, "s3cret"));
	}
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_test(tc, a_private_ca_from_memory_and_from_a_file);
	tcase_add_test(tc, who_is_not_trusted);
	tcase_add_test(tc, everybody_is_trusted_when_asked_for);
	tcase_add_test(tc, another_name_in_the_handshake);
	tcase_add_test(tc, an_address_as_the_name);
	tcase_add_test(tc, a_client_certificate);
	tcase_add_test(tc, a_token_that_changes);
	tcase_add_test(tc, what_packing_is_asked_for);
	tcase_add_test(tc, a_packed_stream);
	tcase_add_loop_test(tc, through_a_proxy, 0, 2);
	tcase_add_test(tc, a_proxy_resolves_names);
	tcase_add_test(tc, the_proxy_of_the_environment);
	tcase_add_test(tc, options_that_exclude_each_other);
}

int
main(void)
{
	Suite *s = suite_create("httpc_tls");
	TCase *tc = tcase_create("httpc_tls");
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
