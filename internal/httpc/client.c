#include "httpc/client.h"

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "httpc/httpc_priv.h"

/* Wakes up this often so that a clock that was turned by hand is seen. */
enum { CLIENT_POLL_MS = 50 };
/* More than any known upstream sends; curl bounds one line, not their sum. */
enum { CLIENT_HEADER_BYTES = 64 * 1024 };
/* Told to wait longer than this, we ask again all the same. */
enum { CLIENT_RETRY_AFTER_MAX_S = 3600 };

struct sst_httpc {
	const struct sst_clock *clock;
	CURLM *multi; /* holds the connection between requests */
	CURL *easy;
	atomic_bool interrupted;
	/* of the request that runs */
	struct httpc_wire wire;
	struct sst_buf body;
	size_t max_bytes;
	struct sst_mono deadline;
	const struct sst_httpc_stream *stream; /* NULL: a whole body */
	bool stream_open; /* its owner was told */
	char detail[CURL_ERROR_SIZE];
};

/* CURLE_OK to go on, else why the request is given up. */
static CURLcode
client_check(struct sst_httpc *c)
{
	if (atomic_exchange(&c->interrupted, false))
		return CURLE_ABORTED_BY_CALLBACK;
	if (sst_mono_before(c->deadline, sst_clock_mono(c->clock)))
		return CURLE_OPERATION_TIMEDOUT;
	return CURLE_OK;
}

/* Something came: the other side may be silent again. */
static void
client_stream_alive(struct sst_httpc *c)
{
	c->deadline =
	    sst_mono_add_ms(sst_clock_mono(c->clock), c->stream->idle_ms);
	if (c->stream->until.ns != 0 &&
	    sst_mono_before(c->stream->until, c->deadline))
		c->deadline = c->stream->until;
}

/* Bytes of a stream that is not refused: they go to its owner. */
static size_t
client_on_piece(struct sst_httpc *c, const char *bytes, size_t len)
{
	client_stream_alive(c);
	if (!c->stream->piece(bytes, len, c->stream->ctx)) {
		c->wire.given_up = (int)CURLE_ABORTED_BY_CALLBACK;
		return CURL_WRITEFUNC_ERROR;
	}
	return len;
}

static bool
client_streams(const struct sst_httpc *c)
{
	long status = 0;

	if (c->stream == NULL)
		return false;
	curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	return status >= 200 && status < 300;
}

/* As long as bytes come in, curl does not return to client_run: a body that
 * unpacks to gigabytes would pass the deadline here. */
static size_t
client_on_body(char *bytes, size_t size, size_t count, void *ctx)
{
	struct sst_httpc *c = ctx;
	size_t len = size * count;

	c->wire.given_up = (int)client_check(c);
	if (c->wire.given_up != 0)
		return CURL_WRITEFUNC_ERROR;
	if (client_streams(c))
		return client_on_piece(c, bytes, len);
	if (len > c->max_bytes - c->body.len) {
		c->wire.too_large = true;
		return CURL_WRITEFUNC_ERROR;
	}
	sst_buf_add(&c->body, bytes, len);
	if (sst_buf_failed(&c->body)) {
		c->wire.nomem = true;
		return CURL_WRITEFUNC_ERROR;
	}
	return len;
}

/* An empty line has come: the end of the headers, or of trailers. */
static void
client_on_headers_end(struct sst_httpc *c)
{
	if (c->stream_open || !client_streams(c))
		return;
	c->stream_open = true;
	if (c->stream->opened != NULL)
		c->stream->opened(c->stream->ctx);
}

static size_t
client_on_header(char *bytes, size_t size, size_t count, void *ctx)
{
	struct sst_httpc *c = ctx;
	size_t len = size * count;

	c->wire.answered = true;
	c->wire.header_bytes += len;
	if (c->stream != NULL)
		client_stream_alive(c);
	if (c->stream != NULL && (bytes[0] == '\r' || bytes[0] == '\n'))
		client_on_headers_end(c);
	if (c->wire.header_bytes > CLIENT_HEADER_BYTES) {
		c->wire.headers_long = true;
		return 0;
	}
	return len;
}

/* The only place where curl shows bytes beyond Content-Length: it drops them
 * before the body callback. */
static int
client_on_debug(
    CURL *easy, curl_infotype type, char *bytes, size_t len, void *ctx)
{
	struct sst_httpc *c = ctx;

	(void)easy;
	(void)bytes;
	if (type == CURLINFO_DATA_IN)
		c->wire.body_raw += len;
	return 0;
}

