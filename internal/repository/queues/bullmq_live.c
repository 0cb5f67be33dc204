/*
 * BullMQ, and Bull before it, in Redis: their queues live in lists and sorted
 * sets that can be read without disturbing them. Only commands that read are
 * sent; never a script of BullMQ's own, as even those that count write.
 *
 * A collection takes two round trips, whatever the number of queues and jobs:
 * a third one when jobs wait for children that are out of sight, and one more
 * for each 20,000 jobs.
 */
#include "repository/queues/bullmq_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/queues/queues.h"

static bool
bullmq_valid_name(const char *text)
{
	return text[0] != '\0';
}

#define AT(member) offsetof(struct bullmq_settings, member)

static const struct sst_option bullmq_options[] = {
    SST_REDIS_ROWS(struct bullmq_settings, redis),
    QUEUE_PICK_ROWS(struct bullmq_settings, pick, "bullmq"),
    QUEUE_WINDOW_ROW(struct bullmq_settings, max_tasks),
    {.name = "prefix",
	.type = SST_OPTION_STRING,
	.fallback = "bull",
	.min = 1,
	.max = 128,
	.valid = bullmq_valid_name,
	.form = "the prefix of the keys, such as bull or {bull}",
	.help = "Prefix of the keys, as in BullMQ's option prefix.",
	.offset = AT(prefix)},
    {.name = "queues",
	.type = SST_OPTION_LIST,
	.max = 1000,
	.valid = bullmq_valid_name,
	.form = "the name of a queue",
	.help = "Names of the queues; empty: they are looked for among all "
		"keys, once a minute.",
	.offset = AT(queues)},
    {.name = "workers",
	.type = SST_OPTION_BOOL,
	.fallback = "true",
	.help = "Count the workers by CLIENT LIST; false where that is "
		"not allowed.",
	.offset = AT(workers)},
};

/* The database that workers must be connected to; -1: not known. */
static int64_t
bullmq_database(const char *url)
{
	const char *at = strstr(url, "?db=");
	int64_t db = 0;

	if (at != NULL) {
		at += 4;
	} else if (strncmp(url, "unix:", 5) == 0) {
		return 0;
	} else {
		at = strstr(url, "://");
		at = at == NULL ? NULL : strchr(at + 3, '/');
		if (at == NULL)
			return 0;
		at++;
	}
	for (; *at >= '0' && *at <= '9' && db < 1000000; at++)
		db = db * 10 + (*at - '0');
	return *at == '\0' ? db : -1;
}

static int
bullmq_init(void *state, const void *settings,
    const struct sst_source_env *env, struct sst_error *err)
{
	struct bullmq *b = state;
	int code;

	b->clock = env->clock;
	b->max_bytes = env->max_upstream_bytes;
	b->ids.max_bytes = b->texts.max_bytes = env->max_upstream_bytes;
	code = sst_options_copy(bullmq_options,
	    SST_OPTION_COUNT(bullmq_options), settings, &b->settings, err);
	if (code != SST_OK)
		return code;
	b->db = bullmq_database(b->settings.redis.url);
	snprintf(b->window[0], sizeof(b->window[0]), "%" PRId64,
	    -b->settings.max_tasks);
	snprintf(b->window[1], sizeof(b->window[1]), "%" PRId64,
	    b->settings.max_tasks - 1);
	code = bullmq__scan_fixed(b, err);
	if (code != SST_OK)
		return code;
	return sst_redis_new(&b->settings.redis, env->clock,
	    env->max_upstream_bytes, &b->redis, err);
}

static int
bullmq_collect(void *state, const struct sst_collect *req,
    struct sst_draft *out, struct sst_error *err)
{
	struct bullmq *b = state;
	struct bullmq_read read = {.b = b, .req = req, .out = out};
	int code;

	code = bullmq__scan(&read, err);
	if (code == SST_OK)
		code = bullmq__cut(&read, err);
	if (code == SST_OK)
		code = bullmq__jobs(&read, err);
	if (code == SST_OK)
		code = bullmq__tell_upstream(&read, err);
	bullmq__forget_gone(b, code == SST_OK);
	bullmq__arena_clear(&b->ids);
	bullmq__arena_clear(&b->texts);
	/* meant for this collection, not for the next one */
	sst_redis_resume(b->redis);
	return code;
}

static void
bullmq_interrupt(void *state)
{
	struct bullmq *b = state;

	sst_redis_interrupt(b->redis);
}

static void
bullmq_fini(void *state)
{
	struct bullmq *b = state;

	sst_redis_free(&b->redis);
	bullmq__queues_fini(b);
	bullmq__table_fini(&b->by_name);
	bullmq__table_fini(&b->large);
	bullmq__table_fini(&b->jobs);
	bullmq__table_fini(&b->twins);
	bullmq__arena_fini(&b->ids);
	bullmq__arena_fini(&b->texts);
	sst_buf_fini(&b->key);
	sst_buf_fini(&b->opts);
	free(b->plan);
	free(b->parents);
	free(b->children);
	sst_options_fini(
	    bullmq_options, SST_OPTION_COUNT(bullmq_options), &b->settings);
	memset(b, 0, sizeof(*b));
}

const struct sst_source_ops sst_bullmq_ops = {
    .kind = "bullmq",
    .section = SST_SECTION_QUEUES,
    .summary = "BullMQ (and Bull) queues in Redis",
    .options = bullmq_options,
    .option_count = SST_OPTION_COUNT(bullmq_options),
    .settings_size = sizeof(struct bullmq_settings),
    .state_size = sizeof(struct bullmq),
    .interval_ms = 5000,
    .deadline_ms = 5000,
    .max_age_ms = 15000,
    .init = bullmq_init,
    .collect = bullmq_collect,
    .interrupt = bullmq_interrupt,
    .fini = bullmq_fini,
};
