/*
 * Which queues there are: those of the configuration, or those a walk over the
 * keys finds, at most once a minute. A walk over many keys goes on at the next
 * collection, so that it never takes the time the queues need.
 */
#include "repository/queues/bullmq_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static struct sst_hash
scan_hash(const char *name, size_t len)
{
	return sst_hash_bytes(name, len);
}

struct bullmq_queue *
bullmq__find(const struct bullmq *b, const char *name, size_t len)
{
	const struct bullmq_cell *cell =
	    bullmq__table_find(&b->by_name, scan_hash(name, len));

	return cell == NULL ? NULL : &b->queues[cell->a];
}

static void
scan_queue_fini(struct bullmq_queue *q)
{
	free(q->name);
	free(q->shown);
	free(q->base);
	free(q->slots);
	free(q->levels);
	memset(q, 0, sizeof(*q));
}

void
bullmq__queues_fini(struct bullmq *b)
{
	size_t i;

	for (i = 0; i < b->queue_count; i++)
		scan_queue_fini(&b->queues[i]);
	free(b->queues);
	b->queues = NULL;
	b->queue_count = b->queue_cap = 0;
}

static bool
scan_name(const struct bullmq *b, const char *name, size_t len,
    struct bullmq_queue *q)
{
	struct sst_buf text = SST_BUF_INIT;

	q->name = malloc(len + 1);
	if (q->name == NULL)
		return false;
	memcpy(q->name, name, len);
	q->name[len] = '\0';
	q->name_len = len;
	/* never without memory, also when nothing is left of it */
	sst_buf_reserve(&text, 1);
	sst_text_clean(name, len, 0, &text);
	sst_buf_adds(&text, "");
	q->shown = sst_buf_take(&text, NULL);
	sst_buf_fini(&text);
	sst_buf_adds(&text, b->settings.prefix);
	sst_buf_addc(&text, ':');
	sst_buf_add(&text, name, len);
	q->base = sst_buf_take(&text, &q->base_len);
	sst_buf_fini(&text);
	return q->shown != NULL && q->base != NULL;
}

/* *out stays NULL when such a queue is not to be shown. */
static int
scan_add(struct bullmq *b, const char *name, size_t len,
    struct bullmq_queue **out, struct sst_error *err)
{
	struct bullmq_queue fresh = {0};

	if (!scan_name(b, name, len, &fresh)) {
		scan_queue_fini(&fresh);
		return sst_error_nomem(err);
	}
	if (!queue__picked(&b->settings.pick, fresh.shown)) {
		scan_queue_fini(&fresh);
		return SST_OK;
	}
	if (!bullmq__room((void **)&b->queues, b->queue_count, &b->queue_cap,
		sizeof(*b->queues)) ||
	    !bullmq__table_put(&b->by_name, scan_hash(name, len),
		(uint32_t)b->queue_count, 0)) {
		scan_queue_fini(&fresh);
		return sst_error_nomem(err);
	}
	b->queues[b->queue_count] = fresh;
	*out = &b->queues[b->queue_count++];
	return SST_OK;
}

int
bullmq__scan_fixed(struct bullmq *b, struct sst_error *err)
{
	const struct sst_option_list *names = &b->settings.queues;
	struct bullmq_queue *q;
	size_t i;
	int code;

	for (i = 0; i < names->count; i++) {
		q = NULL;
		if (bullmq__find(b, names->items[i], strlen(names->items[i])))
			continue;
		code = scan_add(
		    b, names->items[i], strlen(names->items[i]), &q, err);
		if (code != SST_OK)
			return code;
		if (q != NULL)
			q->fixed = true;
	}
	return SST_OK;
}

static int
scan_key(struct bullmq_read *read, const redisReply *key,
    struct sst_error *err)
{
	struct bullmq *b = read->b;
	struct queue_text name;
	struct bullmq_queue *q;
	int code;

	if (key->type != REDIS_REPLY_STRING ||
	    !bullmq__parse_key(
		b->settings.prefix, key->str, key->len, &name))
		return SST_OK;
	q = bullmq__find(b, name.data, name.len);
	if (q == NULL && b->queue_count >= BULLMQ_QUEUES_MAX) {
		b->queues_over = true;
		return SST_OK;
	}
	if (q == NULL) {
		code = scan_add(b, name.data, name.len, &q, err);
		if (code != SST_OK || q == NULL)
			return code;
	}
	q->listed = true;
	return SST_OK;
}

int
bullmq__on_scan(
    struct bullmq_read *read, const redisReply *reply, struct sst_error *err)
{
	struct bullmq *b = read->b;
	const redisReply *cursor, *keys;
	size_t i;
	int code = sst_redis_reply_check(reply, "SCAN", err);

	if (code != SST_OK)
		return code;
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
		return sst_error_set(
		    err, SST_PROTOCOL, "SCAN: another form of answer");
	cursor = reply->element[0];
	keys = reply->element[1];
	if (cursor->type != REDIS_REPLY_STRING ||
	    cursor->len >= sizeof(b->scan_cursor) ||
	    keys->type != REDIS_REPLY_ARRAY)
		return sst_error_set(
		    err, SST_PROTOCOL, "SCAN: another form of answer");
	memcpy(b->scan_cursor, cursor->str, cursor->len + 1);
	for (i = 0; i < keys->elements && code == SST_OK; i++)
		code = scan_key(read, keys->element[i], err);
	return code;
}

