/* The ways to a server: TLS, a unix socket, a cluster that is none. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/suite.h"
#include "test_redis_support.h"

#define PEM_OF(name) SST_SOURCE_DIR "/mocks/upstreams/kubeconfig/tls/" name

static struct redis_rig rig;
static char ca[] = PEM_OF("ca.crt"), ca2[] = PEM_OF("ca2.crt");
static char client_cert[] = PEM_OF("client.crt");
static char client_key[] = PEM_OF("client.key");
static char url[128];

static void
teardown(void)
{
	redis_rig_fini(&rig);
}

/* With TLS on the port that {PORT} is, and none without. */
static void
start_tls(const char *clients)
{
	static const char *argv[] = {"redis-server", "--tls-port", "{PORT}",
	    "--port", "0", "--bind", "127.0.0.1", "--save", "",
	    "--tls-cert-file", (PEM_OF("server.crt")), "--tls-key-file",
	    (PEM_OF("server.key")), "--tls-ca-cert-file", (PEM_OF("client-ca.crt")),
	    "--tls-auth-clients", NULL, NULL};

	argv[16] = clients;
	ck_assert(server_start(&rig.server, argv));
	ck_assert(fault_proxy_start(rig.server.port, &rig.proxy));
	snprintf(url, sizeof(url), "rediss://127.0.0.1:%u",
	    (unsigned)fault_proxy_port(rig.proxy));
	rig.settings.url = url;
	rig.settings.ca_file = ca;
}

static void
setup(void)
{
	memset(&rig, 0, sizeof(rig));
	rig.fail_at = -1;
	fake_clock_init(&rig.hands);
}

static void
expect(int code, const char *text)
{
	int got = redis_rig_ping(&rig);

	ck_assert_msg(got == code, "%s: %s", sst_code_name(got), rig.err.text);
	ck_assert_msg(strstr(rig.err.text, text) != NULL, "%s", rig.err.text);
}

START_TEST(tls)
{
	char name[] = "kubernetes", wrong[] = "api.internal", plain[128];
	int i;

	start_tls("no");
	redis_rig_open(&rig);
	expect(SST_OK, "");
	/* much, both ways */
	for (i = 0; i < 5000; i++)
		sst_redis_command(rig.redis, "ECHO %0100d", i);
	ck_assert_msg(redis_rig_run(&rig) == SST_OK, "%s", rig.err.text);
	ck_assert_uint_eq(rig.count, 5000);
	rig.settings.tls_server_name = name;
	redis_rig_open(&rig);
	expect(SST_OK, "");
	rig.settings.tls_server_name = wrong;
	redis_rig_open(&rig);
	expect(SST_TLS, url);
	rig.settings.tls_server_name = NULL;
	rig.settings.ca_file = ca2;
	redis_rig_open(&rig);
	expect(SST_TLS, "certificate not accepted");
	rig.settings.ca_file = NULL;
	redis_rig_open(&rig);
	expect(SST_TLS, "certificate");
	/* without TLS the server closes, or talks TLS */
	snprintf(plain, sizeof(plain), "redis%s", url + strlen("rediss"));
	rig.settings.url = plain;
	redis_rig_open(&rig);
	ck_assert_int_ne(redis_rig_ping(&rig), SST_OK);
}
END_TEST

START_TEST(a_client_certificate)
{
	struct sst_error first;

	start_tls("yes");
	redis_rig_open(&rig);
	expect(SST_TLS, url);
	first = rig.err;
	expect(SST_TLS, url);
	ck_assert_str_eq(first.text, rig.err.text);
	rig.settings.cert_file = client_cert;
	rig.settings.key.file = client_key;
	redis_rig_open(&rig);
	expect(SST_OK, "");
}
END_TEST

