/* fuzz-libs: sst_queues */
/* fuzz-corpus: mocks/upstreams/rabbitmq/world mocks/upstreams/rabbitmq/first */

/*
 * Any bytes in place of an answer of RabbitMQ: no crash, no leak, and every
 * entity made from them has the shape of the schema but for what is too long.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "repository/contract.h"
#include "repository/harvest.h"
#include "repository/queues/rabbitmq_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz {
	struct sst_draft *draft;
	size_t rows;
	size_t rejected;
};

static int
on_row(void *ctx, const struct rabbitmq_row *row, struct sst_error *err)
{
	struct sst_buf name = SST_BUF_INIT;
	struct fuzz *f = ctx;
	json_t *entity;
	int code;

	f->rows++;
	rabbitmq__name(row->vhost, row->name, &name);
	if (sst_buf_failed(&name))
		abort();
	entity = rabbitmq__entity(
	    row, name.data != NULL ? name.data : "", "rabbitmq");
	sst_buf_fini(&name);
	if (entity == NULL)
		abort();
	code = sst_draft_add(f->draft, entity, err);
	if (code != SST_OK && code != SST_LIMIT)
		abort();
	return code;
}

static void
on_reject(void *ctx, const char *pointer, const char *reason)
{
	struct fuzz *f = ctx;

	f->rejected++;
	if (pointer[0] != '/' || reason[0] == '\0')
		abort();
}

static void
fuzz_queues(const char *bytes, size_t size, const struct sst_contract *contract)
{
	struct sst_draft_settings settings = {
	    .contract = contract,
	    .section = SST_SECTION_QUEUES,
	    .source = "queues/fuzz",
	    .max_entities = 1000,
	};
	struct rabbitmq_page page = {0};
	struct sst_harvest *harvest = NULL;
	struct sst_error err;
	struct fuzz f = {0};
	struct rabbitmq_sink sink = {on_row, on_reject, &f};
	int code;

	if (sst_draft_new(&settings, &f.draft, &err) != SST_OK)
		abort();
	code = rabbitmq__parse_queues(bytes, size, &sink, &page, &err);
	if (code == SST_OK && page.rows != f.rows + f.rejected)
		abort();
	if (code == SST_OK && page.rejected != f.rejected)
		abort();
	if (code != SST_OK && (err.code != code || err.text[0] == '\0'))
		abort();
	if (sst_draft_finish(f.draft, &harvest, &err) != SST_OK)
		abort();
	sst_harvest_release(&harvest);
	sst_draft_free(&f.draft);
}

static int
ignore_row(void *ctx, const struct rabbitmq_row *row, struct sst_error *err)
{
	(void)ctx;
	(void)err;
	return strlen(row->name) + strlen(row->vhost) > SIZE_MAX / 2 ? SST_LIMIT
								     : SST_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sst_contract *contract;
	struct rabbitmq_sink sink = {.row = ignore_row};
	const char *bytes = (const char *)data;
	struct sst_error err;
	int64_t queues;
	size_t count;
	bool monitor;

	if (contract == NULL && sst_contract_new(&contract, &err) != SST_OK)
		abort();
	fuzz_queues(bytes, size, contract);
	rabbitmq__parse_consumers(bytes, size, &sink, &err);
	rabbitmq__parse_overview(bytes, size, &queues, &err);
	rabbitmq__parse_count(bytes, size, &count, &err);
	rabbitmq__parse_whoami(bytes, size, &monitor, &err);
	rabbitmq__parse_denied(bytes, size);
	return 0;
}
