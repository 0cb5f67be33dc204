/* Entities rewritten so that a task is in one place. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "model/encode.h"
#include "service/settle_priv.h"

enum { DATE_LEN = 20 }; /* 2026-01-01T00:00:00Z */

/* The changed-at text, not ended; NULL when there is none. */
static const char *
apply_date(const struct sst_entity *entity)
{
	if (entity->stamp == 0 || entity->stamp + DATE_LEN > entity->json_len)
		return NULL;
	return sst_entity_json(entity) + entity->stamp;
}

static const char *
apply_newer(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a != NULL ? a : b;
	return memcmp(a, b, DATE_LEN) >= 0 ? a : b;
}

static json_t *
apply_tree(const char *text, size_t len)
{
	return json_loadb(text, len, JSON_DECODE_ANY, NULL);
}

/* What is said of the task by the agent that has it. */
static int
apply_owner(json_t *task, const struct settle_meeting *m,
    const struct sst_entity *agent)
{
	json_t *active = apply_tree(m->claim->item.at, m->claim->item.len);
	json_t *started = json_object_get(active, "started_on");
	int rc = json_object_set_new(task, "assigned_to",
	    json_stringn(sst_entity_key(agent), agent->key_len));

	if (m->runs)
		rc |= json_object_set_new(
		    task, "status", json_string("running"));
	if (m->runs && json_is_string(started))
		rc |= json_object_set(task, "started_at", started);
	json_decref(active);
	return rc;
}

static int
apply_task(const struct sst_contract *contract, const struct sst_entity *old,
    json_t *task, struct sst_entity **out, struct sst_error *err)
{
	const struct sst_contract_section *how =
	    &contract->sections[SST_SECTION_QUEUES];
	struct sst_entity_parts parts = {.key = sst_entity_key(old),
	    .key_len = old->key_len,
	    .order = sst_entity_order(old),
	    .order_len = old->order_len};
	struct sst_buf b = SST_BUF_INIT;
	struct sst_encoding met;
	int rc;

	if (!sst_schema_valid(how->child_schema, task))
		return sst_error_set(err, SST_INTERNAL,
		    "a task on an agent does not conform");
	sst_encode_object(how->children->shape, task, &b, &met);
	parts.json = b.data;
	parts.json_len = b.len;
	parts.stamp = met.stamp;
	rc = sst_buf_failed(&b) ? sst_error_nomem(err)
				: sst_entity_new(&parts, out, err);
	sst_buf_fini(&b);
	return rc;
}

static int
apply_meeting(const struct sst_contract *contract, struct sst_entity **task,
    const struct settle_meeting *m, const struct sst_entity *agent,
    struct sst_error *err)
{
	struct sst_entity *made = NULL;
	json_t *tree = apply_tree(sst_entity_json(*task), (*task)->json_len);
	int rc;

	if (tree == NULL || apply_owner(tree, m, agent) != 0)
		rc = sst_error_nomem(err);
	else
		rc = apply_task(contract, *task, tree, &made, err);
	json_decref(tree);
	if (rc == SST_OK) {
		sst_entity_release(task);
		*task = made;
	}
	return rc;
}

/* The queue around its tasks, dated anew. */
static int
apply_queue(struct sst_entity **queue, struct sst_entity *const *tasks,
    const char *date, struct sst_error *err)
{
	const struct sst_entity *old = *queue;
	struct sst_entity_parts parts = {.key = sst_entity_key(old),
	    .key_len = old->key_len,
	    .order = sst_entity_order(old),
	    .order_len = old->order_len,
	    .json_len = old->json_len,
	    .hole = old->hole,
	    .stamp = old->stamp,
	    .children = tasks,
	    .child_count = old->child_count};
	struct sst_entity *made;
	char *json = malloc(old->json_len + 1);
	int rc;

	if (json == NULL)
		return sst_error_nomem(err);
	memcpy(json, sst_entity_json(old), old->json_len + 1);
	if (date != NULL && apply_date(old) != NULL)
		memmove(json + old->stamp, date, DATE_LEN);
	parts.json = json;
	rc = sst_entity_new(&parts, &made, err);
	free(json);
	if (rc == SST_OK) {
		sst_entity_release(queue);
		*queue = made;
	}
	return rc;
}

