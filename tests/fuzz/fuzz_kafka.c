/* fuzz-libs: sst_queues */

/*
 * Any bytes in the headers and the key of a record: what is kept is bounded,
 * and the task made of it has the shape of the schema. The same bytes as what a
 * member of a group is told to read.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "repository/contract.h"
#include "repository/harvest.h"
#include "repository/queues/kafka_assignment.h"
#include "repository/queues/kafka_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz {
	const char *bytes;
	size_t size;
};

/* The first byte of a name says which quarter of the input is its value. */
static struct queue_text
fuzz_header(void *ctx, const char *name)
{
	const struct fuzz *f = ctx;
	size_t quarter = f->size / 4;

	return (struct queue_text){
	    f->bytes + quarter * (size_t)(name[0] - 'a'), quarter};
}

static void
fuzz_tell(const struct kafka_record *r, const struct kafka_rules *rules,
    struct sst_draft *draft)
{
	struct queue_row row = QUEUE_ROW_INIT;
	struct queue_task task = QUEUE_TASK_INIT;
	struct queue_blocker blockers[KAFKA_BLOCKERS_MAX];
	struct queue_build build;
	struct sst_error err;
	size_t i;

	row.name = queue__text("fuzz");
	row.system = "kafka";
	row.detail = QUEUE_FULL;
	if (queue__begin(draft, &row, &build, &err) != SST_OK)
		abort();
	task.id = (struct queue_text){r->id.data, r->id.len};
	if (r->id.data == NULL)
		task.id = queue__text("fuzz/0/1");
	task.type = (struct queue_text){r->type.data, r->type.len};
	task.priority = kafka__priority(&r->priority, rules);
	for (i = 0; i < r->blocker_count; i++)
		blockers[i] = (struct queue_blocker){
		    .id = {r->blockers[i].data, r->blockers[i].len},
		    .status = QUEUE_STATUS_UNKNOWN};
	task.blockers = blockers;
	task.blocker_count = r->blocker_count;
	if (queue__add_task(&build, &task, &err) != SST_OK ||
	    queue__finish(&build, &err) != SST_OK)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sst_contract *contract;
	char level[] = "urgent=critical";
	char *levels[] = {level};
	struct sst_option_list list = {levels, 1};
	struct kafka_rules rules = {"a", "b", "c", "d", &list};
	struct fuzz f = {(const char *)data, size};
	struct kafka_raw raw = {.header = fuzz_header, .ctx = &f};
	struct sst_draft_settings settings = {
	    .section = SST_SECTION_QUEUES, .source = "queues/fuzz"};
	struct sst_harvest *harvest = NULL;
	struct sst_draft *draft = NULL;
	struct kafka_record record;
	struct sst_error err;

	kafka__assignment_has(data, size, "agent.tasks");
	if (contract == NULL && sst_contract_new(&contract, &err) != SST_OK)
		abort();
	settings.contract = contract;
	if (!kafka__record_read(&raw, &rules, &record))
		abort();
	if (record.id.len > KAFKA_ID_BYTES ||
	    record.priority.len > KAFKA_WORD_BYTES ||
	    record.blocker_count > KAFKA_BLOCKERS_MAX)
		abort();
	if (sst_draft_new(&settings, &draft, &err) != SST_OK)
		abort();
	fuzz_tell(&record, &rules, draft);
	kafka__record_fini(&record);
	if (sst_draft_finish(draft, &harvest, &err) != SST_OK)
		abort();
	sst_harvest_release(&harvest);
	sst_draft_free(&draft);
	return 0;
}
