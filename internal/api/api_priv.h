/*
 * What the files of this folder share. A request lives in the exchange of its
 * connection: one at a time, on one of libmicrohttpd's threads, so nothing in
 * it needs a lock. struct sst_api is immutable after start but for what says
 * otherwise.
 */
#ifndef SST_API_API_PRIV_H
#define SST_API_API_PRIV_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/api.h"
#include "api/asset.h"
#include "api/guard.h"
#include "api/intercept.h"
#include "api/metrics.h"
#include "api/params.h"
#include "api/park.h"
#include "api/problem.h"
#include "api/routes.h"
#include "api/target.h"
#include "api/workers.h"
#include "base/clock.h"
#include "base/lock.h"
#include "model/body.h"
#include "service/past.h"
#include "service/service.h"
#include "service/watch.h"

struct MHD_Connection;
struct _u_instance;

struct sst_api {
	struct sst_service *service;
	const struct sst_clock *clock;
	struct sst_wall started_at;
	struct sst_api_limits limits;
	bool allow_anonymous;
	bool need_certificate;
	struct api_guard guard;     /* has a lock */
	struct api_metrics metrics; /* atomic */
	struct api_assets assets;   /* has a lock */
	struct api_parking parking; /* has a lock */
	struct api_workers workers; /* has a lock */
	struct api_ulfius ulfius;
	char url[96];
	char id_prefix[9]; /* of request ids: differs between starts */
	atomic_uint_fast64_t id_next;
	atomic_bool stopping;
	struct sst_lock lock; /* for idle */
	pthread_cond_t idle;  /* the last running request has ended */
	struct _u_instance *instance;
	char any[2];   /* "*", for the endpoint of ulfius */
	int listen_fd; /* closed by the library once it runs */
};

/* Headers that mean something here; borrowed, NULL when absent. */
struct api_request_headers {
	const char *host;
	const char *origin;
	const char *authorization;
	const char *accept;
	const char *accept_encoding;
	const char *if_none_match;
	const char *if_modified_since;
	const char *last_event_id;
	const char *repeated; /* name of one that came twice */
	size_t bytes;         /* of all header lines together */
};

enum { API_HEADERS_MAX = 16, API_SCRATCH_BYTES = 640 };

enum api_stream_result {
	API_STREAM_PART,  /* a piece, and there will be another at once */
	API_STREAM_PIECE, /* a piece; who knows what comes behind it */
	API_STREAM_NONE,  /* nothing now: api__wake will be called, once */
	API_STREAM_END    /* nothing ever again */
};

/* A body of unknown length. One thread at a time, never blocking. */
struct api_stream_ops {
	/* The next bytes, at least one; borrowed until the next call. The
	 * first call should give some: the head is sent with them. */
	enum api_stream_result (*next)(
	    void *stream, const char **piece_out, size_t *len_out);
	/* Once, on whatever thread, however the request ended. */
	void (*close)(void *stream);
};

/* Shaped like ulfius' map, so that it can be sent without copying. */
struct api_response {
	int status;
	size_t count;
	/* NULL-terminated; borrowed, or from scratch */
	const char *names[API_HEADERS_MAX + 1];
	const char *values[API_HEADERS_MAX + 1];
	size_t lengths[API_HEADERS_MAX + 1];
	char scratch[API_SCRATCH_BYTES]; /* values made for this response */
	size_t scratch_len;
	struct sst_body *body; /* one reference, or NULL: no body */
	/* Set before api__respond_body(): */
	bool immutable; /* this URL gives these bytes for ever */
	bool unchanged; /* 304, also without If-None-Match */
	const struct api_stream_ops *stream_ops; /* NULL: no stream */
	void *stream;
};

/* Why a handler is called: see api__on_worker() and api__await(). */
enum api_stage { API_STAGE_FIRST, API_STAGE_WORKER, API_STAGE_WOKEN };

/* What comes after the handler has returned. */
enum api_next { API_NEXT_ANSWER, API_NEXT_WORKER, API_NEXT_WAKE };

struct api_request {
	struct sst_api *api;
	const char *method;
	const char *uri;
	struct api_request_headers headers;
	size_t body_len;
	bool certificate_missing; /* one is needed, none is verified */
	struct api_target target;
	const struct api_route *route; /* NULL: none matched */
	struct api_params params;
	unsigned type; /* index into the types of the route */
	enum sst_coding coding;
	char id[32]; /* "" until api__request_id */
	struct api_problem problem;
	enum api_stage stage;
	enum api_next next;
	struct sst_past *past;   /* at API_STAGE_WORKER: of that thread */
	struct sst_watch *watch; /* given to api__await, or NULL */
	void *wake_ctx;          /* NULL: nobody waits (some tests) */
};

