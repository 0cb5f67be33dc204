/* Counters of the HTTP side. Everything is atomic; any thread. */
#ifndef SST_API_METRICS_H
#define SST_API_METRICS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum {
	API_ROUTES_MAX = 48, /* the last one stands for "no route" */
	API_STATUS_MAX = 24,
	API_BUCKETS = 14
};

struct api_metrics {
	atomic_uint_fast64_t requests[API_ROUTES_MAX][API_STATUS_MAX];
	atomic_uint_fast64_t buckets[API_BUCKETS + 1]; /* the last: over all */
	atomic_uint_fast64_t duration_ns;
	atomic_uint_fast64_t body_bytes; /* of responses */
	atomic_uint_fast64_t refused;    /* connections over a limit */
	atomic_uint_fast64_t malformed;  /* answered below the HTTP layer */
	atomic_uint_fast64_t aborted;    /* the peer went away meanwhile */
	atomic_uint_fast64_t connections_total;
	atomic_uint connections; /* open now */
	atomic_uint in_flight;
	atomic_uint parked;  /* suspended: wait for a worker or a change */
	atomic_uint streams; /* open now */
	atomic_uint worker_queue;
	atomic_uint_fast64_t worker_jobs;
	atomic_uint_fast64_t worker_refused;
};

/* One finished request; route is its row, or -1; duration_ns below 0: it was
 * told to wait, so it is not in the histogram. */
void api__metrics_count(struct api_metrics *metrics, int route, int status,
    int64_t duration_ns, size_t body_bytes);

/* Appends the two lines that come before the samples of a metric. */
void api__metrics_family(
    struct sst_buf *out, const char *name, const char *type, const char *help);
/* Appends the HTTP part of the exposition (Prometheus text 0.0.4). */
void api__metrics_write(struct api_metrics *metrics, struct sst_buf *out);

#endif
