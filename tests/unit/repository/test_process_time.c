/* What becomes of pods as time goes on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_process_support.h"

#define RULE "{name: a, executable: agent}"

static struct fake agent;

static void
setup(void)
{
	tree_setup();
	agent = (struct fake){.pid = 10, .comm = "agent"};
}

static void
step(void)
{
	tree_put(&agent);
	tree_wait(5);
	tree_collect_whole();
}

static void
begin(void)
{
	tree_put(&agent);
	tree_open(RULE, "");
	tree_collect_whole();
}

/* When it changed is up to the framework, which knows what was before. */
static char *
document(void)
{
	json_t *live = json_object_get(
	    json_array_get(process_tree, 0), "live");

	json_object_del(live, "updated_at");
	return json_dumps(process_tree, JSON_SORT_KEYS);
}

START_TEST(cores_need_two_looks)
{
	agent.ticks = 1000;
	begin();
	ck_assert_double_eq(tree_number("a", 10, "cpu"), -1);
	agent.ticks += 250;
	step();
	ck_assert_double_eq_tol(tree_number("a", 10, "cpu"), 0.5, 1e-9);
	step();
	ck_assert_double_eq(tree_number("a", 10, "cpu"), 0);
	/* counters that go back are no use of -1 */
	agent.ticks = 10;
	step();
	ck_assert_double_eq(tree_number("a", 10, "cpu"), 0);
	agent.ticks += 1000;
	step();
	ck_assert_double_eq_tol(tree_number("a", 10, "cpu"), 2, 1e-9);
}
END_TEST

/* One that began between two looks is not told before it was seen twice. */
START_TEST(a_new_process_has_no_figure)
{
	const struct fake late = {
	    .pid = 11, .comm = "agent", .ticks = 400, .start = 5000};

	begin();
	tree_put(&late);
	step();
	ck_assert_double_eq(tree_number("a", 11, "cpu"), -1);
	step();
	ck_assert_double_eq(tree_number("a", 11, "cpu"), 0);
}
END_TEST

/* Two looks at the same moment, or nearly, measure nothing. */
START_TEST(a_short_window_measures_nothing)
{
	begin();
	agent.ticks = 1;
	tree_put(&agent);
	fake_clock_advance(&process_subject.hands, 20);
	tree_collect_whole();
	ck_assert_double_eq(tree_number("a", 10, "cpu"), -1);
	agent.ticks = 100;
	tree_put(&agent);
	fake_clock_advance(&process_subject.hands, 980);
	tree_collect_whole();
	ck_assert_double_eq_tol(tree_number("a", 10, "cpu"), 1, 1e-9);
}
END_TEST

/* What a helper that came and stayed used counts from its start. */
START_TEST(a_tree_is_measured_as_one)
{
	struct fake tool = {.pid = 12, .ppid = 10, .comm = "git", .start = 9999};

	begin();
	step();
	tool.ticks = 150;
	tree_put(&tool);
	agent.ticks += 100;
	step();
	ck_assert_double_eq_tol(tree_number("a", 10, "cpu"), 0.5, 1e-9);
	ck_assert_double_eq(tree_number("a", 10, "memory"), 200);
	tree_kill(12);
	step();
	ck_assert_double_eq(tree_number("a", 10, "cpu"), 0);
	ck_assert_double_eq(tree_number("a", 10, "memory"), 100);
}
END_TEST

START_TEST(an_idle_host_is_silent)
{
	char *before, *after;
	int i;

	agent.rss_mib = 10;
	begin();
	step();
	before = document();
	for (i = 0; i < 30; i++) {
		agent.ticks += (uint64_t)(i % 3);
		agent.rss_mib = 10 + (uint64_t)(i % 5);
		step();
		after = document();
		ck_assert_str_eq(before, after);
		free(after);
	}
	free(before);
}
END_TEST

START_TEST(figures_move_with_tolerance)
{
	agent.rss_mib = 1000;
	begin();
	agent.ticks += 500;
	step();
	ck_assert_double_eq_tol(tree_number("a", 10, "cpu"), 1, 1e-9);
	agent.ticks += 524;
	agent.rss_mib = 1049;
	step();
	ck_assert_double_eq_tol(tree_number("a", 10, "cpu"), 1, 1e-9);
	ck_assert_double_eq(tree_number("a", 10, "memory"), 1000);
	agent.ticks += 526;
	agent.rss_mib = 1051;
	step();
	ck_assert_double_eq_tol(tree_number("a", 10, "cpu"), 1.052, 1e-9);
	ck_assert_double_eq(tree_number("a", 10, "memory"), 1051);
	ck_assert_double_eq(
	    tree_number("a", 10, "memory_bytes"), 1051.0 * 1048576);
}
END_TEST

