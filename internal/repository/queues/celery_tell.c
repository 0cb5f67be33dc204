/*
 * Puts the queues into the draft. What an entity would be made of is hashed
 * first: where nothing differs the last one is kept.
 */
#include <string.h>

#include "repository/queues/celery_priv.h"

static const char scheme[] = "lower first, 0 is unset";

bool
celery__waits_for_time(
    const struct celery_read *read, const struct celery_row *row)
{
	return row->eta.ms != QUEUE_NEVER.ms && row->eta.ms > read->now.ms;
}

enum queue_status
celery__row_status(const struct celery_read *read, const struct celery_row *row)
{
	if (!celery__waits_for_time(read, row))
		return QUEUE_QUEUED;
	return row->retries > 0 ? QUEUE_RETRYING : QUEUE_SCHEDULED;
}

enum queue_status
celery__entry_status(
    const struct celery_read *read, const struct celery_entry *entry)
{
	enum queue_status status = celery__row_status(read, &entry->row);

	if (status != QUEUE_QUEUED)
		return status;
	if (entry->state == CELERY_STARTED)
		return QUEUE_RUNNING;
	return entry->state == CELERY_FAILURE ? QUEUE_FAILED : QUEUE_RESERVED;
}

/* Where tasks go: into a hash, or into an entity. */
struct tell {
	struct celery_read *read;
	struct celery_queue *queue;
	struct queue_build *build; /* NULL: into the hash */
	struct sst_hash hash;
	size_t left; /* rows that may be listed */
	struct sst_error *err;
};

static void
hash_add(struct tell *t, const void *bytes, size_t len)
{
	t->hash = sst_hash_mix(t->hash, sst_hash_bytes(bytes, len));
}

static void
hash_text(struct tell *t, struct queue_text text)
{
	hash_add(t, text.data != NULL ? text.data : "\x01",
	    text.data != NULL ? text.len : 1);
}

static void
hash_task(struct tell *t, const struct queue_task *task)
{
	const int64_t numbers[] = {task->status, task->priority.level,
	    task->priority.has_number ? task->priority.number : INT64_MIN,
	    task->position, task->not_before.ms, task->started_at.ms,
	    task->attempts, task->deadlocked, task->orphaned, task->not_yet,
	    (int64_t)task->blocker_count};
	size_t i;

	hash_add(t, numbers, sizeof(numbers));
	hash_text(t, task->id);
	hash_text(t, task->type);
	if (task->assigned_to.data != NULL)
		hash_text(t, task->assigned_to);
	if (task->error.data != NULL)
		hash_text(t, task->error);
	for (i = 0; i < task->blocker_count; i++) {
		hash_text(t, task->blockers[i].id);
		hash_text(t, task->blockers[i].queue);
		hash_add(t, &task->blockers[i].status,
		    sizeof(task->blockers[i].status));
	}
}

static int
tell_task(struct tell *t, const struct queue_task *task)
{
	if (t->build != NULL)
		return queue__add_task(t->build, task, t->err);
	hash_task(t, task);
	return SST_OK;
}

static struct queue_priority
priority_of(const struct celery_queue *queue, bool known, int64_t number)
{
	struct queue_priority priority = {.level = QUEUE_NORMAL,
	    .has_number = known,
	    .number = number,
	    .scheme = scheme};

	if (!known || !queue->prioritized)
		return priority;
	if (number <= 0)
		priority.level = QUEUE_CRITICAL;
	else if (number <= 3)
		priority.level = QUEUE_HIGH;
	else if (number > 6)
		priority.level = QUEUE_LOW;
	return priority;
}

static bool
blockers_failed(const struct queue_blocker *blockers, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (blockers[i].status == QUEUE_FAILED ||
		    blockers[i].status == QUEUE_DEAD)
			return true;
	}
	return false;
}

static int
tell_row(struct tell *t, const struct celery_row *row, struct queue_task *task)
{
	struct queue_blocker blockers[CELERY_BLOCKERS_MAX];
	int code;

	task->id = row->id;
	task->type = row->type;
	task->not_before = row->eta;
	task->attempts = row->retries;
	if (row->waits_count > 0) {
		task->blocker_count =
		    celery__waits_for(t->read->c, row, blockers);
		task->blockers = blockers;
		task->deadlocked =
		    blockers_failed(blockers, task->blocker_count);
	}
	code = tell_task(t, task);
	task->blockers = NULL;
	return code;
}

static bool
entry_is_orphan(
    const struct celery_read *read, const struct celery_entry *entry)
{
	return entry->taken_at.ms != QUEUE_NEVER.ms &&
	       read->now.ms - entry->taken_at.ms > read->c->set.visibility_ms;
}

