/*
 * What a LiteLLM proxy answers: pure functions of bytes. Written after bodies
 * of 1.96.0 in mocks/upstreams/litellm and its OpenAPI document.
 *
 * Whitelists: only the members named here are read, because the same answers
 * carry keys, addresses with credentials, headers and passwords. What is kept
 * is copied, never the answer itself.
 *
 * What the proxy does not tell, or tells in a form that is no number (masked
 * text), is unknown: -1 here, null in the document. Never 0.
 */
#ifndef SST_REPOSITORY_LITELLM_PROXY_PARSE_H
#define SST_REPOSITORY_LITELLM_PROXY_PARSE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

/* A deployment takes 2 KB here; proxies of a few hundred are seen. */
enum { PROXY_DEPLOYMENTS_MAX = 5000 };
/* Longest text of the proxy in a reason or error, characters. */
enum { PROXY_TEXT_MAX = 200 };

/* A row of /model/info. Texts are owned; NULL: not told. */
struct proxy_deployment {
	char *id;    /* never NULL */
	char *model; /* the public name; never NULL */
	char *provider;
	char *backend;   /* litellm_params.model, with its provider */
	char *payment;   /* model_info.payment_type, which operators set */
	bool reserved;   /* paid for by time, not by token */
	int64_t tpm_max; /* -1: unknown or unlimited, as all below */
	int64_t rpm_max;
	int64_t input_tpm_max;
	int64_t output_tpm_max;
	double price_in; /* USD per token */
	double price_out;
};

struct proxy_deployments {
	struct proxy_deployment *rows;
	size_t count;
	size_t unnamed;        /* without an id of their own, see below */
	size_t rejected;       /* left out: no object, or without a name */
	size_t beyond;         /* left out: over PROXY_DEPLOYMENTS_MAX */
	char first_reject[96]; /* JSON Pointer */
};

/*
 * /model/info. Of rows with one id (aliases, unfolded wildcards) the first one
 * stays. A row without model_info.id is given MODEL#N, N counted from 1 within
 * the answer for that model, and counted in `unnamed`. Codes of
 * sst_json_body_parse; SST_TYPE when there is no list of rows.
 */
int proxy__parse_models(const char *bytes, size_t len,
    struct proxy_deployments *out, struct sst_error *err);
/* Accepts zeroed memory. */
void proxy__deployments_fini(struct proxy_deployments *list);
/* The part of backend behind its provider, or all of it; NULL as backend. */
const char *proxy__backend_name(const struct proxy_deployment *row);

/*
 * The functions below make a new jansson tree, the caller's, with exactly the
 * members named; members that are unknown are null. Codes of
 * sst_json_body_parse, SST_TYPE for another shape, SST_NOMEM.
 */

/* /model_group/info: {group: {provider, price_in, price_out}} */
int proxy__parse_groups(
    const char *bytes, size_t len, json_t **out, struct sst_error *err);
/* /health/latest: {model_id or model_name: {healthy, latency_ms, checked_ms,
 * error}} */
int proxy__parse_checks(
    const char *bytes, size_t len, json_t **out, struct sst_error *err);
/* /health: the same, without checked_ms and latency_ms */
int proxy__parse_health(
    const char *bytes, size_t len, json_t **out, struct sst_error *err);
/* /user/daily/activity/aggregated: {groups: {...}, models: {...}} of that day
 * (YYYY-MM-DD), each {name: {spend, tokens, requests}}; without groups when
 * the proxy breaks nothing down by group. */
int proxy__parse_day(const char *bytes, size_t len, const char *day,
    json_t **out, struct sst_error *err);
/* /router/settings and /get/config/callbacks: {fallbacks: {model: [names]},
 * cooldown_seconds, allowed_fails} */
int proxy__parse_router(
    const char *bytes, size_t len, json_t **out, struct sst_error *err);
/* /health/readiness and its details: {database, version}; database is a value
 * of the schema. */
int proxy__parse_readiness(
    const char *bytes, size_t len, json_t **out, struct sst_error *err);
/* /health/backlog; -1: not told. */
int proxy__parse_backlog(
    const char *bytes, size_t len, int64_t *out, struct sst_error *err);

/* What kind of budgets an answer holds. */
enum proxy_scope { PROXY_KEYS, PROXY_TEAMS, PROXY_PROVIDERS, PROXY_SCOPES };

/* What one page of a list of budgets says; -1: not told. */
struct proxy_page {
	size_t rows; /* in this page, also the ones left out */
	int64_t total;
	int64_t pages;
};

/* Where they go. */
struct proxy_budgets {
	enum proxy_scope scope;
	int64_t now_ms;  /* wall: a reset over 400 days ahead is none */
	json_t *budgets; /* array of objects as `#/$defs/budget` */
};

/* /key/list, /v2/team/list, /team/list, /provider/budgets: appends the rows of
 * that page. */
int proxy__parse_budgets(const char *bytes, size_t len,
    const struct proxy_budgets *into, struct proxy_page *page,
    struct sst_error *err);
const char *proxy__scope_name(enum proxy_scope scope);

/* What an answer that is no success means. */
enum proxy_verdict {
	PROXY_FAILED,       /* an error, to be tried again */
	PROXY_UNSUPPORTED,  /* not there, or not without a database */
	PROXY_FORBIDDEN,    /* this key may not */
	PROXY_UNAUTHORIZED, /* no such key */
	PROXY_KEYLESS       /* no such key, and no database to look in: also
			     * told for what only a database could know */
};

/* Appends the cleaned text of the error in the body to message (may be NULL);
 * any of its forms, nothing for none. Memory: sst_buf_failed(message). */
enum proxy_verdict proxy__judge(
    long status, const char *bytes, size_t len, struct sst_buf *message);

/* Appends text without secrets, addresses and controls, cut at
 * PROXY_TEXT_MAX characters. */
void proxy__safe_text(const char *text, size_t len, struct sst_buf *out);

/* Values of any answer. */

/* A number, or text of one; -1 for what is below 0 or no number. */
double proxy__number(const json_t *value);
/* The same, whole. */
int64_t proxy__count(const json_t *value);
/* Text that is not empty, borrowed; NULL. */
const char *proxy__text(const json_t *value);
/* Parses and insists on an object; the caller's. */
int proxy__object(
    const char *bytes, size_t len, json_t **out, struct sst_error *err);
/* Sets what is known; takes value over. False when memory ran out. */
bool proxy__set(json_t *object, const char *name, json_t *value);
/* New, or NULL: real of a number that is known, else json_null. */
json_t *proxy__real(double value);
json_t *proxy__integer(int64_t value);

#endif
