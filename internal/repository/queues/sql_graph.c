#include "repository/queues/sql_graph.h"

#include <stdlib.h>
#include <string.h>

#include "repository/queues/sql_table.h"

int
sql__graph_add(struct sql_graph *g, const struct sst_postgres_value *values)
{
	struct sql_edge *more;
	size_t cap, at = g->bytes.len;

	if (g->count == g->cap) {
		cap = g->cap == 0 ? 64 : g->cap * 2;
		more = realloc(g->edges, cap * sizeof(*more));
		if (more == NULL)
			return SST_NOMEM;
		g->edges = more;
		g->cap = cap;
	}
	sql__pack(values, SQL_EDGE_COLUMNS, &g->bytes);
	if (sst_buf_failed(&g->bytes))
		return SST_NOMEM;
	g->edges[g->count++] = (struct sql_edge){.at = at};
	return SST_OK;
}

static void
graph_values(const struct sql_graph *g, const struct sql_edge *edge,
    struct sst_postgres_value *values)
{
	sql__unpack(g->bytes.data + edge->at, g->bytes.data + g->bytes.len,
	    values, SQL_EDGE_COLUMNS);
}

static int
graph_compare_text(
    const struct sst_postgres_value *a, const struct sst_postgres_value *b)
{
	return strcmp(
	    a->data != NULL ? a->data : "", b->data != NULL ? b->data : "");
}

/* By the waiting task, then by what it waits for. */
static int
graph_compare(const void *a, const void *b, void *graph)
{
	static const int by[] = {SQL_EDGE_QUEUE, SQL_EDGE_ID,
	    SQL_EDGE_BLOCKER_QUEUE, SQL_EDGE_BLOCKER_ID};
	struct sst_postgres_value x[SQL_EDGE_COLUMNS], y[SQL_EDGE_COLUMNS];
	size_t i;
	int c = 0;

	graph_values(graph, a, x);
	graph_values(graph, b, y);
	for (i = 0; c == 0 && i < sizeof(by) / sizeof(by[0]); i++)
		c = graph_compare_text(&x[by[i]], &y[by[i]]);
	return c;
}

