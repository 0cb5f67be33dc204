/*
 * Clients of the watch that lose their connection again and again, anywhere,
 * and go on with Last-Event-ID. See internal/service/watch.h for the law.
 */
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/storm.h"
#include "service/watch.h"
#include "support/poll.h"

enum {
	DIFF_EVERY = 10,  /* changes compared with the diff of the server */
	BEHIND_MOST = 64, /* no more questions by who is farther behind */
	MODEL_EVERY = 40, /* cuts */
	BACK_EVERY = 24,  /* cuts */
	BYTES_MOST = 6000,
	WAIT_MOST_MS = 30,
	PATIENCE_S = 120
};

static const char end_name[] = "end", dropped_name[] = "dropped";

static bool
watcher_connect(struct storm_watcher *w)
{
	char header[80] = "";

	if (w->id[0] != '\0')
		snprintf(
		    header, sizeof(header), "Last-Event-ID: %s\r\n", w->id);
	if (sse_client_open(&w->sse, w->storm->port, w->slow) == 0 &&
	    sse_client_ask(&w->sse, w->target, header) == 0)
		return true;
	return storm_fail(w->storm, "a watcher was refused");
}

static bool
watcher_broken(
    const struct storm_watcher *w, const char *what, const struct sse_event *e)
{
	return storm_fail(w->storm, "%s: at %s came %s %s: %s; %s; %.*s",
	    w->target, w->id, e->name, e->id, what, w->model.broken,
	    e->data_len > 150 ? 150 : (int)e->data_len, e->data);
}

/* The changes from one revision to another, as the server tells; NULL: failed,
 * or gone. */
static json_t *
watcher_diff(struct storm_watcher *w, uint64_t from, uint64_t to)
{
	return storm_ask_json(&w->asker,
	    "/system/state/diff?from=%" PRIu64 "&to=%" PRIu64
	    "&sections=%s%s%s",
	    from, to, w->sections,
	    w->key == NULL ? "" : "&key=", w->key == NULL ? "" : w->key);
}

/* It holds between those that nothing of it changed. */
static bool
watcher_check_same(struct storm_watcher *w, uint64_t from, uint64_t to)
{
	json_t *diff = from == to ? NULL : watcher_diff(w, from, to);
	size_t n = json_array_size(json_object_get(diff, "changes"));

	json_decref(diff);
	return n == 0 || storm_fail(w->storm,
			     "%s: %zu changes from %" PRIu64 " to %" PRIu64
			     " were not told",
			     w->target, n, from, to);
}

/* The same as the server says when it is asked. */
static bool
watcher_check_diff(
    struct storm_watcher *w, const json_t *event, uint64_t begin, uint64_t to)
{
	json_t *diff = watcher_diff(w, begin, to);
	bool same;

	if (diff == NULL)
		return !atomic_load(&w->storm->failed);
	same = json_equal(json_object_get(event, "changes"),
	    json_object_get(diff, "changes"));
	json_decref(diff);
	storm_add(w->storm, STORM_DIFFS);
	if (!same)
		return storm_fail(w->storm,
		    "%s: a change from %" PRIu64 " to %" PRIu64
		    " is not what the diff says",
		    w->target, begin, to);
	return watcher_check_same(w, w->revision, begin);
}

static bool
watcher_check_model(struct storm_watcher *w)
{
	json_t *doc = storm_ask_json(&w->asker,
	    "/system/state?at=%" PRIu64 "&sections=%s", w->revision,
	    w->sections);
	bool fits;

	if (doc == NULL)
		return !atomic_load(&w->storm->failed);
	fits = storm_model_fits(&w->model, doc);
	json_decref(doc);
	storm_add(w->storm, STORM_MODELS);
	return fits || storm_fail(w->storm, "%s: at %" PRIu64 ": %s", w->target,
			   w->revision, w->model.broken);
}

