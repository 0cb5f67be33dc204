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

/* The text itself is fetched only where it matters: it is a cache miss. */
static inline bool
string_length_ok(const struct string_rule *r, const json_t *value, size_t len)
{
	size_t n;

	/* a code point takes 1 to 4 bytes: often that decides */
	if (len < r->length.min || len / 4 > r->length.max)
		return false;
	if (len <= r->length.max && len / 4 >= r->length.min)
		return true;
	n = schema__code_points(json_string_value(value), len);
	return n >= r->length.min && n <= r->length.max;
}

static inline bool
string_rule_ok(struct run *run, const struct string_rule *r,
    const json_t *value, size_t len)
{
	if (!string_length_ok(r, value, len))
		return false;
	if (r->shape != NULL) {
		if (!schema__shape_match(
			r->shape, json_string_value(value), len))
			return false;
	} else if (r->pattern != NULL) {
		if (!schema__pattern_ok(
			run, r->pattern, json_string_value(value), len))
			return false;
	}
	return r->format == NULL ||
	       r->format->check(json_string_value(value), len);
}

static inline bool
enum_has_word(const struct enum_rule *r, const char *text, size_t len)
{
	uint64_t word = key_word(text, len);
	size_t i;

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
		return enum_has_word(
		    r, json_string_value(value), json_string_length(value));
	for (i = 0; i < r->other_count; i++) {
		if (sst_schema_equal(r->others[i], value))
			return true;
	}
	return false;
}

static inline bool
values_ok(const struct enum_rule *r, const json_t *value)
{
	for (; r != NULL; r = r->also) {
		if (!schema__in_enum(r, value))
			return false;
	}
	return true;
}

/* A string against the rules of a node. */
static bool
string_ok(struct run *run, const struct node *n, const json_t *value)
{
	size_t len = json_string_length(value);

	if (n->string != NULL && !string_rule_ok(run, n->string, value, len))
		return false;
	if (n->values == NULL)
		return true;
	if (n->values->also == NULL)
		return enum_has_word(n->values, json_string_value(value), len);
	return values_ok(n->values, value);
}

static bool
number_ok(const struct node *n, const json_t *value)
{
	if (n->whole && !schema__number_integral(value))
		return false;
	if (n->number != NULL && !schema__number_ok(n->number, value))
		return false;
	return n->values == NULL || values_ok(n->values, value);
}

static bool eval_more(struct run *run, const struct node *n,
    const json_t *value, struct marks *marks);
static bool eval_object(struct run *run, const struct node *n,
    const json_t *value, struct marks *marks);
static bool eval_array(struct run *run, const struct node *n,
    const json_t *value, struct marks *marks);

/* The hot path: small enough to stand inline where members and items are. */
static inline bool
eval(struct run *run, const struct node *n, const json_t *value,
    struct marks *marks)
{
	unsigned type = json_typeof(value);

	if ((n->types >> type & 1) == 0)
		return false;
	if (n->more != 0)
		return eval_more(run, n, value, marks);
	if (type == JSON_STRING)
		return string_ok(run, n, value);
	if (type == JSON_OBJECT)
		return eval_object(run, n, value, marks);
	if (type == JSON_ARRAY)
		return eval_array(run, n, value, marks);
	if (type == JSON_INTEGER || type == JSON_REAL)
		return number_ok(n, value);
	return n->values == NULL || values_ok(n->values, value);
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
				 !eval(run, p->node, json_object_iter_value(it),
				     NULL))
				return false;
		}
		evaluated = true;
		if ((p == NULL || extra) &&
		    !schema__member_extra_ok(run, r, it, p, &evaluated))
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
			   !eval(run, p->node, member, NULL)) {
			return false;
		}
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
	if (r->exact && marks == NULL) {
		if (json_object_size(value) != r->prop_count ||
		    !object_sparse_ok(run, r, value))
			return false;
	} else if (r->sparse && marks == NULL) {
		if (!object_sparse_ok(run, r, value))
			return false;
	} else if (!object_members_ok(run, r, value, marks)) {
		return false;
	}
	if (r->prop_count > 64 && !schema__required_ok(r, value))
		return false;
	return r->dep_count == 0 || schema__deps_ok(run, r, value, marks);
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
		if (!eval(run, item, json_array_get(value, i), NULL))
			return false;
		if (marks != NULL)
			marks_set(marks, i);
	}
	if (r->unique && n > 1 && !schema__unique_ok(run, value))
		return false;
	if (r->contains == NULL)
		return true;
	n = schema__contains_count(run, r, value, marks);
	return n >= r->matches.min && n <= r->matches.max;
}

static bool
run_deeper(struct run *run)
{
	if (run->depth >= SST_SCHEMA_EVAL_DEPTH) {
		run->fault = FAULT_DEPTH;
		return false;
	}
	run->depth++;
	return true;
}

static bool
eval_object(struct run *run, const struct node *n, const json_t *value,
    struct marks *marks)
{
	bool ok;

	if (n->values != NULL && !values_ok(n->values, value))
		return false;
	if (n->object == NULL)
		return true;
	if (!run_deeper(run))
		return false;
	ok = object_ok(run, n->object, value, marks);
	run->depth--;
	return ok;
}

static bool
eval_array(struct run *run, const struct node *n, const json_t *value,
    struct marks *marks)
{
	bool ok;

	if (n->values != NULL && !values_ok(n->values, value))
		return false;
	if (n->array == NULL)
		return true;
	if (!run_deeper(run))
		return false;
	ok = array_ok(run, n->array, value, marks);
	run->depth--;
	return ok;
}

bool
schema__eval_marks(struct run *run, const struct node *n, const json_t *value,
    struct marks *marks)
{
	bool ok;

	switch (json_typeof(value)) {
	case JSON_OBJECT:
		ok = eval_object(run, n, value, marks);
		break;
	case JSON_ARRAY:
		ok = eval_array(run, n, value, marks);
		break;
	case JSON_STRING:
		ok = string_ok(run, n, value);
		break;
	case JSON_INTEGER:
	case JSON_REAL:
		ok = number_ok(n, value);
		break;
	default:
		ok = values_ok(n->values, value);
		break;
	}
	if (!ok || n->logic == NULL)
		return ok;
	return schema__logic_ok(run, n->logic, value, marks);
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
	     schema__unevaluated_ok(run, n, value, &own);
	if (ok && up != NULL)
		schema__marks_or(up, &own);
	schema__marks_fini(&own);
	return ok;
}

/* Logic, unevaluated*, the dynamic scope: the slow path. */
static bool
eval_more(struct run *run, const struct node *n, const json_t *value,
    struct marks *marks)
{
	struct scope here = {run->scope, n->scope};
	const struct scope *outer = run->scope;
	bool ok;

	if (!run_deeper(run))
		return false;
	if ((n->more & MORE_SCOPE) != 0 &&
	    (outer == NULL || outer->info != n->scope))
		run->scope = &here;
	if ((n->more & MORE_UNEVALUATED) != 0 &&
	    (json_is_object(value) || json_is_array(value)))
		ok = eval_unevaluated(run, n, value, marks);
	else
		ok = schema__eval_marks(run, n, value, marks);
	run->scope = outer;
	run->depth--;
	return ok;
}

bool
schema__eval(struct run *run, const struct node *n, const json_t *value,
    struct marks *marks)
{
	return eval(run, n, value, marks);
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
