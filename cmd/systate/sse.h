/*
 * Server-Sent Events: bytes in pieces of any size to events, by the rules of
 * the WHATWG HTML standard. Pure but for memory.
 */
#ifndef CMD_SYSTATE_SSE_H
#define CMD_SYSTATE_SSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

enum { SSE_ID_MAX = 128, SSE_NAME_MAX = 64 };

struct sse_event {
	const char *name; /* "message" when not given */
	const char *data; /* NUL after len bytes */
	size_t len;
	const char *id; /* the last one that was sent; "" */
};

struct sse {
	size_t max_bytes; /* of one event */
	/* false: enough, sse_feed() says SST_CANCELED */
	bool (*event)(const struct sse_event *event, void *ctx);
	void *ctx;
	/* of the stream */
	char id[SSE_ID_MAX];
	int64_t retry_ms; /* <0: not told */
	/* of the event being read */
	struct sst_buf line;
	struct sst_buf data;
	char name[SSE_NAME_MAX];
	bool has_data;
	bool after_cr; /* a line feed now belongs to the line that ended */
	bool begun;    /* a byte order mark is behind us */
};

void sse_init(struct sse *sse, size_t max_bytes,
    bool (*event)(const struct sse_event *event, void *ctx), void *ctx);
void sse_fini(struct sse *sse);

/* A new connection: forgets the event that was being read, keeps id and
 * retry. */
void sse_restart(struct sse *sse);

/* SST_TOO_LARGE: an event is over max_bytes; SST_NOMEM; SST_CANCELED. Events
 * without data are not told; their id counts all the same. */
int
sse_feed(struct sse *sse, const char *bytes, size_t len, struct sst_error *err);

#endif
