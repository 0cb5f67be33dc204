/*
 * What the files of the history share.
 *
 * A segment is a keyframe, a document compressed alone, and the revisions
 * after it, each compressed against the document before. Only the newest
 * segment grows. Older ones are thinned as a whole: what survives is written
 * anew at the end of the segment before, or as a segment of its own. So a
 * revision may outlive its time, by what its segment spans at most.
 *
 * Each row has a seal, a hash of all that it says, and a hash of its frame: a
 * damaged file is noticed, and never gives other bytes than were stored.
 */
#ifndef SST_SERVICE_HISTORY_PRIV_H
#define SST_SERVICE_HISTORY_PRIV_H

#include <sqlite3.h>
#include <sys/types.h>
#include <stdatomic.h>
#include <zstd.h>

#include "base/buf.h"
#include "base/lock.h"
#include "service/history.h"

enum {
	HISTORY_APPLICATION_ID = 0x73737468, /* "ssth" */
	HISTORY_VERSION = 1,
	/* Of a large document a keyframe takes 18 %, a delta after a change
	 * of 1 % 0.26 %: 100 of them cost 0.44 % each, and the last one is
	 * restored in a fifth of a second. */
	HISTORY_DELTAS_MAX = 100,
	HISTORY_TIERS = 4, /* all, minutely, hourly, none */
	HISTORY_PAGE_BYTES = 4096,
	HISTORY_REASON = SST_ERROR_TEXT
};

/* Longer documents are neither stored nor believed. */
#define HISTORY_DOCUMENT_MAX ((uint64_t)1 << 30)

/* --- history_dir.c: names in the directory --- */

struct history_dir {
	char *path;
	char *db;
	int lock_fd;
	struct history_note *note; /* in the lock; NULL: no room for it */
	dev_t device; /* of the file that is open */
	ino_t inode;
};

/* Makes the directory and takes its lock. SST_EXISTS, SST_IO, SST_NOMEM. */
int history__dir_open(
    const char *path, struct history_dir *dir, struct sst_error *err);
void history__dir_close(struct history_dir *dir);
/* Remembers which file it is that was opened. */
void history__dir_mark(struct history_dir *dir);
/* Whether another file, or none, is in its place. */
bool history__dir_moved(const struct history_dir *dir);
/* What was published of that epoch, 0 for another one; see
 * sst_history_published(). */
uint64_t history__dir_published(
    const struct history_dir *dir, const char epoch[17]);
void history__dir_publish(const struct history_dir *dir, uint64_t revision);

/* Why a file cannot be used; kind NULL: it can, or is not there. */
struct history_verdict {
	const char *kind; /* "corrupt", "foreign", "newer" */
	char reason[HISTORY_REASON];
};

/* Looks at the file without SQLite, which might write to it. SST_IO. */
int history__dir_inspect(const struct history_dir *dir, bool *there_out,
    struct history_verdict *verdict, struct sst_error *err);
/* Whether companions of a file that is not there lie about. */
bool history__dir_orphans(const struct history_dir *dir);
/* Renames the file and its companions; the new path to path_out. */
int history__dir_set_aside(const struct history_dir *dir,
    const struct sst_clock *clock, const char *kind, char path_out[512],
    struct sst_error *err);

/* --- history_db.c: one connection and its statements --- */

enum history_stmt {
	HISTORY_BEGIN,
	HISTORY_BEGIN_READ,
	HISTORY_COMMIT,
	HISTORY_ROLLBACK,
	HISTORY_JOURNAL,
	HISTORY_GET_VERSION,
	HISTORY_GET_APPLICATION,
	HISTORY_GET_SCHEMA,
	HISTORY_GET_META,
	HISTORY_PUT_META,
	HISTORY_GET_TOTALS,
	HISTORY_GET_OLDEST,
	HISTORY_GET_MIDDLE,
	HISTORY_GET_PLACE,
	HISTORY_GET_ROWS,
	HISTORY_GET_LINES,
	HISTORY_GET_AT,
	HISTORY_GET_SEGMENT,
	HISTORY_GET_TIER,
	HISTORY_GET_BEFORE,
	HISTORY_GET_LATER,
	HISTORY_PUT_ROW,
	HISTORY_PUT_BODY,
	HISTORY_PUT_TIER,
	HISTORY_DROP_ROWS,
	HISTORY_DROP_BODIES,
	HISTORY_GET_PAGES,
	HISTORY_GET_FREE,
	HISTORY_VACUUM,
	HISTORY_CHECKPOINT,
	HISTORY_STMT_COUNT
};

