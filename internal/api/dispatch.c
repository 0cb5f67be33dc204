/*
 * From a request to a response. The order of the checks is the order in which
 * their status wins: size, target, host, path, method, who, query, body, type.
 */
#include <stdio.h>
#include <string.h>

#include "api/api_priv.h"
#include "api/negotiate.h"

const char *
api__request_id(struct api_request *rq)
{
	if (rq->id[0] == '\0')
		snprintf(rq->id, sizeof(rq->id), "%s-%llu", rq->api->id_prefix,
		    (unsigned long long)atomic_fetch_add_explicit(
			&rq->api->id_next, 1, memory_order_relaxed));
	return rq->id;
}

static enum api_problem_kind
check_size(struct api_request *rq)
{
	const struct sst_api_limits *limits = &rq->api->limits;
	size_t len = strlen(rq->uri);

	if (len > limits->uri_bytes)
		return api__problem_set(&rq->problem, API_URI_TOO_LONG,
		    "The request target has %zu bytes; at most %zu are "
		    "allowed.",
		    len, limits->uri_bytes);
	if (rq->headers.bytes > limits->head_bytes)
		return api__problem_set(&rq->problem, API_HEAD_TOO_LARGE,
		    "The header lines have %zu bytes together; at most %zu "
		    "are allowed.",
		    rq->headers.bytes, limits->head_bytes);
	if (rq->body_len > limits->body_bytes)
		return api__problem_set(&rq->problem, API_BODY_TOO_LARGE,
		    "The request body is larger than %zu bytes.",
		    limits->body_bytes);
	return API_NO_PROBLEM;
}

static enum api_problem_kind
check_target(struct api_request *rq)
{
	char quoted[API_QUOTE];
	struct sst_error err;
	int rc = api__target_parse(rq->uri, &rq->target, &err);

	if (rc == SST_OK)
		return API_NO_PROBLEM;
	if (rc != SST_INVALID) {
		api__fail(rq, &err);
		return rq->problem.kind;
	}
	api__problem_set(&rq->problem, API_INVALID_PATH, "%s; received %s.",
	    err.text, api__quote(rq->uri, strlen(rq->uri), quoted));
	api__problem_example(&rq->problem, "/system/state");
	return rq->problem.kind;
}

static enum api_problem_kind
check_host(struct api_request *rq)
{
	const struct api_guard *guard = &rq->api->guard;
	struct api_span authority = rq->target.authority;
	char quoted[API_QUOTE];

	if (authority.at == NULL && rq->headers.host != NULL) {
		authority.at = rq->headers.host;
		authority.len = strlen(rq->headers.host);
	}
	/* Without Host (HTTP/1.0) it is no browser, so nothing to rebind. */
	if (authority.at != NULL && !api__guard_host(guard, authority)) {
		api__problem_set(&rq->problem, API_MISDIRECTED,
		    "Host %s does not name this service.",
		    api__quote(authority.at, authority.len, quoted));
		api__problem_parameter(&rq->problem, "Host");
		api__problem_example(&rq->problem, "%s", rq->api->url);
		return rq->problem.kind;
	}
	if (rq->headers.origin == NULL ||
	    api__guard_origin(guard, rq->headers.origin, authority))
		return API_NO_PROBLEM;
	api__problem_set(&rq->problem, API_FORBIDDEN_ORIGIN,
	    "Origin %s is not allowed.",
	    api__quote(rq->headers.origin, strlen(rq->headers.origin), quoted));
	api__problem_parameter(&rq->problem, "Origin");
	return rq->problem.kind;
}

static enum api_problem_kind
check_headers(struct api_request *rq)
{
	if (rq->headers.repeated == NULL)
		return API_NO_PROBLEM;
	api__problem_set(&rq->problem, API_BAD_REQUEST,
	    "Header %s is given more than once.", rq->headers.repeated);
	api__problem_parameter(&rq->problem, rq->headers.repeated);
	return rq->problem.kind;
}

static enum api_problem_kind
check_route(struct api_request *rq)
{
	const char *near[API_NEAREST];
	char quoted[API_QUOTE];
	size_t i, count;

	rq->route = api__route_find(&rq->target);
	if (rq->route != NULL)
		return API_NO_PROBLEM;
	count = api__route_nearest(&rq->target, near);
	api__problem_set(&rq->problem, API_NOT_FOUND,
	    "Nothing is at %s. Did you mean %s?",
	    api__quote(rq->target.path.at, rq->target.path.len, quoted),
	    count > 0 ? near[0] : "/");
	for (i = 0; i < count; i++)
		api__problem_allow(&rq->problem, near[i]);
	if (count > 0)
		api__problem_example(&rq->problem, "%s", near[0]);
	return rq->problem.kind;
}

static enum api_problem_kind
check_method(struct api_request *rq)
{
	char quoted[API_QUOTE];

	if (strcmp(rq->method, "GET") == 0 || strcmp(rq->method, "HEAD") == 0)
		return API_NO_PROBLEM;
	api__problem_set(&rq->problem, API_METHOD_NOT_ALLOWED,
	    "Method %s is not allowed here; allowed are %s.",
	    api__quote(rq->method, strlen(rq->method), quoted),
	    api__route_allow(rq->route));
	api__problem_allow(&rq->problem, "GET");
	api__problem_allow(&rq->problem, "HEAD");
	return rq->problem.kind;
}

static const char *
scope_name(unsigned scope)
{
	switch (scope) {
	case SST_API_INGEST:
		return "ingest";
	case SST_API_ADMIN:
		return "admin";
	default:
		return "read";
	}
}

