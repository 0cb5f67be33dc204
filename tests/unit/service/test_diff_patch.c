/* JSON Patch and merge patch: which operations, and that they lead there. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "service/patch.h"
#include "unit/service/diff_suites.h"
#include "unit/service/diff_support.h"

static struct sst_error err;

/* As expected texts are written: single quotes. */
static void
to_single_quotes(char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '"')
			*text = '\'';
	}
}

static void
check_leads_there(struct sst_snapshot *a, struct sst_snapshot *b,
    const char *text, enum sst_view view, bool merge)
{
	json_t *patch = json_loads(text, 0, NULL);
	json_t *doc = doc_view(a, view), *want = doc_view(b, view);
	int rc;

	ck_assert_ptr_nonnull(patch);
	rc = merge ? sst_patch_merge(&doc, patch, &err)
		   : sst_patch_apply(&doc, patch, &err);
	ck_assert_msg(rc == SST_OK, "%s: %s", err.text, text);
	ck_assert_msg(json_equal(doc, want), "%s", text);
	json_decref(patch);
	json_decref(doc);
	json_decref(want);
}

static void
expect_patch(const char *from, const char *to, const char *want)
{
	struct sst_snapshot *a = doc(from), *b = doc_near(to, a);
	struct sst_diff *d = doc_diff(a, b);
	struct sst_buf out = SST_BUF_INIT;

	ck_assert_int_eq(
	    sst_diff_write_patch(d, SST_SECTIONS_ALL, &out, &err), SST_OK);
	check_leads_there(a, b, out.data, SST_VIEW_FULL, false);
	to_single_quotes(out.data);
	ck_assert_str_eq(out.data, want);
	sst_buf_fini(&out);
	sst_diff_free(&d);
	sst_snapshot_release(&a);
	sst_snapshot_release(&b);
}

#define TEST_REVISION "{'op':'test','path':'/revision','value':1}"

START_TEST(of_the_same_only_the_revision_is_tested)
{
	expect_patch("{'agents':[{'name':'a'}]}", "{'agents':[{'name':'a'}]}",
	    "[" TEST_REVISION "]");
}
END_TEST

START_TEST(the_head_is_replaced_where_it_differs)
{
	expect_patch("{}",
	    "{'id':'other','epoch':'fedcba9876543210','revision':7,"
	    "'captured_at':'2026-01-01T00:00:01.000Z'}",
	    "[" TEST_REVISION ",{'op':'replace','path':'/id','value':'other'},"
	    "{'op':'replace','path':'/epoch','value':'fedcba9876543210'},"
	    "{'op':'replace','path':'/revision','value':7},"
	    "{'op':'replace','path':'/captured_at',"
	    "'value':'2026-01-01T00:00:01.000Z'}]");
	/* across an update of the service */
	expect_patch("{}", "{'schema_version':'1.77'}",
	    "[" TEST_REVISION
	    ",{'op':'replace','path':'/schema_version','value':'1.77'}]");
}
END_TEST

START_TEST(members_are_patched_one_by_one)
{
	expect_patch("{'queues':[{'name':'q','state':'x','depth':{'ready':1,"
		     "'running':0,'total':1}}]}",
	    "{'queues':[{'name':'q','consumers':2,'depth':{'ready':2,"
	    "'running':0,'total':1,'failed':0},"
	    "'updated_at':'2026-01-01T00:00:09Z'}]}",
	    "[" TEST_REVISION ",{'op':'replace','path':"
	    "'/queues/0/updated_at','value':'2026-01-01T00:00:09Z'},"
	    "{'op':'replace','path':'/queues/0/depth/ready','value':2},"
	    "{'op':'add','path':'/queues/0/depth/failed','value':0},"
	    "{'op':'replace','path':'/queues/0/consumers','value':2},"
	    "{'op':'remove','path':'/queues/0/state'}]");
}
END_TEST

START_TEST(entities_leave_from_the_end_and_come_from_the_start)
{
	expect_patch("{'litellm':[{'deployment_id':'a'},{'deployment_id':'b'},"
		     "{'deployment_id':'c'},{'deployment_id':'e'}]}",
	    "{'litellm':[{'deployment_id':'b','rpm':1},"
	    "{'deployment_id':'d'},{'deployment_id':'e'}]}",
	    "[" TEST_REVISION ",{'op':'remove','path':'/litellm/2'},"
	    "{'op':'remove','path':'/litellm/0'},"
	    "{'op':'add','path':'/litellm/1','value':{'model':'m',"
	    "'provider':'p','tpm':null,'rpm':null,'tpm_max':null,"
	    "'rpm_max':null,'payment_type':'free','deployment_id':'d',"
	    "'status':'healthy','source':'litellm/mock'}},"
	    "{'op':'replace','path':'/litellm/0/rpm','value':1}]");
}
END_TEST

