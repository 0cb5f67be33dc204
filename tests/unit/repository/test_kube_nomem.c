/*
 * Lets each allocation fail once on the way from a kubeconfig to an answer:
 * it is told as such, nothing leaks, and the next attempt succeeds.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "kube_access_support.h"
#include "repository/kube/cluster_priv.h"
#include "repository/kube/exec_plugin.h"
#include "repository/kube/kube_priv.h"
#include "support/fake_clock.h"
#include "support/starve.h"
#include "unit/base/run.h"

enum { ALLOCATIONS_MAX = 2000 };

#define V1 "client.authentication.k8s.io/v1"

#define RICH(server)                                                           \
	"current-context: x\n"                                                 \
	"contexts: [{name: x, context: {cluster: c, user: u, namespace: n}}]\n"\
	"clusters:\n- name: c\n  cluster:\n"                                   \
	"    server: " server "\n"                                             \
	"    certificate-authority: ca.crt\n"                                  \
	"    tls-server-name: kubernetes\n"                                    \
	"    extensions:\n    - name: client.authentication.k8s.io/exec\n"     \
	"      extension: {a: [1, b], c: ~}\n"                                 \
	"users:\n- name: u\n  user:\n"                                         \
	"    exec: {apiVersion: " V1 ", interactiveMode: Never, "              \
	"command: ./plugin, args: [a, b], env: [{name: C, value: d}], "        \
	"installHint: h, provideClusterInfo: true}\n"                          \
	"    act-as: a\n    act-as-uid: b\n    act-as-groups: [c, d]\n"        \
	"    act-as-user-extra: {e: [f, g]}\n"                                 \
	"    client-certificate-data: LS0tLS1CRUdJTiA=\n"                      \
	"    client-key-data: LS0tLS1CRUdJTiA=\n"

static struct sst_error err;

START_TEST(reading_a_kubeconfig)
{
	static const char text[] = RICH("https://h:6443/x?y");
	const struct kube_source sources[] = {
	    {"/home/u/.kube/config", text, sizeof(text) - 1},
	    {"/home/u/.kube/other", "a: b\n", 5},
	};
	struct sst_kube_config *config = NULL;
	bool failed = true;
	long n;
	int code;

	for (n = 0; failed && n < ALLOCATIONS_MAX; n++) {
		sst_error_clear(&err);
		starve_after(n);
		code = kube__config_build(sources, 2, NULL, &config, &err);
		failed = starve_end();
		ck_assert_msg(code == (failed ? SST_NOMEM : SST_OK),
		    "%ld: %d %s", n, code, err.text);
		ck_assert_int_eq(config == NULL, failed);
		sst_kube_config_free(&config);
	}
	ck_assert_int_gt(n, 25);
	ck_assert(!failed);
}
END_TEST

START_TEST(what_a_plugin_says)
{
	static const char said[] =
	    "{\"apiVersion\":\"" V1 "\",\"kind\":\"ExecCredential\",\"status\":"
	    "{\"token\":\"t\",\"clientCertificateData\":\"-----BEGIN c\","
	    "\"clientKeyData\":\"-----BEGIN k\"}}";
	struct kube_credential credential = {0};
	bool failed = true;
	long n;
	int code;

	for (n = 0; failed && n < ALLOCATIONS_MAX; n++) {
		starve_after(n);
		code = kube__credential_parse(
		    said, sizeof(said) - 1, V1, &credential, &err);
		failed = starve_end();
		ck_assert_msg(code == (failed ? SST_NOMEM : SST_OK),
		    "%ld: %d %s", n, code, err.text);
		ck_assert_int_eq(credential.token == NULL, failed);
		kube__credential_fini(&credential);
	}
	ck_assert_int_gt(n, 3);
	ck_assert(!failed);
}
END_TEST

/* The whole way: files, plugin, client, request. */
START_TEST(a_request)
{
	struct kube_bench b;
	bool failed = true;
	long n;
	int result;

	kube_bench_init(&b);
	kube_bench_copy(&b, "tls/ca.crt", "ca.crt");
	kube_bench_write(&b, "config", RICH("https://127.0.0.1:$PORT"));
	kube_bench_copy(&b, "tls/client.crt", "me.crt");
	kube_bench_copy(&b, "tls/client.key", "me.key");
	kube_bench_plugin(&b,
	    "line() { while read l; do printf '%s\\\\n' \"$l\"; done <$1; }\n"
	    "printf '{\"apiVersion\":\"" V1 "\",\"kind\":\"ExecCredential\","
	    "\"status\":{\"token\":\"t\",\"clientCertificateData\":\"%s\","
	    "\"clientKeyData\":\"%s\"}}' "
	    "\"$(line $DIR/me.crt)\" \"$(line $DIR/me.key)\"\n");
	for (n = 0; failed && n < ALLOCATIONS_MAX; n++) {
		kube_bench_open(&b);
		starve_after(n);
		result = kube_bench_get(&b);
		failed = starve_end();
		ck_assert_msg(result == 200 || (failed && result == SST_NOMEM),
		    "%ld: %d %s", n, result, b.err.text);
		if (failed && result != 200)
			ck_assert_msg(kube_bench_get(&b) == 200, "%ld: %s", n,
			    b.err.text);
		kube_bench_close(&b);
	}
	ck_assert_int_gt(n, 80);
	ck_assert(!failed);
	kube_bench_fini(&b);
}
END_TEST

