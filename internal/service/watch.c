/* One watcher: opening, reading, closing. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "service/service_state.h"
#include "service/watch_priv.h"

void
watch__ahead_remove(struct sst_watch *watch)
{
	struct sst_watch **at = &watch->hub->ahead;

	if (!watch->ahead)
		return;
	while (*at != watch)
		at = &(*at)->ahead_next;
	*at = watch->ahead_next;
	watch->ahead = false;
}

void
watch__collect(struct sst_watch *watch, struct sst_watch **wakes)
{
	if (!watch->waiting)
		return;
	watch->waiting = false;
	watch__ahead_remove(watch);
	watch->wake_next = *wakes;
	*wakes = watch;
}

void
watch__call(struct sst_watch *wakes)
{
	struct sst_watch *w;

	while ((w = wakes) != NULL) {
		wakes = w->wake_next;
		w->wake(w->wake_ctx); /* w may be gone when it returns */
	}
}

/* The hub's thread has yet to come to its first snapshot: do that here. */
static int
watch_adopt(struct watch_hub *hub, struct sst_error *err)
{
	struct sst_snapshot *current;
	struct watch_view view;
	bool known;

	sst_lock_acquire(&hub->lock);
	known = hub->last != NULL;
	sst_lock_release(&hub->lock);
	if (known)
		return SST_OK;
	current = hub->settings.current(hub->settings.current_ctx);
	if (current == NULL)
		return sst_error_set(err, SST_NODATA, "no snapshot yet");
	watch__view_init(&view, current);
	sst_lock_acquire(&hub->lock);
	if (hub->last == NULL) {
		hub->last = current;
		hub->view = view;
		hub->settled = ++hub->round;
		hub->settled_revision = current->revision;
		memcpy(hub->settled_epoch, current->epoch,
		    sizeof(hub->settled_epoch));
		current = NULL;
	}
	sst_lock_release(&hub->lock);
	sst_snapshot_release(&current);
	return SST_OK;
}

static struct sst_watch *
watch_new(struct watch_hub *hub, const struct sst_watch_settings *settings)
{
	struct sst_watch *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->hub = hub;
	w->wake = settings->wake;
	w->wake_ctx = settings->wake_ctx;
	w->poll = settings->wait_ms > 0;
	w->lagging = true;
	if (settings->resume != NULL) {
		w->from = sst_snapshot_acquire(settings->resume);
		w->told = w->from->revision;
		memcpy(w->epoch, w->from->epoch, sizeof(w->epoch));
	}
	return w;
}

static void
watch_free(struct sst_watch *w)
{
	sst_snapshot_release(&w->from);
	free(w);
}

/* With the lock held. */
static int
watch_admit(struct watch_hub *hub, struct sst_error *err)
{
	if (hub->stopping)
		return sst_error_set(
		    err, SST_CANCELED, "the service is stopping");
	if (hub->figures.open < hub->settings.max_watchers)
		return SST_OK;
	hub->figures.refused_total++;
	return sst_error_set(err, SST_LIMIT,
	    "%zu watchers are open already, as many as limits.max_watchers "
	    "allows",
	    hub->figures.open);
}

static int
watch_enter(struct watch_hub *hub, struct sst_watch *w, int64_t wait_ms,
    struct watch_group **group, struct sst_error *err)
{
	int rc;

	sst_lock_acquire(&hub->lock);
	rc = watch_admit(hub, err);
	if (rc == SST_OK) {
		watch__group_join(hub, w, group);
		watch__due_first(hub, w, wait_ms);
		hub->figures.open++;
		hub->figures.opened_total++;
		/* the thread may sleep for longer than that */
		if (w->heap_index == 1)
			pthread_cond_signal(&hub->wake);
	}
	sst_lock_release(&hub->lock);
	return rc;
}

int
watch__hub_open(struct watch_hub *hub,
    const struct sst_watch_settings *settings, struct sst_watch **out,
    struct sst_error *err)
{
	struct watch_projection projection;
	struct watch_group *group = NULL;
	struct sst_watch *w;
	int rc = watch_adopt(hub, err);