/* One that stood somewhere may start over only when that place is gone. */
static bool
watcher_check_restart(struct storm_watcher *w)
{
	struct http_answer a;

	if (w->revision == 0)
		return true;
	storm_add(w->storm, STORM_RESTARTS);
	if (!storm_ask(
		&w->asker, "", &a, "/system/state?at=%" PRIu64, w->revision))
		return false;
	return a.status == 410 ||
	       storm_fail(w->storm,
		   "%s: started over, and %" PRIu64 " is still there",
		   w->target, w->revision);
}

static bool
watcher_state(struct storm_watcher *w, const json_t *body, uint64_t revision)
{
	storm_add(w->storm, STORM_STATES);
	if (!watcher_check_restart(w))
		return false;
	if (w->key != NULL)
		return storm_model_entity(&w->model, body);
	return (uint64_t)json_integer_value(
		   json_object_get(body, "revision")) == revision &&
	       storm_model_state(&w->model, body);
}

static uint64_t
end_revision(const json_t *event, const char *end)
{
	return (uint64_t)json_integer_value(
	    json_object_get(json_object_get(event, end), "revision"));
}

static bool
end_epoch_is(const json_t *event, const char *end, const char *epoch)
{
	const char *text = json_string_value(
	    json_object_get(json_object_get(event, end), "epoch"));

	return text != NULL && strcmp(text, epoch) == 0;
}

static bool
watcher_change(struct storm_watcher *w, const json_t *body, uint64_t revision)
{
	const json_t *changes = json_object_get(body, "changes");
	uint64_t begin = end_revision(body, "from");

	if (begin < w->revision || w->revision == 0 ||
	    end_revision(body, "to") != revision ||
	    !end_epoch_is(body, "from", w->storm->epoch) ||
	    !end_epoch_is(body, "to", w->storm->epoch) ||
	    json_is_true(json_object_get(body, "truncated")) ||
	    json_array_size(changes) == 0)
		return false;
	if (begin > w->revision)
		storm_add(w->storm, STORM_MERGED);
	storm_add(w->storm, STORM_CHANGES);
	if (w->events++ % DIFF_EVERY == 0 &&
	    revision + BEHIND_MOST > storm_revision_now(w->storm) &&
	    !watcher_check_diff(w, body, begin, revision))
		return false;
	return storm_model_changes(&w->model, changes);
}

static bool
watcher_bookmark(struct storm_watcher *w, const json_t *body, uint64_t revision)
{
	storm_add(w->storm, STORM_BOOKMARKS);
	return (uint64_t)json_integer_value(
		   json_object_get(body, "revision")) == revision &&
	       revision >= w->revision &&
	       watcher_check_same(w, w->revision, revision);
}

/* Of the last event of a stream: it says where to go on. */
static bool
watcher_last(struct storm_watcher *w, const json_t *body, const char *reason)
{
	const char *why = json_string_value(json_object_get(body, "reason"));
	const char *resume = json_string_value(json_object_get(body, "resume"));

	return why != NULL && strcmp(why, reason) == 0 &&
	       (w->id[0] == '\0'
		       ? resume == NULL
		       : resume != NULL && strcmp(resume, w->id) == 0);
}

/* An event that leads to another revision. */
static bool
watcher_move(
    struct storm_watcher *w, const struct sse_event *e, const json_t *body)
{
	size_t len = strlen(w->storm->epoch);
	uint64_t revision;
	bool ok;

	if (strncmp(e->id, w->storm->epoch, len) != 0 || e->id[len] != ':')
		return false;
	revision = strtoull(e->id + len + 1, NULL, 10);
	if (strcmp(e->name, "state") == 0)
		ok = revision > w->revision && watcher_state(w, body, revision);
	else if (strcmp(e->name, "change") == 0)
		ok =
		    revision > w->revision && watcher_change(w, body, revision);
	else
		ok = strcmp(e->name, "bookmark") == 0 &&
		     watcher_bookmark(w, body, revision);
	memcpy(w->id, e->id, sizeof(w->id));
	w->revision = revision;
	return ok;
}

