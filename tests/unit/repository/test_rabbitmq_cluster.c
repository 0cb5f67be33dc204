/*
 * A broker of several nodes, one of which is gone; what a user is not shown;
 * and depth by priority: recorded answers that tests change.
 */
#include <string.h>

#include "base/buf.h"
#include "test_rabbitmq_support.h"

static const json_t *
node(size_t i)
{
	return json_array_get(json_object_get(told(), "nodes"), i);
}

static const char *
node_text(size_t i, const char *name)
{
	const char *text = json_string_value(json_object_get(node(i), name));

	return text != NULL ? text : "";
}

START_TEST(a_broker_that_is_well)
{
	as_user("cluster/up");
	open_with("depth: live");
	collect_whole();
	ck_assert_uint_eq(json_array_size(tree), 5);
	ck_assert_str_eq(
	    json_string_value(json_object_get(told(), "status")), "ok");
	ck_assert_str_eq(
	    json_string_value(json_object_get(told(), "version")), "3.10.8");
	ck_assert_uint_eq(json_array_size(json_object_get(told(), "nodes")), 2);
	ck_assert_str_eq(node_text(0, "status"), "ok");
	ck_assert_str_eq(part("queues"), "ok");
	ck_assert_str_eq(part("statistics"), "ok");
	ck_assert_str_eq(part("consumers"), "ok");
	ck_assert_str_eq(part("unreached"), "");
	ck_assert_str_eq(part("priorities"), "");
}
END_TEST

/* The broker lists three of five queues then, as if there were no others. */
START_TEST(no_queue_vanishes_with_its_node)
{
	size_t down;

	as_user("cluster/half");
	open_with("depth: live");
	collect_whole();
	ck_assert_uint_eq(json_array_size(tree), 5);
	ck_assert_int_eq(number("classic.here", "depth", "total"), 3);
	ck_assert_str_eq(text_of("classic.there", "state", NULL), "down");
	ck_assert_int_eq(number("classic.there", "depth", "total"), -1);
	ck_assert_int_eq(number("classic.there", "consumers", NULL), -1);
	/* its leader lives, and can do nothing alone */
	ck_assert_str_eq(text_of("quorum.here", "state", NULL), "minority");
	ck_assert_int_eq(number("quorum.here", "depth", "total"), 3);
	ck_assert_str_eq(text_of("quorum.there", "state", NULL), "minority");
	ck_assert_str_eq(text_of("quorum.there", "type", NULL), "quorum");
	ck_assert_int_eq(number("quorum.there", "depth", "ready"), -1);
	ck_assert_int_eq(number("quorum.there", "depth", "total"), -1);
	ck_assert_int_eq(number("quorum.there", "consumers", NULL), -1);
	ck_assert_int_eq(number("quorum.there", "tasks_omitted", NULL), -1);
	/* "live" is what that form calls everything */
	ck_assert_str_eq(text_of("stream.there", "state", NULL), "down");
	ck_assert_int_eq(number("stream.there", "depth", "total"), -1);
	ck_assert_str_eq(part("unreached"), "ok");
	ck_assert_str_eq(
	    json_string_value(json_object_get(told(), "status")), "degraded");
	/* names of recorded nodes are as they come */
	down = strcmp(node_text(0, "status"), "down") == 0 ? 0 : 1;
	ck_assert_str_eq(node_text(down, "status"), "down");
	ck_assert_str_eq(node_text(down, "reason"), "it does not run");
	ck_assert_str_eq(node_text(1 - down, "status"), "ok");
}
END_TEST

START_TEST(no_queue_vanishes_without_statistics)
{
	struct upstream_fault fault = {.kind = UPSTREAM_STATUS, .status = 500};

	as_user("cluster/half");
	upstream_misbehave(up, STATS_ALL, &fault);
	open_with("depth: live");
	ck_assert_int_eq(collect()->code, SST_UPSTREAM);
	/* the overview counts one more than the list */
	ck_assert_uint_eq(json_array_size(tree), 5);
	ck_assert_str_eq(part("statistics"), "failing");
}
END_TEST

