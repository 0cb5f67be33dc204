/*
 * What deferred jobs wait for, in whatever queue it is: jobs that are listed
 * are known, the others are asked for in a third round trip. A job whose
 * blocker failed, or that waits for itself over others, can never run.
 */
#include <string.h>

#include "repository/queues/rq_priv.h"

struct wait_add {
	struct rq *rq;
	uint32_t wait;
};

static bool
wait_add_blocker(void *ctx, const char *id, size_t len)
{
	struct wait_add *add = ctx;
	struct rq *rq = add->rq;
	struct rq_blocker *b;

	if (len == 0 || len > RQ_ID_MAX)
		return true;
	if (!RQ_GROW(rq->blockers, rq->blocker_cap, rq->blocker_count))
		return false;
	b = &rq->blockers[rq->blocker_count];
	*b = (struct rq_blocker){.id_len = (uint32_t)len,
	    .wait = add->wait,
	    .key = sst_hash_bytes(id, len),
	    .state = {.status = QUEUE_STATUS_UNKNOWN}};
	if (!rq__keep_bytes(rq, id, len, &b->id_at))
		return !sst_buf_failed(&rq->ids);
	rq->blocker_count++;
	rq->waits[add->wait].count++;
	return true;
}

/* False when memory ran out. */
bool
rq__wait_add(struct rq *rq, uint32_t task, const struct rq_job *job)
{
	struct wait_add add = {.rq = rq, .wait = (uint32_t)rq->wait_count};

	if (!RQ_GROW(rq->waits, rq->wait_cap, rq->wait_count))
		return false;
	rq->waits[rq->wait_count++] = (struct rq_wait){.task = task,
	    .first = (uint32_t)rq->blocker_count,
	    .allows_failures = job->allows_failures};
	rq->tasks[task].wait = add.wait + 1;
	rq->queues[rq->tasks[task].queue].waits++;
	/* a list that cannot be read is one that is not known */
	(void)rq__each_dependency(job, wait_add_blocker, &add);
	return !sst_buf_failed(&rq->ids);
}

/* A job that is listed. */
static void
wait_take_task(struct rq *rq, struct rq_blocker *b, uint32_t task)
{
	const struct rq_task *t = &rq->tasks[task];

	b->task = task + 1;
	b->state.status = (enum queue_status)t->status;
	b->state.failed = t->part == RQ_FAILED;
	if (t->status == QUEUE_QUEUED && t->part != RQ_READY)
		b->state.status = QUEUE_STATUS_UNKNOWN;
	b->origin_at = 0;
	b->origin_len = 0;
}

static bool
wait_find(struct rq *rq, struct rq_blocker *b)
{
	int64_t at = rq__table_find(&rq->by_id, b->key);

	while (at >= 0 && rq->tasks[at].gone)
		at = (int64_t)rq->tasks[at].next - 1;
	if (at < 0)
		return false;
	wait_take_task(rq, b, (uint32_t)at);
	return true;
}

/* Blockers that are asked for. */
struct wait_run {
	struct rq_read *read;
	size_t next; /* blocker whose reply is next */
};

static size_t
wait_next_lost(const struct rq *rq, size_t i)
{
	while (i < rq->blocker_count && rq->blockers[i].task != 0)
		i++;
	return i;
}

static int
wait_on_bytes(
    void *ctx, size_t i, const char *bytes, size_t len, struct sst_error *err)
{
	struct sst_redis_walk walk = {bytes, bytes + len};
	struct wait_run *run = ctx;
	struct rq *rq = run->read->rq;
	struct rq_blocker *b = &rq->blockers[run->next];
	struct sst_redis_item item = {0};
	struct sst_error why;

	(void)i;
	run->next = wait_next_lost(rq, run->next + 1);
	sst_redis_next(&walk, &item);
	if (sst_redis_item_check(&item, "HMGET rq:job:... status", &why) !=
	    SST_OK) {
		rq__fact_failed(run->read, RQ_FACT_JOBS, &why);
		return SST_OK;
	}
	if (sst_redis_next(&walk, &item) && item.type == REDIS_REPLY_STRING)
		b->state = rq__blocker_state(item.data, item.len);
	if (!sst_redis_next(&walk, &item) || item.type != REDIS_REPLY_STRING ||
	    item.len > RQ_ID_MAX)
		return SST_OK;
	if (rq__keep_bytes(rq, item.data, item.len, &b->origin_at))
		b->origin_len = (uint32_t)item.len;
	return sst_buf_failed(&rq->ids) ? sst_error_nomem(err) : SST_OK;
}

