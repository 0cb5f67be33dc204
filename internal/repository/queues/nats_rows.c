/*
 * Reads the messages that are shown, and what is needed to tell their status.
 * What was read of a message is kept, as it never changes; so at most
 * collections nothing is read at all, or the few that are new.
 */
#include <stdlib.h>
#include <string.h>

#include "repository/queues/nats_priv.h"

/* STREAM.INFO of the streams that need it. */
struct rows_info {
	struct nats_read *read;
	size_t at;
	size_t consumer; /* of CONSUMER.INFO */
};

/* The stream's messages are not read this time. */
static void
rows_fault(struct nats_work *w, const char *what, const struct sst_error *err,
    struct nats_read *read)
{
	w->fault = err->code;
	w->memory->settled = false;
	if (read->tasks_err.code == SST_OK) {
		read->tasks_err = *err;
		sst_error_prefix(&read->tasks_err, "%s%.100s", what,
		    w->stream->name);
	}
}

static bool
info_next(void *ctx, struct nats_ask *ask)
{
	struct rows_info *r = ctx;

	while (r->at < r->read->catalog.count &&
	       !nats__judge_needs_info(&r->read->work[r->at]))
		r->at++;
	if (r->at == r->read->catalog.count)
		return false;
	sst_buf_adds(&ask->subject, "$JS.API.STREAM.INFO.");
	sst_buf_adds(&ask->subject, r->read->work[r->at].stream->name);
	sst_buf_adds(&ask->body, "{");
	if (r->read->work[r->at].stream->deleted <= NATS_GAPS_MAX)
		sst_buf_adds(&ask->body, "\"deleted_details\":true");
	else
		sst_buf_adds(&ask->body, "\"deleted_details\":false");
	if (r->read->work[r->at].stream->subject_count <= NATS_SUBJECTS_MAX)
		sst_buf_adds(&ask->body, ",\"subjects_filter\":\">\"");
	sst_buf_adds(&ask->body, "}");
	ask->weight = 256 * 1024;
	ask->tag = (uint32_t)r->at++;
	return true;
}

/* How many messages each consumer takes, when all subjects are known. */
static void
info_matched(struct nats_work *w)
{
	const struct nats_stream *s = w->stream;
	size_t i, k;

	for (i = 0; i < s->consumer_count; i++) {
		struct nats_point *p = &w->points[i];

		if (p->matched >= 0 || !w->info.subjects_known)
			continue;
		p->matched = 0;
		for (k = 0; k < w->info.subject_count; k++) {
			if (nats__filters_match(&s->consumers[i].filters,
				w->info.subjects[k].name))
				p->matched += w->info.subjects[k].count;
		}
	}
}

static int
info_take(void *ctx, uint32_t tag, const struct nats_reply *reply,
    struct sst_error *err)
{
	struct rows_info *r = ctx;
	struct nats_work *w = &r->read->work[tag];
	int code = nats__reply_code(reply, err);

	if (code == SST_OK)
		code = nats__parse_stream_info(reply->data, reply->len,
		    &r->read->catalog.arena, &w->info, err);
	if (code == SST_NOMEM)
		return code;
	if (code == SST_OK &&
	    strcmp(w->info.stream.created, w->stream->created) != 0)
		code = sst_error_set(err, SST_NOT_FOUND,
		    "another stream has that name now");
	if (code != SST_OK) {
		memset(&w->info, 0, sizeof(w->info));
		rows_fault(w, "$JS.API.STREAM.INFO.", err, r->read);
		return SST_OK;
	}
	/* of another moment than the rest, it says nothing about that */
	w->informed = w->info.stream.messages == w->stream->messages &&
		      w->info.stream.first == w->stream->first &&
		      w->info.stream.last == w->stream->last;
	if (w->informed)
		info_matched(w);
	else
		w->memory->settled = false;
	return SST_OK;
}

