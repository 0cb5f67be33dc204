/* Files of /proc as they are, as they may be, and as they must not be. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "repository/workload/process_parse.h"

static struct process_stat stat;
static struct sst_error err;

static int
parse(const char *text)
{
	memset(&stat, 0x55, sizeof(stat));
	return process__parse_stat(text, strlen(text), &stat, &err);
}

#define TAIL                                                              \
	" S 7 8 9 10 11 4194304 12 13 14 15 160 17 18 19 20 0 3 0 12345 " \
	"20480 25 18446744073709551615 26 27 140728 29 30 31 32 33 34 0 " \
	"36 37 17 1 0 0 0 0 0 45 46 47 4800 49 50 51 52"

START_TEST(a_stat)
{
	ck_assert_int_eq(parse("42 (node)" TAIL "\n"), SST_OK);
	ck_assert_int_eq(stat.pid, 42);
	ck_assert_int_eq(stat.ppid, 7);
	ck_assert_str_eq(stat.comm, "node");
	ck_assert_int_eq(stat.state, 'S');
	ck_assert(!stat.kernel);
	ck_assert_uint_eq(stat.ticks, 177);
	ck_assert_int_eq(stat.threads, 3);
	ck_assert_uint_eq(stat.start, 12345);
	ck_assert_uint_eq(stat.rss_pages, 25);
	ck_assert_uint_eq(stat.exec_stack, 140728);
	ck_assert_uint_eq(stat.exec_args, 4800);
	ck_assert_int_eq(stat.exit_code, 52);
}
END_TEST

/* Of a real 6.18 kernel, for a process that may not be traced. */
START_TEST(a_recorded_stat)
{
	ck_assert_int_eq(
	    parse("1 (process_api) S 0 0 0 0 -1 4194560 159318 671228539 0 "
		  "48612 1060 6497 1594381 536157 20 0 13 0 26 52518912 4959 "
		  "18446744073709551615 1 1 0 0 0 0 0 4096 1256 0 0 0 17 0 0 0 "
		  "0 0 0 0 0 0 0 0 0 0 0\n"),
	    SST_OK);
	ck_assert_uint_eq(stat.ticks, 1060 + 6497);
	ck_assert_uint_eq(stat.start, 26);
	ck_assert_int_eq(stat.ppid, 0);
	ck_assert_uint_eq(stat.exec_stack, 0);
}
END_TEST

START_TEST(names_of_any_bytes)
{
	ck_assert_int_eq(parse("1 (a) S 1 (b))" TAIL), SST_OK);
	ck_assert_str_eq(stat.comm, "a) S 1 (b)");
	ck_assert_int_eq(stat.ppid, 7);
	ck_assert_int_eq(parse("1 ()" TAIL), SST_OK);
	ck_assert_str_eq(stat.comm, "");
	ck_assert_int_eq(parse("1 (a\nb \xff)" TAIL), SST_OK);
	ck_assert_str_eq(stat.comm, "a\nb \xff");
	/* longer than any name: cut */
	ck_assert_int_eq(
	    parse("1 (kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
		  "kkkkkkkkkkkkkkkkkkkkkkkk)" TAIL),
	    SST_OK);
	ck_assert_uint_eq(strlen(stat.comm), PROCESS_COMM - 1);
	ck_assert_int_eq(stat.ppid, 7);
}
END_TEST

START_TEST(kernel_threads)
{
	ck_assert_int_eq(parse("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 "
			       "0 0 20 0 1 0 1 0 0 0"),
	    SST_OK);
	ck_assert(stat.kernel);
	ck_assert_int_eq(stat.exit_code, 0);
}
END_TEST

