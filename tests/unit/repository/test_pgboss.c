/*
 * pg-boss as it was recorded, and what a reader of it can do wrong: count what
 * is done, take the states for others, show payloads, lose blockers, show 0 for
 * what is hidden, take one version for another, or miss a change.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "repository/queues/queues.h"
#include "test_pgboss_load.h"
#include "test_postgres_sources.h"
#include "test_postgres_support.h"

static const char *const versions[] = {"24", "26", "40"};

/* counts.txt: what its own client had counted at that moment. */
START_TEST(what_was_recorded)
{
	pgboss_load_recorded(versions[_i]);
	pg_open(&sst_pgboss_ops, "");
	pg_collect_whole();
	ck_assert_uint_eq(json_array_size(pg_tree), 4);
	ck_assert_int_eq(pg_depth("agent-tools", "ready"), 38);
	ck_assert_int_eq(pg_depth("agent-tools", "delayed"), 5);
	ck_assert_int_eq(pg_depth("agent-tools", "running"), 3);
	ck_assert_int_eq(pg_depth("agent-tools", "total"), 46);
	ck_assert_int_eq(pg_depth("agent/plan", "delayed"), 3);
	ck_assert_int_eq(pg_depth("agent/plan", "ready"), 0);
	ck_assert_int_eq(pg_depth("agent-die", "failed"), 3);
	ck_assert_int_eq(pg_depth("agent-die", "total"), 3);
	ck_assert_int_eq(pg_depth("agent-dead", "total"), 3);
	ck_assert_str_eq(
	    pg_word(pg_queue("agent-die"), "dead_letter_queue"), "agent-dead");
	ck_assert_str_eq(
	    pg_word(pg_queue("agent-tools"), "tasks_detail"), "full");
	/* versions that cannot block do not say that nothing is blocked */
	ck_assert_int_eq(pg_depth("agent-tools", "blocked"), _i == 2 ? 0 : -1);
	ck_assert_str_eq(
	    pg_part("dependencies"), _i == 2 ? "ok" : "unsupported");
}
END_TEST

/* The letters know where they came from since 12 only. */
START_TEST(dead_letters)
{
	pgboss_load_recorded(versions[_i]);
	if (_i == 2)
		pg_run("UPDATE pgboss.job SET source_name='agent-die' "
		       "WHERE name='agent-dead'");
	pg_open(&sst_pgboss_ops, "");
	pg_collect_whole();
	ck_assert_int_eq(pg_depth("agent-dead", "dead"), 3);
	ck_assert_int_eq(pg_depth("agent-dead", "ready"), 0);
	ck_assert_str_eq(
	    pg_word(pg_task_at("agent-dead", 0), "status"), "dead");
}
END_TEST

START_TEST(a_task_in_every_state)
{
	const json_t *task;

	pgboss_load_recorded(versions[_i]);
	pg_open(&sst_pgboss_ops, "");
	pg_collect_whole();
	task = pg_task("agent-tools", "c2829b6c-49e8-4cb4-944a-382a436c0b59");
	ck_assert_str_eq(pg_word(task, "status"), "running");
	ck_assert_int_eq(pg_count(task, "attempts"), 1);
	ck_assert_int_eq(pg_count(task, "max_attempts"), 4);
	ck_assert_str_ne(pg_word(task, "started_at"), "");
	ck_assert(json_object_get(task, "not_before") == NULL ||
		  json_is_null(json_object_get(task, "not_before")));
	/* the failed attempt counts although retry_count is still 0 */
	task = pg_task("agent/plan", "9b36f9a4-a3b1-4f74-9ede-6c80f8bbc8e8");
	ck_assert_str_eq(pg_word(task, "status"), "retrying");
	ck_assert_int_eq(pg_count(task, "attempts"), 1);
	ck_assert_str_ne(pg_word(task, "not_before"), "");
	ck_assert_str_eq(pg_word(task, "started_at"), "");
	task = pg_task("agent-die", "0f518cd5-8225-4e85-8a4c-ab55afbd80c6");
	ck_assert_str_eq(pg_word(task, "status"), "failed");
	ck_assert_str_eq(pg_word(task, "error"), "dead");
	ck_assert_int_eq(pg_count(task, "attempts"), 1);
	ck_assert_int_eq(pg_count(task, "max_attempts"), 1);
}
END_TEST

