/*
 * What the mock sources of all sections have in common: each instance has an
 * engine of its own, and they agree because the world is a pure function.
 */
#ifndef SST_REPOSITORY_SCENARIO_MOCK_H
#define SST_REPOSITORY_SCENARIO_MOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "config/option.h"
#include "repository/draft.h"
#include "repository/scenario/large.h"
#include "repository/scenario/scenario.h"
#include "repository/source.h"

/* Zeroed: the demo, at its own seed, in real time. */
struct sst_mock_settings {
	char *scenario; /* NULL: "demo" */
	int64_t seed;   /* 0: the scenario's own */
	double speed;   /* 0: 1.0 */
	double churn;   /* of large-S, large-M, large-L; 0: static */
};

/* The rows of `options:`, the same for all sections. */
enum { SST_MOCK_OPTIONS = 4 };
extern const struct sst_option sst_mock_options[SST_MOCK_OPTIONS];

struct sst_mock {
	enum sst_section_id section;
	struct sst_mock_settings settings;
	char *name;
	const struct sst_source_env *env; /* borrowed */
	struct sst_scenario *scenario;    /* NULL until the first collect */
	struct sst_engine *engine;
	struct sst_large large;
	bool is_large;
	uint64_t sent; /* version of the world that was handed out last */
	int64_t step;  /* of large, that was handed out last; -1: none */
};

int sst_mock_init(struct sst_mock *mock, enum sst_section_id section,
    const struct sst_mock_settings *settings, const struct sst_source_env *env,
    struct sst_error *err);
/* Slots of sst_source_ops; state is a struct sst_mock. */
int sst_mock_collect(void *state, const struct sst_collect *req,
    struct sst_draft *out, struct sst_error *err);
void sst_mock_fini(void *state);

/* The source of one section: sst_NAME_mock_ops. */
#define SST_MOCK_SOURCE(name, of_section, what)                            \
	static int name##_mock_init(void *state, const void *settings,     \
	    const struct sst_source_env *env, struct sst_error *err)       \
	{                                                                  \
		return sst_mock_init(                                      \
		    state, (of_section), settings, env, err);               \
	}                                                                  \
	\
	const struct sst_source_ops sst_##name##_mock_ops = {              \
	    .kind = "mock",                                                \
	    .section = (of_section),                                       \
	    .summary = (what),                                             \
	    .options = sst_mock_options,                                   \
	    .option_count = SST_MOCK_OPTIONS,                              \
	    .settings_size = sizeof(struct sst_mock_settings),             \
	    .state_size = sizeof(struct sst_mock),                         \
	    .interval_ms = 1000,                                           \
	    .deadline_ms = 5000,                                           \
	    .max_age_ms = 15000,                                           \
	    .init = name##_mock_init,                                      \
	    .collect = sst_mock_collect,                                   \
	    .fini = sst_mock_fini,                                         \
	}

#endif
