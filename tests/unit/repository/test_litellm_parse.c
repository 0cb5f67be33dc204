/*
 * What a LiteLLM proxy answers, in every spelling that is known: what is taken,
 * what is unknown then, what its errors mean, and that nothing else gets in.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/litellm/proxy_parse.h"

static struct sst_error err;
static struct proxy_deployments list;
static json_t *tree;

static void
setup(void)
{
	memset(&list, 0, sizeof(list));
	tree = NULL;
}

static void
teardown(void)
{
	proxy__deployments_fini(&list);
	json_decref(tree);
	tree = NULL;
}

static const struct proxy_deployment *
models(const char *text)
{
	int code;

	proxy__deployments_fini(&list);
	code = proxy__parse_models(text, strlen(text), &list, &err);
	ck_assert_msg(code == SST_OK, "%s: %s", text, err.text);
	return list.rows;
}

static const struct proxy_deployment *
model(const char *more)
{
	char text[1024];

	snprintf(
	    text, sizeof(text), "{\"data\":[{\"model_name\":\"m\",%s}]}", more);
	models(text);
	ck_assert_uint_eq(list.count, 1);
	return list.rows;
}

struct limit_case {
	const char *row;
	long tpm;
};

static const struct limit_case limits[] = {
    {"\"tpm\":5", 5},
    {"\"tpm\":5.0,\"litellm_params\":{\"tpm\":6}", 5},
    {"\"tpm\":null,\"litellm_params\":{\"tpm\":6}", 6},
    {"\"litellm_params\":{\"tpm\":null},\"model_info\":{\"tpm\":7}", 7},
    {"\"tpm\":\"100\"", 100},
    {"\"tpm\":\"1e3\"", 1000},
    {"\"tpm\":\"10****0\"", -1},
    {"\"tpm\":\"0x10\"", -1},
    {"\"tpm\":\" 5\"", -1},
    {"\"tpm\":\"\"", -1},
    {"\"tpm\":\"nan\"", -1},
    {"\"tpm\":\"1e999\"", -1},
    {"\"tpm\":true", -1},
    {"\"tpm\":[5]", -1},
    {"\"tpm\":-5", -1},
    {"\"tpm\":9223372036854775807", -1},
    {"\"tpm\":0", 0},
    {"\"rpm\":5", -1},
    {"\"litellm_params\":7,\"model_info\":\"x\"", -1},
};

START_TEST(limits_stand_in_three_places)
{
	ck_assert_int_eq(model(limits[_i].row)->tpm_max, limits[_i].tpm);
}
END_TEST

struct provider_case {
	const char *row;
	const char *provider; /* NULL */
	const char *backend;
};

static const struct provider_case providers[] = {
    {"\"litellm_params\":{\"model\":\"a/b\",\"custom_llm_provider\":\"c\"},"
     "\"model_info\":{\"litellm_provider\":\"d\"}",
	"d", "b"},
    {"\"litellm_params\":{\"model\":\"a/b\",\"custom_llm_provider\":\"c\"}",
	"c", "b"},
    {"\"litellm_params\":{\"model\":\"a/b/c\"}", "a", "b/c"},
    {"\"litellm_params\":{\"model\":\"b\"}", NULL, "b"},
    {"\"litellm_params\":{\"model\":\"/b\"}", NULL, "b"},
    {"\"litellm_params\":{\"model\":\"a/\"}", "a", "a/"},
    {"\"litellm_params\":{}", NULL, NULL},
};

START_TEST(the_provider_has_fallbacks)
{
	const struct provider_case *c = &providers[_i];
	const struct proxy_deployment *d = model(c->row);

	ck_assert_pstr_eq(d->provider, c->provider);
	ck_assert_pstr_eq(proxy__backend_name(d), c->backend);
}
END_TEST

START_TEST(of_one_id_the_first_stays)
{
	models("{\"data\":["
	       "{\"model_name\":\"a\",\"model_info\":{\"id\":\"1\"}},"
	       "{\"model_name\":\"alias\",\"model_info\":{\"id\":\"1\"}},"
	       "{\"model_name\":\"a\",\"model_info\":{\"id\":\"2\"}}]}");
	ck_assert_uint_eq(list.count, 2);
	ck_assert_str_eq(list.rows[0].model, "a");
	ck_assert_str_eq(list.rows[1].id, "2");
	ck_assert_uint_eq(list.unnamed, 0);
}
END_TEST

