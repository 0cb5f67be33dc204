/* Probes, health, spend of a day, router settings. */
#include "repository/litellm/proxy_parse.h"

#include <stdlib.h>
#include <string.h>

#include "base/time.h"

/* Hands a finished tree out, or drops it. */
static int
facts_finish(json_t *answer, json_t *made, bool good, json_t **out,
    struct sst_error *err)
{
	json_decref(answer);
	if (!good) {
		json_decref(made);
		return sst_error_nomem(err);
	}
	*out = made;
	return SST_OK;
}

/* New: the cleaned text of an error, or null. */
static json_t *
checks_error(const json_t *value)
{
	const char *text = proxy__text(value);
	struct sst_buf safe = SST_BUF_INIT;
	json_t *made;

	if (text == NULL)
		return json_null();
	proxy__safe_text(text, strlen(text), &safe);
	made = sst_buf_failed(&safe)
		   ? NULL
		   : json_stringn(safe.data != NULL ? safe.data : "", safe.len);
	sst_buf_fini(&safe);
	return made;
}

static int64_t
checks_time(const json_t *value)
{
	const char *text = proxy__text(value);
	int64_t ms;

	if (text == NULL || sst_time_parse(text, strlen(text), &ms) != SST_OK ||
	    ms < 0)
		return -1;
	return ms;
}

/* What stands in both ways of telling a check. */
static bool
checks_put(json_t *checks, const char *name, bool healthy, const json_t *row)
{
	const char *why = json_object_get(row, "error_message") != NULL
			      ? "error_message"
			      : "error";
	json_t *check = json_object();

	if (!proxy__set(check, "healthy", json_boolean(healthy)) ||
	    !proxy__set(check, "latency_ms",
		proxy__real(
		    proxy__number(json_object_get(row, "response_time_ms")))) ||
	    !proxy__set(check, "checked_ms",
		proxy__integer(
		    checks_time(json_object_get(row, "checked_at")))) ||
	    !proxy__set(check, "error",
		healthy ? json_null()
			: checks_error(json_object_get(row, why)))) {
		json_decref(check);
		return false;
	}
	return proxy__set(checks, name, check);
}

int
proxy__parse_checks(
    const char *bytes, size_t len, json_t **out, struct sst_error *err)
{
	json_t *tree = NULL, *checks, *rows, *row;
	const char *key, *status;
	bool good;
	int code = proxy__object(bytes, len, &tree, err);

	if (code != SST_OK)
		return code;
	rows = json_object_get(tree, "latest_health_checks");
	if (!json_is_object(rows)) {
		json_decref(tree);
		return sst_error_set(
		    err, SST_TYPE, "/latest_health_checks: not an object");
	}
	checks = json_object();
	good = checks != NULL;
	json_object_foreach(rows, key, row)
	{
		status = proxy__text(json_object_get(row, "status"));
		if (good && status != NULL && key[0] != '\0')
			good = checks_put(
			    checks, key, strcmp(status, "healthy") == 0, row);
	}
	return facts_finish(tree, checks, good, out, err);
}

static bool
health_rows(json_t *checks, const json_t *rows, bool healthy)
{
	const char *name;
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		/* rows before 2026 name the back end alone */
		name = proxy__text(json_object_get(row, "model_id"));
		if (name == NULL)
			name = proxy__text(json_object_get(row, "model"));
		if (name != NULL && !checks_put(checks, name, healthy, row))
			return false;
	}
	return true;
}

int
proxy__parse_health(
    const char *bytes, size_t len, json_t **out, struct sst_error *err)
{
	json_t *tree = NULL, *checks;
	bool good;
	int code = proxy__object(bytes, len, &tree, err);

	if (code != SST_OK)
		return code;
	checks = json_object();
	/* {} before the first round of checks */
	good = checks != NULL &&
	       health_rows(
		   checks, json_object_get(tree, "healthy_endpoints"), true) &&
	       health_rows(
		   checks, json_object_get(tree, "unhealthy_endpoints"), false);
	return facts_finish(tree, checks, good, out, err);
}

/* {name: {metrics: {...}}} to {name: {spend, tokens, requests}} */
static json_t *
day_figures(const json_t *rows)
{
	json_t *made = json_object(), *row, *figures;
	const json_t *metrics;
	const char *name;

	/* nothing is changed through it */
	json_object_foreach((json_t *)(uintptr_t)rows, name, row)
	{
		metrics = json_object_get(row, "metrics");
		figures = json_object();
		if (!proxy__set(figures, "spend",
			proxy__real(proxy__number(
			    json_object_get(metrics, "spend")))) ||
		    !proxy__set(figures, "tokens",
			proxy__integer(proxy__count(
			    json_object_get(metrics, "total_tokens")))) ||
		    !proxy__set(figures, "requests",
			proxy__integer(proxy__count(
			    json_object_get(metrics, "api_requests"))))) {
			json_decref(figures);
			json_decref(made);
			return NULL;
		}
		if (!proxy__set(made, name, figures)) {
			json_decref(made);
			return NULL;
		}
	}
	return made;
}

