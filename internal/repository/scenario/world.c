#include "repository/scenario/world.h"

#include <stdlib.h>
#include <string.h>

static const char *const stamp_parents[SST_SECTION_COUNT] = {
    [SST_SECTION_AGENTS] = "activity",
    [SST_SECTION_WORKLOAD] = "live",
};

struct scn_entity *
scenario__find(const struct scn_world *world, enum sst_section_id section,
    const char *name)
{
	const struct scn_list *list = &world->sections[section];
	size_t i;

	for (i = 0; name != NULL && i < list->count; i++) {
		if (scenario__is_called(section, list->items[i]->tree, name))
			return list->items[i];
	}
	return NULL;
}

void
scenario__touch(struct scn_world *world, enum sst_section_id section,
    struct scn_entity *entity)
{
	json_t *at = entity->tree;

	entity->version = ++world->version;
	if (section == SST_SECTION_LITELLM || world->filling)
		return;
	if (stamp_parents[section] != NULL)
		at = json_object_get(at, stamp_parents[section]);
	json_object_del(at, "updated_at");
}

/* Room for one more pointer. */
static int
world_grow(void ***items, size_t count, size_t *cap)
{
	size_t more = *cap == 0 ? 16 : *cap * 2;
	void **grown;

	if (count < *cap)
		return 0;
	grown = realloc(*items, more * sizeof(**items));
	if (grown == NULL)
		return SST_NOMEM;
	*items = grown;
	*cap = more;
	return 0;
}

int
scenario__add_entity(struct scn_world *world, enum sst_section_id section,
    json_t *tree, struct scn_entity **out)
{
	struct scn_list *list = &world->sections[section];
	struct scn_entity *entity = NULL;
	void **items = (void **)list->items;
	int rc = SST_LIMIT;

	if (list->count < SCN_ENTITIES_MAX) {
		rc = world_grow(&items, list->count, &list->cap);
		list->items = (struct scn_entity **)items;
		if (rc == 0)
			entity = calloc(1, sizeof(*entity));
		if (rc == 0 && entity == NULL)
			rc = SST_NOMEM;
	}
	if (rc != 0) {
		json_decref(tree);
		return rc;
	}
	entity->tree = tree;
	entity->version = ++world->version;
	list->items[list->count++] = entity;
	*out = entity;
	return 0;
}

void
scenario__drop_entity(struct scn_world *world, enum sst_section_id section,
    struct scn_entity *entity)
{
	struct scn_list *list = &world->sections[section];
	struct scn_task *task;
	size_t i = 0;

	while (i < world->task_count) {
		task = world->tasks[i];
		if (task->agent == entity ||
		    (task->agent == NULL && task->queue == entity)) {
			scenario__drop_task(world, task);
			continue;
		}
		if (task->queue == entity)
			task->queue = NULL;
		i++;
	}
	for (i = 0; i < list->count && list->items[i] != entity; i++)
		continue;
	memmove(&list->items[i], &list->items[i + 1],
	    (list->count - i - 1) * sizeof(list->items[0]));
	list->count--;
	world->version++;
	json_decref(entity->tree);
	free(entity);
}

json_t *
scenario__find_pod(const struct scn_entity *workload, const char *pod_id)
{
	json_t *pods = json_object_get(workload->tree, "pods");
	const char *id;
	json_t *pod;
	size_t i;

	json_array_foreach(pods, i, pod)
	{
		id = json_string_value(json_object_get(pod, "pod_id"));
		if (id != NULL && pod_id != NULL && strcmp(id, pod_id) == 0)
			return pod;
	}
	return NULL;
}

static int
fill_queue(struct scn_world *world, struct scn_entity *queue)
{
	json_t *tasks = json_incref(json_object_get(queue->tree, "tasks"));
	struct scn_task *task;
	json_t *tree;
	size_t i;
	int rc = 0;

	json_object_del(queue->tree, "tasks");
	json_array_foreach(tasks, i, tree)
	{
		rc = scenario__add_task(world, json_incref(tree), queue, &task);
		if (rc != 0)
			break;
	}
	json_decref(tasks);
	return rc;
}

