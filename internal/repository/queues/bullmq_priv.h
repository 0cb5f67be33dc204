/*
 * Between the bullmq_*.c files: the state of a source, and a collection.
 *
 * A collection asks in pipelines: first what each queue holds (bullmq_cut.c),
 * then what is not in those answers (locks, children, levels) together with
 * the jobs that may have changed (bullmq_jobs.c). A row of the plan says what
 * each command of a pipeline was for.
 */
#ifndef SST_REPOSITORY_QUEUES_BULLMQ_PRIV_H
#define SST_REPOSITORY_QUEUES_BULLMQ_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "config/option.h"
#include "repository/draft.h"
#include "repository/queues/bullmq_arena.h"
#include "repository/queues/bullmq_parse.h"
#include "repository/queues/bullmq_table.h"
#include "repository/queues/pick.h"
#include "repository/queues/row.h"
#include "repository/redis/redis.h"
#include "repository/source.h"

/* Looking for queues walks over all keys of the database. */
enum { BULLMQ_SCAN_MS = 60000, BULLMQ_SCAN_CALLS = 256 };
/* Each costs the server a score of commands at every collection. */
enum { BULLMQ_QUEUES_MAX = 10000 };
/* Queues, and jobs, asked for in one pipeline: bounds its memory. */
enum { BULLMQ_CUT_CHUNK = 1000, BULLMQ_JOB_CHUNK = 20000 };
/* What was refused is not asked for again so soon. */
enum { BULLMQ_RETRY_MS = 60000 };
/* Answers over the bound that one collection gets along with: each costs a
 * connection. */
enum { BULLMQ_TOO_LARGE_MAX = 8 };
/* Levels of priority that are looked for beyond the window. */
enum { BULLMQ_LEVELS = 64 };
/* Children of one parent that are read, and shown. */
enum { BULLMQ_CHILDREN_READ = 256, BULLMQ_CHILDREN_SHOWN = 32 };
/* Bytes of a failure's line that are kept: more than is shown, so that what
 * masks secrets sees them whole. */
enum { BULLMQ_ERROR_KEPT = 8192, BULLMQ_NAME_KEPT = 512 };

struct bullmq_settings {
	struct sst_redis_settings redis;
	struct queue_pick pick;
	int64_t max_tasks;
	char *prefix;
	struct sst_option_list queues;
	bool workers;
};

/* What is read, each with its own fate (upstream.parts). */
enum bullmq_part {
	BULLMQ_PART_DISCOVERY,
	BULLMQ_PART_FLOWS,
	BULLMQ_PART_LOCKS,
	BULLMQ_PART_QUEUES,
	BULLMQ_PART_TASKS,
	BULLMQ_PART_WORKERS,
	BULLMQ_PART_COUNT
};

struct bullmq_level {
	int64_t level;
	int64_t ready; /* QUEUE_UNKNOWN: to be counted */
};

/* How far a queue is asked after answers that were over the bound. */
enum bullmq_wary {
	BULLMQ_WARY_NOT,
	BULLMQ_WARY_EVENTS, /* not its last event */
	BULLMQ_WARY_IDS     /* counts alone */
};

struct bullmq_queue {
	char *name; /* bytes as in the keys */
	size_t name_len;
	char *shown; /* the same as in the document */
	char *base;  /* P:NAME */
	size_t base_len;
	bool fixed;  /* by configuration */
	bool listed; /* the walk that is on has seen it */

	/* kept between collections */
	enum bullmq_wary wary;
	struct sst_mono wary_until;
	bool plain; /* MULTI is not to be had */
	struct sst_mono plain_until;
	struct bullmq_level learned[BULLMQ_LEVELS];
	size_t learned_count;
	bool known; /* what follows is of the entity that is shown */
	struct sst_hash cut_was, extra_was, jobs_was;
	struct sst_hash event_was;
	bool event_known_was;

	/* of one collection */
	bool cut_done;
	bool gone;
	bool meta, id, legacy, paused;
	int64_t counts[BULLMQ_STATE_COUNT];
	bool ids_unread; /* some list could not be read */
	bool marker;     /* BullMQ 3 and 4 put one among the waiting */
	int64_t legacy_prioritized;
	int64_t workers;
	struct bullmq_slot *slots; /* memory kept */
	size_t slot_count, slot_cap;
	struct bullmq_level *levels; /* memory kept */
	size_t level_count, level_cap;
	size_t levels_before; /* a round of looking for more */
	bool levels_whole; /* all levels are in there */
	struct bullmq_job *jobs; /* by slot, of the arena; NULL: not read */
	bool *job_told;          /* by slot: jobs[i] is what Redis told */
	bool *job_gone;          /* by slot: was gone when it was asked for */
	struct sst_hash cut, extra, jobs_hash, event;
	bool event_known;
	bool flawed; /* something of it was left out */
	bool ready;  /* in the draft */
};

