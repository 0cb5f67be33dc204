/* What changed between two documents: rows and their fields. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/service/diff_suites.h"
#include "unit/service/diff_support.h"

START_TEST(the_same_is_no_change)
{
	const char *text = "{'agents':[{'name':'a'}],'queues':[{'name':'q',"
			   "'tasks':[{'id':'1'}]}],'litellm':null}";
	struct sst_snapshot *a = doc(text);
	struct sst_diff *d = doc_diff(a, a);

	ck_assert(sst_diff_empty(d, &doc_all));
	sst_diff_free(&d);
	sst_snapshot_release(&a);
	doc_expect(text, text, "[]");
	/* nothing shared, other order */
	doc_expect("{'agents':[{'name':'a'},{'name':'b'}]}",
	    "{'agents':[{'name':'b'},{'name':'a'}],'revision':2}", "[]");
}
END_TEST

START_TEST(an_entity_comes_and_goes)
{
	const char *two = "{'agents':[{'name':'a'},{'name':'b/c'}]}";
	const char *one = "{'agents':[{'name':'a'}]}";

	doc_expect(one, two,
	    "[{'op':'added','section':'agents','key':'b%2Fc',"
	    "'path':'/agents/1','name':'b/c','fields':[]}]");
	doc_expect(two, one,
	    "[{'op':'removed','section':'agents','key':'b%2Fc',"
	    "'path':'/agents/1','name':'b/c','fields':[]}]");
}
END_TEST

START_TEST(whole_queues_and_workloads_are_one_row)
{
	doc_expect("{'queues':[],'workload':[]}",
	    "{'queues':[{'name':'q','tasks':[{'id':'1'},{'id':'2'}]}],"
	    "'workload':[{'deployment_name':'web','pods':[{'pod_id':'p'}]}]}",
	    "[{'op':'added','section':'workload',"
	    "'key':'default/Deployment/web','path':'/workload/0',"
	    "'name':'web','children':1,'fields':[]},"
	    "{'op':'added','section':'queues','key':'mock/q',"
	    "'path':'/queues/0','name':'q','children':2,'fields':[]}]");
}
END_TEST

START_TEST(fields_have_names_and_both_values)
{
	doc_expect("{'queues':[{'name':'q','depth':{'ready':3,'running':0,"
		   "'total':3},'state':'idle'}]}",
	    "{'queues':[{'name':'q','depth':{'ready':5,'running':0,"
	    "'total':null,'failed':1},'rates':null}]}",
	    "[{'op':'changed','section':'queues','key':'mock/q',"
	    "'path':'/queues/0','name':'q','fields':["
	    "{'name':'depth.ready','from':3,'to':5},"
	    "{'name':'depth.failed','to':1},"
	    "{'name':'depth.total','from':3,'to':null},"
	    "{'name':'rates','to':null},"
	    "{'name':'state','from':'idle'}]}]");
}
END_TEST

START_TEST(lists_without_identity_are_one_field)
{
	doc_expect("{'agents':[{'name':'a','models':['x','y']}]}",
	    "{'agents':[{'name':'a','models':['y']}]}",
	    "[{'op':'changed','section':'agents','key':'a',"
	    "'path':'/agents/0','name':'a','fields':[{'name':'models',"
	    "'from':['x','y'],'to':['y']}]}]");
}
END_TEST

START_TEST(objects_that_were_null_are_one_field)
{
	doc_expect("{'litellm':[{'deployment_id':'d','cooldown':null}]}",
	    "{'litellm':[{'deployment_id':'d','cooldown':{'until':null}}]}",
	    "[{'op':'changed','section':'litellm','key':'d',"
	    "'path':'/litellm/0','name':'d','fields':[{'name':'cooldown',"
	    "'from':null,'to':{'until':null}}]}]");
}
END_TEST

