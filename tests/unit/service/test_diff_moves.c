/* Tasks that moved, and who gets to see which change. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "unit/service/diff_suites.h"
#include "unit/service/diff_support.h"

static const char with_queue[] =
    "{'agents':[{'name':'g'}],'queues':[{'name':'q','tasks':["
    "{'id':'0'},{'id':'t/1','submitted_at':'2026-01-01T00:00:00Z'}]}]}";

START_TEST(a_task_that_an_agent_took_is_one_move)
{
	doc_expect(with_queue,
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
	doc_expect("{'agents':[{'name':'g','activity':{'active_task_ids':["
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
	doc_expect("{'agents':[],'queues':[{'name':'q','tasks':[{'id':'t'}]}]}",
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
	doc_expect("{'agents':[{'name':'g','activity':{'active_task_ids':["
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
	sst_diff_count(d, &doc_all, &n, NULL);
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
	doc_expect("{'agents':[{'name':'g'}],'queues':[{'name':'q','tasks':["
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
	sst_diff_count(d, &doc_all, &n, NULL);
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
	doc_expect("{'agents':[{'name':'g'}],'queues':[{'name':'q','tasks':["
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
	doc_expect("{'agents':[{'name':'g'}],'queues':[{'name':'q','tasks':["
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
	sst_diff_count(d, &doc_all, &n, NULL);
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

Suite *
diff_moves_suite(void)
{
	Suite *s = suite_create("moves");
	TCase *moves = tcase_create("moves"),
	      *filters = tcase_create("filters");

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