int
settle__queue(const struct settle_scene *scene,
    const struct settle_meeting *meetings, size_t count, struct sst_error *err)
{
	struct sst_entity **queue =
	    &scene->queues->entities[meetings[0].queue];
	size_t n = (*queue)->child_count, i;
	struct sst_entity **tasks = malloc(n * sizeof(struct sst_entity *));
	const struct sst_entity *agent;
	const char *date = apply_date(*queue);
	int rc = SST_OK;

	if (tasks == NULL)
		return sst_error_nomem(err);
	for (i = 0; i < n; i++)
		tasks[i] = sst_entity_acquire((*queue)->children[i]);
	for (i = 0; rc == SST_OK && i < count; i++) {
		agent = scene->agents->entities[meetings[i].claim->agent];
		date = apply_newer(date, apply_date(agent));
		rc = apply_meeting(scene->contract, &tasks[meetings[i].task],
		    &meetings[i], agent, err);
	}
	if (rc == SST_OK)
		rc = apply_queue(queue, tasks, date, err);
	for (i = 0; i < n; i++)
		sst_entity_release(&tasks[i]);
	free(tasks);
	return rc;
}

static bool
apply_is_dropped(const json_t *active, const struct settle_claim *claims,
    size_t count)
{
	const json_t *id = json_object_get(active, "id");
	struct sst_hash hash;
	size_t i;

	hash = sst_hash_bytes(json_string_value(id), json_string_length(id));
	for (i = 0; i < count; i++) {
		if (claims[i].dropped && sst_hash_equal(claims[i].id, hash))
			return true;
	}
	return false;
}

static int
apply_drop(json_t *agent, const struct settle_claim *claims, size_t count,
    const char *date)
{
	json_t *activity = json_object_get(agent, "activity");
	json_t *active = json_object_get(activity, "active_task_ids");
	size_t i = 0;
	int rc = 0;

	while (i < json_array_size(active)) {
		if (apply_is_dropped(json_array_get(active, i), claims, count))
			rc |= json_array_remove(active, i);
		else
			i++;
	}
	if (date != NULL)
		rc |= json_object_set_new(
		    activity, "updated_at", json_stringn(date, DATE_LEN));
	return rc;
}

static int
apply_agent(const struct sst_contract *contract, struct sst_entity **agent,
    const json_t *tree, struct sst_error *err)
{
	const struct sst_contract_section *how =
	    &contract->sections[SST_SECTION_AGENTS];
	struct sst_entity_parts parts = {.key = sst_entity_key(*agent),
	    .key_len = (*agent)->key_len};
	struct sst_buf b = SST_BUF_INIT;
	struct sst_entity *made;
	struct sst_encoding met;
	int rc;

	if (!sst_schema_valid(how->schema, tree))
		return sst_error_set(err, SST_INTERNAL,
		    "an agent without a task does not conform");
	sst_encode_object(how->shape, tree, &b, &met);
	parts.json = b.data;
	parts.json_len = b.len;
	parts.stamp = met.stamp;
	rc = sst_buf_failed(&b) ? sst_error_nomem(err)
				: sst_entity_new(&parts, &made, err);
	sst_buf_fini(&b);
	if (rc == SST_OK) {
		sst_entity_release(agent);
		*agent = made;
	}
	return rc;
}

int
settle__agent(const struct settle_scene *scene,
    const struct settle_claim *claims, size_t count, struct sst_error *err)
{
	struct sst_entity **agent = &scene->agents->entities[claims[0].agent];
	json_t *tree = apply_tree(sst_entity_json(*agent), (*agent)->json_len);
	const char *date = apply_date(*agent);
	const struct sst_entity *queue;
	size_t i;
	int rc;

	for (i = 0; i < count; i++) {
		queue = scene->queues->entities[claims[i].queue];
		if (claims[i].dropped)
			date = apply_newer(date, apply_date(queue));
	}
	if (tree == NULL || apply_drop(tree, claims, count, date) != 0)
		rc = sst_error_nomem(err);
	else
		rc = apply_agent(scene->contract, agent, tree, err);
	json_decref(tree);
	return rc;
}
