#include "service/recent.h"

#include <stdlib.h>
#include <string.h>

#include "model/snapshot_priv.h"

int
recent__init(struct recent *recent, size_t cap, struct sst_error *err)
{
	memset(recent, 0, sizeof(*recent));
	sst_lock_init(&recent->lock, SST_LOCK_LEAF);
	recent->cap = cap;
	recent->ring = calloc(cap + 1, sizeof(*recent->ring));
	return recent->ring == NULL ? sst_error_nomem(err) : SST_OK;
}

static void
recent_entry_fini(struct recent_entry *entry)
{
	sst_snapshot_release(&entry->snapshot);
	free(entry->note);
	entry->note = NULL;
}

static struct recent_entry *
recent_entry(const struct recent *recent, size_t i)
{
	return &recent->ring[(recent->first + i) % recent->cap];
}

void
recent__fini(struct recent *recent)
{
	size_t i;

	for (i = 0; recent->ring != NULL && i < recent->count; i++)
		recent_entry_fini(recent_entry(recent, i));
	free(recent->ring);
	recent->ring = NULL;
	sst_lock_fini(&recent->lock);
}

/* With the lock held: takes the oldest out. */
static struct recent_entry
recent_take(struct recent *recent)
{
	struct recent_entry *e = recent_entry(recent, 0), taken = *e;

	memset(e, 0, sizeof(*e));
	recent->first = (recent->first + 1) % recent->cap;
	recent->count--;
	return taken;
}

/* With the lock held: the newest gives up its bodies; returns what is to be
 * released without the lock. */
static struct sst_snapshot *
recent_strip_newest(struct recent *recent)
{
	struct recent_entry *e;
	struct sst_snapshot *bare = NULL, *full;
	struct sst_error ignored;

	if (recent->count == 0)
		return NULL;
	e = recent_entry(recent, recent->count - 1);
	/* without memory it keeps them: correct, only large */
	if (sst_snapshot_bare(e->snapshot, &bare, &ignored) != SST_OK)
		return NULL;
	full = e->snapshot;
	e->snapshot = bare;
	return full;
}

void
recent__push(struct recent *recent, struct sst_snapshot *snapshot, bool stored)
{
	struct recent_entry out = {0};
	struct sst_snapshot *full;

	if (recent->cap == 0)
		return;
	sst_lock_acquire(&recent->lock);
	if (recent->count == recent->cap) {
		out = recent_take(recent);
		recent->lost += !out.stored;
	}
	full = recent_strip_newest(recent);
	*recent_entry(recent, recent->count++) = (struct recent_entry){
	    .snapshot = sst_snapshot_acquire(snapshot), .stored = stored};
	sst_lock_release(&recent->lock);
	sst_snapshot_release(&full);
	recent_entry_fini(&out);
}

/* With the lock held: the newest entry of at most that revision, or -1. */
static long
recent_index(const struct recent *recent, uint64_t revision)
{
	size_t low = 0, high = recent->count, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (recent_entry(recent, mid)->snapshot->revision <= revision)
			low = mid + 1;
		else
			high = mid;
	}
	return (long)low - 1;
}

struct sst_snapshot *
recent__revision(struct recent *recent, uint64_t revision)
{
	struct sst_snapshot *s = NULL;
	long i;

	sst_lock_acquire(&recent->lock);
	i = recent_index(recent, revision);
	if (i >= 0)
		s = recent_entry(recent, (size_t)i)->snapshot;
	s = s != NULL && s->revision == revision ? sst_snapshot_acquire(s)
						 : NULL;
	sst_lock_release(&recent->lock);
	return s;
}

struct sst_snapshot *
recent__before(struct recent *recent, uint64_t revision)
{
	struct sst_snapshot *s = NULL;
	long i;

	sst_lock_acquire(&recent->lock);
	i = revision == 0 ? -1 : recent_index(recent, revision - 1);
	if (i >= 0)
		s = sst_snapshot_acquire(
		    recent_entry(recent, (size_t)i)->snapshot);
	sst_lock_release(&recent->lock);
	return s;
}

struct sst_snapshot *
recent__at(struct recent *recent, struct sst_wall at)
{
	struct sst_snapshot *s = NULL, *candidate;
	size_t i;

	sst_lock_acquire(&recent->lock);
	/* the wall clock may have been set back: times need not be sorted */
	for (i = recent->count; i > 0 && s == NULL; i--) {
		candidate = recent_entry(recent, i - 1)->snapshot;
		if (candidate->captured_at.ms <= at.ms)
			s = sst_snapshot_acquire(candidate);
	}
	sst_lock_release(&recent->lock);
	return s;
}

struct sst_snapshot *
recent__oldest(struct recent *recent)
{
	struct sst_snapshot *s = NULL;

	sst_lock_acquire(&recent->lock);
	if (recent->count > 0)
		s = sst_snapshot_acquire(recent_entry(recent, 0)->snapshot);
	sst_lock_release(&recent->lock);
	return s;
}