START_TEST(dates_of_change_are_no_change)
{
	doc_expect("{'queues':[{'name':'q','tasks':[{'id':'1'}]}],"
		   "'sources':[{'name':'agents/a'}]}",
	    "{'queues':[{'name':'q','updated_at':'2026-02-02T00:00:00Z',"
	    "'tasks':[{'id':'1'}]}],'sources':[{'name':'agents/a',"
	    "'changed_at':'2026-02-02T00:00:00Z'}]}",
	    "[]");
	/* the parent differs in nothing else: only its child is told */
	doc_expect("{'queues':[{'name':'q','tasks':[{'id':'1'}]}]}",
	    "{'queues':[{'name':'q','updated_at':'2026-02-02T00:00:00Z',"
	    "'tasks':[{'id':'1','attempts':1}]}]}",
	    "[{'op':'changed','section':'queues','key':'mock/q/tasks/1',"
	    "'path':'/queues/0/tasks/0','name':'1','fields':["
	    "{'name':'attempts','to':1}]}]");
}
END_TEST

START_TEST(items_are_matched_by_identity)
{
	/* only the order of an inner list: no change */
	doc_expect("{'agents':[{'name':'a','activity':{'active_task_ids':"
		   "[{'id':'1'},{'id':'2'}]}}]}",
	    "{'agents':[{'name':'a','activity':{'active_task_ids':"
	    "[{'id':'2'},{'id':'1'}]}}]}",
	    "[]");
	doc_expect("{'agents':[{'name':'a','activity':{'active_task_ids':"
		   "[{'id':'1'},{'id':'2'},{'id':'3'}]}}]}",
	    "{'agents':[{'name':'a','activity':{'active_task_ids':"
	    "[{'id':'3'},{'id':'2','status':'pending'},{'id':'4'}]}}]}",
	    "[{'op':'changed','section':'agents','key':'a',"
	    "'path':'/agents/0','name':'a','fields':["
	    "{'name':'activity.active_task_ids[1]','from':{'id':'1',"
	    "'started_on':null,'status':'running'}},"
	    "{'name':'activity.active_task_ids[2].status',"
	    "'from':'running','to':'pending'},"
	    "{'name':'activity.active_task_ids[4]','to':{'id':'4',"
	    "'started_on':null,'status':'running'}}]}]");
}
END_TEST

START_TEST(items_of_one_identity_are_compared_as_a_list)
{
	doc_expect("{'agents':[{'name':'a','activity':{'active_task_ids':"
		   "[{'id':'1'},{'id':'1'}]}}]}",
	    "{'agents':[{'name':'a','activity':{'active_task_ids':"
	    "[{'id':'1'}]}}]}",
	    "[{'op':'changed','section':'agents','key':'a',"
	    "'path':'/agents/0','name':'a','fields':["
	    "{'name':'activity.active_task_ids','from':["
	    "{'id':'1','started_on':null,'status':'running'},"
	    "{'id':'1','started_on':null,'status':'running'}],'to':["
	    "{'id':'1','started_on':null,'status':'running'}]}]}]");
}
END_TEST

START_TEST(a_parent_and_its_children_have_rows_of_their_own)
{
	doc_expect("{'workload':[{'deployment_name':'web','max_pods':2,'pods':["
		   "{'pod_id':'p0'},{'pod_id':'p1'}]}]}",
	    "{'workload':[{'deployment_name':'web','max_pods':3,'pods':["
	    "{'pod_id':'p1','status':'Failed','containers':[{'name':'c',"
	    "'state':'waiting'}]},{'pod_id':'p2'}]}]}",
	    "[{'op':'changed','section':'workload',"
	    "'key':'default/Deployment/web','path':'/workload/0',"
	    "'name':'web','fields':[{'name':'max_pods','from':2,'to':3}]},"
	    "{'op':'removed','section':'workload',"
	    "'key':'default/Deployment/web/pods/p0',"
	    "'path':'/workload/0/pods/0','name':'p0','fields':[]},"
	    "{'op':'changed','section':'workload',"
	    "'key':'default/Deployment/web/pods/p1',"
	    "'path':'/workload/0/pods/0','name':'p1','fields':["
	    "{'name':'status','from':'Running','to':'Failed'},"
	    "{'name':'containers','to':[{'name':'c','state':'waiting'}]}]},"
	    "{'op':'added','section':'workload',"
	    "'key':'default/Deployment/web/pods/p2',"
	    "'path':'/workload/0/pods/1','name':'p2','fields':[]}]");
}
END_TEST

