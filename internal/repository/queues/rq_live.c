/*
 * RQ (Redis Queue, of Python), 1.x and 2.x: lists and registries in Redis, read
 * with commands that read. RQ's own counts are not used: they clean up, which
 * writes.
 *
 * A collection takes two round trips, whatever the number of queues and jobs: a
 * third one when jobs wait for others that are not listed, and more when queues
 * appear, or for each 32,768 jobs.
 */
#include <stdlib.h>
#include <string.h>

#include "repository/queues/queues.h"
#include "repository/queues/rq_priv.h"

#define AT(member) offsetof(struct rq_settings, member)

static const struct sst_option rq_options[] = {
    SST_REDIS_ROWS(struct rq_settings, redis),
    QUEUE_PICK_ROWS(struct rq_settings, pick, "rq"),
    QUEUE_WINDOW_ROW(struct rq_settings, max_tasks),
    {.name = "queues",
	.type = SST_OPTION_LIST,
	.max = 1000,
	.help = "Names of the queues; empty: all that are in the set "
		"rq:queues.",
	.offset = AT(queues)},
};

/* Those that are configured are there from the start. */
static int
rq_init_queues(struct rq *rq, struct sst_error *err)
{
	const struct sst_option_list *names = &rq->settings.queues;
	struct rq_queue *q;
	size_t i;

	for (i = 0; i < names->count; i++) {
		if (names->items[i][0] == '\0')
			return sst_error_set(
			    err, SST_INVALID, "queues: a name is empty");
		q = rq__queue_put(rq, names->items[i], strlen(names->items[i]));
		if (q == NULL)
			return sst_error_nomem(err);
		q->in_set = queue__picked(&rq->settings.pick, q->shown);
	}
	rq__queues_sweep(rq);
	return SST_OK;
}

static int
rq_init(void *state, const void *settings, const struct sst_source_env *env,
    struct sst_error *err)
{
	struct rq *rq = state;
	int code;

	rq->max_bytes = env->max_upstream_bytes;
	rq->rounds = 1;
	code = sst_options_copy(rq_options, SST_OPTION_COUNT(rq_options),
	    settings, &rq->settings, err);
	if (code == SST_OK)
		code = rq_init_queues(rq, err);
	if (code != SST_OK)
		return code;
	return sst_redis_new(&rq->settings.redis, env->clock,
	    env->max_upstream_bytes, &rq->redis, err);
}

/* What was of the last collection. */
static void
rq_begin(struct rq *rq)
{
	size_t i;

	sst_buf_clear(&rq->ids);
	sst_buf_clear(&rq->raw);
	sst_buf_clear(&rq->scratch);
	sst_buf_clear(&rq->line);
	rq->entry_count = rq->task_count = rq->worker_count = 0;
	rq->wait_count = rq->blocker_count = 0;
	rq->failed = false;
	sst_redis_drop(rq->redis);
	if (++rq->large_reads >= RQ_LARGE_READS) {
		rq->large_reads = 0;
		rq->no_multi = false;
		rq__table_clear(&rq->large);
	}
	for (i = 0; i < rq->queue_count; i++) {
		struct rq_queue *q = &rq->queues[i];

		q->waits = 0;
		/* of one that failed */
		sst_buf_fini(&q->raw);
		if (rq->large_reads == 0)
			q->large = false;
	}
}

static int
rq_collect(void *state, const struct sst_collect *req, struct sst_draft *out,
    struct sst_error *err)
{
	struct rq *rq = state;
	struct rq_read read = {
	    .rq = rq, .req = req, .out = out, .large_left = RQ_LARGE_PER_READ};
	int code;

	rq_begin(rq);
	code = rq__cut(&read, err);
	if (code == SST_OK)
		code = rq__admit(&read, err);
	if (code == SST_OK)
		code = rq__jobs(&read, err);
	if (code == SST_OK)
		code = rq__waits(&read, err);
	if (code == SST_OK)
		code = rq__names_of_workers(&read, err);
	if (code == SST_OK || code == SST_LIMIT)
		code = rq__tell_upstream(&read, err);
	/* meant for this collection, not for the next one */
	sst_redis_resume(rq->redis);
	return code;
}

static void
rq_interrupt(void *state)
{
	struct rq *rq = state;

	sst_redis_interrupt(rq->redis);
}

static void
rq_fini(void *state)
{
	struct rq *rq = state;

	sst_redis_free(&rq->redis);
	rq__queues_fini(rq);
	rq__table_fini(&rq->large);
	rq__table_fini(&rq->by_id);
	free(rq->entries);
	free(rq->tasks);
	free(rq->workers);
	free(rq->waits);
	free(rq->blockers);
	sst_buf_fini(&rq->ids);
	sst_buf_fini(&rq->raw);
	sst_buf_fini(&rq->scratch);
	sst_buf_fini(&rq->line);
	sst_options_fini(
	    rq_options, SST_OPTION_COUNT(rq_options), &rq->settings);
	memset(rq, 0, sizeof(*rq));
}

const struct sst_source_ops sst_rq_ops = {
    .kind = "rq",
    .section = SST_SECTION_QUEUES,
    .summary = "RQ (Redis Queue) queues in Redis",
    .options = rq_options,
    .option_count = SST_OPTION_COUNT(rq_options),
    .settings_size = sizeof(struct rq_settings),
    .state_size = sizeof(struct rq),
    .interval_ms = 5000,
    .deadline_ms = 5000,
    .max_age_ms = 15000,
    .init = rq_init,
    .collect = rq_collect,
    .interrupt = rq_interrupt,
    .fini = rq_fini,
};
