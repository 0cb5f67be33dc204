/*
 * graphile-worker as it was recorded. Ways to fail: empty for hidden by
 * row-level security, a serial queue that seems to run in parallel, priorities
 * upside down, a job of nobody that looks stuck, a lock of a dead worker.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "repository/queues/queues.h"
#include "test_postgres_sources.h"
#include "test_postgres_support.h"

#define RECORDED "1795228187"
#define MOVED(column) "now()+((" column ")::numeric-" RECORDED ")*interval '1s'"

/* clang-format off: a statement reads as one */
static const char insert_jobs[] =
    "INSERT INTO graphile_worker._private_jobs(id,job_queue_id,task_id,payload,"
    "priority,run_at,attempts,max_attempts,created_at,locked_at,locked_by,key,"
    "flags) OVERRIDING SYSTEM VALUE SELECT r.id,q.id,t.id,"
    "'{\"a\":\"sensitive\"}',r.priority," MOVED("r.run_at") ","
    "r.attempts,r.max_attempts," MOVED("r.created") ","
    MOVED("r.locked_at") ",r.locked_by,r.key,r.flags FROM recorded r "
    "JOIN graphile_worker._private_tasks t ON t.identifier=r.task "
    "LEFT JOIN graphile_worker._private_job_queues q ON q.queue_name=r.queue";
/* clang-format on */

static void
load_recorded(void)
{
	pg_run_file(PG_MOCKS "graphile/schema_19.sql");
	pg_run("INSERT INTO graphile_worker.migrations(id) VALUES (19)");
	pg_run("CREATE TEMP TABLE recorded(id bigint,task text,queue text,"
	       "priority int,attempts int,max_attempts int,created numeric,"
	       "run_at numeric,locked_at numeric,locked_by text,"
	       "last_error text,key text,flags jsonb,status text)");
	pg_copy("COPY recorded FROM STDIN CSV HEADER",
	    PG_MOCKS "graphile/tasks.csv");
	pg_run("INSERT INTO graphile_worker._private_tasks(identifier) "
	       "SELECT DISTINCT task FROM recorded; "
	       "INSERT INTO graphile_worker._private_job_queues(queue_name) "
	       "SELECT DISTINCT queue FROM recorded WHERE queue IS NOT NULL");
	pg_run(insert_jobs);
}

/* The statuses that were recorded with it. */
START_TEST(what_was_recorded)
{
	char *all;

	load_recorded();
	pg_open(&sst_graphile_ops, "");
	pg_collect_whole();
	ck_assert_uint_eq(json_array_size(pg_tree), 4);
	ck_assert_int_eq(pg_depth("embed", "running"), 3);
	ck_assert_int_eq(pg_depth("embed", "delayed"), 1);
	ck_assert_int_eq(
	    pg_depth("embed", "total") + pg_depth("serial-planner", "total") +
		pg_depth("boom", "total") + pg_depth("nobody", "total"),
	    25);
	ck_assert_int_eq(
	    pg_depth("embed", "ready") + pg_depth("serial-planner", "ready") +
		pg_depth("boom", "ready") + pg_depth("nobody", "ready"),
	    21);
	/* a job that nobody handles simply waits */
	ck_assert_str_eq(pg_word(pg_task("nobody", "25"), "status"), "queued");
	ck_assert_str_eq(
	    pg_word(pg_task("embed", "24"), "status"), "scheduled");
	ck_assert_str_eq(pg_word(pg_task("embed", "2"), "status"), "running");
	ck_assert_str_eq(pg_word(pg_task("embed", "2"), "assigned_to"),
	    "pool-9ee9ff3d1816a24299");
	ck_assert_int_eq(pg_count(pg_task("embed", "2"), "attempts"), 1);
	ck_assert_str_eq(
	    pg_word(pg_task("serial-planner", "1"), "type"), "embed");
	ck_assert_str_eq(pg_part("version"), "ok");
	all = json_dumps(pg_tree, 0);
	ck_assert_ptr_null(strstr(all, "sensitive"));
	free(all);
}
END_TEST

/* The lower number runs first. */
START_TEST(lower_runs_first)
{
	const json_t *first;

	load_recorded();
	pg_open(&sst_graphile_ops, "");
	pg_collect_whole();
	first = json_object_get(pg_task("embed", "14"), "priority");
	ck_assert_int_eq(pg_count(first, "raw"), -10);
	ck_assert_int_eq(pg_count(first, "position"), 0);
	ck_assert_str_eq(pg_word(first, "level"), "critical");
	ck_assert_str_eq(
	    pg_word(
		json_object_get(pg_task("embed", "3"), "priority"), "level"),
	    "low");
	ck_assert_str_eq(
	    pg_word(
		json_object_get(pg_task("embed", "4"), "priority"), "level"),
	    "normal");
}
END_TEST

