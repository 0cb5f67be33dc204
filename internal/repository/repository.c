#include "repository/repository.h"

#include <stdlib.h>
#include <string.h>

#include "config/option.h"
#include "repository/repository_priv.h"

int
sst_repository_new(const struct sst_repository_settings *settings,
    struct sst_repository **out, struct sst_error *err)
{
	struct sst_repository *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return sst_error_nomem(err);
	r->settings = *settings;
	r->started = sst_clock_mono(settings->clock);
	r->started_wall = sst_clock_wall(settings->clock);
	sst_lock_init(&r->lock, SST_LOCK_SCHEDULER);
	*out = r;
	return SST_OK;
}

static void
slot_free(struct poller_slot *slot)
{
	if (slot->state != NULL && slot->ops->fini != NULL)
		slot->ops->fini(slot->state);
	if (slot->options != NULL)
		sst_options_fini(slot->ops->options, slot->ops->option_count,
		    slot->options);
	sst_harvest_release(&slot->view.harvest);
	sst_harvest_release(&slot->memory);
	free(slot->options);
	free(slot->state);
	free(slot->name);
	free(slot);
}

static void
group_free(struct poller_group *group)
{
	pthread_cond_destroy(&group->wake);
	free(group->name);
	free(group);
}

void
sst_repository_free(struct sst_repository **repository)
{
	struct sst_repository *r = *repository;
	struct poller_group *group, *next;
	size_t i;

	*repository = NULL;
	if (r == NULL)
		return;
	sst_repository_stop(r);
	for (i = 0; i < r->slot_count; i++)
		slot_free(r->slots[i]);
	for (group = r->groups; group != NULL; group = next) {
		next = group->next;
		group_free(group);
	}
	sst_lock_fini(&r->lock);
	free(r->slots);
	free(r);
}

static struct poller_group *
group_find(struct sst_repository *r, const char *name)
{
	struct poller_group *g;

	for (g = r->groups; g != NULL; g = g->next) {
		if (strcmp(g->name, name) == 0)
			return g;
	}
	g = calloc(1, sizeof(*g));
	if (g == NULL)
		return NULL;
	g->name = strdup(name);
	if (g->name == NULL) {
		free(g);
		return NULL;
	}
	pthread_cond_init(&g->wake, NULL);
	g->repository = r;
	/* xorshift needs a state other than 0; spread groups by name */
	g->random = (r->settings.seed ^ (uint32_t)(r->slot_count * 2654435761u)) | 1;
	g->due = r->started;
	g->next = r->groups;
	r->groups = g;
	return g;
}

static long
slot_default(long given, long fallback)
{
	return given > 0 ? given : fallback;
}

static void
slot_fill_view(struct poller_slot *slot,
    const struct sst_instance_settings *settings, struct sst_wall now)
{
	struct sst_slot_view *view = &slot->view;

	view->name = slot->name;
	view->kind = slot->ops->kind;
	view->section = slot->ops->section;
	view->rank = slot->ops->rank;
	view->enabled = settings->enabled;
	view->interval_ms =
	    slot_default(settings->interval_ms, slot->ops->interval_ms);
	view->max_age_ms =
	    slot_default(settings->max_age_ms, slot->ops->max_age_ms);
	view->down_after_ms =
	    slot_default(settings->down_after_ms, 3 * view->max_age_ms);
	view->last_duration_ns = -1;
	view->overdue = SST_MONO_NEVER;
	view->error_since = now;
	slot->deadline_ms =
	    slot_default(settings->deadline_ms, slot->ops->deadline_ms);
}

static void
slot_fill_env(struct poller_slot *slot, struct sst_repository *r)
{
	slot->env = (struct sst_source_env){
	    .name = slot->name,
	    .clock = r->settings.clock,
	    .started = r->started,
	    .started_wall = r->started_wall,
	    .share_dir = r->settings.share_dir,
	    .max_upstream_bytes = r->settings.max_upstream_bytes,
	    .max_age_ms = slot->view.max_age_ms,
	    .notify = poller__notify,
	    .notify_ctx = slot->group,
	};
}

