/*
 * The RabbitMQ source against recorded answers that tests change: what it
 * joins, what it leaves unknown, and what it says when it cannot see all.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "test_rabbitmq_support.h"

START_TEST(live_counts_are_joined)
{
	open_with("depth: live");
	collect_whole();
	ck_assert_uint_eq(json_array_size(tree), 9);
	ck_assert_int_eq(number("agent.tasks", "depth", "ready"), 13);
	ck_assert_int_eq(number("agent.tasks", "depth", "running"), 8);
	ck_assert_int_eq(number("agent.tasks", "depth", "total"), 21);
	ck_assert_ptr_null(of("agent.tasks", "depth", "failed"));
	ck_assert_int_eq(number("agent.tasks", "consumers", NULL), 2);
	ck_assert_int_eq(number("agent.tasks", "tasks_omitted", NULL), 21);
	ck_assert(
	    json_is_string(of("agent.tasks", "oldest_submitted_at", NULL)));
	ck_assert(
	    json_is_number(of("agent.tasks", "rates", "published_per_second")));
	ck_assert_int_eq(number("agent.flaky", "consumers", NULL), 0);
	ck_assert_str_eq(
	    json_string_value(of("agent.quorum", "type", NULL)), "quorum");
	ck_assert_str_eq(
	    json_string_value(of("agent.stream", "type", NULL)), "stream");
	ck_assert_str_eq(
	    json_string_value(of("agent.tasks", "state", NULL)), "running");
	/* only the statistics know how long a stream is */
	ck_assert_int_eq(number("agent.stream", "depth", "total"), 3);
	ck_assert_int_eq(number("agents%2Fprod/inbox", "depth", "total"), 5);
	ck_assert_int_eq(
	    number("%2F/agent/plan \xc3\xa9", "depth", "total"), 2);
	ck_assert_ptr_null(of("amq.gen", "name", NULL));
}
END_TEST

/* Statistics are made every 5 s: asking more often is a cost for nothing. */
START_TEST(statistics_are_read_every_5_s)
{
	int i;

	open_with("depth: live");
	for (i = 0; i < 11; i++) {
		collect_whole();
		tick();
	}
	ck_assert_uint_eq(upstream_calls(up, LIVE_ALL), 11);
	ck_assert_uint_eq(upstream_calls(up, CONSUMERS), 11);
	ck_assert_uint_eq(upstream_calls(up, STATS_ALL), 3);
	ck_assert_uint_eq(upstream_calls(up, "/api/whoami"), 1);
	ck_assert_uint_eq(upstream_calls(up, OVERVIEW), 11);
	ck_assert_uint_eq(upstream_calls(up, NODES), 11);
	ck_assert_uint_eq(upstream_calls(up, LEVELS), 3);
	/* what rarely changes is read every 30 s */
	ck_assert_uint_eq(upstream_calls(up, "/api/policies"), 1);
	ck_assert_uint_eq(upstream_calls(up, "/api/exchanges"), 2);
	/* a prefix of the live form: nobody is asked for what is missing */
	ck_assert_uint_eq(upstream_calls(up, NAMES_ALL), 11);
	ck_assert_uint_eq(upstream_calls(up, "/api/vhosts"), 0);
	ck_assert_uint_eq(upstream_calls(up, "/api/queues/"), 0);
	/* and that is all: never a message read */
	ck_assert_uint_eq(upstream_calls(up, ""),
	    11 * 4 + 3 * 2 + 1 + 2 + upstream_calls(up, "/api/whoami"));
	ck_assert_uint_eq(upstream_connections(up), 1);
}
END_TEST

START_TEST(statistics_alone)
{
	open_with("depth: stats");
	collect_whole();
	tick();
	collect_whole();
	ck_assert_uint_eq(upstream_calls(up, STATS_ALL), 2);
	ck_assert_uint_eq(upstream_calls(up, LIVE_ALL), 0);
	ck_assert_uint_eq(upstream_calls(up, CONSUMERS), 0);
	ck_assert_int_eq(number("agent.tasks", "depth", "ready"), 13);
	ck_assert_int_eq(number("agent.tasks", "consumers", NULL), 2);
	/* never a message read, never anything but GET */
	ck_assert_uint_eq(upstream_calls(up, "/api/queues/"), 0);
}
END_TEST

