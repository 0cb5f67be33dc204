/* Groups of watchers with one projection, and the events they have to read. */
#include <stdlib.h>
#include <string.h>

#include "service/watch_priv.h"

static uint64_t
group_hash(const struct watch_projection *p)
{
	struct sst_hash h = {p->sections, 0};

	if (p->path != NULL)
		h = sst_hash_mix(h, sst_hash_bytes(p->path, p->path_len));
	return h.low;
}

int
watch__group_new(struct watch_projection *projection, struct watch_group **out,
    struct sst_error *err)
{
	struct watch_group *g = calloc(1, sizeof(*g));

	if (g == NULL) {
		watch__projection_fini(projection);
		return sst_error_nomem(err);
	}
	g->hash = group_hash(projection);
	g->projection = *projection;
	*projection = (struct watch_projection){0};
	*out = g;
	return SST_OK;
}

void
watch__group_free(struct watch_group *group)
{
	if (group == NULL)
		return;
	watch__projection_fini(&group->projection);
	free(group);
}

static struct watch_group *
group_find(struct watch_hub *hub, const struct watch_group *like)
{
	struct watch_group *g = hub->buckets[like->hash & hub->bucket_mask];

	while (g != NULL &&
	    (g->hash != like->hash ||
		!watch__projection_equal(&g->projection, &like->projection)))
		g = g->chain;
	return g;
}

static void
group_enter(struct watch_hub *hub, struct watch_group *g)
{
	struct watch_group **bucket = &hub->buckets[g->hash & hub->bucket_mask];

	g->chain = *bucket;
	*bucket = g;
	g->next = hub->groups;
	g->link = &hub->groups;
	if (g->next != NULL)
		g->next->link = &g->next;
	hub->groups = g;
	hub->group_count++;
}

static void
group_unlink(struct watch_hub *hub, struct watch_group *g)
{
	struct watch_group **at = &hub->buckets[g->hash & hub->bucket_mask];

	while (*at != g)
		at = &(*at)->chain;
	*at = g->chain;
	*g->link = g->next;
	if (g->next != NULL)
		g->next->link = g->link;
	hub->group_count--;
}

void
watch__group_join(
    struct watch_hub *hub, struct sst_watch *watch, struct watch_group **group)
{
	struct watch_group *g = group_find(hub, *group);

	if (g == NULL) {
		g = *group;
		*group = NULL;
		group_enter(hub, g);
	}
	watch->group = g;
	watch->next = g->members;
	watch->link = &g->members;
	if (watch->next != NULL)
		watch->next->link = &watch->next;
	g->members = watch;
	g->streams += !watch->poll;
}

void
watch__rubbish_free(struct watch_rubbish *rubbish)
{
	struct watch_group *g;
	struct watch_item *item;

	while ((g = rubbish->groups) != NULL) {
		rubbish->groups = g->chain;
		watch__group_free(g);
	}
	while ((item = rubbish->items) != NULL) {
		rubbish->items = item->next;
		sst_watch_event_fini(&item->event);
		free(item);
	}
	sst_snapshot_release(&rubbish->snapshot);
}

/* Events that everybody has read. */
static void
group_trim(struct watch_group *g, struct watch_rubbish *rubbish)
{
	struct watch_item *item;

	while ((item = g->head) != NULL && item->readers == 0) {
		g->head = item->next;
		if (g->head == NULL)
			g->tail = NULL;
		item->next = rubbish->items;
		rubbish->items = item;
	}
}

void
watch__group_settle(struct watch_hub *hub, struct watch_group *group,
    struct watch_rubbish *rubbish)
{
	if (group->members != NULL || group->pinned)
		return;
	group_unlink(hub, group);
	group->chain = rubbish->groups;
	rubbish->groups = group;
}

void
watch__leave(struct sst_watch *watch, struct watch_rubbish *rubbish)
{
	struct watch_group *g = watch->group;

	if (g == NULL)
		return;
	watch__heap_remove(&watch->hub->heap, watch);
	if (watch->place != NULL)
		watch->place->readers--;
	watch->place = NULL;
	group_trim(g, rubbish);
	*watch->link = watch->next;
	if (watch->next != NULL)
		watch->next->link = watch->link;
	watch->group = NULL;
	g->streams -= !watch->poll;
	watch__group_settle(watch->hub, g, rubbish);
}

void
watch__group_append(struct watch_group *group, struct watch_item *item)
{
	item->next = NULL;
	item->number = group->events++;
	item->bytes_before = group->bytes;
	group->bytes += item->event.body == NULL ? 0 : item->event.body->len;
	if (group->tail != NULL)
		group->tail->next = item;
	else
		group->head = item;
	group->tail = item;
}

bool
watch__has_room(const struct sst_watch *watch, const struct watch_item *item)
{
	const struct watch_hub_settings *most = &watch->hub->settings;
	const struct watch_group *g = watch->group;
	uint64_t events, bytes;

	if (watch->place == NULL)
		return true; /* one always goes, however large */
	events = g->events - watch->place->number;
	bytes = g->bytes - watch->place->bytes_before + item->event.body->len;
	return events < most->max_queued_events &&
	    bytes <= most->max_queued_bytes;
}

void
watch__advance(struct sst_watch *watch, struct watch_rubbish *rubbish)
{
	struct watch_item *item = watch->place;

	item->readers--;
	watch->place = item->next;
	if (watch->place != NULL)
		watch->place->readers++;
	group_trim(watch->group, rubbish);
}
