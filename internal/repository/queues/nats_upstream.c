/* What is told of the whole system: servers, and how they can be read. */
#include <string.h>

#include "repository/queues/nats_priv.h"

void
nats__reject(void *ctx, const char *pointer, const char *reason)
{
	struct nats_read *read = ctx;

	sst_draft_reject(read->out, pointer, reason);
}

static json_t *
text_or_null(const char *text)
{
	return text != NULL && text[0] != '\0' ? json_string(text)
					       : json_null();
}

/* The host and port when the server has never told its name. */
static const char *
node_name(const struct nats_node *node)
{
	const char *host = strstr(node->url, "://");

	if (node->varz.name[0] != '\0')
		return node->varz.name;
	return host != NULL ? host + 3 : node->url;
}

static json_t *
node_json(const struct nats_node *node)
{
	const char *status = "ok", *reason = NULL;

	if (node->err.code != SST_OK) {
		status = "down";
		reason = node->err.text;
	} else if (node->off) {
		status = "degraded";
		reason = "JetStream is not enabled on this server";
	} else if (!node->healthy) {
		status = "degraded";
		reason = node->unhealthy;
	}
	return json_pack("{s:s, s:s, s:o}", "name", node_name(node), "status",
	    status, "reason", text_or_null(reason));
}

static bool
add_part(json_t *parts, const char *name, int code, const char *reason)
{
	const char *state = "failing";

	if (code == SST_OK)
		state = "ok";
	else if (code == SST_FORBIDDEN || code == SST_UNAUTHORIZED)
		state = "forbidden";
	else if (code == SST_UNSUPPORTED)
		state = "unsupported";
	return json_array_append_new(parts,
		   json_pack("{s:s, s:s, s:o}", "name", name, "state", state,
		       "reason",
		       text_or_null(code != SST_OK ? reason : NULL))) == 0;
}

static bool
add_nodes(const struct nats *n, json_t *nodes, size_t *down, size_t *unwell)
{
	size_t i;

	for (i = 0; i < n->node_count; i++) {
		const struct nats_node *node = &n->nodes[i];

		if (json_array_append_new(nodes, node_json(node)) != 0)
			return false;
		*down += node->err.code != SST_OK;
		*unwell += node->err.code == SST_OK &&
			   (node->off || !node->healthy);
	}
	return true;
}

static bool
add_parts(const struct nats_read *read, json_t *parts, size_t down)
{
	const struct nats *n = read->n;
	size_t i;

	if (n->node_count > 0) {
		for (i = 0; down > 0 && n->nodes[i].err.code == SST_OK;)
			i++;
		if (!add_part(parts, "monitoring",
			down > 0 ? n->nodes[i].err.code : SST_OK,
			down > 0 ? n->nodes[i].err.text : NULL))
			return false;
	}
	if (n->wire == NULL)
		return true;
	return add_part(parts, "connection", read->link_err.code,
		   read->link_err.text) &&
	       (read->link_err.code != SST_OK ||
		   add_part(parts, "tasks", read->tasks_err.code,
		       read->tasks_err.text));
}

int
nats__upstream(struct nats_read *read, struct sst_error *err)
{
	const struct nats *n = read->n;
	json_t *parts = json_array(), *nodes = json_array(), *upstream;
	size_t i, down = 0, unwell = 0;
	const char *version = NULL, *status = "ok";
	bool ok = parts != NULL && nodes != NULL &&
		  add_nodes(n, nodes, &down, &unwell) &&
		  add_parts(read, parts, down);

	for (i = 0; i < n->node_count && version == NULL; i++) {
		if (n->nodes[i].varz.version[0] != '\0')
			version = n->nodes[i].varz.version;
	}
	if (down > 0 || unwell > 0)
		status = down < n->node_count || read->linked ? "degraded"
							      : "down";
	upstream = ok ? json_pack("{s:s, s:o, s:O}", "status", status,
			    "version", text_or_null(version), "parts", parts)
		      : NULL;
	if (upstream != NULL && n->node_count > 0 &&
	    json_object_set(upstream, "nodes", nodes) != 0) {
		json_decref(upstream);
		upstream = NULL;
	}
	json_decref(parts);
	json_decref(nodes);
	return sst_draft_upstream(read->out, upstream, err);
}
