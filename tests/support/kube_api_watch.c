/*
 * Watches: a connection that is told of events by number, and woken through
 * its eventfd when something changed. It also sees that its client went.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "support/kube_api_priv.h"

struct watch {
	struct kube_exchange *x;
	const struct kube_question *q;
	uint64_t next;   /* number of the event that comes next */
	uint64_t opened; /* the first one that did not exist yet */
	bool deaf;       /* began in the future: hears nothing */
	bool bookmarks;
	unsigned ended, cut;
	struct timespec until;
};

enum watch_step { WATCH_EVENT, WATCH_WAIT, WATCH_END, WATCH_CLOSE };

/* An event of this watch: its type as this client sees it; NULL: none of his.
 */
static const char *
watch_type(const struct watch *w, const struct kube_event *e, uint64_t number)
{
	const struct kube_question *q = w->q;
	bool now, before;

	if (e->collection != q->collection)
		return NULL;
	if (e->kind == KUBE_EVENT_LINE)
		return number >= w->opened ? "" : NULL;
	if (e->kind == KUBE_EVENT_BOOKMARK)
		return number >= w->opened && w->bookmarks ? "BOOKMARK" : NULL;
	now = kube__body_matches(e->now->body, q->ns, q->selector);
	if (e->kind == KUBE_EVENT_DELETED)
		return now ? "DELETED" : NULL;
	before = e->before != NULL &&
		 kube__body_matches(e->before->body, q->ns, q->selector);
	if (now)
		return before ? "MODIFIED" : "ADDED";
	return before ? "DELETED" : NULL;
}

static void
watch_write(struct sst_buf *out, const struct watch *w,
    const struct kube_event *e, const char *type)
{
	const struct kube_collection *c = w->q->collection;
	struct kube_object left;

	if (e->kind == KUBE_EVENT_LINE) {
		sst_buf_adds(out, e->line);
		sst_buf_addc(out, '\n');
		return;
	}
	sst_buf_addf(out, "{\"type\":\"%s\",\"object\":", type);
	if (e->kind == KUBE_EVENT_BOOKMARK) {
		sst_buf_addf(out,
		    "{\"kind\":\"%s\",\"apiVersion\":\"%s\",\"metadata\":{"
		    "\"resourceVersion\":\"%" PRIu64
		    "\",\"creationTimestamp\":null},\"spec\":{\"containers\":"
		    "null},\"status\":{}}",
		    c->kind, c->group, e->version);
	} else {
		/* one that left the selector is shown as it was */
		left = *e->now;
		if (strcmp(type, "DELETED") == 0 && e->before != NULL)
			left.body = e->before->body;
		kube__write_object(out, &left, c,
		    w->q->metadata_only ? KUBE_FORM_META : KUBE_FORM_OBJECT);
	}
	sst_buf_adds(out, "}\n");
	if (sst_buf_failed(out))
		abort();
}

/* With the mutex held: the next event as text, or what else is to be done. */
static enum watch_step
watch_next(struct watch *w, struct sst_buf *out, uint64_t *number)
{
	struct kube_api *api = w->x->api;
	const struct kube_collection *c = w->q->collection;
	const struct kube_event *e;
	const char *type;

	if (stage_ended(&api->stage, &w->x->since) || c->cut != w->cut)
		return WATCH_CLOSE;
	if (!w->deaf && w->next < api->event_first)
		return WATCH_CLOSE; /* too slow */
	while (!w->deaf && w->next < api->event_end) {
		*number = w->next++;
		e = &api->events[*number % KUBE_API_HISTORY];
		type = watch_type(w, e, *number);
		if (type == NULL)
			continue;
		watch_write(out, w, e, type);
		return WATCH_EVENT;
	}
	return c->ended != w->ended ? WATCH_END : WATCH_WAIT;
}

