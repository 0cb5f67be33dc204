/* Subjects and patterns of NATS. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "repository/queues/nats_catalog.h"
#include "support/suite.h"

struct match {
	const char *a, *b;
	bool covers, overlaps;
};

static const struct match matches[] = {
    {"a", "a", true, true},
    {"a", "b", false, false},
    {"a.b", "a", false, false},
    {"a", "a.b", false, false},
    {"*", "a", true, true},
    {"*", "a.b", false, false},
    {">", "a.b", true, true},
    {"a.>", "a", false, false},
    {"a.>", "a.b.c", true, true},
    {"a.*.c", "a.b.c", true, true},
    {"a.*.c", "a.b.d", false, false},
    {"a.b", "a.*", false, true},
    {"a.*", "a.*", true, true},
    {"a.*", "a.>", false, true},
    {"a.>", "a.*", true, true},
    {"a.*.x", "a.y.*", false, true},
    {"a.*.x", "b.y.*", false, false},
    {"agent.tasks.high.*", "agent.tasks.*.*", false, true},
    {"ab", "a", false, false},
    {"*.b", "aa.b", true, true},
};

START_TEST(subjects_match)
{
	const struct match *m = &matches[_i];

	ck_assert_int_eq(nats__subject_covers(m->a, m->b), m->covers);
	ck_assert_int_eq(nats__subject_overlaps(m->a, m->b), m->overlaps);
	ck_assert_int_eq(nats__subject_overlaps(m->b, m->a), m->overlaps);
	if (strpbrk(m->b, "*>") == NULL)
		ck_assert_int_eq(
		    nats__subject_matches(m->a, m->b), m->covers);
}
END_TEST

START_TEST(filters_together)
{
	static const char *const some[] = {"a.*", "b.>"};
	static const char *const all[] = {"a.x", "b.y.z"};
	static const char *const other[] = {"c"};
	const struct nats_filters none = {NULL, 0}, two = {some, 2},
				  wide = {all, 2}, one = {other, 1};

	ck_assert(nats__filters_match(&none, "x"));
	ck_assert(nats__filters_match(&two, "b.x.y"));
	ck_assert(!nats__filters_match(&two, "c"));
	ck_assert(nats__filters_cover(&two, &wide));
	ck_assert(!nats__filters_cover(&wide, &two));
	ck_assert(nats__filters_cover(&none, &two));
	/* subjects that are not known are not covered */
	ck_assert(!nats__filters_cover(&two, &none));
	ck_assert(nats__filters_overlap(&two, &wide));
	ck_assert(nats__filters_overlap(&none, &one));
	ck_assert(!nats__filters_overlap(&two, &one));
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_loop_test(tc, subjects_match, 0,
	    (int)(sizeof(matches) / sizeof(matches[0])));
	tcase_add_test(tc, filters_together);
}

int
main(void)
{
	const struct suite_plan plan = {"nats_subject", add_tests, NULL, NULL, 0};

	return suite_run(&plan);
}
