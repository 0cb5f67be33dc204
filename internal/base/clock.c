#include "base/clock.h"

#include <time.h>

enum { NS_PER_MS = 1000000 };
static const int64_t ns_per_s = INT64_C(1000000000);

static int64_t
clock_read_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * ns_per_s + ts.tv_nsec;
}

static struct sst_wall
real_wall(void *ctx)
{
	(void)ctx;
	return (struct sst_wall){clock_read_ns(CLOCK_REALTIME) / NS_PER_MS};
}

static struct sst_mono
real_mono(void *ctx)
{
	(void)ctx;
	return (struct sst_mono){clock_read_ns(CLOCK_BOOTTIME)};
}

/* Condition variables cannot wait on CLOCK_BOOTTIME: wait the difference. */
static void
real_wait(void *ctx, pthread_cond_t *cond, pthread_mutex_t *mutex,
    struct sst_mono until)
{
	struct timespec ts;
	int64_t left, at;

	if (until.ns == SST_MONO_NEVER.ns) {
		pthread_cond_wait(cond, mutex);
		return;
	}
	left = until.ns - real_mono(ctx).ns;
	if (left <= 0)
		return;
	at = clock_read_ns(CLOCK_MONOTONIC) + left;
	ts.tv_sec = (time_t)(at / ns_per_s);
	ts.tv_nsec = (long)(at % ns_per_s);
	pthread_cond_clockwait(cond, mutex, CLOCK_MONOTONIC, &ts);
}

const struct sst_clock *
sst_clock_real(void)
{
	static const struct sst_clock_ops ops = {
	    .wall = real_wall,
	    .mono = real_mono,
	    .wait = real_wait,
	};
	static const struct sst_clock clock = {&ops, NULL};

	return &clock;
}

struct sst_wall
sst_clock_wall(const struct sst_clock *clock)
{
	return clock->ops->wall(clock->ctx);
}

struct sst_mono
sst_clock_mono(const struct sst_clock *clock)
{
	return clock->ops->mono(clock->ctx);
}

void
sst_clock_wait(const struct sst_clock *clock, pthread_cond_t *cond,
    pthread_mutex_t *mutex, struct sst_mono until)
{
	clock->ops->wait(clock->ctx, cond, mutex, until);
}

struct sst_mono
sst_mono_add_ms(struct sst_mono t, int64_t ms)
{
	const int64_t most = INT64_MAX - 1;
	int64_t past = t.ns > 0 ? t.ns : 0;

	if (t.ns == SST_MONO_NEVER.ns || ms >= (most - past) / NS_PER_MS)
		return SST_MONO_NEVER;
	return (struct sst_mono){t.ns + ms * NS_PER_MS};
}

int64_t
sst_mono_diff_ms(struct sst_mono a, struct sst_mono b)
{
	int64_t ns = a.ns - b.ns;

	return ns >= 0 ? ns / NS_PER_MS : -((-ns + NS_PER_MS - 1) / NS_PER_MS);
}

bool
sst_mono_before(struct sst_mono a, struct sst_mono b)
{
	return a.ns < b.ns;
}