START_TEST(a_task_sorted_elsewhere_is_changed)
{
	doc_expect("{'queues':[{'name':'q','tasks':[{'id':'1'},{'id':'2'},"
		   "{'id':'3'}]}]}",
	    "{'queues':[{'name':'q','tasks':[{'id':'1'},{'id':'2'},"
	    "{'id':'3','priority':{'level':'high'}}]}]}",
	    "[{'op':'changed','section':'queues','key':'mock/q/tasks/3',"
	    "'path':'/queues/0/tasks/0','name':'3','fields':["
	    "{'name':'priority.level','from':'normal','to':'high'}]}]");
}
END_TEST

START_TEST(a_section_that_becomes_known_is_one_row)
{
	const char *absent = "{}", *unknown = "{'litellm':null}";
	const char *known = "{'litellm':[{'deployment_id':'d'}]}";

	doc_expect(unknown, known,
	    "[{'op':'changed','section':'litellm','key':'',"
	    "'path':'/litellm','name':'litellm','entities':1,'fields':["
	    "{'name':'presence','from':'unknown','to':'known'}]}]");
	doc_expect(known, unknown,
	    "[{'op':'changed','section':'litellm','key':'',"
	    "'path':'/litellm','name':'litellm','entities':1,'fields':["
	    "{'name':'presence','from':'known','to':'unknown'}]}]");
	doc_expect(absent, known,
	    "[{'op':'added','section':'litellm','key':'',"
	    "'path':'/litellm','name':'litellm','entities':1,'fields':["
	    "{'name':'presence','from':'absent','to':'known'}]}]");
	doc_expect(unknown, absent,
	    "[{'op':'removed','section':'litellm','key':'',"
	    "'path':'/litellm','name':'litellm','fields':["
	    "{'name':'presence','from':'unknown','to':'absent'}]}]");
}
END_TEST

START_TEST(two_systems_differ_in_their_id)
{
	doc_expect("{'id':'a'}", "{'id':'b\\\"'}",
	    "[{'op':'changed','section':'','key':'','path':'/id',"
	    "'name':'id','fields':[{'name':'id','from':'a',"
	    "'to':'b\\''}]}]");
}
END_TEST

START_TEST(sources_have_rows)
{
	doc_expect("{'sources':[{'name':'agents/a'}]}",
	    "{'sources':[{'name':'agents/a','status':'down','error':{"
	    "'code':'timeout','message':'no answer',"
	    "'at':'2026-01-01T00:00:00Z'}}]}",
	    "[{'op':'changed','section':'sources','key':'agents%2Fa',"
	    "'path':'/sources/0','name':'agents/a','fields':["
	    "{'name':'status','from':'ok','to':'down'},"
	    "{'name':'error','from':null,'to':{'code':'timeout',"
	    "'message':'no answer','at':'2026-01-01T00:00:00Z'}}]}]");
}
END_TEST

START_TEST(keys_of_several_parts_are_told_apart)
{
	doc_expect("{'workload':[{'namespace':'a','deployment_name':'b/c d'}]}",
	    "{'workload':[]}",
	    "[{'op':'removed','section':'workload',"
	    "'key':'a/Deployment/b%2Fc%20d','path':'/workload/0',"
	    "'name':'b/c d','children':0,'fields':[]}]");
	doc_expect("{'queues':[{'name':'\xc3\xa9~'}]}", "{'queues':[]}",
	    "[{'op':'removed','section':'queues','key':'mock/%C3%A9~',"
	    "'path':'/queues/0','name':'\xc3\xa9~','children':0,"
	    "'fields':[]}]");
}
END_TEST

