/* /healthz, /readyz, /system/sources: live, never cached. */
#include "api/api_priv.h"
#include "api/json.h"
#include "base/time.h"

void
api__get_healthz(struct api_request *rq, struct api_response *rs)
{
	struct sst_buf out = SST_BUF_INIT;

	sst_buf_adds(&out, "{\"status\":\"ok\"}\n");
	api__respond_live(rq, rs, &out);
}

void
api__get_readyz(struct api_request *rq, struct api_response *rs)
{
	struct sst_snapshot *s = sst_service_snapshot(rq->api->service);
	struct sst_buf out = SST_BUF_INIT;

	if (s == NULL) {
		api__problem_set(&rq->problem, API_NOT_READY,
		    "No source has answered yet, so there is no snapshot.");
		rq->problem.retry_after = 1;
		return;
	}
	api__json_open(&out, NULL, '{');
	api__json_text(&out, "status", "ready");
	api__json_count(&out, "revision", s->revision);
	api__json_close(&out, '}');
	sst_buf_addc(&out, '\n');
	sst_snapshot_release(&s);
	api__respond_live(rq, rs, &out);
}

static void
source_counts(const struct sst_source_figures *f, struct sst_buf *out)
{
	api__json_count(out, "attempts", f->attempts);
	api__json_count(out, "failures", f->failures);
	api__json_count(out, "consecutive_failures", f->consecutive_failures);
	api__json_seconds(out, "next_attempt_seconds", f->next_attempt_seconds);
	api__json_count(out, "entities", f->entities);
	api__json_count(out, "rejected", f->rejected);
	api__json_count(out, "rejected_total", f->rejected_total);
	api__json_count(out, "bytes", f->bytes);
}

static void
source_write(const struct sst_source_figures *f, struct sst_buf *out)
{
	char time[SST_TIME_TEXT];

	sst_time_format_utc(f->observed_at_ms, true, time);
	api__json_open(out, NULL, '{');
	api__json_text(out, "name", f->name);
	api__json_text(out, "section", sst_section_name(f->section));
	api__json_text(out, "kind", f->kind);
	api__json_text(out, "status", f->status);
	api__json_text(out, "observed_at", f->observed_at_ms > 0 ? time : NULL);
	api__json_seconds(out, "age_seconds", f->age_seconds);
	api__json_seconds(out, "max_age_seconds", f->max_age_seconds);
	api__json_seconds(out, "interval_seconds", f->interval_seconds);
	api__json_seconds(
	    out, "last_duration_seconds", f->last_duration_seconds);
	source_counts(f, out);
	if (f->error_code == NULL) {
		api__json_text(out, "error", NULL);
	} else {
		api__json_open(out, "error", '{');
		api__json_text(out, "code", f->error_code);
		api__json_text(out, "message", f->error_message);
		api__json_close(out, '}');
	}
	api__json_raw(out, "upstream", f->upstream);
	api__json_close(out, '}');
}

/* 0: not known. */
static void
count_or_null(struct sst_buf *out, const char *name, uint64_t value)
{
	if (value == 0)
		api__json_text(out, name, NULL);
	else
		api__json_count(out, name, value);
}

static void
history_write(const struct sst_service_history *h, struct sst_buf *out)
{
	char time[SST_TIME_TEXT];

	sst_time_format_utc(h->last_write_ms, true, time);
	api__json_open(out, "history", '{');
	api__json_text(out, "status", h->status);
	api__json_text(out, "error", h->error[0] == '\0' ? NULL : h->error);
	count_or_null(out, "oldest_revision", h->oldest);
	count_or_null(out, "newest_revision", h->newest);
	api__json_count(out, "revisions", h->revisions);
	api__json_count(out, "bytes", h->bytes);
	api__json_count(out, "document_bytes", h->document_bytes);
	api__json_count(out, "stored_bytes", h->stored_bytes);
	api__json_text(
	    out, "last_write_at", h->last_write_ms > 0 ? time : NULL);
	api__json_count(out, "pending", h->pending);
	api__json_close(out, '}');
}

static void
watchers_write(const struct sst_watch_figures *w, struct sst_buf *out)
{
	api__json_open(out, "watchers", '{');
	api__json_count(out, "open", w->open);
	api__json_count(out, "projections", w->projections);
	api__json_count(out, "dropped", w->dropped_total);
	api__json_count(out, "refused", w->refused_total);
	api__json_close(out, '}');
}

void
api__get_sources(struct api_request *rq, struct api_response *rs)
{
	struct sst_source_figures *figures;
	struct sst_service_history history;
	struct sst_watch_figures watchers;
	struct sst_buf out = SST_BUF_INIT;
	struct sst_error err;
	size_t i, count;

	if (sst_service_sources(rq->api->service, &figures, &count, &err)) {
		api__fail(rq, &err);
		return;
	}
	sst_service_history_figures(rq->api->service, &history);
	sst_watch_figures(rq->api->service, &watchers);
	api__json_open(&out, NULL, '{');
	api__json_open(&out, "sources", '[');
	for (i = 0; i < count; i++)
		source_write(&figures[i], &out);
	api__json_close(&out, ']');
	history_write(&history, &out);
	watchers_write(&watchers, &out);
	api__json_close(&out, '}');
	sst_buf_addc(&out, '\n');
	sst_source_figures_free(figures, count);
	api__respond_live(rq, rs, &out);
}
