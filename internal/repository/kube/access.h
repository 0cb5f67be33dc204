/*
 * Access to one API server, shared by all threads that ask it: the
 * configuration, and credentials that are read again when they are due or
 * refused. Every function may be called from any thread; none is entered with
 * a lock of the caller held.
 */
#ifndef SST_REPOSITORY_KUBE_ACCESS_H
#define SST_REPOSITORY_KUBE_ACCESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/error.h"
#include "httpc/client.h"
#include "repository/kube/config.h"

struct sst_kube_access;

/*
 * No I/O. where is copied (getenv and its ctx are borrowed). SST_NOMEM.
 */
int sst_kube_access_new(const struct sst_kube_config_where *where,
    const struct sst_clock *clock, struct sst_kube_access **out,
    struct sst_error *err);
/* After all sst_kube_http of it are gone. Accepts NULL; clears. */
void sst_kube_access_free(struct sst_kube_access **access);
/*
 * Ends a credential plugin that runs: whoever waits for it gets SST_CANCELED.
 * Never blocks. Until resumed, no other is started.
 */
void sst_kube_access_interrupt(struct sst_kube_access *access);
void sst_kube_access_resume(struct sst_kube_access *access);

/* The namespace of the context ("default" when it names none), copied; loads
 * the configuration when that has not been done. The caller frees it. */
int sst_kube_access_namespace(struct sst_kube_access *access, char **out,
    struct sst_error *err);

/*
 * A connection of one thread to that server: knows URL, certificates, proxy,
 * and brings the credentials.
 */
struct sst_kube_http;

/* No I/O. */
int sst_kube_http_new(struct sst_kube_access *access,
    struct sst_kube_http **out, struct sst_error *err);
void sst_kube_http_free(struct sst_kube_http **http);

struct sst_kube_request {
	const char *path;   /* "/api/v1/pods?limit=500", below the server */
	const char *accept; /* NULL: application/json */
	size_t max_bytes;   /* of the body; of a stream: of an answer that is
			     * not 2xx */
	struct sst_mono deadline; /* of a stream: of the first header */
	bool compressed; /* gzip is welcome; not for a watch */
	/* Streams only, see httpc/client.h. */
	int64_t idle_ms;
	struct sst_mono until;
	void (*opened)(void *ctx);
	bool (*piece)(const char *bytes, size_t len, void *ctx);
	void *ctx;
};

/*
 * GETs path. Loads the configuration first when that has not been done or
 * failed. A 401 has the credentials read again once and the request repeated.
 * 0 for every complete answer, whatever its status; codes as sst_httpc_get,
 * those of sst_kube_config_load, SST_UNAUTHORIZED when a plugin or a file
 * gives no credentials. Error texts name path without the query.
 */
int sst_kube_get(struct sst_kube_http *http,
    const struct sst_kube_request *request, struct sst_httpc_response *out,
    struct sst_error *err);
/* The same with pieces: see sst_httpc_stream. */
int sst_kube_stream(struct sst_kube_http *http,
    const struct sst_kube_request *request, struct sst_httpc_response *out,
    struct sst_error *err);
/*
 * 0 for 2xx, else as sst_httpc_status, with the `message` of a Status body or
 * the first line of a text body in err->text, cleaned and cut.
 * SST_GONE: 410, in a status line or in a Status.
 */
int sst_kube_status(const struct sst_httpc_response *response,
    const char *path, struct sst_error *err);

/* As sst_httpc_interrupt and sst_httpc_resume; also ends waiting for a
 * plugin. */
void sst_kube_http_interrupt(struct sst_kube_http *http);
void sst_kube_http_resume(struct sst_kube_http *http);

#endif
