#include "schema/explain.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "schema/equal.h"
#include "schema/number.h"
#include "schema/pointer.h"
#include "schema/text.h"

const char *
schema__explain_type(const json_t *value)
{
	static const char *const names[] = {
	    [JSON_OBJECT] = "an object",
	    [JSON_ARRAY] = "an array",
	    [JSON_STRING] = "a string",
	    [JSON_INTEGER] = "an integer",
	    [JSON_REAL] = "a number",
	    [JSON_TRUE] = "a boolean",
	    [JSON_FALSE] = "a boolean",
	    [JSON_NULL] = "null",
	};

	return names[json_typeof(value)];
}

void
schema__explain_text(const json_t *value, char out[80])
{
	struct sst_buf b = SST_BUF_INIT;
	size_t cut = 60;
	const char *more = "";

	switch (json_typeof(value)) {
	case JSON_STRING:
		sst_buf_json_string(
		    &b, json_string_value(value), json_string_length(value));
		break;
	case JSON_INTEGER:
	case JSON_REAL:
		schema__number_text(value, out);
		return;
	case JSON_TRUE:
	case JSON_FALSE:
		sst_buf_adds(&b, json_is_true(value) ? "true" : "false");
		break;
	default:
		sst_buf_adds(&b, schema__explain_type(value));
		break;
	}
	if (b.len > cut) {
		while (((unsigned char)b.data[cut] & 0xc0) == 0x80)
			cut--;
		b.data[cut] = '\0';
		more = "...\"";
	}
	snprintf(out, 80, "%s%s", b.data == NULL ? "" : b.data, more);
	sst_buf_fini(&b);
}

size_t
schema__explain_enter(struct explain *e, const char *key, size_t len)
{
	size_t mark = e->at.len;

	sst_pointer_add(&e->at, key, len);
	return mark;
}

size_t
schema__explain_enter_item(struct explain *e, size_t index)
{
	size_t mark = e->at.len;

	sst_pointer_index(&e->at, index);
	return mark;
}

void
schema__explain_leave(struct explain *e, size_t mark)
{
	e->at.len = mark;
	if (e->at.data != NULL)
		e->at.data[mark] = '\0';
}

static const char *
explain_at(const struct explain *e)
{
	return e->at.data == NULL ? "" : e->at.data;
}

/* Memory for one failure more; NULL when there is none. */
static struct sst_failure *
explain_slot(struct explain *e)
{
	struct sst_report *r = e->report;
	size_t cap = e->cap < 8 ? 8 : e->cap * 2;
	void *list;

	if (r->count == e->cap) {
		list = realloc(r->failures, cap * sizeof(*r->failures));
		if (list == NULL)
			return NULL;
		r->failures = list;
		e->cap = cap;
	}
	return memset(&r->failures[r->count], 0, sizeof(*r->failures));
}

static void
explain_add(struct explain *e, const struct node *n, const char *keyword,
    const char *text)
{
	struct sst_buf where = SST_BUF_INIT;
	struct sst_failure *f;

	if (e->report->count >= e->max) {
		e->report->omitted++;
		return;
	}
	f = explain_slot(e);
	if (f == NULL) {
		e->nomem = true;
		return;
	}
	e->report->count++;
	sst_buf_adds(&where, n->origin.where);
	if (keyword[0] != '\0')
		sst_pointer_add(&where, keyword, strlen(keyword));
	f->instance = strdup(explain_at(e));
	f->schema = sst_buf_take(&where, NULL);
	f->keyword = keyword;
	f->message = strdup(text);
	if (f->instance == NULL || f->schema == NULL || f->message == NULL ||
	    sst_buf_failed(&e->at))
		e->nomem = true;
}

void
schema__explain_fail(struct explain *e, const struct node *n,
    const char *keyword, const char *fmt, ...)
{
	char line[640];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	schema__text_clean(line);
	if (strcmp(keyword, "type") != 0)
		e->types_only = false;
	if (e->report->count + e->report->omitted == 0)
		schema__fail(&e->first, SST_INVALID, "%.200s: %s",
		    e->at.len == 0 ? "the whole document" : explain_at(e),
		    line);
	explain_add(e, n, keyword, line);
}

