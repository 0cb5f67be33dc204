#include "repository/queues/nats_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "httpc/json_body.h"

/* Digits of INT64_MAX. */
enum { JSON_DIGITS = 19 };
static const char json_max[] = "9223372036854775807";

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Past the string that begins at p. */
static char *
json_skip_string(char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++) {
		if (*p == '\\' && p + 1 < end)
			p++;
	}
	return p < end ? p + 1 : p;
}

/* Past the number at p, which is made fit when it is too big an integer. */
static char *
json_fit_number(char *p, const char *end)
{
	char *first = p;
	bool whole = true;
	size_t n;

	while (p < end && is_digit(*p))
		p++;
	n = (size_t)(p - first);
	for (; p < end && *p != '\0' && strchr("0123456789.eE+-", *p) != NULL;
	     p++)
		whole = false;
	if (!whole || n < JSON_DIGITS ||
	    (n == JSON_DIGITS && memcmp(first, json_max, n) <= 0))
		return p;
	memcpy(first, json_max, JSON_DIGITS);
	memset(first + JSON_DIGITS, ' ', n - JSON_DIGITS);
	return p;
}

/* The server writes 2^64 - 1 for "no bound", which no parser of JSON that has
 * 64 bits with a sign takes. */
static void
json_fit(char *bytes, size_t len)
{
	const char *end = bytes + len;
	char *p = bytes;

	while (p < end) {
		if (*p == '"')
			p = json_skip_string(p, end);
		else if (is_digit(*p))
			p = json_fit_number(p, end);
		else
			p++;
	}
}

int
nats__json_object(
    const char *bytes, size_t len, json_t **out, struct sst_error *err)
{
	char *copy = malloc(len + 1);
	json_t *tree = NULL;
	int code;

	if (copy == NULL)
		return sst_error_nomem(err);
	memcpy(copy, bytes, len);
	copy[len] = '\0';
	json_fit(copy, len);
	code = sst_json_body_parse(copy, len, &tree, err);
	free(copy);
	if (code != SST_OK)
		return code;
	if (json_is_object(tree)) {
		*out = tree;
		return SST_OK;
	}
	json_decref(tree);
	return sst_error_set(err, SST_TYPE, "the answer is not an object");
}

static int
answer_code(int64_t status, int64_t number)
{
	/* JetStream is off, or off for this account */
	if (number == 10039 || number == 10076)
		return SST_UNSUPPORTED;
	switch (status) {
	case 401:
		return SST_UNAUTHORIZED;
	case 403:
		return SST_FORBIDDEN;
	case 404:
		return SST_NOT_FOUND;
	case 408:
		return SST_TIMEOUT;
	default:
		return status >= 500 ? SST_UPSTREAM : SST_PROTOCOL;
	}
}

int
nats__json_answer(
    const char *bytes, size_t len, json_t **out, struct sst_error *err)
{
	int64_t status = -1, number = -1;
	const char *text;
	const json_t *error;
	json_t *tree = NULL;
	int code = nats__json_object(bytes, len, &tree, err);

	if (code != SST_OK)
		return code;
	error = json_object_get(tree, "error");
	if (!json_is_object(error)) {
		*out = tree;
		return SST_OK;
	}
	nats__json_int(error, "code", &status);
	nats__json_int(error, "err_code", &number);
	text = json_string_value(json_object_get(error, "description"));
	code = sst_error_set(err, answer_code(status, number),
	    "the server says: %s",
	    text != NULL ? text : "an error without a description");
	err->detail = (int)number;
	json_decref(tree);
	return code;
}

bool
nats__json_int(const json_t *object, const char *name, int64_t *out)
{
	const json_t *value = json_object_get(object, name);

	*out = -1;
	if (value == NULL || json_is_null(value))
		return true;
	if (!json_is_integer(value))
		return false;
	*out = json_integer_value(value);
	return true;
}

void
nats__json_copy(const json_t *object, const char *name, char *out, size_t size)
{
	const char *text = json_string_value(json_object_get(object, name));

	snprintf(out, size, "%s", text != NULL ? text : "");
}

int64_t
nats__time(const char *text)
{
	int64_t ms;

	if (text == NULL || sst_time_parse(text, strlen(text), &ms) != SST_OK)
		return -1;
	/* year 1: never */
	return ms > 0 ? ms : -1;
}

static bool
json_fail(struct nats_fault *fault, const char *member, const char *reason)
{
	fault->member = member;
	fault->reason = reason;
	return false;
}

/* A text that must be there, into the arena. */
static bool
json_name(const json_t *object, const char *member, struct nats_arena *arena,
    const char **out, struct nats_fault *fault)
{
	const char *text =
	    json_string_value(json_object_get(object, member + 1));

	if (text == NULL || text[0] == '\0')
		return json_fail(fault, member, "not a name");
	*out = nats__arena_text(arena, text);
	return *out != NULL || json_fail(fault, member, NULL);
}

/* An array of texts; a single one beside it. */
static bool
json_filters(const json_t *many, const char *one, struct nats_arena *arena,
    struct nats_filters *out)
{
	size_t i, n = json_array_size(many);
	const char **items;

	*out = (struct nats_filters){NULL, 0};
	if (n == 0 && (one == NULL || one[0] == '\0'))
		return true;
	items = nats__arena_take(arena, (n + 1) * sizeof(*items));
	if (items == NULL)
		return false;
	for (i = 0; i < n; i++) {
		const char *text = json_string_value(json_array_get(many, i));

		if (text == NULL)
			continue;
		items[out->count] = nats__arena_text(arena, text);
		if (items[out->count++] == NULL)
			return false;
	}
	if (n == 0) {
		items[0] = nats__arena_text(arena, one);
		out->count = 1;
	}
	out->items = items;
	return out->count == 0 || items[out->count - 1] != NULL;
}

