/* Tasks of the world: where they are and what they wait for. */
#include <stdlib.h>
#include <string.h>

#include "repository/scenario/world.h"

struct scn_task *
scenario__find_task(const struct scn_world *world, const char *id)
{
	size_t i;

	for (i = 0; id != NULL && i < world->task_count; i++) {
		if (strcmp(world->tasks[i]->id, id) == 0)
			return world->tasks[i];
	}
	return NULL;
}

const char *
scenario__task_status(const struct scn_task *task)
{
	const char *status;

	if (task->agent != NULL)
		return "running";
	status = json_string_value(json_object_get(task->tree, "status"));
	return status == NULL ? "unknown" : status;
}

/* What a queue shows of a blocked task tells of the blockers too. */
static void
tasks_touch_waiting(struct scn_world *world)
{
	struct scn_entity *queue;
	size_t i;

	for (i = 0; i < world->task_count; i++) {
		queue = world->tasks[i]->queue;
		if (queue != NULL && queue->version != world->version &&
		    json_object_get(world->tasks[i]->tree, "blocked_by") !=
			NULL)
			scenario__touch(world, SST_SECTION_QUEUES, queue);
	}
}

void
scenario__touch_task(struct scn_world *world, struct scn_task *task)
{
	if (task->queue != NULL)
		scenario__touch(world, SST_SECTION_QUEUES, task->queue);
	if (task->agent != NULL)
		scenario__touch(world, SST_SECTION_AGENTS, task->agent);
	tasks_touch_waiting(world);
}

int
scenario__add_task(struct scn_world *world, json_t *tree,
    struct scn_entity *queue, struct scn_task **out)
{
	struct scn_task *task = NULL, **tasks = world->tasks;
	size_t cap = world->task_cap;
	int rc = SST_LIMIT;

	if (world->task_count < SCN_TASKS_MAX) {
		rc = SST_NOMEM;
		if (world->task_count == cap) {
			cap = cap == 0 ? 32 : cap * 2;
			tasks = realloc(tasks, cap * sizeof(*tasks));
		}
		if (tasks != NULL) {
			world->tasks = tasks;
			world->task_cap = cap;
			task = calloc(1, sizeof(*task));
		}
	}
	if (task == NULL) {
		json_decref(tree);
		return rc;
	}
	task->tree = tree;
	task->id = json_string_value(json_object_get(tree, "id"));
	task->queue = queue;
	world->tasks[world->task_count++] = task;
	*out = task;
	return 0;
}

/* Takes one id out of a list of ids; true when it was there. */
static bool
tasks_forget(json_t *ids, const char *id)
{
	size_t i;

	for (i = 0; i < json_array_size(ids); i++) {
		if (strcmp(json_string_value(json_array_get(ids, i)), id) == 0)
			return json_array_remove(ids, i) == 0;
	}
	return false;
}

static void
tasks_unblock(struct scn_world *world, const char *id)
{
	struct scn_task *task;
	json_t *ids;
	size_t i;

	for (i = 0; i < world->task_count; i++) {
		task = world->tasks[i];
		ids = json_object_get(task->tree, "blocked_by");
		if (ids == NULL || !tasks_forget(ids, id))
			continue;
		if (json_array_size(ids) == 0) {
			json_object_del(task->tree, "blocked_by");
			json_object_set_new(
			    task->tree, "status", json_string("queued"));
		}
		scenario__touch(world, SST_SECTION_QUEUES, task->queue);
	}
}

void
scenario__drop_task(struct scn_world *world, struct scn_task *task)
{
	size_t i;

	scenario__touch_task(world, task);
	for (i = 0; world->tasks[i] != task; i++)
		continue;
	memmove(&world->tasks[i], &world->tasks[i + 1],
	    (world->task_count - i - 1) * sizeof(world->tasks[0]));
	world->task_count--;
	tasks_unblock(world, task->id);
	json_decref(task->tree);
	free(task);
}

void
scenario__start_task(struct scn_world *world, struct scn_task *task,
    struct scn_entity *agent, const char *started_on)
{
	task->agent = agent;
	task->run = ++world->runs;
	task->started_known = started_on != NULL;
	if (started_on != NULL)
		strncpy(
		    task->started_on, started_on, sizeof(task->started_on) - 1);
	memset(task->status, 0, sizeof(task->status));
	memcpy(task->status, "running", sizeof("running"));
	scenario__touch_task(world, task);
}

size_t
scenario__count_active(
    const struct scn_world *world, const struct scn_entity *agent)
{
	size_t i, n = 0;

	for (i = 0; i < world->task_count; i++)
		n += world->tasks[i]->agent == agent;
	return n;
}

bool
scenario__block_task(
    struct scn_world *world, struct scn_task *task, const json_t *ids)
{
	json_t *open = json_array(), *id;
	size_t i;

	json_array_foreach(ids, i, id)
	{
		if (scenario__find_task(world, json_string_value(id)) != NULL)
			json_array_append(open, id);
	}
	if (json_array_size(open) == 0) {
		json_decref(open);
		return false;
	}
	json_object_set_new(task->tree, "blocked_by", open);
	json_object_set_new(task->tree, "status", json_string("blocked"));
	scenario__touch_task(world, task);
	return true;
}

/* Can it finish, judged by what is known of its blockers so far? */
static bool
tasks_hopeful(const struct scn_world *world, const struct scn_task *task)
{
	json_t *ids = json_object_get(task->tree, "blocked_by"), *id;
	const char *status = scenario__task_status(task);
	const struct scn_task *blocker;
	size_t i;

	if (task->agent != NULL)
		return true;
	if (strcmp(status, "failed") == 0 || strcmp(status, "dead") == 0)
		return false;
	json_array_foreach(ids, i, id)
	{
		blocker = scenario__find_task(world, json_string_value(id));
		if (blocker != NULL && blocker->hopeless)
			return false;
	}
	return true;
}

/* The least set of tasks that can finish: whoever never gets into it waits in
 * a ring, for a ring, or for a failure. */
void
scenario__find_deadlocks(struct scn_world *world)
{
	bool more = true;
	size_t i;

	if (world->deadlocks_at == world->version)
		return;
	world->deadlocks_at = world->version;
	for (i = 0; i < world->task_count; i++)
		world->tasks[i]->hopeless = true;
	while (more) {
		more = false;
		for (i = 0; i < world->task_count; i++) {
			if (!world->tasks[i]->hopeless ||
			    !tasks_hopeful(world, world->tasks[i]))
				continue;
			world->tasks[i]->hopeless = false;
			more = true;
		}
	}
}
