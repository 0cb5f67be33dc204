/*
 * RabbitMQ through its management HTTP API: depth, consumers, rates, state,
 * depth by priority and the way of dead letters of every queue, and its nodes.
 * Nothing but GET is ever sent, and tasks are never listed: there is no way to
 * look at a message that does not mark it as redelivered, may reorder it, and
 * may push it over its delivery limit, that is lose it.
 *
 * The default, depth: live, takes the counts from the form without statistics
 * (asked of the queues themselves: fresh, and half the cost for the broker)
 * and the consumers from /api/consumers, at every collection; what only the
 * statistics know (rates, age of the head, the depth of streams) is read every
 * 5 s, as often as the broker makes them. depth: stats asks for the statistics
 * alone: for brokers where listing consumers is too much.
 */
#include "repository/queues/rabbitmq_priv.h"

#include <string.h>

#include "repository/queues/queues.h"

static bool
rabbitmq_valid_url(const char *text)
{
	return strchr(text, '?') == NULL &&
	       sst_httpc_url_check(text, NULL) == SST_OK;
}

/* HTTP basic authentication puts a colon after it. */
static bool
rabbitmq_valid_username(const char *text)
{
	return text[0] != '\0' && strchr(text, ':') == NULL;
}

static const char *const rabbitmq_depths[] = {
    [RABBITMQ_LIVE] = "live",
    [RABBITMQ_STATS] = "stats",
    NULL,
};

#define AT(member) offsetof(struct rabbitmq_settings, member)

static const struct sst_option rabbitmq_options[] = {
    {.name = "url",
	.type = SST_OPTION_STRING,
	.required = true,
	.valid = rabbitmq_valid_url,
	.form = "an http or https URL without credentials and query",
	.help = "Where the management API is, such as "
		"http://127.0.0.1:15672.",
	.offset = AT(url)},
    {.name = "username",
	.type = SST_OPTION_STRING,
	.valid = rabbitmq_valid_username,
	.form = "a user name without a colon",
	.help = "User with the tag monitoring; permissions ^$ ^$ ^$ on each "
		"vhost are enough.",
	.offset = AT(username)},
    {.name = "password",
	.type = SST_OPTION_SECRET,
	.help = "Its password. Read again when the broker refuses it.",
	.offset = AT(password)},
    {.name = "ca_file",
	.type = SST_OPTION_STRING,
	.help = "PEM file to check the broker's certificate with, instead of "
		"the certificates of the system.",
	.offset = AT(ca_file)},
    QUEUE_PICK_ROWS(struct rabbitmq_settings, pick, "rabbitmq"),
    {.name = "vhosts",
	.type = SST_OPTION_LIST,
	.max = 1000,
	.help = "Only these vhosts; empty: all that the user may see.",
	.offset = AT(vhosts)},
    {.name = "hide_exclusive",
	.type = SST_OPTION_BOOL,
	.fallback = "true",
	.help = "Leave out queues that belong to one connection (replies, "
		"amq.gen-...).",
	.offset = AT(hide_exclusive)},
    {.name = "depth",
	.type = SST_OPTION_ENUM,
	.fallback = "live",
	.names = rabbitmq_depths,
	.help = "live: counts and consumers as they are. stats: from the "
		"broker's statistics, one request, up to 6 s behind.",
	.offset = AT(depth)},
    {.name = "page_size",
	.type = SST_OPTION_INT,
	.fallback = "500",
	.min = 1,
	.max = 500,
	.unit = "queues",
	.help = "Queues asked for at once; the broker allows 500.",
	.offset = AT(page_size)},
};

static int
rabbitmq_init(void *state, const void *settings,
    const struct sst_source_env *env, struct sst_error *err)
{
	const struct rabbitmq_settings *s = settings;
	struct sst_httpc_options options = {.ca_file = s->ca_file};
	struct rabbitmq *r = state;
	size_t len;
	int code;

	if (s->url == NULL || !rabbitmq_valid_url(s->url))
		return sst_error_set(err, SST_INVALID,
		    "url: expected an http or https URL without credentials "
		    "and query");
	if (sst_secret_given(&s->password) && s->username == NULL)
		return sst_error_set(err, SST_INVALID,
		    "username: missing, but there is a password");
	code = sst_options_copy(rabbitmq_options,
	    SST_OPTION_COUNT(rabbitmq_options), s, &r->s, err);
	if (code != SST_OK)
		return code;
	len = strlen(r->s.url);
	while (len > 0 && r->s.url[len - 1] == '/')
		r->s.url[--len] = '\0';
	r->clock = env->clock;
	r->max_bytes = env->max_upstream_bytes;
	return sst_httpc_new(&options, env->clock, &r->http, err);
}