START_TEST(not_knowing_the_rest_is_told)
{
	struct upstream_fault fault = {.kind = UPSTREAM_STATUS, .status = 500};

	as_user("cluster/half");
	open_with("depth: live");
	answer(LIVE_ALL, "[]");
	answer(OVERVIEW, "{}");
	ck_assert(upstream_answer_text(up, NAMES_ALL, 500, "{}"));
	ck_assert_int_eq(collect()->code, SST_UPSTREAM);
	ck_assert_str_eq(part("unreached"), "failing");
	upstream_misbehave(up, NODES, &fault);
	collect();
	ck_assert_str_eq(
	    json_string_value(json_object_get(told(), "status")), "unknown");
	ck_assert_ptr_null(json_object_get(told(), "nodes"));
}
END_TEST

START_TEST(in_statistics_alone_the_same_states)
{
	as_user("cluster/half");
	open_with("depth: stats");
	collect_whole();
	ck_assert_uint_eq(json_array_size(tree), 5);
	ck_assert_str_eq(text_of("classic.there", "state", NULL), "down");
	ck_assert_str_eq(text_of("quorum.there", "state", NULL), "minority");
	ck_assert_int_eq(number("quorum.there", "depth", "total"), -1);
}
END_TEST

/* A queue that is gone is gone at once, whatever statistics still say. */
START_TEST(a_deleted_queue_is_gone)
{
	open_with("depth: live");
	collect_whole();
	answer(LIVE_ALL, "[{\"name\":\"a\",\"vhost\":\"/\",\"messages\":1}]");
	answer(NAMES_ALL, "[{\"name\":\"a\",\"vhost\":\"/\"}]");
	answer(OVERVIEW, "{\"object_totals\":{\"queues\":1}}");
	tick();
	collect_whole();
	ck_assert_uint_eq(json_array_size(tree), 1);
}
END_TEST

/* For half a minute after a node died the live form hangs, and only that. */
START_TEST(statistics_stand_in_for_a_live_form_that_hangs)
{
	struct upstream_fault fault = {.kind = UPSTREAM_HOLD};
	int i;

	open_with("depth: live");
	upstream_misbehave(up, LIVE_ALL, &fault);
	subject_begin(&subject);
	ck_assert(upstream_wait_calls(up, LIVE_ALL, 1));
	fake_clock_advance(&subject.hands, SUBJECT_DEADLINE_MS / 2 + 1);
	ck_assert_int_eq(subject_join(&subject), SST_OK);
	ck_assert_int_eq(subject.harvest->flaw.code, SST_TIMEOUT);
	ck_assert_ptr_nonnull(
	    strstr(subject.harvest->flaw.text, "counts are up to 6 s behind"));
	ck_assert_uint_eq(subject.harvest->count, 9);
	ck_assert_str_eq(part("queues"), "failing");
	ck_assert_str_eq(part("consumers"), "");
	/* it is left alone, and read anew each time that stands in for it */
	for (i = 0; i < 5; i++) {
		tick();
		ck_assert_int_eq(collect()->code, SST_TIMEOUT);
	}
	ck_assert_uint_eq(upstream_calls(up, LIVE_ALL), 1);
	ck_assert_uint_eq(upstream_calls(up, STATS_ALL), 6);
	ck_assert_int_eq(number("agent.tasks", "depth", "ready"), 13);
	ck_assert_int_eq(number("agent.tasks", "consumers", NULL), 2);
	upstream_misbehave(up, "", NULL);
	upstream_release(up);
	fake_clock_advance(&subject.hands, 30000);
	collect_whole();
	ck_assert_str_eq(part("queues"), "ok");
	ck_assert_uint_eq(upstream_calls(up, LIVE_ALL), 2);
}
END_TEST

START_TEST(when_all_hangs_it_is_no_matter_of_the_live_form)
{
	struct upstream_fault fault = {.kind = UPSTREAM_HOLD};

	open_with("depth: live");
	upstream_misbehave(up, "", &fault);
	subject_begin(&subject);
	ck_assert(upstream_wait_calls(up, LIVE_ALL, 1));
	fake_clock_advance(&subject.hands, SUBJECT_DEADLINE_MS / 2 + 1);
	ck_assert(upstream_wait_calls(up, STATS_ALL, 1));
	fake_clock_advance(&subject.hands, SUBJECT_DEADLINE_MS);
	ck_assert_int_eq(subject_join(&subject), SST_TIMEOUT);
	upstream_misbehave(up, "", NULL);
	upstream_release(up);
	tick();
	collect_whole();
	ck_assert_uint_eq(upstream_calls(up, LIVE_ALL), 2);
}
END_TEST

