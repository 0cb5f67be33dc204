#include "conformance/served_postgres.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/poll.h"

enum { FEED_MAX = 1024 * 1024 };

/* It listens before it takes sessions. */
static PGconn *
postgres_open(const struct server *server)
{
	char conninfo[128];
	PGconn *conn;

	snprintf(conninfo, sizeof(conninfo),
	    "host=127.0.0.1 port=%u user=postgres dbname=postgres",
	    (unsigned)server->port);
	if (!POLL_UNTIL(PQping(conninfo) == PQPING_OK))
		return NULL;
	conn = PQconnectdb(conninfo);
	if (PQstatus(conn) == CONNECTION_OK)
		return conn;
	PQfinish(conn);
	return NULL;
}

static void
postgres_silent(void *ctx, const char *message)
{
	(void)ctx;
	(void)message;
}

static bool
postgres_run(PGconn *conn, const char *sql)
{
	PGresult *result = PQexec(conn, sql);
	ExecStatusType status = PQresultStatus(result);
	bool good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;

	if (!good)
		printf("%.80s: %s\n", sql, PQresultErrorMessage(result));
	PQclear(result);
	return good;
}

static bool
postgres_run_file(PGconn *conn, const char *path)
{
	char *text = calloc(1, FEED_MAX);
	FILE *f = fopen(path, "r");
	bool good = text != NULL && f != NULL &&
		    fread(text, 1, FEED_MAX - 1, f) > 0 &&
		    postgres_run(conn, text);

	if (f != NULL)
		fclose(f);
	free(text);
	return good;
}

bool
served_postgres_feed(const struct server *server, const char *schema,
    const char *path, const char *more)
{
	PGconn *conn = postgres_open(server);
	char drop[128];
	bool good = conn != NULL;

	if (!good)
		return false;
	PQsetNoticeProcessor(conn, postgres_silent, NULL);
	snprintf(
	    drop, sizeof(drop), "DROP SCHEMA IF EXISTS %s CASCADE", schema);
	good = postgres_run(conn, drop) && postgres_run_file(conn, path) &&
	       postgres_run(conn, more);
	PQfinish(conn);
	return good;
}

static const char state_sql[] =
    "SELECT concat(("
    /* query_to_xml runs a query for each table there is */
    "SELECT string_agg(c.oid::regclass||' '||md5(query_to_xml(format("
    "'SELECT t.*,t.ctid,t.xmin,t.xmax FROM %s t ORDER BY t.ctid',"
    "c.oid::regclass),true,true,'')::text),E'\\n' ORDER BY c.oid) FROM "
    "pg_class c JOIN pg_namespace n ON n.oid=c.relnamespace WHERE "
    "c.relkind='r' AND n.nspname NOT IN "
    "('pg_catalog','information_schema','pg_toast')),("
    "SELECT string_agg(concat_ws('|',schemaname,relname,n_tup_ins,n_tup_upd,"
    "n_tup_del,n_live_tup,n_dead_tup),E'\\n' ORDER BY schemaname,relname) "
    "FROM pg_stat_user_tables),'|',(SELECT count(*) FROM pg_locks l JOIN "
    "pg_stat_activity a USING (pid) WHERE a.application_name='systate'),'|',"
    "(SELECT count(*) FROM pg_stat_activity WHERE "
    "application_name='systate' AND backend_xmin IS NOT NULL),'|',"
    "pg_snapshot_xmax(pg_current_snapshot()))";

char *
served_postgres_state(const struct server *server)
{
	PGconn *conn = postgres_open(server);
	PGresult *result;
	char *text = NULL;

	if (conn == NULL)
		return NULL;
	result = PQexec(conn, state_sql);
	if (PQresultStatus(result) == PGRES_TUPLES_OK)
		text = strdup(PQgetvalue(result, 0, 0));
	else
		printf("%s\n", PQresultErrorMessage(result));
	PQclear(result);
	PQfinish(conn);
	return text;
}
