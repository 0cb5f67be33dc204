#include "repository/scenario/read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/scenario/plan.h"
#include "repository/scenario/span.h"

enum { NAME_MAX_CHARS = 512, TEXT_MAX_CHARS = 1024 };

static bool
read_is_null(const struct scn_node *node)
{
	return node->kind == SCN_SCALAR && node->plain &&
	       (node->text[0] == '\0' || strcmp(node->text, "null") == 0 ||
		   strcmp(node->text, "~") == 0);
}

static size_t
read_chars(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static int
read_give(const struct scn_reader *r, json_t *value, json_t **out)
{
	if (value == NULL)
		return sst_error_nomem(r->err);
	*out = value;
	return 0;
}

static void
read_words(const char *const *words, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (; *words != NULL && used + 1 < size; words++) {
		snprintf(out + used, size - used, "%s%s", used > 0 ? ", " : "",
		    *words);
		used = strlen(out);
	}
}

static int
read_ref(const struct scn_reader *r, const struct scn_node *node,
    const struct scn_field *field)
{
	if ((field->flags & SCN_REF) == 0 || r->plan == NULL ||
	    scenario__plan_names(r->plan, field->ref, node->text))
		return 0;
	return scenario__fail(r->doc, node, r->err,
	    "\"%.64s\" is not in %s of this scenario", node->text,
	    sst_section_name(field->ref));
}

static int
read_text(const struct scn_reader *r, const struct scn_node *node,
    const struct scn_field *field, json_t **out)
{
	size_t n = read_chars(node->text);
	int rc;

	if (field->type != SCN_TEXT && n == 0)
		return scenario__fail(
		    r->doc, node, r->err, "must not be empty");
	if (n > (field->type == SCN_TEXT ? TEXT_MAX_CHARS : NAME_MAX_CHARS))
		return scenario__fail(r->doc, node, r->err, "text is too long");
	rc = read_ref(r, node, field);
	if (rc != 0)
		return rc;
	if (strstr(node->text, "{n}") == NULL &&
	    strstr(node->text, "{round}") == NULL)
		return read_give(r, json_string(node->text), out);
	return read_give(r, json_sprintf("\001S%s", node->text), out);
}

static int
read_number(const struct scn_reader *r, const struct scn_node *node,
    const struct scn_field *field, json_t **out)
{
	bool whole = field->type == SCN_COUNT || field->type == SCN_INTEGER;
	int64_t i;
	double d;

	if (!node->plain)
		return scenario__fail(
		    r->doc, node, r->err, "expected a number, found text");
	if (scenario__integer(node->text, &i)) {
		if ((i < 0 && field->type != SCN_INTEGER) ||
		    (i > 1 && field->type == SCN_RATIO))
			return scenario__fail(r->doc, node, r->err,
			    "%s is out of range", node->text);
		return read_give(r, json_integer(i), out);
	}
	if (whole || !scenario__real(node->text, &d))
		return scenario__fail(r->doc, node, r->err,
		    "expected %s, found \"%.64s\"",
		    whole ? "an integer" : "a number", node->text);
	if (d < 0 || (d > 1 && field->type == SCN_RATIO))
		return scenario__fail(
		    r->doc, node, r->err, "%s is out of range", node->text);
	return read_give(r, json_real(d), out);
}

static int
read_bool(const struct scn_reader *r, const struct scn_node *node, json_t **out)
{
	if (node->plain && strcmp(node->text, "true") == 0)
		return read_give(r, json_true(), out);
	if (node->plain && strcmp(node->text, "false") == 0)
		return read_give(r, json_false(), out);
	return scenario__fail(r->doc, node, r->err,
	    "expected true or false, found \"%.64s\"", node->text);
}

static int
read_time(const struct scn_reader *r, const struct scn_node *node, json_t **out)
{
	int64_t ms = 0;

	if (scenario__is_time(node->text))
		return read_give(r, json_string(node->text), out);
	if (strcmp(node->text, "now") != 0 &&
	    !scenario__duration(node->text, &ms))
		return scenario__fail(r->doc, node, r->err,
		    "expected now, a duration such as -5m or 90s, or a time "
		    "such as 2026-01-31T12:00:00Z, found \"%.64s\"",
		    node->text);
	return read_give(r, json_sprintf("\001T%lld", (long long)ms), out);
}

static int
read_duration(
    const struct scn_reader *r, const struct scn_node *node, json_t **out)
{
	int64_t ms;

	if (!scenario__duration(node->text, &ms) || ms < 0)
		return scenario__fail(r->doc, node, r->err,
		    "expected a duration such as 250ms, 20s or 1h30m, found "
		    "\"%.64s\"",
		    node->text);
	return read_give(r, json_integer(ms), out);
}

static int
read_range(
    const struct scn_reader *r, const struct scn_node *node, json_t **out)
{
	double low, high;

	if (!scenario__range(node->text, &low, &high) || low < 0 || high > 1e12)
		return scenario__fail(r->doc, node, r->err,
		    "expected a number or a range such as 20..60, found "
		    "\"%.64s\"",
		    node->text);
	return read_give(r, json_pack("[f,f]", low, high), out);
}

static int
read_word(const struct scn_reader *r, const struct scn_node *node,
    const struct scn_field *field, json_t **out)
{
	const char *const *word;
	char list[256];

	for (word = field->words; *word != NULL; word++) {
		if (strcmp(*word, node->text) == 0)
			return read_give(r, json_string(*word), out);
	}
	read_words(field->words, list, sizeof(list));
	return scenario__fail(r->doc, node, r->err,
	    "expected one of %s, found \"%.64s\"", list, node->text);
}

static int
read_raw(const struct scn_reader *r, const struct scn_node *node, json_t **out)
{
	int64_t i;
	double d;

	if (node->plain && scenario__integer(node->text, &i))
		return read_give(r, json_integer(i), out);
	if (node->plain && scenario__real(node->text, &d))
		return read_give(r, json_real(d), out);
	return read_give(r, json_string(node->text), out);
}

/* A word is a level, or "medium" for normal, and stays readable as raw. */
static int
read_priority(
    const struct scn_reader *r, const struct scn_node *node, json_t **out)
{
	static const char *const words[] = {
	    "low", "normal", "medium", "high", "critical", NULL};
	const struct scn_field field = {
	    "priority", SCN_WORD, 0, NULL, words, 0};
	const char *level;
	json_t *word;
	int rc;

	rc = read_word(r, node, &field, &word);
	if (rc != 0)
		return rc;
	level = json_string_value(word);
	if (strcmp(level, "medium") == 0)
		level = "normal";
	return read_give(
	    r, json_pack("{s:s,s:o}", "level", level, "raw", word), out);
}

static int
read_scalar(const struct scn_reader *r, const struct scn_node *node,
    const struct scn_field *field, json_t **out)
{
	switch (field->type) {
	case SCN_NAME:
	case SCN_TEXT:
	case SCN_PATH:
		return read_text(r, node, field, out);
	case SCN_COUNT:
	case SCN_INTEGER:
	case SCN_REAL:
	case SCN_RATIO:
		return read_number(r, node, field, out);
	case SCN_BOOL:
		return read_bool(r, node, out);
	case SCN_TIME:
		return read_time(r, node, out);
	case SCN_DURATION:
		return read_duration(r, node, out);
	case SCN_RANGE:
		return read_range(r, node, out);
	case SCN_WORD:
		return read_word(r, node, field, out);
	case SCN_PRIORITY:
		return read_priority(r, node, out);
	default:
		return read_raw(r, node, out);
	}
}

static int
read_compare_names(const void *a, const void *b)
{
	const json_t *const *x = a, *const *y = b;

	return strcmp(json_string_value(*x), json_string_value(*y));
}

/* Insertion into place keeps the array owner of its values throughout. */
static int
read_sort(const struct scn_reader *r, json_t *array)
{
	size_t i, n = json_array_size(array);
	json_t **names;

	if (n < 2)
		return 0;
	names = calloc(n, sizeof(json_t *));
	if (names == NULL)
		return sst_error_nomem(r->err);
	for (i = 0; i < n; i++)
		names[i] = json_incref(json_array_get(array, i));
	qsort(names, n, sizeof(json_t *), read_compare_names);
	for (i = 0; i < n; i++)
		json_array_set_new(array, i, names[i]);
	free(names);
	return 0;
}

static int
read_unique(const struct scn_reader *r, const struct scn_node *node,
    const json_t *array)
{
	size_t i, n = json_array_size(array);

	for (i = 1; i < n; i++) {
		if (json_equal(
			json_array_get(array, i - 1), json_array_get(array, i)))
			return scenario__fail(r->doc, node, r->err,
			    "\"%.64s\" is given twice",
			    json_string_value(json_array_get(array, i)));
	}
	return 0;
}

static int
read_item(const struct scn_reader *r, const struct scn_node *node,
    const struct scn_field *field, json_t **out)
{
	if (field->type == SCN_LIST)
		return scenario__read_object(r, node, field->shape, out);
	if (node->kind != SCN_SCALAR || read_is_null(node))
		return scenario__fail(r->doc, node, r->err, "expected a name");
	if (field->words != NULL)
		return read_word(r, node, field, out);
	return read_text(r, node, field, out);
}

static int
read_list(const struct scn_reader *r, const struct scn_node *node,
    const struct scn_field *field, json_t **out)
{
	const struct scn_node *child;
	json_t *array, *item;
	int rc = 0;

	if (node->kind != SCN_SEQ)
		return scenario__fail(r->doc, node, r->err,
		    "expected a sequence%s",
		    field->type == SCN_NAMES ? " of names" : "");
	array = json_array();
	if (array == NULL)
		return sst_error_nomem(r->err);
	for (child = node->first; child != NULL; child = child->next) {
		rc = read_item(r, child, field, &item);
		if (rc != 0)
			break;
		if (json_array_append_new(array, item) != 0) {
			rc = sst_error_nomem(r->err);
			break;
		}
	}
	if (rc == 0 && (field->flags & SCN_SORTED) != 0) {
		rc = read_sort(r, array);
		if (rc == 0)
			rc = read_unique(r, node, array);
	}
	if (rc == 0)
		*out = array;
	else
		json_decref(array);
	return rc;
}

int
scenario__read(const struct scn_reader *r, const struct scn_node *node,
    const struct scn_field *field, json_t **out)
{
	if (read_is_null(node)) {
		if ((field->flags & SCN_NULL) != 0)
			return read_give(r, json_null(), out);
		return scenario__fail(r->doc, node, r->err,
		    "null is not "
		    "allowed here");
	}
	if (field->type == SCN_NAMES || field->type == SCN_LIST)
		return read_list(r, node, field, out);
	if (field->type == SCN_OBJECT ||
	    (field->type == SCN_PRIORITY && node->kind == SCN_MAP))
		return scenario__read_object(r, node, field->shape, out);
	if (node->kind != SCN_SCALAR)
		return scenario__fail(r->doc, node, r->err,
		    "expected a single value, found a %s",
		    node->kind == SCN_SEQ ? "sequence" : "mapping");
	return read_scalar(r, node, field, out);
}

static int
read_unknown(const struct scn_reader *r, const struct scn_node *node,
    const struct scn_shape *shape)
{
	char list[320];
	size_t i, used = 0;

	list[0] = '\0';
	for (i = 0; i < shape->count && used + 1 < sizeof(list); i++) {
		snprintf(list + used, sizeof(list) - used, "%s%s",
		    i > 0 ? ", " : "", shape->fields[i].name);
		used = strlen(list);
	}
	return scenario__fail(
	    r->doc, node, r->err, "unknown key; %s has %s", shape->what, list);
}

static int
read_required(const struct scn_reader *r, const struct scn_node *node,
    const struct scn_shape *shape)
{
	size_t i;

	for (i = 0; i < shape->count; i++) {
		if ((shape->fields[i].flags & SCN_REQUIRED) != 0 &&
		    scenario__member(node, shape->fields[i].name) == NULL)
			return scenario__fail(r->doc, node, r->err,
			    "%s needs the key \"%s\"", shape->what,
			    shape->fields[i].name);
	}
	return 0;
}

int
scenario__read_object(const struct scn_reader *r, const struct scn_node *node,
    const struct scn_shape *shape, json_t **out)
{
	const struct scn_field *field;
	const struct scn_node *child;
	json_t *object, *value;
	int rc;

	if (node->kind != SCN_MAP)
		return scenario__fail(r->doc, node, r->err,
		    "expected a mapping: %s", shape->what);
	rc = read_required(r, node, shape);
	if (rc != 0)
		return rc;
	object = json_object();
	if (object == NULL)
		return sst_error_nomem(r->err);
	for (child = node->first; child != NULL; child = child->next) {
		field = scenario__field(shape, child->key);
		if (field == NULL)
			rc = read_unknown(r, child, shape);
		else if (field->type == SCN_ANYTHING)
			continue;
		else
			rc = scenario__read(r, child, field, &value);
		if (rc == 0 &&
		    json_object_set_new(object, child->key, value) != 0)
			rc = sst_error_nomem(r->err);
		if (rc != 0) {
			json_decref(object);
			return rc;
		}
	}
	*out = object;
	return 0;
}