START_TEST(a_serial_queue_is_blocked_by_what_runs)
{
	const json_t *blocker;

	load_recorded();
	pg_run("UPDATE graphile_worker._private_jobs SET locked_at=now(),"
	       "locked_by='w',attempts=1 WHERE id=11");
	pg_open(&sst_graphile_ops, "");
	pg_collect_whole();
	ck_assert_int_eq(pg_depth("serial-planner", "running"), 1);
	ck_assert_int_eq(pg_depth("serial-planner", "ready"), 0);
	ck_assert_int_eq(pg_depth("serial-planner", "blocked"),
	    pg_depth("serial-planner", "total") - 1);
	blocker = json_array_get(
	    json_object_get(pg_task("serial-planner", "1"), "blocked_by"), 0);
	ck_assert_str_eq(pg_word(blocker, "id"), "11");
	ck_assert_str_eq(pg_word(blocker, "queue"), "serial-planner");
	ck_assert_str_eq(pg_word(blocker, "status"), "running");
	ck_assert_int_eq(pg_depth("embed", "blocked"), 0);
}
END_TEST

START_TEST(retries_and_the_end_of_them)
{
	const json_t *task;

	load_recorded();
	pg_run("UPDATE graphile_worker._private_jobs SET attempts=2,run_at="
	       "now()+interval '1m',last_error=E'boom\\nat x' WHERE id=22; "
	       "UPDATE graphile_worker._private_jobs SET attempts=1,"
	       "last_error='boom' WHERE id=21; "
	       "UPDATE graphile_worker._private_jobs SET locked_at="
	       "now()-interval '5h' WHERE id=2");
	pg_open(&sst_graphile_ops, "");
	pg_collect_whole();
	task = pg_task("boom", "22");
	ck_assert_str_eq(pg_word(task, "status"), "retrying");
	ck_assert_str_eq(pg_word(task, "error"), "boom");
	ck_assert_int_eq(pg_count(task, "attempts"), 2);
	ck_assert_int_eq(pg_count(task, "max_attempts"), 5);
	task = pg_task("boom", "21");
	ck_assert_str_eq(pg_word(task, "status"), "dead");
	ck_assert_int_eq(pg_depth("boom", "dead"), 1);
	ck_assert(
	    json_is_true(json_object_get(pg_task("embed", "2"), "orphaned")));
	ck_assert(json_object_get(pg_task("embed", "5"), "orphaned") == NULL);
}
END_TEST

/* Its tables show a granted role nothing, without an error; its view all. */
START_TEST(row_level_security_is_no_empty_queue)
{
	load_recorded();
	pg_run("GRANT USAGE ON SCHEMA graphile_worker TO reader; GRANT SELECT "
	       "ON graphile_worker._private_jobs,"
	       "graphile_worker._private_job_queues,"
	       "graphile_worker._private_tasks,graphile_worker.migrations "
	       "TO reader");
	pg_open_at(&sst_graphile_ops, pg_server.port,
	    "username: reader, password: reader");
	ck_assert_int_eq(pg_collect_code(), SST_FORBIDDEN);
	ck_assert_msg(
	    strstr(pg_subject.err.text, "graphile_worker.jobs") != NULL, "%s",
	    pg_subject.err.text);
	pg_run("GRANT SELECT ON graphile_worker.jobs TO reader");
	pg_collect_whole();
	ck_assert_int_eq(pg_depth("embed", "running"), 3);
	/* a view that looks with the eyes of who asks */
	pg_run("ALTER VIEW graphile_worker.jobs SET (security_invoker=on)");
	ck_assert_int_eq(pg_collect_code(), SST_FORBIDDEN);
	ck_assert_msg(strstr(pg_subject.err.text, "row-level security") != NULL,
	    "%s", pg_subject.err.text);
}
END_TEST

START_TEST(changes_are_seen_and_the_rest_is_kept)
{
	static const char *const steps[] = {
	    "UPDATE graphile_worker._private_jobs SET priority=5 WHERE id=14",
	    "UPDATE graphile_worker._private_jobs SET locked_at=now(),"
	    "locked_by='w',attempts=1 WHERE id=14",
	    "UPDATE graphile_worker._private_jobs SET locked_by='v' "
	    "WHERE id=14",
	    "DELETE FROM graphile_worker._private_jobs WHERE id=14",
	};
	char *before, *after;
	size_t i;

	load_recorded();
	pg_open(&sst_graphile_ops, "");
	pg_collect_whole();
	pg_collect_whole();
	ck_assert_uint_eq(pg_kept(), 4);
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		before = json_dumps(pg_queue("embed"), 0);
		pg_run("%s", steps[i]);
		pg_collect_whole();
		after = json_dumps(pg_queue("embed"), 0);
		ck_assert_str_ne(before, after);
		ck_assert_uint_eq(pg_kept(), 3);
		free(before);
		free(after);
	}
}
END_TEST

void
test_graphile_add(TCase *tc)
{
	tcase_add_test(tc, what_was_recorded);
	tcase_add_test(tc, lower_runs_first);
	tcase_add_test(tc, a_serial_queue_is_blocked_by_what_runs);
	tcase_add_test(tc, retries_and_the_end_of_them);
	tcase_add_test(tc, row_level_security_is_no_empty_queue);
	tcase_add_test(tc, changes_are_seen_and_the_rest_is_kept);
}
