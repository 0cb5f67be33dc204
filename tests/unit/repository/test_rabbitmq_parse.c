/*
 * What the management API sends, as recorded, and each way in which it could
 * be wrong: a bad row is named and left out, the others stay; what is not told
 * is unknown, never 0.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_rabbitmq_parse.h"

struct rabbitmq_seen seen;

static struct rabbitmq_page page;
static struct sst_error err;

static int
on_row(void *ctx, const struct rabbitmq_row *row, struct sst_error *e)
{
	struct sst_buf name = SST_BUF_INIT;
	struct rabbitmq_row *to = &seen.rows[seen.row_count];

	(void)ctx;
	(void)e;
	ck_assert_uint_lt(seen.row_count, ROWS_MAX);
	rabbitmq__name(row->vhost, row->name, &name);
	snprintf(
	    seen.names[seen.row_count], sizeof(seen.names[0]), "%s", name.data);
	sst_buf_fini(&name);
	*to = *row;
	/* what a test may still look at */
	to->state = row->state == NULL ? NULL : "told";
	to->type = NULL;
	if (row->level_count > 0)
		memcpy(seen.levels, row->levels,
		    row->level_count * sizeof(seen.levels[0]));
	to->levels = seen.levels;
	seen.row_count++;
	return SST_OK;
}

static void
on_reject(void *ctx, const char *where, const char *why)
{
	(void)ctx;
	if (seen.reject_count++ > 0)
		return;
	snprintf(seen.pointer, sizeof(seen.pointer), "%s", where);
	snprintf(seen.reason, sizeof(seen.reason), "%s", why);
}

const struct rabbitmq_sink seen_sink = {on_row, on_reject, NULL};

void
seen_forget(void)
{
	memset(&seen, 0, sizeof(seen));
	memset(&page, 0, sizeof(page));
	sst_error_clear(&err);
}

char *
recording_read(const char *file)
{
	char path[512];
	FILE *in;
	char *text = calloc(1, 256 * 1024);
	size_t n;

	snprintf(path, sizeof(path), RECORDINGS "%s", file);
	in = fopen(path, "rb");
	ck_assert_msg(in != NULL && text != NULL, "%s", path);
	n = fread(text, 1, 256 * 1024 - 1, in);
	fclose(in);
	text[n] = '\0';
	return text;
}

static int
parse(const char *text)
{
	seen_forget();
	return rabbitmq__parse_queues(
	    text, strlen(text), &seen_sink, &page, &err);
}

static int
parse_file(const char *file)
{
	char *text = recording_read(file);
	int code = parse(text);

	free(text);
	return code;
}

static const struct rabbitmq_row *
row_of(const char *name)
{
	size_t i;

	for (i = 0; i < seen.row_count; i++) {
		if (strcmp(seen.names[i], name) == 0)
			return &seen.rows[i];
	}
	ck_abort_msg("no queue %s", name);
	return NULL;
}

static const struct {
	const char *file;
	size_t rows;
	bool paged;
} recordings[] = {
    {"world/monitor_live.json", 10, true},
    {"world/monitor_stats.json", 10, true},
    {"world/monitor_fresh_stats.json", 10, true},
    {"world/monitor_live_page1.json", 4, true},
    {"world/monitor_live_prod.json", 1, true},
    {"world/mgmt_live.json", 10, true},
    {"world/blind_live.json", 0, true},
    {"world/monitor_names.json", 10, true},
    {"world/half_live.json", 9, true},
    {"cluster/up_live.json", 5, true},
    {"cluster/half_live.json", 3, true},
    {"cluster/half_names.json", 5, true},
    {"cluster/half_stats.json", 5, true},
    {"first/queues_all.json", 19, false},
    {"first/queues_page1.json", 5, true},
    {"first/queues_page_columns.json", 13, true},
    {"first/queues_columns_nopage.json", 13, false},
    {"first/queues_disable_stats.json", 13, false},
    {"first/queues_disable_stats_totals.json", 13, false},
    {"first/queues_page_disable_stats.json", 13, true},
    {"first/noperm_queues_all.json", 0, false},
    {"first/noperm_queues_page1.json", 0, true},
};

START_TEST(recordings_are_understood)
{
	ck_assert_msg(parse_file(recordings[_i].file) == SST_OK, "%s: %s",
	    recordings[_i].file, err.text);
	ck_assert_uint_eq(seen.row_count, recordings[_i].rows);
	ck_assert_uint_eq(page.rows, recordings[_i].rows);
	ck_assert_uint_eq(seen.reject_count, 0);
	ck_assert_int_eq(page.paged, recordings[_i].paged);
}
END_TEST

