/*
 * graphile-worker through its view `jobs`: its tables have row-level security
 * and show a role that does not own them nothing at all, without an error. A
 * job of a named queue runs alone in it; the others are shown by their task.
 * What is done is deleted, so all rows count.
 */
#include "repository/queues/queues.h"
#include "repository/queues/sql_priv.h"

struct graphile_settings {
	struct sql_settings common;
	char *schema;
	bool errors;
};

static const struct sst_option graphile_options[] = {
    SQL_ROWS(struct graphile_settings, common, "graphile", "-10", "-1"),
    SQL_SCHEMA_ROW(struct graphile_settings, schema, "graphile_worker"),
    SQL_ERRORS_ROW(struct graphile_settings, errors),
};

static const char *const graphile_relations[] = {
    "jobs", "_private_jobs", "migrations", NULL};

/* The worker takes over jobs that are locked for longer, as their worker is
 * gone. */
#define GRAPHILE_LOST "interval '4 hours'"

static const char graphile_base[] =
    "SELECT COALESCE(j.queue_name,j.task_identifier) AS queue,j.id,"
    "j.task_identifier AS type,CASE WHEN j.locked_at IS NOT NULL THEN 0 "
    "WHEN j.attempts>=j.max_attempts THEN 6 WHEN j.run_at>now() THEN "
    "CASE WHEN j.attempts>0 THEN 3 ELSE 4 END "
    "WHEN busy.id IS NOT NULL THEN 5 ELSE 2 END AS status,"
    "j.priority,j.created_at AS submitted_at,CASE WHEN j.run_at>now() AND "
    "j.locked_at IS NULL AND j.attempts<j.max_attempts THEN j.run_at END "
    "AS not_before,j.locked_at AS started_at,j.attempts,j.max_attempts,"
    "j.locked_by AS assigned_to,now()-j.locked_at>" GRAPHILE_LOST
    " AS orphaned,"
    "CASE WHEN j.locked_at IS NULL AND j.run_at<=now() AND "
    "j.attempts<j.max_attempts THEN busy.id END AS blocker_id,"
    "j.queue_name AS blocker_queue,0 AS blocker_status,j.run_at";

static const char graphile_from[] =
    " FROM %jobs j LEFT JOIN (SELECT l.queue_name,min(l.id) AS id "
    "FROM %jobs l WHERE l.locked_at IS NOT NULL AND l.queue_name IS NOT NULL "
    "GROUP BY l.queue_name) busy ON busy.queue_name=j.queue_name";

/* A view does not tell when its rows were made. */
#define GRAPHILE_MARK(more)                                       \
	"ROW(j.id,j.priority,j.run_at,j.attempts,j.max_attempts," \
	"j.created_at,j.locked_at,j.locked_by" more ")"

#define GRAPHILE_ERROR                                                   \
	"CASE WHEN pg_catalog.pg_column_size(w.last_error)<=16384 THEN " \
	"pg_catalog.split_part(pg_catalog.left(w.last_error,1024),"      \
	"E'\\n',1) END"

static const char *
graphile_schema(const struct sql_source *source)
{
	const struct graphile_settings *s =
	    (const struct graphile_settings *)source->settings;

	return s->schema;
}

/*
 * The view shows what its owner may see. Without it there are only the tables,
 * and those would be read as empty.
 */
static int
graphile_rights(struct sql_read *read, struct sst_error *err)
{
	if (sql__right(read, "jobs", NULL) == SQL_ABSENT &&
	    sql__right(read, "_private_jobs", NULL) == SQL_ABSENT)
		return sql__need(read, "jobs", "id", err);
	return sql__need(read, "jobs",
	    "id queue_name task_identifier priority run_at attempts "
	    "max_attempts created_at locked_at locked_by",
	    err);
}

static int
graphile_plan(struct sql_read *read, struct sst_error *err)
{
	const struct graphile_settings *s =
	    (const struct graphile_settings *)read->source->settings;
	struct sql_plan *plan = &read->plan;
	bool errors;
	int code = graphile_rights(read, err);

	if (code != SST_OK)
		return code;
	sql__part(read, "jobs", "ok", "");
	errors = s->errors && sql__want(read, "errors", "jobs", "last_error");
	if (!s->errors)
		sql__part(read, "errors", "disabled", "");
	sst_buf_adds(&plan->base, graphile_base);
	if (errors)
		sst_buf_adds(&plan->base, ",j.last_error");
	sql__mark(
	    read, errors ? GRAPHILE_MARK(",j.last_error") : GRAPHILE_MARK(""));
	sql__add(read, graphile_from, &plan->base);
	/* The number of its last migration, as there is nothing else. */
	if (sql__want(read, "version", "migrations", "id"))
		sql__add(read,
		    "SELECT 'graphile-worker migration '||max(id) "
		    "FROM %migrations",
		    &plan->version);
	plan->order = "b.priority,b.run_at,b.id";
	plan->error = errors ? GRAPHILE_ERROR : NULL;
	plan->has = SQL_HAS_BLOCKED | SQL_HAS_DEAD;
	return SST_OK;
}

static const struct sql_flavour graphile_flavour = {
    .ops = &sst_graphile_ops,
    .product = "graphile-worker",
    .search_path = "pg_catalog",
    .relations = graphile_relations,
    .scheme = "lower first, 0 is unset",
    .lower_first = true,
    .schema = graphile_schema,
    .plan = graphile_plan,
};

static int
graphile_init(void *state, const void *settings,
    const struct sst_source_env *env, struct sst_error *err)
{
	return sql__init(state, &graphile_flavour, settings, env, err);
}

const struct sst_source_ops sst_graphile_ops = {
    .kind = "graphile",
    .section = SST_SECTION_QUEUES,
    .summary = "queues of graphile-worker in PostgreSQL",
    .options = graphile_options,
    .option_count = SST_OPTION_COUNT(graphile_options),
    .settings_size = sizeof(struct graphile_settings),
    .state_size = sizeof(struct sql_source),
    .interval_ms = 5000,
    .deadline_ms = 5000,
    .max_age_ms = 15000,
    .init = graphile_init,
    .collect = sql__collect,
    .interrupt = sql__interrupt,
    .fini = sql__fini,
};
