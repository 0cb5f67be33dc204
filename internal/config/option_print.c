/* Values back into YAML, and whether two of them are the same. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/option_priv.h"

static void
put_indent(struct sst_buf *out, unsigned indent)
{
	while (indent-- > 0)
		sst_buf_addc(out, ' ');
}

/* Words that need no quotes in any YAML reader. */
static bool
is_simple(const char *text)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ_/";
	static const char *const taken[] = {"yes", "no", "on", "off", "y", "n",
	    "Yes", "No", "On", "Off", "YES", "NO", "ON", "OFF", "Y", "N"};
	size_t i, len = strlen(text);

	if (len == 0 || strchr(first, text[0]) == NULL || len > 200)
		return false;
	for (i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		if (strcmp(text, taken[i]) == 0)
			return false;
	}
	for (i = 0; i < len; i++) {
		if (strchr(first, text[i]) == NULL &&
		    strchr("0123456789.-", text[i]) == NULL)
			return false;
	}
	return config__look(text) == LOOK_TEXT;
}

void
config__print_text(const char *text, struct sst_buf *out)
{
	if (is_simple(text))
		sst_buf_adds(out, text);
	else
		sst_buf_json_string(out, text, strlen(text));
}

/* As above, without the secrets that may stand inside of it (URLs). */
static void
print_masked(const char *text, struct sst_buf *out)
{
	struct sst_buf masked = SST_BUF_INIT;

	sst_text_redact(text, strlen(text), &masked);
	if (sst_buf_failed(&masked))
		out->failed = true;
	else
		config__print_text(masked.data != NULL ? masked.data : "", out);
	sst_buf_fini(&masked);
}

/* token, tokens: the values below are secrets. */
static bool
is_secret_key(const char *key)
{
	size_t len = strlen(key);

	return sst_text_is_secret_name(key, len) ||
	       (len > 1 && key[len - 1] == 's' &&
		   sst_text_is_secret_name(key, len - 1));
}

static void
print_scalar(
    const struct sst_config_node *node, bool secret, struct sst_buf *out)
{
	enum option_look look = config__look(node->text);

	sst_buf_addc(out, ' ');
	if (node->style != SST_CONFIG_QUOTED && look == LOOK_NULL)
		sst_buf_adds(out, "null");
	else if (secret)
		sst_buf_adds(out, "\"" SST_TEXT_REDACTED "\"");
	else if (node->style != SST_CONFIG_QUOTED && look != LOOK_TEXT)
		sst_buf_adds(out, node->text);
	else
		print_masked(node->text, out);
}

/* The children of a map or list, a line each. Depth is that of the file. */
static void
print_children(const struct sst_config_node *node, unsigned indent, bool secret,
    struct sst_buf *out)
{
	const struct sst_config_node *child;
	bool hidden;

	for (child = node->first; child != NULL; child = child->next) {
		put_indent(out, indent);
		hidden = secret;
		if (child->key != NULL) {
			config__print_text(child->key, out);
			sst_buf_addc(out, ':');
			hidden = hidden || is_secret_key(child->key);
		} else {
			sst_buf_addc(out, '-');
		}
		if (child->kind == SST_CONFIG_SCALAR) {
			print_scalar(child, hidden, out);
			sst_buf_addc(out, '\n');
		} else if (child->count == 0) {
			sst_buf_adds(out,
			    child->kind == SST_CONFIG_MAP ? " {}\n" : " []\n");
		} else {
			sst_buf_addc(out, '\n');
			print_children(child, indent + 2, hidden, out);
		}
	}
}

/* Whether the row would take the text. */
static bool
is_taken(const struct sst_option *row, const char *text)
{
	double len = (double)strlen(text);

	if (row->type == SST_OPTION_STRING &&
	    (row->min != 0 || row->max != 0) &&
	    (len < row->min || len > row->max))
		return false;
	return row->valid == NULL || row->valid(text);
}

/*
 * The value of a STRING, or an item of a LIST, without secrets inside of it.
 * A mask that the row would not take makes no readable configuration: then a
 * text of a form of its own (a name, a hash) is no secret, any other goes.
 */
