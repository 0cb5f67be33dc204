/* Lets each allocation of a collection fail once: it is refused whole, and the
 * next one is as good as if nothing had been. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/starve.h"
#include "test_bullmq_support.h"

static struct bull bull;

static void
setup(void)
{
	bull_init(&bull, NULL);
	/* the proxy's threads need memory, too */
	bull.direct = true;
	bull_play(&bull, "seed_v6.resp");
	bull_play(&bull, "seed_bull4_legacy.resp");
	/* children out of sight, levels behind the window */
	bull_do(&bull, "SADD bull:agent-plan:report-1:dependencies x:y:z");
}

static void
teardown(void)
{
	bull_fini(&bull);
}

/* The source alone, so that nothing else meets the failure. */
static int
collect_starved(long n, bool *failed_out)
{
	struct subject *s = &bull.subject;
	struct sst_draft_settings settings = {.contract = s->contract,
	    .section = SST_SECTION_QUEUES,
	    .source = "queues/starved",
	    .previous = bull.last};
	struct sst_collect req = {.now = sst_clock_mono(&s->hands.clock),
	    .wall = sst_clock_wall(&s->hands.clock),
	    .deadline = SST_MONO_NEVER};
	struct sst_draft *draft = NULL;
	int code;

	ck_assert_int_eq(sst_draft_new(&settings, &draft, &s->err), SST_OK);
	starve_after(n);
	code = s->ops->collect(s->state, &req, draft, &s->err);
	*failed_out = starve_end();
	sst_draft_free(&draft);
	return code;
}

/* What was collected, without the date of its making. */
static char *
text_now(void)
{
	json_t *queue;
	size_t i;

	bull_collect_whole(&bull);
	json_array_foreach(bull.tree, i, queue)
	{
		json_object_del(queue, "updated_at");
	}
	return json_dumps(bull.tree, JSON_SORT_KEYS);
}

static const char options[] = "max_tasks_per_queue: 4";

START_TEST(each_allocation)
{
	bool failed = true;
	char *want, *got;
	int code;
	long n;

	bull_open(&bull, options);
	want = text_now();
	for (n = 0; failed && n < 100000; n++) {
		/* new each time: all is found, read and made */
		bull_open(&bull, options);
		code = collect_starved(n, &failed);
		ck_assert_msg(code == SST_OK || code == SST_NOMEM,
		    "allocation %ld: %d, %s", n, code, bull.subject.err.text);
		if (n % 7 != 0 && failed)
			continue;
		got = text_now();
		ck_assert_msg(strcmp(got, want) == 0, "allocation %ld", n);
		free(got);
	}
	free(want);
	printf("%ld allocations\n", n - 1);
	ck_assert(!failed);
	ck_assert_int_gt(n, 100);
}
END_TEST

/* The same when most is kept. */
START_TEST(each_later_allocation)
{
	bool failed = true;
	char *want, *got;
	int code;
	long n;

	bull_open(&bull, options);
	want = text_now();
	for (n = 0; failed && n < 100000; n++) {
		code = collect_starved(n, &failed);
		ck_assert_msg(code == SST_OK || code == SST_NOMEM,
		    "allocation %ld: %d, %s", n, code, bull.subject.err.text);
		got = text_now();
		ck_assert_msg(strcmp(got, want) == 0, "allocation %ld", n);
		free(got);
	}
	free(want);
	ck_assert(!failed);
}
END_TEST

START_TEST(each_allocation_of_init)
{
	bool failed = true;
	int code;
	long n;

	for (n = 0; failed && n < 1000; n++) {
		starve_after(n);
		code = subject_open(&bull.subject,
		    "{url: 'redis://127.0.0.1', queues: [a, b], password: p,"
		    " username: u}");
		failed = starve_end();
		ck_assert_msg(failed ? code != SST_OK : code == SST_OK,
		    "allocation %ld: %d", n, code);
	}
	ck_assert(!failed);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("bullmq_nomem");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	if (!bull_can())
		return EXIT_SUCCESS;
	starve_init();
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 170);
	tcase_add_test(tc, each_allocation);
	tcase_add_test(tc, each_later_allocation);
	tcase_add_test(tc, each_allocation_of_init);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
