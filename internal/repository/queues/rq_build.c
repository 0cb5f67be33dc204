/* The entity of a queue. */
#include <string.h>

#include "repository/queues/rq_priv.h"

static const char build_scheme[] =
    "place of the queue in its workers' queues, lower first";

static struct queue_text
build_kept(const struct rq *rq, size_t at, size_t len)
{
	return (struct queue_text){rq->ids.data + at, len};
}

/* Workers that live and take from the queue, and the best place it has. */
static void
build_workers(const struct rq_read *read, struct rq_queue *q)
{
	const struct rq *rq = read->rq;
	int index, count = 0;
	size_t i;

	q->index = -1;
	q->index_of = 0;
	q->consumers = read->workers_known ? 0 : QUEUE_UNKNOWN;
	for (i = 0; read->workers_known && i < rq->worker_count; i++) {
		const struct rq_worker *w = &rq->workers[i];

		if (!w->alive)
			continue;
		index = rq__worker_index(
		    build_kept(rq, w->queues_at, w->queues_len), q->name,
		    q->len, &count);
		if (index < 0)
			continue;
		q->consumers++;
		if (q->index < 0 || index < q->index) {
			q->index = index;
			q->index_of = count;
		}
	}
}

static struct sst_hash
build_mix(struct sst_hash hash, const void *bytes, size_t len)
{
	return sst_hash_mix(hash, sst_hash_bytes(bytes, len));
}

static struct sst_hash
build_hash_wait(
    const struct rq *rq, struct sst_hash hash, const struct rq_wait *w)
{
	uint32_t i;

	hash = sst_hash_mix(hash, (struct sst_hash){w->ends, w->count});
	for (i = 0; i < w->count; i++) {
		const struct rq_blocker *b = &rq->blockers[w->first + i];

		hash = sst_hash_mix(
		    hash, (struct sst_hash){
			      (uint64_t)b->state.status, b->state.finished});
		hash = sst_hash_mix(
		    hash, (struct sst_hash){
			      b->task != 0 ? rq->tasks[b->task - 1].queue : 0,
			      b->origin_len});
	}
	return hash;
}

/* Of all that the entity is made of. */
static struct sst_hash
build_hash(
    const struct rq *rq, const struct rq_queue *q, const struct sst_buf *raw)
{
	struct sst_hash hash = sst_hash_bytes(q->counts, sizeof(q->counts));
	int64_t others[3] = {q->consumers, q->index, q->index_of};
	size_t i;

	hash = build_mix(hash, q->twins, sizeof(q->twins));
	hash = build_mix(hash, q->unlisted, sizeof(q->unlisted));
	hash = build_mix(hash, others, sizeof(others));
	hash = build_mix(hash, raw->data, raw->len);
	for (i = q->task; i < q->task + q->tasks; i++) {
		const struct rq_task *t = &rq->tasks[i];

		hash = sst_hash_mix(hash, t->key);
		hash = sst_hash_mix(hash,
		    (struct sst_hash){(uint64_t)t->at_ms,
			(uint64_t)t->position << 32 |
			    (uint64_t)(t->raw_len > 0) << 10 |
			    (uint64_t)t->part << 2 |
			    (uint64_t)t->orphaned << 1 | (uint64_t)t->large});
		if (t->wait != 0)
			hash =
			    build_hash_wait(rq, hash, &rq->waits[t->wait - 1]);
	}
	return hash;
}

static int64_t
build_count(const struct rq_queue *q, enum rq_part part)
{
	int64_t count = q->counts[part];

	if (count < 0)
		return QUEUE_UNKNOWN;
	count -= q->twins[part] + q->gone[part];
	return count > 0 ? count : 0;
}

static int64_t
build_sum(int64_t a, int64_t b)
{
	return a < 0 || b < 0 ? QUEUE_UNKNOWN : a + b;
}