static void
print_string(
    const struct sst_option *row, const char *text, struct sst_buf *out)
{
	struct sst_buf masked = SST_BUF_INIT;
	const char *shown;

	sst_text_redact(text, strlen(text), &masked);
	shown = masked.data != NULL ? masked.data : "";
	if (!is_taken(row, shown))
		shown = row->valid != NULL && strstr(text, "://") == NULL
			    ? text
			    : SST_TEXT_REDACTED;
	if (sst_buf_failed(&masked))
		out->failed = true;
	else
		config__print_text(shown, out);
	sst_buf_fini(&masked);
}

static void
print_list(const struct sst_option *row, const struct sst_option_list *list,
    struct sst_buf *out)
{
	size_t i;

	sst_buf_addc(out, '[');
	for (i = 0; i < list->count; i++) {
		sst_buf_adds(out, i > 0 ? ", " : "");
		print_string(row, list->items[i], out);
	}
	sst_buf_addc(out, ']');
}

/* 5 s, 1.5 s: whole seconds as a number, else in ms. */
static void
print_duration(int64_t ms, struct sst_buf *out)
{
	sst_buf_json_int(out, ms % 1000 == 0 ? ms / 1000 : ms);
	if (ms % 1000 != 0)
		sst_buf_adds(out, "ms");
}

static void
print_real(double value, struct sst_buf *out)
{
	sst_buf_addf(out, "%.15g", value);
}

static void
print_items(const struct sst_option *row, const struct sst_option_items *list,
    unsigned indent, struct sst_buf *out)
{
	size_t i;

	if (list->count == 0)
		sst_buf_adds(out, " []");
	for (i = 0; i < list->count; i++) {
		sst_buf_addc(out, '\n');
		put_indent(out, indent + 2);
		sst_buf_adds(out, "-\n");
		sst_options_print(row->items, row->item_count,
		    (const char *)list->items + i * row->item_size, indent + 4,
		    out);
		/* the next line end is the caller's */
		if (!sst_buf_failed(out))
			out->data[--out->len] = '\0';
	}
}

static void
print_map(
    const struct sst_config_node *map, unsigned indent, struct sst_buf *out)
{
	if (map->count == 0) {
		sst_buf_adds(out, " {}");
		return;
	}
	sst_buf_addc(out, '\n');
	print_children(map, indent + 2, false, out);
	if (!sst_buf_failed(out))
		out->data[--out->len] = '\0';
}

/* Behind "name:"; no line end. */
static void
print_value(const struct sst_option *row, const void *field, unsigned indent,
    struct sst_buf *out)
{
	if (row->type == SST_OPTION_MAP) {
		print_map(
		    *(const struct sst_config_node *const *)field, indent, out);
		return;
	}
	if (row->type == SST_OPTION_ITEMS) {
		print_items(row, field, indent, out);
		return;
	}
	sst_buf_addc(out, ' ');
	switch (row->type) {
	case SST_OPTION_BOOL:
		sst_buf_adds(out, *(const bool *)field ? "true" : "false");
		break;
	case SST_OPTION_INT:
		sst_buf_json_int(out, *(const int64_t *)field);
		break;
	case SST_OPTION_REAL:
		print_real(*(const double *)field, out);
		break;
	case SST_OPTION_DURATION:
		print_duration(*(const int64_t *)field, out);
		break;
	case SST_OPTION_STRING:
		print_string(row, *(const char *const *)field, out);
		break;
	case SST_OPTION_ENUM:
		sst_buf_adds(out, row->names[*(const int *)field]);
		break;
	case SST_OPTION_LIST:
		print_list(row, field, out);
		break;
	default:
		break;
	}
}

static bool
is_unset(const struct sst_option *row, const void *field)
{
	if (row->type == SST_OPTION_STRING)
		return *(const char *const *)field == NULL;
	if (row->type == SST_OPTION_MAP)
		return *(const struct sst_config_node *const *)field == NULL;
	/* a 0 that nobody could have written stands for "not given" */
	if (row->fallback == NULL && row->min > 0 &&
	    (row->type == SST_OPTION_INT || row->type == SST_OPTION_DURATION))
		return *(const int64_t *)field == 0;
	if (row->fallback == NULL && row->min > 0 &&
	    row->type == SST_OPTION_REAL)
		return *(const double *)field == 0;
	return row->type == SST_OPTION_SECRET && !sst_secret_given(field);
}

