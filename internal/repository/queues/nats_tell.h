/* Between nats_tell.c and nats_tell_tasks.c. */
#ifndef SST_REPOSITORY_QUEUES_NATS_TELL_H
#define SST_REPOSITORY_QUEUES_NATS_TELL_H

#include "repository/queues/nats_priv.h"

enum { NATS_PRIORITIES = 64 };

/* How often each priority stands in a queue. */
struct nats_priority {
	struct queue_priority priority;
	int64_t ready;
};

/* The queue that is told. */
struct nats_tell {
	struct nats_read *read;
	const struct nats_work *work;
	size_t at; /* consumer; consumer_count: the stream itself */
	struct sst_buf name, id;
	struct nats_blocks *blocks; /* NULL: nobody waits for others */
	uint64_t *ids;              /* of its tasks so far: open addressing */
	size_t id_cap;              /* a power of two */
	struct nats_priority priorities[NATS_PRIORITIES];
	size_t priority_count;
	bool priorities_whole;
	int64_t position;
	int64_t oldest_ms;
};

/* NULL: the queue is the stream itself. */
const struct nats_consumer *nats__tell_consumer(const struct nats_tell *t);
/* The task's id; valid until the next call. NULL: no memory. */
const char *nats__tell_id(struct nats_tell *t, const struct nats_message *m);
/* The tasks of the queue that are known, from its head. */
int nats__tell_tasks(
    struct nats_tell *t, struct queue_build *build, struct sst_error *err);
/* Ready tasks by priority, when all of them are known. */
int nats__tell_priorities(struct nats_tell *t, const struct queue_row *row,
    struct queue_build *build, struct sst_error *err);

#endif
