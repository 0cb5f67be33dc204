/*
 * From plain structs to an entity of the section. Ways to fail: unknown shown
 * as 0, a member the schema does not have, a count that does not add up, bytes
 * that are no text, memory that runs out.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "repository/harvest.h"
#include "repository/queues/pick.h"
#include "repository/queues/row.h"
#include "support/starve.h"
#include "support/suite.h"

static struct sst_contract *contract;
static struct sst_draft *draft;
static struct sst_harvest *harvest;
static struct sst_error err;

static void
setup(void)
{
	struct sst_draft_settings s = {.section = SST_SECTION_QUEUES,
	    .source = "queues/test",
	    .now = {INT64_C(1767225600000)}};

	ck_assert_int_eq(sst_contract_new(&contract, &err), SST_OK);
	s.contract = contract;
	ck_assert_int_eq(sst_draft_new(&s, &draft, &err), SST_OK);
}

static void
teardown(void)
{
	sst_harvest_release(&harvest);
	sst_draft_free(&draft);
	sst_contract_free(&contract);
}

/* The only entity, without what the draft adds to it; the caller's. */
static char *
finished(void)
{
	struct sst_buf text = SST_BUF_INIT;
	json_t *tree;
	char *out;

	ck_assert_int_eq(sst_draft_finish(draft, &harvest, &err), SST_OK);
	ck_assert_msg(harvest->count == 1 && harvest->rejected == 0, "%s",
	    harvest->flaw.text);
	sst_entity_encode(harvest->entities[0], &text);
	tree = json_loadb(text.data, text.len, 0, NULL);
	sst_buf_fini(&text);
	json_object_del(tree, "updated_at");
	json_object_del(tree, "source");
	out = json_dumps(tree, JSON_COMPACT);
	json_decref(tree);
	return out;
}

static void
expect(const char *want)
{
	char *have = finished();

	ck_assert_str_eq(have, want);
	free(have);
}

START_TEST(what_is_not_known_is_null)
{
	struct queue_row row = QUEUE_ROW_INIT;
	struct queue_task task = QUEUE_TASK_INIT;
	struct queue_build build;

	row.name = queue__text("q");
	row.system = "s";
	task.id = queue__text("t");
	ck_assert_int_eq(queue__begin(draft, &row, &build, &err), SST_OK);
	ck_assert_int_eq(queue__add_task(&build, &task, &err), SST_OK);
	ck_assert_int_eq(queue__finish(&build, &err), SST_OK);
	expect("{\"name\":\"q\",\"tasks\":[{\"id\":\"t\",\"priority\":"
	       "{\"level\":\"normal\",\"raw\":null},\"submitted_at\":null,"
	       "\"status\":\"unknown\"}],\"system\":\"s\",\"depth\":"
	       "{\"ready\":null,\"running\":null,\"total\":null},"
	       "\"consumers\":null,\"tasks_detail\":\"counts_only\","
	       "\"tasks_total\":null,\"tasks_omitted\":null}");
}
END_TEST

