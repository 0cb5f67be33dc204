/*
 * The second round trip: workers, then the jobs of all queues. Replies are kept
 * as they came until the last one of a queue is there; only what other jobs may
 * ask for is looked at before.
 */
#include <string.h>

#include "repository/queues/rq_priv.h"

struct jobs_run {
	struct rq_read *read;
	size_t worker; /* the one whose reply is next */
	size_t task;   /* the same, after all workers */
	bool error;    /* its results are, not itself */
	size_t queue;  /* the first one that is not done */
};

void
rq__ask_job(
    struct rq *rq, const char *id, size_t len, const char *const *fields)
{
	const char *parts[12] = {"HMGET"};
	size_t lens[12] = {5}, n = 2;

	sst_buf_clear(&rq->scratch);
	sst_buf_adds(&rq->scratch, "rq:job:");
	sst_buf_add(&rq->scratch, id, len);
	rq->failed = rq->failed || sst_buf_failed(&rq->scratch);
	if (rq->failed)
		return;
	parts[1] = rq->scratch.data;
	lens[1] = rq->scratch.len;
	for (; *fields != NULL; fields++, n++) {
		parts[n] = *fields;
		lens[n] = strlen(*fields);
	}
	sst_redis_command_argv(rq->redis, n, parts, lens);
}

static const char *
jobs_id(const struct rq *rq, const struct rq_task *t)
{
	return rq->ids.data + t->id_at;
}

static void
jobs_ask_error(struct rq *rq, const struct rq_task *t)
{
	const char *parts[6] = {"XREVRANGE", NULL, "+", "-", "COUNT", "1"};
	size_t lens[6] = {9, 0, 1, 1, 5, 1};

	sst_buf_clear(&rq->scratch);
	sst_buf_adds(&rq->scratch, "rq:results:");
	sst_buf_add(&rq->scratch, jobs_id(rq, t), t->id_len);
	rq->failed = rq->failed || sst_buf_failed(&rq->scratch);
	if (rq->failed)
		return;
	parts[1] = rq->scratch.data;
	lens[1] = rq->scratch.len;
	sst_redis_command_argv(rq->redis, 6, parts, lens);
}

static void
jobs_ask_worker(struct rq *rq, const struct rq_worker *w)
{
	const char *parts[4] = {
	    "HMGET", rq->ids.data + w->key_at, "queues", "birth"};
	const size_t lens[4] = {5, w->key_len, 6, 5};

	sst_redis_command_argv(rq->redis, 4, parts, lens);
}

/* The key of a worker lives as long as it gives signs of life. */
static int
jobs_on_worker(struct rq_read *read, struct rq_worker *w,
    struct sst_redis_walk *walk, struct sst_error *err)
{
	struct sst_redis_item item = {0};
	struct sst_error why;

	sst_redis_next(walk, &item);
	if (sst_redis_item_check(&item, "HMGET rq:worker:...", &why) !=
	    SST_OK) {
		rq__fact_failed(read, RQ_FACT_WORKERS, &why);
		read->workers_known = false;
		return SST_OK;
	}
	if (!sst_redis_next(walk, &item))
		return SST_OK;
	if (item.type == REDIS_REPLY_STRING) {
		w->alive = true;
		w->queues_len = (uint32_t)item.len;
		if (!rq__keep_bytes(
			read->rq, item.data, item.len, &w->queues_at)) {
			w->queues_len = 0;
			if (sst_buf_failed(&read->rq->ids))
				return sst_error_nomem(err);
		}
	}
	if (sst_redis_next(walk, &item) && item.type == REDIS_REPLY_STRING)
		w->alive = true;
	return SST_OK;
}

static bool
jobs_alive(const struct rq *rq, struct queue_text worker)
{
	struct sst_hash key = sst_hash_bytes(worker.data, worker.len);
	size_t i;

	for (i = 0; i < rq->worker_count; i++) {
		if (rq->workers[i].alive &&
		    sst_hash_equal(rq->workers[i].key, key))
			return true;
	}
	return false;
}

/* What other jobs, or the counts, depend on. */
static int
jobs_look(struct rq_read *read, uint32_t index, struct sst_redis_walk *walk,
    struct sst_error *err)
{
	struct rq *rq = read->rq;
	struct rq_task *t = &rq->tasks[index];
	struct rq_job job;

