/*
 * One entity for people: its scalars by path, a line each, then its arrays of
 * objects as tables.
 */
#include <string.h>

#include "base/text.h"
#include "form.h"
#include "get.h"
#include "table.h"

enum { ENTITY_DEPTH = 8 };

static bool
entity_is_rows(const json_t *value)
{
	return json_is_array(value) && json_is_object(json_array_get(value, 0));
}

static const struct cli_column entity_pair[] = {
    {"MEMBER", false}, {"VALUE", false}};

/* A line for each member that is no object and no array of them. */
static void
entity_scalars(struct cli_table *table, struct sst_buf *path,
    const json_t *object, unsigned depth)
{
	json_t *members = (json_t *)(uintptr_t)object, *value;
	const char *name;
	size_t mark;

	json_object_foreach(members, name, value)
	{
		if (entity_is_rows(value))
			continue;
		mark = path->len;
		sst_buf_addf(path, "%s%s", mark > 0 ? "." : "", name);
		if (sst_buf_failed(path)) {
			table->text.failed = true;
			return;
		}
		if (json_is_object(value) && depth < ENTITY_DEPTH) {
			entity_scalars(table, path, value, depth + 1);
		} else {
			cli_table_cell(table, CLI_DIM, path->data, path->len);
			cli_table_json(table,
			    strcmp(name, "status") == 0
				? cli_status_paint(json_string_value(value))
				: CLI_PLAIN,
			    value);
		}
		path->len = mark;
		path->data[mark] = '\0';
	}
}

/* Columns of a table of objects: paths of scalars that any of them has. */
struct entity_columns {
	char paths[CLI_TABLE_COLUMNS][64];
	struct cli_column columns[CLI_TABLE_COLUMNS];
	size_t count;
};

static void
entity_add_column(struct entity_columns *c, const char *path)
{
	size_t i;

	for (i = 0; i < c->count; i++) {
		if (strcmp(c->paths[i], path) == 0)
			return;
	}
	if (c->count == CLI_TABLE_COLUMNS ||
	    strlen(path) >= sizeof(c->paths[0]))
		return;
	memcpy(c->paths[c->count], path, strlen(path) + 1);
	c->columns[c->count].title = c->paths[c->count];
	c->count++;
}

static void
entity_find_columns(
    struct entity_columns *c, const char *prefix, const json_t *row)
{
	json_t *members = (json_t *)(uintptr_t)row, *value;
	struct sst_buf path = SST_BUF_INIT;
	const char *name;

	json_object_foreach(members, name, value)
	{
		sst_buf_clear(&path);
		sst_buf_addf(&path, "%s%s%s", prefix,
		    prefix[0] != '\0' ? "." : "", name);
		if (sst_buf_failed(&path))
			break;
		if (json_is_object(value) && prefix[0] == '\0')
			entity_find_columns(c, name, value);
		else
			entity_add_column(c, path.data);
	}
	sst_buf_fini(&path);
}

static void
entity_rows(struct cli_out *out, const char *title, const json_t *rows)
{
	struct entity_columns c = {.count = 0};
	struct cli_table table;
	const json_t *row;
	size_t i, k;

	json_array_foreach(rows, i, row) entity_find_columns(&c, "", row);
	if (c.count == 0)
		return;
	cli_out_adds(out, "\n");
	cli_out_paint(out, CLI_BOLD);
	cli_out_clean(out, title, strlen(title));
	cli_out_paint(out, CLI_PLAIN);
	cli_out_addf(out, " (%zu)\n", json_array_size(rows));
	cli_table_init(&table, c.columns, c.count);
	json_array_foreach(rows, i, row)
	{
		for (k = 0; k < c.count; k++)
			cli_table_json(
			    &table, CLI_PLAIN, cli_json_at(row, c.paths[k]));
	}
	cli_table_print(&table, 2, out);
	cli_table_fini(&table);
}

static void
entity_tables(struct cli_out *out, const char *prefix, const json_t *object,
    unsigned depth)
{
	json_t *members = (json_t *)(uintptr_t)object, *value;
	struct sst_buf path = SST_BUF_INIT;
	const char *name;

	json_object_foreach(members, name, value)
	{
		sst_buf_clear(&path);
		sst_buf_addf(&path, "%s%s%s", prefix,
		    prefix[0] != '\0' ? "." : "", name);
		if (sst_buf_failed(&path)) {
			out->nomem = true;
			break;
		}
		if (entity_is_rows(value))
			entity_rows(out, path.data, value);
		else if (json_is_object(value) && depth < ENTITY_DEPTH)
			entity_tables(out, path.data, value, depth + 1);
	}
	sst_buf_fini(&path);
}

void
get_text_entity(struct cli_out *out, const json_t *entity)
{
	struct sst_buf path = SST_BUF_INIT;
	struct cli_table table;

	cli_table_init(&table, entity_pair, 2);
	entity_scalars(&table, &path, entity, 0);
	cli_table_print(&table, 0, out);
	cli_table_fini(&table);
	sst_buf_fini(&path);
	entity_tables(out, "", entity, 0);
}
