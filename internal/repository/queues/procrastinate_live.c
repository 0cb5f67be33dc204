/*
 * procrastinate. A job with a lock waits while another one of that lock runs,
 * or stands before it; when it was deferred and when it started stands in the
 * table of events. Jobs that are done stay in the table, and are left out.
 */
#include "repository/queues/queues.h"
#include "repository/queues/sql_priv.h"

struct procrastinate_settings {
	struct sql_settings common;
	char *schema;
};

static const struct sst_option procrastinate_options[] = {
    SQL_ROWS(struct procrastinate_settings, common, "procrastinate", "10", "1"),
    SQL_SCHEMA_ROW(struct procrastinate_settings, schema, "public"),
};

static const char *const procrastinate_relations[] = {"procrastinate_jobs",
    "procrastinate_events", "procrastinate_workers", NULL};

/* Of a job that is to be done. */
#define LATER "j.scheduled_at>now()"
#define STATE(alias) alias ".status::text"

/* Its own bound for workers that say nothing (get_stalled_jobs). */
#define PROCRASTINATE_LOST "interval '30s'"

static bool
procrastinate_has(const struct sql_read *read, const char *column)
{
	return sql__right(read, "procrastinate_jobs", column) == SQL_READABLE;
}

/* The job that has a lock: the one that runs, or else the first in line. */
static void
procrastinate_heads(
    struct sql_read *read, const char *priority, struct sst_buf *out)
{
	sql__add(read,
	    " LEFT JOIN (SELECT DISTINCT ON (l.lock) l.lock,l.id,"
	    "l.queue_name,CASE WHEN " STATE(
		"l") "<>'todo' THEN 0 WHEN "
		     "l.scheduled_at>now() THEN 4 ELSE 2 END AS status "
		     "FROM %procrastinate_jobs l WHERE l.lock IS NOT NULL "
		     "AND " STATE("l") " IN ('todo','doing','aborting') ORDER "
				       "BY l.lock,(" STATE("l") "='todo')",
	    out);
	sst_buf_addf(out,
	    ",%s%s l.id) head ON head.lock=j.lock AND "
	    "head.id<>j.id AND " STATE("j") "='todo'",
	    priority, priority[0] != '\0' ? " DESC," : "");
}

static void
procrastinate_base(struct sql_read *read, bool workers)
{
	struct sst_buf *b = &read->plan.base;
	bool priority = procrastinate_has(read, "priority");

	sst_buf_adds(b,
	    "SELECT j.queue_name::text AS queue,j.id,j.task_name AS type,"
	    "CASE WHEN " STATE("j") " IN ('doing','aborting') THEN 0 "
				    "WHEN " STATE(
					"j") "='failed' THEN 7 WHEN " LATER
					     " THEN CASE WHEN "
					     "j.attempts>0 THEN 3 ELSE 4 END "
					     "WHEN head.id IS NOT NULL THEN 5 "
					     "ELSE 2 END AS status,");
	sst_buf_adds(b, priority ? "j.priority" : "NULL::integer AS priority");
	sst_buf_adds(b,
	    ",NULL::timestamptz AS submitted_at,CASE WHEN " STATE(
		"j") "='todo' AND " LATER
		     " THEN j.scheduled_at END AS not_before,"
		     "NULL::timestamptz AS started_at,j.attempts+CASE "
		     "WHEN " STATE("j") " IN ('doing','aborting') THEN 1 ELSE "
					"0 END AS attempts,"
					"NULL::integer AS max_attempts,");
	sst_buf_adds(b,
	    workers
		? "j.worker_id AS assigned_to,"
		  "CASE WHEN " STATE(
		      "j") "='doing' THEN "
			   "COALESCE(now()-k.last_heartbeat>" PROCRASTINATE_LOST
			   ",true) END AS orphaned"
		: "NULL AS assigned_to,"
		  "NULL::boolean AS orphaned");
	sst_buf_adds(b,
	    ",CASE WHEN j.scheduled_at IS NULL OR NOT " LATER
	    " THEN head.id END AS blocker_id,"
	    "head.queue_name AS blocker_queue,head.status AS blocker_status");
	sql__mark_row(read, "procrastinate_jobs");
	sst_buf_adds(b, " FROM ");
	sql__add(read, "%procrastinate_jobs j", b);
	procrastinate_heads(read, priority ? "l.priority" : "", b);
	if (workers)
		sql__add(read,
		    " LEFT JOIN %procrastinate_workers k "
		    "ON k.id=j.worker_id",
		    b);
	sst_buf_adds(b,
	    " WHERE " STATE("j") " IN "
				 "('todo','doing','aborting','failed')");
	read->plan.order = priority ? "b.priority DESC,b.id" : "b.id";
	read->plan.has = SQL_HAS_BLOCKED | SQL_HAS_FAILED;
}

