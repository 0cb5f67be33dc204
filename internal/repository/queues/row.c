#include "repository/queues/row.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "base/time.h"
#include "model/entity.h"
#include "repository/draft.h"

/* What the schema allows; sources keep to less. */
enum { BLOCKERS_MAX = 1000 };

static const char *const status_names[] = {
    [QUEUE_QUEUED] = "queued",
    [QUEUE_SCHEDULED] = "scheduled",
    [QUEUE_BLOCKED] = "blocked",
    [QUEUE_RESERVED] = "reserved",
    [QUEUE_RUNNING] = "running",
    [QUEUE_RETRYING] = "retrying",
    [QUEUE_FAILED] = "failed",
    [QUEUE_DEAD] = "dead",
    [QUEUE_STATUS_UNKNOWN] = "unknown",
};

static const char *const level_names[] = {
    [QUEUE_LOW] = "low",
    [QUEUE_NORMAL] = "normal",
    [QUEUE_HIGH] = "high",
    [QUEUE_CRITICAL] = "critical",
};

static const char *const detail_names[] = {
    [QUEUE_FULL] = "full",
    [QUEUE_WINDOW] = "window",
    [QUEUE_COUNTS_ONLY] = "counts_only",
    [QUEUE_UNAVAILABLE] = "unavailable",
};

struct queue_text
queue__text(const char *string)
{
	return (struct queue_text){
	    string, string != NULL ? strlen(string) : 0};
}

/* Bytes of a queue come from anybody. */
static json_t *
text_json(struct queue_text text)
{
	struct sst_buf clean = SST_BUF_INIT;
	json_t *json = json_stringn(text.data, text.len);

	if (json != NULL)
		return json;
	sst_text_clean(text.data, text.len, 0, &clean);
	if (!sst_buf_failed(&clean))
		json = json_stringn(
		    clean.len > 0 ? clean.data : "", clean.len);
	sst_buf_fini(&clean);
	return json;
}

static bool
put(json_t *object, const char *name, json_t *value)
{
	return json_object_set_new_nocheck(object, name, value) == 0;
}

static bool
put_text(json_t *object, const char *name, struct queue_text text)
{
	return text.data == NULL || put(object, name, text_json(text));
}

static bool
put_word(json_t *object, const char *name, const char *word)
{
	return put(object, name, json_string_nocheck(word));
}

/* Where the schema lets it be absent. */
static bool
put_count(json_t *object, const char *name, int64_t count)
{
	return count < 0 || put(object, name, json_integer(count));
}

/* Where it does not. */
static bool
put_count_null(json_t *object, const char *name, int64_t count)
{
	return put(
	    object, name, count < 0 ? json_null() : json_integer(count));
}

static json_t *
time_json(struct sst_wall when)
{
	char text[SST_TIME_TEXT];

	if (when.ms == QUEUE_NEVER.ms)
		return json_null();
	sst_time_format_utc(when.ms, false, text);
	return json_string_nocheck(text);
}

static bool
put_time(json_t *object, const char *name, struct sst_wall when)
{
	return when.ms == QUEUE_NEVER.ms ||
	       put(object, name, time_json(when));
}

static bool
put_depth(json_t *queue, const struct queue_depth *d)
{
	json_t *depth = json_object();

	if (depth == NULL || !put_count_null(depth, "ready", d->ready) ||
	    !put_count_null(depth, "running", d->running) ||
	    !put_count(depth, "delayed", d->delayed) ||
	    !put_count(depth, "blocked", d->blocked) ||
	    !put_count(depth, "failed", d->failed) ||
	    !put_count(depth, "dead", d->dead) ||
	    !put_count_null(depth, "total", d->total)) {
		json_decref(depth);
		return false;
	}
	return put(queue, "depth", depth);
}

static json_t *
rate_json(double rate)
{
	/* nothing does 1e9 tasks a second: not a rate */
	if (!(rate >= 0 && rate <= 1e9))
		return json_null();
	return json_real(round(rate * 10) / 10);
}

static bool
put_rates(json_t *queue, const struct queue_rates *r)
{
	json_t *rates;

	if (!(r->published >= 0 || r->delivered >= 0 || r->acked >= 0))
		return true;
	rates = json_object();
	return put(queue, "rates", rates) &&
	       put(rates, "published_per_second", rate_json(r->published)) &&
	       put(rates, "delivered_per_second", rate_json(r->delivered)) &&
	       put(rates, "acked_per_second", rate_json(r->acked));
}

