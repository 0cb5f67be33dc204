/* Keywords about the members of objects. */
#include <stdlib.h>
#include <string.h>

#include "schema/compile.h"

enum {
	PROPERTY_INDEX_MIN = 9,  /* known names from which a hash table pays */
	PROPERTY_EXACT_MAX = 16, /* known names asked for one by one */
	PROPERTY_SPARSE_MAX = 3  /* known names up to which asking is cheaper */
};

static int
member_names(struct compile *c, const char *name, const json_t *list)
{
	size_t i;

	if (!json_is_array(list))
		return schema__compile_fail(
		    c, name, SST_INVALID, "must be an array of strings");
	for (i = 0; i < json_array_size(list); i++) {
		if (!json_is_string(json_array_get(list, i)))
			return schema__compile_fail(c, name, SST_INVALID,
			    "must be an array of strings; item %zu is none", i);
	}
	return SST_OK;
}

int
schema__keyword_member(struct compile *c, const char *name, json_t *value)
{
	if (schema__rule_object(c) == NULL)
		return sst_error_nomem(c->err);
	if (name[0] == 'r') {
		c->required = value;
		return member_names(c, name, value);
	}
	if (!json_is_object(value))
		return schema__compile_fail(
		    c, name, SST_INVALID, "must be an object of schemas");
	c->properties = value;
	return SST_OK;
}

int
schema__keyword_patterns(struct compile *c, const char *name, json_t *value)
{
	struct object_rule *r = schema__rule_object(c);
	struct pattern_property *p;
	json_t *text;
	void *it;
	int rc;

	if (r == NULL)
		return sst_error_nomem(c->err);
	if (!json_is_object(value))
		return schema__compile_fail(
		    c, name, SST_INVALID, "must be an object of schemas");
	p = schema__arena_array(c->arena, json_object_size(value), sizeof(*p));
	if (p == NULL)
		return sst_error_nomem(c->err);
	r->patterns = p;
	for (it = json_object_iter(value); it != NULL;
	     it = json_object_iter_next(value, it), p++) {
		text = json_stringn_nocheck(
		    json_object_iter_key(it), json_object_iter_key_len(it));
		if (text == NULL)
			return sst_error_nomem(c->err);
		rc = schema__compile_regex(c, name, text, &p->regex);
		if (rc == SST_OK)
			rc = schema__compile_keep(c, text);
		p->text = json_string_value(text);
		json_decref(text);
		if (rc == SST_OK)
			rc = schema__compile_child(c, name,
			    json_object_iter_key(it),
			    json_object_iter_value(it), &p->node);
		if (rc != SST_OK)
			return rc;
		r->pattern_count++;
	}
	return SST_OK;
}

static int
dependent_one(struct compile *c, const char *name, const char *key,
    json_t *value, struct dependency *d)
{
	int rc;

	d->keyword = name;
	d->len = strlen(key);
	d->key = schema__arena_text(c->arena, key, d->len);
	if (d->key == NULL)
		return sst_error_nomem(c->err);
	/* `dependencies` of earlier drafts takes either form */
	if (strcmp(name, "dependentRequired") == 0 ||
	    (strcmp(name, "dependencies") == 0 && json_is_array(value))) {
		rc = member_names(c, name, value);
		d->required = value;
		return rc == SST_OK ? schema__compile_keep(c, value) : rc;
	}
	return schema__compile_child(c, name, key, value, &d->node);
}

int
schema__keyword_dependent(struct compile *c, const char *name, json_t *value)
{
	struct object_rule *r = schema__rule_object(c);
	struct dependency *deps;
	size_t n = json_object_size(value);
	int rc = SST_OK;
	void *it;

	if (r == NULL)
		return sst_error_nomem(c->err);
	if (!json_is_object(value))
		return schema__compile_fail(
		    c, name, SST_INVALID, "must be an object");
	deps = schema__arena_array(c->arena, r->dep_count + n, sizeof(*deps));
	if (deps == NULL)
		return sst_error_nomem(c->err);
	if (r->dep_count > 0)
		memcpy(deps, r->deps, r->dep_count * sizeof(*deps));
	r->deps = deps;
	for (it = json_object_iter(value); rc == SST_OK && it != NULL;
	     it = json_object_iter_next(value, it))
		rc = dependent_one(c, name, json_object_iter_key(it),
		    json_object_iter_value(it), &deps[r->dep_count++]);
	return rc;
}

static int
property_init(
    struct compile *c, struct property *p, const char *key, size_t len)
{
	p->key = schema__arena_text(c->arena, key, len);
	if (p->key == NULL)
		return sst_error_nomem(c->err);
	p->len = (uint32_t)len;
	p->word = key_word(key, len);
	return SST_OK;
}

