/*
 * Tasks that are as they were are kept instead of made. Ways to fail: a change
 * that is not seen, a date of something that did not change, a task that was
 * left out once and is not told of again, twins.
 */
#include <check.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/harvest.h"
#include "repository/queues/row.h"
#include "support/starve.h"
#include "support/suite.h"

enum { TASKS = 50 };

static struct sst_contract *contract;
static struct sst_harvest *was, *is;
static struct sst_error err;
static int64_t now_ms;

static void
setup(void)
{
	now_ms = INT64_C(1767225600000);
	ck_assert_int_eq(sst_contract_new(&contract, &err), SST_OK);
}

static void
teardown(void)
{
	sst_harvest_release(&was);
	sst_harvest_release(&is);
	sst_contract_free(&contract);
}

static struct sst_draft *
draft_after(struct sst_harvest *previous)
{
	struct sst_draft_settings s = {.section = SST_SECTION_QUEUES,
	    .source = "queues/test",
	    .contract = contract,
	    .previous = previous,
	    .now = {now_ms}};
	struct sst_draft *draft;

	ck_assert_int_eq(sst_draft_new(&s, &draft, &err), SST_OK);
	return draft;
}

static int
fill(struct sst_draft *draft, const struct queue_task *tasks, size_t count)
{
	struct queue_row row = QUEUE_ROW_INIT;
	struct queue_build build;
	size_t i;
	int code;

	row.name = queue__text("q");
	row.system = "s";
	row.detail = QUEUE_WINDOW;
	code = queue__begin(draft, &row, &build, &err);
	if (code != SST_OK)
		return code;
	for (i = 0; code == SST_OK && i < count; i++)
		code = queue__add_task(&build, &tasks[i], &err);
	if (code == SST_OK)
		return queue__finish(&build, &err);
	queue__drop(&build);
	return code;
}

/* The next collection; what the last one gave is then `was`. */
static void
look(const struct queue_task *tasks, size_t count)
{
	struct sst_draft *draft = draft_after(is);

	ck_assert_int_eq(fill(draft, tasks, count), SST_OK);
	sst_harvest_release(&was);
	was = is;
	is = NULL;
	ck_assert_int_eq(sst_draft_finish(draft, &is, &err), SST_OK);
	sst_draft_free(&draft);
	ck_assert_uint_eq(is->count, 1);
	now_ms += 5000;
}

/* What a collection that knows nothing of an earlier one has for the queue, but
 * for its date; the caller's. */
static char *
written(const struct sst_harvest *harvest)
{
	struct sst_buf text = SST_BUF_INIT;

	sst_entity_encode(harvest->entities[0], &text);
	ck_assert(!sst_buf_failed(&text));
	memset(text.data + harvest->entities[0]->stamp, '-', 20);
	return text.data;
}

static void
check_as_if_new(const struct queue_task *tasks, size_t count)
{
	struct sst_draft *draft = draft_after(NULL);
	struct sst_harvest *fresh;
	char *have, *want;

	ck_assert_int_eq(fill(draft, tasks, count), SST_OK);
	ck_assert_int_eq(sst_draft_finish(draft, &fresh, &err), SST_OK);
	sst_draft_free(&draft);
	have = written(is);
	want = written(fresh);
	ck_assert_str_eq(have, want);
	ck_assert_uint_eq(is->rejected, fresh->rejected);
	free(have);
	free(want);
	sst_harvest_release(&fresh);
}

static const struct queue_blocker blockers[] = {
    {{"a", 1}, {"other", 5}, QUEUE_RUNNING},
    {{"b", 1}, {NULL, 0}, QUEUE_FAILED},
    {{"c", 1}, {"other", 5}, QUEUE_QUEUED},
};

static struct queue_task
base(const char *id)
{
	struct queue_task task = QUEUE_TASK_INIT;

	task.id = queue__text(id);
	task.type = queue__text("k");
	task.status = QUEUE_QUEUED;
	task.priority = (struct queue_priority){QUEUE_NORMAL, true, 5,
	    QUEUE_TEXT_NONE, "lower first"};
	task.position = 3;
	task.submitted_at.ms = INT64_C(1767225600000);
	task.attempts = 1;
	task.max_attempts = 3;
	task.blockers = blockers;
	task.blocker_count = 2;
	return task;
}

