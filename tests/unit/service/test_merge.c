/* One agent out of what several sources know of it. */
#include <check.h>
#include <jansson.h>
#include <string.h>

#include "model/encode.h"
#include "repository/harvest.h"
#include "service/merge.h"
#include "support/suite.h"

static struct sst_contract *contract;
static struct sst_merge_memory memory;
static struct sst_error err;
static struct sst_harvest *harvests[4];
static struct sst_merge_slice slices[4];
static size_t count;

static void
setup(void)
{
	ck_assert_int_eq(sst_contract_new(&contract, &err), SST_OK);
	memset(&memory, 0, sizeof(memory));
	count = 0;
}

static void
teardown(void)
{
	size_t i;

	for (i = 0; i < count; i++)
		sst_harvest_release(&harvests[i]);
	sst_merge_memory_fini(&memory);
	sst_contract_free(&contract);
}

/* A slice as the source would give it: members over those of a bare agent. */
static void
slice(const char *source, bool fresh, const char *members)
{
	struct sst_draft_settings s = {.contract = contract,
	    .section = SST_SECTION_AGENTS,
	    .source = source,
	    .now = {INT64_C(1767225600000)}};
	struct sst_draft *d = NULL;
	json_t *tree = json_loads(members, 0, NULL);
	json_t *bare = json_pack("{s:s, s:s, s:n, s:n, s:[], s:{s:n}, s:s}",
	    "name", "a", "description", "", "max_parallel_invocations",
	    "deployment_name", "models", "activity", "active_task_ids",
	    "status", "unknown");

	ck_assert_ptr_nonnull(tree);
	ck_assert_int_eq(json_object_update(bare, tree), 0);
	json_decref(tree);
	ck_assert_int_eq(sst_draft_new(&s, &d, &err), SST_OK);
	ck_assert_int_eq(sst_draft_add(d, bare, &err), SST_OK);
	ck_assert_int_eq(sst_draft_finish(d, &harvests[count], &err), SST_OK);
	ck_assert_msg(
	    harvests[count]->count == 1, "%s", harvests[count]->flaw.text);
	sst_draft_free(&d);
	slices[count] = (struct sst_merge_slice){
	    harvests[count]->entities[0], source, fresh};
	count++;
}

static struct sst_entity *
merge_with(const struct sst_section *previous)
{
	struct sst_merge_round round;
	struct sst_entity *e = NULL;

	sst_merge_begin(&round, contract, previous, &memory);
	ck_assert_msg(sst_merge(&round, slices, count, &e, &err) == SST_OK,
	    "%s", err.text);
	sst_merge_end(&round, &memory);
	return e;
}

static json_t *
merged(void)
{
	struct sst_entity *e = merge_with(NULL);
	json_t *tree = json_loadb(sst_entity_json(e), e->json_len, 0, NULL);

	sst_entity_release(&e);
	ck_assert(sst_schema_valid(
	    contract->sections[SST_SECTION_AGENTS].schema, tree));
	return tree;
}

static void
expect(const char *want)
{
	json_t *have = merged(), *parts = json_loads(want, 0, NULL), *value;
	const char *name;
	char *text;

	ck_assert_ptr_nonnull(parts);
	json_object_foreach(parts, name, value)
	{
		text = json_dumps(json_object_get(have, name), JSON_ENCODE_ANY);
		ck_assert_msg(json_equal(json_object_get(have, name), value),
		    "%s is %s", name, text == NULL ? "absent" : text);
		free(text);
	}
	json_decref(parts);
	json_decref(have);
}

START_TEST(the_first_that_knows_tells)
{
	slice("agents/registry", true,
	    "{\"description\":\"what it is for\",\"models\":[\"m1\"]}");
	slice("agents/cluster", true,
	    "{\"description\":\"other\",\"deployment_name\":\"d\","
	    "\"models\":[\"m2\"],\"status\":\"running\"}");
	slice("agents/a2a", true,
	    "{\"max_parallel_invocations\":3,\"version\":\"1.2\","
	    "\"url\":null,\"skills\":[\"s\"]}");
	expect("{\"description\":\"what it is for\",\"models\":[\"m1\"],"
	       "\"deployment_name\":\"d\",\"max_parallel_invocations\":3,"
	       "\"status\":\"running\",\"version\":\"1.2\",\"skills\":[\"s\"],"
	       "\"source\":\"agents/registry\",\"merged_from\":"
	       "[\"agents/registry\",\"agents/cluster\",\"agents/a2a\"]}");
}
END_TEST

