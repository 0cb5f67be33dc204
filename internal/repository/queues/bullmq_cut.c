/*
 * What each queue holds, in one pipeline for all of them: a cut through all
 * states of a queue at one instant.
 */
#include "repository/queues/bullmq_priv.h"

#include <string.h>

static void
cut_reset(struct bullmq_queue *q)
{
	size_t i;

	for (i = 0; i < BULLMQ_STATE_COUNT; i++)
		q->counts[i] = QUEUE_UNKNOWN;
	q->meta = q->id = q->legacy = q->paused = false;
	q->ids_unread = q->marker = false;
	q->legacy_prioritized = 0;
	q->slot_count = q->level_count = 0;
	memset(&q->cut, 0, sizeof(q->cut));
}

static void
cut_begin(struct bullmq_read *read, struct bullmq_queue *q)
{
	if (!sst_mono_before(read->req->now, q->wary_until))
		q->wary = BULLMQ_WARY_NOT;
	if (!sst_mono_before(read->req->now, q->plain_until))
		q->plain = false;
	q->cut_done = q->gone = q->ready = q->event_known = false;
	q->flawed = false;
	q->workers = 0;
	q->jobs = NULL;
	q->job_told = q->job_gone = NULL;
	memset(&q->event, 0, sizeof(q->event));
	memset(&q->extra, 0, sizeof(q->extra));
	memset(&q->jobs_hash, 0, sizeof(q->jobs_hash));
}

static void
cut_ask(struct bullmq_read *read, uint32_t index)
{
	static const char *const last[] = {"+", "-", "COUNT", "1", NULL};
	struct bullmq *b = read->b;
	struct bullmq_queue *q = &b->queues[index];
	struct bullmq_row row = {.queue = index};
	const char *args[4];
	size_t i;

	cut_reset(q);
	/* before the cut: no event since then, no change */
	row.ask = BULLMQ_ASK_EVENT;
	if (q->wary == BULLMQ_WARY_NOT)
		bullmq__ask_queue(read, &row, "XREVRANGE", "events", last);
	row.ask = BULLMQ_ASK_MULTI;
	if (!q->plain)
		bullmq__ask(read, &row, 1, (const char *const[]){"MULTI"},
		    (const size_t[]){5});
	row.ask = q->plain ? BULLMQ_ASK_CUT : BULLMQ_ASK_QUEUED;
	for (i = 0; i < bullmq__cut_count; i++) {
		row.what = (unsigned)i;
		bullmq__cut_args(b, q, i, args);
		bullmq__ask_queue(read, &row, bullmq__cut_commands[i].verb,
		    bullmq__cut_commands[i].suffix, args);
	}
	row.ask = BULLMQ_ASK_EXEC;
	row.what = 0;
	if (!q->plain)
		bullmq__ask(read, &row, 1, (const char *const[]){"EXEC"},
		    (const size_t[]){4});
}

static int
cut_on_event(struct bullmq_queue *q, const redisReply *reply)
{
	const redisReply *entry;

	/* without the right to read it, jobs are read at every collection */
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 1)
		return SST_OK;
	entry = reply->element[0];
	if (entry->type != REDIS_REPLY_ARRAY || entry->elements == 0 ||
	    entry->element[0]->type != REDIS_REPLY_STRING)
		return SST_OK;
	q->event = sst_hash_bytes(
	    entry->element[0]->str, entry->element[0]->len);
	q->event_known = true;
	return SST_OK;
}

static void
cut_plain(struct bullmq_read *read, struct bullmq_queue *q)
{
	q->plain = true;
	q->plain_until = sst_mono_add_ms(read->req->now, BULLMQ_RETRY_MS);
}

static int
cut_on_exec(struct bullmq_read *read, struct bullmq_queue *q,
    const redisReply *reply, struct sst_error *err)
{
	size_t i;
	int code = SST_OK;

	/* a command was refused: one by one, to lose but that one */
	if (q->plain || reply->type == REDIS_REPLY_ERROR) {
		cut_plain(read, q);
		return SST_OK;
	}
	if (reply->type != REDIS_REPLY_ARRAY ||
	    reply->elements != bullmq__cut_count)
		return sst_error_set(
		    err, SST_PROTOCOL, "EXEC: another form of answer");
	for (i = 0; i < reply->elements && code == SST_OK; i++)
		code = bullmq__cut_take(read, q, i, reply->element[i], err);
	q->cut_done = true;
	return code;
}

