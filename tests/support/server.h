/*
 * A real server as a child of the test: in a folder and on a port of its own,
 * bound to loopback, ended by its process id, and its folder removed.
 */
#ifndef TESTS_SUPPORT_SERVER_H
#define TESTS_SUPPORT_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

struct server {
	pid_t pid;           /* 0: it does not run */
	unsigned short port; /* 0: none was needed */
	char folder[128];    /* its own; removed by server_end */
	const char *const *argv; /* see server_start */
};

/* A port of 127.0.0.1 that is free now, never the same one twice; 0 when there
 * is none. One thread only. */
unsigned short server_free_port(void);

/* Whether the program is there: a test that needs it skips visibly if not. */
bool server_has(const char *program);

/*
 * Runs argv[0] (searched in PATH) with {PORT} and {DIR} replaced in each
 * argument, in a new empty folder, on a free port, and waits until somebody
 * listens there, at most 20 s. The process dies with the test. Output goes to
 * folder/log. False when it does not come up; then its log is printed.
 */
bool server_start(struct server *server, const char *const *argv);
/* SIGTERM or SIGKILL, and waits for its end; the folder stays. */
void server_stop(struct server *server, int signal);
/* The same command in the same folder on the same port again, for 20 s: what a
 * killed server held (PostgreSQL its shared memory) goes a moment after it. */
bool server_again(struct server *server);
/* Stops it when it runs and removes the folder; accepts zeroed memory. */
void server_end(struct server *server);

#endif
