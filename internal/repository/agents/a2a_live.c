/*
 * Agents that tell of themselves over A2A: their cards, and their tasks where
 * they list them.
 *
 * All agents are asked in every collection, A2A_WORKERS at a time, each for no
 * longer than `timeout`; those that were lost last time come last, the longest
 * not asked first. So hung ones take places, but never the time of those that
 * answer.
 *
 * An agent that cannot be reached stays as its last good card had it, offline,
 * with the source degraded. One that was never reached is only named.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/option.h"
#include "repository/agents/a2a_priv.h"
#include "repository/agents/a2a_url.h"
#include "repository/agents/agents.h"
#include "repository/draft.h"

/* Asked at once. */
enum { A2A_WORKERS = 8 };
/* Two parts each have to fit into sources[].upstream.parts. */
enum { A2A_AGENTS_MAX = 256 };
/* Its name is to fit into the texts that name it. */
enum { A2A_PLACE_MAX = 400 };

#define CARD_PATH "/.well-known/agent-card.json"

struct a2a_item {
	char *url;
	char *name;
	struct sst_secret token;
	char *card_path;
	bool tasks;
	char *tasks_url;
};

struct a2a_settings {
	struct sst_option_items agents; /* of struct a2a_item */
	char *ca_file;
	int64_t timeout_ms;
	int64_t card_ms;
};

struct a2a {
	struct a2a_settings settings; /* agents borrow from it */
	struct a2a_agent *agents;
	size_t count;
	struct a2a_agent **order; /* of one round */
	int64_t timeout_ms;
	int64_t card_ms;
	size_t max_bytes;
	const struct sst_clock *clock;
	atomic_bool interrupted;
};

static bool
a2a_valid_url(const char *text)
{
	size_t len = strlen(text);

	return len <= A2A_PLACE_MAX && strchr(text, '?') == NULL &&
	       (len < 5 || strcmp(text + len - 5, ".json") != 0) &&
	       a2a__url_same_origin(text, text) &&
	       sst_httpc_url_check(text, NULL) == SST_OK;
}

static bool
a2a_valid_name(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len <= A2A_NAME_MAX && text[0] != ' ' &&
	       sst_text_is_plain(text, len);
}

static bool
a2a_valid_path(const char *text)
{
	return text[0] == '/' && strlen(text) <= A2A_PLACE_MAX &&
	       strpbrk(text, " #") == NULL &&
	       sst_text_is_plain(text, strlen(text));
}

#define AT(member) offsetof(struct a2a_item, member)

static const struct sst_option a2a_item_options[] = {
    {.name = "url",
	.type = SST_OPTION_STRING,
	.required = true,
	.valid = a2a_valid_url,
	.form = "an http or https URL without credentials, query and the path "
		"of the card (see card_path)",
	.help = "Where the agent is, such as http://127.0.0.1:9999.",
	.offset = AT(url)},
    {.name = "name",
	.type = SST_OPTION_STRING,
	.valid = a2a_valid_name,
	.form = "a name of 1 to 512 bytes on one line",
	.help = "Its name here, instead of the one on its card: agents of one "
		"name become one, and a card can claim any name.",
	.offset = AT(name)},
    {.name = "token",
	.type = SST_OPTION_SECRET,
	.help = "Bearer token, sent to this URL's host and to tasks_url only. "
		"Read again when the agent refuses it.",
	.offset = AT(token)},
    {.name = "card_path",
	.type = SST_OPTION_STRING,
	.fallback = CARD_PATH,
	.valid = a2a_valid_path,
	.form = "a path from / on",
	.help = "Where its card is, below url. With the default also "
		"/.well-known/agent.json, as older agents have it.",
	.offset = AT(card_path)},
    {.name = "tasks",
	.type = SST_OPTION_BOOL,
	.fallback = "true",
	.help = "Ask for its tasks. It shows those that the token may see.",
	.offset = AT(tasks)},
    {.name = "tasks_url",
	.type = SST_OPTION_STRING,
	.valid = a2a_valid_url,
	.form = "an http or https URL without credentials and query",
	.help = "Its HTTP+JSON interface, when the card names another host "
		"than url: that one is never followed on its own.",
	.offset = AT(tasks_url)},
};