	if (rc == SST_OK)
		rc = watch__projection_init(&projection, settings->sections,
		    settings->key, settings->key_len, err);
	if (rc == SST_OK)
		rc = watch__group_new(&projection, &group, err);
	if (rc != SST_OK)
		return rc;
	w = watch_new(hub, settings);
	rc = w == NULL
	    ? sst_error_nomem(err)
	    : watch_enter(hub, w, settings->wait_ms, &group, err);
	watch__group_free(group);
	if (rc == SST_OK)
		*out = w;
	else if (w != NULL)
		watch_free(w);
	return rc;
}

/* What a watcher that has to be led needs for it. */
struct watch_lead {
	struct sst_snapshot *from; /* borrowed from the watcher */
	struct sst_snapshot *to;   /* one reference */
	const struct watch_projection *projection;
	uint64_t round;
};

/* Not an enum sst_code: the watcher has to be led first. */
enum { WATCH_LEAD = 1 };

static void
watch_say(struct sst_watch *w, enum sst_watch_event_kind kind,
    struct sst_watch_event *out)
{
	out->kind = kind;
	out->revision = w->told;
	memcpy(out->epoch, w->epoch, sizeof(out->epoch));
	out->body = NULL;
	w->hub->figures.events_total[kind]++;
}

/* Where the watcher stands when it has no event to read. */
static void
watch_note_place(struct sst_watch *w)
{
	struct watch_hub *hub = w->hub;

	if (w->lagging)
		return;
	if (w->round > hub->settled) {
		w->told = hub->last->revision;
		memcpy(w->epoch, hub->last->epoch, sizeof(w->epoch));
	} else {
		w->told = hub->settled_revision;
		memcpy(w->epoch, hub->settled_epoch, sizeof(w->epoch));
	}
}

static int
watch_take_poll(struct sst_watch *w, struct sst_watch_event *out,
    struct watch_rubbish *rubbish)
{
	const struct sst_snapshot *last = w->hub->last;

	if (w->changed) {
		w->told = last->revision;
		memcpy(w->epoch, last->epoch, sizeof(w->epoch));
		watch_say(w, SST_WATCH_CHANGE, out);
	} else if (w->late) {
		watch_note_place(w);
		watch_say(w, SST_WATCH_TIME_OUT, out);
	} else {
		return SST_NODATA;
	}
	watch__leave(w, rubbish);
	return SST_OK;
}

static int
watch_take_stream(struct sst_watch *w, struct sst_watch_event *out,
    struct watch_rubbish *rubbish)
{
	uint64_t told = w->told;

	if (w->place != NULL) {
		*out = w->place->event;
		sst_body_acquire(out->body);
		w->told = out->revision;
		memcpy(w->epoch, out->epoch, sizeof(w->epoch));
		watch__advance(w, rubbish);
		w->late = false;
		return SST_OK;
	}
	if (!w->late)
		return SST_NODATA;
	w->late = false;
	watch_note_place(w);
	watch_say(w, w->told == told ? SST_WATCH_HEARTBEAT : SST_WATCH_BOOKMARK,
	    out);
	return SST_OK;
}

static int
watch_take_last(struct sst_watch *w, enum sst_watch_event_kind kind,
    struct sst_watch_event *out, struct watch_rubbish *rubbish)
{
	w->slow = false;
	watch_say(w, kind, out);
	watch__leave(w, rubbish);
	return SST_OK;
}

static void
watch_wait(struct sst_watch *w)
{
	w->waiting = true;
	if (!w->lagging)
		return;
	w->ahead = true;
	w->ahead_next = w->hub->ahead;
	w->hub->ahead = w;
}

static bool
watch_is_behind(const struct sst_watch *w)
{
	return w->lagging &&
	    (w->from == NULL || !watch__ahead(w->from, w->hub->last));
}

/* With the lock held: the next event, or what is to be done to get one. */
static int
watch_take(struct sst_watch *w, struct sst_watch_event *out,
    struct watch_lead *lead, struct watch_rubbish *rubbish)
{
	struct watch_hub *hub = w->hub;
	int rc;