/* Highest priority first, then the oldest; levels of section 7.3. */
START_TEST(priorities_and_positions)
{
	const json_t *task, *priority;

	pgboss_load_recorded("24");
	pg_open(&sst_pgboss_ops, "");
	pg_collect_whole();
	task = pg_task("agent-tools", "ed5beccf-ea27-46c7-afc4-2db14a06f8b9");
	priority = json_object_get(task, "priority");
	ck_assert_int_eq(pg_count(priority, "raw"), 10);
	ck_assert_int_eq(pg_count(priority, "position"), 0);
	ck_assert_str_eq(pg_word(priority, "level"), "critical");
	task = pg_task("agent-tools", "62838501-e975-49b4-adbf-fedbe3937df8");
	priority = json_object_get(task, "priority");
	ck_assert_str_eq(pg_word(priority, "level"), "high");
	task = pg_task("agent-tools", "c587d882-8f79-40d8-b474-22b7b49f8a4a");
	priority = json_object_get(task, "priority");
	ck_assert_str_eq(pg_word(priority, "level"), "low");
	ck_assert_int_eq(pg_count(priority, "position"), 37);
	/* one that runs has none */
	task = pg_task("agent-tools", "c2829b6c-49e8-4cb4-944a-382a436c0b59");
	ck_assert_int_eq(
	    pg_count(json_object_get(task, "priority"), "position"), -1);
	pg_open(
	    &sst_pgboss_ops, "levels: {critical: 100, high: 10, normal: 5}");
	pg_collect_whole();
	task = pg_task("agent-tools", "62838501-e975-49b4-adbf-fedbe3937df8");
	ck_assert_str_eq(
	    pg_word(json_object_get(task, "priority"), "level"), "normal");
}
END_TEST

static const json_t *
blocker_of(const char *id, size_t i, size_t count)
{
	const json_t *list =
	    json_object_get(pg_task("agent-flow", id), "blocked_by");

	ck_assert_uint_eq(json_array_size(list), count);
	return json_array_get(list, i);
}

START_TEST(blockers_are_exact)
{
	pgboss_load_flow();
	pg_open(&sst_pgboss_ops, "");
	pg_collect_whole();
	ck_assert_int_eq(pg_depth("agent-flow", "blocked"), 2);
	ck_assert_int_eq(pg_depth("agent-flow", "ready"), 0);
	ck_assert_str_eq(
	    pg_word(pg_task("agent-flow", pgboss_report), "status"), "blocked");
	ck_assert_str_eq(
	    pg_word(blocker_of(pgboss_report, 0, 2), "queue"), "agent-kids");
	ck_assert_str_eq(
	    pg_word(blocker_of(pgboss_report, 0, 2), "status"), "queued");
	ck_assert_str_eq(
	    pg_word(blocker_of(pgboss_mail, 0, 1), "id"), pgboss_report);
	ck_assert_str_eq(
	    pg_word(blocker_of(pgboss_mail, 0, 1), "status"), "blocked");
	/* one is done, the other one runs */
	pg_run("UPDATE pgboss.job SET state='completed' WHERE "
	       "id='026e95bf-f565-40b4-b9de-1754f31726fd'; "
	       "UPDATE pgboss.job SET state='active',started_on=now() WHERE "
	       "id='126622a9-153b-4865-98c5-2b3913f8c96f'");
	pg_collect_whole();
	ck_assert_str_eq(
	    pg_word(blocker_of(pgboss_report, 0, 1), "status"), "running");
	ck_assert(json_object_get(pg_task("agent-flow", pgboss_report),
		      "deadlocked") == NULL);
}
END_TEST

static bool
is_doomed(const char *id)
{
	return json_is_true(
	    json_object_get(pg_task("agent-flow", id), "deadlocked"));
}

/* What waits for a failure, and what waits for that. */
START_TEST(a_failed_blocker_is_a_deadlock)
{
	static const char *const states[] = {"failed", "cancelled"};

	pgboss_load_flow();
	pg_open(&sst_pgboss_ops, "");
	pg_run("UPDATE pgboss.job SET state='%s' WHERE "
	       "id='026e95bf-f565-40b4-b9de-1754f31726fd'",
	    states[_i]);
	pg_collect_whole();
	ck_assert(is_doomed(pgboss_report));
	ck_assert(is_doomed(pgboss_mail));
	pg_run("UPDATE pgboss.job SET state='created' WHERE "
	       "id='026e95bf-f565-40b4-b9de-1754f31726fd'");
	pg_collect_whole();
	ck_assert(!is_doomed(pgboss_report));
	ck_assert(!is_doomed(pgboss_mail));
}
END_TEST

START_TEST(a_circle_is_a_deadlock)
{
	pgboss_load_flow();
	pg_run("INSERT INTO pgboss.job_dependency VALUES ('agent-flow','%s',"
	       "'agent-flow','%s')",
	    pgboss_report, pgboss_mail);
	pg_open(&sst_pgboss_ops, "");
	pg_collect_whole();
	ck_assert(is_doomed(pgboss_report));
	ck_assert(is_doomed(pgboss_mail));
}
END_TEST

