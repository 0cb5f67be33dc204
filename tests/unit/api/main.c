#include <jansson.h>
#include <signal.h>
#include <stdlib.h>

#include "unit/api/suites.h"

int
main(void)
{
	Suite *suite = suite_create("api");
	SRunner *runner;
	int failed;

	signal(SIGPIPE, SIG_IGN);
	json_object_seed(0);
	suite_add_tcase(suite, api_target_case());
	suite_add_tcase(suite, api_params_case());
	suite_add_tcase(suite, api_negotiate_case());
	suite_add_tcase(suite, api_guard_case());
	suite_add_tcase(suite, api_problem_case());
	suite_add_tcase(suite, api_routes_case());
	suite_add_tcase(suite, api_openapi_case());
	suite_add_tcase(suite, api_dispatch_case());
	suite_add_tcase(suite, api_state_case());
	suite_add_tcase(suite, api_at_case());
	suite_add_tcase(suite, api_since_case());
	suite_add_tcase(suite, api_history_case());
	suite_add_tcase(suite, api_diff_case());
	suite_add_tcase(suite, api_watch_case());
	suite_add_tcase(suite, api_server_case());
	suite_add_tcase(suite, api_intercept_case());
	suite_add_tcase(suite, api_exchange_case());
	suite_add_tcase(suite, api_wait_case());
	suite_add_tcase(suite, api_stream_case());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
