#include "test_kube_reflector_support.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct rig rig;

static const char *
member(const json_t *metadata, const char *name)
{
	const char *text = json_string_value(json_object_get(metadata, name));

	return text != NULL ? text : "";
}

static struct rig_object *
set_find(struct rig_set *set, const char *uid)
{
	size_t i;

	for (i = 0; i < set->count; i++) {
		if (strcmp(set->objects[i].uid, uid) == 0)
			return &set->objects[i];
	}
	return NULL;
}

static void
set_put(struct rig_set *set, const json_t *metadata, bool fresh)
{
	struct rig_object *o = NULL;

	if (!fresh)
		o = set_find(set, member(metadata, "uid"));
	if (o == NULL) {
		if (set->count == RIG_OBJECTS)
			abort();
		o = &set->objects[set->count++];
	}
	snprintf(o->uid, sizeof(o->uid), "%s", member(metadata, "uid"));
	snprintf(o->name, sizeof(o->name), "%s", member(metadata, "name"));
	snprintf(o->version, sizeof(o->version), "%s",
	    member(metadata, "resourceVersion"));
}

static void
set_remove(struct rig_set *set, const json_t *metadata)
{
	struct rig_object *o = set_find(set, member(metadata, "uid"));

	if (o != NULL)
		*o = set->objects[--set->count];
}

static void
sink_begin(void *ctx)
{
	struct rig_sink *s = ctx;

	pthread_mutex_lock(&s->mutex);
	s->broken |= s->staging;
	s->begun++;
	s->staging = true;
	s->staged.count = 0;
	pthread_mutex_unlock(&s->mutex);
}

/* With the mutex held. */
static void
sink_take(struct rig_sink *s, enum sst_kube_event event, const json_t *metadata)
{
	s->broken |= s->staging != (event == SST_KUBE_LISTED);
	switch (event) {
	case SST_KUBE_LISTED:
		s->listed++;
		set_put(&s->staged, metadata, true);
		break;
	case SST_KUBE_ADDED:
		s->added++;
		set_put(&s->now, metadata, false);
		break;
	case SST_KUBE_MODIFIED:
		s->modified++;
		set_put(&s->now, metadata, false);
		break;
	case SST_KUBE_DELETED:
		s->deleted++;
		set_remove(&s->now, metadata);
		break;
	}
}

static int
sink_object(enum sst_kube_event event, const char *json, size_t len, void *ctx,
    struct sst_error *err)
{
	json_t *tree = json_loadb(json, len, JSON_ALLOW_NUL, NULL);
	const json_t *metadata = json_object_get(tree, "metadata");
	struct rig_sink *s = ctx;
	int code = SST_OK;

	if (tree == NULL)
		return sst_error_set(err, SST_SYNTAX, "no JSON");
	pthread_mutex_lock(&s->mutex);
	if (json_object_get(metadata, "managedFields") != NULL)
		s->wrong_managed = true;
	if (json_object_get(tree, "status") != NULL)
		s->whole = true;
	if (json_object_get(json_object_get(metadata, "labels"), "refuse") !=
	    NULL)
		code = sst_error_set(err, SST_TYPE, "/spec: refused");
	else
		sink_take(s, event, metadata);
	pthread_mutex_unlock(&s->mutex);
	json_decref(tree);
	return code;
}

static void
sink_end(struct rig_sink *s, bool whole)
{
	struct rig_set was;

	pthread_mutex_lock(&s->mutex);
	s->broken |= !s->staging;
	s->staging = false;
	if (whole) {
		was = s->now;
		s->now = s->staged;
		s->staged = was;
		s->synced++;
	} else {
		s->abandoned++;
	}
	pthread_mutex_unlock(&s->mutex);
}

static void
sink_synced(void *ctx)
{
	sink_end(ctx, true);
}

static void
sink_abandoned(void *ctx)
{
	sink_end(ctx, false);
}

static void
sink_changed(void *ctx)
{
	struct rig_sink *s = ctx;

	pthread_mutex_lock(&s->mutex);
	s->changed++;
	pthread_mutex_unlock(&s->mutex);
}

void
rig_sink_init(struct rig_sink *sink, struct sst_kube_sink *out)
{
	memset(sink, 0, sizeof(*sink));
	pthread_mutex_init(&sink->mutex, NULL);
	sink->now.objects = calloc(RIG_OBJECTS, sizeof(struct rig_object));
	sink->staged.objects = calloc(RIG_OBJECTS, sizeof(struct rig_object));
	if (sink->now.objects == NULL || sink->staged.objects == NULL)
		abort();
	*out = (struct sst_kube_sink){sink_begin, sink_object, sink_synced,
	    sink_abandoned, sink_changed, sink};
}

void
rig_sink_fini(struct rig_sink *sink)
{
	ck_assert_msg(!sink->broken, "told things in a wrong order");
	ck_assert_msg(!sink->wrong_managed, "told managedFields");
	free(sink->now.objects);
	free(sink->staged.objects);
	pthread_mutex_destroy(&sink->mutex);
}

