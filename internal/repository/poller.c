/*
 * The thread of one group: waits until it is due or notified, collects every
 * member at one instant, commits all results in one step.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "repository/repository_priv.h"

enum {
	NOTIFY_MERGE_MS = 20,
	BACKOFF_DOUBLINGS = 3,        /* up to eight intervals, */
	BACKOFF_MAX_MS = 60 * 1000,   /* but not beyond a minute, */
	RETRY_AFTER_MAX_MS = 300000,  /* unless told to, within five */
	JITTER_PERCENT = 5,
	OVERDUE_GRACE_MS = 100
};

/* What a collection of one slot gave, on its way to the commit. */
struct poller_result {
	struct poller_slot *slot;
	struct sst_harvest *harvest; /* NULL: failed or no data */
	struct sst_error error;
	long next_ms; /* asked for by the source; -1: not */
	int64_t duration_ns;
	struct sst_harvest *old; /* replaced: freed without the lock */
	struct sst_error before; /* shown before and after the commit */
	struct sst_error after;
};

/* xorshift: the jitter needs to be spread, not secret. */
static long
poller_jitter(struct poller_group *g, long ms)
{
	uint32_t x = g->random;
	long span = ms * JITTER_PERCENT / 100;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	g->random = x;
	return span == 0 ? ms : ms - span + (long)(x % (uint32_t)(2 * span));
}

static void
poller_set_state(struct poller_group *g, enum poller_state state)
{
	static const unsigned allowed[] = {
	    [POLLER_READY] = 1u << POLLER_RUNNING | 1u << POLLER_STOPPING,
	    [POLLER_IDLE] = 1u << POLLER_RUNNING | 1u << POLLER_STOPPING,
	    [POLLER_BACKOFF] = 1u << POLLER_RUNNING | 1u << POLLER_STOPPING,
	    [POLLER_RUNNING] = 1u << POLLER_IDLE | 1u << POLLER_BACKOFF |
		1u << POLLER_STOPPING,
	    [POLLER_STOPPING] = 1u << POLLER_STOPPED,
	    [POLLER_STOPPED] = 0,
	};

	sst_lock_assert_held(&g->repository->lock);
	if ((allowed[g->state] & 1u << state) == 0)
		abort();
	g->state = state;
}

void
poller__notify(void *ctx)
{
	struct poller_group *g = ctx;

	sst_lock_acquire(&g->repository->lock);
	if (!g->notified) {
		g->notified = true;
		pthread_cond_signal(&g->wake);
	}
	sst_lock_release(&g->repository->lock);
}

/* True when there is something to collect, false when stopping. */
static bool
poller_wait(struct poller_group *g)
{
	const struct sst_clock *clock = g->repository->settings.clock;
	struct sst_lock *lock = &g->repository->lock;
	struct sst_mono merge;
	bool merging = false;

	sst_lock_acquire(lock);
	while (g->state != POLLER_STOPPING) {
		if (g->notified && !merging) {
			merging = true;
			merge = sst_mono_add_ms(
			    sst_clock_mono(clock), NOTIFY_MERGE_MS);
			if (sst_mono_before(merge, g->due))
				g->due = merge;
		}
		if (!sst_mono_before(sst_clock_mono(clock), g->due))
			break;
		sst_lock_wait(lock, &g->wake, clock, g->due);
	}
	g->notified = false;
	if (g->state != POLLER_STOPPING)
		poller_set_state(g, POLLER_RUNNING);
	merging = g->state == POLLER_RUNNING;
	sst_lock_release(lock);
	return merging;
}

static int
poller_collect_into(struct poller_slot *slot, const struct sst_collect *req,
    struct poller_result *result)
{
	struct sst_repository *r = slot->group->repository;
	struct sst_draft_settings ds = {
	    .contract = r->settings.contract,
	    .section = slot->ops->section,
	    .source = slot->name,
	    .now = req->wall,
	    .max_entities = r->settings.max_entities,
	    /* only this thread replaces it: no lock to read it */
	    .previous = slot->view.harvest != NULL ? slot->view.harvest
						   : slot->memory,
	};
	struct sst_draft *draft = NULL;
	int rc = sst_draft_new(&ds, &draft, &result->error);

	if (rc == SST_OK)
		rc = slot->ops->collect(
		    slot->state, req, draft, &result->error);
	if (rc == SST_OK || rc == SST_LIMIT)
		rc = sst_draft_finish(
		    draft, &result->harvest, &result->error);
	if (draft != NULL)
		result->next_ms = sst_draft_next(draft);
	sst_draft_free(&draft);
	return rc;
}

