#include "conformance/conformance.h"

#include <check.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/steps.h"
#include "support/subject.h"

/* The allocator keeps freed pieces of each size for each thread: many sizes
 * fill that store over a few hundred collections, and then no more. */
enum { REPEAT_WARM = 500, REPEAT = 1000, REPEAT_SLACK_BYTES = 64 * 1024 };

static const struct sst_conformance_case *variant;
static struct subject subject;
static struct upstream *up;
static char options[1024];

static void
setup(void)
{
	char path[512];

	subject_init(&subject, variant->ops);
	up = NULL;
	if (variant->routes != NULL) {
		snprintf(path, sizeof(path), "%s/%s", SST_SOURCE_DIR,
		    variant->routes);
		ck_assert(upstream_start(&up));
		ck_assert_msg(upstream_load(up, path), "%s", path);
	}
	snprintf(options, sizeof(options), "%s", variant->options);
	if (up != NULL) {
		const char *hole = strstr(variant->options, "%s");

		ck_assert_ptr_nonnull(hole);
		snprintf(options, sizeof(options), "%.*s%s%s",
		    (int)(hole - variant->options), variant->options,
		    upstream_url(up), hole + 2);
	}
}

static void
teardown(void)
{
	if (up != NULL)
		upstream_release(up);
	subject_fini(&subject);
	upstream_stop(&up);
}

static void
open_good(void)
{
	ck_assert_msg(
	    subject_open(&subject, options) == SST_OK, "%s", subject.err.text);
}

static void
collect_good(void)
{
	int code = subject_collect(&subject);

	ck_assert_msg(
	    code == SST_OK, "%s: %s", sst_code_name(code), subject.err.text);
	ck_assert_uint_eq(subject.harvest->rejected, 0);
	ck_assert_msg(subject.harvest->flaw.code == SST_OK, "%s",
	    subject.harvest->flaw.text);
}

static const struct conformance_way way = {&subject, open_good, collect_good};

/* True, with a line for people, when the variant asks nobody. */
static bool
asks_nobody(const char *what)
{
	if (up != NULL)
		return false;
	printf("SKIP: %s: %s: asks no other system\n", variant->name, what);
	return true;
}

START_TEST(the_table_is_complete)
{
	conformance_table(variant->ops);
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
	open_good();
	if (up != NULL)
		ck_assert_uint_eq(upstream_connections(up), 0);
}
END_TEST

START_TEST(it_collects)
{
	open_good();
	collect_good();
	ck_assert_uint_eq(subject.harvest->count, variant->entities);
}
END_TEST

START_TEST(the_same_instant_gives_the_same_bytes)
{
	conformance_repeats(&way);
}
END_TEST

struct fault_case {
	struct upstream_fault fault;
	int code;
};

static const struct fault_case faults[] = {
    {{.kind = UPSTREAM_CUT}, SST_TRUNCATED},
    {{.kind = UPSTREAM_CUT_CHUNK}, SST_TRUNCATED},
    {{.kind = UPSTREAM_RESET}, SST_TRUNCATED},
    {{.kind = UPSTREAM_LENGTH_LONG}, SST_TRUNCATED},
    {{.kind = UPSTREAM_LENGTH_SHORT}, SST_PROTOCOL},
    {{.kind = UPSTREAM_BAD_CHUNK}, SST_PROTOCOL},
    {{.kind = UPSTREAM_HUGE, .size = 100000000}, SST_TOO_LARGE},
    {{.kind = UPSTREAM_HUGE_CHUNKED, .size = 100000000}, SST_TOO_LARGE},
    {{.kind = UPSTREAM_GZIP_BOMB, .size = 20000000}, SST_TOO_LARGE},
    {{.kind = UPSTREAM_BAD_GZIP}, SST_PROTOCOL},
    {{.kind = UPSTREAM_UTF8}, SST_ENCODING},
    {{.kind = UPSTREAM_NUL}, SST_NUL},
    {{.kind = UPSTREAM_ESCAPED_NUL}, SST_NUL},
    {{.kind = UPSTREAM_DEEP}, SST_TOO_DEEP},
    {{.kind = UPSTREAM_HTML}, SST_SYNTAX},
    {{.kind = UPSTREAM_EMPTY}, SST_TRUNCATED},
    {{.kind = UPSTREAM_WRONG_TYPE}, SST_TYPE},
    {{.kind = UPSTREAM_CLOSE}, SST_TRUNCATED},
    {{.kind = UPSTREAM_GARBAGE}, SST_PROTOCOL},
    {{.kind = UPSTREAM_HEADERS}, SST_PROTOCOL},
    {{.kind = UPSTREAM_REDIRECT}, SST_PROTOCOL},
    {{.kind = UPSTREAM_STATUS, .status = 401}, SST_UNAUTHORIZED},
    {{.kind = UPSTREAM_STATUS, .status = 403}, SST_FORBIDDEN},
    {{.kind = UPSTREAM_STATUS, .status = 404}, SST_NOT_FOUND},
    {{.kind = UPSTREAM_STATUS, .status = 429}, SST_RATE_LIMITED},
    {{.kind = UPSTREAM_STATUS, .status = 500}, SST_UPSTREAM},
};

