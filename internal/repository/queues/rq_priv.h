/* Between the rq_*.c files. */
#ifndef SST_REPOSITORY_QUEUES_RQ_PRIV_H
#define SST_REPOSITORY_QUEUES_RQ_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "model/entity.h"
#include "repository/draft.h"
#include "repository/queues/pick.h"
#include "repository/queues/rq_parse.h"
#include "repository/queues/row.h"
#include "repository/redis/redis.h"
#include "repository/source.h"

enum {
	RQ_QUEUES_MAX = 10000,
	RQ_WORKERS_MAX = 10000,
	/* Jobs asked for in one run: bounds what is formatted at a time. */
	RQ_BATCH = 32768,
	RQ_ID_MAX = 1024, /* bytes; the longest that a name may have */
	/* Replies over the bound that are gone without, in one collection. */
	RQ_LARGE_PER_READ = 16,
	/* After so many collections they are asked for whole again. */
	RQ_LARGE_READS = 60,
	RQ_LARGE_MAX = 1000
};

/* What is read, as sources[].upstream.parts tells it. */
enum rq_fact {
	RQ_FACT_DISCOVERY,
	RQ_FACT_STARTED, /* with what was taken */
	RQ_FACT_READY,
	RQ_FACT_SCHEDULED,
	RQ_FACT_DEFERRED,
	RQ_FACT_FAILED,
	RQ_FACT_JOBS,
	RQ_FACT_ERRORS,
	RQ_FACT_WORKERS,
	RQ_FACTS
};

struct rq_settings {
	struct sst_redis_settings redis;
	struct queue_pick pick;
	int64_t max_tasks;
	struct sst_option_list queues;
};

/* A member of one of the keys of a queue; the id is in rq->ids. */
struct rq_entry {
	size_t id_at;
	uint32_t id_len;
	uint32_t part;
	int64_t at_ms; /* RQ_SCHEDULED: when */
};

/* A job that is to be told. */
struct rq_task {
	size_t id_at;
	uint32_t id_len;
	uint32_t queue;
	int64_t at_ms;
	struct sst_hash key; /* of the id */
	size_t raw_at;       /* its reply, in the raw bytes of its queue */
	uint32_t raw_len;    /* 0: none came */
	uint32_t error_len;  /* that of its results, behind it */
	uint32_t position;
	uint32_t next; /* another one with the same id, + 1; 0: none */
	uint32_t wait; /* what it waits for, + 1; 0: nothing known */
	uint8_t part;  /* enum rq_part */
	uint8_t status;
	bool large, gone, orphaned;
};

struct rq_queue {
	char *name; /* bytes as they are; NUL behind them */
	size_t len;
	char *shown; /* clean text, as in the document */
	bool in_set, plain, todo;
	bool of_worker;  /* one that lives takes from it */
	unsigned met_in; /* round of rq->rounds in which SCAN met it; 0: none */
	bool large; /* its ids are over the bound: counts only */
	/* of this collection */
	int64_t counts[RQ_PARTS]; /* QUEUE_UNKNOWN */
	int64_t asked[RQ_PARTS];  /* ids asked for at most */
	int64_t twins[RQ_PARTS];  /* counted, but the same as another */
	int64_t gone[RQ_PARTS];   /* counted, but no longer there */
	bool unlisted[RQ_PARTS];  /* ids could not be read */
	size_t first, count;      /* entries */
	size_t task, tasks;
	size_t waits;       /* of its jobs that wait for others */
	struct sst_buf raw; /* kept while they do */
	int consumers, index, index_of;
	struct sst_hash hash;
	/* of the last one */
	struct sst_hash told;
	bool told_whole; /* it can be kept */
};

struct rq_worker {
	struct sst_hash key; /* of its name */
	size_t key_at;       /* redis key in rq->ids */
	uint32_t key_len;
	bool alive;
	size_t queues_at; /* in rq->ids */
	uint32_t queues_len;
};

/* What a deferred job waits for. Numbers are + 1; 0: none. */
struct rq_wait {
	uint32_t task;         /* not + 1 */
	uint32_t first, count; /* blockers */
	uint32_t missing; /* of them, deferred themselves and not seen to end */
	uint32_t dependents; /* first blocker that is this one */
	uint32_t below;      /* in the stack of those that can end */
	bool allows_failures, stuck, ends;
};

struct rq_blocker {
	size_t id_at;
	uint32_t id_len;
	uint32_t wait; /* that has it; not + 1 */
	uint32_t task; /* that it is; 0: none of those listed */
	uint32_t next; /* another blocker that is the same job */
	struct sst_hash key;
	size_t origin_at; /* its queue, in rq->ids */
	uint32_t origin_len;
	struct rq_blocker_state state;
};

/* Numbers by hash. */
struct rq_cell {
	struct sst_hash key;
	uint32_t value; /* + 1; 0: free */
};

struct rq_table {
	struct rq_cell *cells;
	size_t cap, count;
};

struct rq {
	struct rq_settings settings;
	struct sst_redis *redis;
	size_t max_bytes;
	bool no_multi; /* not allowed, or not with what is in it */
	struct rq_queue *queues;
	size_t queue_count, queue_cap;
	char cursor[24];       /* of SCAN, that goes a step at each collection */
	unsigned rounds;       /* of it over all keys, counted from 1 */
	struct rq_table large; /* jobs whose texts are over the bound */
	unsigned large_reads;

