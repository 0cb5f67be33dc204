/* What sources of both kinds are put through in the same way. */
#ifndef TESTS_CONFORMANCE_STEPS_H
#define TESTS_CONFORMANCE_STEPS_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>

#include "support/subject.h"

/* How a variant gets to a good result; both assert that it does. */
struct conformance_way {
	struct subject *subject;
	void (*open)(void);
	void (*collect)(void);
};

/* The source names itself, its times and its options, and has what every source
 * needs. */
void conformance_table(const struct sst_source_ops *ops);
/* Each of these YAML texts (NULL ends; NULL: none) is refused with a reason;
 * closing is safe before, in between and after. */
void
conformance_refuses(struct subject *subject, const char *const *bad_options);
/* A good result, the same again, and the same of a source made anew. */
void conformance_repeats(const struct conformance_way *way);
/* Beside after: a good result that is as long as the one before, which is
 * freed. */
void conformance_as_before(const struct conformance_way *way, char *before);

/* Whether the allocator counts what is allocated; a line for people if not. */
bool conformance_counts_memory(const char *variant);

/* Runs the tests of one variant; false: some of them failed. */
bool conformance_run(
    const char *name, void (*add)(TCase *tc), SFun setup, SFun teardown);

#endif
