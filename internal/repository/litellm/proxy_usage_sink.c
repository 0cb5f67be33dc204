/* Samples of /metrics to the deployments that they belong to. */
#include "repository/litellm/proxy_usage.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* The key of LiteLLM's own background health checks. */
#define CHECKS_KEY "litellm-internal-health-check"

enum usage_family {
	/* counters, in the order of enum proxy_counter */
	FAMILY_REQUESTS = PROXY_REQUESTS,
	FAMILY_FAILURES = PROXY_FAILURES,
	FAMILY_TOKENS = PROXY_TOKENS,
	FAMILY_SPEND = PROXY_SPEND,
	FAMILY_COOLED = PROXY_COOLED,
	/* gauges, in the order of enum proxy_gauge */
	FAMILY_LEFT_REQUESTS = PROXY_COUNTERS,
	FAMILY_LEFT_TOKENS,
	FAMILY_TPM_LIMIT,
	FAMILY_RPM_LIMIT,
	FAMILY_STATE,
	FAMILY_IN_FLIGHT,
	FAMILY_STARTED,
	FAMILY_KEY_LEFT,
	FAMILY_KEY_MAX,
	FAMILY_TEAM_LEFT,
	FAMILY_TEAM_MAX,
	FAMILY_PROVIDER_LEFT,
	FAMILY_COUNT
};

static const char *const families[FAMILY_COUNT] = {
    [FAMILY_REQUESTS] = "litellm_deployment_total_requests",
    [FAMILY_FAILURES] = "litellm_deployment_failure_responses",
    [FAMILY_TOKENS] = "litellm_total_tokens_metric",
    [FAMILY_SPEND] = "litellm_spend_metric",
    [FAMILY_COOLED] = "litellm_deployment_cooled_down",
    [FAMILY_LEFT_REQUESTS] = "litellm_remaining_requests_metric",
    [FAMILY_LEFT_TOKENS] = "litellm_remaining_tokens_metric",
    [FAMILY_TPM_LIMIT] = "litellm_deployment_tpm_limit",
    [FAMILY_RPM_LIMIT] = "litellm_deployment_rpm_limit",
    [FAMILY_STATE] = "litellm_deployment_state",
    [FAMILY_IN_FLIGHT] = "litellm_in_flight_requests",
    [FAMILY_STARTED] = "process_start_time_seconds",
    [FAMILY_KEY_LEFT] = "litellm_remaining_api_key_budget_metric",
    [FAMILY_KEY_MAX] = "litellm_api_key_max_budget_metric",
    [FAMILY_TEAM_LEFT] = "litellm_remaining_team_budget_metric",
    [FAMILY_TEAM_MAX] = "litellm_team_max_budget_metric",
    [FAMILY_PROVIDER_LEFT] = "litellm_provider_remaining_budget_metric",
};

_Static_assert(
    FAMILY_COUNT <= sizeof(((struct proxy_usage *)0)->told), "room for all");

/* A label's value; NULL when there is no such label. */
struct text {
	const char *p;
	size_t len;
};

static struct text
sink_label(const struct sst_prometheus_sample *s, const char *name)
{
	struct text t = {NULL, 0};

	t.p = sst_prometheus_label(s, name, &t.len);
	return t;
}

static bool
sink_is(struct text t, const char *word)
{
	return t.p != NULL && t.len == strlen(word) &&
	       memcmp(t.p, word, t.len) == 0;
}

/* LiteLLM writes None where it knows nothing. */
static bool
sink_empty(struct text t)
{
	return t.p == NULL || t.len == 0 || sink_is(t, "None");
}

static void
sink_blur(struct proxy_usage *u, struct text model, size_t counter)
{
	const struct proxy_deployments *list = u->list;
	size_t i;

	for (i = 0; i < list->count; i++) {
		const char *name = list->rows[i].model;

		if (strlen(name) == model.len &&
		    memcmp(name, model.p, model.len) == 0)
			u->rows[i].blurred[counter] = true;
	}
}

/* The row of a series without model_id, or -1. */
static int64_t
sink_by_name(struct proxy_usage *u, const struct sst_prometheus_sample *s)
{
	struct text name = sink_label(s, "requested_model");
	int64_t row;

	if (sink_is(sink_label(s, "hashed_api_key"), CHECKS_KEY))
		return -1;
	if (sink_empty(name))
		name = sink_label(s, "model_group");
	if (!sink_empty(name)) {
		row = proxy__usage_find(u->by_model, name.p, name.len);
		if (row < 0 && s->family < PROXY_COUNTERS &&
		    json_object_getn(u->by_model, name.p, name.len) != NULL)
			sink_blur(u, name, s->family);
		return row;
	}
	name = sink_label(s, "model");
	if (sink_empty(name))
		name = sink_label(s, "litellm_model_name");
	return sink_empty(name)
		   ? -1
		   : proxy__usage_find(u->by_backend, name.p, name.len);
}

static int64_t
sink_row(struct proxy_usage *u, const struct sst_prometheus_sample *s)
{
	struct text id = sink_label(s, "model_id");

	if (id.p == NULL)
		return sink_by_name(u, s);
	return sink_empty(id) ? -1 : proxy__usage_find(u->by_id, id.p, id.len);
}

static void
sink_cooled(struct proxy_usage_row *row, const struct sst_prometheus_sample *s)
{
	struct text status = sink_label(s, "exception_status");

	if (sink_empty(status) || status.len >= sizeof(row->cooled_status))
		return;
	if (row->cooled_status[0] != '\0' &&
	    !sink_is(status, row->cooled_status))
		row->cooled_several = true;
	memcpy(row->cooled_status, status.p, status.len);
	row->cooled_status[status.len] = '\0';
}

