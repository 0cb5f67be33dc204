#include "repository/queues/rabbitmq_parse.h"

#include <stdio.h>
#include <string.h>

#include "httpc/json_body.h"

/* Why a row is left out. */
struct row_fault {
	const char *member; /* pointer below the row */
	const char *reason;
};

/* Ways of the broker to say that it does not know a number: "" before 3.9, and
 * the null of AMQP becomes a word. */
static bool
row_absent(const json_t *value)
{
	const char *text = json_string_value(value);

	return value == NULL || json_is_null(value) ||
	       (text != NULL &&
		   (text[0] == '\0' || strcmp(text, "undefined") == 0));
}

bool
rabbitmq__json_count(const json_t *value, int64_t *out)
{
	*out = -1;
	if (row_absent(value))
		return true;
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return false;
	*out = json_integer_value(value);
	return true;
}

bool
rabbitmq__json_text(const json_t *value, const char **out)
{
	*out = NULL;
	if (value == NULL || json_is_null(value))
		return true;
	if (!json_is_string(value))
		return false;
	*out = json_string_value(value);
	return true;
}

/* quorum queues have null here: never exclusive */
static bool
row_flag(const json_t *value, bool *out)
{
	*out = json_is_true(value);
	return value == NULL || json_is_null(value) || json_is_boolean(value);
}

/* {"publish_details":{"rate":1.2}}; a rate below 0 (a restarted node) says
 * nothing. */
static bool
row_rate(const json_t *stats, const char *member, double *out)
{
	const json_t *details = json_object_get(stats, member);
	const json_t *rate;

	*out = -1;
	if (details == NULL || json_is_null(details))
		return true;
	if (!json_is_object(details))
		return false;
	rate = json_object_get(details, "rate");
	if (row_absent(rate))
		return true;
	if (!json_is_number(rate))
		return false;
	if (json_number_value(rate) >= 0)
		*out = json_number_value(rate);
	return true;
}

static bool
row_fail(struct row_fault *fault, const char *member, const char *reason)
{
	fault->member = member;
	fault->reason = reason;
	return false;
}

static bool
row_rates(const json_t *item, struct rabbitmq_row *row, struct row_fault *fault)
{
	const json_t *stats = json_object_get(item, "message_stats");

	row->published = row->delivered = row->acked = -1;
	/* [] is how the broker spells an empty object */
	if (stats == NULL || json_is_null(stats) ||
	    (json_is_array(stats) && json_array_size(stats) == 0))
		return true;
	if (!json_is_object(stats))
		return row_fail(fault, "/message_stats", "not an object");
	if (!row_rate(stats, "publish_details", &row->published))
		return row_fail(
		    fault, "/message_stats/publish_details", "not a rate");
	if (!row_rate(stats, "deliver_get_details", &row->delivered))
		return row_fail(
		    fault, "/message_stats/deliver_get_details", "not a rate");
	if (!row_rate(stats, "ack_details", &row->acked))
		return row_fail(
		    fault, "/message_stats/ack_details", "not a rate");
	return true;
}

static bool
row_numbers(
    const json_t *item, struct rabbitmq_row *row, struct row_fault *fault)
{
	const struct {
		const char *pointer;
		int64_t *out;
	} rows[] = {
	    {"/messages", &row->total},
	    {"/messages_ready", &row->ready},
	    {"/messages_unacknowledged", &row->unacked},
	    {"/consumers", &row->consumers},
	    {"/head_message_timestamp", &row->head_at},
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!rabbitmq__json_count(
			json_object_get(item, rows[i].pointer + 1),
			rows[i].out))
			return row_fail(fault, rows[i].pointer,
			    "not an integer of at least 0");
	}
	if (row->total < 0 && row->ready >= 0 && row->unacked >= 0)
		row->total = row->ready + row->unacked;
	return true;
}

static bool
row_identity(
    const json_t *item, struct rabbitmq_row *row, struct row_fault *fault)
{
	if (!json_is_object(item))
		return row_fail(fault, "", "not an object");
	if (!rabbitmq__json_text(json_object_get(item, "name"), &row->name) ||
	    row->name == NULL)
		return row_fail(fault, "/name", "not a string");
	if (!rabbitmq__json_text(json_object_get(item, "vhost"), &row->vhost) ||
	    row->vhost == NULL)
		return row_fail(fault, "/vhost", "not a string");
	return true;
}

