/* Adding a document: finds the resources and the anchors inside it. */
#include <stdlib.h>
#include <string.h>

#include "schema/registry.h"
#include "schema/pointer.h"
#include "schema/uri.h"
#include "schema/text.h"

/* One sst_schema_set_add() under way; found things are spliced into the set at
 * the end, so that a failure leaves it alone. */
struct scan {
	struct sst_schema_set *set;
	const struct document *doc;
	struct resource *found; /* newest first */
	struct sst_buf pointer;
	struct sst_error *err;
};

struct keyword_sub {
	const char *name;
	enum subschema sub;
};

static const struct keyword_sub keyword_subs[] = {
    {"$defs", SUB_MAP},
    {"additionalProperties", SUB_ONE},
    {"allOf", SUB_LIST},
    {"anyOf", SUB_LIST},
    {"contains", SUB_ONE},
    {"contentSchema", SUB_ONE},
    {"definitions", SUB_MAP},
    {"dependencies", SUB_MAP},
    {"dependentSchemas", SUB_MAP},
    {"else", SUB_ONE},
    {"if", SUB_ONE},
    {"items", SUB_ONE},
    {"not", SUB_ONE},
    {"oneOf", SUB_LIST},
    {"patternProperties", SUB_MAP},
    {"prefixItems", SUB_LIST},
    {"properties", SUB_MAP},
    {"propertyNames", SUB_ONE},
    {"then", SUB_ONE},
    {"unevaluatedItems", SUB_ONE},
    {"unevaluatedProperties", SUB_ONE},
};

static int
scan_compare(const void *name, const void *row)
{
	return strcmp(name, ((const struct keyword_sub *)row)->name);
}

enum subschema
schema__keyword_sub(const char *name)
{
	const struct keyword_sub *row = bsearch(name, keyword_subs,
	    sizeof(keyword_subs) / sizeof(keyword_subs[0]),
	    sizeof(keyword_subs[0]), scan_compare);

	return row == NULL ? SUB_NONE : row->sub;
}

static const char *
scan_at(const struct scan *s)
{
	return s->pointer.data == NULL ? "" : s->pointer.data;
}

static void
scan_cut(struct scan *s, size_t len)
{
	s->pointer.len = len;
	if (s->pointer.data != NULL)
		s->pointer.data[len] = '\0';
}

static char *
scan_keep(struct scan *s, const char *text)
{
	return schema__arena_text(&s->set->arena, text, strlen(text));
}

static bool
scan_uri_taken(const struct resource *list, const char *uri)
{
	for (; list != NULL; list = list->next) {
		if (strcmp(list->uri, uri) == 0)
			return true;
		if (list->retrieval != NULL &&
		    strcmp(list->retrieval, uri) == 0)
			return true;
	}
	return false;
}

/* The $id of json, checked; NULL in *out when there is none. */
static int
scan_id(struct scan *s, const json_t *json, const char **out)
{
	const json_t *id = json_object_get(json, "$id");
	const char *text, *hash;

	*out = NULL;
	if (id == NULL)
		return SST_OK;
	text = json_string_value(id);
	if (text == NULL || strlen(text) != json_string_length(id))
		return schema__fail(s->err, SST_INVALID,
		    "%s/$id: must be a string that is a URI reference",
		    scan_at(s));
	hash = strchr(text, '#');
	if (hash != NULL && hash[1] != '\0')
		return schema__fail(s->err, SST_INVALID,
		    "%s/$id: \"%s\" has a fragment, which $id must not have",
		    scan_at(s), text);
	*out = text;
	return SST_OK;
}

/* Starts a resource at json, whose base URI is $id resolved against base. */
static int
scan_resource(struct scan *s, json_t *json, const char *id,
    struct resource *parent, struct resource **out)
{
	const char *base = parent == NULL ? s->doc->uri : parent->uri;
	struct resource *res;
	char *uri = NULL;
	bool taken;

