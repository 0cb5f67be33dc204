/* /healthz, /readyz, /metrics, /system/sources: live, never cached. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/api_priv.h"
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
	sst_buf_addf(&out, "{\"status\":\"ready\",\"revision\":%" PRIu64 "}\n",
	    s->revision);
	sst_snapshot_release(&s);
	api__respond_live(rq, rs, &out);
}

static const char *
real_or_null(double value, char out[32])
{
	if (value < 0)
		return "null";
	snprintf(out, 32, "%.3f", value);
	return out;
}

static void
source_text(struct sst_buf *out, const char *member, const char *text)
{
	sst_buf_addf(out, ",\"%s\":", member);
	sst_buf_json_string(out, text, strlen(text));
}

static void
source_write(const struct sst_source_figures *f, struct sst_buf *out)
{
	char number[32], time[SST_TIME_TEXT];

	sst_buf_adds(out, "{\"name\":");
	sst_buf_json_string(out, f->name, strlen(f->name));
	source_text(out, "section", sst_section_name(f->section));
	source_text(out, "kind", f->kind);
	source_text(out, "status", f->status);
	sst_buf_adds(out, ",\"observed_at\":");
	if (f->observed_at_ms > 0) {
		sst_time_format_utc(f->observed_at_ms, true, time);
		sst_buf_addf(out, "\"%s\"", time);
	} else {
		sst_buf_adds(out, "null");
	}
	sst_buf_addf(out, ",\"age_seconds\":%s",
	    real_or_null(f->age_seconds, number));
	sst_buf_addf(out, ",\"max_age_seconds\":%s",
	    real_or_null(f->max_age_seconds, number));
	sst_buf_addf(out, ",\"interval_seconds\":%s",
	    real_or_null(f->interval_seconds, number));
	sst_buf_addf(out, ",\"last_duration_seconds\":%s",
	    real_or_null(f->last_duration_seconds, number));
	sst_buf_addf(out, ",\"attempts\":%" PRIu64 ",\"failures\":%" PRIu64
	    ",\"consecutive_failures\":%" PRIu64, f->attempts, f->failures,
	    f->consecutive_failures);
	sst_buf_addf(out, ",\"next_attempt_seconds\":%s",
	    real_or_null(f->next_attempt_seconds, number));
	sst_buf_addf(out, ",\"entities\":%" PRIu64 ",\"rejected\":%" PRIu64
	    ",\"rejected_total\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"error\":",
	    f->entities, f->rejected, f->rejected_total, f->bytes);
	if (f->error_code == NULL) {
		sst_buf_adds(out, "null}");
		return;
	}
	sst_buf_adds(out, "{\"code\":");
	sst_buf_json_string(out, f->error_code, strlen(f->error_code));
	source_text(out, "message",
	    f->error_message == NULL ? "" : f->error_message);
	sst_buf_adds(out, "}}");
}

void
api__get_sources(struct api_request *rq, struct api_response *rs)
{
	struct sst_source_figures *figures;
	struct sst_buf out = SST_BUF_INIT;
	struct sst_error err;
	size_t i, count;

	if (sst_service_sources(rq->api->service, &figures, &count, &err)) {
		api__fail(rq, &err);
		return;
	}
	sst_buf_adds(&out, "{\"sources\":[");
	for (i = 0; i < count; i++) {
		if (i > 0)
			sst_buf_addc(&out, ',');
		source_write(&figures[i], &out);
	}
	sst_buf_adds(&out, "]}\n");
	sst_source_figures_free(figures, count);
	api__respond_live(rq, rs, &out);
}
