/*
 * One exchange a connection, made when it opens: it carries one request at a
 * time, so a request costs no allocation of ours.
 *
 * ulfius copies headers and body of a response only after the endpoint has
 * returned, and calls free_shared_data before it frees them. So the endpoint
 * lends it a map and the bytes of a shared body, and takes both back there:
 * one copy less, and no string of a header is ever allocated.
 */
#include "api/exchange.h"

#include <assert.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/api_priv.h"
#include "base/log.h"

/* Exported by libulfius, but in no header of it. */
void *ulfius_uri_logger(void *cls, const char *uri);
void mhd_request_completed(void *cls, struct MHD_Connection *connection,
    void **con_cls, enum MHD_RequestTerminationCode toe);

enum { EXCHANGE_MAGIC = 0x53455843 };

/* Bodies above this are streamed from the shared bytes, so that a slow reader
 * holds a block and not a copy. */
enum { STREAM_ABOVE_BYTES = 256 * 1024, STREAM_BLOCK_BYTES = 128 * 1024 };

enum certificate { CERTIFICATE_UNCHECKED, CERTIFICATE_GOOD, CERTIFICATE_BAD };

struct exchange {
	unsigned magic;
	struct sst_api *api;
	struct MHD_Connection *connection;
	bool active; /* between the request line and completion */
	enum certificate certificate;
	struct sst_mono began;
	int status; /* 0: the request never reached the endpoint */
	int route;
	size_t body_bytes;
	struct api_request request;
	struct api_response response;
	struct _u_map lent;      /* over the headers of response */
	struct _u_map *borrowed; /* the map of ulfius meanwhile */
	struct _u_response *answer;
};

static struct exchange *
exchange_of(void *pointer)
{
	struct exchange *x = pointer;

	assert(x != NULL && x->magic == EXCHANGE_MAGIC);
	return x;
}

static struct exchange *
exchange_find(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info == NULL || info->socket_context == NULL
		   ? NULL
		   : exchange_of(info->socket_context);
}

static void
exchange_begin(struct exchange *x)
{
	x->active = true;
	x->began = sst_clock_mono(x->api->clock);
	x->status = 0;
	x->route = -1;
	x->body_bytes = 0;
	atomic_fetch_add_explicit(
	    &x->api->metrics.in_flight, 1, memory_order_relaxed);
}

/* Wakes sst_api_stop when nothing runs any more. */
static void
exchange_leave(struct sst_api *api)
{
	/* Ordered: stop sets its flag, then reads the counter. */
	if (atomic_fetch_sub(&api->metrics.in_flight, 1) != 1 ||
	    !atomic_load(&api->stopping))
		return;
	sst_lock_acquire(&api->lock);
	pthread_cond_broadcast(&api->idle);
	sst_lock_release(&api->lock);
}

static void
exchange_end(struct exchange *x)
{
	int64_t ns;

	if (!x->active)
		return;
	x->active = false;
	if (x->status != 0) {
		ns = sst_clock_mono(x->api->clock).ns - x->began.ns;
		api__metrics_count(
		    &x->api->metrics, x->route, x->status, ns, x->body_bytes);
	}
	exchange_leave(x->api);
}

void
api__on_connection(void *cls, struct MHD_Connection *connection,
    void **socket_context, enum MHD_ConnectionNotificationCode toe)
{
	struct sst_api *api = cls;
	struct exchange *x;

	if (toe == MHD_CONNECTION_NOTIFY_STARTED) {
		atomic_fetch_add(&api->metrics.connections, 1);
		atomic_fetch_add(&api->metrics.connections_total, 1);
		x = calloc(1, sizeof(*x));
		if (x != NULL) {
			x->magic = EXCHANGE_MAGIC;
			x->api = api;
			x->connection = connection;
		}
		*socket_context = x;
		return;
	}
	atomic_fetch_sub(&api->metrics.connections, 1);
	if (*socket_context == NULL)
		return;
	x = exchange_of(*socket_context);
	exchange_end(x);
	x->magic = 0;
	free(x);
	*socket_context = NULL;
}

