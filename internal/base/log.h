/*
 * Log records: one line each, one write(2) each, JSON or text.
 *
 * A record has a level, a stable upper-case id that scripts may match on
 * (SRC-DOWN), a subject (mostly the name of a source) and one sentence. The
 * caller logs a change of a failure, not each repetition of it.
 *
 * Any thread may log at any time; nothing here allocates or takes a lock, and
 * errno is preserved. This is the one file with mutable static state.
 */
#ifndef SST_BASE_LOG_H
#define SST_BASE_LOG_H

#include <stdbool.h>

enum sst_log_level {
	SST_LOG_ERROR,  /* the service cannot do what it was asked to */
	SST_LOG_WARN,   /* works, but somebody should look */
	SST_LOG_NOTICE, /* rare and normal: started, reloaded, source is back */
	SST_LOG_INFO,
	SST_LOG_DEBUG
};

enum sst_log_format {
	SST_LOG_AUTO, /* text when the descriptor is a terminal, else JSON */
	SST_LOG_JSON,
	SST_LOG_TEXT
};

/*
 * A line with its newline never exceeds this: PIPE_BUF on Linux, so that lines
 * of several writers to one pipe do not mix. Longer messages end in U+2026.
 */
enum { SST_LOG_LINE_BYTES = 4096, SST_LOG_REQUEST_BYTES = 64 };

/* Until called: info, auto, standard error. fd is borrowed, stays open. */
void
sst_log_configure(enum sst_log_level level, enum sst_log_format format, int fd);

/* Whether a record of this level would be written. */
bool sst_log_enabled(enum sst_log_level level);

/* "error", "warn", "notice", "info", "debug". */
const char *sst_log_level_name(enum sst_log_level level);

/*
 * Marks what this thread logs from now on with a request id (copied, cut after
 * SST_LOG_REQUEST_BYTES - 1 bytes); NULL or "" ends that.
 */
void sst_log_set_request(const char *request_id);

/*
 * Writes one record when the level is enabled (checked before formatting).
 * subject may be NULL. Members of the JSON line: time (RFC 3339 UTC, ms),
 * level, id, subject, request_id (both only if set), message. Control
 * characters and invalid UTF-8 never reach the descriptor. A line that cannot
 * be written is lost silently: logging never fails a caller.
 */
void sst_log(enum sst_log_level level, const char *id, const char *subject,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#define sst_log_err(...) sst_log(SST_LOG_ERROR, __VA_ARGS__)
#define sst_log_warn(...) sst_log(SST_LOG_WARN, __VA_ARGS__)
#define sst_log_notice(...) sst_log(SST_LOG_NOTICE, __VA_ARGS__)
#define sst_log_info(...) sst_log(SST_LOG_INFO, __VA_ARGS__)
#define sst_log_debug(...) sst_log(SST_LOG_DEBUG, __VA_ARGS__)

#endif
