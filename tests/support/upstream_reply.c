/* How the test double answers, well and badly. */
#include "support/upstream_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <zlib.h>

/* Bodies are made as they are sent: 100 MB are never in memory. */
enum { REPLY_BLOCK = 64 * 1024 };

static const char *
reply_reason(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 401:
		return "Unauthorized";
	case 404:
		return "Not Found";
	default:
		return "Whatever";
	}
}

static void
reply_head(const struct upstream_exchange *x, struct sst_buf *out)
{
	sst_buf_addf(out,
	    "HTTP/1.1 %d %s\r\nServer: test double\r\n"
	    "Content-Type: application/json\r\n",
	    x->status, reply_reason(x->status));
}

static bool
reply_send(const struct upstream_exchange *x, struct sst_buf *out)
{
	bool ok =
	    !sst_buf_failed(out) && stage_send(x->fd, out->data, out->len);

	sst_buf_fini(out);
	return ok;
}

/* The whole answer in one go: an honest one unless the length differs. */
static bool
reply_plain(const struct upstream_exchange *x, size_t announced, size_t sent)
{
	struct sst_buf out = SST_BUF_INIT;

	reply_head(x, &out);
	if (x->status == 401)
		sst_buf_adds(
		    &out, "WWW-Authenticate: Basic realm=\"test double\"\r\n");
	sst_buf_adds(&out, x->headers);
	if (x->fault.retry_after != 0)
		sst_buf_addf(&out, "Retry-After: %d\r\n", x->fault.retry_after);
	sst_buf_addf(&out, "Content-Length: %zu\r\n\r\n", announced);
	sst_buf_add(&out, x->body, sent);
	return reply_send(x, &out);
}

static bool
reply_whole(const struct upstream_exchange *x)
{
	return reply_plain(x, x->len, x->len);
}

static bool
reply_with(struct upstream_exchange *x, const void *bytes, size_t len)
{
	free(x->body);
	x->status = 200;
	x->body = malloc(len + 1);
	if (x->body == NULL)
		abort();
	memcpy(x->body, bytes, len);
	x->len = len;
	return reply_whole(x);
}

static bool
reply_status(struct upstream_exchange *x)
{
	static const char body[] = "{\"error\":\"on order\"}";
	int status = x->fault.status;
	bool again;

	free(x->body);
	x->body = strdup(body);
	if (x->body == NULL)
		abort();
	x->len = sizeof(body) - 1;
	x->status = status;
	again = reply_whole(x);
	return again;
}

static void
reply_reset(const struct upstream_exchange *x)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};

	setsockopt(x->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

static bool
reply_chunked(const struct upstream_exchange *x, const char *size_line,
    size_t sent, const char *end)
{
	struct sst_buf out = SST_BUF_INIT;

	reply_head(x, &out);
	sst_buf_adds(&out, "Transfer-Encoding: chunked\r\n\r\n");
	if (size_line != NULL)
		sst_buf_adds(&out, size_line);
	else
		sst_buf_addf(&out, "%zx\r\n", x->len);
	sst_buf_add(&out, x->body, sent);
	sst_buf_adds(&out, end);
	reply_send(x, &out);
	return false;
}

/* ["aaaa...a"] of size bytes, a block at a time. */
static size_t
reply_block(char *block, size_t at, size_t size)
{
	size_t n = size - at < REPLY_BLOCK ? size - at : REPLY_BLOCK;

	memset(block, 'a', n);
	if (at == 0 && n >= 2)
		memcpy(block, "[\"", 2);
	if (at + n == size && n >= 2)
		memcpy(block + n - 2, "\"]", 2);
	return n;
}

static bool
reply_huge(const struct upstream_exchange *x, bool chunked)
{
	struct sst_buf out = SST_BUF_INIT;
	char *block = malloc(REPLY_BLOCK);
	size_t at, n;
	char line[32];
	bool ok;

	reply_head(x, &out);
	if (chunked)
		sst_buf_adds(&out, "Transfer-Encoding: chunked\r\n\r\n");
	else
		sst_buf_addf(
		    &out, "Content-Length: %zu\r\n\r\n", x->fault.size);
	ok = block != NULL && reply_send(x, &out);
	for (at = 0; ok && at < x->fault.size; at += n) {
		n = reply_block(block, at, x->fault.size);
		snprintf(line, sizeof(line), "%zx\r\n", n);
		ok = (!chunked || stage_send(x->fd, line, strlen(line))) &&
		     stage_send(x->fd, block, n) &&
		     (!chunked || stage_send(x->fd, "\r\n", 2));
	}
	if (ok && chunked)
		ok = stage_send(x->fd, "0\r\n\r\n", 5);
	free(block);
	return ok;
}

/* size 0: the body as it is. */
static void
reply_deflate(
    const struct upstream_exchange *x, size_t size, struct sst_buf *out)
{
	unsigned char packed[4096];
	char *block = malloc(REPLY_BLOCK);
	size_t at = 0, total = size > 0 ? size : x->len;
	z_stream z = {0};
	int rc = Z_OK;

	if (block == NULL ||
	    deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, 0) != Z_OK)
		abort();
	while (rc != Z_STREAM_END) {
		if (z.avail_in == 0 && at < total) {
			z.avail_in = size > 0
					 ? (uInt)reply_block(block, at, total)
					 : (uInt)total;
			z.next_in = (Bytef *)(size > 0 ? block : x->body);
			at += z.avail_in;
		}
		z.next_out = packed;
		z.avail_out = sizeof(packed);
		rc = deflate(&z, at < total ? Z_NO_FLUSH : Z_FINISH);
		sst_buf_add(out, packed, sizeof(packed) - z.avail_out);
	}
	deflateEnd(&z);
	free(block);
}

