/* What a collection reads, and how the answers are put together. */
#include "repository/queues/rabbitmq_priv.h"

#include <fnmatch.h>
#include <string.h>

/* Live counts: asked of each queue at once, no statistics involved. */
#define QUERY_LIVE "disable_stats=true&enable_queue_totals=true"
/* Only these columns: a tenth of the bytes, half of the broker's time. */
#define QUERY_STATS                                                        \
	"columns=name,vhost,type,state,exclusive,messages,messages_ready," \
	"messages_unacknowledged,consumers,head_message_timestamp,"        \
	"message_stats.publish_details.rate,"                              \
	"message_stats.deliver_get_details.rate,"                          \
	"message_stats.ack_details.rate"

/*
 * Whether a collection can go on without an answer. Not when the broker cannot
 * be reached or will not have us: asking it more would only delay the news.
 */
static bool
join_optional(int code)
{
	switch (code) {
	case SST_UNREACHABLE:
	case SST_TLS:
	case SST_UNAUTHORIZED:
	case SST_RATE_LIMITED:
	case SST_CANCELED:
	case SST_NOMEM:
	case SST_INVALID:
	case SST_INTERNAL:
		return false;
	default:
		return true;
	}
}

/* Half of what is left: the counts must get their turn. */
static void
join_half(struct rabbitmq_read *read)
{
	struct sst_mono now = sst_clock_mono(read->r->clock);
	int64_t left = sst_mono_diff_ms(read->req->deadline, now);

	read->deadline = sst_mono_add_ms(now, left > 0 ? left / 2 : 0);
}

static void
join_whole(struct rabbitmq_read *read)
{
	read->deadline = read->req->deadline;
}

static void
join_reject(void *ctx, const char *pointer, const char *reason)
{
	struct rabbitmq_read *read = ctx;

	if (!read->again)
		sst_draft_reject(read->out, pointer, reason);
}

int
rabbitmq__step_whoami(struct rabbitmq_read *read, struct sst_error *err)
{
	struct sst_httpc_response answer = {0};
	struct rabbitmq *r = read->r;
	int code;

	if (r->whoami_known && sst_mono_before(read->req->now, r->whoami_due))
		return SST_OK;
	code = rabbitmq__get(read, "/api/whoami", &answer, err);
	if (code == SST_OK) {
		code = rabbitmq__parse_whoami(
		    answer.body, answer.len, &r->monitor, err);
		sst_httpc_response_fini(&answer);
	}
	r->whoami_known = code == SST_OK;
	r->whoami_due = sst_mono_add_ms(read->req->now, RABBITMQ_WHOAMI_MS);
	if (code == SST_OK || code == SST_TIMEOUT || !join_optional(code))
		return code;
	/* Consumers then come with the statistics, which are never partial. */
	r->monitor = false;
	return SST_OK;
}

static int
stats_on_row(void *ctx, const struct rabbitmq_row *row, struct sst_error *err)
{
	struct rabbitmq_read *read = ctx;
	struct rabbitmq_cell *cell;
	bool fresh;

	if (read->r->fresh.count >= RABBITMQ_QUEUES_MAX)
		return SST_LIMIT;
	cell =
	    rabbitmq__table_put(&read->r->fresh, row->vhost, row->name, &fresh);
	if (cell == NULL)
		return sst_error_nomem(err);
	cell->row = *row;
	/* borrowed from an answer that goes away */
	cell->row.vhost = cell->row.name = NULL;
	cell->row.type = cell->row.state = NULL;
	return SST_OK;
}

static int
stats_refresh(struct rabbitmq_read *read, struct sst_error *err)
{
	/* Bad rows are reported when the counts have them too: a row that is
	 * only bad here leaves its rates unknown. */
	struct rabbitmq *r = read->r;
	struct rabbitmq_list list = {
	    .query = QUERY_STATS,
	    .sink = {.row = stats_on_row, .ctx = read},
	    .unique = &r->fresh,
	};
	struct rabbitmq_table old;
	int code;

	rabbitmq__table_clear(&r->fresh);
	code = rabbitmq__list(read, &list, err);
	if (code != SST_OK && code != SST_LIMIT)
		return code;
	old = r->stats;
	r->stats = r->fresh;
	r->fresh = old;
	r->stats_at = read->req->now;
	return SST_OK;
}

