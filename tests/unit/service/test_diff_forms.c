/* The forms of a difference: JSON, its schema, text, and the note. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/schema.h"
#include "unit/service/diff_suites.h"
#include "unit/service/diff_support.h"

static struct sst_error err;
static const struct sst_diff_style everything = {
    {SST_SECTIONS_ALL, NULL, 0}, SIZE_MAX, false, false};

/* One of each kind. */
static const char before[] =
    "{'revision':41,'sources':[{'name':'agents/mock'},"
    "{'name':'queues/mock'}],'agents':[{'name':'agent-1','status':'busy'},"
    "{'name':'agent-2'}],'workload':null,'queues':[{'name':'agent.tasks',"
    "'depth':{'ready':3,'running':0,'total':3},'tasks':[{'id':'t1'},"
    "{'id':'t2'},{'id':'t3'}]},{'name':'other','source':'queues/x',"
    "'tasks':[{'id':'a','error':'x'}]}]}";
static const char after[] =
    "{'revision':44,'captured_at':'2026-01-01T00:00:05.000Z','sources':["
    "{'name':'agents/mock'},{'name':'queues/mock','entities':2}],"
    "'agents':[{'name':'agent-1','status':'idle'},{'name':'agent-2',"
    "'activity':{'active_task_ids':[{'id':'t1'}]}}],'workload':[{"
    "'deployment_name':'web'}],'queues':[{'name':'agent.tasks','depth':{"
    "'ready':5,'running':0,'total':5},'tasks':[{'id':'t2','attempts':1},"
    "{'id':'t4'}]},{'name':'other','source':'queues/x','tasks':[{'id':'a',"
    "'error':'a long story of everything that went wrong, and then some',"
    "'type':'a type of task that is also quite long','status':'failed'}]}"
    "]}";

static struct sst_schema *schema;
static struct sst_snapshot *a, *b;
static struct sst_diff *diff;
static struct sst_buf out;

static void
setup(void)
{
	size_t len;
	const char *text = sst_contract_text("diff.schema.json", &len);
	struct sst_schema_set *set = NULL;
	json_t *tree;

	ck_assert_ptr_nonnull(text);
	tree = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	ck_assert_ptr_nonnull(tree);
	ck_assert_int_eq(sst_schema_set_new(&set, &err), SST_OK);
	ck_assert_int_eq(
	    sst_schema_set_add(set, "https://systate.dev/d", tree, &err),
	    SST_OK);
	ck_assert_msg(sst_schema_compile(set, "https://systate.dev/d", &schema,
			  &err) == SST_OK,
	    "%s", err.text);
	sst_schema_set_free(&set);
	json_decref(tree);
	a = doc(before);
	b = doc_near(after, a);
	diff = doc_diff(a, b);
	sst_buf_init(&out);
}

static void
teardown(void)
{
	sst_buf_fini(&out);
	sst_diff_free(&diff);
	sst_snapshot_release(&a);
	sst_snapshot_release(&b);
	sst_schema_free(&schema);
}

static json_t *
written(const struct sst_diff *d, const struct sst_diff_style *style)
{
	struct sst_report report = {0};
	json_t *tree;

	sst_buf_clear(&out);
	sst_diff_write_json(d, style, &out);
	tree = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
	ck_assert_msg(tree != NULL, "%s", out.data);
	if (!sst_schema_valid(schema, tree)) {
		sst_schema_explain(schema, tree, 1, &report, &err);
		ck_abort_msg("%s: %s", err.text, out.data);
	}
	return tree;
}

static const char *
in_single_quotes(void)
{
	char *p;

	for (p = out.data; *p != '\0'; p++) {
		if (*p == '"')
			*p = '\'';
	}
	return out.data;
}

START_TEST(json_says_what_is_compared_and_how_much_changed)
{
	json_t *tree = written(diff, &everything);
	const char *want =
	    "{'from':{'epoch':'0123456789abcdef','revision':41,"
	    "'captured_at':'2026-01-01T00:00:00.000Z'},"
	    "'to':{'epoch':'0123456789abcdef','revision':44,"
	    "'captured_at':'2026-01-01T00:00:05.000Z'},"
	    "'summary':{'added':1,'removed':1,'changed':6,'moved':1,"
	    "'by_section':{"
	    "'sources':{'added':0,'removed':0,'changed':1,'moved':0},"
	    "'agents':{'added':0,'removed':0,'changed':1,'moved':1},"
	    "'workload':{'added':0,'removed':0,'changed':1,'moved':0},"
	    "'queues':{'added':1,'removed':1,'changed':3,'moved':0}}},"
	    "'truncated':false,'omitted':0,'changes':[";

	ck_assert_uint_eq(json_array_size(json_object_get(tree, "changes")), 9);
	json_decref(tree);
	in_single_quotes();
	ck_assert_int_ge((int)out.len, (int)strlen(want));
	out.data[strlen(want)] = '\0';
	ck_assert_str_eq(out.data, want);
}
END_TEST

