/*
 * Flows: a job that waits for its children, which may live in other queues.
 * P:Q:ID:dependencies holds the keys of those that have not ended well.
 *
 * A child that failed for good stays in there unless it was told otherwise
 * (ignoreDependencyOnFailure and the like), and its parent is then blocked for
 * ever; so is who waits for such a parent.
 */
#include "repository/queues/bullmq_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLOUR_NEW, COLOUR_OPEN, COLOUR_DONE };

int
bullmq__flow_begin(struct bullmq_read *read, struct sst_error *err)
{
	struct bullmq *b = read->b;
	struct bullmq_parent parent;
	struct bullmq_queue *q;
	size_t i, k;

	b->parent_count = b->child_count = 0;
	for (i = 0; i < b->queue_count; i++) {
		q = &b->queues[i];
		for (k = 0; !q->gone && k < q->slot_count; k++) {
			if (!q->slots[k].chosen ||
			    q->slots[k].state != BULLMQ_CHILDREN)
				continue;
			if (!bullmq__room((void **)&b->parents,
				b->parent_count, &b->parent_cap,
				sizeof(*b->parents)))
				return sst_error_nomem(err);
			memset(&parent, 0, sizeof(parent));
			parent.queue = (uint32_t)i;
			parent.slot = (uint32_t)k;
			b->parents[b->parent_count++] = parent;
			q->slots[k].parent = (uint32_t)b->parent_count;
		}
	}
	return SST_OK;
}

void
bullmq__flow_ask(struct bullmq_read *read)
{
	struct bullmq *b = read->b;
	struct bullmq_row row = {.ask = BULLMQ_ASK_DEPS};
	struct bullmq_slot *slot;
	struct bullmq_queue *q;
	const char *parts[] = {"SSCAN", NULL, "0", "COUNT", "256"};
	size_t lens[] = {5, 0, 1, 5, 3}, i;

	b->child_count = 0;
	for (i = 0; i < b->parent_count; i++) {
		b->parents[i].first = b->parents[i].count = 0;
		if (b->parents[i].unread)
			continue;
		q = &b->queues[b->parents[i].queue];
		slot = &q->slots[b->parents[i].slot];
		sst_buf_clear(&b->key);
		sst_buf_add(&b->key, q->base, q->base_len);
		sst_buf_addc(&b->key, ':');
		sst_buf_add(&b->key, slot->id, slot->id_len);
		sst_buf_adds(&b->key, ":dependencies");
		if (sst_buf_failed(&b->key)) {
			read->nomem = true;
			return;
		}
		parts[1] = b->key.data;
		lens[1] = b->key.len;
		row.queue = b->parents[i].queue;
		row.item = (uint32_t)i;
		bullmq__ask(read, &row, 5, parts, lens);
	}
}

/* Where the id begins in P:Q:ID; the queue when it is one that is read. */
static void
flow_split(const struct bullmq *b, struct bullmq_child *c)
{
	size_t prefix = strlen(b->settings.prefix) + 1, i;
	const struct bullmq_queue *q;

	c->id_at = 0;
	for (i = c->key_len; i > 0; i--) {
		if (c->key[i - 1] != ':')
			continue;
		if (c->id_at == 0)
			c->id_at = (uint32_t)i;
		if (i <= prefix ||
		    memcmp(c->key, b->settings.prefix, prefix - 1) != 0 ||
		    c->key[prefix - 1] != ':')
			continue;
		q = bullmq__find(b, c->key + prefix, i - 1 - prefix);
		if (q == NULL || q->gone)
			continue;
		c->id_at = (uint32_t)i;
		c->queue = 1 + (uint32_t)(q - b->queues);
		return;
	}
}

static int
flow_child(struct bullmq *b, struct bullmq_parent *p, const redisReply *key,
    struct sst_error *err)
{
	struct bullmq_child c = {.status = QUEUE_STATUS_UNKNOWN};
	bool full;
	char *copy;

	if (key->type != REDIS_REPLY_STRING || key->len == 0 ||
	    key->len > 2048)
		return SST_OK;
	copy = bullmq__arena_copy(&b->ids, key->str, key->len, &full);
	if (full)
		return SST_OK;
	if (copy == NULL ||
	    !bullmq__room((void **)&b->children, b->child_count,
		&b->child_cap, sizeof(*b->children)))
		return sst_error_nomem(err);
	c.key = copy;
	c.key_len = (uint32_t)key->len;
	c.job = (struct bullmq_job)BULLMQ_JOB_INIT;
	flow_split(b, &c);
	b->children[b->child_count++] = c;
	p->count++;
	return SST_OK;
}

