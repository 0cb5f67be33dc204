/* `set` and `remove`: whatever has no operation of its own, by path. */
#include "repository/scenario/ops.h"

#include <stdlib.h>
#include <string.h>

enum { PATH_PARTS = 8, PATH_TEXT = 1600 };

/* "/agents/agent-1/description" in its parts, ~1 and ~0 decoded. */
struct path {
	char text[PATH_TEXT];
	const char *parts[PATH_PARTS];
	size_t count;
};

static bool
path_decode(char *part)
{
	char *to = part;

	for (; *part != '\0'; part++, to++) {
		*to = *part;
		if (*part != '~')
			continue;
		part++;
		if (*part != '0' && *part != '1')
			return false;
		*to = *part == '0' ? '~' : '/';
	}
	*to = '\0';
	return true;
}

static bool
path_split(const char *text, struct path *path)
{
	char *p = path->text;

	path->count = 0;
	if (text == NULL || text[0] != '/' || strlen(text) >= PATH_TEXT)
		return false;
	memcpy(path->text, text, strlen(text) + 1);
	while (p != NULL) {
		*p++ = '\0';
		if (path->count == PATH_PARTS)
			return false;
		path->parts[path->count++] = p;
		p = strchr(p, '/');
	}
	for (size_t i = 0; i < path->count; i++) {
		/* the parts are in path->text, which is ours to change */
		if (!path_decode(path->text + (path->parts[i] - path->text)) ||
		    path->parts[i][0] == '\0')
			return false;
	}
	return path->count >= 2;
}

static enum sst_section_id
path_section(const struct path *path)
{
	return sst_section_by_name(path->parts[0], strlen(path->parts[0]));
}

/* Follows the members; a list takes two parts, its name and an identity. */
static int
path_field(const struct scn_reader *r, const struct scn_node *node,
    const struct path *path, const struct scn_field **out)
{
	const struct scn_shape *shape = scenario__shape(path_section(path));
	const struct scn_field *field = NULL;
	size_t i = 2;

	while (i < path->count) {
		field = shape == NULL ? NULL
				      : scenario__field(shape, path->parts[i]);
		if (field == NULL)
			return scenario__fail(r->doc, node, r->err,
			    "no member \"%.64s\"", path->parts[i]);
		shape = field->shape;
		i += field->type == SCN_LIST ? 2 : 1;
		if (strcmp(field->name, "active_task_ids") == 0)
			break;
	}
	if (field == NULL || field->type == SCN_LIST ||
	    (field->flags & (SCN_ID | SCN_OWNED)) != 0)
		return scenario__fail(r->doc, node, r->err,
		    "\"%.64s\" cannot be set: tasks and pods have "
		    "operations of their own, and identities stay",
		    field == NULL ? "" : field->name);
	*out = field;
	return 0;
}

static int
path_parse(const struct scn_reader *r, const struct scn_node *node,
    struct path *path, bool entity_must_be)
{
	const struct scn_node *text = scenario__member(node, "path");
	enum sst_section_id section;

	if (!path_split(text->text, path))
		return scenario__fail(r->doc, text, r->err,
		    "expected a path such as /agents/agent-1/description");
	section = path_section(path);
	if (section == SST_SECTION_COUNT)
		return scenario__fail(r->doc, text, r->err,
		    "expected agents, workload, queues or litellm, found "
		    "\"%.64s\"",
		    path->parts[0]);
	if (entity_must_be &&
	    !scenario__plan_names(r->plan, section, path->parts[1]))
		return scenario__fail(r->doc, text, r->err,
		    "\"%.64s\" is not in %s of this scenario", path->parts[1],
		    path->parts[0]);
	return 0;
}

/* A whole entity: it comes without tasks, which have their own operations. */
static int
set_check_entity(const struct scn_reader *r, const struct scn_node *value,
    const struct path *path, json_t **out)
{
	enum sst_section_id section = path_section(path);
	json_t *entity;
	int rc;

	rc = scenario__read_object(r, value, scenario__shape(section), &entity);
	if (rc == 0 && scenario__defaults(section, entity) != 0)
		rc = sst_error_nomem(r->err);
	else if (rc != 0)
		return rc;
	if (rc == 0 && !scenario__is_called(section, entity, path->parts[1]))
		rc = scenario__fail(r->doc, value, r->err,
		    "the path says \"%.64s\"", path->parts[1]);
	if (rc == 0 && (json_array_size(json_object_get(entity, "tasks")) > 0 ||
			   json_array_size(json_object_get(
			       json_object_get(entity, "activity"),
			       "active_task_ids")) > 0))
		rc = scenario__fail(r->doc, value, r->err,
		    "a new entity comes without tasks: use task.submit");
	if (rc == 0)
		*out = entity;
	else
		json_decref(entity);
	return rc;
}

static int
set_check(const struct scn_reader *r, const struct scn_node *node, json_t *args)
{
	const struct scn_node *value = scenario__member(node, "value");
	const struct scn_field *field;
	struct path path = {.count = 0};
	json_t *read;
	int rc;

	rc = path_parse(r, node, &path, false);
	if (rc != 0)
		return rc;
	if (path.count == 2) {
		rc = set_check_entity(r, value, &path, &read);
	} else {
		rc = path_parse(r, node, &path, true);
		if (rc == 0)
			rc = path_field(
			    r, scenario__member(node, "path"), &path, &field);
		if (rc == 0)
			rc = scenario__read(r, value, field, &read);
	}
	if (rc == 0 && json_object_set_new(args, "value", read) != 0)
		rc = sst_error_nomem(r->err);
	return rc;
}

