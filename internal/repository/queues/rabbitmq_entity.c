/* A queue of the document from what the broker told of it. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "repository/queues/rabbitmq_parse.h"

void
rabbitmq__name(const char *vhost, const char *name, struct sst_buf *out)
{
	const char *p;

	if (strcmp(vhost, "/") == 0 && strchr(name, '/') == NULL) {
		sst_buf_adds(out, name);
		return;
	}
	for (p = vhost; *p != '\0'; p++) {
		if (*p == '/' || *p == '%' || (unsigned char)*p < 0x20 ||
		    *p == 0x7f)
			sst_buf_addf(out, "%%%02X", (unsigned)*p & 0xffU);
		else
			sst_buf_addc(out, *p);
	}
	sst_buf_addc(out, '/');
	sst_buf_adds(out, name);
}

/* Producers set the timestamp, some in milliseconds: past the year 9999 it is
 * not a time in seconds, and so not known. An empty queue has no head, whatever
 * an older answer said. */
static struct sst_wall
entity_head(const struct rabbitmq_row *row)
{
	static const int64_t year_10000 = 253402300800;

	if (row->ready == 0 || row->head_at <= 0 || row->head_at >= year_10000)
		return QUEUE_NEVER;
	return (struct sst_wall){row->head_at * 1000};
}

/* Higher first; the levels of queues.md: shares of the highest one. */
static enum queue_level
entity_level(int64_t priority, int64_t max)
{
	if (priority * 10 >= max * 9)
		return QUEUE_CRITICAL;
	if (priority * 10 >= max * 6)
		return QUEUE_HIGH;
	return priority * 10 >= max * 3 ? QUEUE_NORMAL : QUEUE_LOW;
}

static int
entity_priorities(const struct rabbitmq_row *row, struct queue_build *build,
    struct sst_error *err)
{
	int64_t max = row->max_priority;
	size_t i;
	int code = SST_OK;

	if (max <= 0)
		return SST_OK;
	for (i = row->level_count; code == SST_OK && i-- > 0;) {
		struct queue_priority priority = {
		    .level = entity_level((int64_t)i, max),
		    .has_number = true,
		    .number = (int64_t)i};

		if (row->levels[i] >= 0 && (int64_t)i <= max)
			code = queue__add_priority(
			    build, &priority, row->levels[i], err);
	}
	return code;
}

int
rabbitmq__entity(struct sst_draft *draft, const struct rabbitmq_row *row,
    const struct rabbitmq_names *names, struct queue_build *out,
    struct sst_error *err)
{
	struct queue_row told = QUEUE_ROW_INIT;
	struct queue_build build;
	int code;

	told.name = queue__text(names->name);
	told.system = names->system;
	told.depth.ready = row->ready;
	told.depth.running = row->unacked;
	told.depth.total = row->total;
	if (names->keeps_dead)
		told.depth.dead = row->total;
	told.rates =
	    (struct queue_rates){row->published, row->delivered, row->acked};
	told.consumers = row->consumers;
	told.state = queue__text(row->state);
	told.type = queue__text(row->type);
	told.dead_letter_queue = queue__text(names->dead_letter_queue);
	told.oldest_submitted_at = entity_head(row);
	code = queue__begin(draft, &told, &build, err);
	if (code != SST_OK)
		return code;
	code = entity_priorities(row, &build, err);
	if (code != SST_OK)
		queue__drop(&build);
	else
		*out = build;
	return code;
}