START_TEST(a_blocker_that_is_gone_is_unknown)
{
	pgboss_load_flow();
	pg_run("DELETE FROM pgboss.job WHERE "
	       "id='026e95bf-f565-40b4-b9de-1754f31726fd'");
	pg_open(&sst_pgboss_ops, "");
	pg_collect_whole();
	ck_assert_str_eq(
	    pg_word(blocker_of(pgboss_report, 0, 2), "status"), "unknown");
	ck_assert(!is_doomed(pgboss_report));
}
END_TEST

/* Totals are exact, the window is the head, and nothing is read over it. */
START_TEST(the_window_is_the_head)
{
	pgboss_load_recorded("40");
	pg_open(&sst_pgboss_ops, "max_tasks_per_queue: 10");
	pg_collect_whole();
	ck_assert_int_eq(pg_depth("agent-tools", "total"), 46);
	ck_assert_int_eq(
	    pg_count(pg_queue("agent-tools"), "tasks_omitted"), 36);
	ck_assert_str_eq(
	    pg_word(pg_queue("agent-tools"), "tasks_detail"), "window");
	ck_assert_uint_eq(
	    json_array_size(json_object_get(pg_queue("agent-tools"), "tasks")),
	    10);
	pg_task("agent-tools", "c2829b6c-49e8-4cb4-944a-382a436c0b59");
	pg_task("agent-tools", "ed5beccf-ea27-46c7-afc4-2db14a06f8b9");
	pg_open(&sst_pgboss_ops, "max_tasks_per_queue: 0");
	pg_collect_whole();
	ck_assert_int_eq(
	    pg_count(pg_queue("agent-tools"), "tasks_omitted"), 46);
	pg_open(&sst_pgboss_ops,
	    "include: ['agent*'], exclude: ['agent/*', '*-die']");
	pg_collect_whole();
	ck_assert_uint_eq(json_array_size(pg_tree), 2);
}
END_TEST

/* What did not change is the very same entity; every change shows. */
START_TEST(changes_are_seen_and_the_rest_is_kept)
{
	static const struct {
		const char *sql, *queue, *member;
		long want;
	} steps[] = {
	    {"INSERT INTO pgboss.job(name) VALUES ('agent-tools')",
		"agent-tools", "total", 47},
	    {"UPDATE pgboss.job SET priority=priority+1 WHERE "
	     "name='agent-tools' AND state='created'",
		"agent-tools", "total", 47},
	    {"UPDATE pgboss.job SET state='active',started_on=now() WHERE "
	     "id='ed5beccf-ea27-46c7-afc4-2db14a06f8b9'",
		"agent-tools", "running", 4},
	    {"DELETE FROM pgboss.job WHERE "
	     "id='ed5beccf-ea27-46c7-afc4-2db14a06f8b9'",
		"agent-tools", "running", 3},
	    /* one comes, one goes: the counts stay */
	    {"DELETE FROM pgboss.job WHERE id=(SELECT min(id::text)::uuid FROM "
	     "pgboss.job WHERE name='agent/plan'); INSERT INTO pgboss.job(name,"
	     "state,start_after,created_on) SELECT 'agent/plan','retry',"
	     "now()+interval '1h',now()",
		"agent/plan", "delayed", 3},
	};
	char *before, *after;
	size_t i;

	pgboss_load_recorded(versions[_i]);
	pg_open(&sst_pgboss_ops, "");
	pg_collect_whole();
	pg_collect_whole();
	ck_assert_uint_eq(pg_kept(), 4);
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		before = json_dumps(pg_queue(steps[i].queue), 0);
		pg_run("%s", steps[i].sql);
		pg_collect_whole();
		after = json_dumps(pg_queue(steps[i].queue), 0);
		ck_assert_str_ne(before, after);
		ck_assert_int_eq(
		    pg_depth(steps[i].queue, steps[i].member), steps[i].want);
		ck_assert_uint_eq(pg_kept(), 3);
		free(before);
		free(after);
	}
}
END_TEST

