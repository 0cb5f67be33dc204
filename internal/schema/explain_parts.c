/* Failures of objects, arrays and logic. */
#include <stdio.h>

#include "schema/equal.h"
#include "schema/explain.h"

static void
object_size(struct explain *e, const struct node *n, const json_t *value)
{
	const struct count_range *want = &n->object->size;
	size_t got = json_object_size(value);

	if (got < want->min)
		schema__explain_fail(e, n, "minProperties",
		    "has %zu members, but must have at least %zu", got,
		    want->min);
	if (got > want->max)
		schema__explain_fail(e, n, "maxProperties",
		    "has %zu members, but must have at most %zu", got,
		    want->max);
}

static void
object_required(struct explain *e, const struct node *n, const json_t *value)
{
	const struct object_rule *r = n->object;
	uint32_t i;

	for (i = 0; i < r->prop_count; i++) {
		if (r->props[i].required &&
		    json_object_getn(value, r->props[i].key, r->props[i].len) ==
			NULL)
			schema__explain_fail(e, n, "required",
			    "lacks the required member \"%.200s\"",
			    r->props[i].key);
	}
}

static void
object_names(
    struct explain *e, const struct node *n, const char *key, size_t len)
{
	json_t *name = json_stringn_nocheck(key, len);

	if (name == NULL) {
		e->nomem = true;
		return;
	}
	if (!schema__eval(&e->run, n->object->names, name, NULL) &&
	    e->run.fault == FAULT_NONE) {
		schema__explain_fail(e, n, "propertyNames",
		    "has the member \"%.200s\", whose name is not allowed",
		    key);
	}
	json_decref(name);
}

/* The names that `properties` allows, for a message. */
static void
object_known(const struct object_rule *r, char *out, size_t size)
{
	size_t len = 0;
	uint32_t i;

	out[0] = '\0';
	for (i = 0; i < r->prop_count && len + 80 < size; i++) {
		if (!r->props[i].declared)
			continue;
		snprintf(out + len, size - len, "%s\"%.60s\"",
		    len == 0 ? "" : ", ", r->props[i].key);
		len += strlen(out + len);
	}
	if (i < r->prop_count)
		snprintf(out + len, size - len, ", ...");
	if (len == 0)
		snprintf(out, size, "none");
}

static void
object_additional(struct explain *e, const struct node *n, const json_t *value)
{
	char known[360];

	if (!n->object->additional->origin.never) {
		schema__explain_node(e, n->object->additional, value);
		return;
	}
	object_known(n->object, known, sizeof(known));
	schema__explain_fail(e, n, "additionalProperties",
	    "is not a member known here; known are: %s", known);
}

static void
object_member(struct explain *e, const struct node *n, void *it)
{
	const struct object_rule *r = n->object;
	const char *key = json_object_iter_key(it);
	size_t i, len = json_object_iter_key_len(it), mark;
	const json_t *value = json_object_iter_value(it);
	int at = schema__property_find(r, key, len);
	bool known = at >= 0 && r->props[at].declared;

	if (r->names != NULL)
		object_names(e, n, key, len);
	mark = schema__explain_enter(e, key, len);
	if (known && r->props[at].node != NULL)
		schema__explain_node(e, r->props[at].node, value);
	for (i = 0; i < r->pattern_count; i++) {
		if (!schema__pattern_ok(
			&e->run, r->patterns[i].regex, key, len))
			continue;
		known = true;
		schema__explain_node(e, r->patterns[i].node, value);
	}
	if (!known && r->additional != NULL && e->run.fault == FAULT_NONE)
		object_additional(e, n, value);
	schema__explain_leave(e, mark);
}

static void
object_missing(struct explain *e, const struct node *n,
    const struct dependency *d, const json_t *value)
{
	const json_t *name;
	size_t i;

	for (i = 0; i < json_array_size(d->required); i++) {
		name = json_array_get(d->required, i);
		if (json_object_getn(value, json_string_value(name),
			json_string_length(name)) == NULL)
			schema__explain_fail(e, n, d->keyword,
			    "has the member \"%.100s\" and so must have "
			    "\"%.100s\"",
			    d->key, json_string_value(name));
	}
}

void
schema__explain_object(
    struct explain *e, const struct node *n, const json_t *value)
{
	const struct object_rule *r = n->object;
	json_t *object = schema__iterable(value);
	size_t i;
	void *it;

	object_size(e, n, value);
	object_required(e, n, value);
	for (it = json_object_iter(object); it != NULL;
	     it = json_object_iter_next(object, it))
		object_member(e, n, it);
	for (i = 0; i < r->dep_count; i++) {
		if (json_object_getn(value, r->deps[i].key, r->deps[i].len) ==
		    NULL)
			continue;
		object_missing(e, n, &r->deps[i], value);
		if (r->deps[i].node != NULL)
			schema__explain_node(e, r->deps[i].node, value);
	}
}

static void
array_contains(struct explain *e, const struct node *n, const json_t *value)
{
	const struct array_rule *r = n->array;
	size_t got = schema__contains_count(&e->run, r, value, NULL);

	if (e->run.fault != FAULT_NONE)
		return;
	if (got < r->matches.min)
		schema__explain_fail(e, n,
		    r->matches.min == 1 ? "contains" : "minContains",
		    "has %zu items of the kind wanted, but must have at least "
		    "%zu",
		    got, r->matches.min);
	if (got > r->matches.max)
		schema__explain_fail(e, n, "maxContains",
		    "has %zu items of the kind wanted, but must have at most "
		    "%zu",
		    got, r->matches.max);
}

static void
array_unique(struct explain *e, const struct node *n, const json_t *value)
{
	size_t pair[2];
	int unique = schema__items_unique(value, pair);

	if (unique < 0)
		e->nomem = true;
	if (unique == 0)
		schema__explain_fail(e, n, "uniqueItems",
		    "has equal items at %zu and %zu, but all must differ",
		    pair[0], pair[1]);
}

