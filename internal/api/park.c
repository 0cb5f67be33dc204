#include "api/park.h"

#include "api/exchange_priv.h"

void
api__parking_init(struct api_parking *parking)
{
	sst_lock_init(&parking->lock, SST_LOCK_LEAF);
	pthread_cond_init(&parking->settled, NULL);
}

void
api__parking_fini(struct api_parking *parking)
{
	pthread_cond_destroy(&parking->settled);
	sst_lock_fini(&parking->lock);
}

static void
parking_link(struct api_parking *p, struct exchange *x)
{
	x->parked = true;
	x->parked_before = NULL;
	x->parked_behind = p->head;
	if (p->head != NULL)
		p->head->parked_before = x;
	p->head = x;
}

static void
parking_unlink(struct api_parking *p, struct exchange *x)
{
	x->parked = false;
	if (x->parked_before == NULL)
		p->head = x->parked_behind;
	else
		x->parked_before->parked_behind = x->parked_behind;
	if (x->parked_behind != NULL)
		x->parked_behind->parked_before = x->parked_before;
}

/*
 * The library still touches its daemon after the connection may have been
 * answered, so whoever stops the daemon waits for those who are in here.
 */
static void
parking_resume(struct api_parking *p, struct MHD_Connection *connection)
{
	MHD_resume_connection(connection);
	sst_lock_acquire(&p->lock);
	if (--p->resuming == 0 && atomic_load(&p->ending))
		pthread_cond_broadcast(&p->settled);
	sst_lock_release(&p->lock);
}

void
api__park(struct exchange *x)
{
	struct api_parking *p = &x->api->parking;
	struct MHD_Connection *connection = x->connection;
	bool stay;

	sst_lock_acquire(&p->lock);
	stay = !x->woken && !atomic_load(&p->ending);
	x->woken = false;
	if (stay)
		parking_link(p, x);
	else
		p->resuming++;
	sst_lock_release(&p->lock);
	if (!stay)
		parking_resume(p, connection);
}

void
api__resume(struct exchange *x)
{
	struct api_parking *p = &x->api->parking;
	struct MHD_Connection *connection = x->connection;

	sst_lock_acquire(&p->lock);
	p->resuming++;
	sst_lock_release(&p->lock);
	parking_resume(p, connection);
}

void
api__wake(void *ctx)
{
	struct exchange *x = ctx;
	struct MHD_Connection *connection;
	struct api_parking *p;
	bool parked;

	if (x == NULL)
		return;
	p = &x->api->parking;
	connection = x->connection;
	sst_lock_acquire(&p->lock);
	parked = x->parked;
	if (parked) {
		parking_unlink(p, x);
		p->resuming++;
	} else {
		x->woken = true;
	}
	sst_lock_release(&p->lock);
	if (parked)
		parking_resume(p, connection);
}

void
api__parking_end(struct sst_api *api)
{
	struct api_parking *p = &api->parking;
	struct MHD_Connection *connection;
	struct exchange *x;

	for (;;) {
		sst_lock_acquire(&p->lock);
		atomic_store(&p->ending, true);
		x = p->head;
		if (x != NULL) {
			parking_unlink(p, x);
			p->resuming++;
			connection = x->connection;
		}
		sst_lock_release(&p->lock);
		if (x == NULL)
			return;
		parking_resume(p, connection);
	}
}

void
api__parking_settle(struct sst_api *api)
{
	struct api_parking *p = &api->parking;

	sst_lock_acquire(&p->lock);
	while (p->resuming > 0)
		sst_lock_wait(
		    &p->lock, &p->settled, api->clock, SST_MONO_NEVER);
	sst_lock_release(&p->lock);
}
