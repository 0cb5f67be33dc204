/* Deployments as the document has them. */
#include "repository/litellm/proxy_priv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"

/* Which of a row's last shown values. */
enum shown { SHOWN_TPM, SHOWN_RPM, SHOWN_LEFT_TOKENS, SHOWN_LEFT_REQUESTS };

/* One deployment on its way into the draft. */
struct making {
	struct proxy_round *round;
	struct proxy *p;
	size_t index;
	const struct proxy_deployment *d;
	struct proxy_usage_row *u;
	bool metrics; /* what they say may be shown */
	json_t *e;    /* the entity */
	bool failed;  /* memory */
};

/* Takes value over. */
static void
making_set(struct making *m, const char *name, json_t *value)
{
	if (!proxy__set(m->e, name, value))
		m->failed = true;
}

static json_t *
making_time(int64_t ms)
{
	char text[SST_TIME_TEXT];

	if (ms < 0)
		return json_null();
	sst_time_format_utc(ms, false, text);
	return json_string(text);
}

/* Whole, and as before when it differs by less than is worth telling. */
static json_t *
making_steady(struct making *m, enum shown which, double value)
{
	int64_t *shown = &m->u->shown[which], now;

	if (value < 0 || value > 9e15) {
		*shown = -1;
		return json_null();
	}
	now = (int64_t)llround(value);
	if (*shown <= 0 || now == 0 ||
	    (double)llabs(now - *shown) >
		m->p->settings.tolerance *
		    (double)(now > *shown ? now : *shown))
		*shown = now;
	return json_integer(*shown);
}

static void
making_identity(struct making *m)
{
	const json_t *group = json_object_get(m->p->groups, m->d->model);
	const char *provider = m->d->provider;

	if (provider == NULL && proxy__part_fresh(m->round, PROXY_GROUPS))
		provider = proxy__text(json_object_get(group, "provider"));
	making_set(m, "deployment_id", json_string(m->d->id));
	making_set(m, "model", json_string(m->d->model));
	making_set(m, "provider",
	    json_string(provider != NULL ? provider : "unknown"));
}

static double
making_rate(const struct making *m, enum proxy_counter counter)
{
	return m->metrics ? proxy__usage_rate(&m->p->usage, m->index, counter)
			  : -1;
}

static void
making_use(struct making *m)
{
	double tpm = making_rate(m, PROXY_TOKENS);
	double rpm = making_rate(m, PROXY_REQUESTS);
	double failures = making_rate(m, PROXY_FAILURES);

	making_set(m, "tpm", making_steady(m, SHOWN_TPM, tpm));
	making_set(m, "rpm", making_steady(m, SHOWN_RPM, rpm));
	making_set(m, "failures_per_minute",
	    proxy__integer(failures < 0 ? -1 : llround(failures)));
	making_set(m, "window_seconds",
	    tpm < 0 && rpm < 0 ? json_null() : json_integer(60));
	if (m->metrics && proxy__usage_unreliable(&m->p->usage))
		making_set(m, "usage_quality", json_string("unreliable"));
	else if (tpm >= 0 || rpm >= 0)
		making_set(m, "usage_quality", json_string("ok"));
}

static int64_t
making_limit(const struct making *m, int64_t told, enum proxy_gauge gauge)
{
	double value = m->u->gauges.value[gauge];

	if (told >= 0 || !m->metrics || value < 0)
		return told;
	return llround(value);
}

static void
making_limits(struct making *m)
{
	const double *left = m->u->gauges.value;
	json_t *tokens, *requests;

	making_set(m, "tpm_max",
	    proxy__integer(making_limit(m, m->d->tpm_max, PROXY_TPM_LIMIT)));
	making_set(m, "rpm_max",
	    proxy__integer(making_limit(m, m->d->rpm_max, PROXY_RPM_LIMIT)));
	making_set(m, "input_tpm_max", proxy__integer(m->d->input_tpm_max));
	making_set(m, "output_tpm_max", proxy__integer(m->d->output_tpm_max));
	tokens = making_steady(
	    m, SHOWN_LEFT_TOKENS, m->metrics ? left[PROXY_LEFT_TOKENS] : -1);
	requests = making_steady(m, SHOWN_LEFT_REQUESTS,
	    m->metrics ? left[PROXY_LEFT_REQUESTS] : -1);
	if (json_is_null(tokens) && json_is_null(requests))
		making_set(m, "remaining", json_null());
	else
		making_set(m, "remaining",
		    json_pack(
			"{s:O, s:O}", "tokens", tokens, "requests", requests));
	json_decref(tokens);
	json_decref(requests);
}

