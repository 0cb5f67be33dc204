/* Between the kubernetes_*.c files that talk to a cluster. */
#ifndef SST_REPOSITORY_WORKLOAD_KUBERNETES_PRIV_H
#define SST_REPOSITORY_WORKLOAD_KUBERNETES_PRIV_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/lock.h"
#include "config/option.h"
#include "repository/draft.h"
#include "repository/kube/access.h"
#include "repository/kube/reflector.h"
#include "repository/source.h"
#include "repository/workload/kubernetes_store.h"

/* A byte from the server that is older proves nothing about now. */
enum { KUBERNETES_LIFE_MS = 2000 };
/* Refused for so long, and not listed since: what we hold of it is a memory. A
 * cluster where only watching is refused is listed every minute. */
enum { KUBERNETES_FORGET_MS = 90000 };

struct kubernetes;

/* One resource in one namespace, or in all: a reflector and what it brings. */
struct kubernetes_part {
	struct kubernetes *k;
	enum kubernetes_resource resource;
	const char *namespace; /* NULL: all; borrowed from the settings */
	size_t feed;
	struct sst_kube_reflector *reflector;
	bool beta; /* CronJobs before 1.21: batch/v1beta1 */
	bool beta_tried;
	/* refused when it was looked at last, since when, and how many lists
	 * were whole by then */
	bool refused_known;
	struct sst_mono refused;
	uint64_t refused_synced;
	/* guarded by lock */
	bool listing;    /* between begin and synced or abandoned */
	uint64_t synced; /* lists that were whole */
	size_t rejected; /* objects of the list and since */
	struct sst_error first_reject;
};

/* PodMetrics of one namespace, or of all. */
struct kubernetes_gauge {
	const char *namespace; /* NULL: all; borrowed */
	/* guarded by lock */
	bool polled;
	struct sst_error error; /* of the last poll; SST_OK */
	unsigned failures;      /* in a row */
};

/* Who polls them: a thread of its own, so that a slow metrics server keeps no
 * event waiting. */
struct kubernetes_meter {
	struct sst_kube_http *http;
	pthread_cond_t wake;
	pthread_t thread;
	bool started;
	struct kubernetes_gauge gauges[KUBERNETES_NAMESPACES_MAX];
	bool stopping; /* guarded by lock */
	bool wanted;   /* guarded by lock: there are pods now */
};

struct kubernetes {
	/* settings, copied */
	char *kubeconfig, *context;
	struct sst_option_list namespaces;
	bool metrics;
	int64_t metrics_ms;
	size_t max_bytes;
	uint32_t seed;
	const struct sst_clock *clock;
	void (*notify)(void *notify_ctx);
	void *notify_ctx;

	struct sst_kube_access *access;
	struct sst_kube_turn *turn;
	struct sst_kube_http *probe;
	bool made;    /* lock and conditions are */
	bool running; /* start was there, stop not yet */
	struct kubernetes_meter meter;
	struct kubernetes_part *parts;
	size_t part_count;

	atomic_bool probing;     /* a probe runs: an event ends it */
	atomic_bool interrupted; /* collect is to return */

	struct sst_lock lock;          /* leaf */
	struct kubernetes_store store; /* guarded by lock */

	/* of the thread that collects */
	struct sst_kube_reflector_view *views; /* one a part */
	bool delivered;                        /* there was a result */
	struct sst_mono answered; /* when the last good probe began */
	char *version;            /* of the server; NULL: not known */
	struct sst_mono version_due;
};

/* kubernetes_part.c */

/* Makes part number index ready; no I/O. */
int kubernetes__part_open(
    struct kubernetes *k, size_t index, struct sst_error *err);
/* Its name in sources[].upstream.parts: "pods", "pods (agents)". */
void kubernetes__part_name(
    const char *resource, const char *namespace, char out[static 300]);
/* Before 1.21 CronJobs are served under another version: asks for that when
 * this one is not there. Joins a thread that waits for nothing. */
int kubernetes__part_adapt(struct kubernetes_part *part,
    const struct sst_kube_reflector_view *view, struct sst_error *err);
/* The credentials do not suffice, or the server does not have it. */
bool kubernetes__refused(const struct sst_error *err);
/* Forgets what has been refused for too long. */
void kubernetes__part_age(struct kubernetes_part *part,
    const struct sst_kube_reflector_view *view, struct sst_mono now);

/* kubernetes_meter.c */

/* Before any thread runs. */
void kubernetes__meter_open(struct kubernetes *k);
int kubernetes__meter_start(struct kubernetes *k, struct sst_error *err);
void kubernetes__meter_ask_stop(struct kubernetes *k);
void kubernetes__meter_join(struct kubernetes *k);

/* kubernetes_probe.c */

/* That the server answers now, by what was heard last or by a question; its
 * version on the way. */
int kubernetes__probe(struct kubernetes *k, const struct sst_collect *req,
    struct sst_mono heard, struct sst_error *err);
/* That the server answers this very question. */
int kubernetes__probe_answer(struct kubernetes *k, const struct sst_collect *req,
    struct sst_error *err);

/* kubernetes_tell.c */

/* What cannot be read, into sources[].upstream and as the source's flaw. */
int kubernetes__tell(
    struct kubernetes *k, struct sst_draft *out, struct sst_error *err);

/* kubernetes_collect.c */

int kubernetes__collect(struct kubernetes *k, const struct sst_collect *req,
    struct sst_draft *out, struct sst_error *err);

#endif
