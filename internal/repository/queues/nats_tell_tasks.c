/* Messages as tasks of a queue. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "repository/queues/nats_tell.h"

enum {
	TELL_ID = 256,  /* longer ids are not shown: the sequence is */
	TELL_TYPE = 512 /* bytes of a subject that are */
};

const struct nats_consumer *
nats__tell_consumer(const struct nats_tell *t)
{
	return t->at < t->work->stream->consumer_count
		   ? &t->work->stream->consumers[t->at]
		   : NULL;
}

const char *
nats__tell_id(struct nats_tell *t, const struct nats_message *m)
{
	const char *id = m->id != 0 ? m->text + m->id : NULL;
	size_t len = id != NULL ? strlen(id) : 0;

	if (len > 0 && len <= TELL_ID && sst_text_is_plain(id, len) &&
	    sst_text_utf8_valid(id, len))
		return id;
	sst_buf_clear(&t->id);
	sst_buf_addf(&t->id, "%s#%lld", t->work->stream->name,
	    (long long)m->seq);
	return t->id.data;
}

/* False when another task of the queue has that id. */
static bool
tell_first(struct nats_tell *t, const char *id)
{
	uint64_t key = sst_hash_bytes(id, strlen(id)).low | 1;
	size_t i = (size_t)(key >> 1) & (t->id_cap - 1);

	while (t->ids[i] != 0 && t->ids[i] != key)
		i = (i + 1) & (t->id_cap - 1);
	if (t->ids[i] == key)
		return false;
	t->ids[i] = key;
	return true;
}

static struct queue_text
tell_word(const char *subject, int64_t number)
{
	struct queue_text word = QUEUE_TEXT_NONE;

	while (number > 1 && subject != NULL) {
		subject = strchr(subject, '.');
		subject = subject != NULL ? subject + 1 : NULL;
		number--;
	}
	if (number < 1 || subject == NULL)
		return word;
	word.data = subject;
	word.len = strcspn(subject, ".");
	return word;
}

static void
tell_priority(
    const struct nats_tell *t, const struct nats_message *m, struct queue_task *task)
{
	const struct nats_settings *set = &t->read->n->set;
	struct queue_text raw = tell_word(m->text, set->priority_token);
	char *end;

	if (set->priority_header != NULL && m->priority != 0)
		raw = queue__text(m->text + m->priority);
	if (raw.len == 0 || raw.len > TELL_ID)
		return;
	task->priority.scheme = t->read->n->scheme;
	task->priority.level = nats__level(set, raw.data, raw.len);
	task->priority.text = raw;
	if (raw.len < 18 && raw.data[0] >= '0' && raw.data[0] <= '9') {
		task->priority.number = strtoll(raw.data, &end, 10);
		task->priority.has_number =
		    (size_t)(end - raw.data) == raw.len;
	}
}

static void
tell_count_priority(struct nats_tell *t, const struct queue_task *task)
{
	const struct queue_priority *p = &task->priority;
	struct nats_priority *row;
	size_t i;

	if (task->status != QUEUE_QUEUED && task->status != QUEUE_BLOCKED)
		return;
	if (p->text.data == NULL) {
		t->priorities_whole = false;
		return;
	}
	for (i = 0; i < t->priority_count; i++) {
		row = &t->priorities[i];
		if (row->priority.text.len == p->text.len &&
		    memcmp(row->priority.text.data, p->text.data,
			p->text.len) == 0) {
			row->ready++;
			return;
		}
	}
	if (i == NATS_PRIORITIES) {
		t->priorities_whole = false;
		return;
	}
	t->priorities[i].priority = *p;
	/* the text as it was, not as a number would be written */
	t->priorities[i].priority.has_number = false;
	t->priorities[i].ready = 1;
	t->priority_count++;
}

static void
tell_attempts(const struct nats_consumer *c, struct queue_task *task)
{
	if (c == NULL)
		return;
	if (c->max_deliver > 0)
		task->max_attempts = c->max_deliver;
	if (task->status == QUEUE_QUEUED)
		task->attempts = 0;
	else if (task->status == QUEUE_DEAD)
		task->attempts = task->max_attempts;
	else if (task->status == QUEUE_RESERVED && c->redelivered == 0)
		task->attempts = 1;
}

static int
tell_task(struct nats_tell *t, const struct nats_message *m,
    enum queue_status status, struct queue_build *build, struct sst_error *err)
{
	struct queue_task task = QUEUE_TASK_INIT;
	struct nats_blocked blocked = {.count = 0};
	const char *id = nats__tell_id(t, m);

	if (id != NULL && m->id != 0 && !tell_first(t, id)) {
		sst_buf_clear(&t->id);
		sst_buf_addf(&t->id, "%s#%lld", t->work->stream->name,
		    (long long)m->seq);
		id = t->id.data;
	}
	if (id == NULL || sst_buf_failed(&t->id))
		return sst_error_nomem(err);
	task.id = queue__text(id);
	task.status = status;
	if (m->text[0] != '\0')
		task.type = (struct queue_text){m->text,
		    strnlen(m->text, TELL_TYPE)};
	if (m->ms >= 0)
		task.submitted_at.ms = m->ms;
	tell_priority(t, m, &task);
	tell_attempts(nats__tell_consumer(t), &task);
	if (status == QUEUE_QUEUED)
		task.position = t->position++;
	if (t->blocks != NULL && m->blockers != 0) {
		nats__blocks_find(
		    t->blocks, id, m->text + m->blockers, &blocked);
		task.blockers = blocked.items;
		task.blocker_count = blocked.count;
		task.deadlocked = blocked.forever;
		if (status == QUEUE_QUEUED && blocked.waits)
			task.status = QUEUE_BLOCKED;
	}
	tell_count_priority(t, &task);
	return queue__add_task(build, &task, err);
}

int
nats__tell_tasks(struct nats_tell *t, struct queue_build *build, struct sst_error *err)
{
	const struct nats_memory *m = t->work->memory;
	int64_t left = t->read->n->set.window;
	enum queue_status status;
	size_t i;
	int code;

	for (i = 0; i < m->count && left > 0; i++) {
		if (!nats__judge_message(t->work, t->at, m->rows[i], &status))
			continue;
		code = tell_task(t, m->rows[i], status, build, err);
		if (code != SST_OK)
			return code;
		left--;
	}
	return SST_OK;
}

static int
priority_order(const void *a, const void *b)
{
	const struct nats_priority *x = a, *y = b;
	size_t len = x->priority.text.len < y->priority.text.len
			 ? x->priority.text.len
			 : y->priority.text.len;
	int order;

	if (x->priority.level != y->priority.level)
		return (int)y->priority.level - (int)x->priority.level;
	order = memcmp(x->priority.text.data, y->priority.text.data, len);
	return order != 0 ? order
			  : (int)x->priority.text.len -
				(int)y->priority.text.len;
}

int
nats__tell_priorities(struct nats_tell *t, const struct queue_row *row,
    struct queue_build *build, struct sst_error *err)
{
	int64_t ready = 0;
	size_t i;
	int code = SST_OK;

	for (i = 0; i < t->priority_count; i++)
		ready += t->priorities[i].ready;
	if (!t->priorities_whole || ready != row->depth.ready)
		return SST_OK;
	if (t->priority_count > 1)
		qsort(t->priorities, t->priority_count,
		    sizeof(t->priorities[0]), priority_order);
	for (i = 0; code == SST_OK && i < t->priority_count; i++)
		code = queue__add_priority(build, &t->priorities[i].priority,
		    t->priorities[i].ready, err);
	return code;
}
