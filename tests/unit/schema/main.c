#include <stdlib.h>

#include "support.h"

int
main(void)
{
	SRunner *runner = srunner_create(suite_keywords());
	int failed;

	srunner_add_suite(runner, suite_refs());
	srunner_add_suite(runner, suite_errors());
	srunner_add_suite(runner, suite_explain());
	srunner_add_suite(runner, suite_limits());
	srunner_add_suite(runner, suite_regex());
	srunner_add_suite(runner, suite_formats());
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
