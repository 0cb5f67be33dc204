/* Each allocation of the LiteLLM parsers and of its counters fails once: an
 * error, no crash, and what was known stays. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/litellm/proxy_usage.h"
#include "support/starve.h"

enum { STARVE_MAX = 5000 };

static struct sst_error err;

static char *
file_read(const char *name, size_t *len)
{
	char path[512], *bytes;
	FILE *f;

	snprintf(path, sizeof(path),
	    SST_SOURCE_DIR "/mocks/upstreams/litellm/%s", name);
	f = fopen(path, "r");
	ck_assert_msg(f != NULL, "%s", path);
	bytes = malloc(400000);
	ck_assert_ptr_nonnull(bytes);
	*len = fread(bytes, 1, 400000, f);
	fclose(f);
	return bytes;
}

typedef int parse_fn(const char *, size_t, json_t **, struct sst_error *);

static int
parse_day(const char *b, size_t n, json_t **out, struct sst_error *e)
{
	return proxy__parse_day(b, n, "2026-01-01", out, e);
}

static int
parse_budgets(const char *b, size_t n, enum proxy_scope scope, json_t **out,
    struct sst_error *e)
{
	struct proxy_budgets into = {.scope = scope, .budgets = json_array()};
	struct proxy_page page;
	int code;

	if (into.budgets == NULL)
		return sst_error_nomem(e);
	code = proxy__parse_budgets(b, n, &into, &page, e);
	if (code == SST_OK)
		*out = into.budgets;
	else
		json_decref(into.budgets);
	return code;
}

static int
parse_keys(const char *b, size_t n, json_t **out, struct sst_error *e)
{
	return parse_budgets(b, n, PROXY_KEYS, out, e);
}

static int
parse_providers(const char *b, size_t n, json_t **out, struct sst_error *e)
{
	return parse_budgets(b, n, PROXY_PROVIDERS, out, e);
}

static const struct {
	const char *file;
	parse_fn *parse;
} trees[] = {
    {"db/model_group_info.json", proxy__parse_groups},
    {"db/health_latest.json", proxy__parse_checks},
    {"db/daily_activity.json", parse_day},
    {"db/router_settings.json", proxy__parse_router},
    {"db/readiness_details.json", proxy__parse_readiness},
    {"db/key_list.json", parse_keys},
    {"db/provider_budgets.json", parse_providers},
};

START_TEST(a_parser_fails_whole)
{
	json_t *tree = NULL;
	size_t len;
	char *bytes = file_read(trees[_i].file, &len);
	bool hungry = true;
	int n, code;

	for (n = 0; n < STARVE_MAX && hungry; n++) {
		tree = NULL;
		starve_after(n);
		code = trees[_i].parse(bytes, len, &tree, &err);
		hungry = starve_end();
		ck_assert_msg(code == (hungry ? SST_NOMEM : SST_OK),
		    "%s, allocation %d: %s", trees[_i].file, n, err.text);
		ck_assert((tree != NULL) == !hungry);
		json_decref(tree);
	}
	ck_assert_int_gt(n, 5);
	ck_assert(!hungry);
	free(bytes);
}
END_TEST

START_TEST(the_list_fails_whole)
{
	struct proxy_deployments list = {0};
	size_t len;
	char *bytes = file_read("db/model_info.json", &len);
	bool hungry = true;
	int n, code;

	for (n = 0; n < STARVE_MAX && hungry; n++) {
		starve_after(n);
		code = proxy__parse_models(bytes, len, &list, &err);
		hungry = starve_end();
		ck_assert_int_eq(code, hungry ? SST_NOMEM : SST_OK);
		ck_assert_uint_eq(list.count, hungry ? 0 : 5);
		proxy__deployments_fini(&list);
	}
	ck_assert(!hungry);
	free(bytes);
}
END_TEST

static int
scrape(struct proxy_usage *usage, const char *bytes, size_t len)
{
	struct sst_prometheus_text *text = NULL;
	struct sst_prometheus_stats stats;
	struct sst_prometheus_sink sink;
	int code;

	proxy__usage_begin(usage);
	proxy__usage_sink(usage, &sink);
	code = sst_prometheus_text_new(&sink, &text, &err);
	if (code == SST_OK)
		code = sst_prometheus_text_feed(text, bytes, 1000, &err);
	if (code == SST_OK)
		code = sst_prometheus_text_feed(
		    text, bytes + 1000, len - 1000, &err);
	if (code == SST_OK)
		code = sst_prometheus_text_end(text, &stats, &err);
	sst_prometheus_text_free(&text);
	if (code == SST_OK)
		code = proxy__usage_commit(
		    usage, (struct sst_mono){1}, (struct sst_wall){1}, &err);
	return code;
}

START_TEST(counters_stay_as_they_are)
{
	struct proxy_deployments list = {0};
	struct proxy_usage usage = {0};
	size_t len;
	char *bytes = file_read("db/model_info.json", &len);
	bool hungry = true;
	int n, code;

	ck_assert_int_eq(proxy__parse_models(bytes, len, &list, &err), SST_OK);
	free(bytes);
	for (n = 0; n < STARVE_MAX && hungry; n++) {
		starve_after(n);
		code = proxy__usage_list(&usage, &list, &err);
		hungry = starve_end();
		ck_assert_int_eq(code, hungry ? SST_NOMEM : SST_OK);
	}
	bytes = file_read("db/metrics.txt", &len);
	for (n = 0, hungry = true; n < STARVE_MAX && hungry; n++) {
		starve_after(n);
		code = scrape(&usage, bytes, len);
		hungry = starve_end();
		ck_assert_int_eq(code, hungry ? SST_NOMEM : SST_OK);
		ck_assert_uint_eq(usage.samples, hungry ? 0 : 1);
	}
	free(bytes);
	proxy__usage_fini(&usage);
	proxy__deployments_fini(&list);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("litellm_nomem");
	TCase *tc = tcase_create("litellm_nomem");
	SRunner *sr;
	int failed;

	starve_init();
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, a_parser_fails_whole, 0,
	    (int)(sizeof(trees) / sizeof(trees[0])));
	tcase_add_test(tc, the_list_fails_whole);
	tcase_add_test(tc, counters_stay_as_they_are);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
