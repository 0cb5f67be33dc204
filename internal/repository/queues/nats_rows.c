/*
 * Reads the messages that are shown, and what is needed to tell their status.
 * What was read of a message is kept, as it never changes; so at most
 * collections nothing is read at all, or the few that are new.
 */
#include <stdlib.h>
#include <string.h>

#include "repository/queues/nats_fetch.h"

/* Messages by their sequences. */
struct rows_get {
	struct nats_read *read;
	size_t at, item;
	/* of each request: where its stream and sequence are */
	struct rows_want {
		uint32_t work;
		int64_t seq;
	} *wants;
	size_t count, sent;
};

static bool
rows_known(const struct nats_memory *m, int64_t seq)
{
	size_t low = 0, high = m->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (m->rows[mid]->seq < seq)
			low = mid + 1;
		else
			high = mid;
	}
	return low < m->count && m->rows[low]->seq == seq;
}

static bool
get_next(void *ctx, struct nats_ask *ask)
{
	struct rows_get *r = ctx;
	const struct nats_work *w;

	while (r->sent < r->count) {
		w = &r->read->work[r->wants[r->sent].work];
		ask->tag = (uint32_t)r->sent++;
		if (w->fault != SST_OK || w->retry)
			continue;
		nats__fetch_ask(w, r->wants[ask->tag].seq, NULL, ask);
		return true;
	}
	return false;
}

/* A message that cannot be read is shown as far as it is known. */
static int
rows_stub(int64_t seq, struct nats_message **out, struct sst_error *err)
{
	const struct nats_parts parts = {
	    .seq = seq, .ms = -1, .subject = ""};

	*out = nats__message_new(&parts);
	return *out != NULL ? SST_OK : sst_error_nomem(err);
}

static bool
rows_is_fault(int code)
{
	return code == SST_FORBIDDEN || code == SST_UNSUPPORTED ||
	       code == SST_INVALID || code == SST_UPSTREAM ||
	       code == SST_UNAUTHORIZED || code == SST_TIMEOUT;
}

static int
get_take(void *ctx, uint32_t tag, const struct nats_reply *reply,
    struct sst_error *err)
{
	struct rows_get *r = ctx;
	struct nats_work *w = &r->read->work[r->wants[tag].work];
	struct nats_message *m = NULL;
	int code = nats__fetch_read(r->read->n, w, reply, &m, err);

	if (code == SST_NODATA)
		return SST_OK;
	if (code == SST_NOT_FOUND) {
		w->missing++;
		return SST_OK;
	}
	if (code == SST_NOMEM)
		return code;
	if (rows_is_fault(code)) {
		nats__rows_fault(w, "messages of ", err, r->read);
		return SST_OK;
	}
	if (code != SST_OK || m->seq != r->wants[tag].seq) {
		free(m);
		code = rows_stub(r->wants[tag].seq, &m, err);
		if (code != SST_OK)
			return code;
	}
	return nats__fetch_push(w, m, err);
}

/* What is wanted and not known, of all streams. */
static int
get_plan(struct rows_get *r, bool again, struct sst_error *err)
{
	struct nats_read *read = r->read;
	size_t i, k, room = 0;

	for (i = 0; i < read->catalog.count; i++)
		room += read->work[i].wanted_count;
	r->wants = calloc(room + 1, sizeof(*r->wants));
	if (r->wants == NULL)
		return sst_error_nomem(err);
	for (i = 0; i < read->catalog.count; i++) {
		struct nats_work *w = &read->work[i];

		if (w->fault != SST_OK || (again && !w->retry))
			continue;
		w->memory->no_direct = w->memory->no_direct || w->retry;
		w->retry = false;
		for (k = 0; k < w->wanted_count; k++) {
			if (rows_known(w->memory, w->wanted[k]))
				continue;
			r->wants[r->count++] = (struct rows_want){
			    (uint32_t)i, w->wanted[k]};
		}
	}
	return SST_OK;
}

static int
rows_get(struct nats_read *read, bool again, struct sst_error *err)
{
	struct rows_get r = {.read = read};
	struct nats_job job = {get_next, get_take, &r};
	int code = get_plan(&r, again, err);

	if (code == SST_OK && r.count > 0)
		code = nats__run(read, &job, nats__most(read), err);
	free(r.wants);
	return code;
}

/* For when the queues are told again without being read again. */
static void
rows_remember(struct nats_work *w)
{
	const struct nats_stream *s = w->stream;
	struct nats_past *past;
	size_t i;

	for (i = 0; i < s->consumer_count; i++) {
		past = nats__past_made(w->memory, s->consumers[i].name);
		if (past != NULL)
			past->whole = w->points[i].whole;
		else
			w->memory->settled = false;
	}
}

static int
rows_settle(struct nats_read *read, struct sst_error *err)
{
	size_t i, k;
	int code;

	for (i = 0; i < read->catalog.count; i++) {
		struct nats_work *w = &read->work[i];

		if (!w->readable || !w->fresh)
			continue;
		code = nats__store_rows(w, err);
		if (code != SST_OK)
			return code;
		for (k = 0; k < w->wanted_count; k++) {
			if (!rows_known(w->memory, w->wanted[k]))
				w->memory->settled = false;
		}
		nats__judge_rows(w);
		rows_remember(w);
	}
	return SST_OK;
}

static int
rows_messages(struct nats_read *read, struct sst_error *err)
{
	bool again = false;
	size_t i;
	int code = SST_OK;

	for (i = 0; code == SST_OK && i < read->catalog.count; i++) {
		if (read->work[i].readable && read->work[i].fresh)
			code = nats__scan(read->n, &read->work[i], err);
	}
	if (code == SST_OK)
		code = nats__rows_bear(read, rows_get(read, false, err), err);
	for (i = 0; i < read->catalog.count; i++)
		again = again || read->work[i].retry;
	if (code == SST_OK && again)
		code = nats__rows_bear(read, rows_get(read, true, err), err);
	if (code == SST_OK)
		code = rows_settle(read, err);
	if (code == SST_OK && read->tasks_err.code == SST_OK)
		code = nats__rows_bear(read, nats__chain(read, err), err);
	return code == SST_OK ? rows_settle(read, err) : code;
}

int
nats__rows(struct nats_read *read, struct sst_error *err)
{
	size_t i;
	int code = SST_OK;

	for (i = 0; i < read->catalog.count; i++) {
		read->work[i].memory->settled = true;
		read->work[i].memory->seen = read->work[i].seen;
	}
	if (read->linked)
		code = nats__facts(read, err);
	for (i = 0; code == SST_OK && i < read->catalog.count; i++)
		nats__judge_dead(&read->work[i]);
	if (code == SST_OK && read->linked &&
	    read->tasks_err.code != SST_TRUNCATED &&
	    read->tasks_err.code != SST_TIMEOUT)
		code = rows_messages(read, err);
	for (i = 0; i < read->catalog.count; i++) {
		/* what was given up in the middle is begun anew */
		if (code != SST_OK || read->tasks_err.code != SST_OK)
			read->work[i].memory->settled = false;
	}
	return code;
}
