/*
 * Writing what survives of a segment anew, a slice a call: restoring a hundred
 * large documents takes longer than new revisions may wait. Nothing is stored
 * until the end, then all of it in one transaction.
 */
#include <stdlib.h>
#include <string.h>

#include "service/history_priv.h"

enum {
	/* of a slice, in bytes restored; compressing takes ten times longer */
	SLICE_BYTES = 64 << 20,
	ENCODE_COST = 10
};

struct history_rewrite {
	struct history_segment segment;
	int tier;
	uint64_t lead; /* end of the segment it is added to, until restored */
	size_t next;   /* member */
	size_t end;    /* after the last one to keep */
	struct history_chain chain;
	struct sst_buf note; /* of the one restored last */
	struct history_encoder encoder;
	struct history_text prefix; /* document of the one kept last */
	struct history_row *kept;   /* own their notes and data */
	size_t kept_count;
};

void
history__rewrite_free(struct history_rewrite **rewrite)
{
	struct history_rewrite *w = *rewrite;
	size_t i;

	if (w == NULL)
		return;
	*rewrite = NULL;
	for (i = 0; i < w->kept_count; i++)
		free((void *)(uintptr_t)w->kept[i].data);
	free(w->kept);
	history__encoder_fini(&w->encoder);
	history__chain_fini(&w->chain);
	history__text_fini(&w->prefix);
	sst_buf_fini(&w->note);
	history__segment_fini(&w->segment);
	free(w);
}

/* The segment before, when it has that tier and room. */
static int
rewrite_find_lead(struct sst_history *h, struct history_rewrite *w, int64_t at,
    struct sst_error *err)
{
	struct history_tail tail = {0};
	struct history_segment s;
	int64_t first = 0;
	size_t i;
	int rc = history__run(&h->db, HISTORY_GET_BEFORE,
	    (const int64_t[2]){(int64_t)w->segment.first, 0}, &first, err);

	if (rc != SST_OK || first <= 0)
		return rc;
	rc = history__segment_load(h, (uint64_t)first, &s, err);
	if (rc != SST_OK)
		return rc;
	tail.revision = s.last;
	tail.segment = s.first;
	tail.deltas = (unsigned)s.count - 1;
	tail.keyframe_bytes = s.members[0].data_len;
	tail.begun_at = s.members[0].captured_at;
	for (i = 1; i < s.count; i++)
		tail.delta_bytes += s.members[i].data_len;
	if (s.tier == w->tier &&
	    history__tail_joins(&tail, at, w->encoder.span_ms)) {
		w->encoder.tail = tail;
		w->lead = tail.revision;
		history__chain_begin(&w->chain, tail.segment);
	}
	history__segment_fini(&s);
	return SST_OK;
}

/* Its documents stay as they are. */
static int
rewrite_mark(struct sst_history *h, struct sst_error *err)
{
	struct history_rewrite *w = h->rewrite;
	int rc = history__begin(&h->db, err);

	if (rc != SST_OK)
		return rc;
	rc = history__run(&h->db, HISTORY_PUT_TIER,
	    (const int64_t[2]){w->tier, (int64_t)w->segment.first}, NULL, err);
	rc = history__thin_end(h, rc, err);
	history__rewrite_free(&h->rewrite);
	return rc;
}

int
history__rewrite_begin(struct sst_history *history,
    struct history_segment *segment, int tier, struct sst_error *err)
{
	struct sst_history *h = history;
	struct history_rewrite *w = calloc(1, sizeof(*w));
	const struct history_tail none = {0};
	size_t i, kept = 0, first = 0;
	int rc = SST_OK;

	if (w == NULL)
		return sst_error_nomem(err);
	w->segment = *segment;
	memset(segment, 0, sizeof(*segment));
	w->tier = tier;
	for (i = 0; i < w->segment.count; i++) {
		if (!w->segment.members[i].keep)
			continue;
		if (kept++ == 0)
			first = i;
		w->end = i + 1;
	}
	history__encoder_init(
	    &w->encoder, &none, history__span_ms(&h->retention, tier));
	w->kept = calloc(kept, sizeof(*w->kept));
	if (w->kept == NULL)
		rc = sst_error_nomem(err);
	if (rc == SST_OK && tier < HISTORY_TIERS - 1)
		rc = rewrite_find_lead(
		    h, w, w->segment.members[first].captured_at, err);
	if (rc != SST_OK) {
		history__rewrite_free(&w);
		return rc;
	}
	/* what comes must not build on what goes */
	if (w->segment.newest)
		h->tail.segment = 0;
	h->rewrite = w;
	if (w->lead == 0)
		history__chain_begin(&w->chain, w->segment.first);
	if (w->lead == 0 && kept == w->segment.count)
		return rewrite_mark(h, err);
	return SST_OK;
}

