/*
 * The process source on trees made by the test: what cannot be seen, what is
 * in the way, and that nothing of it takes the rest down.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test_process_support.h"

enum { NOBODY = 65534 };

static void
put(int pid, const char *comm)
{
	const struct fake f = {.pid = pid, .comm = comm};

	tree_put(&f);
}

static void
mode(const char *name, mode_t bits)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", tree_path(), name);
	ck_assert_int_eq(chmod(path, bits), 0);
}

/* Root may read everything: the source is to run as somebody else. */
static void
leave_root(void)
{
	if (geteuid() == 0)
		ck_assert_int_eq(seteuid(NOBODY), 0);
}

static void
become_root(void)
{
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
}

/* Between the list and the look, and between one file and the next. */
START_TEST(processes_vanish)
{
	put(10, "agent");
	put(11, "agent");
	put(12, "agent");
	tree_remove("11/stat");
	tree_remove("12/cmdline");
	tree_remove("12/status");
	tree_remove("12/cgroup");
	tree_open("{name: c, command: agent}, {name: u, user: '9'},"
		  "{name: g, unit: x}",
	    "");
	tree_collect_whole();
	ck_assert_int_eq(tree_active("c"), 1);
	tree_kill(10);
	tree_collect_whole();
	ck_assert_int_eq(tree_active("c"), 0);
}
END_TEST

/* hidepid=1: the directories are there, and their owners. */
START_TEST(hidden_processes_leave_doubt)
{
	const struct sst_error *flaw;
	char rules[512];

	put(10, "agent");
	put(11, "agent");
	mode("11/stat", 0);
	snprintf(rules, sizeof(rules),
	    "{name: any, executable: agent},"
	    "{name: owner, user: '%u', executable: x},"
	    "{name: other, user: '4711'}",
	    (unsigned)getuid());
	tree_open(rules, "");
	leave_root();
	flaw = tree_collect();
	become_root();
	ck_assert_int_eq(flaw->code, SST_FORBIDDEN);
	ck_assert_ptr_nonnull(strstr(flaw->text, "any: processes of other"));
	ck_assert_int_eq(tree_active("any"), -1);
	ck_assert_uint_eq(tree_count("any"), 1);
	ck_assert_int_eq(tree_active("owner"), -1);
	ck_assert_int_eq(tree_active("other"), 0);
	mode("11/stat", 0644);
	tree_collect_whole();
	ck_assert_int_eq(tree_active("any"), 2);
}
END_TEST

/* hidepid=2: only our own are there at all, so the first one is not. */
START_TEST(invisible_processes_leave_doubt)
{
	const struct fake own = {.pid = 10, .comm = "agent", .uid = geteuid()};
	const struct sst_error *flaw;
	char rules[256];

	tree_kill(1);
	tree_put(&own);
	snprintf(rules, sizeof(rules),
	    "{name: own, user: '%u'}, {name: any, executable: agent}",
	    (unsigned)geteuid());
	tree_open(rules, "");
	flaw = tree_collect();
	ck_assert_int_eq(flaw->code, SST_FORBIDDEN);
	ck_assert_int_eq(tree_active("own"), 1);
	ck_assert_int_eq(tree_active("any"), -1);
	/* the same doubt is the same document */
	ck_assert_ptr_null(strstr(flaw->text, "10"));
}
END_TEST

START_TEST(files_that_may_not_be_read)
{
	const struct fake f = {.pid = 10, .comm = "agent", .exe = "/agent"};
	const struct sst_error *flaw;

	tree_put(&f);
	mode("10/cmdline", 0);
	tree_open("{name: a, executable: agent, command: x},"
		  "{name: b, executable: other, command: x}",
	    "");
	leave_root();
	flaw = tree_collect();
	become_root();
	ck_assert_int_eq(flaw->code, SST_FORBIDDEN);
	ck_assert_str_eq(flaw->text,
	    "a: a process that could match may not be looked at");
	ck_assert_int_eq(tree_active("a"), -1);
	/* decided by what could be read */
	ck_assert_int_eq(tree_active("b"), 0);
	mode("10/cmdline", 0644);
	tree_collect_whole();
	ck_assert_int_eq(tree_active("a"), 0);
}
END_TEST

START_TEST(expressions_that_explode)
{
	const struct sst_error *flaw;
	char line[2048];

	put(10, "agent");
	memset(line, 'a', sizeof(line));
	tree_write("10/cmdline", line, sizeof(line));
	tree_open("{name: a, command: '(a+)+[!?]$'}", "");
	flaw = tree_collect();
	ck_assert_int_eq(flaw->code, SST_LIMIT);
	ck_assert_ptr_nonnull(strstr(flaw->text, "takes too long"));
	ck_assert_int_eq(tree_active("a"), -1);
}
END_TEST

