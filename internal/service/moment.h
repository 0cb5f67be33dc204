/* A point of history as people write it. Pure. */
#ifndef SST_SERVICE_MOMENT_H
#define SST_SERVICE_MOMENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"

enum sst_moment_kind {
	SST_MOMENT_NOW,      /* "now": the current revision */
	SST_MOMENT_REVISION, /* "41", or "0f3a55d200c4e1b7:41" with its epoch */
	SST_MOMENT_TIME,     /* RFC 3339, or "@1766300000" (Unix seconds) */
	SST_MOMENT_AGO       /* "-15m": digits and ms, s, m, h, d or w */
};

struct sst_moment {
	enum sst_moment_kind kind;
	char epoch[17];     /* REVISION: "" when not given */
	uint64_t revision;  /* REVISION; at least 1 */
	struct sst_wall at; /* TIME */
	int64_t ago_ms;     /* AGO; at least 0, at most 10 years */
};

/* What is accepted, for error texts: a phrase that follows "must be". */
extern const char sst_moment_forms[];

/* SST_INVALID (without a text: the caller knows what it was for). */
int sst_moment_parse(const char *text, size_t len, struct sst_moment *out);

/* "30s", "1500ms": as AGO without the sign. SST_INVALID. */
int sst_duration_parse(const char *text, size_t len, int64_t *ms_out);

#endif
