/* The less travelled parts of the fast program. */
#include "schema/equal.h"
#include "schema/exec.h"
#include "schema/number.h"

static bool
real_ok(const struct number_rule *r, const json_t *value)
{
	if (r->minimum != NULL && schema__number_compare(value, r->minimum) < 0)
		return false;
	if (r->maximum != NULL && schema__number_compare(value, r->maximum) > 0)
		return false;
	if (r->above != NULL && schema__number_compare(value, r->above) <= 0)
		return false;
	return r->below == NULL || schema__number_compare(value, r->below) < 0;
}

bool
schema__number_ok(const struct number_rule *r, const json_t *value)
{
	int64_t i;

	if (json_is_integer(value)) {
		i = json_integer_value(value);
		if (i < r->int_min || i > r->int_max)
			return false;
	} else if (!real_ok(r, value)) {
		return false;
	}
	return r->multiple == NULL ||
	       schema__number_multiple(value, r->multiple);
}

bool
schema__has_all(const json_t *object, const json_t *names)
{
	const json_t *name;
	size_t i;

	for (i = 0; i < json_array_size(names); i++) {
		name = json_array_get(names, i);
		if (json_object_getn(object, json_string_value(name),
			json_string_length(name)) == NULL)
			return false;
	}
	return true;
}

bool
schema__deps_ok(struct run *run, const struct object_rule *r,
    const json_t *value, struct marks *marks)
{
	const struct dependency *d;
	size_t i;

	for (i = 0; i < r->dep_count; i++) {
		d = &r->deps[i];
		if (json_object_getn(value, d->key, d->len) == NULL)
			continue;
		if (d->required != NULL && !schema__has_all(value, d->required))
			return false;
		if (d->node != NULL &&
		    (!schema__branch_allowed(run) ||
			!schema__eval(run, d->node, value, marks)))
			return false;
	}
	return true;
}

static bool
name_ok(struct run *run, const struct node *n, const char *key, size_t len)
{
	json_t *name;
	bool ok;

	name = json_stringn_nocheck(key, len);
	if (name == NULL) {
		run->fault = FAULT_MEMORY;
		return false;
	}
	ok = schema__branch_allowed(run) && schema__eval(run, n, name, NULL);
	json_decref(name);
	return ok;
}

/* A member that the table of known names may or may not hold: `known` is its
 * declaration, NULL when there is none. *evaluated: by some keyword. */
bool
schema__member_extra_ok(struct run *run, const struct object_rule *r, void *it,
    const struct property *known, bool *evaluated)
{
	const char *key = json_object_iter_key(it);
	size_t i, len = json_object_iter_key_len(it);
	const json_t *value = json_object_iter_value(it);

	*evaluated = known != NULL;
	if (r->names != NULL && !name_ok(run, r->names, key, len))
		return false;
	for (i = 0; i < r->pattern_count; i++) {
		if (!schema__pattern_ok(run, r->patterns[i].regex, key, len)) {
			if (run->fault != FAULT_NONE)
				return false;
			continue;
		}
		*evaluated = true;
		if (!schema__branch_allowed(run) ||
		    !schema__eval(run, r->patterns[i].node, value, NULL))
			return false;
	}
	if (*evaluated || r->additional == NULL)
		return true;
	*evaluated = true;
	return schema__eval(run, r->additional, value, NULL);
}

bool
schema__required_ok(const struct object_rule *r, const json_t *value)
{
	uint32_t i;

	for (i = 0; i < r->prop_count; i++) {
		if (r->props[i].required &&
		    json_object_getn(value, r->props[i].key, r->props[i].len) ==
			NULL)
			return false;
	}
	return true;
}

size_t
schema__contains_count(struct run *run, const struct array_rule *r,
    const json_t *array, struct marks *marks)
{
	size_t i, found = 0, n = json_array_size(array);

	for (i = 0; i < n && schema__branch_allowed(run); i++) {
		if (!schema__eval(
			run, r->contains, json_array_get(array, i), NULL))
			continue;
		found++;
		if (marks != NULL)
			marks_set(marks, i);
		else if (found >= r->matches.min && r->matches.max == SIZE_MAX)
			break;
	}
	return found;
}

bool
schema__unique_ok(struct run *run, const json_t *value)
{
	size_t pair[2];
	int unique = schema__items_unique(value, pair);

	if (unique < 0)
		run->fault = FAULT_MEMORY;
	return unique == 1;
}

bool
schema__unevaluated_ok(struct run *run, const struct node *n,
    const json_t *value, struct marks *marks)
{
	json_t *object = schema__iterable(value);
	size_t i = 0, count;
	void *it;

	if (json_is_object(value) && n->unevaluated_props != NULL) {
		for (it = json_object_iter(object); it != NULL;
		     it = json_object_iter_next(object, it), i++) {
			if (!marks_get(marks, i) &&
			    !schema__eval(run, n->unevaluated_props,
				json_object_iter_value(it), NULL))
				return false;
		}
		schema__marks_all(marks);
	}
	if (json_is_array(value) && n->unevaluated_items != NULL) {
		count = json_array_size(value);
		for (i = 0; i < count; i++) {
			if (!marks_get(marks, i) &&
			    !schema__eval(run, n->unevaluated_items,
				json_array_get(value, i), NULL))
				return false;
		}
		schema__marks_all(marks);
	}
	return true;
}