/* Waits for news; false: time is up or the client is gone. */
static bool
watch_wait(struct watch *w, bool *gone)
{
	struct pollfd fds[2] = {{.fd = w->x->fd, .events = POLLIN | POLLRDHUP},
	    {.fd = w->x->connection->wake, .events = POLLIN}};
	struct timespec now;
	uint64_t count;
	int64_t left;

	clock_gettime(CLOCK_MONOTONIC, &now);
	left = (w->until.tv_sec - now.tv_sec) * INT64_C(1000) +
	       (w->until.tv_nsec - now.tv_nsec) / 1000000;
	if (left <= 0)
		return false;
	if (poll(fds, 2, left > 1000000 ? 1000000 : (int)left) < 0)
		return true;
	*gone = fds[0].revents != 0;
	if (fds[1].revents != 0 &&
	    read(w->x->connection->wake, &count, sizeof(count)) < 0)
		return true;
	return !*gone;
}

static void
watch_written(struct watch *w, uint64_t number, int64_t ns)
{
	struct kube_api *api = w->x->api;
	struct kube_event *e;

	pthread_mutex_lock(&api->stage.mutex);
	e = &api->events[number % KUBE_API_HISTORY];
	if (number >= api->event_first && e->written_ns == 0) {
		e->written_ns = ns;
		pthread_cond_broadcast(&api->stage.changed);
	}
	pthread_mutex_unlock(&api->stage.mutex);
}

