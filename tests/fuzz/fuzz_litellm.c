/* fuzz-libs: sst_litellm */
/* fuzz-corpus: mocks/upstreams/litellm/db mocks/upstreams/litellm/nodb */

/*
 * Any bytes in place of an answer of LiteLLM: no crash, no leak, a code and a
 * text for every refusal, texts that are safe to show, and budgets that have
 * the shape of the schema but for what is too long.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "repository/contract.h"
#include "repository/harvest.h"
#include "repository/litellm/proxy_parse.h"
#include "repository/litellm/proxy_usage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sst_contract *contract;
static struct sst_error err;

static void
need(bool good)
{
	if (!good)
		abort();
}

static void
need_text(const char *text)
{
	need(text != NULL && sst_text_utf8_valid(text, strlen(text)));
}

/* Out only with a tree, a refusal only with a word. */
static json_t *
tried(int code, json_t *tree)
{
	need((code == SST_OK) == (tree != NULL));
	need(code == SST_OK || (err.code == code && err.text[0] != '\0'));
	return tree;
}

static void
fuzz_trees(const char *bytes, size_t size)
{
	int (*const parsers[])(const char *, size_t, json_t **,
	    struct sst_error *) = {proxy__parse_groups, proxy__parse_checks,
	    proxy__parse_health, proxy__parse_router, proxy__parse_readiness};
	json_t *tree = NULL;
	int64_t count;
	size_t i;
	int code;

	for (i = 0; i < sizeof(parsers) / sizeof(parsers[0]); i++) {
		tree = NULL;
		code = parsers[i](bytes, size, &tree, &err);
		json_decref(tried(code, tree));
	}
	tree = NULL;
	code = proxy__parse_day(bytes, size, "2026-01-01", &tree, &err);
	json_decref(tried(code, tree));
	if (proxy__parse_backlog(bytes, size, &count, &err) == SST_OK)
		need(count >= -1);
}

static void
fuzz_budgets(const char *bytes, size_t size, enum proxy_scope scope)
{
	struct sst_draft_settings settings = {.contract = contract,
	    .section = SST_SECTION_LITELLM,
	    .source = "litellm/fuzz"};
	struct proxy_budgets into = {.scope = scope,
	    .now_ms = INT64_C(1767225600000),
	    .budgets = json_array()};
	struct sst_harvest *harvest = NULL;
	struct sst_draft *draft = NULL;
	struct proxy_page page = {0};

	if (proxy__parse_budgets(bytes, size, &into, &page, &err) != SST_OK) {
		json_decref(into.budgets);
		return;
	}
	need(json_array_size(into.budgets) <= page.rows);
	need(sst_draft_new(&settings, &draft, &err) == SST_OK);
	need(sst_draft_upstream(draft,
		 json_pack(
		     "{s:s, s:o}", "status", "ok", "budgets", into.budgets),
		 &err) == SST_OK);
	need(sst_draft_finish(draft, &harvest, &err) == SST_OK);
	sst_harvest_release(&harvest);
	sst_draft_free(&draft);
}

/* The same bytes as a list of deployments and as what counters say of it. */
static void
fuzz_models(const char *bytes, size_t size)
{
	struct proxy_deployments list = {0};
	struct sst_prometheus_text *text = NULL;
	struct sst_prometheus_stats stats;
	struct sst_prometheus_sink sink;
	struct proxy_usage usage = {0};
	size_t i;

	if (proxy__parse_models(bytes, size, &list, &err) != SST_OK)
		need(list.rows == NULL);
	for (i = 0; i < list.count; i++) {
		need_text(list.rows[i].id);
		need_text(list.rows[i].model);
		need(list.rows[i].tpm_max >= -1 && list.rows[i].price_in >= -1);
		(void)proxy__backend_name(&list.rows[i]);
	}
	need(proxy__usage_list(&usage, &list, &err) == SST_OK);
	for (i = 0; i < 2; i++) {
		proxy__usage_begin(&usage);
		proxy__usage_sink(&usage, &sink);
		need(sst_prometheus_text_new(&sink, &text, &err) == SST_OK);
		need(sst_prometheus_text_feed(text, bytes, size, &err) ==
		     SST_OK);
		if (sst_prometheus_text_end(text, &stats, &err) == SST_OK)
			need(proxy__usage_commit(&usage,
				 (struct sst_mono){(int64_t)i * 30000000000},
				 (struct sst_wall){(int64_t)i * 30000},
				 &err) == SST_OK);
		sst_prometheus_text_free(&text);
	}
	for (i = 0; i < list.count; i++)
		need(!isnan(proxy__usage_rate(&usage, i, PROXY_REQUESTS)));
	proxy__usage_fini(&usage);
	proxy__deployments_fini(&list);
}

static void
fuzz_error(const char *bytes, size_t size)
{
	struct sst_buf text = SST_BUF_INIT;

	(void)proxy__judge(500, bytes, size, &text);
	need(!sst_buf_failed(&text));
	sst_buf_clear(&text);
	proxy__safe_text(bytes, size, &text);
	need(!sst_buf_failed(&text));
	if (text.len > 0) {
		need(sst_text_utf8_valid(text.data, text.len));
		need(sst_text_is_plain(text.data, text.len));
		need(text.len <= PROXY_TEXT_MAX * 4);
		need(strncmp(text.data, "sk-", 3) != 0 || text.len <= 3);
	}
	sst_buf_fini(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;

	if (contract == NULL)
		need(sst_contract_new(&contract, &err) == SST_OK);
	fuzz_trees(bytes, size);
	fuzz_budgets(bytes, size, PROXY_KEYS);
	fuzz_budgets(bytes, size, PROXY_TEAMS);
	fuzz_budgets(bytes, size, PROXY_PROVIDERS);
	fuzz_models(bytes, size);
	fuzz_error(bytes, size);
	return 0;
}
