/*
 * A thread that waits for SIGINT and SIGTERM, or for a time to be over, and
 * then ends the request that runs and every wait.
 */
#ifndef CMD_SYSTATE_STOPPER_H
#define CMD_SYSTATE_STOPPER_H

#include <pthread.h>
#include <stdbool.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/lock.h"
#include "httpc/client.h"

enum stopper_reason { STOPPER_RUNS, STOPPER_SIGNAL, STOPPER_TIME };

struct stopper {
	const struct sst_clock *clock;
	struct sst_httpc *client;
	struct sst_mono until;
	pthread_t thread;
	bool started;
	struct sst_lock lock;
	pthread_cond_t stopped;
	enum stopper_reason reason; /* guarded by lock */
};

/* Blocks the signals in the calling thread. SST_INTERNAL. */
int stopper_start(struct stopper *s, const struct sst_clock *clock,
    struct sst_httpc *client, struct sst_mono until, struct sst_error *err);
/* Accepts zeroed memory. */
void stopper_stop(struct stopper *s);

enum stopper_reason stopper_reason(struct stopper *s);
/* Waits until then, or until it is over: what stopper_reason() says. */
enum stopper_reason stopper_wait(struct stopper *s, struct sst_mono until);

#endif
