/*
 * What is known of a cluster: records of objects, and which workload each of
 * them belongs to. One pod that changes marks one workload; nothing is made of
 * the others. Not locked: the caller is.
 */
#ifndef SST_REPOSITORY_WORKLOAD_KUBERNETES_STORE_H
#define SST_REPOSITORY_WORKLOAD_KUBERNETES_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "repository/kube/cluster.h"
#include "repository/workload/kubernetes_parse.h"
#include "repository/workload/kubernetes_record.h"

struct kubernetes_workload;

struct kubernetes_object {
	struct kubernetes_record *record;
	struct kubernetes_workload *workload;  /* it belongs to */
	struct kubernetes_object *next, *prev; /* in there */
	struct kubernetes_object *name_next;   /* of one hash */
	struct kubernetes_object *uid_next;
	uint64_t list; /* number of the last list it was in */
	uint64_t poll; /* the same of usage */
	size_t feed;
	bool guessed;     /* the owner was not found; its workload may change */
	int64_t cpu_nano; /* shown usage of a pod; KUBERNETES_NONE */
	int64_t memory_bytes; /* the same */
};

/* Of a Deployment, or what plays its role; also one that only a pod or an
 * autoscaler speaks of. */
struct kubernetes_workload {
	const char *namespace, *kind, *name; /* in one block behind it */
	struct kubernetes_workload *key_next;
	struct kubernetes_object
	    *control; /* the object itself; NULL: not known */
	struct kubernetes_object *pods;
	struct kubernetes_object *others; /* ReplicaSets, Jobs, autoscalers */
	size_t pod_count;
	size_t job_count;
	bool dirty; /* something of it changed since it was made */
	char text[];
};

/* One resource in one namespace, or in all. */
struct kubernetes_feed {
	bool known;    /* listed at least once, and not refused since */
	uint64_t list; /* number of the running or last list */
};

struct kubernetes_store {
	const char *const *namespaces; /* borrowed; NULL: all of them */
	size_t namespace_count;        /* 1 for all */
	struct kubernetes_feed
	    feeds[SST_KUBE_NAMESPACES_MAX * KUBERNETES_RESOURCES];
	struct kubernetes_object **by_name, **by_uid; /* hash tables */
	struct kubernetes_workload **by_key;
	size_t slots; /* of each of the three, a power of two */
	size_t object_count;
	struct kubernetes_workload **workloads;
	size_t workload_count, workload_cap;
	size_t guessed; /* objects that are */
	bool misplaced; /* some may belong to another workload now */
	bool changed;   /* something is dirty */
	uint64_t poll;
	int64_t tolerance_percent; /* of usage */
};

/* namespaces: see above. SST_NOMEM. */
int kubernetes__store_init(struct kubernetes_store *store,
    const char *const *namespaces, size_t count, struct sst_error *err);
/* Accepts zeroed memory. */
void kubernetes__store_fini(struct kubernetes_store *store);

size_t kubernetes__store_feed(
    size_t namespace_index, enum kubernetes_resource resource);
/* Whether what is held of that resource there is all there is. */
bool kubernetes__store_known(const struct kubernetes_store *store,
    enum kubernetes_resource resource, const char *namespace);

/* Takes the record over, also on failure. SST_NOMEM: nothing changed. */
int kubernetes__store_put(struct kubernetes_store *store, size_t feed,
    struct kubernetes_record *record, struct sst_error *err);
/* Forgets the object that the record names. */
void kubernetes__store_drop(
    struct kubernetes_store *store, const struct kubernetes_record *record);

/* A list begins. What is put from now on is in it. */
void kubernetes__store_begin(struct kubernetes_store *store, size_t feed);
/* The list is whole: what was not in it is gone. */
void kubernetes__store_synced(struct kubernetes_store *store, size_t feed);
/* Nothing is known of that feed any more. */
void kubernetes__store_forget(struct kubernetes_store *store, size_t feed);

/*
 * Usage of pods: rows between begin and end; a pod without a row has none. A
 * new figure is shown when it differs from the shown one by more than
 * tolerance_percent, and by more than 5 thousandths of a core or 4 MiB.
 */
void kubernetes__store_usage_begin(struct kubernetes_store *store);
void kubernetes__store_usage(
    struct kubernetes_store *store, const struct kubernetes_usage *row);
/* Of that namespace; NULL: of all. */
void kubernetes__store_usage_end(
    struct kubernetes_store *store, const char *namespace);

/* Puts what is misplaced where it belongs, and frees workloads of which
 * nothing is left. Between two of these calls workloads are only added. */
int
kubernetes__store_settle(struct kubernetes_store *store, struct sst_error *err);
/* Whether there is something to show of it. */
bool kubernetes__workload_exists(const struct kubernetes_workload *workload);
void kubernetes__store_touch_all(struct kubernetes_store *store);

/* For the kubernetes_store*.c files. */

/* The workload an object belongs to. */
struct kubernetes_root {
	const char *namespace, *kind, *name;
	char kind_text[KUBERNETES_TEXT_KIND + 1];
	char name_text[KUBERNETES_TEXT_NAME + 1];
	bool guessed;
};

void kubernetes__root(const struct kubernetes_store *store,
    const struct kubernetes_record *record, struct kubernetes_root *out);

struct kubernetes_object *
kubernetes__store_find(const struct kubernetes_store *store,
    enum kubernetes_resource resource, const char *namespace, const char *name);
struct kubernetes_object *
kubernetes__store_find_uid(const struct kubernetes_store *store,
    enum kubernetes_resource resource, const char *uid);

#endif
