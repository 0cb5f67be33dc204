#include "support/fake_clock.h"

#include <stdlib.h>

static int64_t
fake_read(struct fake_clock *f)
{
	int64_t ms;

	pthread_mutex_lock(&f->mutex);
	ms = f->ms;
	pthread_mutex_unlock(&f->mutex);
	return ms;
}

static struct sst_wall
fake_wall(void *ctx)
{
	struct fake_clock *f = ctx;

	return (struct sst_wall){f->start_wall_ms + fake_read(f)};
}

static struct sst_mono
fake_mono(void *ctx)
{
	return (struct sst_mono){(fake_read(ctx) + 1000) * 1000000};
}

static void
fake_enter(struct fake_clock *f, const struct fake_waiter *waiter)
{
	if (f->waiter_count == FAKE_CLOCK_WAITERS)
		abort();
	f->waiters[f->waiter_count++] = *waiter;
}

static void
fake_leave(struct fake_clock *f, const pthread_cond_t *cond)
{
	size_t i;

	for (i = 0; i < f->waiter_count; i++) {
		if (f->waiters[i].cond != cond)
			continue;
		f->waiters[i] = f->waiters[--f->waiter_count];
		return;
	}
}

/* advance() takes the waiter's mutex before it signals, so a time that is
 * checked here with that mutex held cannot be missed. */
static void
fake_wait(void *ctx, pthread_cond_t *cond, pthread_mutex_t *mutex,
    struct sst_mono until)
{
	const struct fake_waiter waiter = {until, cond, mutex};
	struct fake_clock *f = ctx;

	pthread_mutex_lock(&f->mutex);
	fake_enter(f, &waiter);
	pthread_mutex_unlock(&f->mutex);
	if (fake_mono(f).ns < until.ns)
		pthread_cond_wait(cond, mutex);
	pthread_mutex_lock(&f->mutex);
	fake_leave(f, cond);
	pthread_mutex_unlock(&f->mutex);
}

void
fake_clock_init(struct fake_clock *clock)
{
	static const struct sst_clock_ops ops = {
	    .wall = fake_wall,
	    .mono = fake_mono,
	    .wait = fake_wait,
	};

	*clock = (struct fake_clock){
	    .start_wall_ms = INT64_C(1767225600000),
	};
	clock->clock = (struct sst_clock){&ops, clock};
	pthread_mutex_init(&clock->mutex, NULL);
}

void
fake_clock_fini(struct fake_clock *clock)
{
	pthread_mutex_destroy(&clock->mutex);
}

/* Moves those whose time has come out of the list. */
static size_t
fake_take_due(struct fake_clock *f, struct fake_waiter *due)
{
	int64_t now = (f->ms + 1000) * 1000000;
	size_t i, n = 0, kept = 0;

	for (i = 0; i < f->waiter_count; i++) {
		if (f->waiters[i].until.ns <= now)
			due[n++] = f->waiters[i];
		else
			f->waiters[kept++] = f->waiters[i];
	}
	f->waiter_count = kept;
	return n;
}

void
fake_clock_advance(struct fake_clock *clock, int64_t ms)
{
	struct fake_waiter due[FAKE_CLOCK_WAITERS];
	size_t i, n;

	pthread_mutex_lock(&clock->mutex);
	clock->ms += ms;
	n = fake_take_due(clock, due);
	pthread_mutex_unlock(&clock->mutex);
	for (i = 0; i < n; i++) {
		pthread_mutex_lock(due[i].mutex);
		pthread_cond_broadcast(due[i].cond);
		pthread_mutex_unlock(due[i].mutex);
	}
}

size_t
fake_clock_waiting(struct fake_clock *clock)
{
	size_t n;

	pthread_mutex_lock(&clock->mutex);
	n = clock->waiter_count;
	pthread_mutex_unlock(&clock->mutex);
	return n;
}

int64_t
fake_clock_next_ms(struct fake_clock *clock)
{
	int64_t left, next = INT64_MAX;
	size_t i;

	pthread_mutex_lock(&clock->mutex);
	for (i = 0; i < clock->waiter_count; i++) {
		left = clock->waiters[i].until.ns / 1000000 - 1000 - clock->ms;
		next = left < next ? left : next;
	}
	pthread_mutex_unlock(&clock->mutex);
	return next;
}
