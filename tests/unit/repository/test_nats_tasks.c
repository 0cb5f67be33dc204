/* The tasks of queues in a real nats-server, over the connection. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nats_rig.h"
#include "support/suite.h"

static struct nats_rig rig;

static void
setup(void)
{
	nats_rig_init(&rig);
}

static void
teardown(void)
{
	nats_rig_fini(&rig);
}

static void
tasks_are(const char *queue, const char *want)
{
	char *got = nats_rig_tasks(&rig, queue);

	ck_assert_str_eq(got, want);
	free(got);
}

static void
submit(const char *subject, const char *headers)
{
	nats_rig_submit(&rig, subject, headers, "{\"secret\":\"x\"}", 14);
}

static const json_t *
task(const char *queue, const char *id)
{
	const json_t *tasks =
	    json_object_get(nats_rig_queue(&rig, queue), "tasks");
	const json_t *row;
	size_t i;

	json_array_foreach(tasks, i, row)
	{
		if (strcmp(json_string_value(json_object_get(row, "id")),
			id) == 0)
			return row;
	}
	ck_abort_msg("no task %s", id);
}

static const char *
detail(const char *queue)
{
	return json_string_value(
	    json_object_get(nats_rig_queue(&rig, queue), "tasks_detail"));
}

static long
number(const char *queue, const char *member)
{
	const json_t *value =
	    json_object_get(nats_rig_queue(&rig, queue), member);

	ck_assert(json_is_integer(value));
	return (long)json_integer_value(value);
}

enum word { ACK, NAK, KEEP };

static void
work(const char *stream, const char *consumer, int count, enum word word)
{
	natsMsgList list;
	int i;

	nats_rig_pull(&rig, stream, consumer, count, &list);
	for (i = 0; i < count; i++) {
		if (word == ACK)
			ck_assert_int_eq(
			    natsMsg_AckSync(list.Msgs[i], NULL, NULL),
			    NATS_OK);
		else if (word == NAK)
			ck_assert_int_eq(
			    natsMsg_Nak(list.Msgs[i], NULL), NATS_OK);
	}
	natsMsgList_Destroy(&list);
	ck_assert_int_eq(natsConnection_FlushTimeout(rig.nc, 20000), NATS_OK);
}

/* Step by step, by either way of reading messages, and with counts from either
 * side. */
START_TEST(a_work_queue_is_followed)
{
	char more[128] = "";

	if (_i & 2)
		snprintf(more, sizeof(more), ", monitoring: ['%s']",
		    rig.monitoring);
	nats_rig_stream(&rig, "W", js_WorkQueuePolicy, _i & 1);
	nats_rig_consumer(&rig, "W", "w", NULL, 2);
	nats_rig_open(&rig, more);
	nats_rig_collect_whole(&rig);
	tasks_are("W/w", "");
	ck_assert_str_eq(nats_rig_depth(&rig, "W/w"), "0 0 0 0");
	submit("W.a", "Nats-Msg-Id: one");
	submit("W.b", NULL);
	submit("W.c", "Nats-Msg-Id: three");
	nats_rig_collect_whole(&rig);
	tasks_are("W/w", "W#2 queued,one queued,three queued");
	ck_assert_str_eq(nats_rig_depth(&rig, "W/w"), "3 0 0 3");
	ck_assert_str_eq(detail("W/w"), "full");
	work("W", "w", 1, KEEP);
	nats_rig_collect_whole(&rig);
	tasks_are("W/w", "W#2 queued,one reserved,three queued");
	ck_assert_int_eq(json_integer_value(json_object_get(
			     task("W/w", "one"), "attempts")),
	    1);
	ck_assert_str_eq(nats_rig_depth(&rig, "W/w"), "2 1 0 3");
	work("W", "w", 1, ACK);
	nats_rig_collect_whole(&rig);
	tasks_are("W/w", "one reserved,three queued");
	ck_assert_str_eq(nats_rig_depth(&rig, "W/w"), "1 1 0 2");
	ck_assert_int_eq(js_PurgeStream(rig.js, "W", NULL, NULL), NATS_OK);
	nats_rig_collect_whole(&rig);
	tasks_are("W/w", "");
}
END_TEST

