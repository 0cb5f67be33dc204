/*
 * Time. Wall time dates things for people, monotonic time measures; they are
 * two types so that they cannot be mixed. Monotonic time also counts while the
 * machine is suspended: data does not stay fresh because a laptop slept.
 *
 * Every module takes a struct sst_clock, so tests can turn the hands.
 */
#ifndef SST_BASE_CLOCK_H
#define SST_BASE_CLOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct sst_wall {
	int64_t ms; /* since 1970-01-01T00:00:00Z */
};

struct sst_mono {
	int64_t ns; /* since some fixed instant before the process began */
};

struct sst_clock_ops {
	struct sst_wall (*wall)(void *ctx);
	struct sst_mono (*mono)(void *ctx);
	/* pthread_cond_wait that also returns once mono() >= until. */
	void (*wait)(void *ctx, pthread_cond_t *cond, pthread_mutex_t *mutex,
	    struct sst_mono until);
};

/* Borrowed by whoever reads time; must outlive them. Thread-safe. */
struct sst_clock {
	const struct sst_clock_ops *ops;
	void *ctx;
};

/* The real clock, static. */
const struct sst_clock *sst_clock_real(void);

struct sst_wall sst_clock_wall(const struct sst_clock *clock);
struct sst_mono sst_clock_mono(const struct sst_clock *clock);
void sst_clock_wait(const struct sst_clock *clock, pthread_cond_t *cond,
    pthread_mutex_t *mutex, struct sst_mono until);

/* Never reached by mono(). */
#define SST_MONO_NEVER ((struct sst_mono){INT64_MAX})

struct sst_mono sst_mono_add_ms(struct sst_mono t, int64_t ms);
/* a - b in whole milliseconds, rounded towards minus infinity. */
int64_t sst_mono_diff_ms(struct sst_mono a, struct sst_mono b);
bool sst_mono_before(struct sst_mono a, struct sst_mono b);

#endif
