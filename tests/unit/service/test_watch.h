/* The suites of one program. */
#ifndef TESTS_UNIT_SERVICE_TEST_WATCH_H
#define TESTS_UNIT_SERVICE_TEST_WATCH_H

#include <check.h>

#include "watch_rig.h"

Suite *watch_wake_suite(void);   /* what changes tell whom */
Suite *watch_limits_suite(void); /* bounds, time, the end */
Suite *watch_chain_suite(void);  /* many threads, many reconnects */

#endif