/* A run that gave up has no answer: that is a failure of its own. */
static void
explain_fault(struct explain *e, const struct node *n)
{
	switch (e->run.fault) {
	case FAULT_DEPTH:
		schema__explain_fail(e, n, "",
		    "nested deeper than the %d levels that are checked",
		    SST_SCHEMA_EVAL_DEPTH);
		break;
	case FAULT_BRANCHES:
		schema__explain_fail(e, n, "",
		    "checking took more than %d branches of the schema and "
		    "was given up",
		    RUN_BRANCHES);
		break;
	case FAULT_PATTERN:
		schema__explain_fail(e, n, "pattern",
		    "matching the pattern took too many steps and was given "
		    "up");
		break;
	case FAULT_MEMORY:
		e->nomem = true;
		break;
	default:
		break;
	}
}

static void
explain_types(char out[160], const struct node *n)
{
	static const struct {
		unsigned types;
		const char *name;
	} names[] = {
	    {TYPE_OBJECT, "object"},
	    {TYPE_ARRAY, "array"},
	    {TYPE_STRING, "string"},
	    {TYPE_REAL, "number"},
	    {TYPE_INTEGER, "integer"},
	    {TYPE_TRUE, "boolean"},
	    {TYPE_NULL, "null"},
	};
	unsigned types = n->origin.types;
	size_t i, len = 0;

	if ((types & TYPE_REAL) != 0)
		types &= ~(unsigned)TYPE_INTEGER;
	out[0] = '\0';
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if ((types & names[i].types) == 0)
			continue;
		types &= ~names[i].types;
		snprintf(out + len, 160 - len, "%s%s", len == 0 ? "" : " or ",
		    names[i].name);
		len = strlen(out);
	}
}

/* False when the value's type is wrong, which makes other words idle. */
static bool
explain_type_ok(struct explain *e, const struct node *n, const json_t *value)
{
	char wanted[160], got[80];
	unsigned bit = 1u << json_typeof(value);

	if (n->origin.types == 0 || (n->origin.types & bit) != 0)
		return true;
	if (n->origin.integer && json_is_real(value) &&
	    schema__number_integral(value))
		return true;
	explain_types(wanted, n);
	schema__explain_text(value, got);
	if (json_is_object(value) || json_is_array(value) ||
	    json_is_null(value))
		schema__explain_fail(
		    e, n, "type", "is %s, but must be %s", got, wanted);
	else
		schema__explain_fail(e, n, "type", "is %s (%s), but must be %s",
		    schema__explain_type(value), got, wanted);
	return false;
}

static void
explain_enum(struct explain *e, const struct node *n, const struct enum_rule *r,
    const json_t *value)
{
	char got[80], one[80], all[420];
	size_t i, len = 0, count = r->is_const ? 1 : json_array_size(r->list);

	all[0] = '\0';
	for (i = 0; i < count && len < 320; i++) {
		schema__explain_text(
		    r->is_const ? r->list : json_array_get(r->list, i), one);
		snprintf(all + len, sizeof(all) - len, "%s%s",
		    i == 0 ? "" : ", ", one);
		len = strlen(all);
	}
	schema__explain_text(value, got);
	if (i < count)
		schema__explain_fail(e, n, "enum",
		    "is %s, but must be one of %zu values: %s, ...", got, count,
		    all);
	else
		schema__explain_fail(e, n, r->is_const ? "const" : "enum",
		    "is %s, but must be %s%s", got, count > 1 ? "one of " : "",
		    count == 0 ? "one of no values" : all);
}

static void
explain_length(struct explain *e, const struct node *n, const json_t *value)
{
	const struct count_range *want = &n->string->length;
	size_t got = schema__code_points(
	    json_string_value(value), json_string_length(value));

	if (got < want->min)
		schema__explain_fail(e, n, "minLength",
		    "has %zu characters, but must have at least %zu", got,
		    want->min);
	if (got > want->max)
		schema__explain_fail(e, n, "maxLength",
		    "has %zu characters, but must have at most %zu", got,
		    want->max);
}

static void
explain_string(struct explain *e, const struct node *n, const json_t *value)
{
	const struct string_rule *r = n->string;
	const char *text = json_string_value(value);
	size_t len = json_string_length(value);
	char got[80];

	explain_length(e, n, value);
	schema__explain_text(value, got);
	if (r->pattern != NULL &&
	    !schema__pattern_ok(&e->run, r->pattern, text, len)) {
		if (e->run.fault == FAULT_NONE)
			schema__explain_fail(e, n, "pattern",
			    "is %s, but must match the pattern %.300s", got,
			    r->pattern_text);
	}
	if (r->format != NULL && !r->format->check(text, len))
		schema__explain_fail(e, n, "format", "is %s, but must be %s",
		    got, r->format->expected);
}