/* The number of the waiting task, SIZE_MAX when it waits for nothing. */
static size_t
graph_find(const struct sql_graph *g, const struct sst_postgres_value *queue,
    const struct sst_postgres_value *id)
{
	struct sst_postgres_value values[SQL_EDGE_COLUMNS];
	size_t low = 0, high = g->tasks, mid;
	int c;

	while (low < high) {
		mid = low + (high - low) / 2;
		graph_values(g, &g->edges[g->first[mid]], values);
		c = graph_compare_text(&values[SQL_EDGE_QUEUE], queue);
		if (c == 0)
			c = graph_compare_text(&values[SQL_EDGE_ID], id);
		if (c == 0)
			return mid;
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return SIZE_MAX;
}

/* Numbers the waiting tasks; edges are sorted. */
static void
graph_number(struct sql_graph *g)
{
	struct sst_postgres_value mine[SQL_EDGE_COLUMNS];
	struct sst_postgres_value former[SQL_EDGE_COLUMNS];
	size_t i;

	for (i = 0; i < g->count; i++) {
		graph_values(g, &g->edges[i], mine);
		if (i == 0 ||
		    graph_compare_text(
			&mine[SQL_EDGE_QUEUE], &former[SQL_EDGE_QUEUE]) != 0 ||
		    graph_compare_text(
			&mine[SQL_EDGE_ID], &former[SQL_EDGE_ID]) != 0)
			g->first[g->tasks++] = i;
		g->edges[i].task = g->tasks - 1;
		memcpy(former, mine, sizeof(former));
	}
	g->first[g->tasks] = g->count;
}

/* Whether what it says of a blocker means that nobody need wait for it. */
static bool
graph_never(const struct sst_postgres_value *value)
{
	enum queue_status status = QUEUE_STATUS_UNKNOWN;

	if (value->data != NULL && strcmp(value->data, SQL_CANCELLED_TEXT) == 0)
		return true;
	sql__parse_status(value, &status);
	return status == QUEUE_FAILED || status == QUEUE_DEAD;
}

/* How far the settling is. */
struct graph_work {
	bool *never;     /* of a task: a blocker has failed */
	size_t *pending; /* of a task: blockers that wait themselves */
	size_t *begin;   /* of a task: in `by`, the edges that lead to it */
	size_t *by;
	size_t *ready; /* tasks to look at */
	size_t ready_count;
};

static bool
graph_allocate(struct sql_graph *g, struct graph_work *w)
{
	g->first = calloc(g->count + 1, sizeof(*g->first));
	g->doomed = calloc(g->count + 1, sizeof(*g->doomed));
	w->never = calloc(g->count + 1, sizeof(*w->never));
	w->pending = calloc(g->count + 1, sizeof(*w->pending));
	w->begin = calloc(g->count + 2, sizeof(*w->begin));
	w->by = calloc(g->count + 1, sizeof(*w->by));
	w->ready = calloc(g->count + 1, sizeof(*w->ready));
	return g->first != NULL && g->doomed != NULL && w->never != NULL &&
	       w->pending != NULL && w->begin != NULL && w->by != NULL &&
	       w->ready != NULL;
}

static void
graph_work_fini(struct graph_work *w)
{
	free(w->never);
	free(w->pending);
	free(w->begin);
	free(w->by);
	free(w->ready);
}

/* Who waits for what: pending, doomed by what failed, and the way back. */
static void
graph_link(struct sql_graph *g, struct graph_work *w)
{
	struct sst_postgres_value values[SQL_EDGE_COLUMNS];
	struct sql_edge *edge;
	size_t i;

	for (i = 0; i < g->count; i++) {
		edge = &g->edges[i];
		graph_values(g, edge, values);
		edge->blocker = graph_find(g, &values[SQL_EDGE_BLOCKER_QUEUE],
		    &values[SQL_EDGE_BLOCKER_ID]);
		if (graph_never(&values[SQL_EDGE_BLOCKER_STATUS]))
			w->never[edge->task] = true;
		if (edge->blocker == SIZE_MAX)
			continue;
		w->pending[edge->task]++;
		w->begin[edge->blocker + 2]++;
	}
	/* counting sort; begin[t + 1] moves to the end of t's */
	for (i = 2; i < g->tasks + 2; i++)
		w->begin[i] += w->begin[i - 1];
	for (i = 0; i < g->count; i++) {
		if (g->edges[i].blocker != SIZE_MAX)
			w->by[w->begin[g->edges[i].blocker + 1]++] = i;
	}
}

/* Takes away what can run, until only those remain that never can. */
static void
graph_peel(struct sql_graph *g, struct graph_work *w)
{
	size_t i, task, waiting;

	for (i = 0; i < g->tasks; i++) {
		g->doomed[i] = true;
		if (w->pending[i] == 0 && !w->never[i])
			w->ready[w->ready_count++] = i;
	}
	while (w->ready_count > 0) {
		task = w->ready[--w->ready_count];
		g->doomed[task] = false;
		for (i = w->begin[task]; i < w->begin[task + 1]; i++) {
			waiting = g->edges[w->by[i]].task;
			if (--w->pending[waiting] == 0 && !w->never[waiting])
				w->ready[w->ready_count++] = waiting;
		}
	}
}

int
sql__graph_settle(struct sql_graph *g, struct sst_error *err)
{
	struct graph_work work = {.ready_count = 0};

	if (g->count == 0)
		return SST_OK;
	if (!graph_allocate(g, &work)) {
		graph_work_fini(&work);
		return sst_error_nomem(err);
	}
	qsort_r(g->edges, g->count, sizeof(*g->edges), graph_compare, g);
	graph_number(g);
	graph_link(g, &work);
	graph_peel(g, &work);
	graph_work_fini(&work);
	return SST_OK;
}

size_t
sql__graph_blockers(const struct sql_graph *g,
    const struct sst_postgres_value *queue, const struct sst_postgres_value *id,
    struct queue_blocker *out, bool *doomed)
{
	struct sst_postgres_value values[SQL_EDGE_COLUMNS];
	size_t task = graph_find(g, queue, id), i, n = 0;

	if (task == SIZE_MAX)
		return 0;
	*doomed = g->doomed[task];
	for (i = g->first[task]; i < g->first[task + 1]; i++) {
		if (n == SQL_BLOCKERS_MAX)
			break;
		graph_values(g, &g->edges[i], values);
		if (values[SQL_EDGE_BLOCKER_ID].len == 0)
			continue;
		out[n].id = sql__text(&values[SQL_EDGE_BLOCKER_ID]);
		out[n].queue = sql__text(&values[SQL_EDGE_BLOCKER_QUEUE]);
		out[n].status = QUEUE_STATUS_UNKNOWN;
		sql__parse_status(
		    &values[SQL_EDGE_BLOCKER_STATUS], &out[n].status);
		n++;
	}
	return n;
}

void
sql__graph_pack(const struct sql_graph *g,
    const struct sst_postgres_value *queue, const struct sst_postgres_value *id,
    struct sst_buf *out)
{
	struct sst_postgres_value values[SQL_EDGE_COLUMNS];
	size_t task = graph_find(g, queue, id), i;

	if (task == SIZE_MAX)
		return;
	sst_buf_addc(out, g->doomed[task] ? 'd' : 'w');
	for (i = g->first[task]; i < g->first[task + 1]; i++) {
		graph_values(g, &g->edges[i], values);
		sql__pack(values, SQL_EDGE_COLUMNS, out);
	}
}

void
sql__graph_fini(struct sql_graph *g)
{
	sst_buf_fini(&g->bytes);
	free(g->edges);
	free(g->first);
	free(g->doomed);
	memset(g, 0, sizeof(*g));
}
