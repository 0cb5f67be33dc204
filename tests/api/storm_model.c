#include "api/storm_model.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

static const char active_list[] = "activity.active_task_ids";
static const char active_name[] = "active_task_ids";
static const char partly[] = "?";

__attribute__((format(printf, 2, 3))) static bool
model_break(struct storm_model *m, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(m->broken, sizeof(m->broken), fmt, ap);
	va_end(ap);
	return false;
}

void
storm_model_init(struct storm_model *model, const struct sst_shape *shape,
    unsigned sections, const char *key)
{
	*model = (struct storm_model){.shape = shape,
	    .sections = sections,
	    .key = key,
	    .known = json_object()};
}

void
storm_model_fini(struct storm_model *model)
{
	json_decref(model->known);
	model->known = NULL;
}

static const struct sst_member *
member_of(const struct sst_shape *shape, const char *name)
{
	return sst_shape_find(shape, name, strlen(name));
}

static const struct sst_shape *
active_shape(const struct storm_model *m)
{
	const struct sst_shape *agent = member_of(m->shape, "agents")->shape;

	return member_of(member_of(agent, "activity")->shape, active_name)
	    ->shape;
}

/* The identity of an item, as it is or as it stands in a key. */
static void
identity_add(const struct sst_shape *shape, const json_t *item, bool encoded,
    struct sst_buf *out)
{
	const char *part;
	size_t i;

	for (i = 0; i < shape->identity_count; i++) {
		part = json_string_value(json_object_get(
		    item, shape->members[shape->identity[i]].name));
		if (i > 0)
			sst_buf_addc(out, '/');
		if (encoded)
			sst_text_percent_encode(part, strlen(part), out);
		else
			sst_buf_adds(out, part);
	}
}

static void
path_cut(struct sst_buf *path, size_t len)
{
	path->len = len;
	if (path->data != NULL)
		path->data[len] = '\0';
}

/*
 * Members by the names that a diff gives them: "depth.ready",
 * "blocked_by[t1].status". Without dates of change, and what is an entity.
 */
static void flat_value(json_t *out, const struct sst_shape *shape,
    struct sst_buf *path, json_t *value);

static void
flat_object(json_t *out, const struct sst_shape *shape, struct sst_buf *path,
    json_t *object)
{
	const struct sst_member *m;
	size_t len = path->len;
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value)
	{
		m = member_of(shape, name);
		if (m == NULL || m->changed_at || m->children)
			continue;
		if (len > 0)
			sst_buf_addc(path, '.');
		sst_buf_adds(path, name);
		if (strcmp(path->data, active_list) != 0)
			flat_value(out, m->shape, path, value);
		path_cut(path, len);
	}
}

static void
flat_value(json_t *out, const struct sst_shape *shape, struct sst_buf *path,
    json_t *value)
{
	size_t i, len = path->len;
	json_t *item;

	if (json_is_object(value) && shape != NULL) {
		flat_object(out, shape, path, value);
	} else if (json_is_array(value) && shape != NULL &&
		   shape->identity_count > 0) {
		json_array_foreach(value, i, item)
		{
			sst_buf_addc(path, '[');
			identity_add(shape, item, false, path);
			sst_buf_addc(path, ']');
			flat_object(out, shape, path, item);
			path_cut(path, len);
		}
	} else {
		json_object_set(out, path->data, value);
	}
}

static json_t *
flat_new(const struct sst_shape *shape, const char *at, json_t *value)
{
	struct sst_buf path = SST_BUF_INIT;
	json_t *out = json_object();

	sst_buf_adds(&path, at);
	flat_value(out, shape, &path, value);
	sst_buf_fini(&path);
	return out;
}

static bool
key_passes(const struct storm_model *m, const char *key)
{
	size_t len = m->key == NULL ? 0 : strlen(m->key);

	return m->key == NULL || (strncmp(key, m->key, len) == 0 &&
				     (key[len] == '\0' || key[len] == '/'));
}

static void put_list(struct storm_model *m, const char *lead,
    const struct sst_shape *shape, const json_t *list);

/* With what is in it; lead is "section " or "section key/list/". */
static void
put_entity(struct storm_model *m, const char *lead,
    const struct sst_shape *shape, json_t *entity)
{
	struct sst_buf name = SST_BUF_INIT;
	size_t i, len;

	sst_buf_adds(&name, lead);
	identity_add(shape, entity, true, &name);
	if (key_passes(m, strchr(name.data, ' ') + 1))
		json_object_set_new(
		    m->known, name.data, flat_new(shape, "", entity));
	len = name.len;
	for (i = 0; i < shape->count; i++) {
		if (!shape->members[i].children)
			continue;
		sst_buf_addf(&name, "/%s/", shape->members[i].name);
		put_list(m, name.data, shape->members[i].shape,
		    json_object_get(entity, shape->members[i].name));
		path_cut(&name, len);
	}
	sst_buf_addf(&name, "/%s/", active_name);
	put_list(m, name.data, active_shape(m),
	    json_object_get(json_object_get(entity, "activity"), active_name));
	sst_buf_fini(&name);
}

