/* From the rows of a collection to the queues of the document. */
#include "repository/queues/rabbitmq_priv.h"

#include <string.h>

/* Whether the counts of a queue are out of reach. */
static bool
show_gone(const struct rabbitmq_cell *cell)
{
	const char *state = cell->row.state;

	return cell->unreached ||
	       (state != NULL && (strcmp(state, "down") == 0 ||
				     strcmp(state, "crashed") == 0 ||
				     strcmp(state, "stopped") == 0));
}

/* Half of the members of a quorum queue cannot agree on anything; the broker
 * says "running" all the same, newer ones say this. */
static const char *
show_state(const struct rabbitmq_read *read, const struct rabbitmq_cell *cell)
{
	const struct rabbitmq_row *row = &cell->row;

	if (row->members > 0 && row->online >= 0 &&
	    row->online * 2 <= row->members)
		return "minority";
	if (cell->unreached && row->state == NULL &&
	    rabbitmq__node_down(read, row->node))
		return "down";
	return row->state;
}

static void
show_statistics(const struct rabbitmq_read *read,
    const struct rabbitmq_row *stats, struct rabbitmq_row *row)
{
	if (row->consumers < 0 && !read->consumers_known)
		row->consumers = stats->consumers;
	row->published = stats->published;
	row->delivered = stats->delivered;
	row->acked = stats->acked;
	row->head_at = stats->head_at;
	if (row->type == NULL || strcmp(row->type, "stream") != 0 ||
	    row->total >= 0)
		return;
	/* streams have no live totals */
	row->ready = stats->ready;
	row->unacked = stats->unacked;
	row->total = stats->total;
}

/* Completes a row of live counts from the other answers. */
static void
show_join(const struct rabbitmq_read *read, const struct rabbitmq_cell *cell,
    struct rabbitmq_row *row)
{
	const struct rabbitmq *r = read->r;
	const struct rabbitmq_cell *found;

	/* what was measured before it went down says nothing about now */
	if (show_gone(cell))
		return;
	found = rabbitmq__table_find(&r->consumers, row->vhost, row->name);
	if (found != NULL)
		row->consumers = found->row.consumers;
	else if (read->consumers_known)
		row->consumers = 0;
	found = rabbitmq__table_find(&r->stats, row->vhost, row->name);
	if (found != NULL)
		show_statistics(read, &found->row, row);
}

static void
show_levels(const struct rabbitmq_read *read, struct rabbitmq_row *row)
{
	const struct rabbitmq_cell *found;

	if (row->max_priority <= 0)
		return;
	found =
	    rabbitmq__table_find(&read->r->priorities, row->vhost, row->name);
	if (found == NULL)
		return;
	row->levels = found->row.levels;
	row->level_count = found->row.level_count;
}

int
rabbitmq__shown(struct rabbitmq_read *read, const struct rabbitmq_row *row,
    const char **name_out, struct sst_error *err)
{
	struct rabbitmq *r = read->r;

	*name_out = NULL;
	if (row->exclusive && r->s.hide_exclusive)
		return SST_OK;
	sst_buf_clear(&r->name);
	rabbitmq__name(row->vhost, row->name, &r->name);
	if (sst_buf_failed(&r->name))
		return sst_error_nomem(err);
	if (r->name.data != NULL && queue__picked(&r->s.pick, r->name.data))
		*name_out = r->name.data;
	return SST_OK;
}

/* Borrowed until the next call; NULL: nowhere, or not known. */
static int
show_target(struct rabbitmq *r, const struct rabbitmq_row *row,
    const char **out, struct sst_error *err)
{
	const char *queue, *exchange;

	rabbitmq__letters_target(&r->letters, row, &queue, &exchange);
	*out = exchange;
	if (queue == NULL)
		return SST_OK;
	sst_buf_clear(&r->target);
	rabbitmq__name(row->vhost, queue, &r->target);
	if (sst_buf_failed(&r->target))
		return sst_error_nomem(err);
	*out = r->target.data;
	return SST_OK;
}

static int
show_one(struct rabbitmq_read *read, const struct rabbitmq_cell *cell,
    struct sst_error *err)
{
	struct rabbitmq_names names = {.system = read->r->s.pick.system};
	struct rabbitmq_row row = cell->row;
	struct queue_build build;
	int code;

	code = rabbitmq__shown(read, &row, &names.name, err);
	if (code != SST_OK || names.name == NULL)
		return code;
	if (read->rows == &read->r->live)
		show_join(read, cell, &row);
	row.state = show_state(read, cell);
	show_levels(read, &row);
	/* where somebody works on them, they are not kept */
	names.keeps_dead = cell->dead_letters && row.consumers <= 0;
	code = show_target(read->r, &row, &names.dead_letter_queue, err);
	if (code == SST_OK)
		code = rabbitmq__entity(
		    read->out, &row, &names, &build, err);
	return code == SST_OK ? queue__finish(&build, err) : code;
}

int
rabbitmq__step_show(struct rabbitmq_read *read, struct sst_error *err)
{
	const struct rabbitmq_cell *cell;
	int code;

	rabbitmq__letters_mark(&read->r->letters, read->rows);
	for (cell = read->rows->first; cell != NULL; cell = cell->next) {
		code = show_one(read, cell, err);
		/* the bound is reported already; what fits is the result */
		if (code != SST_OK)
			return code == SST_LIMIT ? SST_OK : code;
	}
	return SST_OK;
}
