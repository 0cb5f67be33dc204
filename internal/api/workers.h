/*
 * Threads for requests that must block, on the past for instance. A bounded
 * queue, first in first out; idle threads sleep.
 */
#ifndef SST_API_WORKERS_H
#define SST_API_WORKERS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/lock.h"

struct exchange;
struct sst_api;

enum {
	API_WORKERS = 2,
	/* Half a second of reads from a disk that takes 15 ms for one. */
	API_WORKERS_QUEUE = 64
};

struct api_workers {
	struct sst_lock lock;
	pthread_cond_t wake;
	struct exchange *head; /* guarded by lock, as is all below */
	struct exchange *tail;
	unsigned queued;
	bool stopping;
	unsigned threads; /* not guarded: that were started */
	pthread_t thread[API_WORKERS];
};

void api__workers_init(struct api_workers *workers);
void api__workers_fini(struct api_workers *workers);

/* SST_INTERNAL: no thread could be made; stop all the same. */
int api__workers_start(struct sst_api *api, struct sst_error *err);
/* False: the queue is full, or the workers are stopping. */
bool api__workers_push(struct sst_api *api, struct exchange *x);
/* Takes no more; what is queued is answered 503, what runs goes on. */
void api__workers_refuse(struct sst_api *api);
/* The same, and waits for what runs. */
void api__workers_stop(struct sst_api *api);

#endif
