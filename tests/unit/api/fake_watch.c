#include "unit/api/fake_watch.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/api/fake_service.h"

struct queued {
	struct queued *next;
	struct sst_watch_event event;
};

struct fake_hub {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct sst_watch *watches;
	struct sst_watch_event greeting;
	bool greets;
	enum sst_watch_event_kind hurry_kind;
	unsigned hurry;
	unsigned open, waiting, limit;
	bool stopped;
	struct fake_watch_asked asked;
	uint64_t events[SST_WATCH_STOPPED + 1];
	uint64_t opened, refused;
};

struct sst_watch {
	struct fake_hub *hub;
	struct sst_watch *next;
	struct queued *head, **tail;
	void (*wake)(void *);
	void *wake_ctx;
	bool waiting; /* its user was told SST_NODATA */
	bool over;    /* had its last event */
};

static void
check(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "fake watch: %s\n", what);
	abort();
}

struct fake_hub *
fake_hub_new(void)
{
	struct fake_hub *hub = calloc(1, sizeof(*hub));

	check(hub != NULL, "memory");
	pthread_mutex_init(&hub->lock, NULL);
	pthread_cond_init(&hub->changed, NULL);
	hub->limit = 5000;
	return hub;
}

void
fake_hub_free(struct fake_hub *hub)
{
	check(hub->open == 0, "somebody has not closed a watch");
	sst_watch_event_fini(&hub->greeting);
	pthread_cond_destroy(&hub->changed);
	pthread_mutex_destroy(&hub->lock);
	free(hub);
}

static void
event_make(enum sst_watch_event_kind kind, uint64_t revision, const char *body,
    struct sst_watch_event *out)
{
	struct sst_error err;
	char *bytes;

	memset(out, 0, sizeof(*out));
	out->kind = kind;
	out->revision = revision;
	memcpy(out->epoch, "0123456789abcdef", 17);
	if (body == NULL)
		return;
	bytes = strdup(body);
	check(bytes != NULL &&
		  sst_body_new(bytes, strlen(body), &out->body, &err) == SST_OK,
	    "memory");
}

/* The lock is held. */
static void
watch_queue(struct sst_watch *w, const struct sst_watch_event *event)
{
	struct queued *q = malloc(sizeof(*q));

	check(q != NULL, "memory");
	q->next = NULL;
	q->event = *event;
	if (event->body != NULL)
		q->event.body = sst_body_acquire(event->body);
	*w->tail = q;
	w->tail = &q->next;
	w->hub->events[event->kind]++;
}

/* The next one that waits and was not woken in this round, or NULL. */
static struct sst_watch *
hub_next_waiting(struct fake_hub *hub)
{
	struct sst_watch *w;

	pthread_mutex_lock(&hub->lock);
	for (w = hub->watches; w != NULL; w = w->next)
		if (w->waiting && w->head != NULL)
			break;
	if (w != NULL) {
		w->waiting = false;
		hub->waiting--;
	}
	pthread_mutex_unlock(&hub->lock);
	return w;
}

/* Without the lock, as the real one. Each waits until it was woken. */
static void
hub_wake(struct fake_hub *hub)
{
	struct sst_watch *w;

	while ((w = hub_next_waiting(hub)) != NULL)
		w->wake(w->wake_ctx);
}

void
fake_watch_send(struct sst_service *service, enum sst_watch_event_kind kind,
    uint64_t revision, const char *body)
{
	struct fake_hub *hub = fake_service_hub(service);
	struct sst_watch_event event;
	struct sst_watch *w;

	event_make(kind, revision, body, &event);
	pthread_mutex_lock(&hub->lock);
	for (w = hub->watches; w != NULL; w = w->next)
		watch_queue(w, &event);
	pthread_mutex_unlock(&hub->lock);
	sst_watch_event_fini(&event);
	hub_wake(hub);
}