START_TEST(files_that_are_no_stat)
{
	static const char *const bad[] = {"", "10", "10 (x", "10 (x)", "10 (x) ",
	    "x (x) S 1", "11 (x) S 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
	    "10 (x) S 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
	    "10 (x) S 1 1 1 1 1 1 1 1 1 1 -1 1 1 1 1 1 1 1 1 1 1",
	    "10 (x) S one"};
	size_t i;

	put(10, "agent");
	put(11, "agent");
	tree_open("{name: a, executable: agent}", "");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		tree_text("10/stat", bad[i]);
		tree_collect();
		ck_assert_msg(process_subject.harvest->rejected == 1,
		    "taken: %s", bad[i]);
		ck_assert_int_eq(tree_active("a"), 1);
	}
	ck_assert_ptr_nonnull(
	    strstr(process_subject.harvest->flaw.text, "/10/stat: "));
}
END_TEST

/* A look must not wait, whatever stands there. */
START_TEST(pipes_do_not_block)
{
	char path[512];

	put(10, "agent");
	tree_remove("10/cmdline");
	tree_remove("stat");
	snprintf(path, sizeof(path), "%s/10/cmdline", tree_path());
	ck_assert_int_eq(mkfifo(path, 0644), 0);
	snprintf(path, sizeof(path), "%s/stat", tree_path());
	ck_assert_int_eq(mkfifo(path, 0644), 0);
	tree_open("{name: a, command: 'x'}", "");
	ck_assert_int_eq(tree_collect()->code, SST_SYNTAX);
	ck_assert_int_eq(tree_active("a"), 0);
}
END_TEST

START_TEST(more_processes_than_allowed)
{
	const struct sst_error *flaw;

	put(10, "agent");
	put(11, "agent");
	put(12, "agent");
	tree_open("{name: a, executable: agent}", ", max_processes: 3");
	flaw = tree_collect();
	ck_assert_int_eq(flaw->code, SST_LIMIT);
	ck_assert_int_eq(tree_active("a"), -1);
	tree_kill(12);
	tree_collect_whole();
	ck_assert_int_eq(tree_active("a"), 2);
}
END_TEST

START_TEST(no_proc_at_all)
{
	char yaml[512];

	tree_kill(1);
	tree_open("{name: a, executable: agent}", "");
	ck_assert_int_eq(subject_collect(&process_subject), SST_IO);
	ck_assert_ptr_nonnull(strstr(
	    process_subject.err.text, "lists no process: proc is not mounted"));
	snprintf(yaml, sizeof(yaml),
	    "{proc_path: %s/none, deployments: [{name: a, command: a}]}",
	    tree_path());
	ck_assert_int_eq(subject_open(&process_subject, yaml), SST_OK);
	ck_assert_int_eq(subject_collect(&process_subject), SST_IO);
	ck_assert_ptr_nonnull(
	    strstr(process_subject.err.text, "/none: No such file"));
}
END_TEST

/* proc may be mounted with nothing but the processes (subset=pid). */
START_TEST(only_the_processes_of_proc)
{
	const struct sst_error *flaw;

	put(10, "agent");
	tree_remove("stat");
	tree_remove("sys");
	tree_open("{name: a, executable: agent}", "");
	flaw = tree_collect();
	ck_assert_int_eq(flaw->code, SST_GONE);
	ck_assert_ptr_nonnull(
	    strstr(flaw->text, "when processes started is not known"));
	ck_assert_str_eq(tree_word("a", 10, "started_at"), "null");
	ck_assert_int_eq(tree_active("a"), 1);
	ck_assert_str_ne(tree_word("a", 10, "node"), "");
	tree_text("stat", "btime 1767000000\n");
	tree_collect_whole();
	/* known once, it does not change by itself */
	tree_text("stat", "garbage\n");
	tree_collect_whole();
	ck_assert_str_ne(tree_word("a", 10, "started_at"), "null");
}
END_TEST

/* A clock that goes on by a second whenever it is read. */
static int64_t hasty_ms;

static struct sst_mono
hasty_mono(void *ctx)
{
	(void)ctx;
	hasty_ms += 1000;
	return (struct sst_mono){
	    sst_clock_mono(&process_subject.hands.clock).ns +
	    hasty_ms * 1000000};
}

