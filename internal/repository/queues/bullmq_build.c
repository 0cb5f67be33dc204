/* The entity of a queue, and what is told of the server. */
#include "repository/queues/bullmq_priv.h"

#include <string.h>

#include "base/text.h"

/* As the schema bounds them. */
enum { BUILD_LEVELS_MAX = 1000, BUILD_NAME_MAX = 512 };

static int64_t
build_sum(const struct bullmq_queue *q, const uint8_t *states, size_t count)
{
	int64_t sum = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		if (q->counts[states[i]] < 0)
			return QUEUE_UNKNOWN;
		sum += q->counts[states[i]];
	}
	return sum;
}

static void
build_depth(const struct bullmq_queue *q, struct queue_depth *depth)
{
	static const uint8_t all[] = {BULLMQ_WAIT, BULLMQ_PAUSED,
	    BULLMQ_PRIORITIZED, BULLMQ_ACTIVE, BULLMQ_DELAYED, BULLMQ_CHILDREN,
	    BULLMQ_FAILED};

	depth->ready = build_sum(q, all, 3);
	depth->running = q->counts[BULLMQ_ACTIVE];
	depth->delayed = q->counts[BULLMQ_DELAYED];
	depth->blocked = q->counts[BULLMQ_CHILDREN];
	/* how many of them have no attempt left is only known of those in
	 * the window */
	depth->failed = q->counts[BULLMQ_FAILED];
	depth->total = build_sum(q, all, sizeof(all));
}

static bool
build_prioritized(const struct bullmq_queue *q)
{
	return q->legacy ? q->legacy_prioritized > 0
			 : q->counts[BULLMQ_PRIORITIZED] > 0;
}

/* Rank of taking. */
static int64_t
build_position(const struct bullmq_queue *q, const struct bullmq_slot *slot)
{
	int64_t before = 0;

	if (slot->state == BULLMQ_WAIT)
		return slot->rank;
	if (slot->state != BULLMQ_PAUSED && slot->state != BULLMQ_PRIORITIZED)
		return QUEUE_UNKNOWN;
	if (q->counts[BULLMQ_WAIT] < 0 || q->counts[BULLMQ_PAUSED] < 0)
		return QUEUE_UNKNOWN;
	before = q->counts[BULLMQ_WAIT];
	if (slot->state == BULLMQ_PRIORITIZED)
		before += q->counts[BULLMQ_PAUSED];
	return before + slot->rank;
}

static bool
build_waits(const struct bullmq_slot *slot)
{
	return slot->state == BULLMQ_WAIT || slot->state == BULLMQ_PAUSED ||
	       slot->state == BULLMQ_PRIORITIZED;
}

/*
 * Of the jobs that wait. Behind the window of `wait` there are only later
 * ones, but among `prioritized` nobody knows: then it is unknown.
 */
static struct sst_wall
build_oldest(const struct bullmq_queue *q)
{
	struct sst_wall oldest = QUEUE_NEVER;
	int64_t prioritized = 0, ms;
	size_t i;

	if (q->ids_unread)
		return oldest;
	for (i = 0; i < q->slot_count; i++) {
		if (!q->slots[i].chosen || !build_waits(&q->slots[i]))
			continue;
		prioritized += q->slots[i].state == BULLMQ_PRIORITIZED;
		ms = q->jobs[i].submitted_ms;
		if (!q->job_told[i] || ms < 0)
			continue;
		if (oldest.ms == QUEUE_NEVER.ms || ms < oldest.ms)
			oldest.ms = ms;
	}
	return prioritized == q->counts[BULLMQ_PRIORITIZED] ? oldest
							    : QUEUE_NEVER;
}

static enum queue_detail
build_detail(const struct bullmq *b, const struct bullmq_queue *q)
{
	if (q->ids_unread && q->slot_count == 0)
		return QUEUE_UNAVAILABLE;
	return b->settings.max_tasks == 0 ? QUEUE_COUNTS_ONLY : QUEUE_WINDOW;
}

static int
build_begin(struct bullmq_read *read, const struct bullmq_queue *q,
    struct queue_build *build, struct sst_error *err)
{
	const struct bullmq *b = read->b;
	struct queue_row row = QUEUE_ROW_INIT;

