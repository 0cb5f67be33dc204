/* Rows of the common columns as structs. Pure functions. */
#ifndef SST_REPOSITORY_QUEUES_SQL_PARSE_H
#define SST_REPOSITORY_QUEUES_SQL_PARSE_H

#include "repository/postgres/postgres.h"
#include "repository/queues/row.h"

/* In the order of the window: what runs, what is next, what waits. */
enum sql_status {
	SQL_RUNNING,
	SQL_RESERVED,
	SQL_QUEUED,
	SQL_RETRYING,
	SQL_SCHEDULED,
	SQL_BLOCKED,
	SQL_DEAD,
	SQL_FAILED,
	SQL_UNKNOWN,
	SQL_FINISHED, /* left out */
	SQL_CANCELLED /* of a blocker: it will never finish */
};

#define SQL_CANCELLED_TEXT "10" /* SQL_CANCELLED */

/* Columns of a task. */
enum {
	SQL_TASK_QUEUE,
	SQL_TASK_ID,
	SQL_TASK_TYPE,
	SQL_TASK_STATUS,
	SQL_TASK_PRIORITY,
	SQL_TASK_SUBMITTED,
	SQL_TASK_NOT_BEFORE,
	SQL_TASK_STARTED,
	SQL_TASK_ATTEMPTS,
	SQL_TASK_MAX_ATTEMPTS,
	SQL_TASK_ASSIGNED,
	SQL_TASK_ORPHANED,
	SQL_TASK_ERROR,
	SQL_TASK_BLOCKER_ID,
	SQL_TASK_BLOCKER_QUEUE,
	SQL_TASK_BLOCKER_STATUS,
	SQL_TASK_COLUMNS
};

/* Columns of a queue. */
enum {
	SQL_QUEUE_NAME,
	SQL_QUEUE_TYPE,
	SQL_QUEUE_DEAD_LETTER,
	SQL_QUEUE_READY,
	SQL_QUEUE_RUNNING,
	SQL_QUEUE_DELAYED,
	SQL_QUEUE_BLOCKED,
	SQL_QUEUE_DEAD,
	SQL_QUEUE_FAILED,
	SQL_QUEUE_TOTAL,
	SQL_QUEUE_OLDEST,
	SQL_QUEUE_MARK, /* changes with any row; null: not known */
	SQL_QUEUE_COLUMNS
};

/* Columns of a blocker. */
enum {
	SQL_EDGE_QUEUE,
	SQL_EDGE_ID,
	SQL_EDGE_BLOCKER_ID,
	SQL_EDGE_BLOCKER_QUEUE,
	SQL_EDGE_BLOCKER_STATUS,
	SQL_EDGE_COLUMNS
};

/* Where critical, high and normal begin. */
struct sql_levels {
	int64_t critical, high, normal;
	bool lower_first;
};

enum queue_level sql__level(const struct sql_levels *levels, int64_t priority);

/* "low", "normal", "high", "critical". */
bool sql__level_word(const char *text, enum queue_level *out);

/*
 * A task without what the graph knows. Texts are borrowed from values. False
 * with the name of the column that is not what it should be.
 */
bool sql__parse_task(const struct sst_postgres_value *values,
    const struct sql_levels *levels, struct queue_task *out,
    struct queue_blocker *blocker, const char **column);

/* A queue; false as above. */
bool sql__parse_queue(const struct sst_postgres_value *values,
    struct queue_row *out, const char **column);

/* A status of SQL as the document has it. */
bool sql__parse_status(
    const struct sst_postgres_value *value, enum queue_status *out);

struct queue_text sql__text(const struct sst_postgres_value *value);

#endif
