/* Facts about streams and consumers that the catalog does not have. */
#include <string.h>

#include "repository/queues/nats_fetch.h"

/* STREAM.INFO or CONSUMER.INFO of those that need it. */
struct facts {
	struct nats_read *read;
	size_t at;
	size_t consumer;
};

void
nats__rows_fault(struct nats_work *w, const char *what, const struct sst_error *err,
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

int
nats__rows_bear(struct nats_read *read, int code, struct sst_error *err)
{
	if (code == SST_OK || code == SST_NOMEM || code == SST_CANCELED)
		return code;
	if (read->tasks_err.code == SST_OK)
		read->tasks_err = *err;
	return SST_OK;
}

static bool
info_next(void *ctx, struct nats_ask *ask)
{
	struct facts *r = ctx;

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
	struct facts *r = ctx;
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
		nats__rows_fault(w, "$JS.API.STREAM.INFO.", err, r->read);
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
	struct facts *r = ctx;

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
	struct facts *r = ctx;
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

/* The facts about streams, then those about consumers. */
int
nats__facts(struct nats_read *read, struct sst_error *err)
{
	struct facts info = {.read = read}, check = {.read = read};
	struct nats_job ask = {info_next, info_take, &info};
	struct nats_job again = {check_next, check_take, &check};
	size_t i;
	int code;

	code = nats__rows_bear(read, nats__run(read, &ask, nats__half(read), err), err);
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
	return nats__rows_bear(
	    read, nats__run(read, &again, nats__half(read), err), err);
}
