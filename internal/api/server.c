/* Start and stop: the socket, the options of libmicrohttpd, the order. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <orcania.h>

#include "api/api_priv.h"
#include "api/exchange.h"
#include "base/log.h"

enum {
	CONNECTIONS = 1024,
	IDLE_SECONDS = 30,
	URI_BYTES = 4096,
	HEAD_BYTES = 8192,
	BODY_BYTES = 1024 * 1024,
	THREADS_MAX = 8,
	BACKLOG = 511,
	/* What a connection needs beside the head of the request: the parsed
	 * list of headers and the head of the response. */
	CONNECTION_EXTRA_BYTES = 4096
};

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* address is a literal (checked by the guard). */
static socklen_t
address_make(const char *address, unsigned port, union address *out)
{
	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, address, &out->v4.sin_addr) == 1) {
		out->v4.sin_family = AF_INET;
		out->v4.sin_port = htons((uint16_t)port);
		return sizeof(out->v4);
	}
	inet_pton(AF_INET6, address, &out->v6.sin6_addr);
	out->v6.sin6_family = AF_INET6;
	out->v6.sin6_port = htons((uint16_t)port);
	return sizeof(out->v6);
}

static int
listen_fail(int fd, struct sst_api *api, struct sst_error *err)
{
	int code = errno == EADDRINUSE ? SST_EXISTS : SST_IO;

	sst_error_set(err, code, "listen on %s port %u: %s", api->guard.address,
	    api->guard.port, strerror(errno));
	close(fd);
	return code;
}

static int
listen_open(struct sst_api *api, struct sst_error *err)
{
	union address a;
	socklen_t len = address_make(api->guard.address, api->guard.port, &a);
	int one = 1, fd;

	fd = socket(
	    a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return sst_error_set(
		    err, SST_IO, "socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, &a.any, len) < 0 || listen(fd, BACKLOG) < 0 ||
	    getsockname(fd, &a.any, &len) < 0)
		return listen_fail(fd, api, err);
	api->guard.port =
	    ntohs(a.any.sa_family == AF_INET ? a.v4.sin_port : a.v6.sin6_port);
	api->listen_fd = fd;
	return SST_OK;
}

static int
tls_check(const struct sst_api_settings *s, struct sst_error *err)
{
	gnutls_certificate_credentials_t cred;
	gnutls_datum_t cert, key;
	int rc;

	if (s->tls_cert_pem == NULL && s->tls_key_pem == NULL) {
		if (s->tls_client_ca_pem != NULL)
			return sst_error_set(err, SST_INVALID,
			    "a client CA needs a certificate and key of ours");
		return SST_OK;
	}
	if (s->tls_cert_pem == NULL || s->tls_key_pem == NULL)
		return sst_error_set(
		    err, SST_INVALID, "TLS needs both a certificate and a key");
	if (gnutls_certificate_allocate_credentials(&cred) < 0)
		return sst_error_nomem(err);
	memcpy(&cert.data, &s->tls_cert_pem, sizeof(cert.data));
	cert.size = (unsigned)strlen(s->tls_cert_pem);
	memcpy(&key.data, &s->tls_key_pem, sizeof(key.data));
	key.size = (unsigned)strlen(s->tls_key_pem);
	rc = gnutls_certificate_set_x509_key_mem(
	    cred, &cert, &key, GNUTLS_X509_FMT_PEM);
	gnutls_certificate_free_credentials(cred);
	if (rc < 0)
		return sst_error_set(err, SST_TLS,
		    "TLS certificate and key: %s", gnutls_strerror(rc));
	return SST_OK;
}

static int
settings_check(const struct sst_api_settings *s, struct sst_error *err)
{
	if (s->port > 65535)
		return sst_error_set(err, SST_INVALID,
		    "listen port %u: must be 0 to 65535", s->port);
	if (s->address != NULL && !api__address_is_loopback(s->address) &&
	    s->token_count == 0 && s->tls_client_ca_pem == NULL &&
	    !s->allow_anonymous)
		return sst_error_set(err, SST_INVALID,
		    "others reach %s: configure tokens or a client CA, or set "
		    "allow_anonymous: true",
		    s->address);
	return tls_check(s, err);
}

static void
limits_default(struct sst_api_limits *l)
{
	if (l->connections == 0)
		l->connections = CONNECTIONS;
	if (l->idle_seconds == 0)
		l->idle_seconds = IDLE_SECONDS;
	if (l->uri_bytes == 0)
		l->uri_bytes = URI_BYTES;
	if (l->head_bytes == 0)
		l->head_bytes = HEAD_BYTES;
	if (l->body_bytes == 0)
		l->body_bytes = BODY_BYTES;
}

static unsigned
threads_default(unsigned threads, unsigned connections)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (threads == 0) {
		threads = cpus < 1 ? 1 : (unsigned)cpus;
		if (threads > THREADS_MAX)
			threads = THREADS_MAX;
	}
	/* The library divides the connections among the threads. */
	return threads > connections ? connections : threads;
}

enum { OPTIONS_MAX = 20 };

struct options {
	struct MHD_OptionItem items[OPTIONS_MAX];
	size_t count;
};

