/* Offsets as queues, and records as tasks: pure. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "repository/queues/kafka_assignment.h"
#include "repository/queues/kafka_client.h"
#include "repository/queues/kafka_queue.h"
#include "support/suite.h"

static struct kafka_store store;

static void
setup(void)
{
	memset(&store, 0, sizeof(store));
}

static void
teardown(void)
{
	kafka__store_fini(&store);
}

struct lag {
	int64_t committed, low, high, lag, lost;
};

static const struct lag lags[] = {
    {4, 0, 10, 6, 0},
    {0, 0, 10, 10, 0},
    {10, 0, 10, 0, 0},
    {11, 0, 10, 0, 0},  /* read meanwhile: never below nothing */
    {-1, 0, 10, -1, 0}, /* never committed: not known, not all of it */
    {-1, 10, 10, 0, 0}, /* nothing is kept: nothing is unread */
    {-1, 0, 0, 0, 0},
    {4, 6, 10, 4, 2}, /* deleted before it was read */
    {4, 10, 10, 0, 6},
    {6, 6, 10, 4, 0},
    {4, -1, -1, -1, 0}, /* the broker did not tell */
    {4, -1, 10, -1, 0},
    {4, 12, 10, -1, 0}, /* a broker that makes no sense */
    {INT64_MAX, 0, 10, 0, 0},
    {0, 0, INT64_MAX, INT64_MAX, 0},
};

enum { LAGS = (int)(sizeof(lags) / sizeof(lags[0])) };

static struct kafka_queue *
one_lane(const char *group)
{
	struct kafka_queue *q = kafka__store_queue(&store, "t", group, 1);

	ck_assert_ptr_nonnull(q);
	return q;
}

START_TEST(the_lag_of_a_partition)
{
	const struct lag *l = &lags[_i];
	struct kafka_queue *q = one_lane("g");
	int64_t lost;

	q->lanes[0].committed = l->committed;
	kafka__lane_ends(&q->lanes[0], l->low, l->high);
	ck_assert_int_eq(kafka__lane_lag(q, &q->lanes[0], &lost), l->lag);
	ck_assert_int_eq(lost, l->lost);
	ck_assert_int_eq(kafka__queue_lag(q, &lost), l->lag);
}
END_TEST

START_TEST(one_that_is_not_known_makes_the_sum_unknown)
{
	struct kafka_queue *q = kafka__store_queue(&store, "t", "g", 3);
	int64_t lost;

	ck_assert_str_eq(q->name, "t@g");
	kafka__lane_ends(&q->lanes[0], 5, 10);
	kafka__lane_ends(&q->lanes[1], 0, 10);
	kafka__lane_ends(&q->lanes[2], 0, 0);
	q->lanes[0].committed = 2;
	ck_assert_int_eq(kafka__queue_lag(q, &lost), -1);
	ck_assert_int_eq(lost, 3);
	q->lanes[1].committed = 7;
	ck_assert_int_eq(kafka__queue_lag(q, &lost), 8);
}
END_TEST

START_TEST(of_no_group_only_dead_letters_count)
{
	struct kafka_queue *q = one_lane(NULL);
	int64_t lost;

	ck_assert_str_eq(q->name, "t");
	kafka__lane_ends(&q->lanes[0], 5, 10);
	ck_assert_int_eq(kafka__queue_lag(q, &lost), -1);
	q->kind = KAFKA_DEAD;
	ck_assert_int_eq(kafka__queue_lag(q, &lost), 5);
	ck_assert_int_eq(lost, 0);
}
END_TEST

static void
add_records(struct kafka_lane *lane, int64_t from, int count)
{
	struct kafka_record r = {0};
	int i;

	for (i = 0; i < count; i++) {
		r.offset = from + i;
		r.at_ms = 1000 * (from + i);
		ck_assert(kafka__lane_add(lane, &r));
	}
}

