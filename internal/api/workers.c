#include "api/workers.h"

#include <string.h>

#include "api/exchange_priv.h"

void
api__workers_init(struct api_workers *workers)
{
	sst_lock_init(&workers->lock, SST_LOCK_LEAF);
	pthread_cond_init(&workers->wake, NULL);
}

void
api__workers_fini(struct api_workers *workers)
{
	pthread_cond_destroy(&workers->wake);
	sst_lock_fini(&workers->lock);
}

/* The next one, or NULL; the lock is held. */
static struct exchange *
workers_take(struct sst_api *api)
{
	struct api_workers *w = &api->workers;
	struct exchange *x = w->head;

	if (x == NULL)
		return NULL;
	w->head = x->queued_behind;
	if (w->head == NULL)
		w->tail = NULL;
	atomic_store(&api->metrics.worker_queue, --w->queued);
	return x;
}

/* Waits for the next one; NULL: stop. */
static struct exchange *
workers_wait(struct sst_api *api)
{
	struct api_workers *w = &api->workers;
	struct exchange *x;

	sst_lock_acquire(&w->lock);
	while (w->head == NULL && !w->stopping)
		sst_lock_wait(&w->lock, &w->wake, api->clock, SST_MONO_NEVER);
	x = w->stopping ? NULL : workers_take(api);
	sst_lock_release(&w->lock);
	return x;
}

static void *
worker_main(void *arg)
{
	struct sst_api *api = arg;
	struct sst_past *past = NULL;
	struct exchange *x;

	while ((x = workers_wait(api)) != NULL) {
		struct sst_error err;
		int rc = SST_OK;

		/* Tried again with each job: a disk does not stay full. */
		if (past == NULL)
			rc = sst_past_open(api->service, &past, &err);
		api__exchange_work(x, past, rc == SST_OK ? NULL : &err);
	}
	if (past != NULL)
		sst_past_close(&past);
	return NULL;
}

int
api__workers_start(struct sst_api *api, struct sst_error *err)
{
	struct api_workers *w = &api->workers;
	int rc;

	while (w->threads < API_WORKERS) {
		rc = pthread_create(
		    &w->thread[w->threads], NULL, worker_main, api);
		if (rc != 0)
			return sst_error_set(err, SST_INTERNAL,
			    "a thread for requests that wait: %s",
			    strerror(rc));
		w->threads++;
	}
	return SST_OK;
}

bool
api__workers_push(struct sst_api *api, struct exchange *x)
{
	struct api_workers *w = &api->workers;
	bool taken;

	x->queued_behind = NULL;
	sst_lock_acquire(&w->lock);
	taken = w->queued < API_WORKERS_QUEUE && !w->stopping;
	if (taken) {
		if (w->tail == NULL)
			w->head = x;
		else
			w->tail->queued_behind = x;
		w->tail = x;
		atomic_store(&api->metrics.worker_queue, ++w->queued);
		pthread_cond_signal(&w->wake);
	} else {
		atomic_fetch_add(&api->metrics.worker_refused, 1);
	}
	sst_lock_release(&w->lock);
	return taken;
}

void
api__workers_refuse(struct sst_api *api)
{
	struct api_workers *w = &api->workers;
	struct exchange *x;

	for (;;) {
		sst_lock_acquire(&w->lock);
		w->stopping = true;
		x = workers_take(api);
		pthread_cond_broadcast(&w->wake);
		sst_lock_release(&w->lock);
		if (x == NULL)
			break;
		api__exchange_refuse(x);
	}
}

void
api__workers_stop(struct sst_api *api)
{
	struct api_workers *w = &api->workers;

	api__workers_refuse(api);
	while (w->threads > 0)
		pthread_join(w->thread[--w->threads], NULL);
}
