/* lint-as cmd/systated/program.c expect include-direction include-owner*2 */
#include "../cmd/systate/other.h"
#include "api/other.h"
#include "base/other.h"
#include "repository/agents/other.h"

#include <curl/curl.h>
#include <ulfius.h>
