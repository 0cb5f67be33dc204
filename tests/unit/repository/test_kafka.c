/* The Kafka source against mock brokers: what it tells, rule by rule. */
#include <check.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kafka_rig.h"
#include "repository/queues/queues.h"
#include "support/poll.h"
#include "support/suite.h"

static struct kafka_rig rig;

static void
setup(void)
{
	rig_init(&rig, 3);
	rig_topic(&rig, "agent.tasks", 3);
	rig_produce(&rig, "agent.tasks", 0, 10, NULL);
	rig_produce(&rig, "agent.tasks", 1, 5, NULL);
}

static void
teardown(void)
{
	rig_fini(&rig);
}

START_TEST(what_is_not_read_is_the_depth)
{
	json_t *queues, *queue;

	rig_commit(&rig, "planner", "agent.tasks", 0, 4);
	rig_commit(&rig, "planner", "agent.tasks", 1, 5);
	rig_open(&rig, "groups: [planner]");
	queues = rig_collect(&rig);
	ck_assert_uint_eq(json_array_size(queues), 1);
	/* partition 2 has nothing: nothing is unread, committed or not */
	ck_assert_int_eq(rig_depth(queues, "agent.tasks@planner", "ready"), 6);
	ck_assert_int_eq(rig_depth(queues, "agent.tasks@planner", "total"), 6);
	ck_assert_int_eq(
	    rig_depth(queues, "agent.tasks@planner", "running"), -1);
	queue = rig_queue(queues, "agent.tasks@planner");
	ck_assert(
	    json_is_string(json_object_get(queue, "oldest_submitted_at")));
	ck_assert(json_is_null(json_object_get(queue, "consumers")));
	ck_assert(rig_part(&rig, "groups", "unsupported"));
	ck_assert(rig_part(&rig, "committed offsets", "ok"));
	ck_assert(rig_part(&rig, "records", "ok"));
	json_decref(queues);
}
END_TEST

START_TEST(without_a_commit_it_is_not_known)
{
	json_t *queues;

	rig_commit(&rig, "planner", "agent.tasks", 0, 4);
	rig_open(&rig, "groups: [planner]");
	queues = rig_collect(&rig);
	ck_assert_int_eq(rig_depth(queues, "agent.tasks@planner", "ready"), -1);
	ck_assert_int_eq(rig_depth(queues, "agent.tasks@planner", "total"), -1);
	ck_assert(json_is_null(json_object_get(
	    rig_queue(queues, "agent.tasks@planner"), "tasks_omitted")));
	json_decref(queues);
}
END_TEST

START_TEST(a_commit_behind_the_end_is_nothing)
{
	json_t *queues;

	rig_commit(&rig, "planner", "agent.tasks", 0, 40);
	rig_commit(&rig, "planner", "agent.tasks", 1, 5);
	rig_open(&rig, "groups: [planner]");
	queues = rig_collect(&rig);
	ck_assert_int_eq(rig_depth(queues, "agent.tasks@planner", "ready"), 0);
	json_decref(queues);
}
END_TEST

START_TEST(a_group_that_is_not_there_has_no_queue)
{
	json_t *queues;

	rig_open(&rig, "groups: [nobody]");
	queues = rig_collect(&rig);
	ck_assert_uint_eq(json_array_size(queues), 0);
	json_decref(queues);
}
END_TEST

START_TEST(groups_that_cannot_be_listed_are_no_empty_cluster)
{
	rig_open(&rig, "groups: ['plan*']");
	ck_assert_int_eq(subject_collect(&rig.subject), SST_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(rig.subject.err.text, "groups"));
}
END_TEST

START_TEST(a_topic_asked_for_is_shown_without_a_group)
{
	json_t *queues, *queue;

	rig_open(&rig, "groups: [planner], topics: ['agent.*']");
	queues = rig_collect(&rig);
	ck_assert_uint_eq(json_array_size(queues), 1);
	queue = rig_queue(queues, "agent.tasks");
	ck_assert_int_eq(rig_depth(queues, "agent.tasks", "ready"), -1);
	ck_assert_int_eq(rig_depth(queues, "agent.tasks", "total"), -1);
	ck_assert_ptr_null(json_object_get(queue, "oldest_submitted_at"));
	json_decref(queues);
}
END_TEST

