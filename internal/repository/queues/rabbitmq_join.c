/* Which queues there are, and how the answers about them are put together. */
#include "repository/queues/rabbitmq_priv.h"

#include <string.h>

/* Live counts: asked of each queue at once, no statistics involved. */
#define QUERY_LIVE "disable_stats=true&enable_queue_totals=true"
/* Nothing is asked of a queue: all are listed, whoever is down. */
#define QUERY_NAMES "disable_stats=true"
/* Only these columns: an eighth of the bytes, half of the broker's time. */
#define QUERY_STATS                                                       \
	"columns=name,vhost,type,state,exclusive,node,policy,arguments,"  \
	"members,online,messages,messages_ready,messages_unacknowledged," \
	"consumers,head_message_timestamp,"                               \
	"message_stats.publish_details.rate,"                             \
	"message_stats.deliver_get_details.rate,"                         \
	"message_stats.ack_details.rate"

static void
join_reject(void *ctx, const char *pointer, const char *reason)
{
	struct rabbitmq_read *read = ctx;

	if (!read->again)
		sst_draft_reject(read->out, pointer, reason);
}

static int
join_keep(struct rabbitmq_table *table, const struct rabbitmq_row *row,
    struct sst_error *err)
{
	bool fresh;

	if (table->count >= RABBITMQ_QUEUES_MAX)
		return SST_LIMIT;
	return rabbitmq__table_keep(table, row, &fresh) != NULL
		   ? SST_OK
		   : sst_error_nomem(err);
}

static int
stats_on_row(void *ctx, const struct rabbitmq_row *row, struct sst_error *err)
{
	struct rabbitmq_read *read = ctx;

	return join_keep(&read->r->fresh, row, err);
}

/* With the rows that are bad, when they count. */
static int
stats_list(struct rabbitmq_read *read, bool rejects, struct sst_error *err)
{
	struct rabbitmq *r = read->r;
	struct rabbitmq_list list = {
	    .query = QUERY_STATS,
	    .sink = {.row = stats_on_row,
		.reject = rejects ? join_reject : NULL,
		.ctx = read},
	    .unique = &r->fresh,
	};
	struct rabbitmq_table old;
	int code;

	rabbitmq__table_clear(&r->fresh);
	code = rabbitmq__list(read, &list, err);
	if (code != SST_OK && code != SST_LIMIT) {
		rabbitmq__table_clear(&r->fresh);
		return code;
	}
	if (rejects) {
		read->listed = list.listed;
		read->limited = code == SST_LIMIT;
	}
	old = r->stats;
	r->stats = r->fresh;
	r->fresh = old;
	rabbitmq__table_clear(&r->fresh);
	r->stats_at = read->req->now;
	return SST_OK;
}

/* Bad rows are reported when the counts have them too: a row that is only bad
 * here leaves its rates unknown. */
static int
stats_beside(struct rabbitmq_read *read, struct sst_error *err)
{
	return stats_list(read, false, err);
}

static int
live_on_row(void *ctx, const struct rabbitmq_row *row, struct sst_error *err)
{
	struct rabbitmq_read *read = ctx;

	return join_keep(&read->r->live, row, err);
}

static int
live_list(struct rabbitmq_read *read, struct sst_error *err)
{
	struct rabbitmq_list list = {
	    .query = QUERY_LIVE,
	    .sink = {.row = live_on_row, .reject = join_reject, .ctx = read},
	    .unique = &read->r->live,
	};
	int code = rabbitmq__list(read, &list, err);

	read->listed = list.listed;
	read->limited = code == SST_LIMIT;
	return code == SST_LIMIT ? SST_OK : code;
}

/*
 * The live form asks every queue, and hangs while one does not answer: for half
 * a minute after a node died. The statistics do not.
 */
static int
queues_live(struct rabbitmq_read *read, struct sst_error *err)
{
	struct rabbitmq_part *part = &read->r->parts[RABBITMQ_PART_QUEUES];
	struct sst_mono now = read->req->now;
	int code;

	if (part->error.code == SST_TIMEOUT && sst_mono_before(now, part->due))
		return SST_TIMEOUT;
	sst_error_clear(&part->error);
	rabbitmq__half(read);
	code = live_list(read, &part->error);
	rabbitmq__whole(read);
	part->tried = true;
	part->due = sst_mono_add_ms(now, RABBITMQ_PAUSE_MS);
	if (code == SST_OK)
		sst_error_clear(&part->error);
	else if (code != SST_TIMEOUT)
		*err = part->error;
	return code;
}

static int
queues_stats(struct rabbitmq_read *read, struct sst_error *err)
{
	struct rabbitmq_part *live = &read->r->parts[RABBITMQ_PART_QUEUES];
	struct rabbitmq_part *part = &read->r->parts[RABBITMQ_PART_STATISTICS];
	int code = stats_list(read, true, err);

	part->tried = true;
	part->due = sst_mono_add_ms(read->req->now, RABBITMQ_STATS_MS);
	if (code != SST_OK) {
		/* then it is not for the live form that nobody answers */
		live->due = read->req->now;
		return code;
	}
	sst_error_clear(&part->error);
	read->rows = &read->r->stats;
	rabbitmq__part_tell(read, RABBITMQ_PART_QUEUES);
	return SST_OK;
}

