/* lint-as internal/repository/queues/sibling.c expect sibling-include */
#include "config/other.h"
#include "repository/agents/other.h"
#include "repository/other.h"
#include "repository/queues/other.h"
#include "repository/scenario/other.h"