/* Handlers fill the response, or set the problem of the request. */
typedef void api_handler_fn(struct api_request *rq, struct api_response *rs);

/* The id of this request, made on first use. */
const char *api__request_id(struct api_request *rq);

/*
 * Everything between a parsed request and a response (dispatch.c). False: the
 * handler wants to be called again, rq->next says when; api__continue does it,
 * with the same result. After true the request holds nothing any more.
 */
bool api__dispatch(struct api_request *rq, struct api_response *rs);
bool api__continue(
    struct api_request *rq, struct api_response *rs, enum api_stage stage);
/* Instead of api__continue: answers with rq->problem, which is set. */
void api__give_up(struct api_request *rq, struct api_response *rs);

/* Instead of either: the peer is gone, nobody wants the response. */
void api__abandon(struct api_request *rq);

/*
 * For handlers whose answer is not there yet: they call one of these and
 * return, and are called again for the same request. The connection is
 * suspended meanwhile and costs no thread. What the handler made so far it must
 * have released, or left in the request.
 *
 * At API_STAGE_FIRST: again at API_STAGE_WORKER, on a worker thread, where it
 * may block; rq->past (service/past.h) belongs to that thread. With too many
 * waiting for a worker the request is answered 503 instead.
 */
void api__on_worker(struct api_request *rq);
/*
 * A long poll, at any stage: takes the watch, for which sst_watch_next() has
 * just said SST_NODATA; again at API_STAGE_WOKEN, with rq->watch, when there is
 * something to be had; then it may wait again with the same watch. The watch is
 * closed when the request ends, however it ends.
 */
void api__await(struct api_request *rq, struct sst_watch *watch);
/* For sst_watch_settings.wake and .wake_ctx. Any thread, no lock held. */
void api__wake(void *ctx);
void *api__wake_ctx(struct api_request *rq);

/* respond.c */
void api__response_init(struct api_response *rs);
void api__response_fini(struct api_response *rs);
/* name and value must outlive the response. */
void api__header(struct api_response *rs, const char *name, const char *value);
/* The value is copied, written out, or formatted into scratch. */
void
api__header_copy(struct api_response *rs, const char *name, const char *value);
void
api__header_number(struct api_response *rs, const char *name, uint64_t value);
void api__headerf(struct api_response *rs, const char *name, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));
/* 304 where there is no body that a tag could be that of. */
void api__respond_unchanged(struct api_response *rs);
/*
 * Answers with a body in the negotiated coding, cacheable as the route says,
 * or with 304. Takes the reference. modified_ms: last change, <0 when unknown.
 */
void api__respond_body(struct api_request *rq, struct api_response *rs,
    struct sst_body *body, int64_t modified_ms);
/* Answers with bytes that were just written, which are taken over. */
void api__respond_live(
    struct api_request *rq, struct api_response *rs, struct sst_buf *bytes);
/*
 * Answers 200 with a body of unknown length and the route's type. Takes the
 * stream; its ops are static. At API_STREAM_NONE the connection is
 * suspended until api__wake.
 */
void api__respond_stream(struct api_request *rq, struct api_response *rs,
    const struct api_stream_ops *ops, void *stream);
/* Answers with rq->problem. */
void api__respond_problem(struct api_request *rq, struct api_response *rs);
/* Sets the problem for an error of a lower layer, and logs it. */
void api__fail(struct api_request *rq, const struct sst_error *err);

/* Handlers, see routes.c */
api_handler_fn api__get_root;
api_handler_fn api__get_state;
api_handler_fn api__get_section;
api_handler_fn api__get_entity;
api_handler_fn api__get_history;
api_handler_fn api__get_diff;
api_handler_fn api__get_watch;
api_handler_fn api__get_sources;
api_handler_fn api__get_schemas;
api_handler_fn api__get_schema;
api_handler_fn api__get_openapi;
api_handler_fn api__get_swagger;
api_handler_fn api__get_swagger_moved;
api_handler_fn api__get_problems;
api_handler_fn api__get_problem;
api_handler_fn api__get_healthz;
api_handler_fn api__get_readyz;
api_handler_fn api__get_metrics;

#endif
