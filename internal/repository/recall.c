/*
 * What a source gave before the process was started anew. It is never shown:
 * it is what the first answer is compared with, so that entities which did not
 * change meanwhile keep their date.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "model/encode.h"
#include "repository/repository_priv.h"

/* Whether the entity says that it comes from that source. A quote inside of a
 * text is escaped, so the bytes stand for the member and nothing else. */
static bool
recall_is_of(const struct sst_entity *e, const char *mark, size_t len)
{
	return memmem(sst_entity_json(e), e->json_len, mark, len) != NULL;
}

/* What the row of the source says of the other side, encoded as a draft would.
 * NULL: nothing, or no memory: then the first answer looks like a change. */
static char *
recall_upstream(const struct sst_contract *contract,
    const struct sst_snapshot *s, const char *source, size_t *len_out)
{
	const struct sst_entity *row =
	    sst_section_find(s->sources, source, strlen(source));
	struct sst_buf b = SST_BUF_INIT;
	struct sst_encoding met;
	const json_t *upstream;
	char *bytes = NULL;
	json_t *tree;

	if (row == NULL)
		return NULL;
	tree = json_loadb(sst_entity_json(row), row->json_len, 0, NULL);
	upstream = json_object_get(tree, "upstream");
	if (json_is_object(upstream)) {
		sst_encode_object(contract->upstream, upstream, &b, &met);
		if (!sst_buf_failed(&b))
			bytes = sst_buf_take(&b, len_out);
		sst_buf_fini(&b);
	}
	json_decref(tree);
	return bytes;
}

static struct sst_harvest *
recall_harvest(const struct sst_section *section, const char *source)
{
	struct sst_harvest *h = calloc(1, sizeof(*h));
	struct sst_buf mark = SST_BUF_INIT;
	struct sst_entity *e;
	size_t i;

	sst_buf_adds(&mark, "\"source\":");
	sst_buf_json_string(&mark, source, strlen(source));
	if (h != NULL) {
		sst_ref_init(&h->ref);
		h->entities = calloc(section->count + 1, sizeof(*h->entities));
	}
	if (h == NULL || h->entities == NULL || sst_buf_failed(&mark)) {
		sst_buf_fini(&mark);
		if (h != NULL)
			sst_harvest_release(&h);
		return NULL;
	}
	for (i = 0; i < section->count; i++) {
		e = section->entities[i];
		if (!recall_is_of(e, mark.data, mark.len))
			continue;
		h->entities[h->count++] = sst_entity_acquire(e);
		h->bytes += e->total_len;
	}
	sst_buf_fini(&mark);
	return h;
}

/* When the content from that source last changed; false: not told. */
static bool
recall_changed(
    const struct sst_snapshot *s, const char *source, struct sst_wall *out)
{
	const struct sst_entity *row =
	    sst_section_find(s->sources, source, strlen(source));
	const json_t *at;
	json_t *tree;
	bool known;

	if (row == NULL)
		return false;
	tree = json_loadb(sst_entity_json(row), row->json_len, 0, NULL);
	at = json_object_get(tree, "changed_at");
	known = json_is_string(at) &&
		sst_time_parse(json_string_value(at), json_string_length(at),
		    &out->ms) == SST_OK;
	json_decref(tree);
	return known;
}

void
sst_repository_recall(
    struct sst_repository *repository, const struct sst_snapshot *snapshot)
{
	const struct sst_section *section;
	struct poller_slot *slot;
	size_t i;

	for (i = 0; i < repository->slot_count; i++) {
		slot = repository->slots[i];
		section = snapshot->sections[slot->ops->section];
		if (section == NULL || slot->memory != NULL ||
		    !recall_changed(
			snapshot, slot->name, &slot->memory_changed))
			continue;
		slot->memory = recall_harvest(section, slot->name);
		if (slot->memory != NULL)
			slot->memory->upstream = recall_upstream(
			    repository->settings.contract, snapshot, slot->name,
			    &slot->memory->upstream_len);
	}
}