static bool
check_next(void *ctx, struct nats_ask *ask)
{
	struct rows_info *r = ctx;

	for (; r->at < r->read->catalog.count; r->at++, r->consumer = 0) {
		const struct nats_work *w = &r->read->work[r->at];

		while (r->consumer < w->stream->consumer_count &&
		       !nats__judge_needs_check(w, r->consumer))
			r->consumer++;
		if (r->consumer == w->stream->consumer_count)
			continue;
		/* the answer has the names in it */
		sst_buf_adds(&ask->subject, "$JS.API.CONSUMER.INFO.");
		sst_buf_adds(&ask->subject, w->stream->name);
		sst_buf_adds(&ask->subject, ".");
		sst_buf_adds(&ask->subject,
		    w->stream->consumers[r->consumer++].name);
		ask->weight = 16 * 1024;
		ask->tag = (uint32_t)r->at;
		return true;
	}
	return false;
}

static int
check_take(void *ctx, uint32_t tag, const struct nats_reply *reply,
    struct sst_error *err)
{
	struct rows_info *r = ctx;
	struct nats_work *w = &r->read->work[tag];
	struct nats_consumer c;
	size_t i;
	int code = nats__reply_code(reply, err);

	if (code == SST_OK)
		code = nats__parse_consumer_info(reply->data, reply->len,
		    &r->read->catalog.arena, &c, err);
	if (code == SST_NOMEM)
		return code;
	/* without an answer the count stays as it was */
	for (i = 0; code == SST_OK && i < w->stream->consumer_count; i++) {
		if (strcmp(w->stream->consumers[i].name, c.name) == 0)
			w->points[i].sure = nats__judge_same(
			    &w->stream->consumers[i], &c);
	}
	return SST_OK;
}

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
rows_direct(const struct nats_work *w)
{
	return w->stream->direct && !w->memory->no_direct;
}

/* A request for the message of that sequence, or, with a filter, the first one
 * from there on. */
static void
rows_ask(const struct nats_work *w, int64_t seq, const char *filter,
    struct nats_ask *ask)
{
	const struct nats_stream *s = w->stream;
	int64_t each = s->messages > 0 && s->bytes > 0 ? s->bytes / s->messages
						       : 0;

	sst_buf_adds(&ask->subject, rows_direct(w)
					? "$JS.API.DIRECT.GET."
					: "$JS.API.STREAM.MSG.GET.");
	sst_buf_adds(&ask->subject, s->name);
	sst_buf_adds(&ask->body, "{\"seq\":");
	sst_buf_json_int(&ask->body, seq);
	if (filter != NULL) {
		sst_buf_adds(&ask->body, ",\"next_by_subj\":");
		sst_buf_json_string(&ask->body, filter, strlen(filter));
	}
	sst_buf_adds(&ask->body, "}");
	ask->weight = (size_t)(each * 3 / 2 + 512);
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
		rows_ask(w, r->wants[ask->tag].seq, NULL, ask);
		return true;
	}
	return false;
}

static int
rows_push(struct nats_work *w, struct nats_message *m, struct sst_error *err)
{
	size_t cap = w->news_cap == 0 ? 64 : w->news_cap * 2;
	struct nats_message **wide;

	if (w->news_count == w->news_cap) {
		wide = realloc(w->news, cap * sizeof(*wide));
		if (wide == NULL) {
			free(m);
			return sst_error_nomem(err);
		}
		w->news = wide;
		w->news_cap = cap;
	}
	w->news[w->news_count++] = m;
	return SST_OK;
}

/* Body and headers of the message itself, what the server adds last. */
static int
rows_read_direct(const struct nats *n, const struct nats_reply *reply,
    struct nats_message **out, struct sst_error *err)
{
	const char *status = nats__reply_header(reply, "Status", false);
	const char *seq = nats__reply_header(reply, "Nats-Sequence", true);
	struct nats_parts parts = {
	    .subject = nats__reply_header(reply, "Nats-Subject", true)};