void
rig_setup(void)
{
	struct sst_kube_config_where where = {.path = rig.kubeconfig};
	struct sst_error err;
	int fd;

	memset(&rig, 0, sizeof(rig));
	snprintf(rig.kubeconfig, sizeof(rig.kubeconfig), "%s",
	    "/tmp/test_kube_reflector.XXXXXX");
	fd = mkstemp(rig.kubeconfig);
	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert(kube_api_start(0, &rig.api));
	ck_assert(kube_api_kubeconfig(rig.api, rig.kubeconfig));
	fake_clock_init(&rig.clock);
	ck_assert_int_eq(
	    sst_kube_access_new(&where, &rig.clock.clock, &rig.access, &err),
	    SST_OK);
	ck_assert_int_eq(sst_kube_turn_new(&rig.turn, &err), SST_OK);
	rig.settings = (struct sst_kube_reflector_settings){
	    .access = rig.access,
	    .turn = rig.turn,
	    .clock = &rig.clock.clock,
	    .group = "/api/v1",
	    .resource = "pods",
	    .max_object_bytes = RIG_MAX_BYTES,
	    .seed = 7,
	};
	rig_sink_init(&rig.sink, &rig.settings.sink);
}

void
rig_teardown(void)
{
	rig_stop();
	sst_kube_turn_free(&rig.turn);
	sst_kube_access_free(&rig.access);
	kube_api_stop(&rig.api);
	fake_clock_fini(&rig.clock);
	rig_sink_fini(&rig.sink);
	unlink(rig.kubeconfig);
}

void
rig_start(void)
{
	struct sst_error err;

	ck_assert_int_eq(
	    sst_kube_reflector_new(&rig.settings, &rig.reflector, &err),
	    SST_OK);
	ck_assert_int_eq(sst_kube_reflector_start(rig.reflector, &err), SST_OK);
}

static void *
stop_main(void *ctx)
{
	sst_kube_reflector_join(ctx);
	return NULL;
}

void
rig_stop(void)
{
	pthread_t thread;

	if (rig.reflector == NULL)
		return;
	sst_kube_reflector_ask_stop(rig.reflector);
	ck_assert_int_eq(
	    pthread_create(&thread, NULL, stop_main, rig.reflector), 0);
	ck_assert_msg(POLL_UNTIL(pthread_tryjoin_np(thread, NULL) == 0),
	    "it does not end");
	sst_kube_reflector_free(&rig.reflector);
}

struct sst_kube_reflector_view
rig_view(void)
{
	struct sst_kube_reflector_view view;

	sst_kube_reflector_read(rig.reflector, &view);
	return view;
}

void
rig_wait_state(enum sst_kube_reflector_state state)
{
	ck_assert_msg(POLL_UNTIL(rig_view().state == state),
	    "state %d, not %d: %s", rig_view().state, state,
	    rig_view().error.text);
}

void
rig_wait_lists(unsigned count)
{
	ck_assert(POLL_UNTIL(rig_view().lists >= count));
	ck_assert_uint_eq(rig_view().lists, count);
}

void
rig_wait_watches(unsigned count)
{
	ck_assert(POLL_UNTIL(rig_view().watches >= count));
	ck_assert_uint_eq(rig_view().watches, count);
}

void
rig_wait_version(uint64_t version)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, version);
	ck_assert_msg(
	    POLL_UNTIL(strcmp(rig_view().resource_version, text) == 0),
	    "at %s, not %s", rig_view().resource_version, text);
}

int64_t
rig_delay(void)
{
	ck_assert_msg(POLL_UNTIL(fake_clock_waiting(&rig.clock) > 0),
	    "it does not wait; state %d, %s", rig_view().state,
	    rig_view().error.text);
	return fake_clock_next_ms(&rig.clock);
}

int64_t
rig_retry(void)
{
	int64_t ms = rig_delay();

	fake_clock_advance(&rig.clock, ms);
	return ms;
}

void
rig_watch(void)
{
	rig_start();
	rig_wait_state(SST_KUBE_WATCHING);
}

uint64_t
rig_put(const char *name)
{
	char json[512];
	uint64_t version;

	snprintf(json, sizeof(json),
	    "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":"
	    "\"%s\",\"namespace\":\"agents\",\"uid\":\"uid-%s\",\"labels\":{"
	    "\"app\":\"%.1s\"},\"managedFields\":[{\"a\":{}}]},\"spec\":{},"
	    "\"status\":{\"phase\":\"Running\"}}",
	    name, name, name);
	version = kube_api_put(rig.api, PODS, json);
	ck_assert_uint_ne(version, 0);
	return version;
}

size_t
rig_count(void)
{
	size_t count;

	pthread_mutex_lock(&rig.sink.mutex);
	count = rig.sink.now.count;
	pthread_mutex_unlock(&rig.sink.mutex);
	return count;
}

unsigned
rig_told(const unsigned *counter)
{
	unsigned value;

	pthread_mutex_lock(&rig.sink.mutex);
	value = *counter;
	pthread_mutex_unlock(&rig.sink.mutex);
	return value;
}

bool
rig_has(const char *name)
{
	bool found = false;
	size_t i;

	pthread_mutex_lock(&rig.sink.mutex);
	for (i = 0; i < rig.sink.now.count; i++)
		found |= strcmp(rig.sink.now.objects[i].name, name) == 0;
	pthread_mutex_unlock(&rig.sink.mutex);
	return found;
}

static bool
same_now(const char *collection)
{
	return rig_count() == kube_api_count(rig.api, collection);
}

bool
rig_same(const char *collection)
{
	return POLL_UNTIL(same_now(collection));
}

uint64_t
rig_watch_one(void)
{
	uint64_t version = rig_put("first");

	rig_watch();
	ck_assert(kube_api_wait_watchers(rig.api, PODS_WATCH, 1));
	ck_assert_uint_eq(rig_count(), 1);
	return version;
}

void
rig_end_in_order(void)
{
	fake_clock_advance(&rig.clock, 1000);
	kube_api_end_watches(rig.api, PODS);
}
