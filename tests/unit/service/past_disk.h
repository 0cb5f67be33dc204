/* Between the files of test_past only. */
#ifndef TESTS_UNIT_SERVICE_PAST_DISK_H
#define TESTS_UNIT_SERVICE_PAST_DISK_H

#include <check.h>

void past_add_disk_tests(TCase *tc);

#endif
