/*
 * procrastinate by its own tables and triggers. Ways to fail: what is done is
 * counted, a lock that blocks nobody, an attempt too few, a submission that is
 * made up, a worker that is gone.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "repository/queues/queues.h"
#include "test_postgres_sources.h"
#include "test_postgres_support.h"

static void
load(void)
{
	pg_run_file(PG_MOCKS "procrastinate/schema_3.10.sql");
	pg_run(
	    "INSERT INTO procrastinate_workers(id,last_heartbeat) OVERRIDING "
	    "SYSTEM VALUE VALUES (1,now()),(2,now()-interval '1m'); "
	    "INSERT INTO procrastinate_jobs(queue_name,task_name,priority,"
	    "lock,args) SELECT 'agents','plan',p,'a','{\"k\":\"sensitive\"}' "
	    "FROM unnest('{0,5,5}'::int[]) p; "
	    "INSERT INTO procrastinate_jobs(queue_name,task_name,"
	    "scheduled_at) VALUES ('agents','later',now()+interval '1h'),"
	    "('agents','plain',NULL),('mail','send',NULL)");
}

START_TEST(a_lock_is_held_by_the_first)
{
	const json_t *blocker;
	char *all;

	load();
	pg_open(&sst_procrastinate_ops, "");
	pg_collect_whole();
	ck_assert_int_eq(pg_depth("agents", "ready"), 2);
	ck_assert_int_eq(pg_depth("agents", "blocked"), 2);
	ck_assert_int_eq(pg_depth("agents", "delayed"), 1);
	ck_assert_str_eq(pg_word(pg_task("agents", "2"), "status"), "queued");
	ck_assert_str_eq(pg_word(pg_task("agents", "1"), "status"), "blocked");
	blocker = json_array_get(
	    json_object_get(pg_task("agents", "1"), "blocked_by"), 0);
	ck_assert_str_eq(pg_word(blocker, "id"), "2");
	ck_assert_str_eq(pg_word(blocker, "status"), "queued");
	/* what runs holds it, whatever its priority */
	pg_run("UPDATE procrastinate_jobs SET status='doing',worker_id=1 "
	       "WHERE id=3");
	pg_collect_whole();
	blocker = json_array_get(
	    json_object_get(pg_task("agents", "1"), "blocked_by"), 0);
	ck_assert_str_eq(pg_word(blocker, "id"), "3");
	ck_assert_str_eq(pg_word(blocker, "status"), "running");
	ck_assert_str_eq(pg_word(pg_task("agents", "3"), "assigned_to"), "1");
	all = json_dumps(pg_tree, 0);
	ck_assert_ptr_null(strstr(all, "sensitive"));
	free(all);
}
END_TEST

START_TEST(times_come_from_its_events)
{
	const json_t *task;

	load();
	pg_run("UPDATE procrastinate_jobs SET status='doing',worker_id=1 "
	       "WHERE id=5; INSERT INTO procrastinate_events(job_id,type,at) "
	       "VALUES (5,'deferred','2026-01-02T03:04:05Z'),"
	       "(5,'started','2026-01-02T04:00:00Z')");
	pg_open(&sst_procrastinate_ops, "");
	pg_collect_whole();
	task = pg_task("agents", "5");
	ck_assert_str_eq(pg_word(task, "submitted_at"), "2026-01-02T03:04:05Z");
	ck_assert_str_eq(pg_word(task, "started_at"), "2026-01-02T04:00:00Z");
	ck_assert_int_eq(pg_count(task, "attempts"), 1);
	ck_assert_str_eq(pg_word(task, "type"), "plain");
}
END_TEST

