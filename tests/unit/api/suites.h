/* The test cases of internal/api, a file each. */
#ifndef TESTS_UNIT_API_SUITES_H
#define TESTS_UNIT_API_SUITES_H

#include <check.h>

TCase *api_at_case(void);
TCase *api_diff_case(void);
TCase *api_dispatch_case(void);
TCase *api_exchange_case(void);
TCase *api_guard_case(void);
TCase *api_history_case(void);
TCase *api_intercept_case(void);
TCase *api_negotiate_case(void);
TCase *api_openapi_case(void);
TCase *api_params_case(void);
TCase *api_problem_case(void);
TCase *api_routes_case(void);
TCase *api_server_case(void);
TCase *api_since_case(void);
TCase *api_state_case(void);
TCase *api_stream_case(void);
TCase *api_target_case(void);
TCase *api_wait_case(void);
TCase *api_watch_case(void);

#endif
