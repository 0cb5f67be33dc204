/* Lets each allocation of a collection fail once: it is refused whole, and the
 * next one is as good as if nothing had been. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "repository/harvest.h"
#include "support/starve.h"
#include "test_process_support.h"

/* The last collection without the date of its making. */
static char *
text_now(void)
{
	json_t *rule;
	size_t i;

	tree_wait(5);
	tree_collect_whole();
	json_array_foreach(process_tree, i, rule)
	{
		json_object_del(json_object_get(rule, "live"), "updated_at");
	}
	return json_dumps(process_tree, JSON_SORT_KEYS);
}

/* The source alone, so that nothing else meets the failure. */
static int
collect_starved(long n, bool *failed_out)
{
	struct subject *s = &process_subject;
	struct sst_draft_settings settings = {
	    .contract = s->contract,
	    .section = SST_SECTION_WORKLOAD,
	    .source = "workload/starved",
	};
	struct sst_collect req = {
	    .now = sst_clock_mono(&s->hands.clock),
	    .wall = sst_clock_wall(&s->hands.clock),
	    .deadline = SST_MONO_NEVER,
	};
	struct sst_draft *draft = NULL;
	int code;

	ck_assert_int_eq(sst_draft_new(&settings, &draft, &s->err), SST_OK);
	starve_after(n);
	code = s->ops->collect(s->state, &req, draft, &s->err);
	*failed_out = starve_end();
	sst_draft_free(&draft);
	return code;
}

static void
put(int pid, const char *comm, uint64_t exec)
{
	const struct fake f = {
	    .pid = pid, .comm = comm, .exec = exec, .uid = 1234};

	tree_put(&f);
}

/*
 * With the n-th allocation failing while one pod goes, others come and one
 * becomes another program. False: there were less. What came of it in the end.
 */
static bool
fail_once(long n, char **text_out)
{
	bool failed;
	int pid, code;

	tree_kill(20);
	tree_kill(21);
	for (pid = 10; pid < 14; pid++)
		put(pid, "agent", 0);
	tree_open("{name: a, command: '^(agent|w.*r)+$', user: ann},"
		  "{name: i, unit: x, children: pods}",
	    "");
	tree_collect_whole();
	tree_kill(10);
	put(11, "worker", 5);
	put(20, "agent", 0);
	put(21, "worker", 0);
	tree_wait(5);
	code = collect_starved(n, &failed);
	ck_assert_msg(code == SST_OK || code == SST_NOMEM,
	    "allocation %ld: %d, %s", n, code, process_subject.err.text);
	free(text_now());
	*text_out = text_now();
	return failed;
}

START_TEST(each_allocation)
{
	char *want, *got;
	bool failed = true;
	long n;

	ck_assert(!fail_once(1000000, &want));
	for (n = 0; failed && n < 4000; n++) {
		failed = fail_once(n, &got);
		ck_assert_str_eq(got, want);
		free(got);
	}
	free(want);
	printf("%ld allocations\n", n - 1);
	ck_assert(!failed);
	ck_assert_int_gt(n, 50);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("process_nomem");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	starve_init();
	tcase_add_checked_fixture(tc, tree_setup, tree_teardown);
	tcase_add_test(tc, each_allocation);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