static void
option_number(struct options *o, enum MHD_OPTION option, size_t value)
{
	o->items[o->count++] =
	    (struct MHD_OptionItem){option, (intptr_t)value, NULL};
}

static void
option_text(struct options *o, enum MHD_OPTION option, const char *text)
{
	struct MHD_OptionItem item = {option, 0, NULL};

	memcpy(&item.ptr_value, &text, sizeof(text));
	o->items[o->count++] = item;
}

static void
options_fill(
    struct options *o, struct sst_api *api, const struct sst_api_settings *s)
{
	const struct sst_api_limits *l = &api->limits;

	o->count = 0;
	/* First, so that it hears about the others. */
	o->items[o->count++] = (struct MHD_OptionItem){
	    MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)api__on_log, api};
	o->items[o->count++] = (struct MHD_OptionItem){
	    MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)api__on_completed, api};
	o->items[o->count++] = (struct MHD_OptionItem){
	    MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)api__on_uri, api};
	o->items[o->count++] = (struct MHD_OptionItem){
	    MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)api__on_connection, api};
	option_number(o, MHD_OPTION_LISTEN_SOCKET, (size_t)api->listen_fd);
	option_number(o, MHD_OPTION_CONNECTION_LIMIT, l->connections);
	option_number(
	    o, MHD_OPTION_PER_IP_CONNECTION_LIMIT, l->connections_per_ip);
	option_number(o, MHD_OPTION_CONNECTION_TIMEOUT, l->idle_seconds);
	option_number(o, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	    l->uri_bytes + l->head_bytes + CONNECTION_EXTRA_BYTES);
	option_number(o, MHD_OPTION_THREAD_POOL_SIZE,
	    threads_default(s->threads, l->connections));
	if (s->tls_cert_pem != NULL) {
		option_text(o, MHD_OPTION_HTTPS_MEM_CERT, s->tls_cert_pem);
		option_text(o, MHD_OPTION_HTTPS_MEM_KEY, s->tls_key_pem);
		option_text(o, MHD_OPTION_HTTPS_PRIORITIES,
		    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2");
	}
	if (s->tls_client_ca_pem != NULL)
		option_text(
		    o, MHD_OPTION_HTTPS_MEM_TRUST, s->tls_client_ca_pem);
	option_number(o, MHD_OPTION_END, 0);
}

/*
 * Routes are ours, so ulfius gets no list to match a path with, only the
 * endpoint it falls back to; with all its texts, or it complains every time.
 */
static int
instance_new(struct sst_api *api, struct sst_error *err)
{
	struct _u_instance *u = calloc(1, sizeof(*u));

	if (u == NULL)
		return sst_error_nomem(err);
	/* The port is not used: the socket is ours. */
	if (ulfius_init_instance(u, 1, NULL, NULL) != U_OK) {
		free(u);
		return sst_error_nomem(err);
	}
	api->instance = u;
	u->check_utf8 = 0; /* we check what we use, and say what is wrong */
	u->allowed_post_processor = U_POST_PROCESS_NONE;
	u->max_post_body_size = api->limits.body_bytes + 1;
	if (ulfius_set_default_endpoint(u, api__on_request, api) != U_OK)
		return sst_error_nomem(err);
	memcpy(api->any, "*", 2);
	u->default_endpoint->http_method = api->any;
	u->default_endpoint->url_format = api->any;
	return SST_OK;
}

static int
daemon_start(struct sst_api *api, const struct sst_api_settings *s,
    struct sst_error *err)
{
	struct options options;
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC |
			 MHD_USE_ERROR_LOG | MHD_ALLOW_SUSPEND_RESUME |
			 (s->tls_cert_pem == NULL ? 0 : MHD_USE_TLS);

	options_fill(&options, api, s);
	if (ulfius_start_framework_with_mhd_options(
		api->instance, flags, options.items) == U_OK) {
		if (api__intercepted(api))
			return SST_OK;
		ulfius_stop_framework(api->instance);
		api->listen_fd = -1;
		return sst_error_set(err, SST_INTERNAL,
		    "this program is linked so that ulfius does not find its "
		    "MHD_start_daemon");
	}
	api->listen_fd = -1; /* the library has closed it */
	return sst_error_set(
	    err, SST_IO, "the HTTP library refused to start on %s", api->url);
}

static void
url_make(struct sst_api *api)
{
	bool v6 = strchr(api->guard.address, ':') != NULL;

	snprintf(api->url, sizeof(api->url), "http%s://%s%s%s:%u",
	    api->guard.tls ? "s" : "", v6 ? "[" : "", api->guard.address,
	    v6 ? "]" : "", api->guard.port);
}

static int
api_start(struct sst_api *api, const struct sst_api_settings *settings,
    struct sst_error *err)
{
	unsigned char random[4];
	int rc = api__guard_init(&api->guard, settings, err);