int
rabbitmq__step_stats(struct rabbitmq_read *read, struct sst_error *err)
{
	struct rabbitmq *r = read->r;
	struct sst_mono now = read->req->now;
	int code;

	if (!r->stats_tried || !sst_mono_before(now, r->stats_due)) {
		sst_error_clear(&r->stats_error);
		join_half(read);
		code = stats_refresh(read, &r->stats_error);
		join_whole(read);
		if (code != SST_OK && !join_optional(code)) {
			*err = r->stats_error;
			return code;
		}
		r->stats_tried = true;
		r->stats_due = sst_mono_add_ms(now, RABBITMQ_STATS_MS);
	}
	/* Told at every collection until it is over, not only when tried. */
	if (r->stats_error.code != SST_OK)
		sst_draft_degrade(read->out, r->stats_error.code,
		    "rates are not known: %s", r->stats_error.text);
	if (sst_mono_diff_ms(now, r->stats_at) > RABBITMQ_STATS_MAX_AGE_MS)
		rabbitmq__table_clear(&r->stats);
	return SST_OK;
}

static int
consumers_on_row(
    void *ctx, const struct rabbitmq_row *row, struct sst_error *err)
{
	struct rabbitmq_read *read = ctx;
	struct rabbitmq_cell *cell;
	bool fresh;

	if (read->r->consumers.count >= RABBITMQ_QUEUES_MAX)
		return SST_LIMIT;
	cell = rabbitmq__table_put(
	    &read->r->consumers, row->vhost, row->name, &fresh);
	if (cell == NULL)
		return sst_error_nomem(err);
	cell->row.consumers = fresh ? 1 : cell->row.consumers + 1;
	return SST_OK;
}

static int
consumers_read(struct rabbitmq_read *read, struct sst_error *err)
{
	struct rabbitmq_sink sink = {
	    .row = consumers_on_row, .reject = join_reject, .ctx = read};
	struct sst_httpc_response answer = {0};
	int code;

	code = rabbitmq__get(read,
	    "/api/consumers?columns=queue.name,queue.vhost", &answer, err);
	if (code != SST_OK)
		return code;
	code = rabbitmq__parse_consumers(answer.body, answer.len, &sink, err);
	sst_httpc_response_fini(&answer);
	if (code != SST_OK && code != SST_NOMEM && code != SST_LIMIT)
		sst_error_prefix(err, "GET %s/api/consumers", read->r->url);
	return code;
}

int
rabbitmq__step_consumers(struct rabbitmq_read *read, struct sst_error *err)
{
	int code;

	if (!read->r->monitor)
		return SST_OK;
	join_half(read);
	code = consumers_read(read, err);
	join_whole(read);
	read->consumers_known = code == SST_OK;
	if (code == SST_OK || !join_optional(code))
		return code;
	sst_draft_degrade(
	    read->out, code, "consumers are up to 6 s behind: %s", err->text);
	return SST_OK;
}

static bool
join_gone(const struct rabbitmq_row *row)
{
	return row->state != NULL && (strcmp(row->state, "down") == 0 ||
					 strcmp(row->state, "crashed") == 0 ||
					 strcmp(row->state, "stopped") == 0);
}

/* Completes a row of live counts from the other answers. */
static void
join_row(const struct rabbitmq_read *read, struct rabbitmq_row *row)
{
	const struct rabbitmq_cell *stats, *consumers;

	stats = rabbitmq__table_find(&read->r->stats, row->vhost, row->name);
	consumers =
	    rabbitmq__table_find(&read->r->consumers, row->vhost, row->name);
	if (consumers != NULL)
		row->consumers = consumers->row.consumers;
	else if (read->consumers_known && !join_gone(row))
		row->consumers = 0;
	/* what was measured before it went down says nothing about now */
	if (stats == NULL || join_gone(row))
		return;
	if (row->consumers < 0 && !read->consumers_known)
		row->consumers = stats->row.consumers;
	row->published = stats->row.published;
	row->delivered = stats->row.delivered;
	row->acked = stats->row.acked;
	row->head_at = stats->row.head_at;
	if (row->type == NULL || strcmp(row->type, "stream") != 0 ||
	    row->total >= 0)
		return;
	/* streams have no live totals */
	row->ready = stats->row.ready;
	row->unacked = stats->row.unacked;
	row->total = stats->row.total;
}

static bool
join_matches(const struct sst_option_list *patterns, const char *name)
{
	size_t i;

	for (i = 0; i < patterns->count; i++) {
		if (fnmatch(patterns->items[i], name, 0) == 0)
			return true;
	}
	return false;
}