void *
api__on_uri(void *cls, const char *uri, struct MHD_Connection *connection)
{
	struct connection_info_struct *info = ulfius_uri_logger(NULL, uri);
	struct exchange *x = exchange_find(connection);

	(void)cls;
	if (info == NULL || x == NULL)
		return info;
	/* A field that ulfius uses for outgoing requests only: the one way to
	 * hand something of ours to the endpoint. */
	_Static_assert(sizeof(info->request->timeout) >= sizeof(x),
	    "a pointer fits into the field it travels in");
	info->request->timeout = (unsigned long)(uintptr_t)x;
	exchange_begin(x);
	return info;
}

static void
exchange_log(const struct exchange *x, const struct _u_request *request)
{
	size_t len;

	if (!sst_log_enabled(SST_LOG_DEBUG) || request == NULL ||
	    request->http_url == NULL)
		return;
	/* Without the query: it may hold what should not be logged. */
	len = strcspn(request->http_url, "?");
	sst_log_debug("API-REQUEST", x->request.id, "%s %.*s %d, %zu bytes",
	    request->http_verb == NULL ? "-" : request->http_verb,
	    len > 256 ? 256 : (int)len, request->http_url, x->status,
	    x->body_bytes);
}

void
api__on_completed(void *cls, struct MHD_Connection *connection, void **con_cls,
    enum MHD_RequestTerminationCode toe)
{
	struct connection_info_struct *info = *con_cls;
	struct exchange *x = exchange_find(connection);
	struct sst_api *api = cls;

	if (toe != MHD_REQUEST_TERMINATED_COMPLETED_OK)
		atomic_fetch_add(&api->metrics.aborted, 1);
	if (x != NULL && info != NULL)
		exchange_log(x, info->request);
	mhd_request_completed(NULL, connection, con_cls, toe);
	if (x != NULL)
		exchange_end(x);
}

/* What libmicrohttpd says is about single connections: for debugging. Two
 * messages are the only sign of a refusal, so they are counted here. */
void
api__on_log(void *cls, const char *fmt, va_list ap)
{
	struct sst_api *api = cls;
	char text[256];

	if (strncmp(fmt, "Server reached connection limit", 31) == 0)
		atomic_fetch_add(&api->metrics.refused, 1);
	if (strncmp(fmt, "Error processing request", 24) == 0)
		atomic_fetch_add(&api->metrics.malformed, 1);
	if (!sst_log_enabled(SST_LOG_DEBUG))
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	text[strcspn(text, "\r\n")] = '\0';
	sst_log_debug("API-TRANSPORT", NULL, "%s", text);
}

/* Where a header of that name goes, or NULL. */
static const char **
header_slot(struct api_request_headers *h, const char *name)
{
	switch (strlen(name)) {
	case 4:
		return strcasecmp(name, "Host") == 0 ? &h->host : NULL;
	case 6:
		if (strcasecmp(name, "Accept") == 0)
			return &h->accept;
		return strcasecmp(name, "Origin") == 0 ? &h->origin : NULL;
	case 13:
		if (strcasecmp(name, "If-None-Match") == 0)
			return &h->if_none_match;
		if (strcasecmp(name, "Last-Event-ID") == 0)
			return &h->last_event_id;
		return strcasecmp(name, "Authorization") == 0
			   ? &h->authorization
			   : NULL;
	case 15:
		return strcasecmp(name, "Accept-Encoding") == 0
			   ? &h->accept_encoding
			   : NULL;
	case 17:
		return strcasecmp(name, "If-Modified-Since") == 0
			   ? &h->if_modified_since
			   : NULL;
	default:
		return NULL;
	}
}

/* ulfius joins equal names with a comma; names that differ in case are two. */
static void
headers_read(const struct _u_map *map, struct api_request_headers *out)
{
	const char **slot;
	int i;

	memset(out, 0, sizeof(*out));
	for (i = 0; map->keys[i] != NULL; i++) {
		const char *value =
		    map->values[i] == NULL ? "" : map->values[i];

		out->bytes += strlen(map->keys[i]) + map->lengths[i] + 4;
		slot = header_slot(out, map->keys[i]);
		if (slot == NULL)
			continue;
		if (*slot != NULL)
			out->repeated = map->keys[i];
		*slot = value;
	}
}

static void
request_read(struct exchange *x, const struct _u_request *request)
{
	struct api_request *rq = &x->request;

	rq->api = x->api;
	rq->method = request->http_verb;
	rq->uri = request->http_url == NULL ? "" : request->http_url;
	headers_read(request->map_header, &rq->headers);
	rq->body_len = request->binary_body_length;
	memset(&rq->target, 0, sizeof(rq->target));
	rq->route = NULL;
	rq->type = 0;
	rq->coding = SST_CODING_IDENTITY;
	rq->id[0] = '\0';
}

