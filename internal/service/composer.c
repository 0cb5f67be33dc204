/*
 * Composing and publishing: what the composer thread does, and what a reader
 * does in its stead when it comes too late.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/time.h"
#include "service/service_state.h"
#include "service/watch_hub.h"

enum {
	/* a source turns stale that much before its data are too old, so that
	 * the new revision is there in time */
	STALE_LEAD_MS = 50,
	/* after a composition that failed */
	RETRY_MS = 1000
};

/* The bytes that everybody asks for are ready before anybody can ask. */
static void
service_prepare(struct sst_snapshot *snapshot)
{
	const struct sst_projection full = {
	    SST_VIEW_FULL, SST_SECTIONS_ALL, false, SST_CODING_IDENTITY};
	struct sst_body *body = NULL;
	struct sst_error err;

	if (sst_snapshot_body(snapshot, &full, &body, &err) == SST_OK)
		sst_body_release(&body);
}

static void
service_publish(struct sst_service *s, struct sst_snapshot *snapshot,
    struct sst_mono valid_until)
{
	struct sst_snapshot *old = NULL;

	if (snapshot != NULL) {
		service_prepare(snapshot);
		chronicle__announce(&s->chronicle, snapshot->revision);
	}
	sst_lock_acquire(&s->current_lock);
	if (snapshot != NULL) {
		old = s->current;
		s->current = sst_snapshot_acquire(snapshot);
	}
	atomic_store(&s->valid_until, valid_until.ns);
	sst_lock_release(&s->current_lock);
	sst_snapshot_release(&old);
	if (snapshot == NULL)
		return;
	if (snapshot != s->recalled) {
		atomic_fetch_add(&s->revisions, 1);
		chronicle__published(&s->chronicle, snapshot);
	}
	if (s->hub != NULL)
		watch__hub_published(s->hub);
	sst_snapshot_release(&snapshot);
}

/* Since when a source had the status it has in that row. */
static void
service_recall_since(
    struct sst_compose_since *since, const char *row, size_t len)
{
	json_t *tree = json_loadb(row, len, 0, NULL);
	const char *status = json_string_value(json_object_get(tree, "status"));
	const json_t *at = json_object_get(tree, "since");
	int i;

	for (i = SST_STATUS_OK; status != NULL && i <= SST_STATUS_DISABLED;
	     i++) {
		if (strcmp(sst_status_name((enum sst_status)i), status) == 0 &&
		    sst_time_parse(json_string_value(at),
			json_string_length(at), &since->at.ms) == SST_OK) {
			since->status = (enum sst_status)i;
			since->known = true;
		}
	}
	json_decref(tree);
}

static int
service_since(struct sst_service *s, const struct sst_slot_view *views,
    size_t count, struct sst_error *err)
{
	const struct sst_entity *row;
	size_t i;

	if (s->since != NULL)
		return SST_OK;
	s->since = calloc(count + 1, sizeof(*s->since));
	if (s->since == NULL)
		return sst_error_nomem(err);
	for (i = 0; s->recalled != NULL && i < count; i++) {
		row = sst_section_find(
		    s->recalled->sources, views[i].name, strlen(views[i].name));
		if (row != NULL)
			service_recall_since(
			    &s->since[i], sst_entity_json(row), row->json_len);
	}
	return SST_OK;
}

static bool
service_all_asked(const struct sst_slot_view *views, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (views[i].enabled && views[i].attempts == 0)
			return false;
	}
	return true;
}

/* Before the first snapshot, until when to wait for sources not yet asked. */
static bool
service_too_early(struct sst_service *s, const struct sst_slot_view *views,
    size_t count, struct sst_mono now, struct sst_mono *until_out)
{
	*until_out = sst_mono_add_ms(s->started, SERVICE_FIRST_WAIT_MS);
	return s->current == NULL && !service_all_asked(views, count) &&
	       sst_mono_before(now, *until_out);
}

/* With `composing` held: makes and publishes what is to be shown now. */
static int
service_compose_views(struct sst_service *s, const struct sst_slot_view *views,
    size_t count, struct sst_mono *again_out, struct sst_error *err)
{
	struct sst_compose_input in = {
	    .contract = s->contract,
	    .id = s->id,
	    .epoch = s->epoch,
	    .views = views,
	    .count = count,
	    /* replaced with `composing` held only */
	    .previous = s->current != NULL ? s->current : s->recalled,
	    .last_revision = s->recalled_revision,
	    .wall = sst_clock_wall(s->clock),
	};
	struct sst_snapshot *made = NULL;
	int rc = service_since(s, views, count, err);

	if (rc != SST_OK)
		return rc;
	in.now = sst_mono_add_ms(sst_clock_mono(s->clock), STALE_LEAD_MS);
	in.since = s->since;
	in.merges = &s->merges;
	in.tasks = &s->tasks;
	if (service_too_early(s, views, count, in.now, again_out))
		return SST_OK;
	rc = sst_compose(&in, &made, again_out, err);
	/* nothing happened while nobody was looking: the same revision */
	if (rc == SST_OK && made == NULL && s->current == NULL)
		made = sst_snapshot_acquire(s->recalled);
	if (rc == SST_OK)
		service_publish(s, made, *again_out);
	return rc;
}

