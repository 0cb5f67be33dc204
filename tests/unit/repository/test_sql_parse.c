/*
 * Rows, queues and blockers without a server. Ways to fail: a number that is
 * none, a level on the wrong side, bytes lost in packing, a deadlock that is
 * not seen or is made up.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/queues/sql_columns.h"
#include "repository/queues/sql_graph.h"
#include "repository/queues/sql_parse.h"
#include "repository/queues/sql_table.h"
#include "support/suite.h"

static struct sst_postgres_value
value(const char *text)
{
	return (struct sst_postgres_value){
	    text, text != NULL ? strlen(text) : 0};
}

static void
task_values(struct sst_postgres_value *values)
{
	int i;

	for (i = 0; i < SQL_TASK_COLUMNS; i++)
		values[i] = value(NULL);
	values[SQL_TASK_QUEUE] = value("q");
	values[SQL_TASK_ID] = value("1");
	values[SQL_TASK_STATUS] = value("2");
}

static const struct sql_levels higher = {10, 1, 0, false};
static const struct sql_levels lower = {-10, -1, 0, true};

START_TEST(levels)
{
	ck_assert_int_eq(sql__level(&higher, 10), QUEUE_CRITICAL);
	ck_assert_int_eq(sql__level(&higher, 9), QUEUE_HIGH);
	ck_assert_int_eq(sql__level(&higher, 0), QUEUE_NORMAL);
	ck_assert_int_eq(sql__level(&higher, -1), QUEUE_LOW);
	ck_assert_int_eq(sql__level(&higher, INT64_MAX), QUEUE_CRITICAL);
	ck_assert_int_eq(sql__level(&lower, -10), QUEUE_CRITICAL);
	ck_assert_int_eq(sql__level(&lower, -9), QUEUE_HIGH);
	ck_assert_int_eq(sql__level(&lower, 0), QUEUE_NORMAL);
	ck_assert_int_eq(sql__level(&lower, 1), QUEUE_LOW);
	ck_assert_int_eq(sql__level(&lower, INT64_MIN), QUEUE_CRITICAL);
}
END_TEST

START_TEST(what_is_not_told_is_unknown)
{
	struct sst_postgres_value values[SQL_TASK_COLUMNS];
	struct queue_blocker blocker;
	struct queue_task task;
	const char *column;

	task_values(values);
	ck_assert(sql__parse_task(values, &higher, &task, &blocker, &column));
	ck_assert_int_eq(task.attempts, QUEUE_UNKNOWN);
	ck_assert_int_eq(task.submitted_at.ms, QUEUE_NEVER.ms);
	ck_assert(!task.priority.has_number);
	ck_assert_int_eq(task.priority.level, QUEUE_NORMAL);
	ck_assert_ptr_null(task.error.data);
	ck_assert_uint_eq(task.blocker_count, 0);
	ck_assert(!task.orphaned);
}
END_TEST

START_TEST(what_is_wrong_names_its_column)
{
	static const struct {
		int column;
		const char *text, *name;
	} cases[] = {
	    {SQL_TASK_ID, NULL, "id"},
	    {SQL_TASK_ID, "", "id"},
	    {SQL_TASK_STATUS, "x", "status"},
	    {SQL_TASK_STATUS, "-1", "status"},
	    {SQL_TASK_STATUS, "9", "status"},
	    {SQL_TASK_ATTEMPTS, "1.5", "attempts"},
	    {SQL_TASK_ATTEMPTS, "99999999999999999999", "attempts"},
	    {SQL_TASK_MAX_ATTEMPTS, "", "max_attempts"},
	};
	struct sst_postgres_value values[SQL_TASK_COLUMNS];
	struct queue_blocker blocker;
	struct queue_task task;
	const char *column;

	task_values(values);
	values[cases[_i].column] = value(cases[_i].text);
	ck_assert(!sql__parse_task(values, &higher, &task, &blocker, &column));
	ck_assert_str_eq(column, cases[_i].name);
}
END_TEST

START_TEST(packed_is_as_before)
{
	struct sst_postgres_value in[3], out[3];
	struct sst_buf buf = SST_BUF_INIT;
	const char *end;

	in[0] = value("");
	in[1] = value(NULL);
	in[2] = value("\x01\xff long");
	sql__pack(in, 3, &buf);
	end = buf.data + buf.len;
	ck_assert_ptr_eq(sql__unpack(buf.data, end, out, 3), end);
	ck_assert_str_eq(out[0].data, "");
	ck_assert_ptr_null(out[1].data);
	ck_assert_str_eq(out[2].data, in[2].data);
	ck_assert_uint_eq(out[2].len, in[2].len);
	ck_assert_ptr_null(sql__unpack(end, end, out, 1));
	sst_buf_fini(&buf);
}
END_TEST

static void
wait_for(struct sql_graph *g, const char *task, const char *blocker,
    const char *status)
{
	struct sst_postgres_value values[SQL_EDGE_COLUMNS] = {
	    value("q"), value(task), value(blocker), value("q"), value(status)};

	ck_assert_int_eq(sql__graph_add(g, values), SST_OK);
}

static bool
doomed(const struct sql_graph *g, const char *task, size_t blockers)
{
	struct queue_blocker out[SQL_BLOCKERS_MAX];
	struct sst_postgres_value queue = value("q"), id = value(task);
	bool is = false;

	ck_assert_uint_eq(
	    sql__graph_blockers(g, &queue, &id, out, &is), blockers);
	return is;
}

START_TEST(deadlocks)
{
	struct sql_graph g = {.count = 0};
	struct sst_error err;

	/* a chain that ends well, one that ends at a failure, a circle, one
	 * behind the circle, one that waits for itself */
	wait_for(&g, "a", "b", "5");
	wait_for(&g, "b", "c", "2");
	wait_for(&g, "a", "c", "2");
	wait_for(&g, "d", "e", "5");
	wait_for(&g, "e", "f", "7");
	wait_for(&g, "g", "h", "5");
	wait_for(&g, "h", "i", "5");
	wait_for(&g, "i", "g", "5");
	wait_for(&g, "j", "h", "5");
	wait_for(&g, "k", "k", "5");
	wait_for(&g, "l", "m", "8");
	wait_for(&g, "n", "o", "10");
	wait_for(&g, "p", "c", "2");
	wait_for(&g, "p", "f", "7");
	ck_assert_int_eq(sql__graph_settle(&g, &err), SST_OK);
	ck_assert(!doomed(&g, "a", 2));
	ck_assert(!doomed(&g, "b", 1));
	ck_assert(doomed(&g, "d", 1));
	ck_assert(doomed(&g, "e", 1));
	ck_assert(doomed(&g, "g", 1));
	ck_assert(doomed(&g, "h", 1));
	ck_assert(doomed(&g, "i", 1));
	ck_assert(doomed(&g, "j", 1));
	ck_assert(doomed(&g, "k", 1));
	ck_assert(!doomed(&g, "l", 1));
	ck_assert(doomed(&g, "n", 1));
	ck_assert(doomed(&g, "p", 2));
	ck_assert(!doomed(&g, "none", 0));
	sql__graph_fini(&g);
}
END_TEST

