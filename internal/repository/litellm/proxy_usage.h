/*
 * What the counters of /metrics say about each deployment: use in the last
 * minute, spend since we look, cool-downs, and the gauges beside them.
 *
 * A scrape is a sample of all deployments at one instant of the monotonic
 * clock. Use in the last minute is what was added between the newest sample and
 * the oldest one not older than a minute, scaled to a minute; with one sample,
 * or with less than 10 s between them, it is unknown. A counter that went back
 * began anew: what it shows is what was added. Counters that go back again and
 * again, or another process than before that was already running then, are
 * several workers without a common store: then nothing can be said, and
 * `unreliable` says why.
 *
 * A sample belongs to the deployment that model_id names. Series that have the
 * label without a value are of no deployment (background health checks,
 * requests refused before routing). Series without the label, of builds that
 * do not have it, belong to the deployment of that requested_model, or else
 * that model, if there is exactly one; if not, use is unknown for all of them.
 *
 * One thread; no I/O. Memory: about 1 KB for a deployment.
 */
#ifndef SST_REPOSITORY_LITELLM_PROXY_USAGE_H
#define SST_REPOSITORY_LITELLM_PROXY_USAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "repository/litellm/prometheus_text.h"
#include "repository/litellm/proxy_parse.h"

enum {
	PROXY_SAMPLES = 16, /* of the last minute, at 5 s and more */
	/* A minute, and what polls are late by. */
	PROXY_WINDOW_MS = 67500,
	/* Less would be blown up to a minute. */
	PROXY_WINDOW_MIN_MS = 10000,
	/* The sample before is used when none is in the window: sources that
	 * ask rarely. */
	PROXY_WINDOW_MAX_MS = 330000,
	PROXY_BACK_SCRAPES = 16, /* looked at for counters that went back */
	PROXY_BACK_MAX = 3,      /* restarts are rarer than that */
	PROXY_GAUGE_BUDGETS_MAX = 1000
};

enum proxy_counter {
	PROXY_REQUESTS,
	PROXY_FAILURES,
	PROXY_TOKENS,
	PROXY_RATES, /* the ones above have a use in the last minute */
	PROXY_SPEND = PROXY_RATES,
	PROXY_COOLED,
	PROXY_COUNTERS
};

enum proxy_gauge {
	PROXY_LEFT_REQUESTS,
	PROXY_LEFT_TOKENS,
	PROXY_TPM_LIMIT,
	PROXY_RPM_LIMIT,
	PROXY_GAUGES
};

/* -1: not told. */
struct proxy_gauges {
	double value[PROXY_GAUGES];
	double state;   /* 0 well, 1 partly, 2 not */
	int state_rank; /* how well the series fits */
};

struct proxy_usage_row {
	double last[PROXY_COUNTERS]; /* of the newest sample; NaN: unknown */
	double sum[PROXY_COUNTERS];  /* added since we look */
	double ring[PROXY_SAMPLES][PROXY_RATES]; /* sum then; NaN: unknown */
	int64_t spend_since_ms;                  /* wall; -1: not known yet */
	struct proxy_gauges gauges;              /* of the last scrape */
	/* of the scrape that runs */
	struct proxy_gauges next;
	double now[PROXY_COUNTERS];
	bool blurred[PROXY_COUNTERS]; /* others may be meant, too */
	bool cooled_several;          /* series of different statuses */
	char cooled_status[16];       /* "429"; "" */
	/* of the last cool-down that was noticed */
	bool cooled;
	struct sst_mono cooled_at;
	struct sst_wall cooled_wall;
	char cooled_why[16];
	int64_t shown[4]; /* by the caller: last values shown */
};

struct proxy_usage {
	const struct proxy_deployments *list; /* borrowed; rows go with it */
	struct proxy_usage_row *rows;
	json_t *by_id;      /* {id: row} */
	json_t *by_model;   /* {model: row, or -1: several} */
	json_t *by_backend; /* the same, with and without provider */
	struct sst_mono times[PROXY_SAMPLES];
	struct sst_wall last_wall; /* of the newest one */
	uint64_t samples;          /* all that were taken */
	uint32_t back;             /* bit n: n scrapes ago counters went back */
	uint64_t unreliable_until; /* samples; 0 */
	double in_flight;          /* -1: not told, as all below */
	double started;            /* process_start_time_seconds */
	json_t *budgets; /* {scope: {name: {max, left}}} from gauges */
	/* of the scrape that runs */
	double next_in_flight;
	double next_started;
	json_t *next_budgets;
	bool told[32]; /* families */
	bool went_back;
	bool nomem;
};

/* rows for that list, with what is known of deployments it shares with the
 * list before. list is borrowed until the next call. SST_NOMEM: nothing is
 * changed. */
int proxy__usage_list(struct proxy_usage *usage,
    const struct proxy_deployments *list, struct sst_error *err);
void proxy__usage_fini(struct proxy_usage *usage);

/* A scrape: begin, a body through a parser with that sink, commit when it was
 * read whole; without commit it never was. */
void proxy__usage_begin(struct proxy_usage *usage);
void
proxy__usage_sink(struct proxy_usage *usage, struct sst_prometheus_sink *out);
int proxy__usage_commit(struct proxy_usage *usage, struct sst_mono now,
    struct sst_wall wall, struct sst_error *err);
/* Forgets what gauges say; counters go on with the next scrape. */
void proxy__usage_stale(struct proxy_usage *usage);

/* Per minute; -1: unknown. */
double proxy__usage_rate(
    const struct proxy_usage *usage, size_t row, enum proxy_counter counter);
bool proxy__usage_unreliable(const struct proxy_usage *usage);
/* The row of exactly one deployment of that model or back end; -1: none or
 * several. */
int64_t proxy__usage_find(const json_t *index, const char *name, size_t len);

#endif
