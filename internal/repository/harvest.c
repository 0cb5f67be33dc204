#include "repository/harvest.h"

#include <stdlib.h>
#include <string.h>

struct sst_harvest *
sst_harvest_acquire(struct sst_harvest *harvest)
{
	sst_ref_acquire(&harvest->ref);
	return harvest;
}

void
sst_harvest_release(struct sst_harvest **harvest)
{
	struct sst_harvest *h = *harvest;
	size_t i;

	*harvest = NULL;
	if (h == NULL || !sst_ref_release(&h->ref))
		return;
	for (i = 0; i < h->count; i++)
		sst_entity_release(&h->entities[i]);
	free(h->entities);
	free(h->upstream);
	free(h);
}

bool
sst_harvest_equal(const struct sst_harvest *a, const struct sst_harvest *b)
{
	size_t i;

	if (a->upstream_len != b->upstream_len ||
	    (a->upstream_len > 0 &&
		memcmp(a->upstream, b->upstream, a->upstream_len) != 0))
		return false;
	if (a->count != b->count || a->flaw.code != b->flaw.code ||
	    strcmp(a->flaw.text, b->flaw.text) != 0)
		return false;
	for (i = 0; i < a->count; i++) {
		if (a->entities[i] != b->entities[i] &&
		    !sst_hash_equal(a->entities[i]->hash, b->entities[i]->hash))
			return false;
	}
	return true;
}