static int
tell_entry(struct tell *t, const struct celery_entry *entry)
{
	const struct celery_row *row = &entry->row;
	struct queue_task task = QUEUE_TASK_INIT;

	task.status = celery__entry_status(t->read, entry);
	task.priority = priority_of(t->queue, row->has_priority,
	    celery__step(t->read->c, row->priority));
	task.orphaned = entry_is_orphan(t->read, entry);
	if (task.status == QUEUE_RESERVED || task.status == QUEUE_RUNNING)
		task.started_at = entry->taken_at;
	task.assigned_to = entry->worker;
	task.error = entry->error;
	if (task.status == QUEUE_RUNNING && row->retries >= 0) {
		struct celery_row tried = *row;

		tried.retries++;
		return tell_row(t, &tried, &task);
	}
	return tell_row(t, row, &task);
}

/* Those a worker has, but not those that only wait for their time; or these. */
static int
tell_entries(struct tell *t, bool delayed)
{
	const struct celery_entry *entry = t->queue->first;
	int code = SST_OK;

	for (; entry != NULL && code == SST_OK && t->left > 0;
	     entry = entry->next) {
		if (entry->row.id.data == NULL || entry->row.twin ||
		    celery__waits_for_time(t->read, &entry->row) != delayed)
			continue;
		code = tell_entry(t, entry);
		t->left--;
	}
	return code;
}

static int
tell_lists(struct tell *t)
{
	const struct celery_list *list = t->queue->lists;
	const struct celery_list *end = list + t->read->c->step_count;
	int64_t before = 0;
	int code = SST_OK;
	size_t i;

	for (; list < end; list++) {
		for (i = 0; i < list->count && code == SST_OK && t->left > 0;
		     i++) {
			const struct celery_row *row = &list->rows[i];
			struct queue_task task = QUEUE_TASK_INIT;

			if (row->twin || row->id.data == NULL)
				continue;
			task.status = celery__row_status(t->read, row);
			task.priority = priority_of(t->queue, true, list->step);
			if (before >= 0)
				task.position = before + (int64_t)i;
			code = tell_row(t, row, &task);
			t->left--;
		}
		if (list->code != SST_OK)
			before = QUEUE_UNKNOWN;
		else if (before >= 0)
			before += list->probed;
	}
	return code;
}

static int
tell_virtuals(struct tell *t)
{
	const struct celery_virtual *v = t->queue->virtuals;
	size_t left = (size_t)t->read->c->set.max_tasks;
	int code = SST_OK;

	for (; v != NULL && code == SST_OK && left > 0; v = v->next, left--) {
		struct queue_task task = QUEUE_TASK_INIT;

		task.id = v->id;
		task.type = v->type;
		task.status = QUEUE_BLOCKED;
		task.not_yet = true;
		task.priority = priority_of(t->queue, false, 0);
		task.blockers = v->blockers;
		task.blocker_count = v->blocker_count;
		task.deadlocked =
		    blockers_failed(v->blockers, v->blocker_count);
		code = tell_task(t, &task);
	}
	return code;
}

static int
tell_tasks(struct tell *t)
{
	int code;

	t->left = (size_t)t->read->c->set.max_tasks;
	code = tell_entries(t, false);
	if (code == SST_OK)
		code = tell_lists(t);
	if (code == SST_OK)
		code = tell_entries(t, true);
	if (code == SST_OK)
		code = tell_virtuals(t);
	return code;
}

/* Its counts; one part that is not known makes the sum unknown. */
static struct queue_row
queue_row(const struct celery_read *read, const struct celery_queue *queue)
{
	struct queue_row row = QUEUE_ROW_INIT;
	bool readable = false, all = true;
	size_t i;

	row.name = queue->name;
	row.system = read->c->set.pick.system;
	row.depth.ready = 0;
	for (i = 0; i < read->c->step_count; i++) {
		if (queue->lists[i].len < 0)
			row.depth.ready = QUEUE_UNKNOWN;
		else if (row.depth.ready >= 0)
			row.depth.ready += queue->lists[i].len;
		if (queue->lists[i].code == SST_OK)
			readable = true;
		if (queue->lists[i].code != SST_OK ||
		    (queue->lists[i].count == 0 && queue->lists[i].limit == 0))
			all = false;
	}
	if (read->taken_whole) {
		row.depth.running = queue->taken;
		row.depth.delayed = queue->delayed;
		if (row.depth.ready >= 0)
			row.depth.total =
			    row.depth.ready + queue->taken + queue->delayed;
	}
	row.detail = all        ? QUEUE_FULL
		     : readable ? QUEUE_WINDOW
				: QUEUE_UNAVAILABLE;
	return row;
}

