/*
 * The waiting tasks. A list is only added to at one end and taken from at the
 * other, and each message is another one: when its length and both ends are
 * what they were, so is all of it, and it is not read again.
 */
#include <stdlib.h>
#include <string.h>

#include "repository/queues/celery_priv.h"

/* When nothing is known of its messages. */
enum { TYPICAL_BYTES = 1024 };
/* What a value in a reply takes besides its bytes. */
enum { VALUE_BYTES = 64 };

struct lists {
	struct celery_read *read;
	struct celery *c;
	struct celery_list **todo; /* windows to read */
	size_t count;
};

static struct celery_list *
list_at(const struct celery *c, size_t i)
{
	return &c->queues[i / c->step_count]->lists[i % c->step_count];
}

static void
list_fail(struct celery_read *read, struct celery_list *list, int code,
    const char *why)
{
	celery__list_drop(list);
	list->code = code;
	list->probed = 0;
	list->len = QUEUE_UNKNOWN;
	celery__flaw(read, CELERY_PART_QUEUES, code, "%s: %s",
	    list->queue->name.data, why);
}

/* LLEN, the newest, the next one. */
enum { PROBE_LENGTH, PROBE_NEWEST, PROBE_NEXT, PROBES };

static void
send_probe(void *ctx, struct sst_redis *redis, size_t i)
{
	struct lists *l = ctx;
	struct celery_list *list = list_at(l->c, i / PROBES);
	const struct queue_text *key = &list->key;

	if (i % PROBES == PROBE_LENGTH ||
	    sst_mono_before(l->read->req->now, list->probe_due))
		sst_redis_command(redis, "LLEN %b", key->data, key->len);
	else
		sst_redis_command(redis, "LINDEX %b %d", key->data, key->len,
		    i % PROBES == PROBE_NEWEST ? 0 : -1);
}

static void
take_length(struct lists *l, struct celery_list *list,
    const struct sst_redis_item *item)
{
	struct sst_error why;
	int code = sst_redis_item_check(item, "LLEN", &why);

	list->code = SST_OK;
	list->probe = (struct celery_probe){.whole = true};
	if (code != SST_OK) {
		list_fail(l->read, list, code, why.text);
		return;
	}
	list->probed = item->integer > 0 ? item->integer : 0;
	list->len = list->probe.len = list->probed;
	if (list->probed > 0 && list->step != 0)
		list->queue->prioritized = true;
}

static int
take_probe(
    void *ctx, size_t i, struct sst_redis_walk *reply, struct sst_error *err)
{
	struct lists *l = ctx;
	struct celery_list *list = list_at(l->c, i / PROBES);
	struct sst_redis_item item;

	(void)err;
	if (!sst_redis_next(reply, &item))
		return SST_OK;
	if (i % PROBES == PROBE_LENGTH) {
		take_length(l, list, &item);
		return SST_OK;
	}
	if (item.type != REDIS_REPLY_STRING) {
		list->probe.whole = list->probe.whole && list->probed == 0;
		return SST_OK;
	}
	if (i % PROBES == PROBE_NEWEST)
		list->probe.newest = sst_hash_bytes(item.data, item.len);
	else
		list->probe.next = sst_hash_bytes(item.data, item.len);
	if (item.len > list->typical)
		list->typical = item.len;
	return SST_OK;
}

static void
large_probe(void *ctx, size_t i)
{
	struct lists *l = ctx;
	struct celery_list *list = list_at(l->c, i / PROBES);

	list->probe.whole = false;
	list->probe_due = sst_mono_add_ms(l->read->req->now, CELERY_AGAIN_MS);
}

/* Room for the bytes of one window. */
static size_t
window_bytes(const struct celery *c)
{
	return c->max_bytes < CELERY_WINDOW_BYTES ? c->max_bytes
						  : CELERY_WINDOW_BYTES;
}

static size_t
window_fits(const struct celery *c, const struct celery_list *list)
{
	size_t each =
	    (list->typical > 0 ? list->typical : TYPICAL_BYTES) + VALUE_BYTES;
	size_t fits = window_bytes(c) / each;

	return fits > 0 ? fits : 1;
}

/* What is in the list is not what was too large. */
static void
list_hope(struct celery_list *list)
{
	if (list->limit == SIZE_MAX || list->limit_mark.len == list->probe.len)
		return;
	list->limit =
	    list->limit < SIZE_MAX / 16 ? list->limit * 8 + 1 : SIZE_MAX;
	list->limit_mark = list->probe;
}

/* How much of each list of the queue is wanted: the head of what is taken
 * next, over all priorities. */
static void
queue_wants(struct celery *c, struct celery_queue *queue)
{
	size_t left = (size_t)c->set.max_tasks, i;
	struct celery_list *list;

	for (i = 0; i < c->step_count; i++) {
		list = &queue->lists[i];
		list_hope(list);
		list->want =
		    (uint64_t)list->probed < left ? (size_t)list->probed : left;
		left -= list->want;
		if (list->want > window_fits(c, list))
			list->want = window_fits(c, list);
		if (list->want > list->limit)
			list->want = list->limit;
	}
}

