/*
 * The service as the API sees it: the current snapshot and live figures.
 * Everything here may be called from any thread and never waits for a source.
 */
#ifndef SST_SERVICE_SERVICE_H
#define SST_SERVICE_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "model/snapshot.h"

struct sst_service;

/*
 * A reference to the current snapshot (release it), never one in which a
 * source is shown ok beyond its max age. NULL before the first one.
 */
struct sst_snapshot *sst_service_snapshot(struct sst_service *service);

/* Live figures of one source: what is deliberately not in the document. */
struct sst_source_figures {
	char *name;
	char *kind;
	enum sst_section_id section;
	const char *status;     /* as in the document; static */
	int64_t observed_at_ms; /* wall time of the last good result; 0: none */
	double age_seconds;     /* of the last good result; <0: none */
	double max_age_seconds;
	double interval_seconds;
	double last_duration_seconds; /* <0: never ran */
	double total_duration_seconds;
	uint64_t attempts;
	uint64_t failures;
	uint64_t consecutive_failures;
	double next_attempt_seconds; /* from now; <0: none planned */
	uint64_t entities;
	uint64_t rejected; /* in the last result */
	uint64_t rejected_total;
	uint64_t bytes;   /* encoded bytes of the slice */
	char *error_code; /* of the last attempt; NULL: none */
	char *error_message;
	char *upstream; /* JSON as in the document; NULL: nothing known */
};

/* An array of *count_out, sorted by name; free with the function below. */
int sst_service_sources(struct sst_service *service,
    struct sst_source_figures **out, size_t *count_out, struct sst_error *err);
void sst_source_figures_free(struct sst_source_figures *figures, size_t count);

struct sst_service_figures {
	uint64_t revision;          /* current; 0 before the first */
	uint64_t revisions_total;   /* published since start */
	uint64_t snapshots_invalid; /* composed, did not conform, kept back */
	uint64_t compose_total;
	double compose_seconds_total;
	double uptime_seconds;
	size_t document_bytes; /* full view of the current one; 0: none */
	size_t entities[SST_SECTION_COUNT];
};

void sst_service_figures(
    struct sst_service *service, struct sst_service_figures *out);

/* How the history stands. */
struct sst_service_history {
	/* ok: everything published is stored; paused: storing fails, tried
	 * again; off: not configured, or it could not be opened. Static. */
	const char *status;
	char error[SST_ERROR_TEXT]; /* why it is paused or off; "" */
	uint64_t revisions;         /* held on disk, as all below */
	uint64_t oldest;            /* 0: none */
	uint64_t newest;
	uint64_t bytes;          /* of the files */
	uint64_t document_bytes; /* of the documents in them */
	uint64_t stored_bytes;   /* what these take */
	uint64_t appended_total; /* since start */
	uint64_t thinned_total;
	uint64_t failures_total;
	uint64_t lost_total; /* published, and given up before it was stored */
	uint64_t pending;    /* published, not stored yet */
	int64_t last_write_ms; /* wall time; 0: none */
};

void sst_service_history_figures(
    struct sst_service *service, struct sst_service_history *out);

const struct sst_clock *sst_service_clock(const struct sst_service *service);
/* The schema documents served under /schemas/: name -> bytes, static. */
const char *sst_service_schema(const char *name, size_t *len_out);
/* Names for the above, NULL-terminated, static. */
const char *const *sst_service_schema_names(void);

#endif
