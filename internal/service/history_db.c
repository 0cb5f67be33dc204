/* SQLite: connections, statements, and what its errors mean. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "service/history_priv.h"

enum { BUSY_WRITER_MS = 250, BUSY_READER_MS = 2000 };

#define ROW                                                              \
	"r.revision, r.captured_at, r.segment, r.base, r.document_len, " \
	"r.stored_len, r.hash, r.data_hash, r.seal, b.note"
#define FROM \
	" FROM revision AS r LEFT JOIN body AS b ON b.revision = r.revision"

static const char *const texts[HISTORY_STMT_COUNT] = {
    [HISTORY_BEGIN] = "BEGIN IMMEDIATE",
    [HISTORY_BEGIN_READ] = "BEGIN",
    [HISTORY_COMMIT] = "COMMIT",
    [HISTORY_ROLLBACK] = "ROLLBACK",
    [HISTORY_JOURNAL] = "PRAGMA journal_mode=WAL",
    [HISTORY_GET_VERSION] = "PRAGMA user_version",
    [HISTORY_GET_APPLICATION] = "PRAGMA application_id",
    [HISTORY_GET_SCHEMA] = "SELECT sql FROM sqlite_master ORDER BY rowid",
    [HISTORY_GET_META] = "SELECT epoch, thinned_at FROM meta",
    [HISTORY_PUT_META] = "UPDATE meta SET thinned_at = ?1",
    [HISTORY_GET_TOTALS] = "SELECT count(*), min(revision), max(revision), "
			   "sum(document_len), sum(stored_len) FROM revision",
    [HISTORY_GET_OLDEST] = "SELECT min(revision) FROM revision",
    [HISTORY_GET_MIDDLE] = "SELECT captured_at FROM revision "
			   "ORDER BY revision LIMIT 1 OFFSET ?1",
    [HISTORY_GET_PLACE] = "SELECT segment FROM revision WHERE revision = ?1",
    /* revisions after ?1 up to ?2, with all that they have */
    [HISTORY_GET_ROWS] = "SELECT " ROW ", b.data" FROM
			 " WHERE r.revision > ?1 AND r.revision <= ?2 "
			 "ORDER BY r.revision",
    [HISTORY_GET_LINES] =
	"SELECT " ROW FROM " WHERE r.revision < ?1 AND r.captured_at >= ?2 "
	"AND r.captured_at <= ?3 "
	"ORDER BY r.revision DESC LIMIT ?4",
    [HISTORY_GET_AT] = "SELECT revision FROM revision "
		       "WHERE captured_at <= ?1 ORDER BY revision DESC LIMIT 1",
    [HISTORY_GET_SEGMENT] =
	"SELECT revision, segment, tier, captured_at, document_len, "
	"stored_len FROM revision WHERE revision >= ?1 ORDER BY revision",
    [HISTORY_GET_TIER] = "SELECT revision FROM revision "
			 "WHERE tier = ?1 AND base = 0 "
			 "ORDER BY revision LIMIT 1",
    [HISTORY_GET_BEFORE] = "SELECT segment FROM revision "
			   "WHERE revision < ?1 ORDER BY revision DESC LIMIT 1",
    [HISTORY_GET_LATER] = "SELECT min(captured_at) FROM revision "
			  "WHERE revision > ?1",
    [HISTORY_PUT_ROW] = "INSERT INTO revision(revision, captured_at, segment, "
			"base, tier, document_len, stored_len, hash, "
			"data_hash, seal) VALUES(?,?,?,?,?,?,?,?,?,?)",
    [HISTORY_PUT_BODY] = "INSERT INTO body(revision, note, data) "
			 "VALUES(?,?,?)",
    [HISTORY_PUT_TIER] = "UPDATE revision SET tier = ?1 WHERE revision = ?2",
    [HISTORY_DROP_ROWS] =
	"DELETE FROM revision WHERE revision >= ?1 AND revision <= ?2",
    [HISTORY_DROP_BODIES] =
	"DELETE FROM body WHERE revision >= ?1 AND revision <= ?2",
    [HISTORY_GET_PAGES] = "PRAGMA page_count",
    [HISTORY_GET_FREE] = "PRAGMA freelist_count",
    [HISTORY_VACUUM] = "PRAGMA incremental_vacuum(1024)",
    [HISTORY_CHECKPOINT] = "PRAGMA wal_checkpoint(TRUNCATE)",
};

