/*
 * What becomes of pods from look to look: figures, ends and replacements.
 * First all memory is taken, then nothing can fail any more.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "repository/workload/process_priv.h"

/* What moves less is noise: an idle system is silent. */
static const double cpu_floor = 0.005;
static const double memory_floor = 4 * 1024 * 1024;

static struct process_entry *
pods_was(struct process *p, const struct process_entry *e)
{
	return e->was == PROCESS_NONE ? NULL : &p->last.items[e->was];
}

static bool
pods_is_head(const struct process_look *look, size_t i)
{
	return look->items[i].head == i;
}

/* The pod it was before, when it still is. */
static struct process_pod *
pods_former(struct process *p, const struct process_entry *e)
{
	struct process_entry *was = pods_was(p, e);

	if (was == NULL || was->pod == NULL || was->pod->rule != e->group)
		return NULL;
	return was->pod;
}

static void
pods_free(struct process_pod **pod)
{
	if (*pod != NULL)
		free((*pod)->program);
	free(*pod);
	*pod = NULL;
}

/* The program of a new pod, or after exec. */
static int
pods_program(struct process_round *round, const struct process_entry *e,
    char **out, struct sst_error *err)
{
	struct process *p = round->p;
	int code;

	process__facts_begin(&p->facts, round->fd, e->pid, e->comm);
	process__facts_program(&p->facts, &p->text);
	code = process__facts_check(&p->facts, err);
	if (code != SST_OK)
		return code;
	if (sst_buf_failed(&p->text))
		return sst_error_nomem(err);
	*out = strdup(p->text.data);
	return *out == NULL ? sst_error_nomem(err) : SST_OK;
}

static int
pods_new(struct process_round *round, struct process_entry *e,
    struct sst_error *err)
{
	e->pod = calloc(1, sizeof(*e->pod));
	if (e->pod == NULL)
		return sst_error_nomem(err);
	e->pod->rule = e->group;
	e->pod->cpu = -1;
	e->pod->ended = e->over;
	return pods_program(round, e, &e->pod->program, err);
}

/* Pods of heads that had none; after exec, only the program is another one. */
static int
pods_make(struct process_round *round, struct sst_error *err)
{
	struct process *p = round->p;
	struct process_entry *e;
	struct process_pod *former;
	char *program;
	int code = SST_OK;
	size_t i;

	for (i = 0; i < p->next.count && code == SST_OK; i++) {
		e = &p->next.items[i];
		if (!pods_is_head(&p->next, i))
			continue;
		former = pods_former(p, e);
		if (former == NULL) {
			code = pods_new(round, e, err);
		} else if (e->fresh && !e->over) {
			code = pods_program(round, e, &program, err);
			if (code != SST_OK)
				break;
			free(former->program);
			former->program = program;
		}
	}
	return code;
}

/* From here on nothing can fail. */

static void
ends_push(struct process *p, const struct process_pod *pod,
    const struct process_round *round)
{
	struct process_ends *ends = &p->ends[pod->rule];

	if (ends->count == PROCESS_ENDED) {
		memmove(&ends->items[0], &ends->items[1],
		    (PROCESS_ENDED - 1) * sizeof(ends->items[0]));
		ends->count--;
	}
	ends->items[ends->count++] = (struct process_end){
	    pod->restarts, p->looks, round->req->now};
}

/* The last one that ended before this pod's process began. */
static bool
ends_take(struct process_ends *ends, const struct process_entry *e,
    struct sst_mono now, uint64_t *restarts_out)
{
	size_t i;

	for (i = ends->count; i-- > 0;) {
		if (e->born <= ends->items[i].seen ||
		    sst_mono_diff_ms(now, ends->items[i].at) >
			PROCESS_REPLACE_MS)
			continue;
		*restarts_out = ends->items[i].restarts;
		memmove(&ends->items[i], &ends->items[i + 1],
		    (ends->count - i - 1) * sizeof(ends->items[0]));
		ends->count--;
		return true;
	}
	return false;
}

static void
pods_carry(struct process_round *round)
{
	struct process *p = round->p;
	struct process_entry *e;
	struct process_pod *former;
	size_t i;

	for (i = 0; i < p->next.count; i++) {
		e = &p->next.items[i];
		if (!pods_is_head(&p->next, i))
			continue;
		former = pods_former(p, e);
		if (former == NULL)
			continue;
		e->pod = former;
		pods_was(p, e)->pod = NULL;
		if (e->over && !former->ended) {
			ends_push(p, former, round);
			former->ended = true;
		}
	}
	/* what nobody took is over */
	for (i = 0; i < p->last.count; i++) {
		former = p->last.items[i].pod;
		if (former == NULL)
			continue;
		if (!former->ended)
			ends_push(p, former, round);
		pods_free(&p->last.items[i].pod);
	}
}

