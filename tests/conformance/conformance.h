/*
 * What every source must do, whatever it reads. A variant is a row; one that
 * asks another system is run against the test double and must tell apart each
 * way in which that can fail.
 */
#ifndef TESTS_CONFORMANCE_CONFORMANCE_H
#define TESTS_CONFORMANCE_CONFORMANCE_H

#include <stdbool.h>
#include <stddef.h>

#include "repository/source.h"
#include "support/upstream.h"

struct sst_conformance_case {
	const char *name;
	const struct sst_source_ops *ops;
	/* YAML that works; %s stands for the URL of the double, if any. */
	const char *options;
	/* YAML that must be refused, NULL ends; NULL: none known. */
	const char *const *bad_options;
	/* What the double answers (see upstream_load), below the source tree;
	 * NULL: asks nobody. */
	const char *routes;
	/* Entities at the first instant. */
	size_t entities;
};

/* Runs all of it; false: some of it failed. */
bool sst_conformance_run(const struct sst_conformance_case *variant);

/* A source that follows a Kubernetes API server. */
struct sst_conformance_stream {
	const char *name;
	const struct sst_source_ops *ops;
	const char *options; /* YAML members beside kubeconfig */
	const char *const *bad_options;
	/* What the server holds: recordings of mocks/upstreams/kubernetes; a
	 * NULL collection ends. */
	struct {
		const char *collection, *file;
	} lists[12];
	unsigned watches; /* it holds open */
	size_t entities;
};

bool sst_conformance_run_stream(const struct sst_conformance_stream *variant);

#endif
