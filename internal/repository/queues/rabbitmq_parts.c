/* What is read of a broker part by part, and what is told of it as a whole. */
#include "repository/queues/rabbitmq_priv.h"

#include <string.h>

static const struct {
	const char *name;    /* in upstream.parts */
	const char *without; /* what it means that it cannot be read */
	long every_ms;       /* 0: at each collection */
} parts_about[RABBITMQ_PARTS] = {
    [RABBITMQ_PART_QUEUES] = {"queues", "counts are up to 6 s behind", 0},
    [RABBITMQ_PART_STATISTICS] = {"statistics", "rates are not known",
	RABBITMQ_STATS_MS},
    [RABBITMQ_PART_OVERVIEW] = {"overview",
	"not known whether all queues are shown", 0},
    [RABBITMQ_PART_UNREACHED] = {"unreached",
	"queues may be missing that nobody answers for", 0},
    [RABBITMQ_PART_CONSUMERS] = {"consumers", "consumers are up to 6 s behind",
	0},
    [RABBITMQ_PART_NODES] = {"nodes", "nodes are not known", 0},
    [RABBITMQ_PART_LETTERS] = {"dead_letters",
	"where dead letters go is not known", 0},
    [RABBITMQ_PART_PRIORITIES] = {"priorities",
	"depth by priority is not known", RABBITMQ_STATS_MS},
    [RABBITMQ_PART_VHOSTS] = {"vhosts", "queues may be missing",
	RABBITMQ_VHOSTS_MS},
};

bool
rabbitmq__optional(int code)
{
	switch (code) {
	case SST_UNREACHABLE:
	case SST_TLS:
	case SST_UNAUTHORIZED:
	case SST_RATE_LIMITED:
	case SST_CANCELED:
	case SST_NOMEM:
	case SST_INVALID:
	case SST_INTERNAL:
		return false;
	default:
		return true;
	}
}

void
rabbitmq__half(struct rabbitmq_read *read)
{
	struct sst_mono now = sst_clock_mono(read->r->clock);
	int64_t left = sst_mono_diff_ms(read->req->deadline, now);

	read->deadline = sst_mono_add_ms(now, left > 0 ? left / 2 : 0);
}

void
rabbitmq__whole(struct rabbitmq_read *read)
{
	read->deadline = read->req->deadline;
}

void
rabbitmq__part_tell(struct rabbitmq_read *read, enum rabbitmq_part_id id)
{
	const struct sst_error *error = &read->r->parts[id].error;

	if (error->code != SST_OK)
		sst_draft_degrade(read->out, error->code, "%s: %s",
		    parts_about[id].without, error->text);
}

int
rabbitmq__part(struct rabbitmq_read *read, enum rabbitmq_part_id id,
    rabbitmq_part_fn fn, struct sst_error *err)
{
	struct rabbitmq_part *part = &read->r->parts[id];
	struct sst_mono now = read->req->now;
	int code;

	if (!part->tried || !sst_mono_before(now, part->due)) {
		sst_error_clear(&part->error);
		rabbitmq__half(read);
		code = fn(read, &part->error);
		rabbitmq__whole(read);
		if (code != SST_OK && !rabbitmq__optional(code)) {
			*err = part->error;
			return code;
		}
		if (code == SST_OK)
			sst_error_clear(&part->error);
		part->tried = true;
		part->due = sst_mono_add_ms(now, parts_about[id].every_ms);
	}
	rabbitmq__part_tell(read, id);
	return SST_OK;
}

int
rabbitmq__read_overview(struct rabbitmq_read *read, struct sst_error *err)
{
	struct sst_httpc_response answer = {0};
	int code;

	code = rabbitmq__get(
	    read, "/api/overview?disable_stats=true", &answer, err);
	if (code != SST_OK)
		return code;
	code = rabbitmq__parse_overview(
	    answer.body, answer.len, &read->overview, err);
	sst_httpc_response_fini(&answer);
	return code;
}

static void
nodes_reject(void *ctx, const char *pointer, const char *reason)
{
	struct rabbitmq_read *read = ctx;

	sst_draft_reject(read->out, pointer, reason);
}

int
rabbitmq__read_nodes(struct rabbitmq_read *read, struct sst_error *err)
{
	const struct rabbitmq_sink sink = {.reject = nodes_reject, .ctx = read};
	struct sst_httpc_response answer = {0};
	int code;

	code = rabbitmq__get(read,
	    "/api/nodes?columns=name,running,mem_alarm,disk_free_alarm,"
	    "partitions",
	    &answer, err);
	if (code != SST_OK)
		return code;
	code = rabbitmq__parse_nodes(
	    answer.body, answer.len, &sink, &read->nodes, err);
	sst_httpc_response_fini(&answer);
	return code;
}

/* The status of a row of nodes; "" when there is none. */
static const char *
node_status(const json_t *node)
{
	const char *status = json_string_value(json_object_get(node, "status"));

	return status != NULL ? status : "";
}

bool
rabbitmq__node_down(const struct rabbitmq_read *read, const char *name)
{
	const json_t *node;
	const char *its;
	size_t i;

	json_array_foreach(read->nodes, i, node)
	{
		its = json_string_value(json_object_get(node, "name"));
		if (name != NULL && its != NULL && strcmp(its, name) == 0)
			return strcmp(node_status(node), "down") == 0;
	}
	return false;
}

static const char *
upstream_status(const struct rabbitmq_read *read)
{
	const char *status = "ok";
	const json_t *node;
	size_t i;

	if (json_array_size(read->nodes) == 0)
		return "unknown";
	json_array_foreach(read->nodes, i, node)
	{
		if (strcmp(node_status(node), "unknown") == 0 &&
		    strcmp(status, "ok") == 0)
			status = "unknown";
		else if (strcmp(node_status(node), "ok") != 0)
			status = "degraded";
	}
	return status;
}

static const char *
part_state(const struct rabbitmq_part *part)
{
	switch (part->error.code) {
	case SST_OK:
		return "ok";
	case SST_FORBIDDEN:
		return "forbidden";
	case SST_NOT_FOUND:
		return "unsupported";
	default:
		return "failing";
	}
}

/* NULL when memory ran out. */
static json_t *
upstream_parts(const struct rabbitmq *r)
{
	json_t *parts = json_array();
	int i;

	for (i = 0; i < RABBITMQ_PARTS && parts != NULL; i++) {
		const struct rabbitmq_part *part = &r->parts[i];

		/* not needed here, or not by this configuration */
		if (!part->tried)
			continue;
		if (json_array_append_new(parts,
			json_pack("{s:s, s:s, s:s*}", "name",
			    parts_about[i].name, "state", part_state(part),
			    "reason",
			    part->error.code == SST_OK ? NULL
						       : part->error.text)) ==
		    0)
			continue;
		json_decref(parts);
		parts = NULL;
	}
	return parts;
}

int
rabbitmq__tell_upstream(struct rabbitmq_read *read, struct sst_error *err)
{
	const char *version = read->overview.version;
	json_t *parts = upstream_parts(read->r);

	if (parts == NULL)
		return sst_error_nomem(err);
	return sst_draft_upstream(read->out,
	    json_pack("{s:s, s:s?, s:o, s:O*}", "status", upstream_status(read),
		"version", version[0] != '\0' ? version : NULL, "parts", parts,
		"nodes", read->nodes),
	    err);
}
