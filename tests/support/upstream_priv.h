/* Between the upstream*.c files. */
#ifndef TESTS_SUPPORT_UPSTREAM_PRIV_H
#define TESTS_SUPPORT_UPSTREAM_PRIV_H

#include "base/buf.h"
#include "support/stage.h"
#include "support/upstream.h"

enum { UPSTREAM_HEADERS_BYTES = 512 };

struct upstream_route {
	char *target;
	int status;
	char *bytes;
	size_t len;
	struct upstream_route *next;
};

/* One for each target asked for, so that many calls take no memory. */
struct upstream_count {
	char *target;
	unsigned calls;
	struct upstream_count *next;
};

struct upstream {
	struct stage stage; /* its mutex guards all below */
	struct upstream_route *routes;
	struct upstream_count *calls;
	char *prefix;
	struct upstream_fault fault;
	char headers[UPSTREAM_HEADERS_BYTES];
	char last_request[STAGE_HEAD];
};

/* One request, and what to say to it: copies, so no lock is held in I/O. */
struct upstream_exchange {
	struct upstream *up;
	int fd;
	char head[STAGE_HEAD];
	size_t head_len;
	char target[4096];
	struct upstream_fault fault;
	struct stage_moment since; /* when the request came */
	int status;
	char headers[UPSTREAM_HEADERS_BYTES];
	char *body;
	size_t len;
};

/* Writes the answer; false when the connection must be closed. */
bool upstream__reply(struct upstream_exchange *x);
/* Waits for upstream_release or the end. */
void upstream__hold(struct upstream_exchange *x);

#endif
