/* The file as a whole: making it, and what a start believes of it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "service/history_priv.h"

enum { CHAIN_MAX = 4 * HISTORY_DELTAS_MAX };

/*
 * Lines and bodies are apart, so that a list or a look for a time reads a few
 * bytes a revision. seal: hash of what a row and its note say; data_hash: of
 * the frame.
 */
static const char *const schema[] = {
    "CREATE TABLE meta(id INTEGER PRIMARY KEY CHECK (id = 1), "
    "epoch TEXT NOT NULL, thinned_at INTEGER NOT NULL)",
    "CREATE TABLE revision(revision INTEGER PRIMARY KEY, "
    "captured_at INTEGER NOT NULL, segment INTEGER NOT NULL, "
    "base INTEGER NOT NULL, tier INTEGER NOT NULL, "
    "document_len INTEGER NOT NULL, stored_len INTEGER NOT NULL, "
    "hash BLOB NOT NULL, data_hash INTEGER NOT NULL, seal INTEGER NOT NULL)",
    "CREATE TABLE body(revision INTEGER PRIMARY KEY, note BLOB, "
    "data BLOB NOT NULL)",
    "CREATE INDEX segment_tier ON revision(tier, revision) WHERE base = 0",
};
enum { SCHEMA_COUNT = sizeof(schema) / sizeof(schema[0]) };

static int
file_error(struct sst_error *err, const char *verb, const char *path)
{
	int number = errno;

	sst_error_set(
	    err, SST_IO, "%s %s: %s", verb, path, strerrordesc_np(number));
	if (err != NULL)
		err->detail = number;
	return SST_IO;
}

/* SQLite would make it readable for everybody. */
static int
file_begin(const char *path, const char *journal, struct sst_error *err)
{
	int fd, rc = SST_OK;

	if ((unlink(path) != 0 && errno != ENOENT) ||
	    (unlink(journal) != 0 && errno != ENOENT))
		return file_error(err, "remove", path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || fchmod(fd, 0600) != 0)
		rc = file_error(err, "make", path);
	if (fd >= 0)
		close(fd);
	return rc;
}

static int
file_fill(struct history_db *db, const struct history_content *content,
    struct sst_error *err)
{
	struct sst_buf b = SST_BUF_INIT;
	int i, rc;

	sst_buf_addf(&b,
	    "PRAGMA page_size=%d;PRAGMA auto_vacuum=INCREMENTAL;"
	    "PRAGMA synchronous=FULL;BEGIN IMMEDIATE;",
	    HISTORY_PAGE_BYTES);
	sst_buf_addf(&b, "PRAGMA application_id=%d;PRAGMA user_version=%d;",
	    HISTORY_APPLICATION_ID, HISTORY_VERSION);
	for (i = 0; i < SCHEMA_COUNT; i++)
		sst_buf_addf(&b, "%s;", schema[i]);
	sst_buf_addf(&b, "INSERT INTO meta VALUES(1,'%s',%lld);COMMIT;",
	    content->epoch, (long long)content->thinned_at);
	rc = sst_buf_failed(&b) ? sst_error_nomem(err)
				: history__exec(db, b.data, err);
	sst_buf_fini(&b);
	return rc;
}

/* The name is safe on the disk only with its directory. */
static void
file_sync_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)fsync(fd);
	close(fd);
}

int
history__file_make(const struct history_dir *dir, const char *vfs,
    const struct history_content *content, struct sst_error *err)
{
	struct history_db db = {0};
	char *path = NULL, *journal = NULL;
	int rc = SST_OK;

	if (asprintf(&path, "%s.new", dir->db) < 0)
		path = NULL;
	if (asprintf(&journal, "%s.new-journal", dir->db) < 0)
		journal = NULL;
	if (path == NULL || journal == NULL)
		rc = sst_error_nomem(err);
	if (rc == SST_OK)
		rc = file_begin(path, journal, err);
	if (rc == SST_OK)
		rc = history__db_open(&db, path, vfs, HISTORY_MAKE, err);
	if (rc == SST_OK)
		rc = file_fill(&db, content, err);
	history__db_close(&db);
	if (rc == SST_OK && rename(path, dir->db) != 0)
		rc = file_error(err, "rename", path);
	if (rc == SST_OK)
		file_sync_dir(dir->path);
	free(path);
	free(journal);
	return rc;
}