START_TEST(the_window_follows_the_group)
{
	struct kafka_queue *q = one_lane("g");
	struct kafka_lane *lane = &q->lanes[0];
	int64_t from, ms;
	size_t more;

	kafka__lane_ends(lane, 0, 10);
	lane->committed = 2;
	ck_assert(kafka__lane_window(q, lane, 3, &from, &more));
	ck_assert_int_eq(from, 2);
	ck_assert_uint_eq(more, 3);
	ck_assert(!kafka__queue_oldest(q, &ms));
	add_records(lane, 2, 3);
	ck_assert(!kafka__lane_window(q, lane, 3, &from, &more));
	ck_assert(kafka__queue_oldest(q, &ms));
	ck_assert_int_eq(ms, 2000);
	/* forward: what was read is dropped, the rest is kept */
	lane->committed = 4;
	ck_assert(kafka__lane_window(q, lane, 3, &from, &more));
	ck_assert_uint_eq(lane->count, 1);
	ck_assert_int_eq(from, 5);
	ck_assert_uint_eq(more, 2);
	/* beyond all that is known */
	lane->committed = 9;
	ck_assert(kafka__lane_window(q, lane, 3, &from, &more));
	ck_assert_uint_eq(lane->count, 0);
	ck_assert_int_eq(from, 9);
	/* back */
	lane->committed = 1;
	ck_assert(kafka__lane_window(q, lane, 3, &from, &more));
	ck_assert_int_eq(from, 1);
	ck_assert_uint_eq(more, 3);
	/* retention */
	add_records(lane, 1, 3);
	kafka__lane_ends(lane, 3, 10);
	ck_assert(kafka__lane_window(q, lane, 3, &from, &more));
	ck_assert_uint_eq(lane->count, 1);
	ck_assert_int_eq(from, 4);
	/* nothing left */
	lane->committed = 10;
	ck_assert(!kafka__lane_window(q, lane, 3, &from, &more));
	ck_assert_uint_eq(lane->count, 0);
}
END_TEST

/* The end of a transaction takes an offset. */
START_TEST(what_was_fetched_to_the_end_is_counted)
{
	struct kafka_queue *q = one_lane("g");
	struct kafka_lane *lane = &q->lanes[0];
	int64_t from, lost, ms;
	size_t more;

	kafka__lane_ends(lane, 0, 10);
	lane->committed = 7;
	ck_assert(kafka__lane_window(q, lane, 5, &from, &more));
	add_records(lane, 7, 2);
	ck_assert_int_eq(kafka__lane_lag(q, lane, &lost), 3);
	lane->next = 10;
	ck_assert_int_eq(kafka__lane_lag(q, lane, &lost), 2);
	lane->committed = 9;
	ck_assert(!kafka__lane_window(q, lane, 5, &from, &more));
	ck_assert_int_eq(kafka__lane_lag(q, lane, &lost), 0);
	ck_assert(!kafka__queue_oldest(q, &ms));
}
END_TEST

START_TEST(a_topic_made_again_is_another_one)
{
	struct kafka_queue *q = one_lane("g");
	struct kafka_lane *lane = &q->lanes[0];
	int64_t from;
	size_t more;

	kafka__lane_ends(lane, 0, 10);
	lane->committed = 2;
	kafka__lane_window(q, lane, 3, &from, &more);
	add_records(lane, 2, 3);
	/* not known for a while */
	kafka__lane_ends(lane, -1, -1);
	ck_assert_uint_eq(lane->count, 3);
	kafka__lane_ends(lane, 0, 8);
	ck_assert_uint_eq(lane->count, 0);
	ck_assert(kafka__lane_window(q, lane, 3, &from, &more));
	ck_assert_int_eq(from, 2);
}
END_TEST

