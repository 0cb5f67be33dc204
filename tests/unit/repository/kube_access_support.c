#include "kube_access_support.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
bench_path(struct kube_bench *b, const char *name, char *out, size_t size)
{
	ck_assert_int_lt(
	    snprintf(out, size, "%s/%s", b->dir, name), (int)size);
}

void
kube_bench_init(struct kube_bench *b)
{
	const struct tls_upstream_settings settings = {
	    .cert = KUBE_CASES "tls/server.crt",
	    .key = KUBE_CASES "tls/server.key",
	    .client_ca = KUBE_CASES "tls/client-ca.crt",
	};

	memset(b, 0, sizeof(*b));
	snprintf(b->dir, sizeof(b->dir), "/tmp/systate-access-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(b->dir));
	fake_clock_init(&b->hands);
	ck_assert(tls_upstream_start(&settings, &b->up));
}

static void
bench_sweep(struct kube_bench *b)
{
	DIR *dir = opendir(b->dir);
	struct dirent *entry;

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] != '.')
			kube_bench_remove(b, entry->d_name);
	}
	closedir(dir);
	ck_assert_int_eq(rmdir(b->dir), 0);
}

void
kube_bench_fini(struct kube_bench *b)
{
	kube_bench_close(b);
	tls_upstream_stop(&b->up);
	bench_sweep(b);
	fake_clock_fini(&b->hands);
}

/* The first `what` in text becomes `by`, over and over. */
static void
bench_replace(char *text, size_t size, const char *what, const char *by)
{
	char *at, rest[16384];

	while ((at = strstr(text, what)) != NULL) {
		snprintf(rest, sizeof(rest), "%s", at + strlen(what));
		ck_assert_int_lt(snprintf(at, size - (size_t)(at - text),
				     "%s%s", by, rest),
		    (int)(size - (size_t)(at - text)));
	}
}

static void
bench_write(struct kube_bench *b, const char *name, const char *text,
    const char *port_name)
{
	char copy[16384], port[8], path[256], fresh[256];
	FILE *f;

	ck_assert_uint_lt(strlen(text), sizeof(copy));
	snprintf(copy, sizeof(copy), "%s", text);
	snprintf(port, sizeof(port), "%u", tls_upstream_port(b->up));
	bench_replace(copy, sizeof(copy), port_name, port);
	bench_replace(copy, sizeof(copy), "$DIR", b->dir);
	/* at once, as a kubelet does: nobody reads half of it */
	bench_path(b, "fresh", fresh, sizeof(fresh));
	bench_path(b, name, path, sizeof(path));
	f = fopen(fresh, "we");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(copy, f), 0);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(fresh, 0700), 0);
	ck_assert_int_eq(rename(fresh, path), 0);
}

void
kube_bench_write(struct kube_bench *b, const char *name, const char *text)
{
	bench_write(b, name, text, "$PORT");
}

void
kube_bench_plugin(struct kube_bench *b, const char *lines)
{
	char text[4096];

	snprintf(text, sizeof(text), "#!/bin/sh\necho run >>\"$DIR/runs\"\n%s",
	    lines);
	kube_bench_write(b, "plugin", text);
}

void
kube_bench_remove(struct kube_bench *b, const char *name)
{
	char path[512];

	bench_path(b, name, path, sizeof(path));
	ck_assert_int_eq(unlink(path), 0);
}

static void
bench_read(const char *path, char *out, size_t size)
{
	FILE *f = fopen(path, "re");
	size_t len = 0;

	if (f != NULL) {
		len = fread(out, 1, size - 1, f);
		fclose(f);
	}
	out[len] = '\0';
}

void
kube_bench_copy(struct kube_bench *b, const char *from, const char *name)
{
	char path[512], text[16000];

	snprintf(path, sizeof(path), "%s%s", KUBE_CASES, from);
	bench_read(path, text, sizeof(text));
	bench_write(b, name, text, "16443");
}

unsigned
kube_bench_runs(struct kube_bench *b)
{
	char path[256], text[4096];
	unsigned runs = 0;
	const char *p;

	bench_path(b, "runs", path, sizeof(path));
	bench_read(path, text, sizeof(text));
	for (p = text; *p != '\0'; p++)
		runs += *p == '\n';
	return runs;
}

void
kube_bench_open(struct kube_bench *b)
{
	char path[256];
	const struct sst_kube_config_where where = {.path = path};

	bench_path(b, "config", path, sizeof(path));
	ck_assert_int_eq(sst_kube_access_new(
			     &where, &b->hands.clock, &b->access, &b->err),
	    SST_OK);
	ck_assert_int_eq(
	    sst_kube_http_new(b->access, &b->http, &b->err), SST_OK);
}

void
kube_bench_close(struct kube_bench *b)
{
	sst_httpc_response_fini(&b->answer);
	sst_kube_http_free(&b->http);
	sst_kube_access_free(&b->access);
}

int
kube_bench_get(struct kube_bench *b)
{
	const struct sst_kube_request request = {
	    .path = "/api/v1/pods?limit=1",
	    .max_bytes = 65536,
	    .deadline = SST_MONO_NEVER,
	};
	int code;

	sst_httpc_response_fini(&b->answer);
	sst_error_clear(&b->err);
	code = sst_kube_get(b->http, &request, &b->answer, &b->err);
	tls_upstream_see(b->up, &b->seen);
	return code == SST_OK ? (int)b->answer.status : code;
}
