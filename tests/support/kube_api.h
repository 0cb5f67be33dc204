/*
 * A Kubernetes API server that tests play the other side with. It holds
 * objects, lists them in pages, streams what happens to them, replays recorded
 * answers, and misbehaves on order. Loopback only, plain HTTP, a thread for
 * each connection. Every function may be called from any thread while it runs;
 * out of memory it aborts.
 *
 * A collection is named by its path in all namespaces: "/api/v1/pods",
 * "/apis/apps/v1/deployments". Known from the start: pods, nodes, namespaces;
 * deployments, replicasets, statefulsets, daemonsets (apps/v1); jobs and
 * cronjobs (batch/v1); horizontalpodautoscalers (autoscaling/v1); pods of
 * metrics.k8s.io/v1beta1, which cannot be watched. They are empty. Anything
 * else is answered with 404 in text/plain, as a group that is not there.
 *
 * A prefix is matched against the target as it was sent, path and query:
 * "/api/v1/pods?limit" is lists, "/api/v1/pods?watch" is watches, "" is all.
 *
 * Nothing here sleeps; what is held is held until it is released.
 */
#ifndef TESTS_SUPPORT_KUBE_API_H
#define TESTS_SUPPORT_KUBE_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kube_api;

/* Listens on a port, 0: a free one; false with errno set when that fails. The
 * first resourceVersion is 1000. */
bool kube_api_start(int port, struct kube_api **out);
/* Ends all connections, joins all threads; accepts NULL. */
void kube_api_stop(struct kube_api **api);
/* "http://127.0.0.1:PORT", borrowed. */
const char *kube_api_url(const struct kube_api *api);
/* Writes a kubeconfig that leads here (context "test", namespace "agents") to
 * that file. */
bool kube_api_kubeconfig(const struct kube_api *api, const char *path);
/* Answers 401 to whoever does not send this bearer token; NULL: nobody. */
void kube_api_require_token(struct kube_api *api, const char *token);

/* --- objects ---------------------------------------------------------- */

/* One more collection, with the kind of its objects; false: known already. */
bool kube_api_collection(
    struct kube_api *api, const char *collection, const char *kind);
/* No longer served: 404 from now on; its watches end. */
void kube_api_withdraw(struct kube_api *api, const char *collection);
/*
 * Makes or replaces the object of that namespace and name (both in the JSON's
 * metadata); it gets the next resourceVersion, and a uid when it has none.
 * Watchers see ADDED or MODIFIED. Returns that resourceVersion; 0: no JSON
 * object with a metadata.name, or no such collection.
 */
uint64_t
kube_api_put(struct kube_api *api, const char *collection, const char *json);
/* The same bytes again under the next resourceVersion: MODIFIED. 0: no such
 * object. namespace NULL or "": cluster-wide. */
uint64_t kube_api_touch(struct kube_api *api, const char *collection,
    const char *ns, const char *name);
/* DELETED. 0: no such object. */
uint64_t kube_api_delete(struct kube_api *api, const char *collection,
    const char *ns, const char *name);
/* All objects of a recorded list (.http), with their resourceVersions and that
 * of the list; for an empty collection. */
bool kube_api_put_recorded(
    struct kube_api *api, const char *collection, const char *path);
size_t kube_api_count(struct kube_api *api, const char *collection);
/* The newest resourceVersion. */
uint64_t kube_api_version(struct kube_api *api);

/* --- watches ---------------------------------------------------------- */

/* A BOOKMARK at the newest resourceVersion, to those who asked for them. */
void kube_api_bookmark(struct kube_api *api, const char *collection);
/* These bytes as a line of their own to all watchers of the collection. */
void
kube_api_shout(struct kube_api *api, const char *collection, const char *line);
/* Ends all watches of the collection as timeoutSeconds does. */
void kube_api_end_watches(struct kube_api *api, const char *collection);
/* Closes their connections without a last chunk, as a server that goes. */
void kube_api_cut_watches(struct kube_api *api, const char *collection);
/* How many are open (headers sent) whose target begins with prefix. */
unsigned kube_api_watchers(struct kube_api *api, const char *prefix);
/* Waits until exactly count are open; false after 10 s. */
bool kube_api_wait_watchers(
    struct kube_api *api, const char *prefix, unsigned count);
/*
 * Waits until an event with that resourceVersion was handed to the socket of a
 * watcher. Wall time of that moment, in ns since 1970; 0 after 10 s.
 */
int64_t kube_api_wait_written(struct kube_api *api, uint64_t version);

/* --- history ---------------------------------------------------------- */

/* Forgets the past: watches from before now get 410 (in the stream, or as the
 * status when in_status), continue tokens given so far expire. */