START_TEST(what_is_not_told_is_null)
{
	ck_assert(upstream_answer_file(
	    up, STATS_ALL, 200, RECORDED "world/monitor_fresh_stats.json"));
	open_with("depth: stats");
	collect_whole();
	ck_assert_uint_eq(json_array_size(tree), 9);
	ck_assert_int_eq(number("agent.tasks", "depth", "total"), -1);
	ck_assert_int_eq(number("agent.tasks", "consumers", NULL), -1);
	ck_assert_int_eq(number("agent.tasks", "tasks_total", NULL), -1);
	ck_assert_ptr_null(of("agent.tasks", "rates", NULL));
	ck_assert_ptr_null(of("agent.tasks", "state", NULL));
}
END_TEST

START_TEST(a_queue_that_is_down_is_unknown)
{
	answer_lists(
	    "[{\"name\":\"agent.tasks\",\"vhost\":\"/\",\"type\":\"classic\","
	    "\"state\":\"down\"}]");
	answer(CONSUMERS, "[]");
	open_with("depth: live");
	collect_whole();
	ck_assert_str_eq(
	    json_string_value(of("agent.tasks", "state", NULL)), "down");
	ck_assert_int_eq(number("agent.tasks", "depth", "total"), -1);
	ck_assert_int_eq(number("agent.tasks", "consumers", NULL), -1);
	ck_assert_ptr_null(of("agent.tasks", "rates", NULL));
}
END_TEST

START_TEST(changes_show_at_the_next_collection)
{
	open_with("depth: live");
	collect_whole();
	answer_lists(
	    "[{\"name\":\"agent.tasks\",\"vhost\":\"/\",\"messages\":9,"
	    "\"messages_ready\":0,\"messages_unacknowledged\":9}]");
	answer(CONSUMERS,
	    "[{\"queue\":{\"name\":\"agent.tasks\",\"vhost\":\"/\"}}]");
	tick();
	collect_whole();
	ck_assert_uint_eq(json_array_size(tree), 1);
	ck_assert_int_eq(number("agent.tasks", "depth", "running"), 9);
	ck_assert_int_eq(number("agent.tasks", "consumers", NULL), 1);
	/* nothing waits, so there is no oldest, whatever was read 1 s ago */
	ck_assert_ptr_null(of("agent.tasks", "oldest_submitted_at", NULL));
}
END_TEST

START_TEST(a_bad_row_is_left_out_and_told)
{
	const struct sst_error *flaw;

	answer(STATS_ALL, "[]");
	answer(OVERVIEW, "{\"object_totals\":{\"queues\":3}}");
	answer(NAMES_ALL, "[]");
	answer(LIVE_ALL,
	    "{\"items\":[{\"name\":\"a\",\"vhost\":\"/\",\"messages\":1},"
	    "{\"name\":\"b\",\"vhost\":\"/\",\"messages\":\"many\"},"
	    "{\"name\":\"c\",\"vhost\":\"/\"}],"
	    "\"page_count\":1,\"total_count\":3}");
	open_with("depth: live");
	flaw = collect();
	ck_assert_uint_eq(json_array_size(tree), 2);
	ck_assert_uint_eq(subject.harvest->rejected, 1);
	ck_assert_int_ne(flaw->code, SST_OK);
	ck_assert_msg(
	    strstr(flaw->text, "/items/1/messages") != NULL, "%s", flaw->text);
	/* all rows bad is no empty broker */
	answer(LIVE_ALL, "[7]");
	answer(OVERVIEW, "{\"object_totals\":{\"queues\":1}}");
	flaw = collect();
	ck_assert_ptr_nonnull(strstr(flaw->text, "/0"));
	ck_assert_uint_eq(upstream_calls(up, "/api/vhosts"), 0);
}
END_TEST

