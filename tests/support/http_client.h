/*
 * The smallest HTTP/1.1 client that tests need: one keep-alive connection to
 * loopback, blocking, one thread. Not for anything but tests.
 */
#ifndef TESTS_SUPPORT_HTTP_CLIENT_H
#define TESTS_SUPPORT_HTTP_CLIENT_H

#include <stddef.h>

#include "base/buf.h"

struct http_client {
	int fd; /* -1: not connected */
	struct sst_buf in;
};

struct http_answer {
	int status;
	char etag[64]; /* "" when there is none */
	unsigned long long revision; /* Systate-Revision; 0 when there is none */
	const char *body; /* in the client's buffer, until the next call */
	size_t body_len;
};

/* 0, or -1 with errno. */
int http_client_open(struct http_client *client, unsigned port);
void http_client_close(struct http_client *client);
/* Sends a GET with the extra header lines ("" or "Name: value\r\n"...);
 * -1 when the connection or the answer is broken. */
int http_client_get(struct http_client *client, const char *target,
    const char *headers, struct http_answer *out);

#endif