/* The row of that day; rows of other days are none of ours. */
static const json_t *
day_row(const json_t *results, const char *day)
{
	const char *date;
	json_t *row;
	size_t i;

	json_array_foreach(results, i, row)
	{
		date = proxy__text(json_object_get(row, "date"));
		if (date != NULL && strncmp(date, day, strlen(day)) == 0)
			return row;
	}
	return NULL;
}

int
proxy__parse_day(const char *bytes, size_t len, const char *day, json_t **out,
    struct sst_error *err)
{
	const json_t *results, *row, *broken;
	json_t *tree = NULL, *made;
	bool good;
	int code = proxy__object(bytes, len, &tree, err);

	if (code != SST_OK)
		return code;
	results = json_object_get(tree, "results");
	if (!json_is_array(results)) {
		json_decref(tree);
		return sst_error_set(err, SST_TYPE, "/results: not an array");
	}
	row = day_row(results, day);
	broken = json_object_get(row, "breakdown");
	made = json_object();
	good = proxy__set(
	    made, "models", day_figures(json_object_get(broken, "models")));
	/* a day without use has no row: then every group has none */
	if (row == NULL ||
	    json_is_object(json_object_get(broken, "model_groups")))
		good =
		    good &&
		    proxy__set(made, "groups",
			day_figures(json_object_get(broken, "model_groups")));
	return facts_finish(tree, made, good, out, err);
}

/* Names, or objects with a name in newer builds. */
static json_t *
router_names(const json_t *list)
{
	json_t *made = json_array(), *item;
	const char *name;
	size_t i;

	json_array_foreach(list, i, item)
	{
		name = proxy__text(json_is_object(item)
				       ? json_object_get(item, "model")
				       : item);
		if (name != NULL && json_array_size(made) < 100 &&
		    json_array_append_new(made, json_string(name)) != 0) {
			json_decref(made);
			return NULL;
		}
	}
	return made;
}

/* [{"gpt-4o": ["b", "c"]}, ...]: the first entry of a model counts. */
static json_t *
router_fallbacks(const json_t *list)
{
	json_t *made = json_object(), *item, *names;
	const char *model;
	bool good = made != NULL;
	size_t i;

	json_array_foreach(list, i, item)
	{
		json_object_foreach(item, model, names)
		{
			if (good && json_is_array(names) &&
			    json_object_get(made, model) == NULL)
				good = proxy__set(
				    made, model, router_names(names));
		}
	}
	if (!good) {
		json_decref(made);
		return NULL;
	}
	return made;
}

int
proxy__parse_router(
    const char *bytes, size_t len, json_t **out, struct sst_error *err)
{
	json_t *tree = NULL, *made;
	const json_t *values;
	bool good;
	int code = proxy__object(bytes, len, &tree, err);

	if (code != SST_OK)
		return code;
	values = json_object_get(tree, "current_values");
	if (!json_is_object(values))
		values = json_object_get(tree, "router_settings");
	if (!json_is_object(values)) {
		json_decref(tree);
		return sst_error_set(
		    err, SST_TYPE, "/current_values: not an object");
	}
	made = json_object();
	good = proxy__set(made, "fallbacks",
		   router_fallbacks(json_object_get(values, "fallbacks"))) &&
	       proxy__set(made, "cooldown_seconds",
		   proxy__real(proxy__number(
		       json_object_get(values, "cooldown_time")))) &&
	       proxy__set(made, "allowed_fails",
		   proxy__integer(
		       proxy__count(json_object_get(values, "allowed_fails"))));
	return facts_finish(tree, made, good, out, err);
}

/* 1.96 says "Not connected" where none is configured. */
static const char *
readiness_database(const json_t *value)
{
	const char *text = proxy__text(value);

	if (text == NULL)
		return value == NULL || json_is_null(value) ? "not_configured"
							    : "unknown";
	if (strcmp(text, "connected") == 0)
		return "connected";
	if (strcmp(text, "disconnected") == 0)
		return "disconnected";
	return strcmp(text, "Not connected") == 0 ? "not_configured"
						  : "unknown";
}

int
proxy__parse_readiness(
    const char *bytes, size_t len, json_t **out, struct sst_error *err)
{
	json_t *tree = NULL, *made;
	const char *version;
	bool good;
	int code = proxy__object(bytes, len, &tree, err);

	if (code != SST_OK)
		return code;
	version = proxy__text(json_object_get(tree, "litellm_version"));
	made = json_object();
	good =
	    proxy__set(made, "database",
		json_string(readiness_database(json_object_get(tree, "db")))) &&
	    proxy__set(made, "version",
		version == NULL ? json_null() : json_string(version));
	return facts_finish(tree, made, good, out, err);
}

int
proxy__parse_backlog(
    const char *bytes, size_t len, int64_t *out, struct sst_error *err)
{
	json_t *tree = NULL;
	int code = proxy__object(bytes, len, &tree, err);

	if (code != SST_OK)
		return code;
	*out = proxy__count(json_object_get(tree, "in_flight_requests"));
	json_decref(tree);
	return SST_OK;
}
