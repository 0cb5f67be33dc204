#include "httpc/client.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "httpc/transfer.h"

/* More than any known upstream sends; curl bounds one line, not their sum. */
enum { CLIENT_HEADER_BYTES = 64 * 1024 };
/* Told to wait longer than this, we ask again all the same. */
enum { CLIENT_RETRY_AFTER_MAX_S = 3600 };

struct sst_httpc {
	struct httpc_transfer t;
	/* of the request that runs */
	struct httpc_wire wire;
	struct sst_buf body;
	size_t max_bytes;
	struct sst_mono deadline;
	const struct sst_httpc_stream *stream; /* NULL: a whole body */
	bool stream_open; /* its owner was told */
};

/* Something came: the other side may be silent again. */
static void
client_stream_alive(struct sst_httpc *c)
{
	c->deadline =
	    sst_mono_add_ms(sst_clock_mono(c->t.clock), c->stream->idle_ms);
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
	curl_easy_getinfo(c->t.easy, CURLINFO_RESPONSE_CODE, &status);
	return status >= 200 && status < 300;
}

/* As long as bytes come in, curl does not return to client_run: a body that
 * unpacks to gigabytes would pass the deadline here. */
static size_t
client_on_body(char *bytes, size_t size, size_t count, void *ctx)
{
	struct sst_httpc *c = ctx;
	size_t len = size * count;

	c->wire.given_up = (int)httpc__transfer_check(&c->t, c->deadline);
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
client_set_callbacks(struct sst_httpc *c)
{
	CURLcode rc = CURLE_OK;
	CURL *e = c->t.easy;

	rc |= curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, client_on_body);
	rc |= curl_easy_setopt(e, CURLOPT_WRITEDATA, c);
	rc |= curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, client_on_header);
	rc |= curl_easy_setopt(e, CURLOPT_HEADERDATA, c);
	rc |= curl_easy_setopt(e, CURLOPT_DEBUGFUNCTION, client_on_debug);
	rc |= curl_easy_setopt(e, CURLOPT_DEBUGDATA, c);
	rc |= curl_easy_setopt(e, CURLOPT_VERBOSE, 1L);
	return rc;
}

int
sst_httpc_new(const struct sst_httpc_options *options,
    const struct sst_clock *clock, struct sst_httpc **out,
    struct sst_error *err)
{
	struct sst_httpc *c;
	int code;

	code = httpc__options_check(options, err);
	if (code != SST_OK)
		return code;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return sst_error_nomem(err);
	code = httpc__transfer_init(&c->t, options, clock, err);
	if (code != SST_OK) {
		free(c);
		return code;
	}
	if (client_set_callbacks(c) != CURLE_OK) {
		sst_httpc_free(&c);
		return sst_error_nomem(err);
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
	httpc__transfer_fini(&c->t);
	sst_buf_fini(&c->body);
	free(c);
	*client = NULL;
}

void
sst_httpc_interrupt(struct sst_httpc *client)
{
	httpc__transfer_interrupt(&client->t);
}

int
sst_httpc_set_basic(struct sst_httpc *client, const char *username,
    const char *password, struct sst_error *err)
{
	struct sst_httpc_options options = {
	    .username = username, .password = password};
	int code = httpc__options_check(&options, err);

	if (code != SST_OK)
		return code;
	if (!httpc__setup_credentials(client->t.easy, &options))
		return sst_error_nomem(err);
	return SST_OK;
}

int
sst_httpc_set_bearer(
    struct sst_httpc *client, const char *token, struct sst_error *err)
{
	struct sst_httpc_options options = {.bearer = token};
	int code = httpc__options_check(&options, err);

