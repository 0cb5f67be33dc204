/* What is wrong with a query, in words that lead to a right one. */
#include <stdio.h>
#include <string.h>

#include "api/params_priv.h"
#include "base/text.h"

size_t
api__distance(struct api_span a, struct api_span b)
{
	return sst_text_distance(a.at, a.len, b.at, b.len);
}

static struct api_span
span_of(const char *text)
{
	return (struct api_span){text, strlen(text)};
}

/* The allowed word that looks like the value, or NULL. */
static const char *
param_near_word(const struct api_param_row *row, struct api_span value)
{
	const char *best = NULL;
	size_t d, nearest = 3;
	size_t i;

	for (i = 0; row->words[i] != NULL; i++) {
		d = api__distance(value, span_of(row->words[i]));
		if (d < nearest) {
			nearest = d;
			best = row->words[i];
		}
	}
	return best;
}

/* What must stand before a parameter to make a request that is right. */
static const char *
param_lead(const struct api_param_query *q, const struct api_param_row *row)
{
	if (row->bit == API_PARAM_WAIT)
		return "since=41&";
	if ((q->allowed & API_PARAM_NEEDS_FROM) != 0 &&
	    row->bit != API_PARAM_FROM)
		return "from=-15m&";
	return "";
}

static int
path_len(const struct api_param_query *q)
{
	return q->target->path.len > 300 ? 300 : (int)q->target->path.len;
}

static void
param_example(const struct api_param_query *q, const struct api_param_row *row,
    const char *value)
{
	api__problem_example(q->problem, "%.*s?%s%s=%s", path_len(q),
	    q->target->path.at, param_lead(q, row), row->name,
	    value == NULL ? row->example : value);
}

static const char *
param_want(const struct api_param_row *row)
{
	return row->want == NULL ? sst_moment_forms : row->want;
}

enum api_problem_kind
api__param_bad_value(const struct api_param_query *q,
    const struct api_param_row *row, struct api_span value)
{
	char quoted[API_QUOTE];
	const char *near = param_near_word(row, value);
	size_t i;

	api__problem_set(q->problem, API_INVALID_PARAMETER,
	    "Query parameter %s must be %s, but is %s.%s%s%s", row->name,
	    param_want(row), api__quote(value.at, value.len, quoted),
	    near == NULL ? "" : " Did you mean ", near == NULL ? "" : near,
	    near == NULL ? "" : "?");
	api__problem_parameter(q->problem, row->name);
	for (i = 0; row->words[i] != NULL; i++)
		api__problem_allow(q->problem, row->words[i]);
	param_example(q, row, near);
	return q->problem->kind;
}

enum api_problem_kind
api__param_fault(const struct api_param_query *q,
    const struct api_param_row *row, const char *what)
{
	api__problem_set(q->problem, API_INVALID_PARAMETER,
	    "Query parameter %s is %s; it must be %s.", row->name, what,
	    param_want(row));
	api__problem_parameter(q->problem, row->name);
	param_example(q, row, NULL);
	return q->problem->kind;
}

/* The allowed parameter whose name is nearest, NULL when none is allowed. */
static const struct api_param_row *
param_nearest(unsigned allowed, struct api_span name, size_t *distance_out)
{
	const struct api_param_row *rows = api__param_rows(), *best = NULL;
	size_t d, nearest = 0;
	unsigned i;

	for (i = 0; i < API_PARAM_COUNT; i++) {
		if ((allowed & rows[i].bit) == 0)
			continue;
		d = api__distance(name, span_of(rows[i].name));
		if (best == NULL || d < nearest) {
			nearest = d;
			best = &rows[i];
		}
	}
	*distance_out = nearest;
	return best;
}

/* A name is near when less than half of it, and less than 4, must change. */
static bool
param_is_near(struct api_span name, size_t distance)
{
	return distance < 4 && distance * 2 <= name.len;
}

enum api_problem_kind
api__param_unknown(const struct api_param_query *q, struct api_span name)
{
	const struct api_param_row *rows = api__param_rows(), *best;
	char quoted[API_QUOTE];
	size_t distance;
	unsigned i;
	bool near;

	best = param_nearest(q->allowed, name, &distance);
	near = best != NULL && param_is_near(name, distance);
	api__quote(name.at, name.len, quoted);
	if (near)
		api__problem_set(q->problem, API_INVALID_PARAMETER,
		    "%s is no query parameter of this path. Did you mean %s?",
		    quoted, best->name);
	else
		api__problem_set(q->problem, API_INVALID_PARAMETER,
		    "%s is no query parameter of this path%s", quoted,
		    best == NULL ? "; it takes none." : ".");
	quoted[strlen(quoted) - 1] = '\0';
	api__problem_parameter(q->problem, quoted + 1);
	for (i = 0; i < API_PARAM_COUNT; i++)
		if ((q->allowed & rows[i].bit) != 0)
			api__problem_allow(q->problem, rows[i].name);
	if (best != NULL)
		param_example(q, best, NULL);
	else
		api__problem_example(
		    q->problem, "%.*s", path_len(q), q->target->path.at);
	return q->problem->kind;
}

/* Parameters that say two things that cannot both be, or half of one. */
static const struct {
	unsigned given;
	unsigned missing; /* 0: all of `given` together are the problem */
	const char *name;
	const char *text;
	const char *example;
} param_conflicts[] = {
    {API_PARAM_AT | API_PARAM_MAX_AGE, 0, "max_age",
	"Query parameter max_age asks how old the sources are now, which "
	"does not go together with at.",
	"at=-15m"},
    {API_PARAM_AT | API_PARAM_SINCE, 0, "since",
	"Query parameter since waits for the present to change, which does "
	"not go together with at.",
	"since=41&wait=30s"},
    {API_PARAM_WAIT, API_PARAM_SINCE, "wait",
	"Query parameter wait needs since: the revision that the answer must "
	"differ from.",
	"since=41&wait=30s"},
    {API_PARAM_NEEDS_FROM, API_PARAM_FROM, "from",
	"Query parameter from is missing: the moment to compare with, such as "
	"a revision, a time, or a duration back from now.",
	"from=-15m"},
};

enum api_problem_kind
api__param_conflict(const struct api_param_query *q, unsigned given)
{
	size_t i, count = sizeof(param_conflicts) / sizeof(param_conflicts[0]);

	given |= q->allowed & API_PARAM_NEEDS_FROM;
	for (i = 0; i < count; i++)
		if ((given & param_conflicts[i].given) ==
			param_conflicts[i].given &&
		    (given & param_conflicts[i].missing) == 0)
			break;
	if (i == count)
		return API_NO_PROBLEM;
	api__problem_set(
	    q->problem, API_INVALID_PARAMETER, "%s", param_conflicts[i].text);
	api__problem_parameter(q->problem, param_conflicts[i].name);
	api__problem_example(q->problem, "%.*s?%s", path_len(q),
	    q->target->path.at, param_conflicts[i].example);
	return q->problem->kind;
}