static bool
watcher_event(struct storm_watcher *w, const struct sse_event *e)
{
	json_t *body;
	bool ok;

	if (w->ended || w->dropped)
		return watcher_broken(w, "after the last event", e);
	if (e->data == NULL) { /* a comment, or how soon to come back */
		storm_add(w->storm, STORM_HEARTBEATS);
		return true;
	}
	body = json_loadb(e->data, e->data_len, JSON_DECODE_ANY, NULL);
	w->ended = strcmp(e->name, end_name) == 0;
	w->dropped = strcmp(e->name, dropped_name) == 0;
	if (w->ended || w->dropped)
		ok = watcher_last(w, body, w->ended ? "shutdown" : "slow");
	else
		ok = watcher_move(w, e, body);
	json_decref(body);
	return ok || watcher_broken(w, "it does not fit", e);
}

/* Whatever ends a stream but a cut. False: go on no further. */
static bool
watcher_over(struct storm_watcher *w, enum sse_result how)
{
	int status = w->sse.status;

	sse_client_close(&w->sse, false);
	if (how == SSE_REFUSED && status == 503) {
		storm_add(w->storm, STORM_BUSY);
		return true;
	}
	if (how == SSE_END && w->dropped && w->slow)
		return true;
	return storm_fail(w->storm,
	    "%s: at %s: the stream broke off: %d, status %d%s", w->target,
	    w->id, (int)how, status, w->dropped ? ", dropped" : "");
}

/* Reads until the time or the budget is over. False: failed, or the end. */
static bool
watcher_read(struct storm_watcher *w, size_t *budget, int timeout_ms)
{
	struct sse_event e;
	enum sse_result rc;

	for (;;) {
		rc = sse_client_next(&w->sse, budget, timeout_ms, &e);
		if (rc == SSE_NOTHING)
			return true;
		if (rc == SSE_END && w->ended)
			return false;
		if (rc != SSE_EVENT)
			return watcher_over(w, rc);
		if (!watcher_event(w, &e))
			return false;
		if (atomic_load(&w->storm->failed))
			return false;
	}
}

/*
 * As a client that comes back after a while: where it goes on from is on disk
 * only by then. It knows what it knew; this is what it will go back to next.
 */
static void
watcher_go_back(struct storm_watcher *w)
{
	json_t *known = json_deep_copy(w->model.known);
	struct storm_watcher now = *w;

	if (w->old_known != NULL) {
		storm_add(w->storm, STORM_BACK);
		json_decref(w->model.known);
		w->model.known = w->old_known;
		memcpy(w->id, w->old_id, sizeof(w->id));
		w->revision = w->old_revision;
	}
	w->old_known = known;
	memcpy(w->old_id, now.id, sizeof(w->old_id));
	w->old_revision = now.revision;
}

/* One connection that is cut wherever it is by then. */
static bool
watcher_cut_once(struct storm_watcher *w, uint64_t number)
{
	size_t budget = storm_random(&w->rnd, 8) == 0
			    ? 0
			    : (size_t)storm_random(&w->rnd, BYTES_MOST);
	int wait_ms = (int)storm_random(&w->rnd, WAIT_MOST_MS);

	if (!watcher_connect(w) || !watcher_read(w, &budget, wait_ms))
		return false;
	if (sse_client_amid(&w->sse))
		storm_add(w->storm, STORM_CUT_AMID);
	if (w->sse.fd >= 0)
		storm_add(w->storm, STORM_RECONNECTS);
	sse_client_close(&w->sse, storm_random(&w->rnd, 2) == 0);
	if (w->revision == 0)
		return true;
	if (number % BACK_EVERY == 0)
		watcher_go_back(w);
	return number % MODEL_EVERY != 0 || watcher_check_model(w);
}