START_TEST(dead_letters_and_retries_by_name)
{
	json_t *queues, *queue;

	rig_topic(&rig, "agent.tasks.dlq", 1);
	rig_produce(&rig, "agent.tasks.dlq", 0, 3, NULL);
	rig_topic(&rig, "agent.tasks-retry", 1);
	rig_produce(&rig, "agent.tasks-retry", 0, 2, NULL);
	rig_commit(&rig, "planner", "agent.tasks-retry", 0, 0);
	rig_commit(&rig, "planner", "agent.tasks", 0, 10);
	rig_commit(&rig, "planner", "agent.tasks", 1, 5);
	rig_open(&rig, "groups: [planner], max_tasks_per_queue: 10");
	queues = rig_collect(&rig);
	ck_assert_uint_eq(json_array_size(queues), 3);
	ck_assert_int_eq(rig_depth(queues, "agent.tasks.dlq", "dead"), 3);
	ck_assert_int_eq(rig_depth(queues, "agent.tasks.dlq", "ready"), 0);
	ck_assert_int_eq(rig_depth(queues, "agent.tasks.dlq", "total"), 3);
	queue = json_array_get(
	    json_object_get(rig_queue(queues, "agent.tasks.dlq"), "tasks"), 0);
	ck_assert_str_eq(
	    json_string_value(json_object_get(queue, "status")), "dead");
	queue = json_array_get(
	    json_object_get(
		rig_queue(queues, "agent.tasks-retry@planner"), "tasks"),
	    0);
	ck_assert_str_eq(
	    json_string_value(json_object_get(queue, "status")), "retrying");
	queue = rig_queue(queues, "agent.tasks@planner");
	ck_assert_str_eq(
	    json_string_value(json_object_get(queue, "dead_letter_queue")),
	    "agent.tasks.dlq");
	json_decref(queues);
}
END_TEST

START_TEST(patterns_of_ones_own)
{
	json_t *queues;

	rig_topic(&rig, "graveyard.agent.tasks", 1);
	rig_produce(&rig, "graveyard.agent.tasks", 0, 1, NULL);
	rig_topic(&rig, "agent.tasks.dlq", 1);
	rig_commit(&rig, "planner", "agent.tasks", 0, 10);
	rig_open(&rig, "groups: [planner], dead_letter_topics:"
		       " ['graveyard.*'], exclude: ['*@nobody']");
	queues = rig_collect(&rig);
	ck_assert_uint_eq(json_array_size(queues), 2);
	ck_assert_int_eq(rig_depth(queues, "graveyard.agent.tasks", "dead"), 1);
	ck_assert_str_eq(
	    json_string_value(json_object_get(
		rig_queue(queues, "agent.tasks@planner"), "dead_letter_queue")),
	    "graveyard.agent.tasks");
	json_decref(queues);
	rig_open(&rig, "groups: [planner], exclude: ['*@planner']");
	queues = rig_collect(&rig);
	ck_assert_uint_eq(json_array_size(queues), 1);
	json_decref(queues);
	rig_open(&rig, "groups: [planner], include: ['*@planner']");
	queues = rig_collect(&rig);
	ck_assert_uint_eq(json_array_size(queues), 1);
	rig_queue(queues, "agent.tasks@planner");
	json_decref(queues);
}
END_TEST

static const char *const headers[] = {
    "id", "t-1", "prio", "urgent", "type", "plan", "after", "t-8, t-9", NULL};

