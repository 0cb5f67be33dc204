/*
 * Counts at one instant: how many wait in each list, and which tasks workers
 * have taken, in one transaction of reads. After the lists, so that a task that
 * was taken meanwhile is seen twice rather than not at all.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/queues/celery_priv.h"

struct cut {
	struct celery_read *read;
	struct celery *c;
	size_t lists;   /* LLEN of each, ZCARD, ZRANGE */
	size_t count;   /* of commands without MULTI and EXEC */
	bool multi;     /* with them */
	bool opened;    /* MULTI was allowed */
	bool answered;  /* EXEC gave answers, or there was no need for it */
	bool truncated; /* the index had more than was asked for */
};

static size_t
taken_max(const struct celery *c)
{
	/* a tag, a score and what they take in a reply */
	size_t fits = c->max_bytes / 512;

	return fits < CELERY_TAKEN_MAX ? fits + 1 : CELERY_TAKEN_MAX;
}

static void
prefixed(const struct celery *c, const char *name, struct sst_buf *out)
{
	sst_buf_adds(out, c->set.prefix != NULL ? c->set.prefix : "");
	sst_buf_adds(out, name);
}

static void
send_one(struct cut *cut, struct sst_redis *redis, size_t i)
{
	struct celery *c = cut->c;
	struct sst_buf key = SST_BUF_INIT;
	const struct celery_list *list;

	if (i < cut->lists) {
		list = &c->queues[i / c->step_count]->lists[i % c->step_count];
		sst_redis_command(
		    redis, "LLEN %b", list->key.data, list->key.len);
		return;
	}
	prefixed(c, c->set.unacked_index_key, &key);
	if (sst_buf_failed(&key))
		sst_redis_command(redis, "PING");
	else if (i == cut->lists)
		sst_redis_command(redis, "ZCARD %b", key.data, key.len);
	else
		sst_redis_command(redis, "ZRANGE %b 0 %llu WITHSCORES",
		    key.data, key.len, (unsigned long long)taken_max(c) - 1);
	sst_buf_fini(&key);
}

static void
send_cut(void *ctx, struct sst_redis *redis, size_t i)
{
	struct cut *cut = ctx;

	if (!cut->multi)
		send_one(cut, redis, i);
	else if (i == 0)
		sst_redis_command(redis, "MULTI");
	else if (i <= cut->count)
		send_one(cut, redis, i - 1);
	else
		sst_redis_command(redis, "EXEC");
}

static struct sst_wall
score_time(const char *text, size_t len)
{
	char copy[48], *end;
	double seconds;

	if (len == 0 || len >= sizeof(copy))
		return QUEUE_NEVER;
	memcpy(copy, text, len);
	copy[len] = '\0';
	seconds = strtod(copy, &end);
	if (*end != '\0' || !isfinite(seconds) || fabs(seconds) > 2e11)
		return QUEUE_NEVER;
	return (struct sst_wall){(int64_t)(seconds * 1000)};
}

void
celery__entry_free(struct celery_entry *entry)
{
	celery__pool_fini(&entry->pool);
	celery__pool_fini(&entry->told);
	free(entry);
}

static struct celery_entry *
entry_new(struct celery *c, struct queue_text tag, struct sst_hash key)
{
	size_t cap = c->entry_cap == 0 ? 64 : c->entry_cap * 2;
	struct celery_entry *entry, **more;

	if (c->entry_count == c->entry_cap) {
		more = realloc(c->entries, cap * sizeof(*more));
		if (more == NULL)
			return NULL;
		c->entries = more;
		c->entry_cap = cap;
	}
	entry = calloc(1, sizeof(*entry));
	if (entry == NULL)
		return NULL;
	entry->tag = tag;
	entry->key = key;
	if (!celery__pool_keep(&entry->pool, &entry->tag) ||
	    celery__table_put(&c->taken, key, entry) == NULL) {
		celery__entry_free(entry);
		return NULL;
	}
	c->entries[c->entry_count++] = entry;
	return entry;
}

/* Tag and score in turn. The same tag at another time is another entry. */
static int
take_index(struct cut *cut, struct sst_redis_walk *reply, size_t values,
    struct sst_error *err)
{
	struct sst_redis_item tag = {0}, score = {0};
	struct celery *c = cut->c;
	struct celery_entry *entry;
	struct sst_hash key;

	for (; values >= 2; values -= 2) {
		if (!sst_redis_next(reply, &tag) ||
		    !sst_redis_next(reply, &score))
			break;
		if (tag.data == NULL || score.data == NULL)
			continue;
		key = sst_hash_mix(sst_hash_bytes(tag.data, tag.len),
		    sst_hash_bytes(score.data, score.len));
		entry = celery__table_find(&c->taken, key);
		if (entry == NULL) {
			entry = entry_new(
			    c, (struct queue_text){tag.data, tag.len}, key);
			if (entry == NULL)
				return sst_error_nomem(err);
			entry->taken_at = score_time(score.data, score.len);
		}
		entry->turn = c->turn;
	}
	return SST_OK;
}

/* The answer to the i-th command, of a transaction or not. */
static int
take_one(struct cut *cut, size_t i, const struct sst_redis_item *item,
    struct sst_redis_walk *reply, struct sst_error *err)
{
	const char *what = i == cut->lists ? "ZCARD" : "ZRANGE";
	struct celery *c = cut->c;
	struct celery_list *list;
	struct sst_error why;
	int code;

