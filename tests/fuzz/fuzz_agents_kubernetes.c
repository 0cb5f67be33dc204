/* fuzz-libs: sst_agents */

/*
 * Any bytes in place of a workload of the API: no crash, no leak, and an agent
 * made from it has the shape of the schema.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "repository/agents/kubernetes_record.h"
#include "repository/contract.h"
#include "repository/harvest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
fuzz_entity(
    const struct agentkube_record *record, const struct sst_contract *contract)
{
	struct sst_draft_settings settings = {
	    .contract = contract,
	    .section = SST_SECTION_AGENTS,
	    .source = "agents/fuzz",
	};
	struct sst_harvest *harvest = NULL;
	struct sst_draft *draft = NULL;
	struct sst_error err;

	if (sst_draft_new(&settings, &draft, &err) != SST_OK ||
	    sst_draft_add(draft, agentkube__entity(record), &err) != SST_OK ||
	    sst_draft_finish(draft, &harvest, &err) != SST_OK ||
	    harvest->rejected > 0 || harvest->count != 1)
		abort();
	sst_harvest_release(&harvest);
	sst_draft_free(&draft);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sst_contract *contract;
	struct agentkube_object object = {
	    .prefix = "systate.io/", .json = (const char *)data, .len = size};
	struct agentkube_record *record = NULL;
	struct sst_error err = {0};
	int kind, code;

	if (contract == NULL && sst_contract_new(&contract, &err) != SST_OK)
		abort();
	for (kind = 0; kind < AGENTKUBE_KINDS; kind++) {
		object.kind = (enum agentkube_kind)kind;
		code = agentkube__parse(&object, &record, &err);
		if (code != SST_OK && (err.code != code || record != NULL))
			abort();
		if (code == SST_OK && !agentkube__record_same(record, record))
			abort();
		if (code == SST_OK && record->name != NULL)
			fuzz_entity(record, contract);
		agentkube__record_release(&record);
	}
	return 0;
}
