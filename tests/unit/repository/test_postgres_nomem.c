/* Lets each allocation of a collection fail once: it is refused whole, and the
 * next one is as good as if nothing had been. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "repository/draft.h"
#include "repository/queues/queues.h"
#include "support/starve.h"
#include "test_postgres_support.h"

static void
setup(void)
{
	pg_fresh();
	pg_run_file(PG_MOCKS "pgboss/schema_40.sql");
	pg_run("INSERT INTO pgboss.version(version) VALUES (40); "
	       "INSERT INTO pgboss.queue(name,policy,retry_limit,retry_delay,"
	       "retry_backoff,expire_seconds,retention_seconds,"
	       "deletion_seconds,partition,table_name) SELECT n,'standard',2,0,"
	       "false,900,3600,3600,false,'job_common' FROM "
	       "unnest('{a,b,c}'::text[]) n; INSERT INTO pgboss.job(id,name,"
	       "blocked,created_on) SELECT ('00000000-0000-4000-8000-'||"
	       "lpad(i::text,12,'0'))::uuid,CASE WHEN i<5 THEN 'a' ELSE 'b' "
	       "END,i<4,'2026-01-01' FROM generate_series(1,9) i; INSERT INTO "
	       "pgboss.job_dependency SELECT 'a',('00000000-0000-4000-8000-'||"
	       "lpad(i::text,12,'0'))::uuid,'a',('00000000-0000-4000-8000-'||"
	       "lpad((i+1)::text,12,'0'))::uuid FROM generate_series(1,3) i; "
	       "UPDATE pgboss.job SET state='failed',output="
	       "'{\"message\":\"no\"}' WHERE id='00000000-0000-4000-8000-"
	       "000000000009'; CREATE TABLE work AS SELECT i AS id,'x' AS q,"
	       "'new' AS s,NULLIF(i%%3,0) AS needs FROM "
	       "generate_series(1,6) i");
}

static void
teardown(void)
{
	pg_close();
}

static const struct {
	const struct sst_source_ops *ops;
	const char *options;
} cases[] = {
    {&sst_pgboss_ops, "include: ['*']"},
    {&sst_sql_ops, "query: 'SELECT * FROM work', columns: {id: id, queue: q, "
		   "status: s, blocked_by: needs}, status: {queued: [new]}"},
};

/* The source alone, so that nothing else meets the failure. */
static int
collect_starved(long n, bool *failed)
{
	struct subject *s = &pg_subject;
	struct sst_draft_settings settings = {
	    .contract = s->contract,
	    .section = SST_SECTION_QUEUES,
	    .source = "queues/starved",
	    .previous = s->harvest,
	};
	struct sst_collect req = {
	    .now = sst_clock_mono(&s->hands.clock),
	    .wall = sst_clock_wall(&s->hands.clock),
	    .deadline = sst_mono_add_ms(sst_clock_mono(&s->hands.clock), 20000),
	};
	struct sst_draft *draft = NULL;
	int code;

	ck_assert_int_eq(sst_draft_new(&settings, &draft, &s->err), SST_OK);
	starve_after(n);
	code = s->ops->collect(s->state, &req, draft, &s->err);
	*failed = starve_end();
	sst_draft_free(&draft);
	return code;
}

static char *
text_now(void)
{
	char *text;

	pg_collect();
	text = subject_json(&pg_subject);
	return text;
}

/* Of a first collection, and of one that finds what it knows changed. */
START_TEST(each_allocation)
{
	char *want, *got;
	bool failed = true;
	long n;
	int code;

	pg_open(cases[_i].ops, cases[_i].options);
	want = text_now();
	for (n = 0; failed && n < 4000; n++) {
		if (n % 2 == 0)
			pg_open(cases[_i].ops, cases[_i].options);
		code = collect_starved(n, &failed);
		ck_assert_msg(code == SST_NOMEM || code == SST_OK,
		    "allocation %ld: %s, %s", n, sst_code_name(code),
		    pg_subject.err.text);
		got = text_now();
		ck_assert_str_eq(want, got);
		free(got);
	}
	printf("%ld allocations\n", n - 1);
	ck_assert_int_gt(n, 20);
	ck_assert(!failed);
	free(want);
}
END_TEST

START_TEST(each_allocation_of_its_making)
{
	bool failed = true;
	long n;
	void *state = calloc(1, cases[_i].ops->state_size);
	struct sst_error err;
	int code;

	pg_open(cases[_i].ops, cases[_i].options);
	for (n = 0; failed && n < 1000; n++) {
		starve_after(n);
		code = cases[_i].ops->init(
		    state, pg_subject.settings, &pg_subject.env, &err);
		failed = starve_end();
		ck_assert_int_eq(code, failed ? SST_NOMEM : SST_OK);
		cases[_i].ops->fini(state);
	}
	ck_assert_int_gt(n, 5);
	free(state);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("postgres_nomem");
	TCase *tc = tcase_create("all");
	SRunner *runner;
	int failed;

	if (!pg_start())
		return EXIT_SUCCESS;
	starve_init();
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, each_allocation, 0, 2);
	tcase_add_loop_test(tc, each_allocation_of_its_making, 0, 2);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	pg_stop();
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