#define ACTIVE(id, at)                                                         \
	"{\"status\":\"busy\",\"activity\":{\"active_task_ids\":[{\"id\":"     \
	"\"" id                                                                \
	"\",\"started_on\":null,\"status\":\"running\"}],\"updated_at\":\"" at \
	"\"}}"
#define ACTIVITY(id, at)                                                       \
	"{\"active_task_ids\":[{\"id\":\"" id                                  \
	"\",\"started_on\":null,\"status\":\"running\"}],\"updated_at\":\"" at \
	"\"}"

START_TEST(activity_is_the_newest)
{
	slice("agents/one", true, ACTIVE("old", "2026-01-01T00:00:01Z"));
	slice("agents/two", true, ACTIVE("new", "2026-01-01T00:00:02Z"));
	expect("{\"activity\":" ACTIVITY("new", "2026-01-01T00:00:02Z") "}");
}
END_TEST

START_TEST(the_order_decides_between_activities_of_one_second)
{
	slice("agents/one", true, ACTIVE("first", "2026-01-01T00:00:01Z"));
	slice("agents/two", true, ACTIVE("second", "2026-01-01T00:00:01Z"));
	expect("{\"activity\":" ACTIVITY("first", "2026-01-01T00:00:01Z") "}");
}
END_TEST

START_TEST(a_source_that_is_silent_does_not_outvote_a_fresh_one)
{
	slice("agents/one", true, ACTIVE("old", "2026-01-01T00:00:01Z"));
	slice("agents/two", false, ACTIVE("new", "2026-01-01T00:00:02Z"));
	/* the date is still that of the last change of any of them */
	expect("{\"activity\":" ACTIVITY("old", "2026-01-01T00:00:02Z") "}");
}
END_TEST

START_TEST(known_activity_beats_unknown_activity_however_new)
{
	slice("agents/one", true,
	    "{\"activity\":{\"active_task_ids\":null,"
	    "\"updated_at\":\"2026-01-01T00:00:09Z\"},\"status\":\"offline\"}");
	slice("agents/two", true, ACTIVE("t", "2026-01-01T00:00:02Z"));
	expect("{\"status\":\"busy\",\"activity\":" ACTIVITY(
	    "t", "2026-01-01T00:00:09Z") "}");
}
END_TEST

START_TEST(nobody_knows)
{
	slice("agents/one", true, "{}");
	slice("agents/two", false, "{}");
	expect(
	    "{\"status\":\"unknown\",\"description\":\"\",\"models\":[],"
	    "\"deployment_name\":null,\"activity\":{\"active_task_ids\":null,"
	    "\"updated_at\":\"2026-01-01T00:00:00Z\"}}");
}
END_TEST

START_TEST(the_same_slices_are_merged_once)
{
	struct sst_entity *a, *b, *c;

	slice("agents/one", true, "{}");
	slice("agents/two", true, "{\"version\":\"1\"}");
	a = merge_with(NULL);
	b = merge_with(NULL);
	ck_assert_ptr_eq(a, b);
	slices[1].fresh = false;
	c = merge_with(NULL);
	ck_assert_ptr_ne(a, c);
	sst_entity_release(&a);
	sst_entity_release(&b);
	sst_entity_release(&c);
}
END_TEST

START_TEST(another_date_alone_is_no_change)
{
	struct sst_section *published = NULL;
	struct sst_entity *a, *b;

	slice("agents/one", true, "{}");
	slice("agents/two", true, ACTIVE("t", "2026-01-01T00:00:02Z"));
	a = merge_with(NULL);
	ck_assert_int_eq(
	    sst_section_new(SST_SECTION_AGENTS, &a, 1, &published, &err),
	    SST_OK);
	sst_harvest_release(&harvests[1]);
	count = 1;
	slice("agents/two", true, ACTIVE("t", "2026-01-01T00:00:07Z"));
	b = merge_with(published);
	ck_assert_ptr_eq(a, b);
	sst_entity_release(&a);
	sst_entity_release(&b);
	sst_section_release(&published);
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_test(tc, the_first_that_knows_tells);
	tcase_add_test(tc, activity_is_the_newest);
	tcase_add_test(tc, the_order_decides_between_activities_of_one_second);
	tcase_add_test(
	    tc, a_source_that_is_silent_does_not_outvote_a_fresh_one);
	tcase_add_test(tc, known_activity_beats_unknown_activity_however_new);
	tcase_add_test(tc, nobody_knows);
	tcase_add_test(tc, the_same_slices_are_merged_once);
	tcase_add_test(tc, another_date_alone_is_no_change);
}

int
main(void)
{
	const struct suite_plan plan = {
	    "merge", add_tests, setup, teardown, 0};

	return suite_run(&plan);
}
