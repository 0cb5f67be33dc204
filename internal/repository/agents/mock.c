/* Agents as a scenario tells them: see repository/scenario/mock.h. */
#include "repository/agents/agents.h"

#include "repository/scenario/mock.h"

SST_MOCK_SOURCE(agents, SST_SECTION_AGENTS,
    "Agents of a scenario in mocks/scenarios");
