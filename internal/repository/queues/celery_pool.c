#include "repository/queues/celery_pool.h"

#include <stdlib.h>
#include <string.h>

enum { POOL_BLOCK = 16 * 1024, POOL_ALIGN = sizeof(void *) };

struct celery_pool_block {
	struct celery_pool_block *before;
	size_t size;
	char bytes[];
};

void *
celery__pool_take(struct celery_pool *pool, size_t len)
{
	size_t want = (len + POOL_ALIGN - 1) / POOL_ALIGN * POOL_ALIGN;
	size_t size = want > POOL_BLOCK ? want : POOL_BLOCK;
	struct celery_pool_block *block = pool->last;
	void *taken;

	if (block == NULL || block->size - pool->used < want) {
		block = malloc(sizeof(*block) + size);
		if (block == NULL)
			return NULL;
		block->before = pool->last;
		block->size = size;
		pool->last = block;
		pool->used = 0;
	}
	taken = block->bytes + pool->used;
	pool->used += want;
	memset(taken, 0, want);
	return taken;
}

bool
celery__pool_keep(struct celery_pool *pool, struct queue_text *text)
{
	char *copy;

	if (text->data == NULL)
		return true;
	copy = celery__pool_take(pool, text->len + 1);
	if (copy == NULL)
		return false;
	memcpy(copy, text->data, text->len);
	text->data = copy;
	return true;
}

void
celery__pool_fini(struct celery_pool *pool)
{
	struct celery_pool_block *block;

	while ((block = pool->last) != NULL) {
		pool->last = block->before;
		free(block);
	}
	pool->used = 0;
}
