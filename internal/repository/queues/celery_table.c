#include "repository/queues/celery_table.h"

#include <stdlib.h>
#include <string.h>

enum { TABLE_MIN = 64 };

struct sst_hash
celery__hash(struct queue_text text)
{
	return sst_hash_bytes(text.len > 0 ? text.data : "", text.len);
}

/* The cell of that key or the free one where it would go. */
static struct celery_cell *
table_slot(const struct celery_table *table, struct sst_hash key)
{
	size_t mask = table->cap - 1, i = (size_t)key.low & mask;

	while (table->cells[i].value != NULL &&
	       !sst_hash_equal(table->cells[i].key, key))
		i = (i + 1) & mask;
	return &table->cells[i];
}

static bool
table_grow(struct celery_table *table)
{
	struct celery_table wide = {0};
	size_t i;

	wide.cap = table->cap == 0 ? TABLE_MIN : table->cap * 2;
	wide.count = table->count;
	wide.cells = calloc(wide.cap, sizeof(*wide.cells));
	if (wide.cells == NULL)
		return false;
	for (i = 0; i < table->cap; i++) {
		if (table->cells[i].value != NULL)
			*table_slot(&wide, table->cells[i].key) =
			    table->cells[i];
	}
	free(table->cells);
	*table = wide;
	return true;
}

void *
celery__table_find(const struct celery_table *table, struct sst_hash key)
{
	return table->count == 0 ? NULL : table_slot(table, key)->value;
}

void *
celery__table_put(struct celery_table *table, struct sst_hash key, void *value)
{
	struct celery_cell *cell;

	if (table->count * 4 >= table->cap * 3 && !table_grow(table))
		return NULL;
	cell = table_slot(table, key);
	if (cell->value == NULL) {
		*cell = (struct celery_cell){key, value};
		table->count++;
	}
	return cell->value;
}

void
celery__table_replace(
    struct celery_table *table, struct sst_hash key, void *value)
{
	if (table->count > 0 && table_slot(table, key)->value != NULL)
		table_slot(table, key)->value = value;
}

void
celery__table_clear(struct celery_table *table)
{
	if (table->count > 0)
		memset(table->cells, 0, table->cap * sizeof(*table->cells));
	table->count = 0;
}

void
celery__table_fini(struct celery_table *table)
{
	free(table->cells);
	memset(table, 0, sizeof(*table));
}