/* A job that waits for children. */
struct bullmq_parent {
	uint32_t queue, slot;
	size_t first, count; /* among the children */
	bool unread;
	bool dead; /* can never go on */
	uint8_t colour;
};

struct bullmq_child {
	const char *key; /* P:Q:ID, of the arena */
	uint32_t key_len;
	uint32_t id_at;    /* of the id in the key */
	uint32_t queue;    /* 1 + index of a queue that is read */
	uint32_t slot;     /* 1 + index of its slot in there; 0: not in view */
	bool ask;  /* Redis itself must be asked */
	bool done; /* it has ended well: nobody waits for it */
	bool there; /* its hash is */
	enum queue_status status;
	struct bullmq_job job;
};

/* What a command of the pipeline was for. */
enum bullmq_ask {
	BULLMQ_ASK_SCAN,
	BULLMQ_ASK_CLIENTS,
	BULLMQ_ASK_EVENT,
	BULLMQ_ASK_MULTI,
	BULLMQ_ASK_QUEUED, /* a command within MULTI */
	BULLMQ_ASK_EXEC,
	BULLMQ_ASK_CUT,    /* a command without MULTI: what is its number */
	BULLMQ_ASK_LOCK,   /* item: slot */
	BULLMQ_ASK_STILL,
	BULLMQ_ASK_DEPS,   /* item: parent */
	BULLMQ_ASK_LEVEL,  /* item: level */
	BULLMQ_ASK_PROBE,
	BULLMQ_ASK_JOB,    /* item: slot */
	BULLMQ_ASK_CHILD   /* item: child; what: which question */
};

struct bullmq_row {
	enum bullmq_ask ask;
	unsigned what;
	uint32_t queue;
	uint32_t item;
};

struct bullmq {
	struct bullmq_settings settings; /* copied */
	const struct sst_clock *clock;
	struct sst_redis *redis;
	size_t max_bytes;
	int64_t db;

	/* kept between collections */
	struct bullmq_queue *queues;
	size_t queue_count, queue_cap;
	struct bullmq_table by_name; /* index in queues */
	struct bullmq_table large;   /* jobs that are not read whole */
	bool scan_on, scan_once;
	char scan_cursor[24];
	struct sst_mono scan_due;
	struct sst_error scan_error;
	bool queues_over;
	struct sst_error clients_error; /* told until it is asked again */
	struct sst_mono clients_due;

	/* of one collection; the memory stays */
	struct bullmq_arena ids;   /* ids, children */
	struct bullmq_arena texts; /* of the jobs of one chunk */
	struct bullmq_table jobs;  /* (queue, slot) by key */
	struct bullmq_table twins; /* ids of the queue that is made */
	struct bullmq_row *plan;
	size_t plan_count, plan_cap;
	struct bullmq_parent *parents;
	size_t parent_count, parent_cap;
	struct bullmq_child *children;
	size_t child_count, child_cap;
	struct sst_buf key;
	char window[2][24]; /* of LRANGE: from the tail; of ZRANGE: to */
	struct sst_buf opts; /* the last ones parsed: most are the same */
	int64_t opts_attempts;
};

/* One collection. */
struct bullmq_read {
	struct bullmq *b;
	const struct sst_collect *req;
	struct sst_draft *out;
	struct sst_error parts[BULLMQ_PART_COUNT]; /* SST_OK: it is read */
	size_t answered; /* replies of the pipeline that runs */
	bool nomem;      /* while commands were added */
	unsigned too_large;
	bool workers_known;
	struct bullmq_row culprit; /* whose answer was over the bound */
};

/* Memory of one kind of things: grows *items so that one more fits. */
bool bullmq__room(void **items, size_t count, size_t *cap, size_t size);

/* The plan: bullmq_plan.c. */

/* Adds a command; parts as sst_redis_command_argv. */
void bullmq__ask(struct bullmq_read *read, const struct bullmq_row *row,
    size_t count, const char *const *parts, const size_t *lens);
/*
 * Adds VERB KEY ARGS... where the key is the queue's base, ':' and suffix, and
 * args ends in NULL.
 */
void bullmq__ask_queue(struct bullmq_read *read, const struct bullmq_row *row,
    const char *verb, const char *suffix, const char *const *args);
/* The same of a job's key, with an end such as ":lock". */
void bullmq__ask_job(struct bullmq_read *read, const struct bullmq_row *row,
    const char *verb, const char *end, const char *const *args);
