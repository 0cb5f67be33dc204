#include "test_scenario_support.h"

#include <stdlib.h>
#include <string.h>

static void
world_engine(struct world *world, int64_t seed, double speed)
{
	const struct sst_engine_options options = {
	    .seed = seed, .speed = speed, .started = {world_start_ms}};
	struct sst_error err = {0};

	ck_assert_msg(sst_engine_new(
			  world->scenario, &options, &world->engine, &err) == 0,
	    "%s", err.text);
}

void
world_open(struct world *world, const char *name, int64_t seed)
{
	struct sst_error err = {0};

	memset(world, 0, sizeof(*world));
	ck_assert_msg(sst_scenario_load(
			  name, SST_SOURCE_DIR, &world->scenario, &err) == 0,
	    "%s", err.text);
	world_engine(world, seed, 1.0);
}

void
world_parse_at(struct world *world, const char *yaml, double speed)
{
	struct sst_error err = {0};

	memset(world, 0, sizeof(*world));
	ck_assert_msg(sst_scenario_parse("test.yaml", yaml, strlen(yaml),
			  &world->scenario, &err) == 0,
	    "%s", err.text);
	world_engine(world, 0, speed);
}

void
world_parse(struct world *world, const char *yaml)
{
	world_parse_at(world, yaml, 1.0);
}

void
world_twin(const struct world *world, int64_t seed, struct world *out)
{
	out->scenario = world->scenario;
	world_engine(out, seed, 1.0);
	out->scenario = NULL;
}

void
world_close(struct world *world)
{
	sst_engine_free(&world->engine);
	sst_scenario_free(&world->scenario);
}

void
world_to(struct world *world, int64_t ms)
{
	struct sst_error err = {0};
	int rc;

	do {
		rc = sst_engine_advance(world->engine, ms, 1000, &err);
	} while (rc == SST_LIMIT);
	ck_assert_msg(rc == 0, "%s", err.text);
}

json_t *
world_json(struct world *world)
{
	json_t *document = json_object(), *array;
	enum sst_section_id section;
	size_t i;

	for (section = 0; section < SST_SECTION_COUNT; section++) {
		array = json_array();
		for (i = 0; i < sst_engine_count(world->engine, section); i++)
			ck_assert_int_eq(
			    json_array_append_new(array,
				sst_engine_entity(world->engine, section, i)),
			    0);
		json_object_set_new(document, sst_section_name(section), array);
	}
	return document;
}

char *
world_text(struct world *world)
{
	json_t *document = world_json(world);
	char *text = json_dumps(document, JSON_COMPACT | JSON_SORT_KEYS);

	ck_assert_ptr_nonnull(text);
	json_decref(document);
	return text;
}

const json_t *
world_at(const json_t *document, const char *path)
{
	char part[64];
	size_t len;

	while (document != NULL && *path != '\0') {
		len = strcspn(path, ".");
		ck_assert_uint_lt(len, sizeof(part));
		memcpy(part, path, len);
		part[len] = '\0';
		path += len + (path[len] == '.');
		document =
		    json_is_array(document)
			? json_array_get(document, strtoul(part, NULL, 10))
			: json_object_get(document, part);
	}
	return document;
}

const char *
world_str(const json_t *document, const char *path)
{
	const char *text = json_string_value(world_at(document, path));

	return text == NULL ? "(none)" : text;
}

long long
world_int(const json_t *document, const char *path)
{
	const json_t *value = world_at(document, path);

	ck_assert_msg(json_is_integer(value), "%s is no integer", path);
	return json_integer_value(value);
}

/* Every id once in `seen`, which says where: "queued" or "running". */
static void
check_tasks(const json_t *document, json_t *seen)
{
	json_t *entity, *task;
	size_t i, k;

	json_array_foreach(json_object_get(document, "agents"), i, entity)
	{
		json_array_foreach(
		    json_object_get(
			json_object_get(entity, "activity"), "active_task_ids"),
		    k, task)
		{
			const char *id = world_str(task, "id");

			ck_assert_msg(json_object_get(seen, id) == NULL,
			    "%s is active twice", id);
			json_object_set_new(seen, id, json_string("running"));
		}
	}
	json_array_foreach(json_object_get(document, "queues"), i, entity)
	{
		json_array_foreach(json_object_get(entity, "tasks"), k, task)
		{
			const char *id = world_str(task, "id");

			ck_assert_msg(json_object_get(seen, id) == NULL,
			    "%s is queued and elsewhere", id);
			json_object_set(
			    seen, id, json_object_get(task, "status"));
		}
	}
}

static void
check_queue(const json_t *queue, const json_t *seen)
{
	json_t *task, *blocker;
	long long sum;
	size_t i, k;

	json_array_foreach(json_object_get(queue, "tasks"), i, task)
	{
		const json_t *by = json_object_get(task, "blocked_by");

		ck_assert_int_eq(
		    strcmp(world_str(task, "status"), "blocked") == 0,
		    json_array_size(by) > 0);
		json_array_foreach(by, k, blocker)
		{
			const char *id = world_str(blocker, "id");

			ck_assert_msg(json_object_get(seen, id) != NULL,
			    "%s waits for %s, which is not open",
			    world_str(task, "id"), id);
			ck_assert_str_eq(
			    world_str(blocker, "status"), world_str(seen, id));
		}
	}
	sum = world_int(queue, "depth.ready") +
	      world_int(queue, "depth.running") +
	      world_int(queue, "depth.delayed") +
	      world_int(queue, "depth.blocked") +
	      world_int(queue, "depth.failed");
	ck_assert_int_eq(sum, world_int(queue, "depth.total"));
	ck_assert_int_eq(sum, (long long)i);
	ck_assert_int_eq(sum, world_int(queue, "tasks_total"));
}

static void
check_workload(const json_t *workload)
{
	long long running = 0;
	json_t *pod;
	size_t i;

	json_array_foreach(json_object_get(workload, "pods"), i, pod) running +=
	    strcmp(world_str(pod, "status"), "Running") == 0;
	ck_assert_int_eq(running, world_int(workload, "live.active_pods"));
}

void
world_check(const json_t *document)
{
	json_t *seen = json_object(), *entity;
	size_t i;

	check_tasks(document, seen);
	json_array_foreach(json_object_get(document, "queues"), i, entity)
	    check_queue(entity, seen);
	json_array_foreach(json_object_get(document, "workload"), i, entity)
	    check_workload(entity);
	json_decref(seen);
}
