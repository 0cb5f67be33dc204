/*
 * A LiteLLM proxy through its own HTTP interface: deployments, limits, prices
 * and payment, use in the last minute, spend of today, health, cool-down,
 * fallbacks; and of the proxy itself its parts, budgets, database, version.
 *
 * Only GET, and nothing that makes the proxy call a model: /health is asked for
 * only with allow_health_call.
 *
 * What is read has a rhythm of its own inside one collection, see
 * proxy_read.c: probes, metrics and backlog at every poll, everything else
 * every `refresh`. One that is slow or fails takes only its own facts along:
 * they stay for two of its periods and are unknown then; the source is degraded
 * meanwhile and upstream.parts says why. What the proxy does not have, mostly
 * for want of a database, is unsupported, which is no fault, and is looked for
 * again every 15 minutes. What needs the database comes last and has 3 s in a
 * collection; the rest of it gets collections of its own, up to 15 s each, so
 * that metrics are not kept waiting.
 *
 * When it fails as a whole, so that the source goes stale: the proxy cannot be
 * connected to; two requests got no answer and none did; the key is refused
 * (then not shown again for 60 s, and read anew); the list of deployments
 * cannot be read and the last one is older than two of its periods, for without
 * it nothing else can be said. Until then the last list is used, degraded.
 */
#include "repository/litellm/proxy_priv.h"

#include <stdlib.h>
#include <string.h>

#include "config/node.h"
#include "repository/litellm/litellm.h"

static bool
proxy_valid_url(const char *text)
{
	return strchr(text, '?') == NULL &&
	       sst_httpc_url_check(text, NULL) == SST_OK;
}

static const char *const proxy_headers[] = {
    [PROXY_AUTHORIZATION] = "authorization",
    [PROXY_API_KEY] = "x-litellm-api-key",
    NULL,
};

#define AT(member) offsetof(struct proxy_settings, member)

static const struct sst_option proxy_options[] = {
    {.name = "url",
	.type = SST_OPTION_STRING,
	.required = true,
	.valid = proxy_valid_url,
	.form = "an http or https URL without credentials and query",
	.help = "Where the proxy is, such as http://127.0.0.1:4000, with the "
		"path of SERVER_ROOT_PATH if it has one.",
	.offset = AT(url)},
    {.name = "key",
	.type = SST_OPTION_SECRET,
	.help = "Key of a user with the role proxy_admin_viewer, or the master "
		"key, which is the only one without a database. Read again "
		"when the proxy refuses it.",
	.offset = AT(key)},
    {.name = "key_header",
	.type = SST_OPTION_ENUM,
	.fallback = "authorization",
	.names = proxy_headers,
	.help = "Header that the key goes into; x-litellm-api-key where "
		"something on the way keeps Authorization for itself.",
	.offset = AT(key_header)},
    {.name = "metrics_url",
	.type = SST_OPTION_STRING,
	.valid = proxy_valid_url,
	.form = "an http or https URL without credentials and query",
	.help = "The whole address of the metrics where it is not "
		"URL/metrics/. The key goes there only when scheme, host and "
		"port are those of url.",
	.offset = AT(metrics_url)},
    {.name = "metrics",
	.type = SST_OPTION_BOOL,
	.fallback = "true",
	.help = "Read the metrics: without them, use in the last minute is "
		"unknown.",
	.offset = AT(metrics)},
    {.name = "payment_types",
	.type = SST_OPTION_MAP,
	.help = "How models or providers are paid for, as model: type or "
		"provider: type. Without, model_info.payment_type of the "
		"proxy's configuration, else concluded from prices.",
	.offset = AT(payment_types)},
    {.name = "allow_health_call",
	.type = SST_OPTION_BOOL,
	.fallback = "false",
	.help = "Ask for /health where nobody else checks, every 5 minutes. "
		"Each time the proxy calls every model, which costs money, "
		"unless it has background_health_checks.",
	.offset = AT(allow_health_call)},
    {.name = "spend",
	.type = SST_OPTION_BOOL,
	.fallback = "true",
	.help = "Read the spend of today; needs the proxy's database.",
	.offset = AT(spend)},
    {.name = "budgets",
	.type = SST_OPTION_BOOL,
	.fallback = "true",
	.help = "Read the budgets of keys, teams and providers.",
	.offset = AT(budgets)},
    {.name = "ca_file",
	.type = SST_OPTION_STRING,
	.help = "PEM file to check the proxy's certificate with, instead of "
		"the certificates of the system.",
	.offset = AT(ca_file)},
    {.name = "tolerance",
	.type = SST_OPTION_REAL,
	.fallback = "0.02",
	.min = 0,
	.max = 0.5,
	.help = "Use and remaining quota that differ by no more than this "
		"share from what was shown are shown as before. 0 is always "
		"shown.",
	.offset = AT(tolerance)},
    {.name = "refresh",
	.type = SST_OPTION_DURATION,
	.fallback = "60s",
	.min = 5,
	.max = 3600,
	.help = "How often what changes slowly is read: deployments, spend, "
		"health checks, budgets, router settings. Half of "
		"max_age_seconds at most is taken.",
	.offset = AT(refresh)},
    {.name = "metrics_refresh",
	.type = SST_OPTION_DURATION,
	.fallback = "15s",
	.min = 1,
	.max = 60,
	.help = "How often the metrics are read. Making them blocks a busy "
		"proxy for a moment.",
	.offset = AT(metrics_refresh)},
};

