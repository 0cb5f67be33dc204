#include "unit/repository/kubernetes_world.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/section.h"
#include "repository/draft.h"
#include "repository/harvest.h"
#include "repository/kube/cutter.h"
#include "support/kube_api_recording.h"

void
kubernetes_world_init(
    struct kubernetes_world *world, const char *const *namespaces, size_t count)
{
	memset(world, 0, sizeof(*world));
	ck_assert_int_eq(sst_contract_new(&world->contract, &world->err), 0);
	ck_assert_int_eq(kubernetes__store_init(
			     &world->store, namespaces, count, &world->err),
	    0);
}

void
kubernetes_world_fini(struct kubernetes_world *world)
{
	kubernetes__store_fini(&world->store);
	sst_contract_free(&world->contract);
}

/* One object on its way from a cutter. */
struct passing {
	struct kubernetes_world *world;
	enum kubernetes_resource resource;
	bool watch;
};

static void
world_take(struct kubernetes_world *world, enum kubernetes_resource resource,
    const char *json, size_t len, bool gone)
{
	struct kubernetes_record *record = NULL;

	if (kubernetes__parse(resource, json, len, &record, &world->err) != 0) {
		world->rejected++;
		return;
	}
	if (gone) {
		kubernetes__store_drop(&world->store, record);
		free(record);
		return;
	}
	ck_assert_int_eq(
	    kubernetes__store_put(&world->store,
		kubernetes__store_feed(0, resource), record, &world->err),
	    0);
}

void
kubernetes_world_put(struct kubernetes_world *world,
    enum kubernetes_resource resource, const char *json)
{
	world_take(world, resource, json, strlen(json), false);
}

void
kubernetes_world_delete(struct kubernetes_world *world,
    enum kubernetes_resource resource, const char *json)
{
	world_take(world, resource, json, strlen(json), true);
}

enum { WORLD_JSON = 2048 };

static void world_format(char out[static WORLD_JSON], const char *fmt,
    va_list ap) __attribute__((format(printf, 2, 0)));

static void
world_format(char out[static WORLD_JSON], const char *fmt, va_list ap)
{
	char *p;

	ck_assert_int_lt(vsnprintf(out, WORLD_JSON, fmt, ap), WORLD_JSON);
	for (p = out; *p != '\0'; p++) {
		if (*p == '\'')
			*p = '"';
	}
}

void
kubernetes_world_putf(struct kubernetes_world *world,
    enum kubernetes_resource resource, const char *fmt, ...)
{
	char json[WORLD_JSON];
	va_list ap;

	va_start(ap, fmt);
	world_format(json, fmt, ap);
	va_end(ap);
	kubernetes_world_put(world, resource, json);
	ck_assert_uint_eq(world->rejected, 0);
}

void
kubernetes_world_dropf(struct kubernetes_world *world,
    enum kubernetes_resource resource, const char *fmt, ...)
{
	char json[WORLD_JSON];
	va_list ap;

	va_start(ap, fmt);
	world_format(json, fmt, ap);
	va_end(ap);
	kubernetes_world_delete(world, resource, json);
	ck_assert_uint_eq(world->rejected, 0);
}

void
kubernetes_world_know(
    struct kubernetes_world *world, enum kubernetes_resource resource)
{
	size_t feed = kubernetes__store_feed(0, resource);

	kubernetes__store_begin(&world->store, feed);
	kubernetes__store_synced(&world->store, feed);
}

void
kubernetes_world_know_all(struct kubernetes_world *world)
{
	int i;

	for (i = 0; i < KUBERNETES_RESOURCES; i++)
		kubernetes_world_know(world, (enum kubernetes_resource)i);
}

static int
on_usage(const struct kubernetes_usage *row, void *ctx, struct sst_error *err)
{
	struct kubernetes_world *world = ctx;

	(void)err;
	kubernetes__store_usage(&world->store, row);
	return 0;
}

void
kubernetes_world_usage(struct kubernetes_world *world, const char *json)
{
	if (kubernetes__parse_usage(
		json, strlen(json), on_usage, world, &world->err) != 0)
		world->rejected++;
}

static int
on_metrics(const char *json, size_t len, void *ctx, struct sst_error *err)
{
	struct kubernetes_world *world = ctx;

	if (kubernetes__parse_usage(json, len, on_usage, world, err) != 0)
		world->rejected++;
	return 0;
}

static int
on_event(struct passing *p, const char *json, size_t len)
{
	json_t *event = json_loadb(json, len, JSON_ALLOW_NUL, NULL);
	const char *type = json_string_value(json_object_get(event, "type"));
	char *text;

	ck_assert_ptr_nonnull(type);
	if (strcmp(type, "BOOKMARK") != 0) {
		text = json_dumps(json_object_get(event, "object"), 0);
		world_take(p->world, p->resource, text, strlen(text),
		    strcmp(type, "DELETED") == 0);
		free(text);
	}
	json_decref(event);
	return 0;
}

