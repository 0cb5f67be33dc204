/* Model deployments as a scenario tells them: see repository/scenario/mock.h.
 */
#include "repository/litellm/litellm.h"

#include "repository/scenario/mock.h"

SST_MOCK_SOURCE(litellm, SST_SECTION_LITELLM,
    "Model usage of a scenario in mocks/scenarios");
