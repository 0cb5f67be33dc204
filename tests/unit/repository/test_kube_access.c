/*
 * Requests with what kubeconfigs say, against a server with TLS: each recorded
 * case end to end, then credentials that change, expire and are refused.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kube_access_support.h"
#include "unit/base/run.h"

#define TOKEN "throwaway-token-1"
#define SECRET "Zq7marker9"
#define V1 "client.authentication.k8s.io/v1"

/* A kubeconfig whose user is %s-ed in, as a format of C strings. */
#define CONFIG(user)                                                           \
	"current-context: x\n"                                                 \
	"contexts: [{name: x, context: {cluster: c, user: u}}]\n"              \
	"clusters: [{name: c, cluster: {server: 'https://127.0.0.1:$PORT', "   \
	"certificate-authority: ca.crt}}]\n"                                   \
	"users: [{name: u, user: {" user "}}]\n"
#define EXEC                                                                   \
	"exec: {apiVersion: " V1 ", interactiveMode: Never, command: ./plugin}"
#define SAY(status)                                                            \
	"printf %s '{\"apiVersion\":\"" V1                                     \
	"\",\"kind\":\"ExecCredential\",\"status\":{" status "}}'\n"

static struct kube_bench b;

static void
setup(void)
{
	kube_bench_init(&b);
	kube_bench_copy(&b, "tls/ca.crt", "ca.crt");
}

static void
teardown(void)
{
	kube_bench_fini(&b);
}

static const struct {
	const char *file;
	int result; /* a status or a code */
	const char *fault;
} recorded[] = {
    {"azure.yaml", SST_INVALID, "kubelogin"},
    {"badb64.yaml", SST_INVALID, "certificate-authority-data"},
    {"badctx.yaml", SST_INVALID, "zzz"},
    {"baduser.yaml", SST_INVALID, "nobody"},
    {"basic.yaml", SST_INVALID, "basic authentication"},
    {"ca_data.yaml", 200, NULL},
    {"certnokey.yaml", SST_INVALID, "client-key"},
    {"crlf.yaml", 200, NULL},
    {"empty.yaml", SST_INVALID, "no current-context"},
    {"exec.yaml", 200, NULL},
    {"exec4.yaml", SST_INVALID, "v1alpha1"},
    {"gcp.yaml", SST_INVALID, "gke-gcloud-auth-plugin"},
    {"insecure.yaml", 200, NULL},
    {"json.yaml", 200, NULL},
    {"missca.yaml", SST_INVALID, "/nope.crt: No such file or directory"},
    {"noca.yaml", SST_TLS, "certificate verification failed"},
    {"noctx.yaml", SST_INVALID, "no current-context"},
    {"partA.yaml", SST_INVALID, "no current-context"},
    {"partB.yaml", 200, NULL},
    {"proxydead.yaml", SST_UNREACHABLE,
	"proxy http://127.0.0.1:1: Connection refused"},
    {"relca.yaml", 200, NULL},
    {"tab.yaml", SST_INVALID, "config:3:"},
    {"tokfile.yaml", 200, NULL},
    {"tokmiss.yaml", SST_UNAUTHORIZED, "/none: No such file or directory"},
};

START_TEST(recorded_cases)
{
	int result;

	tls_upstream_expect(b.up, "Bearer " TOKEN);
	kube_bench_copy(&b, recorded[_i].file, "config");
	kube_bench_copy(&b, "tok_nl", "tok_nl");
	kube_bench_copy(&b, "plug.sh", "plug.sh");
	kube_bench_open(&b);
	result = kube_bench_get(&b);
	ck_assert_msg(result == recorded[_i].result, "%s: %d %s",
	    recorded[_i].file, result, b.err.text);
	ck_assert_ptr_null(strstr(b.err.text, TOKEN));
	if (recorded[_i].fault == NULL)
		return;
	ck_assert_msg(strstr(b.err.text, recorded[_i].fault) != NULL, "%s",
	    b.err.text);
	ck_assert_uint_eq(b.seen.calls, 0);
}
END_TEST

