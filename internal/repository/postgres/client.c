/* The connection, and one transaction over it. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "repository/postgres/postgres_priv.h"

enum {
	/* Wakes up this often so that a clock that was turned by hand is
	 * seen. */
	CLIENT_POLL_MS = 50,
	/* Rows between two looks at the clock. */
	CLIENT_ROWS = 256,
	/* A table that is being changed is waited for no longer. */
	CLIENT_LOCK_MS = 1000
};

int
sst_postgres_new(const struct sst_postgres_settings *settings,
    const struct sst_clock *clock, struct sst_postgres **out,
    struct sst_error *err)
{
	struct sst_postgres *p;
	int code = postgres__settings_check(settings, err);

	if (code != SST_OK)
		return code;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return sst_error_nomem(err);
	p->clock = clock;
	p->settings = settings;
	p->where = postgres__where(settings->url);
	p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->where == NULL || p->wake < 0) {
		code = p->where == NULL ? sst_error_nomem(err)
					: sst_error_set(err, SST_IO,
					      "eventfd: %s", strerror(errno));
		sst_postgres_free(&p);
		return code;
	}
	*out = p;
	return SST_OK;
}

void
sst_postgres_free(struct sst_postgres **postgres)
{
	struct sst_postgres *p = *postgres;

	if (p == NULL)
		return;
	sst_postgres_drop(p);
	if (p->wake >= 0)
		close(p->wake);
	free(p->where);
	free(p);
	*postgres = NULL;
}

void
sst_postgres_drop(struct sst_postgres *p)
{
	PQfinish(p->conn);
	p->conn = NULL;
}

const char *
sst_postgres_where(const struct sst_postgres *p)
{
	return p->where;
}

int
sst_postgres_version(const struct sst_postgres *p)
{
	return p->conn != NULL ? PQserverVersion(p->conn) : 0;
}

void
sst_postgres_interrupt(struct sst_postgres *p)
{
	uint64_t one = 1;

	atomic_store(&p->interrupted, true);
	/* a counter that is full wakes as well */
	(void)!write(p->wake, &one, sizeof(one));
}

void
sst_postgres_resume(struct sst_postgres *p)
{
	uint64_t count;

	(void)!read(p->wake, &count, sizeof(count));
	atomic_store(&p->interrupted, false);
}

static int
client_check(const struct sst_postgres *p, struct sst_error *err)
{
	if (atomic_load(&p->interrupted))
		return sst_error_set(
		    err, SST_CANCELED, "postgresql %s: interrupted", p->where);
	if (!sst_mono_before(sst_clock_mono(p->clock), p->deadline))
		return sst_error_set(err, SST_TIMEOUT,
		    "postgresql %s: no answer within the deadline", p->where);
	return SST_OK;
}

/* Until the socket is ready for one of the events, or a while has passed. */
static int
client_wait(const struct sst_postgres *p, short events, struct sst_error *err)
{
	struct pollfd fds[2] = {
	    {.fd = PQsocket(p->conn), .events = events},
	    {.fd = p->wake, .events = POLLIN},
	};
	int64_t left;
	int code = client_check(p, err);

	if (code != SST_OK)
		return code;
	left = sst_mono_diff_ms(p->deadline, sst_clock_mono(p->clock));
	/* rounded up: a poll that ends early would spin */
	left = left < CLIENT_POLL_MS ? left + 1 : CLIENT_POLL_MS;
	if (poll(fds, 2, (int)left) < 0 && errno != EINTR)
		return sst_error_set(
		    err, SST_INTERNAL, "poll: %s", strerror(errno));
	return SST_OK;
}

static void
client_ignore(void *ctx, const PGresult *notice)
{
	(void)ctx;
	(void)notice;
}

static int
client_connect_wait(struct sst_postgres *p, struct sst_error *err)
{
	PostgresPollingStatusType next = PGRES_POLLING_WRITING;
	int code;

	while (next != PGRES_POLLING_OK) {
		if (next == PGRES_POLLING_FAILED ||
		    PQstatus(p->conn) == CONNECTION_BAD)
			return postgres__connection_failure(p, false, err);
		code = client_wait(
		    p, next == PGRES_POLLING_READING ? POLLIN : POLLOUT, err);
		if (code != SST_OK)
			return code;
		next = PQconnectPoll(p->conn);
	}
	return SST_OK;
}

