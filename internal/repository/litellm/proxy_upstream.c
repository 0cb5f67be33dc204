/* What is known of the proxy itself: parts, budgets, how it is. */
#include "repository/litellm/proxy_priv.h"

#include <math.h>
#include <string.h>

struct upstream {
	struct proxy_round *round;
	struct proxy *p;
	json_t *o;
	json_t *budgets;
	int64_t omitted;
	bool budgets_known;
	bool failed; /* memory */
};

static void
upstream_set(struct upstream *u, const char *name, json_t *value)
{
	if (!proxy__set(u->o, name, value))
		u->failed = true;
}

static const char *
upstream_state(enum proxy_part_state state)
{
	static const char *const names[] = {
	    [PROXY_SYNCING] = "syncing",
	    [PROXY_OK] = "ok",
	    [PROXY_PART_UNSUPPORTED] = "unsupported",
	    [PROXY_PART_FORBIDDEN] = "forbidden",
	    [PROXY_PART_FAILING] = "failing",
	    [PROXY_PART_DISABLED] = "disabled",
	};

	return names[state];
}

static void
upstream_parts(struct upstream *u)
{
	json_t *parts = json_array();
	int i;

	for (i = 0; i < PROXY_PARTS; i++) {
		const struct proxy_part *part = &u->p->parts[i];
		const char *name = proxy__kind((enum proxy_part_id)i)->name;
		json_t *made;

		if (name == NULL)
			continue;
		made = json_pack("{s:s, s:s}", "name", name, "state",
		    upstream_state(part->state));
		if (part->reason[0] != '\0' &&
		    !proxy__set(made, "reason", json_string(part->reason)))
			u->failed = true;
		if (json_array_append_new(parts, made) != 0)
			u->failed = true;
		/* unsupported is how that proxy is, no fault */
		if (part->state == PROXY_PART_FAILING ||
		    part->state == PROXY_PART_FORBIDDEN)
			sst_draft_degrade(u->round->out, part->code, "%s: %s",
			    name, part->reason);
	}
	upstream_set(u, "parts", parts);
}

/*
 * By its own account: what /health/liveliness says, where it has none what
 * /health/readiness says. A probe without an answer makes nothing down: the
 * event loop of a healthy proxy may be blocked for seconds.
 */
static const char *
upstream_status(const struct upstream *u)
{
	const struct proxy *p = u->p;
	bool answers = u->round->answered > 0;

	if (p->silent_probes >= PROXY_DOWN_PROBES)
		return "down";
	if (p->silent_probes > 0)
		return answers ? "degraded" : "unknown";
	if (!p->alive_answered)
		return "unknown";
	if (p->database != NULL && strcmp(p->database, "disconnected") == 0)
		return "degraded";
	if (p->alive_status == 404)
		return p->parts[PROXY_READINESS].state == PROXY_OK ? "ok"
								   : "unknown";
	return p->alive_status / 100 == 2 ? "ok" : "degraded";
}

/* The request that asks is in it; one to a port of its own is not. */
static int64_t
upstream_in_flight(const struct upstream *u)
{
	const struct proxy *p = u->p;
	int64_t count = -1, own = 1;

	if (proxy__part_fresh(u->round, PROXY_BACKLOG)) {
		count = p->in_flight;
	} else if (proxy__part_fresh(u->round, PROXY_METRICS) &&
		   p->usage.in_flight >= 0 && p->usage.in_flight < 9e15) {
		count = llround(p->usage.in_flight);
		own = p->metrics_apart ? 0 : 1;
	}
	if (count < 0)
		return -1;
	return count > own ? count - own : 0;
}

static void
upstream_router(struct upstream *u)
{
	bool fresh = proxy__part_fresh(u->round, PROXY_ROUTER);
	const json_t *told = fresh ? u->p->router : NULL;

	upstream_set(u, "cooldown_seconds",
	    proxy__real(
		proxy__number(json_object_get(told, "cooldown_seconds"))));
	upstream_set(u, "allowed_fails",
	    proxy__integer(
		proxy__count(json_object_get(told, "allowed_fails"))));
}

/* Takes budget over. */
static void
upstream_budget(struct upstream *u, json_t *budget)
{
	if (json_array_size(u->budgets) >= PROXY_BUDGETS_MAX) {
		u->omitted++;
		json_decref(budget);
		return;
	}
	if (json_array_append_new(u->budgets, budget) != 0)
		u->failed = true;
}

