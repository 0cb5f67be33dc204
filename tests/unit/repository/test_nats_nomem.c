/* Lets each allocation of a collection fail once: it is refused whole or as good
 * as ever, and so is the next one. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nats_rig.h"
#include "repository/queues/queues.h"
#include "support/starve.h"
#include "support/suite.h"

static struct nats_rig rig;

static void
submit(const char *subject, const char *headers)
{
	nats_rig_submit(&rig, subject, headers, "x", 1);
}

static void
setup(void)
{
	natsMsgList list;
	int i;

	nats_rig_init(&rig);
	/* whose threads need memory of their own */
	rig.port = rig.server.port;
	nats_rig_stream(&rig, "W", js_WorkQueuePolicy, true);
	nats_rig_consumer(&rig, "W", "a", "W.a", 1);
	nats_rig_consumer(&rig, "W", "b", "W.b", -1);
	nats_rig_stream(&rig, "L", js_LimitsPolicy, false);
	nats_rig_consumer(&rig, "L", "c", NULL, -1);
	submit("W.a", "Nats-Msg-Id: bad");
	submit("W.a", "Nats-Msg-Id: done");
	nats_rig_pull(&rig, "W", "a", 2, &list);
	ck_assert_int_eq(natsMsg_Nak(list.Msgs[0], NULL), NATS_OK);
	ck_assert_int_eq(natsMsg_AckSync(list.Msgs[1], NULL, NULL), NATS_OK);
	natsMsgList_Destroy(&list);
	for (i = 0; i < 3; i++) {
		submit("W.b", "X-Depends-On: bad, x");
		submit("W.z", NULL);
		submit("L.x", NULL);
	}
}

static void
teardown(void)
{
	nats_rig_fini(&rig);
}

/* The source alone, so that nothing else meets the failure. */
static int
collect_starved(long n, bool *failed_out)
{
	struct subject *s = &rig.subject;
	struct sst_draft_settings settings = {
	    .contract = s->contract,
	    .section = SST_SECTION_QUEUES,
	    .source = "queues/starved",
	};
	struct sst_collect req = {
	    .now = sst_clock_mono(&s->hands.clock),
	    .wall = sst_clock_wall(&s->hands.clock),
	    .deadline = SST_MONO_NEVER,
	};
	struct sst_draft *draft = NULL;
	int code;

	ck_assert_int_eq(sst_draft_new(&settings, &draft, &s->err), SST_OK);
	starve_after(n);
	code = s->ops->collect(s->state, &req, draft, &s->err);
	*failed_out = starve_end();
	sst_draft_free(&draft);
	return code;
}

static void
open_rig(const char *more)
{
	char all[256];

	snprintf(all, sizeof(all), "%s, max_tasks_per_queue: 2, "
				   "blocked_by_header: X-Depends-On", more);
	nats_rig_open(&rig, all);
}

/* What the queues are, without when that was found out. */
static char *
text_now(void)
{
	json_t *queue;
	size_t i;

	nats_rig_collect_whole(&rig);
	json_array_foreach(rig.tree, i, queue)
	{
		json_object_del(queue, "updated_at");
	}
	return json_dumps(rig.tree, JSON_SORT_KEYS);
}

static void
fail_each(const char *more, bool first)
{
	char *want, *got;
	bool failed = true;
	size_t at;
	long n;
	int code;

	open_rig(more);
	want = text_now();
	for (n = 0; failed; n++) {
		ck_assert_int_lt(n, 5000);
		open_rig(more);
		if (!first)
			nats_rig_collect_whole(&rig);
		code = collect_starved(n, &failed);
		ck_assert_msg(code == SST_NOMEM || code == SST_OK,
		    "allocation %ld: %s (%s)", n, sst_code_name(code),
		    rig.subject.err.text);
		got = text_now();
		for (at = 0; want[at] != '\0' && want[at] == got[at];)
			at++;
		if (want[at] != got[at])
			ck_abort_msg("allocation %ld: %.500s, not %.500s", n,
			    got + at, want + at);
		free(got);
	}
	free(want);
	printf("%ld allocations\n", n);
}

START_TEST(over_the_connection)
{
	fail_each("", _i == 0);
}
END_TEST

START_TEST(with_counts_over_http)
{
	char more[128];

	snprintf(more, sizeof(more), ", monitoring: ['%s']", rig.monitoring);
	fail_each(more, _i == 0);
}
END_TEST

START_TEST(while_it_is_made)
{
	static const char yaml[] =
	    "{url: 'nats://127.0.0.1:1', username: a, password: b, "
	    "monitoring: ['http://127.0.0.1:1', 'http://127.0.0.1:2'], "
	    "include: [a, b], priority_levels: ['a=low'], account: x}";
	bool failed = true;
	long n;
	int code;

	for (n = 0; failed; n++) {
		ck_assert_int_lt(n, 5000);
		starve_after(n);
		code = subject_open(&rig.subject, yaml);
		failed = starve_end();
		ck_assert_msg(code == SST_NOMEM || code == SST_OK,
		    "allocation %ld: %s", n, sst_code_name(code));
		subject_close(&rig.subject);
	}
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_loop_test(tc, over_the_connection, 0, 2);
	tcase_add_loop_test(tc, with_counts_over_http, 0, 2);
	tcase_add_test(tc, while_it_is_made);
}

int
main(void)
{
	const struct suite_plan plan = {
	    "nats_nomem", add_tests, setup, teardown, 150};

	if (!nats_rig_there())
		return EXIT_SUCCESS;
	starve_init();
	return suite_run(&plan);
}
