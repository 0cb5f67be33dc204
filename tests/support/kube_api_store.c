/* Collections, their objects, and what happened to them. */
#include <stdlib.h>
#include <string.h>

#include "support/kube_api_priv.h"

struct kube_object *
kube__object_ref(struct kube_object *object)
{
	object->refs++;
	return object;
}

void
kube__body_unref(struct kube_body *body)
{
	if (--body->refs > 0)
		return;
	free(body->ns);
	free(body->name);
	free(body->labels);
	free(body->meta);
	free(body->rest);
	free(body);
}

void
kube__object_unref(struct kube_object *object)
{
	if (object == NULL || --object->refs > 0)
		return;
	kube__body_unref(object->body);
	free(object);
}

struct kube_collection *
kube__collection(struct kube_api *api, const char *path)
{
	struct kube_collection *c;

	for (c = api->collections; c != NULL; c = c->next) {
		if (strcmp(c->path, path) == 0)
			return c;
	}
	return NULL;
}

/* "/api/v1/pods" -> "v1", "/apis/apps/v1/x" -> "apps/v1" */
static char *
store_group(const char *path)
{
	const char *from = path + (strncmp(path, "/apis/", 6) == 0 ? 6 : 5);
	const char *to = strrchr(path, '/');
	char *group = kube__copy(from);

	group[to > from ? to - from : 0] = '\0';
	return group;
}

bool
kube_api_collection(
    struct kube_api *api, const char *collection, const char *kind)
{
	struct kube_collection *c;
	bool fresh;

	pthread_mutex_lock(&api->stage.mutex);
	fresh = kube__collection(api, collection) == NULL;
	if (fresh) {
		c = kube__alloc(1, sizeof(*c));
		c->path = kube__copy(collection);
		c->group = store_group(collection);
		c->kind = kube__copy(kind);
		c->watchable = strncmp(c->group, "metrics.k8s.io", 14) != 0;
		c->next = api->collections;
		api->collections = c;
	}
	pthread_mutex_unlock(&api->stage.mutex);
	return fresh;
}

void
kube_api_withdraw(struct kube_api *api, const char *collection)
{
	struct kube_collection *c;

	pthread_mutex_lock(&api->stage.mutex);
	c = kube__collection(api, collection);
	if (c != NULL) {
		c->withdrawn = true;
		c->ended++;
	}
	stage_changed(&api->stage);
	pthread_mutex_unlock(&api->stage.mutex);
}

void
kube__event_clear(struct kube_event *event)
{
	kube__object_unref(event->now);
	kube__object_unref(event->before);
	free(event->line);
	memset(event, 0, sizeof(*event));
}

/* Takes over what it points to. */
void
kube__event(struct kube_api *api, const struct kube_event *event)
{
	struct kube_event *place;

	if (api->event_end - api->event_first == KUBE_API_HISTORY) {
		place = &api->events[api->event_first % KUBE_API_HISTORY];
		if (place->version > api->oldest)
			api->oldest = place->version;
		kube__event_clear(place);
		api->event_first++;
	}
	api->events[api->event_end++ % KUBE_API_HISTORY] = *event;
	stage_changed(&api->stage);
}

static int
store_compare(const struct kube_body *body, const char *ns, const char *name)
{
	int order = strcmp(body->ns, ns);

	return order != 0 ? order : strcmp(body->name, name);
}

/* Where it is, or would be. */
static size_t
store_find(const struct kube_collection *c, const char *ns, const char *name,
    bool *found)
{
	size_t low = 0, high = c->count, middle;
	int order;

	*found = false;
	while (low < high && !*found) {
		middle = low + (high - low) / 2;
		order = store_compare(c->objects[middle]->body, ns, name);
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
		*found = order == 0;
		if (*found)
			return middle;
	}
	return low;
}

static void
store_insert(struct kube_collection *c, size_t at, struct kube_object *object)
{
	if (c->count == c->room) {
		c->room = c->room == 0 ? 64 : c->room * 2;
		c->objects = realloc(c->objects, c->room * sizeof(*c->objects));
		if (c->objects == NULL)
			abort();
	}
	memmove(c->objects + at + 1, c->objects + at,
	    (c->count - at) * sizeof(*c->objects));
	c->objects[at] = object;
	c->count++;
}

uint64_t
kube__store(struct kube_api *api, struct kube_collection *c,
    struct kube_body *body, uint64_t version)
{
	struct kube_object *object = kube__alloc(1, sizeof(*object));
	struct kube_event event = {.collection = c};
	bool found;
	size_t at = store_find(c, body->ns, body->name, &found);

