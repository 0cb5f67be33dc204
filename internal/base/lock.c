#include "base/lock.h"

#include <stdlib.h>

/* Bit n set: this thread holds a lock of class n. */
static _Thread_local unsigned held_classes;

void
sst_lock_init(struct sst_lock *lock, enum sst_lock_class class)
{
	pthread_mutex_init(&lock->mutex, NULL);
	lock->class = class;
}

void
sst_lock_fini(struct sst_lock *lock)
{
	pthread_mutex_destroy(&lock->mutex);
}

static void
lock_check_order(enum sst_lock_class class)
{
	/* abort() in release builds too: a deadlock would be worse */
	if ((held_classes >> class) != 0)
		abort();
}

void
sst_lock_acquire(struct sst_lock *lock)
{
	lock_check_order(lock->class);
	pthread_mutex_lock(&lock->mutex);
	held_classes |= 1u << lock->class;
}

void
sst_lock_release(struct sst_lock *lock)
{
	sst_lock_assert_held(lock);
	held_classes &= ~(1u << lock->class);
	pthread_mutex_unlock(&lock->mutex);
}

void
sst_lock_assert_held(const struct sst_lock *lock)
{
	if ((held_classes & (1u << lock->class)) == 0)
		abort();
}

void
sst_lock_wait(struct sst_lock *lock, pthread_cond_t *cond,
    const struct sst_clock *clock, struct sst_mono until)
{
	sst_lock_assert_held(lock);
	sst_clock_wait(clock, cond, &lock->mutex, until);
}
