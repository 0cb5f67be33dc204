#include "repository/queues/bullmq_table.h"

#include <stdlib.h>
#include <string.h>

enum { TABLE_MIN = 64 };

void
bullmq__table_fini(struct bullmq_table *table)
{
	free(table->cells);
	memset(table, 0, sizeof(*table));
}

void
bullmq__table_clear(struct bullmq_table *table)
{
	if (table->count > 0)
		memset(table->cells, 0, table->cap * sizeof(*table->cells));
	table->count = 0;
}

/* The cell of that key or the free one where it would go. */
static struct bullmq_cell *
table_slot(const struct bullmq_table *table, struct sst_hash key)
{
	size_t mask = table->cap - 1;
	size_t i = (size_t)key.low & mask;

	while (
	    table->cells[i].used && !sst_hash_equal(table->cells[i].key, key))
		i = (i + 1) & mask;
	return &table->cells[i];
}

static bool
table_grow(struct bullmq_table *table)
{
	struct bullmq_table wide = {0};
	size_t i;

	wide.cap = table->cap == 0 ? TABLE_MIN : table->cap * 2;
	wide.count = table->count;
	wide.cells = calloc(wide.cap, sizeof(*wide.cells));
	if (wide.cells == NULL)
		return false;
	for (i = 0; i < table->cap; i++) {
		if (table->cells[i].used)
			*table_slot(&wide, table->cells[i].key) =
			    table->cells[i];
	}
	free(table->cells);
	*table = wide;
	return true;
}

const struct bullmq_cell *
bullmq__table_find(const struct bullmq_table *table, struct sst_hash key)
{
	const struct bullmq_cell *cell;

	if (table->count == 0)
		return NULL;
	cell = table_slot(table, key);
	return cell->used ? cell : NULL;
}

bool
bullmq__table_put(
    struct bullmq_table *table, struct sst_hash key, uint32_t a, uint32_t b)
{
	struct bullmq_cell *cell;

	/* at most half full */
	if (table->count * 2 >= table->cap && !table_grow(table))
		return false;
	cell = table_slot(table, key);
	if (cell->used)
		return true;
	*cell = (struct bullmq_cell){key, a, b, true};
	table->count++;
	return true;
}