	if (!rq__parse_job((enum rq_part)t->part, t->large, walk, &job))
		return SST_OK;
	t->gone = !job.there;
	t->status = (uint8_t)rq__status((enum rq_part)t->part, &job);
	t->orphaned = t->part == RQ_WIP && read->workers_known &&
		      job.worker.len > 0 && !jobs_alive(rq, job.worker);
	if (t->part == RQ_DEFERRED && !rq__wait_add(rq, index, &job))
		return sst_error_nomem(err);
	return SST_OK;
}

static void
jobs_failed(struct rq_read *read, const struct rq_task *t, const char *what,
    enum rq_fact fact, const struct sst_redis_item *item)
{
	struct sst_buf *where = &read->rq->line;
	struct sst_error why;

	sst_buf_clear(where);
	sst_buf_adds(where, what);
	sst_buf_add(where, jobs_id(read->rq, t), t->id_len);
	if (!sst_buf_failed(where) &&
	    sst_redis_item_check(item, where->data, &why) != SST_OK)
		rq__fact_failed(read, fact, &why);
}

/* Whether its bytes may be kept, too. */
static bool
jobs_fits(struct rq_read *read, size_t len)
{
	size_t kept = read->raw_kept + read->rq->raw.len;
	struct sst_error why;

	if (kept <= read->rq->max_bytes && len <= read->rq->max_bytes - kept)
		return true;
	sst_error_set(&why, SST_TOO_LARGE,
	    "the jobs of a queue are over the bound of %zu bytes",
	    read->rq->max_bytes);
	rq__fact_failed(read, RQ_FACT_JOBS, &why);
	return false;
}

static int
jobs_on_job(struct rq_read *read, uint32_t index, const char *bytes, size_t len,
    struct sst_error *err)
{
	struct sst_redis_walk walk = {bytes, bytes + len}, look = walk;
	struct rq_task *t = &read->rq->tasks[index];
	struct sst_redis_item item = {0};
	int code = SST_OK;

	sst_redis_next(&look, &item);
	if (item.type != REDIS_REPLY_ARRAY) {
		jobs_failed(read, t, "HMGET rq:job:", RQ_FACT_JOBS, &item);
		return SST_OK;
	}
	if (!jobs_fits(read, len))
		return SST_OK;
	if (t->part != RQ_READY) {
		code = jobs_look(read, index, &walk, err);
	} else if (sst_redis_next(&look, &item) &&
		   item.type == REDIS_REPLY_NIL) {
		code = jobs_look(read, index, &walk, err);
	}
	t = &read->rq->tasks[index];
	t->raw_at = read->rq->raw.len;
	t->raw_len = (uint32_t)len;
	sst_buf_add(&read->rq->raw, bytes, len);
	if (code == SST_OK && sst_buf_failed(&read->rq->raw))
		code = sst_error_nomem(err);
	return code;
}

static int
jobs_on_error(struct rq_read *read, struct rq_task *t, const char *bytes,
    size_t len, struct sst_error *err)
{
	if (bytes[0] == '-') {
		struct sst_redis_walk walk = {bytes, bytes + len};
		struct sst_redis_item item;

		if (sst_redis_next(&walk, &item))
			jobs_failed(read, t,
			    "XREVRANGE rq:results:", RQ_FACT_ERRORS, &item);
		return SST_OK;
	}
	if (t->raw_len == 0 || !jobs_fits(read, len))
		return SST_OK;
	t->error_len = (uint32_t)len;
	sst_buf_add(&read->rq->raw, bytes, len);
	return sst_buf_failed(&read->rq->raw) ? sst_error_nomem(err) : SST_OK;
}

/* Told now; or, when its jobs wait for others, once these are known. */
static int
jobs_queue_done(struct rq_read *read, struct rq_queue *q, struct sst_error *err)
{
	struct rq *rq = read->rq;
	struct sst_buf swap;
	int code = SST_OK;

	if (!q->in_set)
		return SST_OK;
	if (q->waits == 0) {
		code = rq__build(read, q, &rq->raw, err);
		sst_buf_clear(&rq->raw);
		return code;
	}
	read->raw_kept += rq->raw.len;
	swap = q->raw;
	q->raw = rq->raw;
	rq->raw = swap;
	sst_buf_clear(&rq->raw);
	return code;
}

