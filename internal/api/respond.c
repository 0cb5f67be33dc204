/* Responses: headers, entity tags, problems. Status codes come from here. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "api/api_priv.h"
#include "api/negotiate.h"
#include "base/log.h"

static const char vary[] = "Accept, Accept-Encoding";

static const char *const cache_control[] = {
    [API_CACHE_REVALIDATE] = "no-cache", [API_CACHE_NONE] = "no-store"};

void
api__response_init(struct api_response *rs)
{
	rs->status = 200;
	rs->count = 0;
	rs->names[0] = NULL;
	rs->values[0] = NULL;
	rs->lengths[0] = 0;
	rs->scratch_len = 0;
	rs->body = NULL;
	rs->immutable = false;
	rs->unchanged = false;
	rs->stream_ops = NULL;
	rs->stream = NULL;
}

void
api__response_fini(struct api_response *rs)
{
	if (rs->body != NULL)
		sst_body_release(&rs->body);
	if (rs->stream_ops != NULL)
		rs->stream_ops->close(rs->stream);
	rs->stream_ops = NULL;
	rs->stream = NULL;
}

void
api__header(struct api_response *rs, const char *name, const char *value)
{
	if (rs->count == API_HEADERS_MAX)
		return; /* no response of ours comes near */
	rs->names[rs->count] = name;
	rs->values[rs->count] = value;
	rs->lengths[rs->count] = strlen(value);
	rs->count++;
	rs->names[rs->count] = NULL;
	rs->values[rs->count] = NULL;
	rs->lengths[rs->count] = 0;
}

void
api__headerf(struct api_response *rs, const char *name, const char *fmt, ...)
{
	char *at = rs->scratch + rs->scratch_len;
	size_t room = API_SCRATCH_BYTES - rs->scratch_len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(at, room, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room)
		return;
	rs->scratch_len += (size_t)n + 1;
	api__header(rs, name, at);
}

void
api__header_copy(struct api_response *rs, const char *name, const char *value)
{
	char *at = rs->scratch + rs->scratch_len;
	size_t size = strlen(value) + 1;

	if (size > API_SCRATCH_BYTES - rs->scratch_len)
		return;
	memcpy(at, value, size);
	rs->scratch_len += size;
	api__header(rs, name, at);
}

