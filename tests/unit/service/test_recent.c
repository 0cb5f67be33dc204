/* What the history is given to store. */
#include <check.h>
#include <string.h>

#include "service/recent.h"
#include "support/suite.h"
#include "unit/service/diff_support.h"

static struct recent recent;
static struct recent_pending pending[8];

static void
setup(void)
{
	struct sst_error err;

	doc_init();
	ck_assert_int_eq(recent__init(&recent, 8, &err), SST_OK);
}

static void
teardown(void)
{
	recent__fini(&recent);
	doc_fini();
}

static void
push(uint64_t revision)
{
	struct sst_snapshot *s = doc("{'agents':[{'name':'a'}]}");

	s->revision = revision;
	recent__push(&recent, s, false);
	sst_snapshot_release(&s);
}

/* A store is for good: what came while notes were made waits for its own. */
START_TEST(a_revision_without_a_note_is_not_stored_yet)
{
	size_t n;

	push(1);
	push(2);
	recent__set_note(&recent, 1, strdup("one"), 1);
	n = recent__pending(&recent, pending, 8);
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(pending[0].snapshot->revision, 1);
	ck_assert_str_eq(pending[0].note, "one");
	recent__pending_fini(pending, n);
	recent__set_note(&recent, 2, strdup("two"), 1);
	n = recent__pending(&recent, pending, 8);
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(pending[1].note, "two");
	recent__pending_fini(pending, n);
	ck_assert_uint_eq(recent__pending_count(&recent), 2);
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_test(tc, a_revision_without_a_note_is_not_stored_yet);
}

int
main(void)
{
	const struct suite_plan plan = {
	    "recent", add_tests, setup, teardown, 60};

	return suite_run(&plan);
}