static void
print_secret(
    const char *name, const struct sst_secret *secret, struct sst_buf *out)
{
	sst_buf_adds(out, name);
	if (secret->value != NULL) {
		sst_buf_adds(out, ": \"" SST_TEXT_REDACTED "\"");
	} else if (secret->file != NULL) {
		sst_buf_adds(out, "_file: ");
		config__print_text(secret->file, out);
	} else {
		sst_buf_adds(out, "_env: ");
		config__print_text(secret->env, out);
	}
}

/* Opens the maps of `name` that `last` was not in; returns their depth. */
static unsigned
print_groups(
    const char *last, const char *name, unsigned indent, struct sst_buf *out)
{
	const char *dot;
	unsigned depth = 0;
	size_t end;

	for (dot = strchr(name, '.'); dot != NULL; dot = strchr(dot + 1, '.')) {
		end = (size_t)(dot - name) + 1;
		if (strncmp(last, name, end) != 0) {
			const char *start = memrchr(name, '.', end - 1);

			start = start != NULL ? start + 1 : name;
			put_indent(out, indent + 2 * depth);
			sst_buf_add(out, start, (size_t)(dot - start));
			sst_buf_adds(out, ":\n");
		}
		depth++;
	}
	return depth;
}

void
sst_options_print(const struct sst_option *table, size_t count,
    const void *target, unsigned indent, struct sst_buf *out)
{
	const char *last = "", *name;
	const void *field;
	unsigned at;
	size_t i;

	for (i = 0; i < count; i++) {
		field = option_field_const(&table[i], target);
		at =
		    indent + 2 * print_groups(last, table[i].name, indent, out);
		last = table[i].name;
		name =
		    strrchr(last, '.') != NULL ? strrchr(last, '.') + 1 : last;
		put_indent(out, at);
		if (is_unset(&table[i], field)) {
			sst_buf_addf(out, "# %s:", name);
		} else if (table[i].type == SST_OPTION_SECRET) {
			print_secret(name, field, out);
		} else {
			sst_buf_addf(out, "%s:", name);
			print_value(&table[i], field, at, out);
		}
		sst_buf_addc(out, '\n');
	}
}

static bool
same_text(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

static bool
same_secret(const struct sst_secret *a, const struct sst_secret *b)
{
	return same_text(a->value, b->value) && same_text(a->file, b->file) &&
	       same_text(a->env, b->env);
}

static bool
same_list(const struct sst_option_list *a, const struct sst_option_list *b)
{
	size_t i;

	if (a->count != b->count)
		return false;
	for (i = 0; i < a->count; i++) {
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	}
	return true;
}

static bool
same_items(const struct sst_option *row, const struct sst_option_items *a,
    const struct sst_option_items *b)
{
	size_t i, k, at;

	if (a->count != b->count)
		return false;
	for (i = 0; i < a->count; i++) {
		at = i * row->item_size;
		for (k = 0; k < row->item_count; k++) {
			if (!sst_option_equal(&row->items[k],
				(const char *)a->items + at,
				(const char *)b->items + at))
				return false;
		}
	}
	return true;
}

bool
sst_option_equal(const struct sst_option *row, const void *a, const void *b)
{
	const void *x = option_field_const(row, a);
	const void *y = option_field_const(row, b);

	switch (row->type) {
	case SST_OPTION_BOOL:
		return *(const bool *)x == *(const bool *)y;
	case SST_OPTION_INT:
	case SST_OPTION_DURATION:
		return *(const int64_t *)x == *(const int64_t *)y;
	case SST_OPTION_REAL:
		return *(const double *)x == *(const double *)y;
	case SST_OPTION_STRING:
		return same_text(
		    *(const char *const *)x, *(const char *const *)y);
	case SST_OPTION_SECRET:
		return same_secret(x, y);
	case SST_OPTION_ENUM:
		return *(const int *)x == *(const int *)y;
	case SST_OPTION_LIST:
		return same_list(x, y);
	case SST_OPTION_MAP:
		return sst_config_node_equal(
		    *(const struct sst_config_node *const *)x,
		    *(const struct sst_config_node *const *)y);
	case SST_OPTION_ITEMS:
		return same_items(row, x, y);
	}
	return false;
}