static int
jobs_close(struct jobs_run *run, struct sst_error *err)
{
	struct rq *rq = run->read->rq;
	struct rq_queue *q;
	int code = SST_OK;

	while (code == SST_OK && run->queue < rq->queue_count) {
		q = &rq->queues[run->queue];
		if (run->task < q->task + q->tasks)
			break;
		code = jobs_queue_done(run->read, q, err);
		run->queue++;
	}
	return code;
}

static int
jobs_next(struct jobs_run *run, struct sst_error *err)
{
	run->error = false;
	run->task++;
	return jobs_close(run, err);
}

static int
jobs_on_bytes(
    void *ctx, size_t i, const char *bytes, size_t len, struct sst_error *err)
{
	struct jobs_run *run = ctx;
	struct rq *rq = run->read->rq;
	struct sst_redis_walk walk = {bytes, bytes + len};
	int code;

	(void)i;
	if (run->worker < rq->worker_count)
		return jobs_on_worker(
		    run->read, &rq->workers[run->worker++], &walk, err);
	if (run->error) {
		code = jobs_on_error(
		    run->read, &rq->tasks[run->task], bytes, len, err);
		return code == SST_OK ? jobs_next(run, err) : code;
	}
	/* the workers are known by now: nobody's queues are done before */
	code = run->task == 0 ? jobs_close(run, err) : SST_OK;
	if (code == SST_OK)
		code = jobs_on_job(
		    run->read, (uint32_t)run->task, bytes, len, err);
	if (code != SST_OK)
		return code;
	if (rq->tasks[run->task].part != RQ_FAILED)
		return jobs_next(run, err);
	run->error = true;
	return SST_OK;
}

/* From where the run is, at most a batch. */
static bool
jobs_fill(const struct jobs_run *run)
{
	struct rq *rq = run->read->rq;
	size_t i, end = run->task + RQ_BATCH;

	for (i = run->worker; i < rq->worker_count; i++)
		jobs_ask_worker(rq, &rq->workers[i]);
	for (i = run->task; i < rq->task_count && i < end; i++) {
		const struct rq_task *t = &rq->tasks[i];

		rq__ask_job(rq, jobs_id(rq, t), t->id_len,
		    rq__fields((enum rq_part)t->part, t->large));
		if (t->part == RQ_FAILED)
			jobs_ask_error(rq, t);
	}
	return !rq->failed;
}

/* The one whose reply it was is gone without: its texts, or its results. */
static int
jobs_large(struct jobs_run *run, struct sst_error *err)
{
	struct rq *rq = run->read->rq;
	struct rq_task *t;

	if (run->read->large_left-- <= 0)
		return SST_TOO_LARGE;
	if (run->worker < rq->worker_count) {
		rq__fact_failed(run->read, RQ_FACT_WORKERS, err);
		rq->workers[run->worker++].alive = true;
		sst_error_clear(err);
		return SST_OK;
	}
	t = &rq->tasks[run->task];
	if (run->error) {
		/* the job itself is asked for again, without results */
		rq__fact_failed(run->read, RQ_FACT_ERRORS, err);
	} else {
		if (t->large)
			return SST_TOO_LARGE;
		rq__fact_failed(run->read, RQ_FACT_JOBS, err);
		t->large = true;
		if (rq->large.count < RQ_LARGE_MAX &&
		    !rq__table_put(&rq->large, t->key, 0))
			return sst_error_nomem(err);
	}
	sst_error_clear(err);
	return run->error ? jobs_next(run, err) : SST_OK;
}

int
rq__jobs(struct rq_read *read, struct sst_error *err)
{
	struct jobs_run run = {.read = read};
	struct rq *rq = read->rq;
	int code = SST_OK;

	while (code == SST_OK &&
	       (run.worker < rq->worker_count || run.task < rq->task_count)) {
		if (!jobs_fill(&run))
			return sst_error_nomem(err);
		code = sst_redis_run_bytes(
		    rq->redis, read->req->deadline, jobs_on_bytes, &run, err);
		if (code == SST_TOO_LARGE)
			code = jobs_large(&run, err);
	}
	return code == SST_OK ? jobs_close(&run, err) : code;
}
