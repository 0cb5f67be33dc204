#include "schema/exec.h"

#include "schema/equal.h"
#include "schema/number.h"

void
schema__run_init(struct run *run, const struct sst_schema *schema)
{
	memset(run, 0, sizeof(*run));
	run->schema = schema;
}

void
schema__run_fini(struct run *run)
{
	schema__regex_run_fini(&run->regex);
}

json_t *
schema__iterable(const json_t *object)
{
	json_t *out;

	memcpy(&out, &object, sizeof(out));
	return out;
}

size_t
schema__code_points(const char *text, size_t len)
{
	size_t i, n = 0;

	for (i = 0; i < len; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80;
	return n;
}

bool
schema__pattern_ok(
    struct run *run, const struct regex *regex, const char *text, size_t len)
{
	enum regex_result got =
	    schema__regex_match(regex, &run->regex, text, len);

	if (got == REGEX_GAVE_UP)
		run->fault = FAULT_PATTERN;
	else if (got == REGEX_NOMEM)
		run->fault = FAULT_MEMORY;
	return got == REGEX_YES;
}

static bool
string_length_ok(const struct string_rule *r, const char *text, size_t len)
{
	size_t n;

	/* a code point takes 1 to 4 bytes: often that decides */
	if (len < r->length.min || len / 4 > r->length.max)
		return false;
	if (len <= r->length.max && len / 4 >= r->length.min)
		return true;
	n = schema__code_points(text, len);
	return n >= r->length.min && n <= r->length.max;
}

static bool
string_ok(struct run *run, const struct string_rule *r, const json_t *value)
{
	const char *text = json_string_value(value);
	size_t len = json_string_length(value);

	if (!string_length_ok(r, text, len))
		return false;
	if (r->pattern != NULL &&
	    !schema__pattern_ok(run, r->pattern, text, len))
		return false;
	return r->format == NULL || r->format->check(text, len);
}

static bool
enum_has_word(const struct enum_rule *r, const json_t *value)
{
	const char *text = json_string_value(value);
	size_t i, len = json_string_length(value);
	uint64_t word = key_word(text, len);

	for (i = 0; i < r->word_count; i++) {
		if (r->words[i].word == word && r->words[i].len == len &&
		    key_rest_equal(r->words[i].text, text, len))
			return true;
	}
	return false;
}

bool
schema__in_enum(const struct enum_rule *r, const json_t *value)
{
	size_t i;

	if (json_is_string(value))
		return enum_has_word(r, value);
	for (i = 0; i < r->other_count; i++) {
		if (schema__equal(r->others[i], value))
			return true;
	}
	return false;
}

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

static bool
object_deps_ok(struct run *run, const struct object_rule *r,
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
		    !schema__eval(run, d->node, value, marks))
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
	ok = schema__eval(run, n, name, NULL);
	json_decref(name);
	return ok;
}

/* A member that the table of known names may or may not hold: `known` is its
 * declaration, NULL when there is none. *evaluated: by some keyword. */
static bool
member_extra_ok(struct run *run, const struct object_rule *r, void *it,
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
		if (!schema__eval(run, r->patterns[i].node, value, NULL))
			return false;
	}
	if (*evaluated || r->additional == NULL)
		return true;
	*evaluated = true;
	return schema__eval(run, r->additional, value, NULL);
}

/* Index of the known name that the member at `it` has, or -1. Writers mostly
 * keep the order of the schema: `guess` is the name expected next. */
static inline int
member_find(const struct object_rule *r, void *it, uint32_t guess)
{
	const char *key = json_object_iter_key(it);
	size_t len = json_object_iter_key_len(it);
	const struct property *p;

	if (guess < r->prop_count) {
		p = &r->props[guess];
		if (p->len == len && key_word(key, len) == p->word &&
		    key_rest_equal(p->key, key, len))
			return (int)guess;
	}
	return schema__property_find(r, key, len);
}

static bool
object_members_ok(struct run *run, const struct object_rule *r,
    const json_t *value, struct marks *marks)
{
	json_t *object = schema__iterable(value);
	bool extra = r->names != NULL || r->pattern_count > 0, evaluated;
	const struct property *p;
	uint64_t seen = 0;
	uint32_t guess = 0;
	size_t at = 0;
	void *it;
	int i;

	for (it = json_object_iter(object); it != NULL;
	     it = json_object_iter_next(object, it), at++) {
		i = member_find(r, it, guess);
		p = i < 0 ? NULL : &r->props[i];
		if (p != NULL) {
			guess = (uint32_t)i + 1;
			seen |= UINT64_C(1) << (i & 63);
			if (!p->declared)
				p = NULL;
			else if (p->node != NULL &&
				 !schema__eval(run, p->node,
				     json_object_iter_value(it), NULL))
				return false;
		}
		evaluated = true;
		if ((p == NULL || extra) &&
		    !member_extra_ok(run, r, it, p, &evaluated))
			return false;
		if (marks != NULL && evaluated)
			marks_set(marks, at);
	}
	return (seen & r->required) == r->required;
}

/* Few known names in an open object: ask for them, skip the others. */
static bool
object_sparse_ok(
    struct run *run, const struct object_rule *r, const json_t *value)
{
	const struct property *p;
	const json_t *member;
	uint32_t i;

	for (i = 0; i < r->prop_count; i++) {
		p = &r->props[i];
		member = json_object_getn(value, p->key, p->len);
		if (member == NULL) {
			if (p->required)
				return false;
		} else if (p->node != NULL &&
			   !schema__eval(run, p->node, member, NULL)) {
			return false;
		}
	}
	return true;
}