int64_t
process__started_ms(const struct process_round *round, uint64_t start)
{
	/* 100,000 years: no overflow, whatever the file said */
	double s = (double)start / round->p->tick_hz;

	return (round->host.boot_s + (int64_t)(s < 3e12 ? s : 3e12)) * 1000;
}

static void
pods_replace(struct process_round *round)
{
	struct process *p = round->p;
	struct process_entry *e;
	uint64_t restarts;
	size_t i;

	for (i = 0; i < p->next.count; i++) {
		e = &p->next.items[i];
		if (e->pod == NULL || e->pod->shown || e->over ||
		    !ends_take(&p->ends[e->group], e, round->req->now,
			&restarts))
			continue;
		e->pod->restarts = restarts + 1;
		e->pod->restarted_at_ms =
		    process__started_ms(round, e->start);
	}
}

/*
 * Of a process that began between two looks all its time fell into the window.
 * The first look of all has no window.
 */
static void
pods_rate(const struct process_round *round, struct process_entry *e)
{
	const struct process *p = round->p;
	int64_t window = round->awake_ns - e->base_ns;

	if (p->looks == 0) {
		e->base_ticks = e->ticks;
		e->base_ns = round->awake_ns;
		return;
	}
	if (window < (int64_t)PROCESS_WINDOW_MS * 1000000)
		return;
	e->rate = e->ticks > e->base_ticks
	    ? (double)(e->ticks - e->base_ticks) / p->tick_hz * 1e9 /
		(double)window
	    : 0;
	e->base_ticks = e->ticks;
	e->base_ns = round->awake_ns;
}

static void
pods_sum(const struct process_round *round)
{
	struct process_look *look = &round->p->next;
	struct process_entry *e, *head;
	size_t i;

	for (i = 0; i < look->count; i++) {
		e = &look->items[i];
		pods_rate(round, e);
		if (e->head == PROCESS_NONE)
			continue;
		head = &look->items[e->head];
		head->sum_rate += e->rate > 0 ? e->rate : 0;
		head->sum_rss += e->rss;
	}
}

static bool
pods_moved(const struct process *p, double shown, double seen, double floor)
{
	double bound = fabs(shown) * p->tolerance;

	return fabs(seen - shown) > (bound > floor ? bound : floor);
}

static void
pods_stuck(const struct process_round *round, struct process_entry *e)
{
	const struct process_entry *was = pods_was(round->p, e);
	struct process_pod *pod = e->pod;

	if (e->state != 'D' || was == NULL || was->state != 'D' ||
	    was->ticks != e->ticks) {
		pod->stuck_at = round->req->now;
		pod->stuck = false;
	} else if (sst_mono_diff_ms(round->req->now, pod->stuck_at) >=
	    PROCESS_STUCK_MS) {
		pod->stuck = true;
	}
}

static void
pods_show(const struct process_round *round)
{
	const struct process *p = round->p;
	struct process_entry *e;
	struct process_pod *pod;
	size_t i;

	for (i = 0; i < p->next.count; i++) {
		e = &p->next.items[i];
		pod = e->pod;
		if (pod == NULL)
			continue;
		pods_stuck(round, e);
		/* what it used before it was a pod is not told */
		if (e->rate >= 0 && pod->shown &&
		    (pod->cpu < 0 ||
			pods_moved(p, pod->cpu, e->sum_rate, cpu_floor)))
			pod->cpu = e->sum_rate;
		if (!pod->shown ||
		    pods_moved(p, (double)pod->memory, (double)e->sum_rss,
			memory_floor))
			pod->memory = e->sum_rss;
		pod->shown = true;
	}
}

static void
pods_swap(struct process_round *round)
{
	struct process *p = round->p;
	struct process_look old = p->last;

	p->last = p->next;
	p->next = old;
	p->next.count = 0;
	p->looks++;
	p->looked_at = round->req->now;
	p->awake_ns = round->awake_ns;
	p->host = round->host;
	p->host_known = round->host_known;
}

int
process__settle(struct process_round *round, struct sst_error *err)
{
	struct process *p = round->p;
	int code = pods_make(round, err);
	size_t i;

	if (code != SST_OK) {
		for (i = 0; i < p->next.count; i++)
			pods_free(&p->next.items[i].pod);
		p->next.count = 0;
		return code;
	}
	pods_carry(round);
	pods_replace(round);
	pods_sum(round);
	pods_show(round);
	pods_swap(round);
	return SST_OK;
}
