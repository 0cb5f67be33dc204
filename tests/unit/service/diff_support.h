/* Documents by hand, in short. */
#ifndef TESTS_UNIT_SERVICE_DIFF_SUPPORT_H
#define TESTS_UNIT_SERVICE_DIFF_SUPPORT_H

#include <jansson.h>
#include <stdbool.h>

#include "repository/contract.h"
#include "service/diff.h"

/* Of all tests in the program; made by doc_init(). */
extern const struct sst_contract *doc_contract;

void doc_init(void);
void doc_fini(void);

/*
 * A snapshot of a document of which only what matters is given; the rest is
 * filled in. With single quotes for double ones. Checked against the schema.
 * Arrays in any order. Children and entities equal to those of near (may be
 * NULL) are shared with it.
 */
struct sst_snapshot *doc(const char *text);
struct sst_snapshot *doc_near(const char *text, struct sst_snapshot *near);
/* The same of a tree, which is taken over, and changed. */
struct sst_snapshot *doc_tree(json_t *tree, struct sst_snapshot *near);
/* The document's bytes as a tree. */
json_t *doc_view(struct sst_snapshot *snapshot, enum sst_view view);

extern const struct sst_diff_filter doc_all;

struct sst_diff *doc_diff(struct sst_snapshot *from, struct sst_snapshot *to);

/* That the changes of the JSON form are these, with single quotes. */
void doc_expect(const char *from, const char *to, const char *want);

#endif
