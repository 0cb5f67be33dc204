/*
 * Thinning: which segment is due, and the bound in bytes.
 *
 * Ages are counted to a time of its own, which follows the wall clock but runs
 * ten times faster than real time at most. So a wall clock that jumps ahead
 * thins no faster than that, and one that is set right again ends it; after a
 * long halt thinning needs a tenth of it to catch up. There is one leap: to
 * the time of the middle one of all revisions held, which leaves the younger
 * half alone; it ends the wait after a start with a clock far behind.
 */
#include <stdlib.h>
#include <string.h>

#include "service/history_priv.h"

enum {
	MINUTE_MS = 60000,
	HOUR_MS = 3600000,
	CATCH_UP = 10,
	LAG_MS = HOUR_MS, /* less is not worth a leap or a write */
	WAL_BYTES = 16 << 20,
	MEMBERS_MAX = 8 * HISTORY_DELTAS_MAX,
	LOOSE_PAGES = 1024 /* 4 MB: fewer are left for what comes */
};

int64_t
history__span_ms(const struct sst_history_retention *retention, int tier)
{
	int64_t ms = tier == 0   ? retention->all_ms
		     : tier == 1 ? retention->minutely_ms / 8
				 : retention->hourly_ms / 16;

	return ms > MINUTE_MS ? ms : MINUTE_MS;
}

static int
thin_leap(struct sst_history *h, int64_t wall, struct sst_error *err)
{
	int64_t middle = INT64_MIN;
	int rc;

	if (h->now.revisions == 0)
		return SST_OK;
	rc = history__run(&h->db, HISTORY_GET_MIDDLE,
	    (const int64_t[2]){(int64_t)(h->now.revisions / 2), 0}, &middle,
	    err);
	if (rc == SST_OK && middle > h->thin_at)
		h->thin_at = middle < wall ? middle : wall;
	return rc;
}

static int
thin_set_clock(struct sst_history *h, struct sst_error *err)
{
	const int64_t wall = sst_clock_wall(h->clock).ms;
	const struct sst_mono mono = sst_clock_mono(h->clock);
	int64_t passed = sst_mono_diff_ms(mono, h->thin_seen);

	if (passed > 0 && wall > h->thin_at) {
		if (passed >= (wall - h->thin_at) / CATCH_UP)
			h->thin_at = wall;
		else
			h->thin_at += passed * CATCH_UP;
	}
	if (h->thin_at > wall)
		h->thin_at = wall;
	h->thin_seen = mono;
	if (wall - h->thin_at > LAG_MS)
		return thin_leap(h, wall, err);
	return SST_OK;
}

int
history__thin_end(struct sst_history *history, int code, struct sst_error *err)
{
	struct sst_history *h = history;

	if (code == SST_OK)
		code = history__run(&h->db, HISTORY_PUT_META,
		    (const int64_t[2]){h->thin_at, 0}, NULL, err);
	code = history__end(&h->db, code, err);
	if (code == SST_OK)
		h->thin_saved = h->thin_at;
	return code;
}

/* --- segments --- */

void
history__segment_fini(struct history_segment *segment)
{
	free(segment->members);
	memset(segment, 0, sizeof(*segment));
}

static int
segment_add(struct history_segment *s, sqlite3_stmt *stmt,
    struct history_db *db, struct sst_error *err)
{
	struct history_member *more;

	if (s->count == MEMBERS_MAX)
		return history__damaged(db, err, "segment %llu has no end",
		    (unsigned long long)s->first);
	if ((s->count & (s->count - 1)) == 0) {
		more = realloc(s->members,
		    (s->count == 0 ? 1 : 2 * s->count) * sizeof(*more));
		if (more == NULL)
			return sst_error_nomem(err);
		s->members = more;
	}
	s->members[s->count++] = (struct history_member){
	    .revision = (uint64_t)sqlite3_column_int64(stmt, 0),
	    .captured_at = sqlite3_column_int64(stmt, 3),
	    .document_len = (uint64_t)sqlite3_column_int64(stmt, 4),
	    .data_len = (uint64_t)sqlite3_column_int64(stmt, 5),
	};
	return SST_OK;
}

static int
segment_read(struct history_segment *s, sqlite3_stmt *stmt,
    struct history_db *db, struct sst_error *err)
{
	bool row = true;
	int rc = SST_OK;

	while (rc == SST_OK) {
		rc = history__step(db, stmt, &row, err);
		if (rc != SST_OK || !row)
			return rc;
		if ((uint64_t)sqlite3_column_int64(stmt, 1) != s->first) {
			s->followed = true;
			s->next_at = sqlite3_column_int64(stmt, 3);
			break;
		}
		if (s->count == 0)
			s->tier = sqlite3_column_int(stmt, 2);
		rc = segment_add(s, stmt, db, err);
	}
	sqlite3_reset(stmt);
	return rc;
}

