/* How the world shows in the document: what follows from other facts is
 * computed here, so that it can never disagree with them. */
#include <stdlib.h>
#include <string.h>

#include "repository/scenario/world.h"

static const char *
view_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text == NULL ? "" : text;
}

static int
view_rank(const json_t *task)
{
	static const char *const levels[] = {
	    "critical", "high", "normal", "low"};
	const char *level =
	    view_text(json_object_get(task, "priority"), "level");
	int i;

	for (i = 0; i < 4; i++) {
		if (strcmp(levels[i], level) == 0)
			return i;
	}
	return 4;
}

static int
view_compare_tasks(const void *a, const void *b)
{
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
	int d = view_rank(x) - view_rank(y);

	if (d == 0)
		d = strcmp(
		    view_text(x, "submitted_at"), view_text(y, "submitted_at"));
	return d != 0 ? d : strcmp(view_text(x, "id"), view_text(y, "id"));
}

static int
view_compare_pods(const void *a, const void *b)
{
	return strcmp(view_text(*(json_t *const *)a, "pod_id"),
	    view_text(*(json_t *const *)b, "pod_id"));
}

static int
view_compare_ids(const void *a, const void *b)
{
	return strcmp(view_text(*(json_t *const *)a, "id"),
	    view_text(*(json_t *const *)b, "id"));
}

static int
view_sort(json_t *array, int (*compare)(const void *, const void *))
{
	size_t i, n = json_array_size(array);
	json_t **items;

	if (n < 2)
		return 0;
	items = calloc(n, sizeof(json_t *));
	if (items == NULL)
		return SST_NOMEM;
	for (i = 0; i < n; i++)
		items[i] = json_incref(json_array_get(array, i));
	qsort(items, n, sizeof(json_t *), compare);
	for (i = 0; i < n; i++)
		json_array_set_new(array, i, items[i]);
	free(items);
	return 0;
}

static json_t *
view_active_tasks(const struct scn_world *world, const struct scn_entity *agent)
{
	json_t *array = json_array();
	const struct scn_task *task;
	size_t i;

	for (i = 0; array != NULL && i < world->task_count; i++) {
		task = world->tasks[i];
		if (task->agent != agent)
			continue;
		if (json_array_append_new(array,
			json_pack("{s:s,s:s?,s:s}", "id", task->id,
			    "started_on",
			    task->started_known ? task->started_on : NULL,
			    "status", task->status)) != 0) {
			json_decref(array);
			return NULL;
		}
	}
	if (array != NULL && view_sort(array, view_compare_ids) != 0) {
		json_decref(array);
		return NULL;
	}
	return array;
}

/* running: has work; busy: has as much as it may have, or more. */
static const char *
view_agent_status(const json_t *agent, size_t active)
{
	const json_t *max = json_object_get(agent, "max_parallel_invocations");

	if (active == 0)
		return "idle";
	if (json_is_integer(max) &&
	    (json_int_t)active >= json_integer_value(max))
		return "busy";
	return "running";
}

static int
view_agent(const struct scn_world *world, const struct scn_entity *entity,
    json_t *tree)
{
	json_t *activity = json_object_get(tree, "activity");
	const char *status;
	size_t active;

	if (json_object_get(activity, "active_task_ids") != NULL) {
		/* null: nobody can tell what it does */
		if (json_object_get(tree, "status") != NULL)
			return 0;
		return json_object_set_new(
		    tree, "status", json_string("unknown"));
	}
	if (json_object_set_new(activity, "active_task_ids",
		view_active_tasks(world, entity)) != 0)
		return SST_NOMEM;
	if (json_object_get(tree, "status") != NULL)
		return 0;
	active = json_array_size(json_object_get(activity, "active_task_ids"));
	status = view_agent_status(tree, active);
	return json_object_set_new(tree, "status", json_string(status));
}

static int
view_workload(json_t *tree)
{
	json_t *live = json_object_get(tree, "live");
	json_t *pods = json_object_get(tree, "pods"), *pod;
	json_int_t active = 0, ready = 0;
	bool running;
	size_t i;
	int bad = 0;

	json_array_foreach(pods, i, pod)
	{
		running = strcmp(view_text(pod, "status"), "Running") == 0;
		active += running;
		ready +=
		    running && !json_is_false(json_object_get(pod, "ready"));
	}
	if (!json_is_null(json_object_get(live, "active_pods"))) {
		bad |= json_object_set_new(
		    live, "active_pods", json_integer(active));
		bad |= json_object_set_new(
		    live, "ready_pods", json_integer(ready));
	}
	bad |= view_sort(pods, view_compare_pods);
	return bad;
}

