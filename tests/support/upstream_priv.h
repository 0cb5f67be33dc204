/* Between the upstream*.c files. */
#ifndef TESTS_SUPPORT_UPSTREAM_PRIV_H
#define TESTS_SUPPORT_UPSTREAM_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "support/upstream.h"

enum { UPSTREAM_HEAD_BYTES = 16 * 1024, UPSTREAM_CONNECTIONS = 64 };
enum { UPSTREAM_HEADERS_BYTES = 512 };

struct upstream_route {
	char *target;
	int status;
	char *bytes;
	size_t len;
	struct upstream_route *next;
};

struct upstream_connection {
	struct upstream *up;
	pthread_t thread;
	int fd;
	bool joinable; /* the thread was started and not joined */
	bool done;     /* the thread no longer needs anything */
};

/* One for each target asked for, so that many calls take no memory. */
struct upstream_count {
	char *target;
	unsigned calls;
	struct upstream_count *next;
};

struct upstream {
	pthread_mutex_t mutex; /* guards all below */
	pthread_cond_t changed;
	char url[64];
	int port;
	int listener; /* -1 while refusing */
	int wake[2];  /* a pipe: the listener changed */
	bool stopping;
	unsigned long released; /* times upstream_release was called */
	unsigned connections_taken;
	struct upstream_route *routes;
	struct upstream_count *calls;
	char *prefix;
	struct upstream_fault fault;
	char headers[UPSTREAM_HEADERS_BYTES];
	char last_request[UPSTREAM_HEAD_BYTES];
	struct upstream_connection connections[UPSTREAM_CONNECTIONS];
	pthread_t acceptor;
};

/* One request, and what to say to it: copies, so no lock is held in I/O. */
struct upstream_exchange {
	struct upstream *up;
	int fd;
	char head[UPSTREAM_HEAD_BYTES];
	size_t head_len;
	char target[4096];
	struct upstream_fault fault;
	unsigned long released; /* as it was when the request came */
	int status;
	char headers[UPSTREAM_HEADERS_BYTES];
	char *body;
	size_t len;
};

/* Sends all; false when the other side is gone. */
bool upstream__send(int fd, const void *bytes, size_t len);
/* Writes the answer; false when the connection must be closed. */
bool upstream__reply(struct upstream_exchange *x);
/* Waits for upstream_release or the end. */
void upstream__hold(struct upstream_exchange *x);

#endif
