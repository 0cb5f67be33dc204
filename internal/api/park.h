/*
 * Suspended connections that wait for api__wake(), of one API. All of it under
 * one lock, which is never held while libmicrohttpd is called.
 *
 * A suspended connection is not touched by the library: its exchange lives
 * until it is resumed, which happens once a suspension, by whoever takes it off
 * the list. A wake that comes before its exchange is on the list is remembered.
 */
#ifndef SST_API_PARK_H
#define SST_API_PARK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/lock.h"

struct exchange;
struct sst_api;

struct api_parking {
	struct sst_lock lock;
	struct exchange *head;  /* guarded by lock; doubly linked */
	unsigned resuming;      /* guarded by lock: inside the library */
	pthread_cond_t settled; /* resuming became 0 */
	atomic_bool ending;     /* set under lock: nobody waits any more */
};

void api__parking_init(struct api_parking *parking);
void api__parking_fini(struct api_parking *parking);

/*
 * The connection of x is suspended; it is resumed at the next api__wake(), or
 * at once when that has come already. x must not be touched afterwards, but on
 * the thread of its connection.
 */
void api__park(struct exchange *x);
/* Resumes a suspended connection that is not parked. x as above. */
void api__resume(struct exchange *x);
/* Resumes all that are parked, and from now on whoever parks, at once. */
void api__parking_end(struct sst_api *api);
/* Waits until nobody is inside MHD_resume_connection() any more. */
void api__parking_settle(struct sst_api *api);

#endif
