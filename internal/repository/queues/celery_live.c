/*
 * Celery on Redis, as kombu keeps it: lists of waiting tasks by priority, a
 * hash of those that workers have taken, and the result backend, where there is
 * one, for which of these run. Only commands that read.
 *
 * A collection goes: which queues there are; the head of each list that is not
 * as it was; then, in one transaction, how many wait and who is taken; then the
 * messages of those that were not known. An idle broker costs two round trips.
 */
#include <stdlib.h>
#include <string.h>

#include "repository/queues/celery_priv.h"
#include "repository/queues/queues.h"

/* "0,3,6,9": the numbers into out; how many, -1 when it is something else. */
static int
celery_read_steps(const char *text, int64_t out[CELERY_STEPS_MAX])
{
	int count = 0;
	char *end;

	for (;;) {
		while (*text == ' ')
			text++;
		if (*text < '0' || *text > '9' || count == CELERY_STEPS_MAX)
			return -1;
		out[count] = strtol(text, &end, 10);
		if (end - text > 3 || out[count++] > 255)
			return -1;
		text = end + strspn(end, " ");
		if (*text == '\0')
			return count;
		if (*text++ != ',')
			return -1;
	}
}

static bool
celery_valid_steps(const char *text)
{
	int64_t steps[CELERY_STEPS_MAX];

	return celery_read_steps(text, steps) > 0;
}

static bool
celery_valid_name(const char *text)
{
	return text[0] != '\0';
}

#define AT(member) offsetof(struct celery_settings, member)
#define RESULT_ROW(row_name, row_type, row_help, member)         \
	{                                                        \
		.name = "results." row_name, .type = (row_type), \
		.help = (row_help), .offset = AT(results.member) \
	}

static const struct sst_option celery_options[] = {
    SST_REDIS_ROWS(struct celery_settings, redis),
    QUEUE_PICK_ROWS(struct celery_settings, pick, "celery"),
    QUEUE_WINDOW_ROW(struct celery_settings, max_tasks),
    {.name = "queues",
	.type = SST_OPTION_LIST,
	.max = 10000,
	.valid = celery_valid_name,
	.form = "names of queues",
	.help = "Queues to show even if no binding tells of them; the rest "
		"is found by the bindings.",
	.offset = AT(queues)},
    {.name = "key_prefix",
	.type = SST_OPTION_STRING,
	.max = 512,
	.help = "global_keyprefix of the application's "
		"broker_transport_options.",
	.offset = AT(prefix)},
    {.name = "priority_steps",
	.type = SST_OPTION_STRING,
	.fallback = "0,3,6,9",
	.valid = celery_valid_steps,
	.form = "numbers from 0 to 255 with commas between",
	.help = "priority_steps of the application's "
		"broker_transport_options.",
	.offset = AT(priority_steps)},
    {.name = "separator",
	.type = SST_OPTION_STRING,
	.min = 1,
	.max = 16,
	.help = "sep of the application's broker_transport_options; "
		"without: the bytes 06 and 16.",
	.offset = AT(separator)},
    {.name = "unacked_key",
	.type = SST_OPTION_STRING,
	.fallback = "unacked",
	.min = 1,
	.max = 512,
	.help = "Hash of the tasks that workers have.",
	.offset = AT(unacked_key)},
    {.name = "unacked_index_key",
	.type = SST_OPTION_STRING,
	.fallback = "unacked_index",
	.min = 1,
	.max = 512,
	.help = "Sorted set of the same by the time they were taken.",
	.offset = AT(unacked_index_key)},
    {.name = "visibility_timeout",
	.type = SST_OPTION_DURATION,
	.fallback = "1h",
	.min = 1,
	.max = 31536000,
	.unit = "s",
	.help = "visibility_timeout of the application: a task that was "
		"taken longer ago has lost its worker.",
	.offset = AT(visibility_ms)},
    {.name = "discover_every",
	.type = SST_OPTION_DURATION,
	.fallback = "60s",
	.min = 1,
	.max = 86400,
	.unit = "s",
	.help = "How often all keys are searched for new exchanges; new "
		"queues of a known one are seen at once.",
	.offset = AT(discover_ms)},
    {.name = "depends_on_header",
	.type = SST_OPTION_STRING,
	.min = 1,
	.max = 128,
	.help = "Header of the application with the ids of tasks that one "
		"depends on.",
	.offset = AT(depends_on)},
    {.name = "results.url",
	.type = SST_OPTION_STRING,
	.valid = sst_redis_valid_url,
	.form = "redis://HOST[:PORT][/DB], rediss://HOST[:PORT][/DB] or "
		"unix://PATH[?db=N], without credentials",
	.help = "Result backend in Redis, which tells of the tasks that run "
		"and why one failed; without: not read.",
	.offset = AT(results.url)},
    RESULT_ROW("username", SST_OPTION_STRING,
	"ACL user; without: the default user.", username),
    RESULT_ROW("password", SST_OPTION_SECRET, "Its password.", password),
    RESULT_ROW("ca_file", SST_OPTION_STRING,
	"PEM file to check the server's certificate with.", ca_file),
    RESULT_ROW("cert_file", SST_OPTION_STRING,
	"PEM file with a client certificate.", cert_file),
    RESULT_ROW("key", SST_OPTION_SECRET, "Its private key, PEM.", key),
    RESULT_ROW("tls_server_name", SST_OPTION_STRING,
	"Name in the server's certificate, when it is not that of the url.",
	tls_server_name),
    {.name = "results.sentinels",
	.type = SST_OPTION_LIST,
	.max = 64,
	.valid = sst_redis_valid_address,
	.form = "HOST[:PORT]",
	.help = "Sentinels to ask for the server.",
	.offset = AT(results.sentinels)},
    RESULT_ROW("master_name", SST_OPTION_STRING,
	"Name of the group the sentinels watch.", master_name),
    RESULT_ROW("sentinel_username", SST_OPTION_STRING,
	"ACL user of the sentinels.", sentinel_username),
    RESULT_ROW("sentinel_password", SST_OPTION_SECRET, "Its password.",
	sentinel_password),
    {.name = "results.key_prefix",
	.type = SST_OPTION_STRING,
	.fallback = "celery-task-meta-",
	.max = 512,
	.help = "What stands before the id of a task in the key of its "
		"result.",
	.offset = AT(results_prefix)},
};

