/*
 * What the jobs of the windows are. A job that does not move does not change,
 * and each move leaves an event: a queue whose cut and last event are as they
 * were is not read again, only its locks and children are.
 */
#include "repository/queues/bullmq_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const no_args[] = {NULL};
static const char *const all_args[] = {"0", "-1", NULL};

/* Of a job whose hash is too large: numbers only. */
static const char *const lean_fields[] = {
    [BULLMQ_NAME] = "",
    [BULLMQ_TIMESTAMP] = "timestamp",
    [BULLMQ_OPTS] = "",
    [BULLMQ_PRIORITY] = "priority",
    [BULLMQ_ATM] = "atm",
    [BULLMQ_ATTEMPTS_MADE] = "attemptsMade",
    [BULLMQ_FAILED_REASON] = "",
    [BULLMQ_ATS] = "ats",
    [BULLMQ_PROCESSED_ON] = "processedOn",
    [BULLMQ_FINISHED_ON] = "finishedOn",
    [BULLMQ_PB] = "",
};

static struct sst_hash
jobs_key(const struct bullmq_queue *q, const struct bullmq_slot *slot)
{
	return sst_hash_mix(sst_hash_bytes(q->base, q->base_len),
	    sst_hash_bytes(slot->id, slot->id_len));
}

static bool
jobs_is_large(const struct bullmq *b, const struct bullmq_queue *q,
    const struct bullmq_slot *slot)
{
	return b->large.count > 0 &&
	       bullmq__table_find(&b->large, jobs_key(q, slot)) != NULL;
}

static int
jobs_note_large(struct bullmq_read *read, const struct bullmq_row *row,
    struct sst_error *err)
{
	enum { MANY = 4096 };
	struct bullmq *b = read->b;
	struct bullmq_queue *q = &b->queues[row->queue];

	if (b->large.count >= MANY)
		bullmq__table_clear(&b->large);
	if (!bullmq__table_put(
		&b->large, jobs_key(q, &q->slots[row->item]), 0, 0))
		return sst_error_nomem(err);
	return SST_OK;
}

void
bullmq__reject(struct bullmq_read *read, struct bullmq_queue *q,
    const struct bullmq_slot *slot, const char *reason)
{
	struct sst_buf where = SST_BUF_INIT;

	/* told again at the next collection, so it must be found again */
	q->flawed = true;
	sst_buf_addc(&where, '/');
	sst_buf_adds(&where, q->shown);
	sst_buf_addc(&where, '/');
	sst_buf_add(&where, slot->id, slot->id_len > 100 ? 100 : slot->id_len);
	sst_draft_reject(read->out,
	    sst_buf_failed(&where) ? "/" : where.data, reason);
	sst_buf_fini(&where);
}

/* Locks, and afterwards who is still active: one that ended in between has no
 * lock either. */
static void
jobs_ask_locks(struct bullmq_read *read, uint32_t index)
{
	struct bullmq_queue *q = &read->b->queues[index];
	struct bullmq_row row = {.ask = BULLMQ_ASK_LOCK, .queue = index};
	size_t i, locks = 0;

	for (i = 0; i < q->slot_count; i++) {
		if (!q->slots[i].chosen || q->slots[i].state != BULLMQ_ACTIVE)
			continue;
		row.item = (uint32_t)i;
		bullmq__ask_job(read, &row, "EXISTS", ":lock", no_args);
		locks++;
	}
	row.ask = BULLMQ_ASK_STILL;
	if (locks > 0)
		bullmq__ask_queue(read, &row, "LRANGE", "active", all_args);
}

static int
jobs_on_lock(struct bullmq_read *read, const struct bullmq_row *row,
    const redisReply *reply, struct sst_error *err)
{
	struct bullmq_queue *q = &read->b->queues[row->queue];
	struct bullmq_slot *slot = &q->slots[row->item];
	int code = bullmq__told(
	    read, BULLMQ_PART_LOCKS, reply, "EXISTS of a lock", err);

	slot->no_lock = code == SST_OK && reply->type == REDIS_REPLY_INTEGER &&
			reply->integer == 0;
	return bullmq__lost(code);
}

