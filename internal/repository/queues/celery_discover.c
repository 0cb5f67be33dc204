/*
 * Which queues there are: each exchange has a set with its bindings, which
 * remain when the queue is empty. The sets are looked for in all keys now and
 * then, and read at every collection.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/queues/celery_priv.h"

static const char binding_prefix[] = "_kombu.binding.";

/* More exchanges than anybody has. */
enum { EXCHANGES_MAX = 4096 };

struct discover {
	struct celery_read *read;
	struct celery *c;
	bool failed; /* the server refused */
};

/* Into a glob pattern of Redis. */
static void
add_literal(struct sst_buf *pattern, const char *text)
{
	for (; *text != '\0'; text++) {
		if (strchr("*?[]\\^-", *text) != NULL)
			sst_buf_addc(pattern, '\\');
		sst_buf_addc(pattern, *text);
	}
}

static const char *
key_prefix(const struct celery *c)
{
	return c->set.prefix != NULL ? c->set.prefix : "";
}

static int
exchange_add(struct celery *c, struct queue_text key, struct sst_error *err)
{
	size_t i, cap = c->exchange_cap == 0 ? 16 : c->exchange_cap * 2;
	struct queue_text *more;
	char *copy;

	for (i = 0; i < c->exchange_count; i++) {
		if (c->exchanges[i].len == key.len &&
		    memcmp(c->exchanges[i].data, key.data, key.len) == 0)
			return SST_OK;
	}
	if (c->exchange_count == EXCHANGES_MAX)
		return SST_OK;
	if (c->exchange_count == c->exchange_cap) {
		more = realloc(c->exchanges, cap * sizeof(*more));
		if (more == NULL)
			return sst_error_nomem(err);
		c->exchanges = more;
		c->exchange_cap = cap;
	}
	copy = malloc(key.len + 1);
	if (copy == NULL)
		return sst_error_nomem(err);
	memcpy(copy, key.data, key.len);
	copy[key.len] = '\0';
	c->exchanges[c->exchange_count++] = (struct queue_text){copy, key.len};
	return SST_OK;
}

/* The exchange of a key with bindings. */
static struct queue_text
exchange_name(const struct celery *c, struct queue_text key)
{
	size_t skip = strlen(key_prefix(c)) + sizeof(binding_prefix) - 1;

	if (key.len < skip)
		return (struct queue_text){"", 0};
	return (struct queue_text){key.data + skip, key.len - skip};
}

/* [cursor, [key, ...]] */
static int
take_scan(
    void *ctx, size_t i, struct sst_redis_walk *reply, struct sst_error *err)
{
	struct discover *d = ctx;
	struct sst_redis_item item;
	struct queue_text key;
	char digits[24] = "";
	int code;

	(void)i;
	if (!sst_redis_next(reply, &item))
		return SST_OK;
	code = sst_redis_item_check(&item, "SCAN", err);
	if (code != SST_OK) {
		d->failed = true;
		d->c->bindings_code = code;
		memcpy(d->c->bindings_reason, err->text,
		    sizeof(d->c->bindings_reason));
		return SST_OK;
	}
	if (!sst_redis_next(reply, &item) || item.data == NULL ||
	    item.len >= sizeof(digits))
		return SST_OK;
	memcpy(digits, item.data, item.len);
	d->c->cursor = strtoull(digits, NULL, 10);
	if (!sst_redis_next(reply, &item)) /* the head of the list */
		return SST_OK;
	while (sst_redis_next(reply, &item)) {
		key = (struct queue_text){item.data, item.len};
		if (key.data == NULL)
			continue;
		if (celery__is_internal(exchange_name(d->c, key)))
			continue;
		code = exchange_add(d->c, key, err);
		if (code != SST_OK)
			return code;
	}
	return SST_OK;
}

static void
send_scan(void *ctx, struct sst_redis *redis, size_t i)
{
	struct discover *d = ctx;
	struct sst_buf pattern = SST_BUF_INIT;
	char cursor[24];
	const char *parts[] = {"SCAN", cursor, "MATCH", NULL, "COUNT", "1000"};
	size_t lens[6], k;

	(void)i;
	add_literal(&pattern, key_prefix(d->c));
	add_literal(&pattern, binding_prefix);
	sst_buf_adds(&pattern, "*");
	snprintf(cursor, sizeof(cursor), "%llu", d->c->cursor);
	parts[3] = sst_buf_failed(&pattern) ? "_kombu.binding.*" : pattern.data;
	for (k = 0; k < 6; k++)
		lens[k] = strlen(parts[k]);
	sst_redis_command_argv(redis, 6, parts, lens);
	sst_buf_fini(&pattern);
}

/* Goes through all keys; what half of the time is not enough for goes on at
 * the next collection. */
