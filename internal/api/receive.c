/* From a request of ulfius to one of ours. */
#include <gnutls/gnutls.h>
#include <string.h>
#include <strings.h>

#include "api/exchange_priv.h"

/* Where a header of that name goes, or NULL. */
static const char **
header_slot(struct api_request_headers *h, const char *name)
{
	switch (strlen(name)) {
	case 4:
		return strcasecmp(name, "Host") == 0 ? &h->host : NULL;
	case 6:
		if (strcasecmp(name, "Accept") == 0)
			return &h->accept;
		return strcasecmp(name, "Origin") == 0 ? &h->origin : NULL;
	case 13:
		if (strcasecmp(name, "If-None-Match") == 0)
			return &h->if_none_match;
		if (strcasecmp(name, "Last-Event-ID") == 0)
			return &h->last_event_id;
		return strcasecmp(name, "Authorization") == 0
			   ? &h->authorization
			   : NULL;
	case 15:
		return strcasecmp(name, "Accept-Encoding") == 0
			   ? &h->accept_encoding
			   : NULL;
	case 17:
		return strcasecmp(name, "If-Modified-Since") == 0
			   ? &h->if_modified_since
			   : NULL;
	default:
		return NULL;
	}
}

/* ulfius joins equal names with a comma; names that differ in case are two. */
static void
headers_read(const struct _u_map *map, struct api_request_headers *out)
{
	const char **slot;
	int i;

	memset(out, 0, sizeof(*out));
	for (i = 0; map->keys[i] != NULL; i++) {
		const char *value =
		    map->values[i] == NULL ? "" : map->values[i];

		out->bytes += strlen(map->keys[i]) + map->lengths[i] + 4;
		slot = header_slot(out, map->keys[i]);
		if (slot == NULL)
			continue;
		if (*slot != NULL)
			out->repeated = map->keys[i];
		*slot = value;
	}
}

/* Once a connection; the result holds for all its requests. */
static bool
certificate_is_good(struct exchange *x)
{
	const union MHD_ConnectionInfo *info;
	unsigned status = 1;

	if (x->certificate != CERTIFICATE_UNCHECKED)
		return x->certificate == CERTIFICATE_GOOD;
	info = MHD_get_connection_info(
	    x->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	if (info != NULL && info->tls_session != NULL &&
	    gnutls_certificate_verify_peers2(info->tls_session, &status) == 0 &&
	    status == 0)
		x->certificate = CERTIFICATE_GOOD;
	else
		x->certificate = CERTIFICATE_BAD;
	return x->certificate == CERTIFICATE_GOOD;
}

void
api__exchange_read(struct exchange *x, const struct _u_request *request)
{
	struct api_request *rq = &x->request;

	rq->api = x->api;
	rq->method = request->http_verb;
	rq->uri = request->http_url == NULL ? "" : request->http_url;
	headers_read(request->map_header, &rq->headers);
	rq->body_len = request->binary_body_length;
	memset(&rq->target, 0, sizeof(rq->target));
	rq->route = NULL;
	rq->type = 0;
	rq->coding = SST_CODING_IDENTITY;
	rq->id[0] = '\0';
	rq->past = NULL;
	rq->watch = NULL;
	rq->wake_ctx = x;
	rq->certificate_missing =
	    x->api->need_certificate && !certificate_is_good(x);
}