/* Scheme, host and port: up to the first slash behind them. */
static size_t
proxy_origin(const char *url)
{
	const char *host = strstr(url, "://");

	return host == NULL ? 0
			    : (size_t)(host + 3 - url) + strcspn(host + 3, "/");
}

static bool
proxy_set_urls(struct proxy *p)
{
	const struct proxy_settings *s = &p->settings;
	struct sst_buf metrics = SST_BUF_INIT;
	size_t len = strlen(s->url), origin;

	while (len > 0 && s->url[len - 1] == '/')
		s->url[--len] = '\0';
	p->url = s->url;
	if (s->metrics_url != NULL)
		sst_buf_adds(&metrics, s->metrics_url);
	else
		sst_buf_addf(&metrics, "%s/metrics/", p->url);
	p->metrics_apart = s->metrics_url != NULL;
	p->metrics_url = sst_buf_take(&metrics, NULL);
	if (p->metrics_url == NULL)
		return false;
	origin = proxy_origin(p->url);
	p->metrics_own = origin == proxy_origin(p->metrics_url) &&
			 strncmp(p->url, p->metrics_url, origin) == 0;
	return true;
}

/* The map is gone after init. */
static bool
proxy_copy_payments(struct proxy *p)
{
	const struct sst_config_node *map = p->settings.payment_types, *n;
	struct proxy_payment *to;

	p->settings.payment_types = NULL;
	if (map == NULL)
		return true;
	p->payments = calloc(map->count + 1, sizeof(*p->payments));
	if (p->payments == NULL)
		return false;
	for (n = map->first; n != NULL; n = n->next) {
		to = &p->payments[p->payment_count++];
		to->name = strdup(n->key);
		to->type = strdup(n->text);
		if (to->name == NULL || to->type == NULL)
			return false;
	}
	return true;
}

static int
proxy_check_payments(const struct sst_config_node *map, struct sst_error *err)
{
	const struct sst_config_node *n;

	for (n = map == NULL ? NULL : map->first; n != NULL; n = n->next) {
		if (n->kind != SST_CONFIG_SCALAR || n->text == NULL ||
		    n->text[0] == '\0' || strlen(n->text) > 64)
			return sst_error_set(err, SST_INVALID,
			    "payment_types: of %s: expected a text of 1 to 64 "
			    "bytes",
			    n->key);
	}
	return SST_OK;
}

static void
proxy_disable(struct proxy *p, enum proxy_part_id id)
{
	p->parts[id].state = PROXY_PART_DISABLED;
}

