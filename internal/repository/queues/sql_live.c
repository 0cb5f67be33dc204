/*
 * Queues in tables of one's own: the configuration gives the query and says
 * which column is what. The query runs within the read-only transaction of all
 * sources of PostgreSQL, as a sub-select, so it can neither write nor give more
 * rows than are asked for.
 */
#include <string.h>

#include "repository/queues/queues.h"
#include "repository/queues/sql_columns.h"
#include "repository/queues/sql_priv.h"

/* Statuses that the words of a query may stand for. */
enum { GENERIC_STATUSES = SQL_FINISHED + 1 };

struct generic_settings {
	struct sql_settings common;
	char *query;
	char *queue;
	int order;
	char *columns[SQL_USE_COUNT];
	struct sst_option_list words[GENERIC_STATUSES];
};

enum { GENERIC_HIGHER_FIRST, GENERIC_LOWER_FIRST };
static const char *const generic_orders[] = {
    "higher_first", "lower_first", NULL};

#define AT(member) offsetof(struct generic_settings, member)
#define COLUMN(option, use, is_required, text)                        \
	{                                                             \
		.name = "columns." option, .type = SST_OPTION_STRING, \
		.required = (is_required), .min = 1, .max = 63,       \
		.help = (text), .offset = AT(columns[use])            \
	}
#define WORDS(option, status, text)                                            \
	{                                                                      \
		.name = "status." option, .type = SST_OPTION_LIST, .max = 100, \
		.help = (text), .offset = AT(words[status])                    \
	}

static const struct sst_option generic_options[] = {
    SQL_ROWS(struct generic_settings, common, "sql", "10", "1"),
    {.name = "query",
	.type = SST_OPTION_STRING,
	.required = true,
	.min = 8,
	.max = 16384,
	.help = "SELECT of a row for each task. Tables by schema and name; "
		"without what is finished, unless others wait for it.",
	.offset = AT(query)},
    {.name = "queue",
	.type = SST_OPTION_STRING,
	.fallback = "tasks",
	.min = 1,
	.max = 512,
	.help = "Name of the queue, when no column has it.",
	.offset = AT(queue)},
    COLUMN("id", SQL_USE_ID, true, "Column with the task's id."),
    COLUMN("queue", SQL_USE_QUEUE, false, "Column with its queue."),
    COLUMN("type", SQL_USE_TYPE, false, "Column with its kind."),
    COLUMN("status", SQL_USE_STATUS, false,
	"Column with its status; without, all are queued."),
    COLUMN("priority", SQL_USE_PRIORITY, false,
	"Column with its priority: a number, or low, normal, high, critical."),
    COLUMN("submitted_at", SQL_USE_SUBMITTED, false,
	"Column with the time of its submission."),
    COLUMN("not_before", SQL_USE_NOT_BEFORE, false,
	"Column with the time before which it does not run."),
    COLUMN("started_at", SQL_USE_STARTED, false,
	"Column with the start of the current attempt."),
    COLUMN(
	"attempts", SQL_USE_ATTEMPTS, false, "Column with the attempts made."),
    COLUMN("max_attempts", SQL_USE_MAX_ATTEMPTS, false,
	"Column with the attempts allowed."),
    COLUMN("assigned_to", SQL_USE_ASSIGNED, false,
	"Column with the worker that has it."),
    COLUMN("error", SQL_USE_ERROR, false,
	"Column with the error of its last attempt; the first line is shown."),
    COLUMN("blocked_by", SQL_USE_BLOCKED_BY, false,
	"Column with the ids of tasks it waits for: one, an array, or JSON."),
    WORDS("queued", SQL_QUEUED, "Values of the status for queued."),
    WORDS("scheduled", SQL_SCHEDULED, "Values for scheduled."),
    WORDS("blocked", SQL_BLOCKED, "Values for blocked."),
    WORDS("reserved", SQL_RESERVED, "Values for reserved."),
    WORDS("running", SQL_RUNNING, "Values for running."),
    WORDS("retrying", SQL_RETRYING, "Values for retrying."),
    WORDS("failed", SQL_FAILED, "Values for failed."),
    WORDS("dead", SQL_DEAD, "Values for dead."),
    WORDS("finished", SQL_FINISHED,
	"Values of what is done: left out, and nothing waits for it."),
    {.name = "priority_order",
	.type = SST_OPTION_ENUM,
	.fallback = "higher_first",
	.names = generic_orders,
	.help = "Which numbers are taken first. With lower_first the levels "
		"have to be given: critical is the lowest.",
	.offset = AT(order)},
};