void
api__header_number(struct api_response *rs, const char *name, uint64_t value)
{
	char text[24], *p = text + sizeof(text) - 1;

	*p = '\0';
	do {
		*--p = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	api__header_copy(rs, name, p);
}

/* Whether the client holds this representation already. */
static bool
is_not_modified(const struct api_request *rq, const struct api_response *rs,
    int64_t modified_ms)
{
	const struct sst_body *body = rs->body;
	int64_t since;

	if (rs->unchanged)
		return true;
	if (rq->headers.if_none_match != NULL)
		return api__etag_matches(rq->headers.if_none_match, body->etag);
	return rq->headers.if_modified_since != NULL && modified_ms >= 0 &&
	       api__date_parse(rq->headers.if_modified_since, &since) &&
	       modified_ms / 1000 <= since;
}

/* What lets a client keep the body and ask whether it still holds. */
static void
validators(
    struct api_response *rs, const struct sst_body *body, int64_t modified_ms)
{
	char date[API_DATE_TEXT];

	api__header(rs, "ETag", body->etag);
	if (modified_ms < 0)
		return;
	api__date_format(modified_ms / 1000, date);
	api__header_copy(rs, "Last-Modified", date);
}

void
api__respond_body(struct api_request *rq, struct api_response *rs,
    struct sst_body *body, int64_t modified_ms)
{
	rs->body = body;
	api__header(rs, "Cache-Control",
	    rs->immutable ? "private, max-age=31536000, immutable"
			  : cache_control[rq->route->cache]);
	api__header(rs, "Vary", vary);
	if (rq->route->cache == API_CACHE_REVALIDATE) {
		validators(rs, body, modified_ms);
		if (is_not_modified(rq, rs, modified_ms)) {
			rs->status = 304;
			return;
		}
	}
	api__header(rs, "Content-Type", rq->route->types[rq->type]);
	if (body->coding != SST_CODING_IDENTITY)
		api__header(
		    rs, "Content-Encoding", sst_coding_name(body->coding));
}

void
api__respond_unchanged(struct api_response *rs)
{
	api__header(rs, "Cache-Control", cache_control[API_CACHE_REVALIDATE]);
	api__header(rs, "Vary", vary);
	rs->status = 304;
}

/* Bytes to a body, in the negotiated coding. */
static int
live_body(struct api_request *rq, struct sst_buf *bytes, struct sst_body **out,
    struct sst_error *err)
{
	struct sst_body *identity = NULL;
	size_t len;
	char *data = sst_buf_take(bytes, &len);
	int rc;

	if (data == NULL)
		return sst_error_nomem(err);
	rc = sst_body_new(data, len, &identity, err);
	if (rc != SST_OK)
		return rc;
	if (rq->coding == SST_CODING_IDENTITY) {
		*out = identity;
		return SST_OK;
	}
	rc = sst_body_compress(identity, rq->coding, out, err);
	sst_body_release(&identity);
	return rc;
}

void
api__respond_live(
    struct api_request *rq, struct api_response *rs, struct sst_buf *bytes)
{
	struct sst_body *body = NULL;
	struct sst_error err;

	if (live_body(rq, bytes, &body, &err) != SST_OK) {
		sst_buf_fini(bytes);
		api__fail(rq, &err);
		return;
	}
	api__respond_body(rq, rs, body, -1);
}

void
api__respond_stream(struct api_request *rq, struct api_response *rs,
    const struct api_stream_ops *ops, void *stream)
{
	rs->stream_ops = ops;
	rs->stream = stream;
	api__header(rs, "Cache-Control", "no-store");
	api__header(rs, "Content-Type", rq->route->types[rq->type]);
}

static void
problem_headers(struct api_request *rq, struct api_response *rs)
{
	const struct api_problem *p = &rq->problem;

	api__header(rs, "Content-Type", "application/problem+json");
	api__header(rs, "Cache-Control", "no-store");
	if (p->retry_after >= 0)
		api__header_number(rs, "Retry-After", (uint64_t)p->retry_after);
	if (p->kind == API_UNAUTHORIZED)
		api__header(rs, "WWW-Authenticate",
		    rq->headers.authorization == NULL
			? "Bearer realm=\"systate\""
			: "Bearer realm=\"systate\", error=\"invalid_token\"");
	if (p->kind == API_METHOD_NOT_ALLOWED)
		api__header(rs, "Allow", api__route_allow(rq->route));
}

void
api__respond_problem(struct api_request *rq, struct api_response *rs)
{
	struct sst_buf text = SST_BUF_INIT;
	struct sst_body *body = NULL;
	struct sst_error err;
	size_t len;
	char *data;

	api__response_fini(rs);
	api__response_init(rs);
	rs->status = api__problem_row(rq->problem.kind)->status;
	api__problem_write(&rq->problem, api__request_id(rq), &text);
	data = sst_buf_take(&text, &len);
	sst_buf_fini(&text);
	if (data == NULL || sst_body_new(data, len, &body, &err) != SST_OK)
		return; /* out of memory: the status has to do */
	rs->body = body;
	problem_headers(rq, rs);
}

void
api__fail(struct api_request *rq, const struct sst_error *err)
{
	char method[API_QUOTE], path[API_QUOTE];

	sst_log_err("API-INTERNAL", api__request_id(rq), "%s %s: %s (%s)",
	    api__quote(rq->method, strlen(rq->method), method),
	    api__quote(rq->target.path.at, rq->target.path.len, path),
	    err->text, sst_code_name(err->code));
	api__problem_set(&rq->problem, API_INTERNAL,
	    "The answer could not be built; the log has the reason under %s.",
	    api__request_id(rq));
}
