/*
 * Error codes and the error record that functions which can fail fill in.
 *
 * A function that can fail returns int: SST_OK (0) or a negative enum sst_code,
 * and takes a caller-owned struct sst_error last. The lowest function that
 * knows the fact writes the text; upper levels only pass it on.
 */
#ifndef SST_BASE_ERROR_H
#define SST_BASE_ERROR_H

#include <stddef.h>

/* Every code has a stable lower-case name, see sst_code_name(). */
enum sst_code {
	SST_OK = 0,
	SST_INVALID = -1,      /* argument, option or document not acceptable */
	SST_NODATA = -2,       /* nothing to read yet: not a failure */
	SST_TIMEOUT = -3,      /* deadline passed */
	SST_UNREACHABLE = -4,  /* no connection: refused, no route, no name */
	SST_TLS = -5,          /* handshake or certificate */
	SST_UNAUTHORIZED = -6, /* credentials missing or wrong (401) */
	SST_FORBIDDEN = -7,    /* credentials lack a permission (403) */
	SST_NOT_FOUND = -8,    /* the thing asked for does not exist (404) */
	SST_RATE_LIMITED = -9, /* told to slow down (429) */
	SST_UPSTREAM = -10,    /* the other side failed (5xx) */
	SST_PROTOCOL = -11,    /* an answer that this protocol does not allow */
	SST_TRUNCATED = -12,   /* the answer ended before its announced end */
	SST_TOO_LARGE = -13,   /* the answer is over the configured bound */
	SST_ENCODING = -14,    /* not valid UTF-8 */
	SST_NUL = -15,         /* a NUL where text was expected */
	SST_TOO_DEEP = -16,    /* nested deeper than the bound */
	SST_SYNTAX = -17,      /* not JSON (YAML, ...) at all */
	SST_TYPE = -18,        /* well-formed, but not of the expected type */
	SST_CANCELED = -19,    /* interrupted by us */
	SST_NOMEM = -20,       /* allocation failed */
	SST_INTERNAL = -21,    /* our own fault */
	SST_UNSUPPORTED = -22, /* a form this build does not handle */
	SST_GONE = -23,        /* was there, is no longer held */
	SST_IO = -24,          /* local file or device */
	SST_LIMIT = -25,       /* one of our own bounds was reached */
	SST_EXISTS = -26       /* the name is taken already */
};

enum { SST_ERROR_TEXT = 512 };

/* Caller-owned; valid after sst_error_clear() or a failing call. */
struct sst_error {
	int code;                  /* enum sst_code */
	int detail;                /* errno, HTTP status or curl code; 0 */
	char text[SST_ERROR_TEXT]; /* one line, no secrets, "" when OK */
};

void sst_error_clear(struct sst_error *err);

/*
 * Writes code and a printf-formatted one-line text and returns code, so that
 * `return sst_error_set(err, SST_TYPE, ...)` works. err may be NULL. Text over
 * the buffer is cut on a UTF-8 boundary; control characters become spaces.
 */
int sst_error_set(struct sst_error *err, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before the text that is there; returns err->code. */
int sst_error_prefix(struct sst_error *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* SST_NOMEM with its fixed text. */
int sst_error_nomem(struct sst_error *err);

/* "timeout", "not_found", ...; "unknown" for a number that is no code. */
const char *sst_code_name(int code);

#endif