START_TEST(rows_without_an_id_are_numbered)
{
	models("{\"data\":[{\"model_name\":\"a\"},"
	       "{\"model_name\":\"b\",\"model_info\":{\"id\":\"\"}},"
	       "{\"model_name\":\"a\",\"model_info\":{\"id\":7}}]}");
	ck_assert_uint_eq(list.count, 3);
	ck_assert_uint_eq(list.unnamed, 3);
	ck_assert_str_eq(list.rows[0].id, "a#1");
	ck_assert_str_eq(list.rows[1].id, "b#1");
	ck_assert_str_eq(list.rows[2].id, "a#2");
}
END_TEST

START_TEST(a_single_model_is_an_object)
{
	models("{\"data\":{\"model_name\":\"*\",\"litellm_params\":"
	       "{\"model\":\"openai/x\"},\"model_info\":{\"id\":\"1\"}}}");
	ck_assert_uint_eq(list.count, 1);
	ck_assert_str_eq(list.rows[0].model, "*");
	models("{\"data\":[]}");
	ck_assert_uint_eq(list.count, 0);
}
END_TEST

START_TEST(a_team_has_its_own_name)
{
	ck_assert_str_eq(
	    model("\"model_info\":{\"team_public_model_name\":\"mine\"}")
		->model,
	    "mine");
}
END_TEST

START_TEST(what_is_paid_by_time_is_reserved)
{
	ck_assert(model("\"model_info\":{\"ptu\":true}")->reserved);
	ck_assert(model("\"model_info\":{\"flat_cost\":\"9.5\"}")->reserved);
	ck_assert(model("\"litellm_params\":{\"ptu_count\":50}")->reserved);
	ck_assert(!model("\"model_info\":{\"flat_cost\":0}")->reserved);
	ck_assert(!model("\"model_info\":{\"flat_cost\":null}")->reserved);
	ck_assert_str_eq(
	    model("\"model_info\":{\"payment_type\":\"prepaid\"}")->payment,
	    "prepaid");
	ck_assert_ptr_null(
	    model("\"model_info\":{\"payment_type\":5}")->payment);
}
END_TEST

START_TEST(odd_rows_are_left_out)
{
	models("{\"data\":[{\"model_name\":\"a\"},5,{\"model_name\":\"\"},"
	       "{\"model_name\":7},null,{\"model_name\":\"b\"}]}");
	ck_assert_uint_eq(list.count, 2);
	ck_assert_uint_eq(list.rejected, 4);
	ck_assert_str_eq(list.first_reject, "/data/1");
}
END_TEST

START_TEST(deployments_have_a_bound)
{
	struct sst_buf text = SST_BUF_INIT;
	int i;

	sst_buf_adds(&text, "{\"data\":[");
	for (i = 0; i < PROXY_DEPLOYMENTS_MAX + 3; i++)
		sst_buf_addf(&text, "%s{%cmodel_name%c:%cm%d%c}",
		    i > 0 ? "," : "", '"', '"', '"', i, '"');
	sst_buf_adds(&text, "]}");
	models(text.data);
	sst_buf_fini(&text);
	ck_assert_uint_eq(list.count, PROXY_DEPLOYMENTS_MAX);
	ck_assert_uint_eq(list.beyond, 3);
}
END_TEST

typedef int parse_fn(const char *, size_t, json_t **, struct sst_error *);

static int
parse_models(const char *b, size_t n, json_t **out, struct sst_error *e)
{
	(void)out;
	return proxy__parse_models(b, n, &list, e);
}

static int
parse_day(const char *b, size_t n, json_t **out, struct sst_error *e)
{
	return proxy__parse_day(b, n, "2026-01-01", out, e);
}

static int
parse_backlog(const char *b, size_t n, json_t **out, struct sst_error *e)
{
	int64_t count = -7;
	int code = proxy__parse_backlog(b, n, &count, e);

	if (code == SST_OK)
		*out = json_integer(count);
	else
		ck_assert_int_eq(count, -7);
	return code;
}

