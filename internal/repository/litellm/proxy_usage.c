#include "repository/litellm/proxy_usage.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Relative; sums of the same series in another order differ by less. */
#define USAGE_EPSILON 1e-9
/* What the clock of the proxy's host may differ by. */
enum { USAGE_SKEW_MS = 5000 };

static const json_int_t usage_several = -1;

int64_t
proxy__usage_find(const json_t *index, const char *name, size_t len)
{
	const json_t *row = json_object_getn(index, name, len);

	return row == NULL ? -1 : (int64_t)json_integer_value(row);
}

/* name may be NULL. */
static bool
usage_index(json_t *index, const char *name, size_t row)
{
	const json_t *there;

	if (name == NULL)
		return true;
	there = json_object_get(index, name);
	if (there != NULL && json_integer_value(there) == (json_int_t)row)
		return true;
	return proxy__set(index, name,
	    json_integer(there != NULL ? usage_several : (json_int_t)row));
}

static bool
usage_index_all(struct proxy_usage *u)
{
	size_t i;

	u->by_id = json_object();
	u->by_model = json_object();
	u->by_backend = json_object();
	for (i = 0; i < u->list->count; i++) {
		const struct proxy_deployment *d = &u->list->rows[i];

		if (!usage_index(u->by_id, d->id, i) ||
		    !usage_index(u->by_model, d->model, i) ||
		    !usage_index(u->by_backend, d->backend, i) ||
		    !usage_index(u->by_backend, proxy__backend_name(d), i))
			return false;
	}
	return true;
}

static void
usage_gauges_init(struct proxy_gauges *g)
{
	int i;

	for (i = 0; i < PROXY_GAUGES; i++)
		g->value[i] = -1;
	g->state = -1;
	g->state_rank = 0;
}

static void
usage_ring_init(struct proxy_usage_row *row)
{
	int i, k;

	for (i = 0; i < PROXY_SAMPLES; i++) {
		for (k = 0; k < PROXY_RATES; k++)
			row->ring[i][k] = NAN;
	}
}

static void
usage_row_init(struct proxy_usage_row *row)
{
	int i;

	memset(row, 0, sizeof(*row));
	for (i = 0; i < PROXY_COUNTERS; i++)
		row->last[i] = NAN;
	usage_ring_init(row);
	usage_gauges_init(&row->gauges);
	row->spend_since_ms = -1;
	for (i = 0; i < 4; i++)
		row->shown[i] = -1;
}

static void
usage_drop(struct proxy_usage *u)
{
	json_decref(u->by_id);
	json_decref(u->by_model);
	json_decref(u->by_backend);
	free(u->rows);
	u->by_id = u->by_model = u->by_backend = NULL;
	u->rows = NULL;
}

int
proxy__usage_list(struct proxy_usage *u, const struct proxy_deployments *list,
    struct sst_error *err)
{
	struct proxy_usage fresh = *u;
	int64_t old;
	size_t i;

	fresh.list = list;
	fresh.by_id = fresh.by_model = fresh.by_backend = NULL;
	fresh.rows = calloc(list->count + 1, sizeof(*fresh.rows));
	if (fresh.rows == NULL || !usage_index_all(&fresh)) {
		usage_drop(&fresh);
		return sst_error_nomem(err);
	}
	for (i = 0; i < list->count; i++) {
		usage_row_init(&fresh.rows[i]);
		old = proxy__usage_find(
		    u->by_id, list->rows[i].id, strlen(list->rows[i].id));
		if (old >= 0)
			fresh.rows[i] = u->rows[old];
	}
	usage_drop(u);
	if (u->samples == 0)
		fresh.in_flight = fresh.started = -1;
	*u = fresh;
	return SST_OK;
}

void
proxy__usage_fini(struct proxy_usage *u)
{
	usage_drop(u);
	json_decref(u->budgets);
	json_decref(u->next_budgets);
	memset(u, 0, sizeof(*u));
}

static void
usage_row_begin(struct proxy_usage_row *row)
{
	int i;

	for (i = 0; i < PROXY_COUNTERS; i++) {
		row->now[i] = 0;
		row->blurred[i] = false;
	}
	usage_gauges_init(&row->next);
	row->cooled_several = false;
	row->cooled_status[0] = '\0';
}

void
proxy__usage_stale(struct proxy_usage *u)
{
	size_t i;

	for (i = 0; i < u->list->count; i++)
		usage_gauges_init(&u->rows[i].gauges);
	json_decref(u->budgets);
	u->budgets = NULL;
	u->in_flight = -1;
}

void
proxy__usage_begin(struct proxy_usage *u)
{
	size_t i;

	for (i = 0; i < u->list->count; i++)
		usage_row_begin(&u->rows[i]);
	json_decref(u->next_budgets);
	u->next_budgets = NULL;
	u->next_in_flight = u->next_started = -1;
	memset(u->told, 0, sizeof(u->told));
	u->went_back = false;
	u->nomem = false;
}

