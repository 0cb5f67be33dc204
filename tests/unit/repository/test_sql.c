/*
 * A table of one's own by a query. Ways to fail: a column that is missing or
 * of a wrong type and nobody says so, a query that writes or never ends, a
 * status that nobody knows, ids that are none, more rows than asked for.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "repository/queues/queues.h"
#include "support/poll.h"
#include "test_postgres_sources.h"
#include "test_postgres_support.h"

#define COLUMNS                                                            \
	"columns: {id: id, queue: q, status: s, priority: p, type: kind, " \
	"submitted_at: made, not_before: due, started_at: begun, "         \
	"attempts: tries, max_attempts: most, assigned_to: who, "          \
	"error: why, blocked_by: needs}, status: {queued: [new, ready], "  \
	"running: [busy], failed: ['it''s bad'], finished: [done]}"

static void
load(void)
{
	pg_run("CREATE TABLE work(id bigint,q text,s text,p int,kind text,"
	       "made timestamptz,due timestamp,begun timestamptz,tries int,"
	       "most smallint,who text,why text,needs bigint[],payload text); "
	       "INSERT INTO work(id,q,s,p,kind,made,due,tries,most,needs) "
	       "VALUES (1,'a','new',0,'k','2026-01-02 03:04:05+01',NULL,0,3,"
	       "NULL),(2,'a','ready',7,'k',now(),NULL,0,3,NULL),"
	       "(3,'a','busy',0,'k',now(),NULL,1,3,NULL),"
	       "(4,'b','it''s bad',0,'k',now(),NULL,3,3,'{}'),"
	       "(5,'b','blocked',0,'k',now(),NULL,0,3,'{1,4,6}'),"
	       "(6,'b','done',0,'k',now(),NULL,1,3,NULL),"
	       "(7,'b','new',0,'k',now(),timezone('UTC',now())+interval '1h',"
	       "0,3,NULL),(8,'b','odd',0,'k',now(),NULL,0,3,NULL); "
	       "UPDATE work SET begun=now(),who='w1' WHERE id=3; "
	       "UPDATE work SET why=E'no luck\\nat x',payload='sensitive' "
	       "WHERE id=4");
}

START_TEST(a_query_and_its_columns)
{
	const json_t *task;
	char *all;

	load();
	pg_open(&sst_sql_ops, "query: 'SELECT * FROM work; ', " COLUMNS);
	pg_collect_whole();
	ck_assert_int_eq(pg_depth("a", "ready"), 2);
	ck_assert_int_eq(pg_depth("a", "running"), 1);
	ck_assert_int_eq(pg_depth("b", "failed"), 1);
	ck_assert_int_eq(pg_depth("b", "delayed"), 1);
	ck_assert_int_eq(pg_depth("b", "blocked"), 1);
	ck_assert_int_eq(pg_depth("b", "total"), 4);
	task = pg_task("a", "1");
	ck_assert_str_eq(pg_word(task, "submitted_at"), "2026-01-02T02:04:05Z");
	ck_assert_str_eq(pg_word(task, "type"), "k");
	ck_assert_int_eq(
	    pg_count(json_object_get(task, "priority"), "position"), 1);
	ck_assert_str_eq(pg_word(pg_task("b", "7"), "status"), "scheduled");
	ck_assert_str_eq(pg_word(pg_task("b", "8"), "status"), "unknown");
	ck_assert_str_eq(pg_word(pg_task("b", "4"), "error"), "no luck");
	ck_assert_str_eq(pg_word(pg_task("a", "3"), "assigned_to"), "w1");
	all = json_dumps(pg_tree, 0);
	ck_assert_ptr_null(strstr(all, "sensitive"));
	free(all);
}
END_TEST

/* What is finished blocks no more; what failed blocks for ever. */
START_TEST(blockers)
{
	const json_t *list;

	load();
	pg_open(&sst_sql_ops, "query: 'SELECT * FROM work -- all', " COLUMNS);
	pg_collect_whole();
	list = json_object_get(pg_task("b", "5"), "blocked_by");
	ck_assert_uint_eq(json_array_size(list), 2);
	ck_assert_str_eq(pg_word(json_array_get(list, 0), "id"), "1");
	ck_assert_str_eq(pg_word(json_array_get(list, 0), "queue"), "a");
	ck_assert_str_eq(pg_word(json_array_get(list, 1), "status"), "failed");
	ck_assert(
	    json_is_true(json_object_get(pg_task("b", "5"), "deadlocked")));
	pg_run("UPDATE work SET s='new',needs='{5}' WHERE id=4");
	pg_collect_whole();
	ck_assert(
	    json_is_true(json_object_get(pg_task("b", "4"), "deadlocked")));
	pg_run("UPDATE work SET s='done' WHERE id=4");
	pg_collect_whole();
	ck_assert(json_object_get(pg_task("b", "5"), "deadlocked") == NULL);
}
END_TEST

