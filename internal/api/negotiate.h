/* Accept, Accept-Encoding, entity tags, HTTP dates (RFC 9110). Pure. */
#ifndef SST_API_NEGOTIATE_H
#define SST_API_NEGOTIATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/body.h"

/*
 * The index of the type (of count) with the highest quality; the first of
 * equals. -1 when accept excludes all of them. NULL or an empty header accepts
 * everything; parameters other than q are ignored; an element that is not
 * well-formed does not count.
 */
int
api__accept_pick(const char *accept, const char *const *types, size_t count);

/*
 * The coding to send: highest quality, then zstd, gzip when named, gzip for
 * "*", identity. False when everything is excluded.
 */
bool api__coding_pick(const char *accept_encoding, enum sst_coding *out);

/* Whether the list (or "*") holds the tag, compared weakly. */
bool api__etag_matches(const char *if_none_match, const char *etag);

enum { API_DATE_TEXT = 30 };

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
void api__date_format(int64_t seconds, char out[API_DATE_TEXT]);
/* That form, and the two obsolete ones; false for anything else. */
bool api__date_parse(const char *text, int64_t *seconds_out);

#endif
