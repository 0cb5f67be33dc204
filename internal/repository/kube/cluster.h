/*
 * A cluster that a source follows: what does not depend on what the source
 * reads there. The settings that all such sources have, access to the server,
 * the resources that are followed (part.h), the question whether the server
 * lives, and whether all of it gives a result.
 *
 * Threads: a reflector for each part, and the framework's one that collects.
 * They share what is guarded by lock; a source guards with it what its parts
 * fill, too. It is a leaf: held for a record or a workload, never while anybody
 * waits.
 */
#ifndef SST_REPOSITORY_KUBE_CLUSTER_H
#define SST_REPOSITORY_KUBE_CLUSTER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/lock.h"
#include "config/option.h"
#include "repository/kube/access.h"
#include "repository/kube/reflector.h"
#include "repository/source.h"

/* Each namespace is followed by itself: watches, threads and connections, which
 * the API server holds open as well. Who has more of them gives the right to
 * list the whole cluster. */
enum { SST_KUBE_NAMESPACES_MAX = 20 };

/* A member of the settings of each such source. */
struct sst_kube_cluster_settings {
	char *kubeconfig;
	char *context;
	struct sst_option_list namespaces;
};

/* Its rows. watches: in words, how many each namespace takes. */
#define SST_KUBE_CLUSTER_OPTIONS(holder, member, watches)                    \
	{.name = "kubeconfig",                                               \
	    .type = SST_OPTION_STRING,                                       \
	    .min = 1,                                                        \
	    .max = 4096,                                                     \
	    .help = "File that says where the cluster is and who we are. "   \
		    "Without it: KUBECONFIG, ~/.kube/config, the service "   \
		    "account of the pod.",                                   \
	    .offset = offsetof(holder, member.kubeconfig)},                  \
	    {.name = "context",                                              \
		.type = SST_OPTION_STRING,                                   \
		.min = 1,                                                    \
		.max = 512,                                                  \
		.help = "Context of the kubeconfig; without it the current " \
			"one.",                                              \
		.offset = offsetof(holder, member.context)},                 \
	{                                                                    \
		.name = "namespaces", .type = SST_OPTION_LIST,               \
		.max = SST_KUBE_NAMESPACES_MAX,                              \
		.valid = sst_kube_namespace_valid,                           \
		.form = "the name of a namespace",                           \
		.help = "Only these namespaces; empty: all, which needs a "  \
			"ClusterRole. Each one takes " watches               \
			" watches, so no more than 20.",                     \
		.offset = offsetof(holder, member.namespaces)                \
	}

/* A label of DNS: also keeps anything odd out of URLs. */
bool sst_kube_namespace_valid(const char *text);

struct sst_kube_part;

struct sst_kube_cluster {
	/* unchanged after init */
	const struct sst_clock *clock;
	void (*notify)(void *notify_ctx);
	void *notify_ctx;
	size_t max_object_bytes;
	uint32_t seed; /* so that several instances do not come back in step */
	const struct sst_option_list *namespaces; /* borrowed; empty: all */
	size_t namespace_count;                   /* 1 for all */
	struct sst_kube_access *access;
	struct sst_kube_turn *turn;
	struct sst_kube_http *probe;
	/* resource by resource, the gravest first: number r of them in
	 * namespace n is parts[r * namespace_count + n] */
	struct sst_kube_part *parts;
	size_t part_count;
	bool made; /* lock is */

	atomic_bool probing;     /* a probe runs: an event ends it */
	atomic_bool interrupted; /* the collection is to return */
	struct sst_lock lock;    /* leaf */

	/* of the thread that collects, starts and stops */
	bool running;             /* start was there, stop not yet */
	bool delivered;           /* there was a result */
	struct sst_mono answered; /* when the last good probe began */
	char *version;            /* of the server; NULL: not known */
	struct sst_mono version_due;
};

/*
 * For the init of a source: no I/O. settings are borrowed until fini.
 * resources: how many are followed in each namespace. SST_INVALID: a namespace
 * stands there twice; SST_NOMEM. Fini is safe after a failure.
 */
int sst_kube_cluster_init(struct sst_kube_cluster *cluster,
    const struct sst_kube_cluster_settings *settings, size_t resources,
    const struct sst_source_env *env, struct sst_error *err);
/* After stop. Accepts zeroed memory; zeroes it. */
void sst_kube_cluster_fini(struct sst_kube_cluster *cluster);

/* Number n of the namespaces, borrowed; NULL: all of them. */
const char *
sst_kube_cluster_namespace(const struct sst_kube_cluster *cluster, size_t n);

/* Begins the threads of all parts, which were opened before (part.h). After a
 * failure stop as well. */
int
sst_kube_cluster_start(struct sst_kube_cluster *cluster, struct sst_error *err);
/* Tells all threads to end; does not wait. Accepts zeroed memory. */
void sst_kube_cluster_ask_stop(struct sst_kube_cluster *cluster);
/* Waits for them and closes the parts. */
void sst_kube_cluster_join(struct sst_kube_cluster *cluster);

/* Something came: ends a probe and has the framework collect. Any thread, never
 * with the lock held. */
void sst_kube_cluster_wake(struct sst_kube_cluster *cluster);

/*
 * The first half of a collection: reads how all parts stand, and whether the
 * server answers now, by what was heard last or by a question. SST_OK: what the
 * parts have brought may be shown; else why there is nothing to show, in words
 * that do not depend on which of several equal failures came first. SST_NODATA:
 * not all of it was listed yet. Blocks until req->deadline at most.
 */
int sst_kube_cluster_look(struct sst_kube_cluster *cluster,
    const struct sst_collect *req, struct sst_error *err);
/* Makes look return SST_CANCELED soon. Any thread, never blocks. */
void sst_kube_cluster_interrupt(struct sst_kube_cluster *cluster);
/* At the end of a collection: an interrupt was meant for that one. */
void sst_kube_cluster_resume(struct sst_kube_cluster *cluster);

/* The credentials do not suffice, or the server does not have it. */
bool sst_kube_refused(const struct sst_error *err);

#endif
