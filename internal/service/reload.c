/* Replacing all sources of a running service. */
#include "service/service_state.h"

int
sst_service_new_sources(struct sst_service *service,
    struct sst_repository **out, struct sst_error *err)
{
	return sst_repository_new(&service->sources, out, err);
}

/* Waits until the composer thread has let the new sources take over. */
static struct sst_repository *
service_await_replaced(struct sst_service *s)
{
	struct sst_repository *old;

	sst_lock_acquire(&s->composing);
	while (s->incoming != NULL)
		sst_lock_wait(
		    &s->composing, &s->replaced, s->clock, SST_MONO_NEVER);
	old = s->outgoing;
	s->outgoing = NULL;
	sst_lock_release(&s->composing);
	return old;
}

int
sst_service_replace(struct sst_service *service,
    struct sst_repository **sources, struct sst_error *err)
{
	struct sst_repository *next = *sources, *old;
	struct sst_slot_view *views = NULL;
	size_t count = 0;
	int rc;

	*sources = NULL;
	rc = sst_repository_read(service->repository, &views, &count, err);
	if (rc == SST_OK)
		sst_repository_inherit(next, views, count);
	sst_slot_views_free(views, count);
	if (rc == SST_OK)
		rc = sst_repository_start(next, err);
	if (rc != SST_OK) {
		sst_repository_free(&next);
		return rc;
	}
	sst_lock_acquire(&service->composing);
	service->incoming = next;
	service->incoming_until =
	    sst_mono_add_ms(sst_clock_mono(service->clock), SERVICE_FIRST_WAIT_MS);
	sst_lock_release(&service->composing);
	service__changed(service);
	old = service_await_replaced(service);
	sst_repository_free(&old);
	return SST_OK;
}