#undef AT
#define AT(member) offsetof(struct a2a_settings, member)

static const struct sst_option a2a_options[] = {
    {.name = "agents",
	.type = SST_OPTION_ITEMS,
	.required = true,
	.min = 1,
	.max = A2A_AGENTS_MAX,
	.help = "The agents to ask.",
	.offset = AT(agents),
	.items = a2a_item_options,
	.item_count = SST_OPTION_COUNT(a2a_item_options),
	.item_size = sizeof(struct a2a_item)},
    {.name = "ca_file",
	.type = SST_OPTION_STRING,
	.help = "PEM file to check their certificates with, instead of the "
		"certificates of the system.",
	.offset = AT(ca_file)},
    {.name = "timeout",
	.type = SST_OPTION_DURATION,
	.fallback = "3s",
	.min = 0.1,
	.max = 60,
	.help = "How long one agent may take in one collection.",
	.offset = AT(timeout_ms)},
    {.name = "card_every",
	.type = SST_OPTION_DURATION,
	.fallback = "15s",
	.min = 1,
	.max = 3600,
	.help = "A card is asked for no more often than that. As it is the "
		"only sign of life of an agent that lists no tasks, half of "
		"max_age_seconds at most is taken.",
	.offset = AT(card_ms)},
};

static void
cut_slashes(char *url)
{
	size_t len = url == NULL ? 0 : strlen(url);

	while (len > 0 && url[len - 1] == '/')
		url[--len] = '\0';
}

static void
a2a_set(struct a2a_agent *agent, struct a2a_item *item)
{
	cut_slashes(item->url);
	cut_slashes(item->tasks_url);
	agent->url = item->url;
	agent->name = item->name;
	agent->card_path = item->card_path;
	agent->tasks_url = item->tasks_url;
	agent->token = &item->token;
	agent->other_path = strcmp(agent->card_path, CARD_PATH) == 0;
	agent->list = item->tasks;
}

static int
a2a_check_unique(const struct a2a_item *items, size_t i, struct sst_error *err)
{
	const struct a2a_item *item = &items[i];
	size_t k;

	for (k = 0; k < i; k++) {
		if (strcmp(items[k].url, item->url) == 0 &&
		    strcmp(items[k].card_path, item->card_path) == 0)
			return sst_error_set(err, SST_INVALID,
			    "agents[%zu].url: the same as agents[%zu].url", i,
			    k);
		if (items[k].name != NULL && item->name != NULL &&
		    strcmp(items[k].name, item->name) == 0)
			return sst_error_set(err, SST_INVALID,
			    "agents[%zu].name: the same as agents[%zu].name", i,
			    k);
	}
	return SST_OK;
}

static int
a2a_add(struct a2a *s, size_t i, struct sst_error *err)
{
	struct a2a_item *items = s->settings.agents.items, *item = &items[i];
	struct sst_httpc_options options = {.ca_file = s->settings.ca_file};
	int code;

	if (item->url == NULL || item->card_path == NULL)
		return sst_error_set(
		    err, SST_INVALID, "agents[%zu].url: missing", i);
	a2a_set(&s->agents[i], item);
	code = a2a_check_unique(items, i, err);
	if (code == SST_OK)
		code =
		    sst_httpc_new(&options, s->clock, &s->agents[i].http, err);
	return code;
}

static void
a2a_set_times(struct a2a *s, const struct sst_source_env *env)
{
	s->clock = env->clock;
	s->timeout_ms = s->settings.timeout_ms;
	s->card_ms = s->settings.card_ms;
	if (env->max_age_ms > 0 && s->card_ms > env->max_age_ms / 2)
		s->card_ms = env->max_age_ms / 2;
}

static int
a2a_init(void *state, const void *settings, const struct sst_source_env *env,
    struct sst_error *err)
{
	struct a2a *s = state;
	size_t i, count;
	int code = sst_options_copy(a2a_options, SST_OPTION_COUNT(a2a_options),
	    settings, &s->settings, err);

