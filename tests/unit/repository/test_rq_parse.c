/* What RQ keeps of jobs and workers, taken apart. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "repository/queues/rq_priv.h"
#include "support/suite.h"

static struct rq_job job;
static struct sst_buf reply; /* what its texts are borrowed from */

static void
teardown(void)
{
	sst_buf_fini(&reply);
}

/* The reply to HMGET: a text or NULL for each field. */
static void
parse(enum rq_part part, bool large, const char *const *values)
{
	const char *const *fields = rq__fields(part, large);
	struct sst_redis_walk walk;
	size_t n;

	sst_buf_clear(&reply);

	for (n = 0; fields[n] != NULL; n++)
		;
	sst_buf_addf(&reply, "*%zu\r\n", n);
	for (; *fields != NULL; fields++) {
		const char *value = NULL;
		size_t i;

		for (i = 0; values[i] != NULL; i += 2) {
			if (strcmp(values[i], *fields) == 0)
				value = values[i + 1];
		}
		if (value == NULL)
			sst_buf_adds(&reply, "$-1\r\n");
		else
			sst_buf_addf(
			    &reply, "$%zu\r\n%s\r\n", strlen(value), value);
	}
	walk = (struct sst_redis_walk){reply.data, reply.data + reply.len};
	ck_assert(rq__parse_job(part, large, &walk, &job));
}

#define PARSE(part, ...) \
	parse(part, false, (const char *const[]){__VA_ARGS__, NULL, NULL})

START_TEST(a_job_that_is_gone)
{
	parse(RQ_READY, false, (const char *const[]){NULL});
	ck_assert(!job.there);
	ck_assert_int_eq(job.created_at.ms, QUEUE_NEVER.ms);
	PARSE(RQ_READY, "created_at", "");
	ck_assert(job.there);
	ck_assert_int_eq(job.created_at.ms, QUEUE_NEVER.ms);
}
END_TEST

START_TEST(times_and_counts)
{
	PARSE(RQ_WIP, "created_at", "2026-11-21T02:49:45.499719Z", "started_at",
	    "2026-11-21T02:50:10Z", "retries_left", "2", "number_of_retries",
	    "1");
	ck_assert_int_eq(job.created_at.ms, 1795229385499);
	ck_assert_int_eq(job.started_at.ms, 1795229410000);
	ck_assert_int_eq(job.retries_left, 2);
	ck_assert_int_eq(job.retries, 1);
	PARSE(RQ_WIP, "created_at", "yesterday", "retries_left", "-1",
	    "number_of_retries", "99999999999");
	ck_assert_int_eq(job.created_at.ms, QUEUE_NEVER.ms);
	ck_assert_int_eq(job.retries_left, QUEUE_UNKNOWN);
	ck_assert_int_eq(job.retries, QUEUE_UNKNOWN);
}
END_TEST

START_TEST(what_is_no_job_is_refused)
{
	static const char *const bad[] = {
	    "", "$2\r\nab\r\n", "*0\r\n", "*2\r\n$-1\r\n", "-NOPERM\r\n"};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sst_redis_walk walk = {bad[i], bad[i] + strlen(bad[i])};

		ck_assert(!rq__parse_job(RQ_READY, false, &walk, &job));
	}
}
END_TEST