static const char *const generic_words[] = {
    [SQL_RUNNING] = "running",
    [SQL_RESERVED] = "reserved",
    [SQL_QUEUED] = "queued",
    [SQL_RETRYING] = "retrying",
    [SQL_SCHEDULED] = "scheduled",
    [SQL_BLOCKED] = "blocked",
    [SQL_DEAD] = "dead",
    [SQL_FAILED] = "failed",
    [SQL_UNKNOWN] = "unknown",
    [SQL_FINISHED] = "finished",
};

static const struct generic_settings *
generic_settings(const struct sql_read *read)
{
	return (const struct generic_settings *)read->source->settings;
}

/* Without a semicolon at its end, which a sub-select has not. */
static void
generic_query(const struct sql_read *read, struct sst_buf *out)
{
	const char *query = generic_settings(read)->query;
	size_t len = strlen(query);

	while (len > 0 && strchr("; \t\r\n", query[len - 1]) != NULL)
		len--;
	sst_buf_addc(out, '(');
	sst_buf_add(out, query, len);
	/* it may end in a comment */
	sst_buf_adds(out, "\n) u");
}

static int
generic_on_columns(void *ctx, const struct sst_postgres_column *columns,
    size_t count, struct sst_error *err)
{
	return sql__columns_match(ctx, columns, count, err);
}

static int
generic_on_row(void *ctx, const struct sst_postgres_value *values, size_t count,
    struct sst_error *err)
{
	(void)ctx;
	(void)values;
	(void)count;
	(void)err;
	return SST_OK;
}

/* What the query gives, without running it. */
static int
generic_describe(
    struct sql_read *read, struct sql_given *given, struct sst_error *err)
{
	struct sst_postgres_query query = {
	    .on_columns = generic_on_columns,
	    .on_row = generic_on_row,
	    .ctx = given,
	};
	const struct generic_settings *s = generic_settings(read);
	struct sst_buf sql = SST_BUF_INIT;
	int use, code;

	for (use = 0; use < SQL_USE_COUNT; use++)
		given[use] = (struct sql_given){.column = s->columns[use]};
	sst_buf_adds(&sql, "SELECT * FROM ");
	generic_query(read, &sql);
	sst_buf_adds(&sql, " LIMIT 0");
	query.sql = sql.data;
	code = sst_buf_failed(&sql)
		   ? sst_error_nomem(err)
		   : sst_postgres_run(read->source->server, &query, err);
	sst_buf_fini(&sql);
	return code;
}

/* A status by the words of the configuration, and by its own. */
static void
generic_status(const struct sql_read *read, const struct sql_given *given,
    struct sst_buf *out)
{
	const struct generic_settings *s = generic_settings(read);
	size_t status, i;

	if (given[SQL_USE_STATUS].column == NULL) {
		sst_buf_addf(out, "%d", SQL_QUEUED);
		return;
	}
	sst_buf_adds(out, "CASE ");
	sql__columns_add(given, SQL_USE_STATUS, out);
	for (status = 0; status < GENERIC_STATUSES; status++) {
		for (i = 0; i < s->words[status].count; i++) {
			sst_buf_adds(out, " WHEN ");
			sql__add_literal(out, s->words[status].items[i]);
			sst_buf_addf(out, " THEN %zu", status);
		}
	}
	for (status = 0; status < GENERIC_STATUSES; status++)
		sst_buf_addf(
		    out, " WHEN '%s' THEN %zu", generic_words[status], status);
	sst_buf_addf(out, " ELSE %d END", SQL_UNKNOWN);
}

