#include "conformance/served.h"

#include <check.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/steps.h"
#include "support/poll.h"
#include "support/subject.h"

/* As in conformance.c: the allocator fills its stores first. */
enum { REPEAT_WARM = 500, REPEAT = 1000, REPEAT_SLACK_BYTES = 64 * 1024 };

static const struct sst_conformance_served *variant;
static struct server server;
static struct fault_proxy *proxy;
static struct subject subject;
static char options[2048];

static void
serve(void)
{
	const char *p = variant->options, *hole;
	size_t used = 0;

	ck_assert_msg(
	    server_start(&server, variant->argv), "%s", variant->argv[0]);
	ck_assert_msg(variant->seed(&server), "%s: no seed", variant->name);
	ck_assert(fault_proxy_start(server.port, &proxy));
	for (; (hole = strstr(p, "{PORT}")) != NULL; p = hole + 6)
		used += (size_t)snprintf(options + used, sizeof(options) - used,
		    "%.*s%u", (int)(hole - p), p,
		    (unsigned)fault_proxy_port(proxy));
	snprintf(options + used, sizeof(options) - used, "%s", p);
}

static void
unserve(void)
{
	fault_proxy_stop(&proxy);
	server_end(&server);
}

static void
setup(void)
{
	subject_init(&subject, variant->ops);
}

static void
teardown(void)
{
	fault_proxy_behave(proxy);
	subject_fini(&subject);
}

static void
open_good(void)
{
	ck_assert_msg(
	    subject_open(&subject, options) == SST_OK, "%s", subject.err.text);
}

static bool
is_good(void)
{
	return subject_collect(&subject) == SST_OK &&
	       subject.harvest->rejected == 0 &&
	       subject.harvest->flaw.code == SST_OK &&
	       subject.harvest->count == variant->entities;
}

static void
collect_good(void)
{
	ck_assert_msg(is_good(), "%s; %s; %zu entities", subject.err.text,
	    subject.harvest != NULL ? subject.harvest->flaw.text : "",
	    subject.harvest != NULL ? subject.harvest->count : 0);
}

START_TEST(the_table_is_complete)
{
	conformance_table(variant->ops);
	ck_assert_ptr_nonnull(variant->ops->interrupt);
}
END_TEST

START_TEST(fini_is_safe_at_any_time)
{
	conformance_refuses(&subject, variant->bad_options);
	/* without a collection */
	open_good();
	subject_close(&subject);
}
END_TEST

START_TEST(init_asks_nobody)
{
	size_t before = fault_proxy_connections(proxy);

	open_good();
	if (variant->ops->start == NULL)
		ck_assert_uint_eq(fault_proxy_connections(proxy), before);
}
END_TEST

START_TEST(it_collects)
{
	open_good();
	collect_good();
}
END_TEST

static const struct conformance_way way = {&subject, open_good, collect_good};

START_TEST(the_same_instant_gives_the_same_bytes)
{
	conformance_repeats(&way);
}
END_TEST

/* The text goes into the document: the same failure, the same text. And the
 * next good answer is as good as the first one was. */
START_TEST(each_fault_has_its_code)
{
	const struct sst_conformance_served_fault *c = &variant->faults[_i];
	struct sst_error first;
	char *before;
	int code;

	open_good();
	collect_good();
	before = subject_json(&subject);
	subject_close(&subject);
	fault_proxy_misbehave(proxy, &c->fault);
	open_good();
	code = subject_collect(&subject);
	ck_assert_msg(code == c->code, "fault %d: got %s (%s), expected %s",
	    (int)c->fault.kind, sst_code_name(code), subject.err.text,
	    sst_code_name(c->code));
	ck_assert_int_eq(subject.err.code, code);
	first = subject.err;
	ck_assert_int_eq(subject_collect(&subject), c->code);
	ck_assert_str_eq(first.text, subject.err.text);
	fault_proxy_behave(proxy);
	/* what was put off until later is read again */
	fake_clock_advance(&subject.hands, 60000);
	conformance_as_before(&way, before);
}
END_TEST

START_TEST(refused_is_unreachable)
{
	const struct fault_proxy_fault fault = {.kind = FAULT_PROXY_REFUSE};
	struct sst_error first;

	open_good();
	collect_good();
	fault_proxy_misbehave(proxy, &fault);
	ck_assert_int_eq(subject_collect(&subject), SST_UNREACHABLE);
	first = subject.err;
	ck_assert_int_eq(subject_collect(&subject), SST_UNREACHABLE);
	ck_assert_str_eq(first.text, subject.err.text);
	fault_proxy_behave(proxy);
	fake_clock_advance(&subject.hands, 60000);
	collect_good();
}
END_TEST

/* Begins a collection that gets no answer: from the start, or any more after
 * the first bytes; on a connection of its own, or on one that it has. */
