/*
 * Lists of priorities that priority_steps does not have: their tasks would
 * count nowhere. Looked for now and then among the ten that Celery knows.
 */
#include <stdio.h>
#include <string.h>

#include "repository/queues/celery_priv.h"

enum { PRIORITIES = 10 };

static bool
is_step(const struct celery *c, int64_t priority)
{
	size_t i;

	for (i = 0; i < c->step_count; i++) {
		if (c->steps[i] == priority)
			return true;
	}
	return priority == 0;
}

static void
send_stray(void *ctx, struct sst_redis *redis, size_t i)
{
	struct celery *c = ((struct celery_read *)ctx)->c;
	struct sst_buf keys = SST_BUF_INIT;
	const char *parts[PRIORITIES + 1] = {"EXISTS"};
	size_t lens[PRIORITIES + 1] = {6}, ends[PRIORITIES], count = 0, k;
	int64_t priority;

	for (priority = 0; priority < PRIORITIES; priority++) {
		if (is_step(c, priority))
			continue;
		sst_buf_adds(&keys, c->set.prefix != NULL ? c->set.prefix : "");
		sst_buf_addf(&keys, "%s%s%d", c->queues[i]->name.data, c->sep,
		    (int)priority);
		ends[count++] = keys.len;
	}
	for (k = 0; k < count && !sst_buf_failed(&keys); k++) {
		parts[k + 1] = keys.data + (k > 0 ? ends[k - 1] : 0);
		lens[k + 1] = ends[k] - (k > 0 ? ends[k - 1] : 0);
	}
	if (count == 0 || sst_buf_failed(&keys))
		sst_redis_command(redis, "PING");
	else
		sst_redis_command_argv(redis, count + 1, parts, lens);
	sst_buf_fini(&keys);
}

static int
take_stray(
    void *ctx, size_t i, struct sst_redis_walk *reply, struct sst_error *err)
{
	struct celery *c = ((struct celery_read *)ctx)->c;
	struct sst_redis_item item;

	(void)err;
	/* without the right to EXISTS nothing is known of them */
	c->queues[i]->stray = sst_redis_next(reply, &item) &&
			      item.type == REDIS_REPLY_INTEGER &&
			      item.integer > 0;
	return SST_OK;
}

int
celery__step_strays(struct celery_read *read, struct sst_error *err)
{
	struct celery *c = read->c;
	struct celery_batch batch = {.redis = c->redis,
	    .deadline = read->req->deadline,
	    .count = c->queue_count,
	    .send = send_stray,
	    .take = take_stray,
	    .ctx = read};
	size_t i;
	int code;

	if (!sst_mono_before(read->req->now, c->stray_due)) {
		code = celery__batch(&batch, err);
		if (code != SST_OK)
			return code;
		c->stray_due =
		    sst_mono_add_ms(read->req->now, c->set.discover_ms);
	}
	for (i = 0; i < c->queue_count; i++) {
		if (c->queues[i]->stray)
			celery__flaw(read, CELERY_PART_QUEUES, SST_INVALID,
			    "%s: has tasks of priorities that the option "
			    "priority_steps does not have",
			    c->queues[i]->name.data);
	}
	return SST_OK;
}
