/*
 * What the counts of a stream and its consumers say about tasks. The server
 * counts what a consumer has yet to be given (pending) and what it was given and
 * has not acknowledged (in flight). A task that was given as often as allowed is
 * in neither: it stays in the stream, and only the difference tells of it.
 */
#include <string.h>

#include "repository/queues/nats_priv.h"

static bool
stream_is_bucket(const struct nats_stream *s)
{
	static const char *const names[] = {"KV_", "OBJ_", "$MQTT_"};
	static const char *const subjects[] = {"$KV.", "$O.", "$MQTT."};
	size_t i, k;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strncmp(s->name, names[i], strlen(names[i])) != 0)
			continue;
		for (k = 0; k < s->subjects.count; k++) {
			if (strncmp(s->subjects.items[k], subjects[i],
				strlen(subjects[i])) != 0)
				break;
		}
		if (k == s->subjects.count)
			return true;
	}
	return false;
}

/* What it has done is gone then, so what is there is still to be done. */
static bool
consumer_is_sole(const struct nats_stream *s, size_t at)
{
	size_t i;

	if (s->retention == NATS_WORKQUEUE)
		return true;
	if (s->retention != NATS_INTEREST)
		return false;
	for (i = 0; i < s->consumer_count; i++) {
		if (i != at && nats__filters_overlap(&s->consumers[i].filters,
				   &s->consumers[at].filters))
			return false;
	}
	return true;
}

static void
judge_consumer(const struct nats *n, struct nats_work *w, size_t at)
{
	const struct nats_stream *s = w->stream;
	const struct nats_consumer *c = &s->consumers[at];
	struct nats_point *p = &w->points[at];

	p->shown = c->durable || !n->set.hide_ephemeral ||
		   s->retention != NATS_LIMITS;
	p->sole = consumer_is_sole(s, at);
	p->dead = -1;
	p->matched = -1;
	if (nats__filters_cover(&c->filters, &s->subjects))
		p->matched = s->messages;
	if (p->sole)
		p->start = s->first;
	else if (c->in_flight > 0)
		p->start = c->floor + 1;
	else
		p->start = c->delivered + 1;
	if (p->start < s->first)
		p->start = s->first;
}

/* What belongs to nobody: of a work queue, or of a stream without consumers
 * that are shown. */
static void
judge_rest(struct nats_work *w)
{
	const struct nats_stream *s = w->stream;
	struct nats_point *rest = &w->points[s->consumer_count];
	bool any = false;
	size_t i;

	for (i = 0; i < s->consumer_count; i++)
		any = any || w->points[i].shown;
	rest->start = s->first;
	rest->sole = true;
	rest->dead = -1;
	rest->matched = -1;
	rest->shown = !any || s->retention == NATS_WORKQUEUE;
}

static void
seen_add(struct sst_hash *seen, const void *bytes, size_t len)
{
	*seen = sst_hash_mix(*seen, sst_hash_bytes(bytes, len));
}

static void
seen_filters(struct sst_hash *seen, const struct nats_filters *filters)
{
	size_t i;

	for (i = 0; i < filters->count; i++)
		seen_add(seen, filters->items[i], strlen(filters->items[i]));
}

static void
seen_consumer(struct sst_hash *seen, const struct nats_consumer *c)
{
	const int64_t counts[] = {c->pending, c->in_flight, c->redelivered,
	    c->waiting, c->delivered, c->deliveries, c->floor, c->max_deliver,
	    c->durable, c->push, c->bound, c->acks, c->paused, c->live};

	seen_add(seen, c->name, strlen(c->name));
	seen_add(seen, counts, sizeof(counts));
	seen_filters(seen, &c->filters);
}

/* Of all that its queues are made of, but for messages: those are the same when
 * first, last and their number are. */
static struct sst_hash
judge_seen(const struct nats_read *read, const struct nats_work *w)
{
	const struct nats_stream *s = w->stream;
	const int64_t counts[] = {s->messages, s->first, s->last, s->deleted,
	    s->first_ms, s->retention, s->live, s->lost, w->ours, w->readable,
	    read->linked, (int64_t)s->consumer_count};
	struct sst_hash seen = sst_hash_bytes(counts, sizeof(counts));
	size_t i;

	seen_add(&seen, s->created, strlen(s->created));
	seen_filters(&seen, &s->subjects);
	for (i = 0; i < s->consumer_count; i++)
		seen_consumer(&seen, &s->consumers[i]);
	return seen;
}