START_TEST(what_is_known_is_told)
{
	const struct queue_blocker blockers[] = {
	    {queue__text("b"), QUEUE_TEXT_NONE, QUEUE_FAILED},
	    {queue__text("a"), queue__text("other"), QUEUE_RUNNING},
	    {queue__text("b"), queue__text("more"), QUEUE_QUEUED},
	    {queue__text("a"), queue__text("other"), QUEUE_RUNNING}};
	struct queue_row row = QUEUE_ROW_INIT;
	struct queue_task task = QUEUE_TASK_INIT;
	struct queue_priority low = {.level = QUEUE_LOW,
	    .has_number = true,
	    .number = 9};
	struct queue_build build;

	row.name = queue__text("q");
	row.system = "s";
	row.state = queue__text("paused");
	row.type = queue__text("classic");
	row.dead_letter_queue = queue__text("dead");
	row.depth = (struct queue_depth){1, 2, 3, 4, 5, 6, 21};
	row.consumers = 0;
	row.oldest_submitted_at.ms = INT64_C(1767225600000);
	row.detail = QUEUE_FULL;
	task.id = queue__text("t");
	task.type = queue__text("k");
	task.status = QUEUE_BLOCKED;
	task.priority = low;
	task.priority.scheme = "lower first";
	task.position = 0;
	task.submitted_at.ms = INT64_C(1767225600999);
	task.not_before.ms = INT64_C(1767225601000);
	task.started_at.ms = INT64_C(1767225602000);
	task.attempts = 0;
	task.max_attempts = 3;
	task.assigned_to = queue__text("w");
	task.blockers = blockers;
	task.blocker_count = 4;
	task.deadlocked = task.orphaned = true;
	task.error = queue__text("password=hunter2 is wrong");
	ck_assert_int_eq(queue__begin(draft, &row, &build, &err), SST_OK);
	ck_assert_int_eq(queue__add_priority(&build, &low, 7, &err), SST_OK);
	ck_assert_int_eq(queue__add_task(&build, &task, &err), SST_OK);
	ck_assert_int_eq(queue__finish(&build, &err), SST_OK);
	expect(
	    "{\"name\":\"q\",\"tasks\":[{\"id\":\"t\",\"priority\":{\"level\":"
	    "\"low\",\"raw\":9,\"scheme\":\"lower first\",\"position\":0},"
	    "\"submitted_at\":\"2026-01-01T00:00:00Z\",\"type\":\"k\","
	    "\"status\":\"blocked\",\"attempts\":0,\"max_attempts\":3,"
	    "\"not_before\":\"2026-01-01T00:00:01Z\",\"started_at\":"
	    "\"2026-01-01T00:00:02Z\",\"assigned_to\":\"w\",\"blocked_by\":["
	    "{\"id\":\"a\",\"queue\":\"other\",\"status\":\"running\"},"
	    "{\"id\":\"b\",\"queue\":null,\"status\":\"failed\"},"
	    "{\"id\":\"b\",\"queue\":\"more\",\"status\":\"queued\"}],"
	    "\"deadlocked\":true,\"orphaned\":true,\"error\":\"password="
	    "[redacted] is wrong\"}],\"system\":\"s\",\"depth\":{\"ready\":1,"
	    "\"running\":2,\"delayed\":3,\"blocked\":4,\"failed\":5,\"dead\":"
	    "6,\"total\":21},\"priorities\":[{\"raw\":\"9\",\"level\":\"low\","
	    "\"ready\":7}],\"consumers\":0,\"state\":\"paused\",\"type\":"
	    "\"classic\",\"dead_letter_queue\":\"dead\","
	    "\"oldest_submitted_at\":\"2026-01-01T00:00:00Z\","
	    "\"tasks_detail\":\"window\",\"tasks_total\":21,"
	    "\"tasks_omitted\":20}");
}
END_TEST

/* A task that is not submitted yet is in no count. */
START_TEST(counts_add_up)
{
	static const struct {
		int64_t total;
		int listed, not_yet;
		enum queue_detail detail;
		const char *want;
	} cases[] = {
	    {3, 3, 0, QUEUE_WINDOW, "full 3 0"},
	    {3, 3, 2, QUEUE_WINDOW, "full 3 0"},
	    {5, 3, 2, QUEUE_FULL, "window 5 2"},
	    {2, 3, 0, QUEUE_FULL, "full 2 0"},
	    {QUEUE_UNKNOWN, 3, 0, QUEUE_WINDOW, "window -1 -1"},
	    {QUEUE_UNKNOWN, 3, 0, QUEUE_FULL, "window -1 -1"},
	    {7, 0, 0, QUEUE_COUNTS_ONLY, "counts_only 7 7"},
	    {7, 0, 0, QUEUE_UNAVAILABLE, "unavailable 7 7"},
	};
	struct queue_row row = QUEUE_ROW_INIT;
	struct queue_task task = QUEUE_TASK_INIT;
	struct queue_build build;
	json_t *tree, *total, *omitted;
	char id[16], have[64], *text;
	int i;

	row.name = queue__text("q");
	row.system = "s";
	row.depth.total = cases[_i].total;
	row.detail = cases[_i].detail;
	ck_assert_int_eq(queue__begin(draft, &row, &build, &err), SST_OK);
	for (i = 0; i < cases[_i].listed + cases[_i].not_yet; i++) {
		snprintf(id, sizeof(id), "t%d", i);
		task.id = queue__text(id);
		task.not_yet = i >= cases[_i].listed;
		ck_assert_int_eq(queue__add_task(&build, &task, &err), SST_OK);
	}
	ck_assert_int_eq(queue__finish(&build, &err), SST_OK);
	text = finished();
	tree = json_loads(text, 0, NULL);
	total = json_object_get(tree, "tasks_total");
	omitted = json_object_get(tree, "tasks_omitted");
	snprintf(have, sizeof(have), "%s %lld %lld",
	    json_string_value(json_object_get(tree, "tasks_detail")),
	    json_is_null(total) ? -1LL : json_integer_value(total),
	    json_is_null(omitted) ? -1LL : json_integer_value(omitted));
	ck_assert_str_eq(have, cases[_i].want);
	json_decref(tree);
	free(text);
}
END_TEST

