/* Recorded answers, sent as they came. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "support/kube_api_priv.h"

bool
kube_api_replay(struct kube_api *api, const char *prefix, const char *path)
{
	struct kube_replay *replay = kube__alloc(1, sizeof(*replay)), **at;

	if (!kube_recording_load(path, &replay->recording)) {
		free(replay);
		return false;
	}
	replay->prefix = kube__copy(prefix);
	pthread_mutex_lock(&api->stage.mutex);
	for (at = &api->replays; *at != NULL; at = &(*at)->next)
		;
	*at = replay;
	pthread_mutex_unlock(&api->stage.mutex);
	return true;
}

void
kube_api_forget(struct kube_api *api)
{
	struct kube_replay *replay;

	pthread_mutex_lock(&api->stage.mutex);
	while ((replay = api->replays) != NULL) {
		api->replays = replay->next;
		kube_recording_fini(&replay->recording);
		free(replay->prefix);
		free(replay);
	}
	pthread_mutex_unlock(&api->stage.mutex);
}

const struct kube_recording *
kube__replay_find(struct kube_exchange *x)
{
	struct kube_replay *r, *best = NULL;
	size_t len, longest = 0;

	for (r = x->api->replays; r != NULL; r = r->next) {
		len = strlen(r->prefix);
		if (strncmp(x->target, r->prefix, len) != 0 || len < longest)
			continue;
		/* of one prefix the first that was not played, or the last */
		if (best == NULL || len > longest || best->played)
			best = r;
		longest = len;
	}
	if (best == NULL)
		return NULL;
	best->played = true;
	return &best->recording;
}

bool
kube__replay(struct kube_exchange *x, const struct kube_recording *r)
{
	size_t at = 0, i;

	for (i = 0; i < r->chunk_count; i++) {
		if (!stage_send(x->fd, r->bytes + at, r->chunk_ends[i] - at))
			return false;
		at = r->chunk_ends[i];
	}
	return stage_send(x->fd, r->bytes + at, r->len - at) && r->keeps;
}

/* Items of a recorded list with their own versions, as kube_api_put. */
static uint64_t
recorded_store(struct kube_api *api, struct kube_collection *c, json_t *item)
{
	char *text = json_dumps(item, JSON_COMPACT);
	struct kube_body *body;
	uint64_t version = 0;

	if (text == NULL)
		abort();
	body = kube__body_parse(text, strlen(text), ++api->uids, &version);
	free(text);
	return body != NULL && version != 0 ? kube__store(api, c, body, version)
					    : 0;
}

bool
kube_api_put_recorded(
    struct kube_api *api, const char *collection, const char *path)
{
	struct kube_recording r = {0};
	struct kube_collection *c;
	json_t *root, *item;
	const char *version;
	bool ok = true;
	size_t i;

	if (!kube_recording_load(path, &r))
		return false;
	root = json_loadb(r.body, r.body_len, JSON_ALLOW_NUL, NULL);
	version = json_string_value(json_object_get(
	    json_object_get(root, "metadata"), "resourceVersion"));
	pthread_mutex_lock(&api->stage.mutex);
	c = kube__collection(api, collection);
	ok = c != NULL && version != NULL;
	json_array_foreach(json_object_get(root, "items"), i, item) ok =
	    ok && recorded_store(api, c, item) != 0;
	if (ok)
		api->version = strtoull(version, NULL, 10);
	pthread_mutex_unlock(&api->stage.mutex);
	json_decref(root);
	kube_recording_fini(&r);
	return ok;
}
