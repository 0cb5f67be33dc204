/* The sources of queues in PostgreSQL against a server of their own. */
#include "test_postgres_sources.h"

#include <check.h>
#include <stdlib.h>

#include "test_postgres_support.h"

static void
setup(void)
{
	pg_fresh();
}

static void
teardown(void)
{
	pg_close();
}

int
main(void)
{
	static const struct {
		const char *name;
		void (*add)(TCase *tc);
	} cases[] = {
	    {"pgboss", test_pgboss_add},
	    {"pgboss_rights", test_pgboss_rights_add},
	    {"graphile", test_graphile_add},
	    {"procrastinate", test_procrastinate_add},
	    {"sql", test_sql_add},
	};
	Suite *s = suite_create("postgres_sources");
	SRunner *runner;
	TCase *tc;
	size_t i;
	int failed;

	if (!pg_start())
		return EXIT_SUCCESS;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tc = tcase_create(cases[i].name);
		tcase_set_timeout(tc, 60);
		tcase_add_checked_fixture(tc, setup, teardown);
		cases[i].add(tc);
		suite_add_tcase(s, tc);
	}
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	pg_stop();
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
