/* The cluster of a kubeconfig: where it is and how it is known. */
#include <stdlib.h>
#include <string.h>

#include "httpc/client.h"
#include "repository/kube/kube_priv.h"

/* What is behind the path means nothing, and paths begin with a slash. */
static int
cluster_server(const struct kube_entry *entry, struct sst_kube_config *config,
    struct sst_error *err)
{
	const struct sst_config_node *node = kube__member(entry->map, "server");
	struct sst_error why;
	size_t len;
	int code = kube__entry_copy(entry, "server", &config->server, err);

	if (code != SST_OK)
		return code;
	if (config->server == NULL)
		return kube__entry_refuse(
		    entry, entry->map, err, "names no server");
	if (strstr(config->server, "://") == NULL)
		return kube__entry_refuse(entry, node, err,
		    "server has no scheme: write https:// before it");
	len = strcspn(config->server, "?#");
	while (len > 0 && config->server[len - 1] == '/')
		len--;
	config->server[len] = '\0';
	code = sst_httpc_url_check(config->server, &why);
	if (code == SST_INVALID)
		return kube__entry_refuse(
		    entry, node, err, "server: %s", why.text);
	return code == SST_OK ? SST_OK : sst_error_nomem(err);
}

static int
cluster_proxy(const struct kube_entry *entry, struct sst_kube_config *config,
    struct sst_error *err)
{
	struct sst_error why;
	int code =
	    kube__entry_copy(entry, "proxy-url", &config->proxy_url, err);

	if (code != SST_OK || config->proxy_url == NULL)
		return code;
	code = sst_httpc_proxy_check(config->proxy_url, &why);
	if (code == SST_INVALID)
		return kube__entry_refuse(entry,
		    kube__member(entry->map, "proxy-url"), err, "proxy-url: %s",
		    why.text);
	return code == SST_OK ? SST_OK : sst_error_nomem(err);
}

static int
cluster_check(const struct kube_entry *entry,
    const struct sst_kube_config *config, struct sst_error *err)
{
	if (config->ca_file != NULL && config->ca_data != NULL)
		return kube__entry_refuse(entry, entry->map, err,
		    "certificate-authority-data and certificate-authority are "
		    "both given");
	if (config->insecure &&
	    (config->ca_file != NULL || config->ca_data != NULL))
		return kube__entry_refuse(entry, entry->map, err,
		    "insecure-skip-tls-verify excludes a certificate "
		    "authority");
	return SST_OK;
}

int
kube__config_cluster(const struct kube_entry *entry,
    struct sst_kube_config *config, struct sst_error *err)
{
	int code = cluster_server(entry, config, err);

	if (code == SST_OK)
		code = kube__entry_path(
		    entry, "certificate-authority", &config->ca_file, err);
	if (code == SST_OK)
		code = kube__entry_pem(
		    entry, "certificate-authority-data", &config->ca_data, err);
	if (code == SST_OK)
		code = kube__entry_bool(entry, "insecure-skip-tls-verify",
		    &config->insecure, err);
	if (code == SST_OK)
		code = kube__entry_copy(entry, "tls-server-name",
		    &config->tls_server_name, err);
	if (code == SST_OK)
		code = kube__entry_bool(entry, "disable-compression",
		    &config->disable_compression, err);
	if (code == SST_OK)
		code = cluster_proxy(entry, config, err);
	if (code == SST_OK)
		code = cluster_check(entry, config, err);
	return code;
}
