/* The queues that are known, and who receives what. */
#include <stdlib.h>
#include <string.h>

#include "repository/queues/celery_priv.h"

static bool
text_equal(struct queue_text a, struct queue_text b)
{
	return a.len == b.len &&
	       (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static void
queue_free(struct celery_queue *queue, size_t steps)
{
	size_t i;

	if (queue == NULL)
		return;
	for (i = 0; queue->lists != NULL && i < steps; i++) {
		celery__list_fini(&queue->lists[i]);
		free((char *)(uintptr_t)queue->lists[i].key.data);
	}
	free(queue->lists);
	free((char *)(uintptr_t)queue->name.data);
	free(queue);
}

/* PREFIX QUEUE, and for another priority than the first SEPARATOR STEP. */
static bool
list_name(
    const struct celery *c, struct celery_list *list, struct queue_text name)
{
	struct sst_buf key = SST_BUF_INIT;

	sst_buf_adds(&key, c->set.prefix != NULL ? c->set.prefix : "");
	sst_buf_add(&key, name.data, name.len);
	if (list->step != 0)
		sst_buf_addf(&key, "%s%lld", c->sep, (long long)list->step);
	if (sst_buf_failed(&key)) {
		sst_buf_fini(&key);
		return false;
	}
	list->key.data = sst_buf_take(&key, &list->key.len);
	return list->key.data != NULL;
}

static struct celery_queue *
queue_new(const struct celery *c, struct queue_text name)
{
	struct celery_queue *queue = calloc(1, sizeof(*queue));
	char *copy = strndup(name.data, name.len);
	size_t i;

	if (queue == NULL || copy == NULL) {
		free(queue);
		free(copy);
		return NULL;
	}
	queue->name = (struct queue_text){copy, name.len};
	queue->lists = calloc(c->step_count, sizeof(*queue->lists));
	for (i = 0; queue->lists != NULL && i < c->step_count; i++) {
		queue->lists[i].queue = queue;
		queue->lists[i].step = c->steps[i];
		queue->lists[i].len = QUEUE_UNKNOWN;
		queue->lists[i].limit = SIZE_MAX;
		if (!list_name(c, &queue->lists[i], name))
			break;
	}
	if (queue->lists == NULL || i < c->step_count) {
		queue_free(queue, c->step_count);
		return NULL;
	}
	return queue;
}

static bool
queues_room(struct celery *c)
{
	size_t cap = c->queue_cap == 0 ? 64 : c->queue_cap * 2;
	struct celery_queue **more;

	if (c->queue_count < c->queue_cap)
		return true;
	more = realloc(c->queues, cap * sizeof(*more));
	if (more == NULL)
		return false;
	c->queues = more;
	c->queue_cap = cap;
	return true;
}

int
celery__queue(struct celery *c, struct queue_text name,
    struct celery_queue **out, struct sst_error *err)
{
	struct sst_hash key = celery__hash(name);
	struct celery_queue *queue = celery__table_find(&c->by_name, key);

	*out = queue;
	if (queue != NULL || name.len == 0 || celery__is_internal(name) ||
	    memchr(name.data, '\0', name.len) != NULL)
		return SST_OK;
	queue = queue_new(c, name);
	if (queue == NULL || !queues_room(c))
		goto nomem;
	if (!queue__picked(&c->set.pick, queue->name.data)) {
		queue_free(queue, c->step_count);
		return SST_OK;
	}
	if (celery__table_put(&c->by_name, key, queue) == NULL)
		goto nomem;
	queue->index = c->queue_count;
	c->queues[c->queue_count++] = queue;
	*out = queue;
	return SST_OK;
nomem:
	queue_free(queue, c->step_count);
	return sst_error_nomem(err);
}

void
celery__queues_sweep(struct celery *c)
{
	size_t i, kept = 0;

	for (i = 0; i < c->queue_count; i++)
		c->queues[i]->held = c->queues[i]->bound;
	for (i = 0; i < c->entry_count; i++) {
		if (c->entries[i]->queue != NULL)
			c->entries[i]->queue->held = true;
	}
	for (i = 0; i < c->queue_count; i++) {
		if (!c->queues[i]->held) {
			queue_free(c->queues[i], c->step_count);
			continue;
		}
		c->queues[kept] = c->queues[i];
		c->queues[kept]->index = kept;
		kept++;
	}
	if (kept == c->queue_count)
		return;
	c->queue_count = kept;
	/* there is room: it held more before */
	celery__table_clear(&c->by_name);
	for (i = 0; i < kept; i++)
		celery__table_put(&c->by_name, celery__hash(c->queues[i]->name),
		    c->queues[i]);
}

void
celery__queues_fini(struct celery *c)
{
	size_t i;

	for (i = 0; i < c->queue_count; i++)
		queue_free(c->queues[i], c->step_count);
	free(c->queues);
	celery__table_fini(&c->by_name);
}

struct queue_text
celery__route(const struct celery *c, struct queue_text exchange,
    struct queue_text routing_key)
{
	const struct celery_bound *found = NULL, *b;

	if (exchange.len == 0)
		return routing_key;
	for (b = c->bounds; b < c->bounds + c->bound_count; b++) {
		if (!text_equal(b->exchange, exchange) ||
		    !text_equal(b->routing_key, routing_key))
			continue;
		/* of several that received it, the one of that name */
		if (found == NULL || text_equal(b->queue, routing_key))
			found = b;
	}
	return found != NULL ? found->queue : QUEUE_TEXT_NONE;
}
