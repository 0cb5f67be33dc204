/*
 * The messages of tasks that workers have taken. A message does not change
 * while it is there: each is read once.
 */
#include <stdlib.h>

#include "repository/queues/celery_priv.h"

struct taken {
	struct celery_read *read;
	struct celery *c;
	struct celery_entry **todo;
	size_t count;
};

static void
send_taken(void *ctx, struct sst_redis *redis, size_t i)
{
	struct taken *t = ctx;
	const char *prefix = t->c->set.prefix != NULL ? t->c->set.prefix : "";
	struct queue_text tag = t->todo[i]->tag;

	sst_redis_command(redis, "HGET %s%s %b", prefix, t->c->set.unacked_key,
	    tag.data, tag.len);
}

/* What it is and whose; *reason_out when it cannot be told. */
static int
entry_read(struct celery *c, struct celery_entry *entry,
    const struct sst_redis_item *item, const char **reason_out,
    struct sst_error *err)
{
	struct celery_message message;
	struct celery_taken taken;
	struct queue_text name;
	int code = celery__parse_taken(
	    item->data, item->len, &entry->pool, &taken, reason_out);

	if (code != SST_OK)
		return code;
	name = celery__route(c, taken.exchange, taken.routing_key);
	if (name.data == NULL)
		name = taken.routing_key;
	code = celery__queue(c, name, &entry->queue, err);
	if (code != SST_OK)
		return code;
	code = celery__parse_message(&taken.message, c->set.depends_on,
	    &entry->pool, &message, reason_out);
	if (code == SST_OK)
		code = celery__row(&message, &entry->pool, &entry->row);
	return code;
}

static int
take_taken(
    void *ctx, size_t i, struct sst_redis_walk *reply, struct sst_error *err)
{
	struct taken *t = ctx;
	struct celery_entry *entry = t->todo[i];
	const char *reason = NULL;
	struct sst_redis_item item;
	struct sst_error why;
	int code;

	if (!sst_redis_next(reply, &item))
		return SST_OK;
	code = sst_redis_item_check(&item, "HGET", &why);
	if (code != SST_OK) {
		t->read->taken_whole = false;
		celery__flaw(t->read, CELERY_PART_UNACKED, code, "%s: %s",
		    t->c->set.unacked_key, why.text);
		return SST_OK;
	}
	if (item.data == NULL) /* done since */
		return SST_OK;
	entry->read = true;
	code = entry_read(t->c, entry, &item, &reason, err);
	if (code == SST_NOMEM)
		return sst_error_nomem(err);
	if (code != SST_OK)
		entry->bad_reason = reason;
	return SST_OK;
}

static void
large_taken(void *ctx, size_t i)
{
	struct taken *t = ctx;

	t->todo[i]->read = true;
	t->todo[i]->bad_reason =
	    "a message larger than max_upstream_body_bytes";
}

/* In order of taking; one that cannot be told is left out by name. */
static void
taken_sort_out(struct taken *t)
{
	struct celery_queue *queue;
	struct celery_entry *entry;
	size_t i;

	for (i = 0; i < t->c->queue_count; i++) {
		queue = t->c->queues[i];
		queue->first = queue->last = NULL;
		queue->taken = queue->delayed = 0;
	}
	for (i = 0; i < t->c->entry_count; i++) {
		entry = t->c->entries[i];
		if (entry->bad_reason != NULL)
			sst_draft_reject(
			    t->read->out, "/unacked", entry->bad_reason);
		queue = entry->queue;
		if (queue == NULL)
			continue;
		entry->next = NULL;
		if (queue->first == NULL)
			queue->first = entry;
		else
			queue->last->next = entry;
		queue->last = entry;
		if (entry->row.has_priority &&
		    celery__step(t->c, entry->row.priority) != 0)
			queue->prioritized = true;
		if (celery__waits_for_time(t->read, &entry->row))
			queue->delayed++;
		else
			queue->taken++;
	}
}

int
celery__step_taken(struct celery_read *read, struct sst_error *err)
{
	struct taken t = {.read = read, .c = read->c};
	struct celery_batch batch = {.redis = read->c->redis,
	    .deadline = read->req->deadline,
	    .send = send_taken,
	    .take = take_taken,
	    .large = large_taken,
	    .ctx = &t};
	size_t i;
	int code;

	t.todo = calloc(read->c->entry_count + 1, sizeof(*t.todo));
	if (t.todo == NULL)
		return sst_error_nomem(err);
	for (i = 0; i < read->c->entry_count; i++) {
		if (!read->c->entries[i]->read)
			t.todo[t.count++] = read->c->entries[i];
	}
	batch.count = t.count;
	code = celery__batch(&batch, err);
	if (code == SST_OK)
		taken_sort_out(&t);
	free(t.todo);
	return code;
}
