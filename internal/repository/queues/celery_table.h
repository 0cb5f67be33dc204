/*
 * Where things are by the hash of their name. Borrows what it leads to. A table
 * belongs to one thread; zeroed memory is an empty one.
 */
#ifndef SST_REPOSITORY_QUEUES_CELERY_TABLE_H
#define SST_REPOSITORY_QUEUES_CELERY_TABLE_H

#include <stddef.h>

#include "model/entity.h"
#include "repository/queues/row.h"

struct celery_cell {
	struct sst_hash key;
	void *value; /* NULL: free */
};

struct celery_table {
	struct celery_cell *cells;
	size_t cap;
	size_t count;
};

struct sst_hash celery__hash(struct queue_text text);

/* What is there; NULL when nothing is. */
void *celery__table_find(const struct celery_table *table, struct sst_hash key);
/* Puts it there when nothing was; returns what is there now, NULL when memory
 * ran out. */
void *
celery__table_put(struct celery_table *table, struct sst_hash key, void *value);
/* Puts another one where one is. */
void celery__table_replace(
    struct celery_table *table, struct sst_hash key, void *value);
/* Keeps its memory. */
void celery__table_clear(struct celery_table *table);
void celery__table_fini(struct celery_table *table);

#endif
