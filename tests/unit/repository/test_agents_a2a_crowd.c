/*
 * Many agents, some of which hang: they take places, but not the time of those
 * that answer.
 */
#include "test_agents_a2a_support.h"

enum { TIMEOUT_MS = 3000 };

static const struct upstream_fault hang = {.kind = UPSTREAM_HOLD};

/* A request that came shows that the answer before it was taken; whether its
 * own answer is taken before the clock jumps, nobody knows. */

/* Agents /hung/0 to /hung/N-1, then /good/0 to /good/M-1. */
static void
open_crowd(int hung, int good)
{
	struct sst_buf yaml = SST_BUF_INIT;
	char path[64], name[64];
	int i;

	sst_buf_adds(&yaml, "agents: [");
	for (i = 0; i < hung + good; i++) {
		snprintf(path, sizeof(path), "/%s/%d",
		    i < hung ? "hung" : "good", i < hung ? i : i - hung);
		snprintf(name, sizeof(name), "%s-%d",
		    i < hung ? "hung" : "good", i < hung ? i : i - hung);
		serve_card(path, name, "HTTP+JSON");
		serve_tasks(path, PAGE(TASK("x", "WORKING")));
		sst_buf_addf(&yaml, "%s{url: '%s%s'}", i > 0 ? ", " : "",
		    upstream_url(up), path);
	}
	sst_buf_adds(&yaml, "]");
	open_yaml(yaml.data);
	sst_buf_fini(&yaml);
}

static size_t
count_good(void)
{
	const json_t *item;
	size_t i, n = 0;

	json_array_foreach(tree, i, item)
	{
		n += strncmp(json_string_value(json_object_get(item, "name")),
			 "good", 4) == 0;
	}
	return n;
}

START_TEST(many_agents_are_asked_at_once)
{
	open_crowd(0, 40);
	collect_whole();
	ck_assert_uint_eq(count_good(), 40);
	ck_assert_uint_eq(upstream_calls(up, "/good"), 80);
	tick(5);
	collect_whole();
	ck_assert_uint_eq(upstream_calls(up, "/good"), 120);
	ck_assert_str_eq(tasks_of("good-39"), "x working");
}
END_TEST

START_TEST(one_that_hangs_takes_nothing_from_the_others)
{
	const struct sst_error *flaw;

	open_crowd(1, 20);
	upstream_misbehave(up, "/hung", &hang);
	subject_begin(&subject);
	ck_assert(upstream_wait_calls(up, "/good", 40));
	ck_assert(upstream_wait_calls(up, "/hung", 1));
	fake_clock_advance(&subject.hands, TIMEOUT_MS + 1);
	ck_assert_int_eq(subject_join(&subject), SST_OK);
	look();
	ck_assert_uint_eq(count_good(), 20);
	flaw = &subject.harvest->flaw;
	ck_assert_int_eq(flaw->code, SST_TIMEOUT);
	ck_assert_ptr_nonnull(strstr(flaw->text, "/hung/0"));
	ck_assert_str_eq(state_of("card", "/hung/0"), "failing");
	ck_assert_str_eq(state_of("card", "/good/19"), "ok");
}
END_TEST

/* As many as fill all places, twice over. */
START_TEST(agents_behind_those_that_hang_get_their_turn)
{
	open_crowd(16, 4);
	upstream_misbehave(up, "/hung", &hang);
	/* the first round is theirs: eight, eight, and no time is left */
	subject_begin(&subject);
	ck_assert(upstream_wait_calls(up, "/hung", 8));
	fake_clock_advance(&subject.hands, TIMEOUT_MS + 1);
	ck_assert(upstream_wait_calls(up, "/hung", 16));
	fake_clock_advance(&subject.hands, TIMEOUT_MS + 1);
	ck_assert_int_eq(subject_join(&subject), SST_TIMEOUT);
	ck_assert_uint_eq(upstream_calls(up, "/good"), 0);
	/* from then on those that were not asked come first */
	subject_begin(&subject);
	ck_assert(upstream_wait_calls(up, "/good", 8));
	ck_assert(upstream_wait_calls(up, "/hung", 24));
	fake_clock_advance(&subject.hands, SUBJECT_DEADLINE_MS + 1);
	ck_assert_int_eq(subject_join(&subject), SST_OK);
	look();
	ck_assert_uint_eq(count_good(), 4);
	ck_assert_int_eq(subject.harvest->flaw.code, SST_TIMEOUT);
	/* and then those that answered, and all that hung in turn */
	upstream_misbehave(up, "", NULL);
	upstream_release(up);
	tick(5);
	collect_whole();
	ck_assert_uint_eq(json_array_size(tree), 20);
}
END_TEST

START_TEST(one_that_hangs_later_is_offline)
{
	open_crowd(1, 1);
	collect_whole();
	ck_assert_str_eq(text_of("hung-0", "status"), "busy");
	upstream_misbehave(up, "/hung", &hang);
	tick(5);
	subject_begin(&subject);
	ck_assert(upstream_wait_calls(up, "/hung", 3));
	fake_clock_advance(&subject.hands, TIMEOUT_MS + 1);
	ck_assert_int_eq(subject_join(&subject), SST_OK);
	look();
	ck_assert_str_eq(text_of("hung-0", "status"), "offline");
	ck_assert_ptr_null(tasks_of("hung-0"));
	upstream_misbehave(up, "", NULL);
	upstream_release(up);
	tick(5);
	collect_whole();
	ck_assert_str_eq(text_of("hung-0", "status"), "busy");
	ck_assert_str_eq(tasks_of("good-0"), "x working");
}
END_TEST

START_TEST(all_that_run_are_interrupted)
{
	open_crowd(12, 0);
	upstream_misbehave(up, "/hung", &hang);
	subject_begin(&subject);
	ck_assert(upstream_wait_calls(up, "/hung", 8));
	subject.ops->interrupt(subject.state);
	ck_assert_int_eq(subject_join(&subject), SST_CANCELED);
	upstream_misbehave(up, "", NULL);
	upstream_release(up);
	collect_whole();
	ck_assert_uint_eq(json_array_size(tree), 12);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("agents a2a crowd");
	TCase *tc = new_case("source");

	tcase_add_test(tc, many_agents_are_asked_at_once);
	tcase_add_test(tc, one_that_hangs_takes_nothing_from_the_others);
	tcase_add_test(tc, agents_behind_those_that_hang_get_their_turn);
	tcase_add_test(tc, one_that_hangs_later_is_offline);
	tcase_add_test(tc, all_that_run_are_interrupted);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