/* What was added to a counter since the sample before. */
static double
usage_added(struct proxy_usage *u, double last, double now, bool watched)
{
	if (now >= last - fabs(last) * USAGE_EPSILON)
		return now > last ? now - last : 0;
	u->went_back = u->went_back || watched;
	return now;
}

static void
usage_row_cooled(
    struct proxy_usage_row *row, struct sst_mono now, struct sst_wall wall)
{
	row->cooled = true;
	row->cooled_at = now;
	row->cooled_wall = wall;
	memcpy(row->cooled_why, row->cooled_status, sizeof(row->cooled_why));
	if (row->cooled_several)
		row->cooled_why[0] = '\0';
}

/* told: the families of counters, in their order. */
static void
usage_row_commit(struct proxy_usage *u, struct proxy_usage_row *row,
    struct sst_mono now, struct sst_wall wall)
{
	double *ring = row->ring[u->samples % PROXY_SAMPLES], added;
	bool known;
	int i;

	for (i = 0; i < PROXY_COUNTERS; i++) {
		known = u->told[i] && !row->blurred[i];
		added = known && !isnan(row->last[i])
			    ? usage_added(
				  u, row->last[i], row->now[i], i < PROXY_SPEND)
			    : 0;
		row->sum[i] += added;
		if (i == PROXY_COOLED && added > 0)
			usage_row_cooled(row, now, wall);
		if (i == PROXY_SPEND && known && row->spend_since_ms < 0)
			row->spend_since_ms = wall.ms;
		row->last[i] = known ? row->now[i] : NAN;
		if (i < PROXY_RATES)
			ring[i] = known ? row->sum[i] : NAN;
	}
}

/* What was added up while the counters jumped is worth nothing. */
static void
usage_distrust(struct proxy_usage *u, uint64_t scrapes)
{
	size_t i;

	if (u->unreliable_until < u->samples + scrapes)
		u->unreliable_until = u->samples + scrapes;
	for (i = 0; i < u->list->count; i++) {
		u->rows[i].spend_since_ms = -1;
		u->rows[i].sum[PROXY_SPEND] = 0;
		usage_ring_init(&u->rows[i]);
	}
}

static int
usage_bits(uint32_t bits)
{
	int n = 0;

	for (; bits != 0; bits &= bits - 1)
		n++;
	return n;
}

/*
 * Whether another process answers than did before, and not because that one
 * was started again: it was running when the last sample was taken.
 */
static bool
usage_stranger(const struct proxy_usage *u)
{
	if (u->samples == 0 || u->started < 0 || u->next_started < 0 ||
	    fabs(u->next_started - u->started) < 0.5)
		return false;
	return u->next_started < u->started ||
	       u->next_started * 1000.0 <
		   (double)(u->last_wall.ms - USAGE_SKEW_MS);
}

int
proxy__usage_commit(struct proxy_usage *u, struct sst_mono now,
    struct sst_wall wall, struct sst_error *err)
{
	bool stranger = usage_stranger(u);
	size_t i;

	if (u->nomem)
		return sst_error_nomem(err);
	for (i = 0; i < u->list->count; i++) {
		usage_row_commit(u, &u->rows[i], now, wall);
		u->rows[i].gauges = u->rows[i].next;
	}
	u->in_flight = u->next_in_flight;
	u->started = u->next_started;
	json_decref(u->budgets);
	u->budgets = u->next_budgets;
	u->next_budgets = NULL;
	u->times[u->samples % PROXY_SAMPLES] = now;
	u->last_wall = wall;
	u->samples++;
	u->back = (u->back << 1 | (u->went_back ? 1U : 0U)) &
		  ((1U << PROXY_BACK_SCRAPES) - 1);
	if (stranger)
		usage_distrust(u, PROXY_BACK_SCRAPES);
	else if (usage_bits(u->back) >= PROXY_BACK_MAX)
		usage_distrust(u, 1);
	return SST_OK;
}

bool
proxy__usage_unreliable(const struct proxy_usage *u)
{
	return u->samples < u->unreliable_until;
}

double
proxy__usage_rate(
    const struct proxy_usage *u, size_t row, enum proxy_counter counter)
{
	const struct proxy_usage_row *r = &u->rows[row];
	uint64_t newest = u->samples - 1, back, held;
	int64_t age = 0, span = 0;
	double was, is, base = NAN;

	if (u->samples < 2 || proxy__usage_unreliable(u))
		return -1;
	held = u->samples < PROXY_SAMPLES ? u->samples : PROXY_SAMPLES;
	is = r->ring[newest % PROXY_SAMPLES][counter];
	for (back = 1; back < held; back++) {
		uint64_t at = (newest - back) % PROXY_SAMPLES;

		age = sst_mono_diff_ms(
		    u->times[newest % PROXY_SAMPLES], u->times[at]);
		was = r->ring[at][counter];
		if (age > (back == 1 ? PROXY_WINDOW_MAX_MS : PROXY_WINDOW_MS) ||
		    isnan(was))
			break;
		base = was;
		span = age;
	}
	if (isnan(is) || isnan(base) || span < PROXY_WINDOW_MIN_MS)
		return -1;
	return (is - base) * 60000.0 / (double)span;
}