/* KUBECONFIG=partA:partB: the first user wins, whole, and is refused. */
START_TEST(a_list_of_files)
{
	static const char *const lists[][2] = {
	    {"a", "b"}, {"b", "a"}, {"no", "b"}};
	static const int want[] = {401, 200, 200};
	struct sst_kube_config_where where = {0};
	char list[256];

	tls_upstream_expect(b.up, "Bearer " TOKEN);
	kube_bench_copy(&b, "partA.yaml", "a");
	kube_bench_copy(&b, "partB.yaml", "b");
	snprintf(list, sizeof(list), "%s/%s:%s/%s", b.dir, lists[_i][0], b.dir,
	    lists[_i][1]);
	setenv("KUBECONFIG", list, 1);
	ck_assert_int_eq(sst_kube_access_new(
			     &where, &b.hands.clock, &b.access, &b.err),
	    SST_OK);
	ck_assert_int_eq(
	    sst_kube_http_new(b.access, &b.http, &b.err), SST_OK);
	ck_assert_msg(kube_bench_get(&b) == want[_i], "%s", b.err.text);
	unsetenv("KUBECONFIG");
}
END_TEST

START_TEST(a_config_that_comes_later)
{
	char *name = NULL;

	kube_bench_open(&b);
	ck_assert_int_eq(kube_bench_get(&b), SST_INVALID);
	ck_assert_ptr_nonnull(strstr(b.err.text, "No such file"));
	ck_assert_int_eq(
	    sst_kube_access_namespace(b.access, &name, &b.err), SST_INVALID);
	kube_bench_write(&b, "config", CONFIG(""));
	ck_assert_int_eq(
	    sst_kube_access_namespace(b.access, &name, &b.err), SST_OK);
	ck_assert_str_eq(name, "default");
	free(name);
	ck_assert_msg(kube_bench_get(&b) == 200, "%s", b.err.text);
	ck_assert_int_eq(
	    sst_kube_access_namespace(b.access, &name, &b.err), SST_OK);
	ck_assert_str_eq(name, "default");
	free(name);
}
END_TEST

START_TEST(headers_of_a_request)
{
	struct sst_kube_request request = {.path = "/apis/apps/v1/x",
	    .accept = "application/json;as=Table",
	    .max_bytes = 65536,
	    .deadline = SST_MONO_NEVER,
	    .compressed = true};

	kube_bench_write(&b, "config",
	    CONFIG("token: t, act-as: jane, act-as-uid: 7, act-as-groups: "
		   "[dev, 'a b'], act-as-user-extra: {'acme.com/a': [x]}"));
	kube_bench_open(&b);
	ck_assert_int_eq(kube_bench_get(&b), 200);
	ck_assert_str_eq(b.seen.target, "/api/v1/pods");
	ck_assert_ptr_nonnull(strstr(b.seen.headers, "Impersonate-User: jane\n"
						     "Impersonate-Uid: 7\n"
						     "Impersonate-Group: dev\n"
						     "Impersonate-Group: a b\n"
						     "Impersonate-Extra-"
						     "acme.com%2Fa: x\n"));
	ck_assert_ptr_nonnull(strstr(b.seen.headers, "User-Agent: systate/"));
	ck_assert_ptr_nonnull(
	    strstr(b.seen.headers, "Accept: application/json\n"));
	/* libcurl dies of a second gzip member: watches are not packed */
	ck_assert_ptr_null(strstr(b.seen.headers, "Accept-Encoding"));
	sst_httpc_response_fini(&b.answer);
	ck_assert_int_eq(
	    sst_kube_get(b.http, &request, &b.answer, &b.err), SST_OK);
	tls_upstream_see(b.up, &b.seen);
	ck_assert_ptr_nonnull(
	    strstr(b.seen.headers, "Accept-Encoding: gzip\n"));
	ck_assert_ptr_nonnull(
	    strstr(b.seen.headers, "Accept: application/json;as=Table\n"));
	kube_bench_close(&b);
	kube_bench_write(&b, "config",
	    "current-context: x\n"
	    "contexts: [{name: x, context: {cluster: c, namespace: n}}]\n"
	    "clusters: [{name: c, cluster: {server: "
	    "'https://127.0.0.1:$PORT/k8s/c-x/', disable-compression: true, "
	    "certificate-authority: ca.crt, tls-server-name: kubernetes}}]\n");
	kube_bench_open(&b);
	ck_assert_int_eq(
	    sst_kube_get(b.http, &request, &b.answer, &b.err), SST_OK);
	tls_upstream_see(b.up, &b.seen);
	ck_assert_str_eq(b.seen.target, "/k8s/c-x/apis/apps/v1/x");
	ck_assert_str_eq(b.seen.sni, "kubernetes");
	ck_assert_ptr_null(strstr(b.seen.headers, "Accept-Encoding"));
}
END_TEST

