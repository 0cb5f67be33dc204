/*
 * Mutex with a class. Classes are ordered: a thread may take a lock only while
 * it holds locks of lower rank, which rules out deadlock; an attempt to break
 * the order aborts. No lock is held across I/O, logging or a callback.
 */
#ifndef SST_BASE_LOCK_H
#define SST_BASE_LOCK_H

#include <pthread.h>

#include "base/clock.h"

enum sst_lock_class {
	SST_LOCK_COMPOSER = 1,  /* one publication at a time */
	SST_LOCK_SCHEDULER = 2, /* due times, slots, worker states */
	SST_LOCK_SNAPSHOT = 3,  /* the current pointer, representations */
	SST_LOCK_LEAF = 4       /* anything that takes no other lock */
};

struct sst_lock {
	pthread_mutex_t mutex;
	enum sst_lock_class class;
};

void sst_lock_init(struct sst_lock *lock, enum sst_lock_class class);
void sst_lock_fini(struct sst_lock *lock);
void sst_lock_acquire(struct sst_lock *lock);
void sst_lock_release(struct sst_lock *lock);
/* Aborts unless the calling thread holds a lock of that class. */
void sst_lock_assert_held(const struct sst_lock *lock);
/* Waits on cond with the lock given up; returns at `until` at the latest. */
void sst_lock_wait(struct sst_lock *lock, pthread_cond_t *cond,
    const struct sst_clock *clock, struct sst_mono until);

#endif