static bool
object_required_ok(const struct object_rule *r, const json_t *value)
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

static bool
object_ok(struct run *run, const struct object_rule *r, const json_t *value,
    struct marks *marks)
{
	size_t n;

	if (r->size.min > 0 || r->size.max != SIZE_MAX) {
		n = json_object_size(value);
		if (n < r->size.min || n > r->size.max)
			return false;
	}
	if (r->sparse && marks == NULL) {
		if (!object_sparse_ok(run, r, value))
			return false;
	} else if (!object_members_ok(run, r, value, marks)) {
		return false;
	}
	if (r->prop_count > 64 && !object_required_ok(r, value))
		return false;
	return r->dep_count == 0 || object_deps_ok(run, r, value, marks);
}

size_t
schema__contains_count(struct run *run, const struct array_rule *r,
    const json_t *array, struct marks *marks)
{
	size_t i, found = 0, n = json_array_size(array);

	for (i = 0; i < n && run->fault == FAULT_NONE; i++) {
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

static bool
array_unique(struct run *run, const json_t *value)
{
	size_t pair[2];
	int unique = schema__items_unique(value, pair);

	if (unique < 0)
		run->fault = FAULT_MEMORY;
	return unique == 1;
}

static bool
array_ok(struct run *run, const struct array_rule *r, const json_t *value,
    struct marks *marks)
{
	size_t i, n = json_array_size(value);
	const struct node *item;

	if (n < r->size.min || n > r->size.max)
		return false;
	for (i = 0; i < n; i++) {
		item = i < r->prefix_count ? r->prefix[i] : r->items;
		if (item == NULL)
			break;
		if (!schema__eval(run, item, json_array_get(value, i), NULL))
			return false;
		if (marks != NULL)
			marks_set(marks, i);
	}
	if (r->unique && n > 1 && !array_unique(run, value))
		return false;
	if (r->contains == NULL)
		return true;
	n = schema__contains_count(run, r, value, marks);
	return n >= r->matches.min && n <= r->matches.max;
}

static bool
values_ok(const struct enum_rule *r, const json_t *value)
{
	for (; r != NULL; r = r->also) {
		if (!schema__in_enum(r, value))
			return false;
	}
	return true;
}

/* What a rule says about a value of its type. */
static inline bool
rules_ok(struct run *run, const struct node *n, const json_t *value,
    struct marks *marks)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return n->object == NULL ||
		       object_ok(run, n->object, value, marks);
	case JSON_ARRAY:
		return n->array == NULL ||
		       array_ok(run, n->array, value, marks);
	case JSON_STRING:
		return n->string == NULL || string_ok(run, n->string, value);
	case JSON_REAL:
		if (n->whole && !schema__number_integral(value))
			return false;
		/* FALLTHROUGH */
	case JSON_INTEGER:
		return n->number == NULL || schema__number_ok(n->number, value);
	default:
		return true;
	}
}

static bool
unevaluated_ok(struct run *run, const struct node *n, const json_t *value,
    struct marks *marks)
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

bool
schema__eval_marks(struct run *run, const struct node *n, const json_t *value,
    struct marks *marks)
{
	if (!rules_ok(run, n, value, marks) || !values_ok(n->values, value))
		return false;
	return n->logic == NULL ||
	       schema__logic_ok(run, n->logic, value, marks);
}

/* unevaluated* see what this very node and those inside it evaluated, so the
 * marks start empty here and are handed up at the end. */
static bool
eval_unevaluated(struct run *run, const struct node *n, const json_t *value,
    struct marks *up)
{
	struct marks own;
	size_t size = json_is_object(value) ? json_object_size(value)
					    : json_array_size(value);
	bool ok;

	if (!schema__marks_init(&own, size)) {
		run->fault = FAULT_MEMORY;
		return false;
	}
	ok = schema__eval_marks(run, n, value, &own) &&
	     unevaluated_ok(run, n, value, &own);
	if (ok && up != NULL)
		schema__marks_or(up, &own);
	schema__marks_fini(&own);
	return ok;
}

static bool
eval_more(struct run *run, const struct node *n, const json_t *value,
    struct marks *marks)
{
	struct scope here = {run->scope, n->scope};
	const struct scope *outer = run->scope;
	bool ok;

	if ((n->more & MORE_SCOPE) != 0 &&
	    (outer == NULL || outer->info != n->scope))
		run->scope = &here;
	if ((n->more & MORE_UNEVALUATED) != 0 &&
	    (json_is_object(value) || json_is_array(value)))
		ok = eval_unevaluated(run, n, value, marks);
	else
		ok = schema__eval_marks(run, n, value, marks);
	run->scope = outer;
	return ok;
}

bool
schema__eval(struct run *run, const struct node *n, const json_t *value,
    struct marks *marks)
{
	bool ok;

	if ((n->types >> json_typeof(value) & 1) == 0)
		return false;
	if (run->depth >= SST_SCHEMA_EVAL_DEPTH) {
		run->fault = FAULT_DEPTH;
		return false;
	}
	run->depth++;
	if (n->more != 0)
		ok = eval_more(run, n, value, marks);
	else
		ok = rules_ok(run, n, value, marks) &&
		     (n->values == NULL || values_ok(n->values, value));
	run->depth--;
	return ok;
}

bool
sst_schema_valid(const struct sst_schema *schema, const json_t *value)
{
	struct run run;
	bool ok;

	schema__run_init(&run, schema);
	ok = schema__eval(&run, schema->root, value, NULL);
	ok = ok && run.fault == FAULT_NONE;
	schema__run_fini(&run);
	return ok;
}