START_TEST(a_client_certificate)
{
	kube_bench_copy(&b, "tls/client.crt", "me.crt");
	kube_bench_copy(&b, "tls/client.key", "me.key");
	kube_bench_write(&b, "config",
	    CONFIG("client-certificate: me.crt, client-key: me.key"));
	kube_bench_open(&b);
	ck_assert_msg(kube_bench_get(&b) == 200, "%s", b.err.text);
	ck_assert_ptr_nonnull(strstr(b.seen.subject, "throwaway-client"));
	kube_bench_close(&b);
	kube_bench_remove(&b, "me.key");
	kube_bench_open(&b);
	ck_assert_int_eq(kube_bench_get(&b), SST_UNAUTHORIZED);
	ck_assert_ptr_nonnull(strstr(b.err.text, "me.key: No such file"));
}
END_TEST

START_TEST(a_token_that_is_rotated)
{
	kube_bench_write(&b, "config", CONFIG("tokenFile: token"));
	kube_bench_write(&b, "token", " one\n");
	tls_upstream_expect(b.up, "Bearer one");
	kube_bench_open(&b);
	ck_assert_msg(kube_bench_get(&b) == 200, "%s", b.err.text);
	/* read again when it is a minute old */
	kube_bench_write(&b, "token", "two");
	fake_clock_advance(&b.hands, 59999);
	ck_assert_int_eq(kube_bench_get(&b), 200);
	tls_upstream_expect(b.up, "Bearer two");
	fake_clock_advance(&b.hands, 1);
	ck_assert_int_eq(kube_bench_get(&b), 200);
	ck_assert_uint_eq(b.seen.refused, 0);
	/* the old one is kept when it cannot be read, or is empty */
	kube_bench_write(&b, "token", " \n");
	fake_clock_advance(&b.hands, 60000);
	ck_assert_int_eq(kube_bench_get(&b), 200);
	kube_bench_remove(&b, "token");
	fake_clock_advance(&b.hands, 60000);
	ck_assert_int_eq(kube_bench_get(&b), 200);
	/* but not when it is refused */
	tls_upstream_expect(b.up, "Bearer three");
	ck_assert_int_eq(kube_bench_get(&b), SST_UNAUTHORIZED);
	ck_assert_ptr_nonnull(strstr(b.err.text, "/token: No such file"));
	ck_assert_uint_eq(b.seen.refused, 1);
	kube_bench_write(&b, "token", "three\r\n");
	ck_assert_int_eq(kube_bench_get(&b), 200);
	ck_assert_uint_eq(b.seen.refused, 1);
	/* all on one connection */
	ck_assert_uint_eq(b.seen.connections, 1);
}
END_TEST

/* A 401 has it read again at once, and the request made again, once. */
START_TEST(a_token_that_is_refused)
{
	kube_bench_write(&b, "config", CONFIG("tokenFile: token"));
	kube_bench_write(&b, "token", "one");
	kube_bench_open(&b);
	ck_assert_int_eq(kube_bench_get(&b), 200);
	tls_upstream_expect(b.up, "Bearer two");
	kube_bench_write(&b, "token", "two");
	ck_assert_int_eq(kube_bench_get(&b), 200);
	ck_assert_uint_eq(b.seen.calls, 3);
	ck_assert_uint_eq(b.seen.refused, 1);
	/* one that stays refused is not read over and over */
	tls_upstream_expect(b.up, "Bearer four");
	fake_clock_advance(&b.hands, 10000);
	ck_assert_int_eq(kube_bench_get(&b), 401);
	ck_assert_uint_eq(b.seen.calls, 5);
	ck_assert_int_eq(kube_bench_get(&b), 401);
	ck_assert_uint_eq(b.seen.calls, 6);
	fake_clock_advance(&b.hands, 10000);
	kube_bench_write(&b, "token", "four");
	ck_assert_int_eq(kube_bench_get(&b), 200);
	ck_assert_uint_eq(b.seen.calls, 8);
}
END_TEST

static bool
no_piece(const char *bytes, size_t len, void *ctx)
{
	size_t *sum = ctx;

	(void)bytes;
	*sum += len;
	return true;
}

