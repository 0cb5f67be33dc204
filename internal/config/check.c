/* What spans options: pairs, uniqueness, exposure, and what a reload may do. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "config/config_priv.h"

enum { PLACE_BYTES = 200 };

/* "file:3:5: path: " of an option that may have come from anywhere. */
static int
check_refuse(const struct sst_config *config, const char *path,
    const char *text, struct sst_error *err)
{
	const struct sst_config_node *node = NULL;
	char place[PLACE_BYTES] = "";

	if (config->doc != NULL)
		node = sst_config_node_find(
		    sst_config_doc_root(config->doc), path);
	if (node != NULL)
		sst_config_node_place(node, place, sizeof(place));
	return sst_error_set(err, SST_INVALID, "%s%s%s: %s", place,
	    place[0] != '\0' ? ": " : "", path, text);
}

bool
sst_config_is_loopback(const char *address)
{
	static const unsigned char mapped[12] = {
	    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	unsigned char ip[16];

	if (inet_pton(AF_INET, address, ip) == 1)
		return ip[0] == 127;
	if (inet_pton(AF_INET6, address, ip) != 1)
		return false;
	if (memcmp(ip, mapped, sizeof(mapped)) == 0)
		return ip[12] == 127;
	return memcmp(ip, &in6addr_loopback, sizeof(ip)) == 0;
}

static int
check_exposure(const struct sst_config *config, struct sst_error *err)
{
	size_t tokens;

	sst_config_tokens(config, &tokens);
	if (sst_config_is_loopback(config->listen.address) || tokens > 0 ||
	    config->tls.client_ca_file != NULL ||
	    config->listen.allow_anonymous)
		return SST_OK;
	return check_refuse(config, "listen.address",
	    "other machines reach this address, and nothing says who may ask. "
	    "Three ways out: give auth.tokens or auth.tokens_file; give "
	    "tls.client_ca_file, so that clients need a certificate; or set "
	    "listen.allow_anonymous: true to let everybody read",
	    err);
}

static int
check_tls(const struct sst_config *config, struct sst_error *err)
{
	if (config->tls.cert_file != NULL && config->tls.key_file == NULL)
		return check_refuse(config, "tls.cert_file",
		    "tls.key_file is missing; HTTPS needs both", err);
	if (config->tls.key_file != NULL && config->tls.cert_file == NULL)
		return check_refuse(config, "tls.key_file",
		    "tls.cert_file is missing; HTTPS needs both", err);
	if (config->tls.client_ca_file != NULL && config->tls.cert_file == NULL)
		return check_refuse(config, "tls.client_ca_file",
		    "tls.cert_file and tls.key_file are missing; client "
		    "certificates exist over HTTPS only",
		    err);
	return SST_OK;
}

static int
check_tokens(const struct sst_config *config, struct sst_error *err)
{
	const struct sst_config_token *tokens;
	char path[64], text[160];
	size_t count, i, k;

	if (config->auth.tokens_file != NULL && config->auth.tokens.count > 0)
		return check_refuse(config, "auth.tokens_file",
		    "auth.tokens is given too; tokens come from one place",
		    err);
	tokens = sst_config_tokens(config, &count);
	for (i = 1; i < count; i++) {
		for (k = 0; k < i; k++) {
			if (strcmp(tokens[i].name, tokens[k].name) == 0)
				break;
		}
		if (k == i)
			continue;
		snprintf(path, sizeof(path), "auth.tokens[%zu].name", i);
		snprintf(text, sizeof(text),
		    "\"%s\" is the name of another token already",
		    tokens[i].name);
		return check_refuse(config,
		    config->auth.tokens_file != NULL ? "auth.tokens_file"
						     : path,
		    text, err);
	}
	return SST_OK;
}

static int
check_source(const struct sst_config *config, size_t at, struct sst_error *err)
{
	const struct sst_config_source *all, *s;
	char path[64], text[200];
	size_t count, i;

	all = sst_config_sources(config, &count);
	s = &all[at];
	for (i = 0; i < at; i++) {
		if (strcmp(all[i].name, s->name) != 0)
			continue;
		snprintf(path, sizeof(path), "sources[%zu].name", at);
		snprintf(text, sizeof(text),
		    "\"%s\" is the name of sources[%zu] already", s->name, i);
		return check_refuse(config, path, text, err);
	}
	if (s->interval_ms > 0 && s->max_age_ms > 0 &&
	    s->max_age_ms < s->interval_ms) {
		snprintf(
		    path, sizeof(path), "sources[%zu].max_age_seconds", at);
		return check_refuse(config, path,
		    "less than interval_seconds: the source would be stale "
		    "between any two collections",
		    err);
	}
	if (s->max_age_ms > 0 && s->down_after_ms > 0 &&
	    s->down_after_ms < s->max_age_ms) {
		snprintf(
		    path, sizeof(path), "sources[%zu].down_after_seconds", at);
		return check_refuse(config, path,
		    "less than max_age_seconds: a source is stale before it "
		    "is down",
		    err);
	}
	return SST_OK;
}

int
sst_config_check(const struct sst_config *config, struct sst_error *err)
{
	size_t i;
	int code = check_tls(config, err);

	if (code == SST_OK)
		code = check_tokens(config, err);
	if (code == SST_OK)
		code = check_exposure(config, err);
	if (code == SST_OK &&
	    config->limits.max_watchers > config->limits.max_connections)
		code = check_refuse(config, "limits.max_watchers",
		    "more than limits.max_connections: a watcher is a "
		    "connection",
		    err);
	for (i = 0; i < config->sources.count && code == SST_OK; i++)
		code = check_source(config, i, err);
	return code;
}

int
sst_config_reload_check(const struct sst_config *old,
    const struct sst_config *now, struct sst_error *err)
{
	const struct sst_option *table;
	struct sst_buf names = SST_BUF_INIT;
	size_t count, i;
	int code = SST_OK;

	table = sst_config_options(&count);
	for (i = 0; i < count; i++) {
		if (table[i].reloadable ||
		    sst_option_equal(&table[i], old, now))
			continue;
		sst_buf_addf(
		    &names, "%s%s", names.len > 0 ? ", " : "", table[i].name);
		code = SST_INVALID;
	}
	if (sst_buf_failed(&names))
		code = sst_error_nomem(err);
	else if (code != SST_OK)
		sst_error_set(err, code,
		    "the new configuration changes what takes effect at a "
		    "start only, nothing of it is taken: %s",
		    names.data);
	sst_buf_fini(&names);
	return code;
}
