/*
 * Depth by priority. The window is the head of the sorted set, so it holds all
 * of the levels but its last one whole; that one and those behind it are
 * counted by Redis. Which levels there are behind it is found by asking for
 * the first job beyond each that is known, and remembered.
 */
#include "repository/queues/bullmq_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Rounds of looking for levels in one collection. */
enum { LEVELS_ROUNDS = 16 };

static int
levels_push(struct bullmq_queue *q, int64_t level, int64_t ready,
    struct sst_error *err)
{
	if (!bullmq__room((void **)&q->levels, q->level_count, &q->level_cap,
		sizeof(*q->levels)))
		return sst_error_nomem(err);
	q->levels[q->level_count++] = (struct bullmq_level){level, ready};
	return SST_OK;
}

/* Levels of the ids that were told, in order. */
static int
levels_seen(struct bullmq_queue *q, int64_t *seen_out, struct sst_error *err)
{
	int64_t level;
	size_t i;
	int code = SST_OK;

	*seen_out = 0;
	for (i = 0; i < q->slot_count && code == SST_OK; i++) {
		if (q->slots[i].state != BULLMQ_PRIORITIZED)
			continue;
		++*seen_out;
		level = bullmq__prioritized_level(q->slots[i].score);
		if (level < 0)
			continue;
		if (q->level_count > 0 &&
		    q->levels[q->level_count - 1].level == level)
			q->levels[q->level_count - 1].ready++;
		else
			code = levels_push(q, level, 1, err);
	}
	return code;
}

int
bullmq__levels_begin(struct bullmq_read *read, struct bullmq_queue *q,
    struct sst_error *err)
{
	int64_t seen, last, total = q->counts[BULLMQ_PRIORITIZED];
	size_t i;
	int code;

	(void)read;
	q->levels_whole = true;
	if (q->legacy && q->level_count > 0) {
		for (seen = 0, i = 0; i < q->level_count; i++)
			seen += q->levels[i].ready;
		q->levels_whole = seen == q->legacy_prioritized;
		return SST_OK;
	}
	q->level_count = 0;
	code = levels_seen(q, &seen, err);
	if (code != SST_OK || total <= seen || q->level_count == 0)
		return code;
	q->levels_whole = false;
	q->levels[q->level_count - 1].ready = QUEUE_UNKNOWN;
	last = q->levels[q->level_count - 1].level;
	for (i = 0; i < q->learned_count && code == SST_OK; i++) {
		if (q->learned[i].level > last)
			code = levels_push(
			    q, q->learned[i].level, QUEUE_UNKNOWN, err);
	}
	return code;
}

static void
levels_score(int64_t level, bool open, char out[static 48])
{
	snprintf(out, 48, "%s%.0f", open ? "(" : "",
	    (double)level * 4294967296.0);
}

void
bullmq__levels_ask(struct bullmq_read *read, struct bullmq_queue *q)
{
	struct bullmq_row row = {.ask = BULLMQ_ASK_LEVEL,
	    .queue = (uint32_t)(q - read->b->queues)};
	char from[48], to[48];
	size_t i;

	if (q->legacy)
		return;
	for (i = 0; i < q->level_count; i++) {
		if (q->levels[i].ready != QUEUE_UNKNOWN)
			continue;
		levels_score(q->levels[i].level, false, from);
		levels_score(q->levels[i].level + 1, true, to);
		row.item = (uint32_t)i;
		bullmq__ask_queue(read, &row, "ZCOUNT", "prioritized",
		    (const char *const[]){from, to, NULL});
	}
}

/* A level in its place; those over the bound stay unknown. */
static int
levels_learn(struct bullmq_queue *q, int64_t level, struct sst_error *err)
{
	size_t at = q->level_count;
	int code;

	while (at > 0 && q->levels[at - 1].level > level)
		at--;
	if (at > 0 && q->levels[at - 1].level == level)
		return SST_OK;
	code = levels_push(q, level, QUEUE_UNKNOWN, err);
	if (code != SST_OK)
		return code;
	memmove(q->levels + at + 1, q->levels + at,
	    (q->level_count - 1 - at) * sizeof(*q->levels));
	q->levels[at] = (struct bullmq_level){level, QUEUE_UNKNOWN};
	return SST_OK;
}

