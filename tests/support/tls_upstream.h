/*
 * A server with TLS for tests: says who asked it and how. It answers every
 * target with one body, or 401 to whom it does not know. Loopback only, a free
 * port. Every function may be called from any thread while it runs.
 */
#ifndef TESTS_SUPPORT_TLS_UPSTREAM_H
#define TESTS_SUPPORT_TLS_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>

struct tls_upstream;

struct tls_upstream_settings {
	const char *cert, *key; /* PEM files; NULL: no TLS */
	const char *client_ca;  /* asks clients for a certificate; NULL: not */
	unsigned short port;    /* 0: a free one */
};

/* What was seen of the last request. */
struct tls_upstream_seen {
	char sni[128];      /* "" when none came */
	char subject[256];  /* of a client certificate that verifies, or "" */
	char target[512];   /* without the query */
	char headers[8192]; /* "name: value\n", names as they came */
	unsigned calls;     /* so far */
	unsigned refused;   /* of those, answered with 401 */
	unsigned connections;
};

bool tls_upstream_start(
    const struct tls_upstream_settings *settings, struct tls_upstream **out);
/* Accepts NULL. */
void tls_upstream_stop(struct tls_upstream **up);
/* "https://127.0.0.1:PORT", borrowed. */
const char *tls_upstream_url(const struct tls_upstream *up);
unsigned short tls_upstream_port(const struct tls_upstream *up);

/* Who does not send this Authorization gets 401; copied. NULL: nobody does. */
void tls_upstream_expect(struct tls_upstream *up, const char *authorization);
void tls_upstream_see(struct tls_upstream *up, struct tls_upstream_seen *out);

#endif