START_TEST(an_empty_list_without_permission_is_told)
{
	const struct sst_error *flaw;

	as_user(_i == 0 ? "world/blind" : "world/nobody");
	open_with("depth: live");
	flaw = collect();
	ck_assert_uint_eq(json_array_size(tree), 0);
	ck_assert_int_eq(flaw->code, SST_FORBIDDEN);
	ck_assert_ptr_nonnull(strstr(flaw->text, "permission"));
}
END_TEST

START_TEST(an_empty_broker_is_empty)
{
	answer_lists("[]");
	answer(OVERVIEW, "{\"object_totals\":{\"queues\":0}}");
	open_with("depth: live");
	collect_whole();
	ck_assert_uint_eq(json_array_size(tree), 0);
}
END_TEST

START_TEST(not_known_whether_empty_is_told)
{
	struct upstream_fault fault = {.kind = UPSTREAM_STATUS, .status = 500};

	answer_lists("[]");
	upstream_misbehave(up, "/api/overview", &fault);
	open_with("depth: live");
	ck_assert_int_eq(collect()->code, SST_UPSTREAM);
}
END_TEST

/* It sees no consumers but its own: 0 would be a lie. */
START_TEST(consumers_a_user_may_not_see_come_with_the_statistics)
{
	as_user("world/mgmt");
	open_with("depth: live");
	ck_assert_int_eq(collect()->code, SST_FORBIDDEN);
	ck_assert_str_eq(part("consumers"), "forbidden");
	ck_assert_str_eq(part("nodes"), "forbidden");
	ck_assert_str_eq(part("queues"), "ok");
	ck_assert_int_eq(number("agent.tasks", "consumers", NULL), 2);
	ck_assert_uint_eq(upstream_calls(up, "/api/consumers"), 0);
}
END_TEST

START_TEST(a_right_login_without_a_right_is_forbidden)
{
	as_user("world/plain");
	open_with("depth: live");
	ck_assert_int_eq(subject_collect(&subject), SST_FORBIDDEN);
	ck_assert_ptr_nonnull(strstr(subject.err.text, "not_authorised"));
}
END_TEST

/* Without the statistics there are counts, and no rates. */
START_TEST(counts_do_without_statistics)
{
	struct upstream_fault fault = {.kind = UPSTREAM_STATUS, .status = 500};
	int i;

	open_with("depth: live");
	collect_whole();
	upstream_misbehave(up, STATS_ALL, &fault);
	for (i = 0; i < 5; i++)
		tick();
	ck_assert_int_eq(collect()->code, SST_UPSTREAM);
	ck_assert(json_is_object(of("agent.tasks", "rates", NULL)));
	tick();
	/* still told, though not asked again yet */
	ck_assert_int_eq(collect()->code, SST_UPSTREAM);
	ck_assert_uint_eq(upstream_calls(up, STATS_ALL), 2);
	fake_clock_advance(&subject.hands, 15000);
	ck_assert_int_eq(collect()->code, SST_UPSTREAM);
	ck_assert_ptr_null(of("agent.tasks", "rates", NULL));
	ck_assert_int_eq(number("agent.tasks", "depth", "total"), 21);
	ck_assert_int_eq(number("agent.tasks", "consumers", NULL), 2);
	upstream_misbehave(up, "", NULL);
	fake_clock_advance(&subject.hands, 5000);
	collect_whole();
}
END_TEST

START_TEST(slow_statistics_leave_time_for_the_counts)
{
	struct upstream_fault fault = {.kind = UPSTREAM_HOLD};

	open_with("depth: live");
	upstream_misbehave(up, STATS_ALL, &fault);
	subject_begin(&subject);
	ck_assert(upstream_wait_calls(up, STATS_ALL, 1));
	fake_clock_advance(&subject.hands, SUBJECT_DEADLINE_MS / 2 + 1);
	ck_assert_int_eq(subject_join(&subject), SST_OK);
	ck_assert_int_eq(subject.harvest->flaw.code, SST_TIMEOUT);
	ck_assert_uint_eq(subject.harvest->count, 9);
}
END_TEST

