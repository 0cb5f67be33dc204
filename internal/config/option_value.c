/* One scalar or list of the tree as the value of an option. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/option_priv.h"

static size_t
span_digits(const char *p)
{
	return strspn(p, "0123456789");
}

static bool
look_is_bool(const char *text)
{
	static const char *const words[] = {
	    "true", "True", "TRUE", "false", "False", "FALSE"};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(text, words[i]) == 0)
			return true;
	}
	return false;
}

static bool
look_is_special(const char *text)
{
	text += *text == '-' || *text == '+' ? 1 : 0;
	return strcasecmp(text, ".inf") == 0 || strcasecmp(text, ".nan") == 0;
}

enum option_look
config__look(const char *text)
{
	const char *p = text;
	size_t whole, part = 0;
	bool point;

	if (*p == '\0' || strcmp(p, "~") == 0 || strcmp(p, "null") == 0 ||
	    strcmp(p, "Null") == 0 || strcmp(p, "NULL") == 0)
		return LOOK_NULL;
	if (look_is_bool(text))
		return LOOK_BOOL;
	if (look_is_special(text))
		return LOOK_REAL;
	if (p[0] == '0' && p[1] == 'x' && p[2] != '\0' &&
	    p[2 + strspn(p + 2, "0123456789abcdefABCDEF")] == '\0')
		return LOOK_INT;
	if (p[0] == '0' && p[1] == 'o' && p[2] != '\0' &&
	    p[2 + strspn(p + 2, "01234567")] == '\0')
		return LOOK_INT;
	p += *p == '-' || *p == '+' ? 1 : 0;
	whole = span_digits(p);
	p += whole;
	if (*p == '\0' && whole > 0)
		return LOOK_INT;
	point = *p == '.';
	if (point) {
		part = span_digits(p + 1);
		p += 1 + part;
	}
	if (whole + part == 0)
		return LOOK_TEXT;
	if (*p == 'e' || *p == 'E') {
		p++;
		p += *p == '-' || *p == '+' ? 1 : 0;
		part = span_digits(p);
		if (part == 0)
			return LOOK_TEXT;
		p += part;
	}
	return *p == '\0' ? LOOK_REAL : LOOK_TEXT;
}

static int
read_bool(const struct sst_config_node *node, bool *out)
{
	static const char *const yes[] = {"true", "1", "t", "yes", "on"};
	static const char *const no[] = {"false", "0", "f", "no", "off"};
	size_t i;

	if (node->style == SST_CONFIG_QUOTED ||
	    (node->style == SST_CONFIG_PLAIN && !look_is_bool(node->text)))
		return SST_TYPE;
	for (i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (strcasecmp(node->text, yes[i]) == 0)
			*out = true;
		else if (strcasecmp(node->text, no[i]) == 0)
			*out = false;
		else
			continue;
		return SST_OK;
	}
	return SST_TYPE;
}

static bool
in_range(const struct sst_option *row, double value)
{
	if (row->min == 0 && row->max == 0)
		return true;
	return value >= row->min && value <= row->max;
}

static int
read_int(const struct sst_option *row, const struct sst_config_node *node,
    int64_t *out)
{
	const char *p = node->text;
	bool minus = *p == '-';
	int64_t value = 0;

	if (node->style == SST_CONFIG_QUOTED)
		return SST_TYPE;
	p += minus || *p == '+' ? 1 : 0;
	if (*p == '\0' || p[span_digits(p)] != '\0')
		return SST_TYPE;
	for (; *p != '\0'; p++) {
		/* far beyond any range, and what a double holds exactly */
		if (value > INT64_C(900000000000000))
			return SST_INVALID;
		value = value * 10 + (*p - '0');
	}
	value = minus ? -value : value;
	if (!in_range(row, (double)value))
		return SST_INVALID;
	*out = value;
	return SST_OK;
}

/* digits[.digits], no more than a double holds; NULL: it is none. */
static const char *
read_decimal(const char *p, double *out)
{
	size_t whole = span_digits(p), part = 0, i;
	double value = 0, scale = 1;

	for (i = 0; i < whole; i++)
		value = value * 10 + (p[i] - '0');
	p += whole;
	if (*p == '.') {
		part = span_digits(p + 1);
		if (part == 0)
			return NULL;
		for (i = 1; i <= part; i++) {
			value = value * 10 + (p[i] - '0');
			scale *= 10;
		}
		p += part + 1;
	}
	if (whole == 0 || whole + part > 15)
		return NULL;
	*out = value / scale;
	return p;
}

static int
read_real(const struct sst_option *row, const struct sst_config_node *node,
    double *out)
{
	const char *p = node->text;
	bool minus = *p == '-';
	double value;

	if (node->style == SST_CONFIG_QUOTED)
		return SST_TYPE;
	p = read_decimal(p + (minus ? 1 : 0), &value);
	if (p == NULL || *p != '\0')
		return SST_TYPE;
	value = minus ? -value : value;
	if (!in_range(row, value))
		return SST_INVALID;
	*out = value;
	return SST_OK;
}

static int
read_duration(const struct sst_option *row, const struct sst_config_node *node,
    int64_t *out)
{
	static const struct {
		const char *suffix;
		double ms;
	} units[] = {
	    {"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
	const char *p;
	double value;
	size_t i;

	p = read_decimal(node->text, &value);
	if (p == NULL)
		return SST_TYPE;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(p, units[i].suffix) == 0)
			break;
	}
	if (i == sizeof(units) / sizeof(units[0]))
		return SST_TYPE;
	value *= units[i].ms;
	if (value > 1e15 || !in_range(row, value / 1000))
		return SST_INVALID;
	*out = llround(value);
	return SST_OK;
}