/* Keeps slots[] sorted by name and names unique. */
static int
slot_insert(
    struct sst_repository *r, struct poller_slot *slot, struct sst_error *err)
{
	struct poller_slot **more;
	size_t i;

	for (i = 0; i < r->slot_count; i++) {
		if (strcmp(r->slots[i]->name, slot->name) == 0)
			return sst_error_set(err, SST_EXISTS,
			    "source %s is configured twice", slot->name);
	}
	more = realloc(r->slots, (r->slot_count + 1) * sizeof(*more));
	if (more == NULL)
		return sst_error_nomem(err);
	r->slots = more;
	for (i = r->slot_count; i > 0; i--) {
		if (strcmp(more[i - 1]->name, slot->name) < 0)
			break;
		more[i] = more[i - 1];
	}
	more[i] = slot;
	r->slot_count++;
	return SST_OK;
}

static void
slot_remove(struct sst_repository *r, const struct poller_slot *slot)
{
	size_t i, kept = 0;

	for (i = 0; i < r->slot_count; i++) {
		if (r->slots[i] != slot)
			r->slots[kept++] = r->slots[i];
	}
	r->slot_count = kept;
}

static int
slot_init(
    struct sst_repository *r, struct poller_slot *slot, struct sst_error *err)
{
	size_t size = slot->ops->state_size;

	slot->state = calloc(1, size > 0 ? size : 1);
	if (slot->state == NULL)
		return sst_error_nomem(err);
	slot_fill_env(slot, r);
	if (!slot->view.enabled)
		return SST_OK;
	if (slot->ops->init(slot->state, slot->options, &slot->env, err) !=
	    SST_OK)
		return sst_error_prefix(err, "source %s", slot->name);
	return SST_OK;
}

static int
slot_join_group(struct sst_repository *r, struct poller_slot *slot,
    const char *group, struct sst_error *err)
{
	struct poller_slot **tail;

	slot->group = group_find(r, group != NULL ? group : slot->name);
	if (slot->group == NULL)
		return sst_error_nomem(err);
	for (tail = &slot->group->slots; *tail != NULL;)
		tail = &(*tail)->next;
	*tail = slot;
	return SST_OK;
}

static void
slot_leave_group(struct poller_slot *slot)
{
	struct poller_slot **p;

	if (slot->group == NULL)
		return;
	for (p = &slot->group->slots; *p != NULL; p = &(*p)->next) {
		if (*p == slot) {
			*p = slot->next;
			return;
		}
	}
}

int
sst_repository_add(struct sst_repository *repository,
    const struct sst_instance_settings *settings, struct sst_error *err)
{
	struct poller_slot *slot = calloc(1, sizeof(*slot));
	int rc;

	if (slot == NULL) {
		free(settings->options);
		return sst_error_nomem(err);
	}
	slot->ops = settings->ops;
	slot->options = settings->options;
	slot->name = strdup(settings->name);
	if (slot->name == NULL) {
		slot_free(slot);
		return sst_error_nomem(err);
	}
	slot_fill_view(slot, settings, repository->started_wall);
	rc = slot_insert(repository, slot, err);
	if (rc != SST_OK) {
		slot_free(slot);
		return rc;
	}
	rc = slot_join_group(repository, slot, settings->group, err);
	if (rc == SST_OK)
		rc = slot_init(repository, slot, err);
	if (rc != SST_OK) {
		slot_remove(repository, slot);
		slot_leave_group(slot);
		slot_free(slot);
	}
	return rc;
}

