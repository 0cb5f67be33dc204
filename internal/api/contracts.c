/* /schemas, /openapi.*, /problems: what consumers may rely on. */
#include <stdio.h>
#include <string.h>

#include "api/api_priv.h"
#include "api/json.h"
#include "api/web.h"

/* Answers with an asset in the negotiated coding. */
void
api__respond_asset(struct api_request *rq, struct api_response *rs,
    const struct api_asset *asset)
{
	struct sst_body *body;
	struct sst_error err;

	if (api__asset_body(&rq->api->assets, asset, rq->coding, &body, &err) ==
	    SST_OK)
		api__respond_body(rq, rs, body, -1);
	else
		api__fail(rq, &err);
}

void
api__respond_text(struct api_request *rq, struct api_response *rs,
    unsigned slot, struct sst_buf *text)
{
	struct api_asset asset = {slot, text->data, text->len};
	struct sst_error err;

	if (sst_buf_failed(text)) {
		sst_error_nomem(&err);
		api__fail(rq, &err);
	} else {
		api__respond_asset(rq, rs, &asset);
	}
	sst_buf_fini(text);
}

void
api__get_openapi(struct api_request *rq, struct api_response *rs)
{
	struct api_asset json = {API_ASSET_OPENAPI_JSON,
	    (const char *)api__openapi_json, api__openapi_json_len};
	struct api_asset yaml = {API_ASSET_OPENAPI_YAML,
	    (const char *)api__openapi_yaml, api__openapi_yaml_len};

	api__respond_asset(
	    rq, rs, rq->route->arg == API_ASSET_OPENAPI_JSON ? &json : &yaml);
}

void
api__get_schemas(struct api_request *rq, struct api_response *rs)
{
	const char *const *names = sst_service_schema_names();
	struct sst_buf out = SST_BUF_INIT;
	char url[128];
	size_t i;

	api__json_open(&out, NULL, '{');
	api__json_open(&out, "schemas", '[');
	for (i = 0; names[i] != NULL; i++) {
		snprintf(url, sizeof(url), "/schemas/%s", names[i]);
		api__json_open(&out, NULL, '{');
		api__json_text(&out, "name", names[i]);
		api__json_text(&out, "url", url);
		api__json_close(&out, '}');
	}
	api__json_close(&out, ']');
	api__json_close(&out, '}');
	sst_buf_addc(&out, '\n');
	api__respond_text(rq, rs, API_ASSET_SCHEMAS, &out);
}

void
api__get_schema(struct api_request *rq, struct api_response *rs)
{
	const char *const *names = sst_service_schema_names();
	struct api_span name = api__route_value(rq->route, &rq->target, 0);
	struct api_asset asset;
	char quoted[API_QUOTE];
	unsigned i;

	for (i = 0; names[i] != NULL; i++)
		if (api__span_is(name, names[i]))
			break;
	if (names[i] != NULL && i < API_ASSET_SCHEMAS_MAX) {
		asset.slot = API_ASSET_SCHEMA_FIRST + i;
		asset.at = sst_service_schema(names[i], &asset.len);
		api__respond_asset(rq, rs, &asset);
		return;
	}
	api__problem_set(&rq->problem, API_NOT_FOUND, "There is no schema %s.",
	    api__quote(name.at, name.len, quoted));
	for (i = 0; names[i] != NULL; i++)
		api__problem_allow(&rq->problem, names[i]);
	api__problem_example(&rq->problem, "/schemas/%s", names[0]);
}

static void
problem_write(enum api_problem_kind kind, struct sst_buf *out)
{
	const struct api_problem_row *row = api__problem_row(kind);

	sst_buf_addf(out, "%s\n%d %s\n%s\n", row->name, row->status, row->title,
	    row->text);
}

void
api__get_problems(struct api_request *rq, struct api_response *rs)
{
	struct sst_buf out = SST_BUF_INIT;
	int kind;

	sst_buf_adds(&out,
	    "Kinds of problems: the last part of the member type in an "
	    "error.\n");
	for (kind = API_NO_PROBLEM + 1; kind < API_PROBLEM_COUNT; kind++) {
		sst_buf_addc(&out, '\n');
		problem_write((enum api_problem_kind)kind, &out);
	}
	api__respond_text(rq, rs, API_ASSET_PROBLEMS, &out);
}

void
api__get_problem(struct api_request *rq, struct api_response *rs)
{
	struct api_span name = api__route_value(rq->route, &rq->target, 0);
	enum api_problem_kind kind = api__problem_by_name(name.at, name.len);
	struct sst_buf out = SST_BUF_INIT;
	char quoted[API_QUOTE];

	if (kind != API_NO_PROBLEM) {
		problem_write(kind, &out);
		api__respond_text(
		    rq, rs, API_ASSET_PROBLEM_FIRST + (unsigned)kind, &out);
		return;
	}
	api__problem_set(&rq->problem, API_NOT_FOUND,
	    "There is no kind of problem %s.",
	    api__quote(name.at, name.len, quoted));
	api__problem_example(&rq->problem, "/problems/");
}
