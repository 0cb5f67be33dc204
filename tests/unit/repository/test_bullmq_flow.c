/* Flows: who waits for whom, across queues, and who waits for ever. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_bullmq_support.h"

static struct bull bull;

static void
setup(void)
{
	bull_init(&bull, NULL);
	bull_do(&bull, "HSET bull:plan:meta version bullmq:6.7.0");
	bull_do(&bull, "HSET bull:tools:meta version bullmq:6.7.0");
}

static void
teardown(void)
{
	bull_fini(&bull);
}

#define TOLD(queue, id, member, want) \
	ck_assert_str_eq(bull_told(&bull, queue, id, member), want)

static void
job(const char *queue, const char *id, int attempts_made)
{
	bull_do(&bull,
	    "HSET bull:%s:%s name n timestamp 1795226728000 priority 0 opts "
	    "{\"attempts\":2} atm %d",
	    queue, id, attempts_made);
}

static void
parent(const char *id, int score)
{
	job("plan", id, 0);
	bull_do(&bull, "ZADD bull:plan:waiting-children %d %s", score, id);
}

static void
needs(const char *id, const char *child)
{
	bull_do(&bull, "SADD bull:plan:%s:dependencies %s", id, child);
}

static void
put(const char *queue, const char *id, const char *where, int attempts_made)
{
	job(queue, id, attempts_made);
	if (strcmp(where, "wait") == 0 || strcmp(where, "active") == 0)
		bull_do(&bull, "LPUSH bull:%s:%s %s", queue, where, id);
	else
		bull_do(&bull, "ZADD bull:%s:%s %lld %s", queue, where,
		    1795226788502LL * 4096, id);
}

/* The status of the only task that p waits for. */
static const char *
blocker(const char *p)
{
	static char text[64];
	const json_t *list =
	    json_object_get(bull_task(&bull, "plan", p), "blocked_by");

	ck_assert_uint_eq(json_array_size(list), 1);
	snprintf(text, sizeof(text), "%s",
	    json_string_value(
		json_object_get(json_array_get(list, 0), "status")));
	return text;
}

START_TEST(each_state_of_a_child)
{
	static const struct {
		const char *where, *status, *dead;
		int attempts;
	} rows[] = {{"wait", "queued", "absent", 0},
	    {"active", "running", "absent", 0},
	    {"prioritized", "queued", "absent", 0},
	    {"delayed", "scheduled", "absent", 0},
	    {"delayed", "retrying", "absent", 1},
	    {"failed", "failed", "true", 1}, {"failed", "dead", "true", 2},
	    {"waiting-children", "blocked", "absent", 0}};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bull_do(&bull, "DEL bull:tools:wait bull:tools:active "
			       "bull:tools:prioritized bull:tools:delayed "
			       "bull:tools:failed "
			       "bull:tools:waiting-children");
		parent("p", 1);
		needs("p", "bull:tools:c");
		put("tools", "c", rows[i].where, rows[i].attempts);
		/* in sight, and out of it */
		bull_open(&bull, "");
		bull_collect_whole(&bull);
		TOLD("plan", "p", "status", "blocked");
		ck_assert_str_eq(blocker("p"), rows[i].status);
		TOLD("plan", "p", "deadlocked", rows[i].dead);
		bull_do(&bull, "SET bull:tools:c:lock x");
		bull_open(&bull, "exclude: [tools]");
		bull_collect_whole(&bull);
		if (strcmp(rows[i].where, "active") == 0)
			ck_assert_str_eq(blocker("p"), "running");
		ck_assert_ptr_nonnull(
		    strstr(bull_told(&bull, "plan", "p", "blocked_by"),
			"\"queue\":\"tools\""));
		bull_do(&bull, "DEL bull:tools:c:lock");
		bull_collect_whole(&bull);
		if (strcmp(rows[i].where, "active") == 0)
			continue;
		ck_assert_str_eq(blocker("p"), rows[i].status);
		TOLD("plan", "p", "deadlocked", rows[i].dead);
	}
}
END_TEST