void
nats__judge_streams(struct nats_read *read)
{
	const struct nats *n = read->n;
	bool any = false;
	size_t i, k;

	for (i = 0; i < read->catalog.count; i++) {
		struct nats_work *w = &read->work[i];
		const struct nats_stream *s = w->stream;

		w->hidden = n->set.hide_buckets && stream_is_bucket(s);
		w->ours = n->wire != NULL &&
			  (s->account == NULL ||
			      strcmp(s->account, n->account) == 0);
		w->readable = w->ours && read->linked && !s->lost &&
			      !w->hidden && s->live && n->set.window > 0;
		for (k = 0; k < s->consumer_count; k++)
			judge_consumer(n, w, k);
		judge_rest(w);
		w->seen = judge_seen(read, w);
		w->fresh = !w->memory->settled ||
			   !sst_hash_equal(w->seen, w->memory->seen);
		any = any || w->fresh;
	}
	/* a task may wait for one of any other stream */
	for (i = 0; any && n->set.blocked_by_header != NULL &&
		    i < read->catalog.count;
	     i++)
		read->work[i].fresh = true;
}

/* What is in the stream for it, and in no count; -1: not known. */
static int64_t
judge_left(const struct nats_work *w, size_t at)
{
	const struct nats_consumer *c = &w->stream->consumers[at];
	const struct nats_point *p = &w->points[at];

	if (p->matched < 0 || c->pending < 0 || c->in_flight < 0)
		return -1;
	return p->matched - c->pending - c->in_flight;
}

bool
nats__judge_needs_info(const struct nats_work *work)
{
	const struct nats_stream *s = work->stream;
	size_t i;

	if (!work->readable || !work->fresh)
		return false;
	if (s->deleted > 0 && s->deleted <= NATS_GAPS_MAX)
		return true;
	for (i = 0; i < s->consumer_count; i++) {
		if (work->points[i].sole &&
		    (work->points[i].matched < 0 || judge_left(work, i) > 0))
			return true;
	}
	return false;
}

bool
nats__judge_needs_check(const struct nats_work *work, size_t consumer)
{
	return work->readable && work->fresh && work->informed &&
	       work->points[consumer].sole && judge_left(work, consumer) > 0;
}

bool
nats__judge_same(const struct nats_consumer *a, const struct nats_consumer *b)
{
	return a->pending == b->pending && a->in_flight == b->in_flight &&
	       a->delivered == b->delivered && a->floor == b->floor &&
	       a->deliveries == b->deliveries;
}

/*
 * Over HTTP there is one answer: counts of the stream, then those of its
 * consumers. They belong together when nothing was acknowledged since the
 * answer was begun.
 */
static bool
judge_sure(const struct nats_work *w, size_t at)
{
	const struct nats_stream *s = w->stream;
	const struct nats_consumer *c = &s->consumers[at];

	if (w->points[at].sure)
		return true;
	return !w->readable && s->seen_ms >= 0 && c->last_ack_ms < s->seen_ms;
}

static void
judge_dead(struct nats_work *w, size_t at)
{
	const struct nats_consumer *c = &w->stream->consumers[at];
	struct nats_point *p = &w->points[at];
	struct nats_past *known = nats__past_of(w->memory, c->name);
	int64_t past = known != NULL ? known->dead : -1;
	int64_t left = judge_left(w, at);

	if (!p->sole || !c->live)
		return;
	if (c->max_deliver <= 0 || left == 0) {
		p->dead = 0;
	} else if (left > 0 && judge_sure(w, at)) {
		p->dead = left;
	} else {
		/* of two moments: as it was, as far as that can be */
		p->dead = left > 0 && past > left ? left : past;
		w->memory->settled = false;
	}
	if (p->dead < 0)
		return;
	known = nats__past_made(w->memory, c->name);
	if (known != NULL)
		known->dead = p->dead;
	else /* what cannot be remembered is found out again */
		w->memory->settled = false;
}

/* As far as subjects tell, each message is for some consumer, and one that is
 * not taken was given up. */
static bool
judge_rest_dead(const struct nats_stream *s)
{
	bool gives_up = false, wanted;
	size_t i, k;

	for (i = 0; i < s->consumer_count; i++)
		gives_up = gives_up || s->consumers[i].max_deliver > 0;
	for (k = 0; gives_up && k < s->subjects.count; k++) {
		const struct nats_filters one = {&s->subjects.items[k], 1};

		wanted = false;
		for (i = 0; i < s->consumer_count; i++)
			wanted = wanted || nats__filters_overlap(
					       &s->consumers[i].filters, &one);
		gives_up = wanted;
	}
	return gives_up;
}

