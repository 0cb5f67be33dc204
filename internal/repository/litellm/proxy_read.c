/* One function for each thing that is read. */
#include "repository/litellm/proxy_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/time.h"

/* Of the part that is read. */
static const char *
read_path(const struct proxy_round *round)
{
	return proxy__kind(round->id)->path;
}

/* GETs path and makes a tree of it with one of the parsers. */
static int
read_tree(struct proxy_round *round, const char *path,
    int (*parse)(const char *, size_t, json_t **, struct sst_error *),
    json_t **kept, struct sst_error *err)
{
	struct sst_httpc_response answer = {0};
	json_t *tree = NULL;
	int code;

	code = proxy__get(round, path, &answer, NULL, err);
	if (code != SST_OK)
		return code;
	code = parse(answer.body, answer.len, &tree, err);
	sst_httpc_response_fini(&answer);
	if (code != SST_OK)
		return proxy__blame(round, path, err);
	json_decref(*kept);
	*kept = tree;
	return SST_OK;
}

/* Any answer shows that it lives; what it says is no promise. */
static int
read_liveliness(struct proxy_round *round, struct sst_error *err)
{
	struct sst_httpc_response answer = {0};
	struct proxy *p = round->p;
	int code;

	code =
	    proxy__get(round, read_path(round), &answer, &p->alive_status, err);
	sst_httpc_response_fini(&answer);
	p->alive_answered = p->alive_status != 0;
	p->silent_probes = p->alive_answered ? 0 : p->silent_probes + 1;
	return code;
}

static int
read_models(struct proxy_round *round, struct sst_error *err)
{
	struct sst_httpc_response answer = {0};
	struct proxy_deployments list = {0};
	struct proxy *p = round->p;
	int code;

	code = proxy__get(round, read_path(round), &answer, NULL, err);
	if (code != SST_OK)
		return code;
	code = proxy__parse_models(answer.body, answer.len, &list, err);
	sst_httpc_response_fini(&answer);
	if (code != SST_OK)
		return proxy__blame(round, read_path(round), err);
	code = proxy__usage_list(&p->usage, &list, err);
	if (code != SST_OK) {
		proxy__deployments_fini(&list);
		return code;
	}
	proxy__deployments_fini(&p->list);
	p->list = list;
	p->usage.list = &p->list;
	round->checked = true;
	return SST_OK;
}

/* A new version may have what the old one had not. */
static void
read_version(struct proxy_round *round, const json_t *told)
{
	const char *version =
	    json_string_value(json_object_get(told, "version"));
	struct proxy *p = round->p;
	size_t i;

	if (version == NULL || strcmp(version, p->version) == 0)
		return;
	for (i = 0; p->version[0] != '\0' && i < PROXY_PARTS; i++) {
		if (p->parts[i].state == PROXY_PART_UNSUPPORTED)
			p->parts[i].due = round->req->now;
	}
	snprintf(p->version, sizeof(p->version), "%s", version);
}

/* One of the words of the schema, static. */
static const char *
read_database(const json_t *told)
{
	static const char *const words[] = {
	    "connected", "disconnected", "not_configured"};
	const char *word = json_string_value(json_object_get(told, "database"));
	size_t i;

	for (i = 0; word != NULL && i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i], word) == 0)
			return words[i];
	}
	return NULL;
}

/* 503 is how it says that its database is down. */
static int
read_readiness(struct proxy_round *round, struct sst_error *err)
{
	struct sst_httpc_response answer = {0};
	struct proxy *p = round->p;
	json_t *told = NULL;
	long status;
	int code;

	code = proxy__get(round, read_path(round), &answer, &status, err);
	if (status == 503) {
		p->database = "disconnected";
		return SST_OK;
	}
	if (code != SST_OK)
		return code;
	code = proxy__parse_readiness(answer.body, answer.len, &told, err);
	sst_httpc_response_fini(&answer);
	if (code != SST_OK)
		return proxy__blame(round, read_path(round), err);
	p->database = read_database(told);
	read_version(round, told);
	json_decref(told);
	return SST_OK;
}

static int
read_details(struct proxy_round *round, struct sst_error *err)
{
	json_t *told = NULL;
	int code = read_tree(
	    round, read_path(round), proxy__parse_readiness, &told, err);

	if (code == SST_OK)
		read_version(round, told);
	json_decref(told);
	return code;
}

static int
read_metrics(struct proxy_round *round, struct sst_error *err)
{
	struct proxy *p = round->p;
	struct sst_prometheus_text *text = NULL;
	struct sst_prometheus_stats stats;
	struct sst_prometheus_sink sink;
	struct sst_mono now = sst_clock_mono(p->clock);
	struct sst_wall wall = sst_clock_wall(p->clock);
	int code;

	proxy__usage_begin(&p->usage);
	proxy__usage_sink(&p->usage, &sink);
	code = sst_prometheus_text_new(&sink, &text, err);
	if (code != SST_OK)
		return code;
	code = proxy__scrape(round, text, err);
	if (code == SST_OK) {
		code = sst_prometheus_text_end(text, &stats, err);
		if (code != SST_OK)
			sst_httpc_error_prefix(p->metrics_url, err);
	}
	sst_prometheus_text_free(&text);
	if (code != SST_OK)
		return code;
	return proxy__usage_commit(&p->usage, now, wall, err);
}

