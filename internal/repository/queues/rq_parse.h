/*
 * What RQ keeps of a job and of a worker: pure functions of bytes. Written
 * after recordings of RQ 1.13 in mocks/upstreams/rq and the source of 2.6.
 *
 * `data`, `meta` and results are pickles of Python: never looked at.
 */
#ifndef SST_REPOSITORY_QUEUES_RQ_PARSE_H
#define SST_REPOSITORY_QUEUES_RQ_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "repository/queues/row.h"
#include "repository/redis/redis.h"

enum {
	RQ_BLOCKERS = 32, /* of one job; more are left out */
	RQ_TYPE_CHARS = 200,
	RQ_DEPENDENCIES = 64 * 1024 /* bytes of the list of them */
};

/* Where a job stands: the key it is in. In the order in which it counts when
 * it is in several. */
enum rq_part {
	RQ_WIP,       /* rq:wip:Q */
	RQ_TAKEN,     /* rq:queue:Q:intermediate, since RQ 1.16 */
	RQ_READY,     /* rq:queue:Q */
	RQ_SCHEDULED, /* rq:scheduled:Q */
	RQ_DEFERRED,  /* rq:deferred:Q */
	RQ_FAILED,    /* rq:failed:Q */
	RQ_PARTS
};

/* Fields asked of a job, in this order; NULL ends. `large`: without texts that
 * may have any length. */
const char *const *rq__fields(enum rq_part part, bool large);

/* Texts are borrowed. */
struct rq_job {
	bool there; /* false: it has gone, or was never stored */
	struct sst_wall created_at, started_at;
	struct queue_text description, worker, dependencies, dependency, trace;
	int64_t retries_left, retries; /* QUEUE_UNKNOWN */
	bool allows_failures;          /* of what it waits for */
};

/* The reply to HMGET of those fields; false when it is no array. */
bool rq__parse_job(enum rq_part part, bool large, struct sst_redis_walk *walk,
    struct rq_job *out);

enum queue_status rq__status(enum rq_part part, const struct rq_job *job);

/* Attempts begun and allowed; QUEUE_UNKNOWN as RQ 1 does not count them. */
void rq__attempts(enum rq_part part, const struct rq_job *job,
    int64_t *attempts, int64_t *max);

/*
 * A description that is a call, `module.function(arguments)`, without the
 * arguments; another one as it is, of bounded length (then in scratch).
 */
struct queue_text
rq__type(struct queue_text description, struct sst_buf *scratch);

/* The job of a member of rq:wip: since RQ 2 followed by `:` and the id of the
 * execution, 32 hex digits. */
size_t rq__wip_id_len(const char *member, size_t len);

/* Calls for each id in dependency_ids, a JSON array, or else dependency_id, at
 * most RQ_BLOCKERS; false when a call was or the JSON is none. */
bool rq__each_dependency(const struct rq_job *job,
    bool (*call)(void *ctx, const char *id, size_t len), void *ctx);

/* How `status` of a job that is read as a blocker is to be seen. */
struct rq_blocker_state {
	enum queue_status status;
	bool finished; /* blocks no longer */
	bool failed;   /* for good */
	bool never; /* stopped or canceled: whatever the waiting one allows */
};
struct rq_blocker_state rq__blocker_state(const char *status, size_t len);

/* Index of the queue in a worker's `queues` ("a,b"), how many there are in
 * *count_out; -1: it does not work on it. */
int rq__worker_index(
    struct queue_text queues, const char *queue, size_t len, int *count_out);

/* The lowest index by which any worker takes from the queue. */
enum queue_level rq__level(int index, int count);

/* Appends the line of a traceback that says what was raised. packed: as RQ
 * stores it, zlib, and in a result as base64 of it. False when it cannot be
 * read; memory: sst_buf_failed(out). */
bool
rq__trace_line(const char *bytes, size_t len, bool base64, struct sst_buf *out);

/* exc_string in the reply to XREVRANGE rq:results:ID; false: there is none. */
bool rq__parse_result(struct sst_redis_walk *walk, struct queue_text *out);

#endif
