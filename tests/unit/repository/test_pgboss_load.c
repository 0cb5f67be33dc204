#include "test_pgboss_load.h"

#include <stdio.h>
#include <string.h>

#include "test_postgres_support.h"

/* When the recordings were made, as epoch; they are moved to now. */
#define RECORDED "1795228195"
#define MOVED(column) "now()+((" column ")::numeric-" RECORDED ")*interval '1s'"

static bool partitioned;

void
pgboss_install(const char *version)
{
	char path[256];

	snprintf(path, sizeof(path), PG_MOCKS "pgboss/schema_%s.sql", version);
	pg_run_file(path);
	partitioned = strcmp(version, "24") == 0;
	pg_run("INSERT INTO pgboss.version(version) VALUES (%s)", version);
}

void
pgboss_create_queue(const char *name)
{
	/* version 10 has a table for each queue, later ones have a common one */
	if (partitioned)
		pg_run("INSERT INTO pgboss.queue(name,policy,retry_limit,"
		       "retry_delay,retry_backoff,expire_seconds) VALUES "
		       "('%s','standard',2,0,false,900); CREATE TABLE "
		       "pgboss.\"jobs of %s\" PARTITION OF pgboss.job "
		       "FOR VALUES IN ('%s')",
		    name, name, name);
	else
		pg_run("INSERT INTO pgboss.queue(name,policy,retry_limit,"
		       "retry_delay,retry_backoff,expire_seconds,"
		       "retention_seconds,deletion_seconds,partition,"
		       "table_name) VALUES ('%s','standard',2,0,false,900,"
		       "3600,3600,false,'job_common')",
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
						       "data::jsonb FROM "
						       "recorded; DROP TABLE "
						       "recorded");
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

void
pgboss_load_recorded(const char *version)
{
	pgboss_install(version);
	pgboss_create_queue("agent-dead");
	pgboss_create_queue("agent-tools");
	pgboss_create_queue("agent-die");
	pgboss_create_queue("agent/plan");
	pgboss_create_queue("__pgboss__send-it");
	pg_run("UPDATE pgboss.queue SET dead_letter='agent-dead' "
	       "WHERE name IN ('agent-tools','agent-die')");
	load_tasks("tasks_agent-tools.csv");
	load_tasks("tasks_agent_plan.csv");
	load_dead();
	pg_run("INSERT INTO pgboss.job(name) VALUES ('__pgboss__send-it')");
}

/* v12_flow.txt: mail waits for report, report for search and embed. */
void
pgboss_load_flow(void)
{
	pgboss_install("40");
	pgboss_create_queue("agent-flow");
	pgboss_create_queue("agent-kids");
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

const char pgboss_report[] = "3fa243cb-1f1e-4f54-8f3d-bd4a9fb6ebe9";
const char pgboss_mail[] = "df85a65d-cf7e-420b-892c-71c43d80f012";