START_TEST(what_is_no_stat)
{
	static const char *const bad[] = {"", " ", "(x) S 1", "1", "1 ", "1 (",
	    "1 (x", "1 (x)", "1 (x) ", "1 (x) S", "1 (x) S ", "0 (x)" TAIL,
	    "-1 (x)" TAIL, "4294967296 (x)" TAIL, "1(x)" TAIL, "1 x" TAIL,
	    "99999999999999999999999 (x)" TAIL,
	    "1 (x) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20",
	    "1 (x) S 1 2 3 4 5 6 7 8 9 10 -1 12 13 14 15 16 17 18 19 20 21",
	    "1 (x) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 -9 20 21",
	    "1 (x) S -1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21",
	    "1 (x) S 1  3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21",
	    "1 (x) S 1 2 3 4 5 6 7 8 9 10 11 x 13 14 15 16 17 18 19 20 21",
	    "1 (x) S 1 2 3 4 5 6 7 8 9 10 99999999999999999999 1 1 1 1 1 1 1"};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(&err, 0, sizeof(err));
		ck_assert_msg(parse(bad[i]) == SST_SYNTAX, "taken: %s", bad[i]);
		ck_assert_uint_gt(strlen(err.text), 0);
		/* not touched */
		ck_assert_int_eq(stat.pid, 0x55555555);
	}
	/* counters that a kernel shows below 0 for a moment */
	ck_assert_int_eq(parse("1 (x) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 "
			       "17 18 19 20 -21"),
	    SST_OK);
	ck_assert_uint_eq(stat.rss_pages, 0);
}
END_TEST

/* Cut anywhere: refused, or the same as far as it goes. */
START_TEST(a_stat_cut_anywhere)
{
	static const char whole[] = "42 (no) de)" TAIL "\n";
	struct process_stat out;
	size_t len;
	char *copy;

	for (len = 0; len < sizeof(whole); len++) {
		copy = malloc(len + 1);
		ck_assert_ptr_nonnull(copy);
		memcpy(copy, whole, len);
		if (process__parse_stat(copy, len, &out, &err) == SST_OK)
			ck_assert_int_eq(out.pid, 42);
		free(copy);
	}
}
END_TEST

static int
parse_host(const char *text, struct process_host *out)
{
	return process__parse_host(text, strlen(text), out, &err);
}

START_TEST(a_host)
{
	struct process_host host = {0};

	ck_assert_int_eq(
	    parse_host("cpu  10 20 30 400 5 6 7 8 100 100\n"
		       "cpu0 5 10 15 200 2 3 3 4 50 50\ncpu1 1\n"
		       "intr 99 1 2 3\nctxt 5\nbtime 1795232791\nsoftirq 1\n",
		&host),
	    SST_OK);
	ck_assert_int_eq(host.boot_s, 1795232791);
	ck_assert_uint_eq(host.cpu_ticks, 486);
	ck_assert_uint_eq(host.cpu_count, 2);
	ck_assert_int_eq(parse_host("btime 5", &host), SST_OK);
	ck_assert_int_eq(host.boot_s, 5);
	ck_assert_uint_eq(host.cpu_count, 0);
	ck_assert_int_eq(parse_host("", &host), SST_SYNTAX);
	ck_assert_int_eq(parse_host("cpu", &host), SST_SYNTAX);
	ck_assert_int_eq(parse_host("cpu \nbtime x\n", &host), SST_SYNTAX);
	ck_assert_int_eq(parse_host("btime -5\n", &host), SST_SYNTAX);
	ck_assert_int_eq(
	    parse_host("btime 9999999999999999\n", &host), SST_SYNTAX);
	ck_assert_int_eq(host.boot_s, 5);
}
END_TEST

static int64_t
uid(const char *text)
{
	return process__parse_uid(text, strlen(text));
}

START_TEST(users)
{
	ck_assert_int_eq(uid("Name:\tx\nUid:\t1\t2\t3\t4\n"), 2);
	ck_assert_int_eq(uid("Uid:\t0\t4294967295\t"), 4294967295);
	ck_assert_int_eq(uid("Uid:\t0\t4294967296\t"), -1);
	ck_assert_int_eq(uid("Uid:\t0"), -1);
	ck_assert_int_eq(uid("Uid:"), -1);
	ck_assert_int_eq(uid("Name:\tUid:\t5\t5\n"), -1);
	ck_assert_int_eq(uid(""), -1);
}
END_TEST

static int64_t
passwd(const char *text, const char *user)
{
	return process__parse_passwd(text, strlen(text), user);
}

START_TEST(names_of_users)
{
	ck_assert_int_eq(passwd("root:x:0:0:::\nann:x:12:0\n", "ann"), 12);
	ck_assert_int_eq(passwd("annabel:x:1:\nann::7:", "ann"), 7);
	ck_assert_int_eq(passwd("ann:x:12", "ann"), -1);
	ck_assert_int_eq(passwd("ann:x::\nann:x:9:", "ann"), 9);
	ck_assert_int_eq(passwd("ann:", "ann"), -1);
	ck_assert_int_eq(passwd("ann", "ann"), -1);
	ck_assert_int_eq(passwd("", "ann"), -1);
	ck_assert_int_eq(process__parse_id("0"), 0);
	ck_assert_int_eq(process__parse_id("4294967295"), 4294967295);
	ck_assert_int_eq(process__parse_id("4294967296"), -1);
	ck_assert_int_eq(process__parse_id("01"), -1);
	ck_assert_int_eq(process__parse_id(""), -1);
	ck_assert_int_eq(process__parse_id("1x"), -1);
	ck_assert_int_eq(process__parse_id("-1"), -1);
}
END_TEST