static int
on_object(const char *json, size_t len, void *ctx, struct sst_error *err)
{
	struct passing *p = ctx;

	(void)err;
	if (p->watch)
		return on_event(p, json, len);
	world_take(p->world, p->resource, json, len, false);
	return 0;
}

static void
world_cut(const char *name, enum sst_kube_cut form,
    int (*object)(const char *, size_t, void *, struct sst_error *), void *ctx)
{
	struct sst_kube_cutter_settings settings = {
	    .form = form,
	    .max_bytes = 4 * 1024 * 1024,
	    .object = object,
	    .ctx = ctx,
	};
	struct kube_recording recording = {0};
	struct sst_kube_cutter *cutter = NULL;
	struct sst_error err = {0};
	char path[512];

	snprintf(path, sizeof(path), KUBERNETES_RECORDED "%s.http", name);
	ck_assert_msg(kube_recording_load(path, &recording), "%s", path);
	ck_assert_int_eq(sst_kube_cutter_new(&settings, &cutter, &err), 0);
	ck_assert_msg(sst_kube_cutter_feed(cutter, recording.body,
			  recording.body_len, &err) == 0,
	    "%s: %s", name, err.text);
	ck_assert_msg(
	    sst_kube_cutter_end(cutter, &err) == 0, "%s: %s", name, err.text);
	sst_kube_cutter_free(&cutter);
	kube_recording_fini(&recording);
}

void
kubernetes_world_list(struct kubernetes_world *world,
    enum kubernetes_resource resource, const char *name)
{
	struct passing p = {world, resource, false};
	size_t feed = kubernetes__store_feed(0, resource);

	kubernetes__store_begin(&world->store, feed);
	world_cut(name, SST_KUBE_CUT_LIST, on_object, &p);
	kubernetes__store_synced(&world->store, feed);
}

void
kubernetes_world_watch(struct kubernetes_world *world,
    enum kubernetes_resource resource, const char *name)
{
	struct passing p = {world, resource, true};

	world_cut(name, SST_KUBE_CUT_WATCH, on_object, &p);
}

void
kubernetes_world_metrics(struct kubernetes_world *world, const char *name)
{
	kubernetes__store_usage_begin(&world->store);
	world_cut(name, SST_KUBE_CUT_LIST, on_metrics, world);
	kubernetes__store_usage_end(&world->store, NULL);
}

static void
world_fill(struct kubernetes_world *world, struct sst_draft *draft)
{
	struct kubernetes_workload *w;
	size_t i;

	ck_assert_int_eq(
	    kubernetes__store_settle(&world->store, &world->err), 0);
	for (i = 0; i < world->store.workload_count; i++) {
		w = world->store.workloads[i];
		w->dirty = false;
		if (kubernetes__workload_exists(w))
			ck_assert_int_eq(
			    sst_draft_add(draft,
				kubernetes__entity(&world->store, w),
				&world->err),
			    0);
	}
}

json_t *
kubernetes_world_entities(struct kubernetes_world *world)
{
	struct sst_draft_settings settings = {
	    .contract = world->contract,
	    .section = SST_SECTION_WORKLOAD,
	    .source = "workload/test",
	};
	struct sst_section *section = NULL;
	struct sst_harvest *harvest = NULL;
	struct sst_draft *draft = NULL;
	struct sst_buf out = SST_BUF_INIT;
	json_t *tree;

	ck_assert_int_eq(sst_draft_new(&settings, &draft, &world->err), 0);
	world_fill(world, draft);
	ck_assert_int_eq(sst_draft_finish(draft, &harvest, &world->err), 0);
	ck_assert_msg(harvest->rejected == 0, "%s", harvest->flaw.text);
	ck_assert_int_eq(
	    sst_section_new(SST_SECTION_WORKLOAD, harvest->entities,
		harvest->count, &section, &world->err),
	    0);
	sst_section_encode(section, &out);
	tree = json_loadb(out.data, out.len, 0, NULL);
	ck_assert_ptr_nonnull(tree);
	sst_buf_fini(&out);
	sst_section_release(&section);
	sst_harvest_release(&harvest);
	sst_draft_free(&draft);
	return tree;
}

const json_t *
kubernetes_world_find(
    const json_t *entities, const char *kind, const char *name)
{
	const json_t *e;
	size_t i;

	json_array_foreach(entities, i, e)
	{
		if (strcmp(json_string_value(json_object_get(e, "kind")),
			kind) == 0 &&
		    strcmp(json_string_value(
			       json_object_get(e, "deployment_name")),
			name) == 0)
			return e;
	}
	return NULL;
}

const json_t *
kubernetes_world_pod(const json_t *entities, const char *pod_id)
{
	const json_t *e, *pod;
	size_t i, k;

	json_array_foreach(entities, i, e)
	{
		json_array_foreach(json_object_get(e, "pods"), k, pod)
		{
			if (strcmp(json_string_value(
				       json_object_get(pod, "pod_id")),
				pod_id) == 0)
				return pod;
		}
	}
	return NULL;
}
