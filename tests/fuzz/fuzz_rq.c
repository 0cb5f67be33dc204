/* fuzz-libs: sst_queues */

/*
 * Any bytes in place of the jobs of RQ: replies to HMGET, by turns those of
 * each state. No crash, no leak, and the queue made from them has the shape of
 * the schema. Then the same bytes as a list of dependencies, a traceback, a
 * description, a member of a registry.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/contract.h"
#include "repository/harvest.h"
#include "repository/queues/rq_priv.h"
#include "repository/redis/redis_priv.h"

enum { TASKS_MAX = 200, REPLY_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sst_contract *contract;

/* A task for each reply that is whole. */
static void
fill(struct rq *rq, const char *bytes, size_t size)
{
	struct redis_scan scan;
	char id[16];
	size_t at = 0;

	for (; at < size && rq->task_count < TASKS_MAX; at += scan.at) {
		struct rq_task *t = &rq->tasks[rq->task_count];

		redis__scan_init(&scan, REPLY_MAX);
		if (redis__scan(&scan, bytes + at, size - at) != SST_OK)
			break;
		*t = (struct rq_task){.at_ms = QUEUE_NEVER.ms,
		    .part = (uint8_t)(rq->task_count % RQ_PARTS),
		    .raw_at = at,
		    .raw_len = (uint32_t)scan.at};
		t->id_len =
		    (uint32_t)snprintf(id, sizeof(id), "%zu", rq->task_count);
		if (!rq__keep_bytes(rq, id, t->id_len, &t->id_at))
			abort();
		rq->task_count++;
	}
}

static void
build(const char *bytes, size_t size)
{
	struct sst_draft_settings settings = {.contract = contract,
	    .section = SST_SECTION_QUEUES,
	    .source = "queues/fuzz"};
	static char name[] = "q", system[] = "rq";
	struct rq_task *tasks = calloc(TASKS_MAX, sizeof(*tasks));
	struct rq_queue queue = {
	    .name = name, .len = 1, .shown = name, .in_set = true};
	struct rq rq = {.max_bytes = SIZE_MAX / 4,
	    .tasks = tasks,
	    .queues = &queue,
	    .queue_count = 1,
	    .settings = {.pick = {.system = system}}};
	struct rq_read read = {.rq = &rq};
	struct sst_buf raw = SST_BUF_INIT;

	sst_buf_add(&raw, bytes, size);
	if (tasks == NULL || sst_buf_failed(&raw) ||
	    sst_draft_new(&settings, &read.out, NULL) != SST_OK)
		abort();
	fill(&rq, bytes, size);
	queue.tasks = rq.task_count;
	if (rq__build(&read, &queue, &raw, NULL) != SST_OK ||
	    sst_draft_rejected(read.out) != 0)
		abort();
	sst_draft_free(&read.out);
	sst_buf_fini(&raw);
	sst_buf_fini(&rq.ids);
	sst_buf_fini(&rq.scratch);
	sst_buf_fini(&rq.line);
	free(tasks);
}

static bool
on_dependency(void *ctx, const char *id, size_t len)
{
	size_t *count = ctx;

	if (++*count > RQ_BLOCKERS || (len > 0 && id == NULL))
		abort();
	return true;
}

static void
parse(const char *bytes, size_t size)
{
	struct rq_job job = {.dependencies = {bytes, size}};
	struct queue_text text = {bytes, size};
	struct sst_buf out = SST_BUF_INIT;
	struct sst_redis_walk walk = {bytes, bytes + size};
	size_t count = 0;
	int n = 0;

	rq__each_dependency(&job, on_dependency, &count);
	rq__trace_line(bytes, size, true, &out);
	rq__trace_line(bytes, size, false, &out);
	rq__type(text, &out);
	if (rq__wip_id_len(bytes, size) > size ||
	    rq__worker_index(text, "q", 1, &n) >= (n > 0 ? n : 1))
		abort();
	rq__blocker_state(bytes, size);
	rq__parse_result(&walk, &text);
	sst_buf_fini(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = size > 0 ? (const char *)data : "";

	if (contract == NULL && sst_contract_new(&contract, NULL) != SST_OK)
		abort();
	build(bytes, size);
	parse(bytes, size);
	return 0;
}