static void
proxy_set_rest(struct proxy *p, const struct sst_source_env *env)
{
	const struct proxy_settings *s = &p->settings;

	p->key_plain = s->key_header == PROXY_API_KEY;
	p->refresh_ms = (long)s->refresh;
	/* one that is missed is still within the age that is promised */
	if (env->max_age_ms > 0 && p->refresh_ms > env->max_age_ms / 2)
		p->refresh_ms = env->max_age_ms / 2;
	p->metrics_ms = (long)s->metrics_refresh;
	p->clock = env->clock;
	p->max_bytes = env->max_upstream_bytes;
	p->in_flight = -1;
	if (!s->metrics)
		proxy_disable(p, PROXY_METRICS);
	if (!s->spend)
		proxy_disable(p, PROXY_DAY);
	if (s->budgets)
		return;
	proxy_disable(p, PROXY_PROVIDER_BUDGETS);
	proxy_disable(p, PROXY_TEAM_BUDGETS);
	proxy_disable(p, PROXY_KEY_BUDGETS);
}

static int
proxy_check(const struct proxy_settings *s, struct sst_error *err)
{
	if (s->url == NULL || !proxy_valid_url(s->url))
		return sst_error_set(err, SST_INVALID,
		    "url: expected an http or https URL without credentials "
		    "and query");
	return proxy_check_payments(s->payment_types, err);
}

static int
proxy_init(void *state, const void *settings, const struct sst_source_env *env,
    struct sst_error *err)
{
	struct proxy *p = state;
	struct sst_httpc_options options = {0};
	int code = proxy_check(settings, err);

	if (code == SST_OK)
		code = sst_options_copy(proxy_options,
		    SST_OPTION_COUNT(proxy_options), settings, &p->settings,
		    err);
	if (code != SST_OK)
		return code;
	if (!proxy_set_urls(p) || !proxy_copy_payments(p))
		return sst_error_nomem(err);
	proxy_set_rest(p, env);
	options.ca_file = p->settings.ca_file;
	return sst_httpc_new(&options, env->clock, &p->http, err);
}

static int
proxy_collect(void *state, const struct sst_collect *req, struct sst_draft *out,
    struct sst_error *err)
{
	struct proxy *p = state;
	struct proxy_round round = {
	    .p = p,
	    .req = req,
	    .out = out,
	    .inline_ms = PROXY_INLINE_MS,
	};
	int code;

	code = proxy__round(&round, err);
	if (code == SST_OK)
		code = proxy__add_deployments(&round, err);
	if (code == SST_OK || code == SST_LIMIT)
		code = proxy__add_upstream(&round, err);
	/* meant for this collection, not for the next one */
	sst_httpc_resume(p->http);
	return code;
}

static void
proxy_interrupt(void *state)
{
	struct proxy *p = state;

	sst_httpc_interrupt(p->http);
}

static void
proxy_fini(void *state)
{
	struct proxy *p = state;
	size_t i;

	sst_httpc_free(&p->http);
	proxy__usage_fini(&p->usage);
	proxy__deployments_fini(&p->list);
	json_decref(p->groups);
	json_decref(p->checks);
	json_decref(p->day);
	json_decref(p->router);
	for (i = 0; i < PROXY_SCOPES; i++)
		json_decref(p->budgets[i]);
	for (i = 0; i < p->payment_count; i++) {
		free(p->payments[i].name);
		free(p->payments[i].type);
	}
	free(p->payments);
	sst_secret_free(&p->header);
	free(p->metrics_url);
	sst_options_fini(
	    proxy_options, SST_OPTION_COUNT(proxy_options), &p->settings);
	memset(p, 0, sizeof(*p));
}

const struct sst_source_ops sst_litellm_proxy_ops = {
    .kind = "proxy",
    .section = SST_SECTION_LITELLM,
    .summary = "LiteLLM proxy: deployments, use, spend, health, budgets",
    .options = proxy_options,
    .option_count = SST_OPTION_COUNT(proxy_options),
    .settings_size = sizeof(struct proxy_settings),
    .state_size = sizeof(struct proxy),
    .interval_ms = 15000,
    /* one answer of the database */
    .deadline_ms = 16000,
    /* twice `refresh` */
    .max_age_ms = 120000,
    .init = proxy_init,
    .collect = proxy_collect,
    .interrupt = proxy_interrupt,
    .fini = proxy_fini,
};
