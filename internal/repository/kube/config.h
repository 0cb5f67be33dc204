/*
 * Where a cluster is and who we are there: kubeconfig files or the service
 * account of the pod we run in. What is read here is data; nothing is asked
 * of the network and no plugin is run.
 */
#ifndef SST_REPOSITORY_KUBE_CONFIG_H
#define SST_REPOSITORY_KUBE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct sst_kube_exec {
	char *command; /* absolute, or a bare name to be found in PATH */
	char **args;   /* NULL ends; NULL: none */
	char **env;    /* "NAME=value", NULL ends; NULL: none */
	char *api_version;
	char *install_hint;
	bool provide_cluster_info;
	/* JSON that the cluster's entry has for plugins; NULL: none */
	char *cluster_config;
};

/* All strings owned; NULL: not given. Paths are absolute. */
struct sst_kube_config {
	char *context; /* name of it; "in-cluster" */
	char *origin;  /* the file it comes from, for error texts */
	char *namespace; /* of the context; NULL: none */
	/* cluster */
	char *server; /* https://host:port/prefix without a slash at the end */
	char *ca_file;
	char *ca_data; /* PEM, decoded */
	bool insecure;
	char *tls_server_name;
	char *proxy_url;
	bool disable_compression;
	/* user */
	char *token;
	char *token_file;
	char *cert_file, *cert_data; /* PEM */
	char *key_file, *key_data;
	struct sst_kube_exec *exec;
	char *impersonate_user, *impersonate_uid;
	char **impersonate_groups; /* NULL ends; NULL: none */
	/* "name=value", NULL ends; the name as it goes into a header, percent
	 * encoded, so that the first = is the one between them */
	char **impersonate_extra;
};

struct sst_kube_config_where {
	const char *path;    /* option kubeconfig; NULL: the usual places */
	const char *context; /* option context; NULL: current-context */
	/* The environment: KUBECONFIG, HOME, KUBERNETES_SERVICE_HOST, ...;
	 * a seam for tests. NULL: getenv. */
	const char *(*getenv)(const char *name, void *ctx);
	void *getenv_ctx;
	/* Folder of the mounted service account; NULL: the usual one. */
	const char *service_account;
};

/*
 * In order: path (missing: error); the files of $KUBECONFIG, merged;
 * ~/.kube/config; the service account of the pod. Reads files. The caller frees
 * *out. SST_NOT_FOUND: there is none of them; SST_INVALID: names file, line
 * where known, and what is wrong; never holds a secret. SST_NOMEM.
 */
int sst_kube_config_load(const struct sst_kube_config_where *where,
    struct sst_kube_config **out, struct sst_error *err);
/* Accepts NULL; clears the pointer; secrets are overwritten. */
void sst_kube_config_free(struct sst_kube_config **config);

#endif
