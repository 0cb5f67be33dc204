/*
 * The tasks of agents: what is shown of them, what stays unknown and why, and
 * lists that are long or never end.
 */
#include "test_agents_a2a_support.h"

START_TEST(an_agent_and_its_tasks)
{
	const json_t *a;
	char head[4096];

	serve_card("", "researcher", "HTTP+JSON");
	ck_assert(upstream_answer_file(up, TASKS, 200, RECORDED "tasks.json"));
	open_one("");
	collect_whole();
	ck_assert_uint_eq(json_array_size(tree), 1);
	ck_assert_str_eq(tasks_of("researcher"),
	    "t-2 working, t-3 submitted, t-4 input-required, "
	    "t-5 auth-required");
	ck_assert_str_eq(text_of("researcher", "status"), "busy");
	ck_assert_str_eq(text_of("researcher", "url"), upstream_url(up));
	ck_assert_str_eq(text_of("researcher", "version"), "1");
	a = agent("researcher");
	ck_assert(json_is_null(json_object_get(a, "max_parallel_invocations")));
	ck_assert(json_is_null(json_object_get(a, "deployment_name")));
	ck_assert_str_eq(state_of("card", ""), "ok");
	ck_assert_str_eq(state_of("tasks", ""), "ok");
	ck_assert_str_eq(
	    json_string_value(json_object_get(upstream_tree, "status")), "ok");
	upstream_last_request(up, head, sizeof(head));
	ck_assert_ptr_nonnull(strstr(head, "A2A-Version: 1.0\r\n"));
	ck_assert_ptr_null(strstr(head, "Authorization"));
}
END_TEST

START_TEST(an_agent_that_waits_is_not_busy)
{
	serve_card("", "a", "HTTP+JSON");
	serve_tasks("", NONE);
	open_one("");
	collect_whole();
	ck_assert_str_eq(text_of("a", "status"), "idle");
	ck_assert_str_eq(tasks_of("a"), "");
	serve_tasks("", PAGE(TASK("x", "INPUT_REQUIRED")));
	collect_whole();
	ck_assert_str_eq(text_of("a", "status"), "idle");
	ck_assert_str_eq(tasks_of("a"), "x input-required");
	serve_tasks("", PAGE(TASK("x", "WORKING")));
	collect_whole();
	ck_assert_str_eq(text_of("a", "status"), "busy");
}
END_TEST

/* Else a card could send us, and our token, anywhere. */
START_TEST(a_card_does_not_lead_us_elsewhere)
{
	struct upstream *other;
	char text[512], more[256], head[4096];

	ck_assert(upstream_start(&other));
	snprintf(text, sizeof(text),
	    "{\"name\":\"a\",\"supportedInterfaces\":[{\"url\":\"%s\","
	    "\"protocolBinding\":\"HTTP+JSON\",\"protocolVersion\":\"1.0\"}]}",
	    upstream_url(other));
	answer(CARD, 200, text);
	ck_assert(upstream_answer_text(other, TASKS, 200, NONE));
	open_one("token: secret-1");
	collect_whole();
	ck_assert_str_eq(text_of("a", "status"), "running");
	ck_assert_ptr_null(tasks_of("a"));
	ck_assert_str_eq(state_of("tasks", ""), "unsupported");
	ck_assert_ptr_nonnull(strstr(reason_of("tasks", ""), "tasks_url"));
	ck_assert_ptr_nonnull(
	    strstr(reason_of("tasks", ""), upstream_url(other)));
	ck_assert_uint_eq(upstream_connections(other), 0);
	/* unless we are told to */
	snprintf(more, sizeof(more), "token: secret-1, tasks_url: '%s/'",
	    upstream_url(other));
	open_one(more);
	collect_whole();
	ck_assert_str_eq(text_of("a", "status"), "idle");
	upstream_last_request(other, head, sizeof(head));
	ck_assert_ptr_nonnull(
	    strstr(head, "Authorization: Bearer secret-1\r\n"));
	subject_close(&subject);
	upstream_stop(&other);
}
END_TEST