static void
begin_held(int where)
{
	struct fault_proxy_fault fault = {.kind = FAULT_PROXY_HOLD};
	size_t asked, before;

	open_good();
	if (where == 1)
		fault = (struct fault_proxy_fault){
		    .kind = FAULT_PROXY_HOLD_AT, .bytes = variant->hold_at};
	if (where == 2)
		collect_good();
	fault_proxy_misbehave(proxy, &fault);
	asked = fault_proxy_asked(proxy);
	before = fault_proxy_connections(proxy);
	subject_begin(&subject);
	if (where == 0 && variant->speaks_first)
		ck_assert(POLL_UNTIL(fault_proxy_connections(proxy) > before));
	else
		ck_assert(fault_proxy_wait_asked(proxy, asked));
}

START_TEST(the_deadline_is_kept)
{
	begin_held(_i);
	fake_clock_advance(&subject.hands, SUBJECT_DEADLINE_MS + 1);
	ck_assert_int_eq(subject_join(&subject), SST_TIMEOUT);
	fault_proxy_behave(proxy);
	fake_clock_advance(&subject.hands, 60000);
	collect_good();
}
END_TEST

START_TEST(an_interrupt_cancels)
{
	begin_held(_i);
	subject.ops->interrupt(subject.state);
	ck_assert_int_eq(subject_join(&subject), SST_CANCELED);
	fault_proxy_behave(proxy);
	fake_clock_advance(&subject.hands, 60000);
	collect_good();
}
END_TEST

START_TEST(a_trickle_is_an_answer)
{
	const struct fault_proxy_fault fault = {.kind = FAULT_PROXY_TRICKLE};

	open_good();
	fault_proxy_misbehave(proxy, &fault);
	collect_good();
}
END_TEST

/* Time goes on, so that what is read now and then is read now and then. */
static void
collect_times(int times)
{
	int i;

	for (i = 0; i < times; i++) {
		fake_clock_advance(&subject.hands, 1000);
		ck_assert_msg(subject_collect(&subject) == SST_OK, "%s",
		    subject.err.text);
		sst_harvest_release(&subject.harvest);
	}
}

START_TEST(a_thousand_collections_change_nothing_and_take_no_memory)
{
	char *was = NULL, *is;
	size_t before, after;

	open_good();
	collect_good();
	if (variant->state != NULL)
		was = variant->state(&server);
	collect_times(REPEAT_WARM);
	before = mallinfo2().uordblks;
	collect_times(REPEAT);
	after = mallinfo2().uordblks;
	if (conformance_counts_memory(variant->name))
		ck_assert_msg(after <= before + REPEAT_SLACK_BYTES,
		    "%zu bytes, then %zu", before, after);
	if (variant->state == NULL)
		return;
	is = variant->state(&server);
	ck_assert_ptr_nonnull(was);
	ck_assert_ptr_nonnull(is);
	ck_assert_str_eq(was, is);
	free(was);
	free(is);
}
END_TEST

static bool
is_good_later(void)
{
	fake_clock_advance(&subject.hands, 1000);
	return is_good();
}

/* The last test: what it held may be gone. */
START_TEST(a_server_that_is_killed_and_comes_back)
{
	open_good();
	collect_good();
	server_stop(&server, SIGKILL);
	/* PostgreSQL's processes notice one by one that their parent is gone */
	ck_assert(POLL_UNTIL(subject_collect(&subject) < 0));
	ck_assert_ptr_null(subject.harvest);
	ck_assert(server_again(&server));
	ck_assert(variant->seed(&server));
	ck_assert_msg(POLL_UNTIL(is_good_later()), "%s", subject.err.text);
}
END_TEST

static void
add_tests(TCase *tc)
{
	int faults = 0;

	while (variant->faults[faults].code != 0)
		faults++;
	tcase_add_test(tc, the_table_is_complete);
	tcase_add_test(tc, fini_is_safe_at_any_time);
	tcase_add_test(tc, init_asks_nobody);
	tcase_add_test(tc, it_collects);
	tcase_add_test(tc, the_same_instant_gives_the_same_bytes);
	tcase_add_loop_test(tc, each_fault_has_its_code, 0, faults);
	tcase_add_test(tc, refused_is_unreachable);
	tcase_add_loop_test(tc, the_deadline_is_kept, 0, 3);
	tcase_add_loop_test(tc, an_interrupt_cancels, 0, 3);
	tcase_add_test(tc, a_trickle_is_an_answer);
	tcase_add_test(
	    tc, a_thousand_collections_change_nothing_and_take_no_memory);
	tcase_add_test(tc, a_server_that_is_killed_and_comes_back);
}

int
sst_conformance_run_served(const struct sst_conformance_served *row)
{
	Suite *s = suite_create(row->name);
	TCase *tc = tcase_create(row->name);
	SRunner *sr;
	int failed;

	if (!server_has(row->argv[0])) {
		printf(
		    "SKIP: %s: %s is not installed\n", row->name, row->argv[0]);
		return 0;
	}
	variant = row;
	tcase_set_timeout(tc, 120);
	tcase_add_unchecked_fixture(tc, serve, unserve);
	tcase_add_checked_fixture(tc, setup, teardown);
	add_tests(tc);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed;
}
