/*
 * The tasks of one agent that are not over.
 *
 * Agents list the newest change first, in pages. Most have one page: that is
 * all of it, as it was at one instant. Where there is more, an old task that
 * still runs may be on the last of a thousand pages; so each state that is no
 * end is asked for, and after that the newest page again: whatever changed its
 * state meanwhile stands there. What is read later counts.
 *
 * An agent shows what the login may see: none at all without one, or only the
 * tasks of that user.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "repository/agents/a2a_priv.h"
#include "repository/agents/a2a_url.h"

void
a2a__tasks_fini(struct a2a_tasks *tasks)
{
	size_t i;

	for (i = 0; i < tasks->count; i++)
		free(tasks->rows[i].id);
	free(tasks->rows);
	memset(tasks, 0, sizeof(*tasks));
}

static void
tasks_drop(struct a2a_tasks *tasks, size_t i)
{
	free(tasks->rows[i].id);
	tasks->rows[i] = tasks->rows[--tasks->count];
}

static int
tasks_add(struct a2a_tasks *tasks, const char *id, enum a2a_state state,
    struct sst_error *err)
{
	struct a2a_task *more;
	size_t cap;

	if (tasks->count == A2A_ACTIVE_MAX) {
		tasks->cut = true;
		return SST_OK;
	}
	if (tasks->count == tasks->cap) {
		cap = tasks->cap == 0 ? 8 : tasks->cap * 2;
		more = realloc(tasks->rows, cap * sizeof(*more));
		if (more == NULL)
			return sst_error_nomem(err);
		tasks->rows = more;
		tasks->cap = cap;
	}
	tasks->rows[tasks->count].id = strdup(id);
	if (tasks->rows[tasks->count].id == NULL)
		return sst_error_nomem(err);
	tasks->rows[tasks->count++].state = state;
	return SST_OK;
}

/* What is told of a task now takes the place of what was told before. */
static int
tasks_put(
    void *ctx, const char *id, enum a2a_state state, struct sst_error *err)
{
	struct a2a_tasks *tasks = ctx;
	size_t i;

	for (i = 0; i < tasks->count; i++) {
		if (strcmp(tasks->rows[i].id, id) != 0)
			continue;
		if (a2a__state_ended(state))
			tasks_drop(tasks, i);
		else
			tasks->rows[i].state = state;
		return SST_OK;
	}
	if (a2a__state_ended(state))
		return SST_OK;
	return tasks_add(tasks, id, state, err);
}

/* One reading of the tasks of an agent. */
struct tasks_read {
	const struct a2a_ask *ask;
	const char *base;   /* where they are listed */
	const char *tenant; /* NULL: none */
	bool v1;
	struct a2a_tasks found;
	struct a2a_rejects rejects;
	struct sst_buf url;
	struct sst_buf cursor; /* of the next page; empty: there is none */
	int64_t wait_ms;       /* before they are asked for again */
	bool unsupported;      /* not listed at all */
};

/* A list to read: state A2A_UNKNOWN: all of them. */
struct tasks_list {
	enum a2a_state state;
	unsigned pages; /* at most */
};

static int
read_url(
    struct tasks_read *r, const struct tasks_list *list, struct sst_error *err)
{
	struct sst_buf *url = &r->url;

	sst_buf_clear(url);
	sst_buf_adds(url, r->base);
	while (url->len > 0 && url->data[url->len - 1] == '/')
		url->len--;
	if (!r->v1) {
		sst_buf_adds(url, "/v1/tasks");
	} else {
		if (r->tenant != NULL) {
			sst_buf_addc(url, '/');
			sst_text_percent_encode(
			    r->tenant, strlen(r->tenant), url);
		}
		sst_buf_addf(
		    url, "/tasks?pageSize=%d&historyLength=0", A2A_PAGE);
	}
	if (list->state != A2A_UNKNOWN)
		sst_buf_addf(url, "&status=%s", a2a__state_wire(list->state));
	if (r->cursor.len > 0) {
		sst_buf_adds(url, r->v1 ? "&pageToken=" : "?pageToken=");
		sst_text_percent_encode(r->cursor.data, r->cursor.len, url);
	}
	return sst_buf_failed(url) ? sst_error_nomem(err) : SST_OK;
}

