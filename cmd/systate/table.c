#include "table.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/encode.h"

/* Between two columns. */
enum { TABLE_GAP = 2 };

struct cli_cell {
	size_t at, len; /* in the text */
	enum cli_paint paint;
};

void
cli_table_init(
    struct cli_table *table, const struct cli_column *columns, size_t count)
{
	*table = (struct cli_table){
	    .columns = columns, .column_count = count, .text = SST_BUF_INIT};
}

void
cli_table_fini(struct cli_table *table)
{
	free(table->cells);
	sst_buf_fini(&table->text);
	table->cells = NULL;
	table->cell_count = table->cell_room = 0;
}

static struct cli_cell *
table_next(struct cli_table *table)
{
	struct cli_cell *cells;
	size_t room;

	if (table->cell_count == table->cell_room) {
		room = table->cell_room == 0 ? 256 : table->cell_room * 2;
		cells = realloc(table->cells, room * sizeof(*cells));
		if (cells == NULL) {
			table->text.failed = true;
			return NULL;
		}
		table->cells = cells;
		table->cell_room = room;
	}
	return &table->cells[table->cell_count++];
}

void
cli_table_cell(
    struct cli_table *table, enum cli_paint paint, const char *text, size_t len)
{
	struct cli_cell *cell = table_next(table);

	if (cell == NULL)
		return;
	cell->at = table->text.len;
	sst_text_clean(text, len, 0, &table->text);
	cell->len = table->text.len - cell->at;
	cell->paint = paint;
}

void
cli_table_text(struct cli_table *table, enum cli_paint paint, const char *text)
{
	cli_table_cell(table, paint, text, strlen(text));
}

static void
value_list(const json_t *array, struct sst_buf *out)
{
	const json_t *item;
	size_t i;

	if (json_array_size(array) == 0)
		sst_buf_adds(out, "none");
	json_array_foreach(array, i, item)
	{
		if (i > 0)
			sst_buf_adds(out, ", ");
		if (json_is_object(item) || json_is_array(item))
			sst_encode_value(item, out);
		else
			cli_value_text(item, out);
	}
}

void
cli_value_text(const json_t *value, struct sst_buf *out)
{
	if (value == NULL)
		sst_buf_addc(out, '-');
	else if (json_is_null(value))
		sst_buf_addc(out, '?');
	else if (json_is_string(value) && json_string_length(value) == 0)
		sst_buf_adds(out, "\"\"");
	else if (json_is_string(value))
		sst_buf_add(
		    out, json_string_value(value), json_string_length(value));
	else if (json_is_array(value))
		value_list(value, out);
	else
		sst_encode_value(value, out);
}

void
cli_table_json(
    struct cli_table *table, enum cli_paint paint, const json_t *value)
{
	struct sst_buf text = SST_BUF_INIT;

	cli_value_text(value, &text);
	if (sst_buf_failed(&text))
		table->text.failed = true;
	cli_table_cell(table, paint, text.data != NULL ? text.data : "",
	    text.data != NULL ? text.len : 0);
	sst_buf_fini(&text);
}

const json_t *
cli_json_at(const json_t *object, const char *path)
{
	size_t len;

	while (object != NULL && *path != '\0') {
		len = strcspn(path, ".");
		object = json_object_getn(object, path, len);
		path += len;
		path += *path == '.';
	}
	return object;
}

static const char *
table_cell_text(const struct cli_table *table, const struct cli_cell *cell)
{
	return table->text.data + cell->at;
}

static void
table_measure(const struct cli_table *table, size_t *widths)
{
	size_t i, width, c;

	for (c = 0; c < table->column_count; c++)
		widths[c] = strlen(table->columns[c].title);
	for (i = 0, c = 0; i < table->cell_count; i++, c++) {
		if (c == table->column_count)
			c = 0;
		width = cli_columns(table_cell_text(table, &table->cells[i]),
		    table->cells[i].len);
		if (width > widths[c])
			widths[c] = width;
	}
}

static void
table_pad(struct cli_out *out, size_t n)
{
	while (n-- > 0)
		cli_out_add(out, " ", 1);
}

/* One cell; room 0: as wide as it is, and nothing after it. */
static void
table_put(
    struct cli_out *out, const char *text, size_t len, size_t width, bool right)
{
	size_t own = cli_columns(text, len);

	if (right && own < width)
		table_pad(out, width - own);
	cli_out_add(out, text, len);
	if (!right && own < width)
		table_pad(out, width - own);
}

/* The last cell of a line, cut to what is left of the terminal. */
static void
table_put_last(struct cli_out *out, const char *text, size_t len, size_t used)
{
	size_t room = out->width > used ? out->width - used : 0;

	if (out->width == 0 || room < 8 || cli_columns(text, len) <= room) {
		cli_out_add(out, text, len);
		return;
	}
	cli_out_add(out, text, cli_columns_cut(text, len, room - 1));
	cli_out_adds(out, "\xe2\x80\xa6");
}

static void
table_row(const struct cli_table *table, const struct cli_cell *row,
    const size_t *widths, unsigned indent, struct cli_out *out)
{
	size_t c, used = indent, last = table->column_count - 1;
	enum cli_paint paint;
	const char *text;
	size_t len;
	bool right;

	table_pad(out, indent);
	for (c = 0; c <= last; c++) {
		text = row != NULL ? table_cell_text(table, &row[c])
				   : table->columns[c].title;
		len = row != NULL ? row[c].len : strlen(text);
		paint = row != NULL ? row[c].paint : CLI_BOLD;
		right = table->columns[c].right;
		if (paint != CLI_PLAIN)
			cli_out_paint(out, paint);
		if (c == last && !right)
			table_put_last(out, text, len, used);
		else
			table_put(out, text, len, widths[c], right);
		if (paint != CLI_PLAIN)
			cli_out_paint(out, CLI_PLAIN);
		if (c < last)
			table_pad(out, TABLE_GAP);
		used += widths[c] + TABLE_GAP;
	}
	cli_out_add(out, "\n", 1);
}

void
cli_table_print(struct cli_table *table, unsigned indent, struct cli_out *out)
{
	size_t widths[CLI_TABLE_COLUMNS] = {0}, i;

	if (table->column_count == 0)
		return;
	if (sst_buf_failed(&table->text) ||
	    table->cell_count % table->column_count != 0) {
		out->nomem = true;
		return;
	}
	if (table->text.data == NULL)
		sst_buf_add(&table->text, "", 0);
	table_measure(table, widths);
	table_row(table, NULL, widths, indent, out);
	for (i = 0; i < table->cell_count; i += table->column_count)
		table_row(table, &table->cells[i], widths, indent, out);
}