	row.name = queue__text(q->shown);
	row.system = b->settings.pick.system;
	build_depth(q, &row.depth);
	row.consumers = q->workers;
	row.state = queue__text(q->paused ? "paused" : "running");
	row.type = queue__text(q->legacy ? "bull" : "bullmq");
	row.oldest_submitted_at = build_oldest(q);
	row.detail = build_detail(b, q);
	return queue__begin(read->out, &row, build, err);
}

static int
build_level(const struct bullmq_queue *q, int64_t level, int64_t ready,
    struct queue_build *build, struct sst_error *err)
{
	struct queue_priority p = bullmq__priority(q->legacy, true, level);

	return queue__add_priority(build, &p, ready, err);
}

/* In the order they are taken: without a priority first, in Bull last. */
static int
build_levels(const struct bullmq_queue *q, struct queue_build *build,
    struct sst_error *err)
{
	struct queue_depth depth;
	int64_t unset;
	size_t i;
	int code = SST_OK;

	if (q->level_count == 0 || (q->legacy && !q->levels_whole))
		return SST_OK;
	build_depth(q, &depth);
	unset = depth.ready;
	if (unset >= 0)
		unset -= q->legacy ? q->legacy_prioritized
				   : q->counts[BULLMQ_PRIORITIZED];
	if (!q->legacy)
		code = build_level(q, 0, unset, build, err);
	for (i = 0; i < q->level_count && i < BUILD_LEVELS_MAX - 1 &&
		    code == SST_OK;
	    i++)
		code = build_level(
		    q, q->levels[i].level, q->levels[i].ready, build, err);
	if (q->legacy && code == SST_OK)
		code = build_level(q, 0, unset, build, err);
	return code;
}

static struct queue_text
build_child_queue(const struct bullmq *b, const struct bullmq_child *c)
{
	struct queue_text base = {c->key, c->id_at > 0 ? c->id_at - 1 : 0};
	size_t prefix = strlen(b->settings.prefix);

	if (c->queue != 0)
		return queue__text(b->queues[c->queue - 1].shown);
	/* a queue that is not read; of another prefix with that */
	if (base.len > prefix + 1 && base.data[prefix] == ':' &&
	    memcmp(base.data, b->settings.prefix, prefix) == 0) {
		base.data += prefix + 1;
		base.len -= prefix + 1;
	}
	if (base.len == 0 || base.len > BUILD_NAME_MAX)
		return QUEUE_TEXT_NONE;
	return base;
}

/* Who the job waits for; the number of them. */
static size_t
build_blockers(const struct bullmq *b, const struct bullmq_parent *p,
    struct queue_blocker *out)
{
	const struct bullmq_child *c;
	struct queue_text id;
	size_t i, count = 0;

	for (i = 0; i < p->count && count < BULLMQ_CHILDREN_SHOWN; i++) {
		c = &b->children[p->first + i];
		id = (struct queue_text){
		    c->key + c->id_at, c->key_len - c->id_at};
		if (c->done || id.len == 0 || id.len > BUILD_NAME_MAX)
			continue;
		out[count++] = (struct queue_blocker){
		    id, build_child_queue(b, c), c->status};
	}
	return count;
}

/* Such an id has no place in the document. */
static const char *
build_bad_id(const struct bullmq_slot *slot)
{
	if (slot->id_len == 0)
		return "a job without an id";
	if (slot->id_len > BUILD_NAME_MAX)
		return "its id is longer than 512 bytes";
	if (!sst_text_is_plain(slot->id, slot->id_len))
		return "its id holds a control character";
	return NULL;
}

static int
build_task(struct bullmq_read *read, struct bullmq_queue *q, size_t i,
    struct queue_build *build, struct sst_error *err)
{
	struct bullmq *b = read->b;
	const struct bullmq_slot *slot = &q->slots[i];
	struct queue_blocker blockers[BULLMQ_CHILDREN_SHOWN];
	struct bullmq_frame frame = {q->legacy, build_prioritized(q),
	    build_position(q, slot)};
	struct bullmq_job unknown = BULLMQ_JOB_INIT;
	const char *bad = build_bad_id(slot);
	struct queue_task task;

	if (bad != NULL) {
		bullmq__reject(read, q, slot, bad);
		return SST_OK;
	}
	bullmq__task(
	    &frame, slot, q->job_told[i] ? &q->jobs[i] : &unknown, &task);
	if (slot->parent > 0) {
		task.blockers = blockers;
		task.blocker_count = build_blockers(
		    b, &b->parents[slot->parent - 1], blockers);
		task.deadlocked = b->parents[slot->parent - 1].dead;
	}
	return queue__add_task(build, &task, err);
}

