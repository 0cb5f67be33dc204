/* The table of query parameters, for the files that read them. */
#ifndef SST_API_PARAMS_PRIV_H
#define SST_API_PARAMS_PRIV_H

#include "api/params.h"

enum { API_PARAM_WORDS = 6 };

struct api_param_row {
	const char *name;
	enum api_param bit;
	/* A value, decoded, and where it goes. SST_INVALID: not one of these;
	 * SST_NOMEM. */
	int (*read)(struct api_span value, struct api_params *out);
	const char *want; /* "must be" in a sentence; NULL: a moment */
	const char *example;
	const char *words[API_PARAM_WORDS]; /* allowed, when that is a list */
};

/* API_PARAM_COUNT of them; static. */
const struct api_param_row *api__param_rows(void);

/* A query being read. */
struct api_param_query {
	const struct api_target *target;
	unsigned allowed; /* of the route, with API_PARAM_NEEDS_FROM */
	struct api_problem *problem;
};

/* What is wrong; each sets the problem and returns its kind. */
enum api_problem_kind api__param_fault(const struct api_param_query *query,
    const struct api_param_row *row, const char *what);
enum api_problem_kind api__param_bad_value(const struct api_param_query *query,
    const struct api_param_row *row, struct api_span value);
enum api_problem_kind api__param_unknown(
    const struct api_param_query *query, struct api_span name);
/* The problem of parameters that do not go together, or API_NO_PROBLEM. */
enum api_problem_kind api__param_conflict(
    const struct api_param_query *query, unsigned given);

#endif
