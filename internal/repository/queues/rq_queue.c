/* The queues that are known from one collection to the next. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "repository/queues/rq_priv.h"

static void
queue_fini(struct rq_queue *q)
{
	free(q->name);
	free(q->shown);
	sst_buf_fini(&q->raw);
}

void
rq__queues_fini(struct rq *rq)
{
	size_t i;

	for (i = 0; i < rq->queue_count; i++)
		queue_fini(&rq->queues[i]);
	free(rq->queues);
	rq->queues = NULL;
	rq->queue_count = rq->queue_cap = 0;
}

/* Where it is, or would be. */
static size_t
queue_search(const struct rq *rq, const char *name, size_t len, bool *found)
{
	size_t low = 0, high = rq->queue_count, mid, n;
	const struct rq_queue *q;
	int order;

	while (low < high) {
		mid = low + (high - low) / 2;
		q = &rq->queues[mid];
		n = q->len < len ? q->len : len;
		order = memcmp(q->name, name, n);
		if (order == 0 && q->len == len) {
			*found = true;
			return mid;
		}
		if (order < 0 || (order == 0 && q->len < len))
			low = mid + 1;
		else
			high = mid;
	}
	*found = false;
	return low;
}

static bool
queue_fill(struct rq_queue *q, const char *name, size_t len)
{
	struct sst_buf shown = SST_BUF_INIT;
	int i;

	memset(q, 0, sizeof(*q));
	q->name = malloc(len + 1);
	sst_text_clean(name, len, 0, &shown);
	if (!sst_buf_failed(&shown))
		q->shown =
		    shown.len > 0 ? sst_buf_take(&shown, NULL) : calloc(1, 1);
	sst_buf_fini(&shown);
	if (q->name == NULL || q->shown == NULL) {
		queue_fini(q);
		return false;
	}
	memcpy(q->name, name, len);
	q->name[len] = '\0';
	q->len = len;
	for (i = 0; i < RQ_PARTS; i++)
		q->counts[i] = q->asked[i] = QUEUE_UNKNOWN;
	q->plain = strlen(q->shown) == len && memcmp(q->shown, name, len) == 0;
	return true;
}

/* NULL when memory ran out. */
struct rq_queue *
rq__queue_put(struct rq *rq, const char *name, size_t len)
{
	struct rq_queue fresh;
	bool found;
	size_t at = queue_search(rq, name, len, &found);

	if (found)
		return &rq->queues[at];
	if (!RQ_GROW(rq->queues, rq->queue_cap, rq->queue_count) ||
	    !queue_fill(&fresh, name, len))
		return NULL;
	memmove(&rq->queues[at + 1], &rq->queues[at],
	    (rq->queue_count - at) * sizeof(*rq->queues));
	rq->queues[at] = fresh;
	rq->queue_count++;
	return &rq->queues[at];
}

void
rq__queues_sweep(struct rq *rq)
{
	size_t i, kept = 0;

	for (i = 0; i < rq->queue_count; i++) {
		if (rq->queues[i].in_set)
			rq->queues[kept++] = rq->queues[i];
		else
			queue_fini(&rq->queues[i]);
	}
	rq->queue_count = kept;
}
