/*
 * The user of a kubeconfig: who we are. What this service cannot do is told
 * with what to do instead; what kubectl ignores, we ignore.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "repository/kube/kube_priv.h"

enum { USER_EXTRA_MAX = 100 };

static int
user_auth_provider(const struct kube_entry *entry, struct sst_error *err)
{
	static const struct {
		const char *name, *advice;
	} known[] = {
	    {"gcp", "was removed from Kubernetes 1.26: use the credential "
		    "plugin gke-gcloud-auth-plugin (`gcloud container clusters "
		    "get-credentials` writes such a kubeconfig)"},
	    {"azure", "was removed from Kubernetes 1.26: use the credential "
		      "plugin kubelogin (`kubelogin convert-kubeconfig`)"},
	    {"oidc", "is not supported: use the credential plugin kubelogin "
		     "(`kubectl oidc-login`), or a token"},
	};
	const struct sst_config_node *node =
	    kube__member(entry->map, "auth-provider");
	const struct sst_config_node *name = kube__member(node, "name");
	size_t i;

	if (node == NULL)
		return SST_OK;
	if (name == NULL || name->kind != SST_CONFIG_SCALAR)
		return kube__entry_refuse(
		    entry, node, err, "auth-provider without a name");
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i].name, name->text) == 0)
			return kube__entry_refuse(entry, name, err,
			    "the auth provider %s %s", known[i].name,
			    known[i].advice);
	}
	return kube__entry_refuse(entry, name, err,
	    "the auth provider %.64s is not supported", name->text);
}

static int
user_basic(const struct kube_entry *entry, const struct sst_kube_config *config,
    struct sst_error *err)
{
	const struct sst_config_node *name =
	    kube__member(entry->map, "username");
	const struct sst_config_node *password =
	    kube__member(entry->map, "password");

	if (name == NULL && password == NULL)
		return SST_OK;
	if (config->token != NULL || config->token_file != NULL)
		return kube__entry_refuse(entry, entry->map, err,
		    "has a token and a password; only one is allowed");
	return kube__entry_refuse(entry, name != NULL ? name : password, err,
	    "basic authentication is not supported, Kubernetes 1.19 removed "
	    "it: use a token, a client certificate or a credential plugin");
}

static int
user_certificate(const struct kube_entry *entry, struct sst_kube_config *c,
    struct sst_error *err)
{
	int code = kube__entry_path(
	    entry, "client-certificate", &c->cert_file, err);

	if (code == SST_OK)
		code = kube__entry_pem(
		    entry, "client-certificate-data", &c->cert_data, err);
	if (code == SST_OK)
		code = kube__entry_path(
		    entry, "client-key", &c->key_file, err);
	if (code == SST_OK)
		code = kube__entry_pem(
		    entry, "client-key-data", &c->key_data, err);
	if (code != SST_OK)
		return code;
	if (c->cert_file != NULL && c->cert_data != NULL)
		return kube__entry_refuse(entry, entry->map, err,
		    "client-certificate-data and client-certificate are both "
		    "given");
	if (c->cert_file == NULL && c->cert_data == NULL)
		return SST_OK; /* a key alone is not used */
	if (c->key_file != NULL && c->key_data != NULL)
		return kube__entry_refuse(entry, entry->map, err,
		    "client-key-data and client-key are both given");
	if (c->key_file == NULL && c->key_data == NULL)
		return kube__entry_refuse(entry, entry->map, err,
		    "a client certificate needs client-key-data or "
		    "client-key");
	return SST_OK;
}

/* What may stand in the name of a header; the API server decodes the rest. */
static void
user_header_name(const char *text, struct sst_buf *out)
{
	static const char others[] = "!#$&'*+-.^_`|~";

	for (; *text != '\0'; text++) {
		if ((*text >= '0' && *text <= '9') ||
		    (*text >= 'a' && *text <= 'z') ||
		    (*text >= 'A' && *text <= 'Z') ||
		    strchr(others, *text) != NULL)
			sst_buf_addc(out, *text);
		else
			sst_buf_addf(out, "%%%02X", (unsigned char)*text);
	}
}

