/* Steps that all readings share. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "repository/queues/celery_priv.h"

/* Commands in one pipeline: what is behind a reply that is too large is asked
 * again. */
enum { BATCH_COMMANDS = 1024 };

struct batch_run {
	const struct celery_batch *batch;
	size_t from;
	size_t done;
};

static int
batch_take(
    void *ctx, size_t i, const char *bytes, size_t len, struct sst_error *err)
{
	struct batch_run *run = ctx;
	struct sst_redis_walk walk = {bytes, bytes + len};

	run->done = i + 1;
	return run->batch->take(run->batch->ctx, run->from + i, &walk, err);
}

int
celery__batch(const struct celery_batch *batch, struct sst_error *err)
{
	struct batch_run run = {.batch = batch};
	size_t i, to;
	int code = SST_OK;

	while (code == SST_OK && run.from < batch->count) {
		run.done = 0;
		to = batch->count - run.from > BATCH_COMMANDS
			 ? run.from + BATCH_COMMANDS
			 : batch->count;
		for (i = run.from; i < to; i++)
			batch->send(batch->ctx, batch->redis, i);
		code = sst_redis_run_bytes(
		    batch->redis, batch->deadline, batch_take, &run, err);
		if (code == SST_OK) {
			run.from = to;
		} else if (code == SST_TOO_LARGE && batch->large != NULL &&
			   run.from + run.done < to) {
			batch->large(batch->ctx, run.from + run.done);
			run.from += run.done + 1;
			code = SST_OK;
		}
	}
	return code;
}

void
celery__flaw(struct celery_read *read, int part, int code, const char *fmt, ...)
{
	struct celery_part *p = &read->parts[part];
	va_list args;

	if (p->code != SST_OK)
		return;
	p->code = code;
	va_start(args, fmt);
	vsnprintf(p->reason, sizeof(p->reason), fmt, args);
	va_end(args);
	sst_draft_degrade(read->out, code, "%s: %s", p->name, p->reason);
}

int64_t
celery__step(const struct celery *c, int64_t priority)
{
	size_t i = c->step_count;

	while (i > 1 && c->steps[i - 1] > priority)
		i--;
	return c->steps[i - 1];
}

/* The ids in the header that names what a task depends on. */
static bool
row_waits_for(const struct celery_value *value, struct celery_pool *pool,
    struct celery_row *row)
{
	struct celery_walk walk = celery__walk(value);
	struct sst_buf plain = SST_BUF_INIT;
	struct celery_value item;
	struct queue_text *id;
	bool ok = true;

	if (value->type != CELERY_ARRAY)
		return true;
	row->waits_for = celery__pool_take(
	    pool, CELERY_BLOCKERS_MAX * sizeof(*row->waits_for));
	ok = row->waits_for != NULL;
	while (ok && row->waits_count < CELERY_BLOCKERS_MAX &&
	       celery__walk_next(&walk, NULL, &item)) {
		if (item.type != CELERY_STRING || item.len == 0)
			continue;
		sst_buf_clear(&plain);
		celery__unescape(&item, &plain);
		id = &row->waits_for[row->waits_count];
		*id = (struct queue_text){plain.data, plain.len};
		ok = !sst_buf_failed(&plain) && celery__pool_keep(pool, id);
		row->waits_count += ok ? 1 : 0;
	}
	sst_buf_fini(&plain);
	return ok;
}

int
celery__row(const struct celery_message *message, struct celery_pool *pool,
    struct celery_row *out)
{
	struct celery_next next[CELERY_NEXT_MAX];
	struct celery_row row = {.id = message->id,
	    .type = message->type,
	    .eta = message->eta,
	    .retries = message->retries,
	    .has_priority = message->has_priority,
	    .priority = message->priority};
	int code = celery__parse_next(message, pool, next, &row.next_count);

	if (code == SST_NOMEM)
		return code;
	if (!celery__pool_keep(pool, &row.id) ||
	    !celery__pool_keep(pool, &row.type) ||
	    !row_waits_for(&message->waits_for, pool, &row))
		return SST_NOMEM;
	if (row.next_count > 0) {
		row.next =
		    celery__pool_take(pool, row.next_count * sizeof(*row.next));
		if (row.next == NULL)
			return SST_NOMEM;
		memcpy(row.next, next, row.next_count * sizeof(*row.next));
	}
	*out = row;
	return SST_OK;
}
