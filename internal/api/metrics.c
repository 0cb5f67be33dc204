#include "api/metrics.h"

#include <inttypes.h>
#include <stdbool.h>

#include "api/routes.h"

/* Every status that a response of ours can have. */
static const int statuses[] = {200, 301, 304, 400, 401, 403, 404, 405, 406, 409,
    410, 413, 414, 421, 431, 500, 503};

enum { STATUSES = sizeof(statuses) / sizeof(statuses[0]) };

_Static_assert((int)STATUSES < (int)API_STATUS_MAX, "one more for the rest");

/* Upper bounds of the histogram, in microseconds. */
static const int64_t bounds_us[API_BUCKETS] = {50, 100, 250, 500, 1000, 2500,
    5000, 10000, 25000, 50000, 100000, 250000, 1000000, 5000000};

static size_t
status_slot(int status)
{
	size_t i;

	for (i = 0; i < STATUSES; i++)
		if (statuses[i] == status)
			break;
	return i; /* STATUSES: the rest */
}

static void
add(atomic_uint_fast64_t *counter, uint64_t value)
{
	atomic_fetch_add_explicit(counter, value, memory_order_relaxed);
}

void
api__metrics_count(struct api_metrics *metrics, int route, int status,
    int64_t duration_ns, size_t body_bytes)
{
	size_t row = route < 0 ? API_ROUTES_MAX - 1 : (size_t)route, i;

	add(&metrics->requests[row][status_slot(status)], 1);
	add(&metrics->body_bytes, body_bytes);
	if (duration_ns < 0)
		return;
	for (i = 0; i < API_BUCKETS; i++)
		if (duration_ns <= bounds_us[i] * 1000)
			break;
	add(&metrics->buckets[i], 1);
	add(&metrics->duration_ns, (uint64_t)duration_ns);
}

static uint64_t
get(atomic_uint_fast64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

void
api__metrics_family(
    struct sst_buf *out, const char *name, const char *type, const char *help)
{
	sst_buf_addf(
	    out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
requests_write(struct api_metrics *m, struct sst_buf *out)
{
	size_t r, s, count;
	const struct api_route *routes = api__routes(&count);
	uint64_t n;

	api__metrics_family(out, "systate_http_requests_total", "counter",
	    "Answered requests by route and status.");
	for (r = 0; r < API_ROUTES_MAX; r++)
		for (s = 0; s <= STATUSES; s++) {
			n = get(&m->requests[r][s]);
			if (n == 0)
				continue;
			sst_buf_addf(out,
			    "systate_http_requests_total{route=\"%s\","
			    "status=\"%d\"} %" PRIu64 "\n",
			    r < count ? routes[r].path : "other",
			    s < STATUSES ? statuses[s] : 0, n);
		}
}

static void
histogram_write(struct api_metrics *m, struct sst_buf *out)
{
	static const char name[] = "systate_http_request_duration_seconds";
	uint64_t total = 0;
	size_t i;

	api__metrics_family(out, name, "histogram",
	    "From the request line until the last byte was handed over; "
	    "without streams and long polls.");
	for (i = 0; i < API_BUCKETS; i++) {
		total += get(&m->buckets[i]);
		sst_buf_addf(out, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name,
		    (double)bounds_us[i] / 1e6, total);
	}
	total += get(&m->buckets[API_BUCKETS]);
	sst_buf_addf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, total);
	sst_buf_addf(
	    out, "%s_sum %.9f\n", name, (double)get(&m->duration_ns) / 1e9);
	sst_buf_addf(out, "%s_count %" PRIu64 "\n", name, total);
}

static void
counter_write(
    struct sst_buf *out, const char *name, const char *help, uint64_t value)
{
	api__metrics_family(out, name, "counter", help);
	sst_buf_addf(out, "%s %" PRIu64 "\n", name, value);
}

static void
gauge_write(
    struct sst_buf *out, const char *name, const char *help, uint64_t value)
{
	api__metrics_family(out, name, "gauge", help);
	sst_buf_addf(out, "%s %" PRIu64 "\n", name, value);
}

static void
waiting_write(struct api_metrics *m, struct sst_buf *out)
{
	gauge_write(out, "systate_http_requests_parked",
	    "Requests that wait for a worker thread or for a change.",
	    atomic_load(&m->parked));
	gauge_write(out, "systate_http_streams", "Event streams open now.",
	    atomic_load(&m->streams));
	gauge_write(out, "systate_http_worker_queue",
	    "Requests that no worker thread has begun yet.",
	    atomic_load(&m->worker_queue));
	counter_write(out, "systate_http_worker_jobs_total",
	    "Requests that a worker thread took.", get(&m->worker_jobs));
	counter_write(out, "systate_http_worker_refused_total",
	    "Requests answered 503 because the queue for worker threads was "
	    "full.",
	    get(&m->worker_refused));
}

void
api__metrics_write(struct api_metrics *m, struct sst_buf *out)
{
	requests_write(m, out);
	histogram_write(m, out);
	counter_write(out, "systate_http_response_body_bytes_total",
	    "Bytes of response bodies, as sent.", get(&m->body_bytes));
	gauge_write(out, "systate_http_requests_in_flight",
	    "Requests begun and not ended.", atomic_load(&m->in_flight));
	waiting_write(m, out);
	gauge_write(out, "systate_http_connections", "Connections open now.",
	    atomic_load(&m->connections));
	counter_write(out, "systate_http_connections_total",
	    "Connections accepted.", get(&m->connections_total));
	counter_write(out, "systate_http_connections_refused_total",
	    "Connections closed because a limit was reached.",
	    get(&m->refused));
	counter_write(out, "systate_http_malformed_total",
	    "Requests that were no HTTP, answered before they had a route.",
	    get(&m->malformed));
	counter_write(out, "systate_http_aborted_total",
	    "Requests whose peer went away or fell silent.", get(&m->aborted));
}
