/* Lists of one server, one after the other, in the order they were asked. */
#include <stdlib.h>

#include "repository/kube/reflector_priv.h"

struct turn_waiter {
	struct turn_waiter *next;
};

struct sst_kube_turn {
	struct sst_lock lock; /* leaf; guards the rest */
	pthread_cond_t cond;
	struct turn_waiter *first;
	bool taken;
};

int
sst_kube_turn_new(struct sst_kube_turn **out, struct sst_error *err)
{
	struct sst_kube_turn *turn = calloc(1, sizeof(*turn));

	if (turn == NULL)
		return sst_error_nomem(err);
	sst_lock_init(&turn->lock, SST_LOCK_LEAF);
	pthread_cond_init(&turn->cond, NULL);
	*out = turn;
	return SST_OK;
}

void
sst_kube_turn_free(struct sst_kube_turn **turn)
{
	if (*turn == NULL)
		return;
	pthread_cond_destroy(&(*turn)->cond);
	sst_lock_fini(&(*turn)->lock);
	free(*turn);
	*turn = NULL;
}

static void
turn_enter(struct sst_kube_turn *turn, struct turn_waiter *waiter)
{
	struct turn_waiter **at = &turn->first;

	while (*at != NULL)
		at = &(*at)->next;
	waiter->next = NULL;
	*at = waiter;
}

static void
turn_leave(struct sst_kube_turn *turn, const struct turn_waiter *waiter)
{
	struct turn_waiter **at = &turn->first;

	while (*at != waiter)
		at = &(*at)->next;
	*at = waiter->next;
}

bool
kube__turn_acquire(struct sst_kube_turn *turn, const atomic_bool *stopping)
{
	struct turn_waiter waiter;
	bool mine;

	if (turn == NULL)
		return true;
	sst_lock_acquire(&turn->lock);
	turn_enter(turn, &waiter);
	while (
	    !atomic_load(stopping) && (turn->taken || turn->first != &waiter))
		sst_lock_wait(
		    &turn->lock, &turn->cond, sst_clock_real(), SST_MONO_NEVER);
	turn_leave(turn, &waiter);
	mine = !atomic_load(stopping);
	if (mine)
		turn->taken = true;
	else
		pthread_cond_broadcast(&turn->cond);
	sst_lock_release(&turn->lock);
	return mine;
}

void
kube__turn_release(struct sst_kube_turn *turn)
{
	if (turn == NULL)
		return;
	sst_lock_acquire(&turn->lock);
	turn->taken = false;
	pthread_cond_broadcast(&turn->cond);
	sst_lock_release(&turn->lock);
}

void
kube__turn_wake(struct sst_kube_turn *turn)
{
	if (turn == NULL)
		return;
	sst_lock_acquire(&turn->lock);
	pthread_cond_broadcast(&turn->cond);
	sst_lock_release(&turn->lock);
}