static int
by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static int
celery_steps(struct celery *c, struct sst_error *err)
{
	int64_t steps[CELERY_STEPS_MAX];
	int i, count = celery_read_steps(c->set.priority_steps, steps);

	if (count < 1)
		return sst_error_set(err, SST_INVALID,
		    "priority_steps: expected numbers from 0 to 255");
	c->steps = calloc((size_t)count, sizeof(*c->steps));
	if (c->steps == NULL)
		return sst_error_nomem(err);
	qsort(steps, (size_t)count, sizeof(*steps), by_number);
	for (i = 0; i < count; i++) {
		if (i == 0 || steps[i - 1] != steps[i])
			c->steps[c->step_count++] = steps[i];
	}
	return SST_OK;
}

static int
celery_results_open(struct celery *c, struct sst_error *err)
{
	const struct sst_redis_settings *r = &c->set.results;
	int code;

	if (r->url == NULL) {
		if (r->username == NULL && !sst_secret_given(&r->password) &&
		    r->sentinels.count == 0 && r->master_name == NULL)
			return SST_OK;
		return sst_error_set(err, SST_INVALID,
		    "results.url: missing, but there are other options of "
		    "results");
	}
	code = sst_redis_new(r, c->clock, c->max_bytes, &c->results, err);
	return code == SST_INVALID ? sst_error_prefix(err, "results") : code;
}

static int
celery_init(void *state, const void *settings, const struct sst_source_env *env,
    struct sst_error *err)
{
	struct celery *c = state;
	int code = sst_options_copy(celery_options,
	    SST_OPTION_COUNT(celery_options), settings, &c->set, err);

	if (code != SST_OK)
		return code;
	c->copied = true;
	c->clock = env->clock;
	c->max_bytes = env->max_upstream_bytes;
	c->sep = c->set.separator != NULL ? c->set.separator : "\x06\x16";
	code = celery_steps(c, err);
	if (code == SST_OK)
		code = sst_redis_new(
		    &c->set.redis, c->clock, c->max_bytes, &c->redis, err);
	if (code == SST_OK)
		code = celery_results_open(c, err);
	return code;
}

static const char *
part_state(const struct celery_part *part)
{
	if (part->disabled)
		return "disabled";
	switch (part->code) {
	case SST_OK:
		return "ok";
	case SST_FORBIDDEN:
	case SST_UNAUTHORIZED:
		return "forbidden";
	case SST_UNSUPPORTED:
		return "unsupported";
	default:
		return "failing";
	}
}

