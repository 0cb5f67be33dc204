/* The frame of a test program with one case: what main does. */
#ifndef TESTS_SUPPORT_SUITE_H
#define TESTS_SUPPORT_SUITE_H

#include <check.h>
#include <stdlib.h>

struct suite_plan {
	const char *name;
	void (*add)(TCase *tc); /* the tests */
	SFun setup, teardown;   /* around each of them */
	double timeout_seconds; /* of each; 0: that of libcheck */
};

/* Runs them; the exit status. */
static inline int
suite_run(const struct suite_plan *plan)
{
	Suite *suite = suite_create(plan->name);
	TCase *tc = tcase_create(plan->name);
	SRunner *runner;
	int failed;

	if (plan->timeout_seconds > 0)
		tcase_set_timeout(tc, plan->timeout_seconds);
	tcase_add_checked_fixture(tc, plan->setup, plan->teardown);
	plan->add(tc);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
