/* The hub and its thread. */
#include "service/watch_hub.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "service/watch_priv.h"

enum { BUCKETS_LEAST = 64, BUCKETS_MOST = 1 << 16 };

static int
hub_fill(struct watch_hub *hub, struct sst_error *err)
{
	size_t buckets = BUCKETS_LEAST;

	while (buckets < hub->settings.max_watchers && buckets < BUCKETS_MOST)
		buckets *= 2;
	hub->bucket_mask = buckets - 1;
	hub->buckets = calloc(buckets, sizeof(struct watch_group *));
	if (hub->buckets == NULL)
		return sst_error_nomem(err);
	return watch__heap_init(&hub->heap, hub->settings.max_watchers, err);
}

int
watch__hub_new(const struct watch_hub_settings *settings,
    struct watch_hub **out, struct sst_error *err)
{
	struct watch_hub *hub = calloc(1, sizeof(*hub));
	int rc;

	if (hub == NULL)
		return sst_error_nomem(err);
	hub->settings = *settings;
	sst_lock_init(&hub->lock, SST_LOCK_LEAF);
	pthread_cond_init(&hub->wake, NULL);
	pthread_cond_init(&hub->ended, NULL);
	hub->dirty = true; /* something may be there already */
	rc = hub_fill(hub, err);
	if (rc != SST_OK)
		watch__hub_free(&hub);
	else
		*out = hub;
	return rc;
}

/* With the lock held: sleeps until there is something to do; false: to end. */
static bool
hub_wait(struct watch_hub *hub, bool *round_out)
{
	const struct sst_clock *clock = hub->settings.clock;
	struct sst_mono next = watch__heap_next(&hub->heap);

	while (!hub->stopping && !hub->dirty &&
	    sst_mono_before(sst_clock_mono(clock), next)) {
		sst_lock_wait(&hub->lock, &hub->wake, clock, next);
		next = watch__heap_next(&hub->heap);
	}
	*round_out = hub->dirty;
	hub->dirty = false;
	return !hub->stopping;
}

static void *
hub_run(void *arg)
{
	struct watch_hub *hub = arg;
	struct sst_watch *wakes;
	bool go_on = true, round = false;

	while (go_on) {
		wakes = NULL;
		sst_lock_acquire(&hub->lock);
		go_on = hub_wait(hub, &round);
		if (go_on)
			watch__due(hub, sst_clock_mono(hub->settings.clock),
			    &wakes);
		sst_lock_release(&hub->lock);
		watch__call(wakes);
		if (go_on && round)
			watch__round(hub);
	}
	return NULL;
}

int
watch__hub_start(struct watch_hub *hub, struct sst_error *err)
{
	int rc = pthread_create(&hub->thread, NULL, hub_run, hub);

	if (rc != 0)
		return sst_error_set(
		    err, SST_INTERNAL, "watch thread: error %d", rc);
	pthread_setname_np(hub->thread, "watch");
	sst_lock_acquire(&hub->lock);
	hub->running = true;
	sst_lock_release(&hub->lock);
	return SST_OK;
}

void
watch__hub_published(struct watch_hub *hub)
{
	sst_lock_acquire(&hub->lock);
	hub->dirty = true;
	pthread_cond_signal(&hub->wake);
	sst_lock_release(&hub->lock);
}

/* With the lock held. */
static void
hub_collect_all(struct watch_hub *hub, struct sst_watch **wakes)
{
	struct watch_group *g;
	struct sst_watch *w;

	for (g = hub->groups; g != NULL; g = g->next) {
		for (w = g->members; w != NULL; w = w->next)
			watch__collect(w, wakes);
	}
}

/* With the lock held: somebody else is at it. */
static void
hub_wait_over(struct watch_hub *hub)
{
	while (!hub->over)
		sst_lock_wait(&hub->lock, &hub->ended, hub->settings.clock,
		    SST_MONO_NEVER);
}

void
watch__hub_stop(struct watch_hub *hub)
{
	struct sst_watch *wakes = NULL;
	bool running;

	sst_lock_acquire(&hub->lock);
	if (hub->stopping) {
		hub_wait_over(hub);
		sst_lock_release(&hub->lock);
		return;
	}
	hub->stopping = true;
	running = hub->running;
	pthread_cond_signal(&hub->wake);
	sst_lock_release(&hub->lock);
	if (running)
		pthread_join(hub->thread, NULL);
	sst_lock_acquire(&hub->lock);
	hub->running = false;
	hub->stopped = true;
	hub_collect_all(hub, &wakes);
	sst_lock_release(&hub->lock);
	watch__call(wakes);
	sst_lock_acquire(&hub->lock);
	hub->over = true;
	pthread_cond_broadcast(&hub->ended);
	sst_lock_release(&hub->lock);
}

void
watch__hub_free(struct watch_hub **hub)
{
	struct watch_hub *h = *hub;

	*hub = NULL;
	if (h == NULL)
		return;
	watch__hub_stop(h);
	assert(h->figures.open == 0);
	sst_snapshot_release(&h->last);
	watch__heap_fini(&h->heap);
	free(h->buckets);
	pthread_cond_destroy(&h->wake);
	pthread_cond_destroy(&h->ended);
	sst_lock_fini(&h->lock);
	free(h);
}