static bool
upstream_part(json_t *parts, const struct celery_part *part)
{
	json_t *json = json_pack(
	    "{s:s, s:s}", "name", part->name, "state", part_state(part));

	if (json == NULL)
		return false;
	if (part->code != SST_OK && json_object_set_new(json, "reason",
					json_string(part->reason)) != 0) {
		json_decref(json);
		return false;
	}
	return json_array_append_new(parts, json) == 0;
}

/* What the server is, and what could be read of it. */
static int
celery_upstream(struct celery_read *read, struct sst_error *err)
{
	json_t *parts = json_array(), *upstream;
	bool ok = parts != NULL, whole = true;
	size_t i;

	for (i = 0; ok && i < CELERY_PARTS; i++) {
		ok = upstream_part(parts, &read->parts[i]);
		whole = whole && read->parts[i].code == SST_OK;
	}
	upstream = ok ? json_pack("{s:s, s:O}", "status",
			    whole ? "ok" : "degraded", "parts", parts)
		      : NULL;
	json_decref(parts);
	if (upstream == NULL)
		return sst_error_nomem(err);
	if (!sst_redis_describe(read->c->redis, upstream)) {
		json_decref(upstream);
		return sst_error_nomem(err);
	}
	return sst_draft_upstream(read->out, upstream, err);
}

static int
celery_steps_run(struct celery_read *read, struct sst_error *err)
{
	int code = celery__step_discover(read, err);

	/* of the handshake, which the first step made */
	read->now.ms += sst_redis_skew_ms(read->c->redis);
	if (code == SST_OK) {
		celery__queues_sweep(read->c);
		code = celery__step_strays(read, err);
	}
	if (code == SST_OK)
		code = celery__step_lists(read, err);
	if (code == SST_OK)
		code = celery__step_cut(read, err);
	if (code == SST_OK)
		code = celery__step_taken(read, err);
	if (code == SST_OK)
		code = celery__step_results(read, err);
	if (code == SST_OK)
		code = celery__step_tell(read, err);
	if (code == SST_OK)
		code = celery_upstream(read, err);
	return code;
}

static int
celery_collect(void *state, const struct sst_collect *req,
    struct sst_draft *out, struct sst_error *err)
{
	struct celery *c = state;
	struct celery_read read = {.c = c,
	    .req = req,
	    .out = out,
	    .now = req->wall,
	    .taken_total = QUEUE_UNKNOWN,
	    .parts = {
		[CELERY_PART_BINDINGS] = {.name = "bindings"},
		[CELERY_PART_QUEUES] = {.name = "queues"},
		[CELERY_PART_UNACKED] = {.name = "unacknowledged"},
		[CELERY_PART_RESULTS] = {.name = "results",
		    .disabled = c->results == NULL},
	    }};
	int code;

	code = celery_steps_run(&read, err);
	celery__pool_fini(&c->scratch);
	/* meant for this collection, not for the next one */
	sst_redis_resume(c->redis);
	if (c->results != NULL)
		sst_redis_resume(c->results);
	return code;
}

static void
celery_interrupt(void *state)
{
	struct celery *c = state;

	sst_redis_interrupt(c->redis);
	if (c->results != NULL)
		sst_redis_interrupt(c->results);
}

static void
celery_fini(void *state)
{
	struct celery *c = state;
	size_t i;

	sst_redis_free(&c->redis);
	sst_redis_free(&c->results);
	for (i = 0; i < c->entry_count; i++)
		celery__entry_free(c->entries[i]);
	free(c->entries);
	celery__queues_fini(c);
	for (i = 0; i < c->exchange_count; i++)
		free((char *)(uintptr_t)c->exchanges[i].data);
	free(c->exchanges);
	celery__pool_fini(&c->bound_pool);
	free(c->bounds);
	celery__table_fini(&c->taken);
	celery__table_fini(&c->ids);
	celery__table_fini(&c->seen);
	celery__table_fini(&c->nexts);
	celery__pool_fini(&c->scratch);
	free(c->steps);
	if (c->copied)
		sst_options_fini(
		    celery_options, SST_OPTION_COUNT(celery_options), &c->set);
	memset(c, 0, sizeof(*c));
}

const struct sst_source_ops sst_celery_ops = {
    .kind = "celery",
    .section = SST_SECTION_QUEUES,
    .summary = "Celery queues on Redis",
    .options = celery_options,
    .option_count = SST_OPTION_COUNT(celery_options),
    .settings_size = sizeof(struct celery_settings),
    .state_size = sizeof(struct celery),
    .interval_ms = 5000,
    .deadline_ms = 5000,
    .max_age_ms = 15000,
    .init = celery_init,
    .collect = celery_collect,
    .interrupt = celery_interrupt,
    .fini = celery_fini,
};
