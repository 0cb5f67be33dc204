/* Restoring documents: from the keyframe of a segment, delta after delta. */
#include <string.h>

#include "service/history_priv.h"

void
history__chain_fini(struct history_chain *chain)
{
	ZSTD_freeDCtx(chain->ctx);
	history__text_fini(&chain->held);
	history__text_fini(&chain->spare);
	memset(chain, 0, sizeof(*chain));
}

void
history__chain_begin(struct history_chain *chain, uint64_t segment)
{
	chain->segment = segment;
	chain->revision = 0;
}

/* The document is made where the one before the last was. */
static int
chain_apply(struct history_chain *c, const struct history_row *row,
    struct sst_error *err)
{
	struct history_text made;
	int rc;

	c->damaged = !row->sealed || !history__row_intact(row);
	if (c->damaged)
		return sst_error_set(err, SST_IO, "revision %llu is damaged",
		    (unsigned long long)row->revision);
	c->damaged = row->segment != c->segment || row->base != c->revision ||
		     (row->base == 0 && row->revision != c->segment);
	if (c->damaged)
		return sst_error_set(err, SST_IO,
		    "revision %llu does not follow revision %llu",
		    (unsigned long long)row->revision,
		    (unsigned long long)c->revision);
	rc = history__decode(
	    c->ctx, row->base == 0 ? NULL : &c->held, row, &c->spare, err);
	c->damaged = rc == SST_IO;
	if (rc != SST_OK)
		return rc;
	if (c->note != NULL) {
		sst_buf_clear(c->note);
		sst_buf_add(c->note, row->note, row->note_len);
		if (sst_buf_failed(c->note))
			return sst_error_nomem(err);
	}
	made = c->spare;
	c->spare = c->held;
	c->held = made;
	c->revision = row->revision;
	c->hash = row->hash;
	return SST_OK;
}

int
history__chain_next(struct history_chain *chain, struct history_db *db,
    uint64_t limit, struct history_row *row, struct sst_error *err)
{
	uint64_t after =
	    chain->revision != 0 ? chain->revision : chain->segment - 1;
	sqlite3_stmt *stmt = NULL;
	bool more = false;
	int rc;

	chain->damaged = false;
	if (chain->ctx == NULL)
		chain->ctx = ZSTD_createDCtx();
	if (chain->ctx == NULL)
		return sst_error_nomem(err);
	rc = history__stmt(db, HISTORY_GET_ROWS, &stmt, err);
	if (rc != SST_OK)
		return rc;
	sqlite3_bind_int64(stmt, 1, (int64_t)after);
	sqlite3_bind_int64(stmt, 2, (int64_t)limit);
	rc = history__step(db, stmt, &more, err);
	if (rc != SST_OK)
		return rc;
	if (!more) {
		chain->damaged = true;
		return sst_error_set(err, SST_IO,
		    "revision %llu is not where it should be",
		    (unsigned long long)limit);
	}
	history__row_fill(stmt, row);
	rc = chain_apply(chain, row, err);
	sqlite3_reset(stmt);
	return rc;
}

int
history__chain_check(struct history_chain *chain, struct sst_error *err)
{
	struct sst_hash hash =
	    sst_hash_bytes(chain->held.bytes, chain->held.len);

	chain->damaged = !sst_hash_equal(hash, chain->hash);
	if (!chain->damaged)
		return SST_OK;
	return sst_error_set(err, SST_IO,
	    "revision %llu does not have the bytes that were stored",
	    (unsigned long long)chain->revision);
}

int
history__chain_reach(struct history_chain *chain, struct history_db *db,
    uint64_t revision, struct sst_error *err)
{
	struct history_row row;
	int rc = SST_OK;

	chain->damaged = false;
	while (rc == SST_OK && chain->revision < revision)
		rc = history__chain_next(chain, db, revision, &row, err);
	if (rc == SST_OK)
		rc = history__chain_check(chain, err);
	if (rc != SST_OK && chain->damaged)
		sst_error_prefix(err, "%s: revision %llu", db->path,
		    (unsigned long long)revision);
	return rc;
}
