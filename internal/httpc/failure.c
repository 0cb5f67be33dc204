/*
 * From what curl saw to our codes. Texts are our own: curl's name times and
 * counters, and an error text ends up in the document, where it must not
 * change while the failure stays the same.
 */
#include "httpc/httpc_priv.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

/* How each curl code is told; what is not listed is SST_INTERNAL. */
struct failure_row {
	CURLcode curl_code;
	int code;
	const char *what;
};

static const struct failure_row failure_rows[] = {
    {CURLE_COULDNT_RESOLVE_HOST, SST_UNREACHABLE, "host name not found"},
    {CURLE_COULDNT_RESOLVE_PROXY, SST_UNREACHABLE, "host name not found"},
    {CURLE_COULDNT_CONNECT, SST_UNREACHABLE, "no connection"},
    {CURLE_PROXY, SST_UNREACHABLE, "no connection through it"},
    {CURLE_INTERFACE_FAILED, SST_UNREACHABLE, "no connection"},
    {CURLE_OPERATION_TIMEDOUT, SST_TIMEOUT, "no whole answer in time"},
    {CURLE_SSL_CONNECT_ERROR, SST_TLS, "TLS handshake refused"},
    {CURLE_PEER_FAILED_VERIFICATION, SST_TLS, "certificate not accepted"},
    {CURLE_SSL_CERTPROBLEM, SST_TLS, "client certificate not usable"},
    {CURLE_SSL_CIPHER, SST_TLS, "no common cipher"},
    {CURLE_SSL_CACERT_BADFILE, SST_TLS, "ca_file not readable"},
    {CURLE_SSL_ISSUER_ERROR, SST_TLS, "issuer not accepted"},
    {CURLE_SSL_CRL_BADFILE, SST_TLS, "revocation list not readable"},
    {CURLE_SSL_INVALIDCERTSTATUS, SST_TLS, "certificate status not valid"},
    {CURLE_SSL_PINNEDPUBKEYNOTMATCH, SST_TLS, "public key not the expected"},
    {CURLE_USE_SSL_FAILED, SST_TLS, "no TLS"},
    {CURLE_GOT_NOTHING, SST_TRUNCATED, "closed without an answer"},
    {CURLE_PARTIAL_FILE, SST_TRUNCATED, "closed before the announced end"},
    {CURLE_SEND_ERROR, SST_TRUNCATED, "closed without an answer"},
    {CURLE_UNSUPPORTED_PROTOCOL, SST_PROTOCOL, "the answer is not HTTP/1.1"},
    {CURLE_WEIRD_SERVER_REPLY, SST_PROTOCOL, "the answer is not HTTP/1.1"},
    {CURLE_HTTP2, SST_PROTOCOL, "the answer is not HTTP/1.1"},
    {CURLE_BAD_CONTENT_ENCODING, SST_PROTOCOL,
	"the body is not encoded as its headers say"},
    {CURLE_ABORTED_BY_CALLBACK, SST_CANCELED, "interrupted"},
    {CURLE_OUT_OF_MEMORY, SST_NOMEM, "out of memory"},
    {CURLE_URL_MALFORMAT, SST_INVALID, "not a URL"},
    {CURLE_BAD_FUNCTION_ARGUMENT, SST_INTERNAL, "refused by libcurl"},
};

static const struct failure_row *
failure_find(int curl_code)
{
	size_t i;

	for (i = 0; i < sizeof(failure_rows) / sizeof(failure_rows[0]); i++) {
		if ((int)failure_rows[i].curl_code == curl_code)
			return &failure_rows[i];
	}
	return NULL;
}

static int
failure_set(const struct httpc_failure *f, int code, int detail,
    const char *what, struct sst_error *err)
{
	char shown[HTTPC_URL_SHOWN];

	httpc__url_shown(f->url, shown, sizeof(shown));
	sst_error_set(err, code, "%s%s: %s", f->verb, shown, what);
	if (err != NULL)
		err->detail = detail;
	return code;
}

static int
failure_too_large(const struct httpc_failure *f, struct sst_error *err)
{
	char shown[HTTPC_URL_SHOWN];

	httpc__url_shown(f->url, shown, sizeof(shown));
	return sst_error_set(err, SST_TOO_LARGE,
	    "%s%s: the body is over the bound of %zu bytes", f->verb, shown,
	    f->max_bytes);
}

/*
 * One curl code for three things: a chunk that is none, a reset in the middle
 * and one before anything came.
 */
static int
failure_receive(const struct httpc_failure *f, const struct httpc_wire *wire,
    struct sst_error *err)
{
	if (strstr(f->detail, "chunk") != NULL)
		return failure_set(f, SST_PROTOCOL, f->curl_code,
		    "the body is not chunked as its headers say", err);
	return failure_set(f, SST_TRUNCATED, f->curl_code,
	    wire->answered ? "closed before the announced end"
			   : "closed without an answer",
	    err);
}

