/* Deployments and pods as a scenario tells them: see
 * repository/scenario/mock.h. */
#include "repository/workload/workload.h"

#include "repository/scenario/mock.h"

static int
workload_mock_init(void *state, const void *settings,
    const struct sst_source_env *env, struct sst_error *err)
{
	return sst_mock_init(state, SST_SECTION_WORKLOAD, settings, env, err);
}

const struct sst_source_ops sst_workload_mock_ops = {
    .kind = "mock",
    .section = SST_SECTION_WORKLOAD,
    .summary = "Workload of a scenario in mocks/scenarios",
    .options = sst_mock_options,
    .option_count = SST_MOCK_OPTIONS,
    .settings_size = sizeof(struct sst_mock_settings),
    .state_size = sizeof(struct sst_mock),
    .interval_ms = 1000,
    .deadline_ms = 5000,
    .max_age_ms = 15000,
    .init = workload_mock_init,
    .collect = sst_mock_collect,
    .fini = sst_mock_fini,
};