static void
service_note_failure(struct sst_service *s, int rc, const struct sst_error *err)
{
	if (rc == SST_OK) {
		s->invalid_logged = false;
		return;
	}
	atomic_fetch_add(&s->invalid, 1);
	if (!s->invalid_logged)
		sst_log_err("SNAP-INVALID", NULL,
		    "snapshot kept back, the last one stays: %s", err->text);
	s->invalid_logged = true;
}

static struct sst_mono
service_earlier(struct sst_mono a, struct sst_mono b)
{
	return sst_mono_before(a, b) ? a : b;
}

/* Statuses of sources that go on keep their date. */
static struct sst_compose_since *
service_carry_since(const struct sst_compose_since *since,
    const struct sst_slot_view *old, size_t old_count,
    const struct sst_slot_view *views, size_t count)
{
	struct sst_compose_since *carried = calloc(count + 1, sizeof(*carried));
	size_t i, j;

	for (i = 0; carried != NULL && since != NULL && i < count; i++) {
		for (j = 0; j < old_count; j++) {
			if (strcmp(views[i].name, old[j].name) == 0)
				carried[i] = since[j];
		}
	}
	return carried;
}

/* With `composing` held: the new sources take over when all were asked. */
static void
service_take_over(struct sst_service *s)
{
	struct sst_slot_view *views = NULL, *old = NULL;
	struct sst_compose_since *carried = NULL;
	size_t count = 0, old_count = 0;
	struct sst_error err;
	bool ready = false;

	if (s->incoming == NULL)
		return;
	if (sst_repository_read(s->incoming, &views, &count, &err) == 0 &&
	    sst_repository_read(s->repository, &old, &old_count, &err) == 0)
		ready = service_all_asked(views, count) ||
			!sst_mono_before(
			    sst_clock_mono(s->clock), s->incoming_until);
	if (ready)
		carried =
		    service_carry_since(s->since, old, old_count, views, count);
	if (carried != NULL) {
		free(s->since);
		s->since = carried;
		s->outgoing = s->repository;
		s->repository = s->incoming;
		s->incoming = NULL;
		pthread_cond_signal(&s->replaced);
	}
	sst_slot_views_free(views, count);
	sst_slot_views_free(old, old_count);
}

/* Composes; *again_out is when time alone will change the result. */
static void
service_compose(struct sst_service *s, struct sst_mono *again_out)
{
	struct sst_slot_view *views = NULL;
	struct sst_mono begin = sst_clock_mono(s->clock);
	struct sst_error err = {0};
	size_t count = 0;
	int rc;

	*again_out = SST_MONO_NEVER;
	service_take_over(s);
	rc = sst_repository_read(s->repository, &views, &count, &err);
	if (rc == SST_OK)
		rc = service_compose_views(s, views, count, again_out, &err);
	sst_slot_views_free(views, count);
	if (rc != SST_OK)
		*again_out = sst_mono_add_ms(begin, RETRY_MS);
	if (s->incoming != NULL)
		*again_out = service_earlier(*again_out, s->incoming_until);
	service_note_failure(s, rc, &err);
	atomic_fetch_add(&s->composed, 1);
	atomic_fetch_add(
	    &s->compose_ns, (uint64_t)(sst_clock_mono(s->clock).ns - begin.ns));
}

/* Sleeps until something changed or `until`; false when stopping. */
static bool
service_wait(struct sst_service *s, struct sst_mono until)
{
	bool go_on;

	sst_lock_acquire(&s->mailbox);
	while (!s->dirty && !s->stopping &&
	       sst_mono_before(sst_clock_mono(s->clock), until))
		sst_lock_wait(&s->mailbox, &s->wake, s->clock, until);
	s->dirty = false;
	go_on = !s->stopping;
	sst_lock_release(&s->mailbox);
	return go_on;
}

void *
service__composer(void *arg)
{
	struct sst_service *s = arg;
	struct sst_mono again = SST_MONO_NEVER, watch;

	do {
		sst_lock_acquire(&s->composing);
		service_compose(s, &again);
		watch = sst_repository_watch(s->repository);
		sst_lock_release(&s->composing);
		/* be there before the data are too old */
		if (again.ns != SST_MONO_NEVER.ns)
			again = sst_mono_add_ms(again, -STALE_LEAD_MS);
	} while (service_wait(s, service_earlier(again, watch)));
	return NULL;
}

bool
service__expired(struct sst_service *service)
{
	return sst_clock_mono(service->clock).ns >=
	       atomic_load(&service->valid_until);
}

/* The composer thread was late: do its work rather than break the promise. */
void
service__refresh(struct sst_service *service)
{
	struct sst_service *s = service;
	struct sst_mono again;

	sst_lock_acquire(&s->composing);
	if (service__expired(s))
		service_compose(s, &again);
	sst_lock_release(&s->composing);
}