	if (status != NULL && strcmp(status, "404") == 0 && reply->len == 0)
		return sst_error_set(err, SST_NOT_FOUND, "no message found");
	if (seq == NULL || parts.subject == NULL)
		return sst_error_set(
		    err, SST_TYPE, "an answer without Nats-Sequence");
	parts.seq = strtoll(seq, NULL, 10);
	parts.ms = nats__time(
	    nats__reply_header(reply, "Nats-Time-Stamp", true));
	if (n->set.id_header != NULL)
		parts.id = nats__reply_header(reply, n->set.id_header, false);
	if (n->set.priority_header != NULL)
		parts.priority =
		    nats__reply_header(reply, n->set.priority_header, false);
	if (n->set.blocked_by_header != NULL)
		parts.blockers =
		    nats__reply_header(reply, n->set.blocked_by_header, false);
	*out = nats__message_new(&parts);
	return *out != NULL ? SST_OK : sst_error_nomem(err);
}

static int
rows_read(const struct nats *n, struct nats_work *w,
    const struct nats_reply *reply, struct nats_message **out,
    struct sst_error *err)
{
	const struct nats_headers headers = {
	    n->set.id_header,
	    n->set.priority_header,
	    n->set.blocked_by_header,
	};
	int code = nats__reply_code(reply, err);

	if (code != SST_OK && rows_direct(w) && reply->code != SST_INVALID) {
		w->retry = true;
		return SST_NODATA;
	}
	if (code != SST_OK)
		return code;
	if (rows_direct(w))
		return rows_read_direct(n, reply, out, err);
	return nats__parse_message(
	    reply->data, reply->len, &headers, out, err);
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
	int code = rows_read(r->read->n, w, reply, &m, err);

	if (code == SST_NODATA)
		return SST_OK;
	if (code == SST_NOT_FOUND) {
		w->missing++;
		return SST_OK;
	}
	if (code == SST_NOMEM)
		return code;
	if (rows_is_fault(code)) {
		rows_fault(w, "messages of ", err, r->read);
		return SST_OK;
	}
	if (code != SST_OK || m->seq != r->wants[tag].seq) {
		free(m);
		code = rows_stub(r->wants[tag].seq, &m, err);
		if (code != SST_OK)
			return code;
	}
	return rows_push(w, m, err);
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
		code = nats__run(read, &job, nats__half(read), err);
	free(r.wants);
	return code;
}

/* Messages one after the other: of a queue whose own are rare among others, or
 * of a stream with more gaps than can be listed. */
struct rows_chain {
	struct nats_work *work;
	const char *filter;
	int64_t next;
	int64_t left;
	bool asking;
};

struct rows_chains {
	struct nats_read *read;
	struct rows_chain *items;
	size_t count, at;
};

static bool
chain_next(void *ctx, struct nats_ask *ask)
{
	struct rows_chains *r = ctx;
	size_t n;

	for (n = 0; n < r->count; n++) {
		size_t i = (r->at + n) % r->count;
		struct rows_chain *chain = &r->items[i];

		if (chain->asking || chain->left <= 0 ||
		    chain->work->fault != SST_OK ||
		    chain->next > chain->work->stream->last)
			continue;
		rows_ask(chain->work, chain->next, chain->filter, ask);
		ask->tag = (uint32_t)i;
		chain->asking = true;
		r->at = i + 1;
		return true;
	}
	return false;
}

static int
chain_take(void *ctx, uint32_t tag, const struct nats_reply *reply,
    struct sst_error *err)
{
	struct rows_chains *r = ctx;
	struct rows_chain *chain = &r->items[tag];
	struct nats_work *w = chain->work;
	struct nats_message *m = NULL;
	int code = rows_read(r->read->n, w, reply, &m, err);

	chain->asking = false;
	if (code == SST_NOMEM)
		return code;
	if (code == SST_NODATA) {
		/* DIRECT is not for us: once more, the other way */
		w->memory->no_direct = true;
		w->retry = false;
		return SST_OK;
	}
	if (code != SST_OK || m->seq < chain->next) {
		if (code != SST_OK && code != SST_NOT_FOUND)
			rows_fault(w, "messages of ", err, r->read);
		free(m);
		chain->left = 0;
		return SST_OK;
	}
	chain->next = m->seq + 1;
	chain->left--;
	return rows_push(w, m, err);
}