static void
cut_on_worker(void *ctx, struct queue_text name)
{
	struct bullmq_queue *q = bullmq__find(ctx, name.data, name.len);

	if (q != NULL)
		q->workers++;
}

static int
cut_on_clients(
    struct bullmq_read *read, const redisReply *reply, struct sst_error *err)
{
	struct bullmq *b = read->b;
	struct sst_error why = {0};
	int code = sst_redis_reply_check(reply, "CLIENT LIST", &why);

	if (code == SST_UNAUTHORIZED) {
		*err = why;
		return code;
	}
	if (code == SST_OK &&
	    !bullmq__parse_clients(reply, b->settings.prefix, b->db,
		cut_on_worker, b))
		code = sst_error_set(&why, SST_PROTOCOL,
		    "CLIENT LIST: another form of answer");
	read->workers_known = code == SST_OK;
	b->clients_error = why;
	if (code != SST_OK)
		b->clients_due =
		    sst_mono_add_ms(read->req->now, BULLMQ_RETRY_MS);
	return SST_OK;
}

int
bullmq__on_cut(struct bullmq_read *read, const struct bullmq_row *row,
    const redisReply *reply, struct sst_error *err)
{
	struct bullmq_queue *q;

	if (row->ask == BULLMQ_ASK_CLIENTS)
		return cut_on_clients(read, reply, err);
	q = &read->b->queues[row->queue];
	switch (row->ask) {
	case BULLMQ_ASK_EVENT:
		return cut_on_event(q, reply);
	case BULLMQ_ASK_EXEC:
		return cut_on_exec(read, q, reply, err);
	case BULLMQ_ASK_CUT:
		q->cut_done = row->what + 1 == bullmq__cut_count;
		return bullmq__cut_take(read, q, row->what, reply, err);
	default:
		/* MULTI refused, or a command in it: EXEC will be, too. */
		if (reply->type == REDIS_REPLY_ERROR)
			cut_plain(read, q);
		return SST_OK;
	}
}

static void
cut_ask_clients(struct bullmq_read *read)
{
	static const char *const parts[] = {"CLIENT", "LIST", "TYPE", "normal"};
	static const size_t lens[] = {6, 4, 4, 6};
	struct bullmq *b = read->b;

	if (!b->settings.workers || read->workers_known ||
	    (b->clients_error.code != SST_OK &&
		sst_mono_before(read->req->now, b->clients_due)))
		return;
	bullmq__ask(read, &(struct bullmq_row){.ask = BULLMQ_ASK_CLIENTS}, 4,
	    parts, lens);
}

/* The answer of one queue, or to CLIENT LIST, does not fit. */
static int
cut_too_large(struct bullmq_read *read, struct sst_error *err)
{
	struct bullmq_queue *q;
	struct sst_error why = *err;
	struct bullmq *b = read->b;
	int code = bullmq__too_large(read, err);

	if (code != SST_OK)
		return code;
	if (read->culprit.ask == BULLMQ_ASK_CLIENTS) {
		b->clients_error = why;
		b->clients_due =
		    sst_mono_add_ms(read->req->now, BULLMQ_RETRY_MS);
		return SST_OK;
	}
	q = &b->queues[read->culprit.queue];
	if (q->wary == BULLMQ_WARY_IDS || b->queue_count == 0) {
		*err = why;
		return why.code;
	}
	q->wary = read->culprit.ask == BULLMQ_ASK_EVENT ? BULLMQ_WARY_EVENTS
							: BULLMQ_WARY_IDS;
	q->wary_until = sst_mono_add_ms(read->req->now, BULLMQ_RETRY_MS);
	return SST_OK;
}

