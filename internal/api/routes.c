#include "api/routes.h"

#include <string.h>

#include "api/api_priv.h"
#include "api/web.h"

enum {
	STATE_PARAMS = API_PARAM_SECTIONS | API_PARAM_VIEW | API_PARAM_PRETTY |
		       API_PARAM_MAX_AGE | API_PARAM_AT | API_PARAM_SINCE |
		       API_PARAM_WAIT,
	PART_PARAMS = API_PARAM_VIEW | API_PARAM_PRETTY | API_PARAM_MAX_AGE |
		      API_PARAM_AT,
	HISTORY_PARAMS = API_PARAM_FROM | API_PARAM_TO | API_PARAM_LIMIT |
			 API_PARAM_CURSOR | API_PARAM_PRETTY,
	DIFF_PARAMS = API_PARAM_FROM | API_PARAM_NEEDS_FROM | API_PARAM_TO |
		      API_PARAM_SECTIONS | API_PARAM_KEY | API_PARAM_LIMIT |
		      API_PARAM_PRETTY | API_PARAM_VIEW
};

#define JSON                             \
	{                                \
		"application/json", NULL \
	}
#define GET_HEAD (API_GET | API_HEAD)

/* Rows of the state and of its parts differ in path and section only. */
#define PART(path, handler, section)                            \
	{                                                       \
		GET_HEAD, path, handler, PART_PARAMS, JSON,     \
		    API_CACHE_REVALIDATE, SST_API_READ, section \
	}
#define STATIC(path, handler, type, arg)                    \
	{                                                   \
		GET_HEAD, path, handler, 0, {type, NULL},   \
		    API_CACHE_REVALIDATE, SST_API_READ, arg \
	}
#define LIVE(path, handler, type, scope)                                  \
	{                                                                 \
		GET_HEAD, path, handler, 0, {type, NULL}, API_CACHE_NONE, \
		    scope, 0                                              \
	}

static const struct api_route route_rows[] = {
    {GET_HEAD, "/system/state", api__get_state, STATE_PARAMS, JSON,
	API_CACHE_REVALIDATE, SST_API_READ, 0},
    PART("/system/state/agents", api__get_section, SST_SECTION_AGENTS),
    PART("/system/state/workload", api__get_section, SST_SECTION_WORKLOAD),
    PART("/system/state/queues", api__get_section, SST_SECTION_QUEUES),
    PART("/system/state/litellm", api__get_section, SST_SECTION_LITELLM),
    PART("/system/state/agents/{name}", api__get_entity, SST_SECTION_AGENTS),
    PART("/system/state/workload/{namespace}/{kind}/{deployment_name}",
	api__get_entity, SST_SECTION_WORKLOAD),
    PART("/system/state/workload/{deployment_name}", api__get_entity,
	SST_SECTION_WORKLOAD),
    PART("/system/state/queues/{system}/{name}", api__get_entity,
	SST_SECTION_QUEUES),
    PART("/system/state/queues/{name}", api__get_entity, SST_SECTION_QUEUES),
    PART("/system/state/litellm/{deployment_id}", api__get_entity,
	SST_SECTION_LITELLM),
    {GET_HEAD, "/system/state/history", api__get_history, HISTORY_PARAMS, JSON,
	API_CACHE_REVALIDATE, SST_API_READ, 0},
    {GET_HEAD, "/system/state/diff", api__get_diff, DIFF_PARAMS,
	{"application/json", "application/json-patch+json",
	    "application/merge-patch+json", "text/plain; charset=utf-8"},
	API_CACHE_REVALIDATE, SST_API_READ, 0},
    {GET_HEAD, "/system/state/watch", api__get_watch,
	API_PARAM_SECTIONS | API_PARAM_KEY,
	{"text/event-stream; charset=utf-8", NULL}, API_CACHE_NONE,
	SST_API_READ, 0},
    LIVE("/system/sources", api__get_sources, "application/json", SST_API_READ),
    {GET_HEAD, "/", api__get_root, 0,
	{"text/plain; charset=utf-8", "text/html; charset=utf-8"},
	API_CACHE_REVALIDATE, SST_API_READ, 0},
    STATIC("/openapi.json", api__get_openapi, "application/json",
	API_ASSET_OPENAPI_JSON),
    STATIC("/openapi.yaml", api__get_openapi, "application/yaml",
	API_ASSET_OPENAPI_YAML),
    STATIC("/schemas/", api__get_schemas, "application/json", 0),
    STATIC("/schemas/{name}", api__get_schema, "application/json", 0),
    STATIC("/problems/", api__get_problems, "text/plain; charset=utf-8", 0),
    STATIC(
	"/problems/{name}", api__get_problem, "text/plain; charset=utf-8", 0),
    STATIC("/swagger/", api__get_swagger, "text/html; charset=utf-8",
	API_ASSET_SWAGGER_HTML),
    STATIC("/swagger/index.js", api__get_swagger,
	"text/javascript; charset=utf-8", API_ASSET_SWAGGER_JS),
    STATIC("/swagger/swagger-ui.css", api__get_swagger,
	"text/css; charset=utf-8", API_ASSET_SWAGGER_CSS),
    STATIC("/swagger/swagger-ui-bundle.js", api__get_swagger,
	"text/javascript; charset=utf-8", API_ASSET_SWAGGER_BUNDLE),
    LIVE("/swagger", api__get_swagger_moved, "text/html; charset=utf-8",
	SST_API_READ),
    LIVE("/healthz", api__get_healthz, "application/json", 0),
    LIVE("/readyz", api__get_readyz, "application/json", 0),
    LIVE("/metrics", api__get_metrics,
	"text/plain; version=0.0.4; charset=utf-8", SST_API_READ),
};

