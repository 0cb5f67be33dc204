/* Places in a tree by path: "listen.port", "sources[0].enabled". */
#include "config/node.h"

#include <stdio.h>
#include <string.h>

#include "config/node_priv.h"

enum { SET_PATH_MAX = 500 }; /* bytes; the table's longest takes 30 */

/* One step of a path; index is -1 for a key. */
struct path_step {
	const char *key;
	size_t len;
	long index;
};

/* Takes one step off *path; false when it is not well-formed. */
static bool
path_take(const char **path, struct path_step *step)
{
	const char *p = *path;

	step->index = -1;
	step->key = p;
	if (*p == '[') {
		step->index = 0;
		for (p++; *p >= '0' && *p <= '9'; p++) {
			step->index = step->index * 10 + (*p - '0');
			if (step->index > SST_CONFIG_NODES_MAX)
				return false;
		}
		if (*p != ']' || p[-1] == '[')
			return false;
		p++;
	} else {
		step->len = strcspn(p, ".[");
		if (step->len == 0)
			return false;
		p += step->len;
	}
	if (*p == '.') {
		p++;
		if (*p == '\0' || *p == '[')
			return false;
	} else if (*p != '\0' && *p != '[') {
		return false;
	}
	*path = p;
	return true;
}

static struct sst_config_node *
path_child(const struct sst_config_node *node, const struct path_step *step)
{
	struct sst_config_node *child;
	bool by_key = step->index < 0;

	if (node == NULL ||
	    node->kind != (by_key ? SST_CONFIG_MAP : SST_CONFIG_LIST))
		return NULL;
	for (child = node->first; child != NULL; child = child->next) {
		if (!by_key && (long)child->index == step->index)
			return child;
		if (by_key && strncmp(child->key, step->key, step->len) == 0 &&
		    child->key[step->len] == '\0')
			return child;
	}
	return NULL;
}

const struct sst_config_node *
sst_config_node_member(const struct sst_config_node *map, const char *key)
{
	struct path_step step = {key, strlen(key), -1};

	return path_child(map, &step);
}

const struct sst_config_node *
sst_config_node_find(const struct sst_config_node *node, const char *path)
{
	struct path_step step = {NULL, 0, -1};

	while (node != NULL && *path != '\0') {
		if (!path_take(&path, &step))
			return NULL;
		node = path_child(node, &step);
	}
	return node;
}

void
sst_config_node_path(const struct sst_config_node *node, char *out, size_t size)
{
	const struct sst_config_node *up[SST_CONFIG_DEPTH_MAX + 2];
	size_t depth = 0, used = 0;
	int n;

	for (; node != NULL && node->parent != NULL; node = node->parent) {
		if (depth < sizeof(up) / sizeof(up[0]))
			up[depth++] = node;
	}
	out[0] = '\0';
	while (depth > 0 && used < size) {
		node = up[--depth];
		if (node->key == NULL)
			n = snprintf(
			    out + used, size - used, "[%zu]", node->index);
		else
			n = snprintf(out + used, size - used, "%s%s",
			    used > 0 ? "." : "", node->key);
		used += n > 0 ? (size_t)n : 0;
	}
}

static struct sst_config_node *
set_make(struct sst_config_doc *doc, enum sst_config_kind kind,
    const char *origin, struct sst_error *err)
{
	struct sst_config_node *node;
	bool full;

	node = config__doc_node(doc, kind, &full);
	if (node == NULL && full)
		sst_error_set(err, SST_LIMIT, "%s: more than %d values", origin,
		    SST_CONFIG_NODES_MAX);
	else if (node == NULL)
		sst_error_nomem(err);
	else
		node->origin = origin;
	return node;
}

/* Whether parent has a child for the step, or can be given one. */
static bool
set_fits(const struct sst_config_node *parent, const struct path_step *step)
{
	return path_child(parent, step) != NULL ||
	       (step->index < 0 && parent->kind == SST_CONFIG_MAP &&
		   parent->count < SST_CONFIG_MAP_MAX);
}

