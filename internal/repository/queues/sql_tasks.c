/*
 * Reads counts, blockers and windows, and makes the queues of them. The rows of
 * one queue are gathered first: when they are those of the last collection, the
 * entity is kept as it is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "repository/queues/sql_priv.h"

/*
 * Whether a queue is what it was by its counts and its mark alone: then its
 * tasks need not be read. What waits for another one may change with that.
 */
static bool
tasks_same(const struct sql_read *read, const struct sql_found *found,
    const struct sql_found *former, const struct sst_postgres_value *values)
{
	const struct sql_source *s = read->source;

	return former != NULL && former->whole &&
	       values[SQL_QUEUE_MARK].data != NULL && !found->waits &&
	       !former->waits && former->len == found->len &&
	       memcmp(s->next.bytes.data + found->at,
		   s->last.bytes.data + former->at, found->len) == 0;
}

static int
tasks_keep(struct sql_read *read, struct sql_found *found, const char *name,
    const struct sql_found *former, struct sst_error *err)
{
	const char *parts[2] = {read->source->settings->pick.system, name};
	int code = sst_draft_keep(read->out, parts, 2, err);

	if (code != SST_OK)
		return code;
	found->built = found->whole = true;
	found->hash = former->hash;
	return SST_OK;
}

/* Takes over the queues that did not change. */
static int
tasks_keep_all(struct sql_read *read, struct sst_error *err)
{
	struct sst_postgres_value values[SQL_QUEUE_COLUMNS];
	struct sql_source *s = read->source;
	const struct sql_found *former;
	struct sql_found *found;
	size_t i;
	int code;

	for (i = 0; i < s->next.count; i++) {
		found = &s->next.queues[i];
		sql__table_values(&s->next, found, values);
		former = sql__table_find(&s->last, values[SQL_QUEUE_NAME].data);
		if (!tasks_same(read, found, former, values))
			continue;
		code = tasks_keep(
		    read, found, values[SQL_QUEUE_NAME].data, former, err);
		if (code != SST_OK && code != SST_NOT_FOUND)
			return code;
	}
	sst_error_clear(err);
	return SST_OK;
}

static bool
tasks_picked(const struct sql_read *read, const struct sql_found *found)
{
	return !found->built && found->total > 0 &&
	       read->source->settings->max_tasks > 0;
}

static int
counts_on_row(void *ctx, const struct sst_postgres_value *values, size_t count,
    struct sst_error *err)
{
	struct sql_read *read = ctx;
	struct sql_source *s = read->source;
	struct queue_row row;
	const char *column;

	if (count < SQL_QUEUE_COLUMNS)
		return sst_error_set(err, SST_INTERNAL, "too few columns");
	if (!sql__parse_queue(values, &row, &column)) {
		sst_draft_reject(read->out, "/queues",
		    "a queue without a name, or with one of over 512 bytes");
		return SST_OK;
	}
	if (!queue__picked(&s->settings->pick, row.name.data))
		return SST_OK;
	if (s->next.count >= SQL_QUEUES_MAX) {
		sst_draft_degrade(read->out, SST_LIMIT, "more than %d queues",
		    (int)SQL_QUEUES_MAX);
		return SST_OK;
	}
	if (sql__table_add(&s->next, values, row.depth.total) != SST_OK)
		return sst_error_nomem(err);
	s->next.queues[s->next.count - 1].waits = row.depth.blocked > 0;
	return SST_OK;
}

int
sql__read_counts(struct sql_read *read, struct sst_error *err)
{
	struct sst_postgres_query query = {
	    .on_row = counts_on_row, .ctx = read};
	struct sst_buf sql = SST_BUF_INIT;
	int code;

	sql__table_clear(&read->source->next);
	sql__counts(&read->plan, &sql);
	query.sql = sql.data;
	code = sst_buf_failed(&sql)
		   ? sst_error_nomem(err)
		   : sst_postgres_run(read->source->server, &query, err);
	sst_buf_fini(&sql);
	sql__table_sort(&read->source->next);
	return code;
}

/* The names of the queues that have tasks; false when memory ran out. */
static bool
tasks_names(const struct sql_read *read, struct sst_buf *out, bool *any)
{
	struct sst_postgres_value values[SQL_QUEUE_COLUMNS];
	const struct sql_table *t = &read->source->next;
	size_t i;

	*any = false;
	sst_buf_addc(out, '{');
	for (i = 0; i < t->count; i++) {
		if (!tasks_picked(read, &t->queues[i]))
			continue;
		sql__table_values(t, &t->queues[i], values);
		sst_postgres_add_element(out, values[SQL_QUEUE_NAME].data,
		    values[SQL_QUEUE_NAME].len, !*any);
		*any = true;
	}
	sst_buf_addc(out, '}');
	return !sst_buf_failed(out);
}

