/*
 * Numbers by hash: finds a queue by its name, a job by its key. Belongs to one
 * thread.
 */
#ifndef SST_REPOSITORY_QUEUES_BULLMQ_TABLE_H
#define SST_REPOSITORY_QUEUES_BULLMQ_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/entity.h"

struct bullmq_cell {
	struct sst_hash key;
	uint32_t a, b;
	bool used;
};

struct bullmq_table {
	struct bullmq_cell *cells;
	size_t cap; /* a power of two, or 0 */
	size_t count;
};

void bullmq__table_fini(struct bullmq_table *table);
/* Forgets the cells, keeps the memory. */
void bullmq__table_clear(struct bullmq_table *table);
/* NULL when it is not there; valid until the next put. */
const struct bullmq_cell *
bullmq__table_find(const struct bullmq_table *table, struct sst_hash key);
/* The first of a key stays. False when memory ran out. */
bool bullmq__table_put(
    struct bullmq_table *table, struct sst_hash key, uint32_t a, uint32_t b);

#endif
