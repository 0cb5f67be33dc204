/*
 * Bytes that never change while the process runs (schemas, OpenAPI, Swagger
 * UI), with their representations, each made on first use and kept.
 */
#ifndef SST_API_ASSET_H
#define SST_API_ASSET_H

#include <stddef.h>

#include "base/error.h"
#include "base/lock.h"
#include "model/body.h"

enum { API_ASSETS_MAX = 64 };

/* A place in the cache; who uses which is written in web.h. */
struct api_assets {
	struct sst_lock lock;
	struct sst_body *bodies[API_ASSETS_MAX][SST_CODING_COUNT]; /* guarded */
};

void api__assets_init(struct api_assets *assets);
void api__assets_fini(struct api_assets *assets);

/* Static bytes, copied when the body is made, and their place. */
struct api_asset {
	unsigned slot;
	const char *at;
	size_t len;
};

/* A reference to the representation; SST_NOMEM, SST_INTERNAL. */
int api__asset_body(struct api_assets *assets, const struct api_asset *asset,
    enum sst_coding coding, struct sst_body **out, struct sst_error *err);

#endif