static void
build_depth(const struct rq_queue *q, struct queue_depth *d)
{
	d->running =
	    build_sum(build_count(q, RQ_WIP), build_count(q, RQ_TAKEN));
	d->ready = build_count(q, RQ_READY);
	d->delayed = build_count(q, RQ_SCHEDULED);
	d->blocked = build_count(q, RQ_DEFERRED);
	d->failed = build_count(q, RQ_FAILED);
	d->total = build_sum(build_sum(d->running, d->ready),
	    build_sum(build_sum(d->delayed, d->blocked), d->failed));
}

static void
build_priority(const struct rq_queue *q, struct queue_priority *p)
{
	p->level = rq__level(q->index, q->index_of);
	if (q->index < 0)
		return;
	p->has_number = true;
	p->number = q->index;
	p->scheme = build_scheme;
}

/* Where a traceback is, in the job or in its results; its last line. */
static void
build_error(struct rq *rq, const struct rq_task *t, const struct rq_job *job,
    const struct sst_buf *raw, struct queue_task *task)
{
	const char *bytes = raw->data + t->raw_at + t->raw_len;
	struct sst_redis_walk walk = {bytes, bytes + t->error_len};
	struct queue_text packed = QUEUE_TEXT_NONE;
	bool found = false;

	sst_buf_clear(&rq->line);
	if (t->error_len > 0 && rq__parse_result(&walk, &packed))
		found =
		    rq__trace_line(packed.data, packed.len, true, &rq->line);
	if (!found && job->trace.len > 0)
		found = rq__trace_line(
		    job->trace.data, job->trace.len, false, &rq->line);
	if (found && rq->line.len > 0)
		task->error = (struct queue_text){rq->line.data, rq->line.len};
}

/* Those that are not over; RQ has them in any order. */
static void
build_blockers(const struct rq *rq, const struct rq_wait *w,
    struct queue_blocker blockers[RQ_BLOCKERS], struct queue_task *task)
{
	size_t n = 0;
	uint32_t i;

	for (i = 0; i < w->count && n < RQ_BLOCKERS; i++) {
		const struct rq_blocker *b = &rq->blockers[w->first + i];
		const struct rq_queue *q;

		if (b->state.finished)
			continue;
		blockers[n].id = build_kept(rq, b->id_at, b->id_len);
		blockers[n].status = b->state.status;
		blockers[n].queue = build_kept(rq, b->origin_at, b->origin_len);
		if (b->task != 0) {
			q = &rq->queues[rq->tasks[b->task - 1].queue];
			blockers[n].queue =
			    (struct queue_text){q->name, q->len};
		}
		n++;
	}
	task->blockers = blockers;
	task->blocker_count = n;
	task->deadlocked = !w->ends;
}

static void
build_facts(struct rq *rq, const struct rq_task *t, const struct rq_job *job,
    const struct sst_buf *raw, struct queue_task *task)
{
	task->status = rq__status((enum rq_part)t->part, job);
	task->type = rq__type(job->description, &rq->scratch);
	task->submitted_at = job->created_at;
	rq__attempts(
	    (enum rq_part)t->part, job, &task->attempts, &task->max_attempts);
	if (t->part == RQ_WIP) {
		task->started_at = job->started_at;
		task->assigned_to = job->worker;
	}
	if (t->part == RQ_FAILED)
		build_error(rq, t, job, raw, task);
}