static void
sink_counter(struct proxy_usage *u, const struct sst_prometheus_sample *s)
{
	int64_t row;

	u->told[s->family] = true;
	if (!isfinite(s->value) || s->value < 0)
		return;
	row = sink_row(u, s);
	if (row < 0)
		return;
	u->rows[row].now[s->family] += s->value;
	if (s->family == FAMILY_COOLED)
		sink_cooled(&u->rows[row], s);
}

/* Of several keys the least is shown: nobody tells which is the newest. */
static void
sink_gauge(struct proxy_usage *u, const struct sst_prometheus_sample *s)
{
	int64_t row = sink_row(u, s);
	double *gauge;

	/* 2^63 - 1 is how "no limit" is told */
	if (row < 0 || !isfinite(s->value) || s->value > 9e15)
		return;
	gauge = &u->rows[row].next.value[s->family - FAMILY_LEFT_REQUESTS];
	if (*gauge < 0 || s->value < *gauge)
		*gauge = s->value < 0 ? 0 : s->value;
}

/*
 * An outage is told in a series of its own, with the group's name as that of
 * the back end, and stays there for good. So the series with the name of the
 * back end counts first; the one of a background check, without an id, last.
 */
static void
sink_state(struct proxy_usage *u, const struct sst_prometheus_sample *s)
{
	struct text id = sink_label(s, "model_id");
	struct text name = sink_label(s, "litellm_model_name");
	const struct proxy_deployment *d;
	struct proxy_gauges *g;
	int64_t row;
	int rank = 1;

	if (!isfinite(s->value) || s->value < 0 || s->value > 2)
		return;
	if (sink_empty(id) && sink_empty(name))
		return;
	row = sink_empty(id)
		  ? proxy__usage_find(u->by_backend, name.p, name.len)
		  : proxy__usage_find(u->by_id, id.p, id.len);
	if (row < 0)
		return;
	g = &u->rows[row].next;
	d = &u->list->rows[row];
	if (!sink_empty(id))
		rank = d->backend != NULL &&
			       (sink_is(name, d->backend) ||
				   sink_is(name, proxy__backend_name(d)))
			   ? 3
			   : 2;
	if (rank > g->state_rank ||
	    (rank == g->state_rank && s->value > g->state)) {
		g->state = s->value;
		g->state_rank = rank;
	}
}

/* The object at that place of a tree of objects, made when it is missing. */
static json_t *
sink_child(json_t *parent, struct text name)
{
	json_t *child = json_object_getn(parent, name.p, name.len);

	if (child != NULL)
		return child;
	child = json_object();
	if (json_object_setn_new(parent, name.p, name.len, child) != 0)
		return NULL;
	return child;
}

static struct text
sink_budget_name(
    const struct sst_prometheus_sample *s, const char *alias, const char *id)
{
	struct text name = sink_label(s, alias);

	if (!sink_empty(name))
		return name;
	name = sink_label(s, id);
	if (s->family <= FAMILY_KEY_MAX && name.len > 8)
		name.len = 8;
	return name;
}

/* Gauges stand in for lists that this key may not read. */
static void
sink_budget(struct proxy_usage *u, const struct sst_prometheus_sample *s)
{
	bool max = s->family == FAMILY_KEY_MAX || s->family == FAMILY_TEAM_MAX;
	struct text scope = {"key", 3}, name;
	json_t *budget;

	if (s->family <= FAMILY_KEY_MAX) {
		name = sink_budget_name(s, "api_key_alias", "hashed_api_key");
	} else if (s->family <= FAMILY_TEAM_MAX) {
		scope = (struct text){"team", 4};
		name = sink_budget_name(s, "team_alias", "team");
	} else {
		scope = (struct text){"provider", 8};
		name = sink_label(s, "api_provider");
	}
	/* infinite: there is no budget */
	if (sink_empty(name) || sink_is(name, CHECKS_KEY) ||
	    !isfinite(s->value) || !sst_text_utf8_valid(name.p, name.len) ||
	    memchr(name.p, '\0', name.len) != NULL)
		return;
	if (u->next_budgets == NULL)
		u->next_budgets = json_object();
	budget = sink_child(u->next_budgets, scope);
	if (json_object_size(budget) >= PROXY_GAUGE_BUDGETS_MAX &&
	    json_object_getn(budget, name.p, name.len) == NULL)
		return;
	budget = sink_child(budget, name);
	if (!proxy__set(budget, max ? "max" : "left", json_real(s->value)))
		u->nomem = true;
}

static int
sink_sample(
    void *ctx, const struct sst_prometheus_sample *s, struct sst_error *err)
{
	struct proxy_usage *u = ctx;

	(void)err;
	if (s->family < PROXY_COUNTERS)
		sink_counter(u, s);
	else if (s->family < FAMILY_STATE)
		sink_gauge(u, s);
	else if (s->family == FAMILY_STATE)
		sink_state(u, s);
	else if (s->family == FAMILY_IN_FLIGHT)
		u->next_in_flight = isfinite(s->value) ? s->value : -1;
	else if (s->family == FAMILY_STARTED)
		u->next_started = isfinite(s->value) ? s->value : -1;
	else
		sink_budget(u, s);
	return SST_OK;
}

static void
sink_family(void *ctx, size_t family)
{
	struct proxy_usage *u = ctx;

	u->told[family] = true;
}

void
proxy__usage_sink(struct proxy_usage *u, struct sst_prometheus_sink *out)
{
	*out = (struct sst_prometheus_sink){
	    .families = families,
	    .family_count = FAMILY_COUNT,
	    .sample = sink_sample,
	    .family = sink_family,
	    .ctx = u,
	};
}