/*
 * Certificate faults: curl's sentence is what one needs, and steady but for
 * the names of our memory files.
 */
static int
failure_tls(const struct httpc_failure *f, const struct failure_row *row,
    struct sst_error *err)
{
	const char *files = strstr(f->detail, " CAfile: ");
	size_t len = strlen(f->detail);
	char shown[HTTPC_URL_SHOWN];

	if (files != NULL)
		len = (size_t)(files - f->detail);
	if (len == 0 || memmem(f->detail, len, "/proc/", 6) != NULL)
		return failure_set(f, row->code, f->curl_code, row->what, err);
	httpc__url_shown(f->url, shown, sizeof(shown));
	sst_error_set(err, SST_TLS, "%s%s: %s: %.*s", f->verb, shown,
	    row->what, (int)len, f->detail);
	if (err != NULL)
		err->detail = f->curl_code;
	return SST_TLS;
}

static int
failure_connect(const struct httpc_failure *f, const struct failure_row *row,
    struct sst_error *err)
{
	const char *what = row->what;

	if (f->os_errno > 0)
		what = strerrordesc_np((int)f->os_errno);
	if (what == NULL)
		what = row->what;
	return failure_set(f, SST_UNREACHABLE,
	    f->os_errno > 0 ? (int)f->os_errno : f->curl_code, what, err);
}

static bool
failure_is_of_proxy(const struct httpc_failure *f)
{
	switch (f->curl_code) {
	case CURLE_COULDNT_CONNECT:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_PROXY:
		return f->proxy != NULL;
	case CURLE_RECV_ERROR:
		return f->proxy != NULL &&
		       (f->connect_status / 100 > 2 ||
			   strstr(f->detail, "CONNECT") != NULL);
	default:
		return false;
	}
}

/* The server was never reached. */
static int
failure_proxy(const struct httpc_failure *f, const struct failure_row *row,
    struct sst_error *err)
{
	const char *what = row != NULL ? row->what : "closed without an answer";
	char text[HTTPC_URL_SHOWN + 128];
	int detail = f->curl_code;

	if (f->os_errno > 0 && f->curl_code == CURLE_COULDNT_CONNECT) {
		detail = (int)f->os_errno;
		if (strerrordesc_np(detail) != NULL)
			what = strerrordesc_np(detail);
	}
	if (f->connect_status > 0)
		snprintf(text, sizeof(text), "proxy %.200s: answered %ld",
		    f->proxy, f->connect_status);
	else
		snprintf(
		    text, sizeof(text), "proxy %.200s: %s", f->proxy, what);
	return failure_set(f, SST_UNREACHABLE, detail, text, err);
}

int
httpc__failure(const struct httpc_failure *f, const struct httpc_wire *wire,
    struct sst_error *err)
{
	const struct failure_row *row = failure_find(f->curl_code);

	if (wire->nomem)
		return sst_error_nomem(err);
	if (wire->too_large || f->curl_code == CURLE_FILESIZE_EXCEEDED)
		return failure_too_large(f, err);
	if (wire->headers_long)
		return failure_set(f, SST_PROTOCOL, f->curl_code,
		    "the headers have no end", err);
	if (failure_is_of_proxy(f))
		return failure_proxy(f, row, err);
	if (f->curl_code == CURLE_RECV_ERROR)
		return failure_receive(f, wire, err);
	if (row == NULL)
		return failure_set(f, SST_INTERNAL, f->curl_code,
		    curl_easy_strerror((CURLcode)f->curl_code), err);
	if (row->code == SST_TLS)
		return failure_tls(f, row, err);
	if (f->curl_code == CURLE_COULDNT_CONNECT)
		return failure_connect(f, row, err);
	return failure_set(f, row->code, f->curl_code, row->what, err);
}

int
sst_httpc_status(const struct sst_httpc_response *response, const char *url,
    struct sst_error *err)
{
	char shown[HTTPC_URL_SHOWN];
	int code;

	if (response->status >= 200 && response->status < 300)
		return SST_OK;
	switch (response->status) {
	case 401:
		code = SST_UNAUTHORIZED;
		break;
	case 403:
		code = SST_FORBIDDEN;
		break;
	case 404:
		code = SST_NOT_FOUND;
		break;
	case 429:
		code = SST_RATE_LIMITED;
		break;
	default:
		code = response->status >= 500 ? SST_UPSTREAM : SST_PROTOCOL;
		break;
	}
	httpc__url_shown(url, shown, sizeof(shown));
	sst_error_set(
	    err, code, "GET %s: answered %ld", shown, response->status);
	if (err != NULL)
		err->detail = (int)response->status;
	return code;
}

int
sst_httpc_error_prefix(const char *url, struct sst_error *err)
{
	char shown[HTTPC_URL_SHOWN];

	httpc__url_shown(url, shown, sizeof(shown));
	return sst_error_prefix(err, "GET %s", shown);
}
