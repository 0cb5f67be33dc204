/* Life of the service, and what readers get from it. */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/log.h"
#include "service/service_state.h"
#include "service/watch_hub.h"

void
service__changed(void *service)
{
	struct sst_service *s = service;

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

static struct sst_snapshot *
service_current_of(void *service)
{
	return service__current(service);
}

static int
service_fill_time(struct sst_service *s,
    const struct sst_service_settings *settings, struct sst_error *err)
{
	struct chronicle_settings past = {
	    .clock = settings->clock,
	    .contract = s->contract,
	    .recent_revisions = settings->recent_revisions,
	    .recent_bytes = settings->recent_bytes,
	    .history = settings->history,
	};
	struct watch_hub_settings watching = {
	    .clock = settings->clock,
	    .max_watchers = settings->max_watchers,
	    .max_queued_events = WATCH_QUEUED_EVENTS,
	    .max_queued_bytes = WATCH_QUEUED_BYTES,
	    .heartbeat_ms = settings->heartbeat_ms,
	    .current = service_current_of,
	    .current_ctx = s,
	};
	int rc;

	past.history.clock = settings->clock;
	s->need_history = settings->need_history;
	if (settings->history.dir != NULL) {
		s->history_dir = strdup(settings->history.dir);
		if (s->history_dir == NULL)
			return sst_error_nomem(err);
		past.history.dir = s->history_dir;
	}
	rc = chronicle__init(&s->chronicle, &past, err);
	if (rc == SST_OK && settings->max_watchers > 0)
		rc = watch__hub_new(&watching, &s->hub, err);
	return rc;
}

static int
service_fill(struct sst_service *s, const struct sst_service_settings *settings,
    struct sst_error *err)
{
	int rc;

	s->sources = (struct sst_repository_settings){
	    .clock = settings->clock,
	    .share_dir = settings->share_dir,
	    .max_entities = settings->max_entities,
	    .max_upstream_bytes = settings->max_upstream_bytes,
	    .changed = service__changed,
	    .changed_ctx = s,
	};
	memcpy(&s->sources.seed, s->epoch, sizeof(s->sources.seed));
	s->id = strdup(settings->id);
	if (s->id == NULL)
		return sst_error_nomem(err);
	rc = sst_contract_new(&s->contract, err);
	if (rc != SST_OK)
		return rc;
	s->sources.contract = s->contract;
	rc = sst_repository_new(&s->sources, &s->repository, err);
	return rc == SST_OK ? service_fill_time(s, settings, err) : rc;
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
	pthread_cond_init(&s->replaced, NULL);
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
	watch__hub_free(&s->hub);
	chronicle__fini(&s->chronicle);
	free(s->history_dir);
	sst_snapshot_release(&s->recalled);
	sst_snapshot_release(&s->current);
	sst_repository_free(&s->repository);
	sst_contract_free(&s->contract);
	pthread_cond_destroy(&s->wake);
	pthread_cond_destroy(&s->replaced);
	sst_lock_fini(&s->mailbox);
	sst_lock_fini(&s->current_lock);
	sst_lock_fini(&s->composing);
	free(s->since);
	sst_merge_memory_fini(&s->merges);
	sst_settle_memory_fini(&s->tasks);
	free(s->id);
	free(s);
}

struct sst_repository *
sst_service_sources_of(struct sst_service *service)
{
	return service->repository;
}

/* Takes up where the last process ended. */
static int
service_go_on(struct sst_service *s, struct sst_error *err)
{
	struct chronicle_start start = {"", 0, NULL};
	int rc = chronicle__open(&s->chronicle, &start, err);

	if (rc != SST_OK) {
		if (s->need_history)
			return rc;
		sst_log_warn("HIST-OFF", NULL,
		    "no history on disk, recent revisions are in memory: %s",
		    err->text);
		chronicle__off(&s->chronicle, err);
		return SST_OK;
	}
	if (start.epoch[0] != '\0')
		memcpy(s->epoch, start.epoch, sizeof(s->epoch));
	s->recalled_revision = start.revision;
	s->recalled = start.snapshot;
	if (s->recalled != NULL)
		sst_repository_recall(s->repository, s->recalled);
	return SST_OK;
}

static int
service_start_threads(struct sst_service *s, struct sst_error *err)
{
	int rc = chronicle__start(&s->chronicle, err);

	if (rc == SST_OK && s->hub != NULL)
		rc = watch__hub_start(s->hub, err);
	if (rc != SST_OK)
		return rc;
	rc = pthread_create(&s->thread, NULL, service__composer, s);
	if (rc != 0)
		return sst_error_set(
		    err, SST_INTERNAL, "composer thread: error %d", rc);
	pthread_setname_np(s->thread, "composer");
	s->running = true;
	return sst_repository_start(s->repository, err);
}

int
sst_service_start(struct sst_service *service, struct sst_error *err)
{
	int rc = service_go_on(service, err);

	if (rc == SST_OK)
		rc = service_start_threads(service, err);
	if (rc != SST_OK)
		sst_service_stop(service);
	return rc;
}

void
sst_service_stop(struct sst_service *service)
{
	if (service->running) {
		sst_repository_stop(service->repository);
		sst_lock_acquire(&service->mailbox);
		service->stopping = true;
		pthread_cond_signal(&service->wake);
		sst_lock_release(&service->mailbox);
		pthread_join(service->thread, NULL);
		service->running = false;
	}
	if (service->hub != NULL)
		watch__hub_stop(service->hub);
	chronicle__stop(&service->chronicle);
}

struct sst_snapshot *
service__current(struct sst_service *s)
{
	struct sst_snapshot *snapshot;

	sst_lock_acquire(&s->current_lock);
	snapshot = s->current == NULL ? NULL : sst_snapshot_acquire(s->current);
	sst_lock_release(&s->current_lock);
	return snapshot;
}

struct sst_snapshot *
sst_service_snapshot(struct sst_service *service)
{
	struct sst_snapshot *snapshot = service__current(service);

	if (snapshot == NULL || !service__expired(service))
		return snapshot;
	sst_snapshot_release(&snapshot);
	service__refresh(service);
	return service__current(service);
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
	out->document_bytes = s->sources->json_len;
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
	struct sst_snapshot *snapshot = service__current(service);

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
service__enter(struct sst_service *service)
{
	sst_lock_acquire(&service->composing);
	return service->repository;
}

void
service__leave(struct sst_service *service)
{
	sst_lock_release(&service->composing);
}