START_TEST(what_cannot_be_fetched_is_tried_less)
{
	struct kafka_queue *q = one_lane("g");
	struct kafka_lane *lane = &q->lanes[0];
	int i, tries = 0;
	int64_t from;
	size_t more;

	kafka__lane_ends(lane, 0, 10);
	lane->committed = 2;
	for (i = 0; i < KAFKA_MISSES + 2 * KAFKA_MISSES_AGAIN; i++) {
		if (!kafka__lane_window(q, lane, 1, &from, &more))
			continue;
		tries++;
		lane->misses++;
	}
	ck_assert_int_ge(tries, KAFKA_MISSES + 1);
	ck_assert_int_le(tries, KAFKA_MISSES + 3);
	/* the group went on */
	lane->committed = 3;
	ck_assert(kafka__lane_window(q, lane, 1, &from, &more));
	ck_assert_uint_eq(lane->misses, 0);
}
END_TEST

START_TEST(rows_are_shared_evenly)
{
	struct kafka_queue *q = kafka__store_queue(&store, "t", "g", 4);
	size_t i;

	for (i = 0; i < 4; i++)
		q->lanes[i].committed = 0;
	kafka__lane_ends(&q->lanes[0], 0, 100);
	kafka__lane_ends(&q->lanes[1], 0, 2);
	kafka__lane_ends(&q->lanes[2], 0, 0);
	kafka__lane_ends(&q->lanes[3], 0, 100);
	kafka__queue_share(q, 30);
	ck_assert_uint_eq(q->lanes[1].show, 2);
	ck_assert_uint_eq(q->lanes[2].show, 0);
	ck_assert_uint_eq(q->lanes[0].show + q->lanes[3].show, 28);
	ck_assert_uint_ge(q->lanes[3].show, 10);
	kafka__queue_share(q, 1000);
	ck_assert_uint_eq(q->lanes[0].show, 100);
	ck_assert_uint_eq(q->lanes[3].show, 100);
	kafka__queue_share(q, 2);
	ck_assert_uint_eq(
	    q->lanes[0].show + q->lanes[1].show + q->lanes[3].show, 2);
	kafka__queue_share(q, 0);
	ck_assert_uint_eq(q->lanes[0].show, 0);
}
END_TEST

START_TEST(queues_are_found_and_forgotten)
{
	static const char *const topics[] = {"b", "a", "c", "a", "b"};
	static const char *const groups[] = {"y", "y", NULL, NULL, "x"};
	struct kafka_queue *q;
	size_t i;

	for (i = 0; i < 5; i++) {
		q = kafka__store_queue(&store, topics[i], groups[i], 1);
		ck_assert_ptr_nonnull(q);
		ck_assert_ptr_eq(
		    q, kafka__store_queue(&store, topics[i], groups[i], 1));
	}
	ck_assert_uint_eq(store.count, 5);
	ck_assert_str_eq(store.queues[0]->name, "a");
	ck_assert_str_eq(store.queues[1]->name, "a@y");
	ck_assert_str_eq(store.queues[4]->name, "c");
	ck_assert(kafka__store_reads(&store, "a"));
	ck_assert(!kafka__store_reads(&store, "c"));
	ck_assert(!kafka__store_reads(&store, "z"));
	kafka__store_begin(&store);
	q = kafka__store_queue(&store, "b", "x", 3);
	ck_assert_uint_eq(q->lane_count, 3);
	kafka__store_sweep(&store);
	ck_assert_uint_eq(store.count, 1);
	/* partitions never become fewer, but a topic made again may have */
	kafka__store_begin(&store);
	q = kafka__store_queue(&store, "b", "x", 1);
	ck_assert_uint_eq(q->lane_count, 1);
}
END_TEST

struct assigned {
	const char *bytes;
	size_t len;
	size_t topics;
	bool has; /* "ab" */
};

#define BYTES(s) (s), sizeof(s) - 1
#define HEAD2 "\0\0\0\0\0\2"
#define TOPIC_AB "\0\2ab\0\0\0\1\0\0\0\7"

