/* The two JSON documents of a credential plugin: what it is told and what it
 * tells. Pure. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "base/time.h"
#include "httpc/json_body.h"
#include "repository/kube/exec_plugin.h"
#include "repository/kube/kube_priv.h"

void
kube__credential_fini(struct kube_credential *credential)
{
	kube__wipe(&credential->token);
	kube__wipe(&credential->cert_data);
	kube__wipe(&credential->key_data);
}

static int
credential_refuse(struct sst_error *err, const char *what)
{
	return sst_error_set(err, SST_UNAUTHORIZED, "%s", what);
}

/* NULL: not given, or empty. */
static const char *
credential_text(const json_t *status, const char *key)
{
	const char *text = json_string_value(json_object_get(status, key));

	return text != NULL && text[0] != '\0' ? text : NULL;
}

static int
credential_copy(const json_t *status, const char *key, char **out,
    struct sst_error *err)
{
	const char *text = credential_text(status, key);

	if (text == NULL)
		return SST_OK;
	*out = strdup(text);
	return *out == NULL ? sst_error_nomem(err) : SST_OK;
}

static int
credential_until(
    const json_t *status, struct kube_credential *c, struct sst_error *err)
{
	const json_t *value = json_object_get(status, "expirationTimestamp");
	int64_t ms;

	if (value == NULL || json_is_null(value))
		return SST_OK;
	if (!json_is_string(value) ||
	    sst_time_parse(json_string_value(value),
		json_string_length(value), &ms) != SST_OK)
		return credential_refuse(err,
		    "its expirationTimestamp is no time of RFC 3339");
	c->expires = true;
	c->until.ms = ms;
	return SST_OK;
}

static const char *
credential_fault(const struct kube_credential *c)
{
	if ((c->cert_data == NULL) != (c->key_data == NULL))
		return "it gave a client certificate without a key, or a key "
		       "without one";
	if (c->token == NULL && c->cert_data == NULL)
		return "it gave neither a token nor a client certificate";
	if (c->token != NULL && !sst_text_is_plain(c->token, strlen(c->token)))
		return "its token holds a control character";
	if (c->cert_data != NULL && strstr(c->cert_data, "-----BEGIN ") == NULL)
		return "its client certificate is no PEM";
	if (c->key_data != NULL && strstr(c->key_data, "-----BEGIN ") == NULL)
		return "its client key is no PEM";
	return NULL;
}

static int
credential_fill(
    const json_t *status, struct kube_credential *c, struct sst_error *err)
{
	const char *fault;
	int code = credential_copy(status, "token", &c->token, err);

	if (code == SST_OK)
		code = credential_copy(
		    status, "clientCertificateData", &c->cert_data, err);
	if (code == SST_OK)
		code = credential_copy(
		    status, "clientKeyData", &c->key_data, err);
	if (code == SST_OK)
		code = credential_until(status, c, err);
	if (code != SST_OK)
		return code;
	fault = credential_fault(c);
	return fault == NULL ? SST_OK : credential_refuse(err, fault);
}

static int
credential_read(const json_t *tree, const char *api_version,
    struct kube_credential *c, struct sst_error *err)
{
	const char *kind = credential_text(tree, "kind");
	const char *version = credential_text(tree, "apiVersion");
	const json_t *status = json_object_get(tree, "status");

	if (kind == NULL || strcmp(kind, "ExecCredential") != 0)
		return credential_refuse(
		    err, "it did not print an ExecCredential");
	if (version == NULL || strcmp(version, api_version) != 0)
		return sst_error_set(err, SST_UNAUTHORIZED,
		    "it is configured for %s and answered for another "
		    "apiVersion",
		    api_version);
	if (!json_is_object(status))
		return credential_refuse(err, "it printed no status");
	return credential_fill(status, c, err);
}