START_TEST(no_tolerance_but_the_floor)
{
	agent.rss_mib = 1000;
	tree_put(&agent);
	tree_open(RULE, ", usage_tolerance_percent: 0");
	tree_collect_whole();
	agent.ticks += 500;
	step();
	agent.ticks += 504;
	agent.rss_mib = 1005;
	step();
	ck_assert_double_eq_tol(tree_number("a", 10, "cpu"), 1.008, 1e-9);
	ck_assert_double_eq(tree_number("a", 10, "memory"), 1005);
}
END_TEST

/* Monotonic time goes on while a laptop sleeps; processes do not. */
START_TEST(sleep_of_the_machine_is_no_idling)
{
	tree_text("stat", "cpu  1000 0 0 1000\ncpu0 1\ncpu1 1\nbtime 9\n");
	begin();
	agent.ticks = 250;
	tree_text("stat", "cpu  1250 0 0 1750\ncpu0 1\ncpu1 1\nbtime 9\n");
	tree_put(&agent);
	tree_wait(8 * 3600);
	tree_collect_whole();
	ck_assert_double_eq_tol(tree_number("a", 10, "cpu"), 0.5, 1e-9);
	/* small differences between the two clocks are none */
	agent.ticks += 500;
	tree_text("stat", "cpu  1750 0 0 2150\ncpu0 1\ncpu1 1\nbtime 9\n");
	tree_put(&agent);
	tree_wait(5);
	tree_collect_whole();
	ck_assert_double_eq_tol(tree_number("a", 10, "cpu"), 1, 1e-9);
}
END_TEST

START_TEST(starts_do_not_flap)
{
	agent.start = 12345;
	begin();
	ck_assert_str_eq(
	    tree_word("a", 10, "started_at"), "2025-12-29T09:22:03Z");
	ck_assert_str_eq(tree_word("a", 10, "pod_id"), "10-12345");
	tree_text("stat", "btime 1767000001\n");
	step();
	ck_assert_str_eq(
	    tree_word("a", 10, "started_at"), "2025-12-29T09:22:03Z");
	tree_text("stat", "btime 1766999999\n");
	step();
	ck_assert_str_eq(
	    tree_word("a", 10, "started_at"), "2025-12-29T09:22:03Z");
	/* the clock was set: the process is the same one */
	tree_text("stat", "btime 1767003600\n");
	step();
	ck_assert_str_eq(
	    tree_word("a", 10, "started_at"), "2025-12-29T10:22:03Z");
	ck_assert_str_eq(tree_word("a", 10, "pod_id"), "10-12345");
	ck_assert_double_eq(tree_number("a", 10, "restarts"), 0);
}
END_TEST

/* Numbers are used again. */
START_TEST(the_same_number_is_another_process)
{
	agent.start = 500;
	begin();
	ck_assert_str_eq(tree_word("a", 10, "last_restart_at"), "null");
	agent.start = 900;
	step();
	ck_assert_uint_eq(tree_count("a"), 1);
	ck_assert_str_eq(tree_word("a", 10, "pod_id"), "10-900");
	ck_assert_double_eq(tree_number("a", 10, "restarts"), 1);
	ck_assert_double_eq(tree_number("a", 10, "cpu"), -1);
	ck_assert_str_eq(
	    tree_word("a", 10, "last_restart_at"), "2025-12-29T09:20:09Z");
	/* somebody else's now */
	agent.start = 1500;
	agent.comm = "vim";
	step();
	ck_assert_uint_eq(tree_count("a"), 0);
}
END_TEST

static void
replace(int pid, uint64_t start)
{
	tree_kill(agent.pid);
	agent.pid = pid;
	agent.start = start;
	step();
}

START_TEST(replacements_are_counted)
{
	begin();
	replace(20, 3000);
	ck_assert_double_eq(tree_number("a", 20, "restarts"), 1);
	/* between the looks of one and of the other */
	tree_kill(20);
	tree_wait(200);
	tree_collect_whole();
	ck_assert_int_eq(tree_active("a"), 0);
	replace(21, 9000);
	ck_assert_double_eq(tree_number("a", 21, "restarts"), 2);
	step();
	ck_assert_double_eq(tree_number("a", 21, "restarts"), 2);
	/* five minutes later it is a new beginning */
	tree_kill(21);
	tree_wait(5);
	tree_collect_whole();
	tree_wait(300);
	replace(22, 90000);
	ck_assert_double_eq(tree_number("a", 22, "restarts"), 0);
	ck_assert_str_eq(tree_word("a", 22, "last_restart_at"), "null");
}
END_TEST