START_TEST(redirects_are_not_followed)
{
	struct upstream_fault fault = {.kind = UPSTREAM_REDIRECT};

	serve_card("", "a", "HTTP+JSON");
	serve_tasks("", NONE);
	open_one("");
	upstream_misbehave(up, "/tasks", &fault);
	ck_assert_int_eq(collect()->code, SST_PROTOCOL);
	ck_assert_str_eq(state_of("tasks", ""), "failing");
	ck_assert_str_eq(text_of("a", "status"), "running");
}
END_TEST

START_TEST(other_bindings_list_no_tasks)
{
	serve_card("", "a", _i == 0 ? "JSONRPC" : "GRPC");
	open_one("");
	collect_whole();
	ck_assert_str_eq(text_of("a", "status"), "running");
	ck_assert_ptr_null(tasks_of("a"));
	ck_assert_str_eq(state_of("tasks", ""), "unsupported");
	ck_assert_ptr_nonnull(strstr(reason_of("tasks", ""), "HTTP+JSON"));
	ck_assert_uint_eq(upstream_calls(up, "/tasks"), 0);
}
END_TEST

START_TEST(tasks_can_be_left_alone)
{
	serve_card("", "a", "HTTP+JSON");
	open_one("tasks: false");
	collect_whole();
	ck_assert_ptr_null(tasks_of("a"));
	ck_assert_str_eq(state_of("tasks", ""), "disabled");
	ck_assert_uint_eq(upstream_calls(up, "/tasks"), 0);
}
END_TEST

static const struct {
	int status;
	const char *body, *state;
	int again_s; /* asked again then */
} refusals[] = {
    {401, "{}", "forbidden", 30},
    {403, "{}", "forbidden", 30},
    {404, "{}", "unsupported", 300},
    {405, "{}", "unsupported", 300},
    {501, "{}", "unsupported", 300},
    {400, "{\"error\":{\"details\":[{\"reason\":\"VERSION_NOT_SUPPORTED\"}]}}",
	"unsupported", 300},
};

/* It is there all the same, and that is no fault of it. */
START_TEST(tasks_that_are_refused_are_unknown)
{
	int s;

	serve_card("", "a", "HTTP+JSON");
	answer(TASKS, refusals[_i].status, refusals[_i].body);
	open_one("");
	collect_whole();
	ck_assert_str_eq(text_of("a", "status"), "running");
	ck_assert_ptr_null(tasks_of("a"));
	ck_assert_str_eq(state_of("card", ""), "ok");
	ck_assert_str_eq(state_of("tasks", ""), refusals[_i].state);
	ck_assert_str_ne(reason_of("tasks", ""), "");
	for (s = 5; s < refusals[_i].again_s; s += 5) {
		tick(5);
		collect_whole();
		ck_assert_str_eq(state_of("tasks", ""), refusals[_i].state);
	}
	ck_assert_uint_eq(upstream_calls(up, "/tasks"), 1);
	serve_tasks("", NONE);
	tick(5);
	collect_whole();
	ck_assert_str_eq(text_of("a", "status"), "idle");
}
END_TEST

static const struct {
	struct upstream_fault fault;
	int code;
} broken[] = {
    {{.kind = UPSTREAM_STATUS, .status = 500}, SST_UPSTREAM},
    {{.kind = UPSTREAM_STATUS, .status = 400}, SST_PROTOCOL},
    {{.kind = UPSTREAM_HTML}, SST_SYNTAX},
    {{.kind = UPSTREAM_WRONG_TYPE}, SST_TYPE},
    {{.kind = UPSTREAM_HUGE, .size = 100000000}, SST_TOO_LARGE},
    {{.kind = UPSTREAM_GARBAGE}, SST_PROTOCOL},
};

