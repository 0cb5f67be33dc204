#include "repository/queues/rq_parse.h"

#include <jansson.h>
#include <string.h>

#include "base/text.h"
#include "base/time.h"

enum rq_field {
	FIELD_CREATED,
	FIELD_STARTED,
	FIELD_DESCRIPTION,
	FIELD_WORKER,
	FIELD_RETRIES_LEFT,
	FIELD_RETRIES,
	FIELD_DEPENDENCIES,
	FIELD_DEPENDENCY,
	FIELD_ALLOWS,
	FIELD_TRACE
};

static const char *const field_names[] = {
    [FIELD_CREATED] = "created_at",
    [FIELD_STARTED] = "started_at",
    [FIELD_DESCRIPTION] = "description",
    [FIELD_WORKER] = "worker_name",
    [FIELD_RETRIES_LEFT] = "retries_left",
    [FIELD_RETRIES] = "number_of_retries",
    [FIELD_DEPENDENCIES] = "dependency_ids",
    [FIELD_DEPENDENCY] = "dependency_id",
    [FIELD_ALLOWS] = "allow_dependency_failures",
    [FIELD_TRACE] = "exc_info",
};

/* What is worth asking where; a large job has no texts. */
static const char *const fields_basic[] = {
    "created_at", "retries_left", "number_of_retries", "description", NULL};
static const char *const fields_basic_large[] = {
    "created_at", "retries_left", "number_of_retries", NULL};
static const char *const fields_wip[] = {"created_at", "retries_left",
    "number_of_retries", "started_at", "worker_name", "description", NULL};
static const char *const fields_wip_large[] = {"created_at", "retries_left",
    "number_of_retries", "started_at", "worker_name", NULL};
static const char *const fields_deferred[] = {"created_at", "retries_left",
    "number_of_retries", "dependency_ids", "dependency_id",
    "allow_dependency_failures", "description", NULL};
static const char *const fields_failed[] = {"created_at", "retries_left",
    "number_of_retries", "started_at", "worker_name", "exc_info", "description",
    NULL};

const char *const *
rq__fields(enum rq_part part, bool large)
{
	switch (part) {
	case RQ_WIP:
	case RQ_TAKEN:
	case RQ_SCHEDULED:
		return large ? fields_wip_large : fields_wip;
	case RQ_DEFERRED:
		return large ? fields_basic_large : fields_deferred;
	case RQ_FAILED:
		return large ? fields_wip_large : fields_failed;
	default:
		return large ? fields_basic_large : fields_basic;
	}
}

static int64_t
parse_count(struct queue_text text)
{
	int64_t value = 0;
	size_t i;

	if (text.len == 0 || text.len > 9)
		return QUEUE_UNKNOWN;
	for (i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return QUEUE_UNKNOWN;
		value = value * 10 + (text.data[i] - '0');
	}
	return value;
}

/* Also QUEUE_NEVER for "", which RQ writes for a time that has not come. */
static struct sst_wall
parse_time(struct queue_text text)
{
	struct sst_wall when = QUEUE_NEVER;

	(void)sst_time_parse(text.data, text.len, &when.ms);
	return when;
}

static void
job_put(struct rq_job *job, const char *name, struct queue_text value)
{
	if (strcmp(name, field_names[FIELD_CREATED]) == 0)
		job->created_at = parse_time(value);
	else if (strcmp(name, field_names[FIELD_STARTED]) == 0)
		job->started_at = parse_time(value);
	else if (strcmp(name, field_names[FIELD_DESCRIPTION]) == 0)
		job->description = value;
	else if (strcmp(name, field_names[FIELD_WORKER]) == 0)
		job->worker = value;
	else if (strcmp(name, field_names[FIELD_RETRIES_LEFT]) == 0)
		job->retries_left = parse_count(value);
	else if (strcmp(name, field_names[FIELD_RETRIES]) == 0)
		job->retries = parse_count(value);
	else if (strcmp(name, field_names[FIELD_DEPENDENCIES]) == 0)
		job->dependencies = value;
	else if (strcmp(name, field_names[FIELD_DEPENDENCY]) == 0)
		job->dependency = value;
	else if (strcmp(name, field_names[FIELD_ALLOWS]) == 0)
		job->allows_failures = value.len == 1 && value.data[0] == '1';
	else
		job->trace = value;
}