START_TEST(moves_of_a_child_are_seen)
{
	parent("p", 1);
	needs("p", "bull:tools:c");
	put("tools", "c", "wait", 0);
	bull_do(&bull, "XADD bull:plan:events * event x");
	bull_do(&bull, "XADD bull:tools:events * event x");
	bull_open(&bull, "");
	bull_collect_whole(&bull);
	ck_assert_str_eq(blocker("p"), "queued");
	/* there is no event in the queue of the parent */
	bull_do(&bull, "RPOPLPUSH bull:tools:wait bull:tools:active");
	bull_do(&bull, "SET bull:tools:c:lock x");
	bull_do(&bull, "XADD bull:tools:events * event x");
	bull_collect_whole(&bull);
	ck_assert_str_eq(blocker("p"), "running");
	bull_do(&bull, "LREM bull:tools:active 0 c");
	bull_do(&bull, "ZADD bull:tools:completed 1 c");
	bull_do(&bull, "SREM bull:plan:p:dependencies bull:tools:c");
	bull_collect_whole(&bull);
	TOLD("plan", "p", "blocked_by", "absent");
}
END_TEST

START_TEST(a_child_that_has_ended_well_is_no_blocker)
{
	parent("p", 1);
	needs("p", "bull:tools:c");
	job("tools", "c", 1);
	bull_do(&bull, "ZADD bull:tools:completed 1 c");
	bull_open(&bull, "");
	bull_collect_whole(&bull);
	TOLD("plan", "p", "blocked_by", "absent");
	TOLD("plan", "p", "status", "blocked");
}
END_TEST

START_TEST(unknown_children)
{
	parent("p", 1);
	needs("p", "bull:tools:evicted");
	bull_open(&bull, "");
	bull_collect_whole(&bull);
	TOLD("plan", "p", "blocked_by",
	    "[{\"id\":\"evicted\",\"queue\":\"tools\","
	    "\"status\":\"unknown\"}]");
	TOLD("plan", "p", "deadlocked", "absent");
	/* of another prefix, and no key of a job at all */
	bull_do(&bull, "DEL bull:plan:p:dependencies");
	needs("p", "other:q:c");
	bull_do(&bull, "HSET other:q:c name x atm 1");
	bull_do(&bull, "ZADD other:q:failed 1 c");
	bull_collect_whole(&bull);
	TOLD("plan", "p", "blocked_by",
	    "[{\"id\":\"c\",\"queue\":\"other:q\",\"status\":\"failed\"}]");
	TOLD("plan", "p", "deadlocked", "true");
	bull_do(&bull, "DEL bull:plan:p:dependencies");
	needs("p", "nonsense");
	bull_collect_whole(&bull);
	TOLD("plan", "p", "blocked_by",
	    "[{\"id\":\"nonsense\",\"queue\":null,\"status\":\"unknown\"}]");
}
END_TEST

/* A chain of parents, whatever their order: all above a failure are dead. */
START_TEST(a_failure_far_below)
{
	enum { DEEP = 200 };
	char id[16], child[32];
	int i;

	for (i = 0; i < DEEP; i++) {
		snprintf(id, sizeof(id), "p%d", i);
		parent(id, (i * 7919) % DEEP);
		snprintf(child, sizeof(child), "bull:plan:p%d", i + 1);
		needs(id, i + 1 < DEEP ? child : "bull:tools:c");
	}
	parent("free", 5);
	needs("free", "bull:tools:d");
	put("tools", "c", "failed", 2);
	put("tools", "d", "wait", 0);
	bull_open(&bull, "");
	bull_collect_whole(&bull);
	for (i = 0; i < DEEP; i++) {
		snprintf(id, sizeof(id), "p%d", i);
		TOLD("plan", id, "deadlocked", "true");
	}
	TOLD("plan", "free", "deadlocked", "absent");
	/* retried: nobody is blocked for ever */
	bull_do(&bull, "ZREM bull:tools:failed c");
	bull_do(&bull, "LPUSH bull:tools:wait c");
	bull_collect_whole(&bull);
	for (i = 0; i < DEEP; i++) {
		snprintf(id, sizeof(id), "p%d", i);
		TOLD("plan", id, "deadlocked", "absent");
	}
}
END_TEST