	/* of one collection; the memory stays */
	struct sst_buf ids;
	struct rq_entry *entries;
	size_t entry_count, entry_cap;
	struct rq_task *tasks;
	size_t task_count, task_cap;
	struct rq_worker *workers;
	size_t worker_count, worker_cap;
	struct rq_wait *waits;
	size_t wait_count, wait_cap;
	struct rq_blocker *blockers;
	size_t blocker_count, blocker_cap;
	struct rq_table by_id; /* tasks */
	struct sst_buf raw;    /* replies of the queue that is read */
	struct sst_buf scratch, line;
	/* Memory ran out while commands were made: the replies to those that
	 * were would be taken for others. */
	bool failed;
};

struct rq_read {
	struct rq *rq;
	const struct sst_collect *req;
	struct sst_draft *out;
	struct sst_error facts[RQ_FACTS]; /* the first failure of each */
	bool workers_known;
	size_t scanned;  /* where the reply to SCAN is in rq->raw; 0: none */
	size_t raw_kept; /* bytes of replies that wait in their queues */
	int large_left;  /* replies over the bound that may be gone without */
	bool names_due;  /* the sets are to be read in this run */
};

/* rq_table.c */
void rq__table_fini(struct rq_table *table);
void rq__table_clear(struct rq_table *table);
/* The value, or -1. */
int64_t rq__table_find(const struct rq_table *table, struct sst_hash key);
/* A key that is not there yet; false when memory ran out. */
bool rq__table_put(struct rq_table *table, struct sst_hash key, uint32_t value);
/* Room for one more of an array; false when memory ran out. */
bool rq__grow(void **array, size_t *cap, size_t count, size_t size);
#define RQ_GROW(array, cap, count) \
	rq__grow((void **)&(array), &(cap), (count), sizeof(*(array)))
/* Keeps bytes in rq->ids; false when memory ran out or the bound is reached. */
bool
rq__keep_bytes(struct rq *rq, const char *bytes, size_t len, size_t *at_out);

/* rq_plan.c: how many ids of each part are worth asking for. Pure. */
void rq__plan(
    const int64_t counts[RQ_PARTS], int64_t max_tasks, int64_t want[RQ_PARTS]);
/* The tasks of each part that are told, of those known. */
void rq__share(
    const int64_t known[RQ_PARTS], int64_t max_tasks, int64_t share[RQ_PARTS]);

/* rq_queue.c */
struct rq_queue *rq__queue_put(struct rq *rq, const char *name, size_t len);
void rq__queues_fini(struct rq *rq);
/* Drops those that are not in the set. */
void rq__queues_sweep(struct rq *rq);

/* rq_tell.c: a failure of a fact is told, once, and degrades it alone. */
void rq__fact_failed(
    struct rq_read *read, enum rq_fact fact, const struct sst_error *why);
int rq__tell_upstream(struct rq_read *read, struct sst_error *err);

/* The steps of a collection. */
/* rq_names.c: which queues and workers there are. ask: how many commands it
 * adds; on_reply: the i-th of their replies; take: once the run is over. */
int rq__names_ask(struct rq *rq);
int rq__names_on_reply(struct rq_read *read, int i, const char *bytes,
    size_t len, struct sst_error *err);
int rq__names_take(struct rq_read *read, struct sst_error *err);
/* Queues that workers take from are asked for in the next collection. */
int rq__names_of_workers(struct rq_read *read, struct sst_error *err);
/* rq_cut.c: names of queues and workers, ids of jobs. */
int rq__cut(struct rq_read *read, struct sst_error *err);
enum rq_fact rq__fact_of(enum rq_part part);
/* rq_cut_take.c: replies to what was asked of a queue. */
enum { RQ_CUT_COMMANDS = 2 * RQ_PARTS };
int rq__cut_take(struct rq_read *read, struct rq_queue *q, int command,
    struct sst_redis_walk *walk, struct sst_error *err);
/* "rq:wip:NAME" in rq->scratch; rq->failed. */
void
rq__cut_key(struct rq *rq, enum rq_part part, const char *name, size_t len);
/* rq_admit.c: which of them are told, each once. */
int rq__admit(struct rq_read *read, struct sst_error *err);
/* rq_jobs.c: reads them, and ends every queue that needs nothing more. */
int rq__jobs(struct rq_read *read, struct sst_error *err);
/* rq_wait.c: what deferred jobs wait for. */
bool rq__wait_add(struct rq *rq, uint32_t task, const struct rq_job *job);
int rq__waits(struct rq_read *read, struct sst_error *err);
/* Asks for fields of the job with that id; rq->failed. */
void rq__ask_job(
    struct rq *rq, const char *id, size_t len, const char *const *fields);
/* rq_build.c: puts the queue, whose replies are in raw, into the draft: the
 * last entity, when nothing that it is made of has changed. */
int rq__build(struct rq_read *read, struct rq_queue *q,
    const struct sst_buf *raw, struct sst_error *err);

#endif
