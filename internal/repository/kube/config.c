/* Where a configuration is looked for, and the service account of a pod. */
#include "repository/kube/config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "repository/kube/kube_priv.h"

#define CONFIG_SERVICE_ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount"

/* More entries in $KUBECONFIG than anybody has. */
enum { CONFIG_FILES_MAX = 64, CONFIG_NAMESPACE_MAX = 4096 };

struct config_files {
	struct kube_source sources[CONFIG_FILES_MAX];
	char *paths[CONFIG_FILES_MAX], *texts[CONFIG_FILES_MAX];
	size_t count;
};

static void
files_fini(struct config_files *files)
{
	size_t i;

	for (i = 0; i < files->count; i++) {
		free(files->paths[i]);
		kube__wipe(&files->texts[i]);
	}
	files->count = 0;
}

static const char *
config_getenv(const struct sst_kube_config_where *where, const char *name)
{
	const char *value = where->getenv != NULL
				? where->getenv(name, where->getenv_ctx)
				: getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

/* From the working directory; NULL: no memory. */
static char *
config_absolute(const char *path, size_t len)
{
	struct sst_buf out = SST_BUF_INIT;
	char here[PATH_MAX];

	if (path[0] != '/' && getcwd(here, sizeof(here)) != NULL)
		sst_buf_addf(&out, "%s/", here);
	sst_buf_add(&out, path, len);
	if (sst_buf_failed(&out))
		sst_buf_fini(&out);
	return sst_buf_take(&out, NULL);
}

static bool
files_have(const struct config_files *files, const char *path)
{
	size_t i;

	for (i = 0; i < files->count; i++) {
		if (strcmp(files->paths[i], path) == 0)
			return true;
	}
	return false;
}

/* Reads one more file. A missing one is SST_NOT_FOUND. */
static int
files_add(struct config_files *files, const char *path, size_t len,
    struct sst_error *err)
{
	char *full = config_absolute(path, len), *text = NULL;
	int code;

	if (full == NULL)
		return sst_error_nomem(err);
	if (files_have(files, full)) {
		free(full);
		return SST_OK;
	}
	code = files->count == CONFIG_FILES_MAX
		   ? sst_error_set(err, SST_INVALID,
			 "KUBECONFIG: more than %d files", CONFIG_FILES_MAX)
		   : kube__file_read(full, SST_CONFIG_FILE_MAX, &text, err);
	if (code != SST_OK) {
		free(full);
		return code;
	}
	files->paths[files->count] = full;
	files->texts[files->count] = text;
	files->sources[files->count].path = full;
	files->sources[files->count].text = text;
	files->sources[files->count++].len = strlen(text);
	return SST_OK;
}

/* The list of $KUBECONFIG: what is missing is skipped. */
static int
files_add_list(
    struct config_files *files, const char *list, struct sst_error *err)
{
	size_t len;
	int code = SST_OK;

	for (; code == SST_OK; list += len + 1) {
		len = strcspn(list, ":");
		if (len > 0)
			code = files_add(files, list, len, err);
		if (code == SST_NOT_FOUND)
			code = SST_OK;
		if (list[len] == '\0')
			break;
	}
	return code;
}

static int
files_add_home(
    struct config_files *files, const char *home, struct sst_error *err)
{
	struct sst_buf path = SST_BUF_INIT;
	int code;

	sst_buf_addf(&path, "%s/.kube/config", home);
	code = sst_buf_failed(&path)
		   ? sst_error_nomem(err)
		   : files_add(files, path.data, path.len, err);
	sst_buf_fini(&path);
	return code == SST_NOT_FOUND ? SST_OK : code;
}

/* None when none of the usual places has one. */
static int
files_collect(struct config_files *files,
    const struct sst_kube_config_where *where, struct sst_error *err)
{
	const char *list = config_getenv(where, "KUBECONFIG");
	const char *home = config_getenv(where, "HOME");
	int code;

	if (where->path != NULL) {
		code = files_add(files, where->path, strlen(where->path), err);
		return code;
	}
	if (list != NULL)
		return files_add_list(files, list, err);
	return home != NULL ? files_add_home(files, home, err) : SST_OK;
}

static char *
account_path(const struct sst_kube_config_where *where, const char *name)
{
	struct sst_buf path = SST_BUF_INIT;

	sst_buf_addf(&path, "%s/%s",
	    where->service_account != NULL ? where->service_account
					   : CONFIG_SERVICE_ACCOUNT,
	    name);
	if (sst_buf_failed(&path))
		sst_buf_fini(&path);
	return sst_buf_take(&path, NULL);
}

/* Sets *out to NULL when there is no such file. */
static int
account_file(const struct sst_kube_config_where *where, const char *name,
    char **out, struct sst_error *err)
{
	*out = account_path(where, name);
	if (*out == NULL)
		return sst_error_nomem(err);
	if (access(*out, F_OK) != 0) {
		free(*out);
		*out = NULL;
	}
	return SST_OK;
}

static int
account_namespace(const struct sst_kube_config_where *where, char **out,
    struct sst_error *err)
{
	char *path = account_path(where, "namespace");
	struct sst_error ignored;
	int code;

	if (path == NULL)
		return sst_error_nomem(err);
	/* without one it is "default": nothing to complain about */
	code = kube__token_read(path, out, &ignored);
	free(path);
	return code == SST_NOMEM ? sst_error_nomem(err) : SST_OK;
}

static int
account_server(const char *host, const char *port, char **out,
    struct sst_error *err)
{
	struct sst_buf url = SST_BUF_INIT;

	sst_buf_addf(&url, strchr(host, ':') != NULL ? "https://[%s]:%s"
						     : "https://%s:%s",
	    host, port);
	if (sst_buf_failed(&url)) {
		sst_buf_fini(&url);
		return sst_error_nomem(err);
	}
	*out = sst_buf_take(&url, NULL);
	return SST_OK;
}

static int
account_fill(const struct sst_kube_config_where *where,
    struct sst_kube_config *c, struct sst_error *err)
{
	const char *host = config_getenv(where, "KUBERNETES_SERVICE_HOST");
	const char *port = config_getenv(where, "KUBERNETES_SERVICE_PORT");
	int code = account_server(host, port, &c->server, err);

	c->context = strdup("in-cluster");
	c->origin = strdup("the service account of the pod");
	if (code == SST_OK && (c->context == NULL || c->origin == NULL))
		code = sst_error_nomem(err);
	if (code == SST_OK)
		code = account_file(where, "token", &c->token_file, err);
	if (code == SST_OK)
		code = account_file(where, "ca.crt", &c->ca_file, err);
	if (code == SST_OK)
		code = account_namespace(where, &c->namespace, err);
	return code;
}

static int
config_none(const struct sst_kube_config_where *where, const char *but,
    struct sst_error *err)
{
	const char *list = config_getenv(where, "KUBECONFIG");

	if (list != NULL)
		return sst_error_set(err, SST_NOT_FOUND,
		    "no kubeconfig: none of the files of KUBECONFIG (%.200s) "
		    "exists%s",
		    list, but);
	return sst_error_set(err, SST_NOT_FOUND,
	    "no kubeconfig: neither KUBECONFIG nor ~/.kube/config%s", but);
}

static int
config_in_cluster(const struct sst_kube_config_where *where,
    struct sst_kube_config **out, struct sst_error *err)
{
	struct sst_kube_config *c;
	int code;

	if (config_getenv(where, "KUBERNETES_SERVICE_HOST") == NULL ||
	    config_getenv(where, "KUBERNETES_SERVICE_PORT") == NULL)
		return config_none(where, ", and this is no pod", err);
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return sst_error_nomem(err);
	code = account_fill(where, c, err);
	if (code == SST_OK && c->token_file == NULL)
		code = config_none(
		    where, ", and this pod has no service account token", err);
	if (code != SST_OK) {
		sst_kube_config_free(&c);
		return code;
	}
	*out = c;
	return SST_OK;
}

/* What is wrong with a kubeconfig, whatever the kind of it. */
static int
config_invalid(int code, struct sst_error *err)
{
	if (code == SST_NOMEM)
		return code;
	if (err != NULL)
		err->code = SST_INVALID;
	return SST_INVALID;
}

int
sst_kube_config_load(const struct sst_kube_config_where *where,
    struct sst_kube_config **out, struct sst_error *err)
{
	struct config_files files;
	int code;

	files.count = 0;
	code = files_collect(&files, where, err);
	if (code != SST_OK)
		code = config_invalid(code, err);
	else if (files.count == 0)
		code = config_in_cluster(where, out, err);
	else
		code = kube__config_build(
		    files.sources, files.count, where->context, out, err);
	files_fini(&files);
	return code;
}
