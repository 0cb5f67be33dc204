/*
 * What is kept of one object of the API: facts only, no tree. One block of
 * memory without pointers, so that two of them are the same when their bytes
 * are, and ten thousand pods take ten megabytes. Immutable; any thread may read
 * it.
 */
#ifndef SST_REPOSITORY_WORKLOAD_KUBERNETES_RECORD_H
#define SST_REPOSITORY_WORKLOAD_KUBERNETES_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

enum kubernetes_resource {
	KUBERNETES_PODS,
	KUBERNETES_DEPLOYMENTS,
	KUBERNETES_REPLICASETS, /* metadata only */
	KUBERNETES_STATEFULSETS,
	KUBERNETES_DAEMONSETS,
	KUBERNETES_JOBS,
	KUBERNETES_CRONJOBS,
	KUBERNETES_HPAS,
	KUBERNETES_RESOURCES
};

/* A number or time that is not told. */
#define KUBERNETES_NONE INT64_MIN

/* Text of a record: where it begins behind its containers; 0 is "", which
 * stands for what is not told. A list is texts one behind the other. */
struct kubernetes_list {
	uint32_t at;
	uint32_t count;
};

/* Limits of a pod or of a template. */
struct kubernetes_limits {
	int64_t cpu_nano;                 /* KUBERNETES_NONE: not bounded */
	int64_t memory_bytes;             /* the same */
	struct kubernetes_list unlimited; /* containers without one of them */
};

struct kubernetes_end {
	int64_t exit_code; /* KUBERNETES_NONE: it did not end */
	int64_t signal;    /* KUBERNETES_NONE: none */
	int64_t finished_ms;
	uint32_t reason;
};

enum kubernetes_state {
	KUBERNETES_WAITING,
	KUBERNETES_RUNNING,
	KUBERNETES_TERMINATED
};

struct kubernetes_container {
	uint32_t name;
	uint32_t reason;
	uint32_t message;
	enum kubernetes_state state;
	int64_t ready;    /* 0, 1, KUBERNETES_NONE */
	int64_t restarts; /* KUBERNETES_NONE */
	struct kubernetes_end now;
	struct kubernetes_end last;
};

struct kubernetes_pod {
	struct kubernetes_limits limits;
	int64_t started_ms;
	int64_t last_restart_ms;
	int64_t ready_containers;
	int64_t total_containers;
	int64_t restarts;
	int64_t ready;   /* condition Ready: 0, 1, KUBERNETES_NONE */
	uint32_t status; /* as kubectl prints it */
	uint32_t phase;
	uint32_t reason; /* why it is in this status */
	uint32_t message;
	uint32_t node;
	uint32_t hash; /* label pod-template-hash */
	bool deleting;
	bool finished; /* Succeeded or Failed */
};

enum kubernetes_rollout {
	KUBERNETES_ROLLOUT_NONE, /* this kind has none */
	KUBERNETES_ROLLOUT_COMPLETE,
	KUBERNETES_ROLLOUT_PROGRESSING,
	KUBERNETES_ROLLOUT_STUCK,
	KUBERNETES_ROLLOUT_PAUSED,
	KUBERNETES_ROLLOUT_UNKNOWN
};

/* A Deployment, StatefulSet, DaemonSet, Job, CronJob; of a ReplicaSet the
 * revision only. Counts as its status tells them. */
struct kubernetes_control {
	struct kubernetes_limits limits; /* of the template */
	struct kubernetes_list images;   /* sorted, no two the same */
	int64_t max_pods;                /* without an autoscaler */
	int64_t desired;
	int64_t pods;
	int64_t ready;
	int64_t available;
	int64_t updated;
	int64_t changed_ms; /* KUBERNETES_NONE: see newest ReplicaSet */
	enum kubernetes_rollout rollout;
	uint32_t rollout_reason;
	uint32_t rollout_message;
	uint32_t revision;
};

struct kubernetes_hpa {
	int64_t min_pods, max_pods, current_pods, desired_pods;
	uint32_t target_kind, target_name, target_group;
};

struct kubernetes_record {
	uint32_t bytes; /* of the whole block */
	enum kubernetes_resource resource;
	uint32_t namespace, name, uid;
	/* Of the owner that controls it; owner_kind "" when none does. */
	uint32_t owner_kind, owner_name, owner_uid, owner_group;
	uint32_t container_count;
	int64_t created_ms;
	union {
		struct kubernetes_pod pod;
		struct kubernetes_control control;
		struct kubernetes_hpa hpa;
	};
	/* behind it: the containers of an unhealthy pod, then the texts */
};

/* Borrowed from the record. */
static inline const struct kubernetes_container *
kubernetes__containers(const struct kubernetes_record *record)
{
	return (const struct kubernetes_container *)(record + 1);
}

static inline const char *
kubernetes__text(const struct kubernetes_record *record, uint32_t at)
{
	return (const char *)(kubernetes__containers(record) +
			      record->container_count) +
	       at;
}

/* A record that is being made. */
enum { KUBERNETES_CONTAINERS_MAX = 100 };

struct kubernetes_draft {
	struct kubernetes_record head;
	struct kubernetes_container containers[KUBERNETES_CONTAINERS_MAX];
	struct sst_buf text;
};

void kubernetes__draft_init(struct kubernetes_draft *draft);
void kubernetes__draft_fini(struct kubernetes_draft *draft);
/* Keeps a text, cut after max bytes at the end of a character; where it is.
 * NULL is "". */
uint32_t kubernetes__draft_text(
    struct kubernetes_draft *draft, const char *text, size_t max);
/* The caller frees *out with free(). SST_NOMEM. */
int kubernetes__draft_finish(const struct kubernetes_draft *draft,
    struct kubernetes_record **out, struct sst_error *err);

bool kubernetes__record_same(
    const struct kubernetes_record *a, const struct kubernetes_record *b);

/* "Deployment", ... */
const char *kubernetes__resource_kind(enum kubernetes_resource resource);

#endif
