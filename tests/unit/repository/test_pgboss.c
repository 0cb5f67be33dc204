/*
 * pg-boss as it was recorded, and what a reader of it can do wrong: count what
 * is done, take the states for others, show payloads, lose blockers, show 0 for
 * what is hidden, take one version for another, or miss a change.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "repository/queues/queues.h"
#include "test_postgres_sources.h"
#include "test_postgres_support.h"

/* When the recordings were made, as epoch; they are moved to now. */
#define RECORDED "1795228195"
#define MOVED(column)                                      \
	"now()+((" column ")::numeric-" RECORDED ")*interval '1s'"

static void
install(const char *version)
{
	char path[256];

	snprintf(path, sizeof(path), PG_MOCKS "pgboss/schema_%s.sql", version);
	pg_run_file(path);
	pg_run("INSERT INTO pgboss.version(version) VALUES (%s)", version);
}

static void
create_queue(const char *name)
{
	pg_run("SELECT pgboss.create_queue('%s','{\"policy\":\"standard\","
	       "\"retryLimit\":2,\"retryDelay\":0,\"retryBackoff\":false,"
	       "\"expireInSeconds\":900,\"retentionSeconds\":3600,"
	       "\"deleteAfterSeconds\":3600,\"partition\":false}')",
	    name);
}

/* Jobs of one queue, with the columns that all versions have. */
static void
load_tasks(const char *file)
{
	char path[256];

	pg_run("CREATE TEMP TABLE recorded(id uuid,name text,state text,"
	       "priority int,retry_count int,retry_limit int,created numeric,"
	       "started numeric,start_after numeric,completed numeric,"
	       "singleton_key text,dead_letter text,policy text,data text)");
	snprintf(path, sizeof(path), PG_MOCKS "pgboss/%s", file);
	pg_copy("COPY recorded FROM STDIN CSV HEADER", path);
	pg_run("INSERT INTO pgboss.job(id,name,state,priority,retry_count,"
	       "retry_limit,created_on,started_on,start_after,dead_letter,"
	       "policy,data) SELECT id,name,state::pgboss.job_state,priority,"
	       "retry_count,retry_limit," MOVED("created") "," MOVED(
		   "started") "," MOVED("start_after") ",dead_letter,policy,"
	       "data::jsonb FROM recorded; DROP TABLE recorded");
}

static void
load_dead(void)
{
	pg_run("CREATE TEMP TABLE recorded(id uuid,name text,state text,"
	       "retry_count int,retry_limit int,dead_letter text,output text,"
	       "data text)");
	pg_copy("COPY recorded FROM STDIN CSV HEADER",
	    PG_MOCKS "pgboss/dead_letter.csv");
	pg_run("INSERT INTO pgboss.job(id,name,state,retry_count,retry_limit,"
	       "dead_letter,output,data,started_on) SELECT id,name,"
	       "state::pgboss.job_state,retry_count,retry_limit,dead_letter,"
	       "output::jsonb,data::jsonb,CASE state WHEN 'failed' THEN now() "
	       "END FROM recorded; DROP TABLE recorded");
}

static void
load_recorded(const char *version)
{
	install(version);
	create_queue("agent-dead");
	create_queue("agent-tools");
	create_queue("agent-die");
	create_queue("agent/plan");
	create_queue("__pgboss__send-it");
	pg_run("UPDATE pgboss.queue SET dead_letter='agent-dead' "
	       "WHERE name IN ('agent-tools','agent-die')");
	load_tasks("tasks_agent-tools.csv");
	load_tasks("tasks_agent_plan.csv");
	load_dead();
	pg_run("INSERT INTO pgboss.job(name) VALUES ('__pgboss__send-it')");
}

static const char *const versions[] = {"24", "26", "40"};

