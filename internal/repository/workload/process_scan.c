/*
 * One look at every process: stat of all, the rest of those only that are new
 * or may have become something else. What is known is carried over by number
 * and start time: numbers are used again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/workload/process_priv.h"

enum {
	SCAN_STAT_MAX = 4096,
	SCAN_CHECK = 64, /* processes between two looks at the clock */
	SCAN_LOOK_LEAST_MS = 1000,
	SCAN_LOOK_SPREAD_MS = 1000
};

void
process__look_fini(struct process_look *look)
{
	size_t i;

	for (i = 0; i < look->count; i++) {
		if (look->items[i].pod != NULL)
			free(look->items[i].pod->program);
		free(look->items[i].pod);
	}
	free(look->items);
	memset(look, 0, sizeof(*look));
}

static struct process_entry *
scan_push(struct process_look *look)
{
	struct process_entry *more;
	size_t cap;

	if (look->count == look->cap) {
		cap = look->cap == 0 ? 256 : look->cap * 2;
		more = realloc(look->items, cap * sizeof(*more));
		if (more == NULL)
			return NULL;
		look->items = more;
		look->cap = cap;
	}
	memset(&look->items[look->count], 0, sizeof(look->items[0]));
	return &look->items[look->count++];
}

/* Both lists are ascending: the guess is where the last one was found. */
static uint32_t
scan_find(const struct process_look *last, int32_t pid, size_t *guess)
{
	while (*guess < last->count && last->items[*guess].pid < pid)
		(*guess)++;
	if (*guess < last->count && last->items[*guess].pid == pid)
		return (uint32_t)*guess;
	return PROCESS_NONE;
}

