#include "service/settle.h"

#include <stdlib.h>
#include <string.h>

#include "service/settle_priv.h"

struct sst_settle_known {
	struct sst_hash id;
	struct sst_mono agent_since; /* the agent has said so */
	/* The queue says that it waits since; never: it does not. */
	struct sst_mono queue_since;
};

/* One call. */
struct settle_work {
	struct settle_scene scene;
	const struct sst_settle_memory *before;
	struct settle_claim *claims; /* in order of id, then of agent */
	size_t claim_count;
	size_t claim_cap;
	uint32_t *slots; /* claim + 1, by hash: the first of its id */
	size_t mask;
	struct settle_meeting *meetings; /* in order of queue and task */
	size_t meeting_count;
	size_t meeting_cap;
	struct sst_settle_memory after;
	struct sst_error *err;
};

static const struct sst_mono settle_ever = {INT64_MIN};

void
sst_settle_memory_fini(struct sst_settle_memory *memory)
{
	free(memory->rows);
	memset(memory, 0, sizeof(*memory));
}

static int
hash_compare(struct sst_hash a, struct sst_hash b)
{
	if (a.high != b.high)
		return a.high < b.high ? -1 : 1;
	return a.low < b.low ? -1 : a.low > b.low;
}

static int
claim_compare(const void *a, const void *b)
{
	const struct settle_claim *x = a, *y = b;
	int c = hash_compare(x->id, y->id);

	if (c != 0)
		return c;
	return x->agent < y->agent ? -1 : x->agent > y->agent;
}

static int
known_compare(const void *a, const void *b)
{
	const struct sst_settle_known *x = a, *y = b;

	return hash_compare(x->id, y->id);
}

/* Room for one more; NULL when memory ran out. */
static void *
settle_grow(void *rows, size_t count, size_t *cap, size_t size)
{
	size_t more = *cap == 0 ? 64 : 2 * *cap;
	void *grown;

	if (count < *cap)
		return rows;
	grown = realloc(rows, more * size);
	if (grown != NULL)
		*cap = more;
	return grown;
}

static int
claims_add(struct settle_work *w, size_t agent, const struct fields_item *item,
    struct sst_buf *text)
{
	struct settle_claim *rows = settle_grow(
	    w->claims, w->claim_count, &w->claim_cap, sizeof(*rows));

	if (rows == NULL)
		return sst_error_nomem(w->err);
	w->claims = rows;
	/* as it is, like the key of a task in a queue */
	sst_buf_clear(text);
	fields__text(item->id[0], text);
	if (sst_buf_failed(text))
		return sst_error_nomem(w->err);
	rows[w->claim_count++] = (struct settle_claim){
	    .id = sst_hash_bytes(text->data == NULL ? "" : text->data,
		text->len),
	    .agent = agent,
	    .item = item->value,
	};
	return SST_OK;
}

static int
claims_of_agent(struct settle_work *w, const struct sst_shape *shape,
    size_t agent, struct sst_buf *text)
{
	struct fields_span span = fields__of(w->scene.agents->entities[agent]);
	struct fields_list items;
	size_t i;
	int rc;

	span = fields__find(span, "activity");
	if (span.at == NULL || *span.at != '{')
		return SST_OK;
	span = fields__find(span, "active_task_ids");
	if (span.at == NULL || span.len <= 2 || *span.at != '[')
		return SST_OK;
	rc = fields__list_init(&items, shape, span, w->err);
	if (rc != SST_OK)
		return rc;
	for (i = 0; rc == SST_OK && i < items.count; i++)
		rc = claims_add(w, agent, &items.items[i], text);
	fields__list_fini(&items);
	return rc;
}

static const struct sst_shape *
settle_active_shape(const struct sst_contract *contract)
{
	const struct sst_shape *shape =
	    contract->sections[SST_SECTION_AGENTS].shape;
	const struct sst_member *m = sst_shape_find(shape, "activity", 8);

	m = sst_shape_find(m->shape, "active_task_ids", 15);
	return m->shape;
}

static int
claims_gather(struct settle_work *w)
{
	const struct sst_shape *shape = settle_active_shape(w->scene.contract);
	struct sst_buf text = SST_BUF_INIT;
	size_t i;
	int rc = SST_OK;

	for (i = 0; rc == SST_OK && i < w->scene.agents->count; i++)
		rc = claims_of_agent(w, shape, i, &text);
	sst_buf_fini(&text);
	if (rc == SST_OK && w->claim_count > 0)
		qsort(w->claims, w->claim_count, sizeof(*w->claims),
		    claim_compare);
	return rc;
}

