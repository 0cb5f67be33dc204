/* Aligned tables for people, and JSON values as short texts. */
#ifndef CMD_SYSTATE_TABLE_H
#define CMD_SYSTATE_TABLE_H

#include <jansson.h>

#include "out.h"

enum { CLI_TABLE_COLUMNS = 16 };

struct cli_column {
	const char *title;
	bool right; /* numbers */
};

struct cli_cell;

/* Zeroed memory with columns set is an empty table. */
struct cli_table {
	const struct cli_column *columns;
	size_t column_count;
	struct cli_cell *cells; /* row after row */
	size_t cell_count, cell_room;
	struct sst_buf text; /* of all cells */
};

void cli_table_init(
    struct cli_table *table, const struct cli_column *columns, size_t count);
void cli_table_fini(struct cli_table *table);

/* The next cell, from left to right and down. Control characters are left
 * out. Memory trouble shows when it is printed. */
void cli_table_cell(struct cli_table *table, enum cli_paint paint,
    const char *text, size_t len);
void
cli_table_text(struct cli_table *table, enum cli_paint paint, const char *text);
/* NULL (absent) is "-", null (unknown) is "?". */
void cli_table_json(
    struct cli_table *table, enum cli_paint paint, const json_t *value);

/*
 * Titles and rows, each line with this indent. On a terminal the last column
 * is cut so that a line fits. Latches in out.
 */
void
cli_table_print(struct cli_table *table, unsigned indent, struct cli_out *out);

/* Appends what a cell of that value shows, before it is cleaned. */
void cli_value_text(const json_t *value, struct sst_buf *out);

/* The member at a path of names, "live.active_pods"; borrowed; NULL: none. */
const json_t *cli_json_at(const json_t *object, const char *path);

#endif