static bool
watch_send(struct watch *w, const struct sst_buf *text, uint64_t number)
{
	struct kube_exchange *x = w->x;
	struct timespec now;
	bool sent;

	if (x->fault.kind == KUBE_API_CUT) {
		kube__stream_chunk(x, text->data, text->len / 2);
		return false;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	sent = kube__stream_chunk(x, text->data, text->len);
	watch_written(
	    w, number, now.tv_sec * INT64_C(1000000000) + now.tv_nsec);
	return sent;
}

/* True when the connection may go on. */
static bool
watch_run(struct watch *w)
{
	struct kube_api *api = w->x->api;
	struct sst_buf text = SST_BUF_INIT;
	bool on = true, gone = false;
	enum watch_step step = WATCH_WAIT;
	uint64_t number = 0;

	while (on && step != WATCH_END && step != WATCH_CLOSE) {
		sst_buf_clear(&text);
		pthread_mutex_lock(&api->stage.mutex);
		step = watch_next(w, &text, &number);
		pthread_mutex_unlock(&api->stage.mutex);
		if (step == WATCH_EVENT)
			on = watch_send(w, &text, number);
		else if (step == WATCH_WAIT && !watch_wait(w, &gone))
			step = WATCH_END;
	}
	sst_buf_fini(&text);
	if (!on || gone || step == WATCH_CLOSE)
		return false;
	return kube__stream_end(w->x);
}

static void
watch_until(struct watch *w)
{
	char seconds[32] = "";

	clock_gettime(CLOCK_MONOTONIC, &w->until);
	kube__param(w->x, "timeoutSeconds", seconds, sizeof(seconds));
	w->until.tv_sec +=
	    seconds[0] != '\0' ? strtol(seconds, NULL, 10) : 1800;
}

/* With the mutex held; false: that version is expired. */
static bool
watch_begin(struct watch *w)
{
	struct kube_api *api = w->x->api;
	char version[64] = "", bookmarks[8] = "";
	uint64_t from;

	kube__param(w->x, "resourceVersion", version, sizeof(version));
	kube__param(w->x, "allowWatchBookmarks", bookmarks, sizeof(bookmarks));
	w->bookmarks = strcmp(bookmarks, "true") == 0;
	from = version[0] != '\0' ? strtoull(version, NULL, 10) : api->version;
	if (from < api->oldest)
		return false;
	w->deaf = from > api->version;
	w->opened = api->event_end;
	w->next = api->event_first;
	while (w->next < api->event_end &&
	       api->events[w->next % KUBE_API_HISTORY].version <= from)
		w->next++;
	w->ended = w->q->collection->ended;
	w->cut = w->q->collection->cut;
	return true;
}

static void
watch_expired_line(struct sst_buf *out)
{
	sst_buf_adds(out, "{\"type\":\"ERROR\",\"object\":");
	kube__status_text(
	    out, 410, "Expired", "too old resource version: 1 (4202)", NULL);
	sst_buf_adds(out, "}\n");
	if (sst_buf_failed(out))
		abort();
}

static bool
watch_expired(struct kube_exchange *x)
{
	struct sst_buf line = SST_BUF_INIT;
	bool in_status, on;

	pthread_mutex_lock(&x->api->stage.mutex);
	in_status = x->api->expired_in_status;
	pthread_mutex_unlock(&x->api->stage.mutex);
	if (in_status)
		return kube__reply_status(
		    x, 410, "Gone", "too old resource version: 1 (4202)", NULL);
	watch_expired_line(&line);
	on = kube__stream_begin(x) &&
	     kube__stream_chunk(x, line.data, line.len) && kube__stream_end(x);
	sst_buf_fini(&line);
	return on;
}

static void
watch_count(struct kube_exchange *x, bool open)
{
	struct kube_watching *w =
	    &x->api->watching[x->connection - x->api->stage.connections];

	pthread_mutex_lock(&x->api->stage.mutex);
	w->open = open;
	snprintf(w->target, sizeof(w->target), "%s", x->target);
	pthread_cond_broadcast(&x->api->stage.changed);
	pthread_mutex_unlock(&x->api->stage.mutex);
}

static bool
watch_serve(struct watch *w)
{
	bool on;

	if (!kube__stream_begin(w->x))
		return false;
	watch_until(w);
	watch_count(w->x, true);
	on = watch_run(w);
	watch_count(w->x, false);
	return on;
}

bool
kube__watch(struct kube_exchange *x, const struct kube_question *q)
{
	struct watch w = {.x = x, .q = q};
	bool known;

	pthread_mutex_lock(&x->api->stage.mutex);
	known = watch_begin(&w);
	pthread_mutex_unlock(&x->api->stage.mutex);
	return known ? watch_serve(&w) : watch_expired(x);
}

bool
kube__watch_silent(struct kube_exchange *x, const struct kube_question *q)
{
	struct watch w = {.x = x, .q = q};

	pthread_mutex_lock(&x->api->stage.mutex);
	watch_begin(&w);
	w.deaf = true;
	w.next = x->api->event_end;
	pthread_mutex_unlock(&x->api->stage.mutex);
	return watch_serve(&w);
}

static void
watch_order(struct kube_api *api, const char *collection,
    const struct kube_event *event, unsigned ended, unsigned cut)
{
	struct kube_event own;
	struct kube_collection *c;

	pthread_mutex_lock(&api->stage.mutex);
	c = kube__collection(api, collection);
	if (c == NULL)
		abort();
	c->ended += ended;
	c->cut += cut;
	if (event != NULL) {
		own = *event;
		own.collection = c;
		own.version = api->version;
		kube__event(api, &own);
	}
	stage_changed(&api->stage);
	pthread_mutex_unlock(&api->stage.mutex);
}

void
kube_api_bookmark(struct kube_api *api, const char *collection)
{
	struct kube_event event = {.kind = KUBE_EVENT_BOOKMARK};

	watch_order(api, collection, &event, 0, 0);
}

void
kube_api_shout(struct kube_api *api, const char *collection, const char *line)
{
	struct kube_event event = {
	    .kind = KUBE_EVENT_LINE, .line = kube__copy(line)};

	watch_order(api, collection, &event, 0, 0);
}

void
kube_api_end_watches(struct kube_api *api, const char *collection)
{
	watch_order(api, collection, NULL, 1, 0);
}

void
kube_api_cut_watches(struct kube_api *api, const char *collection)
{
	watch_order(api, collection, NULL, 0, 1);
}