/* All names, also of queues where nothing waits, by the index: there may be
 * millions of jobs that are done. */
static const char procrastinate_queues[] =
    "WITH RECURSIVE q AS (SELECT (SELECT min(queue_name) FROM "
    "%procrastinate_jobs)::text AS name UNION ALL SELECT (SELECT "
    "min(n.queue_name) FROM %procrastinate_jobs n WHERE n.queue_name>q.name)"
    "::text FROM q WHERE q.name IS NOT NULL) "
    "SELECT name,NULL::text AS type,NULL::text AS dead_letter FROM q "
    "WHERE name IS NOT NULL";

static void
procrastinate_times(struct sql_read *read)
{
	struct sql_plan *plan = &read->plan;

	if (!sql__want(
		read, "events", "procrastinate_events", "job_id type at"))
		return;
	sql__add(read,
	    "LEFT JOIN LATERAL (SELECT min(e.at) FILTER (WHERE "
	    "e.type='deferred') AS deferred,max(e.at) FILTER (WHERE "
	    "e.type='started') AS started FROM %procrastinate_events e "
	    "WHERE e.job_id=w.id) t ON true",
	    &plan->join);
	plan->submitted = "t.deferred";
	plan->started = "CASE WHEN w.status=0 THEN t.started END";
	plan->oldest_base = "b.id";
	sql__add(read,
	    "(SELECT min(e.at) FROM %procrastinate_events e "
	    "WHERE e.job_id=c.oldest AND e.type='deferred')",
	    &plan->oldest);
}

static const char *
procrastinate_schema(const struct sql_source *source)
{
	const struct procrastinate_settings *s =
	    (const struct procrastinate_settings *)source->settings;

	return s->schema;
}

static int
procrastinate_plan(struct sql_read *read, struct sst_error *err)
{
	bool workers = false;
	int code;

	code = sql__need(read, "procrastinate_jobs",
	    "id queue_name task_name lock status scheduled_at attempts", err);
	if (code != SST_OK)
		return code;
	sql__part(read, "jobs", "ok", "");
	if (procrastinate_has(read, "worker_id"))
		workers = sql__want(read, "workers", "procrastinate_workers",
		    "id last_heartbeat");
	else
		sql__part(read, "workers", "unsupported",
		    "this version does not know its workers");
	procrastinate_base(read, workers);
	sql__add(read, procrastinate_queues, &read->plan.queues);
	procrastinate_times(read);
	return SST_OK;
}

static const struct sql_flavour procrastinate_flavour = {
    .ops = &sst_procrastinate_ops,
    .product = "procrastinate",
    .search_path = "pg_catalog",
    .relations = procrastinate_relations,
    .scheme = "higher first, 0 is unset",
    .schema = procrastinate_schema,
    .plan = procrastinate_plan,
};

static int
procrastinate_init(void *state, const void *settings,
    const struct sst_source_env *env, struct sst_error *err)
{
	return sql__init(state, &procrastinate_flavour, settings, env, err);
}

const struct sst_source_ops sst_procrastinate_ops = {
    .kind = "procrastinate",
    .section = SST_SECTION_QUEUES,
    .summary = "queues of procrastinate in PostgreSQL",
    .options = procrastinate_options,
    .option_count = SST_OPTION_COUNT(procrastinate_options),
    .settings_size = sizeof(struct procrastinate_settings),
    .state_size = sizeof(struct sql_source),
    .interval_ms = 5000,
    .deadline_ms = 5000,
    .max_age_ms = 15000,
    .init = procrastinate_init,
    .collect = sql__collect,
    .interrupt = sql__interrupt,
    .fini = sql__fini,
};