static int
edges_on_row(void *ctx, const struct sst_postgres_value *values, size_t count,
    struct sst_error *err)
{
	struct sql_read *read = ctx;
	struct sql_found *found;

	if (count < SQL_EDGE_COLUMNS || values[SQL_EDGE_QUEUE].data == NULL)
		return sst_error_set(err, SST_INTERNAL, "too few columns");
	if (read->graph.count >= SQL_EDGES_MAX) {
		sst_draft_degrade(read->out, SST_LIMIT,
		    "more than %d blockers: not all are shown",
		    (int)SQL_EDGES_MAX);
		return SST_OK;
	}
	if (sql__graph_add(&read->graph, values) != SST_OK)
		return sst_error_nomem(err);
	found =
	    sql__table_find(&read->source->next, values[SQL_EDGE_QUEUE].data);
	if (found != NULL)
		found->waits = true;
	return SST_OK;
}

int
sql__read_edges(struct sql_read *read, struct sst_error *err)
{
	const char *params[1];
	struct sst_postgres_query query = {
	    .sql = read->plan.edges.data,
	    .params = params,
	    .param_count = 1,
	    .on_row = edges_on_row,
	    .ctx = read,
	};
	struct sst_buf names = SST_BUF_INIT;
	bool any;
	int code = SST_OK;

	if (read->plan.edges.len == 0)
		return SST_OK;
	if (!tasks_names(read, &names, &any))
		code = sst_error_nomem(err);
	params[0] = names.data;
	if (code == SST_OK && any)
		code = sst_postgres_run(read->source->server, &query, err);
	if (code == SST_OK)
		code = sql__graph_settle(&read->graph, err);
	sst_buf_fini(&names);
	return code;
}

static void
tasks_reject(struct sql_read *read, const struct queue_row *row, int64_t number,
    const char *column)
{
	char pointer[128], reason[64];

	snprintf(pointer, sizeof(pointer), "/queues/%.64s/tasks/%lld",
	    row->name.data, (long long)number);
	snprintf(reason, sizeof(reason), "no usable %.32s", column);
	sst_draft_reject(read->out, pointer, reason);
}

/* Adds what the graph knows, and makes the task. */
static int
tasks_add(struct sql_read *read, struct queue_build *build,
    struct queue_task *task, const struct sst_postgres_value *values,
    struct sst_error *err)
{
	struct queue_blocker blockers[SQL_BLOCKERS_MAX];
	size_t count;

	count = sql__graph_blockers(&read->graph, &values[SQL_TASK_QUEUE],
	    &values[SQL_TASK_ID], blockers, &task->deadlocked);
	if (count > 0) {
		task->blockers = blockers;
		task->blocker_count = count;
	}
	task->priority.scheme = read->source->flavour->scheme;
	return queue__add_task(build, task, err);
}

/* The position is known of tasks that can be taken now. */
static bool
tasks_ready(const struct queue_task *task)
{
	return task->status == QUEUE_QUEUED ||
	       (task->status == QUEUE_RETRYING &&
		   task->not_before.ms == QUEUE_NEVER.ms);
}

static int
tasks_build(struct sql_read *read, struct queue_build *build,
    const struct queue_row *row, struct sst_error *err)
{
	struct sst_postgres_value values[SQL_TASK_COLUMNS];
	const struct sql_source *s = read->source;
	const char *from = s->raw.data, *end = from + s->raw.len;
	struct queue_blocker blocker;
	struct queue_task task;
	const char *column;
	int64_t number = 0, rank = 0;
	int code = SST_OK;

	for (; code == SST_OK && from < end; number++) {
		from = sql__unpack(from, end, values, SQL_TASK_COLUMNS);
		if (!sql__parse_task(
			values, &s->levels, &task, &blocker, &column)) {
			tasks_reject(read, row, number, column);
			continue;
		}
		if (tasks_ready(&task))
			task.position = rank++;
		code = tasks_add(read, build, &task, values, err);
	}
	return code;
}

static int
tasks_make(struct sql_read *read, struct sql_found *found,
    struct queue_row *row, struct sst_error *err)
{
	size_t rejected = sst_draft_rejected(read->out);
	struct queue_build build;
	int code;

	row->system = read->source->settings->pick.system;
	code = queue__begin(read->out, row, &build, err);
	if (code != SST_OK)
		return code;
	code = tasks_build(read, &build, row, err);
	if (code == SST_OK)
		code = queue__finish(&build, err);
	else
		queue__drop(&build);
	found->whole = sst_draft_rejected(read->out) == rejected;
	return code;
}

