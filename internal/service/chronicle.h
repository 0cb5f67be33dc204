/*
 * Keeps what was published: in memory for a while, on disk by a thread of its
 * own, so that neither publishing nor an answer ever waits for a file. When the
 * disk fails it goes on in memory and tries again. For this folder only.
 */
#ifndef SST_SERVICE_CHRONICLE_H
#define SST_SERVICE_CHRONICLE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/lock.h"
#include "repository/contract.h"
#include "service/history.h"
#include "service/recent.h"
#include "service/service.h"

struct chronicle_settings {
	const struct sst_clock *clock;
	const struct sst_contract *contract;
	size_t recent_revisions; /* 0: nothing is kept, there is no thread */
	size_t recent_bytes;
	/* dir NULL: memory only */
	struct sst_history_settings history;
};

struct chronicle {
	struct chronicle_settings settings;
	struct recent recent;
	struct sst_history *history; /* NULL: off */

	struct sst_lock lock; /* LEAF; guards all below */
	pthread_cond_t wake;
	bool dirty;
	bool stopping;
	bool running; /* not guarded: the thread that starts and stops */
	pthread_t thread;
	const char *status;
	char error[SST_ERROR_TEXT];
	uint64_t failures;
	int64_t last_write_ms;

	/* of the thread only */
	struct sst_mono retry_at;
	int64_t retry_ms;
	struct sst_mono thin_at;
	bool forgot; /* the history holds no document */
};

/* What the service goes on from. */
struct chronicle_start {
	char epoch[17];
	uint64_t revision;             /* newest there ever was; 0: none */
	struct sst_snapshot *snapshot; /* that one, or NULL; a reference */
};

int chronicle__init(struct chronicle *chronicle,
    const struct chronicle_settings *settings, struct sst_error *err);
void chronicle__fini(struct chronicle *chronicle);

/*
 * Opens the history, if there is to be one, and reads its newest document.
 * Blocks on files. start->epoch is only written when there is a history. Codes
 * of sst_history_open(); a document that cannot be used is no error.
 */
int chronicle__open(struct chronicle *chronicle, struct chronicle_start *start,
    struct sst_error *err);
/* The history could not be opened, and it goes on without. */
void chronicle__off(struct chronicle *chronicle, const struct sst_error *why);
int chronicle__start(struct chronicle *chronicle, struct sst_error *err);
/* Before a snapshot of that number can be seen. Does not block. */
void chronicle__announce(struct chronicle *chronicle, uint64_t revision);
/* Once it can. Does not block. */
void chronicle__published(
    struct chronicle *chronicle, struct sst_snapshot *snapshot);
/* Stores what is left, if it can, and closes the files. Readers must be closed
 * before. */
void chronicle__stop(struct chronicle *chronicle);

void chronicle__figures(
    struct chronicle *chronicle, struct sst_service_history *out);

#endif