/* A number that grows with how soon it is taken. */
static void
generic_rank(const struct sql_read *read, const struct sql_given *given,
    struct sst_buf *out)
{
	bool lower = generic_settings(read)->order == GENERIC_LOWER_FIRST;

	if (given[SQL_USE_PRIORITY].column == NULL) {
		sst_buf_adds(out, "0");
	} else if (sql__columns_number(given, SQL_USE_PRIORITY)) {
		sst_buf_adds(out, lower ? "-" : "");
		sql__columns_add(given, SQL_USE_PRIORITY, out);
	} else {
		sst_buf_adds(out, "CASE lower(");
		sql__columns_add(given, SQL_USE_PRIORITY, out);
		sst_buf_adds(out, ") WHEN 'critical' THEN 3 WHEN 'high' THEN 2 "
				  "WHEN 'low' THEN 0 ELSE 1 END");
	}
}

static void
generic_column(const struct sql_given *given, enum sql_use use,
    const char *name, struct sst_buf *out)
{
	sst_buf_addc(out, ',');
	sql__columns_add(given, use, out);
	sst_buf_addf(out, " AS %s", name);
}

/* All rows, also what is finished: others may wait for it. */
static void
generic_rows(const struct sql_read *read, const struct sql_given *given,
    struct sst_buf *out)
{
	sst_buf_adds(out, "(SELECT COALESCE(");
	sql__columns_add(given, SQL_USE_QUEUE, out);
	sst_buf_addc(out, ',');
	sql__add_literal(out, generic_settings(read)->queue);
	sst_buf_adds(out, ") AS queue");
	generic_column(given, SQL_USE_ID, "id", out);
	generic_column(given, SQL_USE_TYPE, "type", out);
	sst_buf_addc(out, ',');
	generic_status(read, given, out);
	sst_buf_adds(out, " AS word");
	generic_column(given, SQL_USE_PRIORITY, "priority", out);
	sst_buf_addc(out, ',');
	generic_rank(read, given, out);
	sst_buf_adds(out, " AS rank");
	generic_column(given, SQL_USE_SUBMITTED, "submitted_at", out);
	generic_column(given, SQL_USE_NOT_BEFORE, "due", out);
	generic_column(given, SQL_USE_STARTED, "started_at", out);
	generic_column(given, SQL_USE_ATTEMPTS, "attempts", out);
	generic_column(given, SQL_USE_MAX_ATTEMPTS, "max_attempts", out);
	generic_column(given, SQL_USE_ASSIGNED, "assigned_to", out);
	generic_column(given, SQL_USE_ERROR, "error", out);
	generic_column(given, SQL_USE_BLOCKED_BY, "blocked_by", out);
	sst_buf_adds(out, " FROM ");
	generic_query(read, out);
	sst_buf_addc(out, ')');
}

/* What is queued for later is scheduled, or tried again. */
#define GENERIC_STATUS(alias)                   \
	"CASE WHEN " alias ".word=2 AND " alias \
	".due>now() THEN CASE WHEN " alias      \
	".attempts>0 THEN 3 ELSE 4 END ELSE " alias ".word END"

static void
generic_base(struct sql_read *read, const struct sst_buf *rows)
{
	sst_buf_adds(&read->plan.base,
	    "SELECT x.queue,x.id,x.type," GENERIC_STATUS(
		"x") " AS status,"
		     "x.priority,x.rank,x.submitted_at,CASE WHEN x.word IN "
		     "(2,3,4,5) "
		     "AND x.due>now() THEN x.due END AS "
		     "not_before,x.started_at,"
		     "x.attempts,x.max_attempts,x.assigned_to,NULL::boolean AS "
		     "orphaned,"
		     "x.error,NULL AS blocker_id,NULL AS blocker_queue,"
		     "NULL AS blocker_status");
	sql__mark(read, "x");
	sst_buf_addf(&read->plan.base, " FROM %s x WHERE x.word<>%d",
	    rows->data, SQL_FINISHED);
}