static int
discover_scan(struct discover *d, struct sst_error *err)
{
	struct celery *c = d->c;
	struct celery_batch batch = {.redis = c->redis,
	    .deadline = d->read->req->deadline,
	    .count = 1,
	    .send = send_scan,
	    .take = take_scan,
	    .ctx = d};
	struct sst_mono now = sst_clock_mono(c->clock);
	int64_t half_ms = sst_mono_diff_ms(batch.deadline, now) / 2;
	struct sst_mono enough = sst_mono_add_ms(now, half_ms);
	int code;

	if (c->cursor == 0 && sst_mono_before(now, c->discover_due))
		return SST_OK;
	if (c->cursor == 0)
		c->bindings_code = SST_OK;
	do {
		code = celery__batch(&batch, err);
		now = sst_clock_mono(c->clock);
	} while (code == SST_OK && !d->failed && c->cursor != 0 &&
		 sst_mono_before(now, enough));
	if (d->failed)
		c->cursor = 0;
	if (code == SST_OK && c->cursor == 0)
		c->discover_due = sst_mono_add_ms(now, c->set.discover_ms);
	return code;
}

static int
bound_add(
    struct celery *c, const struct celery_bound *bound, struct sst_error *err)
{
	size_t cap = c->bound_cap == 0 ? 64 : c->bound_cap * 2;
	struct celery_bound *more, b = *bound;

	if (c->bound_count == c->bound_cap) {
		more = realloc(c->bounds, cap * sizeof(*more));
		if (more == NULL)
			return sst_error_nomem(err);
		c->bounds = more;
		c->bound_cap = cap;
	}
	if (!celery__pool_keep(&c->bound_pool, &b.routing_key) ||
	    !celery__pool_keep(&c->bound_pool, &b.queue))
		return sst_error_nomem(err);
	c->bounds[c->bound_count++] = b;
	return SST_OK;
}

static int
take_member(struct discover *d, size_t i, const struct sst_redis_item *item,
    struct sst_error *err)
{
	struct celery_bound bound = {
	    .exchange = exchange_name(d->c, d->c->exchanges[i])};
	struct celery_binding binding;
	struct celery_queue *queue;
	int code;

	if (item->data == NULL)
		return SST_OK;
	if (!celery__parse_binding(
		item->data, item->len, d->c->sep, &binding)) {
		sst_draft_reject(d->read->out, "/_kombu.binding",
		    "a binding that is not key, pattern and queue: is the "
		    "separator another one?");
		return SST_OK;
	}
	if (celery__is_internal(binding.queue))
		return SST_OK;
	bound.routing_key = binding.routing_key;
	bound.queue = binding.queue;
	code = bound_add(d->c, &bound, err);
	if (code == SST_OK)
		code = celery__queue(d->c, binding.queue, &queue, err);
	if (code == SST_OK && queue != NULL)
		queue->bound = true;
	return code;
}

static int
take_bindings(
    void *ctx, size_t i, struct sst_redis_walk *reply, struct sst_error *err)
{
	struct discover *d = ctx;
	struct sst_redis_item item;
	int code;

	if (!sst_redis_next(reply, &item))
		return SST_OK;
	code = sst_redis_item_check(&item, "SMEMBERS", err);
	if (code != SST_OK) {
		celery__flaw(d->read, CELERY_PART_BINDINGS, code, "%s: %s",
		    d->c->exchanges[i].data, err->text);
		return SST_OK;
	}
	while (code == SST_OK && sst_redis_next(reply, &item))
		code = take_member(d, i, &item, err);
	return code;
}

static void
send_bindings(void *ctx, struct sst_redis *redis, size_t i)
{
	struct discover *d = ctx;
	const struct queue_text *key = &d->c->exchanges[i];

	sst_redis_command(redis, "SMEMBERS %b", key->data, key->len);
}

static void
large_bindings(void *ctx, size_t i)
{
	struct discover *d = ctx;

	celery__flaw(d->read, CELERY_PART_BINDINGS, SST_TOO_LARGE,
	    "%s: too many bindings", d->c->exchanges[i].data);
}

/* The queues that the settings name. */
static int
discover_named(struct celery *c, struct sst_error *err)
{
	struct celery_queue *queue;
	size_t i;
	int code;

	for (i = 0; i < c->set.queues.count; i++) {
		code = celery__queue(
		    c, queue__text(c->set.queues.items[i]), &queue, err);
		if (code != SST_OK)
			return code;
		if (queue != NULL)
			queue->bound = true;
	}
	return SST_OK;
}

static int
discover_bindings(struct discover *d, struct sst_error *err)
{
	struct celery_batch batch = {.redis = d->c->redis,
	    .deadline = d->read->req->deadline,
	    .count = d->c->exchange_count,
	    .send = send_bindings,
	    .take = take_bindings,
	    .large = large_bindings,
	    .ctx = d};
	size_t i;

	for (i = 0; i < d->c->queue_count; i++)
		d->c->queues[i]->bound = false;
	d->c->bound_count = 0;
	celery__pool_fini(&d->c->bound_pool);
	return celery__batch(&batch, err);
}

int
celery__step_discover(struct celery_read *read, struct sst_error *err)
{
	struct discover d = {.read = read, .c = read->c};
	struct celery *c = read->c;
	int code = discover_scan(&d, err);

	if (code == SST_OK)
		code = discover_bindings(&d, err);
	if (code == SST_OK)
		code = discover_named(c, err);
	if (code != SST_OK || c->bindings_code == SST_OK)
		return code;
	/* nobody says which queues there are: that is not "none" */
	if (c->queue_count == 0)
		return sst_error_set(
		    err, c->bindings_code, "%s", c->bindings_reason);
	celery__flaw(read, CELERY_PART_BINDINGS, c->bindings_code, "%s",
	    c->bindings_reason);
	return SST_OK;
}
