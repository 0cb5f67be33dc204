/* Keys, teams and providers: what they may spend, and have. */
#include "repository/litellm/proxy_parse.h"

#include <math.h>
#include <string.h>

#include "base/time.h"
#include "httpc/json_body.h"

/* 1.96.0 tells resets of providers 57 years ahead. */
#define RESET_MAX_MS (INT64_C(400) * 24 * 3600 * 1000)
/* Characters of a key's hash that are shown where it has no alias. */
enum { HASH_SHOWN = 8, PERIOD_MAX = 64 };

/* The names that a scope gives to the same facts. */
struct budget_names {
	const char *scope;
	const char *list;  /* member that holds the rows */
	const char *alias; /* NULL: the row has no such */
	const char *id;
	const char *max;
	const char *period;
	const char *total;
};

static const struct budget_names names[PROXY_SCOPES] = {
    [PROXY_KEYS] = {"key", "keys", "key_alias", "token", "max_budget",
	"budget_duration", "total_count"},
    [PROXY_TEAMS] = {"team", "teams", "team_alias", "team_id", "max_budget",
	"budget_duration", "total"},
    [PROXY_PROVIDERS] = {"provider", "providers", NULL, NULL, "budget_limit",
	"time_period", NULL},
};

/* Where rows go, and what of. */
struct budget_reading {
	const struct budget_names *names;
	const struct proxy_budgets *into;
};

const char *
proxy__scope_name(enum proxy_scope scope)
{
	return names[scope].scope;
}

static json_t *
budget_reset(const struct budget_reading *r, const json_t *value)
{
	const char *text = proxy__text(value);
	char shown[SST_TIME_TEXT];
	int64_t ms;

	if (text == NULL || sst_time_parse(text, strlen(text), &ms) != SST_OK ||
	    ms > r->into->now_ms + RESET_MAX_MS)
		return json_null();
	sst_time_format_utc(ms, false, shown);
	return json_string(shown);
}

static json_t *
budget_text(const json_t *value)
{
	const char *text = proxy__text(value);

	return text == NULL || strlen(text) > PERIOD_MAX ? json_null()
							 : json_string(text);
}

/* A key without one of its own may have that of a budget table. */
static double
budget_max(const struct budget_reading *r, const json_t *row)
{
	double max = proxy__number(json_object_get(row, r->names->max));

	if (max < 0)
		max = proxy__number(json_object_get(
		    json_object_get(row, "litellm_budget_table"),
		    "max_budget"));
	return max;
}

static json_t *
budget_left(double max, double spend)
{
	if (max < 0 || spend < 0)
		return json_null();
	return json_real(round((max - spend) * 1e9) / 1e9);
}

/* The name, and how much of it is shown; NULL: there is none. name is the
 * row's key where rows are an object, else NULL. */
static const char *
budget_name(const struct budget_reading *r, const char *name, const json_t *row,
    size_t *len)
{
	const char *id;

	if (name == NULL && r->names->alias != NULL)
		name = proxy__text(json_object_get(row, r->names->alias));
	if (name != NULL && name[0] != '\0') {
		*len = strlen(name);
		return name;
	}
	/* keys are bare hashes when an old build ignores what is asked for */
	id = r->names->id == NULL
		 ? NULL
		 : proxy__text(json_is_string(row)
				   ? row
				   : json_object_get(row, r->names->id));
	*len = id == NULL ? 0 : strlen(id);
	if (r->into->scope != PROXY_KEYS || *len <= HASH_SHOWN)
		return id;
	/* whatever it is, no half a character */
	*len = HASH_SHOWN;
	while (*len > 1 && ((unsigned char)id[*len] & 0xc0U) == 0x80U)
		--*len;
	return id;
}

static bool
budget_fill(const struct budget_reading *r, const json_t *row, json_t *b)
{
	double spend = proxy__number(json_object_get(row, "spend"));
	double max = budget_max(r, row);
	const json_t *blocked = json_object_get(row, "blocked");

	return proxy__set(b, "scope", json_string(r->names->scope)) &&
	       proxy__set(b, "spend_usd", proxy__real(spend)) &&
	       proxy__set(b, "max_usd", proxy__real(max)) &&
	       proxy__set(b, "remaining_usd", budget_left(max, spend)) &&
	       proxy__set(b, "period",
		   budget_text(json_object_get(row, r->names->period))) &&
	       proxy__set(b, "resets_at",
		   budget_reset(r, json_object_get(row, "budget_reset_at"))) &&
	       (r->into->scope == PROXY_PROVIDERS ||
		   (proxy__set(b, "tpm_max",
			proxy__integer(
			    proxy__count(json_object_get(row, "tpm_limit")))) &&
		       proxy__set(b, "rpm_max",
			   proxy__integer(proxy__count(
			       json_object_get(row, "rpm_limit")))) &&
		       proxy__set(b, "blocked",
			   json_is_object(row)
			       ? json_boolean(json_is_true(blocked))
			       : json_null())));
}

/* A row without a name is left out: nobody could tell whose it is. */
static bool
budget_take(const struct budget_reading *r, const char *name, const json_t *row)
{
	size_t len;
	json_t *b;

	if (!json_is_object(row) && !json_is_string(row))
		return true;
	name = budget_name(r, name, row, &len);
	if (name == NULL)
		return true;
	b = json_object();
	if (!proxy__set(b, "name", json_stringn(name, len)) ||
	    !budget_fill(r, row, b)) {
		json_decref(b);
		return false;
	}
	return json_array_append_new(r->into->budgets, b) == 0;
}

static int
budget_rows(const struct budget_reading *r, const json_t *rows,
    struct proxy_page *page, struct sst_error *err)
{
	const char *name;
	bool good = true;
	json_t *row;
	size_t i;

	if (r->into->scope == PROXY_PROVIDERS && json_is_object(rows)) {
		page->rows = json_object_size(rows);
		json_object_foreach((json_t *)(uintptr_t)rows, name, row) good =
		    good && budget_take(r, name, row);
	} else if (json_is_array(rows)) {
		page->rows = json_array_size(rows);
		json_array_foreach(rows, i, row) good =
		    good && budget_take(r, NULL, row);
	} else {
		return sst_error_set(
		    err, SST_TYPE, "/%s: not a list", r->names->list);
	}
	return good ? SST_OK : sst_error_nomem(err);
}

int
proxy__parse_budgets(const char *bytes, size_t len,
    const struct proxy_budgets *into, struct proxy_page *page,
    struct sst_error *err)
{
	const struct budget_reading r = {
	    .names = &names[into->scope],
	    .into = into,
	};
	struct proxy_page told = {.total = -1, .pages = -1};
	json_t *tree = NULL;
	int code;

	code = sst_json_body_parse(bytes, len, &tree, err);
	if (code != SST_OK)
		return code;
	if (json_is_array(tree)) {
		/* the old /team/list */
		code = budget_rows(&r, tree, &told, err);
	} else {
		code = budget_rows(
		    &r, json_object_get(tree, r.names->list), &told, err);
		if (r.names->total != NULL)
			told.total =
			    proxy__count(json_object_get(tree, r.names->total));
		told.pages = proxy__count(json_object_get(tree, "total_pages"));
	}
	json_decref(tree);
	if (code == SST_OK)
		*page = told;
	return code;
}
