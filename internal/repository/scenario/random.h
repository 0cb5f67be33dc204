/*
 * Numbers that look random and are a pure function of what they are for: two
 * engines that reach the same instant by different steps draw the same ones.
 */
#ifndef SST_REPOSITORY_SCENARIO_RANDOM_H
#define SST_REPOSITORY_SCENARIO_RANDOM_H

#include <stdint.h>

/* The finalizer of splitmix64. */
static inline uint64_t
scenario__mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static inline uint64_t
scenario__mix2(uint64_t a, uint64_t b)
{
	return scenario__mix(a ^ scenario__mix(b));
}

/* The next number of a stream. */
static inline uint64_t
scenario__draw(uint64_t *stream)
{
	*stream += UINT64_C(0x9e3779b97f4a7c15);
	return scenario__mix(*stream);
}

/* Evenly in [0, 1). */
static inline double
scenario__draw_ratio(uint64_t *stream)
{
	return (double)(scenario__draw(stream) >> 11) * 0x1.0p-53;
}

/* Evenly in [low, high]. */
static inline int64_t
scenario__draw_int(uint64_t *stream, int64_t low, int64_t high)
{
	uint64_t width = (uint64_t)(high - low) + 1;

	return width == 0 ? low
			  : low + (int64_t)(scenario__draw(stream) % width);
}

#endif
