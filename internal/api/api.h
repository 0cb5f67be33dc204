/*
 * The HTTP face of the service: routes, parameters, negotiation, safety.
 * The only user of ulfius and libmicrohttpd. Requests are served by a pool of
 * epoll threads that libmicrohttpd owns; nothing in a handler waits.
 */
#ifndef SST_API_API_H
#define SST_API_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct sst_api;
struct sst_service;

/* What a caller may do; a bit each. */
enum sst_api_scope { SST_API_READ = 1, SST_API_INGEST = 2, SST_API_ADMIN = 4 };

enum { SST_API_TOKEN_HASH = 32, SST_API_TOKENS_MAX = 256 };

struct sst_api_token {
	const char *name; /* for the log; never the token itself */
	unsigned char sha256[SST_API_TOKEN_HASH]; /* of the token's bytes */
	unsigned scopes;                          /* enum sst_api_scope bits */
};

/* Zero means the default that stands beside it. */
struct sst_api_limits {
	unsigned connections;        /* open at once; 1,024 */
	unsigned connections_per_ip; /* 0: no bound of its own */
	unsigned idle_seconds;       /* without a byte moving; 30 */
	size_t uri_bytes;            /* request target; 4,096 */
	size_t head_bytes;           /* sum of all header lines; 8,192 */
	size_t body_bytes;           /* request body; 1 MiB */
};

/* Copied by sst_api_start; everything is borrowed only during the call. */
struct sst_api_settings {
	const char *address; /* IPv4 or IPv6 literal; NULL: 127.0.0.1 */
	unsigned port;       /* 0: any free one, see sst_api_port */
	unsigned threads;    /* 0: one a processor, at most 8 */
	struct sst_api_limits limits;
	/* "name" or "name:port", beside loopback and the bound address. */
	const char *const *allowed_hosts;
	size_t allowed_host_count;
	/* "https://name[:port]", beside the origin of the service itself. */
	const char *const *allowed_origins;
	size_t allowed_origin_count;
	const struct sst_api_token *tokens;
	size_t token_count;
	/* With tokens: reading needs none. Without: an address that others
	 * reach may be bound. */
	bool allow_anonymous;
	const char *tls_cert_pem; /* chain; NULL: plain HTTP */
	const char *tls_key_pem;
	const char *tls_client_ca_pem; /* set: clients need a certificate */
};

/*
 * Binds, listens and starts the threads; service must outlive the API.
 * Blocking only as far as bind does. SST_INVALID: the settings (also an
 * address that others reach without tokens, client CA or allow_anonymous);
 * SST_TLS: certificate or key; SST_EXISTS: the port is taken; SST_IO;
 * SST_NOMEM.
 */
int sst_api_start(const struct sst_api_settings *settings,
    struct sst_service *service, struct sst_api **out, struct sst_error *err);

/* The port that is listened on. */
unsigned sst_api_port(const struct sst_api *api);
/* "http://127.0.0.1:8080", with the scheme and address in use; borrowed. */
const char *sst_api_url(const struct sst_api *api);

/*
 * Replaces all tokens at once, for requests that begin afterwards. Any thread.
 * SST_INVALID (too many, or the last one taken from an API that others reach);
 * the old ones then stay.
 */
int sst_api_reload_tokens(struct sst_api *api,
    const struct sst_api_token *tokens, size_t count, struct sst_error *err);

/*
 * Refuses new connections at once, waits until what runs has been answered,
 * deadline_ms at the longest, closes the rest and frees. Takes the address.
 */
void sst_api_stop(struct sst_api **api, int64_t deadline_ms);

#endif
