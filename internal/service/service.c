/*
 * The composer thread and the current snapshot.
 *
 * Locks: `composing` (COMPOSER) is held while a snapshot is composed and
 * published, by the composer thread or by a reader that met an expired
 * snapshot; `current_lock` (SNAPSHOT) guards only the pointer; the mailbox of
 * the composer thread has a lock of its own (LEAF).
 */
#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/lock.h"
#include "base/log.h"
#include "service/compose.h"
#include "service/service_priv.h"

enum {
	/* how long the first snapshot waits for sources that are slow */
	FIRST_WAIT_MS = 1000,
	/* a source turns stale that much before its data are too old, so that
	 * the new revision is there in time */
	STALE_LEAD_MS = 50,
	/* after a composition that failed */
	RETRY_MS = 1000
};

struct sst_service {
	char *id;
	char epoch[17];
	const struct sst_clock *clock;
	struct sst_contract *contract;
	struct sst_repository *repository;
	struct sst_mono started;

	struct sst_lock composing;
	/* guarded by composing */
	struct sst_compose_since *since;
	size_t since_count;
	bool invalid_logged;

	struct sst_lock current_lock;
	struct sst_snapshot *current; /* guarded by current_lock */
	_Atomic int64_t valid_until;  /* mono ns, of current */

	struct sst_lock mailbox;
	pthread_cond_t wake;
	bool dirty;    /* guarded by mailbox */
	bool stopping; /* guarded by mailbox */
	pthread_t thread;
	bool running;

	_Atomic uint64_t revisions;
	_Atomic uint64_t invalid;
	_Atomic uint64_t composed;
	_Atomic uint64_t compose_ns;
};

static void
service_changed(void *ctx)
{
	struct sst_service *s = ctx;

	sst_lock_acquire(&s->mailbox);
	s->dirty = true;
	pthread_cond_signal(&s->wake);
	sst_lock_release(&s->mailbox);
}

static void
service_new_epoch(char out[17])
{
	static const char hex[] = "0123456789abcdef";
	unsigned char bytes[8] = {0};
	int i;

	/* at this size it neither blocks nor gives less than asked for */
	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		abort();
	for (i = 0; i < 16; i++)
		out[i] = hex[bytes[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15];
	out[16] = '\0';
}

static int
service_fill(struct sst_service *s,
    const struct sst_service_settings *settings, struct sst_error *err)
{
	struct sst_repository_settings rs = {
	    .clock = settings->clock,
	    .data_dir = settings->data_dir,
	    .max_entities = settings->max_entities,
	    .max_upstream_bytes = settings->max_upstream_bytes,
	    .changed = service_changed,
	    .changed_ctx = s,
	};
	int rc;

	s->id = strdup(settings->id);
	if (s->id == NULL)
		return sst_error_nomem(err);
	rc = sst_contract_new(&s->contract, err);
	if (rc != SST_OK)
		return rc;
	rs.contract = s->contract;
	memcpy(&rs.seed, s->epoch, sizeof(rs.seed));
	return sst_repository_new(&rs, &s->repository, err);
}

int
sst_service_new(const struct sst_service_settings *settings,
    struct sst_service **out, struct sst_error *err)
{
	struct sst_service *s = calloc(1, sizeof(*s));
	int rc;

	if (s == NULL)
		return sst_error_nomem(err);
	s->clock = settings->clock;
	s->started = sst_clock_mono(s->clock);
	service_new_epoch(s->epoch);
	sst_lock_init(&s->composing, SST_LOCK_COMPOSER);
	sst_lock_init(&s->current_lock, SST_LOCK_SNAPSHOT);
	sst_lock_init(&s->mailbox, SST_LOCK_LEAF);
	pthread_cond_init(&s->wake, NULL);
	rc = service_fill(s, settings, err);
	if (rc != SST_OK)
		sst_service_free(&s);
	else
		*out = s;
	return rc;
}

void
sst_service_free(struct sst_service **service)
{
	struct sst_service *s = *service;

	*service = NULL;
	if (s == NULL)
		return;
	sst_service_stop(s);
	sst_snapshot_release(&s->current);
	sst_repository_free(&s->repository);
	sst_contract_free(&s->contract);
	pthread_cond_destroy(&s->wake);
	sst_lock_fini(&s->mailbox);
	sst_lock_fini(&s->current_lock);
	sst_lock_fini(&s->composing);
	free(s->since);
	free(s->id);
	free(s);
}

int
sst_service_add(struct sst_service *service,
    const struct sst_instance_settings *instance, struct sst_error *err)
{
	return sst_repository_add(service->repository, instance, err);
}

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

	if (snapshot != NULL)
		service_prepare(snapshot);
	sst_lock_acquire(&s->current_lock);
	if (snapshot != NULL) {
		old = s->current;
		s->current = snapshot;
	}
	atomic_store(&s->valid_until, valid_until.ns);
	sst_lock_release(&s->current_lock);
	if (snapshot != NULL)
		atomic_fetch_add(&s->revisions, 1);
	sst_snapshot_release(&old);
}

