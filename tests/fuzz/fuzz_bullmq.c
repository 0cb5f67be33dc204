/* fuzz-libs: sst_queues */
/* fuzz-corpus: mocks/upstreams/bullmq */

/*
 * Any bytes in place of what Redis answers about BullMQ: no crash, no leak, and
 * every task made from them has the shape of the schema but for ids that are
 * too long or no text.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "repository/contract.h"
#include "repository/harvest.h"
#include "repository/queues/bullmq_parse.h"
#include "repository/redis/redis_priv.h"

enum { REPLY_MAX = 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
on_worker(void *ctx, struct queue_text queue)
{
	size_t *count = ctx;

	if (queue.len == 0)
		abort();
	++*count;
}

static void
fuzz_text(const char *bytes, size_t size)
{
	struct queue_text text = {bytes, size}, line, name;
	struct sst_error err;
	int64_t attempts = -1;
	int code = bullmq__parse_opts(text, &attempts, &err);

	if ((code == SST_OK) != (attempts >= 1))
		abort();
	if (code != SST_OK && (err.code != code || err.text[0] == '\0'))
		abort();
	line = bullmq__first_line(text);
	if (line.len > size || (line.len > 0 &&
				   memchr(line.data, '\n', line.len) != NULL))
		abort();
	if (bullmq__parse_key("bull", bytes, size, &name) &&
	    (name.len == 0 || name.data < bytes ||
		name.data + name.len > bytes + size))
		abort();
}

static void
fuzz_task(struct queue_build *build, enum bullmq_state state,
    const redisReply *reply)
{
	struct bullmq_slot slot = {.id = "id", .id_len = 2};
	struct bullmq_frame frame = {false, true, 3};
	struct bullmq_job job = BULLMQ_JOB_INIT;
	struct queue_task task;
	struct sst_error err;

	slot.state = (uint8_t)state;
	if (reply->type == REDIS_REPLY_STRING)
		bullmq__parse_score(reply, &slot.score);
	if (bullmq__parse_job(reply, &job, &err) == SST_OK &&
	    job.opts.data != NULL)
		bullmq__parse_opts(job.opts, &job.max_attempts, &err);
	bullmq__task(&frame, &slot, &job, &task);
	if (task.priority.has_number && task.priority.number < 0)
		abort();
	if (queue__add_task(build, &task, &err) != SST_OK)
		abort();
}

static void
fuzz_reply(const redisReply *reply, const struct sst_contract *contract)
{
	struct sst_draft_settings settings = {
	    .contract = contract,
	    .section = SST_SECTION_QUEUES,
	    .source = "queues/fuzz",
	};
	struct queue_row row = QUEUE_ROW_INIT;
	struct sst_harvest *harvest = NULL;
	struct sst_draft *draft = NULL;
	struct queue_build build;
	struct sst_error err;
	unsigned state;

	row.name = queue__text("q");
	row.system = "bullmq";
	if (sst_draft_new(&settings, &draft, &err) != SST_OK)
		abort();
	for (state = 0; state < BULLMQ_STATE_COUNT; state++) {
		if (queue__begin(draft, &row, &build, &err) != SST_OK)
			abort();
		fuzz_task(&build, (enum bullmq_state)state, reply);
		if (queue__finish(&build, &err) != SST_OK)
			abort();
	}
	if (sst_draft_finish(draft, &harvest, &err) != SST_OK ||
	    harvest->count != 1)
		abort();
	sst_harvest_release(&harvest);
	sst_draft_free(&draft);
}

static void
fuzz_tree(const redisReply *reply, const struct sst_contract *contract)
{
	struct sst_hash zero = {0, 0};
	size_t workers = 0, i;
	int64_t number = -1;
	double score;

	bullmq__parse_digest(zero, reply);
	bullmq__parse_count(reply);
	if (bullmq__parse_number(reply, &number) != (number >= 0))
		abort();
	if (bullmq__parse_score(reply, &score)) {
		bullmq__delayed_until(score);
		if (bullmq__prioritized_level(score) < QUEUE_UNKNOWN)
			abort();
	}
	bullmq__parse_clients(reply, "bull", -1, on_worker, &workers);
	bullmq__parse_clients(reply, "bull", 3, on_worker, &workers);
	if (reply->type == REDIS_REPLY_STRING)
		fuzz_text(reply->str, reply->len);
	if (reply->type == REDIS_REPLY_ARRAY &&
	    (reply->elements == BULLMQ_FIELDS_IDLE ||
		reply->elements == BULLMQ_FIELDS_ALL))
		fuzz_reply(reply, contract);
	for (i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements;
	    i++)
		fuzz_tree(reply->element[i], contract);
}

/* As the client does: nothing is made of a reply before it is whole, so that one
 * that only announces much takes no memory. */
static void
fuzz_replies(
    const char *bytes, size_t size, const struct sst_contract *contract)
{
	struct redisReader *reader = redisReaderCreate();
	struct redis_scan scan;
	void *reply = NULL;

	if (reader == NULL)
		abort();
	reader->maxbuf = 0;
	redis__scan_init(&scan, REPLY_MAX);
	while (redis__scan(&scan, bytes, size) == SST_OK) {
		redisReaderFeed(reader, bytes, scan.at);
		bytes += scan.at;
		size -= scan.at;
		if (redisReaderGetReply(reader, &reply) != REDIS_OK ||
		    reply == NULL)
			break;
		fuzz_tree(reply, contract);
		freeReplyObject(reply);
		reply = NULL;
		redis__scan_init(&scan, REPLY_MAX);
	}
	redisReaderFree(reader);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sst_contract *contract;
	struct sst_error err;
	char *text = malloc(size + 1);

	if (contract == NULL && sst_contract_new(&contract, &err) != SST_OK)
		abort();
	if (text == NULL)
		abort();
	/* a copy, as the bytes may be none */
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	fuzz_text(text, size);
	fuzz_replies(text, size, contract);
	free(text);
	return 0;
}
