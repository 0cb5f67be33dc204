/* Commands out, replies in, at the same time: neither side waits for room. */
#include <stdlib.h>
#include <string.h>

#include "repository/redis/redis_priv.h"

enum {
	EXCHANGE_PIECE = 64 * 1024,
	EXCHANGE_KEEP = 1024 * 1024 /* memory that stays between runs */
};

static int
exchange_failed(struct sst_redis *r, const struct redis_exchange *x, int code,
    struct sst_error *err)
{
	char name[64];

	switch (code) {
	case SST_TOO_LARGE:
		redis__pipe_name(x->pipe, x->done, name, sizeof(name));
		return sst_error_set(err, code,
		    "%s: the reply to %s is over the bound of %zu bytes",
		    r->name, name, r->max_bytes);
	case SST_PROTOCOL:
		return sst_error_set(
		    err, code, "%s: the reply is not RESP", r->name);
	case SST_TRUNCATED:
		return sst_error_set(err, code, "%s: %s", r->name,
		    r->in.len > r->in_at ? "closed in the middle of a reply"
					 : "closed before the reply");
	default:
		return code;
	}
}

/* A reply of an error that answers all commands ends the run. */
static int
exchange_look(
    struct sst_redis *r, const char *bytes, size_t len, struct sst_error *err)
{
	int code;

	if (bytes[0] != '-')
		return SST_OK;
	code = redis__error_code_of_all(bytes + 1, len - 3);
	if (code == SST_OK)
		return SST_OK;
	return redis__error_set(err, code, r->name, bytes + 1, len - 3);
}

/* Hands over what is whole. SST_NODATA when more has to come. */
static int
exchange_deliver(struct sst_redis *r, struct redis_exchange *x,
    struct redis_scan *scan, struct sst_error *err)
{
	const char *bytes;
	int code = SST_OK;

	while (code == SST_OK && x->done < x->pipe->count) {
		if (r->in.len == r->in_at)
			return SST_NODATA;
		bytes = r->in.data + r->in_at;
		code = redis__scan(scan, bytes, r->in.len - r->in_at);
		if (code == SST_NODATA)
			return code;
		if (code != SST_OK)
			return exchange_failed(r, x, code, err);
		code = exchange_look(r, bytes, scan->at, err);
		if (code == SST_OK)
			code =
			    x->on_bytes(x->ctx, x->done, bytes, scan->at, err);
		x->done++;
		r->in_at += scan->at;
		redis__scan_init(scan, r->max_bytes);
	}
	return code;
}

/* Bytes of the pipe that may be sent by now. */
static size_t
exchange_allowed(const struct redis_exchange *x)
{
	size_t mark = x->done / REDIS_AHEAD + 2;

	return mark < x->pipe->mark_count ? x->pipe->marks[mark]
					  : x->pipe->out.len;
}

static int
exchange_send(
    struct sst_redis *r, struct redis_exchange *x, struct sst_error *err)
{
	size_t len = exchange_allowed(x) - x->sent, sent = 0;
	int code;

	if (len == 0)
		return SST_OK;
	code = sst_socket_send(
	    r->socket, x->pipe->out.data + x->sent, len, &sent, err);
	x->sent += sent;
	/* what it said before it closed is worth more */
	return code == SST_TRUNCATED ? SST_OK : code;
}

/* Room for a piece, with what is done with moved out of the way. */
static bool
exchange_room(struct sst_redis *r)
{
	size_t rest = r->in.len - r->in_at;

	if (r->in_at > 0) {
		memmove(r->in.data, r->in.data + r->in_at, rest);
		r->in.len = rest;
		r->in_at = 0;
	}
	return sst_buf_reserve(&r->in, EXCHANGE_PIECE);
}

/* SST_NODATA: nothing is there now. */
static int
exchange_receive(
    struct sst_redis *r, struct redis_exchange *x, struct sst_error *err)
{
	size_t len = 0;
	int code;

	if (!exchange_room(r))
		return sst_error_nomem(err);
	code = sst_socket_receive(
	    r->socket, r->in.data + r->in.len, EXCHANGE_PIECE, &len, err);
	if (code != SST_OK)
		return code;
	if (len == 0)
		return exchange_failed(r, x, SST_TRUNCATED, err);
	r->in.len += len;
	r->in.data[r->in.len] = '\0';
	x->heard = true;
	return SST_OK;
}

/* A server that never lets us wait must not keep us either. */
static int
exchange_check(const struct sst_redis *r, const struct redis_exchange *x,
    struct sst_error *err)
{
	if (atomic_load(&r->interrupted))
		return sst_error_set(
		    err, SST_CANCELED, "%s: interrupted", r->name);
	if (sst_mono_before(x->deadline, sst_clock_mono(r->clock)))
		return sst_error_set(
		    err, SST_TIMEOUT, "%s: no whole answer in time", r->name);
	return SST_OK;
}

static int
exchange_step(
    struct sst_redis *r, struct redis_exchange *x, struct sst_error *err)
{
	int code = exchange_check(r, x, err);

	if (code == SST_OK)
		code = exchange_send(r, x, err);
	if (code == SST_OK)
		code = exchange_receive(r, x, err);
	if (code == SST_NODATA)
		code = sst_socket_wait(
		    r->socket, x->sent < exchange_allowed(x), x->deadline, err);
	return code;
}

static void
exchange_trim(struct sst_redis *r)
{
	if (r->in.cap > EXCHANGE_KEEP)
		sst_buf_fini(&r->in);
	sst_buf_clear(&r->in);
	r->in_at = 0;
}

int
redis__exchange(
    struct sst_redis *r, struct redis_exchange *x, struct sst_error *err)
{
	struct redis_scan scan;
	int code = SST_NODATA;

	redis__scan_init(&scan, r->max_bytes);
	if (x->pipe->failed)
		return sst_error_nomem(err);
	while (x->done < x->pipe->count) {
		code = exchange_step(r, x, err);
		if (code == SST_OK)
			code = exchange_deliver(r, x, &scan, err);
		if (code != SST_OK && code != SST_NODATA)
			break;
	}
	/* a reply to nothing: what follows would be taken for another's */
	if (code == SST_OK && r->in.len > r->in_at)
		code = exchange_failed(r, x, SST_PROTOCOL, err);
	if (x->pipe->count == 0)
		code = SST_OK;
	exchange_trim(r);
	return code;
}