START_TEST(what_is_done_is_not_counted_and_its_queue_stays)
{
	load();
	pg_run("UPDATE procrastinate_jobs SET status='succeeded' WHERE id=6; "
	       "UPDATE procrastinate_jobs SET status='failed',attempts=1 "
	       "WHERE id=5");
	pg_open(&sst_procrastinate_ops, "");
	pg_collect_whole();
	ck_assert_int_eq(pg_depth("mail", "total"), 0);
	ck_assert_int_eq(pg_depth("agents", "failed"), 1);
	ck_assert_int_eq(pg_depth("agents", "total"), 5);
	ck_assert_str_eq(pg_word(pg_task("agents", "5"), "status"), "failed");
	pg_run("UPDATE procrastinate_jobs SET status='todo',attempts=1,"
	       "scheduled_at=now()+interval '1h' WHERE id=5");
	pg_collect_whole();
	ck_assert_str_eq(pg_word(pg_task("agents", "5"), "status"), "retrying");
}
END_TEST

START_TEST(a_worker_that_is_gone)
{
	load();
	pg_run("UPDATE procrastinate_jobs SET status='doing',worker_id=id-4 "
	       "WHERE id IN (5,6)");
	pg_open(&sst_procrastinate_ops, "");
	pg_collect_whole();
	ck_assert(json_object_get(pg_task("agents", "5"), "orphaned") == NULL);
	ck_assert(
	    json_is_true(json_object_get(pg_task("mail", "6"), "orphaned")));
	/* it comes back: nothing of the job has changed */
	pg_run("UPDATE procrastinate_workers SET last_heartbeat=now()");
	pg_collect_whole();
	ck_assert(json_object_get(pg_task("mail", "6"), "orphaned") == NULL);
}
END_TEST

START_TEST(without_its_events_there_are_no_times)
{
	const struct sst_error *flaw;

	load();
	pg_run("GRANT SELECT ON procrastinate_jobs,procrastinate_workers "
	       "TO reader");
	pg_open_at(&sst_procrastinate_ops, pg_server.port,
	    "username: reader, password: reader");
	flaw = pg_collect();
	ck_assert_int_eq(flaw->code, SST_FORBIDDEN);
	ck_assert_ptr_nonnull(strstr(flaw->text, "procrastinate_events"));
	ck_assert_str_eq(pg_part("events"), "forbidden");
	ck_assert_int_eq(pg_depth("agents", "total"), 5);
	ck_assert(json_is_null(
	    json_object_get(pg_task("agents", "1"), "submitted_at")));
}
END_TEST

START_TEST(an_older_version_has_less)
{
	load();
	pg_run("ALTER TABLE procrastinate_jobs DROP COLUMN worker_id,"
	       "DROP COLUMN priority; DROP TABLE procrastinate_workers");
	pg_open(&sst_procrastinate_ops, "");
	pg_collect_whole();
	ck_assert_str_eq(pg_part("workers"), "unsupported");
	ck_assert_int_eq(pg_depth("agents", "blocked"), 2);
	ck_assert_str_eq(pg_word(pg_task("agents", "1"), "status"), "queued");
}
END_TEST

START_TEST(what_did_not_change_is_kept)
{
	load();
	pg_run("UPDATE procrastinate_jobs SET lock=NULL");
	pg_open(&sst_procrastinate_ops, "");
	pg_collect_whole();
	pg_collect_whole();
	ck_assert_uint_eq(pg_kept(), 2);
	pg_run("UPDATE procrastinate_jobs SET priority=9 WHERE id=6");
	pg_collect_whole();
	ck_assert_uint_eq(pg_kept(), 1);
	ck_assert_int_eq(
	    pg_count(json_object_get(pg_task("mail", "6"), "priority"), "raw"),
	    9);
}
END_TEST

void
test_procrastinate_add(TCase *tc)
{
	tcase_add_test(tc, a_lock_is_held_by_the_first);
	tcase_add_test(tc, times_come_from_its_events);
	tcase_add_test(tc, what_is_done_is_not_counted_and_its_queue_stays);
	tcase_add_test(tc, a_worker_that_is_gone);
	tcase_add_test(tc, without_its_events_there_are_no_times);
	tcase_add_test(tc, an_older_version_has_less);
	tcase_add_test(tc, what_did_not_change_is_kept);
}
