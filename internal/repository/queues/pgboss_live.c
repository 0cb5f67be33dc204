/*
 * pg-boss 10, 11 and 12. A job is a row of `job` until it is archived or
 * deleted; queues have a table of their own. From 12 on jobs may wait for
 * others (job_dependency), and know which queue they came from as a dead
 * letter. What a version has is read from the catalog, not from its number.
 */
#include "repository/queues/queues.h"
#include "repository/queues/sql_priv.h"

struct pgboss_settings {
	struct sql_settings common;
	char *schema;
	bool errors;
};

static const struct sst_option pgboss_options[] = {
    SQL_ROWS(struct pgboss_settings, common, "pgboss", "10", "1"),
    SQL_SCHEMA_ROW(struct pgboss_settings, schema, "pgboss"),
    SQL_ERRORS_ROW(struct pgboss_settings, errors),
};

static const char *const pgboss_relations[] = {
    "job", "queue", "job_dependency", "version", NULL};

static bool
pgboss_has(const struct sql_read *read, const char *column)
{
	return sql__right(read, "job", column) == SQL_READABLE;
}

/* Nobody has looked after it for longer than was allowed. */
static const char *
pgboss_orphaned(const struct sql_read *read)
{
	if (pgboss_has(read, "heartbeat_on") &&
	    pgboss_has(read, "heartbeat_seconds") &&
	    pgboss_has(read, "expire_seconds"))
		return "(j.state='active' AND (now()>j.started_on+"
		       "j.expire_seconds*interval '1s' OR now()>"
		       "j.heartbeat_on+j.heartbeat_seconds*interval '1s'))";
	if (pgboss_has(read, "expire_seconds"))
		return "(j.state='active' AND now()>j.started_on+"
		       "j.expire_seconds*interval '1s')";
	if (pgboss_has(read, "expire_in"))
		return "(j.state='active' AND now()>j.started_on+j.expire_in)";
	return "NULL::boolean";
}

/* A letter that nobody could deliver: it knows where it came from, or else it
 * waits in a queue that is there for such. */
static const char *
pgboss_dead(const struct sql_read *read)
{
	if (pgboss_has(read, "source_name"))
		return "j.source_name IS NOT NULL";
	return "j.name IN (SELECT d.dead_letter FROM %queue d "
	       "WHERE d.dead_letter IS NOT NULL)";
}

static void
pgboss_base(struct sql_read *read, bool errors)
{
	struct sst_buf *b = &read->plan.base;
	bool blocked = pgboss_has(read, "blocked");

	sst_buf_adds(b,
	    "SELECT j.name AS queue,j.id,NULL::text AS type,CASE j.state "
	    "WHEN 'active' THEN 0 WHEN 'failed' THEN 7 ELSE CASE WHEN ");
	sql__add(read, pgboss_dead(read), b);
	sst_buf_adds(b, " THEN 6 ");
	if (blocked)
		sst_buf_adds(b, "WHEN j.blocked THEN 5 ");
	sst_buf_adds(b,
	    "WHEN j.state='retry' THEN 3 WHEN j.start_after>now() THEN 4 "
	    "ELSE 2 END END AS status,j.priority,j.created_on AS submitted_at,"
	    "CASE WHEN j.state<'active' AND j.start_after>now() THEN "
	    "j.start_after END AS not_before,"
	    "CASE WHEN j.state='active' THEN j.started_on END AS started_at,"
	    "j.retry_count+CASE WHEN j.started_on IS NULL THEN 0 ELSE 1 END "
	    "AS attempts,j.retry_limit+1 AS max_attempts,"
	    "NULL::text AS assigned_to,");
	sst_buf_adds(b, pgboss_orphaned(read));
	sst_buf_adds(b, " AS orphaned,NULL AS blocker_id,NULL AS blocker_queue,"
			"NULL AS blocker_status");
	sql__mark_row(read, "job");
	if (errors)
		sst_buf_adds(b, ",CASE WHEN j.state IN ('retry','failed') "
				"THEN j.output END AS output");
	sql__add(read,
	    " FROM %job j WHERE j.state IN "
	    "('created','retry','active','failed') AND "
	    "pg_catalog.left(j.name,10)<>'__pgboss__'",
	    b);
	read->plan.has = SQL_HAS_FAILED | SQL_HAS_DEAD |
			 (blocked ? (unsigned)SQL_HAS_BLOCKED : 0);
}