static int
property_declare(struct compile *c, struct property *p, const char *key,
    size_t len, json_t *schema)
{
	int rc = property_init(c, p, key, len);

	p->declared = true;
	if (rc == SST_OK)
		rc = schema__compile_child(
		    c, "properties", key, schema, &p->node);
	/* the schema `true` asks for nothing: no need to go there */
	if (json_is_true(schema))
		p->node = NULL;
	return rc;
}

int
schema__property_find(const struct object_rule *r, const char *key, size_t len)
{
	uint64_t word = key_word(key, len);
	const struct property *p;
	uint32_t i, slot;

	if (r->index == NULL) {
		for (i = 0; i < r->prop_count; i++) {
			p = &r->props[i];
			if (p->word == word && p->len == len &&
			    key_rest_equal(p->key, key, len))
				return (int)i;
		}
		return -1;
	}
	for (slot = key_slot(word, len);; slot++) {
		i = r->index[slot & r->index_mask];
		if (i == 0)
			return -1;
		p = &r->props[i - 1];
		if (p->word == word && p->len == len &&
		    key_rest_equal(p->key, key, len))
			return (int)i - 1;
	}
}

static int
object_index(struct compile *c, struct object_rule *r)
{
	uint32_t i, slot, size = 32;
	uint16_t *index;

	if (r->prop_count < PROPERTY_INDEX_MIN)
		return SST_OK;
	while (size < r->prop_count * 3)
		size *= 2;
	index = schema__arena_array(c->arena, size, sizeof(*index));
	if (index == NULL)
		return sst_error_nomem(c->err);
	for (i = 0; i < r->prop_count; i++) {
		slot = key_slot(r->props[i].word, r->props[i].len);
		while (index[slot & (size - 1)] != 0)
			slot++;
		index[slot & (size - 1)] = (uint16_t)(i + 1);
	}
	r->index = index;
	r->index_mask = size - 1;
	return SST_OK;
}

static int
object_require(struct compile *c, struct object_rule *r, struct property *props)
{
	size_t i;
	const json_t *name;
	int at, rc;

	for (i = 0; i < json_array_size(c->required); i++) {
		name = json_array_get(c->required, i);
		at = schema__property_find(
		    r, json_string_value(name), json_string_length(name));
		if (at < 0) {
			at = (int)r->prop_count;
			rc = property_init(c, &props[at],
			    json_string_value(name), json_string_length(name));
			if (rc != SST_OK)
				return rc;
			r->prop_count++;
		}
		props[at].required = true;
	}
	return SST_OK;
}

/* closed: additionalProperties is false. */
static void
object_flags(struct object_rule *r, bool closed)
{
	uint32_t i, all = 0;

	for (i = 0; i < r->prop_count && r->prop_count <= 64; i++) {
		if (r->props[i].required)
			r->required |= UINT64_C(1) << i;
		all += r->props[i].required && r->props[i].declared;
	}
	r->exact = closed && all > 0 && all == r->prop_count &&
		   all <= PROPERTY_EXACT_MAX && r->pattern_count == 0 &&
		   r->names == NULL;
	r->sparse = r->additional == NULL && r->pattern_count == 0 &&
		    r->names == NULL && r->prop_count <= PROPERTY_SPARSE_MAX;
}

int
schema__object_finish(struct compile *c)
{
	struct object_rule *r = c->object;
	struct property *props;
	size_t n;
	void *it;
	int rc = SST_OK;

	if (r == NULL)
		return SST_OK;
	n = json_object_size(c->properties) + json_array_size(c->required);
	if (n >= UINT16_MAX)
		return schema__compile_fail(c, "properties", SST_LIMIT,
		    "more than %d names", UINT16_MAX - 1);
	props = schema__arena_array(c->arena, n, sizeof(*props));
	if (props == NULL)
		return sst_error_nomem(c->err);
	r->props = props;
	for (it = c->properties == NULL ? NULL
					: json_object_iter(c->properties);
	     rc == SST_OK && it != NULL;
	     it = json_object_iter_next(c->properties, it))
		rc = property_declare(c, &props[r->prop_count++],
		    json_object_iter_key(it), json_object_iter_key_len(it),
		    json_object_iter_value(it));
	if (rc == SST_OK)
		rc = object_require(c, r, props);
	if (rc == SST_OK)
		rc = object_index(c, r);
	object_flags(r,
	    r->additional != NULL && json_is_false(json_object_get(
					 c->at->json, "additionalProperties")));
	return rc;
}
