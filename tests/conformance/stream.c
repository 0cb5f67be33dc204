/*
 * The same demands on sources that follow a Kubernetes API server: they begin
 * to ask by themselves, have a result when all is listed, and time stands still
 * unless a test turns the clock, so a result is waited for.
 */
#include <check.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/conformance.h"
#include "conformance/steps.h"
#include "support/kube_rig.h"

enum {
	REPEAT_WARM = 500,
	REPEAT = 1000,
	REPEAT_SLACK_BYTES = 64 * 1024,
	REPEAT_CALL_BYTES = 1024 /* the double remembers each request */
};

static const struct sst_conformance_stream *variant;
static struct kube_rig rig;

static void
load_lists(void)
{
	char path[512];
	size_t i;

	for (i = 0; variant->lists[i].collection != NULL; i++) {
		snprintf(path, sizeof(path), "%s/mocks/upstreams/kubernetes/%s",
		    SST_SOURCE_DIR, variant->lists[i].file);
		ck_assert_msg(kube_api_put_recorded(
				  rig.api, variant->lists[i].collection, path),
		    "%s", path);
	}
}

static void
setup(void)
{
	kube_rig_init(&rig, variant->ops);
	load_lists();
}

static void
teardown(void)
{
	kube_rig_fini(&rig);
}

static void
open_good(void)
{
	kube_rig_open(&rig, variant->options);
}

static bool
is_whole(void)
{
	return subject_collect(&rig.subject) == SST_OK &&
	       rig.subject.harvest->flaw.code == SST_OK &&
	       kube_api_watchers(rig.api, "") == variant->watches;
}

/* All of it listed and watched. */
static void
collect_whole(void)
{
	ck_assert_msg(POLL_UNTIL(is_whole()), "%s",
	    rig.subject.harvest != NULL ? rig.subject.harvest->flaw.text
					: rig.subject.err.text);
	ck_assert_uint_eq(rig.subject.harvest->rejected, 0);
	ck_assert_uint_eq(rig.subject.harvest->count, variant->entities);
}

static const struct conformance_way way = {
    &rig.subject, open_good, collect_whole};

/* After a failure: whoever waits to try again gets his turn. */
static void
collect_again(void)
{
	ck_assert(
	    POLL_UNTIL((kube_rig_skip(&rig, variant->watches), is_whole())));
	collect_whole();
}

START_TEST(fini_is_safe_at_any_time)
{
	conformance_refuses(&rig.subject, variant->bad_options);
	/* without a collection, before and after it begins to ask */
	open_good();
	subject_close(&rig.subject);
	open_good();
	ck_assert(kube_api_wait_calls(rig.api, "", 1));
	subject_close(&rig.subject);
}
END_TEST

/* start() does, in threads; none is left when it is closed. */
START_TEST(init_asks_nobody)
{
	const struct sst_source_ops *ops = variant->ops;

	open_good();
	subject_close(&rig.subject);
	ck_assert(kube_api_wait_watchers(rig.api, "", 0));
	ck_assert_ptr_nonnull(ops->start);
	ck_assert_ptr_nonnull(ops->stop);
}
END_TEST

START_TEST(it_collects)
{
	open_good();
	collect_whole();
}
END_TEST

START_TEST(the_same_instant_gives_the_same_bytes)
{
	conformance_repeats(&way);
}
END_TEST

struct fault_case {
	struct kube_api_fault fault;
	int code;
};

static const struct fault_case faults[] = {
    {{.kind = KUBE_API_CUT}, SST_TRUNCATED},
    {{.kind = KUBE_API_GARBAGE}, SST_SYNTAX},
    {{.kind = KUBE_API_WRONG_TYPE}, SST_SYNTAX},
    {{.kind = KUBE_API_CLOSE}, SST_TRUNCATED},
    {{.kind = KUBE_API_STATUS, .status = 401}, SST_UNAUTHORIZED},
    {{.kind = KUBE_API_STATUS, .status = 403}, SST_FORBIDDEN},
    {{.kind = KUBE_API_STATUS, .status = 404}, SST_NOT_FOUND},
    {{.kind = KUBE_API_STATUS_TEXT, .status = 404}, SST_NOT_FOUND},
    {{.kind = KUBE_API_STATUS, .status = 429}, SST_RATE_LIMITED},
    {{.kind = KUBE_API_STATUS_TEXT, .status = 429}, SST_RATE_LIMITED},
    {{.kind = KUBE_API_STATUS, .status = 500}, SST_UPSTREAM},
};

enum { FAULT_COUNT = (int)(sizeof(faults) / sizeof(faults[0])) };
/* Attempts after the first one, of whichever list. */
enum { FAULT_REPEAT = 12 };

/* The text goes into the document: the same failure, the same text. And the
 * next good answer is as good as the first one was. */