/* Nodes of a quorum queue; NULL and null: it has none. */
static bool
row_nodes(const json_t *value, int64_t *out)
{
	*out = -1;
	if (value == NULL || json_is_null(value))
		return true;
	*out = (int64_t)json_array_size(value);
	return json_is_array(value);
}

static bool
row_members(
    const json_t *item, struct rabbitmq_row *row, struct row_fault *fault)
{
	if (!row_nodes(json_object_get(item, "members"), &row->members))
		return row_fail(fault, "/members", "not an array");
	if (!row_nodes(json_object_get(item, "online"), &row->online))
		return row_fail(fault, "/online", "not an array");
	return true;
}

static bool
row_arguments(
    const json_t *item, struct rabbitmq_row *row, struct row_fault *fault)
{
	const json_t *a = json_object_get(item, "arguments");

	if (a == NULL || json_is_null(a) ||
	    (json_is_array(a) && json_array_size(a) == 0))
		return true;
	if (!json_is_object(a))
		return row_fail(fault, "/arguments", "not an object");
	row->ttl = json_is_integer(json_object_get(a, "x-message-ttl"));
	if (!rabbitmq__json_text(json_object_get(a, "x-dead-letter-exchange"),
		&row->dead_exchange))
		return row_fail(
		    fault, "/arguments/x-dead-letter-exchange", "not a string");
	if (!rabbitmq__json_text(
		json_object_get(a, "x-dead-letter-routing-key"),
		&row->dead_key))
		return row_fail(fault, "/arguments/x-dead-letter-routing-key",
		    "not a string");
	if (!rabbitmq__json_count(
		json_object_get(a, "x-max-priority"), &row->max_priority) ||
	    row->max_priority >= RABBITMQ_LEVELS)
		return row_fail(fault, "/arguments/x-max-priority",
		    "not an integer of 0 to 255");
	return true;
}

/* The number that a name of a priority is; -1: it is none. */
static int
level_of(const char *name)
{
	int level = 0;
	size_t i;

	for (i = 0; i < 3 && name[i] >= '0' && name[i] <= '9'; i++)
		level = level * 10 + (name[i] - '0');
	return i > 0 && name[i] == '\0' && level < RABBITMQ_LEVELS ? level : -1;
}

/* {"0":158,"1":0,...}, undocumented: what is not so is not there. */
static void
row_levels(const json_t *item, int64_t *levels, struct rabbitmq_row *row)
{
	json_t *lengths = json_object_get(
	    json_object_get(item, "backing_queue_status"), "priority_lengths");
	const char *name;
	json_t *value;
	int64_t length;
	int level;

	for (level = 0; level < RABBITMQ_LEVELS; level++)
		levels[level] = -1;
	json_object_foreach(lengths, name, value)
	{
		level = level_of(name);
		if (level < 0 || !rabbitmq__json_count(value, &length) ||
		    length < 0)
			continue;
		levels[level] = length;
		if (row->level_count <= (size_t)level)
			row->level_count = (size_t)level + 1;
	}
	row->levels = levels;
}

static bool
row_texts(const json_t *item, struct rabbitmq_row *row, struct row_fault *fault)
{
	const struct {
		const char *pointer;
		const char **out;
	} rows[] = {
	    {"/type", &row->type},
	    {"/state", &row->state},
	    {"/node", &row->node},
	    {"/policy", &row->policy},
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!rabbitmq__json_text(
			json_object_get(item, rows[i].pointer + 1),
			rows[i].out))
			return row_fail(fault, rows[i].pointer, "not a string");
	}
	return true;
}

static bool
row_read(const json_t *item, struct rabbitmq_row *row, struct row_fault *fault)
{
	if (!row_identity(item, row, fault) || !row_texts(item, row, fault))
		return false;
	if (!row_flag(json_object_get(item, "exclusive"), &row->exclusive))
		return row_fail(fault, "/exclusive", "not a boolean");
	return row_numbers(item, row, fault) && row_rates(item, row, fault) &&
	       row_members(item, row, fault) && row_arguments(item, row, fault);
}

static void
rows_reject(const struct rabbitmq_sink *sink, const char *list, size_t index,
    const struct row_fault *fault)
{
	char pointer[96];

	if (sink->reject == NULL)
		return;
	snprintf(
	    pointer, sizeof(pointer), "%s/%zu%s", list, index, fault->member);
	sink->reject(sink->ctx, pointer, fault->reason);
}