static int
fill_agent_task(
    struct scn_world *world, struct scn_entity *agent, const json_t *active)
{
	struct scn_task *task;
	json_t *tree;
	int rc;

	tree = json_pack("{s:O}", "id", json_object_get(active, "id"));
	if (tree == NULL)
		return SST_NOMEM;
	rc = scenario__add_task(world, tree, NULL, &task);
	if (rc != 0)
		return rc;
	scenario__start_task(world, task, agent,
	    json_string_value(json_object_get(active, "started_on")));
	strncpy(task->status,
	    json_string_value(json_object_get(active, "status")),
	    sizeof(task->status) - 1);
	return 0;
}

/* A null list stays in the tree: it says that activity is unknown. */
static int
fill_agent(struct scn_world *world, struct scn_entity *agent)
{
	json_t *activity = json_object_get(agent->tree, "activity");
	json_t *tasks, *task;
	size_t i;
	int rc = 0;

	tasks = json_object_get(activity, "active_task_ids");
	if (!json_is_array(tasks))
		return 0;
	json_incref(tasks);
	json_object_del(activity, "active_task_ids");
	json_array_foreach(tasks, i, task)
	{
		rc = fill_agent_task(world, agent, task);
		if (rc != 0)
			break;
	}
	json_decref(tasks);
	return rc;
}

int
scenario__settle(struct scn_world *world, enum sst_section_id section,
    struct scn_entity *entity)
{
	if (section == SST_SECTION_QUEUES)
		return fill_queue(world, entity);
	if (section == SST_SECTION_AGENTS)
		return fill_agent(world, entity);
	return 0;
}

/* Once all tasks are there: who waits for whom. */
static void
fill_blockers(struct scn_world *world)
{
	struct scn_task *task;
	json_t *ids;
	size_t i;

	for (i = 0; i < world->task_count; i++) {
		task = world->tasks[i];
		ids = json_incref(json_object_get(task->tree, "blocked_by"));
		json_object_del(task->tree, "blocked_by");
		if (json_array_size(ids) > 0)
			scenario__block_task(world, task, ids);
		json_decref(ids);
	}
}

static int
fill_section(struct scn_world *world, enum sst_section_id section,
    const json_t *templates, const struct scn_moment *moment)
{
	struct scn_entity *entity;
	json_t *template, *tree;
	size_t i;
	int rc = 0;

	json_array_foreach(templates, i, template)
	{
		tree = scenario__close(template, moment);
		if (tree == NULL)
			return SST_NOMEM;
		rc = scenario__add_entity(world, section, tree, &entity);
		if (rc == 0)
			rc = scenario__settle(world, section, entity);
		if (rc != 0)
			return rc;
	}
	return 0;
}

int
scenario__world_fill(struct scn_world *world, const struct sst_scenario *plan,
    const struct scn_moment *moment)
{
	int rc = 0, i;

	world->filling = true;
	for (i = 0; i < SST_SECTION_COUNT && rc == 0; i++)
		rc = fill_section(
		    world, (enum sst_section_id)i, plan->sections[i], moment);
	if (rc == 0)
		fill_blockers(world);
	world->filling = false;
	return rc;
}

void
scenario__world_clear(struct scn_world *world)
{
	struct scn_list *list;
	size_t i, k;

	for (i = 0; i < SST_SECTION_COUNT; i++) {
		list = &world->sections[i];
		for (k = 0; k < list->count; k++) {
			json_decref(list->items[k]->tree);
			free(list->items[k]);
		}
		free(list->items);
		memset(list, 0, sizeof(*list));
	}
	for (i = 0; i < world->task_count; i++) {
		json_decref(world->tasks[i]->tree);
		free(world->tasks[i]);
	}
	free(world->tasks);
	world->tasks = NULL;
	world->task_count = 0;
	world->task_cap = 0;
	world->version++;
}
