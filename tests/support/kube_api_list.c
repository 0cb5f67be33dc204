/* Lists, whole and in pages. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/kube_api_priv.h"

/* Of a list that is answered: counted references. */
struct list_part {
	struct kube_object **objects;
	size_t count;
	uint64_t version;
	char token[64]; /* "": the last page */
	size_t left;
};

static void
paging_clear(struct kube_paging *paging)
{
	size_t i;

	for (i = 0; i < paging->count; i++)
		kube__object_unref(paging->objects[i]);
	free(paging->objects);
	memset(paging, 0, sizeof(*paging));
}

void
kube__pagings_clear(struct kube_api *api)
{
	size_t i;

	for (i = 0; i < KUBE_API_PAGINGS; i++)
		paging_clear(&api->pagings[i]);
}

/* Holds characters that have to be encoded in a query. */
static void
token_write(char *out, size_t size, unsigned id, size_t offset)
{
	snprintf(out, size, "eyJ2+%u/%zu==", id, offset);
}

/* The oldest place is taken when there is no free one. */
static struct kube_paging *
paging_place(struct kube_api *api)
{
	struct kube_paging *place = &api->pagings[0];
	size_t i;

	for (i = 1; i < KUBE_API_PAGINGS; i++) {
		if (api->pagings[i].id < place->id)
			place = &api->pagings[i];
	}
	paging_clear(place);
	place->id = ++api->paging_id;
	return place;
}

/* All that the question asks for, as it is now. */
static void
list_all(
    struct kube_api *api, const struct kube_question *q, struct list_part *out)
{
	struct kube_collection *c = q->collection;
	size_t i;

	out->version = api->version;
	out->objects = kube__alloc(c->count + 1, sizeof(*out->objects));
	for (i = 0; i < c->count; i++) {
		if (kube__body_matches(c->objects[i]->body, q->ns, q->selector))
			out->objects[out->count++] =
			    kube__object_ref(c->objects[i]);
	}
}

/* Keeps all of it for the next pages, shows the first one. */
static void
list_cut(struct kube_api *api, const struct kube_question *q, size_t limit,
    struct list_part *part)
{
	struct kube_paging *paging;
	size_t i;

	if (limit == 0 || part->count <= limit)
		return;
	paging = paging_place(api);
	paging->collection = q->collection;
	paging->version = part->version;
	paging->count = part->count;
	paging->objects = part->objects; /* with their references */
	part->objects = kube__alloc(limit, sizeof(*part->objects));
	for (i = 0; i < limit; i++)
		part->objects[i] = kube__object_ref(paging->objects[i]);
	part->left = part->count - limit;
	part->count = limit;
	token_write(part->token, sizeof(part->token), paging->id, limit);
}

/* A later page; false: the token is expired. */
static bool
list_continue(struct kube_api *api, const struct kube_question *q,
    const char *token, size_t limit, struct list_part *part)
{
	struct kube_paging *paging = NULL;
	size_t i, offset = 0, end;
	unsigned id = 0;

	if (sscanf(token, "eyJ2+%u/%zu==", &id, &offset) != 2)
		return false;
	for (i = 0; i < KUBE_API_PAGINGS; i++) {
		if (api->pagings[i].id == id)
			paging = &api->pagings[i];
	}
	if (id == 0 || paging == NULL || paging->collection != q->collection ||
	    offset > paging->count)
		return false;
	end = limit == 0 || limit > paging->count - offset ? paging->count
							   : offset + limit;
	part->version = paging->version;
	part->objects = kube__alloc(end - offset + 1, sizeof(*part->objects));
	for (i = offset; i < end; i++)
		part->objects[part->count++] =
		    kube__object_ref(paging->objects[i]);
	part->left = paging->count - end;
	if (part->left > 0)
		token_write(part->token, sizeof(part->token), id, end);
	return true;
}