static int
rows_each(const json_t *items, const char *list,
    const struct rabbitmq_sink *sink, struct rabbitmq_page *page,
    struct sst_error *err)
{
	static const struct rabbitmq_row unknown = RABBITMQ_ROW_INIT;
	int64_t levels[RABBITMQ_LEVELS];
	struct rabbitmq_row row;
	struct row_fault fault;
	size_t i;
	int code;

	page->rows = json_array_size(items);
	page->rejected = 0;
	for (i = 0; i < page->rows; i++) {
		row = unknown;
		if (!row_read(json_array_get(items, i), &row, &fault)) {
			page->rejected++;
			rows_reject(sink, list, i, &fault);
			continue;
		}
		row_levels(json_array_get(items, i), levels, &row);
		code = sink->row(sink->ctx, &row, err);
		if (code != SST_OK)
			return code;
	}
	return SST_OK;
}

/* The envelope of a paged answer. */
static int
page_read(const json_t *tree, struct rabbitmq_page *page, struct sst_error *err)
{
	const json_t *count = json_object_get(tree, "page_count");
	const json_t *total = json_object_get(tree, "total_count");

	if (!json_is_array(json_object_get(tree, "items")))
		return sst_error_set(err, SST_TYPE,
		    "the answer is neither an array nor a page of one");
	page->paged = true;
	if (!rabbitmq__json_count(count, &page->page_count) ||
	    page->page_count < 0)
		return sst_error_set(
		    err, SST_TYPE, "/page_count: not an integer of at least 0");
	if (!rabbitmq__json_count(total, &page->total) || page->total < 0)
		return sst_error_set(err, SST_TYPE,
		    "/total_count: not an integer of at least 0");
	return SST_OK;
}

int
rabbitmq__parse_queues(const char *bytes, size_t len,
    const struct rabbitmq_sink *sink, struct rabbitmq_page *page_out,
    struct sst_error *err)
{
	struct rabbitmq_page page = {0};
	json_t *tree = NULL;
	int code;

	code = sst_json_body_parse(bytes, len, &tree, err);
	if (code != SST_OK)
		return code;
	if (json_is_array(tree)) {
		page.page_count = 1;
		page.total = (int64_t)json_array_size(tree);
		code = rows_each(tree, "", sink, &page, err);
	} else {
		code = page_read(tree, &page, err);
		if (code == SST_OK)
			code = rows_each(json_object_get(tree, "items"),
			    "/items", sink, &page, err);
	}
	json_decref(tree);
	if (code == SST_OK)
		*page_out = page;
	return code;
}

int
rabbitmq__json_parse(const char *bytes, size_t len, json_type type,
    json_t **out, struct sst_error *err)
{
	json_t *tree = NULL;
	int code = sst_json_body_parse(bytes, len, &tree, err);

	if (code != SST_OK)
		return code;
	if (json_typeof(tree) != type) {
		json_decref(tree);
		return sst_error_set(err, SST_TYPE, "the answer is not %s",
		    type == JSON_ARRAY ? "an array" : "an object");
	}
	*out = tree;
	return SST_OK;
}

static int
consumer_read(const json_t *item, size_t index,
    const struct rabbitmq_sink *sink, struct sst_error *err)
{
	struct rabbitmq_row row = RABBITMQ_ROW_INIT;
	struct row_fault fault;

	if (row_identity(json_object_get(item, "queue"), &row, &fault))
		return sink->row(sink->ctx, &row, err);
	fault.member = "/queue";
	fault.reason = "does not name a queue";
	rows_reject(sink, "", index, &fault);
	return SST_OK;
}

int
rabbitmq__parse_consumers(const char *bytes, size_t len,
    const struct rabbitmq_sink *sink, struct sst_error *err)
{
	json_t *tree = NULL;
	size_t i;
	int code;

	code = rabbitmq__json_parse(bytes, len, JSON_ARRAY, &tree, err);
	if (code != SST_OK)
		return code;
	for (i = 0; code == SST_OK && i < json_array_size(tree); i++)
		code = consumer_read(json_array_get(tree, i), i, sink, err);
	json_decref(tree);
	return code;
}
