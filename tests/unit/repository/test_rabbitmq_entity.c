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

static void
check_entity(const struct rabbitmq_row *row, const char *want)
{
	json_t *entity = rabbitmq__entity(row, "q", "rabbitmq");
	char *text;

	ck_assert_ptr_nonnull(entity);
	text = json_dumps(entity, JSON_COMPACT | JSON_SORT_KEYS);
	ck_assert_str_eq(text, want);
	free(text);
	json_decref(entity);
}

START_TEST(an_entity_of_a_row)
{
	struct rabbitmq_row row = {.state = "running",
	    .ready = 5,
	    .unacked = 3,
	    .total = 8,
	    .consumers = 2,
	    .head_at = 1795225219,
	    .published = 2.04,
	    .delivered = 1.25,
	    .acked = -1};
	struct rabbitmq_row unknown = {.ready = -1,
	    .unacked = -1,
	    .total = -1,
	    .consumers = -1,
	    .head_at = -1,
	    .published = -1,
	    .delivered = -1,
	    .acked = -1};

	check_entity(&row,
	    "{\"consumers\":2,\"depth\":{\"blocked\":null,\"delayed\":null,"
	    "\"failed\":null,\"ready\":5,\"running\":3,\"total\":8},"
	    "\"name\":\"q\",\"oldest_submitted_at\":\"2026-11-21T01:40:19Z\","
	    "\"rates\":{\"acked_per_second\":null,"
	    "\"delivered_per_second\":1.3,\"published_per_second\":2.0},"
	    "\"state\":\"running\",\"system\":\"rabbitmq\",\"tasks\":[],"
	    "\"tasks_detail\":\"counts_only\",\"tasks_omitted\":8,"
	    "\"tasks_total\":8}");
	check_entity(&unknown,
	    "{\"consumers\":null,\"depth\":{\"blocked\":null,"
	    "\"delayed\":null,\"failed\":null,\"ready\":null,"
	    "\"running\":null,\"total\":null},\"name\":\"q\","
	    "\"oldest_submitted_at\":null,\"rates\":null,\"state\":null,"
	    "\"system\":\"rabbitmq\",\"tasks\":[],"
	    "\"tasks_detail\":\"counts_only\",\"tasks_omitted\":null,"
	    "\"tasks_total\":null}");
}
END_TEST

static bool
has_head(int64_t ready, int64_t head_at)
{
	struct rabbitmq_row row = {.ready = ready, .head_at = head_at};
	json_t *entity = rabbitmq__entity(&row, "q", "rabbitmq");
	bool has =
	    json_is_string(json_object_get(entity, "oldest_submitted_at"));

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
	struct rabbitmq_row row = {.published = 1e308, .acked = 0.04};
	json_t *entity = rabbitmq__entity(&row, "q", "rabbitmq");
	json_t *rates = json_object_get(entity, "rates");

	ck_assert(json_is_null(json_object_get(rates, "published_per_second")));
	ck_assert_double_eq(
	    json_real_value(json_object_get(rates, "acked_per_second")), 0.0);
	json_decref(entity);
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
	rabbitmq__table_clear(&table);
	ck_assert_ptr_null(rabbitmq__table_find(&table, "/", "queue.7"));
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
	tcase_add_test(tc, the_table_joins_by_vhost_and_name);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