	if (code != SST_OK)
		return code;
	count = s->settings.agents.count;
	if (count == 0)
		return sst_error_set(
		    err, SST_INVALID, "agents: expected at least one");
	a2a_set_times(s, env);
	s->max_bytes = env->max_upstream_bytes < A2A_BODY_MAX
			   ? env->max_upstream_bytes
			   : A2A_BODY_MAX;
	atomic_init(&s->interrupted, false);
	s->agents = calloc(count, sizeof(*s->agents));
	s->order = calloc(count, sizeof(struct a2a_agent *));
	if (s->agents == NULL || s->order == NULL)
		return sst_error_nomem(err);
	s->count = count;
	for (i = 0; i < s->count && code == SST_OK; i++) {
		s->order[i] = &s->agents[i];
		code = a2a_add(s, i, err);
	}
	return code;
}

/* What the workers of one collection share. */
struct a2a_work {
	struct a2a *s;
	struct a2a_round round;
	atomic_size_t next; /* in s->order */
	atomic_int code;    /* SST_OK, or what ends the round */
};

static void *
a2a_worker(void *ctx)
{
	struct a2a_work *work = ctx;
	struct a2a *s = work->s;
	struct sst_error err;
	size_t i;
	int code;

	for (;;) {
		i = atomic_fetch_add(&work->next, 1);
		if (i >= s->count || atomic_load(&s->interrupted) ||
		    !sst_mono_before(
			sst_clock_mono(s->clock), work->round.deadline))
			return NULL;
		code = a2a__ask(s->order[i], &work->round, &err);
		if (code != SST_OK)
			atomic_store(&work->code, code);
	}
}

/* Lost ones last, and of these the one first that was asked longest ago. */
static int
a2a_compare(const void *a, const void *b)
{
	const struct a2a_agent *const *x = a, *const *y = b;
	const struct a2a_agent *p = *x, *q = *y;

	if (p->lost != q->lost)
		return p->lost ? 1 : -1;
	if (p->asked_at.ns != q->asked_at.ns)
		return p->asked_at.ns < q->asked_at.ns ? -1 : 1;
	return p < q ? -1 : p > q;
}