START_TEST(a_task_sorted_elsewhere_leaves_and_comes)
{
	expect_patch("{'queues':[{'name':'q','tasks':[{'id':'1'},{'id':'2'},"
		     "{'id':'3'}]}]}",
	    "{'queues':[{'name':'q','tasks':[{'id':'3','priority':{'level':"
	    "'high'}},{'id':'1'},{'id':'2'}]}]}",
	    "[" TEST_REVISION ",{'op':'remove','path':'/queues/0/tasks/2'},"
	    "{'op':'add','path':'/queues/0/tasks/0','value':{'id':'3',"
	    "'priority':{'level':'high'},'submitted_at':null,"
	    "'status':'queued'}}]");
}
END_TEST

START_TEST(where_nothing_stays_the_list_is_replaced)
{
	expect_patch("{'queues':[{'name':'q','tasks':[{'id':'1'},"
		     "{'id':'2'}]}],'agents':[]}",
	    "{'queues':[{'name':'q'}],'agents':[]}",
	    "[" TEST_REVISION ",{'op':'replace','path':'/queues/0/tasks',"
	    "'value':[]}]");
	expect_patch("{'agents':[{'name':'a','activity':{'active_task_ids':["
		     "{'id':'1'},{'id':'2'}]}}]}",
	    "{'agents':[{'name':'a'}]}",
	    "[" TEST_REVISION ",{'op':'replace','path':"
	    "'/agents/0/activity/active_task_ids','value':[]}]");
}
END_TEST

START_TEST(inner_lists_in_order_are_patched_by_item)
{
	expect_patch("{'agents':[{'name':'a','activity':{'active_task_ids':["
		     "{'id':'1'},{'id':'2'},{'id':'3'}]}}]}",
	    "{'agents':[{'name':'a','activity':{'active_task_ids':["
	    "{'id':'0'},{'id':'2','status':'x'},{'id':'3'}]}}]}",
	    "[" TEST_REVISION ",{'op':'remove','path':"
	    "'/agents/0/activity/active_task_ids/0'},"
	    "{'op':'add','path':'/agents/0/activity/active_task_ids/0',"
	    "'value':{'id':'0','started_on':null,'status':'running'}},"
	    "{'op':'replace','path':"
	    "'/agents/0/activity/active_task_ids/1/status','value':'x'}]");
	/* in another order, or of one identity: whole */
	expect_patch("{'agents':[{'name':'a','activity':{'active_task_ids':["
		     "{'id':'1'},{'id':'2'}]}}]}",
	    "{'agents':[{'name':'a','activity':{'active_task_ids':["
	    "{'id':'2'},{'id':'1'}]}}]}",
	    "[" TEST_REVISION ",{'op':'replace','path':"
	    "'/agents/0/activity/active_task_ids','value':["
	    "{'id':'2','started_on':null,'status':'running'},"
	    "{'id':'1','started_on':null,'status':'running'}]}]");
	expect_patch("{'agents':[{'name':'a','activity':{'active_task_ids':["
		     "{'id':'1'},{'id':'1'}]}}]}",
	    "{'agents':[{'name':'a','activity':{'active_task_ids':["
	    "{'id':'1'}]}}]}",
	    "[" TEST_REVISION ",{'op':'replace','path':"
	    "'/agents/0/activity/active_task_ids','value':["
	    "{'id':'1','started_on':null,'status':'running'}]}]");
}
END_TEST

START_TEST(sections_come_go_and_become_known)
{
	expect_patch("{'agents':null,'workload':[],'queues':[]}",
	    "{'agents':[],'queues':null,'litellm':null}",
	    "[" TEST_REVISION ",{'op':'replace','path':'/agents','value':[]},"
	    "{'op':'remove','path':'/workload'},"
	    "{'op':'replace','path':'/queues','value':null},"
	    "{'op':'add','path':'/litellm','value':null}]");
}
END_TEST

START_TEST(only_the_sections_asked_for_are_patched)
{
	struct sst_snapshot *a, *b;
	struct sst_buf out = SST_BUF_INIT;
	struct sst_diff *d;

	a = doc("{'agents':[],'queues':[]}");
	b = doc("{'agents':[{'name':'a'}],'queues':null}");
	d = doc_diff(a, b);
	ck_assert_int_eq(
	    sst_diff_write_patch(d, 1u << SST_SECTION_QUEUES, &out, &err),
	    SST_OK);
	to_single_quotes(out.data);
	ck_assert_str_eq(out.data,
	    "[" TEST_REVISION
	    ",{'op':'replace','path':'/queues','value':null}]");
	sst_buf_clear(&out);
	ck_assert_int_eq(sst_diff_write_merge_patch(d, SST_VIEW_KEYED,
			     1u << SST_SECTION_QUEUES, &out, &err),
	    SST_OK);
	ck_assert_str_eq(out.data, "{\"queues\":null}");
	sst_buf_fini(&out);
	sst_diff_free(&d);
	sst_snapshot_release(&a);
	sst_snapshot_release(&b);
}
END_TEST