/* Names end in :meta, or only in :id where Bull 3 and 4 made them. */
static void
scan_pattern(const char *prefix, struct sst_buf *out)
{
	sst_buf_clear(out);
	for (; *prefix != '\0'; prefix++) {
		if (strchr("*?[]^\\", *prefix) != NULL)
			sst_buf_addc(out, '\\');
		sst_buf_addc(out, *prefix);
	}
	sst_buf_adds(out, ":*:[mi]*[ad]");
}

static int
scan_step(struct bullmq_read *read, struct sst_error *err)
{
	struct bullmq *b = read->b;
	const char *parts[] = {
	    "SCAN", b->scan_cursor, "MATCH", NULL, "COUNT", "1000"};
	size_t lens[6], i;

	scan_pattern(b->settings.prefix, &b->key);
	if (sst_buf_failed(&b->key))
		return sst_error_nomem(err);
	parts[3] = b->key.data;
	for (i = 0; i < 6; i++)
		lens[i] = strlen(parts[i]);
	bullmq__ask(
	    read, &(struct bullmq_row){.ask = BULLMQ_ASK_SCAN}, 6, parts, lens);
	return bullmq__run(read, err);
}

static bool
scan_time_left(const struct bullmq_read *read)
{
	struct sst_mono now = sst_clock_mono(read->b->clock);

	return sst_mono_diff_ms(now, read->req->now) * 2 <
	       sst_mono_diff_ms(read->req->deadline, read->req->now);
}

static void
scan_sweep(struct bullmq *b)
{
	size_t i, kept = 0;

	bullmq__table_clear(&b->by_name);
	for (i = 0; i < b->queue_count; i++) {
		if (b->queues[i].gone) {
			scan_queue_fini(&b->queues[i]);
			continue;
		}
		if (kept != i) {
			b->queues[kept] = b->queues[i];
			memset(&b->queues[i], 0, sizeof(b->queues[i]));
		}
		/* it has been as full as that before */
		(void)bullmq__table_put(&b->by_name,
		    scan_hash(b->queues[kept].name, b->queues[kept].name_len),
		    (uint32_t)kept, 0);
		kept++;
	}
	b->queue_count = kept;
}

void
bullmq__forget_gone(struct bullmq *b, bool good)
{
	size_t i, gone = 0;

	for (i = 0; i < b->queue_count; i++) {
		b->queues[i].known = b->queues[i].known && good;
		b->queues[i].gone = b->queues[i].gone && !b->queues[i].fixed;
		gone += b->queues[i].gone;
	}
	if (good && gone > 0)
		scan_sweep(b);
}

static void
scan_done(struct bullmq *b)
{
	size_t i;

	b->scan_on = false;
	b->scan_once = true;
	for (i = 0; i < b->queue_count; i++)
		b->queues[i].gone =
		    !b->queues[i].fixed && !b->queues[i].listed;
	scan_sweep(b);
}

static void
scan_start(struct bullmq_read *read)
{
	struct bullmq *b = read->b;
	size_t i;

	sst_error_clear(&b->scan_error);
	b->scan_on = true;
	b->queues_over = false;
	b->scan_due = sst_mono_add_ms(read->req->now, BULLMQ_SCAN_MS);
	memcpy(b->scan_cursor, "0", 2);
	for (i = 0; i < b->queue_count; i++)
		b->queues[i].listed = false;
}

static int
scan_walk(struct bullmq_read *read, struct sst_error *err)
{
	struct bullmq *b = read->b;
	int calls, code;

	for (calls = 0; calls < BULLMQ_SCAN_CALLS && scan_time_left(read);
	    calls++) {
		code = scan_step(read, err);
		if (code != SST_OK)
			return code;
		if (strcmp(b->scan_cursor, "0") == 0) {
			scan_done(b);
			break;
		}
	}
	return SST_OK;
}

/* Told at every collection until it is over, not only when it is tried. */
static int
scan_tell(struct bullmq_read *read, struct sst_error *err)
{
	struct bullmq *b = read->b;
	struct sst_error why = {0};

	if (b->scan_error.code != SST_OK && b->queue_count == 0) {
		*err = b->scan_error;
		return err->code;
	}
	if (b->scan_error.code != SST_OK)
		why = b->scan_error;
	else if (b->queues_over)
		sst_error_set(&why, SST_LIMIT,
		    "more than %d queues: the rest is left out",
		    (int)BULLMQ_QUEUES_MAX);
	else if (b->scan_on && !b->scan_once)
		sst_error_set(&why, SST_NODATA,
		    "still looking for queues among the keys");
	if (why.code != SST_OK)
		bullmq__fault(read, BULLMQ_PART_DISCOVERY, &why);
	if (b->scan_on)
		sst_draft_next_in(read->out, 1000);
	return SST_OK;
}

int
bullmq__scan(struct bullmq_read *read, struct sst_error *err)
{
	struct bullmq *b = read->b;
	struct sst_error why = {0};
	int code = SST_OK;

	if (b->settings.queues.count > 0)
		return SST_OK;
	if (!b->scan_on && !sst_mono_before(read->req->now, b->scan_due))
		scan_start(read);
	if (b->scan_on)
		code = scan_walk(read, &why);
	switch (code) {
	case SST_OK:
		break;
	case SST_FORBIDDEN:
	case SST_UNSUPPORTED:
		b->scan_on = false;
		b->scan_error = why;
		sst_error_set(&b->scan_error, code,
		    "queues cannot be looked for (%.300s): name them in the "
		    "option queues",
		    why.text);
		break;
	default:
		b->scan_on = false;
		b->scan_due = read->req->now;
		*err = why;
		return code;
	}
	return scan_tell(read, err);
}