START_TEST(counts_do_without_consumers)
{
	struct upstream_fault fault = {
	    .kind = UPSTREAM_HUGE, .size = 100000000};

	open_with("depth: live");
	upstream_misbehave(up, "/api/consumers", &fault);
	ck_assert_int_eq(collect()->code, SST_TOO_LARGE);
	/* as the statistics have them */
	ck_assert_int_eq(number("agent.tasks", "consumers", NULL), 2);
}
END_TEST

START_TEST(without_counts_there_is_nothing)
{
	struct upstream_fault fault = {
	    .kind = UPSTREAM_STATUS, .status = 503, .retry_after = 30};

	open_with("depth: live");
	upstream_misbehave(up, LIVE_ALL, &fault);
	ck_assert_int_eq(subject_collect(&subject), SST_UPSTREAM);
	ck_assert_int_eq(subject.next_ms, 30000);
}
END_TEST

START_TEST(vhosts_are_asked_one_by_one)
{
	open_with("vhosts: [agents/prod]");
	collect_whole();
	ck_assert_uint_eq(json_array_size(tree), 1);
	ck_assert_int_eq(number("agents%2Fprod/inbox", "depth", "total"), 5);
	ck_assert_uint_eq(upstream_calls(up, "/api/queues?"), 0);
	/* one of several that is not there is told, the others stay */
	open_with("vhosts: [nope, agents/prod]");
	ck_assert_int_eq(collect()->code, SST_NOT_FOUND);
	ck_assert_uint_eq(json_array_size(tree), 1);
	open_with("vhosts: [nope]");
	ck_assert_int_eq(subject_collect(&subject), SST_NOT_FOUND);
	open_with("vhosts: [nope, nope2]");
	ck_assert_int_eq(subject_collect(&subject), SST_NOT_FOUND);
}
END_TEST

START_TEST(a_vhost_without_permission_is_forbidden)
{
	as_user("world/blind");
	open_with("vhosts: [/]");
	ck_assert_int_eq(subject_collect(&subject), SST_FORBIDDEN);
}
END_TEST

START_TEST(names_are_filtered)
{
	open_with("include: ['agent.*', 'agents%2F*'], "
		  "exclude: ['*.stream', '*.q?orum']");
	collect_whole();
	ck_assert_uint_eq(json_array_size(tree), 6);
	ck_assert_ptr_null(of("agent.stream", "name", NULL));
	ck_assert_ptr_null(of("agent.quorum", "name", NULL));
	ck_assert_ptr_nonnull(of("agents%2Fprod/inbox", "name", NULL));
	open_with("hide_exclusive: false, system: main, include: ['amq.*']");
	collect_whole();
	ck_assert_uint_eq(json_array_size(tree), 1);
	ck_assert_str_eq(json_string_value(json_object_get(
			     json_array_get(tree, 0), "system")),
	    "main");
}
END_TEST

#define ROW(name) "{\"name\":\"" name "\",\"vhost\":\"/\",\"messages\":1}"
#define PAGE(rows, pages, total)                      \
	"{\"items\":[" rows "],\"page_count\":" pages \
	",\"total_count\":" total "}"

static void
answer_pages(const char *one, const char *two)
{
	answer("/api/queues?page=1&page_size=2&" STATS, one);
	answer("/api/queues?page=2&page_size=2&" STATS, two);
}

/* b was deleted between the pages: c moved onto the first one and is in
 * neither answer. */
START_TEST(a_list_that_moves_is_read_again)
{
	answer(OVERVIEW, "{}");
	open_with("depth: stats, page_size: 2");
	answer_pages(
	    PAGE(ROW("a") "," ROW("b"), "2", "4"), PAGE(ROW("d"), "2", "3"));
	ck_assert_int_eq(collect()->code, SST_OK);
	/* nobody can tell which one is missing; three reads, then enough */
	ck_assert_uint_eq(upstream_calls(up, "/api/queues"), 6);
	ck_assert_uint_eq(json_array_size(tree), 3);
	/* seen twice, and one not at all */
	answer_pages(PAGE(ROW("a") "," ROW("b"), "2", "4"),
	    PAGE(ROW("b") "," ROW("c"), "2", "4"));
	ck_assert_int_eq(collect()->code, SST_TRUNCATED);
	ck_assert_uint_eq(json_array_size(tree), 3);
	ck_assert_uint_eq(subject.harvest->rejected, 0);
	/* a whole list is read once */
	answer_pages(
	    PAGE(ROW("a") "," ROW("b"), "2", "3"), PAGE(ROW("c"), "2", "3"));
	collect_whole();
	ck_assert_uint_eq(upstream_calls(up, "/api/queues"), 14);
}
END_TEST