START_TEST(a_row_with_everything)
{
	const struct rabbitmq_row *row;

	ck_assert_int_eq(parse_file("first/queues_all.json"), SST_OK);
	row = row_of("agent.tasks");
	ck_assert_int_eq(row->total, 3286);
	ck_assert_int_eq(row->consumers, 2);
	ck_assert_int_eq(row->head_at, 1795225219);
	ck_assert_double_eq(row->published, 2.0);
	ck_assert_double_eq(row->delivered, 1.2);
	ck_assert_double_eq(row->acked, 1.2);
	ck_assert_int_eq(row->ready + row->unacked, row->total);
	/* message_stats is [] or absent */
	row = row_of("amq.gen-3W5hZaVWF6wyRMlRy0cifg");
	ck_assert(row->exclusive);
	ck_assert_double_lt(row->published, 0);
	/* never published to by name */
	row = row_of("agent.dead");
	ck_assert_double_lt(row->published, 0);
	ck_assert_double_eq(row->acked, 0);
	row_of("%2F/agent/plan \xc3\xa9");
	row_of("agents%2Fprod/inbox");
}
END_TEST

START_TEST(what_is_not_told_is_unknown)
{
	size_t i;

	ck_assert_int_eq(parse_file("world/monitor_fresh_stats.json"), SST_OK);
	for (i = 0; i < seen.row_count; i++) {
		ck_assert_int_eq(seen.rows[i].total, -1);
		ck_assert_int_eq(seen.rows[i].ready, -1);
		ck_assert_int_eq(seen.rows[i].unacked, -1);
		ck_assert_int_eq(seen.rows[i].consumers, -1);
		ck_assert_int_eq(seen.rows[i].head_at, -1);
		ck_assert_double_lt(seen.rows[i].acked, 0);
		ck_assert_ptr_null(seen.rows[i].state);
	}
	/* no live totals of streams */
	ck_assert_int_eq(parse_file("world/monitor_live.json"), SST_OK);
	ck_assert_int_eq(row_of("agent.stream")->total, -1);
	ck_assert_int_eq(row_of("agent.tasks")->total, 21);
	ck_assert_int_eq(row_of("agent.tasks")->consumers, -1);
}
END_TEST

START_TEST(pages_say_what_they_are_of)
{
	ck_assert_int_eq(parse_file("world/monitor_live_page2.json"), SST_OK);
	ck_assert_int_eq(page.page_count, 3);
	ck_assert_int_eq(page.total, 10);
	ck_assert_int_eq(parse("[]"), SST_OK);
	ck_assert(!page.paged);
	ck_assert_int_eq(page.page_count, 1);
	ck_assert_int_eq(page.total, 0);
}
END_TEST

#define GOOD "{\"name\":\"good\",\"vhost\":\"/\",\"messages\":1}"
#define NAMED "{\"name\":\"n\",\"vhost\":\"/\","

static const struct {
	const char *row;
	const char *pointer; /* below the row */
} bad_rows[] = {
    {"42", ""},
    {"[]", ""},
    {"null", ""},
    {"{}", "/name"},
    {"{\"name\":7,\"vhost\":\"/\"}", "/name"},
    {"{\"name\":null,\"vhost\":\"/\"}", "/name"},
    {"{\"name\":\"n\"}", "/vhost"},
    {"{\"name\":\"n\",\"vhost\":[]}", "/vhost"},
    {NAMED "\"type\":1}", "/type"},
    {NAMED "\"state\":{}}", "/state"},
    {NAMED "\"exclusive\":\"yes\"}", "/exclusive"},
    {NAMED "\"messages\":\"7\"}", "/messages"},
    {NAMED "\"messages\":-1}", "/messages"},
    {NAMED "\"messages\":1.5}", "/messages"},
    {NAMED "\"messages\":true}", "/messages"},
    {NAMED "\"messages_ready\":[]}", "/messages_ready"},
    {NAMED "\"messages_unacknowledged\":{}}", "/messages_unacknowledged"},
    {NAMED "\"consumers\":\"none\"}", "/consumers"},
    {NAMED "\"head_message_timestamp\":\"now\"}", "/head_message_timestamp"},
    {NAMED "\"node\":7}", "/node"},
    {NAMED "\"policy\":[]}", "/policy"},
    {NAMED "\"members\":2}", "/members"},
    {NAMED "\"online\":\"all\"}", "/online"},
    {NAMED "\"arguments\":7}", "/arguments"},
    {NAMED "\"arguments\":[7]}", "/arguments"},
    {NAMED "\"arguments\":{\"x-max-priority\":\"9\"}}",
	"/arguments/x-max-priority"},
    {NAMED "\"arguments\":{\"x-max-priority\":256}}",
	"/arguments/x-max-priority"},
    {NAMED "\"arguments\":{\"x-dead-letter-exchange\":[]}}",
	"/arguments/x-dead-letter-exchange"},
    {NAMED "\"arguments\":{\"x-dead-letter-routing-key\":1}}",
	"/arguments/x-dead-letter-routing-key"},
    {NAMED "\"message_stats\":7}", "/message_stats"},
    {NAMED "\"message_stats\":[1]}", "/message_stats"},
    {NAMED "\"message_stats\":{\"ack_details\":7}}",
	"/message_stats/ack_details"},
    {NAMED "\"message_stats\":{\"publish_details\":{\"rate\":[]}}}",
	"/message_stats/publish_details"},
    {NAMED "\"message_stats\":{\"deliver_get_details\":{\"rate\":\"x\"}}}",
	"/message_stats/deliver_get_details"},
};