bool
rq__parse_job(enum rq_part part, bool large, struct sst_redis_walk *walk,
    struct rq_job *out)
{
	const char *const *name = rq__fields(part, large);
	struct sst_redis_item item;

	*out = (struct rq_job){.created_at = QUEUE_NEVER,
	    .started_at = QUEUE_NEVER,
	    .retries_left = QUEUE_UNKNOWN,
	    .retries = QUEUE_UNKNOWN};
	if (!sst_redis_next(walk, &item) || item.type != REDIS_REPLY_ARRAY)
		return false;
	for (; *name != NULL && sst_redis_next(walk, &item); name++) {
		if (item.type != REDIS_REPLY_STRING)
			continue;
		out->there = true;
		job_put(out, *name, (struct queue_text){item.data, item.len});
	}
	return *name == NULL;
}

enum queue_status
rq__status(enum rq_part part, const struct rq_job *job)
{
	switch (part) {
	case RQ_WIP:
		return QUEUE_RUNNING;
	case RQ_TAKEN:
		return QUEUE_RESERVED;
	case RQ_READY:
		return QUEUE_QUEUED;
	case RQ_DEFERRED:
		return QUEUE_BLOCKED;
	case RQ_SCHEDULED:
		/* it has run before: this is the wait for another attempt */
		return job->started_at.ms != QUEUE_NEVER.ms || job->retries > 0
			   ? QUEUE_RETRYING
			   : QUEUE_SCHEDULED;
	case RQ_FAILED:
		return job->retries_left > 0 ? QUEUE_FAILED : QUEUE_DEAD;
	default:
		return QUEUE_STATUS_UNKNOWN;
	}
}

void
rq__attempts(enum rq_part part, const struct rq_job *job, int64_t *attempts,
    int64_t *max)
{
	*attempts = *max = QUEUE_UNKNOWN;
	if (job->retries < 0)
		return;
	/* retries are counted when they are queued, not when they begin */
	*attempts = job->retries + (part == RQ_WIP || part == RQ_FAILED);
	if (job->retries_left >= 0)
		*max = job->retries + job->retries_left + 1;
}

/* Where the arguments of a call begin; 0: this is no call. */
static size_t
type_call(struct queue_text text)
{
	const char *paren = memchr(text.data, '(', text.len);
	size_t i, len = paren != NULL ? (size_t)(paren - text.data) : 0;

	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (c <= ' ' || c == 0x7f)
			return 0;
	}
	return len;
}

struct queue_text
rq__type(struct queue_text description, struct sst_buf *scratch)
{
	size_t call;

	if (description.len == 0)
		return QUEUE_TEXT_NONE;
	call = type_call(description);
	if (call > 0)
		description.len = call;
	if (description.len <= RQ_TYPE_CHARS)
		return description;
	/* bytes enough for the characters that are kept, at the most */
	if (description.len > RQ_TYPE_CHARS * 16)
		description.len = RQ_TYPE_CHARS * 16;
	sst_buf_clear(scratch);
	sst_text_clean(
	    description.data, description.len, RQ_TYPE_CHARS, scratch);
	if (scratch->len == 0)
		return QUEUE_TEXT_NONE;
	return (struct queue_text){scratch->data, scratch->len};
}