static CURLcode
client_set_credentials(CURL *e, const struct sst_httpc_options *options)
{
	CURLcode rc = CURLE_OK;

	if (options->username != NULL) {
		rc |= curl_easy_setopt(e, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
		rc |= curl_easy_setopt(e, CURLOPT_USERNAME, options->username);
		rc |= curl_easy_setopt(e, CURLOPT_PASSWORD,
		    options->password != NULL ? options->password : "");
	}
	if (options->bearer != NULL) {
		rc |= curl_easy_setopt(e, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
		rc |= curl_easy_setopt(
		    e, CURLOPT_XOAUTH2_BEARER, options->bearer);
	}
	return rc;
}

static CURLcode
client_set_policy(CURL *e, const struct sst_httpc_options *options)
{
	CURLcode rc = CURLE_OK;

	rc |= curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	rc |= curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	rc |= curl_easy_setopt(
	    e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	rc |= curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	rc |= curl_easy_setopt(e, CURLOPT_PATH_AS_IS, 1L);
	rc |= curl_easy_setopt(e, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	rc |= curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "");
	/* "": none, also when http_proxy is set */
	rc |= curl_easy_setopt(
	    e, CURLOPT_PROXY, options->proxy != NULL ? options->proxy : "");
	rc |= curl_easy_setopt(
	    e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	/* A hanging resolver thread is left behind, not waited for. */
	rc |= curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
	rc |= curl_easy_setopt(e, CURLOPT_USERAGENT, "systate/" SST_VERSION);
	if (options->ca_file != NULL)
		rc |= curl_easy_setopt(e, CURLOPT_CAINFO, options->ca_file);
	return rc;
}

static CURLcode
client_set_callbacks(struct sst_httpc *c)
{
	CURLcode rc = CURLE_OK;
	CURL *e = c->easy;

	rc |= curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, client_on_body);
	rc |= curl_easy_setopt(e, CURLOPT_WRITEDATA, c);
	rc |= curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, client_on_header);
	rc |= curl_easy_setopt(e, CURLOPT_HEADERDATA, c);
	rc |= curl_easy_setopt(e, CURLOPT_DEBUGFUNCTION, client_on_debug);
	rc |= curl_easy_setopt(e, CURLOPT_DEBUGDATA, c);
	rc |= curl_easy_setopt(e, CURLOPT_VERBOSE, 1L);
	rc |= curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->detail);
	return rc;
}

static int
client_check_option(const char *name, const char *value, struct sst_error *err)
{
	if (value == NULL || httpc__text_plain(value))
		return SST_OK;
	return sst_error_set(
	    err, SST_INVALID, "%s: holds a control character", name);
}

static int
client_check_options(const struct sst_httpc_options *o, struct sst_error *err)
{
	const struct {
		const char *name, *value;
	} rows[] = {
	    {"username", o->username},
	    {"password", o->password},
	    {"token", o->bearer},
	    {"ca_file", o->ca_file},
	    {"proxy", o->proxy},
	};
	size_t i;
	int code;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		code = client_check_option(rows[i].name, rows[i].value, err);
		if (code != SST_OK)
			return code;
	}
	if (o->username != NULL && o->bearer != NULL)
		return sst_error_set(
		    err, SST_INVALID, "username and token exclude each other");
	if (o->username != NULL && strchr(o->username, ':') != NULL)
		return sst_error_set(err, SST_INVALID,
		    "username: HTTP basic authentication allows no colon");
	return SST_OK;
}

int
sst_httpc_new(const struct sst_httpc_options *options,
    const struct sst_clock *clock, struct sst_httpc **out,
    struct sst_error *err)
{
	struct sst_httpc *c;
	CURLcode rc;
	int code;

	code = client_check_options(options, err);
	if (code != SST_OK)
		return code;
	/* Counted and thread-safe in the libcurl we require. */
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return sst_error_set(err, SST_INTERNAL, "libcurl: no start");
	c = calloc(1, sizeof(*c));
	if (c == NULL) {
		curl_global_cleanup();
		return sst_error_nomem(err);
	}
	c->clock = clock;
	atomic_init(&c->interrupted, false);
	c->multi = curl_multi_init();
	c->easy = curl_easy_init();
	if (c->multi == NULL || c->easy == NULL) {
		sst_httpc_free(&c);
		return sst_error_nomem(err);
	}
	rc = client_set_policy(c->easy, options);
	rc |= client_set_credentials(c->easy, options);
	rc |= client_set_callbacks(c);
	if (rc != CURLE_OK) {
		sst_httpc_free(&c);
		return sst_error_set(err, SST_INTERNAL,
		    "libcurl does not know an option of ours");
	}
	*out = c;
	return SST_OK;
}