START_TEST(other_types_of_columns)
{
	const json_t *task;

	pg_run("CREATE TYPE st AS ENUM ('queued','running'); "
	       "CREATE TABLE other(id uuid,s st,p text,made bigint,due float8,"
	       "day date,tries numeric,needs jsonb); INSERT INTO other VALUES "
	       "('c2829b6c-49e8-4cb4-944a-382a436c0b59','queued','High',"
	       "1767225600000,1767225600.5,'2026-01-01',2,"
	       "'\"9bf72ef4-c757-4d4f-9c0d-ed30602a0e2a\"')");
	pg_open(&sst_sql_ops,
	    "query: 'WITH x AS (SELECT * FROM other) TABLE x', queue: mine, "
	    "system: ours, columns: {id: id, status: s, priority: p, "
	    "submitted_at: made, not_before: due, started_at: day, "
	    "attempts: tries, blocked_by: needs}");
	pg_collect_whole();
	task = pg_task("mine", "c2829b6c-49e8-4cb4-944a-382a436c0b59");
	ck_assert_str_eq(pg_word(pg_queue("mine"), "system"), "ours");
	ck_assert_str_eq(pg_word(task, "status"), "queued");
	ck_assert_str_eq(pg_word(task, "submitted_at"), "2026-01-01T00:00:00Z");
	ck_assert_str_eq(pg_word(task, "started_at"), "2026-01-01T00:00:00Z");
	ck_assert_int_eq(pg_count(task, "attempts"), 2);
	ck_assert_str_eq(
	    pg_word(json_object_get(task, "priority"), "level"), "high");
	ck_assert_str_eq(
	    pg_word(json_object_get(task, "priority"), "raw"), "High");
	ck_assert_str_eq(
	    pg_word(json_array_get(json_object_get(task, "blocked_by"), 0),
		"status"),
	    "unknown");
}
END_TEST

/* Of a table without a word for it nobody knows what failed. */
START_TEST(without_a_status_all_are_queued)
{
	load();
	pg_open(&sst_sql_ops, "query: 'SELECT * FROM work', priority_order: "
			      "lower_first, levels: {critical: -10, high: -1}, "
			      "columns: {id: id, priority: p}");
	pg_collect_whole();
	ck_assert_int_eq(pg_depth("tasks", "ready"), 8);
	ck_assert_int_eq(pg_depth("tasks", "failed"), -1);
	ck_assert_int_eq(pg_depth("tasks", "blocked"), -1);
	ck_assert_str_eq(
	    pg_word(
		json_object_get(pg_task("tasks", "2"), "priority"), "level"),
	    "low");
	ck_assert_int_eq(
	    pg_count(
		json_object_get(pg_task("tasks", "2"), "priority"), "position"),
	    7);
}
END_TEST

