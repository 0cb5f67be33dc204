/* The ends of the partitions, broker by broker. */
#include "repository/queues/kafka_priv.h"

#include <stdlib.h>
#include <string.h>

struct ends_call {
	struct kafka_call call;
	int32_t broker;
	rd_kafka_topic_partition_list_t *high;
	rd_kafka_topic_partition_list_t *low;
};

static void
ends_run(struct kafka_call *call)
{
	struct ends_call *e = (struct ends_call *)call;
	rd_kafka_t *rk = call->client->rk;

	call->error = rd_kafka_offsets_for_times(rk, e->high, call->timeout_ms);
	if (call->error == RD_KAFKA_RESP_ERR_NO_ERROR)
		call->error =
		    rd_kafka_offsets_for_times(rk, e->low, call->timeout_ms);
}

static void
ends_end(struct kafka_call *call)
{
	struct ends_call *e = (struct ends_call *)call;

	if (e->high != NULL)
		rd_kafka_topic_partition_list_destroy(e->high);
	if (e->low != NULL)
		rd_kafka_topic_partition_list_destroy(e->low);
	free(e);
}

static struct ends_call *
ends_call_of(struct kafka_read *read, int32_t broker)
{
	struct ends_call *e;
	size_t i;

	for (i = 0; i < read->end_count; i++) {
		e = (struct ends_call *)read->ends[i];
		if (e->broker == broker)
			return e;
	}
	e = calloc(1, sizeof(*e));
	if (e == NULL)
		return NULL;
	e->call.run = ends_run;
	e->call.end = ends_end;
	e->broker = broker;
	e->high = rd_kafka_topic_partition_list_new(64);
	e->low = rd_kafka_topic_partition_list_new(64);
	kafka__call_init(&e->call, read->k->client, 0);
	read->ends[read->end_count++] = &e->call;
	return e;
}

/* Its broker is down, and no other one has a copy. */
static void
ends_unled(struct kafka_read *read, const char *topic, int32_t partition)
{
	struct sst_error why;

	sst_error_set(&why, SST_UNREACHABLE,
	    "topic %.200s: partition %d has no leader", topic, (int)partition);
	kafka__flaw(read, KAFKA_PART_ENDS, &why);
}

/* -1 is the end, -2 the beginning of what is kept. */
static int
ends_want(struct kafka_read *read, const char *topic,
    const struct rd_kafka_metadata_partition *p, struct sst_error *err)
{
	const struct kafka_node *leader = kafka__node(read, p->leader);
	struct ends_call *e;

	if (leader == NULL || !leader->present) {
		ends_unled(read, topic, p->id);
		return SST_OK;
	}
	e = ends_call_of(read, p->leader);
	if (e == NULL || e->high == NULL || e->low == NULL)
		return sst_error_nomem(err);
	rd_kafka_topic_partition_list_add(e->high, topic, p->id)->offset =
	    RD_KAFKA_OFFSET_END;
	rd_kafka_topic_partition_list_add(e->low, topic, p->id)->offset =
	    RD_KAFKA_OFFSET_BEGINNING;
	return SST_OK;
}

/* Each topic once, however many groups read it: the queues are in the order of
 * topics. */
static int
ends_gather(struct kafka_read *read, struct sst_error *err)
{
	const struct kafka_store *store = &read->k->store;
	const struct rd_kafka_metadata_topic *topic;
	const char *last = NULL;
	size_t i;
	int p, code = SST_OK;

	read->ends = calloc(read->node_count + 1, sizeof(struct kafka_call *));
	if (read->ends == NULL)
		return sst_error_nomem(err);
	for (i = 0; i < store->count; i++) {
		if (!store->queues[i]->seen ||
		    (last != NULL &&
			strcmp(last, store->queues[i]->topic) == 0))
			continue;
		last = store->queues[i]->topic;
		topic = kafka__topic(read, last);
		for (p = 0; topic != NULL && p < topic->partition_cnt &&
			    code == SST_OK;
		     p++) {
			code =
			    ends_want(read, last, &topic->partitions[p], err);
		}
	}
	return code;
}

static bool
ends_late(const struct kafka *k, int32_t broker)
{
	size_t i;

	for (i = 0; i < k->late_count; i++) {
		if (k->late[i] == broker)
			return true;
	}
	return false;
}