	w->waiting = false;
	watch__ahead_remove(w);
	if (w->slow)
		return watch_take_last(w, SST_WATCH_SLOW, out, rubbish);
	if (w->group == NULL)
		return SST_CANCELED;
	if (hub->stopped)
		return watch_take_last(w, SST_WATCH_STOPPED, out, rubbish);
	if (watch_is_behind(w)) {
		*lead = (struct watch_lead){w->from,
		    sst_snapshot_acquire(hub->last), &w->group->projection,
		    hub->round};
		return WATCH_LEAD;
	}
	if (!w->lagging) { /* the hub came to where it stood */
		rubbish->snapshot = w->from;
		w->from = NULL;
	}
	rc = w->poll ? watch_take_poll(w, out, rubbish)
		     : watch_take_stream(w, out, rubbish);
	if (rc == SST_NODATA)
		watch_wait(w);
	return rc;
}

/* With the lock held: what became of leading it. */
static void
watch_led(struct sst_watch *w, struct watch_lead *lead, int rc,
    const struct sst_watch_event *event, struct watch_rubbish *rubbish)
{
	struct watch_hub *hub = w->hub;

	w->late = w->late && w->poll;
	if (rc == SST_OK) {
		hub->figures.events_total[event->kind]++;
		w->told = event->revision;
		memcpy(w->epoch, event->epoch, sizeof(w->epoch));
	} else if (rc != SST_NODATA) {
		w->slow = true;
		hub->figures.dropped_total++;
	}
	w->from = NULL;
	if (w->slow || (w->poll && rc == SST_OK)) {
		watch__leave(w, rubbish);
	} else if (hub->round == lead->round) {
		w->lagging = false;
		w->round = lead->round;
	} else { /* overtaken: once more from there */
		w->from = lead->to;
		lead->to = NULL;
	}
}

/* Leads it to where its group stands; SST_OK: by an event. */
static int
watch_follow(struct sst_watch *w, struct watch_lead *lead,
    struct sst_watch_event *out)
{
	struct watch_rubbish rubbish = {0};
	struct sst_watch_event event;
	int rc = watch__make_first(
	    lead->projection, w->poll, lead->from, lead->to, &event);

	sst_lock_acquire(&w->hub->lock);
	watch_led(w, lead, rc, &event, &rubbish);
	sst_lock_release(&w->hub->lock);
	watch__rubbish_free(&rubbish);
	sst_snapshot_release(&lead->from);
	sst_snapshot_release(&lead->to);
	if (rc == SST_OK)
		*out = event;
	return rc;
}

int
sst_watch_next(struct sst_watch *watch, struct sst_watch_event *out)
{
	struct watch_rubbish rubbish = {0};
	struct watch_lead lead;
	int rc;

	for (;;) {
		sst_lock_acquire(&watch->hub->lock);
		rc = watch_take(watch, out, &lead, &rubbish);
		sst_lock_release(&watch->hub->lock);
		watch__rubbish_free(&rubbish);
		if (rc != WATCH_LEAD)
			return rc;
		if (watch_follow(watch, &lead, out) == SST_OK)
			return SST_OK;
	}
}

void
sst_watch_close(struct sst_watch **watch)
{
	struct watch_rubbish rubbish = {0};
	struct sst_watch *w = *watch;
	struct watch_hub *hub;

	*watch = NULL;
	if (w == NULL)
		return;
	hub = w->hub;
	sst_lock_acquire(&hub->lock);
	assert(!w->waiting || hub->over);
	watch__ahead_remove(w);
	watch__leave(w, &rubbish);
	hub->figures.open--;
	sst_lock_release(&hub->lock);
	watch__rubbish_free(&rubbish);
	watch_free(w);
}

void
watch__hub_figures(struct watch_hub *hub, struct sst_watch_figures *out)
{
	sst_lock_acquire(&hub->lock);
	*out = hub->figures;
	out->projections = hub->group_count;
	sst_lock_release(&hub->lock);
}
