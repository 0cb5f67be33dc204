/* The thread behind sst_watch_*; for service.c and its tests only. */
#ifndef SST_SERVICE_WATCH_HUB_H
#define SST_SERVICE_WATCH_HUB_H

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "service/watch.h"

struct watch_hub;

struct watch_hub_settings {
	const struct sst_clock *clock;
	size_t max_watchers;
	/*
	 * Bounds of what waits for one watcher; over one of them it is slow.
	 * Bodies count for each, though they are shared. A first event always
	 * goes, however large.
	 */
	size_t max_queued_events;
	size_t max_queued_bytes;
	/* From one heartbeat of a watcher to the next; the first comes in the
	 * second half of that. 0: none. */
	int64_t heartbeat_ms;
	/* A reference to the snapshot published last, or NULL; any thread. */
	struct sst_snapshot *(*current)(void *current_ctx);
	void *current_ctx;
};

int watch__hub_new(const struct watch_hub_settings *settings,
    struct watch_hub **out, struct sst_error *err);
int watch__hub_start(struct watch_hub *hub, struct sst_error *err);
/* There is a new snapshot. Any thread, no lock held; does not block. */
void watch__hub_published(struct watch_hub *hub);
/* Every watch gets its last event and is woken when this returns; none can be
 * opened. Any thread but the hub's, any number of times. */
void watch__hub_stop(struct watch_hub *hub);
/* Stops when running; every watch must be closed. Accepts NULL; clears. */
void watch__hub_free(struct watch_hub **hub);

/* What sst_watch_open() and sst_watch_figures() do with the service's hub. */
int watch__hub_open(struct watch_hub *hub,
    const struct sst_watch_settings *settings, struct sst_watch **out,
    struct sst_error *err);
void watch__hub_figures(struct watch_hub *hub, struct sst_watch_figures *out);

#endif