START_TEST(a_stream_that_is_refused)
{
	size_t sum = 0;
	const struct sst_kube_request request = {
	    .path = "/api/v1/pods?watch=1",
	    .max_bytes = 65536,
	    .deadline = SST_MONO_NEVER,
	    .idle_ms = 20000,
	    .piece = no_piece,
	    .ctx = &sum,
	};

	kube_bench_write(&b, "config", CONFIG("tokenFile: token"));
	kube_bench_write(&b, "token", "one");
	tls_upstream_expect(b.up, "Bearer one");
	kube_bench_open(&b);
	ck_assert_int_eq(kube_bench_get(&b), 200);
	tls_upstream_expect(b.up, "Bearer two");
	kube_bench_write(&b, "token", "two");
	sst_httpc_response_fini(&b.answer);
	ck_assert_int_eq(
	    sst_kube_stream(b.http, &request, &b.answer, &b.err), SST_OK);
	ck_assert_int_eq(b.answer.status, 200);
	ck_assert_uint_eq(sum, strlen("{\"kind\":\"PodList\",\"items\":[]}"));
	tls_upstream_expect(b.up, "Bearer three");
	sst_httpc_response_fini(&b.answer);
	ck_assert_int_eq(
	    sst_kube_stream(b.http, &request, &b.answer, &b.err), SST_OK);
	ck_assert_int_eq(b.answer.status, 401);
	ck_assert_int_eq(
	    sst_kube_status(&b.answer, request.path, &b.err),
	    SST_UNAUTHORIZED);
	ck_assert_str_eq(
	    b.err.text, "GET /api/v1/pods: answered 401: Unauthorized");
}
END_TEST

/* Once per life of what it gives. */
START_TEST(a_plugin_is_run_when_it_is_due)
{
	kube_bench_write(&b, "config", CONFIG(EXEC));
	/* ten minutes on the fake clock */
	kube_bench_plugin(&b,
	    SAY("\"token\":\"one\",\"expirationTimestamp\":"
		"\"2026-01-01T00:10:00Z\""));
	tls_upstream_expect(b.up, "Bearer one");
	kube_bench_open(&b);
	ck_assert_msg(kube_bench_get(&b) == 200, "%s", b.err.text);
	ck_assert_int_eq(kube_bench_get(&b), 200);
	/* the config is read each minute; that runs no plugin */
	fake_clock_advance(&b.hands, 300000);
	ck_assert_int_eq(kube_bench_get(&b), 200);
	ck_assert_uint_eq(kube_bench_runs(&b), 1);
	/* half a minute before its end; a failure then does no harm */
	kube_bench_plugin(&b, "exit 1\n");
	fake_clock_advance(&b.hands, 270000);
	ck_assert_int_eq(kube_bench_get(&b), 200);
	ck_assert_uint_eq(kube_bench_runs(&b), 2);
	ck_assert_int_eq(kube_bench_get(&b), 200);
	/* after its end it does */
	fake_clock_advance(&b.hands, 30000);
	ck_assert_int_eq(kube_bench_get(&b), SST_UNAUTHORIZED);
	ck_assert_ptr_nonnull(strstr(b.err.text, "exit status 1"));
	kube_bench_plugin(&b, SAY("\"token\":\"two\""));
	tls_upstream_expect(b.up, "Bearer two");
	ck_assert_int_eq(kube_bench_get(&b), 200);
	/* and one without an end until it is refused */
	fake_clock_advance(&b.hands, 100000000);
	ck_assert_int_eq(kube_bench_get(&b), 200);
	ck_assert_uint_eq(kube_bench_runs(&b), 4);
	kube_bench_plugin(&b, SAY("\"token\":\"three\""));
	tls_upstream_expect(b.up, "Bearer three");
	ck_assert_int_eq(kube_bench_get(&b), 200);
	ck_assert_uint_eq(kube_bench_runs(&b), 5);
	ck_assert_uint_eq(b.seen.refused, 1);
	/* a server that refuses everything does not have it run each time */
	tls_upstream_expect(b.up, "Bearer four");
	ck_assert_int_eq(kube_bench_get(&b), 401);
	ck_assert_int_eq(kube_bench_get(&b), 401);
	ck_assert_uint_eq(kube_bench_runs(&b), 5);
	fake_clock_advance(&b.hands, 10000);
	ck_assert_int_eq(kube_bench_get(&b), 401);
	ck_assert_uint_eq(kube_bench_runs(&b), 6);
}
END_TEST

