/*
 * Shared by the watch*.c files only.
 *
 * A watcher belongs to the group of its projection. Events are made once a
 * group and kept in a list there; a watcher has a place in that list, no queue
 * of its own. One that has yet to be led to where its group stands (new, or
 * overtaken while that was done) has a snapshot of its own in `from`.
 *
 * The lock guards all of it, but for what is immutable. Bodies, diffs,
 * snapshots and callbacks are made, released and called without it.
 */
#ifndef SST_SERVICE_WATCH_PRIV_H
#define SST_SERVICE_WATCH_PRIV_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/lock.h"
#include "service/diff.h"
#include "service/watch_hub.h"
#include "service/watch_view.h"

enum {
	/* changes in one event; over that a STATE says it shorter */
	WATCH_CHANGES_MAX = 1000
};

/* An event in the list of a group. */
struct watch_item {
	struct watch_item *next;
	struct sst_watch_event event; /* immutable */
	uint64_t number;       /* of this event in its group */
	uint64_t bytes_before; /* of all events before it */
	size_t readers;        /* watchers whose next event this is */
};

struct watch_group {
	struct watch_group *chain; /* of its hash */
	struct watch_group *next, **link; /* all groups */
	struct sst_watch *members;
	size_t streams; /* members that are no long polls */
	struct watch_projection projection; /* immutable */
	uint64_t hash; /* immutable */
	uint32_t near; /* see watch__differs() */
	/* Events somebody has yet to read. */
	struct watch_item *head, *tail;
	uint64_t events; /* ever appended */
	uint64_t bytes;
	/* Of the round that goes on; kept from being freed by it. */
	struct watch_group *changed_next;
	bool pinned;
	bool wanted;             /* there were streams when it began */
	struct watch_item *made; /* NULL: streams have nothing to be told */
	bool failed;             /* there is something, but no memory for it */
};

struct sst_watch {
	struct watch_hub *hub;
	struct watch_group *group; /* NULL: it had its last event */
	struct sst_watch *next, **link; /* members */
	struct watch_item *place; /* its next event; NULL: has all */
	struct sst_watch *wake_next;
	struct sst_watch *ahead_next;
	struct sst_snapshot *from; /* leads from here; NULL with `fresh`: */
	void (*wake)(void *wake_ctx);
	void *wake_ctx;
	struct sst_mono due; /* heartbeat, or end of the long poll */
	uint64_t round;      /* it stands where the group was then */
	uint64_t told;       /* revision, of the epoch below */
	uint32_t heap_index; /* 1..; 0: not in it */
	char epoch[17];
	bool poll;
	bool lagging;  /* must be led from `from` */
	bool waiting;  /* for its wake */
	bool ahead;    /* in that list: waits until the hub comes to `from` */
	bool changed;  /* poll: is over with a CHANGE */
	bool late;     /* poll: its time is up; else: a heartbeat is due */
	bool slow;     /* that is its last event */
};

struct watch_heap {
	struct sst_watch **at; /* [1..count], room for all */
	size_t count;
};

struct watch_hub {
	struct watch_hub_settings settings;
	struct sst_lock lock;
	pthread_cond_t wake;  /* of the thread */
	pthread_cond_t ended; /* of those who wait for the end of a stop */
	pthread_t thread;

	/* guarded by lock */
	bool running;  /* there is a thread */
	bool dirty;    /* something was published */
	bool stopping; /* nothing can be opened, the thread is to end */
	bool stopped;  /* whoever asks gets its last event */
	bool over;     /* all have been woken for it */
	struct sst_snapshot *last; /* what watchers are led to */
	struct watch_view view;    /* of last */
	uint64_t round;            /* counts the values of last */
	/* The round that everybody was told about, and its snapshot's name. */
	uint64_t settled;
	uint64_t settled_revision;
	char settled_epoch[17];
	struct watch_group **buckets;
	size_t bucket_mask;
	struct watch_group *groups;
	size_t group_count;
	struct sst_watch *ahead;
	struct watch_heap heap;
	uint64_t phase; /* spreads the heartbeats */
	struct sst_watch_figures figures;
};

