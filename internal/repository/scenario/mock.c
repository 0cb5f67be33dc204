#include "repository/scenario/mock.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SPEED_MIN 0.001
#define SPEED_MAX 10000.0
#define CHURN_MAX 0.5

enum {
	STEPS_AT_ONCE = 4096, /* between two looks at the clock */
	STEP_MS = 1000,       /* of large, in scenario time */
	MARGIN_MS = 20        /* kept free before the deadline */
};

const struct sst_option sst_mock_options[SST_MOCK_OPTIONS] = {
    {
	.name = "scenario",
	.type = SST_OPTION_STRING,
	.fallback = "demo",
	.min = 1,
	.max = 4096,
	.help = "Name of a scenario in mocks/scenarios, path of a scenario "
		"file, or large-S, large-M, large-L.",
	.offset = offsetof(struct sst_mock_settings, scenario),
    },
    {
	.name = "seed",
	.type = SST_OPTION_INT,
	.fallback = "0",
	.min = 0,
	.max = 9007199254740992.0,
	.help = "What chance depends on: same seed, same events. 0 takes the "
		"scenario's own.",
	.offset = offsetof(struct sst_mock_settings, seed),
    },
    {
	.name = "speed",
	.type = SST_OPTION_REAL,
	.fallback = "1.0",
	.min = SPEED_MIN,
	.max = SPEED_MAX,
	.help = "Scenario time per real time; 60 plays an hour in a minute.",
	.offset = offsetof(struct sst_mock_settings, speed),
    },
    {
	.name = "churn",
	.type = SST_OPTION_REAL,
	.fallback = "0.0",
	.min = 0,
	.max = CHURN_MAX,
	.help = "Large scenarios only: share of what there is that changes "
		"every second; half as much leaves and as much comes. 0: "
		"nothing ever changes.",
	.offset = offsetof(struct sst_mock_settings, churn),
    },
};

/* Identity members in schema order. */
static const char *const identity[SST_SECTION_COUNT][SST_LARGE_KEY] = {
    [SST_SECTION_AGENTS] = {"name"},
    [SST_SECTION_WORKLOAD] = {"namespace", "kind", "deployment_name"},
    [SST_SECTION_QUEUES] = {"system", "name"},
    [SST_SECTION_LITELLM] = {"deployment_id"},
};

int
sst_mock_init(struct sst_mock *mock, enum sst_section_id section,
    const struct sst_mock_settings *settings, const struct sst_source_env *env,
    struct sst_error *err)
{
	const char *name =
	    settings->scenario == NULL ? "demo" : settings->scenario;

	mock->section = section;
	mock->settings = *settings;
	mock->settings.scenario = NULL;
	mock->env = env;
	mock->step = -1;
	if (mock->settings.speed == 0.0)
		mock->settings.speed = 1.0;
	if (!(mock->settings.speed >= SPEED_MIN) ||
	    mock->settings.speed > SPEED_MAX)
		return sst_error_set(err, SST_INVALID,
		    "speed: expected a number from %g to %g", SPEED_MIN,
		    SPEED_MAX);
	if (!(mock->settings.churn >= 0.0) || mock->settings.churn > CHURN_MAX)
		return sst_error_set(err, SST_INVALID,
		    "churn: expected a number from 0 to %g", CHURN_MAX);
	mock->name = strdup(name);
	if (mock->name == NULL)
		return sst_error_nomem(err);
	mock->is_large = sst_large_sizes(name, &mock->large);
	mock->large.seed = (uint64_t)settings->seed;
	mock->large.churn = settings->churn;
	mock->large.base = env->started_wall;
	return 0;
}

void
sst_mock_fini(void *state)
{
	struct sst_mock *mock = state;

	sst_engine_free(&mock->engine);
	sst_scenario_free(&mock->scenario);
	free(mock->name);
	mock->name = NULL;
}

/* The file is read by the first collect: init does no I/O, and a file that is
 * corrected later is picked up. */
static int
mock_open(struct sst_mock *mock, struct sst_error *err)
{
	const struct sst_engine_options options = {
	    .seed = mock->settings.seed,
	    .speed = mock->settings.speed,
	    .started = mock->env->started_wall,
	};
	int rc;

	if (mock->engine != NULL)
		return 0;
	if (mock->scenario == NULL) {
		rc = sst_scenario_load(
		    mock->name, mock->env->share_dir, &mock->scenario, err);
		if (rc != 0)
			return rc;
	}
	return sst_engine_new(mock->scenario, &options, &mock->engine, err);
}

/* Scenario ms at an instant; the same for all sources of a group. */
static int64_t
mock_at(const struct sst_mock *mock, struct sst_mono now)
{
	double ns = (double)(now.ns - mock->env->started.ns);

	return ns <= 0.0 ? 0 : (int64_t)floor(ns * mock->settings.speed / 1e6);
}