static int
parse_scope(enum proxy_scope scope, const char *b, size_t n, json_t **out,
    struct sst_error *e)
{
	struct proxy_budgets into = {
	    scope, INT64_C(1767225600000), json_array()};
	struct proxy_page page = {0};
	int code = proxy__parse_budgets(b, n, &into, &page, e);

	if (code != SST_OK) {
		json_decref(into.budgets);
		return code;
	}
	*out = json_pack("{s:o, s:i, s:i, s:i}", "budgets", into.budgets,
	    "rows", (int)page.rows, "total", (int)page.total, "pages",
	    (int)page.pages);
	return SST_OK;
}

static int
parse_keys(const char *b, size_t n, json_t **out, struct sst_error *e)
{
	return parse_scope(PROXY_KEYS, b, n, out, e);
}

static int
parse_teams(const char *b, size_t n, json_t **out, struct sst_error *e)
{
	return parse_scope(PROXY_TEAMS, b, n, out, e);
}

static int
parse_providers(const char *b, size_t n, json_t **out, struct sst_error *e)
{
	return parse_scope(PROXY_PROVIDERS, b, n, out, e);
}

static parse_fn *const parsers[] = {parse_models, proxy__parse_groups,
    proxy__parse_checks, proxy__parse_health, parse_day, proxy__parse_router,
    proxy__parse_readiness, parse_backlog, parse_keys, parse_teams,
    parse_providers};

/* Whatever it is, it is no crash, and nothing was written. */
START_TEST(what_is_wrong_has_a_code)
{
	static const struct {
		const char *text;
		int code;
	} bad[] = {{"42", SST_TYPE}, {"\"text\"", SST_TYPE}, {"null", SST_TYPE},
	    {"", SST_TRUNCATED}, {"{\"data\":", SST_TRUNCATED},
	    {"<html>", SST_SYNTAX}, {"{\"a\":\"\xff\"}", SST_ENCODING},
	    {"{\"a\":\"\\u0000\"}", SST_NUL}};
	parse_fn *parse = parsers[_i];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		tree = NULL;
		ck_assert_msg(parse(bad[i].text, strlen(bad[i].text), &tree,
				  &err) == bad[i].code,
		    "%d: %s: %s", _i, bad[i].text, err.text);
		ck_assert_int_eq(err.code, bad[i].code);
		ck_assert_ptr_null(tree);
	}
}
END_TEST

struct tree_case {
	parse_fn *parse;
	const char *text;
	const char *want; /* JSON; NULL: SST_TYPE */
};

#define KEY_NULLS                                                       \
	"'period':null,'resets_at':null,'tpm_max':null,'rpm_max':null," \
	"'blocked':"