void
fake_watch_disturb(struct sst_service *service)
{
	struct fake_hub *hub = fake_service_hub(service);
	struct sst_watch *w, *woken[64];
	size_t i, count = 0;

	pthread_mutex_lock(&hub->lock);
	for (w = hub->watches; w != NULL && count < 64; w = w->next)
		if (w->waiting) {
			w->waiting = false;
			hub->waiting--;
			woken[count++] = w;
		}
	pthread_mutex_unlock(&hub->lock);
	for (i = 0; i < count; i++)
		woken[i]->wake(woken[i]->wake_ctx);
}

void
fake_watch_greet(struct sst_service *service, enum sst_watch_event_kind kind,
    uint64_t revision, const char *body)
{
	struct fake_hub *hub = fake_service_hub(service);

	pthread_mutex_lock(&hub->lock);
	sst_watch_event_fini(&hub->greeting);
	event_make(kind, revision, body, &hub->greeting);
	hub->greets = true;
	pthread_mutex_unlock(&hub->lock);
}

void
fake_watch_hurry(
    struct sst_service *service, enum sst_watch_event_kind kind, unsigned times)
{
	struct fake_hub *hub = fake_service_hub(service);

	pthread_mutex_lock(&hub->lock);
	hub->hurry_kind = kind;
	hub->hurry = times;
	pthread_mutex_unlock(&hub->lock);
}

void
fake_watch_limit(struct sst_service *service, unsigned limit)
{
	struct fake_hub *hub = fake_service_hub(service);

	pthread_mutex_lock(&hub->lock);
	hub->limit = limit;
	pthread_mutex_unlock(&hub->lock);
}

unsigned
fake_watch_open_count(struct sst_service *service)
{
	struct fake_hub *hub = fake_service_hub(service);
	unsigned open;

	pthread_mutex_lock(&hub->lock);
	open = hub->open;
	pthread_mutex_unlock(&hub->lock);
	return open;
}

void
fake_watch_await_open(struct sst_service *service, unsigned count)
{
	struct fake_hub *hub = fake_service_hub(service);

	pthread_mutex_lock(&hub->lock);
	while (hub->open != count)
		pthread_cond_wait(&hub->changed, &hub->lock);
	pthread_mutex_unlock(&hub->lock);
}

void
fake_watch_await_waiting(struct sst_service *service, unsigned count)
{
	struct fake_hub *hub = fake_service_hub(service);

	pthread_mutex_lock(&hub->lock);
	while (hub->waiting != count)
		pthread_cond_wait(&hub->changed, &hub->lock);
	pthread_mutex_unlock(&hub->lock);
}

void
fake_watch_asked(struct sst_service *service, struct fake_watch_asked *out)
{
	struct fake_hub *hub = fake_service_hub(service);

	pthread_mutex_lock(&hub->lock);
	*out = hub->asked;
	pthread_mutex_unlock(&hub->lock);
}

void
sst_watch_event_fini(struct sst_watch_event *event)
{
	if (event->body != NULL)
		sst_body_release(&event->body);
}

static void
hub_note(struct fake_hub *hub, const struct sst_watch_settings *s)
{
	memset(&hub->asked, 0, sizeof(hub->asked));
	hub->asked.sections = s->sections;
	hub->asked.wait_ms = s->wait_ms;
	hub->asked.resume = s->resume == NULL ? 0 : s->resume->revision;
	if (s->key != NULL && s->key_len < sizeof(hub->asked.key))
		memcpy(hub->asked.key, s->key, s->key_len);
}

int
sst_watch_open(struct sst_service *service,
    const struct sst_watch_settings *settings, struct sst_watch **out,
    struct sst_error *err)
{
	struct fake_hub *hub = fake_service_hub(service);
	struct sst_watch *w = calloc(1, sizeof(*w));
	int rc = SST_OK;

