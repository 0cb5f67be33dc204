/*
 * A scenario as read: the first world as templates and the timeline. Immutable
 * after loading.
 */
#ifndef SST_REPOSITORY_SCENARIO_PLAN_H
#define SST_REPOSITORY_SCENARIO_PLAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "model/section.h"
#include "repository/scenario/read.h"

struct sst_engine;

/* One kind of thing that can happen. */
struct scn_op {
	const char *name; /* "task.start" */
	const struct scn_shape *args;
	/* Optional: what the table cannot say; may change args. */
	int (*check)(const struct scn_reader *reader,
	    const struct scn_node *node, json_t *args);
	/* Changes the world; what does not apply any more (a task that is
	 * gone) changes nothing. SST_NOMEM. */
	int (*apply)(struct sst_engine *engine, struct scn_moment *moment,
	    const json_t *args);
	bool repeats; /* makes sense only with `every` */
};

/* The operation of that name, or NULL; `kind` for op "generate", else NULL. */
const struct scn_op *scenario__op(const char *name);
const struct scn_op *scenario__generator(const char *kind);
/* Names of all, comma-separated; for messages. */
void scenario__op_names(char *out, size_t size);
void scenario__generator_names(char *out, size_t size);

/* One entry of the timeline. */
struct scn_event {
	const struct scn_op *op;
	json_t *args;   /* template */
	int64_t at;     /* ms since the start of the round */
	int64_t every;  /* 0: once */
	int64_t jitter; /* added to each occurrence: 0 to this */
	uint64_t first; /* {n} of the first occurrence */
	uint64_t times; /* occurrences; 0: without end */
};

struct sst_scenario {
	int64_t seed;
	int64_t loop; /* ms of a round; 0: one round without end */
	/* Arrays of entity templates; never NULL. */
	json_t *sections[SST_SECTION_COUNT];
	struct scn_event *events;
	size_t count;
};

bool scenario__plan_names(const struct sst_scenario *plan,
    enum sst_section_id section, const char *name);

/* Whether `name` means this entity: a name, or "system/name" of a queue,
 * "namespace/name" of a workload, the model name of a deployment. */
bool scenario__is_called(
    enum sst_section_id section, const json_t *entity, const char *name);

/* Identity of an entity as one text with control characters; free(). */
char *scenario__key(enum sst_section_id section, const json_t *entity);

/* Adds what the scenario left out. 0 or SST_NOMEM. */
int scenario__defaults(enum sst_section_id section, json_t *entity);

/* Reads `timeline:` into the plan, whose sections are complete. */
int scenario__read_timeline(const struct scn_reader *reader,
    const struct scn_node *node, struct sst_scenario *plan);

#endif