	res = schema__arena_alloc(&s->set->arena, sizeof(*res));
	uri = schema__uri_resolve(base, id == NULL ? "" : id);
	if (res == NULL || uri == NULL)
		goto nomem;
	taken = scan_uri_taken(s->found, uri) ||
		scan_uri_taken(s->set->resources, uri);
	if (taken) {
		schema__fail(s->err, SST_EXISTS,
		    "%s/$id: <%s> names another schema of the set already",
		    scan_at(s), uri);
		free(uri);
		return SST_EXISTS;
	}
	res->uri = scan_keep(s, uri);
	if (parent == NULL && strcmp(uri, s->doc->uri) != 0)
		res->retrieval = s->doc->uri;
	free(uri);
	res->pointer = scan_keep(s, scan_at(s));
	if (res->uri == NULL || res->pointer == NULL)
		return sst_error_nomem(s->err);
	res->root = json;
	res->doc = s->doc;
	res->parent = parent;
	res->next = s->found;
	s->found = res;
	*out = res;
	return SST_OK;
nomem:
	free(uri);
	return sst_error_nomem(s->err);
}

static bool
scan_anchor_name(const char *text)
{
	static const char first[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	static const char rest[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
	    "0123456789-.";

	return text[0] != '\0' && strchr(first, text[0]) != NULL &&
	       text[strspn(text, rest)] == '\0';
}

static int
scan_anchor(
    struct scan *s, json_t *json, const char *keyword, struct resource *res)
{
	const json_t *value = json_object_get(json, keyword);
	const char *text = json_string_value(value);
	struct anchor *a;

	if (value == NULL)
		return SST_OK;
	if (text == NULL || strlen(text) != json_string_length(value) ||
	    !scan_anchor_name(text))
		return schema__fail(s->err, SST_INVALID,
		    "%s/%s: must be a string of letters, digits, '-', '_' and "
		    "'.' that starts with a letter or '_'",
		    scan_at(s), keyword);
	a = schema__anchor_find(res, text, false);
	if (a != NULL && a->json != json)
		return schema__fail(s->err, SST_EXISTS,
		    "%s/%s: \"%s\" is the anchor of %s%s already", scan_at(s),
		    keyword, text, a->pointer[0] == '\0' ? "the root" : "",
		    a->pointer);
	a = schema__arena_alloc(&s->set->arena, sizeof(*a));
	if (a == NULL)
		return sst_error_nomem(s->err);
	a->name = scan_keep(s, text);
	a->pointer = scan_keep(s, scan_at(s));
	a->json = json;
	a->dynamic = keyword[1] == 'd';
	a->next = res->anchors;
	res->anchors = a;
	if (a->name == NULL || a->pointer == NULL)
		return sst_error_nomem(s->err);
	return SST_OK;
}

static int
scan_schema(struct scan *s, json_t *json, struct resource *res, int depth);

static int
scan_list(struct scan *s, json_t *list, struct resource *res, int depth)
{
	size_t i, len = s->pointer.len;
	int rc = SST_OK;

	for (i = 0; rc == SST_OK && i < json_array_size(list); i++) {
		sst_pointer_index(&s->pointer, i);
		rc = scan_schema(s, json_array_get(list, i), res, depth + 1);
		scan_cut(s, len);
	}
	return rc;
}

static int
scan_map(struct scan *s, json_t *map, struct resource *res, int depth)
{
	size_t len = s->pointer.len;
	int rc = SST_OK;
	void *it;

	for (it = json_object_iter(map); rc == SST_OK && it != NULL;
	     it = json_object_iter_next(map, it)) {
		sst_pointer_add(&s->pointer, json_object_iter_key(it),
		    json_object_iter_key_len(it));
		rc = scan_schema(s, json_object_iter_value(it), res, depth + 1);
		scan_cut(s, len);
	}
	return rc;
}

static int
scan_members(struct scan *s, json_t *json, struct resource *res, int depth)
{
	size_t len = s->pointer.len;
	int rc = SST_OK;
	enum subschema sub;
	json_t *value;
	void *it;

	for (it = json_object_iter(json); rc == SST_OK && it != NULL;
	     it = json_object_iter_next(json, it)) {
		sub = schema__keyword_sub(json_object_iter_key(it));
		if (sub == SUB_NONE)
			continue;
		value = json_object_iter_value(it);
		sst_pointer_add(&s->pointer, json_object_iter_key(it),
		    json_object_iter_key_len(it));
		if (sub == SUB_ONE)
			rc = scan_schema(s, value, res, depth + 1);
		else if (sub == SUB_LIST)
			rc = scan_list(s, value, res, depth + 1);
		else
			rc = scan_map(s, value, res, depth + 1);
		scan_cut(s, len);
	}
	return rc;
}

/* json is at s->pointer; res is the resource around it (NULL: root). */
static int
scan_schema(struct scan *s, json_t *json, struct resource *res, int depth)
{
	const char *id;
	int rc;

	if (depth > SST_SCHEMA_DOC_DEPTH)
		return schema__fail(s->err, SST_TOO_DEEP,
		    "%.120s...: nested deeper than %d levels", scan_at(s),
		    SST_SCHEMA_DOC_DEPTH);
	if (!json_is_object(json) && res != NULL)
		return SST_OK;
	rc = scan_id(s, json, &id);
	if (rc == SST_OK && (id != NULL || res == NULL))
		rc = scan_resource(s, json, id, res, &res);
	if (rc == SST_OK)
		rc = scan_anchor(s, json, "$anchor", res);
	if (rc == SST_OK)
		rc = scan_anchor(s, json, "$dynamicAnchor", res);
	if (rc == SST_OK)
		rc = scan_members(s, json, res, depth);
	if (rc == SST_OK && sst_buf_failed(&s->pointer))
		rc = sst_error_nomem(s->err);
	return rc;
}

static void
scan_splice(struct scan *s, struct document *doc)
{
	struct resource *last = s->found;

	while (last->next != NULL)
		last = last->next;
	last->next = s->set->resources;
	s->set->resources = s->found;
	doc->root = json_incref(doc->root);
	doc->next = s->set->docs;
	s->set->docs = doc;
}

static int
scan_check(struct scan *s, const char *uri, const json_t *doc)
{
	if (!json_is_object(doc) && !json_is_boolean(doc))
		return schema__fail(s->err, SST_INVALID,
		    "<%s>: a schema is an object or a boolean", uri);
	if (!schema__uri_absolute(uri) || strchr(uri, '#') != NULL)
		return schema__fail(s->err, SST_INVALID,
		    "<%s>: the URI of a document must be absolute and have no "
		    "fragment",
		    uri);
	if (scan_uri_taken(s->set->resources, uri))
		return schema__fail(
		    s->err, SST_EXISTS, "<%s>: is in the set already", uri);
	return SST_OK;
}

int
sst_schema_set_add(struct sst_schema_set *set, const char *retrieval_uri,
    json_t *doc, struct sst_error *err)
{
	struct scan s = {.set = set, .err = err};
	struct document *d;
	int rc;

	rc = scan_check(&s, retrieval_uri, doc);
	if (rc != SST_OK)
		return rc;
	d = schema__arena_alloc(&set->arena, sizeof(*d));
	if (d == NULL)
		return sst_error_nomem(err);
	d->root = doc;
	d->uri = scan_keep(&s, retrieval_uri);
	if (d->uri == NULL)
		return sst_error_nomem(err);
	s.doc = d;
	sst_buf_init(&s.pointer);
	rc = scan_schema(&s, doc, NULL, 0);
	if (rc == SST_OK)
		scan_splice(&s, d);
	sst_buf_fini(&s.pointer);
	return rc;
}