static int
file_check_numbers(struct history_db *db, struct history_verdict *verdict,
    struct sst_error *err)
{
	int64_t application = 0, version = 0;
	int rc =
	    history__run(db, HISTORY_GET_APPLICATION, NULL, &application, err);

	if (rc == SST_OK)
		rc = history__run(db, HISTORY_GET_VERSION, NULL, &version, err);
	if (rc != SST_OK)
		return rc;
	if (application != HISTORY_APPLICATION_ID) {
		verdict->kind = "foreign";
		return history__damaged(db, err,
		    "an SQLite file of another program, application id %lld",
		    (long long)application);
	}
	if (version > HISTORY_VERSION) {
		verdict->kind = "newer";
		return history__damaged(db, err,
		    "written by a newer version: its format is %lld, not %d",
		    (long long)version, HISTORY_VERSION);
	}
	/* that it may be written to was looked at before */
	if (version != HISTORY_VERSION ||
	    sqlite3_db_readonly(db->sql, "main") != 0)
		return history__damaged(db, err, "its header is damaged");
	return SST_OK;
}

/* Exactly our tables: what else it holds could act when we write. */
static int
file_check_schema(struct history_db *db, struct sst_error *err)
{
	const unsigned char *text;
	sqlite3_stmt *stmt = NULL;
	bool row = true, same = true;
	int i = 0, rc = history__stmt(db, HISTORY_GET_SCHEMA, &stmt, err);

	while (rc == SST_OK && row) {
		rc = history__step(db, stmt, &row, err);
		if (rc != SST_OK || !row)
			break;
		text = sqlite3_column_text(stmt, 0);
		if (i >= SCHEMA_COUNT || text == NULL ||
		    strcmp((const char *)text, schema[i]) != 0)
			same = false;
		i++;
	}
	if (rc == SST_OK && (!same || i != SCHEMA_COUNT))
		rc = history__damaged(db, err, "its tables are not ours");
	return rc;
}

static int
file_load_meta(
    struct history_db *db, struct history_content *out, struct sst_error *err)
{
	const unsigned char *epoch;
	sqlite3_stmt *stmt = NULL;
	bool row, good = false;
	int rc = history__stmt(db, HISTORY_GET_META, &stmt, err);

	if (rc == SST_OK)
		rc = history__step(db, stmt, &row, err);
	if (rc != SST_OK)
		return rc;
	epoch = row ? sqlite3_column_text(stmt, 0) : NULL;
	if (epoch != NULL && strlen((const char *)epoch) == 16 &&
	    strspn((const char *)epoch, "0123456789abcdef") == 16) {
		memcpy(out->epoch, epoch, 17);
		out->thinned_at = sqlite3_column_int64(stmt, 1);
		good = true;
	}
	sqlite3_reset(stmt);
	return good ? SST_OK : history__damaged(db, err, "it has no epoch");
}

static int
file_load_totals(
    struct history_db *db, struct history_content *out, struct sst_error *err)
{
	struct sst_history_figures *f = &out->figures;
	sqlite3_stmt *stmt = NULL;
	int64_t value[5] = {0};
	bool row;
	int i, rc = history__stmt(db, HISTORY_GET_TOTALS, &stmt, err);

	if (rc == SST_OK)
		rc = history__step(db, stmt, &row, err);
	if (rc != SST_OK)
		return rc;
	for (i = 0; row && i < 5; i++)
		value[i] = sqlite3_column_int64(stmt, i);
	sqlite3_reset(stmt);
	for (i = 0; i < 5; i++) {
		if (value[i] < 0)
			return history__damaged(
			    db, err, "its sums are impossible");
	}
	if ((value[0] > 0) != (value[1] > 0))
		return history__damaged(
		    db, err, "it holds revision %lld", (long long)value[1]);
	f->revisions = (uint64_t)value[0];
	f->oldest = (uint64_t)value[1];
	f->newest = (uint64_t)value[2];
	f->document_bytes = (uint64_t)value[3];
	f->stored_bytes = (uint64_t)value[4];
	return SST_OK;
}