static int
remove_check(
    const struct scn_reader *r, const struct scn_node *node, json_t *args)
{
	const struct scn_field *field;
	struct path path = {.count = 0};
	int rc;

	(void)args;
	rc = path_parse(r, node, &path, false);
	if (rc == 0 && path.count > 2)
		rc = path_field(
		    r, scenario__member(node, "path"), &path, &field);
	return rc;
}

/* The item of a list that has this identity. */
static json_t *
path_item(struct sst_engine *engine, struct scn_entity *entity, json_t *object,
    const char *list, const char *name)
{
	struct scn_task *task;
	const char *id;
	json_t *item;
	size_t i;

	if (strcmp(list, "pods") == 0)
		return scenario__find_pod(entity, name);
	if (strcmp(list, "tasks") == 0) {
		task = scenario__find_task(&engine->world, name);
		return task != NULL && task->queue == entity &&
			       task->agent == NULL
			   ? task->tree
			   : NULL;
	}
	json_array_foreach(json_object_get(object, list), i, item)
	{
		id = scenario__text(item, "name");
		if (id != NULL && strcmp(id, name) == 0)
			return item;
	}
	return NULL;
}

/* The object that holds the last member of the path, or NULL. */
static json_t *
path_holder(struct sst_engine *engine, struct scn_entity *entity,
    const struct path *path)
{
	json_t *object = entity->tree, *next;
	const char *part;
	size_t i = 2;

	while (object != NULL && i + 1 < path->count) {
		part = path->parts[i];
		if (strcmp(part, "tasks") == 0 || strcmp(part, "pods") == 0 ||
		    strcmp(part, "containers") == 0) {
			object = path_item(
			    engine, entity, object, part, path->parts[i + 1]);
			i += 2;
			continue;
		}
		next = json_object_get(object, part);
		if (!json_is_object(next)) {
			next = json_object();
			if (json_object_set_new(object, part, next) != 0)
				return NULL;
		}
		object = next;
		i++;
	}
	return object;
}

static int
set_entity(struct sst_engine *engine, enum sst_section_id section,
    struct scn_entity *old, const json_t *value)
{
	struct scn_entity *entity;
	json_t *tree = json_deep_copy(value);
	int rc;

	if (tree == NULL)
		return SST_NOMEM;
	if (old != NULL)
		scenario__drop_entity(&engine->world, section, old);
	rc = scenario__add_entity(&engine->world, section, tree, &entity);
	if (rc == 0)
		rc = scenario__settle(&engine->world, section, entity);
	return rc == SST_LIMIT ? 0 : rc;
}

static int
path_set(
    struct sst_engine *engine, struct scn_moment *moment, const json_t *args)
{
	json_t *value = json_object_get(args, "value"), *holder;
	enum sst_section_id section;
	struct scn_entity *entity;
	struct path path = {.count = 0};

	(void)moment;
	if (!path_split(scenario__text(args, "path"), &path))
		return 0;
	section = path_section(&path);
	entity = scenario__find(&engine->world, section, path.parts[1]);
	if (path.count == 2)
		return set_entity(engine, section, entity, value);
	if (entity == NULL)
		return 0;
	holder = path_holder(engine, entity, &path);
	if (holder == NULL)
		return 0;
	scenario__touch(&engine->world, section, entity);
	return json_object_set(holder, path.parts[path.count - 1], value) == 0
		   ? 0
		   : SST_NOMEM;
}

static int
path_remove(
    struct sst_engine *engine, struct scn_moment *moment, const json_t *args)
{
	enum sst_section_id section;
	struct scn_entity *entity;
	struct path path = {.count = 0};
	json_t *holder;

	(void)moment;
	if (!path_split(scenario__text(args, "path"), &path))
		return 0;
	section = path_section(&path);
	entity = scenario__find(&engine->world, section, path.parts[1]);
	if (entity == NULL)
		return 0;
	if (path.count == 2) {
		scenario__drop_entity(&engine->world, section, entity);
		return 0;
	}
	holder = path_holder(engine, entity, &path);
	if (holder == NULL)
		return 0;
	scenario__touch(&engine->world, section, entity);
	json_object_del(holder, path.parts[path.count - 1]);
	return 0;
}

static const struct scn_field set_fields[] = {
    {"path", SCN_PATH, SCN_REQUIRED, NULL, NULL, 0},
    {"value", SCN_ANYTHING, SCN_REQUIRED, NULL, NULL, 0},
};
static const struct scn_field remove_fields[] = {
    {"path", SCN_PATH, SCN_REQUIRED, NULL, NULL, 0},
};
static const struct scn_shape set_shape = {"set", SCN_FIELDS(set_fields)};
static const struct scn_shape remove_shape = {
    "remove", SCN_FIELDS(remove_fields)};

const struct scn_op scenario__path_ops[] = {
    {"set", &set_shape, set_check, path_set, false},
    {"remove", &remove_shape, remove_check, path_remove, false},
    {NULL, NULL, NULL, NULL, false},
};
