/*
 * From the members of all keys to the jobs that are told: each once in its
 * queue, though an id may stand in a list twice, or in two of them while it
 * moves; no more than may be.
 */
#include <string.h>

#include "repository/queues/rq_priv.h"

static const char *
admit_id(const struct rq *rq, const struct rq_entry *e)
{
	return rq->ids.data + e->id_at;
}

/* A task of the queue with that id; NULL: none so far. */
static struct rq_task *
admit_find(struct rq *rq, struct sst_hash key, uint32_t queue)
{
	int64_t at = rq__table_find(&rq->by_id, key);

	while (at >= 0) {
		if (rq->tasks[at].queue == queue)
			return &rq->tasks[at];
		at = (int64_t)rq->tasks[at].next - 1;
	}
	return NULL;
}

static int
admit_task(struct rq *rq, uint32_t queue, const struct rq_entry *e,
    struct sst_hash key, uint32_t position)
{
	int64_t same = rq__table_find(&rq->by_id, key);
	struct rq_task *t;

	if (rq->task_count >= UINT32_MAX - 1 ||
	    !RQ_GROW(rq->tasks, rq->task_cap, rq->task_count))
		return SST_NOMEM;
	t = &rq->tasks[rq->task_count];
	*t = (struct rq_task){.id_at = e->id_at,
	    .id_len = e->id_len,
	    .queue = queue,
	    .at_ms = e->at_ms,
	    .key = key,
	    .position = position,
	    .part = (uint8_t)e->part,
	    .large = rq__table_find(&rq->large, key) >= 0,
	    .next = same >= 0 ? (uint32_t)same + 1 : 0};
	if (!rq__table_put(&rq->by_id, key, (uint32_t)rq->task_count))
		return SST_NOMEM;
	rq->task_count++;
	return SST_OK;
}

/* Of one part; at most `most` of them, of those that failed the last ones. */
static int
admit_part(struct rq *rq, uint32_t queue, enum rq_part part, int64_t most)
{
	struct rq_queue *q = &rq->queues[queue];
	uint32_t position = 0;
	struct sst_hash key;
	int64_t told = 0;
	size_t i;
	int code = SST_OK;

	for (i = 0; code == SST_OK && i < q->count; i++) {
		const struct rq_entry *e =
		    &rq->entries[part == RQ_FAILED ? q->first + q->count - 1 - i
						   : q->first + i];

		if (e->part != part)
			continue;
		key = sst_hash_bytes(admit_id(rq, e), e->id_len);
		if (admit_find(rq, key, queue) != NULL) {
			q->twins[part]++;
			continue;
		}
		if (told++ < most)
			code = admit_task(rq, queue, e, key, position);
		position++;
	}
	return code;
}

static int
admit_queue(struct rq *rq, uint32_t queue)
{
	struct rq_queue *q = &rq->queues[queue];
	int64_t known[RQ_PARTS] = {0}, share[RQ_PARTS];
	int part, code = SST_OK;
	size_t i;

	for (i = q->first; i < q->first + q->count; i++)
		known[rq->entries[i].part]++;
	rq__share(known, rq->settings.max_tasks, share);
	q->task = rq->task_count;
	for (part = 0; code == SST_OK && part < RQ_PARTS; part++)
		code = admit_part(rq, queue, (enum rq_part)part, share[part]);
	q->tasks = rq->task_count - q->task;
	return code;
}

int
rq__admit(struct rq_read *read, struct sst_error *err)
{
	struct rq *rq = read->rq;
	int code = SST_OK;
	size_t i;

	rq->task_count = 0;
	rq__table_clear(&rq->by_id);
	for (i = 0; code == SST_OK && i < rq->queue_count; i++)
		code = admit_queue(rq, (uint32_t)i);
	return code == SST_OK ? code : sst_error_nomem(err);
}
