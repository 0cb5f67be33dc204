/*
 * A large world, made of numbers: the sizes of the design's bars, without a
 * timeline. Everything is a pure function of (size, seed, section, index,
 * step); nothing is kept, so any entity can be made at any time.
 */
#ifndef SST_REPOSITORY_SCENARIO_LARGE_H
#define SST_REPOSITORY_SCENARIO_LARGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "model/section.h"

struct sst_large {
	size_t agents;
	size_t workload;
	size_t pods; /* of a workload */
	size_t queues;
	size_t tasks; /* of a queue */
	size_t models;
	uint64_t seed;
	/* Share of entities, pods and tasks that change from one step to the
	 * next; half as many leave and as many come. 0: nothing ever does. */
	double churn;
	struct sst_wall base; /* what the dates are counted back from */
};

/* "large-S", "large-M", "large-L": the sizes; false for another name. */
bool sst_large_sizes(const char *name, struct sst_large *out);

size_t
sst_large_count(const struct sst_large *large, enum sst_section_id section);

/* A number that differs when the entity of that index differs (almost always
 * when it does not, the same). */
uint64_t sst_large_state(const struct sst_large *large,
    enum sst_section_id section, size_t i, int64_t step);

enum { SST_LARGE_KEY = 3, SST_LARGE_TEXT = 64 };

/* Identity members of it in schema order; returns how many. */
size_t sst_large_key(const struct sst_large *large, enum sst_section_id section,
    size_t i, int64_t step, char parts[SST_LARGE_KEY][SST_LARGE_TEXT]);

/* A new tree as in the schema without `source` and changed-at time; NULL:
 * memory ran out. */
json_t *sst_large_entity(const struct sst_large *large,
    enum sst_section_id section, size_t i, int64_t step);

#endif