static void
put_list(struct storm_model *m, const char *lead, const struct sst_shape *shape,
    const json_t *list)
{
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item) put_entity(m, lead, shape, item);
}

static bool
section_passes(const struct storm_model *m, const char *name, size_t len)
{
	int id = (int)sst_section_by_name(name, len);

	return id >= 0 && id < SST_SECTION_COUNT &&
	       (m->sections & 1u << id) != 0;
}

bool
storm_model_state(struct storm_model *model, const json_t *document)
{
	const struct sst_shape *rows =
	    member_of(model->shape, "sources")->shape;
	const char *name;
	char lead[32];
	json_t *row;
	unsigned id;
	size_t i;

	json_object_clear(model->known);
	json_array_foreach(json_object_get(document, "sources"), i, row)
	{
		name = json_string_value(json_object_get(row, "section"));
		if (section_passes(model, name, strlen(name)))
			put_entity(model, "sources ", rows, row);
	}
	for (id = 0; id < SST_SECTION_COUNT; id++) {
		if ((model->sections & 1u << id) == 0)
			continue;
		name = sst_section_name((enum sst_section_id)id);
		snprintf(lead, sizeof(lead), "%s ", name);
		put_list(model, lead, member_of(model->shape, name)->shape,
		    json_object_get(document, name));
	}
	return true;
}

bool
storm_model_entity(struct storm_model *model, const json_t *entity)
{
	json_t *list = json_array(), *document = json_object();
	unsigned id = 0;

	while ((model->sections & 1u << id) == 0)
		id++;
	if (json_is_object(entity))
		json_array_append_new(list, json_deep_copy(entity));
	json_object_set_new(
	    document, sst_section_name((enum sst_section_id)id), list);
	storm_model_state(model, document);
	json_decref(document);
	return true;
}

/* A place in a change, as a name in `known`. */
struct place {
	const struct sst_shape *shape;
	bool passes;
	char name[160];
};

/* The shape of what a key names: of the section, or of a list in it. */
static const struct sst_shape *
place_shape(const struct storm_model *m, const char *section, const char *key)
{
	const struct sst_shape *shape = member_of(m->shape, section)->shape;
	size_t i;

	for (i = 0; key != NULL && i < shape->identity_count; i++) {
		key = strchr(key, '/');
		key = key == NULL ? NULL : key + 1;
	}
	if (key == NULL)
		return shape;
	if (strncmp(key, active_name, sizeof(active_name) - 1) == 0)
		return active_shape(m);
	return sst_shape_find(shape, key, strcspn(key, "/"))->shape;
}

static bool
place_read(struct storm_model *m, const json_t *tree, struct place *out)
{
	const char *section =
	    json_string_value(json_object_get(tree, "section"));
	const char *key = json_string_value(json_object_get(tree, "key"));

	if (section == NULL || key == NULL || section[0] == '\0' ||
	    key[0] == '\0')
		return model_break(m, "a change of a whole section");
	out->passes = key_passes(m, key) &&
		      (strcmp(section, "sources") == 0
			      ? section_passes(m, key, strcspn(key, "%"))
			      : section_passes(m, section, strlen(section)));
	out->shape = place_shape(m, section, key);
	snprintf(out->name, sizeof(out->name), "%s %s", section, key);
	return true;
}

static bool
model_came(struct storm_model *m, const char *name)
{
	if (json_object_get(m->known, name) != NULL)
		return model_break(m, "%s came twice", name);
	json_object_set_new(m->known, name, json_pack("{s:b}", partly, 1));
	return true;
}

static bool
model_left(struct storm_model *m, const char *name)
{
	size_t len = strlen(name);
	const char *other;
	json_t *value;
	void *next;

	if (json_object_del(m->known, name) != 0)
		return model_break(m, "%s left and was not there", name);
	json_object_foreach_safe(m->known, next, other, value)
	{
		if (strncmp(other, name, len) == 0 && other[len] == '/')
			json_object_del(m->known, other);
	}
	return true;
}

/* Shape of the value of that member: of its items, when it is a list. */
static const struct sst_shape *
field_shape(const struct sst_shape *shape, const char *at)
{
	const struct sst_member *m;

	while (shape != NULL) {
		m = sst_shape_find(shape, at, strcspn(at, ".["));
		if (m == NULL)
			return NULL;
		shape = m->shape;
		at += strcspn(at, ".[");
		if (*at == '[')
			at = strchr(at, ']') + 1;
		if (*at++ == '\0')
			return shape;
	}
	return NULL;
}

static bool
is_under(const char *name, const char *at)
{
	size_t len = strlen(at);

	return strncmp(name, at, len) == 0 &&
	       (name[len] == '\0' || name[len] == '.' || name[len] == '[' ||
		   len == 0);
}

