/*
 * How a PostgreSQL of a test's own is started: for server_start(), which keeps
 * it in a folder and on a port of its own. The role postgres needs no password,
 * all others do. It refuses to be root, so there it becomes another user.
 */
#ifndef TESTS_SUPPORT_POSTGRES_SERVER_H
#define TESTS_SUPPORT_POSTGRES_SERVER_H

#include <stdbool.h>

extern const char *const postgres_server_argv[];

bool postgres_server_has(void);

#endif