START_TEST(what_is_wrong_is_said)
{
	static const struct {
		const char *options, *says;
		int code;
	} cases[] = {
	    {"query: 'SELECT id FROM work', columns: {id: idd}",
		"columns.id: the query gives no column \"idd\"; it gives id",
		SST_NOT_FOUND},
	    {"query: 'SELECT id,q FROM work', columns: {id: id, attempts: q}",
		"columns.attempts: the column \"q\" is of type text, expected "
		"whole numbers",
		SST_TYPE},
	    {"query: 'SELECT id,q FROM work', columns: {id: id, "
	     "submitted_at: q}",
		"columns.submitted_at: the column \"q\" is of type text",
		SST_TYPE},
	    {"query: 'SELECT id,due FROM work', columns: {id: id, "
	     "priority: due}",
		"columns.priority: the column \"due\" is of type timestamp",
		SST_TYPE},
	    {"query: 'SELECT nope FROM work', columns: {id: id}", "nope",
		SST_NOT_FOUND},
	    {"query: 'SELECT * FROM nowhere', columns: {id: id}", "nowhere",
		SST_NOT_FOUND},
	    {"query: 'SELECTED * FROM', columns: {id: id}", "syntax error",
		SST_INVALID},
	    {"query: 'DELETE FROM work RETURNING *', columns: {id: id}",
		"syntax error", SST_INVALID},
	    {"query: 'SELECT 1 AS id) u; DELETE FROM work; SELECT (1', "
	     "columns: {id: id}",
		"multiple commands", SST_INVALID},
	    {"query: \"SELECT nextval('s') AS id\", columns: {id: id}",
		"read-only", SST_FORBIDDEN},
	    {"query: 'SELECT * FROM work FOR UPDATE', columns: {id: id}",
		"read-only", SST_FORBIDDEN},
	    {"query: 'SELECT wipe() AS id', columns: {id: id}", "read-only",
		SST_FORBIDDEN},
	    {"query: 'SELECT 1/(id-1) AS id FROM work', columns: {id: id}",
		"division by zero", SST_TYPE},
	};

	load();
	pg_run("CREATE SEQUENCE s; CREATE FUNCTION wipe() RETURNS int LANGUAGE "
	       "sql VOLATILE AS 'DELETE FROM work; SELECT 1'");
	pg_open(&sst_sql_ops, cases[_i].options);
	ck_assert_msg(
	    pg_collect_code() == cases[_i].code, "%s", pg_subject.err.text);
	ck_assert_msg(strstr(pg_subject.err.text, cases[_i].says) != NULL, "%s",
	    pg_subject.err.text);
	ck_assert_int_eq(pg_number("SELECT count(*) FROM work"), 8);
}
END_TEST

/* One task less, not one source less. */
START_TEST(ids_that_are_none)
{
	static const char *const ids[] = {
	    "NULL", "''", "repeat('x',513)", "repeat('\xc3\xa9',300)"};

	pg_run("CREATE TABLE t(id text); INSERT INTO t VALUES ('good'),(%s)",
	    ids[_i]);
	pg_open(&sst_sql_ops, "query: 'SELECT * FROM t', columns: {id: id}");
	ck_assert_int_ne(pg_collect()->code, SST_OK);
	ck_assert_uint_eq(pg_subject.harvest->rejected, 1);
	ck_assert_int_eq(pg_depth("tasks", "total"), 2);
	ck_assert_int_eq(pg_count(pg_queue("tasks"), "tasks_omitted"), 1);
	pg_task("tasks", "good");
	/* told again, although nothing changed */
	ck_assert_int_ne(pg_collect()->code, SST_OK);
	ck_assert_uint_eq(pg_subject.harvest->rejected, 1);
}
END_TEST

START_TEST(two_of_one_id)
{
	pg_run("CREATE TABLE t(id text); INSERT INTO t VALUES ('x'),('x')");
	pg_open(&sst_sql_ops, "query: 'SELECT * FROM t', columns: {id: id}");
	ck_assert_int_ne(pg_collect()->code, SST_OK);
	ck_assert_uint_eq(pg_subject.harvest->rejected, 1);
	ck_assert_int_ne(pg_collect()->code, SST_OK);
}
END_TEST