START_TEST(rows_are_those_after_the_commit)
{
	json_t *queues, *queue, *tasks, *task;

	rig_topic(&rig, "rows", 1);
	rig_produce(&rig, "rows", 0, 2, NULL);
	rig_produce(&rig, "rows", 0, 2, headers);
	rig_commit(&rig, "planner", "rows", 0, 1);
	rig_open(&rig, "groups: [planner], max_tasks_per_queue: 2,"
		       " id_header: id, priority_header: prio, type_header:"
		       " type, blocked_by_header: after, priority_levels:"
		       " [urgent=critical]");
	queues = rig_collect(&rig);
	queue = rig_queue(queues, "rows@planner");
	tasks = json_object_get(queue, "tasks");
	ck_assert_uint_eq(json_array_size(tasks), 2);
	ck_assert_int_eq(
	    json_integer_value(json_object_get(queue, "tasks_omitted")), 1);
	ck_assert_str_eq(
	    json_string_value(json_object_get(queue, "tasks_detail")),
	    "window");
	/* by priority, high first */
	task = json_array_get(tasks, 0);
	ck_assert_str_eq(json_string_value(json_object_get(task, "id")), "t-1");
	ck_assert_uint_eq(
	    json_array_size(json_object_get(task, "blocked_by")), 2);
	task = json_array_get(tasks, 1);
	ck_assert_str_eq(
	    json_string_value(json_object_get(task, "id")), "rows/0/1");
	json_decref(queues);
	/* the id of the second one is taken */
	rig_commit(&rig, "planner", "rows", 0, 2);
	queues = rig_collect(&rig);
	tasks = json_object_get(rig_queue(queues, "rows@planner"), "tasks");
	ck_assert_str_eq(
	    json_string_value(json_object_get(json_array_get(tasks, 1), "id")),
	    "t-1");
	ck_assert_str_eq(
	    json_string_value(json_object_get(json_array_get(tasks, 0), "id")),
	    "rows/0/3");
	json_decref(queues);
	/* set back */
	rig_commit(&rig, "planner", "rows", 0, 0);
	queues = rig_collect(&rig);
	tasks = json_object_get(rig_queue(queues, "rows@planner"), "tasks");
	ck_assert_uint_eq(json_array_size(tasks), 2);
	ck_assert_str_eq(
	    json_string_value(json_object_get(json_array_get(tasks, 0), "id")),
	    "rows/0/0");
	json_decref(queues);
}
END_TEST

START_TEST(what_did_not_change_is_the_same_bytes)
{
	char *first, *again;

	rig_commit(&rig, "planner", "agent.tasks", 0, 4);
	rig_open(&rig, "groups: [planner], max_tasks_per_queue: 3");
	json_decref(rig_collect(&rig));
	first = subject_json(&rig.subject);
	json_decref(rig_collect(&rig));
	again = subject_json(&rig.subject);
	ck_assert_str_eq(first, again);
	free(first);
	free(again);
}
END_TEST

/* Of what is as it was nothing is made anew: the entity itself is kept. */
START_TEST(what_did_not_change_is_kept)
{
	struct sst_harvest *first = NULL, *last;

	rig_commit(&rig, "planner", "agent.tasks", 0, 4);
	rig_commit(&rig, "planner", "agent.tasks", 1, 0);
	rig_open(&rig, "groups: [planner], max_tasks_per_queue: 3");
	ck_assert_int_eq(rig_collect_after(&rig, &first), SST_OK);
	last = sst_harvest_acquire(first);
	ck_assert_int_eq(rig_collect_after(&rig, &last), SST_OK);
	ck_assert_ptr_ne(last, first);
	ck_assert_ptr_eq(last->entities[0], first->entities[0]);
	/* a collection that is lost tells nothing */
	rig_commit(&rig, "planner", "agent.tasks", 0, 5);
	rig.subject.ops->interrupt(rig.subject.state);
	ck_assert_int_eq(rig_collect_after(&rig, &last), SST_CANCELED);
	ck_assert_int_eq(rig_collect_after(&rig, &last), SST_OK);
	ck_assert_ptr_ne(last->entities[0], first->entities[0]);
	sst_harvest_release(&first);
	sst_harvest_release(&last);
}
END_TEST

