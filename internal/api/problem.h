/*
 * Problem details (RFC 9457): one table of kinds, one writer. A problem names
 * what was received, what is allowed, and one request that would be right.
 */
#ifndef SST_API_PROBLEM_H
#define SST_API_PROBLEM_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

enum api_problem_kind {
	API_NO_PROBLEM,
	API_BAD_REQUEST,
	API_INVALID_PARAMETER,
	API_INVALID_PATH,
	API_UNEXPECTED_BODY,
	API_UNAUTHORIZED,
	API_FORBIDDEN,
	API_FORBIDDEN_ORIGIN,
	API_CERTIFICATE_REQUIRED,
	API_NOT_FOUND,
	API_NOT_CONFIGURED,
	API_REVISION_NOT_FOUND,
	API_METHOD_NOT_ALLOWED,
	API_NOT_ACCEPTABLE,
	API_AMBIGUOUS_KEY,
	API_GONE,
	API_BODY_TOO_LARGE,
	API_URI_TOO_LONG,
	API_MISDIRECTED,
	API_HEAD_TOO_LARGE,
	API_INTERNAL,
	API_NOT_READY,
	API_SECTION_UNKNOWN,
	API_NOT_FRESH,
	API_TOO_MANY_WATCHERS,
	API_BUSY,
	API_PROBLEM_COUNT
};

/* What stands in the table for a kind; all static. */
struct api_problem_row {
	const char *name; /* type is "/problems/NAME" */
	int status;
	const char *title;
	const char *text; /* when it comes, what to do; plain text */
};

/* The row of a kind other than API_NO_PROBLEM. */
const struct api_problem_row *api__problem_row(enum api_problem_kind kind);
/* The kind of that name, or API_NO_PROBLEM. */
enum api_problem_kind api__problem_by_name(const char *name, size_t len);

enum { API_DETAIL_CHARS = 1000, API_DETAIL_BYTES = 1200 };

/* Being filled in; lives on the stack of a request. */
struct api_problem {
	enum api_problem_kind kind;
	char parameter[64]; /* parameter or header at fault; "": none */
	char detail[API_DETAIL_BYTES];
	char example[512];      /* "": none */
	struct sst_buf allowed; /* encoded items, comma-separated */
	int retry_after;        /* seconds; <0: none */
	/* What is held, when that is the question; newest 0: it is not. */
	uint64_t oldest_revision;
	uint64_t newest_revision;
	char epoch[17];
};

void api__problem_init(struct api_problem *problem);
void api__problem_fini(struct api_problem *problem);

/*
 * Sets kind and detail; whatever was there before is forgotten. Text from
 * outside must have gone through api__quote. Returns the kind.
 */
enum api_problem_kind
api__problem_set(struct api_problem *problem, enum api_problem_kind kind,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void api__problem_parameter(struct api_problem *problem, const char *name);
void api__problem_allow(struct api_problem *problem, const char *text);
void api__problem_example(struct api_problem *problem, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* What is held: revisions oldest to newest of that epoch. */
void api__problem_held(struct api_problem *problem, const char epoch[17],
    uint64_t oldest, uint64_t newest);

enum { API_QUOTE = 328 };

/*
 * Text from outside made safe to show: no control characters, no secrets, at
 * most 80 characters, in double quotes. Returns out.
 */
const char *api__quote(const char *text, size_t len, char out[API_QUOTE]);

/* Appends the JSON document; instance is the request id. */
void api__problem_write(const struct api_problem *problem, const char *instance,
    struct sst_buf *out);

#endif