START_TEST(tasks_that_fail_are_told)
{
	const struct sst_error *flaw;

	serve_card("", "a", "HTTP+JSON");
	serve_tasks("", PAGE(TASK("x", "WORKING")));
	open_one("");
	collect_whole();
	upstream_misbehave(up, "/tasks", &broken[_i].fault);
	tick(5);
	flaw = collect();
	ck_assert_int_eq(flaw->code, broken[_i].code);
	ck_assert_ptr_nonnull(strstr(flaw->text, upstream_url(up)));
	ck_assert_str_eq(text_of("a", "status"), "running");
	ck_assert_ptr_null(tasks_of("a"));
	ck_assert_str_eq(state_of("tasks", ""), "failing");
	ck_assert_str_eq(state_of("card", ""), "ok");
	upstream_misbehave(up, "", NULL);
	tick(5);
	collect_whole();
	ck_assert_str_eq(tasks_of("a"), "x working");
}
END_TEST

START_TEST(agents_of_0_3)
{
	char text[512], head[4096];

	snprintf(text, sizeof(text),
	    "{\"name\":\"a\",\"url\":\"%s/rest\",\"preferredTransport\":"
	    "\"HTTP+JSON\",\"protocolVersion\":\"0.3.0\"}",
	    upstream_url(up));
	answer(OLD_CARD, 200, text);
	answer("/rest/v1/tasks", 200,
	    "[{\"id\":\"x\",\"status\":{\"state\":\"working\"}},"
	    "{\"id\":\"y\",\"status\":{\"state\":\"canceled\"}}]");
	open_one("");
	collect_whole();
	ck_assert_str_eq(tasks_of("a"), "x working");
	upstream_last_request(up, head, sizeof(head));
	ck_assert_ptr_nonnull(strstr(head, "A2A-Version: 0.3\r\n"));
	/* its place is remembered */
	tick(60);
	collect_whole();
	ck_assert_uint_eq(upstream_calls(up, CARD), 1);
	ck_assert_uint_eq(upstream_calls(up, OLD_CARD), 2);
	/* and forgotten when it moves */
	upstream_forget(up);
	answer(CARD, 200, text);
	answer("/rest/v1/tasks", 500, "{\"message\":\"unknown exception\"}");
	tick(60);
	collect_whole();
	ck_assert_uint_eq(upstream_calls(up, CARD), 2);
	/* what the library of 0.3 says when it has no such thing */
	ck_assert_str_eq(state_of("tasks", ""), "unsupported");
	ck_assert_str_eq(text_of("a", "status"), "running");
}
END_TEST

static void
serve_state(const char *state, const char *text)
{
	char target[256];

	snprintf(target, sizeof(target), TASKS "&status=TASK_STATE_%s", state);
	answer(target, 200, text);
}

/* An old task that still runs is far behind what is over. */
START_TEST(old_tasks_behind_many_are_found)
{
	ck_assert(upstream_load(up, RECORDED "many.routes"));
	open_one("tasks_url: *u");
	collect_whole();
	ck_assert_str_eq(tasks_of("researcher"),
	    "t-2 working, t-3 submitted, t-4 input-required, "
	    "t-5 auth-required");
	/* the newest, each state, the newest again; then without the first */
	ck_assert_uint_eq(upstream_calls(up, "/tasks"), 6);
	tick(5);
	collect_whole();
	ck_assert_uint_eq(upstream_calls(up, "/tasks"), 11);
	/* until one page is enough again */
	serve_tasks("", PAGE(TASK("t-2", "COMPLETED")));
	tick(5);
	collect_whole();
	ck_assert_str_eq(tasks_of("researcher"),
	    "t-3 submitted, t-4 input-required, t-5 auth-required");
	tick(5);
	collect_whole();
	ck_assert_str_eq(tasks_of("researcher"), "");
	ck_assert_uint_eq(upstream_calls(up, "/tasks"), 17);
}
END_TEST

/* It changed its state while the states were asked for: what is told last
 * counts. */