/* Texts of any bytes and of any length. */
START_TEST(hostile_values)
{
	pg_run("CREATE TABLE t(id text,q text,w text,p float8,n bigint,"
	       "d timestamptz,j jsonb); INSERT INTO t VALUES "
	       "(E'a\\x01b\\u202e','q',repeat('y',5000000),'NaN',-5,'infinity',"
	       "'{\"a\":1}'),('c','q',E'\\x07\\n',-1e18,9223372036854775807,"
	       "'-infinity','[[[[1]]]]'),('d','q','','Infinity',NULL,"
	       "'4000-01-01 BC',NULL)");
	pg_open(&sst_sql_ops,
	    "query: 'SELECT id,q,w,CASE WHEN p BETWEEN -1e18 AND 1e18 THEN p "
	    "END p,n,d,j FROM t', columns: {id: id, queue: q, type: w, "
	    "assigned_to: w, error: w, priority: p, attempts: n, "
	    "submitted_at: d, not_before: d, blocked_by: j}");
	pg_collect();
	ck_assert_int_eq(pg_depth("q", "total"), 3);
	ck_assert_uint_ge(
	    json_array_size(json_object_get(pg_queue("q"), "tasks")), 1);
}
END_TEST

START_TEST(rows_over_the_bound_are_counted)
{
	pg_run("CREATE TABLE t AS SELECT i AS id,CASE WHEN i>0 THEN "
	       "repeat('e',1000) END AS w FROM generate_series(1,20000) i");
	pg_open(&sst_sql_ops,
	    "query: 'SELECT * FROM t', max_tasks_per_queue: 100000, "
	    "columns: {id: id, error: w}");
	pg_collect_whole();
	ck_assert_int_eq(pg_depth("tasks", "total"), 20000);
	ck_assert_int_gt(pg_count(pg_queue("tasks"), "tasks_omitted"), 10000);
}
END_TEST

/* The server ends it, and the next collection finds a connection that works. */
START_TEST(a_query_without_end_is_ended)
{
	pg_run("CREATE TABLE t(id int); INSERT INTO t VALUES (1); "
	       "CREATE FUNCTION slow() RETURNS int LANGUAGE sql VOLATILE AS "
	       "'SELECT CASE WHEN (SELECT min(id) FROM t)=1 THEN (SELECT 7 "
	       "FROM pg_sleep(100)) ELSE 7 END'");
	pg_open(
	    &sst_sql_ops, "query: 'SELECT slow() AS id', columns: {id: id}");
	subject_begin(&pg_subject);
	fake_clock_advance(&pg_subject.hands, 1);
	ck_assert(POLL_UNTIL(
	    pg_number("SELECT count(*) FROM pg_stat_activity WHERE "
		      "application_name='systate' AND state='active'") == 1));
	fake_clock_advance(&pg_subject.hands, SUBJECT_DEADLINE_MS);
	ck_assert_int_eq(subject_join(&pg_subject), SST_TIMEOUT);
	/* it notices that nobody waits any more */
	ck_assert(
	    POLL_UNTIL(pg_number("SELECT count(*) FROM pg_stat_activity WHERE "
				 "application_name='systate'") == 0));
	pg_run("UPDATE t SET id=2");
	pg_collect_whole();
	ck_assert_int_eq(pg_depth("tasks", "total"), 1);
}
END_TEST

void
test_sql_add(TCase *tc)
{
	tcase_add_test(tc, a_query_and_its_columns);
	tcase_add_test(tc, blockers);
	tcase_add_test(tc, other_types_of_columns);
	tcase_add_test(tc, without_a_status_all_are_queued);
	tcase_add_loop_test(tc, what_is_wrong_is_said, 0, 13);
	tcase_add_loop_test(tc, ids_that_are_none, 0, 4);
	tcase_add_test(tc, two_of_one_id);
	tcase_add_test(tc, hostile_values);
	tcase_add_test(tc, rows_over_the_bound_are_counted);
	tcase_add_test(tc, a_query_without_end_is_ended);
}
