/* Names, entities and the join of queues: what the document is told. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/queues/rabbitmq_parse.h"
#include "repository/queues/rabbitmq_table.h"

START_TEST(no_two_queues_share_a_name)
{
	static const struct {
		const char *vhost, *name, *want;
	} cases[] = {
	    {"/", "agent.tasks", "agent.tasks"},
	    {"agents/prod", "inbox", "agents%2Fprod/inbox"},
	    {"/", "agents%2Fprod/inbox", "%2F/agents%2Fprod/inbox"},
	    {"agents%2Fprod", "inbox", "agents%252Fprod/inbox"},
	    {"/", "agent/plan", "%2F/agent/plan"},
	    {"agent", "plan", "agent/plan"},
	    {"%2F", "agent/plan", "%252F/agent/plan"},
	    {"a\nb", "c", "a%0Ab/c"},
	    {"\xc3\xa9", "c", "\xc3\xa9/c"},
	};
	struct sst_buf name = SST_BUF_INIT;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sst_buf_clear(&name);
		rabbitmq__name(cases[i].vhost, cases[i].name, &name);
		ck_assert_str_eq(name.data, cases[i].want);
	}
	sst_buf_fini(&name);
}
END_TEST

static const struct rabbitmq_row unknown = RABBITMQ_ROW_INIT;

/* What is begun of it; the caller's. */
static json_t *
entity_of(const struct rabbitmq_row *row, const struct rabbitmq_names *names)
{
	struct queue_build build;
	struct sst_error err;
	json_t *queue;

	ck_assert_int_eq(rabbitmq__entity(NULL, row, names, &build, &err),
	    SST_OK);
	queue = json_incref(build.queue);
	queue__drop(&build);
	return queue;
}

static const struct rabbitmq_names plain = {.name = "q", .system = "rabbitmq"};

static void
check_entity(const struct rabbitmq_row *row, const struct rabbitmq_names *names,
    const char *want)
{
	json_t *entity = entity_of(row, names);
	char *text = json_dumps(entity, JSON_COMPACT | JSON_SORT_KEYS);

	ck_assert_str_eq(text, want);
	free(text);
	json_decref(entity);
}

START_TEST(an_entity_of_a_row)
{
	struct rabbitmq_row row = unknown;
	const struct rabbitmq_names names = {.name = "q",
	    .system = "rabbitmq",
	    .dead_letter_queue = "dead",
	    .keeps_dead = true};

	row.type = "quorum";
	row.state = "running";
	row.ready = 5;
	row.unacked = 3;
	row.total = 8;
	row.consumers = 2;
	row.head_at = 1795225219;
	row.published = 2.04;
	row.delivered = 1.25;
	check_entity(&row, &names,
	    "{\"consumers\":2,\"dead_letter_queue\":\"dead\",\"depth\":"
	    "{\"dead\":8,\"ready\":5,\"running\":3,\"total\":8},"
	    "\"name\":\"q\",\"oldest_submitted_at\":\"2026-11-21T01:40:19Z\","
	    "\"rates\":{\"acked_per_second\":null,"
	    "\"delivered_per_second\":1.3,\"published_per_second\":2.0},"
	    "\"state\":\"running\",\"system\":\"rabbitmq\",\"tasks\":[],"
	    "\"tasks_total\":8,\"type\":\"quorum\"}");
	check_entity(&unknown, &plain,
	    "{\"consumers\":null,\"depth\":{\"ready\":null,"
	    "\"running\":null,\"total\":null},\"name\":\"q\","
	    "\"system\":\"rabbitmq\",\"tasks\":[],\"tasks_total\":null}");
}
END_TEST

static bool
has_head(int64_t ready, int64_t head_at)
{
	struct rabbitmq_row row = unknown;
	json_t *entity;
	bool has;

	row.ready = ready;
	row.head_at = head_at;
	entity = entity_of(&row, &plain);
	has = json_is_string(json_object_get(entity, "oldest_submitted_at"));
	json_decref(entity);
	return has;
}

START_TEST(a_head_that_makes_no_sense_is_unknown)
{
	ck_assert(has_head(1, 1795225219));
	ck_assert(has_head(1, 253402300799));
	ck_assert(!has_head(0, 1795225219));
	ck_assert(!has_head(1, 1795225219000));
	ck_assert(!has_head(1, INT64_MAX));
	ck_assert(!has_head(1, 0));
}
END_TEST

START_TEST(rates_that_make_no_sense_are_unknown)
{
	struct rabbitmq_row row = unknown;
	json_t *entity, *rates;

	row.published = 1e308;
	row.acked = 0.04;
	entity = entity_of(&row, &plain);
	rates = json_object_get(entity, "rates");
	ck_assert(json_is_null(json_object_get(rates, "published_per_second")));
	ck_assert_double_eq(
	    json_real_value(json_object_get(rates, "acked_per_second")), 0.0);
	json_decref(entity);
}
END_TEST

