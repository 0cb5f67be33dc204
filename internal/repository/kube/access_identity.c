/* What is in the files that a configuration names, and what its plugin says. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "repository/kube/access_priv.h"

enum {
	/* A credential is renewed this long before its end at the latest. */
	IDENTITY_LEEWAY_MS = 30000,
	/* After a plugin failed whose last credential is still good. */
	IDENTITY_RETRY_MS = 10000,
	/* One that is given as expired (our clock may be wrong) is used for
	 * so long: the plugin must not run for each request. */
	IDENTITY_SHORTEST_MS = 10000
};

static const struct sst_mono identity_never = {INT64_MAX};

void
kube__identity_release(struct kube_identity **identity)
{
	struct kube_identity *id = *identity;

	*identity = NULL;
	if (id == NULL || !sst_ref_release(&id->ref))
		return;
	sst_kube_config_free(&id->config);
	kube__wipe(&id->ca);
	kube__wipe(&id->cert);
	kube__wipe(&id->key);
	kube__wipe(&id->token);
	kube__wipe_list(&id->headers);
	kube__credential_fini(&id->plugin);
	free(id);
}

static int
identity_copy(const char *text, char **out, struct sst_error *err)
{
	if (text == NULL)
		return SST_OK;
	*out = strdup(text);
	return *out == NULL ? sst_error_nomem(err) : SST_OK;
}

