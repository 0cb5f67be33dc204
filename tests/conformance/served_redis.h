/* A Redis server of a test: what fills it, and all that it holds. */
#ifndef TESTS_CONFORMANCE_SERVED_REDIS_H
#define TESTS_CONFORMANCE_SERVED_REDIS_H

#include <stdbool.h>

#include "support/server.h"

/* Empties it and sends the commands of a recorded *.resp file to it. */
bool served_redis_feed(const struct server *server, const char *path);

/* Keys of all databases with the hash of what is in them and when they expire,
 * and the counters of what was read and written; malloc()ed, NULL: cannot. */
char *served_redis_state(const struct server *server);

#endif
