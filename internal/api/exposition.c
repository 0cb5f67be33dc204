/* /metrics: the service and its sources in Prometheus text 0.0.4. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "api/api_priv.h"

static void
number_write(struct sst_buf *out, const char *name, const char *type,
    const char *help, double value)
{
	api__metrics_family(out, name, type, help);
	sst_buf_addf(out, "%s %.17g\n", name, value);
}

/* In bytes; 0 when it cannot be read. */
static double
resident_bytes(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long pages = 0;

	if (f == NULL)
		return 0;
	if (fscanf(f, "%*u %lu", &pages) != 1)
		pages = 0;
	fclose(f);
	return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static double
cpu_seconds(void)
{
	struct rusage u;

	if (getrusage(RUSAGE_SELF, &u) < 0)
		return 0;
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void
process_write(const struct sst_api *api, struct sst_buf *out)
{
	api__metrics_family(
	    out, "systate_build_info", "gauge", "Always 1; see its labels.");
	sst_buf_adds(out, "systate_build_info{version=\"" SST_VERSION
			  "\",schema_version=\"" SST_SCHEMA_VERSION "\"} 1\n");
	number_write(out, "process_start_time_seconds", "gauge",
	    "When the process began to serve, Unix time.",
	    (double)api->started_at.ms / 1000);
	number_write(out, "process_resident_memory_bytes", "gauge",
	    "Resident memory.", resident_bytes());
	number_write(out, "process_cpu_seconds_total", "counter",
	    "User and system time.", cpu_seconds());
}

static void
service_write(const struct sst_service_figures *f, struct sst_buf *out)
{
	int i;

	number_write(out, "systate_revision", "gauge",
	    "Revision of the current snapshot, 0 before the first.",
	    (double)f->revision);
	number_write(out, "systate_revisions_total", "counter",
	    "Snapshots published since the start.", (double)f->revisions_total);
	number_write(out, "systate_snapshots_invalid_total", "counter",
	    "Snapshots that did not conform and were kept back.",
	    (double)f->snapshots_invalid);
	number_write(out, "systate_compose_total", "counter",
	    "Compositions, with or without a new revision.",
	    (double)f->compose_total);
	number_write(out, "systate_compose_seconds_total", "counter",
	    "Time spent composing.", f->compose_seconds_total);
	number_write(out, "systate_document_bytes", "gauge",
	    "Size of the current document, full view.",
	    (double)f->document_bytes);
	api__metrics_family(
	    out, "systate_entities", "gauge", "Entities by section.");
	for (i = 0; i < SST_SECTION_COUNT; i++)
		sst_buf_addf(out, "systate_entities{section=\"%s\"} %zu\n",
		    sst_section_name((enum sst_section_id)i), f->entities[i]);
}

/* A label value: backslash, quote and line feed are escaped. */
static void
label_write(struct sst_buf *out, const char *name, const char *value)
{
	sst_buf_addf(out, "%s=\"", name);
	for (; *value != '\0'; value++) {
		if (*value == '\\' || *value == '"')
			sst_buf_addc(out, '\\');
		if (*value == '\n')
			sst_buf_adds(out, "\\n");
		else
			sst_buf_addc(out, *value);
	}
	sst_buf_addc(out, '"');
}

enum source_metric {
	SOURCE_UP,
	SOURCE_AGE,
	SOURCE_MAX_AGE,
	SOURCE_LAST_DURATION,
	SOURCE_DURATION,
	SOURCE_ATTEMPTS,
	SOURCE_FAILURES,
	SOURCE_ENTITIES,
	SOURCE_REJECTED,
	SOURCE_METRICS
};

static const struct {
	const char *name;
	const char *type;
	const char *help;
} source_rows[SOURCE_METRICS] = {
    [SOURCE_UP] = {"systate_source_up", "gauge",
	"1 while the status of the source is ok."},
    [SOURCE_AGE] = {"systate_source_age_seconds", "gauge",
	"Age of the last good result."},
    [SOURCE_MAX_AGE] = {"systate_source_max_age_seconds", "gauge",
	"Age at which the source becomes stale."},
    [SOURCE_LAST_DURATION] = {"systate_source_last_duration_seconds", "gauge",
	"Duration of the last attempt."},
    [SOURCE_DURATION] = {"systate_source_duration_seconds_total", "counter",
	"Duration of all attempts."},
    [SOURCE_ATTEMPTS] = {"systate_source_attempts_total", "counter",
	"Attempts to read the source."},
    [SOURCE_FAILURES] = {"systate_source_failures_total", "counter",
	"Attempts that failed."},
    [SOURCE_ENTITIES] = {"systate_source_entities", "gauge",
	"Entities in the last good result."},
    [SOURCE_REJECTED] = {"systate_source_rejected_total", "counter",
	"Entities left out because they did not conform."},
};

/* Below 0: not known, so not written. */
static double
source_value(const struct sst_source_figures *f, enum source_metric metric)
{
	switch (metric) {
	case SOURCE_UP:
		return strcmp(f->status, "ok") == 0;
	case SOURCE_AGE:
		return f->age_seconds;
	case SOURCE_MAX_AGE:
		return f->max_age_seconds;
	case SOURCE_LAST_DURATION:
		return f->last_duration_seconds;
	case SOURCE_DURATION:
		return f->total_duration_seconds;
	case SOURCE_ATTEMPTS:
		return (double)f->attempts;
	case SOURCE_FAILURES:
		return (double)f->failures;
	case SOURCE_ENTITIES:
		return (double)f->entities;
	case SOURCE_REJECTED:
		return (double)f->rejected_total;
	case SOURCE_METRICS:
		break;
	}
	return -1;
}

static void
source_labels(const struct sst_source_figures *f, struct sst_buf *out)
{
	sst_buf_addc(out, '{');
	label_write(out, "source", f->name);
	sst_buf_addc(out, ',');
	label_write(out, "section", sst_section_name(f->section));
	sst_buf_addc(out, ',');
	label_write(out, "kind", f->kind);
}

static void
sources_write(
    const struct sst_source_figures *figures, size_t count, struct sst_buf *out)
{
	double value;
	size_t i;
	int m;

	if (count == 0)
		return;
	for (m = 0; m < SOURCE_METRICS; m++) {
		api__metrics_family(out, source_rows[m].name,
		    source_rows[m].type, source_rows[m].help);
		for (i = 0; i < count; i++) {
			value =
			    source_value(&figures[i], (enum source_metric)m);
			if (value < 0)
				continue;
			sst_buf_adds(out, source_rows[m].name);
			source_labels(&figures[i], out);
			sst_buf_addf(out, "} %.17g\n", value);
		}
	}
	api__metrics_family(out, "systate_source_status", "gauge",
	    "1 for the status that each source has.");
	for (i = 0; i < count; i++) {
		sst_buf_adds(out, "systate_source_status");
		source_labels(&figures[i], out);
		sst_buf_addf(out, ",status=\"%s\"} 1\n", figures[i].status);
	}
}

static void
history_size_write(const struct sst_service_history *h, struct sst_buf *out)
{
	number_write(out, "systate_history_revisions", "gauge",
	    "Revisions stored.", (double)h->revisions);
	number_write(out, "systate_history_oldest_revision", "gauge",
	    "Oldest revision stored, 0 for none.", (double)h->oldest);
	number_write(out, "systate_history_newest_revision", "gauge",
	    "Newest revision stored, 0 for none.", (double)h->newest);
	number_write(out, "systate_history_file_bytes", "gauge",
	    "Size of the files of the history.", (double)h->bytes);
	number_write(out, "systate_history_document_bytes", "gauge",
	    "Size of the documents that are stored, full view.",
	    (double)h->document_bytes);
	number_write(out, "systate_history_stored_bytes", "gauge",
	    "Size that these documents take.", (double)h->stored_bytes);
}

static void
history_write(const struct sst_service_history *h, struct sst_buf *out)
{
	api__metrics_family(out, "systate_history_status", "gauge",
	    "1 for how the history stands: ok, paused or off.");
	sst_buf_addf(
	    out, "systate_history_status{status=\"%s\"} 1\n", h->status);
	history_size_write(h, out);
	number_write(out, "systate_history_pending", "gauge",
	    "Revisions published and not stored yet.", (double)h->pending);
	number_write(out, "systate_history_appended_total", "counter",
	    "Revisions stored since the start.", (double)h->appended_total);
	number_write(out, "systate_history_thinned_total", "counter",
	    "Revisions thinned out by age or size.", (double)h->thinned_total);
	number_write(out, "systate_history_failures_total", "counter",
	    "Attempts to store that failed.", (double)h->failures_total);
	number_write(out, "systate_history_lost_total", "counter",
	    "Revisions given up before they were stored.",
	    (double)h->lost_total);
	if (h->last_write_ms > 0)
		number_write(out, "systate_history_last_write_time_seconds",
		    "gauge", "When something was stored last, Unix time.",
		    (double)h->last_write_ms / 1000);
}

static void
watch_write(const struct sst_watch_figures *w, struct sst_buf *out)
{
	static const char *const kinds[] = {
	    [SST_WATCH_STATE] = "state",
	    [SST_WATCH_CHANGE] = "change",
	    [SST_WATCH_BOOKMARK] = "bookmark",
	    [SST_WATCH_HEARTBEAT] = "heartbeat",
	    [SST_WATCH_TIME_OUT] = "timeout",
	    [SST_WATCH_SLOW] = "slow",
	    [SST_WATCH_STOPPED] = "stopped"};
	size_t i;

	number_write(out, "systate_watchers", "gauge",
	    "Watches open now, long polls among them.", (double)w->open);
	number_write(out, "systate_watch_projections", "gauge",
	    "Different selections among them.", (double)w->projections);
	number_write(out, "systate_watchers_opened_total", "counter",
	    "Watches opened.", (double)w->opened_total);
	number_write(out, "systate_watchers_refused_total", "counter",
	    "Watches refused because limits.max_watchers was reached.",
	    (double)w->refused_total);
	number_write(out, "systate_watchers_dropped_total", "counter",
	    "Watches ended because their client read too slowly.",
	    (double)w->dropped_total);
	api__metrics_family(out, "systate_watch_events_total", "counter",
	    "Events queued for watches, by kind.");
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		sst_buf_addf(out,
		    "systate_watch_events_total{kind=\"%s\"} %" PRIu64 "\n",
		    kinds[i], w->events_total[i]);
}

void
api__get_metrics(struct api_request *rq, struct api_response *rs)
{
	struct sst_source_figures *figures;
	struct sst_service_figures service;
	struct sst_service_history history;
	struct sst_watch_figures watchers;
	struct sst_buf out = SST_BUF_INIT;
	struct sst_error err;
	size_t count;

	if (sst_service_sources(rq->api->service, &figures, &count, &err)) {
		api__fail(rq, &err);
		return;
	}
	sst_service_figures(rq->api->service, &service);
	process_write(rq->api, &out);
	service_write(&service, &out);
	sources_write(figures, count, &out);
	sst_service_history_figures(rq->api->service, &history);
	history_write(&history, &out);
	sst_watch_figures(rq->api->service, &watchers);
	watch_write(&watchers, &out);
	sst_source_figures_free(figures, count);
	api__metrics_write(&rq->api->metrics, &out);
	api__respond_live(rq, rs, &out);
}
