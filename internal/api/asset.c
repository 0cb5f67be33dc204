#include "api/asset.h"

#include <stdlib.h>
#include <string.h>

void
api__assets_init(struct api_assets *assets)
{
	memset(assets->bodies, 0, sizeof(assets->bodies));
	sst_lock_init(&assets->lock, SST_LOCK_LEAF);
}

void
api__assets_fini(struct api_assets *assets)
{
	size_t i, j;

	for (i = 0; i < API_ASSETS_MAX; i++)
		for (j = 0; j < SST_CODING_COUNT; j++)
			sst_body_release(&assets->bodies[i][j]);
	sst_lock_fini(&assets->lock);
}

static int
asset_make(const struct api_asset *asset, enum sst_coding coding,
    struct sst_body **out, struct sst_error *err)
{
	struct sst_body *identity = NULL;
	char *copy = malloc(asset->len + 1);
	int rc;

	if (copy == NULL)
		return sst_error_nomem(err);
	memcpy(copy, asset->at, asset->len);
	copy[asset->len] = '\0';
	rc = sst_body_new(copy, asset->len, &identity, err);
	if (rc != SST_OK)
		return rc;
	if (coding == SST_CODING_IDENTITY) {
		*out = identity;
		return SST_OK;
	}
	rc = sst_body_compress(identity, coding, out, err);
	sst_body_release(&identity);
	return rc;
}

int
api__asset_body(struct api_assets *assets, const struct api_asset *asset,
    enum sst_coding coding, struct sst_body **out, struct sst_error *err)
{
	struct sst_body *body = NULL, *there;
	int rc;

	sst_lock_acquire(&assets->lock);
	if (assets->bodies[asset->slot][coding] != NULL)
		body = sst_body_acquire(assets->bodies[asset->slot][coding]);
	sst_lock_release(&assets->lock);
	if (body == NULL) {
		/* Without the lock; two may make it, one is kept. */
		rc = asset_make(asset, coding, &body, err);
		if (rc != SST_OK)
			return rc;
		sst_lock_acquire(&assets->lock);
		there = assets->bodies[asset->slot][coding];
		if (there == NULL)
			assets->bodies[asset->slot][coding] =
			    sst_body_acquire(body);
		sst_lock_release(&assets->lock);
	}
	*out = body;
	return SST_OK;
}