static json_t *
row_json(const struct queue_row *row)
{
	json_t *queue = json_object();

	if (queue == NULL || !put_text(queue, "name", row->name) ||
	    !put_word(queue, "system", row->system) ||
	    !put_depth(queue, &row->depth) ||
	    !put_count_null(queue, "consumers", row->consumers) ||
	    !put_rates(queue, &row->rates) ||
	    !put_text(queue, "state", row->state) ||
	    !put_text(queue, "type", row->type) ||
	    !put_text(queue, "dead_letter_queue", row->dead_letter_queue) ||
	    !put_time(
		queue, "oldest_submitted_at", row->oldest_submitted_at) ||
	    !put_count_null(queue, "tasks_total", row->depth.total) ||
	    !put(queue, "tasks", json_array())) {
		json_decref(queue);
		return NULL;
	}
	return queue;
}

int
queue__begin(struct sst_draft *draft, const struct queue_row *row,
    struct queue_build *out, struct sst_error *err)
{
	json_t *queue = row_json(row);

	if (queue == NULL || (draft != NULL &&
				 sst_draft_open(draft, queue, err) != SST_OK)) {
		json_decref(queue);
		return sst_error_nomem(err);
	}
	*out = (struct queue_build){.draft = draft,
	    .queue = queue,
	    .made_of = SST_BUF_INIT,
	    .total = row->depth.total,
	    .detail = row->detail};
	return SST_OK;
}

static bool
priority_raw(const struct queue_priority *p, json_t **out)
{
	if (p->has_number)
		*out = json_integer(p->number);
	else if (p->text.data != NULL)
		*out = text_json(p->text);
	else
		*out = json_null();
	return *out != NULL;
}

int
queue__add_priority(struct queue_build *build,
    const struct queue_priority *priority, int64_t ready,
    struct sst_error *err)
{
	json_t *rows = json_object_get(build->queue, "priorities");
	json_t *row = json_object();
	char number[24];
	bool ok = row != NULL;

	if (rows == NULL) {
		rows = json_array();
		ok = put(build->queue, "priorities", rows) && ok;
	}
	snprintf(number, sizeof(number), "%lld", (long long)priority->number);
	ok = ok &&
	     put_text(row, "raw",
		 priority->has_number ? queue__text(number) : priority->text) &&
	     put_word(row, "level", level_names[priority->level]) &&
	     put_count_null(row, "ready", ready) &&
	     json_array_append(rows, row) == 0;
	json_decref(row);
	return ok ? SST_OK : sst_error_nomem(err);
}

static bool
put_priority(json_t *task, const struct queue_task *t)
{
	json_t *priority = json_object(), *raw;

	if (!put(task, "priority", priority))
		return false;
	return put_word(priority, "level", level_names[t->priority.level]) &&
	       priority_raw(&t->priority, &raw) && put(priority, "raw", raw) &&
	       (t->priority.scheme == NULL ||
		   put_word(priority, "scheme", t->priority.scheme)) &&
	       put_count(priority, "position", t->position);
}

static json_t *
blocker_json(const struct queue_blocker *b)
{
	json_t *json = json_object();
	json_t *queue = b->queue.data != NULL && b->queue.len > 0
			    ? text_json(b->queue)
			    : json_null();

	if (json == NULL || !put_text(json, "id", b->id)) {
		json_decref(json);
		json_decref(queue);
		return NULL;
	}
	if (put(json, "queue", queue) &&
	    put_word(json, "status", status_names[b->status]))
		return json;
	json_decref(json);
	return NULL;
}

static int
text_compare(struct queue_text a, struct queue_text b)
{
	size_t less = a.len < b.len ? a.len : b.len;
	int c = less > 0 ? memcmp(a.data, b.data, less) : 0;

	return c != 0 ? c : a.len < b.len ? -1 : a.len > b.len;
}

static int
blocker_compare(const void *a, const void *b)
{
	const struct queue_blocker *const *x = a, *const *y = b;
	int c = text_compare((*x)->id, (*y)->id);

	return c != 0 ? c : text_compare((*x)->queue, (*y)->queue);
}

/* By id and queue (some systems count the tasks of each queue from 1), and each
 * once, as the document has it. */
static bool
put_sorted(json_t *list, const struct queue_blocker **sorted, size_t count)
{
	size_t i;

	qsort(sorted, count, sizeof(*sorted), blocker_compare);
	for (i = 0; i < count && json_array_size(list) < BLOCKERS_MAX; i++) {
		if (i > 0 && blocker_compare(&sorted[i - 1], &sorted[i]) == 0)
			continue;
		if (json_array_append_new(list, blocker_json(sorted[i])) != 0)
			return false;
	}
	return true;
}