/* The list is 200, and lacks the queues of a vhost that is not ours. */
START_TEST(a_hidden_vhost_is_named)
{
	const struct sst_error *flaw;

	as_user("world/half");
	open_with("depth: live");
	flaw = collect();
	ck_assert_int_eq(flaw->code, SST_FORBIDDEN);
	ck_assert_ptr_nonnull(
	    strstr(flaw->text, "no permission on vhost agents/prod"));
	ck_assert_uint_eq(json_array_size(tree), 8);
	ck_assert_str_eq(part("vhosts"), "forbidden");
	ck_assert_uint_eq(upstream_calls(up, "/api/queues/%2F"), 0);
	ck_assert_uint_eq(upstream_calls(up, "/api/queues/agents"), 1);
	/* told again, asked once a minute */
	tick();
	ck_assert_int_eq(collect()->code, SST_FORBIDDEN);
	ck_assert_uint_eq(upstream_calls(up, VHOSTS), 1);
	ck_assert_uint_eq(upstream_calls(up, NAMES_ALL "&"), 2);
	fake_clock_advance(&subject.hands, 60000);
	collect();
	ck_assert_uint_eq(upstream_calls(up, VHOSTS), 2);
	/* over as soon as the permission is there */
	as_user("world/monitor");
	tick();
	collect_whole();
	ck_assert_uint_eq(json_array_size(tree), 9);
	ck_assert_str_eq(part("vhosts"), "");
}
END_TEST

START_TEST(all_vhosts_hidden)
{
	const struct sst_error *flaw;

	as_user("world/blind");
	open_with("depth: live");
	flaw = collect();
	ck_assert_int_eq(flaw->code, SST_FORBIDDEN);
	ck_assert_ptr_nonnull(strstr(flaw->text, "2 vhosts, such as /"));
	as_user("world/nobody");
	flaw = collect();
	ck_assert_int_eq(flaw->code, SST_FORBIDDEN);
	ck_assert_ptr_nonnull(strstr(flaw->text, "on any vhost"));
}
END_TEST

/* More queues than are listed, and no vhost that refuses: they come and go. */
START_TEST(a_busy_broker_hides_nothing)
{
	answer(OVERVIEW, "{\"object_totals\":{\"queues\":12}}");
	open_with("depth: live");
	collect_whole();
	ck_assert_str_eq(part("vhosts"), "ok");
	ck_assert_uint_eq(upstream_calls(up, "/api/queues/"), 0);
	/* one that is asked for has nothing to hide */
	open_with("vhosts: [agents/prod]");
	collect_whole();
	ck_assert_uint_eq(upstream_calls(up, VHOSTS), 1);
}
END_TEST

START_TEST(nodes_with_an_alarm)
{
	answer(NODES,
	    "[{\"name\":\"b\",\"running\":true,\"mem_alarm\":true},"
	    "{\"name\":\"a\",\"running\":true,\"partitions\":[\"b\"]},"
	    "{\"name\":\"c\"},7]");
	open_with("depth: live");
	collect();
	ck_assert_uint_eq(subject.harvest->rejected, 1);
	ck_assert_str_eq(node_text(0, "name"), "a");
	ck_assert_str_eq(node_text(0, "reason"), "partitioned from b");
	ck_assert_str_eq(node_text(1, "status"), "degraded");
	ck_assert_str_eq(node_text(2, "status"), "unknown");
	ck_assert_str_eq(
	    json_string_value(json_object_get(told(), "status")), "degraded");
}
END_TEST

static const json_t *
level(const char *queue, size_t i)
{
	return json_array_get(of(queue, "priorities", NULL), i);
}