/* Given as often as allowed: in no count of the server. */
START_TEST(a_task_that_was_given_up_is_dead)
{
	char more[128] = "";

	if (_i == 1)
		snprintf(more, sizeof(more), ", monitoring: ['%s']",
		    rig.monitoring);
	nats_rig_stream(&rig, "W", js_WorkQueuePolicy, true);
	nats_rig_consumer(&rig, "W", "high", "W.high.*", 2);
	nats_rig_consumer(&rig, "W", "low", "W.low.*", 2);
	submit("W.high.x", "Nats-Msg-Id: bad");
	submit("W.low.x", "Nats-Msg-Id: slow");
	submit("W.none.x", "Nats-Msg-Id: lonely");
	work("W", "high", 1, NAK);
	nats_rig_open(&rig, more);
	nats_rig_collect_whole(&rig);
	/* not given again yet */
	tasks_are("W/high", "bad reserved");
	ck_assert_str_eq(nats_rig_depth(&rig, "W/high"), "0 1 0 1");
	work("W", "high", 1, NAK);
	submit("W.high.x", "Nats-Msg-Id: next");
	/* the server gives up when it would give it once more */
	work("W", "high", 1, ACK);
	nats_rig_collect_whole(&rig);
	ck_assert_str_eq(nats_rig_depth(&rig, "W/high"), "0 0 1 1");
	tasks_are("W/high", "bad dead");
	ck_assert_int_eq(json_integer_value(json_object_get(
			     task("W/high", "bad"), "attempts")),
	    2);
	ck_assert_str_eq(nats_rig_depth(&rig, "W/low"), "1 0 0 1");
	tasks_are("W/low", "slow queued");
	/* what no consumer takes */
	ck_assert_str_eq(nats_rig_depth(&rig, "W"), "1 0 - 1");
	tasks_are("W", "lonely queued");
}
END_TEST

/* Of a log what is done stays; only what is not is a task. */
START_TEST(a_log_is_read_from_where_its_consumer_is)
{
	int i;

	nats_rig_stream(&rig, "L", js_LimitsPolicy, _i);
	nats_rig_consumer(&rig, "L", "c", NULL, -1);
	for (i = 0; i < 6; i++)
		submit("L.x", NULL);
	work("L", "c", 3, ACK);
	nats_rig_open(&rig, "");
	nats_rig_collect_whole(&rig);
	tasks_are("L/c", "L#4 queued,L#5 queued,L#6 queued");
	ck_assert_str_eq(nats_rig_depth(&rig, "L/c"), "3 0 - 3");
	work("L", "c", 1, KEEP);
	nats_rig_collect_whole(&rig);
	tasks_are("L/c", "L#4 reserved,L#5 queued,L#6 queued");
	/* which one of those delivered is done is not told any more */
	work("L", "c", 1, ACK);
	nats_rig_collect_whole(&rig);
	tasks_are("L/c", "L#6 queued");
	ck_assert_str_eq(nats_rig_depth(&rig, "L/c"), "1 1 - 2");
	ck_assert_int_eq(number("L/c", "tasks_omitted"), 1);
	ck_assert_str_eq(detail("L/c"), "window");
}
END_TEST

START_TEST(the_window_is_the_head)
{
	int i;

	nats_rig_stream(&rig, "W", js_WorkQueuePolicy, true);
	nats_rig_consumer(&rig, "W", "a", "W.a", -1);
	nats_rig_consumer(&rig, "W", "b", "W.b", -1);
	for (i = 0; i < 40; i++)
		submit("W.a", NULL);
	for (i = 0; i < 3; i++)
		submit("W.b", NULL);
	nats_rig_open(&rig, ", max_tasks_per_queue: 2");
	nats_rig_collect_whole(&rig);
	tasks_are("W/a", "W#1 queued,W#2 queued");
	ck_assert_int_eq(number("W/a", "tasks_omitted"), 38);
	/* those lie behind 40 of the other: they are looked for */
	tasks_are("W/b", "W#41 queued,W#42 queued");
	ck_assert_int_eq(number("W/b", "tasks_omitted"), 1);
	nats_rig_open(&rig, ", max_tasks_per_queue: 0");
	nats_rig_collect_whole(&rig);
	tasks_are("W/a", "");
	ck_assert_str_eq(detail("W/a"), "counts_only");
}
END_TEST

