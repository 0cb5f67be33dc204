/* What changed between two documents: rows, fields, moves, filters. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/service/diff_suites.h"
#include "unit/service/diff_support.h"

static struct sst_diff_style everything = {
    {SST_SECTIONS_ALL, NULL, 0}, SIZE_MAX, false, false};

/* The changes of the JSON form, as text with single quotes. */
static char *
changes(const struct sst_diff *d, const struct sst_diff_style *style)
{
	struct sst_buf b = SST_BUF_INIT;
	char *found, *text, *p;

	sst_diff_write_json(d, style, &b);
	ck_assert(!sst_buf_failed(&b));
	found = strstr(b.data, "\"changes\":");
	ck_assert_ptr_nonnull(found);
	text = strdup(found + strlen("\"changes\":"));
	text[strlen(text) - 1] = '\0';
	for (p = text; *p != '\0'; p++) {
		if (*p == '"')
			*p = '\'';
	}
	sst_buf_fini(&b);
	return text;
}

static void
expect_styled(const char *from, const char *to,
    const struct sst_diff_style *style, const char *want)
{
	struct sst_snapshot *a = doc(from), *b = doc_near(to, a);
	struct sst_diff *d = doc_diff(a, b);
	char *got = changes(d, style);

	ck_assert_str_eq(got, want);
	free(got);
	sst_diff_free(&d);
	sst_snapshot_release(&a);
	sst_snapshot_release(&b);
}

static void
expect(const char *from, const char *to, const char *want)
{
	expect_styled(from, to, &everything, want);
}

START_TEST(the_same_is_no_change)
{
	const char *text = "{'agents':[{'name':'a'}],'queues':[{'name':'q',"
			   "'tasks':[{'id':'1'}]}],'litellm':null}";
	struct sst_snapshot *a = doc(text);
	struct sst_diff *d = doc_diff(a, a);

	ck_assert(sst_diff_empty(d, &everything.filter));
	sst_diff_free(&d);
	sst_snapshot_release(&a);
	expect(text, text, "[]");
	/* nothing shared, other order */
	expect("{'agents':[{'name':'a'},{'name':'b'}]}",
	    "{'agents':[{'name':'b'},{'name':'a'}],'revision':2}", "[]");
}
END_TEST

START_TEST(an_entity_comes_and_goes)
{
	const char *two = "{'agents':[{'name':'a'},{'name':'b/c'}]}";
	const char *one = "{'agents':[{'name':'a'}]}";

	expect(one, two,
	    "[{'op':'added','section':'agents','key':'b%2Fc',"
	    "'path':'/agents/1','name':'b/c','fields':[]}]");
	expect(two, one,
	    "[{'op':'removed','section':'agents','key':'b%2Fc',"
	    "'path':'/agents/1','name':'b/c','fields':[]}]");
}
END_TEST