int
bullmq__on_level(struct bullmq_read *read, const struct bullmq_row *row,
    const redisReply *reply, struct sst_error *err)
{
	struct bullmq_queue *q = &read->b->queues[row->queue];
	double score;
	int code = bullmq__told(read, BULLMQ_PART_QUEUES, reply,
	    "levels of prioritized", err);

	if (code != SST_OK) {
		/* no use in asking for more */
		q->levels_whole = true;
		return bullmq__lost(code);
	}
	if (row->ask == BULLMQ_ASK_LEVEL) {
		if (row->item < q->level_count)
			q->levels[row->item].ready =
			    bullmq__parse_count(reply);
		return SST_OK;
	}
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
	    !bullmq__parse_score(reply->element[1], &score) ||
	    bullmq__prioritized_level(score) < 0)
		return SST_OK;
	return levels_learn(q, bullmq__prioritized_level(score), err);
}

/* Whether all that are prioritized are in a level that is counted. */
static bool
levels_complete(const struct bullmq_queue *q)
{
	int64_t sum = 0;
	size_t i;

	for (i = 0; i < q->level_count; i++) {
		if (q->levels[i].ready < 0)
			return false;
		sum += q->levels[i].ready;
	}
	return sum >= q->counts[BULLMQ_PRIORITIZED];
}

/* Asks for one job in each gap between levels that are known. */
static void
levels_probe(struct bullmq_read *read, struct bullmq_queue *q)
{
	struct bullmq_row row = {.ask = BULLMQ_ASK_PROBE,
	    .queue = (uint32_t)(q - read->b->queues)};
	char from[48], to[48];
	size_t i;

	for (i = 0; i < q->level_count; i++) {
		levels_score(q->levels[i].level + 1, false, from);
		if (i + 1 < q->level_count)
			levels_score(q->levels[i + 1].level, true, to);
		else
			memcpy(to, "+inf", 5);
		bullmq__ask_queue(read, &row, "ZRANGEBYSCORE", "prioritized",
		    (const char *const[]){from, to, "WITHSCORES", "LIMIT", "0",
			"1", NULL});
	}
}

static void
levels_keep(struct bullmq_queue *q)
{
	size_t i, kept = 0;

	q->learned_count = 0;
	for (i = 0; i < q->level_count; i++) {
		if (q->levels[i].ready == 0)
			continue;
		q->levels[kept++] = q->levels[i];
		if (q->learned_count < BULLMQ_LEVELS)
			q->learned[q->learned_count++] = q->levels[i];
	}
	q->level_count = kept;
}

static int
levels_round(struct bullmq_read *read, bool *again_out, struct sst_error *err)
{
	struct bullmq *b = read->b;
	struct bullmq_queue *q;
	size_t i, asked = 0;
	int code;

	for (i = 0; i < b->queue_count; i++) {
		q = &b->queues[i];
		if (q->gone || q->levels_whole || q->legacy)
			continue;
		q->levels_whole =
		    levels_complete(q) || q->level_count >= BULLMQ_LEVELS;
		if (q->levels_whole)
			continue;
		levels_probe(read, q);
		q->levels_before = q->level_count;
		asked++;
	}
	*again_out = asked > 0;
	if (asked == 0)
		return SST_OK;
	code = bullmq__run(read, err);
	for (i = 0; i < b->queue_count && code == SST_OK; i++) {
		q = &b->queues[i];
		if (q->gone || q->levels_whole || q->legacy)
			continue;
		/* the rest has gone while we looked */
		q->levels_whole = q->level_count == q->levels_before;
		bullmq__levels_ask(read, q);
	}
	return code == SST_OK ? bullmq__run(read, err) : code;
}

int
bullmq__levels_end(struct bullmq_read *read, struct sst_error *err)
{
	struct bullmq *b = read->b;
	bool again = true;
	size_t i;
	int code = SST_OK, rounds;

	for (rounds = 0; again && code == SST_OK && rounds < LEVELS_ROUNDS;
	    rounds++)
		code = levels_round(read, &again, err);
	for (i = 0; i < b->queue_count && code == SST_OK; i++)
		levels_keep(&b->queues[i]);
	return code;
}