/* The messages of a work queue that are in no consumer's queue. */
static void
judge_rest_count(struct nats_work *w)
{
	const struct nats_stream *s = w->stream;
	int64_t rest = s->messages;
	bool sure = true, known = true;
	size_t i;

	if (s->retention != NATS_WORKQUEUE || s->consumer_count == 0)
		return;
	for (i = 0; i < s->consumer_count; i++) {
		const struct nats_consumer *c = &s->consumers[i];
		const struct nats_point *p = &w->points[i];

		if (c->pending < 0 || c->in_flight < 0)
			return;
		rest -= c->pending + c->in_flight;
		if (p->dead > 0)
			rest -= p->dead;
		known = known && p->matched >= 0;
		sure = sure && (judge_sure(w, i) || judge_left(w, i) == 0);
	}
	w->memory->rest_known = known;
	w->memory->rest_dead = !known && judge_rest_dead(s);
	if (rest <= 0 || sure)
		w->rest = rest > 0 ? rest : 0;
	else
		w->rest = w->memory->rest;
	if (rest > 0 && !sure)
		w->memory->settled = false;
	w->memory->rest = w->rest;
}

void
nats__judge_dead(struct nats_work *work)
{
	const struct nats_stream *s = work->stream;
	size_t i;

	if (!work->fresh) {
		for (i = 0; i < s->consumer_count; i++) {
			const struct nats_past *past = nats__past_of(
			    work->memory, s->consumers[i].name);

			work->points[i].dead = past != NULL ? past->dead : -1;
			work->points[i].whole = past != NULL && past->whole;
		}
		work->rest = work->memory->rest;
		return;
	}
	for (i = 0; i < s->consumer_count; i++)
		judge_dead(work, i);
	judge_rest_count(work);
}

static bool
judge_unwanted(const struct nats_work *w, const struct nats_message *m)
{
	const struct nats_stream *s = w->stream;
	size_t i;

	for (i = 0; i < s->consumer_count; i++) {
		if ((w->points[i].shown || s->retention == NATS_WORKQUEUE) &&
		    nats__filters_match(&s->consumers[i].filters, m->text))
			return false;
	}
	return true;
}

/* Whether it may be in that queue, as far as subject and sequence tell. */
static bool
judge_is_of(const struct nats_work *w, size_t at, const struct nats_message *m)
{
	if (m->seq < w->points[at].start)
		return false;
	if (at == w->stream->consumer_count)
		return judge_unwanted(w, m);
	return nats__filters_match(&w->stream->consumers[at].filters, m->text);
}

void
nats__judge_rows(struct nats_work *work)
{
	const struct nats_stream *s = work->stream;
	size_t i, k;

	for (k = 0; k <= s->consumer_count; k++) {
		struct nats_point *p = &work->points[k];

		p->row_count = p->given_count = 0;
		for (i = 0; i < work->memory->count; i++) {
			const struct nats_message *m = work->memory->rows[i];

			if (!judge_is_of(work, k, m))
				continue;
			p->row_count++;
			p->given_count += k < s->consumer_count &&
					  m->seq <= s->consumers[k].delivered;
		}
	}
}

/* In flight, all of them: given once, or again. Those that were given up count
 * as redelivered, too, so that there may be more of them. */
static enum queue_status
judge_given(const struct nats_consumer *c)
{
	return c->redelivered == c->in_flight ? QUEUE_RETRYING
					      : QUEUE_RESERVED;
}

/* One that was given to the consumer, and is still there. */
static bool
judge_delivered(const struct nats_consumer *c, const struct nats_point *p,
    const struct nats_message *m, enum queue_status *out)
{
	if (!p->sole) {
		/* what was done is there, too; which one is not told */
		if (m->seq <= c->floor || !p->whole ||
		    p->given_count != c->in_flight)
			return false;
		*out = judge_given(c);
		return true;
	}
	*out = QUEUE_STATUS_UNKNOWN;
	if (c->in_flight == 0 && p->dead > 0)
		*out = QUEUE_DEAD;
	else if (c->in_flight > 0 && p->dead == 0)
		*out = judge_given(c);
	else if (c->in_flight == 0 && p->dead == 0)
		return false;
	return true;
}

bool
nats__judge_message(const struct nats_work *work, size_t consumer,
    const struct nats_message *message, enum queue_status *out)
{
	const struct nats_stream *s = work->stream;
	const struct nats_consumer *c;

	*out = QUEUE_QUEUED;
	if (!judge_is_of(work, consumer, message))
		return false;
	if (consumer == s->consumer_count)
		return true;
	c = &s->consumers[consumer];
	if (message->seq > c->delivered)
		return true;
	return judge_delivered(c, &work->points[consumer], message, out);
}
