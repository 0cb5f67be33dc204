/* fuzz-libs: sst_agents */
/* fuzz-corpus: mocks/upstreams/a2a */

/*
 * Any bytes in place of an answer of an agent: no crash, no leak, and every
 * entity made from a card and a page has the shape of the schema.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "repository/agents/a2a_priv.h"
#include "repository/agents/a2a_url.h"
#include "repository/contract.h"
#include "repository/harvest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz {
	struct a2a_agent agent;
	struct a2a_task rows[64];
	size_t rejected;
};

static void
on_reject(void *ctx, const char *pointer, const char *reason)
{
	struct fuzz *f = ctx;

	f->rejected++;
	if (pointer[0] != '/' || reason[0] == '\0')
		abort();
}

static int
on_task(void *ctx, const char *id, enum a2a_state state, struct sst_error *err)
{
	struct fuzz *f = ctx;
	struct a2a_tasks *tasks = &f->agent.tasks;
	size_t i;

	(void)err;
	for (i = 0; i < tasks->count; i++) {
		if (strcmp(tasks->rows[i].id, id) == 0)
			return SST_OK;
	}
	if (tasks->count == sizeof(f->rows) / sizeof(f->rows[0]))
		return SST_OK;
	tasks->rows[tasks->count].id = strdup(id);
	if (tasks->rows[tasks->count].id == NULL)
		abort();
	tasks->rows[tasks->count++].state = state;
	return SST_OK;
}

static void
fuzz_entity(const struct fuzz *f, const struct sst_contract *contract)
{
	struct sst_draft_settings settings = {
	    .contract = contract,
	    .section = SST_SECTION_AGENTS,
	    .source = "agents/fuzz",
	};
	struct sst_harvest *harvest = NULL;
	struct sst_draft *draft = NULL;
	struct sst_error err;

	if (sst_draft_new(&settings, &draft, &err) != SST_OK)
		abort();
	if (sst_draft_add(draft, a2a__entity(&f->agent), &err) != SST_OK ||
	    sst_draft_upstream(draft, a2a__upstream(&f->agent, 1), &err) !=
		SST_OK ||
	    sst_draft_finish(draft, &harvest, &err) != SST_OK)
		abort();
	if (harvest->rejected > 0 || harvest->count != 1)
		abort();
	sst_harvest_release(&harvest);
	sst_draft_free(&draft);
}

/* What is shown leads nowhere with credentials or a query. */
static void
fuzz_url(const char *url)
{
	struct sst_buf shown = SST_BUF_INIT, again = SST_BUF_INIT;

	a2a__url_same_origin(url, "http://127.0.0.1:1");
	if (a2a__url_show(url, &shown)) {
		if (strpbrk(shown.data, "?#") != NULL ||
		    strncmp(shown.data, "http", 4) != 0)
			abort();
		if (!a2a__url_show(shown.data, &again) ||
		    strcmp(shown.data, again.data) != 0)
			abort();
		if (!a2a__url_same_origin(shown.data, again.data))
			abort();
	}
	sst_buf_fini(&shown);
	sst_buf_fini(&again);
}

static void
fuzz_agent(const char *bytes, size_t size, const struct sst_contract *contract)
{
	struct fuzz f = {.agent = {.url = (char *)(uintptr_t) "http://a"}};
	struct a2a_reject reject = {on_reject, &f};
	struct a2a_tasks_sink sink = {on_task, &f, {on_reject, &f}};
	struct a2a_bytes body = {bytes, size, NULL};
	struct sst_buf cursor = SST_BUF_INIT;
	struct sst_error err = {0};
	size_t i;
	int code;

	f.agent.tasks.rows = f.rows;
	f.agent.tasks_part = A2A_PART_OK;
	code = a2a__parse_tasks(bytes, size, &sink, &cursor, &err);
	if (code != SST_OK && (err.code != code || err.text[0] == '\0'))
		abort();
	code = a2a__parse_card(&body, &reject, &f.agent.card, &err);
	if (code != SST_OK) {
		/* a page is shown with a card of our own */
		body = (struct a2a_bytes){"{\"name\":\"a\"}", 12, NULL};
		if (a2a__parse_card(&body, &reject, &f.agent.card, &err) !=
		    SST_OK)
			abort();
	}
	f.agent.known = true;
	fuzz_entity(&f, contract);
	if (f.agent.card.tasks_url != NULL)
		fuzz_url(f.agent.card.tasks_url);
	for (i = 0; i < f.agent.tasks.count; i++)
		free(f.rows[i].id);
	a2a__card_fini(&f.agent.card);
	sst_buf_fini(&cursor);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sst_contract *contract;
	const char *bytes = (const char *)data;
	struct sst_error err;
	char *url;

	if (contract == NULL && sst_contract_new(&contract, &err) != SST_OK)
		abort();
	fuzz_agent(bytes, size, contract);
	a2a__parse_unsupported(bytes, size);
	url = strndup(bytes, size);
	if (url == NULL)
		abort();
	fuzz_url(url);
	free(url);
	return 0;
}
