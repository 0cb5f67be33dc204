/* One agent: its card, when it is due, and whether it is there at all. */
#include "repository/agents/a2a_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/text.h"

#define OLD_PATH "/.well-known/agent.json"

enum { ETAG_MAX = 256 };

void
a2a__reject_note(void *ctx, const char *pointer, const char *reason)
{
	struct a2a_rejects *r = ctx;
	size_t i = r->count++;

	if (i >= A2A_REJECTS_KEPT)
		return;
	snprintf(r->kept[i].pointer, sizeof(r->kept[i].pointer), "%s", pointer);
	snprintf(r->kept[i].reason, sizeof(r->kept[i].reason), "%s", reason);
}

/* At the first request, and after a refusal: it may have been rotated. */
static int
ask_login(struct a2a_agent *agent, struct sst_error *err)
{
	struct sst_buf line = SST_BUF_INIT;
	char *token = NULL;
	int code;

	if (agent->login_set)
		return SST_OK;
	sst_secret_free(&agent->login);
	code = sst_secret_read(agent->token, &token, err);
	if (code == SST_OK && token != NULL) {
		sst_buf_adds(&line, "Authorization: Bearer ");
		sst_buf_adds(&line, token);
		agent->login = sst_buf_take(&line, NULL);
		if (agent->login == NULL)
			code = sst_error_nomem(err);
	}
	sst_secret_free(&token);
	agent->login_set = code == SST_OK;
	return code;
}

/* Whether it was there: what it answers is another question. */
static void
ask_note_lost(struct a2a_agent *agent, int code)
{
	switch (code) {
	case SST_CANCELED:
	case SST_NOMEM:
		break; /* says nothing about it */
	case SST_TIMEOUT:
	case SST_UNREACHABLE:
	case SST_TLS:
	case SST_TRUNCATED:
		agent->lost = true;
		break;
	default:
		agent->lost = false;
		break;
	}
}

int
a2a__get(const struct a2a_ask *ask, const struct a2a_get *get,
    struct sst_httpc_response *out, struct sst_error *err)
{
	const char *headers[4] = {NULL};
	struct sst_httpc_request request = {
	    .url = get->url,
	    .accept = "application/json, application/a2a+json",
	    .max_bytes = ask->round->max_bytes,
	    .deadline = ask->deadline,
	    .headers = headers,
	};
	size_t n = 0;
	int code;

	sst_error_clear(err);
	headers[n++] = get->v1 ? "A2A-Version: 1.0" : "A2A-Version: 0.3";
	if (ask->agent->login != NULL)
		headers[n++] = ask->agent->login;
	if (get->header != NULL)
		headers[n++] = get->header;
	code = sst_httpc_get(ask->agent->http, &request, out, err);
	ask_note_lost(ask->agent, code);
	if (code == SST_OK && out->status == 401)
		ask->agent->login_set = false;
	return code;
}

/* The seconds of max-age, in ms; 0 when it must not be kept, -1: not told. */
static int64_t
card_max_age(const char *control)
{
	int64_t seconds = 0;
	const char *p;

	if (control == NULL)
		return -1;
	if (strcasestr(control, "no-store") != NULL ||
	    strcasestr(control, "no-cache") != NULL)
		return 0;
	p = strcasestr(control, "max-age=");
	if (p == NULL || (p > control && strchr(", \t", p[-1]) == NULL))
		return -1;
	p += strlen("max-age=");
	p += *p == '"' ? 1 : 0;
	if (*p < '0' || *p > '9')
		return -1;
	for (; *p >= '0' && *p <= '9' && seconds < A2A_CARD_MAX_MS; p++)
		seconds = seconds * 10 + (*p - '0');
	return seconds < A2A_CARD_MAX_MS / 1000 ? seconds * 1000
						: A2A_CARD_MAX_MS;
}

/* The name of the version we have, to be handed back; NULL: none. */
static char *
card_etag(struct sst_httpc *http)
{
	const char *etag = sst_httpc_header(http, "ETag");
	struct sst_buf line = SST_BUF_INIT;

	if (etag == NULL || etag[0] == '\0' || strlen(etag) > ETAG_MAX ||
	    !sst_text_is_plain(etag, strlen(etag)))
		return NULL;
	sst_buf_adds(&line, "If-None-Match: ");
	sst_buf_adds(&line, etag);
	return sst_buf_take(&line, NULL);
}

static void
card_keep(const struct a2a_ask *ask)
{
	struct a2a_agent *agent = ask->agent;
	int64_t keep =
	    card_max_age(sst_httpc_header(agent->http, "Cache-Control"));

	agent->card_fresh = ask->round->now;
	if (keep > 0)
		agent->card_fresh = sst_mono_add_ms(ask->round->now, keep);
}

static int
card_take(const struct a2a_ask *ask, const struct sst_httpc_response *answer,
    struct sst_error *err)
{
	struct a2a_agent *agent = ask->agent;
	struct a2a_rejects rejects = {0};
	struct a2a_reject reject = {a2a__reject_note, &rejects};
	struct a2a_bytes body = {answer->body, answer->len, agent->name};
	struct a2a_card card = {0};
	int code = a2a__parse_card(&body, &reject, &card, err);

