/* From settings to libpq's connection parameters. */
#include <stdlib.h>
#include <string.h>

#include "repository/postgres/postgres_priv.h"

const char *const sst_postgres_sslmodes[] = {
    "disable",
    "prefer",
    "require",
    "verify-ca",
    "verify-full",
    NULL,
};

enum { SSLMODE_VERIFY_CA = 3, PARAMS_MAX = 24 };

/* What a url may say; the rest has options of its own, or is not for it. */
static const char *const url_params[] = {
    "host", "hostaddr", "port", "dbname", "target_session_attrs"};

static bool
param_allowed(const char *keyword)
{
	size_t i;

	for (i = 0; i < sizeof(url_params) / sizeof(url_params[0]); i++) {
		if (strcmp(keyword, url_params[i]) == 0)
			return true;
	}
	return false;
}

/* The value that the url gives, borrowed from it; NULL: none. */
static const char *
param_value(const PQconninfoOption *params, const char *keyword)
{
	for (; params->keyword != NULL; params++) {
		if (strcmp(params->keyword, keyword) == 0)
			return params->val;
	}
	return NULL;
}

/* Freed by the caller; NULL when it is none, or memory ran out. */
static PQconninfoOption *
url_parse(const char *url)
{
	PQconninfoOption *params;
	char *why = NULL;

	if (strncmp(url, "postgresql://", 13) != 0 &&
	    strncmp(url, "postgres://", 11) != 0)
		return NULL;
	params = PQconninfoParse(url, &why);
	if (why != NULL)
		PQfreemem(why);
	return params;
}

bool
sst_postgres_valid_url(const char *text)
{
	PQconninfoOption *params = url_parse(text), *p;
	const char *database;
	bool valid = params != NULL;

	if (params == NULL)
		return false;
	for (p = params; p->keyword != NULL; p++) {
		if (p->val != NULL && !param_allowed(p->keyword))
			valid = false;
	}
	database = param_value(params, "dbname");
	if (database == NULL || database[0] == '\0')
		valid = false;
	PQconninfoFree(params);
	return valid;
}

char *
postgres__where(const char *url)
{
	PQconninfoOption *params = url_parse(url);
	struct sst_buf out = SST_BUF_INIT;
	const char *host, *port;

	if (params == NULL)
		return NULL;
	host = param_value(params, "host");
	if (host == NULL)
		host = param_value(params, "hostaddr");
	port = param_value(params, "port");
	sst_buf_addf(&out, "%s%s%s/%s", host != NULL ? host : "localhost",
	    port != NULL ? ":" : "", port != NULL ? port : "",
	    param_value(params, "dbname"));
	PQconninfoFree(params);
	return sst_buf_take(&out, NULL);
}

int
postgres__settings_check(
    const struct sst_postgres_settings *s, struct sst_error *err)
{
	if (s->url == NULL || !sst_postgres_valid_url(s->url))
		return sst_error_set(err, SST_INVALID,
		    "url: expected postgresql://HOST[:PORT]/DATABASE without "
		    "credentials");
	if (s->username == NULL)
		return sst_error_set(err, SST_INVALID, "username: missing");
	if (s->sslmode >= SSLMODE_VERIFY_CA && s->ca_file == NULL)
		return sst_error_set(err, SST_INVALID,
		    "ca_file: missing, sslmode %s needs it",
		    sst_postgres_sslmodes[s->sslmode]);
	if ((s->key_file == NULL) != (s->cert_file == NULL))
		return sst_error_set(err, SST_INVALID,
		    "%s: missing, a client certificate needs both",
		    s->key_file == NULL ? "key_file" : "cert_file");
	return SST_OK;
}

struct params {
	const char *keywords[PARAMS_MAX + 1];
	const char *values[PARAMS_MAX + 1];
	size_t count;
};

static void
params_add(struct params *p, const char *keyword, const char *value)
{
	if (value == NULL || p->count >= PARAMS_MAX)
		return;
	p->keywords[p->count] = keyword;
	p->values[p->count++] = value;
}

static void
params_fill(struct params *p, const struct sst_postgres_settings *s,
    const PQconninfoOption *url, const char *password)
{
	for (; url->keyword != NULL; url++)
		params_add(p, url->keyword, url->val);
	params_add(p, "user", s->username);
	params_add(p, "password", password);
	params_add(p, "sslmode", sst_postgres_sslmodes[s->sslmode]);
	params_add(p, "sslrootcert", s->ca_file);
	params_add(p, "sslcert", s->cert_file);
	params_add(p, "sslkey", s->key_file);
	/* asking for a ticket may block */
	params_add(p, "gssencmode", "disable");
	params_add(p, "application_name", "systate");
	params_add(p, "client_encoding", "UTF8");
	params_add(p, "keepalives_idle", "30");
}

int
postgres__connect_start(const struct sst_postgres_settings *settings,
    PGconn **out, struct sst_error *err)
{
	PQconninfoOption *url = url_parse(settings->url);
	struct params params = {.count = 0};
	char *password = NULL;
	int code;

	if (url == NULL)
		return sst_error_nomem(err);
	code = sst_secret_read(&settings->password, &password, err);
	if (code == SST_OK) {
		params_fill(&params, settings, url, password);
		*out = PQconnectStartParams(params.keywords, params.values, 0);
		if (*out == NULL)
			code = sst_error_nomem(err);
	}
	sst_secret_free(&password);
	PQconninfoFree(url);
	return code;
}
