/*
 * A service whose world changes some two hundred times a second, asked about
 * its past, waited for and watched by many threads at once. Shared by the files
 * of that test.
 */
#ifndef TESTS_API_STORM_H
#define TESTS_API_STORM_H

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/storm_model.h"
#include "repository/contract.h"
#include "service/service.h"
#include "support/http_client.h"
#include "support/sse_client.h"

struct sst_api;

/* What was done, printed at the end. */
enum storm_count {
	STORM_AT,      /* documents of the past compared */
	STORM_PATCHES, /* applied */
	STORM_POLL_CHANGED,
	STORM_POLL_SAME,
	STORM_POLL_STOOD, /* of these, without a tag */
	STORM_RECONNECTS, /* forced */
	STORM_CUT_AMID,   /* of these, within an event */
	STORM_BACK,       /* of these, to a place far behind */
	STORM_STATES,
	STORM_CHANGES,
	STORM_BOOKMARKS,
	STORM_HEARTBEATS,
	STORM_DIFFS,    /* changes compared with the diff of the server */
	STORM_MERGED,   /* began later than the client stood */
	STORM_MODELS,   /* models compared with a document */
	STORM_RESTARTS, /* revision to resume at was gone */
	STORM_BUSY,     /* answered 503, tried again */
	STORM_DROPPED,
	STORM_ENDS,
	STORM_GONE, /* answered 410 */
	STORM_COUNTS
};

/* Watchers that do not read: one that does later, and one that never does. */
enum { STORM_SLOW = 2 };

/* Documents as they were when they were current. */
enum { STORM_SEEN = 512 };

struct storm_seen {
	uint64_t revision;
	char *bytes;
	size_t len;
	char etag[64];
};

struct storm {
	struct sst_service *service;
	struct sst_contract *contract;
	struct sst_api *api;
	unsigned port;
	char epoch[17];
	unsigned reconnects; /* to be forced */
	unsigned rounds;     /* of who asks about the past */
	atomic_uint_fast64_t seeds;
	atomic_bool failed;
	atomic_bool quiet;     /* nothing changes any more */
	atomic_uint following; /* watchers that are cut no more */
	atomic_uint settled;   /* of these, that have the last revision */
	atomic_uint_fast64_t count[STORM_COUNTS];
	pthread_mutex_t lock;
	struct storm_seen seen[STORM_SEEN]; /* guarded by lock */
	size_t seen_count;                  /* ever added; guarded by lock */
};

/* Says what is wrong and lets everybody stop; false. libcheck's own checks are
 * not for threads. */
__attribute__((format(printf, 2, 3))) bool
storm_fail(struct storm *s, const char *fmt, ...);
void storm_add(struct storm *s, enum storm_count what);
uint64_t storm_counted(struct storm *s, enum storm_count what);
uint64_t storm_revision_now(struct storm *s);

/* Pseudo-random numbers of one thread, below `below`. */
uint64_t storm_random(uint64_t *state, uint64_t below);

/* A thread's way to ask: opened when needed, asks again when the answer is 503.
 * False: failed. */
struct storm_asker {
	struct storm *storm;
	struct http_client client;
	bool open;
};

bool storm_ask(struct storm_asker *asker, const char *headers,
    struct http_answer *out, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* The body as JSON, or NULL (failed unless the answer is 410). */
json_t *storm_ask_json(struct storm_asker *asker, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void storm_asker_fini(struct storm_asker *asker);

/* storm_past.c: threads; arg is the storm. */
void *storm_past_run(void *storm);
void *storm_patch_run(void *storm);
void *storm_poll_run(void *storm);
/* Asks once, to be answered when the service stops. */
void *storm_parked_run(void *storm);

/* storm_watch.c */
struct storm_watcher {
	struct storm *storm;
	const char *sections; /* as in the query */
	const char *key;      /* or NULL */
	bool steady;          /* never cut */
	bool slow;            /* does not read until it is dropped */
	uint64_t rnd;

	struct sse_client sse;
	struct storm_asker asker;
	struct storm_model model;
	char target[128];
	char id[48];       /* "": has nothing */
	uint64_t revision; /* of the id */
	/* What it knew at some time, to go back to. */
	char old_id[48];
	uint64_t old_revision;
	json_t *old_known;
	uint64_t events;
	bool ended;   /* "end" came */
	bool dropped; /* "dropped" came */
};

/* A thread; arg is a watcher. It ends when the stream does. */
void *storm_watcher_run(void *watcher);
/* Opens a stream that nobody reads. */
bool storm_stuck_open(struct storm *s, struct sse_client *sse);

#endif
