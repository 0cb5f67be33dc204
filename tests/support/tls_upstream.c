#include "support/tls_upstream.h"

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 65536 };

struct tls_upstream {
	struct MHD_Daemon *daemon;
	char *cert, *key, *client_ca;
	char url[64];
	unsigned short port;
	pthread_mutex_t mutex; /* guards what follows */
	char expected[4096];   /* "": everybody */
	struct tls_upstream_seen seen;
};

static char *
read_file(const char *path)
{
	char *data = calloc(1, FILE_MAX);
	FILE *f = fopen(path, "re");

	if (f == NULL || data == NULL ||
	    fread(data, 1, FILE_MAX - 1, f) == 0) {
		free(data);
		data = NULL;
	}
	if (f != NULL)
		fclose(f);
	return data;
}

static void
see_certificate(gnutls_session_t session, char *out, size_t size)
{
	unsigned count = 0, status = 0;
	const gnutls_datum_t *chain =
	    gnutls_certificate_get_peers(session, &count);
	gnutls_x509_crt_t crt;

	out[0] = '\0';
	if (chain == NULL || count == 0 ||
	    gnutls_certificate_verify_peers2(session, &status) != 0 ||
	    status != 0 || gnutls_x509_crt_init(&crt) != 0)
		return;
	if (gnutls_x509_crt_import(crt, &chain[0], GNUTLS_X509_FMT_DER) != 0 ||
	    gnutls_x509_crt_get_dn(crt, out, &size) != 0)
		out[0] = '\0';
	gnutls_x509_crt_deinit(crt);
}

static void
see_session(struct tls_upstream *up, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	size_t size = sizeof(up->seen.sni);
	gnutls_session_t session;
	unsigned type;

	up->seen.sni[0] = up->seen.subject[0] = '\0';
	if (up->cert == NULL || info == NULL)
		return;
	session = info->tls_session;
	if (gnutls_server_name_get(session, up->seen.sni, &size, &type, 0) != 0)
		up->seen.sni[0] = '\0';
	see_certificate(session, up->seen.subject, sizeof(up->seen.subject));
}

static enum MHD_Result
see_header(
    void *ctx, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct tls_upstream_seen *seen = ctx;
	size_t len = strlen(seen->headers);

	(void)kind;
	snprintf(seen->headers + len, sizeof(seen->headers) - len, "%s: %s\n",
	    name, value != NULL ? value : "");
	return MHD_YES;
}

static bool
see_request(struct tls_upstream *up, struct MHD_Connection *connection,
    const char *target)
{
	const char *who =
	    MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
		MHD_HTTP_HEADER_AUTHORIZATION);
	bool known;

	pthread_mutex_lock(&up->mutex);
	see_session(up, connection);
	snprintf(up->seen.target, sizeof(up->seen.target), "%s", target);
	up->seen.headers[0] = '\0';
	MHD_get_connection_values(
	    connection, MHD_HEADER_KIND, see_header, &up->seen);
	known = up->expected[0] == '\0' ||
		(who != NULL && strcmp(who, up->expected) == 0);
	up->seen.calls++;
	up->seen.refused += !known;
	pthread_mutex_unlock(&up->mutex);
	return known;
}