static bool
jobs_among(const redisReply *ids, const struct bullmq_slot *slot)
{
	size_t i;

	for (i = 0; i < ids->elements; i++) {
		if (ids->element[i]->type == REDIS_REPLY_STRING &&
		    ids->element[i]->len == slot->id_len &&
		    memcmp(ids->element[i]->str, slot->id, slot->id_len) == 0)
			return true;
	}
	return false;
}

static int
jobs_on_still(struct bullmq_read *read, const struct bullmq_row *row,
    const redisReply *reply, struct sst_error *err)
{
	struct bullmq_queue *q = &read->b->queues[row->queue];
	size_t i;
	int code = bullmq__told(
	    read, BULLMQ_PART_QUEUES, reply, "LRANGE", err);

	for (i = 0; i < q->slot_count; i++) {
		if (!q->slots[i].no_lock)
			continue;
		q->slots[i].no_lock = code == SST_OK &&
				      reply->type == REDIS_REPLY_ARRAY &&
				      jobs_among(reply, &q->slots[i]);
	}
	return bullmq__lost(code);
}

static bool
jobs_forget(struct bullmq *b, struct bullmq_queue *q)
{
	q->jobs = bullmq__arena_take(
	    &b->texts, q->slot_count * sizeof(*q->jobs) + 1);
	q->job_told = bullmq__arena_take(&b->texts, q->slot_count + 1);
	q->job_gone = bullmq__arena_take(&b->texts, q->slot_count + 1);
	memset(&q->jobs_hash, 0, sizeof(q->jobs_hash));
	return q->jobs != NULL && q->job_told != NULL && q->job_gone != NULL;
}

/* The number of commands. */
static size_t
jobs_ask(struct bullmq_read *read, uint32_t index)
{
	const char *args[BULLMQ_FIELDS_ALL + 1];
	struct bullmq *b = read->b;
	struct bullmq_queue *q = &b->queues[index];
	struct bullmq_row row = {.ask = BULLMQ_ASK_JOB, .queue = index};
	size_t i, asked = 0, fields;

	if (!jobs_forget(b, q)) {
		read->nomem = true;
		return 0;
	}
	for (i = 0; i < q->slot_count; i++) {
		if (!q->slots[i].chosen)
			continue;
		row.item = (uint32_t)i;
		row.what = jobs_is_large(b, q, &q->slots[i]);
		fields = q->slots[i].state == BULLMQ_ACTIVE
			     ? BULLMQ_FIELDS_ALL
			     : BULLMQ_FIELDS_IDLE;
		memcpy(args, row.what ? lean_fields : bullmq__field_names,
		    fields * sizeof(args[0]));
		args[fields] = NULL;
		bullmq__ask_job(read, &row, "HMGET", "", args);
		asked++;
	}
	return asked;
}

static bool
jobs_copy(struct bullmq *b, struct queue_text *text, size_t max)
{
	bool full;
	char *copy;

	if (text->data == NULL)
		return true;
	if (text->len > max)
		text->len = max;
	copy = bullmq__arena_copy(&b->texts, text->data, text->len, &full);
	if (full) {
		*text = QUEUE_TEXT_NONE;
		return true;
	}
	if (copy == NULL)
		return false;
	text->data = copy;
	return true;
}

/* Most jobs of a system have the same options. */
static int
jobs_opts(struct bullmq *b, struct bullmq_job *job, struct sst_error *err)
{
	int code;

	if (job->opts.data == NULL)
		return SST_OK;
	if (b->opts.len == job->opts.len && b->opts.len > 0 &&
	    memcmp(b->opts.data, job->opts.data, b->opts.len) == 0) {
		job->max_attempts = b->opts_attempts;
		return SST_OK;
	}
	code = bullmq__parse_opts(job->opts, &job->max_attempts, err);
	sst_buf_clear(&b->opts);
	if (code != SST_OK)
		return code;
	sst_buf_add(&b->opts, job->opts.data, job->opts.len);
	if (sst_buf_failed(&b->opts))
		sst_buf_clear(&b->opts);
	b->opts_attempts = job->max_attempts;
	return SST_OK;
}