/* Replaces what stands at a member of an entity. */
static bool
field_apply(struct storm_model *m, const struct place *where, const char *at,
    const json_t *field)
{
	json_t *entity = json_object_get(m->known, where->name), *value;
	json_t *from = json_object_get(field, "from");
	json_t *to = json_object_get(field, "to");
	const struct sst_shape *shape =
	    at[0] == '\0' ? where->shape : field_shape(where->shape, at);
	bool part = json_object_get(entity, partly) != NULL;
	json_t *was = flat_new(shape, at, from);
	json_t *is = flat_new(shape, at, to);
	size_t met = 0, want = json_object_size(was);
	bool fits = entity != NULL;
	const char *name;
	void *next;

	json_object_foreach_safe(entity, next, name, value)
	{
		if (strcmp(name, partly) == 0 || !is_under(name, at))
			continue;
		fits = fits && json_equal(value, json_object_get(was, name));
		met++;
		json_object_del(entity, name);
	}
	json_object_update(entity, is);
	json_decref(was);
	json_decref(is);
	if (fits && (part || met == want))
		return true;
	return model_break(m, "%s: %s was another", where->name, at);
}

/* An active task of an agent that came or left, or a member of one. */
static bool
active_apply(struct storm_model *m, const struct place *agent,
    const char *field_name, const json_t *field)
{
	const char *id = field_name + sizeof(active_list), *end;
	struct place task = {active_shape(m), true, ""};
	struct sst_buf name = SST_BUF_INIT;

	end = strchr(id, ']');
	sst_buf_addf(&name, "%s/%s/", agent->name, active_name);
	sst_text_percent_encode(id, (size_t)(end - id), &name);
	snprintf(task.name, sizeof(task.name), "%s", name.data);
	sst_buf_fini(&name);
	if (end[1] == '.')
		return field_apply(m, &task, end + 2, field);
	if (json_object_get(field, "to") == NULL)
		return model_left(m, task.name);
	return model_came(m, task.name) && field_apply(m, &task, "", field);
}

static bool
fields_apply(
    struct storm_model *m, const struct place *where, const json_t *change)
{
	const char *name;
	json_t *field;
	bool ok = true;
	size_t i;

	json_array_foreach(json_object_get(change, "fields"), i, field)
	{
		name = json_string_value(json_object_get(field, "name"));
		if (strncmp(name, active_list, sizeof(active_list) - 1) == 0 &&
		    name[sizeof(active_list) - 1] == '[')
			ok = ok && active_apply(m, where, name, field);
		else
			ok = ok && field_apply(m, where, name, field);
	}
	return ok;
}

static bool
change_apply(struct storm_model *m, const json_t *change)
{
	const char *op = json_string_value(json_object_get(change, "op"));
	const json_t *from = json_object_get(change, "from");
	struct place here = {NULL, false, ""}, there = here;

	if (!place_read(m, change, &here) ||
	    (from != NULL && !place_read(m, from, &there)))
		return false;
	if (!here.passes && !there.passes)
		return model_break(m, "%s was not asked for", here.name);
	if (json_integer_value(json_object_get(change, "children")) > 0 &&
	    strcmp(op, "added") == 0)
		return model_break(m, "%s came with more", here.name);
	if (strcmp(op, "added") == 0)
		return model_came(m, here.name);
	if (strcmp(op, "removed") == 0)
		return model_left(m, here.name);
	if (there.passes && !model_left(m, there.name))
		return false;
	if (from != NULL && here.passes && !model_came(m, here.name))
		return false;
	return !here.passes || fields_apply(m, &here, change);
}

bool
storm_model_changes(struct storm_model *model, const json_t *changes)
{
	json_t *change;
	size_t i;

	json_array_foreach(changes, i, change)
	{
		if (!change_apply(model, change))
			return false;
	}
	return true;
}

/* What is known of an entity is so. */
static bool
entity_fits(json_t *known, json_t *want)
{
	const char *name;
	json_t *value;

	if (json_object_get(known, partly) == NULL)
		return json_equal(known, want);
	json_object_foreach(known, name, value)
	{
		if (strcmp(name, partly) != 0 &&
		    !json_equal(value, json_object_get(want, name)))
			return false;
	}
	return true;
}

bool
storm_model_fits(struct storm_model *model, const json_t *document)
{
	struct storm_model want;
	const char *name;
	json_t *value;

	storm_model_init(&want, model->shape, model->sections, model->key);
	storm_model_state(&want, document);
	if (json_object_size(want.known) != json_object_size(model->known))
		model_break(model, "%zu entities are known, there are %zu",
		    json_object_size(model->known),
		    json_object_size(want.known));
	json_object_foreach(model->known, name, value)
	{
		if (!entity_fits(value, json_object_get(want.known, name)))
			model_break(model, "%s is another", name);
	}
	storm_model_fini(&want);
	return model->broken[0] == '\0';
}