START_TEST(one_more_is_no_replacement)
{
	const struct fake second = {.pid = 30, .comm = "agent", .start = 7000};

	begin();
	tree_put(&second);
	step();
	ck_assert_double_eq(tree_number("a", 30, "restarts"), 0);
	/* it was there before the first one ended */
	tree_kill(10);
	tree_wait(5);
	tree_collect_whole();
	ck_assert_uint_eq(tree_count("a"), 1);
	ck_assert_double_eq(tree_number("a", 30, "restarts"), 0);
}
END_TEST

/* Workers that lose their master stay, as what they are. */
START_TEST(orphans_are_no_replacement)
{
	struct fake worker = {
	    .pid = 40, .ppid = 10, .comm = "agent", .start = 2000};

	tree_put(&worker);
	begin();
	ck_assert_uint_eq(tree_count("a"), 1);
	tree_kill(10);
	worker.ppid = 1;
	tree_put(&worker);
	tree_wait(5);
	tree_collect_whole();
	ck_assert_uint_eq(tree_count("a"), 1);
	ck_assert_double_eq(tree_number("a", 40, "restarts"), 0);
}
END_TEST

START_TEST(states_have_words)
{
	begin();
	ck_assert_str_eq(tree_word("a", 10, "status"), "Running");
	ck_assert_str_eq(tree_word("a", 10, "phase"), "Running");
	ck_assert(json_is_null(tree_of("a", 10, "ready")));
	agent.state = 'R';
	step();
	ck_assert_str_eq(tree_word("a", 10, "status"), "Running");
	agent.state = 'T';
	step();
	ck_assert_str_eq(tree_word("a", 10, "status"), "Stopped");
	ck_assert(json_is_false(tree_of("a", 10, "ready")));
	ck_assert_int_eq(tree_active("a"), 1);
	agent.state = 't';
	step();
	ck_assert_str_eq(tree_word("a", 10, "status"), "Traced");
	agent.state = 'X';
	step();
	ck_assert_uint_eq(tree_count("a"), 0);
}
END_TEST

START_TEST(a_zombie_is_over)
{
	const json_t *live;

	tree_put(&agent);
	tree_open("{name: a, command: 'agent --run'}", "");
	agent.args = "agent --run";
	tree_put(&agent);
	tree_collect_whole();
	ck_assert_int_eq(tree_active("a"), 1);
	/* it loses its command line, and stays what it was */
	agent.state = 'Z';
	agent.args = "";
	agent.exec = 77;
	step();
	ck_assert_int_eq(tree_active("a"), 0);
	ck_assert_str_eq(tree_word("a", 10, "status"), "Zombie");
	ck_assert_double_eq(tree_number("a", 10, "cpu"), -1);
	ck_assert_double_eq(tree_number("a", 10, "memory"), -1);
	live = json_object_get(tree_rule("a"), "live");
	ck_assert_int_eq(
	    json_integer_value(json_object_get(live, "finished_pods")), 1);
	/* replaced while it waits to be asked how it ended */
	agent.pid = 11;
	agent.state = 'S';
	agent.args = "agent --run";
	agent.start = 8000;
	step();
	ck_assert_uint_eq(tree_count("a"), 2);
	ck_assert_double_eq(tree_number("a", 11, "restarts"), 1);
	tree_kill(10);
	agent.ticks++;
	step();
	ck_assert_uint_eq(tree_count("a"), 1);
	ck_assert_double_eq(tree_number("a", 11, "restarts"), 1);
}
END_TEST

/* The first thread has ended, others go on. */
START_TEST(half_a_zombie_runs)
{
	agent.state = 'Z';
	agent.threads = 3;
	begin();
	ck_assert_str_eq(tree_word("a", 10, "status"), "Running");
	ck_assert_int_eq(tree_active("a"), 1);
}
END_TEST

START_TEST(long_disk_sleep_is_told)
{
	int i;

	begin();
	agent.state = 'D';
	for (i = 0; i < 6; i++) {
		step();
		ck_assert_str_eq(tree_word("a", 10, "status"), "Running");
	}
	step();
	ck_assert_str_eq(tree_word("a", 10, "status"), "DiskSleep");
	/* it got on */
	agent.ticks++;
	step();
	ck_assert_str_eq(tree_word("a", 10, "status"), "Running");
}
END_TEST