/* An id can stand in two lists, or twice in one. */
static int
build_is_fresh(struct bullmq *b, const struct bullmq_slot *slot, bool *out,
    struct sst_error *err)
{
	size_t before = b->twins.count;

	if (!bullmq__table_put(&b->twins,
		sst_hash_bytes(slot->id, slot->id_len), 0, 0))
		return sst_error_nomem(err);
	*out = b->twins.count > before;
	return SST_OK;
}

static int
build_tasks(struct bullmq_read *read, struct bullmq_queue *q,
    struct queue_build *build, struct sst_error *err)
{
	bool fresh = true;
	size_t i;
	int code = SST_OK;

	bullmq__table_clear(&read->b->twins);
	for (i = 0; i < q->slot_count && code == SST_OK; i++) {
		if (!q->slots[i].chosen || q->job_gone[i])
			continue;
		code = build_is_fresh(read->b, &q->slots[i], &fresh, err);
		if (code == SST_OK && fresh)
			code = build_task(read, q, i, build, err);
	}
	return code;
}

int
bullmq__build(
    struct bullmq_read *read, struct bullmq_queue *q, struct sst_error *err)
{
	struct queue_build build = {0};
	int code = build_begin(read, q, &build, err);

	if (code == SST_OK)
		code = build_levels(q, &build, err);
	if (code == SST_OK)
		code = build_tasks(read, q, &build, err);
	if (code == SST_OK)
		return queue__finish(&build, err);
	queue__drop(&build);
	return code;
}

int
bullmq__keep(
    struct bullmq_read *read, struct bullmq_queue *q, struct sst_error *err)
{
	const char *parts[2] = {read->b->settings.pick.system, q->shown};

	return sst_draft_keep(read->out, parts, 2, err);
}

static const char *
tell_state(const struct bullmq_read *read, enum bullmq_part part)
{
	const struct bullmq *b = read->b;

	if (part == BULLMQ_PART_WORKERS && !b->settings.workers)
		return "disabled";
	if (part == BULLMQ_PART_DISCOVERY && b->settings.queues.count > 0)
		return "disabled";
	switch (read->parts[part].code) {
	case SST_OK:
		return "ok";
	case SST_NODATA:
		return "syncing";
	case SST_FORBIDDEN:
		return "forbidden";
	case SST_UNSUPPORTED:
		return "unsupported";
	default:
		return "failing";
	}
}

static bool
tell_part(const struct bullmq_read *read, enum bullmq_part part, json_t *parts)
{
	static const char *const names[] = {
	    [BULLMQ_PART_DISCOVERY] = "discovery",
	    [BULLMQ_PART_FLOWS] = "flows",
	    [BULLMQ_PART_LOCKS] = "locks",
	    [BULLMQ_PART_QUEUES] = "queues",
	    [BULLMQ_PART_TASKS] = "tasks",
	    [BULLMQ_PART_WORKERS] = "workers",
	};
	const struct sst_error *why = &read->parts[part];
	json_t *row = json_object();

	if (json_array_append_new(parts, row) != 0)
		return false;
	return json_object_set_new(row, "name", json_string(names[part])) ==
		   0 &&
	       json_object_set_new(
		   row, "state", json_string(tell_state(read, part))) == 0 &&
	       (why->code == SST_OK ||
		   json_object_set_new(
		       row, "reason", json_string(why->text)) == 0);
}

int
bullmq__tell_upstream(struct bullmq_read *read, struct sst_error *err)
{
	json_t *upstream = json_object(), *parts = json_array();
	bool good = true;
	unsigned part;

	for (part = 0; good && part < BULLMQ_PART_COUNT; part++)
		good = tell_part(read, (enum bullmq_part)part, parts);
	good = json_object_set_new(upstream, "parts", parts) == 0 && good;
	if (!good ||
	    json_object_set_new(upstream, "status", json_string("ok")) != 0 ||
	    !sst_redis_describe(read->b->redis, upstream)) {
		json_decref(upstream);
		return sst_error_nomem(err);
	}
	return sst_draft_upstream(read->out, upstream, err);
}
