/*
 * The queues of one collection by name, with what the server said of each: what
 * is the same at the next collection need not be made again. One thread.
 */
#ifndef SST_REPOSITORY_QUEUES_SQL_TABLE_H
#define SST_REPOSITORY_QUEUES_SQL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "repository/postgres/postgres.h"
#include "repository/queues/sql_parse.h"

struct sql_found {
	size_t at, len; /* its row in the table's bytes */
	uint64_t hash;  /* of all its rows */
	bool built;     /* it is in the draft */
	bool whole;     /* nothing of it was left out */
	bool waits;     /* a task of it waits for another one */
	int64_t total;
};

struct sql_table {
	struct sst_buf bytes;
	struct sql_found *queues;
	size_t count, cap;
};

/* Values one after the other, so that they can be kept and hashed. Memory:
 * sst_buf_failed(out). */
void sql__pack(
    const struct sst_postgres_value *values, size_t count, struct sst_buf *out);
/* Reads count values; the bytes behind them, NULL at the end. */
const char *sql__unpack(const char *from, const char *end,
    struct sst_postgres_value *values, size_t count);

/* SST_NOMEM. */
int sql__table_add(struct sql_table *table,
    const struct sst_postgres_value *values, int64_t total);
/* Once all are added. */
void sql__table_sort(struct sql_table *table);
struct sql_found *
sql__table_find(const struct sql_table *table, const char *name);
/* The values of a queue, borrowed. */
void sql__table_values(const struct sql_table *table,
    const struct sql_found *found, struct sst_postgres_value *values);
void sql__table_clear(struct sql_table *table);
void sql__table_fini(struct sql_table *table);

#endif
