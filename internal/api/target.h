/* The request target: path segments, query, authority. Pure functions. */
#ifndef SST_API_TARGET_H
#define SST_API_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

/* A piece of text that belongs to somebody else; not NUL-terminated. */
struct api_span {
	const char *at; /* NULL: there is none */
	size_t len;
};

bool api__span_is(struct api_span span, const char *text);

enum { API_SEGMENTS_MAX = 8 };

struct api_target {
	struct api_span path;      /* as received, begins with '/', or "*" */
	struct api_span query;     /* as received, after '?' */
	struct api_span authority; /* of "http://authority/path" */
	/* Decoded; more than API_SEGMENTS_MAX counts as one more. "/a/" has
	 * the segments "a" and "". */
	struct api_span segments[API_SEGMENTS_MAX];
	size_t count;
	char *decoded; /* memory of the segments when any was encoded */
};

/*
 * Takes uri apart; the spans point into it, so it must outlive *out. Decoding
 * is strict: SST_INVALID for a '%' without two hex digits, for what is encoded
 * control characters or not UTF-8, for raw bytes that no URI holds. SST_NOMEM.
 */
int api__target_parse(
    const char *uri, struct api_target *out, struct sst_error *err);
void api__target_fini(struct api_target *target);

/* Appends the decoded text; codes as above, plus SST_NOMEM. '+' stays. */
int api__percent_decode(
    struct api_span in, struct sst_buf *out, struct sst_error *err);

#endif
