/* The parts of test_kube_reflector. */
#ifndef TESTS_UNIT_REPOSITORY_TEST_KUBE_REFLECTOR_H
#define TESTS_UNIT_REPOSITORY_TEST_KUBE_REFLECTOR_H

#include <check.h>

void add_list_tests(TCase *tc);
void add_watch_tests(TCase *tc);
void add_recorded_tests(TCase *tc);
void add_stop_tests(TCase *tc);
void add_parse_tests(TCase *tc);

#endif