static int
user_extra_value(const struct kube_entry *entry,
    const struct sst_config_node *key, const struct sst_config_node *value,
    char **out, struct sst_error *err)
{
	struct sst_buf line = SST_BUF_INIT;

	if (value->kind != SST_CONFIG_SCALAR || key->key[0] == '\0')
		return kube__entry_refuse(entry, value, err,
		    "act-as-user-extra must be lists of texts by name");
	user_header_name(key->key, &line);
	sst_buf_addc(&line, '=');
	sst_buf_adds(&line, value->text);
	if (sst_buf_failed(&line)) {
		sst_buf_fini(&line);
		return sst_error_nomem(err);
	}
	*out = sst_buf_take(&line, NULL);
	return SST_OK;
}

static int
user_extra(const struct kube_entry *entry, struct sst_kube_config *config,
    struct sst_error *err)
{
	const struct sst_config_node *map =
	    kube__member(entry->map, "act-as-user-extra");
	const struct sst_config_node *key, *value;
	size_t count = 0;
	char **list;
	int code = SST_OK;

	if (map == NULL)
		return SST_OK;
	if (map->kind != SST_CONFIG_MAP)
		return kube__entry_refuse(entry, map, err,
		    "act-as-user-extra must be lists of texts by name");
	list = calloc(USER_EXTRA_MAX + 1, sizeof(*list));
	if (list == NULL)
		return sst_error_nomem(err);
	config->impersonate_extra = list;
	for (key = map->first; key != NULL; key = key->next) {
		value = key->kind == SST_CONFIG_LIST ? key->first : key;
		for (; value != NULL && code == SST_OK;
		     value = value == key ? NULL : value->next) {
			if (count == USER_EXTRA_MAX)
				return kube__entry_refuse(entry, value, err,
				    "act-as-user-extra is too long");
			code = user_extra_value(
			    entry, key, value, &list[count++], err);
		}
	}
	return code;
}

/* They become headers. */
static bool
user_is_plain(const struct sst_kube_config *c)
{
	char *const *const lists[] = {
	    c->impersonate_groups, c->impersonate_extra};
	const char *const texts[] = {
	    c->token, c->impersonate_user, c->impersonate_uid};
	size_t i, j;

	for (i = 0; i < 3; i++) {
		if (texts[i] != NULL &&
		    !sst_text_is_plain(texts[i], strlen(texts[i])))
			return false;
	}
	for (i = 0; i < 2; i++) {
		for (j = 0; lists[i] != NULL && lists[i][j] != NULL; j++) {
			if (!sst_text_is_plain(
				lists[i][j], strlen(lists[i][j])))
				return false;
		}
	}
	return true;
}

static int
user_impersonation(const struct kube_entry *entry, struct sst_kube_config *c,
    struct sst_error *err)
{
	int code =
	    kube__entry_copy(entry, "act-as", &c->impersonate_user, err);

	if (code == SST_OK)
		code = kube__entry_copy(
		    entry, "act-as-uid", &c->impersonate_uid, err);
	if (code == SST_OK)
		code = kube__entry_list(
		    entry, "act-as-groups", &c->impersonate_groups, err);
	if (code == SST_OK)
		code = user_extra(entry, c, err);
	if (code == SST_OK && c->impersonate_user == NULL &&
	    (c->impersonate_uid != NULL || c->impersonate_groups != NULL ||
		c->impersonate_extra != NULL))
		code = kube__entry_refuse(entry, entry->map, err,
		    "act-as-uid, act-as-groups and act-as-user-extra need "
		    "act-as");
	if (code == SST_OK && !user_is_plain(c))
		code = kube__entry_refuse(entry, entry->map, err,
		    "a token or act-as holds a control character");
	return code;
}

int
kube__config_user(const struct kube_entry *entry,
    struct sst_kube_config *config, struct sst_error *err)
{
	const struct sst_config_node *exec = kube__member(entry->map, "exec");
	int code = user_auth_provider(entry, err);

	if (code == SST_OK)
		code = kube__entry_copy(entry, "token", &config->token, err);
	if (code == SST_OK)
		code = kube__entry_path(
		    entry, "tokenFile", &config->token_file, err);
	if (code == SST_OK)
		code = user_basic(entry, config, err);
	if (code == SST_OK)
		code = user_certificate(entry, config, err);
	if (code == SST_OK && exec != NULL)
		code = kube__config_exec(entry, exec, config, err);
	if (code == SST_OK)
		code = user_impersonation(entry, config, err);
	return code;
}