static int
claims_index(struct settle_work *w)
{
	size_t size = 64, i, slot;

	while (size < 4 * w->claim_count)
		size *= 2;
	w->slots = calloc(size, sizeof(*w->slots));
	if (w->slots == NULL)
		return sst_error_nomem(w->err);
	w->mask = size - 1;
	for (i = 0; i < w->claim_count; i++) {
		if (i > 0 && hash_compare(w->claims[i - 1].id,
				 w->claims[i].id) == 0)
			continue;
		slot = (size_t)w->claims[i].id.low & w->mask;
		while (w->slots[slot] != 0)
			slot = (slot + 1) & w->mask;
		w->slots[slot] = (uint32_t)i + 1;
	}
	return SST_OK;
}

/* The first claim of that id; NULL: nobody works on it. */
static struct settle_claim *
claims_find(const struct settle_work *w, struct sst_hash id)
{
	size_t slot = (size_t)id.low & w->mask;

	for (; w->slots[slot] != 0; slot = (slot + 1) & w->mask) {
		if (sst_hash_equal(w->claims[w->slots[slot] - 1].id, id))
			return &w->claims[w->slots[slot] - 1];
	}
	return NULL;
}

/* Of several agents that say they have it, the one that was asked last. */
static struct settle_claim *
claims_newest(const struct settle_work *w, struct settle_claim *first)
{
	const struct settle_claim *end = w->claims + w->claim_count;
	struct settle_claim *c = first + 1, *best = first;

	for (; c < end && sst_hash_equal(c->id, first->id); c++) {
		if (sst_mono_before(w->scene.agents->observed[best->agent],
			w->scene.agents->observed[c->agent]))
			best = c;
	}
	return best;
}

static bool
task_says(const struct sst_entity *task, const char *const *words)
{
	struct fields_span status = fields__find(fields__of(task), "status");

	for (; status.at != NULL && *words != NULL; words++) {
		if (status.len == strlen(*words) + 2 &&
		    memcmp(status.at + 1, *words, status.len - 2) == 0)
			return true;
	}
	return false;
}

static bool
task_waits(const struct sst_entity *task)
{
	static const char *const words[] = {
	    "queued", "scheduled", "blocked", "retrying", NULL};

	return task_says(task, words);
}

static bool
task_runs(const struct sst_entity *task)
{
	static const char *const words[] = {"reserved", "running", NULL};

	return task_says(task, words);
}

static bool
task_has_owner(const struct sst_entity *task)
{
	struct fields_span owner =
	    fields__find(fields__of(task), "assigned_to");

	return owner.at != NULL && *owner.at == '"';
}

static const struct sst_settle_known *
settle_before(const struct settle_work *w, struct sst_hash id)
{
	const struct sst_settle_known key = {.id = id};

	if (w->before == NULL || w->before->count == 0)
		return NULL;
	return bsearch(&key, w->before->rows, w->before->count, sizeof(key),
	    known_compare);
}

/* Since when the queue says that it waits: when it came to say so while the
 * agent had it. */
static struct sst_mono
settle_queue_since(const struct settle_work *w, struct sst_hash id,
    struct sst_mono observed)
{
	const struct sst_settle_known *known = settle_before(w, id);

	if (known == NULL)
		return settle_ever;
	if (known->queue_since.ns != SST_MONO_NEVER.ns)
		return known->queue_since;
	return observed;
}

static int
meetings_add(struct settle_work *w, const struct settle_meeting *meeting)
{
	struct settle_meeting *rows = settle_grow(
	    w->meetings, w->meeting_count, &w->meeting_cap, sizeof(*rows));

	if (rows == NULL)
		return sst_error_nomem(w->err);
	w->meetings = rows;
	rows[w->meeting_count++] = *meeting;
	return SST_OK;
}

static struct sst_settle_known *
settle_after(struct settle_work *w, struct sst_hash id)
{
	const struct sst_settle_known key = {.id = id};

	return bsearch(&key, w->after.rows, w->after.count, sizeof(key),
	    known_compare);
}

/* The only task of an id that agents say they work on. */
static int
settle_meet(struct settle_work *w, struct settle_claim *first)
{
	struct settle_claim *claim = claims_newest(w, first);
	size_t queue = first->queue;
	const struct sst_entity *task =
	    w->scene.queues->entities[queue]->children[first->task];
	struct settle_meeting meeting = {
	    .queue = queue, .task = first->task, .claim = claim};
	struct sst_settle_known *now = settle_after(w, first->id);
	struct sst_mono since;

	if (!task_waits(task))
		return task_runs(task) && !task_has_owner(task)
			   ? meetings_add(w, &meeting)
			   : SST_OK;
	since = settle_queue_since(w, first->id, w->scene.queues->observed[queue]);
	now->queue_since = since;
	if (!sst_mono_before(now->agent_since, since)) {
		meeting.runs = true;
		return meetings_add(w, &meeting);
	}
	for (; first < w->claims + w->claim_count &&
	       sst_hash_equal(first->id, claim->id);
	     first++) {
		first->queue = queue;
		first->dropped =
		    sst_mono_before(w->scene.agents->observed[first->agent], since);
	}
	return SST_OK;
}

