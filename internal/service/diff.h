/*
 * What changed between two snapshots. Entities are matched by key, never by
 * position; a task that left one place and is in another is one move. Pure: no
 * clock, no lock, no I/O; a diff is immutable once made, any thread.
 *
 * Dates of change (x-changed-at: updated_at, sources[].changed_at) are left out
 * of the semantic forms, for they say nothing beyond the change itself; the
 * patches have them, because applying one must give the same bytes.
 */
#ifndef SST_SERVICE_DIFF_H
#define SST_SERVICE_DIFF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "model/snapshot.h"

enum sst_diff_op {
	SST_DIFF_ADDED,
	SST_DIFF_REMOVED,
	SST_DIFF_CHANGED,
	SST_DIFF_MOVED,
	SST_DIFF_OPS
};

/* "added", "removed", "changed", "moved". */
const char *sst_diff_op_name(enum sst_diff_op op);

struct sst_diff;

/*
 * Compares; holds references to both snapshots. Both must be of one schema
 * (shape); they may be of different epochs or systems. O(what changed) where
 * entities are shared, O(n) else. SST_NOMEM.
 */
int sst_diff_new(struct sst_snapshot *from, struct sst_snapshot *to,
    struct sst_diff **out, struct sst_error *err);
/* Accepts NULL; clears the pointer. */
void sst_diff_free(struct sst_diff **diff);

/*
 * What of a diff. A row of `sources` belongs to the section it feeds. A move
 * passes when either end does.
 */
struct sst_diff_filter {
	unsigned sections; /* bit n: section n; SST_SECTIONS_ALL */
	/* Only this entity and its children, as in `key` of a change
	 * ("mock/agent.tasks", "mock/agent.tasks/tasks/t1"); NULL: all. */
	const char *key;
	size_t key_len;
};

struct sst_diff_counts {
	size_t op[SST_DIFF_OPS];
};

/* Everything that passes, whatever the limit of a writer is. by_section (of
 * SST_SECTION_COUNT + 1, the last for sources) may be NULL. */
void sst_diff_count(const struct sst_diff *diff,
    const struct sst_diff_filter *filter, struct sst_diff_counts *total,
    struct sst_diff_counts *by_section);
bool sst_diff_empty(
    const struct sst_diff *diff, const struct sst_diff_filter *filter);

struct sst_diff_style {
	struct sst_diff_filter filter;
	size_t limit; /* changes written at most; 0: none but the totals */
	bool pretty;  /* JSON: indented by two spaces */
	bool colour;  /* text: with escape sequences of a terminal */
};

/*
 * Appends the semantic form, as in schemas/diff.schema.json:
 * {from, to, summary, truncated, omitted, changes}. Memory trouble latches in
 * out, as in all writers below.
 */
void sst_diff_write_json(const struct sst_diff *diff,
    const struct sst_diff_style *style, struct sst_buf *out);
/* Appends lines for people: first a summary, then a line a change, its fields
 * below where they do not fit. Ends in a newline; says "no changes" when there
 * are none. */
void sst_diff_write_text(const struct sst_diff *diff,
    const struct sst_diff_style *style, struct sst_buf *out);

/*
 * Appends {"summary": ..., "cause": [...]} on the whole diff: what the history
 * lists about a revision. cause: names of the sources whose entities, status or
 * upstream changed, sorted; of an agent of several sources, those that told
 * something new.
 */
void sst_diff_write_note(const struct sst_diff *diff, struct sst_buf *out);

/*
 * Appends an RFC 6902 patch: applied to the full view of `from` (with these
 * sections) and written in schema order it gives that of `to`, byte for byte.
 * First op: a test of /revision. SST_NOMEM.
 */
int sst_diff_write_patch(const struct sst_diff *diff, unsigned sections,
    struct sst_buf *out, struct sst_error *err);

/*
 * Appends an RFC 7396 patch between two documents of that view (full: arrays
 * are replaced whole; keyed: small). A member that became null cannot be told
 * from one that was removed. SST_NOMEM.
 */
int sst_diff_write_merge_patch(const struct sst_diff *diff,
    enum sst_view view, unsigned sections, struct sst_buf *out,
    struct sst_error *err);

#endif