static enum api_problem_kind
check_token(struct api_request *rq)
{
	struct sst_api *api = rq->api;
	unsigned scope = rq->route->scope, scopes = 0;

	if (scope == 0 || !api__guard_has_tokens(&api->guard))
		return API_NO_PROBLEM;
	if (rq->headers.authorization != NULL)
		scopes =
		    api__guard_scopes(&api->guard, rq->headers.authorization);
	else if (api->allow_anonymous)
		scopes = SST_API_READ;
	if ((scopes & scope) != 0)
		return API_NO_PROBLEM;
	if (scopes == 0)
		api__problem_set(&rq->problem, API_UNAUTHORIZED,
		    rq->headers.authorization == NULL
			? "The header Authorization: Bearer TOKEN is missing."
			: "The header Authorization holds no known bearer "
			  "token.");
	else
		api__problem_set(&rq->problem, API_FORBIDDEN,
		    "The token lacks the scope %s.", scope_name(scope));
	api__problem_parameter(&rq->problem, "Authorization");
	return rq->problem.kind;
}

static enum api_problem_kind
check_certificate(struct api_request *rq)
{
	if (!rq->certificate_missing || rq->route->scope == 0)
		return API_NO_PROBLEM;
	return api__problem_set(&rq->problem, API_CERTIFICATE_REQUIRED,
	    "The connection came without a certificate of the client CA.");
}

static enum api_problem_kind
check_body(struct api_request *rq)
{
	if (rq->body_len == 0)
		return API_NO_PROBLEM;
	return api__problem_set(&rq->problem, API_UNEXPECTED_BODY,
	    "A request body of %zu bytes came with a method that takes none.",
	    rq->body_len);
}

static enum api_problem_kind
check_accept(struct api_request *rq)
{
	const struct api_route *route = rq->route;
	size_t i, count = 1;
	char quoted[API_QUOTE];
	int type;

	while (count < API_TYPES_MAX && route->types[count] != NULL)
		count++;
	type = api__accept_pick(rq->headers.accept, route->types, count);
	if (type < 0) {
		api__problem_set(&rq->problem, API_NOT_ACCEPTABLE,
		    "Accept %s excludes everything that this path can send.",
		    api__quote(rq->headers.accept, strlen(rq->headers.accept),
			quoted));
		api__problem_parameter(&rq->problem, "Accept");
		for (i = 0; i < count; i++)
			api__problem_allow(&rq->problem, route->types[i]);
		return rq->problem.kind;
	}
	rq->type = (unsigned)type;
	if (api__coding_pick(rq->headers.accept_encoding, &rq->coding))
		return API_NO_PROBLEM;
	api__problem_set(&rq->problem, API_NOT_ACCEPTABLE,
	    "Accept-Encoding %s excludes identity, gzip and zstd.",
	    api__quote(rq->headers.accept_encoding,
		strlen(rq->headers.accept_encoding), quoted));
	api__problem_parameter(&rq->problem, "Accept-Encoding");
	for (i = 0; i < SST_CODING_COUNT; i++)
		api__problem_allow(
		    &rq->problem, sst_coding_name((enum sst_coding)i));
	return rq->problem.kind;
}

typedef enum api_problem_kind check_fn(struct api_request *rq);

static enum api_problem_kind
check_params(struct api_request *rq)
{
	return api__params_parse(
	    &rq->target, rq->route->params, &rq->params, &rq->problem);
}

void
api__abandon(struct api_request *rq)
{
	sst_watch_close(&rq->watch);
	api__params_fini(&rq->params);
	api__problem_fini(&rq->problem);
	api__target_fini(&rq->target);
}

/* Puts an end to what a request holds; the response is ready then. */
static void
request_finish(struct api_request *rq, struct api_response *rs)
{
	if (rq->problem.kind != API_NO_PROBLEM)
		api__respond_problem(rq, rs);
	api__header(rs, "X-Content-Type-Options", "nosniff");
	api__abandon(rq);
}

bool
api__continue(
    struct api_request *rq, struct api_response *rs, enum api_stage stage)
{
	rq->stage = stage;
	rq->next = API_NEXT_ANSWER;
	rq->route->handler(rq, rs);
	if (rq->next != API_NEXT_ANSWER && rq->problem.kind == API_NO_PROBLEM)
		return false;
	request_finish(rq, rs);
	return true;
}

void
api__give_up(struct api_request *rq, struct api_response *rs)
{
	request_finish(rq, rs);
}

void
api__on_worker(struct api_request *rq)
{
	rq->next = API_NEXT_WORKER;
}

void
api__await(struct api_request *rq, struct sst_watch *watch)
{
	rq->watch = watch;
	rq->next = API_NEXT_WAKE;
}

void *
api__wake_ctx(struct api_request *rq)
{
	return rq->wake_ctx;
}

bool
api__dispatch(struct api_request *rq, struct api_response *rs)
{
	static check_fn *const checks[] = {check_size, check_target,
	    check_headers, check_host, check_route, check_method,
	    check_certificate, check_token, check_params, check_body,
	    check_accept};
	size_t i;

	api__problem_init(&rq->problem);
	for (i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (checks[i](rq) != API_NO_PROBLEM)
			break;
	if (rq->problem.kind == API_NO_PROBLEM)
		return api__continue(rq, rs, API_STAGE_FIRST);
	request_finish(rq, rs);
	return true;
}
