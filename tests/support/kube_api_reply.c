#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "support/kube_api_priv.h"

/* As the real one: short bodies have a length and are never packed. */
enum { REPLY_CHUNKED = 4096, REPLY_CHUNK = 16384, REPLY_GZIP = 128 * 1024 };

static bool
reply_head(
    struct kube_exchange *x, int status, const char *type, const char *more)
{
	char head[1024], wait[64] = "";
	int len;

	if (x->fault.retry_after > 0)
		snprintf(wait, sizeof(wait), "Retry-After: %d\r\n",
		    x->fault.retry_after);
	len = snprintf(head, sizeof(head),
	    "HTTP/1.1 %d On Order\r\nContent-Type: %s\r\n%s%s\r\n", status,
	    type, wait, more);
	return stage_send(x->fd, head, (size_t)len);
}

bool
kube__stream_chunk(struct kube_exchange *x, const char *bytes, size_t len)
{
	struct sst_buf out = SST_BUF_INIT;
	bool ok;

	sst_buf_addf(&out, "%zx\r\n", len);
	sst_buf_add(&out, bytes, len);
	sst_buf_adds(&out, "\r\n");
	if (sst_buf_failed(&out))
		abort();
	ok = stage_send(x->fd, out.data, out.len);
	sst_buf_fini(&out);
	return ok;
}

bool
kube__stream_begin(struct kube_exchange *x)
{
	return reply_head(
	    x, 200, "application/json", "Transfer-Encoding: chunked\r\n");
}

bool
kube__stream_end(struct kube_exchange *x)
{
	return stage_send(x->fd, "0\r\n\r\n", 5);
}

static bool
reply_chunks(struct kube_exchange *x, const char *bytes, size_t len)
{
	size_t at, n;

	for (at = 0; at < len; at += n) {
		n = len - at < REPLY_CHUNK ? len - at : REPLY_CHUNK;
		if (!kube__stream_chunk(x, bytes + at, n))
			return false;
	}
	return kube__stream_end(x);
}

static bool
reply_gzip(struct kube_exchange *x, int status, const char *type,
    const char *bytes, size_t len)
{
	z_stream z = {0};
	size_t room;
	char *out;
	bool ok;

	if (deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) !=
	    Z_OK)
		abort();
	room = deflateBound(&z, len);
	out = kube__alloc(1, room);
	z.next_in = (Bytef *)(uintptr_t)bytes;
	z.avail_in = (uInt)len;
	z.next_out = (Bytef *)out;
	z.avail_out = (uInt)room;
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	ok = reply_head(x, status, type,
		 "Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n") &&
	     reply_chunks(x, out, room - z.avail_out);
	deflateEnd(&z);
	free(out);
	return ok;
}

bool
kube__reply(struct kube_exchange *x, int status, const char *type,
    const char *bytes, size_t len)
{
	char more[64];

	if (len >= REPLY_GZIP && kube__header_has(x, "Accept-Encoding", "gzip"))
		return reply_gzip(x, status, type, bytes, len);
	if (len >= REPLY_CHUNKED)
		return reply_head(
			   x, status, type, "Transfer-Encoding: chunked\r\n") &&
		       reply_chunks(x, bytes, len);
	snprintf(more, sizeof(more), "Content-Length: %zu\r\n", len);
	return reply_head(x, status, type, more) &&
	       stage_send(x->fd, bytes, len);
}

const char *
kube__reason(int status)
{
	switch (status) {
	case 400:
		return "BadRequest";
	case 401:
		return "Unauthorized";
	case 403:
		return "Forbidden";
	case 404:
		return "NotFound";
	case 410:
		return "Expired";
	case 429:
		return "TooManyRequests";
	case 503:
		return "ServiceUnavailable";
	case 504:
		return "Timeout";
	default:
		return "InternalError";
	}
}

void
kube__status_text(struct sst_buf *out, int status, const char *reason,
    const char *message, const char *token)
{
	sst_buf_adds(
	    out, "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{");
	if (token != NULL)
		sst_buf_addf(out, "\"continue\":\"%s\"", token);
	sst_buf_adds(out, "},\"status\":\"Failure\",\"message\":");
	sst_buf_json_string(out, message, strlen(message));
	sst_buf_addf(out, ",\"reason\":\"%s\",\"code\":%d}", reason, status);
	if (sst_buf_failed(out))
		abort();
}

bool
kube__reply_status(struct kube_exchange *x, int status, const char *reason,
    const char *message, const char *token)
{
	struct sst_buf out = SST_BUF_INIT;
	bool ok;

	kube__status_text(&out, status,
	    reason != NULL ? reason : kube__reason(status),
	    message != NULL ? message : kube__reason(status), token);
	sst_buf_addc(&out, '\n');
	ok = kube__reply(x, status, "application/json", out.data, out.len);
	sst_buf_fini(&out);
	return ok;
}

bool
kube__reply_not_found(struct kube_exchange *x)
{
	static const char text[] = "404 page not found\n";

	return kube__reply(
	    x, 404, "text/plain; charset=utf-8", text, sizeof(text) - 1);
}

bool
kube__hold(struct kube_exchange *x)
{
	return stage_hold(&x->api->stage, &x->since);
}