static void
list_write(struct sst_buf *out, const struct kube_question *q,
    const struct list_part *part)
{
	const struct kube_collection *c = q->collection;
	size_t i;

	if (q->metadata_only)
		sst_buf_adds(out, "{\"kind\":\"PartialObjectMetadataList\","
				  "\"apiVersion\":\"meta.k8s.io/v1\",");
	else
		sst_buf_addf(out, "{\"kind\":\"%sList\",\"apiVersion\":\"%s\",",
		    c->kind, c->group);
	sst_buf_addf(out, "\"metadata\":{\"resourceVersion\":\"%" PRIu64 "\"",
	    part->version);
	if (part->token[0] != '\0')
		sst_buf_addf(out, ",\"continue\":\"%s\"", part->token);
	if (part->token[0] != '\0' && q->selector[0] == '\0')
		sst_buf_addf(out, ",\"remainingItemCount\":%zu", part->left);
	sst_buf_adds(out, "},\"items\":[");
	for (i = 0; i < part->count; i++) {
		if (i > 0)
			sst_buf_addc(out, ',');
		kube__write_object(out, part->objects[i], c,
		    q->metadata_only ? KUBE_FORM_META : KUBE_FORM_ITEM);
	}
	sst_buf_adds(out, "]}\n");
	if (sst_buf_failed(out))
		abort();
}

static bool
list_reply(struct kube_exchange *x, const struct sst_buf *body)
{
	/* half of it, then silence: the length tells of more */
	if (x->fault.kind == KUBE_API_HOLD_BODY ||
	    x->fault.kind == KUBE_API_CUT) {
		if (!kube__stream_begin(x) ||
		    !kube__stream_chunk(x, body->data, body->len / 2))
			return false;
		if (x->fault.kind == KUBE_API_CUT || !kube__hold(x))
			return false;
		return kube__stream_chunk(x, body->data + body->len / 2,
			   body->len - body->len / 2) &&
		       kube__stream_end(x);
	}
	return kube__reply(x, 200, "application/json", body->data, body->len);
}

static void
list_part_fini(struct kube_api *api, struct list_part *part)
{
	size_t i;

	pthread_mutex_lock(&api->stage.mutex);
	for (i = 0; i < part->count; i++)
		kube__object_unref(part->objects[i]);
	pthread_mutex_unlock(&api->stage.mutex);
	free(part->objects);
}

static bool
list_expired(struct kube_exchange *x)
{
	return kube__reply_status(x, 410, "Expired",
	    "The provided continue parameter is too old to display a "
	    "consistent list result.",
	    "eyJpbmNvbnNpc3RlbnQi");
}

bool
kube__list(struct kube_exchange *x, const struct kube_question *q)
{
	char token[KUBE_API_ARG] = "", limit[32] = "", version[64] = "";
	struct sst_buf body = SST_BUF_INIT;
	struct list_part part = {0};
	bool known = true, on;
	size_t most;

	kube__param(x, "continue", token, sizeof(token));
	kube__param(x, "limit", limit, sizeof(limit));
	kube__param(x, "resourceVersion", version, sizeof(version));
	if (token[0] != '\0' && version[0] != '\0')
		return kube__reply_status(x, 400, "BadRequest",
		    "specifying resource version is not allowed when using "
		    "continue",
		    NULL);
	/* as the real one: resourceVersion 0 makes it ignore the limit */
	most = strcmp(version, "0") == 0 ? 0 : strtoul(limit, NULL, 10);
	pthread_mutex_lock(&x->api->stage.mutex);
	if (token[0] != '\0') {
		known = list_continue(x->api, q, token, most, &part);
	} else {
		list_all(x->api, q, &part);
		list_cut(x->api, q, most, &part);
	}
	pthread_mutex_unlock(&x->api->stage.mutex);
	if (!known)
		return list_expired(x);
	list_write(&body, q, &part);
	list_part_fini(x->api, &part);
	on = list_reply(x, &body);
	sst_buf_fini(&body);
	return on;
}