static int
a2a_ask_all(struct a2a *s, const struct sst_collect *req, struct sst_error *err)
{
	struct a2a_work work = {.s = s,
	    .round = {
		.clock = s->clock,
		.now = req->now,
		.deadline = req->deadline,
		.timeout_ms = s->timeout_ms,
		.card_ms = s->card_ms,
		.max_bytes = s->max_bytes,
	    }};
	pthread_t threads[A2A_WORKERS - 1];
	size_t started = 0, i;
	int code;

	atomic_init(&work.next, 0);
	atomic_init(&work.code, SST_OK);
	for (i = 0; i < s->count; i++)
		s->agents[i].asked = false;
	qsort(s->order, s->count, sizeof(struct a2a_agent *), a2a_compare);
	/* this thread works, too: without others it takes longer, no more */
	while (started < A2A_WORKERS - 1 && started + 1 < s->count &&
	       pthread_create(&threads[started], NULL, a2a_worker, &work) == 0)
		started++;
	a2a_worker(&work);
	for (i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	code = atomic_load(&work.code);
	if (atomic_load(&s->interrupted))
		code = SST_CANCELED;
	if (code == SST_NOMEM)
		return sst_error_nomem(err);
	if (code != SST_OK)
		return sst_error_set(err, code, "interrupted");
	return SST_OK;
}

static void
a2a_tell_rejects(struct sst_draft *out, const struct a2a_agent *agent,
    const char *of, const struct a2a_rejects *rejects)
{
	char reason[A2A_POINTER + A2A_PLACE_MAX + 16];
	size_t i;

	for (i = 0; i < rejects->count; i++) {
		if (i >= A2A_REJECTS_KEPT) {
			sst_draft_reject(out, "/", "and more of the same");
			continue;
		}
		snprintf(reason, sizeof(reason), "%s (%s of %s)",
		    rejects->kept[i].reason, of, agent->url);
		sst_draft_reject(out, rejects->kept[i].pointer, reason);
	}
}

/* What was not understood or not answered; a member that an agent does not
 * have is none of it. */
static void
a2a_tell(struct sst_draft *out, const struct a2a_agent *agent)
{
	const struct sst_error *card = &agent->card_error;

	if (card->code != SST_OK)
		sst_draft_degrade(out, card->code, "%s", card->text);
	else if (!agent->asked)
		sst_draft_degrade(out, SST_TIMEOUT,
		    "%s: not asked, others took all the time", agent->url);
	else if (agent->tasks_part == A2A_PART_FAILING)
		sst_draft_degrade(out, agent->tasks_error.code, "%s",
		    agent->tasks_error.text);
	else if (agent->tasks_part == A2A_PART_OK && agent->tasks.cut)
		sst_draft_degrade(out, SST_LIMIT,
		    "%s: more than %d active tasks, the rest is left out",
		    agent->url, A2A_ACTIVE_MAX);
	if (!agent->known)
		return;
	a2a_tell_rejects(out, agent, "card", &agent->card_rejects);
	a2a_tell_rejects(out, agent, "tasks", &agent->tasks_rejects);
}

static int
a2a_fill(const struct a2a *s, struct sst_draft *out, struct sst_error *err)
{
	size_t i;
	int code;

	for (i = 0; i < s->count; i++) {
		a2a_tell(out, &s->agents[i]);
		if (!s->agents[i].known)
			continue;
		code = sst_draft_add(out, a2a__entity(&s->agents[i]), err);
		if (code == SST_LIMIT)
			break;
		if (code != SST_OK)
			return code;
	}
	return sst_draft_upstream(out, a2a__upstream(s->agents, s->count), err);
}

/* When none of them was ever reached there is nothing to show. */
static int
a2a_any(const struct a2a *s, struct sst_error *err)
{
	const struct sst_error *first = NULL;
	size_t i;

	for (i = 0; i < s->count; i++) {
		if (s->agents[i].known)
			return SST_OK;
		if (first == NULL && s->agents[i].card_error.code != SST_OK)
			first = &s->agents[i].card_error;
	}
	if (first == NULL)
		return sst_error_set(
		    err, SST_TIMEOUT, "no time to ask a single agent");
	*err = *first;
	return first->code;
}

static int
a2a_collect(void *state, const struct sst_collect *req, struct sst_draft *out,
    struct sst_error *err)
{
	struct a2a *s = state;
	size_t i;
	int code = a2a_ask_all(s, req, err);

	if (code == SST_OK)
		code = a2a_any(s, err);
	if (code == SST_OK)
		code = a2a_fill(s, out, err);
	/* meant for this collection, not for the next one */
	atomic_store(&s->interrupted, false);
	for (i = 0; i < s->count; i++)
		sst_httpc_resume(s->agents[i].http);
	return code;
}

static void
a2a_interrupt(void *state)
{
	struct a2a *s = state;
	size_t i;

	atomic_store(&s->interrupted, true);
	for (i = 0; i < s->count; i++)
		sst_httpc_interrupt(s->agents[i].http);
}

static void
a2a_agent_fini(struct a2a_agent *agent)
{
	sst_httpc_free(&agent->http);
	a2a__card_fini(&agent->card);
	a2a__tasks_fini(&agent->tasks);
	sst_secret_free(&agent->login);
	free(agent->etag);
}

static void
a2a_fini(void *state)
{
	struct a2a *s = state;
	size_t i;

	for (i = 0; i < s->count; i++)
		a2a_agent_fini(&s->agents[i]);
	free(s->agents);
	free(s->order);
	sst_options_fini(
	    a2a_options, SST_OPTION_COUNT(a2a_options), &s->settings);
	memset(s, 0, sizeof(*s));
}

const struct sst_source_ops sst_agents_a2a_ops = {
    .kind = "a2a",
    .section = SST_SECTION_AGENTS,
    .summary = "Agents by their A2A cards and tasks",
    .rank = 30,
    .options = a2a_options,
    .option_count = SST_OPTION_COUNT(a2a_options),
    .settings_size = sizeof(struct a2a_settings),
    .state_size = sizeof(struct a2a),
    .interval_ms = 5000,
    .deadline_ms = 10000,
    .max_age_ms = 30000,
    .init = a2a_init,
    .collect = a2a_collect,
    .interrupt = a2a_interrupt,
    .fini = a2a_fini,
};
