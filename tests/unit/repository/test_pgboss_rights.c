/*
 * What a role may see of pg-boss, and that reading leaves no trace. Ways to
 * fail: an error that names nothing, a whole source lost for one table, 0 for
 * what is hidden, a lock or a snapshot that stays.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "repository/queues/queues.h"
#include "test_pgboss_load.h"
#include "test_postgres_sources.h"
#include "test_postgres_support.h"

static const char as_reader[] = "username: reader, password: reader";

START_TEST(without_a_right_it_says_which)
{
	static const struct {
		const char *grant, *says;
	} cases[] = {
	    {"", "permission denied for schema pgboss"},
	    {"GRANT USAGE ON SCHEMA pgboss TO reader",
		"permission denied for pgboss.job"},
	    {"GRANT USAGE ON SCHEMA pgboss TO reader; "
	     "GRANT SELECT ON pgboss.job TO reader",
		"permission denied for pgboss.queue"},
	};

	pgboss_load_recorded("40");
	if (cases[_i].grant[0] != '\0')
		pg_run("%s", cases[_i].grant);
	pg_open_at(&sst_pgboss_ops, pg_server.port, as_reader);
	ck_assert_int_eq(pg_collect_code(), SST_FORBIDDEN);
	ck_assert_msg(strstr(pg_subject.err.text, cases[_i].says) != NULL, "%s",
	    pg_subject.err.text);
}
END_TEST

/* One table less is one fact less. */
START_TEST(without_one_table_the_rest_is_shown)
{
	const struct sst_error *flaw;

	pgboss_load_flow();
	pg_run("GRANT USAGE ON SCHEMA pgboss TO reader; "
	       "GRANT SELECT ON pgboss.job,pgboss.queue,pgboss.version "
	       "TO reader");
	pg_open_at(&sst_pgboss_ops, pg_server.port, as_reader);
	flaw = pg_collect();
	ck_assert_int_eq(flaw->code, SST_FORBIDDEN);
	ck_assert_ptr_nonnull(strstr(flaw->text, "job_dependency"));
	ck_assert_str_eq(pg_part("dependencies"), "forbidden");
	ck_assert_str_eq(pg_part("jobs"), "ok");
	ck_assert_int_eq(pg_depth("agent-flow", "blocked"), 2);
	ck_assert_str_eq(
	    pg_word(pg_task("agent-flow", pgboss_report), "status"), "blocked");
}
END_TEST

/* The columns that are needed are enough: payloads need not be granted. */
START_TEST(columns_can_be_granted)
{
	pgboss_load_recorded("40");
	pg_run("GRANT USAGE ON SCHEMA pgboss TO reader; GRANT SELECT ON "
	       "pgboss.queue,pgboss.version,pgboss.job_dependency TO reader;"
	       "GRANT SELECT (id,name,state,priority,retry_count,retry_limit,"
	       "start_after,started_on,created_on,blocked,source_name,"
	       "expire_seconds,heartbeat_on,heartbeat_seconds) ON pgboss.job "
	       "TO reader");
	pg_open_at(&sst_pgboss_ops, pg_server.port,
	    "username: reader, password: reader, errors: false");
	pg_collect_whole();
	ck_assert_int_eq(pg_depth("agent-tools", "total"), 46);
}
END_TEST

/* No row and no error: unknown is not 0. */
START_TEST(row_level_security_is_no_empty_queue)
{
	pgboss_load_recorded("24");
	pg_run("GRANT USAGE ON SCHEMA pgboss TO reader; "
	       "GRANT SELECT ON ALL TABLES IN SCHEMA pgboss TO reader; "
	       "ALTER TABLE pgboss.job ENABLE ROW LEVEL SECURITY");
	pg_open_at(&sst_pgboss_ops, pg_server.port, as_reader);
	ck_assert_int_eq(pg_collect_code(), SST_FORBIDDEN);
	ck_assert_ptr_nonnull(
	    strstr(pg_subject.err.text, "row-level security"));
	pg_run("CREATE POLICY r ON pgboss.job TO reader USING (true)");
	pg_collect_whole();
	ck_assert_int_eq(pg_depth("agent-tools", "total"), 46);
}
END_TEST

