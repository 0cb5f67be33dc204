/* Budgets of keys, teams and providers behind a LiteLLM proxy. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_litellm_support.h"

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

static const char *
budget_names(void)
{
	static char names[256];
	const json_t *b;
	size_t i;

	names[0] = '\0';
	json_array_foreach(json_object_get(world.upstream, "budgets"), i, b)
	    snprintf(names + strlen(names), sizeof(names) - strlen(names),
		"%s:%s ", json_string_value(json_object_get(b, "scope")),
		json_string_value(json_object_get(b, "name")));
	return names;
}

START_TEST(budgets_of_all_scopes)
{
	const json_t *b;

	litellm_open("");
	litellm_whole();
	ck_assert_str_eq(budget_names(),
	    "key:33334444 key:agent-a key:unlimited provider:anthropic "
	    "provider:openai team:research team:t2 ");
	b = json_array_get(json_object_get(world.upstream, "budgets"), 0);
	/* over its limit, which stands in a table of budgets */
	ck_assert_double_eq(
	    json_number_value(json_object_get(b, "remaining_usd")), -0.5);
	ck_assert_int_eq(json_integer_value(json_object_get(
			     world.upstream, "budgets_omitted")),
	    0);
}
END_TEST

START_TEST(old_builds_list_teams_elsewhere)
{
	litellm_answer(TEAMS("1"), 404, "{\"detail\":\"Not Found\"}");
	litellm_open("");
	litellm_whole();
	ck_assert_str_eq(litellm_part("teams"), "ok");
	ck_assert_ptr_nonnull(strstr(budget_names(), "team:research team:t2"));
}
END_TEST

/* A key of little rights: gauges know some budgets all the same. */
START_TEST(budgets_from_gauges)
{
	const json_t *b;

	litellm_misbehave("/key/list", UPSTREAM_STATUS, 403);
	litellm_open("");
	litellm_collect();
	ck_assert_ptr_nonnull(strstr(budget_names(), "key:agent-a provider"));
	b = json_array_get(json_object_get(world.upstream, "budgets"), 0);
	ck_assert_double_eq(
	    json_number_value(json_object_get(b, "spend_usd")), 0.42);
	ck_assert_double_eq(
	    json_number_value(json_object_get(b, "max_usd")), 10);
}
END_TEST

/* Page `page` of pages, with so many keys called k<page>-<n>. */
static void
answer_keys(int page, int pages, int count, int total)
{
	struct sst_buf text = SST_BUF_INIT;
	char target[160];
	int i;

	snprintf(target, sizeof(target),
	    "/key/list?return_full_object=true&include_team_keys=true&page=%d"
	    "&size=100",
	    page);
	sst_buf_adds(&text, "{\"keys\":[");
	for (i = 0; i < count; i++)
		sst_buf_addf(&text, "%s{%ckey_alias%c:%ck%d-%d%c}",
		    i > 0 ? "," : "", '"', '"', '"', page, i, '"');
	sst_buf_addf(&text, "],%ctotal_count%c:%d,%ctotal_pages%c:%d}", '"',
	    '"', total, '"', '"', pages);
	litellm_answer(target, 200, text.data);
	sst_buf_fini(&text);
}

static int
budget_count(const char *member)
{
	const json_t *value = json_object_get(world.upstream, member);

	return json_is_array(value) ? (int)json_array_size(value)
				    : (int)json_integer_value(value);
}

START_TEST(keys_come_in_pages)
{
	int i;

	answer_keys(1, 2, 100, 130);
	answer_keys(2, 2, 30, 130);
	litellm_open("");
	litellm_whole();
	ck_assert_uint_eq(upstream_calls(world.up, "/key/list"), 2);
	ck_assert_int_eq(budget_count("budgets"), 130 + 4);
	/* very many: a thousand budgets in all, the rest is counted */
	for (i = 1; i <= 50; i++)
		answer_keys(i, 50, 100, 5000);
	litellm_open("");
	litellm_whole();
	ck_assert_uint_eq(upstream_calls(world.up, "/key/list"), 2 + 10);
	ck_assert_int_eq(budget_count("budgets"), 1000);
	ck_assert_int_eq(budget_count("budgets_omitted"), 4004);
	ck_assert_ptr_nonnull(json_object_get(world.upstream, "budgets"));
	/* a proxy that counts wrong does not keep us */
	answer_keys(1, 9, 0, 5);
	litellm_open("");
	litellm_whole();
	ck_assert_uint_eq(upstream_calls(world.up, "/key/list"), 2 + 10 + 1);
	/* a page that fails: the whole part does */
	answer_keys(1, 2, 100, 130);
	litellm_answer(KEYS("2"), 500, "{}");
	litellm_open("");
	ck_assert_int_eq(litellm_collect()->code, SST_UPSTREAM);
	ck_assert_str_eq(litellm_part("keys"), "failing");
}
END_TEST

/* Aliases are not unique: each has a name of its own all the same. */
START_TEST(budgets_of_one_name)
{
	litellm_answer(KEYS("1"), 200,
	    "{\"keys\":[{\"key_alias\":\"a\"},{\"key_alias\":\"a\"},"
	    "{\"key_alias\":\"a\"},\"0123456789abcdef\"]}");
	litellm_open("");
	litellm_whole();
	ck_assert_ptr_nonnull(strstr(
	    budget_names(), "key:01234567 key:a key:a (2) key:a (3) provider"));
}
END_TEST

/* Made from what is left at each answer: it moves by less than a second. */
START_TEST(a_reset_that_jitters_stays)
{
	static const char *const resets[] = {"2026-01-02T00:00:00.9Z",
	    "2026-01-02T00:00:01.1Z", "2026-01-01T23:59:59Z",
	    "2026-01-03T00:00:00Z"};
	static const char *const told[] = {"2026-01-02T00:00:00Z",
	    "2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z",
	    "2026-01-03T00:00:00Z"};
	struct sst_buf text = SST_BUF_INIT;
	const json_t *b;
	int i;

	litellm_open("");
	for (i = 0; i < COUNT(resets); i++) {
		sst_buf_clear(&text);
		sst_buf_addf(&text,
		    "{%cproviders%c:{%ca%c:{%cbudget_reset_at%c:%c%s%c}}}", '"',
		    '"', '"', '"', '"', '"', '"', resets[i], '"');
		litellm_answer("/provider/budgets", 200, text.data);
		litellm_whole();
		b = json_array_get(
		    json_object_get(world.upstream, "budgets"), 3);
		ck_assert_str_eq(
		    json_string_value(json_object_get(b, "resets_at")),
		    told[i]);
		litellm_later(60);
	}
	sst_buf_fini(&text);
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_checked_fixture(tc, litellm_setup, litellm_teardown);
	tcase_add_test(tc, budgets_of_all_scopes);
	tcase_add_test(tc, old_builds_list_teams_elsewhere);
	tcase_add_test(tc, budgets_from_gauges);
	tcase_add_test(tc, keys_come_in_pages);
	tcase_add_test(tc, budgets_of_one_name);
	tcase_add_test(tc, a_reset_that_jitters_stays);
}

int
main(void)
{
	Suite *s = suite_create("litellm_budgets");
	TCase *tc = tcase_create("litellm_budgets");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 60);
	add_tests(tc);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
