/* Each allocation fails once: said so, nothing lost, nothing half written
 * passed off as whole. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "support/starve.h"
#include "unit/service/diff_support.h"

static struct sst_error err;
static struct sst_snapshot *a, *b;

static const char before[] =
    "{'agents':[{'name':'g','activity':{'active_task_ids':[{'id':'1'},"
    "{'id':'1'}]}},{'name':'h','activity':{'active_task_ids':[{'id':'x'}]}}],"
    "'queues':[{'name':'q','tasks':[{'id':'t'},{'id':'u'}]},{'name':'r',"
    "'tasks':[{'id':'v'}]}],'litellm':[],'sources':[{'name':'agents/a'}]}";
static const char after[] =
    "{'id':'other','epoch':'00000000000000ff','revision':2,"
    "'agents':[{'name':'g','models':['m'],'activity':{'active_task_ids':["
    "{'id':'1'},{'id':'2'}]}},{'name':'h','activity':{'active_task_ids':["
    "{'id':'t'},{'id':'y \xc3\xa9'}]}},{'name':'i','activity':{"
    "'active_task_ids':[{'id':'v'}]}}],'queues':[{'name':'q','tasks':["
    "{'id':'u','priority':{'level':'high'}},{'id':'w'}]}],'litellm':null,"
    "'workload':[{'deployment_name':'w'}],"
    "'sources':[{'name':'agents/a','status':'down'}]}";

/* What is tried; *failed_out: the form says that memory ran out. */
typedef void (*form_fn)(
    const struct sst_diff *d, struct sst_buf *out, bool *failed_out);

static void
form_json(const struct sst_diff *d, struct sst_buf *out, bool *failed_out)
{
	const struct sst_diff_style style = {
	    {SST_SECTIONS_ALL, NULL, 0}, SIZE_MAX, true, false};

	sst_diff_write_json(d, &style, out);
	*failed_out = sst_buf_failed(out);
}

static void
form_text(const struct sst_diff *d, struct sst_buf *out, bool *failed_out)
{
	const struct sst_diff_style style = {
	    {SST_SECTIONS_ALL, NULL, 0}, SIZE_MAX, false, true};

	sst_diff_write_text(d, &style, out);
	*failed_out = sst_buf_failed(out);
}

static void
form_note(const struct sst_diff *d, struct sst_buf *out, bool *failed_out)
{
	sst_diff_write_note(d, out);
	*failed_out = sst_buf_failed(out);
}

static void
form_patch(const struct sst_diff *d, struct sst_buf *out, bool *failed_out)
{
	int rc = sst_diff_write_patch(d, SST_SECTIONS_ALL, out, &err);

	*failed_out = rc == SST_NOMEM;
}

static void
form_merge(const struct sst_diff *d, struct sst_buf *out, bool *failed_out)
{
	int rc = sst_diff_write_merge_patch(
	    d, SST_VIEW_KEYED, SST_SECTIONS_ALL, out, &err);

	*failed_out = rc == SST_NOMEM;
}

static void
form_merge_full(const struct sst_diff *d, struct sst_buf *out, bool *failed_out)
{
	int rc = sst_diff_write_merge_patch(
	    d, SST_VIEW_FULL, SST_SECTIONS_ALL, out, &err);

	*failed_out = rc == SST_NOMEM;
}

static const form_fn forms[] = {
    form_json, form_text, form_note, form_patch, form_merge, form_merge_full};

START_TEST(each_allocation_of_a_form)
{
	struct sst_diff *d = doc_diff(a, b);
	struct sst_buf whole = SST_BUF_INIT, out = SST_BUF_INIT;
	bool failed, starved = true;
	long n;

	forms[_i](d, &whole, &failed);
	ck_assert(!failed);
	for (n = 0; starved; n++) {
		starve_after(n);
		forms[_i](d, &out, &failed);
		starved = starve_end();
		ck_assert_msg(failed == starved,
		    "allocation %ld failed, told: %d", n, failed);
		if (!starved)
			ck_assert_str_eq(out.data, whole.data);
		sst_buf_fini(&out);
	}
	ck_assert_int_gt((int)n, 2);
	sst_buf_fini(&whole);
	sst_diff_free(&d);
}
END_TEST

START_TEST(each_allocation_of_a_diff)
{
	struct sst_diff *d = NULL;
	bool starved = true;
	long n;
	int rc;

	for (n = 0; starved; n++) {
		starve_after(n);
		rc = sst_diff_new(a, b, &d, &err);
		starved = starve_end();
		ck_assert_int_eq(rc, starved ? SST_NOMEM : SST_OK);
		ck_assert(starved == (d == NULL));
		sst_diff_free(&d);
	}
	ck_assert_int_gt((int)n, 10);
}
END_TEST

static void
setup(void)
{
	a = doc(before);
	b = doc(after);
}

static void
teardown(void)
{
	sst_snapshot_release(&a);
	sst_snapshot_release(&b);
}

int
main(void)
{
	Suite *s = suite_create("diff without memory");
	TCase *t = tcase_create("memory");
	SRunner *sr = srunner_create(s);
	int failed;

	starve_init();
	doc_init();
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, each_allocation_of_a_diff);
	tcase_add_loop_test(t, each_allocation_of_a_form, 0,
	    (int)(sizeof(forms) / sizeof(forms[0])));
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	doc_fini();
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