int
bullmq__on_deps(struct bullmq_read *read, const struct bullmq_row *row,
    const redisReply *reply, struct sst_error *err)
{
	struct bullmq *b = read->b;
	struct bullmq_parent *p = &b->parents[row->item];
	const redisReply *keys;
	size_t i;
	int code = bullmq__told(
	    read, BULLMQ_PART_FLOWS, reply, "SSCAN of children", err);

	p->first = b->child_count;
	p->count = 0;
	if (code != SST_OK)
		return bullmq__lost(code);
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
	    reply->element[1]->type != REDIS_REPLY_ARRAY)
		return sst_error_set(
		    err, SST_PROTOCOL, "SSCAN: another form of answer");
	keys = reply->element[1];
	for (i = 0; i < keys->elements && p->count < BULLMQ_CHILDREN_READ &&
		    code == SST_OK;
	    i++)
		code = flow_child(b, p, keys->element[i], err);
	return code;
}

static struct sst_hash
flow_key(uint32_t queue, const char *id, size_t len)
{
	return sst_hash_mix(sst_hash_bytes(&queue, sizeof(queue)),
	    sst_hash_bytes(id, len));
}

/* All ids that were told, by queue and id. */
static int
flow_index(struct bullmq *b, struct sst_error *err)
{
	struct bullmq_queue *q;
	size_t i, k;

	bullmq__table_clear(&b->jobs);
	for (i = 0; i < b->queue_count; i++) {
		q = &b->queues[i];
		for (k = 0; !q->gone && k < q->slot_count; k++) {
			if (!bullmq__table_put(&b->jobs,
				flow_key((uint32_t)i, q->slots[k].id,
				    q->slots[k].id_len),
				(uint32_t)i, (uint32_t)k))
				return sst_error_nomem(err);
		}
	}
	return SST_OK;
}

static void
flow_place(struct bullmq *b, struct bullmq_child *c)
{
	const struct bullmq_cell *cell;
	enum bullmq_state state;

	c->ask = true;
	if (c->queue == 0)
		return;
	cell = bullmq__table_find(&b->jobs,
	    flow_key(c->queue - 1, c->key + c->id_at, c->key_len - c->id_at));
	if (cell == NULL)
		return;
	c->slot = 1 + cell->b;
	state = (enum bullmq_state)b->queues[cell->a].slots[cell->b].state;
	c->status = bullmq__status(state, &c->job);
	/* those hang on what it has tried, which is not in the lists */
	c->ask = state == BULLMQ_DELAYED || state == BULLMQ_FAILED;
}

enum flow_question {
	FLOW_HASH,
	FLOW_LOCK,
	FLOW_FAILED,
	FLOW_DELAYED,
	FLOW_CHILDREN,
	FLOW_COMPLETED,
	FLOW_QUESTIONS
};

static const char *const flow_sets[FLOW_QUESTIONS] = {
    [FLOW_FAILED] = "failed",
    [FLOW_DELAYED] = "delayed",
    [FLOW_CHILDREN] = "waiting-children",
    [FLOW_COMPLETED] = "completed",
};

static void
flow_ask_hash(struct bullmq_read *read, const struct bullmq_child *c,
    struct bullmq_row *row)
{
	const char *parts[2 + BULLMQ_FIELDS_ALL] = {"HMGET", c->key};
	size_t lens[2 + BULLMQ_FIELDS_ALL] = {5, c->key_len}, i;

	for (i = 0; i < BULLMQ_FIELDS_ALL; i++) {
		parts[2 + i] = i == BULLMQ_NAME || i == BULLMQ_FAILED_REASON ||
				       i == BULLMQ_PB
				   ? ""
				   : bullmq__field_names[i];
		lens[2 + i] = strlen(parts[2 + i]);
	}
	row->what = FLOW_HASH;
	bullmq__ask(read, row, 2 + BULLMQ_FIELDS_ALL, parts, lens);
}

