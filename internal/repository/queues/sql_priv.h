/*
 * What the sources of queues in PostgreSQL share. A flavour says which tables
 * it needs and gives one SELECT that makes of them a row for each task, in
 * columns that are the same for all; counting, windows, blockers, the keeping
 * of what did not change and the document are common.
 */
#ifndef SST_REPOSITORY_QUEUES_SQL_PRIV_H
#define SST_REPOSITORY_QUEUES_SQL_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "repository/draft.h"
#include "repository/postgres/postgres.h"
#include "repository/queues/pick.h"
#include "repository/queues/row.h"
#include "repository/queues/sql_graph.h"
#include "repository/queues/sql_parse.h"
#include "repository/queues/sql_table.h"
#include "repository/source.h"

/* Sources of millions of queues are none of task queues. */
enum { SQL_QUEUES_MAX = 100000, SQL_EDGES_MAX = 100000, SQL_PARTS_MAX = 8 };

/* The first member of every flavour's settings. */
struct sql_settings {
	struct sst_postgres_settings server;
	struct queue_pick pick;
	int64_t max_tasks;
	int64_t critical, high, normal; /* where they begin */
};

/* Defaults of the levels as they would stand in the file. */
#define SQL_ROWS(owner, member, fallback_system, critical_at, high_at) \
	SST_POSTGRES_ROWS(owner, member.server),                       \
	    QUEUE_PICK_ROWS(owner, member.pick, fallback_system),      \
	    QUEUE_WINDOW_ROW(owner, member.max_tasks),                 \
	    SQL_LEVEL_ROW_(owner, member, critical, critical_at),      \
	    SQL_LEVEL_ROW_(owner, member, high, high_at),              \
	    SQL_LEVEL_ROW_(owner, member, normal, "0")
#define SQL_LEVEL_ROW_(owner, member, level, fallback_level)              \
	{                                                                 \
		.name = "levels." #level, .type = SST_OPTION_INT,         \
		.fallback = (fallback_level), .min = -9e15, .max = 9e15,  \
		.help = "Priority at which the level " #level " begins.", \
		.offset = offsetof(owner, member.level)                   \
	}

#define SQL_SCHEMA_ROW(owner, member, fallback_schema)              \
	{                                                           \
		.name = "schema", .type = SST_OPTION_STRING,        \
		.fallback = (fallback_schema), .min = 1, .max = 63, \
		.help = "Schema of its tables.",                    \
		.offset = offsetof(owner, member)                   \
	}
#define SQL_ERRORS_ROW(owner, member)                                          \
	{                                                                      \
		.name = "errors", .type = SST_OPTION_BOOL, .fallback = "true", \
		.help = "Show the first line of why a task failed.",           \
		.offset = offsetof(owner, member)                              \
	}

/* Members of depth that the system has at all. */
enum { SQL_HAS_BLOCKED = 1, SQL_HAS_FAILED = 2, SQL_HAS_DEAD = 4 };

/* What a flavour makes of the tables it found: SQL. */
struct sql_plan {
	/*
	 * SELECT of one row a task: queue, id, type, status (enum sql_status),
	 * priority, submitted_at, not_before (null once it is due), started_at,
	 * attempts, max_attempts, assigned_to, orphaned, blocker_id,
	 * blocker_queue, blocker_status, and what the others below use.
	 */
	struct sst_buf base;
	/* SELECT of name, type, dead_letter: queues that may be empty; none
	 * when empty. */
	struct sst_buf queues;
	/* SELECT of queue, id, blocker_id, blocker_queue, blocker_status, with
	 * $1 the names of queues; none when empty. */
	struct sst_buf edges;
	/* SELECT of one text; none when empty. */
	struct sst_buf version;
	/* Whether base has a column `mark`: a number that is another one when
	 * anything of the row has changed. */
	bool marks;
	/* How tasks of one status are taken, by columns of base. */
	const char *order;
	/* Whether an index finds the tasks of one queue. */
	bool by_queue;
	/* Over the rows of the window alone, `w`; NULL: not known, or (times)
	 * the column of that name. */
	const char *error, *submitted, *started;
	struct sst_buf join; /* more tables for these */
	/* The oldest waiting task: of base, and over the counts, `c`; NULL:
	 * the least submitted_at. */
	const char *oldest_base;
	struct sst_buf oldest;
	unsigned has;
};