static int
tell_priorities(struct tell *t)
{
	const struct celery *c = t->read->c;
	const struct celery_list *list = t->queue->lists;
	struct queue_priority priority;
	int code = SST_OK;

	if (!t->queue->prioritized)
		return SST_OK;
	for (; list < t->queue->lists + c->step_count && code == SST_OK;
	     list++) {
		priority = priority_of(t->queue, true, list->step);
		code =
		    queue__add_priority(t->build, &priority, list->len, t->err);
	}
	return code;
}

static int
tell_build(struct tell *t, const struct queue_row *row)
{
	struct queue_build build;
	int code = queue__begin(t->read->out, row, &build, t->err);

	if (code != SST_OK)
		return code;
	t->build = &build;
	code = tell_priorities(t);
	if (code == SST_OK)
		code = tell_tasks(t);
	t->build = NULL;
	if (code == SST_OK)
		return queue__finish(&build, t->err);
	queue__drop(&build);
	return code;
}

static struct sst_hash
tell_hash(struct tell *t, const struct queue_row *row)
{
	const struct celery *c = t->read->c;
	const int64_t numbers[] = {row->depth.ready, row->depth.running,
	    row->depth.delayed, row->depth.total, row->detail,
	    t->queue->prioritized};
	size_t i;

	t->hash = sst_hash_bytes(numbers, sizeof(numbers));
	for (i = 0; i < c->step_count; i++)
		hash_add(
		    t, &t->queue->lists[i].len, sizeof(t->queue->lists[i].len));
	tell_tasks(t);
	return t->hash;
}

static int
tell_queue(
    struct celery_read *read, struct celery_queue *queue, struct sst_error *err)
{
	const char *parts[] = {read->c->set.pick.system, queue->name.data};
	struct tell t = {.read = read, .queue = queue, .err = err};
	struct queue_row row = queue_row(read, queue);
	struct sst_hash hash = tell_hash(&t, &row);
	size_t rejected = sst_draft_rejected(read->out);
	int code = SST_NOT_FOUND;

	if (queue->shown_whole && sst_hash_equal(hash, queue->shown))
		code = sst_draft_keep(read->out, parts, 2, err);
	if (code != SST_NOT_FOUND)
		return code;
	queue->shown_whole = false;
	code = tell_build(&t, &row);
	/* what was left out is only told when it is made anew */
	queue->shown_whole =
	    code == SST_OK && sst_draft_rejected(read->out) == rejected;
	queue->shown = hash;
	return code;
}

/* The same task twice: it was just taken, or it was sent anew. */
static bool
tell_twin(
    struct celery *c, const struct celery_queue *queue, struct celery_row *row)
{
	struct celery_row *first;
	struct sst_hash key;

	row->twin = false;
	if (row->id.data == NULL)
		return true;
	key = sst_hash_mix(sst_hash_bytes(&queue->index, sizeof(queue->index)),
	    celery__hash(row->id));
	first = celery__table_put(&c->ids, key, row);
	row->twin = first != NULL && first != row;
	if (row->twin && row->retries > first->retries) {
		/* the later try counts */
		row->twin = false;
		first->twin = true;
		celery__table_replace(&c->ids, key, row);
	}
	return first != NULL;
}

static int
tell_twins(struct celery *c, struct sst_error *err)
{
	struct celery_queue *queue;
	struct celery_entry *entry;
	bool ok = true;
	size_t i, k, n;

	celery__table_clear(&c->ids);
	for (i = 0; i < c->queue_count; i++) {
		queue = c->queues[i];
		for (entry = queue->first; ok && entry != NULL;
		     entry = entry->next) {
			ok = tell_twin(c, queue, &entry->row);
		}
		for (k = 0; k < c->step_count; k++) {
			for (n = 0; ok && n < queue->lists[k].count; n++)
				ok = tell_twin(
				    c, queue, &queue->lists[k].rows[n]);
		}
	}
	return ok ? SST_OK : sst_error_nomem(err);
}

int
celery__step_tell(struct celery_read *read, struct sst_error *err)
{
	struct celery *c = read->c;
	int code = tell_twins(c, err);
	size_t i;

	if (code == SST_OK)
		code = celery__follow(read, err);
	for (i = 0; i < c->queue_count && code == SST_OK; i++)
		code = tell_queue(read, c->queues[i], err);
	return code;
}
