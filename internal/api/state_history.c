/* /system/state/history: the revisions that are held, newest first. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "api/json.h"
#include "api/state.h"
#include "base/time.h"
#include "model/project.h"

enum { HISTORY_LIMIT = 100 };

/* One page: what is asked for, and what there is. */
struct history_page {
	struct sst_past_query query; /* limit is one more than will be shown */
	struct sst_past_bounds bounds;
	struct sst_past_row *rows;
	size_t count; /* of rows; over `limit` there is a page behind it */
	size_t limit;
};

/* A duration back from now becomes a time, so that every page of a list means
 * the same by it. */
static void
history_pin(struct sst_moment *m, struct sst_wall now)
{
	if (m->kind != SST_MOMENT_AGO)
		return;
	m->kind = SST_MOMENT_TIME;
	m->at.ms = now.ms - m->ago_ms;
}

/* The problem of a bound that comes after the other, where that can be told
 * without looking. */
static bool
history_is_backwards(struct api_request *rq, const struct sst_past_query *q)
{
	bool revisions = q->from.kind == SST_MOMENT_REVISION &&
			 q->to.kind == SST_MOMENT_REVISION &&
			 q->from.revision > q->to.revision;
	bool times = q->from.kind == SST_MOMENT_TIME &&
		     q->to.kind == SST_MOMENT_TIME &&
		     q->from.at.ms > q->to.at.ms;

	if (!revisions && !times)
		return false;
	api__problem_set(&rq->problem, API_INVALID_PARAMETER,
	    "Query parameter from is after to; from is the older end.");
	api__problem_parameter(&rq->problem, "from");
	api__problem_example(
	    &rq->problem, "/system/state/history?from=-1h&to=-15m");
	return true;
}

/* The problem of a moment of an epoch that has ended, if it is one. */
static bool
history_is_of_another_epoch(struct api_request *rq,
    const struct history_page *page, const char *epoch, const char *parameter)
{
	struct sst_error err;

	if (epoch[0] == '\0' || strcmp(epoch, page->bounds.epoch) == 0)
		return false;
	sst_error_set(&err, SST_GONE, "epoch %s has ended, this is epoch %s",
	    epoch, page->bounds.epoch);
	api__state_absent(rq, &err, parameter, "");
	if (strcmp(parameter, "cursor") == 0)
		api__problem_example(&rq->problem, "/system/state/history");
	return true;
}

/* False with the problem set. */
static bool
history_ask(struct api_request *rq, struct history_page *page)
{
	const struct api_params *p = &rq->params;
	struct sst_wall now = sst_clock_wall(rq->api->clock);

	page->query.from = p->from;
	page->query.to = p->to;
	/* "now" is a bound from below, for which the list has no word. */
	if ((p->given & API_PARAM_FROM) != 0 && p->from.kind == SST_MOMENT_NOW)
		page->query.from.kind = SST_MOMENT_AGO;
	history_pin(&page->query.from, now);
	history_pin(&page->query.to, now);
	page->query.below = p->cursor.below;
	page->limit = p->limit == 0 ? HISTORY_LIMIT : p->limit;
	page->query.limit = page->limit + 1;
	if (history_is_backwards(rq, &page->query))
		return false;
	sst_past_bounds(rq->past, &page->bounds);
	if (page->bounds.oldest == 0) {
		api__state_not_ready(rq);
		return false;
	}
	return !history_is_of_another_epoch(rq, page, p->from.epoch, "from") &&
	       !history_is_of_another_epoch(rq, page, p->to.epoch, "to") &&
	       !history_is_of_another_epoch(
		   rq, page, p->cursor.epoch, "cursor");
}

/*
 * Whether a note is what it should be. It comes from a file, and one that is
 * damaged must not make the whole list unreadable.
 */
static bool
note_is_sound(const char *note)
{
	json_t *root;
	bool sound;

	if (note == NULL || note[0] != '{')
		return false;
	root = json_loads(note, 0, NULL);
	sound = json_object_size(root) == 2 &&
		json_is_object(json_object_get(root, "summary")) &&
		json_is_array(json_object_get(root, "cause"));
	json_decref(root);
	return sound;
}