START_TEST(a_bad_row_is_named_and_the_others_stay)
{
	char text[512], want[128];

	snprintf(
	    text, sizeof(text), "[" GOOD ",%s," GOOD "]", bad_rows[_i].row);
	ck_assert_int_eq(parse(text), SST_OK);
	ck_assert_uint_eq(seen.row_count, 2);
	ck_assert_uint_eq(seen.reject_count, 1);
	ck_assert_uint_eq(page.rejected, 1);
	snprintf(want, sizeof(want), "/1%s", bad_rows[_i].pointer);
	ck_assert_str_eq(seen.pointer, want);
	ck_assert_uint_gt(strlen(seen.reason), 0);
	/* the same in a page */
	snprintf(text, sizeof(text),
	    "{\"items\":[%s," GOOD "],\"page_count\":1,\"total_count\":2}",
	    bad_rows[_i].row);
	ck_assert_int_eq(parse(text), SST_OK);
	ck_assert_uint_eq(seen.row_count, 1);
	snprintf(want, sizeof(want), "/items/0%s", bad_rows[_i].pointer);
	ck_assert_str_eq(seen.pointer, want);
}
END_TEST

/* Spellings of "not known" that are no error. */
START_TEST(odd_spellings_of_unknown)
{
	ck_assert_int_eq(
	    parse("[" NAMED "\"messages\":null,\"consumers\":\"\","
		  "\"messages_ready\":\"undefined\",\"arguments\":[],"
		  "\"members\":null,\"policy\":null,\"node\":null,"
		  "\"head_message_timestamp\":\"\",\"message_stats\":[],"
		  "\"exclusive\":null,\"state\":null}," NAMED
		  "\"messages_ready\":2,\"messages_unacknowledged\":3,"
		  "\"message_stats\":{\"ack_details\":{\"rate\":-0.2},"
		  "\"publish_details\":{}}}]"),
	    SST_OK);
	ck_assert_uint_eq(seen.reject_count, 0);
	ck_assert_int_eq(seen.rows[0].total, -1);
	ck_assert_int_eq(seen.rows[0].consumers, -1);
	ck_assert_int_eq(seen.rows[1].total, 5);
	ck_assert_double_lt(seen.rows[1].acked, 0);
	ck_assert_double_lt(seen.rows[1].published, 0);
}
END_TEST

START_TEST(what_is_no_list_is_a_type_error)
{
	static const char *const bad[] = {"42", "\"x\"", "null", "{}",
	    "{\"items\":{}}", "{\"items\":[],\"page_count\":1}",
	    "{\"items\":[],\"page_count\":\"1\",\"total_count\":0}",
	    "{\"items\":[],\"page_count\":1,\"total_count\":-1}",
	    "{\"error\":\"not_authorised\",\"reason\":\"Login failed\"}"};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(parse(bad[i]) == SST_TYPE, "%s", bad[i]);
	ck_assert_int_eq(parse("[1"), SST_TRUNCATED);
	ck_assert_int_eq(parse("<html>"), SST_SYNTAX);
}
END_TEST

static int
on_row_stop(void *ctx, const struct rabbitmq_row *row, struct sst_error *e)
{
	(void)row;
	++*(int *)ctx;
	return sst_error_set(e, SST_LIMIT, "enough");
}

START_TEST(the_sink_can_stop_it)
{
	int calls = 0;
	struct rabbitmq_sink stop = {on_row_stop, NULL, &calls};
	static const char text[] = "[" GOOD "," GOOD "]";

	ck_assert_int_eq(
	    rabbitmq__parse_queues(text, sizeof(text) - 1, &stop, &page, &err),
	    SST_LIMIT);
	ck_assert_int_eq(calls, 1);
}
END_TEST

static int
consumers(const char *text)
{
	seen_forget();
	return rabbitmq__parse_consumers(text, strlen(text), &seen_sink, &err);
}

