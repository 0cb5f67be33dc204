/* Suites of test_diff that are in files of their own. */
#ifndef TESTS_UNIT_SERVICE_DIFF_SUITES_H
#define TESTS_UNIT_SERVICE_DIFF_SUITES_H

#include <check.h>

Suite *diff_moves_suite(void);
Suite *diff_forms_suite(void);
Suite *diff_patch_suite(void);

#endif