START_TEST(rows_come_in_the_order_of_the_document)
{
	doc_expect("{'queues':[{'name':'b'},{'name':'d'}],'litellm':[],"
		   "'agents':[]}",
	    "{'queues':[{'name':'a'},{'name':'c'}],"
	    "'litellm':[{'deployment_id':'d'}],'agents':[{'name':'z'}]}",
	    "[{'op':'added','section':'agents','key':'z',"
	    "'path':'/agents/0','name':'z','fields':[]},"
	    "{'op':'added','section':'queues','key':'mock/a',"
	    "'path':'/queues/0','name':'a','children':0,'fields':[]},"
	    "{'op':'removed','section':'queues','key':'mock/b',"
	    "'path':'/queues/0','name':'b','children':0,'fields':[]},"
	    "{'op':'added','section':'queues','key':'mock/c',"
	    "'path':'/queues/1','name':'c','children':0,'fields':[]},"
	    "{'op':'removed','section':'queues','key':'mock/d',"
	    "'path':'/queues/1','name':'d','children':0,'fields':[]},"
	    "{'op':'added','section':'litellm','key':'d',"
	    "'path':'/litellm/0','name':'d','fields':[]}]");
}
END_TEST

START_TEST(swapped_ends_swap_what_came_and_left)
{
	struct sst_snapshot *a, *b;
	struct sst_diff_counts x, y;
	struct sst_diff *there, *back;

	a = doc("{'agents':[{'name':'g'},{'name':'h'}],'queues':[{'name':'q',"
		"'tasks':[{'id':'1'},{'id':'t'}]}],'litellm':[]}");
	b = doc("{'agents':[{'name':'g','activity':{'active_task_ids':["
		"{'id':'t'}]}}],'queues':[{'name':'q','tasks':[{'id':'2'},"
		"{'id':'3'}]}],'workload':[]}");
	there = doc_diff(a, b);
	back = doc_diff(b, a);
	sst_diff_count(there, &doc_all, &x, NULL);
	sst_diff_count(back, &doc_all, &y, NULL);
	ck_assert_uint_eq(x.op[SST_DIFF_ADDED], y.op[SST_DIFF_REMOVED]);
	ck_assert_uint_eq(x.op[SST_DIFF_REMOVED], y.op[SST_DIFF_ADDED]);
	ck_assert_uint_eq(x.op[SST_DIFF_CHANGED], y.op[SST_DIFF_CHANGED]);
	ck_assert_uint_eq(x.op[SST_DIFF_MOVED], 1);
	ck_assert_uint_eq(y.op[SST_DIFF_MOVED], 1);
	sst_diff_free(&there);
	sst_diff_free(&back);
	sst_snapshot_release(&a);
	sst_snapshot_release(&b);
}
END_TEST

static Suite *
rows_suite(void)
{
	Suite *s = suite_create("diff");
	TCase *rows = tcase_create("rows");

	tcase_add_test(rows, the_same_is_no_change);
	tcase_add_test(rows, an_entity_comes_and_goes);
	tcase_add_test(rows, whole_queues_and_workloads_are_one_row);
	tcase_add_test(rows, fields_have_names_and_both_values);
	tcase_add_test(rows, lists_without_identity_are_one_field);
	tcase_add_test(rows, objects_that_were_null_are_one_field);
	tcase_add_test(rows, dates_of_change_are_no_change);
	tcase_add_test(rows, items_are_matched_by_identity);
	tcase_add_test(rows, items_of_one_identity_are_compared_as_a_list);
	tcase_add_test(rows, a_parent_and_its_children_have_rows_of_their_own);
	tcase_add_test(rows, a_task_sorted_elsewhere_is_changed);
	tcase_add_test(rows, a_section_that_becomes_known_is_one_row);
	tcase_add_test(rows, two_systems_differ_in_their_id);
	tcase_add_test(rows, sources_have_rows);
	tcase_add_test(rows, keys_of_several_parts_are_told_apart);
	tcase_add_test(rows, rows_come_in_the_order_of_the_document);
	tcase_add_test(rows, swapped_ends_swap_what_came_and_left);
	suite_add_tcase(s, rows);
	return s;
}

int
main(void)
{
	SRunner *sr = srunner_create(rows_suite());
	int failed;

	doc_init();
	srunner_add_suite(sr, diff_moves_suite());
	srunner_add_suite(sr, diff_forms_suite());
	srunner_add_suite(sr, diff_patch_suite());
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	doc_fini();
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