/* Everything that the entity is made of. */
static uint64_t
tasks_hash(const struct sql_read *read, const struct sql_found *found)
{
	const struct sql_source *s = read->source;
	const char *row = s->next.bytes.data + found->at;
	const struct sst_buf *b = &s->blockers;

	return XXH64(b->data, b->len,
	    XXH64(s->raw.data, s->raw.len, XXH64(row, found->len, 1)));
}

/* With the rows of the queue in raw. */
static int
tasks_finish(
    struct sql_read *read, struct sql_found *found, struct sst_error *err)
{
	struct sst_postgres_value values[SQL_QUEUE_COLUMNS];
	struct sql_source *s = read->source;
	const struct sql_found *former;
	const char *column;
	struct queue_row row;
	int code;

	sql__table_values(&s->next, found, values);
	sql__parse_queue(values, &row, &column);
	found->built = true;
	found->hash = tasks_hash(read, found);
	former = sql__table_find(&s->last, row.name.data);
	if (former != NULL && former->whole && former->hash == found->hash) {
		code = tasks_keep(read, found, row.name.data, former, err);
		if (code != SST_NOT_FOUND)
			return code;
		sst_error_clear(err);
	}
	return tasks_make(read, found, &row, err);
}

/* The rows gathered so far are all of their queue. */
static int
tasks_close(struct sql_read *read, struct sst_error *err)
{
	struct sql_found *found = read->at;
	int code = SST_OK;

	read->at = NULL;
	if (found != NULL)
		code = tasks_finish(read, found, err);
	sst_buf_clear(&read->source->raw);
	sst_buf_clear(&read->source->blockers);
	return code;
}

static int
tasks_on_row(void *ctx, const struct sst_postgres_value *values, size_t count,
    struct sst_error *err)
{
	struct sql_read *read = ctx;
	struct sql_source *s = read->source;
	struct sql_found *found;
	int code;

	if (count < SQL_TASK_COLUMNS || values[SQL_TASK_QUEUE].data == NULL)
		return sst_error_set(err, SST_INTERNAL, "too few columns");
	found = sql__table_find(&s->next, values[SQL_TASK_QUEUE].data);
	if (found == NULL)
		return SST_OK;
	if (found != read->at) {
		code = tasks_close(read, err);
		if (code != SST_OK)
			return code;
		if (found->built)
			return sst_error_set(err, SST_INTERNAL,
			    "rows of a queue do not come together");
		read->at = found;
	}
	/* what is over the bound is counted, not listed */
	if (s->raw.len >= s->max_bytes)
		return SST_OK;
	sql__pack(values, SQL_TASK_COLUMNS, &s->raw);
	sql__graph_pack(&read->graph, &values[SQL_TASK_QUEUE],
	    &values[SQL_TASK_ID], &s->blockers);
	return sst_buf_failed(&s->raw) || sst_buf_failed(&s->blockers)
		   ? sst_error_nomem(err)
		   : SST_OK;
}

/* Queues whose tasks were not read: there are none, or none are to be. */
static int
tasks_rest(struct sql_read *read, struct sst_error *err)
{
	struct sql_table *t = &read->source->next;
	size_t i;
	int code = tasks_close(read, err);

	for (i = 0; code == SST_OK && i < t->count; i++) {
		if (!t->queues[i].built)
			code = tasks_finish(read, &t->queues[i], err);
	}
	return code;
}

int
sql__read_tasks(struct sql_read *read, struct sst_error *err)
{
	struct sql_source *s = read->source;
	struct sst_buf sql = SST_BUF_INIT, names = SST_BUF_INIT;
	const char *params[2];
	struct sst_postgres_query query = {
	    .params = params,
	    .param_count = 2,
	    .on_row = tasks_on_row,
	    .ctx = read,
	};
	char most[24];
	bool any = false;
	int code = SST_OK;

	sst_buf_clear(&s->raw);
	sst_buf_clear(&s->blockers);
	snprintf(most, sizeof(most), "%lld", (long long)s->settings->max_tasks);
	code = tasks_keep_all(read, err);
	sql__tasks(&read->plan, &sql);
	if (code == SST_OK &&
	    (!tasks_names(read, &names, &any) || sst_buf_failed(&sql)))
		code = sst_error_nomem(err);
	query.sql = sql.data;
	params[0] = names.data;
	params[1] = most;
	if (code == SST_OK && any)
		code = sst_postgres_run(s->server, &query, err);
	if (code == SST_OK)
		code = tasks_rest(read, err);
	sst_buf_fini(&sql);
	sst_buf_fini(&names);
	return code;
}
