/* Keywords that hold subschemas: logic, arrays, references. */
#include <stdio.h>
#include <string.h>

#include "schema/compile.h"

/* Where the node of a keyword with one subschema belongs; NULL: no memory. */
static const struct node **
one_slot(struct compile *c, const char *name)
{
	struct array_rule *array;
	struct object_rule *object;
	struct logic_rule *logic;

	if (strcmp(name, "unevaluatedItems") == 0)
		return &c->at->node->unevaluated_items;
	if (strcmp(name, "unevaluatedProperties") == 0)
		return &c->at->node->unevaluated_props;
	if (strcmp(name, "items") == 0) {
		array = schema__rule_array(c);
		return array == NULL ? NULL : &array->items;
	}
	if (strcmp(name, "contains") == 0) {
		array = schema__rule_array(c);
		return array == NULL ? NULL : &array->contains;
	}
	if (strcmp(name, "additionalProperties") == 0) {
		object = schema__rule_object(c);
		return object == NULL ? NULL : &object->additional;
	}
	if (strcmp(name, "propertyNames") == 0) {
		object = schema__rule_object(c);
		return object == NULL ? NULL : &object->names;
	}
	logic = schema__rule_logic(c);
	if (logic == NULL)
		return NULL;
	switch (name[0]) {
	case 'n':
		return &logic->not ;
	case 'i':
		return &logic->if_;
	case 't':
		return &logic->then;
	default:
		return &logic->else_;
	}
}

int
schema__keyword_one(struct compile *c, const char *name, json_t *value)
{
	const struct node **slot = one_slot(c, name);

	if (slot == NULL)
		return sst_error_nomem(c->err);
	return schema__compile_child(c, name, NULL, value, slot);
}

static int
list_nodes(
    struct compile *c, const char *name, json_t *value, struct node_list *out)
{
	size_t i, n = json_array_size(value);
	const struct node **nodes;
	char index[24];
	int rc = SST_OK;

	if (!json_is_array(value) || n == 0)
		return schema__compile_fail(c, name, SST_INVALID,
		    "must be an array of schemas, with one at least");
	nodes = schema__arena_array(c->arena, n, sizeof(*nodes));
	if (nodes == NULL)
		return sst_error_nomem(c->err);
	for (i = 0; rc == SST_OK && i < n; i++) {
		snprintf(index, sizeof(index), "%zu", i);
		rc = schema__compile_child(
		    c, name, index, json_array_get(value, i), &nodes[i]);
	}
	out->nodes = nodes;
	out->count = n;
	return rc;
}

int
schema__keyword_list(struct compile *c, const char *name, json_t *value)
{
	struct node_list list = {NULL, 0};
	struct logic_rule *logic;
	struct array_rule *array;
	int rc = list_nodes(c, name, value, &list);

	if (rc != SST_OK)
		return rc;
	if (name[0] == 'p') {
		array = schema__rule_array(c);
		if (array == NULL)
			return sst_error_nomem(c->err);
		array->prefix = list.nodes;
		array->prefix_count = list.count;
		return SST_OK;
	}
	logic = schema__rule_logic(c);
	if (logic == NULL)
		return sst_error_nomem(c->err);
	if (strcmp(name, "allOf") == 0)
		logic->all = list;
	else if (strcmp(name, "anyOf") == 0)
		logic->any = list;
	else
		logic->one = list;
	return SST_OK;
}

/* A $dynamicRef is more than a $ref only when its fragment is an anchor, and
 * the anchor it leads to at rest is a dynamic one. */
static int
ref_dynamic(struct compile *c, const char *ref, const struct resource *res,
    struct logic_rule *logic)
{
	const char *hash = strchr(ref, '#');
	struct kept_json *k;
	json_t *name;
	int rc;

	if (hash == NULL || hash[1] == '\0' || hash[1] == '/' ||
	    schema__anchor_find(res, hash + 1, true) == NULL)
		return SST_OK;
	name = json_string_nocheck(hash + 1);
	if (name == NULL)
		return sst_error_nomem(c->err);
	rc = schema__compile_keep(c, name);
	logic->dynamic_name = json_string_value(name);
	json_decref(name);
	if (rc != SST_OK)
		return rc;
	k = schema__arena_alloc(&c->scratch, sizeof(*k));
	if (k == NULL)
		return sst_error_nomem(c->err);
	k->json = name;
	k->next = c->names;
	c->names = k;
	return SST_OK;
}

int
schema__keyword_ref(struct compile *c, const char *name, json_t *value)
{
	struct logic_rule *logic = schema__rule_logic(c);
	const char *ref = json_string_value(value);
	struct resource *res = NULL;
	int rc;

	if (logic == NULL)
		return sst_error_nomem(c->err);
	if (ref == NULL || strlen(ref) != json_string_length(value))
		return schema__compile_fail(c, name, SST_INVALID,
		    "must be a string that is a URI reference");
	if (name[1] == 'r')
		return schema__compile_ref(c, name, ref, &logic->ref, NULL);
	rc = schema__compile_ref(c, name, ref, &logic->dynamic, &res);
	if (rc == SST_OK)
		rc = ref_dynamic(c, ref, res, logic);
	return rc;
}

/* Definitions that nothing refers to are compiled too, so that a mistake in
 * them shows. */
int
schema__keyword_defs(struct compile *c, const char *name, json_t *value)
{
	const struct node *unused;
	int rc = SST_OK;
	void *it;

	if (!json_is_object(value))
		return schema__compile_fail(
		    c, name, SST_INVALID, "must be an object of schemas");
	if (c->at->resource->doc != c->home)
		return SST_OK;
	for (it = json_object_iter(value); rc == SST_OK && it != NULL;
	     it = json_object_iter_next(value, it))
		rc = schema__compile_child(c, name, json_object_iter_key(it),
		    json_object_iter_value(it), &unused);
	return rc;
}
