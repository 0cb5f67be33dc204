/* Query parameters: one typed table, whole keys, everything else refused. */
#ifndef SST_API_PARAMS_H
#define SST_API_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "api/problem.h"
#include "api/target.h"
#include "model/snapshot.h"

/* A bit each, for the masks of the route table. */
enum api_param {
	API_PARAM_SECTIONS = 1,
	API_PARAM_VIEW = 2,
	API_PARAM_PRETTY = 4,
	API_PARAM_MAX_AGE = 8
};

enum { API_PARAM_COUNT = 4, API_MAX_AGE_MAX_MS = 24 * 60 * 60 * 1000 };

/* With the defaults of what was not given. */
struct api_params {
	unsigned given;    /* enum api_param bits */
	unsigned sections; /* bit n: section n */
	enum sst_view view;
	bool pretty;
	int64_t max_age_ms; /* only when given */
};

/*
 * Reads query; allowed are the bits of the route, path is for examples.
 * API_NO_PROBLEM, or the kind that *problem was set to. Only *out is written
 * on success.
 */
enum api_problem_kind api__params_parse(const struct api_target *target,
    unsigned allowed, struct api_params *out, struct api_problem *problem);

/* Row i < API_PARAM_COUNT: name and bit; for the test against OpenAPI. */
const char *api__param_name(unsigned i, unsigned *bit_out);

/* Number of edits between two texts, at most 99; for hints. */
unsigned api__distance(struct api_span a, struct api_span b);

#endif