struct history_db {
	sqlite3 *sql;     /* NULL: closed */
	const char *path; /* borrowed; for messages too */
	const char *doing;
	bool corrupt; /* the last failure says that the file is damaged */
	sqlite3_stmt *stmts[HISTORY_STMT_COUNT];
};

enum history_mode { HISTORY_MAKE, HISTORY_WRITE, HISTORY_READ };

int history__db_open(struct history_db *db, const char *path, const char *vfs,
    enum history_mode mode, struct sst_error *err);
void history__db_close(struct history_db *db);
/* For a file that is not to be written to any more. */
void history__db_abandon(struct history_db *db);
int
history__exec(struct history_db *db, const char *text, struct sst_error *err);
/* A statement that is prepared on its first use; borrowed. */
int history__stmt(struct history_db *db, enum history_stmt id,
    sqlite3_stmt **out, struct sst_error *err);
/* Steps. Where there is no row, the statement is reset. */
int history__step(struct history_db *db, sqlite3_stmt *stmt, bool *row_out,
    struct sst_error *err);
/* Runs a statement with up to two numbers; its first column to value_out,
 * which may be NULL, 0 when there is no row. */
int history__run(struct history_db *db, enum history_stmt id,
    const int64_t numbers[2], int64_t *value_out, struct sst_error *err);
