/* Whose jobs are told when there are more than may be. Pure functions. */
#include "repository/queues/rq_priv.h"

/* Of the tasks that may be told, what each part but the ready ones is sure of
 * however many are ready. */
enum { PLAN_SURE = 8 };

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* What runs first, then the head of the queue; what is left goes to the rest,
 * in their order. */
void
rq__share(
    const int64_t known[RQ_PARTS], int64_t max_tasks, int64_t share[RQ_PARTS])
{
	static const int order[] = {
	    RQ_WIP, RQ_TAKEN, RQ_READY, RQ_SCHEDULED, RQ_DEFERRED, RQ_FAILED};
	int64_t left = max_tasks, more;
	int i;

	for (i = 0; i < RQ_PARTS; i++) {
		share[i] =
		    i == RQ_READY ? 0 : least(known[i], max_tasks / PLAN_SURE);
		left -= share[i];
	}
	for (i = 0; i < RQ_PARTS; i++) {
		more = least(known[order[i]] - share[order[i]], left);
		share[order[i]] += more;
		left -= more;
	}
}

/* As much again as is to spare: what grows a little is still read whole. */
void
rq__plan(
    const int64_t counts[RQ_PARTS], int64_t max_tasks, int64_t want[RQ_PARTS])
{
	int64_t known[RQ_PARTS], total = 0;
	int i;

	for (i = 0; i < RQ_PARTS; i++) {
		known[i] = counts[i] > 0 ? least(counts[i], max_tasks) : 0;
		total += known[i];
	}
	rq__share(known, max_tasks, want);
	for (i = 0; i < RQ_PARTS; i++) {
		want[i] += total < max_tasks ? max_tasks - total
					     : max_tasks / PLAN_SURE;
		want[i] = least(want[i], max_tasks);
	}
}