START_TEST(a_task_that_moves_is_told_once)
{
	serve_card("", "a", "HTTP+JSON");
	serve_tasks(
	    "", MORE(TASK("x", "WORKING") "," TASK("y", "FAILED"), "next"));
	serve_state("SUBMITTED", PAGE(TASK("x", "SUBMITTED")));
	serve_state(
	    "WORKING", PAGE(TASK("y", "WORKING") "," TASK("z", "WORKING")));
	serve_state("INPUT_REQUIRED", PAGE(""));
	serve_state("AUTH_REQUIRED", PAGE(TASK("z", "AUTH_REQUIRED")));
	open_one("");
	collect_whole();
	ck_assert_str_eq(tasks_of("a"), "x working, z auth-required");
}
END_TEST

/* A double that knows no states answers with all tasks. */
START_TEST(pages_are_followed)
{
	serve_card("", "a", "HTTP+JSON");
	serve_tasks("", MORE(TASK("n", "COMPLETED"), "1"));
	serve_state("SUBMITTED", PAGE(""));
	serve_state("WORKING", MORE(TASK("a", "WORKING"), "a b/&%"));
	serve_state("WORKING&pageToken=a%20b%2F%26%25",
	    MORE(TASK("b", "WORKING") "," TASK("c", "COMPLETED"), "2"));
	serve_state("WORKING&pageToken=2", PAGE(TASK("d", "WORKING")));
	serve_state("INPUT_REQUIRED", PAGE(""));
	serve_state("AUTH_REQUIRED", PAGE(""));
	open_one("");
	collect_whole();
	ck_assert_str_eq(tasks_of("a"), "a working, b working, d working");
}
END_TEST

START_TEST(pages_that_repeat_are_a_fault)
{
	const struct sst_error *flaw;

	serve_card("", "a", "HTTP+JSON");
	serve_tasks("", MORE("", "1"));
	serve_state("SUBMITTED", MORE(TASK("a", "SUBMITTED"), "1"));
	serve_state("SUBMITTED&pageToken=1", MORE(TASK("a", "SUBMITTED"), "1"));
	open_one("");
	flaw = collect();
	ck_assert_int_eq(flaw->code, SST_PROTOCOL);
	ck_assert_ptr_nonnull(strstr(flaw->text, "the same one"));
	ck_assert_ptr_null(tasks_of("a"));
	ck_assert_str_eq(state_of("tasks", ""), "failing");
}
END_TEST

START_TEST(pages_without_end_are_cut)
{
	const struct sst_error *flaw;
	char state[64], page[256];
	int i;

	serve_card("", "a", "HTTP+JSON");
	serve_tasks("", MORE("", "1"));
	serve_state("SUBMITTED", MORE(TASK("t0", "SUBMITTED"), "1"));
	for (i = 1; i < 20; i++) {
		snprintf(state, sizeof(state), "SUBMITTED&pageToken=%d", i);
		snprintf(page, sizeof(page),
		    MORE(TASK("t%d", "SUBMITTED"), "%d"), i, i + 1);
		serve_state(state, page);
	}
	serve_state("WORKING", PAGE(""));
	serve_state("INPUT_REQUIRED", PAGE(""));
	serve_state("AUTH_REQUIRED", PAGE(""));
	open_one("");
	flaw = collect();
	ck_assert_int_eq(flaw->code, SST_LIMIT);
	ck_assert_ptr_nonnull(strstr(flaw->text, "the rest is left out"));
	ck_assert_uint_eq(
	    upstream_calls(up, TASKS "&status=TASK_STATE_SUB"), 10);
	ck_assert_str_eq(text_of("a", "status"), "busy");
}
END_TEST

START_TEST(active_tasks_are_bounded)
{
	struct sst_buf page = SST_BUF_INIT;
	int i;

	serve_card("", "a", "HTTP+JSON");
	sst_buf_adds(&page, "{\"tasks\":[");
	for (i = 0; i < 1001; i++)
		sst_buf_addf(
		    &page, "%s" TASK("t%04d", "WORKING"), i > 0 ? "," : "", i);
	sst_buf_adds(&page, "],\"nextPageToken\":\"\"}");
	serve_tasks("", page.data);
	sst_buf_fini(&page);
	open_one("");
	ck_assert_int_eq(collect()->code, SST_LIMIT);
	ck_assert_uint_eq(
	    json_array_size(json_object_get(
		json_object_get(agent("a"), "activity"), "active_task_ids")),
	    1000);
}
END_TEST

