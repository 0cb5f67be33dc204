/* Whether vhosts are hidden from this user. */
#include "repository/queues/rabbitmq_priv.h"

/* Vhosts that are told, in a table: those without a queue are to be asked. */
struct hidden {
	struct rabbitmq_table *vhosts;
	size_t count;
};

static int
hidden_on_vhost(
    void *ctx, const struct rabbitmq_row *row, struct sst_error *err)
{
	struct hidden *h = ctx;
	struct rabbitmq_cell *cell;
	bool fresh;

	h->count++;
	if (h->vhosts->count >= RABBITMQ_QUEUES_MAX)
		return SST_OK;
	cell = rabbitmq__table_keep(h->vhosts, row, &fresh);
	if (cell == NULL)
		return sst_error_nomem(err);
	cell->unreached = fresh;
	return SST_OK;
}

static int
hidden_vhosts(
    struct rabbitmq_read *read, struct hidden *h, struct sst_error *err)
{
	const struct rabbitmq_sink sink = {.row = hidden_on_vhost, .ctx = h};
	struct sst_httpc_response answer = {0};
	const struct rabbitmq_cell *cell;
	bool fresh;
	int code;

	rabbitmq__table_clear(h->vhosts);
	for (cell = read->rows->first; cell != NULL; cell = cell->next) {
		if (rabbitmq__table_put(
			h->vhosts, cell->row.vhost, "", &fresh) == NULL)
			return sst_error_nomem(err);
	}
	code = rabbitmq__get(read, "/api/vhosts?columns=name", &answer, err);
	if (code != SST_OK)
		return code;
	code = rabbitmq__parse_vhosts(answer.body, answer.len, &sink, err);
	sst_httpc_response_fini(&answer);
	return code;
}

/* SST_FORBIDDEN: that vhost lets us not in. */
static int
hidden_probe(
    struct rabbitmq_read *read, const char *vhost, struct sst_error *err)
{
	struct sst_httpc_response answer = {0};
	struct sst_buf path = SST_BUF_INIT;
	int code;

	sst_buf_adds(&path, "/api/queues/");
	rabbitmq__add_encoded(&path, vhost);
	sst_buf_adds(
	    &path, "?page=1&page_size=1&disable_stats=true&columns=name");
	code = sst_buf_failed(&path)
		   ? sst_error_nomem(err)
		   : rabbitmq__get(read, path.data, &answer, err);
	sst_buf_fini(&path);
	if (code == SST_OK)
		sst_httpc_response_fini(&answer);
	return code;
}

static int
hidden_verdict(size_t count, const char *first, struct sst_error *err)
{
	if (count == 1)
		return sst_error_set(err, SST_FORBIDDEN,
		    "the user has no permission on vhost %s", first);
	return sst_error_set(err, SST_FORBIDDEN,
	    "the user has no permission on %zu vhosts, such as %s", count,
	    first);
}

static int
hidden_read(struct rabbitmq_read *read, struct sst_error *err)
{
	struct hidden h = {.vhosts = &read->r->fresh};
	const struct rabbitmq_cell *cell;
	const char *first = NULL;
	size_t hidden = 0, probes = 0;
	int code = hidden_vhosts(read, &h, err);

	if (code != SST_OK)
		return code;
	if (h.count == 0)
		return sst_error_set(err, SST_FORBIDDEN,
		    "the user has no permission on any vhost");
	for (cell = h.vhosts->first; cell != NULL; cell = cell->next) {
		if (!cell->unreached || probes++ >= RABBITMQ_PROBES_MAX)
			continue;
		code = hidden_probe(read, cell->row.vhost, err);
		if (code == SST_FORBIDDEN && hidden++ == 0)
			first = cell->row.vhost;
		if (!rabbitmq__optional(code) && code != SST_OK)
			return code;
	}
	sst_error_clear(err);
	if (hidden > 0)
		return hidden_verdict(hidden, first, err);
	return SST_OK;
}

/*
 * Without a permission on a vhost the list is 200, and its queues are not in
 * it. The overview counts all queues for a user with the tag monitoring; other
 * users are not shown the vhosts they have no permission on either.
 */
int
rabbitmq__step_hidden(struct rabbitmq_read *read, struct sst_error *err)
{
	struct rabbitmq_part *part = &read->r->parts[RABBITMQ_PART_VHOSTS];
	int64_t queues = read->overview.queues;

	if (read->listed == 0)
		part->tried = false;
	if (read->r->s.vhosts.count == 0 && !read->limited &&
	    (read->listed == 0 || queues > (int64_t)read->listed))
		return rabbitmq__part(
		    read, RABBITMQ_PART_VHOSTS, hidden_read, err);
	part->tried = false;
	sst_error_clear(&part->error);
	return SST_OK;
}