static void
poller_collect(struct poller_slot *slot, struct sst_collect *req,
    struct poller_result *result)
{
	struct sst_repository *r = slot->group->repository;
	const struct sst_clock *clock = r->settings.clock;
	struct sst_mono begin = sst_clock_mono(clock);
	int rc;

	memset(result, 0, sizeof(*result));
	result->slot = slot;
	result->next_ms = -1;
	req->deadline = sst_mono_add_ms(begin, slot->deadline_ms);
	sst_lock_acquire(&r->lock);
	slot->view.overdue =
	    sst_mono_add_ms(req->deadline, OVERDUE_GRACE_MS);
	sst_lock_release(&r->lock);
	rc = poller_collect_into(slot, req, result);
	if (rc == SST_OK)
		sst_error_clear(&result->error);
	else if (result->error.code == SST_OK)
		sst_error_set(&result->error, rc, "%s", sst_code_name(rc));
	result->duration_ns = sst_clock_mono(clock).ns - begin.ns;
}

static bool
poller_error_same(const struct sst_error *a, const struct sst_error *b)
{
	return a->code == b->code && strcmp(a->text, b->text) == 0;
}

/* With the lock held. Returns the harvest that is no longer needed. */
static struct sst_harvest *
poller_store_good(struct poller_slot *slot, struct poller_result *result,
    const struct sst_collect *req)
{
	struct sst_slot_view *view = &slot->view;
	struct sst_harvest *old = view->harvest;

	view->consecutive_failures = 0;
	view->observed = req->now;
	view->observed_wall = req->wall;
	view->rejected_total += result->harvest->rejected;
	if (old != NULL && sst_harvest_equal(old, result->harvest)) {
		/* keep the pointers that the snapshot has */
		old = result->harvest;
	} else {
		view->harvest = result->harvest;
		view->changed = req->wall;
		if (old == NULL && slot->memory != NULL &&
		    sst_harvest_equal(slot->memory, result->harvest))
			view->changed = slot->memory_changed;
	}
	result->harvest = NULL;
	if (old == NULL) {
		old = slot->memory;
		slot->memory = NULL;
	}
	return old;
}

static struct sst_harvest *
poller_store(struct poller_result *result, const struct sst_collect *req)
{
	struct sst_slot_view *view = &result->slot->view;
	struct sst_harvest *old = NULL;
	const struct sst_error *shown = &result->error;

	view->attempts++;
	view->last_duration_ns = result->duration_ns;
	view->total_duration_ns += result->duration_ns;
	view->overdue = SST_MONO_NEVER;
	if (result->harvest != NULL) {
		old = poller_store_good(result->slot, result, req);
		shown = &view->harvest->flaw;
	} else if (result->error.code == SST_NODATA) {
		/* no news: what was wrong is not right by that */
		shown = &view->error;
	} else {
		view->failures++;
		view->consecutive_failures++;
	}
	if (!poller_error_same(&view->error, shown)) {
		view->error = *shown;
		view->error_since = req->wall;
	}
	return old;
}

/* How long from the beginning of this collection to the next one. */
static long
poller_delay(struct poller_group *g, const struct poller_result *result)
{
	const struct sst_slot_view *view = &result->slot->view;
	uint64_t fails = view->consecutive_failures;
	long delay = view->interval_ms, cap = BACKOFF_MAX_MS;

	if (fails == 0) {
		if (result->next_ms < 0)
			return poller_jitter(g, delay);
		cap = view->max_age_ms / 2;
		return result->next_ms < cap ? result->next_ms : cap;
	}
	fails--;
	delay <<= fails < BACKOFF_DOUBLINGS ? fails : BACKOFF_DOUBLINGS;
	if (cap < view->interval_ms)
		cap = view->interval_ms;
	if (delay > cap)
		delay = cap;
	delay = poller_jitter(g, delay);
	if (result->next_ms > delay)
		delay = result->next_ms < RETRY_AFTER_MAX_MS
		    ? result->next_ms
		    : RETRY_AFTER_MAX_MS;
	return delay;
}

static void
poller_log(const struct poller_result *r)
{
	if (poller_error_same(&r->before, &r->after))
		return;
	if (r->after.code == SST_OK)
		sst_log_notice("SRC-OK", r->slot->name, "collected again");
	else
		sst_log_warn("SRC-FAULT", r->slot->name, "%s: %s",
		    sst_code_name(r->after.code), r->after.text);
}