/* What gauges say of a budget that cannot be listed. */
static void
upstream_gauges(struct upstream *u, const char *scope)
{
	const json_t *all = u->p->usage.budgets;
	const char *name;
	json_t *row;

	if (!proxy__part_fresh(u->round, PROXY_METRICS))
		return;
	json_object_foreach(json_object_get(all, scope), name, row)
	{
		const json_t *left = json_object_get(row, "left");
		double max = proxy__number(json_object_get(row, "max"));
		bool both = left != NULL && max >= 0;
		double spent = both ? max - json_number_value(left) : -1;

		u->budgets_known = true;
		upstream_budget(u,
		    json_pack("{s:s, s:s, s:o, s:o, s:o}", "scope", scope,
			"name", name, "spend_usd",
			proxy__real(spent < 0 ? -1 : round(spent * 1e9) / 1e9),
			"max_usd", proxy__real(max), "remaining_usd",
			left == NULL ? json_null()
				     : json_real(json_number_value(left))));
	}
}

/* Two budgets of one name (aliases need not be unique) would be one. */
static bool
upstream_twin(json_t *names, const char *name)
{
	if (json_object_get(names, name) != NULL)
		return true;
	proxy__set(names, name, json_true());
	return false;
}

static json_t *
upstream_copy(json_t *names, const json_t *budget)
{
	const char *name = json_string_value(json_object_get(budget, "name"));
	json_t *copy = json_deep_copy(budget);
	int n = 2;

	if (name == NULL || !upstream_twin(names, name))
		return copy;
	for (; n < PROXY_BUDGETS_MAX; n++) {
		json_t *other = json_sprintf("%s (%d)", name, n);

		if (!upstream_twin(names, json_string_value(other))) {
			if (!proxy__set(copy, "name", other)) {
				json_decref(copy);
				return NULL;
			}
			break;
		}
		json_decref(other);
	}
	return copy;
}

static void
upstream_scope(
    struct upstream *u, enum proxy_scope scope, enum proxy_part_id id)
{
	const json_t *list = u->p->budgets[scope];
	size_t i, count = json_array_size(list);
	json_t *names;

	if (u->p->parts[id].state == PROXY_PART_DISABLED)
		return;
	if (!proxy__part_fresh(u->round, id)) {
		upstream_gauges(u, proxy__scope_name(scope));
		return;
	}
	names = json_object();
	u->budgets_known = true;
	for (i = 0; i < count; i++)
		upstream_budget(
		    u, upstream_copy(names, json_array_get(list, i)));
	json_decref(names);
	if (u->p->budgets_total[scope] > (int64_t)count)
		u->omitted += u->p->budgets_total[scope] - (int64_t)count;
}

/* Few providers, more teams, most keys: of what is too much, keys go. */
static void
upstream_budgets(struct upstream *u)
{
	u->budgets = json_array();
	upstream_scope(u, PROXY_PROVIDERS, PROXY_PROVIDER_BUDGETS);
	upstream_scope(u, PROXY_TEAMS, PROXY_TEAM_BUDGETS);
	upstream_scope(u, PROXY_KEYS, PROXY_KEY_BUDGETS);
	if (!u->budgets_known) {
		json_decref(u->budgets);
		return;
	}
	upstream_set(u, "budgets", u->budgets);
	upstream_set(u, "budgets_omitted", json_integer(u->omitted));
}

int
proxy__add_upstream(struct proxy_round *round, struct sst_error *err)
{
	struct upstream u = {.round = round, .p = round->p, .o = json_object()};
	const char *database = u.p->database;

	if (!proxy__part_fresh(round, PROXY_READINESS) || database == NULL)
		database = "unknown";
	upstream_set(&u, "status", json_string(upstream_status(&u)));
	upstream_set(&u, "version",
	    u.p->version[0] != '\0' ? json_string(u.p->version) : json_null());
	upstream_set(&u, "database", json_string(database));
	upstream_set(
	    &u, "in_flight_requests", proxy__integer(upstream_in_flight(&u)));
	upstream_router(&u);
	upstream_parts(&u);
	upstream_budgets(&u);
	if (u.failed) {
		json_decref(u.o);
		return sst_error_nomem(err);
	}
	return sst_draft_upstream(round->out, u.o, err);
}
