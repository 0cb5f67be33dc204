/* Between settle.c and settle_apply.c. */
#ifndef SST_SERVICE_SETTLE_PRIV_H
#define SST_SERVICE_SETTLE_PRIV_H

#include "service/fields.h"
#include "service/settle.h"

/* An agent says that it works on a task. */
struct settle_claim {
	struct sst_hash id;
	size_t agent; /* index of the row */
	struct fields_span item; /* of active_task_ids */
	/* Where tasks of that id are; of the first claim of an id. */
	size_t places;
	size_t queue; /* indices of the only one */
	size_t task;
	bool dropped; /* it is back in the queue */
};

/* A task of a queue that an agent works on, and what becomes of it. */
struct settle_meeting {
	size_t queue; /* index of the row */
	size_t task;  /* index of the child */
	const struct settle_claim *claim;
	bool runs; /* its row says that it waits, and it does not */
};

/* What is being settled. */
struct settle_scene {
	const struct sst_contract *contract;
	struct sst_settle_rows *agents;
	struct sst_settle_rows *queues;
};

/* Replaces the entity of a queue; the meetings are all of that queue. */
int settle__queue(const struct settle_scene *scene,
    const struct settle_meeting *meetings, size_t count, struct sst_error *err);

/* Replaces the entity of an agent: it lacks those of its claims (all of one
 * agent) that were dropped, and is dated with the newest word. */
int settle__agent(const struct settle_scene *scene,
    const struct settle_claim *claims, size_t count, struct sst_error *err);

#endif
