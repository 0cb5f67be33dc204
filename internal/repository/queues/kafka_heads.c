/* The records at the head of what is unread: for its age, and for rows. */
#include "repository/queues/kafka_priv.h"

#include <stdio.h>
#include <string.h>

#include "repository/queues/kafka_peek.h"

static size_t
heads_want(const struct kafka *k, const struct kafka_lane *lane)
{
	return lane->show > 0 ? lane->show : k->s.oldest;
}

static int
heads_add(struct kafka_peek *peek, const struct kafka_queue *q, size_t queue,
    size_t lane, struct sst_error *err)
{
	struct kafka_peek_item *item = kafka__peek_add(peek);

	if (item == NULL)
		return sst_error_nomem(err);
	item->queue = queue;
	item->lane = lane;
	item->partition = q->lanes[lane].partition;
	snprintf(item->topic, sizeof(item->topic), "%s", q->topic);
	return SST_OK;
}

static int
heads_of_queue(struct kafka_read *read, struct kafka_peek *peek, size_t index,
    struct sst_error *err)
{
	struct kafka_queue *q = read->k->store.queues[index];
	size_t i, want, more;
	int64_t from;
	int code = SST_OK;

	kafka__queue_share(q, (size_t)read->k->s.max_tasks);
	for (i = 0; i < q->lane_count && code == SST_OK; i++) {
		want = heads_want(read->k, &q->lanes[i]);
		if (!kafka__lane_window(q, &q->lanes[i], want, &from, &more))
			continue;
		if (peek->count >= KAFKA_PEEK_LANES) {
			read->crowded = true;
			continue;
		}
		code = heads_add(peek, q, index, i, err);
		if (code == SST_OK) {
			peek->items[peek->count - 1].from = from;
			peek->items[peek->count - 1].want = more;
		}
	}
	return code;
}

/* Who did not get its turn is the first one the next time. */
static int
heads_gather(
    struct kafka_read *read, struct kafka_peek *peek, struct sst_error *err)
{
	struct kafka *k = read->k;
	size_t i, at;
	int code = SST_OK;

	for (i = 0; i < k->store.count && code == SST_OK; i++) {
		at = (k->peek_turn + i) % k->store.count;
		if (k->store.queues[at]->seen)
			code = heads_of_queue(read, peek, at, err);
	}
	return code;
}

static bool
heads_take(struct kafka_read *read, struct kafka_peek_item *item)
{
	struct kafka_queue *q = read->k->store.queues[item->queue];
	struct kafka_lane *lane = &q->lanes[item->lane];
	struct sst_error why;
	size_t i;

	for (i = 0; i < item->count; i++) {
		if (!kafka__lane_add(lane, &item->records[i]))
			return false;
	}
	if (item->done && item->next > lane->next)
		lane->next = item->next;
	if (item->begun && item->count == 0 && item->next == item->from)
		lane->misses++;
	if (item->error == RD_KAFKA_RESP_ERR_NO_ERROR)
		return true;
	sst_error_set(&why, kafka__code(item->error),
	    "records of %.200s, partition %d: %s", item->topic,
	    (int)item->partition, rd_kafka_err2str(item->error));
	kafka__flaw(read, KAFKA_PART_RECORDS, &why);
	return true;
}

static int
heads_apply(
    struct kafka_read *read, struct kafka_peek *peek, struct sst_error *err)
{
	struct kafka *k = read->k;
	struct sst_error why;
	size_t i, waiting = 0;

	if (peek->nomem)
		return sst_error_nomem(err);
	for (i = 0; i < peek->count; i++) {
		if (!heads_take(read, &peek->items[i]))
			return sst_error_nomem(err);
		if (!peek->items[i].done && waiting++ == 0)
			k->peek_turn = peek->items[i].queue;
	}
	read->crowded = read->crowded || peek->crowded;
	if (waiting > 0 && !read->crowded) {
		sst_error_set(&why, SST_TIMEOUT,
		    "records of %zu partitions: no answer in time", waiting);
		kafka__flaw(read, KAFKA_PART_RECORDS, &why);
	}
	return SST_OK;
}

static int
heads_fetch(
    struct kafka_read *read, struct kafka_peek *peek, struct sst_error *err)
{
	struct kafka *k = read->k;
	struct sst_mono by = kafka__by(read, KAFKA_BY_RECORDS);
	struct sst_error why;
	int code;

	/* its own time ends a little before ours: what it has is taken */
	peek->call.timeout_ms = kafka__left(read, by) * 9 / 10 + 1;
	code = kafka__call_submit(&k->hub, &peek->call, err);
	if (code != SST_OK)
		return code;
	code = kafka__await(&k->hub, &peek->call, NULL, k->clock, by);
	if (code == SST_OK)
		return heads_apply(read, peek, err);
	/* it goes on, and nothing is fetched until it is done */
	k->peek = k->peek_now;
	k->peek_now = NULL;
	if (code == SST_CANCELED)
		return sst_error_set(err, code, "interrupted");
	sst_error_set(&why, SST_TIMEOUT, "records: no answer in time");
	kafka__flaw(read, KAFKA_PART_RECORDS, &why);
	return SST_OK;
}

int
kafka__step_records(struct kafka_read *read, struct sst_error *err)
{
	struct kafka *k = read->k;
	struct kafka_peek *peek;
	struct sst_error why;
	int code;

	if (!k->s.oldest && k->s.max_tasks == 0)
		return SST_OK;
	read->asked[KAFKA_PART_RECORDS] = true;
	if (k->peek != NULL && kafka__call_done(&k->hub, k->peek))
		kafka__call_drop(&k->hub, &k->peek);
	peek = kafka__peek_new(k->client, &k->rules, KAFKA_PEEK_BYTES);
	if (peek == NULL)
		return sst_error_nomem(err);
	k->peek_now = &peek->call;
	/* also without a fetch: what was read meanwhile is dropped */
	code = heads_gather(read, peek, err);
	if (code == SST_OK && peek->count > 0 && k->peek != NULL) {
		sst_error_set(&why, SST_TIMEOUT,
		    "records: an earlier fetch still waits for its answer");
		kafka__flaw(read, KAFKA_PART_RECORDS, &why);
	} else if (code == SST_OK && peek->count > 0) {
		code = heads_fetch(read, peek, err);
	}
	kafka__call_drop(&k->hub, &k->peek_now);
	return code;
}