/* One row of the newest segment, after those that made the tail. */
static int
file_follow(struct history_db *db, const struct history_row *row,
    struct history_tail *tail, struct sst_error *err)
{
	bool first = tail->revision == 0;

	if (!row->sealed || !history__row_intact(row))
		return history__damaged(db, err, "revision %llu is damaged",
		    (unsigned long long)row->revision);
	if (row->segment != tail->segment || row->base != tail->revision ||
	    (first && row->revision != tail->segment) ||
	    tail->deltas >= CHAIN_MAX)
		return history__damaged(db, err,
		    "revision %llu does not follow revision %llu",
		    (unsigned long long)row->revision,
		    (unsigned long long)tail->revision);
	tail->revision = row->revision;
	if (first) {
		tail->keyframe_bytes = row->data_len;
		tail->begun_at = row->captured_at;
	} else {
		tail->deltas++;
		tail->delta_bytes += row->data_len;
	}
	return SST_OK;
}

/* All that the newest document is made of is as it was stored; whether it can
 * be restored from that, which takes longer, shows at the first use. */
static int
file_load_tail(
    struct history_db *db, struct history_content *out, struct sst_error *err)
{
	const int64_t newest = (int64_t)out->figures.newest;
	struct history_tail tail = {0};
	struct history_row row;
	sqlite3_stmt *stmt = NULL;
	int64_t segment = 0;
	bool more = true;
	int rc = history__run(db, HISTORY_GET_PLACE,
	    (const int64_t[2]){newest, 0}, &segment, err);

	if (rc == SST_OK && (segment <= 0 || segment > newest))
		return history__damaged(db, err,
		    "revision %lld is in no segment", (long long)newest);
	if (rc == SST_OK)
		rc = history__stmt(db, HISTORY_GET_ROWS, &stmt, err);
	if (rc != SST_OK)
		return rc;
	tail.segment = (uint64_t)segment;
	sqlite3_bind_int64(stmt, 1, segment - 1);
	sqlite3_bind_int64(stmt, 2, newest);
	while (rc == SST_OK) {
		rc = history__step(db, stmt, &more, err);
		if (rc != SST_OK || !more)
			break;
		history__row_fill(stmt, &row);
		rc = file_follow(db, &row, &tail, err);
		if (rc != SST_OK)
			sqlite3_reset(stmt);
	}
	if (rc == SST_OK && tail.revision != out->figures.newest)
		rc = history__damaged(db, err,
		    "revision %lld cannot be reached", (long long)newest);
	if (rc == SST_OK)
		out->tail = tail;
	return rc;
}

/* Only the segment that grows has no tier yet. */
static int
file_load_open(
    struct history_db *db, struct history_content *out, struct sst_error *err)
{
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	int rc = history__stmt(db, HISTORY_GET_SEGMENT, &stmt, err);

	if (rc != SST_OK)
		return rc;
	sqlite3_bind_int64(stmt, 1, (int64_t)out->tail.segment);
	rc = history__step(db, stmt, &row, err);
	if (rc == SST_OK && row) {
		if (sqlite3_column_int64(stmt, 2) != 0)
			out->tail.segment = 0;
		sqlite3_reset(stmt);
	}
	return rc;
}

int
history__file_load(struct history_db *db, struct history_content *out,
    struct history_verdict *verdict, struct sst_error *err)
{
	int rc;

	memset(out, 0, sizeof(*out));
	verdict->kind = "corrupt";
	rc = file_check_numbers(db, verdict, err);
	if (rc == SST_OK)
		rc = file_check_schema(db, err);
	if (rc == SST_OK)
		rc = file_load_meta(db, out, err);
	if (rc == SST_OK)
		rc = file_load_totals(db, out, err);
	if (rc == SST_OK && out->figures.newest > 0)
		rc = file_load_tail(db, out, err);
	if (rc == SST_OK && out->figures.newest > 0)
		rc = file_load_open(db, out, err);
	if (rc == SST_OK)
		verdict->kind = NULL;
	return rc;
}