/* jansson does not do that itself. */
static void
credential_forget(const json_t *tree)
{
	static const char *const keys[] = {"token", "clientKeyData"};
	const json_t *status = json_object_get(tree, "status"), *value;
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		value = json_object_get(status, keys[i]);
		if (json_is_string(value))
			explicit_bzero(
			    (void *)(uintptr_t)json_string_value(value),
			    json_string_length(value));
	}
}

int
kube__credential_parse(const char *bytes, size_t len, const char *api_version,
    struct kube_credential *out, struct sst_error *err)
{
	struct kube_credential c = {0};
	json_t *tree = NULL;
	int code = sst_json_body_parse(bytes, len, &tree, err);

	if (code == SST_NOMEM)
		return code;
	if (code != SST_OK)
		return credential_refuse(err, "it did not print JSON");
	code = credential_read(tree, api_version, &c, err);
	credential_forget(tree);
	json_decref(tree);
	if (code != SST_OK) {
		kube__credential_fini(&c);
		return code;
	}
	*out = c;
	return SST_OK;
}

static void
info_base64(const char *text, struct sst_buf *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *)text;
	size_t left = strlen(text), n;
	uint32_t bits;
	char four[4];

	for (; left > 0; left -= n, p += n) {
		n = left < 3 ? left : 3;
		bits = (uint32_t)p[0] << 16;
		bits |= n > 1 ? (uint32_t)p[1] << 8 : 0;
		bits |= n > 2 ? p[2] : 0;
		four[0] = digits[bits >> 18];
		four[1] = digits[bits >> 12 & 63];
		four[2] = n > 1 ? digits[bits >> 6 & 63] : '=';
		four[3] = n > 2 ? digits[bits & 63] : '=';
		sst_buf_add(out, four, sizeof(four));
	}
}

static int
info_set(json_t *object, const char *key, const char *text)
{
	if (text == NULL)
		return 0;
	return json_object_set_new(object, key, json_string(text));
}

static json_t *
info_cluster(const struct kube_plugin_call *call)
{
	const struct sst_kube_config *c = call->config;
	struct sst_buf ca = SST_BUF_INIT;
	json_t *cluster = json_object(), *more = NULL;
	int failed = cluster == NULL;

	if (call->ca_data != NULL)
		info_base64(call->ca_data, &ca);
	failed |= sst_buf_failed(&ca);
	if (c->exec->cluster_config != NULL) {
		more = json_loads(
		    c->exec->cluster_config, JSON_DECODE_ANY, NULL);
		failed |= more == NULL ||
			  json_object_set(cluster, "config", more) != 0;
	}
	failed |= info_set(cluster, "server", c->server);
	failed |= info_set(cluster, "tls-server-name", c->tls_server_name);
	failed |= info_set(cluster, "proxy-url", c->proxy_url);
	failed |= info_set(cluster, "certificate-authority-data", ca.data);
	if (c->insecure)
		failed |= json_object_set_new(
		    cluster, "insecure-skip-tls-verify", json_true());
	if (c->disable_compression)
		failed |= json_object_set_new(
		    cluster, "disable-compression", json_true());
	json_decref(more);
	sst_buf_fini(&ca);
	if (!failed)
		return cluster;
	json_decref(cluster);
	return NULL;
}

int
kube__plugin_info(
    const struct kube_plugin_call *call, char **out, struct sst_error *err)
{
	const struct sst_kube_exec *e = call->config->exec;
	json_t *info, *spec = json_object();
	int failed = json_object_set_new(spec, "interactive", json_false());
	char *text = NULL;

	if (e->provide_cluster_info)
		failed |=
		    json_object_set_new(spec, "cluster", info_cluster(call));
	info = json_pack("{s:s, s:s, s:o}", "kind", "ExecCredential",
	    "apiVersion", e->api_version, "spec", spec);
	if (info != NULL && failed == 0)
		text = json_dumps(info, JSON_COMPACT);
	json_decref(info);
	if (text == NULL)
		return sst_error_nomem(err);
	*out = text;
	return SST_OK;
}
