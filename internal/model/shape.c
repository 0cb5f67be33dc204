#include "model/shape.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

/* While reading: the schema, and every shape made so far (root first). */
struct shape_reader {
	const json_t *schema;
	struct sst_shape *all;
	struct sst_error *err;
};

static int shape_read(struct shape_reader *r, const json_t *node,
    const char *pointer, const struct sst_shape **out);

void
sst_shape_free(struct sst_shape **shape)
{
	struct sst_shape *s = *shape, *next;
	size_t i;

	for (; s != NULL; s = next) {
		next = s->next;
		for (i = 0; i < s->count; i++) {
			free((void *)(uintptr_t)s->members[i].name);
			free(s->members[i].lead);
		}
		free(s->members);
		free(s);
	}
	*shape = NULL;
}

const struct sst_member *
sst_shape_find(const struct sst_shape *shape, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < shape->count; i++) {
		if (shape->members[i].name_len == len &&
		    memcmp(shape->members[i].name, name, len) == 0)
			return &shape->members[i];
	}
	return NULL;
}

static bool
shape_is_null_type(const json_t *node)
{
	const char *type = json_string_value(json_object_get(node, "type"));

	return type != NULL && strcmp(type, "null") == 0;
}

/*
 * Follows `anyOf: [X, null]` and local references; *pointer is set when a
 * reference was followed. NULL when the schema is not understood.
 */
static const json_t *
shape_resolve(
    struct shape_reader *r, const json_t *node, const char **pointer)
{
	const json_t *any = json_object_get(node, "anyOf"), *defs;
	const char *ref;

	if (json_array_size(any) == 2 &&
	    shape_is_null_type(json_array_get(any, 1)))
		node = json_array_get(any, 0);
	ref = json_string_value(json_object_get(node, "$ref"));
	if (ref == NULL)
		return node;
	defs = json_object_get(r->schema, "$defs");
	if (strncmp(ref, "#/$defs/", 8) != 0 ||
	    json_object_get(defs, ref + 8) == NULL) {
		sst_error_set(r->err, SST_INVALID,
		    "schema: reference %s is not one to #/$defs", ref);
		return NULL;
	}
	*pointer = ref;
	return json_object_get(defs, ref + 8);
}

static const json_t *
shape_annotation(const json_t *use, const json_t *target, const char *name)
{
	const json_t *value = json_object_get(use, name);

	return value != NULL ? value : json_object_get(target, name);
}

static int
shape_name(struct sst_member *member, const char *name)
{
	struct sst_buf lead = SST_BUF_INIT;

	sst_buf_addc(&lead, ',');
	sst_buf_json_string(&lead, name, strlen(name));
	sst_buf_addc(&lead, ':');
	member->name = strdup(name);
	member->name_len = strlen(name);
	member->lead = sst_buf_take(&lead, &member->lead_len);
	return member->name == NULL || member->lead == NULL ? -1 : 0;
}

static int
shape_read_member(struct shape_reader *r, const char *name, const json_t *node,
    struct sst_member *out)
{
	const char *pointer = "", *item_pointer = "";
	const json_t *target, *items;

	if (shape_name(out, name) != 0)
		return sst_error_nomem(r->err);
	target = shape_resolve(r, node, &pointer);
	if (target == NULL)
		return r->err->code;
	out->base = json_is_true(json_object_get(node, "x-base"));
	out->changed_at = json_is_true(json_object_get(node, "x-changed-at"));
	out->children = json_is_true(json_object_get(node, "x-children"));
	out->text_max = (long)json_integer_value(
	    shape_annotation(node, target, "x-text"));
	items = json_object_get(target, "items");
	if (items == NULL)
		return shape_read(r, target, pointer, &out->shape);
	out->array = true;
	items = shape_resolve(r, items, &item_pointer);
	if (items == NULL)
		return r->err->code;
	return shape_read(r, items, item_pointer, &out->shape);
}

/* x-identity stands at the array, its meaning belongs to the item. */
static int
shape_read_identity(struct shape_reader *r, const json_t *array_node,
    struct sst_shape *item)
{
	const json_t *names = json_object_get(array_node, "x-identity");
	const struct sst_member *m;
	const char *name;
	size_t i;

	if (names == NULL || item->identity_count > 0)
		return SST_OK;
	if (json_array_size(names) > SST_IDENTITY_MAX)
		return sst_error_set(r->err, SST_INVALID,
		    "schema: x-identity of more than %d members",
		    SST_IDENTITY_MAX);
	for (i = 0; i < json_array_size(names); i++) {
		name = json_string_value(json_array_get(names, i));
		m = name == NULL ? NULL
				 : sst_shape_find(item, name, strlen(name));
		if (m == NULL)
			return sst_error_set(r->err, SST_INVALID,
			    "schema: x-identity %s is no member of %s",
			    name == NULL ? "(not a string)" : name,
			    item->pointer);
		item->identity[i] = (size_t)(m - item->members);
	}
	item->identity_count = i;
	return SST_OK;
}

static int
shape_read_members(
    struct shape_reader *r, const json_t *properties, struct sst_shape *shape)
{
	const char *name;
	json_t *node, *props;
	struct sst_member *m;
	int rc;

	props = json_incref((json_t *)(uintptr_t)properties);
	json_object_foreach (props, name, node) {
		m = &shape->members[shape->count++];
		rc = shape_read_member(r, name, node, m);
		if (rc == SST_OK && m->array && m->shape != NULL)
			rc = shape_read_identity(r, node,
			    (struct sst_shape *)(uintptr_t)m->shape);
		if (rc != SST_OK) {
			json_decref(props);
			return rc;
		}
	}
	json_decref(props);
	return SST_OK;
}

static struct sst_shape *
shape_known(struct shape_reader *r, const char *pointer)
{
	struct sst_shape *s;

	if (pointer[0] == '\0')
		return NULL;
	for (s = r->all; s != NULL; s = s->next) {
		if (strcmp(s->pointer, pointer) == 0)
			return s;
	}
	return NULL;
}

static void
shape_append(struct shape_reader *r, struct sst_shape *shape)
{
	struct sst_shape **tail = &r->all;

	while (*tail != NULL)
		tail = &(*tail)->next;
	*tail = shape;
}

/* Objects only: *out stays NULL for anything else. */
static int
shape_read(struct shape_reader *r, const json_t *node, const char *pointer,
    const struct sst_shape **out)
{
	const json_t *properties = json_object_get(node, "properties");
	struct sst_shape *shape;

	if (properties == NULL)
		return SST_OK;
	*out = shape_known(r, pointer);
	if (*out != NULL)
		return SST_OK;
	shape = calloc(1, sizeof(*shape));
	if (shape == NULL)
		return sst_error_nomem(r->err);
	shape_append(r, shape);
	snprintf(shape->pointer, sizeof(shape->pointer), "%s", pointer);
	shape->members = calloc(
	    json_object_size(properties) + 1, sizeof(*shape->members));
	if (shape->members == NULL)
		return sst_error_nomem(r->err);
	*out = shape;
	return shape_read_members(r, properties, shape);
}

int
sst_shape_new(
    const json_t *schema, struct sst_shape **out, struct sst_error *err)
{
	struct shape_reader r = {schema, NULL, err};
	const struct sst_shape *root = NULL;
	int rc;

	rc = shape_read(&r, schema, "#", &root);
	if (rc == SST_OK && root == NULL)
		rc = sst_error_set(
		    err, SST_INVALID, "schema: no properties at the top");
	if (rc != SST_OK) {
		sst_shape_free(&r.all);
		return rc;
	}
	*out = r.all;
	return SST_OK;
}