	if (rc == SST_OK)
		rc = settings_check(settings, err);
	if (rc == SST_OK && gnutls_rnd(GNUTLS_RND_NONCE, random, 4) < 0)
		rc = sst_error_set(err, SST_INTERNAL, "no random numbers");
	if (rc == SST_OK)
		rc = listen_open(api, err);
	if (rc != SST_OK)
		return rc;
	snprintf(api->id_prefix, sizeof(api->id_prefix), "%02x%02x%02x%02x",
	    random[0], random[1], random[2], random[3]);
	url_make(api);
	rc = instance_new(api, err);
	if (rc == SST_OK)
		rc = api__workers_start(api, err);
	return rc == SST_OK ? daemon_start(api, settings, err) : rc;
}

static void
api_free(struct sst_api *api)
{
	if (api->instance != NULL)
		ulfius_clean_instance(api->instance);
	free(api->instance);
	api__workers_stop(api);
	if (api->listen_fd >= 0)
		close(api->listen_fd);
	api__assets_fini(&api->assets);
	api__guard_fini(&api->guard);
	api__workers_fini(&api->workers);
	api__parking_fini(&api->parking);
	pthread_cond_destroy(&api->idle);
	sst_lock_fini(&api->lock);
	free(api);
}

int
sst_api_start(const struct sst_api_settings *settings,
    struct sst_service *service, struct sst_api **out, struct sst_error *err)
{
	struct sst_api *api = calloc(1, sizeof(*api));
	int rc;

	if (api == NULL)
		return sst_error_nomem(err);
	api->service = service;
	api->clock = sst_service_clock(service);
	api->started_at = sst_clock_wall(api->clock);
	api->limits = settings->limits;
	limits_default(&api->limits);
	api->allow_anonymous = settings->allow_anonymous;
	api->need_certificate = settings->tls_client_ca_pem != NULL;
	api->listen_fd = -1;
	sst_lock_init(&api->lock, SST_LOCK_LEAF);
	pthread_cond_init(&api->idle, NULL);
	api__assets_init(&api->assets);
	api__parking_init(&api->parking);
	api__workers_init(&api->workers);
	rc = api_start(api, settings, err);
	if (rc != SST_OK) {
		api_free(api);
		return rc;
	}
	*out = api;
	return SST_OK;
}

unsigned
sst_api_port(const struct sst_api *api)
{
	return api->guard.port;
}

const char *
sst_api_url(const struct sst_api *api)
{
	return api->url;
}

int
sst_api_reload_tokens(struct sst_api *api, const struct sst_api_token *tokens,
    size_t count, struct sst_error *err)
{
	if (count == 0 && !api->allow_anonymous && !api->need_certificate &&
	    !api__address_is_loopback(api->guard.address))
		return sst_error_set(err, SST_INVALID,
		    "others reach %s: the last token cannot be taken away",
		    api->guard.address);
	return api__guard_set_tokens(&api->guard, tokens, count, err);
}

/*
 * From here on connections are refused. MHD_quiesce_daemon would be the way,
 * but with epoll it races with its own threads and ends the process ("Failed
 * to remove listen FD from epoll set"). So the descriptor gets another socket,
 * which nobody can reach; the kernel closes the old one and takes it out of
 * the epoll sets.
 */
static void
listen_refuse(int fd)
{
	struct sockaddr_un nowhere = {.sun_family = AF_UNIX};
	int other =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (other < 0 ||
	    bind(other, (const struct sockaddr *)&nowhere,
		sizeof(nowhere.sun_family)) < 0 ||
	    listen(other, 1) < 0 || dup3(other, fd, O_CLOEXEC) < 0)
		shutdown(fd, SHUT_RDWR); /* its threads spin until the end */
	if (other >= 0)
		close(other);
}

/* Waits until no request runs, or the deadline. */
static void
api_drain(struct sst_api *api, struct sst_mono until)
{
	sst_lock_acquire(&api->lock);
	while (atomic_load(&api->metrics.in_flight) > 0 &&
	       sst_mono_before(sst_clock_mono(api->clock), until))
		sst_lock_wait(&api->lock, &api->idle, api->clock, until);
	sst_lock_release(&api->lock);
}

/*
 * The library ends the process when it is stopped with a suspended connection.
 * The watches give their last event first; of what still waits near the end of
 * the time, all is answered with what is left of it.
 */
void
sst_api_stop(struct sst_api **api, int64_t deadline_ms)
{
	struct sst_api *a = *api;
	struct sst_mono now;

	if (a == NULL)
		return;
	*api = NULL;
	now = sst_clock_mono(a->clock);
	atomic_store(&a->stopping, true);
	listen_refuse(a->listen_fd);
	sst_watch_stop(a->service);
	/* what waits for a worker is quick, or there is no time for it: one that
	 * runs may take seconds with the largest documents */
	api_drain(a, sst_mono_add_ms(now, deadline_ms / 8));
	api__workers_refuse(a);
	api_drain(a, sst_mono_add_ms(now, deadline_ms - deadline_ms / 8));
	api__workers_stop(a);
	api__parking_end(a);
	api_drain(a, sst_mono_add_ms(now, deadline_ms));
	api__parking_settle(a);
	ulfius_stop_framework(a->instance);
	a->listen_fd = -1; /* closed with the library's daemon */
	api_free(a);
}