static int
read_backlog(struct proxy_round *round, struct sst_error *err)
{
	struct sst_httpc_response answer = {0};
	int code;

	code = proxy__get(round, read_path(round), &answer, NULL, err);
	if (code != SST_OK)
		return code;
	code = proxy__parse_backlog(
	    answer.body, answer.len, &round->p->in_flight, err);
	sst_httpc_response_fini(&answer);
	return code == SST_OK ? SST_OK
			      : proxy__blame(round, read_path(round), err);
}

static int
read_groups(struct proxy_round *round, struct sst_error *err)
{
	return read_tree(round, read_path(round), proxy__parse_groups,
	    &round->p->groups, err);
}

static int
read_router(struct proxy_round *round, struct sst_error *err)
{
	int code = read_tree(round, read_path(round), proxy__parse_router,
	    &round->p->router, err);

	if (code != SST_UNSUPPORTED)
		return code;
	return read_tree(round, "/get/config/callbacks", proxy__parse_router,
	    &round->p->router, err);
}

/* Costs money, unless the proxy checks in the background: only if allowed, and
 * however it ends not again before its time. */
static int
read_health_call(struct proxy_round *round, struct sst_error *err)
{
	struct proxy *p = round->p;

	if (!sst_mono_before(round->req->now, p->call_due)) {
		p->call_due =
		    sst_mono_add_ms(round->req->now, PROXY_HEALTH_CALL_MS);
		sst_error_clear(&p->call_err);
		p->checks_called =
		    read_tree(round, "/health", proxy__parse_health, &p->checks,
			&p->call_err) == SST_OK;
	}
	if (p->call_err.code != SST_OK)
		*err = p->call_err;
	return p->call_err.code;
}

static int
read_health(struct proxy_round *round, struct sst_error *err)
{
	struct proxy *p = round->p;
	json_t *latest = NULL;
	int code;

	code = read_tree(
	    round, read_path(round), proxy__parse_checks, &latest, err);
	if (p->settings.allow_health_call && json_object_size(latest) == 0 &&
	    (code == SST_OK || code == SST_UNSUPPORTED)) {
		json_decref(latest);
		return read_health_call(round, err);
	}
	if (code == SST_OK) {
		json_decref(p->checks);
		p->checks = latest;
		p->checks_called = false;
	}
	return code;
}

static int
read_day(struct proxy_round *round, struct sst_error *err)
{
	struct sst_httpc_response answer = {0};
	char path[128], day[SST_TIME_TEXT];
	struct proxy *p = round->p;
	json_t *tree = NULL;
	int code;

	sst_time_format_utc(round->req->wall.ms, false, day);
	day[10] = '\0'; /* behind YYYY-MM-DD */
	snprintf(path, sizeof(path), "%s?start_date=%s&end_date=%s",
	    read_path(round), day, day);
	code = proxy__get(round, path, &answer, NULL, err);
	if (code != SST_OK)
		return code;
	code = proxy__parse_day(answer.body, answer.len, day, &tree, err);
	sst_httpc_response_fini(&answer);
	if (code != SST_OK)
		return proxy__blame(round, path, err);
	json_decref(p->day);
	p->day = tree;
	memcpy(p->day_date, day, sizeof(p->day_date));
	return SST_OK;
}

static const struct proxy_kind kinds[PROXY_PARTS] = {
    [PROXY_LIVELINESS] = {"liveliness", "/health/liveliness", PROXY_PROBE_MS, 0,
	read_liveliness},
    [PROXY_MODELS] = {"models", "/model/info", PROXY_FAST_MS, PROXY_SLOWLY,
	read_models},
    [PROXY_READINESS] = {"readiness", "/health/readiness", PROXY_PROBE_MS,
	PROXY_STATE_MS, read_readiness},
    [PROXY_METRICS] = {"metrics", "/metrics/", PROXY_FAST_MS, 0, read_metrics},
    [PROXY_BACKLOG] = {"backlog", "/health/backlog", PROXY_FAST_MS,
	PROXY_STATE_MS, read_backlog},
    [PROXY_GROUPS] = {"groups", "/model_group/info", PROXY_FAST_MS,
	PROXY_SLOWLY, read_groups},
    [PROXY_ROUTER] = {"router", "/router/settings", PROXY_FAST_MS, PROXY_SLOWLY,
	read_router},
    [PROXY_DETAILS] = {NULL, "/health/readiness/details", PROXY_FAST_MS,
	PROXY_SLOWLY, read_details},
    [PROXY_PROVIDER_BUDGETS] = {"provider_budgets", "/provider/budgets",
	PROXY_FAST_MS, PROXY_SLOWLY, proxy__read_budgets},
    [PROXY_HEALTH] = {"health", "/health/latest", PROXY_DATABASE_MS,
	PROXY_SLOWLY, read_health},
    [PROXY_DAY] = {"spend", "/user/daily/activity/aggregated",
	PROXY_DATABASE_MS, PROXY_SLOWLY, read_day},
    [PROXY_TEAM_BUDGETS] = {"teams", "/v2/team/list", PROXY_DATABASE_MS,
	PROXY_SLOWLY, proxy__read_budgets},
    [PROXY_KEY_BUDGETS] = {"keys", "/key/list", PROXY_DATABASE_MS, PROXY_SLOWLY,
	proxy__read_budgets},
};

const struct proxy_kind *
proxy__kind(enum proxy_part_id id)
{
	return &kinds[id];
}
