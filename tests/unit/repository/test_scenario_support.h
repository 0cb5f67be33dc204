/* What the tests of the scenario engine share. */
#ifndef TESTS_UNIT_REPOSITORY_TEST_SCENARIO_SUPPORT_H
#define TESTS_UNIT_REPOSITORY_TEST_SCENARIO_SUPPORT_H

#include <check.h>
#include <jansson.h>

#include "repository/scenario/scenario.h"

/* 2026-01-01T00:00:00Z */
static const int64_t world_start_ms = INT64_C(1767225600000);

/* A scenario with one engine over it; the test fails when it does not load. */
struct world {
	struct sst_scenario *scenario;
	struct sst_engine *engine;
};

void world_open(struct world *world, const char *name, int64_t seed);
/* Of YAML text. */
void world_parse(struct world *world, const char *yaml);
void world_parse_at(struct world *world, const char *yaml, double speed);
/* Another engine over the same scenario. */
void world_twin(const struct world *world, int64_t seed, struct world *out);
void world_close(struct world *world);

/* To the instant, however many events that takes. */
void world_to(struct world *world, int64_t ms);

/* The whole world as one JSON document; the caller frees. */
json_t *world_json(struct world *world);
/* The same as text with sorted members; the caller frees. */
char *world_text(struct world *world);

/* A value by jq-like path of names and indices: "queues.0.tasks.1.id"; NULL
 * when there is none. Borrowed. */
const json_t *world_at(const json_t *document, const char *path);
const char *world_str(const json_t *document, const char *path);
long long world_int(const json_t *document, const char *path);

/* What every world promises at every instant. */
void world_check(const json_t *document);

/* One test of each file; see test_scenario.c. */
Suite *scenario_file_suite(void);
Suite *scenario_engine_suite(void);
Suite *scenario_worlds_suite(void);
Suite *scenario_mock_suite(void);
Suite *scenario_large_suite(void);

#endif
