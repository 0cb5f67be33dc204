/* Readers: each has a connection of its own. */
#include <stdlib.h>
#include <string.h>

#include "service/history_priv.h"

enum {
	/* The document restored last is kept, if no longer than this: those
	 * who compare ask for the next one too. */
	KEEP_BYTES = 32 << 20,
	ROWS_FIRST = 64
};

struct sst_history_reader {
	struct sst_history *history;
	unsigned generation; /* of the file that is open */
	struct history_db db;
	struct history_chain chain;
};

static int
reader_connect(struct sst_history_reader *r, struct sst_error *err)
{
	unsigned generation = atomic_load(&r->history->generation);
	int rc;

	if (r->db.sql != NULL && r->generation == generation)
		return SST_OK;
	/* also when it was renamed: SQLite does not touch what it moved to */
	history__db_close(&r->db);
	history__chain_begin(&r->chain, 0);
	rc = history__db_open(
	    &r->db, r->history->dir.db, r->history->vfs, HISTORY_READ, err);
	r->generation = generation;
	if (rc != SST_OK)
		history__db_close(&r->db);
	return rc;
}

int
sst_history_reader_open(struct sst_history *history,
    struct sst_history_reader **out, struct sst_error *err)
{
	struct sst_history_reader *r = calloc(1, sizeof(*r));
	int rc;

	if (r == NULL)
		return sst_error_nomem(err);
	r->history = history;
	rc = reader_connect(r, err);
	if (rc != SST_OK) {
		sst_history_reader_close(&r);
		return rc;
	}
	*out = r;
	return SST_OK;
}

void
sst_history_reader_close(struct sst_history_reader **reader)
{
	struct sst_history_reader *r = *reader;

	if (r == NULL)
		return;
	*reader = NULL;
	history__chain_fini(&r->chain);
	history__db_close(&r->db);
	free(r);
}

/* --- one document --- */

static int
reader_no_revision(
    struct sst_history_reader *r, uint64_t revision, struct sst_error *err)
{
	if (revision > atomic_load(&r->history->newest))
		return sst_error_set(err, SST_NOT_FOUND,
		    "revision %llu is not stored yet",
		    (unsigned long long)revision);
	return sst_error_set(err, SST_GONE, "revision %llu is no longer held",
	    (unsigned long long)revision);
}

/* From what is held, when that is a step on the way there; else, or if the
 * way has changed, from the keyframe. */
static int
reader_restore(struct sst_history_reader *r, uint64_t segment,
    uint64_t revision, struct sst_error *err)
{
	struct history_chain *c = &r->chain;
	int rc;

	if (c->revision != 0 && c->segment == segment &&
	    c->revision <= revision) {
		rc = history__chain_reach(c, &r->db, revision, err);
		if (rc == SST_OK || !c->damaged)
			return rc;
	}
	history__chain_begin(c, segment);
	return history__chain_reach(c, &r->db, revision, err);
}

static int
reader_read(
    struct sst_history_reader *r, uint64_t revision, struct sst_error *err)
{
	int64_t segment = 0;
	int rc = history__run(&r->db, HISTORY_GET_PLACE,
	    (const int64_t[2]){(int64_t)revision, 0}, &segment, err);

	if (rc != SST_OK)
		return rc;
	if (segment <= 0)
		return reader_no_revision(r, revision, err);
	return reader_restore(r, (uint64_t)segment, revision, err);
}

static int
reader_copy(struct sst_history_reader *r, char **bytes_out, size_t *len_out,
    struct sst_error *err)
{
	struct history_text *held = &r->chain.held;
	char *copy;

	history__text_fini(&r->chain.spare);
	if (held->len > KEEP_BYTES) {
		copy = held->bytes;
		r->chain.revision = 0;
	} else {
		copy = malloc(held->len + 1);
		if (copy == NULL)
			return sst_error_nomem(err);
		memcpy(copy, held->bytes, held->len);
	}
	copy[held->len] = '\0';
	*len_out = held->len;
	*bytes_out = copy;
	if (copy == held->bytes)
		memset(held, 0, sizeof(*held));
	return SST_OK;
}

int
sst_history_read(struct sst_history_reader *reader, uint64_t revision,
    char **bytes_out, size_t *len_out, struct sst_error *err)
{
	struct sst_history_reader *r = reader;
	int rc;

	if (revision == 0 || revision > INT64_MAX)
		return reader_no_revision(r, revision, err);
	rc = reader_connect(r, err);
	if (rc != SST_OK)
		return rc;
	r->db.doing = "read";
	/* one view of the file for all that it takes */
	rc = history__run(&r->db, HISTORY_BEGIN_READ, NULL, NULL, err);
	if (rc != SST_OK)
		return rc;
	rc = reader_read(r, revision, err);
	rc = history__end(&r->db, rc, err);
	return rc == SST_OK ? reader_copy(r, bytes_out, len_out, err) : rc;
}

