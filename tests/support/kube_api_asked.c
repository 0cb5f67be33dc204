/* What was asked, and waiting for it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/kube_api_priv.h"

void
kube__asked_add(struct kube_exchange *x)
{
	struct kube_api *api = x->api;

	if (api->asked_count == api->asked_room) {
		api->asked_room =
		    api->asked_room == 0 ? 64 : api->asked_room * 2;
		api->asked =
		    realloc(api->asked, api->asked_room * sizeof(*api->asked));
		if (api->asked == NULL)
			abort();
	}
	api->asked[api->asked_count].target = kube__copy(x->target);
	api->asked[api->asked_count++].head = kube__copy(x->head);
	pthread_cond_broadcast(&api->stage.changed);
}

void
kube__asked_clear(struct kube_api *api)
{
	size_t i;

	for (i = 0; i < api->asked_count; i++) {
		free(api->asked[i].target);
		free(api->asked[i].head);
	}
	free(api->asked);
}

struct asked_wish {
	struct kube_api *api;
	const char *prefix;
	unsigned count;
};

static unsigned
asked_count(struct kube_api *api, const char *prefix)
{
	unsigned count = 0;
	size_t i;

	for (i = 0; i < api->asked_count; i++) {
		if (strncmp(api->asked[i].target, prefix, strlen(prefix)) == 0)
			count++;
	}
	return count;
}

static bool
asked_there(const void *ctx)
{
	const struct asked_wish *wish = ctx;

	return asked_count(wish->api, wish->prefix) >= wish->count;
}

unsigned
kube_api_calls(struct kube_api *api, const char *prefix)
{
	unsigned count;

	pthread_mutex_lock(&api->stage.mutex);
	count = asked_count(api, prefix);
	pthread_mutex_unlock(&api->stage.mutex);
	return count;
}

bool
kube_api_wait_calls(struct kube_api *api, const char *prefix, unsigned count)
{
	struct asked_wish wish = {api, prefix, count};

	return stage_wait(&api->stage, asked_there, &wish);
}

void
kube_api_last_request(
    struct kube_api *api, const char *prefix, char *out, size_t size)
{
	size_t i;

	out[0] = '\0';
	pthread_mutex_lock(&api->stage.mutex);
	for (i = api->asked_count; i > 0; i--) {
		if (strncmp(api->asked[i - 1].target, prefix, strlen(prefix)) !=
		    0)
			continue;
		snprintf(out, size, "%s", api->asked[i - 1].head);
		break;
	}
	pthread_mutex_unlock(&api->stage.mutex);
}

unsigned
kube_api_connections(struct kube_api *api)
{
	unsigned count;

	pthread_mutex_lock(&api->stage.mutex);
	count = api->stage.taken;
	pthread_mutex_unlock(&api->stage.mutex);
	return count;
}

bool
kube_api_wait_idle(struct kube_api *api)
{
	return stage_wait_idle(&api->stage);
}

static unsigned
asked_watchers(struct kube_api *api, const char *prefix)
{
	const struct kube_watching *w;
	unsigned count = 0;
	size_t i;

	for (i = 0; i < STAGE_CONNECTIONS; i++) {
		w = &api->watching[i];
		if (w->open && strncmp(w->target, prefix, strlen(prefix)) == 0)
			count++;
	}
	return count;
}

static bool
watchers_there(const void *ctx)
{
	const struct asked_wish *wish = ctx;

	return asked_watchers(wish->api, wish->prefix) == wish->count;
}

unsigned
kube_api_watchers(struct kube_api *api, const char *prefix)
{
	unsigned count;

	pthread_mutex_lock(&api->stage.mutex);
	count = asked_watchers(api, prefix);
	pthread_mutex_unlock(&api->stage.mutex);
	return count;
}

bool
kube_api_wait_watchers(struct kube_api *api, const char *prefix, unsigned count)
{
	struct asked_wish wish = {api, prefix, count};

	return stage_wait(&api->stage, watchers_there, &wish);
}

struct written_wish {
	struct kube_api *api;
	uint64_t version;
	int64_t *ns;
};

static bool
written_there(const void *ctx)
{
	const struct written_wish *wish = ctx;
	const struct kube_api *api = wish->api;
	const struct kube_event *e;
	uint64_t i;

	for (i = api->event_end; i > api->event_first; i--) {
		e = &api->events[(i - 1) % KUBE_API_HISTORY];
		if (e->version != wish->version)
			continue;
		*wish->ns = e->written_ns;
		return e->written_ns != 0;
	}
	return false;
}

int64_t
kube_api_wait_written(struct kube_api *api, uint64_t version)
{
	int64_t ns = 0;
	struct written_wish wish = {api, version, &ns};

	return stage_wait(&api->stage, written_there, &wish) ? ns : 0;
}
