/* Streams and consumers as queues of the document. */
#include <stdlib.h>
#include <string.h>

#include "repository/queues/nats_tell.h"

/* So that the signs between the parts are no part of a name. */
static void
name_part(struct sst_buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '%' || *text == '/' || *text == ':' ||
		    (unsigned char)*text < 0x20 || *text == 0x7f)
			sst_buf_addf(out, "%%%02X", (unsigned)*text & 0xffU);
		else
			sst_buf_addc(out, *text);
	}
}

void
nats__queue_name(const struct nats *n, const struct nats_stream *stream,
    const struct nats_consumer *consumer, struct sst_buf *out)
{
	sst_buf_clear(out);
	if (stream->account != NULL && n->set.account == NULL &&
	    strcmp(stream->account, "$G") != 0) {
		name_part(out, stream->account);
		sst_buf_addc(out, ':');
	}
	name_part(out, stream->name);
	if (consumer == NULL)
		return;
	sst_buf_addc(out, '/');
	name_part(out, consumer->name);
}

static int64_t
tell_consumers(const struct nats_consumer *c)
{
	if (!c->live)
		return QUEUE_UNKNOWN;
	/* how many take what is sent is not told */
	if (c->push)
		return c->bound ? QUEUE_UNKNOWN : 0;
	/* workers that are busy do not ask */
	if (c->waiting > 0 || c->in_flight == 0)
		return c->waiting;
	return QUEUE_UNKNOWN;
}

static void
tell_stream_row(const struct nats_tell *t, struct queue_row *row)
{
	const struct nats_stream *s = t->work->stream;
	const struct nats_memory *m = t->work->memory;

	row->depth.running = s->messages >= 0 ? 0 : QUEUE_UNKNOWN;
	row->consumers = 0;
	if (s->retention != NATS_WORKQUEUE || s->consumer_count == 0) {
		row->depth.ready = row->depth.total = s->messages;
		if (s->consumer_count > 0 || s->messages < 0)
			row->consumers = QUEUE_UNKNOWN;
		return;
	}
	row->depth.total = t->work->rest;
	if (m->rest_known)
		row->depth.ready = t->work->rest;
	else if (m->rest_dead) {
		row->depth.ready = 0;
		row->depth.dead = t->work->rest;
	}
}

static void
tell_consumer_row(const struct nats_tell *t, struct queue_row *row)
{
	const struct nats_consumer *c = nats__tell_consumer(t);

	row->depth.ready = c->pending;
	row->depth.running = c->in_flight;
	row->depth.dead = t->work->points[t->at].dead;
	row->consumers = tell_consumers(c);
	if (c->pending >= 0 && c->in_flight >= 0)
		row->depth.total =
		    c->pending + c->in_flight +
		    (row->depth.dead > 0 ? row->depth.dead : 0);
	if (c->paused)
		row->state = queue__text("paused");
}

static const char *
tell_type(enum nats_retention retention)
{
	switch (retention) {
	case NATS_LIMITS:
		return "limits";
	case NATS_INTEREST:
		return "interest";
	case NATS_WORKQUEUE:
		return "workqueue";
	default:
		return NULL;
	}
}

static enum queue_detail
tell_detail(const struct nats_tell *t)
{
	const struct nats *n = t->read->n;

	if (n->set.window == 0 || !t->work->ours)
		return n->wire != NULL && n->account[0] == '\0' &&
			       t->work->stream->account != NULL &&
			       n->set.window > 0
			   ? QUEUE_UNAVAILABLE
			   : QUEUE_COUNTS_ONLY;
	if (!t->work->readable || t->work->fault != SST_OK)
		return QUEUE_UNAVAILABLE;
	return QUEUE_WINDOW;
}

/* When the oldest task that waits was submitted. */
static struct sst_wall
tell_oldest(const struct nats_tell *t)
{
	const struct nats_stream *s = t->work->stream;
	const struct nats_consumer *c = nats__tell_consumer(t);
	const struct nats_point *p = &t->work->points[t->at];
	const struct nats_memory *m = t->work->memory;
	enum queue_status status;
	size_t i;

	if (t->work->readable && t->work->fault == SST_OK) {
		for (i = 0; i < m->count; i++) {
			if (nats__judge_message(
				t->work, t->at, m->rows[i], &status) &&
			    status == QUEUE_QUEUED && m->rows[i]->ms >= 0)
				return (struct sst_wall){m->rows[i]->ms};
		}
		return QUEUE_NEVER;
	}
	if (s->messages <= 0 || s->first_ms < 0)
		return QUEUE_NEVER;
	if (c == NULL && s->consumer_count > 0)
		return QUEUE_NEVER;
	if (c != NULL && (c->pending <= 0 || c->delivered < 0 ||
			     c->delivered >= s->first ||
			     p->matched != s->messages))
		return QUEUE_NEVER;
	return (struct sst_wall){s->first_ms};
}

static void
tell_row(const struct nats_tell *t, struct queue_row *row)
{
	const struct nats_stream *s = t->work->stream;

	row->name = (struct queue_text){t->name.data, t->name.len};
	row->system = t->read->n->set.pick.system;
	row->type = queue__text(tell_type(s->retention));
	if (nats__tell_consumer(t) == NULL)
		tell_stream_row(t, row);
	else
		tell_consumer_row(t, row);
	if (s->lost)
		row->state = queue__text("unreachable");
	else if (!s->live)
		row->state = queue__text(
		    s->leader == NULL ? "no leader" : "unreachable");
	row->detail = tell_detail(t);
	row->oldest_submitted_at = tell_oldest(t);
}

