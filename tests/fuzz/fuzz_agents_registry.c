/* fuzz-libs: sst_agents */

/*
 * Any bytes in place of a file of intent: no crash, no leak, an error has its
 * place, and every agent that is taken has the shape of the schema.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "repository/agents/registry_parse.h"
#include "repository/contract.h"
#include "repository/harvest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
fuzz_entities(
    const struct registry_agents *agents, const struct sst_contract *contract)
{
	struct sst_draft_settings settings = {
	    .contract = contract,
	    .section = SST_SECTION_AGENTS,
	    .source = "agents/fuzz",
	};
	const struct registry_agent *agent = agents->list.items;
	struct sst_harvest *harvest = NULL;
	struct sst_draft *draft = NULL;
	struct sst_error err;
	size_t i;

	if (sst_draft_new(&settings, &draft, &err) != SST_OK)
		abort();
	for (i = 0; i < agents->list.count; i++) {
		if (sst_draft_add(draft, registry__entity(&agent[i]), &err) !=
		    SST_OK)
			abort();
	}
	if (sst_draft_finish(draft, &harvest, &err) != SST_OK ||
	    harvest->rejected > 0 || harvest->count != agents->list.count)
		abort();
	sst_harvest_release(&harvest);
	sst_draft_free(&draft);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sst_contract *contract;
	struct registry_agents agents = {{NULL, 0}};
	struct sst_error err = {0};
	int code;

	if (contract == NULL && sst_contract_new(&contract, &err) != SST_OK)
		abort();
	code = registry__parse("f", (const char *)data, size, &agents, &err);
	if (code == SST_OK)
		fuzz_entities(&agents, contract);
	else if (err.code != code || strncmp(err.text, "f:", 2) != 0 ||
		 agents.list.items != NULL)
		abort();
	registry__agents_fini(&agents);
	return 0;
}
