/* fuzz-libs: sst_workload */

/*
 * Any bytes in place of an object of the API: no crash, no leak, and every
 * entity made of them has the shape of the schema. The first byte says which
 * resource it is; the same object comes as a list's item, as an event, once
 * more unchanged, and goes.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/contract.h"
#include "repository/draft.h"
#include "repository/harvest.h"
#include "repository/kube/cluster_priv.h"
#include "repository/workload/kubernetes_entity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
on_usage(const struct kubernetes_usage *row, void *ctx, struct sst_error *err)
{
	(void)err;
	if (row->cpu_nano < 0 || row->memory_bytes < 0)
		abort();
	kubernetes__store_usage(ctx, row);
	return SST_OK;
}

/* Parses; NULL when it is no object, with a reason then. */
static struct kubernetes_record *
fuzz_parse(enum kubernetes_resource resource, const char *json, size_t size)
{
	struct kubernetes_record *record = NULL;
	struct sst_error err = {0};
	int code = kubernetes__parse(resource, json, size, &record, &err);

	if (code != SST_OK && (err.code != code || err.text[0] == '\0'))
		abort();
	if ((code == SST_OK) != (record != NULL))
		abort();
	return record;
}

static void
fuzz_entities(struct kubernetes_store *store, const struct sst_contract *c)
{
	struct sst_draft_settings settings = {
	    .contract = c,
	    .section = SST_SECTION_WORKLOAD,
	    .source = "workload/fuzz",
	};
	struct sst_harvest *harvest = NULL;
	struct sst_draft *draft = NULL;
	struct sst_error err;
	size_t i;

	if (sst_draft_new(&settings, &draft, &err) != SST_OK ||
	    kubernetes__store_settle(store, &err) != SST_OK)
		abort();
	for (i = 0; i < store->workload_count; i++) {
		if (kubernetes__workload_exists(store->workloads[i]) &&
		    sst_draft_add(draft,
			kubernetes__entity(store, store->workloads[i]),
			&err) != SST_OK)
			abort();
	}
	if (sst_draft_finish(draft, &harvest, &err) != SST_OK)
		abort();
	/* what was taken conforms */
	if (harvest->rejected != 0) {
		fprintf(stderr, "%s\n", harvest->flaw.text);
		abort();
	}
	sst_harvest_release(&harvest);
	sst_draft_free(&draft);
}

static void
fuzz_object(enum kubernetes_resource resource, const char *json, size_t size,
    const struct sst_contract *contract)
{
	struct kubernetes_record *record = fuzz_parse(resource, json, size);
	struct kubernetes_store store;
	struct sst_error err;
	size_t feed = kubernetes__store_feed(0, resource);

	if (record == NULL)
		return;
	if (kubernetes__store_init(&store, NULL, 0, &err) != SST_OK)
		abort();
	kubernetes__store_begin(&store, feed);
	if (kubernetes__store_put(&store, feed, record, &err) != SST_OK)
		abort();
	kubernetes__store_synced(&store, feed);
	kubernetes__store_usage_begin(&store);
	kubernetes__parse_usage(json, size, on_usage, &store, &err);
	kubernetes__store_usage_end(&store, NULL);
	fuzz_entities(&store, contract);
	store.changed = false;
	record = fuzz_parse(resource, json, size);
	if (record == NULL ||
	    kubernetes__store_put(&store, feed, record, &err) != SST_OK ||
	    store.changed)
		abort(); /* the same again is no news */
	record = fuzz_parse(resource, json, size);
	kubernetes__store_drop(&store, record);
	free(record);
	if (store.object_count != 0)
		abort();
	fuzz_entities(&store, contract);
	if (store.workload_count != 0)
		abort();
	kubernetes__store_fini(&store);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sst_contract *contract;
	struct sst_error err;

	if (contract == NULL && sst_contract_new(&contract, &err) != SST_OK)
		abort();
	if (size == 0)
		return 0;
	fuzz_object((enum kubernetes_resource)(data[0] % KUBERNETES_RESOURCES),
	    (const char *)data + 1, size - 1, contract);
	free(kube__parse_version((const char *)data, size));
	return 0;
}
