/* From moments to snapshots, and what to say when there is none. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/state.h"
#include "base/time.h"

void
api__state_not_ready(struct api_request *rq)
{
	api__problem_set(&rq->problem, API_NOT_READY,
	    "No source has answered yet, so there is no snapshot.");
	rq->problem.retry_after = 1;
}

struct sst_snapshot *
api__state_now(struct api_request *rq)
{
	struct sst_snapshot *s = sst_service_snapshot(rq->api->service);

	if (s == NULL)
		api__state_not_ready(rq);
	return s;
}

struct sst_snapshot *
api__state_snapshot(struct api_request *rq)
{
	if ((rq->params.given & API_PARAM_AT) == 0 ||
	    rq->params.at.kind == SST_MOMENT_NOW)
		return api__state_now(rq);
	if (rq->stage == API_STAGE_FIRST) {
		api__on_worker(rq);
		return NULL;
	}
	return api__state_past(rq, &rq->params.at, "at", "");
}

/* A request on this path that would have worked, with that revision. */
static void
past_example(struct api_request *rq, const char *parameter, const char *lead,
    uint64_t revision)
{
	struct api_span path = rq->target.path;

	api__problem_example(&rq->problem, "%.*s?%s%s=%" PRIu64,
	    path.len > 300 ? 300 : (int)path.len, path.at, lead, parameter,
	    revision);
}

static void
past_gone(struct api_request *rq, const struct sst_error *err,
    const struct sst_past_bounds *b, const char *parameter)
{
	char since[SST_TIME_TEXT];

	sst_time_format_utc(b->oldest_at.ms, true, since);
	api__problem_set(&rq->problem, API_GONE,
	    "Query parameter %s: %s. Held are revisions between %" PRIu64
	    " (%s) and %" PRIu64 " of epoch %s.",
	    parameter, err->text, b->oldest, since, b->newest, b->epoch);
}

/* It is held and cannot be read: our fault, so it goes into the log. */
static void
past_unreadable(struct api_request *rq, const struct sst_moment *moment,
    const struct sst_error *err, const char *parameter)
{
	char which[64] = "The revision of that moment";

	if (moment->kind == SST_MOMENT_REVISION)
		snprintf(which, sizeof(which), "Revision %" PRIu64,
		    moment->revision);
	api__fail(rq, err);
	api__problem_set(&rq->problem, API_INTERNAL,
	    "%s is held and cannot be read; the log has the reason under %s.",
	    which, api__request_id(rq));
	api__problem_parameter(&rq->problem, parameter);
}

void
api__state_absent(struct api_request *rq, const struct sst_error *err,
    const char *parameter, const char *lead)
{
	struct sst_past_bounds b;

	sst_past_bounds(rq->past, &b);
	if (err->code == SST_GONE)
		past_gone(rq, err, &b, parameter);
	else
		api__problem_set(&rq->problem, API_REVISION_NOT_FOUND,
		    "Query parameter %s: %s.", parameter, err->text);
	api__problem_parameter(&rq->problem, parameter);
	if (b.oldest == 0)
		return; /* between two looks the last one went */
	api__problem_held(&rq->problem, b.epoch, b.oldest, b.newest);
	past_example(rq, parameter, lead,
	    err->code == SST_GONE ? b.oldest : b.newest);
}

struct sst_snapshot *
api__state_past(struct api_request *rq, const struct sst_moment *moment,
    const char *parameter, const char *lead)
{
	struct sst_snapshot *s = NULL;
	struct sst_error err;

	switch (sst_past_snapshot(rq->past, moment, &s, &err)) {
	case SST_OK:
		return s;
	case SST_NODATA:
		api__state_not_ready(rq);
		break;
	case SST_GONE:
	case SST_NOT_FOUND:
		api__state_absent(rq, &err, parameter, lead);
		break;
	case SST_IO:
		past_unreadable(rq, moment, &err, parameter);
		break;
	default:
		api__fail(rq, &err);
		break;
	}
	return NULL;
}