/* In single quotes, for people. */
static const struct tree_case trees[] = {
    {parse_models, "{}", NULL},
    {parse_models, "{'data':'x'}", NULL},
    {proxy__parse_groups, "{'data':{}}", NULL},
    {proxy__parse_groups,
	"{'data':[{'model_group':'g','providers':['p','q'],"
	"'input_cost_per_token':'0.5','api_key':'MARK'},{},5,"
	"{'model_group':'h','providers':[]},{'model_group':'g'}]}",
	"{'g':{'provider':'p','price_in':0.5,'price_out':null},"
	"'h':{'provider':null,'price_in':null,'price_out':null}}"},
    {proxy__parse_checks, "{}", NULL},
    {proxy__parse_checks, "{'latest_health_checks':{},'total_models':0}", "{}"},
    {proxy__parse_checks,
	"{'latest_health_checks':{'a':{'status':'healthy',"
	"'response_time_ms':1.5,'error_message':'old',"
	"'checked_at':'2026-01-01T02:00:00+02:00'},"
	"'b':{'status':'unhealthy','error_message':'bad','checked_at':7},"
	"'c':{'status':null},'d':5}}",
	"{'a':{'healthy':true,'latency_ms':1.5,'checked_ms':1767225600000,"
	"'error':null},"
	"'b':{'healthy':false,'latency_ms':null,'checked_ms':null,"
	"'error':'bad'}}"},
    {proxy__parse_health, "{}", "{}"},
    {proxy__parse_health,
	"{'healthy_endpoints':[{'model_id':'a','model':'m'},{'x':1}],"
	"'unhealthy_endpoints':[{'model':'n','error':'bad','api_base':'M'}]}",
	"{'a':{'healthy':true,'latency_ms':null,'checked_ms':null,"
	"'error':null},'n':{'healthy':false,'latency_ms':null,"
	"'checked_ms':null,'error':'bad'}}"},
    {parse_day, "{}", NULL},
    {parse_day, "{'results':[]}", "{'models':{},'groups':{}}"},
    {parse_day, "{'results':[{'date':'2025-12-31','breakdown':{}}]}",
	"{'models':{},'groups':{}}"},
    {parse_day,
	"{'results':[{'date':'2026-01-01T00:00:00','breakdown':{'models':{"
	"'m':{'metrics':{'spend':0.5,'total_tokens':7,'api_requests':2.0,"
	"'flat_cost':1},'api_key_breakdown':{'MARK':{}}}}}}]}",
	"{'models':{'m':{'spend':0.5,'tokens':7,'requests':2}}}"},
    {parse_day,
	"{'results':[{'date':'2026-01-01','breakdown':{'model_groups':{"
	"'g':{'metrics':{'spend':'x'}},'h':5}}}]}",
	"{'models':{},'groups':{'g':{'spend':null,'tokens':null,"
	"'requests':null},'h':{'spend':null,'tokens':null,"
	"'requests':null}}}"},
    {proxy__parse_router, "{}", NULL},
    {proxy__parse_router, "{'current_values':{}}",
	"{'fallbacks':{},'cooldown_seconds':null,'allowed_fails':null}"},
    {proxy__parse_router,
	"{'current_values':{'fallbacks':[{'a':['b','c']},{'a':['x']},"
	"{'*':[{'model':'d','api_key':'MARK'},7]},'odd',{'e':'odd'}],"
	"'cooldown_time':5,'allowed_fails':'3','redis_password':'MARK'}}",
	"{'fallbacks':{'a':['b','c'],'*':['d']},'cooldown_seconds':5.0,"
	"'allowed_fails':3}"},
    {proxy__parse_router,
	"{'status':'success','callbacks':[{'variables':{'K':'MARK'}}],"
	"'router_settings':{'fallbacks':null,'cooldown_time':null}}",
	"{'fallbacks':{},'cooldown_seconds':null,'allowed_fails':null}"},
    {proxy__parse_readiness, "{'status':'healthy'}",
	"{'database':'not_configured','version':null}"},
    {proxy__parse_readiness, "{'db':'Not connected'}",
	"{'database':'not_configured','version':null}"},
    {proxy__parse_readiness, "{'db':'connected','litellm_version':'1.82.3'}",
	"{'database':'connected','version':'1.82.3'}"},
    {proxy__parse_readiness, "{'db':'disconnected','litellm_version':5}",
	"{'database':'disconnected','version':null}"},
    {proxy__parse_readiness, "{'db':7}",
	"{'database':'unknown','version':null}"},
    {parse_backlog, "{'in_flight_requests':3,'queued_requests':1}", "3"},
    {parse_backlog, "{}", "-1"},
    {parse_keys, "{}", NULL},
    {parse_keys, "{'keys':{}}", NULL},
    {parse_keys, "{'keys':[],'total_count':0,'total_pages':0}",
	"{'budgets':[],'rows':0,'total':0,'pages':0}"},
    {parse_keys, "{'keys':['0123456789abcdef',7,null]}",
	"{'budgets':[{'name':'01234567','scope':'key','spend_usd':null,"
	"'max_usd':null,'remaining_usd':null," KEY_NULLS "null}],"
	"'rows':3,'total':-1,'pages':-1}"},
    {parse_keys,
	"{'keys':[{'token':'0123456789','key_name':'sk-...MARK',"
	"'key_alias':'a','spend':3,'max_budget':null,'blocked':true,"
	"'litellm_budget_table':{'max_budget':2.5},'user_id':'MARK'}],"
	"'total_count':41,'total_pages':5}",
	"{'budgets':[{'name':'a','scope':'key','spend_usd':3.0,"
	"'max_usd':2.5,'remaining_usd':-0.5," KEY_NULLS "true}],"
	"'rows':1,'total':41,'pages':5}"},
    {parse_teams,
	"[{'team_id':'t','team_alias':null,'spend':'1','members':[]},{}]",
	"{'budgets':[{'name':'t','scope':'team','spend_usd':1.0,"
	"'max_usd':null,'remaining_usd':null," KEY_NULLS "false}],"
	"'rows':2,'total':-1,'pages':-1}"},
    {parse_teams,
	"{'teams':[{'team_alias':'a','budget_duration':'30d',"
	"'tpm_limit':5.0,'budget_reset_at':'2026-01-02T00:00:00.5Z'}],"
	"'total':1,'total_pages':1}",
	"{'budgets':[{'name':'a','scope':'team','spend_usd':null,"
	"'max_usd':null,'remaining_usd':null,'period':'30d',"
	"'resets_at':'2026-01-02T00:00:00Z','tpm_max':5,'rpm_max':null,"
	"'blocked':false}],'rows':1,'total':1,'pages':1}"},
    /* 1.96.0: 57 years ahead */
    {parse_providers,
	"{'providers':{'openai':{'budget_limit':1.0,'time_period':'1d',"
	"'spend':0.25,'budget_reset_at':'2083-10-12T21:29:44.5+00:00'}}}",
	"{'budgets':[{'name':'openai','scope':'provider','spend_usd':0.25,"
	"'max_usd':1.0,'remaining_usd':0.75,'period':'1d',"
	"'resets_at':null}],'rows':1,'total':-1,'pages':-1}"},
    {parse_providers, "{'providers':{}}",
	"{'budgets':[],'rows':0,'total':-1,'pages':-1}"},
};

