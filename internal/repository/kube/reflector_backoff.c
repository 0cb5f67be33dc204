/*
 * How long to wait, with client-go's values: 0.8 s, twice as long with each
 * failure up to 30 s, as much again at random so that clients do not come
 * back together; from the start after two minutes without a failure.
 */
#include "repository/kube/reflector_priv.h"

enum {
	BACKOFF_FIRST_MS = 800,
	BACKOFF_MOST_MS = 30000,
	BACKOFF_QUIET_MS = 120000,
	BACKOFF_SLOW_MS = 30000
};

void
reflector__backoff_init(struct reflector_backoff *backoff, uint32_t seed)
{
	backoff->next_ms = 0;
	backoff->last = (struct sst_mono){0};
	backoff->random = seed;
}

void
reflector__backoff_reset(struct reflector_backoff *backoff)
{
	backoff->next_ms = 0;
}

/* splitmix64 */
uint64_t
reflector__random(struct reflector_backoff *backoff, uint64_t bound)
{
	uint64_t z = backoff->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (z ^ (z >> 31)) % bound;
}

static int64_t
backoff_jitter(struct reflector_backoff *backoff, int64_t ms)
{
	return ms + (int64_t)reflector__random(backoff, (uint64_t)ms);
}

int64_t
reflector__backoff_next(struct reflector_backoff *backoff, struct sst_mono now)
{
	int64_t ms = backoff->next_ms;

	if (ms == 0 || sst_mono_diff_ms(now, backoff->last) > BACKOFF_QUIET_MS)
		ms = BACKOFF_FIRST_MS;
	backoff->last = now;
	backoff->next_ms = ms * 2 < BACKOFF_MOST_MS ? ms * 2 : BACKOFF_MOST_MS;
	return backoff_jitter(backoff, ms);
}

int64_t
reflector__backoff_slow(struct reflector_backoff *backoff)
{
	return backoff_jitter(backoff, BACKOFF_SLOW_MS);
}