void
schema__explain_array(
    struct explain *e, const struct node *n, const json_t *value)
{
	const struct array_rule *r = n->array;
	size_t i, mark, got = json_array_size(value);
	const struct node *item;

	if (got < r->size.min)
		schema__explain_fail(e, n, "minItems",
		    "has %zu items, but must have at least %zu", got,
		    r->size.min);
	if (got > r->size.max)
		schema__explain_fail(e, n, "maxItems",
		    "has %zu items, but must have at most %zu", got,
		    r->size.max);
	for (i = 0; i < got; i++) {
		item = i < r->prefix_count ? r->prefix[i] : r->items;
		if (item == NULL)
			break;
		mark = schema__explain_enter_item(e, i);
		schema__explain_node(e, item, json_array_get(value, i));
		schema__explain_leave(e, mark);
	}
	if (r->unique)
		array_unique(e, n, value);
	if (r->contains != NULL)
		array_contains(e, n, value);
}

/* The only branch whose type fits: its failures say more than "none fits". */
static const struct node *
logic_likely(const struct node_list *list, const json_t *value)
{
	const struct node *likely = NULL;
	size_t i;

	for (i = 0; i < list->count; i++) {
		if ((list->nodes[i]->types >> json_typeof(value) & 1) == 0)
			continue;
		if (likely != NULL)
			return NULL;
		likely = list->nodes[i];
	}
	return likely;
}

static void
logic_choice(struct explain *e, const struct node *n, const json_t *value,
    const struct node_list *list)
{
	bool one = list == &n->logic->one;
	const struct node *likely = logic_likely(list, value);
	size_t i, held = 0;

	for (i = 0; i < list->count; i++)
		held += schema__eval(&e->run, list->nodes[i], value, NULL);
	if (e->run.fault != FAULT_NONE || held == 1 || (held > 1 && !one))
		return;
	if (held > 1)
		schema__explain_fail(e, n, "oneOf",
		    "fits %zu of the %zu alternatives, but must fit exactly "
		    "one",
		    held, list->count);
	else if (likely != NULL)
		schema__explain_node(e, likely, value);
	else
		schema__explain_fail(e, n, one ? "oneOf" : "anyOf",
		    "is %s that fits none of the %zu alternatives",
		    schema__explain_type(value), list->count);
}

void
schema__explain_logic(
    struct explain *e, const struct node *n, const json_t *value)
{
	const struct logic_rule *l = n->logic;
	const struct node *next;
	size_t i;

	if (!schema__branch_allowed(&e->run))
		return;
	if (l->ref != NULL)
		schema__explain_node(e, l->ref, value);
	if (l->dynamic != NULL)
		schema__explain_node(
		    e, schema__dynamic_target(&e->run, l), value);
	for (i = 0; i < l->all.count; i++)
		schema__explain_node(e, l->all.nodes[i], value);
	if (l->any.count > 0)
		logic_choice(e, n, value, &l->any);
	if (l->one.count > 0)
		logic_choice(e, n, value, &l->one);
	if (l->not != NULL && schema__eval(&e->run, l->not, value, NULL))
		schema__explain_fail(e, n, "not",
		    "is %s of the kind that is not allowed here",
		    schema__explain_type(value));
	if (l->if_ == NULL || e->run.fault != FAULT_NONE)
		return;
	next = schema__eval(&e->run, l->if_, value, NULL) ? l->then : l->else_;
	if (next != NULL)
		schema__explain_node(e, next, value);
}

static void
unevaluated_one(struct explain *e, const struct node *n, const char *keyword,
    const json_t *value)
{
	const struct node *rest =
	    keyword[11] == 'P' ? n->unevaluated_props : n->unevaluated_items;

	if (rest->origin.never)
		schema__explain_fail(e, n, keyword,
		    "is not known to any part of the schema that applies");
	else
		schema__explain_node(e, rest, value);
}

static void
unevaluated_members(struct explain *e, const struct node *n,
    const json_t *value, const struct marks *marks)
{
	json_t *object = schema__iterable(value);
	size_t i = 0, mark;
	void *it;

	for (it = json_object_iter(object); it != NULL;
	     it = json_object_iter_next(object, it), i++) {
		if (marks_get(marks, i))
			continue;
		mark = schema__explain_enter(
		    e, json_object_iter_key(it), json_object_iter_key_len(it));
		unevaluated_one(
		    e, n, "unevaluatedProperties", json_object_iter_value(it));
		schema__explain_leave(e, mark);
	}
}

/* Only of a value that is fine otherwise: a branch that failed evaluated
 * nothing, so all its members would be reported once more here. */
void
schema__explain_unevaluated(
    struct explain *e, const struct node *n, const json_t *value)
{
	bool object = json_is_object(value) && n->unevaluated_props != NULL;
	bool array = json_is_array(value) && n->unevaluated_items != NULL;
	struct marks marks;
	size_t i, mark,
	    size = object ? json_object_size(value) : json_array_size(value);

	if ((!object && !array) || e->run.fault != FAULT_NONE)
		return;
	if (!schema__marks_init(&marks, size)) {
		e->nomem = true;
		return;
	}
	if (schema__eval_marks(&e->run, n, value, &marks)) {
		if (object)
			unevaluated_members(e, n, value, &marks);
		for (i = 0; array && i < size; i++) {
			if (marks_get(&marks, i))
				continue;
			mark = schema__explain_enter_item(e, i);
			unevaluated_one(
			    e, n, "unevaluatedItems", json_array_get(value, i));
			schema__explain_leave(e, mark);
		}
	}
	schema__marks_fini(&marks);
}
