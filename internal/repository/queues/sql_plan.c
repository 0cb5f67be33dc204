/* Statements made of what a flavour gives. */
#include <stdio.h>
#include <string.h>

#include "repository/queues/sql_priv.h"

/* Statuses as they stand in SQL. */
#define READY "(status=2 OR (status=3 AND not_before IS NULL))"
#define WAITS "status IN (2,3,5)"

void
sql__plan_fini(struct sql_plan *plan)
{
	sst_buf_fini(&plan->base);
	sst_buf_fini(&plan->queues);
	sst_buf_fini(&plan->edges);
	sst_buf_fini(&plan->version);
	sst_buf_fini(&plan->join);
	sst_buf_fini(&plan->oldest);
}

void
sql__add(const struct sql_read *read, const char *text, struct sst_buf *out)
{
	const char *mark;

	while ((mark = strchr(text, '%')) != NULL) {
		sst_buf_add(out, text, (size_t)(mark - text));
		sst_buf_adds(out, read->quoted.data);
		text = mark + 1;
	}
	sst_buf_adds(out, text);
}

void
sql__mark_row(struct sql_read *read, const char *relation)
{
	/* rights to single columns do not include those */
	if (sql__right(read, relation, "ctid") == SQL_READABLE &&
	    sql__right(read, relation, "xmin") == SQL_READABLE)
		sql__mark(read, "ROW(j.ctid,j.xmin)");
}

void
sql__mark(struct sql_read *read, const char *expression)
{
	if (sst_postgres_version(read->source->server) < 140000)
		return;
	sst_buf_addf(&read->plan.base,
	    ",pg_catalog.hash_record_extended(%s,0) AS mark", expression);
	read->plan.marks = true;
}

static void
plan_count(struct sst_buf *out, const char *which, const char *name)
{
	sst_buf_addf(
	    out, ",pg_catalog.count(*) FILTER (WHERE %s) AS %s", which, name);
}

/* What the system does not have is unknown, not 0. */
static void
plan_column(struct sst_buf *out, const char *name, bool known)
{
	if (known)
		sst_buf_addf(out, ",COALESCE(c.%s,0)", name);
	else
		sst_buf_adds(out, ",NULL");
}

void
sql__counts(const struct sql_plan *plan, struct sst_buf *out)
{
	bool named = plan->queues.len > 0;

	sst_buf_adds(out, named ? "SELECT n.name,n.type,n.dead_letter"
				: "SELECT c.queue,NULL,NULL");
	plan_column(out, "ready", true);
	plan_column(out, "running", true);
	plan_column(out, "delayed", true);
	plan_column(out, "blocked", plan->has & SQL_HAS_BLOCKED);
	plan_column(out, "dead", plan->has & SQL_HAS_DEAD);
	plan_column(out, "failed", plan->has & SQL_HAS_FAILED);
	plan_column(out, "total", true);
	sst_buf_addf(out, ",%s,%s FROM ",
	    plan->oldest.len > 0 ? plan->oldest.data : "c.oldest",
	    plan->marks ? "c.mark" : "NULL");
	if (named)
		sst_buf_addf(out, "(%s) n LEFT JOIN ", plan->queues.data);
	sst_buf_adds(out, "(SELECT b.queue");
	plan_count(out, READY, "ready");
	plan_count(out, "status IN (0,1)", "running");
	plan_count(out, "status=4 OR (status=3 AND not_before IS NOT NULL)",
	    "delayed");
	plan_count(out, "status=5", "blocked");
	plan_count(out, "status=6", "dead");
	plan_count(out, "status=7", "failed");
	/* what time alone does to a row shows in the counts */
	if (plan->marks)
		sst_buf_adds(out, ",pg_catalog.bit_xor(b.mark)::text||':'||"
				  "pg_catalog.count(*) FILTER (WHERE "
				  "b.orphaned) AS mark");
	sst_buf_addf(out,
	    ",pg_catalog.count(*) AS total,pg_catalog.min(%s) FILTER "
	    "(WHERE " WAITS ") AS oldest FROM (%s) b GROUP BY b.queue) c",
	    plan->oldest_base != NULL ? plan->oldest_base : "submitted_at",
	    plan->base.data);
	if (named)
		sst_buf_adds(out, " ON c.queue=n.name");
	sst_buf_addf(out, " LIMIT %d", SQL_QUEUES_MAX + 1);
}

/* The head of the queue first; what only the rows of the window need comes
 * after the window is cut. */
static void
plan_order(const struct sql_plan *plan, struct sst_buf *out)
{
	sst_buf_addf(out,
	    "ORDER BY CASE WHEN b.status=3 AND b.not_before IS NULL THEN 2 "
	    "ELSE b.status END,b.not_before NULLS FIRST,%s",
	    plan->order);
}

static void
plan_window(const struct sql_plan *plan, struct sst_buf *out)
{
	if (plan->by_queue) {
		sst_buf_addf(out,
		    "pg_catalog.unnest($1::text[]) p(name) CROSS JOIN LATERAL "
		    "(SELECT * FROM (%s) b WHERE b.queue=p.name ",
		    plan->base.data);
		plan_order(plan, out);
		sst_buf_adds(out, " LIMIT $2::bigint) w");
		return;
	}
	sst_buf_adds(out, "(SELECT b.*,pg_catalog.row_number() OVER ("
			  "PARTITION BY b.queue ");
	plan_order(plan, out);
	sst_buf_addf(out,
	    ") AS rn FROM (%s) b WHERE b.queue=ANY($1::text[])) w",
	    plan->base.data);
}

void
sql__tasks(const struct sql_plan *plan, struct sst_buf *out)
{
	sst_buf_addf(out,
	    "SELECT w.queue,w.id,w.type,w.status,w.priority,%s,w.not_before,"
	    "%s,w.attempts,w.max_attempts,w.assigned_to,w.orphaned,%s,"
	    "w.blocker_id,w.blocker_queue,w.blocker_status FROM ",
	    plan->submitted != NULL ? plan->submitted : "w.submitted_at",
	    plan->started != NULL ? plan->started : "w.started_at",
	    plan->error != NULL ? plan->error : "NULL");
	plan_window(plan, out);
	if (plan->join.len > 0)
		sst_buf_addf(out, " %s", plan->join.data);
	if (!plan->by_queue)
		sst_buf_adds(out, " WHERE w.rn<=$2::bigint");
}