/* A number where a text belongs is most often a slip that loses zeros. */
static bool
is_text(const struct sst_config_node *node)
{
	return node->style != SST_CONFIG_PLAIN ||
	       config__look(node->text) == LOOK_TEXT;
}

static int
check_text(const struct sst_option *row, const char *text)
{
	if (row->type == SST_OPTION_STRING &&
	    !in_range(row, (double)strlen(text)))
		return SST_INVALID;
	if (row->valid != NULL && !row->valid(text))
		return SST_INVALID;
	return SST_OK;
}

static int
read_string(const struct sst_option *row, const struct sst_config_node *node,
    char **out)
{
	int code;

	if (!is_text(node))
		return SST_TYPE;
	code = check_text(row, node->text);
	if (code != SST_OK)
		return code;
	*out = strdup(node->text);
	return *out == NULL ? SST_NOMEM : SST_OK;
}

static int
name_index(const struct sst_option *row, const char *text, bool fold)
{
	int i;

	for (i = 0; row->names[i] != NULL; i++) {
		if (strcmp(row->names[i], text) == 0 ||
		    (fold && strcasecmp(row->names[i], text) == 0))
			return i;
	}
	return -1;
}

static int
read_enum(
    const struct sst_option *row, const struct sst_config_node *node, int *out)
{
	int index =
	    name_index(row, node->text, node->style == SST_CONFIG_UNTYPED);

	if (index < 0)
		return SST_INVALID;
	*out = index;
	return SST_OK;
}

static void
list_fini(struct sst_option_list *list)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	list->items = NULL;
	list->count = 0;
}

static int
list_add(const struct sst_option *row, struct sst_option_list *list,
    const char *text, size_t len)
{
	char **items, *copy;

	items = realloc(list->items, (list->count + 1) * sizeof(*items));
	if (items == NULL)
		return SST_NOMEM;
	list->items = items;
	copy = strndup(text, len);
	if (copy == NULL)
		return SST_NOMEM;
	items[list->count++] = copy;
	if (row->names != NULL && name_index(row, copy, false) < 0)
		return SST_INVALID;
	return check_text(row, copy);
}

/* a,b,c of a variable or flag. */
static int
list_split(const struct sst_option *row, const char *text,
    struct sst_option_list *list)
{
	size_t len;
	int code = SST_OK;

	while (code == SST_OK) {
		text += strspn(text, " ");
		len = strcspn(text, ",");
		code = list_add(row, list, text, len);
		if (text[len] == '\0')
			break;
		text += len + 1;
	}
	return code;
}

static int
read_list(const struct sst_option *row, const struct sst_config_node *node,
    struct sst_option_list *out, const struct sst_config_node **at)
{
	struct sst_option_list list = {NULL, 0};
	const struct sst_config_node *item;
	int code = SST_OK;

	if (node->kind == SST_CONFIG_SCALAR) {
		code = list_split(row, node->text, &list);
	} else {
		for (item = node->first; item != NULL && code == SST_OK;
		     item = item->next) {
			*at = item;
			code = item->kind != SST_CONFIG_SCALAR || !is_text(item)
				   ? SST_TYPE
				   : list_add(row, &list, item->text,
					 strlen(item->text));
		}
	}
	if (code == SST_OK) {
		*at = node;
		if (!in_range(row, (double)list.count))
			code = SST_INVALID;
	}
	if (code != SST_OK)
		list_fini(&list);
	else
		*out = list;
	return code;
}

static bool
kind_fits(const struct sst_option *row, const struct sst_config_node *node)
{
	switch (row->type) {
	case SST_OPTION_MAP:
		return node->kind == SST_CONFIG_MAP;
	case SST_OPTION_ITEMS:
		return node->kind == SST_CONFIG_LIST;
	case SST_OPTION_LIST:
		return node->kind == SST_CONFIG_LIST ||
		       (node->kind == SST_CONFIG_SCALAR &&
			   node->style == SST_CONFIG_UNTYPED);
	default:
		return node->kind == SST_CONFIG_SCALAR;
	}
}

int
config__value_read(const struct sst_option *row,
    const struct sst_config_node *node, void *field, struct sst_error *err)
{
	const struct sst_config_node *at = node;
	const char *why = NULL;
	int code = SST_TYPE;

	if (!kind_fits(row, node))
		return config__value_refuse(row, node, SST_TYPE, NULL, err);
	switch (row->type) {
	case SST_OPTION_BOOL:
		code = read_bool(node, field);
		break;
	case SST_OPTION_INT:
		code = read_int(row, node, field);
		break;
	case SST_OPTION_REAL:
		code = read_real(row, node, field);
		break;
	case SST_OPTION_DURATION:
		code = read_duration(row, node, field);
		break;
	case SST_OPTION_STRING:
	case SST_OPTION_SECRET:
		code = read_string(row, node, field);
		why = code == SST_TYPE ? "put it in quotes" : NULL;
		break;
	case SST_OPTION_ENUM:
		code = read_enum(row, node, field);
		break;
	case SST_OPTION_LIST:
		code = read_list(row, node, field, &at);
		break;
	case SST_OPTION_MAP:
		*(const struct sst_config_node **)field = node;
		code = SST_OK;
		break;
	case SST_OPTION_ITEMS:
		break;
	}
	if (code == SST_OK)
		return SST_OK;
	if (code == SST_NOMEM)
		return sst_error_nomem(err);
	return config__value_refuse(row, at, code, why, err);
}
