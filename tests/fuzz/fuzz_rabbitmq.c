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
#include "repository/queues/rabbitmq_letters.h"
#include "repository/queues/rabbitmq_parse.h"
#include "repository/queues/rabbitmq_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz {
	struct sst_draft *draft;
	struct rabbitmq_table table;
	size_t rows;
	size_t rejected;
};

static int
on_row(void *ctx, const struct rabbitmq_row *row, struct sst_error *err)
{
	struct sst_buf name = SST_BUF_INIT;
	struct fuzz *f = ctx;
	struct rabbitmq_names names = {.system = "rabbitmq"};
	struct queue_build build;
	struct rabbitmq_cell *cell;
	bool fresh;
	int code;

	f->rows++;
	cell = rabbitmq__table_keep(&f->table, row, &fresh);
	rabbitmq__name(row->vhost, row->name, &name);
	if (cell == NULL || sst_buf_failed(&name))
		abort();
	names.name = name.data != NULL ? name.data : "";
	names.dead_letter_queue = row->dead_exchange;
	names.keeps_dead = row->ttl;
	code = rabbitmq__entity(f->draft, &cell->row, &names, &build, err);
	if (code == SST_OK)
		code = queue__finish(&build, err);
	sst_buf_fini(&name);
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

/* The same bytes as policies and bindings of what they are as queues. */
static void
fuzz_letters(const char *bytes, size_t size, struct rabbitmq_table *table)
{
	struct rabbitmq_letters letters = {0};
	const struct rabbitmq_cell *cell;
	const char *queue, *exchange;
	struct sst_error err;
	size_t i;

	rabbitmq__parse_policies(bytes, size, &letters.policies, &err);
	rabbitmq__letters_apply(&letters, table);
	if (rabbitmq__letters_want(&letters, table, &err) != SST_OK)
		abort();
	for (i = 0; i < letters.count; i++) {
		struct rabbitmq_exchange *e = &letters.exchanges[i];

		e->kind = (enum rabbitmq_exchange_kind)(size % 4);
		e->known = rabbitmq__parse_bindings(
			       bytes, size, &e->bindings, &err) == SST_OK;
	}
	rabbitmq__letters_mark(&letters, table);
	for (cell = table->first; cell != NULL; cell = cell->next)
		rabbitmq__letters_target(
		    &letters, &cell->row, &queue, &exchange);
	rabbitmq__letters_fini(&letters);
}

/* The first half as a pattern of the second. */
static void
fuzz_topic(const char *bytes, size_t size)
{
	char pattern[64], key[64];
	size_t half = size / 2 < 63 ? size / 2 : 63;

	memcpy(pattern, bytes, half);
	pattern[half] = '\0';
	memcpy(key, bytes + size - half, half);
	key[half] = '\0';
	rabbitmq__topic_matches(pattern, key);
	if (strchr(pattern, '#') == NULL && strchr(pattern, '*') == NULL &&
	    !rabbitmq__topic_matches(pattern, pattern))
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
	fuzz_letters(bytes, size, &f.table);
	rabbitmq__table_fini(&f.table);
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
	struct rabbitmq_overview overview;
	enum rabbitmq_exchange_kind kind;
	json_t *nodes = NULL;
	bool monitor;

	if (contract == NULL && sst_contract_new(&contract, &err) != SST_OK)
		abort();
	fuzz_queues(bytes, size, contract);
	rabbitmq__parse_consumers(bytes, size, &sink, &err);
	rabbitmq__parse_overview(bytes, size, &overview, &err);
	rabbitmq__parse_vhosts(bytes, size, &sink, &err);
	rabbitmq__parse_exchange(bytes, size, &kind, &err);
	if (rabbitmq__parse_nodes(bytes, size, &sink, &nodes, &err) == SST_OK)
		json_decref(nodes);
	fuzz_topic(bytes, size);
	rabbitmq__parse_whoami(bytes, size, &monitor, &err);
	rabbitmq__parse_denied(bytes, size);
	return 0;
}
