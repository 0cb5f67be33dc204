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
#include "api/metrics.h"
#include "api/params.h"
#include "api/problem.h"
#include "api/routes.h"
#include "api/target.h"
#include "base/clock.h"
#include "base/lock.h"
#include "model/body.h"
#include "service/service.h"

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
	const char *repeated; /* name of one that came twice */
	size_t bytes;         /* of all header lines together */
};

enum { API_HEADERS_MAX = 16, API_SCRATCH_BYTES = 640 };

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
};

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
};

/* Handlers fill the response, or set the problem of the request. */
typedef void api_handler_fn(struct api_request *rq, struct api_response *rs);

/* The id of this request, made on first use. */
const char *api__request_id(struct api_request *rq);

/* Everything between a parsed request and a response (dispatch.c). */
void api__dispatch(struct api_request *rq, struct api_response *rs);

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
/*
 * Answers with a body in the negotiated coding, cacheable as the route says,
 * or with 304. Takes the reference. modified_ms: last change, <0 when unknown.
 */
void api__respond_body(struct api_request *rq, struct api_response *rs,
    struct sst_body *body, int64_t modified_ms);
/* Answers with bytes that were just written, which are taken over. */
void api__respond_live(
    struct api_request *rq, struct api_response *rs, struct sst_buf *bytes);
/* Answers with rq->problem. */
void api__respond_problem(struct api_request *rq, struct api_response *rs);
/* Sets the problem for an error of a lower layer, and logs it. */
void api__fail(struct api_request *rq, const struct sst_error *err);

/* Handlers, see routes.c */
api_handler_fn api__get_root;
api_handler_fn api__get_state;
api_handler_fn api__get_section;
api_handler_fn api__get_entity;
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
