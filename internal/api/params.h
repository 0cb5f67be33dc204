/* Query parameters: one typed table, whole keys, everything else refused. */
#ifndef SST_API_PARAMS_H
#define SST_API_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/problem.h"
#include "api/target.h"
#include "model/snapshot.h"
#include "service/moment.h"

/* A bit each, for the masks of the route table. */
enum api_param {
	API_PARAM_SECTIONS = 1,
	API_PARAM_VIEW = 2,
	API_PARAM_PRETTY = 4,
	API_PARAM_MAX_AGE = 8,
	API_PARAM_AT = 16,
	API_PARAM_SINCE = 32,
	API_PARAM_WAIT = 64,
	API_PARAM_FROM = 128,
	API_PARAM_TO = 256,
	API_PARAM_LIMIT = 512,
	API_PARAM_CURSOR = 1024,
	API_PARAM_KEY = 2048,
	/* of a route: from must be given */
	API_PARAM_NEEDS_FROM = 1 << 16
};

enum {
	API_PARAM_COUNT = 12,
	API_MAX_AGE_MAX_MS = 24 * 60 * 60 * 1000,
	API_WAIT_MAX_MS = 5 * 60 * 1000,
	API_WAIT_DEFAULT_MS = 30 * 1000,
	API_LIMIT_MAX = 10000
};

/* Where a list goes on: with the revisions less than `below` of that epoch. */
struct api_cursor {
	char epoch[17];
	uint64_t below;
};

/* With the defaults of what was not given. */
struct api_params {
	unsigned given;    /* enum api_param bits */
	unsigned sections; /* bit n: section n */
	enum sst_view view;
	bool pretty;
	int64_t max_age_ms; /* only when given */
	struct sst_moment at;
	struct sst_moment since; /* kind REVISION; only when given */
	int64_t wait_ms;
	struct sst_moment from; /* only when given */
	struct sst_moment to;
	size_t limit;             /* 0: not given */
	struct api_cursor cursor; /* only when given */
	/* As in `key` of a change, in the one form that the service writes;
	 * owned, NULL: not given. */
	char *key;
	size_t key_len;
};

/*
 * Reads query; allowed are the bits of the route, path is for examples.
 * API_NO_PROBLEM, or the kind that *problem was set to. Only *out is written
 * on success; end it with api__params_fini(), which zeroed memory bears too.
 */
enum api_problem_kind api__params_parse(const struct api_target *target,
    unsigned allowed, struct api_params *out, struct api_problem *problem);
void api__params_fini(struct api_params *params);

/* Row i < API_PARAM_COUNT: name and bit; for the test against OpenAPI. */
const char *api__param_name(unsigned i, unsigned *bit_out);

enum { API_CURSOR_TEXT = 40 };

/* The text that reads back as this cursor. */
void api__cursor_text(
    const struct api_cursor *cursor, char out[API_CURSOR_TEXT]);

/* sst_text_distance() of spans. */
size_t api__distance(struct api_span a, struct api_span b);

#endif
