/*
 * An HTTP server that tests play the other side with: it answers what it is
 * told, and misbehaves on order. Loopback only, a free port, a thread for each
 * connection. Every function may be called from any thread while it runs.
 *
 * Nothing here sleeps: a slow upstream is one that holds its answers until
 * upstream_release.
 */
#ifndef TESTS_SUPPORT_UPSTREAM_H
#define TESTS_SUPPORT_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>

struct upstream;

enum upstream_fault_kind {
	UPSTREAM_NONE,
	UPSTREAM_HOLD,         /* no byte until upstream_release */
	UPSTREAM_HOLD_BODY,    /* headers, half of the body, then holds */
	UPSTREAM_STATUS,       /* status, and Retry-After when not 0 */
	UPSTREAM_CUT,          /* closes in the middle of the body */
	UPSTREAM_CUT_CHUNK,    /* the same inside a chunk */
	UPSTREAM_RESET,        /* resets in the middle of the body */
	UPSTREAM_LENGTH_LONG,  /* announces more than it sends, then closes */
	UPSTREAM_LENGTH_SHORT, /* sends more than it announces */
	UPSTREAM_BAD_CHUNK,    /* a chunk size that is no number */
	UPSTREAM_HUGE,         /* size bytes of JSON, length announced */
	UPSTREAM_HUGE_CHUNKED, /* the same without a length */
	UPSTREAM_GZIP_BOMB,    /* size bytes of JSON, gzipped */
	UPSTREAM_BAD_GZIP,     /* says gzip, is not */
	UPSTREAM_GZIP,         /* the right body, gzipped: not a fault */
	UPSTREAM_UTF8,         /* a byte that is not UTF-8 in the body */
	UPSTREAM_NUL,          /* a NUL byte in the body */
	UPSTREAM_ESCAPED_NUL,  /* backslash u0000 in the body */
	UPSTREAM_DEEP,         /* 100,000 brackets */
	UPSTREAM_HTML,         /* 200 and a page for people */
	UPSTREAM_EMPTY,        /* 200 and no body */
	UPSTREAM_WRONG_TYPE,   /* 200 and the JSON text 42 */
	UPSTREAM_CLOSE,        /* closes without an answer */
	UPSTREAM_GARBAGE,      /* bytes that are not HTTP */
	UPSTREAM_HEADERS,      /* headers without an end */
	UPSTREAM_REDIRECT,     /* 302 to another host */
	UPSTREAM_FAULT_COUNT
};

struct upstream_fault {
	enum upstream_fault_kind kind;
	int status;      /* UPSTREAM_STATUS */
	int retry_after; /* seconds */
	size_t size;     /* UPSTREAM_HUGE and the like */
};

/* Listens; false with errno set when that fails. */
bool upstream_start(struct upstream **out);
/* Ends all connections, joins all threads; accepts NULL. */
void upstream_stop(struct upstream **up);

/* "http://127.0.0.1:PORT", borrowed. */
const char *upstream_url(const struct upstream *up);

/*
 * Answers that target (path and query, exactly) with these bytes of JSON,
 * which are copied; replaces an earlier answer. A target that is not known
 * gets 404.
 */
bool upstream_answer(struct upstream *up, const char *target, int status,
    const void *bytes, size_t len);
bool upstream_answer_text(
    struct upstream *up, const char *target, int status, const char *text);
/* The same from a file. */
bool upstream_answer_file(
    struct upstream *up, const char *target, int status, const char *path);
/*
 * Reads lines `TARGET STATUS FILE` (FILE relative to the folder of the list;
 * # begins a comment) and answers so.
 */
bool upstream_load(struct upstream *up, const char *list_path);
/* More lines in the head of each plain answer, each with its CR LF and short;
 * "": none any more. */
void upstream_headers(struct upstream *up, const char *lines);
/* Knows no target any more. */
void upstream_forget(struct upstream *up);

/* Misbehaves so on targets that begin with prefix, until told otherwise; ""
 * is every target. NULL fault or UPSTREAM_NONE ends it. One at a time. */
void upstream_misbehave(struct upstream *up, const char *prefix,
    const struct upstream_fault *fault);
/* The kind of that name ("cut", "length-long", ...), or UPSTREAM_FAULT_COUNT.
 */
enum upstream_fault_kind upstream_fault_by_name(const char *name);
/* Lets go what is held. */
void upstream_release(struct upstream *up);
/* Refuses connections and drops the open ones; takes them again, on the same
 * port. */
bool upstream_refuse(struct upstream *up, bool refuse);

/* Requests so far whose target begins with prefix. */
unsigned upstream_calls(struct upstream *up, const char *prefix);
/* Connections taken so far. */
unsigned upstream_connections(struct upstream *up);
/* Waits until at least count such requests came; false after 10 s. */
bool
upstream_wait_calls(struct upstream *up, const char *prefix, unsigned count);
/* Copies the head of the last request, cut at size - 1 bytes. */
void upstream_last_request(struct upstream *up, char *out, size_t size);

#endif
