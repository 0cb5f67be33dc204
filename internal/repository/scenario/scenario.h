/*
 * Scenarios: worlds that live by a timeline, for mock sources and tests.
 *
 * The world at an instant is a pure function of (scenario, seed, speed, start,
 * instant): engines that share these agree at equal instants, whatever steps
 * they came by. An engine belongs to one thread; a scenario is immutable and
 * may be shared.
 */
#ifndef SST_REPOSITORY_SCENARIO_SCENARIO_H
#define SST_REPOSITORY_SCENARIO_SCENARIO_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "model/section.h"

struct sst_scenario;
struct sst_engine;

/*
 * Reads `name`: a path when it holds a slash or ends in .yaml, otherwise
 * DATA_DIR/mocks/scenarios/NAME.yaml. Free with sst_scenario_free(). Reads a
 * local file. SST_NOT_FOUND, SST_IO; SST_INVALID, SST_SYNTAX, SST_TOO_DEEP,
 * SST_TOO_LARGE, SST_UNSUPPORTED, SST_ENCODING: the text names file, line,
 * column, path and what was expected; SST_NOMEM.
 */
int sst_scenario_load(const char *name, const char *share_dir,
    struct sst_scenario **out, struct sst_error *err);
/* The same of text in memory; file is for messages. */
int sst_scenario_parse(const char *file, const char *text, size_t len,
    struct sst_scenario **out, struct sst_error *err);
void sst_scenario_free(struct sst_scenario **scenario);

struct sst_engine_options {
	int64_t seed;            /* 0: the scenario's own */
	double speed;            /* scenario time per real time, > 0 */
	struct sst_wall started; /* wall time of scenario time 0 */
};

/* The engine borrows the scenario. It stands at no instant yet: advance it. */
int sst_engine_new(const struct sst_scenario *scenario,
    const struct sst_engine_options *options, struct sst_engine **out,
    struct sst_error *err);
void sst_engine_free(struct sst_engine **engine);

/*
 * Brings the world to the instant (scenario ms since the start, >= 0); going
 * back starts over. At most max_steps events are played: SST_LIMIT when more
 * are due (call again), SST_NOMEM (the engine starts over at the next call).
 */
int sst_engine_advance(struct sst_engine *engine, int64_t at_ms,
    size_t max_steps, struct sst_error *err);

/* Scenario ms of the next event after the instant, or -1: never. */
int64_t sst_engine_next(const struct sst_engine *engine);

/* Rises with every change of the world; never falls. */
uint64_t sst_engine_version(const struct sst_engine *engine);

size_t
sst_engine_count(const struct sst_engine *engine, enum sst_section_id section);
/* Version at which the i-th entity of the section last changed. */
uint64_t sst_engine_entity_version(
    const struct sst_engine *engine, enum sst_section_id section, size_t i);
/* Value of an identity member of it, borrowed until the next advance. */
const char *sst_engine_entity_part(const struct sst_engine *engine,
    enum sst_section_id section, size_t i, const char *member);
/*
 * A new tree of it as in the schema, without `source`, and without the
 * changed-at time unless the scenario gives one. NULL: memory ran out.
 */
json_t *sst_engine_entity(
    struct sst_engine *engine, enum sst_section_id section, size_t i);

#endif
