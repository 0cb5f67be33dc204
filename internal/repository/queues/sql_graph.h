/*
 * Which task waits for which: blockers of a task, and whether they can ever
 * finish. Filled, then settled, then asked. One thread.
 */
#ifndef SST_REPOSITORY_QUEUES_SQL_GRAPH_H
#define SST_REPOSITORY_QUEUES_SQL_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "repository/queues/sql_parse.h"

/* Blockers of a task that are shown. */
enum { SQL_BLOCKERS_MAX = 32 };

struct sql_edge {
	size_t at;      /* its values in the graph's bytes */
	size_t task;    /* number of the task that waits */
	size_t blocker; /* that of the other, SIZE_MAX: it waits for nothing */
};

struct sql_graph {
	struct sst_buf bytes;
	struct sql_edge *edges; /* settled: by the waiting task */
	size_t count, cap;
	/* of each waiting task */
	size_t *first; /* edge; one more than tasks */
	bool *doomed;
	size_t tasks;
};

/* SST_NOMEM. */
int sql__graph_add(
    struct sql_graph *graph, const struct sst_postgres_value *values);
/* Finds the tasks that wait for what failed, for themselves, or for such a
 * task. SST_NOMEM. */
int sql__graph_settle(struct sql_graph *graph, struct sst_error *err);
/*
 * Blockers of a task, at most SQL_BLOCKERS_MAX, borrowed from the graph; their
 * number. doomed: it can never run.
 */
size_t sql__graph_blockers(const struct sql_graph *graph,
    const struct sst_postgres_value *queue, const struct sst_postgres_value *id,
    struct queue_blocker *out, bool *doomed);
/* Appends what the graph says of a task, to be hashed with its rows. */
void sql__graph_pack(const struct sql_graph *graph,
    const struct sst_postgres_value *queue, const struct sst_postgres_value *id,
    struct sst_buf *out);
void sql__graph_fini(struct sql_graph *graph);

#endif