/* ZSCORE of a set beside the job's key, or EXISTS of its lock. */
static void
flow_ask_place(struct bullmq_read *read, const struct bullmq_child *c,
    struct bullmq_row *row)
{
	struct sst_buf *key = &read->b->key;
	const char *parts[3] = {
	    row->what == FLOW_LOCK ? "EXISTS" : "ZSCORE", NULL,
	    c->key + c->id_at};
	size_t lens[3] = {6, 0, c->key_len - c->id_at};

	sst_buf_clear(key);
	if (row->what == FLOW_LOCK) {
		sst_buf_add(key, c->key, c->key_len);
		sst_buf_adds(key, ":lock");
	} else {
		sst_buf_add(key, c->key, c->id_at);
		sst_buf_adds(key, flow_sets[row->what]);
	}
	if (sst_buf_failed(key)) {
		read->nomem = true;
		return;
	}
	parts[1] = key->data;
	lens[1] = key->len;
	bullmq__ask(read, row, row->what == FLOW_LOCK ? 2 : 3, parts, lens);
}

static void
flow_ask_child(struct bullmq_read *read, size_t index)
{
	const struct bullmq_child *c = &read->b->children[index];
	struct bullmq_row row = {
	    .ask = BULLMQ_ASK_CHILD, .item = (uint32_t)index};

	flow_ask_hash(read, c, &row);
	if (c->slot != 0 || c->id_at == 0)
		return;
	for (row.what = FLOW_LOCK; row.what < FLOW_QUESTIONS; row.what++)
		flow_ask_place(read, c, &row);
}

/* By its hash alone: where it is comes with the later answers. */
static enum queue_status
flow_guess(const struct bullmq_child *c)
{
	if (!c->there)
		return QUEUE_STATUS_UNKNOWN;
	/* started once more than ended: it runs */
	if (c->job.starts > c->job.attempts && c->job.processed_ms >= 0)
		return QUEUE_RUNNING;
	return QUEUE_QUEUED;
}

static int
flow_on_hash(struct bullmq *b, struct bullmq_child *c, const redisReply *reply,
    struct sst_error *err)
{
	struct sst_error ignored;
	int code = bullmq__parse_job(reply, &c->job, err);

	if (code == SST_NOT_FOUND)
		return SST_OK;
	if (code != SST_OK)
		return code;
	c->there = true;
	if (c->job.opts.data != NULL)
		bullmq__parse_opts(
		    c->job.opts, &c->job.max_attempts, &ignored);
	c->job.name = c->job.error = c->job.worker = c->job.opts =
	    QUEUE_TEXT_NONE;
	if (c->slot != 0)
		c->status = bullmq__status(
		    (enum bullmq_state)
			b->queues[c->queue - 1].slots[c->slot - 1].state,
		    &c->job);
	else
		c->status = flow_guess(c);
	return SST_OK;
}

static void
flow_on_place(
    struct bullmq_child *c, enum flow_question what, const redisReply *reply)
{
	static const enum bullmq_state states[FLOW_QUESTIONS] = {
	    [FLOW_FAILED] = BULLMQ_FAILED,
	    [FLOW_DELAYED] = BULLMQ_DELAYED,
	    [FLOW_CHILDREN] = BULLMQ_CHILDREN,
	};

	if (what == FLOW_LOCK) {
		if (reply->type == REDIS_REPLY_INTEGER && reply->integer > 0)
			c->status = QUEUE_RUNNING;
		return;
	}
	if (reply->type != REDIS_REPLY_STRING)
		return;
	if (what == FLOW_COMPLETED)
		c->done = true;
	else
		c->status = bullmq__status(states[what], &c->job);
}

int
bullmq__on_child(struct bullmq_read *read, const struct bullmq_row *row,
    const redisReply *reply, struct sst_error *err)
{
	struct bullmq_child *c = &read->b->children[row->item];
	int code = bullmq__told(
	    read, BULLMQ_PART_FLOWS, reply, "a child's state", err);

	if (code != SST_OK)
		return bullmq__lost(code);
	if (row->what == FLOW_HASH)
		return flow_on_hash(read->b, c, reply, err);
	flow_on_place(c, (enum flow_question)row->what, reply);
	return SST_OK;
}

static bool
flow_failed(const struct bullmq_child *c)
{
	return c->status == QUEUE_FAILED || c->status == QUEUE_DEAD;
}