/* One revision of the segment that it is added to. */
static int
rewrite_lead(
    struct sst_history *h, struct history_rewrite *w, struct sst_error *err)
{
	struct history_row row;
	int rc = history__chain_next(&w->chain, &h->db, w->lead, &row, err);

	if (rc != SST_OK || w->chain.revision != w->lead)
		return rc;
	rc = history__chain_check(&w->chain, err);
	if (rc != SST_OK)
		return rc;
	w->prefix = w->chain.held;
	memset(&w->chain.held, 0, sizeof(w->chain.held));
	w->encoder.prefix = w->prefix.bytes;
	w->encoder.prefix_len = w->prefix.len;
	w->lead = 0;
	history__chain_begin(&w->chain, w->segment.first);
	return SST_OK;
}

static int
rewrite_keep(struct history_rewrite *w, const struct history_row *from,
    struct sst_error *err)
{
	const struct history_text *document = &w->chain.held;
	struct history_row row = {
	    .revision = from->revision,
	    .captured_at = from->captured_at,
	    .document_len = from->document_len,
	    .hash = from->hash,
	};
	char *copy;
	int rc = history__chain_check(&w->chain, err);

	if (rc == SST_OK)
		rc = history__encode(&w->encoder, document->bytes, &row, err);
	if (rc != SST_OK)
		return rc;
	copy = malloc((size_t)row.data_len + w->note.len + 1);
	if (copy == NULL || !history__text_reserve(&w->prefix, document->len)) {
		free(copy);
		return sst_error_nomem(err);
	}
	memcpy(copy, row.data, (size_t)row.data_len);
	row.data = copy;
	if (w->note.len > 0) {
		memcpy(copy + row.data_len, w->note.data, w->note.len);
		row.note = copy + row.data_len;
		row.note_len = w->note.len;
	}
	w->kept[w->kept_count++] = row;
	if (document->len > 0)
		memcpy(w->prefix.bytes, document->bytes, document->len);
	w->prefix.len = document->len;
	w->encoder.prefix = w->prefix.bytes;
	return SST_OK;
}

static int
rewrite_member(
    struct sst_history *h, struct history_rewrite *w, struct sst_error *err)
{
	const struct history_member *m = &w->segment.members[w->next];
	struct history_row row;
	int rc;

	w->chain.note = &w->note;
	rc = history__chain_next(&w->chain, &h->db, m->revision, &row, err);
	if (rc == SST_OK && m->keep)
		rc = rewrite_keep(w, &row, err);
	if (rc == SST_OK)
		w->next++;
	return rc;
}

static int
rewrite_finish(struct sst_history *h, struct sst_error *err)
{
	struct history_rewrite *w = h->rewrite;
	size_t i;
	int rc = history__begin(&h->db, err);

	if (rc == SST_OK) {
		rc = history__segment_delete(h, &w->segment, err);
		for (i = 0; rc == SST_OK && i < w->kept_count; i++)
			rc =
			    history__row_put(&h->db, &w->kept[i], w->tier, err);
		rc = history__thin_end(h, rc, err);
	}
	if (rc == SST_OK) {
		history__segment_forget(h, &w->segment);
		for (i = 0; i < w->kept_count; i++)
			h->now.stored_bytes += w->kept[i].data_len;
	}
	history__rewrite_free(&h->rewrite);
	return rc;
}

int
history__rewrite_step(struct sst_history *history, struct sst_error *err)
{
	struct history_rewrite *w = history->rewrite;
	size_t used = 0;
	bool keep;
	int rc = SST_OK;

	while (rc == SST_OK && used < SLICE_BYTES && w->next < w->end) {
		keep = w->lead == 0 && w->segment.members[w->next].keep;
		rc = w->lead != 0 ? rewrite_lead(history, w, err)
				  : rewrite_member(history, w, err);
		/* an empty one costs too */
		used += (w->chain.held.len + HISTORY_PAGE_BYTES) *
			(keep ? ENCODE_COST : 1);
	}
	if (rc == SST_OK)
		return w->next < w->end ? SST_OK : rewrite_finish(history, err);
	/* what cannot be restored is left to be dropped with its segment */
	if (w->chain.damaged && !history->db.corrupt)
		return rewrite_mark(history, err);
	history__rewrite_free(&history->rewrite);
	return rc;
}
