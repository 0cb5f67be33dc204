/*
 * Follows one resource of an API server, in all namespaces or in one: LIST in
 * pages, then WATCH with bookmarks, over and over, as client-go does. A thread
 * of its own; the objects go to callbacks on that thread, one at a time.
 *
 * States and back-off: internal/repository/kube/reflector.c.
 */
#ifndef SST_REPOSITORY_KUBE_REFLECTOR_H
#define SST_REPOSITORY_KUBE_REFLECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "repository/kube/access.h"

enum sst_kube_event {
	SST_KUBE_LISTED,   /* part of a list: from begin to synced */
	SST_KUBE_ADDED,
	SST_KUBE_MODIFIED,
	SST_KUBE_DELETED   /* the object as it was last */
};

/* On the reflector's thread; never with a lock of the reflector held. */
struct sst_kube_sink {
	/* A list begins; one that does not come to synced has to be ignored
	 * (abandoned is called then): what was known before stays. */
	void (*begin)(void *ctx);
	/*
	 * The object's JSON without managedFields; for the events of a watch
	 * the `object` member. Borrowed. A negative code means that it could
	 * not be understood: it is counted in `rejected`, nothing else.
	 */
	int (*object)(enum sst_kube_event event, const char *json, size_t len,
	    void *ctx, struct sst_error *err);
	/* The list is whole: what was not in it is gone. */
	void (*synced)(void *ctx);
	void (*abandoned)(void *ctx);
	/* state, synced, error or first_reject of sst_kube_reflector_read
	 * became another. */
	void (*changed)(void *ctx);
	void *ctx;
};

/* Lists of one server are made one after the other: share one of these. */
struct sst_kube_turn;
int sst_kube_turn_new(struct sst_kube_turn **out, struct sst_error *err);
void sst_kube_turn_free(struct sst_kube_turn **turn);

struct sst_kube_reflector_settings {
	struct sst_kube_access *access;
	struct sst_kube_turn *turn; /* may be NULL */
	const struct sst_clock *clock;
	const char *group;      /* "/api/v1", "/apis/apps/v1"; static */
	const char *resource;   /* "pods"; static */
	const char *namespace;  /* copied; NULL: all */
	const char *labels;     /* label selector, not encoded; copied; NULL */
	bool metadata_only;     /* PartialObjectMetadata */
	long page_size;         /* 0: 500 */
	size_t max_object_bytes; /* 0: 4 MiB */
	uint32_t seed;          /* of the jitter */
	struct sst_kube_sink sink;
};

enum sst_kube_reflector_state {
	SST_KUBE_STARTING, /* never synced yet */
	SST_KUBE_WATCHING, /* synced, the watch is open */
	SST_KUBE_RESUMING, /* synced; the watch ended, another one is begun */
	SST_KUBE_FAILING   /* the last attempt failed; see error */
};

/* How it stands; a copy. */
struct sst_kube_reflector_view {
	enum sst_kube_reflector_state state;
	bool synced; /* at least once: there is something to show */
	struct sst_error error; /* of the last attempt; SST_OK: none */
	struct sst_mono heard;  /* last byte from the server */
	/* lists and watches begun; objects of watches; what of lists and
	 * watches was not understood, events of unknown types with them */
	uint64_t lists, watches, events, rejected;
	struct sst_error first_reject;
	char resource_version[64];
};

struct sst_kube_reflector;

/* No I/O. */
int sst_kube_reflector_new(const struct sst_kube_reflector_settings *settings,
    struct sst_kube_reflector **out, struct sst_error *err);
/* Begins its thread. */
int sst_kube_reflector_start(
    struct sst_kube_reflector *reflector, struct sst_error *err);
/* Ends what it waits for and tells it to end; does not wait. */
void sst_kube_reflector_ask_stop(struct sst_kube_reflector *reflector);
/* Waits for the end of the thread; after ask_stop. */
void sst_kube_reflector_join(struct sst_kube_reflector *reflector);
/* Any thread. */
void sst_kube_reflector_read(struct sst_kube_reflector *reflector,
    struct sst_kube_reflector_view *out);
/* Accepts NULL; clears the pointer. After join. */
void sst_kube_reflector_free(struct sst_kube_reflector **reflector);

#endif
