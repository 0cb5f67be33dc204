/*
 * Whether a taken task runs: the result backend says so where the application
 * lets it (task_track_started). Only the head of a result is read, for those
 * tasks that may have begun.
 */
#include <stdlib.h>

#include "repository/queues/celery_priv.h"

struct results {
	struct celery_read *read;
	struct celery *c;
	struct celery_entry **todo;
	size_t count;
};

static void
send_result(void *ctx, struct sst_redis *redis, size_t i)
{
	struct results *r = ctx;
	struct queue_text id = r->todo[i]->row.id;

	sst_redis_command(redis, "GETRANGE %s%b 0 %d", r->c->set.results_prefix,
	    id.data, id.len, CELERY_RESULT_BYTES - 1);
}

static int
take_result(
    void *ctx, size_t i, struct sst_redis_walk *reply, struct sst_error *err)
{
	struct results *r = ctx;
	struct celery_entry *entry = r->todo[i];
	struct celery_result result = {.state = CELERY_NO_RESULT};
	struct sst_redis_item item;
	struct sst_error why;
	int code;

	if (!sst_redis_next(reply, &item))
		return SST_OK;
	code = sst_redis_item_check(&item, "GETRANGE", &why);
	if (code != SST_OK) {
		celery__flaw(
		    r->read, CELERY_PART_RESULTS, code, "%s", why.text);
		return SST_OK;
	}
	entry->asked = true;
	celery__pool_fini(&entry->told);
	entry->worker = entry->error = QUEUE_TEXT_NONE;
	entry->state = CELERY_NO_RESULT;
	code = celery__parse_result(item.data != NULL ? item.data : "",
	    item.len, &entry->told, &result);
	if (code == SST_PROTOCOL) {
		if (item.len > 0)
			celery__flaw(r->read, CELERY_PART_RESULTS, SST_PROTOCOL,
			    "a result that is not Celery's JSON");
		return SST_OK;
	}
	if (code != SST_OK ||
	    !celery__pool_keep(&entry->told, &result.worker) ||
	    !celery__pool_keep(&entry->told, &result.error))
		return sst_error_nomem(err);
	entry->state = result.state;
	entry->worker = result.worker;
	entry->error = result.error;
	return SST_OK;
}

/* A task that waits for its time has no result but that of its last try. */
static bool
result_is_wanted(
    const struct celery_read *read, const struct celery_entry *entry)
{
	if (entry->queue == NULL || entry->row.id.data == NULL)
		return false;
	if (!celery__waits_for_time(read, &entry->row))
		return true;
	return entry->row.retries > 0 && !entry->asked;
}

int
celery__step_results(struct celery_read *read, struct sst_error *err)
{
	struct celery *c = read->c;
	struct results r = {.read = read, .c = c};
	struct celery_batch batch = {.redis = c->results,
	    .send = send_result,
	    .take = take_result,
	    .ctx = &r};
	struct sst_mono now = sst_clock_mono(c->clock);
	struct sst_error why;
	size_t i;
	int code;

	if (c->results == NULL)
		return SST_OK;
	r.todo = calloc(c->entry_count + 1, sizeof(*r.todo));
	if (r.todo == NULL)
		return sst_error_nomem(err);
	for (i = 0; i < c->entry_count; i++) {
		if (result_is_wanted(read, c->entries[i]))
			r.todo[r.count++] = c->entries[i];
	}
	batch.count = r.count;
	/* a backend that hangs does not take the queues with it */
	batch.deadline = sst_mono_add_ms(
	    now, sst_mono_diff_ms(read->req->deadline, now) / 2);
	code = celery__batch(&batch, &why);
	free(r.todo);
	if (code == SST_NOMEM || code == SST_CANCELED) {
		*err = why;
		return code;
	}
	if (code != SST_OK)
		celery__flaw(read, CELERY_PART_RESULTS, code, "%s", why.text);
	return SST_OK;
}