START_TEST(many_blockers_are_cut)
{
	struct sql_graph g = {.count = 0};
	struct sst_error err;
	char id[16];
	int i;

	for (i = 0; i < 20000; i++) {
		snprintf(id, sizeof(id), "b%d", i);
		wait_for(&g, "a", id, "2");
		/* a long chain: no recursion */
		wait_for(&g, id, i > 0 ? "b0" : "end", "2");
	}
	ck_assert_int_eq(sql__graph_settle(&g, &err), SST_OK);
	ck_assert(!doomed(&g, "a", SQL_BLOCKERS_MAX));
	sql__graph_fini(&g);
}
END_TEST

START_TEST(an_empty_graph_has_nothing)
{
	struct sql_graph g = {.count = 0};
	struct sst_error err;

	ck_assert_int_eq(sql__graph_settle(&g, &err), SST_OK);
	ck_assert(!doomed(&g, "a", 0));
	sql__graph_fini(&g);
}
END_TEST

START_TEST(queues_are_found_by_name)
{
	struct sst_postgres_value values[SQL_QUEUE_COLUMNS];
	struct sql_table t = {.count = 0};
	char name[16];
	int i, k;

	for (i = 999; i >= 0; i--) {
		for (k = 0; k < SQL_QUEUE_COLUMNS; k++)
			values[k] = value(NULL);
		snprintf(name, sizeof(name), "q%d", i);
		values[SQL_QUEUE_NAME] = value(name);
		ck_assert_int_eq(sql__table_add(&t, values, i), SST_OK);
	}
	sql__table_sort(&t);
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "q%d", i);
		ck_assert_int_eq(sql__table_find(&t, name)->total, i);
	}
	ck_assert_ptr_null(sql__table_find(&t, "q1000"));
	sql__table_clear(&t);
	ck_assert_ptr_null(sql__table_find(&t, "q1"));
	sql__table_fini(&t);
}
END_TEST

START_TEST(texts_of_sql_are_quoted)
{
	struct sst_buf out = SST_BUF_INIT;

	sql__add_literal(&out, "it's'; DROP TABLE x; --\\");
	ck_assert_str_eq(out.data, "'it''s''; DROP TABLE x; --\\'");
	sst_buf_fini(&out);
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_test(tc, levels);
	tcase_add_test(tc, what_is_not_told_is_unknown);
	tcase_add_loop_test(tc, what_is_wrong_names_its_column, 0, 8);
	tcase_add_test(tc, packed_is_as_before);
	tcase_add_test(tc, deadlocks);
	tcase_add_test(tc, many_blockers_are_cut);
	tcase_add_test(tc, an_empty_graph_has_nothing);
	tcase_add_test(tc, queues_are_found_by_name);
	tcase_add_test(tc, texts_of_sql_are_quoted);
}

int
main(void)
{
	return suite_run(
	    &(struct suite_plan){.name = "sql_parse", .add = add_tests});
}