/* counts.txt: what its own client had counted at that moment. */
START_TEST(what_was_recorded)
{
	load_recorded(versions[_i]);
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
	ck_assert_str_eq(pg_word(pg_queue("agent-tools"), "tasks_detail"),
	    "full");
	/* versions that cannot block do not say that nothing is blocked */
	ck_assert_int_eq(pg_depth("agent-tools", "blocked"), _i == 2 ? 0 : -1);
	ck_assert_str_eq(
	    pg_part("dependencies"), _i == 2 ? "ok" : "unsupported");
}
END_TEST

/* The letters know where they came from since 12 only. */
START_TEST(dead_letters)
{
	load_recorded(versions[_i]);
	if (_i == 2)
		pg_run("UPDATE pgboss.job SET source_name='agent-die' "
		       "WHERE name='agent-dead'");
	pg_open(&sst_pgboss_ops, "");
	pg_collect_whole();
	ck_assert_int_eq(pg_depth("agent-dead", "dead"), 3);
	ck_assert_int_eq(pg_depth("agent-dead", "ready"), 0);
	ck_assert_str_eq(pg_word(pg_task_at("agent-dead", 0), "status"), "dead");
}
END_TEST

START_TEST(a_task_in_every_state)
{
	const json_t *task;

	load_recorded(versions[_i]);
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

	load_recorded("24");
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
	pg_open(&sst_pgboss_ops, "levels: {critical: 100, high: 10, normal: 5}");
	pg_collect_whole();
	task = pg_task("agent-tools", "62838501-e975-49b4-adbf-fedbe3937df8");
	ck_assert_str_eq(pg_word(json_object_get(task, "priority"), "level"),
	    "normal");
}
END_TEST

/* v12_flow.txt: mail waits for report, report for search and embed. */
static void
load_flow(void)
{
	install("40");
	create_queue("agent-flow");
	create_queue("agent-kids");
	pg_run("INSERT INTO pgboss.job(id,name,blocked,pending_dependencies,"
	       "blocking) VALUES "
	       "('026e95bf-f565-40b4-b9de-1754f31726fd','agent-kids',false,0,"
	       "true),('126622a9-153b-4865-98c5-2b3913f8c96f','agent-kids',"
	       "false,0,true),('3fa243cb-1f1e-4f54-8f3d-bd4a9fb6ebe9',"
	       "'agent-flow',true,2,true),"
	       "('df85a65d-cf7e-420b-892c-71c43d80f012','agent-flow',true,1,"
	       "false); INSERT INTO pgboss.job_dependency VALUES "
	       "('agent-flow','3fa243cb-1f1e-4f54-8f3d-bd4a9fb6ebe9',"
	       "'agent-kids','026e95bf-f565-40b4-b9de-1754f31726fd'),"
	       "('agent-flow','3fa243cb-1f1e-4f54-8f3d-bd4a9fb6ebe9',"
	       "'agent-kids','126622a9-153b-4865-98c5-2b3913f8c96f'),"
	       "('agent-flow','df85a65d-cf7e-420b-892c-71c43d80f012',"
	       "'agent-flow','3fa243cb-1f1e-4f54-8f3d-bd4a9fb6ebe9')");
}