/* Higher first; a level that is not told is not 0. */
START_TEST(priorities_are_in_the_order_they_are_taken)
{
	static const struct {
		int64_t max;
		int64_t levels[4];
		size_t count;
		const char *want;
	} cases[] = {
	    {10, {4, -1, 2, 0}, 4,
		"[{\"level\":\"normal\",\"raw\":\"3\",\"ready\":0},"
		"{\"level\":\"low\",\"raw\":\"2\",\"ready\":2},"
		"{\"level\":\"low\",\"raw\":\"0\",\"ready\":4}]"},
	    {3, {1, 2, 3, 4}, 4,
		"[{\"level\":\"critical\",\"raw\":\"3\",\"ready\":4},"
		"{\"level\":\"high\",\"raw\":\"2\",\"ready\":3},"
		"{\"level\":\"normal\",\"raw\":\"1\",\"ready\":2},"
		"{\"level\":\"low\",\"raw\":\"0\",\"ready\":1}]"},
	    /* of another queue of that name, say */
	    {1, {1, 2, 3, 4}, 4,
		"[{\"level\":\"critical\",\"raw\":\"1\",\"ready\":2},"
		"{\"level\":\"low\",\"raw\":\"0\",\"ready\":1}]"},
	    {10, {0}, 0, NULL},
	    {0, {1}, 1, NULL},
	    {-1, {1}, 1, NULL},
	};
	struct rabbitmq_row row = unknown;
	json_t *entity, *list;
	char *text;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		row.max_priority = cases[i].max;
		row.levels = cases[i].levels;
		row.level_count = cases[i].count;
		entity = entity_of(&row, &plain);
		list = json_object_get(entity, "priorities");
		text = list == NULL
			   ? NULL
			   : json_dumps(list, JSON_COMPACT | JSON_SORT_KEYS);
		if (cases[i].want == NULL)
			ck_assert_ptr_null(text);
		else
			ck_assert_str_eq(text, cases[i].want);
		free(text);
		json_decref(entity);
	}
}
END_TEST

START_TEST(the_table_joins_by_vhost_and_name)
{
	struct rabbitmq_table table = {0};
	struct rabbitmq_cell *cell;
	char name[32];
	bool fresh;
	int i;

	ck_assert_ptr_null(rabbitmq__table_find(&table, "/", "a"));
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "queue.%d", i);
		cell = rabbitmq__table_put(&table, "/", name, &fresh);
		ck_assert(fresh);
		ck_assert_int_eq(cell->row.consumers, -1);
		cell->row.consumers = i;
	}
	ck_assert_uint_eq(table.count, 1000);
	cell = rabbitmq__table_put(&table, "/", "queue.7", &fresh);
	ck_assert(!fresh);
	ck_assert_int_eq(cell->row.consumers, 7);
	ck_assert_ptr_null(rabbitmq__table_find(&table, "x", "queue.7"));
	ck_assert_int_eq(
	    rabbitmq__table_find(&table, "/", "queue.999")->row.consumers, 999);
	for (i = 0, cell = table.first; cell != NULL; cell = cell->next)
		ck_assert_int_eq(cell->row.consumers, i++);
	ck_assert_int_eq(i, 1000);
	rabbitmq__table_clear(&table);
	ck_assert_ptr_null(rabbitmq__table_find(&table, "/", "queue.7"));
	ck_assert_ptr_null(table.first);
	rabbitmq__table_fini(&table);
}
END_TEST

/* The answer that a row came with is gone when the row is shown. */
START_TEST(the_table_keeps_what_a_row_says)
{
	struct rabbitmq_table table = {0};
	struct rabbitmq_row row = unknown;
	int64_t levels[] = {1, 2, 3};
	char name[] = "name", exchange[] = "dlx", *large;
	struct rabbitmq_cell *cell;
	bool fresh;

	large = calloc(1, 100001);
	ck_assert_ptr_nonnull(large);
	memset(large, 'x', 100000);
	row.vhost = "/";
	row.name = name;
	row.dead_exchange = exchange;
	row.state = large;
	row.levels = levels;
	row.level_count = 3;
	cell = rabbitmq__table_keep(&table, &row, &fresh);
	ck_assert(fresh);
	name[0] = exchange[0] = 'X';
	levels[2] = 7;
	free(large);
	ck_assert_str_eq(cell->row.name, "name");
	ck_assert_str_eq(cell->row.dead_exchange, "dlx");
	ck_assert_uint_eq(strlen(cell->row.state), 100000);
	ck_assert_int_eq(cell->row.levels[2], 3);
	ck_assert_ptr_null(cell->row.policy);
	/* the first one stays */
	name[0] = 'n';
	row.state = "other";
	ck_assert_ptr_eq(rabbitmq__table_keep(&table, &row, &fresh), cell);
	ck_assert(!fresh);
	ck_assert_uint_eq(strlen(cell->row.state), 100000);
	rabbitmq__table_fini(&table);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("rabbitmq_entity");
	TCase *tc = tcase_create("rabbitmq_entity");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, no_two_queues_share_a_name);
	tcase_add_test(tc, an_entity_of_a_row);
	tcase_add_test(tc, a_head_that_makes_no_sense_is_unknown);
	tcase_add_test(tc, rates_that_make_no_sense_are_unknown);
	tcase_add_test(tc, rates_that_make_no_sense_are_unknown);
	tcase_add_test(tc, priorities_are_in_the_order_they_are_taken);
	tcase_add_test(tc, the_table_joins_by_vhost_and_name);
	tcase_add_test(tc, the_table_keeps_what_a_row_says);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