/* Section 7.1 of the mapping: a row each. */
START_TEST(status)
{
	PARSE(RQ_READY, "created_at", "x");
	ck_assert_int_eq(rq__status(RQ_READY, &job), QUEUE_QUEUED);
	ck_assert_int_eq(rq__status(RQ_WIP, &job), QUEUE_RUNNING);
	ck_assert_int_eq(rq__status(RQ_TAKEN, &job), QUEUE_RESERVED);
	ck_assert_int_eq(rq__status(RQ_DEFERRED, &job), QUEUE_BLOCKED);
	ck_assert_int_eq(rq__status(RQ_SCHEDULED, &job), QUEUE_SCHEDULED);
	PARSE(RQ_SCHEDULED, "started_at", "");
	ck_assert_int_eq(rq__status(RQ_SCHEDULED, &job), QUEUE_SCHEDULED);
	PARSE(RQ_SCHEDULED, "started_at", "2026-11-21T02:07:00.477270Z",
	    "retries_left", "1");
	ck_assert_int_eq(rq__status(RQ_SCHEDULED, &job), QUEUE_RETRYING);
	PARSE(RQ_SCHEDULED, "number_of_retries", "1");
	ck_assert_int_eq(rq__status(RQ_SCHEDULED, &job), QUEUE_RETRYING);
	PARSE(RQ_FAILED, "created_at", "x");
	ck_assert_int_eq(rq__status(RQ_FAILED, &job), QUEUE_DEAD);
	PARSE(RQ_FAILED, "retries_left", "0");
	ck_assert_int_eq(rq__status(RQ_FAILED, &job), QUEUE_DEAD);
	PARSE(RQ_FAILED, "retries_left", "1");
	ck_assert_int_eq(rq__status(RQ_FAILED, &job), QUEUE_FAILED);
}
END_TEST

START_TEST(attempts)
{
	int64_t n, max;

	PARSE(RQ_WIP, "retries_left", "2");
	rq__attempts(RQ_WIP, &job, &n, &max);
	ck_assert_int_eq(n, QUEUE_UNKNOWN);
	ck_assert_int_eq(max, QUEUE_UNKNOWN);
	PARSE(RQ_WIP, "retries_left", "2", "number_of_retries", "1");
	rq__attempts(RQ_WIP, &job, &n, &max);
	ck_assert_int_eq(n, 2);
	ck_assert_int_eq(max, 4);
	rq__attempts(RQ_SCHEDULED, &job, &n, &max);
	ck_assert_int_eq(n, 1);
}
END_TEST

/* Arguments of a task are never shown. */
START_TEST(types)
{
	static const struct {
		const char *description, *type;
	} rows[] = {
	    {"jobs.quick(9)", "jobs.quick"},
	    {"jobs.login('bob', password='x y')", "jobs.login"},
	    {"plan goal 1", "plan goal 1"},
	    {"plan (with words)", "plan (with words)"},
	    {"(odd)", "(odd)"},
	    {"", NULL},
	};
	struct sst_buf scratch = SST_BUF_INIT;
	struct queue_text type;
	char long_call[5000];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		type = rq__type(queue__text(rows[i].description), &scratch);
		if (rows[i].type == NULL) {
			ck_assert_ptr_null(type.data);
			continue;
		}
		ck_assert_uint_eq(type.len, strlen(rows[i].type));
		ck_assert_mem_eq(type.data, rows[i].type, type.len);
	}
	memset(long_call, 'a', sizeof(long_call));
	memcpy(long_call, "jobs.f('", 8);
	type = rq__type(
	    (struct queue_text){long_call, sizeof(long_call)}, &scratch);
	ck_assert_uint_eq(type.len, strlen("jobs.f"));
	long_call[6] = '-';
	type = rq__type(
	    (struct queue_text){long_call, sizeof(long_call)}, &scratch);
	ck_assert_uint_le(type.len, 4 * RQ_TYPE_CHARS);
	sst_buf_fini(&scratch);
}
END_TEST

START_TEST(members_of_wip)
{
	static const char v1[] = "plan:1";
	static const char v2[] = "plan:1:0123456789abcdef0123456789abcdef";
	static const char uuid[] = "plan:7e156c68-037f-41e0-b8fe-7c5144aa4602";
	static const char upper[] = "p:0123456789ABCDEF0123456789ABCDEF";

	ck_assert_uint_eq(rq__wip_id_len(v1, strlen(v1)), 6);
	ck_assert_uint_eq(rq__wip_id_len(v2, strlen(v2)), 6);
	ck_assert_uint_eq(rq__wip_id_len(uuid, strlen(uuid)), strlen(uuid));
	ck_assert_uint_eq(rq__wip_id_len(upper, strlen(upper)), strlen(upper));
	ck_assert_uint_eq(rq__wip_id_len(v2 + 6, 33), 33);
	ck_assert_uint_eq(rq__wip_id_len("", 0), 0);
}
END_TEST