START_TEST(a_plugin_whose_clock_is_another)
{
	kube_bench_write(&b, "config", CONFIG(EXEC));
	kube_bench_plugin(&b,
	    SAY("\"token\":\"one\",\"expirationTimestamp\":"
		"\"2025-01-01T00:00:00Z\""));
	kube_bench_open(&b);
	ck_assert_int_eq(kube_bench_get(&b), 200);
	ck_assert_int_eq(kube_bench_get(&b), 200);
	ck_assert_uint_eq(kube_bench_runs(&b), 1);
	fake_clock_advance(&b.hands, 10000);
	ck_assert_int_eq(kube_bench_get(&b), 200);
	ck_assert_uint_eq(kube_bench_runs(&b), 2);
}
END_TEST

START_TEST(a_plugin_that_gives_a_certificate)
{
	kube_bench_copy(&b, "tls/client.crt", "me.crt");
	kube_bench_copy(&b, "tls/client.key", "me.key");
	kube_bench_write(&b, "config", CONFIG(EXEC));
	kube_bench_plugin(&b,
	    "line() { while read l; do printf '%s\\\\n' \"$l\"; done <$1; }\n"
	    "printf '{\"apiVersion\":\"" V1 "\",\"kind\":\"ExecCredential\","
	    "\"status\":{\"clientCertificateData\":\"%s\","
	    "\"clientKeyData\":\"%s\"}}' "
	    "\"$(line $DIR/me.crt)\" \"$(line $DIR/me.key)\"\n");
	kube_bench_open(&b);
	ck_assert_msg(kube_bench_get(&b) == 200, "%s", b.err.text);
	ck_assert_ptr_nonnull(strstr(b.seen.subject, "throwaway-client"));
	ck_assert_ptr_null(strstr(b.seen.headers, "Authorization"));
}
END_TEST

/* A kubeconfig that names another user, and then another server. */
START_TEST(a_config_that_is_rewritten)
{
	kube_bench_write(&b, "config", CONFIG("token: one"));
	tls_upstream_expect(b.up, "Bearer one");
	kube_bench_open(&b);
	ck_assert_int_eq(kube_bench_get(&b), 200);
	kube_bench_write(&b, "config", CONFIG("token: two"));
	ck_assert_int_eq(kube_bench_get(&b), 200);
	tls_upstream_expect(b.up, "Bearer two");
	ck_assert_int_eq(kube_bench_get(&b), 200);
	ck_assert_uint_eq(b.seen.refused, 1);
	/* without a refusal within a minute; half a file does no harm */
	kube_bench_write(&b, "config", "current-context: x\ncontexts: [{");
	fake_clock_advance(&b.hands, 60000);
	ck_assert_int_eq(kube_bench_get(&b), 200);
	kube_bench_write(&b, "config", CONFIG("token: three"));
	fake_clock_advance(&b.hands, 10000);
	ck_assert_int_eq(kube_bench_get(&b), 401);
	ck_assert_ptr_nonnull(strstr(b.seen.headers, "Bearer three"));
	tls_upstream_expect(b.up, NULL);
	ck_assert_uint_eq(b.seen.connections, 1);
	/* nobody listens at the old place: the file is looked at sooner */
	kube_bench_write(&b, "config",
	    "current-context: x\n"
	    "contexts: [{name: x, context: {cluster: c}}]\n"
	    "clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]\n");
	fake_clock_advance(&b.hands, 60000);
	ck_assert_int_eq(kube_bench_get(&b), SST_UNREACHABLE);
	kube_bench_write(&b, "config", CONFIG("token: one"));
	ck_assert_msg(kube_bench_get(&b) == 200, "%s", b.err.text);
}
END_TEST

/* The server gets another certificate of another CA, on the same port. */
START_TEST(a_ca_that_is_exchanged)
{
	struct tls_upstream_settings settings = {
	    .cert = KUBE_CASES "tls/server2.crt",
	    .key = KUBE_CASES "tls/server2.key"};

	kube_bench_write(&b, "config", CONFIG("token: one"));
	kube_bench_open(&b);
	ck_assert_int_eq(kube_bench_get(&b), 200);
	settings.port = tls_upstream_port(b.up);
	tls_upstream_stop(&b.up);
	ck_assert(tls_upstream_start(&settings, &b.up));
	ck_assert_int_eq(kube_bench_get(&b), SST_TLS);
	kube_bench_copy(&b, "tls/ca2.crt", "ca.crt");
	ck_assert_msg(kube_bench_get(&b) == 200, "%s", b.err.text);
}
END_TEST

