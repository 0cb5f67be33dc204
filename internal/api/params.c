#include "api/params.h"

#include <stdlib.h>
#include <string.h>

#include "api/params_priv.h"

static const struct api_param_row *
param_find(struct api_span name, unsigned allowed)
{
	const struct api_param_row *rows = api__param_rows();
	unsigned i;

	for (i = 0; i < API_PARAM_COUNT; i++)
		if ((allowed & rows[i].bit) != 0 &&
		    api__span_is(name, rows[i].name))
			return &rows[i];
	return NULL;
}

static enum api_problem_kind
param_value(const struct api_param_query *q, const struct api_param_row *row,
    struct api_span encoded, struct api_params *out)
{
	struct sst_buf text = SST_BUF_INIT;
	struct api_span value;
	struct sst_error err;
	int rc = api__percent_decode(encoded, &text, &err);

	value = (struct api_span){text.data, text.len};
	if (rc == SST_INVALID)
		api__param_fault(q, row, "not percent-encoded UTF-8");
	else if (rc == SST_OK)
		rc = row->read(value, out);
	if (rc == SST_INVALID && q->problem->kind == API_NO_PROBLEM)
		api__param_bad_value(q, row, value);
	if (rc == SST_NOMEM)
		api__problem_set(q->problem, API_INTERNAL,
		    "Out of memory while the query was read.");
	sst_buf_fini(&text);
	return q->problem->kind;
}

/* One "name=value", both still encoded. */
static enum api_problem_kind
param_one(const struct api_param_query *q, struct api_span pair,
    struct api_params *out)
{
	const char *equals = memchr(pair.at, '=', pair.len);
	struct api_span name = pair, value = {pair.at + pair.len, 0};
	const struct api_param_row *row;

	if (equals != NULL) {
		name.len = (size_t)(equals - pair.at);
		value.at = equals + 1;
		value.len = pair.len - name.len - 1;
	}
	row = param_find(name, q->allowed);
	if (row == NULL)
		return api__param_unknown(q, name);
	if ((out->given & row->bit) != 0)
		return api__param_fault(q, row, "given more than once");
	if (value.len == 0)
		return api__param_fault(q, row, "given without a value");
	out->given |= row->bit;
	return param_value(q, row, value, out);
}

static enum api_problem_kind
params_read(const struct api_param_query *q, struct api_params *out)
{
	const char *at = q->target->query.at, *amp, *end;

	if (q->target->query.len == 0)
		return API_NO_PROBLEM;
	for (end = at + q->target->query.len;; at = amp + 1) {
		amp = memchr(at, '&', (size_t)(end - at));
		if (amp == NULL)
			amp = end;
		if (param_one(q, (struct api_span){at, (size_t)(amp - at)},
			out) != API_NO_PROBLEM)
			return q->problem->kind;
		if (amp == end)
			return API_NO_PROBLEM;
	}
}

enum api_problem_kind
api__params_parse(const struct api_target *target, unsigned allowed,
    struct api_params *out, struct api_problem *problem)
{
	struct api_param_query q = {target, allowed, problem};
	struct api_params p = {.sections = SST_SECTIONS_ALL,
	    .wait_ms = API_WAIT_DEFAULT_MS};

	if (params_read(&q, &p) != API_NO_PROBLEM ||
	    api__param_conflict(&q, p.given) != API_NO_PROBLEM) {
		api__params_fini(&p);
		return problem->kind;
	}
	*out = p;
	return API_NO_PROBLEM;
}

void
api__params_fini(struct api_params *params)
{
	free(params->key);
	params->key = NULL;
}
