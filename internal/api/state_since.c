/*
 * /system/state?since=: answers when what was selected is no longer as it was
 * at that revision. Where nothing can be compared the answer is given at once:
 * a client that starts over loses time, one that waits for nothing loses more.
 */
#include <string.h>

#include "api/state.h"
#include "base/log.h"
#include "service/diff.h"

/*
 * What would be sent was taken before the event came, and publishing does not
 * wait: it may be earlier than the watch has come to, or later.
 */
static enum api_since
since_told(struct api_request *rq, const struct sst_watch_event *event,
    struct sst_snapshot **current)
{
	bool stood = event->kind == SST_WATCH_TIME_OUT ||
		     event->kind == SST_WATCH_STOPPED;

	if (!stood && event->revision > (*current)->revision) {
		sst_snapshot_release(current);
		*current = sst_service_snapshot(rq->api->service);
	}
	if (!stood)
		return API_SINCE_CHANGED;
	if (event->revision >= (*current)->revision)
		return API_SINCE_SAME;
	rq->params.since.revision = event->revision;
	return API_SINCE_STOOD;
}

/* Takes what the watch has to say; it is closed with the request. */
static enum api_since
since_event(struct api_request *rq, struct sst_watch *watch,
    struct sst_snapshot **current)
{
	struct sst_watch_event event;
	enum api_since verdict;

	switch (sst_watch_next(watch, &event)) {
	case SST_NODATA:
		api__await(rq, watch);
		return API_SINCE_UNDECIDED;
	case SST_OK:
		break;
	default:
		rq->watch = watch;
		return API_SINCE_CHANGED;
	}
	rq->watch = watch;
	verdict = since_told(rq, &event, current);
	sst_watch_event_fini(&event);
	return verdict;
}

static enum api_since
since_wait(struct api_request *rq, struct sst_snapshot *resume,
    struct sst_snapshot **current)
{
	struct sst_watch_settings settings = {.sections = rq->params.sections,
	    .resume = resume,
	    .wait_ms = rq->params.wait_ms,
	    .wake = api__wake,
	    .wake_ctx = api__wake_ctx(rq)};
	struct sst_watch *watch;
	struct sst_error err;

	switch (sst_watch_open(rq->api->service, &settings, &watch, &err)) {
	case SST_OK:
		return since_event(rq, watch, current);
	case SST_LIMIT:
		api__problem_set(&rq->problem, API_TOO_MANY_WATCHERS,
		    "Too many requests wait for changes already; wait=0s "
		    "answers at once.");
		api__problem_parameter(&rq->problem, "wait");
		rq->problem.retry_after = 5;
		return API_SINCE_UNDECIDED;
	case SST_CANCELED: /* the service is stopping */
		return API_SINCE_CHANGED;
	default:
		api__fail(rq, &err);
		return API_SINCE_UNDECIDED;
	}
}

/* Whether the selected sections are not the same in both. */
static int
since_compare(struct api_request *rq, struct sst_snapshot *from,
    struct sst_snapshot *to, bool *differ_out)
{
	struct sst_diff_filter filter = {rq->params.sections, NULL, 0};
	struct sst_diff *diff;
	struct sst_error err;
	int rc = sst_diff_new(from, to, &diff, &err);

	if (rc != SST_OK) {
		api__fail(rq, &err);
		return rc;
	}
	*differ_out = !sst_diff_empty(diff, &filter);
	sst_diff_free(&diff);
	return SST_OK;
}

/* since is below the current revision; on a worker. */
static enum api_since
since_older(struct api_request *rq, struct sst_snapshot **current)
{
	struct sst_snapshot *from;
	struct sst_error err;
	enum api_since verdict;
	bool differ;
	int rc = sst_past_snapshot(rq->past, &rq->params.since, &from, &err);

	if (rc != SST_OK) {
		if (rc != SST_GONE && rc != SST_NOT_FOUND)
			sst_log_warn("API-SINCE", api__request_id(rq),
			    "%s (%s): answered without comparing", err.text,
			    sst_code_name(rc));
		return API_SINCE_CHANGED;
	}
	if (since_compare(rq, from, *current, &differ) != SST_OK)
		verdict = API_SINCE_UNDECIDED;
	else if (differ)
		verdict = API_SINCE_CHANGED;
	else if (rq->params.wait_ms == 0)
		verdict = API_SINCE_SAME;
	else
		verdict = since_wait(rq, from, current);
	sst_snapshot_release(&from);
	return verdict;
}

static enum api_since
since_decide(struct api_request *rq, struct sst_snapshot **current)
{
	const struct sst_moment *since = &rq->params.since;
	const struct sst_snapshot *now = *current;

	if (rq->stage == API_STAGE_WOKEN)
		return since_event(rq, rq->watch, current);
	if ((since->epoch[0] != '\0' &&
		strcmp(since->epoch, now->epoch) != 0) ||
	    since->revision > now->revision)
		return API_SINCE_CHANGED;
	if (since->revision == now->revision)
		return rq->params.wait_ms == 0
			   ? API_SINCE_SAME
			   : since_wait(rq, *current, current);
	if (rq->stage == API_STAGE_WORKER)
		return since_older(rq, current);
	api__on_worker(rq);
	return API_SINCE_UNDECIDED;
}

enum api_since
api__state_since(struct api_request *rq, struct sst_snapshot **current)
{
	enum api_since verdict = since_decide(rq, current);

	/* Two revisions may share a second, so a date must not turn "it has
	 * changed" into 304. */
	if (verdict == API_SINCE_CHANGED)
		rq->headers.if_modified_since = NULL;
	return verdict;
}