/* Those that did not answer the last time are asked last: a thread is blocked
 * by them. */
static int
ends_submit(struct kafka_read *read, bool late, struct sst_error *err)
{
	struct kafka *k = read->k;
	int left = kafka__left(read, kafka__by(read, KAFKA_BY_ENDS));
	struct ends_call *e;
	size_t i;
	int code = SST_OK;

	for (i = 0; i < read->end_count && code == SST_OK; i++) {
		e = (struct ends_call *)read->ends[i];
		if (ends_late(k, e->broker) != late)
			continue;
		e->call.timeout_ms =
		    late && left > KAFKA_LATE_MS ? KAFKA_LATE_MS : left;
		code = kafka__call_submit(&k->hub, &e->call, err);
	}
	return code;
}

static int
ends_note_late(struct kafka_read *read, int32_t broker, struct sst_error *err)
{
	struct kafka *k = read->k;
	int32_t *more =
	    realloc(k->late, (k->late_count + 1) * sizeof(*k->late));

	if (more == NULL)
		return sst_error_nomem(err);
	k->late = more;
	k->late[k->late_count++] = broker;
	return SST_OK;
}

static void
ends_failed(struct kafka_read *read, int32_t broker, rd_kafka_resp_err_t error)
{
	struct kafka_node *node = kafka__node(read, broker);
	struct sst_error why;

	sst_error_set(&why, kafka__code(error),
	    "ends of partitions led by broker %d: %s", (int)broker,
	    rd_kafka_err2str(error));
	kafka__flaw(read, KAFKA_PART_ENDS, &why);
	if (node != NULL && node->error.code == SST_OK)
		node->error = why;
}

static void
ends_of_partition(struct kafka_read *read,
    const rd_kafka_topic_partition_t *high,
    const rd_kafka_topic_partition_t *low)
{
	struct kafka_store *store = &read->k->store;
	struct kafka_queue *q;
	struct sst_error why;
	size_t i;

	if (high->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
		sst_error_set(&why, kafka__code(high->err),
		    "topic %.200s: end of partition %d: %s", high->topic,
		    (int)high->partition, rd_kafka_err2str(high->err));
		kafka__flaw(read, KAFKA_PART_ENDS, &why);
		return;
	}
	for (i = kafka__store_first(store, high->topic);
	     i < store->count &&
	     strcmp(store->queues[i]->topic, high->topic) == 0;
	     i++) {
		q = store->queues[i];
		if ((size_t)high->partition < q->lane_count)
			kafka__lane_ends(&q->lanes[high->partition],
			    low->err == 0 ? low->offset : QUEUE_UNKNOWN,
			    high->offset);
	}
}

/* Both lists have the same partitions in the same order. */
static void
ends_apply(struct kafka_read *read, const struct ends_call *e)
{
	int i;

	for (i = 0; i < e->high->cnt && i < e->low->cnt; i++)
		ends_of_partition(read, &e->high->elems[i], &e->low->elems[i]);
}

static int
ends_wait(struct kafka_read *read, struct ends_call *e, struct sst_error *err)
{
	struct kafka *k = read->k;
	int code = kafka__await(
	    &k->hub, &e->call, NULL, k->clock, kafka__by(read, KAFKA_BY_ENDS));

	if (code == SST_CANCELED)
		return sst_error_set(err, code, "interrupted");
	if (code == SST_OK && e->call.error == RD_KAFKA_RESP_ERR_NO_ERROR) {
		ends_apply(read, e);
		return SST_OK;
	}
	ends_failed(read, e->broker,
	    code == SST_OK ? e->call.error : RD_KAFKA_RESP_ERR__TIMED_OUT);
	return ends_note_late(read, e->broker, err);
}

int
kafka__step_ends(struct kafka_read *read, struct sst_error *err)
{
	struct kafka *k = read->k;
	int code = ends_gather(read, err);
	size_t i;

	read->asked[KAFKA_PART_ENDS] = read->end_count > 0;
	if (code == SST_OK)
		code = ends_submit(read, false, err);
	if (code == SST_OK)
		code = ends_submit(read, true, err);
	k->late_count = 0;
	for (i = 0; i < read->end_count && code == SST_OK; i++)
		code = ends_wait(read, (struct ends_call *)read->ends[i], err);
	return code;
}