static void
pgboss_edges(struct sql_read *read)
{
	if (!pgboss_has(read, "blocked") ||
	    sql__right(read, "job_dependency", NULL) == SQL_ABSENT) {
		sql__part(read, "dependencies", "unsupported",
		    "this version has no dependencies");
		return;
	}
	if (!sql__want(read, "dependencies", "job_dependency",
		"child_name child_id parent_name parent_id"))
		return;
	sql__add(read,
	    "SELECT d.child_name,d.child_id,d.parent_id,d.parent_name,"
	    "CASE WHEN p.state IS NULL THEN 8 WHEN p.state='active' THEN 0 "
	    "WHEN p.state='failed' THEN 7 WHEN p.state='cancelled' THEN 10 "
	    "WHEN p.blocked THEN 5 WHEN p.state='retry' THEN 3 "
	    "WHEN p.start_after>now() THEN 4 ELSE 2 END "
	    "FROM %job_dependency d JOIN %job c ON c.name=d.child_name AND "
	    "c.id=d.child_id AND c.blocked AND c.state='created' "
	    "LEFT JOIN %job p ON p.name=d.parent_name AND p.id=d.parent_id "
	    "WHERE d.child_name=ANY($1::text[]) AND "
	    "(p.state IS NULL OR p.state<>'completed') LIMIT ",
	    &read->plan.edges);
	sst_buf_addf(&read->plan.edges, "%d", SQL_EDGES_MAX + 1);
}

static const char *
pgboss_schema(const struct sql_source *source)
{
	const struct pgboss_settings *s =
	    (const struct pgboss_settings *)source->settings;

	return s->schema;
}

/* A long text is not unpacked for its first line. */
#define PGBOSS_ERROR                                                 \
	"CASE WHEN pg_catalog.pg_column_size(w.output)<=16384 THEN " \
	"pg_catalog.split_part(pg_catalog.left(COALESCE("            \
	"w.output->>'message',w.output#>>'{value,message}'),1024),"  \
	"E'\\n',1) END"

static int
pgboss_plan(struct sql_read *read, struct sst_error *err)
{
	const struct pgboss_settings *s =
	    (const struct pgboss_settings *)read->source->settings;
	struct sql_plan *plan = &read->plan;
	bool errors;
	int code;

	code = sql__need(read, "job",
	    "id name state priority retry_count retry_limit start_after "
	    "started_on created_on",
	    err);
	if (code == SST_OK)
		code = sql__need(read, "queue", "name policy dead_letter", err);
	if (code != SST_OK)
		return code;
	sql__part(read, "jobs", "ok", "");
	errors = s->errors && sql__want(read, "errors", "job", "output");
	if (!s->errors)
		sql__part(read, "errors", "disabled", "");
	pgboss_base(read, errors);
	sql__add(read,
	    "SELECT q.name,q.policy AS type,q.dead_letter FROM %queue q "
	    "WHERE pg_catalog.left(q.name,10)<>'__pgboss__'",
	    &plan->queues);
	pgboss_edges(read);
	if (sql__want(read, "version", "version", "version"))
		sql__add(read,
		    "SELECT 'pg-boss schema '||max(version) FROM %version",
		    &plan->version);
	plan->order = "b.priority DESC,b.submitted_at,b.id";
	plan->by_queue = true;
	plan->error = errors ? PGBOSS_ERROR : NULL;
	return SST_OK;
}

static const struct sql_flavour pgboss_flavour = {
    .ops = &sst_pgboss_ops,
    .product = "pg-boss",
    .search_path = "pg_catalog",
    .relations = pgboss_relations,
    .scheme = "higher first, 0 is unset",
    .schema = pgboss_schema,
    .plan = pgboss_plan,
};

static int
pgboss_init(void *state, const void *settings, const struct sst_source_env *env,
    struct sst_error *err)
{
	return sql__init(state, &pgboss_flavour, settings, env, err);
}

const struct sst_source_ops sst_pgboss_ops = {
    .kind = "pgboss",
    .section = SST_SECTION_QUEUES,
    .summary = "queues of pg-boss in PostgreSQL",
    .options = pgboss_options,
    .option_count = SST_OPTION_COUNT(pgboss_options),
    .settings_size = sizeof(struct pgboss_settings),
    .state_size = sizeof(struct sql_source),
    .interval_ms = 5000,
    .deadline_ms = 5000,
    .max_age_ms = 15000,
    .init = pgboss_init,
    .collect = sql__collect,
    .interrupt = sql__interrupt,
    .fini = sql__fini,
};
