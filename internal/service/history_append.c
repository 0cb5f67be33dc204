/* Storing revisions. */
#include <string.h>

#include "service/history_priv.h"

static int
append_check(const struct sst_history *h,
    const struct sst_history_record *records, size_t count,
    struct sst_error *err)
{
	uint64_t before = h->tail.revision;
	size_t i;

	for (i = 0; i < count; i++) {
		if (records[i].revision <= before ||
		    records[i].revision > INT64_MAX)
			return sst_error_set(err, SST_INVALID,
			    "revision %llu after revision %llu",
			    (unsigned long long)records[i].revision,
			    (unsigned long long)before);
		if (records[i].document_len > HISTORY_DOCUMENT_MAX)
			return sst_error_set(err, SST_INVALID,
			    "revision %llu: %zu bytes are too many",
			    (unsigned long long)records[i].revision,
			    records[i].document_len);
		before = records[i].revision;
	}
	return SST_OK;
}

/* After a start, the document that the next one is a difference to. */
static int
append_recall(struct sst_history *h, struct sst_error *err)
{
	struct history_chain chain = {0};
	int rc;

	history__chain_begin(&chain, h->tail.segment);
	rc = history__chain_reach(&chain, &h->db, h->tail.revision, err);
	if (rc == SST_OK) {
		history__text_fini(&h->last);
		h->last = chain.held;
		memset(&chain.held, 0, sizeof(chain.held));
		h->last_held = true;
	} else if (chain.damaged) {
		h->db.corrupt = true;
	}
	history__chain_fini(&chain);
	return rc;
}

static int
append_put(struct sst_history *h, struct history_encoder *encoder,
    const struct sst_history_record *record, struct sst_error *err)
{
	struct history_row row = {
	    .revision = record->revision,
	    .captured_at = record->captured_at.ms,
	    .document_len = record->document_len,
	    .hash = record->hash,
	    .note = record->note,
	    .note_len = record->note_len,
	};
	int rc = history__encode(encoder, record->document, &row, err);

	if (rc == SST_OK)
		rc = history__row_put(&h->db, &row, 0, err);
	if (rc == SST_OK)
		h->now.stored_bytes += row.data_len;
	return rc;
}

static void
append_done(struct sst_history *h, const struct history_tail *tail,
    const struct sst_history_record *records, size_t count)
{
	const struct sst_history_record *newest = &records[count - 1];
	struct sst_history_figures *f = &h->now;
	size_t i;

	for (i = 0; i < count; i++)
		f->document_bytes += records[i].document_len;
	if (f->revisions == 0)
		f->oldest = records[0].revision;
	f->revisions += count;
	f->appended_total += count;
	f->newest = newest->revision;
	h->tail = *tail;
	if (newest->document_len > 0)
		memcpy(h->last.bytes, newest->document, newest->document_len);
	h->last.len = newest->document_len;
	h->last_held = true;
	h->last_hash = newest->hash;
	h->last_hash_known = true;
	history__publish(h);
}

/* What memory is needed afterwards is taken before the commit: nothing can
 * fail any more then. */
static int
append_all(struct sst_history *h, const struct sst_history_record *records,
    size_t count, struct sst_error *err)
{
	const int64_t span_ms = history__span_ms(&h->retention, 0);
	const uint64_t stored_bytes = h->now.stored_bytes;
	struct history_encoder encoder;
	size_t i;
	int rc = SST_OK;

	if (!h->last_held &&
	    history__tail_joins(&h->tail, records[0].captured_at.ms, span_ms))
		rc = append_recall(h, err);
	if (rc == SST_OK)
		rc = history__begin(&h->db, err);
	if (rc != SST_OK)
		return rc;
	history__encoder_init(&encoder, &h->tail, span_ms);
	if (h->last_held) {
		encoder.prefix = h->last.bytes;
		encoder.prefix_len = h->last.len;
	}
	for (i = 0; i < count && rc == SST_OK; i++)
		rc = append_put(h, &encoder, &records[i], err);
	/* the encoder is done with what moves here */
	if (rc == SST_OK &&
	    !history__text_reserve(&h->last, records[count - 1].document_len))
		rc = sst_error_nomem(err);
	rc = history__end(&h->db, rc, err);
	if (rc == SST_OK)
		append_done(h, &encoder.tail, records, count);
	else
		h->now.stored_bytes = stored_bytes;
	history__encoder_fini(&encoder);
	return rc;
}

void
sst_history_forget(struct sst_history *history)
{
	history__text_fini(&history->last);
	history->last_held = false;
}

void
sst_history_remember(struct sst_history *history, uint64_t revision,
    const char *document, size_t document_len)
{
	struct sst_history *h = history;

	/* a difference to other bytes could never be read again */
	if (h->last_held || !h->last_hash_known ||
	    revision != h->tail.revision || document_len == 0 ||
	    !sst_hash_equal(
		sst_hash_bytes(document, document_len), h->last_hash) ||
	    !history__text_reserve(&h->last, document_len))
		return;
	memcpy(h->last.bytes, document, document_len);
	h->last.len = document_len;
	h->last_held = true;
}

int
sst_history_append(struct sst_history *history,
    const struct sst_history_record *records, size_t count,
    struct sst_error *err)
{
	struct sst_history *h = history;
	int rc = append_check(h, records, count, err);

	if (rc == SST_OK)
		rc = history__ready(h, err);
	if (rc != SST_OK || count == 0)
		return rc;
	h->db.doing = "store";
	rc = append_all(h, records, count, err);
	if (rc != SST_OK && h->db.corrupt) {
		rc = history__recover(h, err);
		if (rc == SST_OK)
			rc = append_all(h, records, count, err);
	}
	return rc;
}