/* --- times and lists --- */

int
sst_history_find(struct sst_history_reader *reader, struct sst_wall at,
    uint64_t *revision_out, struct sst_error *err)
{
	struct history_db *db = &reader->db;
	int64_t found = 0;
	int rc = reader_connect(reader, err);

	if (rc != SST_OK)
		return rc;
	db->doing = "look for a time";
	rc = history__run(
	    db, HISTORY_GET_AT, (const int64_t[2]){at.ms, 0}, &found, err);
	if (rc != SST_OK)
		return rc;
	if (found > 0) {
		*revision_out = (uint64_t)found;
		return SST_OK;
	}
	rc = history__run(db, HISTORY_GET_OLDEST, NULL, &found, err);
	if (rc != SST_OK)
		return rc;
	*revision_out = (uint64_t)found;
	return sst_error_set(
	    err, SST_GONE, "nothing of that time or before is held");
}

/* A note that is damaged is as good as none. */
static int
list_add(sqlite3_stmt *stmt, struct sst_history_row *to, struct sst_error *err)
{
	struct history_row row;

	history__row_fill(stmt, &row);
	*to = (struct sst_history_row){
	    .revision = row.revision,
	    .captured_at = {row.captured_at},
	    .document_bytes = row.document_len,
	    .stored_bytes = row.data_len,
	    .keyframe = row.base == 0,
	};
	if (!row.sealed || row.note_len == 0)
		return SST_OK;
	to->note = strndup(row.note, row.note_len);
	return to->note == NULL ? sst_error_nomem(err) : SST_OK;
}

static int
list_grow(struct sst_history_row **rows, size_t *room, size_t count,
    struct sst_error *err)
{
	struct sst_history_row *more;

	if (count < *room)
		return SST_OK;
	more = realloc(*rows, 2 * *room * sizeof(*more));
	if (more == NULL)
		return sst_error_nomem(err);
	*rows = more;
	*room *= 2;
	return SST_OK;
}

static int
list_read(struct history_db *db, sqlite3_stmt *stmt,
    struct sst_history_row **rows, size_t *count, struct sst_error *err)
{
	size_t room = ROWS_FIRST;
	bool row = true;
	int rc = SST_OK;

	while (rc == SST_OK) {
		rc = history__step(db, stmt, &row, err);
		if (rc != SST_OK || !row)
			return rc;
		rc = list_grow(rows, &room, *count, err);
		if (rc == SST_OK)
			rc = list_add(stmt, &(*rows)[(*count)++], err);
	}
	sqlite3_reset(stmt);
	return rc;
}

int
sst_history_list(struct sst_history_reader *reader,
    const struct sst_history_query *query, struct sst_history_row **out,
    size_t *count_out, struct sst_error *err)
{
	uint64_t below = query->below;
	struct sst_history_row *rows = NULL;
	sqlite3_stmt *stmt = NULL;
	size_t count = 0;
	int rc = reader_connect(reader, err);

	if (rc != SST_OK)
		return rc;
	reader->db.doing = "list";
	rc = history__stmt(&reader->db, HISTORY_GET_LINES, &stmt, err);
	if (rc != SST_OK)
		return rc;
	rows = calloc(ROWS_FIRST, sizeof(*rows));
	if (rows == NULL)
		return sst_error_nomem(err);
	if (below == 0 || below > INT64_MAX)
		below = INT64_MAX;
	sqlite3_bind_int64(stmt, 1, (int64_t)below);
	sqlite3_bind_int64(stmt, 2, query->from.ms);
	sqlite3_bind_int64(stmt, 3, query->to.ms);
	sqlite3_bind_int64(stmt, 4,
	    query->limit > INT32_MAX ? INT32_MAX : (int64_t)query->limit);
	rc = list_read(&reader->db, stmt, &rows, &count, err);
	if (rc != SST_OK) {
		sst_history_rows_free(rows, count);
		return rc;
	}
	*out = rows;
	*count_out = count;
	return SST_OK;
}

void
sst_history_rows_free(struct sst_history_row *rows, size_t count)
{
	size_t i;

	for (i = 0; rows != NULL && i < count; i++)
		free(rows[i].note);
	free(rows);
}
