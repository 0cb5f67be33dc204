/*
 * A round: from the snapshot that watchers were led to last to the current
 * one. Whoever opens a watch meanwhile is led to the new one at once, and left
 * out here.
 */
#include <stdlib.h>
#include <string.h>

#include "service/watch_priv.h"

struct round {
	struct watch_hub *hub;
	struct watch_step step;
	uint64_t number;
	struct watch_group *changed;
	struct watch_rubbish rubbish;
	struct sst_watch *wakes;
};

/* Every group that sees a difference, kept until it was told. */
static void
round_gather(struct round *r, const struct watch_view *before)
{
	struct watch_hub *hub = r->hub;
	struct watch_group *g;
	bool over = !watch__same_epoch(r->step.from, r->step.to);

	for (g = hub->groups; g != NULL; g = g->next) {
		if (!over &&
		    !watch__differs(
			&g->projection, before, &hub->view, &g->near))
			continue;
		g->pinned = true;
		g->wanted = g->streams > 0;
		g->made = NULL;
		g->failed = false;
		g->changed_next = r->changed;
		r->changed = g;
	}
}

/* Takes *current over as the last one; false: it is no news. */
static bool
round_begin(struct round *r, struct sst_snapshot **current)
{
	struct watch_hub *hub = r->hub;
	struct watch_view before, view;
	bool news;

	watch__view_init(&view, *current);
	sst_lock_acquire(&hub->lock);
	news = hub->last == NULL || !watch__same_epoch(hub->last, *current) ||
	    watch__ahead(*current, hub->last);
	if (news) {
		r->step = (struct watch_step){
		    .from = hub->last, .to = *current};
		before = hub->view;
		hub->view = view;
		hub->last = sst_snapshot_acquire(*current);
		r->number = ++hub->round;
		if (r->step.from != NULL)
			round_gather(r, &before);
	}
	sst_lock_release(&hub->lock);
	return news;
}

/* The difference, made when the first group needs it. */
static int
round_compare(struct watch_step *step)
{
	const struct sst_diff_filter all = {.sections = SST_SECTIONS_ALL};
	struct sst_error err;
	int rc;

	if (step->diff != NULL)
		return SST_OK;
	rc = sst_diff_new(step->from, step->to, &step->diff, &err);
	if (rc == SST_OK)
		step->changes = watch__count(step->diff, &all);
	return rc;
}

static int
round_make(struct round *r, struct watch_group *g, struct sst_watch_event *out)
{
	int rc;

	if (!watch__same_epoch(r->step.from, r->step.to))
		return watch__make_state(&g->projection, r->step.to, out);
	rc = round_compare(&r->step);
	return rc == SST_OK ? watch__make_change(&g->projection, &r->step, out)
			    : rc;
}

/* The events, once a group. */
static void
round_make_all(struct round *r)
{
	struct sst_watch_event event;
	struct watch_group *g;
	int rc;

	for (g = r->changed; g != NULL; g = g->changed_next) {
		if (!g->wanted)
			continue;
		rc = round_make(r, g, &event);
		if (rc == SST_OK)
			g->made = calloc(1, sizeof(*g->made));
		g->failed = rc != SST_NODATA && g->made == NULL;
		if (g->made != NULL)
			g->made->event = event;
		else if (rc == SST_OK)
			sst_watch_event_fini(&event);
	}
}

static void
round_drop(struct round *r, struct sst_watch *w)
{
	w->slow = true;
	r->hub->figures.dropped_total++;
	watch__collect(w, &r->wakes);
	watch__leave(w, &r->rubbish);
}

static void
round_tell_one(struct round *r, struct watch_group *g, struct sst_watch *w)
{
	if (w->lagging || w->round >= r->number)
		return;
	if (w->poll) {
		w->changed = true;
		watch__collect(w, &r->wakes);
		return;
	}
	if (g->failed || (g->made != NULL && !watch__has_room(w, g->made))) {
		round_drop(r, w);
		return;
	}
	if (g->made == NULL)
		return;
	r->hub->figures.events_total[g->made->event.kind]++;
	if (w->place == NULL) {
		w->place = g->made;
		g->made->readers++;
	}
	watch__collect(w, &r->wakes);
}

static void
round_tell(struct round *r, struct watch_group *g)
{
	struct sst_watch *w, *next;

	for (w = g->members; w != NULL; w = next) {
		next = w->next;
		round_tell_one(r, g, w);
	}
	if (g->made != NULL && (g->made->readers > 0 || g->head != NULL)) {
		watch__group_append(g, g->made);
	} else if (g->made != NULL) {
		g->made->next = r->rubbish.items;
		r->rubbish.items = g->made;
	}
	g->made = NULL;
	g->pinned = false;
	watch__group_settle(r->hub, g, &r->rubbish);
}

/*
 * Those who knew a later snapshot than the hub did: either it came to the same
 * now, or past it.
 */
static void
round_meet(struct round *r)
{
	struct sst_watch *w, *next = r->hub->ahead;
	struct watch_view view;

	while ((w = next) != NULL) {
		next = w->ahead_next;
		if (watch__ahead(w->from, r->step.to))
			continue;
		watch__view_init(&view, w->from);
		if (!watch__same_epoch(w->from, r->step.to) ||
		    watch__differs(&w->group->projection, &view,
			&r->hub->view, NULL)) {
			watch__collect(w, &r->wakes);
			continue;
		}
		watch__ahead_remove(w);
		w->lagging = false;
		w->round = r->number;
	}
}

static void
round_end(struct round *r)
{
	struct watch_hub *hub = r->hub;
	struct watch_group *g, *next;

	sst_lock_acquire(&hub->lock);
	round_meet(r);
	for (g = r->changed; g != NULL; g = next) {
		next = g->changed_next;
		round_tell(r, g);
	}
	hub->settled = r->number;
	hub->settled_revision = r->step.to->revision;
	memcpy(hub->settled_epoch, r->step.to->epoch,
	    sizeof(hub->settled_epoch));
	sst_lock_release(&hub->lock);
	watch__call(r->wakes);
	watch__rubbish_free(&r->rubbish);
}

void
watch__round(struct watch_hub *hub)
{
	struct round r = {.hub = hub};
	struct sst_snapshot *current =
	    hub->settings.current(hub->settings.current_ctx);

	if (current != NULL && round_begin(&r, &current)) {
		round_make_all(&r);
		round_end(&r);
		sst_diff_free(&r.step.diff);
		sst_snapshot_release(&r.step.from);
	}
	sst_snapshot_release(&current);
}
