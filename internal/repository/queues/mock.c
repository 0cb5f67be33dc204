/* Queues as a scenario tells them: see repository/scenario/mock.h. */
#include "repository/queues/queues.h"

#include "repository/scenario/mock.h"

SST_MOCK_SOURCE(queues, SST_SECTION_QUEUES,
    "Queues of a scenario in mocks/scenarios");
