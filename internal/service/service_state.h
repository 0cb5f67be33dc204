/* The inside of a service, shared by the files of this folder only. */
#ifndef SST_SERVICE_SERVICE_STATE_H
#define SST_SERVICE_SERVICE_STATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/lock.h"
#include "service/chronicle.h"
#include "service/compose.h"
#include "service/service_priv.h"

/*
 * Locks: `composing` (COMPOSER) is held while a snapshot is composed and
 * published, by the composer thread or by a reader that met an expired
 * snapshot; `current_lock` (SNAPSHOT) guards only the pointer; the mailbox of
 * the composer thread has a lock of its own (LEAF).
 */
struct sst_service {
	char *id;
	char epoch[17];
	const struct sst_clock *clock;
	struct sst_contract *contract;
	struct sst_repository_settings sources; /* for new repositories */
	struct sst_mono started;

	struct sst_lock composing;
	/* guarded by composing */
	struct sst_repository *repository;
	struct sst_repository *incoming; /* takes over when it was asked */
	struct sst_repository *outgoing; /* replaced, to be freed */
	struct sst_mono incoming_until;  /* at the latest */
	pthread_cond_t replaced;         /* incoming became NULL */
	struct sst_compose_since *since;
	struct sst_merge_memory merges;
	struct sst_settle_memory tasks;
	bool invalid_logged;

	struct sst_lock current_lock;
	struct sst_snapshot *current; /* guarded by current_lock */
	_Atomic int64_t valid_until;  /* mono ns, of current */

	struct sst_lock mailbox;
	pthread_cond_t wake;
	bool dirty;    /* guarded by mailbox */
	bool stopping; /* guarded by mailbox */
	pthread_t thread;
	bool running;

	struct watch_hub *hub; /* watch_hub.h; NULL: nobody can watch */
	struct chronicle chronicle;
	/* What the last process ended with: the composer goes on from it. Set
	 * before the composer runs. */
	struct sst_snapshot *recalled;
	uint64_t recalled_revision;
	bool need_history; /* without it the service does not start */
	char *history_dir;

	_Atomic uint64_t revisions;
	_Atomic uint64_t invalid;
	_Atomic uint64_t composed;
	_Atomic uint64_t compose_ns;
};

/* The thread of a service: composes whenever something changed. */
void *service__composer(void *service);
/* Composes and publishes if the current snapshot is too old to be shown. */
void service__refresh(struct sst_service *service);
bool service__expired(struct sst_service *service);
/* The snapshot published last, with a reference; NULL before the first. */
struct sst_snapshot *service__current(struct sst_service *service);
/* Tells the composer thread that there is something to do. */
void service__changed(void *service);

/* How long sources that were never asked are waited for. */
enum { SERVICE_FIRST_WAIT_MS = 1000 };

/* What may wait for one watcher: some seconds of change, or two documents of
 * the largest size. */
enum { WATCH_QUEUED_EVENTS = 256, WATCH_QUEUED_BYTES = 64 << 20 };

#endif
