#include "schema/registry.h"

#include <stdlib.h>
#include <string.h>

#include "schema/pointer.h"
#include "schema/uri.h"
#include "schema/text.h"

int
sst_schema_set_new(struct sst_schema_set **out, struct sst_error *err)
{
	struct sst_schema_set *set = calloc(1, sizeof(*set));

	if (set == NULL)
		return sst_error_nomem(err);
	*out = set;
	return SST_OK;
}

void
sst_schema_set_free(struct sst_schema_set **set)
{
	struct document *doc;

	if (set == NULL || *set == NULL)
		return;
	for (doc = (*set)->docs; doc != NULL; doc = doc->next)
		json_decref(doc->root);
	schema__arena_fini(&(*set)->arena);
	free(*set);
	*set = NULL;
}

void
sst_schema_set_formats(struct sst_schema_set *set, bool asserted)
{
	set->formats = asserted;
}

static struct resource *
set_lookup(const struct sst_schema_set *set, const char *uri)
{
	struct resource *res;

	for (res = set->resources; res != NULL; res = res->next) {
		if (strcmp(res->uri, uri) == 0)
			return res;
		if (res->retrieval != NULL && strcmp(res->retrieval, uri) == 0)
			return res;
	}
	return NULL;
}

int
schema__set_find(struct sst_schema_set *set, const char *uri,
    struct resource **out, struct sst_error *err)
{
	const unsigned char *bytes;
	size_t len;
	json_t *doc;
	int rc;

	*out = set_lookup(set, uri);
	bytes = *out == NULL ? schema__builtin(uri, &len) : NULL;
	if (bytes == NULL)
		return SST_OK;
	doc = json_loadb((const char *)bytes, len, 0, NULL);
	if (doc == NULL)
		return sst_error_nomem(err);
	rc = sst_schema_set_add(set, uri, doc, err);
	json_decref(doc);
	if (rc == SST_OK)
		*out = set_lookup(set, uri);
	return rc;
}

struct anchor *
schema__anchor_find(
    const struct resource *res, const char *name, bool dynamic_only)
{
	struct anchor *a;

	for (a = res->anchors; a != NULL; a = a->next) {
		if (dynamic_only && !a->dynamic)
			continue;
		if (strcmp(a->name, name) == 0)
			return a;
	}
	return NULL;
}

/* The resource that starts at json, if one does. */
static struct resource *
set_resource_at(const struct sst_schema_set *set, const json_t *json)
{
	struct resource *res;

	if (!json_is_string(json_object_get(json, "$id")))
		return NULL;
	for (res = set->resources; res != NULL; res = res->next) {
		if (res->root == json)
			return res;
	}
	return NULL;
}

static int
place_walk(const struct sst_schema_set *set, const char *pointer,
    struct place *at, struct sst_error *err)
{
	struct sst_buf token = SST_BUF_INIT;
	const char *p = pointer;
	struct resource *res;
	json_t *json = at->json;
	int rc = SST_OK;

	while (*p != '\0') {
		if (!sst_pointer_token(&p, &token)) {
			rc = sst_buf_failed(&token)
				 ? sst_error_nomem(err)
				 : schema__fail(err, SST_INVALID,
				       "\"%s\" is not a JSON Pointer", pointer);
			break;
		}
		json = sst_pointer_step(json, token.data, token.len);
		if (json == NULL) {
			rc = schema__fail(err, SST_NOT_FOUND,
			    "there is no \"%s\" in <%s>", pointer,
			    at->resource->uri);
			break;
		}
		sst_pointer_add(at->pointer, token.data, token.len);
		res = set_resource_at(set, json);
		if (res != NULL)
			at->resource = res;
	}
	sst_buf_fini(&token);
	at->json = json;
	return rc;
}

/* fragment: decoded. at->resource is set. */
static int
place_fragment(const struct sst_schema_set *set, const char *fragment,
    struct place *at, struct sst_error *err)
{
	const struct anchor *a;

	sst_buf_clear(at->pointer);
	sst_buf_adds(at->pointer, at->resource->pointer);
	at->json = at->resource->root;
	if (fragment[0] == '\0')
		return SST_OK;
	if (fragment[0] == '/')
		return place_walk(set, fragment, at, err);
	a = schema__anchor_find(at->resource, fragment, false);
	if (a == NULL)
		return schema__fail(err, SST_NOT_FOUND,
		    "there is no anchor \"%s\" in <%s>", fragment,
		    at->resource->uri);
	at->json = a->json;
	sst_buf_clear(at->pointer);
	sst_buf_adds(at->pointer, a->pointer);
	return SST_OK;
}

int
schema__set_resolve(struct sst_schema_set *set, struct resource *base,
    const char *ref, struct place *out, struct sst_error *err)
{
	char *uri = NULL, *fragment = NULL;
	bool bad = false;
	int rc;

	uri = schema__uri_resolve(base == NULL ? "" : base->uri, ref);
	fragment = schema__uri_fragment(ref, &bad);
	if (bad) {
		rc = schema__fail(err, SST_INVALID,
		    "<%s> has a broken percent sign in its fragment", ref);
		goto out;
	}
	if (uri == NULL || fragment == NULL) {
		rc = sst_error_nomem(err);
		goto out;
	}
	rc = SST_OK;
	if (base != NULL && (ref[0] == '#' || ref[0] == '\0'))
		out->resource = base;
	else
		rc = schema__set_find(set, uri, &out->resource, err);
	if (rc != SST_OK)
		goto out;
	if (out->resource == NULL) {
		rc = schema__fail(err, SST_NOT_FOUND,
		    "<%s> is not among the documents given, and schemas are "
		    "never fetched",
		    uri);
		goto out;
	}
	rc = place_fragment(set, fragment, out, err);
	if (rc == SST_OK && sst_buf_failed(out->pointer))
		rc = sst_error_nomem(err);
out:
	free(uri);
	free(fragment);
	return rc;
}

void
schema__where(struct sst_buf *b, const struct document *home,
    const struct document *doc, const char *pointer)
{
	if (doc != home) {
		sst_buf_adds(b, doc->uri);
		sst_buf_addc(b, '#');
	}
	sst_buf_adds(b, pointer);
}
