/*
 * Memory for the texts of one reading, given back all at once. A pool belongs
 * to one thread; zeroed memory is an empty one.
 */
#ifndef SST_REPOSITORY_QUEUES_CELERY_POOL_H
#define SST_REPOSITORY_QUEUES_CELERY_POOL_H

#include <stddef.h>

#include "repository/queues/row.h"

struct celery_pool_block;

struct celery_pool {
	struct celery_pool_block *last;
	size_t used; /* of the last block */
};

/* Zeroed, aligned for any struct; NULL when memory ran out. */
void *celery__pool_take(struct celery_pool *pool, size_t len);

/* Copies the text; false when memory ran out. */
bool celery__pool_keep(struct celery_pool *pool, struct queue_text *text);

/* Gives all of it back; the pool is empty and usable. */
void celery__pool_fini(struct celery_pool *pool);

#endif
