/* Memory of a collection: tables, arrays, bytes. */
#include <stdlib.h>
#include <string.h>

#include "repository/queues/rq_priv.h"

void
rq__table_fini(struct rq_table *table)
{
	free(table->cells);
	memset(table, 0, sizeof(*table));
}

void
rq__table_clear(struct rq_table *table)
{
	if (table->count > 0)
		memset(table->cells, 0, table->cap * sizeof(*table->cells));
	table->count = 0;
}

/* The cell of the key, or the free one where it would be. */
static struct rq_cell *
table_cell(const struct rq_table *table, struct sst_hash key)
{
	size_t i = key.low & (table->cap - 1);

	while (table->cells[i].value != 0 &&
	       !sst_hash_equal(table->cells[i].key, key))
		i = (i + 1) & (table->cap - 1);
	return &table->cells[i];
}

int64_t
rq__table_find(const struct rq_table *table, struct sst_hash key)
{
	if (table->count == 0)
		return -1;
	return (int64_t)table_cell(table, key)->value - 1;
}

static bool
table_grow(struct rq_table *table)
{
	struct rq_table more = {.cap = table->cap > 0 ? table->cap * 2 : 256};
	size_t i;

	more.cells = calloc(more.cap, sizeof(*more.cells));
	if (more.cells == NULL)
		return false;
	for (i = 0; i < table->cap; i++) {
		if (table->cells[i].value != 0)
			*table_cell(&more, table->cells[i].key) =
			    table->cells[i];
	}
	more.count = table->count;
	free(table->cells);
	*table = more;
	return true;
}

bool
rq__table_put(struct rq_table *table, struct sst_hash key, uint32_t value)
{
	struct rq_cell *cell;

	if (table->count * 2 >= table->cap && !table_grow(table))
		return false;
	cell = table_cell(table, key);
	table->count += cell->value == 0;
	*cell = (struct rq_cell){.key = key, .value = value + 1};
	return true;
}

bool
rq__grow(void **array, size_t *cap, size_t count, size_t size)
{
	size_t more = *cap > 0 ? *cap * 2 : 64;
	void *larger;

	if (count < *cap)
		return true;
	larger = reallocarray(*array, more, size);
	if (larger == NULL)
		return false;
	*array = larger;
	*cap = more;
	return true;
}

bool
rq__keep_bytes(struct rq *rq, const char *bytes, size_t len, size_t *at_out)
{
	if (len > rq->max_bytes || rq->ids.len > rq->max_bytes - len)
		return false;
	*at_out = rq->ids.len;
	sst_buf_add(&rq->ids, bytes, len);
	return !sst_buf_failed(&rq->ids);
}
