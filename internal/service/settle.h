/*
 * A task that is in a queue and on an agent is one task. Queues and agents are
 * read at different instants, so while it moves both may have it, or neither
 * knows of the other. What the older word says of it gives way:
 *
 * - The agent took it (its word is newer, or as old as is known): the row in
 *   the queue, when it still says that the task waits, says `running`, by that
 *   agent. A row without `assigned_to` gets the agent in any case.
 * - It came back to the queue after the agent had it: until the agent has been
 *   read again, the agent does not have it. When it then still says so, the
 *   task does run while it waits to run again, and both are shown as told.
 *
 * Depths stay as the system counted them.
 */
#ifndef SST_SERVICE_SETTLE_H
#define SST_SERVICE_SETTLE_H

#include <stddef.h>

#include "base/clock.h"
#include "base/error.h"
#include "model/entity.h"
#include "repository/contract.h"

/* The entities of a section, and the instant at which each was observed. */
struct sst_settle_rows {
	struct sst_entity **entities; /* a reference each, replaced in place */
	struct sst_mono *observed;
	size_t count;
};

struct sst_settle_known;

/* Since when both sides say what they say; all zero: nothing yet. Holds the
 * tasks that agents work on. One thread. */
struct sst_settle_memory {
	struct sst_settle_known *rows; /* in order of the id's hash */
	size_t count;
};

void sst_settle_memory_fini(struct sst_settle_memory *memory);

/*
 * Settles what agents and queues say of the same tasks. memory may be NULL:
 * nothing is known of before. On failure the rows are whole, and memory is as
 * it was. SST_NOMEM; SST_INTERNAL: an entity is not what a source may give.
 */
int sst_settle(const struct sst_contract *contract,
    struct sst_settle_rows *agents, struct sst_settle_rows *queues,
    struct sst_settle_memory *memory, struct sst_error *err);

#endif
