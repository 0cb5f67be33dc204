/*
 * Watching a projection of the state: one thread compares what is published
 * with what was sent, makes an event once for all watchers of a projection, and
 * wakes those whose projection changed. A watcher costs memory, no thread.
 *
 * A projection is a choice of sections with the rows of `sources` that feed
 * them, or in these one key: an entity, a child, or a row of `sources`.
 *
 * The law: a STATE is the projection at its revision; applying the changes
 * that follow, in order, gives the projection at the revision of each. Nothing
 * is lost, nothing comes twice, also over any number of reconnects that resume
 * at the revision of the last event of whatever kind. (Dates of change are left
 * out: see diff.h.) So:
 *
 *  - Within an epoch revisions of events never fall; a CHANGE or STATE has a
 *    later one than all events before it.
 *  - `from.revision` of a CHANGE is that of the event before it or, since a
 *    body is shared by all watchers of a projection, a later one; then the
 *    projection is the same at both. A client checks: same epoch, and
 *    from.revision >= the revision it has.
 *  - Publications merge: a CHANGE may lead over several revisions, and one that
 *    was taken back in between is not told at all.
 *  - Revisions in which only dates of the projection changed are passed by
 *    like those in which nothing of it did: by the next BOOKMARK.
 *  - A STATE comes in place of a CHANGE when that would say less: over 1,000
 *    changes; the presence of a section changed (a diff does not tell its
 *    entities); the epoch is another; with a key, also when over 1,000 changes
 *    were published at once, whether this entity's are more than dates or not.
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
	/*
	 * To begin with, or to start over. body: the document with these
	 * sections; with a key, what the key names in the first of them that
	 * has it, JSON null when there is no such (or when it is an active task
	 * of an agent, which is part of its agent's text).
	 */
	SST_WATCH_STATE,
	SST_WATCH_CHANGE,    /* body: a diff, see sst_diff_write_json() */
	SST_WATCH_BOOKMARK,  /* nothing of yours changed; resume at this */
	SST_WATCH_HEARTBEAT, /* nothing changed at all */
	SST_WATCH_TIME_OUT,  /* last one of a long poll: nothing of it changed
			      * up to this revision */
	SST_WATCH_SLOW,      /* last one: you did not keep up, or memory did
			      * not suffice; resume at this */
	SST_WATCH_STOPPED    /* last one: the service ends */
};

struct sst_watch_event {
	enum sst_watch_event_kind kind;
	char epoch[17];
	/* To resume at. Of SLOW and STOPPED: of the event before or, without
	 * one, of `resume`; 0 with epoch "": nothing was given yet. */
	uint64_t revision;
	struct sst_body *body; /* one reference, or NULL */
};

void sst_watch_event_fini(struct sst_watch_event *event);

struct sst_watch_settings {
	unsigned sections; /* at least one; others are not looked at */
	/* As in struct sst_diff_filter, also encoded otherwise; NULL: all;
	 * copied. */
	const char *key;
	size_t key_len;
	/*
	 * Where the watcher stands: what it has already. resume NULL: nothing,
	 * the first event is a STATE. Else a CHANGE (or nothing) leads from
	 * there to the present. It may be later than what the watchers were
	 * told. A reference is kept until the first sst_watch_next().
	 */
	struct sst_snapshot *resume;
	/*
	 * > 0: a long poll. No events but one: CHANGE (without a body) as soon
	 * as the projection differs from that of resume (any byte of it, also
	 * dates), or TIME_OUT.
	 */
	int64_t wait_ms;
	/*
	 * Called once after sst_watch_next() said SST_NODATA, when there is
	 * something to be had. (In a rare race there is nothing, and the next
	 * sst_watch_next() says SST_NODATA again.) On the thread of the hub or
	 * the one that stops it, no lock held; must not block, and must not
	 * call sst_watch_close().
	 */
	void (*wake)(void *wake_ctx);
	void *wake_ctx;
};

/*
 * SST_LIMIT: limits.max_watchers are open; SST_NODATA: no snapshot yet;
 * SST_CANCELED: the service is stopping; SST_INVALID: no section, or no key at
 * all; SST_UNSUPPORTED: this service has no hub; SST_NOMEM. Does not block.
 */
int sst_watch_open(struct sst_service *service,
    const struct sst_watch_settings *settings, struct sst_watch **out,
    struct sst_error *err);

/*
 * The next event, the caller ends it with sst_watch_event_fini(). SST_NODATA:
 * none now, wake will be called: do not come back before that. SST_CANCELED:
 * after a last event. One thread at a time. Waits for nobody; the first call
 * may take as long as a diff, or as writing the document.
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
