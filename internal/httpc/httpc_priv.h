/* Between the files of internal/httpc. */
#ifndef SST_HTTPC_HTTPC_PRIV_H
#define SST_HTTPC_HTTPC_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "httpc/client.h"

/* Longest URL in an error text; the rest of it is cut. */
enum { HTTPC_URL_SHOWN = 256 };

/* What went over the wire, beside what curl says about it. */
struct httpc_wire {
	bool answered;     /* a byte of an answer arrived */
	bool too_large;    /* the decoded body passed its bound */
	bool headers_long; /* the header block passed its bound */
	bool nomem;        /* a callback ran out of memory */
	int given_up;      /* curl code of why a callback ended it, or 0 */
	size_t header_bytes;
	uint64_t body_raw; /* body bytes as sent, before decoding */
};

/* What a client keeps of its options beside what curl copies. */
struct httpc_setup {
	int ca_fd, cert_fd, key_fd; /* memory files with PEM; -1: none */
	char *tls_server_name;      /* NULL: none */
	char *proxy;                /* for people; NULL: none */
};

/* SST_INVALID. */
int httpc__options_check(
    const struct sst_httpc_options *options, struct sst_error *err);
/* No memory file is open; fini may be called. */
void httpc__setup_init(struct httpc_setup *setup);
void httpc__setup_fini(struct httpc_setup *setup);
/* Tells easy (a CURL) all but callbacks and URL. SST_NOMEM, SST_IO,
 * SST_INTERNAL. */
int httpc__setup_apply(struct httpc_setup *setup, void *easy,
    const struct sst_httpc_options *options, struct sst_error *err);
/* The credentials alone; false when memory ran out. */
bool httpc__setup_credentials(
    void *easy, const struct sst_httpc_options *options);

/*
 * A request to a server that is to be known by another name: the URL with that
 * name, what curl has to connect to for it, and the header for the real one.
 */
struct httpc_alias {
	char *url;        /* "https://name:6443/api" */
	char *connect_to; /* "name:6443:10.0.0.1:6443" */
	char *host;       /* "Host: 10.0.0.1:6443" */
};

/* url has been checked. Free with httpc__alias_fini, which accepts zeroes. */
int httpc__alias_init(struct httpc_alias *alias, const char *url,
    const char *name, struct sst_error *err);
void httpc__alias_fini(struct httpc_alias *alias);

/* True without control characters. */
bool httpc__text_plain(const char *text);

/* The URL without its query, for people; size > 0. It holds no credentials:
 * sst_httpc_url_check has refused them. */
void httpc__url_shown(const char *url, char *out, size_t size);
/* Scheme, host and port of a proxy's URL, the caller's; NULL: no memory. */
char *httpc__proxy_shown(const char *url);

/*
 * Writes the error for a curl code; returns its SST code. os_errno and detail
 * (curl's error buffer, may be "") as curl left them.
 */
struct httpc_failure {
	int curl_code;
	long os_errno;
	const char *detail;
	const char *verb; /* before the URL in the text: "GET " */
	const char *url;
	const char *proxy;   /* for people; NULL: none */
	long connect_status; /* what it answered to CONNECT; 0: nothing */
	size_t max_bytes;
};

int httpc__failure(const struct httpc_failure *failure,
    const struct httpc_wire *wire, struct sst_error *err);

#endif