/* Some versions answer 400 to a page past the end. */
START_TEST(a_list_that_shrinks_is_no_failure)
{
	open_with("depth: stats, page_size: 2");
	answer("/api/queues?page=1&page_size=2&" STATS,
	    PAGE(ROW("a") "," ROW("b"), "2", "3"));
	ck_assert(
	    upstream_answer_text(up, "/api/queues?page=2&page_size=2&" STATS,
		400, "{\"error\":\"page_out_of_range\"}"));
	ck_assert_int_eq(collect()->code, SST_TRUNCATED);
	ck_assert_uint_eq(json_array_size(tree), 2);
}
END_TEST

START_TEST(a_rotated_password_is_read_again)
{
	struct upstream_fault fault = {.kind = UPSTREAM_STATUS, .status = 401};
	char head[4096];

	setenv("SST_TEST_PASSWORD", "one", 1);
	open_with("username: monitor, password_env: SST_TEST_PASSWORD");
	collect_whole();
	upstream_last_request(up, head, sizeof(head));
	ck_assert_ptr_nonnull(strstr(head, "Basic bW9uaXRvcjpvbmU="));
	setenv("SST_TEST_PASSWORD", "two", 1);
	upstream_misbehave(up, "", &fault);
	ck_assert_int_eq(subject_collect(&subject), SST_UNAUTHORIZED);
	ck_assert_ptr_null(strstr(subject.err.text, "one"));
	upstream_misbehave(up, "", NULL);
	collect_whole();
	upstream_last_request(up, head, sizeof(head));
	ck_assert_ptr_nonnull(strstr(head, "Basic bW9uaXRvcjp0d28="));
	unsetenv("SST_TEST_PASSWORD");
	upstream_misbehave(up, "", &fault);
	ck_assert_int_eq(subject_collect(&subject), SST_UNAUTHORIZED);
	ck_assert_int_eq(subject_collect(&subject), SST_NOT_FOUND);
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_test(tc, live_counts_are_joined);
	tcase_add_test(tc, statistics_are_read_every_5_s);
	tcase_add_test(tc, statistics_alone);
	tcase_add_test(tc, what_is_not_told_is_null);
	tcase_add_test(tc, a_queue_that_is_down_is_unknown);
	tcase_add_test(tc, changes_show_at_the_next_collection);
	tcase_add_test(tc, a_bad_row_is_left_out_and_told);
	tcase_add_loop_test(tc, an_empty_list_without_permission_is_told, 0, 2);
	tcase_add_test(tc, an_empty_broker_is_empty);
	tcase_add_test(tc, not_known_whether_empty_is_told);
	tcase_add_test(
	    tc, consumers_a_user_may_not_see_come_with_the_statistics);
	tcase_add_test(tc, a_right_login_without_a_right_is_forbidden);
	tcase_add_test(tc, counts_do_without_statistics);
	tcase_add_test(tc, slow_statistics_leave_time_for_the_counts);
	tcase_add_test(tc, counts_do_without_consumers);
	tcase_add_test(tc, without_counts_there_is_nothing);
	tcase_add_test(tc, vhosts_are_asked_one_by_one);
	tcase_add_test(tc, a_vhost_without_permission_is_forbidden);
	tcase_add_test(tc, names_are_filtered);
	tcase_add_test(tc, a_list_that_moves_is_read_again);
	tcase_add_test(tc, a_list_that_shrinks_is_no_failure);
	tcase_add_test(tc, a_rotated_password_is_read_again);
}

int
main(void)
{
	return rabbitmq_run("rabbitmq", add_tests);
}