	if (code != SST_OK)
		return code;
	a2a__card_fini(&agent->card);
	agent->card = card;
	agent->card_rejects = rejects;
	agent->known = true;
	free(agent->etag);
	agent->etag = card_etag(agent->http);
	return SST_OK;
}

/* Told to wait, we do, within reason. */
static int64_t
ask_again_ms(const struct sst_httpc_response *answer, int64_t usual)
{
	int64_t wait = answer->retry_after_ms;

	if (wait > A2A_RETRY_MAX_MS)
		wait = A2A_RETRY_MAX_MS;
	return wait > usual ? wait : usual;
}

static int
card_get(const struct a2a_ask *ask, const char *path, struct sst_error *err)
{
	struct a2a_agent *agent = ask->agent;
	struct sst_httpc_response answer = {0};
	struct sst_buf url = SST_BUF_INIT;
	struct a2a_get get = {.v1 = true};
	int code;

	sst_buf_adds(&url, agent->url);
	sst_buf_adds(&url, path);
	if (sst_buf_failed(&url))
		return sst_error_nomem(err);
	get.url = url.data;
	get.header = agent->known ? agent->etag : NULL;
	code = a2a__get(ask, &get, &answer, err);
	if (code == SST_OK) {
		agent->card_due = sst_mono_add_ms(ask->round->now,
		    ask_again_ms(&answer, ask->round->card_ms));
		if (answer.status != 304 || get.header == NULL)
			code = sst_httpc_status(&answer, url.data, err);
	}
	if (code == SST_OK && answer.status != 304) {
		code = card_take(ask, &answer, err);
		if (code != SST_OK)
			sst_httpc_error_prefix(url.data, err);
	}
	if (code == SST_OK)
		card_keep(ask);
	sst_httpc_response_fini(&answer);
	sst_buf_fini(&url);
	return code;
}

/* Agents of 0.2 have it elsewhere. */
static int
card_find(const struct a2a_ask *ask, struct sst_error *err)
{
	struct a2a_agent *agent = ask->agent;
	bool old = agent->old_path;
	struct sst_error second = {0};
	int code;

	code = card_get(ask, old ? OLD_PATH : agent->card_path, err);
	if (code != SST_NOT_FOUND || !agent->other_path)
		return code;
	/* an ETag is one of the other place */
	free(agent->etag);
	agent->etag = NULL;
	code = card_get(ask, old ? agent->card_path : OLD_PATH, &second);
	if (code == SST_OK)
		agent->old_path = !old;
	else if (code != SST_NOT_FOUND)
		*err = second; /* it is there, but not right */
	else
		agent->old_path = false;
	return code;
}

/*
 * A card may be kept as long as it says. But where no tasks are listed it is
 * the only sign of life, and is looked at (If-None-Match) as often as we are
 * told to by our own options.
 */
static bool
card_is_due(const struct a2a_ask *ask)
{
	const struct a2a_agent *agent = ask->agent;
	struct sst_mono now = ask->round->now;

	if (sst_mono_before(now, agent->card_due))
		return false;
	return !agent->known || agent->card_error.code != SST_OK ||
	       agent->tasks_part != A2A_PART_OK ||
	       !sst_mono_before(now, agent->card_fresh);
}

/* What went wrong is kept with the agent, but for what ends the round. */
static int
ask_note(int code, const struct sst_error *trouble, struct sst_error *at,
    struct sst_error *err)
{
	if (code == SST_CANCELED || code == SST_NOMEM) {
		*err = *trouble;
		return code;
	}
	if (code == SST_OK)
		sst_error_clear(at);
	else
		*at = *trouble;
	return SST_OK;
}

static int
ask_card(const struct a2a_ask *ask, struct sst_error *err)
{
	struct a2a_agent *agent = ask->agent;
	struct sst_error trouble = {0};
	int code = ask_login(agent, &trouble);

	if (code == SST_OK) {
		if (!card_is_due(ask))
			return SST_OK;
		code = card_find(ask, &trouble);
	} else {
		agent->lost = false; /* nobody asked it */
	}
	return ask_note(code, &trouble, &agent->card_error, err);
}

int
a2a__ask(struct a2a_agent *agent, const struct a2a_round *round,
    struct sst_error *err)
{
	struct a2a_ask ask = {.agent = agent, .round = round};
	struct sst_mono now = sst_clock_mono(round->clock);
	int code;

	ask.deadline = sst_mono_add_ms(now, round->timeout_ms);
	if (sst_mono_before(round->deadline, ask.deadline))
		ask.deadline = round->deadline;
	agent->asked = true;
	agent->asked_at = now;
	code = ask_card(&ask, err);
	/* without an answer to the first there is no need for the second */
	if (code == SST_OK && agent->known && agent->card_error.code == SST_OK)
		code = a2a__ask_tasks(&ask, err);
	return code;
}