/* Time alone changes what a task is. */
START_TEST(what_becomes_due_is_ready)
{
	pgboss_load_recorded("40");
	pg_open(&sst_pgboss_ops, "");
	pg_run("UPDATE pgboss.job SET start_after=clock_timestamp()+"
	       "interval '300ms' WHERE name='agent-tools' AND "
	       "start_after>now()");
	pg_collect_whole();
	pg_run("SELECT pg_sleep(0.4)");
	pg_collect_whole();
	ck_assert_int_eq(pg_depth("agent-tools", "delayed"), 0);
	ck_assert_int_eq(pg_depth("agent-tools", "ready"), 43);
	/* and so does a worker that says nothing for too long */
	pg_run("UPDATE pgboss.job SET heartbeat_seconds=10,heartbeat_on="
	       "now()-interval '1m' WHERE state='active'");
	pg_collect_whole();
	ck_assert(json_is_true(json_object_get(
	    pg_task("agent-tools", "c2829b6c-49e8-4cb4-944a-382a436c0b59"),
	    "orphaned")));
}
END_TEST

/* Payloads, results and stacks stay where they are. */
START_TEST(nothing_private_is_shown)
{
	char *all;

	pgboss_load_recorded("40");
	pg_run("UPDATE pgboss.job SET data='{\"key\":\"sensitive\"}',"
	       "output=CASE state WHEN 'failed' THEN '{\"message\":\"line "
	       "one\\nline two password=hunter2\",\"stack\":\"sensitive\"}' "
	       "ELSE '{\"message\":\"sensitive\"}' END::jsonb");
	pg_open(&sst_pgboss_ops, "");
	pg_collect_whole();
	all = json_dumps(pg_tree, 0);
	ck_assert_ptr_nonnull(strstr(all, "line one"));
	ck_assert_ptr_null(strstr(all, "line two"));
	ck_assert_ptr_null(strstr(all, "hunter2"));
	free(all);
	pg_run("UPDATE pgboss.job SET output='{\"message\":\"sensitive\"}'");
	pg_open(&sst_pgboss_ops, "errors: false");
	pg_collect_whole();
	all = json_dumps(pg_tree, 0);
	ck_assert_ptr_null(strstr(all, "sensitive"));
	free(all);
	ck_assert_str_eq(pg_part("errors"), "disabled");
}
END_TEST

/* A result of megabytes is not unpacked, one of no known form is unknown. */
START_TEST(odd_results_are_no_errors)
{
	static const char *const outputs[] = {
	    ("jsonb_build_object('message',"
	     "(SELECT string_agg(md5(i::text),'') "
	     "FROM generate_series(1,50000) i))"),
	    "'[1,2]'::jsonb",
	    "'\"text\"'::jsonb",
	    "'{\"message\":{\"deep\":[[[1]]]}}'::jsonb",
	    "'{\"value\":17}'::jsonb",
	    "'null'::jsonb",
	};

	pgboss_load_recorded("40");
	pg_run("UPDATE pgboss.job SET output=%s WHERE state='failed'",
	    outputs[_i]);
	pg_open(&sst_pgboss_ops, "");
	pg_collect_whole();
	ck_assert_int_eq(pg_depth("agent-die", "failed"), 3);
	ck_assert(strlen(pg_word(pg_task_at("agent-die", 0), "error")) < 1025);
}
END_TEST

START_TEST(a_payload_of_megabytes_costs_nothing)
{
	pgboss_load_recorded("40");
	pg_run("UPDATE pgboss.job SET data=jsonb_build_object('x',(SELECT "
	       "string_agg(md5(i::text),'') FROM generate_series(1,200000) i)) "
	       "WHERE id='ed5beccf-ea27-46c7-afc4-2db14a06f8b9'");
	pg_open(&sst_pgboss_ops, "");
	pg_collect_whole();
	ck_assert_int_eq(pg_depth("agent-tools", "total"), 46);
}
END_TEST

void
test_pgboss_add(TCase *tc)
{
	tcase_add_loop_test(tc, what_was_recorded, 0, 3);
	tcase_add_loop_test(tc, dead_letters, 0, 3);
	tcase_add_loop_test(tc, a_task_in_every_state, 0, 3);
	tcase_add_test(tc, priorities_and_positions);
	tcase_add_test(tc, blockers_are_exact);
	tcase_add_loop_test(tc, a_failed_blocker_is_a_deadlock, 0, 2);
	tcase_add_test(tc, a_circle_is_a_deadlock);
	tcase_add_test(tc, a_blocker_that_is_gone_is_unknown);
	tcase_add_test(tc, the_window_is_the_head);
	tcase_add_loop_test(tc, changes_are_seen_and_the_rest_is_kept, 0, 3);
	tcase_add_test(tc, what_becomes_due_is_ready);
	tcase_add_test(tc, nothing_private_is_shown);
	tcase_add_loop_test(tc, odd_results_are_no_errors, 0, 6);
	tcase_add_test(tc, a_payload_of_megabytes_costs_nothing);
}