int history__begin(struct history_db *db, struct sst_error *err);
/* Commits when code is SST_OK; when it is not, or that fails, rolls back. */
int history__end(struct history_db *db, int code, struct sst_error *err);
/* The file is damaged; returns SST_IO. */
int history__damaged(struct history_db *db, struct sst_error *err,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* --- history_file.c: the file as a whole --- */

/* Where the next revision goes. */
struct history_tail {
	uint64_t revision; /* the last one before; 0: none */
	uint64_t segment;  /* it may join this one; 0: it begins one */
	unsigned deltas;
	uint64_t keyframe_bytes;
	uint64_t delta_bytes;
	int64_t begun_at; /* of the keyframe */
};

struct history_content {
	char epoch[17];
	int64_t thinned_at;
	struct history_tail tail;
	struct sst_history_figures figures;
};

/* Makes an empty file, complete before it gets its name. */
int history__file_make(const struct history_dir *dir, const char *vfs,
    const struct history_content *content, struct sst_error *err);
/* Reads what an opened file holds and checks the newest segment. SST_IO, with
 * a verdict when it is not for us. */
int history__file_load(struct history_db *db, struct history_content *out,
    struct history_verdict *verdict, struct sst_error *err);

/* --- history_row.c --- */

struct history_row {
	uint64_t revision;
	uint64_t segment;
	uint64_t base; /* revision it is the difference to; 0: keyframe */
	int64_t captured_at;
	uint64_t document_len;
	uint64_t data_len;
	uint64_t data_hash;
	struct sst_hash hash; /* of the document */
	const void *note;     /* borrowed, as data */
	size_t note_len;
	const void *data; /* NULL: not asked for, or not there */
	bool sealed;      /* says what was stored, but for data */
};

/* The columns of HISTORY_GET_ROWS, and of HISTORY_GET_LINES but for the last;
 * what it borrows is valid until the statement moves. */
void history__row_fill(sqlite3_stmt *stmt, struct history_row *row);
/* Whether data is what was stored. */
bool history__row_intact(const struct history_row *row);
/* Stores it, in a transaction of the caller; fills data_hash. */
int history__row_put(struct history_db *db, struct history_row *row, int tier,
    struct sst_error *err);

/* --- history_codec.c --- */

struct history_text {
	char *bytes;
	size_t len;
	size_t cap;
};

bool history__text_reserve(struct history_text *text, size_t len);
void history__text_fini(struct history_text *text);

struct history_encoder {
	ZSTD_CCtx *ctx;
	struct history_tail tail;
	const char *prefix; /* document of tail.revision, borrowed */
	size_t prefix_len;
	int64_t span_ms; /* a segment spans no more */
	struct history_text frame;
};

void history__encoder_init(struct history_encoder *encoder,
    const struct history_tail *tail, int64_t span_ms);
void history__encoder_fini(struct history_encoder *encoder);
/* Whether a revision of that time joins the segment, if its delta is small. */
bool history__tail_joins(
    const struct history_tail *tail, int64_t captured_at, int64_t span_ms);
/* Makes the frame of a row whose revision, captured_at and document_len are
 * set; fills segment, base, data and data_len (borrowed until the next call)
 * and moves the tail. The document is the next prefix, so it must stay. */
int history__encode(struct history_encoder *encoder, const char *document,
    struct history_row *row, struct sst_error *err);
/* One frame; prefix NULL: a keyframe. SST_IO: a bad one, SST_NOMEM. */
int history__decode(ZSTD_DCtx *ctx, const struct history_text *prefix,
    const struct history_row *row, struct history_text *out,
    struct sst_error *err);

/* --- history_chain.c: restoring revision after revision --- */

struct history_chain {
	ZSTD_DCtx *ctx;
	uint64_t segment;
	uint64_t revision;    /* whose document is held; 0: none */
	struct sst_hash hash; /* that it is to have */
	struct history_text held;
	struct history_text spare;
	bool damaged;         /* the last failure is about stored bytes */
	struct sst_buf *note; /* NULL, or takes the note of each row */
};

void history__chain_fini(struct history_chain *chain);
/* Forgets the document; the next one is the keyframe of that segment. */
void history__chain_begin(struct history_chain *chain, uint64_t segment);
/* Restores the next revision up to limit, and does not compare its hash. row
 * is valid but for what it borrows. SST_IO, SST_NOMEM. */
int history__chain_next(struct history_chain *chain, struct history_db *db,
    uint64_t limit, struct history_row *row, struct sst_error *err);
/* Restores until that revision of the segment, and compares. */
int history__chain_reach(struct history_chain *chain, struct history_db *db,
    uint64_t revision, struct sst_error *err);
/* Whether the document has the hash it was stored with; else SST_IO. */
int history__chain_check(struct history_chain *chain, struct sst_error *err);

/* --- history.c --- */

/* A segment that is being thinned, a slice a call: see history_rewrite.c. */
struct history_rewrite;

struct sst_history {
	struct history_dir dir;
	const struct sst_clock *clock;
	struct sst_history_retention retention;
	char *vfs; /* NULL: the default */
	char epoch[17];
	struct history_db db;
	struct history_tail tail;
	struct history_text last; /* document of tail.revision */
	bool last_held;
	struct sst_hash last_hash; /* of what was appended last */
	bool last_hash_known;
	struct history_rewrite *rewrite; /* NULL: none */
	bool shrinking;
	int64_t thin_at;                /* the time that thinning believes in */
	int64_t thin_saved;             /* that is stored */
	struct sst_mono thin_seen;      /* when it was last moved */
	struct sst_history_figures now; /* the writer's */
	_Atomic uint64_t newest;        /* ever stored */
	atomic_uint generation;         /* of the file */
	struct history_verdict aside;   /* the file that is there must go */
	struct sst_lock lock;           /* leaf; guards figures */
	struct sst_lock *guard; /* that one, for those who may only read */
	struct sst_history_figures figures;
};

/* Goes on with a new file where the last one is to be, or was, set aside. */
int history__ready(struct sst_history *history, struct sst_error *err);
/* After a failure that says that the file is damaged: sets it aside and goes
 * on in a new one of the same epoch. */
int history__recover(struct sst_history *history, struct sst_error *err);
/* Makes `now` visible. */
void history__publish(struct sst_history *history);
uint64_t history__wal_bytes(const struct sst_history *history);

/* --- history_thin.c, history_rewrite.c --- */

/* Longest time between the first and the last of a segment. */
int64_t
history__span_ms(const struct sst_history_retention *retention, int tier);

/* A revision of a segment that is looked at. */
struct history_member {
	uint64_t revision;
	int64_t captured_at;
	uint64_t document_len;
	uint64_t data_len;
	bool keep;
};

struct history_segment {
	uint64_t first;
	uint64_t last;
	int tier;
	bool newest; /* the newest revision is in it */
	struct history_member *members;
	size_t count;
	bool followed;   /* a later revision is held */
	int64_t next_at; /* its time */
};

/* SST_NOT_FOUND: there is none. Free with the function below. */
int history__segment_load(struct sst_history *history, uint64_t first,
    struct history_segment *out, struct sst_error *err);
void history__segment_fini(struct history_segment *segment);
/* Drops members (all: also those to keep) from the figures. */
void history__segment_forget(
    struct sst_history *history, const struct history_segment *segment);
/* In a transaction of the caller. */
int history__segment_delete(struct sst_history *history,
    const struct history_segment *segment, struct sst_error *err);
/* Finishes a transaction of thinning: notes the time, commits. */
int
history__thin_end(struct sst_history *history, int code, struct sst_error *err);

/* Takes the segment over, which is to get that tier and to keep some. */
int history__rewrite_begin(struct sst_history *history,
    struct history_segment *segment, int tier, struct sst_error *err);
/* A slice. history->rewrite is NULL when it is done, or failed. */
int history__rewrite_step(struct sst_history *history, struct sst_error *err);
void history__rewrite_free(struct history_rewrite **rewrite);

#endif