START_TEST(gaps_are_stepped_over)
{
	natsMsgList list;
	int i;

	nats_rig_stream(&rig, "W", js_WorkQueuePolicy, _i);
	nats_rig_consumer(&rig, "W", "w", NULL, -1);
	for (i = 0; i < 30; i++)
		submit("W.a", NULL);
	nats_rig_pull(&rig, "W", "w", 28, &list);
	for (i = 1; i < 28; i++)
		ck_assert_int_eq(
		    natsMsg_AckSync(list.Msgs[i], NULL, NULL), NATS_OK);
	natsMsgList_Destroy(&list);
	nats_rig_open(&rig, ", max_tasks_per_queue: 3");
	nats_rig_collect_whole(&rig);
	tasks_are("W/w", "W#1 reserved,W#29 queued,W#30 queued");
	ck_assert_str_eq(detail("W/w"), "full");
}
END_TEST

#define DEPENDS "X-Depends-On: "

START_TEST(tasks_wait_for_others)
{
	const json_t *row;

	nats_rig_stream(&rig, "P", js_WorkQueuePolicy, true);
	nats_rig_stream(&rig, "Q", js_WorkQueuePolicy, false);
	nats_rig_consumer(&rig, "P", "p", NULL, 1);
	nats_rig_consumer(&rig, "Q", "q", NULL, 1);
	submit("P.x", "Nats-Msg-Id: parent");
	submit("Q.x", "Nats-Msg-Id: child\n" DEPENDS "parent, gone,parent");
	submit("Q.x", "Nats-Msg-Id: grandchild\n" DEPENDS "child");
	submit("Q.x", "Nats-Msg-Id: free\n" DEPENDS "gone");
	submit("Q.x", "Nats-Msg-Id: x\n" DEPENDS "y");
	submit("Q.x", "Nats-Msg-Id: y\n" DEPENDS "x");
	nats_rig_open(&rig, ", blocked_by_header: X-Depends-On");
	nats_rig_collect_whole(&rig);
	tasks_are("Q/q", "child blocked,free queued,grandchild blocked,"
			 "x blocked,y blocked");
	row = json_object_get(task("Q/q", "child"), "blocked_by");
	ck_assert_uint_eq(json_array_size(row), 2);
	row = json_array_get(row, 1);
	ck_assert_str_eq(json_string_value(json_object_get(row, "id")),
	    "parent");
	ck_assert_str_eq(
	    json_string_value(json_object_get(row, "queue")), "P/p");
	ck_assert(json_is_true(
	    json_object_get(task("Q/q", "x"), "deadlocked")));
	ck_assert_ptr_null(
	    json_object_get(task("Q/q", "child"), "deadlocked"));
	/* the parent is given up: its descendants wait for ever */
	work("P", "p", 1, NAK);
	submit("P.x", NULL);
	work("P", "p", 1, ACK);
	nats_rig_collect_whole(&rig);
	tasks_are("P/p", "parent dead");
	ck_assert(json_is_true(
	    json_object_get(task("Q/q", "grandchild"), "deadlocked")));
}
END_TEST

START_TEST(priorities_by_subject_and_header)
{
	const json_t *rows, *priority;

	nats_rig_stream(&rig, "W", js_WorkQueuePolicy, _i);
	nats_rig_consumer(&rig, "W", "w", NULL, -1);
	submit("W.high.a", "Nats-Msg-Id: a");
	submit("W.low.b", "Nats-Msg-Id: b\nX-Prio: p0");
	submit("W.5.c", "Nats-Msg-Id: c");
	nats_rig_open(&rig, ", priority_token: 2, priority_header: X-Prio, "
			    "priority_levels: [p0=critical, '5=low']");
	nats_rig_collect_whole(&rig);
	tasks_are("W/w", "b queued,a queued,c queued");
	priority = json_object_get(task("W/w", "c"), "priority");
	ck_assert_int_eq(
	    json_integer_value(json_object_get(priority, "raw")), 5);
	rows = json_object_get(nats_rig_queue(&rig, "W/w"), "priorities");
	ck_assert_uint_eq(json_array_size(rows), 3);
}
END_TEST

