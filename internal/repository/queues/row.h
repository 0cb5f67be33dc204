/*
 * What every queue source tells, as plain structs, and how it becomes an entity
 * of the document. A source that fills these cannot write a member another way
 * than its siblings, and what it does not know stays null.
 *
 * Texts are borrowed for the call, need not be UTF-8 (bytes that are not become
 * U+FFFD) and NULL is unknown. Pure functions, safe from any thread.
 */
#ifndef SST_REPOSITORY_QUEUES_ROW_H
#define SST_REPOSITORY_QUEUES_ROW_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"

struct sst_draft;

/* Counts and times that are not known. */
enum { QUEUE_UNKNOWN = -1 };
#define QUEUE_NEVER ((struct sst_wall){INT64_MIN})

struct queue_text {
	const char *data; /* NULL: unknown */
	size_t len;
};

#define QUEUE_TEXT_NONE ((struct queue_text){NULL, 0})
struct queue_text queue__text(const char *string); /* NULL: none */

enum queue_status {
	QUEUE_QUEUED,
	QUEUE_SCHEDULED,
	QUEUE_BLOCKED,
	QUEUE_RESERVED,
	QUEUE_RUNNING,
	QUEUE_RETRYING,
	QUEUE_FAILED,
	QUEUE_DEAD,
	QUEUE_STATUS_UNKNOWN
};

enum queue_level { QUEUE_LOW, QUEUE_NORMAL, QUEUE_HIGH, QUEUE_CRITICAL };

struct queue_priority {
	enum queue_level level;
	/* As the system has it: a number, or else a text, or neither. */
	bool has_number;
	int64_t number;
	struct queue_text text;
	const char *scheme; /* how to read it: "lower first, 0 is unset" */
};

/* A task that another one waits for. */
struct queue_blocker {
	struct queue_text id;
	struct queue_text queue;
	enum queue_status status;
};

/* All-zero is not "unknown" everywhere: start with QUEUE_TASK_INIT. */
struct queue_task {
	struct queue_text id; /* required */
	struct queue_text type;
	enum queue_status status;
	struct queue_priority priority;
	int64_t position; /* rank in the order of taking, 0 is next */
	struct sst_wall submitted_at;
	struct sst_wall not_before;
	struct sst_wall started_at;
	int64_t attempts;
	int64_t max_attempts;
	struct queue_text assigned_to;
	const struct queue_blocker *blockers; /* in any order, also twice */
	size_t blocker_count;
	bool deadlocked;  /* what it waits for can never finish */
	bool orphaned;    /* its worker gives no sign of life */
	bool not_yet;     /* not in the queue: `virtual` in the document */
	struct queue_text error;
};

#define QUEUE_TASK_INIT                                                      \
	{                                                                    \
		.status = QUEUE_STATUS_UNKNOWN,                              \
		.priority = {.level = QUEUE_NORMAL},                         \
		.position = QUEUE_UNKNOWN, .submitted_at = QUEUE_NEVER,      \
		.not_before = QUEUE_NEVER, .started_at = QUEUE_NEVER,        \
		.attempts = QUEUE_UNKNOWN, .max_attempts = QUEUE_UNKNOWN     \
	}

enum queue_detail {
	QUEUE_FULL,        /* all tasks are listed */
	QUEUE_WINDOW,      /* the head of it */
	QUEUE_COUNTS_ONLY, /* tasks cannot be listed without disturbing them */
	QUEUE_UNAVAILABLE  /* they could not be read */
};

struct queue_depth {
	int64_t ready, running, delayed, blocked, failed, dead, total;
};

#define QUEUE_DEPTH_INIT                                                   \
	{                                                                  \
		QUEUE_UNKNOWN, QUEUE_UNKNOWN, QUEUE_UNKNOWN,               \
		    QUEUE_UNKNOWN, QUEUE_UNKNOWN, QUEUE_UNKNOWN,           \
		    QUEUE_UNKNOWN                                          \
	}

/* Per second, as the system averages them; below 0: unknown. */
struct queue_rates {
	double published, delivered, acked;
};

struct queue_row {
	struct queue_text name;   /* required */
	const char *system;       /* required */
	struct queue_depth depth; /* total is tasks_total, too */
	struct queue_rates rates;
	int64_t consumers;
	struct queue_text state;
	struct queue_text type;
	struct queue_text dead_letter_queue;
	struct sst_wall oldest_submitted_at;
	enum queue_detail detail;
};

#define QUEUE_ROW_INIT                                                      \
	{                                                                   \
		.depth = QUEUE_DEPTH_INIT, .rates = {-1, -1, -1},           \
		.consumers = QUEUE_UNKNOWN,                                 \
		.oldest_submitted_at = QUEUE_NEVER,                         \
		.detail = QUEUE_COUNTS_ONLY                                 \
	}

/* A queue in the making; init with queue__begin. */
struct queue_build {
	struct sst_draft *draft; /* borrowed */
	json_t *queue;    /* owned; NULL: it was ended */
	struct sst_buf made_of; /* of the task being added */
	int64_t total;    /* of the row */
	int64_t listed;   /* tasks that are in the queue */
	enum queue_detail detail;
};

/*
 * Begins a queue in the draft (NULL: one that is dropped, without tasks), one at
 * a time. Writes no member whose value would be unknown where the schema lets it
 * be absent. Rates are rounded to 0.1, so that an idle queue is silent while its
 * averages fade out. SST_NOMEM; then there is nothing to free.
 */
int queue__begin(struct sst_draft *draft, const struct queue_row *row,
    struct queue_build *out, struct sst_error *err);

/* Adds a row of `priorities`, in the order they are taken. */
int queue__add_priority(struct queue_build *build,
    const struct queue_priority *priority, int64_t ready,
    struct sst_error *err);

/* Costs little when the task is as it was in the last good collection. A task
 * that does not conform is left out and counted. SST_NOMEM. */
int queue__add_task(struct queue_build *build, const struct queue_task *task,
    struct sst_error *err);

/*
 * Puts it into the draft: tasks_omitted is the total less those listed, never
 * below 0, null when the total is unknown; a "window" that omits nothing is
 * "full", a "full" that omits is a "window". Always ends build. As
 * sst_draft_add().
 */
int queue__finish(struct queue_build *build, struct sst_error *err);

/* Drops it; accepts one that was ended. */
void queue__drop(struct queue_build *build);

#endif