/* secure_delete is on in some distributions: it writes all that is dropped. */
static const char settings[] = "PRAGMA mmap_size=0;"
			       "PRAGMA cache_size=-1024;"
			       "PRAGMA temp_store=MEMORY;"
			       "PRAGMA secure_delete=OFF;"
			       "PRAGMA cell_size_check=ON;"
			       "PRAGMA automatic_index=OFF;"
			       "PRAGMA synchronous=NORMAL;"
			       "PRAGMA journal_size_limit=4194304;";

static const char *
db_reason(struct history_db *db, int code, int number)
{
	if ((code & 0xff) == SQLITE_FULL || number == ENOSPC ||
	    number == EDQUOT)
		return "disk full";
	if (number != 0 && strerrordesc_np(number) != NULL)
		return strerrordesc_np(number);
	return sqlite3_errmsg(db->sql);
}

/* Says what the last call met. What is not due to the machine is due to the
 * file: these statements are right for ours. */
static int
db_failed(struct history_db *db, struct sst_error *err)
{
	int code = sqlite3_extended_errcode(db->sql), number = 0;

	switch (code & 0xff) {
	case SQLITE_NOMEM:
		return sst_error_nomem(err);
	case SQLITE_IOERR:
		if (code == SQLITE_IOERR_NOMEM)
			return sst_error_nomem(err);
		/* fallthrough */
	case SQLITE_CANTOPEN:
		number = sqlite3_system_errno(db->sql);
		break;
	case SQLITE_TOOBIG:
		return sst_error_set(
		    err, SST_INVALID, "%s: %s: too large", db->path, db->doing);
	case SQLITE_FULL:
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
	case SQLITE_PROTOCOL:
	case SQLITE_INTERRUPT:
		break;
	default:
		db->corrupt = true;
	}
	sst_error_set(err, SST_IO, "%s: %s: %s", db->path, db->doing,
	    db_reason(db, code, number));
	if (err != NULL)
		err->detail = number;
	return SST_IO;
}

int
history__damaged(
    struct history_db *db, struct sst_error *err, const char *fmt, ...)
{
	char text[HISTORY_REASON];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	db->corrupt = true;
	return sst_error_set(err, SST_IO, "%s: %s", db->path, text);
}

int
history__exec(struct history_db *db, const char *text, struct sst_error *err)
{
	if (sqlite3_exec(db->sql, text, NULL, NULL, NULL) != SQLITE_OK)
		return db_failed(db, err);
	return SST_OK;
}