static int
client_connect(struct sst_postgres *p, struct sst_error *err)
{
	int code = client_check(p, err);

	if (code == SST_OK)
		code = postgres__connect_start(p->settings, &p->conn, err);
	if (code != SST_OK)
		return code;
	PQsetNoticeReceiver(p->conn, client_ignore, NULL);
	/* failures to connect carry their SQLSTATE in the text alone */
	PQsetErrorVerbosity(p->conn, PQERRORS_VERBOSE);
	code = client_connect_wait(p, err);
	if (code == SST_OK && PQsetnonblocking(p->conn, 1) != 0)
		code = sst_error_nomem(err);
	if (code != SST_OK)
		sst_postgres_drop(p);
	return code;
}

static int
client_flush(struct sst_postgres *p, struct sst_error *err)
{
	int left, code;

	while ((left = PQflush(p->conn)) == 1) {
		code = client_wait(p, POLLIN | POLLOUT, err);
		if (code != SST_OK)
			return code;
		/* the server may not read on before it is read from */
		if (PQconsumeInput(p->conn) == 0)
			break;
	}
	return left == 0 ? SST_OK : postgres__connection_failure(p, true, err);
}

/* The next result, NULL behind the last. */
static int
client_result(struct sst_postgres *p, PGresult **out, struct sst_error *err)
{
	int code;

	while (PQisBusy(p->conn)) {
		code = client_wait(p, POLLIN, err);
		if (code != SST_OK)
			return code;
		if (PQconsumeInput(p->conn) == 0)
			return postgres__connection_failure(p, true, err);
	}
	*out = PQgetResult(p->conn);
	return SST_OK;
}

static int
client_columns(const struct sst_postgres_query *query, const PGresult *result,
    struct sst_error *err)
{
	struct sst_postgres_column columns[SST_POSTGRES_COLUMNS];
	int i, count = PQnfields(result);

	if (count > SST_POSTGRES_COLUMNS)
		return sst_error_set(err, SST_LIMIT, "more than %d columns",
		    (int)SST_POSTGRES_COLUMNS);
	if (query->on_columns == NULL)
		return SST_OK;
	for (i = 0; i < count; i++) {
		columns[i].name = PQfname(result, i);
		columns[i].type = PQftype(result, i);
	}
	return query->on_columns(query->ctx, columns, (size_t)count, err);
}

static int
client_row(const struct sst_postgres_query *query, const PGresult *result,
    struct sst_error *err)
{
	struct sst_postgres_value values[SST_POSTGRES_COLUMNS];
	int i, count = PQnfields(result);

	for (i = 0; i < count; i++) {
		values[i].data =
		    PQgetisnull(result, 0, i) ? NULL : PQgetvalue(result, 0, i);
		values[i].len = (size_t)PQgetlength(result, 0, i);
	}
	return query->on_row(query->ctx, values, (size_t)count, err);
}

struct client_rows {
	const struct sst_postgres_query *query;
	bool described;
	size_t count;
};

static int
client_take(struct sst_postgres *p, struct client_rows *rows,
    const PGresult *result, struct sst_error *err)
{
	ExecStatusType status = PQresultStatus(result);
	int code = SST_OK;

	if (status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY)
		return SST_OK;
	if (status != PGRES_SINGLE_TUPLE && status != PGRES_TUPLES_OK)
		return postgres__result_failure(p, result, err);
	if (rows->query->on_row == NULL)
		return SST_OK;
	if (!rows->described)
		code = client_columns(rows->query, result, err);
	rows->described = true;
	if (code != SST_OK || status != PGRES_SINGLE_TUPLE)
		return code;
	if (++rows->count % CLIENT_ROWS == 0)
		code = client_check(p, err);
	return code == SST_OK ? client_row(rows->query, result, err) : code;
}

/* All results of what was sent. */
static int
client_drain(struct sst_postgres *p, const struct sst_postgres_query *query,
    struct sst_error *err)
{
	struct client_rows rows = {.query = query};
	PGresult *result = NULL;
	int code;

	for (;;) {
		code = client_result(p, &result, err);
		if (code != SST_OK || result == NULL)
			return code;
		code = client_take(p, &rows, result, err);
		PQclear(result);
		if (code != SST_OK)
			return code;
	}
}