static enum MHD_Result
tls_answer(void *ctx, struct MHD_Connection *connection, const char *target,
    const char *method, const char *version, const char *body, size_t *len,
    void **state)
{
	static const char right[] = "{\"kind\":\"PodList\",\"items\":[]}";
	static const char wrong[] =
	    "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\","
	    "\"message\":\"Unauthorized\",\"reason\":\"Unauthorized\","
	    "\"code\":401}";
	static char begun;
	struct MHD_Response *response;
	enum MHD_Result result;
	bool known;

	(void)method;
	(void)version;
	(void)body;
	(void)len;
	if (*state == NULL) {
		*state = &begun;
		return MHD_YES;
	}
	known = see_request(ctx, connection, target);
	/* it promises not to write there */
	response = MHD_create_response_from_buffer(
	    known ? sizeof(right) - 1 : sizeof(wrong) - 1,
	    (void *)(uintptr_t)(known ? right : wrong),
	    MHD_RESPMEM_PERSISTENT);
	if (response == NULL)
		return MHD_NO;
	MHD_add_response_header(
	    response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
	result = MHD_queue_response(connection,
	    known ? MHD_HTTP_OK : MHD_HTTP_UNAUTHORIZED, response);
	MHD_destroy_response(response);
	return result;
}

static void
tls_connected(void *ctx, struct MHD_Connection *connection, void **state,
    enum MHD_ConnectionNotificationCode code)
{
	struct tls_upstream *up = ctx;

	(void)connection;
	(void)state;
	if (code != MHD_CONNECTION_NOTIFY_STARTED)
		return;
	pthread_mutex_lock(&up->mutex);
	up->seen.connections++;
	pthread_mutex_unlock(&up->mutex);
}

static bool
tls_listen(struct tls_upstream *up, unsigned short port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct MHD_OptionItem tls[] = {
	    {MHD_OPTION_HTTPS_MEM_CERT, 0, up->cert},
	    {MHD_OPTION_HTTPS_MEM_KEY, 0, up->key},
	    {up->client_ca != NULL ? MHD_OPTION_HTTPS_MEM_TRUST
				   : MHD_OPTION_END,
		0, up->client_ca},
	    {MHD_OPTION_END, 0, NULL},
	};
	const union MHD_DaemonInfo *info;
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD;

	if (up->cert == NULL)
		tls[0].option = MHD_OPTION_END;
	else
		flags |= MHD_USE_TLS;
	up->daemon = MHD_start_daemon(flags, 0, NULL, NULL, tls_answer, up,
	    MHD_OPTION_SOCK_ADDR, &at, MHD_OPTION_NOTIFY_CONNECTION,
	    tls_connected, up, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u,
	    MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
	if (up->daemon == NULL)
		return false;
	info = MHD_get_daemon_info(up->daemon, MHD_DAEMON_INFO_BIND_PORT);
	up->port = info->port;
	snprintf(up->url, sizeof(up->url), "http%s://127.0.0.1:%u",
	    up->cert != NULL ? "s" : "", up->port);
	return true;
}

bool
tls_upstream_start(
    const struct tls_upstream_settings *settings, struct tls_upstream **out)
{
	struct tls_upstream *up = calloc(1, sizeof(*up));
	bool ok = up != NULL;

	if (!ok)
		return false;
	pthread_mutex_init(&up->mutex, NULL);
	if (settings->cert != NULL) {
		up->cert = read_file(settings->cert);
		up->key = read_file(settings->key);
		ok = up->cert != NULL && up->key != NULL;
	}
	if (ok && settings->client_ca != NULL) {
		up->client_ca = read_file(settings->client_ca);
		ok = up->client_ca != NULL;
	}
	if (!ok || !tls_listen(up, settings->port)) {
		tls_upstream_stop(&up);
		return false;
	}
	*out = up;
	return true;
}

void
tls_upstream_stop(struct tls_upstream **up)
{
	if (*up == NULL)
		return;
	if ((*up)->daemon != NULL)
		MHD_stop_daemon((*up)->daemon);
	pthread_mutex_destroy(&(*up)->mutex);
	free((*up)->cert);
	free((*up)->key);
	free((*up)->client_ca);
	free(*up);
	*up = NULL;
}

const char *
tls_upstream_url(const struct tls_upstream *up)
{
	return up->url;
}

unsigned short
tls_upstream_port(const struct tls_upstream *up)
{
	return up->port;
}

void
tls_upstream_expect(struct tls_upstream *up, const char *authorization)
{
	pthread_mutex_lock(&up->mutex);
	snprintf(up->expected, sizeof(up->expected), "%s",
	    authorization != NULL ? authorization : "");
	pthread_mutex_unlock(&up->mutex);
}

void
tls_upstream_see(struct tls_upstream *up, struct tls_upstream_seen *out)
{
	pthread_mutex_lock(&up->mutex);
	*out = up->seen;
	pthread_mutex_unlock(&up->mutex);
}
