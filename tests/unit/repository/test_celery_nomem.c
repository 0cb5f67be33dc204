/* Each allocation of a collection fails once: it ends with SST_NOMEM or does
 * without, nothing leaks, and the next one is whole. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/starve.h"
#include "support/suite.h"
#include "test_celery_support.h"

enum { ALLOCATIONS_MAX = 20000 };

static struct bull bull;

static void
setup(void)
{
	celery_init(&bull, NULL);
}

static void
teardown(void)
{
	bull_fini(&bull);
}

#define SUBMIT(...) celery_submit(&bull, &(struct celery_task){__VA_ARGS__})
#define TAKE(ago, ...) \
	celery_take(&bull, &(struct celery_task){__VA_ARGS__}, ago)

static void
open_anew(void)
{
	char yaml[256];

	/* straight to the server: the proxy's threads must not starve */
	snprintf(yaml, sizeof(yaml),
	    "{url: 'redis://127.0.0.1:%u', depends_on_header: depends_on, "
	    "results: {url: 'redis://127.0.0.1:%u/1'}}",
	    (unsigned)bull.server.port, (unsigned)bull.server.port);
	ck_assert_msg(subject_open(&bull.subject, yaml) == SST_OK, "%s",
	    bull.subject.err.text);
}

/* True when an allocation failed. */
static bool
collect_starved(long n, int *code_out)
{
	struct subject *s = &bull.subject;
	struct sst_draft_settings settings = {.contract = s->contract,
	    .section = SST_SECTION_QUEUES,
	    .source = s->env.name,
	    .now = sst_clock_wall(&s->hands.clock),
	    .max_entities = 1000};
	struct sst_collect req = {.now = sst_clock_mono(&s->hands.clock),
	    .wall = sst_clock_wall(&s->hands.clock)};
	struct sst_draft *draft = NULL;
	bool failed;

	req.deadline = sst_mono_add_ms(req.now, SUBJECT_DEADLINE_MS);
	ck_assert_int_eq(sst_draft_new(&settings, &draft, &s->err), SST_OK);
	starve_after(n);
	*code_out = s->ops->collect(s->state, &req, draft, &s->err);
	failed = starve_end();
	sst_draft_free(&draft);
	return failed;
}

START_TEST(collections)
{
	bool failed = true;
	int code, first;
	long n;

	SUBMIT(.id = "one",
	    .embed =
		"{\"chain\": [{\"task\": \"t\", \"options\": {\"task_id\": "
		"\"next\"}}]}");
	SUBMIT(.id = "tw\\u00e9", .priority = 3,
	    .headers = ", \"depends_on\": [\"one\"]");
	TAKE(1, .id = "runs");
	TAKE(1, .id = "again", .retries = 1);
	celery_result(&bull, "runs", "STARTED", "{\"hostname\":\"w@h\"}");
	celery_result(&bull, "again", "FAILURE", "{\"exc_type\":\"E\"}");
	for (n = 0; failed && n < ALLOCATIONS_MAX; n++) {
		open_anew();
		failed = collect_starved(n, &first);
		ck_assert_msg(first == SST_NOMEM || first == SST_OK, "%ld: %s",
		    n, bull.subject.err.text);
		ck_assert(!collect_starved(ALLOCATIONS_MAX * 10, &code));
		ck_assert_msg(
		    code == SST_OK, "%ld: %s", n, bull.subject.err.text);
		subject_close(&bull.subject);
	}
	ck_assert_int_eq(first, SST_OK);
	ck_assert_int_gt(n, 100);
	printf("  %ld allocations\n", n);
}
END_TEST

START_TEST(beginnings)
{
	static const char yaml[] =
	    "{url: 'redis://x', queues: [a], include: [b], username: u, "
	    "password: p, results: {url: 'redis://x'}}";
	int code = SST_NOMEM;
	long n;

	for (n = 0; code != SST_OK; n++) {
		ck_assert_int_lt(n, 1000);
		starve_after(n);
		code = subject_open(&bull.subject, yaml);
		starve_end();
		ck_assert_msg(code == SST_NOMEM || code == SST_OK, "%ld: %s", n,
		    bull.subject.err.text);
	}
	subject_close(&bull.subject);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_test(tc, collections);
	tcase_add_test(tc, beginnings);
}

int
main(void)
{
	const struct suite_plan plan = {.name = "celery_nomem",
	    .add = add,
	    .setup = setup,
	    .teardown = teardown,
	    .timeout_seconds = 120};

	starve_init();
	return bull_can() ? suite_run(&plan) : 0;
}
