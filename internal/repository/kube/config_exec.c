/* The credential plugin of a user, and JSON that its cluster has for it. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

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

static json_t *
node_scalar(const struct sst_config_node *node)
{
	json_t *number = NULL;

	if (node->style != SST_CONFIG_PLAIN)
		return json_string(node->text);
	if (sst_config_node_is_null(node))
		return json_null();
	if (strcasecmp(node->text, "true") == 0)
		return json_true();
	if (strcasecmp(node->text, "false") == 0)
		return json_false();
	if (strchr("-0123456789", node->text[0]) != NULL)
		number = json_loads(node->text, JSON_DECODE_ANY, NULL);
	return number != NULL ? number : json_string(node->text);
}

/* Nesting and count are bounded by the reader of the document. */
static json_t *
node_tree(const struct sst_config_node *node)
{
	const struct sst_config_node *child;
	json_t *tree, *value;
	int failed = 0;

	if (node->kind == SST_CONFIG_SCALAR)
		return node_scalar(node);
	tree = node->kind == SST_CONFIG_MAP ? json_object() : json_array();
	for (child = node->first; child != NULL && tree != NULL;
	     child = child->next) {
		value = node_tree(child);
		failed = node->kind == SST_CONFIG_MAP
			     ? json_object_set_new(tree, child->key, value)
			     : json_array_append_new(tree, value);
		if (failed != 0) {
			json_decref(tree);
			return NULL;
		}
	}
	return tree;
}

int
kube__config_json(
    const struct sst_config_node *node, char **out, struct sst_error *err)
{
	json_t *tree = node_tree(node);
	char *text = NULL;

	if (tree != NULL)
		text = json_dumps(tree, JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(tree);
	if (text == NULL)
		return sst_error_nomem(err);
	*out = text;
	return SST_OK;
}
