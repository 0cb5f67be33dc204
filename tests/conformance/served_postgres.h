/* A PostgreSQL server of a test: what fills it, and all that it holds. */
#ifndef TESTS_CONFORMANCE_SERVED_POSTGRES_H
#define TESTS_CONFORMANCE_SERVED_POSTGRES_H

#include <stdbool.h>

#include "support/server.h"

/* Drops the schema and runs a file that makes it, then more statements. */
bool served_postgres_feed(const struct server *server, const char *schema,
    const char *path, const char *more);

/* Every row of every table of ours with its place and its transactions, the
 * counters of what was written, locks and horizons; malloc()ed, NULL: cannot.
 */
char *served_postgres_state(const struct server *server);

#endif