/* Not the same after exec, or when it gave itself another name. */
static uint64_t
scan_marker(const struct process_stat *stat)
{
	uint64_t hash = stat->exec_stack * 31 + stat->exec_args;
	const char *p;

	for (p = stat->comm; *p != '\0'; p++)
		hash = (hash ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
	return hash;
}

static void
scan_fill(const struct process *p, const struct process_stat *stat,
    struct process_entry *e)
{
	const uint64_t pages_max = UINT64_MAX / 4 / p->page_bytes;

	e->pid = stat->pid;
	e->ppid = stat->ppid;
	e->start = stat->start;
	e->marker = scan_marker(stat);
	snprintf(e->comm, sizeof(e->comm), "%.15s", stat->comm);
	e->state = stat->state;
	/* of a process whose first thread has ended the others may run */
	e->over = stat->state == 'Z' && stat->threads <= 1;
	e->ticks = stat->ticks;
	e->rss = (stat->rss_pages < pages_max ? stat->rss_pages : pages_max) *
	    p->page_bytes;
	e->rule = -1;
	e->sure = true;
	e->rate = -1;
	e->was = PROCESS_NONE;
	e->head = PROCESS_NONE;
	e->group = -1;
}

/* A zombie has no program any more: it stays what it was. */
static bool
scan_carry(const struct process_round *round, const struct process_entry *was,
    struct process_entry *e)
{
	bool same = was->marker == e->marker || e->over;

	e->born = was->born;
	e->rate = was->rate;
	e->base_ticks = was->base_ticks;
	e->base_ns = was->base_ns;
	e->rule = was->rule;
	e->sure = was->sure;
	e->known_at = was->known_at;
	e->look_at = was->look_at;
	if (e->over)
		e->marker = was->marker;
	if (!same) {
		e->known_at = round->req->now;
		e->look_at = round->req->now;
	}
	return same && was->sure &&
	    (e->over || sst_mono_before(round->req->now, was->look_at));
}

/*
 * While a process is in uninterruptible sleep, reading its command line may
 * take as long: it is asked when it is awake.
 */
static int
scan_ask(struct process_round *round, struct process_entry *e,
    struct sst_error *err)
{
	struct process *p = round->p;
	int64_t known, most;
	int code;

	if (e->state == 'D')
		return SST_OK;
	process__facts_begin(&p->facts, round->fd, e->pid, e->comm);
	e->rule = process__rules_match(&p->rules, &p->facts, &e->sure);
	code = process__facts_check(&p->facts, err);
	if (code != SST_OK)
		return code;
	known = sst_mono_diff_ms(round->req->now, e->known_at);
	if (known < SCAN_LOOK_LEAST_MS)
		known = SCAN_LOOK_LEAST_MS;
	/* not all of them in the same collection */
	most = PROCESS_LOOK_MS - e->pid % 16 * SCAN_LOOK_SPREAD_MS;
	e->look_at =
	    sst_mono_add_ms(round->req->now, known < most ? known : most);
	e->fresh = true;
	return SST_OK;
}

static int
scan_add(struct process_round *round, const struct process_stat *stat,
    size_t *guess, struct sst_error *err)
{
	struct process *p = round->p;
	const struct process_entry *was = NULL;
	struct process_entry *e;
	uint32_t at;

	e = scan_push(&p->next);
	if (e == NULL)
		return sst_error_nomem(err);
	scan_fill(p, stat, e);
	at = scan_find(&p->last, stat->pid, guess);
	if (at != PROCESS_NONE && p->last.items[at].start == stat->start)
		was = &p->last.items[at];
	if (was != NULL) {
		e->was = at;
		if (scan_carry(round, was, e))
			return SST_OK;
	} else {
		e->born = p->looks + 1;
		e->known_at = round->req->now;
		e->base_ns = p->awake_ns;
	}
	return scan_ask(round, e, err);
}

static void
scan_reject(struct process_round *round, int32_t pid, const char *reason)
{
	char pointer[32];

	snprintf(pointer, sizeof(pointer), "/%d/stat", (int)pid);
	sst_draft_reject(round->out, pointer, reason);
}

static int
scan_one(struct process_round *round, int32_t pid, size_t *guess,
    struct sst_error *err)
{
	struct process *p = round->p;
	struct process_stat stat;
	char name[32];
	int code;

	snprintf(name, sizeof(name), "%d/stat", (int)pid);
	code = process__read(round->fd, name, SCAN_STAT_MAX, &p->text);
	switch (code) {
	case SST_OK:
		break;
	case SST_GONE:
		return SST_OK;
	case SST_FORBIDDEN:
		process__rules_hide(
		    &p->rules, process__owner(round->fd, pid));
		return SST_OK;
	case SST_NOMEM:
		return sst_error_nomem(err);
	case SST_LIMIT:
		return sst_error_set(err, code, "no file descriptor is left");
	default:
		scan_reject(round, pid, "cannot be read");
		return SST_OK;
	}
	code = process__parse_stat(p->text.data, p->text.len, &stat, err);
	if (code == SST_OK && stat.pid != pid)
		code = sst_error_set(err, SST_TYPE, "tells another number");
	if (code != SST_OK) {
		scan_reject(round, pid, err->text);
		return SST_OK;
	}
	if (stat.kernel || stat.state == 'X' || stat.state == 'x')
		return SST_OK;
	return scan_add(round, &stat, guess, err);
}

static int
scan_check(const struct process_round *round, size_t at, struct sst_error *err)
{
	const struct process *p = round->p;

	if (atomic_load(&p->interrupted))
		return sst_error_set(err, SST_CANCELED, "interrupted");
	if (!sst_mono_before(
		sst_clock_mono(p->clock), round->req->deadline))
		return sst_error_set(err, SST_TIMEOUT,
		    at == 0 ? "no time to look at the processes"
			    : "the time was over before all processes were "
			      "looked at");
	return SST_OK;
}

/* The first process is seen by everybody who may see those of others. */
static void
scan_note_hidden(struct process *p)
{
	if (p->pids.count > 0 && p->pids.items[0] != 1)
		process__rules_hide(&p->rules, -1);
	if (p->pids.cut)
		process__rules_doubt(&p->rules, PROCESS_TOO_MANY);
}

int
process__scan(struct process_round *round, struct sst_error *err)
{
	struct process *p = round->p;
	size_t i, guess = 0;
	int code;

	p->next.count = 0;
	code = process__list(round->fd, p->max_processes, &p->pids, err);
	if (code != SST_OK)
		return code;
	if (p->pids.count == 0)
		return sst_error_set(err, SST_IO,
		    "%s lists no process: proc is not mounted there",
		    p->proc_path);
	scan_note_hidden(p);
	for (i = 0; i < p->pids.count; i++) {
		if (i % SCAN_CHECK == 0)
			code = scan_check(round, i, err);
		if (code == SST_OK)
			code = scan_one(round, p->pids.items[i], &guess, err);
		if (code != SST_OK)
			return code;
	}
	return SST_OK;
}
