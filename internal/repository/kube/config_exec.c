/* The credential plugin of a user, and JSON that its cluster has for it. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "repository/kube/kube_priv.h"

#define EXEC_GROUP "client.authentication.k8s.io/"

static int
exec_version(const struct kube_entry *user, const struct kube_entry *exec,
    struct sst_kube_exec *e, struct sst_error *err)
{
	const struct sst_config_node *node =
	    kube__member(exec->map, "apiVersion");
	int code = kube__entry_copy(exec, "apiVersion", &e->api_version, err);

	if (code != SST_OK)
		return code;
	if (e->api_version == NULL)
		return kube__entry_refuse(
		    user, exec->map, err, "exec names no apiVersion");
	if (strcmp(e->api_version, EXEC_GROUP "v1") == 0 ||
	    strcmp(e->api_version, EXEC_GROUP "v1beta1") == 0)
		return SST_OK;
	return kube__entry_refuse(user, node, err,
	    "exec: invalid apiVersion \"%.64s\", it must be " EXEC_GROUP
	    "v1 or v1beta1%s",
	    e->api_version,
	    strcmp(e->api_version, EXEC_GROUP "v1alpha1") == 0
		? " (for EKS, `aws eks update-kubeconfig` writes a new one)"
		: "");
}

static int
exec_mode(const struct kube_entry *user, const struct kube_entry *exec,
    const struct sst_kube_exec *e, struct sst_error *err)
{
	const struct sst_config_node *node =
	    kube__member(exec->map, "interactiveMode");
	const char *mode;
	int code = kube__entry_text(exec, "interactiveMode", &mode, err);

	if (code != SST_OK)
		return code;
	if (mode == NULL && strcmp(e->api_version, EXEC_GROUP "v1") == 0)
		return kube__entry_refuse(user, exec->map, err,
		    "exec names no interactiveMode, which v1 requires");
	if (mode == NULL || strcmp(mode, "Never") == 0 ||
	    strcmp(mode, "IfAvailable") == 0)
		return SST_OK;
	if (strcmp(mode, "Always") == 0)
		return kube__entry_refuse(user, node, err,
		    "exec: interactiveMode Always: the plugin wants to ask "
		    "somebody, and a service has nobody there");
	return kube__entry_refuse(user, node, err,
	    "exec: interactiveMode must be Never or IfAvailable");
}

/* A name with a slash is relative to the file, one without is looked for. */
static int
exec_command(const struct kube_entry *user, const struct kube_entry *exec,
    struct sst_kube_exec *e, struct sst_error *err)
{
	const char *text;
	int code = kube__entry_text(exec, "command", &text, err);

	if (code != SST_OK)
		return code;
	if (text == NULL)
		return kube__entry_refuse(
		    user, exec->map, err, "exec names no command");
	e->command = strchr(text, '/') == NULL
			 ? strdup(text)
			 : kube__path_beside(user->file->path, text);
	return e->command == NULL ? sst_error_nomem(err) : SST_OK;
}

static int
exec_variable(const struct kube_entry *user,
    const struct sst_config_node *node, char **out, struct sst_error *err)
{
	const struct sst_config_node *name = kube__member(node, "name");
	const struct sst_config_node *value = kube__member(node, "value");
	struct sst_buf line = SST_BUF_INIT;

	if (name == NULL || name->kind != SST_CONFIG_SCALAR ||
	    name->text[0] == '\0' || strchr(name->text, '=') != NULL ||
	    (value != NULL && value->kind != SST_CONFIG_SCALAR))
		return kube__entry_refuse(user, node, err,
		    "exec: env must be a list of name and value");
	sst_buf_adds(&line, name->text);
	sst_buf_addc(&line, '=');
	if (value != NULL)
		sst_buf_adds(&line, value->text);
	if (sst_buf_failed(&line)) {
		sst_buf_fini(&line);
		return sst_error_nomem(err);
	}
	*out = sst_buf_take(&line, NULL);
	return SST_OK;
}

static int
exec_env(const struct kube_entry *user, const struct kube_entry *exec,
    struct sst_kube_exec *e, struct sst_error *err)
{
	const struct sst_config_node *list = kube__member(exec->map, "env");
	const struct sst_config_node *node;
	size_t i = 0;
	int code = SST_OK;

