/* Runs the suites of the scenario engine. */
#include <stdlib.h>

#include "test_scenario_support.h"

int
main(void)
{
	SRunner *runner = srunner_create(scenario_file_suite());
	int failed;

	srunner_add_suite(runner, scenario_engine_suite());
	srunner_add_suite(runner, scenario_worlds_suite());
	srunner_add_suite(runner, scenario_mock_suite());
	srunner_add_suite(runner, scenario_large_suite());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