static void
row_write(const struct sst_past_row *row, struct sst_buf *out)
{
	char when[SST_TIME_TEXT];

	sst_time_format_utc(row->captured_at.ms, true, when);
	api__json_open(out, NULL, '{');
	api__json_count(out, "revision", row->revision);
	api__json_text(out, "captured_at", when);
	api__json_count(out, "bytes", row->bytes);
	if (note_is_sound(row->note)) {
		/* its members are the last two of this object */
		sst_buf_addc(out, ',');
		sst_buf_adds(out, row->note + 1);
		return;
	}
	api__json_text(out, "summary", NULL);
	api__json_text(out, "cause", NULL);
	api__json_close(out, '}');
}

static void
moment_write(
    const struct sst_moment *m, const char *name, struct sst_buf *out)
{
	char when[SST_TIME_TEXT];

	if (m->kind == SST_MOMENT_REVISION) {
		sst_buf_addf(out, "%s=%s%s%" PRIu64 "&", name, m->epoch,
		    m->epoch[0] == '\0' ? "" : ":", m->revision);
	} else if (m->kind == SST_MOMENT_TIME) {
		sst_time_format_utc(m->at.ms, true, when);
		sst_buf_addf(out, "%s=%s&", name, when);
	}
}

/* The URL of the page behind this one. */
static void
next_write(const struct api_request *rq, const struct history_page *page,
    struct sst_buf *out)
{
	struct sst_buf url = SST_BUF_INIT;
	struct api_cursor cursor;
	char text[API_CURSOR_TEXT];

	memcpy(cursor.epoch, page->bounds.epoch, sizeof(cursor.epoch));
	cursor.below = page->rows[page->limit - 1].revision;
	api__cursor_text(&cursor, text);
	sst_buf_addf(&url, "%s?", rq->route->path);
	moment_write(&page->query.from, "from", &url);
	moment_write(&page->query.to, "to", &url);
	if (rq->params.limit != 0)
		sst_buf_addf(&url, "limit=%zu&", rq->params.limit);
	if (rq->params.pretty)
		sst_buf_adds(&url, "pretty=1&");
	sst_buf_addf(&url, "cursor=%s", text);
	out->failed = out->failed || sst_buf_failed(&url);
	api__json_text(out, "next", url.data);
	sst_buf_fini(&url);
}

static void
page_write(const struct api_request *rq, const struct history_page *page,
    struct sst_buf *out)
{
	size_t i;

	api__json_open(out, NULL, '{');
	api__json_text(out, "epoch", page->bounds.epoch);
	api__json_count(out, "oldest_revision", page->bounds.oldest);
	api__json_count(out, "newest_revision", page->bounds.newest);
	api__json_open(out, "revisions", '[');
	for (i = 0; i < page->count && i < page->limit; i++)
		row_write(&page->rows[i], out);
	api__json_close(out, ']');
	if (page->count > page->limit)
		next_write(rq, page, out);
	else
		api__json_text(out, "next", NULL);
	api__json_close(out, '}');
}

static void
page_respond(struct api_request *rq, struct api_response *rs,
    const struct history_page *page)
{
	struct sst_buf compact = SST_BUF_INIT, pretty = SST_BUF_INIT;

	page_write(rq, page, &compact);
	if (!rq->params.pretty) {
		sst_buf_addc(&compact, '\n');
		api__respond_live(rq, rs, &compact);
		return;
	}
	if (sst_buf_failed(&compact))
		pretty.failed = true;
	else
		sst_project_pretty(compact.data, compact.len, &pretty);
	sst_buf_fini(&compact);
	api__respond_live(rq, rs, &pretty);
}

void
api__get_history(struct api_request *rq, struct api_response *rs)
{
	struct history_page page;
	struct sst_error err;

	if (rq->stage == API_STAGE_FIRST) {
		api__on_worker(rq);
		return;
	}
	memset(&page, 0, sizeof(page));
	if (!history_ask(rq, &page))
		return;
	if (sst_past_list(rq->past, &page.query, &page.rows, &page.count,
		&err) != SST_OK) {
		api__fail(rq, &err);
		return;
	}
	page_respond(rq, rs, &page);
	sst_past_rows_free(page.rows, page.count);
}
