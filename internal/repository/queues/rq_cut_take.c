/* What the server answers about the keys of a queue. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "repository/queues/rq_priv.h"

/* A text of seconds since 1970, with or without a fraction. */
static int64_t
take_score(const struct sst_redis_item *item)
{
	char text[40], *end;
	double seconds;

	if (item->len == 0 || item->len >= sizeof(text))
		return QUEUE_NEVER.ms;
	memcpy(text, item->data, item->len);
	text[item->len] = '\0';
	seconds = strtod(text, &end);
	if (*end != '\0' || !(fabs(seconds) < 1e12))
		return QUEUE_NEVER.ms;
	return llround(seconds * 1000);
}

/* The members of one key. */
struct take {
	struct rq_read *read;
	struct rq_queue *q;
	enum rq_part part;
	struct sst_redis_walk *walk;
};

static int
take_entry(const struct take *take, const struct sst_redis_item *item,
    struct sst_error *err)
{
	struct rq *rq = take->read->rq;
	struct rq_queue *q = take->q;
	enum rq_part part = take->part;
	struct rq_entry *e;
	size_t len = item->len;

	if (part == RQ_WIP)
		len = rq__wip_id_len(item->data, len);
	if (len == 0 || len > RQ_ID_MAX) {
		sst_draft_reject(take->read->out, "/rq:queues",
		    "a job whose id is empty or longer than a name may be");
		q->twins[part]++;
		return SST_OK;
	}
	if (!RQ_GROW(rq->entries, rq->entry_cap, rq->entry_count))
		return sst_error_nomem(err);
	e = &rq->entries[rq->entry_count];
	*e = (struct rq_entry){
	    .id_len = (uint32_t)len, .part = part, .at_ms = QUEUE_NEVER.ms};
	if (!rq__keep_bytes(rq, item->data, len, &e->id_at)) {
		q->unlisted[part] = true;
		return sst_buf_failed(&rq->ids) ? sst_error_nomem(err) : SST_OK;
	}
	rq->entry_count++;
	q->count++;
	return SST_OK;
}

static int
take_list(const struct take *take, long long n, struct sst_error *err)
{
	struct rq *rq = take->read->rq;
	struct sst_redis_item item;
	int code = SST_OK;
	bool scored = take->part == RQ_SCHEDULED;
	size_t before;

	while (code == SST_OK && n-- > 0 && sst_redis_next(take->walk, &item)) {
		before = rq->entry_count;
		if (item.type == REDIS_REPLY_STRING)
			code = take_entry(take, &item, err);
		if (!scored || n-- <= 0 || !sst_redis_next(take->walk, &item))
			continue;
		if (rq->entry_count > before)
			rq->entries[before].at_ms = take_score(&item);
	}
	return code;
}

/* One key that cannot be read leaves its own figure unknown. */
static void
take_failed(struct rq_read *read, struct rq_queue *q, enum rq_part part,
    const struct sst_redis_item *item)
{
	struct sst_buf *key = &read->rq->scratch;
	struct sst_error why;

	rq__cut_key(read->rq, part, q->shown, strlen(q->shown));
	if (sst_redis_item_check(item,
		sst_buf_failed(key) ? q->shown : key->data, &why) != SST_OK)
		rq__fact_failed(read, rq__fact_of(part), &why);
}

int
rq__cut_take(struct rq_read *read, struct rq_queue *q, int command,
    struct sst_redis_walk *walk, struct sst_error *err)
{
	enum rq_part part = (enum rq_part)(command / 2);
	const struct take take = {read, q, part, walk};
	struct sst_redis_item item = {0};

	if (!sst_redis_next(walk, &item))
		return SST_OK;
	if (command == 0) {
		/* what is asked for anew replaces what was read */
		q->first = read->rq->entry_count;
		q->count = 0;
		memset(q->unlisted, 0, sizeof(q->unlisted));
	}
	if (command % 2 == 0) {
		q->twins[part] = q->gone[part] = 0;
		q->counts[part] = item.type == REDIS_REPLY_INTEGER
				      ? item.integer
				      : QUEUE_UNKNOWN;
		take_failed(read, q, part, &item);
		return SST_OK;
	}
	if (item.type == REDIS_REPLY_ARRAY)
		return take_list(&take, item.integer, err);
	q->unlisted[part] = true;
	take_failed(read, q, part, &item);
	return SST_OK;
}