START_TEST(a_client_key_from_the_environment)
{
	static char text[8192], name[] = "SST_TEST_REDIS_KEY";
	FILE *f = fopen(client_key, "r");

	ck_assert_ptr_nonnull(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	ck_assert_int_eq(setenv(name, text, 1), 0);
	start_tls("yes");
	rig.settings.cert_file = client_cert;
	rig.settings.key.env = name;
	redis_rig_open(&rig);
	expect(SST_OK, "");
	unsetenv(name);
}
END_TEST

static void *
turn_main(void *arg)
{
	*(int *)arg = redis_rig_ping(&rig);
	return NULL;
}

/* Nobody answers in the handshake. */
START_TEST(a_handshake_has_a_deadline)
{
	const struct fault_proxy_fault fault = {.kind = FAULT_PROXY_HOLD};
	pthread_t thread;
	size_t asked;
	int code = 0;

	start_tls("no");
	redis_rig_open(&rig);
	asked = fault_proxy_asked(rig.proxy);
	fault_proxy_misbehave(rig.proxy, &fault);
	ck_assert_int_eq(pthread_create(&thread, NULL, turn_main, &code), 0);
	ck_assert(fault_proxy_wait_asked(rig.proxy, asked));
	if (_i == 0)
		fake_clock_advance(&rig.hands, 5001);
	else
		sst_redis_interrupt(rig.redis);
	pthread_join(thread, NULL);
	ck_assert_int_eq(code, _i == 0 ? SST_TIMEOUT : SST_CANCELED);
	sst_redis_resume(rig.redis);
	fault_proxy_behave(rig.proxy);
	expect(SST_OK, "");
}
END_TEST

/* It takes the handshake for a command that has no end yet. */
START_TEST(tls_to_a_server_that_has_none)
{
	pthread_t thread;
	size_t asked;
	int code = 0;

	redis_rig_init(&rig, NULL);
	snprintf(url, sizeof(url), "rediss://127.0.0.1:%u",
	    (unsigned)fault_proxy_port(rig.proxy));
	rig.settings.url = url;
	redis_rig_open(&rig);
	asked = fault_proxy_asked(rig.proxy);
	ck_assert_int_eq(pthread_create(&thread, NULL, turn_main, &code), 0);
	ck_assert(fault_proxy_wait_asked(rig.proxy, asked));
	fake_clock_advance(&rig.hands, 5001);
	pthread_join(thread, NULL);
	ck_assert_int_eq(code, SST_TIMEOUT);
	ck_assert_ptr_nonnull(strstr(rig.err.text, "no TLS handshake"));
}
END_TEST

START_TEST(a_unix_socket)
{
	const char *const extra[] = {"--unixsocket", "{DIR}/socket", NULL};
	char path[160];

	redis_rig_init(&rig, extra);
	snprintf(
	    path, sizeof(path), "unix://%s/socket?db=2", rig.server.folder);
	rig.settings.url = path;
	redis_rig_do(rig.server.port, NULL, "SET text hello");
	redis_rig_open(&rig);
	sst_redis_command(rig.redis, "GET text");
	ck_assert_msg(redis_rig_run(&rig) == SST_OK, "%s", rig.err.text);
	ck_assert_str_eq(rig.replies, "nil");
	snprintf(path, sizeof(path), "unix://%s/nothing", rig.server.folder);
	redis_rig_open(&rig);
	expect(SST_UNREACHABLE, path);
}
END_TEST

START_TEST(a_cluster)
{
	char bus[8];
	const char *const extra[] = {
	    "--cluster-enabled", "yes", "--cluster-port", bus, NULL};

	/* of its own: that of the server plus 10,000 may be taken */
	snprintf(bus, sizeof(bus), "%u", (unsigned)server_free_port());
	redis_rig_init(&rig, extra);
	redis_rig_open(&rig);
	expect(SST_UNSUPPORTED, "cluster mode");
	/* also when it may not say so */
	redis_rig_do(rig.server.port, NULL, "ACL SETUSER default -info");
	sst_redis_command(rig.redis, "LLEN foo");
	ck_assert_int_eq(redis_rig_run(&rig), SST_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(rig.err.text, "CLUSTERDOWN"));
}
END_TEST

START_TEST(settings_that_are_wrong)
{
	char some[] = "x", good[] = "redis://h", secure[] = "rediss://h";
	char socket_url[] = "unix:///s", *list[] = {some}, *bad[] = {good};
	const struct {
		struct sst_redis_settings s;
		const char *text;
	} rows[] = {
	    {{.url = NULL}, "url: expected"},
	    {{.url = some}, "url: expected"},
	    {{.url = good, .username = some}, "password: missing"},
	    {{.url = good, .sentinels = {list, 1}}, "master_name: missing"},
	    {{.url = good, .master_name = some}, "sentinels: missing"},
	    {{.url = good, .prefer_replica = true}, "prefer_replica"},
	    {{.url = good, .sentinels = {bad, 1}, .master_name = some},
		"sentinels: expected HOST[:PORT]"},
	    {{.url = socket_url, .sentinels = {list, 1}, .master_name = some},
		"unix socket and sentinels"},
	    {{.url = good, .sentinel_username = some}, "sentinel_password"},
	    {{.url = secure, .cert_file = some}, "cert_file and key"},
	    {{.url = secure, .key = {.file = some}}, "cert_file and key"},
	    {{.url = good, .ca_file = some}, "rediss://"},
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_int_eq(sst_redis_new(&rows[i].s, &rig.hands.clock,
				     1000, &rig.redis, &rig.err),
		    SST_INVALID);
		ck_assert_msg(strstr(rig.err.text, rows[i].text) != NULL,
		    "%zu: %s", i, rig.err.text);
		ck_assert_ptr_null(rig.redis);
	}
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_test(tc, tls);
	tcase_add_test(tc, tls_to_a_server_that_has_none);
	tcase_add_test(tc, a_client_certificate);
	tcase_add_test(tc, a_client_key_from_the_environment);
	tcase_add_loop_test(tc, a_handshake_has_a_deadline, 0, 2);
	tcase_add_test(tc, a_unix_socket);
	tcase_add_test(tc, a_cluster);
	tcase_add_test(tc, settings_that_are_wrong);
}

int
main(void)
{
	const struct suite_plan plan = {.name = "redis_ways",
	    .add = add,
	    .setup = setup,
	    .teardown = teardown,
	    .timeout_seconds = 60};

	return redis_rig_has("redis-server") ? suite_run(&plan) : EXIT_SUCCESS;
}
