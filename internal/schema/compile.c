#include "schema/compile.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/pointer.h"
#include "schema/text.h"

int
schema__compile_fail(
    struct compile *c, const char *keyword, int code, const char *fmt, ...)
{
	struct sst_buf where = SST_BUF_INIT;
	char text[SST_ERROR_TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	schema__where(&where, c->home, c->at->resource->doc, c->at->pointer);
	schema__fail(c->err, code, "%.300s%s%s: %s",
	    where.data == NULL ? "" : where.data, keyword[0] ? "/" : "",
	    keyword, text);
	sst_buf_fini(&where);
	return code;
}

static size_t
compile_bucket(const json_t *json)
{
	uintptr_t p = (uintptr_t)json;

	return (p >> 4 ^ p >> 14) % TASK_BUCKETS;
}

static struct scope_info *
compile_scope(struct compile *c, const struct resource *res)
{
	struct scope_info *s;

	for (s = c->scopes; s != NULL; s = s->next) {
		if (s->resource == res)
			return s;
	}
	s = schema__arena_alloc(c->arena, sizeof(*s));
	if (s == NULL)
		return NULL;
	s->resource = res;
	s->next = c->scopes;
	c->scopes = s;
	return s;
}

static void
compile_queue(struct compile *c, struct task *t)
{
	size_t b = compile_bucket(t->json);

	if (c->last == NULL)
		c->first = t;
	else
		c->last->next = t;
	c->last = t;
	if (!json_is_object(t->json))
		return;
	t->same_bucket = c->buckets[b];
	c->buckets[b] = t;
}

/* pointer need not live on. true and false are singletons in jansson, so each
 * use of them gets a node of its own. */
static int
compile_node(struct compile *c, json_t *json, struct resource *res,
    const char *pointer, const struct node **out)
{
	struct task *t;

	for (t = c->buckets[compile_bucket(json)]; t != NULL;
	     t = t->same_bucket) {
		if (t->json != json)
			continue;
		*out = t->node;
		return SST_OK;
	}
	t = schema__arena_alloc(&c->scratch, sizeof(*t));
	if (t == NULL)
		return sst_error_nomem(c->err);
	t->node = schema__arena_alloc(c->arena, sizeof(*t->node));
	t->pointer = schema__arena_text(&c->scratch, pointer, strlen(pointer));
	t->scope = compile_scope(c, res);
	if (t->node == NULL || t->pointer == NULL || t->scope == NULL)
		return sst_error_nomem(c->err);
	t->json = json;
	t->resource = res;
	compile_queue(c, t);
	*out = t->node;
	return SST_OK;
}

int
schema__compile_child(struct compile *c, const char *keyword, const char *key,
    json_t *json, const struct node **out)
{
	struct sst_buf b = SST_BUF_INIT;
	struct resource *res = c->at->resource, *r;
	int rc;

	sst_buf_adds(&b, c->at->pointer);
	sst_pointer_add(&b, keyword, strlen(keyword));
	if (key != NULL)
		sst_pointer_add(&b, key, strlen(key));
	if (json_is_string(json_object_get(json, "$id"))) {
		for (r = c->set->resources; r != NULL; r = r->next) {
			if (r->root == json)
				res = r;
		}
	}
	if (sst_buf_failed(&b))
		rc = sst_error_nomem(c->err);
	else
		rc = compile_node(c, json, res, b.data, out);
	sst_buf_fini(&b);
	return rc;
}

int
schema__compile_ref(struct compile *c, const char *keyword, const char *ref,
    const struct node **out, struct resource **res_out)
{
	struct sst_buf pointer = SST_BUF_INIT;
	struct place place = {.pointer = &pointer};
	struct sst_error why;
	int rc;

	sst_error_clear(&why);
	rc = schema__set_resolve(c->set, c->at->resource, ref, &place, &why);
	if (rc != SST_OK)
		rc = schema__compile_fail(
		    c, keyword, rc, "\"%.200s\": %s", ref, why.text);
	else if (!json_is_object(place.json) && !json_is_boolean(place.json))
		rc = schema__compile_fail(c, keyword, SST_INVALID,
		    "\"%.200s\" leads to something that is no schema", ref);
	else
		rc = compile_node(
		    c, place.json, place.resource, pointer.data, out);
	if (rc == SST_OK && res_out != NULL)
		*res_out = place.resource;
	sst_buf_fini(&pointer);
	return rc;
}

int
schema__compile_keep(struct compile *c, json_t *json)
{
	struct kept_json *k = schema__arena_alloc(c->arena, sizeof(*k));

	if (k == NULL)
		return sst_error_nomem(c->err);
	k->json = json_incref(json);
	k->next = c->schema->values;
	c->schema->values = k;
	return SST_OK;
}

int
schema__compile_regex(struct compile *c, const char *keyword,
    const json_t *text, const struct regex **out)
{
	struct kept_regex *k = schema__arena_alloc(c->arena, sizeof(*k));
	struct sst_error why;
	int rc;

	if (k == NULL)
		return sst_error_nomem(c->err);
	sst_error_clear(&why);
	rc = schema__regex_new(
	    json_string_value(text), json_string_length(text), &k->regex, &why);
	if (rc != SST_OK)
		return schema__compile_fail(c, keyword, rc, "%s", why.text);
	k->next = c->schema->regexes;
	c->schema->regexes = k;
	*out = k->regex;
	return SST_OK;
}

struct logic_rule *
schema__rule_logic(struct compile *c)
{
	if (c->logic == NULL)
		c->logic = schema__arena_alloc(c->arena, sizeof(*c->logic));
	return c->logic;
}

struct string_rule *
schema__rule_string(struct compile *c)
{
	if (c->string != NULL)
		return c->string;
	c->string = schema__arena_alloc(c->arena, sizeof(*c->string));
	if (c->string != NULL)
		c->string->length.max = SIZE_MAX;
	return c->string;
}

struct number_rule *
schema__rule_number(struct compile *c)
{
	if (c->number != NULL)
		return c->number;
	c->number = schema__arena_alloc(c->arena, sizeof(*c->number));
	if (c->number != NULL) {
		c->number->int_min = INT64_MIN;
		c->number->int_max = INT64_MAX;
	}
	return c->number;
}

struct object_rule *
schema__rule_object(struct compile *c)
{
	if (c->object != NULL)
		return c->object;
	c->object = schema__arena_alloc(c->arena, sizeof(*c->object));
	if (c->object != NULL)
		c->object->size.max = SIZE_MAX;
	return c->object;
}

struct array_rule *
schema__rule_array(struct compile *c)
{
	if (c->array != NULL)
		return c->array;
	c->array = schema__arena_alloc(c->arena, sizeof(*c->array));
	if (c->array != NULL) {
		c->array->size.max = SIZE_MAX;
		c->array->matches.min = 1;
		c->array->matches.max = SIZE_MAX;
	}
	return c->array;
}

static int
compile_keywords(struct compile *c)
{
	const struct keyword *k;
	unsigned vocabs;
	json_t *value;
	int rc;

	rc = schema__dialect(c->set, c->at->resource, c->err);
	if (rc != SST_OK)
		return rc;
	vocabs = c->at->resource->vocabs;
	if (c->set->formats && (vocabs & VOCAB_FORMAT) != 0)
		vocabs |= VOCAB_FORMAT_ASSERTION;
	for (k = schema__keywords; k->name != NULL; k++) {
		value = json_object_get(c->at->json, k->name);
		if (value == NULL || (k->vocab & vocabs) == 0)
			continue;
		rc = k->fn(c, k->name, value);
		if (rc != SST_OK)
			return rc;
	}
	return schema__object_finish(c);
}

static void
compile_attach(struct compile *c, struct node *n)
{
	n->string = c->string;
	n->number = c->number;
	n->object = c->object;
	n->array = c->array;
	n->logic = c->logic;
	if (n->logic != NULL)
		n->more |= MORE_LOGIC;
	if (n->unevaluated_props != NULL || n->unevaluated_items != NULL)
		n->more |= MORE_UNEVALUATED;
	n->plain_ref = n->logic != NULL && n->logic->ref != NULL &&
		       n->logic->dynamic == NULL && n->logic->all.count == 0 &&
		       n->logic->any.count == 0 && n->logic->one.count == 0 &&
		       n->logic->not == NULL && n->logic->if_ == NULL &&
		       n->string == NULL && n->number == NULL &&
		       n->object == NULL && n->array == NULL &&
		       n->values == NULL && n->types == TYPE_ANY && !n->whole &&
		       (n->more & MORE_UNEVALUATED) == 0;
}

static int
compile_task(struct compile *c, struct task *t)
{
	struct sst_buf where = SST_BUF_INIT;
	struct node *n = t->node;
	int rc;

	c->at = t;
	c->string = NULL;
	c->number = NULL;
	c->object = NULL;
	c->array = NULL;
	c->logic = NULL;
	c->properties = NULL;
	c->required = NULL;
	schema__where(&where, c->home, t->resource->doc, t->pointer);
	if (!sst_buf_failed(&where) && where.data != NULL)
		n->origin.where =
		    schema__arena_text(c->arena, where.data, where.len);
	sst_buf_fini(&where);
	n->scope = t->scope;
	if (n->origin.where == NULL)
		return sst_error_nomem(c->err);
	n->types = TYPE_ANY;
	if (json_is_boolean(t->json)) {
		if (json_is_false(t->json)) {
			n->types = 0;
			n->origin.never = true;
		}
		return SST_OK;
	}
	if (!json_is_object(t->json))
		return schema__compile_fail(c, "", SST_INVALID,
		    "a schema must be an object or a boolean");
	rc = compile_keywords(c);
	if (rc == SST_OK)
		compile_attach(c, n);
	return rc;
}

static int
compile_tasks(struct compile *c, struct task *t)
{
	int rc = SST_OK;

	for (; rc == SST_OK && t != NULL; t = t->next)
		rc = compile_task(c, t);
	return rc;
}

static bool
compile_has_target(const struct scope_info *s, const char *name)
{
	const struct dynamic_target *t;

	for (t = s->targets; t != NULL; t = t->next) {
		if (strcmp(t->name, name) == 0)
			return true;
	}
	return false;
}

static int
compile_target(struct compile *c, struct scope_info *s,
    const struct resource *res, const json_t *name)
{
	const char *text = json_string_value(name);
	const struct anchor *a;
	struct dynamic_target *t;
	struct resource *owner = NULL, *r;
	int rc;

	if (compile_has_target(s, text))
		return SST_OK;
	a = schema__anchor_find(res, text, true);
	if (a == NULL)
		return SST_OK;
	for (r = c->set->resources; r != NULL; r = r->next) {
		if (r == res)
			owner = r;
	}
	t = schema__arena_alloc(c->arena, sizeof(*t));
	if (t == NULL || owner == NULL)
		return sst_error_nomem(c->err);
	rc = compile_node(c, a->json, owner, a->pointer, &t->node);
	t->name = text;
	t->next = s->targets;
	s->targets = t;
	return rc;
}

/* Each $dynamicAnchor that some $dynamicRef may land on has to be compiled,
 * which may bring in new references: so until nothing new comes. */
static int
compile_dynamic(struct compile *c)
{
	struct task *last;
	struct scope_info *s;
	struct kept_json *k;
	int rc;

	do {
		last = c->last;
		for (s = c->scopes; s != NULL; s = s->next) {
			for (k = c->names; k != NULL; k = k->next) {
				rc = compile_target(c, s, s->resource, k->json);
				if (rc != SST_OK)
					return rc;
			}
		}
		rc = compile_tasks(c, last->next);
		if (rc != SST_OK)
			return rc;
	} while (c->last != last);
	return SST_OK;
}

static int
compile_run(struct compile *c, struct place *start)
{
	const struct node *root;
	struct task *t;
	int rc;

	rc = compile_node(
	    c, start->json, start->resource, start->pointer->data, &root);
	if (rc == SST_OK)
		rc = compile_tasks(c, c->first);
	if (rc == SST_OK && c->names != NULL)
		rc = compile_dynamic(c);
	if (rc != SST_OK)
		return rc;
	c->schema->root = root;
	c->schema->dynamic = c->names != NULL;
	for (t = c->first; t != NULL && c->schema->dynamic; t = t->next)
		t->node->more |= MORE_SCOPE;
	return schema__compile_check(c);
}

int
sst_schema_compile(struct sst_schema_set *set, const char *uri,
    struct sst_schema **out, struct sst_error *err)
{
	struct sst_buf pointer = SST_BUF_INIT;
	struct place start = {.pointer = &pointer};
	struct compile *c = calloc(1, sizeof(*c));
	struct sst_schema *schema = calloc(1, sizeof(*schema));
	int rc;

	if (c == NULL || schema == NULL) {
		rc = sst_error_nomem(err);
		goto out;
	}
	rc = schema__set_resolve(set, NULL, uri, &start, err);
	if (rc != SST_OK)
		goto out;
	c->set = set;
	c->schema = schema;
	c->arena = &schema->arena;
	c->home = start.resource->doc;
	c->err = err;
	rc = compile_run(c, &start);
	if (rc == SST_OK) {
		*out = schema;
		schema = NULL;
	}
out:
	if (c != NULL)
		schema__arena_fini(&c->scratch);
	free(c);
	sst_schema_free(&schema);
	sst_buf_fini(&pointer);
	return rc;
}

void
sst_schema_free(struct sst_schema **schema)
{
	struct kept_regex *r;
	struct kept_json *k;

	if (schema == NULL || *schema == NULL)
		return;
	for (r = (*schema)->regexes; r != NULL; r = r->next)
		schema__regex_free(r->regex);
	for (k = (*schema)->values; k != NULL; k = k->next)
		json_decref(k->json);
	schema__arena_fini(&(*schema)->arena);
	free(*schema);
	*schema = NULL;
}
