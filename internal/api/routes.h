/* The one table of routes, and how a path finds its row. */
#ifndef SST_API_ROUTES_H
#define SST_API_ROUTES_H

#include <stddef.h>

#include "api/api.h"
#include "api/target.h"
#include "base/buf.h"

struct api_request;
struct api_response;

/* GET implies HEAD. */
enum api_method { API_GET = 1, API_HEAD = 2 };

enum api_cache {
	API_CACHE_REVALIDATE, /* ETag; no-cache */
	API_CACHE_NONE        /* live: no ETag; no-store */
};

enum { API_TYPES_MAX = 4 };

struct api_route {
	unsigned methods;
	/* "{name}" stands for one segment that is not empty */
	const char *path;
	void (*handler)(struct api_request *, struct api_response *);
	unsigned params; /* enum api_param bits */
	/* What can be sent, in order of preference; NULL behind the last. */
	const char *types[API_TYPES_MAX];
	enum api_cache cache;
	unsigned scope; /* enum sst_api_scope bit; 0: anybody */
	int arg;        /* for the handler: a section, an asset */
};

/* All rows; *count_out of them. */
const struct api_route *api__routes(size_t *count_out);

/* The row whose path matches, or NULL. */
const struct api_route *api__route_find(const struct api_target *target);

/* Segment i of the pattern that holds a "{name}", counted from 0. */
struct api_span api__route_value(
    const struct api_route *route, const struct api_target *target, unsigned i);

/* "GET, HEAD"; static. */
const char *api__route_allow(const struct api_route *route);

enum { API_NEAREST = 3 };

/* The paths (up to API_NEAREST) that look most like the target's. */
size_t api__route_nearest(
    const struct api_target *target, const char *out[API_NEAREST]);

#endif
