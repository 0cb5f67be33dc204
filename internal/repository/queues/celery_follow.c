/*
 * Who waits for whom: the next ones of a chain and the end of a chord stand in
 * the bodies of the tasks they wait for, and in no queue yet.
 */
#include <string.h>

#include "repository/queues/celery_priv.h"

/* A task that is in a queue, by its id. */
struct seen {
	struct celery_queue *queue;
	enum queue_status status;
};

struct follow {
	struct celery_read *read;
	struct celery *c;
	bool nomem;
};

typedef void each_fn(struct follow *f, struct celery_queue *queue,
    const struct celery_row *row, enum queue_status status);

static void
each_row(struct follow *f, each_fn *fn)
{
	struct celery_queue *queue;
	struct celery_entry *entry;
	struct celery_list *list;
	size_t i, k, n;

	for (i = 0; i < f->c->queue_count && !f->nomem; i++) {
		queue = f->c->queues[i];
		for (entry = queue->first; entry != NULL; entry = entry->next) {
			if (entry->row.id.data != NULL && !entry->row.twin)
				fn(f, queue, &entry->row,
				    celery__entry_status(f->read, entry));
		}
		for (k = 0; k < f->c->step_count; k++) {
			list = &queue->lists[k];
			for (n = 0; n < list->count && !f->nomem; n++) {
				if (!list->rows[n].twin &&
				    list->rows[n].id.data != NULL)
					fn(f, queue, &list->rows[n],
					    celery__row_status(
						f->read, &list->rows[n]));
			}
		}
	}
}

static void
remember(struct follow *f, struct celery_queue *queue,
    const struct celery_row *row, enum queue_status status)
{
	struct seen *seen = celery__pool_take(&f->c->scratch, sizeof(*seen));

	if (seen != NULL)
		*seen = (struct seen){queue, status};
	f->nomem = seen == NULL || celery__table_put(&f->c->seen,
				       celery__hash(row->id), seen) == NULL;
}

/* Where it will go; where that is not told, to the queue of the task that
 * submits it. */
static struct celery_queue *
next_queue(struct follow *f, const struct celery_row *row,
    const struct celery_next *next, struct celery_queue *owner)
{
	struct celery_queue *queue = NULL;
	struct seen *seen;

	for (;;) {
		seen = celery__table_find(&f->c->seen, celery__hash(next->id));
		if (seen != NULL)
			return seen->queue;
		if (next->queue.data != NULL)
			queue = celery__table_find(
			    &f->c->by_name, celery__hash(next->queue));
		if (queue != NULL || next->after < 0)
			return queue != NULL ? queue : owner;
		next = &row->next[next->after];
	}
}

static struct celery_virtual *
virtual_new(struct follow *f, const struct celery_next *next,
    struct celery_queue *queue)
{
	struct celery_virtual *v =
	    celery__pool_take(&f->c->scratch, sizeof(*v));

	if (v == NULL || celery__table_put(
			     &f->c->nexts, celery__hash(next->id), v) == NULL) {
		f->nomem = true;
		return NULL;
	}
	v->queue = queue;
	v->id = next->id;
	v->type = next->type;
	if (queue->virtuals == NULL)
		queue->virtuals = v;
	else
		queue->virtual_last->next = v;
	queue->virtual_last = v;
	return v;
}

/* Why the follower waits: for the task that tells of it, or for another
 * follower before it. */
static struct queue_blocker
next_blocker(struct follow *f, const struct celery_row *row,
    const struct celery_next *next, struct celery_queue *owner,
    enum queue_status status)
{
	struct queue_blocker blocker = {
	    .id = row->id, .queue = owner->name, .status = status};
	const struct celery_next *before;
	struct seen *seen;

	if (next->after < 0)
		return blocker;
	before = &row->next[next->after];
	seen = celery__table_find(&f->c->seen, celery__hash(before->id));
	blocker.id = before->id;
	blocker.queue = next_queue(f, row, before, owner)->name;
	blocker.status = seen != NULL ? seen->status : QUEUE_BLOCKED;
	return blocker;
}

/* Each once: several tasks may tell of the same one. */
static void
virtual_block(struct celery_virtual *v, const struct queue_blocker *blocker)
{
	size_t i;

	for (i = 0; i < v->blocker_count; i++) {
		if (v->blockers[i].id.len == blocker->id.len &&
		    memcmp(v->blockers[i].id.data, blocker->id.data,
			blocker->id.len) == 0)
			return;
	}
	if (v->blocker_count < CELERY_BLOCKERS_MAX)
		v->blockers[v->blocker_count++] = *blocker;
}

static void
follow_row(struct follow *f, struct celery_queue *queue,
    const struct celery_row *row, enum queue_status status)
{
	const struct celery_next *next;
	struct queue_blocker blocker;
	struct celery_virtual *v;
	size_t i;

	for (i = 0; i < row->next_count && !f->nomem; i++) {
		next = &row->next[i];
		/* it was submitted meanwhile */
		if (celery__table_find(&f->c->seen, celery__hash(next->id)) !=
		    NULL)
			continue;
		v = celery__table_find(&f->c->nexts, celery__hash(next->id));
		if (v == NULL)
			v = virtual_new(
			    f, next, next_queue(f, row, next, queue));
		if (v == NULL)
			continue;
		blocker = next_blocker(f, row, next, queue, status);
		virtual_block(v, &blocker);
	}
}

static void
has_next(struct follow *f, struct celery_queue *queue,
    const struct celery_row *row, enum queue_status status)
{
	(void)queue;
	(void)status;
	if (row->next_count > 0 || row->waits_count > 0)
		f->read->follows = true;
}

size_t
celery__waits_for(const struct celery *c, const struct celery_row *row,
    struct queue_blocker out[CELERY_BLOCKERS_MAX])
{
	struct seen *seen;
	size_t i, count = 0;

	for (i = 0; i < row->waits_count; i++) {
		seen = celery__table_find(
		    &c->seen, celery__hash(row->waits_for[i]));
		out[count++] = (struct queue_blocker){.id = row->waits_for[i],
		    .queue = seen != NULL ? seen->queue->name : QUEUE_TEXT_NONE,
		    .status =
			seen != NULL ? seen->status : QUEUE_STATUS_UNKNOWN};
	}
	return count;
}

int
celery__follow(struct celery_read *read, struct sst_error *err)
{
	struct follow f = {.read = read, .c = read->c};
	size_t i;

	celery__table_clear(&f.c->seen);
	celery__table_clear(&f.c->nexts);
	for (i = 0; i < f.c->queue_count; i++)
		f.c->queues[i]->virtuals = NULL;
	each_row(&f, has_next);
	if (!read->follows)
		return SST_OK;
	each_row(&f, remember);
	if (!f.nomem)
		each_row(&f, follow_row);
	return f.nomem ? sst_error_nomem(err) : SST_OK;
}
