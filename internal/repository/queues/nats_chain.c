/*
 * Messages one after the other: of a queue whose own are rare among others, or
 * of a stream with more gaps than can be listed.
 */
#include <stdlib.h>

#include "repository/queues/nats_fetch.h"

struct chain {
	struct nats_work *work;
	const char *filter;
	int64_t next;
	int64_t left;
	bool asking;
};

struct chains {
	struct nats_read *read;
	struct chain *items;
	size_t count, at;
};

static bool
chain_next(void *ctx, struct nats_ask *ask)
{
	struct chains *r = ctx;
	size_t n;

	for (n = 0; n < r->count; n++) {
		size_t i = (r->at + n) % r->count;
		struct chain *chain = &r->items[i];

		if (chain->asking || chain->left <= 0 ||
		    chain->work->fault != SST_OK ||
		    chain->next > chain->work->stream->last)
			continue;
		nats__fetch_ask(chain->work, chain->next, chain->filter, ask);
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
	struct chains *r = ctx;
	struct chain *chain = &r->items[tag];
	struct nats_work *w = chain->work;
	struct nats_message *m = NULL;
	int code = nats__fetch_read(r->read->n, w, reply, &m, err);

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
			nats__rows_fault(w, "messages of ", err, r->read);
		free(m);
		chain->left = 0;
		return SST_OK;
	}
	chain->next = m->seq + 1;
	chain->left--;
	return nats__fetch_push(w, m, err);
}

/* How many messages are to be found for the queue's head. */
static int64_t
chain_lacks(
    const struct nats_read *read, const struct nats_work *w, size_t at)
{
	const struct nats_stream *s = w->stream;
	const struct nats_point *p = &w->points[at];
	const struct nats_consumer *c;
	int64_t lacks;

	if (!p->shown || p->whole || w->fault != SST_OK)
		return 0;
	if (at == s->consumer_count) {
		/* those of consumers are among them, when there are some */
		lacks = at == 0 || w->rest > 0 ? s->messages : 0;
	} else {
		c = &s->consumers[at];
		lacks = c->pending + c->in_flight + (p->dead > 0 ? p->dead : 0);
		if (lacks > read->n->set.window)
			lacks = read->n->set.window;
		lacks -= p->row_count;
	}
	return lacks < NATS_CHAIN_MAX ? lacks : NATS_CHAIN_MAX;
}

static int
chain_plan(struct chains *r, struct sst_error *err)
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
			struct chain chain = {.work = w,
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

int
nats__chain(struct nats_read *read, struct sst_error *err)
{
	struct chains r = {.read = read};
	struct nats_job job = {chain_next, chain_take, &r};
	int code = chain_plan(&r, err);

	if (code == SST_OK && r.count > 0)
		code = nats__run(read, &job, nats__half(read), err);
	free(r.items);
	return code;
}