static const char report[] = "3fa243cb-1f1e-4f54-8f3d-bd4a9fb6ebe9";
static const char mail[] = "df85a65d-cf7e-420b-892c-71c43d80f012";

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
	load_flow();
	pg_open(&sst_pgboss_ops, "");
	pg_collect_whole();
	ck_assert_int_eq(pg_depth("agent-flow", "blocked"), 2);
	ck_assert_int_eq(pg_depth("agent-flow", "ready"), 0);
	ck_assert_str_eq(
	    pg_word(pg_task("agent-flow", report), "status"), "blocked");
	ck_assert_str_eq(
	    pg_word(blocker_of(report, 0, 2), "queue"), "agent-kids");
	ck_assert_str_eq(
	    pg_word(blocker_of(report, 0, 2), "status"), "queued");
	ck_assert_str_eq(pg_word(blocker_of(mail, 0, 1), "id"), report);
	ck_assert_str_eq(
	    pg_word(blocker_of(mail, 0, 1), "status"), "blocked");
	/* one is done, the other one runs */
	pg_run("UPDATE pgboss.job SET state='completed' WHERE "
	       "id='026e95bf-f565-40b4-b9de-1754f31726fd'; "
	       "UPDATE pgboss.job SET state='active',started_on=now() WHERE "
	       "id='126622a9-153b-4865-98c5-2b3913f8c96f'");
	pg_collect_whole();
	ck_assert_str_eq(
	    pg_word(blocker_of(report, 0, 1), "status"), "running");
	ck_assert(json_object_get(pg_task("agent-flow", report),
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

	load_flow();
	pg_open(&sst_pgboss_ops, "");
	pg_run("UPDATE pgboss.job SET state='%s' WHERE "
	       "id='026e95bf-f565-40b4-b9de-1754f31726fd'",
	    states[_i]);
	pg_collect_whole();
	ck_assert(is_doomed(report));
	ck_assert(is_doomed(mail));
	pg_run("UPDATE pgboss.job SET state='created' WHERE "
	       "id='026e95bf-f565-40b4-b9de-1754f31726fd'");
	pg_collect_whole();
	ck_assert(!is_doomed(report));
	ck_assert(!is_doomed(mail));
}
END_TEST

START_TEST(a_circle_is_a_deadlock)
{
	load_flow();
	pg_run("INSERT INTO pgboss.job_dependency VALUES ('agent-flow','%s',"
	       "'agent-flow','%s')",
	    report, mail);
	pg_open(&sst_pgboss_ops, "");
	pg_collect_whole();
	ck_assert(is_doomed(report));
	ck_assert(is_doomed(mail));
}
END_TEST

START_TEST(a_blocker_that_is_gone_is_unknown)
{
	load_flow();
	pg_run("DELETE FROM pgboss.job WHERE "
	       "id='026e95bf-f565-40b4-b9de-1754f31726fd'");
	pg_open(&sst_pgboss_ops, "");
	pg_collect_whole();
	ck_assert_str_eq(
	    pg_word(blocker_of(report, 0, 2), "status"), "unknown");
	ck_assert(!is_doomed(report));
}
END_TEST

/* Totals are exact, the window is the head, and nothing is read over it. */
START_TEST(the_window_is_the_head)
{
	load_recorded("40");
	pg_open(&sst_pgboss_ops, "max_tasks_per_queue: 10");
	pg_collect_whole();
	ck_assert_int_eq(pg_depth("agent-tools", "total"), 46);
	ck_assert_int_eq(pg_count(pg_queue("agent-tools"), "tasks_omitted"), 36);
	ck_assert_str_eq(
	    pg_word(pg_queue("agent-tools"), "tasks_detail"), "window");
	ck_assert_uint_eq(
	    json_array_size(json_object_get(pg_queue("agent-tools"), "tasks")),
	    10);
	pg_task("agent-tools", "c2829b6c-49e8-4cb4-944a-382a436c0b59");
	pg_task("agent-tools", "ed5beccf-ea27-46c7-afc4-2db14a06f8b9");
	pg_open(&sst_pgboss_ops, "max_tasks_per_queue: 0");
	pg_collect_whole();
	ck_assert_int_eq(pg_count(pg_queue("agent-tools"), "tasks_omitted"), 46);
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

	load_recorded(versions[_i]);
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
		ck_assert_int_eq(pg_depth(steps[i].queue, steps[i].member),
		    steps[i].want);
		ck_assert_uint_eq(pg_kept(), 3);
		free(before);
		free(after);
	}
}
END_TEST

