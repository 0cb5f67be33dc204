/*
 * A child stores revisions as fast as it can and reports each one through a
 * pipe after its append came back; it is killed at a random moment, a hundred
 * times. Nothing that was reported may be missing or changed afterwards.
 */
#include "test_history.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"

enum {
	KILLS = 100,
	BATCH_MAX = 4,
	REPORTS_MAX = 40 /* a child is killed before it has done so many */
};

static struct store s;

static void
setup(void)
{
	store_init(&s);
	/* thinned all the time, and shrunk: they are to be killed as well */
	s.settings.retention = (struct sst_history_retention){
	    20 * STORE_MINUTE, 4 * STORE_HOUR, STORE_DAY, 400 * 1024};
}

static void
teardown(void)
{
	store_fini(&s);
}

/* Never returns. Some are stored together; at times it thins. */
static _Noreturn void
child(int fd)
{
	struct sst_history_record r[BATCH_MAX];
	uint64_t at, n, i;
	bool more;
	int round = 0;

	if (sst_history_open(&s.settings, &s.history, &s.start, &s.err) !=
	    SST_OK)
		_exit(3);
	if (s.start.set_aside[0] != '\0') {
		fprintf(stderr, "set aside: %s\n", s.start.reason);
		_exit(7);
	}
	for (at = s.start.revision + 1;; at += n) {
		n = 1 + at % BATCH_MAX;
		for (i = 0; i < n; i++)
			r[i] = store_record(at + i, store_now(&s));
		if (sst_history_append(s.history, r, (size_t)n, &s.err) !=
		    SST_OK)
			_exit(4);
		if (store_figures(&s).set_aside_total > 0)
			_exit(8);
		for (i = 0; i < n; i++) {
			free((void *)(uintptr_t)r[i].document);
			if (write(fd, &r[i].revision, 8) != 8)
				_exit(5);
		}
		fake_clock_advance(&s.hands, 1000);
		if (++round % 4 == 0 &&
		    sst_history_thin(s.history, &more, &s.err) != SST_OK)
			_exit(6);
	}
}

/* Starts a child and kills it after it reported `reports`, some microseconds
 * later; returns the last one reported, or 0. */
static uint64_t
run_and_kill(int reports, unsigned later)
{
	uint64_t revision, last = 0;
	int ends[2], status, i = 0;
	struct pollfd p;
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	(void)fflush(NULL);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		close(ends[0]);
		child(ends[1]);
	}
	close(ends[1]);
	while (i < reports && read(ends[0], &revision, 8) == 8) {
		last = revision;
		i++;
	}
	/* a moment within what it does next, without sleeping */
	p = (struct pollfd){.fd = ends[0], .events = 0};
	(void)ppoll(
	    &p, 1, &(struct timespec){.tv_nsec = (long)later * 1000}, NULL);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFSIGNALED(status), "it ended itself: %d",
	    WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	while (read(ends[0], &revision, 8) == 8)
		last = revision;
	close(ends[0]);
	return last;
}

/* Nothing of the last child is missing; it is too young to be thinned. */
static void
check_new(uint64_t begin, uint64_t reported)
{
	ck_assert_uint_ge(s.start.revision, reported);
	ck_assert_uint_le(s.start.revision, reported + 2 * BATCH_MAX);
	for (; begin <= s.start.revision; begin++)
		ck_assert_msg(store_read(&s, begin) == SST_OK, "%llu: %s",
		    (unsigned long long)begin, s.err.text);
}

/* All that is listed can be read. */
static void
check_listed(void)
{
	const struct sst_history_query q = {
	    0, {INT64_MIN}, {INT64_MAX}, 100000};
	struct sst_history_row *rows;
	size_t i, count;

	ck_assert_int_eq(
	    sst_history_list(s.reader, &q, &rows, &count, &s.err), SST_OK);
	for (i = count; i-- > 0;)
		ck_assert_msg(store_read(&s, rows[i].revision) == SST_OK, "%s",
		    s.err.text);
	ck_assert_uint_eq(count, store_figures(&s).revisions);
	sst_history_rows_free(rows, count);
}

START_TEST(kill_loses_nothing)
{
	uint64_t seed = 20260101, before, reported, total = 0;
	char epoch[17];
	int i;

	store_open(&s);
	memcpy(epoch, s.start.epoch, sizeof(epoch));
	store_close(&s);
	before = 0;
	for (i = 0; i < KILLS; i++) {
		seed = seed * UINT64_C(6364136223846793005) + 1;
		reported = run_and_kill((int)((seed >> 33) % REPORTS_MAX),
		    (unsigned)(seed >> 40) % 1500);
		if (reported < before)
			reported = before;
		total += reported - before;
		store_open(&s);
		ck_assert_str_eq(s.start.set_aside, "");
		ck_assert_str_eq(s.start.epoch, epoch);
		check_new(before + 1, reported);
		check_listed();
		before = s.start.revision;
		store_close(&s);
		/* the clock of the child went with it */
		fake_clock_advance(&s.hands, 10 * STORE_MINUTE);
	}
	printf("%d kills, %llu revisions reported, none lost\n", KILLS,
	    (unsigned long long)total);
	ck_assert_uint_gt(total, KILLS);
	store_open(&s);
	ck_assert_uint_gt(store_figures(&s).oldest, 1);
	ck_assert_uint_lt(store_figures(&s).revisions, total);
}
END_TEST

/* The very first moments, when there is no file yet. */
START_TEST(kill_at_the_first_start_leaves_a_history)
{
	uint64_t reported;
	char sub[256];
	int i;

	/* a child on a busy machine may get far: nothing goes for its size */
	s.settings.retention.max_bytes = UINT64_C(1) << 30;
	for (i = 0; i < 40; i++) {
		snprintf(sub, sizeof(sub), "%s/%d", s.dir, i);
		s.settings.dir = sub;
		reported = run_and_kill(0, (unsigned)i * 40);
		store_open(&s);
		ck_assert_str_eq(s.start.set_aside, "");
		check_new(1, reported);
		store_close(&s);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("history kill");
	TCase *t = tcase_create("kill");
	SRunner *runner = srunner_create(suite);
	int failed;

	sst_log_configure(SST_LOG_ERROR, SST_LOG_TEXT, 2);
	(void)signal(SIGPIPE, SIG_IGN);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, kill_loses_nothing);
	tcase_add_test(t, kill_at_the_first_start_leaves_a_history);
	suite_add_tcase(suite, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