/* All results of a group become visible in this one step. */
static void
poller_store_all(struct poller_group *g, struct poller_result *results,
    size_t n, const struct sst_collect *req)
{
	long delay, least = RETRY_AFTER_MAX_MS;
	struct poller_result *r;
	bool failed = false;
	size_t i;

	sst_lock_assert_held(&g->repository->lock);
	for (i = 0; i < n; i++) {
		r = &results[i];
		r->before = r->slot->view.error;
		r->old = poller_store(r, req);
		r->after = r->slot->view.error;
		delay = poller_delay(g, r);
		least = delay < least ? delay : least;
		failed |= r->slot->view.consecutive_failures > 0;
	}
	g->due = sst_mono_add_ms(req->now, least);
	for (i = 0; i < n; i++)
		results[i].slot->view.next = g->due;
	if (g->state == POLLER_RUNNING)
		poller_set_state(g, failed ? POLLER_BACKOFF : POLLER_IDLE);
}

static void
poller_commit(struct poller_group *g, struct poller_result *results, size_t n,
    const struct sst_collect *req)
{
	struct sst_repository *r = g->repository;
	size_t i;

	sst_lock_acquire(&r->lock);
	poller_store_all(g, results, n, req);
	sst_lock_release(&r->lock);
	for (i = 0; i < n; i++) {
		sst_harvest_release(&results[i].old);
		poller_log(&results[i]);
	}
	r->settings.changed(r->settings.changed_ctx);
}

static size_t
poller_count(const struct poller_group *g)
{
	const struct poller_slot *slot;
	size_t n = 0;

	for (slot = g->slots; slot != NULL; slot = slot->next)
		n++;
	return n;
}

static void
poller_round(struct poller_group *g, struct poller_result *results)
{
	const struct sst_clock *clock = g->repository->settings.clock;
	struct sst_collect req = {
	    .now = sst_clock_mono(clock),
	    .wall = sst_clock_wall(clock),
	};
	struct poller_slot *slot;
	size_t n = 0;

	for (slot = g->slots; slot != NULL; slot = slot->next)
		poller_collect(slot, &req, &results[n++]);
	poller_commit(g, results, n, &req);
}

static void
poller_open(struct poller_group *g)
{
	struct poller_slot *slot;
	struct sst_error err = {0};

	for (slot = g->slots; slot != NULL; slot = slot->next) {
		if (slot->ops->start == NULL)
			continue;
		/* collect will tell what is wrong, again and again */
		if (slot->ops->start(slot->state, &err) != SST_OK)
			sst_log_warn("SRC-START", slot->name, "%s", err.text);
		else
			slot->started = true;
	}
}

static void
poller_close(struct poller_group *g)
{
	struct poller_slot *slot;

	for (slot = g->slots; slot != NULL; slot = slot->next) {
		if (slot->started)
			slot->ops->stop(slot->state);
		slot->started = false;
	}
	sst_lock_acquire(&g->repository->lock);
	poller_set_state(g, POLLER_STOPPED);
	sst_lock_release(&g->repository->lock);
}

static void *
poller_main(void *arg)
{
	struct poller_group *g = arg;
	struct poller_result *results;

	results = calloc(poller_count(g) + 1, sizeof(*results));
	poller_open(g);
	while (results != NULL && poller_wait(g))
		poller_round(g, results);
	free(results);
	poller_close(g);
	return NULL;
}

int
poller__start(struct poller_group *group, struct sst_error *err)
{
	int rc = pthread_create(&group->thread, NULL, poller_main, group);

	if (rc != 0)
		return sst_error_set(err, SST_INTERNAL,
		    "thread of source group %s: error %d", group->name, rc);
	group->running = true;
	pthread_setname_np(group->thread, "source");
	return SST_OK;
}

void
poller__ask_stop(struct poller_group *group)
{
	struct poller_slot *slot;

	sst_lock_acquire(&group->repository->lock);
	poller_set_state(group, POLLER_STOPPING);
	pthread_cond_signal(&group->wake);
	sst_lock_release(&group->repository->lock);
	for (slot = group->slots; slot != NULL; slot = slot->next) {
		if (slot->ops->interrupt != NULL)
			slot->ops->interrupt(slot->state);
	}
}

void
poller__join(struct poller_group *group)
{
	if (group->running)
		pthread_join(group->thread, NULL);
	group->running = false;
}