/* This one and the one that is stuck until the end. */
static bool
both_dropped(struct storm *s)
{
	struct sst_watch_figures f;

	sst_watch_figures(s->service, &f);
	return f.dropped_total >= STORM_SLOW;
}

/* Reads nothing until the service has had enough of it. */
static bool
watcher_laze(struct storm_watcher *w)
{
	time_t end = poll_end(PATIENCE_S);

	if (!watcher_connect(w))
		return false;
	while (!both_dropped(w->storm) && !atomic_load(&w->storm->failed) &&
	       !poll_expired(end))
		sched_yield();
	sse_client_widen(&w->sse);
	while (!w->dropped) {
		if (poll_expired(end))
			return storm_fail(w->storm, "was not dropped");
		if (!watcher_read(w, NULL, 100))
			return false;
	}
	while (w->sse.fd >= 0) {
		if (!watcher_read(w, NULL, 100))
			return false;
	}
	storm_add(w->storm, STORM_DROPPED);
	w->slow = false;
	w->dropped = false;
	return watcher_check_model(w);
}

/* Cut no more: until it has the last revision there is. */
static bool
watcher_follow(struct storm_watcher *w)
{
	struct storm *s = w->storm;
	time_t end = poll_end(PATIENCE_S);

	while (
	    !atomic_load(&s->quiet) || w->revision != storm_revision_now(s)) {
		if (poll_expired(end))
			return storm_fail(s, "%s: stands at %s, is %" PRIu64,
			    w->target, w->id, storm_revision_now(s));
		if (w->sse.fd < 0 && !watcher_connect(w))
			return false;
		if (!watcher_read(w, NULL, 100))
			return false;
	}
	return watcher_check_model(w);
}

/* Until the service ends it. */
static bool
watcher_await_end(struct storm_watcher *w)
{
	time_t end = poll_end(PATIENCE_S);

	while (watcher_read(w, NULL, 100)) {
		if (poll_expired(end))
			return storm_fail(w->storm, "%s: no end", w->target);
	}
	if (w->ended)
		storm_add(w->storm, STORM_ENDS);
	return w->ended;
}

static void
watcher_init(struct storm_watcher *w)
{
	const char *name = w->sections;
	unsigned sections = 0;
	size_t len;

	for (; *name != '\0'; name += len + (name[len] == ',')) {
		len = strcspn(name, ",");
		sections |= 1u << sst_section_by_name(name, len);
	}
	storm_model_init(
	    &w->model, w->storm->contract->document, sections, w->key);
	w->sse.fd = -1;
	w->asker.storm = w->storm;
	snprintf(w->target, sizeof(w->target),
	    "/system/state/watch?sections=%s%s%s", w->sections,
	    w->key == NULL ? "" : "&key=", w->key == NULL ? "" : w->key);
}

void *
storm_watcher_run(void *watcher)
{
	struct storm_watcher *w = watcher;
	struct storm *s = w->storm;
	bool ok = true;
	uint64_t n;

	watcher_init(w);
	if (w->slow)
		ok = watcher_laze(w);
	for (n = 1; ok && !w->steady && !atomic_load(&s->failed) &&
		    storm_counted(s, STORM_RECONNECTS) < s->reconnects;
	     n++)
		ok = watcher_cut_once(w, n);
	if (ok && w->steady)
		ok = watcher_connect(w);
	atomic_fetch_add(&s->following, 1);
	ok = ok && watcher_follow(w);
	atomic_fetch_add(&s->settled, 1);
	if (ok)
		watcher_await_end(w);
	sse_client_close(&w->sse, false);
	storm_asker_fini(&w->asker);
	storm_model_fini(&w->model);
	json_decref(w->old_known);
	return NULL;
}

bool
storm_stuck_open(struct storm *s, struct sse_client *sse)
{
	if (sse_client_open(sse, s->port, true) == 0 &&
	    sse_client_ask(sse, "/system/state/watch", "") == 0)
		return true;
	return storm_fail(s, "a watcher was refused");
}
