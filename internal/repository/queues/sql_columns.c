#include "repository/queues/sql_columns.h"

#include <string.h>

/* Built-in types by their oid, which is the same in every PostgreSQL. */
enum {
	OID_INT8 = 20,
	OID_INT2 = 21,
	OID_INT4 = 23,
	OID_TEXT = 25,
	OID_JSON = 114,
	OID_FLOAT4 = 700,
	OID_FLOAT8 = 701,
	OID_TEXTS = 1009,
	OID_BPCHAR = 1042,
	OID_VARCHAR = 1043,
	OID_DATE = 1082,
	OID_TIMESTAMP = 1114,
	OID_TIMESTAMPTZ = 1184,
	OID_NUMERIC = 1700,
	OID_UUID = 2950,
	OID_JSONB = 3802,
	OID_USER = 16384 /* and above: enums and the like */
};

static const struct columns_type {
	uint32_t oid;
	const char *name;
} columns_types[] = {
    {16, "boolean"},
    {17, "bytea"},
    {OID_INT8, "bigint"},
    {OID_INT2, "smallint"},
    {OID_INT4, "integer"},
    {OID_TEXT, "text"},
    {OID_JSON, "json"},
    {OID_FLOAT4, "real"},
    {OID_FLOAT8, "double precision"},
    {OID_TEXTS, "text[]"},
    {OID_BPCHAR, "character"},
    {OID_VARCHAR, "character varying"},
    {OID_DATE, "date"},
    {OID_TIMESTAMP, "timestamp"},
    {OID_TIMESTAMPTZ, "timestamp with time zone"},
    {OID_NUMERIC, "numeric"},
    {OID_UUID, "uuid"},
    {OID_JSONB, "jsonb"},
};

static const struct columns_use {
	const char *option;
	enum sql_kind kind;
} columns_uses[] = {
    [SQL_USE_ID] = {"id", SQL_KIND_TEXT},
    [SQL_USE_QUEUE] = {"queue", SQL_KIND_TEXT},
    [SQL_USE_TYPE] = {"type", SQL_KIND_TEXT},
    [SQL_USE_STATUS] = {"status", SQL_KIND_TEXT},
    [SQL_USE_PRIORITY] = {"priority", SQL_KIND_PRIORITY},
    [SQL_USE_SUBMITTED] = {"submitted_at", SQL_KIND_TIME},
    [SQL_USE_NOT_BEFORE] = {"not_before", SQL_KIND_TIME},
    [SQL_USE_STARTED] = {"started_at", SQL_KIND_TIME},
    [SQL_USE_ATTEMPTS] = {"attempts", SQL_KIND_COUNT},
    [SQL_USE_MAX_ATTEMPTS] = {"max_attempts", SQL_KIND_COUNT},
    [SQL_USE_ASSIGNED] = {"assigned_to", SQL_KIND_TEXT},
    [SQL_USE_ERROR] = {"error", SQL_KIND_TEXT},
    [SQL_USE_BLOCKED_BY] = {"blocked_by", SQL_KIND_LIST},
};

static const char *const columns_expected[] = {
    [SQL_KIND_TEXT] = "anything",
    [SQL_KIND_TIME] = "a timestamp, a date or a number of seconds",
    [SQL_KIND_COUNT] = "whole numbers",
    [SQL_KIND_PRIORITY] = "numbers, or low, normal, high and critical",
    [SQL_KIND_LIST] = "ids",
};

static const char *
columns_type_name(uint32_t oid)
{
	size_t i;

	for (i = 0; i < sizeof(columns_types) / sizeof(columns_types[0]); i++) {
		if (columns_types[i].oid == oid)
			return columns_types[i].name;
	}
	return "another type";
}

static bool
columns_whole(uint32_t oid)
{
	return oid == OID_INT8 || oid == OID_INT4 || oid == OID_INT2 ||
	       oid == OID_NUMERIC;
}

static bool
columns_numeric(uint32_t oid)
{
	return columns_whole(oid) || oid == OID_FLOAT4 || oid == OID_FLOAT8;
}

static bool
columns_word(uint32_t oid)
{
	return oid == OID_TEXT || oid == OID_VARCHAR || oid == OID_BPCHAR ||
	       oid >= OID_USER;
}

static bool
columns_fits(enum sql_kind kind, uint32_t oid)
{
	switch (kind) {
	case SQL_KIND_TIME:
		return oid == OID_TIMESTAMPTZ || oid == OID_TIMESTAMP ||
		       oid == OID_DATE || columns_numeric(oid);
	case SQL_KIND_COUNT:
		return columns_whole(oid);
	case SQL_KIND_PRIORITY:
		return columns_numeric(oid) || columns_word(oid);
	case SQL_KIND_TEXT:
	case SQL_KIND_LIST:
		break;
	}
	return true;
}

