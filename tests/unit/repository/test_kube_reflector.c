/* Lists and watches against an API server that misbehaves on order. */
#include <stdlib.h>

#include "test_kube_reflector.h"
#include "test_kube_reflector_support.h"
#include "unit/base/run.h"

int
main(void)
{
	void (*const parts[])(TCase * tc) = {add_list_tests, add_watch_tests,
	    add_recorded_tests, add_stop_tests};
	Suite *s = suite_create("kube_reflector");
	TCase *tc = tcase_create("kube_reflector");
	TCase *pure = tcase_create("kube_reflector_parse");
	size_t i;

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, rig_setup, rig_teardown);
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		parts[i](tc);
	add_parse_tests(pure);
	suite_add_tcase(s, pure);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
