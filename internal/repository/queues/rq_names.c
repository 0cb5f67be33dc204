/*
 * Which queues and workers there are. RQ puts a queue into rq:queues when a job
 * is put into its list: one whose jobs all wait for others, or that workers
 * wait at for the first job, is not there yet. The former are met by a SCAN
 * that goes one step at each collection, the latter are told by the workers.
 */
#include <string.h>

#include "repository/queues/rq_priv.h"

enum { NAMES_LONGEST = 4096 };
#define NAMES_STEP "1000" /* keys that SCAN looks at: about 1 ms */
#define NAMES_DEFERRED "rq:deferred:"

int
rq__names_ask(struct rq *rq)
{
	/* with names that are configured, only workers are not known */
	sst_redis_command(rq->redis, "SMEMBERS rq:workers");
	if (rq->settings.queues.count > 0)
		return 1;
	sst_redis_command(rq->redis, "SMEMBERS rq:queues");
	sst_redis_command(rq->redis,
	    "SCAN %s MATCH " NAMES_DEFERRED "* COUNT " NAMES_STEP,
	    rq->cursor[0] != '\0' ? rq->cursor : "0");
	return 3;
}

static bool
names_wanted(const struct rq *rq, const struct rq_queue *q)
{
	return q->len <= NAMES_LONGEST &&
	       queue__picked(&rq->settings.pick, q->shown);
}

/* The queue, NULL in *out when there are too many; SST_NOMEM. */
static int
names_put(struct rq_read *read, struct queue_text name, struct rq_queue **out,
    struct sst_error *err)
{
	struct rq *rq = read->rq;

	*out = NULL;
	if (rq->queue_count >= RQ_QUEUES_MAX) {
		sst_draft_degrade(read->out, SST_LIMIT, "more than %d queues",
		    (int)RQ_QUEUES_MAX);
		return SST_OK;
	}
	*out = rq__queue_put(rq, name.data, name.len);
	return *out != NULL ? SST_OK : sst_error_nomem(err);
}

/* What follows the prefix in a key; false when it is another key. */
static bool
names_after(const struct sst_redis_item *key, const char *prefix,
    struct queue_text *out)
{
	size_t n = strlen(prefix);

	if (key->type != REDIS_REPLY_STRING || key->len <= n ||
	    memcmp(key->data, prefix, n) != 0)
		return false;
	*out = (struct queue_text){key->data + n, key->len - n};
	return true;
}

static int
names_add_worker(
    struct rq *rq, const struct sst_redis_item *key, struct sst_error *err)
{
	struct queue_text name;
	struct rq_worker *w;

	if (!names_after(key, "rq:worker:", &name) || key->len > NAMES_LONGEST)
		return SST_OK;
	if (!RQ_GROW(rq->workers, rq->worker_cap, rq->worker_count))
		return sst_error_nomem(err);
	w = &rq->workers[rq->worker_count];
	memset(w, 0, sizeof(*w));
	w->key = sst_hash_bytes(name.data, name.len);
	w->key_len = (uint32_t)key->len;
	if (!rq__keep_bytes(rq, key->data, key->len, &w->key_at))
		return sst_error_nomem(err);
	rq->worker_count++;
	return SST_OK;
}

static int
names_on_workers(
    struct rq_read *read, struct sst_redis_walk *walk, struct sst_error *err)
{
	struct sst_redis_item item = {0};
	struct sst_error why;
	int code = SST_OK;

	sst_redis_next(walk, &item);
	if (sst_redis_item_check(&item, "SMEMBERS rq:workers", &why) !=
	    SST_OK) {
		rq__fact_failed(read, RQ_FACT_WORKERS, &why);
		return SST_OK;
	}
	read->workers_known = true;
	read->rq->worker_count = 0;
	while (code == SST_OK && sst_redis_next(walk, &item)) {
		if (read->rq->worker_count < RQ_WORKERS_MAX)
			code = names_add_worker(read->rq, &item, err);
	}
	return code;
}

/* Replies of names are kept until the run is over: those that are to come
 * belong to queues by their number. */
static int
names_keep(struct rq *rq, const char *bytes, size_t len, struct sst_error *err)
{
	sst_buf_add(&rq->raw, bytes, len);
	return sst_buf_failed(&rq->raw) ? sst_error_nomem(err) : SST_OK;
}

int
rq__names_on_reply(struct rq_read *read, int i, const char *bytes, size_t len,
    struct sst_error *err)
{
	struct sst_redis_walk walk = {bytes, bytes + len}, look = walk;
	struct sst_redis_item item = {0};
	struct sst_error why;
	int code;

