/*
 * Outgoing HTTP: the only includer of curl.h.
 *
 * A client belongs to one source instance and keeps its connection alive
 * between requests. A client is used by one thread at a time; only
 * sst_httpc_interrupt may be called from another.
 *
 * Error texts name the URL without credentials and query, and never hold
 * anything that differs between two identical failures (times, counters,
 * local ports): they end up in the document.
 */
#ifndef SST_HTTPC_CLIENT_H
#define SST_HTTPC_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"

struct sst_httpc;

/*
 * All strings are copied; NULL where nothing is said otherwise. What is given
 * as data is kept in memory only; of a pair of file and data one may be set.
 */
struct sst_httpc_options {
	const char *username; /* HTTP basic; with password */
	const char *password;
	const char *bearer; /* token; not together with username */
	/* Whom to trust, PEM; none: the certificates of the system. */
	const char *ca_file, *ca_data;
	/* Who we are, PEM; a certificate needs a key. */
	const char *cert_file, *cert_data;
	const char *key_file, *key_data;
	bool insecure; /* trusts every certificate; not with a CA */
	/* Stands for the host of the URL in the handshake (SNI) and in the
	 * check of the certificate. */
	const char *tls_server_name;
	/* URL, see sst_httpc_proxy_check; NULL: none, whatever the environment
	 * says, but with proxy_from_environment. */
	const char *proxy;
	/* Does as HTTPS_PROXY and NO_PROXY say, but for loopback. */
	bool proxy_from_environment;
};

/* How the body may be packed on its way. */
enum sst_httpc_coding {
	SST_HTTPC_CODING_ANY, /* in every way that we can unpack */
	/* Not at all; what comes packed all the same is given as it came. */
	SST_HTTPC_CODING_NONE,
	SST_HTTPC_CODING_GZIP
};

struct sst_httpc_request {
	const char *url;          /* see sst_httpc_url_check */
	const char *accept;       /* NULL: application/json */
	size_t max_bytes;         /* bound on the decoded body */
	struct sst_mono deadline; /* for all of it, on the client's clock */
	enum sst_httpc_coding coding;
	/* More headers, "Name: value"; NULL ends, NULL: none. */
	const char *const *headers;
};

/* A whole answer, whatever its status. */
struct sst_httpc_response {
	long status; /* 200 ... 599 */
	char *body;  /* decoded, NUL after len bytes; never NULL */
	size_t len;
	char *content_type;  /* NULL: not told */
	long retry_after_ms; /* -1: not told; at most an hour */
};

/*
 * Checks options, opens no file and no connection. SST_INVALID (a control
 * character, what excludes each other), SST_NOMEM, SST_INTERNAL, SST_IO (no
 * memory file). clock is borrowed.
 */
int sst_httpc_new(const struct sst_httpc_options *options,
    const struct sst_clock *clock, struct sst_httpc **out,
    struct sst_error *err);
/* Accepts NULL; clears the pointer. */
void sst_httpc_free(struct sst_httpc **client);

/* Other HTTP basic credentials from the next request on; copied. SST_INVALID,
 * SST_NOMEM. Not while a request runs. */
int sst_httpc_set_basic(struct sst_httpc *client, const char *username,
    const char *password, struct sst_error *err);

/* Another token from the next request on, copied; NULL: none. As above. */
int sst_httpc_set_bearer(
    struct sst_httpc *client, const char *token, struct sst_error *err);

/*
 * An absolute http or https URL with a host, without credentials and
 * fragment. SST_INVALID says what is wrong, without repeating the URL.
 */
int sst_httpc_url_check(const char *url, struct sst_error *err);
/* A proxy: http, https or socks5, a host, may have credentials; names are
 * resolved by the proxy. SST_INVALID, without repeating the URL. */
int sst_httpc_proxy_check(const char *url, struct sst_error *err);

/*
 * GETs the URL; blocks until the whole answer is there or request->deadline.
 * Path and query are sent as they are; redirects are not followed. 0 for every
 * complete answer, also a 500: see sst_httpc_status. The caller frees *out
 * with sst_httpc_response_fini.
 *
 * SST_TIMEOUT; SST_UNREACHABLE; SST_TLS; SST_TRUNCATED (closed before the
 * announced end); SST_PROTOCOL (not HTTP, or headers that lie); SST_TOO_LARGE
 * (body over max_bytes once decoded); SST_CANCELED; SST_INVALID (URL);
 * SST_NOMEM; SST_INTERNAL. err->detail is the errno or the curl code.
 */
int
sst_httpc_get(struct sst_httpc *client, const struct sst_httpc_request *request,
    struct sst_httpc_response *out, struct sst_error *err);
/*
 * GETs a body without an end: pieces go to a function as they come, and there
 * is no deadline for all of it. request->deadline is that of the first header,
 * from then on it must not be silent for longer than idle_ms.
 * request->max_bytes bounds the body of an answer that is not 2xx: that one is
 * read whole, as by sst_httpc_get.
 */
struct sst_httpc_stream {
	struct sst_httpc_request request;
	int64_t idle_ms;
	/* When all of it has to be over, however lively; zero: never. */
	struct sst_mono until;
	/* On the calling thread, before the first piece: the answer is 2xx. A
	 * stream may stay without a piece for long. NULL: not needed. */
	void (*opened)(void *ctx);
	/* On the calling thread; false ends the request with SST_CANCELED. */
	bool (*piece)(const char *bytes, size_t len, void *ctx);
	void *ctx;
};

/*
 * 0 when the body came to its end, in *out an empty body then, or when the
 * answer was not 2xx, with its body. Codes as above; SST_TIMEOUT: silent for
 * too long.
 */
int sst_httpc_stream(struct sst_httpc *client,
    const struct sst_httpc_stream *stream, struct sst_httpc_response *out,
    struct sst_error *err);

/*
 * A header of the last answer by its name, in any case; the last one when it
 * was sent several times. Borrowed until the next request; NULL: not sent. For
 * the thread that makes the requests, also from within a piece function.
 */
const char *sst_httpc_header(struct sst_httpc *client, const char *name);

/* Accepts zeroed memory. */
void sst_httpc_response_fini(struct sst_httpc_response *response);

/*
 * 0 for 2xx; else SST_UNAUTHORIZED 401, SST_FORBIDDEN 403, SST_NOT_FOUND 404,
 * SST_RATE_LIMITED 429, SST_UPSTREAM 5xx, SST_PROTOCOL for the rest.
 * err->detail is the status. url as in the request.
 */
int sst_httpc_status(const struct sst_httpc_response *response, const char *url,
    struct sst_error *err);

/* Puts "GET URL: " before the text of an error about the answer's body;
 * returns err->code. */
int sst_httpc_error_prefix(const char *url, struct sst_error *err);

/*
 * Makes the running request, or else the next one, return SST_CANCELED at
 * once. Any thread; never blocks.
 */
void sst_httpc_interrupt(struct sst_httpc *client);
/* Forgets an interrupt that came when there was nothing left to end. By the
 * thread that makes the requests, at the end of a series of them. */
void sst_httpc_resume(struct sst_httpc *client);

#endif
