/*
 * The last revisions, in memory: what most questions about the past are about,
 * and what waits to be stored. A ring, newest last; entities are shared between
 * its snapshots, so one more costs about what changed. Has a lock of its own;
 * any thread, does not block. For this folder only.
 */
#ifndef SST_SERVICE_RECENT_H
#define SST_SERVICE_RECENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/lock.h"
#include "model/snapshot.h"

struct recent_entry {
	struct sst_snapshot *snapshot; /* without bodies, unless the newest */
	char *note;  /* JSON, see sst_diff_write_note(); NULL: not yet made */
	size_t cost; /* bytes it holds alone, about; known with the note */
	bool stored; /* on disk, or there is no disk */
};

struct recent {
	struct sst_lock lock;
	struct recent_entry *ring; /* guarded by lock, as all below */
	size_t cap;
	size_t first;
	size_t count;
	uint64_t lost; /* dropped before they were stored */
};

int recent__init(struct recent *recent, size_t cap, struct sst_error *err);
void recent__fini(struct recent *recent);

/* Takes a reference; the oldest goes when the ring is full. `stored` as in the
 * entry. */
void
recent__push(struct recent *recent, struct sst_snapshot *snapshot, bool stored);

/* All give a reference, or NULL when it is not in the ring. */
struct sst_snapshot *recent__revision(struct recent *recent, uint64_t revision);
/* The newest before that revision. */
struct sst_snapshot *recent__before(struct recent *recent, uint64_t revision);
/* The newest captured at that time or before. */
struct sst_snapshot *recent__at(struct recent *recent, struct sst_wall at);
struct sst_snapshot *recent__oldest(struct recent *recent);

/* The oldest that has no note yet, with its predecessor in the ring (NULL:
 * there is none); NULL when all have one. */
struct sst_snapshot *
recent__unnoted(struct recent *recent, struct sst_snapshot **before_out);
/* Takes note over, also when the revision is gone meanwhile. */
void recent__set_note(
    struct recent *recent, uint64_t revision, char *note, size_t cost);

/* One that is to be stored: a reference, and a copy of its note. */
struct recent_pending {
	struct sst_snapshot *snapshot;
	char *note;
};

/* The oldest not stored that have notes, at most max of them, in order; how
 * many. */
size_t
recent__pending(struct recent *recent, struct recent_pending *out, size_t max);
void recent__pending_fini(struct recent_pending *pending, size_t count);
/* Everything up to that revision is stored. */
void recent__stored(struct recent *recent, uint64_t revision);
size_t recent__pending_count(struct recent *recent);
uint64_t recent__lost(struct recent *recent);

/* Drops the oldest stored ones until all together cost at most max_bytes. */
void recent__trim(struct recent *recent, size_t max_bytes);

/* One line of a list; note is a copy. */
struct recent_row {
	uint64_t revision;
	struct sst_wall captured_at;
	size_t bytes;
	char *note;
};

/* Rows of revisions above `above` and, unless it is 0, less than `below`;
 * newest first; SST_NOMEM. The caller frees notes and array. */
int recent__rows(struct recent *recent, uint64_t above, uint64_t below,
    struct recent_row **out, size_t *count_out);

#endif