/* Own price, or else the group's, which is that of its dearest deployment. */
static void
making_price(struct making *m, double *in, double *out)
{
	const json_t *group = json_object_get(m->p->groups, m->d->model);

	*in = m->d->price_in;
	*out = m->d->price_out;
	if (proxy__part_fresh(m->round, PROXY_GROUPS)) {
		if (*in < 0)
			*in = proxy__number(json_object_get(group, "price_in"));
		if (*out < 0)
			*out =
			    proxy__number(json_object_get(group, "price_out"));
	}
	if (*in < 0 && *out < 0)
		making_set(m, "price", json_null());
	else
		making_set(m, "price",
		    json_pack("{s:o, s:o}", "input_usd_per_token",
			proxy__real(*in), "output_usd_per_token",
			proxy__real(*out)));
}

static const char *
making_configured(const struct making *m)
{
	const char *provider =
	    json_string_value(json_object_get(m->e, "provider"));
	size_t i;

	for (i = 0; i < m->p->payment_count; i++) {
		if (strcmp(m->p->payments[i].name, m->d->model) == 0)
			return m->p->payments[i].type;
	}
	for (i = 0; provider != NULL && i < m->p->payment_count; i++) {
		if (strcmp(m->p->payments[i].name, provider) == 0)
			return m->p->payments[i].type;
	}
	return m->d->payment;
}

/* LiteLLM does not know how a deployment is paid for; its prices hint at it. */
static void
making_payment(struct making *m)
{
	const char *type = making_configured(m);
	double in, out;

	making_price(m, &in, &out);
	if (type != NULL) {
		making_set(m, "payment_type", json_string(type));
		making_set(m, "payment_type_inferred", json_false());
		return;
	}
	type = "unknown";
	if (m->d->reserved)
		type = "subscription";
	else if (in > 0 || out > 0)
		type = "pay-per-request";
	else if (in == 0 && out == 0)
		type = "free";
	making_set(m, "payment_type", json_string(type));
	if (strcmp(type, "unknown") != 0)
		making_set(m, "payment_type_inferred", json_true());
}

/* The check of this deployment, or NULL. */
static const json_t *
making_check(const struct making *m)
{
	const json_t *checks = m->p->checks, *check;
	const char *name = proxy__backend_name(m->d);

	if (!proxy__part_fresh(m->round, PROXY_HEALTH))
		return NULL;
	check = json_object_get(checks, m->d->id);
	/* rows without an id are told by name: only if that is one of us */
	if (check == NULL && proxy__usage_find(m->p->usage.by_model,
				 m->d->model, strlen(m->d->model)) >= 0)
		check = json_object_get(checks, m->d->model);
	if (check == NULL && name != NULL &&
	    proxy__usage_find(m->p->usage.by_backend, name, strlen(name)) >=
		0) {
		check = json_object_get(checks, m->d->backend);
		if (check == NULL)
			check = json_object_get(checks, name);
	}
	return check;
}

static const char *
making_status(const struct making *m, const json_t *check)
{
	static const char *const states[] = {
	    "healthy", "degraded", "unhealthy"};
	int64_t checked;

	if (check != NULL) {
		checked = proxy__count(json_object_get(check, "checked_ms"));
		if (m->p->checks_called ||
		    (checked >= 0 && m->round->req->wall.ms - checked <=
					 PROXY_CHECK_MAX_AGE_MS))
			return json_is_true(json_object_get(check, "healthy"))
				   ? "healthy"
				   : "unhealthy";
	}
	if (!m->metrics || m->u->gauges.state < 0)
		return "unknown";
	return states[(int)m->u->gauges.state];
}

/* The end is the latest one possible: the cool-down began between two
 * scrapes. */
static bool
making_cooldown(struct making *m)
{
	const struct proxy_usage_row *u = m->u;
	double seconds = -1;
	int64_t left;
	char why[64];

	if (proxy__part_fresh(m->round, PROXY_ROUTER))
		seconds = proxy__number(
		    json_object_get(m->p->router, "cooldown_seconds"));
	if (!u->cooled || seconds <= 0 || seconds > 86400)
		return false;
	left = (int64_t)(seconds * 1000) -
	       sst_mono_diff_ms(m->round->req->now, u->cooled_at);
	if (left <= 0)
		return false;
	/* not shown longer than it lasts */
	if (left < m->round->gap_ms)
		sst_draft_next_in(m->round->out, (long)left + 1);
	snprintf(why, sizeof(why), "%s%s", "put into cool-down after failures",
	    u->cooled_why[0] != '\0' ? ", status " : "");
	making_set(m, "cooldown",
	    json_pack("{s:o, s:o}", "until",
		making_time(u->cooled_wall.ms + (int64_t)(seconds * 1000)),
		"reason", json_sprintf("%s%s", why, u->cooled_why)));
	return true;
}

static void
making_health(struct making *m)
{
	const json_t *check = making_check(m);
	bool cooled = making_cooldown(m);
	const json_t *error;

	making_set(m, "status",
	    json_string(cooled ? "cooldown" : making_status(m, check)));
	if (!cooled)
		making_set(m, "cooldown", json_null());
	if (check == NULL) {
		making_set(m, "health", json_null());
		return;
	}
	error = json_object_get(check, "error");
	making_set(m, "health",
	    json_pack("{s:o, s:o, s:o}", "checked_at",
		making_time(proxy__count(json_object_get(check, "checked_ms"))),
		"latency_ms",
		proxy__real(
		    proxy__number(json_object_get(check, "latency_ms"))),
		"error", json_deep_copy(error)));
}