/* Time alone changes what a task is. */
START_TEST(what_becomes_due_is_ready)
{
	load_recorded("40");
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

	load_recorded("40");
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
	    "jsonb_build_object('message',"
	    "(SELECT string_agg(md5(i::text),'') FROM generate_series(1,50000)"
	    " i))",
	    "'[1,2]'::jsonb",
	    "'\"text\"'::jsonb",
	    "'{\"message\":{\"deep\":[[[1]]]}}'::jsonb",
	    "'{\"value\":17}'::jsonb",
	    "'null'::jsonb",
	};

	load_recorded("40");
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
	load_recorded("40");
	pg_run("UPDATE pgboss.job SET data=jsonb_build_object('x',(SELECT "
	       "string_agg(md5(i::text),'') FROM generate_series(1,200000) i)) "
	       "WHERE id='ed5beccf-ea27-46c7-afc4-2db14a06f8b9'");
	pg_open(&sst_pgboss_ops, "");
	pg_collect_whole();
	ck_assert_int_eq(pg_depth("agent-tools", "total"), 46);
}
END_TEST

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

	load_recorded("40");
	if (cases[_i].grant[0] != '\0')
		pg_run("%s", cases[_i].grant);
	pg_open_at(&sst_pgboss_ops, pg_server.port, as_reader);
	ck_assert_int_eq(pg_collect_code(), SST_FORBIDDEN);
	ck_assert_msg(strstr(pg_subject.err.text, cases[_i].says) != NULL,
	    "%s", pg_subject.err.text);
}
END_TEST

/* One table less is one fact less. */
START_TEST(without_one_table_the_rest_is_shown)
{
	const struct sst_error *flaw;

	load_flow();
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
	    pg_word(pg_task("agent-flow", report), "status"), "blocked");
}
END_TEST

/* The columns that are needed are enough: payloads need not be granted. */
START_TEST(columns_can_be_granted)
{
	load_recorded("40");
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
	load_recorded("24");
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
	load_recorded("40");
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
	    "pg_stat_user_tables),(SELECT md5(string_agg(j::text||j.ctid::text||"
	    "j.xmin::text||j.xmax::text,'' ORDER BY name,id)) FROM pgboss.job "
	    "j),(SELECT md5(string_agg(q::text||q.xmin::text||q.xmax::text,'' "
	    "ORDER BY name)) FROM pgboss.queue q),(SELECT count(*) FROM "
	    "pg_locks WHERE database=(SELECT oid FROM pg_database WHERE "
	    "datname='t') AND pid<>pg_backend_pid()),(SELECT count(*) FROM "
	    "pg_prepared_statements),(SELECT txid_current_if_assigned()),"
	    "(SELECT count(*) FROM pg_stat_activity WHERE datname='t' AND "
	    "backend_xmin IS NOT NULL AND pid<>pg_backend_pid()))");
}

/* 1,000 polls leave no trace: no row, no lock, no transaction id, no horizon. */
START_TEST(reading_changes_nothing)
{
	char *before, *after;
	long xid;
	int i;

	load_recorded("40");
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

	load_recorded("40");
	pg_open(&sst_pgboss_ops, "");
	pg_collect_whole();
	pg_run_in(other, "BEGIN; LOCK TABLE pgboss.job");
	ck_assert_int_eq(pg_collect_code(), SST_TIMEOUT);
	ck_assert_msg(strstr(pg_subject.err.text, "lock timeout") != NULL,
	    "%s", pg_subject.err.text);
	pg_run_in(other, "COMMIT");
	PQfinish(other);
	pg_collect_whole();
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
	tcase_add_loop_test(tc, without_a_right_it_says_which, 0, 3);
	tcase_add_test(tc, without_one_table_the_rest_is_shown);
	tcase_add_test(tc, columns_can_be_granted);
	tcase_add_test(tc, row_level_security_is_no_empty_queue);
	tcase_add_test(tc, what_is_not_there_is_said);
	tcase_add_test(tc, reading_changes_nothing);
	tcase_add_test(tc, a_locked_table_is_a_timeout_and_passes);
}
