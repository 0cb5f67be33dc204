#include "repository/queues/rabbitmq_table.h"

#include <stdlib.h>
#include <string.h>

enum { TABLE_MIN = 64 };

void
rabbitmq__table_fini(struct rabbitmq_table *table)
{
	free(table->cells);
	memset(table, 0, sizeof(*table));
}

void
rabbitmq__table_clear(struct rabbitmq_table *table)
{
	if (table->count > 0)
		memset(table->cells, 0, table->cap * sizeof(*table->cells));
	table->count = 0;
}

static struct sst_hash
table_key(const char *vhost, const char *name)
{
	return sst_hash_mix(sst_hash_bytes(vhost, strlen(vhost)),
	    sst_hash_bytes(name, strlen(name)));
}

/* The cell of that key or the free one where it would go. */
static struct rabbitmq_cell *
table_slot(const struct rabbitmq_table *table, struct sst_hash key)
{
	size_t mask = table->cap - 1;
	size_t i = (size_t)key.low & mask;

	while (
	    table->cells[i].used && !sst_hash_equal(table->cells[i].key, key))
		i = (i + 1) & mask;
	return &table->cells[i];
}

static bool
table_grow(struct rabbitmq_table *table)
{
	struct rabbitmq_table wide = {0};
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

struct rabbitmq_cell *
rabbitmq__table_find(
    const struct rabbitmq_table *table, const char *vhost, const char *name)
{
	struct rabbitmq_cell *cell;

	if (table->count == 0)
		return NULL;
	cell = table_slot(table, table_key(vhost, name));
	return cell->used ? cell : NULL;
}

struct rabbitmq_cell *
rabbitmq__table_put(struct rabbitmq_table *table, const char *vhost,
    const char *name, bool *fresh_out)
{
	struct sst_hash key = table_key(vhost, name);
	struct rabbitmq_cell *cell;

	/* at most half full */
	if (table->count * 2 >= table->cap && !table_grow(table))
		return NULL;
	cell = table_slot(table, key);
	*fresh_out = !cell->used;
	if (cell->used)
		return cell;
	cell->used = true;
	cell->key = key;
	cell->row = (struct rabbitmq_row){.ready = -1,
	    .unacked = -1,
	    .total = -1,
	    .consumers = -1,
	    .head_at = -1,
	    .published = -1,
	    .delivered = -1,
	    .acked = -1};
	table->count++;
	return cell;
}