START_TEST(a_bad_task_is_told_with_its_place)
{
	const struct sst_error *flaw;

	serve_card("", "a", "HTTP+JSON");
	serve_tasks("", PAGE(TASK("x", "WORKING") "," TASK("y", "DREAMING")));
	open_one("");
	flaw = collect();
	ck_assert_uint_eq(subject.harvest->rejected, 1);
	ck_assert_ptr_nonnull(strstr(flaw->text,
	    "/tasks/1/status/state: not a state of this protocol (tasks of "));
	ck_assert_str_eq(tasks_of("a"), "x working");
	serve_tasks("", NONE);
	tick(5);
	collect_whole();
}
END_TEST

START_TEST(a_tenant_stands_in_the_path)
{
	char text[512];

	snprintf(text, sizeof(text),
	    "{\"name\":\"a\",\"supportedInterfaces\":[{\"url\":\"%s/x/\","
	    "\"protocolBinding\":\"HTTP+JSON\",\"protocolVersion\":\"1.0\","
	    "\"tenant\":\"t/1\"}]}",
	    upstream_url(up));
	answer(CARD, 200, text);
	serve_tasks("/x/t%2F1", PAGE(TASK("y", "WORKING")));
	open_one("");
	collect_whole();
	ck_assert_str_eq(tasks_of("a"), "y working");
}
END_TEST

/* The card is kept, but they are in one place: is it there at all? */
START_TEST(tasks_without_an_answer_are_a_lost_agent)
{
	struct upstream_fault fault = {.kind = UPSTREAM_CLOSE};

	serve_card("", "a", "HTTP+JSON");
	serve_tasks("", PAGE(TASK("x", "WORKING")));
	upstream_headers(up, "Cache-Control: max-age=3600\r\n");
	open_one("");
	collect_whole();
	upstream_misbehave(up, "/tasks", &fault);
	tick(5);
	ck_assert_int_eq(collect()->code, SST_TRUNCATED);
	ck_assert_str_eq(text_of("a", "status"), "offline");
	ck_assert_ptr_null(tasks_of("a"));
	ck_assert_uint_eq(upstream_calls(up, CARD), 1);
	/* it is; only the tasks fail, and that is told next time */
	tick(5);
	collect();
	ck_assert_uint_eq(upstream_calls(up, CARD), 2);
	upstream_misbehave(up, "", NULL);
	tick(5);
	collect_whole();
	ck_assert_str_eq(text_of("a", "status"), "busy");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("agents a2a tasks");
	TCase *tc = new_case("source");

	tcase_add_test(tc, an_agent_and_its_tasks);
	tcase_add_test(tc, an_agent_that_waits_is_not_busy);
	tcase_add_test(tc, a_card_does_not_lead_us_elsewhere);
	tcase_add_test(tc, redirects_are_not_followed);
	tcase_add_loop_test(tc, other_bindings_list_no_tasks, 0, 2);
	tcase_add_test(tc, tasks_can_be_left_alone);
	tcase_add_loop_test(
	    tc, tasks_that_are_refused_are_unknown, 0, ROWS(refusals));
	tcase_add_loop_test(tc, tasks_that_fail_are_told, 0, ROWS(broken));
	tcase_add_test(tc, agents_of_0_3);
	tcase_add_test(tc, old_tasks_behind_many_are_found);
	tcase_add_test(tc, a_task_that_moves_is_told_once);
	tcase_add_test(tc, pages_are_followed);
	tcase_add_test(tc, pages_that_repeat_are_a_fault);
	tcase_add_test(tc, pages_without_end_are_cut);
	tcase_add_test(tc, active_tasks_are_bounded);
	tcase_add_test(tc, a_bad_task_is_told_with_its_place);
	tcase_add_test(tc, a_tenant_stands_in_the_path);
	tcase_add_test(tc, tasks_without_an_answer_are_a_lost_agent);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