static ssize_t
body_read(void *cls, uint64_t offset, char *out, size_t max)
{
	const struct sst_body *body = cls;
	size_t n;

	if (offset >= body->len)
		return MHD_CONTENT_READER_END_OF_STREAM;
	n = body->len - (size_t)offset;
	if (n > max)
		n = max;
	memcpy(out, body->bytes + offset, n);
	return (ssize_t)n;
}

static void
body_done(void *cls)
{
	struct sst_body *body = cls;

	sst_body_release(&body);
}

/* ulfius is done with what it was lent. */
static void
answer_take_back(void *shared)
{
	struct exchange *x = exchange_of(shared);

	x->answer->map_header = x->borrowed;
	x->answer->binary_body = NULL;
	x->answer = NULL;
	api__response_fini(&x->response);
}

/* Reads from the shared bytes, a block at a time. For HEAD nothing is read: it
 * is the way to tell the length without a copy of the body. */
static void
answer_stream(struct api_response *rs, size_t block, struct _u_response *answer)
{
	answer->stream_callback = body_read;
	answer->stream_callback_free = body_done;
	answer->stream_size = rs->body->len;
	answer->stream_block_size = block;
	/* The stream gives this reference back when it ends. */
	answer->stream_user_data = sst_body_acquire(rs->body);
}

static void
answer_lend(struct exchange *x, struct _u_response *answer)
{
	struct api_response *rs = &x->response;
	bool head;

	/* The map is only read, and lives as long as the exchange. */
	memcpy(&x->lent.keys, &(const char **){rs->names}, sizeof(char **));
	memcpy(&x->lent.values, &(const char **){rs->values}, sizeof(char **));
	x->lent.lengths = rs->lengths;
	x->lent.nb_values = (int)rs->count;
	x->borrowed = answer->map_header;
	x->answer = answer;
	answer->map_header = &x->lent;
	answer->shared_data = x;
	answer->free_shared_data = answer_take_back;
	answer->status = rs->status;
	/* A 304 then says Content-Length: 0. No length cannot be had from the
	 * library, and that of the body makes some clients wait for one. */
	if (rs->body == NULL || rs->status == 304)
		return;
	head = strcmp(x->request.method, "HEAD") == 0;
	if (!head)
		x->body_bytes = rs->body->len;
	if (head || rs->body->len > STREAM_ABOVE_BYTES) {
		answer_stream(rs, head ? 1 : STREAM_BLOCK_BYTES, answer);
	} else {
		answer->binary_body = rs->body->bytes;
		answer->binary_body_length = rs->body->len;
	}
}

/* Once a connection; the result holds for all its requests. */
static bool
certificate_is_good(struct exchange *x)
{
	const union MHD_ConnectionInfo *info;
	unsigned status = 1;

	if (x->certificate != CERTIFICATE_UNCHECKED)
		return x->certificate == CERTIFICATE_GOOD;
	info = MHD_get_connection_info(
	    x->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	if (info != NULL && info->tls_session != NULL &&
	    gnutls_certificate_verify_peers2(info->tls_session, &status) == 0 &&
	    status == 0)
		x->certificate = CERTIFICATE_GOOD;
	else
		x->certificate = CERTIFICATE_BAD;
	return x->certificate == CERTIFICATE_GOOD;
}

int
api__on_request(const struct _u_request *request, struct _u_response *response,
    void *user_data)
{
	struct exchange *x;
	size_t count;

	(void)user_data;
	if (request->timeout == 0)
		return U_CALLBACK_ERROR; /* no memory when it connected */
	x = exchange_of((void *)(uintptr_t)request->timeout);
	api__response_init(&x->response);
	request_read(x, request);
	x->request.certificate_missing =
	    x->api->need_certificate && !certificate_is_good(x);
	api__dispatch(&x->request, &x->response);
	if (atomic_load_explicit(&x->api->stopping, memory_order_relaxed))
		api__header(&x->response, "Connection", "close");
	x->status = x->response.status;
	if (x->request.route != NULL)
		x->route = (int)(x->request.route - api__routes(&count));
	answer_lend(x, response);
	return U_CALLBACK_COMPLETE;
}