/* Another task of the same id, whose every member is another. */
static struct queue_task
other(const char *id)
{
	struct queue_task task = QUEUE_TASK_INIT;

	task.id = queue__text(id);
	task.type = queue__text("kk");
	task.status = QUEUE_BLOCKED;
	task.priority = (struct queue_priority){QUEUE_HIGH, false, 6,
	    {"six", 3}, "higher first"};
	task.position = 4;
	task.submitted_at.ms = INT64_C(1767225601000);
	task.not_before.ms = INT64_C(1767225602000);
	task.started_at.ms = INT64_C(1767225603000);
	task.attempts = 2;
	task.max_attempts = 4;
	task.assigned_to = queue__text("w");
	task.blockers = blockers + 1;
	task.blocker_count = 1;
	task.deadlocked = task.orphaned = task.not_yet = true;
	task.error = queue__text("e");
	return task;
}

#define MEMBER(name)                                                         \
	{                                                                    \
		offsetof(struct queue_task, name),                           \
		    sizeof(((struct queue_task *)NULL)->name)                \
	}

/* Any member alone may change: none may be forgotten. */
static const struct {
	size_t at, size;
} members[] = {MEMBER(type), MEMBER(status), MEMBER(priority.level),
    MEMBER(priority.has_number), MEMBER(priority.number),
    MEMBER(priority.scheme), MEMBER(position), MEMBER(submitted_at),
    MEMBER(not_before), MEMBER(started_at), MEMBER(attempts),
    MEMBER(max_attempts), MEMBER(assigned_to), MEMBER(blockers),
    MEMBER(blocker_count), MEMBER(deadlocked), MEMBER(orphaned),
    MEMBER(not_yet), MEMBER(error)};

enum { MEMBERS = sizeof(members) / sizeof(members[0]) };

START_TEST(a_change_of_one_member_is_seen)
{
	struct queue_task tasks[] = {base("t"), base("u")};
	const struct queue_task o = other("t");

	look(tasks, 2);
	memcpy((char *)&tasks[0] + members[_i].at,
	    (const char *)&o + members[_i].at, members[_i].size);
	look(tasks, 2);
	check_as_if_new(tasks, 2);
	ck_assert_ptr_ne(is->entities[0], was->entities[0]);
	/* and back */
	tasks[0] = base("t");
	look(tasks, 2);
	check_as_if_new(tasks, 2);
}
END_TEST

/* Of a text instead of a number; of what a task waits for. */
START_TEST(a_change_inside_is_seen)
{
	struct queue_task task = other("t");
	struct queue_blocker waits = {{"a", 1}, {"p", 1}, QUEUE_RUNNING};

	task.blockers = &waits;
	look(&task, 1);
	task.priority.text = queue__text("seven");
	look(&task, 1);
	check_as_if_new(&task, 1);
	waits.status = QUEUE_FAILED;
	look(&task, 1);
	check_as_if_new(&task, 1);
	waits.queue = queue__text("q");
	look(&task, 1);
	check_as_if_new(&task, 1);
	waits.id = queue__text("b");
	look(&task, 1);
	check_as_if_new(&task, 1);
	/* the same letters, in another member */
	task.assigned_to = queue__text("we");
	task.error = queue__text("");
	look(&task, 1);
	check_as_if_new(&task, 1);
}
END_TEST

static void
many(struct queue_task *tasks, char ids[][8])
{
	size_t i;

	for (i = 0; i < TASKS; i++) {
		snprintf(ids[i], sizeof(ids[i]), "t%02zu", i);
		tasks[i] = base(ids[i]);
		tasks[i].position = (int64_t)i;
	}
}