static bool
mock_late(const struct sst_mock *mock, const struct sst_collect *req)
{
	struct sst_mono now = sst_clock_mono(mock->env->clock);

	return sst_mono_diff_ms(req->deadline, now) < MARGIN_MS;
}

/* A long gap may take more than one collect to play. */
static int
mock_advance(struct sst_mock *mock, const struct sst_collect *req, int64_t at,
    struct sst_error *err)
{
	int rc;

	for (;;) {
		rc = sst_engine_advance(mock->engine, at, STEPS_AT_ONCE, err);
		if (rc != SST_LIMIT)
			return rc;
		if (mock_late(mock, req))
			return sst_error_set(err, SST_TIMEOUT,
			    "scenario %s: still playing what happened since "
			    "the last collection",
			    mock->name);
	}
}

static int
mock_keep(const struct sst_mock *mock, size_t i, struct sst_draft *out,
    struct sst_error *err)
{
	const char *parts[SST_LARGE_KEY];
	size_t n;

	for (n = 0; n < SST_LARGE_KEY; n++) {
		if (identity[mock->section][n] == NULL)
			break;
		parts[n] = sst_engine_entity_part(
		    mock->engine, mock->section, i, identity[mock->section][n]);
	}
	return sst_draft_keep(out, parts, n, err);
}

static int
mock_add(struct sst_draft *out, json_t *entity, struct sst_error *err)
{
	return entity == NULL ? sst_error_nomem(err)
			      : sst_draft_add(out, entity, err);
}

static void
mock_next(const struct sst_mock *mock, struct sst_draft *out, int64_t now,
    int64_t next)
{
	if (next >= 0)
		sst_draft_next_in(out,
		    (long)ceil((double)(next - now) / mock->settings.speed));
}

static int
mock_collect_scenario(struct sst_mock *mock, const struct sst_collect *req,
    struct sst_draft *out, struct sst_error *err)
{
	int64_t at = mock_at(mock, req->now);
	uint64_t version;
	size_t i;
	int rc;

	rc = mock_open(mock, err);
	if (rc == 0)
		rc = mock_advance(mock, req, at, err);
	if (rc != 0)
		return rc;
	for (i = 0; i < sst_engine_count(mock->engine, mock->section); i++) {
		version =
		    sst_engine_entity_version(mock->engine, mock->section, i);
		rc = SST_NOT_FOUND;
		if (version <= mock->sent)
			rc = mock_keep(mock, i, out, err);
		if (rc == SST_NOT_FOUND)
			rc = mock_add(out,
			    sst_engine_entity(mock->engine, mock->section, i),
			    err);
		if (rc != 0)
			break;
	}
	/* at the limit what was added stays, and can be kept */
	mock->sent =
	    rc == 0 || rc == SST_LIMIT ? sst_engine_version(mock->engine) : 0;
	mock_next(mock, out, at, sst_engine_next(mock->engine));
	return rc;
}

static int
mock_large_item(const struct sst_mock *mock, size_t i, int64_t step,
    struct sst_draft *out, struct sst_error *err)
{
	char text[SST_LARGE_KEY][SST_LARGE_TEXT];
	const char *parts[SST_LARGE_KEY];
	size_t n, k;
	int rc;

	if (mock->step >= 0 &&
	    sst_large_state(&mock->large, mock->section, i, step) ==
		sst_large_state(&mock->large, mock->section, i, mock->step)) {
		n = sst_large_key(&mock->large, mock->section, i, step, text);
		for (k = 0; k < n; k++)
			parts[k] = text[k];
		rc = sst_draft_keep(out, parts, n, err);
		if (rc != SST_NOT_FOUND)
			return rc;
	}
	return mock_add(
	    out, sst_large_entity(&mock->large, mock->section, i, step), err);
}

static int
mock_collect_large(struct sst_mock *mock, const struct sst_collect *req,
    struct sst_draft *out, struct sst_error *err)
{
	size_t i, n = sst_large_count(&mock->large, mock->section);
	int64_t at = mock_at(mock, req->now);
	int64_t step = mock->large.churn > 0.0 ? at / STEP_MS : 0;
	int rc = 0;

	for (i = 0; i < n && rc == 0; i++) {
		rc = mock_large_item(mock, i, step, out, err);
		if (rc == 0 && i % 64 == 63 && mock_late(mock, req))
			rc = sst_error_set(err, SST_TIMEOUT,
			    "%s: %zu of %zu entities made before the deadline",
			    mock->name, i + 1, n);
	}
	mock->step = rc == 0 || rc == SST_LIMIT ? step : -1;
	if (mock->large.churn > 0.0)
		mock_next(mock, out, at, (step + 1) * STEP_MS);
	return rc;
}

int
sst_mock_collect(void *state, const struct sst_collect *req,
    struct sst_draft *out, struct sst_error *err)
{
	struct sst_mock *mock = state;

	if (mock->is_large)
		return mock_collect_large(mock, req, out, err);
	return mock_collect_scenario(mock, req, out, err);
}