static void
quoted(const char *text, char *out, size_t size)
{
	size_t i;

	ck_assert_uint_lt(strlen(text), size);
	for (i = 0; i <= strlen(text); i++)
		out[i] = text[i] == '\'' ? '"' : text[i];
}

START_TEST(each_answer_gives_this)
{
	const struct tree_case *c = &trees[_i];
	char text[1024], want[1024], *got;
	json_t *wanted;
	int code;

	quoted(c->text, text, sizeof(text));
	code = c->parse(text, strlen(text), &tree, &err);
	if (c->want == NULL) {
		ck_assert_int_eq(code, SST_TYPE);
		ck_assert_ptr_null(tree);
		return;
	}
	ck_assert_msg(code == SST_OK, "%s: %s", text, err.text);
	quoted(c->want, want, sizeof(want));
	wanted = json_loads(want, JSON_DECODE_ANY, NULL);
	ck_assert_ptr_nonnull(wanted);
	got = json_dumps(tree, JSON_ENCODE_ANY | JSON_COMPACT);
	ck_assert_msg(json_equal(tree, wanted), "%s\n%s", want, got);
	ck_assert_ptr_null(strstr(got, "MARK"));
	free(got);
	json_decref(wanted);
}
END_TEST

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

static void
add_tests(TCase *tc)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, limits_stand_in_three_places, 0, COUNT(limits));
	tcase_add_loop_test(
	    tc, the_provider_has_fallbacks, 0, COUNT(providers));
	tcase_add_test(tc, of_one_id_the_first_stays);
	tcase_add_test(tc, rows_without_an_id_are_numbered);
	tcase_add_test(tc, a_single_model_is_an_object);
	tcase_add_test(tc, a_team_has_its_own_name);
	tcase_add_test(tc, what_is_paid_by_time_is_reserved);
	tcase_add_test(tc, odd_rows_are_left_out);
	tcase_add_test(tc, deployments_have_a_bound);
	tcase_add_loop_test(tc, what_is_wrong_has_a_code, 0, COUNT(parsers));
	tcase_add_loop_test(tc, each_answer_gives_this, 0, COUNT(trees));
}

int
main(void)
{
	Suite *s = suite_create("litellm_parse");
	TCase *tc = tcase_create("litellm_parse");
	SRunner *sr;
	int failed;

	add_tests(tc);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