/* Since when each is claimed; the queues' side is filled in when they meet. */
static int
settle_remember(struct settle_work *w)
{
	const struct sst_settle_known *known;
	struct sst_settle_known *row;
	size_t i;

	w->after.rows = calloc(w->claim_count, sizeof(*w->after.rows));
	if (w->after.rows == NULL)
		return sst_error_nomem(w->err);
	for (i = 0; i < w->claim_count; i++) {
		if (i > 0 && sst_hash_equal(
				 w->claims[i - 1].id, w->claims[i].id))
			continue;
		row = &w->after.rows[w->after.count++];
		known = settle_before(w, w->claims[i].id);
		row->id = w->claims[i].id;
		row->queue_since = SST_MONO_NEVER;
		row->agent_since =
		    known != NULL
			? known->agent_since
			: w->scene.agents->observed[w->claims[i].agent];
	}
	return SST_OK;
}

/* Finds where the tasks are that agents work on. */
static void
settle_scan(struct settle_work *w)
{
	const struct sst_entity *queue, *task;
	struct settle_claim *claim;
	size_t i, j;

	for (i = 0; i < w->scene.queues->count; i++) {
		queue = w->scene.queues->entities[i];
		for (j = 0; j < queue->child_count; j++) {
			task = queue->children[j];
			claim = claims_find(w,
			    sst_hash_bytes(
				sst_entity_key(task), task->key_len));
			if (claim == NULL)
				continue;
			claim->places++;
			claim->queue = i;
			claim->task = j;
		}
	}
}

static int
meeting_compare(const void *a, const void *b)
{
	const struct settle_meeting *x = a, *y = b;

	if (x->queue != y->queue)
		return x->queue < y->queue ? -1 : 1;
	return x->task < y->task ? -1 : x->task > y->task;
}

/* Ids are unique within a queue only: one that is in several places may be
 * anything, and is left as told. */
static int
settle_decide(struct settle_work *w)
{
	size_t i;
	int rc = SST_OK;

	for (i = 0; rc == SST_OK && i < w->claim_count; i++) {
		if (w->claims[i].places == 1)
			rc = settle_meet(w, &w->claims[i]);
	}
	if (w->meeting_count > 0)
		qsort(w->meetings, w->meeting_count, sizeof(*w->meetings),
		    meeting_compare);
	return rc;
}

static int
settle_queues(struct settle_work *w)
{
	const struct settle_meeting *m = w->meetings;
	size_t i, n;
	int rc = SST_OK;

	for (i = 0; rc == SST_OK && i < w->meeting_count; i += n) {
		n = 1;
		while (i + n < w->meeting_count && m[i + n].queue == m[i].queue)
			n++;
		rc = settle__queue(&w->scene, m + i, n, w->err);
	}
	return rc;
}

static int
agent_compare(const void *a, const void *b)
{
	const struct settle_claim *x = a, *y = b;

	return x->agent < y->agent ? -1 : x->agent > y->agent;
}

/* After the meetings, which point at the claims. */
static int
settle_agents(struct settle_work *w)
{
	const struct settle_claim *c = w->claims;
	size_t i, n, dropped;
	int rc = SST_OK;

	qsort(w->claims, w->claim_count, sizeof(*w->claims), agent_compare);
	for (i = 0; rc == SST_OK && i < w->claim_count; i += n) {
		dropped = 0;
		for (n = 0; i + n < w->claim_count && c[i + n].agent == c[i].agent;
		     n++)
			dropped += c[i + n].dropped;
		if (dropped > 0)
			rc = settle__agent(&w->scene, c + i, n, w->err);
	}
	return rc;
}

static int
settle_all(struct settle_work *w)
{
	int rc = claims_gather(w);

	if (rc != SST_OK || w->claim_count == 0)
		return rc;
	rc = claims_index(w);
	if (rc == SST_OK)
		rc = settle_remember(w);
	if (rc != SST_OK)
		return rc;
	settle_scan(w);
	rc = settle_decide(w);
	if (rc == SST_OK)
		rc = settle_queues(w);
	return rc == SST_OK ? settle_agents(w) : rc;
}

int
sst_settle(const struct sst_contract *contract, struct sst_settle_rows *agents,
    struct sst_settle_rows *queues, struct sst_settle_memory *memory,
    struct sst_error *err)
{
	struct settle_work w = {
	    .scene = {contract, agents, queues},
	    .before = memory,
	    .err = err,
	};
	int rc = settle_all(&w);

	if (rc == SST_OK && memory != NULL) {
		sst_settle_memory_fini(memory);
		*memory = w.after;
	} else {
		sst_settle_memory_fini(&w.after);
	}
	free(w.claims);
	free(w.slots);
	free(w.meetings);
	return rc;
}