START_TEST(consumers_name_their_queue)
{
	char *text = recording_read("first/consumers.json");

	ck_assert_int_eq(consumers(text), SST_OK);
	free(text);
	ck_assert_uint_eq(seen.row_count, 4);
	ck_assert_str_eq(seen.names[0], "agent.sac");
	text = recording_read("world/monitor_consumers.json");
	ck_assert_int_eq(consumers(text), SST_OK);
	free(text);
	ck_assert_uint_eq(seen.row_count, 2);
	ck_assert_int_eq(consumers("[{},{\"queue\":{\"name\":\"a\","
				   "\"vhost\":\"b\"}},7]"),
	    SST_OK);
	ck_assert_uint_eq(seen.row_count, 1);
	ck_assert_uint_eq(seen.reject_count, 2);
	ck_assert_str_eq(seen.pointer, "/0/queue");
	ck_assert_int_eq(consumers("{}"), SST_TYPE);
}
END_TEST

START_TEST(arguments_tell_what_a_queue_is_for)
{
	const struct rabbitmq_row *row;

	ck_assert_int_eq(
	    parse_file("first/queues_disable_stats_totals.json"), SST_OK);
	row = row_of("agent.tasks");
	ck_assert_int_eq(row->max_priority, 10);
	ck_assert_int_eq(row->members, -1);
	ck_assert(!row->ttl);
	ck_assert(row_of("agent.delay.60s")->ttl);
	ck_assert_int_eq(row_of("agent.dead")->max_priority, -1);
	row = row_of("agent.quorum");
	ck_assert_int_eq(row->members, 1);
	ck_assert_int_eq(row->online, 1);
	ck_assert_int_eq(parse_file("cluster/half_names.json"), SST_OK);
	row = row_of("quorum.there");
	ck_assert_int_eq(row->members, 2);
	ck_assert_int_eq(row->online, 1);
}
END_TEST

START_TEST(levels_are_in_the_order_of_priorities)
{
	const struct rabbitmq_row *row;

	ck_assert_int_eq(parse_file("world/monitor_levels.json"), SST_OK);
	row = row_of("agent.tasks");
	ck_assert_uint_eq(row->level_count, 11);
	ck_assert_int_eq(seen.levels[5], 13);
	ck_assert_int_eq(seen.levels[10], 0);
	ck_assert_int_eq(parse_file("first/queues_all.json"), SST_OK);
	ck_assert_uint_eq(row_of("agent.tasks")->level_count, 11);
	ck_assert_uint_eq(row_of("agent.dead")->level_count, 0);
}
END_TEST

/* Nobody promised them: what is odd is not there, and the queue stays. */
START_TEST(odd_levels_are_not_told)
{
	ck_assert_int_eq(
	    parse("[" NAMED "\"backing_queue_status\":{\"priority_lengths\":"
		  "{\"3\":7,\"x\":1,\"\":1,\"256\":1,\"-1\":1,\"0001\":1,"
		  "\"99999999999999999999\":1,\"2\":-1,\"4\":\"many\","
		  "\"6\":null,\"1 \":3}}}," NAMED
		  "\"backing_queue_status\":7}," NAMED
		  "\"backing_queue_status\":{\"priority_lengths\":[1]}}]"),
	    SST_OK);
	ck_assert_uint_eq(seen.reject_count, 0);
	ck_assert_uint_eq(seen.rows[0].level_count, 4);
	ck_assert_int_eq(seen.levels[3], 7);
	ck_assert_int_eq(seen.levels[2], -1);
	ck_assert_uint_eq(seen.rows[1].level_count, 0);
	ck_assert_uint_eq(seen.rows[2].level_count, 0);
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_loop_test(tc, recordings_are_understood, 0,
	    (int)(sizeof(recordings) / sizeof(recordings[0])));
	tcase_add_test(tc, a_row_with_everything);
	tcase_add_test(tc, what_is_not_told_is_unknown);
	tcase_add_test(tc, pages_say_what_they_are_of);
	tcase_add_loop_test(tc, a_bad_row_is_named_and_the_others_stay, 0,
	    (int)(sizeof(bad_rows) / sizeof(bad_rows[0])));
	tcase_add_test(tc, odd_spellings_of_unknown);
	tcase_add_test(tc, what_is_no_list_is_a_type_error);
	tcase_add_test(tc, arguments_tell_what_a_queue_is_for);
	tcase_add_test(tc, levels_are_in_the_order_of_priorities);
	tcase_add_test(tc, odd_levels_are_not_told);
	tcase_add_test(tc, the_sink_can_stop_it);
	tcase_add_test(tc, consumers_name_their_queue);
}

int
main(void)
{
	Suite *s = suite_create("rabbitmq_parse");
	TCase *tc = tcase_create("rabbitmq_parse");
	SRunner *sr;
	int failed;

	add_tests(tc);
	add_broker_tests(tc);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