static void
expect_merge(
    const char *from, const char *to, enum sst_view view, const char *want)
{
	struct sst_snapshot *a = doc(from), *b = doc_near(to, a);
	struct sst_diff *d = doc_diff(a, b);
	struct sst_buf out = SST_BUF_INIT;

	ck_assert_int_eq(
	    sst_diff_write_merge_patch(d, view, SST_SECTIONS_ALL, &out, &err),
	    SST_OK);
	if (strstr(out.data, "null") == NULL)
		check_leads_there(a, b, out.data, view, true);
	to_single_quotes(out.data);
	ck_assert_str_eq(out.data, want);
	sst_buf_fini(&out);
	sst_diff_free(&d);
	sst_snapshot_release(&a);
	sst_snapshot_release(&b);
}

START_TEST(merging_replaces_arrays_whole)
{
	expect_merge("{'queues':[]}",
	    "{'revision':2,'queues':[],'agents':null}", SST_VIEW_FULL,
	    "{'revision':2,'agents':null}");
	expect_merge("{'sources':[],'agents':[]}",
	    "{'sources':[{'name':'agents/a','changed_at':"
	    "'2026-01-01T00:00:00Z','entities':1,'error':{'code':'c',"
	    "'message':'m','at':'2026-01-01T00:00:00Z'}}]}",
	    SST_VIEW_FULL,
	    "{'sources':[{'name':'agents/a','section':'agents',"
	    "'kind':'mock','status':'ok','since':'2026-01-01T00:00:00Z',"
	    "'changed_at':'2026-01-01T00:00:00Z','max_age_seconds':10,"
	    "'entities':1,'error':{'code':'c','message':'m',"
	    "'at':'2026-01-01T00:00:00Z'}}],'agents':null}");
}
END_TEST

START_TEST(merging_by_key_is_small)
{
	expect_merge("{'queues':[{'name':'q','consumers':1,'tasks':["
		     "{'id':'a/b','attempts':1},{'id':'2'}]},{'name':'r'}]}",
	    "{'queues':[{'name':'q','consumers':2,'tasks':["
	    "{'id':'a/b','attempts':2},{'id':'2'}]},{'name':'r'}]}",
	    SST_VIEW_KEYED,
	    "{'queues':{'mock/q':{'consumers':2,'tasks':{'a%2Fb':{"
	    "'attempts':2}}}}}");
	expect_merge("{'queues':[{'name':'q','tasks':[{'id':'1'}]},"
		     "{'name':'r'}]}",
	    "{'queues':[{'name':'q'}]}", SST_VIEW_KEYED,
	    "{'queues':{'mock/q':{'tasks':{'1':null}},'mock/r':null}}");
	/* a list in another order is the same by key */
	expect_merge("{'agents':[{'name':'a','activity':{'active_task_ids':["
		     "{'id':'1'},{'id':'2'}]}}]}",
	    "{'agents':[{'name':'a','status':'busy','activity':{"
	    "'active_task_ids':[{'id':'2'},{'id':'1'}]}}]}",
	    SST_VIEW_KEYED, "{'agents':{'a':{'status':'busy'}}}");
	/* two items of one identity */
	expect_merge("{'agents':[{'name':'a','activity':{'active_task_ids':["
		     "{'id':'1'},{'id':'1'}]}}]}",
	    "{'agents':[{'name':'a','activity':{"
	    "'active_task_ids':[{'id':'1','status':'x'},{'id':'1'}]}}]}",
	    SST_VIEW_KEYED,
	    "{'agents':{'a':{'activity':{'active_task_ids':{"
	    "'1':{'status':'x'}}}}}}");
	expect_merge("{'litellm':null}", "{'litellm':[]}", SST_VIEW_KEYED,
	    "{'litellm':{}}");
}
END_TEST

START_TEST(the_base_view_has_no_merge_patch)
{
	struct sst_snapshot *a = doc("{}");
	struct sst_diff *d = doc_diff(a, a);
	struct sst_buf out = SST_BUF_INIT;

	ck_assert_int_eq(sst_diff_write_merge_patch(
			     d, SST_VIEW_BASE, SST_SECTIONS_ALL, &out, &err),
	    SST_UNSUPPORTED);
	ck_assert_uint_eq(out.len, 0);
	sst_diff_free(&d);
	sst_snapshot_release(&a);
}
END_TEST

Suite *
diff_patch_suite(void)
{
	Suite *s = suite_create("patches");
	TCase *t = tcase_create("patches");

	tcase_add_test(t, of_the_same_only_the_revision_is_tested);
	tcase_add_test(t, the_head_is_replaced_where_it_differs);
	tcase_add_test(t, members_are_patched_one_by_one);
	tcase_add_test(t, entities_leave_from_the_end_and_come_from_the_start);
	tcase_add_test(t, a_task_sorted_elsewhere_leaves_and_comes);
	tcase_add_test(t, where_nothing_stays_the_list_is_replaced);
	tcase_add_test(t, inner_lists_in_order_are_patched_by_item);
	tcase_add_test(t, sections_come_go_and_become_known);
	tcase_add_test(t, only_the_sections_asked_for_are_patched);
	tcase_add_test(t, merging_replaces_arrays_whole);
	tcase_add_test(t, merging_by_key_is_small);
	tcase_add_test(t, the_base_view_has_no_merge_patch);
	suite_add_tcase(s, t);
	return s;
}