static bool
join_wanted(const struct rabbitmq *r, const char *name)
{
	if (r->include.count > 0 && !join_matches(&r->include, name))
		return false;
	return !join_matches(&r->exclude, name);
}

static int
join_add(struct rabbitmq_read *read, const struct rabbitmq_row *row,
    struct sst_error *err)
{
	struct rabbitmq *r = read->r;
	json_t *entity;

	sst_buf_clear(&r->name);
	rabbitmq__name(row->vhost, row->name, &r->name);
	if (sst_buf_failed(&r->name))
		return sst_error_nomem(err);
	if (!join_wanted(r, r->name.data))
		return SST_OK;
	entity = rabbitmq__entity(row, r->name.data, r->system);
	if (entity == NULL)
		return sst_error_nomem(err);
	return sst_draft_add(read->out, entity, err);
}

static int
queues_on_row(void *ctx, const struct rabbitmq_row *row, struct sst_error *err)
{
	struct rabbitmq_read *read = ctx;
	struct rabbitmq *r = read->r;
	struct rabbitmq_row whole = *row;
	bool fresh;

	if (r->seen.count >= RABBITMQ_QUEUES_MAX) {
		sst_draft_degrade(read->out, SST_LIMIT, "more than %d queues",
		    (int)RABBITMQ_QUEUES_MAX);
		return SST_LIMIT;
	}
	if (rabbitmq__table_put(&r->seen, row->vhost, row->name, &fresh) ==
	    NULL)
		return sst_error_nomem(err);
	if (!fresh || (row->exclusive && r->hide_exclusive))
		return SST_OK;
	if (r->depth == RABBITMQ_LIVE)
		join_row(read, &whole);
	return join_add(read, &whole, err);
}

int
rabbitmq__step_queues(struct rabbitmq_read *read, struct sst_error *err)
{
	struct rabbitmq *r = read->r;
	struct rabbitmq_list list = {
	    .query = r->depth == RABBITMQ_LIVE ? QUERY_LIVE : QUERY_STATS,
	    .sink = {.row = queues_on_row, .reject = join_reject, .ctx = read},
	    .unique = &r->seen,
	};
	int code;

	read->rows = 0;
	code = rabbitmq__list(read, &list, err);
	/* the bound is reported already; what fits is the result */
	return code == SST_LIMIT ? SST_OK : code;
}

static int
empty_overview(
    struct rabbitmq_read *read, int64_t *queues, struct sst_error *err)
{
	struct sst_httpc_response answer = {0};
	int code;

	code = rabbitmq__get(read,
	    "/api/overview?disable_stats=true&enable_queue_totals=true",
	    &answer, err);
	if (code != SST_OK)
		return code;
	code = rabbitmq__parse_overview(answer.body, answer.len, queues, err);
	sst_httpc_response_fini(&answer);
	return code;
}

static int
empty_vhosts(struct rabbitmq_read *read, size_t *vhosts, struct sst_error *err)
{
	struct sst_httpc_response answer = {0};
	int code;

	code = rabbitmq__get(read, "/api/vhosts?columns=name", &answer, err);
	if (code != SST_OK)
		return code;
	code = rabbitmq__parse_count(answer.body, answer.len, vhosts, err);
	sst_httpc_response_fini(&answer);
	return code;
}

/*
 * Without a permission on a vhost the list is 200 and []. The overview counts
 * all queues for a user with the tag monitoring; other users are not shown
 * the vhosts they have no permission on either.
 */
int
rabbitmq__step_empty(struct rabbitmq_read *read, struct sst_error *err)
{
	int64_t queues = -1;
	size_t vhosts = 1;
	int code;

	if (read->rows > 0 || read->r->vhosts.count > 0)
		return SST_OK;
	code = empty_overview(read, &queues, err);
	if (code == SST_OK && queues <= 0)
		code = empty_vhosts(read, &vhosts, err);
	if (code != SST_OK && !join_optional(code))
		return code;
	if (code != SST_OK)
		sst_draft_degrade(read->out, code,
		    "no queue listed, and not known whether there are any: %s",
		    err->text);
	else if (queues > 0)
		sst_draft_degrade(read->out, SST_FORBIDDEN,
		    "no queue listed, but the broker has some: the user has "
		    "no permission on their vhost");
	else if (vhosts == 0)
		sst_draft_degrade(read->out, SST_FORBIDDEN,
		    "no queue listed: the user has no permission on any "
		    "vhost");
	return SST_OK;
}