START_TEST(each_fault_has_its_code)
{
	const struct fault_case *c = &faults[_i];
	struct sst_error first;
	char *before;
	int i;

	open_good();
	collect_whole();
	before = subject_json(&rig.subject);
	subject_close(&rig.subject);
	kube_api_misbehave(rig.api, "", &c->fault);
	open_good();
	kube_rig_await(&rig, c->code);
	ck_assert_int_eq(rig.subject.err.code, c->code);
	first = rig.subject.err;
	for (i = 0; i < FAULT_REPEAT; i++) {
		ck_assert(POLL_UNTIL(kube_rig_skip(&rig, variant->watches)));
		kube_rig_await(&rig, c->code);
		ck_assert_str_eq(first.text, rig.subject.err.text);
	}
	kube_api_behave(rig.api);
	collect_again();
	conformance_as_before(&way, before);
}
END_TEST

START_TEST(refused_is_unreachable)
{
	ck_assert(kube_api_refuse(rig.api, true));
	open_good();
	kube_rig_await(&rig, SST_UNREACHABLE);
	ck_assert(kube_api_refuse(rig.api, false));
	collect_again();
}
END_TEST

/* Before there is anything. */
START_TEST(the_first_deadline_is_kept)
{
	const struct kube_api_fault fault = {
	    .kind = _i == 0 ? KUBE_API_HOLD : KUBE_API_HOLD_BODY};
	int code;

	kube_api_misbehave(rig.api, "", &fault);
	open_good();
	ck_assert(kube_api_wait_calls(rig.api, "", 1));
	subject_begin(&rig.subject);
	ck_assert(kube_api_wait_calls(rig.api, "/version", 1));
	kube_rig_pass_deadline(&rig);
	/* half a list is a sign of life, no byte at all is none */
	code = subject_join(&rig.subject);
	ck_assert(code == SST_TIMEOUT || (_i == 1 && code == SST_NODATA));
}
END_TEST

/* With something that has grown old. */
START_TEST(the_deadline_is_kept)
{
	const struct kube_api_fault hold = {.kind = KUBE_API_HOLD};

	open_good();
	collect_whole();
	kube_api_misbehave(rig.api, "/version", &hold);
	kube_rig_ask_until(&rig, kube_rig_pass_deadline, SST_TIMEOUT);
	kube_api_behave(rig.api);
	kube_api_release(rig.api);
	collect_again();
}
END_TEST

START_TEST(an_interrupt_cancels)
{
	const struct kube_api_fault hold = {.kind = KUBE_API_HOLD};

	ck_assert_ptr_nonnull(variant->ops->interrupt);
	open_good();
	collect_whole();
	kube_api_misbehave(rig.api, "/version", &hold);
	kube_rig_ask_until(&rig, kube_rig_interrupt, SST_CANCELED);
	kube_api_behave(rig.api);
	kube_api_release(rig.api);
	collect_again();
}
END_TEST

/* What is left of it when it is closed; what it holds then is no leak. */
static size_t
collect_times(int times)
{
	size_t bytes;
	int i;

	open_good();
	for (i = 0; i < times; i++) {
		fake_clock_advance(&rig.subject.hands, 1000);
		/* the clock runs faster than the network */
		ck_assert(POLL_UNTIL(subject_collect(&rig.subject) == SST_OK));
		sst_harvest_release(&rig.subject.harvest);
	}
	subject_close(&rig.subject);
	/* the server has memory for each connection */
	ck_assert(kube_api_wait_idle(rig.api));
	bytes = mallinfo2().uordblks;
	return bytes;
}

START_TEST(a_thousand_collections_take_no_memory)
{
	size_t before, after, calls;

	if (!conformance_counts_memory(variant->name))
		return;
	before = collect_times(REPEAT_WARM);
	calls = kube_api_calls(rig.api, "");
	after = collect_times(REPEAT);
	calls = kube_api_calls(rig.api, "") - calls;
	ck_assert_msg(
	    after <= before + REPEAT_SLACK_BYTES + calls * REPEAT_CALL_BYTES,
	    "%zu bytes, then %zu; %zu requests", before, after, calls);
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_test(tc, fini_is_safe_at_any_time);
	tcase_add_test(tc, init_asks_nobody);
	tcase_add_test(tc, it_collects);
	tcase_add_test(tc, the_same_instant_gives_the_same_bytes);
	tcase_add_loop_test(tc, each_fault_has_its_code, 0, FAULT_COUNT);
	tcase_add_test(tc, refused_is_unreachable);
	tcase_add_loop_test(tc, the_first_deadline_is_kept, 0, 2);
	tcase_add_test(tc, the_deadline_is_kept);
	tcase_add_test(tc, an_interrupt_cancels);
	tcase_add_test(tc, a_thousand_collections_take_no_memory);
}

bool
sst_conformance_run_stream(const struct sst_conformance_stream *row)
{
	variant = row;
	return conformance_run(row->name, add_tests, setup, teardown);
}
