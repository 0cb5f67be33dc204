/*
 * From a call of libmicrohttpd to a request, and through what it waits for.
 *
 * A request that must wait is suspended before ulfius sees that it is complete,
 * see intercept.c. libmicrohttpd does not touch a suspended connection, not
 * even when its peer goes away; once resumed it calls us again as before, and
 * the request goes on where it stood.
 */
#include "api/exchange.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "api/exchange_priv.h"
#include "base/log.h"

/* Exported by libulfius, but in no header of it. */
void *ulfius_uri_logger(void *cls, const char *uri);
void mhd_request_completed(void *cls, struct MHD_Connection *connection,
    void **con_cls, enum MHD_RequestTerminationCode toe);

enum { EXCHANGE_MAGIC = 0x53455843 };

struct exchange *
api__exchange_of(void *pointer)
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
		   : api__exchange_of(info->socket_context);
}

static void
exchange_begin(struct exchange *x)
{
	x->active = true;
	x->began = sst_clock_mono(x->api->clock);
	x->step = EXCHANGE_NEW;
	x->waited = false;
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

/* For the figures; a request that was not counted is not counted out. */
static void
count_parked(struct exchange *x, bool parked)
{
	if (x->counted == parked)
		return;
	x->counted = parked;
	if (parked)
		atomic_fetch_add_explicit(
		    &x->api->metrics.parked, 1, memory_order_relaxed);
	else
		atomic_fetch_sub_explicit(
		    &x->api->metrics.parked, 1, memory_order_relaxed);
}

/* The peer may have gone away at any step. */
static void
exchange_drop(struct exchange *x)
{
	if (x->step == EXCHANGE_NEW)
		return;
	count_parked(x, false);
	if (x->step == EXCHANGE_WAITING)
		api__abandon(&x->request);
	api__answer_drop(x);
	x->step = EXCHANGE_NEW;
}

static void
exchange_end(struct exchange *x)
{
	int64_t ns = -1;

	if (!x->active)
		return;
	x->active = false;
	exchange_drop(x);
	if (x->status != 0) {
		if (!x->waited)
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
	x = api__exchange_of(*socket_context);
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

/* The response is there. */
static void
exchange_answered(struct exchange *x)
{
	size_t count;

	x->step = EXCHANGE_ANSWERED;
	if (atomic_load_explicit(&x->api->stopping, memory_order_relaxed))
		api__header(&x->response, "Connection", "close");
	x->status = x->response.status;
	if (x->request.route != NULL)
		x->route = (int)(x->request.route - api__routes(&count));
}

/* Answers 503: it cannot wait any longer, or not begin to. */
static void
exchange_give_up(struct exchange *x, bool stopping)
{
	struct api_request *rq = &x->request;

	if (stopping)
		api__problem_set(
		    &rq->problem, API_BUSY, "The service is stopping.");
	else
		api__problem_set(&rq->problem, API_BUSY,
		    "%d requests wait for a worker thread already.",
		    API_WORKERS_QUEUE);
	rq->problem.retry_after = 1;
	api__give_up(rq, &x->response);
	exchange_answered(x);
}

void
api__exchange_work(
    struct exchange *x, struct sst_past *past, const struct sst_error *err)
{
	struct api_request *rq = &x->request;
	bool done = true;

	atomic_fetch_add_explicit(
	    &x->api->metrics.worker_jobs, 1, memory_order_relaxed);
	rq->past = past;
	if (err == NULL) {
		done = api__continue(rq, &x->response, API_STAGE_WORKER);
	} else {
		api__fail(rq, err);
		api__give_up(rq, &x->response);
	}
	rq->past = NULL;
	if (!done) {
		assert(rq->next == API_NEXT_WAKE);
		x->step = EXCHANGE_WAITING;
		x->waited = true;
		api__park(x);
		return;
	}
	exchange_answered(x);
	api__resume(x);
}

void
api__exchange_refuse(struct exchange *x)
{
	exchange_give_up(x, atomic_load(&x->api->stopping));
	api__resume(x);
}

/* The handler wants to be called again. Afterwards x is somebody else's. */
static void
exchange_suspend(struct exchange *x)
{
	enum api_next next = x->request.next;

	count_parked(x, true);
	MHD_suspend_connection(x->connection);
	if (next == API_NEXT_WORKER) {
		x->step = EXCHANGE_WORKING;
		if (!api__workers_push(x->api, x))
			api__exchange_refuse(x);
		return;
	}
	x->step = EXCHANGE_WAITING;
	x->waited = true;
	api__park(x);
}

static bool
exchange_first(struct exchange *x, const struct _u_request *request)
{
	api__response_init(&x->response);
	api__exchange_read(x, request);
	return api__dispatch(&x->request, &x->response);
}

/* Whether there is a response to hand over; if not, x must not be touched. */
static bool
exchange_advance(struct exchange *x, const struct _u_request *request)
{
	bool done = false;

	count_parked(x, false);
	switch (x->step) {
	case EXCHANGE_NEW:
		done = exchange_first(x, request);
		break;
	case EXCHANGE_WAITING:
		if (atomic_load(&x->api->parking.ending)) {
			exchange_give_up(x, true);
			return true;
		}
		done =
		    api__continue(&x->request, &x->response, API_STAGE_WOKEN);
		break;
	default:
		return true; /* answered while it was suspended */
	}
	if (done)
		exchange_answered(x);
	else
		exchange_suspend(x);
	return done;
}

enum MHD_Result
api__on_access(void *cls, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *upload_data,
    size_t *upload_data_size, void **con_cls)
{
	const struct api_ulfius *ulfius = &((struct sst_api *)cls)->ulfius;
	struct connection_info_struct *info = *con_cls;

	/* Without memory when it connected the endpoint says so. */
	if (info != NULL && !info->callback_first_iteration &&
	    *upload_data_size == 0 && info->request->timeout != 0 &&
	    !exchange_advance(
		api__exchange_of((void *)(uintptr_t)info->request->timeout),
		info->request))
		return MHD_YES;
	return ((MHD_AccessHandlerCallback)ulfius->handler)(ulfius->cls,
	    connection, url, method, version, upload_data, upload_data_size,
	    con_cls);
}