	if (code != SST_OK)
		return code;
	if (token == NULL) {
		curl_easy_setopt(client->t.easy, CURLOPT_XOAUTH2_BEARER, NULL);
		return SST_OK;
	}
	if (!httpc__setup_credentials(client->t.easy, &options))
		return sst_error_nomem(err);
	return SST_OK;
}

void
sst_httpc_resume(struct sst_httpc *client)
{
	httpc__transfer_resume(&client->t);
}

static CURLcode
client_run(struct sst_httpc *c)
{
	CURLcode rc;
	int running = 1;

	for (;;) {
		if (curl_multi_perform(c->t.multi, &running) != CURLM_OK)
			return CURLE_OUT_OF_MEMORY;
		if (running == 0 && c->wire.given_up != 0)
			return (CURLcode)c->wire.given_up;
		if (running == 0)
			return httpc__transfer_result(&c->t);
		rc = httpc__transfer_poll(&c->t, NULL, c->deadline);
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
		    c->t.easy, CURLINFO_OS_ERRNO, &failure.os_errno);
		failure.detail = c->t.detail;
		curl_easy_getinfo(c->t.easy, CURLINFO_HTTP_CONNECTCODE,
		    &failure.connect_status);
		failure.verb = "GET ";
		failure.url = url;
		failure.proxy = c->t.setup.proxy;
		failure.max_bytes = c->max_bytes;
		return httpc__failure(&failure, &c->wire, err);
	}
	curl_easy_getinfo(
	    c->t.easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
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
	curl_easy_getinfo(c->t.easy, CURLINFO_CONTENT_TYPE, &type);
	if (type != NULL)
		r.content_type = strdup(type);
	if (r.body == NULL || (type != NULL && r.content_type == NULL)) {
		sst_httpc_response_fini(&r);
		return sst_error_nomem(err);
	}
	curl_easy_getinfo(c->t.easy, CURLINFO_RESPONSE_CODE, &r.status);
	curl_easy_getinfo(c->t.easy, CURLINFO_RETRY_AFTER, &wait);
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
	c->t.detail[0] = '\0';
}

static int
client_transfer(struct sst_httpc *c, const struct sst_httpc_request *request,
    struct sst_error *err)
{
	int code;

	if (curl_multi_add_handle(c->t.multi, c->t.easy) != CURLM_OK)
		return sst_error_nomem(err);
	code = client_finished(c, client_run(c), request->url, err);
	curl_multi_remove_handle(c->t.multi, c->t.easy);
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

static const char *
client_coding(enum sst_httpc_coding coding)
{
	switch (coding) {
	case SST_HTTPC_CODING_NONE:
		return NULL;
	case SST_HTTPC_CODING_GZIP:
		return "gzip";
	default:
		return "";
	}
}

/* Tells curl where to go; what it is told lives until client_depart. */
struct client_way {
	struct httpc_alias alias;
	struct curl_slist *headers, *connect_to;
};

static int
client_depart(struct sst_httpc *c, const struct sst_httpc_request *request,
    struct client_way *way, struct sst_error *err)
{
	curl_off_t most = (curl_off_t)request->max_bytes;
	CURL *e = c->t.easy;
	CURLcode rc = CURLE_OK;
	bool alias = way->alias.url != NULL;

	if (c->stream != NULL)
		most = 0; /* a length that is announced has no bound */
	way->headers = client_headers(request);
	if (way->headers != NULL && alias) {
		way->headers = client_add_header(way->headers, way->alias.host);
		way->connect_to = curl_slist_append(NULL, way->alias.connect_to);
	}
	if (way->headers == NULL || (alias && way->connect_to == NULL))
		return sst_error_nomem(err);
	rc |= curl_easy_setopt(
	    e, CURLOPT_URL, alias ? way->alias.url : request->url);
	rc |= curl_easy_setopt(e, CURLOPT_CONNECT_TO, way->connect_to);
	rc |= curl_easy_setopt(e, CURLOPT_HTTPHEADER, way->headers);
	rc |= curl_easy_setopt(e, CURLOPT_MAXFILESIZE_LARGE, most);
	rc |= curl_easy_setopt(
	    e, CURLOPT_ACCEPT_ENCODING, client_coding(request->coding));
	return rc == CURLE_OK ? SST_OK : sst_error_nomem(err);
}

static void
client_arrive(struct sst_httpc *c, struct client_way *way)
{
	curl_easy_setopt(c->t.easy, CURLOPT_HTTPHEADER, NULL);
	curl_easy_setopt(c->t.easy, CURLOPT_CONNECT_TO, NULL);
	curl_slist_free_all(way->headers);
	curl_slist_free_all(way->connect_to);
	httpc__alias_fini(&way->alias);
}

static int
client_request(struct sst_httpc *c, const struct sst_httpc_request *request,
    struct sst_httpc_response *out, struct sst_error *err)
{
	struct client_way way = {0};
	int code;

	code = client_check_request(request, err);
	if (code == SST_OK && c->t.setup.tls_server_name != NULL)
		code = httpc__alias_init(&way.alias, request->url,
		    c->t.setup.tls_server_name, err);
	client_reset(c, request);
	if (code == SST_OK)
		code = client_depart(c, request, &way, err);
	if (code == SST_OK)
		code = client_transfer(c, request, err);
	if (code == SST_OK)
		code = client_take(c, out, err);
	sst_buf_fini(&c->body);
	client_arrive(c, &way);
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
		client->t.easy, name, 0, CURLH_HEADER, -1, &header) !=
	    CURLHE_OK)
		return NULL;
	amount = header->amount;
	if (amount > 1 && curl_easy_header(client->t.easy, name, amount - 1,
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