static void
explain_bound(struct explain *e, const struct node *n, const json_t *value,
    const char *keyword, const json_t *bound)
{
	static const struct {
		const char *keyword, *text;
	} texts[] = {
	    {"minimum", "at least"},
	    {"maximum", "at most"},
	    {"exclusiveMinimum", "more than"},
	    {"exclusiveMaximum", "less than"},
	    {"multipleOf", "a multiple of"},
	};
	char got[32], want[32];
	size_t i = 0;

	while (strcmp(texts[i].keyword, keyword) != 0)
		i++;
	schema__number_text(value, got);
	schema__number_text(bound, want);
	schema__explain_fail(e, n, texts[i].keyword, "is %s, but must be %s %s",
	    got, texts[i].text, want);
}

static void
explain_number(struct explain *e, const struct node *n, const json_t *value)
{
	const struct number_rule *r = n->number;

	if (r->minimum != NULL && schema__number_compare(value, r->minimum) < 0)
		explain_bound(e, n, value, "minimum", r->minimum);
	if (r->maximum != NULL && schema__number_compare(value, r->maximum) > 0)
		explain_bound(e, n, value, "maximum", r->maximum);
	if (r->above != NULL && schema__number_compare(value, r->above) <= 0)
		explain_bound(e, n, value, "exclusiveMinimum", r->above);
	if (r->below != NULL && schema__number_compare(value, r->below) >= 0)
		explain_bound(e, n, value, "exclusiveMaximum", r->below);
	if (r->multiple != NULL && !schema__number_multiple(value, r->multiple))
		explain_bound(e, n, value, "multipleOf", r->multiple);
}

static void
explain_rules(struct explain *e, const struct node *n, const json_t *value)
{
	const struct enum_rule *r;

	for (r = n->values; r != NULL; r = r->also) {
		if (!schema__in_enum(r, value))
			explain_enum(e, n, r, value);
	}
	if (json_is_string(value) && n->string != NULL)
		explain_string(e, n, value);
	else if (json_is_number(value) && n->number != NULL)
		explain_number(e, n, value);
	else if (json_is_object(value) && n->object != NULL)
		schema__explain_object(e, n, value);
	else if (json_is_array(value) && n->array != NULL)
		schema__explain_array(e, n, value);
	if (n->logic != NULL)
		schema__explain_logic(e, n, value);
	if (n->unevaluated_props != NULL || n->unevaluated_items != NULL)
		schema__explain_unevaluated(e, n, value);
}

void
schema__explain_node(
    struct explain *e, const struct node *n, const json_t *value)
{
	struct scope here = {e->run.scope, n->scope};
	const struct scope *outer = e->run.scope;

	if (e->run.fault != FAULT_NONE || e->nomem)
		return;
	if (e->run.depth >= SST_SCHEMA_EVAL_DEPTH)
		e->run.fault = FAULT_DEPTH;
	if (outer == NULL || outer->info != n->scope)
		e->run.scope = &here;
	e->run.depth++;
	if (n->origin.never)
		schema__explain_fail(e, n, "",
		    "is %s, but nothing is allowed here",
		    schema__explain_type(value));
	else if (e->run.fault == FAULT_NONE && explain_type_ok(e, n, value))
		explain_rules(e, n, value);
	e->run.depth--;
	e->run.scope = outer;
	if (e->run.fault != FAULT_NONE && !e->reported) {
		e->reported = true;
		explain_fault(e, n);
	}
}

int
sst_schema_explain(const struct sst_schema *schema, const json_t *value,
    size_t max, struct sst_report *out, struct sst_error *err)
{
	struct explain e = {.report = out, .max = max, .types_only = true};
	int rc = SST_OK;

	memset(out, 0, sizeof(*out));
	schema__run_init(&e.run, schema);
	schema__explain_node(&e, schema->root, value);
	if (e.nomem) {
		sst_report_fini(out);
		rc = sst_error_nomem(err);
	} else if (out->count + out->omitted > 0) {
		rc = schema__fail(err, e.types_only ? SST_TYPE : SST_INVALID,
		    "%s", e.first.text);
	}
	schema__run_fini(&e.run);
	sst_buf_fini(&e.at);
	return rc;
}

void
sst_report_fini(struct sst_report *report)
{
	size_t i;

	for (i = 0; i < report->count; i++) {
		free(report->failures[i].instance);
		free(report->failures[i].schema);
		free(report->failures[i].message);
	}
	free(report->failures);
	memset(report, 0, sizeof(*report));
}