	if (i < cut->lists) {
		list = &c->queues[i / c->step_count]->lists[i % c->step_count];
		if (item->type == REDIS_REPLY_INTEGER && list->code == SST_OK)
			list->len = item->integer;
		return SST_OK;
	}
	code = sst_redis_item_check(item, what, &why);
	if (code != SST_OK) {
		celery__flaw(cut->read, CELERY_PART_UNACKED, code, "%s: %s",
		    c->set.unacked_index_key, why.text);
		return SST_OK;
	}
	if (i == cut->lists) {
		cut->read->taken_total = item->integer;
		return SST_OK;
	}
	cut->read->taken_whole = true;
	return take_index(cut, reply, (size_t)item->integer, err);
}

static int
take_exec(struct cut *cut, struct sst_redis_walk *reply, struct sst_error *err)
{
	struct sst_redis_item item;
	struct sst_redis_walk from;
	size_t i;
	int code = SST_OK;

	if (!sst_redis_next(reply, &item) || item.type != REDIS_REPLY_ARRAY)
		return SST_OK;
	cut->answered = true;
	for (i = 0; code == SST_OK && i < cut->count; i++) {
		from = *reply;
		if (!sst_redis_next(reply, &item))
			break;
		code = take_one(cut, i, &item, reply, err);
		*reply = from;
		sst_redis_skip(reply);
	}
	return code;
}

static int
take_cut(
    void *ctx, size_t i, struct sst_redis_walk *reply, struct sst_error *err)
{
	struct cut *cut = ctx;
	struct sst_redis_item item;

	if (cut->multi && i > cut->count)
		return cut->opened ? take_exec(cut, reply, err) : SST_OK;
	if (!sst_redis_next(reply, &item))
		return SST_OK;
	if (cut->multi && i == 0) {
		cut->opened = item.type != REDIS_REPLY_ERROR;
		cut->answered = !cut->opened;
		return SST_OK;
	}
	if (!cut->opened && cut->multi)
		i--; /* it was not queued, but answered */
	else if (cut->multi)
		return SST_OK;
	return take_one(cut, i, &item, reply, err);
}

static void
large_cut(void *ctx, size_t i)
{
	struct cut *cut = ctx;

	cut->truncated = true;
	if (!cut->multi && i > cut->lists)
		celery__flaw(cut->read, CELERY_PART_UNACKED, SST_TOO_LARGE,
		    "%s: larger than max_upstream_body_bytes",
		    cut->c->set.unacked_index_key);
}

static int
cut_run(struct cut *cut, struct sst_error *err)
{
	struct celery_batch batch = {.redis = cut->c->redis,
	    .deadline = cut->read->req->deadline,
	    .count = cut->count + (cut->multi ? 2 : 0),
	    .send = send_cut,
	    .take = take_cut,
	    .large = large_cut,
	    .ctx = cut};

	return celery__batch(&batch, err);
}

/* Those that were not seen this time are done, or back in their list. */
static void
cut_sweep(struct celery *c)
{
	size_t i, kept = 0;

	for (i = 0; i < c->entry_count; i++) {
		if (c->entries[i]->turn == c->turn)
			c->entries[kept++] = c->entries[i];
		else
			celery__entry_free(c->entries[i]);
	}
	if (kept == c->entry_count)
		return;
	c->entry_count = kept;
	/* there is room: it held more before */
	celery__table_clear(&c->taken);
	for (i = 0; i < kept; i++)
		celery__table_put(&c->taken, c->entries[i]->key, c->entries[i]);
}

static int
by_time(const void *a, const void *b)
{
	const struct celery_entry *x = *(struct celery_entry *const *)a;
	const struct celery_entry *y = *(struct celery_entry *const *)b;

	if (x->taken_at.ms != y->taken_at.ms)
		return x->taken_at.ms < y->taken_at.ms ? -1 : 1;
	return memcmp(&x->key, &y->key, sizeof(x->key));
}

int
celery__step_cut(struct celery_read *read, struct sst_error *err)
{
	struct celery *c = read->c;
	struct cut cut = {.read = read, .c = c};
	int code;

	c->turn++;
	cut.lists = c->queue_count * c->step_count;
	cut.count = cut.lists + 2;
	cut.multi =
	    !c->no_multi || !sst_mono_before(read->req->now, c->multi_due);
	code = cut_run(&cut, err);
	if (code == SST_OK && cut.multi && (!cut.opened || !cut.answered)) {
		/* not allowed, or one of the commands is not */
		c->no_multi = true;
		c->multi_due = sst_mono_add_ms(read->req->now, CELERY_AGAIN_MS);
	} else if (cut.multi) {
		c->no_multi = false;
	}
	if (code == SST_OK && cut.multi && !cut.answered) {
		cut.multi = false;
		code = cut_run(&cut, err);
	}
	if (code != SST_OK)
		return code;
	cut_sweep(c);
	if (c->entry_count > 1)
		qsort(c->entries, c->entry_count, sizeof(*c->entries), by_time);
	if (read->taken_total > (int64_t)taken_max(c)) {
		read->taken_whole = false;
		celery__flaw(read, CELERY_PART_UNACKED, SST_LIMIT,
		    "%lld unacknowledged tasks, more than %zu",
		    (long long)read->taken_total, taken_max(c));
	}
	return SST_OK;
}