/* The parent that a child is itself, or NULL. */
static struct bullmq_parent *
flow_as_parent(struct bullmq *b, const struct bullmq_child *c)
{
	uint32_t index;

	if (c->slot == 0)
		return NULL;
	index = b->queues[c->queue - 1].slots[c->slot - 1].parent;
	return index == 0 ? NULL : &b->parents[index - 1];
}

/*
 * Looks at what p waits for, the first child that is not looked at yet first:
 * returns that one, or NULL when p is done. A child that is being looked at
 * waits for p itself.
 */
static struct bullmq_parent *
flow_visit(struct bullmq *b, struct bullmq_parent *p)
{
	struct bullmq_parent *below;
	size_t i;

	for (i = p->first; i < p->first + p->count; i++) {
		if (flow_failed(&b->children[i])) {
			p->dead = true;
			continue;
		}
		below = flow_as_parent(b, &b->children[i]);
		if (below == NULL)
			continue;
		if (below->colour == COLOUR_NEW)
			return below;
		if (below->colour == COLOUR_OPEN || below->dead)
			p->dead = true;
	}
	return NULL;
}

/* Depth first; the way down is kept in `stack`, of parent_count places. */
static void
flow_deadlocks(struct bullmq *b, struct bullmq_parent **stack)
{
	struct bullmq_parent *below;
	size_t i, depth;

	for (i = 0; i < b->parent_count; i++) {
		if (b->parents[i].colour != COLOUR_NEW)
			continue;
		depth = 1;
		stack[0] = &b->parents[i];
		while (depth > 0) {
			stack[depth - 1]->colour = COLOUR_OPEN;
			below = flow_visit(b, stack[depth - 1]);
			if (below != NULL)
				stack[depth++] = below;
			else
				stack[--depth]->colour = COLOUR_DONE;
		}
	}
}

/* Failed ones first: they are the reason. */
static int
flow_compare(const void *a, const void *b)
{
	const struct bullmq_child *x = a, *y = b;
	size_t len = x->key_len < y->key_len ? x->key_len : y->key_len;
	int order;

	if (flow_failed(x) != flow_failed(y))
		return flow_failed(x) ? -1 : 1;
	order = memcmp(x->key, y->key, len);
	if (order != 0)
		return order;
	return x->key_len < y->key_len ? -1 : x->key_len > y->key_len;
}

static void
flow_mix(struct bullmq *b, struct bullmq_parent *p)
{
	struct bullmq_queue *q = &b->queues[p->queue];
	const struct bullmq_child *c;
	struct sst_hash hash = sst_hash_bytes(&p->dead, sizeof(p->dead));
	size_t i;

	for (i = p->first; i < p->first + p->count; i++) {
		c = &b->children[i];
		hash = sst_hash_mix(hash, sst_hash_bytes(c->key, c->key_len));
		hash = sst_hash_mix(
		    hash, sst_hash_bytes(&c->status, sizeof(c->status)));
	}
	q->extra = sst_hash_mix(q->extra, hash);
}

static int
flow_finish(struct bullmq *b, struct sst_error *err)
{
	struct bullmq_parent **stack, *p;
	size_t i;

	stack = calloc(b->parent_count, sizeof(*stack));
	if (stack == NULL)
		return sst_error_nomem(err);
	flow_deadlocks(b, stack);
	free(stack);
	for (i = 0; i < b->parent_count; i++) {
		p = &b->parents[i];
		if (p->count > 1)
			qsort(b->children + p->first, p->count,
			    sizeof(*b->children), flow_compare);
		flow_mix(b, p);
	}
	return SST_OK;
}

int
bullmq__flow_end(struct bullmq_read *read, struct sst_error *err)
{
	struct bullmq *b = read->b;
	struct sst_error why;
	size_t i;
	int code;

	if (b->parent_count == 0)
		return SST_OK;
	code = flow_index(b, err);
	if (code != SST_OK)
		return code;
	for (i = 0; i < b->child_count; i++) {
		flow_place(b, &b->children[i]);
		if (b->children[i].ask)
			flow_ask_child(read, i);
	}
	code = bullmq__run(read, err);
	if (code != SST_OK)
		return code;
	for (i = 0; i < b->parent_count; i++) {
		if (!b->parents[i].unread)
			continue;
		sst_error_set(&why, SST_TOO_LARGE,
		    "children of a job are more than %zu bytes", b->max_bytes);
		bullmq__fault(read, BULLMQ_PART_FLOWS, &why);
	}
	return flow_finish(b, err);
}