START_TEST(json_of_no_change_has_zeros)
{
	struct sst_diff *same = doc_diff(a, a);

	json_decref(written(same, &everything));
	ck_assert_str_eq(in_single_quotes(),
	    "{'from':{'epoch':'0123456789abcdef','revision':41,"
	    "'captured_at':'2026-01-01T00:00:00.000Z'},"
	    "'to':{'epoch':'0123456789abcdef','revision':41,"
	    "'captured_at':'2026-01-01T00:00:00.000Z'},"
	    "'summary':{'added':0,'removed':0,'changed':0,'moved':0,"
	    "'by_section':{}},'truncated':false,'omitted':0,"
	    "'changes':[]}");
	sst_diff_free(&same);
}
END_TEST

START_TEST(a_limit_leaves_out_and_says_so)
{
	struct sst_diff_style style = everything;
	json_t *tree;
	size_t limit;

	for (limit = 0; limit <= 10; limit++) {
		style.limit = limit;
		tree = written(diff, &style);
		ck_assert_int_eq(
		    json_integer_value(json_object_get(
			json_object_get(tree, "summary"), "changed")),
		    6);
		ck_assert_uint_eq(
		    json_array_size(json_object_get(tree, "changes")),
		    limit < 9 ? limit : 9);
		ck_assert_int_eq(
		    json_integer_value(json_object_get(tree, "omitted")),
		    limit < 9 ? 9 - (int)limit : 0);
		ck_assert(json_is_true(json_object_get(tree, "truncated")) ==
			  (limit < 9));
		json_decref(tree);
	}
}
END_TEST

START_TEST(pretty_is_the_same_with_spaces)
{
	struct sst_diff_style style = everything;
	json_t *compact = written(diff, &everything), *tree;

	style.pretty = true;
	tree = written(diff, &style);
	ck_assert(json_equal(compact, tree));
	ck_assert_ptr_nonnull(strstr(out.data, "\n  \"from\": {\n    \"epoch"));
	ck_assert_int_eq(out.data[out.len - 1], '\n');
	json_decref(compact);
	json_decref(tree);
}
END_TEST

START_TEST(every_row_conforms)
{
	static const char *const pairs[][2] = {
	    {"{'id':'a'}", "{'id':'b','revision':2}"},
	    {"{'queues':null}", "{'queues':[],'agents':null}"},
	    {"{'queues':[],'agents':[{'name':'\xc3\xa9 %/'}]}",
		"{'agents':[],'epoch':'ffffffffffffffff'}"},
	    {"{'agents':[{'name':'a','activity':{'active_task_ids':null}}]}",
		"{'agents':[{'name':'a','namespace':null,'activity':{"
		"'active_task_ids':[{'id':'\\\\ \xe2\x82\xac'}]}}]}"},
	    {"{'agents':[{'name':'a'},{'name':'b','activity':{"
	     "'active_task_ids':[{'id':'\\\\'}]}}]}",
		"{'agents':[{'name':'a','activity':{'active_task_ids':["
		"{'id':'\\\\'}]}},{'name':'b'}]}"},
	};
	struct sst_snapshot *x, *y;
	struct sst_diff *d;
	json_t *tree;
	size_t i;

	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		x = doc(pairs[i][0]);
		y = doc(pairs[i][1]);
		d = doc_diff(x, y);
		tree = written(d, &everything);
		ck_assert_uint_gt(
		    json_array_size(json_object_get(tree, "changes")), 0);
		json_decref(tree);
		sst_diff_free(&d);
		sst_snapshot_release(&x);
		sst_snapshot_release(&y);
	}
}
END_TEST

