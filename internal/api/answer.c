/*
 * From a response of ours to one of ulfius.
 *
 * ulfius copies headers and body of a response only after the endpoint has
 * returned, and calls free_shared_data before it frees them. So the endpoint
 * lends it a map and the bytes of a shared body, and takes both back there:
 * one copy less, and no string of a header is ever allocated.
 */
#include <string.h>

#include "api/exchange.h"
#include "api/exchange_priv.h"

enum {
	/* Bodies above this are streamed from the shared bytes, so that a slow
	 * reader holds a block and not a copy. */
	STREAM_ABOVE_BYTES = 256 * 1024,
	STREAM_BLOCK_BYTES = 128 * 1024,
	/* Of a body of unknown length. Only HTTP/1.0 needs it: chunks are
	 * written into the memory of the connection. */
	STREAM_LIVE_BLOCK_BYTES = 4096
};

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
	struct exchange *x = api__exchange_of(shared);

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

/* Closes the stream of an exchange that has one. */
static void
stream_close(struct exchange *x)
{
	struct exchange_stream *st = &x->stream;
	const struct api_stream_ops *ops = st->ops;

	if (ops == NULL)
		return;
	st->ops = NULL;
	st->piece_len = 0;
	atomic_fetch_sub_explicit(
	    &x->api->metrics.streams, 1, memory_order_relaxed);
	ops->close(st->stream);
}

/* The library is done with it, or never began. */
static void
stream_done(void *cls)
{
	stream_close(api__exchange_of(cls));
}

/*
 * Fills the block with pieces that belong together. No further: once next() has
 * said that there is nothing its wake is on the way, so the connection must be
 * suspended at once; a write that fails meanwhile would end the exchange.
 */
static size_t
stream_fill(struct exchange_stream *st, char *out, size_t max)
{
	size_t len = 0, n;

	do {
		if (st->piece_len == 0)
			st->last = st->ops->next(
			    st->stream, &st->piece, &st->piece_len);
		if (st->last > API_STREAM_PIECE)
			break;
		n = st->piece_len < max - len ? st->piece_len : max - len;
		memcpy(out + len, st->piece, n);
		st->piece += n;
		st->piece_len -= n;
		len += n;
	} while (len < max && st->last == API_STREAM_PART);
	return len;
}

static ssize_t
stream_read(void *cls, uint64_t offset, char *out, size_t max)
{
	struct exchange *x = api__exchange_of(cls);
	struct exchange_stream *st = &x->stream;
	size_t len;

	(void)offset;
	if (st->ops == NULL)
		return MHD_CONTENT_READER_END_OF_STREAM;
	len = stream_fill(st, out, max);
	x->body_bytes += len;
	if (len > 0)
		return (ssize_t)len;
	if (st->last == API_STREAM_END || atomic_load(&x->api->parking.ending))
		return MHD_CONTENT_READER_END_OF_STREAM;
	MHD_suspend_connection(x->connection);
	api__park(x);
	return 0;
}

/* For HEAD nothing is read: only so does the head say "chunked" as for GET. */
static void
answer_flow(struct exchange *x, struct _u_response *answer)
{
	struct api_response *rs = &x->response;

	x->stream = (struct exchange_stream){
	    .ops = rs->stream_ops,
	    .stream = rs->stream,
	};
	rs->stream_ops = NULL;
	x->waited = true;
	atomic_fetch_add_explicit(
	    &x->api->metrics.streams, 1, memory_order_relaxed);
	answer->stream_callback = stream_read;
	answer->stream_callback_free = stream_done;
	answer->stream_size = U_STREAM_SIZE_UNKNOWN;
	answer->stream_block_size = STREAM_LIVE_BLOCK_BYTES;
	answer->stream_user_data = x;
}

void
api__answer_drop(struct exchange *x)
{
	stream_close(x);
	api__response_fini(&x->response);
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
	if (rs->stream_ops != NULL)
		answer_flow(x, answer);
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

int
api__on_request(const struct _u_request *request, struct _u_response *response,
    void *user_data)
{
	struct exchange *x;

	(void)user_data;
	if (request->timeout == 0)
		return U_CALLBACK_ERROR; /* no memory when it connected */
	x = api__exchange_of((void *)(uintptr_t)request->timeout);
	if (x->step != EXCHANGE_ANSWERED)
		return U_CALLBACK_ERROR;
	x->step = EXCHANGE_LENT;
	answer_lend(x, response);
	return U_CALLBACK_COMPLETE;
}
