/* Depth by priority, of the queues that have priorities. */
#include "repository/queues/rabbitmq_priv.h"

#include <string.h>

/* Bytes of encoded names in one request: brokers take lines of 8,000. */
enum { LEVELS_NAMES_BYTES = 4000 };

static int
levels_on_row(void *ctx, const struct rabbitmq_row *row, struct sst_error *err)
{
	struct rabbitmq_table *table = ctx;
	bool fresh;

	if (row->level_count == 0)
		return SST_OK;
	return rabbitmq__table_keep(table, row, &fresh) != NULL
		   ? SST_OK
		   : sst_error_nomem(err);
}

/* A name as a regular expression that is no more than it. */
static void
levels_quote(const char *name, struct sst_buf *out)
{
	for (; *name != '\0'; name++) {
		if (strchr("\\^$.[]|()?*+{}#", *name) != NULL)
			sst_buf_addc(out, '\\');
		sst_buf_addc(out, *name);
	}
}

/* Whether it has priorities and is to be shown. */
static bool
levels_wanted(struct rabbitmq_read *read, const struct rabbitmq_cell *cell,
    struct sst_buf *out)
{
	const char *name;

	if (cell->row.max_priority <= 0)
		return false;
	if (rabbitmq__shown(read, &cell->row, &name, NULL) != SST_OK)
		out->failed = true;
	return name != NULL;
}

/*
 * Names of the next queues with priorities, as the encoded alternatives of a
 * regular expression; *from is then where the next batch begins.
 */
static void
levels_batch(struct rabbitmq_read *read, const struct rabbitmq_cell **from,
    size_t *left, struct sst_buf *out)
{
	const struct rabbitmq_cell *cell = *from;
	struct sst_buf quoted = SST_BUF_INIT;
	size_t count = 0;

	sst_buf_clear(out);
	for (; cell != NULL && *left > 0; cell = cell->next) {
		if (!levels_wanted(read, cell, out))
			continue;
		if (count == RABBITMQ_PRIORITIES_BATCH ||
		    out->len > LEVELS_NAMES_BYTES)
			break;
		sst_buf_clear(&quoted);
		if (count++ > 0)
			sst_buf_addc(&quoted, '|');
		levels_quote(cell->row.name, &quoted);
		if (quoted.data != NULL)
			rabbitmq__add_encoded(out, quoted.data);
		out->failed = out->failed || quoted.failed;
		--*left;
	}
	sst_buf_fini(&quoted);
	*from = cell;
}

/*
 * The column costs the broker and us much, so only those queues are asked for
 * that have priorities, by a filter on names: a request for 50 of them.
 */
static int
levels_request(
    struct rabbitmq_read *read, const char *names, struct sst_error *err)
{
	const struct rabbitmq_sink sink = {
	    .row = levels_on_row, .ctx = &read->r->fresh};
	struct sst_httpc_response answer = {0};
	struct rabbitmq_page page;
	struct sst_buf path = SST_BUF_INIT;
	int code;

	sst_buf_addf(&path,
	    "/api/queues?page=1&page_size=500&columns=name,vhost,"
	    "backing_queue_status.priority_lengths&use_regex=true"
	    "&name=%%5E(%s)%%24",
	    names);
	code = sst_buf_failed(&path)
		   ? sst_error_nomem(err)
		   : rabbitmq__get(read, path.data, &answer, err);
	sst_buf_fini(&path);
	if (code != SST_OK)
		return code;
	code =
	    rabbitmq__parse_queues(answer.body, answer.len, &sink, &page, err);
	sst_httpc_response_fini(&answer);
	return code;
}

static int
levels_read(struct rabbitmq_read *read, struct sst_error *err)
{
	struct rabbitmq *r = read->r;
	const struct rabbitmq_cell *from = read->rows->first;
	struct sst_buf names = SST_BUF_INIT;
	size_t left = RABBITMQ_PRIORITIES_MAX;
	struct rabbitmq_table old;
	int code = SST_OK;

	rabbitmq__table_clear(&r->fresh);
	while (code == SST_OK && from != NULL && left > 0) {
		levels_batch(read, &from, &left, &names);
		if (sst_buf_failed(&names))
			code = sst_error_nomem(err);
		else if (names.len > 0)
			code = levels_request(read, names.data, err);
	}
	sst_buf_fini(&names);
	old = r->priorities;
	r->priorities = r->fresh;
	r->fresh = old;
	rabbitmq__table_clear(&r->fresh);
	if (code == SST_OK && left == 0)
		code = sst_error_set(err, SST_LIMIT,
		    "more than %d queues have priorities",
		    (int)RABBITMQ_PRIORITIES_MAX - 1);
	return code;
}

int
rabbitmq__step_priorities(struct rabbitmq_read *read, struct sst_error *err)
{
	const struct rabbitmq_cell *cell;

	for (cell = read->rows->first; cell != NULL; cell = cell->next) {
		if (cell->row.max_priority > 0)
			return rabbitmq__part(
			    read, RABBITMQ_PART_PRIORITIES, levels_read, err);
	}
	read->r->parts[RABBITMQ_PART_PRIORITIES].tried = false;
	rabbitmq__table_clear(&read->r->priorities);
	return SST_OK;
}
