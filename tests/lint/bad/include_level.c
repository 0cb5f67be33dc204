/* lint-as internal/schema/level.c expect include-direction*5 */
#include "base/other.h"
#include "config/other.h"
#include "httpc/other.h"
#include "model/other.h"
#include "repository/other.h"
#include "schema/other.h"
#include "../cmd/systate/other.h"
#include "support/other.h"