/* How many messages of the queue's head are still to be found. */
static int64_t
chain_lacks(
    const struct nats_read *read, const struct nats_work *w, size_t at)
{
	const struct nats_stream *s = w->stream;
	const struct nats_point *p = &w->points[at];
	int64_t lacks, most = NATS_CHAIN_MAX;

	if (!p->shown || p->whole || w->fault != SST_OK)
		return 0;
	if (at == s->consumer_count)
		lacks = at > 0 && w->rest >= 0 ? w->rest : s->messages;
	else
		lacks = s->consumers[at].pending + s->consumers[at].in_flight +
			(p->dead > 0 ? p->dead : 0);
	if (lacks > read->n->set.window)
		lacks = read->n->set.window;
	lacks -= p->row_count;
	return lacks < most ? lacks : most;
}

static int
chain_plan(struct rows_chains *r, struct sst_error *err)
{
	struct nats_read *read = r->read;
	size_t i, k, room = 0;

	for (i = 0; i < read->catalog.count; i++)
		room += read->work[i].stream->consumer_count + 1;
	r->items = calloc(room + 1, sizeof(*r->items));
	if (r->items == NULL)
		return sst_error_nomem(err);
	for (i = 0; i < read->catalog.count; i++) {
		struct nats_work *w = &read->work[i];
		const struct nats_stream *s = w->stream;

		if (!w->readable || !w->fresh)
			continue;
		for (k = 0; k <= s->consumer_count; k++) {
			struct rows_chain chain = {.work = w,
			    .filter = ">",
			    .next = w->points[k].next,
			    .left = chain_lacks(read, w, k)};

			if (k < s->consumer_count &&
			    s->consumers[k].filters.count == 1)
				chain.filter = s->consumers[k].filters.items[0];
			if (chain.left > 0)
				r->items[r->count++] = chain;
		}
	}
	return SST_OK;
}

static int
rows_chain(struct nats_read *read, struct sst_error *err)
{
	struct rows_chains r = {.read = read};
	struct nats_job job = {chain_next, chain_take, &r};
	int code = chain_plan(&r, err);

	if (code == SST_OK && r.count > 0)
		code = nats__run(read, &job, nats__half(read), err);
	free(r.items);
	return code;
}

/* What could not be waited for is told, and the counts stay. */
static int
rows_bear(struct nats_read *read, int code, struct sst_error *err)
{
	if (code == SST_OK || code == SST_NOMEM || code == SST_CANCELED)
		return code;
	if (read->tasks_err.code == SST_OK)
		read->tasks_err = *err;
	return SST_OK;
}

/* The facts about streams, then those about consumers. */
static int
rows_facts(struct nats_read *read, struct sst_error *err)
{
	struct rows_info info = {.read = read}, check = {.read = read};
	struct nats_job ask = {info_next, info_take, &info};
	struct nats_job again = {check_next, check_take, &check};
	size_t i;
	int code;

	code = rows_bear(read, nats__run(read, &ask, nats__half(read), err), err);
	if (code != SST_OK)
		return code;
	for (i = 0; i < read->catalog.count; i++) {
		struct nats_work *w = &read->work[i];

		if (nats__judge_needs_info(w) && !w->informed)
			w->memory->settled = false;
	}
	/* the connection may be gone by now */
	if (read->tasks_err.code == SST_TRUNCATED ||
	    read->tasks_err.code == SST_TIMEOUT)
		return SST_OK;
	return rows_bear(
	    read, nats__run(read, &again, nats__half(read), err), err);
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
		code = rows_bear(read, rows_get(read, false, err), err);
	for (i = 0; i < read->catalog.count; i++)
		again = again || read->work[i].retry;
	if (code == SST_OK && again)
		code = rows_bear(read, rows_get(read, true, err), err);
	if (code == SST_OK)
		code = rows_settle(read, err);
	if (code == SST_OK && read->tasks_err.code == SST_OK)
		code = rows_bear(read, rows_chain(read, err), err);
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
		code = rows_facts(read, err);
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