static void
generic_edges(struct sql_read *read, const struct sst_buf *rows)
{
	sst_buf_addf(&read->plan.edges,
	    "SELECT c.queue,c.id,e.v#>>'{}',p.queue,COALESCE(" GENERIC_STATUS(
		"p") ",%d) FROM %s c CROSS JOIN LATERAL "
		     "jsonb_array_elements(CASE jsonb_typeof(c.blocked_by) "
		     "WHEN 'array' "
		     "THEN c.blocked_by WHEN 'null' THEN '[]'::jsonb ELSE "
		     "jsonb_build_array(c.blocked_by) END) e(v) LEFT JOIN %s p "
		     "ON "
		     "p.id=e.v#>>'{}' WHERE c.queue=ANY($1::text[]) AND "
		     "c.blocked_by IS "
		     "NOT NULL AND c.word<>%d AND COALESCE(p.word,%d)<>%d "
		     "LIMIT %d",
	    SQL_UNKNOWN, rows->data, rows->data, SQL_FINISHED, SQL_UNKNOWN,
	    SQL_FINISHED, SQL_EDGES_MAX + 1);
}

static int
generic_plan(struct sql_read *read, struct sst_error *err)
{
	struct sql_given given[SQL_USE_COUNT];
	struct sql_plan *plan = &read->plan;
	struct sst_buf rows = SST_BUF_INIT;
	int code = generic_describe(read, given, err);

	if (code != SST_OK)
		return code;
	generic_rows(read, given, &rows);
	if (sst_buf_failed(&rows)) {
		sst_buf_fini(&rows);
		return sst_error_nomem(err);
	}
	generic_base(read, &rows);
	if (given[SQL_USE_BLOCKED_BY].column != NULL)
		generic_edges(read, &rows);
	sst_buf_fini(&rows);
	sql__part(read, "query", "ok", "");
	plan->order = "b.rank DESC,b.submitted_at NULLS FIRST,b.id";
	plan->error = given[SQL_USE_ERROR].column != NULL
			  ? "split_part(w.error,E'\\n',1)"
			  : NULL;
	if (given[SQL_USE_STATUS].column != NULL)
		plan->has = SQL_HAS_BLOCKED | SQL_HAS_FAILED | SQL_HAS_DEAD;
	return SST_OK;
}

static const struct sql_flavour generic_higher = {
    .ops = &sst_sql_ops,
    .product = "the query",
    .scheme = "higher first",
    .plan = generic_plan,
};

static const struct sql_flavour generic_lower = {
    .ops = &sst_sql_ops,
    .product = "the query",
    .scheme = "lower first",
    .lower_first = true,
    .plan = generic_plan,
};

static int
generic_init(void *state, const void *settings,
    const struct sst_source_env *env, struct sst_error *err)
{
	const struct generic_settings *s = settings;

	return sql__init(state,
	    s->order == GENERIC_LOWER_FIRST ? &generic_lower : &generic_higher,
	    settings, env, err);
}

const struct sst_source_ops sst_sql_ops = {
    .kind = "sql",
    .section = SST_SECTION_QUEUES,
    .summary = "queues in tables of one's own in PostgreSQL, by a query",
    .options = generic_options,
    .option_count = SST_OPTION_COUNT(generic_options),
    .settings_size = sizeof(struct generic_settings),
    .state_size = sizeof(struct sql_source),
    .interval_ms = 5000,
    .deadline_ms = 5000,
    .max_age_ms = 15000,
    .init = generic_init,
    .collect = sql__collect,
    .interrupt = sql__interrupt,
    .fini = sql__fini,
};
