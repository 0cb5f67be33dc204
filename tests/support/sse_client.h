/*
 * Reads Server-Sent Events over one HTTP/1.1 connection to loopback, byte by
 * byte as they come: it can be cut anywhere. One thread. For tests only.
 */
#ifndef TESTS_SUPPORT_SSE_CLIENT_H
#define TESTS_SUPPORT_SSE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct sse_client {
	int fd;              /* -1: not connected */
	int status;          /* 0: the head has not come yet */
	struct sst_buf raw;  /* what came and is not decoded */
	struct sst_buf text; /* decoded */
	size_t used;         /* of text: the event given last */
	size_t chunk;        /* bytes left of this one, with its CRLF */
	bool ended;          /* the last chunk came */
};

struct sse_event {
	char name[16];    /* "": a comment, or a block without a name */
	char id[48];      /* "": none */
	const char *data; /* in the client, until the next call; NULL: none */
	size_t data_len;
};

enum sse_result {
	SSE_EVENT,
	SSE_NOTHING, /* the time or the budget is over */
	SSE_END,     /* the stream ended as it should */
	SSE_REFUSED, /* the status is not 200 */
	SSE_BROKEN   /* the connection ended within the stream */
};

/* narrow: with as little room for what comes as the kernel allows. 0, or -1
 * with errno, as below. */
int sse_client_open(struct sse_client *client, unsigned port, bool narrow);
/* Asks for a stream; header lines as whole lines, or "". */
int sse_client_ask(
    struct sse_client *client, const char *target, const char *headers);
/* Room again for what comes. */
void sse_client_widen(struct sse_client *client);
/* reset: the other side finds the connection reset. */
void sse_client_close(struct sse_client *client, bool reset);

/*
 * The next whole event. Reads at most *budget bytes (NULL: any number), which
 * is counted down, and waits for timeout_ms at most.
 */
enum sse_result sse_client_next(struct sse_client *client, size_t *budget,
    int timeout_ms, struct sse_event *out);
/* Bytes of an event that is not whole yet are here. */
bool sse_client_amid(const struct sse_client *client);

#endif