int
history__segment_load(struct sst_history *history, uint64_t first,
    struct history_segment *out, struct sst_error *err)
{
	struct history_segment s = {.first = first};
	sqlite3_stmt *stmt = NULL;
	int rc = history__stmt(&history->db, HISTORY_GET_SEGMENT, &stmt, err);

	if (rc != SST_OK)
		return rc;
	sqlite3_bind_int64(stmt, 1, (int64_t)first);
	rc = segment_read(&s, stmt, &history->db, err);
	if (rc == SST_OK && s.count == 0)
		rc = history__damaged(&history->db, err,
		    "segment %llu is empty", (unsigned long long)first);
	if (rc != SST_OK) {
		history__segment_fini(&s);
		return rc;
	}
	s.last = s.members[s.count - 1].revision;
	s.newest = !s.followed;
	*out = s;
	return SST_OK;
}

void
history__segment_forget(
    struct sst_history *history, const struct history_segment *segment)
{
	struct sst_history_figures *f = &history->now;
	size_t i;

	for (i = 0; i < segment->count; i++) {
		f->stored_bytes -= segment->members[i].data_len;
		if (segment->members[i].keep)
			continue;
		f->revisions--;
		f->thinned_total++;
		f->document_bytes -= segment->members[i].document_len;
	}
}

int
history__segment_delete(struct sst_history *history,
    const struct history_segment *segment, struct sst_error *err)
{
	const int64_t range[2] = {
	    (int64_t)segment->first, (int64_t)segment->last};
	int rc =
	    history__run(&history->db, HISTORY_DROP_ROWS, range, NULL, err);

	if (rc == SST_OK)
		rc = history__run(
		    &history->db, HISTORY_DROP_BODIES, range, NULL, err);
	return rc;
}

static int
segment_drop(
    struct sst_history *h, struct history_segment *s, struct sst_error *err)
{
	size_t i;
	int rc = history__begin(&h->db, err);

	if (rc != SST_OK)
		return rc;
	rc = history__segment_delete(h, s, err);
	rc = history__thin_end(h, rc, err);
	if (rc != SST_OK)
		return rc;
	for (i = 0; i < s->count; i++)
		s->members[i].keep = false;
	history__segment_forget(h, s);
	return SST_OK;
}

/* --- what is due --- */

/* Youngest moment in it; one ahead of the clock is as old as what followed. */
static int
segment_age(struct sst_history *h, const struct history_segment *s,
    int64_t *age_out, struct sst_error *err)
{
	int64_t youngest = INT64_MIN, later;
	size_t i;
	int rc;

	for (i = 0; i < s->count; i++) {
		if (s->members[i].captured_at > youngest)
			youngest = s->members[i].captured_at;
	}
	if (youngest > h->thin_at && s->followed) {
		rc = history__run(&h->db, HISTORY_GET_LATER,
		    (const int64_t[2]){(int64_t)s->last, 0}, &later, err);
		if (rc != SST_OK)
			return rc;
		if (later < youngest)
			youngest = later;
	}
	/* neither can leave the range: times are those of a clock or damage */
	if (__builtin_sub_overflow(h->thin_at, youngest, age_out))
		*age_out = 0;
	return SST_OK;
}

static int
thin_tier_of(const struct sst_history *h, int64_t age)
{
	const struct sst_history_retention *r = &h->retention;

	return age > r->hourly_ms     ? 3
	       : age > r->minutely_ms ? 2
	       : age > r->all_ms      ? 1
				      : 0;
}

static int64_t
thin_floor(int64_t value, int64_t unit)
{
	int64_t q = value / unit;

	return value % unit < 0 ? q - 1 : q;
}

/* The last one of each minute or hour stays; also when a later segment goes on
 * with that minute, it does not. Returns how many stay. */
static size_t
thin_choose(struct history_segment *s, int tier)
{
	const int64_t unit = tier == 1 ? MINUTE_MS : HOUR_MS;
	size_t i, kept = 0;

	for (i = 0; i < s->count; i++) {
		bool last = i + 1 == s->count;
		int64_t at = thin_floor(s->members[i].captured_at, unit);
		int64_t next =
		    last ? s->next_at : s->members[i + 1].captured_at;

		if (last && s->newest)
			s->members[i].keep = true;
		else
			s->members[i].keep =
			    tier < 3 && at != thin_floor(next, unit);
		kept += s->members[i].keep;
	}
	return kept;
}

/* A segment that is due goes, or begins to be written anew. */
static int
thin_segment(struct sst_history *h, uint64_t first, bool *busy_out,
    struct sst_error *err)
{
	struct history_segment s;
	int64_t age = 0;
	int tier, rc = history__segment_load(h, first, &s, err);

