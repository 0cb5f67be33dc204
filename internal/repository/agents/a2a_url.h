/* URLs of agents: where they lead, and how they are shown. Pure. */
#ifndef SST_REPOSITORY_AGENTS_A2A_URL_H
#define SST_REPOSITORY_AGENTS_A2A_URL_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * Appends an http or https URL without credentials, query and fragment. False,
 * with nothing appended, when it is none: another scheme, no host, a blank, a
 * control or invisible character. Memory: sst_buf_failed(out).
 */
bool a2a__url_show(const char *url, struct sst_buf *out);

/*
 * Whether both are http or https URLs without credentials that lead to the
 * same scheme, host and port: a token meant for one may be sent to the other.
 */
bool a2a__url_same_origin(const char *a, const char *b);

#endif
