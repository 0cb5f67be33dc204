#include "repository/queues/rabbitmq_table.h"

#include <stdlib.h>
#include <string.h>

enum { TABLE_MIN = 64, CHUNK_BYTES = 32768 };

struct rabbitmq_chunk {
	struct rabbitmq_chunk *next;
	size_t used, size;
	_Alignas(max_align_t) char bytes[];
};

/* Zeroed memory that lives as long as the cells; NULL when it ran out. */
static void *
table_alloc(struct rabbitmq_table *table, size_t size)
{
	const size_t align = _Alignof(max_align_t);
	size_t need = (size + align - 1) / align * align;
	struct rabbitmq_chunk *c = table->chunks;
	size_t room = need > CHUNK_BYTES ? need : CHUNK_BYTES;

	if (c == NULL || c->size - c->used < need) {
		c = calloc(1, sizeof(*c) + room);
		if (c == NULL)
			return NULL;
		c->size = room;
		c->next = table->chunks;
		table->chunks = c;
	}
	c->used += need;
	return c->bytes + c->used - need;
}

static bool
table_text(struct rabbitmq_table *table, const char **text)
{
	size_t len;
	char *copy;

	if (*text == NULL)
		return true;
	len = strlen(*text);
	copy = table_alloc(table, len + 1);
	if (copy == NULL)
		return false;
	memcpy(copy, *text, len);
	*text = copy;
	return true;
}

void
rabbitmq__table_clear(struct rabbitmq_table *table)
{
	struct rabbitmq_chunk *chunk;

	while (table->chunks != NULL) {
		chunk = table->chunks;
		table->chunks = chunk->next;
		free(chunk);
	}
	if (table->count > 0)
		memset(table->cells, 0, table->cap * sizeof(*table->cells));
	table->first = table->last = NULL;
	table->count = 0;
}

void
rabbitmq__table_fini(struct rabbitmq_table *table)
{
	rabbitmq__table_clear(table);
	free(table->cells);
	memset(table, 0, sizeof(*table));
}

static struct sst_hash
table_key(const char *vhost, const char *name)
{
	return sst_hash_mix(sst_hash_bytes(vhost, strlen(vhost)),
	    sst_hash_bytes(name, strlen(name)));
}

/* Where the cell of that key is or would go. */
static struct rabbitmq_cell **
table_slot(const struct rabbitmq_table *table, struct sst_hash key)
{
	size_t mask = table->cap - 1;
	size_t i = (size_t)key.low & mask;

	while (table->cells[i] != NULL &&
	       !sst_hash_equal(table->cells[i]->key, key))
		i = (i + 1) & mask;
	return &table->cells[i];
}

static bool
table_grow(struct rabbitmq_table *table)
{
	struct rabbitmq_table wide = *table;
	size_t i;

	wide.cap = table->cap == 0 ? TABLE_MIN : table->cap * 2;
	wide.cells = calloc(wide.cap, sizeof(*wide.cells));
	if (wide.cells == NULL)
		return false;
	for (i = 0; i < table->cap; i++) {
		if (table->cells[i] != NULL)
			*table_slot(&wide, table->cells[i]->key) =
			    table->cells[i];
	}
	free(table->cells);
	table->cells = wide.cells;
	table->cap = wide.cap;
	return true;
}

struct rabbitmq_cell *
rabbitmq__table_find(
    const struct rabbitmq_table *table, const char *vhost, const char *name)
{
	if (table->count == 0)
		return NULL;
	return *table_slot(table, table_key(vhost, name));
}

struct rabbitmq_cell *
rabbitmq__table_put(struct rabbitmq_table *table, const char *vhost,
    const char *name, bool *fresh_out)
{
	static const struct rabbitmq_row unknown = RABBITMQ_ROW_INIT;
	struct sst_hash key = table_key(vhost, name);
	struct rabbitmq_cell **slot, *cell;

	/* at most half full */
	if (table->count * 2 >= table->cap && !table_grow(table))
		return NULL;
	slot = table_slot(table, key);
	if (*slot != NULL) {
		*fresh_out = false;
		return *slot;
	}
	cell = table_alloc(table, sizeof(*cell));
	if (cell == NULL)
		return NULL;
	cell->key = key;
	cell->row = unknown;
	*slot = cell;
	if (table->last != NULL)
		table->last->next = cell;
	else
		table->first = cell;
	table->last = cell;
	table->count++;
	*fresh_out = true;
	return cell;
}

static bool
table_copy(struct rabbitmq_table *table, const struct rabbitmq_row *from,
    struct rabbitmq_row *to)
{
	struct rabbitmq_row row = *from;
	int64_t *levels;

	if (!table_text(table, &row.vhost) || !table_text(table, &row.name) ||
	    !table_text(table, &row.type) || !table_text(table, &row.state) ||
	    !table_text(table, &row.node) || !table_text(table, &row.policy) ||
	    !table_text(table, &row.dead_exchange) ||
	    !table_text(table, &row.dead_key))
		return false;
	if (row.level_count > 0) {
		levels =
		    table_alloc(table, row.level_count * sizeof(*row.levels));
		if (levels == NULL)
			return false;
		memcpy(
		    levels, row.levels, row.level_count * sizeof(*row.levels));
		row.levels = levels;
	}
	*to = row;
	return true;
}

struct rabbitmq_cell *
rabbitmq__table_keep(struct rabbitmq_table *table,
    const struct rabbitmq_row *row, bool *fresh_out)
{
	struct rabbitmq_cell *cell =
	    rabbitmq__table_put(table, row->vhost, row->name, fresh_out);

	if (cell == NULL || !*fresh_out)
		return cell;
	/* a cell without a name would be in the table for good */
	return table_copy(table, row, &cell->row) ? cell : NULL;
}