static int
tell_build(struct nats_tell *t, struct sst_error *err)
{
	struct queue_row row = QUEUE_ROW_INIT;
	struct queue_build build;
	int code;

	t->position = 0;
	t->priority_count = 0;
	t->priorities_whole = true;
	if (t->id_cap > 0)
		memset(t->ids, 0, t->id_cap * sizeof(*t->ids));
	tell_row(t, &row);
	code = queue__begin(t->read->out, &row, &build, err);
	if (code != SST_OK)
		return code;
	if (row.detail == QUEUE_WINDOW)
		code = nats__tell_tasks(t, &build, err);
	if (code == SST_OK)
		code = nats__tell_priorities(t, &row, &build, err);
	if (code == SST_OK)
		return queue__finish(&build, err);
	queue__drop(&build);
	return code;
}

/* Whether there is such a queue at all. */
static bool
tell_shown(const struct nats_tell *t)
{
	const struct nats_stream *s = t->work->stream;

	if (t->work->hidden || !t->work->points[t->at].shown)
		return false;
	if (t->at < s->consumer_count || s->consumer_count == 0 ||
	    s->retention != NATS_WORKQUEUE)
		return true;
	return t->work->rest > 0;
}

/* Calls fn with each queue in turn. */
static int
tell_each(struct nats_tell *t, int (*fn)(struct nats_tell *t, struct sst_error *err),
    struct sst_error *err)
{
	struct nats_read *read = t->read;
	const struct nats_stream *s;
	size_t i;
	int code = SST_OK;

	for (i = 0; code == SST_OK && i < read->catalog.count; i++) {
		t->work = &read->work[i];
		s = t->work->stream;
		for (t->at = 0; code == SST_OK && t->at <= s->consumer_count;
		     t->at++) {
			if (!tell_shown(t))
				continue;
			nats__queue_name(
			    read->n, s, nats__tell_consumer(t), &t->name);
			if (sst_buf_failed(&t->name))
				return sst_error_nomem(err);
			if (queue__picked(&read->n->set.pick, t->name.data))
				code = fn(t, err);
		}
	}
	return code;
}

static int
tell_queue(struct nats_tell *t, struct sst_error *err)
{
	const char *parts[] = {t->read->n->set.pick.system, t->name.data};
	struct sst_error none;

	if (!t->work->fresh &&
	    sst_draft_keep(t->read->out, parts, 2, &none) == SST_OK)
		return SST_OK;
	if (!t->work->fresh && t->work->readable)
		nats__judge_rows(&t->read->work[t->work - t->read->work]);
	return tell_build(t, err);
}

/* Notes the tasks of a queue for those that wait for them. */
static int
tell_note(struct nats_tell *t, struct sst_error *err)
{
	struct nats_arena *arena = &t->read->catalog.arena;
	const struct nats_memory *m = t->work->memory;
	struct nats_seen_task task;
	const char *id;
	size_t i;
	int code = SST_OK;

	if (!t->work->readable)
		return SST_OK;
	task.queue = queue__text(nats__arena_text(arena, t->name.data));
	for (i = 0; code == SST_OK && i < m->count; i++) {
		if (!nats__judge_message(
			t->work, t->at, m->rows[i], &task.status))
			continue;
		task.blockers = m->rows[i]->blockers != 0
				    ? m->rows[i]->text + m->rows[i]->blockers
				    : NULL;
		id = nats__tell_id(t, m->rows[i]);
		if (id == NULL || task.queue.data == NULL)
			return sst_error_nomem(err);
		code = nats__blocks_add(t->blocks, id, &task, err);
	}
	return code;
}

/* Room for the ids of the longest queue, at most half full. */
static bool
tell_room(struct nats_tell *t)
{
	size_t most = 1, i;

	for (i = 0; i < t->read->catalog.count; i++) {
		if (t->read->work[i].memory->count > most)
			most = t->read->work[i].memory->count;
	}
	for (t->id_cap = 64; t->id_cap < most * 2;)
		t->id_cap *= 2;
	t->ids = calloc(t->id_cap, sizeof(*t->ids));
	return t->ids != NULL;
}

int
nats__tell(struct nats_read *read, struct sst_error *err)
{
	struct nats_tell t = {.read = read};
	int code = SST_OK;

	if (!tell_room(&t))
		return sst_error_nomem(err);
	if (read->n->set.blocked_by_header != NULL && read->linked) {
		code = nats__blocks_new(&t.blocks, err);
		if (code == SST_OK)
			code = tell_each(&t, tell_note, err);
		if (code == SST_OK)
			nats__blocks_settle(t.blocks);
	}
	if (code == SST_OK)
		code = tell_each(&t, tell_queue, err);
	/* the bound is reported already; what fits is the result */
	if (code == SST_LIMIT)
		code = SST_OK;
	nats__blocks_free(&t.blocks);
	sst_buf_fini(&t.name);
	sst_buf_fini(&t.id);
	free(t.ids);
	return code;
}