struct sst_snapshot *
recent__unnoted(struct recent *recent, struct sst_snapshot **before_out)
{
	struct sst_snapshot *s = NULL;
	size_t i;

	*before_out = NULL;
	sst_lock_acquire(&recent->lock);
	for (i = 0; i < recent->count && s == NULL; i++) {
		if (recent_entry(recent, i)->note != NULL)
			continue;
		s = sst_snapshot_acquire(recent_entry(recent, i)->snapshot);
		if (i > 0)
			*before_out = sst_snapshot_acquire(
			    recent_entry(recent, i - 1)->snapshot);
	}
	sst_lock_release(&recent->lock);
	return s;
}

void
recent__set_note(
    struct recent *recent, uint64_t revision, char *note, size_t cost)
{
	struct recent_entry *e = NULL;
	long i;

	sst_lock_acquire(&recent->lock);
	i = recent_index(recent, revision);
	if (i >= 0)
		e = recent_entry(recent, (size_t)i);
	if (e != NULL && e->snapshot->revision == revision && e->note == NULL) {
		e->note = note;
		e->cost = cost;
		note = NULL;
	}
	sst_lock_release(&recent->lock);
	free(note);
}

size_t
recent__pending(struct recent *recent, struct recent_pending *out, size_t max)
{
	struct recent_entry *e;
	size_t i, n = 0;

	sst_lock_acquire(&recent->lock);
	for (i = 0; i < recent->count && n < max; i++) {
		e = recent_entry(recent, i);
		if (e->stored)
			continue;
		/* published while the notes were made: it is stored for good,
		 * so not before it has one */
		if (e->note == NULL)
			break;
		out[n].snapshot = sst_snapshot_acquire(e->snapshot);
		out[n++].note = strdup(e->note);
	}
	sst_lock_release(&recent->lock);
	return n;
}

void
recent__pending_fini(struct recent_pending *pending, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		sst_snapshot_release(&pending[i].snapshot);
		free(pending[i].note);
	}
}

void
recent__stored(struct recent *recent, uint64_t revision)
{
	struct recent_entry *e;
	size_t i;

	sst_lock_acquire(&recent->lock);
	for (i = 0; i < recent->count; i++) {
		e = recent_entry(recent, i);
		if (e->snapshot->revision <= revision)
			e->stored = true;
	}
	sst_lock_release(&recent->lock);
}

size_t
recent__pending_count(struct recent *recent)
{
	size_t i, n = 0;

	sst_lock_acquire(&recent->lock);
	for (i = 0; i < recent->count; i++)
		n += !recent_entry(recent, i)->stored;
	sst_lock_release(&recent->lock);
	return n;
}

uint64_t
recent__lost(struct recent *recent)
{
	uint64_t lost;

	sst_lock_acquire(&recent->lock);
	lost = recent->lost;
	sst_lock_release(&recent->lock);
	return lost;
}

/* With the lock held: whether the oldest may go to make room. */
static bool
recent_too_dear(const struct recent *recent, size_t max_bytes)
{
	size_t i, sum = 0;

	if (recent->count < 2 || !recent_entry(recent, 0)->stored)
		return false;
	for (i = 0; i < recent->count; i++)
		sum += recent_entry(recent, i)->cost;
	return sum > max_bytes;
}

void
recent__trim(struct recent *recent, size_t max_bytes)
{
	struct recent_entry out;

	for (;;) {
		sst_lock_acquire(&recent->lock);
		if (!recent_too_dear(recent, max_bytes))
			break;
		out = recent_take(recent);
		sst_lock_release(&recent->lock);
		recent_entry_fini(&out);
	}
	sst_lock_release(&recent->lock);
}

static size_t
recent_document_bytes(const struct sst_snapshot *s)
{
	size_t i, sum = s->sources->json_len;

	for (i = 0; i < SST_SECTION_COUNT; i++)
		sum += s->sections[i] == NULL ? 4 : s->sections[i]->json_len;
	return sum;
}

int
recent__rows(struct recent *recent, uint64_t above, uint64_t below,
    struct recent_row **out, size_t *count_out)
{
	struct recent_row *rows;
	struct recent_entry *e;
	size_t i, n = 0;

	sst_lock_acquire(&recent->lock);
	rows = calloc(recent->count + 1, sizeof(*rows));
	for (i = recent->count; rows != NULL && i > 0; i--) {
		e = recent_entry(recent, i - 1);
		if (e->snapshot->revision <= above ||
		    (below > 0 && e->snapshot->revision >= below))
			continue;
		rows[n].revision = e->snapshot->revision;
		rows[n].captured_at = e->snapshot->captured_at;
		rows[n].bytes = recent_document_bytes(e->snapshot);
		rows[n++].note = e->note == NULL ? NULL : strdup(e->note);
	}
	sst_lock_release(&recent->lock);
	*out = rows;
	*count_out = n;
	return rows == NULL ? SST_NOMEM : SST_OK;
}