static const char *
pod_getenv(const char *name, void *ctx)
{
	if (strcmp(name, "KUBERNETES_SERVICE_HOST") == 0)
		return "127.0.0.1";
	return strcmp(name, "KUBERNETES_SERVICE_PORT") == 0 ? ctx : NULL;
}

START_TEST(in_a_pod)
{
	struct sst_kube_config_where where = {
	    .getenv = pod_getenv, .service_account = b.dir};
	char port[8], *name = NULL;

	snprintf(port, sizeof(port), "%u", tls_upstream_port(b.up));
	where.getenv_ctx = port;
	kube_bench_write(&b, "token", "one\n");
	kube_bench_write(&b, "namespace", "agents\n");
	tls_upstream_expect(b.up, "Bearer one");
	ck_assert_int_eq(sst_kube_access_new(
			     &where, &b.hands.clock, &b.access, &b.err),
	    SST_OK);
	ck_assert_int_eq(
	    sst_kube_http_new(b.access, &b.http, &b.err), SST_OK);
	ck_assert_msg(kube_bench_get(&b) == 200, "%s", b.err.text);
	ck_assert_int_eq(
	    sst_kube_access_namespace(b.access, &name, &b.err), SST_OK);
	ck_assert_str_eq(name, "agents");
	free(name);
	kube_bench_write(&b, "token", "two\n");
	tls_upstream_expect(b.up, "Bearer two");
	ck_assert_int_eq(kube_bench_get(&b), 200);
	ck_assert_uint_eq(b.seen.refused, 1);
}
END_TEST

static const char *const leaky[] = {
    CONFIG("token: '" SECRET "'"),
    CONFIG("tokenFile: secret"),
    CONFIG("client-certificate: secret, client-key: secret"),
    CONFIG("token: a, client-certificate: ca.crt, client-key: secret"),
    CONFIG("exec: {apiVersion: " V1 ", interactiveMode: Never, command: "
	   "./plugin, args: ['" SECRET "'], env: [{name: A, value: '" SECRET
	   "'}]}"),
    "current-context: x\n"
    "contexts: [{name: x, context: {cluster: c, user: u}}]\n"
    "clusters: [{name: c, cluster: {server: 'https://127.0.0.1:$PORT', "
    "proxy-url: 'http://u:" SECRET "@127.0.0.1:1'}}]\n"
    "users: [{name: u, user: {token: '" SECRET "'}}]\n",
};

/* Wherever a secret stands, no error text repeats it. */
START_TEST(secrets_in_error_texts)
{
	int status;

	kube_bench_write(&b, "config", leaky[_i]);
	kube_bench_write(&b, "secret",
	    "-----BEGIN PRIVATE KEY-----\n" SECRET "\n-----END PRIVATE KEY"
	    "-----\n\t" SECRET);
	kube_bench_plugin(&b, "echo " SECRET "\n");
	tls_upstream_expect(b.up, "Bearer other");
	kube_bench_open(&b);
	status = kube_bench_get(&b);
	if (status == 401)
		status = sst_kube_status(&b.answer, "/api/v1/pods", &b.err);
	ck_assert_int_lt(status, 0);
	ck_assert_int_gt((int)strlen(b.err.text), 0);
	ck_assert_msg(strstr(b.err.text, SECRET) == NULL, "%s", b.err.text);
}
END_TEST

#define COUNT(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))

static void
add_tests(TCase *tc)
{
	tcase_add_loop_test(tc, recorded_cases, 0, COUNT(recorded));
	tcase_add_loop_test(tc, a_list_of_files, 0, 3);
	tcase_add_test(tc, a_config_that_comes_later);
	tcase_add_test(tc, headers_of_a_request);
	tcase_add_test(tc, a_client_certificate);
	tcase_add_test(tc, a_token_that_is_rotated);
	tcase_add_test(tc, a_token_that_is_refused);
	tcase_add_test(tc, a_stream_that_is_refused);
	tcase_add_test(tc, a_plugin_is_run_when_it_is_due);
	tcase_add_test(tc, a_plugin_whose_clock_is_another);
	tcase_add_test(tc, a_plugin_that_gives_a_certificate);
	tcase_add_test(tc, a_config_that_is_rewritten);
	tcase_add_test(tc, a_ca_that_is_exchanged);
	tcase_add_test(tc, in_a_pod);
	tcase_add_loop_test(tc, secrets_in_error_texts, 0, COUNT(leaky));
}

int
main(void)
{
	Suite *s = suite_create("kube_access");
	TCase *tc = tcase_create("kube_access");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	add_tests(tc);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