static const struct assigned assigneds[] = {
    {BYTES(HEAD2 TOPIC_AB "\0\1c\0\0\0\0\xff\xff\xff\xff"), 2, true},
    {BYTES(HEAD2 "\0\1c\0\0\0\0" TOPIC_AB), 2, true},
    {BYTES(HEAD2 "\0\1c\0\0\0\0\0\3abc\0\0\0\0"), 2, false},
    {NULL, 0, 0, false},
    {BYTES(""), 0, false},
    {BYTES("\0\0"), 0, false},
    {BYTES("\0\0\0\0\0\0"), 0, false},
    {BYTES("\xff\xff\0\0\0\1" TOPIC_AB), 0, false},
    {BYTES("\0\0\xff\xff\xff\xff" TOPIC_AB), 0, false},
    /* cut, and lengths that lie */
    {BYTES(HEAD2 TOPIC_AB "\0\1"), 1, true},
    {BYTES(HEAD2 "\0\2ab\0\0\0"), 0, false},
    {BYTES(HEAD2 "\0\2ab\0\0\0\2\0\0\0\7"), 0, false},
    {BYTES(HEAD2 "\x7f\xff"
		 "ab"),
	0, false},
    {BYTES(HEAD2 "\0\2ab\x7f\xff\xff\xff"), 0, false},
    {BYTES(HEAD2 "\0\0\0\0\0\0"), 0, false},
};

enum { ASSIGNEDS = (int)(sizeof(assigneds) / sizeof(assigneds[0])) };

START_TEST(topics_of_a_member)
{
	const struct assigned *a = &assigneds[_i];
	struct kafka_assignment assignment;
	/* of just that size: a read beyond it is found */
	char *bytes = a->len > 0 ? malloc(a->len) : NULL;
	struct queue_text topic;
	size_t topics = 0;

	if (bytes != NULL)
		memcpy(bytes, a->bytes, a->len);
	kafka__assignment_begin(bytes, a->len, &assignment);
	while (kafka__assignment_next(&assignment, &topic))
		topics++;
	ck_assert(!kafka__assignment_next(&assignment, &topic));
	ck_assert_uint_eq(topics, a->topics);
	ck_assert_int_eq(kafka__assignment_has(bytes, a->len, "ab"), a->has);
	free(bytes);
}
END_TEST

struct broker {
	const char *text;
	bool valid;
};

static const struct broker brokers[] = {{"a", true}, {"a:1", true},
    {"a:65535", true}, {"10.0.0.1:9092", true}, {"[::1]", true},
    {"[::1]:9092", true}, {"[fe80::1%eth0]:9092", true}, {"", false},
    {":1", false}, {"a:", false}, {"a:b", false}, {"a:65536", false},
    {"a:1:2", false}, {"a b", false}, {"a,b", false}, {"u@a", false},
    {"a/b", false}, {"[::1", false}, {"a\n", false}};

enum { BROKERS = (int)(sizeof(brokers) / sizeof(brokers[0])) };

START_TEST(addresses_of_brokers)
{
	ck_assert_msg(
	    kafka__valid_broker(brokers[_i].text) == brokers[_i].valid, "%s",
	    brokers[_i].text);
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_loop_test(tc, the_lag_of_a_partition, 0, LAGS);
	tcase_add_test(tc, one_that_is_not_known_makes_the_sum_unknown);
	tcase_add_test(tc, of_no_group_only_dead_letters_count);
	tcase_add_test(tc, the_window_follows_the_group);
	tcase_add_test(tc, what_was_fetched_to_the_end_is_counted);
	tcase_add_test(tc, a_topic_made_again_is_another_one);
	tcase_add_test(tc, what_cannot_be_fetched_is_tried_less);
	tcase_add_test(tc, rows_are_shared_evenly);
	tcase_add_test(tc, queues_are_found_and_forgotten);
	tcase_add_loop_test(tc, topics_of_a_member, 0, ASSIGNEDS);
	tcase_add_loop_test(tc, addresses_of_brokers, 0, BROKERS);
}

int
main(void)
{
	const struct suite_plan plan = {
	    "kafka queue", add_tests, setup, teardown, 0};

	return suite_run(&plan);
}
