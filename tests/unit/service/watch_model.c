#include "watch_model.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

void
model_init(struct model *model, unsigned sections, const char *key)
{
	*model = (struct model){key, sections, 0, json_object()};
}

void
model_fini(struct model *model)
{
	json_decref(model->known);
}

static json_t *
model_value(const json_t *row)
{
	json_t *v = json_object_get(row, "status");

	if (v == NULL)
		v = json_object_get(row, "description");
	return v == NULL ? json_string("-") : json_incref(v);
}

static void
model_put(struct model *m, const char *name, json_t *value)
{
	ck_assert_int_eq(json_object_set_new(m->known, name, value), 0);
}

static void
model_take_tasks(struct model *m, const json_t *queue)
{
	json_t *tasks = json_object_get(queue, "tasks"), *task;
	char name[96];
	size_t i;

	json_array_foreach(tasks, i, task)
	{
		snprintf(name, sizeof(name), "queues mock/%s/tasks/%s",
		    json_string_value(json_object_get(queue, "name")),
		    json_string_value(json_object_get(task, "id")));
		model_put(m, name, model_value(task));
	}
}

/* A row of a section, or of the sources. */
static void
model_take_row(struct model *m, const char *section, const json_t *row)
{
	const char *name = json_string_value(json_object_get(row, "name"));
	const char *fed = json_string_value(json_object_get(row, "section"));
	char key[96];

	if (strcmp(section, "sources") == 0) {
		if ((m->sections &
			1u << sst_section_by_name(fed, strlen(fed))) == 0)
			return;
		snprintf(key, sizeof(key), "sources %s%%2F%s", fed,
		    name + strlen(fed) + 1);
	} else {
		snprintf(key, sizeof(key), "%s %s%s", section,
		    strcmp(section, "queues") == 0 ? "mock/" : "", name);
	}
	model_put(m, key, model_value(row));
	model_take_tasks(m, row);
}

static void
model_state(struct model *m, json_t *state)
{
	static const char *const members[] = {"sources", "agents", "queues"};
	json_t *row;
	char name[96];
	size_t i, j;

	json_object_clear(m->known);
	if (m->key != NULL) {
		snprintf(name, sizeof(name), "%s %s",
		    m->sections == AGENTS ? "agents" : "queues", m->key);
		if (json_is_object(state))
			model_put(m, name, model_value(state));
		return;
	}
	for (i = 0; i < 3; i++) {
		json_array_foreach(json_object_get(state, members[i]), j, row)
			model_take_row(m, members[i], row);
	}
}

/* The name in `known` of a place in a change; NULL: not one of ours. */
static const char *
model_name(const struct model *m, const json_t *place, char out[96])
{
	const char *key = json_string_value(json_object_get(place, "key"));

	if (m->key != NULL && strcmp(m->key, key) != 0)
		return NULL;
	snprintf(out, 96, "%s %s",
	    json_string_value(json_object_get(place, "section")), key);
	return out;
}

static void
model_came(struct model *m, const json_t *place)
{
	char name[96];

	if (model_name(m, place, name) == NULL)
		return;
	ck_assert_msg(
	    json_object_get(m->known, name) == NULL, "%s twice", name);
	model_put(m, name, json_null());
}

static void
model_left(struct model *m, const json_t *place)
{
	char name[96];

	if (model_name(m, place, name) == NULL)
		return;
	ck_assert_msg(
	    json_object_del(m->known, name) == 0, "%s was not there", name);
}

static void
model_changed(struct model *m, const json_t *change)
{
	json_t *field, *value;
	char name[96];
	size_t i;

	ck_assert_ptr_nonnull(model_name(m, change, name));
	json_array_foreach(json_object_get(change, "fields"), i, field)
	{
		value = json_object_get(m->known, name);
		ck_assert_msg(value != NULL, "%s is not there", name);
		ck_assert_msg(json_is_null(value) ||
			json_equal(value, json_object_get(field, "from")),
		    "%s was another", name);
		model_put(m, name, json_incref(json_object_get(field, "to")));
	}
}

static void
model_change(struct model *m, const json_t *change)
{
	const char *op = json_string_value(json_object_get(change, "op"));

	if (strcmp(op, "added") == 0) {
		model_came(m, change);
	} else if (strcmp(op, "removed") == 0) {
		model_left(m, change);
	} else if (strcmp(op, "moved") == 0) {
		model_left(m, json_object_get(change, "from"));
		model_came(m, change);
	} else {
		model_changed(m, change);
	}
}

static void
model_diff(struct model *m, json_t *diff, uint64_t to)
{
	json_t *from = json_object_get(diff, "from"), *change;
	json_t *changes = json_object_get(diff, "changes");
	size_t i;

	ck_assert_uint_ge((uint64_t)json_integer_value(
			      json_object_get(from, "revision")), m->at);
	ck_assert_uint_eq((uint64_t)json_integer_value(json_object_get(
			      json_object_get(diff, "to"), "revision")), to);
	ck_assert(!json_is_true(json_object_get(diff, "truncated")));
	ck_assert_uint_gt(json_array_size(changes), 0);
	json_array_foreach(changes, i, change)
		model_change(m, change);
}

void
model_apply(struct model *model, const struct sst_watch_event *event)
{
	json_t *body;

	if (event->kind == SST_WATCH_STATE || event->kind == SST_WATCH_CHANGE) {
		body = json_loadb(event->body->bytes, event->body->len,
		    JSON_DECODE_ANY, NULL);
		ck_assert_ptr_nonnull(body);
		if (event->kind == SST_WATCH_STATE)
			model_state(model, body);
		else
			model_diff(model, body, event->revision);
		json_decref(body);
		ck_assert_uint_gt(event->revision, model->at);
	}
	ck_assert_uint_ge(event->revision, model->at);
	model->at = event->revision;
}

void
model_compare(const struct model *model, struct sst_snapshot *truth)
{
	struct watch_projection p;
	struct sst_watch_event event;
	struct sst_error err;
	struct model want;
	json_t *value;
	const char *name;

	model_init(&want, model->sections, model->key);
	ck_assert_int_eq(watch__projection_init(&p, model->sections, model->key,
			     model->key == NULL ? 0 : strlen(model->key), &err),
	    SST_OK);
	ck_assert_int_eq(watch__make_state(&p, truth, &event), SST_OK);
	model_apply(&want, &event);
	ck_assert_uint_eq(
	    json_object_size(want.known), json_object_size(model->known));
	json_object_foreach(model->known, name, value)
		ck_assert_msg(json_is_null(value) ?
			json_object_get(want.known, name) != NULL :
			json_equal(value, json_object_get(want.known, name)),
		    "%s is another", name);
	sst_watch_event_fini(&event);
	watch__projection_fini(&p);
	model_fini(&want);
}

void
model_same(const struct model *model, const struct sst_snapshot *a,
    const struct sst_snapshot *b)
{
	struct watch_projection p;
	struct watch_view x, y;
	struct sst_error err;

	ck_assert_int_eq(watch__projection_init(&p, model->sections, model->key,
			     model->key == NULL ? 0 : strlen(model->key), &err),
	    SST_OK);
	watch__view_init(&x, a);
	watch__view_init(&y, b);
	ck_assert(!watch__differs(&p, &x, &y, NULL));
	watch__projection_fini(&p);
}