static bool
identity_same(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

static bool
identity_same_list(char *const *a, char *const *b)
{
	size_t i;

	if (a == NULL || b == NULL)
		return a == b;
	for (i = 0; a[i] != NULL && b[i] != NULL; i++) {
		if (strcmp(a[i], b[i]) != 0)
			return false;
	}
	return a[i] == b[i];
}

/* Data, or the content of a file; code is what an unreadable one gives. */
static int
identity_pem(const char *what, const char *file, const char *data, char **out,
    struct sst_error *err)
{
	int code;

	if (data != NULL || file == NULL)
		return identity_copy(data, out, err);
	code = kube__file_read(file, KUBE_PEM_MAX, out, err);
	if (code == SST_OK || code == SST_NOMEM)
		return code;
	sst_error_prefix(err, "%s", what);
	if (err != NULL)
		err->code = SST_INVALID;
	return SST_INVALID;
}

static int
identity_certificates(struct kube_identity *id, struct sst_error *err)
{
	const struct sst_kube_config *c = id->config;
	int code = identity_pem(
	    "certificate-authority", c->ca_file, c->ca_data, &id->ca, err);

	if (code == SST_OK)
		code = identity_pem("client-certificate", c->cert_file,
		    c->cert_data, &id->cert, err);
	if (code == SST_OK && id->cert != NULL)
		code = identity_pem(
		    "client-key", c->key_file, c->key_data, &id->key, err);
	if (code == SST_INVALID && id->ca == NULL && c->ca_file != NULL)
		return code;
	if (code == SST_INVALID) {
		/* no credentials, in the words of our callers */
		if (err != NULL)
			err->code = SST_UNAUTHORIZED;
		return SST_UNAUTHORIZED;
	}
	return code;
}

static int
identity_token(const struct kube_identity_order *order,
    struct kube_identity *id, struct sst_error *err)
{
	const struct sst_kube_config *c = id->config;
	const struct kube_identity *old = order->old;
	int code;

	if (c->token_file == NULL)
		return identity_copy(c->token, &id->token, err);
	code = kube__token_read(c->token_file, &id->token, err);
	if (code == SST_OK || code == SST_NOMEM)
		return code;
	if (old != NULL && !order->refused &&
	    identity_same(old->config->token_file, c->token_file))
		return identity_copy(old->token, &id->token, err);
	if (c->token != NULL)
		return identity_copy(c->token, &id->token, err);
	sst_error_prefix(err, "tokenFile");
	if (err != NULL)
		err->code = SST_UNAUTHORIZED;
	return SST_UNAUTHORIZED;
}

/* Whether what old's plugin gave is what this one would give. */
static bool
identity_same_plugin(
    const struct kube_identity *old, const struct kube_identity *id)
{
	const struct sst_kube_exec *a, *b = id->config->exec;

	if (old == NULL || !old->plugged)
		return false;
	a = old->config->exec;
	return identity_same(a->command, b->command) &&
	       identity_same(a->api_version, b->api_version) &&
	       identity_same_list(a->args, b->args) &&
	       identity_same_list(a->env, b->env) &&
	       identity_same(old->config->server, id->config->server) &&
	       identity_same(a->cluster_config, b->cluster_config) &&
	       (!b->provide_cluster_info || identity_same(old->ca, id->ca));
}

static int
identity_keep_plugin(const struct kube_identity *old, struct kube_identity *id,
    struct sst_error *err)
{
	int code =
	    identity_copy(old->plugin.token, &id->plugin.token, err);

	if (code == SST_OK)
		code = identity_copy(
		    old->plugin.cert_data, &id->plugin.cert_data, err);
	if (code == SST_OK)
		code = identity_copy(
		    old->plugin.key_data, &id->plugin.key_data, err);
	id->plugin.expires = old->plugin.expires;
	id->plugin.until = old->plugin.until;
	id->renew = old->renew;
	id->expires = old->expires;
	id->plugged = true;
	return code;
}

static void
identity_date(const struct kube_identity_order *order, struct kube_identity *id)
{
	struct sst_mono now = sst_clock_mono(order->clock);
	int64_t left, leeway;

	id->plugged = true;
	if (!id->plugin.expires)
		return;
	left = id->plugin.until.ms - sst_clock_wall(order->clock).ms;
	if (left < IDENTITY_SHORTEST_MS)
		left = IDENTITY_SHORTEST_MS;
	/* nearly three hundred years are forever */
	if (left > INT64_MAX / 1000000 / 2)
		return;
	leeway = left / 10;
	if (leeway > IDENTITY_LEEWAY_MS)
		leeway = IDENTITY_LEEWAY_MS;
	id->expires = sst_mono_add_ms(now, left);
	id->renew = sst_mono_add_ms(now, left - leeway);
}

static int
identity_run_plugin(const struct kube_identity_order *order,
    struct kube_identity *id, struct sst_error *err)
{
	const struct kube_plugin_call call = {
	    .config = id->config,
	    .ca_data = id->ca,
	    .clock = order->clock,
	    .deadline = order->deadline,
	    .canceled = order->canceled,
	    .ctx = order->ctx,
	};
	int code = kube__plugin_run(&call, &id->plugin, err);

	if (code == SST_OK)
		identity_date(order, id);
	return code;
}

static int
identity_plugin(const struct kube_identity_order *order,
    struct kube_identity *id, struct sst_error *err)
{
	const struct kube_identity *old = order->old;
	struct sst_mono now = sst_clock_mono(order->clock);
	bool same;
	int code;

	/* a token that is there goes before one to be fetched */
	if (id->config->exec == NULL || id->token != NULL)
		return SST_OK;
	same = !order->refused && identity_same_plugin(old, id);
	if (same && sst_mono_before(now, old->renew))
		return identity_keep_plugin(old, id, err);
	code = identity_run_plugin(order, id, err);
	if (code == SST_NOMEM || code == SST_CANCELED)
		return code;
	if (code == SST_OK || !same || !sst_mono_before(now, old->expires))
		return code;
	code = identity_keep_plugin(old, id, err);
	id->renew = sst_mono_add_ms(now, IDENTITY_RETRY_MS);
	return code;
}

/* From what the plugin gave to what is used. */
static int
identity_adopt(struct kube_identity *id, struct sst_error *err)
{
	int code = SST_OK;

	if (id->token == NULL)
		code = identity_copy(id->plugin.token, &id->token, err);
	if (code != SST_OK || id->plugin.cert_data == NULL)
		return code;
	kube__wipe(&id->cert);
	kube__wipe(&id->key);
	code = identity_copy(id->plugin.cert_data, &id->cert, err);
	if (code == SST_OK)
		code = identity_copy(id->plugin.key_data, &id->key, err);
	return code;
}

static bool
identity_header(
    struct kube_identity *id, size_t *count, const char *name, const char *text)
{
	struct sst_buf line = SST_BUF_INIT;

	if (text == NULL)
		return true;
	sst_buf_addf(&line, "Impersonate-%s: %s", name, text);
	if (sst_buf_failed(&line)) {
		sst_buf_fini(&line);
		return false;
	}
	id->headers[(*count)++] = sst_buf_take(&line, NULL);
	return true;
}

/* "name=value" to a header of its own. */
static bool
identity_extra(struct kube_identity *id, size_t *count, const char *pair)
{
	size_t len = strcspn(pair, "=");
	struct sst_buf name = SST_BUF_INIT;
	bool ok;

	sst_buf_adds(&name, "Extra-");
	sst_buf_add(&name, pair, len);
	ok = !sst_buf_failed(&name) &&
	     identity_header(id, count, name.data, pair + len + 1);
	sst_buf_fini(&name);
	return ok;
}

static size_t
identity_length(char *const *list)
{
	size_t len = 0;

	while (list != NULL && list[len] != NULL)
		len++;
	return len;
}

static int
identity_headers(struct kube_identity *id, struct sst_error *err)
{
	const struct sst_kube_config *c = id->config;
	size_t groups = identity_length(c->impersonate_groups), count = 0, i;
	size_t extra = identity_length(c->impersonate_extra);
	bool ok;

	if (c->impersonate_user == NULL)
		return SST_OK;
	id->headers = calloc(groups + extra + 3, sizeof(*id->headers));
	if (id->headers == NULL)
		return sst_error_nomem(err);
	ok = identity_header(id, &count, "User", c->impersonate_user) &&
	     identity_header(id, &count, "Uid", c->impersonate_uid);
	for (i = 0; ok && i < groups; i++)
		ok = identity_header(
		    id, &count, "Group", c->impersonate_groups[i]);
	for (i = 0; ok && i < extra; i++)
		ok = identity_extra(id, &count, c->impersonate_extra[i]);
	return ok ? SST_OK : sst_error_nomem(err);
}

static bool
identity_same_way(const struct kube_identity *a, const struct kube_identity *b)
{
	return identity_same(a->config->server, b->config->server) &&
	       identity_same(a->config->proxy_url, b->config->proxy_url) &&
	       identity_same(a->config->tls_server_name,
		   b->config->tls_server_name) &&
	       a->config->insecure == b->config->insecure &&
	       identity_same(a->ca, b->ca) && identity_same(a->cert, b->cert) &&
	       identity_same(a->key, b->key);
}

static int
identity_fill(const struct kube_identity_order *order, struct kube_identity *id,
    struct sst_error *err)
{
	int code = sst_kube_config_load(order->where, &id->config, err);

	if (code == SST_OK)
		code = identity_certificates(id, err);
	if (code == SST_OK)
		code = identity_token(order, id, err);
	if (code == SST_OK)
		code = identity_plugin(order, id, err);
	if (code == SST_OK)
		code = identity_adopt(id, err);
	if (code == SST_OK)
		code = identity_headers(id, err);
	return code;
}

int
kube__identity_make(const struct kube_identity_order *order,
    struct kube_identity **out, struct sst_error *err)
{
	const struct kube_identity *old = order->old;
	struct kube_identity *id = calloc(1, sizeof(*id));
	int code;

	if (id == NULL)
		return sst_error_nomem(err);
	sst_ref_init(&id->ref);
	id->renew = id->expires = identity_never;
	code = identity_fill(order, id, err);
	if (code != SST_OK) {
		kube__identity_release(&id);
		return code;
	}
	id->connection = old == NULL ? 1 : old->connection;
	if (old != NULL && !identity_same_way(old, id))
		id->connection++;
	*out = id;
	return SST_OK;
}
