/* The main function of a unit test program with one suite. */
#ifndef SST_TESTS_UNIT_BASE_RUN_H
#define SST_TESTS_UNIT_BASE_RUN_H

#include <check.h>
#include <stdlib.h>

static inline int
unit_run(Suite *suite)
{
	SRunner *sr = srunner_create(suite);
	int failed;

	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