void
sst_httpc_free(struct sst_httpc **client)
{
	struct sst_httpc *c = *client;

	if (c == NULL)
		return;
	curl_easy_cleanup(c->easy);
	curl_multi_cleanup(c->multi);
	sst_buf_fini(&c->body);
	free(c);
	curl_global_cleanup();
	*client = NULL;
}

void
sst_httpc_interrupt(struct sst_httpc *client)
{
	atomic_store(&client->interrupted, true);
	curl_multi_wakeup(client->multi);
}

int
sst_httpc_set_basic(struct sst_httpc *client, const char *username,
    const char *password, struct sst_error *err)
{
	struct sst_httpc_options options = {
	    .username = username, .password = password};
	int code = client_check_options(&options, err);

	if (code != SST_OK)
		return code;
	if (client_set_credentials(client->easy, &options) != CURLE_OK)
		return sst_error_nomem(err);
	return SST_OK;
}

void
sst_httpc_resume(struct sst_httpc *client)
{
	atomic_store(&client->interrupted, false);
}

static CURLcode
client_result(struct sst_httpc *c)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(c->multi, &left)) != NULL) {
		if (msg->msg == CURLMSG_DONE && msg->easy_handle == c->easy)
			return msg->data.result;
	}
	return CURLE_FAILED_INIT;
}

static CURLcode
client_wait(struct sst_httpc *c)
{
	CURLcode rc = client_check(c);
	int64_t left;

	if (rc != CURLE_OK)
		return rc;
	left = sst_mono_diff_ms(c->deadline, sst_clock_mono(c->clock));
	if (left < 0)
		left = 0;
	/* rounded up: a poll that ends early would spin */
	left = left < CLIENT_POLL_MS ? left + 1 : CLIENT_POLL_MS;
	if (curl_multi_poll(c->multi, NULL, 0, (int)left, NULL) != CURLM_OK)
		return CURLE_OUT_OF_MEMORY;
	return CURLE_OK;
}

static CURLcode
client_run(struct sst_httpc *c)
{
	CURLcode rc;
	int running = 1;

	for (;;) {
		if (curl_multi_perform(c->multi, &running) != CURLM_OK)
			return CURLE_OUT_OF_MEMORY;
		if (running == 0 && c->wire.given_up != 0)
			return (CURLcode)c->wire.given_up;
		if (running == 0)
			return client_result(c);
		rc = client_wait(c);
		if (rc != CURLE_OK)
			return rc;
	}
}

static int
client_finished(
    struct sst_httpc *c, CURLcode rc, const char *url, struct sst_error *err)
{
	struct httpc_failure failure = {0};
	curl_off_t announced = -1;
	char shown[HTTPC_URL_SHOWN];

	if (rc != CURLE_OK) {
		failure.curl_code = (int)rc;
		curl_easy_getinfo(
		    c->easy, CURLINFO_OS_ERRNO, &failure.os_errno);
		failure.detail = c->detail;
		failure.url = url;
		failure.max_bytes = c->max_bytes;
		return httpc__failure(&failure, &c->wire, err);
	}
	curl_easy_getinfo(
	    c->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
	if (announced < 0 || c->wire.body_raw <= (uint64_t)announced)
		return SST_OK;
	httpc__url_shown(url, shown, sizeof(shown));
	return sst_error_set(err, SST_PROTOCOL,
	    "GET %s: the body is longer than its headers say", shown);
}

static int
client_take(
    struct sst_httpc *c, struct sst_httpc_response *out, struct sst_error *err)
{
	struct sst_httpc_response r = {0};
	curl_off_t wait = 0;
	char *type = NULL;

	/* NULL when nothing came: a failed buffer has ended the request */
	r.body = sst_buf_take(&c->body, &r.len);
	if (r.body == NULL)
		r.body = calloc(1, 1);
	curl_easy_getinfo(c->easy, CURLINFO_CONTENT_TYPE, &type);
	if (type != NULL)
		r.content_type = strdup(type);
	if (r.body == NULL || (type != NULL && r.content_type == NULL)) {
		sst_httpc_response_fini(&r);
		return sst_error_nomem(err);
	}
	curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &r.status);
	curl_easy_getinfo(c->easy, CURLINFO_RETRY_AFTER, &wait);
	if (wait > CLIENT_RETRY_AFTER_MAX_S)
		wait = CLIENT_RETRY_AFTER_MAX_S;
	r.retry_after_ms = wait > 0 ? (long)wait * 1000 : -1;
	*out = r;
	return SST_OK;
}

