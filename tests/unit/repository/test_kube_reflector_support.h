/* A reflector between an API server of ours and a sink that keeps what it is
 * told, on a clock that is turned by hand. */
#ifndef TESTS_UNIT_REPOSITORY_TEST_KUBE_REFLECTOR_SUPPORT_H
#define TESTS_UNIT_REPOSITORY_TEST_KUBE_REFLECTOR_SUPPORT_H

#include <check.h>
#include <pthread.h>

#include "repository/kube/reflector.h"
#include "support/fake_clock.h"
#include "support/kube_api.h"
#include "support/poll.h"

#define PODS "/api/v1/pods"
#define PODS_LIST "/api/v1/pods?limit"
#define PODS_WATCH "/api/v1/pods?watch"
#define RECORDINGS SST_SOURCE_DIR "/mocks/upstreams/kubernetes/"

enum { RIG_OBJECTS = 16384, RIG_MAX_BYTES = 64 * 1024 };

struct rig_object {
	char uid[64], name[96], version[32];
};

struct rig_set {
	struct rig_object *objects;
	size_t count;
};

/* What the sink was told; guarded by its mutex. */
struct rig_sink {
	pthread_mutex_t mutex;
	struct rig_set now, staged;
	unsigned begun, synced, abandoned, changed;
	unsigned listed, added, modified, deleted;
	bool staging, broken; /* broken: told things in a wrong order */
	bool wrong_managed;   /* an object came with managedFields */
	bool whole;           /* an object came with more than metadata */
};

struct rig {
	struct kube_api *api;
	struct fake_clock clock;
	struct sst_kube_access *access;
	struct sst_kube_turn *turn;
	struct sst_kube_reflector_settings settings;
	struct sst_kube_reflector *reflector;
	struct rig_sink sink;
	char kubeconfig[64];
};

/* Of the test that runs; pods of all namespaces unless changed before
 * rig_start. */
extern struct rig rig;
void rig_setup(void);
void rig_teardown(void);

void rig_start(void);
/* Ends the reflector; fails the test when that takes longer than 20 s. */
void rig_stop(void);
void rig_sink_init(struct rig_sink *sink, struct sst_kube_sink *out);
void rig_sink_fini(struct rig_sink *sink);

struct sst_kube_reflector_view rig_view(void);
/* Until it is so, or the test fails. */
void rig_wait_state(enum sst_kube_reflector_state state);
void rig_wait_lists(unsigned count);
void rig_wait_watches(unsigned count);
void rig_wait_version(uint64_t version);
/* Waits until the reflector waits; how long it is going to, in ms. */
int64_t rig_delay(void);
/* The same, and turns the clock so far. */
int64_t rig_retry(void);
/* Starts, and waits until the watch is open. */
void rig_watch(void);
/* The same with one pod, "first"; returns its resourceVersion. */
uint64_t rig_watch_one(void);
/* Ends all watches of pods in order, that is when they are a second old. */
void rig_end_in_order(void);

/* A pod in namespace agents; returns its resourceVersion. */
uint64_t rig_put(const char *name);
/* True when the sink has just what the server has; waits for it. */
bool rig_same(const char *collection);
bool rig_has(const char *name);
size_t rig_count(void);
unsigned rig_told(const unsigned *counter);

#endif
