#include "conformance/steps.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/option.h"
#include "support/suite.h"

/* Bytes; too few to be mapped by themselves. */
enum { MEMORY_TRIED = 4096 };

static void
check_options(const struct sst_source_ops *ops)
{
	size_t i, k;

	for (i = 0; i < ops->option_count; i++) {
		ck_assert_ptr_nonnull(ops->options[i].name);
		ck_assert_ptr_nonnull(ops->options[i].help);
		ck_assert_uint_lt(ops->options[i].offset, ops->settings_size);
		for (k = 0; k < i; k++)
			ck_assert_str_ne(
			    ops->options[i].name, ops->options[k].name);
	}
}

void
conformance_table(const struct sst_source_ops *ops)
{
	ck_assert(ops->kind != NULL && ops->kind[0] != '\0');
	ck_assert_int_lt(ops->section, SST_SECTION_COUNT);
	ck_assert(ops->summary != NULL && ops->summary[0] != '\0');
	ck_assert(ops->init != NULL && ops->collect != NULL);
	ck_assert_ptr_nonnull(ops->fini);
	ck_assert(ops->start == NULL || ops->stop != NULL);
	ck_assert_int_gt(ops->interval_ms, 0);
	ck_assert_int_gt(ops->deadline_ms, 0);
	/* two misses in a row are not stale yet */
	ck_assert_int_gt(ops->max_age_ms, 2 * ops->interval_ms);
	check_options(ops);
}

void
conformance_refuses(struct subject *subject, const char *const *bad_options)
{
	size_t i;

	/* zeroed memory */
	subject_close(subject);
	subject_close(subject);
	for (i = 0; bad_options != NULL && bad_options[i] != NULL; i++) {
		ck_assert_msg(subject_open(subject, bad_options[i]) < 0,
		    "taken: %s", bad_options[i]);
		ck_assert_uint_gt(strlen(subject->err.text), 0);
	}
}

void
conformance_repeats(const struct conformance_way *way)
{
	char *first, *again, *anew;

	way->open();
	way->collect();
	first = subject_json(way->subject);
	way->collect();
	again = subject_json(way->subject);
	ck_assert_str_eq(first, again);
	way->open();
	way->collect();
	anew = subject_json(way->subject);
	ck_assert_str_eq(first, anew);
	free(first);
	free(again);
	free(anew);
}

void
conformance_as_before(const struct conformance_way *way, char *before)
{
	char *after;

	way->collect();
	after = subject_json(way->subject);
	ck_assert_uint_eq(strlen(before), strlen(after));
	free(before);
	free(after);
}

/* That of a sanitizer does not, and is slow. */
bool
conformance_counts_memory(const char *variant)
{
	size_t before = mallinfo2().uordblks;
	void *memory = malloc(MEMORY_TRIED);
	bool counts;

	ck_assert_ptr_nonnull(memory);
	*(volatile char *)memory = 0; /* it is really there */
	counts = mallinfo2().uordblks >= before + MEMORY_TRIED;
	free(memory);
	if (!counts)
		printf("SKIP: %s: memory: the allocator does not count it\n",
		    variant);
	return counts;
}

bool
conformance_run(
    const char *name, void (*add)(TCase *tc), SFun setup, SFun teardown)
{
	const struct suite_plan plan = {
	    .name = name,
	    .add = add,
	    .setup = setup,
	    .teardown = teardown,
	    .timeout_seconds = 120,
	};

	return suite_run(&plan) == EXIT_SUCCESS;
}