START_TEST(depth_by_priority)
{
	open_with("depth: live");
	collect_whole();
	ck_assert_uint_eq(
	    json_array_size(of("agent.tasks", "priorities", NULL)), 11);
	ck_assert_str_eq(
	    json_string_value(json_object_get(level("agent.tasks", 0), "raw")),
	    "10");
	ck_assert_str_eq(json_string_value(
			     json_object_get(level("agent.tasks", 0), "level")),
	    "critical");
	ck_assert_int_eq(json_integer_value(
			     json_object_get(level("agent.tasks", 5), "ready")),
	    13);
	ck_assert_ptr_null(of("agent.flaky", "priorities", NULL));
	ck_assert_str_eq(part("priorities"), "ok");
}
END_TEST

START_TEST(a_broker_that_does_not_tell_it)
{
	struct upstream_fault fault = {.kind = UPSTREAM_STATUS, .status = 400};

	upstream_misbehave(up, LEVELS, &fault);
	open_with("depth: live");
	ck_assert_int_eq(collect()->code, SST_PROTOCOL);
	ck_assert_ptr_null(of("agent.tasks", "priorities", NULL));
	ck_assert_str_eq(part("priorities"), "failing");
	upstream_misbehave(up, "", NULL);
	fake_clock_advance(&subject.hands, 5000);
	answer(LEVELS "%5E(agent%5C.tasks)%24", "[]");
	collect_whole();
	ck_assert_ptr_null(of("agent.tasks", "priorities", NULL));
}
END_TEST

/* Nobody pays for what no queue has, or what is not shown. */
START_TEST(priorities_are_asked_for_where_there_are_some)
{
	open_with("exclude: [agent.tasks]");
	collect_whole();
	ck_assert_uint_eq(upstream_calls(up, LEVELS), 0);
	as_user("cluster/up");
	open_with("depth: live");
	collect_whole();
	ck_assert_uint_eq(upstream_calls(up, LEVELS), 0);
}
END_TEST

/* Names with everything that a regular expression knows, 120 of them. */
START_TEST(priorities_of_many_queues)
{
	struct sst_buf list = SST_BUF_INIT;
	int i;

	for (i = 0; i < 120; i++)
		sst_buf_addf(&list,
		    "%s{\"name\":\"q%d.(a|b)*[\\\\d]+?^$ &#\\u00e9\","
		    "\"vhost\":\"/\",\"messages\":0,\"arguments\":"
		    "{\"x-max-priority\":3}}",
		    i > 0 ? "," : "[", i);
	sst_buf_addc(&list, ']');
	answer_lists(list.data);
	sst_buf_fini(&list);
	open_with("depth: live");
	/* the double knows no answer to these */
	ck_assert_int_eq(collect()->code, SST_NOT_FOUND);
	ck_assert_uint_eq(
	    upstream_calls(up, LEVELS "%5E(q0%5C.%5C%28a%5C%7Cb%5C%29%5C%2A%5C"
				      "%5B%5C%5Cd%5C%5D%5C%2B%5C%3F%5C%5E%5C%24"
				      "%20%26%5C%23%C3%A9%7Cq1%5C."),
	    1);
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_test(tc, a_broker_that_is_well);
	tcase_add_test(tc, no_queue_vanishes_with_its_node);
	tcase_add_test(tc, no_queue_vanishes_without_statistics);
	tcase_add_test(tc, not_knowing_the_rest_is_told);
	tcase_add_test(tc, in_statistics_alone_the_same_states);
	tcase_add_test(tc, a_deleted_queue_is_gone);
	tcase_add_test(tc, statistics_stand_in_for_a_live_form_that_hangs);
	tcase_add_test(tc, when_all_hangs_it_is_no_matter_of_the_live_form);
	tcase_add_test(tc, a_hidden_vhost_is_named);
	tcase_add_test(tc, all_vhosts_hidden);
	tcase_add_test(tc, a_busy_broker_hides_nothing);
	tcase_add_test(tc, nodes_with_an_alarm);
	tcase_add_test(tc, depth_by_priority);
	tcase_add_test(tc, a_broker_that_does_not_tell_it);
	tcase_add_test(tc, priorities_are_asked_for_where_there_are_some);
	tcase_add_test(tc, priorities_of_many_queues);
}

int
main(void)
{
	return rabbitmq_run("rabbitmq_cluster", add_tests);
}
