#include "config/option.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/option_priv.h"

enum { NAME_BYTES = 128 }; /* of an option's dotted name and its suffix */

static const char *const secret_suffixes[] = {"", "_file", "_env"};

/* Whether path is a name of the row (secrets have three). */
static bool
row_has_name(const struct sst_option *row, const char *path)
{
	size_t len = strlen(row->name), i;

	if (strncmp(row->name, path, len) != 0)
		return false;
	path += len;
	if (row->type != SST_OPTION_SECRET)
		return *path == '\0';
	for (i = 0; i < 3; i++) {
		if (strcmp(path, secret_suffixes[i]) == 0)
			return true;
	}
	return false;
}

static int
check_map(const struct sst_option *table, size_t count, const char *prefix,
    const struct sst_config_node *map, struct sst_error *err);

static int
check_child(const struct sst_option *table, size_t count, const char *prefix,
    const struct sst_config_node *child, struct sst_error *err)
{
	static const struct sst_option as_map = {
	    .name = "", .type = SST_OPTION_MAP};
	char path[NAME_BYTES];
	size_t len, i;

	len = (size_t)snprintf(path, sizeof(path), "%s%s", prefix, child->key);
	if (len + 2 > sizeof(path) || strpbrk(child->key, ".[]") != NULL)
		return config__unknown_key(table, count, prefix, child, err);
	for (i = 0; i < count; i++) {
		if (row_has_name(&table[i], path))
			return SST_OK;
	}
	path[len++] = '.';
	path[len] = '\0';
	for (i = 0; i < count; i++) {
		if (strncmp(table[i].name, path, len) == 0)
			break;
	}
	if (i == count)
		return config__unknown_key(table, count, prefix, child, err);
	if (sst_config_node_is_null(child))
		return SST_OK;
	if (child->kind != SST_CONFIG_MAP)
		return config__value_refuse(
		    &as_map, child, SST_TYPE, NULL, err);
	return check_map(table, count, path, child, err);
}

/* Every key has a row. Recursion goes as deep as the names of the table. */
static int
check_map(const struct sst_option *table, size_t count, const char *prefix,
    const struct sst_config_node *map, struct sst_error *err)
{
	const struct sst_config_node *child;
	int code;

	for (child = map->first; child != NULL; child = child->next) {
		code = check_child(table, count, prefix, child, err);
		if (code != SST_OK)
			return code;
	}
	return SST_OK;
}

static bool
is_env_name(const char *text)
{
	size_t i;

	for (i = 0; text[i] != '\0'; i++) {
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ_"
			   "abcdefghijklmnopqrstuvwxyz0123456789",
			text[i]) == NULL)
			return false;
	}
	return i > 0 && (text[0] < '0' || text[0] > '9');
}

/* NAME, NAME_file, NAME_env as rows of their own; none is null. */
static int
parse_secret_part(const struct sst_option *row, size_t which,
    const struct sst_config_node *node, struct sst_secret *secret,
    struct sst_error *err)
{
	struct sst_option part = {.name = row->name};
	char **fields[] = {&secret->value, &secret->file, &secret->env};

	part.type = which == 0 ? SST_OPTION_SECRET : SST_OPTION_STRING;
	if (which == 1)
		part.form = "a path";
	if (which == 2) {
		part.form = "the name of an environment variable";
		part.valid = is_env_name;
	}
	return config__value_read(&part, node, fields[which], err);
}

static int
parse_secret(const struct sst_option *row, const struct sst_config_node *map,
    struct sst_secret *secret, struct sst_error *err)
{
	const struct sst_config_node *node, *other = NULL;
	char name[NAME_BYTES], place[NAME_BYTES];
	size_t i;
	int code;

	for (i = 0; i < 3; i++) {
		snprintf(
		    name, sizeof(name), "%s%s", row->name, secret_suffixes[i]);
		node = sst_config_node_find(map, name);
		if (sst_config_node_is_null(node))
			continue;
		sst_config_node_place(node, place, sizeof(place));
		if (other != NULL)
			return sst_error_set(err, SST_INVALID,
			    "%s: %s and %s exclude each other: one says where "
			    "the secret is",
			    place, other->key, node->key);
		other = node;
		code = parse_secret_part(row, i, node, secret, err);
		if (code != SST_OK)
			return code;
	}
	return SST_OK;
}

static int
parse_item(const struct sst_option *row, const struct sst_config_node *node,
    void *item, struct sst_error *err)
{
	static const struct sst_option as_map = {
	    .name = "", .type = SST_OPTION_MAP};

	if (node->kind != SST_CONFIG_MAP)
		return config__value_refuse(&as_map, node, SST_TYPE, NULL, err);
	return sst_options_parse(row->items, row->item_count, node, item, err);
}

static void
items_fini(const struct sst_option *row, struct sst_option_items *list)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		sst_options_fini(row->items, row->item_count,
		    (char *)list->items + i * row->item_size);
	free(list->items);
	list->items = NULL;
	list->count = 0;
}

static int
parse_items(const struct sst_option *row, const struct sst_config_node *node,
    struct sst_option_items *out, struct sst_error *err)
{
	struct sst_option_items list = {NULL, 0};
	const struct sst_config_node *child;
	int code = SST_OK;