static int
service_since(struct sst_service *s, size_t count, struct sst_error *err)
{
	if (s->since != NULL)
		return SST_OK;
	s->since = calloc(count + 1, sizeof(*s->since));
	if (s->since == NULL)
		return sst_error_nomem(err);
	s->since_count = count;
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
	*until_out = sst_mono_add_ms(s->started, FIRST_WAIT_MS);
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
	    .previous = s->current, /* replaced with `composing` held only */
	    .wall = sst_clock_wall(s->clock),
	};
	struct sst_snapshot *made = NULL;
	int rc = service_since(s, count, err);

	if (rc != SST_OK)
		return rc;
	in.now = sst_mono_add_ms(sst_clock_mono(s->clock), STALE_LEAD_MS);
	in.since = s->since;
	if (service_too_early(s, views, count, in.now, again_out))
		return SST_OK;
	rc = sst_compose(&in, &made, again_out, err);
	if (rc == SST_OK)
		service_publish(s, made, *again_out);
	return rc;
}

static void
service_note_failure(
    struct sst_service *s, int rc, const struct sst_error *err)
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
	rc = sst_repository_read(s->repository, &views, &count, &err);
	if (rc == SST_OK)
		rc = service_compose_views(s, views, count, again_out, &err);
	sst_slot_views_free(views, count);
	if (rc != SST_OK)
		*again_out = sst_mono_add_ms(begin, RETRY_MS);
	service_note_failure(s, rc, &err);
	atomic_fetch_add(&s->composed, 1);
	atomic_fetch_add(&s->compose_ns,
	    (uint64_t)(sst_clock_mono(s->clock).ns - begin.ns));
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

static struct sst_mono
service_earlier(struct sst_mono a, struct sst_mono b)
{
	return sst_mono_before(a, b) ? a : b;
}

static void *
service_main(void *arg)
{
	struct sst_service *s = arg;
	struct sst_mono again = SST_MONO_NEVER, watch;

	do {
		sst_lock_acquire(&s->composing);
		service_compose(s, &again);
		sst_lock_release(&s->composing);
		/* be there before the data are too old */
		if (again.ns != SST_MONO_NEVER.ns)
			again = sst_mono_add_ms(again, -STALE_LEAD_MS);
		watch = sst_repository_watch(s->repository);
	} while (service_wait(s, service_earlier(again, watch)));
	return NULL;
}

int
sst_service_start(struct sst_service *service, struct sst_error *err)
{
	int rc = pthread_create(
	    &service->thread, NULL, service_main, service);

	if (rc != 0)
		return sst_error_set(
		    err, SST_INTERNAL, "composer thread: error %d", rc);
	pthread_setname_np(service->thread, "composer");
	service->running = true;
	rc = sst_repository_start(service->repository, err);
	if (rc != SST_OK)
		sst_service_stop(service);
	return rc;
}

void
sst_service_stop(struct sst_service *service)
{
	if (!service->running)
		return;
	sst_repository_stop(service->repository);
	sst_lock_acquire(&service->mailbox);
	service->stopping = true;
	pthread_cond_signal(&service->wake);
	sst_lock_release(&service->mailbox);
	pthread_join(service->thread, NULL);
	service->running = false;
}

static struct sst_snapshot *
service_current(struct sst_service *s)
{
	struct sst_snapshot *snapshot;

	sst_lock_acquire(&s->current_lock);
	snapshot = s->current == NULL ? NULL : sst_snapshot_acquire(s->current);
	sst_lock_release(&s->current_lock);
	return snapshot;
}

static bool
service_expired(struct sst_service *s)
{
	return sst_clock_mono(s->clock).ns >= atomic_load(&s->valid_until);
}

/* The composer thread was late: do its work rather than break the promise. */
static void
service_refresh(struct sst_service *s)
{
	struct sst_mono again;

	sst_lock_acquire(&s->composing);
	if (service_expired(s))
		service_compose(s, &again);
	sst_lock_release(&s->composing);
}

struct sst_snapshot *
sst_service_snapshot(struct sst_service *service)
{
	struct sst_snapshot *snapshot = service_current(service);

	if (snapshot == NULL || !service_expired(service))
		return snapshot;
	sst_snapshot_release(&snapshot);
	service_refresh(service);
	return service_current(service);
}

const struct sst_clock *
sst_service_clock(const struct sst_service *service)
{
	return service->clock;
}

static void
service_count_entities(
    const struct sst_snapshot *s, struct sst_service_figures *out)
{
	unsigned id;

	out->revision = s->revision;
	out->document_bytes = s->sources_len;
	for (id = 0; id < SST_SECTION_COUNT; id++) {
		if (s->sections[id] == NULL)
			continue;
		out->entities[id] = s->sections[id]->count;
		out->document_bytes += s->sections[id]->json_len;
	}
}

void
sst_service_figures(
    struct sst_service *service, struct sst_service_figures *out)
{
	struct sst_snapshot *snapshot = service_current(service);

	memset(out, 0, sizeof(*out));
	out->revisions_total = atomic_load(&service->revisions);
	out->snapshots_invalid = atomic_load(&service->invalid);
	out->compose_total = atomic_load(&service->composed);
	out->compose_seconds_total =
	    (double)atomic_load(&service->compose_ns) / 1e9;
	out->uptime_seconds =
	    (double)sst_mono_diff_ms(
		sst_clock_mono(service->clock), service->started) /
	    1000;
	if (snapshot != NULL)
		service_count_entities(snapshot, out);
	sst_snapshot_release(&snapshot);
}

const char *
sst_service_schema(const char *name, size_t *len_out)
{
	return sst_contract_text(name, len_out);
}

const char *const *
sst_service_schema_names(void)
{
	return sst_contract_names();
}

struct sst_repository *
service__repository(struct sst_service *service)
{
	return service->repository;
}
