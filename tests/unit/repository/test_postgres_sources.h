/* The cases of the program, one file each. */
#ifndef TESTS_UNIT_REPOSITORY_TEST_POSTGRES_SOURCES_H
#define TESTS_UNIT_REPOSITORY_TEST_POSTGRES_SOURCES_H

#include <check.h>

void test_pgboss_add(TCase *tc);
void test_pgboss_rights_add(TCase *tc);
void test_graphile_add(TCase *tc);
void test_procrastinate_add(TCase *tc);
void test_sql_add(TCase *tc);

#endif
