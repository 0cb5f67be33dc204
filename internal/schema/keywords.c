/* Keywords that fill in one rule each: types, numbers, strings, arrays, enum.
 */
#include <limits.h>
#include <math.h>
#include <string.h>

#include "schema/compile.h"
#include "schema/number.h"

struct type_name {
	const char *name;
	uint8_t types;
};

static const struct type_name type_names[] = {
    {"array", TYPE_ARRAY},
    {"boolean", TYPE_TRUE | TYPE_FALSE},
    {"integer", TYPE_INTEGER},
    {"null", TYPE_NULL},
    {"number", TYPE_INTEGER | TYPE_REAL},
    {"object", TYPE_OBJECT},
    {"string", TYPE_STRING},
};

static const char type_hint[] = "must be \"array\", \"boolean\", \"integer\", "
				"\"null\", \"number\", \"object\" or "
				"\"string\", or an array of these";

static int
type_add(struct compile *c, const json_t *value, unsigned *types)
{
	const char *text = json_string_value(value);
	size_t i;

	for (i = 0;
	     text != NULL && i < sizeof(type_names) / sizeof(type_names[0]);
	     i++) {
		if (strcmp(text, type_names[i].name) != 0)
			continue;
		*types |= type_names[i].types;
		return SST_OK;
	}
	return schema__compile_fail(c, "type", SST_INVALID, "%s", type_hint);
}

static int
keyword_type(struct compile *c, const char *name, json_t *value)
{
	struct node *n = c->at->node;
	unsigned types = 0;
	size_t i;
	int rc = SST_OK;

	(void)name;
	if (json_is_array(value) && json_array_size(value) > 0) {
		for (i = 0; rc == SST_OK && i < json_array_size(value); i++)
			rc = type_add(c, json_array_get(value, i), &types);
	} else {
		rc = type_add(c, value, &types);
	}
	n->origin.types = (uint16_t)types;
	if ((types & TYPE_INTEGER) != 0 && (types & TYPE_REAL) == 0) {
		/* 1.0 is an integer: let reals in, look at them then */
		types |= TYPE_REAL;
		n->whole = true;
		n->origin.integer = true;
	}
	n->types &= (uint8_t)types;
	return rc;
}

/* The largest bytes that any JSON array or string can have, so larger bounds
 * mean no more than this one. */
static int
keyword_count(struct compile *c, const char *name, json_t *value, size_t *out)
{
	int64_t i;

	if (!json_is_number(value) || !schema__number_integral(value) ||
	    json_number_value(value) < 0)
		return schema__compile_fail(
		    c, name, SST_INVALID, "must be a whole number >= 0");
	*out = schema__number_int(value, &i) ? (size_t)i : SIZE_MAX - 1;
	return SST_OK;
}

static int
keyword_length(struct compile *c, const char *name, json_t *value)
{
	struct string_rule *r = schema__rule_string(c);

	if (r == NULL)
		return sst_error_nomem(c->err);
	return keyword_count(
	    c, name, value, name[1] == 'i' ? &r->length.min : &r->length.max);
}

static int
keyword_items_count(struct compile *c, const char *name, json_t *value)
{
	struct array_rule *r = schema__rule_array(c);

	if (r == NULL)
		return sst_error_nomem(c->err);
	return keyword_count(
	    c, name, value, name[1] == 'i' ? &r->size.min : &r->size.max);
}

static int
keyword_contains_count(struct compile *c, const char *name, json_t *value)
{
	struct array_rule *r = schema__rule_array(c);

	if (r == NULL)
		return sst_error_nomem(c->err);
	return keyword_count(
	    c, name, value, name[1] == 'i' ? &r->matches.min : &r->matches.max);
}

static int
keyword_properties_count(struct compile *c, const char *name, json_t *value)
{
	struct object_rule *r = schema__rule_object(c);

	if (r == NULL)
		return sst_error_nomem(c->err);
	return keyword_count(
	    c, name, value, name[1] == 'i' ? &r->size.min : &r->size.max);
}

static int
keyword_pattern(struct compile *c, const char *name, json_t *value)
{
	struct string_rule *r = schema__rule_string(c);
	int rc;

	if (r == NULL)
		return sst_error_nomem(c->err);
	if (!json_is_string(value))
		return schema__compile_fail(
		    c, name, SST_INVALID, "must be a string");
	r->pattern_text = json_string_value(value);
	if (schema__compile_keep(c, value) != SST_OK)
		return SST_NOMEM;
	rc = schema__compile_regex(c, name, value, &r->pattern);
	if (rc == SST_OK)
		r->shape = schema__regex_shape(r->pattern);
	return rc;
}