	if (list == NULL)
		return SST_OK;
	if (list->kind != SST_CONFIG_LIST)
		return kube__entry_refuse(user, list, err,
		    "exec: env must be a list of name and value");
	e->env = calloc(list->count + 1, sizeof(*e->env));
	if (e->env == NULL)
		return sst_error_nomem(err);
	for (node = list->first; node != NULL && code == SST_OK;
	     node = node->next)
		code = exec_variable(user, node, &e->env[i++], err);
	return code;
}

int
kube__config_exec(const struct kube_entry *user,
    const struct sst_config_node *map, struct sst_kube_config *config,
    struct sst_error *err)
{
	const struct kube_entry exec = {
	    user->file, map, user->what, user->name};
	struct sst_kube_exec *e;
	int code;

	if (map->kind != SST_CONFIG_MAP)
		return kube__entry_refuse(
		    user, map, err, "exec must be a map");
	e = calloc(1, sizeof(*e));
	if (e == NULL)
		return sst_error_nomem(err);
	config->exec = e;
	code = exec_version(user, &exec, e, err);
	if (code == SST_OK)
		code = exec_command(user, &exec, e, err);
	if (code == SST_OK)
		code = exec_mode(user, &exec, e, err);
	if (code == SST_OK)
		code = kube__entry_list(&exec, "args", &e->args, err);
	if (code == SST_OK)
		code = exec_env(user, &exec, e, err);
	if (code == SST_OK)
		code = kube__entry_copy(
		    &exec, "installHint", &e->install_hint, err);
	if (code == SST_OK)
		code = kube__entry_bool(&exec, "provideClusterInfo",
		    &e->provide_cluster_info, err);
	return code;
}

/* A number as JSON writes them, without a zero before others. */
static bool
node_is_number(const char *text)
{
	const char *digits = text + (text[0] == '-');

	if (digits[0] < '0' || digits[0] > '9' ||
	    text[strspn(text, "+-.0123456789eE")] != '\0')
		return false;
	return digits[0] != '0' || digits[1] < '0' || digits[1] > '9';
}

static void
node_number(const char *text, struct sst_buf *out)
{
	char *end;
	long long whole;
	double real;

	errno = 0;
	whole = strtoll(text, &end, 10);
	if (*end == '\0' && errno == 0) {
		sst_buf_json_int(out, whole);
		return;
	}
	real = strtod(text, &end);
	if (*end == '\0' && isfinite(real))
		sst_buf_json_real(out, real);
	else
		sst_buf_json_string(out, text, strlen(text));
}

static void
node_scalar(const struct sst_config_node *node, struct sst_buf *out)
{
	const char *text = node->text;
	bool plain = node->style == SST_CONFIG_PLAIN;

	if (plain && sst_config_node_is_null(node))
		sst_buf_adds(out, "null");
	else if (plain && strcasecmp(text, "true") == 0)
		sst_buf_adds(out, "true");
	else if (plain && strcasecmp(text, "false") == 0)
		sst_buf_adds(out, "false");
	else if (plain && node_is_number(text))
		node_number(text, out);
	else
		sst_buf_json_string(out, text, strlen(text));
}

/* Nesting and count are bounded by the reader of the document. */
static void
node_write(const struct sst_config_node *node, struct sst_buf *out)
{
	bool map = node->kind == SST_CONFIG_MAP;
	const struct sst_config_node *child;

	if (node->kind == SST_CONFIG_SCALAR) {
		node_scalar(node, out);
		return;
	}
	sst_buf_addc(out, map ? '{' : '[');
	for (child = node->first; child != NULL; child = child->next) {
		if (child != node->first)
			sst_buf_addc(out, ',');
		if (map) {
			sst_buf_json_string(
			    out, child->key, strlen(child->key));
			sst_buf_addc(out, ':');
		}
		node_write(child, out);
	}
	sst_buf_addc(out, map ? '}' : ']');
}

int
kube__config_json(
    const struct sst_config_node *node, char **out, struct sst_error *err)
{
	struct sst_buf text = SST_BUF_INIT;

	node_write(node, &text);
	if (sst_buf_failed(&text)) {
		sst_buf_fini(&text);
		return sst_error_nomem(err);
	}
	*out = sst_buf_take(&text, NULL);
	return SST_OK;
}