static char dependencies[4096];

static bool
on_dependency(void *ctx, const char *id, size_t len)
{
	size_t used = strlen(dependencies);

	(void)ctx;
	snprintf(dependencies + used, sizeof(dependencies) - used, "%.*s;",
	    (int)len, id);
	return true;
}

static bool
depends(const char *ids, const char *id)
{
	PARSE(RQ_DEFERRED, "dependency_ids", ids != NULL ? ids : "",
	    "dependency_id", id != NULL ? id : "");
	dependencies[0] = '\0';
	return rq__each_dependency(&job, on_dependency, NULL);
}

START_TEST(dependencies_of_both_kinds)
{
	struct sst_buf many = SST_BUF_INIT;
	int i;

	ck_assert(depends("[\"plan-6\", \"plan-7\"]", "plan-6"));
	ck_assert_str_eq(dependencies, "plan-6;plan-7;");
	/* RQ before 1.8 */
	ck_assert(depends(NULL, "plan-6"));
	ck_assert_str_eq(dependencies, "plan-6;");
	ck_assert(depends(NULL, NULL));
	ck_assert_str_eq(dependencies, "");
	ck_assert(depends("[1, null, [\"x\"], \"y\"]", NULL));
	ck_assert_str_eq(dependencies, "y;");
	ck_assert(!depends("{}", NULL));
	ck_assert(!depends("[\"x\"", NULL));
	sst_buf_adds(&many, "[\"0\"");
	for (i = 1; i < 200; i++)
		sst_buf_addf(&many, ",\"%d\"", i);
	sst_buf_adds(&many, "]");
	ck_assert(depends(many.data, NULL));
	ck_assert_str_eq(dependencies + strlen(dependencies) - 4, ";31;");
	for (i = 0; i < RQ_DEPENDENCIES; i++)
		sst_buf_addc(&many, ' ');
	ck_assert(!depends(many.data, NULL));
	sst_buf_fini(&many);
}
END_TEST

START_TEST(states_of_blockers)
{
	struct rq_blocker_state s = rq__blocker_state("finished", 8);

	ck_assert(s.finished);
	s = rq__blocker_state("failed", 6);
	ck_assert(s.failed && !s.never && s.status == QUEUE_FAILED);
	s = rq__blocker_state("canceled", 8);
	ck_assert(s.never);
	s = rq__blocker_state("stopped", 7);
	ck_assert(s.never);
	s = rq__blocker_state("started", 7);
	ck_assert_int_eq(s.status, QUEUE_RUNNING);
	s = rq__blocker_state("newly-made", 10);
	ck_assert_int_eq(s.status, QUEUE_STATUS_UNKNOWN);
	ck_assert(!s.finished && !s.failed && !s.never);
}
END_TEST

START_TEST(places_in_the_queues_of_a_worker)
{
	int n = 0;

	ck_assert_int_eq(
	    rq__worker_index(queue__text("high,default,low"), "default", 7, &n),
	    1);
	ck_assert_int_eq(n, 3);
	ck_assert_int_eq(
	    rq__worker_index(queue__text("high,default"), "def", 3, &n), -1);
	ck_assert_int_eq(rq__worker_index(queue__text("x"), "x", 1, &n), 0);
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(rq__worker_index(QUEUE_TEXT_NONE, "x", 1, &n), -1);
	ck_assert_int_eq(rq__level(-1, 0), QUEUE_NORMAL);
	ck_assert_int_eq(rq__level(0, 1), QUEUE_NORMAL);
	ck_assert_int_eq(rq__level(0, 3), QUEUE_HIGH);
	ck_assert_int_eq(rq__level(1, 3), QUEUE_NORMAL);
	ck_assert_int_eq(rq__level(2, 3), QUEUE_LOW);
}
END_TEST