	if (i == 0)
		return names_on_workers(read, &walk, err);
	sst_redis_next(&look, &item);
	if (i == 1) {
		/* without these there is nothing to tell */
		code = sst_redis_item_check(&item, "SMEMBERS rq:queues", err);
		sst_buf_clear(&read->rq->raw);
	} else {
		code = sst_redis_item_check(
		    &item, "SCAN (for queues whose jobs all wait)", &why);
		if (code != SST_OK) {
			rq__fact_failed(read, RQ_FACT_DISCOVERY, &why);
			return SST_OK;
		}
		read->scanned = read->rq->raw.len;
	}
	return code == SST_OK ? names_keep(read->rq, bytes, len, err) : code;
}

static int
names_take_set(
    struct rq_read *read, struct sst_redis_walk *walk, struct sst_error *err)
{
	struct queue_text name;
	struct sst_redis_item item;
	struct rq_queue *q;
	int code = SST_OK;

	sst_redis_next(walk, &item);
	while (code == SST_OK && sst_redis_next(walk, &item)) {
		if (!names_after(&item, "rq:queue:", &name)) {
			sst_draft_reject(read->out, "/rq:queues",
			    "a member that names no queue");
			continue;
		}
		code = names_put(read, name, &q, err);
		if (q != NULL)
			q->in_set = true;
	}
	return code;
}

/* [cursor, [keys]] */
static int
names_take_scan(
    struct rq_read *read, struct sst_redis_walk *walk, struct sst_error *err)
{
	struct rq *rq = read->rq;
	struct sst_redis_item item, cursor;
	struct queue_text name;
	struct rq_queue *q;
	int code = SST_OK;

	if (!sst_redis_next(walk, &item) || !sst_redis_next(walk, &cursor) ||
	    cursor.type != REDIS_REPLY_STRING ||
	    cursor.len >= sizeof(rq->cursor) || !sst_redis_next(walk, &item))
		return SST_OK;
	while (code == SST_OK && sst_redis_next(walk, &item)) {
		if (!names_after(&item, NAMES_DEFERRED, &name))
			continue;
		code = names_put(read, name, &q, err);
		if (q != NULL)
			q->met_in = rq->rounds;
	}
	memcpy(rq->cursor, cursor.data, cursor.len);
	rq->cursor[cursor.len] = '\0';
	if (strcmp(rq->cursor, "0") == 0)
		rq->rounds++;
	return code;
}

int
rq__names_take(struct rq_read *read, struct sst_error *err)
{
	struct rq *rq = read->rq;
	size_t end = read->scanned > 0 ? read->scanned : rq->raw.len, i;
	struct sst_redis_walk set = {rq->raw.data, rq->raw.data + end};
	struct sst_redis_walk scan = {
	    rq->raw.data + end, rq->raw.data + rq->raw.len};
	int code;

	if (rq->settings.queues.count > 0)
		return SST_OK;
	for (i = 0; i < rq->queue_count; i++)
		rq->queues[i].in_set = false;
	code = names_take_set(read, &set, err);
	if (code == SST_OK && read->scanned > 0)
		code = names_take_scan(read, &scan, err);
	for (i = 0; i < rq->queue_count; i++) {
		struct rq_queue *q = &rq->queues[i];

		/* until a whole round has passed without it */
		if (q->of_worker ||
		    (q->met_in > 0 && rq->rounds - q->met_in <= 1))
			q->in_set = true;
		q->in_set = q->in_set && names_wanted(rq, q);
		/* a new one has been asked for nothing */
		q->todo = q->asked[RQ_READY] < 0;
	}
	rq__queues_sweep(rq);
	return code;
}

/* "a,b" */
static int
names_of_worker(
    struct rq_read *read, const struct rq_worker *w, struct sst_error *err)
{
	size_t at = w->queues_at, end = at + w->queues_len, len;
	struct rq_queue *q;
	int code = SST_OK;

	for (; code == SST_OK && at < end; at += len + 1) {
		const char *name = read->rq->ids.data + at;
		const char *comma = memchr(name, ',', end - at);

		len = comma != NULL ? (size_t)(comma - name) : end - at;
		if (len == 0 || len > NAMES_LONGEST)
			continue;
		code = names_put(read, (struct queue_text){name, len}, &q, err);
		if (q != NULL)
			q->of_worker = true;
	}
	return code;
}

int
rq__names_of_workers(struct rq_read *read, struct sst_error *err)
{
	struct rq *rq = read->rq;
	int code = SST_OK;
	size_t i;

	if (rq->settings.queues.count > 0 || !read->workers_known)
		return SST_OK;
	for (i = 0; i < rq->queue_count; i++)
		rq->queues[i].of_worker = false;
	for (i = 0; code == SST_OK && i < rq->worker_count; i++) {
		if (rq->workers[i].alive)
			code = names_of_worker(read, &rq->workers[i], err);
	}
	return code;
}