/*
 * What an agent does not do is no fault of it. The library that most agents of
 * 0.3 are made with answers 500 to this, whatever happens.
 */
static bool
read_unsupported(
    const struct tasks_read *r, const struct sst_httpc_response *answer)
{
	switch (answer->status) {
	case 404:
	case 405:
	case 501:
		return true;
	case 400:
		return a2a__parse_unsupported(answer->body, answer->len);
	case 500:
		return !r->v1;
	default:
		return false;
	}
}

/* The page at r->url, and the cursor of the one after it. */
static int
read_page(struct tasks_read *r, struct sst_error *err)
{
	struct sst_httpc_response answer = {0};
	struct a2a_get get = {.url = r->url.data, .v1 = r->v1};
	struct a2a_tasks_sink sink = {
	    .task = tasks_put,
	    .ctx = &r->found,
	    .reject = {a2a__reject_note, &r->rejects},
	};
	int code = a2a__get(r->ask, &get, &answer, err);

	if (code != SST_OK)
		return code;
	code = sst_httpc_status(&answer, get.url, err);
	if (code != SST_OK) {
		r->wait_ms = answer.retry_after_ms;
		r->unsupported = read_unsupported(r, &answer);
	} else {
		code = a2a__parse_tasks(
		    answer.body, answer.len, &sink, &r->cursor, err);
		if (code != SST_OK && code != SST_NOMEM)
			sst_httpc_error_prefix(get.url, err);
	}
	sst_httpc_response_fini(&answer);
	return code;
}