static bool
unit(const char *path, const char *want)
{
	struct process_piece p = {path, strlen(path)}, out;

	if (!process__parse_unit(&p, &out))
		return want == NULL;
	return want != NULL && strlen(want) == out.len &&
	    memcmp(want, out.at, out.len) == 0;
}

START_TEST(units)
{
	ck_assert(unit("/system.slice/a.service", "a.service"));
	ck_assert(unit("/system.slice/a.service/sub/x", "a.service"));
	ck_assert(unit("/u.slice/user@1.service/app.slice/b.scope",
	    "b.scope"));
	ck_assert(unit("a.service", "a.service"));
	ck_assert(unit("/a.slice", NULL));
	ck_assert(unit("/.service", NULL));
	ck_assert(unit("//", NULL));
	ck_assert(unit("", NULL));
}
END_TEST

START_TEST(cgroups)
{
	static const char text[] = "12:cpu,cpuacct:/a:b\nbroken\n9:also\n"
				   "1:name=systemd:/s\n\n0::/x";
	struct process_piece rest = {text, strlen(text)}, path;
	bool systemd;

	ck_assert(process__next_cgroup(&rest, &path, &systemd));
	ck_assert(path.len == 4 && memcmp(path.at, "/a:b", 4) == 0);
	ck_assert(!systemd);
	ck_assert(process__next_cgroup(&rest, &path, &systemd));
	ck_assert(path.len == 2 && systemd);
	ck_assert(process__next_cgroup(&rest, &path, &systemd));
	ck_assert(path.len == 2 && memcmp(path.at, "/x", 2) == 0 && systemd);
	ck_assert(!process__next_cgroup(&rest, &path, &systemd));
}
END_TEST

static bool
line(const char *bytes, size_t len, const char *want)
{
	struct sst_buf out = SST_BUF_INIT;
	bool same;

	sst_buf_add(&out, "", 0);
	process__parse_cmdline(bytes, len, &out);
	same = strcmp(out.data, want) == 0;
	sst_buf_fini(&out);
	return same;
}

START_TEST(command_lines)
{
	ck_assert(line("a\0b c\0", 6, "a b c"));
	ck_assert(line("a\0\0b\0", 5, "a  b"));
	ck_assert(line("title   \0\0\0", 11, "title"));
	ck_assert(line("", 0, ""));
	ck_assert(line("\0\0", 2, ""));
	ck_assert(line("a\x1b[31m\tb\xffz", 10, "a[31m b\xef\xbf\xbdz"));
	ck_assert_uint_eq(process__parse_argv0("ab\0c", 4).len, 2);
	ck_assert_uint_eq(process__parse_argv0("ab", 2).len, 2);
	ck_assert_uint_eq(process__parse_argv0("", 0).len, 0);
	ck_assert_uint_eq(process__parse_exe("/a/b (deleted)", 14).len, 4);
	ck_assert_uint_eq(process__parse_exe("/a/b", 4).len, 4);
	ck_assert_uint_eq(
	    process__base_name((struct process_piece){"/a/bc", 5}).len, 2);
	ck_assert_uint_eq(
	    process__base_name((struct process_piece){"/a/", 3}).len, 0);
	ck_assert_uint_eq(
	    process__base_name((struct process_piece){"bc", 2}).len, 2);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("process_parse");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, a_stat);
	tcase_add_test(tc, a_recorded_stat);
	tcase_add_test(tc, names_of_any_bytes);
	tcase_add_test(tc, kernel_threads);
	tcase_add_test(tc, what_is_no_stat);
	tcase_add_test(tc, a_stat_cut_anywhere);
	tcase_add_test(tc, a_host);
	tcase_add_test(tc, users);
	tcase_add_test(tc, names_of_users);
	tcase_add_test(tc, units);
	tcase_add_test(tc, cgroups);
	tcase_add_test(tc, command_lines);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