/* watch_event.c: none with the lock held. */

struct watch_step {
	struct sst_snapshot *from;
	struct sst_snapshot *to;
	struct sst_diff *diff;
	size_t changes; /* in all of it; 0: not counted */
};

void watch__event_at(struct sst_watch_event *event,
    enum sst_watch_event_kind kind, const struct sst_snapshot *at);
bool watch__same_epoch(
    const struct sst_snapshot *a, const struct sst_snapshot *b);
/* a is a later revision of the same epoch. */
bool watch__ahead(const struct sst_snapshot *a, const struct sst_snapshot *b);
/* How many changes pass. */
size_t watch__count(
    const struct sst_diff *diff, const struct sst_diff_filter *filter);
/* All three: SST_NOMEM, SST_INTERNAL. */
int watch__make_state(const struct watch_projection *projection,
    struct sst_snapshot *at, struct sst_watch_event *out);
/* SST_NODATA: nothing to tell. */
int watch__make_change(const struct watch_projection *projection,
    const struct watch_step *step, struct sst_watch_event *out);
/* What leads a single watcher; from NULL: it knows nothing. SST_NODATA. */
int watch__make_first(const struct watch_projection *projection, bool poll,
    struct sst_snapshot *from, struct sst_snapshot *to,
    struct sst_watch_event *out);

/* watch_group.c: all with the lock held but new and free. */

/* A group of its own; takes the projection over, also on failure. */
int watch__group_new(struct watch_projection *projection,
    struct watch_group **out, struct sst_error *err);
void watch__group_free(struct watch_group *group);
/* Puts the watch into *group, or into the equal one that is there already;
 * *group is then left for the caller to free, else it is NULL. */
void watch__group_join(struct watch_hub *hub, struct sst_watch *watch,
    struct watch_group **group);
/* What the caller has to free after it gave up the lock. */
struct watch_rubbish {
	struct watch_group *groups; /* by chain */
	struct watch_item *items;
	struct sst_snapshot *snapshot;
};

void watch__rubbish_free(struct watch_rubbish *rubbish);
/* Leaves its group and everything else; it gets no more events. */
void watch__leave(struct sst_watch *watch, struct watch_rubbish *rubbish);
/* Frees the group when nobody needs it. */
void watch__group_settle(struct watch_hub *hub, struct watch_group *group,
    struct watch_rubbish *rubbish);
/* The item comes behind all others. */
void watch__group_append(struct watch_group *group, struct watch_item *item);
/* Whether the watcher's queue takes one more event. */
bool watch__has_room(
    const struct sst_watch *watch, const struct watch_item *item);
/* The watcher read its next event. */
void watch__advance(struct sst_watch *watch, struct watch_rubbish *rubbish);

/* watch_due.c: with the lock held. */

int watch__heap_init(
    struct watch_heap *heap, size_t most, struct sst_error *err);
void watch__heap_fini(struct watch_heap *heap);
void watch__heap_put(struct watch_heap *heap, struct sst_watch *watch);
/* Also when it is not in it. */
void watch__heap_remove(struct watch_heap *heap, struct sst_watch *watch);
/* The earliest, or SST_MONO_NEVER. */
struct sst_mono watch__heap_next(const struct watch_heap *heap);
/* Sets when something is due for a new watch, and puts it into the heap. */
void watch__due_first(
    struct watch_hub *hub, struct sst_watch *watch, int64_t wait_ms);
/* Marks whatever is due at that time; adds those that wait to *wakes. */
void watch__due(struct watch_hub *hub, struct sst_mono now,
    struct sst_watch **wakes);

/* watch.c */

/* With the lock held: if it waits, it does no longer, and joins *wakes. */
void watch__collect(struct sst_watch *watch, struct sst_watch **wakes);
void watch__ahead_remove(struct sst_watch *watch);
/* Without: calls them. Each may be closed as soon as it was called. */
void watch__call(struct sst_watch *wakes);

/* watch_round.c: brings everybody to the current snapshot; the hub's thread
 * only, no lock held. */
void watch__round(struct watch_hub *hub);

#endif
