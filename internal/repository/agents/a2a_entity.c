/* What the document shows of agents, and of how they are read. */
#include "repository/agents/a2a_priv.h"

#include <stdlib.h>
#include <string.h>

/* What a failure to read the card says about the agent. */
static const char *
status_of_error(const struct a2a_agent *agent)
{
	if (agent->lost)
		return "offline";
	switch (agent->card_error.code) {
	case SST_UNAUTHORIZED:
	case SST_FORBIDDEN:
	case SST_NOT_FOUND:
	case SST_RATE_LIMITED:
	case SST_IO: /* our token could not be read */
	case SST_INVALID:
		return "unknown";
	default:
		return "error";
	}
}

static const char *
entity_status(const struct a2a_agent *agent)
{
	size_t i;

	if (agent->lost || agent->card_error.code != SST_OK)
		return status_of_error(agent);
	if (agent->tasks_part != A2A_PART_OK)
		return "running";
	for (i = 0; i < agent->tasks.count; i++) {
		if (agent->tasks.rows[i].state == A2A_WORKING ||
		    agent->tasks.rows[i].state == A2A_SUBMITTED)
			return "busy";
	}
	return "idle"; /* also when all of them wait for somebody */
}

static int
compare_tasks(const void *a, const void *b)
{
	const struct a2a_task *x = a, *y = b;

	return strcmp(x->id, y->id);
}

/* By id; null when they are not known, or were before it was lost. The time of
 * a status is that of its last change, not of the start of the task. */
static json_t *
entity_tasks(const struct a2a_agent *agent)
{
	const struct a2a_tasks *tasks = &agent->tasks;
	json_t *array;
	size_t i;

	if (agent->lost || agent->card_error.code != SST_OK ||
	    agent->tasks_part != A2A_PART_OK)
		return json_null();
	if (tasks->count > 1)
		qsort(tasks->rows, tasks->count, sizeof(*tasks->rows),
		    compare_tasks);
	array = json_array();
	for (i = 0; i < tasks->count; i++) {
		if (json_array_append_new(array,
			json_pack("{s:s, s:n, s:s}", "id", tasks->rows[i].id,
			    "started_on", "status",
			    a2a__state_name(tasks->rows[i].state))) != 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *
entity_skills(const struct a2a_card *card)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < card->skill_count; i++) {
		if (json_array_append_new(
			array, json_string(card->skills[i])) != 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

json_t *
a2a__entity(const struct a2a_agent *agent)
{
	const struct a2a_card *card = &agent->card;

	if (!agent->known)
		return NULL;
	return json_pack("{s:s, s:s, s:n, s:n, s:[], s:{s:o}, s:n, s:s, s:s?, "
			 "s:s, s:o}",
	    "name", card->name, "description", card->description,
	    "max_parallel_invocations", "deployment_name", "models", "activity",
	    "active_task_ids", entity_tasks(agent), "namespace", "status",
	    entity_status(agent), "version", card->version, "url",
	    card->url != NULL ? card->url : agent->url, "skills",
	    entity_skills(card));
}

static const char *
part_name(enum a2a_part part)
{
	static const char *const names[] = {
	    [A2A_PART_SYNCING] = "syncing",
	    [A2A_PART_OK] = "ok",
	    [A2A_PART_UNSUPPORTED] = "unsupported",
	    [A2A_PART_FORBIDDEN] = "forbidden",
	    [A2A_PART_FAILING] = "failing",
	    [A2A_PART_DISABLED] = "disabled",
	};

	return names[part];
}

static enum a2a_part
part_of_card(const struct a2a_agent *agent)
{
	switch (agent->card_error.code) {
	case SST_OK:
		return agent->known ? A2A_PART_OK : A2A_PART_SYNCING;
	case SST_UNAUTHORIZED:
	case SST_FORBIDDEN:
		return A2A_PART_FORBIDDEN;
	default:
		return A2A_PART_FAILING;
	}
}

static int
parts_add(json_t *parts, const char *what, const struct a2a_agent *agent,
    enum a2a_part part)
{
	const struct sst_error *why =
	    what[0] == 'c' ? &agent->card_error : &agent->tasks_error;

	return json_array_append_new(parts,
	    json_pack("{s:s++, s:s, s:s?}", "name", what, " of ", agent->url,
		"state", part_name(part), "reason",
		part == A2A_PART_OK || why->code == SST_OK ? NULL : why->text));
}

json_t *
a2a__upstream(const struct a2a_agent *agents, size_t count)
{
	json_t *parts = json_array();
	size_t i, failing = 0;
	enum a2a_part part;
	int rc = 0;

	for (i = 0; i < count && rc == 0; i++) {
		part = part_of_card(&agents[i]);
		failing +=
		    part == A2A_PART_FAILING || part == A2A_PART_FORBIDDEN;
		rc |= parts_add(parts, "card", &agents[i], part);
		rc |=
		    parts_add(parts, "tasks", &agents[i], agents[i].tasks_part);
	}
	if (parts == NULL || rc != 0) {
		json_decref(parts);
		return NULL;
	}
	return json_pack("{s:s, s:o}", "status",
	    failing == 0       ? "ok"
	    : failing == count ? "down"
			       : "degraded",
	    "parts", parts);
}