static bool
reply_gzip(const struct upstream_exchange *x, bool honest)
{
	struct sst_buf out = SST_BUF_INIT, packed = SST_BUF_INIT;

	if (honest)
		reply_deflate(x, x->fault.size, &packed);
	else
		sst_buf_add(&packed, x->body, x->len);
	reply_head(x, &out);
	sst_buf_addf(&out,
	    "Content-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n",
	    packed.len);
	sst_buf_add(&out, packed.data, packed.len);
	sst_buf_fini(&packed);
	return reply_send(x, &out) && honest;
}

static bool
reply_deep(struct upstream_exchange *x)
{
	enum { LEVELS = 100000 };
	char *text = malloc(2 * LEVELS);
	bool again;

	if (text == NULL)
		abort();
	memset(text, '[', LEVELS);
	memset(text + LEVELS, ']', LEVELS);
	again = reply_with(x, text, 2 * LEVELS);
	free(text);
	return again;
}

static bool
reply_redirect(const struct upstream_exchange *x)
{
	struct sst_buf out = SST_BUF_INIT;

	sst_buf_adds(&out, "HTTP/1.1 302 Found\r\n"
			   "Location: http://192.0.2.1/elsewhere\r\n"
			   "Content-Length: 0\r\n\r\n");
	return reply_send(x, &out);
}

static bool
reply_headers(const struct upstream_exchange *x)
{
	struct sst_buf out = SST_BUF_INIT;
	int i;

	sst_buf_adds(&out, "HTTP/1.1 200 OK\r\n");
	for (i = 0; i < 20000; i++)
		sst_buf_addf(&out, "X-Header-%d: and so on\r\n", i);
	reply_send(x, &out);
	return false;
}

static bool
reply_hold_body(struct upstream_exchange *x)
{
	if (!reply_plain(x, x->len, x->len / 2))
		return false;
	upstream__hold(x);
	return stage_send(x->fd, x->body + x->len / 2, x->len - x->len / 2);
}

/* Faults of the connection: the answer does not arrive as announced. */
static bool
reply_broken(struct upstream_exchange *x)
{
	static const char garbage[] = "SSH-2.0-OpenSSH_9.2\r\n";

	switch (x->fault.kind) {
	case UPSTREAM_CUT:
		reply_plain(x, x->len, x->len / 2);
		return false;
	case UPSTREAM_RESET:
		reply_plain(x, x->len, x->len / 2);
		reply_reset(x);
		return false;
	case UPSTREAM_CUT_CHUNK:
		return reply_chunked(x, NULL, x->len / 2, "");
	case UPSTREAM_BAD_CHUNK:
		return reply_chunked(x, "zz\r\n", x->len, "\r\n0\r\n\r\n");
	case UPSTREAM_LENGTH_LONG:
		reply_plain(x, x->len + 1000, x->len);
		return false;
	case UPSTREAM_LENGTH_SHORT:
		return reply_plain(x, x->len / 2, x->len);
	case UPSTREAM_GARBAGE:
		stage_send(x->fd, garbage, sizeof(garbage) - 1);
		return false;
	case UPSTREAM_HEADERS:
		return reply_headers(x);
	default:
		return false;
	}
}

/* Faults of the content: HTTP is right, the body is not. */
static bool
reply_strange(struct upstream_exchange *x)
{
	switch (x->fault.kind) {
	case UPSTREAM_UTF8:
		return reply_with(x, "[{\"name\":\"\xff\xfe\"}]", 15);
	case UPSTREAM_NUL:
		return reply_with(x, "[{\"name\":\"a\0b\"}]", 16);
	case UPSTREAM_ESCAPED_NUL:
		return reply_with(x, "[{\"name\":\"a\\u0000b\"}]", 21);
	case UPSTREAM_DEEP:
		return reply_deep(x);
	case UPSTREAM_HTML:
		return reply_with(x, "<html><body>Hello</body></html>", 31);
	case UPSTREAM_EMPTY:
		return reply_with(x, "", 0);
	case UPSTREAM_WRONG_TYPE:
		return reply_with(x, "42", 2);
	case UPSTREAM_STATUS:
		return reply_status(x);
	case UPSTREAM_REDIRECT:
		return reply_redirect(x);
	default:
		return reply_broken(x);
	}
}

bool
upstream__reply(struct upstream_exchange *x)
{
	switch (x->fault.kind) {
	case UPSTREAM_NONE:
		return reply_whole(x);
	case UPSTREAM_HOLD:
		upstream__hold(x);
		return reply_whole(x);
	case UPSTREAM_HOLD_BODY:
		return reply_hold_body(x);
	case UPSTREAM_HUGE:
	case UPSTREAM_HUGE_CHUNKED:
		return reply_huge(x, x->fault.kind == UPSTREAM_HUGE_CHUNKED);
	case UPSTREAM_GZIP:
	case UPSTREAM_GZIP_BOMB:
	case UPSTREAM_BAD_GZIP:
		return reply_gzip(x, x->fault.kind != UPSTREAM_BAD_GZIP);
	default:
		return reply_strange(x);
	}
}