START_TEST(text_says_it_in_one_screen)
{
	sst_diff_write_text(diff, &everything, &out);
	ck_assert_str_eq(out.data,
	    "revision 41 -> 44, 2026-01-01T00:00:00Z -> 00:00:05Z (5 s): "
	    "1 added, 1 removed, 6 changed, 1 moved\n"
	    "sources: 1 changed\n"
	    "  ~ queues/mock  entities: null -> 2\n"
	    "agents: 1 changed, 1 moved\n"
	    "  ~ agent-1  status: busy -> idle\n"
	    "  > t1       queues mock/agent.tasks -> agents agent-2, "
	    "status: queued -> running\n"
	    "workload: 1 changed\n"
	    "  ~ workload  1 entity, presence: unknown -> known\n"
	    "queues: 1 added, 1 removed, 3 changed\n"
	    "  ~ mock/agent.tasks  depth.ready: 3 -> 5, "
	    "depth.total: 3 -> 5\n"
	    "    ~ t2              attempts: (absent) -> 1\n"
	    "    - t3              queued\n"
	    "    + t4              queued\n"
	    "    mock/other\n"
	    "    ~ a\n"
	    "        type: (absent) -> \"a type of task that is also quite "
	    "long\"\n"
	    "        status: queued -> failed\n"
	    "        error: x -> \"a long story of everything that went wr"
	    "\xe2\x80\xa6\"\n");
}
END_TEST

/* A queue that has the tasks t0 to t<count - 1>. */
static struct sst_snapshot *
many_tasks(int count)
{
	struct sst_buf text = SST_BUF_INIT;
	struct sst_snapshot *s;
	int i;

	sst_buf_adds(&text, "{'queues':[{'name':'q','tasks':[");
	for (i = 0; i < count; i++)
		sst_buf_addf(&text, "%s{'id':'t%d'}", i > 0 ? "," : "", i);
	sst_buf_adds(&text, "]}]}");
	ck_assert(!sst_buf_failed(&text));
	s = doc(text.data);
	sst_buf_fini(&text);
	return s;
}

static size_t
lines_of(const struct sst_buf *text)
{
	size_t i, n = 0;

	for (i = 0; i < text->len; i++)
		n += text->data[i] == '\n';
	return n;
}

START_TEST(text_tells_many_of_a_kind_together)
{
	static const int counts[] = {3, 4, 40, 4000};
	static const size_t lines[] = {6, 4, 5, 6};
	struct sst_snapshot *none = many_tasks(0), *many;
	struct sst_diff *d;
	size_t i;

	for (i = 0; i < 4; i++) {
		many = many_tasks(counts[i]);
		d = doc_diff(none, many);
		sst_buf_clear(&out);
		sst_diff_write_text(d, &everything, &out);
		ck_assert_msg(lines_of(&out) == lines[i], "%s", out.data);
		ck_assert_ptr_nonnull(strstr(out.data, "t0"));
		ck_assert(counts[i] > 40 ||
			  strstr(out.data, " and ") == NULL);
		sst_diff_free(&d);
		sst_snapshot_release(&many);
	}
	ck_assert_ptr_nonnull(strstr(out.data, "    + 4000 queued: t0,"));
	ck_assert_ptr_nonnull(strstr(out.data, " more\n"));
	sst_snapshot_release(&none);
}
END_TEST

START_TEST(text_of_no_change_says_so)
{
	struct sst_diff *same = doc_diff(a, a);

	sst_diff_write_text(same, &everything, &out);
	ck_assert_str_eq(out.data,
	    "revision 41 -> 41, 2026-01-01T00:00:00Z -> 00:00:00Z (0 s): "
	    "no changes\n");
	sst_diff_free(&same);
}
END_TEST

START_TEST(text_names_epochs_that_differ)
{
	struct sst_snapshot *x;
	struct sst_diff *d;

	x = doc("{'epoch':'ffffffffffffffff',"
		"'captured_at':'2025-12-31T20:00:00.400Z'}");
	d = doc_diff(b, x);
	sst_diff_write_text(d, &(struct sst_diff_style){.limit = 0}, &out);
	ck_assert_str_eq(out.data,
	    "revision 44 (epoch 0123456789abcdef) -> 1 (epoch "
	    "ffffffffffffffff), 2026-01-01T00:00:05Z -> "
	    "2025-12-31T20:00:00Z (-4 h): no changes\n");
	sst_diff_free(&d);
	sst_snapshot_release(&x);
}
END_TEST

START_TEST(text_has_a_tail_when_cut)
{
	struct sst_diff_style style = everything;

	style.limit = 2;
	sst_diff_write_text(diff, &style, &out);
	ck_assert_ptr_nonnull(strstr(out.data, "6 changed"));
	ck_assert_ptr_nonnull(strstr(out.data, "\n... and 7 more\n"));
	ck_assert_ptr_nonnull(strstr(out.data, "\nworkload: 1 changed\n"));
	ck_assert_ptr_nonnull(strstr(out.data, "\nqueues: "));
	ck_assert_ptr_null(strstr(out.data, "presence"));
}
END_TEST