static int
jobs_take(struct bullmq_read *read, const struct bullmq_row *row,
    const redisReply *reply, struct sst_error *err)
{
	struct bullmq *b = read->b;
	struct bullmq_queue *q = &b->queues[row->queue];
	struct bullmq_slot *slot = &q->slots[row->item];
	struct bullmq_job *job = &q->jobs[row->item];
	struct sst_error why = {0};
	int code = bullmq__parse_job(reply, job, err);

	if (code == SST_NOT_FOUND) {
		q->job_gone[row->item] = true;
		return SST_OK;
	}
	if (code != SST_OK)
		return code;
	if (jobs_is_large(b, q, slot)) {
		job->name = job->error = job->worker = job->opts =
		    QUEUE_TEXT_NONE;
		bullmq__reject(read, q, slot,
		    "its texts are over the bound: only its numbers are read");
	}
	if (jobs_opts(b, job, &why) != SST_OK)
		bullmq__reject(read, q, slot, why.text);
	job->opts = QUEUE_TEXT_NONE;
	if (!jobs_copy(b, &job->name, BULLMQ_NAME_KEPT) ||
	    !jobs_copy(b, &job->error, BULLMQ_ERROR_KEPT) ||
	    !jobs_copy(b, &job->worker, BULLMQ_NAME_KEPT))
		return sst_error_nomem(err);
	q->job_told[row->item] = true;
	return SST_OK;
}

static int
jobs_on_job(struct bullmq_read *read, const struct bullmq_row *row,
    const redisReply *reply, struct sst_error *err)
{
	struct bullmq_queue *q = &read->b->queues[row->queue];
	struct bullmq_slot *slot = &q->slots[row->item];
	struct sst_error why = {0};
	int code = sst_redis_reply_check(reply, "HMGET", &why);

	q->jobs[row->item] = (struct bullmq_job)BULLMQ_JOB_INIT;
	q->jobs_hash = bullmq__parse_digest(q->jobs_hash, reply);
	if (code == SST_TYPE) {
		/* something else has its name */
		q->job_gone[row->item] = true;
		bullmq__reject(read, q, slot, "its key is no hash");
		return SST_OK;
	}
	if (code != SST_OK) {
		q->flawed = true;
		return bullmq__lost(bullmq__told(
		    read, BULLMQ_PART_TASKS, reply, "HMGET", err));
	}
	if (row->what == 0 && bullmq__job_bytes(reply) > BULLMQ_JOB_BYTES) {
		code = jobs_note_large(read, row, err);
		if (code != SST_OK)
			return code;
	}
	return jobs_take(read, row, reply, err);
}

int
bullmq__on_job(struct bullmq_read *read, const struct bullmq_row *row,
    const redisReply *reply, struct sst_error *err)
{
	switch (row->ask) {
	case BULLMQ_ASK_LOCK:
		return jobs_on_lock(read, row, reply, err);
	case BULLMQ_ASK_STILL:
		return jobs_on_still(read, row, reply, err);
	default:
		return jobs_on_job(read, row, reply, err);
	}
}

/* What an answer over the bound was about is asked for less of. */
static int
jobs_too_large(struct bullmq_read *read, struct sst_error *err)
{
	struct bullmq_row row = read->culprit;
	int code = bullmq__too_large(read, err);

	if (code != SST_OK)
		return code;
	if (row.ask == BULLMQ_ASK_JOB && row.what == 0)
		return jobs_note_large(read, &row, err);
	if (row.ask == BULLMQ_ASK_DEPS) {
		read->b->parents[row.item].unread = true;
		return SST_OK;
	}
	return sst_error_set(err, SST_TOO_LARGE,
	    "an answer about %.200s is over %zu bytes",
	    read->b->queues[row.queue].shown, read->b->max_bytes);
}

/* All that is asked at every collection. */
static int
jobs_extras(struct bullmq_read *read, struct sst_error *err)
{
	struct bullmq *b = read->b;
	size_t i;
	int code = SST_OK;

	for (i = 0; i < b->queue_count && code == SST_OK; i++) {
		if (!b->queues[i].gone)
			code = bullmq__levels_begin(read, &b->queues[i], err);
	}
	if (code == SST_OK)
		code = bullmq__flow_begin(read, err);
	do {
		for (i = 0; i < b->queue_count && code == SST_OK; i++) {
			if (b->queues[i].gone)
				continue;
			jobs_ask_locks(read, (uint32_t)i);
			bullmq__levels_ask(read, &b->queues[i]);
		}
		if (code != SST_OK)
			return code;
		bullmq__flow_ask(read);
		code = bullmq__run(read, err);
		if (code != SST_TOO_LARGE)
			break;
		code = jobs_too_large(read, err);
	} while (code == SST_OK);
	if (code == SST_OK)
		code = bullmq__levels_end(read, err);
	return code == SST_OK ? bullmq__flow_end(read, err) : code;
}