/* Ids that nobody can show, or that stand there twice. */
START_TEST(odd_messages_are_shown_all_the_same)
{
	char big[300];

	memset(big, 'i', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	memcpy(big, "X-Id: ", 6);
	nats_rig_stream(&rig, "W", js_WorkQueuePolicy, _i);
	nats_rig_consumer(&rig, "W", "w", NULL, -1);
	submit("W.a", "X-Id: Both");
	submit("W.a", "X-Id: Both");
	submit("W.a", "X-Id: \xff\xfe");
	submit("W.a", big);
	nats_rig_submit(&rig, "W.a", NULL, "\0\xff\xfe\0", 4);
	nats_rig_open(&rig, ", id_header: X-Id");
	nats_rig_collect_whole(&rig);
	/* "Both" comes first by time and by name: all may be of one moment */
	tasks_are("W/w", "Both queued,W#2 queued,W#3 queued,W#4 queued,"
			 "W#5 queued");
}
END_TEST

START_TEST(the_server_comes_back_with_its_streams)
{
	char more[128];
	int code;

	snprintf(more, sizeof(more), ", monitoring: ['%s']", rig.monitoring);
	nats_rig_stream(&rig, "W", js_WorkQueuePolicy, true);
	nats_rig_consumer(&rig, "W", "w", NULL, -1);
	submit("W.a", NULL);
	nats_rig_open(&rig, more);
	nats_rig_collect_whole(&rig);
	/* the connection alone is lost */
	fault_proxy_drop(rig.proxy);
	nats_rig_collect(&rig);
	nats_rig_collect_whole(&rig);
	tasks_are("W/w", "W#1 queued");
	server_stop(&rig.server, SIGKILL);
	code = subject_collect(&rig.subject);
	ck_assert(code == SST_UNREACHABLE || code == SST_TRUNCATED);
	ck_assert(server_again(&rig.server));
	/* streams in memory are gone with it */
	nats_rig_collect_whole(&rig);
	ck_assert_uint_eq(json_array_size(rig.tree), 0);
}
END_TEST

START_TEST(nothing_that_is_read_is_changed)
{
	jsConsumerInfo *before = NULL, *after = NULL;
	jsStreamInfo *was = NULL, *is = NULL;
	int i;

	nats_rig_stream(&rig, "W", js_WorkQueuePolicy, _i);
	nats_rig_consumer(&rig, "W", "w", NULL, 3);
	for (i = 0; i < 5; i++)
		submit("W.a", "X-Id: x");
	work("W", "w", 1, KEEP);
	ck_assert_int_eq(
	    js_GetConsumerInfo(&before, rig.js, "W", "w", NULL, NULL),
	    NATS_OK);
	ck_assert_int_eq(
	    js_GetStreamInfo(&was, rig.js, "W", NULL, NULL), NATS_OK);
	nats_rig_open(&rig, "");
	for (i = 0; i < 50; i++)
		nats_rig_collect_whole(&rig);
	ck_assert_int_eq(
	    js_GetConsumerInfo(&after, rig.js, "W", "w", NULL, NULL),
	    NATS_OK);
	ck_assert_int_eq(
	    js_GetStreamInfo(&is, rig.js, "W", NULL, NULL), NATS_OK);
	ck_assert_int_eq(before->NumAckPending, after->NumAckPending);
	ck_assert_int_eq(before->NumRedelivered, after->NumRedelivered);
	ck_assert_uint_eq(before->NumPending, after->NumPending);
	ck_assert_uint_eq(
	    before->Delivered.Consumer, after->Delivered.Consumer);
	ck_assert_int_eq(before->Delivered.Last, after->Delivered.Last);
	ck_assert_uint_eq(was->State.Msgs, is->State.Msgs);
	ck_assert_uint_eq(was->State.LastSeq, is->State.LastSeq);
	ck_assert_int_eq(was->State.Consumers, is->State.Consumers);
	jsConsumerInfo_Destroy(before);
	jsConsumerInfo_Destroy(after);
	jsStreamInfo_Destroy(was);
	jsStreamInfo_Destroy(is);
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_loop_test(tc, a_work_queue_is_followed, 0, 4);
	tcase_add_loop_test(tc, a_task_that_was_given_up_is_dead, 0, 2);
	tcase_add_loop_test(
	    tc, a_log_is_read_from_where_its_consumer_is, 0, 2);
	tcase_add_test(tc, the_window_is_the_head);
	tcase_add_loop_test(tc, gaps_are_stepped_over, 0, 2);
	tcase_add_test(tc, tasks_wait_for_others);
	tcase_add_loop_test(tc, priorities_by_subject_and_header, 0, 2);
	tcase_add_loop_test(tc, odd_messages_are_shown_all_the_same, 0, 2);
	tcase_add_test(tc, the_server_comes_back_with_its_streams);
	tcase_add_loop_test(tc, nothing_that_is_read_is_changed, 0, 2);
}

int
main(void)
{
	const struct suite_plan plan = {
	    "nats_tasks", add_tests, setup, teardown, 100};

	if (!nats_rig_there())
		return EXIT_SUCCESS;
	return suite_run(&plan);
}