	check(w != NULL && settings->sections != 0, "memory or sections");
	w->hub = hub;
	w->tail = &w->head;
	w->wake = settings->wake;
	w->wake_ctx = settings->wake_ctx;
	pthread_mutex_lock(&hub->lock);
	if (hub->stopped)
		rc = sst_error_set(err, SST_CANCELED, "stopping");
	else if (hub->open >= hub->limit)
		rc = sst_error_set(err, SST_LIMIT,
		    "limits.max_watchers (%u) are open", hub->limit);
	if (rc == SST_OK) {
		hub_note(hub, settings);
		if (hub->greets)
			watch_queue(w, &hub->greeting);
		w->next = hub->watches;
		hub->watches = w;
		hub->open++;
		hub->opened++;
		pthread_cond_broadcast(&hub->changed);
	} else {
		hub->refused++;
	}
	pthread_mutex_unlock(&hub->lock);
	if (rc != SST_OK)
		free(w);
	else
		*out = w;
	return rc;
}

static bool
is_last(enum sst_watch_event_kind kind)
{
	return kind == SST_WATCH_SLOW || kind == SST_WATCH_STOPPED;
}

/* The lock is held. */
static bool
watch_hurried(struct sst_watch *w)
{
	struct sst_watch_event event;

	if (w->hub->hurry == 0)
		return false;
	w->hub->hurry--;
	event_make(w->hub->hurry_kind, w->hub->hurry + 1, NULL, &event);
	watch_queue(w, &event);
	return true;
}

int
sst_watch_next(struct sst_watch *w, struct sst_watch_event *out)
{
	struct fake_hub *hub = w->hub;
	struct queued *q;
	bool hurried = false;
	int rc = SST_NODATA;

	pthread_mutex_lock(&hub->lock);
	check(!w->waiting, "asked again before it was woken");
	q = w->head;
	if (w->over) {
		rc = SST_CANCELED;
	} else if (q != NULL) {
		w->head = q->next;
		if (w->head == NULL)
			w->tail = &w->head;
		*out = q->event;
		free(q);
		w->over = is_last(out->kind);
		rc = SST_OK;
	} else {
		hurried = watch_hurried(w);
		if (!hurried) {
			w->waiting = true;
			hub->waiting++;
			pthread_cond_broadcast(&hub->changed);
		}
	}
	pthread_mutex_unlock(&hub->lock);
	if (hurried)
		w->wake(w->wake_ctx);
	return rc;
}

void
sst_watch_close(struct sst_watch **watch)
{
	struct sst_watch *w = *watch, **link;
	struct fake_hub *hub;
	struct queued *q;

	*watch = NULL;
	if (w == NULL)
		return;
	hub = w->hub;
	pthread_mutex_lock(&hub->lock);
	check(!w->waiting || hub->stopped, "closed before it was woken");
	if (w->waiting)
		hub->waiting--;
	for (link = &hub->watches; *link != w; link = &(*link)->next)
		;
	*link = w->next;
	hub->open--;
	pthread_cond_broadcast(&hub->changed);
	pthread_mutex_unlock(&hub->lock);
	while ((q = w->head) != NULL) {
		w->head = q->next;
		sst_watch_event_fini(&q->event);
		free(q);
	}
	free(w);
}

void
sst_watch_stop(struct sst_service *service)
{
	struct fake_hub *hub = fake_service_hub(service);

	pthread_mutex_lock(&hub->lock);
	hub->stopped = true;
	pthread_mutex_unlock(&hub->lock);
	fake_watch_send(service, SST_WATCH_STOPPED, 1, NULL);
}

void
sst_watch_figures(struct sst_service *service, struct sst_watch_figures *out)
{
	struct fake_hub *hub = fake_service_hub(service);

	memset(out, 0, sizeof(*out));
	pthread_mutex_lock(&hub->lock);
	out->open = hub->open;
	out->projections = hub->open > 0;
	out->opened_total = hub->opened;
	out->refused_total = hub->refused;
	memcpy(out->events_total, hub->events, sizeof(out->events_total));
	pthread_mutex_unlock(&hub->lock);
}