static bool
put_blockers(json_t *task, const struct queue_task *t)
{
	const struct queue_blocker **sorted;
	json_t *list;
	size_t i;
	bool ok;

	if (t->blocker_count == 0)
		return true;
	list = json_array();
	if (!put(task, "blocked_by", list))
		return false;
	sorted = malloc(t->blocker_count * sizeof(*sorted));
	if (sorted == NULL)
		return false;
	for (i = 0; i < t->blocker_count; i++)
		sorted[i] = &t->blockers[i];
	ok = put_sorted(list, sorted, t->blocker_count);
	free(sorted);
	return ok;
}

static bool
put_flag(json_t *task, const char *name, bool flag)
{
	return !flag || put(task, name, json_true());
}

static bool
task_fill(json_t *json, const struct queue_task *t)
{
	return put_text(json, "id", t->id) && put_priority(json, t) &&
	       put(json, "submitted_at", time_json(t->submitted_at)) &&
	       put_text(json, "type", t->type) &&
	       put_word(json, "status", status_names[t->status]) &&
	       put_count(json, "attempts", t->attempts) &&
	       put_count(json, "max_attempts", t->max_attempts) &&
	       put_time(json, "not_before", t->not_before) &&
	       put_time(json, "started_at", t->started_at) &&
	       (t->assigned_to.len == 0 ||
		   put_text(json, "assigned_to", t->assigned_to)) &&
	       put_blockers(json, t) &&
	       put_flag(json, "deadlocked", t->deadlocked) &&
	       put_flag(json, "orphaned", t->orphaned) &&
	       put_flag(json, "virtual", t->not_yet) &&
	       put_text(json, "error", t->error);
}

/* A text and where it ends, so that no two lists of texts look alike. */
static void
mark_text(struct sst_buf *out, struct queue_text text)
{
	size_t len = text.data != NULL ? text.len : SIZE_MAX;

	sst_buf_add(out, &len, sizeof(len));
	if (text.data != NULL)
		sst_buf_add(out, text.data, text.len);
}

/* A hash of all that task_fill() looks at, in its order; 0 without memory. */
static uint64_t
task_mark(struct sst_buf *made_of, const struct queue_task *t)
{
	const int64_t numbers[] = {t->status, t->priority.level,
	    t->priority.has_number, t->priority.number, t->position,
	    t->submitted_at.ms, t->not_before.ms, t->started_at.ms, t->attempts,
	    t->max_attempts, t->deadlocked, t->orphaned, t->not_yet};
	size_t i;

	sst_buf_clear(made_of);
	sst_buf_add(made_of, numbers, sizeof(numbers));
	mark_text(made_of, t->type);
	mark_text(made_of, t->priority.text);
	mark_text(made_of, queue__text(t->priority.scheme));
	mark_text(made_of, t->assigned_to);
	mark_text(made_of, t->error);
	for (i = 0; i < t->blocker_count; i++) {
		int64_t status = t->blockers[i].status;

		sst_buf_add(made_of, &status, sizeof(status));
		mark_text(made_of, t->blockers[i].id);
		mark_text(made_of, t->blockers[i].queue);
	}
	if (sst_buf_failed(made_of))
		return 0;
	return sst_hash_bytes(made_of->data, made_of->len).low | 1;
}

int
queue__add_task(struct queue_build *build, const struct queue_task *task,
    struct sst_error *err)
{
	uint64_t mark = task_mark(&build->made_of, task);
	json_t *json;

	if (mark == 0)
		return sst_error_nomem(err);
	build->listed += task->not_yet ? 0 : 1;
	if (task->id.data != NULL &&
	    sst_draft_child_same(
		build->draft, task->id.data, task->id.len, mark))
		return SST_OK;
	json = json_object();
	if (json == NULL || !task_fill(json, task)) {
		json_decref(json);
		return sst_error_nomem(err);
	}
	return sst_draft_child(build->draft, json, mark, err);
}

int
queue__finish(struct queue_build *build, struct sst_error *err)
{
	enum queue_detail detail = build->detail;
	json_t *queue = build->queue;
	int64_t omitted = QUEUE_UNKNOWN;

	if (build->total >= 0)
		omitted = build->total > build->listed
			      ? build->total - build->listed
			      : 0;
	if (detail == QUEUE_WINDOW && omitted == 0)
		detail = QUEUE_FULL;
	else if (detail == QUEUE_FULL && omitted != 0)
		detail = QUEUE_WINDOW;
	if (!put_count_null(queue, "tasks_omitted", omitted) ||
	    !put_word(queue, "tasks_detail", detail_names[detail])) {
		queue__drop(build);
		return sst_error_nomem(err);
	}
	build->queue = NULL;
	sst_buf_fini(&build->made_of);
	return sst_draft_add(build->draft, queue, err);
}

void
queue__drop(struct queue_build *build)
{
	json_decref(build->queue);
	build->queue = NULL;
	sst_buf_fini(&build->made_of);
}