static int
build_task(struct rq_read *read, const struct rq_task *t,
    const struct sst_buf *raw, struct queue_build *build, struct sst_error *err)
{
	struct queue_task task = QUEUE_TASK_INIT;
	struct queue_blocker blockers[RQ_BLOCKERS];
	struct rq *rq = read->rq;
	struct rq_job job = {.created_at = QUEUE_NEVER,
	    .started_at = QUEUE_NEVER,
	    .retries_left = QUEUE_UNKNOWN,
	    .retries = QUEUE_UNKNOWN};
	struct sst_redis_walk walk = {NULL, NULL};

	task.id = build_kept(rq, t->id_at, t->id_len);
	build_priority(&rq->queues[t->queue], &task.priority);
	if (t->raw_len > 0) {
		walk.at = raw->data + t->raw_at;
		walk.end = walk.at + t->raw_len;
		rq__parse_job((enum rq_part)t->part, t->large, &walk, &job);
	}
	build_facts(rq, t, &job, raw, &task);
	task.orphaned = t->orphaned;
	if (t->part == RQ_READY)
		task.position = t->position;
	if (t->part == RQ_SCHEDULED)
		task.not_before.ms = t->at_ms;
	if (t->wait != 0)
		build_blockers(rq, &rq->waits[t->wait - 1], blockers, &task);
	if (sst_buf_failed(&rq->scratch) || sst_buf_failed(&rq->line))
		return sst_error_nomem(err);
	return queue__add_task(build, &task, err);
}

/* Of those that are listed: the head of a queue is its oldest end. */
static struct sst_wall
build_oldest(
    const struct rq *rq, const struct rq_queue *q, const struct sst_buf *raw)
{
	struct sst_wall oldest = QUEUE_NEVER;
	struct sst_redis_walk walk;
	struct rq_job job;
	size_t i;

	for (i = q->task; i < q->task + q->tasks; i++) {
		const struct rq_task *t = &rq->tasks[i];

		if (t->part != RQ_READY || t->raw_len == 0 || t->gone)
			continue;
		walk.at = raw->data + t->raw_at;
		walk.end = walk.at + t->raw_len;
		if (!rq__parse_job(RQ_READY, t->large, &walk, &job) ||
		    job.created_at.ms == QUEUE_NEVER.ms)
			continue;
		if (oldest.ms == QUEUE_NEVER.ms ||
		    job.created_at.ms < oldest.ms)
			oldest = job.created_at;
	}
	return oldest;
}

static int
build_entity(struct rq_read *read, struct rq_queue *q,
    const struct sst_buf *raw, struct sst_error *err)
{
	struct rq *rq = read->rq;
	struct queue_row row = QUEUE_ROW_INIT;
	struct queue_build build;
	size_t i;
	int code;

	row.name = (struct queue_text){q->name, q->len};
	row.system = rq->settings.pick.system;
	row.consumers = q->consumers;
	row.detail = q->large ? QUEUE_UNAVAILABLE : QUEUE_FULL;
	build_depth(q, &row.depth);
	row.oldest_submitted_at = build_oldest(rq, q, raw);
	code = queue__begin(read->out, &row, &build, err);
	for (i = q->task; code == SST_OK && i < q->task + q->tasks; i++) {
		if (!rq->tasks[i].gone)
			code =
			    build_task(read, &rq->tasks[i], raw, &build, err);
		if (code != SST_OK)
			queue__drop(&build);
	}
	return code == SST_OK ? queue__finish(&build, err) : code;
}

int
rq__build(struct rq_read *read, struct rq_queue *q, const struct sst_buf *raw,
    struct sst_error *err)
{
	const char *parts[2] = {read->rq->settings.pick.system, q->shown};
	size_t i, rejected = sst_draft_rejected(read->out);
	struct rq *rq = read->rq;
	int code;

	for (i = q->task; i < q->task + q->tasks; i++)
		q->gone[rq->tasks[i].part] += rq->tasks[i].gone;
	build_workers(read, q);
	q->hash = build_hash(rq, q, raw);
	if (q->told_whole && q->plain && sst_hash_equal(q->hash, q->told) &&
	    sst_draft_keep(read->out, parts, 2, NULL) == SST_OK)
		return SST_OK;
	code = build_entity(read, q, raw, err);
	q->told = q->hash;
	q->told_whole =
	    code == SST_OK && sst_draft_rejected(read->out) == rejected;
	/* the rest of the slice is left out, and that is told */
	return code;
}