START_TEST(a_circle)
{
	parent("a", 1);
	parent("b", 2);
	parent("c", 3);
	parent("above", 4);
	parent("aside", 5);
	needs("a", "bull:plan:b");
	needs("b", "bull:plan:c");
	needs("c", "bull:plan:a");
	needs("above", "bull:plan:b");
	needs("aside", "bull:tools:x");
	put("tools", "x", "wait", 0);
	bull_open(&bull, "");
	bull_collect_whole(&bull);
	TOLD("plan", "a", "deadlocked", "true");
	TOLD("plan", "b", "deadlocked", "true");
	TOLD("plan", "c", "deadlocked", "true");
	TOLD("plan", "above", "deadlocked", "true");
	TOLD("plan", "aside", "deadlocked", "absent");
}
END_TEST

/* 32 are shown, and the failed ones are among them. */
START_TEST(many_children)
{
	const json_t *list;
	char key[64];
	int i;

	parent("p", 1);
	for (i = 0; i < 200; i++) {
		snprintf(key, sizeof(key), "bull:tools:c%03d", i);
		needs("p", key);
		put("tools", key + 11, i == 150 ? "failed" : "wait", 2);
	}
	bull_open(&bull, "");
	bull_collect_whole(&bull);
	list = json_object_get(bull_task(&bull, "plan", "p"), "blocked_by");
	ck_assert_uint_eq(json_array_size(list), 32);
	TOLD("plan", "p", "deadlocked", "true");
	ck_assert_ptr_nonnull(
	    strstr(bull_told(&bull, "plan", "p", "blocked_by"),
		"{\"id\":\"c150\",\"queue\":\"tools\",\"status\":\"dead\"}"));
	ck_assert_ptr_nonnull(strstr(
	    bull_told(&bull, "plan", "p", "blocked_by"), "\"c030\""));
}
END_TEST

/* Ids are counted up in each queue, so they meet. */
START_TEST(children_of_one_id)
{
	bull_do(&bull, "HSET bull:more:meta version x");
	parent("p", 1);
	needs("p", "bull:more:1");
	needs("p", "bull:tools:1");
	put("more", "1", "active", 0);
	put("tools", "1", "failed", 2);
	bull_open(&bull, "");
	bull_collect_whole(&bull);
	TOLD("plan", "p", "blocked_by",
	    "[{\"id\":\"1\",\"queue\":\"more\",\"status\":\"running\"},"
	    "{\"id\":\"1\",\"queue\":\"tools\",\"status\":\"dead\"}]");
	TOLD("plan", "p", "deadlocked", "true");
}
END_TEST

START_TEST(children_that_are_no_set)
{
	parent("p", 1);
	parent("q", 2);
	needs("q", "bull:tools:c");
	put("tools", "c", "wait", 0);
	bull_do(&bull, "SET bull:plan:p:dependencies x");
	bull_open(&bull, "");
	ck_assert_int_eq(bull_collect(&bull), SST_OK);
	ck_assert_int_eq(bull.last->flaw.code, SST_TYPE);
	TOLD("plan", "p", "status", "blocked");
	ck_assert_str_eq(blocker("q"), "queued");
	ck_assert_ptr_nonnull(
	    strstr(bull_part(&bull, "flows"), "failing: SSCAN"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("bullmq_flow");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	if (!bull_can())
		return EXIT_SUCCESS;
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, each_state_of_a_child);
	tcase_add_test(tc, moves_of_a_child_are_seen);
	tcase_add_test(tc, a_child_that_has_ended_well_is_no_blocker);
	tcase_add_test(tc, unknown_children);
	tcase_add_test(tc, a_failure_far_below);
	tcase_add_test(tc, a_circle);
	tcase_add_test(tc, many_children);
	tcase_add_test(tc, children_of_one_id);
	tcase_add_test(tc, children_that_are_no_set);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