START_TEST(what_is_as_it_was_is_the_same_entity)
{
	struct queue_task tasks[TASKS], swap;
	char ids[TASKS][8];

	many(tasks, ids);
	look(tasks, TASKS);
	look(tasks, TASKS);
	ck_assert_ptr_eq(is->entities[0], was->entities[0]);
	/* however they are ordered */
	swap = tasks[0];
	tasks[0] = tasks[TASKS - 1];
	tasks[TASKS - 1] = swap;
	look(tasks, TASKS);
	ck_assert_ptr_eq(is->entities[0], was->entities[0]);
	/* one goes, the others stay */
	look(tasks, TASKS - 1);
	check_as_if_new(tasks, TASKS - 1);
	ck_assert_uint_eq(is->entities[0]->child_count, TASKS - 1);
	ck_assert_ptr_eq(
	    is->entities[0]->children[5], was->entities[0]->children[6]);
	look(tasks, TASKS);
	check_as_if_new(tasks, TASKS);
}
END_TEST

/* What cannot be seen is no change, and dates nothing. */
START_TEST(a_part_of_a_second_is_no_change)
{
	struct queue_task task = base("t");
	int i;

	look(&task, 1);
	for (i = 0; i < 3; i++) {
		task.submitted_at.ms += 100;
		look(&task, 1);
		ck_assert_ptr_eq(is->entities[0], was->entities[0]);
	}
}
END_TEST

START_TEST(twins_and_misfits_are_told_each_time)
{
	struct queue_task tasks[] = {
	    base("t"), base("t"), base("\x01"), base("u")};
	char *large = malloc(100 * 1000);
	int i;

	ck_assert_ptr_nonnull(large);
	memset(large, 'x', 100 * 1000);
	tasks[3].id = (struct queue_text){large, 100 * 1000};
	for (i = 0; i < 3; i++) {
		look(tasks, 4);
		check_as_if_new(tasks, 4);
		ck_assert_uint_eq(is->entities[0]->child_count, 1);
		ck_assert_uint_ge(is->rejected, 2);
	}
	free(large);
}
END_TEST

/* A queue that was given up half way is not part of the next one. */
START_TEST(a_dropped_queue_leaves_nothing)
{
	struct queue_task tasks[] = {base("t"), base("u")};
	struct queue_row row = QUEUE_ROW_INIT;
	struct sst_draft *draft;
	struct queue_build build;

	look(tasks, 2);
	draft = draft_after(is);
	row.name = queue__text("p");
	row.system = "s";
	ck_assert_int_eq(queue__begin(draft, &row, &build, &err), SST_OK);
	ck_assert_int_eq(queue__add_task(&build, &tasks[0], &err), SST_OK);
	queue__drop(&build);
	ck_assert_int_eq(fill(draft, tasks, 1), SST_OK);
	sst_harvest_release(&was);
	was = is;
	ck_assert_int_eq(sst_draft_finish(draft, &is, &err), SST_OK);
	sst_draft_free(&draft);
	check_as_if_new(tasks, 1);
}
END_TEST

START_TEST(each_allocation_can_fail)
{
	struct queue_task tasks[] = {base("t"), base("u"), other("v")};
	struct sst_draft *draft;
	bool failed = true;
	long n;
	int code;

	look(tasks, 2);
	tasks[1] = other("u");
	for (n = 0; failed && n < 2000; n++) {
		draft = draft_after(is);
		starve_after(n);
		code = fill(draft, tasks, 3);
		failed = starve_end();
		ck_assert_msg(code == SST_OK || (failed && code == SST_NOMEM),
		    "allocation %ld: %s", n, sst_code_name(code));
		sst_draft_free(&draft);
	}
	ck_assert(!failed && n > 20);
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_loop_test(tc, a_change_of_one_member_is_seen, 0, MEMBERS);
	tcase_add_test(tc, a_change_inside_is_seen);
	tcase_add_test(tc, what_is_as_it_was_is_the_same_entity);
	tcase_add_test(tc, a_part_of_a_second_is_no_change);
	tcase_add_test(tc, twins_and_misfits_are_told_each_time);
	tcase_add_test(tc, a_dropped_queue_leaves_nothing);
	tcase_add_test(tc, each_allocation_can_fail);
}

int
main(void)
{
	const struct suite_plan plan = {
	    "queues as they were", add_tests, setup, teardown, 60};

	starve_init();
	return suite_run(&plan);
}