static void
slot_inherit(struct poller_slot *slot, const struct sst_slot_view *from)
{
	struct sst_slot_view *view = &slot->view;

	if (from->harvest == NULL || view->harvest != NULL || !view->enabled)
		return;
	view->harvest = sst_harvest_acquire(from->harvest);
	view->observed = from->observed;
	view->observed_wall = from->observed_wall;
	view->changed = from->changed;
	view->error = from->error;
	view->error_since = from->error_since;
	view->consecutive_failures = from->consecutive_failures;
}

void
sst_repository_inherit(struct sst_repository *repository,
    const struct sst_slot_view *views, size_t count)
{
	struct poller_slot *slot;
	size_t i, j;

	for (i = 0; i < repository->slot_count; i++) {
		slot = repository->slots[i];
		for (j = 0; j < count; j++) {
			if (strcmp(slot->name, views[j].name) == 0 &&
			    strcmp(slot->ops->kind, views[j].kind) == 0)
				slot_inherit(slot, &views[j]);
		}
	}
}

/* Disabled instances are listed, but belong to no group that runs. */
static void
group_drop_disabled(struct poller_group *group)
{
	struct poller_slot *slot, *next;

	for (slot = group->slots; slot != NULL; slot = next) {
		next = slot->next;
		if (!slot->view.enabled)
			slot_leave_group(slot);
	}
}

int
sst_repository_start(struct sst_repository *repository, struct sst_error *err)
{
	struct poller_group *group;
	int rc = SST_OK;

	repository->running = true;
	for (group = repository->groups; group != NULL && rc == SST_OK;
	     group = group->next) {
		group_drop_disabled(group);
		if (group->slots != NULL)
			rc = poller__start(group, err);
	}
	if (rc != SST_OK)
		sst_repository_stop(repository);
	return rc;
}

void
sst_repository_stop(struct sst_repository *repository)
{
	struct poller_group *group;

	if (!repository->running)
		return;
	for (group = repository->groups; group != NULL; group = group->next) {
		if (group->running)
			poller__ask_stop(group);
	}
	for (group = repository->groups; group != NULL; group = group->next)
		poller__join(group);
	repository->running = false;
}

int
sst_repository_read(struct sst_repository *repository,
    struct sst_slot_view **out, size_t *count_out, struct sst_error *err)
{
	struct sst_slot_view *views;
	size_t i, n = repository->slot_count;

	views = calloc(n > 0 ? n : 1, sizeof(*views));
	if (views == NULL)
		return sst_error_nomem(err);
	sst_lock_acquire(&repository->lock);
	for (i = 0; i < n; i++) {
		views[i] = repository->slots[i]->view;
		if (views[i].harvest != NULL)
			sst_harvest_acquire(views[i].harvest);
	}
	sst_lock_release(&repository->lock);
	*out = views;
	*count_out = n;
	return SST_OK;
}

void
sst_slot_views_free(struct sst_slot_view *views, size_t count)
{
	size_t i;

	if (views == NULL)
		return;
	for (i = 0; i < count; i++)
		sst_harvest_release(&views[i].harvest);
	free(views);
}

/* interrupt never blocks, so it may be called with the lock held: that keeps
 * the slot from being finished under our hands. */
struct sst_mono
sst_repository_watch(struct sst_repository *repository)
{
	struct sst_mono now = sst_clock_mono(repository->settings.clock);
	struct sst_mono again = SST_MONO_NEVER;
	struct poller_slot *slot;
	size_t i;

	sst_lock_acquire(&repository->lock);
	for (i = 0; i < repository->slot_count; i++) {
		slot = repository->slots[i];
		if (slot->view.overdue.ns == SST_MONO_NEVER.ns)
			continue;
		if (sst_mono_before(now, slot->view.overdue)) {
			if (sst_mono_before(slot->view.overdue, again))
				again = slot->view.overdue;
			continue;
		}
		slot->view.overdue = SST_MONO_NEVER;
		if (slot->ops->interrupt != NULL)
			slot->ops->interrupt(slot->state);
	}
	sst_lock_release(&repository->lock);
	return again;
}