/* At the first collection, and after a refusal: it may have been rotated. */
static int
rabbitmq_login(struct rabbitmq *r, struct sst_error *err)
{
	char *password = NULL;
	int code;

	if (r->login_set || r->s.username == NULL)
		return SST_OK;
	code = sst_secret_read(&r->s.password, &password, err);
	if (code == SST_OK)
		code = sst_httpc_set_basic(r->http, r->s.username,
		    password != NULL ? password : "", err);
	sst_secret_free(&password);
	r->login_set = code == SST_OK;
	return code;
}

static int
rabbitmq_steps(struct rabbitmq_read *read, struct sst_error *err)
{
	bool live = read->r->s.depth == RABBITMQ_LIVE;
	int code = rabbitmq__step_queues(read, err);

	if (code == SST_OK)
		code = rabbitmq__part(
		    read, RABBITMQ_PART_OVERVIEW, rabbitmq__read_overview, err);
	if (code == SST_OK)
		code = rabbitmq__step_hidden(read, err);
	if (code == SST_OK)
		code = rabbitmq__part(
		    read, RABBITMQ_PART_NODES, rabbitmq__read_nodes, err);
	if (code == SST_OK)
		code = rabbitmq__step_unreached(read, err);
	if (code == SST_OK && live && read->rows == &read->r->live)
		code = rabbitmq__part(read, RABBITMQ_PART_CONSUMERS,
		    rabbitmq__read_consumers, err);
	else
		read->r->parts[RABBITMQ_PART_CONSUMERS].tried = false;
	if (code == SST_OK)
		code = rabbitmq__part(
		    read, RABBITMQ_PART_LETTERS, rabbitmq__read_letters, err);
	if (code == SST_OK)
		code = rabbitmq__step_priorities(read, err);
	if (code == SST_OK)
		code = rabbitmq__step_show(read, err);
	return code == SST_OK ? rabbitmq__tell_upstream(read, err) : code;
}

static int
rabbitmq_collect(void *state, const struct sst_collect *req,
    struct sst_draft *out, struct sst_error *err)
{
	struct rabbitmq *r = state;
	struct rabbitmq_read read = {.r = r,
	    .req = req,
	    .out = out,
	    .deadline = req->deadline,
	    .overview = {.queues = -1}};
	int code = rabbitmq_login(r, err);

	if (code == SST_OK)
		code = rabbitmq_steps(&read, err);
	json_decref(read.nodes);
	rabbitmq__table_clear(&r->fresh);
	rabbitmq__table_clear(&r->live);
	rabbitmq__table_clear(&r->consumers);
	if (code == SST_UNAUTHORIZED)
		r->login_set = false;
	/* meant for this collection, not for the next one */
	sst_httpc_resume(r->http);
	return code;
}

static void
rabbitmq_interrupt(void *state)
{
	struct rabbitmq *r = state;

	sst_httpc_interrupt(r->http);
}

static void
rabbitmq_fini(void *state)
{
	struct rabbitmq *r = state;

	sst_httpc_free(&r->http);
	rabbitmq__table_fini(&r->stats);
	rabbitmq__table_fini(&r->priorities);
	rabbitmq__table_fini(&r->fresh);
	rabbitmq__table_fini(&r->live);
	rabbitmq__table_fini(&r->consumers);
	rabbitmq__letters_fini(&r->letters);
	sst_buf_fini(&r->name);
	sst_buf_fini(&r->target);
	sst_options_fini(
	    rabbitmq_options, SST_OPTION_COUNT(rabbitmq_options), &r->s);
	memset(r, 0, sizeof(*r));
}

const struct sst_source_ops sst_rabbitmq_ops = {
    .kind = "rabbitmq",
    .section = SST_SECTION_QUEUES,
    .summary = "RabbitMQ queues through the management API",
    .options = rabbitmq_options,
    .option_count = SST_OPTION_COUNT(rabbitmq_options),
    .settings_size = sizeof(struct rabbitmq_settings),
    .state_size = sizeof(struct rabbitmq),
    .interval_ms = 5000,
    .deadline_ms = 5000,
    .max_age_ms = 20000,
    .init = rabbitmq_init,
    .collect = rabbitmq_collect,
    .interrupt = rabbitmq_interrupt,
    .fini = rabbitmq_fini,
};