size_t
rq__wip_id_len(const char *member, size_t len)
{
	const char *colon;
	size_t i;

	if (len <= 33)
		return len;
	colon = member + len - 33;
	if (*colon != ':')
		return len;
	for (i = 1; i <= 32; i++) {
		char c = colon[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
			return len;
	}
	return len - 33;
}

bool
rq__each_dependency(const struct rq_job *job,
    bool (*call)(void *ctx, const char *id, size_t len), void *ctx)
{
	struct queue_text list = job->dependencies, one = job->dependency;
	json_t *ids;
	bool good = true;
	size_t i, n;

	if (list.len == 0)
		return one.len == 0 || call(ctx, one.data, one.len);
	if (list.len > RQ_DEPENDENCIES)
		return false;
	ids = json_loadb(list.data, list.len, JSON_ALLOW_NUL, NULL);
	if (!json_is_array(ids)) {
		json_decref(ids);
		return false;
	}
	n = json_array_size(ids);
	for (i = 0; good && i < n && i < RQ_BLOCKERS; i++) {
		const json_t *id = json_array_get(ids, i);

		if (json_is_string(id))
			good = call(
			    ctx, json_string_value(id), json_string_length(id));
	}
	json_decref(ids);
	return good;
}

struct rq_blocker_state
rq__blocker_state(const char *status, size_t len)
{
	static const struct {
		const char *name;
		struct rq_blocker_state state;
	} rows[] = {
	    {"queued", {.status = QUEUE_QUEUED}},
	    {"started", {.status = QUEUE_RUNNING}},
	    {"deferred", {.status = QUEUE_BLOCKED}},
	    {"scheduled", {.status = QUEUE_SCHEDULED}},
	    {"finished", {.finished = true}},
	    {"failed", {.status = QUEUE_FAILED, .failed = true}},
	    {"stopped", {.status = QUEUE_FAILED, .never = true}},
	    {"canceled", {.status = QUEUE_DEAD, .never = true}},
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (len == strlen(rows[i].name) &&
		    memcmp(status, rows[i].name, len) == 0)
			return rows[i].state;
	}
	return (struct rq_blocker_state){.status = QUEUE_STATUS_UNKNOWN};
}

int
rq__worker_index(
    struct queue_text queues, const char *queue, size_t len, int *count_out)
{
	const char *p = queues.data, *end = p + queues.len, *comma;
	int index = -1, count = 0;

	if (queues.len == 0)
		return -1;
	for (;; p = comma + 1) {
		comma = memchr(p, ',', (size_t)(end - p));
		if (comma == NULL)
			comma = end;
		if ((size_t)(comma - p) == len && index < 0 &&
		    memcmp(p, queue, len) == 0)
			index = count;
		count++;
		if (comma == end)
			break;
	}
	*count_out = count;
	return index;
}

enum queue_level
rq__level(int index, int count)
{
	if (index < 0 || count < 2)
		return QUEUE_NORMAL;
	if (index == 0)
		return QUEUE_HIGH;
	return index == count - 1 ? QUEUE_LOW : QUEUE_NORMAL;
}

/* [[ID, [name, value, ...]]] */
bool
rq__parse_result(struct sst_redis_walk *walk, struct queue_text *out)
{
	struct sst_redis_item item, value;
	long long i, n;

	if (!sst_redis_next(walk, &item) || item.type != REDIS_REPLY_ARRAY ||
	    item.integer < 1 || !sst_redis_next(walk, &item) ||
	    item.type != REDIS_REPLY_ARRAY || item.integer != 2 ||
	    !sst_redis_next(walk, &item) || !sst_redis_next(walk, &item) ||
	    item.type != REDIS_REPLY_ARRAY)
		return false;
	n = item.integer;
	for (i = 0; i + 1 < n; i += 2) {
		if (!sst_redis_next(walk, &item) ||
		    !sst_redis_next(walk, &value) ||
		    item.type != REDIS_REPLY_STRING ||
		    value.type != REDIS_REPLY_STRING)
			return false;
		if (item.len != 10 || memcmp(item.data, "exc_string", 10) != 0)
			continue;
		*out = (struct queue_text){value.data, value.len};
		return value.len > 0;
	}
	return false;
}
