#include "repository/queues/sql_table.h"

#include <stdlib.h>
#include <string.h>

/* Length of SQL's null. */
#define PACK_NULL UINT32_MAX

void
sql__pack(
    const struct sst_postgres_value *values, size_t count, struct sst_buf *out)
{
	uint32_t len;
	size_t i;

	for (i = 0; i < count; i++) {
		len = values[i].data != NULL ? (uint32_t)values[i].len
					     : PACK_NULL;
		sst_buf_add(out, &len, sizeof(len));
		/* with its NUL */
		if (values[i].data != NULL)
			sst_buf_add(out, values[i].data, values[i].len + 1);
	}
}

const char *
sql__unpack(const char *from, const char *end,
    struct sst_postgres_value *values, size_t count)
{
	uint32_t len;
	size_t i;

	for (i = 0; i < count; i++) {
		if ((size_t)(end - from) < sizeof(len))
			return NULL;
		memcpy(&len, from, sizeof(len));
		from += sizeof(len);
		values[i] = (struct sst_postgres_value){NULL, 0};
		if (len == PACK_NULL)
			continue;
		values[i] = (struct sst_postgres_value){from, len};
		from += len + 1;
	}
	return from;
}

int
sql__table_add(
    struct sql_table *t, const struct sst_postgres_value *values, int64_t total)
{
	struct sql_found *more;
	size_t cap, at = t->bytes.len;

	if (t->count == t->cap) {
		cap = t->cap == 0 ? 64 : t->cap * 2;
		more = realloc(t->queues, cap * sizeof(*more));
		if (more == NULL)
			return SST_NOMEM;
		t->queues = more;
		t->cap = cap;
	}
	sql__pack(values, SQL_QUEUE_COLUMNS, &t->bytes);
	if (sst_buf_failed(&t->bytes))
		return SST_NOMEM;
	t->queues[t->count++] = (struct sql_found){
	    .at = at, .len = t->bytes.len - at, .total = total};
	return SST_OK;
}

static const char *
table_name(const struct sql_table *t, const struct sql_found *found)
{
	/* the name is the first value, never null */
	return t->bytes.data + found->at + sizeof(uint32_t);
}

static int
table_compare(const void *a, const void *b, void *table)
{
	return strcmp(table_name(table, a), table_name(table, b));
}

void
sql__table_sort(struct sql_table *t)
{
	if (t->count > 1)
		qsort_r(
		    t->queues, t->count, sizeof(*t->queues), table_compare, t);
}

struct sql_found *
sql__table_find(const struct sql_table *t, const char *name)
{
	size_t low = 0, high = t->count, mid;
	int c;

	while (low < high) {
		mid = low + (high - low) / 2;
		c = strcmp(table_name(t, &t->queues[mid]), name);
		if (c == 0)
			return &t->queues[mid];
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

void
sql__table_values(const struct sql_table *t, const struct sql_found *found,
    struct sst_postgres_value *values)
{
	const char *from = t->bytes.data + found->at;

	sql__unpack(from, from + found->len, values, SQL_QUEUE_COLUMNS);
}

void
sql__table_clear(struct sql_table *t)
{
	sst_buf_clear(&t->bytes);
	t->count = 0;
}

void
sql__table_fini(struct sql_table *t)
{
	sst_buf_fini(&t->bytes);
	free(t->queues);
	memset(t, 0, sizeof(*t));
}