/* A broker that is down costs the partitions it leads. */
START_TEST(a_broker_that_is_down_costs_its_partitions)
{
	json_t *queues;

	rig_topic(&rig, "one", 1);
	rig_produce(&rig, "one", 0, 7, NULL);
	rig_topic(&rig, "two", 2);
	rig_produce(&rig, "two", 1, 7, NULL);
	rd_kafka_mock_coordinator_set(rig.cluster, "group", "planner", 1);
	rig_commit(&rig, "planner", "one", 0, 3);
	rig_commit(&rig, "planner", "two", 0, 0);
	rig_commit(&rig, "planner", "two", 1, 3);
	rig_open(&rig, "groups: [planner]");
	queues = rig_collect(&rig);
	ck_assert_int_eq(rig_depth(queues, "one@planner", "ready"), 4);
	ck_assert_int_eq(rig_depth(queues, "two@planner", "ready"), 4);
	json_decref(queues);
	rd_kafka_mock_broker_set_down(rig.cluster, 2);
	/* one that was asked just then may say first that nobody is there */
	ck_assert(POLL_UNTIL(subject_collect(&rig.subject) == SST_OK));
	queues = subject_tree(&rig.subject);
	ck_assert_int_eq(rig_depth(queues, "one@planner", "ready"), 4);
	ck_assert_int_eq(rig_depth(queues, "two@planner", "ready"), -1);
	ck_assert_int_ne(rig.subject.harvest->flaw.code, SST_OK);
	ck_assert(rig_part(&rig, "ends of partitions", "failing"));
	json_decref(queues);
	rd_kafka_mock_broker_set_up(rig.cluster, 2);
	ck_assert(POLL_UNTIL(rig_is_whole(&rig)));
	queues = rig_collect(&rig);
	ck_assert_int_eq(rig_depth(queues, "two@planner", "ready"), 4);
	json_decref(queues);
}
END_TEST

/* The lead of a partition goes to another broker. */
START_TEST(a_new_leader_is_asked)
{
	json_t *queues;

	rig_topic(&rig, "one", 1);
	rig_produce(&rig, "one", 0, 7, NULL);
	rig_commit(&rig, "planner", "one", 0, 3);
	rig_open(&rig, "groups: [planner]");
	queues = rig_collect(&rig);
	ck_assert_int_eq(rig_depth(queues, "one@planner", "ready"), 4);
	json_decref(queues);
	rd_kafka_mock_partition_set_leader(rig.cluster, "one", 0, 3);
	rig_commit(&rig, "planner", "one", 0, 5);
	ck_assert(POLL_UNTIL(rig_is_whole(&rig)));
	queues = rig_collect(&rig);
	ck_assert_int_eq(rig_depth(queues, "one@planner", "ready"), 2);
	json_decref(queues);
	/* none leads it: that is no reason to say nothing of the others */
	rig_topic(&rig, "two", 1);
	rig_produce(&rig, "two", 0, 2, NULL);
	rig_commit(&rig, "planner", "two", 0, 0);
	rd_kafka_mock_partition_set_leader(rig.cluster, "one", 0, -1);
	queues = rig_collect(&rig);
	ck_assert_int_eq(rig_depth(queues, "one@planner", "ready"), -1);
	ck_assert_int_eq(rig_depth(queues, "two@planner", "ready"), 2);
	ck_assert_int_eq(rig.subject.harvest->flaw.code, SST_UNREACHABLE);
	ck_assert_ptr_nonnull(
	    strstr(rig.subject.harvest->flaw.text, "no leader"));
	json_decref(queues);
}
END_TEST

struct refusal {
	int16_t api; /* key in Kafka's protocol */
	rd_kafka_resp_err_t error;
	const char *part;
	const char *state;
};

static const struct refusal refusals[] = {
    {9, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, "committed offsets",
	"forbidden"},
    {9, RD_KAFKA_RESP_ERR_POLICY_VIOLATION, "committed offsets", "failing"},
    {2, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "ends of partitions",
	"forbidden"},
    {2, RD_KAFKA_RESP_ERR_POLICY_VIOLATION, "ends of partitions", "failing"},
    {1, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "records", "forbidden"},
};

enum { REFUSALS = (int)(sizeof(refusals) / sizeof(refusals[0])) };

