/* Which messages of a stream are looked at: the head of each queue. */
#include <stdlib.h>
#include <string.h>

#include "repository/queues/nats_priv.h"

/* Of how many windows a queue with a filter is looked for: the messages of
 * others lie between its own. */
enum { SCAN_WINDOWS = 4 };

/* How many messages of so many bytes may be read of one stream. */
static int64_t
scan_bound(const struct nats *n, const struct nats_stream *s)
{
	int64_t each = s->messages > 0 && s->bytes > 0 ? s->bytes / s->messages
						       : 0;
	int64_t fit = (int64_t)n->max_bytes / (each * 3 / 2 + 512);

	return fit > 0 ? fit : 1;
}

static int64_t
scan_length(const struct nats *n, const struct nats_stream *s, size_t at)
{
	int64_t count = n->set.window, bound = scan_bound(n, s);
	bool filtered = at < s->consumer_count &&
			!nats__filters_cover(
			    &s->consumers[at].filters, &s->subjects);

	if (filtered || (at == s->consumer_count && at > 0))
		count *= s->consumer_count < SCAN_WINDOWS
			     ? (int64_t)s->consumer_count + 1
			     : SCAN_WINDOWS;
	return count < bound ? count : bound;
}

/* The first gap that is not below seq. */
static size_t
scan_gap(const struct nats_info *info, int64_t seq)
{
	size_t low = 0, high = info->gone_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (info->gone[mid] < seq)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Adds the sequences of the head of one queue. */
static void
scan_queue(struct nats_work *w, struct nats_point *p, int64_t count)
{
	size_t gap = scan_gap(&w->info, p->start);
	int64_t seq, last = w->stream->last;

	for (seq = p->start; seq <= last && count > 0; seq++) {
		if (gap < w->info.gone_count && w->info.gone[gap] == seq) {
			gap++;
			continue;
		}
		w->wanted[w->wanted_count++] = seq;
		count--;
	}
	p->next = seq;
	p->whole = seq > last;
}

static int
sequence_order(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
scan_sort(struct nats_work *w)
{
	size_t i, n = 0;

	if (w->wanted_count > 1)
		qsort(w->wanted, w->wanted_count, sizeof(*w->wanted),
		    sequence_order);
	for (i = 0; i < w->wanted_count; i++) {
		if (n == 0 || w->wanted[n - 1] != w->wanted[i])
			w->wanted[n++] = w->wanted[i];
	}
	w->wanted_count = n;
}

/* Without the gaps each message has to be looked for. */
static bool
scan_blind(const struct nats_work *w)
{
	return w->stream->deleted > 0 && !w->info.gone_known;
}

int
nats__scan(const struct nats *n, struct nats_work *work, struct sst_error *err)
{
	const struct nats_stream *s = work->stream;
	int64_t room = 0, there;
	size_t i;

	free(work->wanted);
	work->wanted = NULL;
	work->wanted_count = 0;
	for (i = 0; i <= s->consumer_count; i++) {
		struct nats_point *p = &work->points[i];

		if (p->start < 1)
			p->start = 1;
		p->next = p->start;
		p->whole = s->messages == 0 || p->start > s->last;
		if (p->shown && !p->whole && !scan_blind(work)) {
			there = s->last - p->start + 1;
			p->row_count = scan_length(n, s, i);
			if (p->row_count > there)
				p->row_count = there;
			room += p->row_count;
		}
	}
	if (room == 0)
		return SST_OK;
	work->wanted = calloc((size_t)room, sizeof(*work->wanted));
	if (work->wanted == NULL)
		return sst_error_nomem(err);
	for (i = 0; i <= s->consumer_count; i++) {
		if (work->points[i].shown && !work->points[i].whole)
			scan_queue(work, &work->points[i],
			    work->points[i].row_count);
	}
	scan_sort(work);
	return SST_OK;
}