START_TEST(what_is_not_there_is_said)
{
	pg_open(&sst_pgboss_ops, "");
	ck_assert_int_eq(pg_collect_code(), SST_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(pg_subject.err.text, "no schema"));
	pg_run("CREATE SCHEMA pgboss");
	ck_assert_int_eq(pg_collect_code(), SST_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(pg_subject.err.text, "pgboss.job"));
	/* as before version 10 */
	pg_run("CREATE TABLE pgboss.job(id uuid,name text,state text)");
	ck_assert_int_eq(pg_collect_code(), SST_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(pg_subject.err.text, "version"));
	pg_run("DROP SCHEMA pgboss CASCADE");
	pgboss_load_recorded("40");
	pg_collect_whole();
	pg_run("ALTER SCHEMA pgboss RENAME TO \"Odd \"\"schema\"");
	pg_open(&sst_pgboss_ops, "schema: 'Odd \"schema'");
	pg_collect_whole();
	ck_assert_int_eq(pg_depth("agent-tools", "total"), 46);
}
END_TEST

static char *
everything(void)
{
	return pg_text(
	    "SELECT concat((SELECT string_agg(concat_ws('|',schemaname,relname,"
	    "n_tup_ins,n_tup_upd,n_tup_del,n_tup_hot_upd,n_live_tup,n_dead_tup,"
	    "vacuum_count,analyze_count),E'\\n' ORDER BY relname) FROM "
	    "pg_stat_user_tables),(SELECT "
	    "md5(string_agg(j::text||j.ctid::text||"
	    "j.xmin::text||j.xmax::text,'' ORDER BY name,id)) FROM pgboss.job "
	    "j),(SELECT md5(string_agg(q::text||q.xmin::text||q.xmax::text,'' "
	    "ORDER BY name)) FROM pgboss.queue q),(SELECT count(*) FROM "
	    "pg_locks WHERE database=(SELECT oid FROM pg_database WHERE "
	    "datname='t') AND pid<>pg_backend_pid()),(SELECT count(*) FROM "
	    "pg_prepared_statements),(SELECT txid_current_if_assigned()),"
	    "(SELECT count(*) FROM pg_stat_activity WHERE datname='t' AND "
	    "backend_xmin IS NOT NULL AND pid<>pg_backend_pid()))");
}

/* 1,000 polls leave no trace: no row, no lock, no transaction id, no horizon.
 */
START_TEST(reading_changes_nothing)
{
	char *before, *after;
	long xid;
	int i;

	pgboss_load_recorded("40");
	pg_run("ANALYZE");
	pg_open(&sst_pgboss_ops, "");
	pg_collect_whole();
	pg_run("SELECT pg_stat_force_next_flush()");
	before = everything();
	xid = pg_number("SELECT pg_snapshot_xmax(pg_current_snapshot())");
	for (i = 0; i < 1000; i++)
		ck_assert_int_eq(pg_collect_code(), SST_OK);
	after = everything();
	ck_assert_str_eq(before, after);
	ck_assert_int_eq(
	    pg_number("SELECT pg_snapshot_xmax(pg_current_snapshot())"), xid);
	ck_assert_int_eq(pg_number("SELECT count(*) FROM pg_stat_activity "
				   "WHERE application_name='systate'"),
	    1);
	free(before);
	free(after);
}
END_TEST

START_TEST(a_locked_table_is_a_timeout_and_passes)
{
	PGconn *other = pg_session();

	pgboss_load_recorded("40");
	pg_open(&sst_pgboss_ops, "");
	pg_collect_whole();
	pg_run_in(other, "BEGIN; LOCK TABLE pgboss.job");
	ck_assert_int_eq(pg_collect_code(), SST_TIMEOUT);
	ck_assert_msg(strstr(pg_subject.err.text, "lock timeout") != NULL, "%s",
	    pg_subject.err.text);
	pg_run_in(other, "COMMIT");
	PQfinish(other);
	pg_collect_whole();
}
END_TEST

void
test_pgboss_rights_add(TCase *tc)
{
	tcase_add_loop_test(tc, without_a_right_it_says_which, 0, 3);
	tcase_add_test(tc, without_one_table_the_rest_is_shown);
	tcase_add_test(tc, columns_can_be_granted);
	tcase_add_test(tc, row_level_security_is_no_empty_queue);
	tcase_add_test(tc, what_is_not_there_is_said);
	tcase_add_test(tc, reading_changes_nothing);
	tcase_add_test(tc, a_locked_table_is_a_timeout_and_passes);
}
