/*
 * The running sources: one thread for each group of instances collects them on
 * its own clock, so that a slow or broken source holds up nobody else. Readers
 * get the last good results and how they stand, and never wait for a source.
 */
#ifndef SST_REPOSITORY_REPOSITORY_H
#define SST_REPOSITORY_REPOSITORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "model/snapshot.h"
#include "repository/contract.h"
#include "repository/harvest.h"
#include "repository/source.h"

enum sst_status {
	SST_STATUS_OK,
	SST_STATUS_STALE,
	SST_STATUS_DEGRADED,
	SST_STATUS_DOWN,
	SST_STATUS_PENDING,
	SST_STATUS_DISABLED
};

/* "ok", "stale", ...: as in the document. */
const char *sst_status_name(enum sst_status status);

/* One configured instance; everything is copied or taken over by add(). */
struct sst_instance_settings {
	const char *name;  /* "section/instance", unique */
	const char *group; /* instances of one group are collected together,
			    * at one instant; NULL: a group of its own */
	const struct sst_source_ops *ops;
	void *options;     /* ops->settings_size bytes, ops->options rows;
			    * freed with the instance */
	bool enabled;
	/* 0: the default of ops */
	long interval_ms;
	long deadline_ms;
	long max_age_ms;
	long down_after_ms; /* 0: three times max_age */
};

struct sst_repository_settings {
	const struct sst_clock *clock;
	const struct sst_contract *contract;
	const char *share_dir;
	size_t max_entities;       /* per source; 0: no bound */
	size_t max_upstream_bytes;
	unsigned seed;             /* of the jitter */
	/* Called after every collection and when one fails; any thread, no
	 * lock held. */
	void (*changed)(void *changed_ctx);
	void *changed_ctx;
};

struct sst_repository;
struct sst_slot_view;

int sst_repository_new(const struct sst_repository_settings *settings,
    struct sst_repository **out, struct sst_error *err);
/* Before start. Takes settings->options over, also on failure. SST_INVALID,
 * SST_EXISTS: name taken; or what the source's init says. */
int sst_repository_add(struct sst_repository *repository,
    const struct sst_instance_settings *settings, struct sst_error *err);
/*
 * Before start: instances of the same name and kind take over what `views`, read
 * from the repository that is being replaced, has of them, so that nothing that
 * was known is lost.
 */
void sst_repository_inherit(struct sst_repository *repository,
    const struct sst_slot_view *views, size_t count);
/*
 * Before start: entities that are as in the snapshot, which an earlier process
 * published, keep the date of their last change. Nothing of it is shown.
 */
void sst_repository_recall(
    struct sst_repository *repository, const struct sst_snapshot *snapshot);
int sst_repository_start(
    struct sst_repository *repository, struct sst_error *err);
/* Interrupts, joins and stops all sources; the last results stay readable. */
void sst_repository_stop(struct sst_repository *repository);
/* Stops when running. Accepts NULL; clears the pointer. */
void sst_repository_free(struct sst_repository **repository);

/* How one instance stands; a copy, harvest with a reference of its own. */
struct sst_slot_view {
	const char *name; /* of the repository: lives as long as it does */
	const char *kind;
	enum sst_section_id section;
	int rank; /* of the kind: see sst_source_ops */
	bool enabled;
	struct sst_harvest *harvest; /* last good one, or NULL */
	struct sst_mono observed;    /* the instant harvest stands for */
	struct sst_wall observed_wall;
	struct sst_wall changed;     /* when its content last changed */
	struct sst_error error;      /* of the last attempt; SST_OK: none */
	struct sst_wall error_since; /* first seen, unchanged since */
	long interval_ms;
	long max_age_ms;
	long down_after_ms;
	uint64_t attempts;
	uint64_t failures;
	uint64_t consecutive_failures;
	uint64_t rejected_total;
	int64_t last_duration_ns;  /* -1: never ran */
	int64_t total_duration_ns;
	struct sst_mono next;      /* next attempt planned */
	struct sst_mono overdue;   /* while running: when to interrupt it */
};

/* All instances by name: one consistent cut, groups are never split. Release
 * with sst_slot_views_free(). */
int sst_repository_read(struct sst_repository *repository,
    struct sst_slot_view **out, size_t *count_out, struct sst_error *err);
void sst_slot_views_free(struct sst_slot_view *views, size_t count);

/* Interrupts every source that is over its deadline; returns when to look
 * again (SST_MONO_NEVER: nothing runs). */
struct sst_mono sst_repository_watch(struct sst_repository *repository);

/*
 * The status at `now`, and in *until_out the first instant at which it will be
 * another one if nothing else happens.
 */
enum sst_status sst_slot_status(const struct sst_slot_view *view,
    struct sst_mono now, struct sst_mono *until_out);

#endif
