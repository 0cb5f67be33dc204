#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/time.h"

enum {
	LOG_ID_MAX = 64,       /* bytes kept of an id */
	LOG_SUBJECT_MAX = 256, /* bytes kept of a subject */
	LOG_TAIL = 8 /* room for the ellipsis, quote, brace, newline */
};

_Static_assert(SST_LOG_LINE_BYTES <= PIPE_BUF, "a line is written at once");

static atomic_int log_level = SST_LOG_INFO;
static atomic_int log_format = SST_LOG_AUTO;
static atomic_int log_fd = STDERR_FILENO;
static _Thread_local char log_request[SST_LOG_REQUEST_BYTES];

struct line {
	char data[SST_LOG_LINE_BYTES];
	size_t len;
	bool json;
	bool full;
};

void
sst_log_configure(enum sst_log_level level, enum sst_log_format format, int fd)
{
	if (format == SST_LOG_AUTO)
		format = isatty(fd) ? SST_LOG_TEXT : SST_LOG_JSON;
	atomic_store(&log_level, (int)level);
	atomic_store(&log_format, (int)format);
	atomic_store(&log_fd, fd);
}

bool
sst_log_enabled(enum sst_log_level level)
{
	return (int)level <=
	       atomic_load_explicit(&log_level, memory_order_relaxed);
}

const char *
sst_log_level_name(enum sst_log_level level)
{
	static const char *const names[] = {
	    "error", "warn", "notice", "info", "debug"};

	return names[level];
}

void
sst_log_set_request(const char *request_id)
{
	size_t n = request_id == NULL ? 0 : strlen(request_id);

	if (n >= sizeof(log_request))
		n = sizeof(log_request) - 1;
	memcpy(log_request, n > 0 ? request_id : "", n);
	log_request[n] = '\0';
}

static void
log_now(char out[static SST_TIME_TEXT])
{
	struct sst_wall now = sst_clock_wall(sst_clock_real());

	sst_time_format_utc(now.ms, true, out);
}

/* Bytes that must stay together; the first that does not fit ends the text. */
static void
line_add(struct line *l, const char *p, size_t n)
{
	if (l->full)
		return;
	if (l->len + n + LOG_TAIL > sizeof(l->data)) {
		l->full = true;
		p = "\xe2\x80\xa6";
		n = 3;
	}
	memcpy(l->data + l->len, p, n);
	l->len += n;
}

/* One character from outside, escaped for the format. */
static void
line_add_char(struct line *l, uint32_t cp, const char *p, size_t n)
{
	char escaped[8];

	if (!l->json) {
		if (sst_text_is_control(cp))
			line_add(l, " ", 1);
		else
			line_add(l, p, n);
	} else if (cp == '"' || cp == '\\') {
		escaped[0] = '\\';
		escaped[1] = (char)cp;
		line_add(l, escaped, 2);
	} else if (cp < 0x10000 && sst_text_is_control(cp)) {
		snprintf(escaped, sizeof(escaped), "\\u%04x", (unsigned)cp);
		line_add(l, escaped, 6);
	} else if (sst_text_is_control(cp)) {
		line_add(l, "?", 1);
	} else {
		line_add(l, p, n);
	}
}

static void
line_add_text(struct line *l, const char *text, size_t len)
{
	uint32_t cp = 0;
	size_t i = 0, n;

	while (i < len && !l->full) {
		n = sst_text_decode(text + i, len - i, &cp);
		if (n == 0) {
			line_add(l, "\xef\xbf\xbd", 3);
			n = 1;
		} else {
			line_add_char(l, cp, text + i, n);
		}
		i += n;
	}
}

/* ,"name":"text" */
static void
line_add_member(struct line *l, const char *name, const char *text, size_t max)
{
	line_add(l, l->len == 0 ? "{\"" : ",\"", 2);
	line_add(l, name, strlen(name));
	line_add(l, "\":\"", 3);
	line_add_text(l, text, strnlen(text, max));
	if (!l->full)
		line_add(l, "\"", 1);
}

static void
line_build_json(struct line *l, enum sst_log_level level, const char *id,
    const char *subject, const char *message)
{
	char now[SST_TIME_TEXT];

	l->json = true;
	log_now(now);
	line_add_member(l, "time", now, sizeof(now));
	line_add_member(l, "level", sst_log_level_name(level), LOG_ID_MAX);
	line_add_member(l, "id", id, LOG_ID_MAX);
	if (subject != NULL)
		line_add_member(l, "subject", subject, LOG_SUBJECT_MAX);
	if (log_request[0] != '\0')
		line_add_member(
		    l, "request_id", log_request, sizeof(log_request));
	line_add_member(l, "message", message, SST_LOG_LINE_BYTES);
	/* only the message can have filled the line */
	if (l->full)
		l->data[l->len++] = '"';
	l->data[l->len++] = '}';
}

static void
line_build_text(struct line *l, enum sst_log_level level, const char *id,
    const char *subject, const char *message)
{
	const char *name = sst_log_level_name(level);
	char now[SST_TIME_TEXT];

	log_now(now);
	line_add_text(l, now, strlen(now));
	line_add(l, " ", 1);
	line_add_text(l, name, strlen(name));
	line_add(l, " ", 1);
	line_add_text(l, id, strnlen(id, LOG_ID_MAX));
	if (subject != NULL) {
		line_add(l, " ", 1);
		line_add_text(l, subject, strnlen(subject, LOG_SUBJECT_MAX));
	}
	line_add(l, ": ", 2);
	line_add_text(l, message, strlen(message));
	if (log_request[0] != '\0') {
		line_add(l, " (request ", 10);
		line_add_text(l, log_request, strlen(log_request));
		line_add(l, ")", 1);
	}
}

/* One write(2); a full pipe or a closed descriptor loses the line. */
static void
line_write(struct line *l)
{
	int fd = atomic_load(&log_fd);
	ssize_t n;

	l->data[l->len++] = '\n';
	do {
		n = write(fd, l->data, l->len);
	} while (n < 0 && errno == EINTR);
}

void
sst_log(enum sst_log_level level, const char *id, const char *subject,
    const char *fmt, ...)
{
	char message[SST_LOG_LINE_BYTES];
	struct line l = {.len = 0, .json = false, .full = false};
	int saved = errno, format;
	va_list ap;

	if (!sst_log_enabled(level))
		return;
	format = atomic_load(&log_format);
	if (format == SST_LOG_AUTO)
		format =
		    isatty(atomic_load(&log_fd)) ? SST_LOG_TEXT : SST_LOG_JSON;
	errno = saved; /* for %m */
	va_start(ap, fmt);
	if (vsnprintf(message, sizeof(message), fmt, ap) < 0)
		message[0] = '\0';
	va_end(ap);
	if (format == SST_LOG_JSON)
		line_build_json(&l, level, id, subject, message);
	else
		line_build_text(&l, level, id, subject, message);
	line_write(&l);
	errno = saved;
}