/*
 * The figures of the day for this deployment; NULL: not known. Those of a group
 * are told once for all its deployments: they are taken only by the one of a
 * group of one. Else those of the back end, if only this deployment has it.
 * *none: there was a reading, and it has nothing of this deployment.
 */
static const json_t *
making_day(const struct making *m, bool *none)
{
	const json_t *groups = json_object_get(m->p->day, "groups");
	const json_t *models = json_object_get(m->p->day, "models"), *row;
	const char *name = proxy__backend_name(m->d);
	char today[SST_TIME_TEXT];

	*none = false;
	sst_time_format_utc(m->round->req->wall.ms, false, today);
	if (!proxy__part_fresh(m->round, PROXY_DAY) ||
	    strncmp(today, m->p->day_date, 10) != 0)
		return NULL;
	if (groups != NULL && proxy__usage_find(m->p->usage.by_model,
				  m->d->model, strlen(m->d->model)) >= 0) {
		row = json_object_get(groups, m->d->model);
		*none = row == NULL;
		return row;
	}
	/* no use at all today is none of each */
	if (groups != NULL && json_object_size(groups) == 0 &&
	    json_object_size(models) == 0)
		*none = true;
	if (name == NULL ||
	    proxy__usage_find(m->p->usage.by_backend, name, strlen(name)) < 0)
		return NULL;
	row = json_object_get(models, m->d->backend);
	return row != NULL ? row : json_object_get(models, name);
}

static double
making_round(double usd)
{
	return round(usd * 1e10) / 1e10;
}

static void
making_spend(struct making *m)
{
	bool none, seen = m->metrics && m->u->spend_since_ms >= 0 &&
			  !proxy__usage_unreliable(&m->p->usage) &&
			  m->p->usage.samples > 1;
	const json_t *day = making_day(m, &none);
	double spend = none ? 0 : proxy__number(json_object_get(day, "spend"));

	making_set(m, "spend_usd_today",
	    proxy__real(spend < 0 ? -1 : making_round(spend)));
	making_set(m, "tokens_today",
	    none
		? json_integer(0)
		: proxy__integer(proxy__count(json_object_get(day, "tokens"))));
	making_set(m, "requests_today",
	    none ? json_integer(0)
		 : proxy__integer(
		       proxy__count(json_object_get(day, "requests"))));
	if (spend >= 0)
		return;
	making_set(m, "spend_usd_observed",
	    seen ? json_real(making_round(m->u->sum[PROXY_SPEND]))
		 : json_null());
	making_set(m, "spend_observed_since",
	    seen ? making_time(m->u->spend_since_ms) : json_null());
}

static void
making_fallbacks(struct making *m)
{
	const json_t *all = json_object_get(m->p->router, "fallbacks");
	const json_t *names = json_object_get(all, m->d->model);

	if (!proxy__part_fresh(m->round, PROXY_ROUTER))
		return;
	if (names == NULL)
		names = json_object_get(all, "*");
	making_set(m, "fallbacks",
	    names != NULL ? json_deep_copy(names) : json_array());
}

static int
making_add(struct making *m, struct sst_error *err)
{
	m->d = &m->p->list.rows[m->index];
	m->u = &m->p->usage.rows[m->index];
	m->failed = false;
	m->e = json_object();
	making_identity(m);
	making_use(m);
	making_limits(m);
	making_payment(m);
	making_health(m);
	making_spend(m);
	making_fallbacks(m);
	if (m->failed) {
		json_decref(m->e);
		return sst_error_nomem(err);
	}
	return sst_draft_add(m->round->out, m->e, err);
}

static void
add_remarks(struct proxy_round *round)
{
	const struct proxy_deployments *list = &round->p->list;
	size_t i;

	for (i = 0; i < list->rejected; i++)
		sst_draft_reject(round->out, list->first_reject,
		    "a deployment without a name");
	if (list->beyond > 0)
		sst_draft_degrade(round->out, SST_LIMIT,
		    "GET %s/model/info: more than %d deployments: the rest is "
		    "left out",
		    round->p->url, (int)PROXY_DEPLOYMENTS_MAX);
	if (list->unnamed > 0)
		sst_draft_degrade(round->out, SST_PROTOCOL,
		    "GET %s/model/info: %zu deployments without an id are "
		    "numbered",
		    round->p->url, list->unnamed);
}

int
proxy__add_deployments(struct proxy_round *round, struct sst_error *err)
{
	struct making m = {
	    .round = round,
	    .p = round->p,
	    .metrics = proxy__part_fresh(round, PROXY_METRICS),
	};
	int code = SST_OK;

	add_remarks(round);
	if (!m.metrics)
		proxy__usage_stale(&m.p->usage);
	for (; code == SST_OK && m.index < m.p->list.count; m.index++)
		code = making_add(&m, err);
	return code;
}
