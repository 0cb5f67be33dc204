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

/* True without control characters. */
bool httpc__text_plain(const char *text);

/* The URL without its query, for people; size > 0. It holds no credentials:
 * sst_httpc_url_check has refused them. */
void httpc__url_shown(const char *url, char *out, size_t size);

/*
 * Writes the error for a curl code; returns its SST code. os_errno and detail
 * (curl's error buffer, may be "") as curl left them.
 */
struct httpc_failure {
	int curl_code;
	long os_errno;
	const char *detail;
	const char *url;
	size_t max_bytes;
};

int httpc__failure(const struct httpc_failure *failure,
    const struct httpc_wire *wire, struct sst_error *err);

#endif