static int
keyword_format(struct compile *c, const char *name, json_t *value)
{
	const struct format *format;
	struct string_rule *r;

	if (!json_is_string(value))
		return schema__compile_fail(
		    c, name, SST_INVALID, "must be a string");
	format = schema__format_find(json_string_value(value));
	if (format == NULL)
		return SST_OK;
	r = schema__rule_string(c);
	if (r == NULL)
		return sst_error_nomem(c->err);
	r->format = format;
	return SST_OK;
}

/* Narrows the int64 range: the least integer >= bound (or > bound). */
static void
number_lower(struct number_rule *r, const json_t *bound, bool exclusive)
{
	double d = json_real_value(bound);
	int64_t i;

	if (schema__number_int(bound, &i)) {
		if (exclusive && i == INT64_MAX)
			r->int_max = INT64_MIN;
		else
			i += exclusive;
	} else if (d >= 9223372036854775808.0) {
		i = INT64_MAX;
		r->int_max = INT64_MIN;
	} else {
		i = d < -9223372036854775808.0 ? INT64_MIN : (int64_t)ceil(d);
	}
	if (i > r->int_min)
		r->int_min = i;
}

static void
number_upper(struct number_rule *r, const json_t *bound, bool exclusive)
{
	double d = json_real_value(bound);
	int64_t i;

	if (schema__number_int(bound, &i)) {
		if (exclusive && i == INT64_MIN)
			r->int_min = INT64_MAX;
		else
			i -= exclusive;
	} else if (d < -9223372036854775808.0) {
		i = INT64_MIN;
		r->int_min = INT64_MAX;
	} else {
		i = d >= 9223372036854775808.0 ? INT64_MAX : (int64_t)floor(d);
	}
	if (i < r->int_max)
		r->int_max = i;
}

static int
keyword_bound(struct compile *c, const char *name, json_t *value)
{
	struct number_rule *r = schema__rule_number(c);

	if (r == NULL)
		return sst_error_nomem(c->err);
	if (!json_is_number(value))
		return schema__compile_fail(
		    c, name, SST_INVALID, "must be a number");
	if (strcmp(name, "minimum") == 0) {
		r->minimum = value;
		number_lower(r, value, false);
	} else if (strcmp(name, "maximum") == 0) {
		r->maximum = value;
		number_upper(r, value, false);
	} else if (strcmp(name, "exclusiveMinimum") == 0) {
		r->above = value;
		number_lower(r, value, true);
	} else {
		r->below = value;
		number_upper(r, value, true);
	}
	return schema__compile_keep(c, value);
}

static int
keyword_multiple(struct compile *c, const char *name, json_t *value)
{
	struct number_rule *r = schema__rule_number(c);

	if (r == NULL)
		return sst_error_nomem(c->err);
	if (!json_is_number(value) || json_number_value(value) <= 0)
		return schema__compile_fail(
		    c, name, SST_INVALID, "must be a number > 0");
	r->multiple = value;
	return schema__compile_keep(c, value);
}

static int
keyword_unique(struct compile *c, const char *name, json_t *value)
{
	struct array_rule *r = schema__rule_array(c);

	if (r == NULL)
		return sst_error_nomem(c->err);
	if (!json_is_boolean(value))
		return schema__compile_fail(
		    c, name, SST_INVALID, "must be true or false");
	r->unique = json_is_true(value);
	return SST_OK;
}

static int
enum_fill(struct compile *c, struct enum_rule *r, const json_t *const *values,
    size_t count)
{
	struct enum_word *words;
	const json_t **others;
	unsigned types = 0;
	size_t i;

	words = schema__arena_array(c->arena, count, sizeof(*words));
	others = schema__arena_array(c->arena, count, sizeof(*others));
	if (words == NULL || others == NULL)
		return sst_error_nomem(c->err);
	r->words = words;
	r->others = others;
	for (i = 0; i < count; i++) {
		types |= 1u << json_typeof(values[i]);
		if (!json_is_string(values[i])) {
			others[r->other_count++] = values[i];
			continue;
		}
		words->text = json_string_value(values[i]);
		words->len = json_string_length(values[i]);
		words->word = key_word(words->text, words->len);
		words++;
		r->word_count++;
	}
	if ((types & (TYPE_INTEGER | TYPE_REAL)) != 0)
		types |= TYPE_INTEGER | TYPE_REAL;
	c->at->node->types &= (uint8_t)types;
	return SST_OK;
}