void kube_api_compact(struct kube_api *api, bool in_status);
/*
 * Restored from a backup: the newest resourceVersion becomes that one, every
 * object gets a new one up to it, the past is forgotten. Watches that begin
 * at a higher one are open and silent, as the real server's.
 */
void kube_api_restore(struct kube_api *api, uint64_t version);
/* Refuses connections and drops the open ones; takes them again, on the same
 * port. */
bool kube_api_refuse(struct kube_api *api, bool refuse);

/* --- recordings ------------------------------------------------------- */

/*
 * Answers targets that begin with prefix with the bytes of that .http file,
 * unchanged, one send for each of its chunks.
 * Several of one prefix are played one after the other; the last one is
 * repeated. The longest prefix wins, and a recording wins over an object.
 */
bool
kube_api_replay(struct kube_api *api, const char *prefix, const char *path);
/* Forgets all recordings. */
void kube_api_forget(struct kube_api *api);

/* --- faults ----------------------------------------------------------- */

enum kube_api_fault_kind {
	KUBE_API_NONE,
	KUBE_API_STATUS,      /* status with a Status body */
	KUBE_API_STATUS_TEXT, /* status with a text/plain body */
	KUBE_API_ERROR_EVENT, /* a watch whose only event is ERROR of status */
	KUBE_API_SHORT,       /* a watch that ends at once, cleanly */
	KUBE_API_SILENT,      /* a watch of headers only, until it is ended */
	KUBE_API_CUT,         /* closes in the middle of the body: of a list,
			       * or of the first event of a watch */
	KUBE_API_HOLD,        /* no byte until kube_api_release */
	KUBE_API_HOLD_BODY,   /* headers, half a list, then holds */
	KUBE_API_GARBAGE,     /* 200, JSON's headers, and no JSON */
	KUBE_API_WRONG_TYPE,  /* 200 and the JSON text 42 */
	KUBE_API_HUGE,  /* an object of size bytes, in a list or a watch */
	KUBE_API_CLOSE, /* closes without an answer */
	KUBE_API_FAULT_COUNT
};

struct kube_api_fault {
	enum kube_api_fault_kind kind;
	int status;          /* KUBE_API_STATUS*, KUBE_API_ERROR_EVENT */
	int retry_after;     /* seconds; 0: no such header */
	const char *reason;  /* of the Status; NULL: the usual one. Copied */
	const char *message; /* of the Status, or the text. Copied */
	size_t size;         /* KUBE_API_HUGE */
	unsigned times; /* so often, then no more; 0: until told otherwise */
};

/* Misbehaves so on targets that begin with prefix; the latest order that fits
 * wins. NULL fault: ends the order of that prefix. */
void kube_api_misbehave(struct kube_api *api, const char *prefix,
    const struct kube_api_fault *fault);
/* Ends all orders. */
void kube_api_behave(struct kube_api *api);
/* Lets go what is held. */
void kube_api_release(struct kube_api *api);
/* Servers that know nothing of PartialObjectMetadata send whole objects. */
void kube_api_ignore_accept(struct kube_api *api, bool ignore);

/* --- what was asked --------------------------------------------------- */

/* Requests so far whose target begins with prefix. */
unsigned kube_api_calls(struct kube_api *api, const char *prefix);
/* Waits until at least count came; false after 10 s. */
bool
kube_api_wait_calls(struct kube_api *api, const char *prefix, unsigned count);
/* Copies the head of the last request whose target begins with prefix, cut at
 * size - 1 bytes; "" when there was none. */
void kube_api_last_request(
    struct kube_api *api, const char *prefix, char *out, size_t size);
/* Connections taken so far. */
unsigned kube_api_connections(struct kube_api *api);
/* Waits until none is open and none takes memory; false after 10 s. */
bool kube_api_wait_idle(struct kube_api *api);

/* --- worlds ----------------------------------------------------------- */

struct kube_api_world {
	unsigned deployments; /* named agent-0000, ... */
	unsigned pods_each;
	unsigned namespaces; /* team-00, ...; 0: one, "agents" */
	bool metrics;        /* a row of PodMetrics for each pod */
};

/*
 * Deployments, each with an old and a live ReplicaSet and its pods, of about
 * 11 KB each with managedFields; every eighth deployment has an autoscaler.
 * The same world for the same numbers.
 */
void
kube_api_populate(struct kube_api *api, const struct kube_api_world *world);
/* Changes the next pod, round and round: one restart more, another moment of
 * it. The resourceVersion; 0: no pods. name_out may be NULL. */
uint64_t kube_api_churn(struct kube_api *api, char *name_out, size_t size);

#endif