static bool
buf_same(const struct sst_buf *a, const struct sst_buf *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static int
read_list(
    struct tasks_read *r, const struct tasks_list *list, struct sst_error *err)
{
	struct sst_buf last = SST_BUF_INIT;
	unsigned page;
	int code = SST_OK;

	sst_buf_clear(&r->cursor);
	for (page = 0; page < list->pages; page++) {
		sst_buf_clear(&last);
		sst_buf_add(&last, r->cursor.data, r->cursor.len);
		code = sst_buf_failed(&last) ? sst_error_nomem(err)
					     : read_url(r, list, err);
		if (code == SST_OK)
			code = read_page(r, err);
		if (code != SST_OK || r->cursor.len == 0)
			break;
		if (page > 0 && buf_same(&last, &r->cursor)) {
			code = sst_error_set(err, SST_PROTOCOL,
			    "GET %s/tasks: each page is followed by the same "
			    "one",
			    r->base);
			break;
		}
	}
	sst_buf_fini(&last);
	return code;
}

/* More than a page: by state, and the newest at last. */
static int
read_by_state(struct tasks_read *r, bool *many_out, struct sst_error *err)
{
	static const enum a2a_state active[] = {
	    A2A_SUBMITTED, A2A_WORKING, A2A_INPUT_REQUIRED, A2A_AUTH_REQUIRED};
	const struct tasks_list newest = {A2A_UNKNOWN, 1};
	struct tasks_list list = {.pages = A2A_PAGES_MAX};
	size_t i;
	int code;

	for (i = 0; i < sizeof(active) / sizeof(active[0]); i++) {
		list.state = active[i];
		code = read_list(r, &list, err);
		if (code != SST_OK)
			return code;
		r->found.cut = r->found.cut || r->cursor.len > 0;
	}
	code = read_list(r, &newest, err);
	if (code == SST_OK)
		*many_out = r->cursor.len > 0;
	return code;
}

static int
read_tasks(struct tasks_read *r, struct sst_error *err)
{
	struct a2a_agent *agent = r->ask->agent;
	const struct tasks_list first = {A2A_UNKNOWN, 1};
	const struct tasks_list all = {A2A_UNKNOWN, A2A_PAGES_MAX};
	int code;

	if (!r->v1) {
		/* has neither pages nor states to ask for; newer ones may */
		code = read_list(r, &all, err);
		r->found.cut = r->found.cut || r->cursor.len > 0;
		return code;
	}
	if (!agent->many) {
		code = read_list(r, &first, err);
		if (code != SST_OK || r->cursor.len == 0)
			return code;
	}
	return read_by_state(r, &agent->many, err);
}

/* Unknown from now on, and why. */
static void
tasks_unknown(
    struct a2a_agent *agent, enum a2a_part part, int code, const char *why)
{
	agent->tasks_part = part;
	a2a__tasks_fini(&agent->tasks);
	memset(&agent->tasks_rejects, 0, sizeof(agent->tasks_rejects));
	sst_error_set(&agent->tasks_error, code, "%s", why);
}

static void
tasks_failed(const struct tasks_read *r, const struct sst_error *trouble)
{
	struct a2a_agent *agent = r->ask->agent;
	enum a2a_part part = A2A_PART_FAILING;
	int64_t wait = r->wait_ms, least = 0;

	if (r->unsupported) {
		part = A2A_PART_UNSUPPORTED;
		least = A2A_UNSUPPORTED_MS;
	} else if (trouble->code == SST_UNAUTHORIZED ||
		   trouble->code == SST_FORBIDDEN) {
		part = A2A_PART_FORBIDDEN;
		least = A2A_FORBIDDEN_MS;
	}
	tasks_unknown(agent, part, trouble->code, trouble->text);
	if (wait < least)
		wait = least;
	if (wait > A2A_RETRY_MAX_MS)
		wait = A2A_RETRY_MAX_MS;
	agent->tasks_due = r->ask->round->now;
	if (wait > 0)
		agent->tasks_due = sst_mono_add_ms(agent->tasks_due, wait);
	if (agent->lost) /* is it there at all? */
		agent->card_due = r->ask->round->now;
}

/* Where they are listed; NULL, with the reason noted, when nowhere. */
static const char *
tasks_place(struct a2a_agent *agent)
{
	const char *url = agent->card.tasks_url;
	struct sst_error why = {0};
	struct sst_buf shown = SST_BUF_INIT;

	if (!agent->list) {
		tasks_unknown(agent, A2A_PART_DISABLED, SST_UNSUPPORTED,
		    "not asked for (option tasks)");
		return NULL;
	}
	if (agent->tasks_url != NULL)
		return agent->tasks_url;
	if (url == NULL) {
		tasks_unknown(agent, A2A_PART_UNSUPPORTED, SST_UNSUPPORTED,
		    agent->card.no_tasks);
		return NULL;
	}
	/* else whoever writes a card could have us ask anybody anything, and
	 * with our token */
	if (a2a__url_same_origin(url, agent->url))
		return url;
	a2a__url_show(url, &shown);
	sst_error_set(&why, SST_UNSUPPORTED,
	    "the card lists them elsewhere (%s); the option tasks_url says "
	    "that this is right",
	    shown.len > 0 ? shown.data : "no URL of HTTP");
	sst_buf_fini(&shown);
	tasks_unknown(agent, A2A_PART_UNSUPPORTED, SST_UNSUPPORTED, why.text);
	return NULL;
}

static void
tasks_take(struct tasks_read *r)
{
	struct a2a_agent *agent = r->ask->agent;

	agent->tasks_part = A2A_PART_OK;
	sst_error_clear(&agent->tasks_error);
	agent->tasks_rejects = r->rejects;
	a2a__tasks_fini(&agent->tasks);
	agent->tasks = r->found;
	memset(&r->found, 0, sizeof(r->found));
}

int
a2a__ask_tasks(const struct a2a_ask *ask, struct sst_error *err)
{
	struct a2a_agent *agent = ask->agent;
	struct sst_error trouble = {0};
	struct tasks_read r = {.ask = ask, .base = tasks_place(agent)};
	int code;

	if (r.base == NULL ||
	    sst_mono_before(ask->round->now, agent->tasks_due))
		return SST_OK;
	r.v1 = agent->card.tasks_v1 || agent->card.tasks_url == NULL;
	if (agent->tasks_url == NULL) /* that one is whole */
		r.tenant = agent->card.tenant;
	sst_buf_init(&r.url);
	sst_buf_init(&r.cursor);
	code = read_tasks(&r, &trouble);
	if (code == SST_OK)
		tasks_take(&r);
	else if (code == SST_CANCELED || code == SST_NOMEM)
		*err = trouble;
	else
		tasks_failed(&r, &trouble);
	a2a__tasks_fini(&r.found);
	sst_buf_fini(&r.url);
	sst_buf_fini(&r.cursor);
	return code == SST_CANCELED || code == SST_NOMEM ? code : SST_OK;
}