	object->refs = 1;
	object->body = body;
	object->version = version != 0 ? version : ++api->version;
	event.kind = found ? KUBE_EVENT_MODIFIED : KUBE_EVENT_ADDED;
	event.version = object->version;
	if (found) {
		event.before = c->objects[at];
		c->objects[at] = object;
	} else {
		store_insert(c, at, object);
	}
	if (version != 0) {
		kube__event_clear(&event);
		return version;
	}
	event.now = kube__object_ref(object);
	kube__event(api, &event);
	return object->version;
}

uint64_t
kube_api_put(struct kube_api *api, const char *collection, const char *json)
{
	struct kube_collection *c;
	struct kube_body *body;
	uint64_t version = 0;

	pthread_mutex_lock(&api->stage.mutex);
	c = kube__collection(api, collection);
	body = c == NULL ? NULL
			 : kube__body_parse(
			       json, strlen(json), ++api->uids, &version);
	version = body != NULL ? kube__store(api, c, body, 0) : 0;
	pthread_mutex_unlock(&api->stage.mutex);
	return version;
}

uint64_t
kube_api_touch(struct kube_api *api, const char *collection, const char *ns,
    const char *name)
{
	struct kube_collection *c;
	struct kube_body *body;
	uint64_t version = 0;
	bool found = false;
	size_t at = 0;

	pthread_mutex_lock(&api->stage.mutex);
	c = kube__collection(api, collection);
	if (c != NULL)
		at = store_find(c, ns != NULL ? ns : "", name, &found);
	if (found) {
		body = c->objects[at]->body;
		body->refs++;
		version = kube__store(api, c, body, 0);
	}
	pthread_mutex_unlock(&api->stage.mutex);
	return version;
}

uint64_t
kube_api_delete(struct kube_api *api, const char *collection, const char *ns,
    const char *name)
{
	struct kube_event event = {.kind = KUBE_EVENT_DELETED};
	struct kube_collection *c;
	bool found = false;
	size_t at = 0;

	pthread_mutex_lock(&api->stage.mutex);
	c = kube__collection(api, collection);
	if (c != NULL)
		at = store_find(c, ns != NULL ? ns : "", name, &found);
	if (found) {
		/* the object as it was, with a version of its own */
		event.now = kube__alloc(1, sizeof(*event.now));
		*event.now = *c->objects[at];
		event.now->refs = 1;
		event.now->body->refs++;
		event.now->version = event.version = ++api->version;
		event.collection = c;
		kube__object_unref(c->objects[at]);
		c->count--;
		memmove(c->objects + at, c->objects + at + 1,
		    (c->count - at) * sizeof(*c->objects));
		kube__event(api, &event);
	}
	pthread_mutex_unlock(&api->stage.mutex);
	return event.version;
}

size_t
kube_api_count(struct kube_api *api, const char *collection)
{
	struct kube_collection *c;
	size_t count;

	pthread_mutex_lock(&api->stage.mutex);
	c = kube__collection(api, collection);
	count = c != NULL ? c->count : 0;
	pthread_mutex_unlock(&api->stage.mutex);
	return count;
}

uint64_t
kube_api_version(struct kube_api *api)
{
	uint64_t version;

	pthread_mutex_lock(&api->stage.mutex);
	version = api->version;
	pthread_mutex_unlock(&api->stage.mutex);
	return version;
}

static void
store_forget_events(struct kube_api *api)
{
	for (; api->event_first < api->event_end; api->event_first++)
		kube__event_clear(
		    &api->events[api->event_first % KUBE_API_HISTORY]);
}

void
kube_api_compact(struct kube_api *api, bool in_status)
{
	pthread_mutex_lock(&api->stage.mutex);
	api->oldest = api->version;
	api->expired_in_status = in_status;
	kube__pagings_clear(api);
	pthread_mutex_unlock(&api->stage.mutex);
}

void
kube_api_restore(struct kube_api *api, uint64_t version)
{
	struct kube_collection *c;
	struct kube_object *object;
	uint64_t next = version;
	size_t i;

	pthread_mutex_lock(&api->stage.mutex);
	api->version = api->oldest = version;
	kube__pagings_clear(api);
	store_forget_events(api);
	for (c = api->collections; c != NULL; c = c->next) {
		for (i = 0; i < c->count; i++) {
			object = kube__alloc(1, sizeof(*object));
			object->refs = 1;
			object->body = c->objects[i]->body;
			object->body->refs++;
			object->version = next > 1 ? next-- : 1;
			kube__object_unref(c->objects[i]);
			c->objects[i] = object;
		}
	}
	pthread_mutex_unlock(&api->stage.mutex);
}

void
kube__store_clear(struct kube_api *api)
{
	struct kube_collection *c;
	size_t i;

	store_forget_events(api);
	free(api->events);
	kube__pagings_clear(api);
	while ((c = api->collections) != NULL) {
		api->collections = c->next;
		for (i = 0; i < c->count; i++)
			kube__object_unref(c->objects[i]);
		free(c->objects);
		free(c->path);
		free(c->group);
		free(c->kind);
		free(c);
	}
}
