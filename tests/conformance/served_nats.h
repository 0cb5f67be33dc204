/* A nats-server of a test: what fills it, and all that it holds. */
#ifndef TESTS_CONFORMANCE_SERVED_NATS_H
#define TESTS_CONFORMANCE_SERVED_NATS_H

#include <stdbool.h>

#include "support/server.h"

/* A work queue with a consumer in the middle of its work, a log with one, and a
 * log without. */
bool served_nats_seed(const struct server *server);

/* Streams and consumers with all that is counted of them; malloc()ed, NULL:
 * cannot. */
char *served_nats_state(const struct server *server);

#endif
