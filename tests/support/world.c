#include "support/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/encode.h"
#include "model/snapshot_priv.h"
#include "repository/harvest.h"
#include "repository/scenario/large.h"

static const int64_t world_base_ms = INT64_C(1767225600000);

static void
world_must(int rc, const struct sst_error *err)
{
	if (rc == SST_OK)
		return;
	fprintf(stderr, "world: %s\n", err->text);
	abort();
}

static struct sst_section *
world_section(const struct sst_contract *contract,
    const struct sst_large *large, enum sst_section_id id, int64_t step)
{
	char source[64];
	struct sst_draft_settings settings = {.contract = contract,
	    .section = id,
	    .source = source,
	    .now = {world_base_ms + step * 1000}};
	struct sst_section *section = NULL;
	struct sst_harvest *harvest = NULL;
	struct sst_draft *draft = NULL;
	struct sst_error err = {0};
	size_t i;

	snprintf(source, sizeof(source), "%s/mock", sst_section_name(id));
	world_must(sst_draft_new(&settings, &draft, &err), &err);
	for (i = 0; i < sst_large_count(large, id); i++)
		world_must(sst_draft_add(draft,
			       sst_large_entity(large, id, i, step), &err),
		    &err);
	world_must(sst_draft_finish(draft, &harvest, &err), &err);
	world_must(sst_section_new(id, harvest->entities, harvest->count,
		       &section, &err),
	    &err);
	sst_draft_free(&draft);
	sst_harvest_release(&harvest);
	return section;
}

static struct sst_entity *
world_source(const struct sst_contract *contract,
    const struct sst_section *section)
{
	const char *name = sst_section_name(section->id);
	struct sst_buf b = SST_BUF_INIT;
	struct sst_entity *e = NULL;
	struct sst_encoding met;
	struct sst_error err = {0};
	char source[64];
	json_t *tree;

	snprintf(source, sizeof(source), "%s/mock", name);
	tree = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:I, s:n}",
	    "name", source, "section", name, "kind", "mock", "status", "ok",
	    "since", "2026-01-01T00:00:00Z", "changed_at",
	    "2026-01-01T00:00:00Z", "max_age_seconds", 15, "entities",
	    (json_int_t)section->count, "error");
	sst_encode_object(contract->source, tree, &b, &met);
	world_must(sst_entity_new(
		       &(struct sst_entity_parts){.key = source,
			   .key_len = strlen(source),
			   .json = b.data,
			   .json_len = b.len,
			   .stamp = met.stamp},
		       &e, &err),
	    &err);
	json_decref(tree);
	sst_buf_fini(&b);
	return e;
}

struct sst_snapshot *
world_snapshot(const struct sst_contract *contract, const char *size,
    double churn, int64_t step)
{
	struct sst_entity *sources[SST_SECTION_COUNT];
	struct sst_snapshot *s = NULL;
	struct sst_large large = {0};
	struct sst_error err = {0};
	unsigned id;

	if (!sst_large_sizes(size, &large))
		abort();
	large.churn = churn;
	large.base.ms = world_base_ms;
	world_must(
	    sst_snapshot_new("system-1", contract->document, &s, &err), &err);
	memcpy(s->epoch, "0123456789abcdef", sizeof(s->epoch));
	s->revision = (uint64_t)step + 1;
	s->captured_at.ms = world_base_ms + step * 1000;
	for (id = 0; id < SST_SECTION_COUNT; id++) {
		s->presence[id] = SST_KNOWN;
		s->sections[id] = world_section(
		    contract, &large, (enum sst_section_id)id, step);
		sources[id] = world_source(contract, s->sections[id]);
	}
	world_must(sst_section_new(SST_SECTION_SOURCES, sources,
		       SST_SECTION_COUNT, &s->sources, &err),
	    &err);
	for (id = 0; id < SST_SECTION_COUNT; id++)
		sst_entity_release(&sources[id]);
	sst_snapshot_seal(s);
	return s;
}