enum { FAULT_COUNT = (int)(sizeof(faults) / sizeof(faults[0])) };

/* The text goes into the document: the same failure, the same text. And the
 * next good answer is as good as the first one was. */
START_TEST(each_fault_has_its_code)
{
	const struct fault_case *c = &faults[_i];
	struct sst_error first;
	char *before;
	int code;

	if (asks_nobody("faults"))
		return;
	open_good();
	collect_good();
	before = subject_json(&subject);
	subject_close(&subject);
	open_good();
	upstream_misbehave(up, "", &c->fault);
	code = subject_collect(&subject);
	ck_assert_msg(code == c->code, "fault %d: got %s (%s), expected %s",
	    (int)c->fault.kind, sst_code_name(code), subject.err.text,
	    sst_code_name(c->code));
	ck_assert_int_eq(subject.err.code, code);
	first = subject.err;
	ck_assert_int_eq(subject_collect(&subject), c->code);
	ck_assert_str_eq(first.text, subject.err.text);
	upstream_misbehave(up, "", NULL);
	/* what was put off until later is read again */
	fake_clock_advance(&subject.hands, 60000);
	conformance_as_before(&way, before);
}
END_TEST

START_TEST(gzip_is_no_fault)
{
	struct upstream_fault fault = {.kind = UPSTREAM_GZIP};

	if (asks_nobody("gzip"))
		return;
	open_good();
	upstream_misbehave(up, "", &fault);
	collect_good();
	ck_assert_uint_eq(subject.harvest->count, variant->entities);
}
END_TEST

START_TEST(refused_is_unreachable)
{
	if (asks_nobody("refused connection"))
		return;
	open_good();
	ck_assert(upstream_refuse(up, true));
	ck_assert_int_eq(subject_collect(&subject), SST_UNREACHABLE);
	ck_assert(upstream_refuse(up, false));
	collect_good();
}
END_TEST

/* Held before the answer, and in the middle of it. */
START_TEST(the_deadline_is_kept)
{
	struct upstream_fault fault = {
	    .kind = _i == 0 ? UPSTREAM_HOLD : UPSTREAM_HOLD_BODY};

	if (asks_nobody("deadline"))
		return;
	open_good();
	upstream_misbehave(up, "", &fault);
	subject_begin(&subject);
	ck_assert(upstream_wait_calls(up, "", 1));
	fake_clock_advance(&subject.hands, SUBJECT_DEADLINE_MS + 1);
	ck_assert_int_eq(subject_join(&subject), SST_TIMEOUT);
	upstream_misbehave(up, "", NULL);
	upstream_release(up);
	collect_good();
}
END_TEST

START_TEST(an_interrupt_cancels)
{
	struct upstream_fault fault = {.kind = UPSTREAM_HOLD};

	if (asks_nobody("interrupt"))
		return;
	ck_assert_ptr_nonnull(variant->ops->interrupt);
	open_good();
	upstream_misbehave(up, "", &fault);
	subject_begin(&subject);
	ck_assert(upstream_wait_calls(up, "", 1));
	subject.ops->interrupt(subject.state);
	ck_assert_int_eq(subject_join(&subject), SST_CANCELED);
	upstream_misbehave(up, "", NULL);
	upstream_release(up);
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

START_TEST(a_thousand_collections_take_no_memory)
{
	size_t before, after;

	if (!conformance_counts_memory(variant->name))
		return;
	open_good();
	collect_times(REPEAT_WARM);
	before = mallinfo2().uordblks;
	collect_times(REPEAT);
	after = mallinfo2().uordblks;
	ck_assert_msg(after <= before + REPEAT_SLACK_BYTES,
	    "%zu bytes, then %zu", before, after);
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_test(tc, the_table_is_complete);
	tcase_add_test(tc, fini_is_safe_at_any_time);
	tcase_add_test(tc, init_asks_nobody);
	tcase_add_test(tc, it_collects);
	tcase_add_test(tc, the_same_instant_gives_the_same_bytes);
	tcase_add_loop_test(tc, each_fault_has_its_code, 0,
	    variant->routes != NULL ? FAULT_COUNT : 1);
	tcase_add_test(tc, gzip_is_no_fault);
	tcase_add_test(tc, refused_is_unreachable);
	tcase_add_loop_test(
	    tc, the_deadline_is_kept, 0, variant->routes != NULL ? 2 : 1);
	tcase_add_test(tc, an_interrupt_cancels);
	tcase_add_test(tc, a_thousand_collections_take_no_memory);
}

bool
sst_conformance_run(const struct sst_conformance_case *row)
{
	variant = row;
	return conformance_run(row->name, add_tests, setup, teardown);
}
