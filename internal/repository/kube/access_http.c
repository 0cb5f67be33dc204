/* Requests of one thread with what access knows. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "httpc/client.h"
#include "repository/kube/access.h"
#include "repository/kube/access_priv.h"

/* A new client when the way to the server is another. */
static int
http_connect(struct sst_kube_http *http, const struct kube_identity *id,
    struct sst_error *err)
{
	const struct sst_kube_config *c = id->config;
	const struct sst_httpc_options options = {
	    .ca_data = id->ca,
	    .cert_data = id->cert,
	    .key_data = id->key,
	    .insecure = c->insecure && id->ca == NULL,
	    .tls_server_name = c->tls_server_name,
	    .proxy = c->proxy_url,
	    .proxy_from_environment = true,
	};
	struct sst_httpc *client;
	int code;

	if (http->client != NULL && http->connection == id->connection)
		return SST_OK;
	code = sst_httpc_new(
	    &options, kube__access_clock(http->access), &client, err);
	if (code != SST_OK)
		return code;
	kube__access_swap(http, client);
	http->connection = id->connection;
	return SST_OK;
}

/* What is asked and what is told to the client of it. */
struct http_question {
	const struct sst_kube_request *request;
	bool streams;
};

static int
http_ask(struct sst_kube_http *http, const struct http_question *q,
    const struct kube_identity *id, struct sst_httpc_response *out,
    struct sst_error *err)
{
	const struct sst_kube_request *r = q->request;
	struct sst_buf url = SST_BUF_INIT;
	struct sst_httpc_stream stream = {
	    .idle_ms = r->idle_ms,
	    .until = r->until,
	    .opened = r->opened,
	    .piece = r->piece,
	    .ctx = r->ctx,
	};
	int code;

	sst_buf_addf(&url, "%s%s", id->config->server, r->path);
	if (sst_buf_failed(&url)) {
		sst_buf_fini(&url);
		return sst_error_nomem(err);
	}
	stream.request.url = url.data;
	stream.request.accept = r->accept;
	stream.request.max_bytes = r->max_bytes;
	stream.request.deadline = r->deadline;
	stream.request.headers = (const char *const *)id->headers;
	stream.request.coding =
	    r->compressed && !id->config->disable_compression
		? SST_HTTPC_CODING_GZIP
		: SST_HTTPC_CODING_NONE;
	code = q->streams
		   ? sst_httpc_stream(http->client, &stream, out, err)
		   : sst_httpc_get(http->client, &stream.request, out, err);
	sst_buf_fini(&url);
	return code;
}

/* One attempt; *id_out is what it was made with, the caller's. */
static int
http_attempt(struct sst_kube_http *http, const struct http_question *q,
    struct kube_identity **id_out, struct sst_httpc_response *out,
    struct sst_error *err)
{
	struct kube_identity *id = NULL;
	int code =
	    kube__access_acquire(http, q->request->deadline, &id, err);

	if (code != SST_OK)
		return code;
	code = http_connect(http, id, err);
	if (code == SST_OK)
		code = sst_httpc_set_bearer(http->client, id->token, err);
	if (code == SST_OK)
		code = http_ask(http, q, id, out, err);
	if (code == SST_TLS || code == SST_UNREACHABLE)
		kube__access_doubt(http->access);
	*id_out = id;
	return code;
}

static int
http_twice(struct sst_kube_http *http, const struct http_question *q,
    struct sst_httpc_response *out, struct sst_error *err)
{
	struct sst_httpc_response answer = {0};
	struct kube_identity *id = NULL;
	int code = http_attempt(http, q, &id, &answer, err);

	if (code == SST_OK && answer.status == 401 &&
	    kube__access_refused(http->access, id)) {
		sst_httpc_response_fini(&answer);
		kube__identity_release(&id);
		code = http_attempt(http, q, &id, &answer, err);
	}
	kube__identity_release(&id);
	if (code == SST_OK)
		*out = answer;
	return code;
}

static int
http_request(struct sst_kube_http *http, const struct http_question *q,
    struct sst_httpc_response *out, struct sst_error *err)
{
	int code;

	if (atomic_load(&http->interrupted))
		code = sst_error_set(err, SST_CANCELED, "GET %.*s: interrupted",
		    (int)strcspn(q->request->path, "?"), q->request->path);
	else
		code = http_twice(http, q, out, err);
	if (code == SST_CANCELED)
		sst_kube_http_resume(http);
	return code;
}

int
sst_kube_get(struct sst_kube_http *http, const struct sst_kube_request *request,
    struct sst_httpc_response *out, struct sst_error *err)
{
	const struct http_question q = {request, false};

	return http_request(http, &q, out, err);
}

int
sst_kube_stream(struct sst_kube_http *http,
    const struct sst_kube_request *request, struct sst_httpc_response *out,
    struct sst_error *err)
{
	const struct http_question q = {request, true};

	return http_request(http, &q, out, err);
}