/* One pipeline; done_out: nothing is left to ask. */
static int
cut_round(struct bullmq_read *read, size_t from, size_t to, bool *done_out,
    struct sst_error *err)
{
	struct bullmq *b = read->b;
	size_t i;
	int code;

	if (from == 0)
		cut_ask_clients(read);
	for (i = from; i < to; i++) {
		if (!b->queues[i].cut_done)
			cut_ask(read, (uint32_t)i);
	}
	*done_out = b->plan_count == 0;
	code = bullmq__run(read, err);
	return code == SST_TOO_LARGE ? cut_too_large(read, err) : code;
}

static int
cut_chunk(
    struct bullmq_read *read, size_t from, size_t to, struct sst_error *err)
{
	bool done = false;
	int code = SST_OK;

	while (code == SST_OK && !done)
		code = cut_round(read, from, to, &done, err);
	return code;
}

int
bullmq__cut(struct bullmq_read *read, struct sst_error *err)
{
	struct bullmq *b = read->b;
	size_t from = 0, i;
	int code;

	for (i = 0; i < b->queue_count; i++)
		cut_begin(read, &b->queues[i]);
	do {
		i = from + BULLMQ_CUT_CHUNK;
		if (i > b->queue_count)
			i = b->queue_count;
		code = cut_chunk(read, from, i, err);
		from = i;
	} while (code == SST_OK && from < b->queue_count);
	for (i = 0; code == SST_OK && i < b->queue_count; i++)
		bullmq__cut_end(read, &b->queues[i]);
	if (code == SST_OK && b->clients_error.code != SST_OK &&
	    b->settings.workers)
		bullmq__fault(read, BULLMQ_PART_WORKERS, &b->clients_error);
	return code;
}

/* Chooses up to max of one state, those nearest to the head. */
static size_t
cut_choose(struct bullmq_queue *q, unsigned state, size_t max)
{
	size_t i, got = 0;

	for (i = 0; i < q->slot_count && got < max; i++) {
		if (q->slots[i].state != state || q->slots[i].chosen)
			continue;
		q->slots[i].chosen = true;
		got++;
	}
	return got;
}

/*
 * The window: what runs, then an eighth of it for each kind that would else be
 * hidden behind a long list, then what is taken next, then the rest.
 */
static void
cut_window(struct bullmq_queue *q, size_t max)
{
	static const uint8_t order[] = {BULLMQ_ACTIVE, BULLMQ_WAIT,
	    BULLMQ_PAUSED, BULLMQ_PRIORITIZED, BULLMQ_CHILDREN, BULLMQ_DELAYED,
	    BULLMQ_FAILED};
	size_t i, left = max;

	left -= cut_choose(q, BULLMQ_ACTIVE, left / 2);
	for (i = 4; i < sizeof(order); i++)
		left -= cut_choose(q, order[i], max / 8);
	for (i = 0; i < sizeof(order); i++)
		left -= cut_choose(q, order[i], left);
}

void
bullmq__cut_end(struct bullmq_read *read, struct bullmq_queue *q)
{
	struct bullmq *b = read->b;
	struct sst_error why;

	if (q->marker && q->counts[BULLMQ_WAIT] > 0)
		q->counts[BULLMQ_WAIT]--;
	if (!read->workers_known)
		q->workers = QUEUE_UNKNOWN;
	q->cut = sst_hash_mix(
	    q->cut, sst_hash_bytes(&q->workers, sizeof(q->workers)));
	cut_window(q, (size_t)b->settings.max_tasks);
	if (q->wary == BULLMQ_WARY_IDS) {
		q->ids_unread = true;
		sst_error_set(&why, SST_TOO_LARGE,
		    "%.200s: its ids are more than %zu bytes", q->shown,
		    b->max_bytes);
		bullmq__fault(read, BULLMQ_PART_QUEUES, &why);
	}
	if (q->meta || q->id)
		return;
	q->gone = true;
	if (!q->fixed)
		return;
	sst_error_set(
	    &why, SST_NOT_FOUND, "there is no queue %.200s", q->shown);
	bullmq__fault(read, BULLMQ_PART_QUEUES, &why);
}