START_TEST(text_has_colour_only_when_asked)
{
	struct sst_diff_style style = everything;

	sst_diff_write_text(diff, &style, &out);
	ck_assert_ptr_null(strchr(out.data, '\033'));
	style.colour = true;
	sst_buf_clear(&out);
	sst_diff_write_text(diff, &style, &out);
	ck_assert_ptr_nonnull(
	    strstr(out.data, "  \033[33m~ agent-1\033[0m  status"));
	ck_assert_ptr_nonnull(strstr(out.data, "\033[32m+ t4\033[0m"));
	ck_assert_ptr_nonnull(strstr(out.data, "\033[31m- t3\033[0m"));
	ck_assert_ptr_nonnull(strstr(out.data, "\033[36m> t1\033[0m"));
}
END_TEST

START_TEST(text_lets_no_control_character_out)
{
	struct sst_snapshot *x, *y;
	struct sst_diff *d;
	size_t i;

	x = doc("{'agents':[{'name':'a\\u001b[31m\xe2\x80\xae',"
		"'description':'x'}],'litellm':[]}");
	y = doc("{'agents':[{'name':'a\\u001b[31m\xe2\x80\xae',"
		"'description':'\\u001b]0;evil\\u0007\\n\xc2\x9b\x7f',"
		"'models':['\\u001b\x7f'],'activity':{'active_task_ids':["
		"{'id':'t\\u0008\x7f'}]}}],'litellm':[{'deployment_id':"
		"'\\t','status':'unknown'}]}");
	d = doc_diff(x, y);
	sst_diff_write_text(d, &everything, &out);
	for (i = 0; i < out.len; i++)
		ck_assert_msg(out.data[i] == '\n' ||
				  ((unsigned char)out.data[i] >= 0x20 &&
				      out.data[i] != 0x7f),
		    "byte %zu of %s", i, out.data);
	ck_assert_ptr_null(strstr(out.data, "\xc2\x9b"));
	ck_assert_ptr_null(strstr(out.data, "\xe2\x80\xae"));
	ck_assert_ptr_nonnull(strstr(out.data, "~ a\\x1b[31m\\u202e"));
	sst_diff_free(&d);
	sst_snapshot_release(&x);
	sst_snapshot_release(&y);
}
END_TEST

START_TEST(text_quotes_what_could_be_misread)
{
	struct sst_snapshot *x, *y;
	struct sst_diff *d;

	x = doc("{'agents':[{'name':'a','description':'','namespace':'5'},"
		"{'name':'b','description':'null'}]}");
	y = doc("{'agents':[{'name':'a','description':'a,b',"
		"'namespace':'-1.5e3'},{'name':'b','description':'nil'}]}");
	d = doc_diff(x, y);
	sst_diff_write_text(d, &everything, &out);
	ck_assert_ptr_nonnull(
	    strstr(out.data, "~ a  description: \"\" -> \"a,b\", "
			     "namespace: \"5\" -> \"-1.5e3\"\n"));
	ck_assert_ptr_nonnull(
	    strstr(out.data, "~ b  description: \"null\" -> nil\n"));
	sst_diff_free(&d);
	sst_snapshot_release(&x);
	sst_snapshot_release(&y);
}
END_TEST

START_TEST(a_note_names_whose_doing_it_was)
{
	sst_diff_write_note(diff, &out);
	ck_assert_str_eq(in_single_quotes(),
	    "{'summary':{'added':1,'removed':1,'changed':6,'moved':1,"
	    "'by_section':{"
	    "'sources':{'added':0,'removed':0,'changed':1,'moved':0},"
	    "'agents':{'added':0,'removed':0,'changed':1,'moved':1},"
	    "'workload':{'added':0,'removed':0,'changed':1,'moved':0},"
	    "'queues':{'added':1,'removed':1,'changed':3,'moved':0}}},"
	    "'cause':['agents/mock','queues/mock','queues/x']}");
}
END_TEST

