#include "api/params.h"

#include <stdio.h>
#include <string.h>

/* A value and where it goes; returns false when it is out of range. */
typedef bool (*param_fn)(struct api_span value, struct api_params *out);

struct param_row {
	const char *name;
	enum api_param bit;
	param_fn read;
	const char *want; /* in a sentence: "must be ..." */
	const char *example;
	const char *words[7]; /* allowed, when that is a list */
};

static bool
param_sections(struct api_span value, struct api_params *out)
{
	unsigned bits = 0;
	const char *p = value.at, *end = value.at + value.len, *comma;
	enum sst_section_id id;

	for (;;) {
		comma = memchr(p, ',', (size_t)(end - p));
		if (comma == NULL)
			comma = end;
		id = sst_section_by_name(p, (size_t)(comma - p));
		if (id == SST_SECTION_COUNT || (bits & 1u << id) != 0)
			return false;
		bits |= 1u << id;
		if (comma == end)
			break;
		p = comma + 1;
	}
	out->sections = bits;
	return true;
}

static bool
param_view(struct api_span value, struct api_params *out)
{
	if (api__span_is(value, "full"))
		out->view = SST_VIEW_FULL;
	else if (api__span_is(value, "base"))
		out->view = SST_VIEW_BASE;
	else
		return false;
	return true;
}

static bool
param_pretty(struct api_span value, struct api_params *out)
{
	if (api__span_is(value, "1") || api__span_is(value, "true"))
		out->pretty = true;
	else if (api__span_is(value, "0") || api__span_is(value, "false"))
		out->pretty = false;
	else
		return false;
	return true;
}

/* Milliseconds of a unit; 0: no such unit. */
static int64_t
duration_unit(struct api_span unit)
{
	if (api__span_is(unit, "ms"))
		return 1;
	if (api__span_is(unit, "s"))
		return 1000;
	if (api__span_is(unit, "m"))
		return 60 * 1000;
	if (api__span_is(unit, "h"))
		return 60 * 60 * 1000;
	return 0;
}

static bool
param_max_age(struct api_span value, struct api_params *out)
{
	int64_t number = 0, unit;
	size_t i;

	for (i = 0; i < value.len && i < 9; i++) {
		if (value.at[i] < '0' || value.at[i] > '9')
			break;
		number = number * 10 + (value.at[i] - '0');
	}
	unit = duration_unit((struct api_span){value.at + i, value.len - i});
	if (i == 0 || unit == 0 || number > API_MAX_AGE_MAX_MS / unit)
		return false;
	out->max_age_ms = number * unit;
	return true;
}

static const struct param_row param_rows[API_PARAM_COUNT] = {
    {"sections", API_PARAM_SECTIONS, param_sections,
	"must be a list of section names, each at most once", "agents,queues",
	{"agents", "workload", "queues", "litellm"}},
    {"view", API_PARAM_VIEW, param_view, "must be full or base", "base",
	{"full", "base"}},
    {"pretty", API_PARAM_PRETTY, param_pretty, "must be 1, 0, true or false",
	"1", {"1", "0", "true", "false"}},
    {"max_age", API_PARAM_MAX_AGE, param_max_age,
	"must be a duration from 0s to 24h: digits and ms, s, m or h", "5s",
	{NULL}},
};

const char *
api__param_name(unsigned i, unsigned *bit_out)
{
	*bit_out = param_rows[i].bit;
	return param_rows[i].name;
}

enum { DISTANCE_MAX = 64 };

unsigned
api__distance(struct api_span a, struct api_span b)
{
	unsigned row[DISTANCE_MAX + 1], before, above, best;
	size_t i, j;

	if (a.len > DISTANCE_MAX || b.len > DISTANCE_MAX)
		return 99;
	for (j = 0; j <= b.len; j++)
		row[j] = (unsigned)j;
	for (i = 1; i <= a.len; i++) {
		before = row[0];
		row[0] = (unsigned)i;
		for (j = 1; j <= b.len; j++) {
			above = row[j];
			best = before + (a.at[i - 1] != b.at[j - 1]);
			if (above + 1 < best)
				best = above + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
			before = above;
		}
	}
	return row[b.len];
}

static struct api_span
span_of(const char *text)
{
	return (struct api_span){text, strlen(text)};
}

