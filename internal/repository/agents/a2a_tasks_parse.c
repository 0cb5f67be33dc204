/* Pages of tasks, and the states they are in. */
#include "repository/agents/a2a_parse.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "httpc/json_body.h"

static const struct {
	const char *name; /* as 0.3 spells it */
	const char *wire; /* as 1.0 does */
	bool ended;
} states[A2A_STATE_COUNT] = {
    [A2A_UNKNOWN] = {"unknown", "TASK_STATE_UNSPECIFIED", false},
    [A2A_SUBMITTED] = {"submitted", "TASK_STATE_SUBMITTED", false},
    [A2A_WORKING] = {"working", "TASK_STATE_WORKING", false},
    [A2A_COMPLETED] = {"completed", "TASK_STATE_COMPLETED", true},
    [A2A_FAILED] = {"failed", "TASK_STATE_FAILED", true},
    [A2A_CANCELED] = {"canceled", "TASK_STATE_CANCELED", true},
    [A2A_INPUT_REQUIRED] = {"input-required", "TASK_STATE_INPUT_REQUIRED",
	false},
    [A2A_REJECTED] = {"rejected", "TASK_STATE_REJECTED", true},
    [A2A_AUTH_REQUIRED] = {"auth-required", "TASK_STATE_AUTH_REQUIRED", false},
};

const char *
a2a__state_name(enum a2a_state state)
{
	return states[state].name;
}

const char *
a2a__state_wire(enum a2a_state state)
{
	return states[state].wire;
}

bool
a2a__state_ended(enum a2a_state state)
{
	return states[state].ended;
}

static bool
state_read(const json_t *value, enum a2a_state *out)
{
	const char *text = json_string_value(value);
	int i;

	if (text == NULL)
		return false;
	/* 0.3 over HTTP */
	if (strcmp(text, "TASK_STATE_CANCELLED") == 0) {
		*out = A2A_CANCELED;
		return true;
	}
	for (i = 0; i < A2A_STATE_COUNT; i++) {
		if (strcmp(text, states[i].name) == 0 ||
		    strcmp(text, states[i].wire) == 0) {
			*out = (enum a2a_state)i;
			return true;
		}
	}
	return false;
}

/* An id is shown and compared, so it must be what it looks like. */
static bool
id_usable(const json_t *id)
{
	const char *text = json_string_value(id);
	size_t len = json_string_length(id), i, n, chars = 0;
	uint32_t cp;

	for (i = 0; i < len; i += n, chars++) {
		n = sst_text_decode(text + i, len - i, &cp);
		if (n == 0 || sst_text_is_control(cp))
			return false;
	}
	return chars > 0 && chars <= A2A_NAME_MAX;
}

static void
task_reject(const struct a2a_tasks_sink *sink, size_t index, const char *member,
    const char *reason)
{
	char pointer[A2A_POINTER];

	if (sink->reject.told == NULL)
		return;
	snprintf(pointer, sizeof(pointer), "/tasks/%zu%s", index, member);
	sink->reject.told(sink->reject.ctx, pointer, reason);
}

static int
task_read(const json_t *task, size_t index, const struct a2a_tasks_sink *sink,
    struct sst_error *err)
{
	const json_t *id = json_object_get(task, "id");
	const json_t *status = json_object_get(task, "status");
	enum a2a_state state;

	if (!json_is_object(task))
		task_reject(sink, index, "", "not an object");
	else if (!json_is_string(id) || !id_usable(id))
		task_reject(sink, index, "/id",
		    "not an id of 1 to 512 "
		    "visible characters");
	else if (!state_read(json_object_get(status, "state"), &state))
		task_reject(sink, index, "/status/state",
		    "not a state of this protocol");
	else
		return sink->task(sink->ctx, json_string_value(id), state, err);
	return SST_OK;
}

/* Handed back as it came, but encoded: any text will do. */
static int
cursor_read(const json_t *tree, struct sst_buf *cursor, struct sst_error *err)
{
	const json_t *token = json_object_get(tree, "nextPageToken");

	sst_buf_clear(cursor);
	if (token == NULL || json_is_null(token))
		return SST_OK;
	if (!json_is_string(token))
		return sst_error_set(
		    err, SST_TYPE, "/nextPageToken: not a string");
	if (json_string_length(token) > A2A_CURSOR_MAX)
		return sst_error_set(err, SST_TOO_LARGE,
		    "/nextPageToken: longer than %d bytes", A2A_CURSOR_MAX);
	sst_buf_add(
	    cursor, json_string_value(token), json_string_length(token));
	return sst_buf_failed(cursor) ? sst_error_nomem(err) : SST_OK;
}

static int
tasks_read(const json_t *tree, const struct a2a_tasks_sink *sink,
    struct sst_buf *cursor, struct sst_error *err)
{
	const json_t *tasks = tree, *task;
	size_t i;
	int code = cursor_read(tree, cursor, err);

	if (code != SST_OK)
		return code;
	if (json_is_object(tree)) {
		tasks = json_object_get(tree, "tasks");
		/* an empty list may be left out by what writes ProtoJSON; an
		 * object that has neither is no page */
		if (tasks == NULL && json_object_get(tree, "nextPageToken"))
			return SST_OK;
	}
	if (!json_is_array(tasks))
		return sst_error_set(
		    err, SST_TYPE, "the answer is not a list of tasks");
	json_array_foreach(tasks, i, task)
	{
		code = task_read(task, i, sink, err);
		if (code != SST_OK)
			return code;
	}
	return SST_OK;
}

int
a2a__parse_tasks(const char *bytes, size_t len,
    const struct a2a_tasks_sink *sink, struct sst_buf *cursor,
    struct sst_error *err)
{
	json_t *tree = NULL;
	int code = sst_json_body_parse(bytes, len, &tree, err);

	if (code != SST_OK)
		return code;
	code = tasks_read(tree, sink, cursor, err);
	json_decref(tree);
	return code;
}

static bool
reason_unsupported(const json_t *reason)
{
	const char *text = json_string_value(reason);

	return text != NULL && (strcmp(text, "UNSUPPORTED_OPERATION") == 0 ||
				   strcmp(text, "VERSION_NOT_SUPPORTED") == 0 ||
				   strcmp(text, "UNIMPLEMENTED") == 0);
}

bool
a2a__parse_unsupported(const char *bytes, size_t len)
{
	const json_t *error, *detail;
	struct sst_error err;
	json_t *tree = NULL;
	bool found;
	size_t i;

	if (sst_json_body_parse(bytes, len, &tree, &err) != SST_OK)
		return false;
	error = json_object_get(tree, "error");
	found = reason_unsupported(json_object_get(error, "status"));
	json_array_foreach(json_object_get(error, "details"), i, detail)
	{
		if (reason_unsupported(json_object_get(detail, "reason")))
			found = true;
	}
	json_decref(tree);
	return found;
}