static void
on_notify(void *ctx)
{
	(void)ctx;
}

static void
on_nothing(void *ctx)
{
	(void)ctx;
}

static bool
on_synced(void *ctx)
{
	(void)ctx;
	return false;
}

static int
on_object(void *ctx, const struct sst_kube_object *object, bool *changed,
    struct sst_error *why)
{
	(void)ctx;
	(void)object;
	(void)changed;
	(void)why;
	return SST_OK;
}

static const struct sst_kube_resource resource = {
    .name = "pods", .group = "/api/v1", .missing = "pods"};
static const struct sst_kube_part_settings part = {
    .resource = &resource,
    .sink = {on_nothing, on_synced, on_nothing, on_object, NULL},
};

static int
open_cluster(struct sst_kube_cluster *cluster, struct fake_clock *hands)
{
	static char kubeconfig[] = "/nonexistent/kubeconfig";
	static const struct sst_kube_cluster_settings settings = {
	    .kubeconfig = kubeconfig};
	struct sst_source_env env = {
	    .name = "workload/test",
	    .clock = &hands->clock,
	    .max_upstream_bytes = 1024,
	    .notify = on_notify,
	};
	int code = sst_kube_cluster_init(cluster, &settings, 1, &env, &err);

	return code == SST_OK ? sst_kube_part_open(cluster, 0, &part, &err)
			      : code;
}

START_TEST(a_cluster)
{
	struct sst_kube_cluster cluster;
	struct fake_clock hands;
	bool failed = true;
	long n;
	int code;

	fake_clock_init(&hands);
	for (n = 0; failed && n < ALLOCATIONS_MAX; n++) {
		memset(&cluster, 0, sizeof(cluster));
		starve_after(n);
		code = open_cluster(&cluster, &hands);
		failed = starve_end();
		/* libcurl makes some of its failures good itself */
		ck_assert_msg(code == SST_OK || (failed && code == SST_NOMEM),
		    "%ld: %d %s", n, code, err.text);
		sst_kube_cluster_ask_stop(&cluster);
		sst_kube_cluster_join(&cluster);
		sst_kube_cluster_fini(&cluster);
	}
	ck_assert_int_gt(n, 10);
	ck_assert(!failed);
	fake_clock_fini(&hands);
}
END_TEST

/* One that could not be made anew is begun again, and never read. */
START_TEST(a_part_that_is_closed)
{
	struct sst_kube_cluster cluster = {0};
	struct fake_clock hands;
	struct sst_mono now;

	fake_clock_init(&hands);
	now = sst_clock_mono(&hands.clock);
	ck_assert_int_eq(open_cluster(&cluster, &hands), SST_OK);
	kube__part_join(&cluster.parts[0]);
	starve_after(0);
	ck_assert_int_eq(
	    kube__part_look(&cluster.parts[0], now, &err), SST_NOMEM);
	starve_end();
	ck_assert_ptr_null(cluster.parts[0].reflector);
	ck_assert_int_eq(
	    kube__part_look(&cluster.parts[0], now, &err), SST_OK);
	ck_assert_ptr_nonnull(cluster.parts[0].reflector);
	sst_kube_cluster_ask_stop(&cluster);
	sst_kube_cluster_join(&cluster);
	sst_kube_cluster_fini(&cluster);
	fake_clock_fini(&hands);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("kube_nomem");
	TCase *tc = tcase_create("kube_nomem");

	starve_init();
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, reading_a_kubeconfig);
	tcase_add_test(tc, what_a_plugin_says);
	tcase_add_test(tc, a_request);
	tcase_add_test(tc, a_cluster);
	tcase_add_test(tc, a_part_that_is_closed);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