/* Something that is read, and how that stands: upstream.parts. */
struct sql_part {
	const char *name;
	const char *state;
	char reason[SST_ERROR_TEXT]; /* "" when ok */
};

struct sql_flavour;

struct sql_source {
	const struct sql_flavour *flavour;
	const struct sst_clock *clock;
	size_t max_bytes;
	struct sql_settings *settings; /* of ops->settings_size, owned */
	struct sst_postgres *server;
	struct sql_levels levels;
	/* Of the last good collection, and of the one that is made. */
	struct sql_table last, next;
	/* Of the queue whose rows come; memory is kept. */
	struct sst_buf raw, blockers;
};

enum sql_right { SQL_ABSENT, SQL_DENIED, SQL_READABLE };

/* A column of the tables of a flavour. */
struct sql_column {
	size_t relation; /* offsets of texts */
	size_t name;
	bool readable;
	bool hidden; /* row-level security lets nothing through */
	bool filtered;
};

struct sql_probe {
	struct sst_buf texts;
	struct sql_column *columns;
	size_t count, cap;
	bool schema; /* it is there */
	bool usage;
};

/* One collection. */
struct sql_read {
	struct sql_source *source;
	const struct sst_collect *req;
	struct sst_draft *out;
	const char *schema;
	struct sst_buf quoted; /* "schema". */
	struct sql_probe probe;
	struct sql_plan plan;
	struct sql_graph graph;
	struct sql_part parts[SQL_PARTS_MAX];
	size_t part_count;
	char version[64]; /* of the system; "" */
	/* of the queue whose rows come */
	struct sql_found *at;
};

struct sql_flavour {
	const struct sst_source_ops *ops;
	const char *product;          /* "pg-boss" */
	const char *search_path;      /* in SQL; NULL: that of the role */
	const char *const *relations; /* NULL ends */
	const char *scheme;
	bool lower_first; /* of its priorities */
	/* The schema of the tables; NULL: no tables are looked for. */
	const char *(*schema)(const struct sql_source *source);
	/* Looks at what was found and fills plan. */
	int (*plan)(struct sql_read *read, struct sst_error *err);
};

/* The slots of sst_source_ops; init with the flavour. */
int sql__init(struct sql_source *source, const struct sql_flavour *flavour,
    const void *settings, const struct sst_source_env *env,
    struct sst_error *err);
int sql__collect(void *state, const struct sst_collect *req,
    struct sst_draft *out, struct sst_error *err);
void sql__interrupt(void *state);
void sql__fini(void *state);

/* What there is and may be read: sql_probe.c. */
int sql__probe(struct sql_read *read, struct sst_error *err);
enum sql_right sql__right(
    const struct sql_read *read, const char *relation, const char *column);
/* All of these columns (names with blanks between) of a table that a flavour
 * cannot do without. SST_NOT_FOUND, SST_FORBIDDEN with the grants to give. */
int sql__need(struct sql_read *read, const char *relation, const char *columns,
    struct sst_error *err);
/* The same of what it can do without: notes the part, and degrades when it
 * may not be read. False: leave it out. */
bool sql__want(struct sql_read *read, const char *part, const char *relation,
    const char *columns);
void sql__part(struct sql_read *read, const char *name, const char *state,
    const char *reason);
/* Appends `expression AS mark`, hashed, to base; not before PostgreSQL 14. */
void sql__mark(struct sql_read *read, const char *expression);
/* The same of a table `j`: every change of a row makes a new one. */
void sql__mark_row(struct sql_read *read, const char *relation);

/* Statements: sql_plan.c. Memory: sst_buf_failed(out). */
void sql__plan_fini(struct sql_plan *plan);
void sql__counts(const struct sql_plan *plan, struct sst_buf *out);
void sql__tasks(const struct sql_plan *plan, struct sst_buf *out);
/* Appends text with each % replaced by the quoted schema and a dot. */
void
sql__add(const struct sql_read *read, const char *text, struct sst_buf *out);

/* The steps that read: sql_tasks.c. */
int sql__read_counts(struct sql_read *read, struct sst_error *err);
int sql__read_edges(struct sql_read *read, struct sst_error *err);
int sql__read_tasks(struct sql_read *read, struct sst_error *err);

#endif