static int
keyword_values(struct compile *c, const char *name, json_t *value)
{
	bool is_const = strcmp(name, "const") == 0;
	const json_t **values;
	struct enum_rule *r;
	size_t i, n = is_const ? 1 : json_array_size(value);
	int rc;

	if (!is_const && !json_is_array(value))
		return schema__compile_fail(
		    c, name, SST_INVALID, "must be an array");
	r = schema__arena_alloc(c->arena, sizeof(*r));
	values = schema__arena_array(&c->scratch, n + 1, sizeof(*values));
	if (r == NULL || values == NULL)
		return sst_error_nomem(c->err);
	for (i = 0; i < n; i++)
		values[i] = is_const ? value : json_array_get(value, i);
	rc = schema__compile_keep(c, value);
	if (rc == SST_OK)
		rc = enum_fill(c, r, values, n);
	r->list = value;
	r->is_const = is_const;
	r->also = c->at->node->values;
	c->at->node->values = r;
	return rc;
}

#define CORE VOCAB_CORE
#define APPLICATOR VOCAB_APPLICATOR
#define UNEVALUATED VOCAB_UNEVALUATED
#define VALIDATION VOCAB_VALIDATION

/* In the order of compilation, which is also that of explanations. */
const struct keyword schema__keywords[] = {
    {"type", VALIDATION, keyword_type},
    {"enum", VALIDATION, keyword_values},
    {"const", VALIDATION, keyword_values},
    {"minimum", VALIDATION, keyword_bound},
    {"maximum", VALIDATION, keyword_bound},
    {"exclusiveMinimum", VALIDATION, keyword_bound},
    {"exclusiveMaximum", VALIDATION, keyword_bound},
    {"multipleOf", VALIDATION, keyword_multiple},
    {"minLength", VALIDATION, keyword_length},
    {"maxLength", VALIDATION, keyword_length},
    {"pattern", VALIDATION, keyword_pattern},
    {"format", VOCAB_FORMAT_ASSERTION, keyword_format},
    {"minItems", VALIDATION, keyword_items_count},
    {"maxItems", VALIDATION, keyword_items_count},
    {"uniqueItems", VALIDATION, keyword_unique},
    {"minContains", VALIDATION, keyword_contains_count},
    {"maxContains", VALIDATION, keyword_contains_count},
    {"minProperties", VALIDATION, keyword_properties_count},
    {"maxProperties", VALIDATION, keyword_properties_count},
    {"required", VALIDATION, schema__keyword_member},
    {"dependentRequired", VALIDATION, schema__keyword_dependent},
    {"properties", APPLICATOR, schema__keyword_member},
    {"patternProperties", APPLICATOR, schema__keyword_patterns},
    {"additionalProperties", APPLICATOR, schema__keyword_one},
    {"propertyNames", APPLICATOR, schema__keyword_one},
    {"dependentSchemas", APPLICATOR, schema__keyword_dependent},
    {"dependencies", APPLICATOR, schema__keyword_dependent},
    {"prefixItems", APPLICATOR, schema__keyword_list},
    {"items", APPLICATOR, schema__keyword_one},
    {"contains", APPLICATOR, schema__keyword_one},
    {"unevaluatedItems", UNEVALUATED, schema__keyword_one},
    {"unevaluatedProperties", UNEVALUATED, schema__keyword_one},
    {"$ref", CORE, schema__keyword_ref},
    {"$dynamicRef", CORE, schema__keyword_ref},
    {"allOf", APPLICATOR, schema__keyword_list},
    {"anyOf", APPLICATOR, schema__keyword_list},
    {"oneOf", APPLICATOR, schema__keyword_list},
    {"not", APPLICATOR, schema__keyword_one},
    {"if", APPLICATOR, schema__keyword_one},
    {"then", APPLICATOR, schema__keyword_one},
    {"else", APPLICATOR, schema__keyword_one},
    {"$defs", CORE, schema__keyword_defs},
    {"definitions", CORE, schema__keyword_defs},
    {NULL, 0, NULL},
};