static void
jobs_mix_extra(struct bullmq_queue *q)
{
	size_t i;

	for (i = 0; i < q->slot_count; i++) {
		if (q->slots[i].no_lock)
			q->extra = sst_hash_mix(
			    q->extra, sst_hash_bytes(&i, sizeof(i)));
	}
	for (i = 0; i < q->level_count; i++)
		q->extra = sst_hash_mix(q->extra,
		    sst_hash_bytes(&q->levels[i], sizeof(q->levels[i])));
}

static bool
jobs_unmoved(const struct bullmq_queue *q)
{
	return q->known && q->event_known && q->event_known_was &&
	       sst_hash_equal(q->event, q->event_was) &&
	       sst_hash_equal(q->cut, q->cut_was) &&
	       sst_hash_equal(q->extra, q->extra_was);
}

/* The queue is in the draft with what is known of it now. */
static void
jobs_shown(struct bullmq_queue *q)
{
	q->ready = true;
	q->known = !q->flawed;
	q->cut_was = q->cut;
	q->extra_was = q->extra;
	q->event_was = q->event;
	q->event_known_was = q->event_known;
}

static int
jobs_keep(
    struct bullmq_read *read, struct bullmq_queue *q, struct sst_error *err)
{
	int code = bullmq__keep(read, q, err);

	if (code == SST_OK)
		jobs_shown(q);
	return code;
}

/* With its jobs read: the same as before, or made anew. */
static int
jobs_finish(
    struct bullmq_read *read, struct bullmq_queue *q, struct sst_error *err)
{
	size_t rejected;
	int code = SST_NOT_FOUND;

	if (q->known && sst_hash_equal(q->cut, q->cut_was) &&
	    sst_hash_equal(q->extra, q->extra_was) &&
	    sst_hash_equal(q->jobs_hash, q->jobs_was))
		code = jobs_keep(read, q, err);
	if (code == SST_NOT_FOUND) {
		sst_error_clear(err);
		rejected = sst_draft_rejected(read->out);
		code = bullmq__build(read, q, err);
		q->flawed = q->flawed ||
			    sst_draft_rejected(read->out) != rejected;
	}
	if (code != SST_OK)
		return code;
	q->jobs_was = q->jobs_hash;
	jobs_shown(q);
	return SST_OK;
}

/* One pipeline of whole queues; each is finished and forgotten. */
static int
jobs_chunk(struct bullmq_read *read, struct sst_error *err)
{
	struct bullmq *b = read->b;
	size_t i, asked = 0, to;
	int code;

	bullmq__arena_clear(&b->texts);
	for (to = 0; to < b->queue_count && asked < BULLMQ_JOB_CHUNK; to++) {
		if (!b->queues[to].gone && !b->queues[to].ready)
			asked += jobs_ask(read, (uint32_t)to);
	}
	code = bullmq__run(read, err);
	if (code == SST_TOO_LARGE)
		return jobs_too_large(read, err);
	for (i = 0; i < to && code == SST_OK; i++) {
		if (!b->queues[i].gone && !b->queues[i].ready)
			code = jobs_finish(read, &b->queues[i], err);
	}
	return code;
}

static bool
jobs_left(const struct bullmq *b)
{
	size_t i;

	for (i = 0; i < b->queue_count; i++) {
		if (!b->queues[i].gone && !b->queues[i].ready)
			return true;
	}
	return false;
}

int
bullmq__jobs(struct bullmq_read *read, struct sst_error *err)
{
	struct bullmq *b = read->b;
	size_t i;
	int code = jobs_extras(read, err);

	for (i = 0; i < b->queue_count && code == SST_OK; i++) {
		if (b->queues[i].gone)
			continue;
		jobs_mix_extra(&b->queues[i]);
		if (!jobs_unmoved(&b->queues[i]))
			continue;
		code = jobs_keep(read, &b->queues[i], err);
		if (code == SST_NOT_FOUND)
			code = SST_OK;
	}
	while (code == SST_OK && jobs_left(b))
		code = jobs_chunk(read, err);
	/* what fits is the result, and the draft has said so */
	return code == SST_LIMIT ? SST_OK : code;
}
