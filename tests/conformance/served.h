/*
 * What every source must do that reads a real server: the same demands as in
 * conformance.h, with the server behind a proxy that misbehaves. The server is
 * started and filled once for all tests of a row.
 */
#ifndef TESTS_CONFORMANCE_SERVED_H
#define TESTS_CONFORMANCE_SERVED_H

#include <stdbool.h>
#include <stddef.h>

#include "repository/source.h"
#include "support/fault_proxy.h"
#include "support/server.h"

struct sst_conformance_served_fault {
	struct fault_proxy_fault fault;
	int code; /* 0 ends */
};

struct sst_conformance_served {
	const char *name;
	const struct sst_source_ops *ops;
	/* The server, see server_start; skipped when argv[0] is missing. */
	const char *const *argv;
	/* Fills it, also after it was killed and is up again; false: cannot. */
	bool (*seed)(const struct server *server);
	/* YAML that works; {PORT} is that of the proxy. */
	const char *options;
	/* YAML that must be refused, NULL ends. */
	const char *const *bad_options;
	const struct sst_conformance_served_fault *faults;
	/* Nothing is sent to a server that has not said anything. */
	bool speaks_first;
	/* Bytes of the server before a hold in the middle of its answers. */
	size_t hold_at;
	/* Entities at the first instant. */
	size_t entities;
	/* All that the server holds, as a text, malloc()ed: the same before
	 * and after a thousand collections. NULL: not told. */
	char *(*state)(const struct server *server);
};

/* Runs all of it; the number of failed tests. */
int sst_conformance_run_served(const struct sst_conformance_served *variant);

#endif
