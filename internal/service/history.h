/*
 * Revisions on disk: SQLite with WAL, each document as a zstd frame, most of
 * them as the difference to the one before. Knows bytes, not snapshots.
 *
 * The writer is used by one thread at a time and blocks on files; each reader
 * thread opens a reader of its own and never waits for the writer.
 */
#ifndef SST_SERVICE_HISTORY_H
#define SST_SERVICE_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "model/entity.h"

struct sst_history;
struct sst_history_reader;

/* How long what is kept. Revisions younger than all_ms: every one; then the
 * last one of each minute, then of each hour, then none. */
struct sst_history_retention {
	int64_t all_ms;
	int64_t minutely_ms;
	int64_t hourly_ms;
	uint64_t max_bytes; /* of the file; the oldest go first */
};

struct sst_history_settings {
	const char *dir; /* made with mode 0700 when it is not there */
	const struct sst_clock *clock;
	struct sst_history_retention retention;
	const char *vfs; /* of SQLite; NULL: the default. A seam for tests. */
};

/* What was found when it was opened. */
struct sst_history_start {
	char epoch[17];        /* of what is held, or a new one */
	uint64_t revision;     /* newest held; 0: none */
	uint64_t published;    /* newest that there ever was, stored or not;
				* see sst_history_published() */
	char set_aside[512];   /* path a file that could not be used was
				* renamed to; "" */
	char reason[512];      /* why */
};

/*
 * Opens or creates DIR/history.db and locks DIR/lock for the lifetime. A file
 * that is corrupt, of another program or of a newer version is renamed to
 * history.db.<reason>-<UTC time> and a new one begun, never overwritten; a new
 * epoch then starts. SST_EXISTS: another process holds the lock (names its
 * pid); SST_IO with the path; SST_NOMEM.
 */
int sst_history_open(const struct sst_history_settings *settings,
    struct sst_history **out, struct sst_history_start *start,
    struct sst_error *err);
/* Commits what is pending. Accepts NULL; clears the pointer. */
void sst_history_close(struct sst_history **history);

/* One published revision; everything borrowed during the call. */
struct sst_history_record {
	uint64_t revision; /* above all that are held */
	struct sst_wall captured_at;
	const char *document; /* full view, identity coding */
	size_t document_len;
	struct sst_hash hash; /* of these bytes */
	const char *note;     /* JSON object, see sst_diff_write_note() */
	size_t note_len;
};

/*
 * Stores and commits records in order: when it returns, kill -9 cannot lose
 * them. All or nothing. SST_IO (disk full, I/O error: try again later, nothing
 * is damaged), SST_NOMEM, SST_INVALID (revision out of order). After a
 * corruption that SQLite reports the file is set aside at once and a new one
 * continues the same epoch; the records are then in it. So does a new one when
 * somebody has moved or removed the file.
 */
int sst_history_append(struct sst_history *history,
    const struct sst_history_record *records, size_t count,
    struct sst_error *err);

/*
 * Gives up the copy of the newest document, which the next difference is made
 * to: without it the next append reads it from the file, unless it is told.
 */
void sst_history_forget(struct sst_history *history);
/* Tells that document, by the writer's thread; copied. What is not what was
 * appended last is ignored. */
void sst_history_remember(struct sst_history *history, uint64_t revision,
    const char *document, size_t document_len);

/*
 * Notes that this revision is about to be seen, so that no later process gives
 * its number a second time, should this one end before it is stored. A number
 * in mapped memory: any thread, does not block, survives kill -9.
 */
void sst_history_published(struct sst_history *history, uint64_t revision);

/*
 * Does a bounded piece of thinning, in a transaction of its own; *more_out when
 * there is more to do. Codes as append.
 */
int sst_history_thin(
    struct sst_history *history, bool *more_out, struct sst_error *err);

struct sst_history_figures {
	uint64_t revisions; /* held */
	uint64_t oldest;    /* 0: none */
	uint64_t newest;
	uint64_t bytes;          /* of the file and its WAL */
	uint64_t document_bytes; /* what the held documents have in all */
	uint64_t stored_bytes;   /* what they take */
	uint64_t appended_total;
	uint64_t thinned_total;
	uint64_t set_aside_total;
};

/* Any thread; does not block. */
void sst_history_figures(
    const struct sst_history *history, struct sst_history_figures *out);

/* A reader for one thread; must be closed before the history. SST_IO. */
int sst_history_reader_open(struct sst_history *history,
    struct sst_history_reader **out, struct sst_error *err);
void sst_history_reader_close(struct sst_history_reader **reader);

/*
 * The bytes of a revision, checked against the hash they were stored with;
 * free() them. SST_GONE: no longer held; SST_NOT_FOUND: newer than the newest;
 * SST_IO: unreadable or corrupt (names the revision); SST_NOMEM.
 */
int sst_history_read(struct sst_history_reader *reader, uint64_t revision,
    char **bytes_out, size_t *len_out, struct sst_error *err);

/*
 * The newest revision captured at that time or before. SST_GONE: that is older
 * than everything held, *revision_out is then the oldest held (0: none).
 */
int sst_history_find(struct sst_history_reader *reader, struct sst_wall at,
    uint64_t *revision_out, struct sst_error *err);

/* One line of the list. */
struct sst_history_row {
	uint64_t revision;
	struct sst_wall captured_at;
	uint64_t document_bytes;
	uint64_t stored_bytes;
	bool keyframe;
	char *note; /* JSON object, or NULL */
};

/* Newest first: revisions of to and below, captured in [from, to]. */
struct sst_history_query {
	uint64_t below;       /* revisions less than this; 0: no bound */
	struct sst_wall from; /* captured at or after */
	struct sst_wall to;   /* captured at or before */
	size_t limit;
};

/* Free with the function below. SST_IO, SST_NOMEM. */
int sst_history_list(struct sst_history_reader *reader,
    const struct sst_history_query *query, struct sst_history_row **out,
    size_t *count_out, struct sst_error *err);
void sst_history_rows_free(struct sst_history_row *rows, size_t count);

#endif