/* What is refused costs that fact, is said, and comes back. */
START_TEST(a_refused_request_costs_its_fact)
{
	const struct refusal *r = &refusals[_i];
	rd_kafka_resp_err_t errors[8];
	json_t *queues;
	size_t i;

	for (i = 0; i < 8; i++)
		errors[i] = r->error;
	rig_topic(&rig, "one", 1);
	rig_produce(&rig, "one", 0, 7, NULL);
	rig_commit(&rig, "planner", "one", 0, 3);
	rig_open(&rig, r->api == 1 ? "groups: [planner]"
				   : "groups: [planner], oldest: false");
	if (r->api != 1) {
		queues = rig_collect(&rig);
		ck_assert_int_eq(rig_depth(queues, "one@planner", "ready"), 4);
		json_decref(queues);
	}
	rd_kafka_mock_push_request_errors_array(rig.cluster, r->api, 8, errors);
	queues = rig_collect(&rig);
	ck_assert_int_eq(
	    rig_depth(queues, "one@planner", "ready"), r->api == 1 ? 4 : -1);
	ck_assert_msg(rig_part(&rig, r->part, r->state), "%s: %s", r->part,
	    rig.subject.harvest->upstream);
	ck_assert_int_ne(rig.subject.harvest->flaw.code, SST_OK);
	json_decref(queues);
	rd_kafka_mock_clear_request_errors(rig.cluster, r->api);
	ck_assert(POLL_UNTIL(rig_is_whole(&rig)));
	queues = rig_collect(&rig);
	ck_assert_int_eq(rig_depth(queues, "one@planner", "ready"), 4);
	json_decref(queues);
}
END_TEST

/* Committed offsets, after many collections with rows. */
START_TEST(a_thousand_collections_change_nothing)
{
	size_t before, after;
	char *first, *last;
	int i;

	rig_commit(&rig, "planner", "agent.tasks", 0, 4);
	rig_commit(&rig, "planner", "agent.tasks", 1, 2);
	rig_open(&rig, "groups: [planner], max_tasks_per_queue: 3");
	json_decref(rig_collect(&rig));
	first = subject_json(&rig.subject);
	for (i = 0; i < 500; i++)
		json_decref(rig_collect(&rig));
	before = mallinfo2().uordblks;
	for (i = 0; i < 500; i++)
		json_decref(rig_collect(&rig));
	after = mallinfo2().uordblks;
	last = subject_json(&rig.subject);
	ck_assert_str_eq(first, last);
	free(first);
	free(last);
	ck_assert_msg(
	    after <= before + 128 * 1024, "%zu bytes, then %zu", before, after);
	ck_assert_int_eq(rig_committed(&rig, "planner", "agent.tasks", 0), 4);
	ck_assert_int_eq(rig_committed(&rig, "planner", "agent.tasks", 1), 2);
	ck_assert_int_eq(
	    rig_committed(&rig, "planner", "agent.tasks", 2), -1001);
	ck_assert_int_eq(
	    rig_committed(&rig, "systate", "agent.tasks", 0), -1001);
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_test(tc, what_is_not_read_is_the_depth);
	tcase_add_test(tc, without_a_commit_it_is_not_known);
	tcase_add_test(tc, a_commit_behind_the_end_is_nothing);
	tcase_add_test(tc, a_group_that_is_not_there_has_no_queue);
	tcase_add_test(tc, groups_that_cannot_be_listed_are_no_empty_cluster);
	tcase_add_test(tc, a_topic_asked_for_is_shown_without_a_group);
	tcase_add_test(tc, dead_letters_and_retries_by_name);
	tcase_add_test(tc, patterns_of_ones_own);
	tcase_add_test(tc, rows_are_those_after_the_commit);
	tcase_add_test(tc, what_did_not_change_is_the_same_bytes);
	tcase_add_test(tc, what_did_not_change_is_kept);
	tcase_add_test(tc, a_broker_that_is_down_costs_its_partitions);
	tcase_add_test(tc, a_new_leader_is_asked);
	tcase_add_loop_test(tc, a_refused_request_costs_its_fact, 0, REFUSALS);
	tcase_add_test(tc, a_thousand_collections_change_nothing);
}

int
main(void)
{
	const struct suite_plan plan = {
	    "kafka", add_tests, setup, teardown, 120};

	return suite_run(&plan);
}