static void
client_reset(struct sst_httpc *c, const struct sst_httpc_request *request)
{
	memset(&c->wire, 0, sizeof(c->wire));
	sst_buf_clear(&c->body);
	c->max_bytes = request->max_bytes;
	c->deadline = request->deadline;
	c->detail[0] = '\0';
}

static int
client_transfer(struct sst_httpc *c, const struct sst_httpc_request *request,
    struct sst_error *err)
{
	int code;

	if (curl_multi_add_handle(c->multi, c->easy) != CURLM_OK)
		return sst_error_nomem(err);
	code = client_finished(c, client_run(c), request->url, err);
	curl_multi_remove_handle(c->multi, c->easy);
	return code;
}

/* Takes list over; NULL when memory ran out. */
static struct curl_slist *
client_add_header(struct curl_slist *list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(list, line);

	if (longer == NULL)
		curl_slist_free_all(list);
	return longer;
}

static struct curl_slist *
client_headers(const struct sst_httpc_request *request)
{
	const char *accept = request->accept;
	struct sst_buf line = SST_BUF_INIT;
	struct curl_slist *list = NULL;
	size_t i;

	sst_buf_addf(
	    &line, "Accept: %s", accept != NULL ? accept : "application/json");
	if (!sst_buf_failed(&line))
		list = client_add_header(NULL, line.data);
	sst_buf_fini(&line);
	if (request->headers == NULL)
		return list;
	for (i = 0; list != NULL && request->headers[i] != NULL; i++)
		list = client_add_header(list, request->headers[i]);
	return list;
}

/* A header with a line feed would be two. */
static int
client_check_request(
    const struct sst_httpc_request *request, struct sst_error *err)
{
	size_t i;
	int code = sst_httpc_url_check(request->url, err);

	if (code != SST_OK || request->headers == NULL)
		return code;
	for (i = 0; request->headers[i] != NULL; i++) {
		if (!httpc__text_plain(request->headers[i]))
			return sst_error_set(err, SST_INVALID,
			    "a header holds a control character");
	}
	return SST_OK;
}

static int
client_request(struct sst_httpc *c, const struct sst_httpc_request *request,
    struct sst_httpc_response *out, struct sst_error *err)
{
	struct curl_slist *headers;
	curl_off_t most = (curl_off_t)request->max_bytes;
	CURLcode rc = CURLE_OK;
	int code;

	code = client_check_request(request, err);
	if (code != SST_OK)
		return code;
	if (c->stream != NULL)
		most = 0; /* a length that is announced has no bound */
	headers = client_headers(request);
	if (headers == NULL)
		return sst_error_nomem(err);
	client_reset(c, request);
	rc |= curl_easy_setopt(c->easy, CURLOPT_URL, request->url);
	rc |= curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, headers);
	rc |= curl_easy_setopt(c->easy, CURLOPT_MAXFILESIZE_LARGE, most);
	if (rc != CURLE_OK)
		code = sst_error_nomem(err);
	else
		code = client_transfer(c, request, err);
	if (code == SST_OK)
		code = client_take(c, out, err);
	sst_buf_fini(&c->body);
	curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
	return code;
}

int
sst_httpc_get(struct sst_httpc *client, const struct sst_httpc_request *request,
    struct sst_httpc_response *out, struct sst_error *err)
{
	client->stream = NULL;
	return client_request(client, request, out, err);
}

int
sst_httpc_stream(struct sst_httpc *client,
    const struct sst_httpc_stream *stream, struct sst_httpc_response *out,
    struct sst_error *err)
{
	int code;

	client->stream = stream;
	client->stream_open = false;
	code = client_request(client, &stream->request, out, err);
	client->stream = NULL;
	return code;
}

const char *
sst_httpc_header(struct sst_httpc *client, const char *name)
{
	struct curl_header *header = NULL;
	size_t amount = 0;

	if (curl_easy_header(
		client->easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
		return NULL;
	amount = header->amount;
	if (amount > 1 && curl_easy_header(client->easy, name, amount - 1,
			      CURLH_HEADER, -1, &header) != CURLHE_OK)
		return NULL;
	return header->value;
}

void
sst_httpc_response_fini(struct sst_httpc_response *response)
{
	free(response->body);
	free(response->content_type);
	memset(response, 0, sizeof(*response));
}