static void
packed(const char *text, size_t len, struct sst_buf *out)
{
	uLongf size = compressBound(len);

	ck_assert(sst_buf_reserve(out, size));
	ck_assert_int_eq(
	    compress((Bytef *)out->data, &size, (const Bytef *)text, len),
	    Z_OK);
	out->len = size;
}

static void
expect_line(const char *text, size_t len, const char *want)
{
	struct sst_buf bytes = SST_BUF_INIT, line = SST_BUF_INIT;

	packed(text, len, &bytes);
	ck_assert(rq__trace_line(bytes.data, bytes.len, false, &line));
	ck_assert_str_eq(line.data != NULL ? line.data : "", want);
	sst_buf_fini(&bytes);
	sst_buf_fini(&line);
}

/* exc_string of recordings/rq/retry_failed.txt */
#define RECORDED                                                           \
	"eJylkFFPwjAUhd/5FTckhI3gmrEQdYmP+gOMz5Cuu4NK147bVuTfWzuVSXjAeJ56" \
	"2vScL+eFuMCKix0krbEOCAVqB4IrBYpbl5YjgCepEMbMW2JKVqw7uq3RBauldTdd" \
	"+Ms3aBnt2cHQDinrjuM5KKkR8mJ5PwepoUNqDLXrV1OFPAB6gwcIJvt6SNJ4HbUa" \
	"6g/tMe5Und/eDatjvkXVZGtC65ULAL3FdxTe4RABLsP8B2eRLyPOd10/wy+SxmuR" \
	"zOKR08bOYdab3eHTnuGtrtCJ1rUdC2XISWzZ3qP/YbQDyCISVsb0a9XYRJPotATi" \
	"0iI8e+1ki49EhpKpM0ZBw0NFDRM7negLE17DGUiHwSUMgxejDykD1fE="

START_TEST(lines_of_tracebacks)
{
	static const char chained[] =
	    "Traceback (most recent call last):\n"
	    "  File \"a.py\", line 1, in f\n    raise KeyError(1)\n"
	    "KeyError: 1\n\n"
	    "During handling of the above exception, another exception "
	    "occurred:\n\n"
	    "Traceback (most recent call last):\n"
	    "  File \"a.py\", line 2, in g\n    raise ValueError('no')\n"
	    "ValueError: no\nthe rest of it\n";
	struct sst_buf line = SST_BUF_INIT;
	char *large = malloc(3000000);

	expect_line(chained, strlen(chained), "ValueError: no");
	expect_line("Work-horse terminated\n", 22, "Work-horse terminated");
	expect_line("", 0, "");
	ck_assert_ptr_nonnull(large);
	memset(large, ' ', 3000000);
	memcpy(large + 2999990, "\nEnd: x\n", 8);
	expect_line(large, 2999998, "End: x");
	free(large);
	ck_assert(rq__trace_line(RECORDED, strlen(RECORDED), true, &line));
	ck_assert_str_eq(line.data, "RuntimeError: tool failed 2");
	sst_buf_clear(&line);
	/* as RQ wrote it before it packed it */
	ck_assert(rq__trace_line("  a\nError: b\n", 13, false, &line));
	ck_assert_str_eq(line.data, "Error: b");
	sst_buf_fini(&line);
}
END_TEST

START_TEST(tracebacks_that_are_none)
{
	struct sst_buf line = SST_BUF_INIT, bomb = SST_BUF_INIT;
	char *large = calloc(1, 20000000);

	ck_assert(!rq__trace_line("", 0, true, &line));
	ck_assert(!rq__trace_line("!!!!", 4, true, &line));
	ck_assert(!rq__trace_line(RECORDED, 100, true, &line));
	ck_assert_uint_eq(line.len, 0);
	/* it unpacks to more than is read */
	ck_assert_ptr_nonnull(large);
	packed(large, 20000000, &bomb);
	ck_assert(!rq__trace_line(bomb.data, bomb.len, false, &line));
	ck_assert(!sst_buf_failed(&line));
	free(large);
	sst_buf_fini(&bomb);
	sst_buf_fini(&line);
}
END_TEST