/* The allowed word that looks like the value, or NULL. */
static const char *
param_near_word(const struct param_row *row, struct api_span value)
{
	const char *best = NULL;
	unsigned d, nearest = 3;
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

static void
param_example(const struct api_target *t, const struct param_row *row,
    const char *value, struct api_problem *problem)
{
	int len = t->path.len > 300 ? 300 : (int)t->path.len;

	api__problem_example(problem, "%.*s?%s=%s", len, t->path.at, row->name,
	    value == NULL ? row->example : value);
}

static enum api_problem_kind
param_bad_value(const struct api_target *t, const struct param_row *row,
    struct api_span value, struct api_problem *problem)
{
	char quoted[API_QUOTE];
	const char *near = param_near_word(row, value);
	size_t i;

	api__problem_set(problem, API_INVALID_PARAMETER,
	    "Query parameter %s %s, but is %s.%s%s%s", row->name, row->want,
	    api__quote(value.at, value.len, quoted),
	    near == NULL ? "" : " Did you mean ", near == NULL ? "" : near,
	    near == NULL ? "" : "?");
	api__problem_parameter(problem, row->name);
	for (i = 0; row->words[i] != NULL; i++)
		api__problem_allow(problem, row->words[i]);
	param_example(t, row, near, problem);
	return problem->kind;
}

static enum api_problem_kind
param_unknown(const struct api_target *t, unsigned allowed,
    struct api_span name, struct api_problem *problem)
{
	const struct param_row *best = NULL;
	char quoted[API_QUOTE];
	unsigned i, d, nearest = 4;

	for (i = 0; i < API_PARAM_COUNT; i++) {
		if ((allowed & param_rows[i].bit) == 0)
			continue;
		d = api__distance(name, span_of(param_rows[i].name));
		if (best == NULL || d < nearest) {
			nearest = d < nearest ? d : nearest;
			best = &param_rows[i];
		}
	}
	api__problem_set(problem, API_INVALID_PARAMETER,
	    "%s is no query parameter of this path%s%s%s",
	    api__quote(name.at, name.len, quoted),
	    best == NULL ? "; it takes none." : "",
	    best != NULL && nearest < 4 ? ". Did you mean " : "",
	    best != NULL && nearest < 4 ? best->name : "");
	if (best != NULL)
		strncat(problem->detail, nearest < 4 ? "?" : ".", 2);
	memcpy(quoted + strlen(quoted) - 1, "", 1);
	api__problem_parameter(problem, quoted + 1);
	for (i = 0; i < API_PARAM_COUNT; i++)
		if ((allowed & param_rows[i].bit) != 0)
			api__problem_allow(problem, param_rows[i].name);
	if (best != NULL)
		param_example(t, best, NULL, problem);
	else
		api__problem_example(problem, "%.*s",
		    t->path.len > 300 ? 300 : (int)t->path.len, t->path.at);
	return problem->kind;
}

static const struct param_row *
param_find(struct api_span name, unsigned allowed)
{
	unsigned i;

	for (i = 0; i < API_PARAM_COUNT; i++)
		if ((allowed & param_rows[i].bit) != 0 &&
		    api__span_is(name, param_rows[i].name))
			return &param_rows[i];
	return NULL;
}

static enum api_problem_kind
param_fault(const struct api_target *t, const struct param_row *row,
    const char *what, struct api_problem *problem)
{
	api__problem_set(problem, API_INVALID_PARAMETER,
	    "Query parameter %s is %s; it %s.", row->name, what, row->want);
	api__problem_parameter(problem, row->name);
	param_example(t, row, NULL, problem);
	return problem->kind;
}

/* One "name=value", both still encoded. */
static enum api_problem_kind
param_one(const struct api_target *t, unsigned allowed, struct api_span pair,
    struct api_params *out, struct api_problem *problem)
{
	const char *equals = memchr(pair.at, '=', pair.len);
	struct api_span name = pair, value = {pair.at + pair.len, 0};
	const struct param_row *row;
	struct sst_buf text = SST_BUF_INIT;
	struct sst_error err;

	if (equals != NULL) {
		name.len = (size_t)(equals - pair.at);
		value.at = equals + 1;
		value.len = pair.len - name.len - 1;
	}
	row = param_find(name, allowed);
	if (row == NULL)
		return param_unknown(t, allowed, name, problem);
	if ((out->given & row->bit) != 0)
		return param_fault(t, row, "given more than once", problem);
	if (value.len == 0)
		return param_fault(t, row, "given without a value", problem);
	out->given |= row->bit;
	if (api__percent_decode(value, &text, &err) != SST_OK)
		param_fault(t, row, "not percent-encoded UTF-8", problem);
	else if (!row->read((struct api_span){text.data, text.len}, out))
		param_bad_value(
		    t, row, (struct api_span){text.data, text.len}, problem);
	sst_buf_fini(&text);
	return problem->kind;
}

enum api_problem_kind
api__params_parse(const struct api_target *target, unsigned allowed,
    struct api_params *out, struct api_problem *problem)
{
	struct api_params p = {0, SST_SECTIONS_ALL, SST_VIEW_FULL, false, 0};
	const char *at = target->query.at, *end, *amp;

	if (target->query.len == 0) {
		*out = p;
		return API_NO_PROBLEM;
	}
	for (end = at + target->query.len;; at = amp + 1) {
		amp = memchr(at, '&', (size_t)(end - at));
		if (amp == NULL)
			amp = end;
		if (param_one(target, allowed,
			(struct api_span){at, (size_t)(amp - at)}, &p, problem))
			return problem->kind;
		if (amp == end)
			break;
	}
	*out = p;
	return API_NO_PROBLEM;
}
