#include "httpc/socket.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "httpc/transfer.h"

struct sst_socket {
	struct httpc_transfer t;
	bool open, tls;
	curl_socket_t fd;
	char *name; /* of where it leads */
};

/* libcurl speaks HTTP only once it is asked to send a request. */
static CURLcode
socket_prepare(struct sst_socket *s)
{
	CURLcode rc = CURLE_OK;
	CURL *e = s->t.easy;

	rc |= curl_easy_setopt(e, CURLOPT_CONNECT_ONLY, 1L);
	rc |= curl_easy_setopt(e, CURLOPT_SSL_ENABLE_ALPN, 0L);
	/* the name of a server may lead elsewhere after it failed */
	rc |= curl_easy_setopt(e, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
	return rc;
}

int
sst_socket_new(const struct sst_httpc_options *options,
    const struct sst_clock *clock, struct sst_socket **out,
    struct sst_error *err)
{
	struct sst_socket *s;
	int code;

	code = httpc__options_check(options, err);
	if (code != SST_OK)
		return code;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return sst_error_nomem(err);
	code = httpc__transfer_init(&s->t, options, clock, err);
	if (code != SST_OK) {
		free(s);
		return code;
	}
	if (socket_prepare(s) != CURLE_OK) {
		sst_socket_free(&s);
		return sst_error_nomem(err);
	}
	*out = s;
	return SST_OK;
}

void
sst_socket_free(struct sst_socket **socket)
{
	struct sst_socket *s = *socket;

	if (s == NULL)
		return;
	sst_socket_close(s);
	httpc__transfer_fini(&s->t);
	free(s->name);
	free(s);
	*socket = NULL;
}

void
sst_socket_interrupt(struct sst_socket *socket)
{
	httpc__transfer_interrupt(&socket->t);
}

void
sst_socket_resume(struct sst_socket *socket)
{
	httpc__transfer_resume(&socket->t);
}

bool
sst_socket_is_open(const struct sst_socket *socket)
{
	return socket->open;
}

/* What makes libcurl close a connection that it only made. */
void
sst_socket_close(struct sst_socket *socket)
{
	curl_multi_remove_handle(socket->t.multi, socket->t.easy);
	socket->open = false;
}

static int
socket_failed(struct sst_socket *s, CURLcode rc, struct sst_error *err)
{
	struct httpc_failure failure = {.curl_code = (int)rc,
	    .detail = s->t.detail,
	    .verb = "",
	    .url = s->name};
	struct httpc_wire wire = {0};

	curl_easy_getinfo(s->t.easy, CURLINFO_OS_ERRNO, &failure.os_errno);
	return httpc__failure(&failure, &wire, err);
}

/* A server without TLS may wait for more, and say nothing. */
static int
socket_not_opened(struct sst_socket *s, CURLcode rc, struct sst_error *err)
{
	long port = 0;

	/* known once it is connected */
	curl_easy_getinfo(s->t.easy, CURLINFO_PRIMARY_PORT, &port);
	if (rc != CURLE_OPERATION_TIMEDOUT || !s->tls || port == 0)
		return socket_failed(s, rc, err);
	return sst_error_set(
	    err, SST_TIMEOUT, "%s: no TLS handshake in time", s->name);
}

static CURLcode
socket_connect(struct sst_socket *s, struct sst_mono deadline)
{
	CURLcode rc;
	int running = 1;

	for (;;) {
		if (curl_multi_perform(s->t.multi, &running) != CURLM_OK)
			return CURLE_OUT_OF_MEMORY;
		if (running == 0)
			return httpc__transfer_result(&s->t);
		rc = httpc__transfer_poll(&s->t, NULL, deadline);
		if (rc != CURLE_OK)
			return rc;
	}
}

/* Where to, in the words of libcurl; alias stands for another server name. */
struct socket_way {
	struct sst_buf url;
	struct httpc_alias alias;
	struct curl_slist *connect_to;
};

static void
socket_way_fini(struct sst_socket *s, struct socket_way *way)
{
	curl_easy_setopt(s->t.easy, CURLOPT_CONNECT_TO, NULL);
	curl_slist_free_all(way->connect_to);
	httpc__alias_fini(&way->alias);
	sst_buf_fini(&way->url);
}

static int
socket_way_url(
    const struct sst_socket_to *to, struct sst_buf *url, struct sst_error *err)
{
	const char *scheme = to->tls ? "https" : "http";
	int code;

	if (to->unix_path != NULL)
		sst_buf_addf(url, "%s://localhost/", scheme);
	else if (strchr(to->host, ':') != NULL)
		sst_buf_addf(
		    url, "%s://[%s]:%u/", scheme, to->host, (unsigned)to->port);
	else
		sst_buf_addf(
		    url, "%s://%s:%u/", scheme, to->host, (unsigned)to->port);
	if (sst_buf_failed(url))
		return sst_error_nomem(err);
	code = sst_httpc_url_check(url->data, err);
	if (code == SST_INVALID)
		sst_error_set(err, code, "%s: not a host", to->name);
	return code;
}

static int
socket_way_init(struct sst_socket *s, const struct sst_socket_to *to,
    struct socket_way *way, struct sst_error *err)
{
	const char *name = s->t.setup.tls_server_name;
	CURLcode rc = CURLE_OK;
	int code;

	code = socket_way_url(to, &way->url, err);
	if (code == SST_OK && to->tls && name != NULL)
		code = httpc__alias_init(&way->alias, way->url.data, name, err);
	if (code != SST_OK)
		return code;
	if (way->alias.url != NULL) {
		way->connect_to =
		    curl_slist_append(NULL, way->alias.connect_to);
		if (way->connect_to == NULL)
			return sst_error_nomem(err);
	}
	rc |= curl_easy_setopt(s->t.easy, CURLOPT_URL,
	    way->alias.url != NULL ? way->alias.url : way->url.data);
	rc |= curl_easy_setopt(s->t.easy, CURLOPT_CONNECT_TO, way->connect_to);
	rc |= curl_easy_setopt(
	    s->t.easy, CURLOPT_UNIX_SOCKET_PATH, to->unix_path);
	return rc == CURLE_OK ? SST_OK : sst_error_nomem(err);
}

static int
socket_go(struct sst_socket *s, struct sst_mono deadline, struct sst_error *err)
{
	CURLcode rc;
	int code;

	s->t.detail[0] = '\0';
	if (curl_multi_add_handle(s->t.multi, s->t.easy) != CURLM_OK)
		return sst_error_nomem(err);
	rc = socket_connect(s, deadline);
	if (rc == CURLE_OK)
		rc = curl_easy_getinfo(
		    s->t.easy, CURLINFO_ACTIVESOCKET, &s->fd);
	if (rc == CURLE_OK && s->fd == CURL_SOCKET_BAD)
		rc = CURLE_COULDNT_CONNECT;
	if (rc == CURLE_OK) {
		s->open = true;
		return SST_OK;
	}
	code = socket_not_opened(s, rc, err);
	sst_socket_close(s);
	return code;
}

int
sst_socket_open(struct sst_socket *socket, const struct sst_socket_to *to,
    struct sst_mono deadline, struct sst_error *err)
{
	struct socket_way way = {.url = SST_BUF_INIT};
	int code;

	sst_socket_close(socket);
	free(socket->name);
	socket->name = strdup(to->name);
	if (socket->name == NULL)
		return sst_error_nomem(err);
	socket->tls = to->tls;
	code = socket_way_init(socket, to, &way, err);
	if (code == SST_OK)
		code = socket_go(socket, deadline, err);
	socket_way_fini(socket, &way);
	return code;
}

/* Since TLS 1.3 a client learns only from its first read that its certificate
 * is not wanted. */
static bool
socket_refused(const struct sst_socket *s)
{
	return s->tls && strstr(s->t.detail, "alert") != NULL;
}

int
sst_socket_send(struct sst_socket *socket, const void *bytes, size_t len,
    size_t *sent_out, struct sst_error *err)
{
	size_t sent = 0;
	CURLcode rc;

	socket->t.detail[0] = '\0';
	rc = curl_easy_send(socket->t.easy, bytes, len, &sent);
	if (rc != CURLE_OK && rc != CURLE_AGAIN)
		return socket_failed(socket,
		    socket_refused(socket) ? CURLE_SSL_CONNECT_ERROR
					   : CURLE_SEND_ERROR,
		    err);
	*sent_out = rc == CURLE_OK ? sent : 0;
	return SST_OK;
}

int
sst_socket_receive(struct sst_socket *socket, void *bytes, size_t size,
    size_t *len_out, struct sst_error *err)
{
	size_t len = 0;
	CURLcode rc;

	socket->t.detail[0] = '\0';
	rc = curl_easy_recv(socket->t.easy, bytes, size, &len);
	if (rc == CURLE_AGAIN)
		return SST_NODATA;
	if (rc == CURLE_OUT_OF_MEMORY)
		return sst_error_nomem(err);
	if (rc != CURLE_OK && socket_refused(socket))
		return socket_failed(socket, CURLE_SSL_CONNECT_ERROR, err);
	*len_out = rc == CURLE_OK ? len : 0;
	return SST_OK;
}

int
sst_socket_wait(struct sst_socket *socket, bool to_send,
    struct sst_mono deadline, struct sst_error *err)
{
	struct curl_waitfd fd = {.fd = socket->fd, .events = CURL_WAIT_POLLIN};
	CURLcode rc;

	if (to_send)
		fd.events |= CURL_WAIT_POLLOUT;
	do {
		rc = httpc__transfer_poll(&socket->t, &fd, deadline);
	} while (rc == CURLE_OK && fd.revents == 0);
	return rc == CURLE_OK ? SST_OK : socket_failed(socket, rc, err);
}
