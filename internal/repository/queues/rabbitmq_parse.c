#include "repository/queues/rabbitmq_parse.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "httpc/json_body.h"

/* Why a row is left out. */
struct row_fault {
	const char *member; /* pointer below the row */
	const char *reason;
};

/* Brokers before 3.9 send "" for a number they do not know. */
static bool
row_absent(const json_t *value)
{
	return value == NULL || json_is_null(value) ||
	       (json_is_string(value) && json_string_length(value) == 0);
}

static bool
row_int(const json_t *value, int64_t *out)
{
	*out = -1;
	if (row_absent(value))
		return true;
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return false;
	*out = json_integer_value(value);
	return true;
}

static bool
row_text(const json_t *value, const char **out)
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
		if (!row_int(json_object_get(item, rows[i].pointer + 1),
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
	if (!row_text(json_object_get(item, "name"), &row->name) ||
	    row->name == NULL)
		return row_fail(fault, "/name", "not a string");
	if (!row_text(json_object_get(item, "vhost"), &row->vhost) ||
	    row->vhost == NULL)
		return row_fail(fault, "/vhost", "not a string");
	return true;
}

static bool
row_read(const json_t *item, struct rabbitmq_row *row, struct row_fault *fault)
{
	if (!row_identity(item, row, fault))
		return false;
	if (!row_text(json_object_get(item, "type"), &row->type))
		return row_fail(fault, "/type", "not a string");
	if (!row_text(json_object_get(item, "state"), &row->state))
		return row_fail(fault, "/state", "not a string");
	if (!row_flag(json_object_get(item, "exclusive"), &row->exclusive))
		return row_fail(fault, "/exclusive", "not a boolean");
	return row_numbers(item, row, fault) && row_rates(item, row, fault);
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
	struct rabbitmq_row row;
	struct row_fault fault;
	size_t i;
	int code;

	page->rows = json_array_size(items);
	page->rejected = 0;
	for (i = 0; i < page->rows; i++) {
		memset(&row, 0, sizeof(row));
		if (!row_read(json_array_get(items, i), &row, &fault)) {
			page->rejected++;
			rows_reject(sink, list, i, &fault);
			continue;
		}
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
	if (!row_int(count, &page->page_count) || page->page_count < 0)
		return sst_error_set(
		    err, SST_TYPE, "/page_count: not an integer of at least 0");
	if (!row_int(total, &page->total) || page->total < 0)
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

/* Parses and insists on a type; the caller gives *out back. */
static int
parse_typed(const char *bytes, size_t len, json_type type, json_t **out,
    struct sst_error *err)
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
	struct rabbitmq_row row = {.ready = -1,
	    .unacked = -1,
	    .total = -1,
	    .consumers = -1,
	    .head_at = -1,
	    .published = -1,
	    .delivered = -1,
	    .acked = -1};
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

	code = parse_typed(bytes, len, JSON_ARRAY, &tree, err);
	if (code != SST_OK)
		return code;
	for (i = 0; code == SST_OK && i < json_array_size(tree); i++)
		code = consumer_read(json_array_get(tree, i), i, sink, err);
	json_decref(tree);
	return code;
}

int
rabbitmq__parse_overview(
    const char *bytes, size_t len, int64_t *queues_out, struct sst_error *err)
{
	json_t *tree = NULL;
	const json_t *totals;
	int64_t queues;
	int code;

	code = parse_typed(bytes, len, JSON_OBJECT, &tree, err);
	if (code != SST_OK)
		return code;
	totals = json_object_get(tree, "object_totals");
	if (!row_int(json_object_get(totals, "queues"), &queues))
		queues = -1;
	json_decref(tree);
	*queues_out = queues;
	return SST_OK;
}

int
rabbitmq__parse_count(
    const char *bytes, size_t len, size_t *count_out, struct sst_error *err)
{
	json_t *tree = NULL;
	int code = parse_typed(bytes, len, JSON_ARRAY, &tree, err);

	if (code != SST_OK)
		return code;
	*count_out = json_array_size(tree);
	json_decref(tree);
	return SST_OK;
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
	int code = parse_typed(bytes, len, JSON_OBJECT, &tree, err);

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

	if (parse_typed(bytes, len, JSON_OBJECT, &tree, &err) != SST_OK)
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

void
rabbitmq__name(const char *vhost, const char *name, struct sst_buf *out)
{
	const char *p;

	if (strcmp(vhost, "/") == 0 && strchr(name, '/') == NULL) {
		sst_buf_adds(out, name);
		return;
	}
	for (p = vhost; *p != '\0'; p++) {
		if (*p == '/' || *p == '%' || (unsigned char)*p < 0x20 ||
		    *p == 0x7f)
			sst_buf_addf(out, "%%%02X", (unsigned)*p & 0xffU);
		else
			sst_buf_addc(out, *p);
	}
	sst_buf_addc(out, '/');
	sst_buf_adds(out, name);
}

static json_t *
entity_int(int64_t value)
{
	return value < 0 ? json_null() : json_integer(value);
}

static json_t *
entity_rate(double value)
{
	/* no broker does 1e9 messages a second: not a rate */
	if (value < 0 || value > 1e9)
		return json_null();
	return json_real(round(value * 10) / 10);
}

/* Producers set the timestamp, some in milliseconds: past the year 9999 it is
 * not a time in seconds, and so not known. */
static json_t *
entity_time(int64_t seconds)
{
	static const int64_t year_10000 = 253402300800;
	char text[SST_TIME_TEXT];

	if (seconds <= 0 || seconds >= year_10000)
		return json_null();
	sst_time_format_utc(seconds * 1000, false, text);
	return json_string(text);
}

static json_t *
entity_depth(const struct rabbitmq_row *row)
{
	return json_pack("{s:o, s:o, s:n, s:n, s:n, s:o}", "ready",
	    entity_int(row->ready), "running", entity_int(row->unacked),
	    "delayed", "blocked", "failed", "total", entity_int(row->total));
}

static json_t *
entity_rates(const struct rabbitmq_row *row)
{
	if (row->published < 0 && row->delivered < 0 && row->acked < 0)
		return json_null();
	return json_pack("{s:o, s:o, s:o}", "published_per_second",
	    entity_rate(row->published), "delivered_per_second",
	    entity_rate(row->delivered), "acked_per_second",
	    entity_rate(row->acked));
}

json_t *
rabbitmq__entity(
    const struct rabbitmq_row *row, const char *name, const char *system)
{
	/* an empty queue has no head, whatever an older answer said */
	int64_t head_at = row->ready == 0 ? -1 : row->head_at;

	return json_pack("{s:s, s:s, s:[], s:o, s:o, s:o, s:s?, s:o, s:s,"
			 " s:o, s:o}",
	    "name", name, "system", system, "tasks", "depth", entity_depth(row),
	    "consumers", entity_int(row->consumers), "rates", entity_rates(row),
	    "state", row->state, "oldest_submitted_at", entity_time(head_at),
	    "tasks_detail", "counts_only", "tasks_total",
	    entity_int(row->total), "tasks_omitted", entity_int(row->total));
}
