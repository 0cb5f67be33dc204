/* Columns that a query of the configuration gives, and what they are for. */
#ifndef SST_REPOSITORY_QUEUES_SQL_COLUMNS_H
#define SST_REPOSITORY_QUEUES_SQL_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "repository/postgres/postgres.h"

/* What a column is to hold. */
enum sql_kind {
	SQL_KIND_TEXT,     /* anything, as text */
	SQL_KIND_TIME,     /* a time, or seconds (milliseconds) since 1970 */
	SQL_KIND_COUNT,    /* whole numbers */
	SQL_KIND_PRIORITY, /* numbers, or level words */
	SQL_KIND_LIST      /* an id, an array of ids, or such as JSON */
};

enum sql_use {
	SQL_USE_ID,
	SQL_USE_QUEUE,
	SQL_USE_TYPE,
	SQL_USE_STATUS,
	SQL_USE_PRIORITY,
	SQL_USE_SUBMITTED,
	SQL_USE_NOT_BEFORE,
	SQL_USE_STARTED,
	SQL_USE_ATTEMPTS,
	SQL_USE_MAX_ATTEMPTS,
	SQL_USE_ASSIGNED,
	SQL_USE_ERROR,
	SQL_USE_BLOCKED_BY,
	SQL_USE_COUNT
};

/* A use, the column that the configuration names for it, and its type. */
struct sql_given {
	const char *column; /* NULL: none */
	uint32_t type;      /* oid */
};

/*
 * Finds the columns that are named among those of the query and notes their
 * types. SST_NOT_FOUND, SST_TYPE with the option, the column and what there
 * is instead.
 */
int sql__columns_match(struct sql_given *given,
    const struct sst_postgres_column *columns, size_t count,
    struct sst_error *err);

/* Appends the expression of a use over `u`, of the type that the kind has;
 * NULL of that type when no column is named. */
void sql__columns_add(
    const struct sql_given *given, enum sql_use use, struct sst_buf *out);

/* Whether its column holds numbers. */
bool sql__columns_number(const struct sql_given *given, enum sql_use use);

/* 'a text' of SQL. */
void sql__add_literal(struct sst_buf *out, const char *text);

#endif
