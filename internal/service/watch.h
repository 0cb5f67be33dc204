/*
 * Watching a projection of the state: one thread compares what is published
 * with what was sent, makes an event once for all watchers of a projection, and
 * wakes those whose projection changed. A watcher costs memory, no thread.
 */
#ifndef SST_SERVICE_WATCH_H
#define SST_SERVICE_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "model/body.h"
#include "model/snapshot.h"

struct sst_service;
struct sst_watch;

enum sst_watch_event_kind {
	SST_WATCH_STATE,    /* body: the document, to begin with or start over */
	SST_WATCH_CHANGE,   /* body: a diff, see sst_diff_write_json() */
	SST_WATCH_BOOKMARK, /* nothing of yours changed; revision to resume at */
	SST_WATCH_HEARTBEAT, /* nothing changed at all */
	SST_WATCH_TIME_OUT, /* of a watch with a wait: its time is over */
	SST_WATCH_SLOW,     /* last one: you did not keep up */
	SST_WATCH_STOPPED   /* last one: the service ends */
};

struct sst_watch_event {
	enum sst_watch_event_kind kind;
	char epoch[17];
	uint64_t revision;
	struct sst_body *body; /* one reference, or NULL */
};

void sst_watch_event_fini(struct sst_watch_event *event);

struct sst_watch_settings {
	unsigned sections;
	const char *key; /* as in struct sst_diff_filter; NULL: all; copied */
	size_t key_len;
	/*
	 * Where the watcher stands: what it has already. resume NULL: nothing,
	 * the first event is a STATE. Else a CHANGE (or nothing) leads from
	 * there to the present. Borrowed during the call.
	 */
	struct sst_snapshot *resume;
	/* > 0: a long poll. No events but one: CHANGE (without a body) as soon
	 * as the projection differs from that of resume, or TIME_OUT. */
	int64_t wait_ms;
	/*
	 * Called once after sst_watch_next() said SST_NODATA, when there is
	 * something to be had. On a thread of the service, no lock held; must
	 * not block, and must not call sst_watch_close().
	 */
	void (*wake)(void *wake_ctx);
	void *wake_ctx;
};

/*
 * SST_LIMIT: limits.max_watchers are open; SST_NODATA: no snapshot yet;
 * SST_CANCELED: the service is stopping; SST_NOMEM. Does not block.
 */
int sst_watch_open(struct sst_service *service,
    const struct sst_watch_settings *settings, struct sst_watch **out,
    struct sst_error *err);

/*
 * The next event, the caller ends it with sst_watch_event_fini(). SST_NODATA:
 * none now, wake will be called. SST_CANCELED: after a last event. One thread
 * at a time; does not block.
 */
int sst_watch_next(struct sst_watch *watch, struct sst_watch_event *out);

/* Not between SST_NODATA and the wake, unless the service has stopped.
 * Accepts NULL; clears the pointer. */
void sst_watch_close(struct sst_watch **watch);

/*
 * For the API, before it stops: every watch gets its last event and has been
 * woken when this returns; none can be opened any more. Any thread.
 */
void sst_watch_stop(struct sst_service *service);

struct sst_watch_figures {
	size_t open;
	size_t projections; /* different ones among the open */
	uint64_t opened_total;
	uint64_t refused_total; /* over max_watchers */
	uint64_t dropped_total; /* slow */
	uint64_t events_total[SST_WATCH_STOPPED + 1]; /* queued, by kind */
};

void sst_watch_figures(
    struct sst_service *service, struct sst_watch_figures *out);

#endif
