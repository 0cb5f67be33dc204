/*
 * What of librdkafka blocks or answers later, behind one wait that knows a
 * deadline and can be interrupted: some of its calls (metadata, offsets by
 * time, records) only exist in a form that blocks, so threads of the hub make
 * them; others are answered as events on a thread of the library.
 *
 * A call belongs to its holder and to whoever carries it out: who has waited
 * long enough lets go of it, and it is freed when its answer comes. One lock
 * (leaf) guards calls, clients' troubles and the hub itself; it is never held
 * while librdkafka is called.
 */
#ifndef SST_REPOSITORY_QUEUES_KAFKA_HUB_H
#define SST_REPOSITORY_QUEUES_KAFKA_HUB_H

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/lock.h"

/* Offsets are asked of each broker on its own, two calls each; more brokers
 * than this wait for one another. */
enum { KAFKA_THREADS = 8 };

struct kafka_client;

struct kafka_call {
	/* Carries it out, in a thread of the hub; NULL: an event answers. */
	void (*run)(struct kafka_call *call);
	/* Frees what is behind the members below, and the call. */
	void (*end)(struct kafka_call *call);
	/* Counted when it runs in a thread. Not when an event answers: the
	 * client must not end on its own thread, and ends its calls. */
	struct kafka_client *client;
	int timeout_ms;          /* for run */
	struct kafka_call *next; /* guarded by the hub's lock, as below */
	unsigned refs;
	bool done;
	/* What came; the holder's once done. */
	rd_kafka_event_t *event;
	rd_kafka_resp_err_t error;
};

struct kafka_hub {
	struct sst_lock lock;
	pthread_cond_t changed; /* something is done, or went wrong */
	pthread_cond_t work;    /* for the threads */
	pthread_t threads[KAFKA_THREADS];
	size_t thread_count;
	size_t idle;
	struct kafka_call *first, *last; /* not begun yet */
	bool interrupted;
	bool stopping;
	const char *name; /* of the source; NULL before init */
};

/* The name is borrowed. */
void kafka__hub_init(struct kafka_hub *hub, const char *name);
/* Waits for the calls that run, at most as long as their timeout; drops those
 * that do not. Accepts zeroed memory. */
void kafka__hub_fini(struct kafka_hub *hub);

/*
 * Fills in the common part of a call whose run and end are set: one reference,
 * the caller's.
 */
void kafka__call_init(
    struct kafka_call *call, struct kafka_client *client, int timeout_ms);
/* Has it run by a thread. SST_NOMEM: no thread could be made. */
int kafka__call_submit(
    struct kafka_hub *hub, struct kafka_call *call, struct sst_error *err);
/* Before it is handed to the library with itself as opaque value. */
void kafka__call_send(struct kafka_hub *hub, struct kafka_call *call);
/* The event that answers it; on a thread of the library. Takes the event. */
void kafka__call_answer(
    struct kafka_hub *hub, struct kafka_call *call, rd_kafka_event_t *event);
/* Lets go of it and sets the pointer NULL; accepts NULL. */
void kafka__call_drop(struct kafka_hub *hub, struct kafka_call **call);
bool kafka__call_done(struct kafka_hub *hub, const struct kafka_call *call);

/*
 * Waits until it is done. SST_TIMEOUT, SST_CANCELED. With a client also ends
 * when that one notes a trouble that waiting will not cure: SST_UPSTREAM; see
 * kafka__client_trouble().
 */
int kafka__await(struct kafka_hub *hub, const struct kafka_call *call,
    const struct kafka_client *client, const struct sst_clock *clock,
    struct sst_mono deadline);

void kafka__interrupt(struct kafka_hub *hub);
/* Whether it was interrupted; forgets it. */
bool kafka__resume(struct kafka_hub *hub);

#endif
