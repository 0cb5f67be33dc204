/* Between the kubernetes_*.c files that talk to a cluster. */
#ifndef SST_REPOSITORY_WORKLOAD_KUBERNETES_PRIV_H
#define SST_REPOSITORY_WORKLOAD_KUBERNETES_PRIV_H

#include <pthread.h>
#include <stdbool.h>

#include "base/clock.h"
#include "base/error.h"
#include "repository/draft.h"
#include "repository/kube/part.h"
#include "repository/source.h"
#include "repository/workload/kubernetes_store.h"

struct kubernetes;

struct kubernetes_settings {
	struct sst_kube_cluster_settings cluster;
	bool metrics;
	int64_t metrics_interval;
	int64_t usage_tolerance_percent;
};

/* What one part of the cluster brings, and where to. */
struct kubernetes_sink {
	struct kubernetes *k;
	enum kubernetes_resource resource;
	size_t feed; /* in the store */
};

/* PodMetrics of one namespace, or of all. */
struct kubernetes_gauge {
	const char *namespace; /* NULL: all; borrowed */
	/* guarded by the lock of the cluster */
	bool polled;
	struct sst_error error; /* of the last poll; SST_OK */
	unsigned failures;      /* in a row */
};

/* Who polls them: a thread of its own, so that a slow metrics server keeps no
 * event waiting. */
struct kubernetes_meter {
	struct sst_kube_http *http;
	pthread_cond_t wake;
	bool made; /* wake is */
	pthread_t thread;
	bool started;
	struct kubernetes_gauge gauges[SST_KUBE_NAMESPACES_MAX];
	/* guarded by the lock of the cluster */
	bool stopping;
	bool wanted; /* there are pods now */
};

struct kubernetes {
	struct sst_kube_cluster cluster;
	struct kubernetes_settings settings;
	struct kubernetes_meter meter;
	struct kubernetes_sink *sinks; /* one a part, in their order */
	struct kubernetes_store store; /* guarded by the lock of the cluster */
};

/* kubernetes_part.c */

/* Opens part number index of the cluster. */
int kubernetes__part_open(
    struct kubernetes *k, size_t index, struct sst_error *err);

/* kubernetes_meter.c */

/* No I/O; before any thread runs. */
int kubernetes__meter_init(struct kubernetes *k, struct sst_error *err);
/* Accepts zeroed memory. */
void kubernetes__meter_fini(struct kubernetes *k);
/* Begins the thread, if metrics are wanted at all. */
int kubernetes__meter_start(struct kubernetes *k, struct sst_error *err);
void kubernetes__meter_ask_stop(struct kubernetes *k);
void kubernetes__meter_join(struct kubernetes *k);
/* There are pods now. With the lock of the cluster held. */
void kubernetes__meter_want(struct kubernetes *k);

/* kubernetes_collect.c */

int kubernetes__collect(struct kubernetes *k, const struct sst_collect *req,
    struct sst_draft *out, struct sst_error *err);

#endif