/* Members that must be integers of at least 0 when they are there. */
struct json_row {
	const char *pointer;
	int64_t *out;
};

static bool
json_counts(const json_t *object, const struct json_row *rows, size_t n,
    struct nats_fault *fault)
{
	size_t i;

	for (i = 0; i < n; i++) {
		const char *name = strrchr(rows[i].pointer, '/') + 1;

		if (!nats__json_int(object, name, rows[i].out) ||
		    *rows[i].out < -1)
			return json_fail(fault, rows[i].pointer,
			    "not an integer of at least 0");
		/* one below 0 that the server took for huge */
		if (*rows[i].out == INT64_MAX)
			*rows[i].out = -1;
	}
	return true;
}

static enum nats_retention
json_retention(const json_t *config)
{
	const char *text =
	    json_string_value(json_object_get(config, "retention"));

	if (text == NULL)
		return NATS_RETENTION_UNKNOWN;
	if (strcmp(text, "workqueue") == 0)
		return NATS_WORKQUEUE;
	if (strcmp(text, "interest") == 0)
		return NATS_INTEREST;
	return strcmp(text, "limits") == 0 ? NATS_LIMITS
					   : NATS_RETENTION_UNKNOWN;
}

static bool
stream_state(
    const json_t *json, struct nats_stream *out, struct nats_fault *fault)
{
	const json_t *state = json_object_get(json, "state");
	const struct json_row rows[] = {
	    {"/state/messages", &out->messages},
	    {"/state/bytes", &out->bytes},
	    {"/state/first_seq", &out->first},
	    {"/state/last_seq", &out->last},
	    {"/state/num_deleted", &out->deleted},
	    {"/state/num_subjects", &out->subject_count},
	    {"/state/consumer_count", &out->consumers_told},
	};

	if (!json_is_object(state))
		return json_fail(fault, "/state", "not an object");
	if (!json_counts(
		state, rows, sizeof(rows) / sizeof(rows[0]), fault))
		return false;
	/* it leaves out what is 0 */
	if (out->deleted < 0)
		out->deleted = 0;
	out->first_ms = nats__time(
	    json_string_value(json_object_get(state, "first_ts")));
	return true;
}

bool
nats__json_stream(const json_t *json, struct nats_arena *arena,
    struct nats_stream *out, struct nats_fault *fault)
{
	const json_t *config = json_object_get(json, "config");
	const char *created =
	    json_string_value(json_object_get(json, "created"));
	const json_t *named = json_object_get(json, "name") ? json : config;

	memset(out, 0, sizeof(*out));
	out->seen_ms = -1;
	if (!json_is_object(json))
		return json_fail(fault, "", "not an object");
	if (!json_name(named, "/name", arena, &out->name, fault) ||
	    !stream_state(json, out, fault))
		return false;
	out->created = nats__arena_text(arena, created != NULL ? created : "");
	out->retention = json_retention(config);
	out->direct = json_is_true(json_object_get(config, "allow_direct"));
	out->live = true;
	if (out->created == NULL ||
	    !json_filters(json_object_get(config, "subjects"), NULL, arena,
		&out->subjects))
		return json_fail(fault, "", NULL);
	return true;
}

static bool
consumer_config(const json_t *json, struct nats_arena *arena,
    struct nats_consumer *out, struct nats_fault *fault)
{
	const json_t *config = json_object_get(json, "config");
	const char *ack =
	    json_string_value(json_object_get(config, "ack_policy"));

	out->durable = config == NULL ||
		       json_object_get(config, "durable_name") != NULL;
	out->push = json_object_get(config, "deliver_subject") != NULL;
	out->bound = json_is_true(json_object_get(json, "push_bound"));
	out->paused = json_is_true(json_object_get(json, "paused"));
	out->acks = ack == NULL || strcmp(ack, "none") != 0;
	if (!nats__json_int(config, "max_deliver", &out->max_deliver))
		return json_fail(
		    fault, "/config/max_deliver", "not an integer");
	if (!json_filters(json_object_get(config, "filter_subjects"),
		json_string_value(json_object_get(config, "filter_subject")),
		arena, &out->filters))
		return json_fail(fault, "", NULL);
	return true;
}

bool
nats__json_consumer(const json_t *json, struct nats_arena *arena,
    struct nats_consumer *out, struct nats_fault *fault)
{
	const json_t *delivered = json_object_get(json, "delivered");
	const json_t *floor = json_object_get(json, "ack_floor");
	const struct json_row rows[] = {
	    {"/num_pending", &out->pending},
	    {"/num_ack_pending", &out->in_flight},
	    {"/num_redelivered", &out->redelivered},
	    {"/num_waiting", &out->waiting},
	};
	const struct json_row given[] = {
	    {"/delivered/stream_seq", &out->delivered},
	    {"/delivered/consumer_seq", &out->deliveries},
	};
	const struct json_row done[] = {
	    {"/ack_floor/stream_seq", &out->floor}};

	memset(out, 0, sizeof(*out));
	if (!json_is_object(json))
		return json_fail(fault, "", "not an object");
	if (!json_name(json, "/name", arena, &out->name, fault) ||
	    !json_counts(json, rows, sizeof(rows) / sizeof(rows[0]), fault) ||
	    !json_counts(
		delivered, given, sizeof(given) / sizeof(given[0]), fault) ||
	    !json_counts(floor, done, 1, fault) ||
	    !consumer_config(json, arena, out, fault))
		return false;
	out->last_ack_ms = nats__time(
	    json_string_value(json_object_get(floor, "last_active")));
	out->live = true;
	return true;
}