static int
columns_missing(enum sql_use use, const char *column,
    const struct sst_postgres_column *columns, size_t count,
    struct sst_error *err)
{
	struct sst_buf names = SST_BUF_INIT;
	size_t i;

	for (i = 0; i < count; i++)
		sst_buf_addf(
		    &names, "%s%s", i > 0 ? ", " : "", columns[i].name);
	sst_error_set(err, SST_NOT_FOUND,
	    "columns.%s: the query gives no column \"%s\"; it gives %s",
	    columns_uses[use].option, column,
	    names.len > 0 ? names.data : "none");
	sst_buf_fini(&names);
	return err->code;
}

static int
columns_match_one(struct sql_given *given, enum sql_use use,
    const struct sst_postgres_column *columns, size_t count,
    struct sst_error *err)
{
	enum sql_kind kind = columns_uses[use].kind;
	size_t i;

	for (i = 0; i < count; i++) {
		if (strcmp(columns[i].name, given->column) != 0)
			continue;
		given->type = columns[i].type;
		if (columns_fits(kind, given->type))
			return SST_OK;
		return sst_error_set(err, SST_TYPE,
		    "columns.%s: the column \"%s\" is of type %s, expected %s",
		    columns_uses[use].option, given->column,
		    columns_type_name(given->type), columns_expected[kind]);
	}
	return columns_missing(use, given->column, columns, count, err);
}

int
sql__columns_match(struct sql_given *given,
    const struct sst_postgres_column *columns, size_t count,
    struct sst_error *err)
{
	int use, code = SST_OK;

	for (use = 0; code == SST_OK && use < SQL_USE_COUNT; use++) {
		if (given[use].column != NULL)
			code = columns_match_one(&given[use], (enum sql_use)use,
			    columns, count, err);
	}
	return code;
}

bool
sql__columns_number(const struct sql_given *given, enum sql_use use)
{
	return given[use].column != NULL && columns_numeric(given[use].type);
}

void
sql__add_literal(struct sst_buf *out, const char *text)
{
	sst_buf_addc(out, '\'');
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			sst_buf_addc(out, '\'');
		sst_buf_addc(out, *text);
	}
	sst_buf_addc(out, '\'');
}

/* Before and behind the column. Numbers over 10^11 are milliseconds: as
 * seconds they would be after the year 5000. */
static void
columns_around(
    enum sql_kind kind, uint32_t oid, const char **before, const char **behind)
{
	*before = "";
	*behind = "";
	if (kind == SQL_KIND_TEXT) {
		*before = "left((";
		*behind = ")::text,1024)";
	} else if (kind == SQL_KIND_COUNT || columns_numeric(oid)) {
		*before = "(";
		*behind = ")::bigint";
	} else if (kind == SQL_KIND_PRIORITY) {
		*before = "left((";
		*behind = ")::text,64)";
	} else if (oid == OID_TIMESTAMP || oid == OID_DATE) {
		*before = "((";
		*behind = ")::timestamp AT TIME ZONE 'UTC')";
	}
}

void
sql__columns_add(
    const struct sql_given *given, enum sql_use use, struct sst_buf *out)
{
	static const char *const types[] = {
	    [SQL_KIND_TEXT] = "NULL::text",
	    [SQL_KIND_TIME] = "NULL::timestamptz",
	    [SQL_KIND_COUNT] = "NULL::bigint",
	    [SQL_KIND_PRIORITY] = "NULL::bigint",
	    [SQL_KIND_LIST] = "NULL::jsonb",
	};
	enum sql_kind kind = columns_uses[use].kind;
	const struct sql_given *g = &given[use];
	struct sst_buf name = SST_BUF_INIT;
	const char *before, *behind;

	if (g->column == NULL) {
		sst_buf_adds(out, types[kind]);
		return;
	}
	sst_buf_adds(&name, "u.");
	sst_postgres_add_name(&name, g->column);
	columns_around(kind, g->type, &before, &behind);
	if (sst_buf_failed(&name))
		out->failed = true;
	else if (kind == SQL_KIND_TIME && columns_numeric(g->type))
		sst_buf_addf(out,
		    "to_timestamp(CASE WHEN %s>1e11 THEN %s/1000.0 ELSE %s "
		    "END::double precision)",
		    name.data, name.data, name.data);
	else if (kind == SQL_KIND_LIST)
		sst_buf_addf(out,
		    "CASE WHEN pg_column_size(%s)<=16384 THEN to_jsonb(%s) END",
		    name.data, name.data);
	else
		sst_buf_addf(out, "%s%s%s", before, name.data, behind);
	sst_buf_fini(&name);
}