START_TEST(the_deadline_is_kept)
{
	static const struct sst_clock_ops ops = {.mono = hasty_mono};
	static const struct sst_clock hasty = {&ops, NULL};
	int i;

	for (i = 0; i < 700; i++)
		put(100 + i, "agent");
	process_subject.env.clock = &hasty;
	hasty_ms = 0;
	tree_open("{name: a, executable: agent}", "");
	ck_assert_int_eq(subject_collect(&process_subject), SST_TIMEOUT);
	ck_assert_str_eq(process_subject.err.text,
	    "the time was over before all processes were looked at");
	/* what it saw until then is forgotten: a first look has no window */
	hasty_ms = -1000000;
	tree_wait(5);
	tree_collect_whole();
	ck_assert_int_eq(tree_active("a"), 700);
	ck_assert_double_eq(tree_number("a", 100, "cpu"), -1);
}
END_TEST

/* The result is whole or there is none: pods do not vanish because we have no
 * descriptor left. */
START_TEST(no_descriptor_is_left)
{
	struct rlimit before, few;
	int code, fd;

	put(10, "agent");
	tree_open("{name: a, executable: agent}", "");
	tree_collect_whole();
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	fd = dup(0);
	ck_assert_int_ge(fd, 0);
	close(fd);
	few = before;
	few.rlim_cur = (rlim_t)fd + 1;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	code = subject_collect(&process_subject);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	ck_assert_int_eq(code, SST_IO);
	ck_assert_ptr_nonnull(
	    strstr(process_subject.err.text, "Too many open files"));
	tree_collect_whole();
	ck_assert_double_eq(tree_number("a", 10, "restarts"), 0);
}
END_TEST

START_TEST(an_interrupt_ends_it)
{
	put(10, "agent");
	tree_open("{name: a, executable: agent}", "");
	process_subject.ops->interrupt(process_subject.state);
	ck_assert_int_eq(subject_collect(&process_subject), SST_CANCELED);
	tree_collect_whole();
	ck_assert_int_eq(tree_active("a"), 1);
}
END_TEST

/* Other files in the way, and numbers out of order, as other file systems
 * list them. */
START_TEST(names_that_are_no_numbers)
{
	put(30, "agent");
	put(7, "agent");
	put(4000000, "agent");
	tree_text("self", "");
	tree_text("007", "");
	tree_text("99999999999999999999", "");
	tree_text("12x", "");
	tree_open("{name: a, executable: agent}", "");
	tree_collect_whole();
	ck_assert_int_eq(tree_active("a"), 3);
}
END_TEST

/* /proc of this machine, with ourselves in it. */
START_TEST(the_real_one)
{
	char name[32], yaml[128];
	const json_t *pods;

	ck_assert_int_eq(subject_open(&process_subject,
			     "deployments: [{name: a, command: '.'}]"),
	    SST_OK);
	tree_collect();
	pods = json_object_get(tree_rule("a"), "pods");
	ck_assert_uint_gt(json_array_size(pods), 0);
	snprintf(name, sizeof(name), "test_process");
	snprintf(yaml, sizeof(yaml),
	    "deployments: [{name: a, executable: '%s', children: pods}]", name);
	ck_assert_int_eq(subject_open(&process_subject, yaml), SST_OK);
	tree_collect();
	ck_assert_double_gt(
	    tree_number("a", (int)getpid(), "memory_bytes"), 100000);
	ck_assert_str_eq(tree_word("a", (int)getpid(), "status"), "Running");
}
END_TEST

TCase *
process_fault_case(void)
{
	TCase *tc = tcase_create("faults");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, tree_setup, tree_teardown);
	tcase_add_test(tc, processes_vanish);
	tcase_add_test(tc, hidden_processes_leave_doubt);
	tcase_add_test(tc, invisible_processes_leave_doubt);
	tcase_add_test(tc, files_that_may_not_be_read);
	tcase_add_test(tc, expressions_that_explode);
	tcase_add_test(tc, files_that_are_no_stat);
	tcase_add_test(tc, pipes_do_not_block);
	tcase_add_test(tc, more_processes_than_allowed);
	tcase_add_test(tc, no_proc_at_all);
	tcase_add_test(tc, only_the_processes_of_proc);
	tcase_add_test(tc, the_deadline_is_kept);
	tcase_add_test(tc, no_descriptor_is_left);
	tcase_add_test(tc, an_interrupt_ends_it);
	tcase_add_test(tc, names_that_are_no_numbers);
	tcase_add_test(tc, the_real_one);
	return tc;
}

int
main(void)
{
	Suite *s = suite_create("process");
	SRunner *sr;
	int failed;

	suite_add_tcase(s, process_rule_case());
	suite_add_tcase(s, process_time_case());
	suite_add_tcase(s, process_fault_case());
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