/* Statements that give no rows of interest. */
static int
client_simple(struct sst_postgres *p, const char *sql, struct sst_error *err)
{
	static const struct sst_postgres_query none = {.on_row = NULL};
	int code = client_check(p, err);

	if (code != SST_OK)
		return code;
	if (PQsendQuery(p->conn, sql) == 0)
		return postgres__connection_failure(p, true, err);
	code = client_flush(p, err);
	return code == SST_OK ? client_drain(p, &none, err) : code;
}

/*
 * What depends on the version or the platform of the server is set only where
 * it is known: a setting that is not fails the transaction.
 */
static void
client_begin_sql(
    const struct sst_postgres *p, const char *search_path, struct sst_buf *out)
{
	long left =
	    (long)sst_mono_diff_ms(p->deadline, sst_clock_mono(p->clock));
	long statement = left - left / 10, lock = statement;

	if (statement < 1)
		statement = 1;
	if (lock < 1 || lock > CLIENT_LOCK_MS)
		lock = CLIENT_LOCK_MS;
	sst_buf_addf(out,
	    "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY;"
	    "SET LOCAL statement_timeout=%ld;SET LOCAL lock_timeout=%ld;"
	    "SET LOCAL idle_in_transaction_session_timeout=%ld;"
	    "SET LOCAL TimeZone='UTC';SET LOCAL DateStyle='ISO, YMD';"
	    "SET LOCAL standard_conforming_strings=on;",
	    statement, lock, 2 * statement);
	if (search_path != NULL)
		sst_buf_addf(out, "SET LOCAL search_path=%s;", search_path);
	sst_buf_adds(out,
	    "SELECT pg_catalog.set_config(s.n,s.v,true) FROM (VALUES "
	    "('jit','off'),('max_parallel_workers_per_gather','0'),"
	    "('client_connection_check_interval','1000'))s(n,v) "
	    "WHERE pg_catalog.current_setting(s.n,true) IS NOT NULL AND "
	    "(s.n<>'client_connection_check_interval' OR "
	    "pg_catalog.version() LIKE '%linux%')");
}

static int
client_begin(
    struct sst_postgres *p, const char *search_path, struct sst_error *err)
{
	struct sst_buf sql = SST_BUF_INIT;
	int code = SST_OK;

	if (p->conn == NULL)
		code = client_connect(p, err);
	if (code != SST_OK)
		return code;
	client_begin_sql(p, search_path, &sql);
	code = sst_buf_failed(&sql) ? sst_error_nomem(err)
				    : client_simple(p, sql.data, err);
	sst_buf_fini(&sql);
	return code;
}

int
sst_postgres_begin(struct sst_postgres *p, struct sst_mono deadline,
    const char *search_path, struct sst_error *err)
{
	bool kept;
	int code;

	/* one that was left in a transaction would show its old snapshot */
	if (p->conn != NULL && PQtransactionStatus(p->conn) != PQTRANS_IDLE)
		sst_postgres_drop(p);
	kept = p->conn != NULL;
	p->deadline = deadline;
	code = client_begin(p, search_path, err);
	if (kept && (code == SST_TRUNCATED || code == SST_UPSTREAM)) {
		/* it was closed, or told to go, since the last poll */
		sst_postgres_drop(p);
		code = client_begin(p, search_path, err);
	}
	if (code != SST_OK)
		sst_postgres_drop(p);
	return code;
}

int
sst_postgres_run(struct sst_postgres *p, const struct sst_postgres_query *query,
    struct sst_error *err)
{
	int code = client_check(p, err);

	if (code == SST_OK &&
	    (PQsendQueryParams(p->conn, query->sql, (int)query->param_count,
		 NULL, query->params, NULL, NULL, 0) == 0 ||
		PQsetSingleRowMode(p->conn) == 0))
		code = postgres__connection_failure(p, true, err);
	if (code == SST_OK)
		code = client_flush(p, err);
	if (code == SST_OK)
		code = client_drain(p, query, err);
	if (code != SST_OK)
		sst_postgres_drop(p);
	return code;
}

int
sst_postgres_end(struct sst_postgres *p, struct sst_error *err)
{
	int code = client_simple(p, "COMMIT", err);

	if (code != SST_OK)
		sst_postgres_drop(p);
	return code;
}