/* Seen before exec: the most common way of being told wrong. */
START_TEST(exec_is_noticed_at_once)
{
	agent.comm = "sh";
	agent.args = "sh -c agent";
	agent.exe = "/bin/sh";
	begin();
	ck_assert_int_eq(tree_active("a"), 0);
	agent.comm = "agent";
	agent.exe = "/bin/agent";
	step();
	ck_assert_int_eq(tree_active("a"), 1);
	ck_assert_double_eq(tree_number("a", 10, "cpu"), -1);
	/* to the same name: python that runs another script */
	tree_open("{name: a, command: one}, {name: b, command: two}", "");
	agent.args = "agent one";
	step();
	ck_assert_int_eq(tree_active("a"), 1);
	agent.args = "agent two";
	agent.exec = 4096;
	agent.exe = "/bin/agent2";
	step();
	ck_assert_int_eq(tree_active("a"), 0);
	ck_assert_int_eq(tree_active("b"), 1);
	ck_assert_str_eq(json_string_value(json_array_get(
			     json_object_get(tree_rule("b"), "images"), 0)),
	    "agent2");
}
END_TEST

/* Many give themselves a title when they have begun; some later. */
START_TEST(a_new_title_is_noticed_in_time)
{
	int i;

	agent.args = "python3";
	tree_put(&agent);
	tree_open("{name: a, command: 'celery: worker'}", "");
	tree_collect_whole();
	agent.args = "celery: worker";
	step();
	ck_assert_int_eq(tree_active("a"), 1);
	agent.args = "python3";
	for (i = 0; i < 60; i++)
		step();
	ck_assert_int_eq(tree_active("a"), 0);
	agent.args = "celery: worker";
	for (i = 0; i < 12; i++)
		step();
	ck_assert_int_eq(tree_active("a"), 1);
}
END_TEST

START_TEST(a_host_that_is_renamed)
{
	begin();
	tree_text("sys/kernel/hostname", "cafe\n");
	step();
	ck_assert_str_eq(tree_word("a", 10, "node"), "cafe");
	/* it is the same workload */
	ck_assert_str_eq(
	    json_string_value(json_object_get(tree_rule("a"), "namespace")),
	    "desk");
}
END_TEST

/* A busy host: 5,000 processes of which ten are ours. */
START_TEST(five_thousand_processes)
{
	const struct sst_clock *real = sst_clock_real();
	struct fake other = {.comm = "other", .args = "other --flag value"};
	struct sst_mono t0, t1, t2;
	int i;

	for (i = 0; i < 5000; i++) {
		other.pid = 100 + i;
		other.comm = i % 500 == 0 ? "agent" : "other";
		tree_put(&other);
	}
	tree_open("{name: a, command: '^agent', children: pods},"
		  "{name: b, executable: agent}",
	    "");
	t0 = sst_clock_mono(real);
	tree_collect_whole();
	t1 = sst_clock_mono(real);
	tree_wait(1);
	tree_collect_whole();
	t2 = sst_clock_mono(real);
	ck_assert_uint_eq(tree_count("b"), 10);
	printf("5,000 processes: first look %.1f ms, next %.1f ms\n",
	    (double)(t1.ns - t0.ns) / 1e6, (double)(t2.ns - t1.ns) / 1e6);
}
END_TEST

TCase *
process_time_case(void)
{
	TCase *tc = tcase_create("time");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, tree_teardown);
	tcase_add_test(tc, cores_need_two_looks);
	tcase_add_test(tc, a_new_process_has_no_figure);
	tcase_add_test(tc, a_short_window_measures_nothing);
	tcase_add_test(tc, a_tree_is_measured_as_one);
	tcase_add_test(tc, an_idle_host_is_silent);
	tcase_add_test(tc, figures_move_with_tolerance);
	tcase_add_test(tc, no_tolerance_but_the_floor);
	tcase_add_test(tc, sleep_of_the_machine_is_no_idling);
	tcase_add_test(tc, starts_do_not_flap);
	tcase_add_test(tc, the_same_number_is_another_process);
	tcase_add_test(tc, replacements_are_counted);
	tcase_add_test(tc, one_more_is_no_replacement);
	tcase_add_test(tc, orphans_are_no_replacement);
	tcase_add_test(tc, states_have_words);
	tcase_add_test(tc, a_zombie_is_over);
	tcase_add_test(tc, half_a_zombie_runs);
	tcase_add_test(tc, long_disk_sleep_is_told);
	tcase_add_test(tc, exec_is_noticed_at_once);
	tcase_add_test(tc, a_new_title_is_noticed_in_time);
	tcase_add_test(tc, a_host_that_is_renamed);
	tcase_add_test(tc, five_thousand_processes);
	return tc;
}