	if (node->kind != SST_CONFIG_LIST)
		return config__value_refuse(row, node, SST_TYPE, NULL, err);
	if (row->max > 0 &&
	    ((double)node->count < row->min || (double)node->count > row->max))
		return config__value_refuse(row, node, SST_INVALID, NULL, err);
	if (node->count == 0)
		return SST_OK;
	list.items = calloc(node->count, row->item_size);
	if (list.items == NULL)
		return sst_error_nomem(err);
	for (child = node->first; child != NULL && code == SST_OK;
	     child = child->next) {
		code = parse_item(row, child,
		    (char *)list.items + list.count * row->item_size, err);
		if (code == SST_OK)
			list.count++;
	}
	if (code != SST_OK)
		items_fini(row, &list);
	else
		*out = list;
	return code;
}

/* The default: read like what a person would have written. */
static int
parse_fallback(const struct sst_option *row, void *field, struct sst_error *err)
{
	struct sst_config_node node = {
	    .kind = SST_CONFIG_SCALAR,
	    .style = SST_CONFIG_UNTYPED,
	    .origin = "default",
	    .text = row->fallback,
	};

	if (row->fallback == NULL)
		return SST_OK;
	return config__value_read(row, &node, field, err);
}

static int
parse_missing(const struct sst_option *row, const struct sst_config_node *map,
    struct sst_error *err)
{
	struct sst_buf text = SST_BUF_INIT;
	char place[NAME_BYTES] = "", path[NAME_BYTES] = "";
	int code = SST_INVALID;

	if (map != NULL) {
		sst_config_node_place(map, place, sizeof(place));
		sst_config_node_path(map, path, sizeof(path));
	}
	config__describe(row, &text);
	if (sst_buf_failed(&text))
		code = sst_error_nomem(err);
	else
		sst_error_set(err, code, "%s%s%s%s%s is missing; expected %s",
		    place, place[0] != '\0' ? ": " : "", path,
		    path[0] != '\0' ? "." : "", row->name, text.data);
	sst_buf_fini(&text);
	return code;
}

static int
parse_row(const struct sst_option *row, const struct sst_config_node *map,
    void *target, struct sst_error *err)
{
	const struct sst_config_node *node;
	void *field = option_field(row, target);
	struct sst_secret *secret = field;
	int code;

	if (row->type == SST_OPTION_SECRET) {
		code = parse_secret(row, map, secret, err);
		if (code != SST_OK || !row->required ||
		    sst_secret_given(secret))
			return code;
		return parse_missing(row, map, err);
	}
	node = sst_config_node_find(map, row->name);
	if (sst_config_node_is_null(node))
		return row->required ? parse_missing(row, map, err)
				     : parse_fallback(row, field, err);
	if (row->type == SST_OPTION_ITEMS)
		return parse_items(row, node, field, err);
	return config__value_read(row, node, field, err);
}

size_t
config__field_size(const struct sst_option *row)
{
	static const size_t sizes[] = {
	    [SST_OPTION_BOOL] = sizeof(bool),
	    [SST_OPTION_INT] = sizeof(int64_t),
	    [SST_OPTION_REAL] = sizeof(double),
	    [SST_OPTION_DURATION] = sizeof(int64_t),
	    [SST_OPTION_STRING] = sizeof(char *),
	    [SST_OPTION_SECRET] = sizeof(struct sst_secret),
	    [SST_OPTION_ENUM] = sizeof(int),
	    [SST_OPTION_LIST] = sizeof(struct sst_option_list),
	    [SST_OPTION_MAP] = sizeof(const struct sst_config_node *),
	    [SST_OPTION_ITEMS] = sizeof(struct sst_option_items),
	};

	return sizes[row->type];
}

int
sst_options_parse(const struct sst_option *table, size_t count,
    const struct sst_config_node *map, void *target, struct sst_error *err)
{
	static const struct sst_option as_map = {
	    .name = "", .type = SST_OPTION_MAP};
	size_t i;
	int code = SST_OK;

	for (i = 0; i < count; i++)
		memset(
		    option_field(&table[i], target), 0,
		    config__field_size(&table[i]));
	if (sst_config_node_is_null(map))
		map = NULL;
	if (map != NULL && map->kind != SST_CONFIG_MAP)
		return config__value_refuse(&as_map, map, SST_TYPE, NULL, err);
	if (map != NULL)
		code = check_map(table, count, "", map, err);
	for (i = 0; i < count && code == SST_OK; i++)
		code = parse_row(&table[i], map, target, err);
	if (code != SST_OK)
		sst_options_fini(table, count, target);
	return code;
}

static void
field_fini(const struct sst_option *row, void *field)
{
	struct sst_option_list *list = field;
	size_t i;

	switch (row->type) {
	case SST_OPTION_STRING:
		free(*(char **)field);
		break;
	case SST_OPTION_SECRET:
		sst_secret_fini(field);
		break;
	case SST_OPTION_LIST:
		for (i = 0; i < list->count; i++)
			free(list->items[i]);
		free(list->items);
		break;
	case SST_OPTION_ITEMS:
		items_fini(row, field);
		break;
	default:
		break;
	}
	memset(field, 0, config__field_size(row));
}

void
sst_options_fini(const struct sst_option *table, size_t count, void *target)
{
	size_t i;

	for (i = 0; i < count; i++)
		field_fini(&table[i], option_field(&table[i], target));
}
