/* Budgets: pages of keys and teams, one answer of providers. */
#include "repository/litellm/proxy_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"

/* LiteLLM makes resets of providers from what is left at each answer: they
 * jitter by less than this. */
enum { RESET_JITTER_MS = 5000 };

static enum proxy_scope
budgets_scope(enum proxy_part_id id)
{
	if (id == PROXY_KEY_BUDGETS)
		return PROXY_KEYS;
	return id == PROXY_TEAM_BUDGETS ? PROXY_TEAMS : PROXY_PROVIDERS;
}

static void
budgets_path(enum proxy_scope scope, int64_t page, char *out, size_t size)
{
	switch (scope) {
	case PROXY_KEYS:
		snprintf(out, size,
		    "/key/list?return_full_object=true&include_team_keys=true"
		    "&page=%lld&size=%d",
		    (long long)page, PROXY_PAGE_ROWS);
		break;
	case PROXY_TEAMS:
		snprintf(out, size, "/v2/team/list?page=%lld&page_size=%d",
		    (long long)page, PROXY_PAGE_ROWS);
		break;
	default:
		snprintf(out, size, "/provider/budgets");
		break;
	}
}

static int
budgets_page(struct proxy_round *round, const char *path,
    const struct proxy_budgets *into, struct proxy_page *page,
    struct sst_error *err)
{
	struct sst_httpc_response answer = {0};
	int code = proxy__get(round, path, &answer, NULL, err);

	if (code != SST_OK)
		return code;
	code = proxy__parse_budgets(answer.body, answer.len, into, page, err);
	sst_httpc_response_fini(&answer);
	return code == SST_OK ? SST_OK : proxy__blame(round, path, err);
}

/*
 * Enough pages for what is listed; how many there are is told on the first
 * one. A row that moves from page to page is there twice, or missed, until the
 * next time.
 */
static int
budgets_pages(struct proxy_round *round, const struct proxy_budgets *into,
    int64_t *total, struct sst_error *err)
{
	struct proxy_page page = {.total = -1, .pages = -1};
	int64_t number, rows = 0;
	char path[160];
	int code;

	for (number = 1; number <= PROXY_PAGES_MAX; number++) {
		budgets_path(into->scope, number, path, sizeof(path));
		code = budgets_page(round, path, into, &page, err);
		if (code != SST_OK)
			return code;
		rows += (int64_t)page.rows;
		if (page.pages <= number || page.rows == 0 ||
		    json_array_size(into->budgets) >= PROXY_BUDGETS_MAX)
			break;
	}
	*total = page.total > rows ? page.total : rows;
	return SST_OK;
}

static const json_t *
budgets_find(const json_t *list, const char *name)
{
	const char *other;
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		other = json_string_value(json_object_get(item, "name"));
		if (other != NULL && strcmp(other, name) == 0)
			return item;
	}
	return NULL;
}

static bool
budgets_time(const json_t *budget, int64_t *out)
{
	const char *text =
	    json_string_value(json_object_get(budget, "resets_at"));

	return text != NULL &&
	       sst_time_parse(text, strlen(text), out) == SST_OK;
}

/* A reset that moved by a jitter is the one that was told before. */
static bool
budgets_settle(json_t *fresh, const json_t *before)
{
	int64_t now, then;
	json_t *item;
	size_t i;

	json_array_foreach(fresh, i, item)
	{
		const json_t *old = budgets_find(
		    before, json_string_value(json_object_get(item, "name")));

		if (old == NULL || !budgets_time(item, &now) ||
		    !budgets_time(old, &then) ||
		    llabs(now - then) > RESET_JITTER_MS)
			continue;
		if (json_object_set(item, "resets_at",
			json_object_get(old, "resets_at")) != 0)
			return false;
	}
	return true;
}

int
proxy__read_budgets(struct proxy_round *round, struct sst_error *err)
{
	enum proxy_scope scope = budgets_scope(round->id);
	struct proxy_budgets into = {
	    .scope = scope,
	    .now_ms = round->req->wall.ms,
	    .budgets = json_array(),
	};
	struct proxy *p = round->p;
	struct proxy_page page;
	int64_t total = 0;
	int code;

	if (into.budgets == NULL)
		return sst_error_nomem(err);
	code = budgets_pages(round, &into, &total, err);
	if (code == SST_UNSUPPORTED && scope == PROXY_TEAMS &&
	    err->detail == 404) {
		/* whole teams with their members: only where v2 is missing */
		code = budgets_page(round, "/team/list", &into, &page, err);
		total = code == SST_OK ? (int64_t)page.rows : 0;
	}
	if (code == SST_OK && scope == PROXY_PROVIDERS &&
	    !budgets_settle(into.budgets, p->budgets[scope]))
		code = sst_error_nomem(err);
	if (code != SST_OK) {
		json_decref(into.budgets);
		return code;
	}
	json_decref(p->budgets[scope]);
	p->budgets[scope] = into.budgets;
	p->budgets_total[scope] = total;
	return SST_OK;
}