/* Runs it. SST_TOO_LARGE sets read->culprit. */
int bullmq__run(struct bullmq_read *read, struct sst_error *err);
/*
 * What a reply that may be an error means for the collection: SST_OK when it is
 * an answer, SST_NODATA when that fact alone is lost (noted for that part; what
 * says which), else the code that ends it.
 */
int bullmq__told(struct bullmq_read *read, enum bullmq_part part,
    const redisReply *reply, const char *what, struct sst_error *err);
/* What such a code is to who goes on without the fact. */
int bullmq__lost(int code);
/* Notes why a part is not whole. */
void bullmq__fault(struct bullmq_read *read, enum bullmq_part part,
    const struct sst_error *why);
/* An answer over the bound: SST_OK when the collection may go on. */
int bullmq__too_large(struct bullmq_read *read, struct sst_error *err);

/* Queues: bullmq_scan.c. */

int bullmq__scan(struct bullmq_read *read, struct sst_error *err);
/* Names of the configuration. */
int bullmq__scan_fixed(struct bullmq *b, struct sst_error *err);
int bullmq__on_scan(
    struct bullmq_read *read, const redisReply *reply, struct sst_error *err);
struct bullmq_queue *bullmq__find(const struct bullmq *b, const char *name,
    size_t len);
/* After a collection: drops queues that were found and are no more. When it
 * failed, nothing is known to be in the draft. */
void bullmq__forget_gone(struct bullmq *b, bool good);
void bullmq__queues_fini(struct bullmq *b);

/* What each queue holds: bullmq_cut.c. */

int bullmq__cut(struct bullmq_read *read, struct sst_error *err);
int bullmq__on_cut(struct bullmq_read *read, const struct bullmq_row *row,
    const redisReply *reply, struct sst_error *err);
/* One command of a cut: bullmq_cut_take.c. */
struct bullmq_cut_command {
	const char *verb;
	const char *suffix;
	uint8_t kind; /* private to that file */
	uint8_t state;
	uint8_t args;
};
extern const struct bullmq_cut_command bullmq__cut_commands[];
extern const size_t bullmq__cut_count;
/* Arguments of that command, NULL ends. */
void bullmq__cut_args(const struct bullmq *b, const struct bullmq_queue *q,
    size_t number, const char *out[4]);
int bullmq__cut_take(struct bullmq_read *read, struct bullmq_queue *q,
    size_t number, const redisReply *reply, struct sst_error *err);
/* After all: what is there, what is chosen for the window. */
void bullmq__cut_end(struct bullmq_read *read, struct bullmq_queue *q);

/* What jobs are, and the entities: bullmq_jobs.c. */

int bullmq__jobs(struct bullmq_read *read, struct sst_error *err);
int bullmq__on_job(struct bullmq_read *read, const struct bullmq_row *row,
    const redisReply *reply, struct sst_error *err);

/* Tells that the job, or a part of it, is left out. */
void bullmq__reject(struct bullmq_read *read, struct bullmq_queue *q,
    const struct bullmq_slot *slot, const char *reason);

/* Parents and children: bullmq_flow.c. */

int bullmq__flow_begin(struct bullmq_read *read, struct sst_error *err);
void bullmq__flow_ask(struct bullmq_read *read);
int bullmq__on_deps(struct bullmq_read *read, const struct bullmq_row *row,
    const redisReply *reply, struct sst_error *err);
int bullmq__on_child(struct bullmq_read *read, const struct bullmq_row *row,
    const redisReply *reply, struct sst_error *err);
/* Asks for children out of sight, and finds who is blocked for ever. */
int bullmq__flow_end(struct bullmq_read *read, struct sst_error *err);

/* Depth by priority: bullmq_levels.c. */

int bullmq__levels_begin(struct bullmq_read *read, struct bullmq_queue *q,
    struct sst_error *err);
void bullmq__levels_ask(struct bullmq_read *read, struct bullmq_queue *q);
int bullmq__on_level(struct bullmq_read *read, const struct bullmq_row *row,
    const redisReply *reply, struct sst_error *err);
/* Looks for levels nobody has told yet. */
int bullmq__levels_end(struct bullmq_read *read, struct sst_error *err);

/* The entity: bullmq_build.c. */

int bullmq__build(struct bullmq_read *read, struct bullmq_queue *q,
    struct sst_error *err);
/* Takes the last good one again; SST_NOT_FOUND: it must be built. */
int bullmq__keep(struct bullmq_read *read, struct bullmq_queue *q,
    struct sst_error *err);
int bullmq__tell_upstream(struct bullmq_read *read, struct sst_error *err);

#endif