START_TEST(bytes_that_are_no_text_are_replaced)
{
	struct queue_row row = QUEUE_ROW_INIT;
	struct queue_task task = QUEUE_TASK_INIT;
	struct queue_build build;
	char *text;

	row.name = (struct queue_text){"a\xff\n\x06z", 5};
	row.system = "s";
	task.id = (struct queue_text){"\xc3(", 2};
	ck_assert_int_eq(queue__begin(draft, &row, &build, &err), SST_OK);
	ck_assert_int_eq(queue__add_task(&build, &task, &err), SST_OK);
	ck_assert_int_eq(queue__finish(&build, &err), SST_OK);
	text = finished();
	ck_assert_ptr_nonnull(strstr(text, "\"a\xef\xbf\xbd z\""));
	ck_assert_ptr_nonnull(strstr(text, "\"id\":\"\xef\xbf\xbd(\""));
	free(text);
}
END_TEST

static int
make(void)
{
	static const struct queue_blocker blocker = {
	    {"a\xff", 2}, {"q", 1}, QUEUE_QUEUED};
	struct queue_row row = QUEUE_ROW_INIT;
	struct queue_task task = QUEUE_TASK_INIT;
	struct queue_build build = {.queue = NULL};
	int code;

	row.name = queue__text("q");
	row.system = "s";
	row.depth.total = 1;
	task.id = queue__text("t");
	task.blockers = &blocker;
	task.blocker_count = 1;
	code = queue__begin(draft, &row, &build, &err);
	if (code == SST_OK)
		code = queue__add_priority(&build, &task.priority, 1, &err);
	if (code == SST_OK)
		code = queue__add_task(&build, &task, &err);
	if (code == SST_OK)
		return queue__finish(&build, &err);
	queue__drop(&build);
	return code;
}

START_TEST(each_allocation_can_fail)
{
	bool failed = true;
	long n;
	int code;

	for (n = 0; failed && n < 2000; n++) {
		starve_after(n);
		code = make();
		failed = starve_end();
		/* a text that could not be made may be made the other way */
		ck_assert_msg(code == SST_OK || (failed && code == SST_NOMEM),
		    "allocation %ld: %s", n, sst_code_name(code));
	}
	ck_assert(!failed && n > 20);
}
END_TEST

START_TEST(patterns_pick)
{
	static const struct {
		const char *include, *exclude, *name;
		bool picked;
	} cases[] = {
	    {NULL, NULL, "a", true},
	    {"a*", NULL, "ab", true},
	    {"a*", NULL, "b", false},
	    {NULL, "a?", "ab", false},
	    {NULL, "a?", "a", true},
	    {"a*", "ab", "ab", false},
	    {"*", NULL, "a/b", true},
	};
	char *in = (char *)(uintptr_t)cases[_i].include;
	char *ex = (char *)(uintptr_t)cases[_i].exclude;
	struct queue_pick pick = {
	    NULL, {&in, in != NULL}, {&ex, ex != NULL}};

	ck_assert(queue__picked(&pick, cases[_i].name) == cases[_i].picked);
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_test(tc, what_is_not_known_is_null);
	tcase_add_test(tc, what_is_known_is_told);
	tcase_add_loop_test(tc, counts_add_up, 0, 8);
	tcase_add_test(tc, bytes_that_are_no_text_are_replaced);
	tcase_add_test(tc, each_allocation_can_fail);
	tcase_add_loop_test(tc, patterns_pick, 0, 7);
}

int
main(void)
{
	const struct suite_plan plan = {
	    "queue rows", add_tests, setup, teardown, 60};

	starve_init();
	return suite_run(&plan);
}
