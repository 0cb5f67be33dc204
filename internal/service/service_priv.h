/* Making and running the service: for cmd/systated and tests. */
#ifndef SST_SERVICE_SERVICE_PRIV_H
#define SST_SERVICE_SERVICE_PRIV_H

#include "repository/repository.h"
#include "service/history.h"
#include "service/service.h"

struct sst_service_settings {
	const char *id; /* of the system; copied */
	const struct sst_clock *clock;
	/* The rest as for sst_repository_new(). */
	const char *share_dir;
	size_t max_entities;
	size_t max_upstream_bytes;

	/* What is kept in memory; revisions 0: nothing, nor on disk. */
	size_t recent_revisions;
	size_t recent_bytes;
	/* dir NULL: nothing on disk. Strings are copied, clock is set. */
	struct sst_history_settings history;
	/* A history that cannot be opened: fail to start, or go on without. */
	bool need_history;
	size_t max_watchers; /* 0: nobody can watch */
	int64_t heartbeat_ms;
};

int sst_service_new(const struct sst_service_settings *settings,
    struct sst_service **out, struct sst_error *err);
/* Its sources, to be filled with sst_repository_add() before start. */
struct sst_repository *sst_service_sources_of(struct sst_service *service);
/* Starts the sources and the composer thread; does not wait for a snapshot. */
int sst_service_start(struct sst_service *service, struct sst_error *err);
/*
 * Replacing all sources of a running service, as a reload of the configuration
 * does: make an empty repository, fill it with sst_repository_add(), hand it
 * over. Sources of the same name and kind keep what they last knew. The old
 * ones are shown until every new one was asked, for a second at most.
 *
 * replace blocks until the old sources have ended; *sources is taken over, also
 * on failure. One thread at a time.
 */
int sst_service_new_sources(struct sst_service *service,
    struct sst_repository **out, struct sst_error *err);
int sst_service_replace(struct sst_service *service,
    struct sst_repository **sources, struct sst_error *err);
/* Stops both; the last snapshot stays readable. */
void sst_service_stop(struct sst_service *service);
/* Stops when running. Accepts NULL; clears the pointer. */
void sst_service_free(struct sst_service **service);

/* For figures.c: the sources behind a service, with the lock that keeps them
 * from being replaced held. */
struct sst_repository *service__enter(struct sst_service *service);
void service__leave(struct sst_service *service);

#endif