/* Nothing in a file of unknown origin is run on its own. */
static void
db_harden(sqlite3 *sql)
{
	sqlite3_db_config(sql, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(sql, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(sql, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(sql, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	sqlite3_db_config(sql, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(sql, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
}

/* Readers need the log of the writer, so there is no other way. */
static int
db_use_wal(struct history_db *db, struct sst_error *err)
{
	const unsigned char *mode;
	sqlite3_stmt *stmt = NULL;
	bool row, wal = false;
	int rc = history__stmt(db, HISTORY_JOURNAL, &stmt, err);

	if (rc == SST_OK)
		rc = history__step(db, stmt, &row, err);
	if (rc != SST_OK)
		return rc;
	mode = row ? sqlite3_column_text(stmt, 0) : NULL;
	if (mode != NULL)
		wal = strcmp((const char *)mode, "wal") == 0;
	sqlite3_reset(stmt);
	if (!wal)
		return sst_error_set(err, SST_IO,
		    "%s: %s: the file system cannot do write-ahead logging",
		    db->path, db->doing);
	return SST_OK;
}

int
history__db_open(struct history_db *db, const char *path, const char *vfs,
    enum history_mode mode, struct sst_error *err)
{
	int flags =
	    mode == HISTORY_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
	int rc = SST_OK;

	memset(db, 0, sizeof(*db));
	db->path = path;
	db->doing = "open";
	if (sqlite3_open_v2(path, &db->sql, flags | SQLITE_OPEN_NOMUTEX, vfs) !=
	    SQLITE_OK)
		rc =
		    db->sql == NULL ? sst_error_nomem(err) : db_failed(db, err);
	if (rc == SST_OK) {
		sqlite3_extended_result_codes(db->sql, 1);
		sqlite3_busy_timeout(db->sql,
		    mode == HISTORY_READ ? BUSY_READER_MS : BUSY_WRITER_MS);
		sqlite3_db_config(db->sql, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
		    mode == HISTORY_READ, NULL);
		db_harden(db->sql);
		if (mode != HISTORY_MAKE)
			rc = history__exec(db, settings, err);
	}
	if (rc == SST_OK && mode == HISTORY_WRITE)
		rc = db_use_wal(db, err);
	/* the caller reads db->corrupt, and closes */
	return rc;
}

void
history__db_close(struct history_db *db)
{
	int i;

	for (i = 0; i < HISTORY_STMT_COUNT; i++) {
		sqlite3_finalize(db->stmts[i]);
		db->stmts[i] = NULL;
	}
	sqlite3_close(db->sql);
	db->sql = NULL;
}

void
history__db_abandon(struct history_db *db)
{
	if (db->sql != NULL)
		sqlite3_db_config(
		    db->sql, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	history__db_close(db);
}

int
history__stmt(struct history_db *db, enum history_stmt id, sqlite3_stmt **out,
    struct sst_error *err)
{
	if (db->stmts[id] == NULL &&
	    sqlite3_prepare_v3(db->sql, texts[id], -1,
		SQLITE_PREPARE_PERSISTENT, &db->stmts[id], NULL) != SQLITE_OK)
		return db_failed(db, err);
	*out = db->stmts[id];
	return SST_OK;
}

int
history__step(struct history_db *db, sqlite3_stmt *stmt, bool *row_out,
    struct sst_error *err)
{
	int code = sqlite3_step(stmt), rc = SST_OK;

	if (code != SQLITE_ROW && code != SQLITE_DONE)
		rc = db_failed(db, err);
	if (code != SQLITE_ROW) {
		sqlite3_reset(stmt);
		sqlite3_clear_bindings(stmt);
	}
	if (rc == SST_OK)
		*row_out = code == SQLITE_ROW;
	return rc;
}

int
history__run(struct history_db *db, enum history_stmt id,
    const int64_t numbers[2], int64_t *value_out, struct sst_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int64_t value = 0;
	bool row = true, first = true;
	int i, rc = history__stmt(db, id, &stmt, err);

	if (rc != SST_OK)
		return rc;
	for (i = 0; numbers != NULL && i < sqlite3_bind_parameter_count(stmt);
	     i++)
		sqlite3_bind_int64(stmt, i + 1, numbers[i]);
	/* to the end: some work a step at a time */
	while (rc == SST_OK && row) {
		rc = history__step(db, stmt, &row, err);
		if (rc == SST_OK && row && first)
			value = sqlite3_column_int64(stmt, 0);
		first = false;
	}
	if (rc == SST_OK && value_out != NULL)
		*value_out = value;
	return rc;
}

int
history__begin(struct history_db *db, struct sst_error *err)
{
	return history__run(db, HISTORY_BEGIN, NULL, NULL, err);
}

int
history__end(struct history_db *db, int code, struct sst_error *err)
{
	bool corrupt;

	if (code == SST_OK)
		code = history__run(db, HISTORY_COMMIT, NULL, NULL, err);
	if (code != SST_OK && sqlite3_get_autocommit(db->sql) == 0) {
		corrupt = db->corrupt;
		history__run(db, HISTORY_ROLLBACK, NULL, NULL, NULL);
		db->corrupt = corrupt;
	}
	return code;
}