static int
wait_ask(struct rq_read *read, struct sst_error *err)
{
	static const char *const fields[] = {"status", "origin", NULL};
	struct wait_run run = {.read = read};
	struct rq *rq = read->rq;
	size_t i, n;
	int code = SST_OK;

	run.next = wait_next_lost(rq, 0);
	while (code == SST_OK && run.next < rq->blocker_count) {
		for (i = run.next, n = 0; i < rq->blocker_count && n < RQ_BATCH;
		     i = wait_next_lost(rq, i + 1), n++)
			rq__ask_job(rq, rq->ids.data + rq->blockers[i].id_at,
			    rq->blockers[i].id_len, fields);
		if (rq->failed)
			return sst_error_nomem(err);
		code = sst_redis_run_bytes(
		    rq->redis, read->req->deadline, wait_on_bytes, &run, err);
		if (code != SST_TOO_LARGE || read->large_left-- <= 0)
			continue;
		rq__fact_failed(read, RQ_FACT_JOBS, err);
		sst_error_clear(err);
		run.next = wait_next_lost(rq, run.next + 1);
		code = SST_OK;
	}
	return code;
}

/* From each wait to those that need it. */
static void
wait_link(struct rq *rq)
{
	size_t i;

	for (i = 0; i < rq->blocker_count; i++) {
		struct rq_blocker *b = &rq->blockers[i];
		struct rq_wait *w = &rq->waits[b->wait];
		uint32_t on;

		if (b->state.never || (b->state.failed && !w->allows_failures))
			w->stuck = true;
		on = b->task != 0 ? rq->tasks[b->task - 1].wait : 0;
		if (on == 0)
			continue;
		w->missing++;
		b->next = rq->waits[on - 1].dependents;
		rq->waits[on - 1].dependents = (uint32_t)i + 1;
	}
}

/* Whoever can end lets others end; the rest waits for ever. */
static void
wait_settle(struct rq *rq)
{
	uint32_t top = 0, at;
	size_t i;

	for (i = 0; i < rq->wait_count; i++) {
		if (rq->waits[i].missing > 0 || rq->waits[i].stuck)
			continue;
		rq->waits[i].below = top;
		top = (uint32_t)i + 1;
	}
	while (top != 0) {
		struct rq_wait *w = &rq->waits[top - 1];

		top = w->below;
		w->ends = true;
		for (at = w->dependents; at != 0;
		     at = rq->blockers[at - 1].next) {
			uint32_t index = rq->blockers[at - 1].wait;
			struct rq_wait *other = &rq->waits[index];

			if (--other->missing > 0 || other->stuck)
				continue;
			other->below = top;
			top = index + 1;
		}
	}
}

int
rq__waits(struct rq_read *read, struct sst_error *err)
{
	struct rq *rq = read->rq;
	int code = SST_OK;
	size_t i;

	for (i = 0; i < rq->blocker_count; i++)
		wait_find(rq, &rq->blockers[i]);
	code = wait_ask(read, err);
	wait_link(rq);
	wait_settle(rq);
	for (i = 0; code == SST_OK && i < rq->queue_count; i++) {
		struct rq_queue *q = &rq->queues[i];

		if (q->waits == 0)
			continue;
		code = rq__build(read, q, &q->raw, err);
		sst_buf_fini(&q->raw);
	}
	return code;
}
