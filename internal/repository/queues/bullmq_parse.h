/*
 * What Redis answers about BullMQ's keys, as plain structs. Pure functions of
 * the replies; texts are borrowed from them.
 *
 * A queue Q of prefix P lives in keys P:Q:*. The state of a job is the list or
 * sorted set that holds its id, never a field of its hash.
 */
#ifndef SST_REPOSITORY_QUEUES_BULLMQ_PARSE_H
#define SST_REPOSITORY_QUEUES_BULLMQ_PARSE_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/entity.h"
#include "repository/queues/row.h"

/* In the order in which a job is taken, where it can be. */
enum bullmq_state {
	BULLMQ_ACTIVE,
	BULLMQ_WAIT,
	BULLMQ_PAUSED, /* BullMQ 5 and Bull: jobs of a paused queue */
	BULLMQ_PRIORITIZED,
	BULLMQ_DELAYED,
	BULLMQ_CHILDREN, /* waiting-children: a flow's parent */
	BULLMQ_FAILED,
	BULLMQ_STATE_COUNT
};

/* An id of one of those lists. */
struct bullmq_slot {
	const char *id; /* of the collection's own memory */
	uint32_t id_len;
	uint8_t state;     /* enum bullmq_state */
	bool chosen;       /* within the window */
	bool no_lock;      /* active, and nobody holds its lock */
	uint32_t rank;     /* within its state, 0 is the head */
	uint32_t parent;   /* 1 + index among those that wait for children */
	double score;      /* of a sorted set */
};

/* What an integer reply says; -1: it is none, or negative. */
int64_t bullmq__parse_count(const redisReply *reply);

/* Whole numbers as text, such as "1795226728021"; false for anything else. */
bool bullmq__parse_number(const redisReply *reply, int64_t *out);

/* The score of a member as Redis writes it; false: it is no number. */
bool bullmq__parse_score(const redisReply *reply, double *out);

/* Time of a delayed job: its score is milliseconds * 4096 and a counter. */
struct sst_wall bullmq__delayed_until(double score);
/* Priority of a job among `prioritized`: score is priority * 2^32 + counter. */
int64_t bullmq__prioritized_level(double score);

/* Mixes all that is in a reply. */
struct sst_hash
bullmq__parse_digest(struct sst_hash so_far, const redisReply *reply);

/* Fields of a job's hash, in the order they are asked for. Its data, result
 * and stack are never asked for. */
enum bullmq_field {
	BULLMQ_NAME,
	BULLMQ_TIMESTAMP,
	BULLMQ_OPTS,
	BULLMQ_PRIORITY,
	BULLMQ_ATM,           /* attempts made */
	BULLMQ_ATTEMPTS_MADE, /* the same in Bull */
	BULLMQ_FAILED_REASON,
	BULLMQ_FIELDS_IDLE, /* so many of a job that is not active */
	BULLMQ_ATS = BULLMQ_FIELDS_IDLE, /* attempts started */
	BULLMQ_PROCESSED_ON,
	BULLMQ_FINISHED_ON,
	BULLMQ_PB, /* name of the worker */
	BULLMQ_FIELDS_ALL
};
extern const char *const bullmq__field_names[BULLMQ_FIELDS_ALL];

/* A reply to HMGET over this is remembered and not asked for whole again. */
enum { BULLMQ_JOB_BYTES = 256 * 1024 };

struct bullmq_job {
	struct queue_text name;
	struct queue_text error; /* one line */
	struct queue_text worker;
	struct queue_text opts;
	int64_t submitted_ms; /* unknown numbers: QUEUE_UNKNOWN */
	int64_t priority;
	int64_t attempts;
	int64_t starts;
	int64_t processed_ms;
	int64_t max_attempts;
	bool finished;
};

#define BULLMQ_JOB_INIT                                                       \
	{                                                                     \
		.submitted_ms = QUEUE_UNKNOWN, .priority = QUEUE_UNKNOWN,     \
		.attempts = QUEUE_UNKNOWN, .starts = QUEUE_UNKNOWN,           \
		.processed_ms = QUEUE_UNKNOWN, .max_attempts = QUEUE_UNKNOWN  \
	}

/*
 * The reply to HMGET of so many fields. max_attempts stays unknown: see
 * bullmq__parse_opts. SST_NOT_FOUND: there is no such job any more;
 * SST_PROTOCOL: no such reply.
 */
int bullmq__parse_job(
    const redisReply *reply, struct bullmq_job *out, struct sst_error *err);
/* Bytes of the fields of a reply to HMGET. */
size_t bullmq__job_bytes(const redisReply *reply);

/*
 * Attempts allowed, of the options of a job (JSON); 1 when they do not say, as
 * then there is no second one. SST_SYNTAX, SST_TYPE.
 */
int bullmq__parse_opts(
    struct queue_text opts, int64_t *attempts_out, struct sst_error *err);

/* The first line that is not empty. */
struct queue_text bullmq__first_line(struct queue_text text);

/*
 * Cuts the queue out of a key P:Q:meta or P:Q:id; false: it is another key.
 */
bool bullmq__parse_key(const char *prefix, const char *key, size_t len,
    struct queue_text *queue_out);

/*
 * Calls found with the queue of each worker in an answer to CLIENT LIST, whose
 * connection of that database is named P:BASE64(queue) or ...:w:NAME. False
 * when it is no such answer. db < 0: of any.
 */
typedef void (*bullmq_on_worker)(void *ctx, struct queue_text queue);
bool bullmq__parse_clients(const redisReply *reply, const char *prefix,
    int64_t db, bullmq_on_worker found, void *ctx);

/* The task that a job is. prioritized: whether any of its queue has a
 * priority; position: rank of taking or QUEUE_UNKNOWN. */
struct bullmq_frame {
	bool legacy; /* Bull 3 and 4: without a priority comes last */
	bool prioritized;
	int64_t position;
};
void bullmq__task(const struct bullmq_frame *frame,
    const struct bullmq_slot *slot, const struct bullmq_job *job,
    struct queue_task *out);

/* Status of a job of that state. */
enum queue_status
bullmq__status(enum bullmq_state state, const struct bullmq_job *job);

/* Level and raw value of a priority; < 0: none known. */
struct queue_priority
bullmq__priority(bool legacy, bool prioritized, int64_t priority);

#endif
