#include "repository/queues/kafka_hub.h"

#include <string.h>

#include "repository/queues/kafka_client.h"

void
kafka__hub_init(struct kafka_hub *hub, const char *name)
{
	sst_lock_init(&hub->lock, SST_LOCK_LEAF);
	pthread_cond_init(&hub->changed, NULL);
	pthread_cond_init(&hub->work, NULL);
	hub->name = name;
}

/* Gives up one reference, with the lock held; true: it was the last one. */
static bool
call_unref(struct kafka_call *call)
{
	return --call->refs == 0;
}

static void
call_end(struct kafka_call *call)
{
	struct kafka_client *client = call->run != NULL ? call->client : NULL;

	if (call->event != NULL)
		rd_kafka_event_destroy(call->event);
	call->event = NULL;
	call->end(call);
	kafka__client_release(&client);
}

/* Takes the next call; NULL: the hub stops. With the lock held. */
static struct kafka_call *
hub_next(struct kafka_hub *hub)
{
	struct kafka_call *call;

	hub->idle++;
	while (hub->first == NULL && !hub->stopping)
		sst_lock_wait(
		    &hub->lock, &hub->work, sst_clock_real(), SST_MONO_NEVER);
	hub->idle--;
	if (hub->stopping)
		return NULL;
	call = hub->first;
	hub->first = call->next;
	if (hub->first == NULL)
		hub->last = NULL;
	return call;
}

static void *
hub_main(void *ctx)
{
	struct kafka_hub *hub = ctx;
	struct kafka_call *call;
	bool last;

	sst_lock_acquire(&hub->lock);
	while ((call = hub_next(hub)) != NULL) {
		sst_lock_release(&hub->lock);
		call->run(call);
		sst_lock_acquire(&hub->lock);
		call->done = true;
		last = call_unref(call);
		pthread_cond_broadcast(&hub->changed);
		if (last) {
			sst_lock_release(&hub->lock);
			call_end(call);
			sst_lock_acquire(&hub->lock);
		}
	}
	sst_lock_release(&hub->lock);
	return NULL;
}

static void
hub_drop_waiting(struct kafka_hub *hub)
{
	struct kafka_call *call;

	while ((call = hub->first) != NULL) {
		hub->first = call->next;
		if (call_unref(call))
			call_end(call);
	}
	hub->last = NULL;
}

void
kafka__hub_fini(struct kafka_hub *hub)
{
	size_t i;

	if (hub->name == NULL)
		return;
	sst_lock_acquire(&hub->lock);
	hub->stopping = true;
	pthread_cond_broadcast(&hub->work);
	sst_lock_release(&hub->lock);
	for (i = 0; i < hub->thread_count; i++)
		pthread_join(hub->threads[i], NULL);
	hub_drop_waiting(hub);
	pthread_cond_destroy(&hub->work);
	pthread_cond_destroy(&hub->changed);
	sst_lock_fini(&hub->lock);
	memset(hub, 0, sizeof(*hub));
}

void
kafka__call_init(
    struct kafka_call *call, struct kafka_client *client, int timeout_ms)
{
	call->client = client;
	if (call->run != NULL)
		kafka__client_acquire(client);
	call->timeout_ms = timeout_ms;
	call->refs = 1;
}

/* One more thread when none is free; with the lock held. */
static bool
hub_grow(struct kafka_hub *hub)
{
	if (hub->thread_count < KAFKA_THREADS &&
	    pthread_create(
		&hub->threads[hub->thread_count], NULL, hub_main, hub) == 0)
		hub->thread_count++;
	return hub->thread_count > 0;
}

int
kafka__call_submit(
    struct kafka_hub *hub, struct kafka_call *call, struct sst_error *err)
{
	struct kafka_call *waiting;
	size_t ahead = 1;
	bool ok = true;

	sst_lock_acquire(&hub->lock);
	for (waiting = hub->first; waiting != NULL; waiting = waiting->next)
		ahead++;
	if (ahead > hub->idle)
		ok = hub_grow(hub);
	if (ok) {
		call->refs++;
		call->next = NULL;
		if (hub->last != NULL)
			hub->last->next = call;
		else
			hub->first = call;
		hub->last = call;
		pthread_cond_signal(&hub->work);
	}
	sst_lock_release(&hub->lock);
	return ok ? SST_OK : sst_error_nomem(err);
}

void
kafka__call_send(struct kafka_hub *hub, struct kafka_call *call)
{
	sst_lock_acquire(&hub->lock);
	call->refs++;
	kafka__client_note_sent(call->client, call);
	sst_lock_release(&hub->lock);
}

void
kafka__call_answer(
    struct kafka_hub *hub, struct kafka_call *call, rd_kafka_event_t *event)
{
	bool last;

	sst_lock_acquire(&hub->lock);
	kafka__client_note_answered(call->client, call);
	call->event = event;
	call->error = event != NULL ? rd_kafka_event_error(event)
				    : RD_KAFKA_RESP_ERR__DESTROY;
	call->done = true;
	last = call_unref(call);
	pthread_cond_broadcast(&hub->changed);
	sst_lock_release(&hub->lock);
	if (last)
		call_end(call);
}

void
kafka__call_drop(struct kafka_hub *hub, struct kafka_call **call)
{
	struct kafka_call *c = *call;
	bool last;

	*call = NULL;
	if (c == NULL)
		return;
	sst_lock_acquire(&hub->lock);
	last = call_unref(c);
	sst_lock_release(&hub->lock);
	if (last)
		call_end(c);
}

bool
kafka__call_done(struct kafka_hub *hub, const struct kafka_call *call)
{
	bool done;

	sst_lock_acquire(&hub->lock);
	done = call->done;
	sst_lock_release(&hub->lock);
	return done;
}

static bool
await_over(const struct kafka_hub *hub, const struct kafka_call *call,
    const struct kafka_client *client)
{
	return call->done || hub->interrupted ||
	       (client != NULL && client->hopeless);
}

int
kafka__await(struct kafka_hub *hub, const struct kafka_call *call,
    const struct kafka_client *client, const struct sst_clock *clock,
    struct sst_mono deadline)
{
	int code;

	sst_lock_acquire(&hub->lock);
	while (!await_over(hub, call, client) &&
	       sst_mono_before(sst_clock_mono(clock), deadline))
		sst_lock_wait(&hub->lock, &hub->changed, clock, deadline);
	if (hub->interrupted)
		code = SST_CANCELED;
	else if (call->done)
		code = SST_OK;
	else
		code = client != NULL && client->hopeless ? SST_UPSTREAM
							  : SST_TIMEOUT;
	sst_lock_release(&hub->lock);
	return code;
}

void
kafka__interrupt(struct kafka_hub *hub)
{
	sst_lock_acquire(&hub->lock);
	hub->interrupted = true;
	pthread_cond_broadcast(&hub->changed);
	sst_lock_release(&hub->lock);
}

bool
kafka__resume(struct kafka_hub *hub)
{
	bool was;

	sst_lock_acquire(&hub->lock);
	was = hub->interrupted;
	hub->interrupted = false;
	sst_lock_release(&hub->lock);
	return was;
}
