/*
 * Figures by queue: joins what the broker tells in several answers. Keys are
 * hashes of (vhost, name), so a queue costs one cell whatever its name.
 * Belongs to one thread.
 */
#ifndef SST_REPOSITORY_QUEUES_RABBITMQ_TABLE_H
#define SST_REPOSITORY_QUEUES_RABBITMQ_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/entity.h"
#include "repository/queues/rabbitmq_parse.h"

struct rabbitmq_cell {
	struct sst_hash key;
	bool used;
	/* Borrowed strings of the row are NULL here. */
	struct rabbitmq_row row;
};

struct rabbitmq_table {
	struct rabbitmq_cell *cells;
	size_t cap; /* a power of two, or 0 */
	size_t count;
};

void rabbitmq__table_fini(struct rabbitmq_table *table);
/* Forgets the cells, keeps the memory. */
void rabbitmq__table_clear(struct rabbitmq_table *table);
/* The cell of that queue, or NULL; valid until the next put. */
struct rabbitmq_cell *rabbitmq__table_find(
    const struct rabbitmq_table *table, const char *vhost, const char *name);
/*
 * The cell of that queue, made if need be (fresh_out then true) with every
 * figure unknown; NULL when memory ran out. Valid until the next put.
 */
struct rabbitmq_cell *rabbitmq__table_put(struct rabbitmq_table *table,
    const char *vhost, const char *name, bool *fresh_out);

#endif
