/* Shared by repository.c and poller.c only. */
#ifndef SST_REPOSITORY_REPOSITORY_PRIV_H
#define SST_REPOSITORY_REPOSITORY_PRIV_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/lock.h"
#include "repository/repository.h"

/* Life of a group; changed only in poller.c under the scheduler lock. */
enum poller_state {
	POLLER_READY,
	POLLER_IDLE,
	POLLER_RUNNING,
	POLLER_BACKOFF,
	POLLER_STOPPING,
	POLLER_STOPPED
};

struct poller_group;

/* One instance. view: guarded by the scheduler lock. The rest: set before
 * start, then used by the group's thread only. */
struct poller_slot {
	struct sst_slot_view view;
	char *name;
	const struct sst_source_ops *ops;
	void *options;
	void *state;
	long deadline_ms;
	struct sst_source_env env;
	struct poller_group *group;
	struct poller_slot *next; /* in the group */
	bool started;
	/* What the last process had of it, until the first answer; or NULL. */
	struct sst_harvest *memory;
	struct sst_wall memory_changed;
};

struct poller_group {
	struct sst_repository *repository;
	char *name;
	struct poller_slot *slots;
	pthread_t thread;
	bool running; /* thread to be joined */
	pthread_cond_t wake;
	/* guarded by the scheduler lock */
	enum poller_state state;
	struct sst_mono due;
	bool notified;   /* collect at once */
	uint32_t random; /* state of the jitter */
	struct poller_group *next;
};

struct sst_repository {
	struct sst_repository_settings settings;
	struct sst_lock lock; /* SST_LOCK_SCHEDULER */
	struct poller_group *groups;
	struct poller_slot **slots; /* by name */
	size_t slot_count;
	struct sst_mono started;
	struct sst_wall started_wall;
	bool running;
};

/* Starts the thread of a group; joins it after asking it to end. */
int poller__start(struct poller_group *group, struct sst_error *err);
void poller__ask_stop(struct poller_group *group);
void poller__join(struct poller_group *group);
/* The notify slot of sst_source_env; ctx is the group. */
void poller__notify(void *ctx);

#endif
