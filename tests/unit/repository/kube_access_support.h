/* A folder with a kubeconfig, a server with TLS, and who asks it. */
#ifndef SST_TESTS_UNIT_REPOSITORY_KUBE_ACCESS_SUPPORT_H
#define SST_TESTS_UNIT_REPOSITORY_KUBE_ACCESS_SUPPORT_H

#include "httpc/client.h"
#include "repository/kube/access.h"
#include "support/fake_clock.h"
#include "support/tls_upstream.h"

#define KUBE_CASES SST_SOURCE_DIR "/mocks/upstreams/kubeconfig/"

struct kube_bench {
	char dir[64];
	struct fake_clock hands;
	struct tls_upstream *up;
	struct sst_kube_access *access;
	struct sst_kube_http *http;
	struct sst_httpc_response answer; /* of the last get */
	struct tls_upstream_seen seen;    /* after it */
	struct sst_error err;
};

/* With a server that has the recorded certificate and asks for another one. */
void kube_bench_init(struct kube_bench *b);
void kube_bench_fini(struct kube_bench *b);

/* Writes DIR/name; $PORT becomes the server's port, $DIR the folder. */
void kube_bench_write(
    struct kube_bench *b, const char *name, const char *text);
/* A line `printf` for the script of a plugin that gives that status. */
void kube_bench_plugin(struct kube_bench *b, const char *lines);
void kube_bench_remove(struct kube_bench *b, const char *name);
/* A recorded file, with the server's port in place of 16443. */
void kube_bench_copy(
    struct kube_bench *b, const char *from, const char *name);
/* How often a plugin of kube_bench_plugin was run. */
unsigned kube_bench_runs(struct kube_bench *b);

/* An access with DIR/config, and a connection of it. */
void kube_bench_open(struct kube_bench *b);
void kube_bench_close(struct kube_bench *b);
/* GET /api/v1/pods?limit=1; the status, or the negative code. */
int kube_bench_get(struct kube_bench *b);

#endif