START_TEST(results)
{
	static const char good[] =
	    "*1\r\n*2\r\n$15\r\n1795226820490-0\r\n*4\r\n$4\r\ntype\r\n$1\r\n2"
	    "\r\n$10\r\nexc_string\r\n$3\r\nabc\r\n";
	static const char *const bad[] = {"*0\r\n", "*-1\r\n", "-NOPERM\r\n",
	    "*1\r\n*2\r\n$1\r\na\r\n*2\r\n$4\r\ntype\r\n$1\r\n1\r\n",
	    "*1\r\n*1\r\n$1\r\na\r\n"};
	struct sst_redis_walk walk = {good, good + sizeof(good) - 1};
	struct queue_text text = QUEUE_TEXT_NONE;
	size_t i;

	ck_assert(rq__parse_result(&walk, &text));
	ck_assert_uint_eq(text.len, 3);
	ck_assert_mem_eq(text.data, "abc", 3);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		walk = (struct sst_redis_walk){bad[i], bad[i] + strlen(bad[i])};
		ck_assert(!rq__parse_result(&walk, &text));
	}
}
END_TEST

static int64_t
sum(const int64_t n[RQ_PARTS])
{
	int64_t total = 0;
	int i;

	for (i = 0; i < RQ_PARTS; i++)
		total += n[i];
	return total;
}

START_TEST(shares_of_a_window)
{
	const int64_t few[RQ_PARTS] = {
	    [RQ_WIP] = 2, [RQ_READY] = 3, [RQ_FAILED] = 4};
	const int64_t many[RQ_PARTS] = {[RQ_WIP] = 5,
	    [RQ_READY] = 5000,
	    [RQ_DEFERRED] = 5000,
	    [RQ_FAILED] = 5000};
	const int64_t failed[RQ_PARTS] = {[RQ_READY] = 10, [RQ_FAILED] = 5000};
	const int64_t unknown[RQ_PARTS] = {-1, -1, -1, -1, -1, -1};
	int64_t share[RQ_PARTS], max;

	rq__share(few, 1000, share);
	ck_assert_mem_eq(share, few, sizeof(few));
	rq__share(many, 1000, share);
	ck_assert_int_eq(sum(share), 1000);
	ck_assert_int_eq(share[RQ_WIP], 5);
	ck_assert_int_eq(share[RQ_DEFERRED], 125);
	ck_assert_int_eq(share[RQ_FAILED], 125);
	ck_assert_int_eq(share[RQ_READY], 745);
	rq__share(failed, 1000, share);
	ck_assert_int_eq(share[RQ_READY], 10);
	ck_assert_int_eq(share[RQ_FAILED], 990);
	for (max = 0; max < 20; max++) {
		rq__share(many, max, share);
		ck_assert_int_eq(sum(share), max);
		rq__plan(many, max, share);
		ck_assert_int_ge(share[RQ_WIP], 0);
	}
	/* what grows a little is still read whole */
	rq__plan(few, 1000, share);
	ck_assert_int_eq(share[RQ_TAKEN], 991);
	rq__plan(unknown, 1000, share);
	ck_assert_int_eq(share[RQ_READY], 1000);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_test(tc, a_job_that_is_gone);
	tcase_add_test(tc, times_and_counts);
	tcase_add_test(tc, what_is_no_job_is_refused);
	tcase_add_test(tc, status);
	tcase_add_test(tc, attempts);
	tcase_add_test(tc, types);
	tcase_add_test(tc, members_of_wip);
	tcase_add_test(tc, dependencies_of_both_kinds);
	tcase_add_test(tc, states_of_blockers);
	tcase_add_test(tc, places_in_the_queues_of_a_worker);
	tcase_add_test(tc, lines_of_tracebacks);
	tcase_add_test(tc, tracebacks_that_are_none);
	tcase_add_test(tc, results);
	tcase_add_test(tc, shares_of_a_window);
}

int
main(void)
{
	const struct suite_plan plan = {
	    .name = "rq_parse", .add = add, .teardown = teardown};

	return suite_run(&plan);
}
