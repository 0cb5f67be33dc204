/*
 * Queues by (vhost, name): joins what the broker tells in several answers.
 * Cells and their texts stay where they are until the table is cleared.
 * Belongs to one thread.
 */
#ifndef SST_REPOSITORY_QUEUES_RABBITMQ_TABLE_H
#define SST_REPOSITORY_QUEUES_RABBITMQ_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/entity.h"
#include "repository/queues/rabbitmq_parse.h"

struct rabbitmq_chunk;

struct rabbitmq_cell {
	struct rabbitmq_cell *next; /* in the order they came */
	struct sst_hash key;
	struct rabbitmq_row row; /* texts are of the table; see put, keep */
	bool dead_letters;       /* others give up tasks into it */
	bool unreached;          /* nobody answers for it */
};

struct rabbitmq_table {
	struct rabbitmq_cell *first, *last;
	struct rabbitmq_cell **cells; /* by key; NULL: free */
	size_t cap;                   /* a power of two, or 0 */
	size_t count;
	struct rabbitmq_chunk *chunks; /* memory of cells and texts */
};

void rabbitmq__table_fini(struct rabbitmq_table *table);
/* Forgets the cells. */
void rabbitmq__table_clear(struct rabbitmq_table *table);
/* The cell of that queue, or NULL. */
struct rabbitmq_cell *rabbitmq__table_find(
    const struct rabbitmq_table *table, const char *vhost, const char *name);
/*
 * The cell of that queue, made if need be (fresh_out then true) with every
 * figure unknown and no text, not even its name; NULL when memory ran out.
 */
struct rabbitmq_cell *rabbitmq__table_put(struct rabbitmq_table *table,
    const char *vhost, const char *name, bool *fresh_out);
/* The same for a row with all that it says, if the queue is not there yet. */
struct rabbitmq_cell *rabbitmq__table_keep(struct rabbitmq_table *table,
    const struct rabbitmq_row *row, bool *fresh_out);

#endif