START_TEST(a_note_names_sources_of_which_more_is_told)
{
	struct sst_snapshot *x, *y;
	struct sst_diff *d;

	x = doc("{'sources':[{'name':'litellm/a','upstream':{"
		"'status':'ok','in_flight_requests':0}},"
		"{'name':'litellm/b'}]}");
	y = doc("{'sources':[{'name':'litellm/a','upstream':{"
		"'status':'ok','in_flight_requests':1}},"
		"{'name':'litellm/b','entities':2}]}");
	d = doc_diff(x, y);
	sst_diff_write_note(d, &out);
	ck_assert_ptr_nonnull(
	    strstr(in_single_quotes(), "'cause':['litellm/a']}"));
	sst_diff_free(&d);
	sst_snapshot_release(&x);
	sst_snapshot_release(&y);
}
END_TEST

/* When each of three sources told something new, and one agent of theirs. */
static struct sst_snapshot *
note_doc(const char *const times[3], const char *status)
{
	char text[1024];

	snprintf(text, sizeof(text),
	    "{'sources':[{'name':'agents/a','changed_at':'%s'},"
	    "{'name':'agents/b','changed_at':'%s'},"
	    "{'name':'agents/c','changed_at':'%s'}],"
	    "'agents':[{'name':'x','status':'%s','source':'agents/a',"
	    "'merged_from':['agents/a','agents/b','agents/c']}]}",
	    times[0], times[1], times[2], status);
	return doc(text);
}

START_TEST(a_note_names_who_told_something_new_of_a_merged_agent)
{
	static const char early[] = "2026-01-01T00:00:01Z";
	static const char late[] = "2026-01-01T00:00:02Z";
	static const struct {
		const char *times[3], *cause;
	} rows[] = {
	    {{early, late, early}, "'cause':['agents/b']}"},
	    {{late, early, late}, "'cause':['agents/a','agents/c']}"},
	    /* twice in one second: one of them */
	    {{early, early, early},
		"'cause':['agents/a','agents/b','agents/c']}"},
	};
	struct sst_snapshot *x = note_doc(rows[2].times, "idle"), *y;
	struct sst_diff *d;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		y = note_doc(rows[i].times, "busy");
		d = doc_diff(x, y);
		out.len = 0;
		sst_diff_write_note(d, &out);
		ck_assert_ptr_nonnull(
		    strstr(in_single_quotes(), rows[i].cause));
		sst_diff_free(&d);
		sst_snapshot_release(&y);
	}
	sst_snapshot_release(&x);
}
END_TEST

START_TEST(a_note_names_sources_that_fail)
{
	struct sst_snapshot *x, *y;
	struct sst_diff *d;

	x = doc("{'sources':[{'name':'agents/a'},{'name':'agents/b'},"
		"{'name':'agents/c'},{'name':'agents/d'}]}");
	y = doc("{'sources':[{'name':'agents/a','status':'stale'},"
		"{'name':'agents/b','entities':5},{'name':'agents/c',"
		"'error':{'code':'c','message':'','at':"
		"'2026-01-01T00:00:00Z'}},{'name':'agents/e'}]}");
	d = doc_diff(x, y);
	sst_diff_write_note(d, &out);
	ck_assert_ptr_nonnull(strstr(in_single_quotes(),
	    "'cause':['agents/a','agents/c','agents/d','agents/e']}"));
	sst_diff_free(&d);
	sst_snapshot_release(&x);
	sst_snapshot_release(&y);
}
END_TEST

Suite *
diff_forms_suite(void)
{
	Suite *s = suite_create("forms");
	TCase *t = tcase_create("forms");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, json_says_what_is_compared_and_how_much_changed);
	tcase_add_test(t, json_of_no_change_has_zeros);
	tcase_add_test(t, a_limit_leaves_out_and_says_so);
	tcase_add_test(t, pretty_is_the_same_with_spaces);
	tcase_add_test(t, every_row_conforms);
	tcase_add_test(t, text_says_it_in_one_screen);
	tcase_add_test(t, text_tells_many_of_a_kind_together);
	tcase_add_test(t, text_of_no_change_says_so);
	tcase_add_test(t, text_names_epochs_that_differ);
	tcase_add_test(t, text_has_a_tail_when_cut);
	tcase_add_test(t, text_has_colour_only_when_asked);
	tcase_add_test(t, text_lets_no_control_character_out);
	tcase_add_test(t, text_quotes_what_could_be_misread);
	tcase_add_test(t, a_note_names_whose_doing_it_was);
	tcase_add_test(t, a_note_names_sources_that_fail);
	tcase_add_test(t, a_note_names_sources_of_which_more_is_told);
	tcase_add_test(
	    t, a_note_names_who_told_something_new_of_a_merged_agent);
	suite_add_tcase(s, t);
	return s;
}
