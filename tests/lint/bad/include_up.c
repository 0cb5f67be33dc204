/* lint-as internal/model/up.c expect include-missing*1 include-owner*5 */
#include "service/compose.h"

#include <curl/curl.h>
#include <microhttpd.h>
#include <sqlite3.h>
#include <ulfius.h>
#include <yaml.h>