/* The child of parent for a step that fits; made when it is missing. */
static struct sst_config_node *
set_step(struct sst_config_doc *doc, struct sst_config_node *parent,
    const struct path_step *step, const char *origin, struct sst_error *err)
{
	struct sst_config_node *child = path_child(parent, step);

	if (child != NULL)
		return child;
	child = set_make(doc, SST_CONFIG_MAP, origin, err);
	if (child == NULL)
		return NULL;
	child->key = config__doc_text(doc, step->key, step->len);
	if (child->key == NULL) {
		sst_error_nomem(err);
		return NULL;
	}
	config__node_attach(parent, child);
	return child;
}

/* A null, such as an empty `listen:`, may become a map. */
static bool
set_enter(struct sst_config_node *node)
{
	if (sst_config_node_is_null(node)) {
		node->kind = SST_CONFIG_MAP;
		node->text = NULL;
	}
	return node->kind != SST_CONFIG_SCALAR;
}

static int
set_value(struct sst_config_doc *doc, struct sst_config_node *place,
    const char *value, const char *origin, struct sst_error *err)
{
	struct yaml_input input = {origin, value, strlen(value)};
	struct sst_config_node *node = NULL, *child;
	const char *fault;
	int code;

	if (value[0] == '[' || value[0] == '{') {
		code = config__yaml_parse(doc, &input, &node, err);
		if (code != SST_OK)
			return code;
	} else {
		fault = config__text_fault(value, strlen(value), &code);
		if (fault != NULL)
			return sst_error_set(
			    err, code, "%s: %s", origin, fault);
		node = set_make(doc, SST_CONFIG_SCALAR, origin, err);
		if (node == NULL)
			return err->code;
		node->style = SST_CONFIG_UNTYPED;
		node->text = config__doc_text(doc, value, strlen(value));
		if (node->text == NULL)
			return sst_error_nomem(err);
	}
	node->key = place->key;
	node->index = place->index;
	node->parent = place->parent;
	node->next = place->next;
	*place = *node;
	for (child = place->first; child != NULL; child = child->next)
		child->parent = place;
	return SST_OK;
}

/* The node at path, made when it is missing; NULL: err says why. */
static struct sst_config_node *
set_find(struct sst_config_doc *doc, const char *path, const char *origin,
    struct sst_error *err)
{
	struct path_step step = {NULL, 0, -1};
	struct sst_config_node *node = doc->root;
	const char *rest = path, *why = NULL;

	if (*rest == '\0' || strlen(path) > SET_PATH_MAX)
		why = "not the path of an option";
	while (why == NULL && *rest != '\0') {
		if (!path_take(&rest, &step))
			why = "not the path of an option";
		else if (!set_enter(node))
			why = "stands below a plain value";
		else if (!set_fits(node, &step))
			why = "there is no such place";
		else
			node = set_step(doc, node, &step, origin, err);
		if (node == NULL)
			return NULL;
	}
	if (why == NULL)
		return node;
	sst_error_set(err, SST_INVALID, "%s: %.100s: %s", origin, path, why);
	return NULL;
}

int
sst_config_doc_set(struct sst_config_doc *doc, const char *path,
    const char *value, const char *origin, struct sst_error *err)
{
	struct sst_config_node *node;
	struct sst_error unread = {.code = SST_OK};
	const char *name;

	err = err != NULL ? err : &unread;
	name = config__doc_text(doc, origin, strlen(origin));
	if (name == NULL)
		return sst_error_nomem(err);
	if (doc->root == NULL)
		doc->root = set_make(doc, SST_CONFIG_MAP, name, err);
	if (doc->root == NULL)
		return err->code;
	node = set_find(doc, path, name, err);
	if (node == NULL)
		return err->code;
	return set_value(doc, node, value, name, err);
}