START_TEST(whole_queues_and_workloads_are_one_row)
{
	expect("{'queues':[],'workload':[]}",
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
	expect("{'queues':[{'name':'q','depth':{'ready':3,'running':0,"
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
	expect("{'agents':[{'name':'a','models':['x','y']}]}",
	    "{'agents':[{'name':'a','models':['y']}]}",
	    "[{'op':'changed','section':'agents','key':'a',"
	    "'path':'/agents/0','name':'a','fields':[{'name':'models',"
	    "'from':['x','y'],'to':['y']}]}]");
}
END_TEST

START_TEST(objects_that_were_null_are_one_field)
{
	expect("{'litellm':[{'deployment_id':'d','cooldown':null}]}",
	    "{'litellm':[{'deployment_id':'d','cooldown':{'until':null}}]}",
	    "[{'op':'changed','section':'litellm','key':'d',"
	    "'path':'/litellm/0','name':'d','fields':[{'name':'cooldown',"
	    "'from':null,'to':{'until':null}}]}]");
}
END_TEST

START_TEST(dates_of_change_are_no_change)
{
	expect("{'queues':[{'name':'q','tasks':[{'id':'1'}]}],"
	       "'sources':[{'name':'agents/a'}]}",
	    "{'queues':[{'name':'q','updated_at':'2026-02-02T00:00:00Z',"
	    "'tasks':[{'id':'1'}]}],'sources':[{'name':'agents/a',"
	    "'changed_at':'2026-02-02T00:00:00Z'}]}",
	    "[]");
	/* the parent differs in nothing else: only its child is told */
	expect("{'queues':[{'name':'q','tasks':[{'id':'1'}]}]}",
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
	expect("{'agents':[{'name':'a','activity':{'active_task_ids':"
	       "[{'id':'1'},{'id':'2'}]}}]}",
	    "{'agents':[{'name':'a','activity':{'active_task_ids':"
	    "[{'id':'2'},{'id':'1'}]}}]}",
	    "[]");
	expect("{'agents':[{'name':'a','activity':{'active_task_ids':"
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
	expect("{'agents':[{'name':'a','activity':{'active_task_ids':"
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
	expect("{'workload':[{'deployment_name':'web','max_pods':2,'pods':["
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
	expect("{'queues':[{'name':'q','tasks':[{'id':'1'},{'id':'2'},"
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

	expect(unknown, known,
	    "[{'op':'changed','section':'litellm','key':'',"
	    "'path':'/litellm','name':'litellm','entities':1,'fields':["
	    "{'name':'presence','from':'unknown','to':'known'}]}]");
	expect(known, unknown,
	    "[{'op':'changed','section':'litellm','key':'',"
	    "'path':'/litellm','name':'litellm','entities':1,'fields':["
	    "{'name':'presence','from':'known','to':'unknown'}]}]");
	expect(absent, known,
	    "[{'op':'added','section':'litellm','key':'',"
	    "'path':'/litellm','name':'litellm','entities':1,'fields':["
	    "{'name':'presence','from':'absent','to':'known'}]}]");
	expect(unknown, absent,
	    "[{'op':'removed','section':'litellm','key':'',"
	    "'path':'/litellm','name':'litellm','fields':["
	    "{'name':'presence','from':'unknown','to':'absent'}]}]");
}
END_TEST

START_TEST(two_systems_differ_in_their_id)
{
	expect("{'id':'a'}", "{'id':'b\\\"'}",
	    "[{'op':'changed','section':'','key':'','path':'/id',"
	    "'name':'id','fields':[{'name':'id','from':'a',"
	    "'to':'b\\''}]}]");
}
END_TEST

START_TEST(sources_have_rows)
{
	expect("{'sources':[{'name':'agents/a'}]}",
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
	expect("{'workload':[{'namespace':'a','deployment_name':'b/c d'}]}",
	    "{'workload':[]}",
	    "[{'op':'removed','section':'workload',"
	    "'key':'a/Deployment/b%2Fc%20d','path':'/workload/0',"
	    "'name':'b/c d','children':0,'fields':[]}]");
	expect("{'queues':[{'name':'\xc3\xa9~'}]}", "{'queues':[]}",
	    "[{'op':'removed','section':'queues','key':'mock/%C3%A9~',"
	    "'path':'/queues/0','name':'\xc3\xa9~','children':0,"
	    "'fields':[]}]");
}
END_TEST

START_TEST(rows_come_in_the_order_of_the_document)
{
	expect("{'queues':[{'name':'b'},{'name':'d'}],'litellm':[],"
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

static const char with_queue[] =
    "{'agents':[{'name':'g'}],'queues':[{'name':'q','tasks':["
    "{'id':'0'},{'id':'t/1','submitted_at':'2026-01-01T00:00:00Z'}]}]}";

START_TEST(a_task_that_an_agent_took_is_one_move)
{
	expect(with_queue,
	    "{'agents':[{'name':'g','activity':{'active_task_ids':["
	    "{'id':'t/1'}]}}],'queues':[{'name':'q','tasks':[{'id':'0'}]}]}",
	    "[{'op':'moved','section':'agents',"
	    "'key':'g/active_task_ids/t%2F1',"
	    "'path':'/agents/0/activity/active_task_ids/0','name':'t/1',"
	    "'from':{'section':'queues','key':'mock/q/tasks/t%2F1',"
	    "'path':'/queues/0/tasks/0'},'fields':["
	    "{'name':'status','from':'queued','to':'running'}]}]");
}
END_TEST

START_TEST(a_task_that_came_back_is_one_move)
{
	expect("{'agents':[{'name':'g','activity':{'active_task_ids':["
	       "{'id':'t'}]}}],'queues':[{'name':'q'}]}",
	    "{'agents':[{'name':'g','status':'error'}],"
	    "'queues':[{'name':'q','depth':{'ready':1,"
	    "'running':0,'total':0},'tasks':[{'id':'t','status':"
	    "'running'}]}]}",
	    "[{'op':'changed','section':'agents','key':'g',"
	    "'path':'/agents/0','name':'g','fields':[{'name':'status',"
	    "'from':'idle','to':'error'}]},"
	    "{'op':'changed','section':'queues','key':'mock/q',"
	    "'path':'/queues/0','name':'q','fields':["
	    "{'name':'depth.ready','from':0,'to':1}]},"
	    "{'op':'moved','section':'queues','key':'mock/q/tasks/t',"
	    "'path':'/queues/0/tasks/0','name':'t','from':{"
	    "'section':'agents','key':'g/active_task_ids/t',"
	    "'path':'/agents/0/activity/active_task_ids/0'},"
	    "'fields':[]}]");
}
END_TEST

START_TEST(an_agent_that_is_new_has_taken_a_task)
{
	expect("{'agents':[],'queues':[{'name':'q','tasks':[{'id':'t'}]}]}",
	    "{'agents':[{'name':'g','activity':{'active_task_ids':["
	    "{'id':'t','status':'queued'}]}}],'queues':[{'name':'q'}]}",
	    "[{'op':'added','section':'agents','key':'g',"
	    "'path':'/agents/0','name':'g','fields':[]},"
	    "{'op':'moved','section':'agents','key':'g/active_task_ids/t',"
	    "'path':'/agents/0/activity/active_task_ids/0','name':'t',"
	    "'from':{'section':'queues','key':'mock/q/tasks/t',"
	    "'path':'/queues/0/tasks/0'},'fields':[]}]");
}
END_TEST

START_TEST(from_agent_to_agent_is_one_move)
{
	expect("{'agents':[{'name':'g','activity':{'active_task_ids':["
	       "{'id':'t'}]}},{'name':'h'}]}",
	    "{'agents':[{'name':'g'},{'name':'h','activity':{"
	    "'active_task_ids':[{'id':'t','started_on':"
	    "'2026-01-01T00:00:00Z'}]}}]}",
	    "[{'op':'moved','section':'agents','key':'h/active_task_ids/t',"
	    "'path':'/agents/1/activity/active_task_ids/0','name':'t',"
	    "'from':{'section':'agents','key':'g/active_task_ids/t',"
	    "'path':'/agents/0/activity/active_task_ids/0'},'fields':["
	    "{'name':'started_on','from':null,"
	    "'to':'2026-01-01T00:00:00Z'}]}]");
}
END_TEST

/* From queue a to queue b, with these members. */
static void
expect_between(const char *was, const char *is, bool moved)
{
	char from[512], to[512];
	struct sst_snapshot *a, *b;
	struct sst_diff *d;
	struct sst_diff_counts n;

	snprintf(from, sizeof(from),
	    "{'queues':[{'name':'a','tasks':[{'id':'17'%s}]},{'name':'b'}]}",
	    was);
	snprintf(to, sizeof(to),
	    "{'queues':[{'name':'a'},{'name':'b','tasks':[{'id':'17'%s}]}]}",
	    is);
	a = doc(from);
	b = doc(to);
	d = doc_diff(a, b);
	sst_diff_count(d, &everything.filter, &n, NULL);
	ck_assert_uint_eq(n.op[SST_DIFF_MOVED], moved ? 1 : 0);
	ck_assert_uint_eq(n.op[SST_DIFF_ADDED], moved ? 0 : 1);
	ck_assert_uint_eq(n.op[SST_DIFF_REMOVED], moved ? 0 : 1);
	ck_assert_uint_eq(n.op[SST_DIFF_CHANGED], 0);
	sst_diff_free(&d);
	sst_snapshot_release(&a);
	sst_snapshot_release(&b);
}

START_TEST(from_queue_to_queue_the_submission_must_agree)
{
	const char *at = ",'submitted_at':'2026-01-01T00:00:00Z'";

	expect_between(at, at, true);
	expect_between(at, ",'submitted_at':'2026-01-01T00:00:01Z'", false);
	expect_between(at, "", false);
	expect_between("", "", false);
}
END_TEST

START_TEST(what_stays_in_its_queue_has_not_moved)
{
	expect("{'agents':[{'name':'g'}],'queues':[{'name':'q','tasks':["
	       "{'id':'t'}]}]}",
	    "{'agents':[{'name':'g','activity':{'active_task_ids':["
	    "{'id':'t'}]}}],'queues':[{'name':'q','tasks':[{'id':'t'}]}]}",
	    "[{'op':'changed','section':'agents','key':'g',"
	    "'path':'/agents/0','name':'g','fields':["
	    "{'name':'activity.active_task_ids[t]','to':{'id':'t',"
	    "'started_on':null,'status':'running'}}]}]");
}
END_TEST

START_TEST(an_id_that_is_not_unique_moves_nowhere)
{
	struct sst_snapshot *a, *b;
	struct sst_diff_counts n;
	struct sst_diff *d;

	a = doc("{'agents':[{'name':'g'},{'name':'h'}],'queues':["
		"{'name':'q','tasks':[{'id':'t'}]}]}");
	b = doc("{'agents':[{'name':'g','activity':{'active_task_ids':["
		"{'id':'t'}]}},{'name':'h','activity':{'active_task_ids':["
		"{'id':'t'}]}}],'queues':[{'name':'q'}]}");
	d = doc_diff(a, b);
	sst_diff_count(d, &everything.filter, &n, NULL);
	ck_assert_uint_eq(n.op[SST_DIFF_MOVED], 0);
	ck_assert_uint_eq(n.op[SST_DIFF_CHANGED], 2);
	ck_assert_uint_eq(n.op[SST_DIFF_REMOVED], 1);
	sst_diff_free(&d);
	sst_snapshot_release(&a);
	sst_snapshot_release(&b);
}
END_TEST

START_TEST(a_task_of_a_queue_that_is_gone_has_moved)
{
	expect("{'agents':[{'name':'g'}],'queues':[{'name':'q','tasks':["
	       "{'id':'t','status':'running'},{'id':'u'}]}]}",
	    "{'agents':[{'name':'g','activity':{'active_task_ids':["
	    "{'id':'t'}]}}],'queues':[]}",
	    "[{'op':'moved','section':'agents','key':'g/active_task_ids/t',"
	    "'path':'/agents/0/activity/active_task_ids/0','name':'t',"
	    "'from':{'section':'queues','key':'mock/q/tasks/t',"
	    "'path':'/queues/0/tasks/0'},'fields':[]},"
	    "{'op':'removed','section':'queues','key':'mock/q',"
	    "'path':'/queues/0','name':'q','children':2,'fields':[]}]");
}
END_TEST

START_TEST(a_section_that_is_unknown_has_lost_no_task)
{
	expect("{'agents':[{'name':'g'}],'queues':[{'name':'q','tasks':["
	       "{'id':'t'}]}]}",
	    "{'agents':[{'name':'g','activity':{'active_task_ids':["
	    "{'id':'t'}]}}],'queues':null}",
	    "[{'op':'changed','section':'agents','key':'g',"
	    "'path':'/agents/0','name':'g','fields':["
	    "{'name':'activity.active_task_ids[t]','to':{'id':'t',"
	    "'started_on':null,'status':'running'}}]},"
	    "{'op':'changed','section':'queues','key':'','path':'/queues',"
	    "'name':'queues','entities':1,'fields':[{'name':'presence',"
	    "'from':'known','to':'unknown'}]}]");
}
END_TEST

START_TEST(pods_do_not_move)
{
	struct sst_snapshot *a, *b;
	struct sst_diff_counts n;
	struct sst_diff *d;

	a = doc("{'workload':[{'deployment_name':'a','pods':["
		"{'pod_id':'p'}]},{'deployment_name':'b'}]}");
	b = doc("{'workload':[{'deployment_name':'a'},"
		"{'deployment_name':'b','pods':[{'pod_id':'p'}]}]}");
	d = doc_diff(a, b);
	sst_diff_count(d, &everything.filter, &n, NULL);
	ck_assert_uint_eq(n.op[SST_DIFF_MOVED], 0);
	sst_diff_free(&d);
	sst_snapshot_release(&a);
	sst_snapshot_release(&b);
}
END_TEST

/* How many rows pass. */
static size_t
passing(const struct sst_diff *d, unsigned sections, const char *key)
{
	struct sst_diff_filter f = {
	    sections, key, key == NULL ? 0 : strlen(key)};
	struct sst_diff_counts n;

	sst_diff_count(d, &f, &n, NULL);
	ck_assert(sst_diff_empty(d, &f) ==
	    (n.op[0] + n.op[1] + n.op[2] + n.op[3] == 0));
	return n.op[0] + n.op[1] + n.op[2] + n.op[3];
}

START_TEST(filters_by_section)
{
	struct sst_snapshot *a, *b;
	struct sst_diff *d;

	a = doc("{'agents':[{'name':'g'}],'litellm':null,'queues':[{'name':"
		"'q','tasks':[{'id':'t'}]}],'sources':[{'name':'agents/x'},"
		"{'name':'queues/x'}]}");
	b = doc("{'agents':[{'name':'g','activity':{'active_task_ids':["
		"{'id':'t'}]}}],'litellm':[],'queues':[{'name':'q'}],"
		"'sources':[{'name':'agents/x','status':'down'},"
		"{'name':'queues/x','status':'down'}]}");
	d = doc_diff(a, b);
	ck_assert_uint_eq(passing(d, SST_SECTIONS_ALL, NULL), 4);
	/* the move, and the row of the source */
	ck_assert_uint_eq(passing(d, 1u << SST_SECTION_AGENTS, NULL), 2);
	ck_assert_uint_eq(passing(d, 1u << SST_SECTION_QUEUES, NULL), 2);
	ck_assert_uint_eq(passing(d, 1u << SST_SECTION_LITELLM, NULL), 1);
	ck_assert_uint_eq(passing(d, 1u << SST_SECTION_WORKLOAD, NULL), 0);
	sst_diff_free(&d);
	sst_snapshot_release(&a);
	sst_snapshot_release(&b);
}
END_TEST

START_TEST(filters_by_key)
{
	const unsigned all = SST_SECTIONS_ALL;
	struct sst_snapshot *a, *b;
	struct sst_diff *d;

	a = doc("{'agents':[{'name':'g'},{'name':'a'}],"
		"'workload':[{'namespace':'a','deployment_name':'w/x'}],"
		"'queues':[{'name':'q','tasks':[{'id':'1'},{'id':'t'}]},"
		"{'name':'q2','tasks':[{'id':'9'}]}],"
		"'litellm':[{'deployment_id':'m'}]}");
	b = doc("{'agents':[{'name':'g','activity':{'active_task_ids':["
		"{'id':'t'}]}},{'name':'a','status':'busy'}],"
		"'workload':[{'namespace':'a','deployment_name':'w/x',"
		"'max_pods':1}],'queues':[{'name':'q','consumers':1,'tasks':["
		"{'id':'1','attempts':1}]}],'litellm':null}");
	d = doc_diff(a, b);
	ck_assert_uint_eq(passing(d, all, NULL), 7);
	/* the agent, not the workloads of a namespace of that name */
	ck_assert_uint_eq(passing(d, all, "a"), 1);
	ck_assert_uint_eq(passing(d, all, "a/Deployment/w%2Fx"), 1);
	ck_assert_uint_eq(passing(d, all, "a/Deployment/w%2fx"), 1);
	ck_assert_uint_eq(passing(d, all, "a/Deployment/w/x"), 0);
	ck_assert_uint_eq(passing(d, all, "a/Deployment"), 0);
	/* itself, its task, and the task that left */
	ck_assert_uint_eq(passing(d, all, "mock/q"), 3);
	ck_assert_uint_eq(passing(d, all, "mock/q/tasks/1"), 1);
	ck_assert_uint_eq(passing(d, all, "mock/q/tasks/t"), 1);
	ck_assert_uint_eq(passing(d, all, "mock/q/tasks"), 0);
	ck_assert_uint_eq(passing(d, all, "mock/q/pods/1"), 0);
	ck_assert_uint_eq(passing(d, all, "mock/q/tasks/12"), 0);
	ck_assert_uint_eq(passing(d, all, "g"), 1);
	ck_assert_uint_eq(passing(d, all, "g/active_task_ids/t"), 1);
	/* what left with its queue, or its section */
	ck_assert_uint_eq(passing(d, all, "mock/q2/tasks/9"), 1);
	ck_assert_uint_eq(passing(d, all, "mock/q2/tasks/8"), 0);
	ck_assert_uint_eq(passing(d, all, "m"), 1);
	ck_assert_uint_eq(passing(d, all, "n"), 0);
	ck_assert_uint_eq(passing(d, all, ""), 0);
	ck_assert_uint_eq(passing(d, all, "%"), 0);
	ck_assert_uint_eq(passing(d, 1u << SST_SECTION_AGENTS, "mock/q"), 0);
	sst_diff_free(&d);
	sst_snapshot_release(&a);
	sst_snapshot_release(&b);
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
	sst_diff_count(there, &everything.filter, &x, NULL);
	sst_diff_count(back, &everything.filter, &y, NULL);
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
	TCase *rows = tcase_create("rows"), *moves = tcase_create("moves");
	TCase *filters = tcase_create("filters");

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
	tcase_add_test(moves, a_task_that_an_agent_took_is_one_move);
	tcase_add_test(moves, a_task_that_came_back_is_one_move);
	tcase_add_test(moves, an_agent_that_is_new_has_taken_a_task);
	tcase_add_test(moves, from_agent_to_agent_is_one_move);
	tcase_add_test(moves, from_queue_to_queue_the_submission_must_agree);
	tcase_add_test(moves, what_stays_in_its_queue_has_not_moved);
	tcase_add_test(moves, an_id_that_is_not_unique_moves_nowhere);
	tcase_add_test(moves, a_task_of_a_queue_that_is_gone_has_moved);
	tcase_add_test(moves, a_section_that_is_unknown_has_lost_no_task);
	tcase_add_test(moves, pods_do_not_move);
	suite_add_tcase(s, moves);
	tcase_add_test(filters, filters_by_section);
	tcase_add_test(filters, filters_by_key);
	suite_add_tcase(s, filters);
	return s;
}

int
main(void)
{
	SRunner *sr = srunner_create(rows_suite());
	int failed;

	doc_init();
	srunner_add_suite(sr, diff_forms_suite());
	srunner_add_suite(sr, diff_patch_suite());
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	doc_fini();
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
