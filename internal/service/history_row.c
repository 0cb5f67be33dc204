/* Rows: what is stored of a revision, and how damage to it is noticed. */
#include <endian.h>
#include <string.h>

#include "service/history_priv.h"

static uint64_t
row_seal(const struct history_row *row)
{
	const uint64_t words[] = {
	    htole64(row->revision),
	    htole64(row->segment),
	    htole64(row->base),
	    htole64((uint64_t)row->captured_at),
	    htole64(row->document_len),
	    htole64(row->data_len),
	    htole64(row->data_hash),
	    htole64(row->hash.low),
	    htole64(row->hash.high),
	    htole64(sst_hash_bytes(row->note, row->note_len).low),
	};

	return sst_hash_bytes(words, sizeof(words)).low;
}

void
history__row_fill(sqlite3_stmt *stmt, struct history_row *row)
{
	const void *hash = sqlite3_column_blob(stmt, 6);
	uint64_t words[2] = {0};

	memset(row, 0, sizeof(*row));
	row->revision = (uint64_t)sqlite3_column_int64(stmt, 0);
	row->captured_at = sqlite3_column_int64(stmt, 1);
	row->segment = (uint64_t)sqlite3_column_int64(stmt, 2);
	row->base = (uint64_t)sqlite3_column_int64(stmt, 3);
	row->document_len = (uint64_t)sqlite3_column_int64(stmt, 4);
	row->data_len = (uint64_t)sqlite3_column_int64(stmt, 5);
	if (hash != NULL && sqlite3_column_bytes(stmt, 6) == sizeof(words))
		memcpy(words, hash, sizeof(words));
	row->hash.low = le64toh(words[0]);
	row->hash.high = le64toh(words[1]);
	row->data_hash = (uint64_t)sqlite3_column_int64(stmt, 7);
	row->note = sqlite3_column_blob(stmt, 9);
	row->note_len = (size_t)sqlite3_column_bytes(stmt, 9);
	if (row->note == NULL)
		row->note_len = 0;
	row->sealed =
	    row_seal(row) == (uint64_t)sqlite3_column_int64(stmt, 8) &&
	    row->document_len <= HISTORY_DOCUMENT_MAX;
	if (sqlite3_column_count(stmt) > 10)
		row->data = sqlite3_column_blob(stmt, 10);
	if (row->data != NULL &&
	    (uint64_t)sqlite3_column_bytes(stmt, 10) != row->data_len)
		row->data = NULL;
}

bool
history__row_intact(const struct history_row *row)
{
	return row->data != NULL &&
	       sst_hash_bytes(row->data, row->data_len).low == row->data_hash;
}

static int
row_put_body(
    struct history_db *db, const struct history_row *row, struct sst_error *err)
{
	sqlite3_stmt *stmt = NULL;
	bool more;
	int rc = history__stmt(db, HISTORY_PUT_BODY, &stmt, err);

	if (rc != SST_OK)
		return rc;
	sqlite3_bind_int64(stmt, 1, (int64_t)row->revision);
	if (row->note != NULL)
		sqlite3_bind_blob64(
		    stmt, 2, row->note, row->note_len, SQLITE_STATIC);
	sqlite3_bind_blob64(stmt, 3, row->data, row->data_len, SQLITE_STATIC);
	return history__step(db, stmt, &more, err);
}

int
history__row_put(struct history_db *db, struct history_row *row, int tier,
    struct sst_error *err)
{
	const uint64_t words[2] = {
	    htole64(row->hash.low), htole64(row->hash.high)};
	sqlite3_stmt *stmt = NULL;
	bool more;
	int rc = history__stmt(db, HISTORY_PUT_ROW, &stmt, err);

	if (rc != SST_OK)
		return rc;
	row->data_hash = sst_hash_bytes(row->data, row->data_len).low;
	sqlite3_bind_int64(stmt, 1, (int64_t)row->revision);
	sqlite3_bind_int64(stmt, 2, row->captured_at);
	sqlite3_bind_int64(stmt, 3, (int64_t)row->segment);
	sqlite3_bind_int64(stmt, 4, (int64_t)row->base);
	sqlite3_bind_int(stmt, 5, tier);
	sqlite3_bind_int64(stmt, 6, (int64_t)row->document_len);
	sqlite3_bind_int64(stmt, 7, (int64_t)row->data_len);
	sqlite3_bind_blob(stmt, 8, words, sizeof(words), SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 9, (int64_t)row->data_hash);
	sqlite3_bind_int64(stmt, 10, (int64_t)row_seal(row));
	rc = history__step(db, stmt, &more, err);
	return rc == SST_OK ? row_put_body(db, row, err) : rc;
}