/* The windows that are to be read. */
static bool
lists_plan(struct lists *l)
{
	size_t i, all = l->c->queue_count * l->c->step_count;
	struct celery_list *list;

	l->todo = calloc(all + 1, sizeof(*l->todo));
	if (l->todo == NULL)
		return false;
	for (i = 0; i < l->c->queue_count; i++)
		queue_wants(l->c, l->c->queues[i]);
	for (i = 0; i < all; i++) {
		list = list_at(l->c, i);
		if (list->code == SST_OK &&
		    celery__window_due(list, l->read->req->now))
			l->todo[l->count++] = list;
	}
	return true;
}

/* With the last one that is known, to see that the list did not move on. */
static void
send_window(void *ctx, struct sst_redis *redis, size_t i)
{
	struct lists *l = ctx;
	const struct celery_list *list = l->todo[i];

	sst_redis_command(redis, "LRANGE %b -%llu -%llu", list->key.data,
	    list->key.len, (unsigned long long)list->want,
	    (unsigned long long)(list->count > 0 ? list->count : 1));
}

static int
take_window(
    void *ctx, size_t i, struct sst_redis_walk *reply, struct sst_error *err)
{
	struct lists *l = ctx;
	struct celery_list *list = l->todo[i];
	struct sst_redis_item item;
	struct sst_error why;
	bool whole, anew;
	int code;

	if (!sst_redis_next(reply, &item))
		return SST_OK;
	code = sst_redis_item_check(&item, "LRANGE", &why);
	if (code != SST_OK) {
		list_fail(l->read, list, code, why.text);
		l->todo[i] = NULL;
		return SST_OK;
	}
	anew = list->count == 0;
	code = celery__window_take(
	    l->c, list, reply, (size_t)item.integer, &whole);
	if (code != SST_OK)
		return sst_error_nomem(err);
	if (whole && anew)
		list->whole_at = l->read->req->now;
	if (whole)
		l->todo[i] = NULL;
	return SST_OK;
}

static void
large_window(void *ctx, size_t i)
{
	struct lists *l = ctx;
	struct celery_list *list = l->todo[i];

	celery__list_drop(list);
	list->limit = list->want / (list->want > 8 ? 8 : 2);
	list->limit_mark = list->probe;
	list->want = list->limit;
	if (list->want == 0)
		l->todo[i] = NULL;
}

/* Reads what is planned; what was too large or moved on once more. */
static int
lists_read(struct lists *l, struct sst_error *err)
{
	struct celery_batch batch = {.redis = l->c->redis,
	    .deadline = l->read->req->deadline,
	    .send = send_window,
	    .take = take_window,
	    .large = large_window,
	    .ctx = l};
	size_t i, again;
	int code = SST_OK;

	while (code == SST_OK && l->count > 0) {
		batch.count = l->count;
		code = celery__batch(&batch, err);
		for (i = 0, again = 0; code == SST_OK && i < l->count; i++) {
			if (l->todo[i] != NULL)
				l->todo[again++] = l->todo[i];
		}
		l->count = again;
	}
	return code;
}

static void
list_tell_bad(
    struct lists *l, const struct celery_list *list, struct sst_buf *where)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		if (list->rows[i].bad_reason == NULL)
			continue;
		sst_buf_clear(where);
		sst_buf_addf(where, "/%s/%zu", list->queue->name.data, i);
		sst_draft_reject(l->read->out,
		    sst_buf_failed(where) ? "/" : where->data,
		    list->rows[i].bad_reason);
	}
}

/* What is told at every collection, also when nothing was read. */
static void
lists_tell_flaws(struct lists *l)
{
	size_t i, all = l->c->queue_count * l->c->step_count;
	struct celery_list *list;
	struct sst_buf where = SST_BUF_INIT;

	for (i = 0; i < all; i++) {
		list = list_at(l->c, i);
		if (list->limit < (size_t)l->c->set.max_tasks &&
		    list->probed > (int64_t)list->count && list->code == SST_OK)
			celery__flaw(l->read, CELERY_PART_QUEUES, SST_TOO_LARGE,
			    "%s: a message is larger than "
			    "max_upstream_body_bytes",
			    list->queue->name.data);
		if (list->bad > 0)
			list_tell_bad(l, list, &where);
	}
	sst_buf_fini(&where);
}

int
celery__step_lists(struct celery_read *read, struct sst_error *err)
{
	struct lists l = {.read = read, .c = read->c};
	struct celery_batch probes = {.redis = read->c->redis,
	    .deadline = read->req->deadline,
	    .count = read->c->queue_count * read->c->step_count * PROBES,
	    .send = send_probe,
	    .take = take_probe,
	    .large = large_probe,
	    .ctx = &l};
	int code = celery__batch(&probes, err);

	if (code == SST_OK && !lists_plan(&l))
		code = sst_error_nomem(err);
	if (code == SST_OK)
		code = lists_read(&l, err);
	if (code == SST_OK)
		lists_tell_flaws(&l);
	free(l.todo);
	return code;
}