static int
queues_read(struct rabbitmq_read *read, struct sst_error *err)
{
	struct rabbitmq *r = read->r;
	int code;

	read->rows = &r->live;
	if (r->s.depth == RABBITMQ_STATS)
		return queues_stats(read, err);
	code = queues_live(read, err);
	if (code == SST_TIMEOUT)
		return queues_stats(read, err);
	if (code == SST_OK)
		code = rabbitmq__part(
		    read, RABBITMQ_PART_STATISTICS, stats_beside, err);
	return code;
}

int
rabbitmq__step_queues(struct rabbitmq_read *read, struct sst_error *err)
{
	struct rabbitmq *r = read->r;
	int code = queues_read(read, err);

	if (code != SST_OK)
		return code;
	if (read->limited)
		sst_draft_degrade(read->out, SST_LIMIT, "more than %d queues",
		    (int)RABBITMQ_QUEUES_MAX);
	if (sst_mono_diff_ms(read->req->now, r->stats_at) >
	    RABBITMQ_STATS_MAX_AGE_MS)
		rabbitmq__table_clear(&r->stats);
	return SST_OK;
}

/* Whether somebody knows of more queues than have live counts. */
static bool
unreached_any(const struct rabbitmq_read *read)
{
	const struct rabbitmq *r = read->r;
	const struct rabbitmq_cell *cell;

	if (read->rows != &r->live || read->limited)
		return false;
	if (r->s.vhosts.count == 0 && r->live.count > 0 &&
	    r->parts[RABBITMQ_PART_VHOSTS].error.code != SST_FORBIDDEN &&
	    read->overview.queues > (int64_t)r->live.count)
		return true;
	for (cell = r->stats.first; cell != NULL; cell = cell->next) {
		if (!(cell->row.exclusive && r->s.hide_exclusive) &&
		    rabbitmq__table_find(
			&r->live, cell->row.vhost, cell->row.name) == NULL)
			return true;
	}
	return false;
}

static int
unreached_on_row(
    void *ctx, const struct rabbitmq_row *row, struct sst_error *err)
{
	struct rabbitmq_read *read = ctx;
	struct rabbitmq *r = read->r;
	struct rabbitmq_cell *cell;
	bool fresh;

	if (r->live.count >= RABBITMQ_QUEUES_MAX)
		return SST_LIMIT;
	if (rabbitmq__table_put(&r->fresh, row->vhost, row->name, &fresh) ==
	    NULL)
		return sst_error_nomem(err);
	cell = rabbitmq__table_keep(&r->live, row, &fresh);
	if (cell == NULL)
		return sst_error_nomem(err);
	if (!fresh)
		return SST_OK;
	cell->unreached = true;
	/* this form calls every queue live */
	if (row->state != NULL && strcmp(row->state, "live") == 0)
		cell->row.state = NULL;
	return SST_OK;
}

static int
unreached_list(struct rabbitmq_read *read, struct sst_error *err)
{
	struct rabbitmq_list list = {
	    .query = QUERY_NAMES,
	    .sink = {.row = unreached_on_row, .ctx = read},
	    .unique = &read->r->fresh,
	};
	int code;

	rabbitmq__table_clear(&read->r->fresh);
	code = rabbitmq__list(read, &list, err);
	return code == SST_LIMIT ? SST_OK : code;
}

int
rabbitmq__step_unreached(struct rabbitmq_read *read, struct sst_error *err)
{
	struct rabbitmq_part *part = &read->r->parts[RABBITMQ_PART_UNREACHED];

	if (unreached_any(read))
		return rabbitmq__part(
		    read, RABBITMQ_PART_UNREACHED, unreached_list, err);
	part->tried = false;
	return SST_OK;
}

static int
consumers_whoami(struct rabbitmq_read *read, struct sst_error *err)
{
	struct sst_httpc_response answer = {0};
	struct rabbitmq *r = read->r;
	int code;

	if (r->whoami_known && sst_mono_before(read->req->now, r->whoami_due))
		return SST_OK;
	code = rabbitmq__get(read, "/api/whoami", &answer, err);
	if (code != SST_OK)
		return code;
	code =
	    rabbitmq__parse_whoami(answer.body, answer.len, &r->monitor, err);
	sst_httpc_response_fini(&answer);
	r->whoami_known = code == SST_OK;
	r->whoami_due = sst_mono_add_ms(read->req->now, RABBITMQ_WHOAMI_MS);
	return code;
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

int
rabbitmq__read_consumers(struct rabbitmq_read *read, struct sst_error *err)
{
	struct rabbitmq_sink sink = {
	    .row = consumers_on_row, .reject = join_reject, .ctx = read};
	struct sst_httpc_response answer = {0};
	int code = consumers_whoami(read, err);

	if (code != SST_OK)
		return code;
	/* it would be shown its own only: 0 would be a lie */
	if (!read->r->monitor)
		return sst_error_set(
		    err, SST_FORBIDDEN, "the user has not the tag monitoring");
	code = rabbitmq__get(read,
	    "/api/consumers?columns=queue.name,queue.vhost", &answer, err);
	if (code != SST_OK)
		return code;
	code = rabbitmq__parse_consumers(answer.body, answer.len, &sink, err);
	sst_httpc_response_fini(&answer);
	if (code == SST_LIMIT)
		sst_error_set(err, code, "too many queues have consumers");
	else if (code != SST_OK && code != SST_NOMEM)
		sst_error_prefix(err, "GET %s/api/consumers", read->r->s.url);
	read->consumers_known = code == SST_OK;
	return code;
}