	if (rc != SST_OK)
		return rc;
	rc = segment_age(h, &s, &age, err);
	tier = thin_tier_of(h, age);
	if (rc == SST_OK && tier > s.tier - (s.tier == 3 && !s.newest)) {
		*busy_out = true;
		if (thin_choose(&s, tier) == 0)
			rc = segment_drop(h, &s, err);
		else
			rc = history__rewrite_begin(h, &s, tier, err);
	}
	history__segment_fini(&s);
	return rc;
}

/* The oldest of each tier is the first to be due; old tiers first, so that
 * there is room in what the younger ones are added to. */
static int
thin_due(struct sst_history *h, bool *busy_out, struct sst_error *err)
{
	int64_t first;
	int tier, rc = SST_OK;

	for (tier = HISTORY_TIERS - 1; tier >= 0; tier--) {
		rc = history__run(&h->db, HISTORY_GET_TIER,
		    (const int64_t[2]){tier, 0}, &first, err);
		if (rc == SST_OK && first > 0)
			rc = thin_segment(h, (uint64_t)first, busy_out, err);
		if (rc != SST_OK || *busy_out)
			return rc;
	}
	return SST_OK;
}

/* --- bytes --- */

static int
shrink_oldest(struct sst_history *h, bool *busy_out, struct sst_error *err)
{
	struct history_segment s;
	int64_t first = 0;
	int rc = history__run(&h->db, HISTORY_GET_OLDEST, NULL, &first, err);

	if (rc != SST_OK || first <= 0)
		return rc;
	rc = history__segment_load(h, (uint64_t)first, &s, err);
	if (rc != SST_OK)
		return rc;
	if (!s.newest) {
		*busy_out = true;
		rc = segment_drop(h, &s, err);
	} else if (s.count > 1) {
		*busy_out = true;
		thin_choose(&s, HISTORY_TIERS - 1);
		rc = history__rewrite_begin(h, &s, HISTORY_TIERS - 1, err);
	}
	history__segment_fini(&s);
	return rc;
}

/* Where it is over its bound: the oldest go until an eighth is free, then the
 * room they had is given back. */
static int
thin_shrink(struct sst_history *h, bool *busy_out, struct sst_error *err)
{
	const uint64_t most = h->retention.max_bytes;
	int64_t pages = 0, loose = 0;
	uint64_t bytes;
	int rc = history__run(&h->db, HISTORY_GET_PAGES, NULL, &pages, err);

	if (rc == SST_OK)
		rc = history__run(&h->db, HISTORY_GET_FREE, NULL, &loose, err);
	if (rc != SST_OK)
		return rc;
	bytes = (uint64_t)(pages - loose) * HISTORY_PAGE_BYTES;
	if (most > 0 && h->now.bytes > most)
		h->shrinking = true;
	if (h->shrinking && bytes > most - most / 8) {
		rc = shrink_oldest(h, busy_out, err);
		if (rc != SST_OK || *busy_out)
			return rc;
	}
	if ((h->shrinking && loose > 0) ||
	    (loose > LOOSE_PAGES && loose > pages / 4)) {
		*busy_out = true;
		return history__run(&h->db, HISTORY_VACUUM, NULL, NULL, err);
	}
	if (h->shrinking || history__wal_bytes(h) > WAL_BYTES) {
		h->shrinking = false;
		return history__run(
		    &h->db, HISTORY_CHECKPOINT, NULL, NULL, err);
	}
	return SST_OK;
}

static int
thin_piece(struct sst_history *h, bool *busy_out, struct sst_error *err)
{
	int rc = thin_set_clock(h, err);

	if (rc != SST_OK)
		return rc;
	if (h->rewrite != NULL) {
		*busy_out = true;
		return history__rewrite_step(h, err);
	}
	rc = thin_due(h, busy_out, err);
	if (rc == SST_OK && !*busy_out)
		rc = thin_shrink(h, busy_out, err);
	if (rc == SST_OK && !*busy_out && h->thin_at - h->thin_saved > LAG_MS) {
		rc = history__begin(&h->db, err);
		if (rc == SST_OK)
			rc = history__thin_end(h, SST_OK, err);
	}
	return rc;
}

int
sst_history_thin(
    struct sst_history *history, bool *more_out, struct sst_error *err)
{
	struct sst_history *h = history;
	bool busy = false;
	int64_t oldest = 0;
	int rc = history__ready(h, err);

	if (rc != SST_OK)
		return rc;
	h->db.doing = "thin out";
	rc = thin_piece(h, &busy, err);
	if (rc == SST_OK && busy)
		rc = history__run(
		    &h->db, HISTORY_GET_OLDEST, NULL, &oldest, err);
	if (rc == SST_OK && busy)
		h->now.oldest = (uint64_t)oldest;
	if (rc != SST_OK && h->db.corrupt) {
		busy = false;
		rc = history__recover(h, err);
	}
	history__publish(h);
	if (rc == SST_OK)
		*more_out = busy;
	return rc;
}
