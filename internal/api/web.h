/*
 * Pages and contract documents: embedded bytes, and the places of their
 * representations in the cache of assets.
 */
#ifndef SST_API_WEB_H
#define SST_API_WEB_H

#include <stddef.h>

#include "api/asset.h"
#include "api/problem.h"
#include "base/buf.h"

struct api_request;
struct api_response;

enum { API_ASSET_SCHEMAS_MAX = 8 };

enum api_asset_slot {
	API_ASSET_OPENAPI_JSON,
	API_ASSET_OPENAPI_YAML,
	API_ASSET_ROOT_TEXT,
	API_ASSET_ROOT_HTML,
	API_ASSET_SWAGGER_HTML,
	API_ASSET_SWAGGER_JS,
	API_ASSET_SWAGGER_CSS,
	API_ASSET_SWAGGER_BUNDLE,
	API_ASSET_SWAGGER_MOVED,
	API_ASSET_SCHEMAS,
	API_ASSET_PROBLEMS,
	API_ASSET_SCHEMA_FIRST,
	API_ASSET_PROBLEM_FIRST =
	    API_ASSET_SCHEMA_FIRST + API_ASSET_SCHEMAS_MAX,
	API_ASSET_COUNT = API_ASSET_PROBLEM_FIRST + API_PROBLEM_COUNT
};

_Static_assert((int)API_ASSET_COUNT <= (int)API_ASSETS_MAX,
    "every asset has a place in the cache");

/* Answers with an asset in the negotiated coding, with tag and 304. */
void api__respond_asset(struct api_request *rq, struct api_response *rs,
    const struct api_asset *asset);
/* The same for text that was just written, which is given up. */
void api__respond_text(struct api_request *rq, struct api_response *rs,
    unsigned slot, struct sst_buf *text);

/*
 * Appends the body of a page that describes an OpenAPI document: a section a
 * path. SST_SYNTAX, SST_TYPE: not such a document; SST_NOMEM.
 */
int api__reference_parse(const char *openapi, size_t len, struct sst_buf *out,
    struct sst_error *err);

/* Made by the build from files, see internal/embed.cmake. */
extern const unsigned char api__openapi_json[];
extern const size_t api__openapi_json_len;
extern const unsigned char api__openapi_yaml[];
extern const size_t api__openapi_yaml_len;
extern const unsigned char api__page_css[];
extern const size_t api__page_css_len;
extern const unsigned char api__root_html[];
extern const size_t api__root_html_len;
extern const unsigned char api__root_text[];
extern const size_t api__root_text_len;
extern const unsigned char api__swagger_html[];
extern const size_t api__swagger_html_len;
extern const unsigned char api__swagger_js[];
extern const size_t api__swagger_js_len;
/* Empty when the build was not given a Swagger UI. */
extern const unsigned char api__swagger_css[];
extern const size_t api__swagger_css_len;
extern const unsigned char api__swagger_bundle[];
extern const size_t api__swagger_bundle_len;

#endif
