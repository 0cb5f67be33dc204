/* /system/state/diff: what changed between two moments, in four forms. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/state.h"
#include "model/project.h"
#include "service/diff.h"

/* In the order of the types of the route. */
enum diff_form { DIFF_JSON, DIFF_PATCH, DIFF_MERGE_PATCH, DIFF_TEXT };

enum { DIFF_LIMIT = 1000 };

static bool
diff_refuse(
    struct api_request *rq, const char *parameter, const char *why)
{
	api__problem_set(&rq->problem, API_INVALID_PARAMETER,
	    "Query parameter %s %s; Accept chose %s.", parameter, why,
	    rq->route->types[rq->type]);
	api__problem_parameter(&rq->problem, parameter);
	api__problem_example(&rq->problem, "/system/state/diff?from=-15m");
	return false;
}

/* Whether every parameter has a meaning for the form; else the problem. */
static bool
diff_check(struct api_request *rq)
{
	unsigned given = rq->params.given;
	enum diff_form form = (enum diff_form)rq->type;
	bool patch = form == DIFF_PATCH || form == DIFF_MERGE_PATCH;

	if ((given & API_PARAM_VIEW) != 0 && form != DIFF_MERGE_PATCH)
		return diff_refuse(rq, "view",
		    "says what application/merge-patch+json is applied to and "
		    "is for that type only");
	if ((given & API_PARAM_VIEW) != 0 && rq->params.view == SST_VIEW_BASE)
		return diff_refuse(rq, "view", "must be full or keyed here");
	if ((given & API_PARAM_KEY) != 0 && patch)
		return diff_refuse(rq, "key",
		    "does not go together with a patch, which leads from one "
		    "whole document to another");
	if ((given & API_PARAM_LIMIT) != 0 && patch)
		return diff_refuse(rq, "limit",
		    "does not go together with a patch, which has every "
		    "change or leads nowhere");
	return true;
}

/* Both ends, or false with the problem set. */
static bool
diff_ends(struct api_request *rq, struct sst_snapshot **from_out,
    struct sst_snapshot **to_out)
{
	struct sst_snapshot *from, *to;
	char lead[32];

	from = api__state_past(rq, &rq->params.from, "from", "");
	if (from == NULL)
		return false;
	snprintf(lead, sizeof(lead), "from=%" PRIu64 "&", from->revision);
	to = api__state_past(rq, &rq->params.to, "to", lead);
	if (to == NULL) {
		sst_snapshot_release(&from);
		return false;
	}
	*from_out = from;
	*to_out = to;
	return true;
}

static void
diff_write_semantic(const struct api_request *rq, const struct sst_diff *diff,
    struct sst_buf *out)
{
	const struct api_params *p = &rq->params;
	struct sst_diff_style style = {{p->sections, p->key, p->key_len},
	    p->limit == 0 ? DIFF_LIMIT : p->limit, p->pretty, false};

	if (rq->type == DIFF_TEXT)
		sst_diff_write_text(diff, &style, out);
	else
		sst_diff_write_json(diff, &style, out);
}

static int
diff_write_patch(const struct api_request *rq, const struct sst_diff *diff,
    struct sst_buf *out, struct sst_error *err)
{
	const struct api_params *p = &rq->params;
	struct sst_buf compact = SST_BUF_INIT;
	struct sst_buf *to = p->pretty ? &compact : out;
	int rc;

	if (rq->type == DIFF_PATCH)
		rc = sst_diff_write_patch(diff, p->sections, to, err);
	else
		rc = sst_diff_write_merge_patch(
		    diff, p->view, p->sections, to, err);
	if (rc == SST_OK && sst_buf_failed(to))
		rc = sst_error_nomem(err);
	if (rc == SST_OK && p->pretty)
		sst_project_pretty(compact.data, compact.len, out);
	sst_buf_fini(&compact);
	return rc;
}

static void
diff_respond(struct api_request *rq, struct api_response *rs,
    struct sst_snapshot *from, struct sst_snapshot *to)
{
	struct sst_buf out = SST_BUF_INIT;
	struct sst_diff *diff;
	struct sst_error err;
	int rc = sst_diff_new(from, to, &diff, &err);

	if (rc == SST_OK) {
		if (rq->type == DIFF_JSON || rq->type == DIFF_TEXT)
			diff_write_semantic(rq, diff, &out);
		else
			rc = diff_write_patch(rq, diff, &out, &err);
		sst_diff_free(&diff);
	}
	if (rc != SST_OK) {
		sst_buf_fini(&out);
		api__fail(rq, &err);
		return;
	}
	api__state_headers(rs, to);
	api__respond_live(rq, rs, &out);
}

void
api__get_diff(struct api_request *rq, struct api_response *rs)
{
	struct sst_snapshot *from, *to;

	if (rq->stage == API_STAGE_FIRST) {
		if (diff_check(rq))
			api__on_worker(rq);
		return;
	}
	if (!diff_ends(rq, &from, &to))
		return;
	diff_respond(rq, rs, from, to);
	sst_snapshot_release(&from);
	sst_snapshot_release(&to);
}