#undef PART
#undef STATIC
#undef LIVE
#undef JSON
#undef GET_HEAD

const struct api_route *
api__routes(size_t *count_out)
{
	*count_out = sizeof(route_rows) / sizeof(route_rows[0]);
	return route_rows;
}

/* The next segment of a pattern; moves *p behind it. */
static struct api_span
pattern_next(const char **p)
{
	struct api_span s = {*p + 1, strcspn(*p + 1, "/")};

	*p = s.at + s.len;
	return s;
}

static bool
route_matches(const struct api_route *route, const struct api_target *target)
{
	const char *p = route->path;
	struct api_span want;
	size_t i;

	for (i = 0; *p != '\0'; i++) {
		if (i == target->count)
			return false;
		want = pattern_next(&p);
		if (want.len > 0 && want.at[0] == '{') {
			if (target->segments[i].len == 0)
				return false;
		} else if (want.len != target->segments[i].len ||
			   memcmp(want.at, target->segments[i].at, want.len) !=
			       0) {
			return false;
		}
	}
	return i == target->count;
}

const struct api_route *
api__route_find(const struct api_target *target)
{
	size_t i, count;
	const struct api_route *rows = api__routes(&count);

	/* Most requests are for a path without variables: compare as is. */
	for (i = 0; i < count; i++)
		if (api__span_is(target->path, rows[i].path))
			return &rows[i];
	if (target->count > API_SEGMENTS_MAX)
		return NULL;
	for (i = 0; i < count; i++)
		if (route_matches(&rows[i], target))
			return &rows[i];
	return NULL;
}

struct api_span
api__route_value(
    const struct api_route *route, const struct api_target *target, unsigned i)
{
	const char *p = route->path;
	struct api_span want, none = {NULL, 0};
	size_t at;

	for (at = 0; *p != '\0'; at++) {
		want = pattern_next(&p);
		if (want.len > 0 && want.at[0] == '{' && i-- == 0)
			return target->segments[at];
	}
	return none;
}

const char *
api__route_allow(const struct api_route *route)
{
	(void)route; /* every route of today is read only */
	return "GET, HEAD";
}

size_t
api__route_nearest(
    const struct api_target *target, const char *out[API_NEAREST])
{
	size_t i, j, count, n = 0, d, distance[API_NEAREST];
	const struct api_route *rows = api__routes(&count);
	struct api_span path;

	for (i = 0; i < count; i++) {
		if (strchr(rows[i].path, '{') != NULL)
			continue;
		path.at = rows[i].path;
		path.len = strlen(path.at);
		d = api__distance(target->path, path);
		for (j = n; j > 0 && distance[j - 1] > d; j--)
			if (j < API_NEAREST) {
				distance[j] = distance[j - 1];
				out[j] = out[j - 1];
			}
		if (j == API_NEAREST)
			continue;
		distance[j] = d;
		out[j] = path.at;
		if (n < API_NEAREST)
			n++;
	}
	return n;
}
