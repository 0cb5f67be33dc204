/* Pages for people: /, /swagger/. Nothing in them loads from elsewhere. */
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <string.h>

#include "api/api_priv.h"
#include "api/web.h"

/* A page of ours: one style sheet inline, known by its hash, and no script. */
static void
page_policy(struct api_response *rs)
{
	unsigned char hash[32];
	gnutls_datum_t in = {hash, sizeof(hash)}, text = {NULL, 0};

	if (gnutls_hash_fast(
		GNUTLS_DIG_SHA256, api__page_css, api__page_css_len, hash) == 0)
		gnutls_base64_encode2(&in, &text);
	api__headerf(rs, "Content-Security-Policy",
	    "default-src 'none'; style-src 'sha256-%.*s'; img-src data:; "
	    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	    (int)text.size, text.data == NULL ? "" : (const char *)text.data);
	api__header(rs, "Referrer-Policy", "no-referrer");
	gnutls_free(text.data);
}

static void
page_begin(struct sst_buf *out, const char *title)
{
	sst_buf_adds(out,
	    "<!DOCTYPE html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
	    "<meta name=viewport content='width=device-width, "
	    "initial-scale=1'>\n<link rel=icon href='data:,'>\n<title>");
	sst_buf_adds(out, title);
	sst_buf_adds(out, "</title>\n<style>");
	sst_buf_add(out, api__page_css, api__page_css_len);
	sst_buf_adds(out, "</style>\n</head>\n<body>\n");
}

static void
root_html(struct api_request *rq, struct api_response *rs)
{
	struct sst_buf out = SST_BUF_INIT;

	page_begin(&out, "systate");
	sst_buf_add(&out, api__root_html, api__root_html_len);
	sst_buf_addf(
	    &out, "<pre>curl -s %s/system/state | jq .</pre>\n", rq->api->url);
	sst_buf_adds(&out, "<p class=\"soft\">systate " SST_VERSION
			   "</p>\n</body>\n</html>\n");
	page_policy(rs);
	api__respond_text(rq, rs, API_ASSET_ROOT_HTML, &out);
}

void
api__get_root(struct api_request *rq, struct api_response *rs)
{
	struct sst_buf out = SST_BUF_INIT;

	if (rq->type == 1) {
		root_html(rq, rs);
		return;
	}
	sst_buf_adds(&out, "systate " SST_VERSION "\n\n");
	sst_buf_add(&out, api__root_text, api__root_text_len);
	sst_buf_addf(&out, "  curl -s %s/system/state | jq .\n", rq->api->url);
	api__respond_text(rq, rs, API_ASSET_ROOT_TEXT, &out);
}

/* Without Swagger UI: a plain page made of the same document. */
static void
swagger_reference(struct api_request *rq, struct api_response *rs)
{
	struct sst_buf out = SST_BUF_INIT;
	struct sst_error err;

	page_begin(&out, "systate: reference");
	if (api__reference_parse((const char *)api__openapi_json,
		api__openapi_json_len, &out, &err) != SST_OK) {
		sst_buf_fini(&out);
		api__fail(rq, &err);
		return;
	}
	sst_buf_adds(&out, "</body>\n</html>\n");
	page_policy(rs);
	api__respond_text(rq, rs, API_ASSET_SWAGGER_HTML, &out);
}

void
api__get_swagger(struct api_request *rq, struct api_response *rs)
{
	const struct api_asset files[] = {
	    {API_ASSET_SWAGGER_HTML, (const char *)api__swagger_html,
		api__swagger_html_len},
	    {API_ASSET_SWAGGER_JS, (const char *)api__swagger_js,
		api__swagger_js_len},
	    {API_ASSET_SWAGGER_CSS, (const char *)api__swagger_css,
		api__swagger_css_len},
	    {API_ASSET_SWAGGER_BUNDLE, (const char *)api__swagger_bundle,
		api__swagger_bundle_len},
	};
	int slot = rq->route->arg;

	if (api__swagger_bundle_len == 0 && slot == API_ASSET_SWAGGER_HTML) {
		swagger_reference(rq, rs);
		return;
	}
	if (api__swagger_bundle_len == 0) {
		api__problem_set(&rq->problem, API_NOT_FOUND,
		    "This build has no Swagger UI; /swagger/ is a plain "
		    "page.");
		api__problem_example(&rq->problem, "/swagger/");
		return;
	}
	/* Swagger UI sets styles from its script and draws with data: URLs. */
	api__header(rs, "Content-Security-Policy",
	    "default-src 'none'; script-src 'self'; style-src 'self' "
	    "'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
	    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
	api__header(rs, "Referrer-Policy", "no-referrer");
	api__respond_asset(rq, rs, &files[slot - API_ASSET_SWAGGER_HTML]);
}

void
api__get_swagger_moved(struct api_request *rq, struct api_response *rs)
{
	struct sst_buf out = SST_BUF_INIT;

	sst_buf_adds(&out, "<a href=\"/swagger/\">/swagger/</a>\n");
	api__header(rs, "Location", "/swagger/");
	api__respond_live(rq, rs, &out);
	rs->status = 301;
}
