/* What the management API tells of the broker itself. */
#include "repository/queues/rabbitmq_parse.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"

/* Nodes of a partition that are named. */
enum { NODES_NAMED = 3 };

int
rabbitmq__parse_overview(const char *bytes, size_t len,
    struct rabbitmq_overview *out, struct sst_error *err)
{
	struct rabbitmq_overview seen = {.queues = -1};
	const json_t *totals;
	const char *version = NULL;
	json_t *tree = NULL;
	int code;

	code = rabbitmq__json_parse(bytes, len, JSON_OBJECT, &tree, err);
	if (code != SST_OK)
		return code;
	totals = json_object_get(tree, "object_totals");
	if (!rabbitmq__json_count(
		json_object_get(totals, "queues"), &seen.queues))
		seen.queues = -1;
	if (rabbitmq__json_text(
		json_object_get(tree, "rabbitmq_version"), &version) &&
	    version != NULL && strlen(version) < sizeof(seen.version))
		snprintf(seen.version, sizeof(seen.version), "%s", version);
	json_decref(tree);
	*out = seen;
	return SST_OK;
}

int
rabbitmq__parse_vhosts(const char *bytes, size_t len,
    const struct rabbitmq_sink *sink, struct sst_error *err)
{
	struct rabbitmq_row row = RABBITMQ_ROW_INIT;
	json_t *tree = NULL;
	size_t i;
	int code;

	row.name = "";
	code = rabbitmq__json_parse(bytes, len, JSON_ARRAY, &tree, err);
	for (i = 0; code == SST_OK && i < json_array_size(tree); i++) {
		row.vhost = json_string_value(
		    json_object_get(json_array_get(tree, i), "name"));
		if (row.vhost != NULL)
			code = sink->row(sink->ctx, &row, err);
	}
	json_decref(tree);
	return code;
}

static void
node_partitions(const json_t *partitions, struct sst_buf *reason)
{
	size_t i, count = json_array_size(partitions);
	const char *name;

	for (i = 0; i < count && i < NODES_NAMED; i++) {
		name = json_string_value(json_array_get(partitions, i));
		sst_buf_addf(reason, "%s%s",
		    i > 0             ? ", "
		    : reason->len > 0 ? "; partitioned from "
				      : "partitioned from ",
		    name != NULL ? name : "?");
	}
	if (count > NODES_NAMED)
		sst_buf_addf(reason, " and %zu more", count - NODES_NAMED);
}

/* Why a node that runs is not well; nothing: it is. */
static void
node_reason(const json_t *item, struct sst_buf *reason)
{
	if (json_is_true(json_object_get(item, "mem_alarm")))
		sst_buf_adds(reason, "memory alarm: publishers are held");
	if (json_is_true(json_object_get(item, "disk_free_alarm")))
		sst_buf_addf(reason, "%sdisk alarm: publishers are held",
		    reason->len > 0 ? "; " : "");
	node_partitions(json_object_get(item, "partitions"), reason);
}

/* A row of upstream.nodes, new; NULL when memory ran out. */
static json_t *
node_make(const json_t *item, const char *name)
{
	const json_t *running = json_object_get(item, "running");
	struct sst_buf reason = SST_BUF_INIT;
	const char *status;
	json_t *node;

	if (json_is_false(running)) {
		status = "down";
		sst_buf_adds(&reason, "it does not run");
	} else {
		node_reason(item, &reason);
		status = reason.len > 0          ? "degraded"
			 : json_is_true(running) ? "ok"
						 : "unknown";
	}
	node = sst_buf_failed(&reason)
		   ? NULL
		   : json_pack("{s:s, s:s, s:s?}", "name", name, "status",
			 status, "reason", reason.data);
	sst_buf_fini(&reason);
	return node;
}

int
rabbitmq__parse_nodes(const char *bytes, size_t len,
    const struct rabbitmq_sink *sink, json_t **out, struct sst_error *err)
{
	json_t *tree = NULL, *nodes, *item;
	const char *name;
	char pointer[32];
	size_t i;
	int code;

	code = rabbitmq__json_parse(bytes, len, JSON_ARRAY, &tree, err);
	if (code != SST_OK)
		return code;
	nodes = json_array();
	json_array_foreach(tree, i, item)
	{
		name = json_string_value(json_object_get(item, "name"));
		if (name == NULL) {
			snprintf(pointer, sizeof(pointer), "/%zu/name", i);
			if (sink->reject != NULL)
				sink->reject(
				    sink->ctx, pointer, "not a string");
			continue;
		}
		if (json_array_append_new(nodes, node_make(item, name)) != 0)
			code = sst_error_nomem(err);
	}
	json_decref(tree);
	if (nodes == NULL)
		code = sst_error_nomem(err);
	if (code != SST_OK)
		json_decref(nodes);
	else
		*out = nodes;
	return code;
}

/* tags is an array, and was a comma-separated string before 3.9 */
static bool
whoami_has(const json_t *tags, const char *tag)
{
	size_t i;

	if (json_is_string(tags))
		return strstr(json_string_value(tags), tag) != NULL;
	for (i = 0; i < json_array_size(tags); i++) {
		const char *text = json_string_value(json_array_get(tags, i));

		if (text != NULL && strcmp(text, tag) == 0)
			return true;
	}
	return false;
}

int
rabbitmq__parse_whoami(
    const char *bytes, size_t len, bool *monitor_out, struct sst_error *err)
{
	json_t *tree = NULL;
	const json_t *tags;
	int code = rabbitmq__json_parse(bytes, len, JSON_OBJECT, &tree, err);

	if (code != SST_OK)
		return code;
	tags = json_object_get(tree, "tags");
	*monitor_out =
	    whoami_has(tags, "monitoring") || whoami_has(tags, "administrator");
	json_decref(tree);
	return SST_OK;
}

bool
rabbitmq__parse_denied(const char *bytes, size_t len)
{
	struct sst_error err;
	json_t *tree = NULL;
	const char *error, *reason;
	bool denied;

	if (rabbitmq__json_parse(bytes, len, JSON_OBJECT, &tree, &err) !=
	    SST_OK)
		return false;
	error = json_string_value(json_object_get(tree, "error"));
	reason = json_string_value(json_object_get(tree, "reason"));
	/* "not_authorized" with a z is a failed login, in 3.10 */
	denied =
	    (error != NULL && strcmp(error, "not_authorised") == 0) ||
	    (reason != NULL && strncmp(reason, "User not auth", 13) == 0) ||
	    (reason != NULL && strcmp(reason, "Not management user") == 0);
	json_decref(tree);
	return denied;
}
