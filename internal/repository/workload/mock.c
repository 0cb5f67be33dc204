/* Deployments and pods as a scenario tells them: see
 * repository/scenario/mock.h. */
#include "repository/workload/workload.h"

#include "repository/scenario/mock.h"

SST_MOCK_SOURCE(workload, SST_SECTION_WORKLOAD,
    "Workload of a scenario in mocks/scenarios");