static json_t *
view_blockers(const struct scn_world *world, const json_t *ids)
{
	json_t *array = json_array(), *id;
	const struct scn_task *task;
	const char *queue;
	size_t i;

	json_array_foreach(ids, i, id)
	{
		task = scenario__find_task(world, json_string_value(id));
		if (task == NULL)
			continue;
		queue = task->agent != NULL || task->queue == NULL
			    ? NULL
			    : view_text(task->queue->tree, "name");
		if (json_array_append_new(array,
			json_pack("{s:s,s:s?,s:s}", "id", task->id, "queue",
			    queue, "status", scenario__task_status(task))) !=
		    0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *
view_task(const struct scn_world *world, const struct scn_task *task)
{
	json_t *tree = json_deep_copy(task->tree);
	json_t *ids = json_object_get(task->tree, "blocked_by");
	int bad;

	if (tree == NULL || ids == NULL)
		return tree;
	bad =
	    json_object_set_new(tree, "blocked_by", view_blockers(world, ids));
	bad |= json_object_set_new(
	    tree, "deadlocked", json_boolean(task->hopeless));
	if (bad == 0)
		return tree;
	json_decref(tree);
	return NULL;
}

/* Which figure of depth counts a status. */
static size_t
view_depth_slot(const char *status)
{
	static const char *const slots[][2] = {
	    {"queued", "\0"},
	    {"reserved", "\1"},
	    {"running", "\1"},
	    {"scheduled", "\2"},
	    {"retrying", "\2"},
	    {"blocked", "\3"},
	    {"failed", "\4"},
	    {"dead", "\4"},
	};
	size_t i;

	for (i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
		if (strcmp(slots[i][0], status) == 0)
			return (size_t)slots[i][1][0];
	}
	return 0;
}

static json_t *
view_depth(const json_t *tasks)
{
	json_int_t n[5] = {0, 0, 0, 0, 0};
	json_t *task;
	size_t i;

	json_array_foreach(tasks, i, task)
	    n[view_depth_slot(view_text(task, "status"))]++;
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I}", "ready", n[0], "running",
	    n[1], "delayed", n[2], "blocked", n[3], "failed", n[4], "total",
	    (json_int_t)json_array_size(tasks));
}

static json_t *
view_oldest(const json_t *tasks)
{
	const char *oldest = NULL, *at;
	json_t *task;
	size_t i;

	json_array_foreach(tasks, i, task)
	{
		at = view_text(task, "submitted_at");
		if (*at != '\0' && (oldest == NULL || strcmp(at, oldest) < 0))
			oldest = at;
	}
	return oldest == NULL ? json_null() : json_string(oldest);
}

static int
view_queue(
    struct scn_world *world, const struct scn_entity *entity, json_t *tree)
{
	json_t *tasks = json_array();
	json_int_t n;
	size_t i;
	int bad;

	bad = json_object_set_new(tree, "tasks", tasks);
	scenario__find_deadlocks(world);
	for (i = 0; bad == 0 && i < world->task_count; i++) {
		if (world->tasks[i]->queue != entity ||
		    world->tasks[i]->agent != NULL)
			continue;
		bad |= json_array_append_new(
		    tasks, view_task(world, world->tasks[i]));
	}
	if (bad != 0 || view_sort(tasks, view_compare_tasks) != 0)
		return SST_NOMEM;
	if (json_object_get(tree, "depth") != NULL) {
		/* told by the scenario: a queue that does not list its tasks */
		bad |= json_object_get(tree, "tasks_detail") == NULL
			   ? json_object_set_new(tree, "tasks_detail",
				 json_string("counts_only"))
			   : 0;
		bad |= json_object_get(tree, "tasks_total") == NULL
			   ? json_object_set(tree, "tasks_total",
				 json_object_get(
				     json_object_get(tree, "depth"), "total"))
			   : 0;
		bad |= json_object_get(tree, "tasks_omitted") == NULL
			   ? json_object_set_new(
				 tree, "tasks_omitted", json_null())
			   : 0;
		return bad;
	}
	n = (json_int_t)json_array_size(tasks);
	bad |= json_object_set_new(tree, "depth", view_depth(tasks));
	bad |= json_object_set_new(
	    tree, "oldest_submitted_at", view_oldest(tasks));
	bad |= json_object_set_new(tree, "tasks_detail", json_string("full"));
	bad |= json_object_set_new(tree, "tasks_total", json_integer(n));
	bad |= json_object_set_new(tree, "tasks_omitted", json_integer(0));
	return bad;
}

json_t *
scenario__view(struct scn_world *world, enum sst_section_id section,
    const struct scn_entity *entity)
{
	json_t *tree = json_deep_copy(entity->tree);
	int bad = 0;

	if (tree == NULL)
		return NULL;
	if (section == SST_SECTION_AGENTS)
		bad = view_agent(world, entity, tree);
	else if (section == SST_SECTION_WORKLOAD)
		bad = view_workload(tree);
	else if (section == SST_SECTION_QUEUES)
		bad = view_queue(world, entity, tree);
	if (bad == 0)
		return tree;
	json_decref(tree);
	return NULL;
}
